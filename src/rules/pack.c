/*
 * Pack files: a documented flow table, with the printed rows each rule rests on.
 *
 * A pack is complete by itself: every role, set, feature and document that a rule names is
 * declared in the same file, so all of it is checked here, before any site is known. What only
 * a site can say (which feature is in use, which port was changed) is ruleset.c's.
 *
 * The sections are read in the order documents, roles, features, rules, whatever their order in
 * the file, because each names things of those before it.
 */
#include <errno.h>

#include "priv.h"

enum {
	PACK_ARENA_BYTES = 64 * 1024 * 1024,
	MAX_DOCUMENTS = 256,
	MAX_EMPTY_ROWS = 256,
	MAX_ROLES = 256, /* sets included */
	MAX_CITES = 64,
};

/* The pack being read, and the names of what it has so far, for look-ups and near misses. */
struct loader {
	struct input in;
	struct pack *pack;
	const char **role_ids, **feature_ids, **document_ids;
};

static ptrdiff_t find_name(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (ptrdiff_t)i;
	return -1;
}

/* Checks a section's list and its length. */
static int begin_section(struct loader *ld, const struct node *node, size_t max)
{
	input_where(&ld->in, "%s", "");
	int r = value_is_list(&ld->in, node);
	if (r == 0 && node->n_children > max)
		return input_fail(&ld->in, node->line, "%s: more than %zu", node->key->text, max);
	return r;
}

/*
 * Names the place for messages by the id the map has, if it has one that can be shown: a mistake
 * in an entry is then found by name too.
 */
static void name_place(struct loader *ld, const char *what, const struct node *node, size_t index)
{
	char shown[VALUE_SHOWN_SIZE];
	input_where(&ld->in, "%s %zu", what, index + 1);
	if (node->type != NODE_MAP)
		return;
	for (const struct node *child = node->first; child; child = child->next)
		if (strcmp(child->key->text, "id") == 0 && child->type == NODE_SCALAR)
			input_where(&ld->in, "%s \"%s\"", what, value_shown(child->text, shown));
}

/* Reads the id and refuses one that an earlier entry of the section has. */
static int read_new_id(struct loader *ld, const struct node *node, const char **ids, size_t n,
                       const char **out)
{
	int r = value_id(&ld->in, node, out);
	if (r)
		return r;
	if (find_name(ids, n, *out) >= 0)
		return input_fail(&ld->in, node->line, "the id stands twice");
	ids[n] = *out;
	return 0;
}

static int read_optional_text(struct loader *ld, const struct node *node, const char **out)
{
	return node ? value_text(&ld->in, node, out) : 0;
}

/* ---- documents ---------------------------------------------------------------------------- */

static int read_empty_rows(struct loader *ld, const struct node *node, struct document *document)
{
	static const struct value_key keys[] = { { "table", true }, { "row", true } };
	const struct node *v[ARRAY_SIZE(keys)];
	int r = value_is_list(&ld->in, node);
	if (r)
		return r;
	if (node->n_children > MAX_EMPTY_ROWS)
		return input_fail(&ld->in, node->line, "empty: more than %d", MAX_EMPTY_ROWS);
	document->empty = input_alloc(&ld->in, node->n_children, sizeof(*document->empty));
	if (!document->empty)
		return -ENOMEM;
	for (const struct node *child = node->first; child; child = child->next) {
		size_t i = document->n_empty++;
		r = value_map(&ld->in, child, keys, ARRAY_SIZE(keys), v);
		if (r == 0)
			r = value_number(&ld->in, v[0], &document->empty[i].table);
		if (r == 0)
			r = value_number(&ld->in, v[1], &document->empty[i].row);
		if (r)
			return r;
	}
	return 0;
}

