/*
 * MS-TURN ([MS-TURN]), the relay protocol of the A/V Edge: STUN-like messages whose first attribute
 * is always the same eight bytes, which alone decides. Attributes are not padded, and Nonce and
 * Realm have each other's numbers, so nothing here goes through the STUN detector. Over UDP, also
 * behind the header of multiplexed TURN; over TCP in frames of their own, mostly behind a pseudo
 * TLS handshake: one fixed ClientHello, one fixed ServerHello, no TLS ever.
 *
 *	pseudo hello  16 03 01 00 2d 01 00 00 29 03 01 | 32 any | 00 00 02 00 18 01 00
 *	TCP frame     type (02 control, 03 data) | 00 | length 16 | body
 *	multiplexed   ff 10 | length 16 | session 8 | message
 *
 * A real TLS hello can be equal to the pseudo one but for the version inside and the suite; a
 * server that answers with real TLS makes it TLS. Nonce and user names are never stated.
 */
#include "stun.h"

#define MAX_MESSAGES 1024 /* then nothing new is to be learnt */
#define MAX_RELAYED  256
#define FRAME_HEADER 4
#define LEN_HEADER   5 /* of a frame or of a TLS record, whichever it is */
#define MAX_FRAMES   16
#define MIN_DATA     3 /* frames of media each way that stand for a control frame */
#define CONTROL      0x02
#define DATA         0x03
#define TLS_ALERT    0x15
#define TLS_HELLO    0x16
#define LEN_HELLO    50
#define LEN_ANSWER   83

enum msturn_type {
	ALLOCATE = 0x0003,
	ALLOCATE_ANSWER = 0x0103,
	ALLOCATE_ERROR = 0x0113,
	SEND = 0x0004,
	DATA_INDICATION = 0x0115,
	SET_DESTINATION = 0x0006,
	SET_DESTINATION_ANSWER = 0x0106,
	SET_DESTINATION_ERROR = 0x0116,
};

enum msturn_attribute { REALM = 0x0015, VERSION = 0x8008 };

struct msturn_state {
	struct record records[2]; /* TCP */
	struct relay relay;
	uint16_t n_messages;
	bool has_handshake; /* the pseudo one, of either side */
	bool is_confirmed;
	bool has_destination; /* from here on media passes as it is */
};

_Static_assert(sizeof(struct msturn_state) <= 4096, "see struct detector");

enum {
	FACT_VERSION,
	FACT_SERVER_VERSION,
	FACT_REALM,
	FACT_ERROR,
	FACT_PSEUDO_TLS,
	FACT_MULTIPLEXED,
	FACT_RELAYED
};

static const struct fact_def facts[] = {
	[FACT_VERSION] = { .name = "msturn.version",
	                   .type = FACT_NUMBER,
	                   .help = "MS-Version of the first message that had one" },
	[FACT_SERVER_VERSION] = { .name = "msturn.server_version",
	                          .type = FACT_TEXT,
	                          .help = "the relay's own version, as it says" },
	[FACT_REALM] = { .name = "msturn.realm",
	                 .type = FACT_TEXT,
	                 .help = "the relay's realm, quotes included" },
	[FACT_ERROR] = { .name = "msturn.error",
	                 .type = FACT_NUMBER,
	                 .help = "error codes of answers, such as 401",
	                 .is_list = true },
	[FACT_PSEUDO_TLS] = { .name = "msturn.pseudo_tls",
	                      .type = FACT_BOOL,
	                      .help = "a pseudo TLS handshake came first" },
	[FACT_MULTIPLEXED] = { .name = "msturn.multiplexed",
	                       .type = FACT_BOOL,
	                       .help = "messages came behind the header of multiplexed TURN" },
	[FACT_RELAYED] = { .name = "msturn.relayed",
	                   .type = FACT_TEXT,
	                   .help = "what the relay carries: " RELAY_KINDS,
	                   .is_list = true },
	{ 0 },
};

/* ---- One message --------------------------------------------------------------------------- */

/* Steps behind the header of multiplexed TURN. False, nothing changed, if there is none. */
static bool demultiplex(struct bytes *bytes, size_t *len_wire)
{
	struct reader r = reader_of(*bytes);
	if (reader_be16(&r) != 0xff10 || reader_be16(&r) + 4U != *len_wire || *len_wire < 12)
		return false;
	*bytes = bytes_skip(*bytes, 12);
	*len_wire -= 12;
	return true;
}

