/* src/detect/dns.c: whole messages of DNS, over UDP and TCP, and what only looks like them. */
#include "detect_hex.h"

#define NAME "04 '_sip' 04 '_tls' 07 'example' 03 'com' 00"
#define QUERY                                                                                      \
	"1a2b 0100 0001 0000 0000 0001" NAME "0021 0001"                                           \
	"00 0029 1000 00000000 0000"

Test(detect_dns, query_and_response)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, QUERY);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DNS);
	cr_assert_eq(feed.flow.facts->opener_side, 0);
	feed_hex(&feed, 1,
	         "1a2b 8180 0001 0001 0000 0000" NAME "0021 0001"
	         "c00c 0021 0001 00000e10 000c 0000 0000 01bb 03 'sip' c01b");
	cr_assert(feed.flow.facts->is_settled, "one exchange says all");
	feed_finish(&feed);
	const struct facts *facts = feed.flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_DNS);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert(feed_has_text(&feed, "dns.query", "_sip._tls.example.com"));
	feed_close(&feed);
}

Test(detect_dns, response_names_the_responder)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, "0001 8183 0001 0000 0000 0000 01 'a' 00 0001 0001");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DNS);
	cr_assert_eq(feed.flow.facts->opener_side, 1);
	cr_assert(feed_has_text(&feed, "dns.query", "a"));
	feed_close(&feed);
}

#define QUESTION_A "01 'a' 00 0001 0001"
#define RECORD_A   "c00c 0001 0001 00000e10 0004 0a000001"
#define RECORD_OPT "00 0029 1000 00000000 0000"

Test(detect_dns, that_is_one)
{
	static const char *const messages[] = {
		"0001 0100 0001 0000 0000 0000 00 0002 0001",                 /* for the root */
		"0001 0130 0001 0000 0000 0000" QUESTION_A,                   /* AD and CD */
		"0001 1000 0001 0000 0000 0000" QUESTION_A,                   /* STATUS */
		"0001 2400 0001 0001 0000 0000" QUESTION_A RECORD_A,          /* NOTIFY */
		"0001 2800 0001 0000 0002 0000" QUESTION_A RECORD_A RECORD_A, /* UPDATE */
		"0001 0100 0001 0000 0001 0000" QUESTION_A RECORD_A,          /* IXFR */
		"0001 0100 0001 0000 0000 0002" QUESTION_A RECORD_OPT RECORD_OPT,
		"0001 818b 0001 0000 0000 0000" QUESTION_A,          /* the last error there is */
		"0001 0100 0001 0000 0000 0000 01 'a' 00 0001 8001", /* mDNS, asked to answer
		                                                        unicast */
		"0001 0100 0001 0000 0000 0000 01 'a' 00 0001 0004", /* classes */
		"0001 0100 0001 0000 0000 0000 01 'a' 00 0001 00fe",
		"0001 0100 0001 0000 0000 0000 01 'a' 00 0001 00ff",
	};
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct feed feed;
		feed_open_udp(&feed);
		feed_hex(&feed, 0, messages[i]);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DNS, "message %zu", i);
		feed_close(&feed);
	}
}

Test(detect_dns, that_is_none)
{
	static const char *const messages[] = {
		"0001 0100 0000 0000 0000 0000 01 'a' 00 0001 0001",    /* no question */
		"0001 0100 0002 0000 0000 0000 01 'a' 00 0001 0001",    /* two questions */
		"0001 0140 0001 0000 0000 0000 01 'a' 00 0001 0001",    /* reserved bit */
		"0001 0101 0001 0000 0000 0000 01 'a' 00 0001 0001",    /* a query with an error */
		"0001 0900 0001 0000 0000 0000 01 'a' 00 0001 0001",    /* opcode 1 is obsolete */
		"0001 818c 0001 0000 0000 0000 01 'a' 00 0001 0001",    /* no such error */
		"0001 0100 0001 0001 0000 0000 01 'a' 00 0001 0001",    /* a query with an answer */
		"0001 0100 0001 0000 0000 0000 01 'a' 00 0001 0001 00", /* more than it says */
		"0001 8100 0001 0001 0000 0000 01 'a' 00 0001 0001",    /* less than it says */
		"0001 0100 0001 0000 0000 0000 41 'a' 00 0001 0001",    /* label beyond 63 */
		"0001 0100 0001 0000 0000 0000 c00c 0001 0001",         /* pointer to itself */
		"0001 0100 0001 0000 0000 0000 01 'a' 00 0000 0001",    /* type 0 */
		"0001 0100 0001 0000 0000 0000 01 'a' 00 0001 0005",    /* class 5 */
		"0001 0100 0001 0000 0000 0000 01 'a' 00 0001",         /* short question */
		"0001 0100 0001 0000",
		"0001 1800 0001 0000 0000 0000" QUESTION_A,                   /* opcode 3 */
		"0001 3000 0001 0000 0000 0000" QUESTION_A,                   /* opcode 6 */
		"0001 0100 0001 0000 0002 0000" QUESTION_A RECORD_A RECORD_A, /* two authorities */
		"0001 0100 0001 0000 0000 0003" QUESTION_A RECORD_OPT RECORD_OPT RECORD_OPT,
		"0001 0100 0001 0000 0000 0000 01 'a' 00 0001 0000", /* class 0 */
		"0001 0100 0001 0000 0000 0000 01 'a' 00 0001 00fd", /* class 253 */
		"0001 0100 0001 0000 0000 0000 40 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' 00 0001 0001", /* label of 64 */
		/* an answer whose pointer goes forward; one into the header; a record cut short */
		"0001 8180 0001 0001 0000 0000" QUESTION_A "c013 0001 0001 00000e10 0000",
		"0001 8180 0001 0001 0000 0000" QUESTION_A "c00b 0001 0001 00000e10 0000",
		"0001 8180 0001 0001 0000 0000" QUESTION_A "c00c 0001 0001 00000e10 0004 0a0000",
		/* a NetBIOS name service query */
		"0001 0110 0001 0000 0000 0000 20 'FHEPFCELEHFCEPFFFACACACACACACABL' 00 0020 0001",
	};
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct feed feed;
		feed_open_udp(&feed);
		feed_hex(&feed, 0, messages[i]);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN, "message %zu", i);
		feed_close(&feed);
	}
}

