/*
 * What the capture showed of each rule. Missing is said only where it would have been seen: the
 * rule is expected, both its ends have an address, packets of both ends were captured (or the
 * vantage sees that pair of zones), and nothing was lost that could hide it.
 */
#include "priv.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static void say(struct coverage_row *row, enum coverage_status status, const char *format, ...)
        _printf_(3, 4);

static void say(struct coverage_row *row, enum coverage_status status, const char *format, ...)
{
	va_list args;

	row->status = status;
	va_start(args, format);
	vsnprintf(row->reason, sizeof(row->reason), format, args);
	va_end(args);
}

/* Why nothing can be called missing in this capture, or NULL. */
static const char *hidden_by(const struct ledger *ledger)
{
	const struct capture_summary *c = &ledger->report.capture;
	double sent = (double)c->lost_bytes + (double)c->tcp_payload_bytes;
	uint64_t dropped =
	        c->dropped_kernel + c->dropped_interface + c->dropped_ring + c->dropped_table;

	if (c->is_truncated)
		return "the capture is truncated";
	if (c->flows_evicted)
		return "flows were evicted for want of memory";
	if (c->is_filtered)
		return "a filter left packets out";
	if (c->is_windowed)
		return "a time window left packets out";
	if (sent > 0 && (double)c->lost_bytes > ledger->options.loss_share * sent)
		return "too many packets are missing from the capture";
	if (dropped && (double)dropped > ledger->options.loss_share * (double)c->received)
		return "too many packets were dropped while capturing";
	return NULL;
}

/* Roles whose packets make the end observable: those named for expectation, else its own. */
static const struct role_set *roles_of(const struct ruleset_end *end)
{
	return role_set_is_empty(&end->expect) ? &end->roles : &end->expect;
}

static bool is_stated(const struct ruleset_end *end, const struct rule_end *written)
{
	if (written->printed == END_UNSTATED || end->form == END_UNSTATED)
		return false;
	return end->form != END_ANY || !role_set_is_empty(&end->expect);
}

/* Clients are seldom listed one by one: by default they are everybody on their side. */
static bool has_address(const struct ruleset_role *role)
{
	return role->is_given || (role->role->has_default && role->role->kind == ROLE_CLIENT);
}

/* The first role of the set that has no address, when none of them has. -1 if one has. */
static int lacks_address(const struct ruleset *ruleset, const struct role_set *roles)
{
	int first = -1;

	for (unsigned i = 0; i < ruleset->n_roles; i++) {
		if (!role_set_has(roles, i))
			continue;
		if (has_address(&ruleset->roles[i]))
			return -1;
		if (first < 0)
			first = (int)i;
	}
	return first;
}

static bool is_seen(const struct ledger *ledger, const struct role_set *roles)
{
	return role_set_meets(roles, &ledger->seen);
}

static const char *first_role(const struct ruleset *ruleset, const struct role_set *roles)
{
	for (unsigned i = 0; i < ruleset->n_roles; i++)
		if (role_set_has(roles, i))
			return ruleset->roles[i].role->id;
	return "an address of its prefix";
}

/* True if every given address of both ends is one and the same host. */
static bool is_one_host(const struct ruleset *ruleset, const struct ruleset_rule *rule)
{
	const struct site *site = ruleset->site;
	const struct prefix *only = NULL;

	for (unsigned i = 0; i < ruleset->n_roles; i++)
		if ((role_set_has(roles_of(&rule->from), i) ||
		     role_set_has(roles_of(&rule->to), i)) &&
		    !ruleset->roles[i].is_given && has_address(&ruleset->roles[i]))
			return false;
	for (size_t i = 0; i < site->n_addresses; i++) {
		int role = ruleset_find_role(ruleset, site->addresses[i].role);
		if (role < 0 || (!role_set_has(roles_of(&rule->from), (unsigned)role) &&
		                 !role_set_has(roles_of(&rule->to), (unsigned)role)))
			continue;
		if (site->addresses[i].prefix.len_bits != 128)
			return false;
		if (only && prefix_compare(only, &site->addresses[i].prefix) != 0)
			return false;
		only = &site->addresses[i].prefix;
	}
	return only != NULL;
}

