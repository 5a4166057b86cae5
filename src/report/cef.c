/*
 * Events as ArcSight Common Event Format, one line each ("Implementing ArcSight Common Event
 * Format", CEF:0). The header escapes backslash and pipe; an extension's value backslash and equals
 * sign, and may hold blanks, since a reader looks back from the next key. Line breaks and other
 * control characters never come that far: text is made printable before it is escaped.
 *
 * Keys are those of the dictionary, and none twice. IPv6 addresses have keys of their own (c6a2,
 * c6a3), and what has no key stands in labelled strings and numbers. Texts are cut to what the
 * dictionary allows, at a character. Severity is 0 unless a finding is to be acted on.
 */
#include "report/priv.h"

#define CEF_NAME_MAX   512
#define CEF_STRING_MAX 4000
#define CEF_MSG_MAX    1023

struct cef {
	struct strbuf line;
	bool has_key;
};

/* At most max characters of text, with a backslash before `special` and backslashes. */
static void add_escaped(struct strbuf *out, const char *text, char special, size_t max)
{
	struct strbuf safe = STRBUF_INIT;
	size_t n = 0;

	lines_add_safe(&safe, text);
	out->is_failed |= safe.is_failed;
	for (const char *at = strbuf_text(&safe); *at; at++) {
		if (((unsigned char)*at & 0xc0) != 0x80 && n++ == max)
			break;
		if (*at == '\\' || *at == special)
			strbuf_add(out, "\\");
		strbuf_add_bytes(out, BYTES((const uint8_t *)at, 1));
	}
	strbuf_deinit(&safe);
}

static void put_header(struct cef *cef, const char *text)
{
	add_escaped(&cef->line, text, '|', CEF_NAME_MAX);
	strbuf_add(&cef->line, "|");
}

static void put_key(struct cef *cef, const char *key)
{
	strbuf_add_format(&cef->line, "%s%s=", cef->has_key ? " " : "", key);
	cef->has_key = true;
}

/* Nothing if there is no text. */
static void put_text(struct cef *cef, const char *key, const char *text, size_t max)
{
	if (!text || !*text)
		return;
	put_key(cef, key);
	add_escaped(&cef->line, text, '=', max);
}

static void put_number(struct cef *cef, const char *key, uint64_t number)
{
	put_key(cef, key);
	strbuf_add_format(&cef->line, "%llu", (unsigned long long)number);
}

static void put_time(struct cef *cef, const char *key, int64_t time_ns)
{
	put_key(cef, key);
	strbuf_add_format(&cef->line, "%lld",
	                  (long long)(time_ns / 1000000 - (time_ns % 1000000 < 0)));
}

/* A key whose meaning is ours: cs1, cn1, c6a2 or flexString1. */
static void put_label(struct cef *cef, const char *key, const char *label)
{
	strbuf_add_format(&cef->line, "%s%sLabel=%s", cef->has_key ? " " : "", key, label);
	cef->has_key = true;
}

static void put_labelled(struct cef *cef, const char *key, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	put_label(cef, key, label);
	put_text(cef, key, text, CEF_STRING_MAX);
}

static void put_labelled_number(struct cef *cef, const char *key, const char *label,
                                uint64_t number)
{
	put_label(cef, key, label);
	put_number(cef, key, number);
}

/* ---- Header ---------------------------------------------------------------------------------- */

/* 0 to 3 are low, 4 to 6 medium, 7 and 8 high. */
static unsigned severity_of(const struct report_event *event)
{
	static const unsigned severities[] = {
		[SEVERITY_INFO] = 2, [SEVERITY_WARNING] = 5, [SEVERITY_ERROR] = 8
	};

	return event->finding && !event->finding->key.accepted
	               ? severities[event->finding->severity]
	               : 0;
}

/* What is counted as one kind of event, and its name for people. */
static void describe(const struct report_event *event, struct strbuf *id, struct strbuf *name)
{
	const struct report *report = event->report;
	char signature[SIGNATURE_SIZE];

	switch (event->type) {
	case REPORT_EVENT_FINDING:
		strbuf_add(id, finding_signature(report, event->finding, signature));
		strbuf_add_format(name, "%s: %s", finding_word(event->finding),
		                  finding_title(report, event->finding));
		break;
	case REPORT_EVENT_COVERAGE:
		strbuf_add_format(id, "coverage:%s", coverage_word(event->coverage->status));
		strbuf_add_format(name, "Rule %s", coverage_word(event->coverage->status));
		break;
	case REPORT_EVENT_FLOW:
		strbuf_add_format(id, "flow:%s", verdict_word(event->flow->assessment.verdict));
		strbuf_add_format(name, "Flow %s", verdict_word(event->flow->assessment.verdict));
		break;
	case REPORT_EVENT_RUN:
		strbuf_add_format(id, "run:%s", report_verdict_word(report->verdict));
		strbuf_add_format(name, "Audit %s", report_verdict_word(report->verdict));
		break;
	case REPORT_EVENT_STATS:
		strbuf_add(id, "stats");
		strbuf_add(name, "Counters");
		break;
	}
}