static int read_document(struct loader *ld, const struct node *node, size_t index)
{
	enum { ID, TITLE, ADDRESS, PUBLISHER, LANGUAGE, DATE, LICENCE, EMPTY, N };
	static const struct value_key keys[N] = {
		[ID] = { "id", true },
		[TITLE] = { "title", true },
		[ADDRESS] = { "address", true },
		[PUBLISHER] = { "publisher", false },
		[LANGUAGE] = { "language", false },
		[DATE] = { "date", false },
		[LICENCE] = { "licence", false },
		[EMPTY] = { "empty", false },
	};
	const struct node *v[N];
	struct document *document = &ld->pack->documents[index];
	name_place(ld, "document", node, index);
	int r = value_map(&ld->in, node, keys, N, v);
	if (r)
		return r;
	r = read_new_id(ld, v[ID], ld->document_ids, index, &document->id);
	const struct {
		const struct node *node;
		const char **out;
	} texts[] = {
		{ v[TITLE], &document->title },         { v[ADDRESS], &document->address },
		{ v[PUBLISHER], &document->publisher }, { v[LANGUAGE], &document->language },
		{ v[DATE], &document->date },           { v[LICENCE], &document->licence },
	};
	for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++)
		r = read_optional_text(ld, texts[i].node, texts[i].out);
	if (r == 0 && v[EMPTY])
		r = read_empty_rows(ld, v[EMPTY], document);
	return r;
}

static int read_documents(struct loader *ld, const struct node *node)
{
	int r = begin_section(ld, node, MAX_DOCUMENTS);
	if (r)
		return r;
	ld->pack->documents = input_alloc(&ld->in, node->n_children, sizeof(struct document));
	ld->document_ids = input_alloc(&ld->in, node->n_children, sizeof(char *));
	if (!ld->pack->documents || !ld->document_ids)
		return -ENOMEM;
	for (const struct node *child = node->first; child && r == 0; child = child->next) {
		r = read_document(ld, child, ld->pack->n_documents);
		ld->pack->n_documents++;
	}
	return r;
}

/* ---- roles -------------------------------------------------------------------------------- */

static const char *const kind_words[] = {
	[ROLE_SERVER] = "server",
	[ROLE_CLIENT] = "client",
	[ROLE_PARTNER] = "partner",
};
static const char *const zone_words[] = {
	[ZONE_OUTSIDE] = "outside",
	[ZONE_PERIMETER] = "perimeter",
	[ZONE_INSIDE] = "inside",
};

enum role_key {
	ROLE_ID,
	ROLE_TITLE,
	ROLE_KIND,
	ROLE_ZONE,
	ROLE_FACES,
	ROLE_DEFAULT,
	ROLE_INCLUDES,
	N_ROLE_KEYS
};

static int read_set(struct loader *ld, const struct node *const *v, struct role *role)
{
	for (enum role_key key = ROLE_KIND; key <= ROLE_DEFAULT; key++)
		if (v[key])
			return input_fail(&ld->in, v[key]->line, "a set (includes) has no \"%s\"",
			                  v[key]->key->text);
	role->is_set = true;
	return value_ids(&ld->in, v[ROLE_INCLUDES], &role->includes, &role->n_includes);
}

static int read_faces(struct loader *ld, const struct node *node, struct role *role)
{
	unsigned word = 0;
	role->faces = role->zone == ZONE_PERIMETER ? ZONE_OUTSIDE : role->zone;
	if (!node)
		return 0;
	int r = value_word(&ld->in, node, zone_words, N_ZONES, &word);
	if (r)
		return r;
	if (role->zone != ZONE_PERIMETER || word == ZONE_PERIMETER)
		return input_fail(&ld->in, node->line,
		                  "faces: only a perimeter role faces a zone, outside or inside");
	role->faces = (enum zone)word;
	return 0;
}

static int read_default(struct loader *ld, const struct node *node, struct role *role)
{
	int r = node ? value_bool(&ld->in, node, &role->has_default) : 0;
	if (r)
		return r;
	if (role->has_default && (role->kind == ROLE_SERVER || role->zone == ZONE_PERIMETER))
		return input_fail(&ld->in, node->line,
		                  "default: only a client or partner, outside or inside, can play "
		                  "addresses without a role");
	return 0;
}

