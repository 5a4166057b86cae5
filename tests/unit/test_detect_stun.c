/* src/detect/stun.c: what counts as STUN and TURN, what is told of it, and what is not STUN. */
#include "detect_hex.h"

/* The sample request and answer of RFC 5769 sections 2.1 and 2.2, fingerprints included. */
#define RFC5769_REQUEST                                                                            \
	"0001 0058 2112a442 b7e7a701bc34d686fa87dfae"                                              \
	"8022 0010 'STUN test client'"                                                             \
	"0024 0004 6e0001ff  8029 0008 932ff9b151263b36"                                           \
	"0006 0009 'evtj:h6vY' 202020"                                                             \
	"0008 0014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"                                       \
	"8028 0004 e57a3bcf"
#define RFC5769_ANSWER                                                                             \
	"0101 003c 2112a442 b7e7a701bc34d686fa87dfae"                                              \
	"8022 000b 'test vector' 20"                                                               \
	"0020 0008 0001a147e112a643"                                                               \
	"0008 0014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"                                       \
	"8028 0004 c07d4c96"

/* TURN (RFC 8656): Allocate, refused with 401, repeated with credentials, granted. */
#define ALLOCATE_1 "0003 0008 2112a442 00000000000000000000000a  0019 0004 11000000"
#define ALLOCATE_401                                                                               \
	"0113 0020 2112a442 00000000000000000000000a  0009 0010 00000401 'Unauthorized'"           \
	"0014 0007 'example' 00"
#define ALLOCATE_2                                                                                 \
	"0003 0010 2112a442 00000000000000000000000b  0019 0004 11000000 0006 0004 'user'"
#define ALLOCATE_OK                                                                                \
	"0103 0018 2112a442 00000000000000000000000b"                                              \
	"0016 0008 0001a147e112a643 0020 0008 0001a147e112a643"

Test(detect_stun, request_and_answer)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, RFC5769_REQUEST);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	cr_assert_eq(feed.flow.facts->opener_side, -1, "requests go both ways");
	feed_hex(&feed, 1, RFC5769_ANSWER);
	feed_finish(&feed);
	const struct facts *facts = feed.flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_STUN);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->protocol_packet, 1);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert_str_eq(detect_name(facts), "stun");
	cr_assert_eq(facts->opener_side, 0);
	cr_assert_not(facts->has_media);
	cr_assert_eq(feed_number(&feed, "stun.answered"), 1);
	cr_assert_eq(feed_number(&feed, "stun.xor_mapped"), 1);
	cr_assert_eq(feed_number(&feed, "stun.fingerprint"), 1);
	cr_assert_eq(feed_number(&feed, "stun.microsoft"), -1);
	cr_assert(feed_has_text(&feed, "stun.software", "STUN test client"));
	feed_close(&feed);
}

Test(detect_stun, answer_names_its_sender_the_responder)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, RFC5769_ANSWER);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->opener_side, 1);
	cr_assert_eq(feed.flow.opener, 1);
	cr_assert_eq(feed_number(&feed, "stun.answered"), -1, "no request was seen");
	feed_close(&feed);
}

Test(detect_stun, request_without_answer)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, RFC5769_REQUEST);
	feed_hex(&feed, 0, RFC5769_REQUEST);
	/* An answer to something else answers nothing. */
	feed_hex(&feed, 1, "0101 0000 2112a442 ffffffffffffffffffffffff");
	feed_finish(&feed);
	cr_assert_eq(feed_number(&feed, "stun.answered"), 0);
	feed_close(&feed);
}

Test(detect_stun, wrong_fingerprint_refutes_nothing)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, "0001 0008 2112a442 b7e7a701bc34d686fa87dfae 8028 0004 00000000");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	cr_assert_eq(feed_number(&feed, "stun.fingerprint"), -1);
	feed_close(&feed);
}

/* A message whose checksum uses entry 5a of the table: right by the standard and by the slip. */
Test(detect_stun, fingerprint_of_the_old_microsoft_table)
{
	static const char *const messages[] = {
		"0001 0008 2112a442 0000000000000000000000c8 8028 0004 2715b374",
		"0001 0008 2112a442 0000000000000000000000c8 8028 0004 a410e374",
	};
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct feed feed;
		feed_open_udp(&feed);
		feed_hex(&feed, 0, messages[i]);
		cr_assert_eq(feed_number(&feed, "stun.fingerprint"), 1, "message %zu", i);
		feed_close(&feed);
	}
}

