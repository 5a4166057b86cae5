/*
 * The text report: what its first screen of 24 lines and 80 columns must tell, widths, colours,
 * and an output that cannot be written.
 */
#include "report_samples.h"

/* The first n lines; no line wider than columns. */
static void first_lines(char *out, size_t size, const char *text, unsigned n, size_t columns)
{
	char line[4096];

	out[0] = '\0';
	for (unsigned i = 0; i < n && next_line(&text, line, sizeof(line)); i++) {
		cr_expect_leq(lines_columns(line), columns, "%s", line);
		cr_assert_lt(strlen(out) + strlen(line) + 2, size);
		strcat(strcat(out, line), "\n");
	}
}

Test(report_text, first_screen)
{
	static const char *const wanted[] = {
		"FAIL       1 finding of severity warning or worse\n",
		"Site       Contoso (site.yaml); pack sample 1.2; vantage core\n",
		"Flows      9 compliant, 1 in violation, 0 blocked, 2 unjudged, 5 out of scope\n",
		"Evidence   of the compliant: 3 read in clear, 4 by the envelope only (the inside\n",
		"           is encrypted), 2 by headers only\n",
		"Read       a.pcap: 30 packets, 3.0 kB, 2026-03-01 10:00:00 to 10:01:30 UTC (1\n",
		"           min 30 s)\n",
		"Lost       nothing that shows",
		"Not judged flows: 2 no-payload\n",
		"Rules      1 observed, 1 attempted, 0 missing, 0 not expected\n",
		"Findings   1 error, 0 warnings, 1 info, 1 accepted\n",
		"\nerror    wrong-port near fe-sip: ",
		NULL,
	};
	struct sample s;
	char screen[24 * 82 + 1];

	sample_init(&s);
	s.options.columns = 80;
	char *text = sample_write(&s, "text");
	first_lines(screen, sizeof(screen), text, 24, 80);
	expect_order(screen, wanted);
	free(text);
	sample_deinit(&s);
}

Test(report_text, without_site_says_so_in_the_first_lines)
{
	struct sample s;
	char screen[4 * 82 + 1];

	sample_init(&s);
	s.ruleset.site = NULL;
	s.report.vantage = NULL;
	s.report.verdict = REPORT_UNJUDGED;
	s.options.columns = 80;
	char *text = sample_write(&s, "text");
	first_lines(screen, sizeof(screen), text, 4, 80);
	static const char *const wanted[] = { "UNJUDGED", "Site       none: ", "source and",
		                              "were not", NULL };
	expect_order(screen, wanted);
	free(text);
	sample_deinit(&s);
}

Test(report_text, no_line_is_wider_than_100)
{
	struct sample s;
	char line[4096], why[300];

	sample_init(&s);
	memset(why, 'x', sizeof(why));
	why[sizeof(why) - 1] = '\0';
	s.violation.why = s.violation.remedy = why;
	s.input.name = why;
	s.options.flows = REPORT_ALL_FLOWS;
	char *text = sample_write(&s, "text");
	for (const char *at = text; next_line(&at, line, sizeof(line));)
		cr_expect_leq(lines_columns(line), 100, "%s", line);
	free(text);
	sample_deinit(&s);
}

Test(report_text, parts_stand_in_order)
{
	static const char *const wanted[] = { "FAIL",
		                              "\nerror ",
		                              "\ninfo ",
		                              "\nAccepted by the site\n",
		                              "\nCoverage of 2 rules",
		                              "\nOut of scope\n",
		                              "\nFlows\n",
		                              NULL };
	struct sample s;

	sample_init(&s);
	s.options.flows = REPORT_ALL_FLOWS;
	char *text = sample_write(&s, "text");
	expect_order(text, wanted);
	cr_expect_not_null(strstr(text, "\n  1:17  10.0.9.21 40000 -> 10.0.2.20 5062 tcp, tls "
	                                "(tls), violation wrong-port, rule fe-sip\n"),
	                   "%s", text);
	free(text);
	s.options.flows = REPORT_NO_FLOWS;
	text = sample_write(&s, "text");
	cr_expect_null(strstr(text, "\nFlows\n"));
	free(text);
	sample_deinit(&s);
}

Test(report_text, colours_only_when_asked)
{
	struct sample s;

	sample_init(&s);
	char *text = sample_write(&s, "text");
	cr_expect_null(strchr(text, '\033'));
	free(text);
	s.options.is_coloured = true;
	text = sample_write(&s, "text");
	cr_expect_eq(strncmp(text, "\033[1;31mFAIL ", 12), 0);
	cr_expect_not_null(strstr(text, "\033[2merror    wrong-port"),
	                   "accepted findings are grey");
	free(text);
	sample_deinit(&s);
}

Test(report_text, names_cannot_move_the_cursor)
{
	struct sample s;

	sample_init(&s);
	s.input.name = "a\033[2J.pcap";
	s.options.sensor = "e\rast";
	char *text = sample_write(&s, "text");
	cr_expect_null(strpbrk(text, "\033\r"));
	cr_expect_not_null(strstr(text, "a\\x1b[2J.pcap"));
	cr_expect_not_null(strstr(text, "e\\x0dast"));
	free(text);
	sample_deinit(&s);
}

Test(report_text, a_full_device_is_an_error)
{
	struct sample s;

	sample_init(&s);
	cr_expect_eq(sample_write_full(&s, "text"), -ENOSPC);
	sample_deinit(&s);
}
