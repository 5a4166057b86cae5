/*
 * `rules list` and `rules show`: one line per rule, and all of one rule.
 *
 * A terminal is 80 to 200 columns wide and a rule has eight things to say. The list gives way in
 * the order in which a reader misses things least: words are shortened, then feature, then need
 * are left out. A name is shortened in each of its parts (acc-edg-ext, web-edg-ext), because names
 * of one product begin and end alike. Away from a terminal nothing is shortened.
 */
#include <string.h>

#include "app/rules_view.h"

enum column { RULE, FROM, TO, PORTS, PROTOCOL, SECURITY, NEED, FEATURE, N_COLUMNS };
enum {
	GAP = 2,
	WIDE_ROLE = 18,
	MIN_ROLE = 11,
	MIN_FEATURE = 12,
	MIN_PROTOCOL = 7,
	MIN_NEED = 4,
	NARROW = 130, /* below, tcp+udp is t+u */
	SHOW_INDENT = 13,
};

static const char *const titles[N_COLUMNS] = {
	"RULE", "FROM", "TO", "PORTS", "PROTO", "TLS", "NEED", "FEATURE",
};

struct row {
	const char *cells[N_COLUMNS];
	bool is_off;
};

struct list {
	struct arena arena;
	struct row *rows;
	size_t n_rows;
	unsigned widths[N_COLUMNS]; /* 0: left out */
	bool is_whole;
};

static const char *keep(struct list *list, struct strbuf *buf)
{
	const char *text = arena_strdup(&list->arena, strbuf_text(buf));
	strbuf_clear(buf);
	return text ? text : "";
}

/* "reverse-proxy +2" in a terminal: the first role tells the reader enough to ask for more. */
static void add_short_end(struct strbuf *buf, const struct rule_end *end, bool is_short)
{
	size_t n = end->n_roles + end->n_prefixes;
	char text[PREFIX_TEXT_SIZE];
	if (!is_short || n < 2) {
		rule_add_end(buf, end);
		return;
	}
	strbuf_add(buf, end->n_roles ? end->roles[0] : prefix_format(&end->prefixes[0], text));
	strbuf_add_format(buf, " +%zu", n - 1);
}

static void fill_row(struct list *list, const struct view *view, const struct ruleset_rule *from,
                     struct row *row)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	const struct rule *rule = from->rule;
	row->is_off = !from->is_declared;
	row->cells[RULE] = rule->id;
	add_short_end(&buf, &rule->from, view->width > 0);
	row->cells[FROM] = keep(list, &buf);
	add_short_end(&buf, &rule->to, view->width > 0);
	row->cells[TO] = keep(list, &buf);
	if (rule->tcp && rule->udp && view->width && view->width < NARROW)
		strbuf_add(&buf, "t+u");
	else
		rule_add_transport(&buf, rule);
	if (rule->n_ports)
		strbuf_add(&buf, " ");
	rule_add_ports(&buf, rule->ports, rule->n_ports);
	if (rule->n_default_ports)
		strbuf_add(&buf, "*");
	row->cells[PORTS] = keep(list, &buf);
	row->cells[PROTOCOL] = family_word(rule->family);
	row->cells[SECURITY] =
	        rule->security == SECURITY_UNKNOWN ? "-" : security_rule_word(rule->security);
	row->cells[NEED] = from->allow ? "allowed" : need_word(rule->need);
	rule_add_features(&buf, rule);
	if (row->is_off)
		strbuf_add(&buf, " (off)");
	row->cells[FEATURE] = from->allow ? from->allow->why : keep(list, &buf);
}

static unsigned total_width(const struct list *list)
{
	unsigned sum = 0;
	for (unsigned c = 0; c < N_COLUMNS; c++)
		if (list->widths[c])
			sum += list->widths[c] + GAP;
	return sum - GAP;
}

static unsigned surplus(const struct list *list, unsigned width)
{
	unsigned total = total_width(list);
	return total > width ? total - width : 0;
}

/* Takes what is too much from a column, but not below min. */
static void shrink(struct list *list, enum column column, unsigned min, unsigned by)
{
	unsigned room = list->widths[column] > min ? list->widths[column] - min : 0;
	list->widths[column] -= MIN(room, by);
}

