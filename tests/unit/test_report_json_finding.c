/*
 * A finding and a row of coverage as JSON, whole.
 */
#include "report_samples.h"

static char *finding_text(const struct sample *s, const struct finding *finding)
{
	struct values values = { 0 };
	struct json_object *object = json_finding(&values, &s->report, finding, NULL);

	cr_assert_not(values.is_failed);
	return sample_json(object);
}

#define CITES                                                                                      \
	"[{\"document\":\"ports-internal\",\"title\":\"Ports, "                                    \
	"internal\",\"address\":\"https://docs.example/1\","                                       \
	"\"table\":1,\"row\":3,\"where\":null,\"cells\":[]},"                                      \
	"{\"document\":\"ports-internal\",\"title\":\"Ports, "                                     \
	"internal\",\"address\":\"https://docs.example/1\","                                       \
	"\"table\":null,\"row\":null,\"where\":\"first note\",\"cells\":[]}]"

Test(report_json_finding, violation)
{
	struct sample s;

	sample_init(&s);
	expect_text(finding_text(&s, &s.violation),
	            "{\"id\":\"0011223344556677\",\"kind\":\"wrong-port\",\"note\":null,"
	            "\"severity\":\"error\","
	            "\"accepted\":null,\"rule\":\"fe-sip\",\"nearest\":true,\"title\":\"Client to "
	            "Front End, SIP\","
	            "\"why\":\"Wrong port. More of it.\",\"remedy\":\"Move it.\","
	            "\"expected\":{\"field\":\"port\",\"value\":\"5061\"},\"observed\":{\"field\":"
	            "\"port\",\"value\":\"5062\"},"
	            "\"cites\":" CITES ",\"transport\":\"tcp\","
	            "\"initiator\":{\"roles\":[\"client-internal\"],\"role\":null,\"prefix\":null,"
	            "\"host\":null},"
	            "\"responder\":{\"roles\":[\"front-end-server\"],\"role\":\"front-end-server\","
	            "\"prefix\":\"10.0.2.20\","
	            "\"host\":\"fe01.example\"},\"ports\":[[5062,5062],[6000,6010]],\"initiators\":"
	            "1024,"
	            "\"initiators_at_least\":true,\"flows\":20000,\"first\":\"2026-03-01T10:00:00."
	            "123456789Z\","
	            "\"last\":\"2026-03-01T10:00:02.000000000Z\",\"examples\":[{\"id\":\"1:17\","
	            "\"src\":{\"ip\":\"10.0.9.21\",\"port\":40000,\"roles\":[\"client-internal\"]},"
	            "\"dst\":{\"ip\":\"10.0.2.20\",\"port\":5062,\"roles\":[\"front-end-server\"]},"
	            "\"transport\":\"tcp\","
	            "\"state\":\"established\",\"first\":\"2026-03-01T10:00:00.123456789Z\","
	            "\"last\":\"2026-03-01T10:00:02.000000000Z\",\"protocol\":\"tls\",\"security\":"
	            "\"tls\"}],"
	            "\"wireshark\":\"(ip.addr == 10.0.9.21 && ip.addr == 10.0.2.20 && tcp.port == "
	            "40000 && tcp.port == 5062)\"}");
	sample_deinit(&s);
}

Test(report_json_finding, host_that_was_never_seen)
{
	struct sample s;

	sample_init(&s);
	expect_text(finding_text(&s, &s.unseen),
	            "{\"id\":\"8899aabbccddeeff\",\"kind\":\"missing\",\"note\":null,\"severity\":"
	            "\"info\",\"accepted\":null,"
	            "\"rule\":null,\"nearest\":false,\"title\":\"A server of the site that was "
	            "never seen\","
	            "\"why\":\"Never seen.\",\"remedy\":\"Look.\","
	            "\"expected\":{\"field\":\"flow\",\"value\":\"packets of 10.0.2.30\"},"
	            "\"observed\":{\"field\":\"flow\",\"value\":\"none\"},\"cites\":[],"
	            "\"transport\":null,"
	            "\"initiator\":{\"roles\":[],\"role\":null,\"prefix\":null,\"host\":null},"
	            "\"responder\":{\"roles\":[\"director\"],\"role\":\"director\",\"prefix\":\"10."
	            "0.2.30\",\"host\":null},"
	            "\"ports\":[],\"initiators\":0,\"initiators_at_least\":false,\"flows\":0,"
	            "\"first\":null,\"last\":null,"
	            "\"examples\":[],\"wireshark\":null}");
	sample_deinit(&s);
}

