/*
 * Times as text. In JSON always RFC 3339, UTC, with the nine digits a capture may have, so that
 * two times compare as strings; for people without the fraction, in UTC unless they ask for local
 * time. Every time here is a packet's: nothing reads a clock.
 */
#include "report/priv.h"

#include <stdlib.h>
#include <time.h>

/* Times before 1970 round down too. */
static time_t seconds_of(int64_t time_ns)
{
	int64_t seconds = time_ns / NS_PER_SECOND;

	return (time_t)(time_ns % NS_PER_SECOND < 0 ? seconds - 1 : seconds);
}

const char *report_time_text(int64_t time_ns, char buffer[36])
{
	time_t seconds = seconds_of(time_ns);
	long ns = (long)(time_ns - (int64_t)seconds * NS_PER_SECOND);
	struct tm tm;
	char date[24];

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buffer, 36, "%s.%09ldZ", date, ns);
	return buffer;
}

const char *time_date_text(int64_t time_ns, char buffer[16])
{
	time_t seconds = seconds_of(time_ns);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(buffer, 16, "%Y-%m-%d", &tm);
	return buffer;
}

static void break_down(int64_t time_ns, bool is_local, struct tm *tm)
{
	time_t seconds = seconds_of(time_ns);

	if (is_local)
		localtime_r(&seconds, tm);
	else
		gmtime_r(&seconds, tm);
}

/* The zone's name: of UTC as people write it, not as the C library does. */
static const char *zone_of(const struct tm *tm, bool is_local)
{
	return is_local && tm->tm_zone ? tm->tm_zone : "UTC";
}

const char *time_person_text(int64_t time_ns, bool is_local, char buffer[TIME_PERSON_SIZE])
{
	struct tm tm;
	char text[24];

	break_down(time_ns, is_local, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(buffer, TIME_PERSON_SIZE, "%s %s", text, zone_of(&tm, is_local));
	return buffer;
}

const char *time_range_text(int64_t first_ns, int64_t last_ns, bool is_local,
                            char buffer[TIME_RANGE_SIZE])
{
	struct tm first, last;
	char from[24], to[24];

	break_down(first_ns, is_local, &first);
	break_down(last_ns, is_local, &last);
	bool is_one_day = first.tm_year == last.tm_year && first.tm_yday == last.tm_yday;
	strftime(from, sizeof(from), "%Y-%m-%d %H:%M:%S", &first);
	strftime(to, sizeof(to), is_one_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &last);
	snprintf(buffer, TIME_RANGE_SIZE, "%s to %s %s", from, to, zone_of(&last, is_local));
	return buffer;
}

const char *time_span_text(int64_t span_ns, char buffer[TIME_SPAN_SIZE])
{
	int64_t s = span_ns / NS_PER_SECOND;

	if (s < 60)
		snprintf(buffer, TIME_SPAN_SIZE, "%lld.%lld s", (long long)s,
		         (long long)(span_ns % NS_PER_SECOND / (NS_PER_SECOND / 10)));
	else if (s < 3600)
		snprintf(buffer, TIME_SPAN_SIZE, "%lld min %lld s", (long long)(s / 60),
		         (long long)(s % 60));
	else if (s < 2 * 86400)
		snprintf(buffer, TIME_SPAN_SIZE, "%lld h %lld min", (long long)(s / 3600),
		         (long long)(s / 60 % 60));
	else
		snprintf(buffer, TIME_SPAN_SIZE, "%lld d %lld h", (long long)(s / 86400),
		         (long long)(s / 3600 % 24));
	return buffer;
}
