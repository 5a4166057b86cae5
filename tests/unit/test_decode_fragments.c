#include "test_decode_frames.h"

#define SECOND NS_PER_SECOND

/* One IPv4 fragment of protocol 253, whose payload is the datagram; the data repeats fill. */
struct piece {
	uint16_t id;
	uint16_t place; /* flags and offset as in the header */
	size_t len;
	uint8_t fill;
};

static enum decode_status add4(struct decode *decode, int64_t time_ns, struct piece piece,
                               struct packet *packet)
{
	uint8_t head[] = { IPV4_ANY(5, 20 + piece.len, piece.id, piece.place, 253) };
	uint8_t *frame = malloc(sizeof(head) + piece.len);
	cr_assert_not_null(frame);
	memcpy(frame, head, sizeof(head));
	memset(frame + sizeof(head), piece.fill, piece.len);
	size_t len = sizeof(head) + piece.len;
	enum decode_status status =
	        decode_at(decode, time_ns, LINK_RAW, BYTES(frame, len), len, packet);
	free(frame);
	return status;
}

static enum decode_status add6(struct decode *decode, uint16_t place, uint8_t next,
                               struct bytes data, struct packet *packet)
{
	uint8_t head[] = { ETHER(0x86dd), IPV6(16 + data.len, 60), EXTENSION8(44),
		           FRAGMENT6(next, place, 9) };
	uint8_t frame[512];
	cr_assert_leq(sizeof(head) + data.len, sizeof(frame));
	memcpy(frame, head, sizeof(head));
	memcpy(frame + sizeof(head), data.data, data.len);
	size_t len = sizeof(head) + data.len;
	return decode_at(decode, 0, LINK_ETHERNET, BYTES(frame, len), len, packet);
}

static struct decode *decoder(const struct decode_options *options)
{
	struct decode *decode = NULL;
	cr_assert_eq(decode_new(&decode, options), 0);
	return decode;
}

static void expect_counters(const struct decode *decode, uint64_t joined, uint64_t given_up,
                            uint64_t overlapping)
{
	const struct decode_counters *counters = decode_get_counters(decode);
	cr_expect_eq(counters->fragments_joined_datagrams, joined);
	cr_expect_eq(counters->fragments_given_up, given_up);
	cr_expect_eq(counters->fragments_overlapping, overlapping);
}

static void expect_fill(struct bytes payload, size_t at, size_t len, uint8_t fill)
{
	cr_assert_geq(payload.len, at + len);
	for (size_t i = at; i < at + len; i++)
		cr_assert_eq(payload.data[i], fill, "byte %zu is %u", i, payload.data[i]);
}

static const struct piece first = { 7, 0x2000, 16, 'a' }; /* 0 to 15, more */
static const struct piece middle = { 7, 0x2002, 8, 'b' }; /* 16 to 23, more */
static const struct piece last = { 7, 0x0003, 5, 'c' };   /* 24 to 28, no more */

static void expect_joined(const struct packet *packet)
{
	cr_expect(packet->is_joined);
	cr_expect_eq(packet->transport, 253);
	cr_expect_eq(packet->ip_len, 20 + 29);
	cr_expect_eq(packet->payload_len_wire, 29);
	cr_assert_eq(packet->payload.len, 29);
	expect_fill(packet->payload, 0, 16, 'a');
	expect_fill(packet->payload, 16, 8, 'b');
	expect_fill(packet->payload, 24, 5, 'c');
}

Test(fragments, any_order)
{
	const struct piece *const orders[][3] = {
		{ &first, &middle, &last }, { &first, &last, &middle }, { &middle, &first, &last },
		{ &middle, &last, &first }, { &last, &first, &middle }, { &last, &middle, &first },
	};
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct packet packet;
		int64_t at = (int64_t)i * SECOND; /* sooner they would be doubles */
		cr_expect_eq(add4(decode, at, *orders[i][0], &packet), DECODE_FRAGMENT_HELD);
		cr_expect_eq(add4(decode, at, *orders[i][1], &packet), DECODE_FRAGMENT_HELD);
		expect_counters(decode, i, 2, 0);
		cr_expect_eq(add4(decode, at, *orders[i][2], &packet), DECODE_OK);
		expect_joined(&packet);
		expect_counters(decode, i + 1, 0, 0);
	}
}

