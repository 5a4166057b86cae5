/*
 * Driving the detectors: packets in, facts out; the head of detect.h says how a flow is
 * classified, here is how that is done.
 *
 * A flow gets a struct stream with its first payload and loses it when it is settled. While no
 * detector is bound, bytes are kept and probed; binding replays them, by the same path on which
 * live bytes come, so a detector cannot tell the difference. An inner stream is the same again
 * from a later offset. Whatever happens inside only raises is_over; the stream is concluded at
 * one place, at the end of the packet. TCP detectors that say NOT_MINE are not asked again about
 * the same layer, and probing waits until the bytes have grown by an eighth, so the work per byte
 * is bounded whatever the segments are.
 */
#include <errno.h>

#include "detect/tls_parts.h"
#include "pcaudit/base/hash.h"

#define DEFAULT_BUDGET ((size_t)64 << 20)
#define MAX_SPARE      32
/* nDPI is asked about less only when no more can come. */
#define ASK_MIN_RUNS      6
#define ASK_MIN_BYTES     2048
#define ASK_MIN_DATAGRAMS 6
#define ASK_ONE_SIDED     10

/* ---- Streams: made, charged for, freed ----------------------------------------------------- */

static size_t stream_cost(const struct stream *stream)
{
	size_t cost = sizeof(*stream) + keep_cost(&stream->keep);
	if (stream->sides)
		cost += 2 * sizeof(*stream->sides) + stream->sides[0].held_bytes +
		        stream->sides[1].held_bytes + stream->sides[0].past_size +
		        stream->sides[1].past_size;
	for (unsigned i = 0; i < STREAM_BUFFERS; i++)
		cost += stream->buffers[i].size;
	for (unsigned i = 0; i < stream->n_bound; i++)
		cost += stream->bound[i].detector->state_size;
	cost += tls_decrypt_cost(stream->decrypt);
	return stream->inner ? cost + stream_cost(stream->inner) : cost;
}

static void charge(struct stream *stream)
{
	size_t cost = stream_cost(stream);
	stream->detect->cost += cost - stream->cost;
	stream->cost = cost;
}

static struct stream *take_spare(struct detect *detect)
{
	struct stream *stream = detect->spare;
	if (!stream)
		return calloc(1, sizeof(*stream));
	detect->spare = stream->older;
	detect->n_spare--;
	struct reassembler *sides = stream->sides;
	*stream = (struct stream){ .sides = sides };
	return stream;
}

static void start_sides(struct stream *stream)
{
	const struct flow *flow = stream->flow;
	for (unsigned side = 0; side < 2; side++) {
		reassembler_reset(&stream->sides[side], STREAM_MAX_HELD);
		if (flow->tcp_seen[side] & TCP_SYN)
			reassembler_start(&stream->sides[side], flow->tcp_isn[side]);
	}
}

static void free_sides(struct stream *stream)
{
	for (unsigned side = 0; side < 2 && stream->sides; side++)
		reassembler_deinit(&stream->sides[side]);
	free(stream->sides);
	stream->sides = NULL;
}

/* Gives the flow its stream, and facts if it has none. 0 or -ENOMEM. */
static int stream_new(struct detect *detect, struct flow *flow)
{
	if (!flow->facts)
		flow->facts = facts_new();
	if (!flow->facts)
		return -ENOMEM;
	struct stream *stream = take_spare(detect);
	if (!stream)
		return -ENOMEM;
	if (flow->transport == TRANSPORT_TCP && !stream->sides) {
		stream->sides = calloc(2, sizeof(*stream->sides));
		if (!stream->sides) {
			free(stream);
			return -ENOMEM;
		}
	}
	if (flow->transport != TRANSPORT_TCP)
		free_sides(stream);
	stream->detect = detect;
	stream->flow = flow;
	stream->facts = flow->facts;
	if (stream->sides)
		start_sides(stream);
	stream->older = detect->newest;
	if (detect->newest)
		detect->newest->newer = stream;
	else
		detect->oldest = stream;
	detect->newest = stream;
	flow->stream = stream;
	return 0;
}

static void inner_free(struct stream *inner);

static void unbind(struct stream *stream)
{
	stream->decrypt = tls_decrypt_free(stream->decrypt);
	if (stream->inner)
		inner_free(stream->inner);
	stream->inner = NULL;
	for (unsigned i = 0; i < stream->n_bound; i++)
		free(stream->bound[i].state);
	stream->n_bound = 0;
}

