/*
 * One frame. The first two bytes are the link type, big-endian; their top bit says that the
 * snaplen cut the frame. The frame is decoded twice by one decoder, so that the fragments among
 * the seeds meet their copies.
 */
#include <stdlib.h>

#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_packet(const struct packet *packet, const struct frame *frame)
{
	check(packet->number == frame->number && packet->file == frame->file);
	check(packet->n_vlans <= PACKET_MAX_VLANS);
	for (unsigned i = 0; i < packet->n_vlans; i++)
		check(packet->vlans[i] < 4096);
	check(packet->n_tunnels <= PACKET_MAX_TUNNELS);
	for (unsigned i = 0; i < packet->n_tunnels; i++)
		check(tunnel_kind_word(packet->tunnels[i].kind)[0] != '\0');
	check(packet->payload.len <= packet->payload_len_wire);
	check(packet->payload_len_wire <= packet->ip_len);
	if (packet->payload.len && !packet->is_joined) {
		check(packet->payload.data >= frame->data.data);
		check(packet->payload.data + packet->payload.len <=
		      frame->data.data + frame->data.len);
	}
	/* Touch each byte, so that a sanitizer sees a view that is too long. */
	unsigned sum = 0;
	for (size_t i = 0; i < packet->payload.len; i++)
		sum += packet->payload.data[i];
	check(sum <= packet->payload.len * 255);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(BYTES(data, size));
	uint16_t head = reader_be16(&r);
	struct frame frame = {
		.file = 1,
		.number = 1,
		.link_type = head & 0x7fff,
		.data = reader_rest(&r),
	};
	frame.len_wire = (uint32_t)frame.data.len + (head & 0x8000 ? 1000 : 0);

	const struct decode_options options = { .fragment_budget_bytes =
		                                        1 }; /* the least there is */
	struct decode *decode = NULL;
	if (decode_new(&decode, &options) < 0)
		return 0;
	for (; frame.number <= 2; frame.number++) {
		struct packet packet;
		enum decode_status status = decode_frame(decode, &frame, &packet);
		check(status < N_DECODE_STATUSES && decode_status_word(status)[0] != '\0');
		if (status == DECODE_OK)
			check_packet(&packet, &frame);
	}
	char word[24];
	check(decode_link_type_word(frame.link_type, word)[0] != '\0');
	check(decode_get_counters(decode)->fragments_given_up <= 2);
	decode_free(decode);
	return 0;
}
