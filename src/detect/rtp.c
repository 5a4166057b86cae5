/*
 * RTP and RTCP (RFC 3550), SRTP and SRTCP, which leave the headers clear (RFC 3711): over UDP, and
 * over TCP in the frames of RFC 4571. Media has no signature: two bits are constant. So one packet
 * never proves anything; what proves is that packets of one direction go on where the last one
 * ended: the same source, the sequence number a few steps on, the timestamp not going back. Three
 * such packets of one direction make it consistent; both directions, or RTCP or ICE on the same
 * 5-tuple, confirm it.
 *
 * RTCP has lengths that must meet the end of the packet: a compound of two packets is enough,
 * anything less must come twice from one source, or from both sides. Feedback may stand alone (RFC
 * 5506).
 *
 * Payloads are looked at only where they are in clear and short: telephone events (RFC 4733) in
 * Microsoft's payload type for them ([MS-RTPDT]), and the frames of x-data, by which Lync transfers
 * files. Its SSRCs end below ffffff01 ([MS-SDPEXT] 3.1.5.31.1), which is stated and refutes
 * nothing: gateways of others choose as they like. Ports exclude (below 1024 there is no media) and
 * never include.
 */
#include "stun.h"

#define MAX_STEP        50 /* sequence numbers that may be missing between two packets */
#define LOWEST_PORT     1024
#define MIN_FRAMES      4  /* of one direction of RFC 4571 */
#define MAX_FRAMES      32 /* looked at by one probe */
#define MIN_FRAME       12
#define MAX_FRAME       2048
#define MAX_RESYNC      2048 /* bytes searched for the beginning of a frame */
#define ENOUGH_PACKETS  64   /* once confirmed */
#define AT_MOST_PACKETS 1024
#define HIGHEST_SSRC    UINT32_C(0xffffff00)
#define TYPE_EVENTS     101
#define TYPE_X_DATA     127

enum rtcp_type { RTCP_SR = 200, RTCP_RR = 201, RTCP_RTPFB = 205, RTCP_PSFB = 206 };

struct rtp_state {
	struct rtp_watch watch;
	struct record records[2]; /* TCP */
	bool is_synced[2];        /* the records begin where frames do */
};

_Static_assert(sizeof(struct rtp_state) <= 4096, "see struct detector");

enum {
	FACT_PAYLOAD_TYPES,
	FACT_SSRCS,
	FACT_SSRC_RANGE,
	FACT_EXTENSION,
	FACT_DTMF,
	FACT_X_DATA,
	FACT_MICROSOFT
};

static const struct fact_def facts[] = {
	[FACT_PAYLOAD_TYPES] = { .name = "rtp.payload_types",
	                         .type = FACT_NUMBER,
	                         .help = "payload types of sources whose packets follow one "
	                                 "another",
	                         .is_list = true },
	[FACT_SSRCS] = { .name = "rtp.ssrcs",
	                 .type = FACT_NUMBER,
	                 .help = "how many such sources there were, both directions together" },
	[FACT_SSRC_RANGE] = { .name = "rtp.ssrc_out_of_range",
	                      .type = FACT_BOOL,
	                      .help = "one of them is above those that Lync chooses from" },
	[FACT_EXTENSION] = { .name = "rtp.extension",
	                     .type = FACT_BOOL,
	                     .help = "their packets had a header extension" },
	[FACT_DTMF] = { .name = "rtp.dtmf",
	                .type = FACT_BOOL,
	                .help = "telephone events in clear, which tell the digits dialled" },
	[FACT_X_DATA] = { .name = "rtp.x_data",
	                  .type = FACT_BOOL,
	                  .help = "frames of x-data in clear: a file is transferred" },
	[FACT_MICROSOFT] = { .name = "rtp.microsoft",
	                     .type = FACT_BOOL,
	                     .help = "RTCP held Microsoft's profile-specific extensions" },
	{ 0 },
};

/* ---- One packet ---------------------------------------------------------------------------- */

struct rtp_packet {
	uint32_t ssrc, timestamp;
	uint16_t seq;
	uint8_t payload_type;
	bool has_extension;
	bool is_whole;        /* the capture has all of the payload */
	struct bytes payload; /* padding included */
};

