/*
 * Events in the Open Cybersecurity Schema Framework 1.5.0 (schema.ocsf.io), one per line: findings
 * and coverage as Compliance Finding (2003), flows as Network Activity (4001), the run as Scan
 * Activity (6007). Counters while running have no class and no line.
 *
 * A rule is a `check`, its printed rows are the requirements, the documents the standards. A
 * finding that breaks or misses a rule fails the check; what breaks nothing (notes, and what is
 * only info) and what could not be judged is Warning, which OCSF reads as "no result"; a rule that
 * was kept passes. Coverage has uids of its own, "coverage:RULE", and is never more than
 * informational: its rule's finding alerts. What is accepted is Suppressed, for the reason in
 * `comment`.
 *
 * Certificates are left out: OCSF wants their serial number, which is no fact of ours.
 */
#include "report/priv.h"

#define OCSF_VERSION "1.5.0"

/* An id with its caption, as all enumerations have. */
struct caption {
	unsigned id;
	const char *text;
};

static void put_caption(struct values *values, struct json_object *object, const char *id_key,
                        const char *key, struct caption caption)
{
	values_put_number(values, object, id_key, caption.id);
	values_put_text(values, object, key, caption.text);
}

static void put_time(struct values *values, struct json_object *object, const char *key,
                     int64_t time_ns)
{
	int64_t ms = time_ns / 1000000;

	values_put_signed(values, object, key, time_ns % 1000000 < 0 ? ms - 1 : ms);
}

/* ---- What every event has -------------------------------------------------------------------- */

struct ocsf_class {
	unsigned category, uid;
	const char *category_name, *name;
};

static const struct ocsf_class compliance_finding = { 2, 2003, "Findings", "Compliance Finding" };
static const struct ocsf_class network_activity = { 4, 4001, "Network Activity",
	                                            "Network Activity" };
static const struct ocsf_class scan_activity = { 6, 6007, "Application Activity", "Scan Activity" };

static void put_class(struct values *values, struct json_object *object,
                      const struct ocsf_class *class, struct caption activity)
{
	struct strbuf type = STRBUF_INIT;

	put_caption(values, object, "category_uid", "category_name",
	            (struct caption){ class->category, class->category_name });
	put_caption(values, object, "class_uid", "class_name",
	            (struct caption){ class->uid, class->name });
	put_caption(values, object, "activity_id", "activity_name", activity);
	strbuf_add_format(&type, "%s: %s", class->name, activity.text);
	values->is_failed |= type.is_failed;
	put_caption(values, object, "type_uid", "type_name",
	            (struct caption){ class->uid * 100 + activity.id, strbuf_text(&type) });
	strbuf_deinit(&type);
}

static void put_metadata(struct values *values, struct json_object *object,
                         const struct report_options *options)
{
	struct json_object *metadata = values_object(values), *product = values_object(values);

	values_put(values, object, "metadata", metadata);
	values_put_text(values, metadata, "version", OCSF_VERSION);
	values_put(values, metadata, "product", product);
	values_put_text(values, product, "name", "pcaudit");
	values_put_text(values, product, "vendor_name", "pcaudit");
	values_put_known(values, product, "version", options->version);
	values_put_known(values, metadata, "log_provider", options->sensor);
}

static struct json_object *event_new(struct values *values, const struct report_event *event,
                                     const struct ocsf_class *class, struct caption activity,
                                     struct caption severity, const struct report_options *options)
{
	struct json_object *object = values_object(values);
	struct strbuf message = STRBUF_INIT;
	int64_t first_ns, last_ns;

	put_class(values, object, class, activity);
	put_caption(values, object, "severity_id", "severity", severity);
	put_time(values, object, "time", event->time_ns);
	if (event_span(event, &first_ns, &last_ns)) {
		put_time(values, object, "start_time", first_ns);
		put_time(values, object, "end_time", last_ns);
	}
	event_message(&message, event);
	values->is_failed |= message.is_failed;
	values_put_text(values, object, "message", strbuf_text(&message));
	strbuf_deinit(&message);
	put_metadata(values, object, options);
	return object;
}

static const struct caption informational = { 1, "Informational" };

/* ---- A flow's parts -------------------------------------------------------------------------- */

