/* Rules that no flow could ever keep, or that an earlier one makes useless. */
#include "rules_text.h"

#include "rules/priv.h"

static struct err err;

static struct input input(void)
{
	err = (struct err){ 0 };
	return (struct input){ .file = "f", .err = &err, .where = "rule \"r\"" };
}

Test(rules_rule, protocol_and_security_must_go_together)
{
	static const struct {
		enum family family;
		enum security security;
		bool tcp;
		const char *message;
	} cases[] = {
		{ FAMILY_SIP, SECURITY_MTLS, true, "" },
		{ FAMILY_SIP, SECURITY_NONE, true, "" },
		{ FAMILY_STUN, SECURITY_UNKNOWN, true, "" },
		{ FAMILY_STUN, SECURITY_TLS, true,
		  "f:7: rule \"r\": can never be kept: protocol stun is never inside TLS, and "
		  "security is tls" },
		{ FAMILY_SMB, SECURITY_MTLS, true,
		  "f:7: rule \"r\": can never be kept: protocol smb is never inside TLS, and "
		  "security is mtls" },
		{ FAMILY_HTTPS, SECURITY_NONE, true,
		  "f:7: rule \"r\": can never be kept: protocol https is always inside TLS, and "
		  "security is none" },
		{ FAMILY_PSOM, SECURITY_NONE, true,
		  "f:7: rule \"r\": can never be kept: protocol psom is always inside TLS, and "
		  "security is none" },
		{ FAMILY_APP_SHARING, SECURITY_UNKNOWN, false,
		  "f:7: rule \"r\": can never be kept: protocol app-sharing is over TCP only" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct input in = input();
		struct rule rule = { .id = "r",
			             .line = 7,
			             .tcp = cases[i].tcp,
			             .udp = !cases[i].tcp,
			             .family = cases[i].family,
			             .security = cases[i].security };
		int r = rule_check_possible(&in, &rule);
		cr_expect_eq(r, cases[i].message[0] ? RULES_E_INVALID : 0);
		cr_expect_str_eq(err.text, cases[i].message, "%s", err.text);
	}
}

static const char *const fe_edge[] = { "fe", "edge" };
static const char *const edge_fe[] = { "edge", "fe" };
static const char *const fe_dir[] = { "fe", "dir" };
static struct port_range two[] = { { 67, 67 }, { 68, 68 } };
static struct port_range two_turned[] = { { 68, 68 }, { 67, 67 } };
static struct port_range other_two[] = { { 67, 67 }, { 69, 69 } };

static struct rule base_rule(const char *id, int line)
{
	return (struct rule){
		.id = id,
		.line = line,
		.from = { .form = END_ROLES, .roles = (const char **)fe_edge, .n_roles = 2 },
		.to = { .form = END_ANY },
		.tcp = true,
		.ports = two,
		.n_ports = 2,
		.family = FAMILY_SIP,
		.security = SECURITY_TLS
	};
}

static int check_two(const struct rule *a, const struct rule *b)
{
	struct input in = input();
	const struct rule *const rules[] = { a, b };
	return rule_check_unique(&in, rules, 2);
}

Test(rules_rule, the_same_rule_twice_is_refused_in_any_order_of_its_lists)
{
	struct rule a = base_rule("a", 3), b = base_rule("b", 9);
	b.from.roles = (const char **)edge_fe;
	b.ports = two_turned;
	cr_assert_eq(check_two(&a, &b), RULES_E_INVALID);
	cr_assert_str_eq(err.text, "f:9: rule \"b\": can never match: rule \"a\" in line 3 has the "
	                           "same ends, transport, ports, protocol and security");
}

Test(rules_rule, any_difference_will_do)
{
	struct rule a = base_rule("a", 3);
	struct rule b[8];
	for (size_t i = 0; i < ARRAY_SIZE(b); i++)
		b[i] = base_rule("b", 9);
	b[0].from.roles = (const char **)fe_dir;
	b[1].to.form = END_UNSTATED;
	b[2].udp = true;
	b[3].ports = other_two;
	b[4].n_ports = 1;
	b[5].family = FAMILY_HTTP;
	b[6].security = SECURITY_MTLS;
	b[7].port_end = PORT_OF_TO;
	for (size_t i = 0; i < ARRAY_SIZE(b); i++)
		cr_expect_eq(check_two(&a, &b[i]), 0, "%zu", i);
}

Test(rules_rule, prefixes_count)
{
	struct prefix ten = { addr_from_ipv4(0x0a000000), 104 };
	struct prefix eleven = { addr_from_ipv4(0x0b000000), 104 };
	struct rule a = base_rule("a", 3), b = base_rule("b", 9);
	a.to = (struct rule_end){ .form = END_PREFIXES, .prefixes = &ten, .n_prefixes = 1 };
	b.to = (struct rule_end){ .form = END_PREFIXES, .prefixes = &eleven, .n_prefixes = 1 };
	cr_assert_eq(check_two(&a, &b), 0);
	b.to.prefixes = &ten;
	cr_assert_eq(check_two(&a, &b), RULES_E_INVALID);
}

Test(rules_rule, an_id_stands_once)
{
	struct rule a = base_rule("a", 3), b = base_rule("a", 9);
	b.family = FAMILY_HTTP;
	cr_assert_eq(check_two(&a, &b), RULES_E_INVALID);
	cr_assert_str_eq(err.text, "f:9: rule \"a\": the id stands twice, first in line 3");
}
