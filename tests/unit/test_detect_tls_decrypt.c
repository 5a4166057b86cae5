/*
 * What is inside TLS, with the keys of real conversations (tls_sealed.h): every suite and version,
 * cut in every way, with the key log or the RSA key; and with keys that do not fit, conversations
 * broken off, and records that were changed on the way.
 */
#include "detect_hex.h"
#include "tls_again.h"

enum given { KEY_LOG = 1, RSA_KEY = 2, OTHER_RSA_KEY = 4, WRONG_LOG = 8 };

static size_t piece_bytes(const struct tls_piece *piece, uint8_t *out)
{
	size_t n = strlen(piece->hex) / 2;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(hex_digit(piece->hex[2 * i]) << 4 |
		                   hex_digit(piece->hex[2 * i + 1]));
	return n;
}

static void add_rsa(struct keys *keys, const char *pem)
{
	const char *why = NULL;
	cr_assert_eq(keys_add_rsa(keys, bytes_from_text(pem), &why), 0);
}

/* The last digit of every secret is another one, if it is to be wrong. */
static void add_log(struct keys *keys, const char *text, bool is_wrong)
{
	char copy[4096];
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *end = strchr(copy, '\n'); end && is_wrong; end = strchr(end + 1, '\n'))
		end[-1] = end[-1] == '0' ? '1' : '0';
	cr_assert_eq(keys_add_keylog(keys, bytes_from_text(copy), NULL), 0);
}

static struct keys *make_keys(const char *log, unsigned given)
{
	struct keys *keys = NULL;
	cr_assert_eq(keys_new(&keys), 0);
	if (given & (KEY_LOG | WRONG_LOG))
		add_log(keys, log, given & WRONG_LOG);
	if (given & RSA_KEY)
		add_rsa(keys, sealed_rsa_key);
	if (given & OTHER_RSA_KEY)
		add_rsa(keys, other_rsa_key);
	return keys;
}

/* Bit 0 of the byte at `flip` of piece `which` is changed; SIZE_MAX: none. cut: bytes per segment,
 * 0: whole pieces, -1: segments of 100, the last first. */
struct change {
	unsigned n_pieces; /* only the first ones; 0: all */
	unsigned which;
	size_t flip;
};

static void feed_pieces(struct feed *feed, const struct tls_piece *pieces, size_t cut)
{
	for (unsigned i = 0; pieces[i].side >= 0; i++) {
		uint8_t data[8192];
		size_t n = piece_bytes(&pieces[i], data);
		feed_tcp_split(feed, (unsigned)pieces[i].side, data, n, cut ? cut : n);
	}
}

static void feed_sealed(struct feed *feed, const struct tls_piece *pieces, const struct keys *keys,
                        int cut, const struct change *change)
{
	feed_open(feed, FEED_FROM_SYN,
	          &(struct detect_options){ .without_ndpi = true, .keys = keys });
	for (unsigned i = 0; pieces[i].side >= 0; i++) {
		uint8_t data[8192];
		size_t n = piece_bytes(&pieces[i], data);
		if (change && change->n_pieces && i >= change->n_pieces)
			break;
		if (change && change->which == i && change->flip < n)
			data[change->flip] ^= 1;
		if (cut < 0)
			feed_tcp_reversed(feed, (unsigned)pieces[i].side, data, n, 100);
		else
			feed_tcp_split(feed, (unsigned)pieces[i].side, data, n,
			               cut ? (size_t)cut : n);
	}
	feed_finish(feed);
}

