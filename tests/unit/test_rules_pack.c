/* Packs: what loads, what it becomes, and every message as a person sees it. */
#include "rules_text.h"

#include "pcaudit/base/strbuf.h"

static const char *const default_fields[][2] = {
	{ "id", "r" },          { "title", "T" },
	{ "from", "[client]" }, { "to", "[front-end-server]" },
	{ "transport", "tcp" }, { "ports", "5061" },
	{ "protocol", "sip" },  { "security", "tls" },
	{ "need", "required" }, { "cites", "[{document: doc, table: 1, row: 1}]" },
};

/* A rule in line 12 with one field changed, added (value) or left out (value NULL). */
static void add_rule(struct strbuf *buf, const char *key, const char *value)
{
	bool is_used = false;
	const char *before = "- {";
	for (size_t i = 0; i < ARRAY_SIZE(default_fields); i++) {
		const char *text = default_fields[i][1];
		if (strcmp(default_fields[i][0], key) == 0) {
			is_used = true;
			text = value;
		}
		if (text) {
			strbuf_add_format(buf, "%s%s: %s", before, default_fields[i][0], text);
			before = ", ";
		}
	}
	if (!is_used)
		strbuf_add_format(buf, ", %s: %s", key, value);
	strbuf_add(buf, "}\n");
}

struct rule_case {
	const char *key, *value, *message;
};

