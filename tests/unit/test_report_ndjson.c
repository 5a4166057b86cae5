/*
 * NDJSON: one object a line, `type` first, run before all.
 */
#include "report_samples.h"

Test(report_ndjson, types_come_first_and_in_order)
{
	static const char *const starts[] = {
		"{\"type\":\"run\",\"schema\":\"pcaudit.report/1\",\"tool\":{",
		"{\"type\":\"finding\",\"id\":\"0011223344556677\",",
		"{\"type\":\"finding\",\"id\":\"8899aabbccddeeff\",",
		"{\"type\":\"finding\",\"id\":\"7766554433221100\",",
		"{\"type\":\"coverage\",\"rule\":\"fe-sip\",",
		"{\"type\":\"coverage\",\"rule\":\"fe-web\",",
		"{\"type\":\"flow\",\"id\":\"1:17\",",
	};
	struct sample s;
	char line[8192];

	sample_init(&s);
	s.options.flows = REPORT_ALL_FLOWS;
	char *text = sample_write(&s, "ndjson");
	const char *at = text;
	for (unsigned i = 0; i < ARRAY_SIZE(starts); i++) {
		cr_assert(next_line(&at, line, sizeof(line)));
		cr_expect(strncmp(line, starts[i], strlen(starts[i])) == 0, "%s", line);
		struct json_object *object = json_tokener_parse(line);
		cr_expect_not_null(object);
		json_object_put(object);
	}
	cr_expect_not(next_line(&at, line, sizeof(line)));
	free(text);
	sample_deinit(&s);
}

Test(report_ndjson, run_without_site_and_no_flows)
{
	struct sample s;

	sample_init(&s);
	s.ruleset.site = NULL;
	s.report.vantage = NULL;
	char *text = sample_write(&s, "ndjson");
	cr_expect_not_null(strstr(text, ",\"site\":null,\"vantage\":null,\"packs\":["));
	cr_expect_null(strstr(text, "\"type\":\"flow\""));
	free(text);
	sample_deinit(&s);
}

Test(report_ndjson, what_goes_on)
{
	struct sample s;

	sample_init(&s);
	struct report_event event = sample_finding_event(&s);
	event.step = FINDING_UPDATED;
	expect_in_event(&s, "ndjson", event,
	                "{\"type\":\"finding-updated\",\"id\":\"0011223344556677\",");
	event.step = FINDING_CLOSED;
	expect_in_event(&s, "ndjson", event,
	                "{\"type\":\"finding-closed\",\"id\":\"0011223344556677\",");
	event = (struct report_event){ .type = REPORT_EVENT_STATS,
		                       .time_ns = SAMPLE_START,
		                       .report = &s.report };
	expect_in_event(&s, "ndjson", event,
	                "{\"type\":\"stats\",\"time\":\"2026-03-01T10:00:00.000000000Z\","
	                "\"capture\":{\"received\":30,");
	sample_deinit(&s);
}

Test(report_ndjson, a_full_device_is_an_error)
{
	struct sample s;

	sample_init(&s);
	cr_expect_eq(sample_write_full(&s, "ndjson"), -ENOSPC);
	sample_deinit(&s);
}
