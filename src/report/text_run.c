/*
 * The head of the text report: at most a dozen lines of 80 columns, each with its word at the
 * left, in the order in which a reader asks. Lines that would only say "nothing" are left out, but
 * for what was lost and what was not judged: there, nothing is news.
 */
#include "report/priv.h"

#define HEAD_COLUMNS 80
#define LABEL_WIDTH  11

static void put_label(struct lines *lines, const char *label, const struct strbuf *text)
{
	struct lines narrow = *lines;
	char lead[LABEL_WIDTH + 1];

	narrow.width = MIN(lines->width, HEAD_COLUMNS);
	snprintf(lead, sizeof(lead), "%-*s", LABEL_WIDTH, label);
	lines_put(&narrow, INK_TITLE, lead, LABEL_WIDTH, strbuf_text(text));
	lines->is_failed |= narrow.is_failed || text->is_failed;
}

/* Adds "N word", after a comma if something stands before. */
static void add_count(struct strbuf *text, uint64_t n, const char *word)
{
	strbuf_add_format(text, "%s%llu %s", text->len ? ", " : "", (unsigned long long)n, word);
}

static void add_if(struct strbuf *text, uint64_t n, const char *word)
{
	if (n)
		add_count(text, n, word);
}

/* Adds the words of a count, after a comma if something stands before. */
static void add_words(struct strbuf *text, bool is_so, const char *words)
{
	if (is_so)
		strbuf_add_format(text, "%s%s", text->len ? ", " : "", words);
}

const char *report_bytes_text(uint64_t bytes, char buffer[32])
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB", "PB" };
	double value = (double)bytes;
	unsigned unit = 0;

	while (value >= 999.5 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1000;
		unit++;
	}
	snprintf(buffer, 32, unit && value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buffer;
}

/* ---- Lines of the head ----------------------------------------------------------------------- */

static void put_verdict(struct lines *lines, const struct report *report)
{
	static const struct {
		const char *lead;
		enum ink ink;
	} verdicts[] = {
		[REPORT_PASS] = { "PASS       ", INK_GOOD },
		[REPORT_FAIL] = { "FAIL       ", INK_ERROR },
		[REPORT_UNJUDGED] = { "UNJUDGED   ", INK_WARNING },
	};
	struct lines narrow = *lines;

	narrow.width = MIN(lines->width, HEAD_COLUMNS);
	lines_put(&narrow, verdicts[report->verdict].ink, verdicts[report->verdict].lead,
	          LABEL_WIDTH, report->verdict_why);
	lines->is_failed |= narrow.is_failed;
}

static void put_site(struct lines *lines, const struct report *report,
                     const struct report_options *options)
{
	const struct ruleset *ruleset = report->ruleset;
	struct strbuf text = STRBUF_INIT;

	if (ruleset->site)
		strbuf_add_format(&text, "%s (%s)", ruleset->site->name, ruleset->site->file);
	else
		strbuf_add(&text, "none: ports, protocols and protection were audited, source and "
		                  "destination were "
		                  "not, so no flow can be called compliant");
	for (size_t i = 0; i < ruleset->n_packs; i++)
		strbuf_add_format(&text, "%s %s %s", i ? "," : "; pack", ruleset->packs[i]->id,
		                  ruleset->packs[i]->version);
	if (report->vantage)
		strbuf_add_format(&text, "; vantage %s", report->vantage->name);
	if (options->sensor)
		strbuf_add_format(&text, "; sensor %s", options->sensor);
	put_label(lines, "Site", &text);
	strbuf_deinit(&text);
}

static void put_flows(struct lines *lines, const struct report *report)
{
	struct strbuf text = STRBUF_INIT;

	add_count(&text, report->flows[VERDICT_COMPLIANT], "compliant");
	add_count(&text, report->flows[VERDICT_VIOLATION], "in violation");
	add_count(&text, report->flows[VERDICT_BLOCKED], "blocked");
	add_count(&text, report->flows[VERDICT_UNJUDGED], "unjudged");
	add_count(&text, report->flows[VERDICT_OUT_OF_SCOPE], "out of scope");
	put_label(lines, "Flows", &text);
	strbuf_deinit(&text);
}

