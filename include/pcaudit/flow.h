/*
 * Flows: both directions of one 5-tuple, from first packet to idle or close.
 *
 * The table is FLOW_SHARDS open-addressing tables chosen by a keyed hash of the 5-tuple,
 * whatever the number of threads. Expiry is decided when a flow's next packet comes, by the
 * flow's own times; the sweep only frees what is already expired. So neither threads nor the
 * sweep's timing change a verdict. Nothing is allocated per packet.
 *
 * The same packet seen twice is counted once: see doubles.h.
 *
 * A table belongs to one thread. Threads take shards by having a table each: what happens in a
 * shard depends on the packets of that shard alone, if flow_table_next() is called until NULL
 * after each update and not otherwise.
 */
#ifndef PCAUDIT_FLOW_H
#define PCAUDIT_FLOW_H

#include "pcaudit/base/hash.h"
#include "pcaudit/base/words.h"
#include "pcaudit/doubles.h"

#define FLOW_SHARDS 64

struct facts;  /* detect.h: what the flow was; NULL until there are some */
struct stream; /* detect.h: what a flow needs while it is being classified; NULL otherwise */

/* How the opener is known, strongest first. */
enum opener {
	OPENER_SYN,          /* sent the SYN (or was sent the SYN-ACK) */
	OPENER_PROTOCOL,     /* sent what only an opener sends, or was sent an answer */
	OPENER_PORT,         /* the other end's port is documented for its role */
	OPENER_FIRST_PACKET, /* a guess: sent the first packet seen */
};
const char *opener_word(enum opener opener); /* syn protocol port first-packet */

/* What became of the flow, worked out by flow_state(). */
enum flow_state {
	FLOW_ESTABLISHED, /* TCP from its SYN (here, or in the flow this one continues): answered, as
			     seen or as the opener's going on after its SYN tells */
	FLOW_UNANSWERED,  /* tried, and proven to have had no answer */
	FLOW_REFUSED,     /* RST in answer to the SYN */
	FLOW_REJECTED,    /* an ICMP error quotes it, and no answer ever came */
	FLOW_MIDSTREAM,   /* TCP whose opening was not captured */
	FLOW_DATAGRAM,    /* UDP and other transports: packets flowed */
	FLOW_UNPROVEN,    /* opened, and too little seen to say that an answer came or that none did */
};
const char *flow_state_word(enum flow_state state);

/* Judgement kept in the flow: 8 bytes, written only by audit. See audit.h. */
struct judgement {
	uint16_t rule; /* index in the ruleset + 1; 0: none */
	uint8_t verdict, kind, reason, field, severity, evidence;
};

/*
 * What an expired flow leaves for the next flow of its 5-tuple: written by audit or detect in
 * flow->memory at any time until the closed flow is given back. All zero: nothing is known.
 */
struct flow_memory {
	uint16_t rule;             /* as in struct judgement: index in the ruleset + 1; 0: none */
	uint8_t protocol;          /* enum protocol */
	uint8_t security;          /* enum security */
	uint8_t evidence;          /* enum evidence, of the protocol */
	uint8_t security_evidence; /* enum evidence, of the security */
};

/* The table's own part of a flow. Nobody else reads or writes it. */
struct flow_own {
	uint32_t acked[2];        /* highest sequence number of each side that the other acknowledged */
	uint32_t hole_start[2];   /* of each side: from the first to the last byte not seen, see loss.c */
	uint32_t hole_end[2];
	uint32_t hole_missing[2]; /* bytes of it not seen; 0: there is no hole */
	uint32_t record;          /* its number in the shard */
	uint32_t prev, next;      /* in an idle list, the queue or the free list */
	uint8_t list;             /* which of them it is in */
	uint8_t bits[2];          /* of each side, enum flow_bits */
	bool is_evicted;
	bool is_stale;            /* heard of since it was put into its idle list */
};

/*
 * One flow. Side 0 sent the first packet seen; `opener` says which side opened it.
 * At most 256 bytes (checked by the build); the first 128 are what every packet touches.
 */
