/* Packs and a site together: names, sets, overrides, features, groups. */
#include "rules_text.h"

#include "pcaudit/base/strbuf.h"

#define RULE(id, ends, rest)                                                                       \
	"- {id: " id ", title: T, " ends ", transport: tcp, protocol: sip, security: tls, cites: " \
	"[{document: doc, table: 1, row: 1}], " rest "}\n"
#define NEED(ports, need) "ports: " ports ", need: " need

/* Two facets in lines 19 and 20, a pair, an Any, an unstated end, an option, features. */
static const char pack_text[] = PACK_HEAD
        "roles:\n"
        "- {id: front-end-server, kind: server, zone: inside}\n"
        "- {id: director, kind: server, zone: inside}\n"
        "- {id: client-internal, kind: client, zone: inside, default: true}\n"
        "- {id: client-external, kind: client, zone: outside, default: true}\n"
        "- {id: partner, kind: partner, zone: outside, default: true}\n"
        "- {id: access-edge, kind: server, zone: perimeter}\n"
        "- {id: edge-internal, kind: server, zone: perimeter, faces: inside}\n"
        "- {id: internal-servers, includes: [front-end-server, director]}\n"
        "- {id: all-servers, includes: [internal-servers, access-edge, edge-internal]}\n"
        "features: [{id: core, always: true}, {id: fed}, {id: lb-dns, option: lb-mode, value: "
        "dns},\n"
        "  {id: lb-hw, option: lb-mode, value: hardware-only}]\n"
        "rules:\n" RULE(
                "sip-client", "from: [client-internal], to: [front-end-server], facet-of: sip",
                NEED("5061",
                     "required")) RULE("sip-server",
                                       "from: [all-servers], to: [front-end-server], facet-of: sip",
                                       NEED("5062",
                                            "required")) RULE("fed-out",
                                                              "from: [access-edge], to: any, "
                                                              "expect: {to: [partner]}, pair: "
                                                              "fed-in",
                                                              NEED("5061",
                                                                   "conditional, feature: fed"))
                RULE("xmpp", "from: [front-end-server], to: [edge-internal], printed: {from: any}",
                     NEED("23456",
                          "conditional, feature: fed")) RULE("fed-in",
                                                             "from: [partner], to: [access-edge]",
                                                             NEED("5061",
                                                                  "conditional, feature: fed"))
                        RULE("balanced", "from: unstated, to: [director]",
                             NEED("80", "conditional, feature: lb-dns"))
                                RULE("either", "from: [director], to: [front-end-server]",
                                     NEED("81", "conditional, feature: {any: [lb-dns, lb-hw]}"))
                                        RULE("both", "from: [director], to: [front-end-server]",
                                             NEED("82",
                                                  "conditional, feature: {all: [lb-dns, fed]}"))
                                                RULE("maybe",
                                                     "from: [director], to: [front-end-server]",
                                                     NEED("83", "optional"))
                                                        RULE("needed",
                                                             "from: [director], to: "
                                                             "[front-end-server]",
                                                             NEED("84", "required, feature: fed"));

struct loaded {
	struct pack *packs[2];
	size_t n_packs;
	struct site *site;
	struct ruleset *ruleset;
	struct err err;
};

static void unload(struct loaded *l)
{
	ruleset_free(l->ruleset);
	site_free(l->site);
	for (size_t i = 0; i < l->n_packs; i++)
		pack_free(l->packs[i]);
}

static int join(struct loaded *l, const char *second_pack, const char *site)
{
	*l = (struct loaded){ .n_packs = 1 };
	l->packs[0] = load_pack("p.yaml", pack_text);
	if (second_pack)
		l->packs[l->n_packs++] = load_pack("q.yaml", second_pack);
	if (site)
		l->site = load_site(site);
	return ruleset_new(&l->ruleset, (const struct pack *const *)l->packs, l->n_packs, l->site,
	                   &l->err);
}

static const struct ruleset_rule *rule_of(const struct loaded *l, const char *id)
{
	int index = ruleset_find(l->ruleset, id);
	cr_assert_geq(index, 0, "%s", id);
	return &l->ruleset->rules[index];
}

static const struct ruleset_role *role_of(const struct loaded *l, const char *id)
{
	int index = ruleset_find_role(l->ruleset, id);
	cr_assert_geq(index, 0, "%s", id);
	return &l->ruleset->roles[index];
}

