/*
 * What a bound detector may do: state facts, gather bytes, open an inner stream, emit notes.
 *
 * Several detectors may speak about one flow: STUN, DTLS and RTP share a UDP 5-tuple, TLS comes
 * inside XMPP after STARTTLS. Who wins is decided here and only here. On UDP media stands above
 * its key exchange, and that above the connectivity checks. In an inner stream TLS names the
 * protection and leaves the name to the protocol that asked for it; anything else that is
 * recognised inside is the protocol.
 */
#include "detect/priv.h"

#include <errno.h>

void *stream_state(struct stream *stream)
{
	return stream->current ? stream->current->state : NULL;
}

struct facts *stream_facts(struct stream *stream)
{
	return stream->facts;
}

const struct flow *stream_flow(const struct stream *stream)
{
	return stream->flow;
}

uint64_t stream_packet(const struct stream *stream)
{
	return stream->packet;
}

const struct datagram *stream_datagram(const struct stream *stream)
{
	return stream->datagram;
}

bool stream_is_inner(const struct stream *stream)
{
	return stream->depth > 0;
}

bool stream_wants_identities(const struct stream *stream)
{
	return stream->detect->options.identities;
}

/* Of protocols that share a 5-tuple the highest names it. */
static int rank(enum protocol protocol)
{
	switch (protocol) {
	case PROTOCOL_UNKNOWN:
		return 0;
	case PROTOCOL_STUN:
	case PROTOCOL_TURN:
	case PROTOCOL_MSTURN:
		return 1;
	case PROTOCOL_DTLS:
		return 2;
	case PROTOCOL_RTCP:
		return 3;
	default:
		return 4;
	}
}

static uint8_t current_index(const struct stream *stream)
{
	return stream->current ? stream->current->index + 1 : 0;
}

/* True if what the current detector says may replace what stands in the slots. */
static bool may_replace(const struct stream *stream, enum protocol protocol)
{
	const struct facts *facts = stream->facts;
	if (facts->is_inside_tls)
		return false; /* what was read inside says more than its envelope */
	if (facts->protocol == PROTOCOL_UNKNOWN || facts->detector == current_index(stream))
		return true;
	if (stream->depth > 0)
		return protocol != PROTOCOL_TLS;
	return rank(protocol) >= rank((enum protocol)facts->protocol);
}

void stream_state_protocol(struct stream *stream, enum protocol protocol, enum evidence evidence)
{
	struct facts *facts = stream->facts;
	if (!may_replace(stream, protocol))
		return;
	if (facts->protocol != protocol)
		facts->protocol_packet = stream->packet;
	facts->protocol = (uint8_t)protocol;
	facts->protocol_evidence = (uint8_t)evidence;
	facts->detector = current_index(stream);
}

void stream_state_security(struct stream *stream, enum security security, enum evidence evidence)
{
	struct facts *facts = stream->facts;
	if (facts->security != security)
		facts->security_packet = stream->packet;
	facts->security = (uint8_t)security;
	facts->security_evidence = (uint8_t)evidence;
}

void stream_state_opener(struct stream *stream, unsigned side)
{
	struct flow *flow = stream->flow;
	stream->facts->opener_side = (int8_t)side;
	if (stream->is_decrypted)
		return; /* the envelope has told */
	flow_set_opener(flow, side, OPENER_PROTOCOL);
}

void stream_state_doubt(struct stream *stream, enum doubt doubt)
{
	stream->facts->doubt = (uint8_t)doubt;
}

void stream_state_refusal(struct stream *stream, const char *constant_text)
{
	stream->facts->is_refused = true;
	if (!stream->facts->refusal)
		stream->facts->refusal = constant_text;
}

/* A fact that may be stated once keeps its first value; a list keeps each value once. */
static bool is_stated(const struct stream *stream, const struct fact_def *def, int64_t number,
                      struct bytes text)
{
	for (const struct fact *fact = stream->facts->list; fact; fact = fact->next) {
		if (fact->def != def)
			continue;
		if (!def->is_list || (fact->number == number && bytes_equal(fact->text, text)))
			return true;
	}
	return false;
}

/*
 * The envelope's slots stay its own, above all security and doubt; only what was recognised inside
 * replaces its protocol. TLS inside TLS is two envelopes.
 */
void stream_adopt_facts(struct stream *stream, const struct stream *inner, bool is_last)
{
	struct facts *facts = stream->facts;
	const struct facts *found = inner->facts;
	if (found->protocol != PROTOCOL_UNKNOWN && found->protocol != PROTOCOL_TLS) {
		facts->protocol = found->protocol;
		facts->protocol_evidence = found->protocol_evidence;
		facts->protocol_packet = found->protocol_packet;
		facts->detector = found->detector;
		facts->is_inside_tls = true;
	}
	facts->has_media |= found->has_media;
	if (found->is_refused)
		stream_state_refusal(stream, found->refusal);
	for (const struct fact *fact = is_last ? found->list : NULL; fact; fact = fact->next)
		if (stream->n_facts < STREAM_MAX_FACTS &&
		    !is_stated(stream, fact->def, fact->number, fact->text) &&
		    facts_add(facts, fact->def, fact->packet, fact->number, fact->text) == 0)
			stream->n_facts++;
	if (found->other_name) {
		/* The name lives with the facts; its copy may have found no room. */
		const struct fact *name = facts_find(facts, fact_ndpi_label.name);
		facts->other_name = name ? (const char *)name->text.data : NULL;
	}
}

