/*
 * Who plays which role. The longest site prefix that holds an address decides, and all roles
 * written with that prefix are tried; NAT aliases are one host; a VIP without a role of its own
 * plays those of its members; an address nobody names plays the defaults of its side.
 *
 * Prefixes are kept sorted, one array per length, longest first: a look-up costs one binary search
 * per length that occurs, whatever the number of prefixes.
 */
#include "priv.h"

#include <errno.h>
#include <string.h>

struct scope_entry {
	struct addr addr;
	struct role_set roles;
	const struct site_address *first; /* in file order */
};

struct scope_level {
	uint8_t len_bits;
	struct scope_entry *entries; /* by address */
	size_t n;
};

struct scope {
	const struct ruleset *ruleset;
	struct scope_level levels[129]; /* longest first */
	size_t n_levels;
	struct role_set defaults[N_ZONES];
	struct role_set servers; /* roles of kind server */
	struct port_index *index;
	uint8_t (*opposite)[2]; /* per rule: zones opposite its from, opposite its to */
	struct arena arena;
};

const struct ruleset *scope_get_ruleset(const struct scope *scope)
{
	return scope->ruleset;
}

const struct port_index *scope_get_port_index(const struct scope *scope)
{
	return scope->index;
}

static struct addr masked(const struct addr *addr, unsigned len_bits)
{
	struct addr out = { { 0 } };
	unsigned whole = len_bits / 8;

	memcpy(out.bytes, addr->bytes, whole);
	if (len_bits % 8)
		out.bytes[whole] = addr->bytes[whole] & (uint8_t)(0xff << (8 - len_bits % 8));
	return out;
}

static int compare_entries(const void *a, const void *b)
{
	return addr_compare(&((const struct scope_entry *)a)->addr,
	                    &((const struct scope_entry *)b)->addr);
}

static const struct scope_entry *find_entry(const struct scope *scope, const struct addr *addr)
{
	for (size_t i = 0; i < scope->n_levels; i++) {
		const struct scope_level *level = &scope->levels[i];
		struct scope_entry key = { .addr = masked(addr, level->len_bits) };
		const struct scope_entry *found =
		        bsearch(&key, level->entries, level->n, sizeof(key), compare_entries);
		if (found)
			return found;
	}
	return NULL;
}

static int compare_site_addresses(const void *a, const void *b)
{
	const struct site_address *x = *(const struct site_address *const *)a;
	const struct site_address *y = *(const struct site_address *const *)b;

	if (x->prefix.len_bits != y->prefix.len_bits)
		return (int)y->prefix.len_bits - (int)x->prefix.len_bits;
	int order = prefix_compare(&x->prefix, &y->prefix);
	return order ? order : (x < y ? -1 : x > y);
}

/* Groups the site's address lines into one entry per prefix, one level per length. */
static int build_levels(struct scope *scope, const struct site *site)
{
	size_t n = site->n_addresses;
	_cleanup_(freep) const struct site_address **sorted = calloc(n + 1, sizeof(*sorted));
	struct scope_entry *entries = arena_alloc(&scope->arena, (n + 1) * sizeof(*entries));

	if (!sorted || !entries)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &site->addresses[i];
	qsort(sorted, n, sizeof(*sorted), compare_site_addresses);

	struct scope_level *level = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct prefix *prefix = &sorted[i]->prefix;
		int role = ruleset_find_role(scope->ruleset, sorted[i]->role);
		if (!level || level->len_bits != prefix->len_bits) {
			level = &scope->levels[scope->n_levels++];
			level->len_bits = prefix->len_bits;
			level->entries = entries;
		}
		struct scope_entry *last = level->n ? &level->entries[level->n - 1] : NULL;
		if (!last || !addr_equal(&last->addr, &prefix->addr)) {
			last = entries++;
			last->addr = prefix->addr;
			last->first = sorted[i];
			level->n++;
		}
		if (role >= 0)
			role_set_add(&last->roles, (unsigned)role);
	}
	return 0;
}

