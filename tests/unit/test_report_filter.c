/*
 * Display filters. That they select exactly the examples is held against tshark in
 * tests/schema; here, what they say.
 */
#include "report_samples.h"

static char *filter_text(const struct sample *s, const struct finding *finding)
{
	struct strbuf out = STRBUF_INIT;

	(void)s;
	filter_of_finding(&out, finding);
	cr_assert_not(out.is_failed);
	return out.text;
}

Test(report_filter, both_ends)
{
	struct sample s;

	sample_init(&s);
	expect_text(filter_text(&s, &s.violation), "(ip.addr == 10.0.9.21 && ip.addr == 10.0.2.20 "
	                                           "&& tcp.port == 40000 && tcp.port == 5062)");
	cr_expect_null(filter_text(&s, &s.unseen));
	sample_deinit(&s);
}

Test(report_filter, several)
{
	struct sample s;

	sample_init(&s);
	struct flow_record other = s.record, *examples[] = { &s.record, &other };
	other.flow.transport = TRANSPORT_UDP;
	addr_parse(&other.flow.addr[0], "2001:db8::1");
	addr_parse(&other.flow.addr[1], "ff02::1");
	s.violation.examples = examples;
	s.violation.n_examples = 2;
	expect_text(filter_text(&s, &s.violation),
	            "(ip.addr == 10.0.9.21 && ip.addr == 10.0.2.20 && tcp.port == 40000 && "
	            "tcp.port == 5062) || "
	            "(ipv6.addr == ff02::1 && ipv6.addr == 2001:db8::1 && udp.port == 40000 && "
	            "udp.port == 5062)");
	sample_deinit(&s);
}

/* One port at both ends would match every flow that has it at one. */
Test(report_filter, equal_ports_are_directed)
{
	struct sample s;

	sample_init(&s);
	s.record.flow.port[0] = s.record.flow.port[1] = 5061;
	expect_text(filter_text(&s, &s.violation),
	            "(((ip.src == 10.0.9.21 && ip.dst == 10.0.2.20 && tcp.srcport == 5061 && "
	            "tcp.dstport == 5061) || "
	            "(ip.src == 10.0.2.20 && ip.dst == 10.0.9.21 && tcp.srcport == 5061 && "
	            "tcp.dstport == 5061)))");
	sample_deinit(&s);
}

Test(report_filter, transports_without_ports)
{
	static const struct {
		uint8_t transport;
		const char *v4, *v6;
	} cases[] = {
		{ TRANSPORT_ICMP, " && icmp.type in {0, 8, 13, 14}", NULL },
		{ TRANSPORT_ICMPV6, NULL, " && icmpv6.type in {128, 129}" },
		{ TRANSPORT_ESP, " && ip.proto == 50", " && esp" },
		{ TRANSPORT_AH, " && ip.proto == 51", " && ah" },
		{ 47, " && ip.proto == 47", " && ipv6.nxt == 47" },
	};
	struct sample s;

	sample_init(&s);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		char wanted[128];
		s.record.flow.transport = cases[i].transport;
		s.record.flow.port[0] = s.record.flow.port[1] = 0;
		addr_parse(&s.record.flow.addr[0], "10.0.2.20");
		addr_parse(&s.record.flow.addr[1], "10.0.9.21");
		snprintf(wanted, sizeof(wanted), "(ip.addr == 10.0.9.21 && ip.addr == 10.0.2.20%s)",
		         cases[i].v4 ? cases[i].v4 : "");
		if (cases[i].v4)
			expect_text(filter_text(&s, &s.violation), wanted);
		addr_parse(&s.record.flow.addr[0], "2001:db8::2");
		addr_parse(&s.record.flow.addr[1], "2001:db8::1");
		snprintf(wanted, sizeof(wanted),
		         "(ipv6.addr == 2001:db8::1 && ipv6.addr == 2001:db8::2%s)",
		         cases[i].v6 ? cases[i].v6 : "");
		if (cases[i].v6)
			expect_text(filter_text(&s, &s.violation), wanted);
	}
	sample_deinit(&s);
}

Test(report_filter, a_5_tuple_used_again_begins_where_it_began)
{
	struct sample s;

	sample_init(&s);
	s.record.flow.is_continued = true;
	expect_text(filter_text(&s, &s.violation), "(ip.addr == 10.0.9.21 && ip.addr == 10.0.2.20 "
	                                           "&& tcp.port == 40000 && tcp.port == 5062 && "
	                                           "frame.time_epoch >= 1772359200.123456789)");
	sample_deinit(&s);
}
