/* Values, one node at a time: what is taken and what is refused. */
#include "rules_text.h"

#include "rules/priv.h"

static struct yaml yaml;
static struct arena arena;
static struct err err;
static struct input in;

/* The value of "key: TEXT". */
static const struct node *node_of(const char *text)
{
	static char line[256];
	yaml_deinit(&yaml);
	snprintf(line, sizeof(line), "key: %s\n", text);
	err = (struct err){ 0 };
	cr_assert_eq(yaml_read(&yaml, "f", bytes_from_text(line), &err), 0, "%s", err.text);
	in = (struct input){ .file = "f", .text = yaml.text, .arena = &arena, .err = &err };
	return yaml.root->first;
}

static void setup(void)
{
	arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
	yaml_deinit(&yaml);
	arena_deinit(&arena);
}

TestSuite(rules_value, .init = setup, .fini = teardown);

Test(rules_value, numbers_and_ports)
{
	static const char *const bad[] = { "0",   "65536", "-1",         "+1",  "0x50",
		                           "1.0", "5 061", "5,061",      "050", "\"\"",
		                           "[1]", "1e3",   "99999999999" };
	uint16_t n = 0;
	cr_assert_eq(value_port(&in, node_of("65535"), &n), 0);
	cr_assert_eq(n, 65535);
	cr_assert_eq(value_port(&in, node_of("\"1\""), &n), 0);
	cr_assert_eq(n, 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cr_expect_eq(value_port(&in, node_of(bad[i]), &n), RULES_E_INVALID, "%s", bad[i]);
		cr_expect_eq(value_number(&in, node_of(bad[i]), &n), RULES_E_INVALID, "%s", bad[i]);
	}
	value_port(&in, node_of("70000"), &n);
	cr_assert_str_eq(err.text, "f:1: key: expected a port (1 to 65535), found \"70000\"");
	value_number(&in, node_of("{a: b}"), &n);
	cr_assert_str_eq(err.text, "f:1: key: expected a number from 1 to 65535, found a mapping");
}

Test(rules_value, port_lists)
{
	struct port_range *ports;
	size_t n;
	cr_assert_eq(value_ports(&in, node_of("5061"), false, &ports, &n), 0);
	cr_assert(n == 1 && ports[0].first == 5061 && ports[0].last == 5061);
	cr_assert_eq(value_ports(&in, node_of("50000-59999"), false, &ports, &n), 0);
	cr_assert(n == 1 && ports[0].first == 50000 && ports[0].last == 59999);
	cr_assert_eq(value_ports(&in, node_of("[\"49152-57500\", 5061]"), false, &ports, &n), 0);
	cr_assert(n == 2 && ports[0].last == 57500 && ports[1].first == 5061);
	cr_assert_eq(value_ports(&in, node_of("any"), true, &ports, &n), 0);
	cr_assert(n == 1 && ports[0].first == 0 && ports[0].last == 65535);
}

Test(rules_value, port_lists_refused)
{
	static const struct text_case cases[] = {
		{ "any", "f:1: key: expected a port (1 to 65535) or a range like 50000-59999, "
		         "found \"any\"" },
		{ "50,000-59,999", "f:1: key: expected a port (1 to 65535) or a range like "
		                   "50000-59999, found \"50,000-59,999\"" },
		{ "1-", "f:1: key: expected a port (1 to 65535) or a range like 50000-59999, "
		        "found \"1-\"" },
		{ "0-10", "f:1: key: expected a port (1 to 65535) or a range like 50000-59999, "
		          "found \"0-10\"" },
		{ "1-2-3", "f:1: key: expected a port (1 to 65535) or a range like 50000-59999, "
		           "found \"1-2-3\"" },
		{ "[]", "f:1: key: the list is empty" },
		{ "59999-50000", "f:1: key: the range 59999-50000 is reversed; write 50000-59999" },
		{ "[1-10, 10]", "f:1: key: \"10\" overlaps an earlier one" },
		{ "[[1]]", "f:1: key: expected a port (1 to 65535) or a range like 50000-59999, "
		           "found a list" },
	};
	struct port_range *ports;
	size_t n;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cr_expect_eq(value_ports(&in, node_of(cases[i].text), false, &ports, &n),
		             RULES_E_INVALID);
		cr_expect_str_eq(err.text, cases[i].message, "%s", err.text);
	}
}

