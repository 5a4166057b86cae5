#include <criterion/criterion.h>

#include "pcaudit/base/util.h"
#include "pcaudit/reassembler.h"

/* What a reassembler delivered, as text: "abc", "|" where a gap was, "." at the end. */
struct sink {
	char text[4096];
	size_t len;
	uint64_t next;
};

static void add(struct sink *sink, const char *bytes, size_t len)
{
	cr_assert_lt(sink->len + len, sizeof(sink->text));
	if (len > 0)
		memcpy(sink->text + sink->len, bytes, len);
	sink->len += len;
	sink->text[sink->len] = '\0';
}

static void drain(struct reassembler *r, struct sink *sink)
{
	struct stream_chunk chunk;

	while (reassembler_pop(r, &chunk)) {
		cr_assert_eq(chunk.offset == sink->next, !(chunk.flags & STREAM_GAP));
		if (chunk.flags & STREAM_GAP)
			add(sink, "|", 1);
		add(sink, (const char *)chunk.bytes.data, chunk.bytes.len);
		if (chunk.flags & STREAM_END)
			add(sink, ".", 1);
		sink->next = chunk.offset + chunk.bytes.len;
	}
}

static void push(struct reassembler *r, struct sink *sink, uint32_t seq, const char *text)
{
	reassembler_push(r, seq, bytes_from_text(text));
	drain(r, sink);
}

#define ASSERT_TEXT(sink, expected) cr_assert_str_eq((sink).text, expected)

Test(flow_reassembler, in_order_is_lent_not_copied)
{
	struct reassembler r;
	struct stream_chunk chunk;
	const char *text = "hello";

	reassembler_init(&r, 100);
	reassembler_start(&r, 99);
	reassembler_push(&r, 100, bytes_from_text(text));
	cr_assert(reassembler_pop(&r, &chunk));
	cr_assert_eq((const void *)chunk.bytes.data, (const void *)text);
	cr_assert_eq(chunk.bytes.len, 5);
	cr_assert_eq(chunk.offset, 0);
	cr_assert_eq(chunk.flags, 0);
	cr_assert_not(reassembler_pop(&r, &chunk));
	cr_assert(r.is_from_start);
	cr_assert_eq(r.held_bytes, 0);
	reassembler_deinit(&r);
}

Test(flow_reassembler, reversed_segments_come_out_in_order)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_start(&r, 0xfffffffd);
	push(&r, &sink, 4, "ghi"); /* offset 6: the numbers wrap inside */
	push(&r, &sink, 1, "def");
	ASSERT_TEXT(sink, "");
	push(&r, &sink, 0xfffffffe, "abc");
	ASSERT_TEXT(sink, "abcdefghi");
	cr_assert_eq(r.gaps, 0);
	cr_assert_eq(r.conflicts, 0);
	reassembler_deinit(&r);
}

Test(flow_reassembler, the_first_copy_of_a_byte_wins)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_start(&r, 0);
	push(&r, &sink, 5, "efgh");     /* offsets 4 to 7 */
	push(&r, &sink, 3, "cdEFgHij"); /* covers them: E, F and H differ */
	cr_assert_eq(r.conflicts, 3);
	push(&r, &sink, 2, "bX"); /* ends inside what is held: X differs from c */
	cr_assert_eq(r.conflicts, 4);
	push(&r, &sink, 1, "aYZ");
	cr_assert_eq(r.conflicts, 6);
	ASSERT_TEXT(sink, "abcdefghij");
	reassembler_deinit(&r);
}

/* As an insertion has it: the first copy dies on the way to the peer, the second arrives. */
Test(flow_reassembler, what_was_delivered_is_compared_until_it_is_acknowledged)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	push(&r, &sink, 1, "abc");
	push(&r, &sink, 1, "abc"); /* sent again */
	cr_assert_eq(r.conflicts, 0);
	push(&r, &sink, 1, "XYZ");
	cr_assert_eq(r.conflicts, 3);
	push(&r, &sink, 2, "Xcd"); /* X differs from b */
	cr_assert_eq(r.conflicts, 4);
	cr_assert(reassembler_is_disputable(&r));
	reassembler_push_ack(&r, 3); /* a and b are settled */
	push(&r, &sink, 1, "XYZ");
	cr_assert_eq(r.conflicts, 5);
	reassembler_push_ack(&r, 5);
	cr_assert_not(reassembler_is_disputable(&r));
	push(&r, &sink, 1, "XYZW");
	reassembler_compare(&r, 1, BYTES_LITERAL("XYZW"));
	cr_assert_eq(r.conflicts, 5);
	ASSERT_TEXT(sink, "abcd");
	reassembler_deinit(&r);
}

