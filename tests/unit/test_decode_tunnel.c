#include "test_decode_frames.h"

/* One tunnel between 192.0.2.1 and 198.51.100.2, and inside UDP 203.0.113.1:5060 to .2:40000. */
static void expect_tunnel(const char *name, enum tunnel_kind kind, uint32_t id, uint8_t transport)
{
	struct packet packet;
	decode_hand(name, &packet);
	cr_assert_eq(packet.n_tunnels, 1, "%s", name);
	const struct packet_tunnel *tunnel = &packet.tunnels[0];
	cr_expect_eq(tunnel->kind, kind, "%s", name);
	cr_expect_eq(tunnel->id, id, "%s", name);
	cr_expect_eq(tunnel->transport, transport, "%s", name);
	expect_addr(&tunnel->src, "192.0.2.1");
	expect_addr(&tunnel->dst, "198.51.100.2");
	expect_addr(&packet.src, "203.0.113.1");
	expect_addr(&packet.dst, "203.0.113.2");
	cr_expect_eq(packet.transport, 17);
	cr_expect_eq(packet.src_port, 5060);
	cr_expect_eq(packet.dst_port, 40000);
	cr_expect_eq(packet.ttl, 61);
	cr_expect_eq(packet.ip_len, 28);
	cr_expect_eq(packet.number, 17);
	cr_expect_not(packet.is_joined);
}

Test(tunnel, each_kind)
{
	expect_tunnel("ipip", TUNNEL_IPIP, 0, 4);
	expect_tunnel("gre-ip", TUNNEL_GRE, 0x0102, 47);
	expect_tunnel("gre-ethernet", TUNNEL_GRE, 0, 47);
	expect_tunnel("erspan-1", TUNNEL_ERSPAN_1, 0, 47);
	expect_tunnel("erspan-2", TUNNEL_ERSPAN_2, 5, 47);
	expect_tunnel("erspan-3", TUNNEL_ERSPAN_3, 6, 47);
	expect_tunnel("vxlan", TUNNEL_VXLAN, 0x000102, 17);
	expect_tunnel("geneve", TUNNEL_GENEVE, 0x000102, 17);
}

Test(tunnel, outer_ports_are_kept)
{
	struct packet packet;
	decode_hand("vxlan", &packet);
	cr_expect_eq(packet.tunnels[0].src_port, 40000);
	cr_expect_eq(packet.tunnels[0].dst_port, 4789);
}

Test(tunnel, words)
{
	static const char *const words[] = { "mpls",     "pppoe",    "802.1ah",  "gre",
		                             "erspan-1", "erspan-2", "erspan-3", "vxlan",
		                             "geneve",   "ip-in-ip", "6in4",     "teredo" };
	cr_assert_eq(N_TUNNEL_KINDS, ARRAY_SIZE(words));
	for (int i = 0; i < N_TUNNEL_KINDS; i++)
		cr_expect_str_eq(tunnel_kind_word((enum tunnel_kind)i), words[i]);
}

Test(tunnel, ipv6_in_both)
{
	struct packet packet;
	decode_hand("6in4", &packet);
	cr_assert_eq(packet.n_tunnels, 1);
	cr_expect_eq(packet.tunnels[0].kind, TUNNEL_6IN4);
	expect_addr(&packet.src, "2001:db8::1");
	cr_expect_eq(DECODE(LINK_IPV6, &packet, IPV6(48, 41), IPV6(8, 17), UDP(8)), DECODE_OK);
	cr_expect_eq(packet.tunnels[0].kind, TUNNEL_6IN4);
	expect_addr(&packet.tunnels[0].src, "2001:db8::1");
	cr_expect_eq(DECODE(LINK_IPV6, &packet, IPV6(28, 4), IPV4(28, 17), UDP(8)), DECODE_OK);
	cr_expect_eq(packet.tunnels[0].kind, TUNNEL_IPIP);
	expect_addr(&packet.src, "192.0.2.1");
}

