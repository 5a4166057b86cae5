/* Digests against the vectors of FIPS 180-4 and RFC 1321. */
#include <criterion/criterion.h>

#include "pcaudit/base/util.h"
#include "pcaudit/crypto.h"

static void to_hex(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

Test(crypto_digest, known_vectors)
{
	uint8_t out[32];
	char hex[65];
	sha256(BYTES_LITERAL("abc"), out);
	to_hex(out, 32, hex);
	cr_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256(BYTES(NULL, 0), out);
	to_hex(out, 32, hex);
	cr_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha1(BYTES_LITERAL("abc"), out);
	to_hex(out, 20, hex);
	cr_assert_str_eq(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	md5(BYTES_LITERAL("message digest"), out);
	to_hex(out, 16, hex);
	cr_assert_str_eq(hex, "f96b697d7cb7938d525a2f31aaf161d0");
}

Test(crypto_digest, a_stream_in_pieces)
{
	struct sha256_stream *stream = NULL;
	uint8_t whole[32], pieces[32];
	sha256(BYTES_LITERAL("hello, world"), whole);
	cr_assert_eq(sha256_stream_new(&stream), 0);
	sha256_stream_add(stream, BYTES_LITERAL("hello"));
	sha256_stream_add(stream, BYTES(NULL, 0));
	sha256_stream_add(stream, BYTES_LITERAL(", world"));
	sha256_stream_finish(stream, pieces);
	cr_assert_arr_eq(whole, pieces, 32);
}
