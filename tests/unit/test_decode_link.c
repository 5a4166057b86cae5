#include "test_decode_frames.h"

Test(link, one_vlan_tag)
{
	struct packet packet;
	decode_hand("vlan", &packet);
	cr_expect_eq(packet.n_vlans, 1);
	cr_expect_eq(packet.vlans[0], 100); /* priority bits taken away */
	cr_expect_eq(packet.dst_port, 40000);
}

Test(link, four_of_five_tags_are_kept)
{
	struct packet packet;
	decode_hand("vlan-5", &packet);
	cr_expect_eq(packet.n_vlans, 4);
	for (uint16_t i = 0; i < 4; i++)
		cr_expect_eq(packet.vlans[i], i + 1);
	cr_expect_eq(packet.src_port, 5060);
}

Test(link, eight_tags_are_read_nine_are_not)
{
	struct packet packet;
#define TAGS7                                                                                      \
	TAG(1, 0x8100), TAG(2, 0x8100), TAG(3, 0x8100), TAG(4, 0x8100), TAG(5, 0x8100),            \
	        TAG(6, 0x8100), TAG(7, 0x8100)
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8100), TAGS7, TAG(8, 0x0800),
	                    IPV4(28, 17), UDP(8)),
	             DECODE_OK);
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8100), TAGS7, TAG(8, 0x8100),
	                    TAG(9, 0x0800), IPV4(28, 17), UDP(8)),
	             DECODE_UNSUPPORTED);
}

Test(link, snap_inside_vlan)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8100), TAG(5, 36), 0xaa, 0xaa, 3, 0, 0,
	                    0xf8, 8, 0, IPV4(28, 17), UDP(8)),
	             DECODE_OK);
	cr_expect_eq(packet.vlans[0], 5);
	cr_expect_eq(packet.src_port, 5060);
}

Test(link, snap_with_ipv6_and_with_a_tag)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(56), 0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd,
	                    IPV6(8, 17), UDP(8)),
	             DECODE_OK);
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(40), 0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0,
	                    TAG(5, 0x0800), IPV4(28, 17), UDP(8)),
	             DECODE_UNSUPPORTED);
}

/* The 802.3 length is without padding; what it cannot be is longer than the frame, or 1501 to 1535.
 */
Test(link, length_of_802_3)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(9), 0x42, 0x42, 3, 0, 0, 0, 0, 0),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(1501), 0x42, 0x42, 3), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(2), 0x42, 0x42, 3), DECODE_INVALID);
	/* SNAP's header would need 8 bytes, the length grants 7. */
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(7), 0xaa, 0xaa, 3, 0, 0, 0, 8, 0),
	             DECODE_INVALID);
}

/* 1500 is the longest that IEEE 802.3 has, also where the frame would hold more. */
Test(link, longest_length_of_802_3)
{
	uint8_t frame[1600] = { ETHER(1500), 0x42, 0x42, 3 };
	struct packet packet;
	cr_expect_eq(decode_one(LINK_ETHERNET, BYTES(frame, sizeof(frame)), sizeof(frame), &packet),
	             DECODE_OTHER);
	frame[13]++;
	cr_expect_eq(decode_one(LINK_ETHERNET, BYTES(frame, sizeof(frame)), sizeof(frame), &packet),
	             DECODE_INVALID);
}

Test(link, ethertypes_that_hide_flows)
{
	static const uint16_t types[] = { 0x6558, 0x8870, 0x88e5, 0x8926, 0x894f };
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct packet packet;
		cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(types[i]), 1, 2, 3, 4),
		             DECODE_UNSUPPORTED, "%04x", types[i]);
	}
}

Test(link, ethertypes_without_flows)
{
	static const uint16_t types[] = { 0x0806, 0x88cc, 0x8863, 0x888e, 0x9000 };
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct packet packet;
		cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(types[i]), 1, 2, 3, 4),
		             DECODE_OTHER, "%04x", types[i]);
	}
}