static void stream_free(struct stream *stream)
{
	struct detect *detect = stream->detect;
	if (stream->flow && stream->is_watching)
		stream->facts->watch = NULL;
	if (stream->older)
		stream->older->newer = stream->newer;
	else
		detect->oldest = stream->newer;
	if (stream->newer)
		stream->newer->older = stream->older;
	else
		detect->newest = stream->older;
	detect->cost -= stream->cost;
	if (stream->flow)
		stream->flow->stream = NULL;
	unbind(stream);
	keep_deinit(&stream->keep);
	for (unsigned i = 0; i < STREAM_BUFFERS; i++)
		free(stream->buffers[i].data);
	if (detect->n_spare < MAX_SPARE) {
		for (unsigned side = 0; side < 2 && stream->sides; side++)
			reassembler_reset(&stream->sides[side], 0);
		stream->older = detect->spare;
		detect->spare = stream;
		detect->n_spare++;
		return;
	}
	free_sides(stream);
	free(stream);
}

/* An inner stream is in no list and owns its facts. */
static void inner_free(struct stream *inner)
{
	unbind(inner);
	keep_deinit(&inner->keep);
	for (unsigned i = 0; i < STREAM_BUFFERS; i++)
		free(inner->buffers[i].data);
	facts_free(inner->facts);
	free(inner);
}

/* ---- Settling ------------------------------------------------------------------------------ */

/* Bytes of a side came, and not from its first one. */
static bool is_midstream(const struct stream *stream)
{
	for (unsigned side = 0; side < 2; side++)
		if (stream->has_data[side] && !stream->facts->from_start[side])
			return true;
	return false;
}

static struct label_giver *get_label_giver(struct detect *detect)
{
	if (detect->label_giver || detect->is_label_giver_missing || detect->options.without_ndpi)
		return detect->label_giver;
	if (label_giver_new(&detect->label_giver) < 0)
		detect->is_label_giver_missing = true;
	return detect->label_giver;
}

/* Our detectors have said no: what does nDPI say? True if its answer counts. */
static bool ask_ndpi(struct stream *stream)
{
	struct detect *detect = stream->detect;
	struct facts *facts = stream->facts;
	struct label_giver *giver = get_label_giver(detect);
	if (!giver)
		return false;
	struct label label;
	detect->counters.asked_ndpi++;
	label_giver_ask(giver, stream->flow, &stream->keep, stream->from_start, &label);
	if (label.protocol == PROTOCOL_UNKNOWN)
		return false;
	if (facts_add(facts, &fact_ndpi_label, stream->packet, 0, bytes_from_text(label.name)) < 0)
		return false;
	const struct fact *fact = facts_find(facts, fact_ndpi_label.name);
	facts->protocol = (uint8_t)label.protocol;
	facts->protocol_evidence = EVIDENCE_CONSISTENT;
	facts->protocol_packet = stream->packet;
	facts->detector = (uint8_t)(n_detectors + 1);
	if (label.protocol == PROTOCOL_OTHER)
		facts->other_name = (const char *)fact->text.data;
	return true;
}

/* What the capture cut off could have said what is missing. */
static enum doubt doubt_if_whole(const struct flow *flow, enum doubt otherwise)
{
	return flow->is_cut ? DOUBT_SNAPLEN : otherwise;
}

/* Nobody claimed the flow: name it by nDPI, or say why it has no name. */
static void settle_unknown(struct stream *stream)
{
	struct facts *facts = stream->facts;
	if (!stream->has_data[0] && !stream->has_data[1]) {
		facts->doubt = (uint8_t)doubt_if_whole(stream->flow, DOUBT_NO_PAYLOAD);
		return;
	}
	bool is_named = ask_ndpi(stream);
	facts->is_unrecognised = !is_named;
	if (facts->has_gap)
		facts->doubt = (uint8_t)doubt_if_whole(stream->flow, DOUBT_GAP);
	else if (is_midstream(stream))
		facts->doubt = DOUBT_MIDSTREAM;
	else if (!is_named)
		facts->doubt = (uint8_t)doubt_if_whole(stream->flow, DOUBT_UNRECOGNISED);
}

/* Nobody claimed what came after a STARTTLS or a CONNECT. */
static void settle_unknown_inner(struct stream *stream)
{
	struct facts *facts = stream->facts;
	if (facts->doubt != DOUBT_NONE)
		return;
	if (stream->keep.len[0] || stream->keep.len[1])
		facts->doubt = (uint8_t)doubt_if_whole(stream->flow, DOUBT_UNRECOGNISED);
	else if (facts->is_starttls)
		facts->doubt = (uint8_t)doubt_if_whole(stream->flow, DOUBT_HANDSHAKE_CUT);
}