static const struct expected {
	const char *name;
	const struct tls_piece *pieces;
	const char *log;
	unsigned given;
	enum protocol protocol;
	enum security security;
	enum client_auth auth;
	uint16_t version;
} all[] = {
#define ROW(name, given, protocol, security, auth, version)                                        \
	{                                                                                          \
#name, name, name##_keys, given, protocol, security, auth, version                 \
	}
	ROW(tls12_rsa_cbc, KEY_LOG, PROTOCOL_SIP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0303),
	ROW(tls12_rsa_cbc, RSA_KEY, PROTOCOL_SIP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0303),
	ROW(tls12_rsa_cbc, OTHER_RSA_KEY | RSA_KEY, PROTOCOL_SIP, SECURITY_TLS,
	    CLIENT_AUTH_NOT_ASKED, 0x0303),
	ROW(tls12_rsa_etm_cert, KEY_LOG, PROTOCOL_SIP, SECURITY_MTLS, CLIENT_AUTH_GIVEN, 0x0303),
	ROW(tls12_rsa_etm_cert, RSA_KEY, PROTOCOL_SIP, SECURITY_MTLS, CLIENT_AUTH_GIVEN, 0x0303),
	ROW(tls12_rsa_no_ems, KEY_LOG, PROTOCOL_SIP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0303),
	ROW(tls12_rsa_no_ems, RSA_KEY, PROTOCOL_SIP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0303),
	ROW(tls12_ecdhe_gcm, KEY_LOG, PROTOCOL_SIP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0303),
	ROW(tls12_ecdhe_cbc384, KEY_LOG, PROTOCOL_SIP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0303),
	ROW(tls12_chacha, KEY_LOG, PROTOCOL_HTTP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0303),
	ROW(tls11_cbc, KEY_LOG, PROTOCOL_HTTP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0302),
	ROW(tls11_cbc, RSA_KEY, PROTOCOL_HTTP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0302),
	ROW(tls10_cbc, KEY_LOG, PROTOCOL_SIP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0301),
	ROW(tls12_3des, KEY_LOG, PROTOCOL_SIP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0303),
	ROW(tls12_3des, RSA_KEY, PROTOCOL_SIP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0303),
	ROW(tls10_3des, KEY_LOG, PROTOCOL_SIP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0301),
	ROW(tls13_aes128_cert, KEY_LOG, PROTOCOL_SIP, SECURITY_MTLS, CLIENT_AUTH_GIVEN, 0x0304),
	ROW(tls13_aes256_plain, KEY_LOG, PROTOCOL_HTTP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED,
	    0x0304),
	ROW(tls13_chacha_empty, KEY_LOG, PROTOCOL_SIP, SECURITY_TLS, CLIENT_AUTH_EMPTY, 0x0304),
	ROW(tls13_hello_twice, KEY_LOG, PROTOCOL_HTTP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0304),
	ROW(tls13_key_update, KEY_LOG, PROTOCOL_HTTP, SECURITY_TLS, CLIENT_AUTH_NOT_ASKED, 0x0304),
};

static void check_inside(const struct feed *feed, const struct expected *e, int cut)
{
	const struct facts *facts = feed->flow.facts;
	cr_assert_eq(facts->protocol, e->protocol, "%s %d: protocol %u", e->name, cut,
	             facts->protocol);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED, "%s %d", e->name, cut);
	cr_assert(facts->is_inside_tls, "%s %d", e->name, cut);
	cr_assert_eq(facts->security, e->security, "%s %d", e->name, cut);
	cr_assert_eq(facts->security_evidence, EVIDENCE_CONFIRMED, "%s %d", e->name, cut);
	cr_assert_eq(facts->client_auth, e->auth, "%s %d: auth %u", e->name, cut,
	             facts->client_auth);
	cr_assert_eq(facts->doubt, DOUBT_NONE, "%s %d: doubt %u", e->name, cut, facts->doubt);
	cr_assert_eq(facts->tls_version, e->version, "%s %d", e->name, cut);
	cr_assert(facts->is_handshake_done && facts->has_app_data && !facts->is_refused, "%s %d",
	          e->name, cut);
	cr_assert_str_eq(detect_name(facts), e->protocol == PROTOCOL_SIP ? "sip" : "http");
	cr_assert_eq(feed_number(feed, "tls.decrypted"), 1, "%s %d", e->name, cut);
	cr_assert(feed_has_text(feed, "tls.decryption", "opened"), "%s %d", e->name, cut);
	cr_assert_eq(feed->flow.opener, 0);
}

