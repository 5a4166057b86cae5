#include "test_flow_packets.h"

#define DATA (TCP_ACK | TCP_PSH)

/* Client ISN 100, server ISN 500: the first bytes are 101 and 501. */
#define HANDSHAKE                                                                                  \
	tcp(CLIENT, TCP_SYN, 100, 0, 0, 0), tcp(SERVER, TCP_SYN | TCP_ACK, 500, 101, 0, MS(1)),    \
	        tcp(CLIENT, TCP_ACK, 101, 501, 0, MS(2))

#define ASSERT_LOST(expected_client, expected_server, ...)                                         \
	do {                                                                                       \
		struct flow flow_ = FLOW_OF(__VA_ARGS__);                                          \
		flow_loss_finish(&flow_);                                                          \
		cr_assert_eq(flow_.lost_bytes[0], expected_client, "client: %u",                   \
		             flow_.lost_bytes[0]);                                                 \
		cr_assert_eq(flow_.lost_bytes[1], expected_server, "server: %u",                   \
		             flow_.lost_bytes[1]);                                                 \
	} while (0)

Test(flow_loss, a_whole_connection_loses_nothing)
{
	ASSERT_LOST(0, 0, HANDSHAKE, tcp(CLIENT, DATA, 101, 501, 50, MS(3)),
	            tcp(SERVER, DATA, 501, 151, 70, MS(4)),
	            tcp(CLIENT, TCP_FIN | TCP_ACK, 151, 571, 0, MS(5)),
	            tcp(SERVER, TCP_FIN | TCP_ACK, 571, 152, 0, MS(6)),
	            tcp(CLIENT, TCP_ACK, 152, 572, 0, MS(7)));
}

Test(flow_loss, a_hole_that_is_acknowledged_is_lost)
{
	ASSERT_LOST(30, 0, HANDSHAKE, tcp(CLIENT, DATA, 131, 501, 20, MS(3)),
	            tcp(SERVER, TCP_ACK, 501, 151, 0, MS(4)));
}

Test(flow_loss, an_acknowledgement_alone_shows_a_loss)
{
	ASSERT_LOST(30, 0, HANDSHAKE, tcp(SERVER, TCP_ACK, 501, 131, 0, MS(4)));
}

Test(flow_loss, a_hole_that_is_not_acknowledged_is_the_networks)
{
	ASSERT_LOST(0, 0, HANDSHAKE, tcp(CLIENT, DATA, 131, 501, 20, MS(3)),
	            tcp(SERVER, TCP_ACK, 501, 101, 0, MS(4)));
}

Test(flow_loss, of_a_hole_only_what_is_acknowledged_counts)
{
	ASSERT_LOST(10, 0, HANDSHAKE, tcp(CLIENT, DATA, 131, 501, 20, MS(3)),
	            tcp(SERVER, TCP_ACK, 501, 111, 0, MS(4)));
}

Test(flow_loss, a_segment_sent_again_fills_the_hole)
{
	ASSERT_LOST(0, 0, HANDSHAKE, tcp(CLIENT, DATA, 131, 501, 20, MS(3)),
	            tcp(CLIENT, DATA, 101, 501, 30, MS(4)),
	            tcp(SERVER, TCP_ACK, 501, 151, 0, MS(5)));
}

Test(flow_loss, an_acknowledgement_captured_before_its_data_is_no_loss)
{
	ASSERT_LOST(0, 0, HANDSHAKE, tcp(SERVER, TCP_ACK, 501, 151, 0, MS(4)),
	            tcp(CLIENT, DATA, 101, 501, 50, MS(3)),
	            tcp(SERVER, TCP_ACK, 501, 201, 0, MS(6)),
	            tcp(CLIENT, DATA, 151, 501, 50, MS(5)));
}

Test(flow_loss, a_hole_is_filled_from_both_ends_and_in_the_middle)
{
	ASSERT_LOST(40, 0, HANDSHAKE, tcp(CLIENT, DATA, 201, 501, 10, MS(3)),
	            tcp(CLIENT, DATA, 101, 501, 20, MS(4)), tcp(CLIENT, DATA, 181, 501, 25, MS(4)),
	            tcp(CLIENT, DATA, 141, 501, 20, MS(4)),
	            tcp(SERVER, TCP_ACK, 501, 211, 0, MS(5)));
}

Test(flow_loss, many_holes_near_each_other_are_all_counted)
{
	struct flow flow = FLOW_OF(HANDSHAKE);

	/* Of 100 segments of 1000 bytes every tenth is not captured. */
	for (uint32_t i = 0; i < 100; i++)
		if (i % 10 != 5)
			flow_loss_segment(&flow, 0, 101 + i * 1000, 1000);
	flow_loss_acked(&flow, 0, 101 + 100 * 1000);
	flow_loss_finish(&flow);
	cr_assert_eq(flow.lost_bytes[0], 10000);
}

