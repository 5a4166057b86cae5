/*
 * Open addressing with linear probing: slots of 8 bytes hold a tag and the number of a record, so
 * that a look-up touches one line here and one in the record. A record never moves; only the
 * index does when it doubles, at three quarters full, and the tags are enough to rebuild it.
 *
 * Removal shifts the following slots back (Knuth, volume 3, section 6.4, algorithm R): no
 * tombstones, so a table that lives for days does not slow down.
 */
#include "priv.h"

#include <errno.h>

#define INDEX_MIN_SIZE 16

void flow_index_deinit(struct flow_index *index)
{
	free(index->slots);
	*index = (struct flow_index){ 0 };
}

void flow_index_clear(struct flow_index *index)
{
	if (index->slots)
		memset(index->slots, 0, index->size * sizeof(index->slots[0]));
	index->n = 0;
}

static void place(struct flow_slot *slots, uint32_t size, struct flow_slot slot)
{
	uint32_t at = slot.tag & (size - 1);

	while (slots[at].record)
		at = (at + 1) & (size - 1);
	slots[at] = slot;
}

static int grow(struct flow_index *index)
{
	uint32_t size = index->size ? index->size * 2 : INDEX_MIN_SIZE;
	struct flow_slot *slots = calloc(size, sizeof(slots[0]));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < index->size; i++)
		if (index->slots[i].record)
			place(slots, size, index->slots[i]);
	free(index->slots);
	index->slots = slots;
	index->size = size;
	return 0;
}

int flow_index_add(struct flow_index *index, uint32_t tag, uint32_t record)
{
	if (index->n >= index->size / 4 * 3) {
		int r = grow(index);
		if (r < 0)
			return r;
	}
	place(index->slots, index->size, (struct flow_slot){ .tag = tag, .record = record });
	index->n++;
	return 0;
}

void flow_index_remove(struct flow_index *index, uint32_t tag, uint32_t record)
{
	uint32_t mask = index->size - 1, hole = tag & mask;

	if (!index->size)
		return;
	while (index->slots[hole].record != record) {
		if (!index->slots[hole].record)
			return;
		hole = (hole + 1) & mask;
	}
	for (uint32_t at = (hole + 1) & mask; index->slots[at].record; at = (at + 1) & mask) {
		uint32_t home = index->slots[at].tag & mask;
		/* What may not stand before its home stays; the rest closes the hole. */
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		index->slots[hole] = index->slots[at];
		hole = at;
	}
	index->slots[hole] = (struct flow_slot){ 0 };
	index->n--;
}
