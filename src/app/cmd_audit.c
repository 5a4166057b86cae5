/*
 * pcaudit audit: captures and a site in, a report out.
 */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <pcap/pcap.h>

#include "app/app.h"
#include "app/pipeline.h"
#include "app/run.h"
#include "config.h"
#include "pcaudit/crypto.h"
#include "pcaudit/report.h"
#include "pcaudit/sink.h"

#define MAX_OUTPUTS 16

struct output {
	const struct report_format *format;
	const char *path; /* NULL until -o: standard output */
};

struct audit_args {
	struct run_options run;
	struct output outputs[MAX_OUTPUTS];
	size_t n_outputs;
	enum severity fail_on;
	bool allow_truncated;
	struct report_options report;
};

enum option_id {
	OPTION_VANTAGE = 1,
	OPTION_FORMAT,
	OPTION_OUTPUT,
	OPTION_SINCE,
	OPTION_UNTIL,
	OPTION_FLOWS,
	OPTION_EXAMPLES,
	OPTION_HASH,
	OPTION_SENSOR,
	OPTION_FAIL_ON,
	OPTION_TRUNCATED,
	OPTION_HELP,
};

static const struct app_option options[] = {
	RUN_OPTION_ROWS,
	{ OPTION_VANTAGE, 'V', "vantage", "NAME[=FILE]", false,
	  "the capture point, one of the site's vantages; repeatable, =FILE adds a capture" },
	{ OPTION_FORMAT, 'f', "format", "FORMAT", false,
	  "text, json or another of pcaudit formats; repeatable, each with its own -o" },
	{ OPTION_OUTPUT, 'o', "output", "FILE", false,
	  "where the last -f goes; the last -f without it goes to standard output" },
	{ OPTION_SINCE, 0, "since", "TIME", false,
	  "leave out packets before, as 2026-03-01T10:00:00Z or seconds since 1970" },
	{ OPTION_UNTIL, 0, "until", "TIME", false, "leave out packets after" },
	{ OPTION_FLOWS, 0, "flows", "all", true,
	  "list every flow in scope; --flows=all: every flow" },
	{ OPTION_EXAMPLES, 0, "examples", "N", false, "flows shown per finding (default 3)" },
	{ OPTION_HASH, 0, "hash", NULL, false, "SHA-256 of every capture file in the report" },
	{ OPTION_SENSOR, 0, "sensor", "NAME", false, "the sensor's name in the report" },
	{ OPTION_FAIL_ON, 0, "fail-on", "SEVERITY", false,
	  "info, warning (default) or error: what makes the verdict fail" },
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

static int take_format(struct audit_args *args, const char *name)
{
	const char *names[16];

	for (size_t i = 0; i < report_n_formats && i < ARRAY_SIZE(names); i++)
		names[i] = report_formats[i]->name;
	if (args->n_outputs == MAX_OUTPUTS)
		return app_fail(APP_USAGE, "audit", "more than %d outputs", MAX_OUTPUTS);
	const struct report_format *format = report_format_find(name);
	if (!format) {
		const char *near =
		        err_near_miss(name, names, MIN(report_n_formats, ARRAY_SIZE(names)));
		return near ? app_fail(APP_USAGE, "audit",
		                       "no format \"%s\" (did you mean \"%s\"?)", name, near)
		            : app_fail(APP_USAGE, "audit", "no format \"%s\"; see pcaudit formats",
		                       name);
	}
	if (args->n_outputs && !args->outputs[args->n_outputs - 1].path)
		return app_fail(APP_USAGE, "audit",
		                "-f %s has no -o FILE: only the last one may go to standard output",
		                args->outputs[args->n_outputs - 1].format->name);
	args->outputs[args->n_outputs++] = (struct output){ .format = format };
	return 0;
}

static int take_output(struct audit_args *args, const char *path)
{
	if (!args->n_outputs || args->outputs[args->n_outputs - 1].path)
		return app_fail(APP_USAGE, "audit", "-o %s follows no -f FORMAT", path);
	args->outputs[args->n_outputs - 1].path = path;
	return 0;
}

static int take_fail_on(struct audit_args *args, const char *word)
{
	for (args->fail_on = SEVERITY_INFO; args->fail_on <= SEVERITY_ERROR; args->fail_on++)
		if (strcmp(word, severity_word(args->fail_on)) == 0)
			return 0;
	return app_fail(APP_USAGE, "audit", "--fail-on %s: info, warning or error is expected",
	                word);
}

static int take_option(struct audit_args *args, int id, const char *value)
{
	struct run_options *run = &args->run;

	switch (id) {
	case OPTION_VANTAGE:
		return run_add_vantage(run, "audit", value);
	case OPTION_FORMAT:
		return take_format(args, value);
	case OPTION_OUTPUT:
		return take_output(args, value);
	case OPTION_SINCE:
		return run_parse_time("audit", "--since", value, &run->since_ns);
	case OPTION_UNTIL:
		return run_parse_time("audit", "--until", value, &run->until_ns);
	case OPTION_FLOWS:
		if (value && strcmp(value, "all") != 0)
			return app_fail(APP_USAGE, "audit",
			                "--flows=%s: only --flows or --flows=all", value);
		args->report.flows = value ? REPORT_ALL_FLOWS : REPORT_FLOWS_IN_SCOPE;
		run->ledger.keep = value ? KEEP_ALL_FLOWS : KEEP_FLOWS_IN_SCOPE;
		return 0;
	case OPTION_EXAMPLES:
		return run_parse_number("audit", "--examples", value, 1, 1000,
		                        &run->ledger.n_examples);
	case OPTION_HASH:
		run->is_hashing = true;
		return 0;
	case OPTION_SENSOR:
		args->report.sensor = value;
		return 0;
	case OPTION_FAIL_ON:
		return take_fail_on(args, value);
	case OPTION_TRUNCATED:
		args->allow_truncated = true;
		return 0;
	case OPTION_HELP:
		print_help();
		return -1; /* done, nothing wrong */
	default:
		return run_take_option(run, "audit", id, value);
	}
}

/* Two reports in one place would leave only the second, and one in a capture's place no capture. */
static int check_outputs(const struct audit_args *args)
{
	for (size_t i = 0; i < args->n_outputs; i++) {
		const char *path = args->outputs[i].path ? args->outputs[i].path : "-";
		for (size_t j = 0; j < i; j++)
			if (sink_is_same_output(path, args->outputs[j].path))
				return app_fail(APP_USAGE, "audit", "-f %s and -f %s both go to %s",
				                args->outputs[j].format->name,
				                args->outputs[i].format->name,
				                strcmp(path, "-") == 0 ? "standard output" : path);
		struct sink_identity output = sink_identify(path);
		for (size_t j = 0; j < args->run.n_inputs && strcmp(path, "-") != 0; j++)
			if (output.is_regular &&
			    sink_is_same_file(&output, &args->run.inputs[j].identity))
				return app_fail(APP_USAGE, "audit",
				                "-o %s would overwrite the capture %s", path,
				                args->run.inputs[j].path);
	}
	return 0;
}

/* 0; -1 when help was asked; an exit code > 0. */
static int parse(struct audit_args *args, int argc, char **argv)
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
	args->report.identities = args->run.identities;
	args->report.is_local_time = args->run.is_local_time;
	if (!args->run.n_inputs)
		return app_fail(APP_USAGE, "audit", "no capture named; see pcaudit audit --help");
	if (!args->n_outputs)
		args->outputs[args->n_outputs++] =
		        (struct output){ .format = report_format_find("text") };
	return check_outputs(args);
}

