#include "test_decode_frames.h"

/* An Ethernet frame as it is changed from case to case: TCP from 192.0.2.1 to 198.51.100.2. */
static const uint8_t tcp_frame[] = { ETHER(0x0800),
	                             IPV4_ANY(5, 64, 0x1234, 0x4000, 6),
	                             TCP(5, 0x18),
	                             'S',
	                             'I',
	                             'P',
	                             '/',
	                             '2',
	                             '.',
	                             '0',
	                             ' ',
	                             '2',
	                             '0',
	                             '0',
	                             ' ',
	                             'O',
	                             'K',
	                             '\r',
	                             '\n',
	                             '1',
	                             '2',
	                             '3',
	                             '4',
	                             '5',
	                             '6',
	                             '7',
	                             '8' };
enum {
	AT_MAC_DST = 0,
	AT_MAC_SRC = 6,
	AT_TOS = 15,
	AT_IP_ID = 18,
	AT_IP_FLAGS = 20,
	AT_TTL = 22,
	AT_IP_CHECKSUM = 24,
	AT_SRC = 26,
	AT_DST = 30,
	AT_PORT = 34,
	AT_SEQ = 38,
	AT_ACK = 42,
	AT_FLAGS = 47,
	AT_WINDOW = 48,
	AT_TCP_CHECKSUM = 50,
	AT_URGENT = 52,
	AT_PAYLOAD = 54,
	AT_LAST = 77,
};

static struct packet_digest digest_of(uint16_t link_type, struct bytes bytes, size_t len_wire)
{
	struct packet packet;
	cr_assert_eq(decode_one(link_type, bytes, len_wire, &packet), DECODE_OK);
	cr_assert_neq(packet.digest.head, 0);
	return packet.digest;
}

