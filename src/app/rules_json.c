/*
 * `rules -f json`: the same table as an object. Keys stand in a fixed order, names are the pack
 * format's own where there is one, so that a reader of packs needs no second vocabulary.
 */
#include <errno.h>
#include <string.h>

#include "app/rules_view.h"

static void add_text(struct json_object *object, const char *key, const char *text)
{
	if (text)
		json_object_object_add(object, key, json_object_new_string(text));
}

static struct json_object *texts_to_json(const char *const *texts, size_t n)
{
	struct json_object *array = json_object_new_array();
	for (size_t i = 0; i < n; i++)
		json_object_array_add(array, json_object_new_string(texts[i]));
	return array;
}

static struct json_object *roles_to_json(const struct ruleset *ruleset, const struct role_set *set)
{
	struct json_object *array = json_object_new_array();
	for (unsigned i = 0; i < ruleset->n_roles; i++)
		if (role_set_has(set, i))
			json_object_array_add(array,
			                      json_object_new_string(ruleset->roles[i].role->id));
	return array;
}

static struct json_object *zones_to_json(uint8_t zones)
{
	struct json_object *array = json_object_new_array();
	for (unsigned zone = 0; zone < N_ZONES; zone++)
		if (zones >> zone & 1)
			json_object_array_add(array,
			                      json_object_new_string(zone_word((enum zone)zone)));
	return array;
}

static struct json_object *end_to_json(const struct ruleset *ruleset, const struct rule_end *end,
                                       const struct ruleset_end *set)
{
	static const char *const forms[] = {
		[END_ROLES] = "roles",
		[END_ANY] = "any",
		[END_UNSTATED] = "unstated",
		[END_PREFIXES] = "addresses",
	};
	char text[PREFIX_TEXT_SIZE];
	struct json_object *object = json_object_new_object();
	struct json_object *prefixes = json_object_new_array();
	add_text(object, "form", forms[end->form]);
	add_text(object, "printed", forms[end->printed]);
	json_object_object_add(object, "names", texts_to_json(end->roles, end->n_roles));
	json_object_object_add(object, "roles", roles_to_json(ruleset, &set->roles));
	for (size_t i = 0; i < end->n_prefixes; i++)
		json_object_array_add(
		        prefixes, json_object_new_string(prefix_format(&end->prefixes[i], text)));
	json_object_object_add(object, "addresses", prefixes);
	json_object_object_add(object, "expect", roles_to_json(ruleset, &set->expect));
	json_object_object_add(object, "zones", zones_to_json(set->zones));
	return object;
}

static struct json_object *ports_to_json(const struct port_range *ports, size_t n)
{
	struct json_object *array = json_object_new_array();
	for (size_t i = 0; i < n; i++) {
		struct json_object *range = json_object_new_array();
		json_object_array_add(range, json_object_new_int(ports[i].first));
		json_object_array_add(range, json_object_new_int(ports[i].last));
		json_object_array_add(array, range);
	}
	return array;
}

static struct json_object *cite_to_json(const struct ruleset_rule *rule, const struct cite *cite)
{
	const struct document *document = rule_document(rule, cite->document);
	struct json_object *object = json_object_new_object();
	add_text(object, "document", cite->document);
	add_text(object, "title", document->title);
	add_text(object, "address", document->address);
	add_text(object, "language", document->language);
	add_text(object, "date", document->date);
	if (cite->row) {
		json_object_object_add(object, "table", json_object_new_int(cite->table));
		json_object_object_add(object, "row", json_object_new_int(cite->row));
	}
	add_text(object, "where", cite->where);
	json_object_object_add(object, "cells", texts_to_json(cite->cells, cite->n_cells));
	return object;
}

static void add_state(struct json_object *object, const struct ruleset *ruleset,
                      const struct ruleset_rule *rule)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	if (!ruleset->site)
		return;
	json_object_object_add(object, "in_use", json_object_new_boolean(rule->is_declared));
	bool is_expected = rule->has_expect || rule->is_expected_by_feature;
	json_object_object_add(object, "expected", json_object_new_boolean(is_expected));
	if (rule->has_expect && rule->expect.within_ns) {
		rule_add_duration(&buf, rule->expect.within_ns);
		add_text(object, "within", strbuf_text(&buf));
	}
	if (rule->severity != SEVERITY_UNSET)
		add_text(object, "severity", severity_word(rule->severity));
}