/* What ends behind what was delivered brings the rest, and what begins before it is cut. */
Test(flow_reassembler, compares_the_part_that_overlaps)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_start(&r, 9);
	push(&r, &sink, 10, "abc");
	push(&r, &sink, 8, "??abX"); /* two bytes before the first */
	cr_assert_eq(r.conflicts, 1);
	push(&r, &sink, 11, "bXdef");
	cr_assert_eq(r.conflicts, 2);
	ASSERT_TEXT(sink, "abcdef");
	reassembler_compare(&r, 12,
	                    BYTES_LITERAL("cdefgh")); /* the last two are new: nothing to compare */
	cr_assert_eq(r.conflicts, 2);
	reassembler_deinit(&r);
}

/* An acknowledgement of what was not captured settles nothing: it may be reordered, or a lie. */
Test(flow_reassembler, an_acknowledgement_settles_what_was_seen)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_push_ack(&r, 1); /* of a direction that has not begun */
	push(&r, &sink, 1, "ab");
	reassembler_push_ack(&r, 1000);
	push(&r, &sink, 3, "cd");
	push(&r, &sink, 1, "XXXX");
	cr_assert_eq(r.conflicts, 2);
	reassembler_push_ack(&r, 2); /* an old one takes nothing back */
	push(&r, &sink, 1, "YYcd");
	cr_assert_eq(r.conflicts, 2);
	ASSERT_TEXT(sink, "abcd");
	reassembler_deinit(&r);
}

Test(flow_reassembler, a_keep_alive_is_no_conflict)
{
	struct reassembler r;
	struct sink sink = { 0 };
	static const char nul[] = "\0";

	reassembler_init(&r, 100);
	push(&r, &sink, 1, "abc");
	reassembler_compare(&r, 3, BYTES((const uint8_t *)nul, 1));
	cr_assert_eq(r.conflicts, 0);
	/* But not where the peer is heard and has not acknowledged it. */
	reassembler_push_ack(&r, 3);
	reassembler_compare(&r, 3, BYTES((const uint8_t *)nul, 1));
	cr_assert_eq(r.conflicts, 1);
	reassembler_push_ack(&r, 4);
	reassembler_compare(&r, 3, BYTES((const uint8_t *)nul, 1));
	cr_assert_eq(r.conflicts, 1);
	reassembler_deinit(&r);
}

/* What lies before a hole that was given up is forgotten, and what is beyond the bound. */
Test(flow_reassembler, what_is_remembered_is_bounded)
{
	static uint8_t a[REASSEMBLER_PAST + 5000], b[sizeof(a)];
	struct reassembler r;
	struct stream_chunk chunk;

	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	reassembler_init(&r, 100);
	reassembler_start(&r, 0);
	for (size_t at = 0; at < sizeof(a); at += 1000) {
		reassembler_push(&r, 1 + (uint32_t)at, BYTES(a, MIN(sizeof(a) - at, (size_t)1000)));
		cr_assert(reassembler_pop(&r, &chunk));
	}
	reassembler_compare(&r, 1, BYTES(b, sizeof(b)));
	cr_assert_eq(r.conflicts, REASSEMBLER_PAST);
	reassembler_deinit(&r);
	/* The same in one piece. */
	reassembler_init(&r, 100);
	reassembler_push(&r, 1, BYTES(a, sizeof(a)));
	cr_assert(reassembler_pop(&r, &chunk));
	reassembler_compare(&r, 1, BYTES(b, sizeof(b)));
	cr_assert_eq(r.conflicts, REASSEMBLER_PAST);
	/* Then a hole. */
	reassembler_push(&r, 1 + sizeof(a) + 10, BYTES(a, 7));
	reassembler_flush(&r);
	cr_assert(reassembler_pop(&r, &chunk));
	r.conflicts = 0;
	reassembler_compare(&r, 1, BYTES(b, sizeof(b)));
	cr_assert_eq(r.conflicts, 0);
	reassembler_compare(&r, 1 + sizeof(a) + 8, BYTES(b, 9));
	cr_assert_eq(r.conflicts, 7);
	reassembler_deinit(&r);
}

