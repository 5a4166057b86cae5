/*
 * What is wrong with a rule that reads well: it can never be kept, or never be the one that is
 * named, because an earlier rule says the same. Such a rule would stand in the coverage part of
 * every report as something that never happened, and nobody could tell why.
 */
#include <errno.h>

#include "pcaudit/base/hash.h"
#include "priv.h"

int rule_check_possible(struct input *in, const struct rule *rule)
{
	bool wants_tls = rule->security == SECURITY_TLS || rule->security == SECURITY_MTLS;
	if (wants_tls && family_excludes_tls(rule->family))
		return input_fail(in, rule->line,
		                  "can never be kept: protocol %s is never inside TLS, "
		                  "and security is %s",
		                  family_word(rule->family), security_rule_word(rule->security));
	if (rule->security == SECURITY_NONE &&
	    (rule->family == FAMILY_HTTPS || rule->family == FAMILY_PSOM))
		return input_fail(in, rule->line,
		                  "can never be kept: protocol %s is always inside TLS, "
		                  "and security is none",
		                  family_word(rule->family));
	if (rule->family == FAMILY_APP_SHARING && !rule->tcp)
		return input_fail(in, rule->line,
		                  "can never be kept: protocol app-sharing is over TCP only");
	return 0;
}

static uint64_t hash_of(const void *data, size_t len)
{
	static const struct hash_key key = { 0 };
	return hash_bytes(&key, BYTES(data, len));
}

/* Sums, so that the order of a list does not count. */
static uint64_t end_fingerprint(const struct rule_end *end)
{
	uint64_t sum = (uint64_t)end->form;
	for (size_t i = 0; i < end->n_roles; i++)
		sum += hash_of(end->roles[i], strlen(end->roles[i]));
	for (size_t i = 0; i < end->n_prefixes; i++)
		sum += hash_of(end->prefixes[i].addr.bytes, 16) * (end->prefixes[i].len_bits + 3u);
	return sum;
}

static uint64_t rule_fingerprint(const struct rule *rule)
{
	uint64_t sum = end_fingerprint(&rule->from) * 31 + end_fingerprint(&rule->to);
	for (size_t i = 0; i < rule->n_ports; i++)
		sum += hash_of(&rule->ports[i], sizeof(rule->ports[i]));
	return sum * 31 + (uint64_t)rule->family * 8 + (uint64_t)rule->security * 2 + rule->udp;
}

static bool ends_are_same(const struct rule_end *a, const struct rule_end *b)
{
	if (a->form != b->form || a->n_roles != b->n_roles || a->n_prefixes != b->n_prefixes)
		return false;
	for (size_t i = 0; i < a->n_roles; i++) {
		size_t j = 0;
		while (j < b->n_roles && strcmp(a->roles[i], b->roles[j]) != 0)
			j++;
		if (j == b->n_roles)
			return false;
	}
	for (size_t i = 0; i < a->n_prefixes; i++) {
		size_t j = 0;
		while (j < b->n_prefixes && prefix_compare(&a->prefixes[i], &b->prefixes[j]) != 0)
			j++;
		if (j == b->n_prefixes)
			return false;
	}
	return true;
}

static bool ports_are_same(const struct rule *a, const struct rule *b)
{
	if (a->n_ports != b->n_ports)
		return false;
	for (size_t i = 0; i < a->n_ports; i++) {
		size_t j = 0;
		while (j < b->n_ports && (a->ports[i].first != b->ports[j].first ||
		                          a->ports[i].last != b->ports[j].last))
			j++;
		if (j == b->n_ports)
			return false;
	}
	return true;
}

static bool rules_are_same(const struct rule *a, const struct rule *b)
{
	return a->tcp == b->tcp && a->udp == b->udp && a->other_transport == b->other_transport &&
	       a->port_end == b->port_end && a->family == b->family && a->security == b->security &&
	       ports_are_same(a, b) && ends_are_same(&a->from, &b->from) &&
	       ends_are_same(&a->to, &b->to);
}

int rule_check_unique(struct input *in, const struct rule *const *rules, size_t n)
{
	_cleanup_(freep) uint64_t *fingerprints = calloc(n ? n : 1, sizeof(*fingerprints));
	if (!fingerprints)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct rule *rule = rules[i];
		input_where(in, "rule \"%s\"", rule->id);
		fingerprints[i] = rule_fingerprint(rule);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(rules[j]->id, rule->id) == 0)
				return input_fail(in, rule->line,
				                  "the id stands twice, first in line %d",
				                  rules[j]->line);
			if (fingerprints[j] == fingerprints[i] && rules_are_same(rules[j], rule))
				return input_fail(in, rule->line,
				                  "can never match: rule \"%s\" in line %d has the "
				                  "same ends, "
				                  "transport, ports, protocol and security",
				                  rules[j]->id, rules[j]->line);
		}
	}
	return 0;
}