static bool read_message(struct stun_message *out, struct bytes bytes, size_t len_wire)
{
	return stun_read(out, bytes, len_wire) &&
	       bytes_starts_with(out->attributes,
	                         BYTES_LITERAL("\x00\x0f\x00\x04\x72\xc6\x4b\xc6"));
}

/* ---- The pseudo TLS handshake -------------------------------------------------------------- */

/* Do bytes, as far as they go, agree with head, any 32 bytes, and tail? */
static bool agrees(struct bytes bytes, struct bytes head, struct bytes tail)
{
	struct bytes middle = bytes_skip(bytes, head.len + 32);
	return bytes_starts_with(head, bytes_take(bytes, head.len)) &&
	       bytes_starts_with(tail, bytes_take(middle, tail.len));
}

static bool agrees_with_hello(struct bytes bytes)
{
	return agrees(bytes, BYTES_LITERAL("\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x01"),
	              BYTES_LITERAL("\x00\x00\x02\x00\x18\x01\x00"));
}

/* ServerHello with a session id of 32 bytes, and ServerHelloDone, in one record. */
static bool agrees_with_answer(struct bytes bytes)
{
	struct bytes head = BYTES_LITERAL("\x16\x03\x01\x00\x4e\x02\x00\x00\x46\x03\x01");
	struct bytes session = bytes_skip(bytes, head.len + 32);
	return agrees(bytes, head, BYTES_LITERAL("\x20")) &&
	       agrees(session, BYTES_LITERAL("\x20"),
	              BYTES_LITERAL("\x00\x18\x00\x0e\x00\x00\x00"));
}

/* ---- Whose flow is it? --------------------------------------------------------------------- */

static bool is_media(struct bytes bytes, size_t len)
{
	return stun_is_message(bytes, len) || rtp_is_plausible(bytes, len);
}

/* What a side's frames say: MINE with a control message, else how many frames of media. */
static enum detect_step probe_frames(struct bytes bytes, unsigned *n_media)
{
	struct reader r = reader_of(bytes);
	for (unsigned n = 0; n < MAX_FRAMES && reader_left(&r); n++) {
		uint8_t type = reader_u8(&r);
		uint8_t zero = reader_u8(&r);
		uint16_t len = reader_be16(&r);
		struct bytes body = bytes_take(bytes_skip(bytes, r.at), len);
		struct stun_message message;
		if ((type != CONTROL && type != DATA) || zero)
			return DETECT_NOT_MINE;
		if (type == CONTROL && read_message(&message, body, len))
			return DETECT_MINE;
		reader_skip(&r, len);
		if (r.is_short)
			return DETECT_MORE;
		if (type == CONTROL || !is_media(body, len))
			return DETECT_NOT_MINE;
		++*n_media;
	}
	return DETECT_MORE;
}

static enum detect_step probe_side(const struct detect_view *view, unsigned side, unsigned *n_media)
{
	struct bytes first = view->first[side];
	enum detect_step wait = view->is_full[side] ? DETECT_NOT_MINE : DETECT_MORE;
	if (first.len == 0)
		return wait;
	if (reader_peek(&(struct reader){ .bytes = first }) != TLS_HELLO)
		return probe_frames(first, n_media);
	if (agrees_with_hello(first))
		return first.len >= LEN_HELLO ? DETECT_MINE : wait;
	if (agrees_with_answer(first))
		return first.len >= LEN_ANSWER ? DETECT_MINE : wait;
	return DETECT_NOT_MINE;
}

static enum detect_step probe_stream(const struct detect_view *view)
{
	unsigned n_media[2] = { 0, 0 };
	enum detect_step sides[2] = { probe_side(view, 0, &n_media[0]),
		                      probe_side(view, 1, &n_media[1]) };
	if (sides[0] == DETECT_MINE || sides[1] == DETECT_MINE)
		return DETECT_MINE;
	if (n_media[0] >= MIN_DATA && n_media[1] >= MIN_DATA)
		return DETECT_MINE;
	for (unsigned side = 0; side < 2; side++)
		if (sides[side] == DETECT_NOT_MINE &&
		    (view->first[side].len || view->is_full[!side]))
			return DETECT_NOT_MINE;
	return DETECT_MORE;
}

