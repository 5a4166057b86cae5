/*
 * What the files of the flow layer share: the key of a 5-tuple, the index and the records of a
 * shard, remembered 5-tuples, and the accounting of one packet.
 */
#ifndef PCAUDIT_FLOW_PRIV_H
#define PCAUDIT_FLOW_PRIV_H

#include "pcaudit/flow.h"

#define FLOW_MEMORY_NS    (24 * 3600 * NS_PER_SECOND) /* how long a 5-tuple is remembered */
#define FLOW_SILENCE_NS   (3 * NS_PER_SECOND)         /* an opener this quiet has had no answer */
#define FLOW_DUPLICATE_NS (10 * NS_PER_MS)            /* the same SYN again this soon is a copy */
#define FLOW_NO_VLAN      0xffff
#define FLOW_IDLE_MIN_NS  (10 * NS_PER_SECOND) /* no flow is idle out sooner: flow_idle_ns() */

/* flow->own.bits, of one side of a TCP flow. */
enum flow_bits {
	FLOW_SEQ_KNOWN = 1 << 0,    /* tcp_next holds something */
	FLOW_SEQ_FROM_ACK = 1 << 1, /* but only what the other side acknowledged */
	FLOW_SEQ_EMPTY = 1 << 2,    /* but only from segments without payload, SYN or FIN */
	FLOW_ACKED = 1 << 3,        /* own.acked holds something */
	FLOW_SYN_AGAIN = 1 << 4,    /* repeated its SYN although an answer to it was captured */
};

/* Nanoseconds from one time to a later one; 0 if it is not later. Never overflows. */
static inline int64_t elapsed_ns(int64_t from, int64_t to)
{
	uint64_t elapsed = to > from ? (uint64_t)to - (uint64_t)from : 0;
	return elapsed > INT64_MAX ? INT64_MAX : (int64_t)elapsed;
}

/* ---- key.c: one 5-tuple -------------------------------------------------------------------- */

/* One end, its address as two words of the machine: for comparing and hashing only. */
struct flow_end {
	uint64_t addr[2];
	uint16_t port;
};

/* Both directions of a flow have the same hash. */
struct flow_key {
	struct flow_end src, dst;
	uint16_t vlan; /* FLOW_NO_VLAN unless VLANs are part of the key */
	uint8_t transport;
	bool is_swapped; /* src comes after dst in the order that both directions agree on */
	uint64_t hash;
};

/* Of the packet, or of the one that it quotes if it is an ICMP error. */
void flow_key_of_packet(struct flow_key *out, const struct hash_key *key, bool with_vlan,
                        const struct packet *packet);
/* As seen from side 0. */
void flow_key_of_flow(struct flow_key *out, const struct hash_key *key, bool with_vlan,
                      const struct flow *flow);
/* True if the key is of this flow; side says which end of it src is. */
bool flow_key_matches(const struct flow_key *key, bool with_vlan, const struct flow *flow,
                      unsigned *side);

/* ---- index.c: from hash to record ---------------------------------------------------------- */

struct flow_slot {
	uint32_t tag;    /* low half of the hash */
	uint32_t record; /* 0: empty */
};

struct flow_index {
	struct flow_slot *slots; /* NULL before the first record */
	uint32_t size;           /* a power of two, or 0 */
	uint32_t n;
};

void flow_index_deinit(struct flow_index *index);
/* 0 or -ENOMEM. */
int flow_index_add(struct flow_index *index, uint32_t tag, uint32_t record);
void flow_index_remove(struct flow_index *index, uint32_t tag, uint32_t record);
void flow_index_clear(struct flow_index *index);
/*
 * Records with this tag, one after the other: *at starts as 0 and belongs to the index. 0: no more.
 * Different 5-tuples may share a tag.
 */
static inline uint32_t flow_index_next(const struct flow_index *index, uint32_t tag, uint32_t *at)
{
	/* An index that exists always has an empty slot, which ends the run. */
	while (index->size) {
		const struct flow_slot *slot = &index->slots[(tag + *at) & (index->size - 1)];
		if (!slot->record)
			return 0;
		++*at;
		if (slot->tag == tag)
			return slot->record;
	}
	return 0;
}

/* ---- memory.c: 5-tuples that expired ------------------------------------------------------- */

struct flow_past {
	uint64_t hash;   /* of the 5-tuple */
	int64_t last_ns; /* of the flow */
	struct flow_memory memory;
	uint8_t is_used;
	uint8_t opener; /* opener_how, and PAST_OPENER_SWAPPED: the opener is the key's later end */
};

struct flow_memories {
	struct flow_past *pasts;   /* sets of 4, NULL before the first */
	uint32_t n_sets, max_sets; /* powers of two */
};