static int read_role(struct loader *ld, const struct node *node, size_t index)
{
	static const struct value_key keys[N_ROLE_KEYS] = {
		[ROLE_ID] = { "id", true },
		[ROLE_TITLE] = { "title", false },
		[ROLE_KIND] = { "kind", false },
		[ROLE_ZONE] = { "zone", false },
		[ROLE_FACES] = { "faces", false },
		[ROLE_DEFAULT] = { "default", false },
		[ROLE_INCLUDES] = { "includes", false },
	};
	const struct node *v[N_ROLE_KEYS];
	struct role *role = &ld->pack->roles[index];
	unsigned word = 0;
	name_place(ld, "role", node, index);
	role->line = node->line;
	int r = value_map(&ld->in, node, keys, N_ROLE_KEYS, v);
	if (r == 0)
		r = read_new_id(ld, v[ROLE_ID], ld->role_ids, index, &role->id);
	if (r == 0)
		r = read_optional_text(ld, v[ROLE_TITLE], &role->title);
	if (r)
		return r;
	if (v[ROLE_INCLUDES])
		return read_set(ld, v, role);
	if (!v[ROLE_KIND] || !v[ROLE_ZONE])
		return input_fail(
		        &ld->in, node->line,
		        "\"%s\" is missing (a role has kind and zone, a set has includes)",
		        v[ROLE_KIND] ? "zone" : "kind");
	r = value_word(&ld->in, v[ROLE_KIND], kind_words, ARRAY_SIZE(kind_words), &word);
	role->kind = (enum role_kind)word;
	if (r == 0)
		r = value_word(&ld->in, v[ROLE_ZONE], zone_words, N_ZONES, &word);
	role->zone = (enum zone)word;
	if (r == 0)
		r = read_faces(ld, v[ROLE_FACES], role);
	return r ? r : read_default(ld, v[ROLE_DEFAULT], role);
}

static int check_role_name(struct loader *ld, int line, const char *name)
{
	const struct pack *pack = ld->pack;
	if (find_name(ld->role_ids, pack->n_roles, name) >= 0)
		return 0;
	return input_fail_name(&ld->in, line, "role", name, ld->role_ids, pack->n_roles);
}

/* Depth-first over sets; state: 0 new, 1 on the way, 2 done. At most MAX_ROLES deep. */
static int check_set(struct loader *ld, size_t index, uint8_t *state)
{
	const struct role *role = &ld->pack->roles[index];
	if (!role->is_set || state[index] == 2)
		return 0;
	state[index] = 1;
	for (size_t i = 0; i < role->n_includes; i++) {
		input_where(&ld->in, "role \"%s\"", role->id);
		int r = check_role_name(ld, role->line, role->includes[i]);
		if (r)
			return r;
		size_t next = (size_t)find_name(ld->role_ids, ld->pack->n_roles, role->includes[i]);
		if (state[next] == 1)
			return input_fail(&ld->in, role->line,
			                  "the set includes \"%s\", which includes it",
			                  role->includes[i]);
		r = check_set(ld, next, state);
		if (r)
			return r;
	}
	state[index] = 2;
	return 0;
}

static int read_roles(struct loader *ld, const struct node *node)
{
	uint8_t state[MAX_ROLES] = { 0 };
	int r = begin_section(ld, node, MAX_ROLES);
	if (r)
		return r;
	ld->pack->roles = input_alloc(&ld->in, node->n_children, sizeof(struct role));
	ld->role_ids = input_alloc(&ld->in, node->n_children, sizeof(char *));
	if (!ld->pack->roles || !ld->role_ids)
		return -ENOMEM;
	size_t n_plain = 0;
	for (const struct node *child = node->first; child && r == 0; child = child->next) {
		r = read_role(ld, child, ld->pack->n_roles);
		n_plain += !ld->pack->roles[ld->pack->n_roles].is_set;
		ld->pack->n_roles++;
	}
	for (size_t i = 0; i < ld->pack->n_roles && r == 0; i++)
		r = check_set(ld, i, state);
	input_where(&ld->in, "%s", "");
	if (r == 0 && n_plain > RULESET_MAX_ROLES)
		return input_fail(&ld->in, node->line, "roles: more than %d that are no sets",
		                  RULESET_MAX_ROLES);
	return r;
}