Test(flow_reassembler, a_segment_that_covers_several_pieces_becomes_one)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_start(&r, 0);
	push(&r, &sink, 3, "c");
	push(&r, &sink, 5, "e");
	push(&r, &sink, 7, "g");
	cr_assert_eq(r.n_held, 3);
	push(&r, &sink, 2, "bcdefghi");
	cr_assert_eq(r.n_held, 1);
	cr_assert_eq(r.held_bytes, 8);
	push(&r, &sink, 1, "a");
	ASSERT_TEXT(sink, "abcdefghi");
	cr_assert_eq(r.held_bytes, 0);
	reassembler_deinit(&r);
}

Test(flow_reassembler, without_a_syn_it_starts_at_the_first_bytes)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	push(&r, &sink, 999, ""); /* a bare acknowledgement or keepalive starts nothing */
	push(&r, &sink, 1000, "abc");
	push(&r, &sink, 996, "wxyz");
	push(&r, &sink, 998, "yzabcd");
	reassembler_start(&r, 5);
	ASSERT_TEXT(sink, "abcd");
	cr_assert_not(r.is_from_start);
	cr_assert_eq(r.next, 4);
	reassembler_deinit(&r);
}

Test(flow_reassembler, fin_ends_when_everything_before_it_is_there)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_start(&r, 0);
	push(&r, &sink, 4, "def");
	reassembler_push_fin(&r, 7);
	drain(&r, &sink);
	ASSERT_TEXT(sink, "");
	push(&r, &sink, 1, "abc");
	ASSERT_TEXT(sink, "abcdef.");
	push(&r, &sink, 7, "more");
	reassembler_push_fin(&r, 11);
	reassembler_push_hole(&r, 11, 5);
	drain(&r, &sink);
	ASSERT_TEXT(sink, "abcdef.");
	cr_assert(r.is_ended);
	reassembler_deinit(&r);
}

Test(flow_reassembler, fin_without_bytes_left_is_an_empty_end)
{
	struct reassembler r;
	struct stream_chunk chunk;

	reassembler_init(&r, 100);
	reassembler_push_fin(&r, 7);
	cr_assert(reassembler_pop(&r, &chunk));
	cr_assert_eq(chunk.flags, STREAM_END);
	cr_assert_eq(chunk.bytes.len, 0);
	cr_assert_not(reassembler_pop(&r, &chunk));
	reassembler_deinit(&r);
}

Test(flow_reassembler, a_fin_in_the_same_segment_comes_with_the_last_bytes)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_push(&r, 1, BYTES_LITERAL("abc"));
	reassembler_push_fin(&r, 4);
	drain(&r, &sink);
	ASSERT_TEXT(sink, "abc.");
	reassembler_deinit(&r);
}

Test(flow_reassembler, a_fin_before_delivered_bytes_is_not_believed)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	push(&r, &sink, 1, "abc");
	reassembler_push_fin(&r, 2);
	drain(&r, &sink);
	push(&r, &sink, 4, "def");
	ASSERT_TEXT(sink, "abcdef");
	reassembler_deinit(&r);
}

Test(flow_reassembler, bytes_from_the_fin_on_are_dropped)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_start(&r, 0);
	push(&r, &sink, 3, "cdef");
	push(&r, &sink, 9, "ij");
	reassembler_push_fin(&r, 5);
	cr_assert_eq(r.held_bytes, 2);
	push(&r, &sink, 1, "abXXXXX");
	ASSERT_TEXT(sink, "abcd.");
	reassembler_deinit(&r);
}

Test(flow_reassembler, flush_gives_holes_up)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	push(&r, &sink, 1, "ab");
	push(&r, &sink, 5, "ef");
	push(&r, &sink, 9, "ij");
	reassembler_push_fin(&r, 13);
	drain(&r, &sink);
	ASSERT_TEXT(sink, "ab");
	reassembler_flush(&r);
	drain(&r, &sink);
	ASSERT_TEXT(sink, "ab|ef|ij|.");
	cr_assert_eq(r.gaps, 3);
	reassembler_deinit(&r);
}

Test(flow_reassembler, flush_without_fin_does_not_end)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	push(&r, &sink, 1, "ab");
	reassembler_flush(&r);
	drain(&r, &sink);
	push(&r, &sink, 5, "ef");
	ASSERT_TEXT(sink, "ab|ef");
	cr_assert_not(r.is_ended);
	reassembler_deinit(&r);
}

