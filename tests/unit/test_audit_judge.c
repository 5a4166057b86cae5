/*
 * One flow, one judgement: what each kind of content does to a rule of each kind, what became of
 * the flow, who opened it, which rule is nearest. The site is rules/contoso.yaml.
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

TestSuite(judge, .init = open_contoso, .fini = close_contoso);

struct judge_case {
	const char *flow, *expected;
};

static void assert_cases(const char *ends, const struct judge_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char line[200];
		snprintf(line, sizeof(line), "%s %s", ends, cases[i].flow);
		assert_judged(&bench, line, cases[i].expected);
	}
}

static void assert_evidence(const char *line, enum evidence protocol, enum evidence security)
{
	struct assessment a = bench_judge(&bench, line);

	cr_assert_eq(a.evidence, protocol, "%s: protocol %s", line, evidence_word(a.evidence));
	cr_assert_eq(a.security_evidence, security, "%s: security %s", line,
	             evidence_word(a.security_evidence));
}

/* ---- Security ------------------------------------------------------------------------------- */

Test(judge, mtls)
{
	static const struct judge_case cases[] = {
		{ "mtls", "compliant - fe-sip-server -" },
		{ "mtls-one-side", "compliant - fe-sip-server -" },
		{ "mtls-one-side one-way", "compliant - fe-sip-server -" },
		/* Nothing was said after it: the unseen side may have refused the certificate. */
		{ "mtls-one-side-bare one-way", "unjudged handshake-cut fe-sip-server -" },
		{ "tls13-given", "compliant - fe-sip-server -" },
		{ "tls", "violation wrong-security fe-sip-server security" },
		{ "tls-empty", "violation wrong-security fe-sip-server security" },
		{ "sip", "violation wrong-security fe-sip-server security" },
		{ "sip+tls", "violation wrong-security fe-sip-server security" },
		{ "http", "violation wrong-protocol fe-sip-server protocol" },
		{ "http+mtls", "violation wrong-protocol fe-sip-server protocol" },
		{ "tls13-absent", "unjudged client-certificate-not-visible fe-sip-server -" },
		{ "resumed", "unjudged session-resumed fe-sip-server -" },
		{ "tls-cut", "unjudged handshake-cut fe-sip-server -" },
		{ "tls-asked-cut", "unjudged handshake-cut fe-sip-server -" },
		{ "tls-server-side", "unjudged handshake-cut fe-sip-server -" },
		{ "tls-gap", "unjudged gap fe-sip-server -" },
		{ "tls-renegotiated", "unjudged renegotiated fe-sip-server -" },
		{ "tls-empty-renegotiated", "unjudged renegotiated fe-sip-server -" },
		{ "tls-mid midstream", "unjudged midstream fe-sip-server -" },
		/* Neither kept nor broken: the receiver may have read the other copy. */
		{ "mtls-disputed", "unjudged conflict fe-sip-server -" },
		{ "tls-disputed", "unjudged conflict fe-sip-server -" },
	};

	assert_cases("10.0.2.21:50123 > 10.0.2.20:5061 tcp", cases, ARRAY_SIZE(cases));
}

Test(judge, tls_asks_no_certificate)
{
	static const struct judge_case cases[] = {
		{ "tls", "compliant - fe-sip-client -" },
		{ "tls-empty", "compliant - fe-sip-client -" },
		{ "mtls", "compliant - fe-sip-client -" },
		{ "tls13-absent", "compliant - fe-sip-client -" },
		{ "tls13-given", "compliant - fe-sip-client -" },
		{ "resumed", "compliant - fe-sip-client -" },
		{ "sip+tls", "compliant - fe-sip-client -" },
		{ "tls-cut", "unjudged handshake-cut fe-sip-client -" },
		{ "tls-mid midstream", "unjudged midstream fe-sip-client -" },
		{ "sip", "violation wrong-security fe-sip-client security" },
		{ "http", "violation wrong-protocol fe-sip-client protocol" },
		{ "http+tls", "violation wrong-protocol fe-sip-client protocol" },
		{ "noise+tls", "violation wrong-protocol fe-sip-client protocol" },
	};

	assert_cases("10.0.9.21:50123 > 10.0.2.20:5061 tcp", cases, ARRAY_SIZE(cases));
}