enum rtcp_kind {
	RTCP_NONE,
	RTCP_SINGLE,    /* one packet, ends on the length */
	RTCP_COMPOUND,  /* several, the last ends on the length */
	RTCP_PROTECTED, /* room for an SRTCP index and tag behind the first, the rest unreadable */
};

struct rtcp_packet {
	enum rtcp_kind kind;
	uint32_t ssrc, index;
	bool is_microsoft;
};

static bool rtp_read(struct rtp_packet *out, struct bytes bytes, size_t len_wire)
{
	struct reader r = reader_of(bytes);
	uint8_t first = reader_u8(&r);
	uint8_t second = reader_u8(&r);
	if (first >> 6 != 2)
		return false;
	*out = (struct rtp_packet){ .payload_type = second & 0x7f, .has_extension = first & 0x10 };
	out->seq = reader_be16(&r);
	out->timestamp = reader_be32(&r);
	out->ssrc = reader_be32(&r);
	/* RFC 5761 section 4: what collides with RTCP is RTCP. */
	bool is_rtcp = (second >= 192 && second <= 223) ||
	               (out->payload_type >= 72 && out->payload_type <= 76);
	if (r.is_short || is_rtcp || out->ssrc == 0)
		return false;
	size_t len_header = 12 + 4 * (first & 0x0f);
	if (out->has_extension) {
		reader_skip(&r, len_header - 12 + 2);
		len_header += 4 + 4 * (size_t)reader_be16(&r); /* 4 alone if the capture cut it */
	}
	out->is_whole = bytes.len == len_wire;
	out->payload = bytes_skip(bytes, len_header);
	return len_header <= len_wire;
}

/* RFC 4733 2.3: event 0 to 16, end and reserved bit, volume, duration. Protected ones are longer.
 */
static bool is_dtmf(const struct rtp_packet *packet)
{
	struct reader r = reader_of(packet->payload);
	uint8_t event = reader_u8(&r);
	bool is_reserved_clear = !(reader_u8(&r) & 0x40);
	return packet->payload_type == TYPE_EVENTS && packet->is_whole &&
	       packet->payload.len == 4 && event <= 16 && is_reserved_clear;
}

/* Type (data, start, end) and length; public clients send each such frame by itself. */
static bool is_x_data(const struct rtp_packet *packet)
{
	struct reader r = reader_of(packet->payload);
	uint8_t type = reader_u8(&r);
	uint16_t len = reader_be16(&r);
	return packet->payload_type == TYPE_X_DATA && packet->is_whole && !r.is_short &&
	       type <= 2 && len == reader_left(&r);
}

/* [MS-RTP] 2.2.11: type and length, which counts itself, until the report ends. */
static bool is_microsoft(struct bytes extensions)
{
	struct reader r = reader_of(extensions);
	while (reader_left(&r)) {
		uint16_t type = reader_be16(&r);
		uint16_t len = reader_be16(&r);
		if (type < 1 || type > 14 || len < 4)
			return false;
		reader_skip(&r, len - 4);
		if (r.is_short)
			return false;
	}
	return extensions.len > 0;
}

/* How many packets stand one behind the other to the very end; 0 if they do not meet it. */
static unsigned count_compound(struct bytes bytes)
{
	struct reader r = reader_of(bytes);
	unsigned n = 0;
	for (; reader_left(&r); n++) {
		uint8_t first = reader_u8(&r);
		uint8_t type = reader_u8(&r);
		size_t words = reader_be16(&r);
		reader_skip(&r, 4 * words);
		if (r.is_short || first >> 6 != 2 || type < 192 || type > 223)
			return 0;
	}
	return n;
}

/* RFC 3711 3.4: behind the packet the index, whose top bit says "encrypted", and an 80-bit tag. */
static bool read_srtcp_index(struct rtcp_packet *out, struct bytes bytes, size_t len_first)
{
	if (bytes.len < len_first + 14 || bytes.len % 4 != 14 % 4)
		return false;
	struct reader r = reader_of(bytes_skip(bytes, bytes.len - 14));
	out->index = reader_be32(&r) & INT32_MAX;
	out->kind = RTCP_PROTECTED;
	return true;
}

