/*
 * DTLS (RFC 6347, RFC 9147), as media uses it to agree on keys (RFC 5764): the hellos, the cookie,
 * the certificates up to DTLS 1.2, and how it ended. Records with first byte 20 to 63 are DTLS on a
 * 5-tuple that STUN and RTP share (RFC 7983), so everything else is handed back, and the flow is
 * never done for it: the media that follows names the flow, and no rule asks for its protection.
 *
 * Messages come in fragments (RFC 6347 4.2.3). One message per side is put together, of at most
 * 16 KiB, from fragments that follow or overlap; one that is ahead waits for its retransmission.
 * Nothing is opened: what follows ChangeCipherSpec, and DTLS 1.3 behind its hellos, stays closed.
 */
#include "detect/tls_parts.h"

#define PLAIN_RECORDS 2 /* without a hello: so many datagrams of whole records */
#define MESSAGE_KEPT  16384
#define VERSION_1_0   0xfeff
#define VERSION_1_2   0xfefd

enum dtls_fact {
	F_VERSION,
	F_MAX_VERSION,
	F_SUITE,
	F_SNI,
	F_JA4,
	F_COOKIE,
	F_RESUMED,
	F_OFFERS_SRTP,
	F_SRTP,
	F_CERTIFICATE_REQUEST,
	F_CLIENT_AUTH,
	F_SERVER_CERTIFICATE,
	F_CLIENT_CERTIFICATE = F_SERVER_CERTIFICATE + TLS_CERTIFICATE_FACTS,
	F_ALERT = F_CLIENT_CERTIFICATE + TLS_CERTIFICATE_FACTS,
	F_ALERT_FROM,
	N_DTLS_FACTS
};

/* In the order of tls_state_certificate(). */
#define CERTIFICATE_FACTS(first, side)                                                             \
	[first] = { "dtls." side "_cert.subject", FACT_TEXT,                                       \
		    "who the " side "'s certificate names", false },                               \
	[(first) + 1] = { "dtls." side "_cert.names", FACT_TEXT,                                   \
		          "alternative names of the " side "'s certificate", true },               \
	[(first) + 2] = { "dtls." side "_cert.issuer", FACT_TEXT,                                  \
		          "who signed the " side "'s certificate", false },                        \
	[(first) + 3] = { "dtls." side "_cert.not_before", FACT_NUMBER,                            \
		          "first second of the " side "'s certificate, since 1970", false },       \
	[(first) + 4] = { "dtls." side "_cert.not_after", FACT_NUMBER,                             \
		          "last second of the " side "'s certificate, since 1970", false },        \
	[(first) + 5] = { "dtls." side "_cert.sha256", FACT_TEXT,                                  \
		          "SHA-256 of the " side "'s certificate", false },                        \
	[(first) + 6] = { "dtls." side "_cert.key_bits", FACT_NUMBER,                              \
		          "size of the " side " certificate's key", false },                       \
	[(first) + 7] = { "dtls." side "_cert.self_signed", FACT_BOOL,                             \
		          "the " side "'s certificate names itself as issuer", false }

/* clang-format off */
static const struct fact_def facts[N_DTLS_FACTS + 1] = {
	[F_VERSION] = { "dtls.version", FACT_TEXT, "the version the server chose", false },
	[F_MAX_VERSION] = { "dtls.max_version", FACT_TEXT,
		"the highest version the client offers", false },
	[F_SUITE] = { "dtls.suite", FACT_TEXT, "the cipher suite the server chose", false },
	[F_SNI] = { "dtls.sni", FACT_TEXT, "the server name the client asks for", false },
	[F_JA4] = { "dtls.ja4", FACT_TEXT, "JA4 fingerprint of the client", false },
	[F_COOKIE] = { "dtls.cookie", FACT_BOOL,
		"the server asked the client to show a cookie", false },
	[F_RESUMED] = { "dtls.resumed", FACT_BOOL, "an earlier session was resumed", false },
	[F_OFFERS_SRTP] = { "dtls.offers_srtp", FACT_BOOL,
		"the client offers to agree on keys for SRTP", false },
	[F_SRTP] = { "dtls.srtp", FACT_TEXT, "the SRTP profile the server chose", false },
	[F_CERTIFICATE_REQUEST] = { "dtls.certificate_request", FACT_BOOL,
		"the server asked for a client certificate", false },
	[F_CLIENT_AUTH] = { "dtls.client_auth", FACT_TEXT,
		"how much of client authentication the handshake showed", false },
	CERTIFICATE_FACTS(F_SERVER_CERTIFICATE, "server"),
	CERTIFICATE_FACTS(F_CLIENT_CERTIFICATE, "client"),
	[F_ALERT] = { "dtls.alert", FACT_TEXT, "a clear alert, by its registered name", true },
	[F_ALERT_FROM] = { "dtls.alert_from", FACT_TEXT,
		"client or server: who sent the first alert", false },
};
/* clang-format on */

