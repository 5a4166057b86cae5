/* SMB: NetBIOS session header (RFC 1002 4.3.1), [MS-CIFS] 2.2.4.52, [MS-SMB2] 2.2.1 to 2.2.4. */
#include "detect_sweep.h"

extern const struct detector detector_smb;

/* SMB 1 header: ff SMB, command, status, flags, flags2, and 20 bytes more. */
#define SMB1(command, flags)                                                                       \
	"\xff"                                                                                     \
	"SMB" command "\0\0\0\0" flags "\x53\xc8"                                                  \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
/* SMB 2 header of 64 bytes: fe SMB, its size, ..., command at 12, flags at 16. */
#define SMB2(command, flags)                                                                       \
	"\xfe"                                                                                     \
	"SMB"                                                                                      \
	"\x40\0"                                                                                   \
	"\0\0"                                                                                     \
	"\0\0\0\0" command "\0\0" flags "\0\0\0\0"                                                 \
	"\0\0\0\0\0\0\0\0"                                                                         \
	"\0\0\0\0\0\0\0\0"                                                                         \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

/* 32 + 1 + 2 + 36 bytes: three dialects. */
#define DIALECTS                                                                                   \
	"\x02"                                                                                     \
	"NT LM 0.12\0"                                                                             \
	"\x02"                                                                                     \
	"SMB 2.002\0"                                                                              \
	"\x02"                                                                                     \
	"SMB 2.???\0"
#define OFFER1                                                                                     \
	"\0\0\0\x45" SMB1("\x72", "\x18") "\0"                                                     \
	                                  "\x22\0" DIALECTS
#define CHOICE1(index)                                                                             \
	"\0\0\0\x27" SMB1("\x72", "\x98") "\x01" index "\0\0"                                      \
	                                  "\0\0"
/* 64 + 36 + 6: 2.0.2, 2.1, 3.1.1. */
#define OFFER2                                                                                     \
	"\0\0\0\x6a" SMB2("\0\0", "\0\0\0\0") "\x24\0\x03\0\x01\0\0\0\0\0\0\0"                     \
	                                      "0123456789abcdef"                                   \
	                                      "\0\0\0\0\0\0\0\0"                                   \
	                                      "\x02\x02\x10\x02\x11\x03"
#define CHOICE2(revision) "\0\0\0\x46" SMB2("\0\0", "\x01\0\0\0") "\x41\0\x01\0" revision
/* A transform header of 52 bytes. */
#define ENCRYPTED                                                                                  \
	"\0\0\0\x34\xfdSMB"                                                                        \
	"0123456789abcdef0123456789abcdef0123456789abcdef"
#define NAME                                                                                       \
	"\x20"                                                                                     \
	"CKFDENECFDEFFCFGEFFCCACACACACACA"                                                         \
	"\0"
#define SESSION "\x81\0\0\x44" NAME NAME

static void check_smb(const struct facts *facts)
{
	cr_assert_eq(facts->protocol, PROTOCOL_SMB);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert_eq(facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->opener_side, 0);
}

static void check_version1(struct feed *feed)
{
	check_smb(feed->flow.facts);
	cr_assert_eq(feed_number(feed, "smb.version1"), 1);
	cr_assert(feed_has_text(feed, "smb.dialect", "NT LM 0.12"));
	cr_assert(feed_has_text(feed, "smb.offered", "NT LM 0.12"));
	cr_assert(feed_has_text(feed, "smb.offered", "SMB 2.???"));
	cr_assert_eq(feed_number(feed, "smb.encrypted"), -1);
}

Test(detect_smb, version_1_cut_everywhere)
{
	cr_assert_eq(sizeof(DIALECTS) - 1, 0x22);
	cr_assert_eq(sizeof(OFFER1) - 1, 4 + 0x45);
	static const struct turn turns[] = { TURN(0, OFFER1), TURN(1, CHOICE1("\0\0")) };
	sweep_cuts(turns, 2, check_version1);
}

static void check_version3(struct feed *feed)
{
	check_smb(feed->flow.facts);
	cr_assert_eq(feed_number(feed, "smb.version1"), 0);
	cr_assert(feed_has_text(feed, "smb.dialect", "3.1.1"));
	cr_assert(feed_has_text(feed, "smb.offered", "2.0.2"));
	cr_assert(feed_has_text(feed, "smb.offered", "2.1"));
	cr_assert_eq(feed_number(feed, "smb.encrypted"), 1);
}

