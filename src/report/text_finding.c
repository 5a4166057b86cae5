/*
 * Findings for a person, three lines each: what, where and how often; why; where to look, what it
 * rests on, and what to do. The whole remedy is shown where it fits, else a few words that say
 * which way it goes: the JSON report has all of it.
 */
#include "report/priv.h"

#define INDENT 4

static const char *short_remedy(const struct finding *finding)
{
	static const char *const remedies[N_KINDS] = {
		[KIND_WRONG_DIRECTION] = "Stop it, or allow it in the site.",
		[KIND_WRONG_TRANSPORT] = "Stop it, or allow it in the site.",
		[KIND_WRONG_PORT] = "Move it, or give the rule its port in the site.",
		[KIND_WRONG_SOURCE] = "Give the source its role, allow it, or stop it.",
		[KIND_WRONG_DESTINATION] = "Give the destination its role, allow it, or stop it.",
		[KIND_WRONG_PROTOCOL] = "Find what listens there.",
		[KIND_WRONG_SECURITY] = "Require it, or accept it in the site.",
		[KIND_FEATURE_OFF] = "Declare the feature, or switch it off.",
		[KIND_UNDOCUMENTED] = "Stop it, or allow it in the site.",
		[KIND_MISSING] = "Check the service, or say expect: false.",
	};
	enum kind kind = (enum kind)finding->key.kind;

	if (kind_is_blocked(kind))
		return finding->key.rule >= 0 ? "Check the service and the path to it."
		                              : "Find out who tries, and why.";
	return remedies[kind] ? remedies[kind] : "";
}

/* ---- First line ------------------------------------------------------------------------------ */

/* "a+b+c" as "a+2". */
static void shorten_roles(char *roles)
{
	char *second = strchr(roles, '+');
	unsigned n = 0;

	for (const char *at = second; at; at = strchr(at + 1, '+'))
		n++;
	if (n)
		sprintf(second + 1, "%u", n);
}

/* What the first line leaves out, step by step, until it fits. */
enum thrift { THRIFT_NONE, THRIFT_HOSTS, THRIFT_ROLES, THRIFT_PORTS };

static void add_end(struct strbuf *text, const struct report *report, const struct finding *finding,
                    bool of_responder, enum thrift thrift)
{
	const struct rule *rule = report_rule(report, finding->key.rule);
	const struct party *party = finding_party(finding, of_responder);
	char roles[256];

	if (party)
		party_roles_text(report->scope, party, roles, sizeof(roles));
	else if (rule)
		rule_end_text(of_responder ? &rule->to : &rule->from, roles, sizeof(roles));
	else
		return;
	if (party && thrift >= THRIFT_ROLES)
		shorten_roles(roles);
	strbuf_add(text, roles);
}

static void add_ports(struct strbuf *text, const struct finding *finding, enum thrift thrift)
{
	size_t shown = MIN(finding->n_ports, thrift >= THRIFT_PORTS ? 1 : 3);

	for (size_t i = 0; i < shown; i++) {
		const struct port_range *p = &finding->ports[i];
		strbuf_add(text, i ? "," : "/");
		if (p->first == p->last)
			strbuf_add_format(text, "%u", p->first);
		else
			strbuf_add_format(text, "%u-%u", p->first, p->last);
	}
	if (shown < finding->n_ports)
		strbuf_add(text, ",...");
}

/* A finding about a host or a line of the site. */
static void add_entry(struct strbuf *text, const struct finding *finding)
{
	const struct site_address *entry = finding->key.entry;
	char prefix[PREFIX_TEXT_SIZE];

	if (entry)
		strbuf_add_format(text, "%s %s", entry->role,
		                  prefix_format(&entry->prefix, prefix));
	else if (finding->key.host)
		strbuf_add(text, finding->key.host);
}

