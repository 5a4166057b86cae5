/*
 * CEF: seven pipes and an extension; what is escaped where; what is cut.
 */
#include "report_samples.h"

Test(report_cef, lines)
{
	static const char *const wanted[] = {
		/* run */
		"CEF:0|pcaudit|pcaudit|0.1.0|run:fail|Audit fail|0|rt=1772359290000 "
		"start=17723592000"
		"00 end=1772359290000 deviceExternalId=s1 cat=run outcome=failure cs1Label=Site "
		"cs1=C"
		"ontoso cn1Label=Packets cn1=30 cn2Label=Findings cn2=3 cn3Label=Accepted cn3=1 "
		"msg=f"
		"ail: 1 finding of severity warning or worse",
		/* a violation */
		"CEF:0|pcaudit|pcaudit|0.1.0|wrong-port:fe-sip|wrong-port: Client to Front End, "
		"SIP|8"
		"|rt=1772359200123 start=1772359200123 end=1772359202000 deviceExternalId=s1 "
		"external"
		"Id=0011223344556677 cat=violation act=opened outcome=failure cnt=20000 "
		"src=10.0.9.21"
		" spt=40000 dst=10.0.2.20 dpt=5062 dhost=fe01.example proto=TCP app=tls "
		"fname=a.pcap "
		"cs1Label=Rule cs1=fe-sip cs2Label=Expected cs2=5061 cs3Label=Observed cs3=5062 "
		"cs4La"
		"bel=Remedy cs4=Move it. cs5Label=Document cs5=https://docs.example/1 "
		"cs6Label=Commun"
		"ity ID cs6=1:g0lZRyVNpy8HyhT1AWIjnav7vx4\\= cn1Label=Initiators cn1=1024 "
		"msg=wrong-p"
		"ort: Wrong port. More of it.",
		/* a server never seen */
		"CEF:0|pcaudit|pcaudit|0.1.0|missing|missing: A server of the site that was never "
		"see"
		"n|2|rt=1772359290000 deviceExternalId=s1 externalId=8899aabbccddeeff cat=missing "
		"act"
		"=opened outcome=unknown cs2Label=Expected cs2=packets of 10.0.2.30 "
		"cs3Label=Observed"
		" cs3=none cs4Label=Remedy cs4=Look. msg=missing: Never seen.",
		/* accepted */
		"CEF:0|pcaudit|pcaudit|0.1.0|wrong-port:fe-sip|wrong-port: Client to Front End, "
		"SIP|0"
		"|rt=1772359200123 start=1772359200123 end=1772359202000 deviceExternalId=s1 "
		"external"
		"Id=7766554433221100 cat=violation act=opened outcome=unknown cnt=20000 "
		"src=10.0.9.21"
		" spt=40000 dst=10.0.2.20 dpt=5062 dhost=fe01.example proto=TCP app=tls "
		"fname=a.pcap "
		"cs1Label=Rule cs1=fe-sip cs2Label=Expected cs2=5061 cs3Label=Observed cs3=5062 "
		"cs4La"
		"bel=Remedy cs4=Move it. cs5Label=Document cs5=https://docs.example/1 "
		"cs6Label=Commun"
		"ity ID cs6=1:g0lZRyVNpy8HyhT1AWIjnav7vx4\\= flexString1Label=Accepted "
		"flexString1=ol"
		"d gateway cn1Label=Initiators cn1=1024 msg=wrong-port: Wrong port. More of it.",
		/* coverage: attempted */
		"CEF:0|pcaudit|pcaudit|0.1.0|coverage:attempted|Rule attempted|0|rt=1772359290000 "
		"dev"
		"iceExternalId=s1 cat=coverage outcome=failure reason=seen only broken "
		"cs1Label=Rule "
		"cs1=fe-sip cs5Label=Document cs5=https://docs.example/1 msg=fe-sip: attempted, "
		"seen "
		"only broken",
		/* coverage: observed */
		"CEF:0|pcaudit|pcaudit|0.1.0|coverage:observed|Rule observed|0|rt=1772359290000 "
		"start"
		"=1772359200000 end=1772359200000 deviceExternalId=s1 cat=coverage outcome=success "
		"cn"
		"t=4 cs1Label=Rule cs1=fe-web cs5Label=Document cs5=https://docs.example/1 "
		"msg=fe-web"
		": observed",
		/* flow */
		"CEF:0|pcaudit|pcaudit|0.1.0|flow:violation|Flow violation|0|rt=1772359202000 "
		"start=1"
		"772359200123 end=1772359202000 deviceExternalId=s1 externalId=a0a82dce12ad7e8a "
		"cat=v"
		"iolation outcome=failure reason=wrong-port src=10.0.9.21 spt=40000 dst=10.0.2.20 "
		"dpt"
		"=5062 dhost=fe01.example proto=TCP app=tls fname=a.pcap in=900 out=800 "
		"cs1Label=Rule"
		" cs1=fe-sip cs2Label=Security cs2=tls cs3Label=Evidence cs3=consistent "
		"cs4Label=Stat"
		"e cs4=established cs6Label=Community ID cs6=1:g0lZRyVNpy8HyhT1AWIjnav7vx4\\= "
		"msg=10."
		"0.9.21:40000 to 10.0.2.20:5062 tcp, tls: violation, wrong-port",
	};

	expect_lines("cef", wanted, ARRAY_SIZE(wanted));
}

