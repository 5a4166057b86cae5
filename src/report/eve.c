/*
 * Events as Suricata's EVE records, one per line, for what already reads a Suricata: findings are
 * `alert`, flows are `flow`, the run and counters are `stats` (docs.suricata.io, "Eve JSON
 * Format"). EVE has no record for a rule that was kept, so coverage is not there; a rule that is
 * missing is a finding and an alert.
 *
 * Source and destination are the end that opened the flow and the other, in the record as in the
 * embedded flow. `action` is always allowed: this program watches, and stops nothing. What is ours
 * stands where EVE lets rules have their own words: in alert.metadata, and in flowbits.
 *
 * signature_id must be a number that means the same for ever. It is the first 31 bits of the
 * SHA-256 of the signature, "wrong-port:fe-sip" or "undocumented"; with a generator of its own it
 * meets no rule of another set. flow_id has 51 bits, as Suricata's, so that a double holds it.
 */
#include "report/priv.h"

#include "pcaudit/crypto.h"

#define EVE_GENERATOR 7001
#define FLOW_ID_BITS  51

/* "2026-03-01T10:00:00.123456+0000". */
static void put_time(struct values *values, struct json_object *object, const char *key,
                     int64_t time_ns)
{
	char whole[36], text[48];

	snprintf(text, sizeof(text), "%.26s+0000", report_time_text(time_ns, whole));
	values_put_text(values, object, key, text);
}

static unsigned signature_id(const char *signature)
{
	uint8_t digest[32];

	sha256(bytes_from_text(signature), digest);
	return (unsigned)(digest[0] & 0x7f) << 24 | (unsigned)digest[1] << 16 |
	       (unsigned)digest[2] << 8 | digest[3];
}

/* ---- What records share ---------------------------------------------------------------------- */

static const char *proto_word(uint8_t transport, char buffer[4])
{
	switch (transport) {
	case TRANSPORT_ICMP:
		return "ICMP";
	case TRANSPORT_TCP:
		return "TCP";
	case TRANSPORT_UDP:
		return "UDP";
	case TRANSPORT_ESP:
		return "ESP";
	case TRANSPORT_AH:
		return "AH";
	case TRANSPORT_ICMPV6:
		return "IPv6-ICMP";
	case TRANSPORT_SCTP:
		return "SCTP";
	}
	snprintf(buffer, 4, "%03u", transport);
	return buffer;
}

/* Suricata's word; NULL: nothing was there to recognise. */
static const char *app_proto(const struct flow_record *record)
{
	const struct facts *facts = record->flow.facts;
	const char *protocol = flow_protocol(record);

	if (strcmp(protocol, "dce-rpc") == 0)
		return "dcerpc";
	if (strcmp(protocol, "unknown") != 0)
		return protocol;
	return facts && facts->is_unrecognised ? "failed" : NULL;
}

static void put_tuple(struct values *values, struct json_object *object, const struct flow *flow,
                      unsigned src)
{
	char addr[ADDR_TEXT_SIZE];

	values_put_text(values, object, "src_ip", addr_format(&flow->addr[src], addr));
	if (flow_has_ports(flow))
		values_put_number(values, object, "src_port", flow->port[src]);
	values_put_text(values, object, "dest_ip", addr_format(&flow->addr[!src], addr));
	if (flow_has_ports(flow))
		values_put_number(values, object, "dest_port", flow->port[!src]);
}

static void put_vlans(struct values *values, struct json_object *record, const struct flow *flow)
{
	if (flow->vlan == FLOW_NO_VLAN)
		return;
	struct json_object *list = values_array(values);
	values_put(values, record, "vlan", list);
	values_append(values, list, values_number(values, flow->vlan));
	if (flow->vlan_inner != FLOW_NO_VLAN)
		values_append(values, list, values_number(values, flow->vlan_inner));
}