Test(report_json_finding, accepted)
{
	struct sample s;

	sample_init(&s);
	char *text = finding_text(&s, &s.accepted);
	cr_expect_not_null(strstr(text,
	                          "\"accepted\":{\"why\":\"old "
	                          "gateway\",\"owner\":\"voice\",\"until\":\"2027-03-31\"},"));
	free(text);
	s.accept.until_ns = INT64_MAX;
	s.accept.owner = NULL;
	text = finding_text(&s, &s.accepted);
	cr_expect_not_null(strstr(
	        text, "\"accepted\":{\"why\":\"old gateway\",\"owner\":null,\"until\":null},"));
	free(text);
	sample_deinit(&s);
}

Test(report_json_finding, note_and_empty_values)
{
	struct sample s;

	sample_init(&s);
	s.violation.key.kind = KIND_NOTE;
	s.violation.key.note = NOTE_CODE_OLD_TLS + 1;
	s.violation.field = CONDITION_NONE;
	s.violation.expected = (char *)"";
	s.violation.observed = (char *)"TLS 1.0";
	char *text = finding_text(&s, &s.violation);
	cr_expect_not_null(strstr(text, "\"kind\":\"note\",\"note\":\"old-tls\","));
	cr_expect_not_null(strstr(text, "\"nearest\":false,"));
	cr_expect_not_null(strstr(
	        text, "\"expected\":{},\"observed\":{\"field\":\"note\",\"value\":\"TLS 1.0\"},"));
	free(text);
	sample_deinit(&s);
}

/* With a responder outside, the site entry in the key is the opener's. */
Test(report_json_finding, entry_of_the_opener)
{
	struct sample s;

	sample_init(&s);
	s.violation.key.dst_roles = (struct role_set){ 0 };
	char *text = finding_text(&s, &s.violation);
	cr_expect_not_null(strstr(
	        text,
	        "\"initiator\":{\"roles\":[\"client-internal\"],\"role\":\"front-end-server\","
	        "\"prefix\":\"10.0.2.20\",\"host\":\"fe01.example\"},"
	        "\"responder\":{\"roles\":[],\"role\":null,\"prefix\":null,\"host\":null},"));
	free(text);
	sample_deinit(&s);
}

Test(report_json_finding, coverage)
{
	struct sample s;
	struct values values = { 0 };

	sample_init(&s);
	expect_text(sample_json(json_coverage(&values, &s.report, &s.coverage[0], NULL)),
	            "{\"rule\":\"fe-sip\",\"status\":\"attempted\",\"reason\":\"seen only "
	            "broken\",\"best\":\"consistent\","
	            "\"flows\":0,\"first\":null,\"last\":null,\"cites\":["
	            "{\"document\":\"ports-internal\",\"table\":1,\"row\":3,\"where\":null},"
	            "{\"document\":\"ports-internal\",\"table\":null,\"row\":null,\"where\":"
	            "\"first note\"}]}");
	expect_text(sample_json(json_coverage(&values, &s.report, &s.coverage[1], "coverage")),
	            "{\"type\":\"coverage\",\"rule\":\"fe-web\",\"status\":\"observed\",\"reason\":"
	            "null,\"best\":\"confirmed\","
	            "\"flows\":4,\"first\":\"2026-03-01T10:00:00.000000000Z\",\"last\":\"2026-03-"
	            "01T10:00:00.000000001Z\","
	            "\"cites\":[{\"document\":\"ports-internal\",\"table\":1,\"row\":3,\"where\":"
	            "null}]}");
	cr_expect_not(values.is_failed);
	sample_deinit(&s);
}
