/*
 * The first pack against the documents, case by case: tests/audit/rules.tsv says who opens what to
 * whom and what is to be said of it, in literals written from the documents; the pack is read, the
 * cases are judged, and every difference is printed. The second pack has its own cases,
 * companions.tsv, with both packs loaded.
 *
 * PCAUDIT_TEST_PACK names another file to read in place of the first pack: tools/mutants puts
 * damaged packs there and counts which of them this test tells from the true one.
 */
#include "audit_hand.h"

#define MAX_HOSTS 64

struct table {
	const char *path;
	struct {
		char name[24], address[48];
	} hosts[MAX_HOSTS];
	size_t n_hosts, n_cases, n_wrong;
	bool *is_kept, *is_broken; /* per rule */
	struct bench bench;
};

static const char *address_of(const struct table *table, const char *name, unsigned line)
{
	for (size_t i = 0; i < table->n_hosts; i++)
		if (strcmp(table->hosts[i].name, name) == 0)
			return table->hosts[i].address;
	cr_assert_fail("%s:%u: no host %s", table->path, line, name);
	return "";
}

static void note_seen(struct table *table, const struct assessment *a)
{
	for (unsigned i = 0; i < a->n_kept; i++)
		table->is_kept[a->kept[i]] = true;
	if (a->verdict == VERDICT_VIOLATION && a->rule >= 0)
		table->is_broken[a->rule] = true;
}

/* One case: every host of one list to every host of the other. */
static void judge_row(struct table *table, unsigned line, char *from, const char *sport, char *to,
                      const char *dport, const char *words, const char *expected)
{
	char *save_from = NULL;

	for (char *src = strtok_r(from, ",", &save_from); src;
	     src = strtok_r(NULL, ",", &save_from)) {
		char list[400], *save_to = NULL;
		snprintf(list, sizeof(list), "%s", to);
		for (char *dst = strtok_r(list, ",", &save_to); dst;
		     dst = strtok_r(NULL, ",", &save_to)) {
			char text[256], got[160];
			snprintf(text, sizeof(text), "%s:%s > %s:%s %s",
			         address_of(table, src, line), sport, address_of(table, dst, line),
			         dport, words);
			struct assessment a = bench_judge(&table->bench, text);
			bench_verdict_text(&table->bench, &a, got);
			note_seen(table, &a);
			table->n_cases++;
			if (strcmp(got, expected) == 0)
				continue;
			table->n_wrong++;
			cr_log_error("%s:%u: %s to %s: %s, not %s", table->path, line, src, dst,
			             got, expected);
		}
	}
}

static void read_row(struct table *table, unsigned line, char *text)
{
	char from[400], sport[8], to[400], dport[8], name[24], address[48];
	int used = 0;

	if (text[0] == '#' || text[0] == '\0')
		return;
	if (sscanf(text, "host %23s %47s", name, address) == 2) {
		cr_assert_lt(table->n_hosts, MAX_HOSTS);
		strcpy(table->hosts[table->n_hosts].name, name);
		strcpy(table->hosts[table->n_hosts++].address, address);
		return;
	}
	char *bar = strstr(text, " | ");
	cr_assert_not_null(bar, "%s:%u: no verdict", table->path, line);
	*bar = '\0';
	cr_assert_eq(sscanf(text, "%399s %7s %399s %7s %n", from, sport, to, dport, &used), 4,
	             "%s:%u", table->path, line);
	judge_row(table, line, from, sport, to, dport, text + used, bar + 3);
}

static void run_table(struct table *table, const char *path, const char *first, const char *second,
                      const char *site)
{
	char *text = hand_read(path), *site_text = hand_read(site), *rest = text;

	*table = (struct table){ .path = path };
	bench_open(&table->bench, first, second, site_text);
	table->is_kept = calloc(table->bench.ruleset->n_rules, 1);
	table->is_broken = calloc(table->bench.ruleset->n_rules, 1);
	for (unsigned line = 1; rest; line++) {
		char *row = strsep(&rest, "\n");
		read_row(table, line, row);
	}
	free(text);
	free(site_text);
}

static void close_table(struct table *table)
{
	bench_close(&table->bench);
	free(table->is_kept);
	free(table->is_broken);
}

static const char *first_pack(void)
{
	const char *path = getenv("PCAUDIT_TEST_PACK");
	return path && *path ? path : PACK_FIRST;
}

/* client-media has the same ends and range and stands first in the document, so it is the one
 * named. */
static bool is_never_named(const char *rule)
{
	return strcmp(rule, "client-file-transfer") == 0 || strcmp(rule, "client-app-sharing") == 0;
}

Test(rules, first_pack_keeps_the_documents)
{
	struct table table;

	run_table(&table, "tests/audit/rules.tsv", first_pack(), NULL,
	          "tests/audit/everything.yaml");
	cr_assert_eq(table.n_wrong, 0, "%zu of %zu cases differ", table.n_wrong, table.n_cases);
	cr_assert_gt(table.n_cases, 4000);
	for (size_t i = 0; i < table.bench.ruleset->n_rules; i++) {
		cr_expect(table.is_kept[i], "%s is never kept",
		          bench_rule_id(&table.bench, (int)i));
		if (!is_never_named(bench_rule_id(&table.bench, (int)i)))
			cr_expect(table.is_broken[i], "%s is never broken",
			          bench_rule_id(&table.bench, (int)i));
	}
	close_table(&table);
}

Test(rules, companions_are_kept)
{
	struct table table;

	run_table(&table, "tests/audit/companions.tsv", PACK_FIRST, PACK_SECOND,
	          "tests/audit/companions.yaml");
	cr_assert_eq(table.n_wrong, 0, "%zu of %zu cases differ", table.n_wrong, table.n_cases);
	for (size_t i = 0; i < table.bench.ruleset->n_rules; i++)
		if (table.bench.ruleset->rules[i].pack == table.bench.packs[1])
			cr_expect(table.is_kept[i], "%s is never kept",
			          bench_rule_id(&table.bench, (int)i));
	close_table(&table);
}
