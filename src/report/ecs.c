/*
 * Events as Elastic Common Schema documents, one per line (ECS 8.17: elastic.co/guide/en/ecs/8.17).
 *
 * Only a finding that is to be acted on is an alert; the rest of findings, and flows, are events;
 * coverage, the run and counters are state and metrics. What ECS has a field for stands there; what
 * is ours stands under `pcaudit`, with the names and values of NDJSON. A flow's facts are not there
 * but for TLS: a field of the index for each would be many, and NDJSON has them all. What is not
 * known is left out, or null within `pcaudit`.
 */
#include "report/priv.h"

#define ECS_VERSION "8.17.0"

/* ---- event, rule, observer ------------------------------------------------------------------- */

static void put_words(struct values *values, struct json_object *object, const char *key,
                      const char *const *words, size_t n)
{
	struct json_object *list = values_array(values);

	values_put(values, object, key, list);
	for (size_t i = 0; i < n; i++)
		values_append(values, list, values_text(values, words[i]));
}

/* event.type: what the category network may have of it. */
static void put_types(struct values *values, struct json_object *object,
                      const struct report_event *event)
{
	const struct flow_record *flow = event_flow(event);
	const char *types[4];
	size_t n = 0;

	if (flow)
		types[n++] = "connection";
	else
		types[n++] = "info";
	if (flow && flow->assessment.verdict == VERDICT_BLOCKED)
		types[n++] = "denied";
	if (flow && strcmp(flow_protocol(flow), "unknown") != 0)
		types[n++] = "protocol";
	if (event->flow && flow_is_over(event->flow))
		types[n++] = "end";
	put_words(values, object, "type", types, n);
}

static const char *outcome_of_flow(enum verdict verdict)
{
	if (verdict == VERDICT_COMPLIANT)
		return "success";
	return verdict == VERDICT_VIOLATION || verdict == VERDICT_BLOCKED ? "failure" : "unknown";
}

static const char *outcome_of_rule(enum coverage_status status)
{
	if (status == COVERAGE_OBSERVED)
		return "success";
	return status == COVERAGE_MISSING || status == COVERAGE_ATTEMPTED ? "failure" : "unknown";
}

static const char *outcome_of(const struct report_event *event)
{
	if (event->finding)
		return finding_alerts(event->finding) ? "failure" : "unknown";
	if (event->coverage)
		return outcome_of_rule(event->coverage->status);
	if (event->flow)
		return outcome_of_flow(event->flow->assessment.verdict);
	return event->report->verdict == REPORT_PASS   ? "success"
	       : event->report->verdict == REPORT_FAIL ? "failure"
	                                               : "unknown";
}

static const char *kind_of(const struct report_event *event)
{
	switch (event->type) {
	case REPORT_EVENT_FINDING:
		return finding_alerts(event->finding) ? "alert" : "event";
	case REPORT_EVENT_FLOW:
		return "event";
	case REPORT_EVENT_STATS:
		return "metric";
	case REPORT_EVENT_RUN:
	case REPORT_EVENT_COVERAGE:
		break;
	}
	return "state";
}

static void put_span(struct values *values, struct json_object *object,
                     const struct report_event *event)
{
	int64_t first_ns, last_ns;

	if (!event_span(event, &first_ns, &last_ns))
		return;
	values_put_time(values, object, "start", true, first_ns);
	values_put_time(values, object, "end", true, last_ns);
	values_put_signed(values, object, "duration", last_ns - first_ns);
}