/* The packet is the outer one where nothing that can be read is inside. */
static void expect_outer(enum decode_status status, const struct packet *packet, uint8_t transport)
{
	cr_expect_eq(status, DECODE_OK);
	cr_expect_eq(packet->n_tunnels, 0);
	cr_expect_eq(packet->transport, transport);
	expect_addr(&packet->src, "192.0.2.1");
	cr_expect_eq(packet->ttl, 63);
	cr_expect_eq(packet->n_vlans, 0);
}

Test(tunnel, vxlan_port_with_something_else)
{
	struct packet packet;
#define VXLAN(a, b, c, d, e)                                                                       \
	IPV4(78, 17), UDP_PORTS(40000, 4789, 58), a, b, c, d, 0, 1, 2, e, ETHER(0x0800),           \
	        IPV4B(28, 17), UDP(8)
	cr_expect_eq(DECODE(LINK_RAW, &packet, VXLAN(8, 0, 0, 0, 0)), DECODE_OK);
	cr_expect_eq(packet.n_tunnels, 1);
	/* A group policy, applied. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, VXLAN(0x88, 8, 1, 2, 0)), DECODE_OK);
	cr_expect_eq(packet.n_tunnels, 1);
	expect_outer(DECODE(LINK_RAW, &packet, VXLAN(0, 0, 0, 0, 0)), &packet, 17);
	expect_outer(DECODE(LINK_RAW, &packet, VXLAN(8, 1, 0, 0, 0)), &packet, 17);
	expect_outer(DECODE(LINK_RAW, &packet, VXLAN(8, 0, 0, 1, 0)), &packet, 17);
	expect_outer(DECODE(LINK_RAW, &packet, VXLAN(8, 0, 0, 0, 1)), &packet, 17);
	expect_outer(DECODE(LINK_RAW, &packet, VXLAN(0x88, 0x80, 0, 0, 0)), &packet, 17);
	/* A good header, and a bad packet inside; a VLAN in it leaves nothing behind. */
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(62, 17), UDP_PORTS(40000, 4789, 42), 8, 0, 0, 0,
	                    0, 1, 2, 0, ETHER(0x8100), TAG(5, 0x0800), 0x44, 0, 0, 0, 1, 2, 3, 4),
	             &packet, 17);
	expect_outer(
	        DECODE(LINK_RAW, &packet, IPV4(32, 17), UDP_PORTS(40000, 4789, 12), 1, 2, 3, 4),
	        &packet, 17);
}

/* The answer to a tunnel's port is no tunnel: both directions are sent to it. */
Test(tunnel, source_port_is_not_asked)
{
	struct packet packet;
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(78, 17), UDP_PORTS(4789, 40000, 58), 8, 0, 0, 0,
	                    0, 1, 2, 0, ETHER(0x0800), IPV4B(28, 17), UDP(8)),
	             &packet, 17);
}

Test(tunnel, linux_port_of_vxlan)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(78, 17), UDP_PORTS(1, 8472, 58), 8, 0, 0, 0, 0,
	                    0, 3, 0, ETHER(0x0800), IPV4B(28, 17), UDP(8)),
	             DECODE_OK);
	cr_expect_eq(packet.tunnels[0].kind, TUNNEL_VXLAN);
	cr_expect_eq(packet.tunnels[0].id, 3);
}

Test(tunnel, geneve)
{
	struct packet packet;
#define GENEVE(a, b, type, e)                                                                      \
	IPV4(64, 17), UDP_PORTS(40000, 6081, 44), a, b, HI(type), LO(type), 0, 0, 9, e,            \
	        IPV4B(28, 17), UDP(8)
	cr_expect_eq(DECODE(LINK_RAW, &packet, GENEVE(0, 0x80, 0x0800, 0)), DECODE_OK);
	cr_expect_eq(packet.n_tunnels, 1);
	expect_addr(&packet.src, "203.0.113.1");
	expect_outer(DECODE(LINK_RAW, &packet, GENEVE(0x40, 0, 0x0800, 0)), &packet, 17);
	expect_outer(DECODE(LINK_RAW, &packet, GENEVE(0, 1, 0x0800, 0)), &packet, 17);
	expect_outer(DECODE(LINK_RAW, &packet, GENEVE(0, 0, 0x0806, 0)), &packet, 17);
	expect_outer(DECODE(LINK_RAW, &packet, GENEVE(0, 0, 0x0800, 1)), &packet, 17);
	expect_outer(DECODE(LINK_RAW, &packet, GENEVE(0x3f, 0, 0x0800, 0)), &packet, 17);
}