/* ---- features ----------------------------------------------------------------------------- */

static int read_feature(struct loader *ld, const struct node *node, size_t index)
{
	enum { ID, TITLE, ALWAYS, OPTION, VALUE, N };
	static const struct value_key keys[N] = {
		[ID] = { "id", true },          [TITLE] = { "title", false },
		[ALWAYS] = { "always", false }, [OPTION] = { "option", false },
		[VALUE] = { "value", false },
	};
	const struct node *v[N];
	struct feature *feature = &ld->pack->features[index];
	name_place(ld, "feature", node, index);
	feature->line = node->line;
	int r = value_map(&ld->in, node, keys, N, v);
	if (r == 0)
		r = read_new_id(ld, v[ID], ld->feature_ids, index, &feature->id);
	if (r == 0)
		r = read_optional_text(ld, v[TITLE], &feature->title);
	if (r == 0 && v[ALWAYS])
		r = value_bool(&ld->in, v[ALWAYS], &feature->is_always);
	if (r)
		return r;
	if (!v[OPTION] != !v[VALUE])
		return input_fail(&ld->in, node->line, "\"%s\" is missing beside \"%s\"",
		                  v[OPTION] ? "value" : "option", v[OPTION] ? "option" : "value");
	if (!v[OPTION])
		return 0;
	if (feature->is_always)
		return input_fail(&ld->in, node->line, "always and option exclude each other");
	r = value_id(&ld->in, v[OPTION], &feature->option);
	return r ? r : value_id(&ld->in, v[VALUE], &feature->option_value);
}

static int read_features(struct loader *ld, const struct node *node)
{
	int r = begin_section(ld, node, RULESET_MAX_FEATURES);
	if (r)
		return r;
	ld->pack->features = input_alloc(&ld->in, node->n_children, sizeof(struct feature));
	ld->feature_ids = input_alloc(&ld->in, node->n_children, sizeof(char *));
	if (!ld->pack->features || !ld->feature_ids)
		return -ENOMEM;
	for (const struct node *child = node->first; child && r == 0; child = child->next) {
		r = read_feature(ld, child, ld->pack->n_features);
		ld->pack->n_features++;
	}
	return r;
}

/* ---- rules -------------------------------------------------------------------------------- */

enum rule_key {
	RULE_ID,
	RULE_TITLE,
	RULE_FACET_OF,
	RULE_PAIR,
	RULE_FROM,
	RULE_TO,
	RULE_PRINTED,
	RULE_EXPECT,
	RULE_TRANSPORT,
	RULE_PORTS,
	RULE_PORT_END,
	RULE_PROTOCOL,
	RULE_SECURITY,
	RULE_NEED,
	RULE_FEATURE,
	RULE_CITES,
	RULE_DISPUTED,
	RULE_NOTE,
	N_RULE_KEYS
};

static const struct value_key rule_keys[N_RULE_KEYS] = {
	[RULE_ID] = { "id", true },
	[RULE_TITLE] = { "title", true },
	[RULE_FACET_OF] = { "facet-of", false },
	[RULE_PAIR] = { "pair", false },
	[RULE_FROM] = { "from", true },
	[RULE_TO] = { "to", true },
	[RULE_PRINTED] = { "printed", false },
	[RULE_EXPECT] = { "expect", false },
	[RULE_TRANSPORT] = { "transport", true },
	[RULE_PORTS] = { "ports", true },
	[RULE_PORT_END] = { "port-end", false },
	[RULE_PROTOCOL] = { "protocol", true },
	[RULE_SECURITY] = { "security", true },
	[RULE_NEED] = { "need", true },
	[RULE_FEATURE] = { "feature", false },
	[RULE_CITES] = { "cites", false },
	[RULE_DISPUTED] = { "disputed", false },
	[RULE_NOTE] = { "note", false },
};

