/*
 * The second opinion: what counts of nDPI's answers and what does not. Through detect_packet(), so
 * that the questions are asked as in the program.
 */
#include "detect_hex.h"

/* Redis is spoken by no detector here, and named by nDPI from the first bytes of both sides. */
static void feed_redis(struct feed *feed, size_t piece)
{
	static const char request[] = "*1\r\n$4\r\nPING\r\n", answer[] = "+PONG\r\n";
	feed_open(feed, FEED_FROM_SYN, NULL);
	feed_tcp_split(feed, 0, request, sizeof(request) - 1, piece);
	feed_tcp_split(feed, 1, answer, sizeof(answer) - 1, piece);
	feed_finish(feed);
}

static void check_redis(const struct feed *feed)
{
	const struct facts *facts = feed->flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_OTHER);
	cr_assert_str_eq(facts->other_name, "redis");
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONSISTENT);
	cr_assert_str_eq(detect_name(facts), "ndpi");
	cr_assert(feed_has_text(feed, "ndpi.label", "redis"));
	cr_assert_not(facts->is_unrecognised);
	cr_assert_eq(facts->doubt, DOUBT_NONE);
	cr_assert_eq(facts->security, SECURITY_UNKNOWN);
}

Test(detect_ndpi, names_what_we_do_not_know)
{
	struct feed feed;
	feed_redis(&feed, 100);
	check_redis(&feed);
	cr_assert_eq(detect_get_counters(feed.detect)->asked_ndpi, 1);
	feed_close(&feed);
}

Test(detect_ndpi, does_not_care_how_segments_were_cut)
{
	struct feed feed;
	feed_redis(&feed, 1);
	check_redis(&feed);
	feed_close(&feed);
}

Test(detect_ndpi, the_name_lives_with_the_facts)
{
	struct feed feed;
	feed_redis(&feed, 100);
	_cleanup_(facts_freep) struct facts *facts = detect_take_facts(&feed.flow);
	feed_close(&feed);
	cr_assert_str_eq(facts->other_name, "redis");
}

Test(detect_ndpi, is_not_asked_about_what_we_know_or_cannot_see)
{
	struct feed feed;
	feed_open(&feed, FEED_FROM_SYN, NULL);
	FEED_TCP(&feed, 0, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	FEED_TCP(&feed, 1, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_HTTP);
	cr_assert_eq(detect_get_counters(feed.detect)->asked_ndpi, 0);
	feed_close(&feed);

	feed_open(&feed, FEED_FROM_SYN, NULL);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_NO_PAYLOAD);
	cr_assert_eq(detect_get_counters(feed.detect)->asked_ndpi, 0);
	feed_close(&feed);
}

Test(detect_ndpi, ports_name_nothing)
{
	static const uint16_t ports[] = { 443, 5060, 3478, 135, 445, 53, 1433 };
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct feed feed;
		feed_open(&feed, FEED_FROM_SYN, NULL);
		feed.flow.port[1] = ports[i];
		FEED_TCP(&feed, 0, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
		FEED_TCP(&feed, 1, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN, "port %u", ports[i]);
		cr_assert(feed.flow.facts->is_unrecognised);
		cr_assert_eq(feed.flow.facts->doubt, DOUBT_UNRECOGNISED);
		feed_close(&feed);
	}
}

/* One datagram that begins with 80 is RTP to nDPI 4.2; our own detector wants three that agree. */
Test(detect_ndpi, our_own_no_is_better)
{
	struct feed feed;
	feed_open(&feed, FEED_UDP, NULL);
	feed_hex(&feed, 0, "8000aaaa bbbbbbbb cccccccc 0102030405060708090a0b0c0d0e0f10");
	feed_finish(&feed);
	cr_assert_eq(detect_get_counters(feed.detect)->asked_ndpi, 1);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_UNRECOGNISED);
	feed_close(&feed);
}

/* Another flow of the same detect. */
static void feed_again(struct feed *feed, struct detect *detect, enum feed_start start)
{
	feed_open(feed, start, NULL);
	detect_free(feed->detect);
	feed->detect = detect;
}