Test(judge, evidence)
{
	assert_evidence("10.0.2.21:50123 > 10.0.2.20:5061 tcp mtls", EVIDENCE_CONSISTENT,
	                EVIDENCE_CONFIRMED);
	assert_evidence("10.0.2.21:50123 > 10.0.2.20:5061 tcp mtls-one-side", EVIDENCE_CONSISTENT,
	                EVIDENCE_CONSISTENT);
	assert_evidence("10.0.2.21:50123 > 10.0.2.20:5061 tcp tls13-given", EVIDENCE_CONSISTENT,
	                EVIDENCE_INFERRED);
	assert_evidence("10.0.2.21:50123 > 10.0.2.20:5061 tcp tls", EVIDENCE_CONSISTENT,
	                EVIDENCE_CONTRADICTED);
	assert_evidence("10.0.2.21:50123 > 10.0.2.20:5061 tcp sip", EVIDENCE_CONFIRMED,
	                EVIDENCE_CONTRADICTED);
	/* A rule that prints no protection states nothing that bytes could confirm. */
	assert_evidence("10.0.3.5:36143 > 10.0.2.40:5068 tcp sip", EVIDENCE_CONFIRMED,
	                EVIDENCE_HEADERS);
	assert_evidence("10.0.2.20:50123 > 10.0.2.60:443 tcp tls", EVIDENCE_CONSISTENT,
	                EVIDENCE_HEADERS);
	assert_evidence("10.0.2.20:50123 > 10.0.2.40:5070 tcp mtls", EVIDENCE_CONSISTENT,
	                EVIDENCE_HEADERS);
	/* One that prints none: the bytes are in clear, and confirm it. */
	assert_evidence("10.0.9.39:68 > 10.0.8.2:67 udp dhcp", EVIDENCE_CONFIRMED,
	                EVIDENCE_CONFIRMED);
	/* STUN alone on a media port is consistent, RTP confirms. */
	assert_evidence("10.0.9.21:40000 > 10.0.2.40:50000 udp rtp", EVIDENCE_CONFIRMED,
	                EVIDENCE_HEADERS);
	assert_evidence("10.0.9.21:40000 > 10.0.2.40:50000 udp stun", EVIDENCE_CONSISTENT,
	                EVIDENCE_HEADERS);
	assert_evidence("10.0.9.21:40000 > 10.0.2.40:50000 udp dtls", EVIDENCE_CONSISTENT,
	                EVIDENCE_HEADERS);
}

static uint32_t notes_of(const char *line)
{
	return bench_judge(&bench, line).notes;
}

Test(judge, notes_break_nothing)
{
	cr_assert_eq(notes_of("10.0.2.21:50123 > 10.0.2.20:5061 tcp mtls"), 0);
	cr_assert_eq(notes_of("10.0.3.5:36143 > 10.0.2.40:5068 tcp sip"),
	             1u << NOTE_CODE_CLEAR_TEXT);
	cr_assert_eq(notes_of("192.0.2.69:36143 > 203.0.113.10:5269 tcp xmpp"),
	             1u << NOTE_CODE_CLEAR_TEXT);
	cr_assert_eq(notes_of("192.0.2.69:36143 > 203.0.113.10:5269 tcp xmpp+tls"), 0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.5:80 tcp tls"),
	             1u << NOTE_CODE_TLS_UNASKED);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.5:80 tcp http"), 0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp ssl2"),
	             1u << NOTE_CODE_OLD_TLS | 1u << NOTE_CODE_WEAK_SUITE);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp ssl3"),
	             1u << NOTE_CODE_OLD_TLS);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls10"),
	             1u << NOTE_CODE_OLD_TLS);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls-weak"),
	             1u << NOTE_CODE_WEAK_SUITE);
	cr_assert_eq(notes_of("10.0.2.21:36143 > 10.0.2.20:5061 tcp tls13-absent"),
	             1u << NOTE_CODE_CERTIFICATE_NOT_VISIBLE);
	assert_judged(&bench, "10.0.9.21:36143 > 10.0.2.5:80 tcp tls", "compliant - lb-fe-http -");
	assert_judged(&bench, "10.0.9.21:36143 > 10.0.2.20:5061 tcp tls10",
	              "compliant - fe-sip-client -");
}

Test(judge, old_versions_and_weak_suites_wherever_the_rule_wants_tls)
{
	const uint32_t old = 1u << NOTE_CODE_OLD_TLS, weak = 1u << NOTE_CODE_WEAK_SUITE;

	/* SSL 2.0, SSL 3.0, TLS 1.0 and 1.1; not 1.2 and 1.3; DTLS counts downwards. */
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls version=0x0002"), old);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls version=0x0300"), old);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls version=0x0301"), old);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls version=0x0302"), old);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls version=0x0303"), 0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls version=0x0304"), 0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls version=0"), 0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls version=0xfeff"), 0);
	/* MTLS, HTTPS and PSOM want TLS too. */
	cr_assert_eq(notes_of("10.0.2.21:36143 > 10.0.2.20:5061 tcp mtls version=0x0301"), old);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:443 tcp tls10"), old);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:8057 tcp tls-weak"), weak);
	/* Whatever else is said of the flow. */
	assert_judged(&bench, "10.0.2.21:36143 > 10.0.2.20:5061 tcp tls10",
	              "violation wrong-security fe-sip-server security");
	cr_assert_eq(notes_of("10.0.2.21:36143 > 10.0.2.20:5061 tcp tls10"), old);
	assert_judged(&bench, "10.0.9.21:36143 > 10.0.2.20:5061 tcp http+tls version=0x0301",
	              "violation wrong-protocol fe-sip-client protocol");
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp http+tls version=0x0301"), old);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls-cut version=0x0301"), old);
	/* Not where nothing was let through, nor where no rule wants TLS. */
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls10 refusal"), 0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls-weak refusal"), 0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:22 tcp tls10"), 0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.5:80 tcp tls10"),
	             1u << NOTE_CODE_TLS_UNASKED);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp sip"), 0);
}

