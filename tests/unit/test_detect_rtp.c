/* src/detect/rtp.c: packets that follow one another are media, anything less is not. */
#include "detect_hex.h"

/* An RTP packet of version 2 without extension: payload type and marker, sequence, time, source. */
static void feed_rtp(struct feed *feed, unsigned side, uint8_t type, uint16_t seq, uint32_t time,
                     uint32_t ssrc)
{
	char text[64];
	snprintf(text, sizeof(text), "80%02x %04x %08x %08x 0102030405060708", type, seq, time,
	         ssrc);
	feed_hex(feed, side, text);
}

/* The same in a frame of RFC 4571. */
static void feed_framed(struct feed *feed, unsigned side, uint8_t type, uint16_t seq, uint32_t time,
                        uint32_t ssrc)
{
	char text[64];
	snprintf(text, sizeof(text), "0014 80%02x %04x %08x %08x 0102030405060708", type, seq, time,
	         ssrc);
	feed_hex(feed, side, text);
}

static void feed_open_media(struct feed *feed)
{
	feed_open_udp(feed);
	feed->flow.port[0] = 50010;
	feed->flow.port[1] = 50012;
}

static enum protocol protocol_of(struct feed *feed)
{
	feed_finish(feed);
	enum protocol protocol = feed->flow.facts->protocol;
	feed_close(feed);
	return protocol;
}

Test(detect_rtp, one_direction_is_consistent)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_rtp(&feed, 0, 8, 65535, 0xffffff60, 0x11223344);
	feed_rtp(&feed, 0, 8, 0, 0, 0x11223344);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN, "two prove nothing");
	feed_rtp(&feed, 0, 8, 50, 0x100, 0x11223344);
	feed_finish(&feed);
	const struct facts *facts = feed.flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONSISTENT);
	cr_assert_eq(facts->protocol_packet, 3);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert(facts->has_media);
	cr_assert_eq(facts->opener_side, -1, "media does not tell who opened it");
	cr_assert_str_eq(detect_name(facts), "rtp");
	cr_assert_eq(feed_number(&feed, "rtp.payload_types"), 8);
	cr_assert_eq(feed_number(&feed, "rtp.ssrcs"), 1);
	cr_assert_eq(feed_number(&feed, "rtp.extension"), -1);
	cr_assert_eq(feed_number(&feed, "rtp.microsoft"), -1);
	feed_close(&feed);
}

Test(detect_rtp, both_directions_confirm)
{
	struct feed feed;
	feed_open_media(&feed);
	for (uint16_t i = 0; i < 3; i++) {
		feed_rtp(&feed, 0, i == 1 ? 0x80 | 101 : 114, (uint16_t)(1000 + i), 320U * i,
		         0x0a0b0c0d);
		feed_rtp(&feed, 1, 13, (uint16_t)(9 * i), 320U * i, 0x0e0f0a0b);
	}
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(feed_number(&feed, "rtp.ssrcs"), 2);
	/* 114 with one packet of telephone events between, and comfort noise the other way. */
	bool seen[128] = { false };
	for (struct fact *fact = feed.flow.facts->list; fact; fact = fact->next)
		if (strcmp(fact->def->name, "rtp.payload_types") == 0)
			seen[fact->number] = true;
	cr_assert(seen[114] && seen[101] && seen[13]);
	feed_close(&feed);
}

Test(detect_rtp, header_extension)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_hex(&feed, 0, "906f 0001 00000000 00000010 bede 0001 10ff0000 aabbccdd");
	feed_hex(&feed, 0, "906f 0002 000003c0 00000010 bede 0001 10ff0000 aabbccdd");
	feed_hex(&feed, 0, "906f 0003 00000780 00000010 bede 0001 10ff0000");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed_number(&feed, "rtp.extension"), 1);
	cr_assert_eq(feed_number(&feed, "rtp.payload_types"), 111);
	feed_close(&feed);
}

Test(detect_rtp, contributing_sources)
{
	struct feed feed;
	feed_open_media(&feed);
	for (int i = 1; i <= 3; i++) {
		char text[64];
		snprintf(text, sizeof(text), "8200 %04x %08x 00000010 00000020 00000030", i,
		         i * 160);
		feed_hex(&feed, 0, text);
	}
	cr_assert_eq(protocol_of(&feed), PROTOCOL_RTP);
}