Test(flow_reassembler, when_full_of_bytes_the_first_hole_is_given_up)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 5);
	reassembler_start(&r, 0);
	push(&r, &sink, 3, "cde");
	ASSERT_TEXT(sink, "");
	push(&r, &sink, 8, "hij"); /* 6 bytes are more than 5: "cde" goes, "hij" may wait */
	ASSERT_TEXT(sink, "|cde");
	cr_assert_eq(r.held_bytes, 3);
	push(&r, &sink, 6, "fg");
	ASSERT_TEXT(sink, "|cdefghij");
	push(&r, &sink, 1, "ab");
	ASSERT_TEXT(sink, "|cdefghij");
	cr_assert_eq(r.gaps, 1);
	reassembler_deinit(&r);
}

Test(flow_reassembler, when_full_of_pieces_the_first_hole_is_given_up)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100000);
	reassembler_start(&r, 0);
	for (uint32_t i = 0; i < 1000; i++)
		push(&r, &sink, 2 + 2 * i, "x");
	cr_assert_lt(r.n_held, REASSEMBLER_MAX_HELD);
	cr_assert_geq(r.n_held, REASSEMBLER_MAX_HELD - 3);
	cr_assert_eq(r.gaps + r.n_held, 1000);
	reassembler_deinit(&r);
}

Test(flow_reassembler, what_was_not_captured_is_passed_at_once)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_push(&r, 1, BYTES_LITERAL("abc"));
	reassembler_push_hole(&r, 4, 3);
	drain(&r, &sink);
	ASSERT_TEXT(sink, "abc");
	cr_assert_eq(r.next, 6);
	push(&r, &sink, 7, "ghi");
	ASSERT_TEXT(sink, "abc|ghi");
	/* The same further on: it waits for what is before it. */
	reassembler_push_hole(&r, 14, 2);
	push(&r, &sink, 16, "p");
	push(&r, &sink, 12, "lm");
	ASSERT_TEXT(sink, "abc|ghi");
	push(&r, &sink, 10, "jk");
	ASSERT_TEXT(sink, "abc|ghijklm|p");
	cr_assert_eq(r.gaps, 2);
	reassembler_deinit(&r);
}

Test(flow_reassembler, a_copy_that_was_captured_fills_the_stretch)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_start(&r, 0);
	reassembler_push_hole(&r, 2, 8);
	drain(&r, &sink);
	push(&r, &sink, 4, "de"); /* in the middle */
	push(&r, &sink, 2, "bc"); /* its beginning */
	push(&r, &sink, 9, "ij"); /* its end */
	push(&r, &sink, 1, "a");
	ASSERT_TEXT(sink, "abcde|ij");
	cr_assert_eq(r.conflicts, 0);
	reassembler_deinit(&r);
}

Test(flow_reassembler, a_stretch_leaves_what_is_held_alone)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_start(&r, 0);
	push(&r, &sink, 4, "d");
	push(&r, &sink, 7, "g");
	reassembler_push_hole(&r, 2, 8);
	drain(&r, &sink);
	push(&r, &sink, 1, "a");
	push(&r, &sink, 10, "j");
	ASSERT_TEXT(sink, "a|d|g|j");
	reassembler_deinit(&r);
}

Test(flow_reassembler, segments_beyond_any_window_are_not_believed)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 0);
	push(&r, &sink, 1, "ab");
	push(&r, &sink, 3 + (1U << 30), "zz");
	reassembler_push_fin(&r, 3 + (1U << 30));
	reassembler_push_hole(&r, 3 + (1U << 30), 9);
	drain(&r, &sink);
	push(&r, &sink, 3, "cd");
	ASSERT_TEXT(sink, "abcd");
	reassembler_deinit(&r);
}

Test(flow_reassembler, bytes_not_popped_are_a_hole)
{
	struct reassembler r;
	struct sink sink = { 0 };

	reassembler_init(&r, 100);
	reassembler_push(&r, 1, BYTES_LITERAL("ab"));
	push(&r, &sink, 3, "cd");
	ASSERT_TEXT(sink, "");
	push(&r, &sink, 1, "ab");
	ASSERT_TEXT(sink, "abcd");
	reassembler_deinit(&r);
}

