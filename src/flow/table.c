/*
 * The flow table: which flow a packet belongs to, and which flows are over.
 *
 * A flow ends in one of four ways: its next packet comes too late (or is a SYN on closed ports),
 * the sweep finds it idle, it is evicted for want of room, or the capture ends. Each time it is
 * queued and handed out by flow_table_next(), and its record is free again at the next call.
 *
 * The sweep after an update looks only at the shard of that update, and its clock is the earlier
 * of the last two packets there; a call for the time alone has the clock of such calls. So a
 * shard's history is a function of its own packets, and one packet with a time far ahead closes
 * nothing but its own flow.
 *
 * A packet that is the double of another stops at the door: of its flow it changes nothing, of its
 * shard only the sights.
 */
#include "priv.h"

#include <errno.h>

#define SWEEP_PER_UPDATE 4
#define SWEEP_PER_TICK   4096

struct flow_table {
	struct hash_key key;
	bool with_vlan;
	struct flow_tunnels *tunnels;
	struct flow_counters counters;
	uint64_t queued; /* bit per shard: its queue holds something */
	struct flow_shard *lent_shard, *touched_shard;
	struct flow *lent;    /* handed out last; given back at the next call */
	struct flow *touched; /* updated last; filed at the next call, when expect is set */
	unsigned sweep_left;  /* flows that may still be swept until NULL */
	unsigned sweep_shard; /* of the update; or of the tick, when is_tick */
	int64_t tick_now_ns;  /* of the last tick: the limit of the next */
	int64_t tick_limit_ns;
	int64_t ticked_ns;        /* a tick found nothing idle out then */
	bool is_tick, is_drained; /* is_drained: the last call returned NULL */
	bool is_finished;
	struct flow_shard shards[FLOW_SHARDS];
};

static const struct hash_key built_in_key = { UINT64_C(0x9ae16a3b2f90404f),
	                                      UINT64_C(0xc949c7defeb1a55b) };

int flow_table_new(struct flow_table **out, const struct flow_table_options *options)
{
	static const struct flow_table_options none;
	struct flow_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	if (!options)
		options = &none;
	table->key = options->hash_key ? *options->hash_key : built_in_key;
	table->with_vlan = options->separate_vlans;
	table->tunnels = options->tunnels;
	table->is_drained = true;
	table->tick_now_ns = table->ticked_ns = INT64_MIN;
	size_t cap = SIZE_MAX;
	if (options->max_memory_bytes)
		cap = (MAX(options->max_memory_bytes, FLOW_MIN_MEMORY) - sizeof(*table)) /
		      FLOW_SHARDS;
	for (unsigned i = 0; i < FLOW_SHARDS; i++)
		flow_shard_init(&table->shards[i], cap);
	*out = table;
	return 0;
}

struct flow_table *flow_table_free(struct flow_table *table)
{
	if (!table)
		return NULL;
	for (unsigned i = 0; i < FLOW_SHARDS; i++)
		flow_shard_deinit(&table->shards[i]);
	free(table);
	return NULL;
}

static unsigned shard_number(uint64_t hash)
{
	return (unsigned)(hash >> 32) % FLOW_SHARDS;
}

unsigned flow_table_shard_of(const struct flow_table *table, const struct packet *packet)
{
	struct flow_key key;

	flow_key_of_packet(&key, &table->key, table->with_vlan, packet);
	return shard_number(key.hash);
}

static struct flow *find(const struct flow_table *table, const struct flow_shard *shard,
                         const struct flow_key *key, unsigned *side)
{
	uint32_t tag = (uint32_t)key->hash, at = 0, record;

	while ((record = flow_index_next(&shard->index, tag, &at))) {
		struct flow *flow = flow_shard_get(shard, record);
		if (flow_key_matches(key, table->with_vlan, flow, side))
			return flow;
	}
	return NULL;
}

struct flow *flow_table_find(struct flow_table *table, const struct packet *packet)
{
	struct flow_key key;
	unsigned side;

