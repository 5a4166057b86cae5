/*
 * Parts of rules as text, and the little that is needed to lay text out in a terminal: its width,
 * its colours, the width of a character. Terminals are asked by ioctl; what is not a terminal gets
 * everything on one line, so that grep and cut have an easy time.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "app/app.h"
#include "app/rules_view.h"

struct view view_of(FILE *out)
{
	struct winsize size = { 0 };
	struct view view = { .out = out, .may_colour = app_may_colour(out) };
	if (isatty(fileno(out)))
		view.width = ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40
		                     ? size.ws_col
		                     : 80;
	return view;
}

void view_style(const struct view *view, enum view_style style)
{
	static const char *const codes[] = {
		[VIEW_PLAIN] = "\033[0m",
		[VIEW_BOLD] = "\033[1m",
		[VIEW_DIM] = "\033[2m",
	};
	if (view->may_colour)
		fputs(codes[style], view->out);
}

/* Length of the character at text, which is UTF-8 by the reader's promise, and its columns. */
static size_t next_character(const char *text, unsigned *columns)
{
	uint8_t lead = (uint8_t)text[0];
	size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t code = lead < 0x80 ? lead : lead & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (((uint8_t)text[i] & 0xc0) != 0x80) {
			len = i;
			break;
		}
		code = code << 6 | ((uint8_t)text[i] & 0x3f);
	}
	bool is_wide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
	               (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
	               (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
	               (code >= 0x20000 && code <= 0x3fffd);
	bool is_combining = code >= 0x300 && code <= 0x36f;
	*columns = is_combining ? 0 : is_wide ? 2 : 1;
	return len;
}

unsigned view_width_of(const char *text)
{
	unsigned sum = 0, columns;
	while (*text) {
		text += next_character(text, &columns);
		sum += columns;
	}
	return sum;
}

static void new_line(const struct view *view, unsigned indent)
{
	fprintf(view->out, "\n%*s", (int)indent, "");
}

/* One word, broken where the line ends if it is longer than a whole line (CJK has no blanks). */
static void print_word(const struct view *view, unsigned indent, const char *word, size_t len,
                       unsigned *column)
{
	unsigned columns;
	for (const char *end = word + len; word < end;) {
		size_t n = next_character(word, &columns);
		if (view->width && *column + columns > view->width) {
			new_line(view, indent);
			*column = indent;
		}
		fwrite(word, 1, n, view->out);
		*column += columns;
		word += n;
	}
}

void view_wrapped(const struct view *view, unsigned indent, const char *text)
{
	_cleanup_(strbuf_deinit) struct strbuf word = STRBUF_INIT;
	unsigned column = indent;
	for (bool is_first = true;; is_first = false) {
		size_t len = strcspn(text, " ");
		strbuf_clear(&word);
		strbuf_add_bytes(&word, BYTES((const uint8_t *)text, len));
		unsigned columns = view_width_of(strbuf_text(&word));
		if (!is_first && view->width && column + 1 + columns > view->width &&
		    indent + columns <= view->width) {
			new_line(view, indent);
			column = indent;
		} else if (!is_first) {
			fputc(' ', view->out);
			column++;
		}
		print_word(view, indent, text, len, &column);
		if (!text[len])
			break;
		text += len + 1;
	}
	fputc('\n', view->out);
}

void rule_add_end(struct strbuf *buf, const struct rule_end *end)
{
	char text[PREFIX_TEXT_SIZE];
	if (end->form == END_ANY)
		strbuf_add(buf, "any");
	if (end->form == END_UNSTATED)
		strbuf_add(buf, "unstated");
	for (size_t i = 0; i < end->n_roles; i++)
		strbuf_add_format(buf, "%s%s", i ? ", " : "", end->roles[i]);
	for (size_t i = 0; i < end->n_prefixes; i++)
		strbuf_add_format(buf, "%s%s", i || end->n_roles ? ", " : "",
		                  prefix_format(&end->prefixes[i], text));
}

void rule_add_transport(struct strbuf *buf, const struct rule *rule)
{
	char text[4];
	if (rule->other_transport)
		strbuf_add(buf, transport_word(rule->other_transport, text));
	else
		strbuf_add(buf, rule->tcp && rule->udp ? "tcp+udp" : rule->tcp ? "tcp" : "udp");
}

void rule_add_ports(struct strbuf *buf, const struct port_range *ports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ports[i].first == 0)
			strbuf_add(buf, "any");
		else if (ports[i].first == ports[i].last)
			strbuf_add_format(buf, "%s%u", i ? "," : "", ports[i].first);
		else
			strbuf_add_format(buf, "%s%u-%u", i ? "," : "", ports[i].first,
			                  ports[i].last);
	}
}

void rule_add_features(struct strbuf *buf, const struct rule *rule)
{
	for (size_t i = 0; i < rule->n_features; i++)
		strbuf_add_format(buf, "%s%s",
		                  i == 0 ? "" : (rule->features_all ? " and " : " or "),
		                  rule->features[i]);
}

void rule_add_duration(struct strbuf *buf, int64_t ns)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	int64_t seconds = ns / NS_PER_SECOND;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (seconds % units[i].seconds == 0) {
			strbuf_add_format(buf, "%lld%c", (long long)(seconds / units[i].seconds),
			                  units[i].unit);
			return;
		}
}

/* ", mon-wed,sun": days that follow each other are a range. */
static void add_days(struct strbuf *buf, uint8_t days)
{
	static const char *const names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	const char *before = ", ";
	for (unsigned day = 0; day < ARRAY_SIZE(names); day++) {
		unsigned last = day;
		if (!(days >> day & 1))
			continue;
		while (last + 1 < ARRAY_SIZE(names) && days >> (last + 1) & 1)
			last++;
		strbuf_add_format(buf, "%s%s", before, names[day]);
		if (last > day)
			strbuf_add_format(buf, "-%s", names[last]);
		before = ",";
		day = last;
	}
}

void rule_add_expect(struct strbuf *buf, const struct expect_window *expect)
{
	if (!expect->within_ns) {
		strbuf_add(buf, "once in the capture");
		return;
	}
	strbuf_add(buf, "at least every ");
	rule_add_duration(buf, expect->within_ns);
	add_days(buf, expect->days);
	if (expect->hour_to)
		strbuf_add_format(buf, ", %02u:00 to %02u:00", expect->hour_from, expect->hour_to);
	if (expect->days || expect->hour_to)
		strbuf_add_format(buf, " %s", expect->zone ? expect->zone : "UTC");
}

const char *port_end_word(enum port_end end)
{
	static const char *const words[] = {
		[PORT_OF_RESPONDER] = "responder",
		[PORT_OF_TO] = "to",
		[PORT_OF_FROM] = "from",
		[PORT_OF_EITHER] = "either",
	};
	return words[end];
}

const struct document *rule_document(const struct ruleset_rule *rule, const char *id)
{
	for (size_t i = 0; rule->pack && i < rule->pack->n_documents; i++)
		if (strcmp(rule->pack->documents[i].id, id) == 0)
			return &rule->pack->documents[i];
	return NULL;
}
