/*
 * The JSON report as a whole: keys in the order of the contract, layout, and an output that cannot
 * be written.
 */
#include "report_samples.h"

Test(report_json, keys_stand_in_the_order_of_the_contract)
{
	static const char *const keys[] = {
		"{\n  \"schema\": \"pcaudit.report/1\",",
		"\n  \"tool\": {",
		"\n  \"site\": {",
		"\n  \"vantage\": {",
		"\n  \"packs\": [",
		"\n  \"inputs\": [",
		"\n  \"capture\": {",
		"\n  \"summary\": {",
		"\n  \"findings\": [",
		"\n  \"coverage\": [",
		"\n  ]\n}\n",
		NULL,
	};
	struct sample s;

	sample_init(&s);
	char *text = sample_write(&s, "json");
	expect_order(text, keys);
	cr_expect_null(strstr(text, "\"flows\": ["), "flows were not asked for");
	struct json_object *object = json_tokener_parse(text);
	cr_assert_not_null(object);
	json_object_put(object);
	free(text);
	sample_deinit(&s);
}

Test(report_json, a_line_per_element_of_coverage_and_flows)
{
	static const char *const wanted[] = {
		"\n  \"coverage\": [\n    { \"rule\": \"fe-sip\", ",
		" },\n    { \"rule\": \"fe-web\", ",
		" }\n  ],\n  \"flows\": [\n    { \"id\": \"1:17\", ",
		" }\n  ]\n}\n",
		NULL,
	};
	struct sample s;

	sample_init(&s);
	s.options.flows = REPORT_FLOWS_IN_SCOPE;
	char *text = sample_write(&s, "json");
	expect_order(text, wanted);
	free(text);
	sample_deinit(&s);
}

Test(report_json, without_site_and_lists)
{
	static const char *const wanted[] = {
		"\n  \"site\": null,\n  \"vantage\": null,\n",
		"\n  \"findings\": [],\n  \"coverage\": []\n}\n",
		NULL,
	};
	struct sample s;

	sample_init(&s);
	s.ruleset.site = NULL;
	s.report.vantage = NULL;
	s.report.n_findings = s.report.n_coverage = 0;
	char *text = sample_write(&s, "json");
	expect_order(text, wanted);
	free(text);
	sample_deinit(&s);
}

Test(report_json, flows_out_of_scope_only_with_all)
{
	struct sample s;

	sample_init(&s);
	s.record.assessment.verdict = VERDICT_OUT_OF_SCOPE;
	s.options.flows = REPORT_FLOWS_IN_SCOPE;
	char *text = sample_write(&s, "json");
	cr_expect_not_null(strstr(text, "\"flows\": []\n}"));
	free(text);
	s.options.flows = REPORT_ALL_FLOWS;
	text = sample_write(&s, "json");
	cr_expect_not_null(strstr(text, "\"flows\": [\n    { \"id\": \"1:17\""));
	free(text);
	sample_deinit(&s);
}

Test(report_json, a_full_device_is_an_error)
{
	struct sample s;

	sample_init(&s);
	cr_expect_eq(sample_write_full(&s, "json"), -ENOSPC);
	sample_deinit(&s);
}
