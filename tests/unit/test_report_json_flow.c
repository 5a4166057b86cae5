/*
 * A flow as JSON, whole: the opener first although it is side 1; facts typed, in order, with text
 * from the wire that means harm.
 */
#include "report_samples.h"

static const struct fact_def sni = { .name = "tls.sni", .type = FACT_TEXT };
static const struct fact_def done = { .name = "a.done", .type = FACT_BOOL };
static const struct fact_def codes = { .name = "sip.codes", .type = FACT_NUMBER, .is_list = true };

static char *flow_text(const struct sample *s)
{
	struct json_object *object = report_flow_json(&s->report, &s->record, &s->options);

	cr_assert_not_null(object);
	return sample_json(object);
}

Test(report_json_flow, whole)
{
	struct sample s;

	sample_init(&s);
	expect_text(
	        flow_text(&s),
	        "{\"id\":\"1:17\",\"src\":{\"ip\":\"10.0.9.21\",\"port\":40000,\"roles\":[\"client-"
	        "internal\"]},"
	        "\"dst\":{\"ip\":\"10.0.2.20\",\"port\":5062,\"roles\":[\"front-end-server\"]},"
	        "\"transport\":\"tcp\","
	        "\"vlan\":[12],\"tunnel\":null,\"direction\":\"syn\",\"state\":\"established\","
	        "\"first\":\"2026-03-01T10:00:00.123456789Z\",\"last\":\"2026-03-01T10:00:02."
	        "000000000Z\","
	        "\"packets\":[9,8],\"bytes\":[900,800],\"protocol\":\"tls\",\"security\":\"tls\","
	        "\"evidence\":\"consistent\",\"security_evidence\":\"confirmed\",\"detector\":"
	        "\"none\",\"facts\":{},"
	        /* by an independent implementation of the specification */
	        "\"community_id\":\"1:g0lZRyVNpy8HyhT1AWIjnav7vx4=\","
	        "\"verdict\":\"violation\",\"kind\":\"wrong-port\",\"severity\":\"error\","
	        "\"reason\":null,"
	        "\"rule\":\"fe-sip\"}");
	sample_deinit(&s);
}

Test(report_json_flow, facts)
{
	struct sample s;

	sample_init(&s);
	cr_assert_eq(facts_add(s.facts, &sni, 3, 0, BYTES((const uint8_t *)"a\"\\\x1b\xff\0b", 7)),
	             0);
	cr_assert_eq(facts_add(s.facts, &codes, 4, 401, BYTES(NULL, 0)), 0);
	cr_assert_eq(facts_add(s.facts, &sni, 5, 0, BYTES_LITERAL("second")), 0);
	cr_assert_eq(facts_add(s.facts, &done, 6, 1, BYTES(NULL, 0)), 0);
	cr_assert_eq(facts_add(s.facts, &codes, 7, -1, BYTES(NULL, 0)), 0);
	s.facts->doubt = DOUBT_GAP;
	s.facts->client_auth = CLIENT_AUTH_EMPTY;
	s.facts->refusal = "unknown_ca";
	s.facts->is_starttls = s.facts->is_weak_suite = s.facts->has_gap = s.facts->has_media =
	        true;
	char *text = flow_text(&s);
	cr_expect_not_null(strstr(text, "\"facts\":{\"doubt\":\"gap\",\"client_auth\":\"empty\","
	                                "\"refusal\":\"unknown_ca\","
	                                "\"starttls\":true,\"weak_suite\":true,\"gap\":true,"
	                                "\"media\":true,\"a.done\":true,"
	                                "\"sip.codes\":[401,-1],\"tls.sni\":"
	                                "\"a\\\"\\\\x5c\\\\x1b\\\\xff\\\\x00b\"}"),
	                   "%s", text);
	free(text);
	sample_deinit(&s);
}

Test(report_json_flow, verdicts_fill_what_they_mean)
{
	static const struct {
		enum verdict verdict;
		enum kind kind;
		const char *wanted;
	} cases[] = {
		{ VERDICT_COMPLIANT, KIND_NONE,
		  "\"verdict\":\"compliant\",\"kind\":null,\"severity\":null,\"reason\":null,"
		  "\"rule\":\"fe-sip\"}" },
		{ VERDICT_UNJUDGED, KIND_NONE,
		  "\"verdict\":\"unjudged\",\"kind\":null,\"severity\":null,\"reason\":\"gap\","
		  "\"rule\":\"fe-sip\"}" },
		{ VERDICT_BLOCKED, KIND_REFUSED,
		  "\"verdict\":\"blocked\",\"kind\":\"refused\",\"severity\":\"error\",\"reason\":"
		  "null,\"rule\":\"fe-sip\"}" },
		{ VERDICT_OUT_OF_SCOPE, KIND_NONE,
		  "\"verdict\":\"out-of-scope\",\"kind\":null,\"severity\":null,\"reason\":null,"
		  "\"rule\":null}" },
	};
	struct sample s;

	sample_init(&s);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		s.record.assessment.verdict = cases[i].verdict;
		s.record.assessment.kind = cases[i].kind;
		s.record.assessment.reason = (enum reason)DOUBT_GAP;
		s.record.assessment.rule = cases[i].verdict == VERDICT_OUT_OF_SCOPE ? -1 : 0;
		char *text = flow_text(&s);
		cr_expect_not_null(strstr(text, cases[i].wanted), "%s", text);
		free(text);
	}
	sample_deinit(&s);
}

Test(report_json_flow, nothing_known)
{
	struct sample s;

	sample_init(&s);
	s.record.flow.facts = NULL;
	s.record.flow.transport = TRANSPORT_ESP;
	s.record.flow.vlan_inner = 0;
	char *text = flow_text(&s);
	cr_expect_not_null(strstr(text, "\"port\":null"));
	cr_expect_not_null(strstr(text, "\"transport\":\"esp\",\"vlan\":[12,0],"));
	cr_expect_not_null(
	        strstr(text, "\"protocol\":\"unknown\",\"security\":\"unknown\",\"evidence\":"));
	free(text);
	s.record.flow.facts = s.facts;
	s.facts->protocol = PROTOCOL_OTHER;
	s.facts->other_name = "bittorrent";
	text = flow_text(&s);
	cr_expect_not_null(strstr(text, "\"protocol\":\"bittorrent\""));
	free(text);
	sample_deinit(&s);
}
