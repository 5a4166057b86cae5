/*
 * RDP by its connection sequence ([MS-RDPBCGR] 2.2.1.1 and 2.2.1.2): an X.224 connection request in
 * a TPKT frame, the confirm that answers it, and in both the choice of what will protect the rest.
 *
 *	TPKT 03 00 length 16 | X.224 length, e0 or d0, 0000 or any, any, class 00
 *	request: "Cookie: mstshash=..." CR LF or another token | 01 flags 0008 protocols (little
 *endian) confirm: 02 flags 0008 protocol | 03 flags 0008 failure code
 *
 * The X.224 header alone opens other protocols too (those of controllers, on port 102), so it needs
 * the cookie or the choice behind it. Clients of before 2003 send neither; they are known by the
 *MCS message that they send next. When TLS is chosen, in whichever form, what follows on both sides
 *is an inner stream, which the TLS detector will claim. RDP's own encryption is neither TLS nor
 *none, so the security slot is left alone. The cookie holds a user's name and is never stated.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"
#include "parts.h"

#define TPKT_HEADER 4
#define X224_HEADER 7 /* with its own length */
#define MAX_REQUEST 1024
#define TLS_RECORD  0x16

enum code { CODE_REQUEST = 0xe0, CODE_CONFIRM = 0xd0, CODE_DATA = 0xf0 };
enum choice { CHOICE_NONE, CHOICE_REQUEST = 1, CHOICE_ANSWER = 2, CHOICE_FAILURE = 3 };

enum { FACT_REQUESTED, FACT_SELECTED };

static const struct fact_def facts[] = {
	[FACT_REQUESTED] = { "rdp.requested", FACT_TEXT,
	                     "protections the client can do: rdp, tls, credssp ...", true },
	[FACT_SELECTED] = { "rdp.selected", FACT_TEXT, "protection the server chose", false },
	{ 0 },
};

static const struct {
	uint32_t bit;
	const char *name;
} protections[] = {
	{ 0x01, "tls" },        { 0x02, "credssp" }, { 0x04, "rdstls" },
	{ 0x08, "credssp-ex" }, { 0x10, "rdsaad" },
};

/* 2.2.1.2.2, by code. */
static const char *const failures[] = {
	[1] = "RDP: TLS is required",
	[2] = "RDP: TLS is not allowed",
	[3] = "RDP: the server has no certificate for TLS",
	[4] = "RDP: inconsistent flags",
	[5] = "RDP: CredSSP is required",
	[6] = "RDP: TLS with a client certificate is required",
};

/* ---- One message --------------------------------------------------------------------------- */

struct x224 {
	uint8_t code;
	uint8_t choice; /* enum choice */
	bool has_cookie;
	uint32_t value; /* protocols, or the code of a failure */
};

/* What stands behind the X.224 header. False if it is nothing of RDP. */
static bool read_variable(struct bytes variable, struct x224 *out)
{
	if (bytes_starts_with(variable, BYTES_LITERAL("Cookie: "))) {
		ptrdiff_t end = bytes_find(variable, BYTES_LITERAL("\r\n"));
		if (end < 0)
			return false;
		out->has_cookie = true;
		variable = bytes_skip(variable, (size_t)end + 2);
	}
	if (variable.len == 0)
		return true;
	struct reader r = reader_of(variable);
	out->choice = reader_u8(&r);
	reader_skip(&r, 1);
	uint16_t len = reader_le16(&r);
	out->value = reader_le32(&r);
	bool is_right = out->code == CODE_REQUEST
	                        ? out->choice == CHOICE_REQUEST
	                        : out->choice == CHOICE_ANSWER || out->choice == CHOICE_FAILURE;
	return !r.is_short && len == 8 && is_right;
}

/* A whole TPKT frame with a connection request or confirm in it. */
static bool read_connect(struct bytes frame, struct x224 *out)
{
	struct reader r = reader_of(frame);
	uint16_t version = reader_be16(&r);
	uint16_t len = reader_be16(&r);
	uint8_t indicator = reader_u8(&r);
	*out = (struct x224){ .code = reader_u8(&r) };
	uint16_t destination = reader_be16(&r);
	reader_skip(&r, 2);
	uint8_t class = reader_u8(&r);
	bool is_request = out->code == CODE_REQUEST && destination == 0;
	return !r.is_short && version == 0x0300 && len == frame.len &&
	       indicator + TPKT_HEADER + 1U == len && class == 0 &&
	       (is_request || out->code == CODE_CONFIRM) && read_variable(reader_rest(&r), out);
}

static uint32_t frame_len(struct bytes header)
{
	struct reader r = reader_of(header);
	uint16_t version = reader_be16(&r);
	uint16_t len = reader_be16(&r);
	return version == 0x0300 && len >= TPKT_HEADER + X224_HEADER ? len : 0;
}

/* ---- How it looks ---------------------------------------------------------------------------- */

/* After a request that says nothing more: MCS Connect-Initial in an X.224 data unit. */
static enum detect_step probe_connect_initial(struct bytes rest)
{
	struct bytes data = BYTES_LITERAL("\x02\xf0\x80\x7f\x65");
	struct bytes version = BYTES_LITERAL("\x03\x00");
	if (bytes_starts_with(version, bytes_take(rest, 2)) && rest.len <= TPKT_HEADER)
		return DETECT_MORE;
	struct bytes there = bytes_take(bytes_skip(rest, TPKT_HEADER), data.len);
	if (!bytes_starts_with(rest, version) || !bytes_starts_with(data, there))
		return DETECT_NOT_MINE;
	return there.len == data.len ? DETECT_MINE : DETECT_MORE;
}