Test(link, cooked)
{
	struct packet packet;
	decode_hand("sll", &packet);
	expect_addr(&packet.dst, "198.51.100.2");
	decode_hand("sll-vlan", &packet);
	cr_expect_eq(packet.n_vlans, 1);
	cr_expect_eq(packet.vlans[0], 7);
	decode_hand("sll2", &packet);
	expect_addr(&packet.dst, "2001:db8::2");
	cr_expect_eq(DECODE(LINK_SLL2, &packet, SLL2(1, 0x88a8), TAG(8, 0x8100), TAG(9, 0x0800),
	                    IPV4(28, 17), UDP(8)),
	             DECODE_OK);
	cr_expect_eq(packet.vlans[0], 8);
	cr_expect_eq(packet.vlans[1], 9);
	cr_expect_eq(DECODE(LINK_SLL2, &packet, SLL2(824, 0x0000), 1, 2, 3, 4), DECODE_OTHER);
	cr_expect_eq(DECODE(LINK_SLL, &packet, SLL(1, 4), 0xaa, 0xaa, 3, 0, 0, 0, 8, 0,
	                    IPV4(28, 17), UDP(8)),
	             DECODE_OK);
}

/* AF_INET6 is 10, 23, 24, 28 or 30, in the order of the machine that captured. */
Test(link, bsd_loopback_families)
{
	static const uint8_t inet6[] = { 10, 23, 24, 28, 30 };
	struct packet packet;
	for (size_t i = 0; i < ARRAY_SIZE(inet6); i++) {
		cr_expect_eq(DECODE(LINK_NULL, &packet, inet6[i], 0, 0, 0, IPV6(8, 17), UDP(8)),
		             DECODE_OK);
		cr_expect_eq(DECODE(LINK_NULL, &packet, 0, 0, 0, inet6[i], IPV6(8, 17), UDP(8)),
		             DECODE_OK);
		cr_expect_eq(DECODE(LINK_LOOP, &packet, 0, 0, 0, inet6[i], IPV6(8, 17), UDP(8)),
		             DECODE_OK);
	}
	cr_expect_eq(DECODE(LINK_NULL, &packet, 0, 0, 0, 2, IPV4(28, 17), UDP(8)), DECODE_OK);
	cr_expect_eq(DECODE(LINK_LOOP, &packet, 0, 0, 0, 2, IPV4(28, 17), UDP(8)), DECODE_OK);
	/* DLT_LOOP has one order only. */
	cr_expect_eq(DECODE(LINK_LOOP, &packet, 2, 0, 0, 0, IPV4(28, 17), UDP(8)), DECODE_OTHER);
	/* The family and the header disagree. */
	cr_expect_eq(DECODE(LINK_NULL, &packet, 2, 0, 0, 0, IPV6(8, 17), UDP(8)), DECODE_INVALID);
}

Test(link, raw_ip)
{
	static const uint16_t raw[] = { 12, 14, 101 };
	struct packet packet;
	for (size_t i = 0; i < ARRAY_SIZE(raw); i++) {
		cr_expect_eq(DECODE(raw[i], &packet, IPV4(28, 17), UDP(8)), DECODE_OK);
		cr_expect_eq(DECODE(raw[i], &packet, IPV6(8, 17), UDP(8)), DECODE_OK);
		cr_expect_eq(DECODE(raw[i], &packet, 0x50, 0, 0, 0), DECODE_INVALID);
	}
	cr_expect_eq(DECODE(LINK_IPV4, &packet, IPV6(8, 17), UDP(8)), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_IPV6, &packet, IPV4(28, 17), UDP(8)), DECODE_INVALID);
}

