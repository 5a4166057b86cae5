/*
 * The driving of detectors, with detectors made for it: this file defines detectors[] itself, so
 * the linker leaves the real list in the library. Each fake logs what it was given as
 * "name side@packet+offset:bytes", with flags G (gap) and E (end) before the colon.
 */
#include "detect_feed.h"

static char log_text[8192];

static void log_data(const char *name, struct stream *stream, unsigned side, struct bytes bytes,
                     uint64_t offset, unsigned flags)
{
	size_t len = strlen(log_text);
	snprintf(log_text + len, sizeof(log_text) - len, "%s%s%u@%llu+%llu%s%s:%.*s",
	         len ? " " : "", name, side, (unsigned long long)stream_packet(stream),
	         (unsigned long long)offset, flags & STREAM_GAP ? "G" : "",
	         flags & STREAM_END ? "E" : "", (int)bytes.len,
	         bytes.len ? (const char *)bytes.data : "");
}

static bool holds(struct bytes bytes, char c)
{
	return bytes.len && memchr(bytes.data, c, bytes.len) != NULL;
}

/* Claims what begins with "ab", whichever side says it. "!" is DONE, "?" is NOT_MINE. */
static const struct fact_def ab_facts[] = {
	{ .name = "ab.seen", .type = FACT_NUMBER, .help = "once" },
	{ .name = "ab.list", .type = FACT_TEXT, .help = "many", .is_list = true },
	{ 0 },
};

static enum detect_step ab_probe(const struct detect_view *view)
{
	for (unsigned side = 0; side < 2; side++)
		if (view->first[side].len)
			return bytes_starts_with(view->first[side], BYTES_LITERAL("ab"))
			               ? DETECT_MINE
			       : view->first[side].len < 2 && !view->is_full[side]
			               ? DETECT_MORE
			               : DETECT_NOT_MINE;
	return DETECT_MORE;
}

static enum detect_step ab_on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                   uint64_t offset, unsigned flags)
{
	unsigned *calls = stream_state(stream);
	log_data("ab", stream, side, bytes, offset, flags);
	if (++*calls == 1) {
		stream_state_protocol(stream, PROTOCOL_SIP, EVIDENCE_CONFIRMED);
		stream_state_opener(stream, side);
	}
	stream_fact_number(stream, &ab_facts[0], *calls);
	stream_fact_text(stream, &ab_facts[1], bytes_take(bytes, 1));
	if (holds(bytes, '?'))
		return DETECT_NOT_MINE;
	return holds(bytes, '!') ? DETECT_DONE : DETECT_MORE;
}

static void ab_on_end(struct stream *stream)
{
	stream_state_refusal(stream, "ended");
}

/* Claims whatever begins with "f", finds at the "?" that it was wrong. */
static enum detect_step fickle_probe(const struct detect_view *view)
{
	return bytes_starts_with(view->first[0], BYTES_LITERAL("f")) ? DETECT_MINE
	                                                             : DETECT_NOT_MINE;
}

static enum detect_step fickle_on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                       uint64_t offset, unsigned flags)
{
	log_data("fi", stream, side, bytes, offset, flags);
	stream_buffer_add(stream, 0, bytes, 100);
	return holds(bytes, '?') ? DETECT_NOT_MINE : DETECT_MORE;
}

/* Claims what begins with "f" when nobody else does, too; "f" proves that buffers are clean. */
static enum detect_step second_probe(const struct detect_view *view)
{
	return bytes_starts_with(view->first[0], BYTES_LITERAL("f")) ? DETECT_MINE
	                                                             : DETECT_NOT_MINE;
}

static enum detect_step second_on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                       uint64_t offset, unsigned flags)
{
	log_data(stream_buffer_get(stream, 0).len ? "DIRTY" : "se", stream, side, bytes, offset,
	         flags);
	stream_state_protocol(stream, PROTOCOL_TDS, EVIDENCE_CONSISTENT);
	return DETECT_MORE;
}

