/*
 * Rules: packs (a documented flow table as data), sites (a user's file), and the ruleset they make
 * together. All three are immutable once loaded. The files' format is described in
 * rules/README.md; this header is what the rest of the program may know of them.
 *
 * The loaders read from memory, name the file only in messages, and report the first mistake with
 * file, line, what was found, what was expected, and a near miss if there is one.
 */
#ifndef PCAUDIT_RULES_H
#define PCAUDIT_RULES_H

#include "pcaudit/base/addr.h"
#include "pcaudit/base/arena.h"
#include "pcaudit/base/err.h"
#include "pcaudit/base/words.h"
#include "pcaudit/base/time_zone.h"

enum {
	RULES_OK = 0,
	RULES_E_INVALID = 1, /* the text is wrong; err says where and how */
};

enum role_kind { ROLE_SERVER, ROLE_CLIENT, ROLE_PARTNER };
enum zone { ZONE_OUTSIDE, ZONE_PERIMETER, ZONE_INSIDE, N_ZONES };
enum need { NEED_REQUIRED, NEED_CONDITIONAL, NEED_OPTIONAL };
const char *role_kind_word(enum role_kind kind);
const char *zone_word(enum zone zone);
const char *need_word(enum need need);

/* ---- What a pack file says ---------------------------------------------------------------- */

struct document {
	const char *id, *title, *publisher, *address, *language, *date, *licence;
	struct { uint16_t table, row; } *empty; /* printed rows that hold nothing */
	size_t n_empty;
};

struct role {
	const char *id, *title;
	enum role_kind kind;
	enum zone zone;
	enum zone faces;  /* of a perimeter role: the zone that a printed any or unstated opposite it
	                     stands for, outside unless the pack says inside; else the same as zone */
	bool has_default; /* plays every address without a role on its side while the site gives it none */
	bool is_set;      /* a set: kind and zone do not count, includes does */
	const char **includes;
	size_t n_includes;
	int line;
};

struct feature {
	const char *id, *title;
	bool is_always; /* "core": declared by every site */
	const char *option, *option_value; /* declared by options: {option: option_value}; while the
	                                      site leaves the option out, counts as declared for
	                                      judging but not for expecting (ambiguities.md A56) */
	int line;
};

/* One printed row (or, with row 0, a paragraph of running text) that a rule rests on. */
struct cite {
	const char *document;
	uint16_t table, row;      /* as printed, from 1; row 0: running text */
	const char *where;        /* for running text: which paragraph or note */
	const char **cells;       /* the printed cells, as printed */
	size_t n_cells;
};

struct port_range {
	uint16_t first, last;
};

/* Whose port the rule's ports are. */
enum port_end {
	PORT_OF_RESPONDER, /* usual: the port that was contacted */
	PORT_OF_TO,        /* media: the own port of the end that plays `to`, whichever end opened */
	PORT_OF_FROM,      /* media opened by its owner: the own port of the end that plays `from` */
	PORT_OF_EITHER,    /* either end's port (DHCP, 3478 to 3478, outgoing rows printed as listeners) */
};

enum end_form {
	END_ROLES,    /* a list of roles */
	END_ANY,      /* printed Any: read as ambiguities.md A16 */
	END_UNSTATED, /* any address of the zone of the named end (servers and clients) */
	END_PREFIXES, /* site allow and accept only: addresses and prefixes; roles may stand beside them */
};

/* One end of a rule as written. */
struct rule_end {
	enum end_form form;
	const char **roles;
	size_t n_roles;
	struct prefix *prefixes;
	size_t n_prefixes;
	enum end_form printed;        /* what the document prints, where the pack reads it narrower:
	                                 END_ANY: a peer that fits only the printed Any is wrong-source, warning;
	                                 END_UNSTATED: the rule is never expected */
	const char **expect;          /* roles that serve expectation only (5269: xmpp-partner) */
	size_t n_expect;
};