#define DIGEST(link_type, ...)                                                                     \
	digest_of(link_type,                                                                       \
	          BYTES(((const uint8_t[]){ __VA_ARGS__ }),                                        \
	                sizeof((const uint8_t[]){ __VA_ARGS__ })),                                 \
	          sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* The frame with one byte changed. */
static struct packet_digest changed(size_t at)
{
	uint8_t frame[sizeof(tcp_frame)];
	memcpy(frame, tcp_frame, sizeof(frame));
	frame[at] ^= 0x01;
	return digest_of(LINK_ETHERNET, BYTES(frame, sizeof(frame)), sizeof(frame));
}

static struct packet_digest plain(void)
{
	return digest_of(LINK_ETHERNET, BYTES(tcp_frame, sizeof(tcp_frame)), sizeof(tcp_frame));
}

static bool is_alike(struct packet_digest a, struct packet_digest b)
{
	return a.head == b.head && a.body == b.body && a.captured == b.captured;
}

Test(digest, what_hops_change_is_left_out)
{
	const struct packet_digest wanted = plain();
	static const size_t at[] = { AT_MAC_DST,      AT_MAC_SRC,         AT_TOS,
		                     AT_TTL,          AT_IP_CHECKSUM,     AT_IP_CHECKSUM + 1,
		                     AT_TCP_CHECKSUM, AT_TCP_CHECKSUM + 1 };
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		cr_expect(is_alike(changed(at[i]), wanted), "byte %zu", at[i]);
}

Test(digest, what_stays_is_taken_in)
{
	const struct packet_digest wanted = plain();
	static const size_t at[] = { AT_IP_ID,  AT_IP_ID + 1, AT_SRC,      AT_DST + 3, AT_PORT,
		                     AT_SEQ,    AT_SEQ + 3,   AT_ACK,      AT_FLAGS,   AT_WINDOW,
		                     AT_URGENT, AT_PAYLOAD,   AT_LAST - 1, AT_LAST };
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		cr_expect_not(is_alike(changed(at[i]), wanted), "byte %zu", at[i]);
	uint8_t frame[sizeof(tcp_frame)];
	memcpy(frame, tcp_frame, sizeof(frame));
	frame[AT_IP_FLAGS] = 0; /* may be fragmented */
	cr_expect_not(is_alike(digest_of(LINK_ETHERNET, BYTES(frame, sizeof(frame)), sizeof(frame)),
	                       wanted));
}

Test(digest, place_is_mac_and_ttl)
{
	const struct packet_digest here = plain();
	cr_expect_eq(changed(AT_LAST).place, here.place);
	cr_expect_eq(changed(AT_IP_ID).place, here.place);
	cr_expect_eq(changed(AT_TOS).place, here.place);
	cr_expect_neq(changed(AT_TTL).place, here.place);
	for (size_t at = AT_MAC_DST; at < 12; at++)
		cr_expect_neq(changed(at).place, here.place);
}

Test(digest, place_is_interface_and_file)
{
	_cleanup_(decode_freep) struct decode *decode = NULL;
	struct frame frame = { .file = 1,
		               .link_type = LINK_ETHERNET,
		               .data = BYTES(tcp_frame, sizeof(tcp_frame)) };
	struct packet one, other_file, other_interface;
	cr_assert_eq(decode_new(&decode, NULL), 0);
	decode_frame(decode, &frame, &one);
	frame.interface = 1;
	decode_frame(decode, &frame, &other_interface);
	frame = (struct frame){ .file = 2, .link_type = LINK_ETHERNET, .data = frame.data };
	decode_frame(decode, &frame, &other_file);
	cr_expect(is_alike(one.digest, other_file.digest));
	cr_expect(is_alike(one.digest, other_interface.digest));
	cr_expect_neq(one.digest.place, other_file.digest.place);
	cr_expect_neq(one.digest.place, other_interface.digest.place);
	cr_expect_neq(other_file.digest.place, other_interface.digest.place);
}

#define UDP4B IPV4B(33, 17), UDP(13), 'h', 'e', 'l', 'l', 'o'

Test(digest, tags_and_tunnels_are_places)
{
	const struct packet_digest seen[] = {
		DIGEST(LINK_ETHERNET, ETHER(0x0800), UDP4B),
		DIGEST(LINK_ETHERNET, ETHER(0x8100), TAG(7, 0x0800), UDP4B),
		DIGEST(LINK_ETHERNET, ETHER(0x8100), TAG(8, 0x0800), UDP4B),
		DIGEST(LINK_ETHERNET, ETHER(0x88a8), TAG(7, 0x8100), TAG(8, 0x0800), UDP4B),
		DIGEST(LINK_ETHERNET, ETHER(0x8847), LABEL(16, 1), UDP4B),
		DIGEST(LINK_ETHERNET, ETHER(0x8847), LABEL(17, 1), UDP4B),
		DIGEST(LINK_ETHERNET, ETHER(0x8864), 0x11, 0, 0, 5, 0, 35, 0, 0x21, UDP4B),
		DIGEST(LINK_ETHERNET, ETHER(0x0800), IPV4(53, 4), UDP4B),
		DIGEST(LINK_ETHERNET, ETHER(0x0800), IPV4(57, 47), 0, 0, 8, 0, UDP4B),
		DIGEST(LINK_ETHERNET, ETHER(0x0800), IPV4(83, 17), UDP_PORTS(40000, 4789, 63), 8, 0,
		       0, 0, 0, 1, 2, 0, ETHER(0x0800), UDP4B),
		DIGEST(LINK_ETHERNET, ETHER(0x0800), IPV4(83, 17), UDP_PORTS(40000, 4789, 63), 8, 0,
		       0, 0, 0, 1, 3, 0, ETHER(0x0800), UDP4B),
		DIGEST(LINK_RAW, UDP4B),
	};
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++) {
		cr_expect(is_alike(seen[i], seen[0]), "%zu", i);
		for (size_t j = 0; j < i; j++)
			cr_expect_neq(seen[i].place, seen[j].place, "%zu and %zu", i, j);
	}
}

Test(digest, cooked_headers_are_places)
{
	const struct packet_digest in = DIGEST(LINK_SLL, SLL(1, 0x0800), UDP4B);
	const struct packet_digest out =
	        DIGEST(LINK_SLL, 0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0, UDP4B);
	cr_expect(is_alike(in, out));
	cr_expect_neq(in.place, out.place);
	const struct packet_digest third = DIGEST(LINK_SLL2, SLL2(1, 0x0800), UDP4B);
	const struct packet_digest fourth = DIGEST(LINK_SLL2, 8, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 6, 2,
	                                           0, 0, 0, 0, 1, 0, 0, UDP4B);
	cr_expect(is_alike(third, fourth));
	cr_expect_neq(third.place, fourth.place);
}

