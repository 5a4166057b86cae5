/*
 * XMPP: streams after RFC 6120 section 9 and XEP-0220, cut at every byte; STARTTLS with a
 * ClientHello behind it, so that the inner stream is shown to begin at the right byte.
 */
#include "detect_sweep.h"

extern const struct detector detector_xmpp;

#define DECLARATION "<?xml version='1.0'?>"
#define SERVER_HEADER                                                                              \
	"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:server'"     \
	" xmlns:db='jabber:server:dialback' from='a.example' to='b.example' version='1.0'>"
#define SERVER_ANSWER                                                                              \
	"<stream:stream xmlns='jabber:server' xmlns:stream=\"http://etherx.jabber.org/streams\""   \
	" xmlns:db='jabber:server:dialback' id='x>y' from='b.example' to='a.example' "             \
	"version='1.0'>"
#define FEATURES                                                                                   \
	"<stream:features><starttls "                                                              \
	"xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"                           \
	"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism>"     \
	"<mechanism> SCRAM-SHA-1\n</mechanism></mechanisms></stream:features>"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define PROCEED  "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define CLIENT_HEADER                                                                              \
	"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'"     \
	" from='alice@b.example/phone' to='b.example' version='1.0'>"
/* Claimed by another detector, whatever was built: an SSH banner stands for TLS where it would do.
 */
#define INNER "SSH-2.0-Inner\r\n"

static void finish_with(struct feed *feed, const struct turn *turns, size_t n_turns)
{
	feed_open_tcp(feed);
	feed_turns(feed, turns, n_turns, SIZE_MAX, 0);
	feed_finish(feed);
}

/* ---- Upgrade --------------------------------------------------------------------------------- */

static void check_upgraded(struct feed *feed)
{
	const struct facts *facts = feed->flow.facts;
	cr_assert(facts->is_starttls);
	cr_assert_eq(feed_number(feed, "xmpp.starttls"), 1);
	cr_assert_eq(feed_number(feed, "xmpp.starttls_offered"), 1);
	cr_assert_eq(feed_number(feed, "xmpp.starttls_required"), 1);
	cr_assert_eq(feed_number(feed, "xmpp.dialback"), 1);
	cr_assert(feed_has_text(feed, "xmpp.kind", "server"));
	cr_assert(feed_has_text(feed, "xmpp.to", "b.example"));
	cr_assert(feed_has_text(feed, "xmpp.from", "a.example"));
	cr_assert(feed_has_text(feed, "xmpp.sasl", "EXTERNAL"));
	cr_assert(feed_has_text(feed, "xmpp.sasl", "SCRAM-SHA-1"));
	cr_assert_eq(facts->opener_side, 0);
	/* What is inside begins with the byte after the agreement, on both sides. */
	cr_assert(feed_has_text(feed, "ssh.software", "Inner"));
	cr_assert(feed_has_text(feed, "ssh.software", "Other"));
}

Test(detect_xmpp, upgraded_stream_cut_everywhere)
{
	static const struct turn turns[] = {
		TURN(0, DECLARATION SERVER_HEADER),
		TURN(1, DECLARATION SERVER_ANSWER FEATURES),
		TURN(0, STARTTLS),
		TURN(1, PROCEED),
		TURN(0, INNER),
		TURN(1, "SSH-2.0-Other\r\n"),
	};
	sweep_cuts(turns, ARRAY_SIZE(turns), check_upgraded);
}

