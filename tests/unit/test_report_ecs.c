/*
 * ECS: what is an alert and what is not, where each value stands, and what is left out.
 */
#include "report_samples.h"

Test(report_ecs, lines)
{
	static const char *const wanted[] = {
		NULL, /* the run: below */
		/* a violation */
		"{\"@timestamp\":\"2026-03-01T10:00:00.123456789Z\",\"message\":\"wrong-port: "
		"Wrong p"
		"ort. More of "
		"it.\",\"ecs\":{\"version\":\"8.17.0\"},\"event\":{\"kind\":\"alert\",\""
		"category\":[\"network\"],\"type\":[\"connection\",\"protocol\"],\"outcome\":"
		"\"failur"
		"e\",\"module\":\"pcaudit\",\"dataset\":\"pcaudit.finding\",\"action\":\"finding-"
		"open"
		"ed\",\"code\":\"wrong-port\",\"id\":\"0011223344556677\",\"severity\":73,"
		"\"reason\":"
		"\"Wrong port. More of "
		"it.\",\"start\":\"2026-03-01T10:00:00.123456789Z\",\"end\":\"2"
		"026-03-01T10:00:02.000000000Z\",\"duration\":1876543211},\"rule\":{\"id\":\"fe-"
		"sip\""
		",\"name\":\"Client to Front End, "
		"SIP\",\"category\":\"violation\",\"ruleset\":\"samp"
		"le\",\"version\":\"1.2\",\"reference\":\"https://docs.example/"
		"1\"},\"source\":{\"add"
		"ress\":\"10.0.9.21\",\"ip\":\"10.0.9.21\",\"port\":40000},\"destination\":{"
		"\"address"
		"\":\"10.0.2.20\",\"ip\":\"10.0.2.20\",\"port\":5062,\"domain\":\"fe01.example\"},"
		"\"n"
		"etwork\":{\"type\":\"ipv4\",\"transport\":\"tcp\",\"iana_number\":\"6\","
		"\"protocol\""
		":\"tls\",\"direction\":\"unknown\",\"community_id\":\"1:"
		"g0lZRyVNpy8HyhT1AWIjnav7vx4="
		"\",\"vlan\":{\"id\":\"12\"}},\"related\":{\"ip\":[\"10.0.9.21\",\"10.0.2.20\"],"
		"\"hos"
		"ts\":[\"fe01.example\"]},\"observer\":{\"product\":\"pcaudit\",\"type\":"
		"\"sensor\","
		"\"version\":\"0.1.0\",\"name\":\"s1\"},\"pcaudit\":{\"finding\":{\"id\":"
		"\"0011223344"
		"556677\",\"kind\":\"wrong-port\",\"severity\":\"error\",\"nearest\":true,"
		"\"title\":"
		"\"Client to Front End, SIP\",\"remedy\":\"Move "
		"it.\",\"expected\":{\"field\":\"port"
		"\",\"value\":\"5061\"},\"observed\":{\"field\":\"port\",\"value\":\"5062\"},"
		"\"initia"
		"tor\":{\"roles\":[\"client-internal\"],\"role\":null,\"prefix\":null,\"host\":"
		"null},"
		"\"responder\":{\"roles\":[\"front-end-server\"],\"role\":\"front-end-server\","
		"\"pref"
		"ix\":\"10.0.2.20\",\"host\":\"fe01.example\"},\"flows\":20000,\"initiators\":1024,"
		"\""
		"initiators_at_least\":true,\"wireshark\":\"(ip.addr == 10.0.9.21 && ip.addr == "
		"10.0."
		"2.20 && tcp.port == 40000 && tcp.port == "
		"5062)\",\"examples\":[\"a0a82dce12ad7e8a\"]"
		"}}}",
		/* a server never seen */
		"{\"@timestamp\":\"2026-03-01T10:01:30.000000000Z\",\"message\":\"missing: Never "
		"seen"
		".\",\"ecs\":{\"version\":\"8.17.0\"},\"event\":{\"kind\":\"event\",\"category\":["
		"\"n"
		"etwork\"],\"type\":[\"info\"],\"outcome\":\"unknown\",\"module\":\"pcaudit\","
		"\"datas"
		"et\":\"pcaudit.finding\",\"action\":\"finding-opened\",\"code\":\"missing\","
		"\"id\":"
		"\"8899aabbccddeeff\",\"severity\":21,\"reason\":\"Never "
		"seen.\"},\"observer\":{\"pro"
		"duct\":\"pcaudit\",\"type\":\"sensor\",\"version\":\"0.1.0\",\"name\":\"s1\"},"
		"\"pcau"
		"dit\":{\"finding\":{\"id\":\"8899aabbccddeeff\",\"kind\":\"missing\",\"severity\":"
		"\""
		"info\",\"nearest\":false,\"title\":\"A server of the site that was never "
		"seen\",\"re"
		"medy\":\"Look.\",\"expected\":{\"field\":\"flow\",\"value\":\"packets of "
		"10.0.2.30\""
		"},\"observed\":{\"field\":\"flow\",\"value\":\"none\"},\"initiator\":{\"roles\":[]"
		","
		"\"role\":null,\"prefix\":null,\"host\":null},\"responder\":{\"roles\":["
		"\"director\"]"
		",\"role\":\"director\",\"prefix\":\"10.0.2.30\",\"host\":null},\"flows\":0,"
		"\"initiat"
		"ors\":0,\"initiators_at_least\":false,\"examples\":[]}}}",
		/* accepted */
		"{\"@timestamp\":\"2026-03-01T10:00:00.123456789Z\",\"message\":\"wrong-port: "
		"Wrong p"
		"ort. More of "
		"it.\",\"tags\":[\"accepted\"],\"ecs\":{\"version\":\"8.17.0\"},\"event"
		"\":{\"kind\":\"event\",\"category\":[\"network\"],\"type\":[\"connection\","
		"\"protoco"
		"l\"],\"outcome\":\"unknown\",\"module\":\"pcaudit\",\"dataset\":\"pcaudit."
		"finding\","
		"\"action\":\"finding-opened\",\"code\":\"wrong-port\",\"id\":\"7766554433221100\","
		"\""
		"severity\":73,\"reason\":\"Wrong port. More of "
		"it.\",\"start\":\"2026-03-01T10:00:00"
		".123456789Z\",\"end\":\"2026-03-01T10:00:02.000000000Z\",\"duration\":1876543211},"
		"\""
		"rule\":{\"id\":\"fe-sip\",\"name\":\"Client to Front End, "
		"SIP\",\"category\":\"viola"
		"tion\",\"ruleset\":\"sample\",\"version\":\"1.2\",\"reference\":\"https://"
		"docs.examp"
		"le/"
		"1\"},\"source\":{\"address\":\"10.0.9.21\",\"ip\":\"10.0.9.21\",\"port\":40000},"
		"\"destination\":{\"address\":\"10.0.2.20\",\"ip\":\"10.0.2.20\",\"port\":5062,"
		"\"doma"
		"in\":\"fe01.example\"},\"network\":{\"type\":\"ipv4\",\"transport\":\"tcp\","
		"\"iana_n"
		"umber\":\"6\",\"protocol\":\"tls\",\"direction\":\"unknown\",\"community_id\":\"1:"
		"g0"
		"lZRyVNpy8HyhT1AWIjnav7vx4=\",\"vlan\":{\"id\":\"12\"}},\"related\":{\"ip\":[\"10."
		"0.9"
		".21\",\"10.0.2.20\"],\"hosts\":[\"fe01.example\"]},\"observer\":{\"product\":"
		"\"pcaud"
		"it\",\"type\":\"sensor\",\"version\":\"0.1.0\",\"name\":\"s1\"},\"pcaudit\":{"
		"\"findi"
		"ng\":{\"id\":\"7766554433221100\",\"kind\":\"wrong-port\",\"severity\":\"error\","
		"\"a"
		"ccepted\":{\"why\":\"old "
		"gateway\",\"owner\":\"voice\",\"until\":\"2027-03-31\"},\"n"
		"earest\":true,\"title\":\"Client to Front End, SIP\",\"remedy\":\"Move "
		"it.\",\"expec"
		"ted\":{\"field\":\"port\",\"value\":\"5061\"},\"observed\":{\"field\":\"port\","
		"\"val"
		"ue\":\"5062\"},\"initiator\":{\"roles\":[\"client-internal\"],\"role\":null,"
		"\"prefix"
		"\":null,\"host\":null},\"responder\":{\"roles\":[\"front-end-server\"],\"role\":"
		"\"fr"
		"ont-end-server\",\"prefix\":\"10.0.2.20\",\"host\":\"fe01.example\"},\"flows\":"
		"20000"
		",\"initiators\":1024,\"initiators_at_least\":true,\"wireshark\":\"(ip.addr == "
		"10.0.9"
		".21 && ip.addr == 10.0.2.20 && tcp.port == 40000 && tcp.port == "
		"5062)\",\"examples\""
		":[\"a0a82dce12ad7e8a\"]}}}",
		/* coverage: attempted */
		"{\"@timestamp\":\"2026-03-01T10:01:30.000000000Z\",\"message\":\"fe-sip: "
		"attempted, "
		"seen only "
		"broken\",\"ecs\":{\"version\":\"8.17.0\"},\"event\":{\"kind\":\"state\",\""
		"category\":[\"network\"],\"type\":[\"info\"],\"outcome\":\"failure\",\"module\":"
		"\"pc"
		"audit\",\"dataset\":\"pcaudit.coverage\"},\"rule\":{\"id\":\"fe-sip\",\"name\":"
		"\"Cli"
		"ent to Front End, "
		"SIP\",\"ruleset\":\"sample\",\"version\":\"1.2\",\"reference\":\"h"
		"ttps://docs.example/"
		"1\"},\"observer\":{\"product\":\"pcaudit\",\"type\":\"sensor\","
		"\"version\":\"0.1.0\",\"name\":\"s1\"},\"pcaudit\":{\"coverage\":{\"status\":"
		"\"attem"
		"pted\",\"reason\":\"seen only broken\",\"best\":\"consistent\",\"flows\":0}}}",
		/* coverage: observed */
		"{\"@timestamp\":\"2026-03-01T10:01:30.000000000Z\",\"message\":\"fe-web: "
		"observed\","
		"\"ecs\":{\"version\":\"8.17.0\"},\"event\":{\"kind\":\"state\",\"category\":["
		"\"netwo"
		"rk\"],\"type\":[\"info\"],\"outcome\":\"success\",\"module\":\"pcaudit\","
		"\"dataset\""
		":\"pcaudit.coverage\",\"start\":\"2026-03-01T10:00:00.000000000Z\",\"end\":\"2026-"
		"03"
		"-01T10:00:00.000000001Z\",\"duration\":1},\"rule\":{\"id\":\"fe-web\",\"name\":"
		"\"Web"
		"\",\"ruleset\":\"sample\",\"version\":\"1.2\",\"reference\":\"https://"
		"docs.example/1"
		"\"},\"observer\":{\"product\":\"pcaudit\",\"type\":\"sensor\",\"version\":\"0.1."
		"0\","
		"\"name\":\"s1\"},\"pcaudit\":{\"coverage\":{\"status\":\"observed\",\"best\":"
		"\"confi"
		"rmed\",\"flows\":4,\"first\":\"2026-03-01T10:00:00.000000000Z\",\"last\":\"2026-"
		"03-0"
		"1T10:00:00.000000001Z\"}}}",
		/* flow */
		"{\"@timestamp\":\"2026-03-01T10:00:02.000000000Z\",\"message\":\"10.0.9.21:40000 "
		"to "
		"10.0.2.20:5062 tcp, tls: violation, "
		"wrong-port\",\"ecs\":{\"version\":\"8.17.0\"},\""
		"event\":{\"kind\":\"event\",\"category\":[\"network\"],\"type\":[\"connection\","
		"\"pr"
		"otocol\",\"end\"],\"outcome\":\"failure\",\"module\":\"pcaudit\",\"dataset\":"
		"\"pcaud"
		"it.flow\",\"id\":\"a0a82dce12ad7e8a\",\"start\":\"2026-03-01T10:00:00."
		"123456789Z\","
		"\"end\":\"2026-03-01T10:00:02.000000000Z\",\"duration\":1876543211},\"rule\":{"
		"\"id\""
		":\"fe-sip\",\"name\":\"Client to Front End, "
		"SIP\",\"ruleset\":\"sample\",\"version\""
		":\"1.2\",\"reference\":\"https://docs.example/"
		"1\"},\"source\":{\"address\":\"10.0.9."
		"21\",\"ip\":\"10.0.9.21\",\"port\":40000,\"bytes\":900,\"packets\":9},"
		"\"destination"
		"\":{\"address\":\"10.0.2.20\",\"ip\":\"10.0.2.20\",\"port\":5062,\"domain\":"
		"\"fe01.e"
		"xample\",\"bytes\":800,\"packets\":8},\"network\":{\"type\":\"ipv4\","
		"\"transport\":"
		"\"tcp\",\"iana_number\":\"6\",\"protocol\":\"tls\",\"direction\":\"unknown\","
		"\"commu"
		"nity_id\":\"1:g0lZRyVNpy8HyhT1AWIjnav7vx4=\",\"vlan\":{\"id\":\"12\"},\"bytes\":"
		"1700"
		",\"packets\":17},\"related\":{\"ip\":[\"10.0.9.21\",\"10.0.2.20\"],\"hosts\":["
		"\"fe01"
		".example\"]},\"observer\":{\"product\":\"pcaudit\",\"type\":\"sensor\","
		"\"version\":"
		"\"0.1.0\",\"name\":\"s1\"},\"pcaudit\":{\"flow\":{\"id\":\"1:17\",\"direction\":"
		"\"sy"
		"n\",\"state\":\"established\",\"protocol\":\"tls\",\"security\":\"tls\","
		"\"evidence\""
		":\"consistent\",\"security_evidence\":\"confirmed\",\"detector\":\"none\","
		"\"verdict"
		"\":\"violation\",\"kind\":\"wrong-port\",\"severity\":\"error\",\"rule\":\"fe-"
		"sip\","
		"\"src_roles\":[\"client-internal\"],\"dst_roles\":[\"front-end-server\"],\"file\":"
		"\""
		"a.pcap\"}}}",
	};

	expect_lines("ecs", wanted, ARRAY_SIZE(wanted));
}

