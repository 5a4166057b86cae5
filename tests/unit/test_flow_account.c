#include "test_flow_packets.h"

Test(flow_account, counts_packets_bytes_and_times_per_side)
{
	struct flow flow =
	        FLOW_OF(udp(CLIENT, 100, S(10)), udp(SERVER, 20, S(11)), udp(CLIENT, 0, S(12)));

	cr_assert_eq(flow.packets[0], 2);
	cr_assert_eq(flow.packets[1], 1);
	cr_assert_eq(flow.bytes[0], 180);
	cr_assert_eq(flow.bytes[1], 60);
	cr_assert_eq(flow.first_ns, S(10));
	cr_assert_eq(flow.last_ns, S(12));
	cr_assert_eq(flow.side_last_ns[0], S(12));
	cr_assert_eq(flow.side_last_ns[1], S(11));
	cr_assert(flow.has_payload[0]);
	cr_assert(flow.has_payload[1]);
	cr_assert_not(flow.is_cut);
}

Test(flow_account, times_never_go_back)
{
	struct flow flow = FLOW_OF(udp(CLIENT, 1, S(10)), udp(CLIENT, 1, S(5)));

	cr_assert_eq(flow.last_ns, S(10));
	cr_assert_eq(flow.side_last_ns[0], S(10));
}

Test(flow_account, a_payload_cut_by_the_capture_counts_by_its_wire_length)
{
	struct packet cut = udp(CLIENT, 500, 0);

	cut.payload = bytes_take(cut.payload, 0);
	struct flow flow = flow_of(&cut, 1);
	cr_assert(flow.is_cut);
	cr_assert(flow.has_payload[0]);
	cr_assert_eq(flow.bytes[0], 540);
}

Test(flow_account, the_syn_names_the_opener)
{
	struct flow flow = FLOW_OF(tcp(CLIENT, TCP_SYN, 100, 0, 0, 0));

	cr_assert_eq(flow.opener, 0);
	cr_assert_eq(flow.opener_how, OPENER_SYN);
	cr_assert_eq(flow.syn_count, 1);
	cr_assert_eq(flow.tcp_isn[0], 100);
}

Test(flow_account, a_syn_ack_seen_first_names_its_receiver)
{
	struct flow flow = FLOW_OF(tcp(SERVER, TCP_SYN | TCP_ACK, 500, 101, 0, 0));

	cr_assert_eq(flow.opener, 1); /* side 0 is the server here */
	cr_assert_eq(flow.opener_how, OPENER_SYN);
	cr_assert_eq(flow.syn_count, 0);
}

Test(flow_account, a_late_syn_corrects_the_opener)
{
	struct flow flow = FLOW_OF(tcp(SERVER, TCP_ACK, 501, 101, 10, MS(3)),
	                           tcp(CLIENT, TCP_SYN, 100, 0, 0, MS(1)));

	cr_assert_eq(flow.opener, 1);
	cr_assert_eq(flow.opener_how, OPENER_SYN);
}

Test(flow_account, a_syn_behind_its_syn_ack_changes_nothing)
{
	struct flow flow = FLOW_OF(tcp(SERVER, TCP_SYN | TCP_ACK, 500, 101, 0, MS(2)),
	                           tcp(CLIENT, TCP_SYN, 100, 0, 0, MS(1)));

	cr_assert_eq(flow.opener, 1);
	cr_assert_eq(flow.syn_count, 1);
	cr_assert_eq(flow.own.bits[1] & FLOW_SYN_AGAIN, 0);
}

Test(flow_account, when_both_open_the_first_syn_counts)
{
	struct flow flow =
	        FLOW_OF(tcp(CLIENT, TCP_SYN, 100, 0, 0, 0), tcp(SERVER, TCP_SYN, 500, 0, 0, MS(1)),
	                tcp(CLIENT, TCP_SYN | TCP_ACK, 100, 501, 0, MS(2)));

	cr_assert_eq(flow.opener, 0);
	cr_assert_eq(flow.syn_count, 1);
}

Test(flow_account, a_syn_with_another_number_is_no_copy)
{
	struct flow flow =
	        FLOW_OF(tcp(CLIENT, TCP_SYN, 100, 0, 0, 0), tcp(CLIENT, TCP_SYN, 900, 0, 0, MS(9)));

	cr_assert_eq(flow.syn_count, 2);
	cr_assert_eq(flow.tcp_isn[0], 900);
}

Test(flow_account, a_syn_sent_again_counts_and_a_copy_does_not)
{
	struct flow again =
	        FLOW_OF(tcp(CLIENT, TCP_SYN, 100, 0, 0, 0), tcp(CLIENT, TCP_SYN, 100, 0, 0, S(1)),
	                tcp(CLIENT, TCP_SYN, 100, 0, 0, S(3)));
	struct flow copied =
	        FLOW_OF(tcp(CLIENT, TCP_SYN, 100, 0, 0, 0), tcp(CLIENT, TCP_SYN, 100, 0, 0, MS(9)));

	cr_assert_eq(again.syn_count, 3);
	cr_assert_eq(copied.syn_count, 1);
}

Test(flow_account, of_a_reset_only_the_reset_is_believed)
{
	struct flow flow = FLOW_OF(tcp(CLIENT, TCP_SYN, 100, 0, 0, 0),
	                           tcp(SERVER, TCP_RST | TCP_ACK, 0, 101, 0, MS(1)));

	cr_assert(flow.saw_rst[1]);
	cr_assert_not(flow.saw_rst[0]);
	cr_assert_eq(flow.tcp_seen[1], TCP_RST);
	cr_assert_eq(flow.own.bits[1] & FLOW_SEQ_KNOWN, 0);
}

