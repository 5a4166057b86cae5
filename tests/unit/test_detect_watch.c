#include "detect_feed.h"

#define SIP_REQUEST                                                                                \
	"OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.9.1\r\nFrom: <sip:b@x>\r\n"    \
	"To: <sip:a@x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
#define HTTP_REQUEST "GET /index.html HTTP/1.1\r\nHost: example.com\r\n\r\n"

static void expect_conflict(const struct feed *feed, const char *name, uint64_t packet)
{
	const struct facts *facts = feed->flow.facts;
	const struct fact *fact = facts_find(facts, name);

	cr_assert_not_null(fact, "%s", name);
	cr_expect_eq(fact->packet, packet);
	cr_expect_eq(fact->number, 1);
	cr_expect(facts->is_disputed);
	cr_expect_eq(facts->doubt, DOUBT_CONFLICT);
	cr_expect_leq(facts->protocol_evidence, EVIDENCE_CONSISTENT);
	cr_expect_leq(facts->security_evidence, EVIDENCE_CONSISTENT);
	cr_expect_eq(detect_get_counters(feed->detect)->conflicts, 1);
}

/* The first copy, which dies on the way to the peer, settles the flow; the second is what it reads.
 */
Test(detect_watch, a_later_copy_disputes_a_settled_flow)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, HTTP_REQUEST);
	feed_tcp_at(&feed, 0, 0, SIP_REQUEST, sizeof(HTTP_REQUEST) - 1);
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_HTTP);
	expect_conflict(&feed, "tcp.conflict", 4);
	cr_assert_null(feed.flow.facts->watch);
	feed_close(&feed);
}

/* SSH is settled by its first line: the later copy comes when the stream is gone. */
Test(detect_watch, a_flow_is_watched_when_it_is_settled)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "SSH-2.0-OpenSSH_9.2p1\r\n");
	FEED_TCP(&feed, 1, "SSH-2.0-OpenSSH_9.2p1\r\n");
	cr_assert(feed.flow.facts->is_settled);
	cr_assert_null(feed.flow.stream);
	cr_assert_not_null(feed.flow.facts->watch); /* the last line is not acknowledged */
	cr_expect_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	unsigned n_changes = feed.n_changes;
	feed_tcp_at(&feed, 1, 0, "HTTP/1.1 200 OK  \r\n\r\n..", 23);
	cr_expect_eq(feed.n_changes, n_changes + 1);
	expect_conflict(&feed, "tcp.conflict", 5);
	feed_tcp_at(&feed, 1, 0, "once more with feeling.", 23); /* said once, counted once */
	expect_conflict(&feed, "tcp.conflict", 5);
	feed_close(&feed); /* while it is watched */
}

/* What the peer has acknowledged it has read: later copies are its stack's business. */
Test(detect_watch, an_acknowledged_byte_is_beyond_dispute)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "SSH-2.0-OpenSSH_9.2p1\r\n");
	FEED_TCP(&feed, 1, "SSH-2.0-OpenSSH_9.2p1\r\n");
	FEED_TCP(&feed, 0, "?");
	cr_expect_null(feed.flow.facts->watch);
	feed_tcp_at(&feed, 0, 0, "GET / HTTP/1.1\r\n", 16);
	feed_tcp_at(&feed, 1, 0, "GET / HTTP/1.1\r\n", 16);
	feed_finish(&feed);
	cr_expect_not(feed.flow.facts->is_disputed);
	cr_expect_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_expect_eq(detect_get_counters(feed.detect)->conflicts, 0);
	feed_close(&feed);
}

/* Sent again as it was, whole or cut otherwise: nothing to say. */
Test(detect_watch, a_retransmission_is_no_conflict)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, HTTP_REQUEST);
	feed_tcp_at(&feed, 0, 0, HTTP_REQUEST, sizeof(HTTP_REQUEST) - 1);
	feed_tcp_at(&feed, 0, 5, HTTP_REQUEST + 5, 20);
	feed_finish(&feed);
	cr_expect_not(feed.flow.facts->is_disputed);
	cr_expect_null(facts_find(feed.flow.facts, "tcp.conflict"));
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_NONE);
	cr_expect_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	feed_close(&feed);
}

/* A capture of one direction holds no acknowledgement: the watch ends after some packets. */
Test(detect_watch, the_watch_is_bounded)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "SSH-2.0-OpenSSH_9.2p1\r\n");
	FEED_TCP(&feed, 1, "SSH-2.0-OpenSSH_9.2p1\r\n");
	for (unsigned i = 0; i < 63; i++) {
		cr_assert_not_null(feed.flow.facts->watch, "%u", i);
		FEED_TCP(&feed, 1, "more");
	}
	FEED_TCP(&feed, 1, "more");
	cr_expect_null(feed.flow.facts->watch);
	feed_tcp_at(&feed, 1, 0, "zzz", 3);
	cr_expect_not(feed.flow.facts->is_disputed);
	feed_close(&feed);
}

/* Want of room ends a watch before it ends the classification of others, and is no "no room". */
Test(detect_watch, watches_go_for_want_of_room)
{
	struct feed feed;
	feed_open(&feed, FEED_FROM_SYN,
	          &(struct detect_options){ .without_ndpi = true, .first_bytes_budget = 1 });
	FEED_TCP(&feed, 0, "SSH-2.0-OpenSSH_9.2p1\r\n");
	feed_finish(&feed);
	cr_expect_null(feed.flow.facts->watch);
	feed_close(&feed);
	feed_open(&feed, FEED_FROM_SYN,
	          &(struct detect_options){ .without_ndpi = true, .first_bytes_budget = 16384 });
	FEED_TCP(&feed, 0, "SSH-2.0-OpenSSH_9.2p1\r\n");
	FEED_TCP(&feed, 1, "SSH-2.0-OpenSSH_9.2p1\r\n");
	cr_assert_not_null(feed.flow.facts->watch);
	struct flow other = feed.flow;
	other.facts = NULL;
	other.port[0]++;
	static const char filler[60000];
	struct packet packet = { .transport = TRANSPORT_TCP,
		                 .tcp_seq = 5000,
		                 .tcp_flags = TCP_ACK,
		                 .payload = BYTES((const uint8_t *)filler, sizeof(filler)),
		                 .payload_len_wire = sizeof(filler) };
	detect_packet(feed.detect, &other, 0, &packet);
	cr_expect_null(feed.flow.facts->watch);
	cr_expect_eq(feed.flow.facts->doubt, DOUBT_NONE);
	detect_forget(feed.detect, &other);
	feed_close(&feed);
}

Test(detect_watch, fragments_that_contradict_each_other)
{
	struct feed feed;
	feed_open_udp(&feed);
	struct packet packet = { .is_disputed = true,
		                 .is_joined = true,
		                 .payload = BYTES_LITERAL(SIP_REQUEST) };
	feed_packet(&feed, 0, &packet);
	feed_finish(&feed);
	cr_expect_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	expect_conflict(&feed, "ip.fragments_overlap", 1);
	feed_close(&feed);
}