static struct json_object *record_new(struct values *values, const struct report_event *event,
                                      const char *type, const struct report_options *options)
{
	const struct flow_record *about = event_flow(event);
	struct json_object *record = values_object(values);
	char proto[4], community[40];

	put_time(values, record, "timestamp", event->time_ns);
	if (about)
		values_put_number(values, record, "flow_id",
		                  flow_hash(&about->flow) >> (64 - FLOW_ID_BITS));
	values_put_text(values, record, "event_type", type);
	values_put_known(values, record, "host", options->sensor);
	if (!about)
		return record;
	const struct flow *flow = &about->flow;
	values_put_known(values, record, "pcap_filename", flow_capture_name(event->report, flow));
	values_put_number(values, record, "pcap_cnt", flow->number);
	put_vlans(values, record, flow);
	put_tuple(values, record, flow, about->assessment.src);
	values_put_text(values, record, "proto", proto_word(flow->transport, proto));
	values_put_known(values, record, "app_proto", app_proto(about));
	values_put_text(values, record, "community_id", report_community_id(flow, community));
	return record;
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static void put_date(struct values *values, struct json_object *object, const char *key,
                     const struct flow_record *record, const char *name)
{
	const struct fact *fact = flow_fact(record, name);
	char whole[36], text[24];

	if (!fact || fact->number < 0 || fact->number > INT64_MAX / NS_PER_SECOND)
		return;
	snprintf(text, sizeof(text), "%.19s",
	         report_time_text(fact->number * NS_PER_SECOND, whole));
	values_put_text(values, object, key, text);
}

static void put_tls(struct values *values, struct json_object *record,
                    const struct flow_record *about)
{
	struct json_object *tls = values_object(values);

	values_put(values, record, "tls", tls);
	flow_put_fact(values, tls, "subject", about, "tls.server_cert.subject");
	flow_put_fact(values, tls, "issuerdn", about, "tls.server_cert.issuer");
	flow_put_fact(values, tls, "session_resumed", about, "tls.resumed");
	if (!flow_put_fact(values, tls, "sni", about, "tls.sni"))
		flow_put_fact(values, tls, "sni", about, "dtls.sni");
	if (flow_fact(about, "tls.version"))
		flow_put_fact(values, tls, "version", about, "tls.version");
	else
		values_put_text(values, tls, "version", "UNDETERMINED");
	put_date(values, tls, "notbefore", about, "tls.server_cert.not_before");
	put_date(values, tls, "notafter", about, "tls.server_cert.not_after");
	if (flow_fact(about, "tls.ja3")) {
		struct json_object *ja3 = values_object(values);
		values_put(values, tls, "ja3", ja3);
		flow_put_fact(values, ja3, "hash", about, "tls.ja3");
	}
	if (!flow_put_fact(values, tls, "ja4", about, "tls.ja4"))
		flow_put_fact(values, tls, "ja4", about, "dtls.ja4");
}

/* ---- alert ----------------------------------------------------------------------------------- */

/* A list of one text, as all metadata is. */
static void put_metadata(struct values *values, struct json_object *metadata, const char *key,
                         const char *text)
{
	if (!text || !*text)
		return;
	struct json_object *list = values_array(values);
	values_put(values, metadata, key, list);
	values_append(values, list, values_text(values, text));
}

static struct json_object *metadata_object(struct values *values, const struct report_event *event)
{
	static const char *const steps[] = { [FINDING_OPENED] = "opened",
		                             [FINDING_UPDATED] = "updated",
		                             [FINDING_CLOSED] = "closed" };
	const struct finding *finding = event->finding;
	const struct rule *rule = event_rule(event);
	const struct pack *pack = event_pack(event);
	struct json_object *metadata = values_object(values);
	char count[24];

	put_metadata(values, metadata, "finding", finding->id);
	put_metadata(values, metadata, "step", steps[event->step]);
	put_metadata(values, metadata, "kind", finding_word(finding));
	put_metadata(values, metadata, "signature_severity", severity_word(finding->severity));
	put_metadata(values, metadata, "rule", rule ? rule->id : NULL);
	put_metadata(values, metadata, "ruleset", !rule ? NULL : pack ? pack->id : "site");
	if (finding->key.accepted)
		put_metadata(values, metadata, "accepted",
		             finding->key.accepted->why ? finding->key.accepted->why : "yes");
	put_metadata(values, metadata, "why", finding->why);
	put_metadata(values, metadata, "remedy", finding->remedy);
	put_metadata(values, metadata, "expected", finding->expected);
	put_metadata(values, metadata, "observed", finding->observed);
	snprintf(count, sizeof(count), "%llu", (unsigned long long)finding->flows);
	put_metadata(values, metadata, "flows", count);
	return metadata;
}

static struct json_object *references_list(struct values *values, const struct report_event *event)
{
	const struct rule *rule = event_rule(event);
	const char *last = NULL;
	struct json_object *list = values_array(values);

	for (size_t i = 0; rule && i < rule->n_cites; i++) {
		const struct document *document = event_document(event, i);
		if (!document || !document->address || document->address == last)
			continue;
		last = document->address;
		values_append(values, list, values_text(values, last));
	}
	return list;
}

static void put_alert(struct values *values, struct json_object *record,
                      const struct report_event *event)
{
	/* 1 is the worst. What is accepted wakes nobody. */
	static const unsigned severities[] = {
		[SEVERITY_INFO] = 3, [SEVERITY_WARNING] = 2, [SEVERITY_ERROR] = 1
	};
	const struct finding *finding = event->finding;
	struct json_object *alert = values_object(values);
	struct strbuf text = STRBUF_INIT;
	char signature[SIGNATURE_SIZE];

	values_put(values, record, "alert", alert);
	values_put_text(values, alert, "action", "allowed");
	values_put_number(values, alert, "gid", EVE_GENERATOR);
	values_put_number(values, alert, "signature_id",
	                  signature_id(finding_signature(event->report, finding, signature)));
	values_put_number(values, alert, "rev", 1);
	strbuf_add_format(&text, "pcaudit %s: %s", finding_word(finding),
	                  finding_title(event->report, finding));
	values->is_failed |= text.is_failed;
	values_put_text(values, alert, "signature", strbuf_text(&text));
	strbuf_deinit(&text);
	values_put_text(values, alert, "category", finding_class_word(finding));
	values_put_number(values, alert, "severity",
	                  finding->key.accepted ? 3 : severities[finding->severity]);
	values_put(values, alert, "metadata", metadata_object(values, event));
	struct json_object *references = references_list(values, event);
	if (references && json_object_array_length(references))
		values_put(values, alert, "references", references);
	else
		json_object_put(references);
}

/* ---- flow ------------------------------------------------------------------------------------ */

static const char *state_of(const struct flow_record *record)
{
	const struct flow *flow = &record->flow;

	if (flow->saw_rst[0] || flow->saw_rst[1] || (flow->saw_fin[0] && flow->saw_fin[1]))
		return "closed";
	return flow->packets[0] && flow->packets[1] ? "established" : "new";
}

static struct json_object *counters_object(struct values *values, const struct flow_record *record)
{
	const struct flow *flow = &record->flow;
	unsigned src = record->assessment.src;
	struct json_object *object = values_object(values);

	values_put_number(values, object, "pkts_toserver", flow->packets[src]);
	values_put_number(values, object, "pkts_toclient", flow->packets[!src]);
	values_put_number(values, object, "bytes_toserver", flow->bytes[src]);
	values_put_number(values, object, "bytes_toclient", flow->bytes[!src]);
	put_time(values, object, "start", flow->first_ns);
	return object;
}

static void put_flow(struct values *values, struct json_object *record,
                     const struct flow_record *about)
{
	const struct flow *flow = &about->flow;
	const struct assessment *a = &about->assessment;
	struct json_object *object = counters_object(values, about);
	bool is_alerted = a->verdict == VERDICT_VIOLATION || a->verdict == VERDICT_BLOCKED;

	values_put(values, record, "flow", object);
	put_time(values, object, "end", flow->last_ns);
	values_put_signed(values, object, "age", (flow->last_ns - flow->first_ns) / NS_PER_SECOND);
	values_put_text(values, object, "state", state_of(about));
	values_put_text(values, object, "reason",
	                about->is_evicted      ? "forced"
	                : about->is_unseen_end ? "shutdown"
	                                       : "timeout");
	values_put_bool(values, object, "alerted", is_alerted || a->notes);
}

static void add_bit(struct values *values, struct json_object *bits, const char *name,
                    const char *value)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_add_format(&text, "pcaudit.%s.%s", name, value);
	values->is_failed |= text.is_failed;
	values_append(values, bits, values_text(values, strbuf_text(&text)));
	strbuf_deinit(&text);
}

