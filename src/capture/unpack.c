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
	return NULL;
}