/* Recognised in clear by a detector of ours that did not say so itself. */
static void state_clear(struct facts *facts)
{
	switch (facts->protocol) {
	case PROTOCOL_UNKNOWN:
	case PROTOCOL_TLS:
	case PROTOCOL_DTLS:
	case PROTOCOL_SSH:
	case PROTOCOL_RDP:
	case PROTOCOL_OTHER:
		return;
	default:
		break;
	}
	if (facts->security != SECURITY_UNKNOWN || facts->security_evidence != EVIDENCE_NONE ||
	    facts->is_starttls || facts->detector > n_detectors)
		return;
	facts->security = SECURITY_NONE;
	facts->security_evidence = facts->protocol_evidence;
	facts->security_packet = facts->protocol_packet;
}

static void close_inner(struct stream *stream);

/*
 * Keeps of a stream what it takes to see a later copy of what it read: an insertion sends it before
 * the peer has acknowledged the bytes. False if all is acknowledged.
 */
static bool watch(struct stream *stream)
{
	struct detect *detect = stream->detect;
	if (!watch_is_worthwhile(stream))
		return false;
	unbind(stream);
	keep_deinit(&stream->keep);
	for (unsigned i = 0; i < STREAM_BUFFERS; i++)
		stream_buffer_clear(stream, i);
	stream->is_watching = true;
	stream->flow->stream = NULL;
	stream->facts->watch = stream;
	detect->cost -= stream->cost;
	stream->cost = 0;
	charge(stream);
	return true;
}

/* Ends the classification: the one place where a stream goes, or stays to be watched. */
static void conclude(struct stream *stream, bool is_given_up)
{
	struct detect *detect = stream->detect;
	struct facts *facts = stream->facts;
	close_inner(stream);
	for (unsigned i = 0; i < stream->n_bound; i++) {
		stream->current = &stream->bound[i];
		if (stream->current->detector->on_end)
			stream->current->detector->on_end(stream);
	}
	stream->current = NULL;
	if (is_given_up) {
		detect->counters.no_room++;
		if (facts->doubt != DOUBT_NONE || stream->n_bound == 0)
			facts->doubt = DOUBT_NO_ROOM;
	} else if (stream->n_bound == 0 && stream->depth == 0) {
		settle_unknown(stream);
	} else if (stream->n_bound == 0) {
		settle_unknown_inner(stream);
	} else if (facts->protocol == PROTOCOL_UNKNOWN && facts->doubt == DOUBT_NONE) {
		facts->doubt = (uint8_t)doubt_if_whole(stream->flow, DOUBT_UNRECOGNISED);
	}
	state_clear(facts);
	if (facts->is_disputed)
		watch_weaken(facts);
	facts->is_settled = true;
	if (is_given_up || !watch(stream))
		stream_free(stream);
}

/* ---- Probing and binding ------------------------------------------------------------------- */

static void deliver(struct stream *stream, unsigned side, struct bytes bytes, uint64_t offset,
                    bool is_end);
static void hand_datagram(struct stream *stream, const struct datagram *datagram);

/* False without memory: the stream is over then. */
static bool bind(struct stream *stream, size_t index)
{
	const struct detector *detector = detectors[index];
	void *state = calloc(1, detector->state_size ? detector->state_size : 1);
	if (!state) {
		stream->facts->doubt = DOUBT_NO_ROOM;
		stream->is_over = true;
		return false;
	}
	stream->facts->maybe_media = false;
	stream->bound[stream->n_bound++] =
	        (struct bound){ .detector = detector, .state = state, .index = (uint8_t)index };
	return true;
}

static struct detect_view tcp_view(const struct stream *stream, bool is_last)
{
	struct detect_view view = { .transport = TRANSPORT_TCP,
		                    .is_decrypted = stream->is_decrypted };
	for (unsigned side = 0; side < 2; side++) {
		view.first[side] = keep_get(&stream->keep, side);
		view.from_start[side] = stream->from_start[side];
		view.is_full[side] = is_last || stream->is_full[side] || stream->has_ended[side];
	}
	return view;
}

/* Asks every detector that has not refused. The index of the first that says MINE, or -1. */
static int ask_detectors(struct stream *stream, const struct detect_view *view)
{
	for (size_t i = 0; i < n_detectors; i++) {
		if (stream->refused >> i & 1)
			continue;
		if (!detectors[i]->on_tcp) {
			stream->refused |= UINT64_C(1) << i;
			continue;
		}
		enum detect_step step = detectors[i]->probe(view);
		if (step == DETECT_MINE)
			return (int)i;
		if (step == DETECT_NOT_MINE)
			stream->refused |= UINT64_C(1) << i;
	}
	return -1;
}

