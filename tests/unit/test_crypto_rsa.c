/* RSA keys: what OpenSSL's own command sealed is opened; what is no usable key is refused by name.
 */
#include "detect_hex.h"
#include "pcaudit/crypto.h"
#include "tls_sealed.h"

static struct rsa_key *load(const char *pem)
{
	struct rsa_key *key = NULL;
	const char *why = NULL;
	cr_assert_eq(rsa_key_new(&key, bytes_from_text(pem), &why), 0);
	return key;
}

Test(crypto_rsa, opens_what_was_sealed_for_it)
{
	uint8_t sealed[2048], out[64];
	struct bytes bytes = BYTES(sealed, hex_to_bytes(sealed_by_rsa, sealed));
	struct rsa_key *key = load(sealed_rsa_key), *other = load(other_rsa_key);
	size_t len = strlen("premaster-of-a-test");
	cr_assert(rsa_key_decrypt(key, bytes, out, len));
	cr_assert_arr_eq(out, "premaster-of-a-test", len);
	cr_assert_not(rsa_key_decrypt(key, bytes, out, len + 1), "of another length");
	cr_assert_not(rsa_key_decrypt(key, bytes_take(bytes, 255), out, len));
	bool is_open = rsa_key_decrypt(other, bytes, out, len);
	cr_assert(!is_open || memcmp(out, "premaster-of-a-test", len) != 0);
	rsa_key_free(key);
	rsa_key_free(other);
}

static void check_refused(const char *pem, const char *right)
{
	struct rsa_key *key = NULL;
	const char *why = NULL;
	cr_assert_eq(rsa_key_new(&key, bytes_from_text(pem), &why), CRYPTO_E_INVALID);
	cr_assert_null(key);
	cr_assert_str_eq(why, right);
}

Test(crypto_rsa, refuses_what_is_no_key)
{
	check_refused("", "no private key in PEM (BEGIN PRIVATE KEY) was found");
	check_refused("-----BEGIN CERTIFICATE-----\n",
	              "no private key in PEM (BEGIN PRIVATE KEY) was found");
	check_refused(locked_rsa_key, "the private key is protected by a passphrase");
	check_refused(ec_key, "the private key is not an RSA key");
	cr_assert_null(rsa_key_free(NULL));
}
