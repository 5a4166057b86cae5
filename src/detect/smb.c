/*
 * SMB 1, 2 and 3 over the NetBIOS session header: direct on TCP (as on port 445), or after a
 * NetBIOS session request (RFC 1002 section 4.3, as on 139). What is asked is in the first
 * messages: the dialect the server chose, whether that is SMB 1, and whether messages are
 * encrypted later on ([MS-SMB2] 2.2.41). SMB encryption is its own and not TLS, so the security
 * slot says none and smb.encrypted says the rest. Signing and what is read or written are not
 * looked at.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"
#include "parts.h"

#define MAX_RECORDS    64 /* of each side; encryption begins after session setup and tree connect */
#define MAX_OFFERED    256
#define SMB2_RESPONSE  0x1
#define SMB1_RESPONSE  0x80
#define SMB1_NEGOTIATE 0x72
#define SMB2_NEGOTIATE 0

enum { FACT_DIALECT, FACT_OFFERED, FACT_VERSION1, FACT_ENCRYPTED };

static const struct fact_def facts[] = {
	[FACT_DIALECT] = { "smb.dialect", FACT_TEXT, "dialect the server chose", false },
	[FACT_OFFERED] = { "smb.offered", FACT_TEXT, "dialects the client offered", true },
	[FACT_VERSION1] = { "smb.version1", FACT_BOOL, "the conversation is SMB 1", false },
	[FACT_ENCRYPTED] = { "smb.encrypted", FACT_BOOL, "encrypted SMB 3 messages were seen",
	                     false },
	{ 0 },
};

/* ---- How it looks ---------------------------------------------------------------------------- */

enum session {
	SESSION_MESSAGE = 0x00,
	SESSION_REQUEST = 0x81,
	SESSION_POSITIVE = 0x82,
	SESSION_NEGATIVE = 0x83,
	SESSION_RETARGET = 0x84,
	SESSION_KEEP_ALIVE = 0x85
};

static bool is_signature(struct bytes bytes)
{
	return byte_at(bytes, 0) >= 0xfc &&
	       bytes_equal(bytes_take(bytes_skip(bytes, 1), 3), BYTES_LITERAL("SMB"));
}

/* Called and calling name, each 32 letters A to P with a length before and an empty scope after. */
static enum detect_step probe_session_request(struct reader *r)
{
	if (reader_u8(r) != 0 || reader_be16(r) != 68)
		return r->is_short ? DETECT_MORE : DETECT_NOT_MINE;
	for (unsigned name = 0; name < 2; name++) {
		if (reader_u8(r) != 32)
			return r->is_short ? DETECT_MORE : DETECT_NOT_MINE;
		for (unsigned i = 0; i < 32; i++) {
			uint8_t c = reader_u8(r);
			if (!r->is_short && (c < 'A' || c > 'P'))
				return DETECT_NOT_MINE;
		}
		if (reader_u8(r) != 0)
			return DETECT_NOT_MINE;
	}
	return r->is_short ? DETECT_MORE : DETECT_MINE;
}

static enum detect_step probe_side(struct bytes first)
{
	struct reader r = reader_of(first);
	uint8_t type = reader_u8(&r);
	if (r.is_short)
		return DETECT_MORE;
	if (type == SESSION_REQUEST)
		return probe_session_request(&r);
	/* An answer to a session request says little: what comes from the other side decides. */
	if (type >= SESSION_POSITIVE && type <= SESSION_RETARGET && first.len <= 10)
		return DETECT_MORE;
	uint32_t len = reader_be24(&r);
	struct bytes signature = reader_take(&r, 4);
	if (type != SESSION_MESSAGE)
		return DETECT_NOT_MINE;
	if (r.is_short)
		return DETECT_MORE;
	return len >= 32 && is_signature(signature) ? DETECT_MINE : DETECT_NOT_MINE;
}

static enum detect_step probe(const struct detect_view *view)
{
	return parts_join(view, probe_side(view->first[0]), probe_side(view->first[1]));
}

/* ---- Reading on ------------------------------------------------------------------------------ */

struct side {
	struct record record;
	unsigned n_records;
};