/* Late and repeated packets are neither for nor against. */
Test(detect_rtp, out_of_order)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_rtp(&feed, 0, 0, 10, 1600, 5);
	feed_rtp(&feed, 0, 0, 12, 1920, 5);
	feed_rtp(&feed, 0, 0, 11, 1760, 5);
	feed_rtp(&feed, 0, 0, 12, 1920, 5);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_rtp(&feed, 0, 0, 13, 2080, 5);
	cr_assert_eq(protocol_of(&feed), PROTOCOL_RTP);
}

Test(detect_rtp, two_sources_at_once)
{
	struct feed feed;
	feed_open_media(&feed);
	for (uint16_t i = 0; i < 3; i++) {
		feed_rtp(&feed, 0, 111, (uint16_t)(100 + i), 160U * i, 0xaaaa0001);
		feed_rtp(&feed, 0, 122, (uint16_t)(60000 + i), 3000U * i, 0xaaaa0002);
	}
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT, "one direction");
	cr_assert_eq(feed_number(&feed, "rtp.ssrcs"), 2);
	feed_close(&feed);
}

/* A source that pauses and goes on elsewhere in its numbers is the same source. */
Test(detect_rtp, source_is_counted_once)
{
	struct feed feed;
	feed_open_media(&feed);
	for (uint16_t i = 0; i < 3; i++)
		feed_rtp(&feed, 0, 0, i, 160U * i, 7);
	for (uint16_t i = 0; i < 3; i++)
		feed_rtp(&feed, 0, 0, (uint16_t)(20000 + i), 1000000 + 160U * i, 7);
	feed_finish(&feed);
	cr_assert_eq(feed_number(&feed, "rtp.ssrcs"), 1);
	feed_close(&feed);
}

/* Confirmed media is watched for 64 packets, media of one direction for 1024. */
Test(detect_rtp, settles)
{
	struct feed feed;
	feed_open_media(&feed);
	for (uint16_t i = 0; i < 64; i++) {
		cr_assert_not(i && feed.flow.facts->is_settled, "%u", i);
		feed_rtp(&feed, i & 1, 0, i / 2, 160U * i, 7);
	}
	cr_assert(feed.flow.facts->is_settled);
	cr_assert_eq(feed_number(&feed, "rtp.ssrcs"), 2);
	feed_close(&feed);
	feed_open_media(&feed);
	for (uint16_t i = 0; i < 1024; i++) {
		cr_assert_not(i && feed.flow.facts->is_settled, "%u", i);
		feed_rtp(&feed, 0, 0, i, 160U * i, 7);
	}
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
}

Test(detect_rtp, what_does_not_go_on)
{
	static const struct {
		const char *why;
		const char *packets[4];
	} cases[] = {
		{ "one packet, four times",
		  { "8000 0001 00000010 00000005", "8000 0001 00000010 00000005",
		    "8000 0001 00000010 00000005", "8000 0001 00000010 00000005" } },
		{ "sequence stands, time runs",
		  { "8000 0001 00000010 00000005", "8000 0001 00000020 00000005",
		    "8000 0001 00000030 00000005", "8000 0001 00000040 00000005" } },
		{ "sequence leaps by 51",
		  { "8000 0001 00000010 00000005", "8000 0034 00000020 00000005",
		    "8000 0067 00000030 00000005", "8000 009a 00000040 00000005" } },
		{ "time goes back",
		  { "8000 0001 00000040 00000005", "8000 0002 00000030 00000005",
		    "8000 0003 00000020 00000005", "8000 0004 00000010 00000005" } },
		{ "another source each time",
		  { "8000 0001 00000010 00000005", "8000 0002 00000020 00000006",
		    "8000 0003 00000030 00000007", "8000 0004 00000040 00000008" } },
		{ "source 0",
		  { "8000 0001 00000010 00000000", "8000 0002 00000020 00000000",
		    "8000 0003 00000030 00000000", "8000 0004 00000040 00000000" } },
		{ "version 1",
		  { "4000 0001 00000010 00000005", "4000 0002 00000020 00000005",
		    "4000 0003 00000030 00000005", "4000 0004 00000040 00000005" } },
		{ "payload type 72, where RTCP stands without its top bit",
		  { "8048 0001 00000010 00000005", "8048 0002 00000020 00000005",
		    "8048 0003 00000030 00000005", "8048 0004 00000040 00000005" } },
		{ "more contributing sources than bytes",
		  { "8100 0001 00000010 00000005", "8100 0002 00000020 00000005",
		    "8100 0003 00000030 00000005", "8100 0004 00000040 00000005" } },
		{ "an extension longer than the packet",
		  { "9000 0001 00000010 00000005 bede0001", "9000 0002 00000020 00000005 bede0001",
		    "9000 0003 00000030 00000005 bede0001",
		    "9000 0004 00000040 00000005 bede0001" } },
		{ "NTP with the alarm of a leap second taken away",
		  { "a4 02 06 ec 00000001 00000002 47505300",
		    "a4 02 06 ec 00000001 00000003 47505300",
		    "a4 02 06 ec 00000001 00000004 47505300",
		    "a4 02 06 ec 00000001 00000005 47505300" } },
		{ "ESP: index and a counter",
		  { "80aabbcc 00000001 0102030405060708", "80aabbcc 00000002 1112131415161718",
		    "80aabbcc 00000003 2122232425262728", "80aabbcc 00000004 3132333435363738" } },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct feed feed;
		feed_open_media(&feed);
		for (size_t n = 0; n < 4; n++)
			feed_hex(&feed, 0, cases[i].packets[n]);
		cr_assert_eq(protocol_of(&feed), PROTOCOL_UNKNOWN, "%s", cases[i].why);
	}
}