/* Ethernet padding is no part of it; options, which hops may fill in, neither. */
Test(digest, padding_and_options)
{
	cr_expect(is_alike(DIGEST(LINK_ETHERNET, ETHER(0x0800), IPV4B(30, 17), UDP(10), 'a', 'b'),
	                   DIGEST(LINK_ETHERNET, ETHER(0x0800), IPV4B(30, 17), UDP(10), 'a', 'b', 0,
	                          0, 0, 0)));
	cr_expect(is_alike(DIGEST(LINK_RAW, IPV4_ANY(6, 32, 7, 0, 17), 7, 4, 0, 0, UDP(8)),
	                   DIGEST(LINK_RAW, IPV4_ANY(6, 32, 7, 0, 17), 7, 4, 8, 0, UDP(8))));
}

Test(digest, udp_checksum)
{
	static const uint8_t zero[] = { IPV4(30, 17), UDP(10), 'a', 'b' };
	uint8_t filled[sizeof(zero)], other[sizeof(zero)];
	memcpy(filled, zero, sizeof(zero));
	memcpy(other, zero, sizeof(zero));
	filled[26] = 0x12;
	filled[27] = 0x34;
	other[25]--; /* the length: one byte less is payload */
	const struct packet_digest wanted = digest_of(LINK_RAW, BYTES(zero, 30), 30);
	cr_expect(is_alike(digest_of(LINK_RAW, BYTES(filled, 30), 30), wanted));
	cr_expect_not(is_alike(digest_of(LINK_RAW, BYTES(other, 30), 30), wanted));
}

/* IPv6 has no ID; its flow label stands (RFC 6437), hop limit and traffic class may change. */
Test(digest, ipv6)
{
	static const uint8_t frame[] = { IPV6(21, 6), TCP(5, 0x12), 'a' };
	struct packet_digest wanted =
	        digest_of(LINK_RAW, BYTES(frame, sizeof(frame)), sizeof(frame));
	static const struct {
		size_t at;
		bool is_alike, is_elsewhere;
	} rows[] = {
		{ 1, true, false },   /* traffic class: the upper half of the byte */
		{ 3, false, false },  /* flow label */
		{ 7, true, true },    /* hop limit */
		{ 23, false, false }, /* source */
		{ 39, false, false }, /* destination */
		{ 56, true, false },  /* checksum of TCP */
		{ 60, false, false }, /* payload */
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t copy[sizeof(frame)];
		memcpy(copy, frame, sizeof(frame));
		copy[rows[i].at] ^= 0x10;
		struct packet_digest d =
		        digest_of(LINK_RAW, BYTES(copy, sizeof(copy)), sizeof(copy));
		cr_expect_eq(is_alike(d, wanted), rows[i].is_alike, "byte %zu", rows[i].at);
		cr_expect_eq(d.place != wanted.place, rows[i].is_elsewhere, "byte %zu", rows[i].at);
	}
}

/* Every bit of an ICMP error counts, quote and all; there is no checksum to leave out. */
Test(digest, icmp)
{
	static const uint8_t frame[] = { IPV4(56, 1), ICMP(3, 3), IPV4(500, 17), UDP(480) };
	struct packet_digest wanted =
	        digest_of(LINK_RAW, BYTES(frame, sizeof(frame)), sizeof(frame));
	static const size_t at[] = { 21, 22, 23, 32, 36, 40, 49, 55 };
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		uint8_t copy[sizeof(frame)];
		memcpy(copy, frame, sizeof(frame));
		copy[at[i]] ^= 0x01;
		cr_expect_not(is_alike(digest_of(LINK_RAW, BYTES(copy, sizeof(copy)), sizeof(copy)),
		                       wanted),
		              "byte %zu", at[i]);
	}
}

/* Cut alike: what was captured is compared. Cut elsewhere: the head alone, which must be whole. */
Test(digest, cut_by_the_snaplen)
{
	static uint8_t frame[600] = { IPV4(600, 17), UDP(580) }, other[600];
	memset(frame + 28, 'x', sizeof(frame) - 28);
	memcpy(other, frame, sizeof(frame));
	other[99] = 'y';
	const struct packet_digest cut = digest_of(LINK_RAW, BYTES(frame, 100), 600);
	cr_expect_eq(cut.captured, 40);
	cr_expect(is_alike(digest_of(LINK_RAW, BYTES(frame, 100), 600), cut));
	cr_expect_not(is_alike(digest_of(LINK_RAW, BYTES(other, 100), 600), cut));
	const struct packet_digest shorter = digest_of(LINK_RAW, BYTES(other, 96), 600);
	cr_expect_eq(shorter.captured, 36);
	cr_expect_eq(shorter.head, cut.head);
	cr_expect_neq(digest_of(LINK_RAW, BYTES(other, 59), 600).head, cut.head);
	/* A packet that ends there is another one. */
	static const uint8_t whole[100] = { IPV4(100, 17), UDP(80) };
	cr_expect_neq(digest_of(LINK_RAW, BYTES(whole, 100), 100).head, cut.head);
}

