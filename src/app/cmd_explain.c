/*
 * pcaudit explain: one flow of a capture, why it was judged as it was. The whole capture is audited
 * again, because what a flow is may depend on the flows before it (resumed sessions, an idle
 * connection that goes on); then the one record is held against every rule.
 */
#include <errno.h>
#include <string.h>

#include "app/app.h"
#include "app/run.h"
#include "pcaudit/report.h"

struct explain_args {
	struct run_options run;
	struct report_options report;
	const char *flow;
	bool is_json, with_all;
};

enum option_id {
	OPTION_FLOW = 1,
	OPTION_ALL,
	OPTION_FORMAT,
	OPTION_HELP,
};

static const struct app_option options[] = {
	RUN_OPTION_ROWS,
	{ OPTION_FLOW, 0, "flow", "ID", false,
	  "the flow's id, FILE:NUMBER; the number alone if there is one capture" },
	{ OPTION_ALL, 0, "all", NULL, false,
	  "list every rule, not only those that fit or nearly fit" },
	{ OPTION_FORMAT, 'f', "format", "FORMAT", false, "text (default) or json" },
	{ OPTION_HELP, 'h', "help", NULL, false, "this text" },
};

const struct command command_explain;

static int take_format(struct explain_args *args, const char *value)
{
	args->is_json = strcmp(value, "json") == 0;
	if (args->is_json || strcmp(value, "text") == 0)
		return 0;
	return app_fail(APP_USAGE, "explain", "-f %s: text or json is expected", value);
}

static int take_option(struct explain_args *args, int id, const char *value)
{
	switch (id) {
	case OPTION_FLOW:
		args->flow = value;
		return 0;
	case OPTION_ALL:
		args->with_all = true;
		return 0;
	case OPTION_FORMAT:
		return take_format(args, value);
	case OPTION_HELP:
		app_usage(stdout, &command_explain);
		run_print_options(stdout, options, ARRAY_SIZE(options));
		return -1; /* done, nothing wrong */
	default:
		return run_take_option(&args->run, "explain", id, value);
	}
}

/* 0; -1 when help was asked; an exit code > 0. */
static int parse(struct explain_args *args, int argc, char **argv)
{
	struct app_args walk;
	const char *value;
	int id, r = 0;

	app_args_init(&walk, argc, argv, options, ARRAY_SIZE(options));
	while (r == 0 && (id = app_args_next(&walk, &value)) != -1) {
		if (id == -2)
			return APP_USAGE;
		if (id == 0)
			r = run_add_input(&args->run, "explain", value);
		else
			r = take_option(args, id, value);
	}
	if (r)
		return r;
	args->report.identities = args->run.identities;
	args->report.is_local_time = args->run.is_local_time;
	if (!args->run.n_inputs)
		return app_fail(APP_USAGE, "explain",
		                "no capture named; see pcaudit explain --help");
	if (!args->flow)
		return app_fail(
		        APP_USAGE, "explain",
		        "which flow? --flow ID (pcaudit audit -f ndjson --flows lists them)");
	return 0;
}

/* ---- The flow ------------------------------------------------------------------------------- */

static bool parse_number(const char *text, const char **end, uint64_t *out)
{
	char *stop;

	errno = 0;
	*out = strtoull(text, &stop, 10);
	*end = stop;
	return text[0] >= '0' && text[0] <= '9' && errno == 0;
}

/* "1:17", or "17" with one capture. 0 or APP_USAGE. */
static int parse_id(const struct explain_args *args, uint64_t *file, uint64_t *number)
{
	const char *end;

	*file = 1;
	bool is_right = parse_number(args->flow, &end, number);
	if (is_right && *end == ':') {
		*file = *number;
		is_right = parse_number(end + 1, &end, number);
	} else if (is_right && args->run.n_inputs > 1) {
		return app_fail(APP_USAGE, "explain",
		                "--flow %s: with several captures the id is FILE:NUMBER, as 1:%s",
		                args->flow, args->flow);
	}
	if (!is_right || *end)
		return app_fail(APP_USAGE, "explain", "--flow %s: an id as 1:17 or 17 is expected",
		                args->flow);
	return 0;
}

