/*
 * OCSF: classes, activities and their captions; which check passes, fails or has no result; times
 * in milliseconds.
 */
#include "report_samples.h"

Test(report_ocsf, lines)
{
	static const char *const wanted[] = {
		NULL, /* the run: below */
		/* a violation */
		"{\"category_uid\":2,\"category_name\":\"Findings\",\"class_uid\":2003,\"class_"
		"name\""
		":\"Compliance "
		"Finding\",\"activity_id\":1,\"activity_name\":\"Create\",\"type_uid\":"
		"200301,\"type_name\":\"Compliance Finding: "
		"Create\",\"severity_id\":4,\"severity\":"
		"\"High\",\"time\":1772359200123,\"start_time\":1772359200123,\"end_time\":"
		"1772359202"
		"000,\"message\":\"wrong-port: Wrong port. More of "
		"it.\",\"metadata\":{\"version\":\""
		"1.5.0\",\"product\":{\"name\":\"pcaudit\",\"vendor_name\":\"pcaudit\",\"version\":"
		"\""
		"0.1.0\"},\"log_provider\":\"s1\"},\"status_id\":1,\"status\":\"New\",\"count\":"
		"20000"
		",\"finding_info\":{\"uid\":\"0011223344556677\",\"title\":\"Client to Front End, "
		"SIP"
		"\",\"desc\":\"Wrong port. More of "
		"it.\",\"types\":[\"violation\",\"wrong-port\"],\"f"
		"irst_seen_time\":1772359200123,\"last_seen_time\":1772359202000,\"src_url\":"
		"\"https:"
		"//docs.example/1\"},\"compliance\":{\"standards\":[\"Ports, "
		"internal\"],\"control\":"
		"\"fe-sip\",\"status_id\":3,\"status\":\"Fail\",\"status_details\":[\"Wrong port. "
		"Mor"
		"e of it.\"],\"desc\":\"Client to Front End, "
		"SIP\",\"requirements\":[\"ports-internal"
		", table 1, row 3\",\"ports-internal, first "
		"note\"],\"checks\":[{\"uid\":\"fe-sip\","
		"\"name\":\"Client to Front End, "
		"SIP\",\"version\":\"1.2\",\"status_id\":3,\"status\""
		":\"Fail\"}]},\"resources\":[{\"uid\":\"10.0.2.20\",\"name\":\"fe01.example\","
		"\"type"
		"\":\"front-end-server\"}],\"evidences\":[{\"uid\":\"a0a82dce12ad7e8a\",\"src_"
		"endpoin"
		"t\":{\"ip\":\"10.0.9.21\",\"port\":40000,\"vlan_uid\":\"12\"},\"dst_endpoint\":{"
		"\"ip"
		"\":\"10.0.2.20\",\"port\":5062,\"hostname\":\"fe01.example\",\"vlan_uid\":\"12\"},"
		"\""
		"connection_info\":{\"uid\":\"a0a82dce12ad7e8a\",\"community_uid\":\"1:"
		"g0lZRyVNpy8Hyh"
		"T1AWIjnav7vx4=\",\"direction_id\":0,\"direction\":\"Unknown\",\"protocol_num\":6,"
		"\"p"
		"rotocol_name\":\"tcp\",\"protocol_ver_id\":4,\"protocol_ver\":\"Internet Protocol "
		"ve"
		"rsion 4 (IPv4)\"}}],\"remediation\":{\"desc\":\"Move "
		"it.\"},\"unmapped\":{\"kind\":"
		"\"wrong-port\",\"severity\":\"error\",\"nearest\":true,\"expected\":{\"field\":"
		"\"por"
		"t\",\"value\":\"5061\"},\"observed\":{\"field\":\"port\",\"value\":\"5062\"},"
		"\"ports"
		"\":[[5062,5062],[6000,6010]],\"initiators\":1024,\"initiators_at_least\":true,"
		"\"wire"
		"shark\":\"(ip.addr == 10.0.9.21 && ip.addr == 10.0.2.20 && tcp.port == 40000 && "
		"tcp."
		"port == 5062)\"}}",
		/* a server never seen */
		"{\"category_uid\":2,\"category_name\":\"Findings\",\"class_uid\":2003,\"class_"
		"name\""
		":\"Compliance "
		"Finding\",\"activity_id\":1,\"activity_name\":\"Create\",\"type_uid\":"
		"200301,\"type_name\":\"Compliance Finding: "
		"Create\",\"severity_id\":1,\"severity\":"
		"\"Informational\",\"time\":1772359290000,\"message\":\"missing: Never "
		"seen.\",\"meta"
		"data\":{\"version\":\"1.5.0\",\"product\":{\"name\":\"pcaudit\",\"vendor_name\":"
		"\"pc"
		"audit\",\"version\":\"0.1.0\"},\"log_provider\":\"s1\"},\"status_id\":1,"
		"\"status\":"
		"\"New\",\"finding_info\":{\"uid\":\"8899aabbccddeeff\",\"title\":\"A server of "
		"the s"
		"ite that was never seen\",\"desc\":\"Never "
		"seen.\",\"types\":[\"missing\"]},\"compli"
		"ance\":{\"standards\":[\"site\"],\"control\":\"flow "
		"table\",\"status_id\":2,\"status"
		"\":\"Warning\",\"status_details\":[\"Never "
		"seen.\"]},\"resources\":[{\"uid\":\"10.0."
		"2.30\",\"name\":\"10.0.2.30\",\"type\":\"director\"}],\"remediation\":{\"desc\":"
		"\"Lo"
		"ok.\"},\"unmapped\":{\"kind\":\"missing\",\"severity\":\"info\",\"nearest\":false,"
		"\""
		"expected\":{\"field\":\"flow\",\"value\":\"packets of "
		"10.0.2.30\"},\"observed\":{\"f"
		"ield\":\"flow\",\"value\":\"none\"},\"ports\":[],\"initiators\":0,\"initiators_at_"
		"le"
		"ast\":false}}",
		/* accepted */
		"{\"category_uid\":2,\"category_name\":\"Findings\",\"class_uid\":2003,\"class_"
		"name\""
		":\"Compliance "
		"Finding\",\"activity_id\":1,\"activity_name\":\"Create\",\"type_uid\":"
		"200301,\"type_name\":\"Compliance Finding: "
		"Create\",\"severity_id\":4,\"severity\":"
		"\"High\",\"time\":1772359200123,\"start_time\":1772359200123,\"end_time\":"
		"1772359202"
		"000,\"message\":\"wrong-port: Wrong port. More of "
		"it.\",\"metadata\":{\"version\":\""
		"1.5.0\",\"product\":{\"name\":\"pcaudit\",\"vendor_name\":\"pcaudit\",\"version\":"
		"\""
		"0.1.0\"},\"log_provider\":\"s1\"},\"status_id\":3,\"status\":\"Suppressed\","
		"\"commen"
		"t\":\"old "
		"gateway\",\"count\":20000,\"finding_info\":{\"uid\":\"7766554433221100\","
		"\"title\":\"Client to Front End, SIP\",\"desc\":\"Wrong port. More of "
		"it.\",\"types"
		"\":[\"violation\",\"wrong-port\"],\"first_seen_time\":1772359200123,\"last_seen_"
		"time"
		"\":1772359202000,\"src_url\":\"https://docs.example/"
		"1\"},\"compliance\":{\"standards"
		"\":[\"Ports, "
		"internal\"],\"control\":\"fe-sip\",\"status_id\":3,\"status\":\"Fail\","
		"\"status_details\":[\"Wrong port. More of it.\"],\"desc\":\"Client to Front End, "
		"SIP"
		"\",\"requirements\":[\"ports-internal, table 1, row 3\",\"ports-internal, first "
		"note"
		"\"],\"checks\":[{\"uid\":\"fe-sip\",\"name\":\"Client to Front End, "
		"SIP\",\"version"
		"\":\"1.2\",\"status_id\":3,\"status\":\"Fail\"}]},\"resources\":[{\"uid\":\"10.0."
		"2.2"
		"0\",\"name\":\"fe01.example\",\"type\":\"front-end-server\"}],\"evidences\":[{"
		"\"uid"
		"\":\"a0a82dce12ad7e8a\",\"src_endpoint\":{\"ip\":\"10.0.9.21\",\"port\":40000,"
		"\"vlan"
		"_uid\":\"12\"},\"dst_endpoint\":{\"ip\":\"10.0.2.20\",\"port\":5062,\"hostname\":"
		"\"f"
		"e01.example\",\"vlan_uid\":\"12\"},\"connection_info\":{\"uid\":"
		"\"a0a82dce12ad7e8a\""
		",\"community_uid\":\"1:g0lZRyVNpy8HyhT1AWIjnav7vx4=\",\"direction_id\":0,"
		"\"direction"
		"\":\"Unknown\",\"protocol_num\":6,\"protocol_name\":\"tcp\",\"protocol_ver_id\":4,"
		"\""
		"protocol_ver\":\"Internet Protocol version 4 "
		"(IPv4)\"}}],\"remediation\":{\"desc\":"
		"\"Move "
		"it.\"},\"unmapped\":{\"kind\":\"wrong-port\",\"severity\":\"error\",\"accepte"
		"d\":{\"why\":\"old "
		"gateway\",\"owner\":\"voice\",\"until\":\"2027-03-31\"},\"nearest"
		"\":true,\"expected\":{\"field\":\"port\",\"value\":\"5061\"},\"observed\":{"
		"\"field\""
		":\"port\",\"value\":\"5062\"},\"ports\":[[5062,5062],[6000,6010]],\"initiators\":"
		"102"
		"4,\"initiators_at_least\":true,\"wireshark\":\"(ip.addr == 10.0.9.21 && ip.addr "
		"== 1"
		"0.0.2.20 && tcp.port == 40000 && tcp.port == 5062)\"}}",
		/* coverage: attempted */
		"{\"category_uid\":2,\"category_name\":\"Findings\",\"class_uid\":2003,\"class_"
		"name\""
		":\"Compliance "
		"Finding\",\"activity_id\":1,\"activity_name\":\"Create\",\"type_uid\":"
		"200301,\"type_name\":\"Compliance Finding: "
		"Create\",\"severity_id\":1,\"severity\":"
		"\"Informational\",\"time\":1772359290000,\"message\":\"fe-sip: attempted, seen "
		"only "
		"broken\",\"metadata\":{\"version\":\"1.5.0\",\"product\":{\"name\":\"pcaudit\","
		"\"ven"
		"dor_name\":\"pcaudit\",\"version\":\"0.1.0\"},\"log_provider\":\"s1\"},\"finding_"
		"inf"
		"o\":{\"uid\":\"coverage:fe-sip\",\"title\":\"Client to Front End, "
		"SIP\",\"types\":["
		"\"coverage\",\"attempted\"]},\"compliance\":{\"standards\":[\"Ports, "
		"internal\"],\"c"
		"ontrol\":\"fe-sip\",\"status_id\":3,\"status\":\"Fail\",\"status_details\":["
		"\"seen o"
		"nly broken\"],\"desc\":\"Client to Front End, "
		"SIP\",\"requirements\":[\"ports-intern"
		"al, table 1, row 3\",\"ports-internal, first "
		"note\"],\"checks\":[{\"uid\":\"fe-sip\""
		",\"name\":\"Client to Front End, "
		"SIP\",\"version\":\"1.2\",\"status_id\":3,\"status"
		"\":\"Fail\"}]},\"unmapped\":{\"status\":\"attempted\",\"reason\":\"seen only "
		"broken"
		"\",\"best\":\"consistent\",\"flows\":0}}",
		/* coverage: observed */
		"{\"category_uid\":2,\"category_name\":\"Findings\",\"class_uid\":2003,\"class_"
		"name\""
		":\"Compliance "
		"Finding\",\"activity_id\":1,\"activity_name\":\"Create\",\"type_uid\":"
		"200301,\"type_name\":\"Compliance Finding: "
		"Create\",\"severity_id\":1,\"severity\":"
		"\"Informational\",\"time\":1772359290000,\"start_time\":1772359200000,\"end_"
		"time\":1"
		"772359200000,\"message\":\"fe-web: "
		"observed\",\"metadata\":{\"version\":\"1.5.0\",\""
		"product\":{\"name\":\"pcaudit\",\"vendor_name\":\"pcaudit\",\"version\":\"0.1.0\"}"
		","
		"\"log_provider\":\"s1\"},\"finding_info\":{\"uid\":\"coverage:fe-web\",\"title\":"
		"\"W"
		"eb\",\"types\":[\"coverage\",\"observed\"]},\"compliance\":{\"standards\":["
		"\"Ports, "
		"internal\"],\"control\":\"fe-web\",\"status_id\":1,\"status\":\"Pass\",\"status_"
		"deta"
		"ils\":[\"observed\"],\"desc\":\"Web\",\"requirements\":[\"ports-internal, table "
		"1, r"
		"ow "
		"3\"],\"checks\":[{\"uid\":\"fe-web\",\"name\":\"Web\",\"version\":\"1.2\",\"statu"
		"s_id\":1,\"status\":\"Pass\"}]},\"unmapped\":{\"status\":\"observed\",\"best\":"
		"\"con"
		"firmed\",\"flows\":4}}",
		/* flow */
		"{\"category_uid\":4,\"category_name\":\"Network "
		"Activity\",\"class_uid\":4001,\"clas"
		"s_name\":\"Network "
		"Activity\",\"activity_id\":6,\"activity_name\":\"Traffic\",\"type"
		"_uid\":400106,\"type_name\":\"Network Activity: "
		"Traffic\",\"severity_id\":1,\"severi"
		"ty\":\"Informational\",\"time\":1772359202000,\"start_time\":1772359200123,\"end_"
		"tim"
		"e\":1772359202000,\"message\":\"10.0.9.21:40000 to 10.0.2.20:5062 tcp, tls: "
		"violatio"
		"n, "
		"wrong-port\",\"metadata\":{\"version\":\"1.5.0\",\"product\":{\"name\":\"pcaudit"
		"\",\"vendor_name\":\"pcaudit\",\"version\":\"0.1.0\"},\"log_provider\":\"s1\"},"
		"\"dur"
		"ation\":1876,\"status_id\":1,\"status\":\"Success\",\"src_endpoint\":{\"ip\":\"10."
		"0."
		"9.21\",\"port\":40000,\"vlan_uid\":\"12\"},\"dst_endpoint\":{\"ip\":\"10.0.2.20\","
		"\""
		"port\":5062,\"hostname\":\"fe01.example\",\"vlan_uid\":\"12\"},\"connection_"
		"info\":{"
		"\"uid\":\"a0a82dce12ad7e8a\",\"community_uid\":\"1:g0lZRyVNpy8HyhT1AWIjnav7vx4=\","
		"\""
		"direction_id\":0,\"direction\":\"Unknown\",\"protocol_num\":6,\"protocol_name\":"
		"\"tc"
		"p\",\"protocol_ver_id\":4,\"protocol_ver\":\"Internet Protocol version 4 "
		"(IPv4)\"},"
		"\"app_name\":\"tls\",\"traffic\":{\"bytes\":1700,\"bytes_in\":800,\"bytes_out\":"
		"900,"
		"\"packets\":17,\"packets_in\":8,\"packets_out\":9},\"unmapped\":{\"id\":\"1:17\","
		"\"d"
		"irection\":\"syn\",\"state\":\"established\",\"security\":\"tls\",\"evidence\":"
		"\"con"
		"sistent\",\"verdict\":\"violation\",\"kind\":\"wrong-port\",\"severity\":"
		"\"error\","
		"\"rule\":\"fe-sip\"}}",
	};

	expect_lines("ocsf", wanted, ARRAY_SIZE(wanted));
}