struct flow {
	struct addr addr[2];
	uint16_t port[2];
	uint16_t vlan;       /* outermost tag of the first packet; 0xffff: none */
	uint16_t vlan_inner; /* second tag, or 0xffff */
	uint8_t transport;
	uint8_t opener;      /* side: 0 or 1. Changed by flow_set_opener() */
	uint8_t opener_how;  /* enum opener */
	uint8_t tcp_seen[2]; /* TCP flags each side has sent, ORed; of a segment with RST, RST alone */
	uint8_t icmp_type, icmp_code; /* of the last error that quotes this flow; one that rejects
					 is not replaced by one that does not */
	bool is_icmp_rejected;        /* unreachable, time exceeded, parameter problem; not too-big */
	family_set expect;   /* set by the caller when opened: 0 means only count */
	uint32_t file;       /* first packet: its flow id is file:number */
	uint32_t tunnels;    /* what the first packet came in, for flow_tunnels_get(); 0: none */
	bool is_early;       /* set by the caller: no TCP, and so soon after the capture's beginning that
				it may have begun before */
	uint64_t number;
	int64_t first_ns, last_ns; /* of the first packet seen; the latest time of any */
	int64_t side_last_ns[2];   /* the latest of each side; 0: none */
	uint64_t packets[2];
	uint64_t bytes[2];         /* IP bytes by header */
	struct flow_own own;
	uint32_t tcp_next[2];   /* highest sequence number + 1 seen from each side, or acknowledged to it */
	uint32_t tcp_isn[2];    /* sequence number of the last SYN, where seen (TCP_SYN in tcp_seen) */
	uint32_t lost_bytes[2]; /* sent by that side, acknowledged by the peer, never seen; saturates.
				   Complete once the flow is closed */
	uint16_t syn_count;     /* SYNs of the opener, saturating: repeated means unanswered. The same
				   SYN captured twice (within 10 ms) counts once */
	bool is_icmp6;
	bool is_continued;      /* the 5-tuple was known within 24 h: opener and memory were carried over */
	bool is_retry_proven;   /* UDP: the opener repeated the same request (set by detect) */
	bool is_cut;            /* some payload was cut by the snaplen */
	bool has_payload[2];
	bool saw_fin[2], saw_rst[2];
	struct facts *facts;    /* owned by detect; freed with the flow by the caller of flow_table_next() */
	struct stream *stream;  /* owned by detect */
	struct judgement judgement;
	struct flow_memory memory; /* carried in when the flow opened; what is here when it goes is carried on */
};
_Static_assert(sizeof(struct flow) <= 256, "a flow costs at most 256 bytes");

/* What flow_table_update() did. */
enum flow_event {
	FLOW_OPENED = 1 << 0,
	FLOW_ATTACHED_ICMP = 1 << 1, /* the packet was an ICMP error that quotes this flow; not a packet of it */
	FLOW_CLOSED = 1 << 2,        /* from flow_table_next(): last sight of the flow */
	FLOW_EVICTED = 1 << 3,       /* with FLOW_CLOSED: for want of room */
};

#define FLOW_MIN_MEMORY ((size_t)256 * 1024)

/* ---- The tunnels that flows came in --------------------------------------------------------- */

/* Each distinct stack of tunnels once: flow->tunnels is its number. */
struct flow_tunnels;

/* One stack, outermost first, as the packet was sent. list lives as long as its flow_tunnels. */
struct flow_tunnel_stack {
	const struct packet_tunnel *list;
	uint8_t n;         /* 0: no tunnel */
	bool is_kind_only; /* there was no room: only the innermost is told, and of it only the kind */
};

/* max_bytes is all that it allocates; hash_key may be NULL (built in). */
int flow_tunnels_new(struct flow_tunnels **out, const struct hash_key *hash_key, size_t max_bytes);
struct flow_tunnels *flow_tunnels_free(struct flow_tunnels *tunnels);
DEFINE_CLEANUP(struct flow_tunnels, flow_tunnels_free)
/* The number of the packet's stack, which is kept if it is new; 0 if it came in no tunnel. NULL
   tunnels keep kinds only. */
uint32_t flow_tunnels_put(struct flow_tunnels *tunnels, const struct packet *packet);
/* tunnels are those that gave the number, or NULL if none did. */
struct flow_tunnel_stack flow_tunnels_get(const struct flow_tunnels *tunnels, uint32_t number);
/* How often a stack found no room; of NULL 0. */
uint64_t flow_tunnels_get_dropped(const struct flow_tunnels *tunnels);