static const struct rule_case rule_cases[] = {
	/* The example of the contract, with this pack's line. */
	{ "to", "[front-end-sever]",
	  "p.yaml:12: rule \"r\": unknown role \"front-end-sever\" (did you mean "
	  "\"front-end-server\"?)" },
	{ "from", "[mainframe]", "p.yaml:12: rule \"r\": unknown role \"mainframe\"" },
	{ "from", "client",
	  "p.yaml:12: rule \"r\": from: expected a list of roles, any or unstated, found "
	  "\"client\"" },
	{ "from", "[]", "p.yaml:12: rule \"r\": from: the list is empty" },
	{ "from", "[client, client]", "p.yaml:12: rule \"r\": from: \"client\" stands twice" },
	{ "from", NULL, "p.yaml:12: rule \"r\": \"from\" is missing" },
	{ "from", "[all]", "" },
	{ "from", "any", "" },
	{ "to", "unstated", "" },
	{ "form", "any", "p.yaml:12: rule \"r\": unknown key \"form\" (did you mean \"from\"?)" },
	{ "both sides", "",
	  "p.yaml:12: rule \"r\": unknown key \"both sides\" (text with a comma must be quoted)" },
	{ "title", "[a]", "p.yaml:12: rule \"r\": title: expected text, found a list" },
	{ "title", NULL, "p.yaml:12: rule \"r\": \"title\" is missing" },
	{ "id", "R",
	  "p.yaml:12: rule \"R\": id: expected an id (lower-case letters, digits and "
	  "hyphens), found \"R\"" },
	{ "id", NULL, "p.yaml:12: rule 1: \"id\" is missing" },
	{ "transport", "tpc",
	  "p.yaml:12: rule \"r\": transport: expected tcp, udp or tcp+udp, found \"tpc\"" },
	{ "transport", "[]",
	  "p.yaml:12: rule \"r\": transport: expected tcp, udp or tcp+udp, found a list" },
	{ "transport", "tcp+udp", "" },
	{ "ports", "70000",
	  "p.yaml:12: rule \"r\": ports: expected a port (1 to 65535) or a range like "
	  "50000-59999, found \"70000\"" },
	{ "ports", "59999-50000",
	  "p.yaml:12: rule \"r\": ports: the range 59999-50000 is reversed; write 50000-59999" },
	{ "ports", "any",
	  "p.yaml:12: rule \"r\": ports: expected a port (1 to 65535) or a range like "
	  "50000-59999, found \"any\"" },
	{ "ports", "[\"49152-57500\", 5061]", "" },
	{ "port-end", "both",
	  "p.yaml:12: rule \"r\": port-end: expected responder, to, from or either, found "
	  "\"both\"" },
	{ "port-end", "either", "" },
	{ "protocol", "spi",
	  "p.yaml:12: rule \"r\": unknown protocol \"spi\" (did you mean "
	  "\"sip\"?)" },
	{ "security", "ssl",
	  "p.yaml:12: rule \"r\": security: expected unspecified, none, tls or mtls, found "
	  "\"ssl\"" },
	{ "protocol", "stun",
	  "p.yaml:12: rule \"r\": can never be kept: protocol stun is never inside TLS, and "
	  "security is tls" },
	{ "need", "must",
	  "p.yaml:12: rule \"r\": need: expected required, conditional or "
	  "optional, found \"must\"" },
	{ "need", "conditional",
	  "p.yaml:12: rule \"r\": need: conditional, but no feature it depends on" },
	{ "feature", "pcI",
	  "p.yaml:12: rule \"r\": feature: expected an id (lower-case letters, "
	  "digits and hyphens), found \"pcI\"" },
	{ "feature", "pci",
	  "p.yaml:12: rule \"r\": unknown feature \"pci\" (did you mean \"pic\"?)" },
	{ "feature", "{any: [pic, lc]}",
	  "p.yaml:12: rule \"r\": unknown feature \"lc\" (did you mean \"lb\"?)" },
	{ "feature", "{all: [pic, lb]}", "" },
	{ "feature", "{}",
	  "p.yaml:12: rule \"r\": feature: expected one id, {any: [...]} or {all: [...]}" },
	{ "feature", "{any: [pic], all: [lb]}",
	  "p.yaml:12: rule \"r\": feature: expected one id, {any: [...]} or {all: [...]}" },
	{ "cites", NULL,
	  "p.yaml:12: rule \"r\": no citation; \"cites\" must name the row it rests on" },
	{ "cites", "[]", "p.yaml:12: rule \"r\": cites: the list is empty" },
	{ "cites", "[{table: 1, row: 1}]", "p.yaml:12: rule \"r\": \"document\" is missing" },
	{ "cites", "[{document: dog, table: 1, row: 1}]",
	  "p.yaml:12: rule \"r\": unknown document \"dog\" (did you mean \"doc\"?)" },
	{ "cites", "[{document: doc, table: 1}]",
	  "p.yaml:12: rule \"r\": cites: expected table and row, or where in the running text" },
	{ "cites", "[{document: doc}]",
	  "p.yaml:12: rule \"r\": cites: expected table and row, or where in the running text" },
	{ "cites", "[{document: doc, table: 1, row: 1, where: there}]",
	  "p.yaml:12: rule \"r\": cites: expected table and row, or where in the running text" },
	{ "cites", "[{document: doc, table: 0, row: 1}]",
	  "p.yaml:12: rule \"r\": table: expected a number from 1 to 65535, found \"0\"" },
	{ "cites", "[{document: doc, table: 1, row: 9}]",
	  "p.yaml:12: rule \"r\": cites: row 9 of table 1 is listed as empty" },
	{ "cites", "[{document: doc, table: 1, row: 1}, {document: doc, table: 1, row: 1}]",
	  "p.yaml:12: rule \"r\": cites: row 1 of table 1 stands twice" },
	{ "cites", "[{document: doc, where: first paragraph, cells: [a, \"\"]}]", "" },
	{ "cites", "[{document: doc, table: 1, row: 1, cells: a}]",
	  "p.yaml:12: rule \"r\": cells: expected a list, found \"a\"" },
	{ "printed", "{from: any}", "" },
	{ "printed", "{to: unstated}", "" },
	{ "printed", "{from: roles}",
	  "p.yaml:12: rule \"r\": from: expected any or unstated, found \"roles\"" },
	{ "expect", "{from: [edge]}", "" },
	{ "expect", "{from: [egde]}",
	  "p.yaml:12: rule \"r\": unknown role \"egde\" (did you mean \"edge\"?)" },
	{ "facet-of", "q", "p.yaml:12: rule \"r\": facet-of: the id must begin with \"q-\"" },
	{ "pair", "r", "p.yaml:12: rule \"r\": pair: a rule is no pair of itself" },
	{ "pair", "s", "p.yaml:12: rule \"r\": pair: unknown rule \"s\" (did you mean \"r\"?)" },
	{ "disputed", "{}", "p.yaml:12: rule \"r\": disputed: expected text, found a mapping" },
	{ "note", "it depends", "" },
};

