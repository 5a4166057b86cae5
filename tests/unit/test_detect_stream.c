/*
 * What a bound detector may do, and who wins when several speak. The stream is made by hand: these
 * functions need no driving.
 */
#include <criterion/criterion.h>

#include "detect/priv.h"
#include "pcaudit/base/util.h"

static const struct fact_def list_def = { "x.list", FACT_TEXT, "a list", true };
static const struct fact_def one_def = { "x.one", FACT_NUMBER, "one", false };
static const struct fact_def flag_def = { "x.flag", FACT_BOOL, "a flag", false };
static const struct detector any = { .name = "any" };

struct scene {
	struct detect *detect;
	struct flow flow;
	struct facts *facts;
	struct bound bound[3];
	struct stream stream;
};

static void scene_open(struct scene *scene)
{
	*scene = (struct scene){ .flow = { .transport = TRANSPORT_UDP,
		                           .opener_how = OPENER_FIRST_PACKET } };
	cr_assert_eq(detect_new(&scene->detect, NULL), 0);
	scene->facts = facts_new();
	for (uint8_t i = 0; i < 3; i++)
		scene->bound[i] = (struct bound){ .detector = &any, .index = i };
	scene->stream = (struct stream){ .detect = scene->detect,
		                         .flow = &scene->flow,
		                         .facts = scene->facts,
		                         .current = &scene->bound[0],
		                         .packet = 11,
		                         .packet_ns = 1100 };
}

static void scene_close(struct scene *scene)
{
	for (unsigned i = 0; i < STREAM_BUFFERS; i++)
		free(scene->stream.buffers[i].data);
	facts_free(scene->facts);
	detect_free(scene->detect);
}

static void speak(struct scene *scene, unsigned who, enum protocol protocol)
{
	scene->stream.current = &scene->bound[who];
	stream_state_protocol(&scene->stream, protocol, EVIDENCE_CONSISTENT);
}

Test(detect_stream, media_wins_over_what_prepares_it)
{
	struct scene scene;
	scene_open(&scene);
	speak(&scene, 0, PROTOCOL_STUN);
	cr_assert_eq(scene.facts->protocol, PROTOCOL_STUN);
	cr_assert_eq(scene.facts->protocol_packet, 11);
	scene.stream.packet = 12;
	speak(&scene, 1, PROTOCOL_DTLS);
	cr_assert_eq(scene.facts->protocol, PROTOCOL_DTLS);
	speak(&scene, 0, PROTOCOL_STUN);
	cr_assert_eq(scene.facts->protocol, PROTOCOL_DTLS);
	scene.stream.packet = 13;
	speak(&scene, 2, PROTOCOL_RTCP);
	speak(&scene, 2, PROTOCOL_RTP);
	speak(&scene, 1, PROTOCOL_DTLS);
	cr_assert_eq(scene.facts->protocol, PROTOCOL_RTP);
	cr_assert_eq(scene.facts->detector, 3);
	cr_assert_eq(scene.facts->protocol_packet, 13);
	scene_close(&scene);
}

