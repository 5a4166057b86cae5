/*
 * TLS and SSL over TCP (RFC 8446, RFC 5246, RFC 6101, SSLv2-style hellos of RFC 5246 E.2): what the
 * handshake offers, who authenticated, and how it ended. What is encrypted is only measured, unless
 * keys were given that fit: then it is read (tls_decrypt.c), and what is inside goes to the other
 * detectors as a stream of its own.
 *
 * Up to TLS 1.2 everything before ChangeCipherSpec is clear, so MTLS is read: CertificateRequest,
 * the client's Certificate and its CertificateVerify. In TLS 1.3 it is guessed from the length of
 * the client's first protected record, which is a lone Finished, an empty Certificate, or far
 * longer. A resumed session shows neither and points by a key to the handshake that did.
 *
 * Records are walked as a stream: a header, then bytes that are handed on by type. Handshake
 * messages are put together across records, of each the first 16 KiB (a leaf certificate comes
 * first). The Microsoft pseudo hello, which opens MS-TURN on port 443 and is a TLS 1.0
 * ClientHello in form, is left to its own detector.
 */
#include "detect/tls_parts.h"

#define MESSAGE_KEPT 16384
/* Of application data, for a renegotiation that asks for a certificate. */
#define LOOK_ON_BYTES  65536
#define LOOK_ON_13     8     /* protected records of a TLS 1.3 server whose client is not seen */
#define LOOK_FOR_HELLO 65536 /* bytes of a stream joined in its middle */
#define MAX_TICKETS    4
#define EMPTY_ALERT_13 19 /* two bytes, the inner type and a tag: only an alert is as short */

enum alert_number { CLOSE_NOTIFY = 0, NO_CERTIFICATE = 41, USER_CANCELED = 90 };

/* ---- Facts --------------------------------------------------------------------------------- */

enum tls_fact {
	F_VERSION,
	F_MAX_VERSION,
	F_SUITE,
	F_SNI,
	F_ALPN,
	F_ALPN_CHOSEN,
	F_JA3,
	F_JA4,
	F_SSLV2_HELLO,
	F_HELLO_RETRY,
	F_OFFERS_RESUMPTION,
	F_EARLY_DATA,
	F_RESUMED,
	F_CERTIFICATE_REQUEST,
	F_CLIENT_AUTH,
	F_SERVER_SUBJECT,
	F_SERVER_NAMES,
	F_SERVER_ISSUER,
	F_SERVER_NOT_BEFORE,
	F_SERVER_NOT_AFTER,
	F_SERVER_SHA256,
	F_SERVER_KEY_BITS,
	F_SERVER_SELF_SIGNED,
	F_CLIENT_SUBJECT,
	F_CLIENT_NAMES,
	F_CLIENT_ISSUER,
	F_CLIENT_NOT_BEFORE,
	F_CLIENT_NOT_AFTER,
	F_CLIENT_SHA256,
	F_CLIENT_KEY_BITS,
	F_CLIENT_SELF_SIGNED,
	F_ALERT,
	F_ALERT_FROM,
	F_ENCRYPTED_ALERT,
	F_RENEGOTIATED,
	F_CLEAR_ANSWER,
	F_DECRYPTED,
	F_DECRYPTION,
	N_TLS_FACTS
};

/* clang-format off */
static const struct fact_def facts[N_TLS_FACTS + 1] = {
	[F_VERSION] = { "tls.version", FACT_TEXT, "the version the server chose", false },
	[F_MAX_VERSION] = { "tls.max_version", FACT_TEXT,
		"the highest version the client offers", false },
	[F_SUITE] = { "tls.suite", FACT_TEXT, "the cipher suite the server chose", false },
	[F_SNI] = { "tls.sni", FACT_TEXT, "the server name the client asks for", false },
	[F_ALPN] = { "tls.alpn", FACT_TEXT, "application protocols the client offers", true },
	[F_ALPN_CHOSEN] = { "tls.alpn_chosen", FACT_TEXT,
		"the application protocol the server chose, where it is clear", false },
	[F_JA3] = { "tls.ja3", FACT_TEXT, "JA3 fingerprint of the client", false },
	[F_JA4] = { "tls.ja4", FACT_TEXT, "JA4 fingerprint of the client", false },
	[F_SSLV2_HELLO] = { "tls.sslv2_hello", FACT_BOOL,
		"the client opened with an SSLv2-style hello", false },
	[F_HELLO_RETRY] = { "tls.hello_retry", FACT_BOOL,
		"the server asked for a second ClientHello", false },
	[F_OFFERS_RESUMPTION] = { "tls.offers_resumption", FACT_BOOL,
		"the client offered a session id, a ticket or a pre-shared key", false },
	[F_EARLY_DATA] = { "tls.early_data", FACT_BOOL, "the client offered early data", false },
	[F_RESUMED] = { "tls.resumed", FACT_BOOL, "an earlier session was resumed", false },
	[F_CERTIFICATE_REQUEST] = { "tls.certificate_request", FACT_BOOL,
		"the server asked for a client certificate", false },
	[F_CLIENT_AUTH] = { "tls.client_auth", FACT_TEXT,
		"how much of client authentication the handshake showed", false },
	[F_SERVER_SUBJECT] = { "tls.server_cert.subject", FACT_TEXT,
		"who the server's certificate names", false },
	[F_SERVER_NAMES] = { "tls.server_cert.names", FACT_TEXT,
		"alternative names of the server's certificate, the first 16", true },
	[F_SERVER_ISSUER] = { "tls.server_cert.issuer", FACT_TEXT,
		"who signed the server's certificate", false },
	[F_SERVER_NOT_BEFORE] = { "tls.server_cert.not_before", FACT_NUMBER,
		"first second of the server's certificate, since 1970", false },
	[F_SERVER_NOT_AFTER] = { "tls.server_cert.not_after", FACT_NUMBER,
		"last second of the server's certificate, since 1970", false },
	[F_SERVER_SHA256] = { "tls.server_cert.sha256", FACT_TEXT,
		"SHA-256 of the server's certificate", false },
	[F_SERVER_KEY_BITS] = { "tls.server_cert.key_bits", FACT_NUMBER,
		"size of the server certificate's key", false },
	[F_SERVER_SELF_SIGNED] = { "tls.server_cert.self_signed", FACT_BOOL,
		"the server's certificate names itself as issuer", false },
	[F_CLIENT_SUBJECT] = { "tls.client_cert.subject", FACT_TEXT,
		"who the client's certificate names", false },
	[F_CLIENT_NAMES] = { "tls.client_cert.names", FACT_TEXT,
		"alternative names of the client's certificate, the first 16", true },
	[F_CLIENT_ISSUER] = { "tls.client_cert.issuer", FACT_TEXT,
		"who signed the client's certificate", false },
	[F_CLIENT_NOT_BEFORE] = { "tls.client_cert.not_before", FACT_NUMBER,
		"first second of the client's certificate, since 1970", false },
	[F_CLIENT_NOT_AFTER] = { "tls.client_cert.not_after", FACT_NUMBER,
		"last second of the client's certificate, since 1970", false },
	[F_CLIENT_SHA256] = { "tls.client_cert.sha256", FACT_TEXT,
		"SHA-256 of the client's certificate", false },
	[F_CLIENT_KEY_BITS] = { "tls.client_cert.key_bits", FACT_NUMBER,
		"size of the client certificate's key", false },
	[F_CLIENT_SELF_SIGNED] = { "tls.client_cert.self_signed", FACT_BOOL,
		"the client's certificate names itself as issuer", false },
	[F_ALERT] = { "tls.alert", FACT_TEXT, "a clear alert, by its registered name", true },
	[F_ALERT_FROM] = { "tls.alert_from", FACT_TEXT,
		"client or server: who sent the first alert", false },
	[F_ENCRYPTED_ALERT] = { "tls.encrypted_alert", FACT_BOOL,
		"an alert that cannot be read came before any application data", false },
	[F_RENEGOTIATED] = { "tls.renegotiated", FACT_BOOL,
		"a handshake came after application data", false },
	[F_CLEAR_ANSWER] = { "tls.clear_answer", FACT_BOOL,
		"a ClientHello was answered without TLS", false },
	[F_DECRYPTED] = { "tls.decrypted", FACT_BOOL,
		"records were opened with the keys that were given", false },
	[F_DECRYPTION] = { "tls.decryption", FACT_TEXT,
		"with keys: whether they opened the connection, or why not", false },
};
/* clang-format on */

