/*
 * What a finding says to a person. The sentences may be reworded; what must be in them may not: the
 * rule, what was expected and observed, and which line of the site would change it.
 */
#include "audit_hand.h"

static struct bench bench;

static void open_contoso(void)
{
	char *site = hand_read("rules/contoso.yaml");

	bench_open(&bench, PACK_FIRST, NULL, site);
	free(site);
}

static void close_contoso(void)
{
	bench_close(&bench);
}

TestSuite(finding_text, .init = open_contoso, .fini = close_contoso);

/* The finding that this one flow makes. */
static const struct finding *made_by(const char *line)
{
	bench_close(&bench);
	open_contoso();
	bench_put(&bench, line);
	bench_report(&bench);
	for (size_t i = 0; i < bench.report->n_findings; i++)
		if (bench.report->findings[i]->flows)
			return bench.report->findings[i];
	cr_assert_fail("%s makes no finding", line);
	return NULL;
}

static void assert_says(const char *line, const char *kind, const char *expected,
                        const char *observed, const char *in_why, const char *in_remedy)
{
	const struct finding *f = made_by(line);

	cr_assert_str_eq(kind_word((enum kind)f->key.kind), kind, "%s", line);
	cr_assert_str_eq(f->expected, expected, "expected: %s", f->expected);
	cr_assert_str_eq(f->observed, observed, "observed: %s", f->observed);
	cr_assert_not_null(strstr(f->why, in_why), "why: %s", f->why);
	cr_assert_not_null(strstr(f->remedy, in_remedy), "remedy: %s", f->remedy);
	cr_assert_eq(f->why[strlen(f->why) - 1], '.', "%s", f->why);
}

Test(finding_text, violations)
{
	assert_says("10.0.2.40:4000 > 10.0.3.5:5068 tcp sip", "wrong-direction",
	            "opened by pstn-gateway", "opened by mediation-server (10.0.2.40)",
	            "med-gw-tcp-in", "allow:");
	assert_says("10.0.3.5:4000 > 10.0.2.40:5068 udp sip", "wrong-transport", "tcp", "udp",
	            "med-gw-tcp-in", "allow:");
	assert_says("192.0.2.10:4000 > 203.0.113.10:5065 tcp mtls", "wrong-port", "5061", "5065",
	            "fed-sip-in", "ports: 5065");
	assert_says("10.0.2.21:4000 > 10.0.2.40:445 tcp smb", "wrong-source", "cms-master",
	            "front-end-server (10.0.2.21)", "cms-replication", "10.0.2.21");
	assert_says("10.0.2.20:4000 > 10.0.99.9:445 tcp smb", "wrong-destination", "all-servers",
	            "inside (10.0.99.9)", "cms-replication", "10.0.99.9");
	assert_says("10.0.9.21:4000 > 10.0.2.20:5061 tcp http", "wrong-protocol", "sip", "http",
	            "fe-sip-client", "5061");
	assert_says("10.0.2.21:4000 > 10.0.2.20:5061 tcp tls", "wrong-security",
	            "TLS with a client certificate (MTLS)", "TLS without a client certificate",
	            "fe-sip-server", "accept:");
	assert_says("10.0.2.21:4000 > 10.0.2.20:5061 tcp tls-empty", "wrong-security",
	            "TLS with a client certificate (MTLS)",
	            "TLS, the client answered without a certificate", "fe-sip-server", "accept:");
	assert_says("10.0.9.21:4000 > 10.0.2.20:5061 tcp sip", "wrong-security", "TLS",
	            "no protection", "fe-sip-client", "accept:");
	assert_says("10.0.2.21:4000 > 10.0.2.20:5075 tcp sip", "feature-off", "feature declared",
	            "feature not declared", "fe-call-park", "call-park");
	assert_says("10.0.99.9:4000 > 10.0.2.20:22 tcp ssh", "undocumented", "", "", "port 22",
	            "{from: 10.0.99.9, to: 10.0.2.20, transport: tcp, ports: 22");
	assert_says("10.0.2.20:0 > 10.0.2.40:0 esp", "undocumented", "", "", "esp",
	            "transport: esp, why");
	assert_says("10.0.2.30:4000 > 10.0.1.10:23456 tcp mtls", "wrong-source", "front-end-server",
	            "director (10.0.2.30)", "prints Any", "10.0.2.30");
}

Test(finding_text, blocked)
{
	assert_says("10.0.9.21:4000 > 10.0.2.20:5061 tcp silent unanswered", "unanswered",
	            "a working flow", "no answer", "fe-sip-client", "5061");
	assert_says("10.0.9.21:4000 > 10.0.2.20:5061 tcp silent refused", "refused",
	            "a working flow", "RST", "reset", "10.0.2.20");
	assert_says("10.0.9.21:4000 > 10.0.2.20:5061 tcp silent rejected", "rejected",
	            "a working flow", "communication administratively prohibited (type 3, code 13)",
	            "ICMP", "5061");
	assert_says("10.0.2.21:4000 > 10.0.2.20:5061 tcp mtls refusal", "handshake-refused",
	            "a working flow", "unknown_ca", "unknown_ca", "5061");
	assert_says("198.51.100.9:4000 > 10.0.2.20:3389 tcp silent refused", "refused", "", "RST",
	            "No row of the table asks for it", "find out who");
}

