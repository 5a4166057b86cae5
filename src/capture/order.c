/*
 * The records of one input in the order of their times.
 *
 * Captures made by several queues or interfaces at once hold packets a little out of place: an
 * answer before its question, data before its SYN. What is less than ORDER_SPAN_NS out of place is
 * put back here, so that nothing above need ask what came first. For that, records are copied and
 * wait until one has come that is so much later that nothing earlier can follow.
 *
 * Most captures are in order, and copying them would cost more than reading them. So records wait
 * only while there is reason to: from the beginning, and from each record out of place, until
 * CALM_BYTES have been read in order. What waits has a bound; beyond it the earliest goes first.
 *
 * A time that goes back further is a clock that was set, or another capture that was appended: no
 * record changes its place with one across that point.
 */
#include "capture/priv.h"

#include <errno.h>

#define CALM_BYTES ((size_t)1 << 20)
#define SLOT_GRAIN 256u /* a slot's buffer is so many bytes, or several times that */

/* A place for one record that waits; used again for others. */
struct slot {
	struct frame frame;
	uint8_t *buffer;
	uint32_t size;
};

struct order {
	struct input *input;
	struct slot **heap; /* n of them, earliest first, wait; room for n_slots */
	struct slot **spare;
	size_t n, n_spare, n_slots;
	struct slot *given;   /* its frame was handed out last */
	struct frame arrival; /* read and neither handed out nor copied: a view of the input */
	bool has_arrival, is_ended, is_behind_jump;
	int64_t newest_ns; /* the latest time since the input began, or its time jumped */
	bool has_newest;
	size_t calm_bytes; /* read since a record was last out of place */
	size_t held_bytes, max_held_bytes;
};

int order_new(struct order **out, struct input *input, size_t max_held_bytes)
{
	struct order *order = calloc(1, sizeof(*order));

	if (!order)
		return -ENOMEM;
	order->input = input;
	order->max_held_bytes = max_held_bytes;
	*out = order;
	return 0;
}

static void slot_free(struct slot *slot)
{
	if (slot)
		free(slot->buffer);
	free(slot);
}

struct order *order_free(struct order *order)
{
	if (!order)
		return NULL;
	for (size_t i = 0; i < order->n; i++)
		slot_free(order->heap[i]);
	for (size_t i = 0; i < order->n_spare; i++)
		slot_free(order->spare[i]);
	slot_free(order->given);
	free(order->heap);
	free(order->spare);
	free(order);
	return NULL;
}

/* ---- Slots ---------------------------------------------------------------------------------- */

static bool grow(struct order *order)
{
	size_t n = order->n_slots ? order->n_slots * 2 : 64;
	struct slot **heap = realloc(order->heap, n * sizeof(struct slot *));

	if (!heap)
		return false;
	order->heap = heap;
	struct slot **spare = realloc(order->spare, n * sizeof(struct slot *));
	if (!spare)
		return false;
	order->spare = spare;
	order->n_slots = n;
	return true;
}

static void give_back(struct order *order)
{
	if (order->given)
		order->spare[order->n_spare++] = order->given;
	order->given = NULL;
}

/* A slot with room for len bytes; NULL without memory. */
static struct slot *take_slot(struct order *order, size_t len)
{
	if (order->n_spare == 0) {
		/* Slots that wait, that are spare and that were handed out all fit into spare. */
		if (order->n + 1 >= order->n_slots && !grow(order))
			return NULL;
		order->spare[order->n_spare] = calloc(1, sizeof(struct slot));
		if (!order->spare[order->n_spare])
			return NULL;
		order->n_spare++;
	}
	struct slot *slot = order->spare[order->n_spare - 1];
	if (slot->size < len || !slot->buffer) {
		size_t size = (len / SLOT_GRAIN + 1) * SLOT_GRAIN;
		free(slot->buffer);
		slot->buffer = malloc(size);
		slot->size = slot->buffer ? (uint32_t)size : 0;
		if (!slot->buffer)
			return NULL;
	}
	order->n_spare--;
	return slot;
}

