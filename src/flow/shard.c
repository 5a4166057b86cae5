/*
 * One shard: records in blocks of 64 that never move, a free list, and the lists that say which
 * flow was silent for how long. There is one list per idle class (10 s, 30 s, 60 s, 2 h), and
 * all of them twice: flows out of scope are only counted and are spared first. Each is in the
 * order of the last packet, to the second: a flow moves to the end when a packet of a later second
 * comes, which is rare enough to cost nothing, and a sweep only ever looks at the eight heads.
 *
 * A capped shard has a number of records worked out beforehand from its bytes, so that records,
 * index (with its former half while it doubles), memories and sights of packets stay below the cap.
 */
#include "priv.h"

#include <errno.h>

/* Of an index at its emptiest and while it doubles, and of the list of blocks. */
#define INDEX_BYTES_PER_RECORD 34
#define MEMORIES_SHARE         16           /* this part of a cap is for what expired */
#define MEMORIES_BYTES         (384 * 1024) /* without a cap */
#define DOUBLES_SHARE          32           /* this part is for packets seen a moment ago */

void flow_shard_init(struct flow_shard *shard, size_t max_bytes)
{
	bool is_capped = max_bytes != SIZE_MAX;
	size_t memories = is_capped ? max_bytes / MEMORIES_SHARE : MEMORIES_BYTES;
	size_t n_sights = is_capped ? max_bytes / DOUBLES_SHARE / DOUBLES_SIGHT_BYTES : DOUBLES_MAX;

	*shard = (struct flow_shard){
		.now_ns = INT64_MIN,
		.previous_ns = INT64_MIN,
		.swept_ns = INT64_MIN,
	};
	flow_memories_init(&shard->memories, memories);
	doubles_init(&shard->doubles, n_sights);
	size_t sights = shard->doubles.max_size * (size_t)DOUBLES_SIGHT_BYTES;
	size_t fixed = is_capped ? memories + sights + 256 : 0;
	size_t n = (max_bytes - fixed) / (sizeof(struct flow) + INDEX_BYTES_PER_RECORD);
	shard->max_records = (uint32_t)MIN(n, (size_t)1 << 30);
}

void flow_shard_deinit(struct flow_shard *shard)
{
	for (uint32_t i = 0; i < shard->n_slabs; i++)
		free(shard->slabs[i]);
	free(shard->slabs);
	flow_index_deinit(&shard->index);
	flow_memories_deinit(&shard->memories);
	doubles_deinit(&shard->doubles);
}

size_t flow_shard_memory(const struct flow_shard *shard)
{
	return shard->n_records * sizeof(struct flow) +
	       shard->size_slabs * sizeof(shard->slabs[0]) +
	       shard->index.size * sizeof(shard->index.slots[0]) +
	       (size_t)shard->memories.n_sets * 4 * sizeof(struct flow_past) +
	       doubles_memory(&shard->doubles);
}

static int grow(struct flow_shard *shard)
{
	uint32_t n = MIN((uint32_t)FLOW_SLAB, shard->max_records - shard->n_records);

	if (shard->n_slabs == shard->size_slabs) {
		uint32_t size = shard->size_slabs ? shard->size_slabs * 2 : 1;
		struct flow **slabs = realloc(shard->slabs, size * sizeof(slabs[0]));
		if (!slabs)
			return -ENOMEM;
		shard->slabs = slabs;
		shard->size_slabs = size;
	}
	struct flow *slab = calloc(n, sizeof(slab[0]));
	if (!slab)
		return -ENOMEM;
	shard->slabs[shard->n_slabs++] = slab;
	for (uint32_t i = n; i > 0; i--) {
		slab[i - 1].own.record = shard->n_records + i;
		flow_shard_give(shard, &slab[i - 1]);
	}
	shard->n_records += n;
	return 0;
}

int flow_shard_take(struct flow_shard *shard, struct flow **out)
{
	if (!shard->free) {
		if (shard->n_records >= shard->max_records)
			return FLOW_E_NO_ROOM;
		int r = grow(shard);
		if (r < 0)
			return r;
	}
	uint32_t record = shard->free;
	struct flow *flow = flow_shard_get(shard, record);
	shard->free = flow->own.next;
	*flow = (struct flow){ .own = { .record = record, .list = FLOW_LIST_NONE } };
	*out = flow;
	return 0;
}

void flow_shard_give(struct flow_shard *shard, struct flow *flow)
{
	flow->own.list = FLOW_LIST_FREE;
	flow->own.next = shard->free;
	shard->free = flow->own.record;
}

static void list_append(struct flow_shard *shard, struct flow_list *list, struct flow *flow)
{
	flow->own.prev = list->tail;
	flow->own.next = 0;
	if (list->tail)
		flow_shard_get(shard, list->tail)->own.next = flow->own.record;
	else
		list->head = flow->own.record;
	list->tail = flow->own.record;
}

static void list_remove(struct flow_shard *shard, struct flow_list *list, struct flow *flow)
{
	if (flow->own.prev)
		flow_shard_get(shard, flow->own.prev)->own.next = flow->own.next;
	else
		list->head = flow->own.next;
	if (flow->own.next)
		flow_shard_get(shard, flow->own.next)->own.prev = flow->own.prev;
	else
		list->tail = flow->own.prev;
}

