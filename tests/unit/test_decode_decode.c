#include "test_decode_frames.h"

Test(decode, every_hand_frame_ends_as_written)
{
	for (size_t i = 0; i < ARRAY_SIZE(hand_frames); i++) {
		struct packet packet;
		decode_hand(hand_frames[i].name, &packet);
	}
}

Test(decode, cut_by_snaplen_is_short_until_enough_is_there)
{
	for (size_t i = 0; i < ARRAY_SIZE(hand_frames); i++) {
		const struct hand_frame *f = &hand_frames[i];
		for (size_t len = 0; len < f->bytes.len; len++) {
			struct packet packet;
			enum decode_status status = decode_one(
			        f->link_type, bytes_take(f->bytes, len), f->bytes.len, &packet);
			enum decode_status expected = len < f->need ? DECODE_SHORT : f->status;
			cr_expect_eq(status, expected, "%s cut at %zu: %s", f->name, len,
			             decode_status_word(status));
			if (status == DECODE_OK)
				cr_expect_leq(packet.payload.len, packet.payload_len_wire);
		}
	}
}

/* Nothing was cut, so the length in the header is a lie; without a length the frame is just small.
 */
Test(decode, ends_too_early_on_the_wire)
{
	for (size_t i = 0; i < ARRAY_SIZE(hand_frames); i++) {
		const struct hand_frame *f = &hand_frames[i];
		for (size_t len = 0; len < f->need; len++) {
			struct packet packet;
			enum decode_status status =
			        decode_one(f->link_type, bytes_take(f->bytes, len), len, &packet);
			cr_expect_eq(status, DECODE_INVALID, "%s of %zu: %s", f->name, len,
			             decode_status_word(status));
		}
	}
}

Test(decode, fills_every_field)
{
	struct packet packet;
	memset(&packet, 0xa5, sizeof(packet));
	decode_hand("udp", &packet);
	cr_expect_eq(packet.file, 3);
	cr_expect_eq(packet.number, 17);
	cr_expect_eq(packet.time_ns, 0);
	expect_addr(&packet.src, "192.0.2.1");
	expect_addr(&packet.dst, "198.51.100.2");
	cr_expect_eq(packet.src_port, 5060);
	cr_expect_eq(packet.dst_port, 40000);
	cr_expect_eq(packet.transport, 17);
	cr_expect_eq(packet.ttl, 63);
	cr_expect_eq(packet.n_vlans, 0);
	cr_expect_eq(packet.n_tunnels, 0);
	cr_expect_eq(packet.tcp_flags, 0);
	cr_expect_eq(packet.tcp_seq, 0);
	cr_expect_eq(packet.tcp_ack, 0);
	cr_expect(bytes_equal(packet.payload, BYTES_LITERAL("abcd")));
	cr_expect_eq(packet.payload_len_wire, 4);
	cr_expect_eq(packet.ip_len, 32);
	cr_expect_not(packet.is_joined);
	cr_expect_eq(packet.icmp_type, 0);
	cr_expect_eq(packet.icmp_code, 0);
	cr_expect_eq(packet.quote.transport, 0);
}

Test(decode, each_status_has_its_word)
{
	static const char *const words[] = { "ok",    "fragment-held", "duplicate",
		                             "other", "short",         "invalid",
		                             "unsupported" };
	cr_assert_eq(N_DECODE_STATUSES, 7);
	for (int i = 0; i < N_DECODE_STATUSES; i++)
		cr_expect_str_eq(decode_status_word((enum decode_status)i), words[i]);
}

Test(decode, each_status_is_reached)
{
	struct packet packet;
	const struct hand_frame *udp = hand_frame("udp");
	decode_hand("udp", &packet);
	decode_hand("first-fragment", &packet);
	const struct hand_frame *fragment = hand_frame("first-fragment");
	_cleanup_(decode_freep) struct decode *decode = NULL;
	cr_assert_eq(decode_new(&decode, NULL), 0);
	decode_at(decode, 0, LINK_ETHERNET, fragment->bytes, fragment->bytes.len, &packet);
	cr_expect_eq(
	        decode_at(decode, 0, LINK_ETHERNET, fragment->bytes, fragment->bytes.len, &packet),
	        DECODE_DUPLICATE);
	decode_hand("arp", &packet);
	cr_expect_eq(decode_one(LINK_ETHERNET, bytes_take(udp->bytes, 37), 46, &packet),
	             DECODE_SHORT);
	cr_expect_eq(decode_one(LINK_ETHERNET, bytes_take(udp->bytes, 37), 37, &packet),
	             DECODE_INVALID);
	decode_hand("macsec", &packet);
}

/* A frame that says it was shorter on the wire than what was captured is as long as captured. */
Test(decode, wire_length_below_captured)
{
	struct packet packet;
	const struct hand_frame *tso = hand_frame("tso");
	cr_expect_eq(decode_one(LINK_ETHERNET, tso->bytes, 10, &packet), DECODE_OK);
	cr_expect_eq(packet.ip_len, 45);
}

Test(decode, free_takes_null)
{
	cr_expect_null(decode_free(NULL));
}
