/*
 * The ledger counts: assessments become findings, coverage and totals. Alike flows are one finding
 * with a count and a few examples, so its size is bounded by packs times site, whatever the
 * traffic. A flow that a note of another could change (a resumed TLS session, what may be media or
 * RPC: notes.c) waits until the last flow, because the note may come later. Notes and flows that
 * wait are bounded: beyond that a note is dropped, and a flow is judged by the notes that have
 * come; both are counted.
 */
#include "priv.h"

#include <errno.h>
#include <string.h>

#include "pcaudit/base/hash.h"
#include "pcaudit/base/strbuf.h"
#include "pcaudit/crypto.h"

#define MAX_EXACT_INITIATORS 1024u

static const struct hash_key table_key = { UINT64_C(0x70636175646974), UINT64_C(0x6c6564676572) };

/* ---- Records -------------------------------------------------------------------------------- */

static void record_unref(struct flow_record *record)
{
	if (record && --record->refs == 0) {
		facts_free(record->flow.facts);
		free(record);
	}
}

static bool earlier(const struct flow *a, const struct flow *b)
{
	return a->file != b->file ? a->file < b->file : a->number < b->number;
}

static int compare_records(const void *a, const void *b)
{
	const struct flow *x = &(*(struct flow_record *const *)a)->flow;
	const struct flow *y = &(*(struct flow_record *const *)b)->flow;
	return earlier(x, y) ? -1 : earlier(y, x);
}

