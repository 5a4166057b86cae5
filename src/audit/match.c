/*
 * Which rules a flow's headers fit: roles, transport, ports. Bytes play no part here.
 *
 * Every check is one condition, so that the same code answers three questions: which rules fit,
 * which rule is nearest (exactly one condition fails), and, for `explain`, what failed.
 */
#include "priv.h"

#include <errno.h>
#include <string.h>

void headers_of(struct headers *out, const struct scope *scope, const struct flow *flow,
                const struct party parties[2], unsigned src_side)
{
	*out = (struct headers){
		.scope = scope,
		.src = &parties[src_side],
		.dst = &parties[!src_side],
		.src_port = flow->port[src_side],
		.dst_port = flow->port[!src_side],
		.dst_port_mapped = flow->port[!src_side],
		.transport = flow->transport,
		.time_ns = flow->first_ns,
	};
	const struct site_vip *vip = out->dst->vip;
	for (size_t i = 0; vip && i < vip->n_maps; i++)
		if (vip->maps[i].from == out->dst_port)
			out->dst_port_mapped = vip->maps[i].to;
}

struct headers headers_swapped(const struct headers *h)
{
	struct headers out = *h;

	out.src = h->dst;
	out.dst = h->src;
	out.src_port = h->dst_port;
	out.dst_port = out.dst_port_mapped = h->src_port;
	return out;
}

static bool holds_transport(const struct rule *rule, uint8_t transport)
{
	return (transport == TRANSPORT_TCP && rule->tcp) ||
	       (transport == TRANSPORT_UDP && rule->udp) ||
	       (rule->other_transport && rule->other_transport == transport);
}

static bool holds_port(const struct rule *rule, uint16_t port)
{
	for (size_t i = 0; i < rule->n_ports; i++)
		if (port >= rule->ports[i].first && port <= rule->ports[i].last)
			return true;
	return rule->n_ports == 0;
}

static bool holds_ports(const struct rule *rule, const struct headers *h)
{
	bool at_responder = holds_port(rule, h->dst_port) || holds_port(rule, h->dst_port_mapped);

	switch (rule->port_end) {
	case PORT_OF_FROM:
		return holds_port(rule, h->src_port);
	case PORT_OF_EITHER:
		return at_responder || holds_port(rule, h->src_port);
	default:
		return at_responder;
	}
}

static bool is_broadcast_rule(const struct rule *rule)
{
	return rule->family == FAMILY_DHCP || rule->family == FAMILY_SSRP;
}

static bool in_prefixes(const struct rule_end *end, const struct addr *addr)
{
	for (size_t i = 0; i < end->n_prefixes; i++)
		if (prefix_holds(&end->prefixes[i], addr))
			return true;
	return false;
}

/* Does this party play one end of the rule? is_to: which end. */
static bool plays_end(unsigned index, const struct headers *h, const struct party *party,
                      bool is_to, bool as_printed)
{
	const struct ruleset_rule *rule = &scope_get_ruleset(h->scope)->rules[index];
	const struct ruleset_end *end = is_to ? &rule->to : &rule->from;
	const struct rule_end *written = is_to ? &rule->rule->to : &rule->rule->from;
	enum end_form form = as_printed && written->printed == END_ANY ? END_ANY : end->form;

	if (party->is_wildcard)
		return is_broadcast_rule(rule->rule);
	if (in_prefixes(written, &party->addr) || role_set_meets(&party->playing, &end->roles))
		return true;
	if (form != END_ANY && form != END_UNSTATED)
		return false;
	uint8_t zones = scope_opposite_zones(h->scope, index, !is_to);
	/* Both ends open (a site's any to any): everything. */
	return zones == 0 || (party->zones & zones) == party->zones;
}

/* No rule is kept by a flow from outside to an inside role unless it names an outside role. */
static bool crosses_unnamed(unsigned index, const struct headers *h)
{
	const struct ruleset_rule *rule = &scope_get_ruleset(h->scope)->rules[index];

	/* A broadcast address, as the end that was answered, is on no side. */
	if (h->src->is_wildcard || h->src->zones != 1u << ZONE_OUTSIDE ||
	    h->dst->zones != 1u << ZONE_INSIDE)
		return false;
	return !(rule->from.zones & 1u << ZONE_OUTSIDE) && rule->rule->from.n_prefixes == 0 &&
	       !rule->allow;
}

/*
 * ambiguities.md A51: a range of client ports is client to client; it never excuses a flow to a
 * host that is a server.
 */
static bool is_client_range_to_server(const struct ruleset_rule *rule,
                                      const struct ruleset *ruleset, const struct headers *h)
{
	if (rule_port_width(rule->rule) <= WIDE_RANGE_PORTS || !h->dst->is_server)
		return false;
	for (unsigned i = 0; i < ruleset->n_roles; i++)
		if (role_set_has(&rule->to.roles, i) && ruleset->roles[i].role->kind == ROLE_SERVER)
			return false;
	return rule->to.form == END_ROLES;
}

