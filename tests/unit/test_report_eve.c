/*
 * EVE: alerts, flows and counters as Suricata has them. Numbers that name signatures and flows are
 * those that sha256sum gives for the documented texts.
 */
#include "report_samples.h"

Test(report_eve, lines)
{
	static const char *const wanted[] = {
		/* run */
		"{\"timestamp\":\"2026-03-01T10:01:30.000000+0000\",\"event_type\":\"stats\","
		"\"host\""
		":\"s1\",\"stats\":{\"uptime\":90,\"capture\":{\"kernel_packets\":30,\"kernel_"
		"drops\""
		":0},\"decoder\":{\"pkts\":30,\"bytes\":3000,\"invalid\":0},\"flow\":{\"total\":17}"
		","
		"\"detect\":{\"alert\":3}}}",
		/* a violation */
		"{\"timestamp\":\"2026-03-01T10:00:00.123456+0000\",\"flow_id\":1413153467438443,"
		"\"ev"
		"ent_type\":\"alert\",\"host\":\"s1\",\"pcap_filename\":\"a.pcap\",\"pcap_cnt\":17,"
		"\""
		"vlan\":[12],\"src_ip\":\"10.0.9.21\",\"src_port\":40000,\"dest_ip\":\"10.0.2.20\","
		"\""
		"dest_port\":5062,\"proto\":\"TCP\",\"app_proto\":\"tls\",\"community_id\":\"1:"
		"g0lZRy"
		"VNpy8HyhT1AWIjnav7vx4=\",\"alert\":{\"action\":\"allowed\",\"gid\":7001,"
		"\"signature_"
		"id\":1855266092,\"rev\":1,\"signature\":\"pcaudit wrong-port: Client to Front "
		"End, S"
		"IP\",\"category\":\"violation\",\"severity\":1,\"metadata\":{\"finding\":["
		"\"00112233"
		"44556677\"],\"step\":[\"opened\"],\"kind\":[\"wrong-port\"],\"signature_"
		"severity\":["
		"\"error\"],\"rule\":[\"fe-sip\"],\"ruleset\":[\"sample\"],\"why\":[\"Wrong port. "
		"Mor"
		"e of it.\"],\"remedy\":[\"Move "
		"it.\"],\"expected\":[\"5061\"],\"observed\":[\"5062\""
		"],\"flows\":[\"20000\"]},\"references\":[\"https://docs.example/"
		"1\"]},\"flow\":{\"pk"
		"ts_toserver\":9,\"pkts_toclient\":8,\"bytes_toserver\":900,\"bytes_toclient\":800,"
		"\""
		"start\":\"2026-03-01T10:00:00.123456+0000\",\"src_ip\":\"10.0.9.21\",\"src_port\":"
		"40"
		"000,\"dest_ip\":\"10.0.2.20\",\"dest_port\":5062}}",
		/* a server never seen */
		"{\"timestamp\":\"2026-03-01T10:01:30.000000+0000\",\"event_type\":\"alert\","
		"\"host\""
		":\"s1\",\"alert\":{\"action\":\"allowed\",\"gid\":7001,\"signature_id\":"
		"2141599107,"
		"\"rev\":1,\"signature\":\"pcaudit missing: A server of the site that was never "
		"seen"
		"\",\"category\":\"missing\",\"severity\":3,\"metadata\":{\"finding\":["
		"\"8899aabbccdd"
		"eeff\"],\"step\":[\"opened\"],\"kind\":[\"missing\"],\"signature_severity\":["
		"\"info"
		"\"],\"why\":[\"Never seen.\"],\"remedy\":[\"Look.\"],\"expected\":[\"packets of "
		"10.0"
		".2.30\"],\"observed\":[\"none\"],\"flows\":[\"0\"]}}}",
		/* accepted */
		"{\"timestamp\":\"2026-03-01T10:00:00.123456+0000\",\"flow_id\":1413153467438443,"
		"\"ev"
		"ent_type\":\"alert\",\"host\":\"s1\",\"pcap_filename\":\"a.pcap\",\"pcap_cnt\":17,"
		"\""
		"vlan\":[12],\"src_ip\":\"10.0.9.21\",\"src_port\":40000,\"dest_ip\":\"10.0.2.20\","
		"\""
		"dest_port\":5062,\"proto\":\"TCP\",\"app_proto\":\"tls\",\"community_id\":\"1:"
		"g0lZRy"
		"VNpy8HyhT1AWIjnav7vx4=\",\"alert\":{\"action\":\"allowed\",\"gid\":7001,"
		"\"signature_"
		"id\":1855266092,\"rev\":1,\"signature\":\"pcaudit wrong-port: Client to Front "
		"End, S"
		"IP\",\"category\":\"violation\",\"severity\":3,\"metadata\":{\"finding\":["
		"\"77665544"
		"33221100\"],\"step\":[\"opened\"],\"kind\":[\"wrong-port\"],\"signature_"
		"severity\":["
		"\"error\"],\"rule\":[\"fe-sip\"],\"ruleset\":[\"sample\"],\"accepted\":[\"old "
		"gatewa"
		"y\"],\"why\":[\"Wrong port. More of it.\"],\"remedy\":[\"Move "
		"it.\"],\"expected\":["
		"\"5061\"],\"observed\":[\"5062\"],\"flows\":[\"20000\"]},\"references\":[\"https:/"
		"/d"
		"ocs.example/"
		"1\"]},\"flow\":{\"pkts_toserver\":9,\"pkts_toclient\":8,\"bytes_toserver"
		"\":900,\"bytes_toclient\":800,\"start\":\"2026-03-01T10:00:00.123456+0000\",\"src_"
		"ip"
		"\":\"10.0.9.21\",\"src_port\":40000,\"dest_ip\":\"10.0.2.20\",\"dest_port\":5062}"
		"}",
		/* flow */
		"{\"timestamp\":\"2026-03-01T10:00:02.000000+0000\",\"flow_id\":1413153467438443,"
		"\"ev"
		"ent_type\":\"flow\",\"host\":\"s1\",\"pcap_filename\":\"a.pcap\",\"pcap_cnt\":17,"
		"\"v"
		"lan\":[12],\"src_ip\":\"10.0.9.21\",\"src_port\":40000,\"dest_ip\":\"10.0.2.20\","
		"\"d"
		"est_port\":5062,\"proto\":\"TCP\",\"app_proto\":\"tls\",\"community_id\":\"1:"
		"g0lZRyV"
		"Npy8HyhT1AWIjnav7vx4=\",\"flow\":{\"pkts_toserver\":9,\"pkts_toclient\":8,\"bytes_"
		"to"
		"server\":900,\"bytes_toclient\":800,\"start\":\"2026-03-01T10:00:00.123456+0000\","
		"\""
		"end\":\"2026-03-01T10:00:02.000000+0000\",\"age\":1,\"state\":\"established\","
		"\"reas"
		"on\":\"timeout\",\"alerted\":true},\"metadata\":{\"flowbits\":[\"pcaudit.verdict."
		"vio"
		"lation\",\"pcaudit.kind.wrong-port\",\"pcaudit.rule.fe-sip\",\"pcaudit.evidence."
		"cons"
		"istent\",\"pcaudit.security.tls\"]}}",
	};

	expect_lines("eve", wanted, ARRAY_SIZE(wanted));
}

