/*
 * What the report says of the run as a whole: which program, site and packs, which captures, where
 * every packet went, and the counts. Keys and their order are the contract (report.schema.json).
 * Every word of a vocabulary has its key, zero or not, so that two reports can be held against
 * each other.
 */
#include "report/priv.h"

struct json_object *json_tool(struct values *values, const struct report_options *options)
{
	struct json_object *tool = values_object(values);

	values_put_text(values, tool, "name", "pcaudit");
	values_put_text(values, tool, "version", options->version);
	values_put_text(values, tool, "libpcap", options->libpcap_version);
	values_put_text(values, tool, "ndpi", options->ndpi_version);
	values_put_text(values, tool, "openssl", options->openssl_version);
	values_put_text(values, tool, "sensor", options->sensor);
	values_put_text(values, tool, "sandbox",
	                options->sandbox && options->sandbox[0] ? options->sandbox : NULL);
	return tool;
}

struct json_object *json_site(struct values *values, const struct report *report)
{
	const struct site *site = report->ruleset->site;

	if (!site)
		return NULL;
	struct json_object *object = values_object(values);
	values_put_text(values, object, "name", site->name);
	values_put_text(values, object, "file", site->file);
	values_put_digest(values, object, "sha256", site->sha256);
	return object;
}

struct json_object *json_vantage(struct values *values, const struct report *report)
{
	const struct site_vantage *vantage = report->vantage;
	char pair[32];

	if (!vantage)
		return NULL;
	struct json_object *object = values_object(values), *sees = values_array(values);
	values_put_text(values, object, "name", vantage->name);
	values_put(values, object, "sees", sees);
	for (unsigned a = 0; a < N_ZONES; a++)
		for (unsigned b = a; b < N_ZONES; b++) {
			if (!(vantage->sees >> (a * N_ZONES + b) & 1))
				continue;
			snprintf(pair, sizeof(pair), "%s-%s", zone_word((enum zone)a),
			         zone_word((enum zone)b));
			values_append(values, sees, values_text(values, pair));
		}
	return object;
}

struct json_object *json_packs(struct values *values, const struct report *report)
{
	struct json_object *packs = values_array(values);

	for (size_t i = 0; i < report->ruleset->n_packs; i++) {
		const struct pack *pack = report->ruleset->packs[i];
		struct json_object *object = values_object(values);
		values_put_text(values, object, "name", pack->id);
		values_put_text(values, object, "version", pack->version);
		values_put_text(values, object, "product", pack->product);
		values_put_digest(values, object, "sha256", pack->sha256);
		values_append(values, packs, object);
	}
	return packs;
}

/* A file may name thousands, which nobody reads: the rest is counted. */
#define MAX_INTERFACES 256

static struct json_object *interface_object(struct values *values,
                                            const struct input_interface *interface)
{
	const struct {
		const char *key;
		struct bytes text;
	} texts[] = {
		{ "name", interface->name },
		{ "description", interface->description },
		{ "filter", interface->filter },
	};
	struct json_object *object = values_object(values);
	char word[24];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].text.len)
			values_put_wire(values, object, texts[i].key, texts[i].text);
		else
			values_put_null(values, object, texts[i].key);
	values_put_text(values, object, "link_type",
	                decode_link_type_word(interface->link_type, word));
	if (interface->snaplen)
		values_put_number(values, object, "snaplen", interface->snaplen);
	else
		values_put_null(values, object, "snaplen");
	values_put_number(values, object, "packets", interface->packets);
	values_put_number(values, object, "dropped_interface", interface->dropped_interface);
	values_put_number(values, object, "dropped_kernel", interface->dropped_kernel);
	return object;
}

static void put_interfaces(struct values *values, struct json_object *object,
                           const struct input_info *input)
{
	struct json_object *list = values_array(values);
	size_t n = MIN(input->n_interfaces, (size_t)MAX_INTERFACES);

	values_put(values, object, "interfaces", list);
	for (size_t i = 0; i < n; i++)
		values_append(values, list, interface_object(values, &input->interfaces[i]));
	values_put_number(values, object, "interfaces_not_listed", input->n_interfaces - n);
}

