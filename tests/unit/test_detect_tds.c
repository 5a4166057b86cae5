/* TDS: PRELOGIN after [MS-TDS] 2.2.6.5 and LOGIN7 after 2.2.6.4, byte by byte. */
#include "detect_sweep.h"

extern const struct detector detector_tds;

/* type, status, length, process, packet, window */
#define PACKET(type, len)                                                                          \
	type "\1" len "\0\0"                                                                       \
	     "\1"                                                                                  \
	     "\0"
/* VERSION at 26, ENCRYPTION at 32, INSTOPT at 33, THREADID at 34, MARS at 38; 47 bytes in all. */
#define OPTIONS(encryption)                                                                        \
	"\0\0\x1a\0\6"                                                                             \
	"\1\0\x20\0\1"                                                                             \
	"\2\0\x21\0\1"                                                                             \
	"\3\0\x22\0\4"                                                                             \
	"\4\0\x26\0\1"                                                                             \
	"\xff"                                                                                     \
	"\x0b\0\x0c\x38\0\0" encryption "\0"                                                       \
	"\0\0\1\xb8"                                                                               \
	"\0"
#define PRELOGIN(encryption) PACKET("\x12", "\0\x2f") OPTIONS(encryption)
#define ANSWER(encryption)   PACKET("\4", "\0\x2f") OPTIONS(encryption)
/* A handshake record of 8 bytes within a packet. */
#define HANDSHAKE                                                                                  \
	PACKET("\x12", "\0\x15")                                                                   \
	"\x16\3\1\0\x08"                                                                           \
	"\1\0\0\4abcd"
/* 36 bytes of fixed part, TDS 7.4. */
#define LOGIN7                                                                                     \
	PACKET("\x10", "\0\x2c")                                                                   \
	"\x24\0\0\0"                                                                               \
	"\4\0\0\x74"                                                                               \
	"0123456789012345678901234567"

static void check_opened(const struct facts *facts)
{
	cr_assert_eq(facts->protocol, PROTOCOL_TDS);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->opener_side, 0);
}