static struct json_object *endpoint_object(struct values *values, const struct report *report,
                                           const struct flow *flow, unsigned side)
{
	struct json_object *object = values_object(values);
	char addr[ADDR_TEXT_SIZE];

	values_put_text(values, object, "ip", addr_format(&flow->addr[side], addr));
	if (flow_has_ports(flow))
		values_put_number(values, object, "port", flow->port[side]);
	values_put_known(values, object, "hostname",
	                 site_host_name(report->ruleset->site, &flow->addr[side]));
	if (flow->vlan != FLOW_NO_VLAN) {
		snprintf(addr, sizeof(addr), "%u", flow->vlan);
		values_put_text(values, object, "vlan_uid", addr);
	}
	return object;
}

static struct json_object *connection_object(struct values *values, const struct report *report,
                                             const struct flow_record *record)
{
	static const struct caption directions[] = {
		[FLOW_DIRECTION_UNKNOWN] = { 0, "Unknown" }, [FLOW_INBOUND] = { 1, "Inbound" },
		[FLOW_OUTBOUND] = { 2, "Outbound" },         [FLOW_INTERNAL] = { 3, "Lateral" },
		[FLOW_EXTERNAL] = { 99, "external" },
	};
	const struct flow *flow = &record->flow;
	struct json_object *object = values_object(values);
	bool is_v4 = flow_is_ipv4(flow);
	char text[40];

	values_put_text(values, object, "uid", flow_hash_text(flow, text));
	values_put_text(values, object, "community_uid", report_community_id(flow, text));
	put_caption(values, object, "direction_id", "direction",
	            directions[flow_direction(report, record)]);
	values_put_number(values, object, "protocol_num", flow->transport);
	values_put_text(values, object, "protocol_name", transport_word(flow->transport, text));
	put_caption(
	        values, object, "protocol_ver_id", "protocol_ver",
	        (struct caption){ is_v4 ? 4 : 6, is_v4 ? "Internet Protocol version 4 (IPv4)"
	                                               : "Internet Protocol version 6 (IPv6)" });
	return object;
}

/* Puts nothing unless the version is known, which OCSF requires. */
static void put_tls(struct values *values, struct json_object *object,
                    const struct flow_record *record)
{
	const struct fact *version = flow_fact(record, "tls.version");

	if (!version || version->text.len < 5)
		return;
	struct json_object *tls = values_object(values);
	values_put(values, object, "tls", tls);
	values_put_wire(values, tls, "version", bytes_skip(version->text, 4));
	flow_put_fact(values, tls, "cipher", record, "tls.suite");
	flow_put_fact(values, tls, "sni", record, "tls.sni");
	if (!flow_fact(record, "tls.ja3"))
		return;
	struct json_object *ja3 = values_object(values);
	values_put(values, tls, "ja3_hash", ja3);
	put_caption(values, ja3, "algorithm_id", "algorithm", (struct caption){ 1, "MD5" });
	flow_put_fact(values, ja3, "value", record, "tls.ja3");
}

static void put_ja4(struct values *values, struct json_object *object,
                    const struct flow_record *record)
{
	const char *name = flow_fact(record, "tls.ja4") ? "tls.ja4" : "dtls.ja4";

	if (!flow_fact(record, name))
		return;
	struct json_object *list = values_array(values), *ja4 = values_object(values);
	values_put(values, object, "ja4_fingerprint_list", list);
	values_append(values, list, ja4);
	put_caption(values, ja4, "type_id", "type", (struct caption){ 1, "JA4" });
	flow_put_fact(values, ja4, "value", record, name);
}

static void put_flow_parts(struct values *values, struct json_object *object,
                           const struct report *report, const struct flow_record *record)
{
	unsigned src = record->assessment.src;

	values_put(values, object, "src_endpoint",
	           endpoint_object(values, report, &record->flow, src));
	values_put(values, object, "dst_endpoint",
	           endpoint_object(values, report, &record->flow, !src));
	values_put(values, object, "connection_info", connection_object(values, report, record));
	put_tls(values, object, record);
	put_ja4(values, object, record);
}

/* ---- Network Activity ------------------------------------------------------------------------ */

static struct caption activity_of_flow(enum flow_state state)
{
	switch (state) {
	case FLOW_UNANSWERED:
	case FLOW_REJECTED:
		return (struct caption){ 4, "Fail" };
	case FLOW_REFUSED:
		return (struct caption){ 5, "Refuse" };
	default:
		return (struct caption){ 6, "Traffic" };
	}
}