	flow_key_of_packet(&key, &table->key, table->with_vlan, packet);
	return find(table, &table->shards[shard_number(key.hash)], &key, &side);
}

/*
 * What the flow leaves goes to its successor if there is one already (without facts of its own
 * yet), else it is remembered. A successor that began with a SYN is another connection.
 */
static void leave_memory(struct flow_table *table, struct flow_shard *shard,
                         const struct flow *flow)
{
	if (table->is_finished || !flow_leaves_memory(flow))
		return;
	struct flow_key key;
	unsigned side;
	flow_key_of_flow(&key, &table->key, table->with_vlan, flow);
	struct flow *next = find(table, shard, &key, &side);
	if (!next)
		flow_memories_put(&shard->memories, &key, flow);
	else if (next->is_continued && !next->facts)
		next->memory = flow->memory;
}

/* What every call begins with: the flow lent is given back, the flow touched is filed. */
static void settle(struct flow_table *table)
{
	if (table->lent) {
		leave_memory(table, table->lent_shard, table->lent);
		flow_shard_give(table->lent_shard, table->lent);
		table->lent = NULL;
	}
	if (table->touched) {
		flow_shard_file(table->touched_shard, table->touched);
		table->touched = NULL;
	}
}

/* The flow is over: out of the index and its list, into the queue. */
static void close_flow(struct flow_table *table, struct flow_shard *shard, struct flow *flow,
                       bool is_evicted)
{
	struct flow_key key;

	flow_key_of_flow(&key, &table->key, table->with_vlan, flow);
	flow_index_remove(&shard->index, (uint32_t)key.hash, flow->own.record);
	flow_shard_unfile(shard, flow);
	flow->own.is_evicted = is_evicted;
	if (is_evicted)
		table->counters.evicted++;
	flow_shard_queue(shard, flow);
	table->queued |= UINT64_C(1) << (shard - table->shards);
}

/* Sees to it that one more flow may be open. Idle flows go first, then those out of scope. */
static bool make_room(struct flow_table *table, struct flow_shard *shard)
{
	if (shard->max_records <= FLOW_RESERVE)
		return false;
	if (shard->index.n < shard->max_records - FLOW_RESERVE)
		return true;
	struct flow *expired = flow_shard_expired(shard, MIN(shard->now_ns, shard->previous_ns));
	struct flow *flow = expired ? expired : flow_shard_spare(shard);
	if (!flow)
		return false;
	close_flow(table, shard, flow, !expired);
	return true;
}

/* What the new flow inherits: from its predecessor if that is not given back yet. */
static void continue_flow(struct flow_shard *shard, const struct flow_key *key, struct flow *flow,
                          const struct flow *before)
{
	if (!before) {
		flow_memories_take(&shard->memories, key, flow);
		return;
	}
	if (!flow_leaves_memory(before) ||
	    elapsed_ns(before->last_ns, flow->first_ns) > FLOW_MEMORY_NS)
		return;
	bool is_turned =
	        !addr_equal(&before->addr[0], &flow->addr[0]) || before->port[0] != flow->port[0];
	flow->opener = before->opener != is_turned;
	flow->opener_how = before->opener_how;
	flow->memory = before->memory;
	flow->is_continued = true;
}

