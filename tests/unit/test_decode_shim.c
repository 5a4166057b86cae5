#include "test_decode_frames.h"

static void expect_shim(const struct packet *packet, enum tunnel_kind kind, uint32_t id)
{
	cr_assert_eq(packet->n_tunnels, 1);
	cr_expect_eq(packet->tunnels[0].kind, kind);
	cr_expect_eq(packet->tunnels[0].id, id);
	cr_expect_eq(packet->tunnels[0].transport, 0);
	expect_addr(&packet->tunnels[0].src, "::");
	cr_expect_eq(packet->src_port, 5060);
	cr_expect_eq(packet->dst_port, 40000);
}

Test(shim, mpls)
{
	struct packet packet;
	decode_hand("mpls", &packet);
	expect_shim(&packet, TUNNEL_MPLS, 1);
	expect_addr(&packet.src, "192.0.2.1");
	decode_hand("mpls-stack", &packet);
	expect_shim(&packet, TUNNEL_MPLS, 2);
	expect_addr(&packet.src, "2001:db8::1");
}

/* A control word before the frame, or none, whatever the address begins with. */
Test(shim, mpls_with_ethernet)
{
	struct packet packet;
	decode_hand("mpls-ethernet", &packet);
	expect_shim(&packet, TUNNEL_MPLS, 17);
	static const uint8_t firsts[] = { 0x00, 0x40, 0x44, 0x60, 0x18, 0xfc };
	for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
		cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8847), LABEL(17, 1), firsts[i],
		                    0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x81, 0,
		                    TAG(9, 0x0800), IPV4(28, 17), UDP(8)),
		             DECODE_OK, "%02x", firsts[i]);
		expect_shim(&packet, TUNNEL_MPLS, 17);
		cr_expect_eq(packet.n_vlans, 1);
		cr_expect_eq(packet.vlans[0], 9);
	}
}

Test(shim, mpls_with_something_else)
{
	struct packet packet;
#define NOTHING 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8847), LABEL(17, 1), 0x70, NOTHING),
	             DECODE_UNSUPPORTED);
	/* A channel of housekeeping (RFC 4385). */
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8847), LABEL(17, 1), 0x10, NOTHING),
	             DECODE_OTHER);
	/* A length that the frame does not hold. */
	cr_expect_eq(
	        DECODE(LINK_ETHERNET, &packet, ETHER(0x8847), LABEL(17, 1), IPV4(29, 17), UDP(8)),
	        DECODE_INVALID);
	cr_expect_eq(
	        DECODE(LINK_ETHERNET, &packet, ETHER(0x8847), LABEL(17, 1), IPV6(9, 17), UDP(8)),
	        DECODE_INVALID);
}

Test(shim, sixteen_labels_are_read_seventeen_are_not)
{
	struct packet packet;
#define LABELS4  LABEL(3, 0), LABEL(4, 0), LABEL(5, 0), LABEL(6, 0)
#define LABELS15 LABELS4, LABELS4, LABELS4, LABEL(7, 0), LABEL(8, 0), LABEL(9, 0)
	enum decode_status status = DECODE(LINK_ETHERNET, &packet, ETHER(0x8847), LABELS15,
	                                   LABEL(10, 1), IPV4(28, 17), UDP(8));
	cr_expect_eq(status, DECODE_OK);
	expect_shim(&packet, TUNNEL_MPLS, 10);
	status = DECODE(LINK_ETHERNET, &packet, ETHER(0x8847), LABELS15, LABEL(10, 0), LABEL(11, 1),
	                IPV4(28, 17), UDP(8));
	cr_expect_eq(status, DECODE_UNSUPPORTED);
}

Test(shim, pppoe)
{
	struct packet packet;
	decode_hand("pppoe", &packet);
	expect_shim(&packet, TUNNEL_PPPOE, 5);
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8864), 0x11, 0, 0, 6, 0, 50, 0, 0x57,
	                    IPV6(8, 17), UDP(8)),
	             DECODE_OK);
	expect_shim(&packet, TUNNEL_PPPOE, 6);
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8864), 0x11, 0, 0, 6, 0, 34, 2, 0x81,
	                    LABEL(8, 1), IPV4(28, 17), UDP(8)),
	             DECODE_OK);
	cr_expect_eq(packet.n_tunnels, 2);
	cr_expect_eq(packet.tunnels[1].kind, TUNNEL_MPLS);
}

Test(shim, pppoe_that_lies_or_hides)
{
	struct packet packet;
	/* Longer than its frame, or too short for a protocol; a version that is not 1. */
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8864), 0x11, 0, 0, 6, 0, 31, 0, 0x21,
	                    IPV4(28, 17), UDP(8)),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8864), 0x11, 0, 0, 6, 0, 1, 0, 0x21),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8864), 0x12, 0, 0, 6, 0, 30, 0, 0x21,
	                    IPV4(28, 17), UDP(8)),
	             DECODE_INVALID);
	/* No session data; encrypted. */
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x8864), 0x11, 9, 0, 6, 0, 2, 0, 0x21),
	             DECODE_OTHER);
	cr_expect_eq(
	        DECODE(LINK_ETHERNET, &packet, ETHER(0x8864), 0x11, 0, 0, 6, 0, 4, 0, 0x53, 1, 2),
	        DECODE_UNSUPPORTED);
}

Test(shim, provider_backbone)
{
	struct packet packet;
	decode_hand("pbb", &packet);
	expect_shim(&packet, TUNNEL_PBB, 0x010203);
	cr_expect_eq(packet.n_vlans, 1);
	cr_expect_eq(packet.vlans[0], 3);
}

Test(shim, eight_are_opened_nine_are_not)
{
	struct packet packet;
#define PBB  0, 0, 0, 1, MACS, 0x88, 0xe7
#define PBB7 PBB, PBB, PBB, PBB, PBB, PBB, PBB
	enum decode_status status = DECODE(LINK_ETHERNET, &packet, ETHER(0x88e7), PBB7, 0, 0, 0, 2,
	                                   MACS, 8, 0, IPV4(28, 17), UDP(8));
	cr_expect_eq(status, DECODE_OK);
	cr_expect_eq(packet.n_tunnels, 8);
	cr_expect_eq(packet.tunnels[7].id, 2);
	status = DECODE(LINK_ETHERNET, &packet, ETHER(0x88e7), PBB7, PBB, 0, 0, 0, 2, MACS, 8, 0,
	                IPV4(28, 17), UDP(8));
	cr_expect_eq(status, DECODE_UNSUPPORTED);
}
