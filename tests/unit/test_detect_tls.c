/*
 * The TLS detector on real handshakes (tls_handshakes.h), each cut in four ways, seen from one
 * side, and broken off; and on hellos and records written by hand. Fingerprints and certificate
 * values were taken from the openssl and tshark commands, not from this program.
 */
#include "detect_hex.h"
#include "tls_handshakes.h"

enum cut {
	WHOLE,    /* as the ends wrote it */
	BYTES,    /* one byte per segment */
	SEVENS,   /* seven bytes per segment */
	REVERSED, /* each piece in segments of 100 bytes, the last one first */
	N_CUTS
};

#define BOTH (-1)

static size_t piece_bytes(const struct tls_piece *piece, uint8_t *out)
{
	size_t n = strlen(piece->hex) / 2;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(hex_digit(piece->hex[2 * i]) << 4 |
		                   hex_digit(piece->hex[2 * i + 1]));
	return n;
}

static void feed_piece(struct feed *feed, const struct tls_piece *piece, enum cut cut)
{
	uint8_t data[4096];
	size_t n = piece_bytes(piece, data);
	unsigned side = (unsigned)piece->side;
	if (cut == REVERSED)
		feed_tcp_reversed(feed, side, data, n, 100);
	else
		feed_tcp_split(feed, side, data, n, cut == BYTES ? 1 : cut == SEVENS ? 7 : n);
}

/* The first n_pieces of a handshake (0: all), both sides of it or one, then the end of the flow. */
static void feed_handshake(struct feed *feed, const struct tls_piece *pieces, enum cut cut,
                           int only, unsigned n_pieces)
{
	feed_open_tcp(feed);
	for (unsigned i = 0; pieces[i].side >= 0 && (n_pieces == 0 || i < n_pieces); i++)
		if (only == BOTH || only == pieces[i].side)
			feed_piece(feed, &pieces[i], cut);
	feed_finish(feed);
}

struct expected {
	enum security security;
	enum evidence evidence;
	enum client_auth auth;
	enum doubt doubt;
	uint16_t version;
	const char *refusal;
	bool is_done, has_data;
};

static void check(const struct feed *feed, const struct expected *expected, const char *what)
{
	const struct facts *facts = feed->flow.facts;
	cr_expect_eq(facts->protocol, PROTOCOL_TLS, "%s", what);
	cr_expect_eq(facts->security, expected->security, "%s: security %s", what,
	             security_word((enum security)facts->security));
	cr_expect_eq(facts->security_evidence, expected->evidence, "%s: evidence %s", what,
	             evidence_word((enum evidence)facts->security_evidence));
	cr_expect_eq(facts->client_auth, expected->auth, "%s: client auth %s", what,
	             client_auth_word((enum client_auth)facts->client_auth));
	cr_expect_eq(facts->doubt, expected->doubt, "%s: doubt %s", what,
	             doubt_word((enum doubt)facts->doubt));
	cr_expect_eq(facts->tls_version, expected->version, "%s: version %04x", what,
	             facts->tls_version);
	cr_expect_eq(facts->is_refused, expected->refusal != NULL, "%s: refused", what);
	if (expected->refusal)
		cr_expect_str_eq(facts->refusal ? facts->refusal : "(none)", expected->refusal,
		                 "%s", what);
	cr_expect_eq(facts->is_handshake_done, expected->is_done, "%s: handshake done", what);
	cr_expect_eq(facts->has_app_data, expected->has_data, "%s: data", what);
}

static const struct {
	const char *name;
	const struct tls_piece *pieces;
	struct expected expected;
} cases[] = {
	{ "tls12 plain",
	  tls12_plain,
	  { SECURITY_TLS, EVIDENCE_CONFIRMED, CLIENT_AUTH_NOT_ASKED, DOUBT_NONE, 0x303, NULL, true,
	    true } },
	{ "tls12 mutual",
	  tls12_mutual,
	  { SECURITY_MTLS, EVIDENCE_CONFIRMED, CLIENT_AUTH_GIVEN, DOUBT_NONE, 0x303, NULL, true,
	    true } },
	{ "tls12 empty",
	  tls12_empty,
	  { SECURITY_TLS, EVIDENCE_CONFIRMED, CLIENT_AUTH_EMPTY, DOUBT_NONE, 0x303, NULL, true,
	    true } },
	{ "tls12 rejected",
	  tls12_rejected,
	  { SECURITY_MTLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_GIVEN, DOUBT_NONE, 0x303, "unknown_ca",
	    false, false } },
	{ "tls12 required",
	  tls12_required,
	  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_EMPTY, DOUBT_NONE, 0x303,
	    "handshake_failure", false, false } },
	{ "tls12 id first",
	  tls12_id_first,
	  { SECURITY_MTLS, EVIDENCE_CONFIRMED, CLIENT_AUTH_GIVEN, DOUBT_NONE, 0x303, NULL, true,
	    true } },
	{ "tls12 id again",
	  tls12_id_again,
	  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_RESUMED, DOUBT_SESSION_RESUMED, 0x303,
	    NULL, true, true } },
	{ "tls12 ticket again",
	  tls12_ticket_again,
	  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_RESUMED, DOUBT_SESSION_RESUMED, 0x303,
	    NULL, true, true } },
	{ "tls13 plain",
	  tls13_plain,
	  { SECURITY_TLS, EVIDENCE_INFERRED, CLIENT_AUTH_INFERRED_ABSENT,
	    DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE, 0x304, NULL, true, true } },
	{ "tls13 mutual",
	  tls13_mutual,
	  { SECURITY_MTLS, EVIDENCE_INFERRED, CLIENT_AUTH_INFERRED_GIVEN, DOUBT_NONE, 0x304, NULL,
	    true, true } },
	{ "tls13 empty",
	  tls13_empty,
	  { SECURITY_TLS, EVIDENCE_INFERRED, CLIENT_AUTH_INFERRED_ABSENT,
	    DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE, 0x304, NULL, true, true } },
	{ "tls13 required",
	  tls13_required,
	  { SECURITY_TLS, EVIDENCE_INFERRED, CLIENT_AUTH_INFERRED_ABSENT,
	    DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE, 0x304, "encrypted alert", true, false } },
	{ "tls13 untrusted",
	  tls13_untrusted,
	  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_UNKNOWN, DOUBT_NONE, 0x304, "unknown_ca",
	    false, false } },
	{ "tls13 psk",
	  tls13_psk,
	  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_RESUMED, DOUBT_SESSION_RESUMED, 0x304,
	    NULL, true, true } },
	{ "tls13 retry",
	  tls13_retry,
	  { SECURITY_TLS, EVIDENCE_INFERRED, CLIENT_AUTH_INFERRED_ABSENT,
	    DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE, 0x304, NULL, true, true } },
};