struct rule {
	const char *id, *title;
	const char *facet_of;  /* printed rule this is a facet of, or NULL */
	const char *pair;      /* the rule that prints the other direction of a pair, or NULL */
	struct rule_end from, to;
	bool tcp, udp;
	uint8_t other_transport; /* allow only: another IP protocol; 0: none */
	struct port_range *ports;
	size_t n_ports;          /* 0: no ports (allow of a transport without ports) */
	struct port_range *default_ports; /* the pack's, where the site overrides ports; else NULL */
	size_t n_default_ports;
	enum port_end port_end;
	enum family family;
	enum security security;  /* SECURITY_UNKNOWN: unspecified */
	enum need need;
	const char **features;   /* empty: core */
	size_t n_features;
	bool features_all;       /* all of them must be declared; else any one */
	struct cite *cites;
	size_t n_cites;
	const char *disputed;    /* text, or NULL */
	const char *note;        /* text, or NULL */
	int line;
};

struct pack {
	const char *id, *version, *product, *title;
	const char *file;        /* as named in messages */
	uint8_t sha256[32];
	struct document *documents;
	size_t n_documents;
	struct role *roles;
	size_t n_roles;
	struct feature *features;
	size_t n_features;
	struct rule *rules;
	size_t n_rules;
	struct arena arena;
};

int pack_load(struct pack **out, const char *file, struct bytes text, struct err *err);
struct pack *pack_free(struct pack *pack);
DEFINE_CLEANUP(struct pack, pack_free)

/* ---- What a site file says ---------------------------------------------------------------- */

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR, SEVERITY_UNSET };
const char *severity_word(enum severity severity);

struct site_address {
	const char *role;
	struct prefix prefix;
	int line;
};

/* An address, or all of a prefix, and what they are called. */
struct site_host {
	struct prefix prefix;
	const char **names; /* at least one; the first stands in reports */
	size_t n_names;
	int line;
};
struct site_nat { struct addr public_addr, private_addr; int line; };

struct site_port_map { uint16_t from, to; };
struct site_vip {
	struct addr vip;
	struct addr *members;
	size_t n_members;
	struct site_port_map *maps;
	size_t n_maps;
	int line;
};

struct site_option { const char *name, *value; int line; };
/* sees: pairs of zones, a set of 1 << (a * N_ZONES + b), both orders set. */
struct site_vantage { const char *name; uint16_t sees; int line; };

/* accept: a known finding that stays in the report and does not count. */
struct site_accept {
	const char *rule;      /* NULL: any */
	const char *kind;      /* a finding kind's word; NULL: any */
	struct rule_end from, to; /* n_roles and n_prefixes 0: any */
	const char *why, *owner;
	int64_t until_ns;      /* last nanosecond of the last day it holds, UTC; INT64_MAX: for ever */
	int line;
};

/* allow: a rule of the site's own; why, owner and until beside it. */
struct site_allow {
	struct rule rule; /* id "allow-N" unless given */
	const char *why, *owner;
	int64_t until_ns;
};

/* expect: {within: 15m, hours: "mon-fri 08-18", zone: Europe/Berlin} */
struct expect_window {
	int64_t within_ns;    /* 0: once in the capture */
	uint8_t days;         /* bit 0 Monday ... bit 6 Sunday; 0: every day */
	uint8_t hour_from, hour_to; /* 8 and 18: from 08:00 to 17:59:59; both 0: all day */
	const char *zone;     /* IANA name; NULL: UTC */
	const struct time_zone *local; /* of that name, once site_take_zone() has brought it; else NULL */
};

struct site_override {
	const char *rule;      /* id, or a facets' prefix; what is said by id wins */
	bool has_expect, has_ports, has_off, expect_off;
	struct expect_window expect;
	struct port_range *ports;
	size_t n_ports;
	enum severity severity; /* SEVERITY_UNSET: not changed */
	bool is_off;           /* rules: {id: {off: true}} takes the rule out */
	int line;
};

struct site_severity { const char *kind; enum severity severity; int line; };

struct site {
	const char *name, *file;
	uint8_t sha256[32];
	const char **packs;
	int *pack_lines;
	size_t n_packs;
	const char **features;
	int *feature_lines;
	size_t n_features;
	struct prefix *networks;
	size_t n_networks;
	struct site_address *addresses;
	size_t n_addresses;
	struct site_host *hosts;
	size_t n_hosts;
	struct site_nat *nats;
	size_t n_nats;
	struct site_vip *vips;
	size_t n_vips;
	struct site_option *options;
	size_t n_options;
	struct site_vantage *vantages;
	size_t n_vantages;
	struct site_allow *allows;
	size_t n_allows;
	struct site_accept *accepts;
	size_t n_accepts;
	struct site_override *overrides;
	size_t n_overrides;
	struct site_severity *severities;
	size_t n_severities;
	struct arena arena;
};

