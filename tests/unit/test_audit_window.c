/*
 * Windows of `expect`: cut at multiples of `within` since 1970, due when they lie wholly in the
 * capture and begin within the hours of the zone named, with summer time where the zone has it.
 */
#include "audit_hand.h"
#include "audit/priv.h"

#define MINUTE (60 * HAND_SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static void assert_count(const struct expect_window *window, int64_t first, int64_t last,
                         uint64_t due, uint64_t empty)
{
	struct window_set set = { 0 };
	uint64_t got_due, got_empty;

	window_count(&set, window, first, last, &got_due, &got_empty);
	cr_assert_eq(got_due, due, "%llu due, not %llu", (unsigned long long)got_due,
	             (unsigned long long)due);
	cr_assert_eq(got_empty, empty);
	window_deinit(&set);
}

Test(window, whole_windows_only)
{
	struct expect_window w = { .within_ns = 15 * MINUTE };

	assert_count(&w, HAND_START, HAND_START + HOUR, 4, 4);
	assert_count(&w, HAND_START + 1, HAND_START + HOUR, 3, 3);
	assert_count(&w, HAND_START, HAND_START + HOUR - 1, 3, 3);
	assert_count(&w, HAND_START + 1, HAND_START + 30 * MINUTE - 1, 0, 0);
	assert_count(&w, HAND_START, HAND_START, 0, 0);
	/* Before 1970 windows are cut the same way. */
	assert_count(&w, -HOUR, HOUR, 8, 8);
}

Test(window, a_flow_is_in_every_window_it_spans)
{
	struct expect_window w = { .within_ns = 15 * MINUTE };
	struct window_set set = { 0 };
	uint64_t due, empty;

	window_add(&set, &w, HAND_START + 50 * MINUTE, HAND_START + 51 * MINUTE);
	window_add(&set, &w, HAND_START + 10 * MINUTE, HAND_START + 16 * MINUTE);
	window_add(&set, &w, HAND_START + 14 * MINUTE, HAND_START + 14 * MINUTE);
	window_count(&set, &w, HAND_START, HAND_START + HOUR, &due, &empty);
	cr_assert_eq(due, 4);
	cr_assert_eq(empty, 1); /* 30 to 45 */
	window_deinit(&set);
}

Test(window, order_and_repetition_do_not_count)
{
	struct expect_window w = { .within_ns = MINUTE };
	struct window_set set = { 0 };
	uint64_t due, empty;

	for (int round = 0; round < 50; round++)
		for (int i = 59; i >= 0; i -= 2)
			window_add(&set, &w, HAND_START + i * MINUTE, HAND_START + i * MINUTE);
	cr_assert_leq(set.size, 256, "%zu", set.size);
	window_count(&set, &w, HAND_START, HAND_START + HOUR, &due, &empty);
	cr_assert_eq(due, 60);
	cr_assert_eq(empty, 30);
	window_deinit(&set);
}

Test(window, days_and_hours)
{
	/* 2026-01-01 is a Thursday. */
	struct expect_window w = { .within_ns = HOUR, .days = 0x1f, .hour_from = 8, .hour_to = 18 };

	assert_count(&w, HAND_START, HAND_START + DAY, 10, 10);
	assert_count(&w, HAND_START, HAND_START + 4 * DAY, 20, 20); /* Thursday to Sunday */
	assert_count(&w, HAND_START + 8 * HOUR, HAND_START + 9 * HOUR, 1, 1);
	assert_count(&w, HAND_START + 18 * HOUR, HAND_START + 19 * HOUR, 0, 0);
	w.hour_from = w.hour_to = 0;
	assert_count(&w, HAND_START, HAND_START + 7 * DAY, 120, 120);
	w.days = 0x40; /* Sunday */
	assert_count(&w, HAND_START, HAND_START + 7 * DAY, 24, 24);
}

Test(window, zone_and_summer_time)
{
	/* Version 3, a type that is UTC and no transition, twice; then the rule. */
	static const char file[] = "TZif3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	                           "\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4\0\0\0\0\0\0UTC\0"
	                           "TZif3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	                           "\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4\0\0\0\0\0\0UTC\0"
	                           "\nCET-1CEST,M3.5.0,M10.5.0/3\n";
	_cleanup_(time_zone_freep) struct time_zone *berlin = NULL;
	cr_assert_eq(time_zone_new(&berlin, BYTES((const uint8_t *)file, sizeof(file) - 1)), 0);
	struct expect_window w = { .within_ns = HOUR,
		                   .hour_from = 8,
		                   .hour_to = 9,
		                   .zone = "Europe/Berlin",
		                   .local = berlin };
	/* 2026-03-28, the day before summer time begins: 08:00 is 07:00 UTC, then 06:00 UTC. */
	int64_t saturday = INT64_C(1774656000) * HAND_SECOND;

	assert_count(&w, saturday + 7 * HOUR, saturday + 8 * HOUR, 1, 1);
	assert_count(&w, saturday + 6 * HOUR, saturday + 7 * HOUR, 0, 0);
	assert_count(&w, saturday + DAY + 6 * HOUR, saturday + DAY + 7 * HOUR, 1, 1);
	assert_count(&w, saturday + DAY + 7 * HOUR, saturday + DAY + 8 * HOUR, 0, 0);
	/* 02:00 to 03:00 does not exist on that Sunday, and comes twice on 2026-10-25. */
	w.hour_from = 2;
	w.hour_to = 3;
	assert_count(&w, saturday + DAY, saturday + 2 * DAY - HOUR, 0, 0);
	int64_t autumn = INT64_C(1792886400) * HAND_SECOND;
	assert_count(&w, autumn, autumn + 12 * HOUR, 2, 2);
	/* The process keeps its own zone. */
	cr_assert_eq(setenv("TZ", "Asia/Tokyo", 1), 0);
	assert_count(&w, autumn, autumn + 12 * HOUR, 2, 2);
	cr_assert_str_eq(getenv("TZ"), "Asia/Tokyo");
}

Test(window, endless_flow_is_bounded)
{
	struct expect_window w = { .within_ns = HAND_SECOND };
	struct window_set set = { 0 };

	window_add(&set, &w, 0, 200000 * HAND_SECOND);
	cr_assert(set.is_failed);
	window_deinit(&set);
}