/* Two flows' facts say the same, but for packet numbers. */
static void check_same_list(const struct facts *a, const struct facts *b, const char *what)
{
	const struct fact *x = a->list, *y = b->list;
	for (; x && y; x = x->next, y = y->next) {
		cr_expect_str_eq(x->def->name, y->def->name, "%s", what);
		cr_expect_eq(x->number, y->number, "%s: %s", what, x->def->name);
		cr_expect(bytes_equal(x->text, y->text), "%s: %s", what, x->def->name);
	}
	cr_expect(!x && !y, "%s: number of facts", what);
}

Test(detect_tls, every_handshake_in_every_cut)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct feed whole;
		feed_handshake(&whole, cases[i].pieces, WHOLE, BOTH, 0);
		check(&whole, &cases[i].expected, cases[i].name);
		cr_expect_eq(whole.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
		cr_expect_str_eq(detect_name(whole.flow.facts), "tls");
		cr_expect_eq(whole.flow.facts->opener_side, 0);
		for (enum cut cut = BYTES; cut < N_CUTS; cut++) {
			struct feed feed;
			char what[64];
			snprintf(what, sizeof(what), "%s, cut %d", cases[i].name, (int)cut);
			feed_handshake(&feed, cases[i].pieces, cut, BOTH, 0);
			check(&feed, &cases[i].expected, what);
			check_same_list(whole.flow.facts, feed.flow.facts, what);
			feed_close(&feed);
		}
		feed_close(&whole);
	}
}

