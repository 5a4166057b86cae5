/*
 * gzip (RFC 1952) by zlib: one member; stream.c puts several together.
 */
#include "capture/priv.h"

#include <zlib.h>

#define GZIP_ONLY 16 /* added to the window bits: zlib's own header is not taken for one */

static void *gzip_new(void)
{
	z_stream *z = calloc(1, sizeof(*z));
	if (z && inflateInit2(z, MAX_WBITS + GZIP_ONLY) == Z_OK)
		return z;
	free(z);
	return NULL;
}

static enum unpack_step gzip_run(void *state, struct bytes *in, uint8_t *out, size_t size,
                                 size_t *n_out, const char **why)
{
	z_stream *z = state;
	z->next_in = (z_const Bytef *)in->data;
	z->avail_in = (uInt)in->len;
	z->next_out = out;
	z->avail_out = (uInt)MIN(size, UINT32_MAX);
	uInt room = z->avail_out;
	int r = inflate(z, Z_NO_FLUSH);
	*n_out = room - z->avail_out;
	*in = bytes_skip(*in, in->len - z->avail_in);
	switch (r) {
	case Z_STREAM_END:
		return UNPACK_END;
	case Z_OK:
	case Z_BUF_ERROR: /* nothing to do before there is more of either */
		return UNPACK_MORE;
	case Z_MEM_ERROR:
		return UNPACK_NO_MEMORY;
	default:
		*why = z->msg ? z->msg : "damaged";
		return UNPACK_DAMAGED;
	}
}

static bool gzip_restart(void *state)
{
	return inflateReset(state) == Z_OK;
}

static void gzip_free(void *state)
{
	inflateEnd(state);
	free(state);
}

static const char *gzip_version(void)
{
	return zlibVersion();
}

const struct unpacker unpacker_gzip = {
	.word = "gzip",
	.magic = { (const uint8_t *)"\x1f\x8b", 2 },
	.new = gzip_new,
	.run = gzip_run,
	.restart = gzip_restart,
	.free = gzip_free,
	.library = "zlib",
	.version = gzip_version,
};
