/*
 * What stands between Ethernet and IP and carries it: MPLS (RFC 3032, with Ethernet inside RFC
 * 4448), PPPoE sessions (RFC 2516), provider backbone bridging (IEEE 802.1ah).
 *
 * MPLS does not say what it carries; the first four bits behind the last label are all there is
 * (RFC 4928): 4 or 6 is IP if the rest of a header agrees, 0 a control word (RFC 4385) before an
 * Ethernet frame or the first half byte of its address, 1 a channel of housekeeping. An Ethernet
 * frame is believed if the EtherType, where one would stand, is of the usual ones.
 *
 * Without an IP packet around them there is nothing to fall back to: what cannot be read is
 * unsupported.
 */
#include "decode/priv.h"

#define LABEL_LEN      4
#define PSEUDOWIRE_LEN 4
#define ETHER_ADDRS    12
#define PPPOE_LEN      6
#define MAX_LABELS     16

/* The tunnel is cut or lies, or there are too many. */
static enum decode_status open_tunnel(struct packet *packet, enum tunnel_kind kind, uint32_t id)
{
	struct packet_tunnel *tunnel = tunnel_add(packet, kind);
	if (!tunnel)
		return DECODE_UNSUPPORTED;
	tunnel->id = id;
	return DECODE_OK;
}

/* Over the addresses of an Ethernet frame that starts after skip bytes, to its EtherType. */
static enum decode_status inner_ethernet_read(struct layer *layer, size_t skip, uint16_t *type)
{
	enum decode_status status = layer_need(layer, skip + ETHER_ADDRS + 2);
	if (status != DECODE_OK)
		return status;
	reader_skip(&layer->r, skip + ETHER_ADDRS);
	*type = reader_be16(&layer->r);
	return DECODE_OK;
}

/* ---- MPLS -------------------------------------------------------------------------------------
 */

/* Does an EtherType one would expect stand where an Ethernet frame would have it? */
static bool looks_like_ethernet(const struct layer *layer, size_t skip)
{
	struct reader r = layer->r;
	reader_skip(&r, skip + ETHER_ADDRS);
	uint16_t type = reader_be16(&r);
	if (r.is_short)
		return false;
	return type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6 || type == 0x0806 ||
	       link_is_vlan_tag(type) || shim_is_known(type) || type == 0x88cc || type == 0x8863;
}

static bool looks_like_ipv4(const struct layer *layer)
{
	struct reader r = layer->r;
	uint8_t first = reader_u8(&r);
	reader_skip(&r, 1);
	uint16_t len = reader_be16(&r);
	return (first & 0x0f) >= 5 && (len == 0 || len >= 20) && len <= layer_left_wire(layer);
}

static bool looks_like_ipv6(const struct layer *layer)
{
	struct reader r = layer->r;
	reader_skip(&r, 4);
	return reader_be16(&r) + 40u <= layer_left_wire(layer);
}

/* What is behind the last label. */
static enum decode_status mpls_inside_read(struct layer *layer, uint16_t *type)
{
	enum decode_status status = layer_need(layer, 1);
	if (status != DECODE_OK)
		return status;
	uint8_t first = reader_peek(&layer->r) >> 4;
	if (first == 4 && looks_like_ipv4(layer)) {
		*type = ETHERTYPE_IPV4;
		return DECODE_OK;
	}
	if (first == 6 && looks_like_ipv6(layer)) {
		*type = ETHERTYPE_IPV6;
		return DECODE_OK;
	}
	/* In this order: behind a VLAN tag stands an EtherType too, four bytes on. */
	if (looks_like_ethernet(layer, 0))
		return inner_ethernet_read(layer, 0, type);
	if (first == 0 && looks_like_ethernet(layer, PSEUDOWIRE_LEN))
		return inner_ethernet_read(layer, PSEUDOWIRE_LEN, type);
	if (first == 1)
		return DECODE_OTHER;
	/* Too short to tell; or long enough, and nothing we know. */
	status = layer_need(layer, PSEUDOWIRE_LEN + ETHER_ADDRS + 2);
	if (status != DECODE_OK)
		return status;
	return first == 4 || first == 6 ? DECODE_INVALID : DECODE_UNSUPPORTED;
}

static enum decode_status mpls_open(struct layer *layer, struct packet *packet, uint16_t *type)
{
	uint32_t label = 0;
	for (unsigned n = 0; !(label & 0x100); n++) { /* bottom of stack */
		enum decode_status status = layer_need(layer, LABEL_LEN);
		if (status != DECODE_OK)
			return status;
		if (n == MAX_LABELS)
			return DECODE_UNSUPPORTED;
		label = reader_be32(&layer->r);
	}
	enum decode_status status = open_tunnel(packet, TUNNEL_MPLS, label >> 12);
	return status == DECODE_OK ? mpls_inside_read(layer, type) : status;
}

/* ---- PPPoE ------------------------------------------------------------------------------------
 */

static enum decode_status pppoe_open(struct layer *layer, struct packet *packet, uint16_t *type)
{
	enum decode_status status = layer_need(layer, PPPOE_LEN + 2);
	if (status != DECODE_OK)
		return status;
	struct reader *r = &layer->r;
	uint8_t version_type = reader_u8(r);
	uint8_t code = reader_u8(r);
	uint16_t session = reader_be16(r);
	size_t len = reader_be16(r);
	if (version_type != 0x11 || len < 2 || len > layer_left_wire(layer))
		return DECODE_INVALID;
	if (code != 0)
		return DECODE_OTHER;
	layer->end_wire = r->at + len;
	r->bytes.len = MIN(r->bytes.len, layer->end_wire);
	status = open_tunnel(packet, TUNNEL_PPPOE, session);
	return status == DECODE_OK ? ppp_protocol_read(reader_be16(r), type) : status;
}

/* ---- 802.1ah ----------------------------------------------------------------------------------
 */

static enum decode_status pbb_open(struct layer *layer, struct packet *packet, uint16_t *type)
{
	enum decode_status status = layer_need(layer, 4);
	if (status != DECODE_OK)
		return status;
	uint32_t tag = reader_be32(&layer->r);
	status = open_tunnel(packet, TUNNEL_PBB, tag & 0xffffff);
	return status == DECODE_OK ? inner_ethernet_read(layer, 0, type) : status;
}

enum decode_status shim_open(struct layer *layer, struct packet *packet, uint16_t *type)
{
	switch (*type) {
	case 0x8864:
		return pppoe_open(layer, packet, type);
	case 0x88e7:
		return pbb_open(layer, packet, type);
	default:
		return mpls_open(layer, packet, type);
	}
}