/* 6 GiB in steps of 1 GiB less one byte, most of them never captured. */
Test(flow_reassembler, a_stream_may_be_longer_than_the_numbers)
{
	struct reassembler r;
	struct stream_chunk chunk;
	uint32_t step = (1U << 30) - 1;
	uint64_t offset = 0;

	reassembler_init(&r, 100);
	reassembler_start(&r, 1234);
	for (unsigned i = 0; i < 6; i++, offset += step) {
		reassembler_push(&r, 1235 + (uint32_t)offset, BYTES_LITERAL("ab"));
		cr_assert(reassembler_pop(&r, &chunk));
		cr_assert_eq(chunk.offset, offset);
		cr_assert_eq(chunk.flags, i ? STREAM_GAP : 0);
		reassembler_push_hole(&r, 1237 + (uint32_t)offset, step - 2);
		cr_assert_not(reassembler_pop(&r, &chunk));
	}
	/* Order is kept beyond 4 GiB too. */
	reassembler_push(&r, 1235 + (uint32_t)offset + 2, BYTES_LITERAL("cd"));
	cr_assert_not(reassembler_pop(&r, &chunk));
	reassembler_push(&r, 1235 + (uint32_t)offset, BYTES_LITERAL("ab"));
	cr_assert(reassembler_pop(&r, &chunk));
	cr_assert_eq(chunk.offset, UINT64_C(6442450938));
	cr_assert(reassembler_pop(&r, &chunk));
	cr_assert_eq(chunk.offset, UINT64_C(6442450940));
	cr_assert_not(reassembler_pop(&r, &chunk));
	reassembler_deinit(&r);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

struct segment {
	uint32_t at, len;
};

static uint32_t add_segment(struct segment *segments, uint32_t n, uint32_t at, uint32_t len)
{
	segments[n] = (struct segment){ .at = at, .len = len };
	return n + 1;
}

/*
 * One stream cut at random, its segments shuffled, some sent twice or with other borders: always
 * the same stream, without gap or conflict.
 */
Test(flow_reassembler, any_cut_order_and_overlap_gives_the_same_stream)
{
	enum { N = 3000, MAX_SEGMENTS = 2 * N };
	static uint8_t stream[N], out[N];
	static struct segment segments[MAX_SEGMENTS];

	for (unsigned i = 0; i < N; i++)
		stream[i] = (uint8_t)(i * 31 + i / 256);
	for (uint32_t seed = 1; seed <= 400; seed++) {
		uint32_t random = seed * 7919, n = 0, base = seed * 0x01234567U;
		uint32_t longest = 1 + next_random(&random) % 400;
		for (uint32_t at = 0; at < N;) {
			uint32_t len = 1 + next_random(&random) % longest;
			len = MIN(len, N - at);
			n = add_segment(segments, n, at, len);
			at += len;
			/* And something that lies across what was sent shortly before or after. */
			uint32_t other = next_random(&random) % 600,
			         more = next_random(&random) % 600;
			if (n % 3 == 0 && at + other > 300 && at + other - 300 < N)
				n = add_segment(segments, n, at + other - 300,
				                MIN(more, N - (at + other - 300)));
		}
		/* Shuffled in blocks, so that the pieces held stay below the bound. */
		for (uint32_t i = 0; i < n; i++) {
			uint32_t left = MIN(n, i / 30 * 30 + 30) - i;
			uint32_t j = i + next_random(&random) % left;
			struct segment moved = segments[i];
			segments[i] = segments[j];
			segments[j] = moved;
		}
		struct reassembler r;
		struct stream_chunk chunk;
		uint64_t done = 0;
		bool is_ended = false;
		reassembler_init(&r, N);
		reassembler_start(&r, base - 1);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t at = segments[i].at, len = segments[i].len;
			reassembler_push(&r, base + at, BYTES(stream + at, len));
			if (at + len == N)
				reassembler_push_fin(&r, base + N);
			while (reassembler_pop(&r, &chunk)) {
				cr_assert_eq(chunk.offset, done);
				cr_assert_not(chunk.flags & STREAM_GAP);
				memcpy(out + done, chunk.bytes.data, chunk.bytes.len);
				done += chunk.bytes.len;
				is_ended = chunk.flags & STREAM_END;
			}
		}
		cr_assert_eq(done, N, "seed %u: %u", seed, (unsigned)done);
		cr_assert(is_ended);
		cr_assert_eq(memcmp(out, stream, N), 0, "seed %u", seed);
		cr_assert_eq(r.conflicts, 0);
		cr_assert_eq(r.held_bytes, 0);
		reassembler_deinit(&r);
	}
}
