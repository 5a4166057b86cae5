#include "pcaudit/base/time_zone.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pcaudit/base/util.h"

#define HEADER(version, n_times, n_types, n_letters)                                               \
	'T', 'Z', 'i', 'f', version, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   \
	        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n_times, 0, 0, 0, n_types, 0, 0, 0, n_letters

/* The example of RFC 9636 B.3 in small: no transitions but one rule; "+00" and a footer. */
#define FOOTER_FILE(footer)                                                                        \
	HEADER('3', 0, 1, 4), 0, 0, 0, 0, 0, 0, 'U', 'T', 'C', 0, HEADER('3', 0, 1, 4), 0, 0, 0,   \
	        0, 0, 0, 'U', 'T', 'C', 0

/* Version 1: 0 until 1970-01-01T00:01:40Z, then +01:00. */
static const uint8_t old[] = { HEADER('\0', 1, 2, 4),
	                       0,
	                       0,
	                       0,
	                       100,
	                       1,
	                       0,
	                       0,
	                       0,
	                       0,
	                       0,
	                       0,
	                       0,
	                       0,
	                       0x0e,
	                       0x10,
	                       0,
	                       0,
	                       'A',
	                       'B',
	                       'C',
	                       0 };

static struct time_zone *zone_of(const uint8_t *data, size_t len)
{
	struct time_zone *zone = NULL;

	cr_assert_eq(time_zone_new(&zone, BYTES(data, len)), 0);
	return zone;
}

static size_t with_footer(uint8_t *out, const char *footer)
{
	static const uint8_t start[] = { FOOTER_FILE() };
	size_t len = sizeof(start);

	memcpy(out, start, len);
	out[len++] = '\n';
	memcpy(out + len, footer, strlen(footer));
	len += strlen(footer);
	out[len++] = '\n';
	return len;
}

static void expect_offset(const char *footer, int64_t seconds, int32_t offset)
{
	uint8_t file[256];
	_cleanup_(time_zone_freep) struct time_zone *zone =
	        zone_of(file, with_footer(file, footer));

	cr_expect_eq(time_zone_offset(zone, seconds), offset, "%s at %lld: %d", footer,
	             (long long)seconds, time_zone_offset(zone, seconds));
}

Test(time_zone, version_1_has_only_the_table)
{
	_cleanup_(time_zone_freep) struct time_zone *zone = zone_of(old, sizeof(old));

	cr_expect_eq(time_zone_offset(zone, -5), 0);
	cr_expect_eq(time_zone_offset(zone, 99), 0);
	cr_expect_eq(time_zone_offset(zone, 100), 3600);
	cr_expect_eq(time_zone_offset(zone, INT64_MAX), 3600);
	cr_expect_eq(time_zone_offset(zone, INT64_MIN), 0);
}

