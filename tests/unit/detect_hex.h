/*
 * Wire bytes written as hexadecimal text, so that a test can show a message field by field:
 *
 *	feed_hex(&feed, 0, "0001 0000 2112a442 0102030405060708090a0b0c");
 *
 * Blanks and line ends between digits are skipped; 'text' in single quotes stands for itself.
 */
#ifndef PCAUDIT_TESTS_DETECT_HEX_H
#define PCAUDIT_TESTS_DETECT_HEX_H

#include "detect_feed.h"

_unused_ static size_t hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	cr_assert_not_null(at, "'%c' is no hexadecimal digit", c);
	return (size_t)(at - digits);
}

/* Writes the bytes of text to out, which has room for 2048, and returns how many. */
_unused_ static size_t hex_to_bytes(const char *text, uint8_t *out)
{
	size_t len = 0;
	bool is_quoted = false;
	for (; *text; text++) {
		cr_assert_lt(len, 2048);
		if (*text == '\'')
			is_quoted = !is_quoted;
		else if (is_quoted)
			out[len++] = (uint8_t)*text;
		else if (*text != ' ' && *text != '\n') {
			out[len++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
			text++;
		}
	}
	return len;
}

/* One datagram, or one segment. */
_unused_ static void feed_hex(struct feed *feed, unsigned side, const char *text)
{
	uint8_t data[2048];
	size_t len = hex_to_bytes(text, data);
	if (feed->flow.transport == TRANSPORT_UDP)
		feed_udp(feed, side, data, len);
	else
		feed_tcp(feed, side, data, len);
}

/* A datagram of which the capture kept only the first len_kept bytes. */
_unused_ static void feed_hex_cut(struct feed *feed, unsigned side, const char *text,
                                  size_t len_kept)
{
	uint8_t data[2048];
	size_t len = hex_to_bytes(text, data);
	struct packet packet = { .payload = BYTES(data, len_kept),
		                 .payload_len_wire = (uint32_t)len };
	feed_packet(feed, side, &packet);
}

/* A segment in pieces of one byte each. */
_unused_ static void feed_hex_bytewise(struct feed *feed, unsigned side, const char *text)
{
	uint8_t data[2048];
	size_t len = hex_to_bytes(text, data);
	feed_tcp_split(feed, side, data, len, 1);
}

/* What probe() says of a TCP stream of which side 0 has sent this, and side 1 nothing yet. */
_unused_ static enum detect_step probe_opening(const struct detector *detector, const char *text,
                                               bool is_full)
{
	uint8_t data[2048];
	struct detect_view view = {
		.transport = TRANSPORT_TCP,
		.from_start = { true, true },
		.is_full = { is_full, is_full },
	};
	view.first[0] = BYTES(data, hex_to_bytes(text, data));
	return detector->probe(&view);
}

/* SplitMix64 with a fixed seed: noise that is the same in every run. */
struct noise {
	uint64_t state;
};

_unused_ static uint64_t noise_next(struct noise *noise)
{
	uint64_t z = noise->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

_unused_ static void noise_fill(struct noise *noise, uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(noise_next(noise) >> 56);
}

/*
 * Flows of six datagrams of 1 to 200 random bytes, both ways, the first byte fixed unless
 * first_byte is -1. How many were called something.
 */
_unused_ static unsigned count_named_noise(uint64_t seed, unsigned n_flows, int first_byte)
{
	struct noise noise = { seed };
	unsigned n_named = 0;
	for (unsigned i = 0; i < n_flows; i++) {
		struct feed feed;
		feed_open_udp(&feed);
		feed.flow.port[1] = 50000;
		for (unsigned n = 0; n < 6; n++) {
			uint8_t data[200];
			size_t len = 1 + noise_next(&noise) % sizeof(data);
			noise_fill(&noise, data, len);
			if (first_byte >= 0)
				data[0] = (uint8_t)first_byte;
			feed_udp(&feed, noise_next(&noise) & 1, data, len);
		}
		feed_finish(&feed);
		n_named += feed.flow.facts->protocol != PROTOCOL_UNKNOWN;
		feed_close(&feed);
	}
	return n_named;
}

#endif