Test(detect_stun, microsoft_ice)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0,
	         "0001 0018 2112a442 0102030405060708090a0b0c"
	         "8070 0004 00000002  8054 0004 31000000  0024 0004 6e0001ff");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	cr_assert_eq(feed_number(&feed, "stun.microsoft"), 1);
	cr_assert_eq(feed_number(&feed, "stun.microsoft_version"), 2);
	cr_assert_eq(feed_number(&feed, "stun.ice"), 1, "0024 is a priority");
	feed_close(&feed);
}

/* A check of the IETF's ICE: USE-CANDIDATE and a role. */
Test(detect_stun, ice)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(
	        &feed, 0,
	        "0001 0010 2112a442 0102030405060708090a0b0c 0025 0000 802a 0008 0000000000000001");
	feed_finish(&feed);
	cr_assert_eq(feed_number(&feed, "stun.ice"), 1);
	cr_assert_eq(feed_number(&feed, "stun.microsoft"), -1);
	cr_assert_eq(feed_number(&feed, "stun.microsoft_version"), -1);
	feed_close(&feed);
}

Test(detect_stun, turn_allocate)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, ALLOCATE_1);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TURN);
	cr_assert_eq(feed.flow.facts->opener_side, 0);
	feed_hex(&feed, 1, ALLOCATE_401);
	feed_hex(&feed, 0, ALLOCATE_2);
	feed_hex(&feed, 1, ALLOCATE_OK);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TURN);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(feed_number(&feed, "stun.error"), 401);
	cr_assert_eq(feed_number(&feed, "stun.answered"), 1);
	cr_assert_eq(feed_number(&feed, "turn.relayed"), -1);
	feed_close(&feed);
}

Test(detect_stun, binding_then_turn)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, RFC5769_REQUEST);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	feed_hex(&feed, 0, ALLOCATE_1);
	feed_hex(&feed, 0, RFC5769_REQUEST);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TURN);
	feed_close(&feed);
}

Test(detect_stun, relayed_by_send_and_data)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, ALLOCATE_1);
	/* Send indications with RTP of payload type 0 inside: three make it RTP. */
	feed_hex(&feed, 0,
	         "0016 0010 2112a442 000000000000000000000001 0013 000c 8000 0001 00000000 "
	         "11223344");
	feed_hex(&feed, 0,
	         "0016 0010 2112a442 000000000000000000000002 0013 000c 8000 0002 000000a0 "
	         "11223344");
	cr_assert_not(feed_has_text(&feed, "turn.relayed", "rtp"));
	feed_hex(&feed, 0,
	         "0016 0010 2112a442 000000000000000000000003 0013 000c 8000 0003 00000140 "
	         "11223344");
	cr_assert(feed_has_text(&feed, "turn.relayed", "rtp"));
	/* A Data indication with a Binding request inside. */
	feed_hex(&feed, 1,
	         "0017 0018 2112a442 000000000000000000000004"
	         "0013 0014 0001 0000 2112a442 0000000000000000000000ee");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TURN);
	cr_assert(feed_has_text(&feed, "turn.relayed", "stun"));
	cr_assert_not(feed_has_text(&feed, "turn.relayed", "rtcp"));
	cr_assert_not(feed.flow.facts->has_media, "the media is not this flow's own");
	feed_close(&feed);
}

/* What has no shape that is known, and what has one but is too little to be proven. */
Test(detect_stun, relayed_and_unknown)
{
	static const char *const carried[] = {
		"0016 000c 2112a442 000000000000000000000001 0013 0008 4142434445464748",
		"0016 0010 2112a442 000000000000000000000001 0013 000c 8000 0001 00000000 11223344",
	};
	for (size_t i = 0; i < ARRAY_SIZE(carried); i++) {
		struct feed feed;
		feed_open_udp(&feed);
		feed_hex(&feed, 0, carried[i]);
		cr_assert_not(feed_has_text(&feed, "turn.relayed", "unknown"), "more may come");
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TURN);
		cr_assert(feed_has_text(&feed, "turn.relayed", "unknown"), "%zu", i);
		cr_assert_not(feed_has_text(&feed, "turn.relayed", "rtp"));
		feed_close(&feed);
	}
}

