/*
 * Site files: which address plays which role, what is in use, what is allowed or accepted.
 *
 * A site is read without any pack, so names of roles, features, options and rules are only
 * spelled here; ruleset.c looks them up. What can be checked alone is: addresses, ports, dates,
 * words, and that every allow and accept says why. Entries keep their line for later messages.
 */
#include <errno.h>

#include "priv.h"

enum {
	SITE_ARENA_BYTES = 96 * 1024 * 1024,
	MAX_ENTRIES = 4096,  /* of allow, accept and rules */
	MAX_HOST_NAMES = 64, /* of one address */
};

struct loader {
	struct input in;
	struct site *site;
};

static const char *const severity_words[] = {
	[SEVERITY_INFO] = "info",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
};

/* A map or list that is not empty, and room for its entries. */
static int begin_section(struct loader *ld, const struct node *node, enum node_type type,
                         size_t size, void **out)
{
	input_where(&ld->in, "%s", "");
	int r = value_is(&ld->in, node, type);
	if (r)
		return r;
	if (node->n_children == 0)
		return input_fail(&ld->in, node->line, "%s: nothing in it; leave it out",
		                  node->key->text);
	*out = input_alloc(&ld->in, node->n_children, size);
	return *out ? 0 : -ENOMEM;
}

/* The name that a map's entry stands under. */
static int read_key(struct loader *ld, const struct node *child, const char **out)
{
	return value_text(&ld->in, child->key, out);
}

static int check_count(struct loader *ld, const struct node *node, size_t max)
{
	if (node->n_children <= max)
		return 0;
	return input_fail(&ld->in, node->line, "%s: more than %zu", node->key->text, max);
}

/* ---- names and addresses ------------------------------------------------------------------ */

static int read_names(struct loader *ld, const struct node *node, const char ***names, int **lines,
                      size_t *n)
{
	int r = begin_section(ld, node, NODE_LIST, sizeof(**lines), (void **)lines);
	if (r == 0)
		r = check_count(ld, node, MAX_ENTRIES);
	if (r == 0)
		r = value_texts(&ld->in, node, names, n);
	size_t i = 0;
	for (const struct node *child = node->first; r == 0 && child; child = child->next) {
		(*lines)[i] = child->line;
		for (size_t j = 0; j < i; j++)
			if (strcmp((*names)[j], child->text) == 0)
				return input_fail(&ld->in, child->line, "%s: \"%s\" stands twice",
				                  node->key->text, child->text);
		i++;
	}
	return r;
}

static int read_packs(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	return read_names(ld, node, &site->packs, &site->pack_lines, &site->n_packs);
}

static int read_features(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	return read_names(ld, node, &site->features, &site->feature_lines, &site->n_features);
}

static int read_networks(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	int r = begin_section(ld, node, NODE_LIST, sizeof(struct prefix), (void **)&site->networks);
	for (const struct node *child = node->first; r == 0 && child; child = child->next)
		r = value_prefix(&ld->in, child, &site->networks[site->n_networks++]);
	return r;
}

static int read_role_addresses(struct loader *ld, const struct node *list)
{
	const char *role;
	int r = read_key(ld, list, &role);
	if (r == 0)
		r = value_is_list(&ld->in, list);
	for (const struct node *child = list->first; r == 0 && child; child = child->next) {
		struct site_address *address = &ld->site->addresses[ld->site->n_addresses++];
		address->role = role;
		address->line = child->line;
		r = value_prefix(&ld->in, child, &address->prefix);
	}
	return r;
}

static int read_roles(struct loader *ld, const struct node *node)
{
	void *unused;
	size_t n = 0;
	int r = begin_section(ld, node, NODE_MAP, 1, &unused);
	if (r)
		return r;
	for (const struct node *child = node->first; child; child = child->next)
		n += child->n_children;
	ld->site->addresses = input_alloc(&ld->in, n, sizeof(struct site_address));
	if (!ld->site->addresses)
		return -ENOMEM;
	input_where(&ld->in, "roles");
	for (const struct node *child = node->first; r == 0 && child; child = child->next)
		r = read_role_addresses(ld, child);
	return r;
}

