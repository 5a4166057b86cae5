/*
 * pcaudit site: what a site file says, and what it leaves out. A file can be right in every line
 * and still never make a rule judgeable: a feature in use whose partner has no address, a server
 * role that nobody plays. These are no errors; they are said here, before the audit is silent
 * about them.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "app/app.h"
#include "app/rules_view.h"
#include "app/run.h"

enum { INDENT = 13 };

static const struct app_option options[] = {
	{ VIEW_PACK, 'p', "pack", "PACK", false,
	  "a pack's name or file; repeatable (default: the site's, else lync-server-2013)" },
	{ VIEW_FORMAT, 'f', "format", "FORMAT", false, "text (default) or json" },
	{ VIEW_HELP, 'h', "help", NULL, false, "this text" },
};

const struct command command_site;

/* ---- what can never be judged ------------------------------------------------------------- */

static bool is_played(const struct ruleset_role *role)
{
	return role->is_given || role->plays_default;
}

/* The first role of an end that should be expected and that no address plays; NULL if one does. */
static const char *unplayed(const struct ruleset *ruleset, const struct ruleset_end *end)
{
	const char *name = NULL;
	for (unsigned i = 0; i < ruleset->n_roles; i++) {
		if (!role_set_has(&end->expect, i))
			continue;
		if (is_played(&ruleset->roles[i]))
			return NULL;
		if (!name)
			name = ruleset->roles[i].role->id;
	}
	return name;
}

static bool is_expected(const struct ruleset_rule *rule)
{
	bool has_ends =
	        !role_set_is_empty(&rule->from.expect) && !role_set_is_empty(&rule->to.expect) &&
	        rule->rule->from.printed != END_UNSTATED && rule->rule->to.printed != END_UNSTATED;
	return rule->has_expect || (rule->is_expected_by_feature && has_ends);
}

/* The role that nobody plays and without which the rule cannot be seen, or NULL. */
static const char *what_is_missing(const struct ruleset *ruleset, const struct ruleset_rule *rule)
{
	const char *role = unplayed(ruleset, &rule->from);
	return role ? role : unplayed(ruleset, &rule->to);
}

/* One rule of a group seen is enough. */
static bool is_group_visible(const struct ruleset *ruleset, unsigned group)
{
	for (size_t i = 0; i < ruleset->n_rules; i++)
		if (ruleset->rules[i].group == group && is_expected(&ruleset->rules[i]) &&
		    !what_is_missing(ruleset, &ruleset->rules[i]))
			return true;
	return false;
}

/* A hint per rule that is expected and has an end without an address. */
static void hint_rules(struct strbuf *hints, const struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->n_rules; i++) {
		const struct ruleset_rule *rule = &ruleset->rules[i];
		const char *role = is_expected(rule) ? what_is_missing(ruleset, rule) : NULL;
		if (role && !is_group_visible(ruleset, rule->group))
			strbuf_add_format(hints,
			                  "%s is expected and cannot be seen: no address "
			                  "plays %s\n",
			                  rule->rule->id, role);
	}
}

static bool is_own(const struct site *site, const struct prefix *prefix)
{
	for (size_t i = 0; i < site->n_networks; i++)
		if (prefix_covers(&site->networks[i], prefix))
			return true;
	return false;
}

static void hint_addresses(struct strbuf *hints, const struct ruleset *ruleset)
{
	const struct site *site = ruleset->site;
	char text[PREFIX_TEXT_SIZE];
	if (!site->n_networks)
		strbuf_add(hints, "without networks: every address without a role is outside\n");
	for (size_t i = 0; i < site->n_addresses && site->n_networks; i++) {
		const struct site_address *address = &site->addresses[i];
		int role = ruleset_find_role(ruleset, address->role);
		enum zone zone = ruleset->roles[role].role->zone;
		bool is_inside = is_own(site, &address->prefix);
		if ((zone == ZONE_INSIDE && !is_inside) || (zone == ZONE_OUTSIDE && is_inside))
			strbuf_add_format(hints,
			                  "line %d: %s plays %s, a role of the %s, and is %s "
			                  "networks\n",
			                  address->line, prefix_format(&address->prefix, text),
			                  address->role, zone_word(zone),
			                  is_inside ? "in" : "not in");
	}
}

static void hint_options(struct strbuf *hints, const struct ruleset *ruleset)
{
	for (size_t p = 0; p < ruleset->n_packs; p++)
		for (size_t i = 0; i < ruleset->packs[p]->n_features; i++) {
			const struct feature *feature = &ruleset->packs[p]->features[i];
			bool is_set = !feature->option;
			for (size_t o = 0; o < ruleset->site->n_options && !is_set; o++)
				is_set = strcmp(ruleset->site->options[o].name, feature->option) ==
				         0;
			char line[160];
			snprintf(line, sizeof(line),
			         "options: %s is left open; nothing that depends on it is "
			         "expected\n",
			         feature->option ? feature->option : "");
			if (!is_set && !strstr(strbuf_text(hints), line))
				strbuf_add(hints, line);
		}
}

