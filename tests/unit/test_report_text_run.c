/*
 * The head of the text report: what is said of losses, of several files, of nothing.
 */
#include "report_samples.h"

static void expect_head(const struct sample *s, const char *wanted)
{
	char *text = sample_write(s, "text");

	cr_expect_not_null(strstr(text, wanted), "\"%s\" is missing in:\n%s", wanted, text);
	free(text);
}

Test(report_text_run, losses)
{
	struct sample s;

	sample_init(&s);
	struct capture_summary *c = &s.report.capture;
	c->lost_bytes = 2000;
	c->tcp_payload_bytes = 98000;
	expect_head(&s, "\nLost       2.0 kB of TCP data never seen (2 %)\n");
	c->lost_bytes = 0;
	c->dropped_kernel = 3;
	c->dropped_interface = 4;
	c->is_short = 5;
	expect_head(&s, "\nLost       7 packets dropped while capturing, 5 packets cut before "
	                "their ports\n");
	c->dropped_kernel = c->dropped_interface = c->is_short = 0;
	c->unsupported = 6;
	expect_head(&s, "\nLost       6 packets of unsupported kinds\n");
	s.link_types[1] = 127;
	expect_head(&s, "\nLost       6 packets of unsupported kinds (link layers: 802.11-radiotap)\n");
	s.link_types[0] = 143;
	expect_head(&s, "\nLost       6 packets of unsupported kinds (link layers: link type 143,\n"
	                "           802.11-radiotap)\n");
	c->unsupported = 0;
	s.report.notes_dropped = 6;
	s.report.flows_not_waited = 7;
	expect_head(&s,
	            "\nLost       6 notes about other flows dropped for want of memory, 7 flows "
	            "that\n"
	            "           waited for no note, for want of memory\n");
	s.report.notes_dropped = s.report.flows_not_waited = 0;
	s.input.is_truncated = true;
	c->is_filtered = c->is_windowed = true;
	expect_head(&s, "\nLost       a.pcap: truncated, packets a filter left out, packets "
	                "outside the\n"
	                "           time window\n");
	sample_deinit(&s);
}

Test(report_text_run, inputs)
{
	struct sample s;

	sample_init(&s);
	const struct input_info *two[] = { &s.input, &s.input };
	s.report.capture.inputs = two;
	s.report.capture.n_inputs = 2;
	expect_head(&s, "\nRead       2 files: 30 packets, 6.0 kB, 2026-03-01 10:00:00 to ");
	s.report.capture.n_inputs = 1;
	s.report.capture.received = 0;
	s.input.bytes = 0;
	expect_head(&s, "\nRead       a.pcap: 0 packets, 0 bytes\n");
	sample_deinit(&s);
}

Test(report_text_run, nothing_is_news_where_it_counts)
{
	struct sample s;

	sample_init(&s);
	memset(s.report.unjudged_by_reason, 0, sizeof(s.report.unjudged_by_reason));
	expect_head(&s, "\nNot judged nothing: every flow in scope and every rule was judged\n");
	s.report.rules_by_coverage[COVERAGE_UNJUDGED] = 3;
	s.report.rules_by_coverage[COVERAGE_NOT_OBSERVABLE] = 40;
	expect_head(&s, "\nNot judged rules: 3 unjudged, 40 not observable here\n");
	s.report.flows[VERDICT_COMPLIANT] = 0;
	char *text = sample_write(&s, "text");
	cr_expect_null(strstr(text, "\nEvidence"));
	free(text);
	sample_deinit(&s);
}

Test(report_text_run, verdicts)
{
	struct sample s;

	sample_init(&s);
	s.report.verdict = REPORT_PASS;
	expect_head(&s, "PASS       1 finding");
	s.report.verdict = REPORT_UNJUDGED;
	expect_head(&s, "UNJUDGED   1 finding");
	s.options.sensor = "east";
	expect_head(&s, "; vantage core; sensor east\n");
	sample_deinit(&s);
}

Test(report_text_run, bytes)
{
	static const struct {
		uint64_t bytes;
		const char *wanted;
	} cases[] = {
		{ 0, "0 bytes" },     { 999, "999 bytes" },     { 1000, "1.0 kB" },
		{ 9949, "9.9 kB" },   { 12345, "12 kB" },       { 999499, "999 kB" },
		{ 999500, "1.0 MB" }, { 3400000000, "3.4 GB" }, { UINT64_MAX, "18447 PB" },
	};
	char text[32];

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(report_bytes_text(cases[i].bytes, text), cases[i].wanted);
}