Test(detect_tls_decrypt, every_conversation_in_every_cut, .timeout = 120)
{
	static const int cuts[] = { 0, 1, 2, 3, 5, 7, 13, 61, 997, -1 };
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		for (size_t c = 0; c < ARRAY_SIZE(cuts); c++) {
			struct keys *keys = make_keys(all[i].log, all[i].given);
			struct feed feed;
			feed_sealed(&feed, all[i].pieces, keys, cuts[c], NULL);
			check_inside(&feed, &all[i], cuts[c]);
			feed_close(&feed);
			keys_free(keys);
		}
}

Test(detect_tls_decrypt, facts_from_the_inside)
{
	struct keys *keys = make_keys(tls13_aes128_cert_keys, KEY_LOG);
	struct feed feed;
	feed_sealed(&feed, tls13_aes128_cert, keys, 0, NULL);
	cr_assert(feed_has_text(&feed, "tls.server_cert.subject", "sip.contoso.example"));
	cr_assert(feed_has_text(&feed, "tls.client_cert.subject", "fe01.contoso.example"));
	cr_assert(feed_has_text(&feed, "tls.client_cert.issuer", "Lab CA"));
	cr_assert(feed_has_text(&feed, "tls.client_auth", "given"));
	cr_assert_eq(feed_number(&feed, "tls.certificate_request"), 1);
	cr_assert(feed_has_text(&feed, "sip.methods", "OPTIONS"));
	feed_close(&feed);
	keys_free(keys);
}

/* Everything of two flows' facts but what the decryption itself says. */
static void check_same(const struct facts *a, const struct facts *b, const char *name)
{
	const struct fact *other = b->list;
	cr_assert(memcmp(a, b, offsetof(struct facts, list)) == 0, "%s: the slots differ", name);
	for (const struct fact *fact = a->list; fact; fact = fact->next) {
		if (strcmp(fact->def->name, "tls.decryption") == 0)
			continue;
		cr_assert(other && other->def == fact->def && other->number == fact->number &&
		                  bytes_equal(other->text, fact->text),
		          "%s: %s", name, fact->def->name);
		other = other->next;
	}
	cr_assert_null(other, "%s", name);
}

static void check_as_without(const struct expected *e, unsigned given, const char *outcome)
{
	struct keys *keys = make_keys(e->log, given);
	struct feed with, without;
	feed_sealed(&with, e->pieces, keys, 7, NULL);
	feed_sealed(&without, e->pieces, NULL, 7, NULL);
	check_same(with.flow.facts, without.flow.facts, e->name);
	cr_assert(feed_has_text(&with, "tls.decryption", outcome), "%s", e->name);
	cr_assert_null(facts_find(without.flow.facts, "tls.decryption"), "%s", e->name);
	cr_assert_eq(without.flow.facts->protocol, PROTOCOL_TLS, "%s", e->name);
	feed_close(&with);
	feed_close(&without);
	keys_free(keys);
}

Test(detect_tls_decrypt, wrong_keys_leave_the_envelope_as_it_is)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i].given & KEY_LOG)
			check_as_without(&all[i], WRONG_LOG, "record-did-not-verify");
		check_as_without(&all[i], OTHER_RSA_KEY, "no-secret");
	}
}

Test(detect_tls_decrypt, keys_of_others_are_no_keys)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct expected e = all[i];
		e.log = e.pieces == tls12_chacha ? tls10_cbc_keys : tls12_chacha_keys;
		check_as_without(&e, KEY_LOG, "no-secret");
	}
}

Test(detect_tls_decrypt, an_rsa_key_opens_no_other_key_exchange)
{
	check_as_without(
	        &(struct expected){ "gcm", tls12_ecdhe_gcm, tls12_ecdhe_gcm_keys, 0, 0, 0, 0, 0 },
	        RSA_KEY, "no-secret");
}