Test(tunnel, gre_that_is_not_opened)
{
	struct packet packet;
#define GRE(a, b, type) IPV4(52, 47), a, b, HI(type), LO(type), IPV4B(28, 17), UDP(8)
	cr_expect_eq(DECODE(LINK_RAW, &packet, GRE(0, 0, 0x0800)), DECODE_OK);
	cr_expect_eq(packet.n_tunnels, 1);
	expect_outer(DECODE(LINK_RAW, &packet, GRE(0, 1, 0x880b)), &packet, 47);    /* PPTP */
	expect_outer(DECODE(LINK_RAW, &packet, GRE(0x40, 0, 0x0800)), &packet, 47); /* routing */
	expect_outer(DECODE(LINK_RAW, &packet, GRE(0, 0, 0x0000)), &packet, 47);
	expect_outer(DECODE(LINK_RAW, &packet, GRE(0, 0, 0x86dd)), &packet, 47);
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(22, 47), 0, 0), &packet, 47);
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(26, 47), 0xb0, 0, 8, 0, 0, 0), &packet, 47);
	/* ERSPAN of another version, and one whose header does not fit. */
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(78, 47), 0x10, 0, 0x88, 0xbe, 0, 0, 0, 7, 0x30,
	                    0x64, 0, 5, 0, 0, 0, 1, ETHER(0x0800), IPV4B(28, 17), UDP(8)),
	             &packet, 47);
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(32, 47), 0x10, 0, 0x88, 0xbe, 0, 0, 0, 7, 0x10,
	                    0x64, 0, 5),
	             &packet, 47);
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(32, 47), 0x10, 0, 0x22, 0xeb, 0, 0, 0, 7, 0x20,
	                    0x64, 0, 5),
	             &packet, 47);
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(40, 47), 0x10, 0, 0x22, 0xeb, 0, 0, 0, 7, 0x20,
	                    0x64, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1),
	             &packet, 47);
	/* Type III with an Infiniband frame. */
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(82, 47), 0x10, 0, 0x22, 0xeb, 0, 0, 0, 7, 0x20,
	                    0x64, 0, 6, 1, 2, 3, 4, 0, 0, 4, 0, ETHER(0x0800), IPV4B(28, 17),
	                    UDP(8)),
	             &packet, 47);
}

/* Type III without Ethernet; and a frame that the switch cut is cut, no lie. */
Test(tunnel, erspan_ip_and_cut)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(68, 47), 0x10, 0, 0x22, 0xeb, 0, 0, 0, 7, 0x20,
	                    0x64, 0, 6, 1, 2, 3, 4, 0, 0, 8, 0, IPV4B(28, 17), UDP(8)),
	             DECODE_OK);
	cr_expect_eq(packet.tunnels[0].kind, TUNNEL_ERSPAN_3);
	cr_expect_eq(packet.payload_len_wire, 0);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(78, 47), 0x10, 0, 0x88, 0xbe, 0, 0, 0, 7, 0x10,
	                    0x64, 4, 5, 0, 0, 0, 1, ETHER(0x0800), IPV4B(1028, 17), UDP(1008)),
	             DECODE_OK);
	cr_expect_eq(packet.tunnels[0].kind, TUNNEL_ERSPAN_2);
	cr_expect_eq(packet.payload.len, 0);
	cr_expect_eq(packet.payload_len_wire, 1000);
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(78, 47), 0x10, 0, 0x88, 0xbe, 0, 0, 0, 7, 0x10,
	                    0x64, 0, 5, 0, 0, 0, 1, ETHER(0x0800), IPV4B(1028, 17), UDP(1008)),
	             &packet, 47);
}

#define TEREDO6(len)                                                                               \
	0x60, 0, 0, 0, HI(len), LO(len), 17, 60, 0x20, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, \
	        12, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