Test(judge, certificates_that_name_another_host)
{
	const uint32_t server = 1u << NOTE_CODE_CERTIFICATE_NAME,
	               client = 1u << NOTE_CODE_CLIENT_CERTIFICATE_NAME;

	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls "
	                      "server-cert=fe01.contoso.example"),
	             0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls "
	                      "server-cert=fe02.contoso.example"),
	             server);
	assert_judged(&bench,
	              "10.0.9.21:36143 > 10.0.2.20:5061 tcp tls server-cert=fe02.contoso.example",
	              "compliant - fe-sip-client -");
	cr_assert_eq(notes_of("10.0.2.21:36143 > 10.0.2.20:5061 tcp mtls "
	                      "server-cert=fe01.contoso.example client-cert=fe02.contoso.example"),
	             0);
	cr_assert_eq(notes_of("10.0.2.21:36143 > 10.0.2.20:5061 tcp mtls "
	                      "server-cert=fe01.contoso.example client-cert=fe01.contoso.example"),
	             client);
	cr_assert_eq(notes_of("10.0.2.21:36143 > 10.0.2.20:5061 tcp mtls "
	                      "server-cert=fe02.contoso.example client-cert=fe01.contoso.example"),
	             server | client);
	/* The server is the end that did not open it, whoever was seen first. */
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls midstream swapped "
	                      "server-cert=fe01.contoso.example"),
	             0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp tls midstream swapped "
	                      "server-cert=fe02.contoso.example"),
	             server);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp mtls midstream swapped "
	                      "client-cert=other.example"),
	             0);
	cr_assert_eq(notes_of("10.0.2.21:36143 > 10.0.2.20:5061 tcp mtls midstream swapped "
	                      "client-cert=fe02.contoso.example"),
	             0);
	/* A refused handshake: the name may be why. */
	cr_assert_eq(notes_of("10.0.2.21:36143 > 10.0.2.20:5061 tcp mtls refusal "
	                      "client-cert=other.example"),
	             client);
	/* The site names no client of a prefix, and no rule wants TLS on port 80 or 22. */
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:5061 tcp mtls client-cert=a.example"),
	             0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.20:22 tcp tls server-cert=a.example"), 0);
	cr_assert_eq(notes_of("10.0.9.21:36143 > 10.0.2.5:80 tcp tls server-cert=a.example"),
	             1u << NOTE_CODE_TLS_UNASKED);
}

/* ---- Data that nobody knows ----------------------------------------------------------------- */

Test(judge, noise_against_an_unmistakable_opening)
{
	static const struct judge_case cases[] = {
		{ "noise", "violation wrong-protocol fe-sip-client protocol" },
		{ "noise-late", "unjudged midstream fe-sip-client -" },
		{ "noise-gap", "unjudged gap fe-sip-client -" },
		{ "noise cut", "unjudged snaplen fe-sip-client -" },
		{ "noise-open", "unjudged unrecognised fe-sip-client -" },
		{ "noise-no-room", "unjudged no-room fe-sip-client -" },
		{ "silent", "unjudged no-payload fe-sip-client -" },
		{ "guess-by-port",
		  "unjudged unrecognised fe-sip-client -" }, /* a guess never keeps a rule */
		{ "other-name", "violation wrong-protocol fe-sip-client protocol" },
	};

	assert_cases("10.0.9.21:50123 > 10.0.2.20:5061 tcp", cases, ARRAY_SIZE(cases));
	/* Every family with such an opening; the rest cannot be told. */
	assert_judged(&bench, "192.0.2.69:4000 > 203.0.113.10:5269 tcp noise",
	              "violation wrong-protocol xmpp-in protocol");
	assert_judged(&bench, "198.51.100.20:4000 > 203.0.113.12:443 tcp noise",
	              "violation wrong-protocol ext-client-turn-tcp protocol");
	assert_judged(&bench, "10.0.2.20:4000 > 10.0.2.21:445 tcp noise",
	              "violation wrong-protocol cms-replication protocol");
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.5:80 tcp noise",
	              "violation wrong-protocol lb-fe-http protocol");
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.5:443 tcp noise",
	              "violation wrong-protocol lb-fe-https protocol");
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.20:135 tcp noise",
	              "violation wrong-protocol fe-dcom protocol");
	assert_judged(&bench, "198.51.100.20:4000 > 203.0.113.12:3478 udp noise",
	              "violation wrong-protocol ext-client-turn-udp protocol");
	/* Datagrams have no beginning: near the capture's own it may have been missed. */
	assert_judged(&bench, "198.51.100.20:4000 > 203.0.113.12:3478 udp noise early",
	              "unjudged unrecognised ext-client-turn-udp -");
	assert_judged(&bench, "10.0.2.20:4000 > 10.0.2.21:1434 udp noise",
	              "unjudged unrecognised sql-browser -");
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.40:50000 udp noise",
	              "unjudged unrecognised audio-media -");
}

/* What is missing of a cut flow may be what was cut; what is known of it stays. */
Test(judge, cut_by_the_snaplen)
{
	static const struct judge_case cases[] = {
		{ "noise-late cut", "unjudged snaplen fe-sip-server -" },
		{ "noise-late cut midstream", "unjudged midstream fe-sip-server -" },
		{ "noise-gap cut", "unjudged snaplen fe-sip-server -" },
		{ "tls-cut cut", "unjudged snaplen fe-sip-server -" },
		{ "tls-cut", "unjudged handshake-cut fe-sip-server -" },
		{ "noise-no-room cut", "unjudged no-room fe-sip-server -" },
		{ "tls-renegotiated cut", "unjudged renegotiated fe-sip-server -" },
		{ "mtls cut", "compliant - fe-sip-server -" },
		{ "tls cut", "violation wrong-security fe-sip-server security" },
		{ "sip cut", "violation wrong-security fe-sip-server security" },
	};

	assert_cases("10.0.2.21:50123 > 10.0.2.20:5061 tcp", cases, ARRAY_SIZE(cases));
	/* Headers are judged all the same. */
	assert_judged(&bench, "10.0.2.21:50123 > 10.0.2.40:445 tcp noise cut",
	              "violation wrong-source cms-replication source");
}