Test(detect_tls_decrypt, a_suite_that_is_not_opened_is_said_to_be_so)
{
	check_as_without(&(struct expected){ "ccm", tls12_ccm, tls12_ccm_keys, 0, 0, 0, 0, 0 },
	                 KEY_LOG, "suite-not-supported");
}

/* One bit of a record's seal, or of what is sealed: all of the second half of each sealed piece. */
Test(detect_tls_decrypt, a_changed_record_is_a_failure, .timeout = 120)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		bool is_retry = all[i].pieces == tls13_hello_twice;
		unsigned first_sealed = is_retry ? 3 : all[i].version == 0x0304 ? 1 : 2;
		uint8_t data[8192];
		size_t n = piece_bytes(&all[i].pieces[first_sealed], data);
		for (size_t flip = n - 20; flip < n; flip += 3) {
			struct keys *keys = make_keys(all[i].log, all[i].given);
			struct feed feed;
			struct change change = { .which = first_sealed, .flip = flip };
			feed_sealed(&feed, all[i].pieces, keys, 0, &change);
			cr_assert(feed_has_text(&feed, "tls.decryption", "record-did-not-verify"),
			          "%s %zu", all[i].name, flip);
			feed_close(&feed);
			keys_free(keys);
		}
	}
}

Test(detect_tls_decrypt, a_refusal_is_read_by_its_name)
{
	struct keys *keys = make_keys(tls13_refused_keys, KEY_LOG);
	struct feed feed;
	feed_sealed(&feed, tls13_refused, keys, 3, NULL);
	const struct facts *facts = feed.flow.facts;
	cr_assert(facts->is_refused);
	cr_assert_str_eq(facts->refusal, "certificate_required");
	cr_assert_eq(facts->client_auth, CLIENT_AUTH_EMPTY);
	cr_assert_eq(facts->protocol, PROTOCOL_TLS);
	cr_assert_not(facts->is_inside_tls);
	cr_assert(feed_has_text(&feed, "tls.alert", "certificate_required"));
	feed_close(&feed);
	keys_free(keys);
}

Test(detect_tls_decrypt, without_the_secrets_of_the_handshake_the_data_is_read)
{
	char log[4096];
	const char *from = strstr(tls13_aes128_cert_keys, "CLIENT_TRAFFIC_SECRET_0");
	const char *server = strstr(tls13_aes128_cert_keys, "SERVER_TRAFFIC_SECRET_0");
	snprintf(log, sizeof(log), "%.*s%.*s", (int)(strchr(from, '\n') + 1 - from), from,
	         (int)(strchr(server, '\n') + 1 - server), server);
	struct keys *keys = make_keys(log, KEY_LOG);
	struct feed feed;
	feed_sealed(&feed, tls13_aes128_cert, keys, 0, NULL);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	cr_assert(feed.flow.facts->is_inside_tls);
	cr_assert_eq(feed.flow.facts->client_auth, CLIENT_AUTH_INFERRED_GIVEN,
	             "as its length says");
	feed_close(&feed);
	keys_free(keys);
}

Test(detect_tls_decrypt, a_conversation_broken_off_anywhere)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		for (unsigned n = 1; all[i].pieces[n - 1].side >= 0; n++) {
			struct keys *keys = make_keys(all[i].log, all[i].given);
			struct feed feed;
			feed_sealed(&feed, all[i].pieces, keys, 0, &(struct change){ n, 99, 0 });
			bool is_opened = feed_number(&feed, "tls.decrypted") == 1;
			cr_assert_eq(feed_has_text(&feed, "tls.decryption", "opened"), is_opened,
			             "%s %u", all[i].name, n);
			cr_assert_eq(facts_find(feed.flow.facts, "tls.decryption") != NULL,
			             is_opened, "%s %u", all[i].name, n);
			if (n == 1)
				cr_assert_eq(feed.flow.facts->doubt, DOUBT_HANDSHAKE_CUT);
			feed_close(&feed);
			keys_free(keys);
		}
}