/* What a first packet of this type has at least, with so many reports; 0: it cannot be the first.
 */
static size_t least_length(uint8_t type, size_t n_reports)
{
	switch (type) {
	case RTCP_SR:
		return 28 + 24 * n_reports;
	case RTCP_RR:
		return 8 + 24 * n_reports;
	case RTCP_RTPFB:
	case RTCP_PSFB:
		return 12;
	default:
		return 0;
	}
}

/* A packet that the capture cut is not read: its end is what tells. */
static bool rtcp_read(struct rtcp_packet *out, struct bytes bytes, size_t len_wire)
{
	struct reader r = reader_of(bytes);
	uint8_t first = reader_u8(&r);
	uint8_t type = reader_u8(&r);
	size_t len_first = 4 + 4 * (size_t)reader_be16(&r);
	size_t len_reports = least_length(type, first & 0x1f);
	bool has_reports = type == RTCP_SR || type == RTCP_RR;
	*out = (struct rtcp_packet){ .kind = RTCP_NONE, .ssrc = reader_be32(&r) };
	if (r.is_short || first >> 6 != 2 || len_reports == 0 || out->ssrc == 0 ||
	    len_first < len_reports || len_first > bytes.len || bytes.len != len_wire)
		return false;
	unsigned n = count_compound(bytes);
	if (n == 0)
		return read_srtcp_index(out, bytes, len_first);
	out->kind = n > 1 && has_reports ? RTCP_COMPOUND : RTCP_SINGLE;
	out->is_microsoft =
	        has_reports && is_microsoft(bytes_skip(bytes_take(bytes, len_first), len_reports));
	return true;
}

bool rtp_is_plausible(struct bytes bytes, size_t len_wire)
{
	struct rtp_packet rtp;
	struct rtcp_packet rtcp;
	return rtp_read(&rtp, bytes, len_wire) || rtcp_read(&rtcp, bytes, len_wire);
}

/* ---- Packets that follow one another ------------------------------------------------------- */

/* The slot of this source, a free one, or the one taken longest ago. */
static struct rtp_source *find_source(struct rtp_watch *watch, unsigned side, uint32_t ssrc)
{
	struct rtp_source *sources = watch->sources[side];
	for (unsigned i = 0; i < RTP_SOURCES; i++)
		if (sources[i].ssrc == ssrc)
			return &sources[i];
	struct rtp_source *source = &sources[watch->next_source[side]++ % RTP_SOURCES];
	*source = (struct rtp_source){ .ssrc = ssrc };
	return source;
}

/* A repeated or late packet says nothing; one that leaps begins anew: false. */
static bool advance(struct rtp_source *source, const struct rtp_packet *packet)
{
	uint16_t step = (uint16_t)(packet->seq - source->seq);
	bool is_first = source->n_consistent == 0;
	if (!is_first && (step == 0 || step > UINT16_MAX - MAX_STEP))
		return true;
	bool goes_on = step <= MAX_STEP && packet->timestamp - source->timestamp <= INT32_MAX;
	if (is_first || !goes_on)
		source->n_consistent = 1;
	else if (source->n_consistent < UINT16_MAX)
		source->n_consistent++;
	source->seq = packet->seq;
	source->timestamp = packet->timestamp;
	return is_first || goes_on;
}

static void add_rtp(struct rtp_watch *watch, unsigned side, const struct rtp_packet *packet)
{
	struct rtp_source *source = find_source(watch, side, packet->ssrc);
	if (!advance(source, packet) && watch->n_leaps < UINT16_MAX)
		watch->n_leaps++;
	source->payload_types[packet->payload_type / 64] |= UINT64_C(1)
	                                                    << packet->payload_type % 64;
	if (source->n_consistent < RTP_CONSISTENT)
		return;
	if (!source->is_counted && watch->n_ssrcs < UINT16_MAX)
		watch->n_ssrcs++;
	source->is_counted = true;
	watch->is_rtp[side] = true;
	watch->has_extension = watch->has_extension || packet->has_extension;
	watch->has_high_ssrc = watch->has_high_ssrc || packet->ssrc > HIGHEST_SSRC;
	watch->has_dtmf = watch->has_dtmf || is_dtmf(packet);
	watch->has_x_data = watch->has_x_data || is_x_data(packet);
	watch->payload_types[0] |= source->payload_types[0];
	watch->payload_types[1] |= source->payload_types[1];
}

