/*
 * Who plays which role: prefixes, aliases, virtual addresses, defaults and sides; and which flows
 * are worth a detector's look.
 */
#include "audit_hand.h"

#define SITE                                                                                       \
	"site: S\npacks: [lync-server-2013]\nnetworks: [10.0.0.0/8, \"2001:db8::/32\"]\n"          \
	"features: [xmpp-federation, external-access, sip-federation, audio, peer-media]\n"        \
	"roles:\n"                                                                                 \
	"  access-edge-external: [203.0.113.10]\n"                                                 \
	"  front-end-server: [10.0.2.0/24, \"2001:db8::20\"]\n"                                    \
	"  cms-master: [10.0.2.20]\n"                                                              \
	"  mediation-server: [10.0.2.20, 10.0.2.40]\n"                                             \
	"  director: [10.0.2.30]\n"                                                                \
	"  edge-internal: [10.0.1.10]\n"                                                           \
	"nat: {203.0.113.10: 172.16.0.10, 198.51.100.77: 10.0.2.30}\n"                             \
	"vips: {10.0.7.5: {members: [10.0.2.21, 10.0.2.30], maps: {443: 4443}}}\n"                 \
	"hosts: {10.0.2.20: fe01.example, 10.0.2.0/24: pool.example}\n"

static struct bench bench;

static void open_site(void)
{
	bench_open(&bench, PACK_FIRST, NULL, SITE);
}

static void close_site(void)
{
	bench_close(&bench);
}

TestSuite(scope, .init = open_site, .fini = close_site);

static struct party party_of(const char *text)
{
	struct addr addr = hand_addr(text);
	struct party party;

	scope_party(bench.scope, &addr, &party);
	return party;
}

/* Roles played, joined by "+". */
static const char *plays(const char *address)
{
	static char text[256];
	struct party party = party_of(address);
	size_t len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < bench.ruleset->n_roles; i++)
		if (role_set_has(&party.playing, i))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
			                        len ? "+" : "", bench.ruleset->roles[i].role->id);
	return text;
}

Test(scope, longest_prefix_decides_alone)
{
	cr_assert_str_eq(plays("10.0.2.99"), "front-end-server");
	cr_assert_str_eq(plays("10.0.2.20"), "cms-master+mediation-server");
	cr_assert_str_eq(plays("10.0.2.40"), "mediation-server");
	cr_assert_str_eq(plays("2001:db8::20"), "front-end-server");
}

Test(scope, mapped_ipv4_is_ipv4)
{
	cr_assert_str_eq(plays("::ffff:10.0.2.40"), "mediation-server");
	assert_judged(&bench, "[::ffff:10.0.9.21]:4000 > 10.0.2.21:5061 tcp tls",
	              "compliant - fe-sip-client -");
	assert_judged(&bench, "[2001:db8::9]:4000 > [2001:db8::20]:5061 tcp tls",
	              "compliant - fe-sip-client -");
}

Test(scope, nat_aliases_are_one_host)
{
	cr_assert_str_eq(plays("172.16.0.10"), "access-edge-external");
	cr_assert_str_eq(plays("198.51.100.77"), "director");
	assert_judged(&bench, "198.51.100.20:4000 > 172.16.0.10:443 tcp tls",
	              "compliant - ext-client-sip -");
}

Test(scope, vip_plays_its_members_and_maps_ports)
{
	cr_assert_str_eq(plays("10.0.7.5"), "front-end-server+director");
	cr_assert_not_null(party_of("10.0.7.5").vip);
	cr_assert_null(party_of("10.0.2.21").vip);
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.7.5:5061 tcp tls",
	              "compliant - fe-sip-client -");
	/* 443 arrives at the members as 4443: front-end-server may open that. */
	struct assessment a = bench_judge(&bench, "10.0.2.99:4000 > 10.0.7.5:443 tcp tls");
	bool has_mapped = false;
	for (unsigned i = 0; i < a.n_tried; i++)
		has_mapped |= strcmp(bench_rule_id(&bench, a.tried[i]), "fe-web-ext-https") == 0;
	cr_assert(has_mapped);
	assert_judged(&bench, "10.0.2.99:4000 > 10.0.7.5:443 tcp tls",
	              "compliant - fe-web-https -");
}