/* ---- State --------------------------------------------------------------------------------- */

/* One direction. */
struct tls_side {
	uint8_t header[5];
	uint8_t n_header;
	uint8_t message[4]; /* header of the handshake message in the making */
	uint8_t n_message;
	uint8_t alert[2];
	uint8_t n_alert;
	uint8_t type;        /* of the record */
	uint16_t record_len; /* of the record, without its header */
	uint16_t record_left;
	uint32_t message_left; /* of the message's body */
	uint32_t message_len;
	uint32_t sslv2_left; /* of an SSLv2-style hello */
	uint16_t version;    /* of the last record */
	bool is_started;     /* its first byte was looked at */
	bool is_sslv2;       /* a hello in the style of SSL 2.0 is being gathered */
	bool is_seen;        /* its first record was walked and it was one */
	bool is_lost;        /* bytes are missing, or it is no TLS: nothing more is read */
	bool has_ccs;
	bool has_finished;    /* an encrypted handshake record came */
	bool skips_record;    /* the rest of this record is not for us */
	bool is_sealed;       /* this record is gathered, to be opened with keys */
	bool is_read;         /* TLS 1.3: its handshake was opened, up to its Finished */
	bool holds_finished;  /* up to TLS 1.2: this sealed record is its first */
	uint16_t n_protected; /* records of type application data, saturating */
	uint16_t last_protected_len;
};

struct tls {
	struct tls_side side[2];
	bool has_client; /* a hello told which side it is */
	uint8_t client;  /* side */
	bool has_client_hello, has_server_hello, has_retry;
	bool offers_sslv2;           /* by an SSLv2-style hello */
	bool is_ssl2, has_spoken[2]; /* SSL 2.0 was chosen; and a side said more than its hello */
	bool is_13;
	bool is_13_selected_psk, offers_early_data;
	bool has_request, has_server_done, has_key_exchange;
	bool has_client_certificate, is_client_certificate_empty, has_verify;
	bool is_resumed;
	bool is_handshake_done;
	bool has_app_data, is_renegotiated;
	bool reads_client;  /* TLS 1.3: its handshake is being opened, so lengths are not asked */
	bool is_inner_done; /* nobody wants more of what is inside */
	bool reads_again;   /* up to TLS 1.2: a second handshake is being opened */
	bool has_changed_again[2]; /* and this side uses its keys */
	bool is_same_id;           /* of its ServerHello and the one before */
	enum doubt former_doubt;
	bool is_client_finished; /* TLS 1.3: its Finished has been sent, as far as lengths tell */
	bool is_stated;
	bool has_ticket;
	uint8_t n_psk, n_new_tickets, n_noted_tickets;
	uint32_t early_bytes;   /* handed over before any hello */
	uint8_t n_server_after; /* TLS 1.3: server's protected records after the client's first */
	uint16_t offered_version;
	uint16_t suite;
	uint16_t first_protected; /* TLS 1.3: length of the client's first protected record */
	uint32_t app_bytes;
	uint8_t n_session_id;
	uint8_t session_id[32]; /* of the ServerHello */
	/* Digests: of the ticket that the client offered (TLS 1.3: the one that the server chose of
	 * psk), and of those that the server handed out. */
	uint8_t ticket[32];
	uint8_t psk[MAX_TICKETS][32];
	uint8_t new_tickets[MAX_TICKETS][32];
};

static bool is_from_client(const struct tls *tls, unsigned side)
{
	return tls->has_client && tls->client == side;
}

static struct tls_side *client_of(struct tls *tls)
{
	return &tls->side[tls->client];
}

static struct tls_side *server_of(struct tls *tls)
{
	return &tls->side[!tls->client];
}

/* Nothing of it was seen, or what was seen broke off. */
static bool is_out(const struct tls_side *s)
{
	return !s->is_seen || s->is_lost;
}

static void text_fact(struct stream *stream, enum tls_fact fact, const char *text)
{
	if (text && text[0])
		stream_fact_text(stream, &facts[fact], bytes_from_text(text));
}

static void bool_fact(struct stream *stream, enum tls_fact fact)
{
	stream_fact_bool(stream, &facts[fact], true);
}

/* ---- Sessions ------------------------------------------------------------------------------ */

/* What names a session: the server, and the id it gave or the ticket it issued. */
static void session_key(struct stream *stream, const struct tls *tls, char kind, struct bytes name,
                        uint8_t key[32])
{
	const struct flow *flow = stream_flow(stream);
	unsigned server = !tls->client;
	uint8_t text[16 + 2 + 1 + 32] = { 0 };
	memcpy(text, flow->addr[server].bytes, 16);
	text[16] = (uint8_t)(flow->port[server] >> 8);
	text[17] = (uint8_t)flow->port[server];
	text[18] = (uint8_t)kind;
	memcpy(text + 19, name.data, MIN(name.len, (size_t)32));
	sha256(BYTES(text, 19 + MIN(name.len, (size_t)32)), key);
}

static void emit_session(struct stream *stream, const struct tls *tls, char kind, struct bytes name)
{
	const struct facts *slots = stream_facts(stream);
	bool is_resumed = slots->client_auth == CLIENT_AUTH_RESUMED;
	struct note note = {
		.kind = NOTE_SESSION,
		.addr = stream_flow(stream)->addr[!tls->client],
		.port = stream_flow(stream)->port[!tls->client],
		.client_auth = slots->client_auth,
		.security = slots->security,
		.security_evidence = slots->security_evidence,
	};
	session_key(stream, tls, kind, name, note.session);
	if (is_resumed && !slots->has_session)
		return;
	if (is_resumed)
		memcpy(note.session_from, slots->session, sizeof(note.session_from));
	if (stream_decrypt(stream))
		tls_decrypt_remember(stream_decrypt(stream), note.session);
	stream_emit_note(stream, &note);
}

/*
 * Later flows may resume what this one showed. A resumed handshake has no id of its own, but may
 * hand out another ticket (RFC 5077 3.3).
 */
static void emit_sessions(struct stream *stream, struct tls *tls)
{
	bool has_id = tls->n_session_id && !tls->is_13;
	if (has_id && stream_facts(stream)->client_auth != CLIENT_AUTH_RESUMED)
		emit_session(stream, tls, 'i', BYTES(tls->session_id, tls->n_session_id));
	for (; tls->n_noted_tickets < tls->n_new_tickets; tls->n_noted_tickets++)
		emit_session(stream, tls, 't', BYTES(tls->new_tickets[tls->n_noted_tickets], 32));
}

