/*
 * What is inside TLS, with the keys of real conversations (tls_sealed.h): every suite and version,
 * cut in every way, with the key log or the RSA key; and with keys that do not fit, conversations
 * broken off, and records that were changed on the way.
 */
#include "detect_hex.h"
#include "tls_sealed.h"

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
	cr_assert_null(facts_find(facts, "tls.decryption"), "%s %d", e->name, cut);
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

static void check_as_without(const struct expected *e, unsigned given, bool is_failed)
{
	struct keys *keys = make_keys(e->log, given);
	struct feed with, without;
	feed_sealed(&with, e->pieces, keys, 7, NULL);
	feed_sealed(&without, e->pieces, NULL, 7, NULL);
	check_same(with.flow.facts, without.flow.facts, e->name);
	cr_assert_eq(feed_has_text(&with, "tls.decryption", "failed"), is_failed, "%s", e->name);
	cr_assert_eq(without.flow.facts->protocol, PROTOCOL_TLS, "%s", e->name);
	feed_close(&with);
	feed_close(&without);
	keys_free(keys);
}

Test(detect_tls_decrypt, wrong_keys_leave_the_envelope_as_it_is)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i].given & KEY_LOG)
			check_as_without(&all[i], WRONG_LOG, true);
		check_as_without(&all[i], OTHER_RSA_KEY, false);
	}
}

Test(detect_tls_decrypt, keys_of_others_are_no_keys)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct expected e = all[i];
		e.log = e.pieces == tls12_chacha ? tls10_cbc_keys : tls12_chacha_keys;
		check_as_without(&e, KEY_LOG, false);
	}
}

Test(detect_tls_decrypt, an_rsa_key_opens_no_other_key_exchange)
{
	check_as_without(
	        &(struct expected){ "gcm", tls12_ecdhe_gcm, tls12_ecdhe_gcm_keys, 0, 0, 0, 0, 0 },
	        RSA_KEY, false);
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
			cr_assert(feed_has_text(&feed, "tls.decryption", "failed"), "%s %zu",
			          all[i].name, flip);
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
			cr_assert_null(facts_find(feed.flow.facts, "tls.decryption"), "%s %u",
			               all[i].name, n);
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
		cr_assert_null(facts_find(feed.flow.facts, "tls.decryption"));
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
