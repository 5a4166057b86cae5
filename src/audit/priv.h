/* What the files of audit share: a flow seen from its opener, and how a rule's headers meet it. */
#ifndef PCAUDIT_AUDIT_PRIV_H
#define PCAUDIT_AUDIT_PRIV_H

#include "pcaudit/audit.h"
#include "pcaudit/crypto.h"

/* Ports wider than this are a media or client range: never near, never narrow. */
#define WIDE_RANGE_PORTS 1024u

/* A flow's headers, opener first. */
struct headers {
	const struct scope *scope;
	const struct party *src, *dst;
	uint16_t src_port, dst_port;
	uint16_t dst_port_mapped; /* what a VIP maps dst_port to; dst_port if it does not */
	uint8_t transport;
	int64_t time_ns;
};

void headers_of(struct headers *out, const struct scope *scope, const struct flow *flow,
                const struct party parties[2], unsigned src_side);

/*
 * Which header conditions of the rule do not hold: a set of 1 << enum condition, 0 if it fits.
 * as_printed: read an end printed Any as Any, although the pack narrows it.
 */
unsigned match_failures(unsigned rule, const struct headers *headers, bool as_printed);
bool match_fits(unsigned rule, const struct headers *headers);
/* The same flow with its ends exchanged. */
struct headers headers_swapped(const struct headers *headers);
/* The single port of the rule that the flow used, or 0 if it fits by a range. */
uint16_t match_single_port(const struct rule *rule, const struct headers *headers);
/* Number of ports of the widest range. */
unsigned rule_port_width(const struct rule *rule);
/* True if a is to be named before b: exact role, set, any; single port, narrow, wide; pack, site.
 */
bool rule_is_more_specific(const struct ruleset *ruleset, unsigned a, unsigned b);
/* The opener's side, and how it is known, after the documented ports were asked. */
unsigned match_opener(const struct scope *scope, const struct flow *flow,
                      const struct party parties[2], enum opener *how);

/* What `any` and an unstated end mean opposite an end: a set of zones. */
uint8_t scope_opposite_zones(const struct scope *scope, unsigned rule, bool opposite_to);

/* Candidates by port: rules that could fit a flow with this port at either end. */
struct port_index;
int port_index_new(struct port_index **out, const struct ruleset *ruleset);
struct port_index *port_index_free(struct port_index *index);
/* Borrowed list of rule indices, ascending. */
const uint16_t *port_index_get(const struct port_index *index, uint16_t port, size_t *n);
const struct port_index *scope_get_port_index(const struct scope *scope);

/* How a rule's protocol and security meet the facts. */
enum outcome { OUTCOME_KEPT, OUTCOME_UNJUDGED, OUTCOME_WRONG_SECURITY, OUTCOME_WRONG_PROTOCOL };
struct content {
	enum outcome outcome;
	enum reason reason;
	enum evidence evidence, security_evidence;
	uint32_t notes;
};
void content_judge(struct content *out, const struct ruleset_rule *rule,
                   const struct judge_context *context, const struct flow *flow,
                   const struct facts *facts, unsigned src);
/* The rules that a flow's headers fit and that are asked about its content. */
#define MAX_FITS 64
struct fits {
	uint16_t rules[MAX_FITS];
	unsigned n;
};
void find_fits(struct fits *fits, const struct scope *scope, const struct headers *h,
               const struct facts *facts);
/* True if *out replaces the facts: what a flow that goes on after a pause was before it. */
bool judge_recall(struct facts *out, const struct flow *flow, const struct facts *facts);
/* The best evidence a rule can have without keys. */
enum evidence content_best(const struct rule *rule);

/* Severity of a finding before `accept`. */
enum severity severity_of(const struct ruleset *ruleset, const struct assessment *assessment,
                          uint8_t transport);
enum severity severity_of_note(const struct ruleset *ruleset, enum note_code note, int rule);
/* The site's word on it: per rule, then per kind, else otherwise. */
enum severity severity_by_site(const struct ruleset *ruleset, int rule, enum kind kind,
                               enum severity otherwise);

/* Does a party play this end (roles and prefixes of an accept or allow)? An empty end is played by
 * all. */
bool end_is_played(const struct scope *scope, const struct rule_end *end,
                   const struct party *party);