static void put_evidence(struct lines *lines, const struct report *report)
{
	const uint64_t *by = report->compliant_by_evidence;
	struct strbuf text = STRBUF_INIT;

	if (report->flows[VERDICT_COMPLIANT]) {
		add_if(&text, by[EVIDENCE_CONFIRMED], "read in clear");
		add_if(&text, by[EVIDENCE_CONSISTENT],
		       "by the envelope only (the inside is encrypted)");
		add_if(&text, by[EVIDENCE_INFERRED], "inferred from sizes");
		add_if(&text, by[EVIDENCE_HEADERS], "by headers only");
		add_if(&text, by[EVIDENCE_NONE] + by[EVIDENCE_CONTRADICTED], "without evidence");
		struct strbuf line = STRBUF_INIT;
		strbuf_add_format(&line, "of the compliant: %s", strbuf_text(&text));
		line.is_failed |= text.is_failed;
		put_label(lines, "Evidence", &line);
		strbuf_deinit(&line);
	}
	strbuf_deinit(&text);
}

static void put_read(struct lines *lines, const struct report *report,
                     const struct report_options *options)
{
	const struct capture_summary *c = &report->capture;
	char range[TIME_RANGE_SIZE], span[TIME_SPAN_SIZE], size[32];
	struct strbuf text = STRBUF_INIT;
	uint64_t bytes = 0;

	for (size_t i = 0; i < c->n_inputs; i++)
		bytes += c->inputs[i]->bytes;
	if (c->n_inputs == 1)
		strbuf_add(&text, c->inputs[0]->name);
	else
		strbuf_add_format(&text, "%zu files", c->n_inputs);
	strbuf_add_format(&text, ": %llu packet%s, %s", (unsigned long long)c->received,
	                  c->received == 1 ? "" : "s", report_bytes_text(bytes, size));
	add_if(&text, c->duplicate, "captured twice");
	if (c->received)
		strbuf_add_format(
		        &text, ", %s (%s)",
		        time_range_text(c->first_ns, c->last_ns, options->is_local_time, range),
		        time_span_text(c->last_ns - c->first_ns, span));
	put_label(lines, "Read", &text);
	strbuf_deinit(&text);
}

static void add_errors(struct strbuf *text, const struct capture_summary *c)
{
	for (size_t i = 0; i < c->n_inputs; i++)
		if (c->inputs[i]->error || c->inputs[i]->is_truncated)
			strbuf_add_format(text, "%s%s: %s", text->len ? ", " : "",
			                  c->inputs[i]->name,
			                  c->inputs[i]->error ? c->inputs[i]->error : "truncated");
}

/* Of the inputs, each once: a capture of none but these holds nothing for us. */
static void add_unread_links(struct strbuf *text, const struct capture_summary *c)
{
	uint16_t said[8];
	size_t n = 0;
	char word[24];

	for (size_t i = 0; i < c->n_inputs; i++)
		for (size_t j = 0; j < c->inputs[i]->n_link_types && n < ARRAY_SIZE(said); j++) {
			uint16_t link_type = c->inputs[i]->link_types[j];
			bool is_said = decode_reads_link_type(link_type);
			for (size_t k = 0; k < n; k++)
				is_said |= said[k] == link_type;
			if (is_said)
				continue;
			strbuf_add_format(text, "%s%s", n ? ", " : " (link layers: ",
			                  decode_link_type_word(link_type, word));
			said[n++] = link_type;
		}
	strbuf_add(text, n ? ")" : "");
}

