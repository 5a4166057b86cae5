#include <criterion/criterion.h>

#include "pcaudit/base/hash.h"

/*
 * SipHash-1-3 of the bytes 00, 01, ... of a length, key 00 ... 0f, read as a little-endian number.
 * Vectors: first entries of the table published with the Rust standard library's SipHash-1-3 tests.
 */
Test(base_hash, vectors)
{
	static const uint64_t wanted[] = {
		UINT64_C(0xabac0158050fc4dc), UINT64_C(0xc9f49bf37d57ca93),
		UINT64_C(0x82cb9b024dc7d44d), UINT64_C(0x8bf80ab8e7ddf7fb),
		UINT64_C(0xcf75576088d38328), UINT64_C(0xdef9d52f49533b67),
		UINT64_C(0xc50d2b50c59f22a7), UINT64_C(0xd3927d989bb11140),
		UINT64_C(0x369095118d299a8e),
	};
	const struct hash_key key = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) };
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t len = 0; len < sizeof(wanted) / sizeof(wanted[0]); len++)
		cr_expect_eq(hash_bytes(&key, BYTES(bytes, len)), wanted[len], "length %zu: %016lx",
		             len, (unsigned long)hash_bytes(&key, BYTES(bytes, len)));
}

Test(base_hash, key_matters)
{
	const struct hash_key a = { 1, 2 }, b = { 1, 3 };
	cr_assert_neq(hash_bytes(&a, BYTES_LITERAL("x")), hash_bytes(&b, BYTES_LITERAL("x")));
}
