/* src/detect/msturn.c: MS-TURN by its eight bytes, its framing and its pseudo TLS handshake. */
#include "detect_hex.h"

#define COOKIE "000f 0004 72c64bc6"
/* Version 2, transaction ids of 16 free bytes; attributes are not padded ("not now" is 7 long). */
#define ALLOCATE_V2 "0003 0010 26deb016533bd08dfd5c344c3dc48c4b" COOKIE "8008 0004 00000002"
#define ALLOCATE_401                                                                               \
	"0113 0045 26deb016533bd08dfd5c344c3dc48c4b" COOKIE "8008 0004 00000002"                   \
	"0009 000b 00000401 'not now'"                                                             \
	"0014 0014 'nonce-nonce-nonce-no'"                                                         \
	"0015 000a '\"rtcmedia\"'"
#define ALLOCATE_OK                                                                                \
	"0103 0028 26deb016533bd08dfd5c344c3dc48c4b" COOKIE                                        \
	"000d 0004 0000003c 0001 0008 0001c5440a010314 8022 0008 '2.0.1211'"
/* Version 6 puts the cookie of RFC 5389 where the id was. */
#define ALLOCATE_V6 "0003 0010 2112a442 ff29a4d345591a0697f12709" COOKIE "8008 0004 00000006"

#define RANDOM_32 "f1d1b78a1e3e6af22b21cc1911bee5693d97f898442b3c6ca5c42d6ea4181bde"
#define HELLO     "160301002d 01000029 0301" RANDOM_32 "00 0002 0018 01 00"
#define ANSWER                                                                                     \
	"160301004e 02000046 0301" RANDOM_32 "20" RANDOM_32 "0018 00"                              \
	"0e000000"

#define RTP(n) "8072 000" n " 00000" n "00 00000abc"

Test(detect_msturn, udp_version_2)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, ALLOCATE_V2);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	feed_hex(&feed, 1, ALLOCATE_401);
	feed_hex(&feed, 0, ALLOCATE_V2);
	feed_hex(&feed, 1, ALLOCATE_OK);
	feed_finish(&feed);
	const struct facts *facts = feed.flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert_eq(facts->opener_side, 0);
	cr_assert_str_eq(detect_name(facts), "msturn");
	cr_assert_eq(feed_number(&feed, "msturn.version"), 2);
	cr_assert_eq(feed_number(&feed, "msturn.error"), 401);
	cr_assert_eq(feed_number(&feed, "msturn.pseudo_tls"), -1);
	cr_assert(feed_has_text(&feed, "msturn.realm", "\"rtcmedia\""));
	cr_assert(feed_has_text(&feed, "msturn.server_version", "2.0.1211"));
	for (struct fact *fact = facts->list; fact; fact = fact->next)
		cr_assert_lt(bytes_find(fact->text, BYTES_LITERAL("nonce")), 0,
		             "a nonce is never stated");
	feed_close(&feed);
}

Test(detect_msturn, udp_version_6_is_not_stun)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, ALLOCATE_V6);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(feed_number(&feed, "msturn.version"), 6);
	feed_close(&feed);
}

Test(detect_msturn, answers_name_the_client)
{
	static const struct {
		const char *message;
		int opener;
	} cases[] = {
		{ ALLOCATE_V2, 1 },
		{ ALLOCATE_OK, 0 },
		{ ALLOCATE_401, 0 },
		{ "0004 0008 26deb016533bd08dfd5c344c3dc48c4b" COOKIE, 1 },
		{ "0115 0008 26deb016533bd08dfd5c344c3dc48c4b" COOKIE, 0 },
		{ "0006 0008 26deb016533bd08dfd5c344c3dc48c4b" COOKIE, 1 },
		{ "0106 0008 26deb016533bd08dfd5c344c3dc48c4b" COOKIE, 0 },
		{ "0116 0008 26deb016533bd08dfd5c344c3dc48c4b" COOKIE, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct feed feed;
		feed_open_udp(&feed);
		feed_hex(&feed, 1, cases[i].message);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->opener_side, cases[i].opener, "message %zu", i);
		feed_close(&feed);
	}
}

Test(detect_msturn, udp_multiplexed)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, "ff10 002c 0102030405060708" ALLOCATE_V6);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(feed_number(&feed, "msturn.multiplexed"), 1);
	cr_assert_eq(feed_number(&feed, "msturn.relayed"), -1, "nothing was");
	feed_close(&feed);
	feed_open_udp(&feed);
	feed_hex(&feed, 0, "ff10 002d 0102030405060708" ALLOCATE_V6);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_close(&feed);
}

