/*
 * DTLS (RFC 6347, RFC 9147), as media uses it to agree on keys (RFC 5764): the record header and
 * the ClientHello, no more. Records with first byte 20 to 63 are DTLS on a 5-tuple that STUN and
 * RTP share (RFC 7983), so everything else is handed back, and the flow is never done for it: the
 * media that follows names the flow.
 */
#include "detect/tls_parts.h"

#define HEADER_LEN     13
#define MESSAGE_HEADER 12
#define PLAIN_RECORDS  2 /* without a hello: so many datagrams of whole records */
#define HELLO_VERIFY   3
#define VERSION_1_0    0xfeff
#define VERSION_1_2    0xfefd

enum dtls_fact { F_VERSION, F_SNI, F_JA4, N_DTLS_FACTS };

static const struct fact_def facts[N_DTLS_FACTS + 1] = {
	[F_VERSION] = { "dtls.max_version", FACT_TEXT, "the highest version the client offers",
	                false },
	[F_SNI] = { "dtls.sni", FACT_TEXT, "the server name the client asks for", false },
	[F_JA4] = { "dtls.ja4", FACT_TEXT, "JA4 fingerprint of the client", false },
};

/* One record at the start of the datagram's rest. */
struct record {
	uint8_t type;
	uint16_t epoch;
	struct bytes body;
};

/* False if these bytes are no record in clear form. */
static bool read_record(struct reader *r, struct record *record)
{
	record->type = reader_u8(r);
	uint16_t version = reader_be16(r);
	record->epoch = reader_be16(r);
	reader_skip(r, 6);
	record->body = reader_take(r, reader_be16(r));
	return !r->is_short && record->type >= CHANGE_CIPHER_SPEC &&
	       record->type <= APPLICATION_DATA + 2 &&
	       (version == VERSION_1_0 || version == VERSION_1_2) && record->body.len > 0;
}

/* The handshake message in a record of epoch 0; 0 if it is none. Body: only if it is unfragmented.
 */
static uint8_t read_message(const struct record *record, struct bytes *body)
{
	struct reader r = reader_of(record->body);
	uint8_t type = reader_u8(&r);
	uint32_t len = reader_be24(&r);
	reader_be16(&r); /* message_seq */
	uint32_t at = reader_be24(&r), part = reader_be24(&r);
	if (record->type != HANDSHAKE || record->epoch != 0 || r.is_short || at + part > len ||
	    part > reader_left(&r))
		return 0;
	*body = at == 0 && part == len ? reader_take(&r, part) : BYTES(NULL, 0);
	return type;
}

static bool is_hello(uint8_t type)
{
	return type == CLIENT_HELLO || type == SERVER_HELLO || type == HELLO_VERIFY;
}

/* NOT_MINE: no DTLS. MINE: a hello. MORE: whole records, but any of them might be chance. */
static enum detect_step look(struct bytes datagram)
{
	struct reader r = reader_of(datagram);
	bool has_any = false;
	while (reader_left(&r)) {
		struct record record;
		struct bytes body;
		if (!read_record(&r, &record))
			return DETECT_NOT_MINE;
		has_any = true;
		if (is_hello(read_message(&record, &body)))
			return DETECT_MINE;
	}
	return has_any ? DETECT_MORE : DETECT_NOT_MINE;
}

static enum detect_step probe(const struct detect_view *view)
{
	size_t n_records = 0;
	for (size_t i = 0; i < view->n_datagrams; i++) {
		switch (look(view->datagrams[i].bytes)) {
		case DETECT_MINE:
			return DETECT_MINE;
		case DETECT_MORE:
			n_records++;
			break;
		default:
			if (i == 0)
				return DETECT_NOT_MINE;
			break;
		}
	}
	return n_records >= PLAIN_RECORDS ? DETECT_MINE : DETECT_MORE;
}

static void on_client_hello(struct stream *stream, unsigned side, struct bytes body)
{
	struct client_hello hello;
	char ja4[JA4_SIZE];
	stream_state_opener(stream, side);
	if (!client_hello_parse(&hello, body, true))
		return;
	const char *version = tls_version_name(hello.max_version);
	if (version)
		stream_fact_text(stream, &facts[F_VERSION], bytes_from_text(version));
	if (hello.sni.len)
		stream_fact_text(stream, &facts[F_SNI], hello.sni);
	if (client_hello_ja4(&hello, ja4))
		stream_fact_text(stream, &facts[F_JA4], bytes_from_text(ja4));
}

/* The unified header of DTLS 1.3 has no version to check: it counts only after a hello. */
static bool is_unified(struct bytes datagram, bool has_hello)
{
	struct reader r = reader_of(datagram);
	return has_hello && (reader_u8(&r) & 0xe0) == 0x20;
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                uint64_t offset _unused_, unsigned flags _unused_)
{
	bool *has_hello = stream_state(stream);
	enum detect_step step = look(bytes);
	if (step == DETECT_NOT_MINE)
		return is_unified(bytes, *has_hello) ? DETECT_MORE : DETECT_NOT_MINE;
	*has_hello |= step == DETECT_MINE;
	stream_state_protocol(stream, PROTOCOL_DTLS,
	                      *has_hello ? EVIDENCE_CONFIRMED : EVIDENCE_CONSISTENT);
	struct reader r = reader_of(bytes);
	struct record record;
	struct bytes body;
	while (reader_left(&r) && read_record(&r, &record))
		if (read_message(&record, &body) == CLIENT_HELLO)
			on_client_hello(stream, side, body);
	return DETECT_MORE;
}

const struct detector detector_dtls = {
	.name = "dtls",
	.help = "DTLS hellos and records, the key exchange before media",
	.facts = facts,
	.on_udp = true,
	.state_size = sizeof(bool),
	.probe = probe,
	.on_data = on_data,
};
