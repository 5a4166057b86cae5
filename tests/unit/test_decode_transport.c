#include "test_decode_frames.h"

Test(transport, tcp_fields)
{
	struct packet packet;
	decode_hand("tcp", &packet);
	cr_expect_eq(packet.transport, 6);
	cr_expect_eq(packet.src_port, 5060);
	cr_expect_eq(packet.dst_port, 40000);
	cr_expect_eq(packet.tcp_seq, 0x11223344);
	cr_expect_eq(packet.tcp_ack, 0x55667788);
	cr_expect_eq(packet.tcp_flags, TCP_PSH | TCP_ACK);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("abc")));
	cr_expect_eq(packet.payload_len_wire, 3);
}

Test(transport, tcp_options_are_no_payload)
{
	struct packet packet;
	decode_hand("tcp-options", &packet);
	cr_expect_eq(packet.tcp_flags, TCP_SYN);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("ab")));
}

/* Cut inside the options: the flags are there, the payload was not captured but was sent. */
Test(transport, tcp_cut_in_options)
{
	const struct hand_frame *f = hand_frame("tcp-options");
	struct packet packet;
	cr_expect_eq(decode_one(f->link_type, bytes_take(f->bytes, 48), f->bytes.len, &packet),
	             DECODE_OK);
	cr_expect_eq(packet.payload.len, 0);
	cr_expect_eq(packet.payload_len_wire, 2);
}

Test(transport, tcp_lies)
{
	struct packet packet;
	/* A data offset below 5 words, one beyond the packet, and a packet below 20 bytes. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(40, 6), TCP(4, 0)), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(40, 6), TCP(6, 0)), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(39, 6), TCP(5, 0)), DECODE_INVALID);
	/* The offset ends at the packet's end. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(44, 6), TCP(6, 0), 1, 1, 1, 1), DECODE_OK);
	cr_expect_eq(packet.payload.len, 0);
}

/* The whole of what UDP does not claim is not its payload. */
Test(transport, udp_shorter_than_packet)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(32, 17), UDP(10), 'a', 'b', 'c', 'd'),
	             DECODE_OK);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("ab")));
	cr_expect_eq(packet.payload_len_wire, 2);
}

Test(transport, udp_lies)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(28, 17), UDP(7)), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(28, 17), UDP(9)), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(28, 17), UDP(0)), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(8, 17), UDP(0)), DECODE_INVALID);
	/* Both lengths 0: a jumbogram. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(0, 17), UDP(0)), DECODE_UNSUPPORTED);
}

/* Ports are there, the length is not: the IP packet's own length stands in. */
Test(transport, udp_cut_behind_ports)
{
	const struct hand_frame *f = hand_frame("udp");
	struct packet packet;
	cr_expect_eq(decode_one(f->link_type, bytes_take(f->bytes, 38), f->bytes.len, &packet),
	             DECODE_OK);
	cr_expect_eq(packet.src_port, 5060);
	cr_expect_eq(packet.payload.len, 0);
	cr_expect_eq(packet.payload_len_wire, 4);
}

Test(transport, payload_cut)
{
	const struct hand_frame *f = hand_frame("udp");
	struct packet packet;
	cr_expect_eq(decode_one(f->link_type, bytes_take(f->bytes, 44), f->bytes.len, &packet),
	             DECODE_OK);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("ab")));
	cr_expect_eq(packet.payload_len_wire, 4);
}

Test(transport, sctp)
{
	struct packet packet;
	decode_hand("sctp", &packet);
	cr_expect_eq(packet.transport, 132);
	cr_expect_eq(packet.src_port, 5060);
	cr_expect_eq(packet.dst_port, 40000);
	cr_expect_eq(packet.payload_len_wire, 4);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(31, 132), SCTP_HEADER), DECODE_INVALID);
}

Test(transport, without_ports)
{
	static const uint8_t protocols[] = { 4, 41, 47, 50, 89, 136, 253 };
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		struct packet packet;
		memset(&packet, 0xa5, sizeof(packet));
		cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(24, protocols[i]), 1, 2, 3, 4),
		             DECODE_OK);
		cr_expect_eq(packet.transport, protocols[i]);
		cr_expect_eq(packet.src_port, 0);
		cr_expect_eq(packet.dst_port, 0);
		cr_expect_eq(packet.quote.transport, 0);
		cr_expect_eq(packet.payload.len, 4);
		cr_expect_eq(packet.payload_len_wire, 4);
	}
}

Test(transport, housekeeping_is_other)
{
	struct packet packet;
	decode_hand("igmp", &packet);
	decode_hand("no-next-header", &packet);
}