Test(detect_xmpp, upgrade_with_end_tags_and_white_space)
{
	static const struct turn turns[] = {
		TURN(0, "\xef\xbb\xbf \r\n" DECLARATION "\n" SERVER_HEADER "\n"),
		TURN(1, DECLARATION SERVER_ANSWER "\n" FEATURES "\n"),
		TURN(0, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'></starttls>\r\n"),
		TURN(1, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>"),
		TURN(0, INNER),
		TURN(1, "SSH-2.0-Other\r\n"),
	};
	sweep_cuts(turns, ARRAY_SIZE(turns), check_upgraded);
}

Test(detect_xmpp, tls_inside_is_seen_and_the_name_stays)
{
	/* A ClientHello of TLS 1.2 with one suite and no extensions: record, handshake, hello. */
	static const uint8_t hello[] = { 0x16, 3, 1,        0, 45, 1,    0,    0, 41,
		                         3,    3, [43] = 0, 0, 2,  0x00, 0x2f, 1, 0 };
	static const struct turn turns[] = {
		TURN(0, SERVER_HEADER), TURN(1, SERVER_ANSWER FEATURES),
		TURN(0, STARTTLS),      TURN(1, PROCEED),
		TURN_OF(0, hello),
	};
	struct feed feed;
	cr_assert_eq(sizeof(hello), 50);
	finish_with(&feed, turns, ARRAY_SIZE(turns));
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_XMPP_SERVER);
	cr_assert_neq(feed.flow.facts->security, SECURITY_NONE);
	cr_assert_eq(feed_number(&feed, "xmpp.starttls"), 1);
	feed_close(&feed);
}

Test(detect_xmpp, upgrade_of_which_one_side_was_captured)
{
	static const struct turn asking[] = { TURN(0, SERVER_HEADER), TURN(0, STARTTLS "\n"),
		                              TURN(0, INNER) };
	static const struct turn answering[] = { TURN(1, SERVER_ANSWER FEATURES), TURN(1, PROCEED),
		                                 TURN(1, INNER) };
	struct feed feed;
	finish_with(&feed, asking, 3);
	cr_assert(feed.flow.facts->is_starttls);
	cr_assert(feed_has_text(&feed, "ssh.software", "Inner"));
	feed_close(&feed);
	finish_with(&feed, answering, 3);
	cr_assert(feed.flow.facts->is_starttls);
	cr_assert_eq(feed.flow.facts->opener_side, 0, "an id is in answers only");
	cr_assert(feed_has_text(&feed, "xmpp.to", "b.example"));
	cr_assert(feed_has_text(&feed, "ssh.software", "Inner"));
	feed_close(&feed);
}

Test(detect_xmpp, refused_upgrade)
{
	static const struct turn turns[] = {
		TURN(0, SERVER_HEADER),
		TURN(1, SERVER_ANSWER FEATURES),
		TURN(0, STARTTLS),
		TURN(1, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>"),
	};
	struct feed feed;
	finish_with(&feed, turns, ARRAY_SIZE(turns));
	cr_assert(feed.flow.facts->is_refused);
	cr_assert_str_eq(feed.flow.facts->refusal, "starttls failure");
	cr_assert_not(feed.flow.facts->is_starttls);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_XMPP_SERVER);
	cr_assert_eq(feed.flow.facts->security, SECURITY_UNKNOWN);
	feed_close(&feed);
}

Test(detect_xmpp, a_client_cannot_refuse_or_proceed)
{
	static const struct turn turns[] = {
		TURN(0, SERVER_HEADER PROCEED "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
		TURN(1, SERVER_ANSWER FEATURES STARTTLS),
	};
	struct feed feed;
	finish_with(&feed, turns, ARRAY_SIZE(turns));
	cr_assert_not(feed.flow.facts->is_refused);
	cr_assert_not(feed.flow.facts->is_starttls);
	feed_close(&feed);
}

/* ---- Clear streams --------------------------------------------------------------------------- */

static void check_clear_client(struct feed *feed)
{
	const struct facts *facts = feed->flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_XMPP_CLIENT);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert_eq(facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->doubt, DOUBT_NONE);
	cr_assert(feed_has_text(feed, "xmpp.kind", "client"));
	cr_assert(feed_has_text(feed, "xmpp.from", "b.example"), "the domain and no more");
	cr_assert_eq(feed_number(feed, "xmpp.starttls"), 0);
	cr_assert_eq(feed_number(feed, "xmpp.starttls_offered"), 0);
	cr_assert(feed_has_text(feed, "xmpp.sasl", "PLAIN"));
	for (const struct fact *fact = facts->list; fact; fact = fact->next)
		cr_assert(bytes_find(fact->text, BYTES_LITERAL("alice")) < 0 &&
		          bytes_find(fact->text, BYTES_LITERAL("c2VjcmV0")) < 0);
}

Test(detect_xmpp, clear_client_stream_cut_everywhere)
{
	static const struct turn turns[] = {
		TURN(0, DECLARATION),
		TURN(0, CLIENT_HEADER),
		TURN(1, DECLARATION
		     "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
		     "xmlns='jabber:client' id='1' from='b.example'><stream:features><mechanisms "
		     "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></"
		     "mechanisms>"
		     "</stream:features>"),
		TURN(0, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
		        "mechanism='PLAIN'>c2VjcmV0</auth>"),
		TURN(1, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
		TURN(0, DECLARATION CLIENT_HEADER "<iq type='set' id='1'><bind/></iq>"),
	};
	sweep_cuts(turns, ARRAY_SIZE(turns), check_clear_client);
}

Test(detect_xmpp, other_prefixes_mean_the_same)
{
	static const struct turn turns[] = {
		TURN(0, "<s:stream xmlns:s = \"http://etherx.jabber.org/streams\" "
		        "xmlns\n=\n\"jabber:server\" to='b'>"),
		TURN(1, "<stream xmlns='http://etherx.jabber.org/streams' xmlns:x='jabber:server' "
		        "id='1'>"
		        "<features/>"),
		TURN(0, "<message to='u@b'/>"),
	};
	struct feed feed;
	finish_with(&feed, turns, 3);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_XMPP_SERVER);
	cr_assert_eq(feed.flow.facts->security, SECURITY_NONE);
	feed_close(&feed);
}

Test(detect_xmpp, dialback_in_clear)
{
	static const struct turn turns[] = {
		TURN(0, SERVER_HEADER),
		TURN(1, SERVER_ANSWER),
		TURN(0, "<db:result to='b.example' from='a.example'>key</db:result>"),
	};
	struct feed feed;
	finish_with(&feed, turns, 3);
	cr_assert_eq(feed.flow.facts->security, SECURITY_NONE);
	cr_assert_eq(feed_number(&feed, "xmpp.dialback"), 1);
	cr_assert_eq(feed_number(&feed, "xmpp.starttls_offered"), -1, "no features were seen");
	feed_close(&feed);
}

Test(detect_xmpp, features_without_tls_are_clear_for_good)
{
	static const struct turn turns[] = { TURN(0, CLIENT_HEADER),
		                             TURN(1, SERVER_ANSWER
		                                  "<stream:features></stream:features>") };
	struct feed feed;
	finish_with(&feed, turns, 2);
	cr_assert_eq(feed.flow.facts->security, SECURITY_NONE);
	cr_assert_eq(feed.flow.facts->security_evidence, EVIDENCE_CONFIRMED);
	feed_close(&feed);
}

Test(detect_xmpp, a_stream_that_ends_while_negotiating_is_not_judged_clear)
{
	static const struct turn turns[] = { TURN(0, SERVER_HEADER),
		                             TURN(1, SERVER_ANSWER FEATURES) };
	struct feed feed;
	for (size_t n = 1; n <= 2; n++) {
		finish_with(&feed, turns, n);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_XMPP_SERVER);
		cr_assert_eq(feed.flow.facts->security, SECURITY_UNKNOWN);
		cr_assert_eq(feed.flow.facts->doubt, DOUBT_HANDSHAKE_CUT);
		feed_close(&feed);
	}
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, SERVER_HEADER);
	feed_tcp_skip(&feed, 1, 300);
	FEED_TCP(&feed, 1, PROCEED);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->security, SECURITY_UNKNOWN);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_GAP);
	feed_close(&feed);
}