Test(detect_rtp, no_media_below_port_1024)
{
	for (unsigned side = 0; side < 2; side++) {
		struct feed feed;
		feed_open_media(&feed);
		feed.flow.port[side] = 1023;
		for (uint16_t i = 0; i < 6; i++)
			feed_rtp(&feed, i & 1, 0, i, 160U * i, 7);
		cr_assert_eq(protocol_of(&feed), PROTOCOL_UNKNOWN);
		feed_open_media(&feed);
		feed.flow.port[side] = 1024;
		for (uint16_t i = 0; i < 6; i++)
			feed_rtp(&feed, i & 1, 0, i, 160U * i, 7);
		cr_assert_eq(protocol_of(&feed), PROTOCOL_RTP);
	}
}

/* The two error rates of the rule: no flow of noise is media, every stream of packets is. */
Test(detect_rtp, noise_is_not_named)
{
	cr_assert_eq(count_named_noise(80, 2000, 0x80), 0);
	cr_assert_eq(count_named_noise(90, 2000, 0x90), 0);
	cr_assert_eq(count_named_noise(91, 4000, -1), 0);
}

Test(detect_rtp, streams_are_found)
{
	struct noise noise = { 4711 };
	unsigned n_found = 0;
	for (unsigned i = 0; i < 1000; i++) {
		struct feed feed;
		feed_open_media(&feed);
		uint16_t seq = (uint16_t)noise_next(&noise);
		uint32_t time = (uint32_t)noise_next(&noise),
		         ssrc = (uint32_t)noise_next(&noise) | 1;
		uint8_t type = (uint8_t)(96 + noise_next(&noise) % 32);
		for (unsigned n = 0; n < 6; n++) {
			seq += (uint16_t)(1 + noise_next(&noise) % 3);
			time += 160;
			feed_rtp(&feed, 0, type, seq, time, ssrc);
		}
		n_found += protocol_of(&feed) == PROTOCOL_RTP;
	}
	cr_assert_eq(n_found, 1000);
}

/* ---- RTCP ----------------------------------------------------------------------------------- */

#define SENDER_REPORT "80c80006 11223344 0000000100000000 00000000 00000001 00000010"
#define SDES          "81ca0003 11223344 0103 'a@b' 000000"

Test(detect_rtp, rtcp_compound)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_hex(&feed, 0, SENDER_REPORT SDES);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTCP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
	cr_assert(feed.flow.facts->has_media);
	cr_assert_eq(feed_number(&feed, "rtp.payload_types"), -1);
	feed_close(&feed);
}

Test(detect_rtp, rtcp_alone_must_come_twice)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_hex(&feed, 0, SENDER_REPORT);
	feed_hex(&feed, 0, "80c90001 55667788");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_hex(&feed, 0, "80c90001 55667788");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTCP);
	feed_hex(&feed, 1, SENDER_REPORT SDES);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	feed_close(&feed);
}