static void put_traffic(struct values *values, struct json_object *object,
                        const struct flow_record *record)
{
	const struct flow *flow = &record->flow;
	unsigned src = record->assessment.src;
	struct json_object *traffic = values_object(values);

	values_put(values, object, "traffic", traffic);
	values_put_number(values, traffic, "bytes", flow->bytes[0] + flow->bytes[1]);
	values_put_number(values, traffic, "bytes_in", flow->bytes[!src]);
	values_put_number(values, traffic, "bytes_out", flow->bytes[src]);
	values_put_number(values, traffic, "packets", flow->packets[0] + flow->packets[1]);
	values_put_number(values, traffic, "packets_in", flow->packets[!src]);
	values_put_number(values, traffic, "packets_out", flow->packets[src]);
}

/* What has no field of the class, by its name in NDJSON; takes from. */
static void put_unmapped(struct values *values, struct json_object *object,
                         struct json_object *from, const char *const *keys, size_t n)
{
	struct json_object *unmapped = values_object(values);

	values_put(values, object, "unmapped", unmapped);
	for (size_t i = 0; i < n; i++) {
		struct json_object *value = NULL;
		if (from && json_object_object_get_ex(from, keys[i], &value) && value)
			values_put(values, unmapped, keys[i], json_object_get(value));
	}
	json_object_put(from);
}

static struct json_object *flow_event(struct values *values, const struct report_event *event,
                                      const struct report_options *options)
{
	static const char *const keys[] = { "id",       "tunnel",   "direction", "state",
		                            "security", "evidence", "verdict",   "kind",
		                            "severity", "reason",   "rule" };
	const struct flow_record *record = event->flow;
	const char *protocol = flow_protocol(record);
	struct caption activity = activity_of_flow(record->assessment.state);
	struct json_object *object =
	        event_new(values, event, &network_activity, activity, informational, options);

	values_put_signed(values, object, "duration",
	                  (record->flow.last_ns - record->flow.first_ns) / 1000000);
	put_caption(values, object, "status_id", "status",
	            activity.id == 6 ? (struct caption){ 1, "Success" }
	                             : (struct caption){ 2, "Failure" });
	put_flow_parts(values, object, event->report, record);
	values_put_known(values, object, "app_name",
	                 strcmp(protocol, "unknown") == 0 ? NULL : protocol);
	put_traffic(values, object, record);
	put_unmapped(values, object, json_flow(values, event->report, record, NULL), keys,
	             ARRAY_SIZE(keys));
	return object;
}

/* ---- Compliance Finding ---------------------------------------------------------------------- */

static const struct caption check_pass = { 1, "Pass" }, check_warning = { 2, "Warning" },
                            check_fail = { 3, "Fail" };

static struct caption check_of_finding(const struct finding *finding)
{
	return finding->key.kind == KIND_NOTE || finding->severity == SEVERITY_INFO ? check_warning
	                                                                            : check_fail;
}

static struct caption check_of_coverage(enum coverage_status status)
{
	switch (status) {
	case COVERAGE_OBSERVED:
		return check_pass;
	case COVERAGE_ATTEMPTED:
	case COVERAGE_MISSING:
		return check_fail;
	default:
		return check_warning;
	}
}

static void put_requirements(struct values *values, struct json_object *compliance,
                             const struct rule *rule)
{
	struct json_object *list = values_array(values);

	values_put(values, compliance, "requirements", list);
	for (size_t i = 0; i < rule->n_cites; i++) {
		const struct cite *cite = &rule->cites[i];
		struct strbuf text = STRBUF_INIT;
		if (cite->row)
			strbuf_add_format(&text, "%s, table %u, row %u", cite->document,
			                  cite->table, cite->row);
		else
			strbuf_add_format(&text, "%s, %s", cite->document,
			                  cite->where ? cite->where : "text");
		for (size_t j = 0; j < cite->n_cells; j++)
			strbuf_add_format(&text, "%s%s", j ? " | " : ": ", cite->cells[j]);
		values->is_failed |= text.is_failed;
		values_append(values, list, values_text(values, strbuf_text(&text)));
		strbuf_deinit(&text);
	}
}

static struct json_object *standards_list(struct values *values, const struct report_event *event)
{
	const struct rule *rule = event_rule(event);
	const struct document *last = NULL;
	struct json_object *list = values_array(values);

	for (size_t i = 0; rule && i < rule->n_cites; i++) {
		const struct document *document = event_document(event, i);
		if (!document || document == last)
			continue;
		last = document;
		values_append(
		        values, list,
		        values_text(values, document->title ? document->title : document->id));
	}
	if (list && !json_object_array_length(list))
		values_append(values, list, values_text(values, "site"));
	return list;
}

