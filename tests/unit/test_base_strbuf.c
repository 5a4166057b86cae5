#include <criterion/criterion.h>

#include "pcaudit/base/strbuf.h"

static void check(struct bytes wire, size_t max, const char *wanted)
{
	struct strbuf buf = STRBUF_INIT;
	strbuf_add_wire_text(&buf, wire, max);
	cr_expect_str_eq(strbuf_text(&buf), wanted);
	strbuf_deinit(&buf);
}

Test(base_strbuf, wire_text)
{
	check(BYTES_LITERAL("sip.example"), 64, "sip.example");
	check(BYTES_LITERAL("a\0b\n"), 64, "a\\x00b\\x0a");
	check(BYTES_LITERAL("\x1b[31m"), 64, "\\x1b[31m");
	check(BYTES_LITERAL("Z\xc3\xbcrich"), 64, "Z\xc3\xbcrich");
	check(BYTES_LITERAL("\xff\xfe"), 64, "\\xff\\xfe");
	check(BYTES_LITERAL("\xc3"), 64, "\\xc3");
	check(BYTES_LITERAL("\xc0\xaf"), 64, "\\xc0\\xaf");                   /* overlong */
	check(BYTES_LITERAL("\xed\xa0\x80"), 64, "\\xed\\xa0\\x80");          /* surrogate */
	check(BYTES_LITERAL("\xf4\x90\x80\x80"), 64, "\\xf4\\x90\\x80\\x80"); /* beyond U+10FFFF */
	check(BYTES_LITERAL("\xe2\x80\xae"
	                    "x"),
	      64, "\\xe2\\x80\\xaex"); /* right-to-left override */
	check(BYTES_LITERAL("\xc2\x9b"
	                    "1m"),
	      64,
	      "\\xc2\\x9b"
	      "1m");                                     /* C1 control */
	check(BYTES_LITERAL("a\\x00"), 64, "a\\x5cx00"); /* an escape cannot be forged */
	check(BYTES_LITERAL("abcdef"), 3, "abc...");
}

Test(base_strbuf, grows)
{
	struct strbuf buf = STRBUF_INIT;
	cr_assert_str_eq(strbuf_text(&buf), "");
	for (int i = 0; i < 1000; i++)
		strbuf_add_format(&buf, "%d,", i);
	cr_assert_eq(buf.len, 3890);
	cr_assert(!buf.is_failed);
	strbuf_clear(&buf);
	cr_assert_str_eq(strbuf_text(&buf), "");
	strbuf_add_bytes(&buf, BYTES_LITERAL("ab"));
	cr_assert_str_eq(strbuf_text(&buf), "ab");
	strbuf_deinit(&buf);
}
