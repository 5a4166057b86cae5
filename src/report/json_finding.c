/*
 * A finding and a row of coverage as JSON. Each is complete by itself: whoever gets one finding by
 * mail knows the rule, the printed row it rests on, both values, what to do, and how to see the
 * packets.
 */
#include "report/priv.h"

/* ---- What a rule rests on -------------------------------------------------------------------- */

const struct document *pack_document(const struct pack *pack, const char *id)
{
	for (size_t i = 0; pack && i < pack->n_documents; i++)
		if (strcmp(pack->documents[i].id, id) == 0)
			return &pack->documents[i];
	return NULL;
}

static void put_row_number(struct values *values, struct json_object *object, const char *key,
                           uint16_t number)
{
	if (number)
		values_put_number(values, object, key, number);
	else
		values_put_null(values, object, key);
}

static struct json_object *cite_object(struct values *values, const struct cite *cite,
                                       const struct document *document, bool is_whole)
{
	struct json_object *object = values_object(values);

	values_put_text(values, object, "document", cite->document);
	if (is_whole) {
		values_put_text(values, object, "title", document ? document->title : NULL);
		values_put_text(values, object, "address", document ? document->address : NULL);
	}
	put_row_number(values, object, "table", cite->table);
	put_row_number(values, object, "row", cite->row);
	values_put_text(values, object, "where", cite->where);
	if (!is_whole)
		return object;
	struct json_object *cells = values_array(values);
	values_put(values, object, "cells", cells);
	for (size_t i = 0; i < cite->n_cells; i++)
		values_append(values, cells, values_text(values, cite->cells[i]));
	return object;
}

struct json_object *json_cites(struct values *values, const struct report *report, int rule,
                               bool is_whole)
{
	const struct rule *cited = report_rule(report, rule);
	struct json_object *list = values_array(values);

	for (size_t i = 0; cited && i < cited->n_cites; i++) {
		const struct cite *cite = &cited->cites[i];
		const struct document *document =
		        pack_document(report->ruleset->rules[rule].pack, cite->document);
		values_append(values, list, cite_object(values, cite, document, is_whole));
	}
	return list;
}

/* ---- Finding --------------------------------------------------------------------------------- */

void json_put_accepted(struct values *values, struct json_object *object,
                       const struct site_accept *accept)
{
	char until[16];

	if (!accept) {
		values_put_null(values, object, "accepted");
		return;
	}
	struct json_object *accepted = values_object(values);
	values_put(values, object, "accepted", accepted);
	values_put_text(values, accepted, "why", accept->why);
	values_put_text(values, accepted, "owner", accept->owner);
	values_put_text(values, accepted, "until",
	                accept->until_ns == INT64_MAX ? NULL
	                                              : time_date_text(accept->until_ns, until));
}

static void put_field(struct values *values, struct json_object *object, const char *key,
                      const struct finding *finding, const char *text)
{
	struct json_object *field = values_object(values);

	values_put(values, object, key, field);
	if (!text || !*text)
		return;
	values_put_text(values, field, "field", finding_field(finding));
	values_put_text(values, field, "value", text);
}

static void put_end(struct values *values, struct json_object *object, const char *key,
                    const struct report *report, const struct finding *finding, bool of_responder)
{
	const struct role_set *roles =
	        of_responder ? &finding->key.dst_roles : &finding->key.src_roles;
	const struct site_address *entry = finding_entry(finding, of_responder);
	struct json_object *end = values_object(values);
	char prefix[PREFIX_TEXT_SIZE];
	bool is_host = entry && entry->prefix.len_bits == 128;

	values_put(values, object, key, end);
	values_put(values, end, "roles", json_roles(values, report->ruleset, roles));
	values_put_text(values, end, "role", entry ? entry->role : NULL);
	values_put_text(values, end, "prefix",
	                entry ? prefix_format(&entry->prefix, prefix) : NULL);
	values_put_text(values, end, "host",
	                is_host ? site_host_name(report->ruleset->site, &entry->prefix.addr)
	                        : NULL);
}