static struct json_object *input_object(struct values *values, const struct input_info *input,
                                        const uint8_t *sha256)
{
	struct json_object *object = values_object(values), *link_types = values_array(values);
	char word[24];

	values_put_text(values, object, "name", input->name);
	if (input->size_bytes)
		values_put_number(values, object, "size", input->size_bytes);
	else
		values_put_null(values, object, "size");
	values_put_text(values, object, "format", input->format);
	values_put_text(values, object, "packing", input->packing);
	values_put_digest(values, object, "sha256", sha256);
	values_put(values, object, "link_types", link_types);
	for (size_t i = 0; i < input->n_link_types; i++)
		values_append(
		        values, link_types,
		        values_text(values, decode_link_type_word(input->link_types[i], word)));
	put_interfaces(values, object, input);
	values_put_number(values, object, "comments", input->comments);
	values_put_number(values, object, "secrets", input->secrets);
	values_put_number(values, object, "packets", input->packets);
	values_put_number(values, object, "bytes", input->bytes);
	values_put_time(values, object, "first", input->packets, input->first_ns);
	values_put_time(values, object, "last", input->packets, input->last_ns);
	values_put_bool(values, object, "truncated", input->is_truncated);
	values_put_text(values, object, "error", input->error);
	return object;
}

struct json_object *json_inputs(struct values *values, const struct report *report)
{
	const struct capture_summary *capture = &report->capture;
	struct json_object *inputs = values_array(values);

	for (size_t i = 0; i < capture->n_inputs; i++)
		values_append(
		        values, inputs,
		        input_object(values, capture->inputs[i],
		                     capture->input_sha256 ? capture->input_sha256[i] : NULL));
	return inputs;
}

static struct json_object *fragments_object(struct values *values,
                                            const struct decode_counters *decode)
{
	struct json_object *object = values_object(values);

	values_put_number(values, object, "joined_datagrams", decode->fragments_joined_datagrams);
	values_put_number(values, object, "given_up", decode->fragments_given_up);
	values_put_number(values, object, "overlapping", decode->fragments_overlapping);
	return object;
}

struct json_object *json_capture(struct values *values, const struct report *report)
{
	const struct capture_summary *c = &report->capture;
	struct json_object *object = values_object(values);
	/* received is the sum of those after it; it is counted on its own. */
	const struct {
		const char *key;
		uint64_t number;
	} causes[] = {
		{ "received", c->received },
		{ "flows", c->flows },
		{ "fragments_held", c->fragments_held },
		{ "other", c->other },
		{ "short", c->is_short },
		{ "invalid", c->invalid },
		{ "unsupported", c->unsupported },
		{ "duplicate", c->duplicate },
		{ "dropped_kernel", c->dropped_kernel },
		{ "dropped_interface", c->dropped_interface },
		{ "dropped_ring", c->dropped_ring },
		{ "dropped_table", c->dropped_table },
		{ "lost_bytes", c->lost_bytes },
		{ "tcp_payload_bytes", c->tcp_payload_bytes },
	};

	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		values_put_number(values, object, causes[i].key, causes[i].number);
	values_put(values, object, "fragments", fragments_object(values, &c->decode));
	values_put_number(values, object, "evicted", c->flows_evicted);
	values_put_number(values, object, "no_room", c->no_room);
	values_put_number(values, object, "tunnels_no_room", c->tunnels_no_room);
	values_put_number(values, object, "doubles_forgotten", c->doubles_forgotten);
	values_put_bool(values, object, "truncated", c->is_truncated);
	values_put_bool(values, object, "filtered", c->is_filtered);
	values_put_bool(values, object, "windowed", c->is_windowed);
	values_put_time(values, object, "first", c->received, c->first_ns);
	values_put_time(values, object, "last", c->received, c->last_ns);
	return object;
}