/* Proven by a compound, by the next packet of the same source, or by one from the other side. */
static void add_rtcp(struct rtp_watch *watch, unsigned side, const struct rtcp_packet *packet)
{
	struct rtcp_source *source = &watch->rtcp[side];
	uint32_t step = packet->index - source->index;
	bool goes_on = source->ssrc == packet->ssrc &&
	               (packet->kind != RTCP_PROTECTED || (step >= 1 && step <= MAX_STEP));
	*source = (struct rtcp_source){ .ssrc = packet->ssrc, .index = packet->index };
	if (!goes_on && packet->kind != RTCP_COMPOUND && !watch->rtcp[!side].ssrc)
		return;
	watch->is_rtcp[side] = true;
	watch->is_microsoft = watch->is_microsoft || packet->is_microsoft;
}

bool rtp_watch_add(struct rtp_watch *watch, unsigned side, struct bytes bytes, size_t len_wire)
{
	struct rtp_packet rtp;
	struct rtcp_packet rtcp;
	if (rtp_read(&rtp, bytes, len_wire))
		add_rtp(watch, side, &rtp);
	else if (rtcp_read(&rtcp, bytes, len_wire))
		add_rtcp(watch, side, &rtcp);
	else
		return false;
	watch->n_packets++;
	return true;
}

static void state_payload_types(struct rtp_watch *watch, struct stream *stream)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t fresh = watch->payload_types[i] & ~watch->stated_types[i];
		for (; fresh; fresh &= fresh - 1)
			stream_fact_number(stream, &facts[FACT_PAYLOAD_TYPES],
			                   64 * i + __builtin_ctzll(fresh));
		watch->stated_types[i] = watch->payload_types[i];
	}
}

static bool is_confirmed(const struct rtp_watch *watch)
{
	if (watch->has_ice || (watch->is_rtp[0] && watch->is_rtp[1]))
		return true;
	return rtp_watch_has_rtp(watch) ? rtp_watch_has_rtcp(watch)
	                                : watch->is_rtcp[0] && watch->is_rtcp[1];
}

void rtp_watch_state(struct rtp_watch *watch, struct stream *stream)
{
	bool has_rtp = rtp_watch_has_rtp(watch);
	if (!has_rtp && !rtp_watch_has_rtcp(watch))
		return;
	enum evidence evidence = is_confirmed(watch) ? EVIDENCE_CONFIRMED : EVIDENCE_CONSISTENT;
	stream_state_protocol(stream, has_rtp ? PROTOCOL_RTP : PROTOCOL_RTCP, evidence);
	stream_state_security(stream, SECURITY_NONE, evidence);
	stream_facts(stream)->has_media = true;
	state_payload_types(watch, stream);
	if (watch->has_extension)
		stream_fact_bool(stream, &facts[FACT_EXTENSION], true);
	if (watch->has_high_ssrc)
		stream_fact_bool(stream, &facts[FACT_SSRC_RANGE], true);
	if (watch->has_dtmf)
		stream_fact_bool(stream, &facts[FACT_DTMF], true);
	if (watch->has_x_data)
		stream_fact_bool(stream, &facts[FACT_X_DATA], true);
	if (watch->is_microsoft)
		stream_fact_bool(stream, &facts[FACT_MICROSOFT], true);
}

void rtp_watch_end(const struct rtp_watch *watch, struct stream *stream)
{
	if (watch->n_ssrcs)
		stream_fact_number(stream, &facts[FACT_SSRCS], watch->n_ssrcs);
}

/* ---- Frames of RFC 4571 -------------------------------------------------------------------- */

