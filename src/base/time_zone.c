/*
 * TZif, RFC 9636: a table of transitions, each with the type of local time that begins there, and a
 * footer, a rule as POSIX writes it in TZ, for all time after the last of them. Version 2 and later
 * hold the table twice; the second has 64-bit times and is the one to read. Leap seconds are not
 * counted, as POSIX does not: files that hold some ("right/") are read without them.
 */
#include "pcaudit/base/time_zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"

#define HEADER_BYTES    44u
#define MAX_TRANSITIONS 20000u
#define MAX_TYPES       256u
#define MAX_OFFSET      (26 * 3600) /* RFC 9636 3.2: from -24:59:59 to 25:59:59 */
#define DAY             INT64_C(86400)

struct change {
	int64_t seconds;
	int32_t offset; /* from then on */
};

/* One of the two days of a year on which clocks change: RFC 9636 3.3.1, POSIX TZ. */
enum rule_kind { RULE_MONTH, RULE_JULIAN, RULE_DAY };
struct rule {
	enum rule_kind kind;
	int month, week, day; /* RULE_MONTH: week 5 is the last; else the day of the year */
	int32_t time;         /* of day, local, in seconds; may be negative or beyond a day */
};

struct time_zone {
	struct change *changes;
	size_t n_changes;
	int32_t first; /* before the first change */
	bool has_rule, has_summer;
	int32_t standard, summer; /* offsets by the footer */
	struct rule start, end;   /* of summer time */
};

/* ---- The table ------------------------------------------------------------------------------ */

struct header {
	uint8_t version;
	uint32_t is_utc, is_standard, leaps, times, types, letters;
};

static bool read_header(struct reader *r, struct header *out)
{
	struct bytes magic = reader_take(r, 4);

	out->version = reader_u8(r);
	reader_skip(r, 15);
	out->is_utc = reader_be32(r);
	out->is_standard = reader_be32(r);
	out->leaps = reader_be32(r);
	out->times = reader_be32(r);
	out->types = reader_be32(r);
	out->letters = reader_be32(r);
	return !r->is_short && memcmp(magic.data, "TZif", 4) == 0 &&
	       out->times <= MAX_TRANSITIONS && out->types >= 1 && out->types <= MAX_TYPES;
}

/* Bytes of a block behind its header, with times of that size. */
static uint64_t block_bytes(const struct header *h, unsigned time_bytes)
{
	return (uint64_t)h->times * (time_bytes + 1) + (uint64_t)h->types * 6 + h->letters +
	       (uint64_t)h->leaps * (time_bytes + 4) + h->is_standard + h->is_utc;
}

static bool read_types(struct reader types, uint32_t n, int32_t *offsets, bool *is_summer)
{
	for (uint32_t i = 0; i < n; i++) {
		offsets[i] = (int32_t)reader_be32(&types);
		is_summer[i] = reader_u8(&types);
		reader_u8(&types); /* designation */
		if (offsets[i] < -MAX_OFFSET || offsets[i] > MAX_OFFSET)
			return false;
	}
	return !types.is_short;
}

/* Local time before the first transition is that of type 0 (RFC 9636 3.2). */
static int read_block(struct time_zone *zone, struct reader *r, const struct header *h,
                      bool is_wide)
{
	struct bytes times = reader_take(r, (size_t)h->times * (is_wide ? 8 : 4));
	struct bytes indices = reader_take(r, h->times);
	struct reader types = reader_of(reader_take(r, (size_t)h->types * 6));
	struct reader time = reader_of(times), index = reader_of(indices);
	int32_t offsets[MAX_TYPES];
	bool is_summer[MAX_TYPES];

	reader_skip(r, h->letters + (size_t)h->leaps * (is_wide ? 12 : 8) + h->is_standard +
	                       h->is_utc);
	if (r->is_short || !read_types(types, h->types, offsets, is_summer))
		return TIME_ZONE_E_INVALID;
	zone->first = offsets[0];
	zone->changes = calloc(h->times + 1, sizeof(*zone->changes));
	if (!zone->changes)
		return -ENOMEM;
	for (uint32_t i = 0; i < h->times; i++) {
		int64_t at = is_wide ? (int64_t)reader_be64(&time) : (int32_t)reader_be32(&time);
		uint8_t type = reader_u8(&index);
		if (type >= h->types || (i && at <= zone->changes[i - 1].seconds))
			return TIME_ZONE_E_INVALID;
		zone->changes[i] = (struct change){ at, offsets[type] };
	}
	zone->n_changes = h->times;
	return 0;
}

