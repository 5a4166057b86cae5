#include <criterion/criterion.h>

#include "pcaudit/base/util.h"
#include "pcaudit/doubles.h"

#define US INT64_C(1000)
#define MS (1000 * US)

static const struct packet_digest here = { .head = 1, .body = 2, .place = 3, .captured = 4 };

static struct packet_digest elsewhere(struct packet_digest digest)
{
	digest.place++;
	return digest;
}

/* Whether the second of two sights that far apart is a double. */
static int second(struct packet_digest a, struct packet_digest b, int64_t apart_ns)
{
	struct doubles doubles;
	doubles_init(&doubles, 64);
	cr_assert_eq(doubles_see(&doubles, &a, 1000 * MS), 0);
	int found = doubles_see(&doubles, &b, 1000 * MS + apart_ns);
	doubles_deinit(&doubles);
	return found;
}

Test(doubles, windows)
{
	cr_expect_eq(second(here, here, 0), 1);
	cr_expect_eq(second(here, here, 900 * US), 1);
	cr_expect_eq(second(here, here, MS), 1);
	cr_expect_eq(second(here, here, MS + 1), 0);
	cr_expect_eq(second(here, here, 1100 * US), 0);
	cr_expect_eq(second(here, elsewhere(here), 0), 1);
	cr_expect_eq(second(here, elsewhere(here), 30 * US), 1);
	cr_expect_eq(second(here, elsewhere(here), 50 * MS), 1);
	cr_expect_eq(second(here, elsewhere(here), 50 * MS + 1), 0);
	cr_expect_eq(second(here, elsewhere(here), 51 * MS), 0);
}

/* Time that goes back counts as far. */
Test(doubles, windows_backwards)
{
	cr_expect_eq(second(here, here, -900 * US), 1);
	cr_expect_eq(second(here, here, -1100 * US), 0);
	cr_expect_eq(second(here, elsewhere(here), -50 * MS), 1);
	cr_expect_eq(second(here, elsewhere(here), -51 * MS), 0);
	cr_expect_eq(second(here, elsewhere(here), INT64_MIN), 0);
}

Test(doubles, extreme_times)
{
	struct doubles doubles;
	doubles_init(&doubles, 64);
	cr_expect_eq(doubles_see(&doubles, &here, INT64_MIN), 0);
	cr_expect_eq(doubles_see(&doubles, &here, INT64_MAX), 0);
	cr_expect_eq(doubles_see(&doubles, &here, INT64_MAX), 1);
	cr_expect_eq(doubles_see(&doubles, &here, INT64_MIN), 1);
	doubles_deinit(&doubles);
}

Test(doubles, other_packets)
{
	struct packet_digest other = here;
	other.head++;
	cr_expect_eq(second(here, other, 0), 0);
	other = here;
	other.body++;
	cr_expect_eq(second(here, other, 0), 0);
	/* Cut elsewhere: the head is what there is to compare. */
	other.captured--;
	cr_expect_eq(second(here, other, 0), 1);
}

/* A copy of a copy: the third is 60 ms after the first, and 30 ms after the second. */
Test(doubles, a_double_is_a_sight_too)
{
	struct doubles doubles;
	struct packet_digest third = elsewhere(elsewhere(here));
	doubles_init(&doubles, 64);
	cr_expect_eq(doubles_see(&doubles, &here, 0), 0);
	cr_expect_eq(doubles_see(&doubles, &(struct packet_digest){ 1, 2, 4, 4 }, 30 * MS), 1);
	cr_expect_eq(doubles_see(&doubles, &third, 60 * MS), 1);
	doubles_deinit(&doubles);
}

/* Sent twice and mirrored twice, 2 ms apart, with equal bytes: the copy of the second is a double
 * of both, and the second itself is like the copy of the first, a moment ago elsewhere. */
Test(doubles, older_sights_are_found_behind_newer)
{
	struct doubles doubles;
	doubles_init(&doubles, 64);
	cr_expect_eq(doubles_see(&doubles, &here, 0), 0);
	cr_expect_eq(doubles_see(&doubles, &here, 2 * MS), 0);
	cr_expect_eq(doubles_see(&doubles, &here, 4 * MS), 0);
	struct packet_digest there = elsewhere(here);
	cr_expect_eq(doubles_see(&doubles, &there, 53 * MS), 1);
	doubles_deinit(&doubles);
}

/* n packets, no two alike, at one time. */
static void flood(struct doubles *doubles, uint64_t from, size_t n, int64_t time_ns)
{
	for (size_t i = 0; i < n; i++) {
		struct packet_digest digest = { .head = (from + i) * UINT64_C(0x9e3779b97f4a7c15) };
		cr_assert_eq(doubles_see(doubles, &digest, time_ns), 0);
	}
}

