#include <criterion/criterion.h>

#include "pcaudit/base/bytes.h"

Test(base_bytes, compare)
{
	cr_assert(bytes_equal(BYTES(NULL, 0), BYTES_LITERAL("")));
	cr_assert(!bytes_equal(BYTES_LITERAL("a"), BYTES_LITERAL("ab")));
	cr_assert(bytes_starts_with(BYTES_LITERAL("SIP/2.0 200"), BYTES_LITERAL("SIP/2.0")));
	cr_assert(!bytes_starts_with(BYTES_LITERAL("SIP"), BYTES_LITERAL("SIP/2.0")));
	cr_assert(bytes_equal_nocase(BYTES_LITERAL("Content-Length"),
	                             BYTES_LITERAL("content-lENGTH")));
	cr_assert(!bytes_equal_nocase(BYTES_LITERAL("@"), BYTES_LITERAL("`")), "only letters fold");
}

Test(base_bytes, cut)
{
	struct bytes b = BYTES_LITERAL("abc");
	cr_assert_eq(bytes_skip(b, 2).len, 1);
	cr_assert_eq(bytes_skip(b, 3).len, 0);
	cr_assert_eq(bytes_skip(b, 9).len, 0);
	cr_assert_eq(bytes_take(b, 9).len, 3);
	cr_assert(bytes_equal(bytes_trim(BYTES_LITERAL(" \t a b\t ")), BYTES_LITERAL("a b")));
	cr_assert_eq(bytes_trim(BYTES_LITERAL("  ")).len, 0);
}

Test(base_bytes, find)
{
	cr_assert_eq(bytes_find(BYTES_LITERAL("\r\n\r\nx"), BYTES_LITERAL("\r\nx")), 2);
	cr_assert_eq(bytes_find(BYTES_LITERAL("abc"), BYTES_LITERAL("abcd")), -1);
	cr_assert_eq(bytes_find(BYTES(NULL, 0), BYTES_LITERAL("a")), -1);
	cr_assert_eq(bytes_find(BYTES_LITERAL("abc"), BYTES(NULL, 0)), 0);
}
