/*
 * The truncation sweep. Every capture named is cut at each byte of its first 4 KiB, and after each
 * record; then it is made to start at each of its packets. Each is audited in this process:
 *
 *  - a cut inside a record is noticed (the input says truncated, or cannot be opened) and the
 *    report never says pass;
 *  - a cut between records adds no violation, and every flow that it still holds whole keeps the
 *    verdict that the whole capture gave it;
 *  - a late start only takes certainty away: each flow is judged as the whole capture judged it,
 *    by the same rule, or it is unjudged.
 *
 * usage: cuts SITE CAPTURE...
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "app/app.h"
#include "app/pipeline.h"
#include "pcaudit/sink.h"

#define FIRST_BYTES 4096

struct outcome {
	bool is_refused;   /* source_new() would not have it */
	bool is_truncated; /* said by the input */
	struct pipeline pipeline;
	const struct report *report;
};

static void outcome_deinit(struct outcome *o)
{
	ledger_free(o->pipeline.ledger);
	detect_free(o->pipeline.detect);
	flow_table_free(o->pipeline.table);
	decode_free(o->pipeline.decode);
	source_free(o->pipeline.source);
}

static int memory_file(struct bytes bytes)
{
	int fd = memfd_create("cut", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < bytes.len) {
		ssize_t n = write(fd, bytes.data + done, bytes.len - done);
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Audits these bytes as a capture; false if the machine failed. nDPI costs more than all else. */
static bool audit(struct outcome *o, const struct scope *scope, struct bytes bytes, bool with_ndpi)
{
	struct source_input input = { .fd = memory_file(bytes), .name = "cut" };
	struct detect_options detect = { .without_ndpi = !with_ndpi };
	struct ledger_options ledger = { .keep = KEEP_ALL_FLOWS, .fail_on = SEVERITY_WARNING };
	struct pipeline *p = &o->pipeline;
	struct err err = { "" };

	*o = (struct outcome){ .pipeline = { .scope = scope,
		                             .classify_all = true,
		                             .since_ns = INT64_MIN,
		                             .until_ns = INT64_MAX } };
	if (input.fd < 0)
		return false;
	int r = source_new(&p->source, &input, 1, NULL, &err);
	if (r > 0) {
		o->is_refused = true;
		return true;
	}
	if (r < 0 || decode_new(&p->decode, NULL) < 0 || flow_table_new(&p->table, NULL) < 0 ||
	    detect_new(&p->detect, &detect) < 0 || ledger_new(&p->ledger, scope, &ledger) < 0 ||
	    pipeline_run(p) < 0)
		return false;
	const struct input_info *info = source_get_input(p->source, 0);
	o->is_truncated = info->is_truncated || info->error;
	p->summary.is_truncated = o->is_truncated;
	if (!pipeline_is_balanced(&p->summary)) {
		fprintf(stderr, "packets received and accounted for differ\n");
		return false;
	}
	return ledger_report(p->ledger, &p->summary, &o->report) == 0;
}

static uint32_t read32(struct bytes bytes, size_t at, bool is_swapped)
{
	uint32_t value;

	memcpy(&value, bytes.data + at, 4);
	return is_swapped ? __builtin_bswap32(value) : value;
}

/* How the file is laid out. */
struct layout {
	bool is_ng, is_swapped;
	size_t boundary; /* where its first record or block after the header begins */
};

/* The offset after the record or block that begins at `at`; 0 past the last whole one. */
static size_t next_record(struct bytes file, size_t at, const struct layout *layout)
{
	size_t len = 0;

	if (layout->is_ng && at + 12 <= file.len)
		len = read32(file, at + 4, layout->is_swapped);
	else if (!layout->is_ng && at + 16 <= file.len)
		len = 16 + (size_t)read32(file, at + 8, layout->is_swapped);
	return len && at + len <= file.len ? at + len : 0;
}

static struct layout layout_of(struct bytes file)
{
	uint32_t magic = file.len >= 4 ? read32(file, 0, false) : 0;
	struct layout layout = { .is_ng = magic == 0x0a0d0d0a };

	layout.is_swapped = layout.is_ng ? read32(file, 8, false) == 0x4d3c2b1a
	                                 : magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
	layout.boundary = layout.is_ng ? next_record(file, 0, &layout) : 24;
	return layout;
}

static bool is_packet(struct bytes file, size_t at, const struct layout *layout)
{
	return !layout->is_ng || read32(file, at, layout->is_swapped) == 6;
}

static const struct flow_record *find_record(const struct report *report, const struct flow *flow)
{
	for (size_t i = 0; i < report->n_records; i++)
		if (report->records[i]->flow.number == flow->number)
			return report->records[i];
	return NULL;
}

static uint64_t packets_of(const struct flow *flow)
{
	return flow->packets[0] + flow->packets[1];
}

static unsigned check_between(const char *name, size_t at, const struct report *whole,
                              const struct report *cut)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < cut->n_records; i++) {
		const struct flow_record *now = cut->records[i];
		const struct flow_record *then = find_record(whole, &now->flow);
		if (!then) {
			fprintf(stderr, "%s cut at %zu: flow 1:%llu is new\n", name, at,
			        (unsigned long long)now->flow.number);
			wrong++;
			continue;
		}
		bool is_added = now->assessment.verdict == VERDICT_VIOLATION &&
		                then->assessment.verdict != VERDICT_VIOLATION;
		bool is_whole = packets_of(&now->flow) == packets_of(&then->flow) &&
		                now->assessment.state == then->assessment.state;
		bool is_changed = is_whole && now->assessment.verdict != then->assessment.verdict;
		if (!is_added && !is_changed)
			continue;
		wrong++;
		fprintf(stderr, "%s cut at %zu: flow 1:%llu is %s %s, of the whole capture %s %s\n",
		        name, at, (unsigned long long)now->flow.number,
		        verdict_word(now->assessment.verdict), kind_word(now->assessment.kind),
		        verdict_word(then->assessment.verdict), kind_word(then->assessment.kind));
	}
	return wrong;
}

