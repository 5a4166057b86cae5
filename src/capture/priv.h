/*
 * What source.c (the merge) and input.c (one file) share.
 */
#ifndef PCAUDIT_CAPTURE_PRIV_H
#define PCAUDIT_CAPTURE_PRIV_H

#include "pcaudit/capture.h"

struct input;

/*
 * Takes given->fd, also on failure. 0; SOURCE_E_INVALID or SOURCE_E_FILTER with err filled; or
 * -errno. index counts from 1.
 */
int input_new(struct input **out, const struct source_input *given, uint32_t index,
              const char *filter_bpf, struct err *err);
struct input *input_free(struct input *input);
DEFINE_CLEANUP(struct input, input_free)

/* Fills frame with the next record that passes the filter. 0 or SOURCE_E_END, whatever the reason.
 */
int input_next(struct input *input, struct frame *frame);

const struct input_info *input_get_info(const struct input *input);

#endif
