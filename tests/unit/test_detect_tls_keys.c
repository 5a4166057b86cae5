/* Key logs: what is found again, what is ignored, and what is malformed, by line. */
#include "detect/tls_parts.h"
#include "detect_hex.h"
#include "tls_sealed.h"

#define R1  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define R2  "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define S32 "a0a1a2a3a4a5a6a7a8a9aaabacadaeafa0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define S48 S32 "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF"

static struct keylog_result add(struct keys *keys, const char *text)
{
	struct keylog_result result;
	cr_assert_eq(keys_add_keylog(keys, bytes_from_text(text), &result), 0);
	return result;
}

static void check_secret(const struct keys *keys, const char *random, enum tls_label label,
                         const char *right)
{
	uint8_t client_random[2048], value[2048];
	hex_to_bytes(random, client_random);
	size_t len = hex_to_bytes(right, value);
	struct bytes found = keys_find_secret(keys, client_random, label);
	cr_assert(bytes_equal(found, BYTES(value, len)), "%s %d", random, label);
}

Test(detect_tls_keys, secrets_are_found_by_random_and_label)
{
	_cleanup_(keys_freep) struct keys *keys = NULL;
	cr_assert_eq(keys_new(&keys), 0);
	check_secret(keys, R1, LABEL_MASTER, "");
	struct keylog_result result =
	        add(keys, "# made by a test\r\n\n"
	                  "CLIENT_RANDOM " R1 " " S48 "\r\n"
	                  "CLIENT_HANDSHAKE_TRAFFIC_SECRET " R2 " " S32 "\n"
	                  "SERVER_HANDSHAKE_TRAFFIC_SECRET\t" R2 "  " S48 " \n"
	                  "EXPORTER_SECRET " R2 " " S32 "\n"
	                  "CLIENT_TRAFFIC_SECRET_0 " R2 " " S32 "\n"
	                  "SERVER_TRAFFIC_SECRET_0 " R2 " " S32);
	cr_assert_eq(result.n_secrets, 5);
	cr_assert_eq(result.n_ignored, 1);
	cr_assert_eq(result.n_malformed, 0);
	check_secret(keys, R1, LABEL_MASTER,
	             "a0a1a2a3a4a5a6a7a8a9aaabacadaeafa0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
	             "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf");
	check_secret(keys, R1, LABEL_CLIENT_TRAFFIC, "");
	check_secret(keys, R2, LABEL_MASTER, "");
	check_secret(keys, R2, LABEL_CLIENT_HANDSHAKE, S32);
	check_secret(keys, R2, LABEL_CLIENT_TRAFFIC, S32);
	check_secret(keys, R2, LABEL_SERVER_TRAFFIC, S32);
	cr_assert_eq(add(keys, "CLIENT_TRAFFIC_SECRET_0 " R2 " " R1 "\n").n_secrets, 1);
	check_secret(keys, R2, LABEL_CLIENT_TRAFFIC, R1);
}

Test(detect_tls_keys, malformed_lines_are_counted_and_named)
{
	_cleanup_(keys_freep) struct keys *keys = NULL;
	cr_assert_eq(keys_new(&keys), 0);
	struct keylog_result result = add(keys, "hello there\n"
	                                        "CLIENT_RANDOM 0011 " S48 "\n"
	                                        "CLIENT_RANDOM " R1 " " S32 "\n"
	                                        "SERVER_TRAFFIC_SECRET_0 " R1 " " S32 "00\n"
	                                        "CLIENT_RANDOM " R1 " " S48 " more\n"
	                                        "CLIENT_RANDOM " R1 "\n"
	                                        "CLIENT_RANDOM g" R1 " " S48 "\n");
	static const char *const right[] = {
		"a line begins with a label, as CLIENT_RANDOM",
		"the client random is 64 hexadecimal digits",
		"the master secret is 96 hexadecimal digits",
		"the secret is 64 or 96 hexadecimal digits",
		"a label, a client random and a secret are expected, and nothing behind them",
		"the master secret is 96 hexadecimal digits",
		"the client random is 64 hexadecimal digits",
	};
	cr_assert_eq(result.n_secrets, 0);
	cr_assert_eq(result.n_malformed, 7);
	for (size_t i = 0; i < 7; i++) {
		cr_assert_eq(result.malformed[i].line, i + 1);
		cr_assert_str_eq(result.malformed[i].why, right[i], "line %zu", i + 1);
	}
	check_secret(keys, R1, LABEL_MASTER, "");
	result = add(keys, "!\n!\n!\n!\n!\n!\n!\n!\n!\n!\n");
	cr_assert_eq(result.n_malformed, 10);
	cr_assert_eq(result.malformed[KEYLOG_MAX_NAMED - 1].line, 8);
}

Test(detect_tls_keys, many_secrets)
{
	_cleanup_(keys_freep) struct keys *keys = NULL;
	char line[256], random[65];
	cr_assert_eq(keys_new(&keys), 0);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "CLIENT_RANDOM %064x %096x\n", i, i + 7);
		cr_assert_eq(keys_add_keylog(keys, bytes_from_text(line), NULL), 0);
	}
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(random, sizeof(random), "%064x", i);
		snprintf(line, sizeof(line), "%096x", i + 7);
		check_secret(keys, random, LABEL_MASTER, line);
	}
}

Test(detect_tls_keys, rsa_keys)
{
	_cleanup_(keys_freep) struct keys *keys = NULL;
	const char *why = NULL;
	cr_assert_eq(keys_new(&keys), 0);
	cr_assert_not(keys_have_rsa(keys));
	cr_assert_eq(keys_add_rsa(keys, bytes_from_text("nothing"), &why), KEYS_E_INVALID);
	cr_assert_str_eq(why, "no private key in PEM (BEGIN PRIVATE KEY) was found");
	for (unsigned i = 0; i < 16; i++)
		cr_assert_eq(keys_add_rsa(keys, bytes_from_text(sealed_rsa_key), &why), 0);
	cr_assert_eq(keys_add_rsa(keys, bytes_from_text(sealed_rsa_key), &why), KEYS_E_INVALID);
	cr_assert_str_eq(why, "more than 16 RSA keys");
	cr_assert(keys_have_rsa(keys));
	cr_assert_null(keys_free(NULL));
}

Test(detect_tls_keys, text_is_wiped)
{
	uint8_t text[4] = "abc";
	keys_wipe(BYTES(text, sizeof(text)));
	cr_assert_arr_eq(text, "\0\0\0\0", 4);
}