/* Shows the kept bytes to the detector that was just bound. False if it disowned them. */
static bool replay(struct stream *stream)
{
	struct keep old = stream->keep;
	const uint64_t base[2] = { stream->base[0], stream->base[1] };
	const uint64_t packet = stream->packet;
	const int64_t packet_ns = stream->packet_ns;
	size_t at[2] = { 0, 0 };
	uint8_t depth = stream->depth;

	stream->keep = (struct keep){ 0 };
	stream->expected[0] = stream->expected[1] = 0;
	stream->is_replaying = true;
	stream->is_disowned = false;
	for (unsigned i = 0; i < old.n_runs && !stream->is_over; i++) {
		const struct keep_run *run = &old.runs[i];
		unsigned side = run->side;
		struct bytes bytes =
		        bytes_take(bytes_skip(keep_get(&old, side), at[side]), run->len);
		stream->packet = run->number;
		stream->packet_ns = run->time_ns;
		deliver(stream, side, bytes, base[side] + old.start[side] + at[side], run->is_end);
		at[side] += run->len;
		if (stream->depth == depth && stream->is_disowned)
			break;
	}
	stream->packet = packet;
	stream->packet_ns = packet_ns;
	stream->is_replaying = false;
	if (stream->depth == depth && stream->is_disowned) {
		stream->is_disowned = false;
		stream->refused |= UINT64_C(1) << stream->bound[0].index;
		unbind(stream);
		for (unsigned i = 0; i < STREAM_BUFFERS; i++)
			stream_buffer_clear(stream, i);
		stream->keep = old;
		return false;
	}
	keep_deinit(&old);
	return true;
}

static bool is_anyone_left(const struct stream *stream)
{
	return stream->refused != (UINT64_C(1) << n_detectors) - 1;
}

/* Nobody will claim these bytes. Is there enough of them to ask nDPI, or no more to come? */
static bool is_time_to_ask(const struct stream *stream)
{
	const struct keep *keep = &stream->keep;
	if (stream->is_full[0] || stream->is_full[1] ||
	    (stream->has_ended[0] && stream->has_ended[1]))
		return true;
	return keep->len[0] && keep->len[1] &&
	       (keep->n_runs >= ASK_MIN_RUNS || keep->len[0] + keep->len[1] >= ASK_MIN_BYTES);
}

/* One or more rounds over the kept bytes. is_last: no more will come. */
static void probe_bytes(struct stream *stream, bool is_last)
{
	while (!stream->is_over && is_anyone_left(stream)) {
		struct detect_view view = tcp_view(stream, is_last);
		int mine = ask_detectors(stream, &view);
		if (mine < 0)
			break;
		if (!bind(stream, (size_t)mine))
			return;
		if (replay(stream))
			return;
	}
	const struct keep *keep = &stream->keep;
	bool is_all = (stream->is_full[0] || stream->has_ended[0]) &&
	              (stream->is_full[1] || stream->has_ended[1]);
	if (is_all || keep->len[0] == DETECT_FIRST_BYTES || keep->len[1] == DETECT_FIRST_BYTES ||
	    (!is_anyone_left(stream) && is_time_to_ask(stream)))
		stream->is_over = true;
}

/* ---- TCP ----------------------------------------------------------------------------------- */

/* Keeps what no detector has claimed yet, and probes when it has grown enough. */
static void keep_bytes(struct stream *stream, unsigned side, struct bytes bytes, uint64_t offset,
                       bool is_end)
{
	struct keep *keep = &stream->keep;
	uint64_t next = keep->start[side] + keep->len[side];
	if (bytes.len && keep->len[side] == 0 && offset > next) {
		keep->start[side] = offset;
		stream->from_start[side] = false;
		stream->facts->has_gap = true;
	} else if (bytes.len && offset != next && !stream->is_full[side]) {
		stream->is_full[side] = true;
		stream->facts->has_gap = true;
		stream->probe_at[side] = 0;
	}
	if (stream->is_full[side])
		bytes = BYTES(NULL, 0);
	if (keep_add(keep, side, bytes, is_end, stream->packet, stream->packet_ns) < 0) {
		stream->facts->doubt = DOUBT_NO_ROOM;
		stream->is_over = true;
		return;
	}
	if (keep->len[side] == DETECT_FIRST_BYTES)
		stream->is_full[side] = true;
	uint64_t len = keep->len[side];
	if (!is_end && !stream->is_full[side] && len < stream->probe_at[side])
		return;
	stream->probe_at[side] = len + MAX(len / 8, UINT64_C(1));
	probe_bytes(stream, false);
}