static void put_lost(struct lines *lines, const struct report *report)
{
	const struct capture_summary *c = &report->capture;
	double sent = (double)c->lost_bytes + (double)c->tcp_payload_bytes;
	struct strbuf text = STRBUF_INIT;
	char size[32];

	add_errors(&text, c);
	add_words(&text, c->is_filtered, "packets a filter left out");
	add_words(&text, c->is_windowed, "packets outside the time window");
	if (c->lost_bytes)
		strbuf_add_format(&text, "%s%s of TCP data never seen (%.2g %%)",
		                  text.len ? ", " : "", report_bytes_text(c->lost_bytes, size),
		                  (double)c->lost_bytes * 100 / sent);
	add_if(&text, c->dropped_kernel + c->dropped_interface + c->dropped_ring,
	       "packets dropped while capturing");
	add_if(&text, c->dropped_table, "packets dropped for want of memory");
	add_if(&text, c->flows_evicted, "flows evicted for want of memory");
	add_if(&text, c->no_room, "flows not looked into for want of memory");
	add_if(&text, c->tunnels_no_room, "flows whose outer addresses found no room");
	add_if(&text, report->notes_dropped, "notes about other flows dropped for want of memory");
	add_if(&text, report->flows_not_waited,
	       "flows that waited for no note, for want of memory");
	add_if(&text, c->is_short, "packets cut before their ports");
	add_if(&text, c->invalid, "invalid packets");
	add_if(&text, c->unsupported, "packets of unsupported kinds");
	if (c->unsupported)
		add_unread_links(&text, c);
	add_if(&text, c->decode.fragments_given_up, "fragments never made whole");
	add_if(&text, c->doubles_forgotten, "packets forgotten before a double could come");
	if (!text.len)
		strbuf_add(&text, "nothing that shows: no gap in TCP, no packet dropped or cut");
	put_label(lines, "Lost", &text);
	strbuf_deinit(&text);
}

static void put_unjudged(struct lines *lines, const struct report *report)
{
	struct strbuf text = STRBUF_INIT;

	for (unsigned r = REASON_NONE + 1; r < N_REASONS; r++)
		if (report->unjudged_by_reason[r])
			strbuf_add_format(&text, "%s%llu %s", text.len ? ", " : "flows: ",
			                  (unsigned long long)report->unjudged_by_reason[r],
			                  reason_word((enum reason)r));
	uint64_t unjudged = report->rules_by_coverage[COVERAGE_UNJUDGED];
	uint64_t not_observable = report->rules_by_coverage[COVERAGE_NOT_OBSERVABLE];
	if (unjudged || not_observable)
		strbuf_add_format(&text, "%srules: %llu unjudged, %llu not observable here",
		                  text.len ? "; " : "", (unsigned long long)unjudged,
		                  (unsigned long long)not_observable);
	if (!text.len)
		strbuf_add(&text, "nothing: every flow in scope and every rule was judged");
	put_label(lines, "Not judged", &text);
	strbuf_deinit(&text);
}

static void put_rules(struct lines *lines, const struct report *report)
{
	const uint64_t *by = report->rules_by_coverage;
	struct strbuf text = STRBUF_INIT;

	add_count(&text, by[COVERAGE_OBSERVED], "observed");
	add_count(&text, by[COVERAGE_ATTEMPTED], "attempted");
	add_count(&text, by[COVERAGE_MISSING], "missing");
	add_count(&text, by[COVERAGE_NOT_EXPECTED] + by[COVERAGE_NOT_APPLICABLE], "not expected");
	put_label(lines, "Rules", &text);
	strbuf_deinit(&text);
}

static void put_findings(struct lines *lines, const struct report *report)
{
	const uint64_t *by = report->findings_by_severity;
	struct strbuf text = STRBUF_INIT;

	add_count(&text, by[SEVERITY_ERROR], by[SEVERITY_ERROR] == 1 ? "error" : "errors");
	add_count(&text, by[SEVERITY_WARNING], by[SEVERITY_WARNING] == 1 ? "warning" : "warnings");
	add_count(&text, by[SEVERITY_INFO], "info");
	add_if(&text, report->findings_accepted, "accepted");
	put_label(lines, "Findings", &text);
	strbuf_deinit(&text);
}

void text_run(struct lines *lines, const struct report *report,
              const struct report_options *options)
{
	put_verdict(lines, report);
	put_site(lines, report, options);
	put_flows(lines, report);
	put_evidence(lines, report);
	put_read(lines, report, options);
	put_lost(lines, report);
	put_unjudged(lines, report);
	put_rules(lines, report);
	put_findings(lines, report);
}
