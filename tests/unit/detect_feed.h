/*
 * Feeds hand-written payloads to detect, through detect_packet() and struct packet as the program
 * does, and keeps the few fields of struct flow that detect reads as the flow table would. A test
 * of a detector reads:
 *
 *	struct feed feed;
 *	feed_open_tcp(&feed);
 *	FEED_TCP(&feed, 0, "GET / HTTP/1.1\r\n\r\n");
 *	FEED_TCP(&feed, 1, "HTTP/1.1 200 OK\r\n\r\n");
 *	feed_finish(&feed);
 *	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_HTTP);
 *	feed_close(&feed);
 *
 * Side 0 opened the connection (it sent the SYN, or the first datagram). Packets are numbered from
 * 1 and are 10 ms apart; feed_open_tcp() spends numbers 1 and 2 on the SYN and the SYN-ACK. nDPI
 * is not asked unless the test opens the feed with feed_open().
 */
#ifndef PCAUDIT_TESTS_DETECT_FEED_H
#define PCAUDIT_TESTS_DETECT_FEED_H

#include <criterion/criterion.h>

#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"

enum feed_start {
	FEED_FROM_SYN,  /* TCP: SYN and SYN-ACK are fed first */
	FEED_MIDSTREAM, /* TCP: the capture began later */
	FEED_UDP,
};

struct feed {
	struct detect *detect;
	struct flow flow;   /* look at flow.facts, flow.opener */
	uint32_t seq[2];    /* next TCP sequence number of each side */
	uint32_t isn[2];    /* sequence number of the (possibly unseen) SYN */
	uint64_t number;    /* of the last packet */
	int64_t time_ns;    /* of the last packet; a test may move it on */
	unsigned n_changes; /* how often detect_packet() said that the slots changed */
};

/* One packet, counted as the flow table would count it. */
_unused_ static void feed_packet(struct feed *feed, unsigned side, struct packet *packet)
{
	struct flow *flow = &feed->flow;
	packet->file = 1;
	packet->number = ++feed->number;
	packet->time_ns = feed->time_ns += 10 * NS_PER_MS;
	packet->src = flow->addr[side];
	packet->dst = flow->addr[!side];
	packet->src_port = flow->port[side];
	packet->dst_port = flow->port[!side];
	packet->transport = flow->transport;
	if (packet->payload_len_wire < packet->payload.len)
		packet->payload_len_wire = (uint32_t)packet->payload.len;
	packet->ip_len = 40 + packet->payload_len_wire;
	if (flow->packets[0] + flow->packets[1] == 0)
		flow->first_ns = packet->time_ns;
	flow->last_ns = flow->side_last_ns[side] = packet->time_ns;
	flow->packets[side]++;
	flow->bytes[side] += packet->ip_len;
	flow->tcp_seen[side] |= packet->tcp_flags;
	if (packet->tcp_flags & TCP_SYN)
		flow->tcp_isn[side] = packet->tcp_seq;
	flow->saw_fin[side] |= (packet->tcp_flags & TCP_FIN) != 0;
	flow->saw_rst[side] |= (packet->tcp_flags & TCP_RST) != 0;
	flow->has_payload[side] |= packet->payload_len_wire > 0;
	flow->is_cut |= packet->payload_len_wire > packet->payload.len;
	feed->n_changes += detect_packet(feed->detect, flow, side, packet);
}

/* A SYN or SYN-ACK of this side, at its initial sequence number. */
_unused_ static void feed_syn(struct feed *feed, unsigned side)
{
	struct packet packet = {
		.tcp_flags = side == 0 ? TCP_SYN : TCP_SYN | TCP_ACK,
		.tcp_seq = feed->isn[side],
		.tcp_ack = side == 0 ? 0 : feed->isn[0] + 1,
	};
	feed_packet(feed, side, &packet);
}

/* options may be NULL. The caller may change flow.addr and flow.port before the first payload. */
_unused_ static void feed_open(struct feed *feed, enum feed_start start,
                               const struct detect_options *options)
{
	*feed = (struct feed){
		.isn = { 1000, 0xfffffff0 }, /* side 1 wraps early, so every test wraps */
		.time_ns = 1400000000 * NS_PER_SECOND,
		.flow = {
			.port = { 49152, 5061 },
			.transport = start == FEED_UDP ? TRANSPORT_UDP : TRANSPORT_TCP,
			.opener_how = start == FEED_FROM_SYN ? OPENER_SYN : OPENER_FIRST_PACKET,
			.vlan = 0xffff,
			.vlan_inner = 0xffff,
			.file = 1,
			.number = 1,
			.expect = UINT32_C(1) << FAMILY_ANY,
		},
	};
	cr_assert(addr_parse(&feed->flow.addr[0], "10.0.9.1"));
	cr_assert(addr_parse(&feed->flow.addr[1], "10.0.2.20"));
	feed->seq[0] = feed->isn[0] + 1;
	feed->seq[1] = feed->isn[1] + 1;
	cr_assert_eq(detect_new(&feed->detect, options), 0);
	if (start == FEED_FROM_SYN) {
		feed_syn(feed, 0);
		feed_syn(feed, 1);
	}
}

_unused_ static void feed_open_tcp(struct feed *feed)
{
	feed_open(feed, FEED_FROM_SYN, &(struct detect_options){ .without_ndpi = true });
}