/* Facts of a handshake, with a name that tries to break out. */
static void add_facts(struct sample *s)
{
	static const struct fact_def version = { .name = "tls.version", .type = FACT_TEXT };
	static const struct fact_def sni = { .name = "tls.sni", .type = FACT_TEXT };
	static const struct fact_def ja4 = { .name = "tls.ja4", .type = FACT_TEXT };
	static const struct fact_def after = { .name = "tls.server_cert.not_after",
		                               .type = FACT_NUMBER };
	static const struct fact_def digest = { .name = "tls.server_cert.sha256",
		                                .type = FACT_TEXT };
	static const struct fact_def resumed = { .name = "tls.resumed", .type = FACT_BOOL };

	cr_assert_eq(facts_add(s->facts, &version, 18, 0, bytes_from_text("TLS 1.2")), 0);
	cr_assert_eq(facts_add(s->facts, &sni, 18, 0, bytes_from_text("a\"\n\xff\\\xe2\x80\xa8z")),
	             0);
	cr_assert_eq(facts_add(s->facts, &ja4, 18, 0, bytes_from_text("t12d")), 0);
	cr_assert_eq(facts_add(s->facts, &after, 18, 1772359200, BYTES(NULL, 0)), 0);
	cr_assert_eq(facts_add(s->facts, &digest, 18, 0, bytes_from_text("0123456789abcdef")), 0);
	cr_assert_eq(facts_add(s->facts, &resumed, 18, 1, BYTES(NULL, 0)), 0);
	s->facts->is_handshake_done = true;
}

