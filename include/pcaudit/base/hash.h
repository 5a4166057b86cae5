/*
 * Two keyed hashes.
 *
 * hash_bytes() is SipHash-1-3 (Aumasson and Bernstein): a keyed hash, so that traffic cannot be chosen to fall
 * into one slot of a table. The key is fixed within a run and between runs: reports do not depend
 * on it, and a run can be repeated exactly. A deployment that wants its own sets hash_key.
 */
#ifndef PCAUDIT_BASE_HASH_H
#define PCAUDIT_BASE_HASH_H

#include "pcaudit/base/bytes.h"

struct hash_key {
	uint64_t k0, k1;
};

uint64_t hash_bytes(const struct hash_key *key, struct bytes bytes);

/*
 * hash_wide() is for whole packets, where SipHash would cost more than all else: NH of UMAC (Black
 * and others, 1999; RFC 4418) with words of 64 bits, a multiplication for each 16 bytes. Who does
 * not know the key finds two inputs of one hash with a chance near 2^-64 a try, so the key must be
 * a secret where that matters, and hashes must not be shown. Never a slot of a table: the upper
 * and lower bits are as good as each other, but the values differ with the machine's byte order.
 */
#define HASH_WIDE_WORDS 128 /* of key: as many as one block of input has */

struct hash_wide_key {
	uint64_t words[HASH_WIDE_WORDS];
	uint64_t fold[2];
};

/* Stretches a key. */
void hash_wide_key_init(struct hash_wide_key *wide, const struct hash_key *key);
uint64_t hash_wide(const struct hash_wide_key *wide, struct bytes bytes);

#endif
