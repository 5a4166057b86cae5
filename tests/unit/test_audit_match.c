/*
 * Which rules a flow's headers fit: the site's own allow entries with all their forms, whose port a
 * rule means, and which of two rules is named.
 */
#include "audit_hand.h"
#include "audit/priv.h"

#define ROLES                                                                                      \
	"site: S\npacks: [lync-server-2013]\nnetworks: [10.0.0.0/8]\n"                             \
	"features: [audio, av-conferencing, app-sharing, peer-media, external-access, "            \
	"enterprise-voice]\n"                                                                      \
	"roles: {front-end-server: [10.0.2.20, 10.0.2.21], director: [10.0.2.30],\n"               \
	"  mediation-server: [10.0.2.40], av-edge-external: [203.0.113.12]}\n"

static void assert_allowed(const char *allow, const char *line, const char *expected)
{
	struct bench b;
	char site[1024];

	snprintf(site, sizeof(site), "%sallow:\n  - %s\n", ROLES, allow);
	bench_open(&b, PACK_FIRST, NULL, site);
	assert_judged(&b, line, expected);
	bench_close(&b);
}

Test(match, allow_by_role_address_prefix_and_any)
{
	const char *sql = "10.0.2.20:4000 > 10.0.4.10:1433 tcp tds";

	assert_allowed("{from: front-end-server, to: 10.0.4.10, transport: tcp, ports: 1433, "
	               "protocol: tds, why: w}",
	               sql, "compliant - allow-1 -");
	assert_allowed("{from: 10.0.2.0/24, to: 10.0.4.0/24, transport: tcp, ports: 1433, why: w}",
	               sql, "compliant - allow-1 -");
	assert_allowed("{from: any, to: any, transport: tcp, ports: any, why: w}", sql,
	               "compliant - allow-1 -");
	assert_allowed("{id: sql, from: [director, 10.0.2.20], to: any, ports: 1000-2000, why: w}",
	               sql, "compliant - sql -");
	/* One field amiss. */
	assert_allowed("{from: director, to: 10.0.4.10, transport: tcp, ports: 1433, why: w}", sql,
	               "violation wrong-source allow-1 source");
	assert_allowed(
	        "{from: front-end-server, to: 10.0.4.11, transport: tcp, ports: 1433, why: w}", sql,
	        "violation wrong-destination allow-1 destination");
	assert_allowed(
	        "{from: front-end-server, to: 10.0.4.10, transport: udp, ports: 1433, why: w}", sql,
	        "violation wrong-transport allow-1 transport");
	assert_allowed("{from: front-end-server, to: 10.0.4.10, transport: tcp, ports: 1434, "
	               "protocol: tds, why: w}",
	               sql, "violation wrong-port allow-1 port");
	assert_allowed(
	        "{from: 10.0.4.10, to: front-end-server, transport: tcp, ports: 1433, why: w}", sql,
	        "violation wrong-direction allow-1 direction");
	assert_allowed("{from: front-end-server, to: 10.0.4.10, transport: tcp, ports: 1433, "
	               "protocol: http, why: w}",
	               sql, "violation wrong-protocol allow-1 protocol");
	assert_allowed("{from: front-end-server, to: 10.0.4.10, transport: tcp, ports: 1433, "
	               "security: tls, why: w}",
	               sql, "violation wrong-security allow-1 security");
	/* From outside to the inside, by the site's word. */
	assert_allowed("{from: any, to: 10.0.2.30, ports: 3389, why: w}",
	               "198.51.100.20:4000 > 10.0.2.30:3389 tcp rdp", "compliant - allow-1 -");
	/* Another transport. */
	assert_allowed("{from: front-end-server, to: mediation-server, transport: esp, why: w}",
	               "10.0.2.20:0 > 10.0.2.40:0 esp", "compliant - allow-1 -");
	assert_allowed("{from: front-end-server, to: mediation-server, transport: 47, why: w}",
	               "10.0.2.20:0 > 10.0.2.40:0 47", "compliant - allow-1 -");
	assert_allowed("{from: front-end-server, to: mediation-server, transport: 47, why: w}",
	               "10.0.2.20:0 > 10.0.2.40:0 esp",
	               "violation undocumented - -"); /* no port, never near */
}

Test(match, allow_runs_out_by_packet_time)
{
	/* Flows begin on 2026-01-01. */
	assert_allowed("{from: any, to: any, ports: 1433, why: w, until: 2026-01-01}",
	               "10.0.2.20:4000 > 10.0.4.10:1433 tcp tds", "compliant - allow-1 -");
	assert_allowed("{from: any, to: any, ports: 1433, why: w, until: 2026-01-01}",
	               "10.0.2.20:4000 > 10.0.4.10:1433 tcp tds at=86399", "compliant - allow-1 -");
	assert_allowed("{from: any, to: any, ports: 1433, why: w, until: 2026-01-01}",
	               "10.0.2.20:4000 > 10.0.4.10:1433 tcp tds at=86400",
	               "violation undocumented - -");
	assert_allowed("{from: any, to: any, ports: 1433, why: w, until: 2025-12-31}",
	               "10.0.2.20:4000 > 10.0.4.10:1433 tcp tds", "violation undocumented - -");
}