Test(detect_rtp, rtcp_once_from_each_side)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_hex(&feed, 0, SENDER_REPORT);
	feed_hex(&feed, 1, "80c90001 55667788");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTCP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
	feed_close(&feed);
}

/* RFC 5506: feedback without a report before it, here protected, then a report. */
Test(detect_rtp, rtcp_feedback_alone)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_hex(&feed, 0, "8fce0003 0000e65b 4ac1a5d2 b88a39c6 80000000 1a62791965fe0c16ad2c");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_hex(&feed, 0, "80c90001 0000e65b 1a2b3c4d5e6f7081 80000001 99887766554433221100");
	cr_assert_eq(protocol_of(&feed), PROTOCOL_RTCP);
	/* In clear it is a compound that proves nothing at once: it has no report. */
	feed_open_media(&feed);
	feed_hex(&feed, 0, "81cd0003 0000e65b 00000001 00010000 81ca0001 0000e65b");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_hex(&feed, 0, "81cd0003 0000e65b 00000001 00010000 81ca0001 0000e65b");
	cr_assert_eq(protocol_of(&feed), PROTOCOL_RTCP);
}

Test(detect_rtp, rtcp_that_is_none)
{
	static const char *const packets[] = {
		"80c80005 11223344 0000000100000000 00000000 00000001", /* too short for a sender
		                                                           report */
		"81c80006 11223344 0000000100000000 00000000 00000001 00000010", /* no room for the
		                                                                    block */
		"80ca0001 11223344 80c90001 11223344",                           /* SDES first */
		"80c90001 00000000 81ca0001 11223344",                           /* source 0 */
		"80c90002 11223344",                   /* length beyond the end */
		"80c90001 11223344 40ca0001 11223344", /* version of the second, no room for a tag
		                                        */
		"80c90001 11223344 81bf0001 11223344", /* type of the second */
	};
	for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
		struct feed feed;
		feed_open_media(&feed);
		for (int n = 0; n < 4; n++)
			feed_hex(&feed, 0, packets[i]);
		cr_assert_eq(protocol_of(&feed), PROTOCOL_UNKNOWN, "packet %zu", i);
	}
}

Test(detect_rtp, srtcp)
{
	struct feed feed;
	feed_open_media(&feed);
	/* Behind the first 8 bytes all is encrypted; then index with E bit, 80-bit tag. */
	feed_hex(&feed, 0, "80c90001 00000abc d1e2f3a4b5c6d7e8 80000001 00112233445566778899");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_hex(&feed, 0, "80c90001 00000abc 1a2b3c4d5e6f7081 80000002 99887766554433221100");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTCP);
	feed_close(&feed);
	/* An index that stands still is none. */
	feed_open_media(&feed);
	feed_hex(&feed, 0, "80c90001 00000abc d1e2f3a4b5c6d7e8 80000001 00112233445566778899");
	feed_hex(&feed, 0, "80c90001 00000abc 1a2b3c4d5e6f7081 80000001 99887766554433221100");
	cr_assert_eq(protocol_of(&feed), PROTOCOL_UNKNOWN);
}

Test(detect_rtp, rtcp_confirms_one_direction_of_rtp)
{
	struct feed feed;
	feed_open_media(&feed);
	for (uint16_t i = 0; i < 3; i++)
		feed_rtp(&feed, 0, 0, i, 160U * i, 0x11223344);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
	feed_hex(&feed, 0, SENDER_REPORT SDES);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	feed_close(&feed);
}

/* [MS-RTP] 2.2.11.1: estimated bandwidth, type 1, length 12 with its own header. */
Test(detect_rtp, microsoft_extension_of_rtcp)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_hex(&feed, 0, "80c90004 11223344 0001000c 11223344 fffffffd" SDES);
	feed_finish(&feed);
	cr_assert_eq(feed_number(&feed, "rtp.microsoft"), 1);
	feed_close(&feed);
	/* Modality send bandwidth limit, type 14, the last there is, behind another. */
	feed_open_media(&feed);
	feed_hex(&feed, 0, "80c90005 11223344 00010008 11223344 000e0008 02000000" SDES);
	feed_finish(&feed);
	cr_assert_eq(feed_number(&feed, "rtp.microsoft"), 1);
	feed_close(&feed);
	static const char *const others[] = {
		"80c90004 11223344 0001000d 11223344 fffffffd" SDES, /* beyond the report */
		"80c90004 11223344 0001000a 11223344 fffffffd" SDES, /* rest is no header */
		"80c90004 11223344 000f000c 11223344 fffffffd" SDES, /* unknown type */
		"80c90004 11223344 00010003 11223344 fffffffd" SDES, /* shorter than itself */
	};
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		feed_open_media(&feed);
		feed_hex(&feed, 0, others[i]);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTCP, "packet %zu", i);
		cr_assert_eq(feed_number(&feed, "rtp.microsoft"), -1, "packet %zu", i);
		feed_close(&feed);
	}
}