Test(rules_pack, every_rule_is_checked)
{
	for (size_t i = 0; i < ARRAY_SIZE(rule_cases); i++) {
		_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
		struct err err;
		strbuf_add(&buf, PACK_START);
		add_rule(&buf, rule_cases[i].key, rule_cases[i].value);
		cr_expect_str_eq(pack_error(&err, strbuf_text(&buf)), rule_cases[i].message,
		                 "%s: %s gave: %s", rule_cases[i].key, rule_cases[i].value,
		                 err.text);
	}
}

#define RULE_REST(ends)                                                                            \
	", title: T, " ends ", transport: tcp, ports: 1, protocol: sip, security: tls, need: "     \
	"optional, cites: [{document: doc, table: 1, row: 1}]}\n"
#define USUAL "from: [client], to: [front-end-server]"

Test(rules_pack, ends_are_read_together)
{
	static const struct text_case cases[] = {
		{ PACK_START "- {id: r" RULE_REST("from: any, to: unstated"),
		  "p.yaml:12: rule \"r\": neither end names a role; any and unstated are read from "
		  "the other end" },
		{ PACK_START "- {id: r" RULE_REST("from: any, to: [edge], printed: {from: any}"),
		  "p.yaml:12: rule \"r\": printed: \"from\" names no roles, so what is printed is "
		  "known" },
		{ PACK_START
		  "- {id: r" RULE_REST("from: any, to: [edge], expect: {from: [client]}"),
		  "" },
		{ PACK_START
		  "- {id: r" RULE_REST("from: unstated, to: [edge], expect: {from: [client]}"),
		  "p.yaml:12: rule \"r\": expect: \"from\" is unstated; such a rule is never "
		  "expected" },
		{ PACK_START "- {id: a" RULE_REST(USUAL) "- {id: b" RULE_REST(USUAL),
		  "p.yaml:13: rule \"b\": can never match: rule \"a\" in line 12 has the same "
		  "ends, "
		  "transport, ports, protocol and security" },
		{ PACK_START
		  "- {id: a" RULE_REST(USUAL) "- {id: a" RULE_REST("from: [edge], to: [client]"),
		  "p.yaml:13: rule \"a\": the id stands twice, first in line 12" },
	};
	struct err err;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(pack_error(&err, cases[i].text), cases[i].message, "%s", err.text);
}

#define PACK_RULES "rules:\n- {id: r" RULE_REST(USUAL)