Test(detect_stream, a_detector_may_change_its_own_mind)
{
	struct scene scene;
	scene_open(&scene);
	speak(&scene, 2, PROTOCOL_RTP);
	speak(&scene, 2, PROTOCOL_RTCP);
	cr_assert_eq(scene.facts->protocol, PROTOCOL_RTCP);
	scene.stream.packet = 20;
	stream_state_protocol(&scene.stream, PROTOCOL_RTCP, EVIDENCE_CONFIRMED);
	cr_assert_eq(scene.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(scene.facts->protocol_packet, 11); /* what stated the name, not the proof */
	scene_close(&scene);
}

Test(detect_stream, tls_inside_leaves_the_name)
{
	struct scene scene;
	scene_open(&scene);
	speak(&scene, 0, PROTOCOL_XMPP_SERVER);
	scene.stream.depth = 1;
	cr_assert(stream_is_inner(&scene.stream));
	speak(&scene, 1, PROTOCOL_TLS);
	cr_assert_eq(scene.facts->protocol, PROTOCOL_XMPP_SERVER);
	stream_state_security(&scene.stream, SECURITY_TLS, EVIDENCE_CONFIRMED);
	cr_assert_eq(scene.facts->security, SECURITY_TLS);
	speak(&scene, 2, PROTOCOL_SIP);
	cr_assert_eq(scene.facts->protocol, PROTOCOL_SIP);
	scene_close(&scene);
}

Test(detect_stream, facts_are_bounded)
{
	struct scene scene;
	scene_open(&scene);
	for (unsigned i = 0; i < 500; i++) {
		char text[16];
		snprintf(text, sizeof(text), "%u", i);
		stream_fact_text(&scene.stream, &list_def, bytes_from_text(text));
		stream_fact_text(&scene.stream, &list_def, bytes_from_text(text));
	}
	unsigned n = 0;
	for (const struct fact *fact = scene.facts->list; fact; fact = fact->next)
		n++;
	cr_assert_eq(n, STREAM_MAX_FACTS);
	scene_close(&scene);
}

Test(detect_stream, a_single_fact_keeps_its_first_value)
{
	struct scene scene;
	scene_open(&scene);
	stream_fact_number(&scene.stream, &one_def, 5);
	stream_fact_number(&scene.stream, &one_def, 6);
	stream_fact_bool(&scene.stream, &flag_def, true);
	cr_assert_eq(facts_find(scene.facts, "x.one")->number, 5);
	cr_assert_eq(facts_find(scene.facts, "x.one")->packet, 11);
	cr_assert_eq(facts_find(scene.facts, "x.flag")->number, 1);
	scene_close(&scene);
}

Test(detect_stream, buffers_gather_up_to_their_bound)
{
	struct scene scene;
	scene_open(&scene);
	stream_buffer_add(&scene.stream, 0, BYTES_LITERAL("abc"), 5);
	struct bytes both = stream_buffer_add(&scene.stream, 0, BYTES_LITERAL("defg"), 5);
	cr_assert(bytes_equal(both, BYTES_LITERAL("abcde")));
	cr_assert_eq(stream_buffer_get(&scene.stream, 1).len, 0);
	static uint8_t big[5000];
	cr_assert_eq(stream_buffer_add(&scene.stream, 1, BYTES(big, sizeof(big)), 4000).len, 4000);
	stream_buffer_clear(&scene.stream, 0);
	cr_assert_eq(stream_buffer_get(&scene.stream, 0).len, 0);
	scene_close(&scene);
}

Test(detect_stream, notes_come_out_in_order_with_their_time)
{
	struct scene scene;
	scene_open(&scene);
	struct note note = { .kind = NOTE_MEDIA }, out;
	for (uint16_t i = 0; i < 40; i++) {
		note.port = i;
		scene.stream.packet_ns = 1000 + i;
		stream_emit_note(&scene.stream, &note);
		if (i % 3 == 0) /* drained in between, as the program does */
			cr_assert(detect_next_note(scene.detect, &out));
	}
	cr_assert(detect_next_note(scene.detect, &out));
	cr_assert_eq(out.port, 14);
	cr_assert_eq(out.time_ns, 1014);
	unsigned n = 1;
	while (detect_next_note(scene.detect, &out))
		n++;
	cr_assert_eq(n, 40 - 14);
	cr_assert_eq(out.port, 39);
	scene_close(&scene);
}

Test(detect_stream, notes_are_bounded_per_flow)
{
	struct scene scene;
	scene_open(&scene);
	struct note note = { .kind = NOTE_RPC }, out;
	unsigned n = 0;
	for (unsigned i = 0; i < STREAM_MAX_NOTES + 100; i++)
		stream_emit_note(&scene.stream, &note);
	while (detect_next_note(scene.detect, &out))
		n++;
	cr_assert_eq(n, STREAM_MAX_NOTES);
	scene_close(&scene);
}

Test(detect_stream, an_inner_stream_is_for_tcp_and_four_deep)
{
	struct scene scene;
	const uint64_t at[2] = { 1, 2 };
	scene_open(&scene);
	cr_assert(stream_open_inner(&scene.stream, at));
	cr_assert(scene.stream.wants_inner);
	scene.stream.depth = 4;
	cr_assert_not(stream_open_inner(&scene.stream, at));
	scene.stream.depth = 0;
	struct datagram datagram = { 0 };
	scene.stream.datagram = &datagram;
	cr_assert_not(stream_open_inner(&scene.stream, at));
	scene_close(&scene);
}

Test(detect_stream, the_first_refusal_counts)
{
	struct scene scene;
	scene_open(&scene);
	stream_state_refusal(&scene.stream, "unknown_ca");
	stream_state_refusal(&scene.stream, "other");
	cr_assert(scene.facts->is_refused);
	cr_assert_str_eq(scene.facts->refusal, "unknown_ca");
	scene_close(&scene);
}

Test(detect_stream, a_certificate_that_is_none)
{
	struct scene scene;
	scene_open(&scene);
	cr_assert_null(stream_certificate(&scene.stream, BYTES_LITERAL("not a certificate")));
	cr_assert_null(stream_certificate(&scene.stream, BYTES_LITERAL("not a certificate")));
	scene_close(&scene);
}