Test(judge, any_protocol_is_checked_for_tls_only)
{
	static const struct judge_case cases[] = {
		{ "tls", "compliant - pchat-wcf -" },
		{ "mtls", "compliant - pchat-wcf -" },
		{ "http+tls", "compliant - pchat-wcf -" },
		{ "http", "violation wrong-security pchat-wcf security" },
		{ "noise", "violation wrong-security pchat-wcf security" },
		{ "silent", "unjudged no-payload pchat-wcf -" },
	};

	assert_cases("10.0.9.21:50123 > 10.0.2.50:881 tcp", cases, ARRAY_SIZE(cases));
}

/* ---- State: what never worked is blocked, whatever its bytes --------------------------------- */

static void assert_severity(const char *line, enum severity severity)
{
	cr_assert_eq(bench_judge(&bench, line).severity, severity, "%s", line);
}

Test(judge, blocked)
{
	static const char *const states[] = { "unanswered", "refused", "rejected" };

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		char line[120], expected[120];
		snprintf(line, sizeof(line), "10.0.9.21:50123 > 10.0.2.20:5061 tcp silent %s",
		         states[i]);
		snprintf(expected, sizeof(expected), "blocked %s fe-sip-client -", states[i]);
		assert_judged(&bench, line, expected);
		assert_severity(line, SEVERITY_ERROR); /* a required rule */
		snprintf(line, sizeof(line), "10.0.3.5:50123 > 10.0.2.40:5068 tcp silent %s",
		         states[i]);
		snprintf(expected, sizeof(expected), "blocked %s med-gw-tcp-in -", states[i]);
		assert_judged(&bench, line, expected);
		assert_severity(line, SEVERITY_WARNING);
		snprintf(line, sizeof(line), "198.51.100.99:50123 > 10.0.2.20:3389 tcp silent %s",
		         states[i]);
		snprintf(expected, sizeof(expected), "blocked %s - -", states[i]);
		assert_judged(&bench, line, expected);
		assert_severity(line, SEVERITY_INFO); /* something stopped it, rightly */
		/* Of a feature that is off: rightly too. */
		snprintf(line, sizeof(line), "10.0.9.21:50123 > 10.0.2.20:5075 tcp silent %s",
		         states[i]);
		snprintf(expected, sizeof(expected), "blocked %s fe-call-park -", states[i]);
		assert_judged(&bench, line, expected);
		assert_severity(line, SEVERITY_INFO);
	}
	assert_judged(&bench, "198.51.100.20:4000 > 203.0.113.12:3478 udp stun unanswered",
	              "blocked unanswered ext-client-turn-udp -");
	assert_judged(&bench, "198.51.100.20:4000 > 203.0.113.12:3478 udp stun rejected",
	              "blocked rejected ext-client-turn-udp -");
	/* One-way media expects no answer. */
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.40:50000 udp rtp one-way",
	              "compliant - audio-media -");
}

Test(judge, not_long_enough_to_say_that_none_answered)
{
	assert_judged(&bench, "10.0.9.21:50123 > 10.0.2.20:5061 tcp silent unproven",
	              "unjudged no-answer-yet fe-sip-client -");
	assert_judged(&bench, "198.51.100.20:4000 > 203.0.113.12:3478 udp stun unproven",
	              "unjudged no-answer-yet ext-client-turn-udp -");
	assert_judged(&bench, "10.0.9.21:50123 > 10.0.2.20:22 tcp silent unproven",
	              "unjudged no-answer-yet - -");
}

Test(judge, handshake_refused)
{
	assert_judged(&bench, "10.0.2.21:50123 > 10.0.2.20:5061 tcp mtls refusal",
	              "blocked handshake-refused fe-sip-server -");
	assert_severity("10.0.2.21:50123 > 10.0.2.20:5061 tcp mtls refusal", SEVERITY_ERROR);
	assert_judged(&bench, "192.0.2.69:4000 > 203.0.113.10:5269 tcp xmpp refusal",
	              "blocked handshake-refused xmpp-in -");
	assert_severity("192.0.2.69:4000 > 203.0.113.10:5269 tcp xmpp refusal", SEVERITY_WARNING);
	assert_judged(&bench, "10.0.2.21:50123 > 10.0.2.20:3389 tcp tls refusal",
	              "blocked handshake-refused - -");
	/* After application data it worked; how it ended is another matter. */
	assert_judged(&bench, "10.0.2.21:50123 > 10.0.2.20:5061 tcp mtls late-refusal",
	              "compliant - fe-sip-server -");
}

/* ---- Who opened it --------------------------------------------------------------------------- */

static void assert_opener(const char *line, const char *addr, enum opener how)
{
	struct hand_flow hand = hand_flow(line);
	struct assessment a = bench_judge(&bench, line);
	struct addr expected = hand_addr(addr);

	cr_assert(addr_equal(&hand.flow.addr[a.src], &expected), "%s: not opened by %s", line,
	          addr);
	cr_assert_eq(a.opener_how, how, "%s: known by %s", line, opener_word(a.opener_how));
	facts_free(hand.flow.facts);
}

