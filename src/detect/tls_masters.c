/*
 * Master secrets by the session they belong to (RFC 5246 7.3, RFC 5077): a session that is resumed
 * up to TLS 1.2 derives its keys from the first handshake's, which the RSA key or the key log gave
 * away. Bounded: each session has its place in one of the sets, where the oldest gives way.
 */
#include "detect/tls_parts.h"

#define SETS 1024
#define WAYS 4

struct kept_master {
	uint8_t session[32]; /* zeros: free */
	uint8_t master[TLS_SECRET_MAX];
};

struct tls_masters {
	struct kept_master sets[SETS][WAYS]; /* the youngest first */
};

struct tls_masters *tls_masters_new(void)
{
	return calloc(1, sizeof(struct tls_masters));
}

struct tls_masters *tls_masters_free(struct tls_masters *masters)
{
	if (masters)
		wipe(masters, sizeof(*masters));
	free(masters);
	return NULL;
}

/* A session is a digest already. */
static size_t set_of(const uint8_t session[32])
{
	return ((size_t)session[0] << 8 | session[1]) % SETS;
}

void tls_masters_put(struct tls_masters *masters, const uint8_t session[32],
                     const uint8_t master[TLS_SECRET_MAX])
{
	struct kept_master *set = masters->sets[set_of(session)];
	size_t i = 0;
	while (i < WAYS - 1 && memcmp(set[i].session, session, 32) != 0)
		i++;
	memmove(set + 1, set, i * sizeof(*set));
	memcpy(set[0].session, session, 32);
	memcpy(set[0].master, master, TLS_SECRET_MAX);
}

const uint8_t *tls_masters_get(const struct tls_masters *masters, const uint8_t session[32])
{
	const struct kept_master *set = masters->sets[set_of(session)];
	for (size_t i = 0; i < WAYS; i++)
		if (memcmp(set[i].session, session, 32) == 0)
			return set[i].master;
	return NULL;
}