#define ORIGIN 0, 0, 0xff, 0xee, 1, 2, 3, 4
#define AUTH   0, 1, 2, 3, 'i', 'd', 'v', 'a', 'l', 1, 2, 3, 4, 5, 6, 7, 8, 0

Test(tunnel, teredo)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(76, 17), UDP_PORTS(3544, 50000, 56), TEREDO6(8),
	                    UDP(8)),
	             DECODE_OK);
	cr_assert_eq(packet.n_tunnels, 1);
	cr_expect_eq(packet.tunnels[0].kind, TUNNEL_TEREDO);
	cr_expect_eq(packet.tunnels[0].src_port, 3544);
	expect_addr(&packet.dst, "2001:db8::2");
	cr_expect_eq(packet.ttl, 60);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(84, 17), UDP_PORTS(50000, 3544, 64), ORIGIN,
	                    TEREDO6(8), UDP(8)),
	             DECODE_OK);
	cr_expect_eq(packet.n_tunnels, 1);
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(102, 17), UDP_PORTS(50000, 3544, 82), AUTH,
	                    ORIGIN, TEREDO6(8), UDP(8)),
	             DECODE_OK);
	cr_expect_eq(packet.n_tunnels, 1);
	/* A bubble: no next header, nothing behind it. */
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(68, 17), UDP_PORTS(50000, 3544, 48), 0x60, 0, 0,
	                    0, 0, 0, 59, 60, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	                    0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2),
	             DECODE_OTHER);
}

Test(tunnel, teredo_port_with_something_else)
{
	struct packet packet;
	/* Other addresses; a length that is not the rest; not IPv6; too short. */
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(76, 17), UDP_PORTS(3544, 50000, 56),
	                    IPV6(8, 17), UDP(8)),
	             &packet, 17);
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(77, 17), UDP_PORTS(3544, 50000, 57), TEREDO6(8),
	                    UDP(8), 0),
	             &packet, 17);
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(56, 17), UDP_PORTS(3544, 50000, 36),
	                    IPV4B(28, 17), UDP(8)),
	             &packet, 17);
	expect_outer(DECODE(LINK_RAW, &packet, IPV4(30, 17), UDP_PORTS(3544, 50000, 10), 0, 1),
	             &packet, 17);
}

/* Ethernet, IP, GRE, Ethernet, VLAN, IP, VXLAN, Ethernet, VLAN, IP. */
Test(tunnel, one_in_another)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_ETHERNET, &packet, ETHER(0x0800), IPV4(124, 47), 0, 0, 0x65, 0x58,
	                    ETHER(0x8100), TAG(7, 0x0800), IPV4(82, 17), UDP_PORTS(1, 4789, 62), 8,
	                    0, 0, 0, 0, 0, 4, 0, ETHER(0x8100), TAG(8, 0x0800), IPV4B(28, 17),
	                    UDP(8)),
	             DECODE_OK);
	cr_assert_eq(packet.n_tunnels, 2);
	cr_expect_eq(packet.tunnels[0].kind, TUNNEL_GRE);
	cr_expect_eq(packet.tunnels[1].kind, TUNNEL_VXLAN);
	cr_expect_eq(packet.n_vlans, 2);
	cr_expect_eq(packet.vlans[0], 7);
	cr_expect_eq(packet.vlans[1], 8);
	expect_addr(&packet.dst, "203.0.113.2");
}

#define OUTER(n) IPV4(28 + 20 * (n), 4)

Test(tunnel, eight_are_opened_nine_are_not)
{
	struct packet packet;
	enum decode_status status =
	        DECODE(LINK_RAW, &packet, OUTER(8), OUTER(7), OUTER(6), OUTER(5), OUTER(4),
	               OUTER(3), OUTER(2), OUTER(1), IPV4B(28, 17), UDP(8));
	cr_expect_eq(status, DECODE_OK);
	cr_expect_eq(packet.n_tunnels, 8);
	cr_expect_eq(packet.src_port, 5060);
	status = DECODE(LINK_RAW, &packet, OUTER(9), OUTER(8), OUTER(7), OUTER(6), OUTER(5),
	                OUTER(4), OUTER(3), OUTER(2), OUTER(1), IPV4B(28, 17), UDP(8));
	cr_expect_eq(status, DECODE_UNSUPPORTED);
}