static unsigned check_cut(const char *name, const struct scope *scope, struct bytes file, size_t at,
                          bool is_inside, const struct report *whole)
{
	struct outcome o;
	unsigned wrong = 0;

	if (!audit(&o, scope, BYTES(file.data, at), false)) {
		fprintf(stderr, "%s cut at %zu: could not be audited\n", name, at);
		wrong++;
	} else if (is_inside && !o.is_refused &&
	           (!o.is_truncated || o.report->verdict == REPORT_PASS)) {
		fprintf(stderr, "%s cut at %zu, inside a record: truncated %d, verdict %s\n", name,
		        at, o.is_truncated, report_verdict_word(o.report->verdict));
		wrong++;
	} else if (!is_inside && (o.is_refused || o.is_truncated)) {
		fprintf(stderr, "%s cut at %zu, between records: called truncated\n", name, at);
		wrong++;
	} else if (!is_inside) {
		wrong += check_between(name, at, whole, o.report);
	}
	outcome_deinit(&o);
	return wrong;
}

/* ---- Starts --------------------------------------------------------------------------------- */

static bool is_same_end(const struct flow *a, unsigned side_a, const struct flow *b,
                        unsigned side_b)
{
	return a->port[side_a] == b->port[side_b] && addr_equal(&a->addr[side_a], &b->addr[side_b]);
}

/* Who opened it may be less well known, so the ends are in no order. */
static bool is_same_tuple(const struct flow *a, const struct flow *b)
{
	return a->transport == b->transport &&
	       ((is_same_end(a, 0, b, 0) && is_same_end(a, 1, b, 1)) ||
	        (is_same_end(a, 0, b, 1) && is_same_end(a, 1, b, 0)));
}

static bool is_same_judgement(const struct assessment *a, const struct assessment *b)
{
	return a->verdict == b->verdict && a->kind == b->kind && a->rule == b->rule;
}

static unsigned check_start(const char *name, size_t start, const struct report *whole,
                            const struct report *late)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < late->n_records; i++) {
		const struct flow_record *now = late->records[i], *then = NULL;
		bool is_known = now->assessment.verdict == VERDICT_UNJUDGED ||
		                now->assessment.verdict == VERDICT_OUT_OF_SCOPE;
		for (size_t j = 0; j < whole->n_records && !is_known; j++) {
			if (!is_same_tuple(&now->flow, &whole->records[j]->flow))
				continue;
			then = whole->records[j];
			is_known = is_same_judgement(&now->assessment, &then->assessment);
		}
		if (is_known)
			continue;
		wrong++;
		fprintf(stderr,
		        "%s from packet %zu: flow at %llu is %s %s %d, of the whole capture %s %s "
		        "%d\n",
		        name, start + 1, (unsigned long long)(now->flow.number + start),
		        verdict_word(now->assessment.verdict), kind_word(now->assessment.kind),
		        now->assessment.rule, then ? verdict_word(then->assessment.verdict) : "-",
		        then ? kind_word(then->assessment.kind) : "-",
		        then ? then->assessment.rule : -1);
	}
	return wrong;
}

