/*
 * The file transfer between clients, as public clients speak it: the receiver connects, lines end
 * in CRLF, the file comes in chunks of 00, length (little endian), bytes. The file is 5 bytes.
 */
#include "detect_sweep.h"

extern const struct detector detector_file_transfer;

#define VER      "VER MSN_SECURE_FTP\r\n"
#define RECEIVER VER "USR bob@contoso.example 4711\r\n"

static void finish_with(struct feed *feed, bool identities, const struct turn *turns,
                        size_t n_turns)
{
	feed_open(feed, FEED_FROM_SYN,
	          &(struct detect_options){ .without_ndpi = true, .identities = identities });
	feed_turns(feed, turns, n_turns, SIZE_MAX, 0);
	feed_finish(feed);
}

static void check_finished(struct feed *feed)
{
	const struct facts *facts = feed->flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_FILE_TRANSFER);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert_str_eq(detect_name(facts), "file_transfer");
	cr_assert_eq(facts->opener_side, 0, "the receiver connects");
	cr_assert_eq(feed_number(feed, "file_transfer.size"), 5);
	cr_assert_eq(feed_number(feed, "file_transfer.finished"), 1);
	cr_assert_eq(feed_number(feed, "file_transfer.cancelled"), -1);
	cr_assert(feed_has_text(feed, "file_transfer.receiver", "contoso.example"));
	for (const struct fact *fact = facts->list; fact; fact = fact->next)
		cr_assert(bytes_find(fact->text, BYTES_LITERAL("bob")) < 0 &&
		          bytes_find(fact->text, BYTES_LITERAL("4711")) < 0);
}

/* The second chunk holds a line end and what looks like a command. */
static const struct turn transfer[] = {
	TURN(0, VER),
	TURN(1, VER),
	TURN(0, "USR bob@contoso.example 4711\r\n"),
	TURN(1, "FIL 5\r\n"),
	TURN(0, "TFR\r\n"),
	TURN(1, "\x00\x02\x00"
	        "ab\x00\x03\x00"
	        "\r\nC"),
	TURN(0, "BYE 16777989\r\n"),
	TURN(1, "MAC 2jmj7l5rSw0yVb/vlWAYkK/YBwk=\r\n"),
};

Test(detect_file_transfer, finished_however_it_is_cut)
{
	sweep_cuts(transfer, ARRAY_SIZE(transfer), check_finished);
}

Test(detect_file_transfer, identities_when_asked_for_but_no_cookie)
{
	struct feed feed;
	finish_with(&feed, true, transfer, ARRAY_SIZE(transfer));
	cr_assert(feed_has_text(&feed, "file_transfer.receiver", "bob@contoso.example"));
	for (const struct fact *fact = feed.flow.facts->list; fact; fact = fact->next)
		cr_assert_lt(bytes_find(fact->text, BYTES_LITERAL("4711")), 0);
	feed_close(&feed);
}

static void check_cancelled(const struct turn *turns, size_t n_turns)
{
	struct feed feed;
	finish_with(&feed, false, turns, n_turns);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_FILE_TRANSFER);
	cr_assert_eq(feed_number(&feed, "file_transfer.cancelled"), 1);
	cr_assert_eq(feed_number(&feed, "file_transfer.finished"), -1);
	feed_close(&feed);
}

Test(detect_file_transfer, either_side_may_cancel)
{
	static const struct turn sender[] = { TURN(0, RECEIVER), TURN(1, VER "FIL 500\r\n"),
		                              TURN(0, "TFR\r\n"), TURN(1, "\x01\x00\x00") };
	static const struct turn receiver[] = { TURN(0, RECEIVER), TURN(1, VER "FIL 500\r\n"),
		                                TURN(0, "TFR\r\n"), TURN(0, "CCL\r\n") };
	static const struct turn bye[] = { TURN(0, RECEIVER), TURN(1, VER "FIL 500\r\n"),
		                           TURN(0, "TFR\r\nBYE 2164261682\r\n") };
	check_cancelled(sender, ARRAY_SIZE(sender));
	check_cancelled(receiver, ARRAY_SIZE(receiver));
	check_cancelled(bye, ARRAY_SIZE(bye));
}