/* The rest of the flow belongs to an inner stream; so does what is left of these bytes. */
static void open_inner(struct stream *stream, unsigned side, struct bytes bytes, uint64_t offset,
                       bool is_end)
{
	const uint64_t at = stream->base[side] + offset;
	for (unsigned s = 0; s < 2; s++) {
		uint64_t wanted = stream->base[s] + stream->inner_offset[s];
		uint64_t gone = s == side ? at : stream->base[s] + stream->expected[s];
		stream->from_start[s] = wanted >= gone;
		stream->base[s] = MAX(wanted, gone);
		stream->expected[s] = 0;
		stream->is_full[s] = false;
		stream->probe_at[s] = 0;
	}
	unbind(stream);
	for (unsigned i = 0; i < STREAM_BUFFERS; i++)
		stream_buffer_clear(stream, i);
	stream->wants_inner = false;
	stream->refused = 0;
	stream->depth++;
	deliver(stream, side, bytes, at, is_end);
}

/* Hands bytes of the present layer to its detector. */
static void hand(struct stream *stream, unsigned side, struct bytes bytes, uint64_t offset,
                 bool is_end)
{
	unsigned flags = is_end ? STREAM_END : 0;
	if (offset > stream->expected[side]) {
		flags |= STREAM_GAP;
		stream->facts->has_gap = true;
	}
	stream->handed += bytes.len;
	stream->current = &stream->bound[0];
	uint8_t index = stream->current->index;
	enum detect_step step =
	        stream->current->detector->on_data(stream, side, bytes, offset, flags);
	stream->current = NULL;
	if (stream->wants_inner) {
		open_inner(stream, side, bytes, offset, is_end);
		return;
	}
	stream->expected[side] = offset + bytes.len;
	if (step == DETECT_NOT_MINE && stream->is_replaying && stream->facts->detector != index + 1)
		stream->is_disowned = true;
	else if (step == DETECT_DONE || step == DETECT_NOT_MINE ||
	         stream->handed >= STREAM_MAX_BYTES)
		stream->is_over = true;
}

/* Bytes in order, at an offset of their direction: to the bound detector, or to be kept. */
static void deliver(struct stream *stream, unsigned side, struct bytes bytes, uint64_t offset,
                    bool is_end)
{
	if (stream->is_over)
		return;
	if (is_end)
		stream->has_ended[side] = true;
	if (offset < stream->base[side]) {
		uint64_t before = stream->base[side] - offset;
		if (before >= bytes.len && !is_end)
			return;
		bytes = bytes_skip(bytes, before);
		offset = stream->base[side];
	}
	if (stream->n_bound)
		hand(stream, side, bytes, offset - stream->base[side], is_end);
	else
		keep_bytes(stream, side, bytes, offset - stream->base[side], is_end);
}

/* ---- What was sealed ----------------------------------------------------------------------- */

struct tls_decrypt *stream_decrypt(struct stream *stream)
{
	struct detect *detect = stream->detect;
	const struct keys *keys = detect->options.keys;
	if (stream->decrypt || !keys)
		return stream->decrypt;
	if (!detect->masters && keys_are_given(keys))
		detect->masters = tls_masters_new();
	stream->decrypt = tls_decrypt_new(keys, detect->masters);
	return stream->decrypt;
}

/* NULL without memory, or if the depth is reached. */
static struct stream *inner_new(struct stream *outer)
{
	if (outer->depth >= STREAM_MAX_DEPTH)
		return NULL;
	struct stream *inner = calloc(1, sizeof(*inner));
	struct facts *facts = facts_new();
	if (!inner || !facts) {
		free(inner);
		facts_free(facts);
		return NULL;
	}
	*inner = (struct stream){
		.detect = outer->detect,
		.flow = outer->flow,
		.facts = facts,
		.from_start = { true, true },
		.depth = outer->depth + 1,
		.is_decrypted = true,
	};
	facts->from_start[0] = facts->from_start[1] = true;
	return inner;
}

/* Nobody of ours claimed what was inside: name it by nDPI, or say that it has no name. */
static void settle_unknown_inside(struct stream *stream, struct stream *inner)
{
	if (!inner->has_data[0] && !inner->has_data[1])
		return;
	stream->facts->is_inside_unrecognised = !ask_ndpi(inner) &&
	                                        inner->has_data[stream->flow->opener] &&
	                                        tls_decrypt_is_whole(stream->decrypt);
}