/* ---- The table ------------------------------------------------------------------------------ */

struct flow_table_options {
	struct hash_key *hash_key;    /* NULL: built in */
	struct flow_tunnels *tunnels; /* borrowed: keeps what flows came in; NULL: kinds only */
	size_t max_memory_bytes;      /* all that the table allocates, a 64th for each shard; 0: no
					 cap; less than FLOW_MIN_MEMORY counts as that */
	bool separate_vlans;          /* outermost VLAN id is part of the key */
};

struct flow_counters {
	uint64_t flows;          /* opened */
	uint64_t evicted;
	uint64_t icmp_unmatched; /* ICMP errors that quote no known flow */
	uint64_t lost_bytes;     /* acknowledged and never seen, all closed flows */
	uint64_t tcp_payload_bytes; /* seen so far, by wire length: the share lost is of both */
	uint64_t continued;      /* flows opened that continue an expired one; part of flows */
	uint64_t doubles;        /* packets that were the double of another, and of no flow */
	uint64_t doubles_forgotten; /* packets that could not be remembered for as long as a double
				       of them may come */
};

struct flow_table;

int flow_table_new(struct flow_table **out, const struct flow_table_options *options); /* options may be NULL */
/* Drops all flows that are left, without their facts and streams: drain first. */
struct flow_table *flow_table_free(struct flow_table *table);
DEFINE_CLEANUP(struct flow_table, flow_table_free)

/* Which shard a packet (or the flow it quotes) belongs to, 0 to FLOW_SHARDS - 1. */
unsigned flow_table_shard_of(const struct flow_table *table, const struct packet *packet);

/*
 * Accounts one packet. *out is its flow (valid until flow_table_next() hands it out as closed), *side which
 * end sent it, *events what happened. An ICMP error is attached to the flow it quotes; if there is
 * none *out is NULL and icmp_unmatched grows. If the 5-tuple had expired, the old flow is queued as closed
 * and a new one opens.
 * 0; FLOW_E_NO_ROOM (positive): the cap is reached and nothing could be evicted, *out is NULL;
 * FLOW_E_DOUBLE: the packet was seen a moment ago (doubles.h), nothing changed, *out is NULL; or -errno.
 */
enum { FLOW_E_NO_ROOM = 1, FLOW_E_DOUBLE = 2 };
int flow_table_update(struct flow_table *table, const struct packet *packet, struct flow **out,
		      unsigned *side, unsigned *events);

/*
 * Drains: the next flow that is closed, expired at now_ns, or evicted; NULL when there is none. The
 * flow lives until the next call of any function of the table. Call until NULL after each update:
 * at most 4 flows of the shard that was updated are swept then. A call that follows neither an update
 * nor a flow (time alone) sweeps all shards by the time of the last such call, once a second, at
 * most 4096 flows until NULL. So time that goes back closes nothing, and neither does a single
 * time far ahead.
 */
struct flow *flow_table_next(struct flow_table *table, int64_t now_ns, unsigned *events);

/* Queues every flow that is left as closed, in order of first packet; then drain with flow_table_next(). */
void flow_table_finish(struct flow_table *table);

/* The flow of this 5-tuple (either direction) if it is open; else NULL. */
struct flow *flow_table_find(struct flow_table *table, const struct packet *packet);

const struct flow_counters *flow_table_get_counters(const struct flow_table *table);
/* What the table holds of the machine's memory, in use or free. */
size_t flow_table_get_memory(const struct flow_table *table);

/* Notes who opened the flow, if this is better known (an earlier enum opener) than what is there. */
void flow_set_opener(struct flow *flow, unsigned side, enum opener how);

/*
 * What became of the flow. now_ns is the time of judging (end of capture for the last ones);
 * protocol is what it was recognised as, since UDP is unanswered only where an answer is due.
 */
enum flow_state flow_state(const struct flow *flow, enum protocol protocol, int64_t now_ns);

/* How long the flow may be idle: TCP established 2 h, half-open 60 s, closed 10 s; UDP 60 s
 * (30 s on ports 53, 67, 68, 1434, 3478); others 60 s. */
int64_t flow_idle_ns(const struct flow *flow);

#endif
