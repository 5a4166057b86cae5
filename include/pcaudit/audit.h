/*
 * Audit: flows and rules to judgements, and judgements to findings and coverage. Pure: no packets,
 * JSON, clocks or files; the same flows and rules give the same report. Tested with flows written
 * by hand.
 *
 *	scope    who plays which role, and whether a flow concerns us (scope.c)
 *	match    which rules a flow's headers fit, and where the others differ (match.c)
 *	judge    one flow to one assessment (judge.c)
 *	ledger   assessments to findings and coverage (ledger.c, coverage.c)
 */
#ifndef PCAUDIT_AUDIT_H
#define PCAUDIT_AUDIT_H

#include "pcaudit/detect.h"
#include "pcaudit/flow.h"
#include "pcaudit/rules.h"

/* ---- Words ---------------------------------------------------------------------------------- */

enum verdict {
	VERDICT_OUT_OF_SCOPE,
	VERDICT_COMPLIANT,
	VERDICT_UNJUDGED,
	VERDICT_BLOCKED,
	VERDICT_VIOLATION,
	N_VERDICTS
};
const char *verdict_word(enum verdict verdict);

enum kind {
	KIND_NONE,
	/* violation */
	KIND_WRONG_DIRECTION,
	KIND_WRONG_TRANSPORT,
	KIND_WRONG_PORT,
	KIND_WRONG_SOURCE,
	KIND_WRONG_DESTINATION,
	KIND_WRONG_PROTOCOL,
	KIND_WRONG_SECURITY,
	KIND_FEATURE_OFF,
	KIND_UNDOCUMENTED,
	/* blocked */
	KIND_UNANSWERED,
	KIND_REFUSED,
	KIND_REJECTED,
	KIND_HANDSHAKE_REFUSED,
	/* others */
	KIND_MISSING,
	KIND_NOTE,
	N_KINDS
};
const char *kind_word(enum kind kind);
bool kind_is_violation(enum kind kind);
bool kind_is_blocked(enum kind kind);

/* Why a flow is unjudged, or a rule's coverage is what it is. The first ones are enum doubt's. */
enum reason {
	REASON_NONE = DOUBT_NONE,
	/* enum doubt ... */
	REASON_NO_SITE = N_DOUBTS,   /* no site file: source and destination were not audited */
	REASON_NO_ANSWER_YET,        /* tried, and too little seen to say that no answer came */
	REASON_EVICTED,              /* the flow table had no room */
	N_REASONS
};
const char *reason_word(enum reason reason);
const char *reason_sentence(enum reason reason); /* for people, without a full stop */

/* What is true and worth knowing of a flow that keeps its rule; a set, 1 << note. */
enum note_code {
	NOTE_CODE_CLEAR_TEXT,        /* SIP or XMPP in clear where the table prints bare TCP */
	NOTE_CODE_TLS_UNASKED,       /* TLS where the rule wants none */
	NOTE_CODE_OLD_TLS,           /* below TLS 1.2: warning */
	NOTE_CODE_WEAK_SUITE,        /* warning */
	NOTE_CODE_CERTIFICATE_NOT_VISIBLE, /* TLS 1.3 hides the client certificate, probably none: warning */
	NOTE_CODE_CERTIFICATE_NAME,  /* the server's certificate holds no name the site gives its host */
	NOTE_CODE_CLIENT_CERTIFICATE_NAME,
	NOTE_CODE_ACCEPT_UNUSED,     /* of the site, not of a flow */
	NOTE_CODE_ACCEPT_EXPIRED,
	NOTE_CODE_ALLOW_UNUSED,
	NOTE_CODE_ALLOW_EXPIRED,
	N_NOTE_CODES
};
const char *note_word(enum note_code note);
const char *note_sentence(enum note_code note);

/* One condition of a rule; a rule's header fields are checked in this order. */
enum condition {
	CONDITION_NONE,
	CONDITION_DIRECTION,
	CONDITION_TRANSPORT,
	CONDITION_PORT,
	CONDITION_SOURCE,
	CONDITION_DESTINATION,
	CONDITION_PROTOCOL,
	CONDITION_SECURITY,
	N_CONDITIONS
};
const char *condition_word(enum condition condition);