Test(flow_loss, many_holes_of_the_network_are_no_loss)
{
	struct flow flow = FLOW_OF(HANDSHAKE);

	for (uint32_t i = 0; i < 30; i++)
		if (i % 10 != 5)
			flow_loss_segment(&flow, 0, 101 + i * 1000, 1000);
	for (uint32_t i = 5; i < 30; i += 10)
		flow_loss_segment(&flow, 0, 101 + i * 1000, 1000);
	flow_loss_acked(&flow, 0, 101 + 30 * 1000);
	flow_loss_finish(&flow);
	cr_assert_eq(flow.lost_bytes[0], 0);
}

Test(flow_loss, a_far_hole_settles_the_one_before)
{
	struct flow flow = FLOW_OF(HANDSHAKE);

	flow_loss_segment(&flow, 0, 201, 65536);
	flow_loss_acked(&flow, 0, 201 + 65536);
	cr_assert_eq(flow.lost_bytes[0], 0);
	flow_loss_segment(&flow, 0, 201 + 65536, 1000);
	flow_loss_segment(&flow, 0, 201 + 65536 + 1500, 10);
	cr_assert_eq(flow.lost_bytes[0], 100);
	cr_assert_eq(flow.own.hole_missing[0], 500);
}

Test(flow_loss, a_far_hole_does_not_settle_one_that_may_still_be_filled)
{
	struct flow flow = FLOW_OF(HANDSHAKE);

	flow_loss_segment(&flow, 0, 201, 65536);
	flow_loss_segment(&flow, 0, 201 + 65536, 1000);
	flow_loss_segment(&flow, 0, 201 + 65536 + 1500, 10);
	flow_loss_acked(&flow, 0, 201 + 65536 + 1510);
	flow_loss_finish(&flow);
	cr_assert_eq(flow.lost_bytes[0], 600);
}

Test(flow_loss, the_ends_of_a_hole_are_filled_once)
{
	ASSERT_LOST(60, 0, HANDSHAKE, tcp(CLIENT, DATA, 201, 501, 10, MS(3)),
	            tcp(CLIENT, DATA, 101, 501, 20, MS(4)), tcp(CLIENT, DATA, 101, 501, 20, MS(5)),
	            tcp(CLIENT, DATA, 181, 501, 20, MS(6)), tcp(CLIENT, DATA, 181, 501, 20, MS(7)),
	            tcp(SERVER, TCP_ACK, 501, 211, 0, MS(8)));
}

Test(flow_loss, what_was_acknowledged_before_a_jump_says_nothing_after_it)
{
	ASSERT_LOST(0, 0, HANDSHAKE, tcp(SERVER, TCP_ACK, 501, 101, 0, MS(3)),
	            tcp(CLIENT, DATA, 101 - 0x50000000U, 501, 5, MS(4)),
	            tcp(CLIENT, DATA, 120 - 0x50000000U, 501, 5, MS(5)));
}

Test(flow_loss, counts_around_the_wrap)
{
	ASSERT_LOST(40, 0, tcp(CLIENT, TCP_SYN, 0xfffffff0, 0, 0, 0),
	            tcp(SERVER, TCP_SYN | TCP_ACK, 500, 0xfffffff1, 0, MS(1)),
	            tcp(CLIENT, DATA, 0xfffffff1, 501, 5, MS(2)),
	            tcp(CLIENT, DATA, 30, 501, 10, MS(3)), tcp(SERVER, TCP_ACK, 501, 40, 0, MS(4)));
}

Test(flow_loss, keepalives_and_window_probes_are_no_loss)
{
	ASSERT_LOST(0, 0, HANDSHAKE, tcp(CLIENT, DATA, 101, 501, 10, MS(3)),
	            tcp(SERVER, TCP_ACK, 501, 111, 0, MS(4)),
	            tcp(CLIENT, TCP_ACK, 110, 501, 1, S(40)), /* keepalive with a byte */
	            tcp(SERVER, TCP_ACK, 501, 111, 0, S(40)),
	            tcp(CLIENT, TCP_ACK, 110, 501, 0, S(80)), /* without */
	            tcp(SERVER, TCP_ACK, 501, 111, 0, S(80)),
	            tcp(CLIENT, TCP_ACK, 111, 501, 1, S(90)), /* probe of a closed window */
	            tcp(SERVER, TCP_ACK, 501, 111, 0, S(90)),
	            tcp(CLIENT, DATA, 111, 501, 20, S(91)),
	            tcp(SERVER, TCP_ACK, 501, 131, 0, S(91)));
}

Test(flow_loss, a_capture_that_begins_with_keepalives_loses_nothing)
{
	ASSERT_LOST(0, 0, tcp(CLIENT, TCP_ACK, 110, 501, 0, 0),
	            tcp(SERVER, TCP_ACK, 501, 111, 0, MS(1)), tcp(CLIENT, DATA, 111, 501, 20, S(1)),
	            tcp(SERVER, TCP_ACK, 501, 131, 0, S(1)));
	ASSERT_LOST(0, 0, tcp(CLIENT, TCP_ACK, 110, 501, 0, 0),
	            tcp(CLIENT, TCP_ACK, 110, 501, 0, S(1)),
	            tcp(SERVER, TCP_ACK, 501, 111, 0, S(1)));
	/* But once there was data, one byte more is one byte lost. */
	ASSERT_LOST(1, 0, tcp(CLIENT, TCP_ACK, 110, 501, 0, 0),
	            tcp(CLIENT, DATA, 110, 501, 10, MS(1)),
	            tcp(SERVER, TCP_ACK, 501, 121, 0, MS(2)));
}

