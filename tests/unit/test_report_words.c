/*
 * What every format says alike, and finding a format by name.
 */
#include "report_samples.h"

Test(report_words, formats)
{
	static const char *const names[] = {
		"text", "json", "ndjson", "ecs", "eve", "ocsf", "cef"
	};

	cr_assert_eq(report_n_formats, ARRAY_SIZE(names));
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		cr_expect_str_eq(report_formats[i]->name, names[i]);
		cr_expect_eq(report_format_find(names[i]), report_formats[i]);
	}
	cr_expect_null(report_format_find("xml"));
	cr_expect_null(report_format_find(""));
}

Test(report_words, nearest_is_of_headers_only)
{
	for (unsigned field = 0; field < N_CONDITIONS; field++) {
		struct finding finding = { .key = { .rule = 0 }, .field = (enum condition)field };
		bool is_header = field == CONDITION_DIRECTION || field == CONDITION_TRANSPORT ||
		                 field == CONDITION_PORT || field == CONDITION_SOURCE ||
		                 field == CONDITION_DESTINATION;
		cr_expect_eq(finding_is_nearest(&finding), is_header, "%u", field);
		finding.key.rule = -1;
		cr_expect_not(finding_is_nearest(&finding));
	}
}

Test(report_words, titles)
{
	static const struct {
		enum kind kind;
		uint8_t note;
		int rule;
		const char *wanted;
	} cases[] = {
		{ KIND_WRONG_PORT, 0, 0, "Client to Front End, SIP" },
		{ KIND_UNDOCUMENTED, 0, -1, "A flow that no rule documents" },
		{ KIND_REFUSED, 0, -1, "An attempt that no rule asks for" },
		{ KIND_MISSING, 0, -1, "A server of the site that was never seen" },
		{ KIND_NOTE, NOTE_CODE_ACCEPT_UNUSED + 1, -1,
		  "an accept entry of the site matched nothing" },
	};
	struct sample s;

	sample_init(&s);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct finding finding = { .key = { .kind = (uint8_t)cases[i].kind,
			                            .note = cases[i].note,
			                            .rule = cases[i].rule } };
		cr_expect_str_eq(finding_title(&s.report, &finding), cases[i].wanted);
	}
	sample_deinit(&s);
}

Test(report_words, the_longest_prefix_names_a_host)
{
	const char *names[] = { "net", "fe01", "pool" };
	struct site_host hosts[2] = { { .names = names, .n_names = 1 },
		                      { .names = names + 1, .n_names = 2 } };
	struct site site = { .hosts = hosts, .n_hosts = 2 };
	struct addr addr;

	prefix_parse(&hosts[0].prefix, "10.0.2.0/24");
	prefix_parse(&hosts[1].prefix, "10.0.2.20");
	addr_parse(&addr, "10.0.2.20");
	cr_expect_str_eq(site_host_name(&site, &addr), "fe01");
	addr_parse(&addr, "10.0.2.21");
	cr_expect_str_eq(site_host_name(&site, &addr), "net");
	addr_parse(&addr, "10.0.3.1");
	cr_expect_null(site_host_name(&site, &addr));
	cr_expect_null(site_host_name(NULL, &addr));
}
