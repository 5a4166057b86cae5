/*
 * `rules matrix`: who may open what to whom, one block per pair of zones, since that is how
 * firewalls see the table. A block that fits the terminal is a grid, sources down and destinations
 * across; a wider one is split per destination, one line per source. Names are as the rules have
 * them: a set is one line and not its twelve roles. Entries of the site with addresses at an end
 * stand last, because an address alone has no zone.
 */
#include <stdlib.h>
#include <string.h>

#include "app/rules_view.h"

enum { MAX_ENTRIES = 100000, GAP = 2, PLAIN_WIDTH = 100, MAX_CELL_LINES = 12, LIST_INDENT = 4 };

struct entry {
	const char *from, *to;
	unsigned from_order, to_order;
	const char *text;
	unsigned port;
};

struct matrix {
	const struct view *view;
	const struct ruleset *ruleset;
	unsigned width;
	struct arena arena;
	struct entry *entries;
	size_t n, size;
	bool has_off;
};

static const char *port_text(struct matrix *m, const struct ruleset_rule *from)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	const struct rule *rule = from->rule;
	if (!from->is_declared)
		strbuf_add(&buf, "(");
	if (rule->n_ports)
		rule_add_ports(&buf, rule->ports, rule->n_ports);
	else
		rule_add_transport(&buf, rule);
	if (rule->udp)
		strbuf_add(&buf, rule->tcp ? "/tu" : "/u");
	if (!from->is_declared)
		strbuf_add(&buf, ")");
	m->has_off |= !from->is_declared;
	const char *text = arena_strdup(&m->arena, strbuf_text(&buf));
	return text ? text : "";
}

/* The zones of one name of an end; of a set, those of the whole end. */
static uint8_t zones_of_name(const struct ruleset *ruleset, const struct ruleset_end *end,
                             const char *name, unsigned *order)
{
	int role = ruleset_find_role(ruleset, name);
	*order = role >= 0 ? (unsigned)role : RULESET_MAX_ROLES;
	return role >= 0 ? (uint8_t)(1 << ruleset->roles[role].role->zone) : end->zones;
}

static void add_entry(struct matrix *m, const struct entry *entry)
{
	if (m->n == m->size) {
		size_t size = m->size ? m->size * 2 : 256;
		struct entry *grown =
		        size > MAX_ENTRIES ? NULL : reallocarray(m->entries, size, sizeof(*grown));
		if (!grown)
			return;
		m->entries = grown;
		m->size = size;
	}
	m->entries[m->n++] = *entry;
}

struct name {
	const char *text;
	unsigned order;
};

/* The names of an end that lie in the zone; any and unstated are names too. */
static size_t names_in_zone(const struct matrix *m, const struct rule_end *end,
                            const struct ruleset_end *set, unsigned zone, struct name *names)
{
	size_t n = 0;
	for (size_t i = 0; i < end->n_roles; i++) {
		struct name name = { .text = end->roles[i] };
		if (zones_of_name(m->ruleset, set, name.text, &name.order) >> zone & 1)
			names[n++] = name;
	}
	if (end->form == END_ANY && set->zones >> zone & 1)
		names[n++] = (struct name){ "any", RULESET_MAX_ROLES + 1 };
	if (end->form == END_UNSTATED && set->zones >> zone & 1)
		names[n++] = (struct name){ "unstated", RULESET_MAX_ROLES + 2 };
	return n;
}

static bool has_no_zone(const struct ruleset_rule *rule)
{
	return rule->rule->from.n_prefixes || rule->rule->to.n_prefixes || !rule->from.zones ||
	       !rule->to.zones;
}

static void collect_rule(struct matrix *m, const struct ruleset_rule *rule, unsigned zone_from,
                         unsigned zone_to)
{
	struct name froms[RULESET_MAX_ROLES + 2], tos[RULESET_MAX_ROLES + 2];
	size_t n_from = names_in_zone(m, &rule->rule->from, &rule->from, zone_from, froms);
	size_t n_to = names_in_zone(m, &rule->rule->to, &rule->to, zone_to, tos);
	if (!n_from || !n_to)
		return;
	const char *text = port_text(m, rule);
	for (size_t i = 0; i < n_from; i++)
		for (size_t j = 0; j < n_to; j++)
			add_entry(m,
			          &(struct entry){
			                  .from = froms[i].text,
			                  .from_order = froms[i].order,
			                  .to = tos[j].text,
			                  .to_order = tos[j].order,
			                  .text = text,
			                  .port = rule->rule->n_ports ? rule->rule->ports[0].first
			                                              : 0,
			          });
}

static int compare_froms(const struct entry *a, const struct entry *b)
{
	if (a->from_order != b->from_order)
		return a->from_order < b->from_order ? -1 : 1;
	return strcmp(a->from, b->from);
}