Test(rules_pack, header_roles_and_features_are_checked)
{
	static const struct text_case cases[] = {
		{ "[]", "p.yaml:1: file: expected a mapping, found a list" },
		{ "pack: p\n", "p.yaml:1: \"version\" is missing" },
		{ "pack: P P\n" PACK_ROLES, "p.yaml:1: \"version\" is missing" },
		{ "pakc: p\n", "p.yaml:1: unknown key \"pakc\" (did you mean \"pack\"?)" },
		{ PACK_HEAD "roles: []\n" PACK_RULES, "p.yaml:5: roles: the list is empty" },
		{ PACK_HEAD "roles:\n" PACK_RULES,
		  "p.yaml:5: roles: expected a list, found nothing" },
		{ PACK_HEAD "roles: [fe]\n" PACK_RULES,
		  "p.yaml:5: role 1: roles: expected a mapping, found \"fe\"" },
		{ PACK_HEAD "roles: [{id: fe}]\n" PACK_RULES,
		  "p.yaml:5: role \"fe\": \"kind\" is missing (a role has kind and zone, a set has "
		  "includes)" },
		{ PACK_HEAD "roles: [{id: fe, kind: server}]\n" PACK_RULES,
		  "p.yaml:5: role \"fe\": \"zone\" is missing (a role has kind and zone, a set has "
		  "includes)" },
		{ PACK_HEAD "roles: [{id: fe, kind: sever, zone: inside}]\n" PACK_RULES,
		  "p.yaml:5: role \"fe\": kind: expected server, client or partner, found "
		  "\"sever\"" },
		{ PACK_HEAD "roles: [{id: fe, kind: server, zone: dmz}]\n" PACK_RULES,
		  "p.yaml:5: role \"fe\": zone: expected outside, perimeter or inside, found "
		  "\"dmz\"" },
		{ PACK_HEAD
		  "roles: [{id: fe, kind: server, zone: inside, faces: inside}]\n" PACK_RULES,
		  "p.yaml:5: role \"fe\": faces: only a perimeter role faces a zone, outside or "
		  "inside" },
		{ PACK_HEAD
		  "roles: [{id: fe, kind: server, zone: inside, default: true}]\n" PACK_RULES,
		  "p.yaml:5: role \"fe\": default: only a client or partner, outside or inside, "
		  "can "
		  "play addresses without a role" },
		{ PACK_HEAD
		  "roles: [{id: fe, kind: client, zone: inside, default: yes}]\n" PACK_RULES,
		  "p.yaml:5: role \"fe\": default: expected true or false, found \"yes\"" },
		{ PACK_HEAD "roles:\n- {id: fe, kind: server, zone: inside}\n- {id: fe, kind: "
		            "client, zone: inside}\n" PACK_RULES,
		  "p.yaml:7: role \"fe\": the id stands twice" },
		{ PACK_HEAD "roles: [{id: all, kind: server, includes: [all]}]\n" PACK_RULES,
		  "p.yaml:5: role \"all\": a set (includes) has no \"kind\"" },
		{ PACK_HEAD "roles: [{id: all, includes: [all]}]\n" PACK_RULES,
		  "p.yaml:5: role \"all\": the set includes \"all\", which includes it" },
		{ PACK_HEAD "roles:\n- {id: a, includes: [b]}\n- {id: b, includes: [c]}\n- {id: c, "
		            "includes: [b]}\n" PACK_RULES,
		  "p.yaml:8: role \"c\": the set includes \"b\", which includes it" },
		{ PACK_HEAD
		  "roles:\n- {id: front, kind: server, zone: inside}\n- {id: a, includes: "
		  "[frotn]}\n" PACK_RULES,
		  "p.yaml:7: role \"a\": unknown role \"frotn\" (did you mean \"front\"?)" },
		{ PACK_HEAD PACK_ROLES "features: [{id: f}, {id: f}]\n" PACK_RULES,
		  "p.yaml:10: feature \"f\": the id stands twice" },
		{ PACK_HEAD PACK_ROLES "features: [{id: f, option: lb}]\n" PACK_RULES,
		  "p.yaml:10: feature \"f\": \"value\" is missing beside \"option\"" },
		{ PACK_HEAD PACK_ROLES "features: [{id: f, value: dns}]\n" PACK_RULES,
		  "p.yaml:10: feature \"f\": \"option\" is missing beside \"value\"" },
		{ PACK_HEAD PACK_ROLES
		  "features: [{id: f, always: true, option: lb, value: dns}]\n" PACK_RULES,
		  "p.yaml:10: feature \"f\": always and option exclude each other" },
		{ PACK_HEAD PACK_ROLES PACK_RULES, "" },
	};
	struct err err;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(pack_error(&err, cases[i].text), cases[i].message, "%s", err.text);
}