/* A resumed one: which was it? A ticket is tried before an id (RFC 5077 3.4). */
static void state_session(struct stream *stream, const struct tls *tls)
{
	struct facts *slots = stream_facts(stream);
	struct bytes name = tls->has_ticket ? BYTES(tls->ticket, 32)
	                                    : BYTES(tls->session_id, tls->n_session_id);
	if (name.len == 0 || (tls->is_13 && !tls->has_ticket))
		return;
	session_key(stream, tls, tls->has_ticket ? 't' : 'i', name, slots->session);
	slots->has_session = true;
}

/* ---- What it all means --------------------------------------------------------------------- */

/* TLS 1.3: what the length of the client's first protected record says (RFC 8446 5.2, 4.4). */
static enum client_auth infer_client_auth(const struct tls *tls)
{
	/* Every record carries an inner type and a tag; CCM_8 has a short one. */
	unsigned tag = tls->suite == 0x1305 ? 8 : 16;
	unsigned len = tls->first_protected;
	bool may_be_256 = tls->suite != 0x1302, may_be_384 = tls->suite == 0x1302 || !tls->suite;
	unsigned empty = 4 + 4 + 1 + tag;
	for (unsigned hash = 32; hash <= 48; hash += 16) {
		if (!(hash == 32 ? may_be_256 : may_be_384))
			continue;
		unsigned finished = 4 + hash + 1 + tag;
		if (len == finished || len == empty || len == finished + 8)
			return CLIENT_AUTH_INFERRED_ABSENT;
	}
	/* The smallest certificate with any use is longer than a padded Finished should be. */
	return len >= 192 ? CLIENT_AUTH_INFERRED_GIVEN : CLIENT_AUTH_UNKNOWN;
}

/* Up to TLS 1.2: what the clear messages say. Called once the client has changed its cipher, or
 * never will. */
static enum client_auth read_client_auth(const struct tls *tls)
{
	if (tls->is_resumed)
		return CLIENT_AUTH_RESUMED;
	if (tls->has_client_certificate && !tls->is_client_certificate_empty) {
		if (!tls->has_verify)
			return CLIENT_AUTH_UNKNOWN;
		return tls->has_request ? CLIENT_AUTH_GIVEN : CLIENT_AUTH_GIVEN_ONE_SIDE;
	}
	if (tls->is_client_certificate_empty)
		return CLIENT_AUTH_EMPTY;
	if (tls->has_request)
		return tls->has_key_exchange ? CLIENT_AUTH_EMPTY : CLIENT_AUTH_UNKNOWN;
	if (tls->has_server_done || tls->has_key_exchange)
		return CLIENT_AUTH_NOT_ASKED;
	return CLIENT_AUTH_UNKNOWN;
}

static void state_auth(struct stream *stream, const struct tls *tls, enum client_auth auth)
{
	static const struct {
		enum security security;
		enum evidence evidence; /* at best */
		enum doubt doubt;
	} meaning[] = {
		[CLIENT_AUTH_UNKNOWN] = { SECURITY_TLS, EVIDENCE_CONSISTENT, DOUBT_HANDSHAKE_CUT },
		[CLIENT_AUTH_NOT_ASKED] = { SECURITY_TLS, EVIDENCE_CONFIRMED, DOUBT_NONE },
		[CLIENT_AUTH_EMPTY] = { SECURITY_TLS, EVIDENCE_CONFIRMED, DOUBT_NONE },
		[CLIENT_AUTH_GIVEN] = { SECURITY_MTLS, EVIDENCE_CONFIRMED, DOUBT_NONE },
		[CLIENT_AUTH_GIVEN_ONE_SIDE] = { SECURITY_MTLS, EVIDENCE_CONSISTENT, DOUBT_NONE },
		[CLIENT_AUTH_INFERRED_GIVEN] = { SECURITY_MTLS, EVIDENCE_INFERRED, DOUBT_NONE },
		[CLIENT_AUTH_INFERRED_ABSENT] = { SECURITY_TLS, EVIDENCE_INFERRED,
		                                  DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE },
		[CLIENT_AUTH_RESUMED] = { SECURITY_TLS, EVIDENCE_CONSISTENT,
		                          DOUBT_SESSION_RESUMED },
	};
	enum evidence evidence = meaning[auth].evidence;
	enum doubt doubt = meaning[auth].doubt;
	const struct tls_side *client = &tls->side[tls->client];
	bool is_read = tls->has_client_hello && tls->has_server_hello && tls->is_handshake_done;
	if (evidence == EVIDENCE_CONFIRMED && !is_read)
		evidence = EVIDENCE_CONSISTENT;
	if (auth == CLIENT_AUTH_UNKNOWN && tls->is_13 && (client->n_protected || !client->is_seen))
		doubt = DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE;
	if (doubt == DOUBT_NONE && !tls->is_handshake_done)
		doubt = DOUBT_HANDSHAKE_CUT;
	struct facts *slots = stream_facts(stream);
	slots->client_auth = (uint8_t)auth;
	stream_fact_text_again(stream, &facts[F_CLIENT_AUTH],
	                       bytes_from_text(client_auth_word(auth)));
	stream_state_security(stream, meaning[auth].security, evidence);
	stream_state_doubt(stream, doubt);
}

/* Says what is known of client authentication; once. */
static void conclude(struct stream *stream, struct tls *tls)
{
	if (tls->is_stated || !tls->has_client || tls->reads_client)
		return;
	tls->is_stated = true;
	/* The server's change of cipher may be lost; that data flows says it was there. */
	if (client_of(tls)->has_ccs &&
	    (tls->has_app_data || stream_flow(stream)->lost_bytes[!tls->client]))
		tls->is_handshake_done = true;
	enum client_auth auth;
	if (!tls->is_13)
		auth = read_client_auth(tls);
	else if (tls->is_13_selected_psk)
		auth = CLIENT_AUTH_RESUMED;
	else if (client_of(tls)->is_read)
		auth = read_client_auth(tls);
	else if (tls->offers_early_data || !tls->first_protected)
		auth = CLIENT_AUTH_UNKNOWN;
	else
		auth = infer_client_auth(tls);
	if (auth == CLIENT_AUTH_RESUMED) {
		bool_fact(stream, F_RESUMED);
		state_session(stream, tls);
	}
	stream_facts(stream)->is_handshake_done = tls->is_handshake_done;
	state_auth(stream, tls, auth);
	if (tls->is_handshake_done)
		emit_sessions(stream, tls);
}

/* Ended before application data by an alert: the reason is the alert, not a handshake cut short. */
static void refuse(struct stream *stream, struct tls *tls, const char *refusal)
{
	tls->reads_client = false;
	conclude(stream, tls);
	if (stream_facts(stream)->doubt == DOUBT_HANDSHAKE_CUT)
		stream_state_doubt(stream, DOUBT_NONE);
	stream_state_refusal(stream, refusal);
}

/* ---- Hellos -------------------------------------------------------------------------------- */

static void state_hello(struct stream *stream, struct tls *tls)
{
	bool is_both = tls->has_client_hello && tls->has_server_hello;
	stream_state_protocol(stream, PROTOCOL_TLS,
	                      is_both ? EVIDENCE_CONFIRMED : EVIDENCE_CONSISTENT);
}

static void note_client(struct stream *stream, struct tls *tls, unsigned client)
{
	if (tls->has_client)
		return;
	tls->has_client = true;
	tls->client = (uint8_t)client;
	if (!stream_is_inner(stream))
		stream_state_opener(stream, client);
}

static void state_fingerprints(struct stream *stream, const struct client_hello *hello)
{
	char ja3[JA3_SIZE], ja4[JA4_SIZE];
	if (client_hello_ja3(hello, ja3))
		text_fact(stream, F_JA3, ja3);
	if (client_hello_ja4(hello, ja4))
		text_fact(stream, F_JA4, ja4);
}