/* "xN" then ">": after the ">" of side 0 an inner stream begins; on side 1 at its offset 0 or N. */
static enum detect_step outer_probe(const struct detect_view *view)
{
	return bytes_starts_with(view->first[0], BYTES_LITERAL("x")) ? DETECT_MINE
	       : view->first[0].len                                  ? DETECT_NOT_MINE
	                                                             : DETECT_MORE;
}

static enum detect_step outer_on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                      uint64_t offset, unsigned flags)
{
	uint64_t *seen = stream_state(stream);
	log_data("x", stream, side, bytes, offset, flags);
	if (!stream_is_inner(stream))
		stream_state_protocol(stream, PROTOCOL_XMPP_SERVER, EVIDENCE_CONFIRMED);
	if (side == 1) {
		*seen += bytes.len;
		return DETECT_MORE;
	}
	ptrdiff_t at = bytes_find(bytes, BYTES_LITERAL(">"));
	if (at < 0)
		return DETECT_MORE;
	const uint64_t inner[2] = { offset + (uint64_t)at + 1, *seen };
	if (!stream_open_inner(stream, inner)) {
		log_data("deep", stream, side, BYTES(NULL, 0), offset, flags);
		return DETECT_DONE;
	}
	return DETECT_MORE;
}

static void outer_on_end(struct stream *stream)
{
	stream_state_doubt(stream, DOUBT_RENEGOTIATED); /* must not be called once inner is open */
}

/* Inside only: "t" is TLS. */
static enum detect_step inner_probe(const struct detect_view *view)
{
	return bytes_starts_with(view->first[0], BYTES_LITERAL("t")) ? DETECT_MINE
	                                                             : DETECT_NOT_MINE;
}

static enum detect_step inner_on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                      uint64_t offset, unsigned flags)
{
	log_data("t", stream, side, bytes, offset, flags);
	stream_state_protocol(stream, PROTOCOL_TLS, EVIDENCE_CONFIRMED);
	stream_state_security(stream, SECURITY_MTLS, EVIDENCE_CONFIRMED);
	return DETECT_MORE;
}

/* "p..." might always be its own: it waits for more. */
static unsigned n_patient_probes;

static enum detect_step patient_probe(const struct detect_view *view)
{
	n_patient_probes++;
	return bytes_starts_with(view->first[0], BYTES_LITERAL("p")) ? DETECT_MORE
	                                                             : DETECT_NOT_MINE;
}

/* UDP: "S..." is STUN, three "R..." are RTP. */
static enum detect_step stun_probe(const struct detect_view *view)
{
	return bytes_starts_with(view->datagrams[0].bytes, BYTES_LITERAL("S")) ? DETECT_MINE
	                                                                       : DETECT_NOT_MINE;
}

static enum detect_step stun_on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                     uint64_t offset, unsigned flags)
{
	if (!bytes_starts_with(bytes, BYTES_LITERAL("S")))
		return DETECT_NOT_MINE;
	log_data("stun", stream, side, bytes, offset, flags);
	stream_state_protocol(stream, PROTOCOL_STUN, EVIDENCE_CONFIRMED);
	return DETECT_MORE;
}

static enum detect_step rtp_probe(const struct detect_view *view)
{
	for (size_t i = 0; i < view->n_datagrams; i++)
		if (!bytes_starts_with(view->datagrams[i].bytes, BYTES_LITERAL("R")))
			return DETECT_NOT_MINE;
	return view->n_datagrams >= 3 ? DETECT_MINE : DETECT_MORE;
}

static enum detect_step rtp_on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                    uint64_t offset, unsigned flags)
{
	if (!bytes_starts_with(bytes, BYTES_LITERAL("R")))
		return DETECT_NOT_MINE;
	cr_assert_eq(stream_datagram(stream)->side, side);
	log_data("rtp", stream, side, bytes, offset, flags);
	stream_state_protocol(stream, PROTOCOL_RTP, EVIDENCE_CONSISTENT);
	stream_facts(stream)->has_media = true;
	return holds(bytes, '!') ? DETECT_DONE : DETECT_MORE;
}