/* A check that came bare and is answered through the relay's multiplex, as seen in real calls. */
Test(detect_msturn, udp_multiplexed_check)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 1, "0001 0008 2112a442 b9f45d4f2ed209b36ad0098a 8070 0004 00000007");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	feed_hex(&feed, 0,
	         "ff10 0024 651f34ce2e7915fc 0101 0008 2112a442 b9f45d4f2ed209b36ad0098a 8070 0004 "
	         "00000007");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert(feed_has_text(&feed, "msturn.relayed", "stun"));
	cr_assert_eq(feed_number(&feed, "stun.answered"), -1,
	             "it was, out of the detector's sight");
	feed_close(&feed);
}

Test(detect_msturn, udp_that_is_none)
{
	static const char *const messages[] = {
		"0003 000f 26deb016533bd08dfd5c344c3dc48c4b" COOKIE
		"8008 0004 00000002", /* length */
		"4003 0010 26deb016533bd08dfd5c344c3dc48c4b" COOKIE
		"8008 0004 00000002", /* top bits */
		"0003 0010 26deb016533bd08dfd5c344c3dc48c4b 000f 0004 72c64bc7 8008 0004 00000002",
		/* not the first */
		("0003 0010 26deb016533bd08dfd5c344c3dc48c4b 8008 0004 00000002" COOKIE),
		"0003 0004 26deb016533bd08dfd5c344c3dc48c4b 000f 0004",
	};
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct feed feed;
		feed_open_udp(&feed);
		feed_hex(&feed, 0, messages[i]);
		feed_finish(&feed);
		cr_assert_neq(feed.flow.facts->protocol, PROTOCOL_MSTURN, "message %zu", i);
		feed_close(&feed);
	}
}

/* Nested datagrams of odd length, one behind the other without padding. */
Test(detect_msturn, relayed)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, ALLOCATE_V2);
	feed_hex(&feed, 0,
	         "0004 0019 00000000000000000000000000000001" COOKIE "0013 000d" RTP("1") "ff");
	feed_hex(&feed, 0,
	         "0004 0019 00000000000000000000000000000002" COOKIE "0013 000d" RTP("2") "ff");
	cr_assert_not(feed_has_text(&feed, "msturn.relayed", "rtp"));
	feed_hex(&feed, 0,
	         "0004 0019 00000000000000000000000000000003" COOKIE "0013 000d" RTP("3") "ff");
	cr_assert(feed_has_text(&feed, "msturn.relayed", "rtp"));
	feed_hex(&feed, 1,
	         "0115 0020 00000000000000000000000000000004" COOKIE
	         "0013 0014 0001 0000 2112a442 0102030405060708090a0b0c");
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "msturn.relayed", "stun"));
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert_not(feed.flow.facts->has_media);
	feed_close(&feed);
}

Test(detect_msturn, relayed_and_unknown)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, ALLOCATE_V2);
	feed_hex(&feed, 0,
	         "0004 0010 00000000000000000000000000000001" COOKIE "0013 0004 41424344");
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "msturn.relayed", "unknown"));
	cr_assert_eq(feed_number(&feed, "msturn.multiplexed"), -1);
	feed_close(&feed);
}

/* After Set Active Destination media passes bare; it is still the relay's flow. */
Test(detect_msturn, relayed_bare)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, ALLOCATE_V2);
	feed_hex(&feed, 0, "0006 0008 00000000000000000000000000000001" COOKIE);
	feed_hex(&feed, 0, RTP("1"));
	feed_hex(&feed, 0, RTP("2"));
	feed_hex(&feed, 0, RTP("3"));
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert(feed_has_text(&feed, "msturn.relayed", "rtp"));
	feed_close(&feed);
}

/* ---- TCP ------------------------------------------------------------------------------------ */

Test(detect_msturn, pseudo_tls)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
	feed_hex(&feed, 1, ANSWER);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	feed_hex(&feed, 0, "0200 0024" ALLOCATE_V2);
	feed_hex(&feed, 1, "0200 0059" ALLOCATE_401 "0200 003c" ALLOCATE_OK);
	feed_hex(&feed, 0, "0300 000c" RTP("1") "0300 000c" RTP("2") "0300 000e 000c" RTP("3"));
	feed_finish(&feed);
	const struct facts *facts = feed.flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert_eq(facts->opener_side, 0);
	cr_assert_eq(feed_number(&feed, "msturn.pseudo_tls"), 1);
	cr_assert_eq(feed_number(&feed, "msturn.version"), 2);
	cr_assert_eq(feed_number(&feed, "msturn.error"), 401);
	cr_assert(feed_has_text(&feed, "msturn.realm", "\"rtcmedia\""));
	cr_assert(feed_has_text(&feed, "msturn.server_version", "2.0.1211"));
	cr_assert(feed_has_text(&feed, "msturn.relayed", "rtp"));
	feed_close(&feed);
}

Test(detect_msturn, pseudo_tls_confirmed_by_frames)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO);
	feed_hex(&feed, 0, "0300 000c" RTP("1"));
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	feed_close(&feed);
}