/* ---- Errors ---------------------------------------------------------------------------------- */

#define ERROR(condition)                                                                           \
	"<stream:error><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"               \
	"<text "                                                                                   \
	"xmlns='urn:ietf:params:xml:ns:xmpp-streams'>conflict</text></stream:error></"             \
	"stream:stream>"

Test(detect_xmpp, stream_errors_before_anything_was_said_are_refusals)
{
	static const struct turn unknown[] = { TURN(0, SERVER_HEADER),
		                               TURN(1, SERVER_ANSWER ERROR("host-unknown")) };
	static const struct turn policy[] = { TURN(0, CLIENT_HEADER),
		                              TURN(1, SERVER_ANSWER ERROR("policy-violation")) };
	static const struct turn own[] = { TURN(0, CLIENT_HEADER),
		                           TURN(1, SERVER_ANSWER ERROR("no-such-condition")) };
	static const struct turn late[] = { TURN(0, CLIENT_HEADER "<presence/>"),
		                            TURN(1, SERVER_ANSWER ERROR("conflict")) };
	struct feed feed;
	finish_with(&feed, unknown, 2);
	cr_assert_str_eq(feed.flow.facts->refusal, "stream error: host-unknown");
	cr_assert_eq(feed.flow.facts->security, SECURITY_UNKNOWN);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_NONE);
	feed_close(&feed);
	finish_with(&feed, policy, 2);
	cr_assert_str_eq(feed.flow.facts->refusal, "stream error: policy-violation");
	feed_close(&feed);
	finish_with(&feed, own, 2);
	cr_assert_not(feed.flow.facts->is_refused);
	feed_close(&feed);
	finish_with(&feed, late, 2);
	cr_assert_not(feed.flow.facts->is_refused);
	feed_close(&feed);
}

/* ---- What is not XMPP ------------------------------------------------------------------------ */