Test(scope, defaults_of_a_side)
{
	cr_assert_str_eq(plays("10.0.9.21"), "client-internal");
	cr_assert_str_eq(plays("2001:db8::9"), "client-internal");
	cr_assert_str_eq(plays("198.51.100.20"), "client-external+federated-partner+xmpp-partner");
	struct party client = party_of("10.0.9.21");
	cr_assert(role_set_is_empty(&client.given));
	cr_assert_eq(party_of("10.0.9.21").zones, 1 << ZONE_INSIDE);
	cr_assert_eq(party_of("198.51.100.20").zones, 1 << ZONE_OUTSIDE);
	cr_assert_eq(party_of("10.0.1.10").zones, 1 << ZONE_PERIMETER);
	/* They match rules, and bring nothing into scope. */
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.9.22:50000 udp rtp", "out-of-scope - - -");
}

Test(scope, external_clients_keep_their_default)
{
	struct bench b;
	struct party party;
	struct addr addr = hand_addr("198.51.100.200");

	bench_open(&b, PACK_FIRST, NULL,
	           "site: S\npacks: [lync-server-2013]\nnetworks: [10.0.0.0/8]\nfeatures: "
	           "[external-access]\n"
	           "roles: {client-external: [198.51.100.0/25], federated-partner: [192.0.2.10],\n"
	           "  client-internal: [10.0.9.0/24], access-edge-external: [203.0.113.10]}\n");
	scope_party(b.scope, &addr, &party);
	cr_assert(role_set_has(&party.playing,
	                       (unsigned)ruleset_find_role(b.ruleset, "client-external")));
	cr_assert_not(role_set_has(&party.playing,
	                           (unsigned)ruleset_find_role(b.ruleset, "federated-partner")));
	assert_judged(&b, "198.51.100.200:4000 > 203.0.113.10:443 tcp tls",
	              "compliant - ext-client-sip -");
	/* A client range was given inside: the others there play nothing. */
	addr = hand_addr("10.0.99.9");
	scope_party(b.scope, &addr, &party);
	cr_assert(role_set_is_empty(&party.playing));
	bench_close(&b);
}

Test(scope, servers_and_names)
{
	cr_assert(party_of("10.0.2.21").is_server);
	cr_assert_not(party_of("10.0.9.21").is_server);
	cr_assert_str_eq(party_of("10.0.2.20").host, "fe01.example");
	cr_assert_str_eq(party_of("10.0.2.21").host, "pool.example");
	cr_assert_null(party_of("10.0.9.21").host);
	cr_assert(party_of("255.255.255.255").is_wildcard);
	cr_assert(party_of("0.0.0.0").is_wildcard);
	cr_assert(party_of("::").is_wildcard);
	cr_assert(party_of("ff02::1").is_wildcard);
	cr_assert_not(party_of("10.255.255.255").is_wildcard);
}

static void assert_roles_text(const char *address, const char *expected)
{
	char text[64];
	struct party party = party_of(address);

	party_roles_text(bench.scope, &party, text, sizeof(text));
	cr_assert_str_eq(text, expected);
}

Test(scope, roles_as_text)
{
	assert_roles_text("10.0.2.20", "cms-master+mediation-server");
	assert_roles_text("10.0.9.21", "inside");
	assert_roles_text("198.51.100.20", "outside");
	assert_roles_text("255.255.255.255", "broadcast");
	char small[8];
	struct party party = party_of("10.0.2.20");
	party_roles_text(bench.scope, &party, small, sizeof(small));
	cr_assert_str_eq(small, "cms-mas");
}

static bool is_expected(const struct bench *b, const char *line)
{
	struct hand_flow hand = hand_flow(line);
	bool expected = scope_expect(b->scope, &hand.flow) != 0;

	facts_free(hand.flow.facts);
	return expected;
}

Test(scope, only_flows_that_may_be_in_scope_are_looked_at)
{
	cr_assert(is_expected(&bench, "10.0.9.21:4000 > 10.0.2.20:22 tcp"));
	cr_assert(is_expected(&bench, "198.51.100.1:4000 > 203.0.113.10:9 udp"));
	cr_assert_not(is_expected(&bench, "10.0.9.21:400 > 10.0.9.22:500 tcp"));
	cr_assert_not(is_expected(&bench, "198.51.100.1:4000 > 198.51.100.2:443 tcp"));
	/* A range of client ports may be media between clients. */
	cr_assert(is_expected(&bench, "10.0.9.21:4000 > 10.0.9.22:50000 udp"));

	struct bench b;
	bench_open(&b, PACK_FIRST, NULL, NULL);
	cr_assert(is_expected(&b, "10.0.9.21:4000 > 10.0.2.20:5061 tcp"));
	cr_assert(is_expected(&b, "10.0.2.20:5061 > 10.0.9.21:4000 tcp"));
	cr_assert_not(is_expected(&b, "10.0.9.21:4000 > 10.0.2.20:5061 udp"));
	cr_assert_not(is_expected(&b, "10.0.9.21:4000 > 10.0.2.20:50000 udp"));
	bench_close(&b);
}