static enum detect_step probe(const struct detect_view *view)
{
	if (view->transport != TRANSPORT_UDP)
		return probe_stream(view);
	for (size_t i = 0; i < view->n_datagrams; i++) {
		const struct datagram *d = &view->datagrams[i];
		struct bytes bytes = d->bytes;
		size_t len_wire = d->len_wire;
		struct stun_message message;
		/* Connectivity checks are multiplexed like the relay's own messages. */
		bool is_multiplexed = demultiplex(&bytes, &len_wire);
		if (read_message(&message, bytes, len_wire) ||
		    (is_multiplexed && stun_is_message(bytes, len_wire)))
			return DETECT_MINE;
	}
	return DETECT_NOT_MINE;
}

/* ---- Bound --------------------------------------------------------------------------------- */

static void state_protocol(struct msturn_state *state, struct stream *stream, bool is_confirmed)
{
	if (state->is_confirmed)
		return;
	state->is_confirmed = is_confirmed;
	enum evidence evidence = is_confirmed ? EVIDENCE_CONFIRMED : EVIDENCE_CONSISTENT;
	stream_state_protocol(stream, PROTOCOL_MSTURN, evidence);
	stream_state_security(stream, SECURITY_NONE, evidence);
}

/* Every message of [MS-TURN] tells which end is the client. */
static void see_type(struct msturn_state *state, struct stream *stream, unsigned side,
                     uint16_t type)
{
	switch (type) {
	case ALLOCATE:
	case SEND:
	case SET_DESTINATION:
		stream_state_opener(stream, side);
		break;
	case ALLOCATE_ANSWER:
	case ALLOCATE_ERROR:
	case SET_DESTINATION_ANSWER:
	case SET_DESTINATION_ERROR:
	case DATA_INDICATION:
		stream_state_opener(stream, !side);
		break;
	}
	if (type == SET_DESTINATION)
		state->has_destination = true;
}

static void see_attribute(struct msturn_state *state, struct stream *stream, unsigned side,
                          const struct stun_attribute *attribute, size_t len_wire)
{
	struct reader r = reader_of(attribute->value);
	switch (attribute->type) {
	case VERSION:
		if (attribute->value.len == 4)
			stream_fact_number(stream, &facts[FACT_VERSION], reader_be32(&r));
		break;
	case STUN_SOFTWARE: /* here the version */
		stream_fact_text(stream, &facts[FACT_SERVER_VERSION], attribute->value);
		break;
	case REALM:
		stream_fact_text(stream, &facts[FACT_REALM], attribute->value);
		break;
	case STUN_ERROR_CODE:
		if (stun_error_code(attribute->value))
			stream_fact_number(stream, &facts[FACT_ERROR],
			                   stun_error_code(attribute->value));
		break;
	case STUN_DATA:
		relay_add(&state->relay, stream, &facts[FACT_RELAYED], side, attribute->value,
		          len_wire);
		break;
	}
}

static void see_message(struct msturn_state *state, struct stream *stream, unsigned side,
                        const struct stun_message *message)
{
	state->n_messages++;
	state_protocol(state, stream, true);
	see_type(state, stream, side, message->type);
	struct reader r = reader_of(message->attributes);
	struct stun_attribute attribute;
	while (stun_next_attribute(&r, false, &attribute)) {
		see_attribute(state, stream, side, &attribute,
		              stun_length_of(message, &r, &attribute));
	}
}

/* End-to-end data: the datagram itself, or framed once more by RFC 4571. */
static void see_data(struct msturn_state *state, struct stream *stream, unsigned side,
                     struct bytes body, size_t len_wire)
{
	struct reader r = reader_of(body);
	if (len_wire >= 2 && reader_be16(&r) == len_wire - 2 && !is_media(body, len_wire)) {
		body = bytes_skip(body, 2);
		len_wire -= 2;
	}
	relay_add(&state->relay, stream, &facts[FACT_RELAYED], side, body, len_wire);
}

/* A hello that the pseudo one equals by chance was answered with real TLS. */
static void state_tls(struct stream *stream)
{
	stream_state_protocol(stream, PROTOCOL_TLS, EVIDENCE_CONFIRMED);
	stream_state_security(stream, SECURITY_TLS, EVIDENCE_CONSISTENT);
	stream_facts(stream)->is_weak_suite = true;
}