/* Adds one to a growing array of pointers. */
static int append(struct flow_record ***list, size_t *n, size_t *size, struct flow_record *record)
{
	if (*n == *size) {
		size_t more = *size ? *size * 2 : 64;
		struct flow_record **grown = realloc(*list, more * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		*list = grown;
		*size = more;
	}
	(*list)[(*n)++] = record;
	record->refs++;
	return 0;
}

/* ---- Small sets ----------------------------------------------------------------------------- */

struct addr_set {
	struct addr *slots; /* open addressing, zero address never stored at a used slot's place */
	bool *used;
	size_t n, size;
};

static bool addr_set_grow(struct addr_set *set)
{
	struct addr_set bigger = { .size = set->size ? set->size * 2 : 16 };

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	bigger.used = calloc(bigger.size, sizeof(*bigger.used));
	if (!bigger.slots || !bigger.used) {
		free(bigger.slots);
		free(bigger.used);
		return false;
	}
	for (size_t i = 0; i < set->size; i++) {
		if (!set->used[i])
			continue;
		size_t at =
		        hash_bytes(&table_key, BYTES(set->slots[i].bytes, 16)) & (bigger.size - 1);
		while (bigger.used[at])
			at = (at + 1) & (bigger.size - 1);
		bigger.slots[at] = set->slots[i];
		bigger.used[at] = true;
	}
	bigger.n = set->n;
	free(set->slots);
	free(set->used);
	*set = bigger;
	return true;
}

/* True if addr is in the set now; false if the set is full or memory is short. */
static bool addr_set_add(struct addr_set *set, const struct addr *addr)
{
	if (set->n * 2 >= set->size && (set->n > MAX_EXACT_INITIATORS || !addr_set_grow(set)))
		return false;
	size_t at = hash_bytes(&table_key, BYTES(addr->bytes, 16)) & (set->size - 1);
	for (; set->used[at]; at = (at + 1) & (set->size - 1))
		if (addr_equal(&set->slots[at], addr))
			return true;
	if (set->n >= MAX_EXACT_INITIATORS)
		return false;
	set->slots[at] = *addr;
	set->used[at] = true;
	set->n++;
	return true;
}

struct port_set {
	uint64_t bits[1024];
};

static void port_set_add(struct port_set *set, uint16_t port)
{
	set->bits[port / 64] |= UINT64_C(1) << (port % 64);
}

static bool port_set_has(const struct port_set *set, unsigned port)
{
	return set->bits[port / 64] >> (port % 64) & 1;
}

static int port_set_ranges(const struct port_set *set, struct port_range **out, size_t *n)
{
	struct port_range *ranges = NULL;

	*n = 0;
	for (unsigned port = 0; port < 65536; port++) {
		if (!set->bits[port / 64]) {
			port |= 63; /* none of these 64 */
			continue;
		}
		if (!port_set_has(set, port))
			continue;
		unsigned last = port;
		while (last < 65535 && port_set_has(set, last + 1))
			last++;
		struct port_range *grown = realloc(ranges, (*n + 1) * sizeof(*ranges));
		if (!grown) {
			free(ranges);
			return -ENOMEM;
		}
		ranges = grown;
		ranges[(*n)++] = (struct port_range){ (uint16_t)port, (uint16_t)last };
		port = last;
	}
	*out = ranges;
	return 0;
}

/* ---- Findings ------------------------------------------------------------------------------- */

static bool same_key(const struct finding_key *a, const struct finding_key *b)
{
	return a->kind == b->kind && a->note == b->note && a->transport == b->transport &&
	       a->rule == b->rule && a->port == b->port && a->accepted == b->accepted &&
	       a->entry == b->entry && a->host == b->host && a->src_side == b->src_side &&
	       a->dst_side == b->dst_side &&
	       memcmp(&a->src_roles, &b->src_roles, sizeof(a->src_roles)) == 0 &&
	       memcmp(&a->dst_roles, &b->dst_roles, sizeof(a->dst_roles)) == 0;
}

static uint64_t hash_key(const struct finding_key *key)
{
	uint64_t words[10] = {
		key->kind,
		key->note,
		key->transport,
		(uint64_t)(int64_t)key->rule,
		(uint64_t)key->port | (uint64_t)key->src_side << 16 | (uint64_t)key->dst_side << 24,
		(uintptr_t)key->accepted ^ (uintptr_t)key->entry << 1 ^ (uintptr_t)key->host << 2,
		key->src_roles.bits[0],
		key->src_roles.bits[1],
		key->dst_roles.bits[0],
		key->dst_roles.bits[1]
	};
	return hash_bytes(&table_key, BYTES((const uint8_t *)words, sizeof(words)));
}

static struct finding **slot_of(struct finding **table, size_t size, const struct finding_key *key)
{
	size_t at = hash_key(key) & (size - 1);

	while (table[at] && !same_key(&table[at]->key, key))
		at = (at + 1) & (size - 1);
	return &table[at];
}

static int grow_findings(struct ledger *ledger)
{
	size_t size = ledger->findings_size ? ledger->findings_size * 2 : 64;
	struct finding **table = calloc(size, sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < ledger->findings_size; i++)
		if (ledger->findings[i])
			*slot_of(table, size, &ledger->findings[i]->key) = ledger->findings[i];
	free(ledger->findings);
	ledger->findings = table;
	ledger->findings_size = size;
	return 0;
}

struct finding *ledger_finding(struct ledger *ledger, const struct finding_key *key)
{
	if (ledger->n_findings * 2 >= ledger->findings_size && grow_findings(ledger) < 0)
		return NULL;
	struct finding **slot = slot_of(ledger->findings, ledger->findings_size, key);
	if (!*slot) {
		*slot = calloc(1, sizeof(**slot));
		if (!*slot)
			return NULL;
		(*slot)->key = *key;
		ledger->n_findings++;
	}
	return *slot;
}

static void finding_free(struct finding *finding)
{
	for (size_t i = 0; i < finding->n_examples; i++)
		record_unref(finding->examples[i]);
	if (finding->initiator_set) {
		free(finding->initiator_set->slots);
		free(finding->initiator_set->used);
		free(finding->initiator_set);
	}
	free(finding->port_set);
	free(finding->examples);
	free(finding->ports);
	free(finding->why);
	free(finding->remedy);
	free(finding->expected);
	free(finding->observed);
	free(finding);
}

const struct site_accept *ledger_accept(struct ledger *ledger, enum kind kind, int rule,
                                        const struct party *src, const struct party *dst,
                                        int64_t time_ns)
{
	const struct site *site = ledger->ruleset->site;

	for (size_t i = 0; site && i < site->n_accepts; i++) {
		const struct site_accept *accept = &site->accepts[i];
		const struct rule *named = rule >= 0 ? ledger->ruleset->rules[rule].rule : NULL;
		if (accept->kind && strcmp(accept->kind, kind_word(kind)) != 0)
			continue;
		if (accept->rule &&
		    (!named || (strcmp(accept->rule, named->id) != 0 &&
		                (!named->facet_of || strcmp(accept->rule, named->facet_of) != 0))))
			continue;
		bool names_ends = accept->from.n_roles + accept->from.n_prefixes +
		                          accept->to.n_roles + accept->to.n_prefixes >
		                  0;
		if (names_ends && (!src || !end_is_played(ledger->scope, &accept->from, src) ||
		                   !end_is_played(ledger->scope, &accept->to, dst)))
			continue;
		if (time_ns > accept->until_ns)
			continue;
		ledger->accept_used[i] = true;
		return accept;
	}
	return NULL;
}

/* ---- One flow ------------------------------------------------------------------------------- */

/* A flow that closed, and what was decided about it. */
struct closing {
	const struct flow *flow;
	const struct assessment *assessment;
	const struct judge_context *context;
	const struct party *parties;
	bool is_open_end;
};

/* The record of the flow at hand, made once, when the first list wants it. */
static struct flow_record *record_of(struct ledger *ledger, const struct closing *c)
{
	if (!ledger->closing) {
		struct flow_record *record = calloc(1, sizeof(*record));
		if (!record)
			return NULL;
		record->refs = 1;
		record->flow = *c->flow;
		record->flow.stream = NULL;
		record->assessment = *c->assessment;
		memcpy(record->parties, c->parties, sizeof(record->parties));
		record->is_unseen_end = c->is_open_end;
		record->is_evicted = c->context->is_evicted;
		record->closed_ns = c->context->now_ns;
		if (c->context->session) {
			record->session_note = *c->context->session;
			record->session = &record->session_note;
		}
		ledger->closing = record;
	}
	return ledger->closing;
}

static int add_example(struct ledger *ledger, struct finding *finding, struct flow_record *record)
{
	unsigned max = ledger->options.n_examples;
	size_t at = finding->n_examples;

	if (!finding->examples) {
		finding->examples = calloc(max + 1, sizeof(struct flow_record *));
		if (!finding->examples)
			return -ENOMEM;
	}
	while (at > 0 && earlier(&record->flow, &finding->examples[at - 1]->flow))
		at--;
	if (at >= max)
		return 0;
	memmove(finding->examples + at + 1, finding->examples + at,
	        (finding->n_examples - at) * sizeof(struct flow_record *));
	finding->examples[at] = record;
	record->refs++;
	if (++finding->n_examples > max)
		record_unref(finding->examples[--finding->n_examples]);
	return 0;
}

static bool wants_example(const struct ledger *ledger, const struct finding *finding,
                          const struct flow *flow)
{
	return finding->n_examples < ledger->options.n_examples ||
	       (finding->n_examples &&
	        earlier(flow, &finding->examples[finding->n_examples - 1]->flow));
}

static int count_ends(struct finding *finding, const struct addr *initiator, uint16_t port)
{
	if (!finding->initiator_set)
		finding->initiator_set = calloc(1, sizeof(*finding->initiator_set));
	if (!finding->port_set)
		finding->port_set = calloc(1, sizeof(*finding->port_set));
	if (!finding->initiator_set || !finding->port_set)
		return -ENOMEM;
	if (!addr_set_add(finding->initiator_set, initiator))
		finding->initiators_at_least = true;
	finding->initiators = (uint32_t)finding->initiator_set->n;
	if (port)
		port_set_add(finding->port_set, port);
	return 0;
}

/* Which side a party without a role is on, so that inside and outside are not alike. */
static uint8_t side_of(const struct party *party)
{
	if (!role_set_is_empty(&party->given))
		return 0;
	return party->is_wildcard ? 1u << N_ZONES : party->zones;
}

static int add_to_finding(struct ledger *ledger, const struct closing *c, enum kind kind, int note,
                          enum severity severity)
{
	const struct assessment *a = c->assessment;
	const struct party *src = &c->parties[a->src], *dst = &c->parties[!a->src];
	const struct flow *flow = c->flow;
	struct headers headers;
	struct finding_key key = {
		.kind = (uint8_t)kind,
		.note = (uint8_t)(note + 1),
		.transport = flow->transport,
		.rule = a->rule,
		.src_roles = src->given,
		.dst_roles = dst->given,
		.src_side = side_of(src),
		.dst_side = side_of(dst),
		.entry = dst->entry ? dst->entry : src->entry,
		.accepted = ledger_accept(ledger, kind, a->rule, src, dst, flow->first_ns),
	};
	headers_of(&headers, ledger->scope, flow, c->parties, a->src);
	if (a->rule >= 0 && kind != KIND_WRONG_PORT)
		key.port = match_single_port(ledger->ruleset->rules[a->rule].rule, &headers);

	struct finding *finding = ledger_finding(ledger, &key);
	if (!finding)
		return -ENOMEM;
	if (finding->flows == 0) {
		finding->severity = severity;
		finding->field = a->field;
		finding->is_printed_any = a->is_printed_any;
		finding->first_ns = flow->first_ns;
		finding->last_ns = flow->last_ns;
	}
	finding->flows++;
	finding->first_ns = MIN(finding->first_ns, flow->first_ns);
	finding->last_ns = MAX(finding->last_ns, flow->last_ns);
	int r = count_ends(finding, &flow->addr[a->src], flow->port[!a->src]);
	if (r < 0 || !wants_example(ledger, finding, flow))
		return r;
	struct flow_record *record = record_of(ledger, c);
	return record ? add_example(ledger, finding, record) : -ENOMEM;
}

/* Which sets of roles were seen, and whether on more than one host. */
static int see_host(struct ledger *ledger, const struct party *party)
{
	for (size_t i = 0; i < ledger->n_hosts; i++) {
		struct seen_host *host = &ledger->hosts[i];
		if (memcmp(&host->playing, &party->playing, sizeof(host->playing)) != 0 ||
		    host->zones != party->zones)
			continue;
		host->is_several |= !addr_equal(&host->addr, &party->addr);
		return 0;
	}
	if (ledger->n_hosts == ledger->hosts_size) {
		size_t size = ledger->hosts_size ? ledger->hosts_size * 2 : 32;
		struct seen_host *grown = realloc(ledger->hosts, size * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		ledger->hosts = grown;
		ledger->hosts_size = size;
	}
	ledger->hosts[ledger->n_hosts++] = (struct seen_host){ .playing = party->playing,
		                                               .zones = party->zones,
		                                               .addr = party->addr };
	return 0;
}

static int see(struct ledger *ledger, const struct party *party)
{
	const struct site *site = ledger->ruleset->site;

	if (see_host(ledger, party) < 0)
		return -ENOMEM;
	ledger->seen.bits[0] |= party->playing.bits[0];
	ledger->seen.bits[1] |= party->playing.bits[1];
	if (!party->is_server)
		return 0;
	/* Addresses whose longest prefix is the same are held by the same prefixes. */
	bool *is_seen = party->entry && !site->n_nats
	                        ? &ledger->seen_entries[party->entry - site->addresses]
	                        : NULL;
	if (is_seen && *is_seen)
		return 0;
	for (size_t i = 0; i < site->n_addresses; i++)
		if (prefix_holds(&site->addresses[i].prefix, &party->addr))
			ledger->seen_entries[i] = true;
	for (size_t i = 0; i < site->n_nats; i++)
		for (size_t j = 0; j < site->n_addresses; j++)
			if ((addr_equal(&site->nats[i].public_addr, &party->addr) &&
			     prefix_holds(&site->addresses[j].prefix,
			                  &site->nats[i].private_addr)) ||
			    (addr_equal(&site->nats[i].private_addr, &party->addr) &&
			     prefix_holds(&site->addresses[j].prefix, &site->nats[i].public_addr)))
				ledger->seen_entries[j] = true;
	return 0;
}

static void count_rule(struct rule_stats *stats, const struct ruleset_rule *rule,
                       const struct flow *flow)
{
	if (stats->kept == 0 || flow->first_ns < stats->first_ns)
		stats->first_ns = flow->first_ns;
	if (stats->kept == 0 || flow->last_ns > stats->last_ns)
		stats->last_ns = flow->last_ns;
	stats->kept++;
	if (rule->has_expect && rule->expect.within_ns)
		window_add(&stats->windows, &rule->expect, flow->first_ns, flow->last_ns);
}

/* A flow between the rule's own ends that breaks it: the rule was tried, not missing. */
static bool is_same_service(const struct assessment *a)
{
	if (a->kind == KIND_WRONG_SOURCE || a->kind == KIND_WRONG_DESTINATION)
		return a->is_printed_any;
	return kind_is_violation(a->kind);
}

static void count_rules(struct ledger *ledger, const struct flow *flow, const struct assessment *a)
{
	const struct ruleset *ruleset = ledger->ruleset;

	for (unsigned i = 0; i < a->n_kept; i++) {
		count_rule(&ledger->stats[a->kept[i]], &ruleset->rules[a->kept[i]], flow);
		if (ruleset->rules[a->kept[i]].allow)
			ledger->allow_used[ruleset->rules[a->kept[i]].allow -
			                   ruleset->site->allows] = true;
	}
	if (a->rule < 0)
		return;
	struct rule_stats *stats = &ledger->stats[a->rule];
	if (a->verdict == VERDICT_BLOCKED) {
		stats->blocked++;
	} else if (a->verdict == VERDICT_UNJUDGED) {
		if (!stats->unjudged++ || a->reason < stats->unjudged_reason)
			stats->unjudged_reason = a->reason;
	} else if (is_same_service(a)) {
		stats->broken++;
	}
}

static int count_foreign(struct ledger *ledger, const struct flow *flow, const struct party *src,
                         const struct party *dst)
{
	struct foreign *row = NULL;

	for (size_t i = 0; i < ledger->n_foreign && !row; i++) {
		struct foreign *f = &ledger->foreign[i];
		if (f->src_zones == src->zones && f->dst_zones == dst->zones &&
		    f->src_wildcard == src->is_wildcard && f->dst_wildcard == dst->is_wildcard &&
		    memcmp(&f->src, &src->given, sizeof(f->src)) == 0 &&
		    memcmp(&f->dst, &dst->given, sizeof(f->dst)) == 0)
			row = f;
	}
	if (!row) {
		if (ledger->n_foreign == ledger->foreign_size) {
			size_t size = ledger->foreign_size ? ledger->foreign_size * 2 : 16;
			struct foreign *grown = realloc(ledger->foreign, size * sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			ledger->foreign = grown;
			ledger->foreign_size = size;
		}
		row = &ledger->foreign[ledger->n_foreign++];
		*row = (struct foreign){ .src = src->given,
			                 .dst = dst->given,
			                 .src_zones = src->zones,
			                 .dst_zones = dst->zones,
			                 .src_wildcard = src->is_wildcard,
			                 .dst_wildcard = dst->is_wildcard };
	}
	row->flows++;
	row->packets += flow->packets[0] + flow->packets[1];
	row->bytes += flow->bytes[0] + flow->bytes[1];
	return 0;
}

/* How sure a kept rule is, as one word: the weaker of what the rule asks for. */
static enum evidence weakest(const struct ledger *ledger, const struct assessment *a)
{
	const struct rule *rule = ledger->ruleset->rules[a->rule].rule;
	bool asks_security = rule->security == SECURITY_TLS || rule->security == SECURITY_MTLS;

	if (!asks_security)
		return a->evidence;
	if (rule->family == FAMILY_ANY)
		return a->security_evidence;
	return MIN(a->evidence, a->security_evidence);
}

static int account_in_scope(struct ledger *ledger, const struct closing *c)
{
	const struct assessment *a = c->assessment;
	int r = 0;

	count_rules(ledger, c->flow, a);
	if (a->verdict == VERDICT_COMPLIANT) {
		ledger->report.compliant_by_evidence[weakest(ledger, a)]++;
		ledger->n_named += !role_set_is_empty(&c->parties[0].given) ||
		                   !role_set_is_empty(&c->parties[1].given);
	}
	if (a->verdict == VERDICT_UNJUDGED)
		ledger->report.unjudged_by_reason[a->reason]++;
	if (a->verdict == VERDICT_VIOLATION || a->verdict == VERDICT_BLOCKED)
		r = add_to_finding(ledger, c, a->kind, -1, a->severity);
	for (int note = 0; note < N_NOTE_CODES && r == 0; note++)
		if (a->notes >> note & 1)
			r = add_to_finding(
			        ledger, c, KIND_NOTE, note,
			        severity_of_note(ledger->ruleset, (enum note_code)note, a->rule));
	return r;
}

static int account(struct ledger *ledger, const struct flow *flow,
                   const struct assessment *assessment, const struct judge_context *context,
                   bool is_open_end)
{
	struct party parties[2];
	struct closing c = { flow, assessment, context, parties, is_open_end };
	bool is_foreign = assessment->verdict == VERDICT_OUT_OF_SCOPE;
	int r;

	scope_party(ledger->scope, &flow->addr[0], &parties[0]);
	scope_party(ledger->scope, &flow->addr[1], &parties[1]);
	if (see(ledger, &parties[0]) < 0 || see(ledger, &parties[1]) < 0)
		return -ENOMEM;
	ledger->report.flows[assessment->verdict]++;
	if (is_foreign)
		r = count_foreign(ledger, flow, &parties[assessment->src],
		                  &parties[!assessment->src]);
	else
		r = account_in_scope(ledger, &c);
	bool is_kept = ledger->options.keep == KEEP_ALL_FLOWS ||
	               (ledger->options.keep == KEEP_FLOWS_IN_SCOPE && !is_foreign);
	if (r == 0 && is_kept) {
		struct flow_record *record = record_of(ledger, &c);
		r = record ? append(&ledger->records, &ledger->report.n_records,
		                    &ledger->records_size, record)
		           : -ENOMEM;
	}
	if (ledger->closing)
		record_unref(ledger->closing);
	else
		facts_free(flow->facts);
	ledger->closing = NULL;
	return r;
}

/* ---- Sessions ------------------------------------------------------------------------------- */

static struct note *session_slot(struct note *table, size_t size, const uint8_t session[32])
{
	static const uint8_t empty[32];
	size_t at = hash_bytes(&table_key, BYTES(session, 32)) & (size - 1);

	while (memcmp(table[at].session, empty, 32) != 0 &&
	       memcmp(table[at].session, session, 32) != 0)
		at = (at + 1) & (size - 1);
	return &table[at];
}

static int grow_sessions(struct ledger *ledger)
{
	static const uint8_t empty[32];
	size_t size = ledger->sessions_size ? ledger->sessions_size * 2 : 64;
	struct note *table = calloc(size, sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < ledger->sessions_size; i++)
		if (memcmp(ledger->sessions[i].session, empty, 32) != 0)
			*session_slot(table, size, ledger->sessions[i].session) =
			        ledger->sessions[i];
	free(ledger->sessions);
	ledger->sessions = table;
	ledger->sessions_size = size;
	return 0;
}

int ledger_note(struct ledger *ledger, const struct note *note)
{
	static const uint8_t empty[32];

	if (note->kind != NOTE_SESSION)
		return places_add(&ledger->places, ledger->ruleset->site, note);
	if (memcmp(note->session, empty, 32) == 0)
		return 0;
	if (ledger->n_sessions * 2 >= ledger->sessions_size && grow_sessions(ledger) < 0)
		return -ENOMEM;
	struct note *slot = session_slot(ledger->sessions, ledger->sessions_size, note->session);
	bool is_new = memcmp(slot->session, empty, 32) == 0;
	if (is_new && ledger->n_sessions >= ledger->options.max_notes) {
		ledger->report.notes_dropped++;
		return 0;
	}
	/* Of two handshakes with one key the earlier counts, whatever order they were read in. */
	if (is_new || note->time_ns < slot->time_ns)
		*slot = *note;
	ledger->n_sessions += is_new;
	return 0;
}

/* The note about this session, if it was written by then. */
static struct note *get_session(struct ledger *ledger, const uint8_t session[32], int64_t until_ns)
{
	static const uint8_t empty[32];

	if (!ledger->sessions_size)
		return NULL;
	struct note *note = session_slot(ledger->sessions, ledger->sessions_size, session);
	bool is_known = memcmp(note->session, empty, 32) != 0 && note->time_ns <= until_ns;
	return is_known ? note : NULL;
}

/*
 * Tickets that were renewed lead back, step by step, to the handshake that showed something; each
 * step is earlier than the one before. The way is then made one step, or none where it leads to
 * nothing, so that the next search is short.
 */
static const struct note *find_session(struct ledger *ledger, const struct flow *flow)
{
	struct note *first = get_session(ledger, flow->facts->session, flow->last_ns),
	            *root = first;

	while (root && root->client_auth == CLIENT_AUTH_RESUMED)
		root = get_session(ledger, root->session_from, root->time_ns - 1);
	for (struct note *note = first; note && note != root;) {
		struct note *next = get_session(ledger, note->session_from, note->time_ns - 1);
		memset(note->session_from, 0, sizeof(note->session_from));
		if (root)
			memcpy(note->session_from, root->session, sizeof(note->session_from));
		note = next;
	}
	return root;
}

/* From here on the flow is what its session's first handshake showed, as far as one can say. */
static void inherit(struct facts *facts, const struct note *session)
{
	if (!session)
		return;
	facts->security = session->security;
	facts->security_evidence = MIN(session->security_evidence, EVIDENCE_CONSISTENT);
	if (facts->doubt == DOUBT_SESSION_RESUMED)
		facts->doubt = DOUBT_NONE;
}

/* ---- Flows put ------------------------------------------------------------------------------- */

static bool is_resumed(const struct facts *facts)
{
	return facts && facts->client_auth == CLIENT_AUTH_RESUMED && facts->has_session;
}

/* Judges with what others say of the flow; a note never makes a violation. */
static int judge_joined(struct assessment *out, const struct ledger *ledger,
                        const struct judge_context *context, struct flow *flow)
{
	struct unjoined before;
	int r = places_may_tell(flow)
	                ? places_join(&ledger->places, ledger->ruleset->site, flow, &before)
	                : 0;

	judge_flow(out, context, flow, flow->facts);
	if (r == PLACES_JOINED && out->verdict == VERDICT_VIOLATION) {
		places_part(flow, &before);
		judge_flow(out, context, flow, flow->facts);
	}
	return r < 0 ? r : 0;
}

/* A closed flow, which owns its facts until account() takes them. */
static int judge_closed(struct ledger *ledger, struct flow *closed, struct judge_context *context,
                        bool is_open_end)
{
	struct assessment assessment;

	if (is_resumed(closed->facts))
		context->session = find_session(ledger, closed);
	int r = judge_joined(&assessment, ledger, context, closed);
	if (r < 0) {
		facts_free(closed->facts);
		return r;
	}
	inherit(closed->facts, context->session);
	closed->judgement = judgement_of(&assessment);
	return account(ledger, closed, &assessment, context, is_open_end);
}

/* Whether it was kept to be judged at the end: 1 or 0, or -ENOMEM. */
static int keep_waiting(struct ledger *ledger, const struct flow *closed,
                        const struct judge_context *context, bool is_open_end)
{
	if (!is_resumed(closed->facts) && !places_may_tell(closed))
		return 0;
	if (ledger->n_pending >= ledger->options.max_waiting) {
		ledger->report.flows_not_waited++;
		return 0;
	}
	struct flow_record *record = calloc(1, sizeof(*record));
	if (!record)
		return -ENOMEM;
	record->flow = *closed;
	record->is_unseen_end = is_open_end;
	record->closed_ns = context->now_ns;
	record->is_evicted = context->is_evicted;
	int r = append(&ledger->pending, &ledger->n_pending, &ledger->pending_size, record);
	if (r < 0)
		free(record);
	return r < 0 ? r : 1;
}

int ledger_put(struct ledger *ledger, struct flow *flow, int64_t now_ns, bool is_evicted,
               bool is_open_end)
{
	struct flow closed = *flow;
	struct judge_context context = { .scope = ledger->scope,
		                         .now_ns = now_ns,
		                         .is_evicted = is_evicted };

	closed.facts = detect_take_facts(flow);
	closed.stream = NULL;
	int r = keep_waiting(ledger, &closed, &context, is_open_end);
	if (r < 0)
		facts_free(closed.facts);
	if (r)
		return MIN(r, 0);
	r = judge_closed(ledger, &closed, &context, is_open_end);
	flow->judgement = closed.judgement;
	return r;
}

static int judge_pending(struct ledger *ledger)
{
	if (ledger->n_pending)
		qsort(ledger->pending, ledger->n_pending, sizeof(struct flow_record *),
		      compare_records);
	for (size_t i = 0; i < ledger->n_pending; i++) {
		struct flow_record *record = ledger->pending[i];
		struct judge_context context = { .scope = ledger->scope,
			                         .now_ns = record->closed_ns,
			                         .is_evicted = record->is_evicted };
		struct flow closed = record->flow;
		record->flow.facts = NULL; /* judge_closed() takes them */
		int r = judge_closed(ledger, &closed, &context, record->is_unseen_end);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- The report ----------------------------------------------------------------------------- */

int ledger_new(struct ledger **out, const struct scope *scope, const struct ledger_options *options)
{
	_cleanup_(ledger_freep) struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return -ENOMEM;
	ledger->scope = scope;
	ledger->ruleset = scope_get_ruleset(scope);
	ledger->options = *options;
	if (!ledger->options.n_examples)
		ledger->options.n_examples = 3;
	if (!ledger->options.max_notes)
		ledger->options.max_notes = LEDGER_MAX_NOTES;
	if (!ledger->options.max_waiting)
		ledger->options.max_waiting = LEDGER_MAX_WAITING;
	places_init(&ledger->places, ledger->options.max_notes);
	if (ledger->options.loss_share <= 0)
		ledger->options.loss_share = LOSS_SHARE_DEFAULT;
	const struct site *site = ledger->ruleset->site;
	ledger->stats = calloc(ledger->ruleset->n_rules + 1, sizeof(*ledger->stats));
	ledger->seen_entries = calloc((site ? site->n_addresses : 0) + 1, sizeof(bool));
	ledger->accept_used = calloc((site ? site->n_accepts : 0) + 1, sizeof(bool));
	ledger->allow_used = calloc((site ? site->n_allows : 0) + 1, sizeof(bool));
	if (!ledger->stats || !ledger->seen_entries || !ledger->accept_used || !ledger->allow_used)
		return -ENOMEM;
	*out = ledger;
	ledger = NULL;
	return 0;
}

struct ledger *ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return NULL;
	for (size_t i = 0; i < ledger->findings_size; i++)
		if (ledger->findings[i])
			finding_free(ledger->findings[i]);
	for (size_t i = 0; i < ledger->n_pending; i++)
		record_unref(ledger->pending[i]);
	for (size_t i = 0; i < ledger->report.n_records; i++)
		record_unref(ledger->records[i]);
	for (size_t i = 0; i < ledger->ruleset->n_rules && ledger->stats; i++)
		window_deinit(&ledger->stats[i].windows);
	free(ledger->findings);
	free(ledger->pending);
	free(ledger->records);
	free(ledger->sessions);
	places_deinit(&ledger->places);
	free(ledger->foreign);
	free(ledger->hosts);
	free(ledger->stats);
	free(ledger->seen_entries);
	free(ledger->accept_used);
	free(ledger->allow_used);
	free(ledger->report.findings);
	free(ledger->report.coverage);
	free(ledger->report.out_of_scope);
	free(ledger);
	return NULL;
}

/* An allow or accept that matched nothing, or has run out, is a note about the site. */
static int note_site_entry(struct ledger *ledger, enum note_code note, const char *text)
{
	struct finding_key key = {
		.kind = KIND_NOTE, .note = (uint8_t)(note + 1), .rule = -1, .host = text
	};
	struct finding *finding = ledger_finding(ledger, &key);

	if (!finding)
		return -ENOMEM;
	finding->severity = severity_of_note(ledger->ruleset, note, -1);
	return 0;
}

static int note_site(struct ledger *ledger, int64_t first_ns)
{
	const struct site *site = ledger->ruleset->site;
	int r = 0;

	for (size_t i = 0; site && i < site->n_allows && r == 0; i++)
		if (!ledger->allow_used[i])
			r = note_site_entry(ledger,
			                    site->allows[i].until_ns < first_ns
			                            ? NOTE_CODE_ALLOW_EXPIRED
			                            : NOTE_CODE_ALLOW_UNUSED,
			                    site->allows[i].rule.id);
	for (size_t i = 0; site && i < site->n_accepts && r == 0; i++)
		if (!ledger->accept_used[i])
			r = note_site_entry(ledger,
			                    site->accepts[i].until_ns < first_ns
			                            ? NOTE_CODE_ACCEPT_EXPIRED
			                            : NOTE_CODE_ACCEPT_UNUSED,
			                    site->accepts[i].why);
	return r;
}

/* The key as text, from names only, so that an id is the same in every run and on every machine. */
static void write_id(struct finding *finding, const struct ledger *ledger)
{
	const struct finding_key *key = &finding->key;
	struct party src = { .given = key->src_roles,
		             .zones = key->src_side,
		             .is_wildcard = key->src_side >> N_ZONES };
	struct party dst = { .given = key->dst_roles,
		             .zones = key->dst_side,
		             .is_wildcard = key->dst_side >> N_ZONES };
	char src_text[512], dst_text[512], transport[4], prefix[PREFIX_TEXT_SIZE] = "";
	struct strbuf text = STRBUF_INIT;
	uint8_t digest[32];

	party_roles_text(ledger->scope, &src, src_text, sizeof(src_text));
	party_roles_text(ledger->scope, &dst, dst_text, sizeof(dst_text));
	if (key->entry)
		prefix_format(&key->entry->prefix, prefix);
	strbuf_add_format(&text, "%s|%s|%s|%s|%s|%s|%s|%s|%u|%s", kind_word((enum kind)key->kind),
	                  key->note ? note_word((enum note_code)(key->note - 1)) : "",
	                  key->rule >= 0 ? ledger->ruleset->rules[key->rule].rule->id : "",
	                  src_text, dst_text, transport_word(key->transport, transport),
	                  key->entry ? key->entry->role : "", prefix, (unsigned)key->port,
	                  key->host ? key->host : "");
	if (key->accepted)
		strbuf_add_format(&text, "|accepted|%s",
		                  key->accepted->why ? key->accepted->why : "");
	sha256(bytes_from_text(strbuf_text(&text)), digest);
	for (unsigned i = 0; i < 8; i++)
		snprintf(finding->id + 2 * i, 3, "%02x", digest[i]);
	strbuf_deinit(&text);
}

static int compare_findings(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;

	if (!x->key.accepted != !y->key.accepted)
		return x->key.accepted ? 1 : -1;
	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	unsigned rule_x = (unsigned)x->key.rule, rule_y = (unsigned)y->key.rule; /* none: last */
	if (rule_x != rule_y)
		return rule_x < rule_y ? -1 : 1;
	if (x->n_examples && y->n_examples) {
		int order = compare_records(&x->examples[0], &y->examples[0]);
		if (order)
			return order;
	} else if (x->n_examples != y->n_examples) {
		return x->n_examples ? -1 : 1;
	}
	return strcmp(x->id, y->id);
}

static int collect_findings(struct ledger *ledger)
{
	struct report *report = &ledger->report;
	int r = 0;

	report->findings = calloc(ledger->n_findings + 1, sizeof(*report->findings));
	if (!report->findings)
		return -ENOMEM;
	for (size_t i = 0; i < ledger->findings_size && r == 0; i++) {
		struct finding *finding = ledger->findings[i];
		if (!finding)
			continue;
		write_id(finding, ledger);
		if (finding->port_set)
			r = port_set_ranges(finding->port_set, &finding->ports, &finding->n_ports);
		if (r == 0)
			r = finding_write(finding, ledger);
		report->findings[report->n_findings++] = finding;
		report->findings_by_kind[finding->key.kind]++;
		if (finding->key.accepted)
			report->findings_accepted++;
		else
			report->findings_by_severity[finding->severity]++;
	}
	qsort(report->findings, report->n_findings, sizeof(*report->findings), compare_findings);
	return r;
}

static int compare_foreign(const void *a, const void *b)
{
	const struct out_of_scope_row *x = a, *y = b;

	if (x->flows != y->flows)
		return x->flows > y->flows ? -1 : 1;
	int order = strcmp(x->src, y->src);
	return order ? order : strcmp(x->dst, y->dst);
}

static int collect_foreign(struct ledger *ledger)
{
	struct report *report = &ledger->report;

	report->out_of_scope = calloc(ledger->n_foreign + 1, sizeof(*report->out_of_scope));
	if (!report->out_of_scope)
		return -ENOMEM;
	for (size_t i = 0; i < ledger->n_foreign; i++) {
		const struct foreign *f = &ledger->foreign[i];
		struct out_of_scope_row *row = &report->out_of_scope[report->n_out_of_scope++];
		struct party src = { .given = f->src,
			             .zones = f->src_zones,
			             .is_wildcard = f->src_wildcard };
		struct party dst = { .given = f->dst,
			             .zones = f->dst_zones,
			             .is_wildcard = f->dst_wildcard };
		party_roles_text(ledger->scope, &src, row->src, sizeof(row->src));
		party_roles_text(ledger->scope, &dst, row->dst, sizeof(row->dst));
		row->flows = f->flows;
		row->packets = f->packets;
		row->bytes = f->bytes;
	}
	qsort(report->out_of_scope, report->n_out_of_scope, sizeof(*report->out_of_scope),
	      compare_foreign);
	return 0;
}

static uint64_t failing_findings(const struct ledger *ledger)
{
	uint64_t n = 0;

	for (int severity = (int)ledger->options.fail_on; severity <= (int)SEVERITY_ERROR;
	     severity++)
		n += ledger->report.findings_by_severity[severity];
	return n;
}

/* The first rule that must be there and was not judged to be: its index, or -1. */
static int open_rule(const struct ledger *ledger, enum coverage_status status)
{
	for (size_t i = 0; i < ledger->report.n_coverage; i++) {
		const struct ruleset_rule *rule = &ledger->ruleset->rules[i];
		bool must_be = rule->rule->need == NEED_REQUIRED || rule->has_expect;
		if (must_be && ledger->report.coverage[i].status == status)
			return (int)i;
	}
	return -1;
}

static void decide_verdict(struct ledger *ledger)
{
	struct report *report = &ledger->report;
	uint64_t failing = failing_findings(ledger);
	int unjudged = open_rule(ledger, COVERAGE_UNJUDGED),
	    missing = open_rule(ledger, COVERAGE_MISSING);
	const char *id = unjudged >= 0  ? ledger->ruleset->rules[unjudged].rule->id
	                 : missing >= 0 ? ledger->ruleset->rules[missing].rule->id
	                                : NULL;

	report->verdict = REPORT_UNJUDGED;
	if (failing) {
		report->verdict = REPORT_FAIL;
		snprintf(report->verdict_why, sizeof(report->verdict_why),
		         "%llu finding%s of severity %s or worse", (unsigned long long)failing,
		         failing == 1 ? "" : "s", severity_word(ledger->options.fail_on));
	} else if (!ledger->ruleset->site) {
		snprintf(report->verdict_why, sizeof(report->verdict_why),
		         "no site file: source and destination were not audited");
	} else if (report->capture.is_truncated) {
		snprintf(report->verdict_why, sizeof(report->verdict_why),
		         "the capture is truncated; nothing wrong was found up to the cut");
	} else if (report->rules_by_coverage[COVERAGE_OBSERVED] == 0) {
		snprintf(report->verdict_why, sizeof(report->verdict_why),
		         "no rule of the table was observed, so there is nothing to pass");
	} else if (ledger->n_named == 0) {
		/* Anybody's network broadcasts DHCP. */
		snprintf(report->verdict_why, sizeof(report->verdict_why),
		         "only broadcasts keep the table: no host that the site names was seen to "
		         "keep it");
	} else if (id) {
		snprintf(report->verdict_why, sizeof(report->verdict_why),
		         "rule %s must be there and %s", id,
		         unjudged >= 0 ? "could not be judged" : "is missing");
	} else {
		report->verdict = REPORT_PASS;
		snprintf(report->verdict_why, sizeof(report->verdict_why),
		         "%llu rule%s observed, nothing wrong found",
		         (unsigned long long)report->rules_by_coverage[COVERAGE_OBSERVED],
		         report->rules_by_coverage[COVERAGE_OBSERVED] == 1 ? "" : "s");
	}
}

int ledger_report(struct ledger *ledger, const struct capture_summary *capture,
                  const struct report **out)
{
	struct report *report = &ledger->report;
	int r;

	report->ruleset = ledger->ruleset;
	report->scope = ledger->scope;
	report->capture = *capture;
	report->notes_dropped += ledger->places.n_dropped;
	r = judge_pending(ledger);
	if (r == 0)
		r = coverage_decide(ledger);
	if (r == 0)
		r = note_site(ledger, capture->first_ns);
	if (r == 0)
		r = collect_findings(ledger);
	if (r == 0)
		r = collect_foreign(ledger);
	if (r < 0)
		return r;
	report->records = ledger->records;
	if (report->n_records)
		qsort(report->records, report->n_records, sizeof(*report->records),
		      compare_records);
	decide_verdict(ledger);
	*out = report;
	return 0;
}
