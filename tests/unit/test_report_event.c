/*
 * Events: in which order a report is told, and what the formats of lines say alike. Hashes are
 * those of sha256sum over "COMMUNITY_ID FIRST_NS".
 */
#include "report_samples.h"

/* What put_event() was called with. */
static struct report_event told[16];
static size_t n_told;

static int put_told(FILE *out _unused_, const struct report_event *event,
                    const struct report_options *options _unused_)
{
	told[n_told++] = *event;
	return 0;
}

static int put_failing(FILE *out _unused_, const struct report_event *event _unused_,
                       const struct report_options *options _unused_)
{
	n_told++;
	return -ENOMEM;
}

Test(report_event, a_report_is_its_events)
{
	static const struct report_format format = { .name = "told", .put_event = put_told };
	struct sample s;
	int64_t end = SAMPLE_START + 90 * NS_PER_SECOND;

	sample_init(&s);
	s.options.flows = REPORT_ALL_FLOWS;
	_cleanup_(fclosep) FILE *out = fopen("/dev/null", "w");
	cr_assert_eq(report_write(out, &format, &s.report, &s.options), 0);
	cr_assert_eq(n_told, 7);
	cr_expect(told[0].type == REPORT_EVENT_RUN && told[0].time_ns == end);
	/* A finding's time is its first flow's; without flows the capture's end. */
	cr_expect(told[1].finding == &s.violation && told[1].time_ns == SAMPLE_START + 123456789);
	cr_expect(told[2].finding == &s.unseen && told[2].time_ns == end);
	cr_expect(told[3].finding == &s.accepted && told[3].step == FINDING_OPENED);
	cr_expect(told[4].coverage == &s.coverage[0] && told[4].time_ns == end);
	cr_expect(told[5].coverage == &s.coverage[1] && told[5].type == REPORT_EVENT_COVERAGE);
	cr_expect(told[6].flow == &s.record && told[6].time_ns == SAMPLE_START + 2 * NS_PER_SECOND);
	for (size_t i = 0; i < n_told; i++)
		cr_expect_eq(told[i].report, &s.report);
	sample_deinit(&s);
}

Test(report_event, flows_only_if_listed)
{
	static const struct report_format format = { .name = "told", .put_event = put_told };
	struct sample s;

	sample_init(&s);
	_cleanup_(fclosep) FILE *out = fopen("/dev/null", "w");
	cr_assert_eq(report_write(out, &format, &s.report, &s.options), 0);
	cr_expect_eq(n_told, 6);
	sample_deinit(&s);
}

Test(report_event, want_of_memory_ends_it)
{
	static const struct report_format format = { .name = "failing", .put_event = put_failing };
	struct sample s;

	sample_init(&s);
	_cleanup_(fclosep) FILE *out = fopen("/dev/null", "w");
	cr_expect_eq(report_write(out, &format, &s.report, &s.options), -ENOMEM);
	cr_expect_eq(n_told, 1);
	sample_deinit(&s);
}

Test(report_event, spans)
{
	struct sample s;
	int64_t first = 0, last = 0;

	sample_init(&s);
	struct report_event event = sample_finding_event(&s);
	cr_expect(event_span(&event, &first, &last));
	cr_expect(first == SAMPLE_START + 123456789 && last == SAMPLE_START + 2 * NS_PER_SECOND);
	event.finding = &s.unseen;
	cr_expect_not(event_span(&event, &first, &last));
	event = (struct report_event){ .type = REPORT_EVENT_RUN, .report = &s.report };
	cr_expect(event_span(&event, &first, &last));
	cr_expect(first == SAMPLE_START && last == SAMPLE_START + 90 * NS_PER_SECOND);
	s.report.capture.received = 0;
	cr_expect_not(event_span(&event, &first, &last));
	event = (struct report_event){ .type = REPORT_EVENT_COVERAGE,
		                       .report = &s.report,
		                       .coverage = &s.coverage[0] };
	cr_expect_not(event_span(&event, &first, &last));
	sample_deinit(&s);
}