struct smb {
	struct side sides[2];
	uint8_t offered[MAX_OFFERED]; /* SMB 1: the dialects as the client sent them, chosen by
	                                 number */
	uint16_t offered_len;
	bool is_confirmed;
	bool is_over;
};

static void state_smb(struct stream *stream, struct smb *smb, enum evidence evidence)
{
	if (smb->is_confirmed)
		return;
	smb->is_confirmed = evidence == EVIDENCE_CONFIRMED;
	stream_state_protocol(stream, PROTOCOL_SMB, evidence);
	stream_state_security(stream, SECURITY_NONE, evidence);
}

/* SMB 1 dialects: each 02, text, 00. Takes the next one off. */
static bool next_dialect(struct reader *r, struct bytes *name)
{
	if (reader_left(r) == 0 || reader_u8(r) != 2)
		return false;
	struct bytes rest = BYTES(NULL, 0);
	struct reader ahead = *r;
	rest = reader_rest(&ahead);
	*name = bytes_until(rest, 0);
	if (name->len == rest.len)
		return false;
	reader_skip(r, name->len + 1);
	return name->len > 0 && bytes_are_printable(*name);
}

/* Words: none. Bytes: the dialects. */
static void take_smb1_offer(struct stream *stream, struct smb *smb, struct reader *r)
{
	if (reader_u8(r) != 0)
		return;
	struct bytes name, offered = bytes_take(reader_take(r, reader_le16(r)), MAX_OFFERED);
	if (r->is_short)
		return;
	if (offered.len)
		memcpy(smb->offered, offered.data, offered.len);
	smb->offered_len = (uint16_t)offered.len;
	struct reader dialects = reader_of(offered);
	while (next_dialect(&dialects, &name))
		stream_fact_text(stream, &facts[FACT_OFFERED], name);
}

/* The first word is the number of the dialect chosen; ffff: none of them. */
static void take_smb1_choice(struct stream *stream, struct smb *smb, struct reader *r)
{
	uint8_t n_words = reader_u8(r);
	uint16_t choice = reader_le16(r);
	if (n_words == 0 || r->is_short)
		return;
	if (choice == 0xffff) {
		stream_state_refusal(stream, "no SMB dialect accepted");
		return;
	}
	stream_fact_bool(stream, &facts[FACT_VERSION1], true);
	struct reader dialects = reader_of(BYTES(smb->offered, smb->offered_len));
	struct bytes name;
	for (uint16_t i = 0; next_dialect(&dialects, &name); i++)
		if (i == choice)
			stream_fact_text(stream, &facts[FACT_DIALECT], name);
}

static void take_smb1(struct stream *stream, struct smb *smb, unsigned side, struct bytes message)
{
	struct reader r = reader_of(message);
	reader_skip(&r, 4);
	uint8_t command = reader_u8(&r);
	reader_skip(&r, 4);
	bool is_response = reader_u8(&r) & SMB1_RESPONSE;
	reader_skip(&r, 22);
	if (r.is_short)
		return;
	if (command != SMB1_NEGOTIATE) {
		stream_fact_bool(stream, &facts[FACT_VERSION1], true);
		return;
	}
	stream_state_opener(stream, is_response ? !side : side);
	if (is_response)
		take_smb1_choice(stream, smb, &r);
	else
		take_smb1_offer(stream, smb, &r);
}

static const struct {
	uint16_t revision;
	const char *name;
} revisions[] = {
	{ 0x0202, "2.0.2" }, { 0x0210, "2.1" },   { 0x0300, "3.0" },
	{ 0x0302, "3.0.2" }, { 0x0311, "3.1.1" },
};

static void state_revision(struct stream *stream, const struct fact_def *def, uint16_t revision)
{
	for (size_t i = 0; i < ARRAY_SIZE(revisions); i++)
		if (revisions[i].revision == revision)
			stream_fact_text(stream, def, bytes_from_text(revisions[i].name));
}

/* StructureSize 36, DialectCount, SecurityMode, Reserved, Capabilities, ClientGuid, 8 bytes,
 * dialects. */
static void take_smb2_offer(struct stream *stream, struct reader *r)
{
	uint16_t size = reader_le16(r);
	uint16_t n_dialects = reader_le16(r);
	reader_skip(r, 32);
	for (unsigned i = 0; size == 36 && i < MIN(n_dialects, 16U) && !r->is_short; i++)
		state_revision(stream, &facts[FACT_OFFERED], reader_le16(r));
}