/* names.c: what a certificate says its holder is called, as far as it was seen. */
struct certificate {
	struct bytes names[CERT_MAX_NAMES]; /* of the facts */
	unsigned n_names;
	bool is_seen;
	bool is_cut; /* there may be more */
};
void certificate_read(struct certificate *out, const struct facts *facts, bool of_server);
/* The site's entry for this host alone, with a name that a certificate could hold; NULL: none. */
const struct site_host *names_of(const struct site *site, const struct addr *addr);
/* Does a name of a certificate stand for this host? A wildcard is a whole label. */
bool name_is_presented(struct bytes presented, const char *host);
/* True if the site names the address, all of the certificate is known, and no name is the host's. */
bool certificate_is_foreign(const struct site *site, const struct facts *facts, bool of_server,
                            const struct addr *addr);

/* Windows of `expect: within`, kept as a set of window numbers. */
struct window_set {
	int64_t *numbers; /* ascending, unique once sorted */
	size_t n, size;
	bool is_failed;
};
void window_add(struct window_set *set, const struct expect_window *window, int64_t first_ns,
                int64_t last_ns);
/* How many whole windows between the times were due, and how many of them have no flow. */
void window_count(struct window_set *set, const struct expect_window *window, int64_t first_ns,
                  int64_t last_ns, uint64_t *due, uint64_t *empty);
void window_deinit(struct window_set *set);

/* Hosts seen that play the same roles. */
struct seen_host {
	struct role_set playing;
	uint8_t zones;
	struct addr addr;
	bool is_several; /* more than one such host */
};

/* notes.c: places (address and port) that flows name for others, joined by packet time. */
struct place;
struct places {
	struct place *slots; /* open addressing; size is a power of two */
	size_t n, size, max;
	uint64_t n_dropped; /* beyond max */
};

/* max: how many are kept. */
void places_init(struct places *places, size_t max);
void places_deinit(struct places *places);
/* NOTE_MEDIA and NOTE_RPC. site may be NULL. 0 or -ENOMEM. */
int places_add(struct places *places, const struct site *site, const struct note *note);

/* Could a place that another flow names change what this flow is? */
bool places_may_tell(const struct flow *flow);

/* What stood there before a join. */
struct unjoined {
	struct facts facts;
	uint8_t opener, opener_how;
};
enum { PLACES_JOINED = 1 };
/*
 * PLACES_JOINED: the facts say what the note makes of them, and *before is what to go back to. 0:
 * nothing was said of this flow. -ENOMEM.
 */
int places_join(const struct places *places, const struct site *site, struct flow *flow,
                struct unjoined *before);
/* The slots as they were; that it was announced stays stated. */
void places_part(struct flow *flow, const struct unjoined *before);

/* Per rule, while flows are put. */
struct rule_stats {
	uint64_t kept, blocked, unjudged, broken;
	enum reason unjudged_reason; /* the lowest seen */
	int64_t first_ns, last_ns;
	struct window_set windows;
};

/* Flows out of scope, by what their ends are. */
struct foreign {
	struct role_set src, dst;
	uint8_t src_zones, dst_zones;
	bool src_wildcard, dst_wildcard;
	uint64_t flows, packets, bytes;
};

struct ledger {
	const struct scope *scope;
	const struct ruleset *ruleset;
	struct ledger_options options;
	struct report report;
	struct site_vantage vantage; /* what the vantages named see together */
	struct rule_stats *stats;    /* one per rule */
	uint64_t n_named; /* compliant flows of which an end has an address in the site */
	struct role_set seen;        /* roles of which a packet was seen */
	struct seen_host *hosts;     /* one per distinct set of roles seen */
	size_t n_hosts, hosts_size;
	bool *seen_entries;               /* per site address: a packet of it was seen */
	struct finding **findings;        /* open addressing by key */
	size_t n_findings, findings_size; /* size is a power of two */
	struct flow_record **pending;     /* flows that a note could change, judged at the end */
	size_t n_pending, pending_size;
	struct flow_record **records;
	size_t records_size;
	struct note *sessions; /* open addressing by session */
	size_t n_sessions, sessions_size;
	struct places places;
	struct foreign *foreign;
	size_t n_foreign, foreign_size;
	bool *accept_used, *allow_used; /* per site entry */
	struct flow_record
	        *closing; /* the record of the flow being accounted, made when first wanted */
};

/* The finding of this key, made if new; NULL without memory. */
struct finding *ledger_finding(struct ledger *ledger, const struct finding_key *key);
/* The first accept entry that covers a finding of this kind and rule between these ends. */
const struct site_accept *ledger_accept(struct ledger *ledger, enum kind kind, int rule,
                                        const struct party *src, const struct party *dst,
                                        int64_t time_ns);

/* coverage.c: fills report.coverage and adds missing findings. */
int coverage_decide(struct ledger *ledger);

/* finding_text.c: why, remedy, expected, observed of one finding. */
int finding_write(struct finding *finding, const struct ledger *ledger);

#endif
