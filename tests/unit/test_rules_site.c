/* Sites: the contract's example as written there, and every message as a person sees it. */
#include "rules_text.h"

static const char example[] =
        "site: Contoso\n"
        "packs: [lync-server-2013]\n"
        "features: [sip-federation, pic, xmpp-federation, external-access]\n"
        "networks: [10.0.0.0/8]\n"
        "roles:\n"
        "  access-edge-external: [203.0.113.10]\n"
        "  av-edge-external: [203.0.113.12]\n"
        "  edge-internal: [10.0.1.10]\n"
        "  front-end-server: [10.0.2.20, 10.0.2.21]\n"
        "  client-internal: [10.0.9.0/24]\n"
        "  xmpp-partner: [192.0.2.69]\n"
        "hosts: {10.0.2.20: fe01.contoso.example}\n"
        "nat: {203.0.113.10: 172.16.0.10}\n"
        "vips: {10.0.2.5: {members: [10.0.2.20, 10.0.2.21], maps: {443: 4443}}}\n"
        "options: {lb-mode: dns}\n"
        "vantages:\n"
        "  outer-firewall: {sees: [outside-perimeter]}\n"
        "allow:                                          # the site's own flows, besides the pack\n"
        "  - {from: front-end-server, to: 10.0.4.10, transport: tcp, ports: 1433, protocol: tds,\n"
        "     why: SQL back end, owner: db team, until: 2027-06-30}\n"
        "accept:                                         # known findings: stay in the report, do "
        "not count\n"
        "  - {rule: med-gw-tls-in, kind: wrong-security, from: 10.0.3.5, why: old gateway, owner: "
        "voice, until: 2027-03-31}\n"
        "rules:                                          # per-rule changes, by id\n"
        "  fe-sip: {expect: {within: 15m}}\n"
        "  xmpp-internal: {ports: 5098}\n";

static struct addr addr_of(const char *text)
{
	struct addr addr;
	cr_assert(addr_parse(&addr, text));
	return addr;
}

static void cr_addr(const struct addr *addr, const char *text)
{
	char buffer[ADDR_TEXT_SIZE];
	cr_assert_str_eq(addr_format(addr, buffer), text);
}

Test(rules_site, the_example_loads_as_written)
{
	_cleanup_(site_freep) struct site *site = load_site(example);
	cr_assert_str_eq(site->name, "Contoso");
	cr_assert_str_eq(site->packs[0], "lync-server-2013");
	cr_assert_eq(site->pack_lines[0], 2);
	cr_assert_eq(site->n_features, 4);
	cr_assert_str_eq(site->features[3], "external-access");
	cr_assert_eq(site->networks[0].len_bits, 104);
	cr_assert_eq(site->n_addresses, 7);
	cr_assert_str_eq(site->addresses[4].role, "front-end-server");
	cr_assert_eq(site->addresses[4].line, 9);
	cr_addr(&site->addresses[4].prefix.addr, "10.0.2.21");
	cr_assert_eq(site->addresses[5].prefix.len_bits, 120);
	cr_assert_eq(site->hosts[0].n_names, 1);
	cr_assert_str_eq(site->hosts[0].names[0], "fe01.contoso.example");
	cr_addr(&site->hosts[0].prefix.addr, "10.0.2.20");
	cr_addr(&site->nats[0].public_addr, "203.0.113.10");
	cr_addr(&site->nats[0].private_addr, "172.16.0.10");
	cr_addr(&site->vips[0].vip, "10.0.2.5");
	cr_assert_eq(site->vips[0].n_members, 2);
	cr_addr(&site->vips[0].members[1], "10.0.2.21");
	cr_assert_eq(site->vips[0].n_maps, 1);
	cr_assert(site->vips[0].maps[0].from == 443 && site->vips[0].maps[0].to == 4443);
	cr_assert_str_eq(site->options[0].name, "lb-mode");
	cr_assert_str_eq(site->options[0].value, "dns");
	cr_assert_str_eq(site->vantages[0].name, "outer-firewall");
	cr_assert_eq(site->vantages[0].sees,
	             1 << (ZONE_OUTSIDE * N_ZONES + ZONE_PERIMETER) |
	                     1 << (ZONE_PERIMETER * N_ZONES + ZONE_OUTSIDE));
}