static unsigned sweep_starts(const char *name, const struct scope *scope, struct bytes file,
                             const struct layout *layout, const struct report *whole,
                             unsigned *n_starts)
{
	_cleanup_(freep) uint8_t *late = malloc(file.len);
	size_t len = layout->boundary;
	unsigned wrong = 0;

	if (!late)
		return 1;
	memcpy(late, file.data, len);
	for (size_t at = len, next, k = 0; (next = next_record(file, at, layout)); at = next) {
		if (!is_packet(file, at, layout)) { /* interfaces, and what else packets need */
			memcpy(late + len, file.data + at, next - at);
			len += next - at;
			continue;
		}
		memcpy(late + len, file.data + next, file.len - next);
		struct outcome o;
		k++;
		if (!audit(&o, scope, BYTES(late, len + file.len - next), true) || o.is_refused ||
		    o.is_truncated) {
			fprintf(stderr, "%s from packet %zu: could not be audited\n", name, k + 1);
			wrong++;
		} else {
			wrong += check_start(name, k, whole, o.report);
		}
		outcome_deinit(&o);
		(*n_starts)++;
	}
	return wrong;
}

/* ---- Everything ----------------------------------------------------------------------------- */

static unsigned sweep(const char *name, const struct scope *scope, struct bytes file,
                      unsigned *n_cuts, unsigned *n_starts)
{
	struct layout layout = layout_of(file);
	size_t boundary = layout.boundary;
	struct outcome whole;
	unsigned wrong = 0;

	if (!audit(&whole, scope, file, false) || whole.is_refused || whole.is_truncated) {
		fprintf(stderr, "%s: the whole capture could not be audited\n", name);
		outcome_deinit(&whole);
		return 1;
	}
	for (size_t at = 1; at < boundary; at++, (*n_cuts)++)
		wrong += check_cut(name, scope, file, at, true, whole.report);
	for (size_t next; boundary < file.len; boundary = next) {
		wrong += check_cut(name, scope, file, boundary, false, whole.report);
		(*n_cuts)++;
		next = next_record(file, boundary, &layout);
		if (!next)
			break;
		for (size_t at = boundary + 1; at < next && at <= FIRST_BYTES; at++, (*n_cuts)++)
			wrong += check_cut(name, scope, file, at, true, whole.report);
		if (next > FIRST_BYTES && next - 1 > boundary) {
			wrong += check_cut(name, scope, file, next - 1, true, whole.report);
			(*n_cuts)++;
		}
	}
	wrong += sweep_starts(name, scope, file, &layout, whole.report, n_starts);
	outcome_deinit(&whole);
	return wrong;
}

int main(int argc, char **argv)
{
	struct app_table table = { 0 };
	struct err err = { "" };
	unsigned wrong = 0, n_cuts = 0, n_starts = 0;

	if (argc < 3 || app_table_load(NULL, &table, NULL, 0, argv[1], &err) != 0) {
		fprintf(stderr, "cuts: %s\n", argc < 3 ? "usage: cuts SITE CAPTURE..." : err.text);
		app_table_deinit(&table);
		return 1;
	}
	for (int i = 2; i < argc; i++) {
		struct bytes file = { 0 };
		if (sink_read_file(NULL, &file, argv[i], 1 << 26, &err) < 0) {
			fprintf(stderr, "cuts: %s\n", err.text);
			wrong++;
			continue;
		}
		wrong += sweep(argv[i], table.scope, file, &n_cuts, &n_starts);
		free((void *)file.data);
	}
	app_table_deinit(&table);
	printf("%u cuts, %u starts, %u wrong\n", n_cuts, n_starts, wrong);
	return wrong || n_cuts == 0 || n_starts == 0;
}
