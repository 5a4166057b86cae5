/*
 * The report as one JSON object. Its outer braces and brackets are written by hand and each
 * element is made, printed and freed by itself, so that a report of a million flows needs the
 * memory of one. Layout is fixed: what a person reads in a pager (findings, summary) has a line
 * per key, what tools read (coverage, flows) a line per element; so reports can be diffed.
 */
#include "report/priv.h"

struct writer {
	FILE *out;
	struct values values;
	size_t n; /* elements of the list being written */
};

/* A key of the outermost object that others follow; takes value, NULL is null. */
static void write_key(struct writer *w, const char *key, struct json_object *value)
{
	fprintf(w->out, "  \"%s\": ", key);
	values_print(&w->values, w->out, value, JSON_MEMBERS, 2);
	fputs(",\n", w->out);
	json_object_put(value);
}

static void open_list(struct writer *w, const char *key)
{
	fprintf(w->out, ",\n  \"%s\": [", key);
	w->n = 0;
}

/* Takes value. */
static void write_element(struct writer *w, struct json_object *value, enum json_layout layout)
{
	fputs(w->n++ ? ",\n    " : "\n    ", w->out);
	values_print(&w->values, w->out, value, layout, 4);
	json_object_put(value);
}

static void close_list(struct writer *w)
{
	fputs(w->n ? "\n  ]" : "]", w->out);
}

static void write_run(struct writer *w, const struct report *report,
                      const struct report_options *options)
{
	struct values *v = &w->values;

	fputs("{\n", w->out);
	write_key(w, "schema", values_text(v, REPORT_SCHEMA));
	write_key(w, "tool", json_tool(v, options));
	write_key(w, "site", json_site(v, report));
	write_key(w, "vantage", json_vantage(v, report));
	write_key(w, "packs", json_packs(v, report));
	write_key(w, "inputs", json_inputs(v, report));
	write_key(w, "capture", json_capture(v, report));
	fputs("  \"summary\": ", w->out);
	struct json_object *summary = json_summary(v, report);
	values_print(v, w->out, summary, JSON_MEMBERS, 2);
	json_object_put(summary);
}

static int write_json(FILE *out, const struct report *report, const struct report_options *options)
{
	struct writer w = { .out = out };

	write_run(&w, report, options);
	open_list(&w, "findings");
	for (size_t i = 0; i < report->n_findings && !ferror(out); i++)
		write_element(&w, json_finding(&w.values, report, report->findings[i], NULL),
		              JSON_MEMBERS);
	close_list(&w);
	open_list(&w, "coverage");
	for (size_t i = 0; i < report->n_coverage && !ferror(out); i++)
		write_element(&w, json_coverage(&w.values, report, &report->coverage[i], NULL),
		              JSON_SPACED);
	close_list(&w);
	if (options->flows != REPORT_NO_FLOWS) {
		open_list(&w, "flows");
		for (size_t i = 0; i < report->n_records && !ferror(out); i++)
			if (report_lists_flow(report->records[i], options))
				write_element(
				        &w, json_flow(&w.values, report, report->records[i], NULL),
				        JSON_SPACED);
		close_list(&w);
	}
	fputs("\n}\n", out);
	return report_finish(out, w.values.is_failed);
}

const struct report_format format_json = {
	.name = "json",
	.help = "the whole report as one JSON object (rules/report.schema.json)",
	.write = write_json,
};