static unsigned failures_one_way(unsigned index, const struct headers *h, bool as_printed)
{
	const struct ruleset *ruleset = scope_get_ruleset(h->scope);
	const struct ruleset_rule *rule = &ruleset->rules[index];
	unsigned failed = 0;

	if (!holds_transport(rule->rule, h->transport))
		failed |= 1u << CONDITION_TRANSPORT;
	if (!holds_ports(rule->rule, h))
		failed |= 1u << CONDITION_PORT;
	if (!ruleset->site)
		return failed;
	if (!plays_end(index, h, h->src, false, as_printed) || crosses_unnamed(index, h))
		failed |= 1u << CONDITION_SOURCE;
	if (!plays_end(index, h, h->dst, true, as_printed) ||
	    is_client_range_to_server(rule, ruleset, h))
		failed |= 1u << CONDITION_DESTINATION;
	/* An allow that has run out allows nothing. */
	if (rule->allow && h->time_ns > rule->allow->until_ns)
		failed |= 1u << CONDITION_SOURCE | 1u << CONDITION_DESTINATION;
	return failed;
}

unsigned match_failures(unsigned index, const struct headers *h, bool as_printed)
{
	const struct rule *rule = scope_get_ruleset(h->scope)->rules[index].rule;
	unsigned failed = failures_one_way(index, h, as_printed);

	/* Media over UDP has no opener: the owner's own port counts, whichever end sent first. */
	bool is_media = rule->port_end == PORT_OF_TO || rule->port_end == PORT_OF_FROM;
	if (failed && is_media && h->transport == TRANSPORT_UDP) {
		struct headers swapped = headers_swapped(h);
		unsigned other = failures_one_way(index, &swapped, as_printed);
		if (__builtin_popcount(other) < __builtin_popcount(failed))
			return other;
	}
	return failed;
}

bool match_fits(unsigned index, const struct headers *h)
{
	return match_failures(index, h, false) == 0;
}

uint16_t match_single_port(const struct rule *rule, const struct headers *h)
{
	const uint16_t used[] = { h->dst_port, h->dst_port_mapped, h->src_port };

	for (size_t u = 0; u < ARRAY_SIZE(used); u++)
		for (size_t i = 0; i < rule->n_ports; i++)
			if (rule->ports[i].first == rule->ports[i].last &&
			    rule->ports[i].first == used[u] && used[u])
				return used[u];
	return 0;
}

unsigned rule_port_width(const struct rule *rule)
{
	unsigned widest = 0;

	for (size_t i = 0; i < rule->n_ports; i++)
		widest = MAX(widest, 1u + rule->ports[i].last - rule->ports[i].first);
	return widest;
}

static unsigned exactness(const struct ruleset_end *end)
{
	if (end->form == END_PREFIXES || end->is_exact)
		return 3;
	return end->form == END_ROLES ? 2 : 1;
}

bool rule_is_more_specific(const struct ruleset *ruleset, unsigned a, unsigned b)
{
	const struct ruleset_rule *x = &ruleset->rules[a], *y = &ruleset->rules[b];
	unsigned ends_x = exactness(&x->from) + exactness(&x->to);
	unsigned ends_y = exactness(&y->from) + exactness(&y->to);
	unsigned width_x = rule_port_width(x->rule), width_y = rule_port_width(y->rule);

	if (ends_x != ends_y)
		return ends_x > ends_y;
	if (width_x != width_y)
		return width_x < width_y;
	if (!x->allow != !y->allow)
		return !x->allow;
	return a < b;
}

/* How a rule fits these headers: not at all, by a range, or by a single port, which says more. */
enum fit { FIT_NONE, FIT_RANGE, FIT_SINGLE };

static enum fit best_fit(const struct scope *scope, const struct headers *h)
{
	const uint16_t ports[] = { h->dst_port, h->src_port, h->dst_port_mapped };
	enum fit best = FIT_NONE;

	for (size_t p = 0; p < ARRAY_SIZE(ports); p++) {
		size_t n;
		const uint16_t *rules = port_index_get(scope_get_port_index(scope), ports[p], &n);
		for (size_t i = 0; i < n; i++) {
			/* Media belongs to its owner here, too, whoever sent first. */
			if (failures_one_way(rules[i], h, false))
				continue;
			const struct rule *rule = scope_get_ruleset(scope)->rules[rules[i]].rule;
			best = MAX(best, match_single_port(rule, h) ? FIT_SINGLE : FIT_RANGE);
		}
	}
	return best;
}

unsigned match_opener(const struct scope *scope, const struct flow *flow,
                      const struct party parties[2], enum opener *how)
{
	struct headers forward, backward;

	*how = (enum opener)flow->opener_how;
	if (*how == OPENER_SYN || *how == OPENER_PROTOCOL)
		return flow->opener;
	headers_of(&forward, scope, flow, parties, flow->opener);
	headers_of(&backward, scope, flow, parties, !flow->opener);
	enum fit fit_forward = best_fit(scope, &forward), fit_backward = best_fit(scope, &backward);
	if (fit_forward == fit_backward)
		return flow->opener;
	*how = OPENER_PORT;
	return fit_backward > fit_forward ? !flow->opener : flow->opener;
}

