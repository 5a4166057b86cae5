/*
 * What is said once: tool, site, vantage, packs, inputs, capture, summary.
 */
#include "report_samples.h"

Test(report_json_run, tool_site_vantage_packs)
{
	struct sample s;
	struct values v = { 0 };

	sample_init(&s);
	s.options.sensor = "east";
	expect_text(sample_json(json_tool(&v, &s.options)),
	            "{\"name\":\"pcaudit\",\"version\":\"0.1.0\",\"libpcap\":\"P\","
	            "\"ndpi\":\"N\",\"openssl\":\"O\",\"sensor\":\"east\",\"sandbox\":null}");
	expect_text(
	        sample_json(json_site(&v, &s.report)),
	        "{\"name\":\"Contoso\",\"file\":\"site.yaml\","
	        "\"sha256\":\"ab00000000000000000000000000000000000000000000000000000000000000\"}");
	expect_text(sample_json(json_vantage(&v, &s.report)),
	            "{\"name\":\"core\",\"sees\":[\"perimeter-inside\",\"inside-inside\"]}");
	expect_text(sample_json(json_packs(&v, &s.report)),
	            "[{\"name\":\"sample\",\"version\":\"1.2\",\"product\":\"Sample\","
	            "\"sha256\":"
	            "\"0000000000000000000000000000000000000000000000000000000000000000\"}]");
	cr_expect_not(v.is_failed);
	sample_deinit(&s);
}

Test(report_json_run, inputs)
{
	const uint8_t digests[1][32] = { { 0xff } };
	struct sample s;
	struct values v = { 0 };

	sample_init(&s);
	expect_text(
	        sample_json(json_inputs(&v, &s.report)),
	        "[{\"name\":\"a.pcap\",\"size\":4096,\"format\":\"pcap\",\"packing\":null,"
	        "\"sha256\":null,\"link_"
	        "types\":[\"ethernet\",\"linux-cooked-v1\"],"
	        "\"interfaces\":[],\"interfaces_not_listed\":0,\"comments\":0,\"secrets\":0,"
	        "\"packets\":30,\"bytes\":3000,\"first\":\"2026-03-01T10:00:00.000000000Z\","
	        "\"last\":\"2026-03-01T10:01:30.000000000Z\",\"truncated\":false,\"error\":null}]");
	s.report.capture.input_sha256 = digests;
	s.input.size_bytes = s.input.packets = 0;
	s.input.n_link_types = 1;
	s.input.packing = "gzip";
	s.input.is_truncated = true;
	s.input.error = "cut";
	s.input.name = "a\xff";
	expect_text(
	        sample_json(json_inputs(&v, &s.report)),
	        "[{\"name\":\"a\\\\xff\",\"size\":null,\"format\":\"pcap\",\"packing\":\"gzip\","
	        "\"sha256\":\"ff00000000000000000000000000000000000000000000000000000000000000\","
	        "\"link_types\":[\"ethernet\"],\"interfaces\":[],\"interfaces_not_listed\":0,"
	        "\"comments\":0,\"secrets\":0,\"packets\":0,\"bytes\":3000,\"first\":null,"
	        "\"last\":null,"
	        "\"truncated\":true,\"error\":\"cut\"}]");
	sample_deinit(&s);
}

/* Two network cards of one sensor; texts are the file's and mean harm. */
Test(report_json_run, interfaces)
{
	static struct input_interface interfaces[300] = {
		{ .name = { (const uint8_t *)"e\x1b", 2 },
		  .description = { (const uint8_t *)"left", 4 },
		  .filter = { (const uint8_t *)"tcp", 3 },
		  .link_type = 1,
		  .snaplen = 96,
		  .packets = 7,
		  .dropped_interface = 8,
		  .dropped_kernel = 9 },
		{ .link_type = 143 },
	};
	struct sample s;
	struct values v = { 0 };

	sample_init(&s);
	s.input.interfaces = interfaces;
	s.input.n_interfaces = 2;
	s.input.comments = 3;
	s.input.secrets = 4;
	char *text = sample_json(json_inputs(&v, &s.report));
	cr_expect_not_null(
	        strstr(text,
	               "\"interfaces\":[{\"name\":\"e\\\\x1b\",\"description\":\"left\","
	               "\"filter\":\"tcp\",\"link_type\":\"ethernet\",\"snaplen\":96,\"packets\":7,"
	               "\"dropped_interface\":8,\"dropped_kernel\":9},"
	               "{\"name\":null,\"description\":null,\"filter\":null,"
	               "\"link_type\":\"link type 143\",\"snaplen\":null,\"packets\":0,"
	               "\"dropped_interface\":0,\"dropped_kernel\":0}],"
	               "\"interfaces_not_listed\":0,\"comments\":3,\"secrets\":4,"),
	        "%s", text);
	free(text);
	s.input.n_interfaces = 300;
	text = sample_json(json_inputs(&v, &s.report));
	cr_expect_not_null(strstr(text, "\"interfaces_not_listed\":44,"), "%s", text);
	free(text);
	sample_deinit(&s);
}

