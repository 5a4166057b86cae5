/*
 * Typed values from the nodes of a tree: text, ids, words, ports, addresses, dates, durations.
 *
 * Each function reads one node, or fails with a message that names the place, the key, what was
 * found and what was expected. Nothing is guessed: "50,000-59,999", "0x50" and "yes" are mistakes
 * and not numbers or booleans, because a rule that silently means something else than its author
 * thought is worse than one that does not load.
 */
#include <errno.h>
#include <stdarg.h>

#include "priv.h"

void input_where(struct input *in, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(in->where, sizeof(in->where), format, args);
	va_end(args);
}

int input_fail(struct input *in, int line, const char *format, ...)
{
	char text[640];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	err_set(in->err, "%s:%d: %s%s%s", in->file, line, in->where, in->where[0] ? ": " : "",
	        text);
	return RULES_E_INVALID;
}

int input_fail_name(struct input *in, int line, const char *what, const char *name,
                    const char *const *candidates, size_t n)
{
	char shown[VALUE_SHOWN_SIZE];
	/* No slip of the hand makes a long text of an id. */
	const char *near = strlen(name) <= VALUE_MAX_ID ? err_near_miss(name, candidates, n) : NULL;
	if (near)
		return input_fail(in, line, "unknown %s \"%s\" (did you mean \"%s\"?)", what,
		                  value_shown(name, shown), near);
	return input_fail(in, line, "unknown %s \"%s\"", what, value_shown(name, shown));
}

void *input_alloc(struct input *in, size_t n, size_t size)
{
	return arena_alloc(in->arena, (n ? n : 1) * size);
}

const char *value_shown(const char *text, char buffer[VALUE_SHOWN_SIZE])
{
	size_t n = strnlen(text, 61);
	bool is_cut = n > 60;
	if (is_cut) {
		n = 60;
		while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80)
			n--;
	}
	for (size_t i = 0; i < n; i++)
		buffer[i] = (uint8_t)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
	memcpy(buffer + n, is_cut ? "..." : "", is_cut ? 4 : 1);
	return buffer;
}