/* The message that a side's fragments make, as far as it has come (stream_buffer_get()). */
struct dtls_side {
	uint8_t type;
	uint16_t number;
	uint32_t len;
	bool has_ccs;
};

struct dtls {
	struct dtls_side side[2];
	bool has_hello, has_client;
	uint8_t client; /* side */
	bool has_server_hello, has_request, has_server_done, has_key_exchange;
	bool has_client_certificate, is_client_certificate_empty, has_verify;
	bool has_app_data;
	const char *refusal; /* a fatal alert in clear */
};

/* One record at the start of the datagram's rest. */
struct record {
	uint8_t type;
	uint16_t epoch;
	struct bytes body;
};

/* A piece of a handshake message in clear. */
struct fragment {
	uint8_t type;
	uint16_t number;
	uint32_t len, at; /* of the message; and where the piece belongs */
	struct bytes part;
};

static void text_fact(struct stream *stream, enum dtls_fact fact, const char *text)
{
	if (text)
		stream_fact_text(stream, &facts[fact], bytes_from_text(text));
}

/* ---- Records -------------------------------------------------------------------------------- */

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

/* The next piece of a handshake message in a record of epoch 0. False if there is none. */
static bool next_fragment(struct reader *r, struct fragment *fragment)
{
	fragment->type = reader_u8(r);
	fragment->len = reader_be24(r);
	fragment->number = reader_be16(r);
	fragment->at = reader_be24(r);
	uint32_t part = reader_be24(r);
	fragment->part = reader_take(r, part);
	return !r->is_short && fragment->at + part <= fragment->len;
}

static bool is_clear_handshake(const struct record *record)
{
	return record->type == HANDSHAKE && record->epoch == 0;
}

static bool is_hello(const struct record *record)
{
	struct reader r = reader_of(record->body);
	struct fragment f;
	return is_clear_handshake(record) && next_fragment(&r, &f) &&
	       (f.type == CLIENT_HELLO || f.type == SERVER_HELLO || f.type == HELLO_VERIFY_REQUEST);
}