static const struct detector ab = { .name = "ab",
	                            .on_tcp = true,
	                            .state_size = sizeof(unsigned),
	                            .facts = ab_facts,
	                            .probe = ab_probe,
	                            .on_data = ab_on_data,
	                            .on_end = ab_on_end };
static const struct detector fickle = {
	.name = "fickle", .on_tcp = true, .probe = fickle_probe, .on_data = fickle_on_data
};
static const struct detector second = {
	.name = "second", .on_tcp = true, .probe = second_probe, .on_data = second_on_data
};
static const struct detector outer = { .name = "outer",
	                               .on_tcp = true,
	                               .state_size = sizeof(uint64_t),
	                               .probe = outer_probe,
	                               .on_data = outer_on_data,
	                               .on_end = outer_on_end };
static const struct detector inner = {
	.name = "inner", .on_tcp = true, .probe = inner_probe, .on_data = inner_on_data
};
static const struct detector stun = {
	.name = "stun", .on_udp = true, .probe = stun_probe, .on_data = stun_on_data
};
static const struct detector rtp = {
	.name = "rtp", .on_udp = true, .probe = rtp_probe, .on_data = rtp_on_data
};
static const struct detector patient = {
	.name = "patient", .on_tcp = true, .probe = patient_probe, .on_data = second_on_data
};
const struct detector *const detectors[] = { &ab,    &patient, &fickle, &second,
	                                     &outer, &inner,   &stun,   &rtp };
const size_t n_detectors = ARRAY_SIZE(detectors);

/* ---- TCP ----------------------------------------------------------------------------------- */

Test(detect_core, replays_kept_bytes_with_their_own_packet_numbers)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "a");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	FEED_TCP(&feed, 0, "b");
	FEED_TCP(&feed, 1, "c");
	cr_assert_str_eq(log_text, "ab0@3+0:a ab0@4+1:b ab1@5+0:c");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	cr_assert_eq(feed.flow.facts->protocol_packet, 3);
	cr_assert_str_eq(detect_name(feed.flow.facts), "ab");
	cr_assert(feed.flow.facts->from_start[0] && feed.flow.facts->from_start[1]);
	feed_close(&feed);
}

Test(detect_core, keeps_the_order_of_the_two_sides)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "a");
	FEED_TCP(&feed, 1, "1");
	FEED_TCP(&feed, 0, "b");
	FEED_TCP(&feed, 1, "2");
	cr_assert_str_eq(log_text, "ab0@3+0:a ab1@4+0:1 ab0@5+1:b ab1@6+1:2");
	feed_close(&feed);
}

Test(detect_core, done_settles_and_frees_the_stream)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "ab!");
	cr_assert(feed.flow.facts->is_settled);
	cr_assert_null(feed.flow.stream);
	cr_assert_str_eq(feed.flow.facts->refusal, "ended"); /* on_end() was called */
	unsigned n_changes = feed.n_changes;
	FEED_TCP(&feed, 0, "more");
	cr_assert_eq(feed.n_changes, n_changes);
	cr_assert_str_eq(log_text, "ab0@3+0:ab!");
	/* Recognised in clear, and the detector did not speak of security. */
	cr_assert_eq(feed.flow.facts->security, SECURITY_NONE);
	cr_assert_eq(feed.flow.facts->security_evidence, EVIDENCE_CONFIRMED);
	feed_finish(&feed);
	feed_close(&feed);
}

Test(detect_core, a_disowned_stream_goes_to_the_next_detector)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "f?");
	FEED_TCP(&feed, 0, "g");
	cr_assert_str_eq(log_text, "fi0@3+0:f? se0@3+0:f? se0@4+2:g");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_TDS);
	feed_close(&feed);
}

