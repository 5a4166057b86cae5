/* Master secrets of sessions: found again, replaced, and the oldest of a crowded place gone. */
#include <criterion/criterion.h>

#include "detect/tls_parts.h"

/* Sessions that all have the same place. */
static void put(struct tls_masters *masters, uint8_t session, uint8_t value)
{
	uint8_t key[32] = { 1, 2, session }, master[TLS_SECRET_MAX];
	memset(master, value, sizeof(master));
	tls_masters_put(masters, key, master);
}

/* First byte of what is kept for it; -1: nothing. */
static int get(const struct tls_masters *masters, uint8_t session)
{
	const uint8_t key[32] = { 1, 2, session };
	const uint8_t *master = tls_masters_get(masters, key);
	return master ? master[0] : -1;
}

Test(detect_tls_masters, the_oldest_of_four_gives_way)
{
	struct tls_masters *masters = tls_masters_new();
	cr_assert_not_null(masters);
	cr_assert_eq(get(masters, 1), -1);
	for (uint8_t session = 1; session <= 4; session++)
		put(masters, session, 10 + session);
	for (uint8_t session = 1; session <= 4; session++)
		cr_assert_eq(get(masters, session), 10 + session);
	put(masters, 1, 77); /* is the youngest now */
	cr_assert_eq(get(masters, 1), 77);
	put(masters, 5, 15);
	cr_assert_eq(get(masters, 2), -1);
	cr_assert_eq(get(masters, 1), 77);
	cr_assert_eq(get(masters, 3), 13);
	cr_assert_eq(get(masters, 4), 14);
	cr_assert_eq(get(masters, 5), 15);
	cr_assert_null(tls_masters_free(masters));
}
