/*
 * The report as lines of JSON, for tools that take one object at a time: first `run` with all that
 * is said once, then each finding, row of coverage and flow. The objects are those of json.c with
 * their `type` before all other keys.
 */
#include "report/priv.h"

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

static struct json_object *stats_object(struct values *values, const struct report_event *event)
{
	struct json_object *stats = values_object(values);

	values_put_text(values, stats, "type", "stats");
	values_put_time(values, stats, "time", true, event->time_ns);
	values_put(values, stats, "capture", json_capture(values, event->report));
	values_put(values, stats, "summary", json_summary(values, event->report));
	return stats;
}

static struct json_object *event_object(struct values *values, const struct report_event *event,
                                        const struct report_options *options)
{
	static const char *const finding_types[] = { [FINDING_OPENED] = "finding",
		                                     [FINDING_UPDATED] = "finding-updated",
		                                     [FINDING_CLOSED] = "finding-closed" };
	const struct report *report = event->report;

	switch (event->type) {
	case REPORT_EVENT_FINDING:
		return json_finding(values, report, event->finding, finding_types[event->step]);
	case REPORT_EVENT_COVERAGE:
		return json_coverage(values, report, event->coverage, "coverage");
	case REPORT_EVENT_FLOW:
		return json_flow(values, report, event->flow, "flow");
	case REPORT_EVENT_STATS:
		return stats_object(values, event);
	case REPORT_EVENT_RUN:
		break;
	}
	return run_object(values, report, options);
}

static int put_ndjson(FILE *out, const struct report_event *event,
                      const struct report_options *options)
{
	struct values values = { 0 };

	return values_put_line(&values, out, event_object(&values, event, options));
}

const struct report_format format_ndjson = {
	.name = "ndjson",
	.help = "the same objects, one per line: run, finding, coverage, flow",
	.put_event = put_ndjson,
};
