/*
 * SIP: messages after RFC 3261 section 7 and the methods of [MS-SIPRE], cut at every byte; SDP
 * after RFC 4566; and the protocols whose first lines look like SIP's.
 */
#include "detect_sweep.h"

extern const struct detector detector_sip;

#define REGISTER                                                                                   \
	"REGISTER sip:contoso.example SIP/2.0\r\n"                                                 \
	"Via: SIP/2.0/TCP 10.0.9.1:49152\r\n"                                                      \
	"From: <sip:alice@contoso.example>;tag=1;epid=7b\r\n"                                      \
	"To: <sip:alice@contoso.example>\r\n"                                                      \
	"Call-ID: 1\r\nCSeq: 1 REGISTER\r\n"                                                       \
	"User-Agent: UCCAPI/15.0.4420.1017 OC/15.0.4420.1017 (Microsoft Lync)\r\n"                 \
	"Content-Length: 0\r\n\r\n"
#define ANSWER(status)                                                                             \
	"SIP/2.0 " status "\r\n"                                                                   \
	"Via: SIP/2.0/TCP 10.0.9.1:49152\r\nFrom: <sip:a@b.example>;tag=1\r\n"                     \
	"To: <sip:a@b.example>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n"                        \
	"Server: RTC/5.0\r\nContent-Length: 0\r\n\r\n"
#define HEADERS "Via: SIP/2.0/TCP h\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n"
#define SDP                                                                                        \
	"v=0\r\no=- 0 0 IN IP4 10.0.9.1\r\ns=session\r\nc=IN IP4 10.0.9.1\r\nt=0 0\r\n"            \
	"m=audio 50010 RTP/SAVP 114\r\na=rtpmap:114 x-msrta/16000\r\n"                             \
	"m=video 50020/2 RTP/SAVP 121\r\nc=IN IP4 10.0.9.7/127\r\n"
/* SDP is 176 bytes. */
#define INVITE                                                                                     \
	"INVITE sip:bob@b.example SIP/2.0\r\nv: SIP/2.0/TCP h\r\nf: <sip:a@b.example>\r\n"         \
	"t: <sip:b@b.example>\r\ni: 2\r\nCSeq: 1 INVITE\r\nc: application/sdp\r\nl: "              \
	"176\r\n\r\n" SDP

static void finish_with(struct feed *feed, const struct turn *turns, size_t n_turns)
{
	feed_open_tcp(feed);
	feed_turns(feed, turns, n_turns, SIZE_MAX, 0);
	feed_finish(feed);
}

static void check_register(struct feed *feed)
{
	const struct facts *facts = feed->flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_SIP);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert_eq(facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_assert_str_eq(detect_name(facts), "sip");
	cr_assert(feed_has_text(feed, "sip.methods", "REGISTER"));
	cr_assert_eq(feed_number(feed, "sip.status_codes"), 401);
	cr_assert_eq(feed_number(feed, "sip.microsoft"), 1);
	cr_assert(feed_has_text(feed, "sip.user_agent",
	                        "UCCAPI/15.0.4420.1017 OC/15.0.4420.1017 (Microsoft Lync)"));
	cr_assert(feed_has_text(feed, "sip.server", "RTC/5.0"));
	cr_assert_eq(facts->opener_side, -1, "a request does not tell who opened");
	cr_assert_not(facts->is_refused, "a challenge is no refusal");
}

Test(detect_sip, register_and_challenge_cut_everywhere)
{
	static const struct turn turns[] = { TURN(0, REGISTER),
		                             TURN(1, ANSWER("401 Unauthorized")) };
	sweep_cuts(turns, ARRAY_SIZE(turns), check_register);
}

Test(detect_sip, keep_alives_come_before_and_between)
{
	static const struct turn turns[] = {
		TURN(0, "\r\n\r\n"),
		TURN(0, "\r\n\r\n" REGISTER "\r\n\r\n"),
		TURN(1, "\r\n" ANSWER("401 Unauthorized") "\r\n"),
	};
	sweep_cuts(turns, ARRAY_SIZE(turns), check_register);
}

