/*
 * Several inputs as one stream in time order: a merge by a binary heap.
 *
 * The heap holds the inputs that still have a frame, each with its next one, as order.c gives it.
 * Only these heads are compared, so an input whose own times go back further than is put in order
 * there keeps its order. An input is read on only at the call after the one that gave its frame
 * away, because a view of its window dies with that read.
 */
#include "capture/priv.h"

#include <errno.h>

#define WINDOWS_SIZE                                                                               \
	((size_t)64 << 20) /* of all inputs together, while each can have the least                \
	                    */

#define HELD_SIZE ((size_t)16 << 20) /* of all inputs together, waiting to be put in order */

struct head {
	struct frame frame;
	struct order *order;
};

struct source {
	struct input **inputs;
	struct order **orders; /* one for each input */
	size_t n_inputs;
	struct head *heads; /* heap, earliest first */
	size_t n_heads;
	bool is_head_given; /* heads[0].frame was handed out and must be replaced */
};

static bool is_before(const struct head *a, const struct head *b)
{
	if (a->frame.time_ns != b->frame.time_ns)
		return a->frame.time_ns < b->frame.time_ns;
	return a->frame.file < b->frame.file;
}

/* Lets heads[at] sink to its place. */
static void sift_down(struct source *source, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= source->n_heads)
			return;
		if (child + 1 < source->n_heads &&
		    is_before(&source->heads[child + 1], &source->heads[child]))
			child++;
		if (!is_before(&source->heads[child], &source->heads[at]))
			return;
		struct head moved = source->heads[at];
		source->heads[at] = source->heads[child];
		source->heads[child] = moved;
		at = child;
	}
}

static void replace_first(struct source *source)
{
	struct head *first = &source->heads[0];
	if (order_next(first->order, &first->frame) == SOURCE_E_END)
		*first = source->heads[--source->n_heads];
	sift_down(source, 0);
}

static int open_inputs(struct source *source, const struct source_input *inputs, size_t n_inputs,
                       const char *filter_bpf, struct err *err)
{
	source->inputs = calloc(n_inputs ? n_inputs : 1, sizeof(struct input *));
	source->orders = calloc(n_inputs ? n_inputs : 1, sizeof(struct order *));
	source->heads = calloc(n_inputs ? n_inputs : 1, sizeof(struct head));
	int r = source->inputs && source->orders && source->heads ? 0 : -ENOMEM;
	size_t window = MAX(MIN(WINDOWS_SIZE / MAX(n_inputs, 1u), BLOCK_SIZE_MAX), BLOCK_SIZE_MIN);
	size_t i = 0;
	for (; r == 0 && i < n_inputs; i++) {
		r = input_new(&source->inputs[i], &inputs[i], (uint32_t)i + 1, filter_bpf, window,
		              err);
		if (r == 0)
			source->n_inputs++;
		if (r == 0)
			r = order_new(&source->orders[i], source->inputs[i],
			              HELD_SIZE / MAX(n_inputs, 1u));
	}
	for (; i < n_inputs; i++)
		close(inputs[i].fd);
	return r;
}

int source_new(struct source **out, const struct source_input *inputs, size_t n_inputs,
               const char *filter_bpf, struct err *err)
{
	_cleanup_(source_freep) struct source *source = calloc(1, sizeof(*source));
	if (!source) {
		for (size_t i = 0; i < n_inputs; i++)
			close(inputs[i].fd);
		return -ENOMEM;
	}
	int r = open_inputs(source, inputs, n_inputs, filter_bpf, err);
	if (r != 0)
		return r;
	for (size_t i = 0; i < n_inputs; i++) {
		struct head *head = &source->heads[source->n_heads];
		head->order = source->orders[i];
		if (order_next(head->order, &head->frame) == 0)
			source->n_heads++;
	}
	for (size_t i = source->n_heads; i-- > 0;)
		sift_down(source, i);
	*out = source;
	source = NULL;
	return 0;
}

struct source *source_free(struct source *source)
{
	if (!source)
		return NULL;
	for (size_t i = 0; i < source->n_inputs; i++) {
		order_free(source->orders[i]);
		input_free(source->inputs[i]);
	}
	free(source->inputs);
	free(source->orders);
	free(source->heads);
	free(source);
	return NULL;
}

int source_next(struct source *source, struct frame *frame)
{
	if (source->is_head_given)
		replace_first(source);
	source->is_head_given = source->n_heads > 0;
	if (!source->n_heads)
		return SOURCE_E_END;
	*frame = source->heads[0].frame;
	return 0;
}

size_t source_input_count(const struct source *source)
{
	return source->n_inputs;
}

const struct input_info *source_get_input(const struct source *source, size_t index)
{
	return input_get_info(source->inputs[index]);
}

const struct source_secret *source_get_secret(const struct source *source, size_t input,
                                              size_t index)
{
	return input_get_secret(source->inputs[input], index);
}
