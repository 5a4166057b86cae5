#include "test_flow_packets.h"

#define SYN     tcp(CLIENT, TCP_SYN, 100, 0, 0, 0)
#define SYN_ACK tcp(SERVER, TCP_SYN | TCP_ACK, 500, 101, 0, MS(1))

#define ASSERT_STATE(expected, now_ns, ...)                                                        \
	do {                                                                                       \
		struct flow flow_ = FLOW_OF(__VA_ARGS__);                                          \
		enum flow_state state_ = flow_state(&flow_, PROTOCOL_UNKNOWN, now_ns);             \
		cr_assert_eq(state_, expected, "is %s", flow_state_word(state_));                  \
	} while (0)

Test(flow_state, words)
{
	cr_assert_str_eq(opener_word(OPENER_SYN), "syn");
	cr_assert_str_eq(opener_word(OPENER_PROTOCOL), "protocol");
	cr_assert_str_eq(opener_word(OPENER_PORT), "port");
	cr_assert_str_eq(opener_word(OPENER_FIRST_PACKET), "first-packet");
	cr_assert_str_eq(flow_state_word(FLOW_ESTABLISHED), "established");
	cr_assert_str_eq(flow_state_word(FLOW_UNANSWERED), "unanswered");
	cr_assert_str_eq(flow_state_word(FLOW_REFUSED), "refused");
	cr_assert_str_eq(flow_state_word(FLOW_REJECTED), "rejected");
	cr_assert_str_eq(flow_state_word(FLOW_MIDSTREAM), "midstream");
	cr_assert_str_eq(flow_state_word(FLOW_DATAGRAM), "datagram");
	cr_assert_str_eq(flow_state_word(FLOW_UNPROVEN), "unproven");
}

Test(flow_state, the_opener_is_only_corrected_by_what_is_stronger)
{
	struct packet p = udp(CLIENT, 1, 0);
	struct flow flow = flow_of(&p, 1);

	flow_set_opener(&flow, 1, OPENER_PORT);
	cr_assert_eq(flow.opener, 1);
	flow_set_opener(&flow, 0, OPENER_FIRST_PACKET);
	flow_set_opener(&flow, 0, OPENER_PORT);
	cr_assert_eq(flow.opener, 1);
	flow_set_opener(&flow, 0, OPENER_PROTOCOL);
	cr_assert_eq(flow.opener, 0);
	cr_assert_eq(flow.opener_how, OPENER_PROTOCOL);
}

Test(flow_state, a_lone_syn_needs_three_seconds_or_another)
{
	ASSERT_STATE(FLOW_UNPROVEN, S(3) - 1, SYN);
	ASSERT_STATE(FLOW_UNANSWERED, S(3), SYN);
	ASSERT_STATE(FLOW_UNANSWERED, S(1), SYN, tcp(CLIENT, TCP_SYN, 100, 0, 0, S(1)));
	/* Judged in the past, as after a damaged time: nothing is proven. */
	ASSERT_STATE(FLOW_UNPROVEN, -S(100), SYN);
}

Test(flow_state, a_handshake_establishes)
{
	ASSERT_STATE(FLOW_ESTABLISHED, MS(2), SYN, SYN_ACK,
	             tcp(CLIENT, TCP_ACK, 101, 501, 0, MS(2)));
}

Test(flow_state, an_opener_that_goes_on_was_answered)
{
	ASSERT_STATE(FLOW_ESTABLISHED, S(9), SYN, tcp(CLIENT, TCP_ACK, 101, 501, 0, MS(2)));
	ASSERT_STATE(FLOW_ESTABLISHED, S(9), SYN, tcp(CLIENT, TCP_SYN, 100, 0, 0, S(1)),
	             tcp(CLIENT, TCP_ACK | TCP_PSH, 101, 501, 20, S(2)));
}

Test(flow_state, the_responder_alone_tells_too)
{
	ASSERT_STATE(FLOW_ESTABLISHED, S(9), SYN_ACK, tcp(SERVER, TCP_ACK, 501, 201, 20, MS(2)));
	ASSERT_STATE(FLOW_ESTABLISHED, S(9), SYN, tcp(SERVER, TCP_ACK, 501, 201, 0, MS(2)));
	ASSERT_STATE(FLOW_ESTABLISHED, S(9), SYN, SYN_ACK,
	             tcp(SERVER, TCP_ACK | TCP_FIN, 501, 201, 0, MS(2)));
}

Test(flow_state, a_syn_ack_alone_proves_neither)
{
	ASSERT_STATE(FLOW_UNPROVEN, S(9), SYN, SYN_ACK);
	ASSERT_STATE(FLOW_UNPROVEN, S(9), SYN_ACK);
	/* The opener's SYN was lost on its way, its second one answered. */
	ASSERT_STATE(FLOW_UNPROVEN, S(9), SYN, tcp(CLIENT, TCP_SYN, 100, 0, 0, S(1)),
	             tcp(SERVER, TCP_SYN | TCP_ACK, 500, 101, 0, S(1)));
}