/* One name, or a list of them: a host may answer to its pool's name as well. */
static int read_host_names(struct loader *ld, const struct node *node, struct site_host *host)
{
	bool is_list = node->type == NODE_LIST;
	int r = 0;
	if (node->type == NODE_MAP)
		return value_fail(&ld->in, node, "a name or a list of names");
	if (is_list)
		r = value_is_list(&ld->in, node);
	if (r == 0 && is_list)
		r = check_count(ld, node, MAX_HOST_NAMES);
	if (r)
		return r;
	host->names = input_alloc(&ld->in, is_list ? node->n_children : 1, sizeof(*host->names));
	if (!host->names)
		return -ENOMEM;
	for (const struct node *child = is_list ? node->first : node; r == 0 && child;
	     child = is_list ? child->next : NULL)
		r = value_text(&ld->in, child, &host->names[host->n_names++]);
	return r;
}

static int read_hosts(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	int r = begin_section(ld, node, NODE_MAP, sizeof(struct site_host), (void **)&site->hosts);
	for (const struct node *child = node->first; r == 0 && child; child = child->next) {
		struct site_host *host = &site->hosts[site->n_hosts++];
		host->line = child->key->line;
		r = value_prefix(&ld->in, child->key, &host->prefix);
		if (r == 0)
			r = read_host_names(ld, child, host);
	}
	return r;
}

static int read_nat(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	int r = begin_section(ld, node, NODE_MAP, sizeof(struct site_nat), (void **)&site->nats);
	for (const struct node *child = node->first; r == 0 && child; child = child->next) {
		struct site_nat *nat = &site->nats[site->n_nats++];
		nat->line = child->key->line;
		r = value_addr(&ld->in, child->key, &nat->public_addr);
		if (r == 0)
			r = value_addr(&ld->in, child, &nat->private_addr);
		if (r == 0 && addr_equal(&nat->public_addr, &nat->private_addr))
			return input_fail(&ld->in, nat->line, "nat: %s is mapped to itself",
			                  child->text);
	}
	return r;
}

static int read_port_maps(struct loader *ld, const struct node *node, struct site_vip *vip)
{
	int r = value_is(&ld->in, node, NODE_MAP);
	if (r)
		return r;
	vip->maps = input_alloc(&ld->in, node->n_children, sizeof(*vip->maps));
	if (!vip->maps)
		return -ENOMEM;
	for (const struct node *child = node->first; r == 0 && child; child = child->next) {
		struct site_port_map *map = &vip->maps[vip->n_maps++];
		r = value_port(&ld->in, child->key, &map->from);
		if (r == 0)
			r = value_port(&ld->in, child, &map->to);
	}
	return r;
}

static int read_vip(struct loader *ld, const struct node *node, struct site_vip *vip)
{
	static const struct value_key keys[] = { { "members", true }, { "maps", false } };
	const struct node *v[ARRAY_SIZE(keys)];
	char shown[VALUE_SHOWN_SIZE];
	vip->line = node->key->line;
	int r = value_addr(&ld->in, node->key, &vip->vip);
	if (r)
		return r;
	input_where(&ld->in, "vips: %s", value_shown(node->key->text, shown));
	r = value_map(&ld->in, node, keys, ARRAY_SIZE(keys), v);
	if (r == 0)
		r = value_is_list(&ld->in, v[0]);
	if (r)
		return r;
	vip->members = input_alloc(&ld->in, v[0]->n_children, sizeof(*vip->members));
	if (!vip->members)
		return -ENOMEM;
	for (const struct node *child = v[0]->first; r == 0 && child; child = child->next)
		r = value_addr(&ld->in, child, &vip->members[vip->n_members++]);
	if (r == 0 && v[1])
		r = read_port_maps(ld, v[1], vip);
	input_where(&ld->in, "%s", "");
	return r;
}

static int read_vips(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	int r = begin_section(ld, node, NODE_MAP, sizeof(struct site_vip), (void **)&site->vips);
	for (const struct node *child = node->first; r == 0 && child; child = child->next)
		r = read_vip(ld, child, &site->vips[site->n_vips++]);
	return r;
}

static int read_options(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	int r = begin_section(ld, node, NODE_MAP, sizeof(struct site_option),
	                      (void **)&site->options);
	for (const struct node *child = node->first; r == 0 && child; child = child->next) {
		struct site_option *option = &site->options[site->n_options++];
		option->line = child->key->line;
		r = read_key(ld, child, &option->name);
		if (r == 0)
			r = value_text(&ld->in, child, &option->value);
	}
	return r;
}

/* ---- vantages ----------------------------------------------------------------------------- */

static int zone_at(const char *text, size_t len)
{
	for (int zone = 0; zone < N_ZONES; zone++)
		if (strlen(zone_word(zone)) == len && strncmp(text, zone_word(zone), len) == 0)
			return zone;
	return -1;
}

