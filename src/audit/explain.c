/*
 * Why a flow was judged as it was: every rule held against it, the first condition that did not
 * hold, and both values. Uses the judge's own checks, so it cannot tell another story.
 */
#include "priv.h"

#include <string.h>

void rule_ports_text(const struct rule *rule, char *buffer, size_t size)
{
	size_t len = 0;

	snprintf(buffer, size, "any");
	for (size_t i = 0; i < rule->n_ports && len < size; i++) {
		const struct port_range *p = &rule->ports[i];
		int n = p->first == p->last
		                ? snprintf(buffer + len, size - len, "%s%u", i ? "," : "", p->first)
		                : snprintf(buffer + len, size - len, "%s%u-%u", i ? "," : "",
		                           p->first, p->last);
		len += (size_t)n;
	}
}

void rule_transport_text(const struct rule *rule, char *buffer, size_t size)
{
	char word[4];

	if (rule->tcp && rule->udp)
		snprintf(buffer, size, "tcp+udp");
	else if (rule->tcp || rule->udp)
		snprintf(buffer, size, "%s", rule->tcp ? "tcp" : "udp");
	else
		snprintf(buffer, size, "%s", transport_word(rule->other_transport, word));
}

void rule_end_text(const struct rule_end *end, char *buffer, size_t size)
{
	size_t len = 0;

	snprintf(buffer, size, "%s",
	         end->form == END_ANY        ? "any"
	         : end->form == END_UNSTATED ? "unstated"
	                                     : "");
	for (size_t i = 0; i < end->n_roles && len < size; i++)
		len += (size_t)snprintf(buffer + len, size - len, "%s%s", len ? ", " : "",
		                        end->roles[i]);
	for (size_t i = 0; i < end->n_prefixes && len < size; i++) {
		char prefix[PREFIX_TEXT_SIZE];
		len += (size_t)snprintf(buffer + len, size - len, "%s%s", len ? ", " : "",
		                        prefix_format(&end->prefixes[i], prefix));
	}
}

static void party_text(const struct headers *h, const struct party *party, char *buffer,
                       size_t size)
{
	char addr[ADDR_TEXT_SIZE], roles[64];

	party_roles_text(h->scope, party, roles, sizeof(roles));
	snprintf(buffer, size, "%s (%s)", addr_format(&party->addr, addr), roles);
}

static void header_texts(struct trial *trial, const struct rule *rule, const struct headers *h)
{
	char transport[4];

	switch (trial->failed) {
	case CONDITION_TRANSPORT:
		rule_transport_text(rule, trial->expected, sizeof(trial->expected));
		snprintf(trial->observed, sizeof(trial->observed), "%s",
		         transport_word(h->transport, transport));
		break;
	case CONDITION_PORT:
		rule_ports_text(rule, trial->expected, sizeof(trial->expected));
		snprintf(trial->observed, sizeof(trial->observed), "%u",
		         rule->port_end == PORT_OF_FROM ? h->src_port : h->dst_port);
		break;
	case CONDITION_SOURCE:
		rule_end_text(&rule->from, trial->expected, sizeof(trial->expected));
		party_text(h, h->src, trial->observed, sizeof(trial->observed));
		break;
	case CONDITION_DESTINATION:
		rule_end_text(&rule->to, trial->expected, sizeof(trial->expected));
		party_text(h, h->dst, trial->observed, sizeof(trial->observed));
		break;
	default:
		break;
	}
}

static void content_texts(struct trial *trial, const struct rule *rule,
                          const struct content *content, const struct facts *facts)
{
	if (content->outcome == OUTCOME_UNJUDGED) {
		trial->is_unjudged = true;
		snprintf(trial->observed, sizeof(trial->observed), "%s",
		         reason_word(content->reason));
	} else if (content->outcome == OUTCOME_WRONG_PROTOCOL) {
		trial->failed = CONDITION_PROTOCOL;
		snprintf(trial->expected, sizeof(trial->expected), "%s", family_word(rule->family));
		snprintf(trial->observed, sizeof(trial->observed), "%s",
		         !facts || facts->protocol == PROTOCOL_UNKNOWN ? "unrecognised"
		         : facts->is_inside_unrecognised               ? "unrecognised inside tls"
		         : facts->other_name                           ? facts->other_name
		                             : protocol_word((enum protocol)facts->protocol));
	} else if (content->outcome == OUTCOME_WRONG_SECURITY) {
		trial->failed = CONDITION_SECURITY;
		snprintf(trial->expected, sizeof(trial->expected), "%s",
		         rule->security == SECURITY_UNKNOWN ? "tls"
		                                            : security_rule_word(rule->security));
		snprintf(trial->observed, sizeof(trial->observed), "%s",
		         facts ? security_word((enum security)facts->security) : "unknown");
	}
}

static bool is_asked(const struct fits *fits, unsigned rule)
{
	for (unsigned i = 0; i < fits->n; i++)
		if (fits->rules[i] == rule)
			return true;
	return false;
}

/* A range whose ports were used, and that says nothing of this flow: see find_fits(). */
static void unasked_texts(struct trial *trial, const struct rule *rule, const struct headers *h)
{
	trial->failed = CONDITION_PORT;
	trial->n_failed = 1;
	header_texts(trial, rule, h);
	strncat(trial->observed, ", for which a range is not asked",
	        sizeof(trial->observed) - strlen(trial->observed) - 1);
}

void judge_explain(struct trial *trials, const struct judge_context *context,
                   const struct flow *flow, const struct facts *facts)
{
	const struct ruleset *ruleset = scope_get_ruleset(context->scope);
	struct party parties[2];
	struct headers headers;
	struct facts recalled;
	struct fits fits;
	enum opener how;

	if (judge_recall(&recalled, flow, facts))
		facts = &recalled;
	scope_party(context->scope, &flow->addr[0], &parties[0]);
	scope_party(context->scope, &flow->addr[1], &parties[1]);
	unsigned src = match_opener(context->scope, flow, parties, &how);
	headers_of(&headers, context->scope, flow, parties, src);
	find_fits(&fits, context->scope, &headers, facts);
	for (unsigned i = 0; i < ruleset->n_rules; i++) {
		const struct ruleset_rule *rule = &ruleset->rules[i];
		unsigned failed = match_failures(i, &headers, false);
		struct trial *trial = &trials[i];
		*trial = (struct trial){ .rule = (int)i, .is_declared = rule->is_declared };
		if (failed) {
			trial->failed = (enum condition)__builtin_ctz(failed);
			trial->n_failed = (unsigned)__builtin_popcount(failed);
			header_texts(trial, rule->rule, &headers);
			continue;
		}
		if (!is_asked(&fits, i)) {
			unasked_texts(trial, rule->rule, &headers);
			continue;
		}
		struct content content;
		content_judge(&content, rule, context, flow, facts, src);
		content_texts(trial, rule->rule, &content, facts);
	}
}