Test(detect_core, not_mine_after_the_first_delivery_settles)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "ab");
	FEED_TCP(&feed, 0, "?");
	cr_assert(feed.flow.facts->is_settled);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	feed_close(&feed);
}

Test(detect_core, segments_in_any_order_and_twice)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_tcp_at(&feed, 0, 4, "ef", 2);
	feed_tcp_at(&feed, 0, 2, "cd", 2);
	feed_tcp_at(&feed, 0, 0, "abcd", 4);
	feed_tcp_at(&feed, 0, 0, "abXd", 4);
	feed_finish(&feed);
	cr_assert(strstr(log_text, "ab0@5+0:ab"));
	cr_assert(strstr(log_text, "ef"));
	cr_assert_null(strstr(log_text, "X"));
	cr_assert_null(strstr(log_text, "G"));
	cr_assert_not(feed.flow.facts->has_gap);
	feed_close(&feed);
}

Test(detect_core, a_hole_is_flagged_and_remembered)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "ab");
	feed_tcp_skip(&feed, 0, 3);
	FEED_TCP(&feed, 0, "z");
	cr_assert_not(feed.flow.facts->has_gap); /* it may still come */
	feed_finish(&feed);
	cr_assert_str_eq(log_text, "ab0@3+0:ab ab0@4+5G:z");
	cr_assert(feed.flow.facts->has_gap);
	feed_close(&feed);
}

Test(detect_core, a_cut_segment_is_a_hole_at_once)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_tcp_cut(&feed, 0, "abcdef", 6, 3);
	FEED_TCP(&feed, 0, "g");
	cr_assert_str_eq(log_text, "ab0@3+0:abc ab0@4+6G:g");
	feed_close(&feed);
}

Test(detect_core, the_end_is_told)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "ab");
	feed_fin(&feed, 0);
	cr_assert_str_eq(log_text, "ab0@3+0:ab ab0@4+2E:");
	feed_close(&feed);
}

Test(detect_core, an_end_that_was_kept_is_replayed)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 1, "a");
	feed_fin(&feed, 0);
	FEED_TCP(&feed, 1, "b");
	cr_assert_str_eq(log_text, "ab1@3+0:a ab0@4+0E: ab1@5+1:b");
	feed_close(&feed);
}

Test(detect_core, many_small_pieces_are_all_replayed)
{
	struct feed feed;
	feed_open_tcp(&feed);
	/* Side 1 fills the list of runs before side 0 says what it is. */
	for (unsigned i = 0; i < 400; i++) {
		FEED_TCP(&feed, 0, "");
		feed_tcp(&feed, 1, i == 0 ? "a" : "", i == 0);
	}
	FEED_TCP(&feed, 1, "b");
	cr_assert_str_eq(log_text, "ab1@4+0:a ab1@803+1:b");
	feed_close(&feed);
}

Test(detect_core, the_opener_is_corrected_where_it_was_a_guess)
{
	struct feed feed;
	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, "a");
	cr_assert_eq(feed.flow.opener, 0);
	feed_close(&feed);

	feed_open_midstream(&feed);
	feed.flow.opener = 0;
	FEED_TCP(&feed, 1, "ab");
	cr_assert_eq(feed.flow.opener, 1);
	cr_assert_eq(feed.flow.opener_how, OPENER_PROTOCOL);
	cr_assert_eq(feed.flow.facts->opener_side, 1);
	cr_assert_not(feed.flow.facts->from_start[1]);
	feed_close(&feed);

	feed_open_tcp(&feed);
	FEED_TCP(&feed, 1, "ab");
	cr_assert_eq(feed.flow.opener, 0); /* the SYN knows better */
	cr_assert_eq(feed.flow.facts->opener_side, 1);
	feed_close(&feed);
}

