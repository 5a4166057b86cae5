/*
 * Times: expected texts by `date -u`.
 */
#include "report_samples.h"

#include <time.h>

Test(report_time, rfc3339)
{
	char text[36];

	cr_expect_str_eq(report_time_text(SAMPLE_START + 123456789, text),
	                 "2026-03-01T10:00:00.123456789Z");
	cr_expect_str_eq(report_time_text(0, text), "1970-01-01T00:00:00.000000000Z");
	cr_expect_str_eq(report_time_text(-1, text), "1969-12-31T23:59:59.999999999Z");
	cr_expect_str_eq(report_time_text(INT64_C(1709251199) * NS_PER_SECOND + 5, text),
	                 "2024-02-29T23:59:59.000000005Z");
	cr_expect_str_eq(report_time_text(INT64_MAX, text), "2262-04-11T23:47:16.854775807Z");
	cr_expect_str_eq(report_time_text(INT64_MIN, text), "1677-09-21T00:12:43.145224192Z");
}

Test(report_time, for_people)
{
	char text[TIME_PERSON_SIZE], date[16];

	cr_expect_str_eq(time_person_text(SAMPLE_START, false, text), "2026-03-01 10:00:00 UTC");
	cr_expect_str_eq(time_date_text(INT64_C(1806537600) * NS_PER_SECOND - 1, date),
	                 "2027-03-31");
	setenv("TZ", "XYZ-2", 1);
	tzset();
	cr_expect_str_eq(time_person_text(SAMPLE_START, true, text), "2026-03-01 12:00:00 XYZ");
	cr_expect_str_eq(time_person_text(SAMPLE_START, false, text), "2026-03-01 10:00:00 UTC");
}

Test(report_time, ranges)
{
	char text[TIME_RANGE_SIZE];

	cr_expect_str_eq(
	        time_range_text(SAMPLE_START, SAMPLE_START + 90 * NS_PER_SECOND, false, text),
	        "2026-03-01 10:00:00 to 10:01:30 UTC");
	cr_expect_str_eq(
	        time_range_text(SAMPLE_START, SAMPLE_START + 86400 * NS_PER_SECOND, false, text),
	        "2026-03-01 10:00:00 to 2026-03-02 10:00:00 UTC");
}

Test(report_time, spans)
{
	char text[TIME_SPAN_SIZE];

	cr_expect_str_eq(time_span_text(0, text), "0.0 s");
	cr_expect_str_eq(time_span_text(13 * NS_PER_SECOND + 150 * NS_PER_MS, text), "13.1 s");
	cr_expect_str_eq(time_span_text(125 * NS_PER_SECOND, text), "2 min 5 s");
	cr_expect_str_eq(time_span_text(3 * 3600 * NS_PER_SECOND, text), "3 h 0 min");
	cr_expect_str_eq(time_span_text(50 * 3600 * NS_PER_SECOND, text), "2 d 2 h");
}