/* ---- The footer ----------------------------------------------------------------------------- */

static bool take_number(struct reader *r, int *out)
{
	unsigned n = 0;

	for (*out = 0; reader_left(r) && n < 6; n++) {
		uint8_t c = r->bytes.data[r->at];
		if (c < '0' || c > '9')
			break;
		*out = *out * 10 + (c - '0');
		r->at++;
	}
	return n > 0;
}

static bool take_char(struct reader *r, char c)
{
	if (!reader_left(r) || r->bytes.data[r->at] != (uint8_t)c)
		return false;
	r->at++;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct reader *r, int32_t *out)
{
	int sign = take_char(r, '-') ? -1 : 1, hours, minutes = 0, seconds = 0;

	if (sign > 0)
		take_char(r, '+');
	if (!take_number(r, &hours) || hours > 167)
		return false;
	if (take_char(r, ':') && !take_number(r, &minutes))
		return false;
	if (take_char(r, ':') && !take_number(r, &seconds))
		return false;
	*out = sign * (hours * 3600 + minutes * 60 + seconds);
	return minutes < 60 && seconds < 60;
}

/* A name: letters, or anything in <>. */
static bool skip_name(struct reader *r)
{
	size_t start = r->at;
	bool is_quoted = take_char(r, '<');

	while (reader_left(r)) {
		uint8_t c = r->bytes.data[r->at];
		if (is_quoted ? c == '>' : !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
			break;
		r->at++;
	}
	return is_quoted ? take_char(r, '>') : r->at - start >= 3;
}

static bool take_rule(struct reader *r, struct rule *rule)
{
	*rule = (struct rule){ .time = 2 * 3600 };
	if (!take_char(r, ','))
		return false;
	if (take_char(r, 'M')) {
		rule->kind = RULE_MONTH;
		if (!take_number(r, &rule->month) || !take_char(r, '.') ||
		    !take_number(r, &rule->week) || !take_char(r, '.') ||
		    !take_number(r, &rule->day) || rule->month < 1 || rule->month > 12 ||
		    rule->week < 1 || rule->week > 5 || rule->day > 6)
			return false;
	} else {
		rule->kind = take_char(r, 'J') ? RULE_JULIAN : RULE_DAY;
		if (!take_number(r, &rule->day) || rule->day > 365 ||
		    (rule->kind == RULE_JULIAN && rule->day < 1))
			return false;
	}
	return !take_char(r, '/') || take_time(r, &rule->time);
}

/* "CET-1CEST,M3.5.0,M10.5.0/3". POSIX counts offsets westward. */
static bool read_footer(struct time_zone *zone, struct bytes text)
{
	struct reader r = reader_of(text);

	if (text.len == 0)
		return true; /* no rule: the last change goes on for ever */
	if (!skip_name(&r) || !take_time(&r, &zone->standard))
		return false;
	zone->standard = -zone->standard;
	zone->has_rule = true;
	if (!reader_left(&r))
		return true;
	zone->has_summer = true;
	zone->summer = zone->standard + 3600;
	if (!skip_name(&r))
		return false;
	if (reader_left(&r) && r.bytes.data[r.at] != ',') {
		if (!take_time(&r, &zone->summer))
			return false;
		zone->summer = -zone->summer;
	}
	return take_rule(&r, &zone->start) && take_rule(&r, &zone->end) && !reader_left(&r);
}

/* The line between two newlines behind the second block. */
static bool take_footer(struct reader *r, struct bytes *out)
{
	if (!take_char(r, '\n'))
		return false;
	struct bytes rest = reader_take(r, reader_left(r));
	const uint8_t *end = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
	if (!end)
		return false;
	*out = BYTES(rest.data, (size_t)(end - rest.data));
	return true;
}

/* ---- The calendar --------------------------------------------------------------------------- */

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the first of January of a year. */
static int64_t days_to_year(int64_t year)
{
	int64_t y = year - 1; /* whole years passed, counted from year 1 */

	return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

static int64_t year_of(int64_t seconds)
{
	int64_t days = seconds / DAY - (seconds % DAY < 0), year = 1970 + days * 400 / 146097;

	while (days_to_year(year) > days)
		year--;
	while (days_to_year(year + 1) <= days)
		year++;
	return year;
}

/* The day of the year, from 0, that a rule names. */
static int64_t day_of_rule(const struct rule *rule, int64_t year)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };
	int leap = is_leap(year);

	if (rule->kind == RULE_DAY)
		return rule->day;
	if (rule->kind == RULE_JULIAN) /* 29 February is never counted */
		return rule->day - 1 + (leap && rule->day >= 60);
	int64_t first = before[rule->month - 1] + (leap && rule->month > 2);
	int length = before[rule->month] - before[rule->month - 1] + (leap && rule->month == 2);
	int64_t weekday = (days_to_year(year) + first + 4) % 7; /* 1970-01-01 was a Thursday */
	int64_t day = (rule->day - weekday + 7) % 7 + 7 * (rule->week - 1);
	while (day >= length)
		day -= 7;
	return first + day;
}

