/* The words of judgement: each has one, no two are the same, and the rules' list of kinds is ours.
 */
#include "audit_hand.h"

/* From first on: of "none" there is no sentence. */
#define assert_words(first, n, word)                                                               \
	for (int i_ = (first); i_ < (int)(n); i_++) {                                              \
		cr_assert_not_null(word(i_));                                                      \
		cr_assert_gt(strlen(word(i_)), 0);                                                 \
		for (int j_ = (first); j_ < i_; j_++)                                              \
			cr_assert_str_neq(word(i_), word(j_));                                     \
	}

Test(words, all_differ)
{
	assert_words(0, N_VERDICTS, verdict_word);
	assert_words(0, N_KINDS, kind_word);
	assert_words(0, N_REASONS, reason_word);
	assert_words(1, N_REASONS, reason_sentence);
	assert_words(0, N_NOTE_CODES, note_word);
	assert_words(0, N_NOTE_CODES, note_sentence);
	assert_words(0, N_CONDITIONS, condition_word);
	assert_words(0, N_COVERAGE_STATUSES, coverage_word);
	assert_words(0, 3, report_verdict_word);
}

Test(words, of_the_contract)
{
	static const char *const verdicts[] = { "out-of-scope", "compliant", "unjudged", "blocked",
		                                "violation" };
	static const char *const coverage[] = { "observed",      "attempted",    "missing",
		                                "unjudged",      "not-expected", "not-observable",
		                                "not-applicable" };

	for (int i = 0; i < N_VERDICTS; i++)
		cr_assert_str_eq(verdict_word(i), verdicts[i]);
	for (int i = 0; i < N_COVERAGE_STATUSES; i++)
		cr_assert_str_eq(coverage_word(i), coverage[i]);
	cr_assert_str_eq(report_verdict_word(REPORT_PASS), "pass");
	cr_assert_str_eq(report_verdict_word(REPORT_FAIL), "fail");
	cr_assert_str_eq(report_verdict_word(REPORT_UNJUDGED), "unjudged");
	cr_assert_str_eq(reason_word((enum reason)DOUBT_SESSION_RESUMED), "session-resumed");
	cr_assert_str_eq(reason_word((enum reason)DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE),
	                 "client-certificate-not-visible");
}

Test(words, kinds_are_those_a_site_may_name)
{
	size_t n;
	const char *const *kinds = rules_finding_kinds(&n);

	cr_assert_eq(n, N_KINDS - 1);
	for (int kind = KIND_NONE + 1; kind < N_KINDS; kind++) {
		bool is_there = false;
		for (size_t i = 0; i < n; i++)
			is_there |= strcmp(kinds[i], kind_word(kind)) == 0;
		cr_assert(is_there, "%s", kind_word(kind));
	}
}

Test(words, violation_or_blocked)
{
	unsigned violations = 0, blocked = 0;

	for (int kind = KIND_NONE; kind < N_KINDS; kind++) {
		violations += kind_is_violation(kind);
		blocked += kind_is_blocked(kind);
		cr_assert_not(kind_is_violation(kind) && kind_is_blocked(kind));
	}
	cr_assert_eq(violations, 9);
	cr_assert_eq(blocked, 4);
	cr_assert_not(kind_is_violation(KIND_MISSING) || kind_is_blocked(KIND_MISSING) ||
	              kind_is_violation(KIND_NOTE));
}