static void on_client_hello(struct stream *stream, struct tls *tls, unsigned side,
                            struct bytes body)
{
	struct client_hello hello;
	note_client(stream, tls, side);
	tls->has_client_hello = true;
	state_hello(stream, tls);
	bool is_whole = client_hello_parse(&hello, body, false);
	if (stream_decrypt(stream))
		tls_decrypt_client_hello(stream_decrypt(stream), body);
	tls->offered_version = hello.max_version;
	tls->offers_early_data |= hello.offers_early_data;
	if (hello.ticket.len) {
		tls->has_ticket = true;
		sha256(hello.ticket, tls->ticket);
	}
	struct reader psk = reader_of(hello.psk);
	struct bytes identity;
	for (tls->n_psk = 0; tls->n_psk < MAX_TICKETS && psk_next(&psk, &identity); tls->n_psk++)
		sha256(identity, tls->psk[tls->n_psk]);
	text_fact(stream, F_MAX_VERSION, tls_version_name(hello.max_version));
	if (hello.session_id.len || hello.ticket.len || hello.offers_psk)
		bool_fact(stream, F_OFFERS_RESUMPTION);
	if (hello.offers_early_data)
		bool_fact(stream, F_EARLY_DATA);
	if (hello.sni.len)
		stream_fact_text(stream, &facts[F_SNI], hello.sni);
	struct reader list = reader_of(hello.alpn);
	struct bytes name;
	for (unsigned i = 0; i < 8 && alpn_next(&list, &name); i++)
		stream_fact_text(stream, &facts[F_ALPN], name);
	if (is_whole)
		state_fingerprints(stream, &hello);
}

/* RFC 5246 E.2: version, lengths, then suites of three bytes. No extensions, no fingerprints. */
static void on_sslv2_hello(struct stream *stream, struct tls *tls, unsigned side, struct bytes body)
{
	struct reader r = reader_of(body);
	reader_u8(&r);
	note_client(stream, tls, side);
	tls->has_client_hello = tls->offers_sslv2 = true;
	tls->offered_version = reader_be16(&r);
	reader_be16(&r);
	if (reader_be16(&r) > 0)
		bool_fact(stream, F_OFFERS_RESUMPTION);
	state_hello(stream, tls);
	bool_fact(stream, F_SSLV2_HELLO);
	text_fact(stream, F_MAX_VERSION, tls_version_name(tls->offered_version));
}

static void state_version(struct stream *stream, struct tls *tls, uint16_t version)
{
	stream_facts(stream)->tls_version = version;
	tls->is_13 = version == 0x0304;
	text_fact(stream, F_VERSION, tls_version_name(version));
}

static void state_suite(struct stream *stream, struct tls *tls, uint16_t suite)
{
	struct facts *slots = stream_facts(stream);
	char number[16];
	tls->suite = suite;
	slots->tls_suite = suite;
	slots->is_weak_suite = tls_suite_is_weak(suite);
	snprintf(number, sizeof(number), "0x%04x", suite);
	const char *name = tls_suite_name(suite);
	text_fact(stream, F_SUITE, name ? name : number);
}

/* A ticket of TLS 1.2, if one was offered as well, is not what is resumed. */
static void select_psk(struct tls *tls, uint16_t identity)
{
	tls->is_13_selected_psk = true;
	tls->has_ticket = identity < tls->n_psk;
	if (tls->has_ticket)
		memcpy(tls->ticket, tls->psk[identity], sizeof(tls->ticket));
}

/* supported_versions, pre_shared_key and ALPN of a ServerHello; the version is returned. */
static uint16_t read_server_extensions(struct stream *stream, struct tls *tls, struct reader r,
                                       uint16_t version)
{
	while (reader_left(&r) >= 4) {
		uint16_t type = reader_be16(&r);
		struct reader body = reader_of(reader_take(&r, reader_be16(&r)));
		if (type == 43 && reader_left(&body) == 2)
			version = reader_be16(&body);
		else if (type == 41)
			select_psk(tls, reader_be16(&body));
		else if (type == 16) {
			struct reader list = reader_of(reader_take(&body, reader_be16(&body)));
			struct bytes name;
			if (alpn_next(&list, &name))
				stream_fact_text(stream, &facts[F_ALPN_CHOSEN], name);
		}
	}
	return version;
}

/* Both hellos are there: are there keys? */
static void start_decryption(struct stream *stream, struct tls *tls, struct bytes body,
                             uint16_t suite)
{
	struct tls_decrypt *decrypt = stream_decrypt(stream);
	if (!decrypt || !tls->has_client_hello)
		return;
	tls_decrypt_server_hello(decrypt, body, stream_facts(stream)->tls_version, suite);
	if (tls->offers_early_data)
		tls_decrypt_expect_early_data(decrypt);
	tls->reads_client = tls->is_13 && tls_decrypt_is_open(decrypt, true);
}

static void on_server_hello(struct stream *stream, struct tls *tls, unsigned side,
                            struct bytes body)
{
	/* SHA-256 of "HelloRetryRequest" stands for the random (RFC 8446 4.1.3). */
	const struct bytes retry =
	        BYTES_LITERAL("\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
	                      "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c");
	struct reader r = reader_of(body);
	uint16_t version = reader_be16(&r);
	bool is_retry = bytes_equal(reader_take(&r, 32), retry);
	struct bytes session_id = reader_take(&r, reader_u8(&r));
	uint16_t suite = reader_be16(&r);
	reader_u8(&r);
	note_client(stream, tls, !side);
	if (r.is_short)
		return;
	reader_be16(&r); /* length of the extensions, where there are any */
	version = read_server_extensions(stream, tls, r, version);
	if (is_retry) {
		tls->has_retry = true;
		tls->is_13 = true;
		bool_fact(stream, F_HELLO_RETRY);
		return;
	}
	tls->has_server_hello = true;
	state_hello(stream, tls);
	if (tls->is_renegotiated) {
		stream_facts(stream)->is_weak_suite |= tls_suite_is_weak(suite);
	} else {
		state_version(stream, tls, version);
		state_suite(stream, tls, suite);
	}
	start_decryption(stream, tls, body, suite);
	tls->is_same_id = tls->n_session_id &&
	                  bytes_equal(session_id, BYTES(tls->session_id, tls->n_session_id));
	tls->n_session_id = (uint8_t)MIN(session_id.len, sizeof(tls->session_id));
	if (tls->n_session_id)
		memcpy(tls->session_id, session_id.data, tls->n_session_id);
}

/* ---- Certificates and the rest of the clear handshake --------------------------------------- */

void tls_state_certificate(struct stream *stream, const struct fact_def *first,
                           const struct cert_info *cert)
{
	char digest[65];
	for (size_t i = 0; i < 32; i++)
		snprintf(digest + 2 * i, 3, "%02x", cert->sha256[i]);
	if (cert->subject[0])
		stream_fact_text(stream, &first[0], bytes_from_text(cert->subject));
	for (unsigned i = 0; i < cert->n_names; i++)
		stream_fact_text(stream, &first[1], bytes_from_text(cert->names[i]));
	if (cert->issuer[0])
		stream_fact_text(stream, &first[2], bytes_from_text(cert->issuer));
	stream_fact_number(stream, &first[3], cert->not_before);
	stream_fact_number(stream, &first[4], cert->not_after);
	stream_fact_text(stream, &first[5], bytes_from_text(digest));
	stream_fact_number(stream, &first[6], cert->key_bits);
	if (cert->is_self_signed)
		stream_fact_bool(stream, &first[7], true);
}