/* StructureSize 65, SecurityMode, DialectRevision; 02ff answers SMB 1 words: negotiate again. */
static void take_smb2_choice(struct stream *stream, struct reader *r)
{
	uint16_t size = reader_le16(r);
	reader_skip(r, 2);
	uint16_t revision = reader_le16(r);
	if (size != 65 || r->is_short)
		return;
	stream_fact_bool(stream, &facts[FACT_VERSION1], false);
	state_revision(stream, &facts[FACT_DIALECT], revision);
}

static void take_smb2(struct stream *stream, unsigned side, struct bytes message)
{
	struct reader r = reader_of(message);
	reader_skip(&r, 4);
	uint16_t header_len = reader_le16(&r);
	reader_skip(&r, 6);
	uint16_t command = reader_le16(&r);
	reader_skip(&r, 2);
	bool is_response = reader_le32(&r) & SMB2_RESPONSE;
	reader_skip(&r, 44);
	if (r.is_short || header_len != 64)
		return;
	/* What a server sends unasked is marked as a response too, so any message tells. */
	stream_state_opener(stream, is_response ? !side : side);
	if (command == SMB2_NEGOTIATE && is_response)
		take_smb2_choice(stream, &r);
	else if (command == SMB2_NEGOTIATE)
		take_smb2_offer(stream, &r);
}

static void take_message(struct stream *stream, struct smb *smb, unsigned side,
                         struct bytes message)
{
	if (!is_signature(message)) {
		smb->is_over = true;
		return;
	}
	state_smb(stream, smb, EVIDENCE_CONFIRMED);
	switch (byte_at(message, 0)) {
	case 0xff:
		take_smb1(stream, smb, side, message);
		break;
	case 0xfe:
		take_smb2(stream, side, message);
		break;
	case 0xfd:
		stream_fact_bool(stream, &facts[FACT_ENCRYPTED], true);
		smb->is_over = true;
		break;
	default: /* fc: compressed, which tells nothing more */
		break;
	}
}

static void take_record(struct stream *stream, struct smb *smb, unsigned side, struct bytes record)
{
	struct reader r = reader_of(record);
	uint8_t type = reader_u8(&r);
	reader_skip(&r, 3);
	if (type == SESSION_MESSAGE) {
		take_message(stream, smb, side, reader_rest(&r));
	} else if (type == SESSION_REQUEST) {
		state_smb(stream, smb, EVIDENCE_CONSISTENT);
		stream_state_opener(stream, side);
	} else if (type == SESSION_NEGATIVE) {
		stream_state_refusal(stream, "NetBIOS session refused");
	}
}

static uint32_t record_len(struct bytes header)
{
	struct reader r = reader_of(header);
	uint8_t type = reader_u8(&r);
	uint32_t len = reader_be24(&r);
	if (type == SESSION_MESSAGE || (type >= SESSION_REQUEST && type <= SESSION_KEEP_ALIVE))
		return 4 + len;
	return 0;
}

static enum detect_step on_data(struct stream *stream, unsigned side_number, struct bytes bytes,
                                _unused_ uint64_t offset, unsigned flags)
{
	struct smb *smb = stream_state(stream);
	struct side *side = &smb->sides[side_number];
	struct bytes record;
	smb->is_over |= flags & STREAM_GAP;
	while (!smb->is_over && bytes.len) {
		enum record_step step = record_take(&side->record, &bytes, 4, record_len, &record);
		if (step == RECORD_READY)
			take_record(stream, smb, side_number, record);
		side->n_records += step == RECORD_READY;
		smb->is_over |= step == RECORD_BAD || side->n_records >= MAX_RECORDS;
	}
	return smb->is_over ? DETECT_DONE : DETECT_MORE;
}

const struct detector detector_smb = {
	.name = "smb",
	.help = "SMB 1 to 3, direct or over NetBIOS sessions",
	.facts = facts,
	.on_tcp = true,
	.state_size = sizeof(struct smb),
	.probe = probe,
	.on_data = on_data,
};