static int open_flow(struct flow_table *table, struct flow_shard *shard, const struct flow_key *key,
                     const struct packet *packet, const struct flow *before, struct flow **out)
{
	struct flow *flow;

	if (!make_room(table, shard))
		return FLOW_E_NO_ROOM;
	int r = flow_shard_take(shard, &flow);
	if (r)
		return r;
	r = flow_index_add(&shard->index, (uint32_t)key->hash, flow->own.record);
	if (r < 0) {
		flow_shard_give(shard, flow);
		return r;
	}
	flow->addr[0] = packet->src;
	flow->addr[1] = packet->dst;
	flow->port[0] = packet->src_port;
	flow->port[1] = packet->dst_port;
	flow->vlan = packet->n_vlans > 0 ? packet->vlans[0] : FLOW_NO_VLAN;
	flow->vlan_inner = packet->n_vlans > 1 ? packet->vlans[1] : FLOW_NO_VLAN;
	if (packet->n_tunnels)
		flow->tunnels = flow_tunnels_put(table->tunnels, packet);
	flow->transport = packet->transport;
	flow->opener_how = OPENER_FIRST_PACKET;
	flow->file = packet->file;
	flow->number = packet->number;
	flow->first_ns = packet->time_ns;
	if (flow_may_continue(packet))
		continue_flow(shard, key, flow, before);
	table->counters.flows++;
	table->counters.continued += flow->is_continued;
	*out = flow;
	return 0;
}

/* True if the packet belongs to a new flow although the 5-tuple is known. */
static bool is_over(const struct flow *flow, unsigned side, const struct packet *packet)
{
	int64_t silent_ns = elapsed_ns(flow->last_ns, packet->time_ns);

	return (silent_ns > FLOW_IDLE_MIN_NS && silent_ns > flow_idle_ns(flow)) ||
	       flow_is_reopened_by(flow, side, packet);
}

/* A quoted packet may come back to us late, but it does not come from a flow that was over. */
static void attach_icmp(struct flow_table *table, struct flow *flow, unsigned side,
                        const struct packet *packet, struct flow **out, unsigned *out_side,
                        unsigned *events)
{
	if (!flow || elapsed_ns(flow->last_ns, packet->time_ns) > flow_idle_ns(flow)) {
		table->counters.icmp_unmatched++;
		return;
	}
	flow_account_icmp(flow, packet);
	*out = flow;
	*out_side = side;
	*events = FLOW_ATTACHED_ICMP;
}

/* 0, FLOW_E_DOUBLE or -errno. */
static int see(struct flow_table *table, struct flow_shard *shard, const struct packet *packet)
{
	if (packet->digest.head == 0)
		return 0;
	uint64_t forgotten = shard->doubles.forgotten;
	int r = doubles_see(&shard->doubles, &packet->digest, packet->time_ns);

	table->counters.doubles_forgotten += shard->doubles.forgotten - forgotten;
	if (r <= 0)
		return r;
	table->counters.doubles++;
	return FLOW_E_DOUBLE;
}

int flow_table_update(struct flow_table *table, const struct packet *packet, struct flow **out,
                      unsigned *side, unsigned *events)
{
	struct flow_key key;
	flow_key_of_packet(&key, &table->key, table->with_vlan, packet);
	unsigned number = shard_number(key.hash);
	struct flow_shard *shard = &table->shards[number];

	*out = NULL;
	*side = 0;
	*events = 0;
	settle(table);
	table->sweep_left = SWEEP_PER_UPDATE;
	table->sweep_shard = number;
	table->is_tick = table->is_drained = table->is_finished = false;
	int r = see(table, shard, packet);
	if (r)
		return r;
	shard->previous_ns = shard->now_ns;
	shard->now_ns = packet->time_ns;

	struct flow *flow = find(table, shard, &key, side), *before = NULL;
	if (packet->quote.transport) {
		attach_icmp(table, flow, *side, packet, out, side, events);
		return 0;
	}
	if (flow && is_over(flow, *side, packet)) {
		close_flow(table, shard, flow, false);
		before = flow;
		flow = NULL;
	}
	if (!flow) {
		*side = 0;
		r = open_flow(table, shard, &key, packet, before, &flow);
		if (r)
			return r;
		*events |= FLOW_OPENED;
	}
	flow_account(flow, *side, packet);
	if (flow->transport == TRANSPORT_TCP)
		table->counters.tcp_payload_bytes += packet->payload_len_wire;
	table->touched = flow;
	table->touched_shard = shard;
	*out = flow;
	return 0;
}