/* NOT_MINE: no DTLS. MINE: a hello. MORE: whole records, but any of them might be chance. */
static enum detect_step look(struct bytes datagram)
{
	struct reader r = reader_of(datagram);
	bool has_any = false;
	while (reader_left(&r)) {
		struct record record;
		if (!read_record(&r, &record))
			return DETECT_NOT_MINE;
		has_any = true;
		if (is_hello(&record))
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

/* ---- Messages ------------------------------------------------------------------------------- */

static void note_client(struct stream *stream, struct dtls *dtls, unsigned side)
{
	if (dtls->has_client)
		return;
	dtls->has_client = true;
	dtls->client = (uint8_t)side;
	stream_state_opener(stream, side);
}

static void on_client_hello(struct stream *stream, struct bytes body)
{
	struct client_hello hello;
	char ja4[JA4_SIZE];
	if (!client_hello_parse(&hello, body, true))
		return;
	text_fact(stream, F_MAX_VERSION, tls_version_name(hello.max_version));
	if (hello.sni.len)
		stream_fact_text(stream, &facts[F_SNI], hello.sni);
	if (hello.has_srtp)
		stream_fact_bool(stream, &facts[F_OFFERS_SRTP], true);
	if (client_hello_ja4(&hello, ja4))
		text_fact(stream, F_JA4, ja4);
}

/* RFC 5764 4.1.2, RFC 7714 14.2. */
static const char *srtp_profile(uint16_t profile)
{
	switch (profile) {
	case 1:
		return "SRTP_AES128_CM_HMAC_SHA1_80";
	case 2:
		return "SRTP_AES128_CM_HMAC_SHA1_32";
	case 5:
		return "SRTP_NULL_HMAC_SHA1_80";
	case 6:
		return "SRTP_NULL_HMAC_SHA1_32";
	case 7:
		return "SRTP_AEAD_AES_128_GCM";
	case 8:
		return "SRTP_AEAD_AES_256_GCM";
	default:
		return "other";
	}
}

/* supported_versions and use_srtp of a ServerHello; the version is returned. */
static uint16_t read_server_extensions(struct stream *stream, struct reader r, uint16_t version)
{
	while (reader_left(&r) >= 4) {
		uint16_t type = reader_be16(&r);
		struct reader body = reader_of(reader_take(&r, reader_be16(&r)));
		if (type == 43 && reader_left(&body) == 2) {
			version = reader_be16(&body);
		} else if (type == 14 && reader_be16(&body) == 2) {
			uint16_t profile = reader_be16(&body);
			if (!body.is_short)
				text_fact(stream, F_SRTP, srtp_profile(profile));
		}
	}
	return version;
}

static void on_server_hello(struct stream *stream, struct dtls *dtls, struct bytes body)
{
	struct reader r = reader_of(body);
	uint16_t version = reader_be16(&r);
	reader_skip(&r, 32);
	reader_skip(&r, reader_u8(&r));
	uint16_t suite = reader_be16(&r);
	reader_u8(&r);
	if (r.is_short)
		return;
	reader_be16(&r);
	version = read_server_extensions(stream, r, version);
	const char *name = tls_suite_name(suite);
	char number[16];
	snprintf(number, sizeof(number), "0x%04x", suite);
	dtls->has_server_hello = true;
	text_fact(stream, F_VERSION, tls_version_name(version));
	text_fact(stream, F_SUITE, name ? name : number);
}

/* The list's first certificate is the end entity's own. */
static void on_certificate(struct stream *stream, struct dtls *dtls, bool is_client,
                           struct bytes body)
{
	struct reader r = reader_of(body);
	uint32_t list_len = reader_be24(&r);
	struct bytes leaf = reader_take(&r, reader_be24(&r));
	if (is_client) {
		dtls->has_client_certificate = true;
		dtls->is_client_certificate_empty = list_len == 0;
	}
	const struct cert_info *cert = leaf.len ? stream_certificate(stream, leaf) : NULL;
	if (cert)
		tls_state_certificate(
		        stream, &facts[is_client ? F_CLIENT_CERTIFICATE : F_SERVER_CERTIFICATE],
		        cert);
}

static void on_message(struct stream *stream, struct dtls *dtls, unsigned side, uint8_t type,
                       struct bytes body)
{
	bool is_client = dtls->has_client && side == dtls->client;
	switch (type) {
	case CLIENT_HELLO:
		if (is_client)
			on_client_hello(stream, body);
		break;
	case HELLO_VERIFY_REQUEST:
		stream_fact_bool(stream, &facts[F_COOKIE], true);
		break;
	case SERVER_HELLO:
		if (!is_client)
			on_server_hello(stream, dtls, body);
		break;
	case CERTIFICATE:
		on_certificate(stream, dtls, is_client, body);
		break;
	case CERTIFICATE_REQUEST:
		if (is_client)
			break;
		dtls->has_request = true;
		stream_fact_bool(stream, &facts[F_CERTIFICATE_REQUEST], true);
		break;
	case SERVER_HELLO_DONE:
		dtls->has_server_done |= !is_client;
		break;
	case CERTIFICATE_VERIFY:
		dtls->has_verify |= is_client;
		break;
	case CLIENT_KEY_EXCHANGE:
		dtls->has_key_exchange |= is_client;
		break;
	default:
		break;
	}
}

/* Adds a piece to its side's message. True when that is whole. */
static bool assemble(struct stream *stream, struct dtls *dtls, unsigned side,
                     const struct fragment *f, struct bytes *body)
{
	struct dtls_side *s = &dtls->side[side];
	if (f->part.len == f->len) {
		*body = f->part;
		return true;
	}
	bool is_same = s->len == f->len && s->number == f->number && s->type == f->type;
	if (f->len > MESSAGE_KEPT || (!is_same && f->at != 0))
		return false;
	if (!is_same) {
		stream_buffer_clear(stream, side);
		s->type = f->type;
		s->number = f->number;
		s->len = f->len;
	}
	size_t have = stream_buffer_get(stream, side).len;
	if (f->at > have)
		return false;
	*body = stream_buffer_add(stream, side, bytes_skip(f->part, have - f->at), s->len);
	return body->len == s->len;
}

static void on_fragment(struct stream *stream, struct dtls *dtls, unsigned side,
                        const struct fragment *f)
{
	struct bytes body;
	if (f->type == CLIENT_HELLO)
		note_client(stream, dtls, side);
	else if (f->type == SERVER_HELLO || f->type == HELLO_VERIFY_REQUEST)
		note_client(stream, dtls, !side);
	if (assemble(stream, dtls, side, f, &body))
		on_message(stream, dtls, side, f->type, body);
}

/* ---- How it ends ---------------------------------------------------------------------------- */

static enum client_auth read_client_auth(const struct dtls *dtls)
{
	if (dtls->has_client_certificate && !dtls->is_client_certificate_empty) {
		if (!dtls->has_verify)
			return CLIENT_AUTH_UNKNOWN;
		return dtls->has_request ? CLIENT_AUTH_GIVEN : CLIENT_AUTH_GIVEN_ONE_SIDE;
	}
	if (dtls->is_client_certificate_empty)
		return CLIENT_AUTH_EMPTY;
	if (dtls->has_server_done && !dtls->has_request)
		return CLIENT_AUTH_NOT_ASKED;
	return CLIENT_AUTH_UNKNOWN;
}

/* A server that changes its cipher without having ended its flight resumes a session. */
static void on_change_cipher_spec(struct stream *stream, struct dtls *dtls, unsigned side)
{
	struct dtls_side *s = &dtls->side[side];
	if (s->has_ccs || !dtls->has_client)
		return;
	s->has_ccs = true;
	if (side != dtls->client) {
		if (dtls->has_server_hello && !dtls->has_server_done && !dtls->has_key_exchange)
			stream_fact_bool(stream, &facts[F_RESUMED], true);
		return;
	}
	enum client_auth auth = read_client_auth(dtls);
	if (auth != CLIENT_AUTH_UNKNOWN)
		text_fact(stream, F_CLIENT_AUTH, client_auth_word(auth));
}

static void on_alert(struct stream *stream, struct dtls *dtls, unsigned side, struct bytes body)
{
	struct reader r = reader_of(body);
	uint8_t level = reader_u8(&r), alert = reader_u8(&r);
	if (r.is_short || reader_left(&r) || !dtls->has_client)
		return;
	text_fact(stream, F_ALERT, tls_alert_name(alert));
	text_fact(stream, F_ALERT_FROM, side == dtls->client ? "client" : "server");
	if (level == 2 && !dtls->refusal)
		dtls->refusal = tls_alert_name(alert);
}

static void on_record(struct stream *stream, struct dtls *dtls, unsigned side,
                      const struct record *record)
{
	struct reader r = reader_of(record->body);
	struct fragment fragment;
	if (record->type == APPLICATION_DATA)
		dtls->has_app_data = true;
	if (record->epoch != 0)
		return;
	if (record->type == CHANGE_CIPHER_SPEC)
		on_change_cipher_spec(stream, dtls, side);
	else if (record->type == ALERT)
		on_alert(stream, dtls, side, record->body);
	while (record->type == HANDSHAKE && reader_left(&r) && next_fragment(&r, &fragment))
		on_fragment(stream, dtls, side, &fragment);
}

/* ---- The detector --------------------------------------------------------------------------- */

/* The unified header of DTLS 1.3 has no version to check: it counts only after a hello. */
static bool is_unified(struct bytes datagram, bool has_hello)
{
	struct reader r = reader_of(datagram);
	return has_hello && (reader_u8(&r) & 0xe0) == 0x20;
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                uint64_t offset _unused_, unsigned flags _unused_)
{
	struct dtls *dtls = stream_state(stream);
	enum detect_step step = look(bytes);
	if (step == DETECT_NOT_MINE) {
		if (!is_unified(bytes, dtls->has_hello))
			return DETECT_NOT_MINE;
		dtls->has_app_data = true;
		return DETECT_MORE;
	}
	dtls->has_hello |= step == DETECT_MINE;
	stream_state_protocol(stream, PROTOCOL_DTLS,
	                      dtls->has_hello ? EVIDENCE_CONFIRMED : EVIDENCE_CONSISTENT);
	struct reader r = reader_of(bytes);
	struct record record;
	while (reader_left(&r) && read_record(&r, &record))
		on_record(stream, dtls, side, &record);
	return DETECT_MORE;
}

/* Only now is it known that nothing came of it. */
static void on_end(struct stream *stream)
{
	const struct dtls *dtls = stream_state(stream);
	if (dtls->refusal && !dtls->has_app_data && !stream_facts(stream)->has_media)
		stream_state_refusal(stream, dtls->refusal);
}

const struct detector detector_dtls = {
	.name = "dtls",
	.help = "DTLS: versions, certificates, SRTP, the key exchange before media",
	.facts = facts,
	.on_udp = true,
	.state_size = sizeof(struct dtls),
	.probe = probe,
	.on_data = on_data,
	.on_end = on_end,
};
