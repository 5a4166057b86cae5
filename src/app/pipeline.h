/* One run: frames to packets, packets to flows, flows to facts, facts to judgements. */
#ifndef PCAUDIT_APP_PIPELINE_H
#define PCAUDIT_APP_PIPELINE_H

#include "pcaudit/audit.h"
#include "pcaudit/capture.h"
#include "pcaudit/decode.h"
#include "pcaudit/detect.h"
#include "pcaudit/flow.h"

struct pipeline {
	struct source *source; /* NULL: frames come by pipeline_take() */
	const struct scope *scope;
	struct decode *decode;
	struct flow_tunnels *tunnels; /* of the table */
	struct flow_table *table;
	struct detect *detect;
	struct ledger *ledger;
	struct keys *keys;          /* takes the secrets that captures carry; may be NULL */
	uint64_t *secrets_taken;    /* per input; the pipeline's own */
	bool classify_all;          /* flows out of scope are classified too (--flows=all) */
	int64_t since_ns, until_ns; /* packets outside are left out; INT64_MIN, INT64_MAX: all */
	struct capture_summary summary;     /* filled while it runs */
	void (*progress)(uint64_t packets); /* every 65536 packets; may be NULL */
};

/* Runs to the end of the source and closes every flow. 0 or -errno. */
int pipeline_run(struct pipeline *pipeline);
/* The same by hand, where frames come from elsewhere: each of them, then once the end. 0 or -errno. */
int pipeline_take(struct pipeline *pipeline, const struct frame *frame);
int pipeline_finish(struct pipeline *pipeline);
/*
 * received equals the sum of what happened to packets (design: conservation). False is a bug in
 * this program, not in the capture, and is said as such.
 */
bool pipeline_is_balanced(const struct capture_summary *summary);

#endif
