/*
 * Any bytes as a key log and as an RSA key, and then one TLS conversation read with them: no crash,
 * no leak, counts that fit the lines, and a flow that is settled. The input: a 16-bit length and
 * the key log, a 16-bit length and the PEM, then segments: a byte (bit 0: side; bit 1: some bytes
 * before it were lost), a 16-bit length, and that many bytes. Lengths beyond the end mean all that
 * is left.
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

static void play(struct detect *detect, struct flow *flow, struct reader *r)
{
	uint32_t seq[2] = { 1000, 2000 };
	uint64_t number = 0;
	while (reader_left(r)) {
		uint8_t control = reader_u8(r);
		unsigned side = control & 1;
		seq[side] += control & 2 ? 7 : 0;
		struct packet packet = {
			.number = ++number,
			.time_ns = (int64_t)number,
			.transport = TRANSPORT_TCP,
			.tcp_flags = TCP_ACK,
			.tcp_seq = seq[side],
			.payload = take_part(r),
		};
		packet.payload_len_wire = (uint32_t)packet.payload.len;
		seq[side] += (uint32_t)packet.payload.len;
		flow->packets[side]++;
		flow->has_payload[side] |= packet.payload.len > 0;
		detect_packet(detect, flow, side, &packet);
	}
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
	struct flow flow = {
		.transport = TRANSPORT_TCP,
		.expect = 1,
		.port = { 40001, 5061 },
		.tcp_seen = { TCP_SYN, TCP_SYN },
		.tcp_isn = { 999, 1999 },
	};
	play(detect, &flow, &r);
	detect_finish(detect, &flow);
	if (!flow.facts || !flow.facts->is_settled)
		abort();
	detect_forget(detect, &flow);
	return 0;
}