Test(rules_value, text_and_ids)
{
	static const char *const bad_ids[] = {
		"Front-End",
		"a b",
		"-a",
		"a-",
		"\"\"",
		"[a]",
		"~",
		"a_b",
		"a2345678901234567890123456789012345678901234567890123456789012345"
	};
	const char *text = NULL;
	cr_assert_eq(value_id(&in, node_of("fe-01"), &text), 0);
	cr_assert_str_eq(text, "fe-01");
	for (size_t i = 0; i < ARRAY_SIZE(bad_ids); i++)
		cr_expect_eq(value_id(&in, node_of(bad_ids[i]), &text), RULES_E_INVALID, "%s",
		             bad_ids[i]);
	value_id(&in, node_of("Front-End"), &text);
	cr_assert_str_eq(err.text, "f:1: key: expected an id (lower-case letters, digits and "
	                           "hyphens), found \"Front-End\"");
	value_text(&in, node_of(""), &text);
	cr_assert_str_eq(err.text, "f:1: key: expected text, found nothing");
	value_text(&in, node_of("\"\""), &text);
	cr_assert_str_eq(err.text, "f:1: key: expected text, found \"\"");
	value_text(&in, node_of("null"), &text);
	cr_assert_str_eq(err.text, "f:1: key: expected text, found nothing");
	cr_assert_eq(value_text(&in, node_of("\"null\""), &text), 0);
	cr_assert_str_eq(text, "null");
}

Test(rules_value, lists)
{
	const char **list;
	size_t n;
	cr_assert_eq(value_texts(&in, node_of("[Any, \"\"]"), &list, &n), 0);
	cr_assert(n == 2 && strcmp(list[1], "") == 0);
	value_texts(&in, node_of("[a, [b]]"), &list, &n);
	cr_assert_str_eq(err.text, "f:1: key: expected text, found a list");
	value_ids(&in, node_of("one"), &list, &n);
	cr_assert_str_eq(err.text, "f:1: key: expected a list, found \"one\"");
	value_ids(&in, node_of("[a, b, a]"), &list, &n);
	cr_assert_str_eq(err.text, "f:1: key: \"a\" stands twice");
	value_ids(&in, node_of("[]"), &list, &n);
	cr_assert_str_eq(err.text, "f:1: key: the list is empty");
}

Test(rules_value, words_and_booleans)
{
	static const char *const words[] = { "tcp", "udp", "tcp+udp" };
	unsigned word = 9;
	bool flag = false;
	cr_assert_eq(value_word(&in, node_of("udp"), words, 3, &word), 0);
	cr_assert_eq(word, 1);
	value_word(&in, node_of("tpc"), words, 3, &word);
	cr_assert_str_eq(err.text, "f:1: key: expected tcp, udp or tcp+udp, found \"tpc\"");
	cr_assert_eq(value_bool(&in, node_of("true"), &flag), 0);
	cr_assert(flag);
	cr_assert_eq(value_bool(&in, node_of("false"), &flag), 0);
	cr_assert_not(flag);
	value_bool(&in, node_of("yes"), &flag);
	cr_assert_str_eq(err.text, "f:1: key: expected true or false, found \"yes\"");
	cr_assert_eq(value_bool(&in, node_of("\"true\""), &flag), RULES_E_INVALID);
}