static void put_headers(struct cef *cef, const struct report_event *event,
                        const struct report_options *options)
{
	struct strbuf id = STRBUF_INIT, name = STRBUF_INIT;

	describe(event, &id, &name);
	cef->line.is_failed |= id.is_failed || name.is_failed;
	strbuf_add(&cef->line, "CEF:0|pcaudit|pcaudit|");
	put_header(cef, options->version ? options->version : "");
	put_header(cef, strbuf_text(&id));
	put_header(cef, strbuf_text(&name));
	strbuf_add_format(&cef->line, "%u|", severity_of(event));
	strbuf_deinit(&id);
	strbuf_deinit(&name);
}

/* ---- Extension ------------------------------------------------------------------------------- */

static void put_end(struct cef *cef, const struct report *report, const struct flow *flow,
                    unsigned side, bool is_src)
{
	char addr[ADDR_TEXT_SIZE];

	addr_format(&flow->addr[side], addr);
	if (addr_is_ipv4(&flow->addr[side]))
		put_text(cef, is_src ? "src" : "dst", addr, CEF_STRING_MAX);
	else
		put_labelled(cef, is_src ? "c6a2" : "c6a3",
		             is_src ? "Source IPv6 Address" : "Destination IPv6 Address", addr);
	if (flow_has_ports(flow))
		put_number(cef, is_src ? "spt" : "dpt", flow->port[side]);
	put_text(cef, is_src ? "shost" : "dhost",
	         site_host_name(report->ruleset->site, &flow->addr[side]), 1023);
}