/* The list's first certificate is the end entity's own. */
static void on_certificate(struct stream *stream, struct tls *tls, unsigned side, struct bytes body)
{
	struct reader r = reader_of(body);
	bool is_client = is_from_client(tls, side);
	if (tls->is_13)
		reader_skip(&r, reader_u8(&r)); /* certificate_request_context */
	uint32_t list_len = reader_be24(&r);
	if (r.is_short)
		return;
	if (is_client) {
		tls->has_client_certificate = true;
		tls->is_client_certificate_empty = list_len == 0;
	}
	struct bytes leaf = reader_take(&r, reader_be24(&r));
	const struct cert_info *cert = leaf.len ? stream_certificate(stream, leaf) : NULL;
	if (cert)
		tls_state_certificate(
		        stream, &facts[is_client ? F_CLIENT_SUBJECT : F_SERVER_SUBJECT], cert);
}

/* In TLS 1.3 it comes behind the handshake, sealed. */
static void on_new_session_ticket(struct stream *stream, struct tls *tls, struct bytes body)
{
	struct reader r = reader_of(body);
	reader_be32(&r);
	if (tls->is_13) {
		reader_be32(&r); /* ticket_age_add */
		reader_skip(&r, reader_u8(&r));
	}
	struct bytes ticket = reader_take(&r, reader_be16(&r));
	if (ticket.len == 0 || tls->n_new_tickets == MAX_TICKETS)
		return;
	sha256(ticket, tls->new_tickets[tls->n_new_tickets++]);
	if (tls->is_13 && tls->is_stated && tls->is_handshake_done)
		emit_sessions(stream, tls);
}

/* TLS 1.3, opened with keys: this side's handshake is read to its end. */
static void on_finished_13(struct stream *stream, struct tls *tls, unsigned side)
{
	bool is_client = is_from_client(tls, side);
	if (tls->side[side].is_read) {
		/* The client was asked once more, behind its handshake (RFC 8446 4.6.2). */
		if (is_client && (tls->has_verify || !tls->is_13_selected_psk))
			state_auth(stream, tls, read_client_auth(tls));
		return;
	}
	tls->side[side].is_read = true;
	if (stream_decrypt(stream))
		tls_decrypt_finished(stream_decrypt(stream), is_client);
	if (!is_client) {
		tls->has_server_done = true;
		return;
	}
	/* With its Finished the client has said all: what it did not show it does not have. */
	tls->has_key_exchange = tls->is_client_finished = tls->is_handshake_done = true;
	tls->reads_client = false;
	conclude(stream, tls);
}

/*
 * A server that speaks nothing but SSL 2.0 (the Internet-Draft of Hickman, 1995): message 4 is its
 * hello, in front of its certificate; 0 is an error. All its ciphers rest on MD5, and nothing that
 * follows is read.
 */
static void on_sslv2_answer(struct stream *stream, struct tls *tls, struct bytes body)
{
	struct reader r = reader_of(body);
	uint8_t type = reader_u8(&r);
	if (type == 0) {
		refuse(stream, tls, "SSL 2.0 error");
		return;
	}
	reader_be16(&r); /* session_id_hit, certificate_type */
	uint16_t version = reader_be16(&r), cert_len = reader_be16(&r);
	reader_be32(&r); /* lengths of cipher_specs and connection_id */
	struct bytes leaf = reader_take(&r, cert_len);
	if (type != 4 || r.is_short || version != 0x0002)
		return;
	tls->has_server_hello = tls->is_ssl2 = true;
	state_hello(stream, tls);
	state_version(stream, tls, version);
	stream_facts(stream)->is_weak_suite = true;
	const struct cert_info *cert = leaf.len ? stream_certificate(stream, leaf) : NULL;
	if (cert)
		tls_state_certificate(stream, &facts[F_SERVER_SUBJECT], cert);
}

/* A whole handshake message, or its first MESSAGE_KEPT bytes. */
static void on_message(struct stream *stream, struct tls *tls, unsigned side, uint8_t type,
                       struct bytes body)
{
	bool is_client = is_from_client(tls, side);
	switch (type) {
	case CLIENT_HELLO:
		if (!tls->has_client || is_client)
			on_client_hello(stream, tls, side, body);
		break;
	case SERVER_HELLO:
		if (!tls->has_client || !is_client)
			on_server_hello(stream, tls, side, body);
		break;
	case NEW_SESSION_TICKET:
		if (!is_client)
			on_new_session_ticket(stream, tls, body);
		break;
	case CERTIFICATE:
		on_certificate(stream, tls, side, body);
		break;
	case CERTIFICATE_REQUEST:
		if (!is_client) {
			tls->has_request = true;
			bool_fact(stream, F_CERTIFICATE_REQUEST);
		}
		break;
	case SERVER_HELLO_DONE:
		tls->has_server_done |= !is_client;
		break;
	case CERTIFICATE_VERIFY:
		tls->has_verify |= is_client;
		break;
	case CLIENT_KEY_EXCHANGE:
		tls->has_key_exchange |= is_client;
		if (is_client && stream_decrypt(stream))
			tls_decrypt_key_exchange(stream_decrypt(stream), body);
		break;
	case FINISHED:
		if (tls->is_13)
			on_finished_13(stream, tls, side);
		break;
	case KEY_UPDATE:
		if (tls->is_13 && stream_decrypt(stream))
			tls_decrypt_key_update(stream_decrypt(stream), is_client);
		break;
	default:
		break;
	}
}

/* ---- Records ------------------------------------------------------------------------------- */

/* Fills a small array that a header is gathered in. True when it is full. */
static bool gather(uint8_t *to, uint8_t *n, uint8_t want, struct bytes *bytes)
{
	struct bytes part = bytes_take(*bytes, want - *n);
	if (part.len)
		memcpy(to + *n, part.data, part.len);
	*n += (uint8_t)part.len;
	*bytes = bytes_skip(*bytes, part.len);
	return *n == want;
}

/*
 * Once the cipher is changed a handshake record is encrypted, unless it is a second hello of
 * TLS 1.3, whose ChangeCipherSpec means nothing.
 */
static bool is_clear_after_change(const struct tls *tls, unsigned side)
{
	const struct tls_side *s = &tls->side[side];
	if (tls->is_handshake_done || (tls->has_server_hello && !tls->is_13) ||
	    s->message_len + 4 != s->record_len)
		return false;
	return is_from_client(tls, side) ? s->message[0] == CLIENT_HELLO
	                                 : s->message[0] == SERVER_HELLO && tls->has_retry;
}

/*
 * Up to TLS 1.2 the first encrypted handshake record of a side is its Finished. A further one
 * begins a new handshake, which may ask for what the first did not. Seen from the client alone, a
 * Finished without a key exchange before it tells a resumed session.
 */
static void on_encrypted_handshake(struct stream *stream, struct tls *tls, unsigned side)
{
	struct tls_side *s = &tls->side[side];
	if (tls->is_13 || !tls->has_client)
		return;
	if (s->has_finished && tls->is_handshake_done && !tls->is_renegotiated) {
		tls->is_renegotiated = true;
		bool_fact(stream, F_RENEGOTIATED);
		if (!tls->has_verify)
			stream_state_doubt(stream, DOUBT_RENEGOTIATED);
	} else if (is_from_client(tls, side) && !tls->has_server_hello && !tls->has_key_exchange) {
		tls->is_resumed = true;
		tls->is_handshake_done = true;
		conclude(stream, tls);
	}
	s->has_finished = true;
}

/*
 * The same with keys: the second handshake is read as the first was. What a client has shown once
 * stays shown; else what counts is what it shows now.
 */
