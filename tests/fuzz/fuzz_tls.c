/*
 * One TCP flow of any segments through detect, made for the TLS detector: what comes out does not
 * matter, only that nothing is read out of bounds, lost, or endless. The input is a script: a byte
 * (bit 0: no SYN was seen), then segments: a byte (bit 0: side; bit 1: some bytes before it were
 * lost; bit 2: it comes again afterwards; bit 3: the side ends), a 16-bit length, and that many
 * bytes.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum control { SIDE = 1, LOST = 2, AGAIN = 4, END = 8 };

struct script {
	struct detect *detect;
	struct flow flow;
	uint32_t seq[2];
	uint64_t number;
};

static void play(struct script *script, unsigned side, struct packet *packet)
{
	struct flow *flow = &script->flow;
	packet->number = ++script->number;
	packet->time_ns = (int64_t)script->number;
	packet->transport = TRANSPORT_TCP;
	packet->payload_len_wire = (uint32_t)packet->payload.len;
	flow->packets[side]++;
	flow->tcp_seen[side] |= packet->tcp_flags;
	flow->has_payload[side] |= packet->payload.len > 0;
	detect_packet(script->detect, flow, side, packet);
}

static void play_segment(struct script *script, uint8_t control, struct bytes bytes)
{
	unsigned side = control & SIDE;
	if (control & LOST)
		script->seq[side] += 7;
	struct packet packet = {
		.tcp_flags = TCP_ACK | (control & END ? TCP_FIN : 0),
		.tcp_seq = script->seq[side],
		.payload = bytes,
	};
	play(script, side, &packet);
	if (control & AGAIN)
		play(script, side, &packet);
	script->seq[side] += (uint32_t)bytes.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(BYTES(data, size));
	struct script script = {
		.flow = { .transport = TRANSPORT_TCP, .expect = 1, .port = { 40001, 443 } },
		.seq = { 1, 1 },
	};
	if (detect_new(&script.detect, &(struct detect_options){ .without_ndpi = true }) < 0)
		return 0;
	if (!(reader_u8(&r) & 1))
		script.flow.tcp_seen[0] = script.flow.tcp_seen[1] = TCP_SYN | TCP_ACK;
	while (reader_left(&r)) {
		uint8_t control = reader_u8(&r);
		uint16_t len = reader_be16(&r);
		play_segment(&script, control, reader_take(&r, MIN((size_t)len, reader_left(&r))));
	}
	detect_finish(script.detect, &script.flow);
	struct note note;
	while (detect_next_note(script.detect, &note))
		;
	detect_forget(script.detect, &script.flow);
	detect_free(script.detect);
	return 0;
}