static void put_flowbits(struct values *values, struct json_object *record,
                         const struct report_event *event)
{
	const struct assessment *a = &event->flow->assessment;
	const struct rule *rule = event_rule(event);
	struct json_object *metadata = values_object(values), *bits = values_array(values);

	values_put(values, record, "metadata", metadata);
	values_put(values, metadata, "flowbits", bits);
	add_bit(values, bits, "verdict", verdict_word(a->verdict));
	if (a->kind != KIND_NONE)
		add_bit(values, bits, "kind", kind_word(a->kind));
	if (a->verdict == VERDICT_UNJUDGED)
		add_bit(values, bits, "reason", reason_word(a->reason));
	if (rule)
		add_bit(values, bits, "rule", rule->id);
	add_bit(values, bits, "evidence", evidence_word(a->evidence));
	add_bit(values, bits, "security", flow_security(event->flow));
}

/* ---- stats ----------------------------------------------------------------------------------- */

static void put_stats(struct values *values, struct json_object *record,
                      const struct report *report)
{
	const struct capture_summary *c = &report->capture;
	struct json_object *stats = values_object(values), *capture = values_object(values),
	                   *decoder = values_object(values), *flow = values_object(values),
	                   *detect = values_object(values);
	uint64_t bytes = 0, flows = 0;

	for (size_t i = 0; i < c->n_inputs; i++)
		bytes += c->inputs[i]->bytes;
	for (unsigned i = 0; i < N_VERDICTS; i++)
		flows += report->flows[i];
	values_put(values, record, "stats", stats);
	values_put_signed(values, stats, "uptime",
	                  c->received ? (c->last_ns - c->first_ns) / NS_PER_SECOND : 0);
	values_put(values, stats, "capture", capture);
	values_put_number(values, capture, "kernel_packets", c->received);
	values_put_number(values, capture, "kernel_drops",
	                  c->dropped_kernel + c->dropped_interface + c->dropped_ring);
	values_put(values, stats, "decoder", decoder);
	values_put_number(values, decoder, "pkts", c->received);
	values_put_number(values, decoder, "bytes", bytes);
	values_put_number(values, decoder, "invalid", c->invalid);
	values_put(values, stats, "flow", flow);
	values_put_number(values, flow, "total", flows);
	values_put(values, stats, "detect", detect);
	values_put_number(values, detect, "alert", report->n_findings);
}

