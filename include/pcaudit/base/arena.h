/*
 * An arena: many small allocations, freed together. It has a budget; when the budget is spent
 * arena_alloc() returns NULL, is_spent stays set, and the caller counts the loss and goes on
 * with less (a flow without its facts), never crashes.
 */
#ifndef PCAUDIT_BASE_ARENA_H
#define PCAUDIT_BASE_ARENA_H

#include "pcaudit/base/bytes.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used_bytes;   /* handed out, with padding */
	size_t budget_bytes; /* 0: no limit */
	bool is_spent;
};

/* budget_bytes 0 means without limit. */
void arena_init(struct arena *arena, size_t budget_bytes);
void arena_deinit(struct arena *arena);

/* Zeroed memory aligned for any type, or NULL if the budget or the machine's memory is spent. */
void *arena_alloc(struct arena *arena, size_t len_bytes);
/* A copy that lives in the arena; data is NULL if it did not fit. */
struct bytes arena_dup(struct arena *arena, struct bytes bytes);
/* The same as a NUL-terminated string. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t len);

#endif