static int write_output(struct sink_client *client, const struct output *output,
                        const struct report *report, struct report_options *report_options)
{
	const char *path = output->path ? output->path : "-";
	_cleanup_(sink_file_freep) struct sink_file *file = NULL;
	struct err err = { "" };

	if (sink_file_new(client, &file, path, &err) < 0)
		return app_fail(APP_CANNOT, "audit", "%s", err.text);
	report_options->is_coloured = app_may_colour(sink_file_get_stream(file));
	int r = report_write(sink_file_get_stream(file), output->format, report, report_options);
	if (r < 0)
		return app_fail(APP_CANNOT, "audit", "%s: %s",
		                output->path ? path : "standard output", strerror(-r));
	struct sink_file *whole = file;
	file = NULL;
	if (sink_file_finish(whole, &err) < 0)
		return app_fail(APP_CANNOT, "audit", "%s", err.text);
	return 0;
}

static int write_outputs(struct audit_args *args, const struct report *report)
{
	int worst = 0;

	args->report.version = PCAUDIT_VERSION;
	args->report.libpcap_version = pcap_lib_version();
	args->report.ndpi_version = detect_ndpi_version();
	args->report.openssl_version = OpenSSL_version(OPENSSL_VERSION);
	args->report.sandbox = args->run.sandbox;
	/* One output that cannot be written does not take the others along. */
	for (size_t i = 0; i < args->n_outputs; i++) {
		int r = write_output(args->run.client, &args->outputs[i], report, &args->report);
		worst = MAX(worst, r);
	}
	return worst;
}

