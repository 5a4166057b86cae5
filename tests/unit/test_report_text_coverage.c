/*
 * Coverage and what is out of scope, for a person.
 */
#include "report_samples.h"

static char *part_text(const struct sample *s,
                       void (*part)(struct lines *lines, const struct report *report))
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct lines lines = { .out = out, .width = 100 };

	part(&lines, &s->report);
	cr_expect_not(lines.is_failed);
	fclose(out);
	return text;
}

Test(report_text_coverage, by_status_then_reason)
{
	struct sample s;

	sample_init(&s);
	struct coverage_row rows[] = {
		{ .rule = 0, .status = COVERAGE_NOT_EXPECTED, .reason = "optional" },
		{ .rule = 1, .status = COVERAGE_NOT_EXPECTED, .reason = "a reason" },
		{ .rule = 1, .status = COVERAGE_NOT_EXPECTED, .reason = "optional" },
		{ .rule = 0, .status = COVERAGE_OBSERVED, .flows = 12 },
		{ .rule = 1, .status = COVERAGE_MISSING },
	};
	s.report.coverage = rows;
	s.report.n_coverage = ARRAY_SIZE(rows);
	expect_text(part_text(&s, text_coverage),
	            "\n"
	            "Coverage of 5 rules (in brackets: flows that keep them)\n"
	            "  missing (1)\n"
	            "    fe-web\n"
	            "  observed (1)\n"
	            "    fe-sip (12)\n"
	            "  not-expected (3)\n"
	            "    a reason: fe-web\n"
	            "    optional: fe-sip, fe-web\n");
	s.report.n_coverage = 0;
	expect_text(part_text(&s, text_coverage), "");
	sample_deinit(&s);
}

Test(report_text_coverage, out_of_scope)
{
	struct sample s;

	sample_init(&s);
	expect_text(part_text(&s, text_out_of_scope),
	            "\n"
	            "Out of scope\n"
	            "    inside -> outside: 5 flows, 60 packets, 7.0 kB\n");
	s.report.n_out_of_scope = 0;
	expect_text(part_text(&s, text_out_of_scope), "");
	sample_deinit(&s);
}

Test(report_text_coverage, only_the_largest_pairs)
{
	static struct out_of_scope_row rows[23];
	struct sample s;
	unsigned n = 0;

	sample_init(&s);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		rows[i] = (struct out_of_scope_row){ "inside", "outside", 1, 1, 60 };
	s.report.out_of_scope = rows;
	s.report.n_out_of_scope = ARRAY_SIZE(rows);
	char *text = part_text(&s, text_out_of_scope);
	for (const char *at = text; (at = strstr(at, "1 flow, 1 packet, 60 bytes\n")); at++)
		n++;
	cr_expect_eq(n, 20);
	cr_expect_not_null(strstr(text, "\n    and 3 more pairs\n"));
	free(text);
	sample_deinit(&s);
}