Test(detect_sip, every_method_of_the_guide_may_be_first)
{
	static const char *const methods[] = { "INVITE",  "ACK",       "BYE",    "CANCEL",
		                               "OPTIONS", "REGISTER",  "PRACK",  "UPDATE",
		                               "INFO",    "SUBSCRIBE", "NOTIFY", "PUBLISH",
		                               "MESSAGE", "REFER" };
	static const char *const microsoft[] = { "SERVICE", "BENOTIFY", "NEGOTIATE" };
	static const char *const schemes[] = { "sip:b.example", "SIPS:b.example", "tel:+15550100" };
	for (size_t i = 0; i < ARRAY_SIZE(methods) + ARRAY_SIZE(microsoft); i++) {
		bool is_own = i >= ARRAY_SIZE(methods);
		const char *method = is_own ? microsoft[i - ARRAY_SIZE(methods)] : methods[i];
		char text[256];
		struct feed feed;
		int len = snprintf(text, sizeof(text), "%s %s SIP/2.0\r\n" HEADERS, method,
		                   schemes[i % 3]);
		feed_open_tcp(&feed);
		feed_tcp(&feed, 0, text, (size_t)len);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP, "%s", method);
		cr_assert(feed_has_text(&feed, "sip.methods", method));
		cr_assert_eq(feed_number(&feed, "sip.microsoft"), is_own ? 1 : -1);
		feed_close(&feed);
	}
}

Test(detect_sip, an_unknown_method_needs_two_hints)
{
	static const struct turn both[] = { TURN(
		0, "FROBNICATE sip:a.example SIP/2.0\r\nVia: x\r\nCSeq: 1 FROBNICATE\r\n\r\n") };
	static const struct turn one[] = { TURN(
		0, "FROBNICATE sip:a.example SIP/2.0\r\nTo: x\r\nSubject: y\r\n\r\n") };
	static const struct turn scheme[] = { TURN(
		0, "INVITE urn:service:sos SIP/2.0\r\nVia: x\r\nt: y\r\n\r\n") };
	cr_assert_str_eq(detector_of(both, 1), "sip");
	cr_assert_str_eq(detector_of(one, 1), "none");
	cr_assert_str_eq(detector_of(scheme, 1), "sip");
}

Test(detect_sip, a_first_line_alone_is_not_enough)
{
	static const struct turn line[] = { TURN(0, "INVITE sip:a.example SIP/2.0\r\n") };
	static const struct turn other[] = { TURN(0,
		                                  "INVITE sip:a.example SIP/2.0\r\nX: y\r\n\r\n") };
	static const struct turn text[] = { TURN(
		0, "INVITE sip:a.example SIP/2.0\r\nnot a header\r\n") };
	static const struct turn feed_only[] = { TURN(0,
		                                      "INVITE sip:a.example SIP/2.0\nVia: x\n\n") };
	cr_assert_str_eq(detector_of(line, 1), "none");
	cr_assert_str_eq(detector_of(other, 1), "none");
	cr_assert_str_eq(detector_of(text, 1), "none");
	cr_assert_str_eq(detector_of(feed_only, 1), "none");
}

Test(detect_sip, the_next_message_must_start_right)
{
	static const struct turn good[] = { TURN(
		0, "OPTIONS sip:a.example SIP/2.0\r\nX: 1\r\n"
		   "Content-Length: 4\r\nVia: x\r\n\r\nbodyACK sip:a") };
	static const struct turn bad[] = { TURN(
		0, "OPTIONS sip:a.example SIP/2.0\r\nX: 1\r\n"
		   "Content-Length: 2\r\nVia: x\r\n\r\nbodyACK sip:a") };
	cr_assert_str_eq(detector_of(good, 1), "sip");
	cr_assert_str_eq(detector_of(bad, 1), "none");
}