static int read_zone_pair(struct loader *ld, const struct node *node, uint16_t *sees)
{
	size_t len = node->type == NODE_SCALAR ? strcspn(node->text, "-") : 0;
	int a = len ? zone_at(node->text, len) : -1;
	int b = a >= 0 && node->text[len] == '-'
	                ? zone_at(node->text + len + 1, strlen(node->text + len + 1))
	                : -1;
	if (a < 0 || b < 0)
		return value_fail(&ld->in, node,
		                  "two of outside, perimeter and inside, like outside-perimeter");
	*sees |= (uint16_t)(1 << (a * N_ZONES + b) | 1 << (b * N_ZONES + a));
	return 0;
}

static int read_vantage(struct loader *ld, const struct node *node, struct site_vantage *vantage)
{
	static const struct value_key keys[] = { { "sees", true } };
	const struct node *v[ARRAY_SIZE(keys)];
	char shown[VALUE_SHOWN_SIZE];
	vantage->line = node->key->line;
	int r = read_key(ld, node, &vantage->name);
	if (r)
		return r;
	input_where(&ld->in, "vantage \"%s\"", value_shown(vantage->name, shown));
	r = value_map(&ld->in, node, keys, ARRAY_SIZE(keys), v);
	if (r == 0)
		r = value_is_list(&ld->in, v[0]);
	const struct node *child = r == 0 ? v[0]->first : NULL;
	for (; r == 0 && child; child = child->next)
		r = read_zone_pair(ld, child, &vantage->sees);
	input_where(&ld->in, "%s", "");
	return r;
}

static int read_vantages(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	int r = begin_section(ld, node, NODE_MAP, sizeof(struct site_vantage),
	                      (void **)&site->vantages);
	for (const struct node *child = node->first; r == 0 && child; child = child->next)
		r = read_vantage(ld, child, &site->vantages[site->n_vantages++]);
	return r;
}

/* ---- allow and accept --------------------------------------------------------------------- */

/* One word of an end: an address or prefix if it looks like one, else a role. */
static int read_peer(struct loader *ld, const struct node *node, struct rule_end *end)
{
	if (node->type != NODE_SCALAR || value_is_nothing(node))
		return value_fail(&ld->in, node, "a role, an address or a prefix");
	if (strpbrk(node->text, ".:/"))
		return value_prefix(&ld->in, node, &end->prefixes[end->n_prefixes++]);
	if (strcmp(node->text, "any") == 0)
		return input_fail(&ld->in, node->line, "%s: \"any\" stands alone, not in a list",
		                  node->key->text);
	return value_id(&ld->in, node, &end->roles[end->n_roles++]);
}

static int read_end(struct loader *ld, const struct node *node, struct rule_end *end)
{
	bool is_list = node->type == NODE_LIST;
	size_t n = is_list ? node->n_children : 1;
	end->form = END_ANY;
	end->printed = END_ANY;
	if (node->type == NODE_SCALAR && strcmp(node->text, "any") == 0)
		return 0;
	int r = is_list ? value_is_list(&ld->in, node) : 0;
	if (r == 0)
		r = is_list ? check_count(ld, node, RULESET_MAX_ROLES) : 0;
	if (r)
		return r;
	end->roles = input_alloc(&ld->in, n, sizeof(*end->roles));
	end->prefixes = input_alloc(&ld->in, n, sizeof(*end->prefixes));
	if (!end->roles || !end->prefixes)
		return -ENOMEM;
	for (const struct node *child = is_list ? node->first : node; r == 0 && child;
	     child = is_list ? child->next : NULL)
		r = read_peer(ld, child, end);
	end->form = end->n_prefixes ? END_PREFIXES : END_ROLES;
	end->printed = end->form;
	return r;
}

/* why, owner and until are the same in allow and accept. */
static int read_reason(struct loader *ld, const struct node *const *v, const char **why,
                       const char **owner, int64_t *until_ns)
{
	*until_ns = INT64_MAX;
	int r = value_text(&ld->in, v[0], why);
	if (r == 0 && v[1])
		r = value_text(&ld->in, v[1], owner);
	if (r == 0 && v[2])
		r = value_until(&ld->in, v[2], until_ns);
	return r;
}