static int read_role_names(struct loader *ld, const struct node *node, const char ***out, size_t *n)
{
	int r = value_ids(&ld->in, node, out, n);
	const struct node *child = node->first;
	for (size_t i = 0; r == 0 && i < *n; i++, child = child->next)
		r = check_role_name(ld, child->line, (*out)[i]);
	return r;
}

static int read_end(struct loader *ld, const struct node *node, struct rule_end *end)
{
	if (node->type == NODE_LIST) {
		end->form = END_ROLES;
		end->printed = END_ROLES;
		return read_role_names(ld, node, &end->roles, &end->n_roles);
	}
	if (node->type == NODE_SCALAR && strcmp(node->text, "any") == 0)
		end->form = END_ANY;
	else if (node->type == NODE_SCALAR && strcmp(node->text, "unstated") == 0)
		end->form = END_UNSTATED;
	else
		return value_fail(&ld->in, node, "a list of roles, any or unstated");
	end->printed = end->form;
	return 0;
}

static int read_printed_end(struct loader *ld, const struct node *node, struct rule_end *end)
{
	static const char *const words[] = { "any", "unstated" };
	unsigned word = 0;
	int r = value_word(&ld->in, node, words, ARRAY_SIZE(words), &word);
	if (r)
		return r;
	if (end->form != END_ROLES)
		return input_fail(&ld->in, node->line,
		                  "printed: \"%s\" names no roles, so what is printed is known",
		                  node->key->text);
	end->printed = word == 0 ? END_ANY : END_UNSTATED;
	return 0;
}

static int read_expect_end(struct loader *ld, const struct node *node, struct rule_end *end)
{
	if (end->form == END_UNSTATED)
		return input_fail(&ld->in, node->line,
		                  "expect: \"%s\" is unstated; such a rule is never expected",
		                  node->key->text);
	return read_role_names(ld, node, &end->expect, &end->n_expect);
}

/* {from: X, to: Y}, either may be left out. */
static int read_both_ends(struct loader *ld, const struct node *node, struct rule *rule,
                          int (*read)(struct loader *, const struct node *, struct rule_end *))
{
	static const struct value_key keys[] = { { "from", false }, { "to", false } };
	const struct node *v[ARRAY_SIZE(keys)];
	int r = value_map(&ld->in, node, keys, ARRAY_SIZE(keys), v);
	if (r == 0 && v[0])
		r = read(ld, v[0], &rule->from);
	if (r == 0 && v[1])
		r = read(ld, v[1], &rule->to);
	return r;
}

static int read_ends(struct loader *ld, const struct node *const *v, struct rule *rule)
{
	int r = read_end(ld, v[RULE_FROM], &rule->from);
	if (r == 0)
		r = read_end(ld, v[RULE_TO], &rule->to);
	if (r == 0 && rule->from.form != END_ROLES && rule->to.form != END_ROLES)
		return input_fail(&ld->in, rule->line,
		                  "neither end names a role; any and unstated are read from the "
		                  "other end");
	if (r == 0 && v[RULE_PRINTED])
		r = read_both_ends(ld, v[RULE_PRINTED], rule, read_printed_end);
	if (r == 0 && v[RULE_EXPECT])
		r = read_both_ends(ld, v[RULE_EXPECT], rule, read_expect_end);
	return r;
}

static int read_transport(struct loader *ld, const struct node *const *v, struct rule *rule)
{
	static const char *const transports[] = { "tcp", "udp", "tcp+udp" };
	static const char *const port_ends[] = {
		[PORT_OF_RESPONDER] = "responder",
		[PORT_OF_TO] = "to",
		[PORT_OF_FROM] = "from",
		[PORT_OF_EITHER] = "either",
	};
	unsigned word = 0;
	int r = value_word(&ld->in, v[RULE_TRANSPORT], transports, ARRAY_SIZE(transports), &word);
	rule->tcp = word != 1;
	rule->udp = word != 0;
	if (r == 0)
		r = value_ports(&ld->in, v[RULE_PORTS], false, &rule->ports, &rule->n_ports);
	word = PORT_OF_RESPONDER;
	if (r == 0 && v[RULE_PORT_END])
		r = value_word(&ld->in, v[RULE_PORT_END], port_ends, ARRAY_SIZE(port_ends), &word);
	rule->port_end = (enum port_end)word;
	return r;
}