/* A Send indication inside a Data indication inside a Send indication: one relay behind another. */
#define NESTED(length, data_length)                                                                \
	"0016 " length " 2112a442 000000000000000000000001 0013 " data_length " "
Test(detect_stun, relay_behind_a_relay)
{
	struct feed feed;
	feed_open_udp(&feed);
	for (unsigned i = 1; i <= 3; i++) {
		char text[256];
		snprintf(text, sizeof(text),
		         NESTED("0028", "0024") NESTED("0010", "000c") "8000 %04x %08x 11223344", i,
		         160 * i);
		feed_hex(&feed, 0, text);
	}
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "turn.relayed", "turn"));
	cr_assert(feed_has_text(&feed, "turn.relayed", "rtp"));
	cr_assert_not(feed_has_text(&feed, "turn.relayed", "unknown"));
	feed_close(&feed);
}

Test(detect_stun, relays_are_opened_to_a_bound)
{
	struct feed feed;
	feed_open_udp(&feed);
	/* Five deep: what the innermost carries is not looked at. */
	feed_hex(&feed, 0,
	         NESTED("0070", "006c") NESTED("0058", "0054") NESTED("0040", "003c")
	                 NESTED("0028", "0024")
	                         NESTED("0010", "000c") "16fe fd00 0000 0000 0000 0000");
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "turn.relayed", "turn"));
	cr_assert(feed_has_text(&feed, "turn.relayed", "stun"));
	cr_assert_not(feed_has_text(&feed, "turn.relayed", "dtls"));
	feed_close(&feed);
}

Test(detect_stun, relayed_by_channel)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, ALLOCATE_1);
	feed_hex(&feed, 0, "4000 000c 8000 0001 00000000 11223344");
	feed_hex(&feed, 0, "4000 000c 8000 0002 000000a0 11223344");
	feed_hex(&feed, 0, "4000 000c 8000 0003 00000140 11223344");
	/* DTLS 1.2, padded to four; RTCP: SR and SDES. */
	feed_hex(&feed, 1, "4000 000d 16 fefd 0000 0000 0000 0000 0000 000000");
	feed_hex(&feed, 1,
	         "4001 0024 80c80006 11223344 0000000000000000 00000000 00000000 00000000"
	         "80ca0001 11223344");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TURN);
	cr_assert(feed_has_text(&feed, "turn.relayed", "rtp"));
	cr_assert(feed_has_text(&feed, "turn.relayed", "dtls"));
	cr_assert(feed_has_text(&feed, "turn.relayed", "rtcp"));
	feed_close(&feed);
}

Test(detect_stun, channel_data_alone_is_nothing)
{
	struct feed feed;
	feed_open_udp(&feed);
	for (int i = 0; i < 10; i++)
		feed_hex(&feed, i & 1, "4000 000c 8000 0001 00000000 11223344");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_close(&feed);
}

Test(detect_stun, classic_needs_its_answer)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, "0001 0008 000102030405060708090a0b0c0d0e0f 0003 0004 00000000");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_hex(&feed, 1,
	         "0101 000c 000102030405060708090a0b0c0d0e0f 0001 0008 0001 1234 c0000201");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(feed.flow.facts->opener_side, 0);
	cr_assert_eq(feed_number(&feed, "stun.answered"), 1);
	feed_close(&feed);
}

Test(detect_stun, classic_that_is_none)
{
	static const char *const answers[] = {
		/* another id; no attribute; the same side (fed below); an attribute of later times;
		   a method RFC 3489 does not have */
		"0101 000c ff0102030405060708090a0b0c0d0e0f 0001 0008 0001 1234 c0000201",
		"0101 0000 000102030405060708090a0b0c0d0e0f",
		"0101 000c 000102030405060708090a0b0c0d0e0f 0030 0008 0001 1234 c0000201",
		"0103 000c 000102030405060708090a0b0c0d0e0f 0001 0008 0001 1234 c0000201",
		"0101 000c 000102030405060708090a0b0c0d0e0f 0001 0007 0001 1234 c0000201 ff",
	};
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct feed feed;
		feed_open_udp(&feed);
		feed_hex(&feed, 0, "0001 0000 000102030405060708090a0b0c0d0e0f");
		feed_hex(&feed, 1, answers[i]);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN, "answer %zu", i);
		feed_close(&feed);
	}
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, "0001 0000 000102030405060708090a0b0c0d0e0f");
	feed_hex(&feed, 0,
	         "0101 000c 000102030405060708090a0b0c0d0e0f 0001 0008 0001 1234 c0000201");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_close(&feed);
}