Test(report_ocsf, steps_of_a_finding)
{
	struct sample s;

	sample_init(&s);
	struct report_event event = sample_finding_event(&s);
	event.step = FINDING_UPDATED;
	event.time_ns = -1; /* rounds down */
	expect_in_event(&s, "ocsf", event,
	                "\"activity_id\":2,\"activity_name\":\"Update\",\"type_uid\":200302,"
	                "\"type_name\":\"Compliance Finding: "
	                "Update\",\"severity_id\":4,\"severity\":\"High\","
	                "\"time\":-1,");
	event.step = FINDING_CLOSED;
	expect_in_event(&s, "ocsf", event, "\"type_uid\":200303,");
	expect_in_event(&s, "ocsf", event, "\"status_id\":4,\"status\":\"Resolved\"");
	sample_deinit(&s);
}

Test(report_ocsf, what_breaks_nothing_does_not_fail)
{
	struct sample s;

	sample_init(&s);
	s.violation.severity = SEVERITY_WARNING;
	expect_in_event(&s, "ocsf", sample_finding_event(&s),
	                "\"severity_id\":3,\"severity\":\"Medium\"");
	expect_in_event(&s, "ocsf", sample_finding_event(&s),
	                "\"status_id\":3,\"status\":\"Fail\"");
	s.violation.key.kind = KIND_NOTE;
	s.violation.key.note = NOTE_CODE_OLD_TLS + 1;
	expect_in_event(&s, "ocsf", sample_finding_event(&s),
	                "\"status_id\":2,\"status\":\"Warning\",\"status_details\":");
	expect_in_event(&s, "ocsf", sample_finding_event(&s), "\"types\":[\"note\",\"old-tls\"]");
	sample_deinit(&s);
}