static struct json_object *ports_list(struct values *values, const struct finding *finding)
{
	struct json_object *list = values_array(values);

	for (size_t i = 0; i < finding->n_ports; i++) {
		struct json_object *range = values_array(values);
		values_append(values, range, values_number(values, finding->ports[i].first));
		values_append(values, range, values_number(values, finding->ports[i].last));
		values_append(values, list, range);
	}
	return list;
}

static void put_examples(struct values *values, struct json_object *object,
                         const struct report *report, const struct finding *finding)
{
	struct json_object *examples = values_array(values);
	struct strbuf filter = STRBUF_INIT;

	values_put(values, object, "examples", examples);
	for (size_t i = 0; i < finding->n_examples; i++)
		values_append(values, examples, json_example(values, report, finding->examples[i]));
	filter_of_finding(&filter, finding);
	values->is_failed |= filter.is_failed;
	values_put_text(values, object, "wireshark", filter.len ? strbuf_text(&filter) : NULL);
	strbuf_deinit(&filter);
}

struct json_object *json_finding(struct values *values, const struct report *report,
                                 const struct finding *finding, const char *type)
{
	const struct finding_key *key = &finding->key;
	const struct rule *rule = report_rule(report, key->rule);
	struct json_object *object = values_object(values);
	char transport[4];

	if (type)
		values_put_text(values, object, "type", type);
	values_put_text(values, object, "id", finding->id);
	values_put_text(values, object, "kind", kind_word((enum kind)key->kind));
	values_put_text(values, object, "note",
	                key->note ? note_word((enum note_code)(key->note - 1)) : NULL);
	values_put_text(values, object, "severity", severity_word(finding->severity));
	json_put_accepted(values, object, key->accepted);
	values_put_text(values, object, "rule", rule ? rule->id : NULL);
	values_put_bool(values, object, "nearest", finding_is_nearest(finding));
	values_put_text(values, object, "title", finding_title(report, finding));
	values_put_text(values, object, "why", finding->why);
	values_put_text(values, object, "remedy", finding->remedy);
	put_field(values, object, "expected", finding, finding->expected);
	put_field(values, object, "observed", finding, finding->observed);
	values_put(values, object, "cites", json_cites(values, report, key->rule, true));
	values_put_text(values, object, "transport",
	                finding->flows ? transport_word(key->transport, transport) : NULL);
	put_end(values, object, "initiator", report, finding, false);
	put_end(values, object, "responder", report, finding, true);
	values_put(values, object, "ports", ports_list(values, finding));
	values_put_number(values, object, "initiators", finding->initiators);
	values_put_bool(values, object, "initiators_at_least", finding->initiators_at_least);
	values_put_number(values, object, "flows", finding->flows);
	values_put_time(values, object, "first", finding->flows, finding->first_ns);
	values_put_time(values, object, "last", finding->flows, finding->last_ns);
	put_examples(values, object, report, finding);
	return object;
}

/* ---- Coverage -------------------------------------------------------------------------------- */

struct json_object *json_coverage(struct values *values, const struct report *report,
                                  const struct coverage_row *row, const char *type)
{
	struct json_object *object = values_object(values);
	const struct rule *rule = report_rule(report, row->rule);

	if (type)
		values_put_text(values, object, "type", type);
	values_put_text(values, object, "rule", rule ? rule->id : NULL);
	values_put_text(values, object, "status", coverage_word(row->status));
	values_put_text(values, object, "reason", row->reason[0] ? row->reason : NULL);
	values_put_text(values, object, "best", evidence_word(row->best));
	values_put_number(values, object, "flows", row->flows);
	values_put_time(values, object, "first", row->flows, row->first_ns);
	values_put_time(values, object, "last", row->flows, row->last_ns);
	values_put(values, object, "cites", json_cites(values, report, row->rule, false));
	return object;
}
