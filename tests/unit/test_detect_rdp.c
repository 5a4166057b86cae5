/*
 * RDP: the connection request and confirm printed in [MS-RDPBCGR] 4.1.1 and 4.1.2, their
 * negotiation fields after 2.2.1.1.1 and 2.2.1.2, and a real TLS handshake behind them.
 */
#include "detect_hex.h"
#include "detect_sweep.h"
#include "tls_handshakes.h"

extern const struct detector detector_rdp;

/* TPKT, X.224 connection request, a cookie with a user's name, what the client can do. */
#define REQUEST(protocols)                                                                         \
	"\x03\x00\x00\x2c\x27\xe0\x00\x00\x00\x00\x00"                                             \
	"Cookie: mstshash=eltons\r\n"                                                              \
	"\x01\x00\x08\x00" protocols "\x00\x00\x00"
#define CONFIRM(type, value)                                                                       \
	"\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00" type "\x00\x08\x00" value "\x00\x00\x00"
#define SELECTED(protocol) CONFIRM("\x02", protocol)
#define FAILURE(code)      CONFIRM("\x03", code)
/* A client of before 2003: neither cookie nor choice; the first bytes of MCS Connect-Initial. */
#define OLD_REQUEST     "\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x00\x00"
#define OLD_CONFIRM     "\x03\x00\x00\x0b\x06\xd0\x00\x00\x12\x34\x00"
#define CONNECT_INITIAL "\x03\x00\x00\x10\x02\xf0\x80\x7f\x65\x82\x01\x94\x04\x01\x01\x04"

static void check_tls(struct feed *feed)
{
	const struct facts *facts = feed->flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_RDP);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->security, SECURITY_TLS);
	cr_assert_eq(facts->tls_version, 0x0303);
	cr_assert_eq(facts->client_auth, CLIENT_AUTH_NOT_ASKED);
	cr_assert_str_eq(detect_name(facts), "rdp");
	cr_assert_eq(feed->flow.opener, 0);
	cr_assert(feed_has_text(feed, "rdp.requested", "tls"));
	cr_assert(feed_has_text(feed, "rdp.requested", "credssp"));
	cr_assert(feed_has_text(feed, "rdp.selected", "credssp"));
	for (const struct fact *fact = facts->list; fact; fact = fact->next)
		cr_assert_lt(bytes_find(fact->text, BYTES_LITERAL("eltons")), 0, "a user is told");
}

/* The turns, then TLS, all in pieces of this many bytes. */
static void feed_with_tls(struct feed *feed, const struct turn *turns, size_t n_turns, size_t piece)
{
	feed_open_tcp(feed);
	for (size_t i = 0; i < n_turns; i++)
		feed_tcp_split(feed, turns[i].side, turns[i].data, turns[i].len, piece);
	for (const struct tls_piece *p = tls12_plain; p->side >= 0; p++) {
		uint8_t data[2048];
		size_t len = hex_to_bytes(p->hex, data);
		feed_tcp_split(feed, (unsigned)p->side, data, len, piece);
	}
	feed_finish(feed);
}

Test(detect_rdp, credssp_is_tls_behind_the_negotiation)
{
	static const struct turn turns[] = { TURN(0, REQUEST("\x03")), TURN(1, SELECTED("\x02")) };
	for (size_t piece = 1; piece < 60; piece++) {
		struct feed feed;
		feed_with_tls(&feed, turns, 2, piece);
		check_tls(&feed);
		feed_close(&feed);
	}
}

/* Of one direction only its own negotiation is there; TLS begins behind it all the same. */
Test(detect_rdp, one_direction_was_captured)
{
	for (unsigned side = 0; side < 2; side++) {
		struct feed feed;
		feed_open_tcp(&feed);
		if (side == 0)
			FEED_TCP(&feed, 0, REQUEST("\x03"));
		else
			FEED_TCP(&feed, 1, SELECTED("\x02"));
		for (const struct tls_piece *p = tls12_plain; p->side >= 0; p++)
			if (p->side == (int)side)
				feed_hex(&feed, side, p->hex);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RDP, "side %u", side);
		cr_assert_eq(feed.flow.facts->security, SECURITY_TLS, "side %u", side);
		feed_close(&feed);
	}
}

static void check_own(struct feed *feed)
{
	cr_assert_eq(feed->flow.facts->protocol, PROTOCOL_RDP);
	cr_assert_eq(feed->flow.facts->security, SECURITY_UNKNOWN, "neither TLS nor none");
	cr_assert(feed_has_text(feed, "rdp.requested", "rdp"));
	cr_assert(feed_has_text(feed, "rdp.selected", "rdp"));
	cr_assert_not(feed->flow.facts->is_refused);
}

Test(detect_rdp, its_own_encryption_cut_everywhere)
{
	static const struct turn turns[] = { TURN(0, REQUEST("\x00")), TURN(1, SELECTED("\x00")),
		                             TURN(0, CONNECT_INITIAL) };
	sweep_cuts(turns, ARRAY_SIZE(turns), check_own);
}

Test(detect_rdp, old_clients_are_known_by_what_they_send_next)
{
	static const struct turn turns[] = { TURN(0, OLD_REQUEST), TURN(1, OLD_CONFIRM),
		                             TURN(0, CONNECT_INITIAL) };
	cr_assert_str_eq(detector_of(turns, 3), "rdp");
	cr_assert_str_eq(detector_of(turns, 2), "none", "any protocol over X.224");
}