Test(report_json_run, capture)
{
	struct sample s;
	struct values v = { 0 };

	sample_init(&s);
	struct capture_summary *c = &s.report.capture;
	/* Each its own number, so that none can stand in another's place. */
	uint64_t *const counts[] = { &c->received,
		                     &c->flows,
		                     &c->fragments_held,
		                     &c->other,
		                     &c->is_short,
		                     &c->invalid,
		                     &c->unsupported,
		                     &c->duplicate,
		                     &c->dropped_kernel,
		                     &c->dropped_interface,
		                     &c->dropped_ring,
		                     &c->dropped_table,
		                     &c->lost_bytes,
		                     &c->tcp_payload_bytes,
		                     &c->decode.fragments_joined_datagrams,
		                     &c->decode.fragments_given_up,
		                     &c->decode.fragments_overlapping,
		                     &c->flows_evicted,
		                     &c->no_room,
		                     &c->tunnels_no_room,
		                     &c->doubles_forgotten };
	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++)
		*counts[i] = i + 1;
	c->is_filtered = true;
	expect_text(sample_json(json_capture(&v, &s.report)),
	            "{\"received\":1,\"flows\":2,\"fragments_held\":3,\"other\":4,\"short\":5,"
	            "\"invalid\":6,\"unsupported\":7,"
	            "\"duplicate\":8,\"dropped_kernel\":9,\"dropped_interface\":10,\"dropped_"
	            "ring\":11,\"dropped_table\":12,"
	            "\"lost_bytes\":13,\"tcp_payload_bytes\":14,"
	            "\"fragments\":{\"joined_datagrams\":15,\"given_up\":16,\"overlapping\":17},"
	            "\"evicted\":18,\"no_room\":19,\"tunnels_no_room\":20,"
	            "\"doubles_forgotten\":21,"
	            "\"truncated\":false,\"filtered\":true,\"windowed\":false,\"first\":\"2026-03-"
	            "01T10:00:00.000000000Z\","
	            "\"last\":\"2026-03-01T10:01:30.000000000Z\"}");
	sample_deinit(&s);
}

Test(report_json_run, summary)
{
	static const char *const wanted[] = {
		"{\"verdict\":\"fail\",\"why\":\"1 finding of severity warning or worse\",",
		"\"flows\":{\"compliant\":9,\"violation\":1,\"blocked\":0,\"unjudged\":2,\"out-of-"
		"scope\":5},",
		"\"compliant_by_evidence\":{\"confirmed\":3,\"consistent\":4,\"inferred\":0,"
		"\"headers\":2,\"contradicted\":0,\"none\":0},",
		"\"unjudged_by_reason\":{\"no-payload\":2,\"unrecognised\":0,",
		"\"evicted\":0},",
		"\"findings_by_severity\":{\"error\":1,\"warning\":0,\"info\":1},",
		"\"findings_by_kind\":{\"wrong-direction\":0,",
		"\"wrong-port\":2,",
		"\"missing\":1,\"note\":0},",
		"\"findings_accepted\":1,\"notes_dropped\":20,\"flows_not_waited\":21,",
		"\"rules_by_coverage\":{\"observed\":1,\"attempted\":1,\"missing\":0,\"unjudged\":"
		"0,\"not-expected\":0,"
		"\"not-observable\":0,\"not-applicable\":0},",
		"\"out_of_scope\":[{\"src\":\"inside\",\"dst\":\"outside\",\"flows\":5,\"packets\":"
		"60,\"bytes\":7000}]}",
		NULL,
	};
	struct sample s;
	struct values v = { 0 };

	sample_init(&s);
	s.report.notes_dropped = 20;
	s.report.flows_not_waited = 21;
	char *text = sample_json(json_summary(&v, &s.report));
	expect_order(text, wanted);
	free(text);
	sample_deinit(&s);
}