Test(rules_site, a_host_may_have_several_names)
{
	_cleanup_(site_freep) struct site *site =
	        load_site("site: S\n"
	                  "hosts:\n"
	                  "  10.0.2.20: [fe01.contoso.example, pool01.contoso.example]\n"
	                  "  10.0.9.0/24: Clients\n");
	cr_assert_eq(site->n_hosts, 2);
	cr_assert_eq(site->hosts[0].n_names, 2);
	cr_assert_str_eq(site->hosts[0].names[0], "fe01.contoso.example");
	cr_assert_str_eq(site->hosts[0].names[1], "pool01.contoso.example");
	cr_assert_eq(site->hosts[0].line, 3);
	cr_assert_eq(site->hosts[1].n_names, 1);
	cr_assert_str_eq(site->hosts[1].names[0], "Clients");
}

Test(rules_site, the_example_s_allow_accept_and_rules)
{
	_cleanup_(site_freep) struct site *site = load_site(example);
	const struct site_allow *allow = &site->allows[0];
	cr_assert_str_eq(allow->rule.id, "allow-1");
	cr_assert_str_eq(allow->why, "SQL back end");
	cr_assert_str_eq(allow->owner, "db team");
	cr_assert_eq(allow->until_ns, INT64_C(1814400000) * 1000000000 - 1);
	cr_assert_eq(allow->rule.line, 19);
	cr_assert_eq(allow->rule.from.form, END_ROLES);
	cr_assert_str_eq(allow->rule.from.roles[0], "front-end-server");
	cr_assert_eq(allow->rule.to.form, END_PREFIXES);
	cr_assert_eq(allow->rule.to.prefixes[0].len_bits, 128);
	cr_assert(allow->rule.tcp && !allow->rule.udp);
	cr_assert_eq(allow->rule.family, FAMILY_TDS);
	cr_assert_eq(allow->rule.security, SECURITY_UNKNOWN);
	const struct site_accept *accept = &site->accepts[0];
	cr_assert_str_eq(accept->rule, "med-gw-tls-in");
	cr_assert_str_eq(accept->kind, "wrong-security");
	cr_assert_eq(accept->from.n_prefixes, 1);
	cr_assert(accept->to.n_prefixes == 0 && accept->to.n_roles == 0);
	/* date -u -d 2027-04-01 +%s says 1806537600 */
	cr_assert_eq(accept->until_ns, INT64_C(1806537600) * 1000000000 - 1);
	cr_assert_str_eq(site->overrides[0].rule, "fe-sip");
	cr_assert(site->overrides[0].has_expect);
	cr_assert_eq(site->overrides[0].expect.within_ns, INT64_C(900) * 1000000000);
	cr_assert(site->overrides[1].has_ports && site->overrides[1].ports[0].first == 5098);
	cr_assert_eq(site->overrides[1].severity, SEVERITY_UNSET);
}

