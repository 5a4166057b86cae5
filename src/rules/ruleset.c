/*
 * What packs and a site make together: names become numbers, sets become bits, the site's changes
 * are applied. This is the only file that sees both, so every name in a site file that means
 * something of a pack is looked up here, and the message carries the site's line.
 *
 * A pack is complete by itself: its rules mean its own sets. A name in the site means the union
 * of what the packs call so. Roles and features of one id are one, and must then agree.
 *
 * Sets were shown to be without cycles when each pack was loaded; they are resolved once each, so
 * that a ladder of sets that include each other twice costs no more than its length.
 */
#include <errno.h>

#include "priv.h"

enum { RULESET_ARENA_BYTES = 64 * 1024 * 1024 };

/* A role or set as one pack calls it, with the roles it stands for. */
struct name {
	const struct pack *pack;
	const struct role *role;
	struct role_set set;
	bool is_resolved;
};

enum feature_state { FEATURE_OFF, FEATURE_OPEN, FEATURE_ON };

struct feature_entry {
	const struct feature *feature;
	const struct pack *pack;
	enum feature_state state;
};

struct builder {
	struct ruleset *ruleset;
	const struct site *site;
	struct input in;
	struct name *names;
	size_t n_names;
	const char **name_ids;
	struct feature_entry *features;
	size_t n_features;
	const char **feature_ids;
	const char **rule_ids; /* printed ids of facets too */
	size_t n_rule_ids;
};

static void *alloc(struct builder *b, size_t n, size_t size)
{
	return arena_alloc(&b->ruleset->arena, (n ? n : 1) * size);
}

static void in_pack(struct builder *b, const struct pack *pack)
{
	b->in.file = pack->file;
	b->in.where[0] = '\0';
}

static void in_site(struct builder *b)
{
	b->in.file = b->site->file;
	b->in.where[0] = '\0';
}

/* ---- roles -------------------------------------------------------------------------------- */

static struct name *find_name(struct builder *b, const struct pack *pack, const char *id)
{
	for (size_t i = 0; i < b->n_names; i++)
		if ((!pack || b->names[i].pack == pack) && strcmp(b->names[i].role->id, id) == 0)
			return &b->names[i];
	return NULL;
}

static int check_role_agrees(struct builder *b, const struct name *earlier, const struct pack *pack,
                             const struct role *role)
{
	const struct role *other = earlier->role;
	if (other->is_set == role->is_set &&
	    (role->is_set ||
	     (other->kind == role->kind && other->zone == role->zone &&
	      other->faces == role->faces && other->has_default == role->has_default)))
		return 0;
	in_pack(b, pack);
	return input_fail(&b->in, role->line,
	                  "role \"%s\" differs from the one in %s:%d (kind, zone, faces, default "
	                  "must agree)",
	                  role->id, earlier->pack->file, other->line);
}

static int add_role(struct builder *b, const struct pack *pack, const struct role *role)
{
	struct ruleset *ruleset = b->ruleset;
	const struct name *earlier = find_name(b, NULL, role->id);
	int r = earlier ? check_role_agrees(b, earlier, pack, role) : 0;
	if (r)
		return r;
	struct name *name = &b->names[b->n_names];
	*name = (struct name){ .pack = pack, .role = role, .is_resolved = !role->is_set };
	b->name_ids[b->n_names++] = role->id;
	if (role->is_set)
		return 0;
	int index = earlier ? ruleset_find_role(ruleset, role->id) : -1;
	if (index < 0) {
		if (ruleset->n_roles == RULESET_MAX_ROLES) {
			in_pack(b, pack);
			return input_fail(&b->in, role->line,
			                  "role \"%s\": the packs together have more than %d roles",
			                  role->id, RULESET_MAX_ROLES);
		}
		index = (int)ruleset->n_roles++;
		ruleset->roles[index].role = role;
	}
	role_set_add(&name->set, (unsigned)index);
	return 0;
}

static void resolve(struct builder *b, struct name *name)
{
	if (name->is_resolved)
		return;
	name->is_resolved = true;
	for (size_t i = 0; i < name->role->n_includes; i++) {
		struct name *next = find_name(b, name->pack, name->role->includes[i]);
		resolve(b, next);
		name->set.bits[0] |= next->set.bits[0];
		name->set.bits[1] |= next->set.bits[1];
	}
}

