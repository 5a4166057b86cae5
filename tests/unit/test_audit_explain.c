/* Why a flow was judged as it was: for each rule the first condition that did not hold, and both
 * values. */
#include "audit_hand.h"

static struct bench bench;

static void open_contoso(void)
{
	char *site = hand_read("rules/contoso.yaml");

	bench_open(&bench, PACK_FIRST, NULL, site);
	free(site);
}

static void close_contoso(void)
{
	bench_close(&bench);
}

TestSuite(explain, .init = open_contoso, .fini = close_contoso);

static struct trial trial_of(const char *line, const char *rule)
{
	struct hand_flow hand = hand_flow(line);
	struct judge_context context = { .scope = bench.scope, .now_ns = hand.now_ns };
	struct trial *trials = calloc(bench.ruleset->n_rules, sizeof(*trials));
	int index = ruleset_find(bench.ruleset, rule);

	cr_assert_not_null(trials);
	judge_explain(trials, &context, &hand.flow, hand.flow.facts);
	for (size_t i = 0; i < bench.ruleset->n_rules; i++)
		cr_assert_eq(trials[i].rule, (int)i);
	struct trial trial = trials[index];
	facts_free(hand.flow.facts);
	free(trials);
	return trial;
}

static void assert_trial(const char *line, const char *rule, const char *failed,
                         const char *expected, const char *observed)
{
	struct trial trial = trial_of(line, rule);

	cr_assert_str_eq(condition_word(trial.failed), failed, "%s: %s", rule,
	                 condition_word(trial.failed));
	cr_assert_str_eq(trial.expected, expected, "%s", trial.expected);
	cr_assert_str_eq(trial.observed, observed, "%s", trial.observed);
}

Test(explain, first_condition_that_did_not_hold)
{
	const char *sip = "10.0.9.21:50123 > 10.0.2.20:5061 tcp sip";

	assert_trial(sip, "fe-sip-client", "security", "tls", "none");
	assert_trial(sip, "fe-sip-server", "source", "all-internal-servers",
	             "10.0.9.21 (client-internal)");
	assert_trial(sip, "dir-sip-client", "destination", "director",
	             "10.0.2.20 (front-end-server+cms-master)");
	assert_trial(sip, "fe-im-conf", "port", "5062", "5061");
	assert_trial(sip, "sql-browser", "transport", "udp", "tcp");
	assert_trial("10.0.9.21:50123 > 10.0.2.20:5061 tcp http", "fe-sip-client", "protocol",
	             "sip", "http");
	assert_trial("10.0.9.21:50123 > 10.0.2.20:5061 tcp noise", "fe-sip-client", "protocol",
	             "sip", "unrecognised");
	assert_trial("10.0.9.21:50123 > 10.0.2.20:5061 tcp other-name", "fe-sip-client", "protocol",
	             "sip", "bittorrent");
	assert_trial("10.0.2.21:50123 > 10.0.2.20:5061 tcp tls", "fe-sip-server", "security",
	             "mtls", "tls");
	assert_trial("10.0.9.21:50123 > 10.0.2.20:5061 tcp tls", "fe-sip-client", "none", "", "");
}

Test(explain, unjudged_and_undeclared)
{
	struct trial trial =
	        trial_of("10.0.2.21:50123 > 10.0.2.20:5061 tcp tls-cut", "fe-sip-server");

	cr_assert(trial.is_unjudged);
	cr_assert_eq(trial.failed, CONDITION_NONE);
	cr_assert_str_eq(trial.observed, "handshake-cut");
	trial = trial_of("10.0.2.21:50123 > 10.0.2.20:5075 tcp sip", "fe-call-park");
	cr_assert_not(trial.is_declared);
	cr_assert_eq(trial.failed, CONDITION_NONE);
	cr_assert(
	        trial_of("10.0.2.21:50123 > 10.0.2.20:5075 tcp sip", "fe-sip-server").is_declared);
}

/* Explained is what was judged: with what the flow was before it paused. */
Test(explain, what_is_remembered)
{
	struct trial trial =
	        trial_of("10.0.2.21:50123 > 10.0.2.20:5061 tcp tls-mid midstream continued-mtls",
	                 "fe-sip-server");

	cr_assert_not(trial.is_unjudged);
	cr_assert_eq(trial.failed, CONDITION_NONE);
	trial = trial_of("10.0.2.21:50123 > 10.0.2.20:5061 tcp tls-mid midstream", "fe-sip-server");
	cr_assert(trial.is_unjudged);
	cr_assert_str_eq(trial.observed, "midstream");
}

/* Where a rule names the port alone, ranges that hold it are not tried and must not read as kept.
 */
Test(explain, ranges_that_are_not_asked)
{
	char *site = hand_read("rules/contoso.yaml"), more[8192];

	snprintf(more, sizeof(more), "%sallow: [{from: any, to: any, ports: 5000-6000, why: w}]\n",
	         site);
	free(site);
	bench_close(&bench);
	bench_open(&bench, PACK_FIRST, NULL, more);
	assert_judged(&bench, "10.0.9.21:50123 > 10.0.2.20:5061 tcp sip",
	              "violation wrong-security fe-sip-client security");
	assert_trial("10.0.9.21:50123 > 10.0.2.20:5061 tcp sip", "allow-1", "port", "5000-6000",
	             "5061, for which a range is not asked");
	assert_judged(&bench, "10.0.9.21:50123 > 10.0.2.20:5999 tcp sip", "compliant - allow-1 -");
	assert_trial("10.0.9.21:50123 > 10.0.2.20:5999 tcp sip", "allow-1", "none", "", "");
}

Test(explain, ends_as_text)
{
	static const char *roles[] = { "a", "b" };
	struct prefix prefix;
	char text[64];

	cr_assert(prefix_parse(&prefix, "10.0.0.0/8"));
	rule_end_text(&(struct rule_end){ .form = END_ANY }, text, sizeof(text));
	cr_assert_str_eq(text, "any");
	rule_end_text(&(struct rule_end){ .form = END_UNSTATED }, text, sizeof(text));
	cr_assert_str_eq(text, "unstated");
	rule_end_text(&(struct rule_end){ .form = END_ROLES,
	                                  .roles = roles,
	                                  .n_roles = 2,
	                                  .prefixes = &prefix,
	                                  .n_prefixes = 1 },
	              text, sizeof(text));
	cr_assert_str_eq(text, "a, b, 10.0.0.0/8");
}