Test(detect_rtp, checks_in_between_confirm)
{
	struct feed feed;
	feed_open_media(&feed);
	for (uint16_t i = 0; i < 3; i++)
		feed_rtp(&feed, 0, 0, i, 160U * i, 0x11223344);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
	feed_hex(&feed, 1, "0001 0008 2112a442 0102030405060708090a0b0c 8070 0004 00000003");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(feed_number(&feed, "stun.microsoft"), 1, "they are read as well");
	feed_close(&feed);
}

Test(detect_rtp, cut_by_the_snaplen)
{
	struct feed feed;
	feed_open_media(&feed);
	for (int i = 1; i <= 3; i++) {
		char text[80];
		snprintf(text, sizeof(text), "9000 %04x %08x 00000010 bede 0001 10ff0000 aabbccdd",
		         i, i * 160);
		feed_hex_cut(&feed, 0, text, 12);
	}
	cr_assert_eq(protocol_of(&feed), PROTOCOL_RTP);
}

/* ---- RFC 4571 ------------------------------------------------------------------------------- */

Test(detect_rtp, framed_over_tcp)
{
	struct feed feed;
	feed_open_tcp(&feed);
	for (uint16_t i = 0; i < 4; i++) {
		cr_assert(i < 3 || feed.flow.facts->protocol == PROTOCOL_UNKNOWN);
		feed_framed(&feed, 0, 114, (uint16_t)(1000 + i), 640U * i, 0x0a0b0c0d);
	}
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
	for (uint16_t i = 0; i < 3; i++)
		feed_framed(&feed, 1, 114, (uint16_t)(5000 + i), 640U * i, 0x01020304);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert(feed.flow.facts->has_media);
	cr_assert_eq(feed_number(&feed, "rtp.payload_types"), 114);
	cr_assert_eq(feed_number(&feed, "rtp.ssrcs"), 2);
	feed_close(&feed);
}

Test(detect_rtp, framed_bytewise)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex_bytewise(&feed, 0,
	                  "000c 8072 0001 00000000 0a0b0c0d 000c 8072 0002 00000010 0a0b0c0d"
	                  "000c 8072 0003 00000020 0a0b0c0d 000c 8072 0004 00000030 0a0b0c0d"
	                  "0018 0001 0004 2112a442 0102030405060708090a0b0c 00240000");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED, "STUN in a frame");
	feed_close(&feed);
}

Test(detect_rtp, framed_midstream)
{
	struct feed feed;
	feed_open_midstream(&feed);
	/* The capture begins within a frame. */
	feed_hex(&feed, 0,
	         "aabbccddeeff00112233 000c 8072 0001 00000000 0a0b0c0d 000c 8072 0002 00000010 "
	         "0a0b0c0d"
	         "000c 8072 0003 00000020 0a0b0c0d 000c 8072 0004 00000030 0a0b0c0d");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_not(feed.flow.facts->from_start[0]);
	cr_assert_eq(feed_number(&feed, "rtp.payload_types"), 114);
	feed_close(&feed);
}

Test(detect_rtp, framed_that_is_none)
{
	static const char *const streams[] = {
		/* three frames only; four of four sources; a length below a header; NetBIOS; DNS */
		"000c 8072 0001 00000000 0a0b0c0d 000c 8072 0002 00000010 0a0b0c0d"
		"000c 8072 0003 00000020 0a0b0c0d",
		"000c 8072 0001 00000000 00000001 000c 8072 0002 00000010 00000002"
		"000c 8072 0003 00000020 00000003 000c 8072 0004 00000030 00000004",
		"0002 8072 000c 8072 0001 00000000 0a0b0c0d 000c 8072 0002 00000010 0a0b0c0d"
		"000c 8072 0003 00000020 0a0b0c0d 000c 8072 0004 00000030 0a0b0c0d",
		"0000 0010 fe534d42 40000000 00000000 00000000",
		"0011 8001 0100 0001 0000 0000 0000 00 0001 0009",
	};
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		struct feed feed;
		feed_open_tcp(&feed);
		feed_hex(&feed, 0, streams[i]);
		cr_assert_neq(protocol_of(&feed), PROTOCOL_RTP, "stream %zu", i);
	}
}

