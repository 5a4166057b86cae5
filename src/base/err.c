#include "pcaudit/base/err.h"

#include <stdarg.h>
#include <string.h>

static void append(struct err *err, size_t at, const char *format, va_list args)
{
	size_t room = sizeof(err->text) - at;
	int len = vsnprintf(err->text + at, room, format, args);

	if (len >= 0 && (size_t)len >= room)
		memcpy(err->text + sizeof(err->text) - 4, "...", 4);
}

void err_set(struct err *err, const char *format, ...)
{
	if (!err)
		return;
	va_list args;
	va_start(args, format);
	append(err, 0, format, args);
	va_end(args);
}

void err_add(struct err *err, const char *format, ...)
{
	if (!err)
		return;
	va_list args;
	va_start(args, format);
	append(err, strnlen(err->text, sizeof(err->text) - 1), format, args);
	va_end(args);
}

#define MAX_WORD 64

/* Edit distance with neighbours swapped counted once (optimal string alignment). */
static unsigned distance(const char *a, const char *b)
{
	size_t len_a = strlen(a), len_b = strlen(b);
	unsigned rows[3][MAX_WORD + 1];

	if (len_a > MAX_WORD || len_b > MAX_WORD)
		return MAX_WORD;
	for (size_t j = 0; j <= len_b; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= len_a; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3],
		         *two_above = rows[(i + 1) % 3];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= len_b; j++) {
			unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
			best = MIN(best, MIN(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN(best, two_above[j - 2] + 1);
			row[j] = best;
		}
	}
	return rows[len_a % 3][len_b];
}

const char *err_near_miss(const char *word, const char *const *candidates, size_t n_candidates)
{
	const char *best = NULL;
	unsigned best_distance = (unsigned)(strlen(word) / 3);

	if (strlen(word) > MAX_WORD)
		return NULL;
	if (best_distance == 0)
		best_distance = 1;
	for (size_t i = 0; i < n_candidates; i++) {
		unsigned d = distance(word, candidates[i]);
		if (d <= best_distance && (!best || d < best_distance)) {
			best = candidates[i];
			best_distance = d;
		}
	}
	return best;
}