Test(link, nflog)
{
	struct packet packet;
	decode_hand("nflog", &packet);
	expect_addr(&packet.src, "192.0.2.1");
	decode_hand("nflog-big", &packet);
	expect_addr(&packet.src, "2001:db8::1");
	cr_expect_eq(packet.n_tunnels, 0);
	/* The family and the header disagree. */
	cr_expect_eq(DECODE(LINK_NFLOG, &packet, 10, 0, 0, 5, 32, 0, 9, 0, IPV4(28, 17), UDP(8)),
	             DECODE_INVALID);
	/* Cut by the rule that logs it, to 64 bytes of 500; what stands behind is not the packet's.
	 */
	cr_expect_eq(DECODE(LINK_NFLOG, &packet, 2, 0, 0, 5, 34, 0, 9, 0, IPV4(500, 17), UDP(480),
	                    'a', 'b', 0, 0),
	             DECODE_OK);
	cr_expect_eq(packet.payload.len, 2);
	cr_expect_eq(packet.payload_len_wire, 472);
	cr_expect_eq(DECODE(LINK_NFLOG, &packet, 2, 0, 0, 5, 14, 0, 9, 0, IPV4(28, 17), UDP(8)),
	             DECODE_SHORT);
	/* A bridge's; another version; attributes that lie, or never come to the packet. */
	cr_expect_eq(DECODE(LINK_NFLOG, &packet, 7, 0, 0, 5, 32, 0, 9, 0, IPV4(28, 17), UDP(8)),
	             DECODE_UNSUPPORTED);
	cr_expect_eq(DECODE(LINK_NFLOG, &packet, 2, 1, 0, 5, 32, 0, 9, 0, IPV4(28, 17), UDP(8)),
	             DECODE_UNSUPPORTED);
	cr_expect_eq(DECODE(LINK_NFLOG, &packet, 2, 0, 0, 5, 3, 0, 9, 0, 1, 2, 3, 4),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_NFLOG, &packet, 2, 0, 0, 5, 9, 0, 9, 0, 1, 2, 3, 4),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_NFLOG, &packet, 2, 0, 0, 5, 8, 0, 1, 0, 1, 2, 3, 4),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_NFLOG, &packet, 2, 0, 0, 5, 5, 0, 10, 0, 'x'), DECODE_INVALID);
}

Test(link, unknown_link_type)
{
	struct packet packet;
	cr_expect_eq(DECODE(105, &packet, 1, 2, 3, 4), DECODE_UNSUPPORTED);
	cr_expect_eq(decode_one(8, BYTES(NULL, 0), 0, &packet), DECODE_UNSUPPORTED);
	static const uint16_t read[] = { 0,   1,   9,   12,  14,  50,  51,  101,
		                         104, 108, 113, 204, 228, 229, 239, 276 };
	for (size_t i = 0; i < ARRAY_SIZE(read); i++)
		cr_expect(decode_reads_link_type(read[i]), "%u", read[i]);
	for (uint32_t i = 0; i < 1024; i++)
		if (!decode_reads_link_type((uint16_t)i))
			cr_expect_eq(decode_one((uint16_t)i, BYTES_LITERAL("\0\0\0\0"), 4, &packet),
			             DECODE_UNSUPPORTED, "%u", i);
	cr_expect_not(decode_reads_link_type(8));
	cr_expect_not(decode_reads_link_type(105));
}

Test(link, words)
{
	static const struct {
		uint16_t link_type;
		const char *word;
	} rows[] = {
		{ 0, "bsd-null" },
		{ 1, "ethernet" },
		{ 12, "raw-ip" },
		{ 14, "raw-ip" },
		{ 101, "raw-ip" },
		{ 108, "bsd-loop" },
		{ 113, "linux-cooked-v1" },
		{ 228, "raw-ipv4" },
		{ 229, "raw-ipv6" },
		{ 276, "linux-cooked-v2" },
		{ 9, "ppp" },
		{ 65535, "link type 65535" },
		{ 50, "ppp-hdlc" },
		{ 51, "pppoe" },
		{ 104, "cisco-hdlc" },
		{ 239, "nflog" },
		{ 105, "802.11" },
		{ 127, "802.11-radiotap" },
		{ 143, "link type 143" },
		{ 204, "ppp-with-direction" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char buffer[24];
		cr_expect_str_eq(decode_link_type_word(rows[i].link_type, buffer), rows[i].word);
	}
}