Test(detect_rtp, framed_noise_is_not_named)
{
	struct noise noise = { 4571 };
	for (unsigned i = 0; i < 300; i++) {
		struct feed feed;
		uint8_t data[1400];
		feed_open(&feed, i & 1 ? FEED_MIDSTREAM : FEED_FROM_SYN,
		          &(struct detect_options){ .without_ndpi = true });
		for (unsigned n = 0; n < 4; n++) {
			noise_fill(&noise, data, sizeof(data));
			feed_tcp(&feed, n & 1, data, sizeof(data));
		}
		cr_assert_eq(protocol_of(&feed), PROTOCOL_UNKNOWN);
	}
}

extern const struct detector detector_rtp;

/* A stream that cannot be this is refused by its first bytes; one that can is waited for. */
Test(detect_rtp, refuses_at_once)
{
	const struct detector *detector = &detector_rtp;
	cr_assert_eq(probe_opening(detector, "", false), DETECT_MORE);
	cr_assert_eq(probe_opening(detector, "", true), DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "'GET / HTTP/1.1' 0d0a", false), DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "16 0301 0200 01 0001fc 0303 0001020304", false),
	             DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "000c 8072 0001 00000000 0a0b0c0d", false),
	             DETECT_MORE);
	cr_assert_eq(probe_opening(detector, "000c 8072 0001 00000000 0a0b0c0d", true),
	             DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "000b 8072", false), DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "0801 8072", false), DETECT_NOT_MINE);
}

/* ---- Too few to prove it ------------------------------------------------------------------- */

static bool maybe_media(struct feed *feed)
{
	feed_finish(feed);
	bool maybe = feed->flow.facts->maybe_media;
	if (maybe) {
		cr_assert_eq(feed->flow.facts->protocol, PROTOCOL_UNKNOWN);
		cr_assert_not(feed->flow.facts->has_media);
	}
	feed_close(feed);
	return maybe;
}

Test(detect_rtp, two_packets_may_be_media)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_rtp(&feed, 0, 0x80 | 111, 1000, 160, 0x11223344);
	cr_assert(feed.flow.facts->maybe_media, "told while the flow is open");
	feed_rtp(&feed, 0, 111, 1001, 320, 0x11223344);
	feed_rtp(&feed, 1, 111, 7, 320, 0x55667788);
	/* An RTCP sender report: SSRC, NTP time, RTP time, counts. */
	feed_hex(&feed, 1, "80c8 0006 55667788 e1e2e3e4 01020304 00000140 00000001 000000a0");
	cr_assert(maybe_media(&feed));
}

Test(detect_rtp, media_is_not_maybe_media)
{
	struct feed feed;
	feed_open_media(&feed);
	for (uint16_t i = 0; i < 3; i++)
		feed_rtp(&feed, 0, 0, i, 160U * i, 7);
	feed_finish(&feed);
	cr_assert(feed.flow.facts->has_media);
	cr_assert_not(feed.flow.facts->maybe_media);
	feed_close(&feed);
}

Test(detect_rtp, maybe_media_ends_with_what_is_none)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_rtp(&feed, 0, 0, 1, 160, 7);
	feed_hex(&feed, 1, "4041 4243 4445 4647 4849 4a4b 4c4d");
	cr_assert_not(feed.flow.facts->maybe_media);
	cr_assert_not(maybe_media(&feed));
}

/* Three packets of one side prove media, or that it is none. */
Test(detect_rtp, three_that_do_not_follow_are_not_maybe_media)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_rtp(&feed, 0, 0, 1, 160, 0x01010101);
	feed_rtp(&feed, 0, 0, 2, 160, 0x02020202);
	cr_assert(feed.flow.facts->maybe_media);
	feed_rtp(&feed, 0, 0, 3, 160, 0x03030303);
	cr_assert_not(maybe_media(&feed));
}

