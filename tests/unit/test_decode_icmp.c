#include "test_decode_frames.h"

Test(icmp, error_names_the_flow_it_quotes)
{
	struct packet packet;
	decode_hand("unreachable", &packet);
	cr_expect_eq(packet.transport, 1);
	cr_expect_eq(packet.icmp_type, 3);
	cr_expect_eq(packet.icmp_code, 3);
	cr_expect_eq(packet.src_port, 0);
	cr_expect_eq(packet.quote.transport, 17);
	expect_addr(&packet.quote.src, "192.0.2.1");
	expect_addr(&packet.quote.dst, "198.51.100.2");
	cr_expect_eq(packet.quote.src_port, 5060);
	cr_expect_eq(packet.quote.dst_port, 40000);
	cr_expect_eq(packet.payload.len, 28);
}

Test(icmp, error_v6)
{
	struct packet packet;
	decode_hand("too-big", &packet);
	cr_expect_eq(packet.transport, 58);
	cr_expect_eq(packet.icmp_type, 2);
	cr_expect_eq(packet.quote.transport, 6);
	expect_addr(&packet.quote.src, "2001:db8::1");
	cr_expect_eq(packet.quote.dst_port, 40000);
}

Test(icmp, types_v4)
{
	for (unsigned type = 0; type < 256; type++) {
		struct packet packet;
		bool is_error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
		bool is_conversation = type == 0 || type == 8 || type == 13 || type == 14;
		enum decode_status status = DECODE(LINK_RAW, &packet, IPV4(56, 1),
		                                   ICMP((uint8_t)type, 0), IPV4(28, 17), UDP(8));
		cr_expect_eq(status, is_error || is_conversation ? DECODE_OK : DECODE_OTHER, "%u",
		             type);
		if (is_error || is_conversation)
			cr_expect_eq(packet.quote.transport, is_error ? 17 : 0, "%u", type);
	}
}

Test(icmp, types_v6)
{
	for (unsigned type = 0; type < 256; type++) {
		struct packet packet;
		bool is_error = type >= 1 && type <= 4;
		bool is_conversation = type == 128 || type == 129;
		enum decode_status status = DECODE(LINK_RAW, &packet, IPV6(56, 58),
		                                   ICMP((uint8_t)type, 0), IPV6(8, 17), UDP(8));
		cr_expect_eq(status, is_error || is_conversation ? DECODE_OK : DECODE_OTHER, "%u",
		             type);
		if (is_error || is_conversation)
			cr_expect_eq(packet.quote.transport, is_error ? 17 : 0, "%u", type);
	}
}

Test(icmp, echo_has_no_ports_and_no_quote)
{
	struct packet packet;
	memset(&packet, 0xa5, sizeof(packet));
	decode_hand("echo", &packet);
	cr_expect_eq(packet.transport, 1);
	cr_expect_eq(packet.icmp_type, 8);
	cr_expect_eq(packet.src_port, 0);
	cr_expect_eq(packet.dst_port, 0);
	cr_expect_eq(packet.quote.transport, 0);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("hi")));
}

Test(icmp, padding_is_no_payload)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x0800), IPV4(30, 1), ICMP(0, 0), 'h',
	                    'i', 0, 0, 0, 0),
	             DECODE_OK);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("hi")));
	cr_expect_eq(packet.payload_len_wire, 2);
}

Test(icmp, quoted_echo_is_a_flow_quoted_error_is_not)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(56, 1), ICMP(3, 1), IPV4(84, 1), ICMP(8, 0)),
	             DECODE_OK);
	cr_expect_eq(packet.quote.transport, 1);
	cr_expect_eq(packet.quote.src_port, 0);
	cr_expect_eq(packet.quote.dst_port, 0);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(56, 1), ICMP(3, 1), IPV4(84, 1), ICMP(3, 3)),
	             DECODE_OTHER);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(56, 58), ICMP(1, 3), IPV6(8, 58), ICMP(135, 0)),
	             DECODE_OTHER);
}

Test(icmp, quote_without_ports)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(56, 1), ICMP(3, 2), IPV4(84, 50), 1, 2, 3, 4, 5,
	                    6, 7, 8),
	             DECODE_OK);
	cr_expect_eq(packet.quote.transport, 50);
	cr_expect_eq(packet.quote.src_port, 0);
	/* Protocol 0 could not be told from no quote. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(56, 1), ICMP(3, 2), IPV4(84, 0), 1, 2, 3, 4, 5,
	                    6, 7, 8),
	             DECODE_OTHER);
}

Test(icmp, quoted_fragments)
{
	struct packet packet;
	/* The first one has the ports. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(56, 1), ICMP(11, 1),
	                    IPV4_ANY(5, 1500, 7, 0x2000, 17), UDP(3000)),
	             DECODE_OK);
	cr_expect_eq(packet.quote.dst_port, 40000);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(56, 1), ICMP(11, 1),
	                    IPV4_ANY(5, 1500, 7, 0x20b9, 17), UDP(3000)),
	             DECODE_OTHER);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(64, 58), ICMP(3, 1), IPV6(1400, 44),
	                    FRAGMENT6(17, 1, 9), UDP(3000)),
	             DECODE_OK);
	cr_expect_eq(packet.quote.src_port, 5060);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(64, 58), ICMP(3, 1), IPV6(1400, 44),
	                    FRAGMENT6(17, 8, 9), UDP(3000)),
	             DECODE_OTHER);
}

/* Senders cut quotes where they like: that is no lie, but names no flow. */
Test(icmp, quote_ends_early)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(28, 1), ICMP(3, 3)), DECODE_OTHER);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(48, 1), ICMP(3, 3), IPV4(28, 17)),
	             DECODE_OTHER);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(51, 1), ICMP(3, 3), IPV4(28, 17), 1, 2, 3),
	             DECODE_OTHER);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(56, 1), ICMP(3, 3), IPV4(84, 51), 6, 4, 0, 0, 0,
	                    0, 0, 1),
	             DECODE_OTHER);
	/* Four bytes are enough for ports. A length of 0, or below the header, is an old stack's.
	 */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(52, 1), ICMP(3, 3), IPV4(28, 17), PORTS),
	             DECODE_OK);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(52, 1), ICMP(3, 3), IPV4(8, 17), PORTS),
	             DECODE_OK);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(52, 58), ICMP(1, 4), IPV6(0, 17), PORTS),
	             DECODE_OK);
}

Test(icmp, lies)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(27, 1), ICMP(8, 0)), DECODE_INVALID);
	/* The quote is of the other version, or of none. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(76, 1), ICMP(3, 3), IPV6(8, 17), UDP(8)),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(36, 58), ICMP(1, 4), IPV4(28, 17), UDP(8)),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(56, 1), ICMP(3, 3), IPV4_ANY(4, 28, 7, 0, 17),
	                    UDP(8)),
	             DECODE_INVALID);
}
