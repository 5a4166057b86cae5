/*
 * lz4 frames (the LZ4 frame format, version 1.6) by liblz4. Blocks of at most 4 MiB; the legacy
 * format of the kernel image, which has no end mark, is not read.
 */
#include "capture/priv.h"

#include <lz4.h>
#include <lz4frame.h>

static void *lz4_new(void)
{
	LZ4F_dctx *context = NULL;
	return LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) ? NULL
	                                                                             : context;
}

static enum unpack_step lz4_run(void *state, struct bytes *in, uint8_t *out, size_t size,
                                size_t *n_out, const char **why)
{
	size_t n_in = in->len;
	*n_out = size;
	size_t r = LZ4F_decompress(state, out, n_out, in->data, &n_in, NULL);
	if (LZ4F_isError(r)) {
		*n_out = 0;
		*why = LZ4F_getErrorName(r);
		return UNPACK_DAMAGED;
	}
	*in = bytes_skip(*in, n_in);
	return r == 0 ? UNPACK_END : UNPACK_MORE;
}

static bool lz4_restart(void *state)
{
	LZ4F_resetDecompressionContext(state);
	return true;
}

static void lz4_free(void *state)
{
	LZ4F_freeDecompressionContext(state);
}

static const char *lz4_version(void)
{
	return LZ4_versionString();
}

const struct unpacker unpacker_lz4 = {
	.word = "lz4",
	.magic = { (const uint8_t *)"\x04\x22\x4d\x18", 4 },
	.has_skippable = true,
	.new = lz4_new,
	.run = lz4_run,
	.restart = lz4_restart,
	.free = lz4_free,
	.library = "liblz4",
	.version = lz4_version,
};