Test(detect_tls, facts_of_a_mutual_handshake)
{
	struct feed feed;
	feed_handshake(&feed, tls12_mutual, WHOLE, BOTH, 0);
	cr_expect(feed_has_text(&feed, "tls.version", "TLS 1.2"));
	cr_expect(feed_has_text(&feed, "tls.max_version", "TLS 1.2"));
	cr_expect(feed_has_text(&feed, "tls.suite", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"));
	cr_expect_eq(feed.flow.facts->tls_suite, 0xc02c);
	cr_expect_not(feed.flow.facts->is_weak_suite);
	cr_expect(feed_has_text(&feed, "tls.sni", "sip.contoso.example"));
	cr_expect(feed_has_text(&feed, "tls.alpn", "http/1.1"));
	cr_expect(feed_has_text(&feed, "tls.ja3", "28f3a40255cd8771b994f095ba5a8e52"));
	cr_expect_eq(feed_number(&feed, "tls.certificate_request"), 1);
	cr_expect(feed_has_text(&feed, "tls.client_auth", "given"));
	cr_expect(feed_has_text(&feed, "tls.server_cert.subject", "pool.contoso.example"));
	cr_expect(feed_has_text(&feed, "tls.server_cert.names", "sip.contoso.example"));
	cr_expect(feed_has_text(&feed, "tls.server_cert.names", "10.0.2.20"));
	cr_expect(feed_has_text(&feed, "tls.server_cert.issuer", "Lab CA"));
	cr_expect_eq(feed_number(&feed, "tls.server_cert.not_after"), 2110586134);
	cr_expect_eq(feed_number(&feed, "tls.server_cert.key_bits"), 256);
	cr_expect(
	        feed_has_text(&feed, "tls.server_cert.sha256",
	                      "f2f8b5cd9e4e4b1e382517d7e2639857624c29f6c6d3a45327d992a6c5a404d3"));
	cr_expect(feed_has_text(&feed, "tls.client_cert.subject", "fe01.contoso.example"));
	cr_expect(
	        feed_has_text(&feed, "tls.client_cert.sha256",
	                      "a29cbef722472a708d7f5453bd86123180c24f1cb17528368e92777c7ec7f50e"));
	cr_expect_eq(feed_number(&feed, "tls.resumed"), -1);
	cr_expect_eq(feed_number(&feed, "tls.alert"), -1);
	feed_close(&feed);
}

Test(detect_tls, fingerprints)
{
	struct feed feed;
	feed_handshake(&feed, tls12_plain, WHOLE, BOTH, 0);
	cr_expect(feed_has_text(&feed, "tls.ja3", "366219ec8aa52f78a5c8cf2b939953e0"));
	cr_expect(feed_has_text(&feed, "tls.ja4", "t12d280700_d943125447b4_e7e480e5a997"));
	feed_close(&feed);
	feed_handshake(&feed, tls12_mutual, WHOLE, BOTH, 0);
	cr_expect(feed_has_text(&feed, "tls.ja4", "t12d2808h1_d943125447b4_e7e480e5a997"));
	feed_close(&feed);
	feed_handshake(&feed, tls13_plain, WHOLE, BOTH, 0);
	cr_expect(feed_has_text(&feed, "tls.ja3", "9159770dc03f66db850e3574a5a9a829"));
	cr_expect(feed_has_text(&feed, "tls.ja4", "t13d041000_16476d049b0b_78f1d400d464"));
	feed_close(&feed);
}

Test(detect_tls, alerts_and_retries_are_facts)
{
	struct feed feed;
	feed_handshake(&feed, tls12_rejected, WHOLE, BOTH, 0);
	cr_expect(feed_has_text(&feed, "tls.alert", "unknown_ca"));
	cr_expect(feed_has_text(&feed, "tls.alert_from", "server"));
	cr_expect(feed_has_text(&feed, "tls.client_cert.subject", "stranger.example"));
	cr_expect_eq(feed_number(&feed, "tls.client_cert.self_signed"), 1);
	feed_close(&feed);
	feed_handshake(&feed, tls13_untrusted, WHOLE, BOTH, 0);
	cr_expect(feed_has_text(&feed, "tls.alert_from", "client"));
	feed_close(&feed);
	feed_handshake(&feed, tls13_retry, WHOLE, BOTH, 0);
	cr_expect_eq(feed_number(&feed, "tls.hello_retry"), 1);
	feed_close(&feed);
	feed_handshake(&feed, tls13_required, WHOLE, BOTH, 0);
	cr_expect_eq(feed_number(&feed, "tls.encrypted_alert"), 1);
	feed_close(&feed);
}

/* ---- One side, and broken off --------------------------------------------------------------- */

Test(detect_tls, the_client_alone)
{
	static const struct {
		const char *name;
		const struct tls_piece *pieces;
		struct expected expected;
	} halves[] = {
		{ "plain",
		  tls12_plain,
		  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_NOT_ASKED, DOUBT_NONE, 0, NULL,
		    true, true } },
		{ "mutual",
		  tls12_mutual,
		  { SECURITY_MTLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_GIVEN_ONE_SIDE, DOUBT_NONE, 0,
		    NULL, true, true } },
		{ "empty",
		  tls12_empty,
		  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_EMPTY, DOUBT_NONE, 0, NULL, true,
		    true } },
		{ "resumed",
		  tls12_id_again,
		  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_RESUMED, DOUBT_SESSION_RESUMED,
		    0, NULL, true, true } },
		{ "13 mutual",
		  tls13_mutual,
		  { SECURITY_MTLS, EVIDENCE_INFERRED, CLIENT_AUTH_INFERRED_GIVEN, DOUBT_NONE, 0x304,
		    NULL, true, true } },
		{ "13 plain",
		  tls13_plain,
		  { SECURITY_TLS, EVIDENCE_INFERRED, CLIENT_AUTH_INFERRED_ABSENT,
		    DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE, 0x304, NULL, true, true } },
		{ "13 retry",
		  tls13_retry,
		  { SECURITY_TLS, EVIDENCE_INFERRED, CLIENT_AUTH_INFERRED_ABSENT,
		    DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE, 0x304, NULL, true, true } },
	};
	for (size_t i = 0; i < ARRAY_SIZE(halves); i++)
		for (enum cut cut = WHOLE; cut < N_CUTS; cut++) {
			struct feed feed;
			feed_handshake(&feed, halves[i].pieces, cut, 0, 0);
			check(&feed, &halves[i].expected, halves[i].name);
			cr_expect_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
			feed_close(&feed);
		}
}

Test(detect_tls, the_server_alone)
{
	static const struct {
		const char *name;
		const struct tls_piece *pieces;
		struct expected expected;
	} halves[] = {
		{ "plain",
		  tls12_plain,
		  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_NOT_ASKED, DOUBT_NONE, 0x303,
		    NULL, true, true } },
		{ "asked",
		  tls12_mutual,
		  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_UNKNOWN, DOUBT_HANDSHAKE_CUT,
		    0x303, NULL, true, true } },
		{ "resumed",
		  tls12_id_again,
		  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_RESUMED, DOUBT_SESSION_RESUMED,
		    0x303, NULL, true, true } },
		{ "13",
		  tls13_mutual,
		  { SECURITY_TLS, EVIDENCE_CONSISTENT, CLIENT_AUTH_UNKNOWN,
		    DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE, 0x304, NULL, false, false } },
	};
	for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
		struct feed feed;
		feed_handshake(&feed, halves[i].pieces, WHOLE, 1, 0);
		check(&feed, &halves[i].expected, halves[i].name);
		cr_expect_eq(feed.flow.facts->opener_side, 0);
		feed_close(&feed);
	}
}

