/* DTLS by hand: hellos, records without a hello, and what shares the ports with it. */
#include "detect_hex.h"

#define RANDOM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
/* Record header: type, version, epoch, sequence, length. Message: type, length, number, offset,
 * length. */
#define RECORD(type, epoch, len) type "fefd" epoch "000000000001" len
#define HELLO                                                                                      \
	RECORD("16", "0000", "0043")                                                               \
	"01 000037 0000 000000 000037"                                                             \
	"fefd" RANDOM "00 00 0004 c02b c02f 0100"                                                  \
	"0009 002b 0005 04 fefd feff"

Test(detect_dtls, a_client_hello)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 1, HELLO);
	const struct facts *facts = feed.flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_DTLS);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_str_eq(detect_name(facts), "dtls");
	cr_assert_eq(facts->opener_side, 1);
	cr_assert_eq(feed.flow.opener, 1);
	cr_assert(feed_has_text(&feed, "dtls.max_version", "DTLS 1.2"));
	cr_assert_not_null(facts_find(facts, "dtls.ja4"));
	cr_assert_not(facts->is_settled); /* media may follow */
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->security, SECURITY_UNKNOWN);
	feed_close(&feed);
}

Test(detect_dtls, an_answer_alone)
{
	struct feed feed;
	feed_open_udp(&feed);
	/* HelloVerifyRequest with a cookie of four bytes. */
	feed_hex(&feed, 0,
	         RECORD("16", "0000", "0013") "03 000007 0000 000000 000007 feff 04 01020304");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DTLS);
	feed_close(&feed);
}

Test(detect_dtls, records_without_a_hello_need_company)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, RECORD("17", "0001", "0004") "aabbccdd");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_hex(&feed, 1, RECORD("17", "0001", "0002") "aabb" RECORD("15", "0001", "0002") "aabb");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DTLS);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
	cr_assert_eq(feed.flow.facts->opener_side, -1);
	feed_close(&feed);
}

Test(detect_dtls, look_alikes)
{
	static const char *const none[] = {
		"16fefd 0000 000000000001 0005 01",           /* record longer than the datagram */
		"16fefd 0000 000000000001 0001 0116",         /* something behind the record */
		"160303 0000 000000000001 0001 01",           /* a version of TLS */
		"14fefd 0000 000000000001 0000",              /* empty */
		"13fefd 0000 000000000001 0001 01",           /* below the types */
		"1bfefd 0000 000000000001 0001 01",           /* above */
		"0001 0000 2112a442 0102030405060708090a0b0c" /* STUN */
	};
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		struct feed feed;
		feed_open_udp(&feed);
		feed_hex(&feed, 0, none[i]);
		feed_hex(&feed, 0, none[i]);
		feed_finish(&feed);
		cr_assert_neq(feed.flow.facts->protocol, PROTOCOL_DTLS, "%s", none[i]);
		feed_close(&feed);
	}
}

Test(detect_dtls, a_fragmented_hello_still_names_the_opener)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, RECORD("16", "0000", "0010") "01 000036 0000 000000 000004 fefd0001");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DTLS);
	cr_assert_eq(feed.flow.facts->opener_side, 0);
	cr_assert_null(facts_find(feed.flow.facts, "dtls.max_version"));
	feed_close(&feed);
}

Test(detect_dtls, records_of_version_1_3_count_after_a_hello)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, HELLO);
	for (unsigned i = 0; i < 30; i++)
		feed_hex(&feed, 1, "2f 0001 0003 aabbcc");
	cr_assert_not(feed.flow.facts->is_settled); /* they were taken, none is unclaimed */
	feed_close(&feed);
}

Test(detect_dtls, media_after_it_names_the_flow)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, HELLO);
	feed.flow.port[0] = 50000;
	feed.flow.port[1] = 50002;
	for (unsigned i = 0; i < 8; i++) {
		uint8_t rtp[60] = { 0x80, 0x72, 0x10,       (uint8_t)(1 + i),
			            0,    0,    (uint8_t)i, 0x40,
			            0xde, 0xad, 0xbe,       0xef };
		feed_udp(&feed, i & 1, rtp, sizeof(rtp));
		rtp[11] = 0x01;
		feed_udp(&feed, !(i & 1), rtp, sizeof(rtp));
	}
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert(feed.flow.facts->has_media);
	cr_assert_not_null(facts_find(feed.flow.facts, "dtls.max_version"));
	feed_close(&feed);
}
