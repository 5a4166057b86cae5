/*
 * Lists of what the program is made of: every family, fact, detector and format is in them.
 */
#include "report_samples.h"

static char *list_text(int (*print)(FILE *out, bool is_json), bool is_json)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	cr_assert_eq(print(out, is_json), 0);
	fclose(out);
	return text;
}

static void expect_word(const char *text, const char *word)
{
	cr_expect_not_null(strstr(text, word), "%s is missing", word);
}

Test(report_catalogue, facts_name_everything)
{
	for (unsigned is_json = 0; is_json < 2; is_json++) {
		char *text = list_text(report_facts, is_json);
		for (unsigned f = 0; f < N_FAMILIES; f++)
			expect_word(text, family_word((enum family)f));
		for (const struct fact_def *fact = shared_facts; fact->name; fact++)
			expect_word(text, fact->name);
		for (size_t i = 0; i < n_detectors; i++)
			for (const struct fact_def *fact = detectors[i]->facts; fact && fact->name;
			     fact++)
				expect_word(text, fact->name);
		free(text);
	}
}

Test(report_catalogue, families_hold_what_the_contract_says)
{
	char *text = list_text(report_facts, false);

	expect_word(text,
	            "\n  stun            STUN, TURN and Microsoft's TURN: stun, turn, msturn\n");
	expect_word(text, ": http inside tls\n");
	expect_word(text, "rtp over tcp");
	free(text);
	text = list_text(report_facts, true);
	expect_word(text, "{ \"name\": \"stun\", \"help\": \"STUN, TURN and Microsoft's TURN\", "
	                  "\"protocols\": [ \"stun\", \"turn\", \"msturn\" ] }");
	free(text);
}

Test(report_catalogue, detectors_in_the_order_asked)
{
	for (unsigned is_json = 0; is_json < 2; is_json++) {
		char *text = list_text(report_detectors, is_json);
		const char *at = text;
		for (size_t i = 0; i < n_detectors; i++) {
			char start[64];
			snprintf(start, sizeof(start), is_json ? "{ \"name\": \"%s\"," : "  %s ",
			         detectors[i]->name);
			at = strstr(at, start);
			cr_assert_not_null(at, "%s", start);
		}
		free(text);
	}
}

Test(report_catalogue, formats)
{
	static const char *const names[] = { "\"text\"", "\"json\"", "\"ndjson\"", "\"ecs\"",
		                             "\"eve\"",  "\"ocsf\"", "\"cef\"",    NULL };
	char *text = list_text(report_formats_list, true);

	expect_order(text, names);
	free(text);
	text = list_text(report_formats_list, false);
	cr_expect_eq(strncmp(text, "  text      ", 12), 0);
	free(text);
}

Test(report_catalogue, a_full_device_is_an_error)
{
	int (*const prints[])(FILE *, bool) = { report_facts, report_detectors,
		                                report_formats_list };

	for (unsigned i = 0; i < ARRAY_SIZE(prints); i++)
		for (unsigned is_json = 0; is_json < 2; is_json++) {
			FILE *out = fopen("/dev/full", "w");
			cr_assert_not_null(out);
			cr_expect_eq(prints[i](out, is_json), -ENOSPC);
			fclose(out);
		}
}