Test(detect_core, a_syn_ack_alone_tells_where_the_other_side_began)
{
	struct feed feed;
	feed_open(&feed, FEED_MIDSTREAM, &(struct detect_options){ .without_ndpi = true });
	feed_syn(&feed, 1);
	FEED_TCP(&feed, 0, "ab");
	cr_assert(feed.flow.facts->from_start[0]);
	feed_close(&feed);
}

Test(detect_core, facts_are_stated_once_or_listed)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "ab");
	FEED_TCP(&feed, 0, "cd");
	FEED_TCP(&feed, 0, "ax");
	cr_assert_eq(feed_number(&feed, "ab.seen"), 1);
	cr_assert(feed_has_text(&feed, "ab.list", "a"));
	cr_assert(feed_has_text(&feed, "ab.list", "c"));
	unsigned n = 0;
	for (const struct fact *fact = feed.flow.facts->list; fact; fact = fact->next)
		n++;
	cr_assert_eq(n, 3);
	feed_close(&feed);
}

/* ---- Without a claim ----------------------------------------------------------------------- */

Test(detect_core, says_why_a_flow_has_no_name)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_NO_PAYLOAD);
	cr_assert_not(feed.flow.facts->is_unrecognised);
	feed_close(&feed);

	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "zzz");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_UNRECOGNISED);
	cr_assert(feed.flow.facts->is_unrecognised);
	cr_assert(feed.flow.facts->from_start[0]);
	cr_assert_str_eq(detect_name(feed.flow.facts), "none");
	feed_close(&feed);

	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, "zzz");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_MIDSTREAM);
	feed_close(&feed);

	feed_open_tcp(&feed);
	feed_tcp_skip(&feed, 0, 5);
	FEED_TCP(&feed, 0, "zzz");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_GAP);
	cr_assert_not(feed.flow.facts->from_start[0]);
	feed_close(&feed);

	feed_open_tcp(&feed);
	feed_tcp_cut(&feed, 0, "zzzzz", 5, 2);
	FEED_TCP(&feed, 0, "zzz");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_SNAPLEN);
	feed_close(&feed);
}

/* Of a snaplen that leaves headers alone, and of one that leaves some bytes of a datagram. */
Test(detect_core, cut_to_the_headers)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_tcp_cut(&feed, 0, "zzzzz", 5, 0);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_SNAPLEN);
	cr_assert_not(feed.flow.facts->is_unrecognised);
	feed_close(&feed);
}

Test(detect_core, settles_unknown_data_without_waiting_for_the_end)
{
	static const char noise[DETECT_FIRST_BYTES + 100] = { 'z' };
	struct feed feed;
	feed_open_tcp(&feed);
	feed_tcp_split(&feed, 0, noise, sizeof(noise), 1400);
	cr_assert(feed.flow.facts->is_settled);
	cr_assert_null(feed.flow.stream);
	feed_close(&feed);

	feed_open_tcp(&feed);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_not(i && feed.flow.facts->is_settled);
		FEED_TCP(&feed, 0, "zzz");
		FEED_TCP(&feed, 1, "zzz");
	}
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);

	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "z");
	feed_fin(&feed, 0);
	feed_fin(&feed, 1);
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
}

Test(detect_core, single_bytes_do_not_multiply_the_work)
{
	static char noise[DETECT_FIRST_BYTES];
	struct feed feed;
	memset(noise, 'p', sizeof(noise));
	feed_open_tcp(&feed);
	feed_tcp_split(&feed, 0, noise, sizeof(noise), 1);
	cr_assert(feed.flow.facts->is_settled);
	cr_assert_leq(n_patient_probes, 150);
	cr_assert_geq(n_patient_probes, 20);
	feed_close(&feed);
}

