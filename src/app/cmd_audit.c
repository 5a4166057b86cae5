/*
 * pcaudit audit: captures and a site in, a report out.
 */
#include "app/report_args.h"

enum option_id {
	OPTION_SINCE = 1,
	OPTION_UNTIL,
	OPTION_HASH,
	OPTION_TRUNCATED,
	OPTION_HELP,
};

static const struct app_option options[] = {
	RUN_OPTION_ROWS,
	REPORT_OPTION_ROWS,
	{ OPTION_SINCE, 0, "since", "TIME", false,
	  "leave out packets before, as 2026-03-01T10:00:00Z or seconds since 1970" },
	{ OPTION_UNTIL, 0, "until", "TIME", false, "leave out packets after" },
	{ OPTION_HASH, 0, "hash", NULL, false, "SHA-256 of every capture file in the report" },
	{ OPTION_TRUNCATED, 0, "allow-truncated", NULL, false,
	  "a truncated capture does not end in exit code 3" },
	{ OPTION_HELP, 'h', "help", NULL, false, "this text" },
};

const struct command command_audit;

static void print_help(void)
{
	app_usage(stdout, &command_audit);
	run_print_options(stdout, options, ARRAY_SIZE(options));
}

static int take_option(struct report_args *args, int id, const char *value)
{
	switch ((enum option_id)id) {
	case OPTION_SINCE:
		return run_parse_time("audit", "--since", value, &args->run.since_ns);
	case OPTION_UNTIL:
		return run_parse_time("audit", "--until", value, &args->run.until_ns);
	case OPTION_HASH:
		args->run.is_hashing = true;
		return 0;
	case OPTION_TRUNCATED:
		args->allow_truncated = true;
		return 0;
	case OPTION_HELP:
		print_help();
		return -1; /* done, nothing wrong */
	}
	return report_args_take(args, id, value);
}

/* 0; -1 when help was asked; an exit code > 0. */
static int parse(struct report_args *args, int argc, char **argv)
{
	struct app_args walk;
	const char *value;
	int id, r = 0;

	app_args_init(&walk, argc, argv, options, ARRAY_SIZE(options));
	while (r == 0 && (id = app_args_next(&walk, &value)) != -1) {
		if (id == -2)
			return APP_USAGE;
		if (id == 0)
			r = run_add_input(&args->run, "audit", value);
		else
			r = take_option(args, id, value);
	}
	if (r)
		return r;
	if (!args->run.n_inputs)
		return app_fail(APP_USAGE, "audit", "no capture named; see pcaudit audit --help");
	return report_args_check(args);
}

static int audit(void *context)
{
	struct report_args *args = context;
	const struct report *report;
	struct run run;

	int r = run_to_report(&run, &args->run, "audit", &report);
	if (r == 0)
		r = report_args_write(args, report);
	if (r == 0)
		r = report_args_exit_code(args, &run, report);
	run_deinit(&run);
	return r;
}

static int cmd_audit(int argc, char **argv)
{
	struct report_args args;

	report_args_init(&args, "audit");
	int r = parse(&args, argc, argv);
	if (r == 0)
		r = report_args_run(&args, audit, &args);
	report_args_deinit(&args);
	return r < 0 ? APP_PASS : r;
}

const struct command command_audit = {
	.name = "audit",
	.help = "hold captures against the table and report",
	.usage = "[-s SITE] [-p PACK]... [-f FORMAT [-o FILE]]... [OPTION]... CAPTURE...",
	.run = cmd_audit,
};