/* A label is a function of the flow alone, whatever was asked before and from which address. */
Test(detect_ndpi, labels_do_not_depend_on_other_flows)
{
	struct feed first;
	feed_redis(&first, 100);
	check_redis(&first);
	/* Skype, BitTorrent and STUN are what nDPI remembers by address. */
	for (unsigned i = 0; i < 300; i++) {
		struct feed other;
		uint8_t noise[24];
		feed_again(&other, first.detect, FEED_UDP);
		for (size_t j = 0; j < sizeof(noise); j++)
			noise[j] = (uint8_t)(i * 31 + j * 7 + 200);
		noise[2] = 2;
		feed_udp(&other, 0, noise, sizeof(noise));
		feed_finish(&other);
		cr_assert_eq(other.flow.facts->protocol, PROTOCOL_UNKNOWN, "noise %u is %s", i,
		             other.flow.facts->other_name);
		detect_forget(other.detect, &other.flow);
	}
	struct feed again;
	feed_again(&again, first.detect, FEED_MIDSTREAM);
	feed_syn(&again, 0);
	feed_syn(&again, 1);
	FEED_TCP(&again, 0, "*1\r\n$4\r\nPING\r\n");
	FEED_TCP(&again, 1, "+PONG\r\n");
	feed_finish(&again);
	check_redis(&again);
	detect_forget(again.detect, &again.flow);
	cr_assert_eq(detect_get_counters(first.detect)->asked_ndpi, 302);
	feed_close(&first);
}

Test(detect_ndpi, a_flow_joined_in_its_middle_keeps_its_doubt)
{
	struct feed feed;
	feed_open(&feed, FEED_MIDSTREAM, NULL);
	FEED_TCP(&feed, 0, "*1\r\n$4\r\nPING\r\n");
	FEED_TCP(&feed, 1, "+PONG\r\n");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_MIDSTREAM);
	feed_close(&feed);
}

/* What nDPI 4.2 calls Cassandra, Mining, IMO, sFlow, Z39.50, RX, NOE and TDS, and is not. */
Test(detect_ndpi, a_name_for_a_bit_or_a_word_is_none)
{
	static const struct {
		enum feed_start start;
		const char *bytes[2];
	} foreign[] = {
		{ FEED_FROM_SYN, /* DICOM associates */
		  { "0100 00000044 0001 0000 41524348495645202020202020202020"
		    "5343414e4e4552202020202020202020 00000000000000000000000000000000"
		    "00000000000000000000000000000000",
		    "0200 00000044 0001 0000 41524348495645202020202020202020"
		    "5343414e4e4552202020202020202020 00000000000000000000000000000000"
		    "00000000000000000000000000000000" } },
		{ FEED_FROM_SYN, /* H.225 call signalling */
		  { "0300003c 0802 1234 05 0403 8893a5 7e d34d7ba1a802ae50c3afcf98feb4aa9986e0c37b"
		    "5bf7b910834ad97c11e0f2a4c5d6e7f8091a2b3c4d5e6f70",
		    "0300003c 0802 9234 05 0403 8893a5 7e 4113e3730a75b4615567e12b272da8602c85d4fd"
		    "2532a8f34d5bb77a29ff5691e112f2cbfa9fb2c080aabbcc" } },
		{ FEED_FROM_SYN, /* {"id":1,"method":"status"} and its answer */
		  { "7b226964223a312c226d6574686f64223a22737461747573227d0a",
		    "7b226964223a312c22726573756c74223a226f6b227d0a" } },
		{ FEED_UDP, { "ff", "ff" } },
		{ FEED_UDP, { "04", "04" } },
		{ FEED_FROM_SYN, /* the header of TDS, its length right, and noise */
		  { "12 01 0018 0000 00 00 d34d7ba1a802ae50c3afcf98feb4aa99",
		    "12 01 0018 0000 00 00 4113e3730a75b4615567e12b272da860" } },
		{ FEED_UDP,
		  { "00000005 11111111 22222222 33333333 44444444 55555555 66666666",
		    "00000005 11111111 22222222 33333333 44444444 55555555 66666666" } },
		{ FEED_FROM_SYN,
		  { "fec8 00000000000000000000000000000000000000",
		    "fec8 000000000000000000000000000000000000000000000000" } },
		{ FEED_UDP, /* RTPS of a DDS */
		  { "52545053 0203010f 010203040506070809101112 09010800 a1a2a3a4a5a6a7a8 15050400"
		    "01020304",
		    "52545053 0203010f 212223242526272829303132 09010800 a1a2a3a4a5a6a7a8 15050400"
		    "01020304" } },
	};
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		struct feed feed;
		feed_open(&feed, foreign[i].start, NULL);
		for (unsigned n = 0; n < 6; n++)
			feed_hex(&feed, n % 2, foreign[i].bytes[n % 2]);
		feed_finish(&feed);
		cr_expect_eq(detect_get_counters(feed.detect)->asked_ndpi, 1);
		cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN, "row %zu is %s", i,
		             feed.flow.facts->other_name ? feed.flow.facts->other_name : "ours");
		feed_close(&feed);
	}
}