/* client-external keeps its default even where the site gives it addresses. */
static bool plays_default(const struct ruleset_role *role)
{
	return role->plays_default || (role->role->has_default && role->role->kind == ROLE_CLIENT &&
	                               role->role->zone == ZONE_OUTSIDE);
}

/*
 * ambiguities.md A16: opposite an interface on the outside, any address is one outside, never an
 * Edge; opposite an end inside (or facing it) it is one inside.
 */
static uint8_t opposite_zones(const struct ruleset *ruleset, const struct ruleset_end *end)
{
	uint8_t zones = 0;

	for (unsigned i = 0; i < ruleset->n_roles; i++)
		if (role_set_has(&end->roles, i))
			zones |= (uint8_t)(1u << ruleset->roles[i].role->faces);
	return zones;
}

uint8_t scope_opposite_zones(const struct scope *scope, unsigned rule, bool opposite_to)
{
	return scope->opposite[rule][opposite_to];
}

static int build_opposites(struct scope *scope)
{
	const struct ruleset *ruleset = scope->ruleset;

	scope->opposite =
	        arena_alloc(&scope->arena, (ruleset->n_rules + 1) * sizeof(*scope->opposite));
	if (!scope->opposite)
		return -ENOMEM;
	for (size_t i = 0; i < ruleset->n_rules; i++) {
		scope->opposite[i][0] = opposite_zones(ruleset, &ruleset->rules[i].from);
		scope->opposite[i][1] = opposite_zones(ruleset, &ruleset->rules[i].to);
	}
	return 0;
}

int scope_new(struct scope **out, const struct ruleset *ruleset)
{
	_cleanup_(scope_freep) struct scope *scope = calloc(1, sizeof(*scope));

	if (!scope)
		return -ENOMEM;
	arena_init(&scope->arena, 0);
	scope->ruleset = ruleset;
	for (unsigned i = 0; i < ruleset->n_roles; i++) {
		const struct ruleset_role *role = &ruleset->roles[i];
		if (plays_default(role))
			role_set_add(&scope->defaults[role->role->zone], i);
		if (role->role->kind == ROLE_SERVER)
			role_set_add(&scope->servers, i);
	}
	int r = ruleset->site ? build_levels(scope, ruleset->site) : 0;
	if (r == 0)
		r = build_opposites(scope);
	if (r == 0)
		r = port_index_new(&scope->index, ruleset);
	if (r < 0)
		return r;
	*out = scope;
	scope = NULL;
	return 0;
}

struct scope *scope_free(struct scope *scope)
{
	if (scope) {
		port_index_free(scope->index);
		arena_deinit(&scope->arena);
		free(scope);
	}
	return NULL;
}

static void join(struct party *party, const struct scope_entry *entry)
{
	if (!entry)
		return;
	party->given.bits[0] |= entry->roles.bits[0];
	party->given.bits[1] |= entry->roles.bits[1];
	if (!party->entry)
		party->entry = entry->first;
}

static void join_nat(const struct scope *scope, struct party *party, const struct addr *addr)
{
	const struct site *site = scope->ruleset->site;

	for (size_t i = 0; i < site->n_nats; i++) {
		if (addr_equal(&site->nats[i].public_addr, addr))
			join(party, find_entry(scope, &site->nats[i].private_addr));
		else if (addr_equal(&site->nats[i].private_addr, addr))
			join(party, find_entry(scope, &site->nats[i].public_addr));
	}
}

static void join_vip(const struct scope *scope, struct party *party, const struct addr *addr)
{
	const struct site *site = scope->ruleset->site;

	for (size_t i = 0; i < site->n_vips; i++) {
		if (!addr_equal(&site->vips[i].vip, addr))
			continue;
		party->vip = &site->vips[i];
		if (role_set_is_empty(&party->given))
			for (size_t m = 0; m < site->vips[i].n_members; m++)
				join(party, find_entry(scope, &site->vips[i].members[m]));
	}
}

static void name_host(struct party *party, const struct site *site, const struct addr *addr)
{
	int best = -1;

	for (size_t i = 0; i < site->n_hosts; i++)
		if (site->hosts[i].prefix.len_bits > best &&
		    prefix_holds(&site->hosts[i].prefix, addr)) {
			best = site->hosts[i].prefix.len_bits;
			party->host = site->hosts[i].names[0];
		}
}