Test(detect_sip, false_friends_are_refused)
{
	static const struct turn friends[] = {
		TURN(0, "GET / HTTP/1.1\r\nVia: 1.1 proxy\r\nFrom: a@b.example\r\n\r\n"),
		TURN(0, "OPTIONS rtsp://a.example/x RTSP/1.0\r\nCSeq: 1\r\nVia: x\r\n\r\n"),
		TURN(0, "NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nVia: x\r\nCSeq: "
		        "1\r\n\r\n"),
		TURN(0, "REQMOD icap://a.example/x ICAP/1.0\r\nFrom: x\r\nVia: x\r\n\r\n"),
		TURN(0, "MSRP a786hjs2 SEND\r\nTo-Path: msrp://b\r\nFrom-Path: msrp://a\r\n\r\n"),
		TURN(0, "EHLO client.example\r\nMAIL FROM:<a@b.example>\r\n"),
		TURN(0, "register sip:a.example SIP/2.0\r\nVia: x\r\nCSeq: 1\r\n\r\n"),
		TURN(0, "SIP/2.0 099 Low\r\nVia: x\r\nCSeq: 1\r\n\r\n"),
		TURN(0, "SIP/2.0 700 High\r\nVia: x\r\nCSeq: 1\r\n\r\n"),
		TURN(0, "SIP/2.0 2000 Long\r\nVia: x\r\nCSeq: 1\r\n\r\n"),
		TURN(0, "RSP/2.0 STUN\r\nVia: x\r\nCSeq: 1\r\n\r\n"),
	};
	for (size_t i = 0; i < ARRAY_SIZE(friends); i++) {
		cr_assert_str_neq(detector_of(&friends[i], 1), "sip", "friend %zu", i);
		struct feed feed;
		feed_open_udp(&feed);
		feed_udp(&feed, 0, friends[i].data, friends[i].len);
		feed_finish(&feed);
		cr_assert_str_neq(detect_name(feed.flow.facts), "sip", "friend %zu as datagram", i);
		feed_close(&feed);
	}
}

Test(detect_sip, a_server_that_speaks_something_else_settles_it)
{
	static const struct turn turns[] = { TURN(1, "220 mail.example ESMTP\r\n"),
		                             TURN(0, REGISTER) };
	cr_assert_str_eq(detector_of(turns, 2), "none");
}

Test(detect_sip, noise_is_nothing)
{
	sweep_noise(FEED_FROM_SYN, "sip", "INVITE sip:", 11);
	sweep_noise(FEED_MIDSTREAM, "sip", "\r\n\r\nSIP/2.0 200", 15);
	sweep_noise(FEED_UDP, "sip", "SIP/2.0 200 OK\r\n", 16);
}

/* ---- Media ------------------------------------------------------------------------------- */

/* The next note, which must be media at this place. */
static void expect_media(struct feed *feed, const char *address, uint16_t port)
{
	struct note note;
	struct addr addr;
	cr_assert(detect_next_note(feed->detect, &note), "%s:%u is not announced", address, port);
	cr_assert_eq(note.kind, NOTE_MEDIA);
	cr_assert(addr_parse(&addr, address));
	cr_assert(addr_equal(&note.addr, &addr), "port %u, not %s", note.port, address);
	cr_assert_eq(note.port, port, "%u, not %u", note.port, port);
	cr_assert_gt(note.time_ns, 1400000000 * NS_PER_SECOND);
}

static void expect_no_more(struct feed *feed)
{
	struct note note;
	cr_assert_not(detect_next_note(feed->detect, &note));
}

/* RTCP is one port above (RFC 3550 section 11); "50020/2" are two pairs; its own c= counts. */
static void check_media(struct feed *feed)
{
	expect_media(feed, "10.0.9.1", 50010);
	expect_media(feed, "10.0.9.1", 50011);
	for (uint16_t port = 50020; port <= 50023; port++)
		expect_media(feed, "10.0.9.7", port);
	expect_no_more(feed);
	cr_assert(feed_has_text(feed, "sip.media", "audio"));
	cr_assert(feed_has_text(feed, "sip.media", "video"));
	cr_assert(feed_has_text(feed, "sip.methods", "BYE"), "the body was framed");
}

Test(detect_sip, sdp_announces_media_however_it_is_cut)
{
	cr_assert_eq(strlen(SDP), 176);
	static const struct turn turns[] = { TURN(0, INVITE "BYE sip:b SIP/2.0\r\n" HEADERS) };
	sweep_cuts(turns, 1, check_media);
}

Test(detect_sip, sdp_in_a_datagram_ends_with_it)
{
	struct feed feed;
	feed_open_udp(&feed);
	FEED_UDP(&feed, 0,
	         "INVITE sip:b SIP/2.0\r\nVia: x\r\nContent-Type: application/sdp\r\n\r\n"
	         "v=0\r\nc=IN IP6 2001:db8::7\r\nm=audio 4000 RTP/AVP 0");
	expect_media(&feed, "2001:db8::7", 4000);
	expect_media(&feed, "2001:db8::7", 4001);
	expect_no_more(&feed);
	feed_finish(&feed);
	feed_close(&feed);
}

