/* What the files of report share. */
#ifndef PCAUDIT_REPORT_PRIV_H
#define PCAUDIT_REPORT_PRIV_H

#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "pcaudit/base/strbuf.h"
#include "pcaudit/report.h"

#define REPORT_SCHEMA "pcaudit.report/1"

/* ---- words.c: what every format says alike --------------------------------------------------- */

/* NULL for -1. */
const struct rule *report_rule(const struct report *report, int rule);
/* The rule is named because it came nearest, not because its headers fit. */
bool finding_is_nearest(const struct finding *finding);
const char *finding_title(const struct report *report, const struct finding *finding);
/* What expected and observed speak of: a condition's word, "answer", "feature", "flow" or "note".
 */
const char *finding_field(const struct finding *finding);
/* The site entry of that end, if it is that end's; NULL: none. */
const struct site_address *finding_entry(const struct finding *finding, bool of_responder);
/* That end of the first example; NULL: there is none. */
const struct party *finding_party(const struct finding *finding, bool of_responder);
const char *site_host_name(const struct site *site, const struct addr *addr);
const char *flow_protocol(const struct flow_record *record);
const char *flow_security(const struct flow_record *record);
bool flow_has_ports(const struct flow *flow);
bool report_lists_flow(const struct flow_record *record, const struct report_options *options);
/* Flushes. 0, or -errno of the output, or -ENOMEM if is_failed. */
int report_finish(FILE *out, bool is_failed);

/* ---- time.c ---------------------------------------------------------------------------------- */

#define TIME_PERSON_SIZE 48
#define TIME_SPAN_SIZE   48
#define TIME_RANGE_SIZE  96

/* "2027-03-31", UTC. */
const char *time_date_text(int64_t time_ns, char buffer[16]);
/* "2026-03-01 10:00:00 to 10:05:00 UTC": the second date only where it differs; or in local time.
 */
const char *time_range_text(int64_t first_ns, int64_t last_ns, bool is_local,
                            char buffer[TIME_RANGE_SIZE]);
/* "2026-03-01 10:00:00 UTC", or local time with its zone. */
const char *time_person_text(int64_t time_ns, bool is_local, char buffer[TIME_PERSON_SIZE]);
/* "13.1 s", "2 min 5 s", "3 h 20 min", "4 d 2 h". */
const char *time_span_text(int64_t span_ns, char buffer[TIME_SPAN_SIZE]);

/* ---- filter.c -------------------------------------------------------------------------------- */

/* Adds nothing if the finding has no examples. */
void filter_of_finding(struct strbuf *out, const struct finding *finding);

/* ---- tunnel.c -------------------------------------------------------------------------------- */

struct values;

/* What carried the flow: a list, or null. */
void json_put_tunnels(struct values *values, struct json_object *object, const char *key,
                      const struct report *report, const struct flow *flow);
/* "vxlan 5001 192.0.2.1:49152 -> 192.0.2.2:4789", outermost first. False: no tunnel, no text. */
bool tunnels_add_text(struct strbuf *text, const struct report *report, const struct flow *flow);

/* ---- json_values.c: json-c, with failures remembered ------------------------------------------
 */

/* One per output. Every function takes NULL objects for what they are: no memory. */
struct values {
	bool is_failed;
};

struct json_object *values_object(struct values *values);
struct json_object *values_array(struct values *values);
/* Text of ours or the user's: kept if it is UTF-8, else escaped as wire text is. */
struct json_object *values_text(struct values *values, const char *text);
struct json_object *values_number(struct values *values, uint64_t number);
/* Each takes value. */
void values_put(struct values *values, struct json_object *object, const char *key,
                struct json_object *value);
void values_append(struct values *values, struct json_object *array, struct json_object *value);
void values_put_null(struct values *values, struct json_object *object, const char *key);
void values_put_text(struct values *values, struct json_object *object, const char *key,
                     const char *text); /* NULL: null */
void values_put_known(struct values *values, struct json_object *object, const char *key,
                      const char *text); /* NULL or "": not put */
void values_put_wire(struct values *values, struct json_object *object, const char *key,
                     struct bytes text);
void values_put_number(struct values *values, struct json_object *object, const char *key,
                       uint64_t number);
void values_put_signed(struct values *values, struct json_object *object, const char *key,
                       int64_t number);
void values_put_bool(struct values *values, struct json_object *object, const char *key,
                     bool value);
void values_put_time(struct values *values, struct json_object *object, const char *key,
                     bool is_known, int64_t time_ns);
void values_put_digest(struct values *values, struct json_object *object, const char *key,
                       const uint8_t sha256[32]); /* NULL: null */

enum json_layout {
	JSON_ONE_LINE, /* ndjson */
	JSON_SPACED,   /* one line, with blanks to read it by */
	JSON_MEMBERS,  /* a member per line, lists of objects an object per line */
};
/* Prints object, whose first line is already indented and whose next lines are by `indent` blanks.
 */
void values_print(struct values *values, FILE *out, struct json_object *object,
                  enum json_layout layout, unsigned indent);
/* A whole line, or nothing and -ENOMEM if anything has failed. Takes object. */
int values_put_line(struct values *values, FILE *out, struct json_object *object);

/* ---- Objects: the caller's ------------------------------------------------------------------- */

struct json_object *json_tool(struct values *values, const struct report_options *options);
struct json_object *json_site(struct values *values,
                              const struct report *report); /* may be JSON null: check is_failed */
