/*
 * The bounded reader: the only code that touches wire bytes.
 *
 * A read past the end returns zero (or empty bytes), sets is_short, and moves to the end; every
 * later read does the same. So a parser is straight-line code with one check at its end:
 *
 *	struct reader r = reader_of(payload);
 *	uint16_t type = reader_be16(&r);
 *	struct bytes body = reader_take(&r, reader_be16(&r));
 *	if (r.is_short)
 *		return DETECT_MORE;
 */
#ifndef PCAUDIT_BASE_READER_H
#define PCAUDIT_BASE_READER_H

#include "pcaudit/base/bytes.h"

struct reader {
	struct bytes bytes;
	size_t at;     /* offset of the next byte, at most bytes.len */
	bool is_short; /* a read went past the end */
};

static inline struct reader reader_of(struct bytes bytes)
{
	return (struct reader){ .bytes = bytes };
}

static inline size_t reader_left(const struct reader *r)
{
	return r->bytes.len - r->at;
}

/* True if n more bytes are there; otherwise the reader goes short. */
static inline bool reader_has(struct reader *r, size_t n)
{
	if (reader_left(r) >= n)
		return true;
	r->is_short = true;
	r->at = r->bytes.len;
	return false;
}

static inline uint8_t reader_u8(struct reader *r)
{
	return reader_has(r, 1) ? r->bytes.data[r->at++] : 0;
}

static inline uint16_t reader_be16(struct reader *r)
{
	if (!reader_has(r, 2))
		return 0;
	const uint8_t *p = r->bytes.data + r->at;
	r->at += 2;
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t reader_be24(struct reader *r)
{
	if (!reader_has(r, 3))
		return 0;
	const uint8_t *p = r->bytes.data + r->at;
	r->at += 3;
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t reader_be32(struct reader *r)
{
	uint32_t high = reader_be16(r);
	uint32_t low = reader_be16(r);
	return r->is_short ? 0 : high << 16 | low;
}

static inline uint64_t reader_be64(struct reader *r)
{
	uint64_t high = reader_be32(r);
	uint64_t low = reader_be32(r);
	return r->is_short ? 0 : high << 32 | low;
}

static inline uint16_t reader_le16(struct reader *r)
{
	return __builtin_bswap16(reader_be16(r));
}

static inline uint32_t reader_le32(struct reader *r)
{
	return __builtin_bswap32(reader_be32(r));
}

static inline uint64_t reader_le64(struct reader *r)
{
	return __builtin_bswap64(reader_be64(r));
}

/* The next n bytes as a view; empty if they are not all there. */
static inline struct bytes reader_take(struct reader *r, size_t n)
{
	if (n == 0 || !reader_has(r, n))
		return BYTES(NULL, 0);
	struct bytes out = BYTES(r->bytes.data + r->at, n);
	r->at += n;
	return out;
}

static inline void reader_skip(struct reader *r, size_t n)
{
	if (reader_has(r, n))
		r->at += n;
}

/* Everything that is left, possibly nothing; never goes short. */
static inline struct bytes reader_rest(struct reader *r)
{
	return reader_take(r, reader_left(r));
}

/* The next byte without moving, or 0 at the end; never goes short. */
static inline uint8_t reader_peek(const struct reader *r)
{
	return r->at < r->bytes.len ? r->bytes.data[r->at] : 0;
}

/*
 * The next line without its LF or CRLF. False, nothing consumed and not short, if no LF stands in
 * what is left.
 */
bool reader_line(struct reader *r, struct bytes *line);

#endif