static void put_compliance(struct values *values, struct json_object *object,
                           const struct report_event *event, struct caption status,
                           const char *detail)
{
	const struct rule *rule = event_rule(event);
	const struct pack *pack = event_pack(event);
	struct json_object *compliance = values_object(values), *details = values_array(values);

	values_put(values, object, "compliance", compliance);
	values_put(values, compliance, "standards", standards_list(values, event));
	values_put_text(values, compliance, "control", rule ? rule->id : "flow table");
	put_caption(values, compliance, "status_id", "status", status);
	values_put(values, compliance, "status_details", details);
	values_append(values, details, values_text(values, detail));
	if (!rule)
		return;
	values_put_known(values, compliance, "desc", rule->title);
	put_requirements(values, compliance, rule);
	struct json_object *checks = values_array(values), *check = values_object(values);
	values_put(values, compliance, "checks", checks);
	values_append(values, checks, check);
	values_put_text(values, check, "uid", rule->id);
	values_put_known(values, check, "name", rule->title);
	values_put_known(values, check, "version", pack ? pack->version : NULL);
	put_caption(values, check, "status_id", "status", status);
}

static void put_evidences(struct values *values, struct json_object *object,
                          const struct report_event *event)
{
	const struct finding *finding = event->finding;
	char hash[17];

	if (!finding->n_examples)
		return;
	struct json_object *list = values_array(values);
	values_put(values, object, "evidences", list);
	for (size_t i = 0; i < finding->n_examples; i++) {
		const struct flow_record *record = finding->examples[i];
		struct json_object *evidence = values_object(values);
		values_append(values, list, evidence);
		values_put_text(values, evidence, "uid", flow_hash_text(&record->flow, hash));
		put_flow_parts(values, evidence, event->report, record);
	}
}

/* The host it is about, where a line of the site names one. */
static void put_resource(struct values *values, struct json_object *object,
                         const struct report_event *event)
{
	const struct site_address *entry = finding_entry(event->finding, true);
	char prefix[PREFIX_TEXT_SIZE];

	if (!entry)
		return;
	struct json_object *list = values_array(values), *resource = values_object(values);
	const char *host =
	        entry->prefix.len_bits == 128
	                ? site_host_name(event->report->ruleset->site, &entry->prefix.addr)
	                : NULL;
	values_put(values, object, "resources", list);
	values_append(values, list, resource);
	values_put_text(values, resource, "uid", prefix_format(&entry->prefix, prefix));
	values_put_text(values, resource, "name", host ? host : prefix);
	values_put_text(values, resource, "type", entry->role);
}

static void put_info(struct values *values, struct json_object *object,
                     const struct report_event *event)
{
	const struct finding *finding = event->finding;
	const struct document *cited = event_document(event, 0);
	struct json_object *info = values_object(values), *types = values_array(values);

	values_put(values, object, "finding_info", info);
	values_put_text(values, info, "uid", finding->id);
	values_put_text(values, info, "title", finding_title(event->report, finding));
	values_put_known(values, info, "desc", finding->why);
	values_put(values, info, "types", types);
	values_append(values, types, values_text(values, finding_class_word(finding)));
	if (finding->key.kind != KIND_MISSING) /* a class of its own */
		values_append(values, types, values_text(values, finding_word(finding)));
	if (finding->flows) {
		put_time(values, info, "first_seen_time", finding->first_ns);
		put_time(values, info, "last_seen_time", finding->last_ns);
	}
	values_put_known(values, info, "src_url", cited ? cited->address : NULL);
}

static void put_status(struct values *values, struct json_object *object,
                       const struct report_event *event)
{
	const struct site_accept *accepted = event->finding->key.accepted;
	struct caption status = { 1, "New" };

	if (event->step == FINDING_CLOSED)
		status = (struct caption){ 4, "Resolved" };
	else if (accepted)
		status = (struct caption){ 3, "Suppressed" };
	put_caption(values, object, "status_id", "status", status);
	if (accepted)
		values_put_known(values, object, "comment", accepted->why);
}

