/*
 * Windows of `expect: {within: 15m, hours: "mon-fri 08-18", zone: Europe/Berlin}`: the time line
 * cut at multiples of `within` since 1970. A flow is present in every window its packets span;
 * a window is due if it lies wholly in the capture and begins within the hours.
 */
#include "priv.h"

#include <string.h>
#include <time.h>

/* One flow can span this many windows; a longer one is cut there and the set marked. */
#define MAX_WINDOWS_PER_FLOW 100000

static int64_t window_of(const struct expect_window *window, int64_t time_ns)
{
	int64_t number = time_ns / window->within_ns;
	return time_ns < 0 && time_ns % window->within_ns ? number - 1 : number;
}

static bool push(struct window_set *set, int64_t number)
{
	if (set->n && set->numbers[set->n - 1] == number)
		return true;
	if (set->n == set->size) {
		size_t size = set->size ? set->size * 2 : 16;
		int64_t *grown = realloc(set->numbers, size * sizeof(*grown));
		if (!grown)
			return false;
		set->numbers = grown;
		set->size = size;
	}
	set->numbers[set->n++] = number;
	return true;
}

static int compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void compact(struct window_set *set)
{
	size_t unique = 0;

	if (!set->n)
		return;
	qsort(set->numbers, set->n, sizeof(*set->numbers), compare_numbers);
	for (size_t i = 0; i < set->n; i++)
		if (unique == 0 || set->numbers[i] != set->numbers[unique - 1])
			set->numbers[unique++] = set->numbers[i];
	set->n = unique;
}

void window_add(struct window_set *set, const struct expect_window *window, int64_t first_ns,
                int64_t last_ns)
{
	int64_t first = window_of(window, first_ns), last = window_of(window, last_ns);

	/* Doubling only after the set was made unique keeps it as small as the capture is long. */
	if (set->n == set->size && set->n)
		compact(set);
	for (int64_t number = first; number <= last && !set->is_failed; number++)
		if (number - first > MAX_WINDOWS_PER_FLOW || !push(set, number))
			set->is_failed = true;
}

void window_deinit(struct window_set *set)
{
	free(set->numbers);
}

static bool is_due(const struct expect_window *window, int64_t number)
{
	struct tm tm;

	if (!window->days && !window->hour_from && !window->hour_to)
		return true;
	int64_t seconds = number * window->within_ns / NS_PER_SECOND;
	time_t local = seconds + (window->local ? time_zone_offset(window->local, seconds) : 0);
	gmtime_r(&local, &tm);
	unsigned day = (unsigned)(tm.tm_wday + 6) % 7; /* Monday is 0 */
	if (window->days && !(window->days >> day & 1))
		return false;
	if (!window->hour_from && !window->hour_to)
		return true;
	return tm.tm_hour >= window->hour_from && tm.tm_hour < window->hour_to;
}

void window_count(struct window_set *set, const struct expect_window *window, int64_t first_ns,
                  int64_t last_ns, uint64_t *due, uint64_t *empty)
{
	int64_t first = window_of(window, first_ns), last = window_of(window, last_ns);
	size_t at = 0;

	*due = *empty = 0;
	compact(set);
	if (first * window->within_ns < first_ns)
		first++; /* the capture began inside this one */
	for (int64_t number = first; number < last; number++) {
		if (!is_due(window, number))
			continue;
		(*due)++;
		while (at < set->n && set->numbers[at] < number)
			at++;
		if (at == set->n || set->numbers[at] != number)
			(*empty)++;
	}
}
