/*
 * xz (the .xz file format, version 1.1) by liblzma: one stream; stream.c puts several together and
 * goes over their padding. The bare .lzma format has no magic number and is not read.
 */
#include "capture/priv.h"

#include <lzma.h>

#define MEMORY_LIMIT ((uint64_t)256 << 20) /* xz -9 asks for 65 MiB */

static bool xz_start(lzma_stream *lzma)
{
	return lzma_stream_decoder(lzma, MEMORY_LIMIT, 0) == LZMA_OK;
}

static void *xz_new(void)
{
	lzma_stream *lzma = malloc(sizeof(*lzma));
	if (!lzma)
		return NULL;
	*lzma = (lzma_stream)LZMA_STREAM_INIT;
	if (xz_start(lzma))
		return lzma;
	free(lzma);
	return NULL;
}

static enum unpack_step xz_run(void *state, struct bytes *in, uint8_t *out, size_t size,
                               size_t *n_out, const char **why)
{
	lzma_stream *lzma = state;
	lzma->next_in = in->data;
	lzma->avail_in = in->len;
	lzma->next_out = out;
	lzma->avail_out = size;
	lzma_ret r = lzma_code(lzma, LZMA_RUN);
	*n_out = size - lzma->avail_out;
	*in = bytes_skip(*in, in->len - lzma->avail_in);
	switch (r) {
	case LZMA_STREAM_END:
		return UNPACK_END;
	case LZMA_OK:
	case LZMA_BUF_ERROR: /* nothing to do before there is more of either */
		return UNPACK_MORE;
	case LZMA_MEM_ERROR:
		return UNPACK_NO_MEMORY;
	case LZMA_MEMLIMIT_ERROR:
		*why = "it takes more than 256 MiB to unpack";
		return UNPACK_DAMAGED;
	case LZMA_OPTIONS_ERROR:
		*why = "it uses options that are not known here";
		return UNPACK_DAMAGED;
	default:
		*why = "the packed data is damaged";
		return UNPACK_DAMAGED;
	}
}

static bool xz_restart(void *state)
{
	return xz_start(state);
}

static void xz_free(void *state)
{
	lzma_end(state);
	free(state);
}

static const char *xz_version(void)
{
	return lzma_version_string();
}

const struct unpacker unpacker_xz = {
	.word = "xz",
	.magic = { (const uint8_t *)"\xfd\x37\x7a\x58\x5a\x00", 6 },
	.new = xz_new,
	.run = xz_run,
	.restart = xz_restart,
	.free = xz_free,
	.library = "liblzma",
	.version = xz_version,
};