static int join_roles(struct builder *b)
{
	struct ruleset *ruleset = b->ruleset;
	size_t n = 0;
	for (size_t p = 0; p < ruleset->n_packs; p++)
		n += ruleset->packs[p]->n_roles;
	b->names = alloc(b, n, sizeof(*b->names));
	b->name_ids = alloc(b, n, sizeof(*b->name_ids));
	ruleset->roles = alloc(b, RULESET_MAX_ROLES, sizeof(*ruleset->roles));
	if (!b->names || !b->name_ids || !ruleset->roles)
		return -ENOMEM;
	for (size_t p = 0; p < ruleset->n_packs; p++) {
		const struct pack *pack = ruleset->packs[p];
		for (size_t i = 0; i < pack->n_roles; i++) {
			int r = add_role(b, pack, &pack->roles[i]);
			if (r)
				return r;
		}
	}
	for (size_t i = 0; i < b->n_names; i++)
		resolve(b, &b->names[i]);
	return 0;
}

static int join_site_roles(struct builder *b)
{
	const struct site *site = b->site;
	in_site(b);
	input_where(&b->in, "roles");
	for (size_t i = 0; i < site->n_addresses; i++) {
		const struct site_address *address = &site->addresses[i];
		const struct name *name = find_name(b, NULL, address->role);
		if (!name)
			return input_fail_name(&b->in, address->line, "role", address->role,
			                       b->name_ids, b->n_names);
		if (name->role->is_set)
			return input_fail(&b->in, address->line,
			                  "\"%s\" is a set; give the address to a role it includes",
			                  address->role);
		int index = ruleset_find_role(b->ruleset, address->role);
		b->ruleset->roles[index].is_given = true;
	}
	return 0;
}

/* Any address of the Internet may be a client, whichever the site names; the rest give way. */
static void set_defaults(struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->n_roles; i++) {
		struct ruleset_role *role = &ruleset->roles[i];
		bool is_outside_client =
		        role->role->kind == ROLE_CLIENT && role->role->zone == ZONE_OUTSIDE;
		role->plays_default =
		        role->role->has_default && (!role->is_given || is_outside_client);
	}
}

/* ---- features ----------------------------------------------------------------------------- */

static struct feature_entry *find_feature(struct builder *b, const char *id)
{
	for (size_t i = 0; i < b->n_features; i++)
		if (strcmp(b->features[i].feature->id, id) == 0)
			return &b->features[i];
	return NULL;
}

static bool texts_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static const struct site_option *find_option(const struct site *site, const char *name)
{
	for (size_t i = 0; site && i < site->n_options; i++)
		if (strcmp(site->options[i].name, name) == 0)
			return &site->options[i];
	return NULL;
}

static enum feature_state state_of(const struct builder *b, const struct feature *feature)
{
	if (feature->is_always)
		return FEATURE_ON;
	if (!b->site)
		return FEATURE_OPEN;
	if (feature->option) {
		const struct site_option *option = find_option(b->site, feature->option);
		if (!option)
			return FEATURE_OPEN;
		return texts_equal(option->value, feature->option_value) ? FEATURE_ON : FEATURE_OFF;
	}
	for (size_t i = 0; i < b->site->n_features; i++)
		if (strcmp(b->site->features[i], feature->id) == 0)
			return FEATURE_ON;
	return FEATURE_OFF;
}

static int add_feature(struct builder *b, const struct pack *pack, const struct feature *feature)
{
	const struct feature_entry *earlier = find_feature(b, feature->id);
	if (earlier) {
		const struct feature *other = earlier->feature;
		if (other->is_always == feature->is_always &&
		    texts_equal(other->option, feature->option) &&
		    texts_equal(other->option_value, feature->option_value))
			return 0;
		in_pack(b, pack);
		return input_fail(&b->in, feature->line,
		                  "feature \"%s\" differs from the one in %s:%d (always, option, "
		                  "value must agree)",
		                  feature->id, earlier->pack->file, other->line);
	}
	if (b->n_features == RULESET_MAX_FEATURES) {
		in_pack(b, pack);
		return input_fail(&b->in, feature->line,
		                  "feature \"%s\": the packs together have more than %d features",
		                  feature->id, RULESET_MAX_FEATURES);
	}
	b->feature_ids[b->n_features] = feature->id;
	b->features[b->n_features++] = (struct feature_entry){
		.feature = feature,
		.pack = pack,
		.state = state_of(b, feature),
	};
	return 0;
}