/* ---- text --------------------------------------------------------------------------------- */

static void label(const struct view *view, const char *text)
{
	view_style(view, VIEW_DIM);
	printf("  %-*s", INDENT - 2, text);
	view_style(view, VIEW_PLAIN);
}

static void line(const struct view *view, const char *name, const struct strbuf *text)
{
	if (!text->len)
		return;
	label(view, name);
	view_wrapped(view, INDENT, strbuf_text(text));
}

static void add_item(struct strbuf *buf, const char *text)
{
	if (buf->len)
		strbuf_add(buf, ", ");
	strbuf_add_wire_text(buf, bytes_from_text(text), 200);
}

static void print_roles(const struct view *view, const struct ruleset *ruleset)
{
	_cleanup_(strbuf_deinit) struct strbuf given = STRBUF_INIT;
	_cleanup_(strbuf_deinit) struct strbuf defaults = STRBUF_INIT;
	_cleanup_(strbuf_deinit) struct strbuf none = STRBUF_INIT;
	const struct site *site = ruleset->site;
	char text[200];
	for (size_t i = 0; i < ruleset->n_roles; i++) {
		const struct ruleset_role *role = &ruleset->roles[i];
		size_t n = 0;
		for (size_t a = 0; a < site->n_addresses; a++)
			n += strcmp(site->addresses[a].role, role->role->id) == 0;
		snprintf(text, sizeof(text), n > 1 ? "%s (%zu)" : "%s", role->role->id, n);
		if (n)
			add_item(&given, text);
		if (role->plays_default)
			add_item(&defaults, role->role->id);
		if (!n && !role->plays_default)
			add_item(&none, role->role->id);
	}
	line(view, "roles", &given);
	line(view, "by default", &defaults);
	line(view, "not played", &none);
}

static void print_features(const struct view *view, const struct ruleset *ruleset)
{
	_cleanup_(strbuf_deinit) struct strbuf used = STRBUF_INIT;
	_cleanup_(strbuf_deinit) struct strbuf off = STRBUF_INIT;
	const struct site *site = ruleset->site;
	char text[200];
	for (size_t i = 0; i < site->n_features; i++)
		add_item(&used, site->features[i]);
	for (size_t i = 0; i < site->n_options; i++) {
		snprintf(text, sizeof(text), "%s: %s", site->options[i].name,
		         site->options[i].value);
		add_item(&used, text);
	}
	for (size_t p = 0; p < ruleset->n_packs; p++)
		for (size_t i = 0; i < ruleset->packs[p]->n_features; i++) {
			const struct feature *feature = &ruleset->packs[p]->features[i];
			bool is_used = feature->is_always || feature->option;
			for (size_t f = 0; f < site->n_features && !is_used; f++)
				is_used = strcmp(site->features[f], feature->id) == 0;
			if (!is_used)
				add_item(&off, feature->id);
		}
	line(view, "in use", &used);
	line(view, "not in use", &off);
}

static const char *date_text(int64_t until_ns, char buffer[32])
{
	time_t seconds = (time_t)(until_ns / NS_PER_SECOND);
	struct tm tm;
	if (until_ns == INT64_MAX)
		return "for ever";
	gmtime_r(&seconds, &tm);
	strftime(buffer, 32, "until %Y-%m-%d", &tm);
	return buffer;
}

static void print_entries(const struct view *view, const struct ruleset *ruleset)
{
	const struct site *site = ruleset->site;
	char text[32];
	for (size_t i = 0; i < site->n_allows; i++) {
		_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
		const struct site_allow *allow = &site->allows[i];
		add_item(&buf, allow->rule.id);
		add_item(&buf, allow->why);
		add_item(&buf, date_text(allow->until_ns, text));
		line(view, i ? "" : "allow", &buf);
	}
	for (size_t i = 0; i < site->n_accepts; i++) {
		_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
		const struct site_accept *accept = &site->accepts[i];
		add_item(&buf, accept->rule ? accept->rule : "any rule");
		add_item(&buf, accept->kind ? accept->kind : "any kind");
		add_item(&buf, accept->why);
		add_item(&buf, date_text(accept->until_ns, text));
		line(view, i ? "" : "accept", &buf);
	}
}

struct totals {
	size_t expected, off;
};

static struct totals count_rules(const struct ruleset *ruleset)
{
	struct totals totals = { 0 };
	for (size_t i = 0; i < ruleset->n_rules; i++) {
		totals.expected += is_expected(&ruleset->rules[i]);
		totals.off += !ruleset->rules[i].is_declared;
	}
	return totals;
}