/* Left out: tcp+udp. */
static int read_transport(struct loader *ld, const struct node *node, struct rule *rule)
{
	uint8_t number = 0;
	bool is_both = !node || (node->type == NODE_SCALAR && strcmp(node->text, "tcp+udp") == 0);
	if (!is_both && (node->type != NODE_SCALAR || !transport_parse(&number, node->text)))
		return value_fail(&ld->in, node,
		                  "tcp, udp, tcp+udp, icmp, icmpv6, esp, ah, sctp or a number from "
		                  "1 to 255");
	if (!is_both && number == 0)
		return value_fail(&ld->in, node, "a number from 1 to 255");
	rule->tcp = is_both || number == TRANSPORT_TCP;
	rule->udp = is_both || number == TRANSPORT_UDP;
	if (!rule->tcp && !rule->udp)
		rule->other_transport = number;
	return 0;
}

static int read_ports(struct loader *ld, const struct node *node, struct rule *rule)
{
	char buffer[4];
	if (rule->other_transport) {
		if (node)
			return input_fail(&ld->in, node->line,
			                  "ports: transport %s is judged without ports",
			                  transport_word(rule->other_transport, buffer));
		return 0;
	}
	if (!node)
		return input_fail(&ld->in, rule->line, "\"ports\" is missing (they may be any)");
	return value_ports(&ld->in, node, true, &rule->ports, &rule->n_ports);
}

enum allow_key {
	ALLOW_WHY,
	ALLOW_OWNER,
	ALLOW_UNTIL,
	ALLOW_ID,
	ALLOW_FROM,
	ALLOW_TO,
	ALLOW_TRANSPORT,
	ALLOW_PORTS,
	ALLOW_PROTOCOL,
	ALLOW_SECURITY,
	N_ALLOW_KEYS
};

static const struct value_key allow_keys[N_ALLOW_KEYS] = {
	[ALLOW_WHY] = { "why", true },
	[ALLOW_OWNER] = { "owner", false },
	[ALLOW_UNTIL] = { "until", false },
	[ALLOW_ID] = { "id", false },
	[ALLOW_FROM] = { "from", true },
	[ALLOW_TO] = { "to", true },
	[ALLOW_TRANSPORT] = { "transport", false },
	[ALLOW_PORTS] = { "ports", false },
	[ALLOW_PROTOCOL] = { "protocol", false },
	[ALLOW_SECURITY] = { "security", false },
};

static int read_allow_id(struct loader *ld, const struct node *node, size_t index,
                         struct rule *rule)
{
	char id[32];
	if (node) {
		int r = value_id(&ld->in, node, &rule->id);
		if (r == 0)
			input_where(&ld->in, "allow \"%s\"", rule->id);
		return r;
	}
	snprintf(id, sizeof(id), "allow-%zu", index + 1);
	rule->id = arena_strdup(ld->in.arena, id);
	return rule->id ? 0 : -ENOMEM;
}

static int read_allow(struct loader *ld, const struct node *node, size_t index)
{
	const struct node *v[N_ALLOW_KEYS];
	struct site_allow *allow = &ld->site->allows[index];
	struct rule *rule = &allow->rule;
	input_where(&ld->in, "allow %zu", index + 1);
	*rule = (struct rule){ .line = node->line, .need = NEED_OPTIONAL };
	int r = value_map(&ld->in, node, allow_keys, N_ALLOW_KEYS, v);
	if (r == 0)
		r = read_allow_id(ld, v[ALLOW_ID], index, rule);
	if (r == 0)
		r = read_reason(ld, v, &allow->why, &allow->owner, &allow->until_ns);
	rule->title = allow->why;
	if (r == 0)
		r = read_end(ld, v[ALLOW_FROM], &rule->from);
	if (r == 0)
		r = read_end(ld, v[ALLOW_TO], &rule->to);
	if (r == 0)
		r = read_transport(ld, v[ALLOW_TRANSPORT], rule);
	if (r == 0)
		r = read_ports(ld, v[ALLOW_PORTS], rule);
	if (r == 0 && v[ALLOW_PROTOCOL])
		r = value_family(&ld->in, v[ALLOW_PROTOCOL], &rule->family);
	if (r == 0 && v[ALLOW_SECURITY])
		r = value_security(&ld->in, v[ALLOW_SECURITY], &rule->security);
	return r ? r : rule_check_possible(&ld->in, rule);
}