static int join_features(struct builder *b)
{
	const struct ruleset *ruleset = b->ruleset;
	b->features = alloc(b, RULESET_MAX_FEATURES, sizeof(*b->features));
	b->feature_ids = alloc(b, RULESET_MAX_FEATURES, sizeof(*b->feature_ids));
	if (!b->features || !b->feature_ids)
		return -ENOMEM;
	for (size_t p = 0; p < ruleset->n_packs; p++) {
		const struct pack *pack = ruleset->packs[p];
		for (size_t i = 0; i < pack->n_features; i++) {
			int r = add_feature(b, pack, &pack->features[i]);
			if (r)
				return r;
		}
	}
	return 0;
}

static int check_site_features(struct builder *b)
{
	const struct site *site = b->site;
	in_site(b);
	for (size_t i = 0; i < site->n_features; i++) {
		const struct feature_entry *entry = find_feature(b, site->features[i]);
		if (!entry)
			return input_fail_name(&b->in, site->feature_lines[i], "feature",
			                       site->features[i], b->feature_ids, b->n_features);
		if (entry->feature->option)
			return input_fail(&b->in, site->feature_lines[i],
			                  "feature \"%s\" is declared by options: {%s: %s}",
			                  site->features[i], entry->feature->option,
			                  entry->feature->option_value);
	}
	return 0;
}

/* Names of options, or the values of one; for look-ups and near misses. */
static size_t list_options(const struct builder *b, const char *option,
                           const char *out[RULESET_MAX_FEATURES])
{
	size_t n = 0;
	for (size_t i = 0; i < b->n_features; i++) {
		const struct feature *feature = b->features[i].feature;
		if (feature->option && (!option || strcmp(feature->option, option) == 0))
			out[n++] = option ? feature->option_value : feature->option;
	}
	return n;
}

static bool is_listed(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}

static int check_site_options(struct builder *b)
{
	const char *words[RULESET_MAX_FEATURES];
	const struct site *site = b->site;
	in_site(b);
	for (size_t i = 0; i < site->n_options; i++) {
		const struct site_option *option = &site->options[i];
		input_where(&b->in, "%s", "");
		size_t n = list_options(b, NULL, words);
		if (!is_listed(words, n, option->name))
			return input_fail_name(&b->in, option->line, "option", option->name, words,
			                       n);
		n = list_options(b, option->name, words);
		input_where(&b->in, "options: %s", option->name);
		if (!is_listed(words, n, option->value))
			return input_fail_name(&b->in, option->line, "value", option->value, words,
			                       n);
	}
	return 0;
}

/* ---- ends --------------------------------------------------------------------------------- */

static void add_roles(struct builder *b, const struct pack *pack, const char *id,
                      struct role_set *set)
{
	for (size_t i = 0; i < b->n_names; i++) {
		const struct name *name = &b->names[i];
		if ((pack && name->pack != pack) || strcmp(name->role->id, id) != 0)
			continue;
		set->bits[0] |= name->set.bits[0];
		set->bits[1] |= name->set.bits[1];
	}
}

static uint8_t zones_of(const struct ruleset *ruleset, const struct role_set *set, bool faces)
{
	uint8_t zones = 0;
	for (unsigned i = 0; i < ruleset->n_roles; i++) {
		const struct role *role = ruleset->roles[i].role;
		if (role_set_has(set, i))
			zones |= (uint8_t)(1 << (faces ? role->faces : role->zone));
	}
	return zones;
}

static void make_end(struct builder *b, const struct pack *pack, const struct rule_end *end,
                     struct ruleset_end *out)
{
	out->form = end->form;
	for (size_t i = 0; i < end->n_roles; i++)
		add_roles(b, pack, end->roles[i], &out->roles);
	for (size_t i = 0; i < end->n_expect; i++)
		add_roles(b, pack, end->expect[i], &out->expect);
	if (end->form == END_ROLES && end->n_expect == 0)
		out->expect = out->roles;
	const struct name *only = end->n_roles == 1 ? find_name(b, pack, end->roles[0]) : NULL;
	out->is_exact = end->form == END_ROLES && only && !only->role->is_set;
	out->zones = zones_of(b->ruleset, &out->roles, false);
}

/* What a printed Any or an unstated end stands for is read from the other end. */
static void read_from_other_end(const struct ruleset *ruleset, struct ruleset_end *end,
                                const struct ruleset_end *other, enum end_form printed)
{
	uint8_t zones = zones_of(ruleset, &other->roles, printed == END_ANY);
	if (end->form == END_ANY || end->form == END_UNSTATED)
		end->zones = zones;
	if (printed != END_ANY)
		return;
	for (unsigned i = 0; i < ruleset->n_roles; i++)
		if (zones >> ruleset->roles[i].role->zone & 1)
			role_set_add(&end->printed, i);
}

