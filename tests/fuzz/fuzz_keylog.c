/*
 * Any bytes as a key log and as an RSA key, and then TLS conversations read with them: no crash, no
 * leak, counts that fit the lines, and flows that are settled. The input: a 16-bit length and the
 * key log, a 16-bit length and the PEM, then segments: a byte (bit 0: side; bit 1: some bytes
 * before it were lost; bit 2: first of another connection), a 16-bit length, and that many bytes.
 * Lengths beyond the end mean all that is left.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes take_part(struct reader *r)
{
	size_t len = reader_be16(r);
	return reader_take(r, MIN(len, reader_left(r)));
}

static void check_log(struct keys *keys, struct bytes text)
{
	struct keylog_result result;
	size_t n_lines = 1;
	for (size_t i = 0; i < text.len; i++)
		n_lines += text.data[i] == '\n';
	if (keys_add_keylog(keys, text, &result) < 0)
		return;
	if (result.n_secrets + result.n_ignored + result.n_malformed + result.n_no_room > n_lines)
		abort();
	for (size_t i = 0; i < MIN(result.n_malformed, (size_t)KEYLOG_MAX_NAMED); i++)
		if (!result.malformed[i].why || result.malformed[i].line > n_lines ||
		    (i && result.malformed[i].line <= result.malformed[i - 1].line))
			abort();
}

static void play_segment(struct detect *detect, struct flow *flow, uint32_t seq[2], uint8_t control,
                         struct bytes bytes)
{
	unsigned side = control & 1;
	seq[side] += control & 2 ? 7 : 0;
	struct packet packet = {
		.number = ++flow->packets[side],
		.time_ns = (int64_t)flow->packets[side],
		.transport = TRANSPORT_TCP,
		.tcp_flags = TCP_ACK,
		.tcp_seq = seq[side],
		.payload = bytes,
		.payload_len_wire = (uint32_t)bytes.len,
	};
	seq[side] += packet.payload_len_wire;
	flow->has_payload[side] |= bytes.len > 0;
	detect_packet(detect, flow, side, &packet);
}

/* One connection, up to the next one's first segment, whose control byte is returned; 0: the end.
 */
static uint8_t play(struct detect *detect, struct reader *r, uint8_t control)
{
	struct flow flow = {
		.transport = TRANSPORT_TCP,
		.expect = 1,
		.port = { 40001, 5061 },
		.tcp_seen = { TCP_SYN, TCP_SYN },
		.tcp_isn = { 999, 1999 },
	};
	uint32_t seq[2] = { 1000, 2000 };
	uint8_t next = 0;
	do {
		play_segment(detect, &flow, seq, control, take_part(r));
		control = next = reader_left(r) ? reader_u8(r) : 0;
	} while (reader_left(r) && !(next & 4));
	detect_finish(detect, &flow);
	if (!flow.facts || !flow.facts->is_settled)
		abort();
	detect_forget(detect, &flow);
	return next & 4 ? next : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(BYTES(data, size));
	_cleanup_(keys_freep) struct keys *keys = NULL;
	_cleanup_(detect_freep) struct detect *detect = NULL;
	const char *why = NULL;
	if (keys_new(&keys) < 0)
		return 0;
	check_log(keys, take_part(&r));
	if (keys_add_rsa(keys, take_part(&r), &why) == KEYS_E_INVALID && !why)
		abort();
	struct detect_options options = { .without_ndpi = true, .keys = keys };
	if (detect_new(&detect, &options) < 0)
		return 0;
	uint8_t control = reader_u8(&r);
	do
		control = play(detect, &r, control);
	while (control && reader_left(&r));
	return 0;
}