/* Two different hosts were seen, one for each end: only then could the flow have been on a wire. */
static bool is_pair_seen(const struct ledger *ledger, const struct ruleset_rule *rule)
{
	for (size_t i = 0; i < ledger->n_hosts; i++)
		for (size_t j = 0; j < ledger->n_hosts; j++)
			if ((i != j || ledger->hosts[i].is_several) &&
			    role_set_meets(&ledger->hosts[i].playing, roles_of(&rule->from)) &&
			    role_set_meets(&ledger->hosts[j].playing, roles_of(&rule->to)))
				return true;
	return false;
}

/*
 * Several capture points, named joined by "+", see together what any of them sees. NULL: none was
 * named. A name the site does not know has been refused before.
 */
static const struct site_vantage *find_vantage(struct ledger *ledger)
{
	const struct site *site = ledger->ruleset->site;
	const char *names = ledger->options.vantage;

	if (!site || !names)
		return NULL;
	ledger->vantage = (struct site_vantage){ .name = names };
	for (size_t len; *names; names += len + (names[len] == '+')) {
		len = strcspn(names, "+");
		for (size_t i = 0; i < site->n_vantages; i++)
			if (strlen(site->vantages[i].name) == len &&
			    strncmp(site->vantages[i].name, names, len) == 0)
				ledger->vantage.sees |= site->vantages[i].sees;
	}
	return &ledger->vantage;
}

static bool vantage_sees(const struct site_vantage *vantage, const struct ledger *ledger,
                         unsigned rule)
{
	const struct ruleset_rule *r = &ledger->ruleset->rules[rule];
	uint8_t from =
	        r->from.zones ? r->from.zones : scope_opposite_zones(ledger->scope, rule, true);
	uint8_t to = r->to.zones ? r->to.zones : scope_opposite_zones(ledger->scope, rule, false);

	for (unsigned a = 0; a < N_ZONES; a++)
		for (unsigned b = 0; b < N_ZONES; b++)
			if ((from >> a & 1) && (to >> b & 1) &&
			    (vantage->sees >> (a * N_ZONES + b) & 1))
				return true;
	return false;
}

/* Of a rule whose need and features would not have it expected, or whose site says expect: false.
 */
static const char *why_unneeded(const struct ruleset *ruleset, const struct ruleset_rule *rule)
{
	const struct site *site = ruleset->site;

	for (size_t i = 0; i < site->n_overrides; i++) {
		const struct site_override *o = &site->overrides[i];
		bool is_meant =
		        strcmp(o->rule, rule->rule->id) == 0 ||
		        (rule->rule->facet_of && strcmp(o->rule, rule->rule->facet_of) == 0);
		if (is_meant && o->expect_off)
			return "the site does not expect it";
	}
	return "the site leaves its option open";
}

/* Fills the row if the rule cannot be expected here; true if it did. */
static bool is_unexpected(struct coverage_row *row, const struct ledger *ledger,
                          const struct ruleset_rule *rule)
{
	const struct ruleset *ruleset = ledger->ruleset;
	bool is_needed = rule->is_expected_by_feature || rule->has_expect;
	int bare_from, bare_to;

	if (!rule->is_declared && !rule->has_expect)
		say(row, COVERAGE_NOT_APPLICABLE, "the site does not declare feature %s",
		    rule->rule->features[0]);
	else if (rule->allow && !rule->has_expect)
		say(row, COVERAGE_NOT_EXPECTED, "allowed by the site, not demanded");
	else if (rule->rule->need == NEED_OPTIONAL && !rule->has_expect)
		say(row, COVERAGE_NOT_EXPECTED, "optional");
	else if (!is_needed)
		say(row, COVERAGE_NOT_EXPECTED, "%s", why_unneeded(ruleset, rule));
	else if (!is_stated(&rule->from, &rule->rule->from))
		say(row, COVERAGE_NOT_EXPECTED, "the documents state no source");
	else if (!is_stated(&rule->to, &rule->rule->to))
		say(row, COVERAGE_NOT_EXPECTED, "the documents state no destination");
	else if ((bare_from = lacks_address(ruleset, roles_of(&rule->from))) >= 0)
		say(row, COVERAGE_NOT_EXPECTED, "the site gives no address to %s",
		    ruleset->roles[bare_from].role->id);
	else if ((bare_to = lacks_address(ruleset, roles_of(&rule->to))) >= 0)
		say(row, COVERAGE_NOT_EXPECTED, "the site gives no address to %s",
		    ruleset->roles[bare_to].role->id);
	else
		return false;
	return true;
}