static void make_ends(struct builder *b, struct ruleset_rule *out)
{
	make_end(b, out->pack, &out->rule->from, &out->from);
	make_end(b, out->pack, &out->rule->to, &out->to);
	read_from_other_end(b->ruleset, &out->from, &out->to, out->rule->from.printed);
	read_from_other_end(b->ruleset, &out->to, &out->from, out->rule->to.printed);
}

/* ---- rules -------------------------------------------------------------------------------- */

static bool is_override_of(const struct site_override *override, const struct rule *rule,
                           bool by_id)
{
	if (by_id)
		return strcmp(override->rule, rule->id) == 0;
	return rule->facet_of && strcmp(override->rule, rule->facet_of) == 0 &&
	       strcmp(override->rule, rule->id) != 0;
}

static int override_ports(struct builder *b, const struct site_override *override,
                          struct ruleset_rule *out)
{
	in_site(b);
	if (out->rule->n_ports == 0)
		return input_fail(&b->in, override->line, "rules: \"%s\" has no ports to change",
		                  override->rule);
	struct rule *rule = alloc(b, 1, sizeof(*rule));
	if (!rule)
		return -ENOMEM;
	*rule = *out->rule;
	if (!rule->default_ports) {
		rule->default_ports = rule->ports;
		rule->n_default_ports = rule->n_ports;
	}
	rule->ports = override->ports;
	rule->n_ports = override->n_ports;
	out->rule = rule;
	return 0;
}

static int apply_override(struct builder *b, const struct site_override *override,
                          struct ruleset_rule *out, bool *is_off)
{
	if (override->has_expect) {
		out->has_expect = true;
		out->expect = override->expect;
	}
	if (override->expect_off) {
		out->has_expect = false;
		out->is_expected_by_feature = false;
	}
	if (override->severity != SEVERITY_UNSET)
		out->severity = override->severity;
	if (override->has_off)
		*is_off = override->is_off;
	return override->has_ports ? override_ports(b, override, out) : 0;
}

/* First what the site says of the printed rule, then what it says of this very facet. */
static int apply_overrides(struct builder *b, struct ruleset_rule *out, bool *is_off)
{
	for (int by_id = 0; b->site && by_id < 2; by_id++)
		for (size_t i = 0; i < b->site->n_overrides; i++) {
			const struct site_override *override = &b->site->overrides[i];
			if (!is_override_of(override, out->rule, by_id))
				continue;
			int r = apply_override(b, override, out, is_off);
			if (r)
				return r;
		}
	return 0;
}

/* A required rule is demanded of every deployment, so none can have it switched off. */
static void judge_features(struct builder *b, struct ruleset_rule *out)
{
	const struct rule *rule = out->rule;
	bool all = rule->features_all || rule->n_features == 0;
	enum feature_state state = all ? FEATURE_ON : FEATURE_OFF;
	for (size_t i = 0; i < rule->n_features; i++) {
		enum feature_state one = find_feature(b, rule->features[i])->state;
		state = all ? MIN(state, one) : MAX(state, one);
	}
	bool is_required = rule->need == NEED_REQUIRED;
	out->is_declared = is_required || state != FEATURE_OFF;
	out->is_expected_by_feature =
	        b->site && (is_required || (rule->need == NEED_CONDITIONAL && state == FEATURE_ON));
}

static int add_rule(struct builder *b, const struct pack *pack, const struct site_allow *allow,
                    const struct rule *rule)
{
	struct ruleset *ruleset = b->ruleset;
	struct ruleset_rule *out = &ruleset->rules[ruleset->n_rules];
	bool is_off = false;
	*out = (struct ruleset_rule){
		.rule = rule,
		.pack = pack,
		.allow = allow,
		.is_declared = true,
		.severity = SEVERITY_UNSET,
	};
	make_ends(b, out);
	if (pack)
		judge_features(b, out);
	int r = apply_overrides(b, out, &is_off);
	if (r == 0 && !is_off)
		ruleset->n_rules++;
	return r;
}

/* The union of all packs' ids and of the allows' must be without doubles: reports name by id. */
static int add_rule_id(struct builder *b, const struct rule *rule)
{
	if (is_listed(b->rule_ids, b->n_rule_ids, rule->id))
		return input_fail(&b->in, rule->line,
		                  "rule \"%s\": another pack or entry has the id", rule->id);
	b->rule_ids[b->n_rule_ids++] = rule->id;
	return 0;
}