/* A copy from before the router that cut the datagram up. */
Test(digest, joined_is_like_whole)
{
	static const uint8_t whole[] = { IPV4_ANY(5, 44, 7, 0, 17),
		                         UDP(24),
		                         1,
		                         2,
		                         3,
		                         4,
		                         5,
		                         6,
		                         7,
		                         8,
		                         9,
		                         10,
		                         11,
		                         12,
		                         13,
		                         14,
		                         15,
		                         16 };
	static const uint8_t first[] = {
		IPV4_ANY(5, 36, 7, 0x2000, 17), UDP(24), 1, 2, 3, 4, 5, 6, 7, 8
	};
	static const uint8_t last[] = {
		IPV4_ANY(5, 28, 7, 0x0002, 17), 9, 10, 11, 12, 13, 14, 15, 16
	};
	_cleanup_(decode_freep) struct decode *decode = NULL;
	struct packet packet;
	cr_assert_eq(decode_new(&decode, NULL), 0);
	cr_assert_eq(decode_at(decode, 0, LINK_RAW, BYTES(first, sizeof(first)), 36, &packet),
	             DECODE_FRAGMENT_HELD);
	cr_assert_eq(decode_at(decode, 0, LINK_RAW, BYTES(last, sizeof(last)), 28, &packet),
	             DECODE_OK);
	cr_expect(is_alike(packet.digest, digest_of(LINK_RAW, BYTES(whole, sizeof(whole)), 44)));
}

/* Who does not know the key cannot tell what is alike; who has it sees the same. */
Test(digest, is_keyed)
{
	const struct hash_key key = { 1, 2 };
	const struct decode_options options = { .digest_key = &key };
	_cleanup_(decode_freep) struct decode *decode = NULL;
	struct packet packet;
	cr_assert_eq(decode_new(&decode, &options), 0);
	decode_at(decode, 0, LINK_ETHERNET, BYTES(tcp_frame, sizeof(tcp_frame)), 78, &packet);
	cr_expect_neq(packet.digest.head, plain().head);
	cr_expect_neq(packet.digest.body, plain().body);
	cr_expect_eq(packet.digest.place, plain().place);
}

static uint64_t head_in_vlan(bool separate_vlans, uint8_t vlan)
{
	const struct decode_options options = { .separate_vlans = separate_vlans };
	const uint8_t frame[] = { ETHER(0x8100), TAG(vlan, 0x8100), TAG(5, 0x0800), UDP4B };
	_cleanup_(decode_freep) struct decode *decode = NULL;
	struct packet packet;
	cr_assert_eq(decode_new(&decode, &options), 0);
	cr_assert_eq(decode_at(decode, 0, LINK_ETHERNET, BYTES(frame, sizeof(frame)), sizeof(frame),
	                       &packet),
	             DECODE_OK);
	return packet.digest.head;
}

Test(digest, vlans_kept_apart)
{
	cr_expect_eq(head_in_vlan(false, 7), head_in_vlan(false, 8));
	cr_expect_neq(head_in_vlan(true, 7), head_in_vlan(true, 8));
	cr_expect_eq(head_in_vlan(true, 7), head_in_vlan(true, 7));
}

/* ---- Fragments are asked before they are kept ------------------------------------------------ */

#define FIRST_PIECE(ttl)                                                                           \
	0x45, 0, 0, 36, 0, 7, 0x20, 0, ttl, 17, 0, 0, ADDRS4, UDP(24), 1, 2, 3, 4, 5, 6, 7, 8
#define LAST_PIECE(ttl, last)                                                                      \
	0x45, 0, 0, 28, 0, 7, 0, 2, ttl, 17, 0, 0, ADDRS4, 9, 10, 11, 12, 13, 14, 15, last

#define PIECE(decode, time_ns, packet, ...)                                                        \
	decode_at(decode, time_ns, LINK_RAW,                                                       \
	          BYTES(((const uint8_t[]){ __VA_ARGS__ }),                                        \
	                sizeof((const uint8_t[]){ __VA_ARGS__ })),                                 \
	          sizeof((const uint8_t[]){ __VA_ARGS__ }), packet)

#define US INT64_C(1000)

