/*
 * zstd (RFC 8878) by libzstd, which reads several frames and skippable ones by itself; stream.c
 * still sees where each ends, so that a cut between two is not taken for one inside.
 *
 * A frame may ask for as large a window as it likes; libzstd grants 128 MiB, and so do we.
 */
#include "capture/priv.h"

#include <zstd.h>
#include <zstd_errors.h>

static void *zstd_new(void)
{
	return ZSTD_createDStream();
}

static enum unpack_step zstd_run(void *state, struct bytes *in, uint8_t *out, size_t size,
                                 size_t *n_out, const char **why)
{
	ZSTD_inBuffer input = { .src = in->data, .size = in->len };
	ZSTD_outBuffer output = { .dst = out, .size = size };
	size_t r = ZSTD_decompressStream(state, &output, &input);
	*n_out = output.pos;
	*in = bytes_skip(*in, input.pos);
	if (r == 0)
		return UNPACK_END;
	if (!ZSTD_isError(r))
		return UNPACK_MORE;
	if (ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation)
		return UNPACK_NO_MEMORY;
	*why = ZSTD_getErrorName(r);
	return UNPACK_DAMAGED;
}

static bool zstd_restart(void *state)
{
	return !ZSTD_isError(ZSTD_DCtx_reset(state, ZSTD_reset_session_only));
}

static void zstd_free(void *state)
{
	ZSTD_freeDStream(state);
}

static const char *zstd_version(void)
{
	return ZSTD_versionString();
}

const struct unpacker unpacker_zstd = {
	.word = "zstd",
	.magic = { (const uint8_t *)"\x28\xb5\x2f\xfd", 4 },
	.has_skippable = true,
	.new = zstd_new,
	.run = zstd_run,
	.restart = zstd_restart,
	.free = zstd_free,
	.library = "libzstd",
	.version = zstd_version,
};