/* ---- Scope: who plays which role ------------------------------------------------------------ */

/* What an address is to the site. */
struct party {
	struct addr addr;
	struct role_set given;   /* roles the site writes for it (or its NAT alias, or a VIP's members) */
	struct role_set playing; /* given, or the defaults of its side */
	uint8_t zones;           /* 1 << zone, of the roles; of the side if it has none */
	bool is_server;          /* one of the given roles is a server */
	const struct site_address *entry; /* the site line that gave the first role; NULL: none */
	const struct site_vip *vip;       /* it is this VIP; NULL: none */
	const char *host;        /* the site's name for it, or NULL */
	bool is_wildcard;        /* 0.0.0.0, ::, broadcast or multicast: plays what a broadcast rule names */
};

struct scope;

/* Borrows the ruleset. */
int scope_new(struct scope **out, const struct ruleset *ruleset);
struct scope *scope_free(struct scope *scope);
DEFINE_CLEANUP(struct scope, scope_free)

const struct ruleset *scope_get_ruleset(const struct scope *scope);
/* Never fails; an address nobody names plays the defaults of its side. */
void scope_party(const struct scope *scope, const struct addr *addr, struct party *out);
/*
 * The families whose detectors may be needed for this flow, from its addresses and ports alone; 0: the flow
 * can only be out of scope, whatever it holds.
 */
family_set scope_expect(const struct scope *scope, const struct flow *flow);

/* ---- Judge: one flow ------------------------------------------------------------------------ */

#define ASSESSMENT_MAX_KEPT 16

/* All that is decided about one flow. */
struct assessment {
	enum verdict verdict;
	enum kind kind;          /* KIND_NONE unless violation or blocked */
	enum reason reason;      /* of unjudged */
	enum condition field;    /* which condition of `rule` did not hold; CONDITION_NONE if all did */
	int rule;                /* index in the ruleset: kept, broken, or nearest; -1: none */
	bool is_printed_any;     /* wrong-source that fits only the printed Any */
	enum severity severity;  /* of the finding, if there is one, before `accept` */
	enum evidence evidence, security_evidence;
	uint32_t notes;          /* 1 << enum note_code */
	unsigned src;            /* side that opened the flow, as judged */
	enum opener opener_how;
	enum flow_state state;
	uint16_t kept[ASSESSMENT_MAX_KEPT]; /* every rule that is kept: all count as covered */
	unsigned n_kept;
	uint16_t tried[ASSESSMENT_MAX_KEPT]; /* every rule whose headers fit */
	unsigned n_tried;
};

struct judge_context {
	const struct scope *scope;
	int64_t now_ns;          /* time of judging: when the flow closed, or the end of the capture */
	bool is_evicted;
	/* The session's first handshake, if a note tells; NULL: none. */
	const struct note *session;
};

/* Pure. facts may be NULL (nothing known). */
void judge_flow(struct assessment *out, const struct judge_context *context, const struct flow *flow,
		const struct facts *facts);

/*
 * What the next flow of this 5-tuple inherits if this one idled out and goes on within a day; what
 * it has inherited itself stays, unless it was seen from its own beginning. Before ledger_put().
 */
void judge_remember(struct flow *flow);

/* The 8 bytes kept in the flow. */
struct judgement judgement_of(const struct assessment *assessment);

/* One rule held against one flow, for `explain`: the first condition that did not hold. */
struct trial {
	int rule;
	enum condition failed;   /* CONDITION_NONE: kept, or not judged (is_unjudged) */
	bool is_unjudged;
	bool is_declared;
	unsigned n_failed;       /* header conditions that did not hold; 0: the headers fit */
	char expected[96];       /* of the failed condition; "" if none failed */
	char observed[96];
};

/* Fills one trial per rule of the ruleset, in its order. trials has room for all. */
void judge_explain(struct trial *trials, const struct judge_context *context, const struct flow *flow,
		   const struct facts *facts);