struct json_object *json_vantage(struct values *values, const struct report *report); /* the same */
struct json_object *json_packs(struct values *values, const struct report *report);
struct json_object *json_inputs(struct values *values, const struct report *report);
struct json_object *json_capture(struct values *values, const struct report *report);
struct json_object *json_summary(struct values *values, const struct report *report);
/* type, if not NULL, becomes the first key. */
struct json_object *json_finding(struct values *values, const struct report *report,
                                 const struct finding *finding, const char *type);
struct json_object *json_coverage(struct values *values, const struct report *report,
                                  const struct coverage_row *row, const char *type);
struct json_object *json_flow(struct values *values, const struct report *report,
                              const struct flow_record *record, const char *type);
/* The short form, for examples. */
struct json_object *json_example(struct values *values, const struct report *report,
                                 const struct flow_record *record);
struct json_object *json_roles(struct values *values, const struct ruleset *ruleset,
                               const struct role_set *roles);
struct json_object *json_fact_value(struct values *values, const struct fact *fact);
const struct document *pack_document(const struct pack *pack, const char *id); /* or NULL */
void json_put_accepted(struct values *values, struct json_object *object,
                       const struct site_accept *accept);
/* is_whole: with title, address and cells. */
struct json_object *json_cites(struct values *values, const struct report *report, int rule,
                               bool is_whole);

/* ---- event.c: what the formats of lines say alike -------------------------------------------- */

/* The flow it is about: of a finding the first example; NULL: none. */
const struct flow_record *event_flow(const struct report_event *event);
const struct rule *event_rule(const struct report_event *event); /* NULL: none */
const struct pack *event_pack(const struct report_event *event); /* NULL: no rule, or the site's */
/* First and last packet of its flows, or of the capture. False: there are none. */
bool event_span(const struct report_event *event, int64_t *first_ns, int64_t *last_ns);
/* What the rule's i-th citation cites; NULL: nothing that the pack names. */
const struct document *event_document(const struct report_event *event, size_t i);

/* A sentence for people: "wrong-port: Client to ...". */
void event_message(struct strbuf *out, const struct report_event *event);

/* It is to be acted on: not accepted, and more than info. */
bool finding_alerts(const struct finding *finding);
const char *finding_word(const struct finding *finding);       /* its kind, or which note */
const char *finding_class_word(const struct finding *finding); /* violation blocked missing note */
/* "wrong-port:fe-sip-server", or the word alone: the same for all findings that mean the same. */
#define SIGNATURE_SIZE 192
const char *finding_signature(const struct report *report, const struct finding *finding,
                              char buffer[SIGNATURE_SIZE]);

#define FLOW_NO_VLAN 0xffff
/* The flow's name in every format, the same in every run over its packets. */
uint64_t flow_hash(const struct flow *flow);
const char *flow_hash_text(const struct flow *flow, char buffer[17]);
/* It ended within the capture: closed, reset, or idle for long enough. */
bool flow_is_over(const struct flow_record *record);
bool flow_is_ipv4(const struct flow *flow);
enum flow_direction {
	FLOW_DIRECTION_UNKNOWN,
	FLOW_INBOUND,
	FLOW_OUTBOUND,
	FLOW_INTERNAL,
	FLOW_EXTERNAL,
};
/* Across the site's perimeter; the perimeter network is the site's. */
enum flow_direction flow_direction(const struct report *report, const struct flow_record *record);
const char *flow_direction_word(enum flow_direction direction);
const struct fact *flow_fact(const struct flow_record *record, const char *name); /* or NULL */
/* Puts it if it was stated; says whether. */
bool flow_put_fact(struct values *values, struct json_object *object, const char *key,
                   const struct flow_record *record, const char *name);
bool flow_has_tls(const struct flow_record *record); /* a TLS or DTLS hello was read */
const char *flow_capture_name(const struct report *report, const struct flow *flow); /* or NULL */

/* ---- lines.c: text for a terminal ------------------------------------------------------------ */

enum ink { INK_PLAIN, INK_ERROR, INK_WARNING, INK_INFO, INK_GOOD, INK_TITLE, INK_DIM };

struct lines {
	FILE *out;
	unsigned width;
	bool is_coloured;
	bool is_failed;
};

#define LINES_MAX_WIDTH 100
#define LINES_MIN_WIDTH 60

void lines_init(struct lines *lines, FILE *out, const struct report_options *options);
/* Text that cannot move a cursor: what strbuf_add_wire_text() does, but for backslashes. */
void lines_add_safe(struct strbuf *out, const char *text);
/* Columns that text takes, as far as one code point is one column. */
size_t lines_columns(const char *text);
/*
 * Prints `lead` in an ink, then text, broken at blanks so that no line is wider than width; lines
 * after the first are indented. lead counts with its columns.
 */
void lines_put(struct lines *lines, enum ink ink, const char *lead, unsigned indent,
               const char *text);
/* The same, all in one ink. */
void lines_put_all(struct lines *lines, enum ink ink, unsigned indent, const char *text);
void lines_blank(struct lines *lines);
/* As many whole sentences of text as fit into columns, and at least the first. */
void lines_add_sentences(struct strbuf *out, const char *text, size_t columns);
/* Text, or as many words of it as fit into columns with "..." behind them. */
void lines_add_cut(struct strbuf *out, const char *text, size_t columns);
enum ink ink_of_severity(enum severity severity);

/* ---- The parts of the text report ------------------------------------------------------------ */

/* "512 bytes", "12 kB", "3.4 GB". */
const char *report_bytes_text(uint64_t bytes, char buffer[32]);
void text_run(struct lines *lines, const struct report *report,
              const struct report_options *options);
void text_findings(struct lines *lines, const struct report *report);
void text_coverage(struct lines *lines, const struct report *report);
void text_out_of_scope(struct lines *lines, const struct report *report);

#endif
