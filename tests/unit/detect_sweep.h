/*
 * What every test of a detector on TCP does besides: cut the same conversation in every way, and
 * show it noise.
 *
 *	static const struct turn turns[] = { TURN(0, "GET / HTTP/1.1\r\n\r\n"), ... };
 *	sweep_cuts(turns, ARRAY_SIZE(turns), check);
 *
 * check() is called with the finished feed of every way, and must find the same facts each time.
 */
#ifndef PCAUDIT_TESTS_DETECT_SWEEP_H
#define PCAUDIT_TESTS_DETECT_SWEEP_H

#include "detect_feed.h"

/* What one side says before the other speaks. */
struct turn {
	unsigned side;
	const void *data;
	size_t len;
};
#define TURN(side, literal)                                                                        \
	{                                                                                          \
		side, literal, sizeof(literal) - 1                                                 \
	}
#define TURN_OF(side, array)                                                                       \
	{                                                                                          \
		side, array, sizeof(array)                                                         \
	}

/* The conversation with turn `which` cut before byte `at`; no such turn: all of them whole. */
_unused_ static void feed_turns(struct feed *feed, const struct turn *turns, size_t n_turns,
                                size_t which, size_t at)
{
	for (size_t i = 0; i < n_turns; i++) {
		struct bytes all = BYTES(turns[i].data, turns[i].len);
		if (i == which)
			feed_tcp(feed, turns[i].side, all.data, at);
		struct bytes rest = i == which ? bytes_skip(all, at) : all;
		feed_tcp(feed, turns[i].side, rest.data, rest.len);
	}
}

_unused_ static void sweep_cuts(const struct turn *turns, size_t n_turns,
                                void (*check)(struct feed *feed))
{
	struct feed feed;
	for (size_t which = 0; which < n_turns; which++)
		for (size_t at = 1; at < turns[which].len; at++) {
			feed_open_tcp(&feed);
			feed_turns(&feed, turns, n_turns, which, at);
			feed_finish(&feed);
			check(&feed);
			feed_close(&feed);
		}
	for (size_t piece = 1; piece < 40; piece += 6) {
		feed_open_tcp(&feed);
		for (size_t i = 0; i < n_turns; i++)
			feed_tcp_split(&feed, turns[i].side, turns[i].data, turns[i].len, piece);
		feed_finish(&feed);
		check(&feed);
		feed_close(&feed);
		feed_open_tcp(&feed);
		for (size_t i = 0; i < n_turns; i++)
			feed_tcp_reversed(&feed, turns[i].side, turns[i].data, turns[i].len,
			                  piece + 11);
		feed_finish(&feed);
		check(&feed);
		feed_close(&feed);
	}
}

/* The name of the detector that claims side 0 having said this, and side 1 that (either may be "").
 */
_unused_ static const char *detector_of(const struct turn *turns, size_t n_turns)
{
	struct feed feed;
	feed_open_tcp(&feed);
	feed_turns(&feed, turns, n_turns, SIZE_MAX, 0);
	feed_finish(&feed);
	const char *name = detect_name(feed.flow.facts);
	feed_close(&feed);
	return name;
}

/* What probe() says of a TCP conversation of which this much is there. */
_unused_ static enum detect_step probe_step(const struct detector *detector, struct bytes first,
                                            bool is_first_from_start, struct bytes second,
                                            bool is_second_from_start)
{
	const struct detect_view view = {
		.transport = TRANSPORT_TCP,
		.first = { first, second },
		.from_start = { is_first_from_start, is_second_from_start },
	};
	return detector->probe(&view);
}

/* A fixed sequence of pseudo-random bytes (xorshift). */
_unused_ static void fill_noise(uint64_t *seed, uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		*seed ^= *seed << 13;
		*seed ^= *seed >> 7;
		*seed ^= *seed << 17;
		data[i] = (uint8_t)(*seed >> 24);
	}
}

/*
 * 4000 conversations of noise, every other one beginning with `opening`, what the detector looks
 * for first; none may be claimed by the detector of this name.
 */
_unused_ static void sweep_noise(enum feed_start start, const char *name, const void *opening,
                                 size_t len)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	for (unsigned n = 0; n < 4000; n++) {
		struct feed feed;
		feed_open(&feed, start, &(struct detect_options){ .without_ndpi = true });
		for (unsigned turn = 0; turn < 4; turn++) {
			uint8_t data[160];
			fill_noise(&seed, data, sizeof(data));
			if (turn < 2 && n % 2)
				memcpy(data, opening, len);
			size_t n_bytes = 64 + seed % 96;
			if (start == FEED_UDP)
				feed_udp(&feed, turn % 2, data, n_bytes);
			else
				feed_tcp(&feed, turn % 2, data, n_bytes);
		}
		feed_finish(&feed);
		cr_assert_str_neq(detect_name(feed.flow.facts), name, "noise %u was taken for %s",
		                  n, name);
		feed_close(&feed);
	}
}

/* How many notes are waiting; the last one in *note. */
_unused_ static unsigned take_notes(struct feed *feed, struct note *note)
{
	unsigned n = 0;
	struct note next;
	while (detect_next_note(feed->detect, &next)) {
		*note = next;
		n++;
	}
	return n;
}

#endif