/* Asked in the words of SMB 1, answered with the wildcard, asked again. */
Test(detect_smb, version_3_after_a_multi_protocol_offer_cut_everywhere)
{
	cr_assert_eq(sizeof(OFFER2) - 1, 4 + 0x6a);
	static const struct turn turns[] = {
		TURN(0, OFFER1),
		TURN(1, CHOICE2("\xff\x02")),
		TURN(0, OFFER2),
		TURN(1, CHOICE2("\x11\x03")),
		TURN(0, "\x85\0\0\0" ENCRYPTED "0123456789abcdef0123456789abcdef0123456789abcdef"),
	};
	sweep_cuts(turns, ARRAY_SIZE(turns), check_version3);
}

Test(detect_smb, the_other_revisions)
{
	static const struct {
		const char *wire, *name;
	} rows[] = { { "\x02\x02", "2.0.2" },
		     { "\x10\x02", "2.1" },
		     { "\x00\x03", "3.0" },
		     { "\x02\x03", "3.0.2" } };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t choice[] = CHOICE2("\0\0");
		struct feed feed;
		memcpy(choice + sizeof(choice) - 3, rows[i].wire, 2);
		feed_open_tcp(&feed);
		feed_tcp(&feed, 1, choice, sizeof(choice) - 1);
		feed_finish(&feed);
		cr_assert(feed_has_text(&feed, "smb.dialect", rows[i].name));
		cr_assert_eq(feed.flow.facts->opener_side, 0, "a response names the responder");
		feed_close(&feed);
	}
}

static void check_session(struct feed *feed)
{
	check_version1(feed);
}

Test(detect_smb, over_a_netbios_session_cut_everywhere)
{
	cr_assert_eq(sizeof(SESSION) - 1, 72);
	static const struct turn turns[] = { TURN(0, SESSION), TURN(1, "\x82\0\0\0"),
		                             TURN(0, OFFER1), TURN(1, CHOICE1("\0\0")) };
	sweep_cuts(turns, 4, check_session);
}

Test(detect_smb, a_refused_netbios_session)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, SESSION);
	FEED_TCP(&feed, 1, "\x83\0\0\x01\x82");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SMB);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
	cr_assert_str_eq(feed.flow.facts->refusal, "NetBIOS session refused");
	feed_close(&feed);
}

Test(detect_smb, no_dialect_accepted)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, OFFER1);
	FEED_TCP(&feed, 1, CHOICE1("\xff\xff"));
	feed_finish(&feed);
	cr_assert_str_eq(feed.flow.facts->refusal, "no SMB dialect accepted");
	cr_assert_eq(feed_number(&feed, "smb.version1"), -1);
	feed_close(&feed);
}

Test(detect_smb, joined_in_the_middle)
{
	struct feed feed;
	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, "\0\0\0\x23" SMB1("\x2e", "\x18") "\0\0\0");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SMB);
	cr_assert_eq(feed_number(&feed, "smb.version1"), 1);
	cr_assert_eq(feed.flow.facts->opener_side, -1);
	feed_close(&feed);
	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, "\0\0\0\x48" SMB2("\x08\0", "\x01\0\0\0") "01234567");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->opener_side, 1);
	cr_assert_eq(feed.flow.opener, 1);
	feed_close(&feed);
}

Test(detect_smb, a_hole_ends_it_with_what_is_known)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, OFFER2);
	feed_tcp_skip(&feed, 0, 50);
	FEED_TCP(&feed, 0, ENCRYPTED);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SMB);
	cr_assert_eq(feed_number(&feed, "smb.encrypted"), -1);
	feed_close(&feed);
}

Test(detect_smb, lying_lengths_and_counts)
{
	static const struct turn turns[] = {
		/* More dialect bytes than the message holds; dialects without end; ff for 02. */
		TURN(0, "\0\0\0\x23" SMB1("\x72", "\x18") "\0"
		                                          "\xff\xff"),
		TURN(0, "\0\0\0\x25" SMB1("\x72", "\x18") "\0"
		                                          "\x02\0"
		                                          "\x02X"),
		TURN(0, "\0\0\0\x26" SMB1("\x72", "\x18") "\0"
		                                          "\x03\0"
		                                          "\xffX\0"),
		TURN(0, "\0\0\0\x64" SMB2("\0\0", "\0\0\0\0") "\x24\0\xff\xff"
		                                              "0123456789abcdef0123456789abcdef"),
		TURN(1, "\0\0\0\x25" SMB1("\x72", "\x98") "\x01"
		                                          "\x07\0"
		                                          "\0\0"),
		TURN(1, "\0\0\0\x42" SMB2("\0\0", "\x01\0\0\0") "\x41\0"),
		TURN(0, "\0\0\0\x20"
		        "NOTS01234567890123456789abcd"),
	};
	struct feed feed;
	feed_open_tcp(&feed);
	feed_turns(&feed, turns, ARRAY_SIZE(turns), SIZE_MAX, 0);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SMB);
	cr_assert_null(facts_find(feed.flow.facts, "smb.dialect"));
	cr_assert_null(facts_find(feed.flow.facts, "smb.offered"));
	feed_close(&feed);
}

