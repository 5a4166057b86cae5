/*
 * Events: what a collector is told, one at a time. A finished report is its events one after the
 * other; a program that goes on watching tells them as they come. Here is what every format of
 * lines says alike: when, which flow stands for a finding, which way it crosses the perimeter, a
 * signature that tools can count by, and an id by which the lines of one flow are joined.
 *
 * Only findings alert. A flow that breaks a rule is in a finding already, and 20 000 of them are
 * one; so lines of flows, coverage and counters carry no severity to be woken by.
 */
#include "report/priv.h"

#include "pcaudit/crypto.h"

/* ---- A report as events ---------------------------------------------------------------------- */

static int put(FILE *out, const struct report_format *format, struct report_event event,
               int64_t time_ns, const struct report_options *options)
{
	event.time_ns = time_ns;
	return ferror(out) ? 0 : format->put_event(out, &event, options);
}

static int put_all(FILE *out, const struct report_format *format, const struct report *report,
                   const struct report_options *options)
{
	int64_t end_ns = report->capture.last_ns;
	int r = put(out, format,
	            (struct report_event){ .type = REPORT_EVENT_RUN, .report = report }, end_ns,
	            options);

	for (size_t i = 0; i < report->n_findings && r == 0; i++) {
		const struct finding *finding = report->findings[i];
		r = put(out, format,
		        (struct report_event){ .type = REPORT_EVENT_FINDING,
		                               .report = report,
		                               .finding = finding },
		        finding->flows ? finding->first_ns : end_ns, options);
	}
	for (size_t i = 0; i < report->n_coverage && r == 0; i++)
		r = put(out, format,
		        (struct report_event){ .type = REPORT_EVENT_COVERAGE,
		                               .report = report,
		                               .coverage = &report->coverage[i] },
		        end_ns, options);
	for (size_t i = 0; i < report->n_records && r == 0; i++)
		if (report_lists_flow(report->records[i], options))
			r = put(out, format,
			        (struct report_event){ .type = REPORT_EVENT_FLOW,
			                               .report = report,
			                               .flow = report->records[i] },
			        report->records[i]->flow.last_ns, options);
	return r;
}

int report_write(FILE *out, const struct report_format *format, const struct report *report,
                 const struct report_options *options)
{
	if (format->write)
		return format->write(out, report, options);
	int r = put_all(out, format, report, options);
	return report_finish(out, r == -ENOMEM);
}

/* ---- What an event is about ------------------------------------------------------------------ */

const struct flow_record *event_flow(const struct report_event *event)
{
	if (event->flow)
		return event->flow;
	return event->finding && event->finding->n_examples ? event->finding->examples[0] : NULL;
}

/* Its number in the ruleset; -1: none. */
static int rule_of(const struct report_event *event)
{
	if (event->finding)
		return event->finding->key.rule;
	if (event->coverage)
		return event->coverage->rule;
	return event->flow ? event->flow->assessment.rule : -1;
}

const struct rule *event_rule(const struct report_event *event)
{
	return report_rule(event->report, rule_of(event));
}

const struct pack *event_pack(const struct report_event *event)
{
	return event_rule(event) ? event->report->ruleset->rules[rule_of(event)].pack : NULL;
}

bool event_span(const struct report_event *event, int64_t *first_ns, int64_t *last_ns)
{
	if (event->finding) {
		*first_ns = event->finding->first_ns;
		*last_ns = event->finding->last_ns;
		return event->finding->flows != 0;
	}
	if (event->coverage) {
		*first_ns = event->coverage->first_ns;
		*last_ns = event->coverage->last_ns;
		return event->coverage->flows != 0;
	}
	*first_ns = event->flow ? event->flow->flow.first_ns : event->report->capture.first_ns;
	*last_ns = event->flow ? event->flow->flow.last_ns : event->report->capture.last_ns;
	return event->flow || event->report->capture.received;
}

const struct document *event_document(const struct report_event *event, size_t i)
{
	const struct rule *rule = event_rule(event);

	return rule && i < rule->n_cites ? pack_document(event_pack(event), rule->cites[i].document)
	                                 : NULL;
}

static void add_end(struct strbuf *out, const struct flow *flow, unsigned side)
{
	char addr[ADDR_TEXT_SIZE];
	bool is_v6 = !addr_is_ipv4(&flow->addr[side]);

	addr_format(&flow->addr[side], addr);
	if (flow_has_ports(flow))
		strbuf_add_format(out, is_v6 ? "[%s]:%u" : "%s:%u", addr, flow->port[side]);
	else
		strbuf_add(out, addr);
}

static void flow_message(struct strbuf *out, const struct flow_record *record)
{
	const struct assessment *a = &record->assessment;
	const char *protocol = flow_protocol(record);
	char transport[4];

	add_end(out, &record->flow, a->src);
	strbuf_add(out, " to ");
	add_end(out, &record->flow, !a->src);
	strbuf_add_format(out, " %s", transport_word(record->flow.transport, transport));
	if (strcmp(protocol, "unknown") != 0)
		strbuf_add_format(out, ", %s", protocol);
	strbuf_add_format(out, ": %s", verdict_word(a->verdict));
	if (a->kind != KIND_NONE)
		strbuf_add_format(out, ", %s", kind_word(a->kind));
	else if (a->verdict == VERDICT_UNJUDGED)
		strbuf_add_format(out, ", %s", reason_word(a->reason));
}