static void put_event_part(struct values *values, struct json_object *document,
                           const struct report_event *event)
{
	static const char *const datasets[] = { [REPORT_EVENT_RUN] = "pcaudit.run",
		                                [REPORT_EVENT_FINDING] = "pcaudit.finding",
		                                [REPORT_EVENT_COVERAGE] = "pcaudit.coverage",
		                                [REPORT_EVENT_FLOW] = "pcaudit.flow",
		                                [REPORT_EVENT_STATS] = "pcaudit.stats" };
	static const char *const steps[] = { [FINDING_OPENED] = "finding-opened",
		                             [FINDING_UPDATED] = "finding-updated",
		                             [FINDING_CLOSED] = "finding-closed" };
	/* Low, medium and high as Elastic's own alerts number them. */
	static const unsigned severities[] = {
		[SEVERITY_INFO] = 21, [SEVERITY_WARNING] = 47, [SEVERITY_ERROR] = 73
	};
	struct json_object *object = values_object(values);
	const char *category = "network";
	char hash[17];

	values_put(values, document, "event", object);
	values_put_text(values, object, "kind", kind_of(event));
	put_words(values, object, "category", &category, 1);
	put_types(values, object, event);
	values_put_text(values, object, "outcome", outcome_of(event));
	values_put_text(values, object, "module", "pcaudit");
	values_put_text(values, object, "dataset", datasets[event->type]);
	if (event->finding) {
		values_put_text(values, object, "action", steps[event->step]);
		values_put_text(values, object, "code", finding_word(event->finding));
		values_put_text(values, object, "id", event->finding->id);
		values_put_number(values, object, "severity", severities[event->finding->severity]);
		values_put_known(values, object, "reason", event->finding->why);
	} else if (event->flow) {
		values_put_text(values, object, "id", flow_hash_text(&event->flow->flow, hash));
	}
	put_span(values, object, event);
}

static void put_rule(struct values *values, struct json_object *document,
                     const struct report_event *event)
{
	const struct rule *rule = event_rule(event);
	const struct pack *pack = event_pack(event);
	const struct document *cited = event_document(event, 0);

	if (!rule)
		return;
	struct json_object *object = values_object(values);
	values_put(values, document, "rule", object);
	values_put_text(values, object, "id", rule->id);
	values_put_known(values, object, "name", rule->title);
	if (event->finding)
		values_put_text(values, object, "category", finding_class_word(event->finding));
	values_put_text(values, object, "ruleset", pack ? pack->id : "site");
	values_put_known(values, object, "version", pack ? pack->version : NULL);
	values_put_known(values, object, "reference", cited ? cited->address : NULL);
}

static void put_observer(struct values *values, struct json_object *document,
                         const struct report_options *options)
{
	struct json_object *object = values_object(values);

	values_put(values, document, "observer", object);
	values_put_text(values, object, "product", "pcaudit");
	values_put_text(values, object, "type", "sensor");
	values_put_known(values, object, "version", options->version);
	values_put_known(values, object, "name", options->sensor);
}

/* ---- The flow: source, destination, network, related ----------------------------------------- */

static void put_end(struct values *values, struct json_object *document, const char *key,
                    const struct report_event *event, const struct flow_record *record,
                    unsigned side)
{
	const struct flow *flow = &record->flow;
	struct json_object *object = values_object(values);
	char addr[ADDR_TEXT_SIZE];

	addr_format(&flow->addr[side], addr);
	values_put(values, document, key, object);
	values_put_text(values, object, "address", addr);
	values_put_text(values, object, "ip", addr);
	if (flow_has_ports(flow))
		values_put_number(values, object, "port", flow->port[side]);
	values_put_known(values, object, "domain",
	                 site_host_name(event->report->ruleset->site, &flow->addr[side]));
	if (event->flow) {
		values_put_number(values, object, "bytes", flow->bytes[side]);
		values_put_number(values, object, "packets", flow->packets[side]);
	}
}

/* ECS keeps these numbers as keywords. */
static void put_keyword(struct values *values, struct json_object *object, const char *key,
                        unsigned number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	values_put_text(values, object, key, text);
}

static void put_vlans(struct values *values, struct json_object *network, const struct flow *flow)
{
	if (flow->vlan == FLOW_NO_VLAN)
		return;
	struct json_object *vlan = values_object(values);
	values_put(values, network, "vlan", vlan);
	put_keyword(values, vlan, "id", flow->vlan);
	if (flow->vlan_inner == FLOW_NO_VLAN)
		return;
	struct json_object *inner = values_object(values), *inner_vlan = values_object(values);
	values_put(values, network, "inner", inner);
	values_put(values, inner, "vlan", inner_vlan);
	put_keyword(values, inner_vlan, "id", flow->vlan_inner);
}