Test(detect_tls_decrypt, a_hole_in_what_is_sealed_ends_the_reading)
{
	for (unsigned side = 0; side < 2; side++) {
		struct keys *keys = make_keys(tls13_aes128_cert_keys, KEY_LOG);
		struct feed feed;
		feed_open(&feed, FEED_FROM_SYN,
		          &(struct detect_options){ .without_ndpi = true, .keys = keys });
		for (unsigned i = 0; tls13_aes128_cert[i].side >= 0; i++) {
			uint8_t data[8192];
			size_t n = piece_bytes(&tls13_aes128_cert[i], data);
			unsigned from = (unsigned)tls13_aes128_cert[i].side;
			size_t lost = from == side && i == side + 2 ? 40 : 0;
			feed_tcp(&feed, from, data, n - lost);
			feed_tcp_skip(&feed, from, lost);
		}
		feed_finish(&feed);
		cr_assert_not(feed_has_text(&feed, "tls.decryption", "record-did-not-verify"));
		feed_close(&feed);
		keys_free(keys);
	}
}

Test(detect_tls_decrypt, keys_are_in_no_fact)
{
	struct keys *keys = make_keys(tls12_ecdhe_gcm_keys, KEY_LOG);
	const char *secret = strrchr(tls12_ecdhe_gcm_keys, ' ') + 1;
	struct feed feed;
	uint8_t raw[2048];
	feed_sealed(&feed, tls12_ecdhe_gcm, keys, 0, NULL);
	struct bytes digits = bytes_take(bytes_from_text(secret), 96);
	struct bytes bytes = BYTES(raw, hex_to_bytes(secret, raw));
	cr_assert_eq(bytes.len, 48);
	for (const struct fact *fact = feed.flow.facts->list; fact; fact = fact->next) {
		cr_assert_lt(bytes_find(fact->text, bytes_take(digits, 16)), 0);
		cr_assert_lt(bytes_find(fact->text, bytes_take(bytes, 8)), 0);
	}
	feed_close(&feed);
	keys_free(keys);
}

/* ---- Resumed, and once more ------------------------------------------------------------------ */

/* Another connection between the same two, which the same detect reads. */
static void feed_another(struct feed *feed)
{
	detect_forget(feed->detect, &feed->flow);
	feed->flow.opener = 0;
	feed->flow.port[0]++;
	feed->seq[0] = feed->isn[0] + 1;
	feed->seq[1] = feed->isn[1] + 1;
	memset(feed->flow.has_payload, 0, sizeof(feed->flow.has_payload));
	feed_syn(feed, 0);
	feed_syn(feed, 1);
}

static void check_resumed(const struct tls_piece *first, const struct tls_piece *again,
                          const char *log, unsigned given)
{
	struct keys *keys = make_keys(log, given);
	struct feed feed;
	feed_open(&feed, FEED_FROM_SYN,
	          &(struct detect_options){ .without_ndpi = true, .keys = keys });
	feed_pieces(&feed, first, 0);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	feed_another(&feed);
	feed_pieces(&feed, again, 61);
	feed_finish(&feed);
	const struct facts *facts = feed.flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_SIP);
	cr_assert(facts->is_inside_tls);
	cr_assert_eq(facts->client_auth, CLIENT_AUTH_RESUMED);
	cr_assert_eq(facts->doubt, DOUBT_SESSION_RESUMED);
	cr_assert(feed_has_text(&feed, "tls.decryption", "opened"));
	feed_close(&feed);
	keys_free(keys);
}