#define BODY(type, length, body)                                                                   \
	"INVITE sip:b SIP/2.0\r\nVia: x\r\nContent-Type: " type "\r\nContent-Length: " length      \
	"\r\n\r\n" body

static unsigned notes_of(const char *message, struct note *note)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_udp(&feed, 0, message, strlen(message));
	unsigned n = take_notes(&feed, note);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	feed_close(&feed);
	return n;
}

Test(detect_sip, what_announces_nothing_leaves_no_note)
{
	struct note note;
	cr_assert_eq(notes_of(BODY("application/sdp", "500",
	                           "c=IN IP4 10.0.0.1\r\nm=audio 0 RTP/AVP 0\r\n"),
	                      &note),
	             0, "refused media");
	cr_assert_eq(notes_of(BODY("application/sdp", "500",
	                           "c=IN IP4 0.0.0.0\r\nm=audio 5000 RTP/AVP 0\r\n"),
	                      &note),
	             0, "on hold");
	cr_assert_eq(notes_of(BODY("application/sdp", "500", "m=audio 5000 RTP/AVP 0\r\n"), &note),
	             0);
	cr_assert_eq(notes_of(BODY("application/sdp", "500",
	                           "c=IN IP4 host.example\r\nm=audio 5000 x\r\n"),
	                      &note),
	             0, "names are not resolved");
	cr_assert_eq(
	        notes_of(BODY("application/sdp", "500", "c=IN IP4 10.0.0.1\r\nm=audio 70000 x\r\n"),
	                 &note),
	        0);
	cr_assert_eq(notes_of(BODY("text/plain", "500", "c=IN IP4 10.0.0.1\r\nm=audio 5000 x\r\n"),
	                      &note),
	             0);
}

Test(detect_sip, a_session_refreshed_is_announced_once)
{
	struct feed feed;
	struct note note;
	feed_open_tcp(&feed);
	for (unsigned i = 0; i < 100; i++)
		FEED_TCP(&feed, 0, INVITE);
	cr_assert_eq(take_notes(&feed, &note), 6);
	feed_finish(&feed);
	feed_close(&feed);
}

/* What Lync puts into an offer: RFC 5245 candidates of this host, of its relay, over UDP and TCP.
 */
Test(detect_sip, candidates_announce_media)
{
	struct feed feed;
	feed_open_udp(&feed);
	FEED_UDP(&feed, 1,
	         "SIP/2.0 200 OK\r\nVia: x\r\nContent-Type: application/sdp\r\n\r\n"
	         "v=0\r\nc=IN IP4 203.0.113.12\r\n"
	         "m=audio 51000 RTP/SAVP 114\r\n"
	         "a=candidate:1 1 UDP 2130706431 10.0.9.1 50010 typ host \r\n"
	         "a=candidate:1 2 UDP 2130705918 10.0.9.1 50017 typ host \r\n"
	         "a=candidate:2 1 TCP-PASS 6556159 203.0.113.12 52000 typ relay raddr 10.0.9.1 "
	         "rport "
	         "50020\r\n"
	         "a=candidate:3 1 TCP-ACT 7076607 10.0.9.1 9 typ host\r\n"
	         "a=candidate:4 1 UDP 1 host.local 50030 typ host\r\n"
	         "a=candidate:5 1 UDP 1 2001:db8::9 50032 typ host\r\n"
	         "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\r\n"
	         "a=rtcp:51007\r\n"
	         "m=video 0 RTP/SAVP 121\r\n"
	         "a=candidate:1 1 UDP 2130706431 10.0.9.1 50040 typ host\r\n");
	expect_media(&feed, "10.0.9.1", 50010);
	expect_media(&feed, "10.0.9.1", 50017);
	expect_media(&feed, "203.0.113.12", 52000);
	expect_media(&feed, "2001:db8::9", 50032);
	expect_media(&feed, "203.0.113.12", 51000);
	expect_media(&feed, "203.0.113.12", 51007);
	expect_no_more(&feed);
	feed_finish(&feed);
	cr_assert_eq(feed_number(&feed, "sip.srtp"), 1);
	for (const struct fact *fact = feed.flow.facts->list; fact; fact = fact->next)
		cr_assert_lt(bytes_find(fact->text, BYTES_LITERAL("c2VjcmV0")), 0, "a key is told");
	feed_close(&feed);
}