Test(judge, opener_by_documented_port)
{
	/* The capture began with a packet of the server. */
	assert_opener("10.0.9.21:50123 > 10.0.2.20:5061 tcp tls-mid midstream swapped", "10.0.9.21",
	              OPENER_PORT);
	assert_opener("10.0.9.21:50123 > 10.0.2.20:5061 tcp tls-mid midstream", "10.0.9.21",
	              OPENER_PORT);
	/* The other end's port lies in a media range of its own; a single port says more. */
	assert_opener("10.0.2.21:50123 > 10.0.2.20:5061 tcp tls-mid midstream swapped", "10.0.2.21",
	              OPENER_PORT);
	assert_judged(&bench, "10.0.2.21:50123 > 10.0.2.20:5061 tcp tls-mid midstream swapped",
	              "unjudged midstream fe-sip-server -");
	/* No port says it: whoever was seen first. */
	assert_opener("10.0.2.21:1111 > 10.0.2.20:2222 tcp sip midstream", "10.0.2.21",
	              OPENER_FIRST_PACKET);
	/* Both do. */
	assert_opener("10.0.2.21:5061 > 10.0.2.20:5061 tcp tls-mid midstream", "10.0.2.21",
	              OPENER_FIRST_PACKET);
	/* SYN and protocol are facts, not to be improved. */
	assert_opener("10.0.2.20:5061 > 10.0.9.21:50123 tcp tls", "10.0.2.20", OPENER_SYN);
	assert_opener("10.0.2.20:5061 > 10.0.9.21:50123 tcp tls protocol", "10.0.2.20",
	              OPENER_PROTOCOL);
}

Test(judge, direction_is_wrong_only_when_it_is_known)
{
	assert_judged(&bench, "10.0.2.40:34333 > 10.0.3.5:5068 tcp sip syn",
	              "violation wrong-direction med-gw-tcp-in direction");
	assert_judged(&bench, "10.0.2.40:34333 > 10.0.3.5:5068 tcp sip protocol",
	              "violation wrong-direction med-gw-tcp-in direction");
	struct assessment a = bench_judge(
	        &bench, "10.0.2.40:34333 > 10.0.3.5:5068 tcp sip first-packet midstream");
	cr_assert_neq(a.kind, KIND_WRONG_DIRECTION, "the opener was guessed");
	/* The same ports, seen first from the gateway. */
	a = bench_judge(&bench,
	                "10.0.2.40:34333 > 10.0.3.5:5068 tcp sip first-packet midstream swapped");
	cr_assert_neq(a.kind, KIND_WRONG_DIRECTION, "the opener was guessed");
}