static int read_allows(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	int r = begin_section(ld, node, NODE_LIST, sizeof(struct site_allow),
	                      (void **)&site->allows);
	if (r == 0)
		r = check_count(ld, node, MAX_ENTRIES);
	if (r)
		return r;
	const struct rule **rules = input_alloc(&ld->in, node->n_children, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	for (const struct node *child = node->first; r == 0 && child; child = child->next) {
		rules[site->n_allows] = &site->allows[site->n_allows].rule;
		r = read_allow(ld, child, site->n_allows++);
	}
	return r ? r : rule_check_unique(&ld->in, rules, site->n_allows);
}

static int read_kind(struct loader *ld, const struct node *node, const char **out)
{
	size_t n;
	const char *const *words = rules_finding_kinds(&n);
	int r = value_is(&ld->in, node, NODE_SCALAR);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (strcmp(words[i], node->text) == 0) {
			*out = words[i];
			return 0;
		}
	return r ? r
	         : input_fail_name(&ld->in, node->line, "kind of finding", node->text, words, n);
}

static int read_accept(struct loader *ld, const struct node *node, size_t index)
{
	enum { WHY, OWNER, UNTIL, RULE, KIND, FROM, TO, N };
	static const struct value_key keys[N] = {
		[WHY] = { "why", true },      [OWNER] = { "owner", false },
		[UNTIL] = { "until", false }, [RULE] = { "rule", false },
		[KIND] = { "kind", false },   [FROM] = { "from", false },
		[TO] = { "to", false },
	};
	const struct node *v[N];
	struct site_accept *accept = &ld->site->accepts[index];
	input_where(&ld->in, "accept %zu", index + 1);
	*accept = (struct site_accept){
		.line = node->line,
		.from = { .form = END_ANY, .printed = END_ANY },
		.to = { .form = END_ANY, .printed = END_ANY },
	};
	int r = value_map(&ld->in, node, keys, N, v);
	if (r)
		return r;
	if (!v[RULE] && !v[KIND] && !v[FROM] && !v[TO])
		return input_fail(&ld->in, node->line,
		                  "would accept everything; name a rule, kind, from or to");
	r = read_reason(ld, v, &accept->why, &accept->owner, &accept->until_ns);
	if (r == 0 && v[RULE])
		r = value_id(&ld->in, v[RULE], &accept->rule);
	if (r == 0 && v[KIND])
		r = read_kind(ld, v[KIND], &accept->kind);
	if (r == 0 && v[FROM])
		r = read_end(ld, v[FROM], &accept->from);
	if (r == 0 && v[TO])
		r = read_end(ld, v[TO], &accept->to);
	return r;
}

static int read_accepts(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	int r = begin_section(ld, node, NODE_LIST, sizeof(struct site_accept),
	                      (void **)&site->accepts);
	if (r == 0)
		r = check_count(ld, node, MAX_ENTRIES);
	for (const struct node *child = node->first; r == 0 && child; child = child->next)
		r = read_accept(ld, child, site->n_accepts++);
	return r;
}

/* ---- rules and severity ------------------------------------------------------------------- */

/* true, false, or {within: 15m, hours: "mon-fri 08-18", zone: Europe/Berlin} */
static int read_expect(struct loader *ld, const struct node *node, struct site_override *override)
{
	static const struct value_key keys[] = { { "within", true },
		                                 { "hours", false },
		                                 { "zone", false } };
	const struct node *v[ARRAY_SIZE(keys)];
	bool is_expected = true;
	int r;
	if (node->type != NODE_MAP) {
		r = value_bool(&ld->in, node, &is_expected);
		if (r)
			return value_fail(&ld->in, node, "true, false or {within: 15m}");
	} else {
		r = value_map(&ld->in, node, keys, ARRAY_SIZE(keys), v);
		if (r == 0)
			r = value_duration(&ld->in, v[0], &override->expect.within_ns);
		if (r == 0 && v[1])
			r = value_hours(&ld->in, v[1], &override->expect);
		if (r == 0 && v[2])
			r = value_zone(&ld->in, v[2], &override->expect.zone);
	}
	override->has_expect = is_expected;
	override->expect_off = !is_expected;
	return r;
}

static int read_severity(struct loader *ld, const struct node *node, enum severity *out)
{
	unsigned word = 0;
	int r = value_word(&ld->in, node, severity_words, ARRAY_SIZE(severity_words), &word);
	*out = (enum severity)word;
	return r;
}

static int read_override(struct loader *ld, const struct node *node, struct site_override *override)
{
	enum { EXPECT, PORTS, SEVERITY, OFF, N };
	static const struct value_key keys[N] = {
		[EXPECT] = { "expect", false },
		[PORTS] = { "ports", false },
		[SEVERITY] = { "severity", false },
		[OFF] = { "off", false },
	};
	const struct node *v[N];
	char shown[VALUE_SHOWN_SIZE];
	*override = (struct site_override){ .line = node->key->line, .severity = SEVERITY_UNSET };
	input_where(&ld->in, "rules: \"%s\"", value_shown(node->key->text, shown));
	int r = read_key(ld, node, &override->rule);
	if (r == 0)
		r = value_map(&ld->in, node, keys, N, v);
	if (r)
		return r;
	if (node->n_children == 0)
		return input_fail(&ld->in, node->line, "changes nothing");
	if (v[EXPECT])
		r = read_expect(ld, v[EXPECT], override);
	override->has_ports = v[PORTS] != NULL;
	if (r == 0 && v[PORTS])
		r = value_ports(&ld->in, v[PORTS], false, &override->ports, &override->n_ports);
	if (r == 0 && v[SEVERITY])
		r = read_severity(ld, v[SEVERITY], &override->severity);
	override->has_off = v[OFF] != NULL;
	if (r == 0 && v[OFF])
		r = value_bool(&ld->in, v[OFF], &override->is_off);
	return r;
}

static int read_overrides(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	int r = begin_section(ld, node, NODE_MAP, sizeof(struct site_override),
	                      (void **)&site->overrides);
	if (r == 0)
		r = check_count(ld, node, MAX_ENTRIES);
	for (const struct node *child = node->first; r == 0 && child; child = child->next)
		r = read_override(ld, child, &site->overrides[site->n_overrides++]);
	return r;
}

static int read_severities(struct loader *ld, const struct node *node)
{
	struct site *site = ld->site;
	int r = begin_section(ld, node, NODE_MAP, sizeof(struct site_severity),
	                      (void **)&site->severities);
	for (const struct node *child = node->first; r == 0 && child; child = child->next) {
		struct site_severity *severity = &site->severities[site->n_severities++];
		severity->line = child->key->line;
		input_where(&ld->in, "severity");
		r = read_kind(ld, child->key, &severity->kind);
		input_where(&ld->in, "%s", "");
		if (r == 0)
			r = read_severity(ld, child, &severity->severity);
	}
	return r;
}

/* ---- the file ----------------------------------------------------------------------------- */

static int read_site_name(struct loader *ld, const struct node *node)
{
	return value_text(&ld->in, node, &ld->site->name);
}

static const struct section {
	const char *name;
	int (*read)(struct loader *, const struct node *);
} sections[] = {
	{ "site", read_site_name },    { "packs", read_packs },
	{ "features", read_features }, { "networks", read_networks },
	{ "roles", read_roles },       { "hosts", read_hosts },
	{ "nat", read_nat },           { "vips", read_vips },
	{ "options", read_options },   { "vantages", read_vantages },
	{ "allow", read_allows },      { "accept", read_accepts },
	{ "rules", read_overrides },   { "severity", read_severities },
};

static int read_site(struct loader *ld, const struct node *root)
{
	struct value_key keys[ARRAY_SIZE(sections)];
	const struct node *v[ARRAY_SIZE(sections)];
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		keys[i] = (struct value_key){ .name = sections[i].name, .is_required = i == 0 };
	int r = value_map(&ld->in, root, keys, ARRAY_SIZE(sections), v);
	for (size_t i = 0; i < ARRAY_SIZE(sections) && r == 0; i++)
		if (v[i])
			r = sections[i].read(ld, v[i]);
	return r;
}

int site_load(struct site **out, const char *file, struct bytes text, struct err *err)
{
	_cleanup_(site_freep) struct site *site = calloc(1, sizeof(*site));
	_cleanup_(yaml_deinit) struct yaml yaml;
	struct loader ld = { .site = site };

	*out = NULL;
	int r = yaml_read(&yaml, file, text, err);
	if (r)
		return r;
	if (!site)
		return -ENOMEM;
	arena_init(&site->arena, SITE_ARENA_BYTES);
	ld.in = (struct input){ .file = file, .text = text, .arena = &site->arena, .err = err };
	site->file = arena_strdup(&site->arena, file);
	if (!site->file)
		return -ENOMEM;
	r = read_site(&ld, yaml.root);
	if (r)
		return r;
	*out = site;
	site = NULL;
	return 0;
}

void site_take_zone(struct site *site, size_t index, struct time_zone *zone)
{
	site->overrides[index].expect.local = zone;
}

struct site *site_free(struct site *site)
{
	if (site) {
		for (size_t i = 0; i < site->n_overrides; i++)
			time_zone_free((struct time_zone *)site->overrides[i].expect.local);
		arena_deinit(&site->arena);
		free(site);
	}
	return NULL;
}
