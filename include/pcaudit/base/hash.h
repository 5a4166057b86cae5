/*
 * SipHash-1-3 (Aumasson and Bernstein): a keyed hash, so that traffic cannot be chosen to fall
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

#endif