/* True if limit_ns is less than a second after a time at which nothing was found idle out. */
static bool was_swept(int64_t swept_ns, int64_t limit_ns)
{
	return limit_ns >= swept_ns && elapsed_ns(swept_ns, limit_ns) < NS_PER_SECOND;
}

/* A call for the time alone: all shards, by the clock of such calls. */
static void begin_tick(struct flow_table *table, int64_t now_ns)
{
	table->is_tick = true;
	table->tick_limit_ns = MIN(now_ns, table->tick_now_ns);
	table->tick_now_ns = now_ns;
	table->sweep_shard = 0;
	table->sweep_left = was_swept(table->ticked_ns, table->tick_limit_ns) ? 0 : SWEEP_PER_TICK;
}

/* Queues one flow that is idle out, as far as the budget and the clock of the sweep allow. */
static void sweep(struct flow_table *table, int64_t now_ns)
{
	while (table->sweep_left > 0 && table->sweep_shard < FLOW_SHARDS) {
		struct flow_shard *shard = &table->shards[table->sweep_shard];
		int64_t limit_ns =
		        table->is_tick ? table->tick_limit_ns : MIN(now_ns, shard->previous_ns);
		if (!table->is_tick && was_swept(shard->swept_ns, limit_ns))
			return;
		struct flow *flow = flow_shard_expired(shard, limit_ns);
		if (flow) {
			table->sweep_left--;
			close_flow(table, shard, flow, false);
			return;
		}
		if (!table->is_tick) {
			shard->swept_ns = limit_ns;
			return;
		}
		if (++table->sweep_shard == FLOW_SHARDS)
			table->ticked_ns = limit_ns;
	}
}

/* The shard whose queue holds the flow that was opened first. */
static struct flow_shard *first_queue(struct flow_table *table)
{
	struct flow_shard *first = NULL;
	const struct flow *first_flow = NULL;

	for (uint64_t left = table->queued; left; left &= left - 1) {
		struct flow_shard *shard = &table->shards[__builtin_ctzll(left)];
		const struct flow *flow = flow_shard_get(shard, shard->queue.head);
		if (!first || flow->file < first_flow->file ||
		    (flow->file == first_flow->file && flow->number < first_flow->number)) {
			first = shard;
			first_flow = flow;
		}
	}
	return first;
}

struct flow *flow_table_next(struct flow_table *table, int64_t now_ns, unsigned *events)
{
	settle(table);
	*events = 0;
	if (table->is_drained)
		begin_tick(table, now_ns);
	if (!table->queued)
		sweep(table, now_ns);
	struct flow_shard *shard = first_queue(table);
	table->is_drained = !shard;
	if (!shard)
		return NULL;
	struct flow *flow = flow_shard_unqueue(shard);
	if (!shard->queue.head)
		table->queued &= ~(UINT64_C(1) << (shard - table->shards));
	flow_loss_finish(flow);
	table->counters.lost_bytes += (uint64_t)flow->lost_bytes[0] + flow->lost_bytes[1];
	table->lent = flow;
	table->lent_shard = shard;
	*events = FLOW_CLOSED | (flow->own.is_evicted ? FLOW_EVICTED : 0);
	return flow;
}

void flow_table_finish(struct flow_table *table)
{
	settle(table);
	for (unsigned i = 0; i < FLOW_SHARDS; i++) {
		flow_shard_finish(&table->shards[i]);
		if (table->shards[i].queue.head)
			table->queued |= UINT64_C(1) << i;
	}
	table->is_finished = true;
}

const struct flow_counters *flow_table_get_counters(const struct flow_table *table)
{
	return &table->counters;
}

size_t flow_table_get_memory(const struct flow_table *table)
{
	size_t bytes = sizeof(*table);

	for (unsigned i = 0; i < FLOW_SHARDS; i++)
		bytes += flow_shard_memory(&table->shards[i]);
	return bytes;
}