/* ---- The record ------------------------------------------------------------------------------ */

static struct json_object *record_of(struct values *values, const struct report_event *event,
                                     const struct report_options *options)
{
	const struct flow_record *about = event_flow(event);
	const char *type = event->finding ? "alert" : event->flow ? "flow" : "stats";
	struct json_object *record = record_new(values, event, type, options);

	if (event->finding)
		put_alert(values, record, event);
	if (about && flow_has_tls(about))
		put_tls(values, record, about);
	if (event->flow) {
		put_flow(values, record, about);
		put_flowbits(values, record, event);
	} else if (about) {
		struct json_object *flow = counters_object(values, about);
		values_put(values, record, "flow", flow);
		put_tuple(values, flow, &about->flow, about->assessment.src);
	} else if (!event->finding) {
		put_stats(values, record, event->report);
	}
	return record;
}

static int put_eve(FILE *out, const struct report_event *event,
                   const struct report_options *options)
{
	struct values values = { 0 };

	if (event->type == REPORT_EVENT_COVERAGE)
		return 0;
	return values_put_line(&values, out, record_of(&values, event, options));
}

const struct report_format format_eve = {
	.name = "eve",
	.help = "an alert per finding and a record per flow, as Suricata writes them (EVE)",
	.put_event = put_eve,
};
