/*
 * What every command that ends in a report has in common: the options that shape it, where it goes,
 * and the exit code.
 */
#ifndef PCAUDIT_APP_REPORT_ARGS_H
#define PCAUDIT_APP_REPORT_ARGS_H

#include "app/run.h"
#include "pcaudit/report.h"

#define REPORT_MAX_OUTPUTS 16

struct report_output {
	const struct report_format *format;
	const char *path; /* NULL until -o: standard output */
};

struct report_args {
	const char *command;
	struct run_options run;
	struct report_output outputs[REPORT_MAX_OUTPUTS];
	size_t n_outputs;
	bool allow_truncated;
	struct report_options report;
};

/* Options declared once: rows for a command's table ... */
enum report_option {
	REPORT_VANTAGE = 200,
	REPORT_FORMAT,
	REPORT_OUTPUT,
	REPORT_FLOWS,
	REPORT_EXAMPLES,
	REPORT_SENSOR,
	REPORT_FAIL_ON,
};
#define REPORT_OPTION_ROWS                                                                             \
	{ REPORT_VANTAGE,                                                                              \
	  'V',                                                                                         \
	  "vantage",                                                                                   \
	  "NAME[=FILE]",                                                                               \
	  false,                                                                                       \
	  "the capture point, one of the site's vantages; repeatable, =FILE adds a capture" },         \
	        { REPORT_FORMAT,                                                                       \
		  'f',                                                                                 \
		  "format",                                                                            \
		  "FORMAT",                                                                            \
		  false,                                                                               \
		  "text, json or another of pcaudit formats; repeatable, each with its own -o" },      \
	        { REPORT_OUTPUT,                                                                       \
		  'o',                                                                                 \
		  "output",                                                                            \
		  "FILE",                                                                              \
		  false,                                                                               \
		  "where the last -f goes; the last -f without it goes to standard output" },          \
	        { REPORT_FLOWS, 0,    "flows",                                                         \
		  "all",        true, "list every flow in scope; --flows=all: every flow" },           \
	        { REPORT_EXAMPLES, 0, "examples", "N", false, "flows shown per finding (default 3)" }, \
	        { REPORT_SENSOR, 0, "sensor", "NAME", false, "the sensor's name in the report" },      \
	{                                                                                              \
		REPORT_FAIL_ON, 0, "fail-on", "SEVERITY", false,                                       \
		        "info, warning (default) or error: what makes the verdict fail"                \
	}
/* ... and what they do, with those of a run. 0, or an exit code after saying what is wrong. */
int report_args_take(struct report_args *args, int id, const char *value);

void report_args_init(struct report_args *args, const char *command);
void report_args_deinit(struct report_args *args);
/* After the last option: what was left open, and whether the outputs can be. 0 or an exit code. */
int report_args_check(struct report_args *args);
/* run_sealed() with the outputs. */
int report_args_run(struct report_args *args, run_fn run, void *context);
/* Writes every output. 0, or the worst exit code after saying what is wrong. */
int report_args_write(struct report_args *args, const struct report *report);
/* Of a run that could be reported: 0, 1, 3 or 4. */
int report_args_exit_code(const struct report_args *args, const struct run *run,
                          const struct report *report);

#endif
