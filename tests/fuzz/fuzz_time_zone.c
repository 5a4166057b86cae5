#include "pcaudit/base/time_zone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the bytes, an offset is at most a week (POSIX allows 167 hours), and found in no time.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct time_zone *zone = NULL;

	if (time_zone_new(&zone, BYTES(data, size)) != 0)
		return 0;
	for (int64_t t = INT64_MIN / 2; t < INT64_MAX / 4; t += INT64_MAX / 64)
		if (abs(time_zone_offset(zone, t)) > 8 * 86400)
			abort();
	time_zone_free(zone);
	return 0;
}
