/*
 * The whole program on one hostile capture: frames, packets, flows, facts, judgements, and every
 * format of the report. Every packet must be accounted for once, and a capture that ends in an
 * error must never pass.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "app/app.h"
#include "app/pipeline.h"
#include "pcaudit/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Loaded once: what is fuzzed here is the capture; packs and sites have targets of their own. */
static const struct scope *get_scope(void)
{
	static struct app_table table;
	struct err err = { "" };

	if (!table.scope)
		check(app_table_load(NULL, &table, NULL, 0, "rules/contoso.yaml", &err) == 0);
	return table.scope;
}

static void write_all(const struct report *report)
{
	struct report_options options = { .flows = REPORT_ALL_FLOWS,
		                          .version = "",
		                          .libpcap_version = "",
		                          .ndpi_version = "",
		                          .openssl_version = "" };
	_cleanup_(fclosep) FILE *out = fopen("/dev/null", "w");

	check(out != NULL);
	for (size_t i = 0; i < report_n_formats; i++)
		check(report_write(out, report_formats[i], report, &options) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_input input = { .fd = memfd_create("fuzz", MFD_CLOEXEC), .name = "fuzz" };
	struct detect_options detect = { .without_ndpi = true };
	struct ledger_options ledger = { .keep = KEEP_ALL_FLOWS, .fail_on = SEVERITY_WARNING };
	struct pipeline p = { .scope = get_scope(),
		              .classify_all = true,
		              .since_ns = INT64_MIN,
		              .until_ns = INT64_MAX };
	const struct report *report;
	struct err err = { "" };

	check(input.fd >= 0 && write(input.fd, data, size) == (ssize_t)size &&
	      lseek(input.fd, 0, SEEK_SET) == 0);
	int r = source_new(&p.source, &input, 1, NULL, &err);
	check(r >= 0);
	if (r > 0)
		return 0;
	check(decode_new(&p.decode, NULL) == 0 && flow_table_new(&p.table, NULL) == 0 &&
	      detect_new(&p.detect, &detect) == 0 && ledger_new(&p.ledger, p.scope, &ledger) == 0);
	check(pipeline_run(&p) == 0);
	check(pipeline_is_balanced(&p.summary));
	const struct input_info *info = source_get_input(p.source, 0);
	p.summary.inputs = &info;
	p.summary.n_inputs = 1;
	p.summary.is_truncated = info->is_truncated || info->error;
	check(ledger_report(p.ledger, &p.summary, &report) == 0);
	check(!p.summary.is_truncated || report->verdict != REPORT_PASS);
	write_all(report);
	ledger_free(p.ledger);
	detect_free(p.detect);
	flow_table_free(p.table);
	decode_free(p.decode);
	source_free(p.source);
	return 0;
}