Test(doubles, room_doubles_up_to_the_bound)
{
	struct doubles doubles;
	doubles_init(&doubles, 300); /* 256 */
	cr_expect_eq(doubles_memory(&doubles), 0);
	cr_assert_eq(doubles_see(&doubles, &here, 0), 0);
	cr_expect_eq(doubles_memory(&doubles), 16 * DOUBLES_SIGHT_BYTES);
	flood(&doubles, 1, 255, 0);
	cr_expect_eq(doubles_memory(&doubles), 256 * DOUBLES_SIGHT_BYTES);
	cr_expect_eq(doubles.forgotten, 0);
	cr_expect_eq(doubles_see(&doubles, &here, 0),
	             1); /* the oldest goes for it, after it was found */
	cr_expect_eq(doubles.forgotten, 1);
	doubles_deinit(&doubles);
}

Test(doubles, the_oldest_is_forgotten_and_counted)
{
	struct doubles doubles;
	struct packet_digest next = here;
	next.head++;
	doubles_init(&doubles, 64);
	doubles_see(&doubles, &here, 0);
	doubles_see(&doubles, &next, 0);
	flood(&doubles, 100, 63, 0); /* one more than there is room for */
	cr_expect_eq(doubles.forgotten, 1);
	cr_expect_eq(doubles_memory(&doubles), 64 * DOUBLES_SIGHT_BYTES);
	cr_expect_eq(doubles_see(&doubles, &here, 0), 0);
	cr_expect_eq(doubles.forgotten, 2);
	doubles_deinit(&doubles);
}

/* What is past makes room without being counted, and without more room. */
Test(doubles, what_is_past_is_not_counted)
{
	struct doubles doubles;
	doubles_init(&doubles, DOUBLES_MAX);
	for (int i = 0; i < 200; i++)
		flood(&doubles, (uint64_t)i * 60, 30, i * 51 * MS);
	cr_expect_eq(doubles.forgotten, 0);
	cr_expect_leq(doubles_memory(&doubles), 32 * DOUBLES_SIGHT_BYTES);
	doubles_deinit(&doubles);
}

/* One packet with a time far off makes nothing be forgotten. */
Test(doubles, a_single_time_far_off)
{
	struct doubles doubles;
	doubles_init(&doubles, 64);
	doubles_see(&doubles, &here, 1000 * MS);
	flood(&doubles, 100, 1, INT64_MAX);
	cr_expect_eq(doubles_see(&doubles, &here, 1000 * MS), 1);
	flood(&doubles, 200, 1, INT64_MIN);
	cr_expect_eq(doubles_see(&doubles, &here, 1000 * MS), 1);
	doubles_deinit(&doubles);
}

Test(doubles, reserve_leaves_nothing_to_allocate)
{
	struct doubles doubles;
	doubles_init(&doubles, 1024);
	cr_assert_eq(doubles_reserve(&doubles), 0);
	cr_expect_eq(doubles_memory(&doubles), 1024 * DOUBLES_SIGHT_BYTES);
	flood(&doubles, 1, 5000, 0);
	cr_expect_eq(doubles_memory(&doubles), 1024 * DOUBLES_SIGHT_BYTES);
	doubles_deinit(&doubles);
}

Test(doubles, bounds_of_the_room)
{
	struct doubles doubles;
	doubles_init(&doubles, 0);
	cr_expect_eq(doubles.max_size, DOUBLES_MIN);
	flood(&doubles, 1, 100, 0);
	cr_expect_eq(doubles_memory(&doubles), DOUBLES_MIN * DOUBLES_SIGHT_BYTES);
	doubles_deinit(&doubles);
	doubles_init(&doubles, SIZE_MAX);
	cr_expect_eq(doubles.max_size, DOUBLES_MAX);
	doubles_deinit(&doubles);
}

/* Packets of one head cannot make the search long: it ends after DOUBLES_MAX_ALIKE of them. */
Test(doubles, one_head_many_bodies)
{
	struct doubles doubles;
	struct packet_digest digest = here;
	doubles_init(&doubles, DOUBLES_MAX);
	for (unsigned i = 0; i < DOUBLES_MAX_ALIKE; i++) {
		digest.body = 100 + i;
		cr_assert_eq(doubles_see(&doubles, &digest, 0), 0);
	}
	digest.body = 100;
	cr_expect_eq(doubles_see(&doubles, &digest, 0), 1); /* the last one that is looked at */
	digest.body = 101;
	cr_expect_eq(doubles_see(&doubles, &digest, 0), 1);
	digest.body = 1;
	cr_expect_eq(doubles_see(&doubles, &digest, 0), 0);
	digest.body = 102;
	cr_expect_eq(doubles_see(&doubles, &digest, 0), 0); /* one too far behind */
	doubles_deinit(&doubles);
}

/* Numbers of sights wrap after 2^32 without a loop or a lie. */
Test(doubles, numbers_wrap)
{
	struct doubles doubles;
	doubles_init(&doubles, 64);
	cr_assert_eq(doubles_reserve(&doubles), 0);
	doubles.first = doubles.end = UINT32_MAX - 10;
	for (unsigned i = 0; i < 40; i++) {
		struct packet_digest digest = { .head = i * 1000 + 7, .place = i };
		cr_expect_eq(doubles_see(&doubles, &digest, i), 0);
		cr_expect_eq(doubles_see(&doubles, &digest, i), 1);
	}
	doubles_deinit(&doubles);
}