static void check_all(struct feed *feed)
{
	check_opened(feed->flow.facts);
	cr_assert_eq(feed->flow.facts->security, SECURITY_TLS);
	cr_assert_eq(feed->flow.facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_assert(feed_has_text(feed, "tds.encryption", "all"));
}

Test(detect_tds, encrypted_cut_everywhere)
{
	cr_assert_eq(sizeof(PRELOGIN("\1")) - 1, 0x2f);
	static const struct turn turns[] = { TURN(0, PRELOGIN("\1")), TURN(1, ANSWER("\1")),
		                             TURN(0, HANDSHAKE) };
	static const struct turn required[] = { TURN(0, PRELOGIN("\2")), TURN(1, ANSWER("\3")),
		                                TURN(0, HANDSHAKE) };
	sweep_cuts(turns, 3, check_all);
	sweep_cuts(required, 3, check_all);
}

static void check_login(struct feed *feed)
{
	check_opened(feed->flow.facts);
	cr_assert_eq(feed->flow.facts->security, SECURITY_NONE,
	             "what comes after the login is clear");
	cr_assert_eq(feed->flow.facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_assert(feed_has_text(feed, "tds.encryption", "login"));
}

/*
 * The server's side of it in a packet: TLS 1.2, a random of 32 bytes, a session of 4, the suite. 9
 * + 2 + 32 + 5 + 2 + 1 = 51 bytes of record, 59 with the packet's header.
 */
#define SERVER_HELLO(version, suite)                                                               \
	PACKET("\x12", "\0\x3b")                                                                   \
	"\x16\3\3\0\x2e"                                                                           \
	"\2\0\0\x2a" version "01234567890123456789012345678901"                                    \
	"\4"                                                                                       \
	"sess" suite "\0"

static void check_tls(struct feed *feed)
{
	check_all(feed);
	cr_assert(feed_has_text(feed, "tds.tls_version", "TLS 1.0"));
	cr_assert(feed_has_text(feed, "tds.tls_suite", "TLS_RSA_WITH_RC4_128_SHA"));
	cr_assert_eq(feed->flow.facts->tls_version, 0x0301);
	cr_assert_eq(feed->flow.facts->tls_suite, 0x0005);
	cr_assert(feed->flow.facts->is_weak_suite);
}

Test(detect_tds, tls_inside_packets_cut_everywhere)
{
	cr_assert_eq(sizeof(SERVER_HELLO("\3\1", "\0\5")) - 1, 0x3b);
	static const struct turn turns[] = { TURN(0, PRELOGIN("\1")), TURN(1, ANSWER("\1")),
		                             TURN(0, HANDSHAKE),
		                             TURN(1, SERVER_HELLO("\3\1", "\0\5")) };
	sweep_cuts(turns, 4, check_tls);
}

/* The login alone is protected: its TLS is told, and is not the flow's. */
Test(detect_tds, tls_of_the_login_is_not_the_flows)
{
	static const struct turn turns[] = { TURN(0, PRELOGIN("\0")), TURN(1, ANSWER("\0")),
		                             TURN(0, HANDSHAKE),
		                             TURN(1, SERVER_HELLO("\3\3", "\0\x9c")) };
	struct feed feed;
	feed_open_tcp(&feed);
	feed_turns(&feed, turns, 4, SIZE_MAX, 0);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->security, SECURITY_NONE);
	cr_assert(feed_has_text(&feed, "tds.encryption", "login"));
	cr_assert(feed_has_text(&feed, "tds.tls_version", "TLS 1.2"));
	cr_assert_eq(feed.flow.facts->tls_version, 0);
	feed_close(&feed);
}

Test(detect_tds, a_server_hello_that_is_none)
{
	static const struct turn turns[] = {
		TURN(0, PRELOGIN("\1")), TURN(1, ANSWER("\1")), TURN(0, HANDSHAKE),
		TURN(1, SERVER_HELLO("\7\7", "\0\5") PACKET("\x12", "\0\x0f") "\x16\3\1\0\2\2\0")
	};
	struct feed feed;
	feed_open_tcp(&feed);
	feed_turns(&feed, turns, 4, SIZE_MAX, 0);
	feed_finish(&feed);
	check_all(&feed);
	cr_assert_null(facts_find(feed.flow.facts, "tds.tls_version"));
	feed_close(&feed);
}

Test(detect_tds, login_encrypted_cut_everywhere)
{
	static const struct turn turns[] = { TURN(0, PRELOGIN("\0")), TURN(1, ANSWER("\0")),
		                             TURN(0, HANDSHAKE) };
	sweep_cuts(turns, 3, check_login);
}

static void check_none(struct feed *feed)
{
	check_opened(feed->flow.facts);
	cr_assert_eq(feed->flow.facts->security, SECURITY_NONE);
	cr_assert_eq(feed->flow.facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_assert(feed_has_text(feed, "tds.encryption", "none"));
}

Test(detect_tds, clear_cut_everywhere)
{
	cr_assert_eq(sizeof(LOGIN7) - 1, 0x2c);
	static const struct turn turns[] = { TURN(0, PRELOGIN("\2")), TURN(1, ANSWER("\2")),
		                             TURN(0, LOGIN7) };
	static const struct turn old[] = { TURN(0, LOGIN7), TURN(1, PACKET("\4", "\0\x0a") "ok") };
	sweep_cuts(turns, 3, check_none);
	sweep_cuts(old, 2, check_none);
}

Test(detect_tds, a_prelogin_alone_does_not_tell_the_protection)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, PRELOGIN("\1"));
	cr_assert_eq(feed.flow.facts->security, SECURITY_UNKNOWN);
	cr_assert_null(facts_find(feed.flow.facts, "tds.encryption"));
	feed_finish(&feed);
	check_opened(feed.flow.facts);
	feed_close(&feed);
}

Test(detect_tds, agreed_and_not_yet_begun)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, PRELOGIN("\1"));
	FEED_TCP(&feed, 1, ANSWER("\1"));
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->security, SECURITY_TLS);
	cr_assert_eq(feed.flow.facts->security_evidence, EVIDENCE_CONSISTENT);
	feed_close(&feed);
}

Test(detect_tds, an_answer_alone_names_the_responder)
{
	struct feed feed;
	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, ANSWER("\2"));
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TDS);
	cr_assert_eq(feed.flow.facts->opener_side, 1);
	cr_assert_eq(feed.flow.opener, 1);
	feed_close(&feed);
}