static void put_network(struct values *values, struct json_object *document,
                        const struct report_event *event, const struct flow_record *record)
{
	const struct flow *flow = &record->flow;
	const char *protocol = flow_protocol(record);
	struct json_object *object = values_object(values);
	char transport[4], community[40];

	values_put(values, document, "network", object);
	values_put_text(values, object, "type", flow_is_ipv4(flow) ? "ipv4" : "ipv6");
	values_put_text(values, object, "transport", transport_word(flow->transport, transport));
	put_keyword(values, object, "iana_number", flow->transport);
	values_put_known(values, object, "protocol",
	                 strcmp(protocol, "unknown") == 0 ? NULL : protocol);
	values_put_text(values, object, "direction",
	                flow_direction_word(flow_direction(event->report, record)));
	values_put_text(values, object, "community_id", report_community_id(flow, community));
	put_vlans(values, object, flow);
	if (event->flow) {
		values_put_number(values, object, "bytes", flow->bytes[0] + flow->bytes[1]);
		values_put_number(values, object, "packets", flow->packets[0] + flow->packets[1]);
	}
}

static bool list_has(struct json_object *list, const char *text)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)), text) == 0)
			return true;
	return false;
}

static void add_related(struct values *values, struct json_object *ips, struct json_object *hosts,
                        const struct site *site, const struct flow_record *record)
{
	char text[ADDR_TEXT_SIZE];

	for (unsigned i = 0; i < 2; i++) {
		unsigned side = i ? !record->assessment.src : record->assessment.src;
		const struct addr *addr = &record->flow.addr[side];
		const char *host = site_host_name(site, addr);
		if (!list_has(ips, addr_format(addr, text)))
			values_append(values, ips, values_text(values, text));
		if (host && !list_has(hosts, host))
			values_append(values, hosts, values_text(values, host));
	}
}

/* Of a finding all examples, so that a search for any of their addresses finds it. */
static void put_related(struct values *values, struct json_object *document,
                        const struct report_event *event)
{
	const struct site *site = event->report->ruleset->site;
	struct json_object *related = values_object(values), *ips = values_array(values),
	                   *hosts = values_array(values);

	values_put(values, document, "related", related);
	values_put(values, related, "ip", ips);
	if (event->flow)
		add_related(values, ips, hosts, site, event->flow);
	for (size_t i = 0; event->finding && i < event->finding->n_examples; i++)
		add_related(values, ips, hosts, site, event->finding->examples[i]);
	if (hosts && json_object_array_length(hosts))
		values_put(values, related, "hosts", hosts);
	else
		json_object_put(hosts);
}

/* ---- tls ------------------------------------------------------------------------------------- */