Test(flow_account, closed_by_two_fins_or_one_reset)
{
	struct flow one = FLOW_OF(tcp(CLIENT, TCP_FIN | TCP_ACK, 100, 1, 0, 0));
	struct flow two = FLOW_OF(tcp(CLIENT, TCP_FIN | TCP_ACK, 100, 1, 0, 0),
	                          tcp(SERVER, TCP_FIN | TCP_ACK, 1, 101, 0, 0));
	struct flow reset = FLOW_OF(tcp(CLIENT, TCP_RST, 100, 1, 0, 0));

	cr_assert_not(flow_is_tcp_closed(&one));
	cr_assert(flow_is_tcp_closed(&two));
	cr_assert(flow_is_tcp_closed(&reset));
}

Test(flow_account, a_closed_flow_is_reopened_by_a_syn_with_another_number)
{
	struct flow flow = FLOW_OF(tcp(CLIENT, TCP_SYN, 100, 0, 0, 0),
	                           tcp(SERVER, TCP_RST | TCP_ACK, 0, 101, 0, MS(1)));
	struct packet same = tcp(CLIENT, TCP_SYN, 100, 0, 0, S(1));
	struct packet other = tcp(CLIENT, TCP_SYN, 90, 0, 0, S(1));
	struct packet answer = tcp(CLIENT, TCP_SYN | TCP_ACK, 90, 0, 0, S(1));

	cr_assert_not(flow_is_reopened_by(&flow, 0, &same));
	cr_assert(flow_is_reopened_by(&flow, 0, &other));
	cr_assert_not(flow_is_reopened_by(&flow, 0, &answer));
	flow.saw_rst[1] = false;
	cr_assert_not(flow_is_reopened_by(&flow, 0, &other));
}

/* Captured in a strange order: the SYN of a flow already closed comes last. */
Test(flow_account, its_own_syn_coming_late_does_not_reopen_it)
{
	struct flow flow = FLOW_OF(tcp(CLIENT, TCP_ACK, 101, 501, 50, MS(2)),
	                           tcp(CLIENT, TCP_FIN | TCP_ACK, 151, 501, 0, MS(3)),
	                           tcp(SERVER, TCP_FIN | TCP_ACK, 501, 152, 0, MS(4)));
	struct packet late = tcp(CLIENT, TCP_SYN, 100, 0, 0, MS(1));
	struct packet next = tcp(CLIENT, TCP_SYN, 9000, 0, 0, MS(5));

	cr_assert_not(flow_is_reopened_by(&flow, 0, &late));
	cr_assert(flow_is_reopened_by(&flow, 0, &next));
}

/* A refusal captured before the attempt it refuses. */
Test(flow_account, a_syn_before_the_reset_that_answers_it)
{
	struct flow flow = FLOW_OF(tcp(SERVER, TCP_RST | TCP_ACK, 0, 101, 0, S(100)));
	struct packet before = tcp(CLIENT, TCP_SYN, 100, 0, 0, S(100) - MS(1));
	struct packet after = tcp(CLIENT, TCP_SYN, 100, 0, 0, S(100) + MS(1));
	struct packet clock_set = tcp(CLIENT, TCP_SYN, 100, 0, 0, S(98));

	cr_assert_not(flow_is_reopened_by(&flow, 1, &before));
	cr_assert(flow_is_reopened_by(&flow, 1, &after));
	cr_assert(flow_is_reopened_by(&flow, 1, &clock_set));
}

Test(flow_account, icmp_errors_that_reject_and_those_that_do_not)
{
	static const struct {
		uint8_t transport, type, code;
		bool rejects;
	} cases[] = {
		{ TRANSPORT_ICMP, 3, 1, true },    { TRANSPORT_ICMP, 3, 13, true },
		{ TRANSPORT_ICMP, 3, 4, false },   { TRANSPORT_ICMP, 5, 1, false },
		{ TRANSPORT_ICMP, 4, 0, false },   { TRANSPORT_ICMP, 11, 0, true },
		{ TRANSPORT_ICMP, 12, 0, true },   { TRANSPORT_ICMPV6, 1, 4, true },
		{ TRANSPORT_ICMPV6, 2, 0, false }, { TRANSPORT_ICMPV6, 3, 0, true },
		{ TRANSPORT_ICMPV6, 4, 1, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct packet sent = udp(CLIENT, 10, 0);
		struct packet icmp = icmp_about(&sent, cases[i].type, cases[i].code, MS(1));
		struct flow flow = flow_of(&sent, 1);
		icmp.transport = cases[i].transport;
		flow_account_icmp(&flow, &icmp);
		cr_assert_eq(flow.is_icmp_rejected, cases[i].rejects, "case %zu", i);
		cr_assert_eq(flow.icmp_type, cases[i].type);
		cr_assert_eq(flow.icmp_code, cases[i].code);
		cr_assert_eq(flow.is_icmp6, cases[i].transport == TRANSPORT_ICMPV6);
		cr_assert_eq(flow.packets[0], 1);
	}
}

Test(flow_account, a_rejection_is_not_hidden_by_a_lesser_error)
{
	struct packet sent = udp(CLIENT, 10, 0);
	struct packet rejected = icmp_about(&sent, 3, 13, MS(1)),
	              big = icmp_about(&sent, 3, 4, MS(2));
	struct flow flow = flow_of(&sent, 1);

	flow_account_icmp(&flow, &rejected);
	flow_account_icmp(&flow, &big);
	cr_assert(flow.is_icmp_rejected);
	cr_assert_eq(flow.icmp_code, 13);
}