/* No more comes: what is there is probed for the last time, and what was found is stated. */
static void close_inner(struct stream *stream)
{
	struct stream *inner = stream->inner;
	if (!inner)
		return;
	if (!inner->is_over && inner->n_bound == 0)
		probe_bytes(inner, true);
	close_inner(inner);
	if (inner->n_bound == 0)
		settle_unknown_inside(stream, inner);
	for (unsigned i = 0; i < inner->n_bound; i++) {
		inner->current = &inner->bound[i];
		if (inner->current->detector->on_end)
			inner->current->detector->on_end(inner);
	}
	stream_adopt_facts(stream, inner, true);
	inner_free(inner);
	stream->inner = NULL;
}

bool stream_feed_inner(struct stream *stream, unsigned side, struct bytes bytes)
{
	if (!stream->inner)
		stream->inner = inner_new(stream);
	struct stream *inner = stream->inner;
	if (!inner)
		return false;
	inner->packet = stream->packet;
	inner->packet_ns = stream->packet_ns;
	inner->has_data[side] |= bytes.len > 0;
	deliver(inner, side, bytes, inner->fed[side], false);
	inner->fed[side] += bytes.len;
	stream_adopt_facts(stream, inner, false);
	if (!inner->is_over)
		return true;
	close_inner(stream);
	return false;
}

static void deliver_ready(struct stream *stream, unsigned side)
{
	struct reassembler *r = &stream->sides[side];
	struct stream_chunk chunk;
	while (!stream->is_over && reassembler_pop(r, &chunk)) {
		if (chunk.bytes.len)
			stream->has_data[side] = true;
		if (chunk.bytes.len && chunk.offset == 0 && r->is_from_start) {
			stream->facts->from_start[side] = true;
			stream->from_start[side] |= stream->depth == 0;
		}
		deliver(stream, side, chunk.bytes, chunk.offset, chunk.flags & STREAM_END);
	}
}

static void take_segment(struct stream *stream, unsigned side, const struct packet *packet)
{
	struct reassembler *r = &stream->sides[side];
	uint32_t seq = packet->tcp_seq;
	if (packet->tcp_flags & TCP_SYN) {
		reassembler_start(r, seq++);
		if (packet->tcp_flags & TCP_ACK)
			reassembler_start(&stream->sides[!side], packet->tcp_ack - 1);
	}
	if (packet->tcp_flags & TCP_RST)
		return; /* what follows a RST is text for people, not the stream */
	if (packet->tcp_flags & TCP_ACK)
		reassembler_push_ack(&stream->sides[!side], packet->tcp_ack);
	if (packet->payload.len) {
		reassembler_push(r, seq, packet->payload);
		deliver_ready(stream, side);
	}
	uint32_t kept = (uint32_t)packet->payload.len;
	if (packet->payload_len_wire > kept && !stream->is_over) {
		reassembler_push_hole(r, seq + kept, packet->payload_len_wire - kept);
		deliver_ready(stream, side);
	}
	if (packet->tcp_flags & TCP_FIN && !stream->is_over) {
		reassembler_push_fin(r, seq + packet->payload_len_wire);
		deliver_ready(stream, side);
	}
}

/* ---- UDP ----------------------------------------------------------------------------------- */

static bool is_bound(const struct stream *stream, size_t index)
{
	for (unsigned i = 0; i < stream->n_bound; i++)
		if (stream->bound[i].index == index)
			return true;
	return false;
}

/* Shows the unclaimed datagrams again, now that one more detector is bound. */
static void replay_datagrams(struct stream *stream)
{
	struct keep old = stream->keep;
	const uint64_t packet = stream->packet;
	const int64_t packet_ns = stream->packet_ns;
	stream->keep = (struct keep){ 0 };
	for (unsigned i = 0; i < old.n_datagrams && !stream->is_over; i++) {
		stream->packet = old.datagrams[i].number;
		stream->packet_ns = old.datagrams[i].time_ns;
		hand_datagram(stream, &old.datagrams[i]);
	}
	stream->packet = packet;
	stream->packet_ns = packet_ns;
	keep_deinit(&old);
}

static bool is_time_to_ask_datagrams(const struct stream *stream)
{
	unsigned n = stream->keep.n_datagrams;
	return (stream->has_data[0] && stream->has_data[1] && n >= ASK_MIN_DATAGRAMS) ||
	       n >= ASK_ONE_SIDED;
}