/* The wider of the two ends gives way first. */
static void shrink_ends(struct list *list, unsigned min, unsigned width)
{
	while (surplus(list, width) && (list->widths[FROM] > min || list->widths[TO] > min))
		shrink(list, list->widths[FROM] > list->widths[TO] ? FROM : TO, min, 1);
}

static void fit(struct list *list, unsigned width)
{
	if (!width || !surplus(list, width))
		return;
	list->is_whole = false;
	shrink_ends(list, WIDE_ROLE, width);
	shrink(list, PROTOCOL, MIN_PROTOCOL, surplus(list, width));
	shrink(list, NEED, MIN_NEED, surplus(list, width));
	shrink(list, FEATURE, MIN_FEATURE, surplus(list, width));
	if (surplus(list, width))
		list->widths[FEATURE] = 0;
	if (surplus(list, width))
		list->widths[NEED] = 0;
	shrink_ends(list, MIN_ROLE, width);
	if (surplus(list, width))
		list->widths[SECURITY] = 0;
	shrink_ends(list, MIN_ROLE / 2, width);
	shrink(list, RULE, MIN_ROLE, surplus(list, width));
}

/* Columns of a name whose parts are cut to max letters each. */
static size_t cut_width(const char *name, size_t len, size_t max)
{
	size_t sum = 0, part = 0;
	for (size_t i = 0; i < len; i++) {
		part = name[i] == '-' ? 0 : part + 1;
		sum += name[i] == '-' || part <= max;
	}
	return sum;
}

/* "access-edge-external" in 11 columns is "acc-edg-ext"; what stands behind a blank (" +2") stays.
 */
static void add_short_name(struct strbuf *buf, const char *name, unsigned width)
{
	size_t len = strcspn(name, " "), rest = strlen(name) - len, max = len, part = 0;
	size_t room = width > rest ? width - rest : 0;
	while (max > 1 && cut_width(name, len, max) > room)
		max--;
	if (cut_width(name, len, max) > room) {
		strbuf_add_format(buf, "%.*s…", (int)width - 1, name);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		part = name[i] == '-' ? 0 : part + 1;
		if (name[i] == '-' || part <= max)
			strbuf_add_bytes(buf, BYTES((const uint8_t *)name + i, 1));
	}
	strbuf_add(buf, name + len);
}

static void print_cell(const struct view *view, const char *text, unsigned width, bool is_last)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	unsigned len = view_width_of(text);
	if (view->width && len > width && strlen(text) == len)
		add_short_name(&buf, text, width);
	else
		strbuf_add(&buf, text);
	len = view_width_of(strbuf_text(&buf));
	fputs(strbuf_text(&buf), view->out);
	if (!is_last)
		fprintf(view->out, "%*s", (int)((len > width ? 0 : width - len) + GAP), "");
}

static void print_row(const struct view *view, const struct list *list, const struct row *row)
{
	unsigned last = FEATURE;
	while (!list->widths[last] || !row->cells[last][0])
		last--;
	for (unsigned c = 0; c <= last; c++) {
		if (!list->widths[c])
			continue;
		bool is_dim = row->is_off || c >= NEED;
		if (is_dim || c == RULE)
			view_style(view, is_dim ? VIEW_DIM : VIEW_BOLD);
		print_cell(view, row->cells[c], list->widths[c], c == last);
		if (is_dim || c == RULE)
			view_style(view, VIEW_PLAIN);
	}
	fputc('\n', view->out);
}

static void print_footer(const struct view *view, const struct ruleset *ruleset,
                         const struct list *list)
{
	bool has_changed = false, has_more = view->width && !list->is_whole;
	for (size_t i = 0; i < ruleset->n_rules; i++)
		has_changed |= ruleset->rules[i].rule->n_default_ports > 0;
	if (!has_changed && !has_more)
		return;
	view_style(view, VIEW_DIM);
	if (has_changed)
		fprintf(view->out, "\n* the site changed the ports");
	if (has_more)
		fprintf(view->out,
		        "\n%zu rules, shortened to fit; `rules show RULE` and a pipe have all",
		        ruleset->n_rules);
	view_style(view, VIEW_PLAIN);
	fputc('\n', view->out);
}