void event_message(struct strbuf *out, const struct report_event *event)
{
	static const char *const steps[] = {
		[FINDING_OPENED] = "", [FINDING_UPDATED] = "again: ", [FINDING_CLOSED] = "closed: "
	};
	const struct report *report = event->report;
	const struct rule *rule = event_rule(event);

	switch (event->type) {
	case REPORT_EVENT_FINDING:
		strbuf_add_format(out, "%s%s: %s", steps[event->step], finding_word(event->finding),
		                  event->finding->why ? event->finding->why
		                                      : finding_title(report, event->finding));
		break;
	case REPORT_EVENT_COVERAGE:
		strbuf_add_format(out, "%s: %s%s%s", rule ? rule->id : "",
		                  coverage_word(event->coverage->status),
		                  event->coverage->reason[0] ? ", " : "", event->coverage->reason);
		break;
	case REPORT_EVENT_FLOW:
		flow_message(out, event->flow);
		break;
	case REPORT_EVENT_RUN:
		strbuf_add_format(out, "%s: %s", report_verdict_word(report->verdict),
		                  report->verdict_why);
		break;
	case REPORT_EVENT_STATS:
		strbuf_add_format(out, "%llu packets, %zu findings",
		                  (unsigned long long)report->capture.received, report->n_findings);
		break;
	}
}

/* ---- Findings -------------------------------------------------------------------------------- */

bool finding_alerts(const struct finding *finding)
{
	return !finding->key.accepted && finding->severity > SEVERITY_INFO;
}

const char *finding_word(const struct finding *finding)
{
	return finding->key.note ? note_word((enum note_code)(finding->key.note - 1))
	                         : kind_word((enum kind)finding->key.kind);
}

const char *finding_class_word(const struct finding *finding)
{
	enum kind kind = (enum kind)finding->key.kind;

	if (kind_is_violation(kind))
		return "violation";
	return kind_is_blocked(kind) ? "blocked" : kind_word(kind);
}

const char *finding_signature(const struct report *report, const struct finding *finding,
                              char buffer[SIGNATURE_SIZE])
{
	const struct rule *rule = report_rule(report, finding->key.rule);

	snprintf(buffer, SIGNATURE_SIZE, "%s%s%s", finding_word(finding), rule ? ":" : "",
	         rule ? rule->id : "");
	return buffer;
}

/* ---- Flows ----------------------------------------------------------------------------------- */

uint64_t flow_hash(const struct flow *flow)
{
	char text[96], community[40];
	uint8_t digest[32];
	uint64_t hash = 0;

	snprintf(text, sizeof(text), "%s %lld", report_community_id(flow, community),
	         (long long)flow->first_ns);
	sha256(bytes_from_text(text), digest);
	for (unsigned i = 0; i < 8; i++)
		hash = hash << 8 | digest[i];
	return hash;
}

const char *flow_hash_text(const struct flow *flow, char buffer[17])
{
	snprintf(buffer, 17, "%016llx", (unsigned long long)flow_hash(flow));
	return buffer;
}

bool flow_is_over(const struct flow_record *record)
{
	const struct flow *flow = &record->flow;

	return !record->is_unseen_end || flow->saw_rst[0] || flow->saw_rst[1] ||
	       (flow->saw_fin[0] && flow->saw_fin[1]);
}

bool flow_is_ipv4(const struct flow *flow)
{
	return addr_is_ipv4(&flow->addr[0]) && addr_is_ipv4(&flow->addr[1]);
}

enum flow_direction flow_direction(const struct report *report, const struct flow_record *record)
{
	const struct party *src = &record->parties[record->assessment.src];
	const struct party *dst = &record->parties[!record->assessment.src];

	/* Without a site nobody said what is ours. */
	if (!report->ruleset->site || !src->zones || !dst->zones || src->is_wildcard ||
	    dst->is_wildcard)
		return FLOW_DIRECTION_UNKNOWN;
	bool is_from_outside = src->zones == 1 << ZONE_OUTSIDE;
	bool is_to_outside = dst->zones == 1 << ZONE_OUTSIDE;
	if (is_from_outside)
		return is_to_outside ? FLOW_EXTERNAL : FLOW_INBOUND;
	return is_to_outside ? FLOW_OUTBOUND : FLOW_INTERNAL;
}

const char *flow_direction_word(enum flow_direction direction)
{
	static const char *const words[] = { [FLOW_DIRECTION_UNKNOWN] = "unknown",
		                             [FLOW_INBOUND] = "inbound",
		                             [FLOW_OUTBOUND] = "outbound",
		                             [FLOW_INTERNAL] = "internal",
		                             [FLOW_EXTERNAL] = "external" };

	return words[direction];
}

const struct fact *flow_fact(const struct flow_record *record, const char *name)
{
	return record->flow.facts ? facts_find(record->flow.facts, name) : NULL;
}

bool flow_put_fact(struct values *values, struct json_object *object, const char *key,
                   const struct flow_record *record, const char *name)
{
	const struct fact *fact = flow_fact(record, name);

	if (fact)
		values_put(values, object, key, json_fact_value(values, fact));
	return fact;
}

bool flow_has_tls(const struct flow_record *record)
{
	return flow_fact(record, "tls.max_version") || flow_fact(record, "tls.version") ||
	       flow_fact(record, "dtls.max_version");
}

const char *flow_capture_name(const struct report *report, const struct flow *flow)
{
	const struct capture_summary *capture = &report->capture;

	return flow->file && flow->file <= capture->n_inputs ? capture->inputs[flow->file - 1]->name
	                                                     : NULL;
}
