/*
 * Text for a person who wrote something wrong: a pack, a site file, an argument; or whose file
 * cannot be read. Libraries fill it, only main prints it.
 *
 * Return values, in the whole program: 0 is fine. Negative is fatal, -errno, forwarded unchanged.
 * Positive is a named condition of that function (SOURCE_E_END), handled by its caller.
 */
#ifndef PCAUDIT_BASE_ERR_H
#define PCAUDIT_BASE_ERR_H

#include "pcaudit/base/util.h"

struct err {
	char text[1024]; /* empty: nothing happened */
};

/* Replaces the text. A NULL err is allowed and ignored. Too long a text ends in "...". */
void err_set(struct err *err, const char *format, ...) _printf_(2, 3);
/* Adds to the text. */
void err_add(struct err *err, const char *format, ...) _printf_(2, 3);

/*
 * The candidate nearest to word by edit distance, if it is near enough to be a slip of the
 * hand (at most a third of its length); else NULL. Borrowed from candidates.
 */
const char *err_near_miss(const char *word, const char *const *candidates, size_t n_candidates);

#endif