Test(flow_state, an_answer_that_never_reaches_the_opener_is_none)
{
	ASSERT_STATE(FLOW_UNPROVEN, S(2), SYN, SYN_ACK, tcp(CLIENT, TCP_SYN, 100, 0, 0, S(1)));
	ASSERT_STATE(FLOW_UNANSWERED, S(4), SYN, SYN_ACK, tcp(CLIENT, TCP_SYN, 100, 0, 0, S(1)));
	ASSERT_STATE(FLOW_UNANSWERED, S(3), SYN, SYN_ACK, tcp(CLIENT, TCP_SYN, 100, 0, 0, S(1)),
	             tcp(CLIENT, TCP_SYN, 100, 0, 0, S(3)));
}

Test(flow_state, a_half_open_scan_was_answered)
{
	ASSERT_STATE(FLOW_ESTABLISHED, S(9), SYN, SYN_ACK, tcp(CLIENT, TCP_RST, 101, 0, 0, MS(2)));
	ASSERT_STATE(FLOW_UNPROVEN, S(9), SYN, tcp(CLIENT, TCP_RST, 101, 0, 0, MS(2)));
}

Test(flow_state, a_reset_for_a_syn_refuses)
{
	ASSERT_STATE(FLOW_REFUSED, MS(1), SYN, tcp(SERVER, TCP_RST | TCP_ACK, 0, 101, 0, MS(1)));
	ASSERT_STATE(FLOW_REFUSED, S(1), SYN, tcp(SERVER, TCP_RST | TCP_ACK, 0, 101, 0, MS(1)),
	             tcp(CLIENT, TCP_SYN, 100, 0, 0, MS(500)),
	             tcp(SERVER, TCP_RST | TCP_ACK, 0, 101, 0, MS(501)));
	/* Later in the connection it is only its end. */
	ASSERT_STATE(FLOW_ESTABLISHED, MS(9), SYN, SYN_ACK,
	             tcp(CLIENT, TCP_ACK, 101, 501, 9, MS(2)),
	             tcp(SERVER, TCP_RST, 501, 0, 0, MS(3)));
}

Test(flow_state, without_a_syn_it_is_midstream)
{
	ASSERT_STATE(FLOW_MIDSTREAM, S(9), tcp(CLIENT, TCP_ACK, 101, 501, 5, 0),
	             tcp(SERVER, TCP_ACK, 501, 106, 5, 0));
	ASSERT_STATE(FLOW_MIDSTREAM, S(9), tcp(CLIENT, TCP_ACK, 101, 501, 5, 0));
	ASSERT_STATE(FLOW_MIDSTREAM, S(9), tcp(CLIENT, TCP_RST, 101, 0, 0, 0));
}

Test(flow_state, what_continues_a_known_connection_is_established)
{
	struct flow flow = FLOW_OF(tcp(CLIENT, TCP_ACK, 101, 501, 5, 0));

	flow.is_continued = true;
	flow.opener_how = OPENER_PROTOCOL;
	cr_assert_eq(flow_state(&flow, PROTOCOL_SIP, 0), FLOW_MIDSTREAM);
	flow.opener_how = OPENER_SYN;
	cr_assert_eq(flow_state(&flow, PROTOCOL_SIP, 0), FLOW_ESTABLISHED);
}

Test(flow_state, an_icmp_error_without_an_answer_rejects)
{
	struct packet syn = SYN, icmp = icmp_about(&syn, 3, 13, MS(1)), syn_ack = SYN_ACK;
	struct packet ack = tcp(CLIENT, TCP_ACK, 101, 501, 0, MS(3)),
	              big = icmp_about(&syn, 3, 4, 0);
	struct flow flow = flow_of(&syn, 1);

	flow_account_icmp(&flow, &big);
	cr_assert_eq(flow_state(&flow, PROTOCOL_UNKNOWN, MS(1)), FLOW_UNPROVEN);
	flow_account_icmp(&flow, &icmp);
	cr_assert_eq(flow_state(&flow, PROTOCOL_UNKNOWN, MS(1)), FLOW_REJECTED);
	flow_account(&flow, 1, &syn_ack);
	flow_account(&flow, 0, &ack);
	cr_assert_eq(flow_state(&flow, PROTOCOL_UNKNOWN, MS(3)), FLOW_ESTABLISHED);
}