/* ---- Ledger: findings and coverage ----------------------------------------------------------- */

/* A flow kept for a list or an example. facts may be NULL. */
struct flow_record {
	unsigned refs;           /* shared by lists and examples; facts go with the last */
	struct flow flow;        /* stream is NULL; facts is owned by the record */
	struct assessment assessment;
	struct party parties[2]; /* by side of the flow */
	bool is_unseen_end;      /* the capture ended while the flow was open */
	bool is_evicted;
	int64_t closed_ns;       /* time of judging */
	const struct note *session; /* what a resumed session inherits: session_note; NULL: nothing */
	struct note session_note;
};

struct finding_key {
	uint8_t kind, note;      /* note: enum note_code + 1 for KIND_NOTE, else 0 */
	uint8_t transport;
	int rule;                /* -1: none */
	uint16_t port;           /* the rule's single port that was contacted; 0: not part of the key */
	const struct site_accept *accepted; /* splits accepted flows from others; NULL: counts */
	struct role_set src_roles, dst_roles;
	uint8_t src_side, dst_side; /* of an end without roles: its zones, or 1 << N_ZONES of a broadcast; else 0 */
	const struct site_address *entry; /* that gave the responder, else the opener; NULL */
	const char *host;        /* missing: the server that was never seen */
};

struct port_set;
struct addr_set;

struct finding {
	struct finding_key key;
	char id[17];
	enum severity severity;
	bool is_printed_any;
	uint64_t flows;
	int64_t first_ns, last_ns; /* both 0 for findings without flows */
	struct flow_record **examples; /* earliest first */
	size_t n_examples;
	struct port_range *ports;  /* responder's, ascending */
	size_t n_ports;
	uint32_t initiators;
	bool initiators_at_least;
	char *why;               /* one or two sentences */
	char *remedy;            /* which field of which rule, or which site line, would make it compliant */
	char *expected, *observed; /* of the field that differs; "" if none */
	enum condition field;
	struct addr_set *initiator_set; /* while counting */
	struct port_set *port_set;
};

enum coverage_status {
	COVERAGE_OBSERVED,
	COVERAGE_ATTEMPTED,
	COVERAGE_MISSING,
	COVERAGE_UNJUDGED,
	COVERAGE_NOT_EXPECTED,
	COVERAGE_NOT_OBSERVABLE,
	COVERAGE_NOT_APPLICABLE,
	N_COVERAGE_STATUSES
};
const char *coverage_word(enum coverage_status status);

struct coverage_row {
	int rule;
	enum coverage_status status;
	char reason[160];        /* "" if none */
	enum evidence best;      /* evidence possible without keys */
	uint64_t flows;          /* that keep it */
	int64_t first_ns, last_ns;
};

/* Flows out of scope, by pair of roles. */
struct out_of_scope_row {
	char src[64], dst[64];   /* role ids joined by "+", or the zone's word */
	uint64_t flows, packets, bytes;
};

enum report_verdict { REPORT_PASS, REPORT_FAIL, REPORT_UNJUDGED };
const char *report_verdict_word(enum report_verdict verdict);

/* What the capture tells beside flows; filled by app. */
struct capture_summary {
	const struct input_info *const *inputs;
	size_t n_inputs;
	const uint8_t (*input_sha256)[32]; /* with --hash; else NULL */
	uint64_t received;       /* counted where frames are taken from the source */
	uint64_t flows;          /* packets in a flow, or quoting one: counted where they are disposed of */
	uint64_t fragments_held, other, is_short, invalid, unsupported, duplicate;
	uint64_t dropped_kernel, dropped_interface, dropped_ring, dropped_table;
	uint64_t lost_bytes, tcp_payload_bytes;
	uint64_t flows_evicted, no_room;
	uint64_t doubles_forgotten; /* packets that a double may not have been known of */
	uint64_t tunnels_no_room; /* flows of whose tunnels only the innermost kind is known */
	const struct flow_tunnels *tunnels; /* what flow->tunnels of all flows counts; may be NULL */
	bool is_truncated;       /* some input ended inside a record */
	bool is_filtered;        /* -F, or while capturing, as the file says */
	bool is_windowed;        /* --since, --until */
	int64_t first_ns, last_ns;
	struct decode_counters decode;
};