Test(report_ocsf, what_became_of_a_flow)
{
	static const struct {
		enum flow_state state;
		const char *wanted;
	} cases[] = {
		{ FLOW_REFUSED,
		  "\"activity_id\":5,\"activity_name\":\"Refuse\",\"type_uid\":400105," },
		{ FLOW_UNANSWERED,
		  "\"activity_id\":4,\"activity_name\":\"Fail\",\"type_uid\":400104," },
		{ FLOW_REJECTED,
		  "\"activity_id\":4,\"activity_name\":\"Fail\",\"type_uid\":400104," },
		{ FLOW_DATAGRAM,
		  "\"activity_id\":6,\"activity_name\":\"Traffic\",\"type_uid\":400106," },
	};
	struct sample s;

	sample_init(&s);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		s.record.assessment.state = cases[i].state;
		expect_in_event(&s, "ocsf", sample_flow_event(&s), cases[i].wanted);
	}
	sample_deinit(&s);
}

Test(report_ocsf, tls)
{
	static const struct fact_def version = { .name = "tls.version", .type = FACT_TEXT };
	static const struct fact_def sni = { .name = "tls.sni", .type = FACT_TEXT };
	static const struct fact_def ja3 = { .name = "tls.ja3", .type = FACT_TEXT };
	static const struct fact_def ja4 = { .name = "tls.ja4", .type = FACT_TEXT };
	struct sample s;

	sample_init(&s);
	cr_assert_eq(facts_add(s.facts, &version, 18, 0, bytes_from_text("SSL 3.0")), 0);
	cr_assert_eq(facts_add(s.facts, &sni, 18, 0, bytes_from_text("a\"\r\n")), 0);
	cr_assert_eq(facts_add(s.facts, &ja3, 18, 0, bytes_from_text("00ff")), 0);
	cr_assert_eq(facts_add(s.facts, &ja4, 18, 0, bytes_from_text("t12d")), 0);
	expect_in_event(
	        &s, "ocsf", sample_flow_event(&s),
	        "\"tls\":{\"version\":\"3.0\",\"sni\":\"a\\\"\\\\x0d\\\\x0a\",\"ja3_hash\":"
	        "{\"algorithm_id\":1,\"algorithm\":\"MD5\",\"value\":\"00ff\"}},"
	        "\"ja4_fingerprint_list\":[{\"type_id\":1,\"type\":\"JA4\",\"value\":\"t12d\"}]");
	sample_deinit(&s);
}

