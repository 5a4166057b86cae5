/*
 * What the files of decode share: the place in a frame, and what an IP header said.
 *
 * A frame passes down link.c, ip.c, (fragments.c, ip.c again,) transport.c; each leaves the layer
 * at the first byte of what it carries.
 */
#ifndef PCAUDIT_DECODE_PRIV_H
#define PCAUDIT_DECODE_PRIV_H

#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/base/words.h"
#include "pcaudit/decode.h"

/*
 * What is left of a frame: the captured bytes, and where the innermost header read so far says
 * that they end on the wire. r.bytes.len is at most end_wire; where it is less, the snaplen cut.
 */
struct layer {
	struct reader r;
	size_t end_wire;
	bool is_quote; /* inside an ICMP error: cut short by its sender, whatever its lengths say */
};

static inline size_t layer_left_wire(const struct layer *layer)
{
	return layer->end_wire - layer->r.at;
}

/* Why n bytes are not there: not captured; or never sent, so a header lies, or a quote ends. */
static inline enum decode_status layer_lack(const struct layer *layer, size_t n)
{
	if (layer_left_wire(layer) >= n)
		return DECODE_SHORT;
	return layer->is_quote ? DECODE_OTHER : DECODE_INVALID;
}

/* DECODE_OK if n bytes can be read here. */
static inline enum decode_status layer_need(const struct layer *layer, size_t n)
{
	return __builtin_expect(reader_left(&layer->r) >= n, 1) ? DECODE_OK : layer_lack(layer, n);
}

/* One IP header with its extensions. */
struct ip {
	struct addr *src, *dst; /* set before the call: where the addresses go */
	bool is_len_from_frame; /* the length field was 0: offload, or a jumbogram */
	bool is_fragment; /* not whole: the four fields below are filled, the layer is at its data
	                   */
	bool has_more;
	uint32_t fragment_at; /* offset in the datagram, in bytes */
	uint32_t fragment_id;
	uint32_t head_len; /* of the IP header and what precedes the fragmentable part */
	uint8_t version;
	uint8_t ttl;
	uint8_t transport; /* of a fragment: first header of the fragmentable part */
	uint32_t len;      /* total */
};

/*
 * Leaves the layer at the IP header. *version is 4 or 6 if the link layer said so, else 0; vlans
 * go to packet.
 */
enum decode_status link_read(struct layer *layer, uint16_t link_type, struct packet *packet,
                             uint8_t *version);

/* Reads a header of that version (0: either) up to the transport or up to a fragment's data. */
enum decode_status ip_read(struct ip *ip, struct layer *layer, uint8_t version);
/* The same from the start of a joined datagram's data; ip as the fragment left it. */
enum decode_status ip_read_joined(struct ip *ip, struct layer *layer);

/* Fills everything of packet that lies above IP. */
enum decode_status transport_read(struct packet *packet, struct layer *layer, const struct ip *ip);
/* The same for ICMP and ICMPv6. */
enum decode_status icmp_read(struct packet *packet, struct layer *layer, const struct ip *ip);

/* Where the bytes of fragments wait for each other. */
struct fragments;

int fragments_new(struct fragments **out, size_t budget_bytes, int64_t timeout_ns,
                  struct decode_counters *counters);
struct fragments *fragments_free(struct fragments *fragments);
/*
 * Keeps the fragment in layer. DECODE_OK: its datagram is whole; layer now spans its data (until
 * the next call), and ip's transport, head_len and len are the datagram's. DECODE_FRAGMENT_HELD
 * or DECODE_INVALID otherwise.
 */
enum decode_status fragments_add(struct fragments *fragments, int64_t time_ns, struct ip *ip,
                                 struct layer *layer);

#endif