Test(detect_xmpp, what_is_not_xmpp)
{
	static const struct turn others[] = {
		TURN(0, "<?xml version='1.0'?><html></html>"),
		TURN(0, "<!DOCTYPE x>" CLIENT_HEADER),
		TURN(0, "<!-- x -->" CLIENT_HEADER),
		TURN(0, "<?php x ?>" CLIENT_HEADER),
		TURN(0, DECLARATION DECLARATION CLIENT_HEADER),
		TURN(0, "x" CLIENT_HEADER),
		TURN(0, "<stream:stream xmlns='jabber:client' "
		        "xmlns:stream='http://etherx.jabber.org/other'>"),
		TURN(0, "<stream:stream xmlns='jabber:component:accept' "
		        "xmlns:stream='http://etherx.jabber.org/streams'>"),
		TURN(0, "<stream:stream xmlns='jabber:client' "
		        "xmlns:s='http://etherx.jabber.org/streams'>"),
		TURN(0, "<stream:stream xmlns='jabber:client' "
		        "xmlns:stream='http://etherx.jabber.org/streams'/>"),
		TURN(0, "</stream:stream xmlns='jabber:client' "
		        "xmlns:stream='http://etherx.jabber.org/streams'>"),
		TURN(0, "<stream:stream <xmlns='jabber:client' "
		        "xmlns:stream='http://etherx.jabber.org/streams'>"),
		TURN(0, "<stream:stream x=\"\1\" xmlns='jabber:client' "
		        "xmlns:stream='http://etherx.jabber.org/streams'>"),
		TURN(0, "GET / HTTP/1.1\r\n\r\n" CLIENT_HEADER),
	};
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct bytes bytes = BYTES(others[i].data, others[i].len);
		cr_assert_eq(probe_step(&detector_xmpp, bytes, true, BYTES(NULL, 0), true),
		             DETECT_NOT_MINE, "case %zu", i);
		cr_assert_str_neq(detector_of(&others[i], 1), "xmpp", "case %zu", i);
	}
	static const struct turn spoken[] = { TURN(1, "220 mail\r\n"), TURN(0, CLIENT_HEADER) };
	cr_assert_str_neq(detector_of(spoken, 2), "xmpp");
}

Test(detect_xmpp, a_tag_without_end_is_given_up)
{
	static uint8_t tag[2000] = "<stream:stream ";
	memset(tag + 15, 'a', sizeof(tag) - 15);
	const struct turn turns[] = { TURN_OF(0, tag) };
	cr_assert_str_neq(detector_of(turns, 1), "xmpp");
}

Test(detect_xmpp, deep_and_crooked_trees_end_it)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, CLIENT_HEADER);
	for (unsigned i = 0; i < 100; i++)
		FEED_TCP(&feed, 0, "<a>");
	cr_assert(feed.flow.facts->is_settled);
	feed_finish(&feed);
	feed_close(&feed);
	/* What comes after the end is not read, and an end before the beginning is none. */
	static const struct turn closed[] = { TURN(0, CLIENT_HEADER "</stream:stream>"),
		                              TURN(1, SERVER_ANSWER) };
	static const struct turn crooked[] = { TURN(0, CLIENT_HEADER),
		                               TURN(1, "</a>" SERVER_ANSWER) };
	finish_with(&feed, closed, 2);
	cr_assert_null(facts_find(feed.flow.facts, "xmpp.dialback"));
	feed_close(&feed);
	finish_with(&feed, crooked, 2);
	cr_assert_null(facts_find(feed.flow.facts, "xmpp.dialback"));
	feed_close(&feed);
}

Test(detect_xmpp, no_more_than_16_kib_are_read)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, CLIENT_HEADER);
	for (unsigned i = 0; i < 20000 / 25; i++)
		FEED_TCP(&feed, 0, "<a>0123456789012345678</a>");
	cr_assert(feed.flow.facts->is_settled);
	feed_finish(&feed);
	feed_close(&feed);
}

Test(detect_xmpp, noise_is_nothing)
{
	sweep_noise(FEED_FROM_SYN, "xmpp", "<stream:stream ", 15);
	sweep_noise(FEED_MIDSTREAM, "xmpp", "<?xml version='1.0'?><", 22);
}

Test(detect_xmpp, one_side_of_another_protocol_counts_from_its_first_byte)
{
	const struct bytes own = BYTES_LITERAL(CLIENT_HEADER),
	                   other = BYTES_LITERAL("220 mail.example\r\n");
	cr_assert_eq(probe_step(&detector_xmpp, own, true, other, true), DETECT_NOT_MINE);
	cr_assert_eq(probe_step(&detector_xmpp, other, true, own, true), DETECT_NOT_MINE);
	cr_assert_eq(probe_step(&detector_xmpp, own, true, other, false), DETECT_MINE);
	cr_assert_eq(probe_step(&detector_xmpp, own, true, BYTES(NULL, 0), true), DETECT_MINE);
	cr_assert_eq(probe_step(&detector_xmpp, bytes_take(own, 3), true, BYTES(NULL, 0), true),
	             DETECT_MORE);
	cr_assert_eq(probe_step(&detector_xmpp, bytes_take(own, 3), true, other, true),
	             DETECT_NOT_MINE);
}