/* ---- Summary --------------------------------------------------------------------------------- */

static struct json_object *flows_by_verdict(struct values *values, const struct report *report)
{
	static const enum verdict order[] = { VERDICT_COMPLIANT, VERDICT_VIOLATION, VERDICT_BLOCKED,
		                              VERDICT_UNJUDGED, VERDICT_OUT_OF_SCOPE };
	struct json_object *object = values_object(values);

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		values_put_number(values, object, verdict_word(order[i]), report->flows[order[i]]);
	return object;
}

static struct json_object *compliant_by_evidence(struct values *values, const struct report *report)
{
	struct json_object *object = values_object(values);

	for (unsigned e = N_EVIDENCES; e-- > 0;)
		values_put_number(values, object, evidence_word((enum evidence)e),
		                  report->compliant_by_evidence[e]);
	return object;
}

static struct json_object *unjudged_by_reason(struct values *values, const struct report *report)
{
	struct json_object *object = values_object(values);

	for (unsigned r = REASON_NONE + 1; r < N_REASONS; r++)
		values_put_number(values, object, reason_word((enum reason)r),
		                  report->unjudged_by_reason[r]);
	return object;
}

static struct json_object *findings_by_severity(struct values *values, const struct report *report)
{
	struct json_object *object = values_object(values);

	for (int s = SEVERITY_ERROR; s >= (int)SEVERITY_INFO; s--)
		values_put_number(values, object, severity_word((enum severity)s),
		                  report->findings_by_severity[s]);
	return object;
}

static struct json_object *findings_by_kind(struct values *values, const struct report *report)
{
	struct json_object *object = values_object(values);

	for (unsigned k = KIND_NONE + 1; k < N_KINDS; k++)
		values_put_number(values, object, kind_word((enum kind)k),
		                  report->findings_by_kind[k]);
	return object;
}

static struct json_object *rules_by_coverage(struct values *values, const struct report *report)
{
	struct json_object *object = values_object(values);

	for (unsigned c = 0; c < N_COVERAGE_STATUSES; c++)
		values_put_number(values, object, coverage_word((enum coverage_status)c),
		                  report->rules_by_coverage[c]);
	return object;
}

static struct json_object *out_of_scope(struct values *values, const struct report *report)
{
	struct json_object *list = values_array(values);

	for (size_t i = 0; i < report->n_out_of_scope; i++) {
		const struct out_of_scope_row *row = &report->out_of_scope[i];
		struct json_object *object = values_object(values);
		values_put_text(values, object, "src", row->src);
		values_put_text(values, object, "dst", row->dst);
		values_put_number(values, object, "flows", row->flows);
		values_put_number(values, object, "packets", row->packets);
		values_put_number(values, object, "bytes", row->bytes);
		values_append(values, list, object);
	}
	return list;
}

struct json_object *json_summary(struct values *values, const struct report *report)
{
	struct json_object *summary = values_object(values);

	values_put_text(values, summary, "verdict", report_verdict_word(report->verdict));
	values_put_text(values, summary, "why", report->verdict_why);
	values_put(values, summary, "flows", flows_by_verdict(values, report));
	values_put(values, summary, "compliant_by_evidence", compliant_by_evidence(values, report));
	values_put(values, summary, "unjudged_by_reason", unjudged_by_reason(values, report));
	values_put(values, summary, "findings_by_severity", findings_by_severity(values, report));
	values_put(values, summary, "findings_by_kind", findings_by_kind(values, report));
	values_put_number(values, summary, "findings_accepted", report->findings_accepted);
	values_put_number(values, summary, "notes_dropped", report->notes_dropped);
	values_put_number(values, summary, "flows_not_waited", report->flows_not_waited);
	values_put(values, summary, "rules_by_coverage", rules_by_coverage(values, report));
	values_put(values, summary, "out_of_scope", out_of_scope(values, report));
	return summary;
}
