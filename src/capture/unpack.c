/*
 * The ways of packing that are known, by the first bytes of a file.
 */
#include "capture/priv.h"

static const struct unpacker *const unpackers[] = {
	&unpacker_gzip,
	&unpacker_zstd,
	&unpacker_lz4,
	&unpacker_xz,
};

const char *source_library_version(size_t index, char buffer[64])
{
	if (index >= ARRAY_SIZE(unpackers))
		return NULL;
	snprintf(buffer, 64, "%s %s", unpackers[index]->library, unpackers[index]->version());
	return buffer;
}

const struct unpacker *unpacker_find(struct bytes start)
{
	for (size_t i = 0; i < ARRAY_SIZE(unpackers); i++)
		if (bytes_starts_with(start, unpackers[i]->magic))
			return unpackers[i];
	/* pzstd begins with one; lz4 could too, but nothing is known to. */
	return unpack_is_skippable(start) ? &unpacker_zstd : NULL;
}

bool unpack_is_skippable(struct bytes start)
{
	return start.len >= 4 && start.data[0] >> 4 == 5 &&
	       bytes_starts_with(bytes_skip(start, 1), BYTES_LITERAL("\x2a\x4d\x18"));
}