static void add_origin(struct json_object *object, const struct ruleset_rule *from)
{
	const struct rule *rule = from->rule;
	struct json_object *cites = json_object_new_array();
	for (size_t i = 0; i < rule->n_cites; i++)
		json_object_array_add(cites, cite_to_json(from, &rule->cites[i]));
	json_object_object_add(object, "cites", cites);
	add_text(object, "disputed", rule->disputed);
	add_text(object, "note", rule->note);
	if (from->allow) {
		add_text(object, "why", from->allow->why);
		add_text(object, "owner", from->allow->owner);
	}
}

struct json_object *rule_to_json(const struct ruleset *ruleset, const struct ruleset_rule *from)
{
	_cleanup_(strbuf_deinit) struct strbuf transport = STRBUF_INIT;
	const struct rule *rule = from->rule;
	struct json_object *object = json_object_new_object();
	rule_add_transport(&transport, rule);
	add_text(object, "id", rule->id);
	add_text(object, "title", rule->title);
	add_text(object, "pack", from->pack ? from->pack->id : NULL);
	add_text(object, "facet_of", rule->facet_of);
	add_text(object, "pair", rule->pair);
	json_object_object_add(object, "group", json_object_new_int(from->group));
	json_object_object_add(object, "from", end_to_json(ruleset, &rule->from, &from->from));
	json_object_object_add(object, "to", end_to_json(ruleset, &rule->to, &from->to));
	add_text(object, "transport", strbuf_text(&transport));
	json_object_object_add(object, "ports", ports_to_json(rule->ports, rule->n_ports));
	if (rule->n_default_ports)
		json_object_object_add(object, "documented_ports",
		                       ports_to_json(rule->default_ports, rule->n_default_ports));
	add_text(object, "port_end", port_end_word(rule->port_end));
	add_text(object, "protocol", family_word(rule->family));
	add_text(object, "security", security_rule_word(rule->security));
	add_text(object, "need", from->allow ? "allowed" : need_word(rule->need));
	json_object_object_add(object, "features", texts_to_json(rule->features, rule->n_features));
	json_object_object_add(object, "features_all", json_object_new_boolean(rule->features_all));
	add_state(object, ruleset, from);
	add_origin(object, from);
	return object;
}

struct json_object *rules_to_json(const struct ruleset *ruleset)
{
	struct json_object *array = json_object_new_array();
	for (size_t i = 0; i < ruleset->n_rules; i++)
		json_object_array_add(array, rule_to_json(ruleset, &ruleset->rules[i]));
	return array;
}

/* Every from and to that a rule names, as in the printed matrix, without its layout. */
struct json_object *matrix_to_json(const struct ruleset *ruleset)
{
	struct json_object *array = json_object_new_array();
	for (size_t i = 0; i < ruleset->n_rules; i++) {
		const struct ruleset_rule *from = &ruleset->rules[i];
		_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
		struct json_object *cell = json_object_new_object();
		add_text(cell, "rule", from->rule->id);
		rule_add_end(&buf, &from->rule->from);
		add_text(cell, "from", strbuf_text(&buf));
		strbuf_clear(&buf);
		rule_add_end(&buf, &from->rule->to);
		add_text(cell, "to", strbuf_text(&buf));
		strbuf_clear(&buf);
		rule_add_transport(&buf, from->rule);
		add_text(cell, "transport", strbuf_text(&buf));
		json_object_object_add(cell, "ports",
		                       ports_to_json(from->rule->ports, from->rule->n_ports));
		json_object_object_add(cell, "from_zones", zones_to_json(from->from.zones));
		json_object_object_add(cell, "to_zones", zones_to_json(from->to.zones));
		json_object_array_add(array, cell);
	}
	return array;
}

int json_print(FILE *out, struct json_object *object)
{
	const char *text =
	        object ? json_object_to_json_string_ext(
	                         object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
	                                         JSON_C_TO_STRING_NOSLASHESCAPE)
	               : NULL;
	if (!text)
		return -ENOMEM;
	errno = 0;
	if (fprintf(out, "%s\n", text) < 0 || fflush(out))
		return errno ? -errno : -EIO;
	return 0;
}