/* What was on its way when the capture began is not held against it. */
Test(flow_loss, midstream_counts_from_the_first_segment_of_each_side)
{
	ASSERT_LOST(0, 0, tcp(CLIENT, DATA, 1000, 5000, 10, 0),
	            tcp(CLIENT, DATA, 1010, 6000, 10, MS(1)),
	            tcp(SERVER, DATA, 6500, 1020, 100, MS(2)),
	            tcp(CLIENT, TCP_ACK, 1020, 6600, 0, MS(3)));
	ASSERT_LOST(0, 7, tcp(CLIENT, DATA, 1000, 5000, 10, 0),
	            tcp(SERVER, DATA, 4900, 1010, 10, MS(1)),
	            tcp(SERVER, DATA, 5000, 1010, 10, MS(2)),
	            tcp(CLIENT, TCP_ACK, 1010, 5017, 0, MS(3)));
}

Test(flow_loss, one_direction_alone_shows_the_other_as_lost)
{
	ASSERT_LOST(0, 1000, tcp(CLIENT, TCP_SYN, 100, 0, 0, 0),
	            tcp(CLIENT, TCP_ACK, 101, 501, 0, MS(2)),
	            tcp(CLIENT, DATA, 101, 501, 50, MS(3)),
	            tcp(CLIENT, TCP_ACK, 151, 1501, 0, MS(9)));
}

Test(flow_loss, a_payload_cut_by_the_capture_was_seen)
{
	struct packet cut = tcp(CLIENT, DATA, 101, 501, 1000, MS(3));

	cut.payload = bytes_take(cut.payload, 20);
	ASSERT_LOST(0, 0, HANDSHAKE, cut, tcp(SERVER, TCP_ACK, 501, 1101, 0, MS(4)));
}

Test(flow_loss, numbers_beyond_any_window_are_not_believed)
{
	ASSERT_LOST(0, 0, HANDSHAKE, tcp(SERVER, TCP_ACK, 501, 101 + 0x40000000U, 0, MS(3)),
	            tcp(SERVER, TCP_RST | TCP_ACK, 501, 5000, 0, MS(3)),
	            tcp(CLIENT, DATA, 101 + 0x50000000U, 501, 5, MS(4)),
	            tcp(SERVER, TCP_ACK, 501, 106 + 0x50000000U, 0, MS(5)));
}

Test(flow_loss, another_initial_number_begins_anew)
{
	ASSERT_LOST(0, 0, tcp(CLIENT, TCP_SYN, 100, 0, 0, 0),
	            tcp(CLIENT, TCP_SYN, 5000, 0, 0, S(1)),
	            tcp(SERVER, TCP_SYN | TCP_ACK, 500, 5001, 0, S(1)),
	            tcp(CLIENT, TCP_ACK, 5001, 501, 0, S(1)));
}

Test(flow_loss, saturates)
{
	struct flow flow = FLOW_OF(HANDSHAKE);

	for (uint32_t i = 1; i <= 12; i++)
		flow_loss_acked(&flow, 0, 101 + i * 0x20000000U);
	flow_loss_finish(&flow);
	cr_assert_eq(flow.lost_bytes[0], UINT32_MAX);
}

/*
 * 4000 segments of which 3 % were not captured, each captured up to 5 places late, and an
 * acknowledgement of all of them after every second one. Nothing is sent twice: the count is exact.
 */
Test(flow_loss, exact_where_nothing_is_sent_twice)
{
	enum { N = 4000, LEN = 1400 };
	static uint32_t order[N];

	for (uint32_t seed = 1; seed <= 50; seed++) {
		struct flow flow = FLOW_OF(HANDSHAKE);
		uint32_t random = seed * 7919, lost = 0;
		for (uint32_t i = 0; i < N; i++)
			order[i] = i;
		for (uint32_t i = 0; i + 5 < N; i += 5) {
			random = random * 1664525 + 1013904223;
			uint32_t j = i + (random >> 8) % 5, moved = order[i];
			order[i] = order[j];
			order[j] = moved;
		}
		for (uint32_t i = 0; i < N; i++) {
			random = random * 1664525 + 1013904223;
			if ((random >> 8) % 100 < 3)
				lost += LEN;
			else
				flow_loss_segment(&flow, 0, 101 + order[i] * LEN, LEN);
			if (i % 2)
				flow_loss_acked(&flow, 0, 101 + (i + 1) * LEN);
		}
		flow_loss_acked(&flow, 0, 101 + N * LEN);
		flow_loss_finish(&flow);
		cr_assert_eq(flow.lost_bytes[0], lost, "seed %u: %u, not %u", seed,
		             flow.lost_bytes[0], lost);
	}
}