/* "a b" for the roles in a set, in the pack's order. */
static const char *roles_in(const struct loaded *l, const struct role_set *set)
{
	static char text[256];
	text[0] = '\0';
	for (unsigned i = 0; i < l->ruleset->n_roles; i++)
		if (role_set_has(set, i)) {
			strcat(text, text[0] ? " " : "");
			strcat(text, l->ruleset->roles[i].role->id);
		}
	return text;
}

Test(rules_ruleset, sets_are_expanded_and_are_no_roles)
{
	_cleanup_(unload) struct loaded l;
	cr_assert_eq(join(&l, NULL, NULL), 0, "%s", l.err.text);
	cr_assert_eq(l.ruleset->n_roles, 7);
	cr_assert_eq(ruleset_find_role(l.ruleset, "all-servers"), -1);
	const struct ruleset_rule *rule = rule_of(&l, "sip-server");
	cr_assert_str_eq(roles_in(&l, &rule->from.roles),
	                 "front-end-server director access-edge edge-internal");
	cr_assert_not(rule->from.is_exact);
	cr_assert(rule->to.is_exact);
	cr_assert_eq(rule->from.zones, 1 << ZONE_INSIDE | 1 << ZONE_PERIMETER);
	cr_assert_str_eq(roles_in(&l, &rule->from.expect),
	                 "front-end-server director access-edge edge-internal");
}

Test(rules_ruleset, any_and_unstated_are_read_from_the_other_end)
{
	_cleanup_(unload) struct loaded l;
	cr_assert_eq(join(&l, NULL, NULL), 0);
	const struct ruleset_rule *out = rule_of(&l, "fed-out");
	cr_assert_eq(out->to.form, END_ANY);
	cr_assert(role_set_is_empty(&out->to.roles));
	cr_assert_eq(out->to.zones, 1 << ZONE_OUTSIDE);
	cr_assert_str_eq(roles_in(&l, &out->to.expect), "partner");
	cr_assert_str_eq(roles_in(&l, &out->to.printed), "client-external partner");
	const struct ruleset_rule *xmpp = rule_of(&l, "xmpp");
	cr_assert_str_eq(roles_in(&l, &xmpp->from.roles), "front-end-server");
	cr_assert_str_eq(roles_in(&l, &xmpp->from.printed),
	                 "front-end-server director client-internal");
	const struct ruleset_rule *balanced = rule_of(&l, "balanced");
	cr_assert_eq(balanced->from.form, END_UNSTATED);
	cr_assert_eq(balanced->from.zones, 1 << ZONE_INSIDE);
	cr_assert(role_set_is_empty(&balanced->from.expect));
}

Test(rules_ruleset, without_a_site_nothing_is_off_and_nothing_expected)
{
	_cleanup_(unload) struct loaded l;
	cr_assert_eq(join(&l, NULL, NULL), 0);
	for (size_t i = 0; i < l.ruleset->n_rules; i++) {
		cr_expect(l.ruleset->rules[i].is_declared);
		cr_expect_not(l.ruleset->rules[i].is_expected_by_feature);
	}
	cr_assert(role_of(&l, "partner")->plays_default);
	cr_assert_not(role_of(&l, "director")->plays_default);
}

