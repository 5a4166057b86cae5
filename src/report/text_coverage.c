/*
 * Coverage for a person: rules with the same status and reason share a line, worst status first;
 * and what was out of scope, the largest pairs of roles first.
 */
#include "report/priv.h"

#define MAX_PAIRS 20

/* Sorts rows by status as a reader wants them, then reason, then the table's order. */
struct sorted {
	const struct coverage_row *row;
	unsigned rank;
};

static unsigned rank_of(enum coverage_status status)
{
	static const unsigned char ranks[N_COVERAGE_STATUSES] = {
		[COVERAGE_MISSING] = 0,        [COVERAGE_ATTEMPTED] = 1,
		[COVERAGE_UNJUDGED] = 2,       [COVERAGE_OBSERVED] = 3,
		[COVERAGE_NOT_OBSERVABLE] = 4, [COVERAGE_NOT_EXPECTED] = 5,
		[COVERAGE_NOT_APPLICABLE] = 6,
	};
	return ranks[status];
}

static int compare_rows(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	int order = strcmp(x->row->reason, y->row->reason);
	if (order)
		return order;
	return x->row->rule < y->row->rule ? -1 : x->row->rule > y->row->rule;
}

static void put_status(struct lines *lines, const struct sorted *rows, size_t n)
{
	char lead[64];

	snprintf(lead, sizeof(lead), "  %s (%zu)", coverage_word(rows[0].row->status), n);
	lines_put(lines, INK_TITLE, lead, 4, "");
}

/* Rules of one status and reason. */
static void put_group(struct lines *lines, const struct report *report, const struct sorted *rows,
                      size_t n)
{
	struct strbuf text = STRBUF_INIT;

	if (rows[0].row->reason[0])
		strbuf_add_format(&text, "%s: ", rows[0].row->reason);
	for (size_t i = 0; i < n; i++) {
		const struct rule *rule = report_rule(report, rows[i].row->rule);
		strbuf_add_format(&text, "%s%s", i ? ", " : "", rule ? rule->id : "?");
		if (rows[i].row->flows)
			strbuf_add_format(&text, " (%llu)", (unsigned long long)rows[i].row->flows);
	}
	lines->is_failed |= text.is_failed;
	lines_put(lines, INK_PLAIN, "    ", 6, strbuf_text(&text));
	strbuf_deinit(&text);
}

/* How many rows from the first on are alike. */
static size_t run_length(const struct sorted *rows, size_t n, bool with_reason)
{
	size_t i = 1;

	while (i < n && rows[i].rank == rows[0].rank &&
	       (!with_reason || strcmp(rows[i].row->reason, rows[0].row->reason) == 0))
		i++;
	return i;
}

void text_coverage(struct lines *lines, const struct report *report)
{
	size_t n = report->n_coverage;
	_cleanup_(freep) struct sorted *rows = calloc(n + 1, sizeof(*rows));
	struct strbuf title = STRBUF_INIT;

	if (!n)
		return;
	if (!rows) {
		lines->is_failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		rows[i] = (struct sorted){ &report->coverage[i],
			                   rank_of(report->coverage[i].status) };
	qsort(rows, n, sizeof(*rows), compare_rows);
	strbuf_add_format(&title, "Coverage of %zu rules ", n);
	lines_blank(lines);
	lines_put(lines, INK_TITLE, strbuf_text(&title), 0, "(in brackets: flows that keep them)");
	for (size_t i = 0; i < n;) {
		size_t same = run_length(rows + i, n - i, false);
		put_status(lines, rows + i, same);
		for (size_t end = i + same; i < end;) {
			size_t group = run_length(rows + i, end - i, true);
			put_group(lines, report, rows + i, group);
			i += group;
		}
	}
	lines->is_failed |= title.is_failed;
	strbuf_deinit(&title);
}

void text_out_of_scope(struct lines *lines, const struct report *report)
{
	struct strbuf text = STRBUF_INIT;
	char size[32];

	if (!report->n_out_of_scope)
		return;
	lines_blank(lines);
	lines_put(lines, INK_TITLE, "Out of scope", 0, "");
	for (size_t i = 0; i < report->n_out_of_scope && i < MAX_PAIRS; i++) {
		const struct out_of_scope_row *row = &report->out_of_scope[i];
		strbuf_clear(&text);
		strbuf_add_format(&text, "%s -> %s: %llu flow%s, %llu packet%s, %s", row->src,
		                  row->dst, (unsigned long long)row->flows,
		                  row->flows == 1 ? "" : "s", (unsigned long long)row->packets,
		                  row->packets == 1 ? "" : "s",
		                  report_bytes_text(row->bytes, size));
		lines_put(lines, INK_PLAIN, "    ", 6, strbuf_text(&text));
	}
	if (report->n_out_of_scope > MAX_PAIRS) {
		strbuf_clear(&text);
		strbuf_add_format(&text, "and %zu more pairs", report->n_out_of_scope - MAX_PAIRS);
		lines_put(lines, INK_PLAIN, "    ", 6, strbuf_text(&text));
	}
	lines->is_failed |= text.is_failed;
	strbuf_deinit(&text);
}