Test(report_ecs, tls)
{
	struct sample s;

	sample_init(&s);
	add_facts(&s);
	expect_in_event(
	        &s, "ecs", sample_flow_event(&s),
	        "\"tls\":{\"version\":\"1.2\",\"version_protocol\":\"tls\",\"established\":true,"
	        "\"resumed\":true,\"client\":{\"server_name\":\"a\\\"\\\\x0a\\\\xff\\\\x5c"
	        "\\\\xe2\\\\x80\\\\xa8z\"},\"server\":{\"not_after\":"
	        "\"2026-03-01T10:00:00.000000000Z\",\"hash\":{\"sha256\":\"0123456789ABCDEF\"}}}");
	expect_in_event(&s, "ecs", sample_flow_event(&s), "\"ja4\":\"t12d\"");
	sample_deinit(&s);
}

Test(report_ecs, steps_of_a_finding)
{
	struct sample s;
	struct report_event event;

	sample_init(&s);
	event = sample_finding_event(&s);
	event.step = FINDING_UPDATED;
	event.time_ns = SAMPLE_START;
	expect_in_event(&s, "ecs", event,
	                "{\"@timestamp\":\"2026-03-01T10:00:00.000000000Z\",\"message\":\"again: "
	                "wrong-port: ");
	expect_in_event(&s, "ecs", event, "\"action\":\"finding-updated\"");
	event.step = FINDING_CLOSED;
	expect_in_event(&s, "ecs", event, "\"action\":\"finding-closed\"");
	sample_deinit(&s);
}