/* Berlin, 2026: summer from 29 March 01:00Z (1774746000) to 25 October 01:00Z (1792890000). */
Test(time_zone, rules_of_the_year)
{
	expect_offset("CET-1CEST,M3.5.0,M10.5.0/3", 1774745999, 3600);
	expect_offset("CET-1CEST,M3.5.0,M10.5.0/3", 1774746000, 7200);
	expect_offset("CET-1CEST,M3.5.0,M10.5.0/3", 1792889999, 7200);
	expect_offset("CET-1CEST,M3.5.0,M10.5.0/3", 1792890000, 3600);
	/* Sydney, the same days of 2026: summer ends 4 April 16:00Z, begins 3 October 16:00Z. */
	expect_offset("AEST-10AEDT,M10.1.0,M4.1.0/3", 1775318399, 39600);
	expect_offset("AEST-10AEDT,M10.1.0,M4.1.0/3", 1775318400, 36000);
	expect_offset("AEST-10AEDT,M10.1.0,M4.1.0/3", 1791043199, 36000);
	expect_offset("AEST-10AEDT,M10.1.0,M4.1.0/3", 1791043200, 39600);
	/* Without summer time, with a quoted name, half an hour: Kolkata and Nepal. */
	expect_offset("IST-5:30", 1774746000, 19800);
	expect_offset("<+0545>-5:45", 1774746000, 20700);
	expect_offset("<-03>3", 0, -10800);
	/* Its own offset in summer: Lord Howe, half an hour. */
	expect_offset("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 1767225600, 39600);
	/* Days counted: J60 is 1 March in every year, 59 is 29 February in a leap year. */
	expect_offset("AAA0BBB,J60/0,J300/0", 1709251199, 0);    /* 2024-02-29T23:59:59Z */
	expect_offset("AAA0BBB,J60/0,J300/0", 1709251200, 3600); /* 2024-03-01 */
	expect_offset("AAA0BBB,59/0,300/0", 1709164799, 0);      /* 2024-02-28T23:59:59Z */
	expect_offset("AAA0BBB,59/0,300/0", 1709164800, 3600);   /* 2024-02-29 */
	expect_offset("", 1774746000, 0);
}

static void expect_invalid(const uint8_t *data, size_t len)
{
	struct time_zone *zone = NULL;

	cr_expect_eq(time_zone_new(&zone, BYTES(data, len)), TIME_ZONE_E_INVALID);
	cr_expect_null(zone);
}

Test(time_zone, what_is_no_zone_is_refused)
{
	static const char *const footers[] = { "CET",
		                               "CET-",
		                               "-1",
		                               "CET-1CEST",
		                               "CET-1CEST,M3.5.0",
		                               "CET-1CEST,M13.5.0,M10.5.0",
		                               "CET-1CEST,M3.6.0,M10.5.0",
		                               "CET-1CEST,M3.5.7,M10.5.0",
		                               "CET-1CEST,J0,J5",
		                               "CET-1CEST,J366,J5",
		                               "CET-1CEST,M3.5.0,M10.5.0x",
		                               "CET-168",
		                               "CET-1:60",
		                               "<CET-1" };
	uint8_t file[256];

	for (size_t i = 0; i < sizeof(old); i++)
		expect_invalid(old, i);
	for (size_t i = 0; i < ARRAY_SIZE(footers); i++) {
		struct time_zone *zone = NULL;
		cr_expect_eq(time_zone_new(&zone, BYTES(file, with_footer(file, footers[i]))),
		             TIME_ZONE_E_INVALID, "%s", footers[i]);
		time_zone_free(zone);
	}
	size_t len = with_footer(file, "CET-1CEST,M3.5.0,M10.5.0/3");
	for (size_t i = 0; i < len; i++)
		expect_invalid(file, i);
	file[0] = 'X';
	expect_invalid(file, len);
}

static size_t read_file(const char *path, uint8_t *out, size_t size)
{
	FILE *file = fopen(path, "rb");

	cr_assert_not_null(file, "%s", path);
	size_t n = fread(out, 1, size, file);
	fclose(file);
	return n;
}

/* The C library reads the same files: it is asked at many moments of each zone. */
Test(time_zone, agrees_with_the_c_library)
{
	static const char *const names[] = {
		"Europe/Berlin",     "America/New_York",  "Australia/Sydney", "Asia/Kolkata",
		"America/Sao_Paulo", "Africa/Casablanca", "Europe/Dublin",    "Asia/Tehran",
		"Pacific/Apia",      "Antarctica/Troll",  "America/St_Johns", "Etc/UTC"
	};
	static uint8_t bytes[TIME_ZONE_MAX_BYTES];
	char path[128];

	if (access("/usr/share/zoneinfo/Europe", R_OK) < 0)
		cr_skip_test("skipped: no tzdata");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", names[i]);
		_cleanup_(time_zone_freep) struct time_zone *zone =
		        zone_of(bytes, read_file(path, bytes, sizeof(bytes)));
		cr_assert_eq(setenv("TZ", names[i], 1), 0);
		tzset();
		for (int64_t t = -4000000000; t < 6000000000; t += 1234567) {
			time_t seconds = (time_t)t;
			struct tm tm;
			localtime_r(&seconds, &tm);
			cr_assert_eq(time_zone_offset(zone, t), tm.tm_gmtoff,
			             "%s at %lld: %d, not %ld", names[i], (long long)t,
			             time_zone_offset(zone, t), tm.tm_gmtoff);
		}
	}
}