void rules_view_list(const struct view *view, const struct ruleset *ruleset)
{
	struct list list = { .is_whole = true };
	struct row header = { 0 };
	arena_init(&list.arena, 0);
	list.rows = arena_alloc(&list.arena, (ruleset->n_rules + 1) * sizeof(*list.rows));
	for (unsigned c = 0; c < N_COLUMNS; c++) {
		header.cells[c] = titles[c];
		list.widths[c] = view_width_of(titles[c]);
	}
	for (size_t i = 0; list.rows && i < ruleset->n_rules; i++) {
		struct row *row = &list.rows[list.n_rows++];
		fill_row(&list, view, &ruleset->rules[i], row);
		for (unsigned c = 0; c < N_COLUMNS; c++)
			list.widths[c] = MAX(list.widths[c], view_width_of(row->cells[c]));
	}
	fit(&list, view->width);
	print_row(view, &list, &header);
	for (size_t i = 0; i < list.n_rows; i++)
		print_row(view, &list, &list.rows[i]);
	print_footer(view, ruleset, &list);
	arena_deinit(&list.arena);
}

/* ---- show --------------------------------------------------------------------------------- */

static void label(const struct view *view, const char *text)
{
	view_style(view, VIEW_DIM);
	fprintf(view->out, "  %-*s", SHOW_INDENT - 2, text);
	view_style(view, VIEW_PLAIN);
}

/* A pack's text may hold what a terminal would obey. */
static void line(const struct view *view, const char *name, const char *text)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	if (!text || !text[0])
		return;
	strbuf_add_wire_text(&buf, bytes_from_text(text), SIZE_MAX);
	label(view, name);
	view_wrapped(view, SHOW_INDENT, strbuf_text(&buf));
}

static void show_end(const struct view *view, const char *name, const struct ruleset *ruleset,
                     const struct rule_end *end, const struct ruleset_end *set)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	rule_add_end(&buf, end);
	if (end->form == END_ROLES && end->printed == END_ANY)
		strbuf_add(&buf, " (printed: any)");
	if (end->form == END_ROLES && end->printed == END_UNSTATED)
		strbuf_add(&buf, " (printed: unstated)");
	for (unsigned zone = 0; end->form == END_ANY && zone < N_ZONES; zone++)
		if (set->zones >> zone & 1)
			strbuf_add_format(&buf, ", %s", zone_word((enum zone)zone));
	for (size_t i = 0; i < end->n_expect; i++)
		strbuf_add_format(&buf, "%s%s", i ? ", " : "; expected: ", end->expect[i]);
	line(view, name, strbuf_text(&buf));
	strbuf_clear(&buf);
	if (end->form != END_ROLES || (end->n_roles == 1 && set->is_exact))
		return;
	for (unsigned i = 0; i < ruleset->n_roles; i++)
		if (role_set_has(&set->roles, i))
			strbuf_add_format(&buf, "%s%s", buf.len ? ", " : "that is ",
			                  ruleset->roles[i].role->id);
	fprintf(view->out, "%*s", SHOW_INDENT, "");
	view_style(view, VIEW_DIM);
	view_wrapped(view, SHOW_INDENT, strbuf_text(&buf));
	view_style(view, VIEW_PLAIN);
}

static void show_ports(const struct view *view, const struct rule *rule)
{
	static const char *const owners[] = {
		[PORT_OF_RESPONDER] = "",
		[PORT_OF_TO] = ", the destination's own port, whichever end opened",
		[PORT_OF_FROM] = ", the source's own port",
		[PORT_OF_EITHER] = ", at either end",
	};
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	rule_add_transport(&buf, rule);
	strbuf_add(&buf, " ");
	rule_add_ports(&buf, rule->ports, rule->n_ports);
	strbuf_add(&buf, owners[rule->port_end]);
	if (rule->n_default_ports) {
		strbuf_add(&buf, " (set by the site; documented: ");
		rule_add_ports(&buf, rule->default_ports, rule->n_default_ports);
		strbuf_add(&buf, ")");
	}
	line(view, "ports", strbuf_text(&buf));
}

