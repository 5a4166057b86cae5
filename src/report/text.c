/*
 * The report for a person. Its first screen (24 lines of 80 columns) says the verdict and why, how
 * many compliant flows rest on headers or on the envelope alone, what was read and what was lost,
 * and what could not be judged; then come the findings, worst first, three lines each. Coverage
 * and what is out of scope follow for whoever reads on. Everything else stands in the JSON report.
 */
#include "report/priv.h"

static void put_flow(struct lines *lines, const struct flow_record *record,
                     const struct report *report)
{
	const struct assessment *a = &record->assessment;
	const struct rule *rule = report_rule(report, a->rule);
	const struct flow *flow = &record->flow;
	char src[ADDR_TEXT_SIZE], dst[ADDR_TEXT_SIZE], transport[4], lead[48];
	struct strbuf text = STRBUF_INIT;

	snprintf(lead, sizeof(lead), "  %u:%llu", flow->file, (unsigned long long)flow->number);
	strbuf_add_format(&text, " %s", addr_format(&flow->addr[a->src], src));
	if (flow_has_ports(flow))
		strbuf_add_format(&text, " %u", flow->port[a->src]);
	strbuf_add_format(&text, " -> %s", addr_format(&flow->addr[!a->src], dst));
	if (flow_has_ports(flow))
		strbuf_add_format(&text, " %u", flow->port[!a->src]);
	strbuf_add_format(&text, " %s, %s", transport_word(flow->transport, transport),
	                  flow_protocol(record));
	if (flow->facts && flow->facts->security != SECURITY_UNKNOWN)
		strbuf_add_format(&text, " (%s)", flow_security(record));
	strbuf_add_format(&text, ", %s", verdict_word(a->verdict));
	if (a->kind != KIND_NONE)
		strbuf_add_format(&text, " %s", kind_word(a->kind));
	if (a->verdict == VERDICT_UNJUDGED)
		strbuf_add_format(&text, " %s", reason_word(a->reason));
	if (rule)
		strbuf_add_format(&text, ", rule %s", rule->id);
	lines->is_failed |= text.is_failed;
	/* A blank behind the lead, which lines_put() would swallow. */
	size_t len = strlen(lead);
	snprintf(lead + len, sizeof(lead) - len, "  ");
	lines_put(lines, INK_PLAIN, lead, 6, strbuf_text(&text));
	strbuf_deinit(&text);
}

static void put_flows(struct lines *lines, const struct report *report,
                      const struct report_options *options)
{
	if (options->flows == REPORT_NO_FLOWS)
		return;
	lines_blank(lines);
	lines_put(lines, INK_TITLE, "Flows", 0, "");
	for (size_t i = 0; i < report->n_records && !ferror(lines->out); i++)
		if (report_lists_flow(report->records[i], options))
			put_flow(lines, report->records[i], report);
}

static int write_text(FILE *out, const struct report *report, const struct report_options *options)
{
	struct lines lines;

	lines_init(&lines, out, options);
	text_run(&lines, report, options);
	text_findings(&lines, report);
	text_coverage(&lines, report);
	text_out_of_scope(&lines, report);
	put_flows(&lines, report, options);
	return report_finish(out, lines.is_failed);
}

const struct report_format format_text = {
	.name = "text",
	.help = "for people: the verdict and what it rests on, findings, coverage",
	.write = write_text,
};