Test(detect_core, gives_up_the_oldest_for_want_of_room)
{
	struct detect_options options = { .without_ndpi = true, .first_bytes_budget = 12000 };
	struct feed first, later;
	feed_open(&first, FEED_FROM_SYN, &options);
	FEED_TCP(&first, 0, "a");
	later = first; /* another flow of the same detect */
	later.flow = (struct flow){ .transport = TRANSPORT_TCP, .port = { 1, 2 }, .expect = 1 };
	for (unsigned i = 0; i < 10 && !first.flow.facts->is_settled; i++)
		feed_tcp(&later, 0, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
		         50);
	static const char noise[8000] = { 'z' };
	feed_tcp(&later, 0, noise, sizeof(noise));
	cr_assert(first.flow.facts->is_settled);
	cr_assert_null(first.flow.stream);
	cr_assert_eq(first.flow.facts->doubt, DOUBT_NO_ROOM);
	cr_assert_not(first.flow.facts->is_unrecognised);
	cr_assert_geq(detect_get_counters(first.detect)->no_room, 1);
	detect_forget(later.detect, &later.flow);
	feed_close(&first);
}

Test(detect_core, other_transports_and_foreign_packets_are_left_alone)
{
	struct feed feed;
	feed_open_tcp(&feed);
	struct packet icmp = { .transport = TRANSPORT_ICMP, .payload = BYTES_LITERAL("ab") };
	cr_assert_not(detect_packet(feed.detect, &feed.flow, 0, &icmp));
	cr_assert_null(feed.flow.stream);
	feed_close(&feed);
}

Test(detect_core, the_text_of_a_reset_is_not_data)
{
	struct feed feed;
	feed_open_tcp(&feed);
	struct packet rst = { .tcp_flags = TCP_RST,
		              .tcp_seq = feed.seq[0],
		              .payload = BYTES_LITERAL("ab no cookies") };
	feed_packet(&feed, 0, &rst);
	cr_assert_null(feed.flow.stream);
	feed_close(&feed);
}

Test(detect_core, counts_flows_whose_bytes_contradict_themselves)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_tcp_at(&feed, 0, 2, "XY", 2);
	feed_tcp_at(&feed, 0, 2, "cd", 2);
	feed_tcp_at(&feed, 0, 0, "ab", 2);
	feed_finish(&feed);
	cr_assert_eq(detect_get_counters(feed.detect)->conflicts, 1);
	cr_assert(strstr(log_text, "XY"));
	feed_close(&feed);
}

/* ---- Inner streams ------------------------------------------------------------------------- */

Test(detect_core, an_inner_stream_begins_at_its_offset)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "x1");
	FEED_TCP(&feed, 1, "ok");
	FEED_TCP(&feed, 0, "2>tls");
	FEED_TCP(&feed, 1, "srv");
	FEED_TCP(&feed, 0, "more");
	feed_finish(&feed);
	cr_assert_str_eq(log_text,
	                 "x0@3+0:x1 x1@4+0:ok x0@5+2:2>tls t0@5+0:tls t1@6+0:srv t0@7+3:more");
	/* TLS inside gives the protection, the outer protocol keeps its name. */
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_XMPP_SERVER);
	cr_assert_eq(feed.flow.facts->security, SECURITY_MTLS);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_NONE);
	feed_close(&feed);
}

Test(detect_core, an_inner_protocol_that_is_not_tls_names_the_flow)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "x>ab");
	cr_assert_str_eq(log_text, "x0@3+0:x>ab ab0@3+0:ab");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SIP);
	feed_close(&feed);
}

Test(detect_core, inner_streams_are_four_deep_at_most)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "x>x>x>x>x>x>");
	cr_assert(strstr(log_text, "x0@3+0:x>x> deep0@3+0:"));
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
}

Test(detect_core, an_inner_stream_nobody_knows_is_a_doubt)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "x>zzz");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_XMPP_SERVER);
	cr_assert_eq(feed.flow.facts->doubt, DOUBT_UNRECOGNISED);
	feed_close(&feed);
}