Test(match, pack_is_named_before_site)
{
	/* Equally specific: both kept, the pack's named. */
	assert_allowed("{from: client-internal, to: front-end-server, transport: tcp, ports: 5061, "
	               "why: w}",
	               "10.0.9.21:4000 > 10.0.2.20:5061 tcp tls", "compliant - fe-sip-client -");
	/* What breaks the pack's rule may be allowed by the site. */
	assert_allowed("{from: client-internal, to: front-end-server, transport: tcp, ports: 5061, "
	               "why: w}",
	               "10.0.9.21:4000 > 10.0.2.20:5061 tcp sip", "compliant - allow-1 -");
}

struct range_case {
	const char *flow, *expected;
};

Test(match, range_edges)
{
	static const struct range_case cases[] = {
		{ "10.0.9.21:4000 > 10.0.2.40:49151 udp rtp", "violation undocumented - -" },
		{ "10.0.9.21:4000 > 10.0.2.40:49152 udp rtp", "compliant - audio-media -" },
		{ "10.0.9.21:4000 > 10.0.2.40:57500 udp rtp", "compliant - audio-media -" },
		{ "10.0.9.21:4000 > 10.0.2.40:57501 udp rtp", "violation undocumented - -" },
		{ "10.0.9.21:4000 > 10.0.2.20:57500 udp rtp", "compliant - audio-media -" },
		{ "10.0.9.21:4000 > 10.0.2.20:57501 udp rtp", "compliant - fe-video-media -" },
		{ "10.0.9.21:4000 > 10.0.2.20:65535 udp rtp", "compliant - fe-video-media -" },
		{ "10.0.9.21:4000 > 10.0.2.20:49151 tcp tls",
		  "violation wrong-port fe-sip-client port" },
		{ "10.0.9.21:4000 > 10.0.2.20:49152 tcp tls",
		  "compliant - fe-app-sharing-media -" },
		{ "10.0.9.21:4000 > 10.0.2.20:65535 tcp tls",
		  "compliant - fe-app-sharing-media -" },
	};
	struct bench b;

	bench_open(&b, PACK_FIRST, NULL, ROLES);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_judged(&b, cases[i].flow, cases[i].expected);
	bench_close(&b);
}

Test(match, site_changes_ports_and_takes_rules_out)
{
	struct bench b;

	bench_open(&b, PACK_FIRST, NULL,
	           ROLES "rules: {med-sip: {ports: 5090}, fe-sip-client: {off: true}}\n");
	assert_judged(&b, "10.0.2.20:4000 > 10.0.2.40:5090 tcp sip", "compliant - med-sip -");
	assert_judged(&b, "10.0.2.20:4000 > 10.0.2.40:5070 tcp sip",
	              "violation wrong-port med-sip port");
	cr_assert_eq(ruleset_find(b.ruleset, "fe-sip-client"), -1);
	bench_close(&b);
}

Test(match, more_specific)
{
	struct bench b;

	bench_open(&b, PACK_FIRST, NULL,
	           ROLES "allow: [{from: any, to: any, ports: 5061, why: w}]\n");
#define MORE(a, c)                                                                                 \
	rule_is_more_specific(b.ruleset, (unsigned)ruleset_find(b.ruleset, a),                     \
	                      (unsigned)ruleset_find(b.ruleset, c))
	cr_assert(MORE("fe-sip-mediation", "fe-sip-server"), "a role before a set");
	cr_assert(MORE("dir-web-https", "fe-web-https"), "a set before any");
	cr_assert(MORE("fe-video-media", "fe-app-sharing-media"), "narrow before wide");
	cr_assert(MORE("fe-sip-server", "allow-1"), "pack before site");
	cr_assert(MORE("fe-im-conf", "fe-av-conf"), "then the printed order");
	cr_assert_not(MORE("fe-av-conf", "fe-im-conf"));
	bench_close(&b);
}

Test(match, width_and_texts)
{
	struct port_range list[] = { { 67, 67 }, { 68, 68 } }, range[] = { { 50000, 59999 } };
	struct rule rule = { .ports = list, .n_ports = 2, .udp = true };
	char text[64];

	cr_assert_eq(rule_port_width(&rule), 1);
	rule_ports_text(&rule, text, sizeof(text));
	cr_assert_str_eq(text, "67,68");
	rule_transport_text(&rule, text, sizeof(text));
	cr_assert_str_eq(text, "udp");
	rule = (struct rule){ .ports = range, .n_ports = 1, .tcp = true, .udp = true };
	cr_assert_eq(rule_port_width(&rule), 10000);
	rule_ports_text(&rule, text, sizeof(text));
	cr_assert_str_eq(text, "50000-59999");
	rule_transport_text(&rule, text, sizeof(text));
	cr_assert_str_eq(text, "tcp+udp");
	rule = (struct rule){ .other_transport = 50 };
	rule_ports_text(&rule, text, sizeof(text));
	cr_assert_str_eq(text, "any");
	rule_transport_text(&rule, text, sizeof(text));
	cr_assert_str_eq(text, "esp");
	rule_ports_text(&(struct rule){ .ports = range, .n_ports = 1 }, text, 4);
	cr_assert_str_eq(text, "500");
}
