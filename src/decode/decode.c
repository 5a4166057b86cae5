/*
 * One frame to one packet: link, IP, fragments if any, transport, in this order; and once more
 * from the top for each tunnel. Each step either goes on or names the status the frame ends in.
 * Only what fragments need is allocated, once, at the start.
 */
#include "decode/priv.h"

#include <errno.h>

#define DEFAULT_FRAGMENT_BUDGET  (8u * 1024 * 1024)
#define DEFAULT_FRAGMENT_TIMEOUT (30 * NS_PER_SECOND)
#define MAX_FRAGMENT_SIGHTS      2048

struct decode {
	struct hash_wide_key digest_key;
	bool separate_vlans;
	struct fragments *fragments;
	struct doubles fragment_doubles;
	struct decode_counters counters;
};

const char *decode_status_word(enum decode_status status)
{
	static const char *const words[N_DECODE_STATUSES] = {
		[DECODE_OK] = "ok",
		[DECODE_FRAGMENT_HELD] = "fragment-held",
		[DECODE_DUPLICATE] = "duplicate",
		[DECODE_OTHER] = "other",
		[DECODE_SHORT] = "short",
		[DECODE_INVALID] = "invalid",
		[DECODE_UNSUPPORTED] = "unsupported",
	};
	return words[status];
}

static const struct hash_key built_in_key = { UINT64_C(0x706963746f67726d),
	                                      UINT64_C(0x7477696365736565) };

int decode_new(struct decode **out, const struct decode_options *options)
{
	static const struct decode_options none;
	struct decode *decode = calloc(1, sizeof(*decode));
	if (!decode)
		return -ENOMEM;
	if (!options)
		options = &none;
	size_t budget = options->fragment_budget_bytes;
	int64_t timeout = options->fragment_timeout_ns;
	hash_wide_key_init(&decode->digest_key,
	                   options->digest_key ? options->digest_key : &built_in_key);
	decode->separate_vlans = options->separate_vlans;
	doubles_init(&decode->fragment_doubles, MAX_FRAGMENT_SIGHTS);
	int r = doubles_reserve(&decode->fragment_doubles);
	if (r == 0)
		r = fragments_new(&decode->fragments, budget ? budget : DEFAULT_FRAGMENT_BUDGET,
		                  timeout > 0 ? timeout : DEFAULT_FRAGMENT_TIMEOUT,
		                  &decode->counters);
	if (r < 0) {
		decode_free(decode);
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
	doubles_deinit(&decode->fragment_doubles);
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
	packet->n_tunnels = 0;
	packet->is_joined = false;
	packet->is_disputed = false;
	packet->icmp_type = packet->icmp_code = 0;
	packet->ip.place = (uint64_t)frame->file << 32 | frame->interface;
}

/* The fragment layer is at: seen twice, kept, or the last one, which makes ip and layer whole. */
static enum decode_status fragment_read(struct decode *decode, struct layer *layer, struct ip *ip,
                                        struct packet *packet)
{
	digest_note_ip(packet, ip, layer);
	digest_finish(packet, &decode->digest_key, decode->separate_vlans);
	bool is_double =
	        doubles_see(&decode->fragment_doubles, &packet->digest, packet->time_ns) > 0;
	decode->counters.doubles_forgotten = decode->fragment_doubles.forgotten;
	if (is_double)
		return DECODE_DUPLICATE;
	uint32_t scope = packet->n_tunnels ? tunnel_scope(packet) : 0;
	if (decode->separate_vlans && packet->n_vlans)
		scope += (packet->vlans[0] + 1) * UINT32_C(0xc2b2ae35);
	enum decode_status status =
	        fragments_add(decode->fragments, packet->time_ns, scope, ip, layer);
	if (status != DECODE_OK)
		return status;
	packet->is_joined = true;
	packet->is_disputed |= ip->is_disputed;
	ip->is_fragment = false;
	ip->constant = 0;
	return ip_read_joined(ip, layer);
}

/* From the IP header that layer is at to the payload of its transport. */
static inline enum decode_status packet_read(struct decode *decode, struct layer *layer,
                                             uint8_t version, struct packet *packet)
{
	struct ip ip = { .src = &packet->src, .dst = &packet->dst };
	enum decode_status status = ip_read(&ip, layer, version);
	if (status != DECODE_OK)
		return status;
	packet->ttl = ip.ttl;
	if (__builtin_expect(ip.is_fragment, 0)) {
		status = fragment_read(decode, layer, &ip, packet);
		if (status != DECODE_OK)
			return status;
	}
	packet->ip_len = ip.len;
	digest_note_ip(packet, &ip, layer);
	return transport_read(packet, layer, &ip);
}

/* What a tunnel carries, as a packet of its own. */
static enum decode_status inside_read(struct decode *decode, struct layer *layer,
                                      const struct tunnel_inside *inside, struct packet *packet)
{
	uint8_t version = inside->version;
	if (inside->is_ethernet) {
		enum decode_status status = link_read(layer, LINK_ETHERNET, packet, &version);
		if (status != DECODE_OK)
			return status;
	}
	return packet_read(decode, layer, version, packet);
}

/*
 * Goes as deep into packet as tunnels lead. What cannot be read inside one is no proof that it is
 * one: the packet outside is the packet then.
 */
__attribute__((__noinline__)) /* its locals would burden every frame */
static enum decode_status
tunnels_read(struct decode *decode, struct packet *packet)
{
	while (tunnel_is_possible(packet)) {
		struct packet inner = *packet;
		struct layer layer;
		struct tunnel_inside inside = { 0 };
		enum tunnel_step step = tunnel_open(&inner, &layer, &inside);
		if (step == TUNNEL_NONE)
			return DECODE_OK;
		if (step != TUNNEL_OPEN)
			return step == TUNNEL_CUT ? DECODE_SHORT : DECODE_UNSUPPORTED;
		enum decode_status status = inside_read(decode, &layer, &inside, &inner);
		bool is_deepest = inner.n_tunnels == PACKET_MAX_TUNNELS;
		if (status == DECODE_INVALID || (status == DECODE_UNSUPPORTED && !is_deepest))
			return DECODE_OK;
		if (status != DECODE_OK)
			return status;
		*packet = inner;
	}
	return DECODE_OK;
}

enum decode_status decode_frame(struct decode *decode, const struct frame *frame,
                                struct packet *packet)
{
	struct layer layer = {
		.r = reader_of(frame->data),
		.end_wire = MAX(frame->len_wire, frame->data.len),
	};
	uint8_t version;

	begin_packet(packet, frame);
	enum decode_status status = link_read(&layer, frame->link_type, packet, &version);
	if (status == DECODE_OK)
		status = packet_read(decode, &layer, version, packet);
	if (status == DECODE_OK && __builtin_expect(tunnel_is_possible(packet), 0))
		status = tunnels_read(decode, packet);
	if (status == DECODE_OK)
		digest_finish(packet, &decode->digest_key, decode->separate_vlans);
	return status;
}

const struct decode_counters *decode_get_counters(const struct decode *decode)
{
	return &decode->counters;
}