static void begin_again(struct stream *stream, struct tls *tls)
{
	tls->is_renegotiated = true;
	bool_fact(stream, F_RENEGOTIATED);
	tls_decrypt_restart(stream_decrypt(stream));
	tls->has_changed_again[0] = tls->has_changed_again[1] = false;
	tls->reads_again = !tls->has_verify;
	if (!tls->reads_again)
		return;
	tls->has_request = tls->has_client_certificate = tls->is_client_certificate_empty = false;
	tls->has_server_done = tls->has_key_exchange = tls->is_resumed = false;
	tls->former_doubt = (enum doubt)stream_facts(stream)->doubt;
	stream_state_doubt(stream, DOUBT_RENEGOTIATED);
}

/* It resumed the session of this very connection, so what that one showed still stands. */
static bool is_own_session(const struct tls *tls)
{
	for (unsigned i = 0; tls->has_ticket && i < tls->n_new_tickets; i++)
		if (memcmp(tls->new_tickets[i], tls->ticket, sizeof(tls->ticket)) == 0)
			return true;
	return tls->is_same_id;
}

/* Both sides use the second handshake's keys. */
static void conclude_again(struct stream *stream, struct tls *tls)
{
	tls->reads_again = false;
	if (tls->has_server_done) {
		state_auth(stream, tls, read_client_auth(tls));
		emit_sessions(stream, tls);
	} else if (is_own_session(tls)) {
		stream_state_doubt(stream, tls->former_doubt);
	}
}

static void on_change_again(struct stream *stream, struct tls *tls, unsigned side)
{
	tls->has_changed_again[side] = true;
	if (tls->reads_again && tls->has_changed_again[!side])
		conclude_again(stream, tls);
}

/* Up to TLS 1.2 the handshake is hashed, its requests for another one apart. */
static void note_transcript(struct stream *stream, const struct tls *tls, unsigned side,
                            struct bytes bytes)
{
	const struct tls_side *s = &tls->side[side];
	bool is_client = is_from_client(tls, side) || s->message[0] == CLIENT_HELLO;
	if (stream_decrypt(stream) && s->message[0] != HELLO_REQUEST &&
	    !(s->is_sealed && tls->is_13))
		tls_decrypt_transcript(stream_decrypt(stream), is_client, bytes);
}

/* The header of a handshake message is whole. False if it is none: the record is encrypted. */
static bool begin_message(struct stream *stream, struct tls *tls, unsigned side)
{
	struct tls_side *s = &tls->side[side];
	struct reader r = reader_of(BYTES(s->message, 4));
	reader_u8(&r);
	s->message_left = s->message_len = reader_be24(&r);
	if (s->is_sealed && !tls->is_13 && s->message[0] == CLIENT_HELLO &&
	    is_from_client(tls, side))
		begin_again(stream, tls);
	note_transcript(stream, tls, side, BYTES(s->message, 4));
	if (!s->has_ccs || s->is_sealed || is_clear_after_change(tls, side))
		return true;
	s->skips_record = true;
	s->n_message = 0;
	on_encrypted_handshake(stream, tls, side);
	return false;
}

static void walk_handshake(struct stream *stream, struct tls *tls, unsigned side,
                           struct bytes bytes)
{
	struct tls_side *s = &tls->side[side];
	while (bytes.len) {
		if (s->n_message < 4 && (!gather(s->message, &s->n_message, 4, &bytes) ||
		                         !begin_message(stream, tls, side)))
			return;
		struct bytes part = bytes_take(bytes, s->message_left);
		note_transcript(stream, tls, side, part);
		stream_buffer_add(stream, side, part, MESSAGE_KEPT);
		bytes = bytes_skip(bytes, part.len);
		s->message_left -= (uint32_t)part.len;
		if (s->message_left)
			return;
		on_message(stream, tls, side, s->message[0], stream_buffer_get(stream, side));
		stream_buffer_clear(stream, side);
		s->n_message = 0;
	}
}

/* True if this alert ends the connection for a reason. */
static bool is_refusal(const struct tls *tls, uint8_t level, uint8_t alert)
{
	if (alert == CLOSE_NOTIFY || alert == USER_CANCELED)
		return false;
	return level == 2 || tls->is_13;
}

static void on_alert(struct stream *stream, struct tls *tls, unsigned side, uint8_t level,
                     uint8_t alert)
{
	if (!tls->has_client)
		return;
	bool is_client = is_from_client(tls, side);
	text_fact(stream, F_ALERT, tls_alert_name(alert));
	text_fact(stream, F_ALERT_FROM, is_client ? "client" : "server");
	if (alert == NO_CERTIFICATE && is_client) { /* SSL 3.0: instead of an empty Certificate */
		tls->has_client_certificate = tls->is_client_certificate_empty = true;
		if (level != 2)
			return;
	}
	if (is_refusal(tls, level, alert) && !tls->has_app_data)
		refuse(stream, tls, tls_alert_name(alert));
}

static void walk_alert(struct stream *stream, struct tls *tls, unsigned side, struct bytes bytes)
{
	struct tls_side *s = &tls->side[side];
	if (bytes.len && gather(s->alert, &s->n_alert, 2, &bytes))
		on_alert(stream, tls, side, s->alert[0], s->alert[1]);
}

/* A resumed session is opened by what opened its first handshake. */
static void resume_decryption(struct stream *stream, const struct tls *tls)
{
	struct tls_decrypt *decrypt = stream_decrypt(stream);
	uint8_t key[32];
	if (!decrypt)
		return;
	if (tls->has_ticket) {
		session_key(stream, tls, 't', BYTES(tls->ticket, 32), key);
		tls_decrypt_resume(decrypt, key);
	}
	session_key(stream, tls, 'i', BYTES(tls->session_id, tls->n_session_id), key);
	if (tls->n_session_id)
		tls_decrypt_resume(decrypt, key);
}

/* Up to TLS 1.2. In TLS 1.3 the record stands there only for old boxes on the way. */
static void on_change_cipher_spec(struct stream *stream, struct tls *tls, unsigned side)
{
	struct tls_side *s = &tls->side[side];
	s->has_ccs = true;
	s->n_message = 0;
	stream_buffer_clear(stream, side);
	if (tls->is_13 || !tls->has_client)
		return;
	const struct tls_side *client = client_of(tls), *server = server_of(tls);
	bool is_answer = s == server && tls->has_server_hello && !tls->has_server_done;
	if (is_answer)
		resume_decryption(stream, tls);
	if (stream_decrypt(stream))
		tls_decrypt_change_cipher(stream_decrypt(stream), is_from_client(tls, side));
	if (tls->is_renegotiated) {
		on_change_again(stream, tls, side);
		return;
	}
	tls->is_resumed |= is_answer;
	if (s == client && !tls->has_key_exchange) {
		/* TLS 1.3, or resumed: seen from the client alone its next record tells. */
		if (!tls->has_server_hello)
			return;
		tls->is_resumed |= !tls->has_server_done;
	}
	if ((client->has_ccs || is_out(client)) && (server->has_ccs || is_out(server))) {
		tls->is_handshake_done = true;
		conclude(stream, tls);
	}
}

static void on_app_data(struct stream *stream, struct tls *tls, uint16_t len)
{
	if (!tls->has_app_data) {
		tls->has_app_data = true;
		stream_facts(stream)->has_app_data = true;
		if (tls->is_handshake_done)
			conclude(stream, tls);
	}
	tls->app_bytes += len;
}

