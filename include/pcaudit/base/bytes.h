/*
 * A view of bytes that somebody else owns: pointer and length, passed by value.
 *
 * Everything that came off the wire is a struct bytes, never a char *: it may hold NUL, it is
 * not UTF-8, and it dies with its frame or buffer. It becomes text only in an output, escaped.
 */
#ifndef PCAUDIT_BASE_BYTES_H
#define PCAUDIT_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *data;
	size_t len;
};

#define BYTES(pointer, length) ((struct bytes){ .data = (pointer), .len = (length) })
/* A string literal as bytes, without its NUL. */
#define BYTES_LITERAL(text) ((struct bytes){ .data = (const uint8_t *)(text), .len = sizeof(text) - 1 })

static inline struct bytes bytes_from_text(const char *text)
{
	return BYTES((const uint8_t *)text, strlen(text));
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* True if a begins with prefix. */
static inline bool bytes_starts_with(struct bytes a, struct bytes prefix)
{
	return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.data, prefix.data, prefix.len) == 0);
}

/* What is left of a after its first n bytes; empty if a is shorter. */
static inline struct bytes bytes_skip(struct bytes a, size_t n)
{
	return n >= a.len ? BYTES(NULL, 0) : BYTES(a.data + n, a.len - n);
}

/* The first n bytes of a, or all of it if it is shorter. */
static inline struct bytes bytes_take(struct bytes a, size_t n)
{
	return BYTES(a.data, n < a.len ? n : a.len);
}

/* Offset of the first occurrence of needle in a, or -1. */
ptrdiff_t bytes_find(struct bytes a, struct bytes needle);

/* Like bytes_equal() and bytes_starts_with(), ASCII letters compared without case. */
bool bytes_equal_nocase(struct bytes a, struct bytes b);
bool bytes_starts_with_nocase(struct bytes a, struct bytes prefix);

/* Without leading and trailing ASCII blanks and tabs. */
struct bytes bytes_trim(struct bytes a);

#endif
