/* The words of the rules layer. */
#include "rules_text.h"

Test(rules_words, say_what_the_files_say)
{
	cr_assert_str_eq(role_kind_word(ROLE_SERVER), "server");
	cr_assert_str_eq(role_kind_word(ROLE_CLIENT), "client");
	cr_assert_str_eq(role_kind_word(ROLE_PARTNER), "partner");
	cr_assert_str_eq(zone_word(ZONE_OUTSIDE), "outside");
	cr_assert_str_eq(zone_word(ZONE_PERIMETER), "perimeter");
	cr_assert_str_eq(zone_word(ZONE_INSIDE), "inside");
	cr_assert_str_eq(need_word(NEED_REQUIRED), "required");
	cr_assert_str_eq(need_word(NEED_CONDITIONAL), "conditional");
	cr_assert_str_eq(need_word(NEED_OPTIONAL), "optional");
	cr_assert_str_eq(severity_word(SEVERITY_INFO), "info");
	cr_assert_str_eq(severity_word(SEVERITY_WARNING), "warning");
	cr_assert_str_eq(severity_word(SEVERITY_ERROR), "error");
	cr_assert_str_eq(severity_word(SEVERITY_UNSET), "unset");
}

Test(rules_words, never_null)
{
	cr_assert_str_eq(role_kind_word((enum role_kind)99), "unknown");
	cr_assert_str_eq(zone_word((enum zone)99), "unknown");
	cr_assert_str_eq(need_word((enum need)99), "unknown");
	cr_assert_str_eq(severity_word((enum severity)99), "unknown");
}

Test(rules_words, finding_kinds_are_the_contract)
{
	static const char *const kinds[] = {
		"undocumented",      "wrong-source",    "wrong-destination",
		"wrong-direction",   "wrong-transport", "wrong-port",
		"wrong-protocol",    "wrong-security",  "feature-off",
		"unanswered",        "refused",         "rejected",
		"handshake-refused", "missing",         "note",
	};
	size_t n;
	const char *const *words = rules_finding_kinds(&n);
	cr_assert_eq(n, ARRAY_SIZE(kinds));
	for (size_t i = 0; i < n; i++)
		cr_assert_str_eq(words[i], kinds[i]);
}
