/*
 * One flow out of a fuzzer's bytes, through detect_packet() as the program does.
 *
 *	flags        1 byte: 01 TCP, 02 (with 01) the capture began later, 04 with identities
 *	packets      16 bits: 8000 side, 4000 cut by the capture to half, 2000 the end of that side
 *(FIN) or, on TCP, 1000 a hole of 100 bytes before it; 0fff length; then that many bytes
 */
#ifndef PCAUDIT_TESTS_FLOW_INPUT_H
#define PCAUDIT_TESTS_FLOW_INPUT_H

#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"

enum flow_input_flags {
	INPUT_TCP = 0x01,
	INPUT_MIDSTREAM = 0x02,
	INPUT_IDENTITIES = 0x04,
	INPUT_SIDE = 0x8000,
	INPUT_CUT = 0x4000,
	INPUT_END = 0x2000,
	INPUT_HOLE = 0x1000,
	INPUT_LENGTH = 0x0fff,
};

static inline void flow_input_packet(struct detect *detect, struct flow *flow, uint32_t seq[2],
                                     uint16_t head, struct bytes bytes)
{
	unsigned side = head & INPUT_SIDE ? 1 : 0;
	struct packet packet = {
		.number = ++flow->packets[side] + flow->packets[!side],
		.time_ns = (int64_t)(flow->packets[0] + flow->packets[1]) * NS_PER_MS,
		.src_port = flow->port[side],
		.dst_port = flow->port[!side],
		.transport = flow->transport,
		.payload_len_wire = (uint32_t)bytes.len,
		.payload = bytes_take(bytes, head & INPUT_CUT ? bytes.len / 2 : bytes.len),
	};
	if (flow->transport == TRANSPORT_TCP) {
		seq[side] += head & INPUT_HOLE ? 100 : 0;
		packet.tcp_flags = TCP_ACK | (head & INPUT_END ? TCP_FIN : 0);
		packet.tcp_seq = seq[side];
		packet.tcp_ack = seq[!side];
		seq[side] += (uint32_t)bytes.len;
	}
	flow->has_payload[side] |= bytes.len > 0;
	detect_packet(detect, flow, side, &packet);
}

/* Aborts if the layer breaks its promise that a finished flow is settled. */
static inline int flow_input_run(const uint8_t *data, size_t size, uint16_t port)
{
	struct reader r = reader_of(BYTES(data, size));
	uint8_t flags = reader_u8(&r);
	bool is_tcp = flags & INPUT_TCP, is_midstream = flags & INPUT_MIDSTREAM;
	struct flow flow = {
		.port = { port, port },
		.transport = is_tcp ? TRANSPORT_TCP : TRANSPORT_UDP,
		.opener_how = OPENER_FIRST_PACKET,
		.tcp_seen = { is_midstream ? TCP_ACK : TCP_SYN, is_midstream ? TCP_ACK : TCP_SYN },
		.tcp_isn = { 999, 1999 },
		.expect = UINT32_C(1) << FAMILY_ANY,
	};
	uint32_t seq[2] = { 1000, 2000 };
	_cleanup_(detect_freep) struct detect *detect = NULL;
	const struct detect_options options = { .without_ndpi = true,
		                                .identities = flags & INPUT_IDENTITIES };
	if (detect_new(&detect, &options) < 0)
		return 0;
	while (reader_left(&r)) {
		uint16_t head = reader_be16(&r);
		size_t len = MIN((size_t)(head & INPUT_LENGTH), reader_left(&r));
		flow_input_packet(detect, &flow, seq, head, reader_take(&r, len));
	}
	detect_finish(detect, &flow);
	if (flow.stream ||
	    (flow.facts && (!flow.facts->is_settled || flow.facts->protocol >= N_PROTOCOLS)))
		abort();
	detect_forget(detect, &flow);
	return 0;
}

#endif
