/*
 * A window over a stream: the bytes of one record stand in one piece, and are not copied for it.
 *
 * The stream is read in pieces of the window's size (1 MiB, less if there are many inputs). What is
 * left at the end of the window, less than one record, moves to its front before the next piece;
 * that is all the copying there is. A record larger than the window makes it grow, to twice its
 * size and only once it is full, so that a length which lies about a small file costs nothing.
 * Formats say how long a record may be.
 */
#include "capture/priv.h"

#include <errno.h>

int block_init(struct block *block, struct stream *stream, size_t size)
{
	*block = (struct block){ .stream = stream, .buffer = malloc(size), .size = size };
	return block->buffer ? 0 : -ENOMEM;
}

void block_deinit(struct block *block)
{
	free(block->buffer);
	block->buffer = NULL;
}

/* Moves what is left to the front of the window, which is made larger if that fills it. */
static bool make_room(struct block *block)
{
	if (block->left.len < block->size) {
		if (block->left.len && block->left.data != block->buffer)
			memmove(block->buffer, block->left.data, block->left.len);
	} else {
		uint8_t *grown = realloc(block->buffer, block->size * 2);
		if (!grown) {
			stream_fail(block->stream, ENOMEM);
			return false;
		}
		block->buffer = grown;
		block->size *= 2;
	}
	block->left.data = block->buffer;
	return true;
}

bool block_fill(struct block *block, size_t len)
{
	while (block->left.len < len) {
		if (!make_room(block))
			return false;
		/* Behind what is left; the next turn, if there is one, need not move it. */
		size_t n = stream_read(block->stream, block->buffer + block->left.len,
		                       block->size - block->left.len);
		if (!n)
			return false;
		block->left.len += n;
	}
	return true;
}

bool block_skip(struct block *block, uint64_t len)
{
	while (len > block->left.len) {
		len -= block->left.len;
		block->left = BYTES(NULL, 0);
		if (!block_fill(block, 1))
			return false;
	}
	block_take(block, (size_t)len);
	return true;
}
