/*
 * One frame to one packet: link, IP, fragments if any, transport, in this order and without loops
 * between them. Each step either goes on or names the status the frame ends in. Only what
 * fragments need is allocated, once, at the start.
 */
#include "decode/priv.h"

#include <errno.h>

#define DEFAULT_FRAGMENT_BUDGET  (8u * 1024 * 1024)
#define DEFAULT_FRAGMENT_TIMEOUT (30 * NS_PER_SECOND)

struct decode {
	struct fragments *fragments;
	struct decode_counters counters;
};

const char *decode_status_word(enum decode_status status)
{
	static const char *const words[N_DECODE_STATUSES] = {
		[DECODE_OK] = "ok",           [DECODE_FRAGMENT_HELD] = "fragment-held",
		[DECODE_OTHER] = "other",     [DECODE_SHORT] = "short",
		[DECODE_INVALID] = "invalid", [DECODE_UNSUPPORTED] = "unsupported",
	};
	return words[status];
}

int decode_new(struct decode **out, const struct decode_options *options)
{
	size_t budget = options ? options->fragment_budget_bytes : 0;
	int64_t timeout = options ? options->fragment_timeout_ns : 0;
	struct decode *decode = calloc(1, sizeof(*decode));
	if (!decode)
		return -ENOMEM;
	int r = fragments_new(&decode->fragments, budget ? budget : DEFAULT_FRAGMENT_BUDGET,
	                      timeout > 0 ? timeout : DEFAULT_FRAGMENT_TIMEOUT, &decode->counters);
	if (r < 0) {
		free(decode);
		return r;
	}
	*out = decode;
	return 0;
}

struct decode *decode_free(struct decode *decode)
{
	if (!decode)
		return NULL;
	fragments_free(decode->fragments);
	free(decode);
	return NULL;
}

/* Field by field: clearing the whole struct for every packet costs more than reading it. */
static void begin_packet(struct packet *packet, const struct frame *frame)
{
	packet->file = frame->file;
	packet->number = frame->number;
	packet->time_ns = frame->time_ns;
	packet->n_vlans = 0;
	packet->is_joined = false;
	packet->icmp_type = packet->icmp_code = 0;
}

enum decode_status decode_frame(struct decode *decode, const struct frame *frame,
                                struct packet *packet)
{
	struct layer layer = {
		.r = reader_of(frame->data),
		.end_wire = MAX(frame->len_wire, frame->data.len),
	};
	struct ip ip = { .src = &packet->src, .dst = &packet->dst };
	uint8_t version;

	begin_packet(packet, frame);
	enum decode_status status = link_read(&layer, frame->link_type, packet, &version);
	if (status != DECODE_OK)
		return status;
	status = ip_read(&ip, &layer, version);
	if (status != DECODE_OK)
		return status;
	if (ip.is_fragment) {
		status = fragments_add(decode->fragments, frame->time_ns, &ip, &layer);
		if (status != DECODE_OK)
			return status;
		packet->is_joined = true;
		status = ip_read_joined(&ip, &layer);
		if (status != DECODE_OK)
			return status;
	}
	packet->ttl = ip.ttl;
	packet->ip_len = ip.len;
	return transport_read(packet, &layer, &ip);
}

const struct decode_counters *decode_get_counters(const struct decode *decode)
{
	return &decode->counters;
}