static void add_hints(struct strbuf *hints, const struct ruleset *ruleset)
{
	hint_addresses(hints, ruleset);
	hint_options(hints, ruleset);
	hint_rules(hints, ruleset);
}

static void print_hints(const struct view *view, const struct ruleset *ruleset)
{
	_cleanup_(strbuf_deinit) struct strbuf hints = STRBUF_INIT;
	add_hints(&hints, ruleset);
	if (!hints.len)
		return;
	printf("\nWorth a look (no errors):\n");
	for (const char *at = strbuf_text(&hints); *at;) {
		_cleanup_(strbuf_deinit) struct strbuf one = STRBUF_INIT;
		size_t len = strcspn(at, "\n");
		strbuf_add_bytes(&one, BYTES((const uint8_t *)at, len));
		printf("  - ");
		view_wrapped(view, 4, strbuf_text(&one));
		at += len + 1;
	}
}

static void print_site(const struct ruleset *ruleset)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	struct view view = view_of(stdout);
	struct totals totals = count_rules(ruleset);
	const struct site *site = ruleset->site;
	printf("%s: good\n", site->file);
	add_item(&buf, site->name);
	line(&view, "site", &buf);
	strbuf_clear(&buf);
	for (size_t p = 0; p < ruleset->n_packs; p++)
		strbuf_add_format(&buf, "%s%s %s", p ? ", " : "", ruleset->packs[p]->id,
		                  ruleset->packs[p]->version);
	line(&view, "packs", &buf);
	strbuf_clear(&buf);
	strbuf_add_format(&buf, "%zu: %zu expected, %zu of features not in use", ruleset->n_rules,
	                  totals.expected, totals.off);
	line(&view, "rules", &buf);
	print_features(&view, ruleset);
	print_roles(&view, ruleset);
	print_entries(&view, ruleset);
	print_hints(&view, ruleset);
}

/* ---- JSON --------------------------------------------------------------------------------- */

static struct json_object *site_to_json(const struct ruleset *ruleset)
{
	_cleanup_(strbuf_deinit) struct strbuf hints = STRBUF_INIT;
	struct totals totals = count_rules(ruleset);
	struct json_object *object = json_object_new_object();
	struct json_object *roles = json_object_new_object();
	struct json_object *list = json_object_new_array();
	json_object_object_add(object, "file", json_object_new_string(ruleset->site->file));
	json_object_object_add(object, "site", json_object_new_string(ruleset->site->name));
	json_object_object_add(object, "rules", json_object_new_int64((int64_t)ruleset->n_rules));
	json_object_object_add(object, "expected", json_object_new_int64((int64_t)totals.expected));
	json_object_object_add(object, "not_in_use", json_object_new_int64((int64_t)totals.off));
	for (size_t i = 0; i < ruleset->n_roles; i++) {
		const struct ruleset_role *role = &ruleset->roles[i];
		const char *state =
		        role->is_given ? "given" : (role->plays_default ? "default" : "none");
		json_object_object_add(roles, role->role->id, json_object_new_string(state));
	}
	json_object_object_add(object, "roles", roles);
	add_hints(&hints, ruleset);
	for (const char *at = strbuf_text(&hints); *at;) {
		int len = (int)strcspn(at, "\n");
		json_object_array_add(list, json_object_new_string_len(at, len));
		at += len + 1;
	}
	json_object_object_add(object, "hints", list);
	return object;
}

static int run_check(const struct view_args *args)
{
	struct app_table table;
	struct err err = { "" };
	int r = app_table_load(NULL, &table, args->packs, args->n_packs, args->operands[1], &err);
	if (r) {
		/* "FILE:LINE: text" alone, so that editors find the place. */
		fprintf(stderr, "%s\n", err.text[0] ? err.text : strerror(ENOMEM));
	} else if (args->is_json) {
		struct json_object *object = site_to_json(table.ruleset);
		r = json_print(stdout, object) ? APP_CANNOT : APP_PASS;
		json_object_put(object);
	} else {
		print_site(table.ruleset);
		r = fflush(stdout) || ferror(stdout) ? APP_CANNOT : APP_PASS;
	}
	if (r == APP_CANNOT)
		app_fail(r, "site", "could not finish: %s", strerror(errno ? errno : ENOMEM));
	app_table_deinit(&table);
	return r;
}

static int cmd_site(int argc, char **argv)
{
	struct view_args args = { 0 };
	int r = view_args_parse(&args, &command_site, options, ARRAY_SIZE(options), argc, argv);
	if (r)
		return r < 0 ? APP_PASS : r;
	if (args.n_operands == 2 && strcmp(args.operands[0], "check") == 0)
		return run_check(&args);
	return app_fail(APP_USAGE, "site", "expected check FILE");
}

const struct command command_site = {
	.name = "site",
	.help = "check a site file and say what it leaves out",
	.usage = "[-p PACK]... [-f FORMAT] check FILE",
	.run = cmd_site,
};