static void put_upper(struct values *values, struct json_object *object, const char *key,
                      const struct fact *fact)
{
	char text[65] = "";

	for (size_t i = 0; i < fact->text.len && i < sizeof(text) - 1; i++) {
		uint8_t c = fact->text.data[i];
		text[i] = (char)(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
		text[i + 1] = '\0';
	}
	values_put_text(values, object, key, text);
}

static void put_date(struct values *values, struct json_object *object, const char *key,
                     const struct flow_record *record, const char *name)
{
	const struct fact *fact = flow_fact(record, name);

	if (fact && fact->number >= 0 && fact->number <= INT64_MAX / NS_PER_SECOND)
		values_put_time(values, object, key, true, fact->number * NS_PER_SECOND);
}

struct tls_names {
	const char *key, *subject, *issuer, *not_before, *not_after, *sha256;
};

/* One end: what is known of it beside its certificate is in object already. */
static void put_tls_end(struct values *values, struct json_object *tls, struct json_object *object,
                        const struct flow_record *record, const struct tls_names *names)
{
	const struct fact *sha256 = flow_fact(record, names->sha256);

	flow_put_fact(values, object, "subject", record, names->subject);
	flow_put_fact(values, object, "issuer", record, names->issuer);
	put_date(values, object, "not_before", record, names->not_before);
	put_date(values, object, "not_after", record, names->not_after);
	if (sha256) {
		struct json_object *hash = values_object(values);
		values_put(values, object, "hash", hash);
		put_upper(values, hash, "sha256", sha256);
	}
	if (object && json_object_object_length(object))
		values_put(values, tls, names->key, object);
	else
		json_object_put(object);
}

static void put_version(struct values *values, struct json_object *tls,
                        const struct flow_record *record)
{
	const struct fact *version = flow_fact(record, "tls.version");
	bool is_datagram = record->flow.transport == TRANSPORT_UDP;

	if (version && version->text.len > 4)
		values_put_wire(values, tls, "version", bytes_skip(version->text, 4));
	values_put_text(values, tls, "version_protocol",
	                is_datagram                                            ? "dtls"
	                : version && memcmp(version->text.data, "SSL", 3) == 0 ? "ssl"
	                                                                       : "tls");
}

static void put_tls(struct values *values, struct json_object *document,
                    const struct flow_record *record)
{
	static const struct tls_names client_names = {
		"client",
		"tls.client_cert.subject",
		"tls.client_cert.issuer",
		"tls.client_cert.not_before",
		"tls.client_cert.not_after",
		"tls.client_cert.sha256",
	};
	static const struct tls_names server_names = {
		"server",
		"tls.server_cert.subject",
		"tls.server_cert.issuer",
		"tls.server_cert.not_before",
		"tls.server_cert.not_after",
		"tls.server_cert.sha256",
	};
	struct json_object *tls = values_object(values), *client = values_object(values);

	values_put(values, document, "tls", tls);
	put_version(values, tls, record);
	flow_put_fact(values, tls, "cipher", record, "tls.suite");
	values_put_bool(values, tls, "established", record->flow.facts->is_handshake_done);
	flow_put_fact(values, tls, "resumed", record, "tls.resumed");
	flow_put_fact(values, tls, "next_protocol", record, "tls.alpn_chosen");
	if (!flow_put_fact(values, client, "server_name", record, "tls.sni"))
		flow_put_fact(values, client, "server_name", record, "dtls.sni");
	flow_put_fact(values, client, "ja3", record, "tls.ja3");
	put_tls_end(values, tls, client, record, &client_names);
	put_tls_end(values, tls, values_object(values), record, &server_names);
}

/* ---- pcaudit: what is ours ------------------------------------------------------------------- */

/* Members of from that are not null, by name; takes from. */
static void put_members(struct values *values, struct json_object *to, struct json_object *from,
                        const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct json_object *value = NULL;
		if (from && json_object_object_get_ex(from, keys[i], &value) && value)
			values_put(values, to, keys[i], json_object_get(value));
	}
	json_object_put(from);
}

static struct json_object *finding_part(struct values *values, const struct report_event *event)
{
	static const char *const keys[] = { "id",       "kind",       "note",
		                            "severity", "accepted",   "nearest",
		                            "title",    "remedy",     "expected",
		                            "observed", "initiator",  "responder",
		                            "flows",    "initiators", "initiators_at_least",
		                            "wireshark" };
	struct json_object *part = values_object(values), *examples = values_array(values);
	char hash[17];

	put_members(values, part, json_finding(values, event->report, event->finding, NULL), keys,
	            ARRAY_SIZE(keys));
	values_put(values, part, "examples", examples);
	for (size_t i = 0; i < event->finding->n_examples; i++)
		values_append(values, examples,
		              values_text(values, flow_hash_text(&event->finding->examples[i]->flow,
		                                                 hash)));
	return part;
}

static struct json_object *coverage_part(struct values *values, const struct report_event *event)
{
	static const char *const keys[] = { "status", "reason", "best", "flows", "first", "last" };
	struct json_object *part = values_object(values);

	put_members(values, part, json_coverage(values, event->report, event->coverage, NULL), keys,
	            ARRAY_SIZE(keys));
	return part;
}