/* The form of Office Communicator 2007: a password before the transport, a priority below one. */
Test(detect_sip, old_candidates_announce_media)
{
	struct feed feed;
	feed_open_udp(&feed);
	FEED_UDP(&feed, 0,
	         "INVITE sip:b SIP/2.0\r\nVia: x\r\nContent-Type: application/sdp\r\n\r\n"
	         "v=0\r\nc=IN IP4 10.0.9.1\r\nm=audio 50010 RTP/AVP 114\r\n"
	         "a=candidate:GzVc 1 c2VjcmV0 UDP 0.830 10.0.9.2 50050\r\n"
	         "a=candidate:GzVc 1 c2VjcmV0 SCTP 0.830 10.0.9.3 50052\r\n"
	         "a=rtcp-mux\r\n");
	expect_media(&feed, "10.0.9.2", 50050);
	expect_media(&feed, "10.0.9.1", 50010);
	expect_no_more(&feed);
	feed_finish(&feed);
	feed_close(&feed);
}

/* RFC 3605: RTCP may have an address of its own. */
Test(detect_sip, rtcp_may_be_elsewhere)
{
	struct feed feed;
	feed_open_udp(&feed);
	FEED_UDP(&feed, 0,
	         "INVITE sip:b SIP/2.0\r\nVia: x\r\nContent-Type: application/sdp\r\n\r\n"
	         "v=0\r\nc=IN IP4 10.0.9.1\r\nm=audio 49170 RTP/AVP 0\r\n"
	         "a=rtcp:53020 IN IP4 10.0.9.9\r\nm=audio 9 RTP/AVP 0\r\n"
	         "a=rtcp:9\r\n");
	expect_media(&feed, "10.0.9.1", 49170);
	expect_media(&feed, "10.0.9.9", 53020);
	expect_no_more(&feed);
	feed_finish(&feed);
	feed_close(&feed);
}

Test(detect_sip, each_part_of_a_multipart_stands_for_itself)
{
	struct note note;
	const char *body =
	        BODY("multipart/alternative;boundary=\"b\"", "500",
	             "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 10.0.0.1\r\n"
	             "m=audio 5000 x\r\n--b\r\n\r\nv=0\r\nm=audio 6000 x\r\n--b--\r\n");
	cr_assert_eq(notes_of(body, &note), 1, "the address of one part is not the other's");
	cr_assert_eq(note.port, 5000);
}

/* ---- UDP ------------------------------------------------------------------------------------- */

Test(detect_sip, datagrams)
{
	struct feed feed;
	feed_open_udp(&feed);
	FEED_UDP(&feed, 0, "hello");
	FEED_UDP(&feed, 1, "\r\n\r\n");
	FEED_UDP(&feed, 0, REGISTER);
	FEED_UDP(&feed, 1, ANSWER("200 OK"));
	FEED_UDP(&feed, 0, "\0\0\0\0");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	cr_assert_eq(feed.flow.facts->security, SECURITY_NONE);
	cr_assert_eq(feed.flow.facts->protocol_packet, 3);
	cr_assert_eq(feed_number(&feed, "sip.status_codes"), 200);
	cr_assert_eq(feed.flow.facts->opener_side, -1);
	feed_close(&feed);
}

Test(detect_sip, a_response_seen_first_names_the_responder)
{
	struct feed feed;
	feed_open_udp(&feed);
	FEED_UDP(&feed, 0, ANSWER("200 OK"));
	FEED_UDP(&feed, 1, REGISTER);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->opener_side, 1);
	cr_assert_eq(feed.flow.opener, 1);
	cr_assert_eq(feed.flow.opener_how, OPENER_PROTOCOL);
	feed_close(&feed);
}

Test(detect_sip, on_tcp_a_response_seen_first_does_not)
{
	struct feed feed;
	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, ANSWER("200 OK"));
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	cr_assert_eq(feed.flow.facts->opener_side, -1);
	feed_close(&feed);
}

Test(detect_sip, a_cut_datagram_is_read_as_far_as_it_goes)
{
	struct feed feed;
	feed_open_udp(&feed);
	struct packet packet = { .payload = BYTES_LITERAL("REGISTER sip:b SIP/2.0\r\nVia: x\r\nCo"),
		                 .payload_len_wire = 600 };
	feed_packet(&feed, 0, &packet);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	feed_close(&feed);
}

