#include "pcaudit/base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define FIRST_BLOCK_BYTES 1024u
#define MAX_BLOCK_BYTES   (64u * 1024u)

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	max_align_t data[];
};

void arena_init(struct arena *arena, size_t budget_bytes)
{
	*arena = (struct arena){ .budget_bytes = budget_bytes };
}

void arena_deinit(struct arena *arena)
{
	for (struct arena_block *block = arena->blocks; block;) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
	*arena = (struct arena){ .budget_bytes = arena->budget_bytes };
}

/* Blocks double up to a limit, so that a small arena stays small and a large one is few blocks. */
static struct arena_block *add_block(struct arena *arena, size_t at_least)
{
	size_t size = arena->blocks ? arena->blocks->size * 2 : FIRST_BLOCK_BYTES;

	if (size > MAX_BLOCK_BYTES)
		size = MAX_BLOCK_BYTES;
	if (size < at_least)
		size = at_least;
	struct arena_block *block = malloc(sizeof(*block) + size);
	if (!block)
		return NULL;
	block->next = arena->blocks;
	block->size = size;
	block->used = 0;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t len_bytes)
{
	const size_t align = alignof(max_align_t);

	if (len_bytes > SIZE_MAX / 2) {
		arena->is_spent = true;
		return NULL;
	}
	size_t len = (len_bytes + align - 1) / align * align;
	if (arena->budget_bytes && len > arena->budget_bytes - arena->used_bytes) {
		arena->is_spent = true;
		return NULL;
	}
	struct arena_block *block = arena->blocks;
	if (!block || block->size - block->used < len)
		block = add_block(arena, len);
	if (!block) {
		arena->is_spent = true;
		return NULL;
	}
	void *out = (uint8_t *)block->data + block->used;
	block->used += len;
	arena->used_bytes += len;
	memset(out, 0, len);
	return out;
}

struct bytes arena_dup(struct arena *arena, struct bytes bytes)
{
	uint8_t *copy = arena_alloc(arena, bytes.len ? bytes.len : 1);

	if (!copy)
		return BYTES(NULL, 0);
	if (bytes.len)
		memcpy(copy, bytes.data, bytes.len);
	return BYTES(copy, bytes.len);
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}