Test(rules_value, protocol_and_security)
{
	enum family family;
	enum security security;
	cr_assert_eq(value_family(&in, node_of("dce-rpc"), &family), 0);
	cr_assert_eq(family, FAMILY_DCE_RPC);
	value_family(&in, node_of("htps"), &family);
	cr_assert_str_eq(err.text, "f:1: unknown protocol \"htps\" (did you mean \"https\"?)");
	value_family(&in, node_of("[sip]"), &family);
	cr_assert_str_eq(err.text, "f:1: key: expected a protocol, found a list");
	cr_assert_eq(value_security(&in, node_of("unspecified"), &security), 0);
	cr_assert_eq(security, SECURITY_UNKNOWN);
	cr_assert_eq(value_security(&in, node_of("mtls"), &security), 0);
	cr_assert_eq(security, SECURITY_MTLS);
	value_security(&in, node_of("ssl"), &security);
	cr_assert_str_eq(err.text, "f:1: key: expected unspecified, none, tls or mtls, "
	                           "found \"ssl\"");
}

Test(rules_value, addresses)
{
	struct addr addr;
	struct prefix prefix;
	cr_assert_eq(value_addr(&in, node_of("\"2001:db8::1\""), &addr), 0);
	cr_assert_eq(value_prefix(&in, node_of("10.0.0.0/8"), &prefix), 0);
	cr_assert_eq(prefix.len_bits, 104);
	value_addr(&in, node_of("10.0.0.300"), &addr);
	cr_assert_str_eq(err.text, "f:1: key: expected an address, found \"10.0.0.300\"");
	value_prefix(&in, node_of("10.0.0.0/33"), &prefix);
	cr_assert_str_eq(err.text, "f:1: key: expected an address or a prefix like 10.0.0.0/8, "
	                           "found \"10.0.0.0/33\"");
	value_prefix(&in, node_of("10.1.2.3/8"), &prefix);
	cr_assert_str_eq(err.text,
	                 "f:1: key: \"10.1.2.3/8\" has bits set behind /8; write 10.0.0.0/8");
	value_prefix(&in, node_of("\"2001:db8::1/32\""), &prefix);
	cr_assert_str_eq(
	        err.text,
	        "f:1: key: \"2001:db8::1/32\" has bits set behind /32; write 2001:db8::/32");
}

Test(rules_value, addresses_that_yaml_reads_otherwise)
{
	struct prefix prefix;
	const struct node *node = node_of("[2001:db8:: , b]")->first;
	cr_assert_eq(value_prefix(&in, node, &prefix), RULES_E_INVALID);
	cr_assert_str_eq(err.text, "f:1: key: expected an address or a prefix like 10.0.0.0/8, "
	                           "found a mapping (an IPv6 address must be quoted: "
	                           "\"2001:db8::\")");
}

Test(rules_value, until_is_the_last_nanosecond_of_the_day)
{
	static const char *const bad[] = { "2027-02-29", "2027-13-01", "2027-00-10", "27-01-01",
		                           "2027-1-01",  "2027/01/01", "2027-01-32", "2027-01-00",
		                           "1969-12-31", "2262-01-01", "[a]",        "tomorrow" };
	int64_t ns = 0;
	cr_assert_eq(value_until(&in, node_of("1970-01-01"), &ns), 0);
	cr_assert_eq(ns, INT64_C(86400) * 1000000000 - 1);
	/* date -u -d 2027-07-01 +%s says 1814400000 */
	cr_assert_eq(value_until(&in, node_of("2027-06-30"), &ns), 0);
	cr_assert_eq(ns, INT64_C(1814400000) * 1000000000 - 1);
	/* date -u -d 2028-03-01 +%s says 1835481600 */
	cr_assert_eq(value_until(&in, node_of("2028-02-29"), &ns), 0);
	cr_assert_eq(ns, INT64_C(1835481600) * 1000000000 - 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_eq(value_until(&in, node_of(bad[i]), &ns), RULES_E_INVALID, "%s", bad[i]);
	value_until(&in, node_of("2027-02-29"), &ns);
	cr_assert_str_eq(err.text,
	                 "f:1: key: expected a date like 2027-06-30, found \"2027-02-29\"");
}

Test(rules_value, durations)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = { { "90s", 90 },
		     { "15m", 900 },
		     { "8h", 28800 },
		     { "7d", 604800 },
		     { "366d", 31622400 } };
	static const char *const bad[] = { "15",  "m",    "0s",   "1w",        "367d",
		                           "-1s", "1.5h", "[1s]", "999999999h" };
	int64_t ns;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		cr_expect_eq(value_duration(&in, node_of(good[i].text), &ns), 0);
		cr_expect_eq(ns, good[i].seconds * 1000000000);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_eq(value_duration(&in, node_of(bad[i]), &ns), RULES_E_INVALID, "%s",
		             bad[i]);
	value_duration(&in, node_of("15"), &ns);
	cr_assert_str_eq(err.text, "f:1: key: expected a time like 90s, 15m, 8h or 7d (at most "
	                           "366d), found \"15\"");
}