Test(detect_tls, a_handshake_cut_short_is_a_doubt)
{
	for (unsigned n = 1; n <= 3; n++) {
		struct feed feed;
		feed_handshake(&feed, tls12_mutual, WHOLE, BOTH, n);
		cr_expect_eq(feed.flow.facts->doubt, DOUBT_HANDSHAKE_CUT, "%u pieces", n);
		cr_expect_not(feed.flow.facts->is_handshake_done);
		cr_expect_not(feed.flow.facts->is_refused);
		feed_close(&feed);
	}
	struct feed feed;
	feed_handshake(&feed, tls12_plain, WHOLE, BOTH, 2);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_HANDSHAKE_CUT);
	feed_close(&feed);
	feed_handshake(&feed, tls13_mutual, WHOLE, BOTH, 2);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_HANDSHAKE_CUT);
	feed_close(&feed);
}

Test(detect_tls, a_gap_in_the_clients_flight_is_a_doubt)
{
	struct feed feed;
	uint8_t data[4096];
	feed_open_tcp(&feed);
	feed_piece(&feed, &tls12_mutual[0], WHOLE);
	feed_piece(&feed, &tls12_mutual[1], WHOLE);
	size_t n = piece_bytes(&tls12_mutual[2], data);
	feed_tcp(&feed, 0, data, 200);
	feed_tcp_skip(&feed, 0, 100);
	feed_tcp(&feed, 0, data + 300, n - 300);
	for (unsigned i = 3; i < 6; i++)
		feed_piece(&feed, &tls12_mutual[i], WHOLE);
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->client_auth, CLIENT_AUTH_UNKNOWN);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_HANDSHAKE_CUT);
	cr_expect(feed.flow.facts->has_gap);
	feed_close(&feed);
}

Test(detect_tls, a_gap_in_the_servers_flight_leaves_the_client_to_be_read)
{
	struct feed feed;
	uint8_t data[4096];
	feed_open_tcp(&feed);
	feed_piece(&feed, &tls12_mutual[0], WHOLE);
	size_t n = piece_bytes(&tls12_mutual[1], data);
	feed_tcp_cut(&feed, 1, data, n, 300);
	for (unsigned i = 2; i < 6; i++)
		feed_piece(&feed, &tls12_mutual[i], WHOLE);
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->client_auth, CLIENT_AUTH_GIVEN_ONE_SIDE);
	cr_expect_eq(feed.flow.facts->security, SECURITY_MTLS);
	cr_expect_eq(feed.flow.facts->security_evidence, EVIDENCE_CONSISTENT);
	feed_close(&feed);
}

Test(detect_tls, a_stream_joined_in_its_middle)
{
	struct feed feed;
	feed_open_midstream(&feed);
	feed_hex(&feed, 1, "1703030004 01020304 1703030003 010203 1703030002 0102");
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
	cr_expect_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_MIDSTREAM);
	cr_expect_eq(feed.flow.facts->client_auth, CLIENT_AUTH_UNKNOWN);
	cr_expect_eq(feed.flow.facts->opener_side, -1);
	feed_close(&feed);

	/* In the middle of a record: the chain begins later. */
	feed_open_midstream(&feed);
	feed_hex(&feed, 1, "aabbccdd 1703030004 01020304 1703030003 010203 1503030002 0102");
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_MIDSTREAM);
	feed_close(&feed);

	/* Two records each way. */
	feed_open_midstream(&feed);
	feed_hex(&feed, 0, "1703030004 01020304 1703030003 010203");
	feed_hex(&feed, 1, "1703030004 01020304 1703030003 010203");
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
	feed_close(&feed);

	/* Versions that change from record to record, or too few: no chain. */
	feed_open_midstream(&feed);
	feed_hex(&feed, 1, "1703030004 01020304 1703010003 010203 1703030002 0102");
	feed_hex(&feed, 0, "1703030004 01020304 1703030003 010203");
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_close(&feed);

	/* The same from the first byte of a connection is no TLS: it has no hello. */
	feed_open_tcp(&feed);
	feed_hex(&feed, 1, "1703030004 01020304 1703030003 010203 1703030002 0102");
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_close(&feed);
}

Test(detect_tls, a_handshake_whose_syn_was_missed_is_read)
{
	struct feed feed;
	feed_open_midstream(&feed);
	feed.flow.opener = 1; /* a wrong guess */
	for (unsigned i = 0; tls12_mutual[i].side >= 0; i++)
		feed_piece(&feed, &tls12_mutual[i], WHOLE);
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->client_auth, CLIENT_AUTH_GIVEN);
	cr_expect_eq(feed.flow.opener, 0);
	cr_expect_eq(feed.flow.opener_how, OPENER_PROTOCOL);
	feed_close(&feed);
}