Test(fragments, packet_is_that_of_the_completing_frame)
{
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	add4(decode, 1 * SECOND, first, &packet);
	add4(decode, 2 * SECOND, middle, &packet);
	cr_expect_eq(add4(decode, 3 * SECOND, last, &packet), DECODE_OK);
	cr_expect_eq(packet.time_ns, 3 * SECOND);
	cr_expect_eq(packet.number, 17);
	cr_expect_eq(packet.ttl, 63);
	expect_addr(&packet.src, "192.0.2.1");
}

Test(fragments, udp_ports_come_from_the_whole)
{
	static const uint8_t head[] = { IPV4_ANY(5, 28, 7, 0x2000, 17), UDP(11) };
	static const uint8_t tail[] = { IPV4_ANY(5, 23, 7, 0x0001, 17), 'x', 'y', 'z' };
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	cr_expect_eq(
	        decode_at(decode, 0, LINK_RAW, BYTES(tail, sizeof(tail)), sizeof(tail), &packet),
	        DECODE_FRAGMENT_HELD);
	cr_expect_eq(
	        decode_at(decode, 0, LINK_RAW, BYTES(head, sizeof(head)), sizeof(head), &packet),
	        DECODE_OK);
	cr_expect_eq(packet.dst_port, 40000);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("xyz")));
}

/* What was joined is judged like any packet. */
Test(fragments, joined_datagram_may_lie)
{
	static const uint8_t head[] = { IPV4_ANY(5, 28, 7, 0x2000, 17), UDP(99) };
	static const uint8_t tail[] = { IPV4_ANY(5, 23, 7, 0x0001, 17), 'x', 'y', 'z' };
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	decode_at(decode, 0, LINK_RAW, BYTES(head, sizeof(head)), sizeof(head), &packet);
	cr_expect_eq(
	        decode_at(decode, 0, LINK_RAW, BYTES(tail, sizeof(tail)), sizeof(tail), &packet),
	        DECODE_INVALID);
	expect_counters(decode, 1, 0, 0);
}

Test(fragments, authentication_header_in_ipv4)
{
	static const uint8_t head[] = { IPV4_ANY(5, 36, 7, 0x2000, 51), AH12(17), PORTS };
	static const uint8_t tail[] = { IPV4_ANY(5, 24, 7, 0x0002, 51), 0, 8, 0, 0 };
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	cr_expect_eq(
	        decode_at(decode, 0, LINK_RAW, BYTES(head, sizeof(head)), sizeof(head), &packet),
	        DECODE_FRAGMENT_HELD);
	cr_expect_eq(
	        decode_at(decode, 0, LINK_RAW, BYTES(tail, sizeof(tail)), sizeof(tail), &packet),
	        DECODE_OK);
	cr_expect_eq(packet.transport, 17);
	cr_expect_eq(packet.src_port, 5060);
}

Test(fragments, ipv6)
{
	static const uint8_t head[] = { EXTENSION8(17), UDP(11) };
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	/* Only the first fragment's next header counts (RFC 8200); the other says 6. */
	cr_expect_eq(add6(decode, 16, 6, BYTES_LITERAL("xyz"), &packet), DECODE_FRAGMENT_HELD);
	cr_expect_eq(add6(decode, 1, 60, BYTES(head, sizeof(head)), &packet), DECODE_OK);
	cr_expect(packet.is_joined);
	cr_expect_eq(packet.transport, 17);
	cr_expect_eq(packet.src_port, 5060);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("xyz")));
	/* IPv6 header, destination options before the fragment header, 16 + 3 bytes of data. */
	cr_expect_eq(packet.ip_len, 40 + 8 + 19);
}

