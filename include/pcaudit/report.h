/*
 * Report: a finished struct report as a document (text, JSON), or events as lines for collectors
 * (NDJSON, ECS, EVE, OCSF, CEF), of which a finished report is one after the other. A format is a
 * file src/report/NAME.c and a line in src/report/meson.build. Lists are written as a stream, one
 * json-c object at a time, never held as a tree. Same report, same bytes.
 */
#ifndef PCAUDIT_REPORT_H
#define PCAUDIT_REPORT_H

#include <stdio.h>

#include "pcaudit/audit.h"

struct report_options {
	enum { REPORT_NO_FLOWS, REPORT_FLOWS_IN_SCOPE, REPORT_ALL_FLOWS } flows; /* list them */
	bool is_coloured;   /* text on a terminal */
	bool is_local_time; /* text only; JSON is always UTC */
	unsigned columns;   /* text: width, 60 to 100; 0: of the terminal, 100 where out is none */
	bool identities;    /* facts may hold the user part of addresses */
	const char *sensor; /* --sensor NAME, or NULL */
	const char *sandbox; /* layers that the process has given itself, and those it lacks; "", NULL: none */
	const char *version;      /* pcaudit's */
	const char *libpcap_version, *ndpi_version, *openssl_version;
};

/* What a line tells of. */
enum report_event_type {
	REPORT_EVENT_RUN,      /* which program, site, packs and captures, and the result */
	REPORT_EVENT_FINDING,
	REPORT_EVENT_COVERAGE, /* of one rule */
	REPORT_EVENT_FLOW,
	REPORT_EVENT_STATS,    /* the counters so far */
};

enum finding_step { FINDING_OPENED, FINDING_UPDATED, FINDING_CLOSED };

/* One thing to tell a collector, complete by itself. */
struct report_event {
	enum report_event_type type;
	enum finding_step step;      /* of a finding; those of a finished report are opened */
	int64_t time_ns;             /* a packet's time, as all of them */
	const struct report *report; /* always: rules, site, capture and counts */
	const struct finding *finding;       /* the one that type names, the others NULL */
	const struct coverage_row *coverage;
	const struct flow_record *flow;
};

struct report_format {
	const char *name;
	const char *help; /* one sentence */
	/* A whole report. 0, or -errno when out could not be written. NULL: the format is lines. */
	int (*write)(FILE *out, const struct report *report, const struct report_options *options);
	/*
	 * One event as one line with its LF, flushed by the caller; nothing at all if the format has no
	 * place for it. 0, or -ENOMEM with nothing written. NULL: the format is a document.
	 */
	int (*put_event)(FILE *out, const struct report_event *event,
			 const struct report_options *options);
};

/*
 * A finished report in this format; of lines: run, then findings, coverage and, if listed, flows.
 * Flushes. 0, or -errno when out could not be written.
 */
int report_write(FILE *out, const struct report_format *format, const struct report *report,
		 const struct report_options *options);

extern const struct report_format *const report_formats[];
extern const size_t report_n_formats;
const struct report_format *report_format_find(const char *name); /* NULL: no such format */

/* One flow as the JSON object of design section 6; a json_object of the caller's (json_object_put). */
struct json_object;
struct json_object *report_flow_json(const struct report *report, const struct flow_record *record,
				     const struct report_options *options);

/* Why a flow was judged as it was: all that `pcaudit explain` says. */
struct explanation {
	const struct report *report;
	const struct flow_record *record;
	const struct trial *trials; /* one per rule of the ruleset, in its order: judge_explain() */
	size_t n_trials;
	bool with_all;              /* list rules that differ in more than one condition too */
};
/* 0 or -errno, as report_format.write. */
int report_explain_text(FILE *out, const struct explanation *explanation, const struct report_options *options);
int report_explain_json(FILE *out, const struct explanation *explanation, const struct report_options *options);

/* What the program is made of, as text or JSON. 0 or -errno. */
int report_facts(FILE *out, bool is_json);     /* families, shared facts, each detector's facts */
int report_detectors(FILE *out, bool is_json);
int report_formats_list(FILE *out, bool is_json);

/* "2026-03-01T10:00:00.123456789Z" of UTC nanoseconds. */
const char *report_time_text(int64_t time_ns, char buffer[36]);
/* Community ID v1 of the flow's 5-tuple, seed 0 (Corelight's community-id-spec). */
const char *report_community_id(const struct flow *flow, char buffer[40]);

#endif