/* ---- Sessions ------------------------------------------------------------------------------- */

static void check_resumption(const struct tls_piece *first, const struct tls_piece *again)
{
	struct feed feed;
	struct note note;
	feed_handshake(&feed, first, WHOLE, BOTH, 0);
	cr_assert(detect_next_note(feed.detect, &note));
	cr_assert_eq(note.kind, NOTE_SESSION);
	cr_assert_eq(note.client_auth, CLIENT_AUTH_GIVEN);
	cr_assert_eq(note.security, SECURITY_MTLS);
	cr_assert_eq(note.security_evidence, EVIDENCE_CONFIRMED);
	cr_assert(addr_equal(&note.addr, &feed.flow.addr[1]));
	cr_assert_eq(note.port, 5061);
	cr_assert_not(feed.flow.facts->has_session);
	struct note more;
	cr_assert_not(detect_next_note(feed.detect, &more));
	feed_close(&feed);

	feed_handshake(&feed, again, WHOLE, BOTH, 0);
	cr_assert(feed.flow.facts->has_session);
	cr_assert_arr_eq(feed.flow.facts->session, note.session, 32);
	cr_assert_not(detect_next_note(feed.detect, &more));
	cr_assert_eq(feed_number(&feed, "tls.resumed"), 1);
	feed_close(&feed);
}

Test(detect_tls, a_session_resumed_by_id_points_to_the_first)
{
	check_resumption(tls12_id_first, tls12_id_again);
}

Test(detect_tls, a_session_resumed_by_ticket_points_to_the_first)
{
	check_resumption(tls12_ticket_first, tls12_ticket_again);
}

Test(detect_tls, a_session_of_another_server_is_another_session)
{
	struct feed feed;
	struct note note;
	feed_handshake(&feed, tls12_id_first, WHOLE, BOTH, 0);
	cr_assert(detect_next_note(feed.detect, &note));
	feed_close(&feed);
	feed_open_tcp(&feed);
	feed.flow.port[1] = 5062;
	for (unsigned i = 0; tls12_id_again[i].side >= 0; i++)
		feed_piece(&feed, &tls12_id_again[i], WHOLE);
	feed_finish(&feed);
	cr_assert(feed.flow.facts->has_session);
	cr_assert(memcmp(feed.flow.facts->session, note.session, 32) != 0);
	feed_close(&feed);
}

/* ---- Written by hand ------------------------------------------------------------------------ */

#define RANDOM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
/* TLS 1.0, two suites, no extensions; the record is 0x33 bytes. */
#define HELLO10         "1603010031 0100002d 0301" RANDOM "00 0004 002f000a 0100 0000"
#define SERVER10(suite) "160301002a 02000026 0301" RANDOM "00" suite "00"

Test(detect_tls, weak_suites_are_flagged)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 1, SERVER10("000a"));
	feed_finish(&feed);
	cr_expect(feed.flow.facts->is_weak_suite);
	cr_expect_eq(feed.flow.facts->tls_version, 0x301);
	cr_expect(feed_has_text(&feed, "tls.suite", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"));
	feed_close(&feed);

	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 1, SERVER10("002f"));
	feed_finish(&feed);
	cr_expect_not(feed.flow.facts->is_weak_suite);
	feed_close(&feed);

	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 1, SERVER10("fafb"));
	feed_finish(&feed);
	cr_expect(feed_has_text(&feed, "tls.suite", "0xfafb"));
	feed_close(&feed);
}

Test(detect_tls, an_sslv2_style_hello)
{
	/* 80 2e: 46 bytes; type 1, version 0301, 9 bytes of suites, no id, 28 of challenge. */
	static const char hello[] = "802e 01 0301 0009 0000 001c 00002f 00000a 010080"
	                            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b";
	for (unsigned piece = 1; piece < 60; piece += 20) {
		struct feed feed;
		uint8_t data[128];
		feed_open_tcp(&feed);
		feed_tcp_split(&feed, 0, data, hex_to_bytes(hello, data), piece);
		feed_hex(&feed, 1, SERVER10("002f"));
		feed_finish(&feed);
		cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
		cr_expect_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
		cr_expect_eq(feed_number(&feed, "tls.sslv2_hello"), 1);
		cr_expect_eq(feed.flow.facts->tls_version, 0x301);
		feed_close(&feed);
	}
	/* The length contradicts the parts: no hello. */
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0,
	         "802f 01 0301 0009 0000 001c 00002f 00000a 010080"
	         "000102030405060708090a0b0c0d0e0f101112131415161718191a1b00");
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_close(&feed);
}

/* SSL 2.0, and three suites of it. */
#define HELLO_SSL2                                                                                 \
	"802e 01 0002 0009 0000 001c 010080 020080 060040"                                         \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b"