static int read_feature_names(struct loader *ld, const struct node *node, struct rule *rule)
{
	static const struct value_key keys[] = { { "any", false }, { "all", false } };
	const struct node *v[ARRAY_SIZE(keys)];
	if (node->type == NODE_SCALAR) {
		rule->n_features = 1;
		rule->features = input_alloc(&ld->in, 1, sizeof(*rule->features));
		return rule->features ? value_id(&ld->in, node, &rule->features[0]) : -ENOMEM;
	}
	int r = value_map(&ld->in, node, keys, ARRAY_SIZE(keys), v);
	if (r)
		return r;
	if (!v[0] == !v[1])
		return input_fail(&ld->in, node->line,
		                  "feature: expected one id, {any: [...]} or {all: [...]}");
	rule->features_all = v[1] != NULL;
	return value_ids(&ld->in, v[0] ? v[0] : v[1], &rule->features, &rule->n_features);
}

static int read_need(struct loader *ld, const struct node *const *v, struct rule *rule)
{
	static const char *const needs[] = {
		[NEED_REQUIRED] = "required",
		[NEED_CONDITIONAL] = "conditional",
		[NEED_OPTIONAL] = "optional",
	};
	unsigned word = 0;
	int r = value_word(&ld->in, v[RULE_NEED], needs, ARRAY_SIZE(needs), &word);
	rule->need = (enum need)word;
	if (r == 0 && v[RULE_FEATURE])
		r = read_feature_names(ld, v[RULE_FEATURE], rule);
	const struct pack *pack = ld->pack;
	for (size_t i = 0; r == 0 && i < rule->n_features; i++)
		if (find_name(ld->feature_ids, pack->n_features, rule->features[i]) < 0)
			r = input_fail_name(&ld->in, v[RULE_FEATURE]->line, "feature",
			                    rule->features[i], ld->feature_ids, pack->n_features);
	if (r == 0 && rule->need == NEED_CONDITIONAL && rule->n_features == 0)
		return input_fail(&ld->in, rule->line,
		                  "need: conditional, but no feature it depends on");
	return r;
}

/* A cite names a printed row, or says where in the running text. */
static int check_cite(struct loader *ld, const struct node *node, const struct cite *cite)
{
	const struct document *document = NULL;
	for (size_t i = 0; i < ld->pack->n_documents; i++)
		if (strcmp(ld->pack->documents[i].id, cite->document) == 0)
			document = &ld->pack->documents[i];
	if (!document)
		return input_fail_name(&ld->in, node->line, "document", cite->document,
		                       ld->document_ids, ld->pack->n_documents);
	if (!cite->table != !cite->row || !cite->table == !cite->where)
		return input_fail(&ld->in, node->line,
		                  "cites: expected table and row, or where in the running text");
	for (size_t i = 0; i < document->n_empty; i++)
		if (document->empty[i].table == cite->table && document->empty[i].row == cite->row)
			return input_fail(&ld->in, node->line,
			                  "cites: row %u of table %u is listed as empty", cite->row,
			                  cite->table);
	return 0;
}

static int read_cite(struct loader *ld, const struct node *node, struct cite *cite)
{
	enum { DOCUMENT, TABLE, ROW, WHERE, CELLS, N };
	static const struct value_key keys[N] = {
		[DOCUMENT] = { "document", true }, [TABLE] = { "table", false },
		[ROW] = { "row", false },          [WHERE] = { "where", false },
		[CELLS] = { "cells", false },
	};
	const struct node *v[N];
	int r = value_map(&ld->in, node, keys, N, v);
	if (r == 0)
		r = value_id(&ld->in, v[DOCUMENT], &cite->document);
	if (r == 0 && v[TABLE])
		r = value_number(&ld->in, v[TABLE], &cite->table);
	if (r == 0 && v[ROW])
		r = value_number(&ld->in, v[ROW], &cite->row);
	if (r == 0)
		r = read_optional_text(ld, v[WHERE], &cite->where);
	if (r == 0 && v[CELLS])
		r = value_texts(&ld->in, v[CELLS], &cite->cells, &cite->n_cells);
	return r ? r : check_cite(ld, node, cite);
}

