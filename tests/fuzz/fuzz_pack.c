/*
 * Any bytes as a pack file, and as two packs together when they load: no crash, no leak, and an
 * error always has its text.
 */
#include "pcaudit/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(pack_freep) struct pack *pack = NULL;
	_cleanup_(ruleset_freep) struct ruleset *ruleset = NULL;
	struct err err = { 0 };
	int r = pack_load(&pack, "fuzz.yaml", BYTES(data, size), &err);
	if (r > 0 && !err.text[0])
		abort();
	if (r)
		return 0;
	const struct pack *const one[] = { pack };
	r = ruleset_new(&ruleset, one, 1, NULL, &err);
	if (r > 0 && !err.text[0])
		abort();
	return 0;
}