#define PACK_TOP "pack: p\nversion: \"1\"\nproduct: P\n"

Test(rules_pack, documents_are_checked)
{
	static const struct text_case cases[] = {
		{ PACK_TOP "documents: [{id: d, title: D}]\n" PACK_ROLES PACK_RULES,
		  "p.yaml:4: document \"d\": \"address\" is missing" },
		{ PACK_TOP "documents: [{id: doc, title: D, address: a},\n {id: doc, title: D, "
		           "address: a}]\n" PACK_ROLES PACK_RULES,
		  "p.yaml:5: document \"doc\": the id stands twice" },
		{ PACK_TOP
		  "documents: [{id: doc, title: D, address: a, empty: [{table: 1}]}]\n" PACK_ROLES
		          PACK_RULES,
		  "p.yaml:4: document \"doc\": \"row\" is missing" },
		{ PACK_TOP
		  "documents: [{id: doc, title: D, address: a, date: [1]}]\n" PACK_ROLES PACK_RULES,
		  "p.yaml:4: document \"doc\": date: expected text, found a list" },
	};
	struct err err;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(pack_error(&err, cases[i].text), cases[i].message, "%s", err.text);
}

static const char whole[] =
        "pack: lync-server-2013\n"
        "version: \"1.0\"\n"
        "product: Microsoft Lync Server 2013\n"
        "documents:\n"
        "  - id: port-summary-sip-xmpp-pic\n"
        "    title: Port summary\n"
        "    publisher: Microsoft\n"
        "    address: https://example.org/x\n"
        "    language: zh-CN\n"
        "    date: \"2013-03-15\"\n"
        "    licence: CC BY 4.0\n"
        "    empty: [{table: 3, row: 6}]\n"
        "roles:\n"
        "  - {id: front-end-server, kind: server, zone: inside}\n"
        "  - {id: edge-internal, title: Edge, kind: server, zone: perimeter, faces: inside}\n"
        "features:\n"
        "  - {id: xmpp-federation, title: XMPP}\n"
        "rules:\n"
        "  - id: xmpp-internal\n"
        "    title: XMPP gateway to the Edge\n"
        "    from: [front-end-server]\n"
        "    to: [edge-internal]\n"
        "    printed: {from: any}\n"
        "    transport: tcp\n"
        "    ports: 23456\n"
        "    protocol: xmpp\n"
        "    security: mtls\n"
        "    need: conditional\n"
        "    feature: xmpp-federation\n"
        "    cites:\n"
        "      - {document: port-summary-sip-xmpp-pic, table: 3, row: 3, cells: [XMPP/MTLS/23456, "
        "Any, Internal Edge Server interface IP]}\n"
        "    disputed: The row prints Any as source; text and note name the Front End.\n";

static void check_whole(const struct pack *pack)
{
	cr_assert_str_eq(pack->id, "lync-server-2013");
	cr_assert_str_eq(pack->version, "1.0");
	cr_assert_str_eq(pack->file, "x.yaml");
	cr_assert_eq(pack->documents[0].empty[0].row, 6);
	cr_assert_str_eq(pack->documents[0].language, "zh-CN");
	cr_assert_eq(pack->roles[0].faces, ZONE_INSIDE);
	cr_assert_eq(pack->roles[1].zone, ZONE_PERIMETER);
	cr_assert_eq(pack->roles[1].faces, ZONE_INSIDE);
	cr_assert_eq(pack->n_rules, 1);
	const struct rule *rule = &pack->rules[0];
	cr_assert_str_eq(rule->id, "xmpp-internal");
	cr_assert_eq(rule->from.form, END_ROLES);
	cr_assert_eq(rule->from.printed, END_ANY);
	cr_assert_str_eq(rule->from.roles[0], "front-end-server");
	cr_assert_eq(rule->to.printed, END_ROLES);
	cr_assert(rule->tcp && !rule->udp);
	cr_assert(rule->n_ports == 1 && rule->ports[0].first == 23456);
	cr_assert_eq(rule->port_end, PORT_OF_RESPONDER);
	cr_assert_eq(rule->family, FAMILY_XMPP);
	cr_assert_eq(rule->security, SECURITY_MTLS);
	cr_assert_eq(rule->need, NEED_CONDITIONAL);
	cr_assert_str_eq(rule->features[0], "xmpp-federation");
	cr_assert_eq(rule->cites[0].row, 3);
	cr_assert_eq(rule->cites[0].n_cells, 3);
	cr_assert_str_eq(rule->cites[0].cells[2], "Internal Edge Server interface IP");
	cr_assert_null(rule->note);
	cr_assert_null(rule->facet_of);
}