static enum detect_step see_handshake(struct msturn_state *state, struct stream *stream,
                                      unsigned side, struct bytes record)
{
	bool is_hello = record.len == LEN_HELLO && agrees_with_hello(record);
	bool is_answer = record.len == LEN_ANSWER && agrees_with_answer(record);
	if (!is_hello && !is_answer) {
		if (!state->is_confirmed)
			state_tls(stream);
		return DETECT_DONE;
	}
	state->has_handshake = true;
	state_protocol(state, stream, is_answer);
	stream_state_opener(stream, is_hello ? side : !side);
	stream_fact_bool(stream, &facts[FACT_PSEUDO_TLS], true);
	return DETECT_MORE;
}

static enum detect_step see_record(struct msturn_state *state, struct stream *stream, unsigned side,
                                   struct bytes record, size_t len_wire)
{
	struct stun_message message;
	struct bytes body = bytes_skip(record, FRAME_HEADER);
	switch (reader_peek(&(struct reader){ .bytes = record })) {
	case TLS_HELLO:
		return see_handshake(state, stream, side, record);
	case TLS_ALERT:
		if (!state->is_confirmed)
			stream_state_refusal(stream, "pseudo TLS hello refused by an alert");
		return DETECT_DONE;
	case CONTROL:
		if (read_message(&message, body, len_wire - FRAME_HEADER))
			see_message(state, stream, side, &message);
		return DETECT_MORE;
	default:
		see_data(state, stream, side, body, len_wire - FRAME_HEADER);
		state_protocol(state, stream,
		               state->has_handshake || (state->relay.watch.is_rtp[0] &&
		                                        state->relay.watch.is_rtp[1]));
		return DETECT_MORE;
	}
}

static uint32_t record_length_of(struct bytes header)
{
	struct reader r = reader_of(header);
	uint8_t type = reader_u8(&r);
	uint8_t second = reader_u8(&r);
	uint16_t len = reader_be16(&r);
	if ((type == CONTROL || type == DATA) && second == 0)
		return FRAME_HEADER + (uint32_t)len;
	if (type != TLS_HELLO && type != TLS_ALERT)
		return 0;
	return 5 + ((len & 0xffU) << 8 | reader_u8(&r));
}

static bool is_enough(const struct msturn_state *state)
{
	return state->n_messages >= MAX_MESSAGES || state->relay.n_seen >= MAX_RELAYED;
}

static enum detect_step on_bytes(struct msturn_state *state, struct stream *stream, unsigned side,
                                 struct bytes rest)
{
	struct record *record = &state->records[side];
	struct bytes head;
	enum record_step step;
	while ((step = record_take(record, &rest, LEN_HEADER, record_length_of, &head)) ==
	       RECORD_READY) {
		if (see_record(state, stream, side, head, record->total) == DETECT_DONE ||
		    is_enough(state))
			return DETECT_DONE;
	}
	return step == RECORD_MORE ? DETECT_MORE : DETECT_DONE;
}

static enum detect_step on_datagram(struct msturn_state *state, struct stream *stream,
                                    const struct datagram *datagram)
{
	struct stun_message message;
	struct bytes bytes = datagram->bytes;
	size_t len_wire = datagram->len_wire;
	bool is_multiplexed = demultiplex(&bytes, &len_wire);
	if (is_multiplexed)
		stream_fact_bool(stream, &facts[FACT_MULTIPLEXED], true);
	if (read_message(&message, bytes, len_wire)) {
		see_message(state, stream, datagram->side, &message);
	} else if (is_multiplexed || state->has_destination) {
		state_protocol(state, stream, true);
		relay_add(&state->relay, stream, &facts[FACT_RELAYED], datagram->side, bytes,
		          len_wire);
	} else {
		return DETECT_NOT_MINE;
	}
	return is_enough(state) ? DETECT_DONE : DETECT_MORE;
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                _unused_ uint64_t offset, unsigned flags)
{
	struct msturn_state *state = stream_state(stream);
	const struct datagram *datagram = stream_datagram(stream);
	if (datagram)
		return on_datagram(state, stream, datagram);
	return flags & STREAM_GAP ? DETECT_DONE : on_bytes(state, stream, side, bytes);
}

static void on_end(struct stream *stream)
{
	struct msturn_state *state = stream_state(stream);
	relay_end(&state->relay, stream, &facts[FACT_RELAYED]);
}

const struct detector detector_msturn = {
	.name = "msturn",
	.help = "MS-TURN over UDP, over TCP, and behind its pseudo TLS handshake",
	.facts = facts,
	.on_tcp = true,
	.on_udp = true,
	.state_size = sizeof(struct msturn_state),
	.probe = probe,
	.on_data = on_data,
	.on_end = on_end,
};
