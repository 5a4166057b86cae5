/* The parts detectors share: a line or a record comes out the same, however it was cut. */
#include <criterion/criterion.h>

#include "detect/parts.h"

/* The line of data when its first piece ends before byte `at`. */
static struct bytes line_cut(struct line *line, struct bytes data, size_t at)
{
	struct bytes text, first = bytes_take(data, at), second = bytes_skip(data, at);
	*line = (struct line){ 0 };
	if (line_take(line, &first, &text))
		return text;
	cr_assert_eq(first.len, 0);
	cr_assert(line_take(line, &second, &text));
	return text;
}

Test(detect_parts, a_line_is_the_same_however_it_was_cut)
{
	static uint8_t data[LINE_HEAD_MAX + 16];
	for (size_t len = LINE_HEAD_MAX - 3; len < LINE_HEAD_MAX + 4; len++)
		for (unsigned has_cr = 0; has_cr < 2; has_cr++) {
			memset(data, 'a', sizeof(data));
			memcpy(data + len, has_cr ? "\r\n" : "\n", 1 + has_cr);
			for (size_t at = len - 4; at <= len + has_cr; at++) {
				struct line line;
				struct bytes text =
				        line_cut(&line, BYTES(data, len + 1 + has_cr), at);
				cr_assert_eq(text.len, MIN(len, (size_t)LINE_HEAD_MAX),
				             "%zu cut at %zu", len, at);
				cr_assert_eq(text.data[text.len - 1], 'a');
			}
		}
}

Test(detect_parts, lines_follow_each_other)
{
	struct line line = { 0 };
	struct bytes text, rest = BYTES_LITERAL("one\r\n\r\nthree\nfo");
	cr_assert(line_take(&line, &rest, &text));
	cr_assert(bytes_equal(text, BYTES_LITERAL("one")));
	cr_assert(line_take(&line, &rest, &text));
	cr_assert_eq(text.len, 0);
	cr_assert(line_take(&line, &rest, &text));
	cr_assert(bytes_equal(text, BYTES_LITERAL("three")));
	cr_assert_not(line_take(&line, &rest, &text));
	rest = BYTES_LITERAL("ur\nfive");
	cr_assert(line_take(&line, &rest, &text));
	cr_assert(bytes_equal(text, BYTES_LITERAL("four")));
	cr_assert_eq(line_rest(&line).len, 0, "what was told is gone");
	cr_assert_not(line_take(&line, &rest, &text));
	cr_assert(bytes_equal(line_rest(&line), BYTES_LITERAL("five")));
	cr_assert_eq(line_rest(&line).len, 0);
}

Test(detect_parts, headers)
{
	struct bytes name, value;
	cr_assert(line_split_header(BYTES_LITERAL("Via : \t x:y \t"), &name, &value));
	cr_assert(bytes_equal(name, BYTES_LITERAL("Via")));
	cr_assert(bytes_equal(value, BYTES_LITERAL("x:y")));
	cr_assert(line_split_header(BYTES_LITERAL("X:"), &name, &value));
	cr_assert_eq(value.len, 0);
	static const char *const bad[] = { "",           "no colon",     ":value",
		                           " folded: x", "two words: x", "a\1: x",
		                           "\xc3\xa4: x" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_assert_not(line_split_header(bytes_from_text(bad[i]), &name, &value), "%s",
		              bad[i]);
}

Test(detect_parts, text_before_an_address)
{
	static const struct {
		const char *text, *kept;
	} rows[] = {
		{ "A/1 B/2", "A/1 B/2" },
		{ "A/1 (by a@b.example) C/3", "A/1 (by" },
		{ "a@b.example", "" },
		{ "A/1\ta@b", "A/1" },
		{ "", "" },
		{ "@", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_assert(bytes_equal(bytes_before_address(bytes_from_text(rows[i].text)),
		                      bytes_from_text(rows[i].kept)),
		          "%s", rows[i].text);
}

Test(detect_parts, numbers)
{
	uint32_t number = 7;
	cr_assert(bytes_to_number(BYTES_LITERAL("65535"), 65535, &number));
	cr_assert_eq(number, 65535);
	cr_assert(bytes_to_number(BYTES_LITERAL("0004294967295"), UINT32_MAX, &number));
	cr_assert_eq(number, UINT32_MAX);
	static const char *const bad[] = {
		"", "65536", "-1", "+1", "1 ", "0x1", "99999999999999999999999999"
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_assert_not(bytes_to_number(bytes_from_text(bad[i]), 65535, &number), "%s",
		              bad[i]);
}

/* One byte of length, of all that follows it and itself; 0 is no record. */
static uint32_t first_byte(struct bytes header)
{
	return byte_at(header, 0);
}

Test(detect_parts, records_are_the_same_however_they_were_cut)
{
	static const uint8_t data[] = { 3, 'a', 'b', 1, 2, 'c', 0 };
	for (size_t piece = 1; piece <= sizeof(data); piece++) {
		struct record record = { 0 };
		char seen[32] = "";
		bool is_bad = false;
		for (size_t at = 0; at < sizeof(data); at += piece) {
			struct bytes head, rest = BYTES(data + at, MIN(piece, sizeof(data) - at));
			while (rest.len && !is_bad) {
				enum record_step step =
				        record_take(&record, &rest, 1, first_byte, &head);
				is_bad = step == RECORD_BAD;
				if (step != RECORD_READY)
					continue;
				size_t len = strlen(seen);
				snprintf(seen + len, sizeof(seen) - len, "%.*s|", (int)head.len - 1,
				         (const char *)head.data + 1);
			}
		}
		cr_assert_str_eq(seen, "ab||c|", "pieces of %zu", piece);
		cr_assert(is_bad);
	}
}

static uint32_t three_thousand(struct bytes header)
{
	return header.len ? 3000 : 0;
}

Test(detect_parts, of_a_long_record_the_head_is_kept)
{
	static uint8_t data[6001];
	struct record record = { 0 };
	struct bytes head, rest = BYTES(data, sizeof(data));
	for (unsigned n = 0; n < 2; n++) {
		cr_assert_eq(record_take(&record, &rest, 4, three_thousand, &head), RECORD_READY);
		cr_assert_eq(record.total, 3000);
		cr_assert_eq(head.len, RECORD_HEAD_MAX);
	}
	cr_assert_eq(record_take(&record, &rest, 4, three_thousand, &head), RECORD_MORE);
	cr_assert_eq(record.len, 1, "the third begins after the second");
}

Test(detect_parts, words_are_seen_once_and_not_without_end)
{
	struct seen seen = { 0 };
	cr_assert(seen_add(&seen, BYTES_LITERAL("INVITE")));
	cr_assert_not(seen_add(&seen, BYTES_LITERAL("INVITE")));
	unsigned n = 1;
	for (uint8_t i = 0; i < 100; i++)
		n += seen_add(&seen, BYTES(&i, 1));
	cr_assert_eq(n, SEEN_MAX);
}
