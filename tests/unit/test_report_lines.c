/*
 * Lines for a terminal: width, words, colours, and text that means harm.
 */
#include "report_samples.h"

static char *put_text(unsigned width, bool is_coloured, enum ink ink, const char *lead,
                      unsigned indent, const char *text)
{
	char *got = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&got, &len);
	struct lines lines = { .out = out, .width = width, .is_coloured = is_coloured };

	lines_put(&lines, ink, lead, indent, text);
	cr_expect_not(lines.is_failed);
	fclose(out);
	return got;
}

Test(report_lines, breaks_at_blanks)
{
	expect_text(put_text(20, false, INK_ERROR, "Lost ", 5, "alpha beta gamma delta"),
	            "Lost alpha beta\n     gamma delta\n");
	/* 20 columns exactly fit. */
	expect_text(put_text(20, false, INK_ERROR, "Lost ", 5, "alpha beta gamm delta"),
	            "Lost alpha beta gamm\n     delta\n");
	expect_text(put_text(20, false, INK_ERROR, "Lost", 5, ""), "Lost\n");
}

Test(report_lines, a_word_too_wide_is_cut)
{
	expect_text(put_text(10, false, INK_PLAIN, "", 2, "abcdefghijklmnopqrstuvwxyz"),
	            "abcdefghij\n  klmnopqr\n  stuvwxyz\n");
	/* Code points, not bytes. */
	expect_text(put_text(4, false, INK_PLAIN, "", 0, "äöüßéè"), "äöüß\néè\n");
}

Test(report_lines, colours_only_when_asked)
{
	expect_text(put_text(40, true, INK_ERROR, "error ", 0, "x"), "\033[1;31merror \033[0mx\n");
	expect_text(put_text(40, true, INK_PLAIN, "error ", 0, "x"), "error x\n");
}

Test(report_lines, nothing_moves_the_cursor)
{
	struct strbuf safe = STRBUF_INIT;

	lines_add_safe(&safe, "C:\\a\\b \033[2Jq\r\xe2\x80\xae\xff\xc2\x9b\x7f");
	cr_expect_str_eq(strbuf_text(&safe),
	                 "C:\\a\\b \\x1b[2Jq\\x0d\\xe2\\x80\\xae\\xff\\xc2\\x9b\\x7f");
	strbuf_deinit(&safe);
	expect_text(put_text(40, false, INK_PLAIN, "", 0, "a\033[2Jb"), "a\\x1b[2Jb\n");
}

Test(report_lines, sentences)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *wanted;
	} cases[] = {
		{ "One two. Three four. Five.", 40, "One two. Three four. Five." },
		{ "One two. Three four. Five.", 20, "One two. Three four." },
		{ "One two. Three four. Five.", 19, "One two." },
		{ "One two. Three four. Five.", 3, "One two." },
		{ "Port 5.1 of a.b is it", 4, "Port 5.1 of a.b is it" },
		{ "", 10, "" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf out = STRBUF_INIT;
		lines_add_sentences(&out, cases[i].text, cases[i].columns);
		cr_expect_str_eq(strbuf_text(&out), cases[i].wanted);
		strbuf_deinit(&out);
	}
}

Test(report_lines, cut)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *wanted;
	} cases[] = {
		{ "alpha beta gamma", 16, "alpha beta gamma" },
		{ "alpha beta gamma", 15, "alpha beta..." },
		{ "alpha, beta gamma", 12, "alpha..." },
		{ "abcdefghijkl", 8, "abcde..." },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf out = STRBUF_INIT;
		lines_add_cut(&out, cases[i].text, cases[i].columns);
		cr_expect_str_eq(strbuf_text(&out), cases[i].wanted);
		strbuf_deinit(&out);
	}
}

Test(report_lines, width_is_bounded)
{
	static const unsigned cases[][2] = { { 0, 100 }, { 80, 80 }, { 20, 60 }, { 400, 100 } };
	char *got = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&got, &len);

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct report_options options = { .columns = cases[i][0] };
		struct lines lines;
		lines_init(&lines, out, &options);
		cr_expect_eq(lines.width, cases[i][1]);
	}
	fclose(out);
	free(got);
}