Test(detect_rdp, failures_are_refusals)
{
	static const struct {
		struct turn answer;
		const char *refusal;
	} all[] = {
		{ TURN(1, FAILURE("\x01")), "RDP: TLS is required" },
		{ TURN(1, FAILURE("\x02")), "RDP: TLS is not allowed" },
		{ TURN(1, FAILURE("\x03")), "RDP: the server has no certificate for TLS" },
		{ TURN(1, FAILURE("\x05")), "RDP: CredSSP is required" },
		{ TURN(1, FAILURE("\x06")), "RDP: TLS with a client certificate is required" },
		{ TURN(1, FAILURE("\x63")), "RDP negotiation failure" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		const struct turn turns[] = { TURN(0, REQUEST("\x00")), all[i].answer };
		struct feed feed;
		feed_open_tcp(&feed);
		feed_turns(&feed, turns, 2, SIZE_MAX, 0);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RDP);
		cr_assert(feed.flow.facts->is_refused);
		cr_assert_str_eq(feed.flow.facts->refusal, all[i].refusal);
		feed_close(&feed);
	}
}

Test(detect_rdp, a_server_without_negotiation)
{
	static const struct turn turns[] = { TURN(0, REQUEST("\x03")), TURN(1, OLD_CONFIRM) };
	struct feed feed;
	feed_open_tcp(&feed);
	feed_turns(&feed, turns, 2, SIZE_MAX, 0);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RDP);
	cr_assert_null(facts_find(feed.flow.facts, "rdp.selected"));
	cr_assert_eq(feed.flow.facts->security, SECURITY_UNKNOWN);
	feed_close(&feed);
}

Test(detect_rdp, after_the_choice_something_else)
{
	static const struct turn turns[] = { TURN(0, REQUEST("\x00") "GET / HTTP/1.1\r\n\r\n") };
	static const struct turn others[] = { TURN(1, "\x03\x00\x00\x13\x0e\xc0"),
		                              TURN(0, REQUEST("\x00")) };
	struct feed feed;
	feed_open_tcp(&feed);
	feed_turns(&feed, turns, 1, SIZE_MAX, 0);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RDP);
	cr_assert_eq(feed.flow.facts->security, SECURITY_UNKNOWN);
	feed_close(&feed);
	cr_assert_str_eq(detector_of(others, 2), "none", "the server speaks something else");
}

Test(detect_rdp, a_hole_ends_it)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, REQUEST("\x03"));
	feed_tcp_skip(&feed, 0, 10);
	FEED_TCP(&feed, 0, "\x16\x03\x01");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RDP);
	feed_close(&feed);
}

Test(detect_rdp, false_friends_are_refused)
{
	static const struct turn friends[] = {
		/* A controller on port 102: parameters c1, c2 and c0 behind the same header. */
		TURN(0, "\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc1\x02\x01\x00\xc2\x02\x01"
		        "\x02\xc0\x01\x0a"),
		/* H.225 in TPKT. */
		TURN(0, "\x03\x00\x00\x10\x08\x02\x00\x01\x05\x04\x03\x80\x90\xa5\x70\x01"),
		/* Lengths that contradict each other; a cookie without its end; length 9. */
		TURN(0, "\x03\x00\x00\x13\x0d\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00"
		        "\x00"),
		TURN(0, "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00"
		        "Cookie: "),
		TURN(0, "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x09\x00\x03\x00\x00"
		        "\x00"),
		/* A request that answers. */
		TURN(0, "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x02\x00\x08\x00\x03\x00\x00"
		        "\x00"),
		TURN(0, "\x03\x01\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00"
		        "\x00"),
		TURN(0, "\x03\x00\xff\xff\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00"
		        "\x00"),
		TURN(0, "\x03\x00\x00\x08\x0e\xe0\x00\x00"),
	};
	for (size_t i = 0; i < ARRAY_SIZE(friends); i++)
		cr_assert_str_neq(detector_of(&friends[i], 1), "rdp", "friend %zu", i);
}

Test(detect_rdp, probe)
{
	const struct bytes own = BYTES_LITERAL(REQUEST("\x03")), none = BYTES(NULL, 0);
	const struct bytes answer = BYTES_LITERAL(SELECTED("\x01"));
	const struct bytes old = BYTES_LITERAL(OLD_REQUEST CONNECT_INITIAL);
	const struct detector *d = &detector_rdp;
	for (size_t len = 0; len < own.len; len++)
		cr_assert_eq(probe_step(d, bytes_take(own, len), true, none, true), DETECT_MORE);
	cr_assert_eq(probe_step(d, own, true, none, true), DETECT_MINE);
	cr_assert_eq(probe_step(d, none, true, answer, true), DETECT_MINE);
	for (size_t len = 0; len < 20; len++)
		cr_assert_eq(probe_step(d, bytes_take(old, len), true, none, true), DETECT_MORE);
	cr_assert_eq(probe_step(d, bytes_take(old, 20), true, none, true), DETECT_MINE);
	cr_assert_eq(probe_step(d, own, true, BYTES_LITERAL("SSH-2.0-x"), true), DETECT_NOT_MINE);
}

Test(detect_rdp, noise_is_nothing)
{
	sweep_noise(FEED_FROM_SYN, "rdp", "\x03\x00\x00\x2c\x27\xe0\x00\x00\x00\x00\x00", 11);
}