Test(report_event, rule_pack_and_document)
{
	struct sample s;

	sample_init(&s);
	struct report_event event = sample_finding_event(&s);
	cr_expect_eq(event_rule(&event), &s.rules[0]);
	cr_expect_eq(event_pack(&event), &s.pack);
	cr_expect_eq(event_document(&event, 1), &s.document);
	cr_expect_null(event_document(&event, 2));
	cr_expect_eq(event_flow(&event), &s.record);
	event.finding = &s.unseen;
	cr_expect_null(event_rule(&event));
	cr_expect_null(event_pack(&event));
	cr_expect_null(event_document(&event, 0));
	cr_expect_null(event_flow(&event));
	s.ready[0].pack = NULL; /* the site's own */
	event = sample_flow_event(&s);
	cr_expect_eq(event_rule(&event), &s.rules[0]);
	cr_expect_null(event_pack(&event));
	cr_expect_null(event_document(&event, 0));
	sample_deinit(&s);
}

Test(report_event, what_alerts)
{
	struct sample s;
	char buffer[SIGNATURE_SIZE];

	sample_init(&s);
	cr_expect(finding_alerts(&s.violation));
	cr_expect_not(finding_alerts(&s.accepted));
	cr_expect_not(finding_alerts(&s.unseen));
	s.unseen.severity = SEVERITY_WARNING;
	cr_expect(finding_alerts(&s.unseen));
	cr_expect_str_eq(finding_class_word(&s.violation), "violation");
	cr_expect_str_eq(finding_class_word(&s.unseen), "missing");
	cr_expect_str_eq(finding_signature(&s.report, &s.violation, buffer), "wrong-port:fe-sip");
	cr_expect_str_eq(finding_signature(&s.report, &s.unseen, buffer), "missing");
	s.violation.key.kind = KIND_REFUSED;
	cr_expect_str_eq(finding_class_word(&s.violation), "blocked");
	s.violation.key.kind = KIND_NOTE;
	s.violation.key.note = NOTE_CODE_OLD_TLS + 1;
	cr_expect_str_eq(finding_class_word(&s.violation), "note");
	cr_expect_str_eq(finding_signature(&s.report, &s.violation, buffer), "old-tls:fe-sip");
	sample_deinit(&s);
}

Test(report_event, a_flow_has_one_name)
{
	struct sample s;
	char buffer[17];

	sample_init(&s);
	cr_expect_str_eq(flow_hash_text(&s.record.flow, buffer), "a0a82dce12ad7e8a");
	cr_expect_eq(flow_hash(&s.record.flow), UINT64_C(0xa0a82dce12ad7e8a));
	s.record.flow.file = 9; /* where it was read from is not part of it */
	s.record.flow.number = 1;
	cr_expect_eq(flow_hash(&s.record.flow), UINT64_C(0xa0a82dce12ad7e8a));
	s.record.flow.first_ns++;
	cr_expect_neq(flow_hash(&s.record.flow), UINT64_C(0xa0a82dce12ad7e8a));
	sample_deinit(&s);
}

static void expect_message(struct report_event event, const char *wanted)
{
	struct strbuf text = STRBUF_INIT;

	event_message(&text, &event);
	cr_expect_str_eq(strbuf_text(&text), wanted);
	strbuf_deinit(&text);
}