Test(report_cef, escapes)
{
	struct sample s;

	sample_init(&s);
	s.rules[0].title = "a|b=c\\d\ne\xff\xe2\x80\xa8g";
	s.violation.why = (char *)"a|b=c\\d\ne\xff\xe2\x80\xa8g";
	/* In the header the pipe, in the extension the equals sign; the backslash in both. */
	expect_in_event(&s, "cef", sample_finding_event(&s),
	                "|wrong-port: a\\|b=c\\\\d\\\\x0ae\\\\xff\\\\xe2\\\\x80\\\\xa8g|8|");
	expect_in_event(&s, "cef", sample_finding_event(&s),
	                " msg=wrong-port: a|b\\=c\\\\d\\\\x0ae\\\\xff\\\\xe2\\\\x80\\\\xa8g\n");
	sample_deinit(&s);
}

Test(report_cef, long_text_is_cut_at_a_character)
{
	struct sample s;
	char why[2 * 2000 + 1] = "";

	sample_init(&s);
	for (unsigned i = 0; i < 2000; i++)
		memcpy(why + 2 * i, "\xc3\xa9", 3);
	s.violation.why = why;
	char *line = sample_event(&s, "cef", sample_finding_event(&s));
	char *msg = strstr(line, " msg=wrong-port: ");
	cr_assert_not_null(msg);
	/* 1023 characters, 12 of them "wrong-port: " of a byte each, and the line's end. */
	cr_expect_eq(strlen(msg + 5), 12 + 2 * (1023 - 12) + 1);
	free(line);
	sample_deinit(&s);
}

Test(report_cef, ipv6_has_keys_of_its_own)
{
	struct sample s;

	sample_init(&s);
	addr_parse(&s.record.flow.addr[0], "2001:db8::1");
	addr_parse(&s.record.flow.addr[1], "2001:db8::2");
	expect_in_event(&s, "cef", sample_flow_event(&s),
	                " c6a2Label=Source IPv6 Address c6a2=2001:db8::2 spt=40000"
	                " c6a3Label=Destination IPv6 Address c6a3=2001:db8::1 dpt=5062 ");
	expect_in_event(&s, "cef", sample_flow_event(&s),
	                " msg=[2001:db8::2]:40000 to [2001:db8::1]:5062 tcp, tls: ");
	sample_deinit(&s);
}

Test(report_cef, direction)
{
	struct sample s;

	sample_init(&s);
	s.record.parties[0].zones = 1 << ZONE_PERIMETER;
	s.record.parties[1].zones = 1 << ZONE_OUTSIDE;
	expect_in_event(&s, "cef", sample_flow_event(&s), " deviceDirection=0 ");
	s.record.parties[0].zones = 1 << ZONE_OUTSIDE;
	s.record.parties[1].zones = 1 << ZONE_INSIDE;
	expect_in_event(&s, "cef", sample_flow_event(&s), " deviceDirection=1 ");
	sample_deinit(&s);
}

Test(report_cef, steps_and_counters)
{
	struct sample s;

	sample_init(&s);
	struct report_event event = sample_finding_event(&s);
	event.step = FINDING_CLOSED;
	expect_in_event(&s, "cef", event, " act=closed ");
	event = (struct report_event){ .type = REPORT_EVENT_STATS,
		                       .time_ns = -1,
		                       .report = &s.report };
	expect_in_event(&s, "cef", event,
	                "CEF:0|pcaudit|pcaudit|0.1.0|stats|Counters|0|rt=-1 start=");
	sample_deinit(&s);
}

Test(report_cef, a_full_device_is_an_error)
{
	struct sample s;

	sample_init(&s);
	cr_expect_eq(sample_write_full(&s, "cef"), -ENOSPC);
	sample_deinit(&s);
}