/* The second half of each datagram would be a good UDP packet, were it reached. */
Test(fragments, ipv6_headers_that_cannot_be_inside)
{
	static const uint8_t fragment[] = { FRAGMENT6(17, 0, 1) };
	static const uint8_t hop_by_hop[] = { EXTENSION8(17) };
	static const uint8_t udp[] = { UDP(8) };
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	add6(decode, 1, 44, BYTES(fragment, sizeof(fragment)), &packet);
	cr_expect_eq(add6(decode, 8, 44, BYTES(udp, sizeof(udp)), &packet), DECODE_INVALID);
	add6(decode, 1, 0, BYTES(hop_by_hop, sizeof(hop_by_hop)), &packet);
	cr_expect_eq(add6(decode, 8, 0, BYTES(udp, sizeof(udp)), &packet), DECODE_INVALID);
	/* Destination options can be there. */
	add6(decode, 1, 60, BYTES(hop_by_hop, sizeof(hop_by_hop)), &packet);
	cr_expect_eq(add6(decode, 8, 60, BYTES(udp, sizeof(udp)), &packet), DECODE_OK);
}

/* 192.0.2.1 in an IPv6 header is the same host, but no fragment of IPv4's datagram. */
Test(fragments, versions_do_not_mix)
{
	static const uint8_t head4[] = { IPV4_ANY(5, 28, 9, 0x2000, 0), 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t tail6[] = {
		0x60,
		0,
		0,
		0,
		0,
		9,
		44,
		62,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0xff,
		0xff,
		192,
		0,
		2,
		1,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0xff,
		0xff,
		198,
		51,
		100,
		2,
		FRAGMENT6(17, 8, 9),
		'x',
	};
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	cr_expect_eq(
	        decode_at(decode, 0, LINK_RAW, BYTES(head4, sizeof(head4)), sizeof(head4), &packet),
	        DECODE_FRAGMENT_HELD);
	cr_expect_eq(
	        decode_at(decode, 0, LINK_RAW, BYTES(tail6, sizeof(tail6)), sizeof(tail6), &packet),
	        DECODE_FRAGMENT_HELD);
	expect_counters(decode, 0, 2, 0);
}

/* RFC 6946: an atomic fragment never meets others of its id. */
Test(fragments, ipv6_atomic)
{
	static const uint8_t data[] = { UDP(8) };
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	add6(decode, 8, 17, BYTES_LITERAL("xyz"), &packet);
	cr_expect_eq(add6(decode, 0, 17, BYTES(data, sizeof(data)), &packet), DECODE_OK);
	cr_expect_not(packet.is_joined);
	cr_expect_eq(packet.dst_port, 40000);
	expect_counters(decode, 0, 1, 0);
}

Test(fragments, key_has_addresses_id_and_protocol)
{
	static const uint8_t other_protocol[] = { IPV4_ANY(5, 25, 7, 0x0003, 254), 1, 2, 3, 4, 5 };
	static const uint8_t other_source[] = { 0x45, 0, 0, 25,  0,  7,   0, 3, 63, 253, 0, 0, 192,
		                                0,    2, 9, 198, 51, 100, 2, 1, 2,  3,   4, 5 };
	static const uint8_t other_version[] = {
		IPV6(13, 44), FRAGMENT6(253, 24, 7), 1, 2, 3, 4, 5
	};
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	add4(decode, 0, first, &packet);
	add4(decode, 0, middle, &packet);
	cr_expect_eq(decode_at(decode, 0, LINK_RAW, BYTES(other_protocol, 25), 25, &packet),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(decode_at(decode, 0, LINK_RAW, BYTES(other_source, 25), 25, &packet),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(decode_at(decode, 0, LINK_RAW, BYTES(other_version, 53), 53, &packet),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(add4(decode, 0, (struct piece){ 8, 0x0003, 5, 'c' }, &packet),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(add4(decode, 0, last, &packet), DECODE_OK);
	expect_joined(&packet);
	expect_counters(decode, 1, 4, 0);
}

Test(fragments, copies_are_no_contradiction)
{
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	for (int i = 0; i < 3; i++) {
		int64_t at = (int64_t)i * SECOND;
		cr_expect_eq(add4(decode, at, first, &packet), DECODE_FRAGMENT_HELD);
		cr_expect_eq(add4(decode, at, last, &packet), DECODE_FRAGMENT_HELD);
	}
	cr_expect_eq(add4(decode, 0, middle, &packet), DECODE_OK);
	expect_joined(&packet);
	expect_counters(decode, 1, 0, 0);
}

Test(fragments, first_copy_wins)
{
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	add4(decode, 0, first, &packet);
	/* 8 to 23 in 'x': its second half is new, its first contradicts. */
	cr_expect_eq(add4(decode, 0, (struct piece){ 7, 0x2001, 16, 'x' }, &packet),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(add4(decode, 0, last, &packet), DECODE_OK);
	expect_fill(packet.payload, 0, 16, 'a');
	expect_fill(packet.payload, 16, 8, 'x');
	expect_fill(packet.payload, 24, 5, 'c');
	expect_counters(decode, 1, 0, 1);
}

/* The second fragment lies inside the first and ends before it: kernels once copied -n bytes. */
Test(fragments, teardrop)
{
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	cr_expect_eq(add4(decode, 0, (struct piece){ 7, 0x2000, 40, 'a' }, &packet),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(add4(decode, 0, (struct piece){ 7, 0x0003, 4, 'b' }, &packet),
	             DECODE_FRAGMENT_HELD);
	expect_counters(decode, 0, 2, 1);
	/* The first end that fits still joins it. */
	cr_expect_eq(add4(decode, 0, (struct piece){ 7, 0x0005, 4, 'c' }, &packet), DECODE_OK);
	cr_expect_eq(packet.payload.len, 44);
	expect_fill(packet.payload, 0, 40, 'a');
}

Test(fragments, two_ends)
{
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	add4(decode, 0, last, &packet);
	cr_expect_eq(add4(decode, 0, (struct piece){ 7, 0x0004, 5, 'x' }, &packet),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(add4(decode, 0, (struct piece){ 7, 0x2004, 8, 'x' }, &packet),
	             DECODE_FRAGMENT_HELD);
	add4(decode, 0, first, &packet);
	cr_expect_eq(add4(decode, 0, middle, &packet), DECODE_OK);
	expect_joined(&packet);
	expect_counters(decode, 1, 0, 2);
}

Test(fragments, impossible)
{
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	/* Nothing in it; more to come at a place that is no multiple of 8; beyond 65535 bytes. */
	cr_expect_eq(add4(decode, 0, (struct piece){ 7, 0x2000, 0, 0 }, &packet), DECODE_INVALID);
	cr_expect_eq(add4(decode, 0, (struct piece){ 7, 0x2000, 12, 0 }, &packet), DECODE_INVALID);
	cr_expect_eq(add4(decode, 0, (struct piece){ 7, 0x1fff, 8, 0 }, &packet), DECODE_INVALID);
	cr_expect_eq(add4(decode, 0, (struct piece){ 7, 0x1ffd, 4, 0 }, &packet), DECODE_INVALID);
	expect_counters(decode, 0, 0, 0);
	/* 20 + 65515: the largest there is. In IPv6 the fixed header does not count. */
	cr_expect_eq(add4(decode, 0, (struct piece){ 7, 0x1ffd, 3, 0 }, &packet),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(add6(decode, 0xfff0, 17, BYTES_LITERAL("1234567"), &packet),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(add6(decode, 0xfff0, 17, BYTES_LITERAL("12345678"), &packet), DECODE_INVALID);
}

Test(fragments, largest_datagram)
{
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	/* 44 fragments of 1480 bytes are 65120; 395 more make 65515. */
	for (uint16_t i = 0; i < 44; i++)
		cr_assert_eq(
		        add4(decode, 0,
		             (struct piece){ 7, (uint16_t)(0x2000 | i * 185), 1480, (uint8_t)i },
		             &packet),
		        DECODE_FRAGMENT_HELD);
	cr_assert_eq(add4(decode, 0, (struct piece){ 7, 44 * 185, 395, 44 }, &packet), DECODE_OK);
	cr_expect_eq(packet.ip_len, 65535);
	cr_assert_eq(packet.payload.len, 65515);
	for (uint8_t i = 0; i < 44; i++)
		expect_fill(packet.payload, i * 1480u, 1480, i);
	expect_fill(packet.payload, 65120, 395, 44);
}

/* 8190 fragments of 8 bytes are one datagram like another. */
Test(fragments, tiny)
{
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	for (uint16_t i = 8188; i > 0; i--)
		cr_assert_eq(
		        add4(decode, 0, (struct piece){ 7, 0x2000 | i, 8, (uint8_t)i }, &packet),
		        DECODE_FRAGMENT_HELD);
	cr_assert_eq(add4(decode, 0, (struct piece){ 7, 8189, 3, 9 }, &packet),
	             DECODE_FRAGMENT_HELD);
	cr_assert_eq(add4(decode, 0, (struct piece){ 7, 0x2000, 8, 0 }, &packet), DECODE_OK);
	cr_expect_eq(packet.payload.len, 65515);
	expect_fill(packet.payload, 8188u * 8, 8, (uint8_t)8188);
	expect_counters(decode, 1, 0, 0);
}

Test(fragments, timeout_is_packet_time)
{
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	add4(decode, 100 * SECOND, first, &packet);
	add4(decode, 130 * SECOND, middle, &packet);
	cr_expect_eq(add4(decode, 130 * SECOND, last, &packet),
	             DECODE_OK); /* 30 s: still in time */

	add4(decode, 200 * SECOND, first, &packet);
	add4(decode, 200 * SECOND, middle, &packet);
	cr_expect_eq(add4(decode, 230 * SECOND + 1, last, &packet), DECODE_FRAGMENT_HELD);
	expect_counters(decode, 1, 3, 0);
	/* last began a datagram of its own at 230 s. */
	add4(decode, 231 * SECOND, first, &packet);
	cr_expect_eq(add4(decode, 232 * SECOND, middle, &packet), DECODE_OK);
	expect_counters(decode, 2, 2, 0);
}

Test(fragments, timeout_option_and_time_going_back)
{
	const struct decode_options options = { .fragment_timeout_ns = 15 * SECOND };
	_cleanup_(decode_freep) struct decode *decode = decoder(&options);
	struct packet packet;
	add4(decode, 100 * SECOND, first, &packet);
	add4(decode, 50 * SECOND, (struct piece){ 8, 0x2000, 16, 'a' }, &packet);
	/* Id 8 is past its time although id 7, older by arrival, is not. */
	cr_expect_eq(add4(decode, 70 * SECOND, (struct piece){ 8, 0x0002, 3, 'b' }, &packet),
	             DECODE_FRAGMENT_HELD);
	add4(decode, INT64_MIN, middle, &packet);
	cr_expect_eq(add4(decode, 115 * SECOND, last, &packet), DECODE_OK);
	expect_joined(&packet);
	cr_expect_eq(add4(decode, INT64_MAX, first, &packet), DECODE_FRAGMENT_HELD);
	/* A second after the one before, or it would be its double. */
	cr_expect_eq(add4(decode, INT64_MIN + SECOND, middle, &packet), DECODE_FRAGMENT_HELD);
	cr_expect_eq(add4(decode, INT64_MAX, last, &packet), DECODE_OK);
}

/* The smallest budget has 32 pages of 2048 bytes, and as many datagrams. */
Test(fragments, oldest_makes_room_for_datagrams)
{
	const struct decode_options options = { .fragment_budget_bytes = 1 };
	_cleanup_(decode_freep) struct decode *decode = decoder(&options);
	struct packet packet;
	for (uint16_t id = 0; id < 33; id++)
		cr_expect_eq(add4(decode, 0, (struct piece){ id, 0x2000, 8, 'a' }, &packet),
		             DECODE_FRAGMENT_HELD);
	/* Id 0 had to go: its last fragment stands alone, and drives out id 1. */
	cr_expect_eq(add4(decode, 0, (struct piece){ 0, 0x0001, 8, 'b' }, &packet),
	             DECODE_FRAGMENT_HELD);
	for (uint16_t id = 2; id < 33; id++)
		cr_expect_eq(add4(decode, 0, (struct piece){ id, 0x0001, 8, 'b' }, &packet),
		             DECODE_OK);
	expect_counters(decode, 31, 3, 0);
}

Test(fragments, oldest_makes_room_for_pages)
{
	const struct decode_options options = { .fragment_budget_bytes = 1 };
	_cleanup_(decode_freep) struct decode *decode = decoder(&options);
	struct packet packet;
	add4(decode, 0, first, &packet);
	/* All 32 pages for one datagram: the first one is given up, the large one is joined. */
	for (uint16_t i = 0; i < 31; i++)
		cr_assert_eq(
		        add4(decode, 0, (struct piece){ 9, 0x2000 | i * 256, 2048, 'z' }, &packet),
		        DECODE_FRAGMENT_HELD);
	cr_expect_eq(add4(decode, 0, (struct piece){ 9, 31 * 256, 100, 'z' }, &packet), DECODE_OK);
	cr_expect_eq(packet.payload.len, 31 * 2048 + 100);
	expect_counters(decode, 1, 1, 0);
}

/* The oldest wants another page and there is none: it goes itself. */
Test(fragments, oldest_gives_way_to_itself)
{
	const struct decode_options options = { .fragment_budget_bytes = 1 };
	_cleanup_(decode_freep) struct decode *decode = decoder(&options);
	struct packet packet;
	for (uint16_t id = 0; id < 32; id++)
		add4(decode, 0, (struct piece){ id, 0x2000, 8, 'a' }, &packet);
	cr_expect_eq(add4(decode, 0, (struct piece){ 0, 0x2000 | 256, 8, 'a' }, &packet),
	             DECODE_FRAGMENT_HELD);
	expect_counters(decode, 0, 33, 0);
	/* Now there is room for one more, and the others are untouched. */
	add4(decode, 0, (struct piece){ 40, 0x2000, 8, 'a' }, &packet);
	cr_expect_eq(add4(decode, 0, (struct piece){ 1, 0x0001, 8, 'b' }, &packet), DECODE_OK);
}

/* Captured with a snaplen: lengths join, bytes as far as all of them are there. */
Test(fragments, cut_by_snaplen)
{
	static const uint8_t head[] = { IPV4_ANY(5, 44, 7, 0x2000, 17), UDP(40), 'a', 'b' };
	static const uint8_t whole[] = { IPV4_ANY(5, 44, 7, 0x2000, 17),
		                         UDP(40),
		                         'a',
		                         'b',
		                         'c',
		                         'd',
		                         'e',
		                         'f',
		                         'g',
		                         'h',
		                         'i',
		                         'j',
		                         'k',
		                         'l',
		                         'm',
		                         'n',
		                         'o',
		                         'p' };
	static const uint8_t tail[] = { IPV4_ANY(5, 36, 7, 0x0003, 17), 'c', 'd' };
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	cr_expect_eq(decode_at(decode, 0, LINK_RAW, BYTES(head, sizeof(head)), 44, &packet),
	             DECODE_FRAGMENT_HELD);
	/* A whole copy does not contradict the one that was cut, nor does it take its place. */
	cr_expect_eq(decode_at(decode, 0, LINK_RAW, BYTES(whole, sizeof(whole)), 44, &packet),
	             DECODE_FRAGMENT_HELD);
	cr_expect_eq(decode_at(decode, 0, LINK_RAW, BYTES(tail, sizeof(tail)), 36, &packet),
	             DECODE_OK);
	cr_expect_eq(packet.dst_port, 40000);
	cr_expect_eq(packet.payload_len_wire, 32);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("ab")));
	expect_counters(decode, 1, 0, 0);
}

Test(fragments, ports_cut_by_snaplen)
{
	static const uint8_t head[] = { IPV4_ANY(5, 28, 7, 0x2000, 17), 0x13 };
	static const uint8_t tail[] = { IPV4_ANY(5, 28, 7, 0x0001, 17), 1, 2, 3, 4, 5, 6, 7, 8 };
	_cleanup_(decode_freep) struct decode *decode = decoder(NULL);
	struct packet packet;
	decode_at(decode, 0, LINK_RAW, BYTES(head, sizeof(head)), 28, &packet);
	cr_expect_eq(decode_at(decode, 0, LINK_RAW, BYTES(tail, sizeof(tail)), 28, &packet),
	             DECODE_SHORT);
}