static void put_flow(struct cef *cef, const struct report_event *event,
                     const struct flow_record *record)
{
	const struct flow *flow = &record->flow;
	unsigned src = record->assessment.src;
	enum flow_direction direction = flow_direction(event->report, record);
	const char *protocol = flow_protocol(record);
	char transport[4], upper[8] = "";

	put_end(cef, event->report, flow, src, true);
	put_end(cef, event->report, flow, !src, false);
	snprintf(upper, sizeof(upper), "%s", transport_word(flow->transport, transport));
	for (char *c = upper; *c; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	put_text(cef, "proto", upper, 31);
	put_text(cef, "app", strcmp(protocol, "unknown") == 0 ? NULL : protocol, 31);
	if (direction == FLOW_INBOUND || direction == FLOW_OUTBOUND)
		put_number(cef, "deviceDirection", direction == FLOW_OUTBOUND);
	put_text(cef, "fname", flow_capture_name(event->report, flow), 1023);
}

static void put_rule(struct cef *cef, const struct report_event *event)
{
	const struct rule *rule = event_rule(event);

	put_labelled(cef, "cs1", "Rule", rule ? rule->id : NULL);
}

static void put_finding(struct cef *cef, const struct report_event *event)
{
	static const char *const steps[] = { [FINDING_OPENED] = "opened",
		                             [FINDING_UPDATED] = "updated",
		                             [FINDING_CLOSED] = "closed" };
	const struct finding *finding = event->finding;
	const struct flow_record *record = event_flow(event);
	const struct document *cited = event_document(event, 0);
	const struct site_accept *accepted = finding->key.accepted;
	char community[40];

	put_text(cef, "externalId", finding->id, 40);
	put_text(cef, "cat", finding_class_word(finding), 1023);
	put_text(cef, "act", steps[event->step], 63);
	put_text(cef, "outcome", finding_alerts(finding) ? "failure" : "unknown", 63);
	if (finding->flows)
		put_number(cef, "cnt", finding->flows);
	if (record)
		put_flow(cef, event, record);
	put_rule(cef, event);
	put_labelled(cef, "cs2", "Expected", finding->expected);
	put_labelled(cef, "cs3", "Observed", finding->observed);
	put_labelled(cef, "cs4", "Remedy", finding->remedy);
	put_labelled(cef, "cs5", "Document", cited ? cited->address : NULL);
	if (record)
		put_labelled(cef, "cs6", "Community ID",
		             report_community_id(&record->flow, community));
	if (accepted)
		put_labelled(cef, "flexString1", "Accepted", accepted->why ? accepted->why : "yes");
	if (finding->initiators)
		put_labelled_number(cef, "cn1", "Initiators", finding->initiators);
}

static void put_flow_record(struct cef *cef, const struct report_event *event)
{
	const struct flow_record *record = event->flow;
	const struct assessment *a = &record->assessment;
	const struct flow *flow = &record->flow;
	char text[40];

	put_text(cef, "externalId", flow_hash_text(flow, text), 40);
	put_text(cef, "cat", verdict_word(a->verdict), 1023);
	put_text(cef, "outcome",
	         a->verdict == VERDICT_COMPLIANT                                    ? "success"
	         : a->verdict == VERDICT_VIOLATION || a->verdict == VERDICT_BLOCKED ? "failure"
	                                                                            : "unknown",
	         63);
	put_text(cef, "reason",
	         a->kind != KIND_NONE             ? kind_word(a->kind)
	         : a->verdict == VERDICT_UNJUDGED ? reason_word(a->reason)
	                                          : NULL,
	         1023);
	put_flow(cef, event, record);
	put_number(cef, "in", flow->bytes[a->src]);
	put_number(cef, "out", flow->bytes[!a->src]);
	put_rule(cef, event);
	put_labelled(cef, "cs2", "Security", flow_security(record));
	put_labelled(cef, "cs3", "Evidence", evidence_word(a->evidence));
	put_labelled(cef, "cs4", "State", flow_state_word(a->state));
	put_labelled(cef, "cs6", "Community ID", report_community_id(flow, text));
}

static void put_coverage(struct cef *cef, const struct report_event *event)
{
	const struct coverage_row *row = event->coverage;
	const struct document *cited = event_document(event, 0);

	put_text(cef, "cat", "coverage", 1023);
	put_text(cef, "outcome",
	         row->status == COVERAGE_OBSERVED                                       ? "success"
	         : row->status == COVERAGE_MISSING || row->status == COVERAGE_ATTEMPTED ? "failure"
	                                                                                : "unknown",
	         63);
	put_text(cef, "reason", row->reason, 1023);
	if (row->flows)
		put_number(cef, "cnt", row->flows);
	put_rule(cef, event);
	put_labelled(cef, "cs5", "Document", cited ? cited->address : NULL);
}

static void put_run(struct cef *cef, const struct report_event *event)
{
	const struct report *report = event->report;

	put_text(cef, "cat", event->type == REPORT_EVENT_RUN ? "run" : "stats", 1023);
	if (event->type == REPORT_EVENT_RUN)
		put_text(cef, "outcome",
		         report->verdict == REPORT_PASS   ? "success"
		         : report->verdict == REPORT_FAIL ? "failure"
		                                          : "unknown",
		         63);
	if (report->ruleset->site)
		put_labelled(cef, "cs1", "Site", report->ruleset->site->name);
	put_labelled_number(cef, "cn1", "Packets", report->capture.received);
	put_labelled_number(cef, "cn2", "Findings", report->n_findings);
	put_labelled_number(cef, "cn3", "Accepted", report->findings_accepted);
}

static void put_extension(struct cef *cef, const struct report_event *event,
                          const struct report_options *options)
{
	struct strbuf message = STRBUF_INIT;
	int64_t first_ns, last_ns;

	put_time(cef, "rt", event->time_ns);
	if (event_span(event, &first_ns, &last_ns)) {
		put_time(cef, "start", first_ns);
		put_time(cef, "end", last_ns);
	}
	put_text(cef, "deviceExternalId", options->sensor, 255);
	if (event->finding)
		put_finding(cef, event);
	else if (event->flow)
		put_flow_record(cef, event);
	else if (event->coverage)
		put_coverage(cef, event);
	else
		put_run(cef, event);
	event_message(&message, event);
	cef->line.is_failed |= message.is_failed;
	put_text(cef, "msg", strbuf_text(&message), CEF_MSG_MAX);
	strbuf_deinit(&message);
}

static int put_cef(FILE *out, const struct report_event *event,
                   const struct report_options *options)
{
	struct cef cef = { .line = STRBUF_INIT };
	bool is_failed;

	put_headers(&cef, event, options);
	put_extension(&cef, event, options);
	strbuf_add(&cef.line, "\n");
	is_failed = cef.line.is_failed;
	if (!is_failed)
		fwrite(cef.line.text, 1, cef.line.len, out);
	strbuf_deinit(&cef.line);
	return is_failed ? -ENOMEM : 0;
}

const struct report_format format_cef = {
	.name = "cef",
	.help = "a line per finding, rule and flow, for ArcSight and what reads it (CEF)",
	.put_event = put_cef,
};
