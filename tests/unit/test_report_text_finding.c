/*
 * Findings for a person: three lines each, whatever they hold.
 */
#include "report_samples.h"

static char *findings_text(const struct sample *s, unsigned width)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct lines lines = { .out = out, .width = width };

	text_findings(&lines, &s->report);
	cr_expect_not(lines.is_failed);
	fclose(out);
	return text;
}

Test(report_text_finding, three_lines_each)
{
	struct sample s;

	sample_init(&s);
	expect_text(findings_text(&s, 100),
	            "\n"
	            "error    wrong-port near fe-sip: client-internal -> front-end-server "
	            "tcp/5062,6000-6010, 20000 flows\n"
	            "    Wrong port. More of it.\n"
	            "    Flow 1:17. ports-internal table 1 row 3. Move it.\n"
	            "info     missing: director 10.0.2.30\n"
	            "    Never seen.\n"
	            "    Look.\n"
	            "\n"
	            "Accepted by the site\n"
	            "error    wrong-port near fe-sip: client-internal -> front-end-server "
	            "tcp/5062,6000-6010, 20000 flows\n"
	            "    Wrong port. More of it.\n"
	            "    Flow 1:17. ports-internal table 1 row 3. Accepted: old gateway (voice), "
	            "until 2027-03-31.\n");
	sample_deinit(&s);
}

Test(report_text_finding, the_count_and_who)
{
	struct sample s;

	sample_init(&s);
	s.report.n_findings = 1;
	s.violation.n_ports = 1;
	s.violation.initiators_at_least = false;
	s.violation.initiators = 3;
	s.violation.flows = 4;
	char *text = findings_text(&s, 100);
	cr_expect_not_null(
	        strstr(text,
	               " client-internal -> front-end-server tcp/5062, 4 flows from 3 hosts\n"),
	        "%s", text);
	free(text);
	sample_deinit(&s);
}

/* A sentence that does not fit gives way to both values; a remedy, to a few words. */
Test(report_text_finding, what_does_not_fit_is_said_shorter)
{
	struct sample s;
	char longer[200];

	sample_init(&s);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	s.report.n_findings = 1;
	s.violation.why = s.violation.remedy = longer;
	char *text = findings_text(&s, 100);
	static const char *const wanted[] = { "\n    Expected: 5061. Observed: 5062.\n",
		                              "    Flow 1:17. ports-internal table 1 row 3. Move "
		                              "it, or give the rule its port in the site.\n",
		                              NULL };
	expect_order(text, wanted);
	free(text);
	sample_deinit(&s);
}

Test(report_text_finding, undocumented_says_what_it_is)
{
	struct sample s;
	char longer[200];

	sample_init(&s);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	s.report.n_findings = 1;
	s.violation.key.kind = KIND_UNDOCUMENTED;
	s.violation.key.rule = -1;
	s.violation.field = CONDITION_NONE;
	s.violation.expected = s.violation.observed = (char *)"";
	s.violation.why = longer;
	char *text = findings_text(&s, 100);
	static const char *const wanted[] = {
		"\nerror    undocumented: client-internal -> front-end-server tcp/5062,6000-6010, "
		"20000 flows",
		"\n    No row of the table documents it, none comes near. Protocol: tls.\n",
		"    Flow 1:17. Move it.\n", NULL
	};
	expect_order(text, wanted);
	free(text);
	sample_deinit(&s);
}

Test(report_text_finding, many_roles_are_counted)
{
	struct sample s;

	sample_init(&s);
	s.report.n_findings = 1;
	s.violation.flows = 2;
	for (unsigned role = 0; role < 3; role++)
		role_set_add(&s.record.parties[0].given, role);
	char *text = findings_text(&s, 100);
	cr_expect_not_null(
	        strstr(text, " client-internal -> client-internal+2 tcp/5062,6000-6010, 2 flows\n"),
	        "%s", text);
	free(text);
	sample_deinit(&s);
}

Test(report_text_finding, missing_rule_and_note_of_the_site)
{
	struct sample s;

	sample_init(&s);
	s.report.n_findings = 1;
	s.findings[0] = &s.unseen;
	s.unseen.key = (struct finding_key){ .kind = KIND_MISSING, .rule = 0 };
	expect_text(findings_text(&s, 100),
	            "\n"
	            "info     missing fe-sip: client-internal -> front-end-server tcp/5061\n"
	            "    Never seen.\n"
	            "    ports-internal table 1 row 3. Look.\n");
	s.unseen.key = (struct finding_key){
		.kind = KIND_NOTE, .note = NOTE_CODE_ALLOW_UNUSED + 1, .rule = -1, .host = "allow-1"
	};
	expect_text(findings_text(&s, 100), "\n"
	                                    "info     allow-unused: allow-1\n"
	                                    "    Never seen.\n"
	                                    "    Look.\n");
	sample_deinit(&s);
}

Test(report_text_finding, none)
{
	struct sample s;

	sample_init(&s);
	s.report.n_findings = 0;
	expect_text(findings_text(&s, 100), "");
	sample_deinit(&s);
}