/* Each fragment mirrored 30 us later: one datagram, nothing left over. */
Test(digest, doubled_fragments)
{
	_cleanup_(decode_freep) struct decode *decode = NULL;
	struct packet packet;
	cr_assert_eq(decode_new(&decode, NULL), 0);
	cr_expect_eq(PIECE(decode, 0, &packet, FIRST_PIECE(64)), DECODE_FRAGMENT_HELD);
	cr_expect_eq(PIECE(decode, 30 * US, &packet, FIRST_PIECE(63)), DECODE_DUPLICATE);
	cr_expect_eq(PIECE(decode, 100 * US, &packet, LAST_PIECE(64, 16)), DECODE_OK);
	cr_expect_not(packet.is_disputed);
	cr_expect_eq(PIECE(decode, 130 * US, &packet, LAST_PIECE(63, 16)), DECODE_DUPLICATE);
	cr_expect_eq(decode_get_counters(decode)->fragments_joined_datagrams, 1);
	cr_expect_eq(decode_get_counters(decode)->fragments_given_up, 0);
	cr_expect_eq(decode_get_counters(decode)->fragments_overlapping, 0);
}

/* A piece with other content is no double: it contradicts, and the datagram says so. */
Test(digest, disputed_fragments)
{
	_cleanup_(decode_freep) struct decode *decode = NULL;
	struct packet packet;
	cr_assert_eq(decode_new(&decode, NULL), 0);
	cr_expect_eq(PIECE(decode, 0, &packet, LAST_PIECE(64, 16)), DECODE_FRAGMENT_HELD);
	cr_expect_eq(PIECE(decode, 30 * US, &packet, LAST_PIECE(63, 17)), DECODE_FRAGMENT_HELD);
	cr_expect_eq(PIECE(decode, 60 * US, &packet, FIRST_PIECE(64)), DECODE_OK);
	cr_expect(packet.is_disputed);
	cr_expect_eq(packet.payload.data[15], 16);
	cr_expect_eq(decode_get_counters(decode)->fragments_overlapping, 1);
	/* The next one of the same decoder is not. */
	cr_expect_eq(PIECE(decode, 0, &packet, IPV4(28, 17), UDP(8)), DECODE_OK);
	cr_expect_not(packet.is_disputed);
}

Test(digest, disputed_end_of_fragments)
{
	_cleanup_(decode_freep) struct decode *decode = NULL;
	struct packet packet;
	cr_assert_eq(decode_new(&decode, NULL), 0);
	cr_expect_eq(PIECE(decode, 0, &packet, LAST_PIECE(64, 16)), DECODE_FRAGMENT_HELD);
	cr_expect_eq(
	        PIECE(decode, 0, &packet, IPV4_ANY(5, 28, 7, 0x0003, 17), 1, 2, 3, 4, 5, 6, 7, 8),
	        DECODE_FRAGMENT_HELD);
	cr_expect_eq(PIECE(decode, 0, &packet, FIRST_PIECE(64)), DECODE_OK);
	cr_expect(packet.is_disputed);
}

/* With VLANs apart a datagram is made of pieces of one VLAN, and a copy elsewhere is its own. */
Test(digest, fragments_of_separate_vlans)
{
	const struct decode_options options = { .separate_vlans = true };
	static const uint8_t pieces[][64] = {
		{ ETHER(0x8100), TAG(1, 0x0800), FIRST_PIECE(64) },
		{ ETHER(0x8100), TAG(2, 0x0800), FIRST_PIECE(64) },
		{ ETHER(0x8100), TAG(1, 0x0800), LAST_PIECE(64, 16) },
		{ ETHER(0x8100), TAG(2, 0x0800), LAST_PIECE(64, 16) },
	};
	static const enum decode_status wanted[] = { DECODE_FRAGMENT_HELD, DECODE_FRAGMENT_HELD,
		                                     DECODE_OK, DECODE_OK };
	static const enum decode_status together[] = { DECODE_FRAGMENT_HELD, DECODE_DUPLICATE,
		                                       DECODE_OK, DECODE_DUPLICATE };
	_cleanup_(decode_freep) struct decode *apart = NULL, *one = NULL;
	struct packet packet;
	cr_assert_eq(decode_new(&apart, &options), 0);
	cr_assert_eq(decode_new(&one, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		cr_expect_eq(decode_at(apart, 0, LINK_ETHERNET, BYTES(pieces[i], 64), 64, &packet),
		             wanted[i]);
		cr_expect_eq(decode_at(one, 0, LINK_ETHERNET, BYTES(pieces[i], 64), 64, &packet),
		             together[i]);
	}
}
