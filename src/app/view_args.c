/* The command line of the commands that show packs and sites. */
#include <string.h>

#include "app/rules_view.h"

static int take_option(struct view_args *args, const struct command *command, int id,
                       const char *value)
{
	switch ((enum view_option)id) {
	case VIEW_SITE:
		args->site = value;
		return 0;
	case VIEW_PACK:
		if (args->n_packs == ARRAY_SIZE(args->packs))
			return app_fail(APP_USAGE, command->name, "more than %d packs",
			                RUN_MAX_PACKS);
		args->packs[args->n_packs++] = value;
		return 0;
	case VIEW_FORMAT:
		args->is_json = strcmp(value, "json") == 0;
		if (!args->is_json && strcmp(value, "text") != 0)
			return app_fail(APP_USAGE, command->name,
			                "no format \"%s\": expected text or json", value);
		return 0;
	case VIEW_HELP:
		return -1;
	}
	return APP_USAGE;
}

int view_args_parse(struct view_args *args, const struct command *command,
                    const struct app_option *options, size_t n_options, int argc, char **argv)
{
	struct app_args walk;
	const char *value;
	int id, r = 0;

	app_args_init(&walk, argc, argv, options, n_options);
	while (r == 0 && (id = app_args_next(&walk, &value)) != -1) {
		if (id != 0)
			r = take_option(args, command, id, value);
		else if (args->n_operands == ARRAY_SIZE(args->operands))
			r = app_fail(APP_USAGE, command->name, "one word too many: \"%s\"", value);
		else
			args->operands[args->n_operands++] = value;
	}
	if (r == -1) {
		app_usage(stdout, command);
		run_print_options(stdout, options, n_options);
	}
	return r;
}
