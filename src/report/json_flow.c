/*
 * One flow as JSON: who opened it to whom, what was seen, what it was, and the judgement. Facts
 * stand under their declared names, typed; what may be stated more than once is a list. Shared
 * facts come first, in the order of their declaration, then the detectors' own by name, so that
 * the order of packets does not show.
 */
#include "report/priv.h"

#define NO_VLAN 0xffff

struct json_object *json_roles(struct values *values, const struct ruleset *ruleset,
                               const struct role_set *roles)
{
	struct json_object *list = values_array(values);

	for (unsigned i = 0; i < ruleset->n_roles && i < RULESET_MAX_ROLES; i++)
		if (role_set_has(roles, i))
			values_append(values, list,
			              values_text(values, ruleset->roles[i].role->id));
	return list;
}

static void put_end(struct values *values, struct json_object *object, const char *key,
                    const struct report *report, const struct flow_record *record, unsigned side)
{
	struct json_object *end = values_object(values);
	char addr[ADDR_TEXT_SIZE];

	values_put(values, object, key, end);
	values_put_text(values, end, "ip", addr_format(&record->flow.addr[side], addr));
	if (flow_has_ports(&record->flow))
		values_put_number(values, end, "port", record->flow.port[side]);
	else
		values_put_null(values, end, "port");
	values_put(values, end, "roles",
	           json_roles(values, report->ruleset, &record->parties[side].playing));
}

static void put_ends(struct values *values, struct json_object *object, const struct report *report,
                     const struct flow_record *record)
{
	const struct flow *flow = &record->flow;
	unsigned src = record->assessment.src;
	char id[48], transport[4];

	snprintf(id, sizeof(id), "%u:%llu", flow->file, (unsigned long long)flow->number);
	values_put_text(values, object, "id", id);
	put_end(values, object, "src", report, record, src);
	put_end(values, object, "dst", report, record, !src);
	values_put_text(values, object, "transport", transport_word(flow->transport, transport));
}

struct json_object *json_example(struct values *values, const struct report *report,
                                 const struct flow_record *record)
{
	struct json_object *object = values_object(values);
	const struct flow *flow = &record->flow;

	put_ends(values, object, report, record);
	values_put_text(values, object, "state", flow_state_word(record->assessment.state));
	values_put_time(values, object, "first", true, flow->first_ns);
	values_put_time(values, object, "last", true, flow->last_ns);
	values_put_text(values, object, "protocol", flow_protocol(record));
	values_put_text(values, object, "security", flow_security(record));
	if (flow->tunnels)
		json_put_tunnels(values, object, "tunnel", report, flow);
	return object;
}

/* ---- Facts ----------------------------------------------------------------------------------- */

static void put_slots(struct values *values, struct json_object *object, const struct facts *facts)
{
	if (facts->doubt != DOUBT_NONE)
		values_put_text(values, object, "doubt", doubt_word((enum doubt)facts->doubt));
	if (facts->client_auth != CLIENT_AUTH_UNKNOWN)
		values_put_text(values, object, "client_auth",
		                client_auth_word((enum client_auth)facts->client_auth));
	if (facts->refusal)
		values_put_text(values, object, "refusal", facts->refusal);
	if (facts->is_starttls)
		values_put_bool(values, object, "starttls", true);
	if (facts->is_weak_suite)
		values_put_bool(values, object, "weak_suite", true);
	if (facts->has_gap)
		values_put_bool(values, object, "gap", true);
	if (facts->has_media)
		values_put_bool(values, object, "media", true);
	if (facts->maybe_media)
		values_put_bool(values, object, "maybe_media", true);
	if (facts->is_inside_unrecognised)
		values_put_bool(values, object, "inside_unrecognised", true);
}

struct json_object *json_fact_value(struct values *values, const struct fact *fact)
{
	struct json_object *holder = values_object(values), *value = NULL;

	switch (fact->def->type) {
	case FACT_BOOL:
		values_put_bool(values, holder, "", fact->number != 0);
		break;
	case FACT_NUMBER:
		values_put_signed(values, holder, "", fact->number);
		break;
	case FACT_TEXT:
		values_put_wire(values, holder, "", fact->text);
		break;
	}
	if (holder && json_object_object_get_ex(holder, "", &value))
		json_object_get(value);
	json_object_put(holder);
	return value;
}