/* ---- The heap ------------------------------------------------------------------------------- */

static bool is_before(const struct slot *a, const struct slot *b)
{
	if (a->frame.time_ns != b->frame.time_ns)
		return a->frame.time_ns < b->frame.time_ns;
	return a->frame.number < b->frame.number;
}

static void put(struct order *order, struct slot *slot)
{
	size_t at = order->n++;

	for (; at > 0 && is_before(slot, order->heap[(at - 1) / 2]); at = (at - 1) / 2)
		order->heap[at] = order->heap[(at - 1) / 2];
	order->heap[at] = slot;
}

static struct slot *take_first(struct order *order)
{
	struct slot *first = order->heap[0], *last = order->heap[--order->n];
	size_t at = 0;

	for (size_t child; (child = 2 * at + 1) < order->n; at = child) {
		if (child + 1 < order->n && is_before(order->heap[child + 1], order->heap[child]))
			child++;
		if (!is_before(order->heap[child], last))
			break;
		order->heap[at] = order->heap[child];
	}
	order->heap[at] = last;
	return first;
}

/* ---- Records -------------------------------------------------------------------------------- */

/* So much later than the other that no record comes between them any more. */
static bool is_later(int64_t time_ns, int64_t other_ns)
{
	int64_t limit_ns;

	return !__builtin_add_overflow(other_ns, ORDER_SPAN_NS, &limit_ns) && time_ns >= limit_ns;
}

/* Reads one more record, and notes whether it is in its place. */
static void arrive(struct order *order)
{
	const struct frame *frame = &order->arrival;

	if (order->has_arrival || order->is_ended)
		return;
	if (input_next(order->input, &order->arrival) != 0) {
		order->is_ended = true;
		return;
	}
	order->has_arrival = true;
	order->calm_bytes = MIN(order->calm_bytes, CALM_BYTES) + frame->data.len;
	if (order->has_newest && frame->time_ns < order->newest_ns) {
		order->is_behind_jump = is_later(order->newest_ns, frame->time_ns);
		order->calm_bytes = 0;
	}
	if (!order->has_newest || frame->time_ns > order->newest_ns || order->is_behind_jump)
		order->newest_ns = frame->time_ns;
	order->has_newest = true;
}

/* May the earliest that waits go? Only if no record to come can be earlier. */
static bool may_go(const struct order *order)
{
	if (!order->has_arrival || order->is_behind_jump || order->calm_bytes >= CALM_BYTES)
		return true;
	return is_later(order->newest_ns, order->heap[0]->frame.time_ns) ||
	       order->held_bytes >= order->max_held_bytes;
}

/* Copies the record that arrived and lets it wait. False without memory. */
static bool hold(struct order *order)
{
	struct slot *slot = take_slot(order, order->arrival.data.len);

	if (!slot)
		return false;
	slot->frame = order->arrival;
	if (order->arrival.data.len)
		memcpy(slot->buffer, order->arrival.data.data, order->arrival.data.len);
	slot->frame.data = BYTES(slot->buffer, order->arrival.data.len);
	order->held_bytes += sizeof(*slot) + slot->size;
	order->has_arrival = false;
	put(order, slot);
	return true;
}

static void release_first(struct order *order, struct frame *frame)
{
	order->given = take_first(order);
	order->held_bytes -= sizeof(*order->given) + order->given->size;
	*frame = order->given->frame;
}

int order_next(struct order *order, struct frame *frame)
{
	give_back(order);
	for (;;) {
		arrive(order);
		if (order->n && may_go(order)) {
			release_first(order, frame);
			return 0;
		}
		if (!order->has_arrival)
			return SOURCE_E_END;
		order->is_behind_jump = false; /* nothing from before it waits any more */
		if (order->calm_bytes >= CALM_BYTES || !hold(order))
			break;
	}
	if (order->n) { /* no memory: the earliest first, then what arrived */
		release_first(order, frame);
		return 0;
	}
	order->has_arrival = false;
	*frame = order->arrival;
	return 0;
}