/* The record with that first packet; the nearest one before it in *before (NULL: none). */
static const struct flow_record *find_record(const struct report *report, uint64_t file,
                                             uint64_t number, const struct flow_record **before)
{
	*before = NULL;
	for (size_t i = 0; i < report->n_records; i++) {
		const struct flow *flow = &report->records[i]->flow;
		if (flow->file != file)
			continue;
		if (flow->number == number)
			return report->records[i];
		if (flow->number < number)
			*before = report->records[i];
	}
	return NULL;
}

static int say_unknown(const struct explain_args *args, const struct report *report, uint64_t file,
                       const struct flow_record *before)
{
	if (file == 0 || file > report->capture.n_inputs)
		return app_fail(APP_USAGE, "explain",
		                "--flow %s: there is no capture %llu; %zu %s read", args->flow,
		                (unsigned long long)file, report->capture.n_inputs,
		                report->capture.n_inputs == 1 ? "was" : "were");
	if (before)
		return app_fail(APP_USAGE, "explain",
		                "--flow %s: no flow begins with that packet (an id is a flow's "
		                "first packet; the last one before it is %u:%llu)",
		                args->flow, before->flow.file,
		                (unsigned long long)before->flow.number);
	return app_fail(APP_USAGE, "explain",
	                "--flow %s: no flow begins with that packet; %zu flows were found",
	                args->flow, report->n_records);
}

static int explain_flow(const struct explain_args *args, const struct run *run,
                        const struct report *report)
{
	const struct ruleset *ruleset = run->table.ruleset;
	_cleanup_(freep) struct trial *trials = calloc(ruleset->n_rules + 1, sizeof(*trials));
	const struct flow_record *before;
	uint64_t file, number;

	if (!trials)
		return app_fail(APP_CANNOT, "explain", "%s", strerror(ENOMEM));
	int r = parse_id(args, &file, &number);
	if (r)
		return r;
	const struct flow_record *record = find_record(report, file, number, &before);
	if (!record)
		return say_unknown(args, report, file, before);
	struct judge_context context = { .scope = run->table.scope,
		                         .now_ns = record->closed_ns,
		                         .is_evicted = record->is_evicted,
		                         .session = record->session };
	judge_explain(trials, &context, &record->flow, record->flow.facts);
	struct explanation explanation = { .report = report,
		                           .record = record,
		                           .trials = trials,
		                           .n_trials = ruleset->n_rules,
		                           .with_all = args->with_all };
	struct report_options report_options = args->report;
	report_options.is_coloured = app_may_colour(stdout);
	r = args->is_json ? report_explain_json(stdout, &explanation, &report_options)
	                  : report_explain_text(stdout, &explanation, &report_options);
	return r < 0 ? app_fail(APP_CANNOT, "explain", "standard output: %s", strerror(-r))
	             : APP_PASS;
}

static int explain(void *context)
{
	struct explain_args *args = context;
	const struct report *report;
	struct run run;

	int r = run_to_report(&run, &args->run, "explain", &report);
	if (r == 0)
		r = explain_flow(args, &run, report);
	run_deinit(&run);
	return r;
}

static int cmd_explain(int argc, char **argv)
{
	struct explain_args args = { 0 };

	run_options_init(&args.run);
	int r = parse(&args, argc, argv);
	if (r == 0) {
		args.run.ledger.keep = KEEP_ALL_FLOWS;
		r = run_sealed(&args.run, "explain", NULL, 0, explain, &args);
	}
	run_options_deinit(&args.run);
	return r < 0 ? APP_PASS : r;
}

const struct command command_explain = {
	.name = "explain",
	.help = "say why one flow was judged as it was",
	.usage = "[-s SITE] [-p PACK]... --flow ID [--all] [-f text|json] CAPTURE...",
	.run = cmd_explain,
};
