/*
 * What the files of decode share: the place in a frame, and what an IP header said.
 *
 * A frame passes down link.c (with serial.c, shim.c), ip.c, (fragments.c, ip.c again,) transport.c; each
 * leaves the layer at the first byte of what it carries. tunnel.c begins again at the top.
 */
#ifndef PCAUDIT_DECODE_PRIV_H
#define PCAUDIT_DECODE_PRIV_H

#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/base/words.h"
#include "pcaudit/doubles.h"

/* LINKTYPE_ values that more than one file asks for. */
enum {
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_PPP_HDLC = 50,
	LINK_CISCO_HDLC = 104,
	LINK_PPP_WITH_DIR = 204,
};
enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd, ETHERTYPE_BRIDGED = 0x6558 };

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
	uint32_t fragment_id; /* IPv4: also of what is whole */
	uint32_t constant;    /* IPv4: the flags and the offset as they stand; IPv6: flow label */
	bool is_disputed;     /* joined from fragments that contradicted each other */
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

bool link_is_vlan_tag(uint16_t type);

/* Whether something we can open stands behind that EtherType: MPLS, PPPoE, 802.1ah. */
static inline bool shim_is_known(uint16_t type)
{
	return (type & 0xff00) == 0x8800 &&
	       (type == 0x8847 || type == 0x8848 || type == 0x8864 || type == 0x88e7);
}
/* Opens it; *type is then the EtherType of what it carries. */
enum decode_status shim_open(struct layer *layer, struct packet *packet, uint16_t *type);

/* The EtherType that a PPP protocol number stands for. */
enum decode_status ppp_protocol_read(uint16_t protocol, uint16_t *type);
/* Over the header of a PPP or Cisco HDLC link; *type is the EtherType of what it carries. */
enum decode_status serial_read(struct layer *layer, uint16_t link_type, uint16_t *type);

/* One more tunnel, zeroed; NULL if there are too many. */
struct packet_tunnel *tunnel_add(struct packet *packet, enum tunnel_kind kind);

/* Whether packet may be a tunnel: cheap, and asked of every packet. */
static inline bool tunnel_is_possible(const struct packet *packet)
{
	if (__builtin_expect(packet->transport == TRANSPORT_TCP, 1))
		return false;
	if (packet->transport != TRANSPORT_UDP)
		return packet->transport == 4 || packet->transport == 41 || packet->transport == 47;
	return packet->dst_port == 4789 || packet->dst_port == 8472 || packet->dst_port == 6081 ||
	       packet->dst_port == 3544 || packet->src_port == 3544;
}

enum tunnel_step {
	TUNNEL_NONE, /* it is not: packet is as it was */
	TUNNEL_OPEN, /* layer is at what it carries, the tunnel is added to packet */
	TUNNEL_CUT,  /* it is, but the snaplen cut it before what it carries */
	TUNNEL_DEEP, /* it is one too many */
};

/* What a tunnel carries. */
struct tunnel_inside {
	bool is_ethernet;
	uint8_t version; /* else: 4 or 6 */
};

/* Opens packet's payload. */
enum tunnel_step tunnel_open(struct packet *packet, struct layer *layer,
                             struct tunnel_inside *inside);
/* A number for the tunnels of a packet, whatever addresses they run between: their kinds and ids.
 */
uint32_t tunnel_scope(const struct packet *packet);

/* Reads a header of that version (0: either) up to the transport or up to a fragment's data. */
enum decode_status ip_read(struct ip *ip, struct layer *layer, uint8_t version);
/* The same from the start of a joined datagram's data; ip as the fragment left it. */
enum decode_status ip_read_joined(struct ip *ip, struct layer *layer);

/* Fills everything of packet that lies above IP. */
enum decode_status transport_read(struct packet *packet, struct layer *layer, const struct ip *ip);
/* The same for ICMP and ICMPv6. */
enum decode_status icmp_read(struct packet *packet, struct layer *layer, const struct ip *ip);

/* Notes, for the digest, one more mark of where the packet was seen. */
static inline void digest_place(struct packet *packet, uint64_t mark)
{
	uint64_t place = (packet->ip.place ^ mark) * UINT64_C(0x9e3779b97f4a7c15);
	packet->ip.place = place ^ place >> 29;
}

/* The same of two MAC addresses, as they stand in an Ethernet header. */
static inline void digest_place_macs(struct packet *packet, struct bytes macs)
{
	uint64_t first;
	uint32_t rest;

	if (macs.len != 12)
		return;
	memcpy(&first, macs.data, sizeof(first));
	memcpy(&rest, macs.data + sizeof(first), sizeof(rest));
	digest_place(packet, first);
	digest_place(packet, rest);
}

/* The same of other bytes, 24 at most. */
void digest_place_bytes(struct packet *packet, struct bytes bytes);
/* Notes the header just read, and what it carries: layer is there. */
void digest_note_ip(struct packet *packet, const struct ip *ip, const struct layer *layer);
/* Makes the digest of what was noted. */
void digest_finish(struct packet *packet, const struct hash_wide_key *key, bool with_vlan);

/* Where the bytes of fragments wait for each other. */
struct fragments;

int fragments_new(struct fragments **out, size_t budget_bytes, int64_t timeout_ns,
                  struct decode_counters *counters);
struct fragments *fragments_free(struct fragments *fragments);
/*
 * Keeps the fragment in layer; only fragments of one scope are joined. DECODE_OK: its datagram is
 * whole; layer now spans its data (until the next but one call: a fragment may have come in a
 * datagram that was joined itself), and ip's transport, head_len and len are the datagram's.
 * DECODE_FRAGMENT_HELD or DECODE_INVALID otherwise.
 */
enum decode_status fragments_add(struct fragments *fragments, int64_t time_ns, uint32_t scope,
                                 struct ip *ip, struct layer *layer);

#endif
