/*
 * DNS (RFC 1035, EDNS of RFC 6891) over UDP, and over TCP behind a 16-bit length. There is no
 * magic, so everything must fit at once: flags that exist, one question, names of legal labels,
 * and records that end where the message ends. NetBIOS names travel in the same format and are
 * refused by their encoding. Only the first question is stated.
 */
#include "detect/parts.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"

#define LEN_HEADER  12
#define MAX_LABELS  128
#define MAX_RECORDS 1024
#define MAX_NAME    255

enum flags { QR = 0x8000, OPCODE = 0x7800, Z = 0x0040, RCODE = 0x000f };
enum opcode { OPCODE_QUERY = 0, OPCODE_STATUS = 2, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

struct dns_message {
	bool is_answer;
	uint8_t name[MAX_NAME]; /* the first question's, dotted */
	size_t len_name;
};

enum walk {
	WALK_BAD,
	WALK_TOO_SHORT, /* right so far, but the question is not all there */
	WALK_CUT,       /* the question is, and records as far as they are there */
	WALK_WHOLE,
};

struct dns_state {
	struct record records[2]; /* TCP */
};

enum { FACT_QUERY };

static const struct fact_def facts[] = {
	[FACT_QUERY] = { .name = "dns.query",
	                 .type = FACT_TEXT,
	                 .help = "the name first asked for" },
	{ 0 },
};

/* ---- One message --------------------------------------------------------------------------- */

/* RFC 1001 14.1: 32 letters A to P. */
static bool is_netbios(struct bytes label)
{
	struct reader r = reader_of(label);
	while (reader_left(&r)) {
		uint8_t c = reader_u8(&r);
		if (c < 'A' || c > 'P')
			return false;
	}
	return label.len == 32;
}

/* A name, which may end in a pointer backwards; out may be NULL. False if it is none. */
static bool read_name(struct reader *r, struct dns_message *out)
{
	size_t start = r->at, len = 0;
	for (unsigned n = 0; n < MAX_LABELS; n++) {
		uint8_t size = reader_u8(r);
		if (size >= 0xc0) {
			size_t target = (size & 0x3fU) << 8 | reader_u8(r);
			return r->is_short || (target >= LEN_HEADER && target < start);
		}
		if (size > 63)
			return false;
		struct bytes label = reader_take(r, size);
		len += 1U + size;
		if (size == 0 || r->is_short)
			return true;
		if (len > MAX_NAME - 1 || (n == 0 && is_netbios(label)))
			return false;
		if (!out)
			continue;
		if (n)
			out->name[out->len_name++] = '.';
		memcpy(out->name + out->len_name, label.data, label.len);
		out->len_name += label.len;
	}
	return false;
}

/* Questions are of a class that exists; the top bit is mDNS's. */
static bool read_question(struct reader *r, struct dns_message *out)
{
	if (!read_name(r, out))
		return false;
	uint16_t type = reader_be16(r);
	uint16_t class = reader_be16(r) & 0x7fff;
	return r->is_short ||
	       (type != 0 && ((class >= 1 && class <= 4) || class == 254 || class == 255));
}

static bool read_record(struct reader *r)
{
	if (!read_name(r, NULL))
		return false;
	reader_skip(r, 8); /* type, class, TTL */
	reader_skip(r, reader_be16(r));
	return true;
}

/* Can this be the header of a message with one question? Fills how many records follow. */
static bool read_header(struct reader *r, bool *is_answer, size_t *n_records)
{
	reader_skip(r, 2); /* id */
	uint16_t flags = reader_be16(r);
	uint16_t n_questions = reader_be16(r);
	uint16_t n_answers = reader_be16(r);
	uint16_t n_authority = reader_be16(r);
	uint16_t n_additional = reader_be16(r);
	unsigned opcode = (flags & OPCODE) >> 11;
	*is_answer = flags & QR;
	*n_records = (size_t)n_answers + n_authority + n_additional;
	if (r->is_short || n_questions != 1 || flags & Z)
		return false;
	bool is_plain = opcode == OPCODE_QUERY || opcode == OPCODE_STATUS;
	if (!is_plain && opcode != OPCODE_NOTIFY && opcode != OPCODE_UPDATE)
		return false;
	if (*is_answer)
		return (flags & RCODE) <= 11;
	/* A query holds no answers; IXFR one authority; EDNS and TSIG two more at most. */
	return (flags & RCODE) == 0 &&
	       (!is_plain || (n_answers == 0 && n_authority <= 1 && n_additional <= 2));
}

/* Walks the whole message, as far as it was captured. */
static enum walk read_message(struct dns_message *out, struct bytes bytes, size_t len_wire)
{
	struct reader r = reader_of(bytes);
	bool is_cut = bytes.len < len_wire;
	size_t n_records = 0;
	*out = (struct dns_message){ 0 };
	bool is_plausible = read_header(&r, &out->is_answer, &n_records) && read_question(&r, out);
	if (r.is_short)
		return is_cut ? WALK_TOO_SHORT : WALK_BAD;
	if (!is_plausible || n_records > MAX_RECORDS)
		return WALK_BAD;
	for (size_t i = 0; i < n_records; i++) {
		if (!read_record(&r))
			return WALK_BAD;
		if (r.is_short)
			return is_cut ? WALK_CUT : WALK_BAD;
	}
	return !is_cut && reader_left(&r) == 0 ? WALK_WHOLE : WALK_BAD;
}

/* ---- Whose flow is it? --------------------------------------------------------------------- */

static enum detect_step probe_side(const struct detect_view *view, unsigned side)
{
	struct reader r = reader_of(view->first[side]);
	enum detect_step wait = view->is_full[side] ? DETECT_NOT_MINE : DETECT_MORE;
	uint16_t len = reader_be16(&r);
	struct dns_message message;
	if (r.is_short)
		return wait;
	switch (read_message(&message, bytes_take(reader_rest(&r), len), len)) {
	case WALK_WHOLE:
		return DETECT_MINE;
	case WALK_CUT: /* a long answer: its question and first records must do */
		return view->is_full[side] ? DETECT_MINE : DETECT_MORE;
	case WALK_TOO_SHORT:
		return wait;
	default:
		return DETECT_NOT_MINE;
	}
}

static enum detect_step probe_stream(const struct detect_view *view)
{
	enum detect_step sides[2] = { probe_side(view, 0), probe_side(view, 1) };
	if (sides[0] == DETECT_MINE || sides[1] == DETECT_MINE)
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
		struct dns_message message;
		if (read_message(&message, d->bytes, d->len_wire) >= WALK_CUT)
			return DETECT_MINE;
	}
	return DETECT_NOT_MINE;
}