void flow_memories_init(struct flow_memories *memories, size_t max_bytes);
void flow_memories_deinit(struct flow_memories *memories);
/* Remembers; may forget another one, or this one if there is no memory. */
void flow_memories_put(struct flow_memories *memories, const struct flow_key *key,
                       const struct flow *flow);
/* Fills memory, opener and is_continued of a flow just opened, and forgets. key is of its side 0.
 */
void flow_memories_take(struct flow_memories *memories, const struct flow_key *key,
                        struct flow *flow);
/* True if a flow that is over leaves something worth remembering. */
bool flow_leaves_memory(const struct flow *flow);
/* True if the packet cannot be the beginning of a new connection. */
bool flow_may_continue(const struct packet *packet);

/* ---- shard.c: records and the lists they are in -------------------------------------------- */

enum {
	FLOW_IDLE_CLASSES = 4,                   /* 10 s, 30 s, 60 s, 2 h */
	FLOW_IDLE_LISTS = 2 * FLOW_IDLE_CLASSES, /* out of scope, then in scope */
	FLOW_LIST_NONE = FLOW_IDLE_LISTS,        /* open, but not filed yet */
	FLOW_LIST_QUEUE,                         /* closed, not handed out yet */
	FLOW_LIST_LENT,                          /* closed, handed out */
	FLOW_LIST_FREE,
	FLOW_SLAB = 64,   /* records per allocation */
	FLOW_RESERVE = 4, /* records kept for flows that are closed and not given back yet */
};

struct flow_list {
	uint32_t head, tail; /* 0: empty */
};

struct flow_shard {
	struct flow_index index;
	struct flow **slabs;
	uint32_t n_slabs, size_slabs;
	uint32_t n_records, max_records;
	uint32_t free;                          /* list by own.next */
	struct flow_list idle[FLOW_IDLE_LISTS]; /* by last packet, to the second */
	struct flow_list queue;
	int64_t now_ns, previous_ns; /* times of the last two packets */
	int64_t swept_ns;            /* nothing was idle out then */
	struct flow_memories memories;
	struct doubles doubles; /* packets seen a moment ago */
};

void flow_shard_init(struct flow_shard *shard, size_t max_bytes); /* SIZE_MAX: no cap */
void flow_shard_deinit(struct flow_shard *shard);
size_t flow_shard_memory(const struct flow_shard *shard);
static inline struct flow *flow_shard_get(const struct flow_shard *shard, uint32_t record)
{
	return &shard->slabs[(record - 1) / FLOW_SLAB][(record - 1) % FLOW_SLAB];
}
/* A zeroed record in no list. 0, FLOW_E_NO_ROOM or -ENOMEM. */
int flow_shard_take(struct flow_shard *shard, struct flow **out);
void flow_shard_give(struct flow_shard *shard, struct flow *flow);
/* Puts an open flow into its idle list, at the end if it was heard of or changed its class. */
void flow_shard_file(struct flow_shard *shard, struct flow *flow);
/* Takes it out of its idle list, if it is in one. */
void flow_shard_unfile(struct flow_shard *shard, struct flow *flow);
void flow_shard_queue(struct flow_shard *shard, struct flow *flow);
struct flow *flow_shard_unqueue(struct flow_shard *shard);
/* An open flow that is idle out at limit_ns, or NULL. */
struct flow *flow_shard_expired(struct flow_shard *shard, int64_t limit_ns);
/* The open flow that can best be spared, or NULL. */
struct flow *flow_shard_spare(struct flow_shard *shard);
/* Queues all open flows by (file, number) and empties the index. */
void flow_shard_finish(struct flow_shard *shard);

/* ---- account.c and loss.c: one packet ------------------------------------------------------ */

void flow_account(struct flow *flow, unsigned side, const struct packet *packet);
void flow_account_icmp(struct flow *flow, const struct packet *packet);

/* TCP: FIN from both sides, or RST. */
bool flow_is_tcp_closed(const struct flow *flow);
/* True if this SYN opens a new connection on the ports of a closed one. */
bool flow_is_reopened_by(const struct flow *flow, unsigned side, const struct packet *packet);

/* A segment from side (SYN and FIN count one each), not one with RST. */
void flow_loss_segment(struct flow *flow, unsigned side, uint32_t seq, uint32_t len);
/* What the other side acknowledged of side's bytes. */
void flow_loss_acked(struct flow *flow, unsigned side, uint32_t ack);
/* The side begins again with another initial sequence number. */
void flow_loss_restart(struct flow *flow, unsigned side);
/* The flow is over: what is acknowledged and still missing is lost. */
void flow_loss_finish(struct flow *flow);

#endif