static int compare_tos(const struct entry *a, const struct entry *b)
{
	if (a->to_order != b->to_order)
		return a->to_order < b->to_order ? -1 : 1;
	return strcmp(a->to, b->to);
}

static int compare_entries(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int order = compare_tos(a, b);
	if (order == 0)
		order = compare_froms(a, b);
	if (order == 0 && a->port != b->port)
		order = a->port < b->port ? -1 : 1;
	return order ? order : strcmp(a->text, b->text);
}

static int compare_rows(const void *x, const void *y)
{
	return compare_froms(x, y);
}

static void collect(struct matrix *m, unsigned zone_from, unsigned zone_to)
{
	size_t kept = 0;
	m->n = 0;
	for (size_t i = 0; i < m->ruleset->n_rules; i++)
		if (!has_no_zone(&m->ruleset->rules[i]))
			collect_rule(m, &m->ruleset->rules[i], zone_from, zone_to);
	if (m->n)
		qsort(m->entries, m->n, sizeof(*m->entries), compare_entries);
	for (size_t i = 0; i < m->n; i++)
		if (i == 0 || compare_entries(&m->entries[kept - 1], &m->entries[i]) != 0)
			m->entries[kept++] = m->entries[i];
	m->n = kept;
}

/* ---- the grid ----------------------------------------------------------------------------- */

/* A column is wide enough for its cells and for the longest part of its name between hyphens. */
struct column {
	const char *name;
	size_t first, n; /* its entries */
	unsigned width;
};

struct grid {
	struct column *columns;
	size_t n_columns;
	struct entry *rows; /* one entry per source */
	size_t n_rows;
	unsigned name_width;
};

static unsigned longest_part(const char *name)
{
	unsigned longest = 0;
	for (const char *at = name; *at;) {
		size_t n = strcspn(at, "-");
		n += at[n] == '-';
		longest = MAX(longest, (unsigned)n);
		at += n;
	}
	return longest;
}

static size_t count_in_cell(const struct matrix *m, const struct column *column,
                            const struct entry *row, size_t *first)
{
	size_t n = 0;
	for (size_t i = column->first; i < column->first + column->n; i++)
		if (compare_froms(&m->entries[i], row) == 0 && n++ == 0)
			*first = i;
	return n;
}

static bool make_grid(struct matrix *m, struct grid *grid)
{
	grid->columns = arena_alloc(&m->arena, m->n * sizeof(*grid->columns));
	grid->rows = arena_alloc(&m->arena, m->n * sizeof(*grid->rows));
	if (!grid->columns || !grid->rows)
		return false;
	for (size_t i = 0; i < m->n; i++) {
		const struct entry *entry = &m->entries[i];
		if (i == 0 || compare_tos(&m->entries[i - 1], entry) != 0)
			grid->columns[grid->n_columns++] = (struct column){
				.name = entry->to, .first = i, .width = longest_part(entry->to)
			};
		struct column *column = &grid->columns[grid->n_columns - 1];
		column->n++;
		column->width = MAX(column->width, view_width_of(entry->text));
		grid->rows[i] = *entry;
	}
	qsort(grid->rows, m->n, sizeof(*grid->rows), compare_rows);
	for (size_t i = 0; i < m->n; i++)
		if (i == 0 || compare_froms(&grid->rows[grid->n_rows - 1], &grid->rows[i]) != 0)
			grid->rows[grid->n_rows++] = grid->rows[i];
	for (size_t i = 0; i < grid->n_rows; i++)
		grid->name_width = MAX(grid->name_width, view_width_of(grid->rows[i].from));
	return true;
}

static bool grid_fits(const struct matrix *m, const struct grid *grid)
{
	unsigned width = GAP + grid->name_width;
	size_t ignored;
	for (size_t c = 0; c < grid->n_columns; c++) {
		width += GAP + grid->columns[c].width;
		for (size_t r = 0; r < grid->n_rows; r++)
			if (count_in_cell(m, &grid->columns[c], &grid->rows[r], &ignored) >
			    MAX_CELL_LINES)
				return false;
	}
	return width <= m->width;
}

/* The part of a name that its line of the heading holds; names are broken behind hyphens. */
static const char *heading_line(const struct column *column, unsigned line, int *len)
{
	const char *at = column->name;
	for (unsigned i = 0;; i++) {
		size_t n = 0;
		while (at[n]) {
			size_t part = strcspn(at + n, "-");
			part += at[n + part] == '-';
			if (n && n + part > column->width)
				break;
			n += part;
		}
		if (i == line) {
			*len = (int)n;
			return at;
		}
		at += n;
	}
}

