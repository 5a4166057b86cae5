#include "test_decode_frames.h"

Test(serial, ppp)
{
	struct packet packet;
	decode_hand("ppp", &packet);
	expect_addr(&packet.src, "192.0.2.1");
	cr_expect_eq(packet.n_tunnels, 0, "a link is no tunnel");
	decode_hand("ppp-bare", &packet);
	expect_addr(&packet.src, "2001:db8::1");
	decode_hand("ppp-compressed", &packet);
	cr_expect_eq(packet.dst_port, 40000);
	decode_hand("ppp-dir", &packet);
	expect_addr(&packet.dst, "2001:db8::2");
	decode_hand("ppp-mpls", &packet);
	cr_expect_eq(packet.n_tunnels, 1);
	cr_expect_eq(packet.tunnels[0].id, 16);
	/* Address without its control; a protocol that disagrees with what follows. */
	cr_expect_eq(DECODE(LINK_PPP, &packet, 0xff, 0x13, 0, 0x21, IPV4(28, 17), UDP(8)),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_PPP, &packet, 0, 0x57, IPV4(28, 17), UDP(8)), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_PPP, &packet, 0xff), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_PPP, &packet, 0xff, 3, 0), DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_PPP_DIR, &packet, 1), DECODE_INVALID);
}

/* RFC 1332, RFC 1968, RFC 1990 and others: what sets up, and what hides. */
Test(serial, ppp_protocols)
{
	static const struct {
		uint16_t protocol;
		enum decode_status status;
	} rows[] = {
		{ 0xc021, DECODE_OTHER },       { 0x8021, DECODE_OTHER },
		{ 0x8057, DECODE_OTHER },       { 0xc223, DECODE_OTHER },
		{ 0x002d, DECODE_UNSUPPORTED }, { 0x002f, DECODE_UNSUPPORTED },
		{ 0x003d, DECODE_UNSUPPORTED }, { 0x0053, DECODE_UNSUPPORTED },
		{ 0x00fd, DECODE_UNSUPPORTED },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct packet packet;
		cr_expect_eq(DECODE(LINK_PPP, &packet, 0xff, 3, HI(rows[i].protocol),
		                    LO(rows[i].protocol), IPV4(28, 17), UDP(8)),
		             rows[i].status, "%04x", rows[i].protocol);
	}
}

Test(serial, cisco)
{
	struct packet packet;
	decode_hand("ppp-cisco", &packet);
	expect_addr(&packet.dst, "198.51.100.2");
	decode_hand("cisco", &packet);
	expect_addr(&packet.dst, "2001:db8::2");
	cr_expect_eq(DECODE(LINK_CISCO, &packet, 0x0f, 0, 0x88, 0x47, LABEL(16, 1), IPV4(28, 17),
	                    UDP(8)),
	             DECODE_OK);
	cr_expect_eq(packet.n_tunnels, 1);
	/* IS-IS in CLNS, Cisco discovery; an address that is none. */
	cr_expect_eq(DECODE(LINK_CISCO, &packet, 0x0f, 0, 0xfe, 0xfe, 3, 0x83), DECODE_OTHER);
	cr_expect_eq(DECODE(LINK_CISCO, &packet, 0x8f, 0, 0x20, 0, 1, 180), DECODE_OTHER);
	cr_expect_eq(DECODE(LINK_CISCO, &packet, 0x8f, 0, 0, 4, 1, 180), DECODE_OTHER);
	cr_expect_eq(DECODE(LINK_CISCO, &packet, 0xff, 3, 0, 0x21, IPV4(28, 17), UDP(8)),
	             DECODE_INVALID);
	cr_expect_eq(DECODE(LINK_CISCO, &packet, 0x0f, 0, 8), DECODE_INVALID);
}

/* The link is the session itself. */
Test(serial, pppoe_without_ethernet)
{
	struct packet packet;
	decode_hand("pppoe-link", &packet);
	cr_expect_eq(packet.n_tunnels, 1);
	cr_expect_eq(packet.tunnels[0].kind, TUNNEL_PPPOE);
	cr_expect_eq(packet.tunnels[0].id, 5);
	cr_expect_eq(DECODE(LINK_PPPOE, &packet, 0x11, 9, 0, 0, 0, 4, 1, 1, 0, 0), DECODE_OTHER);
}