static int exit_code(const struct audit_args *args, const struct run *run,
                     const struct report *report)
{
	const struct capture_summary *capture = &report->capture;

	for (size_t i = 0; i < capture->n_inputs; i++)
		if (capture->inputs[i]->error &&
		    !(capture->inputs[i]->is_truncated && args->allow_truncated))
			return app_fail(APP_CANNOT, "audit", "%s: %s; audited up to there",
			                capture->inputs[i]->name, capture->inputs[i]->error);
	if (!pipeline_is_balanced(&run->pipeline.summary))
		return app_fail(APP_CANNOT, "audit",
		                "packets received and packets accounted for differ: this is a bug "
		                "in pcaudit, please report it");
	if (capture->received == capture->dropped_interface + capture->dropped_kernel)
		return app_fail(APP_CANNOT, "audit", "no packet was audited");
	switch (report->verdict) {
	case REPORT_PASS:
		return APP_PASS;
	case REPORT_FAIL:
		return APP_FAIL;
	case REPORT_UNJUDGED:
		break;
	}
	return APP_UNJUDGED;
}

static int audit(void *context)
{
	struct audit_args *args = context;
	const struct report *report;
	struct run run;

	int r = run_to_report(&run, &args->run, "audit", &report);
	if (r == 0)
		r = write_outputs(args, report);
	if (r == 0)
		r = exit_code(args, &run, report);
	run_deinit(&run);
	return r;
}

static int cmd_audit(int argc, char **argv)
{
	struct audit_args args = { .fail_on = SEVERITY_WARNING };
	const char *outputs[MAX_OUTPUTS];
	size_t n_outputs = 0;

	run_options_init(&args.run);
	int r = parse(&args, argc, argv);
	if (r == 0) {
		args.run.ledger.fail_on = args.fail_on;
		for (size_t i = 0; i < args.n_outputs; i++)
			if (args.outputs[i].path)
				outputs[n_outputs++] = args.outputs[i].path;
		r = run_sealed(&args.run, "audit", outputs, n_outputs, audit, &args);
	}
	run_options_deinit(&args.run);
	return r < 0 ? APP_PASS : r;
}

const struct command command_audit = {
	.name = "audit",
	.help = "hold captures against the table and report",
	.usage = "[-s SITE] [-p PACK]... [-f FORMAT [-o FILE]]... [OPTION]... CAPTURE...",
	.run = cmd_audit,
};
