/*
 * Frames written by hand for the tests of decode, and one call to decode them.
 *
 * Headers are macros of bytes as RFC 791, 8200, 768, 9293, 792 and 4443 print them; lengths and
 * numbers are arguments, so that each frame in a test shows what it lies about. IPv4 is 192.0.2.1
 * to 198.51.100.2, IPv6 2001:db8::1 to 2001:db8::2, ports 5060 (0x13c4) to 40000 (0x9c40).
 */
#ifndef TEST_DECODE_FRAMES_H
#define TEST_DECODE_FRAMES_H

#include <criterion/criterion.h>

#include "pcaudit/base/util.h"
#include "pcaudit/decode.h"

#define LINK_NULL     0
#define LINK_ETHERNET 1
#define LINK_RAW      101
#define LINK_LOOP     108
#define LINK_SLL      113
#define LINK_IPV4     228
#define LINK_IPV6     229
#define LINK_SLL2     276
#define LINK_PPP      9
#define LINK_PPP_HDLC 50
#define LINK_PPPOE    51
#define LINK_CISCO    104
#define LINK_PPP_DIR  204
#define LINK_NFLOG    239

#define HI(n) ((uint8_t)((n) >> 8))
#define LO(n) ((uint8_t)(n))

#define MACS          0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01
#define ETHER(type)   MACS, HI(type), LO(type)
#define TAG(id, type) HI(id), LO(id), HI(type), LO(type)
#define SLL(hardware, type)                                                                        \
	0, 0, HI(hardware), LO(hardware), 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, HI(type), LO(type)
#define SLL2(hardware, type)                                                                       \
	HI(type), LO(type), 0, 0, 0, 0, 0, 3, HI(hardware), LO(hardware), 0, 6, 2, 0, 0, 0, 0, 1,  \
	        0, 0
#define ADDRS4 192, 0, 2, 1, 198, 51, 100, 2
#define IPV4_ANY(ihl, len, id, place, protocol)                                                    \
	0x40 | (ihl), 0, HI(len), LO(len), HI(id), LO(id), HI(place), LO(place), 63, protocol, 0,  \
	        0, ADDRS4
#define IPV4(len, protocol) IPV4_ANY(5, len, 7, 0x4000, protocol)
#define ADDRS6                                                                                     \
	0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 0x01, 0x0d, 0xb8, 0, 0,  \
	        0, 0, 0, 0, 0, 0, 0, 0, 0, 2
#define IPV6(len, next)            0x60, 0, 0, 0, HI(len), LO(len), next, 62, ADDRS6
#define FRAGMENT6(next, place, id) next, 0, HI(place), LO(place), 0, 0, HI(id), LO(id)
#define EXTENSION8(next)           next, 0, 1, 4, 0, 0, 0, 0
#define AH12(next)                 next, 1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1
#define PORTS                      0x13, 0xc4, 0x9c, 0x40
#define UDP(len)                   PORTS, HI(len), LO(len), 0, 0
#define TCP(words, flags)                                                                          \
	PORTS, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, (words) << 4, flags, 0xff, 0xff, 0, \
	        0, 0, 0
#define SCTP_HEADER      PORTS, 0, 0, 0, 1, 0, 0, 0, 0
#define ICMP(type, code) type, code, 0, 0, 0, 0, 0, 0

/* Inside tunnels: 203.0.113.1 to 203.0.113.2; UDP with other ports. */
#define IPV4B(len, protocol)                                                                       \
	0x45, 0, HI(len), LO(len), 0, 7, 0x40, 0, 61, protocol, 0, 0, 203, 0, 113, 1, 203, 0, 113, \
	        2
#define UDP_PORTS(src, dst, len) HI(src), LO(src), HI(dst), LO(dst), HI(len), LO(len), 0, 0
#define LABEL(label, bottom)     HI((label) >> 4), LO((label) >> 4), LO((label) << 4) | (bottom), 64

/* A frame and what becomes of it. */
struct hand_frame {
	const char *name;
	uint16_t link_type;
	enum decode_status status;
	size_t need; /* with fewer bytes captured it is DECODE_SHORT */
	struct bytes bytes;
};

#define FRAME(name, link_type, status, need, ...)                                                  \
	{                                                                                          \
		name, link_type, status, need,                                                     \
		{                                                                                  \
			(const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }) \
		}                                                                                  \
	}