Test(detect_tls_decrypt, a_resumed_session_is_opened_by_what_opened_the_first)
{
	check_resumed(tls12_rsa_ticket_first, tls12_rsa_ticket_again, "", RSA_KEY);
	check_resumed(tls12_rsa_id_first, tls12_rsa_id_again, "", RSA_KEY);
	/* The log of the first connection alone. */
	check_resumed(tls12_rsa_ticket_first, tls12_rsa_ticket_again, tls12_rsa_ticket_first_keys,
	              KEY_LOG);
	check_resumed(tls12_rsa_id_first, tls12_rsa_id_again, tls12_rsa_id_first_keys, KEY_LOG);
}

Test(detect_tls_decrypt, a_resumed_session_alone_is_closed_to_the_rsa_key)
{
	struct keys *keys = make_keys("", RSA_KEY);
	struct feed feed;
	feed_sealed(&feed, tls12_rsa_ticket_again, keys, 0, NULL);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
	cr_assert(feed_has_text(&feed, "tls.decryption", "no-secret"));
	feed_close(&feed);
	keys_free(keys);
}

static void check_asked_again(const struct tls_piece *pieces, const char *log, unsigned given,
                              const char *subject, int cut)
{
	struct keys *keys = make_keys(log, given);
	struct feed feed;
	feed_sealed(&feed, pieces, keys, cut, NULL);
	const struct facts *facts = feed.flow.facts;
	cr_assert_eq(facts->client_auth, CLIENT_AUTH_GIVEN);
	cr_assert_eq(facts->security, SECURITY_MTLS);
	cr_assert_eq(facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->doubt, DOUBT_NONE);
	cr_assert_eq(facts->protocol, PROTOCOL_SIP);
	cr_assert(feed_has_text(&feed, "tls.client_auth", "given"));
	cr_assert_not(feed_has_text(&feed, "tls.client_auth", "not-asked"));
	cr_assert(feed_has_text(&feed, "tls.client_cert.subject", subject));
	cr_assert(feed_has_text(&feed, "tls.decryption", "opened"));
	feed_close(&feed);
	keys_free(keys);
}

Test(detect_tls_decrypt, a_second_handshake_is_read_and_counts)
{
	static const int cuts[] = { 0, 1, 7, 61, -1 };
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		check_asked_again(tls12_again_gcm, tls12_again_gcm_keys, KEY_LOG,
		                  "fe01.contoso.example", cuts[i]);
		check_asked_again(tls12_again_rsa, tls12_again_rsa_keys, KEY_LOG,
		                  "fe01.contoso.example", cuts[i]);
		check_asked_again(tls12_again_rsa, "", RSA_KEY, "fe01.contoso.example", cuts[i]);
		check_asked_again(tls13_asked_later, tls13_asked_later_keys, KEY_LOG,
		                  "fe01.contoso.example", cuts[i]);
	}
}

/* Its messages are sealed by the first one's keys: those are enough to see who the client is. */
Test(detect_tls_decrypt, a_second_handshake_whose_own_keys_are_missing)
{
	char log[512];
	snprintf(log, sizeof(log), "%.*s",
	         (int)(strchr(tls12_again_gcm_keys, '\n') + 1 - tls12_again_gcm_keys),
	         tls12_again_gcm_keys);
	check_asked_again(tls12_again_gcm, log, KEY_LOG, "fe01.contoso.example", 0);
}

Test(detect_tls_decrypt, a_second_handshake_without_keys_is_a_doubt)
{
	struct feed feed;
	feed_sealed(&feed, tls12_again_gcm, NULL, 0, NULL);
	cr_assert_eq(feed.flow.facts->client_auth, CLIENT_AUTH_NOT_ASKED);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_RENEGOTIATED);
	cr_assert_eq(feed_number(&feed, "tls.renegotiated"), 1);
	feed_close(&feed);
}