Test(rules_ruleset, features_and_options_decide)
{
	static const struct {
		const char *site;
		const char *rule;
		bool declared, expected;
	} cases[] = {
		{ "site: S\n", "sip-client", true, true },
		{ "site: S\n", "fed-in", false, false },
		{ "site: S\nfeatures: [fed]\n", "fed-in", true, true },
		{ "site: S\nfeatures: [core, fed]\n", "fed-in", true, true },
		{ "site: S\n", "maybe", true, false },
		{ "site: S\n", "needed", true, true },
		/* The balancer's mode left open: kept is compliant, but nothing is expected. */
		{ "site: S\n", "balanced", true, false },
		{ "site: S\noptions: {lb-mode: dns}\n", "balanced", true, true },
		{ "site: S\noptions: {lb-mode: hardware-only}\n", "balanced", false, false },
		{ "site: S\n", "either", true, false },
		{ "site: S\noptions: {lb-mode: hardware-only}\n", "either", true, true },
		{ "site: S\noptions: {lb-mode: dns}\n", "both", false, false },
		{ "site: S\nfeatures: [fed]\n", "both", true, false },
		{ "site: S\nfeatures: [fed]\noptions: {lb-mode: dns}\n", "both", true, true },
		{ "site: S\nrules: {sip: {expect: false}}\n", "sip-client", true, false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(unload) struct loaded l;
		cr_assert_eq(join(&l, NULL, cases[i].site), 0, "%s", l.err.text);
		const struct ruleset_rule *rule = rule_of(&l, cases[i].rule);
		cr_expect_eq(rule->is_declared, cases[i].declared, "%zu", i);
		cr_expect_eq(rule->is_expected_by_feature, cases[i].expected, "%zu", i);
	}
}

Test(rules_ruleset, defaults_give_way_but_not_the_outside_clients)
{
	_cleanup_(unload) struct loaded l;
	cr_assert_eq(join(&l, NULL,
	                  "site: S\nroles:\n  partner: [192.0.2.1]\n  client-external: "
	                  "[192.0.2.9]\n  director: [10.0.0.1]\n"),
	             0);
	cr_assert_not(role_of(&l, "partner")->plays_default);
	cr_assert(role_of(&l, "partner")->is_given);
	cr_assert(role_of(&l, "client-external")->plays_default);
	cr_assert(role_of(&l, "client-internal")->plays_default);
	cr_assert_not(role_of(&l, "client-internal")->is_given);
	cr_assert(role_of(&l, "director")->is_given);
}

Test(rules_ruleset, overrides_reach_all_facets_and_the_id_wins)
{
	_cleanup_(unload) struct loaded l;
	cr_assert_eq(join(&l, NULL,
	                  "site: S\n"
	                  "rules:\n"
	                  "  sip-client: {ports: 7000, severity: info}\n"
	                  "  sip: {expect: {within: 15m}, ports: [6000, 6001], severity: error}\n"
	                  "  xmpp: {off: true}\n"),
	             0);
	const struct ruleset_rule *client = rule_of(&l, "sip-client");
	const struct ruleset_rule *server = rule_of(&l, "sip-server");
	cr_assert(client->has_expect && server->has_expect);
	cr_assert_eq(server->expect.within_ns, INT64_C(900) * 1000000000);
	cr_assert_eq(client->severity, SEVERITY_INFO);
	cr_assert_eq(server->severity, SEVERITY_ERROR);
	cr_assert(client->rule->n_ports == 1 && client->rule->ports[0].first == 7000);
	cr_assert(client->rule->n_default_ports == 1 &&
	          client->rule->default_ports[0].first == 5061);
	cr_assert(server->rule->n_ports == 2 && server->rule->default_ports[0].first == 5062);
	cr_assert_eq(ruleset_find(l.ruleset, "xmpp"), -1);
	cr_assert_eq(l.ruleset->n_rules, 9);
	/* The pack itself is as it was. */
	cr_assert_eq(l.packs[0]->rules[0].ports[0].first, 5061);
	cr_assert_null(l.packs[0]->rules[0].default_ports);
}

Test(rules_ruleset, facets_and_pairs_are_groups)
{
	_cleanup_(unload) struct loaded l;
	cr_assert_eq(join(&l, NULL, "site: S\n"), 0);
	cr_assert_eq(rule_of(&l, "sip-client")->group, rule_of(&l, "sip-server")->group);
	cr_assert_eq(rule_of(&l, "fed-in")->group, rule_of(&l, "fed-out")->group);
	cr_assert_neq(rule_of(&l, "fed-in")->group, rule_of(&l, "sip-client")->group);
	cr_assert_neq(rule_of(&l, "xmpp")->group, rule_of(&l, "balanced")->group);
	cr_assert_eq(l.ruleset->n_groups, 8);
	cr_assert_eq(rule_of(&l, "sip-client")->group, 0);
	cr_assert_eq(rule_of(&l, "fed-in")->group, 1);
	cr_assert_eq(rule_of(&l, "xmpp")->group, 2);
}

Test(rules_ruleset, allows_are_rules_of_the_site)
{
	_cleanup_(unload) struct loaded l;
	cr_assert_eq(join(&l, NULL,
	                  "site: S\n"
	                  "allow:\n"
	                  "- {from: all-servers, to: [10.0.0.53, director], ports: 53, why: w}\n"
	                  "- {id: ping, from: any, to: any, transport: icmp, why: w}\n"
	                  "rules: {allow-1: {severity: info}}\n"),
	             0, "%s", l.err.text);
	cr_assert_eq(ruleset_find(l.ruleset, "allow-1"), 10);
	const struct ruleset_rule *dns = rule_of(&l, "allow-1");
	cr_assert_null(dns->pack);
	cr_assert_eq(dns->allow, &l.site->allows[0]);
	cr_assert_eq(dns->severity, SEVERITY_INFO);
	cr_assert_str_eq(roles_in(&l, &dns->from.roles),
	                 "front-end-server director access-edge edge-internal");
	cr_assert_eq(dns->to.form, END_PREFIXES);
	cr_assert_str_eq(roles_in(&l, &dns->to.roles), "director");
	cr_assert_not(dns->to.is_exact);
	cr_assert(dns->is_declared && !dns->is_expected_by_feature);
	const struct ruleset_rule *ping = rule_of(&l, "ping");
	cr_assert_eq(ping->from.zones, 0);
	cr_assert_neq(ping->group, dns->group);
}

#define SECOND_HEAD                                                                                \
	"pack: q\nversion: \"1\"\nproduct: P\n"                                                    \
	"documents: [{id: doc, title: D, address: a}]\nroles:\n"

Test(rules_ruleset, roles_unite_over_packs_and_sets_stay_their_pack_s)
{
	_cleanup_(unload) struct loaded l;
	int r = join(&l,
	             SECOND_HEAD
	             "- {id: director, kind: server, zone: inside}\n"
	             "- {id: chat, kind: server, zone: inside}\n"
	             "- {id: internal-servers, includes: [chat]}\n"
	             "features: [{id: fed}]\n"
	             "rules:\n" RULE("second", "from: [internal-servers], to: [director]",
	                             NEED("9", "optional")),
	             "site: S\nfeatures: [fed]\n"
	             "allow: [{from: internal-servers, to: any, ports: 1, why: w}]\n");
	cr_assert_eq(r, 0, "%s", l.err.text);
	cr_assert_eq(l.ruleset->n_roles, 8);
	cr_assert_str_eq(roles_in(&l, &rule_of(&l, "second")->from.roles), "chat");
	cr_assert_eq(rule_of(&l, "second")->pack, l.packs[1]);
	cr_assert_str_eq(roles_in(&l, &rule_of(&l, "sip-server")->from.roles),
	                 "front-end-server director access-edge edge-internal");
	cr_assert_str_eq(roles_in(&l, &rule_of(&l, "allow-1")->from.roles),
	                 "front-end-server director chat");
}

Test(rules_ruleset, packs_that_disagree_are_refused)
{
	static const struct text_case cases[] = {
		{ SECOND_HEAD
		  "- {id: director, kind: client, zone: inside}\n"
		  "rules:\n" RULE("s", "from: [director], to: any", NEED("9", "optional")),
		  "q.yaml:6: role \"director\" differs from the one in p.yaml:7 (kind, zone, "
		  "faces, "
		  "default must agree)" },
		{ SECOND_HEAD
		  "- {id: x, kind: client, zone: inside}\n- {id: director, includes: [x]}\n"
		  "rules:\n" RULE("s", "from: [x], to: any", NEED("9", "optional")),
		  "q.yaml:7: role \"director\" differs from the one in p.yaml:7 (kind, zone, "
		  "faces, "
		  "default must agree)" },
		{ SECOND_HEAD "- {id: x, kind: client, zone: inside}\n"
		              "features: [{id: fed, always: true}]\n"
		              "rules:\n" RULE("s", "from: [x], to: any", NEED("9", "optional")),
		  "q.yaml:7: feature \"fed\" differs from the one in p.yaml:15 (always, option, "
		  "value "
		  "must agree)" },
		{ SECOND_HEAD "- {id: x, kind: client, zone: inside}\n"
		              "rules:\n" RULE("xmpp", "from: [x], to: any", NEED("9", "optional")),
		  "q.yaml:8: rule \"xmpp\": another pack or entry has the id" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(unload) struct loaded l;
		cr_expect_eq(join(&l, cases[i].text, NULL), RULES_E_INVALID);
		cr_expect_null(l.ruleset);
		cr_expect_str_eq(l.err.text, cases[i].message, "%s", l.err.text);
	}
}

Test(rules_ruleset, names_in_the_site_are_looked_up)
{
	static const struct text_case cases[] = {
		{ "site: S\nroles:\n  dirctor: [10.0.0.1]\n",
		  "s.yaml:3: roles: unknown role \"dirctor\" (did you mean \"director\"?)" },
		{ "site: S\nroles: {all-servers: [10.0.0.1]}\n",
		  "s.yaml:2: roles: \"all-servers\" is a set; give the address to a role it "
		  "includes" },
		{ "site: S\nfeatures: [core,\n  federation]\n",
		  "s.yaml:3: unknown feature \"federation\"" },
		{ "site: S\nfeatures: [fde]\n",
		  "s.yaml:2: unknown feature \"fde\" (did you mean \"fed\"?)" },
		{ "site: S\nfeatures: [lb-dns]\n",
		  "s.yaml:2: feature \"lb-dns\" is declared by options: {lb-mode: dns}" },
		{ "site: S\noptions: {lb-mod: dns}\n",
		  "s.yaml:2: unknown option \"lb-mod\" (did you mean \"lb-mode\"?)" },
		{ "site: S\noptions: {lb-mode: hardware}\n",
		  "s.yaml:2: options: lb-mode: unknown value \"hardware\"" },
		{ "site: S\noptions: {lb-mode: dsn}\n",
		  "s.yaml:2: options: lb-mode: unknown value \"dsn\" (did you mean \"dns\"?)" },
		{ "site: S\nrules:\n  sip-clint: {off: true}\n",
		  "s.yaml:3: rules: unknown rule \"sip-clint\" (did you mean \"sip-client\"?)" },
		{ "site: S\nrules: {sipp: {off: true}}\n",
		  "s.yaml:2: rules: unknown rule \"sipp\" (did you mean \"sip\"?)" },
		{ "site: S\naccept: [{rule: xmp, why: w}]\n",
		  "s.yaml:2: accept 1: unknown rule \"xmp\" (did you mean \"xmpp\"?)" },
		{ "site: S\naccept: [{rule: sip, to: directors, why: w}]\n",
		  "s.yaml:2: accept 1: unknown role \"directors\" (did you mean \"director\"?)" },
		{ "site: S\naccept: [{from: [director, y], why: w}]\n",
		  "s.yaml:2: accept 1: unknown role \"y\"" },
		{ "site: S\nallow: [{from: any, to: nobody, ports: 1, why: w}]\n",
		  "s.yaml:2: allow \"allow-1\": unknown role \"nobody\"" },
		{ "site: S\nallow: [{from: partnr, to: any, ports: 1, why: w}]\n",
		  "s.yaml:2: allow \"allow-1\": unknown role \"partnr\" (did you mean "
		  "\"partner\"?)" },
		{ "site: S\nallow: [{id: xmpp, from: any, to: any, ports: 1, why: w}]\n",
		  "s.yaml:2: rule \"xmpp\": another pack or entry has the id" },
		{ "site: S\nallow: [{id: p, from: any, to: any, transport: esp, why: w}]\n"
		  "rules: {p: {ports: 1}}\n",
		  "s.yaml:3: rules: \"p\" has no ports to change" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(unload) struct loaded l;
		cr_expect_eq(join(&l, NULL, cases[i].text), RULES_E_INVALID, "%s", cases[i].text);
		cr_expect_null(l.ruleset);
		cr_expect_str_eq(l.err.text, cases[i].message, "%s", l.err.text);
	}
}

/* A ladder of sets that each include both sets below would be 2^100 walks without memory. */
Test(rules_ruleset, a_ladder_of_sets_is_quick)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	_cleanup_(unload) struct loaded l = { .n_packs = 1 };
	strbuf_add(&buf, PACK_HEAD "roles:\n- {id: a0, kind: client, zone: inside}\n"
	                           "- {id: b0, kind: client, zone: inside}\n");
	for (int i = 1; i < 100; i++)
		strbuf_add_format(&buf,
		                  "- {id: a%d, includes: [a%d, b%d]}\n- {id: b%d, includes: [a%d, "
		                  "b%d]}\n",
		                  i, i - 1, i - 1, i, i - 1, i - 1);
	strbuf_add(&buf, "rules:\n" RULE("r", "from: [a99], to: any", NEED("1", "optional")));
	l.packs[0] = load_pack("p.yaml", strbuf_text(&buf));
	cr_assert_eq(ruleset_new(&l.ruleset, (const struct pack *const *)l.packs, 1, NULL, &l.err),
	             0);
	cr_assert_str_eq(roles_in(&l, &rule_of(&l, "r")->from.roles), "a0 b0");
}

Test(rules_ruleset, no_pack_at_all_leaves_the_allows)
{
	_cleanup_(site_freep) struct site *site =
	        load_site("site: S\nallow: [{from: any, to: 10.0.0.1, ports: 1, why: w}]\n");
	_cleanup_(ruleset_freep) struct ruleset *ruleset = NULL;
	struct err err = { 0 };
	cr_assert_eq(ruleset_new(&ruleset, NULL, 0, site, &err), 0);
	cr_assert(ruleset->n_rules == 1 && ruleset->n_groups == 1 && ruleset->n_roles == 0);
}