Test(detect_stun, not_stun)
{
	static const char *const messages[] = {
		"c001 0000 2112a442 0102030405060708090a0b0c",          /* top bits */
		"0001 0004 2112a442 0102030405060708090a0b0c",          /* length beyond the end */
		"0001 0000 2112a442 0102030405060708090a0b0c 00000000", /* length before it */
		"0001 0000 2112a443 0102030405060708090a0b0c",          /* cookie */
		"0002 0000 2112a442 0102030405060708090a0b0c",          /* method 2 is no more */
		"0104 0003 2112a442 0102030405060708090a0b0c 000000",   /* not a multiple of four */
		"0001 0008 2112a442 0102030405060708090a0b0c 8022 0005 00000000", /* walk */
		"0001 0000 2112a442 0102030405060708090a0b",                      /* short header */
		/* DTLS 1.2, a QUIC Initial, OpenVPN, WireGuard, an NTP request */
		"16 fefd 0000 000000000000 0010 01 000004 0000 000000 000004 00000000",
		"c3 00000001 08 8394c8f03e515708 00 00 449e 7b9aec34d1b1c98dd7689fb8ec11",
		"38 0102030405060708 00 00000000 aabbccdd",
		"01000000 00000001 000102030405060708090a0b0c0d0e0f",
		"e3000000 00000000 00000000 00000000 0000000000000000",
	};
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct feed feed;
		feed_open_udp(&feed);
		for (int n = 0; n < 8; n++)
			feed_hex(&feed, n & 1, messages[i]);
		feed_finish(&feed);
		cr_assert_neq(feed.flow.facts->protocol, PROTOCOL_STUN, "message %zu", i);
		cr_assert_neq(feed.flow.facts->protocol, PROTOCOL_TURN, "message %zu", i);
		cr_assert_neq(feed.flow.facts->protocol, PROTOCOL_RTP, "message %zu", i);
		feed_close(&feed);
	}
}

Test(detect_stun, noise_is_not_named)
{
	cr_assert_eq(count_named_noise(1, 4000, -1), 0);
	cr_assert_eq(count_named_noise(2, 1000, 0x00), 0);
	cr_assert_eq(count_named_noise(3, 1000, 0x01), 0);
}

Test(detect_stun, cut_by_the_snaplen)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex_cut(&feed, 0, RFC5769_REQUEST, 42); /* ends within SOFTWARE's value or behind */
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	cr_assert_eq(feed_number(&feed, "stun.fingerprint"), -1);
	feed_close(&feed);
}

Test(detect_stun, media_after_checks_is_rtp)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, RFC5769_REQUEST);
	feed_hex(&feed, 1, RFC5769_ANSWER);
	feed_hex(&feed, 0, "8000 0001 00000000 11223344");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	feed_hex(&feed, 0, "8000 0002 000000a0 11223344");
	feed_hex(&feed, 0, RFC5769_REQUEST);
	feed_hex(&feed, 0, "8000 0003 00000140 11223344");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED,
	             "ICE on the same ports");
	cr_assert(feed.flow.facts->has_media);
	cr_assert_str_eq(detect_name(feed.flow.facts), "rtp");
	cr_assert_eq(feed_number(&feed, "stun.answered"), 1);
	feed_close(&feed);
}

/* Nothing new is learnt of a flow after 1024 messages, or 256 packets that it relays. */
Test(detect_stun, settles)
{
	struct feed feed;
	feed_open_udp(&feed);
	for (int i = 0; i < 1024; i++) {
		cr_assert_not(i && feed.flow.facts->is_settled, "%d", i);
		feed_hex(&feed, 0, "0011 0000 2112a442 0102030405060708090a0b0c");
	}
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
	feed_open_udp(&feed);
	feed_hex(&feed, 0, ALLOCATE_1);
	for (int i = 0; i < 256; i++) {
		cr_assert_not(feed.flow.facts->is_settled, "%d", i);
		feed_hex(&feed, 0, "4000 0001 ff");
	}
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
}

