/*
 * Key derivation against published vectors: the TLS 1.2 PRF's SHA-256 vector of the IETF TLS
 * mailing list, RFC 8448 3 for HKDF-Expand-Label, RFC 4231 for HMAC.
 */
#include "detect_hex.h"
#include "pcaudit/crypto.h"

static void check_hex(const uint8_t *got, size_t len, const char *text)
{
	uint8_t right[2048];
	cr_assert_eq(hex_to_bytes(text, right), len);
	cr_assert_arr_eq(got, right, len);
}

Test(crypto_kdf, tls12_prf)
{
	uint8_t secret[16], seed[16], out[100];
	hex_to_bytes("9bbe436ba940f017b17652849a71db35", secret);
	hex_to_bytes("a0ba9f936cda311827a6f796ffd5198c", seed);
	/* The seed in two halves is the same seed. */
	cr_assert(tls_prf(HASH_SHA256, BYTES(secret, 16), "test label", BYTES(seed, 7),
	                  BYTES(seed + 7, 9), out, sizeof(out)));
	check_hex(out, sizeof(out),
	          "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
	          "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
	          "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
	          "87347b66");
}

Test(crypto_kdf, a_seed_that_is_too_long_is_refused)
{
	uint8_t seed[300] = { 0 }, out[16];
	cr_assert_not(tls_prf(HASH_SHA256, BYTES(seed, 16), "x", BYTES(seed, 300), BYTES(NULL, 0),
	                      out, sizeof(out)));
}

Test(crypto_kdf, hkdf_expand_label_of_tls13)
{
	uint8_t secret[32], key[16], iv[12];
	hex_to_bytes("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38", secret);
	cr_assert(hkdf_expand_label(HASH_SHA256, BYTES(secret, 32), "key", key, 16));
	cr_assert(hkdf_expand_label(HASH_SHA256, BYTES(secret, 32), "iv", iv, 12));
	check_hex(key, 16, "3fce516009c21727d0f2e4e86ee403bc");
	check_hex(iv, 12, "5d313eb2671276ee13000b30");
}

Test(crypto_kdf, hmac_in_two_parts)
{
	uint8_t key[20], mac[HASH_MAX_SIZE];
	memset(key, 0x0b, sizeof(key));
	cr_assert(hmac_of(HASH_SHA256, BYTES(key, 20), BYTES_LITERAL("Hi "), BYTES_LITERAL("There"),
	                  mac));
	check_hex(mac, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

Test(crypto_kdf, sizes_and_digests)
{
	uint8_t digest[HASH_MAX_SIZE];
	cr_assert_eq(hash_size(HASH_MD5_SHA1), 36);
	cr_assert_eq(hash_size(HASH_SHA1), 20);
	cr_assert_eq(hash_size(HASH_SHA384), 48);
	cr_assert(hash_of(HASH_SHA1, BYTES_LITERAL("abc"), digest));
	check_hex(digest, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
}