/* Transport, ports, and how often from how many. */
static void add_count(struct strbuf *text, const struct report *report,
                      const struct finding *finding, enum thrift thrift)
{
	const struct rule *rule = report_rule(report, finding->key.rule);
	char transport[16], ports[96];

	if (!finding->flows) {
		rule_transport_text(rule, transport, sizeof(transport));
		rule_ports_text(rule, ports, sizeof(ports));
		strbuf_add_format(text, " %s/%s", transport, ports);
		return;
	}
	strbuf_add_format(text, " %s", transport_word(finding->key.transport, transport));
	add_ports(text, finding, thrift);
	strbuf_add_format(text, ", %llu flow%s", (unsigned long long)finding->flows,
	                  finding->flows == 1 ? "" : "s");
	if (finding->initiators > 1 && thrift < THRIFT_HOSTS)
		strbuf_add_format(text, " from %u%s hosts", finding->initiators,
		                  finding->initiators_at_least ? "+" : "");
}

static void add_what(struct strbuf *text, const struct report *report,
                     const struct finding *finding, enum thrift thrift)
{
	const struct rule *rule = report_rule(report, finding->key.rule);

	strbuf_add(text, finding->key.note ? note_word((enum note_code)(finding->key.note - 1))
	                                   : kind_word((enum kind)finding->key.kind));
	if (rule)
		strbuf_add_format(text, "%s %s", finding_is_nearest(finding) ? " near" : "",
		                  rule->id);
	strbuf_add(text, ": ");
	if (!finding->flows && !rule) {
		add_entry(text, finding);
		return;
	}
	add_end(text, report, finding, false, thrift);
	strbuf_add(text, " -> ");
	add_end(text, report, finding, true, thrift);
	add_count(text, report, finding, thrift);
}

/* One line, cut where it would be wider. */
static void put_cut(struct lines *lines, enum ink ink, const char *lead, const struct strbuf *text)
{
	struct strbuf cut = STRBUF_INIT;

	lines_add_cut(&cut, strbuf_text(text), lines->width - lines_columns(lead));
	lines->is_failed |= cut.is_failed || text->is_failed;
	lines_put(lines, ink, lead, INDENT, strbuf_text(&cut));
	strbuf_deinit(&cut);
}

/* Never cut: where even the thriftiest is too wide, it takes a second line. */
static void put_what(struct lines *lines, const struct report *report,
                     const struct finding *finding)
{
	struct strbuf text = STRBUF_INIT;
	char lead[16];

	snprintf(lead, sizeof(lead), "%-9s", severity_word(finding->severity));
	for (enum thrift thrift = THRIFT_NONE; thrift <= THRIFT_PORTS; thrift++) {
		strbuf_clear(&text);
		add_what(&text, report, finding, thrift);
		if (lines_columns(lead) + lines_columns(strbuf_text(&text)) <= lines->width)
			break;
	}
	lines->is_failed |= text.is_failed;
	lines_put(lines, ink_of_severity(finding->severity), lead, INDENT, strbuf_text(&text));
	strbuf_deinit(&text);
}

/* ---- Second and third line ------------------------------------------------------------------- */

/* What a sentence too long for a line comes down to; adds nothing where it cannot be said shorter.
 */
static void add_shorter(struct strbuf *text, const struct finding *finding)
{
	bool has_values = finding->expected && finding->expected[0] && finding->observed &&
	                  finding->observed[0];

	if (has_values)
		strbuf_add_format(text, "Expected: %s. Observed: %s.", finding->expected,
		                  finding->observed);
	else if (finding->key.kind == KIND_UNDOCUMENTED && finding->n_examples)
		strbuf_add_format(
		        text, "No row of the table documents it, none comes near. Protocol: %s.",
		        flow_protocol(finding->examples[0]));
}

/* The first sentences of why, as many as fit. */
static void put_why(struct lines *lines, const struct finding *finding)
{
	struct strbuf text = STRBUF_INIT, shorter = STRBUF_INIT;

	lines_add_sentences(&text, finding->why ? finding->why : "", lines->width - INDENT);
	if (lines_columns(strbuf_text(&text)) > lines->width - INDENT)
		add_shorter(&shorter, finding);
	lines->is_failed |= shorter.is_failed;
	put_cut(lines, INK_PLAIN, "    ", shorter.len ? &shorter : &text);
	strbuf_deinit(&shorter);
	strbuf_deinit(&text);
}