int site_load(struct site **out, const char *file, struct bytes text, struct err *err);
/*
 * Gives overrides[index].expect the zone it names. To be called after site_load() for each override
 * whose expect has one, before the site goes into a ruleset: the files of zones are not for us to
 * open. The site frees it.
 */
void site_take_zone(struct site *site, size_t index, struct time_zone *zone);
struct site *site_free(struct site *site);
DEFINE_CLEANUP(struct site, site_free)

/* ---- What they make together -------------------------------------------------------------- */

#define RULESET_MAX_RULES 32767
#define RULESET_MAX_ROLES 128
#define RULESET_MAX_FEATURES 128

struct role_set { uint64_t bits[2]; };

static inline bool role_set_has(const struct role_set *set, unsigned role)
{
	return set->bits[role / 64] >> (role % 64) & 1;
}
static inline void role_set_add(struct role_set *set, unsigned role)
{
	set->bits[role / 64] |= UINT64_C(1) << (role % 64);
}
static inline bool role_set_meets(const struct role_set *a, const struct role_set *b)
{
	return (a->bits[0] & b->bits[0]) || (a->bits[1] & b->bits[1]);
}
static inline bool role_set_is_empty(const struct role_set *set)
{
	return !set->bits[0] && !set->bits[1];
}

/* A rule made ready to match: names are numbers, sets are bits. `rule` lends the printed parts. */
struct ruleset_end {
	enum end_form form;
	struct role_set roles;      /* sets expanded */
	struct role_set printed;    /* not used unless rule->from/to.printed is END_ANY: the roles of the
	                               zones that the printed Any stands for */
	struct role_set expect;     /* roles whose packets make it observable and expected */
	bool is_exact;              /* exactly one role, not a set: more specific */
	uint8_t zones;              /* 1 << zone: of the roles; of any, the zones it
	                               stands for, read from the other end: inside opposite an inside
	                               role, what a perimeter role faces, outside opposite an outside
	                               role; of unstated, the zones of the named end; 0: every zone
	                               (any opposite any or prefixes, or prefixes alone) */
};

struct ruleset_rule {
	const struct rule *rule;
	const struct pack *pack;    /* NULL: a site allow */
	const struct site_allow *allow; /* NULL: a pack's rule */
	struct ruleset_end from, to;
	uint16_t group;             /* rules of one printed row or pair share a group: one observed is enough */
	bool is_declared;           /* its features are in use, or left open by an option (A56), or it is
	                               required, or there is no site: kept is compliant */
	bool is_expected_by_feature; /* need and features make it expected; never without a site, or if
	                               the site says expect: false. The ends are for the audit to see */
	bool has_expect;            /* the site sets expect */
	struct expect_window expect;
	enum severity severity;     /* the site's; SEVERITY_UNSET: none */
};

struct ruleset_role {
	const struct role *role;
	bool is_given;              /* the site gives it at least one address */
	bool plays_default;         /* plays the addresses without a role of its zone */
};

struct ruleset {
	const struct pack **packs;
	size_t n_packs;
	const struct site *site;    /* NULL: no-site audit */
	struct ruleset_role *roles;
	size_t n_roles;             /* sets are not roles here */
	struct ruleset_rule *rules; /* packs in the order named, then allows; `off` ones left out */
	size_t n_rules;
	size_t n_groups;
	struct arena arena;
};

/*
 * Joins packs and site: resolves role, feature, option and rule names with the site's line numbers
 * in messages, expands sets, applies overrides. packs and site are borrowed and must outlive it.
 * site may be NULL. 0, RULES_E_INVALID with err filled, or -errno.
 */
int ruleset_new(struct ruleset **out, const struct pack *const *packs, size_t n_packs,
		const struct site *site, struct err *err);
struct ruleset *ruleset_free(struct ruleset *ruleset);
DEFINE_CLEANUP(struct ruleset, ruleset_free)

/* All kinds of finding that accept and severity may name. */
const char *const *rules_finding_kinds(size_t *n);
/* Index of the rule with this id, or -1. */
int ruleset_find(const struct ruleset *ruleset, const char *id);
/* Index of the role with this id, or -1. */
int ruleset_find_role(const struct ruleset *ruleset, const char *id);

/* "libyaml 0.2.5", of the library in use. */
const char *rules_library_version(char buffer[64]);

#endif