static void probe_datagrams(struct stream *stream, bool is_last)
{
	const struct detect_view view = {
		.transport = TRANSPORT_UDP,
		.port = { stream->flow->port[0], stream->flow->port[1] },
		.from_start = { true, true },
		.is_full = { is_last, is_last },
		.datagrams = stream->keep.datagrams,
		.n_datagrams = stream->keep.n_datagrams,
	};
	bool is_anyone_unsure = false;
	for (size_t i = 0; i < n_detectors && stream->n_bound < STREAM_MAX_BOUND; i++) {
		if (!detectors[i]->on_udp || is_bound(stream, i))
			continue;
		enum detect_step step = detectors[i]->probe(&view);
		if (step == DETECT_MINE) {
			if (bind(stream, i))
				replay_datagrams(stream);
			return;
		}
		is_anyone_unsure |= step != DETECT_NOT_MINE;
		if (step == DETECT_MORE && stream->n_bound == 0 && detectors[i]->on_unclaimed)
			detectors[i]->on_unclaimed(&view, stream->facts);
	}
	if (!is_anyone_unsure && stream->n_bound == 0 && is_time_to_ask_datagrams(stream))
		stream->is_over = true;
}

/* To the bound detectors, the youngest first; if none wants it, it is kept and probed. */
static void hand_datagram(struct stream *stream, const struct datagram *datagram)
{
	for (unsigned i = stream->n_bound; i > 0; i--) {
		stream->current = &stream->bound[i - 1];
		stream->datagram = datagram;
		enum detect_step step = stream->current->detector->on_data(stream, datagram->side,
		                                                           datagram->bytes, 0, 0);
		stream->current = NULL;
		stream->datagram = NULL;
		if (step == DETECT_NOT_MINE)
			continue;
		if (step == DETECT_DONE || ++stream->handed >= STREAM_MAX_GRAMS)
			stream->is_over = true;
		return;
	}
	if (!keep_add_datagram(&stream->keep, datagram))
		stream->is_over = true;
	else
		probe_datagrams(stream, false);
}

static void take_datagram(struct stream *stream, unsigned side, const struct packet *packet)
{
	const struct datagram datagram = {
		.bytes = packet->payload,
		.len_wire = packet->payload_len_wire,
		.number = packet->number,
		.time_ns = packet->time_ns,
		.side = (uint8_t)side,
	};
	stream->has_data[side] = true;
	stream->facts->from_start[side] = true;
	stream->from_start[side] = true;
	hand_datagram(stream, &datagram);
}

/*
 * An opener that sends the very same request again has had no answer. Only the seconds field of
 * BOOTP, which counts how long it has been asking, may differ.
 */
static bool note_retry(struct flow *flow, unsigned side, const struct packet *packet)
{
	static const struct hash_key key = { UINT64_C(0x7265747279), UINT64_C(0x70726f6f66) };
	if (flow->is_retry_proven || flow->has_payload[!side] || side != flow->opener ||
	    packet->payload.len == 0)
		return false;
	struct bytes head = bytes_take(packet->payload, 1500);
	struct bytes tail = BYTES(NULL, 0);
	if (bytes_starts_with(bytes_skip(head, 236), BYTES_LITERAL("\x63\x82\x53\x63"))) {
		tail = bytes_skip(head, 10);
		head = bytes_take(head, 8);
	}
	uint64_t hash = (hash_bytes(&key, head) ^ hash_bytes(&key, tail) << 1) | 1;
	if (flow->facts->request_hash == 0)
		flow->facts->request_hash = hash;
	else if (flow->facts->request_hash == hash)
		flow->is_retry_proven = true;
	return flow->is_retry_proven;
}

/* ---- The layer's face ---------------------------------------------------------------------- */

int detect_new(struct detect **out, const struct detect_options *options)
{
	struct detect *detect = calloc(1, sizeof(*detect));
	if (!detect)
		return -ENOMEM;
	if (options)
		detect->options = *options;
	if (detect->options.first_bytes_budget == 0)
		detect->options.first_bytes_budget = DEFAULT_BUDGET;
	*out = detect;
	return 0;
}

struct detect *detect_free(struct detect *detect)
{
	if (!detect)
		return NULL;
	while (detect->oldest) {
		detect->oldest->flow = NULL; /* it may be gone before us */
		stream_free(detect->oldest);
	}
	while (detect->spare) {
		struct stream *stream = detect->spare;
		detect->spare = stream->older;
		free_sides(stream);
		free(stream);
	}
	label_giver_free(detect->label_giver);
	tls_masters_free(detect->masters);
	certificates_free(detect->certificates);
	free(detect->notes);
	free(detect);
	return NULL;
}

/* The oldest go until the rest fits. */
static void keep_to_budget(struct detect *detect)
{
	while (detect->cost > detect->options.first_bytes_budget && detect->oldest) {
		if (detect->oldest->is_watching)
			stream_free(detect->oldest);
		else
			conclude(detect->oldest, true);
	}
}

/* A flow gets its stream with its first byte, or with a SYN-ACK that tells where the unseen SYN
 * was. */
