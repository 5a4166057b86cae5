/* SSH: identification strings after RFC 4253 section 4.2. */
#include "detect_sweep.h"

static void check_both(struct feed *feed)
{
	const struct facts *facts = feed->flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_SSH);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->security, SECURITY_UNKNOWN, "neither TLS nor none");
	cr_assert_eq(facts->opener_side, -1);
	cr_assert(feed_has_text(feed, "ssh.software", "OpenSSH_9.2p1"));
	cr_assert(feed_has_text(feed, "ssh.software", "PuTTY_Release_0.78"));
}

Test(detect_ssh, banners_cut_everywhere)
{
	static const struct turn turns[] = { TURN(1, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
		                             TURN(0, "SSH-2.0-PuTTY_Release_0.78\r\n") };
	static const struct turn client_first[] = { TURN(0, "SSH-2.0-PuTTY_Release_0.78\n\0\0\1\2"),
		                                    TURN(1, "SSH-1.99-OpenSSH_9.2p1\n") };
	sweep_cuts(turns, 2, check_both);
	sweep_cuts(client_first, 2, check_both);
}

Test(detect_ssh, a_greeting_may_come_before_the_banner)
{
	static const struct turn turns[] = { TURN(1, "Authorised use only\r\nBe nice\r\n"),
		                             TURN(0, "SSH-2.0-PuTTY_Release_0.78\r\n"),
		                             TURN(1, "SSH-2.0-OpenSSH_9.2p1\r\n") };
	sweep_cuts(turns, 3, check_both);
}

Test(detect_ssh, both_banners_settle_it)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 1, "SSH-2.0-OpenSSH_9.2p1\r\n");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SSH);
	cr_assert_not(feed.flow.facts->is_settled);
	FEED_TCP(&feed, 0, "SSH-2.0-x\r\n");
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
}

Test(detect_ssh, what_is_not_ssh)
{
	static uint8_t long_banner[300] = "SSH-2.0-";
	memset(long_banner + 8, 'a', sizeof(long_banner) - 8);
	memcpy(long_banner + sizeof(long_banner) - 2, "\r\n", 2);
	const struct turn others[] = {
		TURN(1, "SSH-3.0-x\r\n"),       TURN(1, "SSH-2.0-\r\n"),
		TURN(1, "ssh-2.0-x\r\n"),       TURN(1, "SSH-2.0-\1\r\n"),
		TURN(1, "220 ftp.example\r\n"), TURN(1, "SSH-2.0-no end"),
		TURN_OF(1, long_banner),
	};
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		cr_assert_str_neq(detector_of(&others[i], 1), "ssh", "case %zu", i);
	static const struct turn mail[] = { TURN(1, "220 mail.example\r\n"), TURN(0, "EHLO a\r\n"),
		                            TURN(1, "SSH-2.0-x\r\n") };
	cr_assert_str_neq(detector_of(mail, 3), "ssh");
}

Test(detect_ssh, noise_is_nothing)
{
	sweep_noise(FEED_FROM_SYN, "ssh", "SSH-2.", 6);
	sweep_noise(FEED_MIDSTREAM, "ssh", "SSH-", 4);
}