Test(detect_rtp, a_leap_is_not_maybe_media)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_rtp(&feed, 0, 0, 1, 160, 7);
	feed_rtp(&feed, 0, 0, 30000, 320, 7);
	cr_assert_not(maybe_media(&feed));
}

Test(detect_rtp, no_maybe_media_below_the_lowest_port)
{
	struct feed feed;
	feed_open_media(&feed);
	feed.flow.port[1] = 123;
	feed_rtp(&feed, 0, 0, 1, 160, 7);
	cr_assert_not(maybe_media(&feed));
}

/* STUN on the same 5-tuple: its own name counts, and what is held against it. */
Test(detect_rtp, claimed_flow_is_not_maybe_media)
{
	struct feed feed;
	feed_open_media(&feed);
	feed_rtp(&feed, 0, 0, 1, 160, 7);
	cr_assert(feed.flow.facts->maybe_media);
	feed_hex(&feed, 0, "0001 0000 2112a442 0102030405060708090a0b0c");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	cr_assert_not(feed.flow.facts->maybe_media);
	feed_close(&feed);
}

/* ---- What payloads tell -------------------------------------------------------------------- */

static void feed_payload(struct feed *feed, unsigned type, const char *const *payloads, size_t n)
{
	feed_open_media(feed);
	for (size_t i = 0; i < n; i++) {
		char text[128];
		snprintf(text, sizeof(text), "80%02x %04zx 00000000 11223344 %s", type, i + 1,
		         payloads[i]);
		feed_hex(feed, 0, text);
	}
	feed_finish(feed);
	cr_assert_eq(feed->flow.facts->protocol, PROTOCOL_RTP);
}

/* Digit 5 (RFC 4733 section 2.3), volume 10, end bit in the last, durations of 20 ms steps. */
Test(detect_rtp, dtmf_in_clear)
{
	static const char *const digits[] = { "050a00a0", "050a0140", "058a01e0" };
	static const char *const others[][3] = {
		{ "110a00a0", "110a0140", "118a01e0" },       /* no digit */
		{ "054a00a0", "054a0140", "05ca01e0" },       /* the reserved bit */
		{ "050a00a0aa", "050a0140aa", "058a01e0aa" }, /* length */
		{ "050a00a0 0102030405060708090a", "050a0140 0102030405060708090b",
		  "058a01e0 0102030405060708090c" }, /* SRTP */
	};
	struct feed feed;
	feed_payload(&feed, 101, digits, 3);
	cr_assert_eq(feed_number(&feed, "rtp.dtmf"), 1);
	feed_close(&feed);
	feed_payload(&feed, 102, digits, 3);
	cr_assert_eq(feed_number(&feed, "rtp.dtmf"), -1, "another payload type");
	feed_close(&feed);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		feed_payload(&feed, 101, others[i], 3);
		cr_assert_eq(feed_number(&feed, "rtp.dtmf"), -1, "%zu", i);
		feed_close(&feed);
	}
}

/* Start of stream with the request's number, a chunk of data, end of stream. */
Test(detect_rtp, x_data_in_clear)
{
	static const char *const frames[] = { "01 0001 31", "00 0004 61626364", "02 0001 31" };
	static const char *const others[] = { "01 0002 31", "00 0003 61626364", "03 0001 31" };
	struct feed feed;
	feed_payload(&feed, 127, frames, 3);
	cr_assert_eq(feed_number(&feed, "rtp.x_data"), 1);
	feed_close(&feed);
	feed_payload(&feed, 127, others, 3);
	cr_assert_eq(feed_number(&feed, "rtp.x_data"), -1);
	feed_close(&feed);
	feed_payload(&feed, 126, frames, 3);
	cr_assert_eq(feed_number(&feed, "rtp.x_data"), -1);
	feed_close(&feed);
}

Test(detect_rtp, ssrc_range)
{
	for (unsigned i = 0; i < 2; i++) {
		struct feed feed;
		feed_open_media(&feed);
		for (uint16_t n = 0; n < 3; n++)
			feed_rtp(&feed, 0, 0, n, 160U * n, UINT32_C(0xffffff00) + i);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP, "media all the same");
		cr_assert_eq(feed_number(&feed, "rtp.ssrc_out_of_range"), i ? 1 : -1);
		feed_close(&feed);
	}
}