/* 127 labels of one byte make the longest name; one more, or a loop of pointers, is none. */
Test(detect_dns, long_names)
{
	for (size_t n = 127; n <= 128; n++) {
		uint8_t data[400] = { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
		for (size_t i = 0; i < n; i++) {
			data[12 + 2 * i] = 1;
			data[13 + 2 * i] = 'x';
		}
		size_t len = 12 + 2 * n + 1;
		data[len + 1] = 1;
		data[len + 3] = 1;
		struct feed feed;
		feed_open_udp(&feed);
		feed_udp(&feed, 0, data, len + 4);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, n == 127 ? PROTOCOL_DNS : PROTOCOL_UNKNOWN);
		feed_close(&feed);
	}
}

Test(detect_dns, cut_by_the_snaplen)
{
	struct feed feed;
	feed_open_udp(&feed);
	/* The question is there, the record is cut. */
	feed_hex_cut(&feed, 1,
	             "0001 8180 0001 0001 0000 0000 01 'a' 00 0001 0001 c00c 0001 0001 00000e10 "
	             "0004 0a000001",
	             30);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DNS);
	feed_close(&feed);
	feed_open_udp(&feed);
	feed_hex_cut(&feed, 0, "0001 0100 0001 0000 0000 0000 01 'a' 00 0001 0001", 15);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_close(&feed);
}

Test(detect_dns, over_tcp)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex_bytewise(&feed, 0, "0013 0001 0100 0001 0000 0000 0000 01 'a' 00 0001 0001");
	feed_hex(&feed, 1,
	         "0023 0001 8180 0001 0001 0000 0000 01 'a' 00 0001 0001"
	         "c00c 0001 0001 00000e10 0004 0a000001");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DNS);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert(feed_has_text(&feed, "dns.query", "a"));
	feed_close(&feed);
}

/* Half a message waits for the rest; what ends within its first record is believed. */
Test(detect_dns, over_tcp_unfinished)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_hex(&feed, 1,
	         "1000 0001 8180 0001 0001 0000 0000 01 'a' 00 0001 0001 c00c 0010 0001 0000");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DNS);
	feed_close(&feed);
	static const char *const openings[] = {
		"00",
		"0013 0001 0100",
		"0013 0001 0100 0002 0000 0000 0000 01 'a' 00 0001 0001",
		"0010 0001 0100 0001 0000 0000 0000 01 'a' 00",
		"'GET / HTTP/1.1' 0d0a",
	};
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
		feed_open_tcp(&feed);
		feed_hex(&feed, 0, openings[i]);
		feed_finish(&feed);
		cr_assert_neq(feed.flow.facts->protocol, PROTOCOL_DNS, "opening %zu", i);
		cr_assert_str_neq(detect_name(feed.flow.facts), "dns");
		feed_close(&feed);
	}
}

Test(detect_dns, noise_is_not_named)
{
	cr_assert_eq(count_named_noise(53, 4000, -1), 0);
}

extern const struct detector detector_dns;

/* A stream that cannot be this is refused by its first bytes; one that can is waited for. */
Test(detect_dns, refuses_at_once)
{
	const struct detector *detector = &detector_dns;
	cr_assert_eq(probe_opening(detector, "", false), DETECT_MORE);
	cr_assert_eq(probe_opening(detector, "", true), DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "'GET / HTTP/1.1' 0d0a", false), DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "16 0301 0200 01 0001fc 0303 0001020304", false),
	             DETECT_NOT_MINE);
	cr_assert_eq(probe_opening(detector, "0013 0001 0100 0001 0000", false), DETECT_MORE);
	cr_assert_eq(probe_opening(detector, "0013 0001 0100 0001 0000", true), DETECT_NOT_MINE);
	cr_assert_eq(
	        probe_opening(detector, "0013 0001 0100 0001 0000 0000 0000" QUESTION_A, false),
	        DETECT_MINE);
}