static int list_rule_ids(struct builder *b, size_t n)
{
	const struct ruleset *ruleset = b->ruleset;
	int r = 0;
	b->rule_ids = alloc(b, 2 * n, sizeof(*b->rule_ids));
	if (!b->rule_ids)
		return -ENOMEM;
	for (size_t p = 0; p < ruleset->n_packs; p++) {
		in_pack(b, ruleset->packs[p]);
		for (size_t i = 0; i < ruleset->packs[p]->n_rules && r == 0; i++)
			r = add_rule_id(b, &ruleset->packs[p]->rules[i]);
	}
	for (size_t i = 0; b->site && i < b->site->n_allows && r == 0; i++) {
		in_site(b);
		r = add_rule_id(b, &b->site->allows[i].rule);
	}
	for (size_t p = 0; p < ruleset->n_packs; p++)
		for (size_t i = 0; i < ruleset->packs[p]->n_rules; i++) {
			const char *facet_of = ruleset->packs[p]->rules[i].facet_of;
			if (facet_of && !is_listed(b->rule_ids, b->n_rule_ids, facet_of))
				b->rule_ids[b->n_rule_ids++] = facet_of;
		}
	return r;
}

static int join_rules(struct builder *b)
{
	struct ruleset *ruleset = b->ruleset;
	size_t n = b->site ? b->site->n_allows : 0;
	for (size_t p = 0; p < ruleset->n_packs; p++)
		n += ruleset->packs[p]->n_rules;
	if (n > RULESET_MAX_RULES) {
		in_pack(b, ruleset->packs[ruleset->n_packs - 1]);
		return input_fail(&b->in, 1, "the packs together have more than %d rules",
		                  RULESET_MAX_RULES);
	}
	ruleset->rules = alloc(b, n, sizeof(*ruleset->rules));
	if (!ruleset->rules)
		return -ENOMEM;
	int r = list_rule_ids(b, n);
	for (size_t p = 0; p < ruleset->n_packs; p++) {
		const struct pack *pack = ruleset->packs[p];
		for (size_t i = 0; i < pack->n_rules && r == 0; i++)
			r = add_rule(b, pack, NULL, &pack->rules[i]);
	}
	return r;
}

/* ---- the site's own ----------------------------------------------------------------------- */

static int check_end_names(struct builder *b, int line, const struct rule_end *end)
{
	for (size_t i = 0; i < end->n_roles; i++)
		if (!find_name(b, NULL, end->roles[i]))
			return input_fail_name(&b->in, line, "role", end->roles[i], b->name_ids,
			                       b->n_names);
	return 0;
}

static int join_allows(struct builder *b)
{
	const struct site *site = b->site;
	int r = 0;
	for (size_t i = 0; i < site->n_allows && r == 0; i++) {
		const struct site_allow *allow = &site->allows[i];
		in_site(b);
		input_where(&b->in, "allow \"%s\"", allow->rule.id);
		r = check_end_names(b, allow->rule.line, &allow->rule.from);
		if (r == 0)
			r = check_end_names(b, allow->rule.line, &allow->rule.to);
		if (r == 0)
			r = add_rule(b, NULL, allow, &allow->rule);
	}
	return r;
}

static int check_rule_name(struct builder *b, int line, const char *id)
{
	if (is_listed(b->rule_ids, b->n_rule_ids, id))
		return 0;
	return input_fail_name(&b->in, line, "rule", id, b->rule_ids, b->n_rule_ids);
}

static int check_accepts(struct builder *b)
{
	const struct site *site = b->site;
	int r = 0;
	in_site(b);
	for (size_t i = 0; i < site->n_accepts && r == 0; i++) {
		const struct site_accept *accept = &site->accepts[i];
		input_where(&b->in, "accept %zu", i + 1);
		if (accept->rule)
			r = check_rule_name(b, accept->line, accept->rule);
		if (r == 0)
			r = check_end_names(b, accept->line, &accept->from);
		if (r == 0)
			r = check_end_names(b, accept->line, &accept->to);
	}
	return r;
}

static int check_overrides(struct builder *b)
{
	const struct site *site = b->site;
	int r = 0;
	in_site(b);
	input_where(&b->in, "rules");
	for (size_t i = 0; i < site->n_overrides && r == 0; i++)
		r = check_rule_name(b, site->overrides[i].line, site->overrides[i].rule);
	return r;
}

