/*
 * The ways of packing that are known, by the first bytes of a file.
 */
#include "capture/priv.h"

const struct unpacker *unpacker_find(struct bytes start)
{
	static const struct unpacker *const unpackers[] = {
		&unpacker_gzip,
		&unpacker_zstd,
		&unpacker_lz4,
		&unpacker_xz,
	};
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