Test(rules_pack, says_what_the_file_says)
{
	_cleanup_(pack_freep) struct pack *pack = load_pack("x.yaml", whole);
	check_whole(pack);
	cr_assert_eq(pack->rules[0].line, 19);
}

Test(rules_pack, json_is_read_as_far_as_it_is_yaml)
{
	static const char json[] =
	        "{\"pack\": \"lync-server-2013\", \"version\": \"1.0\", \"product\": \"P\",\n"
	        " \"documents\": [{\"id\": \"d\", \"title\": \"T\", \"address\": \"a\", "
	        "\"language\": \"zh-CN\", \"empty\": [{\"table\": 3, \"row\": 6}]}],\n"
	        " \"roles\": [{\"id\": \"front-end-server\", \"kind\": \"server\", \"zone\": "
	        "\"inside\"}, {\"id\": \"edge-internal\", \"kind\": \"server\", \"zone\": "
	        "\"perimeter\", \"faces\": \"inside\"}],\n"
	        " \"features\": [{\"id\": \"xmpp-federation\"}],\n"
	        " \"rules\": [{\"id\": \"xmpp-internal\", \"title\": \"T\",\n"
	        "  \"from\": [\"front-end-server\"], \"to\": [\"edge-internal\"],\n"
	        "  \"printed\": {\"from\": \"any\"}, \"transport\": \"tcp\", \"ports\": 23456,\n"
	        "  \"protocol\": \"xmpp\", \"security\": \"mtls\", \"need\": \"conditional\",\n"
	        "  \"feature\": \"xmpp-federation\", \"cites\": [{\"document\": \"d\", \"table\": "
	        "3, \"row\": 3, \"cells\": [\"a\", \"b\", \"Internal Edge Server interface "
	        "IP\"]}]}]}\n";
	_cleanup_(pack_freep) struct pack *pack = load_pack("x.yaml", json);
	check_whole(pack);
}

Test(rules_pack, lists_are_bounded)
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	struct err err;
	strbuf_add(&buf, PACK_HEAD "roles:\n");
	for (int i = 0; i < 129; i++)
		strbuf_add_format(&buf, "- {id: r%d, kind: server, zone: inside}\n", i);
	strbuf_add(&buf, "rules: [{}]\n");
	cr_assert_str_eq(pack_error(&err, strbuf_text(&buf)),
	                 "p.yaml:6: roles: more than 128 that are no sets");
	strbuf_clear(&buf);
	strbuf_add(&buf, PACK_HEAD PACK_ROLES "features:\n");
	for (int i = 0; i < 129; i++)
		strbuf_add_format(&buf, "- {id: f%d}\n", i);
	strbuf_add(&buf, "rules: [{}]\n");
	cr_assert_str_eq(pack_error(&err, strbuf_text(&buf)), "p.yaml:11: features: more than 128");
	strbuf_clear(&buf);
	strbuf_add(&buf, PACK_HEAD PACK_ROLES "rules:\n");
	for (int i = 0; i < 4097; i++)
		strbuf_add(&buf, "- {}\n");
	cr_assert_str_eq(pack_error(&err, strbuf_text(&buf)), "p.yaml:11: rules: more than 4096");
}