/* ---- Bound --------------------------------------------------------------------------------- */

/* One question and one answer say all there is to say. */
static enum detect_step see_message(struct stream *stream, unsigned side, struct bytes bytes,
                                    size_t len_wire)
{
	struct dns_message message;
	if (read_message(&message, bytes, len_wire) < WALK_CUT)
		return DETECT_NOT_MINE;
	stream_state_protocol(stream, PROTOCOL_DNS, EVIDENCE_CONFIRMED);
	stream_state_security(stream, SECURITY_NONE, EVIDENCE_CONFIRMED);
	stream_state_opener(stream, message.is_answer ? !side : side);
	stream_fact_text(stream, &facts[FACT_QUERY], BYTES(message.name, message.len_name));
	return message.is_answer ? DETECT_DONE : DETECT_MORE;
}

static uint32_t message_length(struct bytes header)
{
	struct reader r = reader_of(header);
	return 2U + reader_be16(&r);
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                _unused_ uint64_t offset, unsigned flags)
{
	struct dns_state *state = stream_state(stream);
	const struct datagram *datagram = stream_datagram(stream);
	if (datagram)
		return see_message(stream, side, bytes, datagram->len_wire);
	if (flags & STREAM_GAP)
		return DETECT_DONE;
	struct record *record = &state->records[side];
	struct bytes head;
	while (record_take(record, &bytes, 2, message_length, &head) == RECORD_READY) {
		if (see_message(stream, side, bytes_skip(head, 2), record->total - 2) !=
		    DETECT_MORE)
			return DETECT_DONE;
	}
	return DETECT_MORE;
}

/* A long answer of which the beginning is all there will be. */
static void on_end(struct stream *stream)
{
	struct dns_state *state = stream_state(stream);
	for (unsigned side = 0; side < 2; side++) {
		const struct record *record = &state->records[side];
		if (record->total && !record->is_told)
			see_message(stream, side, bytes_skip(BYTES(record->head, record->len), 2),
			            record->total - 2);
	}
}

const struct detector detector_dns = {
	.name = "dns",
	.help = "DNS over UDP and TCP",
	.facts = facts,
	.on_tcp = true,
	.on_udp = true,
	.state_size = sizeof(struct dns_state),
	.probe = probe,
	.on_data = on_data,
	.on_end = on_end,
};