Test(flow_state, udp_is_unanswered_only_where_an_answer_is_due)
{
	struct flow flow = FLOW_OF(udp(CLIENT, 20, 0));

	cr_assert_eq(flow_state(&flow, PROTOCOL_RTP, S(9)), FLOW_DATAGRAM);
	cr_assert_eq(flow_state(&flow, PROTOCOL_UNKNOWN, S(9)), FLOW_DATAGRAM);
	cr_assert_eq(flow_state(&flow, PROTOCOL_DNS, S(2)), FLOW_UNPROVEN);
	cr_assert_eq(flow_state(&flow, PROTOCOL_DNS, S(3)), FLOW_UNANSWERED);
	flow.is_retry_proven = true;
	cr_assert_eq(flow_state(&flow, PROTOCOL_DNS, S(2)), FLOW_UNANSWERED);
}

Test(flow_state, udp_with_an_answer_is_a_datagram_flow)
{
	struct flow flow = FLOW_OF(udp(CLIENT, 20, 0), udp(SERVER, 20, MS(1)));

	flow.is_icmp_rejected = true;
	cr_assert_eq(flow_state(&flow, PROTOCOL_DNS, S(9)), FLOW_DATAGRAM);
}

Test(flow_state, udp_of_which_only_the_answers_were_captured)
{
	struct flow flow = FLOW_OF(udp(SERVER, 20, 0));

	flow_set_opener(&flow, 1, OPENER_PROTOCOL);
	cr_assert_eq(flow_state(&flow, PROTOCOL_DNS, S(9)), FLOW_DATAGRAM);
}

Test(flow_state, udp_rejected_by_icmp)
{
	struct flow flow = FLOW_OF(udp(CLIENT, 20, 0));

	flow.is_icmp_rejected = true;
	cr_assert_eq(flow_state(&flow, PROTOCOL_UNKNOWN, 0), FLOW_REJECTED);
}

Test(flow_state, nobody_answers_from_a_broadcast_address)
{
	struct packet p = packet_from(CLIENT, TRANSPORT_UDP, 68, 67, 0);

	p.dst = addr_from_ipv4(0xffffffff);
	struct flow flow = flow_of(&p, 1);
	cr_assert_eq(flow_state(&flow, PROTOCOL_DHCP, S(99)), FLOW_DATAGRAM);
}

Test(flow_state, other_transports_are_datagrams)
{
	struct packet p = packet_from(CLIENT, TRANSPORT_ESP, 0, 0, 0);
	struct flow flow = flow_of(&p, 1);

	cr_assert_eq(flow_state(&flow, PROTOCOL_DNS, S(99)), FLOW_DATAGRAM);
	cr_assert_eq(flow_idle_ns(&flow), S(60));
}

Test(flow_state, idle_times_of_tcp)
{
	struct flow flow = FLOW_OF(SYN);
	cr_assert_eq(flow_idle_ns(&flow), S(60));
	flow = FLOW_OF(SYN, SYN_ACK);
	cr_assert_eq(flow_idle_ns(&flow), S(60));
	flow = FLOW_OF(SYN, SYN_ACK, tcp(CLIENT, TCP_ACK, 101, 501, 0, MS(2)));
	cr_assert_eq(flow_idle_ns(&flow), S(7200));
	flow = FLOW_OF(tcp(CLIENT, TCP_ACK, 101, 501, 5, 0));
	cr_assert_eq(flow_idle_ns(&flow), S(7200));
	flow = FLOW_OF(SYN, tcp(SERVER, TCP_RST | TCP_ACK, 0, 101, 0, MS(1)));
	cr_assert_eq(flow_idle_ns(&flow), S(10));
	flow = FLOW_OF(tcp(CLIENT, TCP_FIN | TCP_ACK, 1, 1, 0, 0));
	cr_assert_eq(flow_idle_ns(&flow), S(7200));
	flow = FLOW_OF(tcp(CLIENT, TCP_FIN | TCP_ACK, 1, 1, 0, 0),
	               tcp(SERVER, TCP_FIN | TCP_ACK, 1, 2, 0, 0));
	cr_assert_eq(flow_idle_ns(&flow), S(10));
}

Test(flow_state, idle_times_of_udp)
{
	static const uint16_t quick[] = { 53, 67, 68, 1434, 3478 };

	for (size_t i = 0; i < ARRAY_SIZE(quick); i++) {
		struct packet p = packet_from(CLIENT, TRANSPORT_UDP, 40000, quick[i], 0);
		struct packet q = packet_from(SERVER, TRANSPORT_UDP, 40000, quick[i], 0);
		struct flow flow = flow_of(&p, 1), turned = flow_of(&q, 1);
		cr_assert_eq(flow_idle_ns(&flow), S(30));
		cr_assert_eq(flow_idle_ns(&turned), S(30));
		flow.transport = TRANSPORT_TCP;
		cr_assert_neq(flow_idle_ns(&flow), S(30));
	}
	struct flow flow = FLOW_OF(udp(CLIENT, 1, 0));
	cr_assert_eq(flow_idle_ns(&flow), S(60));
}
