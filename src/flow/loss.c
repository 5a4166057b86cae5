/*
 * Bytes that the peer acknowledged and the capture never showed: what the capture lost, as far as
 * TCP can tell. Bytes that are missing but not acknowledged may have been lost by the network, and
 * are sent again.
 *
 * Of each side one hole is kept: from the first to the last byte that is missing, and how many
 * bytes of it are. A hole opens when a segment, or an acknowledgement, is beyond what was seen;
 * segments that come later (reordered, sent again) fill it. It is judged when the flow is over, or
 * when the next hole opens more than HOLE_SETTLE_BYTES beyond one that is wholly acknowledged;
 * nearer holes are joined to it.
 *
 * The bound of the error. While there is one hole at a time the count is exact. Of joined holes,
 * a byte sent twice in between that had been seen already passes for a missing one: the count can
 * be too low by the bytes sent again, and never too high, but for the part of the last window that
 * was still unacknowledged at the end. A side that began before the capture is counted from its
 * first segment seen; from the first acknowledgement where it was never seen at all. Steps of
 * 2^30 or more are beyond any window (RFC 7323) and are not believed: counting begins anew there.
 */
#include "priv.h"

#define HOLE_SETTLE_BYTES (64 * 1024)
#define HOLE_MAX_BYTES    (1 << 29)
#define WINDOW_MAX        (1 << 30)

/* How far b is after a, around the wrap. */
static inline int32_t distance(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a);
}

static bool hole_is_acked(const struct flow *flow, unsigned side)
{
	return flow->own.bits[side] & FLOW_ACKED &&
	       distance(flow->own.hole_end[side], flow->own.acked[side]) >= 0;
}

static void hole_settle(struct flow *flow, unsigned side)
{
	struct flow_own *own = &flow->own;
	uint32_t lost = own->hole_missing[side];

	if (!hole_is_acked(flow, side)) {
		int32_t acked = distance(own->hole_start[side], own->acked[side]);
		bool has_part = own->bits[side] & FLOW_ACKED && acked > 0;
		lost = has_part ? MIN(lost, (uint32_t)acked) : 0;
	}
	if (lost > UINT32_MAX - flow->lost_bytes[side])
		lost = UINT32_MAX - flow->lost_bytes[side];
	flow->lost_bytes[side] += lost;
	own->hole_missing[side] = 0;
}

/* Bytes from start to end are known to exist and were not seen; they follow any earlier hole. */
static void hole_add(struct flow *flow, unsigned side, uint32_t start, uint32_t end)
{
	struct flow_own *own = &flow->own;

	if (own->hole_missing[side] > 0) {
		bool is_far = distance(own->hole_end[side], start) > HOLE_SETTLE_BYTES;
		if ((is_far && hole_is_acked(flow, side)) ||
		    (uint32_t)distance(own->hole_start[side], end) > HOLE_MAX_BYTES)
			hole_settle(flow, side);
	}
	if (own->hole_missing[side] == 0)
		own->hole_start[side] = start;
	own->hole_end[side] = end;
	own->hole_missing[side] += (uint32_t)distance(start, end);
}

/* Bytes from start to end were seen after all. */
static void hole_fill(struct flow *flow, unsigned side, uint32_t start, uint32_t end)
{
	struct flow_own *own = &flow->own;

	if (own->hole_missing[side] == 0)
		return;
	if (distance(own->hole_start[side], start) < 0)
		start = own->hole_start[side];
	if (distance(own->hole_end[side], end) > 0)
		end = own->hole_end[side];
	int32_t filled = distance(start, end);
	if (filled <= 0)
		return;
	own->hole_missing[side] -= MIN((uint32_t)filled, own->hole_missing[side]);
	if (start == own->hole_start[side])
		own->hole_start[side] = end;
	else if (end == own->hole_end[side])
		own->hole_end[side] = start;
}

/* Counting begins here: nothing before `next` is held against the capture any more. */
static void begin(struct flow *flow, unsigned side, uint32_t next, uint8_t bits)
{
	hole_settle(flow, side);
	flow->tcp_next[side] = next;
	flow->own.bits[side] &= (uint8_t) ~(FLOW_SEQ_FROM_ACK | FLOW_SEQ_EMPTY | FLOW_ACKED);
	flow->own.bits[side] |= (uint8_t)(FLOW_SEQ_KNOWN | bits);
}

void flow_loss_segment(struct flow *flow, unsigned side, uint32_t seq, uint32_t len)
{
	uint8_t *bits = &flow->own.bits[side];
	uint32_t end = seq + len;
	int32_t ahead = distance(flow->tcp_next[side], seq);
	bool opening_was_seen = (flow->tcp_seen[0] | flow->tcp_seen[1]) & TCP_SYN;

	if (*bits & FLOW_SEQ_FROM_ACK && !opening_was_seen) {
		/* On its way when the capture began: not seen, but not lost either. */
		flow->own.hole_missing[side] = 0;
		if (ahead > 0)
			*bits &= (uint8_t)~FLOW_SEQ_KNOWN;
	}
	if (!(*bits & FLOW_SEQ_KNOWN) || ahead >= WINDOW_MAX || ahead <= -WINDOW_MAX) {
		begin(flow, side, end, len == 0 ? FLOW_SEQ_EMPTY : 0);
		return;
	}
	*bits &= (uint8_t)~FLOW_SEQ_FROM_ACK;
	if (len > 0)
		*bits &= (uint8_t)~FLOW_SEQ_EMPTY;
	if (ahead > 0)
		hole_add(flow, side, flow->tcp_next[side], seq);
	else
		hole_fill(flow, side, seq, end);
	if (distance(flow->tcp_next[side], end) > 0)
		flow->tcp_next[side] = end;
}

void flow_loss_acked(struct flow *flow, unsigned side, uint32_t ack)
{
	uint8_t *bits = &flow->own.bits[side];
	int32_t ahead = distance(flow->tcp_next[side], ack);

	if (!(*bits & FLOW_SEQ_KNOWN)) {
		begin(flow, side, ack, FLOW_SEQ_FROM_ACK);
	} else if (ahead >= WINDOW_MAX || ahead <= -WINDOW_MAX) {
		return;
	} else if (ahead == 1 && *bits & FLOW_SEQ_EMPTY) {
		flow->tcp_next[side] =
		        ack; /* what was seen were keepalives, one before the next byte */
		*bits &= (uint8_t)~FLOW_SEQ_EMPTY;
	} else if (ahead > 0) {
		hole_add(flow, side, flow->tcp_next[side], ack);
		flow->tcp_next[side] = ack;
	}
	if (!(*bits & FLOW_ACKED) || distance(flow->own.acked[side], ack) > 0)
		flow->own.acked[side] = ack;
	*bits |= FLOW_ACKED;
}

void flow_loss_restart(struct flow *flow, unsigned side)
{
	hole_settle(flow, side);
	flow->own.bits[side] &= (uint8_t) ~(FLOW_SEQ_KNOWN | FLOW_SEQ_FROM_ACK);
}

void flow_loss_finish(struct flow *flow)
{
	hole_settle(flow, 0);
	hole_settle(flow, 1);
}
