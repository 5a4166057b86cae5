/*
 * The first bytes of a flow, kept until a detector claims them. TCP: one buffer per side, filled
 * in stream order, and a list of runs that remembers in which order and by which packets the two
 * sides came, so that a late claim sees what an early one would have seen. UDP: copies of the first
 * datagrams. Everything is bounded by DETECT_FIRST_BYTES per side, KEEP_MAX_RUNS and
 * DETECT_FIRST_DATAGRAMS; beyond that many runs, bytes join their side's last run.
 */
#include "detect/priv.h"

#include <errno.h>

void keep_deinit(struct keep *keep)
{
	for (unsigned i = 0; i < keep->n_datagrams; i++)
		free((void *)keep->datagrams[i].bytes.data);
	free(keep->datagrams);
	free(keep->bytes[0]);
	free(keep->bytes[1]);
	free(keep->runs);
	*keep = (struct keep){ 0 };
}

struct bytes keep_get(const struct keep *keep, unsigned side)
{
	return BYTES(keep->bytes[side], keep->len[side]);
}

static int grow_bytes(struct keep *keep, unsigned side, size_t more)
{
	size_t want = keep->len[side] + more;
	if (want <= keep->size[side])
		return 0;
	size_t size = keep->size[side] ? keep->size[side] : 512;
	while (size < want)
		size *= 2;
	uint8_t *bytes = realloc(keep->bytes[side], size);
	if (!bytes)
		return -ENOMEM;
	keep->bytes[side] = bytes;
	keep->size[side] = (uint32_t)size;
	return 0;
}

/* The run that new bytes of this side join, or a new one; NULL without memory. */
static struct keep_run *run_for(struct keep *keep, unsigned side, uint64_t number, int64_t time_ns)
{
	struct keep_run *last = keep->n_runs ? &keep->runs[keep->n_runs - 1] : NULL;
	if (last && last->side == side && last->number == number)
		return last;
	if (keep->n_runs >= KEEP_MAX_RUNS) {
		for (unsigned i = keep->n_runs; i > 0; i--)
			if (keep->runs[i - 1].side == side)
				return &keep->runs[i - 1];
		/* All runs are the other side's; one more is the only one there will be. */
	}
	if (keep->n_runs == keep->max_runs) {
		unsigned max = keep->max_runs ? keep->max_runs * 2 : 8;
		struct keep_run *runs = realloc(keep->runs, max * sizeof(*runs));
		if (!runs)
			return NULL;
		keep->runs = runs;
		keep->max_runs = max;
	}
	struct keep_run *run = &keep->runs[keep->n_runs++];
	*run = (struct keep_run){ .number = number, .time_ns = time_ns, .side = (uint8_t)side };
	return run;
}

int keep_add(struct keep *keep, unsigned side, struct bytes bytes, bool is_end, uint64_t number,
             int64_t time_ns)
{
	bytes = bytes_take(bytes, DETECT_FIRST_BYTES - keep->len[side]);
	if (bytes.len == 0 && !is_end)
		return 0;
	struct keep_run *run = run_for(keep, side, number, time_ns);
	if (!run)
		return -ENOMEM;
	if (bytes.len) {
		if (grow_bytes(keep, side, bytes.len) < 0)
			return -ENOMEM;
		memcpy(keep->bytes[side] + keep->len[side], bytes.data, bytes.len);
		keep->len[side] += (uint32_t)bytes.len;
		run->len += (uint32_t)bytes.len;
	}
	run->is_end |= is_end;
	return 0;
}

bool keep_add_datagram(struct keep *keep, const struct datagram *datagram)
{
	if (keep->n_datagrams >= DETECT_FIRST_DATAGRAMS ||
	    keep->datagram_bytes + datagram->bytes.len > 4 * DETECT_FIRST_BYTES)
		return false;
	if (!keep->datagrams) {
		keep->datagrams = calloc(DETECT_FIRST_DATAGRAMS, sizeof(*keep->datagrams));
		if (!keep->datagrams)
			return false;
	}
	uint8_t *copy = malloc(datagram->bytes.len ? datagram->bytes.len : 1);
	if (!copy)
		return false;
	if (datagram->bytes.len)
		memcpy(copy, datagram->bytes.data, datagram->bytes.len);
	struct datagram *kept = &keep->datagrams[keep->n_datagrams++];
	*kept = *datagram;
	kept->bytes.data = copy;
	keep->datagram_bytes += datagram->bytes.len;
	return true;
}

size_t keep_cost(const struct keep *keep)
{
	size_t cost = keep->size[0] + keep->size[1] + keep->max_runs * sizeof(*keep->runs);
	if (keep->datagrams)
		cost += DETECT_FIRST_DATAGRAMS * sizeof(*keep->datagrams) + keep->datagram_bytes;
	return cost;
}