static enum detect_step probe_side(struct bytes first)
{
	struct x224 message;
	struct bytes version = BYTES_LITERAL("\x03\x00");
	if (!bytes_starts_with(version, bytes_take(first, 2)))
		return DETECT_NOT_MINE;
	if (first.len < TPKT_HEADER)
		return DETECT_MORE;
	uint32_t len = frame_len(first);
	uint8_t code = byte_at(first, TPKT_HEADER + 1);
	if (len == 0 || len > MAX_REQUEST ||
	    (first.len > TPKT_HEADER + 1 && code != CODE_REQUEST && code != CODE_CONFIRM))
		return DETECT_NOT_MINE;
	if (first.len < len)
		return DETECT_MORE;
	if (!read_connect(bytes_take(first, len), &message))
		return DETECT_NOT_MINE;
	if (message.choice != CHOICE_NONE || message.has_cookie)
		return DETECT_MINE;
	return code == CODE_REQUEST ? probe_connect_initial(bytes_skip(first, len)) : DETECT_MORE;
}

static enum detect_step probe(const struct detect_view *view)
{
	return parts_join(view, probe_side(view->first[0]), probe_side(view->first[1]));
}

/* ---- Reading on ------------------------------------------------------------------------------ */

struct side {
	struct record record;
	uint64_t end;  /* offset behind the request or confirm; 0: not seen */
	bool has_more; /* bytes behind it came */
};

struct rdp {
	struct side sides[2];
	bool is_tls; /* chosen by the server, or what the client sends says so */
	bool is_over;
};

static void state_requested(struct stream *stream, uint32_t protocols)
{
	if (protocols == 0)
		stream_fact_text(stream, &facts[FACT_REQUESTED], BYTES_LITERAL("rdp"));
	for (size_t i = 0; i < ARRAY_SIZE(protections); i++)
		if (protocols & protections[i].bit)
			stream_fact_text(stream, &facts[FACT_REQUESTED],
			                 bytes_from_text(protections[i].name));
}

static void take_choice(struct stream *stream, struct rdp *rdp, uint32_t protocol)
{
	struct bytes name = BYTES_LITERAL("rdp");
	for (size_t i = 0; i < ARRAY_SIZE(protections); i++)
		if (protocol == protections[i].bit)
			name = bytes_from_text(protections[i].name);
	stream_fact_text(stream, &facts[FACT_SELECTED], name);
	rdp->is_tls = protocol != 0;
	rdp->is_over = protocol == 0;
}

static void take_failure(struct stream *stream, struct rdp *rdp, uint32_t code)
{
	bool is_known = code < ARRAY_SIZE(failures) && failures[code];
	stream_state_refusal(stream, is_known ? failures[code] : "RDP negotiation failure");
	rdp->is_over = true;
}

static void take_frame(struct stream *stream, struct rdp *rdp, unsigned side, struct bytes frame)
{
	struct x224 message;
	if (!read_connect(frame, &message)) {
		rdp->is_over = true;
		return;
	}
	bool is_request = message.code == CODE_REQUEST;
	stream_state_protocol(stream, PROTOCOL_RDP, EVIDENCE_CONFIRMED);
	stream_state_opener(stream, is_request ? side : !side);
	if (message.choice == CHOICE_REQUEST)
		state_requested(stream, message.value);
	else if (message.choice == CHOICE_ANSWER)
		take_choice(stream, rdp, message.value);
	else if (message.choice == CHOICE_FAILURE)
		take_failure(stream, rdp, message.value);
	else if (!is_request)
		rdp->is_over = true; /* a server that knows RDP's own encryption only */
}

/* The first frame of a side, and then what follows it: TLS begins with one byte that TPKT has not.
 */
static void take_bytes(struct stream *stream, struct rdp *rdp, unsigned side_number,
                       struct bytes bytes, uint64_t offset)
{
	struct side *side = &rdp->sides[side_number];
	struct bytes frame, rest = bytes;
	if (!side->end) {
		enum record_step step =
		        record_take(&side->record, &rest, TPKT_HEADER, frame_len, &frame);
		rdp->is_over |= step == RECORD_BAD;
		if (step != RECORD_READY)
			return;
		take_frame(stream, rdp, side_number, frame);
		side->end = offset + bytes.len - rest.len;
	}
	if (rest.len == 0 || side->has_more)
		return;
	side->has_more = true;
	if (byte_at(rest, 0) == TLS_RECORD)
		rdp->is_tls = true;
	else if (!rdp->is_tls)
		rdp->is_over = true;
}

/* Both have said their piece, or one has and goes on without the other's having been captured. */
static bool is_upgraded(const struct rdp *rdp)
{
	const struct side *sides = rdp->sides;
	return rdp->is_tls &&
	       ((sides[0].end && sides[1].end) || (sides[0].end && sides[0].has_more) ||
	        (sides[1].end && sides[1].has_more));
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                uint64_t offset, unsigned flags)
{
	struct rdp *rdp = stream_state(stream);
	if (flags & STREAM_GAP)
		return DETECT_DONE;
	take_bytes(stream, rdp, side, bytes, offset);
	if (!rdp->is_over && is_upgraded(rdp)) {
		const uint64_t inner[2] = { rdp->sides[0].end, rdp->sides[1].end };
		stream_open_inner(stream, inner);
		return DETECT_DONE;
	}
	return rdp->is_over ? DETECT_DONE : DETECT_MORE;
}

const struct detector detector_rdp = {
	.name = "rdp",
	.help = "RDP, and what its two sides agree to protect it with",
	.facts = facts,
	.on_tcp = true,
	.state_size = sizeof(struct rdp),
	.probe = probe,
	.on_data = on_data,
};