static int read_cites(struct loader *ld, const struct node *node, struct rule *rule)
{
	if (!node)
		return input_fail(&ld->in, rule->line,
		                  "no citation; \"cites\" must name the row it rests on");
	int r = value_is_list(&ld->in, node);
	if (r)
		return r;
	if (node->n_children > MAX_CITES)
		return input_fail(&ld->in, node->line, "cites: more than %d", MAX_CITES);
	rule->cites = input_alloc(&ld->in, node->n_children, sizeof(*rule->cites));
	if (!rule->cites)
		return -ENOMEM;
	for (const struct node *child = node->first; child; child = child->next) {
		struct cite *cite = &rule->cites[rule->n_cites];
		r = read_cite(ld, child, cite);
		if (r)
			return r;
		for (size_t i = 0; i < rule->n_cites; i++)
			if (cite->row && rule->cites[i].row == cite->row &&
			    rule->cites[i].table == cite->table &&
			    strcmp(rule->cites[i].document, cite->document) == 0)
				return input_fail(&ld->in, child->line,
				                  "cites: row %u of table %u stands twice",
				                  cite->row, cite->table);
		rule->n_cites++;
	}
	return 0;
}

/* A facet keeps its printed id as prefix, so that a reader sees where it came from. */
static int read_relations(struct loader *ld, const struct node *const *v, struct rule *rule)
{
	int r = v[RULE_PAIR] ? value_id(&ld->in, v[RULE_PAIR], &rule->pair) : 0;
	if (r || !v[RULE_FACET_OF])
		return r;
	r = value_id(&ld->in, v[RULE_FACET_OF], &rule->facet_of);
	if (r)
		return r;
	size_t len = strlen(rule->facet_of);
	if (strncmp(rule->id, rule->facet_of, len) != 0 || rule->id[len] != '-')
		return input_fail(&ld->in, v[RULE_FACET_OF]->line,
		                  "facet-of: the id must begin with \"%s-\"", rule->facet_of);
	return 0;
}

static int read_rule(struct loader *ld, const struct node *node, size_t index)
{
	const struct node *v[N_RULE_KEYS];
	struct rule *rule = &ld->pack->rules[index];
	name_place(ld, "rule", node, index);
	rule->line = node->line;
	int r = value_map(&ld->in, node, rule_keys, N_RULE_KEYS, v);
	if (r == 0)
		r = value_id(&ld->in, v[RULE_ID], &rule->id);
	if (r == 0)
		r = value_text(&ld->in, v[RULE_TITLE], &rule->title);
	if (r == 0)
		r = read_relations(ld, v, rule);
	if (r == 0)
		r = read_ends(ld, v, rule);
	if (r == 0)
		r = read_transport(ld, v, rule);
	if (r == 0)
		r = value_family(&ld->in, v[RULE_PROTOCOL], &rule->family);
	if (r == 0)
		r = value_security(&ld->in, v[RULE_SECURITY], &rule->security);
	if (r == 0)
		r = read_need(ld, v, rule);
	if (r == 0)
		r = read_cites(ld, v[RULE_CITES], rule);
	if (r == 0)
		r = read_optional_text(ld, v[RULE_DISPUTED], &rule->disputed);
	if (r == 0)
		r = read_optional_text(ld, v[RULE_NOTE], &rule->note);
	return r ? r : rule_check_possible(&ld->in, rule);
}