/* Lost beyond this share of TCP bytes, missing flows are unjudged. */
#define LOSS_SHARE_DEFAULT 0.001

struct report {
	const struct ruleset *ruleset;
	const struct scope *scope;
	const struct site_vantage *vantage; /* NULL: none named */
	struct capture_summary capture;
	enum report_verdict verdict;
	char verdict_why[256];
	uint64_t flows[N_VERDICTS];
	uint64_t compliant_by_evidence[N_EVIDENCES];
	uint64_t unjudged_by_reason[N_REASONS];
	uint64_t findings_by_kind[N_KINDS];
	uint64_t findings_by_severity[3]; /* not accepted ones */
	uint64_t findings_accepted;
	uint64_t notes_dropped;    /* what flows said of others and there was no room to keep */
	uint64_t flows_not_waited; /* flows judged by the notes that had come by then, for want of room */
	uint64_t rules_by_coverage[N_COVERAGE_STATUSES];
	struct finding **findings; /* by severity (worst first), rule, first packet, id */
	size_t n_findings;
	struct coverage_row *coverage; /* in ruleset order */
	size_t n_coverage;
	struct out_of_scope_row *out_of_scope; /* by flows, most first */
	size_t n_out_of_scope;
	struct flow_record **records; /* with keep_flows: in order of first packet */
	size_t n_records;
};

/* What the ledger keeps for joining flows, at most. */
#define LEDGER_MAX_NOTES   131072
#define LEDGER_MAX_WAITING 65536

struct ledger_options {
	unsigned n_examples;     /* per finding; 0: 3 */
	size_t max_notes;        /* sessions, and as many places again; 0: LEDGER_MAX_NOTES */
	size_t max_waiting;      /* flows that a note could change; 0: LEDGER_MAX_WAITING */
	enum { KEEP_NO_FLOWS, KEEP_FLOWS_IN_SCOPE, KEEP_ALL_FLOWS } keep;
	enum severity fail_on;   /* SEVERITY_WARNING unless the user says otherwise */
	double loss_share;       /* 0: LOSS_SHARE_DEFAULT */
	const char *vantage;     /* names of the site's vantages joined by "+", or NULL */
};

struct ledger;

/* Borrows the scope. */
int ledger_new(struct ledger **out, const struct scope *scope, const struct ledger_options *options);
struct ledger *ledger_free(struct ledger *ledger);
DEFINE_CLEANUP(struct ledger, ledger_free)

/*
 * Accounts a closed flow: judges it, or keeps it until the last note has come if one could change
 * what it is (joined at ledger_report()). Takes flow->facts. now_ns is the time it closed.
 */
int ledger_put(struct ledger *ledger, struct flow *flow, int64_t now_ns, bool is_evicted, bool is_open_end);
/* A note that a flow emitted. */
int ledger_note(struct ledger *ledger, const struct note *note);

/*
 * Joins what waited, decides coverage and verdict, and hands out the report, borrowed until
 * ledger_free(). capture is copied. To be called once, after the last flow.
 */
int ledger_report(struct ledger *ledger, const struct capture_summary *capture, const struct report **out);

/* Text used by reports, without their own wording: "front-end-server+cms-master", or the zone. */
void party_roles_text(const struct scope *scope, const struct party *party, char *buffer, size_t size);
/* "5061", "50000-59999", "67,68"; "any" for none. */
void rule_ports_text(const struct rule *rule, char *buffer, size_t size);
/* "tcp", "udp", "tcp+udp", "esp". */
void rule_transport_text(const struct rule *rule, char *buffer, size_t size);
/* The roles of an end joined by ", ", "any", "unstated", or prefixes. */
void rule_end_text(const struct rule_end *end, char *buffer, size_t size);

#endif
