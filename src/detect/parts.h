/*
 * What several detectors are made of: lines of text and length-prefixed records that arrive in
 * pieces, and words that are stated once.
 *
 * A bound detector is handed bytes as the segments brought them and may keep only its own small
 * state, so a line or a record that is cut by a segment must be put together there. Both kinds
 * keep a bounded head and count the rest, so that a hostile peer buys no memory with a long line.
 * The outcome never depends on where the segments were cut: a long line that came whole is
 * shortened to the same head.
 */
#ifndef PCAUDIT_DETECT_PARTS_H
#define PCAUDIT_DETECT_PARTS_H

#include "pcaudit/detect.h"
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"

/* The byte at an offset, or 0 beyond the end. */
static inline uint8_t byte_at(struct bytes bytes, size_t at)
{
	struct reader r = reader_of(bytes_skip(bytes, at));
	return reader_peek(&r);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

#define LINE_HEAD_MAX 1024

/* A line in the making. Zeroed is empty. */
struct line {
	uint16_t len;
	bool is_told; /* the last call gave the line out: the next one starts anew */
	uint8_t head[LINE_HEAD_MAX + 1]; /* one more: the CR may have come before its LF */
};

static inline void line_add(struct line *line, struct bytes bytes)
{
	bytes = bytes_take(bytes, sizeof(line->head) - line->len);
	if (bytes.len)
		memcpy(line->head + line->len, bytes.data, bytes.len);
	line->len += (uint16_t)bytes.len;
}

/*
 * Takes the next line off *rest. True: *text is its first LINE_HEAD_MAX bytes without LF or CRLF,
 * lent until the next call. False: *rest is used up and the line goes on in the next piece.
 */
static inline bool line_take(struct line *line, struct bytes *rest, struct bytes *text)
{
	if (line->is_told)
		line->len = 0;
	line->is_told = false;
	struct reader r = reader_of(*rest);
	if (!reader_line(&r, text)) {
		line_add(line, *rest);
		*rest = BYTES(NULL, 0);
		return false;
	}
	*rest = reader_rest(&r);
	line->is_told = true;
	if (line->len) {
		line_add(line, *text);
		*text = BYTES(line->head, line->len);
		if (byte_at(*text, text->len - 1) == '\r')
			text->len--;
	}
	*text = bytes_take(*text, LINE_HEAD_MAX);
	return true;
}

/* What stands in the buffer of a line that will not be ended by LF. */
static inline struct bytes line_rest(struct line *line)
{
	struct bytes text = BYTES(line->head, line->is_told ? 0 : line->len);
	line->len = 0;
	return bytes_take(text, LINE_HEAD_MAX);
}

/* Up to the first c; all of text if there is none. */
static inline struct bytes bytes_until(struct bytes text, uint8_t c)
{
	ptrdiff_t at = bytes_find(text, BYTES(&c, 1));
	return at < 0 ? text : bytes_take(text, (size_t)at);
}

/* "Name: value" to both, trimmed. False if the line is no header (its name must be a token). */
static inline bool line_split_header(struct bytes line, struct bytes *name, struct bytes *value)
{
	*name = bytes_until(line, ':');
	if (name->len == line.len)
		return false;
	*value = bytes_trim(bytes_skip(line, name->len + 1));
	if (byte_at(*name, 0) <= ' ')
		return false; /* folded: it goes on with the header before */
	*name = bytes_trim(*name);
	struct reader r = reader_of(*name);
	while (reader_left(&r)) {
		uint8_t c = reader_u8(&r);
		if (c <= ' ' || c >= 0x7f)
			return false;
	}
	return name->len > 0;
}

/* True if every byte is printable ASCII, blank included. */
static inline bool bytes_are_printable(struct bytes text)
{
	struct reader r = reader_of(text);
	while (reader_left(&r)) {
		uint8_t c = reader_u8(&r);
		if (c < ' ' || c > '~')
			return false;
	}
	return true;
}

/*
 * A product string (User-Agent, Server) up to the word that holds an '@': facts never hold the
 * user part of an address, and some products put their owner's there.
 */
static inline struct bytes bytes_before_address(struct bytes text)
{
	struct bytes before = bytes_until(text, '@');
	if (before.len == text.len)
		return text;
	struct bytes kept = BYTES(NULL, 0);
	for (size_t i = 0; i < before.len; i++)
		if (byte_at(before, i) == ' ' || byte_at(before, i) == '\t')
			kept = bytes_take(before, i);
	return bytes_trim(kept);
}

/* All digits to a number; false if there is none, another byte, or more than max. */
static inline bool bytes_to_number(struct bytes text, uint32_t max, uint32_t *out)
{
	uint64_t number = 0;
	struct reader r = reader_of(text);
	while (reader_left(&r)) {
		uint8_t c = reader_u8(&r);
		if (c < '0' || c > '9')
			return false;
		number = number * 10 + (uint64_t)(c - '0');
		if (number > max)
			return false;
	}
	*out = (uint32_t)number;
	return text.len > 0;
}

/* ---- Records --------------------------------------------------------------------------------- */

#define RECORD_HEAD_MAX 1024

/* A length-prefixed record in the making. Zeroed is empty. */
struct record {
	uint32_t total; /* with its header; 0: the header is not whole yet */
	uint32_t left;  /* told and to be skipped */
	uint16_t len;
	bool is_told;
	uint8_t head[RECORD_HEAD_MAX];
};

enum record_step { RECORD_MORE, RECORD_READY, RECORD_BAD };

/* The length of a whole record from its header; less than the header's own: this is no record. */
typedef uint32_t (*record_length)(struct bytes header);

static inline bool record_fill(struct record *record, struct bytes *rest, size_t want)
{
	struct bytes bytes = bytes_take(*rest, want - record->len);
	if (bytes.len)
		memcpy(record->head + record->len, bytes.data, bytes.len);
	record->len += (uint16_t)bytes.len;
	*rest = bytes_skip(*rest, bytes.len);
	return record->len == want;
}

/*
 * Takes the next record off *rest. READY: *head is its first RECORD_HEAD_MAX bytes (all of it, if
 * record->total is not more), lent until the next call. MORE: *rest is used up.
 */
static inline enum record_step record_take(struct record *record, struct bytes *rest,
                                           size_t header_len, record_length length_of,
                                           struct bytes *head)
{
	if (record->is_told) {
		size_t skipped = MIN(record->left, rest->len);
		*rest = bytes_skip(*rest, skipped);
		record->left -= (uint32_t)skipped;
		if (record->left)
			return RECORD_MORE;
		record->is_told = false;
		record->len = 0;
		record->total = 0;
	}
	if (!record->total) {
		if (!record_fill(record, rest, header_len))
			return RECORD_MORE;
		record->total = length_of(BYTES(record->head, header_len));
		if (record->total < header_len)
			return RECORD_BAD;
	}
	size_t want = MIN(record->total, (uint32_t)RECORD_HEAD_MAX);
	if (!record_fill(record, rest, want))
		return RECORD_MORE;
	record->is_told = true;
	record->left = record->total - (uint32_t)want;
	*head = BYTES(record->head, want);
	return RECORD_READY;
}

/* ---- Words stated once ----------------------------------------------------------------------- */

#define SEEN_MAX 24

/* What a list fact holds already, as hashes. Zeroed is empty. */
struct seen {
	uint32_t hash[SEEN_MAX];
	uint8_t n;
};

/* True if word is new and there is room: state it. Two words of one hash count as one. */
static inline bool seen_add(struct seen *seen, struct bytes word)
{
	uint32_t hash = 2166136261; /* FNV-1a */
	struct reader r = reader_of(word);
	while (reader_left(&r))
		hash = (hash ^ reader_u8(&r)) * 16777619;
	for (unsigned i = 0; i < seen->n; i++)
		if (seen->hash[i] == hash)
			return false;
	if (seen->n == SEEN_MAX)
		return false;
	seen->hash[seen->n++] = hash;
	return true;
}

/* ---- Both sides ---------------------------------------------------------------------------- */

/*
 * What two probes of one connection say together: one side that is ours is enough, unless the other
 * is not, from its first byte on; what is seen from the middle does not speak against.
 */
static inline enum detect_step parts_join(const struct detect_view *view, enum detect_step first,
                                          enum detect_step second)
{
	const enum detect_step steps[2] = { first, second };
	bool is_mine = first == DETECT_MINE || second == DETECT_MINE;

	for (unsigned side = 0; side < 2; side++)
		if (steps[side] == DETECT_NOT_MINE && (!is_mine || view->from_start[side]))
			return DETECT_NOT_MINE;
	return is_mine ? DETECT_MINE : DETECT_MORE;
}

#endif