bool value_is_nothing(const struct node *node)
{
	return node->type == NODE_SCALAR && node->is_plain &&
	       (!node->text[0] || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

static const char *key_of(const struct node *node)
{
	return node->key ? node->key->text : "file";
}

int value_fail(struct input *in, const struct node *node, const char *expected)
{
	char shown[VALUE_SHOWN_SIZE];
	char key[VALUE_SHOWN_SIZE];
	value_shown(key_of(node), key);
	if (value_is_nothing(node))
		return input_fail(in, node->line, "%s: expected %s, found nothing", key, expected);
	if (node->type == NODE_SCALAR)
		return input_fail(in, node->line, "%s: expected %s, found \"%s\"", key, expected,
		                  value_shown(node->text, shown));
	return input_fail(in, node->line, "%s: expected %s, found a %s", key, expected,
	                  node->type == NODE_LIST ? "list" : "mapping");
}

int value_is(struct input *in, const struct node *node, enum node_type type)
{
	static const char *const words[] = {
		[NODE_SCALAR] = "text",
		[NODE_LIST] = "a list",
		[NODE_MAP] = "a mapping",
	};
	if (node->type != type || (type == NODE_SCALAR && value_is_nothing(node)))
		return value_fail(in, node, words[type]);
	return 0;
}

int value_is_list(struct input *in, const struct node *node)
{
	int r = value_is(in, node, NODE_LIST);
	if (r == 0 && node->n_children == 0)
		return input_fail(in, node->line, "%s: the list is empty", key_of(node));
	return r;
}

int value_map(struct input *in, const struct node *node, const struct value_key *keys, size_t n,
              const struct node **values)
{
	const char *names[32];
	int r = value_is(in, node, NODE_MAP);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		names[i] = keys[i].name;
		values[i] = NULL;
	}
	for (const struct node *child = node->first; child; child = child->next) {
		size_t i = 0;
		while (i < n && strcmp(child->key->text, names[i]) != 0)
			i++;
		if (i == n) {
			int bad = input_fail_name(in, child->key->line, "key", child->key->text,
			                          names, n);
			if (value_is_nothing(child))
				err_add(in->err, " (text with a comma must be quoted)");
			return bad;
		}
		values[i] = child;
	}
	for (size_t i = 0; i < n; i++)
		if (keys[i].is_required && !values[i])
			return input_fail(in, node->line, "\"%s\" is missing", names[i]);
	return 0;
}

int value_text(struct input *in, const struct node *node, const char **out)
{
	int r = value_is(in, node, NODE_SCALAR);
	if (r)
		return r;
	if (!node->text[0])
		return value_fail(in, node, "text");
	*out = arena_strdup(in->arena, node->text);
	return *out ? 0 : -ENOMEM;
}

int value_texts(struct input *in, const struct node *node, const char ***out, size_t *n)
{
	int r = value_is_list(in, node);
	if (r)
		return r;
	const char **texts = input_alloc(in, node->n_children, sizeof(*texts));
	if (!texts)
		return -ENOMEM;
	size_t i = 0;
	for (const struct node *child = node->first; child; child = child->next) {
		r = value_is(in, child, NODE_SCALAR);
		if (r)
			return r;
		texts[i] = arena_strdup(in->arena, child->text);
		if (!texts[i++])
			return -ENOMEM;
	}
	*out = texts;
	*n = i;
	return 0;
}

static bool is_id(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return n > 0 && n <= VALUE_MAX_ID && !text[n] && text[0] != '-' && text[n - 1] != '-';
}

int value_id(struct input *in, const struct node *node, const char **out)
{
	int r = value_is(in, node, NODE_SCALAR);
	if (r)
		return r;
	if (!is_id(node->text))
		return value_fail(in, node, "an id (lower-case letters, digits and hyphens)");
	*out = arena_strdup(in->arena, node->text);
	return *out ? 0 : -ENOMEM;
}

int value_ids(struct input *in, const struct node *node, const char ***out, size_t *n)
{
	int r = value_is_list(in, node);
	if (r)
		return r;
	if (node->n_children > RULESET_MAX_ROLES)
		return input_fail(in, node->line, "%s: more than %d", key_of(node),
		                  RULESET_MAX_ROLES);
	const char **ids = input_alloc(in, node->n_children, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	size_t i = 0;
	for (const struct node *child = node->first; child; child = child->next) {
		r = value_id(in, child, &ids[i]);
		if (r)
			return r;
		for (size_t j = 0; j < i; j++)
			if (strcmp(ids[j], ids[i]) == 0)
				return input_fail(in, child->line, "%s: \"%s\" stands twice",
				                  key_of(node), ids[i]);
		i++;
	}
	*out = ids;
	*n = i;
	return 0;
}

int value_bool(struct input *in, const struct node *node, bool *out)
{
	bool is_true = node->type == NODE_SCALAR && strcmp(node->text, "true") == 0;
	bool is_false = node->type == NODE_SCALAR && strcmp(node->text, "false") == 0;
	if ((!is_true && !is_false) || !node->is_plain)
		return value_fail(in, node, "true or false");
	*out = is_true;
	return 0;
}

/* Decimal digits only, no sign, no leading zero; false also if above max. */
static bool parse_number(const char *text, size_t len, uint32_t max, uint32_t *out)
{
	uint32_t value = 0;
	if (len == 0 || len > 9 || (len > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(text[i] - '0');
	}
	*out = value;
	return value <= max;
}

int value_number(struct input *in, const struct node *node, uint16_t *out)
{
	uint32_t value = 0;
	if (node->type != NODE_SCALAR ||
	    !parse_number(node->text, strlen(node->text), UINT16_MAX, &value) || value == 0)
		return value_fail(in, node, "a number from 1 to 65535");
	*out = (uint16_t)value;
	return 0;
}

int value_word(struct input *in, const struct node *node, const char *const *words, size_t n,
               unsigned *out)
{
	char expected[320] = "";
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		if (node->type == NODE_SCALAR && strcmp(node->text, words[i]) == 0) {
			*out = (unsigned)i;
			return 0;
		}
		if (len < sizeof(expected))
			len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%s%s",
			                        i == 0 ? "" : (i + 1 == n ? " or " : ", "),
			                        words[i]);
	}
	return value_fail(in, node, expected);
}

int value_port(struct input *in, const struct node *node, uint16_t *out)
{
	uint32_t value = 0;
	if (node->type != NODE_SCALAR ||
	    !parse_number(node->text, strlen(node->text), UINT16_MAX, &value) || value == 0)
		return value_fail(in, node, "a port (1 to 65535)");
	*out = (uint16_t)value;
	return 0;
}

static int read_range(struct input *in, const struct node *node, struct port_range *out)
{
	static const char expected[] = "a port (1 to 65535) or a range like 50000-59999";
	uint32_t first = 0, last = 0;
	if (node->type != NODE_SCALAR)
		return value_fail(in, node, expected);
	size_t n = strcspn(node->text, "-");
	bool is_range = node->text[n] == '-';
	const char *rest = is_range ? node->text + n + 1 : node->text;
	if (!parse_number(node->text, n, UINT16_MAX, &first) || first == 0 ||
	    !parse_number(rest, strlen(rest), UINT16_MAX, &last) || last == 0)
		return value_fail(in, node, expected);
	if (first > last)
		return input_fail(in, node->line, "%s: the range %u-%u is reversed; write %u-%u",
		                  key_of(node), first, last, last, first);
	*out = (struct port_range){ .first = (uint16_t)first, .last = (uint16_t)last };
	return 0;
}

static int read_ranges(struct input *in, const struct node *list, struct port_range *ranges)
{
	size_t n = 0;
	for (const struct node *child = list->first; child; child = child->next) {
		int r = read_range(in, child, &ranges[n]);
		if (r)
			return r;
		for (size_t i = 0; i < n; i++)
			if (ranges[i].first <= ranges[n].last && ranges[n].first <= ranges[i].last)
				return input_fail(in, child->line,
				                  "%s: \"%s\" overlaps an earlier one",
				                  key_of(list), child->text);
		n++;
	}
	return 0;
}

int value_ports(struct input *in, const struct node *node, bool allows_any, struct port_range **out,
                size_t *n)
{
	bool is_any = allows_any && node->type == NODE_SCALAR && strcmp(node->text, "any") == 0;
	bool is_list = node->type == NODE_LIST;
	if (is_list) {
		int r = value_is_list(in, node);
		if (r)
			return r;
		if (node->n_children > VALUE_MAX_PORTS)
			return input_fail(in, node->line, "%s: more than %d", key_of(node),
			                  VALUE_MAX_PORTS);
	}
	*n = is_list ? node->n_children : 1;
	*out = input_alloc(in, *n, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	if (is_any) {
		(*out)[0] = (struct port_range){ .first = 0, .last = UINT16_MAX };
		return 0;
	}
	return is_list ? read_ranges(in, node, *out) : read_range(in, node, *out);
}

/* As value_fail(), with the hint that a bare IPv6 address may be what the reader tripped on. */
static int fail_address(struct input *in, const struct node *node, const char *expected)
{
	char hint[YAML_HINT_SIZE];
	int r = value_fail(in, node, expected);
	if (node->type != NODE_SCALAR)
		err_add(in->err, "%s", yaml_ipv6_hint(in->text, node->line, hint));
	return r;
}

int value_addr(struct input *in, const struct node *node, struct addr *out)
{
	if (node->type != NODE_SCALAR || !addr_parse(out, node->text))
		return fail_address(in, node, "an address");
	return 0;
}

/* An address and a length that leaves host bits over is the usual slip; say what was meant. */
static int fail_prefix(struct input *in, const struct node *node)
{
	char text[PREFIX_TEXT_SIZE];
	struct prefix whole;
	size_t n = node->type == NODE_SCALAR ? strcspn(node->text, "/") : 0;
	uint32_t len = 0;
	if (n > 0 && n < ADDR_TEXT_SIZE && node->text[n] == '/') {
		memcpy(text, node->text, n);
		text[n] = '\0';
		bool is_addr = addr_parse(&whole.addr, text);
		bool is_v4 = is_addr && !strchr(text, ':');
		if (is_addr && parse_number(node->text + n + 1, strlen(node->text + n + 1),
		                            is_v4 ? 32 : 128, &len)) {
			whole.len_bits = (uint8_t)(is_v4 ? len + 96 : len);
			for (unsigned bit = whole.len_bits; bit < 128; bit++)
				whole.addr.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
			char shown[PREFIX_TEXT_SIZE];
			return input_fail(
			        in, node->line, "%s: \"%s\" has bits set behind /%u; write %s",
			        key_of(node), node->text, len, prefix_format(&whole, shown));
		}
	}
	return fail_address(in, node, "an address or a prefix like 10.0.0.0/8");
}

int value_prefix(struct input *in, const struct node *node, struct prefix *out)
{
	if (node->type != NODE_SCALAR || !prefix_parse(out, node->text))
		return fail_prefix(in, node);
	return 0;
}

static bool is_leap(uint32_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 1970-01-01. */
static int64_t days_since_epoch(uint32_t year, uint32_t month, uint32_t day)
{
	static const uint16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t days = 0;
	for (uint32_t y = 1970; y < year; y++)
		days += is_leap(y) ? 366 : 365;
	return days + before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
}

static bool parse_date(const char *text, uint32_t *year, uint32_t *month, uint32_t *day)
{
	static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' ||
	    strspn(text, "0123456789-") != 10 || strchr(text + 8, '-') || text[5] == '-' ||
	    text[6] == '-')
		return false;
	*year = (uint32_t)atoi(text);
	*month = (uint32_t)atoi(text + 5);
	*day = (uint32_t)atoi(text + 8);
	if (*year < 1970 || *year > 2261 || *month < 1 || *month > 12 || *day < 1)
		return false;
	return *day <= lengths[*month - 1] + (uint32_t)(*month == 2 && is_leap(*year));
}

int value_until(struct input *in, const struct node *node, int64_t *out_ns)
{
	uint32_t year, month, day;
	if (node->type != NODE_SCALAR || !parse_date(node->text, &year, &month, &day))
		return value_fail(in, node, "a date like 2027-06-30");
	*out_ns = (days_since_epoch(year, month, day) + 1) * 86400 * NS_PER_SECOND - 1;
	return 0;
}

int value_duration(struct input *in, const struct node *node, int64_t *out_ns)
{
	static const char expected[] = "a time like 90s, 15m, 8h or 7d (at most 366d)";
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t len = node->type == NODE_SCALAR ? strlen(node->text) : 0;
	uint32_t value = 0;
	if (len < 2 || !parse_number(node->text, len - 1, 366 * 86400, &value) || value == 0)
		return value_fail(in, node, expected);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		int64_t seconds = (int64_t)value * units[i].seconds;
		if (units[i].unit == node->text[len - 1] && seconds <= 366 * 86400) {
			*out_ns = seconds * NS_PER_SECOND;
			return 0;
		}
	}
	return value_fail(in, node, expected);
}

/* Index of the day at text, moving past it, or -1. */
static int take_day(const char **text)
{
	static const char days[] = "montuewedthufrisatsun";
	for (int i = 0; i < 7; i++)
		if (strncmp(*text, days + 3 * i, 3) == 0) {
			*text += 3;
			return i;
		}
	return -1;
}

/* "mon-fri,sun": days and ranges of days, moving past them; a range may pass the week's end. */
static bool take_days(const char **text, uint8_t *days)
{
	for (;;) {
		int first = take_day(text);
		int last = first;
		if (first < 0)
			return false;
		if (**text == '-') {
			++*text;
			last = take_day(text);
			if (last < 0)
				return false;
		}
		for (int day = first;; day = (day + 1) % 7) {
			*days |= (uint8_t)(1 << day);
			if (day == last)
				break;
		}
		if (**text != ',')
			return true;
		++*text;
	}
}

/* "08-18" to the end of the text. */
static bool take_hours(const char *text, struct expect_window *out)
{
	if (strlen(text) != 5 || text[2] != '-' || strspn(text, "0123456789-") != 5 ||
	    text[0] == '-' || text[1] == '-' || text[3] == '-' || text[4] == '-')
		return false;
	out->hour_from = (uint8_t)atoi(text);
	out->hour_to = (uint8_t)atoi(text + 3);
	return out->hour_from < out->hour_to && out->hour_to <= 24;
}

int value_hours(struct input *in, const struct node *node, struct expect_window *out)
{
	const char *text = node->type == NODE_SCALAR ? node->text : "";
	bool is_good = text[0] != '\0';
	if (is_good && text[0] >= 'a') {
		is_good = take_days(&text, &out->days);
		if (is_good && *text == ' ')
			is_good = take_hours(text + 1, out);
		else if (is_good)
			is_good = !*text;
	} else if (is_good) {
		is_good = take_hours(text, out);
	}
	return is_good ? 0 : value_fail(in, node, "hours like \"mon-fri 08-18\"");
}

int value_zone(struct input *in, const struct node *node, const char **out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                              "0123456789+-_/";
	if (node->type != NODE_SCALAR || !node->text[0] || node->text[0] == '/' ||
	    strspn(node->text, letters) != strlen(node->text) || strlen(node->text) > VALUE_MAX_ID)
		return value_fail(in, node, "a time zone like Europe/Berlin");
	return value_text(in, node, out);
}

int value_family(struct input *in, const struct node *node, enum family *out)
{
	size_t n;
	const char *const *words = family_words(&n);
	if (node->type == NODE_SCALAR && family_parse(out, node->text))
		return 0;
	if (node->type == NODE_SCALAR && !value_is_nothing(node))
		return input_fail_name(in, node->line, "protocol", node->text, words, n);
	return value_fail(in, node, "a protocol");
}

int value_security(struct input *in, const struct node *node, enum security *out)
{
	size_t n;
	unsigned i = 0;
	const char *const *words = security_rule_words(&n);
	int r = value_word(in, node, words, n, &i);
	if (r == 0 && !security_rule_parse(out, words[i]))
		return value_fail(in, node, "a word for security");
	return r;
}