static int64_t moment_of_rule(const struct rule *rule, int64_t year, int32_t offset)
{
	return (days_to_year(year) + day_of_rule(rule, year)) * DAY + rule->time - offset;
}

static int32_t offset_by_rule(const struct time_zone *zone, int64_t seconds)
{
	if (!zone->has_summer)
		return zone->standard;
	int64_t year = year_of(seconds + zone->standard);
	int64_t start = moment_of_rule(&zone->start, year, zone->standard);
	int64_t end = moment_of_rule(&zone->end, year, zone->summer);
	bool is_summer = start < end ? seconds >= start && seconds < end
	                             : seconds >= start || seconds < end; /* southern summer */
	return is_summer ? zone->summer : zone->standard;
}

/* ---- The zone ------------------------------------------------------------------------------- */

static int read_zone(struct time_zone *zone, struct bytes tzif)
{
	struct reader r = reader_of(tzif);
	struct header header;
	struct bytes footer;

	if (!read_header(&r, &header))
		return TIME_ZONE_E_INVALID;
	if (header.version < '2')
		return read_block(zone, &r, &header, false);
	if (block_bytes(&header, 4) > reader_left(&r))
		return TIME_ZONE_E_INVALID;
	reader_skip(&r, (size_t)block_bytes(&header, 4));
	if (!read_header(&r, &header))
		return TIME_ZONE_E_INVALID;
	int result = read_block(zone, &r, &header, true);
	if (result)
		return result;
	return take_footer(&r, &footer) && read_footer(zone, footer) ? 0 : TIME_ZONE_E_INVALID;
}

int time_zone_new(struct time_zone **out, struct bytes tzif)
{
	_cleanup_(time_zone_freep) struct time_zone *zone = calloc(1, sizeof(*zone));

	if (!zone)
		return -ENOMEM;
	int r = tzif.len <= TIME_ZONE_MAX_BYTES ? read_zone(zone, tzif) : TIME_ZONE_E_INVALID;
	if (r)
		return r;
	*out = zone;
	zone = NULL;
	return 0;
}

struct time_zone *time_zone_free(struct time_zone *zone)
{
	if (zone)
		free(zone->changes);
	free(zone);
	return NULL;
}

int32_t time_zone_offset(const struct time_zone *zone, int64_t seconds)
{
	size_t low = 0, high = zone->n_changes;

	/* The calendar of the rule is good for 10 000 years either way; further out nobody lives.
	 */
	const int64_t most = 10000 * 366 * DAY;
	if (seconds > most || seconds < -most)
		seconds = seconds > 0 ? most : -most;
	if (zone->has_rule && (!high || seconds >= zone->changes[high - 1].seconds))
		return offset_by_rule(zone, seconds);
	while (low < high) { /* the first change after this moment */
		size_t middle = (low + high) / 2;
		if (zone->changes[middle].seconds > seconds)
			high = middle;
		else
			low = middle + 1;
	}
	return low ? zone->changes[low - 1].offset : zone->first;
}