Test(report_ocsf, a_rule_that_could_not_be_judged_has_no_result)
{
	static const enum coverage_status unjudged[] = { COVERAGE_UNJUDGED, COVERAGE_NOT_EXPECTED,
		                                         COVERAGE_NOT_OBSERVABLE,
		                                         COVERAGE_NOT_APPLICABLE };
	struct sample s;
	struct report_event event = { .type = REPORT_EVENT_COVERAGE };

	sample_init(&s);
	event.report = &s.report;
	event.coverage = &s.coverage[0];
	for (unsigned i = 0; i < ARRAY_SIZE(unjudged); i++) {
		s.coverage[0].status = unjudged[i];
		expect_in_event(&s, "ocsf", event,
		                "\"control\":\"fe-sip\",\"status_id\":2,\"status\":\"Warning\"");
	}
	s.coverage[0].status = COVERAGE_MISSING;
	expect_in_event(&s, "ocsf", event,
	                "\"control\":\"fe-sip\",\"status_id\":3,\"status\":\"Fail\"");
	sample_deinit(&s);
}

Test(report_ocsf, run)
{
	struct sample s;
	struct report_event event = { .type = REPORT_EVENT_RUN, .time_ns = SAMPLE_START };

	sample_init(&s);
	event.report = &s.report;
	expect_in_event(
	        &s, "ocsf", event,
	        "{\"category_uid\":6,\"category_name\":\"Application Activity\",\"class_uid\":6007,"
	        "\"class_name\":\"Scan "
	        "Activity\",\"activity_id\":2,\"activity_name\":\"Completed\","
	        "\"type_uid\":600702,\"type_name\":\"Scan Activity: Completed\",");
	expect_in_event(
	        &s, "ocsf", event,
	        "\"num_files\":1,\"num_detections\":3,\"num_trusted_items\":1,\"total\":30,");
	event.type = REPORT_EVENT_STATS; /* no class for it */
	char *line = sample_event(&s, "ocsf", event);
	cr_expect_str_eq(line, "");
	free(line);
	sample_deinit(&s);
}

Test(report_ocsf, a_full_device_is_an_error)
{
	struct sample s;

	sample_init(&s);
	cr_expect_eq(sample_write_full(&s, "ocsf"), -ENOSPC);
	sample_deinit(&s);
}