/* ---- Streams joined late, and holes ---------------------------------------------------------- */

Test(detect_sip, midstream_at_a_message)
{
	struct feed feed;
	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, "\r\n\r\n" REGISTER);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	feed_close(&feed);
}

Test(detect_sip, midstream_within_a_message_two_must_follow)
{
	struct feed feed;
	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, ";tag=9\r\nContent-Length: 0\r\n\r\n" REGISTER);
	cr_assert_neq(feed.flow.facts->protocol, PROTOCOL_SIP, "one may be quoted in a log");
	FEED_TCP(&feed, 0, REGISTER);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	cr_assert(feed_has_text(&feed, "sip.methods", "REGISTER"));
	feed_close(&feed);
}

Test(detect_sip, after_a_hole_reading_starts_again)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, REGISTER "SUBSCRIBE sip:b SIP/2.0\r\nVia: ");
	feed_tcp_skip(&feed, 0, 100);
	FEED_TCP(&feed, 0, "BYE is a word of this text\r\nACK sip:b SIP/2.0\r\n" HEADERS);
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "sip.methods", "SUBSCRIBE"));
	cr_assert(feed_has_text(&feed, "sip.methods", "ACK"));
	cr_assert_not(feed_has_text(&feed, "sip.methods", "BYE"));
	feed_close(&feed);
}

Test(detect_sip, a_body_of_wrong_length_does_not_become_methods)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, REGISTER "MESSAGE sip:b SIP/2.0\r\nVia: x\r\nContent-Length: 3\r\n\r\n");
	FEED_TCP(&feed, 0, "abcFORGED foo:bar SIP/2.0\r\n\r\nACK sip:b SIP/2.0\r\n" HEADERS);
	FEED_TCP(&feed, 0, "SECRET\r\nFORGED foo:bar SIP/2.0\r\nBYE sip:b SIP/2.0\r\n" HEADERS);
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "sip.methods", "FORGED"),
	          "where a message is due, it is one");
	cr_assert(feed_has_text(&feed, "sip.methods", "BYE"));
	cr_assert_not(feed_has_text(&feed, "sip.methods", "SECRET"));
	feed_close(&feed);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static const char *refusal_of(const struct turn *turns, size_t n_turns)
{
	struct feed feed;
	finish_with(&feed, turns, n_turns);
	const char *refusal = feed.flow.facts->refusal;
	cr_assert_eq(feed.flow.facts->is_refused, refusal != NULL);
	feed_close(&feed);
	return refusal ? refusal : "";
}

Test(detect_sip, refusals)
{
	static const struct turn forbidden[] = { TURN(0, REGISTER),
		                                 TURN(1, ANSWER("403 Forbidden")) };
	static const struct turn unavailable[] = { TURN(0, REGISTER), TURN(1, ANSWER("100 Trying")),
		                                   TURN(1, ANSWER("503 Service Unavailable")) };
	static const struct turn declined[] = { TURN(0, REGISTER), TURN(1, ANSWER("603 Decline")) };
	static const struct turn challenged[] = { TURN(0, REGISTER),
		                                  TURN(1, ANSWER("401 Unauthorized")),
		                                  TURN(0, REGISTER),
		                                  TURN(1, ANSWER("403 Forbidden")) };
	cr_assert_str_eq(refusal_of(forbidden, 2), "SIP 403 Forbidden");
	cr_assert_str_eq(refusal_of(unavailable, 3), "SIP 503 Service Unavailable");
	cr_assert_str_eq(refusal_of(declined, 2), "SIP 603 Decline");
	cr_assert_str_eq(refusal_of(challenged, 4), "SIP 403 Forbidden");
}

Test(detect_sip, what_is_no_refusal)
{
	static const struct turn busy[] = { TURN(0, REGISTER), TURN(1, ANSWER("486 Busy Here")),
		                            TURN(1, ANSWER("403 Forbidden")) };
	static const struct turn later[] = { TURN(0, REGISTER), TURN(1, ANSWER("403 Forbidden")),
		                             TURN(0, REGISTER), TURN(1, ANSWER("200 OK")) };
	cr_assert_str_eq(refusal_of(busy, 3), "");
	cr_assert_str_eq(refusal_of(later, 4), "");
	struct feed feed;
	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, REGISTER);
	FEED_TCP(&feed, 1, ANSWER("403 Forbidden"));
	feed_finish(&feed);
	cr_assert_not(feed.flow.facts->is_refused, "what came before is not known");
	feed_close(&feed);
}

