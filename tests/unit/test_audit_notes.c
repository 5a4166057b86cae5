/*
 * What flows say of places: for how long it holds, for which flows, under which addresses, and
 * what it makes of them; that it never names against the bytes.
 */
#include "audit_hand.h"

#include "audit/priv.h"
#include "detect_feed.h"

#define DAY 86400

static struct places places;
static struct site *site;

static void open_places(void)
{
	static const char text[] = "site: S\nnat: {203.0.113.12: 172.16.0.12}\n";
	struct err err = { 0 };

	places_init(&places, 1000);
	cr_assert_eq(site_load(&site, "site.yaml", bytes_from_text(text), &err), RULES_OK, "%s",
	             err.text);
}

static void close_places(void)
{
	places_deinit(&places);
	site_free(site);
}

TestSuite(notes, .init = open_places, .fini = close_places);

static void say(enum note_kind kind, const char *addr, uint16_t port, int64_t at_seconds)
{
	struct note note = hand_place(kind, addr, port, at_seconds);
	cr_assert_eq(places_add(&places, site, &note), 0);
}

/* What a join makes of the flow, and what it said before; the facts are checked and freed. */
struct joined {
	bool is_joined;
	enum protocol protocol;
	enum evidence evidence, security_evidence;
	uint64_t fact_packet;
	char told[32];
	struct facts facts;
	unsigned opener;
};

static struct joined join_flow(struct hand_flow *hand)
{
	struct flow *flow = &hand->flow;
	struct facts *facts = flow->facts, before = *facts;
	const uint8_t opener = flow->opener;
	struct unjoined unjoined;
	bool may_tell = places_may_tell(flow);
	int r = places_join(&places, site, flow, &unjoined);

	cr_assert(r == 0 || r == PLACES_JOINED);
	cr_assert(may_tell || r == 0, "what was not waited for must not be changed");
	struct joined out = {
		.is_joined = r == PLACES_JOINED,
		.protocol = (enum protocol)facts->protocol,
		.evidence = (enum evidence)facts->protocol_evidence,
		.security_evidence = (enum evidence)facts->security_evidence,
		.facts = *facts,
		.opener = flow->opener,
	};
	const struct fact *fact = facts_find(facts, "media.announced");
	fact = fact ? fact : facts_find(facts, "rpc.named");
	cr_assert_eq(fact != NULL, out.is_joined);
	if (fact) {
		out.fact_packet = fact->packet;
		snprintf(out.told, sizeof(out.told), "%s", (const char *)fact->text.data);
		places_part(flow, &unjoined);
	}
	before.list = facts->list;
	cr_assert_eq(memcmp(&before, facts, sizeof(before)), 0, "parting restores the slots");
	cr_assert_eq(flow->opener, opener);
	facts_free(facts);
	return out;
}

static struct joined join(const char *line)
{
	struct hand_flow hand = hand_flow(line);

	return join_flow(&hand);
}

#define MAYBE "10.0.9.21:40000 > 10.0.9.22:40002 udp maybe-media"

/* ---- Media ----------------------------------------------------------------------------------- */

Test(notes, announced_shapes_are_media)
{
	cr_assert_not(join(MAYBE).is_joined);
	say(NOTE_MEDIA, "10.0.9.22", 40002, -5);
	struct joined got = join(MAYBE);
	cr_assert(got.is_joined);
	cr_assert_eq(got.protocol, PROTOCOL_RTP);
	cr_assert_eq(got.evidence, EVIDENCE_CONSISTENT);
	cr_assert_eq(got.security_evidence, EVIDENCE_CONSISTENT);
	cr_assert_eq(got.facts.security, SECURITY_NONE);
	cr_assert_eq(got.facts.doubt, DOUBT_NONE);
	cr_assert(got.facts.has_media);
	cr_assert_not(got.facts.maybe_media);
	cr_assert_not(got.facts.is_unrecognised);
	cr_assert_str_eq(detect_name(&got.facts), "rtp");
	cr_assert_str_eq(got.told, "1:7");
	cr_assert_eq(got.fact_packet, 9);
	cr_assert_eq(got.facts.protocol_packet, 9);
	/* The announced end may be the one that sent first. */
	cr_assert(join("10.0.9.22:40002 > 10.0.9.99:7000 udp maybe-media one-way").is_joined);
	/* Another port, another host, another transport's shape. */
	cr_assert_not(join("10.0.9.21:40000 > 10.0.9.22:40003 udp maybe-media").is_joined);
	cr_assert_not(join("10.0.9.21:40002 > 10.0.9.23:40000 udp maybe-media").is_joined);
	cr_assert_not(join("10.0.9.21:40000 > 10.0.9.22:40002 tcp maybe-media").is_joined);
	/* A packet number is told only where it is one of the flow's own file. */
	got = join(MAYBE " file=2");
	cr_assert(got.is_joined);
	cr_assert_str_eq(got.told, "1:7");
	cr_assert_eq(got.fact_packet, 0);
	cr_assert_eq(got.facts.protocol_packet, 0);
}

