/*
 * TDS, the protocol of SQL Server ([MS-TDS]): its opening, which is a PRELOGIN with a list of
 * options that must walk out exactly, or in old clients a LOGIN7 at once. What is asked is whether
 * the two agreed on encryption: all, the login alone, or none. TLS here is carried inside TDS
 * packets; of it the ServerHello is read, for the version and suite that were chosen. A
 * conversation joined in the middle is left to others, since a packet header is too little to go
 * by; TDS 8.0, which is TLS from the first byte, is TLS.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"
#include "parts.h"
#include "tls_parts.h"

#define HEADER_LEN   8
#define PACKET_MAX   32767
#define PRELOGIN_MAX 1024
#define MAX_PACKETS  16 /* of each side */

enum { TYPE_TABULAR = 0x04, TYPE_LOGIN7 = 0x10, TYPE_PRELOGIN = 0x12 };
enum { OPTION_VERSION = 0x00, OPTION_ENCRYPTION = 0x01, OPTION_END = 0xff };
enum { ENCRYPT_OFF = 0, ENCRYPT_ON = 1, ENCRYPT_NOT_SUPPORTED = 2, ENCRYPT_REQUIRED = 3 };
#define STATUS_END 0x01
#define NOT_SAID   0xff

enum { FACT_ENCRYPTION, FACT_TLS_VERSION, FACT_TLS_SUITE };

static const struct fact_def facts[] = {
	[FACT_ENCRYPTION] = { "tds.encryption", FACT_TEXT,
	                      "what is encrypted by agreement: all, login or none", false },
	[FACT_TLS_VERSION] = { "tds.tls_version", FACT_TEXT,
	                       "version of the TLS inside its packets", false },
	[FACT_TLS_SUITE] = { "tds.tls_suite", FACT_TEXT, "its suite", false },
	{ 0 },
};

/* ---- Packets ----------------------------------------------------------------------------- */

struct packet_header {
	uint8_t type, status;
	uint16_t len;
};

static bool read_header(struct reader *r, struct packet_header *header)
{
	header->type = reader_u8(r);
	header->status = reader_u8(r);
	header->len = reader_be16(r);
	reader_skip(r, 3);
	uint8_t window = reader_u8(r);
	return r->is_short ||
	       (header->len >= HEADER_LEN && header->len <= PACKET_MAX && window == 0);
}

/*
 * The options of a PRELOGIN: token, offset, length, until ff; each value inside the packet and
 * after the list. VERSION comes first and is 6 bytes (2.2.6.5). *encryption is NOT_SAID if there is
 * none.
 */
static bool read_options(struct bytes body, uint8_t *encryption)
{
	struct reader r = reader_of(body);
	*encryption = NOT_SAID;
	for (unsigned i = 0; i < 32; i++) {
		uint8_t token = reader_u8(&r);
		if (token == OPTION_END)
			return i > 0 && !r.is_short;
		size_t offset = reader_be16(&r), len = reader_be16(&r);
		if (r.is_short || (i == 0 && (token != OPTION_VERSION || len != 6)) ||
		    (len && (offset <= r.at || offset + len > body.len)))
			return false;
		if (token == OPTION_ENCRYPTION && len >= 1)
			*encryption =
			        byte_at(body, offset) & 0x0f; /* 80: with a client certificate */
	}
	return false;
}

/* LOGIN7: its own length, then a version of the 7 series. */
static bool is_login7(struct bytes body, bool is_last)
{
	struct reader r = reader_of(body);
	uint32_t len = reader_le32(&r);
	uint32_t version = reader_le32(&r);
	return !r.is_short && version >> 24 >= 0x70 && version >> 24 <= 0x74 && len >= 36 &&
	       (is_last ? len == body.len : len > body.len);
}

/* ---- How it looks ---------------------------------------------------------------------------- */

static enum detect_step probe_side(struct bytes first)
{
	struct reader r = reader_of(first);
	struct packet_header header;
	uint8_t encryption, type = reader_peek(&r);
	if (first.len == 0)
		return DETECT_MORE;
	if (type != TYPE_PRELOGIN && type != TYPE_LOGIN7 && type != TYPE_TABULAR)
		return DETECT_NOT_MINE;
	if (!read_header(&r, &header))
		return DETECT_NOT_MINE;
	if (r.is_short)
		return DETECT_MORE;
	/* A PRELOGIN is one short packet; a conversation does not begin with another answer. */
	bool is_last = header.status & STATUS_END;
	if (header.status > STATUS_END ||
	    (type != TYPE_LOGIN7 && (!is_last || header.len > PRELOGIN_MAX)))
		return DETECT_NOT_MINE;
	struct bytes body = reader_take(&r, (size_t)header.len - HEADER_LEN);
	if (r.is_short)
		return DETECT_MORE;
	if (type == TYPE_LOGIN7)
		return is_login7(body, is_last) ? DETECT_MINE : DETECT_NOT_MINE;
	return read_options(body, &encryption) ? DETECT_MINE : DETECT_NOT_MINE;
}

/* The answer to a LOGIN7 is no PRELOGIN, so the client's word is enough. */
static enum detect_step probe(const struct detect_view *view)
{
	enum detect_step steps[2] = { probe_side(view->first[0]), probe_side(view->first[1]) };
	if (steps[0] == DETECT_MINE || steps[1] == DETECT_MINE)
		return DETECT_MINE;
	if (steps[0] == DETECT_NOT_MINE || steps[1] == DETECT_NOT_MINE)
		return DETECT_NOT_MINE;
	return DETECT_MORE;
}