static void add_fact(struct stream *stream, const struct fact_def *def, int64_t number,
                     struct bytes text)
{
	text = bytes_take(text, FACT_TEXT_MAX);
	if (stream->n_facts >= STREAM_MAX_FACTS || is_stated(stream, def, number, text))
		return;
	if (facts_add(stream->facts, def, stream->packet, number, text) == 0)
		stream->n_facts++;
}

void stream_fact_bool(struct stream *stream, const struct fact_def *def, bool value)
{
	add_fact(stream, def, value, BYTES(NULL, 0));
}

void stream_fact_number(struct stream *stream, const struct fact_def *def, int64_t value)
{
	add_fact(stream, def, value, BYTES(NULL, 0));
}

void stream_fact_text(struct stream *stream, const struct fact_def *def, struct bytes text)
{
	add_fact(stream, def, 0, text);
}

void stream_fact_text_again(struct stream *stream, const struct fact_def *def, struct bytes text)
{
	for (struct fact **link = &stream->facts->list; *link; link = &(*link)->next) {
		struct fact *fact = *link;
		if (fact->def != def)
			continue;
		*link = fact->next;
		free(fact);
		stream->n_facts--;
		break;
	}
	stream_fact_text(stream, def, text);
}

bool stream_open_inner(struct stream *stream, const uint64_t offset[2])
{
	if (stream->depth >= STREAM_MAX_DEPTH || stream->datagram)
		return false;
	stream->inner_offset[0] = offset[0];
	stream->inner_offset[1] = offset[1];
	stream->wants_inner = true;
	return true;
}

struct bytes stream_buffer_get(const struct stream *stream, unsigned slot)
{
	return BYTES(stream->buffers[slot].data, stream->buffers[slot].len);
}

struct bytes stream_buffer_add(struct stream *stream, unsigned slot, struct bytes bytes, size_t max)
{
	struct stream_buffer *buffer = &stream->buffers[slot];
	bytes = bytes_take(bytes, max > buffer->len ? max - buffer->len : 0);
	if (buffer->len + bytes.len > buffer->size) {
		size_t size = MAX(buffer->size * 2, (size_t)256);
		while (size < buffer->len + bytes.len)
			size *= 2;
		uint8_t *data = realloc(buffer->data, size);
		if (!data)
			return stream_buffer_get(stream, slot);
		buffer->data = data;
		buffer->size = size;
	}
	if (bytes.len)
		memcpy(buffer->data + buffer->len, bytes.data, bytes.len);
	buffer->len += bytes.len;
	return stream_buffer_get(stream, slot);
}

void stream_buffer_clear(struct stream *stream, unsigned slot)
{
	stream->buffers[slot].len = 0;
}

/* Makes room for one more note, moving the queue to the front of its array first. */
static bool make_room_for_note(struct detect *detect)
{
	if (detect->first_note + detect->n_notes < detect->max_notes)
		return true;
	if (detect->first_note > 0) {
		memmove(detect->notes, detect->notes + detect->first_note,
		        detect->n_notes * sizeof(*detect->notes));
		detect->first_note = 0;
		return true;
	}
	size_t max = detect->max_notes ? detect->max_notes * 2 : 16;
	struct note *notes = realloc(detect->notes, max * sizeof(*notes));
	if (!notes)
		return false;
	detect->notes = notes;
	detect->max_notes = max;
	return true;
}

void stream_emit_note(struct stream *stream, const struct note *note)
{
	struct detect *detect = stream->detect;
	if (stream->n_notes >= STREAM_MAX_NOTES || !make_room_for_note(detect))
		return;
	stream->n_notes++;
	struct note *queued = &detect->notes[detect->first_note + detect->n_notes++];
	*queued = *note;
	queued->time_ns = stream->packet_ns;
	queued->file = stream->flow->file;
	queued->flow = stream->flow->number;
	queued->packet = stream->packet;
}

/*
 * A digest chooses the slot; another certificate there gives way. The parse is a function of the
 * bytes alone, so what is in the cache never changes an answer.
 */
const struct cert_info *stream_certificate(struct stream *stream, struct bytes der)
{
	struct detect *detect = stream->detect;

	if (!detect->certificates)
		detect->certificates = certificates_new();
	return detect->certificates ? certificates_get(detect->certificates, der) : NULL;
}