/* ---- groups ------------------------------------------------------------------------------- */

static uint16_t root_of(uint16_t *parents, uint16_t i)
{
	while (parents[i] != i) {
		parents[i] = parents[parents[i]];
		i = parents[i];
	}
	return i;
}

/* True if b is of the same printed row as a, or a names it as the other direction of its pair. */
static bool is_of_group(const struct ruleset_rule *a, const struct ruleset_rule *b)
{
	if (a->pack != b->pack)
		return false;
	const struct rule *x = a->rule, *y = b->rule;
	return (x->facet_of &&
	        (texts_equal(x->facet_of, y->facet_of) || texts_equal(x->facet_of, y->id))) ||
	       texts_equal(x->pair, y->id);
}

/* Union-find; then numbers in the order of each group's first rule. */
static int make_groups(struct builder *b)
{
	struct ruleset *ruleset = b->ruleset;
	size_t n = ruleset->n_rules;
	_cleanup_(freep) uint16_t *parents = calloc(n + 1, sizeof(*parents));
	if (!parents)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		parents[i] = (uint16_t)i;
	for (size_t i = 0; i < n; i++) {
		const struct rule *rule = ruleset->rules[i].rule;
		for (size_t j = 0; (rule->facet_of || rule->pair) && j < n; j++) {
			if (!is_of_group(&ruleset->rules[i], &ruleset->rules[j]))
				continue;
			uint16_t x = root_of(parents, (uint16_t)i);
			uint16_t y = root_of(parents, (uint16_t)j);
			parents[MAX(x, y)] = MIN(x, y);
		}
	}
	for (size_t i = 0; i < n; i++) {
		uint16_t root = root_of(parents, (uint16_t)i);
		ruleset->rules[i].group =
		        root == i ? (uint16_t)ruleset->n_groups++ : ruleset->rules[root].group;
	}
	return 0;
}

/* ------------------------------------------------------------------------------------------- */

static int join_site(struct builder *b)
{
	int r = join_site_roles(b);
	if (r == 0)
		r = check_site_features(b);
	if (r == 0)
		r = check_site_options(b);
	return r;
}

static int join(struct builder *b)
{
	int r = join_roles(b);
	if (r == 0)
		r = join_features(b);
	if (r == 0 && b->site)
		r = join_site(b);
	if (r)
		return r;
	set_defaults(b->ruleset);
	r = join_rules(b);
	if (r == 0 && b->site)
		r = check_overrides(b);
	if (r == 0 && b->site)
		r = check_accepts(b);
	if (r == 0 && b->site)
		r = join_allows(b);
	return r ? r : make_groups(b);
}

int ruleset_new(struct ruleset **out, const struct pack *const *packs, size_t n_packs,
                const struct site *site, struct err *err)
{
	_cleanup_(ruleset_freep) struct ruleset *ruleset = calloc(1, sizeof(*ruleset));
	struct builder b = { .ruleset = ruleset, .site = site };

	*out = NULL;
	if (!ruleset)
		return -ENOMEM;
	arena_init(&ruleset->arena, RULESET_ARENA_BYTES);
	ruleset->packs = alloc(&b, n_packs, sizeof(*ruleset->packs));
	if (!ruleset->packs)
		return -ENOMEM;
	for (size_t i = 0; i < n_packs; i++)
		ruleset->packs[i] = packs[i];
	ruleset->n_packs = n_packs;
	ruleset->site = site;
	b.in = (struct input){ .file = "", .arena = &ruleset->arena, .err = err };
	int r = join(&b);
	if (r)
		return r;
	*out = ruleset;
	ruleset = NULL;
	return 0;
}

struct ruleset *ruleset_free(struct ruleset *ruleset)
{
	if (ruleset) {
		arena_deinit(&ruleset->arena);
		free(ruleset);
	}
	return NULL;
}

int ruleset_find(const struct ruleset *ruleset, const char *id)
{
	for (size_t i = 0; i < ruleset->n_rules; i++)
		if (strcmp(ruleset->rules[i].rule->id, id) == 0)
			return (int)i;
	return -1;
}

int ruleset_find_role(const struct ruleset *ruleset, const char *id)
{
	for (size_t i = 0; i < ruleset->n_roles; i++)
		if (strcmp(ruleset->roles[i].role->id, id) == 0)
			return (int)i;
	return -1;
}