Test(report_eve, tls)
{
	static const struct fact_def hello = { .name = "dtls.max_version", .type = FACT_TEXT };
	static const struct fact_def sni = { .name = "dtls.sni", .type = FACT_TEXT };
	struct sample s;

	sample_init(&s);
	cr_assert_eq(facts_add(s.facts, &hello, 18, 0, bytes_from_text("DTLS 1.2")), 0);
	cr_assert_eq(facts_add(s.facts, &sni, 18, 0, bytes_from_text("a\"\n\xc2\x85")), 0);
	expect_in_event(
	        &s, "eve", sample_finding_event(&s),
	        "\"tls\":{\"sni\":\"a\\\"\\\\x0a\\\\xc2\\\\x85\",\"version\":\"UNDETERMINED\"}");
	sample_deinit(&s);
}

Test(report_eve, protocols_and_states_by_suricatas_words)
{
	struct sample s;

	sample_init(&s);
	s.facts->protocol = PROTOCOL_DCE_RPC;
	s.record.flow.saw_rst[0] = true;
	s.record.is_evicted = true;
	expect_in_event(&s, "eve", sample_flow_event(&s), "\"app_proto\":\"dcerpc\"");
	expect_in_event(&s, "eve", sample_flow_event(&s),
	                "\"state\":\"closed\",\"reason\":\"forced\",\"alerted\":true");
	s.facts->protocol = PROTOCOL_UNKNOWN;
	s.facts->is_unrecognised = true;
	s.record.flow.saw_rst[0] = false;
	s.record.flow.packets[0] = 0;
	s.record.is_evicted = false;
	s.record.is_unseen_end = true;
	s.record.assessment.verdict = VERDICT_UNJUDGED;
	s.record.assessment.kind = KIND_NONE;
	s.record.assessment.reason = (enum reason)DOUBT_UNRECOGNISED;
	expect_in_event(&s, "eve", sample_flow_event(&s), "\"app_proto\":\"failed\"");
	expect_in_event(&s, "eve", sample_flow_event(&s),
	                "\"state\":\"new\",\"reason\":\"shutdown\",\"alerted\":false},"
	                "\"metadata\":{\"flowbits\":[\"pcaudit.verdict.unjudged\","
	                "\"pcaudit.reason.unrecognised\",\"pcaudit.rule.fe-sip\",");
	s.record.flow.transport = TRANSPORT_ICMPV6;
	expect_in_event(
	        &s, "eve", sample_flow_event(&s),
	        "\"src_ip\":\"10.0.9.21\",\"dest_ip\":\"10.0.2.20\",\"proto\":\"IPv6-ICMP\"");
	s.record.flow.transport = 47;
	expect_in_event(&s, "eve", sample_flow_event(&s), "\"proto\":\"047\"");
	sample_deinit(&s);
}

Test(report_eve, steps_and_counters)
{
	struct sample s;

	sample_init(&s);
	struct report_event event = sample_finding_event(&s);
	event.step = FINDING_CLOSED;
	expect_in_event(&s, "eve", event, "\"step\":[\"closed\"]");
	event = (struct report_event){ .type = REPORT_EVENT_STATS,
		                       .time_ns = -1,
		                       .report = &s.report };
	expect_in_event(&s, "eve", event,
	                "{\"timestamp\":\"1969-12-31T23:59:59.999999+0000\",\"event_type\":"
	                "\"stats\",\"stats\":{");
	sample_deinit(&s);
}

Test(report_eve, a_full_device_is_an_error)
{
	struct sample s;

	sample_init(&s);
	cr_expect_eq(sample_write_full(&s, "eve"), -ENOSPC);
	sample_deinit(&s);
}