static struct json_object *flow_part(struct values *values, const struct report_event *event)
{
	static const char *const keys[] = {
		"id",       "tunnel",   "direction", "state",
		"protocol", "security", "evidence",  "security_evidence",
		"detector", "verdict",  "kind",      "severity",
		"reason",   "rule"
	};
	static const char *const ends[] = { "src_roles", "dst_roles" };
	const struct flow_record *record = event->flow;
	struct json_object *part = values_object(values);

	put_members(values, part, json_flow(values, event->report, record, NULL), keys,
	            ARRAY_SIZE(keys));
	for (unsigned i = 0; i < 2; i++) {
		unsigned side = i ? !record->assessment.src : record->assessment.src;
		values_put(
		        values, part, ends[i],
		        json_roles(values, event->report->ruleset, &record->parties[side].playing));
	}
	if (!flow_put_fact(values, part, "ja4", record, "tls.ja4"))
		flow_put_fact(values, part, "ja4", record, "dtls.ja4");
	values_put_known(values, part, "file", flow_capture_name(event->report, &record->flow));
	return part;
}

static struct json_object *run_part(struct values *values, const struct report_event *event,
                                    const struct report_options *options)
{
	const struct report *report = event->report;
	struct json_object *part = values_object(values);

	if (event->type == REPORT_EVENT_RUN) {
		values_put(values, part, "tool", json_tool(values, options));
		if (report->ruleset->site)
			values_put(values, part, "site", json_site(values, report));
		if (report->vantage)
			values_put(values, part, "vantage", json_vantage(values, report));
		values_put(values, part, "packs", json_packs(values, report));
		values_put(values, part, "inputs", json_inputs(values, report));
	}
	values_put(values, part, "capture", json_capture(values, report));
	values_put(values, part, "summary", json_summary(values, report));
	return part;
}

static void put_ours(struct values *values, struct json_object *document,
                     const struct report_event *event, const struct report_options *options)
{
	struct json_object *ours = values_object(values);

	values_put(values, document, "pcaudit", ours);
	switch (event->type) {
	case REPORT_EVENT_FINDING:
		values_put(values, ours, "finding", finding_part(values, event));
		break;
	case REPORT_EVENT_COVERAGE:
		values_put(values, ours, "coverage", coverage_part(values, event));
		break;
	case REPORT_EVENT_FLOW:
		values_put(values, ours, "flow", flow_part(values, event));
		break;
	case REPORT_EVENT_RUN:
		values_put(values, ours, "run", run_part(values, event, options));
		break;
	case REPORT_EVENT_STATS:
		values_put(values, ours, "stats", run_part(values, event, options));
		break;
	}
}

/* ---- The document ---------------------------------------------------------------------------- */

static int put_ecs(FILE *out, const struct report_event *event,
                   const struct report_options *options)
{
	const struct flow_record *record = event_flow(event);
	struct values values = { 0 };
	struct json_object *document = values_object(&values), *ecs = values_object(&values);
	struct strbuf message = STRBUF_INIT;
	const char *tag = "accepted";

	values_put_time(&values, document, "@timestamp", true, event->time_ns);
	event_message(&message, event);
	values.is_failed |= message.is_failed;
	values_put_text(&values, document, "message", strbuf_text(&message));
	strbuf_deinit(&message);
	if (event->finding && event->finding->key.accepted)
		put_words(&values, document, "tags", &tag, 1);
	values_put(&values, document, "ecs", ecs);
	values_put_text(&values, ecs, "version", ECS_VERSION);
	put_event_part(&values, document, event);
	put_rule(&values, document, event);
	if (record) {
		unsigned src = record->assessment.src;
		put_end(&values, document, "source", event, record, src);
		put_end(&values, document, "destination", event, record, !src);
		put_network(&values, document, event, record);
		if (flow_has_tls(record))
			put_tls(&values, document, record);
		put_related(&values, document, event);
	}
	put_observer(&values, document, options);
	put_ours(&values, document, event, options);
	return values_put_line(&values, out, document);
}

const struct report_format format_ecs = {
	.name = "ecs",
	.help = "a line per finding, rule and flow, for Elasticsearch (Elastic Common Schema)",
	.put_event = put_ecs,
};
