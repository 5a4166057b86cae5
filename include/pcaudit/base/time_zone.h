/*
 * Time zones: the offset of local time from UTC at any moment, from a TZif file (RFC 9636) such as
 * those under /usr/share/zoneinfo. The C library has one zone at a time, for the whole process, and
 * opens its file itself; here a zone is a value, and its bytes come from wherever the caller has them.
 */
#ifndef PCAUDIT_BASE_TIME_ZONE_H
#define PCAUDIT_BASE_TIME_ZONE_H

#include "pcaudit/base/bytes.h"
#include "pcaudit/base/util.h"

#define TIME_ZONE_MAX_BYTES (256u << 10) /* of a file; the largest real one has 4 KiB */

struct time_zone;

enum { TIME_ZONE_E_INVALID = 1 };

/* 0; TIME_ZONE_E_INVALID: not a TZif file; or -ENOMEM. Nothing of tzif is kept. */
int time_zone_new(struct time_zone **out, struct bytes tzif);
struct time_zone *time_zone_free(struct time_zone *zone);
DEFINE_CLEANUP(struct time_zone, time_zone_free)

/* Seconds east of UTC at a moment given in seconds since 1970. */
int32_t time_zone_offset(const struct time_zone *zone, int64_t seconds);

#endif