_unused_ static void feed_open_midstream(struct feed *feed)
{
	feed_open(feed, FEED_MIDSTREAM, &(struct detect_options){ .without_ndpi = true });
}

_unused_ static void feed_open_udp(struct feed *feed)
{
	feed_open(feed, FEED_UDP, &(struct detect_options){ .without_ndpi = true });
}

_unused_ static void feed_close(struct feed *feed)
{
	detect_forget(feed->detect, &feed->flow);
	feed->detect = detect_free(feed->detect);
}

/* The flow has ended: everything that can be known is known. */
_unused_ static void feed_finish(struct feed *feed)
{
	detect_finish(feed->detect, &feed->flow);
	cr_assert_not_null(feed->flow.facts);
	cr_assert(feed->flow.facts->is_settled);
	cr_assert_null(feed->flow.stream);
}

/*
 * One segment whose first byte stands at this offset of the side's data (0: first after the SYN):
 * for segments out of order, twice, or with a hole before them. Does not move feed->seq.
 */
_unused_ static void feed_tcp_at(struct feed *feed, unsigned side, uint32_t offset,
                                 const void *data, size_t len)
{
	struct packet packet = {
		.tcp_flags = TCP_ACK | TCP_PSH,
		.tcp_seq = feed->isn[side] + 1 + offset,
		.tcp_ack = feed->seq[!side],
		.payload = BYTES(data, len),
	};
	feed_packet(feed, side, &packet);
}

/* The next segment of this side. */
_unused_ static void feed_tcp(struct feed *feed, unsigned side, const void *data, size_t len)
{
	feed_tcp_at(feed, side, feed->seq[side] - feed->isn[side] - 1, data, len);
	feed->seq[side] += (uint32_t)len;
}
#define FEED_TCP(feed, side, literal) feed_tcp(feed, side, literal, sizeof(literal) - 1)

/* The same bytes in segments of piece bytes. */
_unused_ static void feed_tcp_split(struct feed *feed, unsigned side, const void *data, size_t len,
                                    size_t piece)
{
	struct bytes rest = BYTES(data, len);
	for (; rest.len; rest = bytes_skip(rest, piece)) {
		struct bytes now = bytes_take(rest, piece);
		feed_tcp(feed, side, now.data, now.len);
	}
}

/* The same bytes in segments of piece bytes, the last one first. */
_unused_ static void feed_tcp_reversed(struct feed *feed, unsigned side, const void *data,
                                       size_t len, size_t piece)
{
	uint32_t start = feed->seq[side] - feed->isn[side] - 1;
	for (size_t n = (len + piece - 1) / piece; n > 0; n--) {
		size_t at = (n - 1) * piece;
		struct bytes now = bytes_take(bytes_skip(BYTES(data, len), at), piece);
		feed_tcp_at(feed, side, start + (uint32_t)at, now.data, now.len);
	}
	feed->seq[side] += (uint32_t)len;
}

/* A segment of which the capture kept only the first len_kept bytes. */
_unused_ static void feed_tcp_cut(struct feed *feed, unsigned side, const void *data, size_t len,
                                  size_t len_kept)
{
	struct packet packet = {
		.tcp_flags = TCP_ACK | TCP_PSH,
		.tcp_seq = feed->seq[side],
		.tcp_ack = feed->seq[!side],
		.payload = BYTES(data, len_kept),
		.payload_len_wire = (uint32_t)len,
	};
	feed_packet(feed, side, &packet);
	feed->seq[side] += (uint32_t)len;
}

/* len bytes of this side were on the wire and never captured. */
_unused_ static void feed_tcp_skip(struct feed *feed, unsigned side, size_t len)
{
	feed->seq[side] += (uint32_t)len;
}

_unused_ static void feed_fin(struct feed *feed, unsigned side)
{
	struct packet packet = {
		.tcp_flags = TCP_ACK | TCP_FIN,
		.tcp_seq = feed->seq[side]++,
		.tcp_ack = feed->seq[!side],
	};
	feed_packet(feed, side, &packet);
}

/* One datagram. */
_unused_ static void feed_udp(struct feed *feed, unsigned side, const void *data, size_t len)
{
	struct packet packet = { .payload = BYTES(data, len) };
	feed_packet(feed, side, &packet);
}
#define FEED_UDP(feed, side, literal) feed_udp(feed, side, literal, sizeof(literal) - 1)

/* True if the flow has a text fact of this name with this value (any one of a list). */
_unused_ static bool feed_has_text(const struct feed *feed, const char *name, const char *value)
{
	const struct fact *fact = feed->flow.facts ? feed->flow.facts->list : NULL;
	for (; fact; fact = fact->next)
		if (strcmp(fact->def->name, name) == 0 && fact->def->type == FACT_TEXT &&
		    bytes_equal(fact->text, bytes_from_text(value)))
			return true;
	return false;
}

/* The number of the flow's fact of this name (a bool is 0 or 1), or -1 if it was not stated. */
_unused_ static int64_t feed_number(const struct feed *feed, const char *name)
{
	const struct fact *fact = feed->flow.facts ? facts_find(feed->flow.facts, name) : NULL;
	return fact ? fact->number : -1;
}

#endif