/* Hello of 25 bytes: no session, X.509, SSL 2.0, no certificate bytes, one suite, an id of 11. */
Test(detect_tls, a_server_of_ssl_2_0)
{
	static const char answer[] = "8019 04 00 01 0002 0000 0003 000b 010080"
	                             "000102030405060708090a";
	for (unsigned piece = 1; piece < 40; piece += 13) {
		struct feed feed;
		uint8_t data[128];
		feed_open_tcp(&feed);
		feed_hex(&feed, 0, HELLO_SSL2);
		feed_tcp_split(&feed, 1, data, hex_to_bytes(answer, data), piece);
		feed_hex(&feed, 0, "8003 02 0000");
		feed_hex(&feed, 1, "8011 00112233445566778899aabbccddeeff00");
		feed_finish(&feed);
		cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
		cr_expect_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
		cr_expect_eq(feed.flow.facts->security, SECURITY_TLS);
		cr_expect_eq(feed.flow.facts->tls_version, 0x0002);
		cr_expect(feed_has_text(&feed, "tls.version", "SSL 2.0"));
		cr_expect(feed.flow.facts->is_weak_suite);
		cr_expect(feed.flow.facts->is_handshake_done);
		cr_expect_eq(feed.flow.facts->client_auth, CLIENT_AUTH_UNKNOWN);
		cr_expect_not(feed.flow.facts->is_refused);
		feed_close(&feed);
	}
}

Test(detect_tls, an_error_of_ssl_2_0)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO_SSL2);
	feed_hex(&feed, 1, "8003 00 0001");
	feed_finish(&feed);
	cr_expect(feed.flow.facts->is_refused);
	cr_expect_str_eq(feed.flow.facts->refusal, "SSL 2.0 error");
	feed_close(&feed);
}

Test(detect_tls, the_pseudo_hello_is_not_tls)
{
	static const char pseudo[] = "160301002d 01000029 0301" RANDOM "00 0002 0018 0100";
	uint8_t data[64];
	size_t n = hex_to_bytes(pseudo, data);
	cr_assert_eq(n, 50);
	for (size_t piece = 1; piece <= 50; piece += 7) {
		struct feed feed;
		feed_open_tcp(&feed);
		feed_tcp_split(&feed, 0, data, n, piece);
		feed_finish(&feed);
		cr_expect_neq(feed.flow.facts->protocol, PROTOCOL_TLS, "pieces of %zu", piece);
		feed_close(&feed);
	}
	/* Of its answer, seen alone. */
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 1, "160301004e 02000046 0301" RANDOM "20" RANDOM "0018 00 0e000000");
	feed_finish(&feed);
	cr_expect_neq(feed.flow.facts->protocol, PROTOCOL_TLS);
	feed_close(&feed);
	/* A real hello of the same length: TLS 1.2 within, suite 002f. */
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, "160301002d 01000029 0303" RANDOM "00 0002 002f 0100");
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
	feed_close(&feed);
	/* The same first eleven bytes, but another suite. */
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, "160301002d 01000029 0301" RANDOM "00 0002 002f 0100");
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
	feed_close(&feed);
}

/* Of a server whose first bytes were not captured nothing can be said. */
Test(detect_tls, the_middle_of_an_answer_is_no_refusal)
{
	struct feed feed;
	feed_open(&feed, FEED_MIDSTREAM, &(struct detect_options){ .without_ndpi = true });
	feed_hex(&feed, 0, HELLO10);
	FEED_TCP(&feed, 1, "HTTP/1.1 400 Bad Request\r\n\r\n");
	feed_finish(&feed);
	cr_expect_not(feed.flow.facts->is_refused);
	cr_expect_null(facts_find(feed.flow.facts, "tls.clear_answer"));
	feed_close(&feed);
}

Test(detect_tls, an_answer_without_tls_is_a_refusal)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	FEED_TCP(&feed, 1, "HTTP/1.1 400 Bad Request\r\n\r\n");
	cr_expect(feed.flow.facts->is_settled);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
	cr_expect(feed.flow.facts->is_refused);
	cr_expect_str_eq(feed.flow.facts->refusal, "answered without TLS");
	cr_expect_eq(feed_number(&feed, "tls.clear_answer"), 1);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_NONE);
	feed_close(&feed);
}

Test(detect_tls, an_alert_in_answer_to_the_hello)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 1, "1503010002 0246");
	cr_expect(feed.flow.facts->is_settled);
	cr_expect_str_eq(feed.flow.facts->refusal, "protocol_version");
	feed_close(&feed);
	/* A warning is none: the handshake goes on. */
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 1, "1503010002 0170" SERVER10("002f"));
	feed_finish(&feed);
	cr_expect_not(feed.flow.facts->is_refused);
	cr_expect(feed_has_text(&feed, "tls.alert", "unrecognized_name"));
	cr_expect_eq(feed.flow.facts->tls_suite, 0x2f);
	feed_close(&feed);
}

/* Certificates are one byte each here: no certificate, but one was sent. */
#define CERTIFICATE_OF(record_len, message_len, list) "160301" record_len "0b" message_len list
#define SERVER_FLIGHT                                 SERVER10("002f") CERTIFICATE_OF("000b", "000007", "000004 000001 aa")
#define REQUEST                                       "1603010007 0d000003 010100"
#define DONE                                          "1603010004 0e000000"
#define KEY_EXCHANGE                                  "1603010006 10000002 0000"
#define CHANGE                                        "1403010001 01"
#define FINISHED                                      "1603010010 aabbccddeeff00112233445566778899"
#define DATA                                          "1703010003 aabbcc"