/* It shows nothing new, and takes nothing back. */
Test(detect_tls_decrypt, a_second_handshake_that_resumes_the_first)
{
	struct keys *keys = make_keys(tls12_again_resumed_keys, KEY_LOG);
	struct feed feed;
	feed_sealed(&feed, tls12_again_resumed, keys, 0, NULL);
	cr_assert_eq(feed.flow.facts->client_auth, CLIENT_AUTH_NOT_ASKED);
	cr_assert_eq(feed.flow.facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_NONE);
	cr_assert_eq(feed_number(&feed, "tls.renegotiated"), 1);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	feed_close(&feed);
	keys_free(keys);
}

/* Broken off before both sides have changed to the second handshake's keys. */
Test(detect_tls_decrypt, half_a_second_handshake_is_a_doubt)
{
	struct keys *keys = make_keys(tls12_again_gcm_keys, KEY_LOG);
	struct feed feed;
	feed_sealed(&feed, tls12_again_gcm, keys, 0, &(struct change){ 7, 99, 0 });
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_RENEGOTIATED);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	cr_assert_eq(feed_number(&feed, "tls.renegotiated"), 1);
	feed_close(&feed);
	keys_free(keys);
}

Test(detect_tls_decrypt, a_ticket_of_tls13_joins_the_session_that_resumes_it)
{
	char log[4096];
	snprintf(log, sizeof(log), "%s%s", tls13_ticket_first_keys, tls13_ticket_again_keys);
	struct keys *keys = make_keys(log, KEY_LOG);
	struct feed feed;
	struct note note;
	feed_sealed(&feed, tls13_ticket_first, keys, 0, NULL);
	cr_assert(detect_next_note(feed.detect, &note));
	cr_assert_eq(note.kind, NOTE_SESSION);
	cr_assert_eq(note.client_auth, CLIENT_AUTH_GIVEN);
	cr_assert_eq(note.security, SECURITY_MTLS);
	feed_close(&feed);
	feed_sealed(&feed, tls13_ticket_again, keys, 0, NULL);
	cr_assert(feed.flow.facts->has_session);
	cr_assert_arr_eq(feed.flow.facts->session, note.session, 32);
	cr_assert_eq(feed.flow.facts->client_auth, CLIENT_AUTH_RESUMED);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	feed_close(&feed);
	keys_free(keys);
}

/* ---- What nobody here speaks ------------------------------------------------------------------
 */

Test(detect_tls_decrypt, what_is_inside_and_known_to_nobody)
{
	struct keys *keys = make_keys(tls13_noise_keys, KEY_LOG);
	struct feed feed;
	feed_sealed(&feed, tls13_noise, keys, 0, NULL);
	cr_assert(feed.flow.facts->is_inside_unrecognised);
	cr_assert_not(feed.flow.facts->is_inside_tls);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
	feed_close(&feed);
	/* Broken off before it. */
	feed_sealed(&feed, tls13_noise, keys, 0, &(struct change){ 2, 99, 0 });
	cr_assert_not(feed.flow.facts->is_inside_unrecognised);
	feed_close(&feed);
	/* Not seen at all. */
	feed_sealed(&feed, tls13_noise, NULL, 0, NULL);
	cr_assert_not(feed.flow.facts->is_inside_unrecognised);
	feed_close(&feed);
	keys_free(keys);
}

Test(detect_tls_decrypt, what_is_inside_and_named_by_ndpi)
{
	struct keys *keys = make_keys(tls13_redis_keys, KEY_LOG);
	struct feed feed;
	feed_open(&feed, FEED_FROM_SYN, &(struct detect_options){ .keys = keys });
	feed_pieces(&feed, tls13_redis, 0);
	feed_finish(&feed);
	_cleanup_(facts_freep) struct facts *facts = detect_take_facts(&feed.flow);
	cr_assert_eq(facts->protocol, PROTOCOL_OTHER);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONSISTENT);
	cr_assert(facts->is_inside_tls);
	cr_assert_not(facts->is_inside_unrecognised);
	cr_assert_eq(facts->security, SECURITY_TLS);
	feed_close(&feed);
	cr_assert_str_eq(facts->other_name, "redis");
	keys_free(keys);
}
