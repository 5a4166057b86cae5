/*
 * The report as lines of JSON, for tools that take one object at a time: first `run` with all that
 * is said once, then each finding, row of coverage and flow. The objects are those of json.c with
 * their `type` before all other keys.
 */
#include "report/priv.h"

/* Takes object. */
static void write_line(FILE *out, struct values *values, struct json_object *object)
{
	values_print(values, out, object, JSON_ONE_LINE, 0);
	fputc('\n', out);
	json_object_put(object);
}

/* A part that may be null. */
static void put_part(struct values *values, struct json_object *object, const char *key,
                     struct json_object *part)
{
	if (part)
		values_put(values, object, key, part);
	else
		values_put_null(values, object, key);
}

static struct json_object *run_object(struct values *values, const struct report *report,
                                      const struct report_options *options)
{
	struct json_object *run = values_object(values);

	values_put_text(values, run, "type", "run");
	values_put_text(values, run, "schema", REPORT_SCHEMA);
	values_put(values, run, "tool", json_tool(values, options));
	put_part(values, run, "site", json_site(values, report));
	put_part(values, run, "vantage", json_vantage(values, report));
	values_put(values, run, "packs", json_packs(values, report));
	values_put(values, run, "inputs", json_inputs(values, report));
	values_put(values, run, "capture", json_capture(values, report));
	values_put(values, run, "summary", json_summary(values, report));
	return run;
}

static int write_ndjson(FILE *out, const struct report *report,
                        const struct report_options *options)
{
	struct values values = { 0 };

	write_line(out, &values, run_object(&values, report, options));
	for (size_t i = 0; i < report->n_findings && !ferror(out); i++)
		write_line(out, &values,
		           json_finding(&values, report, report->findings[i], "finding"));
	for (size_t i = 0; i < report->n_coverage && !ferror(out); i++)
		write_line(out, &values,
		           json_coverage(&values, report, &report->coverage[i], "coverage"));
	for (size_t i = 0; i < report->n_records && !ferror(out); i++)
		if (report_lists_flow(report->records[i], options))
			write_line(out, &values,
			           json_flow(&values, report, report->records[i], "flow"));
	return report_finish(out, values.is_failed);
}

const struct report_format format_ndjson = {
	.name = "ndjson",
	.help = "the same objects, one per line: run, finding, coverage, flow",
	.write = write_ndjson,
};