Test(detect_msturn, pseudo_tls_answer_alone)
{
	struct feed feed;
	feed_open_midstream(&feed);
	feed_hex(&feed, 1, ANSWER);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(feed.flow.facts->opener_side, 0);
	feed_close(&feed);
}

Test(detect_msturn, pseudo_tls_refused)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO);
	feed_hex(&feed, 1, "1503010002 0228");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
	cr_assert(feed.flow.facts->is_refused);
	feed_close(&feed);
}

Test(detect_msturn, pseudo_hello_answered_by_real_tls)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO);
	feed_hex(&feed, 1, "160301002a 02000026 0301" RANDOM_32 "00 0018 00");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TLS);
	cr_assert(feed.flow.facts->is_weak_suite);
	cr_assert_eq(feed_number(&feed, "msturn.pseudo_tls"), 1, "stated when the hello came");
	feed_close(&feed);
}

/* Real hellos that differ in one essential byte each, and an answer that does. */
Test(detect_msturn, look_alikes)
{
	static const char *const openings[] = {
		"160301002d 01000029 0303" RANDOM_32 "00 0002 002f 01 00", /* seen in public */
		"160301002d 01000029 0303" RANDOM_32 "00 0002 0018 01 00",
		"160301002d 01000029 0301" RANDOM_32 "00 0002 002f 01 00",
		"160301002d 01000029 0301" RANDOM_32 "00 0002 0018 01 01",
		"160300002d 01000029 0301" RANDOM_32 "00 0002 0018 01 00",
	};
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
		struct feed feed;
		feed_open_tcp(&feed);
		feed_hex(&feed, 0, openings[i]);
		feed_finish(&feed);
		cr_assert_neq(feed.flow.facts->protocol, PROTOCOL_MSTURN, "opening %zu", i);
		feed_close(&feed);
	}
}

Test(detect_msturn, framed_without_pseudo_tls)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex_bytewise(&feed, 0, "0200 0024" ALLOCATE_V2);
	feed_hex_bytewise(&feed, 1, "0200 0059" ALLOCATE_401);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(feed.flow.facts->protocol_packet, 2 + 40, "with the message");
	cr_assert_eq(feed_number(&feed, "msturn.error"), 401);
	feed_close(&feed);
}

Test(detect_msturn, data_frames_alone)
{
	struct feed feed;
	feed_open_midstream(&feed);
	feed_hex(&feed, 0, "0300 000c" RTP("1") "0300 000c" RTP("2") "0300 000c" RTP("3"));
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN, "one direction could be chance");
	feed_hex(&feed, 1, "0300 000c" RTP("7") "0300 000c" RTP("8") "0300 000c" RTP("9"));
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert(feed_has_text(&feed, "msturn.relayed", "rtp"));
	feed_close(&feed);
}

Test(detect_msturn, frames_that_are_none)
{
	static const char *const openings[] = {
		"0201 0024" ALLOCATE_V2,                          /* second byte */
		"0400 0024" ALLOCATE_V2,                          /* type */
		"0200 0025" ALLOCATE_V2 "00",                     /* inner length against outer */
		"0300 000c 4072 0001 00000100 00000abc",          /* data that is no media */
		"0300 002c 02f0 80 'Cookie: mstshash=user' 0d0a", /* TPKT of remote desktop */
	};
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
		struct feed feed;
		feed_open_tcp(&feed);
		feed_hex(&feed, 0, openings[i]);
		feed_hex(&feed, 1, openings[i]);
		feed_finish(&feed);
		cr_assert_neq(feed.flow.facts->protocol, PROTOCOL_MSTURN, "opening %zu", i);
		feed_close(&feed);
	}
}

Test(detect_msturn, gap_ends_it)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 0, HELLO);
	feed_tcp_skip(&feed, 0, 100);
	feed_hex(&feed, 0, "0200 0024" ALLOCATE_V2);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_MSTURN);
	cr_assert_eq(feed_number(&feed, "msturn.version"), -1);
	feed_close(&feed);
}

Test(detect_msturn, noise_is_not_named)
{
	cr_assert_eq(count_named_noise(3478, 4000, -1), 0);
	cr_assert_eq(count_named_noise(0xff, 1000, 0xff), 0);
}

extern const struct detector detector_msturn;

/* A stream that cannot be this is refused by its first bytes; one that can is waited for. */
Test(detect_msturn, refuses_at_once)
{
	const struct detector *detector = &detector_msturn;
	cr_assert_eq(probe_opening(detector, "", false), DETECT_MORE);
	cr_assert_eq(probe_opening(detector, "", true), DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "'GET / HTTP/1.1' 0d0a", false), DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "16 0301 0200 01 0001fc 0303 0001020304", false),
	             DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "160301002d 01000029 0301 01020304", false),
	             DETECT_MORE);
	cr_assert_eq(probe_opening(detector, "160301002d 01000029 0301 01020304", true),
	             DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "160301002d 01000029 0303 01", false),
	             DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, HELLO, false), DETECT_MINE);
}
