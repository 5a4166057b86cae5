/*
 * Ciphers against published vectors: AES-GCM cases 2 and 14 of its authors, AES-CBC of NIST SP
 * 800-38A F.2.1, ChaCha20-Poly1305 of RFC 8439 2.8.2.
 */
#include "detect_hex.h"
#include "pcaudit/crypto.h"

static void check_gcm(enum cipher cipher, const char *sealed_text)
{
	uint8_t key[32] = { 0 }, nonce[12] = { 0 }, sealed[2048], out[64], zeros[16] = { 0 };
	struct bytes bytes = BYTES(sealed, hex_to_bytes(sealed_text, sealed));
	memset(out, 1, sizeof(out));
	cr_assert(aead_open(cipher, key, nonce, BYTES(NULL, 0), bytes, out));
	cr_assert_arr_eq(out, zeros, 16);
	for (size_t i = 0; i < bytes.len; i++) {
		sealed[i] ^= 1;
		memset(out, 1, sizeof(out));
		cr_assert_not(aead_open(cipher, key, nonce, BYTES(NULL, 0), bytes, out));
		cr_assert_arr_eq(out, zeros, 16, "what did not open is wiped");
		sealed[i] ^= 1;
	}
	cr_assert_not(aead_open(cipher, key, nonce, BYTES_LITERAL("x"), bytes, out));
	cr_assert_not(aead_open(cipher, key, nonce, BYTES(NULL, 0), bytes_take(bytes, 15), out));
}

Test(crypto_aead, gcm)
{
	check_gcm(CIPHER_AES_128_GCM,
	          "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf");
	check_gcm(CIPHER_AES_256_GCM,
	          "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

Test(crypto_aead, chacha20_poly1305)
{
	uint8_t key[32], nonce[2048], aad[2048], sealed[2048], out[2048];
	for (unsigned i = 0; i < 32; i++)
		key[i] = (uint8_t)(0x80 + i);
	hex_to_bytes("070000004041424344454647", nonce);
	size_t n_aad = hex_to_bytes("50515253c0c1c2c3c4c5c6c7", aad);
	size_t n = hex_to_bytes("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
	                        "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
	                        "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
	                        "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd060"
	                        "0691",
	                        sealed);
	cr_assert(aead_open(CIPHER_CHACHA20_POLY1305, key, nonce, BYTES(aad, n_aad),
	                    BYTES(sealed, n), out));
	const char *text =
	        "Ladies and Gentlemen of the class of '99: If I could offer you only one "
	        "tip for the future, sunscreen would be it.";
	cr_assert_arr_eq(out, text, strlen(text));
}

Test(crypto_aead, cbc)
{
	uint8_t key[16], iv[16], sealed[16], right[16], out[16];
	hex_to_bytes("2b7e151628aed2a6abf7158809cf4f3c", key);
	hex_to_bytes("000102030405060708090a0b0c0d0e0f", iv);
	hex_to_bytes("7649abac8119b246cee98e9b12e9197d", sealed);
	hex_to_bytes("6bc1bee22e409f96e93d7e117393172a", right);
	cr_assert(cbc_open(CIPHER_AES_128_CBC, key, iv, BYTES(sealed, 16), out));
	cr_assert_arr_eq(out, right, 16);
	cr_assert_not(cbc_open(CIPHER_AES_128_CBC, key, iv, BYTES(sealed, 15), out));
	cr_assert_not(cbc_open(CIPHER_AES_128_CBC, key, iv, BYTES(sealed, 0), out));
}

/* The example of NIST SP 800-67, B.1; one block in CBC with a vector of zeros is one in ECB. */
Test(crypto_aead, triple_des)
{
	static const char *const blocks[][2] = {
		{ "a826fd8ce53b855f", "5468652071756663" },
		{ "cce21c8112256fe6", "6b2062726f776e20" },
	};
	uint8_t key[24], iv[16] = { 0 }, sealed[8], right[8], out[8];
	cr_assert_eq(cipher_key_size(CIPHER_3DES_CBC), 24);
	cr_assert_eq(cipher_block_size(CIPHER_3DES_CBC), 8);
	cr_assert_eq(cipher_block_size(CIPHER_AES_256_CBC), 16);
	hex_to_bytes("0123456789abcdef23456789abcdef01456789abcdef0123", key);
	for (unsigned i = 0; i < 2; i++) {
		hex_to_bytes(blocks[i][0], sealed);
		hex_to_bytes(blocks[i][1], right);
		cr_assert(cbc_open(CIPHER_3DES_CBC, key, iv, BYTES(sealed, 8), out));
		cr_assert_arr_eq(out, right, 8);
	}
	cr_assert_not(cbc_open(CIPHER_3DES_CBC, key, iv, BYTES(sealed, 4), out));
}

Test(crypto_aead, secrets_are_compared_and_wiped)
{
	uint8_t secret[4] = { 1, 2, 3, 4 };
	cr_assert(is_same_secret(BYTES(secret, 4), BYTES_LITERAL("\x01\x02\x03\x04")));
	cr_assert_not(is_same_secret(BYTES(secret, 4), BYTES_LITERAL("\x01\x02\x03\x05")));
	cr_assert_not(is_same_secret(BYTES(secret, 4), BYTES_LITERAL("\x01\x02\x03")));
	wipe(secret, sizeof(secret));
	cr_assert_arr_eq(secret, "\0\0\0\0", 4);
}