static uint8_t idle_list_of(const struct flow *flow)
{
	int64_t idle_ns = flow_idle_ns(flow);
	unsigned class = idle_ns <= 10 * NS_PER_SECOND   ? 0
	                 : idle_ns <= 30 * NS_PER_SECOND ? 1
	                 : idle_ns <= 60 * NS_PER_SECOND ? 2
	                                                 : 3;

	return (uint8_t)(class + (flow->expect ? FLOW_IDLE_CLASSES : 0));
}

void flow_shard_file(struct flow_shard *shard, struct flow *flow)
{
	uint8_t list = idle_list_of(flow);

	if (flow->own.list == list && !flow->own.is_stale)
		return;
	flow_shard_unfile(shard, flow);
	flow->own.list = list;
	flow->own.is_stale = false;
	list_append(shard, &shard->idle[list], flow);
}

void flow_shard_unfile(struct flow_shard *shard, struct flow *flow)
{
	if (flow->own.list < FLOW_IDLE_LISTS)
		list_remove(shard, &shard->idle[flow->own.list], flow);
	flow->own.list = FLOW_LIST_NONE;
}

void flow_shard_queue(struct flow_shard *shard, struct flow *flow)
{
	flow->own.list = FLOW_LIST_QUEUE;
	list_append(shard, &shard->queue, flow);
}

struct flow *flow_shard_unqueue(struct flow_shard *shard)
{
	if (!shard->queue.head)
		return NULL;
	struct flow *flow = flow_shard_get(shard, shard->queue.head);
	list_remove(shard, &shard->queue, flow);
	flow->own.list = FLOW_LIST_LENT;
	return flow;
}

/*
 * The head of a list, its longest silent flow. One whose time lies ahead of limit_ns (a damaged
 * time, or a capture that starts again) is put back once, so that it does not hide the others.
 */
static struct flow *oldest_of(struct flow_shard *shard, unsigned list, int64_t limit_ns)
{
	struct flow *flow = NULL;

	for (unsigned tries = 0; tries < 2 && shard->idle[list].head; tries++) {
		flow = flow_shard_get(shard, shard->idle[list].head);
		if (flow->last_ns <= limit_ns)
			break;
		list_remove(shard, &shard->idle[list], flow);
		list_append(shard, &shard->idle[list], flow);
	}
	return flow;
}

struct flow *flow_shard_expired(struct flow_shard *shard, int64_t limit_ns)
{
	for (unsigned i = 0; i < FLOW_IDLE_LISTS; i++) {
		struct flow *flow = oldest_of(shard, i, limit_ns);
		if (flow && elapsed_ns(flow->last_ns, limit_ns) > flow_idle_ns(flow))
			return flow;
	}
	return NULL;
}

struct flow *flow_shard_spare(struct flow_shard *shard)
{
	struct flow *oldest = NULL;

	for (unsigned i = 0; i < FLOW_IDLE_LISTS; i++) {
		if (i == FLOW_IDLE_CLASSES && oldest)
			break;
		if (!shard->idle[i].head)
			continue;
		struct flow *flow = flow_shard_get(shard, shard->idle[i].head);
		if (!oldest || flow->last_ns < oldest->last_ns)
			oldest = flow;
	}
	return oldest;
}

static bool is_earlier(const struct flow *a, const struct flow *b)
{
	return a->file != b->file ? a->file < b->file : a->number < b->number;
}

/* Merges two lists linked by own.next alone. */
static uint32_t merge(const struct flow_shard *shard, uint32_t a, uint32_t b)
{
	uint32_t head = 0, *link = &head;

	while (a && b) {
		struct flow *flow_a = flow_shard_get(shard, a), *flow_b = flow_shard_get(shard, b);
		bool b_first = is_earlier(flow_b, flow_a);
		struct flow *flow = b_first ? flow_b : flow_a;
		*link = flow->own.record;
		link = &flow->own.next;
		*(b_first ? &b : &a) = flow->own.next;
	}
	*link = a ? a : b;
	return head;
}

/* Merge sort without memory of its own: bins[i] holds a sorted list of 2^i flows, or none. */
static uint32_t sorted_open_flows(const struct flow_shard *shard)
{
	uint32_t bins[32] = { 0 }, sorted = 0;

	for (uint32_t record = 1; record <= shard->n_records; record++) {
		struct flow *flow = flow_shard_get(shard, record);
		if (flow->own.list > FLOW_LIST_NONE)
			continue;
		flow->own.next = 0;
		uint32_t carry = record;
		unsigned i = 0;
		for (; i + 1 < ARRAY_SIZE(bins) && bins[i]; i++) {
			carry = merge(shard, bins[i], carry);
			bins[i] = 0;
		}
		bins[i] = bins[i] ? merge(shard, bins[i], carry) : carry;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(bins); i++)
		sorted = merge(shard, bins[i], sorted);
	return sorted;
}

void flow_shard_finish(struct flow_shard *shard)
{
	uint32_t record = sorted_open_flows(shard);

	while (record) {
		struct flow *flow = flow_shard_get(shard, record);
		record = flow->own.next;
		flow_shard_queue(shard, flow);
	}
	memset(shard->idle, 0, sizeof(shard->idle));
	flow_index_clear(&shard->index);
}