Test(rules_site, defaults_and_the_other_forms)
{
	_cleanup_(site_freep) struct site *site = load_site(
	        "site: S\n"
	        "allow:\n"
	        "- {id: dns, from: any, to: [10.0.0.53, dns-server, \"2001:db8::/32\"], ports: "
	        "any, why: w}\n"
	        "- {from: any, to: any, transport: icmp, why: w}\n"
	        "- {from: any, to: any, transport: 89, why: w}\n"
	        "- {from: any, to: any, transport: udp, ports: [\"1-2\", 9], protocol: dns, "
	        "security: none, why: w}\n"
	        "accept: [{to: [a, b], why: w}]\n"
	        "rules:\n"
	        "  a: {expect: true, severity: error}\n"
	        "  b: {expect: false}\n"
	        "  c: {off: true, expect: {within: 1h, hours: \"mon-fri 08-18\", zone: "
	        "Europe/Berlin}}\n"
	        "severity: {wrong-source: error, note: warning}\n"
	        "vantages: {core: {sees: [perimeter-inside, inside-inside]}}\n"
	        "nat: {\"2001:db8::1\": \"fd00::1\"}\n");
	const struct rule *dns = &site->allows[0].rule;
	cr_assert_str_eq(dns->id, "dns");
	cr_assert(dns->tcp && dns->udp && dns->family == FAMILY_ANY);
	cr_assert(dns->n_ports == 1 && dns->ports[0].first == 0 && dns->ports[0].last == 65535);
	cr_assert_eq(dns->to.form, END_PREFIXES);
	cr_assert(dns->to.n_prefixes == 2 && dns->to.n_roles == 1);
	cr_assert_eq(dns->from.form, END_ANY);
	cr_assert_eq(site->allows[0].until_ns, INT64_MAX);
	cr_assert_str_eq(site->allows[1].rule.id, "allow-2");
	cr_assert(!site->allows[1].rule.tcp && !site->allows[1].rule.udp);
	cr_assert_eq(site->allows[1].rule.other_transport, 1);
	cr_assert_eq(site->allows[1].rule.n_ports, 0);
	cr_assert_eq(site->allows[2].rule.other_transport, 89);
	cr_assert_eq(site->allows[3].rule.n_ports, 2);
	cr_assert_eq(site->allows[3].rule.security, SECURITY_NONE);
	cr_assert_eq(site->accepts[0].to.n_roles, 2);
	cr_assert(site->overrides[0].has_expect && site->overrides[0].expect.within_ns == 0);
	cr_assert_eq(site->overrides[0].severity, SEVERITY_ERROR);
	cr_assert(!site->overrides[1].has_expect && site->overrides[1].expect_off);
	const struct site_override *c = &site->overrides[2];
	cr_assert(c->has_off && c->is_off);
	cr_assert(c->expect.days == 0x1f && c->expect.hour_from == 8 && c->expect.hour_to == 18);
	cr_assert_str_eq(c->expect.zone, "Europe/Berlin");
	cr_assert_str_eq(site->severities[0].kind, "wrong-source");
	cr_assert_eq(site->severities[1].severity, SEVERITY_WARNING);
	cr_assert_eq(site->vantages[0].sees, 1 << 5 | 1 << 7 | 1 << 8);
	struct addr six = addr_of("fd00::1");
	cr_assert(addr_equal(&site->nats[0].private_addr, &six));
}

Test(rules_site, json_is_read_as_far_as_it_is_yaml)
{
	_cleanup_(site_freep) struct site *site = load_site(
	        "{\"site\": \"S\", \"roles\": {\"fe\": [\"10.0.0.1\", \"2001:db8::1\"]},\n"
	        " \"rules\": {\"r\": {\"off\": true, \"ports\": [1, \"2-3\"]}}}\n");
	cr_assert_eq(site->n_addresses, 2);
	cr_assert(site->overrides[0].is_off && site->overrides[0].n_ports == 2);
}

#define SITE  "site: S\n"
#define ALLOW SITE "allow:\n- {why: w, from: any, to: any, "