Test(detect_tds, a_long_login_goes_over_several_packets)
{
	uint8_t login[8 + 40 + 8 + 24] = "\x10\0\0\x30\0\0\1\0"
	                                 "\x40\0\0\0"
	                                 "\4\0\0\x74";
	memcpy(login + 48, "\x10\1\0\x20\0\0\2\0", 8);
	const struct turn turns[] = { TURN_OF(0, login) };
	cr_assert_str_eq(detector_of(turns, 1), "tds");
}

Test(detect_tds, a_hole_ends_it_with_what_is_known)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, PRELOGIN("\1"));
	feed_tcp_skip(&feed, 1, 9);
	FEED_TCP(&feed, 1, ANSWER("\2"));
	feed_finish(&feed);
	check_opened(feed.flow.facts);
	cr_assert_null(facts_find(feed.flow.facts, "tds.encryption"));
	feed_close(&feed);
}

/* The PRELOGIN with one byte changed so that it does not walk out. */
Test(detect_tds, options_that_do_not_walk_out)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *what;
	} rows[] = {
		{ 0, 0x11, "another type" },
		{ 1, 0, "not the last packet" },
		{ 1, 9, "odd status" },
		{ 2, 0x80, "too long a packet" },
		{ 3, 7, "shorter than its header" },
		{ 7, 1, "window" },
		{ 8, 1, "VERSION is not first" },
		{ 12, 5, "VERSION of five bytes" },
		{ 10, 0x2f, "value beyond the end" },
		{ 10, 3, "value within the list" },
		{ 27, 0xf0, "length beyond the end" },
		{ 33, 5, "no end" },
	};
	uint8_t prelogin[] = PRELOGIN("\1");
	struct turn turn = { 0, prelogin, sizeof(prelogin) - 1 };
	cr_assert_str_eq(detector_of(&turn, 1), "tds");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t changed[sizeof(prelogin)];
		memcpy(changed, prelogin, sizeof(prelogin));
		cr_assert_neq(changed[rows[i].at], rows[i].value);
		changed[rows[i].at] = rows[i].value;
		turn.data = changed;
		cr_assert_str_neq(detector_of(&turn, 1), "tds", "%s", rows[i].what);
	}
}

Test(detect_tds, what_is_not_tds)
{
	static const struct turn others[] = {
		TURN(0, PACKET("\1", "\0\x10") "SELECT 1"),
		TURN(1, PACKET("\4", "\0\x0a") "ok"),
		TURN(0, PACKET("\x10", "\0\x10") "\x24\0\0\0"
		                                 "\4\0\0\x74"),
		TURN(0, PACKET("\x10", "\0\x2c") "\x24\0\0\0"
		                                 "\4\0\0\x6f"
		                                 "0123456789012345678901234567"),
		TURN(0, PACKET("\x12", "\0\x09") "\xff"),
		TURN(0, PACKET("\x12", "\5\0") "\0\0\x1a\0\6"),
	};
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct bytes bytes = BYTES(others[i].data, others[i].len);
		cr_assert_eq(probe_step(&detector_tds, bytes, true, BYTES(NULL, 0), true),
		             DETECT_NOT_MINE, "case %zu", i);
		cr_assert_str_neq(detector_of(&others[i], 1), "tds", "case %zu", i);
	}
	static const struct turn spoken[] = { TURN(1, "220 mail\r\n"), TURN(0, PRELOGIN("\1")) };
	cr_assert_str_neq(detector_of(spoken, 2), "tds");
}

Test(detect_tds, it_comes_to_an_end)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, PRELOGIN("\1"));
	for (unsigned i = 0; i < 20; i++)
		FEED_TCP(&feed, 1, PACKET("\4", "\0\x0a") "ok");
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, PRELOGIN("\1"));
	FEED_TCP(&feed, 1, ANSWER("\1"));
	cr_assert_not(feed.flow.facts->is_settled);
	FEED_TCP(&feed, 0, HANDSHAKE);
	cr_assert_not(feed.flow.facts->is_settled, "the server has yet to choose");
	FEED_TCP(&feed, 1, SERVER_HELLO("\3\3", "\0\x9c"));
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, LOGIN7);
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
}

Test(detect_tds, noise_is_nothing)
{
	sweep_noise(FEED_FROM_SYN, "tds", "\x12\1\0\x2f\0\0\1\0\0\0", 10);
	sweep_noise(FEED_MIDSTREAM, "tds", "\4\1\0\x2f\0\0\1\0", 8);
}
