/*
 * DTLS by hand: hellos, records without a hello, and what shares the ports with it; and real
 * handshakes (dtls_handshakes.h), their datagrams in order, twice, and backwards.
 */
#include "detect_hex.h"
#include "dtls_handshakes.h"

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

/* ---- Real handshakes ------------------------------------------------------------------------- */

static void feed_datagram(struct feed *feed, const struct tls_piece *piece)
{
	uint8_t data[2048];
	feed_udp(feed, (unsigned)piece->side, data, hex_to_bytes(piece->hex, data));
}

static void feed_handshake(struct feed *feed, const struct tls_piece *pieces)
{
	feed_open_udp(feed);
	for (unsigned i = 0; pieces[i].side >= 0; i++)
		feed_datagram(feed, &pieces[i]);
	feed_finish(feed);
}

static void check_mutual(const struct feed *feed)
{
	cr_assert_eq(feed->flow.facts->protocol, PROTOCOL_DTLS);
	cr_assert_eq(feed->flow.facts->security, SECURITY_UNKNOWN);
	cr_assert_eq(feed->flow.facts->opener_side, 0);
	cr_assert(feed_has_text(feed, "dtls.version", "DTLS 1.2"));
	cr_assert(feed_has_text(feed, "dtls.max_version", "DTLS 1.2"));
	cr_assert(feed_has_text(feed, "dtls.suite", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
	cr_assert(feed_has_text(feed, "dtls.srtp", "SRTP_AES128_CM_HMAC_SHA1_80"));
	cr_assert_eq(feed_number(feed, "dtls.offers_srtp"), 1);
	cr_assert_eq(feed_number(feed, "dtls.cookie"), 1);
	cr_assert_eq(feed_number(feed, "dtls.certificate_request"), 1);
	cr_assert(feed_has_text(feed, "dtls.client_auth", "given"));
	cr_assert(feed_has_text(feed, "dtls.server_cert.subject", "sip.contoso.example"));
	cr_assert(feed_has_text(feed, "dtls.server_cert.names", "sip.contoso.example"));
	cr_assert(feed_has_text(feed, "dtls.server_cert.issuer", "Lab CA"));
	cr_assert(feed_has_text(feed, "dtls.client_cert.subject", "fe01.contoso.example"));
	cr_assert_eq(feed_number(feed, "dtls.client_cert.key_bits"), 256);
	cr_assert_null(facts_find(feed->flow.facts, "dtls.alert"));
	cr_assert_not(feed->flow.facts->is_refused);
}

Test(detect_dtls, a_mutual_handshake_for_srtp_in_fragments)
{
	struct feed feed;
	feed_handshake(&feed, dtls12_srtp_mutual);
	check_mutual(&feed);
	feed_close(&feed);
}

Test(detect_dtls, datagrams_that_come_twice_change_nothing)
{
	struct feed feed;
	feed_open_udp(&feed);
	for (unsigned i = 0; dtls12_srtp_mutual[i].side >= 0; i++) {
		feed_datagram(&feed, &dtls12_srtp_mutual[i]);
		feed_datagram(&feed, &dtls12_srtp_mutual[i]);
	}
	feed_finish(&feed);
	check_mutual(&feed);
	feed_close(&feed);
}

/* Fragments 5 and 6 of the server change places; then its flight is sent once more. */
Test(detect_dtls, a_fragment_ahead_of_others_waits_for_its_retransmission)
{
	static const unsigned order[] = { 0, 1, 2, 3, 5, 4, 6, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
	struct feed feed;
	feed_open_udp(&feed);
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		feed_datagram(&feed, &dtls12_srtp_mutual[order[i]]);
		if (i == 6)
			cr_assert_null(facts_find(feed.flow.facts, "dtls.server_cert.subject"));
	}
	feed_finish(&feed);
	check_mutual(&feed);
	feed_close(&feed);
}

Test(detect_dtls, a_handshake_that_asks_for_no_certificate)
{
	struct feed feed;
	feed_handshake(&feed, dtls12_plain);
	cr_assert(feed_has_text(&feed, "dtls.client_auth", "not-asked"));
	cr_assert_null(facts_find(feed.flow.facts, "dtls.srtp"));
	cr_assert_null(facts_find(feed.flow.facts, "dtls.certificate_request"));
	cr_assert_null(facts_find(feed.flow.facts, "dtls.client_cert.subject"));
	feed_close(&feed);
}

Test(detect_dtls, a_refused_handshake)
{
	struct feed feed;
	feed_handshake(&feed, dtls12_required);
	cr_assert(feed_has_text(&feed, "dtls.client_auth", "empty"));
	cr_assert(feed_has_text(&feed, "dtls.alert", "handshake_failure"));
	cr_assert(feed_has_text(&feed, "dtls.alert_from", "server"));
	cr_assert(feed.flow.facts->is_refused);
	cr_assert_str_eq(feed.flow.facts->refusal, "handshake_failure");
	feed_close(&feed);
}

/* A second attempt that works is no refusal. */
Test(detect_dtls, an_alert_before_data_that_flows_all_the_same)
{
	struct feed feed;
	feed_open_udp(&feed);
	for (unsigned i = 0; dtls12_required[i].side >= 0; i++)
		feed_datagram(&feed, &dtls12_required[i]);
	feed_hex(&feed, 0, RECORD("17", "0001", "0004") "aabbccdd");
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "dtls.alert", "handshake_failure"));
	cr_assert_not(feed.flow.facts->is_refused);
	feed_close(&feed);
}

/* ServerHello with the client's session, then ChangeCipherSpec at once. */
Test(detect_dtls, a_resumed_session)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, HELLO);
	feed_hex(&feed, 1,
	         RECORD("16", "0000", "0032") "02 000026 0000 000000 000026 fefd" RANDOM
	                                      "00 c02b 00" RECORD("14", "0000", "0001") "01");
	feed_hex(&feed, 0, RECORD("14", "0000", "0001") "01");
	feed_finish(&feed);
	cr_assert_eq(feed_number(&feed, "dtls.resumed"), 1);
	cr_assert_null(facts_find(feed.flow.facts, "dtls.client_auth"));
	feed_close(&feed);
}

/* Longer than any message that is put together, and lengths that contradict each other. */
Test(detect_dtls, hostile_fragments)
{
	static const char *const parts[] = {
		RECORD("16", "0000", "0010") "0b ffffff 0002 000000 000004 aabbccdd",
		RECORD("16", "0000", "0010") "0b 000008 0003 000006 000004 aabbccdd",
		RECORD("16", "0000", "0010") "0b 000008 0004 000004 000004 aabbccdd",
		RECORD("16", "0000", "0010") "0b 000008 0005 000000 000004 aabbccdd",
		RECORD("16", "0000", "0010") "0b 000009 0005 000004 000004 aabbccdd",
		RECORD("16", "0000", "0010") "0b 000008 0005 000002 000004 aabbccdd",
	};
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, HELLO);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		feed_hex(&feed, 1, parts[i]);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DTLS);
	cr_assert_null(facts_find(feed.flow.facts, "dtls.server_cert.subject"));
	feed_close(&feed);
}