Test(detect_tls, ssl3_says_no_certificate_by_a_warning)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 1, SERVER_FLIGHT REQUEST DONE);
	feed_hex(&feed, 0, "1503000002 0129" KEY_EXCHANGE CHANGE FINISHED);
	feed_hex(&feed, 1, CHANGE FINISHED);
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->client_auth, CLIENT_AUTH_EMPTY);
	cr_expect_not(feed.flow.facts->is_refused);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_NONE);
	feed_close(&feed);
}

/* ---- Tickets renewed ------------------------------------------------------------------------ */

/* TLS 1.2 with a session ticket of two bytes; a server that resumes and hands out another one. */
#define HELLO_TICKET(ticket)                                                                       \
	"1603010035 01000031 0303" RANDOM "00 0002 002f 0100 0006 0023 0002" ticket
#define SERVER12           "160303002a 02000026 0303" RANDOM "00 002f 00"
#define NEW_TICKET(ticket) "160303000c 04000008 00001c20 0002" ticket
#define CHANGE12           "140303000101"
#define FINISHED12                                                                                 \
	"1603030028 "                                                                              \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0011223344556677"

static void resume_by_ticket(struct note *renewed, const char *hello, const char *ticket,
                             uint8_t session[32])
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, hello);
	feed_hex(&feed, 1, ticket);
	feed_hex(&feed, 1, CHANGE12 FINISHED12);
	feed_hex(&feed, 0, CHANGE12 FINISHED12 "1703030002 aabb");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->client_auth, CLIENT_AUTH_RESUMED);
	cr_assert(feed.flow.facts->has_session);
	memcpy(session, feed.flow.facts->session, 32);
	cr_assert(detect_next_note(feed.detect, renewed));
	struct note more;
	cr_assert_not(detect_next_note(feed.detect, &more));
	feed_close(&feed);
}

Test(detect_tls, a_renewed_ticket_names_the_session_it_came_from)
{
	struct note first, second;
	uint8_t a[32], b[32];
	resume_by_ticket(&first, HELLO_TICKET("beef"), SERVER12 NEW_TICKET("cafe"), a);
	cr_assert_eq(first.kind, NOTE_SESSION);
	cr_assert_eq(first.client_auth, CLIENT_AUTH_RESUMED);
	cr_assert_arr_eq(first.session_from, a, 32);
	cr_assert_eq(first.port, 5061);
	resume_by_ticket(&second, HELLO_TICKET("cafe"), SERVER12 NEW_TICKET("f00d"), b);
	cr_assert_arr_eq(b, first.session, 32);
	cr_assert_arr_eq(second.session_from, first.session, 32);
	cr_assert(memcmp(second.session, first.session, 32) != 0);
}

Test(detect_tls, a_certificate_without_its_proof_proves_nothing)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 1, SERVER_FLIGHT REQUEST DONE);
	feed_hex(&feed, 0,
	         CERTIFICATE_OF("000b", "000007", "000004 000001 bb") KEY_EXCHANGE CHANGE FINISHED);
	feed_hex(&feed, 1, CHANGE FINISHED);
	feed_hex(&feed, 0, DATA);
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->client_auth, CLIENT_AUTH_UNKNOWN);
	cr_expect_eq(feed.flow.facts->security, SECURITY_TLS);
	cr_expect_neq(feed.flow.facts->doubt, DOUBT_NONE);
	feed_close(&feed);
}

Test(detect_tls, a_handshake_after_data_may_ask_for_what_the_first_did_not)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 1, SERVER_FLIGHT DONE);
	feed_hex(&feed, 0, KEY_EXCHANGE CHANGE FINISHED);
	feed_hex(&feed, 1, CHANGE FINISHED);
	cr_expect_eq(feed.flow.facts->security, SECURITY_TLS);
	cr_expect_eq(feed.flow.facts->security_evidence, EVIDENCE_CONFIRMED);
	feed_hex(&feed, 0, DATA);
	cr_expect_not(feed.flow.facts->is_settled);
	feed_hex(&feed, 1, FINISHED);
	cr_expect(feed.flow.facts->is_settled);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_RENEGOTIATED);
	cr_expect_eq(feed.flow.facts->client_auth, CLIENT_AUTH_NOT_ASKED);
	cr_expect_eq(feed_number(&feed, "tls.renegotiated"), 1);
	feed_close(&feed);
}

/* RFC 7918: the client sends data before it has the server's Finished. */
Test(detect_tls, a_false_start_is_no_renegotiation)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 1, SERVER_FLIGHT DONE);
	feed_hex(&feed, 0, KEY_EXCHANGE CHANGE FINISHED DATA);
	feed_hex(&feed, 1, CHANGE FINISHED DATA);
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_NONE);
	cr_expect_eq(feed.flow.facts->client_auth, CLIENT_AUTH_NOT_ASKED);
	cr_expect_eq(feed.flow.facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_expect(feed.flow.facts->has_app_data);
	feed_close(&feed);
}

