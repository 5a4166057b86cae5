/*
 * One TCP direction in order, whatever order and overlap its segments came in. The first copy of
 * a byte wins; a later copy with other content is counted. Bounded: at most max_held_bytes wait
 * behind a hole in at most REASSEMBLER_MAX_HELD pieces; when that is full, or when
 * reassembler_flush() is called at the end, the hole is given up and the next bytes carry GAP.
 *
 * Push a segment, then pop until false:
 *
 *	reassembler_push(r, seq, payload);
 *	while (reassembler_pop(r, &chunk))
 *		on_data(chunk.bytes, chunk.offset, chunk.flags);
 *
 * What is in order already is lent, not copied, so the payload must live until it is popped.
 *
 * What was delivered is remembered, up to REASSEMBLER_PAST bytes of it, until the peer acknowledges
 * it: so long a later copy may be what the peer reads, and is compared. An acknowledged byte is
 * settled, a later copy of it is dropped. A single byte sent again where the peer is never heard is
 * taken for a keep-alive, whose byte may be garbage (RFC 9293 section 3.8.4). What is not believed:
 * segments 2^30 bytes or more ahead (beyond any window, RFC 7323), bytes from a FIN on, and a
 * FIN before bytes that were delivered.
 */
#ifndef PCAUDIT_REASSEMBLER_H
#define PCAUDIT_REASSEMBLER_H

#include "pcaudit/base/bytes.h"

#define REASSEMBLER_MAX_HELD 64
#define REASSEMBLER_PAST     16384 /* a power of two */

enum stream_flags {
	STREAM_GAP = 1 << 0, /* bytes are missing before these */
	STREAM_END = 1 << 1, /* FIN seen and everything before it delivered; bytes may be empty */
};

struct stream_chunk {
	struct bytes bytes; /* valid until the next push, pop or deinit */
	uint64_t offset;    /* of the first byte in the direction, counting holes; 0 is the first
	                       byte after the SYN, or the first byte seen when there was no SYN */
	unsigned flags;     /* enum stream_flags */
};

struct reassembler_piece {
	uint64_t offset;
	uint32_t len;
	uint8_t *data; /* NULL: a stretch that was not captured, until some copy of it is */
};

struct reassembler {
	bool is_started;         /* base_seq is known */
	bool is_from_start;      /* base_seq came from the SYN */
	bool is_ended;           /* END was delivered */
	bool has_fin;
	uint32_t base_seq;       /* sequence number of offset 0 */
	uint64_t next;           /* offset of the next byte to deliver */
	uint64_t fin_offset;
	size_t held_bytes, max_held_bytes; /* exceeded at most between a push and its pops */
	unsigned n_held;
	struct reassembler_piece held[REASSEMBLER_MAX_HELD]; /* sorted by offset, not overlapping */
	struct bytes ready;      /* in-order bytes of the last push, not yet popped */
	uint64_t ready_offset;
	uint8_t *popped;         /* the piece lent by the last pop, freed by the next call */
	uint64_t conflicts;      /* bytes that came again with other content */
	uint8_t *past;           /* what was delivered from past_start to next: a ring by offset */
	uint32_t past_size;      /* a power of two; 0: no memory was had or needed */
	uint64_t past_start;
	uint64_t settled;        /* offset up to which the peer has acknowledged */
	bool has_ack;            /* the peer was heard */
	uint64_t gaps;           /* holes given up */
	bool is_flushing;
	bool is_after_gap;       /* the next chunk carries GAP */
};

void reassembler_init(struct reassembler *r, size_t max_held_bytes);
void reassembler_deinit(struct reassembler *r);
/* Deinit and init, but for the buffer of what was delivered, which the next direction can use. */
void reassembler_reset(struct reassembler *r, size_t max_held_bytes);
/*
 * The SYN's sequence number; offset 0 becomes seq + 1 (where a payload of the SYN itself begins).
 * Ignored once started: without a SYN the direction starts at the first segment that has payload,
 * and what comes before that is dropped, even if it arrives a moment later (reordered).
 */
void reassembler_start(struct reassembler *r, uint32_t syn_seq);
/* One segment's payload; starts the direction at seq if nothing did. Copies only what must wait. */
void reassembler_push(struct reassembler *r, uint32_t seq, struct bytes payload);
/* Only compares with what is remembered, for when nothing more is to be delivered. */
void reassembler_compare(struct reassembler *r, uint32_t seq, struct bytes payload);
/* The peer acknowledges what is before this sequence number. */
void reassembler_push_ack(struct reassembler *r, uint32_t ack);
/* Whether a later copy of what was delivered would still be compared. */
bool reassembler_is_disputable(const struct reassembler *r);
/* FIN at this sequence number (of the FIN itself, after the segment's payload). */
void reassembler_push_fin(struct reassembler *r, uint32_t seq);
/* A stretch that was on the wire but not captured (snaplen): len_bytes after seq are a hole now. */
void reassembler_push_hole(struct reassembler *r, uint32_t seq, uint32_t len_bytes);
/* No more segments will come: give up holes, now and from now on. Then pop until false. */
void reassembler_flush(struct reassembler *r);
/* The next bytes in order. False when there is nothing to deliver. */
bool reassembler_pop(struct reassembler *r, struct stream_chunk *chunk);

#endif