Test(report_event, messages)
{
	struct sample s;

	sample_init(&s);
	struct report_event event = sample_flow_event(&s);
	expect_message(event, "10.0.9.21:40000 to 10.0.2.20:5062 tcp, tls: violation, wrong-port");
	s.facts->protocol = PROTOCOL_UNKNOWN;
	s.record.assessment.verdict = VERDICT_UNJUDGED;
	s.record.assessment.kind = KIND_NONE;
	s.record.assessment.reason = (enum reason)DOUBT_MIDSTREAM;
	expect_message(event, "10.0.9.21:40000 to 10.0.2.20:5062 tcp: unjudged, midstream");
	s.record.flow.transport = TRANSPORT_ESP;
	s.record.assessment.verdict = VERDICT_COMPLIANT;
	addr_parse(&s.record.flow.addr[0], "2001:db8::1");
	expect_message(event, "10.0.9.21 to 2001:db8::1 esp: compliant");
	event = sample_finding_event(&s);
	expect_message(event, "wrong-port: Wrong port. More of it.");
	s.violation.why = NULL;
	event.step = FINDING_CLOSED;
	expect_message(event, "closed: wrong-port: Client to Front End, SIP");
	sample_deinit(&s);
}

Test(report_event, when_a_flow_is_over)
{
	struct sample s;

	sample_init(&s);
	cr_expect(flow_is_over(&s.record));
	s.record.is_unseen_end = true;
	cr_expect_not(flow_is_over(&s.record));
	s.record.flow.saw_fin[0] = true;
	cr_expect_not(flow_is_over(&s.record));
	s.record.flow.saw_fin[1] = true;
	cr_expect(flow_is_over(&s.record));
	s.record.flow.saw_fin[0] = s.record.flow.saw_fin[1] = false;
	s.record.flow.saw_rst[1] = true;
	cr_expect(flow_is_over(&s.record));
	sample_deinit(&s);
}

Test(report_event, direction_across_the_perimeter)
{
	static const struct {
		unsigned src, dst; /* zones */
		enum flow_direction wanted;
	} cases[] = {
		{ 1 << ZONE_OUTSIDE, 1 << ZONE_PERIMETER, FLOW_INBOUND },
		{ 1 << ZONE_OUTSIDE, 1 << ZONE_INSIDE, FLOW_INBOUND },
		{ 1 << ZONE_PERIMETER, 1 << ZONE_OUTSIDE, FLOW_OUTBOUND },
		{ 1 << ZONE_PERIMETER, 1 << ZONE_INSIDE, FLOW_INTERNAL },
		{ 1 << ZONE_INSIDE | 1 << ZONE_OUTSIDE, 1 << ZONE_INSIDE, FLOW_INTERNAL },
		{ 1 << ZONE_OUTSIDE, 1 << ZONE_OUTSIDE, FLOW_EXTERNAL },
		{ 0, 1 << ZONE_INSIDE, FLOW_DIRECTION_UNKNOWN },
		{ 1 << ZONE_INSIDE, 0, FLOW_DIRECTION_UNKNOWN },
	};
	struct sample s;

	sample_init(&s);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		s.record.parties[1].zones = (uint8_t)cases[i].src;
		s.record.parties[0].zones = (uint8_t)cases[i].dst;
		cr_expect_eq(flow_direction(&s.report, &s.record), cases[i].wanted, "case %u", i);
	}
	s.record.parties[1].zones = s.record.parties[0].zones = 1 << ZONE_INSIDE;
	s.record.parties[0].is_wildcard = true;
	cr_expect_eq(flow_direction(&s.report, &s.record), FLOW_DIRECTION_UNKNOWN);
	s.record.parties[0].is_wildcard = false;
	s.ruleset.site = NULL;
	cr_expect_eq(flow_direction(&s.report, &s.record), FLOW_DIRECTION_UNKNOWN);
	cr_expect_str_eq(flow_direction_word(FLOW_EXTERNAL), "external");
	sample_deinit(&s);
}

Test(report_event, captures_are_numbered_from_one)
{
	struct sample s;

	sample_init(&s);
	cr_expect_str_eq(flow_capture_name(&s.report, &s.record.flow), "a.pcap");
	s.record.flow.file = 0;
	cr_expect_null(flow_capture_name(&s.report, &s.record.flow));
	s.record.flow.file = 2;
	cr_expect_null(flow_capture_name(&s.report, &s.record.flow));
	sample_deinit(&s);
}