static void print_heading(const struct matrix *m, const struct grid *grid)
{
	FILE *out = m->view->out;
	bool has_more = true;
	for (unsigned line = 0; has_more; line++) {
		has_more = false;
		view_style(m->view, VIEW_BOLD);
		fprintf(out, "%*s", (int)(GAP + grid->name_width), "");
		for (size_t c = 0; c < grid->n_columns; c++) {
			const struct column *column = &grid->columns[c];
			int len = 0;
			const char *text = heading_line(column, line, &len);
			bool is_last = c + 1 == grid->n_columns;
			fprintf(out, "  %.*s%*s", len, text, is_last ? 0 : (int)column->width - len,
			        "");
			has_more |= text[len] != '\0';
		}
		view_style(m->view, VIEW_PLAIN);
		fputc('\n', out);
	}
}

static void print_grid_row(const struct matrix *m, const struct grid *grid, const struct entry *row)
{
	FILE *out = m->view->out;
	size_t height = 1;
	for (size_t line = 0; line < height; line++) {
		fprintf(out, "  %-*s", (int)grid->name_width, line == 0 ? row->from : "");
		unsigned pending = 0;
		for (size_t c = 0; c < grid->n_columns; c++) {
			size_t first = 0;
			size_t n = count_in_cell(m, &grid->columns[c], row, &first);
			const char *text = line < n ? m->entries[first + line].text
			                            : (n == 0 && line == 0 ? "·" : "");
			height = MAX(height, n);
			pending += GAP;
			if (text[0]) {
				fprintf(out, "%*s%s", (int)pending, "", text);
				pending = grid->columns[c].width - view_width_of(text);
			} else {
				pending += grid->columns[c].width;
			}
		}
		fputc('\n', out);
	}
}

/* ---- per destination ---------------------------------------------------------------------- */

static void print_by_destination(const struct matrix *m, unsigned name_width)
{
	const struct view view = {
		.out = m->view->out,
		.width = m->view->width,
		.may_colour = m->view->may_colour,
	};
	for (size_t i = 0; i < m->n;) {
		const struct entry *entry = &m->entries[i];
		_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
		if (i == 0 || compare_tos(&m->entries[i - 1], entry) != 0) {
			view_style(&view, VIEW_BOLD);
			fprintf(view.out, "  %s\n", entry->to);
			view_style(&view, VIEW_PLAIN);
		}
		for (; i < m->n && compare_tos(entry, &m->entries[i]) == 0 &&
		       compare_froms(entry, &m->entries[i]) == 0;
		     i++)
			strbuf_add_format(&buf, "%s%s", buf.len ? " " : "", m->entries[i].text);
		fprintf(view.out, "%*s%-*s  ", LIST_INDENT, "", (int)name_width, entry->from);
		view_wrapped(&view, LIST_INDENT + name_width + 2, strbuf_text(&buf));
	}
}

static void print_block(struct matrix *m, unsigned zone_from, unsigned zone_to)
{
	struct grid grid = { 0 };
	collect(m, zone_from, zone_to);
	if (m->n == 0 || !make_grid(m, &grid))
		return;
	view_style(m->view, VIEW_BOLD);
	fprintf(m->view->out, "\n%s → %s\n", zone_word((enum zone)zone_from),
	        zone_word((enum zone)zone_to));
	view_style(m->view, VIEW_PLAIN);
	if (!grid_fits(m, &grid)) {
		print_by_destination(m, grid.name_width);
		return;
	}
	print_heading(m, &grid);
	for (size_t r = 0; r < grid.n_rows; r++)
		print_grid_row(m, &grid, &grid.rows[r]);
}

static void print_addresses(struct matrix *m)
{
	bool is_first = true;
	for (size_t i = 0; i < m->ruleset->n_rules; i++) {
		const struct ruleset_rule *rule = &m->ruleset->rules[i];
		_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
		if (!has_no_zone(rule))
			continue;
		if (is_first) {
			view_style(m->view, VIEW_BOLD);
			fprintf(m->view->out, "\nallowed by the site\n");
			view_style(m->view, VIEW_PLAIN);
		}
		is_first = false;
		rule_add_end(&buf, &rule->rule->from);
		strbuf_add(&buf, " → ");
		rule_add_end(&buf, &rule->rule->to);
		strbuf_add_format(&buf, "  %s", port_text(m, rule));
		fprintf(m->view->out, "  ");
		view_wrapped(m->view, LIST_INDENT, strbuf_text(&buf));
	}
}

void rules_view_matrix(const struct view *view, const struct ruleset *ruleset)
{
	struct matrix m = {
		.view = view,
		.ruleset = ruleset,
		.width = view->width ? view->width : PLAIN_WIDTH,
	};
	arena_init(&m.arena, 0);
	fprintf(view->out,
	        "Ports that a source (left) may open to a destination; tcp unless marked "
	        "/u udp\nor /tu both. Several rules may stand behind one port.\n");
	for (unsigned from = 0; from < N_ZONES; from++)
		for (unsigned to = 0; to < N_ZONES; to++)
			print_block(&m, from, to);
	print_addresses(&m);
	if (m.has_off)
		fprintf(view->out, "\n(5061): of a feature that the site does not use\n");
	free(m.entries);
	arena_deinit(&m.arena);
}