Test(detect_xmpp, what_xmpp_forbids_ends_it)
{
	static const char *const forbidden[] = { "<!-- x -->", "<!DOCTYPE x>", "<![CDATA[x]]>",
		                                 "<?php x?>" };
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		struct feed feed;
		feed_open_tcp(&feed);
		FEED_TCP(&feed, 0, CLIENT_HEADER);
		cr_assert_not(feed.flow.facts->is_settled);
		feed_tcp(&feed, 0, forbidden[i], strlen(forbidden[i]));
		cr_assert(feed.flow.facts->is_settled, "%s", forbidden[i]);
		feed_close(&feed);
	}
}

Test(detect_xmpp, a_stream_closed_in_clear_was_clear)
{
	static const struct turn turns[] = { TURN(0, SERVER_HEADER),
		                             TURN(1, SERVER_ANSWER FEATURES),
		                             TURN(0, "</stream:stream>"),
		                             TURN(1, "</stream:stream>") };
	struct feed feed;
	finish_with(&feed, turns, 4);
	cr_assert_eq(feed.flow.facts->security, SECURITY_NONE);
	cr_assert_eq(feed.flow.facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_NONE);
	cr_assert_eq(feed_number(&feed, "xmpp.starttls"), 0);
	cr_assert_eq(feed_number(&feed, "xmpp.starttls_offered"), 1);
	feed_close(&feed);
}

/* As one widespread server asks. */
#define EMPTY_ID                                                                                   \
	"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:server'"     \
	" id='' xmlns:db='jabber:server:dialback' from='a.example' to='b.example' version='1.0'>"

Test(detect_xmpp, an_empty_id_is_none)
{
	static const struct turn turns[] = {
		TURN(0, DECLARATION EMPTY_ID),
		TURN(1, DECLARATION SERVER_ANSWER FEATURES),
		TURN(0, STARTTLS),
		TURN(1, PROCEED),
		TURN(0, INNER),
		TURN(1, "SSH-2.0-Other\r\n"),
	};
	sweep_cuts(turns, ARRAY_SIZE(turns), check_upgraded);
}

Test(detect_xmpp, features_tell_more_than_an_id)
{
	static const struct turn turns[] = {
		TURN(0, SERVER_ANSWER), TURN(1, SERVER_ANSWER FEATURES),
		TURN(0, STARTTLS),      TURN(1, PROCEED),
		TURN(0, INNER),
	};
	struct feed feed;
	finish_with(&feed, turns, ARRAY_SIZE(turns));
	cr_assert_eq(feed.flow.facts->opener_side, 0);
	cr_assert(feed.flow.facts->is_starttls);
	cr_assert(feed_has_text(&feed, "ssh.software", "Inner"));
	feed_close(&feed);
}

Test(detect_xmpp, identities_when_asked_for)
{
	struct feed feed;
	feed_open(&feed, FEED_FROM_SYN,
	          &(struct detect_options){ .without_ndpi = true, .identities = true });
	FEED_TCP(&feed, 0,
	         "<stream:stream xmlns='jabber:client' "
	         "xmlns:stream='http://etherx.jabber.org/streams'"
	         " from='alice@b.example/phone' to='b.example' version='1.0'>");
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "xmpp.from", "alice@b.example"));
	cr_assert(feed_has_text(&feed, "xmpp.to", "b.example"));
	feed_close(&feed);
}

/* A feature that is required, and STARTTLS that is not. */
Test(detect_xmpp, what_is_required_is_starttls)
{
	static const struct turn turns[] = {
		TURN(0, SERVER_HEADER), TURN(1, SERVER_ANSWER "<stream:features>" STARTTLS
		                                              "<bind xmlns='urn:ietf:params:xml:ns:"
		                                              "xmpp-bind'><required/></bind>"
		                                              "</stream:features>")
	};
	struct feed feed;
	finish_with(&feed, turns, 2);
	cr_assert_eq(feed_number(&feed, "xmpp.starttls_offered"), 1);
	cr_assert_eq(feed_number(&feed, "xmpp.starttls_required"), -1);
	feed_close(&feed);
}