/* ---- What facts may hold --------------------------------------------------------------------- */

Test(detect_sip, facts_hold_no_addresses_of_users)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0,
	         "REGISTER sip:b SIP/2.0\r\nVia: x\r\nUser-Agent: Phone/1.0 of alice@b.example\r\n"
	         "Content-Length: 0\r\n\r\n");
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "sip.user_agent", "Phone/1.0 of"));
	feed_close(&feed);
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, INVITE);
	feed_finish(&feed);
	for (const struct fact *fact = feed.flow.facts->list; fact; fact = fact->next)
		cr_assert_lt(bytes_find(fact->text, BYTES_LITERAL("bob")), 0);
	feed_close(&feed);
}

/* RFC 3261 sections 19.1 and 20.20: a name, quoted or not, a URI in brackets or bare. */
#define CALL                                                                                       \
	"INVITE sip:bob@b.example SIP/2.0\r\nVia: x\r\n"                                           \
	"From: \"A <x@y> \" <sip:alice:hunter2@contoso.example:5060;opaque=user>;tag=1\r\n"        \
	"To: sip:bob@[2001:db8::1]:5061;tag=2\r\nUser-Agent: Phone/1.0 of alice@b.example\r\n"     \
	"Authorization: TLS-DSK qop=\"auth\", opaque=\"7345\"\r\nContent-Length: 0\r\n\r\n"        \
	"INVITE sip:bob@b.example SIP/2.0\r\nVia: x\r\nf: <tel:+15550100>\r\n"                     \
	"t: <sip:carol@c.example>\r\nProxy-Authorization: NTLM gssapi-data=\"TlRM\"\r\n"           \
	"Content-Length: 0\r\n\r\n"

static bool any_text_holds(const struct feed *feed, const char *text)
{
	for (const struct fact *fact = feed->flow.facts->list; fact; fact = fact->next)
		if (bytes_find(fact->text, bytes_from_text(text)) >= 0)
			return true;
	return false;
}

Test(detect_sip, addresses_are_told_by_domain)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, CALL);
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "sip.from", "contoso.example"));
	cr_assert(feed_has_text(&feed, "sip.to", "[2001:db8::1]"));
	cr_assert(feed_has_text(&feed, "sip.to", "c.example"));
	cr_assert(feed_has_text(&feed, "sip.auth", "TLS-DSK"));
	cr_assert(feed_has_text(&feed, "sip.auth", "NTLM"));
	cr_assert_eq(feed_number(&feed, "sip.microsoft"), 1);
	static const char *const hidden[] = { "alice",   "bob",  "carol", "15550100",
		                              "hunter2", "7345", "TlRM" };
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		cr_assert_not(any_text_holds(&feed, hidden[i]), "%s is told", hidden[i]);
	feed_close(&feed);
}

Test(detect_sip, identities_when_asked_for_but_no_credentials)
{
	struct feed feed;
	feed_open(&feed, FEED_FROM_SYN,
	          &(struct detect_options){ .without_ndpi = true, .identities = true });
	FEED_TCP(&feed, 0, CALL);
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "sip.from", "alice@contoso.example"));
	cr_assert(feed_has_text(&feed, "sip.to", "bob@[2001:db8::1]"));
	cr_assert(feed_has_text(&feed, "sip.to", "carol@c.example"));
	cr_assert(feed_has_text(&feed, "sip.user_agent", "Phone/1.0 of alice@b.example"));
	static const char *const hidden[] = { "hunter2", "7345", "TlRM" };
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		cr_assert_not(any_text_holds(&feed, hidden[i]), "%s is told", hidden[i]);
	feed_close(&feed);
}

Test(detect_sip, schemes_of_others_are_not_microsofts)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0,
	         "REGISTER sip:b SIP/2.0\r\nVia: x\r\n"
	         "Authorization: Digest username=\"alice\", realm=\"b\"\r\n"
	         "Content-Length: 0\r\n\r\n");
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "sip.auth", "Digest"));
	cr_assert_eq(feed_number(&feed, "sip.microsoft"), -1);
	cr_assert_not(any_text_holds(&feed, "alice"));
	feed_close(&feed);
}

