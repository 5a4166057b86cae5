#include "pcaudit/base/hash.h"

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

struct sip_state {
	uint64_t v0, v1, v2, v3;
};

static inline void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static inline void sip_absorb(struct sip_state *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

uint64_t hash_bytes(const struct hash_key *key, struct bytes bytes)
{
	struct sip_state s = {
		.v0 = key->k0 ^ UINT64_C(0x736f6d6570736575),
		.v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d),
		.v2 = key->k0 ^ UINT64_C(0x6c7967656e657261),
		.v3 = key->k1 ^ UINT64_C(0x7465646279746573),
	};
	size_t whole = bytes.len / 8 * 8;
	uint64_t word, last = (uint64_t)bytes.len << 56;

	for (size_t i = 0; i < whole; i += 8) {
		memcpy(&word, bytes.data + i, 8);
		sip_absorb(&s, word);
	}
	for (size_t i = whole; i < bytes.len; i++)
		last |= (uint64_t)bytes.data[i] << (8 * (i - whole));
	sip_absorb(&s, last);
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* ---- NH ------------------------------------------------------------------------------------- */

void hash_wide_key_init(struct hash_wide_key *wide_key, const struct hash_key *key)
{
	uint64_t n = 0;

	for (size_t i = 0; i < HASH_WIDE_WORDS; i++, n++)
		wide_key->words[i] = hash_bytes(key, BYTES((const uint8_t *)&n, sizeof(n)));
	for (size_t i = 0; i < 2; i++, n++)
		wide_key->fold[i] = hash_bytes(key, BYTES((const uint8_t *)&n, sizeof(n))) | 1;
}

static inline uint64_t word_at(const uint8_t *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

static inline __uint128_t product(uint64_t a, uint64_t b)
{
	return (__uint128_t)a * b;
}

/* Fewer than 16 bytes as two words; which bytes they are follows from the length. */
static inline __uint128_t nh_short(const uint64_t *key, struct bytes bytes)
{
	uint64_t a = 0, b = 0;
	uint32_t part;

	if (bytes.len >= 8) {
		a = word_at(bytes.data);
		b = word_at(bytes.data + bytes.len - 8);
	} else if (bytes.len >= 4) {
		memcpy(&part, bytes.data, 4);
		a = part;
		memcpy(&part, bytes.data + bytes.len - 4, 4);
		b = part;
	} else if (bytes.len > 0) {
		a = bytes.data[0];
		b = (uint64_t)bytes.data[bytes.len / 2] << 8 | bytes.data[bytes.len - 1];
	}
	return product(a + key[0], b + key[1]);
}

/* At least 16 bytes and at most a block. What is no whole pair of words at the end is read from the
 * end backwards. */
static inline __uint128_t nh_block(const uint64_t *key, struct bytes bytes)
{
	const uint8_t *p = bytes.data, *last = bytes.data + bytes.len - 16;
	__uint128_t even = 0, odd = 0;
	size_t i = 0;

	for (; p + 16 < last; p += 32, i += 4) {
		even += product(word_at(p) + key[i], word_at(p + 8) + key[i + 1]);
		odd += product(word_at(p + 16) + key[i + 2], word_at(p + 24) + key[i + 3]);
	}
	if (p < last) {
		even += product(word_at(p) + key[i], word_at(p + 8) + key[i + 1]);
		i += 2;
	}
	return even + odd + product(word_at(last) + key[i], word_at(last + 8) + key[i + 1]);
}

uint64_t hash_wide(const struct hash_wide_key *key, struct bytes bytes)
{
	const size_t block = HASH_WIDE_WORDS * 8;
	uint64_t state = bytes.len;

	for (;;) {
		struct bytes part = bytes_take(bytes, block);
		__uint128_t sum =
		        part.len < 16 ? nh_short(key->words, part) : nh_block(key->words, part);
		__uint128_t mixed =
		        product((uint64_t)sum ^ state ^ key->fold[0],
		                (uint64_t)(sum >> 64) ^ rotate(state, 32) ^ key->fold[1]);
		state = (uint64_t)mixed ^ (uint64_t)(mixed >> 64);
		if (bytes.len <= block)
			return state;
		bytes = bytes_skip(bytes, block);
	}
}