static bool is_unobservable(struct coverage_row *row, const struct ledger *ledger, unsigned index)
{
	const struct ruleset_rule *rule = &ledger->ruleset->rules[index];
	const struct site_vantage *vantage = ledger->report.vantage;

	if (is_one_host(ledger->ruleset, rule))
		say(row, COVERAGE_NOT_OBSERVABLE, "both its ends are one host");
	else if (vantage && !vantage_sees(vantage, ledger, index))
		say(row, COVERAGE_NOT_OBSERVABLE, "vantage %s does not see it", vantage->name);
	else if (!vantage && !is_seen(ledger, roles_of(&rule->from)))
		say(row, COVERAGE_NOT_OBSERVABLE, "no packet of %s",
		    first_role(ledger->ruleset, roles_of(&rule->from)));
	else if (!vantage && !is_seen(ledger, roles_of(&rule->to)))
		say(row, COVERAGE_NOT_OBSERVABLE, "no packet of %s",
		    first_role(ledger->ruleset, roles_of(&rule->to)));
	else if (!vantage && !is_pair_seen(ledger, rule))
		say(row, COVERAGE_NOT_OBSERVABLE, "packets of only one host that plays its ends");
	else
		return false;
	return true;
}

/* A rule that was kept, but not in every window the site asks for. */
static void judge_windows(struct coverage_row *row, struct ledger *ledger,
                          const struct ruleset_rule *rule, struct rule_stats *stats)
{
	const struct capture_summary *c = &ledger->report.capture;
	uint64_t due, empty;

	if (!rule->has_expect || !rule->expect.within_ns)
		return;
	window_count(&stats->windows, &rule->expect, c->first_ns, c->last_ns, &due, &empty);
	if (stats->windows.is_failed)
		say(row, COVERAGE_UNJUDGED, "no memory to keep its windows");
	else if (due == 0)
		say(row, COVERAGE_UNJUDGED,
		    "the capture holds no whole window in which it is expected");
	else if (empty && hidden_by(ledger))
		say(row, COVERAGE_UNJUDGED, "%s", hidden_by(ledger));
	else if (empty)
		say(row, COVERAGE_MISSING, "%llu of %llu windows hold no flow of it",
		    (unsigned long long)empty, (unsigned long long)due);
}

static void judge_rule(struct coverage_row *row, struct ledger *ledger, unsigned index,
                       bool is_group_seen)
{
	const struct ruleset_rule *rule = &ledger->ruleset->rules[index];
	struct rule_stats *stats = &ledger->stats[index];

	if (stats->kept) {
		row->status = COVERAGE_OBSERVED;
		judge_windows(row, ledger, rule, stats);
	} else if (!ledger->ruleset->site) {
		if (stats->unjudged)
			say(row, COVERAGE_UNJUDGED, "%s", reason_sentence(stats->unjudged_reason));
		else
			say(row, COVERAGE_NOT_EXPECTED, "without a site file no flow is expected");
	} else if (stats->blocked) {
		say(row, COVERAGE_ATTEMPTED, "tried, and never worked");
	} else if (stats->broken) {
		say(row, COVERAGE_ATTEMPTED, "seen only in flows that break it");
	} else if (stats->unjudged) {
		say(row, COVERAGE_UNJUDGED, "%s", reason_sentence(stats->unjudged_reason));
	} else if (is_unexpected(row, ledger, rule)) {
		return;
	} else if (is_group_seen) {
		say(row, COVERAGE_NOT_EXPECTED,
		    "another facet of the same printed rule, or its pair, was seen");
	} else if (!is_unobservable(row, ledger, index)) {
		if (hidden_by(ledger))
			say(row, COVERAGE_UNJUDGED, "%s", hidden_by(ledger));
		else
			row->status = COVERAGE_MISSING;
	}
}

static int add_missing_rule(struct ledger *ledger, unsigned index)
{
	const struct ruleset_rule *rule = &ledger->ruleset->rules[index];
	struct finding_key key = { .kind = KIND_MISSING,
		                   .rule = (int)index,
		                   .src_roles = *roles_of(&rule->from),
		                   .dst_roles = *roles_of(&rule->to) };
	enum severity severity = rule->has_expect                    ? SEVERITY_ERROR
	                         : rule->rule->need == NEED_REQUIRED ? SEVERITY_WARNING
	                                                             : SEVERITY_INFO;

	key.accepted = ledger_accept(ledger, KIND_MISSING, (int)index, NULL, NULL,
	                             ledger->report.capture.last_ns);
	struct finding *finding = ledger_finding(ledger, &key);
	if (!finding)
		return -ENOMEM;
	finding->severity = severity_by_site(ledger->ruleset, (int)index, KIND_MISSING, severity);
	return 0;
}

