/*
 * explain: facts with their packets, the verdict in words, and the rules by closeness.
 */
#include "report_samples.h"

static const struct fact_def sni = { .name = "tls.sni", .type = FACT_TEXT };

static const struct trial trials[] = {
	{ .rule = 1,
	  .failed = CONDITION_TRANSPORT,
	  .n_failed = 2,
	  .is_declared = true,
	  .expected = "udp",
	  .observed = "tcp" },
	{ .rule = 0,
	  .failed = CONDITION_PORT,
	  .n_failed = 1,
	  .is_declared = true,
	  .expected = "5061",
	  .observed = "5062" },
	{ .rule = 1,
	  .failed = CONDITION_SECURITY,
	  .is_declared = true,
	  .expected = "mtls",
	  .observed = "tls" },
};

/* What a label says, its lines joined. */
static void row_text(char *out, size_t size, const char *text, const char *label)
{
	const char *at = strstr(text, label);
	size_t n = 0;

	cr_assert_not_null(at);
	for (at += strlen(label); *at && n + 1 < size; at++) {
		if (*at != '\n') {
			out[n++] = *at;
			continue;
		}
		if (strncmp(at + 1, "            ", 12) != 0)
			break;
		out[n++] = ' ';
		at += 12;
	}
	out[n] = '\0';
}

static char *explain_text(const struct sample *s, bool is_json, bool with_all)
{
	struct explanation e = { .report = &s->report,
		                 .record = &s->record,
		                 .trials = trials,
		                 .n_trials = ARRAY_SIZE(trials),
		                 .with_all = with_all };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int r = is_json ? report_explain_json(out, &e, &s->options)
	                : report_explain_text(out, &e, &s->options);

	cr_assert_eq(r, 0);
	fclose(out);
	return text;
}

Test(report_explain, text)
{
	static const char *const wanted[] = {
		"Flow        1:17\n",
		"From        10.0.9.21 port 40000, client-internal\n",
		"To          10.0.2.20 port 5062, front-end-server\n",
		"Transport   tcp, established; opener known by syn\n",
		"Seen        2026-03-01 10:00:00 UTC, for 1.8 s; 9 packets (900 bytes) there, 8 "
		"packets (800 bytes)\n"
		"            back\n",
		"Protocol    tls (evidence consistent, by none, packet 20)\n",
		"Protection  tls (evidence confirmed)\n",
		"Facts       client_auth empty\n",
		"  packet 3      tls.sni                  a\\x1bb\n",
		"Verdict     violation, wrong-port (error): no rule fits; the nearest, fe-sip, "
		"differs in its port\n",
		"\nRules whose headers fit:\n",
		"  fe-web                   security: expected mtls, observed tls\n",
		"\nRules that differ in one header condition:\n",
		"  fe-sip                   port: expected 5061, observed 5062\n",
		"\n1 more rule differs in two or more header conditions; --all lists them.\n",
		NULL,
	};
	struct sample s;

	sample_init(&s);
	cr_assert_eq(facts_add(s.facts, &sni, 3, 0, BYTES_LITERAL("a\033b")), 0);
	s.facts->client_auth = CLIENT_AUTH_EMPTY;
	char *text = explain_text(&s, false, false);
	expect_order(text, wanted);
	free(text);
	text = explain_text(&s, false, true);
	cr_expect_not_null(strstr(text, "\nRules that differ in more:\n  fe-web                   "
	                                "transport: expected udp, observed tcp (and 1 more)\n"));
	cr_expect_null(strstr(text, "--all"));
	free(text);
	sample_deinit(&s);
}