/* Neither port is documented, and nobody saw who opened it. */
Test(judge, what_is_wrong_with_a_guessed_opener_is_wrong_either_way)
{
	static const struct judge_case cases[] = {
		/* Near to another rule, seen from the other end; and the same, swapped. */
		{ "192.0.2.10:4000 > 203.0.113.10:5065 tcp sip first-packet midstream",
		  "unjudged midstream - -" },
		{ "192.0.2.10:4000 > 203.0.113.10:5065 tcp sip first-packet midstream swapped",
		  "unjudged midstream - -" },
		{ "10.0.2.40:34333 > 10.0.3.5:5068 tcp sip first-packet midstream",
		  "unjudged midstream - -" },
		/* Wrong source if the server was asked, else of no rule. */
		{ "10.0.2.21:4000 > 10.0.2.40:445 tcp smb first-packet midstream",
		  "unjudged midstream - -" },
		/* Of no rule whoever opened it; but if nothing was read, who knows. */
		{ "10.0.9.21:4000 > 10.0.2.20:22 tcp ssh first-packet midstream",
		  "violation undocumented - -" },
		{ "10.0.9.21:4000 > 10.0.2.20:22 tcp silent first-packet midstream",
		  "unjudged midstream - -" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_judged(&bench, cases[i].flow, cases[i].expected);
}

/* ---- The nearest rule ------------------------------------------------------------------------ */

Test(judge, nearest_rule_differs_in_one_field)
{
	static const struct judge_case cases[] = {
		{ "10.0.9.21:4000 > 10.0.2.20:5061 udp sip",
		  "violation wrong-transport fe-sip-client transport" },
		{ "192.0.2.10:4000 > 203.0.113.10:5065 tcp mtls",
		  "violation wrong-port fed-sip-in port" },
		/* The protection would not fit either: still the nearest, when nothing else is. */
		{ "192.0.2.10:4000 > 203.0.113.10:5065 tcp sip",
		  "violation wrong-port fed-sip-in port" },
		/* A port is near only when the protocol was recognised. */
		{ "192.0.2.10:4000 > 203.0.113.10:5065 tcp noise", "violation undocumented - -" },
		{ "192.0.2.10:4000 > 203.0.113.10:5065 tcp ssh", "violation undocumented - -" },
		{ "10.0.9.21:4000 > 10.0.2.20:22 tcp ssh", "violation undocumented - -" },
		{ "10.0.2.21:4000 > 10.0.2.40:445 tcp smb",
		  "violation wrong-source cms-replication source" },
		{ "10.0.2.20:4000 > 10.0.99.9:445 tcp smb",
		  "violation wrong-destination cms-replication destination" },
		/* Two fields differ. */
		{ "10.0.2.21:4000 > 10.0.99.9:445 tcp smb", "violation undocumented - -" },
		/* 50000 is in a wide range of the A/V Edge; wide ranges are never near. */
		{ "203.0.113.12:50000 > 192.0.2.10:40000 tcp rtp", "violation undocumented - -" },
		{ "10.0.2.20:4000 > 10.0.9.21:50000 udp rtp", "violation undocumented - -" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_judged(&bench, cases[i].flow, cases[i].expected);
}

/* A small table in which each flow differs from two rules in one field each: the order decides. */
#define ORDER_PACK                                                                                 \
	"pack: order\nversion: \"1\"\nproduct: P\n"                                                \
	"documents: [{id: d, title: T, address: a}]\n"                                             \
	"roles:\n"                                                                                 \
	"- {id: a, kind: server, zone: inside}\n"                                                  \
	"- {id: b, kind: server, zone: inside}\n"                                                  \
	"- {id: c, kind: server, zone: inside}\n"                                                  \
	"rules:\n"
#define ORDER_RULE(id, from, to, transport, port)                                                  \
	"- {id: " id ", title: t, from: [" from "], to: [" to "], transport: " transport           \
	", ports: " port ", protocol: sip, security: unspecified, need: required, "                \
	"cites: [{document: d, table: 1, row: 1, cells: [x]}]}\n"
#define ORDER_SITE                                                                                 \
	"site: S\npacks: [order]\nnetworks: [10.0.0.0/8]\n"                                        \
	"roles: {a: [10.0.0.1], b: [10.0.0.2], c: [10.0.0.3]}\n"

static void assert_near(const char *rules, const char *expected)
{
	struct bench b;
	char pack[4096];

	snprintf(pack, sizeof(pack), "%s%s", ORDER_PACK, rules);
	bench_open_text(&b, pack, ORDER_SITE);
	assert_judged(&b, "10.0.0.1:4000 > 10.0.0.2:100 tcp sip", expected);
	bench_close(&b);
}

Test(judge, nearest_field_comes_in_order)
{
#define DIRECTION   ORDER_RULE("direction", "b", "a", "tcp", "100")
#define TRANSPORT   ORDER_RULE("transport", "a", "b", "udp", "100")
#define PORT        ORDER_RULE("port", "a", "b", "tcp", "101")
#define SOURCE      ORDER_RULE("source", "c", "b", "tcp", "100")
#define DESTINATION ORDER_RULE("destination", "a", "c", "tcp", "100")
	assert_near(DESTINATION SOURCE PORT TRANSPORT DIRECTION,
	            "violation wrong-direction direction direction");
	assert_near(DESTINATION SOURCE PORT TRANSPORT,
	            "violation wrong-transport transport transport");
	assert_near(DESTINATION SOURCE PORT, "violation wrong-port port port");
	assert_near(DESTINATION SOURCE, "violation wrong-source source source");
	assert_near(DESTINATION, "violation wrong-destination destination destination");
	assert_near(ORDER_RULE("none", "c", "a", "udp", "101"), "violation undocumented - -");
	/* A range of more than 1024 ports is never near, one of 1024 is. */
	assert_near(ORDER_RULE("wide", "a", "b", "tcp", "2000-3024"), "violation undocumented - -");
	assert_near(ORDER_RULE("narrow", "a", "b", "tcp", "2000-3023"),
	            "violation wrong-port narrow port");
}

/* ---- Features, printed Any, eviction --------------------------------------------------------- */

Test(judge, feature_off)
{
	/* What would have been kept; the rest keeps its own kind. */
	assert_judged(&bench, "10.0.2.21:4000 > 10.0.2.20:5075 tcp sip",
	              "violation feature-off fe-call-park -");
	assert_severity("10.0.2.21:4000 > 10.0.2.20:5075 tcp sip", SEVERITY_WARNING);
	assert_judged(&bench, "10.0.2.21:4000 > 10.0.2.20:5075 tcp http",
	              "violation wrong-protocol fe-call-park protocol");
	assert_judged(&bench, "10.0.2.21:4000 > 10.0.2.20:5075 tcp silent",
	              "unjudged no-payload fe-call-park -");
	assert_severity("10.0.2.21:4000 > 10.0.2.20:5075 tcp http", SEVERITY_ERROR);
	/* 10.0.2.5 is declared to be balanced by DNS: hardware-only rules are off. */
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.5:5061 tcp tls",
	              "violation feature-off lb-fe-sip -");
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.5:443 tcp tls", "compliant - lb-fe-https -");
}

Test(judge, printed_any_is_a_warning)
{
	assert_judged(&bench, "10.0.2.30:4000 > 10.0.1.10:23456 tcp mtls",
	              "violation wrong-source xmpp-internal source");
	assert_severity("10.0.2.30:4000 > 10.0.1.10:23456 tcp mtls", SEVERITY_WARNING);
	cr_assert(bench_judge(&bench, "10.0.9.21:4000 > 10.0.1.10:23456 tcp mtls").is_printed_any);
	/* Any opposite the inner interface is the inside. */
	assert_judged(&bench, "198.51.100.20:4000 > 10.0.1.10:23456 tcp mtls",
	              "violation wrong-source xmpp-internal source");
	assert_severity("198.51.100.20:4000 > 10.0.1.10:23456 tcp mtls", SEVERITY_ERROR);
	assert_severity("203.0.113.10:4000 > 10.0.1.10:23456 tcp mtls", SEVERITY_ERROR);
}

/* What was read before the eviction is proven; what was not seen, or not yet, is not. */
Test(judge, evicted_is_unjudged_unless_proven)
{
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp tls evicted",
	              "compliant - fe-sip-client -");
	assert_judged(&bench, "10.0.2.21:4000 > 10.0.2.20:5061 tcp sip evicted",
	              "violation wrong-security fe-sip-server security");
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp noise evicted",
	              "unjudged evicted fe-sip-client -");
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp silent evicted",
	              "unjudged evicted fe-sip-client -");
}