/* ---- Reading on ------------------------------------------------------------------------------ */

struct side {
	struct record record;
	unsigned n_packets;
};

struct tds {
	struct side sides[2];
	bool is_opened; /* the opener is known */
	uint8_t opener;
	bool is_answered; /* the server's PRELOGIN was seen */
	bool is_over;
};

static void state_once(struct stream *stream, struct tds *tds, unsigned opener)
{
	if (tds->is_opened)
		return;
	tds->is_opened = true;
	tds->opener = (uint8_t)opener;
	stream_state_protocol(stream, PROTOCOL_TDS, EVIDENCE_CONFIRMED);
	stream_state_opener(stream, opener);
}

static void state_encryption(struct stream *stream, const char *word, enum security security,
                             enum evidence evidence)
{
	stream_fact_text(stream, &facts[FACT_ENCRYPTION], bytes_from_text(word));
	stream_state_security(stream, security, evidence);
}

/* The server's answer settles it; what the client asked for is already weighed in it. */
static void take_answer(struct stream *stream, struct tds *tds, uint8_t encryption)
{
	tds->is_answered = true;
	if (encryption == ENCRYPT_ON || encryption == ENCRYPT_REQUIRED)
		state_encryption(stream, "all", SECURITY_TLS, EVIDENCE_CONSISTENT);
	else if (encryption == ENCRYPT_OFF)
		state_encryption(stream, "login", SECURITY_NONE, EVIDENCE_CONFIRMED);
	else
		state_encryption(stream, "none", SECURITY_NONE, EVIDENCE_CONFIRMED);
}

/* Record, handshake header, version, random, session, suite. */
static void take_server_hello(struct stream *stream, struct bytes record)
{
	struct facts *known = stream_facts(stream);
	struct reader r = reader_of(record);
	reader_skip(&r, 5 + 4);
	uint16_t version = reader_be16(&r);
	reader_skip(&r, 32);
	reader_skip(&r, reader_u8(&r));
	uint16_t suite = reader_be16(&r);
	if (r.is_short || !tls_version_name(version))
		return;
	stream_fact_text(stream, &facts[FACT_TLS_VERSION],
	                 bytes_from_text(tls_version_name(version)));
	if (tls_suite_name(suite))
		stream_fact_text(stream, &facts[FACT_TLS_SUITE],
		                 bytes_from_text(tls_suite_name(suite)));
	if (known->security != SECURITY_TLS)
		return; /* it protects the login alone */
	known->tls_version = version;
	known->tls_suite = suite;
	known->is_weak_suite = tls_suite_is_weak(suite);
}

/* A packet that carries a TLS handshake record: they go ahead with what was agreed. */
static void take_handshake(struct stream *stream, struct tds *tds, struct bytes record)
{
	if (stream_facts(stream)->security == SECURITY_TLS)
		stream_state_security(stream, SECURITY_TLS, EVIDENCE_CONFIRMED);
	if (byte_at(record, 5) != SERVER_HELLO)
		return;
	take_server_hello(stream, record);
	tds->is_over = tds->is_answered;
}

static void take_packet(struct stream *stream, struct tds *tds, unsigned side, struct bytes packet)
{
	struct reader r = reader_of(packet);
	struct packet_header header;
	uint8_t encryption;
	if (!read_header(&r, &header))
		return;
	struct bytes body = reader_rest(&r);
	bool is_handshake = bytes_starts_with(body, BYTES_LITERAL("\x16\x03"));
	if (header.type == TYPE_PRELOGIN && is_handshake) {
		take_handshake(stream, tds, body);
	} else if (header.type == TYPE_PRELOGIN) {
		state_once(stream, tds, side);
	} else if (header.type == TYPE_LOGIN7) {
		/* Readable: nothing was agreed upon, or nothing was asked. */
		state_once(stream, tds, side);
		state_encryption(stream, "none", SECURITY_NONE, EVIDENCE_CONFIRMED);
		tds->is_over = true;
	} else if (header.type == TYPE_TABULAR && !tds->is_answered &&
	           read_options(body, &encryption)) {
		state_once(stream, tds, !side);
		take_answer(stream, tds, encryption);
	}
}

static uint32_t record_len(struct bytes bytes)
{
	struct reader r = reader_of(bytes);
	struct packet_header header;
	return read_header(&r, &header) ? header.len : 0;
}

static enum detect_step on_data(struct stream *stream, unsigned side_number, struct bytes bytes,
                                _unused_ uint64_t offset, unsigned flags)
{
	struct tds *tds = stream_state(stream);
	struct side *side = &tds->sides[side_number];
	struct bytes packet;
	if (flags & STREAM_GAP)
		return DETECT_DONE;
	while (bytes.len && !tds->is_over) {
		enum record_step step =
		        record_take(&side->record, &bytes, HEADER_LEN, record_len, &packet);
		if (step == RECORD_READY)
			take_packet(stream, tds, side_number, packet);
		side->n_packets += step == RECORD_READY;
		tds->is_over |= step == RECORD_BAD || side->n_packets >= MAX_PACKETS;
	}
	return tds->is_over ? DETECT_DONE : DETECT_MORE;
}

const struct detector detector_tds = {
	.name = "tds",
	.help = "TDS of SQL Server, and what it encrypts",
	.facts = facts,
	.on_tcp = true,
	.state_size = sizeof(struct tds),
	.probe = probe,
	.on_data = on_data,
};
