#include <criterion/criterion.h>

#include "pcaudit/base/reader.h"

static const uint8_t sample[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08 };

Test(base_reader, numbers)
{
	struct reader r = reader_of(BYTES(sample, sizeof(sample)));
	cr_assert_eq(reader_be64(&r), UINT64_C(0x0102030405060708));
	r = reader_of(BYTES(sample, sizeof(sample)));
	cr_assert_eq(reader_le64(&r), UINT64_C(0x0807060504030201));
	r = reader_of(BYTES(sample, sizeof(sample)));
	cr_assert_eq(reader_u8(&r), 0x01);
	cr_assert_eq(reader_be16(&r), 0x0203);
	cr_assert_eq(reader_be24(&r), 0x040506);
	cr_assert_eq(reader_le16(&r), 0x0807);
	cr_assert(!r.is_short);
	r = reader_of(BYTES(sample, sizeof(sample)));
	cr_assert_eq(reader_be32(&r), 0x01020304u);
	cr_assert_eq(reader_le32(&r), 0x08070605u);
	cr_assert_eq(reader_left(&r), 0);
}

/* Past the end: zero, remembered, and for ever. */
Test(base_reader, short_stays_short)
{
	struct reader r = reader_of(BYTES(sample, 3));
	cr_assert_eq(reader_be32(&r), 0);
	cr_assert(r.is_short);
	cr_assert_eq(reader_u8(&r), 0);
	cr_assert_eq(reader_take(&r, 1).len, 0);
	cr_assert_eq(reader_rest(&r).len, 0);
	r = reader_of(BYTES(sample, 3));
	reader_skip(&r, 4);
	cr_assert(r.is_short);
	r = reader_of(BYTES(sample, 3));
	cr_assert_eq(reader_take(&r, SIZE_MAX).len, 0);
	cr_assert(r.is_short);
}

Test(base_reader, empty)
{
	struct reader r = reader_of(BYTES(NULL, 0));
	cr_assert_eq(reader_peek(&r), 0);
	cr_assert_eq(reader_rest(&r).len, 0);
	cr_assert(!r.is_short, "asking for what is left is never too much");
	cr_assert_eq(reader_u8(&r), 0);
	cr_assert(r.is_short);
}

Test(base_reader, lines)
{
	struct reader r = reader_of(BYTES_LITERAL("a\r\n\nb\r\nrest"));
	struct bytes line;
	cr_assert(reader_line(&r, &line) && bytes_equal(line, BYTES_LITERAL("a")));
	cr_assert(reader_line(&r, &line) && line.len == 0);
	cr_assert(reader_line(&r, &line) && bytes_equal(line, BYTES_LITERAL("b")));
	cr_assert(!reader_line(&r, &line) && !r.is_short);
	cr_assert(bytes_equal(reader_rest(&r), BYTES_LITERAL("rest")));
}
