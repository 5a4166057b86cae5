/*
 * pcaudit rules: the documented table, readable, and a check for those who write packs.
 */
#include <errno.h>
#include <string.h>

#include "app/app.h"
#include "app/rules_view.h"
#include "app/run.h"

static const struct app_option options[] = {
	{ VIEW_SITE, 's', "site", "SITE", false,
	  "show the table as this site uses it: its ports, features, allow entries" },
	{ VIEW_PACK, 'p', "pack", "PACK", false,
	  "a pack's name or file; repeatable (default: the site's, else lync-server-2013)" },
	{ VIEW_FORMAT, 'f', "format", "FORMAT", false, "text (default) or json" },
	{ VIEW_HELP, 'h', "help", NULL, false, "this text" },
};

const struct command command_rules;

static int finish(FILE *out, int r)
{
	errno = 0;
	if (r == 0 && (fflush(out) || ferror(out)))
		r = errno ? -errno : -EIO;
	return r ? app_fail(APP_CANNOT, "rules", "standard output: %s", strerror(-r)) : APP_PASS;
}

static int finish_json(struct json_object *object)
{
	int r = json_print(stdout, object);
	json_object_put(object);
	return finish(stdout, r);
}

/* ---- list, show, matrix ------------------------------------------------------------------- */

static int run_list(const struct view_args *args, const struct ruleset *ruleset)
{
	if (args->is_json)
		return finish_json(rules_to_json(ruleset));
	struct view view = view_of(stdout);
	rules_view_list(&view, ruleset);
	return finish(stdout, 0);
}

static int run_matrix(const struct view_args *args, const struct ruleset *ruleset)
{
	if (args->is_json)
		return finish_json(matrix_to_json(ruleset));
	struct view view = view_of(stdout);
	rules_view_matrix(&view, ruleset);
	return finish(stdout, 0);
}

static bool is_named(const struct ruleset_rule *rule, const char *id)
{
	return strcmp(rule->rule->id, id) == 0 ||
	       (rule->rule->facet_of && strcmp(rule->rule->facet_of, id) == 0);
}

static int fail_unknown(const struct ruleset *ruleset, const char *id)
{
	_cleanup_(freep) const char **ids = calloc(2 * ruleset->n_rules + 1, sizeof(*ids));
	size_t n = 0;
	for (size_t i = 0; ids && i < ruleset->n_rules; i++) {
		ids[n++] = ruleset->rules[i].rule->id;
		if (ruleset->rules[i].rule->facet_of)
			ids[n++] = ruleset->rules[i].rule->facet_of;
	}
	const char *near = n ? err_near_miss(id, ids, n) : NULL;
	if (near)
		return app_fail(APP_USAGE, "rules", "no rule \"%s\" (did you mean \"%s\"?)", id,
		                near);
	return app_fail(APP_USAGE, "rules", "no rule \"%s\"; see `pcaudit rules list`", id);
}

/* The id of a printed row that was split shows all its facets. */
static int run_show(const struct view_args *args, const struct ruleset *ruleset)
{
	const char *id = args->operands[1];
	struct view view = view_of(stdout);
	struct json_object *array = args->is_json ? json_object_new_array() : NULL;
	size_t n = 0;
	for (size_t i = 0; i < ruleset->n_rules; i++) {
		const struct ruleset_rule *rule = &ruleset->rules[i];
		if (!is_named(rule, id))
			continue;
		if (array)
			json_object_array_add(array, rule_to_json(ruleset, rule));
		if (!array && n > 0)
			putchar('\n');
		if (!array)
			rules_view_show(&view, ruleset, rule);
		n++;
	}
	if (n == 0) {
		json_object_put(array);
		return fail_unknown(ruleset, id);
	}
	return array ? finish_json(array) : finish(stdout, 0);
}

/* ---- check -------------------------------------------------------------------------------- */

struct counts {
	size_t sets, required, conditional, optional, rows, texts, empty;
};

/* Each printed row counts once, however many rules rest on it. */
static bool is_first_cite(const struct pack *pack, size_t rule, size_t index)
{
	const struct cite *cite = &pack->rules[rule].cites[index];
	for (size_t i = 0; i <= rule; i++)
		for (size_t j = 0; j < (i == rule ? index : pack->rules[i].n_cites); j++) {
			const struct cite *other = &pack->rules[i].cites[j];
			if (other->row == cite->row && other->table == cite->table &&
			    strcmp(other->document, cite->document) == 0)
				return false;
		}
	return true;
}