static const struct text_case cases[] = {
	{ "packs: [a]\n", "s.yaml:1: \"site\" is missing" },
	{ "site: {}\n", "s.yaml:1: site: expected text, found a mapping" },
	{ SITE "role: {}\n", "s.yaml:2: unknown key \"role\" (did you mean \"roles\"?)" },
	{ SITE "packs: a\n", "s.yaml:2: packs: expected a list, found \"a\"" },
	{ SITE "packs: []\n", "s.yaml:2: packs: nothing in it; leave it out" },
	{ SITE "features: [a, b, a]\n", "s.yaml:2: features: \"a\" stands twice" },
	{ SITE "networks:\n", "s.yaml:2: networks: expected a list, found nothing" },
	{ SITE "networks: [10.0.0.1/8]\n",
	  "s.yaml:2: networks: \"10.0.0.1/8\" has bits set behind /8; write 10.0.0.0/8" },
	{ SITE "networks:\n- 10.0.0.0/8\n- office\n",
	  "s.yaml:4: networks: expected an address or a prefix like 10.0.0.0/8, found "
	  "\"office\"" },
	{ SITE "networks: [2001:db8::]\n",
	  "s.yaml:2: not YAML at column 21: found unexpected ':' (an IPv6 address must be quoted: "
	  "\"2001:db8::\")" },
	{ SITE "networks:\n- ::\n",
	  "s.yaml:3: networks: expected an address or a prefix like 10.0.0.0/8, found a mapping "
	  "(an IPv6 address must be quoted: \"::\")" },
	{ SITE "roles: {fe: 10.0.0.1}\n",
	  "s.yaml:2: roles: fe: expected a list, found \"10.0.0.1\"" },
	{ SITE "roles: {fe: []}\n", "s.yaml:2: roles: fe: the list is empty" },
	{ SITE "roles:\n  fe:\n  - 10.0.0.256\n",
	  "s.yaml:4: roles: fe: expected an address or a prefix like 10.0.0.0/8, found "
	  "\"10.0.0.256\"" },
	{ SITE "hosts: {fe01: 10.0.0.1}\n",
	  "s.yaml:2: hosts: expected an address or a prefix like 10.0.0.0/8, found \"fe01\"" },
	{ SITE "hosts: {10.0.0.1: {a: b}}\n",
	  "s.yaml:2: 10.0.0.1: expected a name or a list of names, found a mapping" },
	{ SITE "hosts: {10.0.0.1: []}\n", "s.yaml:2: 10.0.0.1: the list is empty" },
	{ SITE "hosts: {10.0.0.1: [a, [b]]}\n", "s.yaml:2: 10.0.0.1: expected text, found a list" },
	{ SITE "hosts: {10.0.0.1: [a, '']}\n", "s.yaml:2: 10.0.0.1: expected text, found \"\"" },
	{ SITE "nat: {10.0.0.0/8: 10.0.0.1}\n",
	  "s.yaml:2: nat: expected an address, found \"10.0.0.0/8\"" },
	{ SITE "nat: {10.0.0.1: \"::ffff:10.0.0.1\"}\n",
	  "s.yaml:2: nat: ::ffff:10.0.0.1 is mapped to itself" },
	{ SITE "vips: {10.0.0.5: {}}\n", "s.yaml:2: vips: 10.0.0.5: \"members\" is missing" },
	{ SITE "vips: {10.0.0.5: {members: [x]}}\n",
	  "s.yaml:2: vips: 10.0.0.5: members: expected an address, found \"x\"" },
	{ SITE "vips: {10.0.0.5: {members: [10.0.0.6], maps: {443: 70000}}}\n",
	  "s.yaml:2: vips: 10.0.0.5: 443: expected a port (1 to 65535), found \"70000\"" },
	{ SITE "vips: {10.0.0.5: {members: [10.0.0.6], maps: {https: 1}}}\n",
	  "s.yaml:2: vips: 10.0.0.5: maps: expected a port (1 to 65535), found \"https\"" },
	{ SITE "vips: {vip: {members: [10.0.0.6]}}\n",
	  "s.yaml:2: vips: expected an address, found \"vip\"" },
	{ SITE "options: {lb-mode: [dns]}\n", "s.yaml:2: lb-mode: expected text, found a list" },
	{ SITE "vantages: {fw: {sees: [outside-dmz]}}\n",
	  "s.yaml:2: vantage \"fw\": sees: expected two of outside, perimeter and inside, like "
	  "outside-perimeter, found \"outside-dmz\"" },
	{ SITE "vantages: {fw: {see: [outside-inside]}}\n",
	  "s.yaml:2: vantage \"fw\": unknown key \"see\" (did you mean \"sees\"?)" },
	{ SITE "allow: [{from: any, to: any, ports: 1}]\n",
	  "s.yaml:2: allow 1: \"why\" is missing" },
	{ SITE "allow: [{why: w, to: any, ports: 1}]\n", "s.yaml:2: allow 1: \"from\" is missing" },
	{ SITE "allow: [{why: w, from: [], to: any, ports: 1}]\n",
	  "s.yaml:2: allow 1: from: the list is empty" },
	{ SITE "allow: [{why: w, from: [any, fe], to: any, ports: 1}]\n",
	  "s.yaml:2: allow 1: from: \"any\" stands alone, not in a list" },
	{ SITE "allow: [{why: w, from: 10.0.0.0/99, to: any, ports: 1}]\n",
	  "s.yaml:2: allow 1: from: expected an address or a prefix like 10.0.0.0/8, found "
	  "\"10.0.0.0/99\"" },
	{ SITE "allow: [{why: w, from: {a: b}, to: any, ports: 1}]\n",
	  "s.yaml:2: allow 1: from: expected a role, an address or a prefix, found a mapping" },
	{ ALLOW "transport: tcp}\n", "s.yaml:3: allow 1: \"ports\" is missing (they may be any)" },
	{ ALLOW "transport: icmp, ports: 1}\n",
	  "s.yaml:3: allow 1: ports: transport icmp is judged without ports" },
	{ ALLOW "transport: tpc, ports: 1}\n", "s.yaml:3: allow 1: transport: expected tcp, udp, "
	                                       "tcp+udp, icmp, icmpv6, esp, ah, sctp or "
	                                       "a number from 1 to 255, found \"tpc\"" },
	{ ALLOW "transport: 0}\n",
	  "s.yaml:3: allow 1: transport: expected a number from 1 to 255, found \"0\"" },
	{ ALLOW "ports: 0}\n", "s.yaml:3: allow 1: ports: expected a port (1 to 65535) or a range "
	                       "like 50000-59999, found \"0\"" },
	{ ALLOW "ports: 1, protocol: tdss}\n",
	  "s.yaml:3: allow 1: unknown protocol \"tdss\" (did you mean \"tds\"?)" },
	{ ALLOW "ports: 1, security: yes}\n",
	  "s.yaml:3: allow 1: security: expected unspecified, none, tls or mtls, found \"yes\"" },
	{ ALLOW "ports: 1, until: 2027-02-30}\n",
	  "s.yaml:3: allow 1: until: expected a date like 2027-06-30, found \"2027-02-30\"" },
	{ ALLOW "ports: 1, id: x, protocol: rtp, security: tls}\n",
	  "s.yaml:3: allow \"x\": can never be kept: protocol rtp is never inside TLS, and "
	  "security is tls" },
	{ ALLOW "ports: 1}\n- {from: any, to: any, ports: 1, why: again}\n",
	  "s.yaml:4: rule \"allow-2\": can never match: rule \"allow-1\" in line 3 has the same "
	  "ends, transport, ports, protocol and security" },
	{ ALLOW "ports: 1, id: a}\n- {id: a, from: any, to: any, ports: 2, why: again}\n",
	  "s.yaml:4: rule \"a\": the id stands twice, first in line 3" },
	{ SITE "accept: [{why: w}]\n",
	  "s.yaml:2: accept 1: would accept everything; name a rule, kind, from or to" },
	{ SITE "accept: [{rule: r}]\n", "s.yaml:2: accept 1: \"why\" is missing" },
	{ SITE "accept: [{rule: r, why: w}, {kind: wrong-sauce, why: w}]\n",
	  "s.yaml:2: accept 2: unknown kind of finding \"wrong-sauce\" (did you mean "
	  "\"wrong-source\"?)" },
	{ SITE "rules: {r: {}}\n", "s.yaml:2: rules: \"r\": changes nothing" },
	{ SITE "rules: {r: {port: 1}}\n",
	  "s.yaml:2: rules: \"r\": unknown key \"port\" (did you mean \"ports\"?)" },
	{ SITE "rules: {r: {expect: maybe}}\n",
	  "s.yaml:2: rules: \"r\": expect: expected true, false or {within: 15m}, found "
	  "\"maybe\"" },
	{ SITE "rules: {r: {expect: {within: 15}}}\n",
	  "s.yaml:2: rules: \"r\": within: expected a time like 90s, 15m, 8h or 7d (at most 366d), "
	  "found \"15\"" },
	{ SITE "rules: {r: {expect: {hours: 08-18}}}\n",
	  "s.yaml:2: rules: \"r\": \"within\" is missing" },
	{ SITE "rules: {r: {expect: {within: 1h, hours: 18-08}}}\n",
	  "s.yaml:2: rules: \"r\": hours: expected hours like \"mon-fri 08-18\", found "
	  "\"18-08\"" },
	{ SITE "rules: {r: {expect: {within: 1h, zone: ../x}}}\n",
	  "s.yaml:2: rules: \"r\": zone: expected a time zone like Europe/Berlin, found "
	  "\"../x\"" },
	{ SITE "rules: {r: {ports: 9-8}}\n",
	  "s.yaml:2: rules: \"r\": ports: the range 9-8 is reversed; write 8-9" },
	{ SITE "rules: {r: {severity: fatal}}\n",
	  "s.yaml:2: rules: \"r\": severity: expected info, warning or error, found \"fatal\"" },
	{ SITE "rules: {r: {off: no}}\n",
	  "s.yaml:2: rules: \"r\": off: expected true or false, found \"no\"" },
	{ SITE "severity: {wrong-sorce: error}\n",
	  "s.yaml:2: severity: unknown kind of finding \"wrong-sorce\" (did you mean "
	  "\"wrong-source\"?)" },
	{ SITE "severity: {note: high}\n",
	  "s.yaml:2: note: expected info, warning or error, found \"high\"" },
};

Test(rules_site, every_entry_is_checked)
{
	struct err err;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(site_error(&err, cases[i].text), cases[i].message, "%s gave: %s",
		                 cases[i].text, err.text);
}
