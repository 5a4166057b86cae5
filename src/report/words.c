/*
 * What every format says alike of a report: names of roles, the title of a finding, whose site
 * entry it is. Formats differ in layout, never in what they say.
 */
#include "report/priv.h"

const struct report_format *report_format_find(const char *name)
{
	for (size_t i = 0; i < report_n_formats; i++)
		if (strcmp(report_formats[i]->name, name) == 0)
			return report_formats[i];
	return NULL;
}

const struct rule *report_rule(const struct report *report, int rule)
{
	return rule >= 0 && (size_t)rule < report->ruleset->n_rules
	               ? report->ruleset->rules[rule].rule
	               : NULL;
}

bool finding_is_nearest(const struct finding *finding)
{
	return finding->key.rule >= 0 && finding->field >= CONDITION_DIRECTION &&
	       finding->field <= CONDITION_DESTINATION;
}

const char *finding_title(const struct report *report, const struct finding *finding)
{
	const struct rule *rule = report_rule(report, finding->key.rule);
	enum kind kind = (enum kind)finding->key.kind;

	if (rule)
		return rule->title ? rule->title : rule->id;
	if (kind == KIND_MISSING)
		return "A server of the site that was never seen";
	if (kind == KIND_NOTE)
		return finding->key.note ? note_sentence((enum note_code)(finding->key.note - 1))
		                         : "A note";
	return kind_is_blocked(kind) ? "An attempt that no rule asks for"
	                             : "A flow that no rule documents";
}

const char *finding_field(const struct finding *finding)
{
	enum kind kind = (enum kind)finding->key.kind;

	if (finding->field != CONDITION_NONE)
		return condition_word(finding->field);
	if (kind == KIND_FEATURE_OFF)
		return "feature";
	if (kind == KIND_NOTE)
		return "note";
	return kind == KIND_MISSING ? "flow" : "answer";
}

const struct site_address *finding_entry(const struct finding *finding, bool of_responder)
{
	bool is_responders = !role_set_is_empty(&finding->key.dst_roles);

	return is_responders == of_responder ? finding->key.entry : NULL;
}

const char *site_host_name(const struct site *site, const struct addr *addr)
{
	const struct site_host *best = NULL;

	for (size_t i = 0; site && i < site->n_hosts; i++)
		if (prefix_holds(&site->hosts[i].prefix, addr) &&
		    (!best || site->hosts[i].prefix.len_bits > best->prefix.len_bits))
			best = &site->hosts[i];
	return best ? best->names[0] : NULL;
}

/* The party of the first example at that end; NULL: no example. */
const struct party *finding_party(const struct finding *finding, bool of_responder)
{
	if (!finding->n_examples)
		return NULL;
	const struct flow_record *record = finding->examples[0];
	unsigned src = record->assessment.src;
	return &record->parties[of_responder ? !src : src];
}

const char *flow_protocol(const struct flow_record *record)
{
	const struct facts *facts = record->flow.facts;

	if (!facts)
		return "unknown";
	return facts->other_name ? facts->other_name
	                         : protocol_word((enum protocol)facts->protocol);
}

const char *flow_security(const struct flow_record *record)
{
	const struct facts *facts = record->flow.facts;

	return facts ? security_word((enum security)facts->security) : "unknown";
}

bool flow_has_ports(const struct flow *flow)
{
	return flow->transport == TRANSPORT_TCP || flow->transport == TRANSPORT_UDP ||
	       flow->transport == TRANSPORT_SCTP;
}

bool report_lists_flow(const struct flow_record *record, const struct report_options *options)
{
	return options->flows == REPORT_ALL_FLOWS ||
	       (options->flows == REPORT_FLOWS_IN_SCOPE &&
	        record->assessment.verdict != VERDICT_OUT_OF_SCOPE);
}

int report_finish(FILE *out, bool is_failed)
{
	errno = 0;
	if (fflush(out) != 0 || ferror(out))
		return errno ? -errno : -EIO;
	return is_failed ? -ENOMEM : 0;
}