Test(judge, remembered_connection_goes_on)
{
	static const struct judge_case cases[] = {
		{ "tls-mid continued-mtls", "compliant - fe-sip-server -" },
		{ "silent continued-mtls", "compliant - fe-sip-server -" },
		{ "tls-mid continued-tls", "unjudged midstream fe-sip-server -" },
		{ "mtls continued-tls",
		  "compliant - fe-sip-server -" }, /* a handshake of its own counts */
		{ "tls continued-mtls", "violation wrong-security fe-sip-server security" },
	};

	assert_cases("10.0.2.21:50123 > 10.0.2.20:5061 tcp", cases, ARRAY_SIZE(cases));
	assert_judged(&bench, "10.0.9.21:50123 > 10.0.2.20:5061 tcp tls-mid continued-tls",
	              "compliant - fe-sip-client -");
}

/* What the next flow inherits: what was seen from the beginning, else what was inherited. */
Test(judge, what_is_remembered)
{
	static const struct {
		const char *words;
		enum protocol protocol;
		enum security security;
	} cases[] = {
		{ "mtls", PROTOCOL_TLS, SECURITY_MTLS },
		{ "noise", PROTOCOL_UNKNOWN, SECURITY_UNKNOWN },
		{ "tls-mid midstream", PROTOCOL_TLS, SECURITY_UNKNOWN },
		{ "tls-mid midstream continued-mtls", PROTOCOL_TLS, SECURITY_MTLS },
		{ "silent continued-mtls", PROTOCOL_TLS, SECURITY_MTLS },
		{ "noise-late midstream continued-mtls", PROTOCOL_TLS, SECURITY_MTLS },
		{ "sip continued-mtls", PROTOCOL_SIP, SECURITY_NONE },
		{ "tls continued-mtls", PROTOCOL_TLS, SECURITY_TLS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char line[160];
		snprintf(line, sizeof(line), "10.0.2.21:50123 > 10.0.2.20:5061 tcp %s",
		         cases[i].words);
		struct hand_flow hand = hand_flow(line);
		judge_remember(&hand.flow);
		cr_assert_eq(hand.flow.memory.protocol, cases[i].protocol, "%s", line);
		cr_assert_eq(hand.flow.memory.security, cases[i].security, "%s", line);
		cr_assert_eq(hand.flow.memory.evidence,
		             cases[i].protocol == PROTOCOL_UNKNOWN   ? EVIDENCE_NONE
		             : cases[i].security == SECURITY_UNKNOWN ? EVIDENCE_CONSISTENT
		                                                     : EVIDENCE_CONFIRMED,
		             "%s", line);
		facts_free(hand.flow.facts);
	}
	struct hand_flow hand = hand_flow("10.0.2.21:50123 > 10.0.2.20:5061 tcp mtls");
	facts_free(hand.flow.facts);
	hand.flow.facts = NULL;
	judge_remember(&hand.flow);
	cr_assert_eq(hand.flow.memory.protocol, PROTOCOL_UNKNOWN);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

Test(judge, outside_never_keeps_a_rule_of_the_inside)
{
	static const char *const ports[] = { "443", "5062", "8060", "135", "8404", "5080", "448" };

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		for (size_t j = 0; j < 2; j++) {
			char line[100];
			snprintf(line, sizeof(line), "198.51.100.20:4000 > 10.0.2.20:%s tcp %s",
			         ports[i], j ? "sip" : "tls");
			cr_assert_eq(bench_judge(&bench, line).verdict, VERDICT_VIOLATION, "%s",
			             line);
		}
	assert_judged(&bench, "198.51.100.20:4000 > 10.0.2.20:50000 udp rtp",
	              "violation undocumented - -");
	assert_judged(&bench, "10.0.2.20:50000 > 198.51.100.20:4000 udp rtp",
	              "violation undocumented - -");
}

Test(judge, guards_of_sources_and_ranges)
{
	/* A24: the SQL Browser is asked by internal servers only. */
	assert_judged(&bench, "10.0.2.21:4000 > 10.0.2.20:1434 udp ssrp",
	              "compliant - sql-browser -");
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.20:1434 udp ssrp",
	              "violation wrong-source sql-browser source");
	assert_judged(&bench, "10.0.1.10:4000 > 10.0.2.20:1434 udp ssrp",
	              "violation wrong-direction sql-browser direction");
	assert_judged(&bench, "10.0.3.5:4000 > 10.0.1.10:1434 udp ssrp",
	              "violation wrong-source sql-browser source");
	/* A51: 1024-65535 of clients excuses no flow to a server. */
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.60:8443 tcp file",
	              "violation undocumented - -");
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.2.30:1433 tcp tds",
	              "violation undocumented - -");
	/* A52: over TCP the media range counts where its owner answers. */
	assert_judged(&bench, "10.0.2.40:50000 > 10.0.9.21:3000 tcp rtp",
	              "violation undocumented - -");
	assert_judged(&bench, "10.0.2.40:50000 > 10.0.9.21:3000 udp rtp",
	              "compliant - audio-media -");
	assert_judged(&bench, "10.0.9.21:3000 > 10.0.2.40:50000 tcp rtp",
	              "compliant - audio-media -");
	/* A documented single port is not excused by the range it lies in. */
	assert_judged(&bench, "10.0.2.20:50000 > 10.0.99.9:53 udp dns",
	              "violation undocumented - -");
}