Test(rules_value, hours)
{
	static const struct {
		const char *text;
		uint8_t days, from, to;
	} good[] = {
		{ "\"mon-fri 08-18\"", 0x1f, 8, 18 },
		{ "08-18", 0, 8, 18 },
		{ "mon-fri", 0x1f, 0, 0 },
		{ "\"sat,sun 00-24\"", 0x60, 0, 24 },
		{ "\"fri-mon,wed 22-23\"", 0x75, 22, 23 },
		{ "wed", 0x04, 0, 0 },
	};
	static const char *const bad[] = { "mon-fri 18-08", "mon-fry",    "8-18",  "mon-",
		                           "mon,",          "mon 08-18x", "08-25", "mo",
		                           "[mon]",         "mon  08-18", "08-08" };
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct expect_window window = { 0 };
		cr_expect_eq(value_hours(&in, node_of(good[i].text), &window), 0, "%s",
		             good[i].text);
		cr_expect_eq(window.days, good[i].days, "%s", good[i].text);
		cr_expect(window.hour_from == good[i].from && window.hour_to == good[i].to);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct expect_window window = { 0 };
		cr_expect_eq(value_hours(&in, node_of(bad[i]), &window), RULES_E_INVALID, "%s",
		             bad[i]);
	}
	struct expect_window window = { 0 };
	value_hours(&in, node_of("mo"), &window);
	cr_assert_str_eq(err.text, "f:1: key: expected hours like \"mon-fri 08-18\", found \"mo\"");
}

Test(rules_value, zones)
{
	const char *zone = NULL;
	cr_assert_eq(value_zone(&in, node_of("America/Port-au-Prince"), &zone), 0);
	cr_assert_str_eq(zone, "America/Port-au-Prince");
	cr_assert_eq(value_zone(&in, node_of("../etc/passwd"), &zone), RULES_E_INVALID);
	cr_assert_eq(value_zone(&in, node_of("/etc/localtime"), &zone), RULES_E_INVALID);
	value_zone(&in, node_of("Berlin Time"), &zone);
	cr_assert_str_eq(err.text, "f:1: key: expected a time zone like Europe/Berlin, found "
	                           "\"Berlin Time\"");
}

Test(rules_value, what_is_shown_is_printable_and_short)
{
	char shown[VALUE_SHOWN_SIZE];
	cr_assert_str_eq(value_shown("a\tb\x1b[31m\x7f", shown), "a?b?[31m?");
	cr_assert_str_eq(
	        value_shown("0123456789012345678901234567890123456789012345678901234567890", shown),
	        "012345678901234567890123456789012345678901234567890123456789...");
	/* A character is never cut in half. */
	cr_assert_str_eq(
	        value_shown("01234567890123456789012345678901234567890123456789012345678\xc3\xa4"
	                    "x",
	                    shown),
	        "01234567890123456789012345678901234567890123456789012345678...");
}