/* Ids are known only now, so pairs are looked up last. */
static int check_pairs(struct loader *ld, const char *const *ids)
{
	const struct pack *pack = ld->pack;
	for (size_t i = 0; i < pack->n_rules; i++) {
		const struct rule *rule = &pack->rules[i];
		if (!rule->pair)
			continue;
		input_where(&ld->in, "rule \"%s\": pair", rule->id);
		if (strcmp(rule->pair, rule->id) == 0)
			return input_fail(&ld->in, rule->line, "a rule is no pair of itself");
		if (find_name(ids, pack->n_rules, rule->pair) < 0)
			return input_fail_name(&ld->in, rule->line, "rule", rule->pair, ids,
			                       pack->n_rules);
	}
	return 0;
}

static int check_rules(struct loader *ld)
{
	struct pack *pack = ld->pack;
	const struct rule **rules = input_alloc(&ld->in, pack->n_rules, sizeof(*rules));
	const char **ids = input_alloc(&ld->in, pack->n_rules, sizeof(*ids));
	if (!rules || !ids)
		return -ENOMEM;
	for (size_t i = 0; i < pack->n_rules; i++) {
		rules[i] = &pack->rules[i];
		ids[i] = pack->rules[i].id;
	}
	int r = rule_check_unique(&ld->in, rules, pack->n_rules);
	return r ? r : check_pairs(ld, ids);
}

static int read_rules(struct loader *ld, const struct node *node)
{
	int r = begin_section(ld, node, RULES_MAX_RULES);
	if (r)
		return r;
	ld->pack->rules = input_alloc(&ld->in, node->n_children, sizeof(struct rule));
	if (!ld->pack->rules)
		return -ENOMEM;
	for (const struct node *child = node->first; child && r == 0; child = child->next) {
		r = read_rule(ld, child, ld->pack->n_rules);
		ld->pack->n_rules++;
	}
	return r ? r : check_rules(ld);
}

/* ---- the file ----------------------------------------------------------------------------- */

static int read_pack(struct loader *ld, const struct node *root)
{
	enum { PACK, VERSION, PRODUCT, TITLE, DOCUMENTS, ROLES, FEATURES, RULES, N };
	static const struct value_key keys[N] = {
		[PACK] = { "pack", true },           [VERSION] = { "version", true },
		[PRODUCT] = { "product", true },     [TITLE] = { "title", false },
		[DOCUMENTS] = { "documents", true }, [ROLES] = { "roles", true },
		[FEATURES] = { "features", false },  [RULES] = { "rules", true },
	};
	const struct node *v[N];
	struct pack *pack = ld->pack;
	int r = value_map(&ld->in, root, keys, N, v);
	if (r == 0)
		r = value_id(&ld->in, v[PACK], &pack->id);
	if (r == 0)
		r = value_text(&ld->in, v[VERSION], &pack->version);
	if (r == 0)
		r = value_text(&ld->in, v[PRODUCT], &pack->product);
	if (r == 0)
		r = read_optional_text(ld, v[TITLE], &pack->title);
	if (r == 0)
		r = read_documents(ld, v[DOCUMENTS]);
	if (r == 0)
		r = read_roles(ld, v[ROLES]);
	if (r == 0 && v[FEATURES])
		r = read_features(ld, v[FEATURES]);
	return r ? r : read_rules(ld, v[RULES]);
}

int pack_load(struct pack **out, const char *file, struct bytes text, struct err *err)
{
	_cleanup_(pack_freep) struct pack *pack = calloc(1, sizeof(*pack));
	_cleanup_(yaml_deinit) struct yaml yaml;
	struct loader ld = { .pack = pack };

	*out = NULL;
	int r = yaml_read(&yaml, file, text, err);
	if (r)
		return r;
	if (!pack)
		return -ENOMEM;
	arena_init(&pack->arena, PACK_ARENA_BYTES);
	ld.in = (struct input){ .file = file, .text = text, .arena = &pack->arena, .err = err };
	pack->file = arena_strdup(&pack->arena, file);
	if (!pack->file)
		return -ENOMEM;
	r = read_pack(&ld, yaml.root);
	if (r)
		return r;
	*out = pack;
	pack = NULL;
	return 0;
}

struct pack *pack_free(struct pack *pack)
{
	if (pack) {
		arena_deinit(&pack->arena);
		free(pack);
	}
	return NULL;
}