Test(detect_file_transfer, what_ended_otherwise_says_neither)
{
	static const struct turn unknown[] = { TURN(0, RECEIVER), TURN(1, VER "FIL 5\r\n"),
		                               TURN(0, "TFR\r\nBYE 7\r\n") };
	static const struct turn garbage[] = { TURN(0, RECEIVER), TURN(1, VER "FIL 5\r\n"),
		                               TURN(0, "TFR\r\n"), TURN(1, "\x07\x05\x00hello") };
	static const struct turn bad_size[] = { TURN(0, RECEIVER), TURN(1, VER "FIL all\r\n") };
	static const struct turn none[] = { TURN(0, RECEIVER), TURN(1, VER "FIL 0\r\nMAC x\r\n") };
	const struct {
		const struct turn *turns;
		size_t n;
	} all[] = { { unknown, 3 }, { garbage, 4 }, { bad_size, 2 }, { none, 2 } };
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct feed feed;
		finish_with(&feed, false, all[i].turns, all[i].n);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_FILE_TRANSFER);
		cr_assert_eq(feed_number(&feed, "file_transfer.finished"), -1, "%zu", i);
		cr_assert_eq(feed_number(&feed, "file_transfer.cancelled"), -1, "%zu", i);
		feed_close(&feed);
	}
}

/* The capture has lost the SYN: the commands tell who connected. */
Test(detect_file_transfer, the_sender_did_not_open)
{
	struct feed feed;
	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, VER "FIL 5\r\n");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_FILE_TRANSFER);
	cr_assert_eq(feed.flow.facts->opener_side, 1);
	feed_close(&feed);
}

Test(detect_file_transfer, a_hole_ends_it)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, RECEIVER);
	feed_tcp_skip(&feed, 0, 20);
	FEED_TCP(&feed, 0, "BYE 16777989\r\n");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_FILE_TRANSFER);
	cr_assert_eq(feed_number(&feed, "file_transfer.finished"), -1);
	feed_close(&feed);
}

Test(detect_file_transfer, false_friends_are_refused)
{
	static const struct turn friends[] = {
		TURN(0, "VER MSNFTP\r\nUSR bob 1\r\n"), TURN(0, "VER MSN_SECURE_FTP2\r\n"),
		TURN(0, "ver MSN_SECURE_FTP\r\n"),      TURN(0, "VER 1 MSNP8 CVR0\r\n"),
		TURN(0, "VER MSN_SECURE_FTP"),
	};
	for (size_t i = 0; i < ARRAY_SIZE(friends); i++)
		cr_assert_str_neq(detector_of(&friends[i], 1), "file_transfer", "friend %zu", i);
	static const struct turn other[] = { TURN(1, "220 mail.example\r\n"), TURN(0, VER) };
	cr_assert_str_eq(detector_of(other, 2), "none");
}

Test(detect_file_transfer, probe)
{
	const struct bytes own = BYTES_LITERAL(VER), none = BYTES(NULL, 0);
	const struct detector *d = &detector_file_transfer;
	cr_assert_eq(probe_step(d, none, true, none, true), DETECT_MORE);
	cr_assert_eq(probe_step(d, bytes_take(own, 19), true, none, true), DETECT_MORE);
	cr_assert_eq(probe_step(d, own, true, none, true), DETECT_MINE);
	cr_assert_eq(probe_step(d, none, true, own, true), DETECT_MINE);
	cr_assert_eq(probe_step(d, own, true, BYTES_LITERAL("x"), true), DETECT_NOT_MINE);
	cr_assert_eq(probe_step(d, own, true, BYTES_LITERAL("x"), false), DETECT_MINE);
}

Test(detect_file_transfer, noise_is_nothing)
{
	sweep_noise(FEED_FROM_SYN, "file_transfer", "VER MSN_SECURE", 14);
}