static void count_cites(const struct pack *pack, const char *document, struct counts *counts)
{
	for (size_t i = 0; i < pack->n_rules; i++)
		for (size_t j = 0; j < pack->rules[i].n_cites; j++) {
			const struct cite *cite = &pack->rules[i].cites[j];
			if (document && strcmp(cite->document, document) != 0)
				continue;
			if (!cite->row)
				counts->texts++;
			else if (is_first_cite(pack, i, j))
				counts->rows++;
		}
}

static struct counts count_pack(const struct pack *pack)
{
	struct counts counts = { 0 };
	for (size_t i = 0; i < pack->n_roles; i++)
		counts.sets += pack->roles[i].is_set;
	for (size_t i = 0; i < pack->n_rules; i++) {
		counts.required += pack->rules[i].need == NEED_REQUIRED;
		counts.conditional += pack->rules[i].need == NEED_CONDITIONAL;
		counts.optional += pack->rules[i].need == NEED_OPTIONAL;
	}
	for (size_t i = 0; i < pack->n_documents; i++)
		counts.empty += pack->documents[i].n_empty;
	count_cites(pack, NULL, &counts);
	return counts;
}

static bool names(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static bool is_role_used(const struct pack *pack, const char *id)
{
	for (size_t i = 0; i < pack->n_roles; i++)
		if (names(pack->roles[i].includes, pack->roles[i].n_includes, id))
			return true;
	for (size_t i = 0; i < pack->n_rules; i++) {
		const struct rule_end *ends[] = { &pack->rules[i].from, &pack->rules[i].to };
		for (size_t e = 0; e < 2; e++)
			if (names(ends[e]->roles, ends[e]->n_roles, id) ||
			    names(ends[e]->expect, ends[e]->n_expect, id))
				return true;
	}
	return false;
}

static bool is_feature_used(const struct pack *pack, const struct feature *feature)
{
	bool is_used = feature->is_always;
	for (size_t i = 0; i < pack->n_rules && !is_used; i++)
		is_used = names(pack->rules[i].features, pack->rules[i].n_features, feature->id);
	return is_used;
}

static bool is_document_used(const struct pack *pack, const char *id)
{
	struct counts counts = { 0 };
	count_cites(pack, id, &counts);
	return counts.rows || counts.texts;
}

static void add_unused(struct strbuf *buf, const struct pack *pack)
{
	for (size_t i = 0; i < pack->n_roles; i++)
		if (!is_role_used(pack, pack->roles[i].id))
			strbuf_add_format(buf, "%srole %s", buf->len ? ", " : "",
			                  pack->roles[i].id);
	for (size_t i = 0; i < pack->n_features; i++)
		if (!is_feature_used(pack, &pack->features[i]))
			strbuf_add_format(buf, "%sfeature %s", buf->len ? ", " : "",
			                  pack->features[i].id);
	for (size_t i = 0; i < pack->n_documents; i++)
		if (!is_document_used(pack, pack->documents[i].id))
			strbuf_add_format(buf, "%sdocument %s", buf->len ? ", " : "",
			                  pack->documents[i].id);
}

static void print_documents(const struct pack *pack)
{
	int width = 0;
	for (size_t i = 0; i < pack->n_documents; i++)
		width = MAX(width, (int)strlen(pack->documents[i].id));
	for (size_t i = 0; i < pack->n_documents; i++) {
		const struct document *document = &pack->documents[i];
		struct counts counts = { 0 };
		count_cites(pack, document->id, &counts);
		printf("    %-*s  %zu rows", width, document->id, counts.rows);
		if (counts.texts)
			printf(", %zu from its text", counts.texts);
		if (document->n_empty)
			printf(", %zu empty", document->n_empty);
		putchar('\n');
	}
}

static void print_check(const struct pack *pack)
{
	_cleanup_(strbuf_deinit) struct strbuf unused = STRBUF_INIT;
	struct counts counts = count_pack(pack);
	struct view view = view_of(stdout);
	printf("%s: good\n", pack->file);
	printf("  pack       %s %s, %s\n", pack->id, pack->version, pack->product);
	printf("  rules      %zu: %zu required, %zu conditional, %zu optional\n", pack->n_rules,
	       counts.required, counts.conditional, counts.optional);
	printf("  roles      %zu, sets %zu\n", pack->n_roles - counts.sets, counts.sets);
	printf("  features   %zu\n", pack->n_features);
	printf("  documents  %zu: %zu printed rows cited, %zu listed as empty\n", pack->n_documents,
	       counts.rows, counts.empty);
	print_documents(pack);
	add_unused(&unused, pack);
	if (unused.len) {
		printf("  unused     ");
		view_wrapped(&view, 13, strbuf_text(&unused));
	}
}

static struct json_object *check_to_json(const struct pack *pack)
{
	struct counts counts = count_pack(pack);
	struct json_object *object = json_object_new_object();
	json_object_object_add(object, "file", json_object_new_string(pack->file));
	json_object_object_add(object, "pack", json_object_new_string(pack->id));
	json_object_object_add(object, "version", json_object_new_string(pack->version));
	const struct {
		const char *key;
		size_t n;
	} numbers[] = {
		{ "rules", pack->n_rules },
		{ "required", counts.required },
		{ "conditional", counts.conditional },
		{ "optional", counts.optional },
		{ "roles", pack->n_roles - counts.sets },
		{ "sets", counts.sets },
		{ "features", pack->n_features },
		{ "documents", pack->n_documents },
		{ "rows_cited", counts.rows },
		{ "texts_cited", counts.texts },
		{ "rows_empty", counts.empty },
	};
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		json_object_object_add(object, numbers[i].key,
		                       json_object_new_int64((int64_t)numbers[i].n));
	return object;
}

static int run_check(const struct view_args *args)
{
	_cleanup_(pack_freep) struct pack *pack = NULL;
	_cleanup_(ruleset_freep) struct ruleset *ruleset = NULL;
	struct err err = { "" };
	int r = app_pack_load(NULL, &pack, args->operands[1], &err);
	if (r == 0) {
		const struct pack *const one[] = { pack };
		r = ruleset_new(&ruleset, one, 1, NULL, &err);
		r = r < 0 ? APP_CANNOT : r ? APP_USAGE : 0;
	}
	if (r) {
		/* "FILE:LINE: text" alone, so that editors find the place. */
		fprintf(stderr, "%s\n", err.text[0] ? err.text : strerror(ENOMEM));
		return r;
	}
	if (args->is_json)
		return finish_json(check_to_json(pack));
	print_check(pack);
	return finish(stdout, 0);
}

/* ------------------------------------------------------------------------------------------- */

static int run_loaded(const struct view_args *args,
                      int (*run)(const struct view_args *, const struct ruleset *))
{
	struct app_table table;
	struct err err = { "" };
	int r = app_table_load(NULL, &table, args->packs, args->n_packs, args->site, &err);
	if (r == 0)
		r = run(args, table.ruleset);
	else
		app_fail(r, "rules", "%s", err.text[0] ? err.text : strerror(ENOMEM));
	app_table_deinit(&table);
	return r;
}

static int run_word(const struct view_args *args)
{
	static const char *const words[] = { "list", "show", "matrix", "check" };
	const char *word = args->n_operands ? args->operands[0] : "";
	bool has_more = args->n_operands == 2;
	if (strcmp(word, "list") == 0 && !has_more)
		return run_loaded(args, run_list);
	if (strcmp(word, "matrix") == 0 && !has_more)
		return run_loaded(args, run_matrix);
	if (strcmp(word, "show") == 0 && has_more)
		return run_loaded(args, run_show);
	if (strcmp(word, "check") == 0 && has_more)
		return run_check(args);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0)
			return app_fail(APP_USAGE, "rules",
			                has_more ? "%s takes no more words"
			                         : (word[0] == 's' ? "%s needs a rule's id"
			                                           : "%s needs a file"),
			                word);
	const char *near = err_near_miss(word, words, ARRAY_SIZE(words));
	if (near)
		return app_fail(APP_USAGE, "rules", "no \"%s\" (did you mean \"%s\"?)", word, near);
	return app_fail(APP_USAGE, "rules", "expected list, show ID, matrix or check FILE");
}

static int cmd_rules(int argc, char **argv)
{
	struct view_args args = { 0 };
	int r = view_args_parse(&args, &command_rules, options, ARRAY_SIZE(options), argc, argv);
	if (r)
		return r < 0 ? APP_PASS : r;
	return run_word(&args);
}

const struct command command_rules = {
	.name = "rules",
	.help = "show the documented flow table, or check a pack",
	.usage = "[-s SITE] [-p PACK]... [-f FORMAT] list | show ID | matrix | check FILE",
	.run = cmd_rules,
};