/* What carried the first of the examples. */
static void add_tunnels(struct strbuf *text, const struct report *report,
                        const struct finding *finding)
{
	const struct flow *flow = finding->n_examples ? &finding->examples[0]->flow : NULL;

	if (!flow || !flow->tunnels)
		return;
	strbuf_add(text, finding->n_examples > 1 ? "The first in " : "In ");
	tunnels_add_text(text, report, flow);
	strbuf_add(text, ". ");
}

static void add_examples(struct strbuf *text, const struct finding *finding)
{
	for (size_t i = 0; i < finding->n_examples && i < 3; i++)
		strbuf_add_format(text, "%s%u:%llu",
		                  i                         ? " "
		                  : finding->n_examples > 1 ? "Flows "
		                                            : "Flow ",
		                  finding->examples[i]->flow.file,
		                  (unsigned long long)finding->examples[i]->flow.number);
	if (finding->n_examples)
		strbuf_add(text, ". ");
}

static void add_cite(struct strbuf *text, const struct rule *rule)
{
	if (!rule || !rule->n_cites)
		return;
	const struct cite *cite = &rule->cites[0];
	strbuf_add(text, cite->document);
	if (cite->row)
		strbuf_add_format(text, " table %u row %u", cite->table, cite->row);
	else if (cite->where)
		strbuf_add_format(text, " (%s)", cite->where);
	strbuf_add(text, ". ");
}

static void add_accepted(struct strbuf *text, const struct site_accept *accept)
{
	char until[16];

	strbuf_add_format(text, "Accepted: %s", accept->why ? accept->why : "no reason given");
	if (accept->owner)
		strbuf_add_format(text, " (%s)", accept->owner);
	if (accept->until_ns != INT64_MAX)
		strbuf_add_format(text, ", until %s", time_date_text(accept->until_ns, until));
	strbuf_add(text, ".");
}

static void add_remedy(struct strbuf *text, const struct finding *finding, size_t columns)
{
	const char *texts[] = { finding->remedy ? finding->remedy : "", short_remedy(finding) };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (lines_columns(strbuf_text(text)) + lines_columns(texts[i]) <= columns) {
			strbuf_add(text, texts[i]);
			return;
		}
}

static void put_evidence(struct lines *lines, const struct report *report,
                         const struct finding *finding)
{
	struct strbuf text = STRBUF_INIT;

	add_examples(&text, finding);
	add_tunnels(&text, report, finding);
	add_cite(&text, report_rule(report, finding->key.rule));
	if (finding->key.accepted)
		add_accepted(&text, finding->key.accepted);
	else
		add_remedy(&text, finding, lines->width - INDENT);
	while (text.len && text.text[text.len - 1] == ' ')
		text.text[--text.len] = '\0';
	put_cut(lines, INK_PLAIN, "    ", &text);
	strbuf_deinit(&text);
}

static void put_finding(struct lines *lines, const struct report *report,
                        const struct finding *finding)
{
	put_what(lines, report, finding);
	put_why(lines, finding);
	put_evidence(lines, report, finding);
}

/* The same in grey: colours are switched off within, so that nothing ends the grey. */
static void put_accepted(struct lines *lines, const struct report *report,
                         const struct finding *finding)
{
	struct lines grey = *lines;

	if (lines->is_coloured)
		fputs("\033[2m", lines->out);
	grey.is_coloured = false;
	put_finding(&grey, report, finding);
	if (lines->is_coloured)
		fputs("\033[0m", lines->out);
	lines->is_failed |= grey.is_failed;
}

void text_findings(struct lines *lines, const struct report *report)
{
	bool has_accepted = false;

	if (report->n_findings)
		lines_blank(lines);
	for (size_t i = 0; i < report->n_findings && !ferror(lines->out); i++) {
		if (report->findings[i]->key.accepted)
			has_accepted = true;
		else
			put_finding(lines, report, report->findings[i]);
	}
	if (!has_accepted)
		return;
	lines_blank(lines);
	lines_put(lines, INK_TITLE, "Accepted by the site", 0, "");
	for (size_t i = 0; i < report->n_findings && !ferror(lines->out); i++)
		if (report->findings[i]->key.accepted)
			put_accepted(lines, report, report->findings[i]);
}