/* An ICMP error inside a tunnel quotes a flow inside it. */
Test(tunnel, icmp_error_inside)
{
	struct packet packet;
	cr_expect_eq(DECODE(LINK_RAW, &packet, IPV4(76, 4), IPV4B(56, 1), ICMP(3, 3), IPV4(500, 17),
	                    UDP(480)),
	             DECODE_OK);
	cr_expect_eq(packet.n_tunnels, 1);
	cr_expect_eq(packet.quote.transport, 17);
	expect_addr(&packet.quote.src, "192.0.2.1");
}

#define FIRST_HALF  IPV4_ANY(5, 36, 7, 0x2000, 17), UDP(24), 1, 2, 3, 4, 5, 6, 7, 8
#define SECOND_HALF IPV4_ANY(5, 28, 7, 0x0002, 17), 9, 10, 11, 12, 13, 14, 15, 16
#define OTHER_HALF  IPV4_ANY(5, 28, 7, 0x0002, 17), 17, 18, 19, 20, 21, 22, 23, 24
#define THIRD_HALF  IPV4_ANY(5, 28, 7, 0x0002, 17), 25, 26, 27, 28, 29, 30, 31, 32

#define DECODE_WITH(decode, packet, ...)                                                           \
	decode_at(decode, 0, LINK_RAW,                                                             \
	          BYTES(((const uint8_t[]){ __VA_ARGS__ }),                                        \
	                sizeof((const uint8_t[]){ __VA_ARGS__ })),                                 \
	          sizeof((const uint8_t[]){ __VA_ARGS__ }), packet)
#define GRE_KEYED(len, key) IPV4((len) + 28, 47), 0x20, 0, 8, 0, 0, 0, 0, key

/* Fragments in tunnels are joined within their own tunnel only. */
Test(tunnel, fragments_inside)
{
	_cleanup_(decode_freep) struct decode *decode = NULL;
	struct packet packet;
	cr_assert_eq(decode_new(&decode, NULL), 0);
	cr_expect_eq(DECODE_WITH(decode, &packet, GRE_KEYED(36, 1), FIRST_HALF),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(DECODE_WITH(decode, &packet, GRE_KEYED(28, 2), OTHER_HALF),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(DECODE_WITH(decode, &packet, THIRD_HALF), DECODE_FRAGMENT_HELD);
	cr_expect_eq(DECODE_WITH(decode, &packet, GRE_KEYED(28, 1), SECOND_HALF), DECODE_OK);
	cr_expect(packet.is_joined);
	cr_expect_eq(packet.n_tunnels, 1);
	cr_expect_eq(packet.payload_len_wire, 16);
	cr_expect_eq(packet.payload.data[15], 16);
}

/* The outer packet in two pieces, one of which holds the last piece of the inner one. */
Test(tunnel, fragments_of_fragments)
{
	_cleanup_(decode_freep) struct decode *decode = NULL;
	struct packet packet;
	cr_assert_eq(decode_new(&decode, NULL), 0);
	cr_expect_eq(DECODE_WITH(decode, &packet, IPV4(56, 4), FIRST_HALF), DECODE_FRAGMENT_HELD);
	cr_expect_eq(DECODE_WITH(decode, &packet, IPV4_ANY(5, 36, 9, 0x2000, 4), 0x45, 0, 0, 28, 0,
	                         7, 0, 2, 63, 17, 0, 0, 192, 0, 2, 1),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(DECODE_WITH(decode, &packet, IPV4_ANY(5, 32, 9, 0x0002, 4), 198, 51, 100, 2, 9,
	                         10, 11, 12, 13, 14, 15, 16),
	             DECODE_OK);
	cr_expect(packet.is_joined);
	cr_expect_eq(packet.n_tunnels, 1);
	cr_expect_eq(packet.payload_len_wire, 16);
	for (unsigned i = 0; i < 16; i++)
		cr_expect_eq(packet.payload.data[i], i + 1);
}
