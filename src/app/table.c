/*
 * Finds and loads packs and sites. A pack's name is looked up in the folder PCAUDIT_RULES names, in
 * the installed data folder, and beside the sources the program was built from, in that order.
 */
#include "app/app.h"

#include <errno.h>
#include <string.h>

#include "config.h"
#include "pcaudit/crypto.h"
#include "pcaudit/sink.h"

#define MAX_RULES_FILE_BYTES (8u << 20)

static bool is_file_name(const char *name)
{
	return strchr(name, '/') || strstr(name, ".yaml") || strstr(name, ".yml") ||
	       strstr(name, ".json");
}

size_t app_pack_folders(const char *folders[static APP_PACK_FOLDERS])
{
	const char *own = getenv("PCAUDIT_RULES");
	size_t n = 0;

	if (own)
		folders[n++] = own;
	folders[n++] = PCAUDIT_RULES_DIR;
	folders[n++] = PCAUDIT_SOURCE_RULES_DIR;
	return n;
}

/* Reads the pack of that name from the first folder that has one. */
static int find_pack(struct sink_client *client, struct bytes *text, char *path, size_t size,
                     const char *name, struct err *err)
{
	const char *folders[APP_PACK_FOLDERS];
	size_t n = app_pack_folders(folders);
	int r = -ENOENT;

	for (size_t i = 0; i < n && r == -ENOENT; i++) {
		snprintf(path, size, "%s/%s.yaml", folders[i], name);
		r = sink_read_file(client, text, path, MAX_RULES_FILE_BYTES, err);
	}
	if (r == -ENOENT)
		err_set(err,
		        "no pack \"%s\": looked for %s.yaml in %s and %s (PCAUDIT_RULES may name "
		        "another folder)",
		        name, name, PCAUDIT_RULES_DIR, PCAUDIT_SOURCE_RULES_DIR);
	return r;
}

int app_pack_load(struct sink_client *client, struct pack **out, const char *name, struct err *err)
{
	char path[4096];
	struct bytes text = { 0 };
	int r;

	if (is_file_name(name)) {
		snprintf(path, sizeof(path), "%s", name);
		r = sink_read_file(client, &text, path, MAX_RULES_FILE_BYTES, err);
	} else {
		r = find_pack(client, &text, path, sizeof(path), name, err);
	}
	if (r < 0)
		return APP_USAGE;
	r = pack_load(out, path, text, err);
	if (r == 0)
		sha256(text, (*out)->sha256);
	free((void *)text.data);
	return r == 0 ? 0 : r > 0 ? APP_USAGE : APP_CANNOT;
}

/* The files of the zones that a site names: not for the reader of the site to open. */
static int load_zones(struct sink_client *client, struct site *site, struct err *err)
{
	struct err why = { "" };

	for (size_t i = 0; i < site->n_overrides; i++) {
		const struct expect_window *expect = &site->overrides[i].expect;
		struct bytes text = { 0 };
		struct time_zone *zone = NULL;
		if (!expect->zone)
			continue;
		int r = sink_read_zone(client, &text, expect->zone, TIME_ZONE_MAX_BYTES, &why);
		if (r == 0)
			r = time_zone_new(&zone, text);
		free((void *)text.data);
		if (r == TIME_ZONE_E_INVALID)
			err_set(&why, "zone \"%s\": its file is no time zone", expect->zone);
		if (r)
			err_set(err, "%s:%d: %s", site->file, site->overrides[i].line, why.text);
		if (r)
			return APP_USAGE;
		site_take_zone(site, i, zone);
	}
	return 0;
}

int app_site_load(struct sink_client *client, struct site **out, const char *file, struct err *err)
{
	struct bytes text = { 0 };

	if (sink_read_file(client, &text, file, MAX_RULES_FILE_BYTES, err) < 0)
		return APP_USAGE;
	int r = site_load(out, file, text, err);
	if (r == 0)
		sha256(text, (*out)->sha256);
	free((void *)text.data);
	if (r == 0)
		r = load_zones(client, *out, err);
	return r == 0 ? 0 : r > 0 ? APP_USAGE : APP_CANNOT;
}

static int load_packs(struct sink_client *client, struct app_table *table, const char *const *names,
                      size_t n, struct err *err)
{
	table->packs = calloc(n, sizeof(*table->packs));
	if (!table->packs)
		return APP_CANNOT;
	for (size_t i = 0; i < n; i++) {
		int r = app_pack_load(client, &table->packs[i], names[i], err);
		if (r)
			return r;
		table->n_packs++;
	}
	return 0;
}

int app_table_load(struct sink_client *client, struct app_table *table,
                   const char *const *pack_names, size_t n_pack_names, const char *site_file,
                   struct err *err)
{
	static const char *const default_packs[] = { "lync-server-2013" };
	int r = 0;

	*table = (struct app_table){ 0 };
	if (site_file)
		r = app_site_load(client, &table->site, site_file, err);
	if (r)
		return r;
	if (!n_pack_names && table->site && table->site->n_packs) {
		pack_names = table->site->packs;
		n_pack_names = table->site->n_packs;
	} else if (!n_pack_names) {
		pack_names = default_packs;
		n_pack_names = 1;
	}
	r = load_packs(client, table, pack_names, n_pack_names, err);
	if (r)
		return r;
	r = ruleset_new(&table->ruleset, (const struct pack *const *)table->packs, table->n_packs,
	                table->site, err);
	if (r == 0)
		r = scope_new(&table->scope, table->ruleset);
	return r == 0 ? 0 : r > 0 ? APP_USAGE : APP_CANNOT;
}

void app_table_deinit(struct app_table *table)
{
	scope_free(table->scope);
	ruleset_free(table->ruleset);
	site_free(table->site);
	for (size_t i = 0; i < table->n_packs; i++)
		pack_free(table->packs[i]);
	free(table->packs);
	*table = (struct app_table){ 0 };
}