Test(report_explain, verdicts)
{
	static const struct {
		struct assessment a;
		const char *wanted;
	} cases[] = {
		{ { .verdict = VERDICT_COMPLIANT, .rule = 0 }, "compliant: it keeps rule fe-sip" },
		{ { .verdict = VERDICT_VIOLATION,
		    .kind = KIND_WRONG_SECURITY,
		    .field = CONDITION_SECURITY,
		    .rule = 0,
		    .severity = SEVERITY_ERROR },
		  "violation, wrong-security (error): it has the headers of rule fe-sip, but not "
		  "its security" },
		{ { .verdict = VERDICT_VIOLATION,
		    .kind = KIND_FEATURE_OFF,
		    .rule = 0,
		    .severity = SEVERITY_WARNING },
		  "violation, feature-off (warning): it keeps rule fe-sip, whose feature the site "
		  "does not declare" },
		{ { .verdict = VERDICT_VIOLATION,
		    .kind = KIND_UNDOCUMENTED,
		    .rule = -1,
		    .severity = SEVERITY_ERROR },
		  "violation, undocumented (error): no rule documents it, and none comes near" },
		{ { .verdict = VERDICT_BLOCKED,
		    .kind = KIND_REFUSED,
		    .rule = 0,
		    .severity = SEVERITY_ERROR },
		  "blocked, refused (error): rule fe-sip says that it should work" },
		{ { .verdict = VERDICT_BLOCKED,
		    .kind = KIND_REFUSED,
		    .rule = -1,
		    .severity = SEVERITY_INFO },
		  "blocked, refused (info): no rule asks for it" },
		{ { .verdict = VERDICT_UNJUDGED,
		    .reason = (enum reason)DOUBT_NO_PAYLOAD,
		    .rule = 0 },
		  "unjudged, no-payload: no data was exchanged (rule fe-sip)" },
		{ { .verdict = VERDICT_OUT_OF_SCOPE, .rule = -1 },
		  "out of scope: the site names neither end as a server, and no rule is kept" },
	};
	struct sample s;

	sample_init(&s);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		s.record.assessment = cases[i].a;
		char *text = explain_text(&s, false, false);
		char verdict[512];
		row_text(verdict, sizeof(verdict), text, "Verdict     ");
		cr_expect_str_eq(verdict, cases[i].wanted);
		free(text);
	}
	sample_deinit(&s);
}

/* What the judge joined from another flow counts, though this flow alone does not show it. */
Test(report_explain, what_the_judge_kept_is_kept)
{
	struct sample s;

	sample_init(&s);
	s.record.assessment = (struct assessment){
		.verdict = VERDICT_COMPLIANT, .rule = 1, .kept = { 1 }, .n_kept = 1
	};
	char *text = explain_text(&s, false, false);
	cr_expect_not_null(strstr(text, "  fe-web                   kept\n"), "%s", text);
	free(text);
	sample_deinit(&s);
}

Test(report_explain, json)
{
	static const char *const wanted[] = {
		"{\n  \"schema\": \"pcaudit.explanation/1\",\n",
		"  \"flow\": { \"id\": \"1:17\", ",
		"  \"stated\": [\n",
		"{ \"packet\": 3, \"fact\": \"tls.sni\", \"value\": \"x\" }",
		"  \"protocol_packet\": 20,\n  \"security_packet\": null,\n",
		"  \"field\": \"port\",\n",
		"  \"rules\": [\n",
		"{ \"rule\": \"fe-web\", \"outcome\": \"failed\", \"failed\": \"security\", "
		"\"failed_headers\": 0, \"expected\": \"mtls\", \"observed\": \"tls\", "
		"\"declared\": true },\n",
		"{ \"rule\": \"fe-sip\", \"outcome\": \"failed\", \"failed\": \"port\", "
		"\"failed_headers\": 1, \"expected\": \"5061\", \"observed\": \"5062\", "
		"\"declared\": true }\n",
		"  ],\n  \"rules_not_listed\": 1\n}\n",
		NULL,
	};
	struct sample s;

	sample_init(&s);
	cr_assert_eq(facts_add(s.facts, &sni, 3, 0, BYTES_LITERAL("x")), 0);
	char *text = explain_text(&s, true, false);
	expect_order(text, wanted);
	free(text);
	text = explain_text(&s, true, true);
	cr_expect_not_null(strstr(text, "\"failed_headers\": 2"));
	cr_expect_not_null(strstr(text, "\"rules_not_listed\": 0"));
	free(text);
	sample_deinit(&s);
}

Test(report_explain, a_full_device_is_an_error)
{
	struct sample s;

	sample_init(&s);
	struct explanation e = {
		.report = &s.report, .record = &s.record, .trials = trials, .n_trials = 3
	};
	FILE *out = fopen("/dev/full", "w");
	cr_assert_not_null(out);
	cr_expect_eq(report_explain_text(out, &e, &s.options), -ENOSPC);
	fclose(out);
	out = fopen("/dev/full", "w");
	cr_expect_eq(report_explain_json(out, &e, &s.options), -ENOSPC);
	fclose(out);
	sample_deinit(&s);
}
