#include "test_decode_frames.h"

Test(ip, options_are_skipped)
{
	struct packet packet;
	decode_hand("ip-options", &packet);
	cr_expect_eq(packet.src_port, 5060);
	cr_expect_eq(packet.ip_len, 32);
}

Test(ip, padding_is_no_payload)
{
	struct packet packet;
	decode_hand("udp-padded", &packet);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("ab")));
	cr_expect_eq(packet.payload_len_wire, 2);
}

Test(ip, length_zero_is_the_frame)
{
	struct packet packet;
	decode_hand("tso", &packet);
	cr_expect_eq(packet.ip_len, 45);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("abcde")));
	decode_hand("tso6", &packet);
	cr_expect_eq(packet.ip_len, 62);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("ab")));
}

Test(ip, ipv4_lies)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x0800), IPV6(8, 17), UDP(8)),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4_ANY(4, 28, 7, 0, 17), UDP(8)), DECODE_INVALID);
	/* Total length: below the header, below the header with options, beyond the frame. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(19, 17), UDP(8)), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4_ANY(7, 27, 7, 0, 17), UDP(8)), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(29, 17), UDP(8)), DECODE_INVALID);
	/* No room for a UDP header in the packet, although the frame goes on. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(27, 17), UDP(8)), DECODE_INVALID);
}

/* A frame that was cut, and whose wire length is wrong: the packet's own length counts. */
Test(ip, longer_than_a_cut_frame)
{
	static const uint8_t cut[] = { IPV4(1000, 17), UDP(980), 'a' };
	struct packet packet;
	cr_expect_eq(decode_one(LINK_RAW, BYTES(cut, sizeof(cut)), 500, &packet), DECODE_OK);
	cr_expect_eq(packet.payload.len, 1);
	cr_expect_eq(packet.payload_len_wire, 972);
	cr_expect_eq(packet.ip_len, 1000);
}

Test(ip, ipv6_fields)
{
	struct packet packet;
	decode_hand("udp6", &packet);
	expect_addr(&packet.src, "2001:db8::1");
	expect_addr(&packet.dst, "2001:db8::2");
	cr_expect_eq(packet.ttl, 62);
	cr_expect_eq(packet.ip_len, 50);
	cr_expect_eq(packet.transport, 17);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("ab")));
}

Test(ip, ipv6_lies)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x86dd), IPV4(28, 17), UDP(8)),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(9, 17), UDP(8)), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(7, 17), UDP(8)), DECODE_INVALID);
	/* An extension longer than the packet; hop-by-hop options that are not first. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(16, 60), 17, 2, 1, 4, 0, 0, 0, 0, UDP(8)),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(24, 60), EXTENSION8(0), EXTENSION8(17), UDP(8)),
	             DECODE_INVALID);
	/* An authentication header is at least 12 bytes; its length here says 8. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(16, 51), 17, 0, 0, 0, 0, 0, 1, 2, UDP(8)),
	             DECODE_INVALID);
}

/* ::ffff:192.0.2.1 in an IPv6 header is the IPv4 host. */
Test(ip, ipv4_mapped)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_RAW, &packet, 0x60, 0, 0, 0, 0, 8, 17, 64, 0, 0, 0, 0, 0, 0, 0, 0,
	                    0, 0, 0xff, 0xff, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
	                    0xff, 198, 51, 100, 2, UDP(8)),
	             DECODE_OK);
	expect_addr(&packet.src, "192.0.2.1");
	expect_addr(&packet.dst, "198.51.100.2");
}

Test(ip, extension_chain)
{
	struct packet packet;
	decode_hand("extensions", &packet);
	cr_expect_eq(packet.transport, 17);
	cr_expect_eq(packet.src_port, 5060);
	cr_expect_not(packet.is_joined);
}

Test(ip, eight_extensions_are_read_nine_are_not)
{
	struct packet packet;
#define EXTENSIONS7                                                                                \
	EXTENSION8(60), EXTENSION8(60), EXTENSION8(60), EXTENSION8(60), EXTENSION8(60),            \
	        EXTENSION8(60), EXTENSION8(60)
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(72, 60), EXTENSIONS7, EXTENSION8(17), UDP(8)),
	             DECODE_OK);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(80, 60), EXTENSIONS7, EXTENSION8(60),
	                    EXTENSION8(17), UDP(8)),
	             DECODE_UNSUPPORTED);
}

Test(ip, unknown_extensions)
{
	static const uint8_t next[] = { 135, 139, 140 };
	for (size_t i = 0; i < ARRAY_SIZE(next); i++) {
		struct packet packet;
		cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(16, next[i]), EXTENSION8(17), UDP(8)),
		             DECODE_UNSUPPORTED);
	}
}

Test(ip, authentication_header)
{
	struct packet packet;
	decode_hand("ah-udp", &packet);
	cr_expect_eq(packet.transport, 17);
	cr_expect_eq(packet.dst_port, 40000);
	decode_hand("ah-ipip", &packet);
	cr_expect_eq(packet.transport, 51);
	cr_expect_eq(packet.src_port, 0);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(20, 51), AH12(6), TCP(5, 0)), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(32, 51), AH12(6), TCP(5, 2)), DECODE_OK);
	cr_expect_eq(packet.transport, 6);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV6(16, 51), AH12(89), 1, 2, 3, 4), DECODE_OK);
	cr_expect_eq(packet.transport, 51);
}
