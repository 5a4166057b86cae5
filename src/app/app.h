/*
 * What the subcommands share: exit codes, the option parser, finding and loading packs and sites.
 * A subcommand is a file cmd_NAME.c with cmd_NAME() and a line in src/app/meson.build.
 */
#ifndef PCAUDIT_APP_H
#define PCAUDIT_APP_H

#include "pcaudit/audit.h"
#include "pcaudit/base/err.h"
#include "pcaudit/rules.h"
#include "pcaudit/sink.h"

enum app_exit {
	APP_PASS = 0,
	APP_FAIL = 1,
	APP_USAGE = 2,  /* arguments, pack or site are wrong */
	APP_CANNOT = 3, /* input unreadable, nothing audited, output not written */
	APP_UNJUDGED = 4,
};

struct command {
	const char *name;
	const char *help;                  /* one sentence */
	const char *usage;                 /* after "pcaudit NAME" */
	int (*run)(int argc, char **argv); /* argv[0] is NAME; returns an exit code */
};
extern const struct command *const app_commands[];
extern const size_t app_n_commands;

/* Prints "pcaudit NAME: text" to standard error and returns code. */
int app_fail(int code, const char *command, const char *format, ...) _printf_(3, 4);
/* Prints a command's usage to out. */
void app_usage(FILE *out, const struct command *command);

/*
 * Walks options in any order, long as --name VALUE or --name=VALUE, short as -n VALUE or -nVALUE;
 * "--" ends them. Returns the option's id, 0 for an operand (in *value), -1 at the end, -2 after
 * printing what is wrong.
 */
struct app_option {
	int id;      /* > 0 */
	char letter; /* 0: none */
	const char *name;
	const char *value;      /* what help calls it; NULL: a flag */
	bool is_value_optional; /* only --name=VALUE gives one */
	const char *help;
};
struct app_args {
	int argc, at;
	char **argv;
	bool only_operands;
	const struct app_option *options;
	size_t n_options;
	const char *letters; /* rest of a cluster of flags */
};
void app_args_init(struct app_args *args, int argc, char **argv, const struct app_option *options,
                   size_t n_options);
int app_args_next(struct app_args *args, const char **value);

/* Packs, site, and what they make, owned together. */
struct app_table {
	struct pack **packs;
	size_t n_packs;
	struct site *site; /* NULL: none */
	struct ruleset *ruleset;
	struct scope *scope;
};
/*
 * Loads packs by name or file (a name has no slash and no .yaml: it is looked up beside the
 * program's data, or in the folder PCAUDIT_RULES names) and a site file. Without pack_names the
 * site's packs are used, and without those lync-server-2013. site_file may be NULL. Fills the
 * SHA-256 fields. client may be NULL (pcaudit/sink.h). 0; an app_exit code > 0 with err filled.
 */
int app_table_load(struct sink_client *client, struct app_table *table,
                   const char *const *pack_names, size_t n_pack_names, const char *site_file,
                   struct err *err);
void app_table_deinit(struct app_table *table);
/* One pack by name or file. 0 or an app_exit code with err filled. */
int app_pack_load(struct sink_client *client, struct pack **out, const char *name, struct err *err);
int app_site_load(struct sink_client *client, struct site **out, const char *file, struct err *err);
/* Where a pack's name is looked up, in that order: how many. */
#define APP_PACK_FOLDERS 3
size_t app_pack_folders(const char *folders[static APP_PACK_FOLDERS]);

/* True if out is a terminal and NO_COLOR is not set (no-color.org). */
bool app_may_colour(FILE *out);

#endif