static uint32_t frame_length(struct bytes header)
{
	struct reader r = reader_of(header);
	return 2U + reader_be16(&r);
}

/* Do frames of media stand one behind the other from the beginning of bytes? */
static enum detect_step probe_chain(struct bytes bytes, bool is_full)
{
	struct rtp_watch watch = { 0 };
	struct reader r = reader_of(bytes);
	for (unsigned n = 0; n < MAX_FRAMES; n++) {
		bool is_proven =
		        watch.has_ice || rtp_watch_has_rtp(&watch) || rtp_watch_has_rtcp(&watch);
		if (n >= MIN_FRAMES && is_proven)
			return DETECT_MINE;
		uint16_t len = reader_be16(&r);
		if (!r.is_short && (len < MIN_FRAME || len > MAX_FRAME))
			return DETECT_NOT_MINE;
		struct bytes frame = reader_take(&r, len);
		if (r.is_short)
			return is_full ? DETECT_NOT_MINE : DETECT_MORE;
		if (stun_is_message(frame, len))
			watch.has_ice = true;
		else if (!rtp_watch_add(&watch, 0, frame, len))
			return DETECT_NOT_MINE;
	}
	return DETECT_NOT_MINE;
}

/* A stream that began before the capture: the first place where a chain begins. */
static enum detect_step probe_resync(struct bytes bytes, bool is_full)
{
	for (size_t at = 0; at < MIN(bytes.len, (size_t)MAX_RESYNC); at++)
		if (probe_chain(bytes_skip(bytes, at), true) == DETECT_MINE)
			return DETECT_MINE;
	return is_full || bytes.len > 2 * MAX_RESYNC + MIN_FRAMES * MAX_FRAME ? DETECT_NOT_MINE
	                                                                      : DETECT_MORE;
}

static enum detect_step probe_stream(const struct detect_view *view)
{
	enum detect_step sides[2];
	for (unsigned side = 0; side < 2; side++) {
		struct bytes first = view->first[side];
		if (first.len < 3)
			sides[side] = view->is_full[side] ? DETECT_NOT_MINE : DETECT_MORE;
		else
			sides[side] = view->from_start[side]
			                      ? probe_chain(first, view->is_full[side])
			                      : probe_resync(first, view->is_full[side]);
		if (sides[side] == DETECT_MINE)
			return DETECT_MINE;
	}
	/* A side that says nothing must not be waited for when the other has said no. */
	for (unsigned side = 0; side < 2; side++)
		if (sides[side] == DETECT_NOT_MINE &&
		    (view->first[side].len || view->is_full[!side]))
			return DETECT_NOT_MINE;
	return DETECT_MORE;
}

/* ---- Whose flow is it? --------------------------------------------------------------------- */

static bool is_excluded(const struct detect_view *view)
{
	return (view->port[0] && view->port[0] < LOWEST_PORT) ||
	       (view->port[1] && view->port[1] < LOWEST_PORT);
}

static enum detect_step probe(const struct detect_view *view)
{
	if (view->transport != TRANSPORT_UDP)
		return probe_stream(view);
	if (is_excluded(view))
		return DETECT_NOT_MINE;
	struct rtp_watch watch = { 0 };
	for (size_t i = 0; i < view->n_datagrams; i++) {
		const struct datagram *d = &view->datagrams[i];
		rtp_watch_add(&watch, d->side, d->bytes, d->len_wire);
	}
	if (rtp_watch_has_rtp(&watch) || rtp_watch_has_rtcp(&watch))
		return DETECT_MINE;
	return watch.n_packets ? DETECT_MORE : DETECT_NOT_MINE;
}

/*
 * All of them look like media and none contradicts the others: nobody who sends more than
 * RTP_CONSISTENT - 1 packets of RTP from one side is without a proof, unless it is something else.
 */