Test(notes, one_direction_is_confirmed)
{
	static const char line[] = "10.0.9.21:40000 > 10.0.9.22:40002 udp rtp-one-side one-way";

	cr_assert_not(join(line).is_joined);
	say(NOTE_MEDIA, "10.0.9.22", 40002, 0);
	struct joined got = join(line);
	cr_assert(got.is_joined);
	cr_assert_eq(got.protocol, PROTOCOL_RTP);
	cr_assert_eq(got.evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(got.security_evidence, EVIDENCE_CONFIRMED);
	cr_assert(join("10.0.9.21:40000 > 10.0.9.22:40002 tcp rtp-one-side").is_joined);
	/* nDPI's word is no proof of one direction. */
	struct hand_flow hand = hand_flow(line);
	hand.flow.facts->detector = (uint8_t)(n_detectors + 1);
	cr_assert_not(join_flow(&hand).is_joined);
	/* Nothing to add where it was confirmed. */
	cr_assert_not(join("10.0.9.21:40000 > 10.0.9.22:40002 udp rtp").is_joined);
}

Test(notes, nothing_recognised_is_renamed)
{
	say(NOTE_MEDIA, "10.0.9.22", 40002, 0);
	say(NOTE_RPC, "10.0.9.22", 40002, 0);
	cr_assert_not(join("10.0.9.21:40000 > 10.0.9.22:40002 udp stun").is_joined);
	cr_assert_not(join("10.0.9.21:40000 > 10.0.9.22:40002 udp other-name").is_joined);
	cr_assert_not(join("10.0.9.21:40000 > 10.0.9.22:40002 udp dns").is_joined);
	cr_assert_not(join("10.0.9.21:40000 > 10.0.9.22:40002 udp noise").is_joined);
	cr_assert_not(join("10.0.9.21:40000 > 10.0.9.22:40002 udp noise-gap").is_joined);
	cr_assert_not(join("10.0.9.21:40000 > 10.0.9.22:40002 tcp tls-mid midstream").is_joined);
	cr_assert_not(join("10.0.9.21:40000 > 10.0.9.22:40002 tcp smb").is_joined);
	cr_assert_not(join("10.0.9.21:40000 > 10.0.9.22:40002 tcp silent").is_joined);
}

/* ---- Time ------------------------------------------------------------------------------------ */

static bool holds(int64_t said, const char *more)
{
	char line[128];

	places_deinit(&places);
	places_init(&places, 1000);
	say(NOTE_MEDIA, "10.0.9.22", 40002, said);
	snprintf(line, sizeof(line), "%s %s", MAYBE, more);
	return join(line).is_joined;
}

Test(notes, it_holds_for_a_day)
{
	/* The flow goes from second 0 to 10. */
	cr_assert(holds(0, ""));
	cr_assert(holds(-DAY, ""));
	cr_assert_not(holds(-DAY - 1, ""));
	/* The announcement may come while media flow, not after. */
	cr_assert(holds(10, ""));
	cr_assert_not(holds(11, ""));
	/* And not a day after they began. */
	cr_assert(holds(DAY, "lasts=200000"));
	cr_assert_not(holds(DAY + 1, "lasts=200000"));
	/* Whatever the day of the calendar. */
	cr_assert(holds(40000, "at=50000"));
	cr_assert(holds(80000, "at=90000"));
	cr_assert(holds(-100000, "at=-50000"));
	cr_assert_not(holds(-100000, "at=0"));
}

Test(notes, extreme_times)
{
	struct note note = hand_place(NOTE_MEDIA, "10.0.9.22", 40002, 0);
	static const int64_t times[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		note.time_ns = times[i];
		cr_assert_eq(places_add(&places, site, &note), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		struct hand_flow hand = hand_flow(MAYBE);
		hand.flow.first_ns = hand.flow.last_ns = times[i];
		cr_assert(join_flow(&hand).is_joined);
	}
	struct hand_flow hand = hand_flow(MAYBE);
	cr_assert_not(join_flow(&hand).is_joined);
}

/* Days before 1970 are as long as others. */
Test(notes, before_the_epoch)
{
	struct note note = hand_place(NOTE_MEDIA, "10.0.9.22", 40002, 0);
	static const int64_t seconds[] = { -80000, -10000, 80000 };

	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		note.time_ns = seconds[i] * HAND_SECOND;
		cr_assert_eq(places_add(&places, site, &note), 0);
	}
	struct hand_flow hand = hand_flow(MAYBE);
	hand.flow.first_ns = 70000 * HAND_SECOND;
	hand.flow.last_ns = 70010 * HAND_SECOND;
	cr_assert(join_flow(&hand).is_joined);
}

/* Of many announcements of a day the first and the last are kept: every flow gets the same answer
 * as if all were, in whatever order they came. */
Test(notes, first_and_last_of_a_day_answer_for_all)
{
	static const int64_t said[] = { 30000, 100, 86000, 50000, 200000, 180000, 190000 };
	enum { N = ARRAY_SIZE(said) };

	for (int64_t at = -200000; at < 400000; at += 4700) {
		bool is_said = false;
		char line[128];
		snprintf(line, sizeof(line), "%s at=%lld lasts=3000", MAYBE, (long long)at);
		for (unsigned i = 0; i < N; i++)
			is_said |= said[i] <= at + 3000 && said[i] >= at - DAY;
		for (unsigned turn = 0; turn < 2 * N; turn++) {
			places_deinit(&places);
			places_init(&places, 1000);
			for (unsigned i = 0; i < N; i++)
				say(NOTE_MEDIA, "10.0.9.22", 40002,
				    said[(turn < N ? turn + i : turn + N - i) % N]);
			cr_assert_eq(join(line).is_joined, is_said, "at %lld", (long long)at);
		}
	}
}

Test(notes, the_nearest_before_is_the_one_told)
{
	struct note note = hand_place(NOTE_MEDIA, "10.0.9.22", 40002, 50);

	for (unsigned i = 0; i < 3; i++) {
		note.flow = 10 + i;
		note.time_ns = HAND_START + (50 + 20 * (int64_t)i) * HAND_SECOND;
		cr_assert_eq(places_add(&places, site, &note), 0);
	}
	cr_assert_str_eq(join(MAYBE " at=95").told, "1:12");
	cr_assert_str_eq(join(MAYBE " at=60").told, "1:10");
	cr_assert_str_eq(join(MAYBE " at=90").told, "1:12", "at the first packet is before");
	cr_assert_str_eq(join(MAYBE " at=60 lasts=50").told, "1:10", "before goes before behind");
	cr_assert_str_eq(join(MAYBE " at=45").told, "1:10", "none before: the first behind");
	cr_assert_str_eq(join(MAYBE " at=45 lasts=100").told, "1:10");
	/* The other end's, if that is nearer. */
	note.addr = hand_addr("10.0.9.21");
	note.port = 40000;
	note.flow = 20;
	note.time_ns = HAND_START + 58 * HAND_SECOND;
	cr_assert_eq(places_add(&places, site, &note), 0);
	cr_assert_str_eq(join(MAYBE " at=60").told, "1:20");
	/* At one time, the later packet, whichever came first. */
	note.flow = 21;
	note.packet = 8;
	cr_assert_eq(places_add(&places, site, &note), 0);
	cr_assert_str_eq(join(MAYBE " at=60").told, "1:20");
}

/* ---- Hosts ----------------------------------------------------------------------------------- */

Test(notes, an_alias_is_the_same_host)
{
	say(NOTE_MEDIA, "203.0.113.12", 50000, 0);
	cr_assert(join("198.51.100.1:7000 > 203.0.113.12:50000 udp maybe-media").is_joined);
	cr_assert(join("198.51.100.1:7000 > 172.16.0.12:50000 udp maybe-media").is_joined);
	cr_assert_not(join("198.51.100.1:7000 > 172.16.0.13:50000 udp maybe-media").is_joined);
	say(NOTE_MEDIA, "172.16.0.12", 50002, 0);
	cr_assert(join("198.51.100.1:7000 > 203.0.113.12:50002 udp maybe-media").is_joined);
	say(NOTE_MEDIA, "2001:db8::12", 50004, 0);
	cr_assert(join("[2001:db8::1]:7000 > [2001:db8::12]:50004 udp maybe-media").is_joined);
}

/* ---- RPC ------------------------------------------------------------------------------------- */

#define RPC_ENDS "10.0.2.21:53790 > 10.0.2.20:49200 tcp "

Test(notes, a_named_port_is_rpc_where_no_opening_was_seen)
{
	cr_assert_not(join(RPC_ENDS "noise-late midstream").is_joined);
	say(NOTE_RPC, "10.0.2.20", 49200, 0);
	struct joined got = join(RPC_ENDS "noise-late midstream");
	cr_assert(got.is_joined);
	cr_assert_eq(got.protocol, PROTOCOL_DCE_RPC);
	cr_assert_eq(got.evidence, EVIDENCE_INFERRED);
	cr_assert_eq(got.security_evidence, EVIDENCE_NONE);
	cr_assert_eq(got.facts.security, SECURITY_UNKNOWN);
	cr_assert_eq(got.facts.doubt, DOUBT_MIDSTREAM);
	cr_assert_not(got.facts.is_unrecognised);
	cr_assert_str_eq(detect_name(&got.facts), "dce_rpc");
	cr_assert_str_eq(got.told, "1:7");
	cr_assert(join(RPC_ENDS "noise-gap").is_joined);
	cr_assert(join(RPC_ENDS "noise cut").is_joined);
	cr_assert(join(RPC_ENDS "noise-no-room").is_joined);
	/* An opening that was seen whole and is none. */
	cr_assert_not(join(RPC_ENDS "noise").is_joined);
	/* UDP, and a place that was named for something else. */
	cr_assert_not(join("10.0.2.21:53790 > 10.0.2.20:49200 udp noise-late").is_joined);
	cr_assert_not(join("10.0.2.21:53790 > 10.0.2.20:49201 tcp noise-late").is_joined);
	say(NOTE_MEDIA, "10.0.2.20", 49201, 0);
	cr_assert_not(join("10.0.2.21:53790 > 10.0.2.20:49201 tcp noise-late").is_joined);
}

Test(notes, an_opening_of_either_side_tells)
{
	say(NOTE_RPC, "10.0.2.20", 49200, 0);
	for (unsigned side = 0; side < 2; side++) {
		struct hand_flow hand = hand_flow(RPC_ENDS "noise");
		hand.flow.has_payload[!side] = false;
		hand.flow.facts->from_start[!side] = false;
		cr_assert_not(join_flow(&hand).is_joined, "side %u", side);
		hand = hand_flow(RPC_ENDS "noise");
		hand.flow.has_payload[!side] = false;
		hand.flow.facts->from_start[side] = false;
		cr_assert(join_flow(&hand).is_joined, "side %u", side);
	}
}

Test(notes, the_named_end_answers)
{
	say(NOTE_RPC, "10.0.2.20", 49200, 0);
	/* Known to have been opened by the named end: that is not its server. */
	cr_assert_not(join("10.0.2.20:49200 > 10.0.2.21:53790 tcp noise-late").is_joined);
	cr_assert_not(join("10.0.2.20:49200 > 10.0.2.21:53790 tcp noise-late protocol").is_joined);
	/* A guessed opener gives way. */
	struct joined got = join("10.0.2.20:49200 > 10.0.2.21:53790 tcp noise-late midstream");
	cr_assert(got.is_joined);
	cr_assert_eq(got.opener, 1);
	cr_assert_eq(join(RPC_ENDS "noise-late midstream").opener, 0);
}

Test(notes, what_goes_on_is_remembered_first)
{
	say(NOTE_RPC, "10.0.2.20", 49200, 0);
	say(NOTE_MEDIA, "10.0.9.22", 40002, 0);
	cr_assert_not(join(RPC_ENDS "noise-late midstream continued-tls").is_joined);
	cr_assert_not(join(MAYBE " continued-tls").is_joined);
	struct hand_flow hand = hand_flow(MAYBE);
	hand.flow.expect = 0; /* out of scope: only counted */
	cr_assert_not(places_may_tell(&hand.flow));
	facts_free(hand.flow.facts);
	hand.flow.facts = NULL;
	cr_assert_not(places_may_tell(&hand.flow));
}

/* ---- From the bytes -------------------------------------------------------------------------- */

/* An offer over UDP, number 2 of flow 3:1; its media is expected at 10.0.9.1 port 50010. */
static struct note offer(void)
{
	struct feed feed;
	struct note note;

	feed_open_udp(&feed);
	feed.flow.port[0] = feed.flow.port[1] = 5060;
	feed.flow.file = 3;
	FEED_UDP(&feed, 0,
	         "OPTIONS sip:a@b.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.9.1\r\n"
	         "CSeq: 1 OPTIONS\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n");
	FEED_UDP(&feed, 0,
	         "INVITE sip:a@b.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.9.1\r\n"
	         "CSeq: 1 INVITE\r\nCall-ID: 2\r\nContent-Type: application/sdp\r\n"
	         "Content-Length: 99\r\n\r\n"
	         "v=0\r\no=- 1 1 IN IP4 10.0.9.1\r\ns=-\r\nc=IN IP4 10.0.9.1\r\n"
	         "t=0 0\r\nm=audio 50010 RTP/AVP 0\r\na=sendrecv\r\n");
	feed_finish(&feed);
	cr_assert(detect_next_note(feed.detect, &note));
	feed_close(&feed);
	return note;
}

/* PCMU to 10.0.9.1 port 50010, one direction of it. */
static void play(struct feed *feed)
{
	feed_open_udp(feed);
	feed->flow.port[0] = 50010;
	feed->flow.port[1] = 50020;
	for (uint8_t i = 0; i < 10; i++) {
		uint8_t packet[12 + 160] = { 0x80, 0, 0, i, 0, 0, i, 160, 1, 2, 3, 4 };
		feed_udp(feed, 1, packet, sizeof(packet));
	}
	feed_finish(feed);
}

Test(notes, an_offer_confirms_the_media_it_announces)
{
	struct note note = offer();
	struct unjoined before;
	struct feed feed;

	cr_assert_eq(note.kind, NOTE_MEDIA);
	cr_assert_eq(note.port, 50010);
	cr_assert_eq(note.file, 3);
	cr_assert_eq(note.flow, 1);
	cr_assert_eq(note.packet, 2);
	play(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
	cr_assert_eq(places_join(&places, site, &feed.flow, &before), 0);
	cr_assert_eq(places_add(&places, site, &note), 0);
	cr_assert(places_may_tell(&feed.flow));
	cr_assert_eq(places_join(&places, site, &feed.flow, &before), PLACES_JOINED);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert(feed_has_text(&feed, "media.announced", "3:1"));
	cr_assert_eq(facts_find(feed.flow.facts, "media.announced")->packet, 0, "another file's");
	feed_close(&feed);
}

/* ---- Many ------------------------------------------------------------------------------------ */

Test(notes, many_places_are_kept_apart)
{
	places_deinit(&places);
	places_init(&places, 100000);
	for (unsigned port = 1; port < 60000; port++)
		say(NOTE_MEDIA, "10.0.9.22", (uint16_t)port, 0);
	for (unsigned port = 1; port < 60000; port++) {
		struct hand_flow hand = hand_flow(RPC_ENDS "noise-late midstream");
		hand.flow.addr[1] = hand_addr("10.0.9.22");
		hand.flow.port[1] = (uint16_t)port;
		cr_assert_not(join_flow(&hand).is_joined, "%u was named for media", port);
		hand = hand_flow(MAYBE " at=200000");
		hand.flow.port[1] = (uint16_t)port;
		cr_assert_not(join_flow(&hand).is_joined, "%u was named another day", port);
	}
}

/* ---- Bound ----------------------------------------------------------------------------------- */

Test(notes, beyond_the_bound_they_are_dropped_and_counted)
{
	for (unsigned i = 0; i < 1500; i++)
		say(NOTE_MEDIA, "10.0.9.22", (uint16_t)(10000 + i), 0);
	cr_assert_eq(places.n, 1000);
	cr_assert_eq(places.n_dropped, 500);
	/* Those that are there may be said again. */
	say(NOTE_MEDIA, "10.0.9.22", 10000, 5);
	cr_assert_eq(places.n_dropped, 500);
	cr_assert(join("10.0.9.21:7000 > 10.0.9.22:10999 udp maybe-media").is_joined);
	cr_assert_not(join("10.0.9.21:7000 > 10.0.9.22:11000 udp maybe-media").is_joined);
}
