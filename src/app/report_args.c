#include "app/report_args.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <pcap/pcap.h>

#include "config.h"
#include "pcaudit/sink.h"

static int take_format(struct report_args *args, const char *name)
{
	const char *names[16];

	for (size_t i = 0; i < report_n_formats && i < ARRAY_SIZE(names); i++)
		names[i] = report_formats[i]->name;
	if (args->n_outputs == REPORT_MAX_OUTPUTS)
		return app_fail(APP_USAGE, args->command, "more than %d outputs",
		                REPORT_MAX_OUTPUTS);
	const struct report_format *format = report_format_find(name);
	if (!format) {
		const char *near =
		        err_near_miss(name, names, MIN(report_n_formats, ARRAY_SIZE(names)));
		return near ? app_fail(APP_USAGE, args->command,
		                       "no format \"%s\" (did you mean \"%s\"?)", name, near)
		            : app_fail(APP_USAGE, args->command,
		                       "no format \"%s\"; see pcaudit formats", name);
	}
	if (args->n_outputs && !args->outputs[args->n_outputs - 1].path)
		return app_fail(APP_USAGE, args->command,
		                "-f %s has no -o FILE: only the last one may go to standard output",
		                args->outputs[args->n_outputs - 1].format->name);
	args->outputs[args->n_outputs++] = (struct report_output){ .format = format };
	return 0;
}

static int take_output(struct report_args *args, const char *path)
{
	if (!args->n_outputs || args->outputs[args->n_outputs - 1].path)
		return app_fail(APP_USAGE, args->command, "-o %s follows no -f FORMAT", path);
	args->outputs[args->n_outputs - 1].path = path;
	return 0;
}

static int take_fail_on(struct report_args *args, const char *word)
{
	enum severity *fail_on = &args->run.ledger.fail_on;

	for (*fail_on = SEVERITY_INFO; *fail_on <= SEVERITY_ERROR; (*fail_on)++)
		if (strcmp(word, severity_word(*fail_on)) == 0)
			return 0;
	return app_fail(APP_USAGE, args->command,
	                "--fail-on %s: info, warning or error is expected", word);
}

static int take_flows(struct report_args *args, const char *value)
{
	if (value && strcmp(value, "all") != 0)
		return app_fail(APP_USAGE, args->command, "--flows=%s: only --flows or --flows=all",
		                value);
	args->report.flows = value ? REPORT_ALL_FLOWS : REPORT_FLOWS_IN_SCOPE;
	args->run.ledger.keep = value ? KEEP_ALL_FLOWS : KEEP_FLOWS_IN_SCOPE;
	return 0;
}

int report_args_take(struct report_args *args, int id, const char *value)
{
	switch ((enum report_option)id) {
	case REPORT_VANTAGE:
		return run_add_vantage(&args->run, args->command, value);
	case REPORT_FORMAT:
		return take_format(args, value);
	case REPORT_OUTPUT:
		return take_output(args, value);
	case REPORT_FLOWS:
		return take_flows(args, value);
	case REPORT_EXAMPLES:
		return run_parse_number(args->command, "--examples", value, 1, 1000,
		                        &args->run.ledger.n_examples);
	case REPORT_SENSOR:
		args->report.sensor = value;
		return 0;
	case REPORT_FAIL_ON:
		return take_fail_on(args, value);
	}
	return run_take_option(&args->run, args->command, id, value);
}

