/*
 * Certificates are parsed once: thirty thousand flows of one server carry the same one. Found by
 * their bytes, not by their digest, since to compute that costs more than all the rest of a
 * handshake. The cache is small and bounded: a certificate pushed out is parsed again.
 */
#include <string.h>

#include "pcaudit/base/hash.h"
#include "priv.h"

#define SETS         64 /* of WAYS places each */
#define WAYS         4
#define MAX_KEPT     8192 /* bytes of a certificate; a longer one is parsed every time */
#define HASHED_BYTES 32   /* its last ones: signature, as good as random */

struct place {
	struct cert_info info;
	uint8_t *der; /* NULL: free */
	size_t len;
};

struct certificates {
	struct place places[SETS][WAYS];
	uint8_t next[SETS]; /* the place that goes next */
	struct cert_info uncached;
};

struct certificates *certificates_new(void)
{
	return calloc(1, sizeof(struct certificates));
}

struct certificates *certificates_free(struct certificates *cache)
{
	for (size_t i = 0; cache && i < SETS; i++)
		for (size_t j = 0; j < WAYS; j++)
			free(cache->places[i][j].der);
	free(cache);
	return NULL;
}

static bool is_same(const struct place *place, struct bytes der)
{
	return place->der && place->len == der.len && memcmp(place->der, der.data, der.len) == 0;
}

const struct cert_info *certificates_get(struct certificates *cache, struct bytes der)
{
	static const struct hash_key key = { UINT64_C(0x6365727469666963), UINT64_C(0x61746573) };
	size_t tail = der.len > HASHED_BYTES ? HASHED_BYTES : der.len;
	size_t at = hash_bytes(&key, bytes_skip(der, der.len - tail)) % SETS;
	struct place *set = cache->places[at];

	for (size_t i = 0; i < WAYS; i++)
		if (is_same(&set[i], der))
			return &set[i].info;
	if (!cert_parse(&cache->uncached, der))
		return NULL;
	uint8_t *copy = der.len <= MAX_KEPT ? malloc(der.len) : NULL;
	if (!copy)
		return &cache->uncached;
	memcpy(copy, der.data, der.len);
	struct place *place = &set[cache->next[at]++ % WAYS];
	free(place->der);
	*place = (struct place){ .info = cache->uncached, .der = copy, .len = der.len };
	return &place->info;
}