static bool wants_stream(const struct flow *flow, unsigned side, const struct packet *packet)
{
	if (packet->payload_len_wire > 0 && !(packet->tcp_flags & TCP_RST))
		return true;
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) &&
	       !(flow->tcp_seen[!side] & TCP_SYN);
}

/* One more packet of a flow that is settled and watched. True if it is disputed now. */
static bool see_again(struct stream *stream, unsigned side, const struct packet *packet)
{
	bool was_disputed = stream->facts->is_disputed;
	watch_compare(stream, side, packet);
	bool is_changed = stream->facts->is_disputed != was_disputed;
	if (++stream->n_watched >= STREAM_MAX_WATCH || !watch_is_worthwhile(stream))
		stream_free(stream);
	return is_changed;
}

static bool take_packet(struct detect *detect, struct flow *flow, unsigned side,
                        const struct packet *packet)
{
	struct stream *stream = flow->stream;
	const struct facts before = *flow->facts;
	const uint8_t opener = flow->opener;
	stream->packet = packet->number;
	stream->packet_ns = packet->time_ns;
	if (flow->transport == TRANSPORT_TCP)
		take_segment(stream, side, packet);
	else if (packet->payload_len_wire > 0)
		take_datagram(stream, side, packet);
	watch_state(stream, packet);
	if (stream->is_over)
		conclude(stream, false);
	else
		charge(stream);
	keep_to_budget(detect);
	return memcmp(&before, flow->facts, offsetof(struct facts, list)) != 0 ||
	       flow->opener != opener;
}

bool detect_packet(struct detect *detect, struct flow *flow, unsigned side,
                   const struct packet *packet)
{
	if (packet->transport != flow->transport ||
	    (flow->transport != TRANSPORT_TCP && flow->transport != TRANSPORT_UDP))
		return false;
	bool is_changed = false;
	if (!flow->facts || !flow->facts->is_settled) {
		if (!flow->stream) {
			if (!wants_stream(flow, side, packet) || stream_new(detect, flow) < 0)
				return false;
			is_changed = true;
		}
		is_changed |= take_packet(detect, flow, side, packet);
	} else if (flow->facts->watch) {
		is_changed |= see_again(flow->facts->watch, side, packet);
	}
	if (flow->transport == TRANSPORT_UDP)
		is_changed |= note_retry(flow, side, packet);
	return is_changed;
}

/* A flow that never had a stream: no payload, or not a transport we look into. */
static void settle_bare(struct flow *flow)
{
	if (!flow->facts)
		flow->facts = facts_new();
	if (!flow->facts || flow->facts->is_settled)
		return;
	bool has_payload = flow->has_payload[0] || flow->has_payload[1];
	if (flow->facts->doubt == DOUBT_NONE && flow->facts->protocol == PROTOCOL_UNKNOWN)
		flow->facts->doubt = (uint8_t)doubt_if_whole(flow, has_payload ? DOUBT_UNRECOGNISED
		                                                               : DOUBT_NO_PAYLOAD);
	flow->facts->is_settled = true;
}

void detect_finish(struct detect *detect _unused_, struct flow *flow)
{
	struct stream *stream = flow->stream;
	if (!stream) {
		settle_bare(flow);
		if (flow->facts && flow->facts->watch)
			stream_free(flow->facts->watch);
		return;
	}
	for (unsigned side = 0; side < 2 && stream->sides && !stream->is_over; side++) {
		reassembler_flush(&stream->sides[side]);
		deliver_ready(stream, side);
	}
	if (!stream->is_over && stream->sides && stream->n_bound == 0)
		probe_bytes(stream, true);
	else if (!stream->is_over && !stream->sides && stream->keep.n_datagrams)
		probe_datagrams(stream, true);
	conclude(stream, false);
	if (flow->facts->watch)
		stream_free(flow->facts->watch);
}

void detect_forget(struct detect *detect _unused_, struct flow *flow)
{
	if (flow->stream)
		stream_free(flow->stream);
	if (flow->facts && flow->facts->watch)
		stream_free(flow->facts->watch);
	flow->facts = facts_free(flow->facts);
}

struct facts *detect_take_facts(struct flow *flow)
{
	struct facts *facts = flow->facts;
	flow->facts = NULL;
	return facts;
}

bool detect_next_note(struct detect *detect, struct note *note)
{
	if (detect->n_notes == 0) {
		detect->first_note = 0;
		return false;
	}
	*note = detect->notes[detect->first_note++];
	detect->n_notes--;
	return true;
}

const struct detect_counters *detect_get_counters(const struct detect *detect)
{
	return &detect->counters;
}