/* It may ask for a certificate, but out of sight. */
static void on_sslv2_more(struct stream *stream, struct tls *tls, unsigned side)
{
	tls->has_spoken[side] = true;
	if (!tls->has_spoken[!side])
		return;
	tls->is_handshake_done = true;
	conclude(stream, tls);
	on_app_data(stream, tls, 0);
}

/* TLS 1.3: the client's first protected record is as short as only an alert is. */
static bool is_first_alert(const struct tls *tls)
{
	return tls->first_protected == 2 + 1 + 16 ||
	       (tls->suite == 0x1305 && tls->first_protected == 2 + 1 + 8);
}

static void refuse_unread(struct stream *stream, struct tls *tls)
{
	bool_fact(stream, F_ENCRYPTED_ALERT);
	refuse(stream, tls, "encrypted alert");
}

/* TLS 1.3: the client's protected records, of which the first tells most. */
static void on_client_protected(struct stream *stream, struct tls *tls, uint16_t len)
{
	if (!tls->first_protected) {
		tls->first_protected = len;
		if (is_first_alert(tls)) {
			if (!tls->reads_client)
				refuse_unread(stream, tls);
			return;
		}
		/* The one case that goes on: an empty Certificate, or a Certificate alone. */
		bool is_finished =
		        infer_client_auth(tls) == CLIENT_AUTH_INFERRED_ABSENT && len > 25;
		tls->is_client_finished = is_finished || tls->is_13_selected_psk;
	} else if (tls->is_client_finished) {
		if (!tls->reads_client)
			on_app_data(stream, tls, len);
	} else {
		unsigned n = client_of(tls)->n_protected;
		tls->is_client_finished = len == 45 || len == 53 || len == 69 || n >= 3;
	}
	if (tls->is_client_finished && !tls->is_handshake_done) {
		tls->is_handshake_done = true;
		conclude(stream, tls);
	}
}

/* A server that answers a whole handshake with nothing but an alert, and goes. */
static void weigh_server_end(struct stream *stream, struct tls *tls)
{
	if (!tls->is_13 || !tls->has_client || tls->n_server_after != 1 ||
	    !tls->is_client_finished || server_of(tls)->last_protected_len != EMPTY_ALERT_13 ||
	    client_of(tls)->last_protected_len == EMPTY_ALERT_13 ||
	    stream_facts(stream)->is_inside_tls ||
	    tls_decrypt_is_open(stream_decrypt(stream), false))
		return;
	refuse_unread(stream, tls);
}

static void on_protected(struct stream *stream, struct tls *tls, unsigned side, uint16_t len)
{
	struct tls_side *s = &tls->side[side];
	if (s->n_protected < UINT16_MAX)
		s->n_protected++;
	s->last_protected_len = len;
	if (!tls->has_client)
		return;
	bool is_client = is_from_client(tls, side);
	/* Seen from the client alone: protected data without a key exchange is TLS 1.3. */
	if (is_client && !tls->has_server_hello && !tls->has_key_exchange &&
	    tls->offered_version == 0x0304 && !tls->is_resumed && !tls->is_13)
		state_version(stream, tls, 0x0304);
	if (!tls->is_13)
		on_app_data(stream, tls, len);
	else if (is_client)
		on_client_protected(stream, tls, len);
	else if (client_of(tls)->n_protected)
		tls->n_server_after = MIN(tls->n_server_after + 1, UINT8_MAX);
	else if (s->n_protected >= LOOK_ON_13 && is_out(client_of(tls)))
		conclude(stream, tls);
}

/* ---- With keys ------------------------------------------------------------------------------ */

static bool is_to_be_opened(struct stream *stream, const struct tls *tls, unsigned side)
{
	uint8_t type = tls->side[side].type;
	if (!tls->has_client ||
	    !tls_decrypt_is_open(stream_decrypt(stream), is_from_client(tls, side)))
		return false;
	return tls->is_13 ? type == APPLICATION_DATA : type != CHANGE_CIPHER_SPEC;
}

/* No more is opened: from here on lengths have to tell, as if no keys had been given. */
static void stop_reading(struct stream *stream, struct tls *tls)
{
	bool was_reading = tls->reads_client;
	tls_decrypt_stop(stream_decrypt(stream));
	tls->is_inner_done = true;
	tls->reads_client = tls->reads_again = false;
	for (unsigned i = 0; i < 2 && !tls->is_13; i++) {
		tls->side[i].n_message = 0;
		stream_buffer_clear(stream, i);
	}
	if (!was_reading)
		return;
	if (is_first_alert(tls) && client_of(tls)->n_protected == 1)
		refuse_unread(stream, tls);
	else if (tls->is_handshake_done)
		conclude(stream, tls);
}

/* Is a second handshake, or a later request for a certificate, still worth looking for? */
static bool reads_on(const struct tls *tls)
{
	return tls->reads_client || tls->reads_again ||
	       (!tls->has_verify && tls->app_bytes < LOOK_ON_BYTES);
}

/* What a record held. */
static void on_opened(struct stream *stream, struct tls *tls, unsigned side, uint8_t type,
                      struct bytes plain)
{
	bool_fact(stream, F_DECRYPTED);
	if (type == HANDSHAKE)
		walk_handshake(stream, tls, side, plain);
	else if (type == ALERT)
		walk_alert(stream, tls, side, plain);
	else if (type == APPLICATION_DATA && plain.len && !tls->is_inner_done)
		tls->is_inner_done = !stream_feed_inner(stream, side, plain);
	if (tls->is_inner_done && !reads_on(tls))
		tls_decrypt_stop(stream_decrypt(stream));
}

static void open_record(struct stream *stream, struct tls *tls, unsigned side)
{
	struct tls_decrypt *decrypt = stream_decrypt(stream);
	struct bytes plain = BYTES(NULL, 0);
	uint8_t type = 0;
	switch (tls_decrypt_open(decrypt, is_from_client(tls, side), &type, &plain)) {
	case TLS_OPENED:
		on_opened(stream, tls, side, type, plain);
		break;
	case TLS_PASSED:
		break;
	case TLS_FAILED:
		stop_reading(stream, tls);
		if (tls->side[side].type == HANDSHAKE && !tls->side[side].holds_finished)
			on_encrypted_handshake(stream, tls, side);
		break;
	case TLS_ENOUGH:
		stop_reading(stream, tls);
		break;
	}
}

/* Is there more inside that somebody wants? */
static bool wants_inside(struct stream *stream, const struct tls *tls)
{
	const struct tls_decrypt *decrypt = stream_decrypt(stream);
	return (!tls->is_inner_done || reads_on(tls)) &&
	       (tls_decrypt_is_open(decrypt, true) || tls_decrypt_is_open(decrypt, false));
}

/* A record's header has come. */
static void on_record(struct stream *stream, struct tls *tls, unsigned side)
{
	struct tls_side *s = &tls->side[side];
	s->skips_record = false;
	s->n_alert = 0;
	s->is_sealed = is_to_be_opened(stream, tls, side);
	if (s->is_sealed)
		tls_decrypt_begin(stream_decrypt(stream), is_from_client(tls, side), s->header);
	switch (s->type) {
	case CHANGE_CIPHER_SPEC:
		on_change_cipher_spec(stream, tls, side);
		break;
	case ALERT:
		s->skips_record = s->record_len != 2;
		if (s->skips_record && s->has_ccs && !tls->has_app_data && !s->is_sealed)
			bool_fact(stream, F_ENCRYPTED_ALERT);
		break;
	case APPLICATION_DATA:
		on_protected(stream, tls, side, s->record_len);
		break;
	case HANDSHAKE:
		s->holds_finished = s->is_sealed && !s->has_finished;
		s->has_finished |= s->is_sealed;
		break;
	default:
		break;
	}
}

