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

static const struct hash_key secret = { UINT64_C(0x243f6a8885a308d3),
	                                UINT64_C(0x13198a2e03707344) };

/* Every bit of every length counts, wherever the edges of words and blocks are. */
Test(base_hash, wide_sees_each_bit)
{
	static const size_t lens[] = {
		1,  2,  3,  4,  5,  7,    8,    9,    15,   16,   17,   24,
		31, 32, 33, 47, 48, 1023, 1024, 1025, 1039, 1040, 2048, 3001
	};
	struct hash_wide_key key;
	uint8_t bytes[3001] = { 0 };

	hash_wide_key_init(&key, &secret);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		uint64_t plain = hash_wide(&key, BYTES(bytes, lens[i]));
		for (size_t bit = 0; bit < lens[i] * 8; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			cr_expect_neq(hash_wide(&key, BYTES(bytes, lens[i])), plain,
			              "length %zu bit %zu", lens[i], bit);
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		cr_expect_eq(hash_wide(&key, BYTES(bytes, lens[i])), plain);
	}
}

/* Zeroes of other lengths, and blocks in another order, are other inputs. */
Test(base_hash, wide_length_and_order)
{
	static uint8_t bytes[2048], turned[2048];
	static uint64_t seen[1200];
	struct hash_wide_key key;

	hash_wide_key_init(&key, &secret);
	for (size_t len = 0; len < 1200; len++) {
		seen[len] = hash_wide(&key, BYTES(bytes, len));
		for (size_t other = 0; other < len; other++)
			cr_assert_neq(seen[len], seen[other], "%zu and %zu", len, other);
	}
	bytes[0] = turned[1024] = 1;
	cr_expect_neq(hash_wide(&key, BYTES(bytes, 2048)), hash_wide(&key, BYTES(turned, 2048)));
	turned[1024] = 0;
	turned[8] = 1;
	cr_expect_neq(hash_wide(&key, BYTES(bytes, 2048)), hash_wide(&key, BYTES(turned, 2048)));
}

Test(base_hash, wide_key_matters)
{
	const struct hash_key near = { secret.k0, secret.k1 + 1 };
	struct hash_wide_key a, b;

	hash_wide_key_init(&a, &secret);
	hash_wide_key_init(&b, &near);
	for (size_t len = 0; len < 64; len++) {
		static const uint8_t bytes[64];
		cr_expect_neq(hash_wide(&a, BYTES(bytes, len)), hash_wide(&b, BYTES(bytes, len)));
	}
}

/* One byte of a short input moves about half the bits: no byte is weaker than others. */
Test(base_hash, wide_spreads)
{
	struct hash_wide_key key;
	uint8_t bytes[40] = { 0 };

	hash_wide_key_init(&key, &secret);
	uint64_t plain = hash_wide(&key, BYTES(bytes, sizeof(bytes)));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		unsigned moved = 0;
		for (unsigned value = 1; value < 256; value++) {
			bytes[i] = (uint8_t)value;
			moved += (unsigned)__builtin_popcountll(
			        plain ^ hash_wide(&key, BYTES(bytes, sizeof(bytes))));
		}
		bytes[i] = 0;
		cr_expect(moved > 255 * 28 && moved < 255 * 36, "byte %zu: %u", i, moved);
	}
}