/* Two reports in one place would leave only the second, and one in a capture's place no capture. */
static int check_outputs(const struct report_args *args)
{
	for (size_t i = 0; i < args->n_outputs; i++) {
		const char *path = args->outputs[i].path ? args->outputs[i].path : "-";
		for (size_t j = 0; j < i; j++)
			if (sink_is_same_output(path, args->outputs[j].path))
				return app_fail(APP_USAGE, args->command,
				                "-f %s and -f %s both go to %s",
				                args->outputs[j].format->name,
				                args->outputs[i].format->name,
				                strcmp(path, "-") == 0 ? "standard output" : path);
		struct sink_identity output = sink_identify(path);
		for (size_t j = 0; j < args->run.n_inputs && strcmp(path, "-") != 0; j++)
			if (output.is_regular &&
			    sink_is_same_file(&output, &args->run.inputs[j].identity))
				return app_fail(APP_USAGE, args->command,
				                "-o %s would overwrite the capture %s", path,
				                args->run.inputs[j].path);
	}
	return 0;
}

void report_args_init(struct report_args *args, const char *command)
{
	*args = (struct report_args){ .command = command };
	run_options_init(&args->run);
}

void report_args_deinit(struct report_args *args)
{
	run_options_deinit(&args->run);
}

int report_args_check(struct report_args *args)
{
	args->report.identities = args->run.identities;
	args->report.is_local_time = args->run.is_local_time;
	if (!args->n_outputs)
		args->outputs[args->n_outputs++] =
		        (struct report_output){ .format = report_format_find("text") };
	return check_outputs(args);
}

int report_args_run(struct report_args *args, run_fn run, void *context)
{
	const char *paths[REPORT_MAX_OUTPUTS];
	size_t n = 0;

	for (size_t i = 0; i < args->n_outputs; i++)
		if (args->outputs[i].path)
			paths[n++] = args->outputs[i].path;
	return run_sealed(&args->run, args->command, paths, n, run, context);
}

static int write_output(struct report_args *args, const struct report_output *output,
                        const struct report *report)
{
	const char *path = output->path ? output->path : "-";
	_cleanup_(sink_file_freep) struct sink_file *file = NULL;
	struct err err = { "" };

	if (sink_file_new(args->run.client, &file, path, &err) < 0)
		return app_fail(APP_CANNOT, args->command, "%s", err.text);
	args->report.is_coloured = app_may_colour(sink_file_get_stream(file));
	int r = report_write(sink_file_get_stream(file), output->format, report, &args->report);
	if (r < 0)
		return app_fail(APP_CANNOT, args->command, "%s: %s",
		                output->path ? path : "standard output", strerror(-r));
	struct sink_file *whole = file;
	file = NULL;
	if (sink_file_finish(whole, &err) < 0)
		return app_fail(APP_CANNOT, args->command, "%s", err.text);
	return 0;
}

int report_args_write(struct report_args *args, const struct report *report)
{
	int worst = 0;

	args->report.version = PCAUDIT_VERSION;
	args->report.libpcap_version = pcap_lib_version();
	args->report.ndpi_version = detect_ndpi_version();
	args->report.openssl_version = OpenSSL_version(OPENSSL_VERSION);
	args->report.sandbox = args->run.sandbox;
	/* One output that cannot be written does not take the others along. */
	for (size_t i = 0; i < args->n_outputs; i++) {
		int r = write_output(args, &args->outputs[i], report);
		worst = MAX(worst, r);
	}
	return worst;
}

int report_args_exit_code(const struct report_args *args, const struct run *run,
                          const struct report *report)
{
	const struct capture_summary *capture = &report->capture;

	for (size_t i = 0; i < capture->n_inputs; i++)
		if (capture->inputs[i]->error &&
		    !(capture->inputs[i]->is_truncated && args->allow_truncated))
			return app_fail(APP_CANNOT, args->command, "%s: %s; audited up to there",
			                capture->inputs[i]->name, capture->inputs[i]->error);
	if (!pipeline_is_balanced(&run->pipeline.summary))
		return app_fail(APP_CANNOT, args->command,
		                "packets received and packets accounted for differ: this is a bug "
		                "in pcaudit, please report it");
	if (capture->received ==
	    capture->dropped_interface + capture->dropped_kernel + capture->dropped_ring)
		return app_fail(APP_CANNOT, args->command, "no packet was audited");
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