Test(report_ecs, stats)
{
	struct sample s;
	struct report_event event = { .type = REPORT_EVENT_STATS, .time_ns = SAMPLE_START };

	sample_init(&s);
	event.report = &s.report;
	expect_in_event(&s, "ecs", event, "\"message\":\"30 packets, 3 findings\"");
	expect_in_event(&s, "ecs", event, "\"event\":{\"kind\":\"metric\",");
	expect_in_event(&s, "ecs", event, "\"dataset\":\"pcaudit.stats\"");
	expect_in_event(&s, "ecs", event, "\"pcaudit\":{\"stats\":{\"capture\":{\"received\":30,");
	sample_deinit(&s);
}

Test(report_ecs, second_tag_and_blocked)
{
	struct sample s;

	sample_init(&s);
	s.record.flow.vlan_inner = 7;
	s.record.assessment.verdict = VERDICT_BLOCKED;
	s.record.assessment.kind = KIND_REFUSED;
	s.record.is_unseen_end = true;
	s.facts->protocol = PROTOCOL_UNKNOWN;
	expect_in_event(&s, "ecs", sample_flow_event(&s),
	                "\"vlan\":{\"id\":\"12\"},\"inner\":{\"vlan\":{\"id\":\"7\"}}");
	expect_in_event(&s, "ecs", sample_flow_event(&s),
	                "\"type\":[\"connection\",\"denied\"],\"outcome\":\"failure\"");
	sample_deinit(&s);
}

Test(report_ecs, run)
{
	struct sample s;
	struct report_event event = { .type = REPORT_EVENT_RUN, .time_ns = SAMPLE_START };

	sample_init(&s);
	event.report = &s.report;
	expect_in_event(
	        &s, "ecs", event,
	        "\"event\":{\"kind\":\"state\",\"category\":[\"network\"],\"type\":[\"info\"],"
	        "\"outcome\":\"failure\",\"module\":\"pcaudit\",\"dataset\":\"pcaudit.run\"");
	expect_in_event(&s, "ecs", event, "\"pcaudit\":{\"run\":{\"tool\":{\"name\":\"pcaudit\",");
	s.ruleset.site = NULL;
	s.report.vantage = NULL;
	expect_in_event(&s, "ecs", event, "\"sensor\":null,\"sandbox\":null},\"packs\":[");
	sample_deinit(&s);
}

Test(report_ecs, a_full_device_is_an_error)
{
	struct sample s;

	sample_init(&s);
	cr_expect_eq(sample_write_full(&s, "ecs"), -ENOSPC);
	sample_deinit(&s);
}