static void assert_icmp(bool is_icmp6, uint8_t type, uint8_t code, const char *expected)
{
	bench_close(&bench);
	open_contoso();
	bench_start(&bench);
	struct hand_flow hand = hand_flow("10.0.9.21:4000 > 10.0.2.20:5061 tcp silent rejected");
	hand.flow.is_icmp6 = is_icmp6;
	hand.flow.icmp_type = type;
	hand.flow.icmp_code = code;
	cr_assert_eq(ledger_put(bench.ledger, &hand.flow, hand.now_ns, false, false), 0);
	bench_report(&bench);
	const struct finding *f = bench_finding(&bench, "rejected", "fe-sip-client");
	cr_assert_str_eq(f->observed, expected, "%s", f->observed);
}

/* RFC 792 and RFC 1122, RFC 4443. */
Test(finding_text, icmp_in_words)
{
	assert_icmp(false, 3, 0, "network unreachable (type 3, code 0)");
	assert_icmp(false, 3, 1, "host unreachable (type 3, code 1)");
	assert_icmp(false, 3, 3, "port unreachable (type 3, code 3)");
	assert_icmp(false, 3, 10, "host administratively prohibited (type 3, code 10)");
	assert_icmp(false, 3, 200, "destination unreachable (type 3, code 200)");
	assert_icmp(false, 11, 1, "time exceeded (type 11, code 1)");
	assert_icmp(false, 99, 7, "type 99, code 7");
	assert_icmp(true, 1, 0, "no route to destination (type 1, code 0)");
	assert_icmp(true, 1, 1, "communication administratively prohibited (type 1, code 1)");
	assert_icmp(true, 1, 4, "port unreachable (type 1, code 4)");
	assert_icmp(true, 3, 0, "time exceeded (type 3, code 0)");
}

Test(finding_text, missing)
{
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:1 tcp silent unproven");
	bench_report(&bench);
	const struct finding *f = bench_finding(&bench, "missing", "fe-sip-client");
	cr_assert_str_eq(f->expected, "client-internal to front-end-server, tcp 5061");
	cr_assert_str_eq(f->observed, "none");
	cr_assert_not_null(strstr(f->why, "fe-sip-client"));
	cr_assert_not_null(strstr(f->remedy, "expect: false"));
	bool has_host = false;
	for (size_t i = 0; i < bench.report->n_findings; i++) {
		f = bench.report->findings[i];
		has_host |= f->key.kind == KIND_MISSING && strstr(f->why, "10.0.2.30") &&
		            strstr(f->why, "director");
	}
	cr_assert(has_host);
}

Test(finding_text, notes)
{
	const struct finding *f = made_by("10.0.9.21:4000 > 10.0.2.20:5061 tcp tls10");
	cr_assert_str_eq(f->observed, "TLS version 0x0301");
	f = made_by("10.0.9.21:4000 > 10.0.2.20:5061 tcp tls-weak");
	cr_assert_str_eq(f->observed, "cipher suite 0x0005");
	f = made_by("10.0.3.5:4000 > 10.0.2.40:5068 tcp sip");
	cr_assert_not_null(strstr(f->why, "med-gw-tcp-in"));
	f = made_by("10.0.2.21:4000 > 10.0.2.20:5061 tcp tls13-absent");
	cr_assert_not_null(strstr(f->remedy, "certificate"));
}

Test(finding_text, certificate_names)
{
	const struct finding *f = made_by("10.0.9.21:4000 > 10.0.2.21:5061 tcp tls "
	                                  "server-cert=\x1b[2Jfe03.contoso.example");
	cr_assert_str_eq(f->expected, "fe02.contoso.example, pool.contoso.example, "
	                              "web.contoso.example");
	cr_assert_str_eq(f->observed, "\\x1b[2Jfe03.contoso.example", "%s", f->observed);
	cr_assert_not_null(strstr(f->why, "fe-sip-client"));
	cr_assert_not_null(strstr(f->remedy, "hosts: {10.0.2.21: "));
	f = made_by("10.0.2.21:4000 > 10.0.2.20:5061 tcp mtls client-cert=*.fabrikam.example");
	cr_assert_eq(f->key.note, NOTE_CODE_CLIENT_CERTIFICATE_NAME + 1);
	cr_assert_str_eq(f->expected, "fe02.contoso.example, pool.contoso.example, "
	                              "web.contoso.example");
	cr_assert_str_eq(f->observed, "*.fabrikam.example");
	cr_assert_not_null(strstr(f->remedy, "hosts: {10.0.2.21: "));
	cr_assert_eq(f->severity, SEVERITY_INFO);
}