/* One frame for each road through the decoder that ends well, or is nobody's lie. */
static const struct hand_frame hand_frames[] = {
	FRAME("udp", LINK_ETHERNET, DECODE_OK, 38, ETHER(0x0800), IPV4(32, 17), UDP(12), 'a', 'b',
	      'c', 'd'),
	FRAME("tcp", LINK_ETHERNET, DECODE_OK, 48, ETHER(0x0800), IPV4(43, 6), TCP(5, 0x18), 'a',
	      'b', 'c'),
	FRAME("tcp-options", LINK_ETHERNET, DECODE_OK, 48, ETHER(0x0800), IPV4(46, 6), TCP(6, 0x02),
	      2, 4, 5, 0xb4, 'a', 'b'),
	FRAME("ip-options", LINK_ETHERNET, DECODE_OK, 42, ETHER(0x0800), IPV4_ANY(6, 32, 7, 0, 17),
	      1, 1, 1, 0, UDP(8)),
	FRAME("udp-padded", LINK_ETHERNET, DECODE_OK, 38, ETHER(0x0800), IPV4(30, 17), UDP(10), 'a',
	      'b', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
	FRAME("tso", LINK_ETHERNET, DECODE_OK, 48, ETHER(0x0800), IPV4(0, 6), TCP(5, 0x10), 'a',
	      'b', 'c', 'd', 'e'),
	FRAME("sctp", LINK_ETHERNET, DECODE_OK, 38, ETHER(0x0800), IPV4(36, 132), SCTP_HEADER, 0, 0,
	      0, 4),
	FRAME("gre", LINK_ETHERNET, DECODE_OK, 39, ETHER(0x0800), IPV4(28, 47), 0, 0, 8, 0, 1, 2, 3,
	      4),
	FRAME("ah-udp", LINK_ETHERNET, DECODE_OK, 50, ETHER(0x0800), IPV4(40, 51), AH12(17),
	      UDP(8)),
	FRAME("ah-ipip", LINK_ETHERNET, DECODE_OK, 46, ETHER(0x0800), IPV4(36, 51), AH12(4), 0x45,
	      0, 0, 0),
	FRAME("echo", LINK_ETHERNET, DECODE_OK, 36, ETHER(0x0800), IPV4(30, 1), ICMP(8, 0), 'h',
	      'i'),
	FRAME("unreachable", LINK_ETHERNET, DECODE_OK, 66, ETHER(0x0800), IPV4(56, 1), ICMP(3, 3),
	      IPV4(500, 17), UDP(480)),
	FRAME("router-advertisement4", LINK_ETHERNET, DECODE_OTHER, 36, ETHER(0x0800), IPV4(28, 1),
	      ICMP(9, 0)),
	FRAME("igmp", LINK_ETHERNET, DECODE_OTHER, 34, ETHER(0x0800), IPV4(28, 2), 0x16, 0, 0, 0,
	      224, 0, 0, 1),
	FRAME("first-fragment", LINK_ETHERNET, DECODE_FRAGMENT_HELD, 34, ETHER(0x0800),
	      IPV4_ANY(5, 36, 7, 0x2000, 17), UDP(24), 1, 2, 3, 4, 5, 6, 7, 8),
	FRAME("later-fragment", LINK_ETHERNET, DECODE_FRAGMENT_HELD, 34, ETHER(0x0800),
	      IPV4_ANY(5, 28, 7, 0x0002, 17), 1, 2, 3, 4, 5, 6, 7, 8),
	FRAME("vlan", LINK_ETHERNET, DECODE_OK, 42, ETHER(0x8100), TAG(0x6064, 0x0800),
	      IPV4(28, 17), UDP(8)),
	FRAME("vlan-5", LINK_ETHERNET, DECODE_OK, 58, ETHER(0x88a8), TAG(1, 0x9100), TAG(2, 0x9200),
	      TAG(3, 0x8100), TAG(4, 0x8100), TAG(5, 0x0800), IPV4(28, 17), UDP(8)),
	FRAME("arp", LINK_ETHERNET, DECODE_OTHER, 14, ETHER(0x0806), 0, 1, 8, 0, 6, 4, 0, 1),
	FRAME("mpls", LINK_ETHERNET, DECODE_OK, 42, ETHER(0x8847), LABEL(1, 1), IPV4(28, 17),
	      UDP(8)),
	FRAME("mpls-stack", LINK_ETHERNET, DECODE_OK, 66, ETHER(0x8848), LABEL(16, 0), LABEL(2, 1),
	      IPV6(8, 17), UDP(8)),
	FRAME("mpls-ethernet", LINK_ETHERNET, DECODE_OK, 60, ETHER(0x8847), LABEL(17, 1), 0, 0, 0,
	      9, ETHER(0x0800), IPV4(28, 17), UDP(8)),
	FRAME("macsec", LINK_ETHERNET, DECODE_UNSUPPORTED, 14, ETHER(0x88e5), 0, 0, 0x11, 0x40),
	FRAME("pppoe", LINK_ETHERNET, DECODE_OK, 46, ETHER(0x8864), 0x11, 0, 0, 5, 0, 30, 0, 0x21,
	      IPV4(28, 17), UDP(8), 0, 0, 0),
	FRAME("pppoe-lcp", LINK_ETHERNET, DECODE_OTHER, 22, ETHER(0x8864), 0x11, 0, 0, 5, 0, 6,
	      0xc0, 0x21, 9, 1, 0, 4),
	FRAME("pbb", LINK_ETHERNET, DECODE_OK, 60, ETHER(0x88a8), TAG(3, 0x88e7), 0x10, 1, 2, 3,
	      MACS, 8, 0, IPV4(28, 17), UDP(8)),
	FRAME("ipip", LINK_ETHERNET, DECODE_OK, 58, ETHER(0x0800), IPV4(48, 4), IPV4B(28, 17),
	      UDP(8)),
	FRAME("6in4", LINK_ETHERNET, DECODE_OK, 78, ETHER(0x0800), IPV4(68, 41), IPV6(8, 17),
	      UDP(8)),
	FRAME("gre-ip", LINK_ETHERNET, DECODE_OK, 74, ETHER(0x0800), IPV4(64, 47), 0xb0, 0, 8, 0, 0,
	      0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, IPV4B(28, 17), UDP(8)),
	FRAME("gre-ethernet", LINK_ETHERNET, DECODE_OK, 76, ETHER(0x0800), IPV4(66, 47), 0, 0, 0x65,
	      0x58, ETHER(0x0800), IPV4B(28, 17), UDP(8)),
	FRAME("erspan-1", LINK_ETHERNET, DECODE_OK, 76, ETHER(0x0800), IPV4(66, 47), 0, 0, 0x88,
	      0xbe, ETHER(0x0800), IPV4B(28, 17), UDP(8)),
	FRAME("erspan-2", LINK_ETHERNET, DECODE_OK, 88, ETHER(0x0800), IPV4(78, 47), 0x10, 0, 0x88,
	      0xbe, 0, 0, 0, 7, 0x10, 0x64, 0, 5, 0, 0, 0, 1, ETHER(0x0800), IPV4B(28, 17),
	      UDP(8)),
	FRAME("erspan-3", LINK_ETHERNET, DECODE_OK, 100, ETHER(0x0800), IPV4(90, 47), 0x10, 0, 0x22,
	      0xeb, 0, 0, 0, 7, 0x20, 0x64, 0, 6, 1, 2, 3, 4, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8,
	      ETHER(0x0800), IPV4B(28, 17), UDP(8)),
	FRAME("vxlan", LINK_ETHERNET, DECODE_OK, 88, ETHER(0x0800), IPV4(78, 17),
	      UDP_PORTS(40000, 4789, 58), 8, 0, 0, 0, 0, 1, 2, 0, ETHER(0x0800), IPV4B(28, 17),
	      UDP(8)),
	FRAME("geneve", LINK_ETHERNET, DECODE_OK, 92, ETHER(0x0800), IPV4(82, 17),
	      UDP_PORTS(40000, 6081, 62), 1, 0, 0x65, 0x58, 0, 1, 2, 0, 1, 2, 3, 4, ETHER(0x0800),
	      IPV4B(28, 17), UDP(8)),
	FRAME("vxlan-arp", LINK_ETHERNET, DECODE_OTHER, 64, ETHER(0x0800), IPV4(54, 17),
	      UDP_PORTS(40000, 4789, 34), 8, 0, 0, 0, 0, 1, 2, 0, ETHER(0x0806), 0, 1, 8, 0),
	FRAME("stp", LINK_ETHERNET, DECODE_OTHER, 17, ETHER(8), 0x42, 0x42, 3, 0, 0, 0, 0, 0),
	FRAME("snap", LINK_ETHERNET, DECODE_OK, 46, ETHER(36), 0xaa, 0xaa, 3, 0, 0, 0, 8, 0,
	      IPV4(28, 17), UDP(8)),
	FRAME("cdp", LINK_ETHERNET, DECODE_OTHER, 22, ETHER(10), 0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0,
	      2, 180),
	FRAME("udp6", LINK_ETHERNET, DECODE_OK, 58, ETHER(0x86dd), IPV6(10, 17), UDP(10), 'a', 'b'),
	FRAME("tcp6", LINK_ETHERNET, DECODE_OK, 68, ETHER(0x86dd), IPV6(21, 6), TCP(5, 0x12), 'a'),
	FRAME("tso6", LINK_ETHERNET, DECODE_OK, 68, ETHER(0x86dd), IPV6(0, 6), TCP(5, 0x10), 'a',
	      'b'),
	FRAME("extensions", LINK_ETHERNET, DECODE_OK, 102, ETHER(0x86dd), IPV6(44 + 8, 0),
	      EXTENSION8(60), EXTENSION8(43), EXTENSION8(51), AH12(44), FRAGMENT6(17, 0, 9),
	      UDP(8)),
	FRAME("fragment6", LINK_ETHERNET, DECODE_FRAGMENT_HELD, 62, ETHER(0x86dd), IPV6(16, 44),
	      FRAGMENT6(17, 1, 9), UDP(16)),
	FRAME("no-next-header", LINK_ETHERNET, DECODE_OTHER, 54, ETHER(0x86dd), IPV6(0, 59)),
	FRAME("jumbogram", LINK_ETHERNET, DECODE_UNSUPPORTED, 54, ETHER(0x86dd), IPV6(0, 0), 6, 0,
	      0xc2, 4, 0, 1, 0, 0),
	FRAME("mobility", LINK_ETHERNET, DECODE_UNSUPPORTED, 54, ETHER(0x86dd), IPV6(8, 135), 59, 0,
	      0, 0, 0, 0, 0, 0),
	FRAME("echo6", LINK_ETHERNET, DECODE_OK, 56, ETHER(0x86dd), IPV6(8, 58), ICMP(128, 0)),
	FRAME("neighbour-solicitation", LINK_ETHERNET, DECODE_OTHER, 56, ETHER(0x86dd), IPV6(8, 58),
	      ICMP(135, 0)),
	FRAME("too-big", LINK_ETHERNET, DECODE_OK, 106, ETHER(0x86dd), IPV6(56, 58), ICMP(2, 0),
	      IPV6(1400, 6), PORTS, 1, 2, 3, 4),
	FRAME("sll", LINK_SLL, DECODE_OK, 40, SLL(1, 0x0800), IPV4(28, 17), UDP(8)),
	FRAME("sll-vlan", LINK_SLL, DECODE_OK, 44, SLL(1, 0x8100), TAG(7, 0x0800), IPV4(28, 17),
	      UDP(8)),
	FRAME("sll-llc", LINK_SLL, DECODE_OTHER, 19, SLL(1, 4), 0x42, 0x42, 3, 0),
	FRAME("sll-novell", LINK_SLL, DECODE_OTHER, 16, SLL(1, 1), 0xff, 0xff),
	FRAME("sll-netlink", LINK_SLL, DECODE_OTHER, 16, SLL(824, 0x0800), 1, 2, 3, 4),
	FRAME("sll2", LINK_SLL2, DECODE_OK, 64, SLL2(1, 0x86dd), IPV6(8, 17), UDP(8)),
	FRAME("raw4", LINK_RAW, DECODE_OK, 24, IPV4(28, 17), UDP(8)),
	FRAME("raw6", LINK_RAW, DECODE_OK, 44, IPV6(8, 17), UDP(8)),
	FRAME("ipv4", LINK_IPV4, DECODE_OK, 24, IPV4(28, 17), UDP(8)),
	FRAME("ipv6", LINK_IPV6, DECODE_OK, 44, IPV6(8, 17), UDP(8)),
	FRAME("null-little", LINK_NULL, DECODE_OK, 28, 2, 0, 0, 0, IPV4(28, 17), UDP(8)),
	FRAME("null-big", LINK_NULL, DECODE_OK, 48, 0, 0, 0, 30, IPV6(8, 17), UDP(8)),
	FRAME("null-other", LINK_NULL, DECODE_OTHER, 4, 16, 0, 0, 0, 1, 2),
	FRAME("loop", LINK_LOOP, DECODE_OK, 48, 0, 0, 0, 24, IPV6(8, 17), UDP(8)),
	FRAME("ppp", LINK_PPP, DECODE_OK, 28, 0xff, 3, 0, 0x21, IPV4(28, 17), UDP(8)),
	FRAME("ppp-bare", LINK_PPP, DECODE_OK, 46, 0, 0x57, IPV6(8, 17), UDP(8)),
	FRAME("ppp-compressed", LINK_PPP_HDLC, DECODE_OK, 25, 0x21, IPV4(28, 17), UDP(8)),
	FRAME("ppp-mpls", LINK_PPP_HDLC, DECODE_OK, 32, 0xff, 3, 0x02, 0x81, LABEL(16, 1),
	      IPV4(28, 17), UDP(8)),
	FRAME("ppp-lcp", LINK_PPP, DECODE_OTHER, 4, 0xff, 3, 0xc0, 0x21, 9, 1, 0, 4),
	FRAME("ppp-dir", LINK_PPP_DIR, DECODE_OK, 49, 1, 0xff, 3, 0, 0x57, IPV6(8, 17), UDP(8)),
	FRAME("ppp-cisco", LINK_PPP_HDLC, DECODE_OK, 28, 0x0f, 0, 8, 0, IPV4(28, 17), UDP(8)),
	FRAME("cisco", LINK_CISCO, DECODE_OK, 48, 0x8f, 0, 0x86, 0xdd, IPV6(8, 17), UDP(8)),
	FRAME("cisco-slarp", LINK_CISCO, DECODE_OTHER, 4, 0x8f, 0, 0x80, 0x35, 0, 0, 0, 2),
	FRAME("pppoe-link", LINK_PPPOE, DECODE_OK, 32, 0x11, 0, 0, 5, 0, 30, 0, 0x21, IPV4(28, 17),
	      UDP(8)),
	/* Packet header, then the payload; of a little-endian and a big-endian machine. */
	FRAME("nflog", LINK_NFLOG, DECODE_OK, 40, 2, 0, 0, 5, 8, 0, 1, 0, 8, 0, 1, 0, 32, 0, 9, 0,
	      IPV4(28, 17), UDP(8)),
	FRAME("nflog-big", LINK_NFLOG, DECODE_OK, 60, 10, 0, 0, 5, 0, 5, 0, 10, 'x', 0, 0, 0, 0, 52,
	      0, 9, IPV6(8, 17), UDP(8)),
	FRAME("nflog-arp", LINK_NFLOG, DECODE_OTHER, 8, 3, 0, 0, 5, 8, 0, 9, 0, 0, 1, 8, 0),
};

/* Decodes one frame at that time; the bytes are copied so that a read past them is seen. */
_unused_ static enum decode_status decode_at(struct decode *decode, int64_t time_ns,
                                             uint16_t link_type, struct bytes bytes,
                                             size_t len_wire, struct packet *packet)
{
	/* payload is a view into the copy, so it lives until the next call. */
	static uint8_t *copy;
	free(copy);
	copy = malloc(bytes.len ? bytes.len : 1);
	cr_assert_not_null(copy);
	if (bytes.len)
		memcpy(copy, bytes.data, bytes.len);
	const struct frame frame = {
		.file = 3,
		.number = 17,
		.time_ns = time_ns,
		.link_type = link_type,
		.data = BYTES(copy, bytes.len),
		.len_wire = (uint32_t)len_wire,
	};
	return decode_frame(decode, &frame, packet);
}

/* The same with a decoder of its own. */
_unused_ static enum decode_status decode_one(uint16_t link_type, struct bytes bytes,
                                              size_t len_wire, struct packet *packet)
{
	const struct decode_options options = { .fragment_budget_bytes = 1 }; /* quick to set up */
	_cleanup_(decode_freep) struct decode *decode = NULL;
	cr_assert_eq(decode_new(&decode, &options), 0);
	return decode_at(decode, 0, link_type, bytes, len_wire, packet);
}

_unused_ static const struct hand_frame *hand_frame(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(hand_frames); i++)
		if (strcmp(hand_frames[i].name, name) == 0)
			return &hand_frames[i];
	cr_assert_fail("no frame %s", name);
	return NULL;
}

/* Decodes a frame of the table and checks its status. */
_unused_ static void decode_hand(const char *name, struct packet *packet)
{
	const struct hand_frame *f = hand_frame(name);
	enum decode_status status = decode_one(f->link_type, f->bytes, f->bytes.len, packet);
	cr_assert_eq(status, f->status, "%s: %s", name, decode_status_word(status));
}

_unused_ static void expect_addr(const struct addr *addr, const char *text)
{
	char buffer[ADDR_TEXT_SIZE];
	cr_expect_str_eq(addr_format(addr, buffer), text);
}

/* A whole frame given as bytes. */
#define DECODE(link_type, packet, ...)                                                             \
	decode_one(link_type,                                                                      \
	           BYTES(((const uint8_t[]){ __VA_ARGS__ }),                                       \
	                 sizeof((const uint8_t[]){ __VA_ARGS__ })),                                \
	           sizeof((const uint8_t[]){ __VA_ARGS__ }), packet)

#endif