/* The first fact whose name comes after `name`, in the order of names; NULL: none. */
static const struct fact *next_fact(const struct facts *facts, const char *name)
{
	const struct fact *next = NULL;

	for (const struct fact *fact = facts->list; fact; fact = fact->next)
		if ((!name || strcmp(fact->def->name, name) > 0) &&
		    (!next || strcmp(fact->def->name, next->def->name) < 0))
			next = fact;
	return next;
}

static void put_fact(struct values *values, struct json_object *object, const struct fact *first)
{
	if (!first->def->is_list) {
		values_put(values, object, first->def->name, json_fact_value(values, first));
		return;
	}
	struct json_object *list = values_array(values);
	values_put(values, object, first->def->name, list);
	for (const struct fact *fact = first; fact; fact = fact->next)
		if (strcmp(fact->def->name, first->def->name) == 0)
			values_append(values, list, json_fact_value(values, fact));
}

static struct json_object *facts_object(struct values *values, const struct facts *facts)
{
	struct json_object *object = values_object(values);

	if (!facts)
		return object;
	put_slots(values, object, facts);
	for (const struct fact *fact = next_fact(facts, NULL); fact;
	     fact = next_fact(facts, fact->def->name))
		put_fact(values, object, fact);
	return object;
}

/* ---- The whole flow -------------------------------------------------------------------------- */

static struct json_object *vlan_list(struct values *values, const struct flow *flow)
{
	struct json_object *list = values_array(values);

	if (flow->vlan != NO_VLAN)
		values_append(values, list, values_number(values, flow->vlan));
	if (flow->vlan_inner != NO_VLAN)
		values_append(values, list, values_number(values, flow->vlan_inner));
	return list;
}

static struct json_object *pair_list(struct values *values, const uint64_t numbers[2], unsigned src)
{
	struct json_object *list = values_array(values);

	values_append(values, list, values_number(values, numbers[src]));
	values_append(values, list, values_number(values, numbers[!src]));
	return list;
}

static void put_judgement(struct values *values, struct json_object *object,
                          const struct report *report, const struct assessment *a)
{
	const struct rule *rule = report_rule(report, a->rule);
	bool is_finding = a->verdict == VERDICT_VIOLATION || a->verdict == VERDICT_BLOCKED;

	values_put_text(values, object, "verdict", verdict_word(a->verdict));
	values_put_text(values, object, "kind", a->kind == KIND_NONE ? NULL : kind_word(a->kind));
	values_put_text(values, object, "severity", is_finding ? severity_word(a->severity) : NULL);
	values_put_text(values, object, "reason",
	                a->verdict == VERDICT_UNJUDGED ? reason_word(a->reason) : NULL);
	values_put_text(values, object, "rule", rule ? rule->id : NULL);
}

struct json_object *json_flow(struct values *values, const struct report *report,
                              const struct flow_record *record, const char *type)
{
	struct json_object *object = values_object(values);
	const struct assessment *a = &record->assessment;
	const struct flow *flow = &record->flow;
	char community[40];

	if (type)
		values_put_text(values, object, "type", type);
	put_ends(values, object, report, record);
	values_put(values, object, "vlan", vlan_list(values, flow));
	json_put_tunnels(values, object, "tunnel", report, flow);
	values_put_text(values, object, "direction", opener_word(a->opener_how));
	values_put_text(values, object, "state", flow_state_word(a->state));
	values_put_time(values, object, "first", true, flow->first_ns);
	values_put_time(values, object, "last", true, flow->last_ns);
	values_put(values, object, "packets", pair_list(values, flow->packets, a->src));
	values_put(values, object, "bytes", pair_list(values, flow->bytes, a->src));
	values_put_text(values, object, "protocol", flow_protocol(record));
	values_put_text(values, object, "security", flow_security(record));
	values_put_text(values, object, "evidence", evidence_word(a->evidence));
	values_put_text(values, object, "security_evidence", evidence_word(a->security_evidence));
	values_put_text(values, object, "detector", detect_name(flow->facts));
	values_put(values, object, "facts", facts_object(values, flow->facts));
	values_put_text(values, object, "community_id", report_community_id(flow, community));
	put_judgement(values, object, report, a);
	return object;
}

struct json_object *report_flow_json(const struct report *report, const struct flow_record *record,
                                     const struct report_options *options _unused_)
{
	struct values values = { 0 };
	struct json_object *object = json_flow(&values, report, record, NULL);

	if (!values.is_failed)
		return object;
	json_object_put(object);
	return NULL;
}
