/*
 * Small helpers that every layer uses: cleanup attributes and the usual macros.
 *
 * Ownership, in the verbs of the whole program: x_new()/x_free() for the heap (free takes NULL
 * and returns NULL), x_init()/x_deinit() for embedded objects, x_get...() lends a pointer that
 * dies with x, x_take...(y) makes y belong to x even when it fails, x_dup() is yours to free.
 */
#ifndef PCAUDIT_BASE_UTIL_H
#define PCAUDIT_BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b)         ((a) < (b) ? (a) : (b))
#define MAX(a, b)         ((a) > (b) ? (a) : (b))
#define NS_PER_SECOND     INT64_C(1000000000)
#define NS_PER_MS         INT64_C(1000000)

/* Runs fn(&variable) when the variable leaves its scope. */
#define _cleanup_(fn) __attribute__((__cleanup__(fn)))
#define _unused_      __attribute__((__unused__))
#define _printf_(format, args) __attribute__((__format__(__printf__, format, args)))

/* Defines x_freep(), which _cleanup_() wants, from x_free(). */
#define DEFINE_CLEANUP(type, free_fn)                                                              \
	static inline void free_fn##p(type **pointer)                                              \
	{                                                                                          \
		if (*pointer)                                                                      \
			free_fn(*pointer);                                                         \
	}

static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void fclosep(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#endif