/*
 * Of facets of one printed row, and of a pair, one missing finding: the first rule of the group
 * stands for all.
 */
static int add_missing_rules(struct ledger *ledger)
{
	const struct ruleset *ruleset = ledger->ruleset;
	_cleanup_(freep) bool *reported = calloc(ruleset->n_groups + 1, sizeof(bool));
	int r = 0;

	if (!reported)
		return -ENOMEM;
	for (unsigned i = 0; i < ruleset->n_rules && r == 0; i++) {
		if (ledger->report.coverage[i].status != COVERAGE_MISSING ||
		    reported[ruleset->rules[i].group])
			continue;
		reported[ruleset->rules[i].group] = true;
		r = add_missing_rule(ledger, i);
	}
	return r;
}

/* A declared server of which no packet was seen: one finding about the host. */
static int add_missing_hosts(struct ledger *ledger)
{
	const struct ruleset *ruleset = ledger->ruleset;
	const struct site *site = ruleset->site;

	for (size_t i = 0; i < site->n_addresses; i++) {
		const struct site_address *entry = &site->addresses[i];
		int role = ruleset_find_role(ruleset, entry->role);
		if (ledger->seen_entries[i] || role < 0 || entry->prefix.len_bits != 128 ||
		    ruleset->roles[role].role->kind != ROLE_SERVER)
			continue;
		struct finding_key key = { .kind = KIND_MISSING, .rule = -1, .entry = entry };
		for (size_t j = 0; j < site->n_addresses; j++)
			if (prefix_compare(&site->addresses[j].prefix, &entry->prefix) == 0) {
				key.entry = j < i ? NULL : key.entry;
				int also = ruleset_find_role(ruleset, site->addresses[j].role);
				if (also >= 0)
					role_set_add(&key.dst_roles, (unsigned)also);
			}
		if (!key.entry)
			continue; /* said for an earlier line with this address */
		key.accepted = ledger_accept(ledger, KIND_MISSING, -1, NULL, NULL,
		                             ledger->report.capture.last_ns);
		struct finding *finding = ledger_finding(ledger, &key);
		if (!finding)
			return -ENOMEM;
		finding->severity = severity_by_site(ruleset, -1, KIND_MISSING, SEVERITY_INFO);
	}
	return 0;
}

/* Of facets and pairs one seen is enough; if that one is broken or blocked, that is said already.
 */
static int find_seen_groups(const struct ledger *ledger, bool **out)
{
	const struct ruleset *ruleset = ledger->ruleset;

	*out = calloc(ruleset->n_groups + 1, sizeof(bool));
	if (!*out)
		return -ENOMEM;
	for (size_t i = 0; i < ruleset->n_rules; i++) {
		const struct rule_stats *stats = &ledger->stats[i];
		if (stats->kept || stats->blocked || stats->broken || stats->unjudged)
			(*out)[ruleset->rules[i].group] = true;
	}
	return 0;
}

int coverage_decide(struct ledger *ledger)
{
	const struct ruleset *ruleset = ledger->ruleset;
	struct report *report = &ledger->report;
	_cleanup_(freep) bool *seen = NULL;

	report->vantage = find_vantage(ledger);
	report->coverage = calloc(ruleset->n_rules + 1, sizeof(*report->coverage));
	if (!report->coverage || find_seen_groups(ledger, &seen) < 0)
		return -ENOMEM;
	for (unsigned i = 0; i < ruleset->n_rules; i++) {
		struct coverage_row *row = &report->coverage[i];
		*row = (struct coverage_row){ .rule = (int)i,
			                      .best = content_best(ruleset->rules[i].rule),
			                      .flows = ledger->stats[i].kept,
			                      .first_ns = ledger->stats[i].first_ns,
			                      .last_ns = ledger->stats[i].last_ns };
		judge_rule(row, ledger, i, seen[ruleset->rules[i].group]);
	}
	report->n_coverage = ruleset->n_rules;
	for (size_t i = 0; i < report->n_coverage; i++)
		report->rules_by_coverage[report->coverage[i].status]++;
	int r = ruleset->site ? add_missing_rules(ledger) : 0;
	/* Without one whole look at the network nothing can be said of a host either. */
	if (r == 0 && ruleset->site && !hidden_by(ledger))
		r = add_missing_hosts(ledger);
	return r;
}