Test(detect_sip, lists_hold_each_word_once)
{
	struct feed feed;
	unsigned n = 0;
	feed_open_tcp(&feed);
	for (unsigned i = 0; i < 40; i++) {
		char text[128];
		int len = snprintf(text, sizeof(text), "%s sip:b SIP/2.0\r\n" HEADERS,
		                   i % 2 ? "ACK" : "BYE");
		feed_tcp(&feed, 0, text, (size_t)len);
	}
	feed_finish(&feed);
	for (const struct fact *fact = feed.flow.facts->list; fact; fact = fact->next)
		n += strcmp(fact->def->name, "sip.methods") == 0;
	cr_assert_eq(n, 2);
	feed_close(&feed);
}

Test(detect_sip, long_lines_do_no_harm)
{
	struct feed feed;
	static char text[4096];
	int len = snprintf(text, sizeof(text),
	                   "INVITE sip:%01500d@b SIP/2.0\r\nVia: %01200d\r\n"
	                   "User-Agent: A/1\r\nContent-Length: 0\r\n\r\n" REGISTER,
	                   7, 7);
	for (size_t piece = 1; piece < 3000; piece = piece * 5 + 2) {
		feed_open_tcp(&feed);
		feed_tcp_split(&feed, 0, text, (size_t)len, piece);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
		cr_assert(feed_has_text(&feed, "sip.methods", "INVITE"));
		cr_assert(feed_has_text(&feed, "sip.methods", "REGISTER"));
		cr_assert(feed_has_text(&feed, "sip.user_agent", "A/1"));
		feed_close(&feed);
	}
}

Test(detect_sip, one_side_of_another_protocol_counts_from_its_first_byte)
{
	const struct bytes own = BYTES_LITERAL(REGISTER),
	                   other = BYTES_LITERAL("220 mail.example\r\n");
	cr_assert_eq(probe_step(&detector_sip, own, true, other, true), DETECT_NOT_MINE);
	cr_assert_eq(probe_step(&detector_sip, other, true, own, true), DETECT_NOT_MINE);
	cr_assert_eq(probe_step(&detector_sip, own, true, other, false), DETECT_MINE);
	cr_assert_eq(probe_step(&detector_sip, own, true, BYTES(NULL, 0), true), DETECT_MINE);
	cr_assert_eq(probe_step(&detector_sip, bytes_take(own, 3), true, BYTES(NULL, 0), true),
	             DETECT_MORE);
	cr_assert_eq(probe_step(&detector_sip, bytes_take(own, 3), true, other, true),
	             DETECT_NOT_MINE);
}

Test(detect_sip, the_session_address_is_for_media_without_their_own)
{
	struct note note;
	struct addr addr;
	cr_assert_eq(notes_of(BODY("application/sdp", "500",
	                           "c=IN IP4 10.0.0.1\r\nm=audio 5000 x\r\nc=IN IP4 10.0.0.2\r\n"
	                           "m=video 6000 x\r\n"),
	                      &note),
	             2, "a length too long ends with the datagram");
	cr_assert_eq(note.port, 6000);
	cr_assert(addr_parse(&addr, "10.0.0.1"));
	cr_assert(addr_equal(&note.addr, &addr));
}

Test(detect_sip, keep_alives_do_not_end_it)
{
	struct feed feed;
	feed_open_udp(&feed);
	FEED_UDP(&feed, 0, REGISTER);
	for (unsigned i = 0; i < 40; i++)
		FEED_UDP(&feed, i % 2, "hello");
	FEED_UDP(&feed, 0, "OPTIONS sip:b SIP/2.0\r\n" HEADERS);
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "sip.methods", "OPTIONS"));
	feed_close(&feed);
}

Test(detect_sip, a_datagram_cut_before_its_headers_is_still_a_message)
{
	struct feed feed;
	feed_open_udp(&feed);
	FEED_UDP(&feed, 0, REGISTER);
	struct packet packet = { .payload = BYTES_LITERAL("INVITE sip:b SIP/2.0\r\nVi"),
		                 .payload_len_wire = 600 };
	feed_packet(&feed, 0, &packet);
	FEED_UDP(&feed, 0, "MESSAGE sip:b SIP/2.0\r\nVi");
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "sip.methods", "INVITE"));
	cr_assert_not(feed_has_text(&feed, "sip.methods", "MESSAGE"), "whole, and no message");
	feed_close(&feed);
}