static enum zone side_of(const struct site *site, const struct addr *addr)
{
	for (size_t i = 0; i < site->n_networks; i++)
		if (prefix_holds(&site->networks[i], addr))
			return ZONE_INSIDE;
	return ZONE_OUTSIDE;
}

void scope_party(const struct scope *scope, const struct addr *addr, struct party *out)
{
	const struct ruleset *ruleset = scope->ruleset;
	const struct site *site = ruleset->site;

	*out = (struct party){ .addr = *addr,
		               .is_wildcard =
		                       addr_is_multicast(addr) || addr_is_unspecified(addr) };
	if (!site)
		return;
	join(out, find_entry(scope, addr));
	join_nat(scope, out, addr);
	join_vip(scope, out, addr);
	name_host(out, site, addr);
	out->playing = out->given;
	out->is_server = role_set_meets(&out->given, &scope->servers);
	if (role_set_is_empty(&out->given) && !out->is_wildcard) {
		enum zone side = side_of(site, addr);
		out->playing = scope->defaults[side];
		out->zones = (uint8_t)(1u << side);
	}
	for (unsigned i = 0; i < ruleset->n_roles; i++)
		if (role_set_has(&out->given, i))
			out->zones |= (uint8_t)(1u << ruleset->roles[i].role->zone);
}

/* Without a site only a documented port, not a range of thousands, makes a flow worth a look. */
static bool is_documented_port(const struct scope *scope, uint8_t transport, uint16_t port)
{
	size_t n;
	const uint16_t *rules = port_index_get(scope->index, port, &n);

	for (size_t i = 0; i < n; i++) {
		const struct rule *rule = scope->ruleset->rules[rules[i]].rule;
		if (rule_port_width(rule) <= WIDE_RANGE_PORTS &&
		    ((transport == TRANSPORT_TCP && rule->tcp) ||
		     (transport == TRANSPORT_UDP && rule->udp)))
			return true;
	}
	return false;
}

static bool fits_some_rule(const struct scope *scope, const struct flow *flow,
                           const struct party parties[2])
{
	for (unsigned src = 0; src < 2; src++) {
		struct headers headers;
		headers_of(&headers, scope, flow, parties, src);
		for (unsigned end = 0; end < 2; end++) {
			size_t n;
			const uint16_t *rules = port_index_get(scope->index, flow->port[end], &n);
			for (size_t i = 0; i < n; i++)
				if (match_fits(rules[i], &headers))
					return true;
		}
	}
	return false;
}

family_set scope_expect(const struct scope *scope, const struct flow *flow)
{
	const family_set all = UINT32_MAX;

	if (!scope->ruleset->site)
		return is_documented_port(scope, flow->transport, flow->port[0]) ||
		                       is_documented_port(scope, flow->transport, flow->port[1])
		               ? all
		               : 0;
	struct party parties[2];
	scope_party(scope, &flow->addr[0], &parties[0]);
	scope_party(scope, &flow->addr[1], &parties[1]);
	if (parties[0].is_server || parties[1].is_server)
		return all;
	return fits_some_rule(scope, flow, parties) ? all : 0;
}

void party_roles_text(const struct scope *scope, const struct party *party, char *buffer,
                      size_t size)
{
	const struct ruleset *ruleset = scope->ruleset;
	size_t len = 0;

	buffer[0] = '\0';
	for (unsigned i = 0; i < ruleset->n_roles && len < size; i++)
		if (role_set_has(&party->given, i))
			len += (size_t)snprintf(buffer + len, size - len, "%s%s", len ? "+" : "",
			                        ruleset->roles[i].role->id);
	if (len)
		return;
	if (party->is_wildcard)
		snprintf(buffer, size, "broadcast");
	else
		snprintf(buffer, size, "%s",
		         party->zones & 1u << ZONE_INSIDE ? "inside"
		         : party->zones                   ? "outside"
		                                          : "unknown");
}