/* ---- UDP ----------------------------------------------------------------------------------- */

Test(detect_core, media_takes_the_name_from_the_checks_before_it)
{
	struct feed feed;
	feed_open_udp(&feed);
	FEED_UDP(&feed, 0, "S1");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	FEED_UDP(&feed, 1, "R1");
	FEED_UDP(&feed, 0, "R2");
	FEED_UDP(&feed, 1, "S2");
	FEED_UDP(&feed, 0, "R3");
	FEED_UDP(&feed, 0, "S3");
	cr_assert_str_eq(log_text, "stun0@1+0:S1 stun1@4+0:S2 rtp1@2+0:R1 rtp0@3+0:R2 "
	                           "rtp0@5+0:R3 stun0@6+0:S3");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed.flow.facts->protocol_packet, 2);
	cr_assert(feed.flow.facts->has_media);
	cr_assert_str_eq(detect_name(feed.flow.facts), "rtp");
	FEED_UDP(&feed, 0, "R!");
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
}

Test(detect_core, unknown_datagrams_settle_after_enough_of_them)
{
	struct feed feed;
	feed_open_udp(&feed);
	for (unsigned i = 0; i < 9; i++)
		FEED_UDP(&feed, 0, "zz");
	cr_assert_not(feed.flow.facts->is_settled);
	FEED_UDP(&feed, 0, "zz");
	cr_assert(feed.flow.facts->is_settled);
	cr_assert(feed.flow.facts->is_unrecognised);
	feed_close(&feed);

	/* One detector that waits for more is given 16. */
	feed_open_udp(&feed);
	FEED_UDP(&feed, 0, "S1");
	for (unsigned i = 0; i < 16; i++)
		FEED_UDP(&feed, 0, "zz");
	cr_assert_not(feed.flow.facts->is_settled);
	FEED_UDP(&feed, 0, "zz");
	cr_assert(feed.flow.facts->is_settled);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_STUN);
	cr_assert_not(feed.flow.facts->is_unrecognised);
	feed_close(&feed);
}

Test(detect_core, the_same_request_again_proves_a_retry)
{
	struct feed feed;
	feed_open_udp(&feed);
	FEED_UDP(&feed, 0, "request 1");
	FEED_UDP(&feed, 0, "request 2");
	cr_assert_not(feed.flow.is_retry_proven);
	FEED_UDP(&feed, 0, "request 1");
	cr_assert(feed.flow.is_retry_proven);
	feed_close(&feed);

	feed_open_udp(&feed);
	FEED_UDP(&feed, 0, "request 1");
	FEED_UDP(&feed, 1, "answer");
	FEED_UDP(&feed, 0, "request 1");
	cr_assert_not(feed.flow.is_retry_proven);
	feed_close(&feed);
}

Test(detect_core, bootp_seconds_do_not_hide_a_retry)
{
	uint8_t discover[244] = { 1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef };
	memcpy(discover + 236, "\x63\x82\x53\x63", 4);
	struct feed feed;
	feed_open_udp(&feed);
	feed_udp(&feed, 0, discover, sizeof(discover));
	discover[9] = 4;
	feed_udp(&feed, 0, discover, sizeof(discover));
	cr_assert(feed.flow.is_retry_proven);
	feed_close(&feed);

	feed_open_udp(&feed);
	feed_udp(&feed, 0, discover, sizeof(discover));
	discover[7] = 0; /* another transaction */
	feed_udp(&feed, 0, discover, sizeof(discover));
	cr_assert_not(feed.flow.is_retry_proven);
	feed_close(&feed);
}

Test(detect_core, facts_can_be_taken_out)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "ab!");
	_cleanup_(facts_freep) struct facts *facts = detect_take_facts(&feed.flow);
	cr_assert_eq(facts->protocol, PROTOCOL_SIP);
	cr_assert_null(feed.flow.facts);
	feed_close(&feed);
}