/* ---- Rules by port -------------------------------------------------------------------------- */

/*
 * The port line cut at every place where a rule begins or ends; between two cuts the set of
 * candidate rules is the same, so it is kept once.
 */
struct port_index {
	uint32_t *cuts;   /* ascending, n + 1 of them: 0 ... 65536 */
	uint32_t *starts; /* n + 1: where a stretch's rules begin in rules[] */
	uint16_t *rules;
	size_t n;
};

static int compare_cuts(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static int collect_cuts(struct port_index *index, const struct ruleset *ruleset)
{
	size_t n_ranges = 0, n = 0, unique = 1;

	for (size_t i = 0; i < ruleset->n_rules; i++)
		n_ranges += ruleset->rules[i].rule->n_ports;
	index->cuts = calloc(2 * n_ranges + 2, sizeof(*index->cuts));
	if (!index->cuts)
		return -ENOMEM;
	index->cuts[n++] = 0;
	index->cuts[n++] = 65536;
	for (size_t i = 0; i < ruleset->n_rules; i++) {
		const struct rule *rule = ruleset->rules[i].rule;
		for (size_t p = 0; p < rule->n_ports; p++) {
			index->cuts[n++] = rule->ports[p].first;
			index->cuts[n++] = rule->ports[p].last + 1u;
		}
	}
	qsort(index->cuts, n, sizeof(*index->cuts), compare_cuts);
	for (size_t i = 1; i < n; i++)
		if (index->cuts[i] != index->cuts[unique - 1])
			index->cuts[unique++] = index->cuts[i];
	index->n = unique - 1;
	return 0;
}

static size_t stretch_of(const struct port_index *index, uint32_t port)
{
	size_t low = 0, high = index->n;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (index->cuts[middle] <= port)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Visits every (rule, stretch) pair once; without fill it only counts, into starts[stretch + 1]. */
static int spread(struct port_index *index, const struct ruleset *ruleset, uint32_t *fill)
{
	_cleanup_(freep) size_t *last =
	        calloc(index->n + 1, sizeof(*last)); /* rule + 1 seen last */

	if (!last)
		return -ENOMEM;
	for (size_t i = 0; i < ruleset->n_rules; i++) {
		const struct rule *rule = ruleset->rules[i].rule;
		for (size_t p = 0; p < MAX(rule->n_ports, 1); p++) {
			uint32_t first = rule->n_ports ? rule->ports[p].first : 0;
			uint32_t end = rule->n_ports ? rule->ports[p].last + 1u : 65536;
			for (size_t s = stretch_of(index, first);
			     s < index->n && index->cuts[s] < end; s++) {
				if (last[s] == i + 1)
					continue;
				last[s] = i + 1;
				if (fill)
					index->rules[fill[s]++] = (uint16_t)i;
				else
					index->starts[s + 1]++;
			}
		}
	}
	return 0;
}

int port_index_new(struct port_index **out, const struct ruleset *ruleset)
{
	struct port_index *index = calloc(1, sizeof(*index));
	_cleanup_(freep) uint32_t *fill = NULL;

	if (!index || collect_cuts(index, ruleset) < 0)
		goto no_memory;
	index->starts = calloc(index->n + 1, sizeof(*index->starts));
	if (!index->starts || spread(index, ruleset, NULL) < 0)
		goto no_memory;
	for (size_t s = 0; s < index->n; s++)
		index->starts[s + 1] += index->starts[s];
	index->rules = calloc(index->starts[index->n] + 1u, sizeof(*index->rules));
	fill = calloc(index->n + 1, sizeof(*fill));
	if (!index->rules || !fill)
		goto no_memory;
	memcpy(fill, index->starts, (index->n + 1) * sizeof(*fill));
	if (spread(index, ruleset, fill) < 0)
		goto no_memory;
	*out = index;
	return 0;
no_memory:
	port_index_free(index);
	return -ENOMEM;
}

struct port_index *port_index_free(struct port_index *index)
{
	if (index) {
		free(index->cuts);
		free(index->starts);
		free(index->rules);
		free(index);
	}
	return NULL;
}

const uint16_t *port_index_get(const struct port_index *index, uint16_t port, size_t *n)
{
	size_t s = stretch_of(index, port);

	*n = index->starts[s + 1] - index->starts[s];
	return index->rules + index->starts[s];
}

bool end_is_played(const struct scope *scope, const struct rule_end *end, const struct party *party)
{
	if (end->n_roles == 0 && end->n_prefixes == 0)
		return true;
	if (in_prefixes(end, &party->addr))
		return true;
	for (size_t i = 0; i < end->n_roles; i++) {
		int role = ruleset_find_role(scope_get_ruleset(scope), end->roles[i]);
		if (role >= 0 && role_set_has(&party->playing, (unsigned)role))
			return true;
	}
	return false;
}