static void on_unclaimed(const struct detect_view *view, struct facts *known)
{
	struct rtp_watch watch = { 0 };
	unsigned n_rtp[2] = { 0, 0 };
	known->maybe_media = false;
	for (size_t i = 0; i < view->n_datagrams; i++) {
		const struct datagram *d = &view->datagrams[i];
		struct rtp_packet packet;
		if (!rtp_watch_add(&watch, d->side, d->bytes, d->len_wire))
			return;
		n_rtp[d->side] += rtp_read(&packet, d->bytes, d->len_wire);
	}
	known->maybe_media =
	        watch.n_leaps == 0 && n_rtp[0] < RTP_CONSISTENT && n_rtp[1] < RTP_CONSISTENT;
}

/* ---- Bound --------------------------------------------------------------------------------- */

static void on_end(struct stream *stream)
{
	struct rtp_state *state = stream_state(stream);
	rtp_watch_end(&state->watch, stream);
}

static enum detect_step go_on(struct rtp_state *state, struct stream *stream)
{
	rtp_watch_state(&state->watch, stream);
	uint32_t enough = is_confirmed(&state->watch) ? ENOUGH_PACKETS : AT_MOST_PACKETS;
	if (state->watch.n_packets < enough)
		return DETECT_MORE;
	on_end(stream);
	return DETECT_DONE;
}

static enum detect_step on_datagram(struct rtp_state *state, struct stream *stream,
                                    const struct datagram *datagram)
{
	uint8_t protocol = stream_facts(stream)->protocol;
	bool is_stun = stun_is_message(datagram->bytes, datagram->len_wire);
	/* Connectivity checks or a key exchange before media, or in between. */
	if (is_stun || protocol == PROTOCOL_STUN || protocol == PROTOCOL_TURN ||
	    protocol == PROTOCOL_DTLS)
		state->watch.has_ice = true;
	bool is_mine =
	        rtp_watch_add(&state->watch, datagram->side, datagram->bytes, datagram->len_wire);
	enum detect_step step = go_on(state, stream);
	return is_mine || step == DETECT_DONE ? step : DETECT_NOT_MINE;
}

/* Where the frames of a stream that began before the capture go on; the length if nowhere. */
static size_t find_frame(struct bytes bytes)
{
	for (size_t at = 0; at < MIN(bytes.len, (size_t)MAX_RESYNC); at++) {
		struct reader r = reader_of(bytes_skip(bytes, at));
		uint16_t len = reader_be16(&r);
		struct bytes frame = reader_take(&r, len);
		if (!r.is_short && len >= MIN_FRAME && len <= MAX_FRAME &&
		    (rtp_is_plausible(frame, len) || stun_is_message(frame, len)))
			return at;
	}
	return bytes.len;
}

static enum detect_step on_bytes(struct rtp_state *state, struct stream *stream, unsigned side,
                                 struct bytes rest)
{
	struct record *record = &state->records[side];
	struct bytes frame;
	if (!state->is_synced[side]) {
		if (!stream_facts(stream)->from_start[side])
			rest = bytes_skip(rest, find_frame(rest));
		state->is_synced[side] = rest.len > 0;
	}
	enum record_step step;
	while ((step = record_take(record, &rest, 2, frame_length, &frame)) == RECORD_READY) {
		size_t len_wire = record->total - 2;
		frame = bytes_skip(frame, 2);
		if (stun_is_message(frame, len_wire))
			state->watch.has_ice = true;
		else
			rtp_watch_add(&state->watch, side, frame, len_wire);
		if (go_on(state, stream) == DETECT_DONE)
			return DETECT_DONE;
	}
	return DETECT_MORE;
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                _unused_ uint64_t offset, unsigned flags)
{
	struct rtp_state *state = stream_state(stream);
	const struct datagram *datagram = stream_datagram(stream);
	if (datagram)
		return on_datagram(state, stream, datagram);
	if (!(flags & STREAM_GAP))
		return on_bytes(state, stream, side, bytes);
	on_end(stream);
	return DETECT_DONE;
}

const struct detector detector_rtp = {
	.name = "rtp",
	.help = "RTP and RTCP, protected or not, over UDP and framed over TCP",
	.facts = facts,
	.on_tcp = true,
	.on_udp = true,
	.state_size = sizeof(struct rtp_state),
	.probe = probe,
	.on_data = on_data,
	.on_end = on_end,
	.on_unclaimed = on_unclaimed,
};