/* ---- The stream of records ----------------------------------------------------------------- */

/* Not a record where one must be. On the server's first bytes this is an answer without TLS. */
static void on_broken(struct stream *stream, struct tls *tls, unsigned side)
{
	struct tls_side *s = &tls->side[side];
	s->is_lost = true;
	if (!s->is_seen && tls->has_client_hello && !is_from_client(tls, side) &&
	    !stream_facts(stream)->has_gap && stream_facts(stream)->from_start[side]) {
		bool_fact(stream, F_CLEAR_ANSWER);
		refuse(stream, tls, "answered without TLS");
	}
}

/* A side's first record is a hello, or we came too late for that side. A server may refuse first.
 */
static bool is_first_record_good(const struct tls *tls, unsigned side)
{
	const struct tls_side *s = &tls->side[side];
	if (s->type == HANDSHAKE && !s->has_ccs)
		return true;
	return s->type == ALERT && tls->has_client_hello && !is_from_client(tls, side);
}

/* Takes the header's bytes; true when the record begins. */
static bool take_header(struct stream *stream, struct tls *tls, unsigned side, struct bytes *bytes)
{
	struct tls_side *s = &tls->side[side];
	bool is_whole = gather(s->header, &s->n_header, 5, bytes);
	/* The first byte alone already tells clear text. */
	if (s->n_header &&
	    (s->header[0] < CHANGE_CIPHER_SPEC || s->header[0] > APPLICATION_DATA + 1))
		on_broken(stream, tls, side);
	if (s->is_lost || !is_whole)
		return false;
	struct reader r = reader_of(BYTES(s->header, 5));
	s->type = reader_u8(&r);
	s->version = reader_be16(&r);
	s->record_len = s->record_left = reader_be16(&r);
	s->n_header = 0;
	if (!tls_is_record(s->type, s->version, s->record_len)) {
		on_broken(stream, tls, side);
		return false;
	}
	if (!s->is_seen && !is_first_record_good(tls, side)) {
		s->is_lost = true;
		return false;
	}
	s->is_seen = true;
	on_record(stream, tls, side);
	return true;
}

static void walk_records(struct stream *stream, struct tls *tls, unsigned side, struct bytes bytes)
{
	struct tls_side *s = &tls->side[side];
	while (bytes.len && !s->is_lost) {
		if (s->record_left == 0 && !take_header(stream, tls, side, &bytes))
			continue;
		struct bytes part = bytes_take(bytes, s->record_left);
		bytes = bytes_skip(bytes, part.len);
		s->record_left -= (uint16_t)part.len;
		if (s->is_sealed) {
			/* The other side's record may have ended it since. */
			if (is_to_be_opened(stream, tls, side)) {
				tls_decrypt_add(stream_decrypt(stream), is_from_client(tls, side),
				                part);
				if (s->record_left == 0)
					open_record(stream, tls, side);
			}
		} else if (s->type == HANDSHAKE && !s->skips_record) {
			walk_handshake(stream, tls, side, part);
		} else if (s->type == ALERT && !s->skips_record) {
			walk_alert(stream, tls, side, part);
		}
	}
}

/* A hello of SSL 2.0: a 15-bit length and that many bytes, in front of everything else. */
static struct bytes walk_sslv2(struct stream *stream, struct tls *tls, unsigned side,
                               struct bytes bytes)
{
	struct tls_side *s = &tls->side[side];
	if (s->n_header < 2) {
		if (!gather(s->header, &s->n_header, 2, &bytes))
			return bytes;
		s->sslv2_left = (uint32_t)(s->header[0] & 0x7f) << 8 | s->header[1];
	}
	struct bytes part = bytes_take(bytes, s->sslv2_left);
	stream_buffer_add(stream, side, part, MESSAGE_KEPT);
	s->sslv2_left -= (uint32_t)part.len;
	if (s->sslv2_left == 0) {
		struct bytes body = stream_buffer_get(stream, side);
		if (tls->offers_sslv2 && !is_from_client(tls, side))
			on_sslv2_answer(stream, tls, body);
		else
			on_sslv2_hello(stream, tls, side, body);
		stream_buffer_clear(stream, side);
		s->is_sslv2 = false;
		s->is_seen = true;
		s->n_header = 0;
	}
	return bytes_skip(bytes, part.len);
}

/* ---- The detector -------------------------------------------------------------------------- */

/* No hello on either side: all that can be told is that it is TLS. */
static void state_midstream(struct stream *stream)
{
	stream_state_protocol(stream, PROTOCOL_TLS, EVIDENCE_CONSISTENT);
	stream_state_security(stream, SECURITY_TLS, EVIDENCE_CONSISTENT);
	stream_state_doubt(stream, DOUBT_MIDSTREAM);
	stream_facts(stream)->has_app_data = true;
}

/* Nothing more to learn? */
static bool is_enough(struct stream *stream, struct tls *tls)
{
	if (!tls->has_client)
		return (tls->side[0].is_lost && tls->side[1].is_lost) ||
		       tls->early_bytes >= LOOK_FOR_HELLO;
	if (client_of(tls)->is_lost)
		return true;
	if (tls->is_stated && wants_inside(stream, tls))
		return false;
	if (tls->is_renegotiated)
		return true;
	if (!tls->is_stated)
		return false;
	if (tls->is_ssl2)
		return true;
	if (!tls->has_app_data)
		return tls->is_13 && is_out(client_of(tls));
	if (tls->is_13)
		return tls->n_server_after > 1 || is_out(server_of(tls)) ||
		       (tls->n_server_after == 1 &&
		        server_of(tls)->last_protected_len != EMPTY_ALERT_13);
	return tls->has_verify || tls->app_bytes >= LOOK_ON_BYTES;
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                uint64_t offset _unused_, unsigned flags)
{
	struct tls *tls = stream_state(stream);
	struct tls_side *s = &tls->side[side];
	if (flags & STREAM_GAP && s->is_started)
		s->is_lost = true;
	if (!tls->has_client)
		tls->early_bytes += (uint32_t)bytes.len;
	if (bytes.len && !s->is_started) {
		s->is_started = true;
		bool may_be = !tls->has_client || (tls->offers_sslv2 && !is_from_client(tls, side));
		s->is_sslv2 = may_be && bytes.data[0] & 0x80;
	}
	if (s->is_sslv2 && !s->is_lost)
		bytes = walk_sslv2(stream, tls, side, bytes);
	if (tls->is_ssl2 && bytes.len)
		on_sslv2_more(stream, tls, side);
	else if (!s->is_sslv2)
		walk_records(stream, tls, side, bytes);
	if (flags & STREAM_END && !is_from_client(tls, side))
		weigh_server_end(stream, tls);
	if (stream_facts(stream)->is_refused || is_enough(stream, tls))
		return DETECT_DONE;
	return DETECT_MORE;
}

static void on_end(struct stream *stream)
{
	struct tls *tls = stream_state(stream);
	text_fact(stream, F_DECRYPTION, tls_decrypt_outcome(stream_decrypt(stream)));
	if (!tls->has_client) {
		state_midstream(stream);
		return;
	}
	weigh_server_end(stream, tls);
	tls->reads_client = false;
	conclude(stream, tls);
}

const struct detector detector_tls = {
	.name = "tls",
	.help = "TLS and SSL: versions, suites, certificates, and whether the client authenticated",
	.facts = facts,
	.on_tcp = true,
	.state_size = sizeof(struct tls),
	.probe = tls_probe,
	.on_data = on_data,
	.on_end = on_end,
};