Test(detect_smb, what_is_not_smb)
{
	static const struct turn others[] = {
		TURN(0, "\0\0\0\x40\xfbSMB0123"),
		TURN(0, "\0\0\0\x40\xfesmb0123"),
		TURN(0, "\0\0\0\x10\xfeSMB0123"),
		TURN(0, "\x01\0\0\x40\xfeSMB0123"),
		TURN(0, "\x81\0\0\x44\x20zzzz"),
		TURN(0, "\x81\0\0\x45\x20"
		        "CK"),
		TURN(0, "\x81\0\0\x44\x21"
		        "CK"),
		TURN(0, "\x82\0\0\0\xfeSMB01234"),
	};
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct bytes bytes = BYTES(others[i].data, others[i].len);
		cr_assert_eq(probe_step(&detector_smb, bytes, true, BYTES(NULL, 0), true),
		             DETECT_NOT_MINE, "case %zu", i);
		cr_assert_str_neq(detector_of(&others[i], 1), "smb", "case %zu", i);
	}
	static const struct turn spoken[] = { TURN(1, "220 mail\r\n"), TURN(0, OFFER2) };
	cr_assert_str_neq(detector_of(spoken, 2), "smb");
}

Test(detect_smb, noise_is_nothing)
{
	sweep_noise(FEED_FROM_SYN, "smb", "\0\0\0\x40\xfe", 5);
	sweep_noise(FEED_MIDSTREAM, "smb", "\x81\0\0\x44\x20", 5);
}

Test(detect_smb, one_side_of_another_protocol_counts_from_its_first_byte)
{
	const struct bytes own = BYTES_LITERAL(OFFER2),
	                   other = BYTES_LITERAL("220 mail.example\r\n");
	cr_assert_eq(probe_step(&detector_smb, own, true, other, true), DETECT_NOT_MINE);
	cr_assert_eq(probe_step(&detector_smb, other, true, own, true), DETECT_NOT_MINE);
	cr_assert_eq(probe_step(&detector_smb, own, true, other, false), DETECT_MINE);
	cr_assert_eq(probe_step(&detector_smb, own, true, BYTES(NULL, 0), true), DETECT_MINE);
	cr_assert_eq(probe_step(&detector_smb, bytes_take(own, 3), true, BYTES(NULL, 0), true),
	             DETECT_MORE);
	cr_assert_eq(probe_step(&detector_smb, bytes_take(own, 3), true, other, true),
	             DETECT_NOT_MINE);
}

#define OFFER_OLD                                                                                  \
	"\0\0\0\x4a" SMB1("\x72", "\x18") "\0"                                                     \
	                                  "\x27\0"                                                 \
	                                  "\x02"                                                   \
	                                  "PC NETWORK 1.0\0"                                       \
	                                  "\x02"                                                   \
	                                  "LANMAN1.0\0"                                            \
	                                  "\x02"                                                   \
	                                  "NT LM 0.12\0"

Test(detect_smb, the_choice_counts_from_zero)
{
	struct feed feed;
	cr_assert_eq(sizeof(OFFER_OLD) - 1, 4 + 0x4a);
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, OFFER_OLD);
	FEED_TCP(&feed, 1, CHOICE1("\1\0"));
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "smb.dialect", "LANMAN1.0"));
	cr_assert_not(feed_has_text(&feed, "smb.dialect", "PC NETWORK 1.0"));
	feed_close(&feed);
}

Test(detect_smb, it_comes_to_an_end)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, OFFER2);
	for (unsigned i = 0; i < 70; i++)
		FEED_TCP(&feed, 0, "\x85\0\0\0");
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, OFFER2 ENCRYPTED);
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
}
