/*
 * pcaudit facts: what can be known of a flow. Holds what the three commands that print one of the
 * program's own lists have in common.
 */
#include <string.h>

#include "app/catalogue.h"
#include "app/run.h"
#include "pcaudit/report.h"

enum { OPTION_FORMAT = 1, OPTION_HELP };

static const struct app_option options[] = {
	{ OPTION_FORMAT, 'f', "format", "FORMAT", false, "text (default) or json" },
	{ OPTION_HELP, 'h', "help", NULL, false, "this text" },
};

static int take_format(const struct command *command, const char *value, bool *is_json)
{
	*is_json = strcmp(value, "json") == 0;
	if (*is_json || strcmp(value, "text") == 0)
		return 0;
	return app_fail(APP_USAGE, command->name, "-f %s: text or json is expected", value);
}

int catalogue_run(const struct command *command, int (*print)(FILE *out, bool is_json), int argc,
                  char **argv)
{
	struct app_args walk;
	const char *value;
	bool is_json = false;
	int id, r = 0;

	app_args_init(&walk, argc, argv, options, ARRAY_SIZE(options));
	while (r == 0 && (id = app_args_next(&walk, &value)) != -1) {
		if (id == -2)
			return APP_USAGE;
		if (id == 0)
			return app_fail(APP_USAGE, command->name,
			                "nothing is expected here, but found \"%s\"", value);
		if (id == OPTION_HELP) {
			app_usage(stdout, command);
			run_print_options(stdout, options, ARRAY_SIZE(options));
			return APP_PASS;
		}
		r = take_format(command, value, &is_json);
	}
	if (r)
		return r;
	r = print(stdout, is_json);
	return r < 0 ? app_fail(APP_CANNOT, command->name, "standard output: %s", strerror(-r))
	             : APP_PASS;
}

const struct command command_facts;

static int cmd_facts(int argc, char **argv)
{
	return catalogue_run(&command_facts, report_facts, argc, argv);
}

const struct command command_facts = {
	.name = "facts",
	.help = "list protocol families and the facts that detectors state",
	.usage = "[-f text|json]",
	.run = cmd_facts,
};