static void show_need(const struct view *view, const struct ruleset *ruleset,
                      const struct ruleset_rule *from)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	strbuf_add(&buf, need_word(from->rule->need));
	if (from->rule->n_features) {
		strbuf_add(&buf, ", feature ");
		rule_add_features(&buf, from->rule);
	}
	if (ruleset->site && from->rule->n_features)
		strbuf_add(&buf, from->is_declared ? " (in use)" : " (not in use)");
	line(view, "need", strbuf_text(&buf));
	strbuf_clear(&buf);
	if (from->has_expect) {
		rule_add_expect(&buf, &from->expect);
		line(view, "expected", strbuf_text(&buf));
	} else if (ruleset->site && !from->allow) {
		bool has_unstated = from->rule->from.printed == END_UNSTATED ||
		                    from->rule->to.printed == END_UNSTATED;
		line(view, "expected",
		     !from->is_expected_by_feature
		             ? "no"
		             : (has_unstated ? "no: an end is unstated" : "yes"));
	}
	if (from->severity != SEVERITY_UNSET)
		line(view, "severity", severity_word(from->severity));
}

static void show_relations(const struct view *view, const struct ruleset *ruleset,
                           const struct ruleset_rule *from)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	line(view, "facet of", from->rule->facet_of);
	for (size_t i = 0; i < ruleset->n_rules; i++) {
		const struct ruleset_rule *other = &ruleset->rules[i];
		if (other != from && other->group == from->group)
			strbuf_add_format(&buf, "%s%s", buf.len ? ", " : "", other->rule->id);
	}
	line(view, "siblings", strbuf_text(&buf)); /* one of them observed is enough */
}

static void show_document(const struct view *view, const struct document *document)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	strbuf_add(&buf, document->title);
	strbuf_add_format(&buf, " (%s%s%s%s%s)", document->publisher ? document->publisher : "",
	                  document->publisher ? ", " : "",
	                  document->language ? document->language : "-", document->date ? ", " : "",
	                  document->date ? document->date : "");
	line(view, "cites", strbuf_text(&buf));
	line(view, "", document->address);
}

/* Rows of one document stand under its title, which is said once. */
static void show_cite(const struct view *view, const struct ruleset_rule *from, size_t index)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	const struct cite *cite = &from->rule->cites[index];
	if (index == 0 || strcmp(cite[-1].document, cite->document) != 0)
		show_document(view, rule_document(from, cite->document));
	if (cite->row)
		strbuf_add_format(&buf, "table %u, row %u", cite->table, cite->row);
	else
		strbuf_add(&buf, cite->where);
	for (size_t i = 0; i < cite->n_cells; i++)
		strbuf_add_format(&buf, "%s%s", i ? " | " : ": ", cite->cells[i]);
	line(view, "", strbuf_text(&buf));
}

static void show_allow(const struct view *view, const struct ruleset *ruleset,
                       const struct site_allow *allow)
{
	char where[512];
	snprintf(where, sizeof(where), "%s:%d", ruleset->site->file, allow->rule.line);
	line(view, "allowed by", where);
	line(view, "owner", allow->owner);
}

void rules_view_show(const struct view *view, const struct ruleset *ruleset,
                     const struct ruleset_rule *from)
{
	const struct rule *rule = from->rule;
	_cleanup_(strbuf_deinit) struct strbuf title = STRBUF_INIT;
	view_style(view, VIEW_BOLD);
	fputs(rule->id, view->out);
	view_style(view, VIEW_PLAIN);
	strbuf_add_wire_text(&title, bytes_from_text(rule->title), SIZE_MAX);
	fputs("  ", view->out);
	view_wrapped(view, (unsigned)strlen(rule->id) + 2, strbuf_text(&title));
	show_end(view, "from", ruleset, &rule->from, &from->from);
	show_end(view, "to", ruleset, &rule->to, &from->to);
	show_ports(view, rule);
	line(view, "protocol", family_word(rule->family));
	line(view, "security", security_rule_word(rule->security));
	if (from->allow)
		show_allow(view, ruleset, from->allow);
	else
		show_need(view, ruleset, from);
	show_relations(view, ruleset, from);
	line(view, "disputed", rule->disputed);
	line(view, "note", rule->note);
	for (size_t i = 0; i < rule->n_cites; i++)
		show_cite(view, from, i);
}