/* ---- TCP ------------------------------------------------------------------------------------ */

Test(detect_stun, tcp_bare)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, ALLOCATE_1);
	feed_hex(&feed, 1, ALLOCATE_401);
	/* Two messages; ChannelData, padded to four as TCP wants it; a message, in one segment. */
	feed_hex(&feed, 0,
	         ALLOCATE_2 RFC5769_REQUEST
	         "4000 0015 0001 0000 2112a442 0102030405060708090a0b0c ff 000000"
	         "0001 0008 2112a442 0102030405060708090a0b0c 8070 0004 00000002");
	feed_hex(&feed, 1, ALLOCATE_OK);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TURN);
	cr_assert_eq(feed_number(&feed, "stun.error"), 401);
	cr_assert_eq(feed_number(&feed, "stun.answered"), 1);
	cr_assert_eq(feed_number(&feed, "stun.microsoft"), 1, "behind the padding");
	cr_assert(feed_has_text(&feed, "stun.software", "STUN test client"));
	feed_close(&feed);
}

Test(detect_stun, tcp_bytewise)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex_bytewise(&feed, 0, ALLOCATE_1 RFC5769_REQUEST);
	feed_hex_bytewise(&feed, 1, ALLOCATE_401 RFC5769_ANSWER);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TURN);
	cr_assert_eq(feed_number(&feed, "stun.error"), 401);
	cr_assert_eq(feed_number(&feed, "stun.answered"), 1);
	cr_assert_eq(feed_number(&feed, "stun.fingerprint"), 1);
	feed_close(&feed);
}

Test(detect_stun, tcp_rfc4571_then_media)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, "006c" RFC5769_REQUEST);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	feed_hex(&feed, 1, "0050" RFC5769_ANSWER "000c 8072 0001 00000000 55667788");
	feed_hex(&feed, 0, "000c 8072 0001 00000000 11223344 000c 8072 0002 000000a0 11223344");
	cr_assert_not(feed.flow.facts->has_media);
	feed_hex(&feed, 0, "000c 8072 0003 00000140 11223344");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert(feed.flow.facts->has_media);
	cr_assert_eq(feed_number(&feed, "rtp.payload_types"), 114);
	cr_assert_eq(feed_number(&feed, "rtp.ssrcs"), 1);
	cr_assert_eq(feed_number(&feed, "stun.answered"), 1);
	feed_close(&feed);
}

Test(detect_stun, tcp_that_is_none)
{
	static const char *const openings[] = {
		"'GET / HTTP/1.1' 0d0a0d0a",
		"0001 0000 0000 0000 0102030405060708090a0b0c",
		"0014 0001 0004 2112a442 0102030405060708090a0b0c", /* inner length against outer */
		"0001 0008 2112a442 0102030405060708090a0b0c 8022 0008 00000000",
		"0001 0000 21",
	};
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
		struct feed feed;
		feed_open_tcp(&feed);
		feed_hex(&feed, 0, openings[i]);
		feed_fin(&feed, 0);
		feed_finish(&feed);
		cr_assert_neq(feed.flow.facts->protocol, PROTOCOL_STUN, "opening %zu", i);
		feed_close(&feed);
	}
}

Test(detect_stun, tcp_gap_ends_it)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, RFC5769_REQUEST);
	feed_tcp_skip(&feed, 0, 5000);
	feed_hex(&feed, 0, ALLOCATE_1);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN, "what follows a hole is not framed");
	feed_close(&feed);
}

extern const struct detector detector_stun;

/* A stream that cannot be this is refused by its first bytes; one that can is waited for. */
Test(detect_stun, refuses_at_once)
{
	const struct detector *detector = &detector_stun;
	cr_assert_eq(probe_opening(detector, "", false), DETECT_MORE);
	cr_assert_eq(probe_opening(detector, "", true), DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "'GET / HTTP/1.1' 0d0a", false), DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "16 0301 0200 01 0001fc 0303 0001020304", false),
	             DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "0001 0004 2112a442", false), DETECT_MORE);
	cr_assert_eq(probe_opening(detector, "0001 0004 2112a442", true), DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "0001 0004 2112a443 0102", false), DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, ALLOCATE_1, false), DETECT_MINE);
}