static struct json_object *finding_event(struct values *values, const struct report_event *event,
                                         const struct report_options *options)
{
	static const struct caption severities[] = { [SEVERITY_INFO] = { 1, "Informational" },
		                                     [SEVERITY_WARNING] = { 3, "Medium" },
		                                     [SEVERITY_ERROR] = { 4, "High" } };
	static const struct caption activities[] = { [FINDING_OPENED] = { 1, "Create" },
		                                     [FINDING_UPDATED] = { 2, "Update" },
		                                     [FINDING_CLOSED] = { 3, "Close" } };
	static const char *const keys[] = {
		"kind",     "note",     "severity", "accepted",   "nearest",
		"expected", "observed", "ports",    "initiators", "initiators_at_least",
		"wireshark"
	};
	const struct finding *finding = event->finding;
	struct json_object *object =
	        event_new(values, event, &compliance_finding, activities[event->step],
	                  severities[finding->severity], options);

	put_status(values, object, event);
	if (finding->flows)
		values_put_number(values, object, "count", finding->flows);
	put_info(values, object, event);
	put_compliance(values, object, event, check_of_finding(finding),
	               finding->why ? finding->why : finding_word(finding));
	put_resource(values, object, event);
	put_evidences(values, object, event);
	if (finding->remedy && *finding->remedy) {
		struct json_object *remediation = values_object(values);
		values_put(values, object, "remediation", remediation);
		values_put_text(values, remediation, "desc", finding->remedy);
	}
	put_unmapped(values, object, json_finding(values, event->report, finding, NULL), keys,
	             ARRAY_SIZE(keys));
	return object;
}

static struct json_object *coverage_event(struct values *values, const struct report_event *event,
                                          const struct report_options *options)
{
	static const char *const keys[] = { "status", "reason", "best", "flows" };
	const struct coverage_row *row = event->coverage;
	const struct rule *rule = event_rule(event);
	struct json_object *object =
	        event_new(values, event, &compliance_finding, (struct caption){ 1, "Create" },
	                  informational, options);
	struct json_object *info = values_object(values), *types = values_array(values);
	char uid[SIGNATURE_SIZE];

	snprintf(uid, sizeof(uid), "coverage:%s", rule ? rule->id : "");
	values_put(values, object, "finding_info", info);
	values_put_text(values, info, "uid", uid);
	values_put_text(values, info, "title", rule && rule->title ? rule->title : uid);
	values_put(values, info, "types", types);
	values_append(values, types, values_text(values, "coverage"));
	values_append(values, types, values_text(values, coverage_word(row->status)));
	put_compliance(values, object, event, check_of_coverage(row->status),
	               row->reason[0] ? row->reason : coverage_word(row->status));
	put_unmapped(values, object, json_coverage(values, event->report, row, NULL), keys,
	             ARRAY_SIZE(keys));
	return object;
}

/* ---- Scan Activity --------------------------------------------------------------------------- */

static struct json_object *run_event(struct values *values, const struct report_event *event,
                                     const struct report_options *options)
{
	const struct report *report = event->report;
	struct json_object *object =
	        event_new(values, event, &scan_activity, (struct caption){ 2, "Completed" },
	                  informational, options);
	struct json_object *scan = values_object(values), *unmapped = values_object(values);

	values_put(values, object, "scan", scan);
	values_put_text(values, scan, "name", "audit of captured flows");
	put_caption(values, scan, "type_id", "type", (struct caption){ 1, "Manual" });
	values_put_number(values, object, "num_files", report->capture.n_inputs);
	values_put_number(values, object, "num_detections", report->n_findings);
	values_put_number(values, object, "num_trusted_items", report->findings_accepted);
	values_put_number(values, object, "total", report->capture.received);
	values_put(values, object, "unmapped", unmapped);
	if (report->ruleset->site)
		values_put(values, unmapped, "site", json_site(values, report));
	if (report->vantage)
		values_put(values, unmapped, "vantage", json_vantage(values, report));
	values_put(values, unmapped, "packs", json_packs(values, report));
	values_put(values, unmapped, "inputs", json_inputs(values, report));
	values_put(values, unmapped, "capture", json_capture(values, report));
	values_put(values, unmapped, "summary", json_summary(values, report));
	return object;
}

static int put_ocsf(FILE *out, const struct report_event *event,
                    const struct report_options *options)
{
	struct values values = { 0 };
	struct json_object *object = NULL;

	switch (event->type) {
	case REPORT_EVENT_FINDING:
		object = finding_event(&values, event, options);
		break;
	case REPORT_EVENT_COVERAGE:
		object = coverage_event(&values, event, options);
		break;
	case REPORT_EVENT_FLOW:
		object = flow_event(&values, event, options);
		break;
	case REPORT_EVENT_RUN:
		object = run_event(&values, event, options);
		break;
	case REPORT_EVENT_STATS:
		return 0;
	}
	return values_put_line(&values, out, object);
}

const struct report_format format_ocsf = {
	.name = "ocsf",
	.help = "a Compliance Finding per finding and rule, Network Activity per flow (OCSF)",
	.put_event = put_ocsf,
};