Test(detect_tls, a_server_whose_answer_was_acknowledged_and_not_captured)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_piece(&feed, &tls12_mutual[0], WHOLE);
	feed_piece(&feed, &tls12_mutual[2], WHOLE);
	feed.flow.lost_bytes[1] = 1200;
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->client_auth, CLIENT_AUTH_GIVEN_ONE_SIDE);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_NONE);
	feed_close(&feed);
}

Test(detect_tls, an_encrypted_alert_before_data_is_a_fact_only)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 1, SERVER_FLIGHT DONE);
	feed_hex(&feed, 0, KEY_EXCHANGE CHANGE FINISHED);
	feed_hex(&feed, 1, CHANGE FINISHED "1503010010 aabbccddeeff00112233445566778899");
	feed_finish(&feed);
	cr_expect_eq(feed_number(&feed, "tls.encrypted_alert"), 1);
	cr_expect_not(feed.flow.facts->is_refused);
	feed_close(&feed);
}

/* TLS 1.3 with AES-128-GCM: a hello that offers it, and the server's choice. */
#define HELLO13                                                                                    \
	"160301003a 01000036 0303" RANDOM "00 0004 13011305 0100 0009 002b 0005 04 0304 0303"
#define SERVER13(suite) "1603030032 0200002e 0303" RANDOM "00" suite "00 0006 002b 0002 0304"

/* The client's first protected record is so long. */
static void feed_13(struct feed *feed, const char *server, unsigned record_len)
{
	uint8_t record[5 + 2048] = { 0x17, 3, 3, (uint8_t)(record_len >> 8), (uint8_t)record_len };
	feed_open_tcp(feed);
	feed_hex(feed, 0, HELLO13);
	feed_hex(feed, 1, server);
	feed_hex(feed, 1, "1703030010 aabbccddeeff00112233445566778899");
	feed_tcp(feed, 0, record, 5 + record_len);
	feed_finish(feed);
}

Test(detect_tls, lengths_of_the_first_protected_record)
{
	static const struct {
		const char *server;
		unsigned len;
		enum client_auth auth;
	} lengths[] = {
		{ SERVER13("1301"), 53, CLIENT_AUTH_INFERRED_ABSENT },
		{ SERVER13("1301"), 25, CLIENT_AUTH_INFERRED_ABSENT },
		{ SERVER13("1301"), 61, CLIENT_AUTH_INFERRED_ABSENT },
		{ SERVER13("1301"), 69, CLIENT_AUTH_UNKNOWN }, /* SHA-384 only */
		{ SERVER13("1302"), 69, CLIENT_AUTH_INFERRED_ABSENT },
		{ SERVER13("1302"), 77, CLIENT_AUTH_INFERRED_ABSENT },
		{ SERVER13("1302"), 53, CLIENT_AUTH_UNKNOWN },
		{ SERVER13("1305"), 45, CLIENT_AUTH_INFERRED_ABSENT },
		{ SERVER13("1301"), 100, CLIENT_AUTH_UNKNOWN }, /* padding? */
		{ SERVER13("1301"), 1661, CLIENT_AUTH_INFERRED_GIVEN },
	};
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct feed feed;
		feed_13(&feed, lengths[i].server, lengths[i].len);
		cr_expect_eq(feed.flow.facts->client_auth, lengths[i].auth, "%u bytes: %s",
		             lengths[i].len,
		             client_auth_word((enum client_auth)feed.flow.facts->client_auth));
		feed_close(&feed);
	}
}

Test(detect_tls, a_first_protected_record_that_is_an_alert)
{
	struct feed feed;
	feed_13(&feed, SERVER13("1301"), 19);
	cr_expect(feed.flow.facts->is_refused);
	cr_expect_str_eq(feed.flow.facts->refusal, "encrypted alert");
	feed_close(&feed);
}

Test(detect_tls, early_data_hides_the_client)
{
	struct feed feed;
	feed_open_tcp(&feed);
	/* supported_versions, early_data (empty), and no pre_shared_key chosen. */
	feed_hex(&feed, 0,
	         "160301003e 0100003a 0303" RANDOM
	         "00 0004 13011305 0100 000d 002b 0005 04 0304 0303 002a 0000"
	         "1703030035");
	feed_hex(&feed, 1, SERVER13("1301"));
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->client_auth, CLIENT_AUTH_UNKNOWN);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE);
	cr_expect_eq(feed_number(&feed, "tls.early_data"), 1);
	feed_close(&feed);
}

Test(detect_tls, a_hostile_handshake_costs_no_memory)
{
	/* A Certificate of 16 MiB: its head is kept, the rest is walked. */
	static uint8_t record[5 + 16384] = { 0x16, 3, 1, 0x40, 0x00, 0x0b, 0xff, 0xff, 0xff };
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 1, SERVER10("002f"));
	for (unsigned i = 0; i < 300; i++)
		feed_tcp(&feed, 1, record, sizeof(record));
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_HANDSHAKE_CUT);
	feed_close(&feed);
}

Test(detect_tls, garbage_after_a_hello_does_no_harm)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO10);
	feed_hex(&feed, 0, "ffffffffffffffffffffffff");
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_HANDSHAKE_CUT);
	feed_close(&feed);
}