Test(judge, most_specific_rule_is_named_and_all_kept_ones_count)
{
	struct assessment a = bench_judge(&bench, "10.0.9.21:4000 > 10.0.2.5:443 tcp tls");
	char text[160];

	cr_assert_str_eq(bench_verdict_text(&bench, &a, text), "compliant - lb-fe-https -");
	cr_assert_eq(a.n_kept, 2);
	cr_assert_eq(a.kept[0] + a.kept[1], ruleset_find(bench.ruleset, "lb-fe-https") +
	                                            ruleset_find(bench.ruleset, "fe-web-https"));
	cr_assert_eq(a.n_tried, 2);
	/* Pool member of two roles: any pair of its roles may keep a rule. */
	assert_judged(&bench, "10.0.2.20:4000 > 10.0.2.21:445 tcp smb",
	              "compliant - cms-replication -");
	assert_judged(&bench, "10.0.2.20:4000 > 10.0.2.40:5070 tcp sip", "compliant - med-sip -");
}

Test(judge, scope)
{
	assert_judged(&bench, "10.0.9.21:4000 > 10.0.99.9:80 tcp http", "out-of-scope - - -");
	assert_judged(&bench, "10.0.99.9:4000 > 10.0.98.9:50000 tcp tls", "out-of-scope - - -");
	assert_judged(&bench, "198.51.100.1:4000 > 192.0.2.9:5061 tcp mtls", "out-of-scope - - -");
	/* A partner and a client of the site's word, a rule that fits and a protocol that is
	 * recognised. */
	assert_judged(&bench, "10.0.10.5:68 > 10.0.8.2:67 udp dhcp", "compliant - phone-dhcp -");
	assert_judged(&bench, "10.0.10.5:68 > 10.0.8.2:67 udp noise", "out-of-scope - - -");
	assert_judged(&bench, "10.0.10.5:68 > 10.0.8.2:67 udp dns", "out-of-scope - - -");
	/* Transports that the documents do not speak of: a warning where an audited role is an end.
	 */
	assert_judged(&bench, "10.0.2.20:0 > 10.0.2.40:0 esp", "violation undocumented - -");
	assert_severity("10.0.2.20:0 > 10.0.2.40:0 esp", SEVERITY_WARNING);
	assert_judged(&bench, "10.0.9.21:0 > 10.0.9.22:0 esp", "out-of-scope - - -");
}

Test(judge, broadcast_plays_what_the_rule_names)
{
	assert_judged(&bench, "0.0.0.0:68 > 255.255.255.255:67 udp dhcp one-way",
	              "compliant - client-dhcp -");
	assert_judged(&bench, "[::]:546 > [ff02::1:2]:547 udp dhcp one-way", "out-of-scope - - -");
	/* Never answered on its own 5-tuple: the answer goes to another address. */
	assert_judged(&bench, "0.0.0.0:68 > 255.255.255.255:67 udp dhcp unproven",
	              "compliant - client-dhcp -");
	/* The server's broadcast answer: the group's end is the one that asked. */
	assert_judged(&bench, "255.255.255.255:68 > 10.0.8.2:67 udp dhcp",
	              "compliant - client-dhcp -");
	assert_judged(&bench, "10.0.2.20:4000 > 255.255.255.255:1434 udp ssrp one-way",
	              "compliant - sql-browser -");
	/* Only protocols that are broadcast by nature. */
	assert_judged(&bench, "0.0.0.0:68 > 255.255.255.255:67 udp sip one-way",
	              "out-of-scope - - -");
	assert_judged(&bench, "10.0.2.20:4000 > 239.1.1.1:5061 udp sip one-way",
	              "violation undocumented - -");
}

/* ---- Without a site -------------------------------------------------------------------------- */

Test(no_site, ports_protocol_and_protection_only)
{
	struct bench b;

	bench_open(&b, PACK_FIRST, NULL, NULL);
	assert_judged(&b, "10.0.9.21:4000 > 10.0.2.20:8057 tcp tls", "unjudged no-site fe-psom -");
	assert_judged(&b, "10.0.9.21:4000 > 10.0.2.20:8057 tcp noise+tls",
	              "unjudged no-site fe-psom -");
	assert_judged(&b, "10.0.9.21:4000 > 10.0.2.20:8057 tcp http",
	              "violation wrong-protocol fe-psom protocol");
	assert_judged(&b, "10.0.9.21:4000 > 10.0.2.20:5086 tcp mtls",
	              "unjudged no-site fe-mobility-5086 -");
	assert_judged(&b, "10.0.9.21:4000 > 10.0.2.20:5086 tcp tls",
	              "violation wrong-security fe-mobility-5086 security");
	assert_judged(&b, "10.0.9.21:4000 > 10.0.2.20:8057 tcp silent refused",
	              "blocked refused fe-psom -");
	assert_judged(&b, "10.0.9.21:4000 > 10.0.2.20:9999 tcp sip", "out-of-scope - - -");
	assert_judged(&b, "10.0.9.21:4000 > 10.0.2.20:50000 udp rtp",
	              "out-of-scope - - -"); /* a range says nothing */
	assert_judged(&b, "10.0.9.21:4000 > 10.0.2.20:445 udp smb", "out-of-scope - - -");
	bench_close(&b);
}
