/*
 * What is left of flows that expired, so that a connection that is silent for longer than its
 * timeout is still known when it goes on: who opened it and what it was. Without this a SIP or
 * XMPP connection that is idle for a night comes back as an unknown flow with a guessed opener.
 *
 * A small cache per shard: sets of four records of 24 bytes, found by the 64-bit keyed hash of
 * the 5-tuple (two 5-tuples of one hash would be taken for each other; with 64 bits that does not
 * happen by chance). It doubles while it pushes out what is still valid, up to its bound; then the
 * record is replaced that says least, and among those the oldest. A connection that ended by FIN
 * or RST, or was never answered, leaves nothing.
 */
#include "priv.h"

#define PAST_WAYS           4
#define PAST_OPENER_SWAPPED 0x80
#define PAST_MIN_SETS       4

void flow_memories_init(struct flow_memories *memories, size_t max_bytes)
{
	size_t max_sets = max_bytes / (PAST_WAYS * sizeof(struct flow_past));

	*memories = (struct flow_memories){ .max_sets = max_sets ? 1 : 0 };
	while (memories->max_sets && memories->max_sets <= max_sets / 2)
		memories->max_sets *= 2;
}

void flow_memories_deinit(struct flow_memories *memories)
{
	free(memories->pasts);
	*memories = (struct flow_memories){ 0 };
}

static struct flow_past *set_of(const struct flow_memories *memories, uint64_t hash)
{
	return memories->pasts + (hash & (memories->n_sets - 1)) * PAST_WAYS;
}

static bool past_is_empty(const struct flow_past *past)
{
	static const struct flow_memory nothing;
	return memcmp(&past->memory, &nothing, sizeof(nothing)) == 0;
}

/* The record to replace: a free one or the same 5-tuple's, else the one that says least. */
static struct flow_past *victim(struct flow_past *set, uint64_t hash)
{
	struct flow_past *worst = set;

	for (unsigned i = 0; i < PAST_WAYS; i++)
		if (set[i].is_used && set[i].hash == hash)
			return &set[i];
	for (unsigned i = 0; i < PAST_WAYS; i++) {
		if (!set[i].is_used)
			return &set[i];
		if (past_is_empty(&set[i]) != past_is_empty(worst)
		            ? past_is_empty(&set[i])
		            : set[i].last_ns < worst->last_ns)
			worst = &set[i];
	}
	return worst;
}

static bool grow(struct flow_memories *memories)
{
	uint32_t n_sets =
	        memories->n_sets ? memories->n_sets * 2 : MIN(PAST_MIN_SETS, memories->max_sets);
	if (n_sets == 0 || n_sets > memories->max_sets)
		return false;
	struct flow_past *pasts = calloc((size_t)n_sets * PAST_WAYS, sizeof(pasts[0]));
	if (!pasts)
		return false;
	struct flow_memories bigger = { .pasts = pasts,
		                        .n_sets = n_sets,
		                        .max_sets = memories->max_sets };
	for (size_t i = 0; i < (size_t)memories->n_sets * PAST_WAYS; i++) {
		const struct flow_past *past = &memories->pasts[i];
		if (past->is_used)
			*victim(set_of(&bigger, past->hash), past->hash) = *past;
	}
	free(memories->pasts);
	*memories = bigger;
	return true;
}

void flow_memories_put(struct flow_memories *memories, const struct flow_key *key,
                       const struct flow *flow)
{
	if (memories->n_sets == 0 && !grow(memories))
		return;
	struct flow_past *past = victim(set_of(memories, key->hash), key->hash);
	while (past->is_used && past->hash != key->hash &&
	       elapsed_ns(past->last_ns, flow->last_ns) <= FLOW_MEMORY_NS && grow(memories))
		past = victim(set_of(memories, key->hash), key->hash);
	bool is_swapped = key->is_swapped != flow->opener;
	*past = (struct flow_past){
		.hash = key->hash,
		.last_ns = flow->last_ns,
		.memory = flow->memory,
		.is_used = true,
		.opener = (uint8_t)(flow->opener_how | (is_swapped ? PAST_OPENER_SWAPPED : 0)),
	};
}

void flow_memories_take(struct flow_memories *memories, const struct flow_key *key,
                        struct flow *flow)
{
	if (memories->n_sets == 0)
		return;
	struct flow_past *set = set_of(memories, key->hash);
	for (unsigned i = 0; i < PAST_WAYS; i++) {
		if (!set[i].is_used || set[i].hash != key->hash)
			continue;
		set[i].is_used = false;
		if (elapsed_ns(set[i].last_ns, flow->first_ns) > FLOW_MEMORY_NS)
			return;
		bool is_swapped = set[i].opener & PAST_OPENER_SWAPPED;
		flow->opener = is_swapped != key->is_swapped;
		flow->opener_how = set[i].opener & ~PAST_OPENER_SWAPPED;
		flow->memory = set[i].memory;
		flow->is_continued = true;
		return;
	}
}

bool flow_leaves_memory(const struct flow *flow)
{
	if (flow->transport != TRANSPORT_TCP)
		return true;
	if (flow_is_tcp_closed(flow))
		return false;
	enum flow_state state = flow_state(flow, PROTOCOL_UNKNOWN, flow->last_ns);
	return state == FLOW_ESTABLISHED || state == FLOW_MIDSTREAM;
}

bool flow_may_continue(const struct packet *packet)
{
	return packet->transport != TRANSPORT_TCP || !(packet->tcp_flags & TCP_SYN);
}
