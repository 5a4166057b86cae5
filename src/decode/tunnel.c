/*
 * Tunnels over IP: GRE (RFC 2784, RFC 2890) with IP, Ethernet and ERSPAN inside, IP in IP (RFC
 * 2003, RFC 2473, RFC 4213), and over UDP VXLAN (RFC 7348), GENEVE (RFC 8926) and Teredo (RFC
 * 4380).
 *
 * An IP protocol number says what a packet is; a UDP port does not, an ordinary flow may have been
 * given it. So a header over UDP must keep every bit that its RFC fixes. VXLAN and GENEVE are
 * asked by destination port alone, because the source port of both is a hash. A Teredo packet is
 * an IPv6 packet of exactly its length with a Teredo or link-local address (RFC 4380 section 5.2).
 *
 * Not here: GRE with routing (RFC 1701), version 1 (PPTP) and its own keepalives, VXLAN-GPE, MPLS
 * in UDP; Teredo between ports other than its own.
 */
#include "decode/priv.h"

enum { PROTOCOL_IPV4 = 4, PROTOCOL_IPV6 = 41, PROTOCOL_GRE = 47 };

enum gre_flags {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_VERSION = 0x0007,
};

enum { GRE_ERSPAN = 0x88be, GRE_ERSPAN_3 = 0x22eb };

enum { PORT_TEREDO = 3544, PORT_VXLAN = 4789, PORT_GENEVE = 6081, PORT_VXLAN_LINUX = 8472 };

#define VXLAN_LEN         8
#define GENEVE_LEN        8
#define ERSPAN_2_LEN      8
#define ERSPAN_3_LEN      12
#define ERSPAN_3_PLATFORM 8 /* a subheader that may follow */
#define ERSPAN_MIRRORED   UINT16_MAX
#define IPV6_LEN          40

const char *tunnel_kind_word(enum tunnel_kind kind)
{
	static const char *const words[N_TUNNEL_KINDS] = {
		[TUNNEL_MPLS] = "mpls",         [TUNNEL_PPPOE] = "pppoe",
		[TUNNEL_PBB] = "802.1ah",       [TUNNEL_GRE] = "gre",
		[TUNNEL_ERSPAN_1] = "erspan-1", [TUNNEL_ERSPAN_2] = "erspan-2",
		[TUNNEL_ERSPAN_3] = "erspan-3", [TUNNEL_VXLAN] = "vxlan",
		[TUNNEL_GENEVE] = "geneve",     [TUNNEL_IPIP] = "ip-in-ip",
		[TUNNEL_6IN4] = "6in4",         [TUNNEL_TEREDO] = "teredo",
	};
	return words[kind];
}

struct packet_tunnel *tunnel_add(struct packet *packet, enum tunnel_kind kind)
{
	if (packet->n_tunnels == PACKET_MAX_TUNNELS)
		return NULL;
	struct packet_tunnel *tunnel = &packet->tunnels[packet->n_tunnels++];
	*tunnel = (struct packet_tunnel){ .kind = (uint8_t)kind };
	return tunnel;
}

uint32_t tunnel_scope(const struct packet *packet)
{
	uint32_t scope = 0;
	for (unsigned i = 0; i < packet->n_tunnels; i++) {
		scope = (scope ^ packet->tunnels[i].id) * UINT32_C(0x9e3779b1);
		scope = (scope ^ packet->tunnels[i].kind) * UINT32_C(0x85ebca6b) + 1;
	}
	return scope;
}

/* The tunnel that packet's own addresses are the ends of. */
static enum tunnel_step open_tunnel(struct packet *packet, enum tunnel_kind kind, uint32_t id)
{
	struct packet_tunnel *tunnel = tunnel_add(packet, kind);
	if (!tunnel)
		return TUNNEL_DEEP;
	tunnel->id = id;
	tunnel->transport = packet->transport;
	tunnel->src_port = packet->src_port;
	tunnel->dst_port = packet->dst_port;
	tunnel->src = packet->src;
	tunnel->dst = packet->dst;
	return TUNNEL_OPEN;
}

/* A header that is not all there: cut, or, if it was never sent, no such header. */
static enum tunnel_step lack(const struct layer *layer, size_t n)
{
	return layer_lack(layer, n) == DECODE_SHORT ? TUNNEL_CUT : TUNNEL_NONE;
}

static bool take_ethertype(uint16_t type, struct tunnel_inside *inside)
{
	inside->is_ethernet = type == ETHERTYPE_BRIDGED;
	inside->version = type == ETHERTYPE_IPV4 ? 4 : type == ETHERTYPE_IPV6 ? 6 : 0;
	return inside->is_ethernet || inside->version;
}

/* ---- GRE --------------------------------------------------------------------------------------
 */

/* Types I and II share a number: the first has no header, and GRE no sequence number. */
static enum tunnel_step erspan_open(struct packet *packet, struct layer *layer, bool has_sequence)
{
	struct reader *r = &layer->r;
	if (!has_sequence)
		return open_tunnel(packet, TUNNEL_ERSPAN_1, 0);
	if (reader_left(r) < ERSPAN_2_LEN)
		return lack(layer, ERSPAN_2_LEN);
	uint16_t version_vlan = reader_be16(r);
	uint16_t session = reader_be16(r);
	reader_skip(r, 4); /* port index */
	if (version_vlan >> 12 != 1)
		return TUNNEL_NONE;
	if (session & 0x0400) /* cut by the switch that mirrored it: as if by a snaplen */
		layer->end_wire += ERSPAN_MIRRORED;
	return open_tunnel(packet, TUNNEL_ERSPAN_2, session & 0x3ff);
}

static enum tunnel_step erspan_3_open(struct packet *packet, struct layer *layer,
                                      struct tunnel_inside *inside)
{
	struct reader *r = &layer->r;
	if (reader_left(r) < ERSPAN_3_LEN)
		return lack(layer, ERSPAN_3_LEN);
	uint16_t version_vlan = reader_be16(r);
	uint16_t session = reader_be16(r);
	reader_skip(r, 6); /* timestamp, security group tag */
	uint16_t kind = reader_be16(r);
	unsigned frame_type = kind >> 10 & 0x1f;
	if (version_vlan >> 12 != 2 || (frame_type != 0 && frame_type != 2))
		return TUNNEL_NONE;
	if (kind & 1) {
		if (reader_left(r) < ERSPAN_3_PLATFORM)
			return lack(layer, ERSPAN_3_PLATFORM);
		reader_skip(r, ERSPAN_3_PLATFORM);
	}
	if (session & 0x0400)
		layer->end_wire += ERSPAN_MIRRORED;
	inside->is_ethernet = frame_type == 0; /* else IP of either version */
	return open_tunnel(packet, TUNNEL_ERSPAN_3, session & 0x3ff);
}

static enum tunnel_step gre_open(struct packet *packet, struct layer *layer,
                                 struct tunnel_inside *inside)
{
	struct reader *r = &layer->r;
	if (reader_left(r) < 4)
		return lack(layer, 4);
	uint16_t flags = reader_be16(r);
	uint16_t type = reader_be16(r);
	if (flags & (GRE_ROUTING | GRE_VERSION))
		return TUNNEL_NONE;
	size_t len = (flags & GRE_CHECKSUM ? 4u : 0) + (flags & GRE_KEY ? 4u : 0) +
	             (flags & GRE_SEQUENCE ? 4u : 0);
	if (reader_left(r) < len)
		return lack(layer, len);
	if (flags & GRE_CHECKSUM)
		reader_skip(r, 4);
	uint32_t key = flags & GRE_KEY ? reader_be32(r) : 0;
	if (flags & GRE_SEQUENCE)
		reader_skip(r, 4);
	inside->is_ethernet = true;
	if (type == GRE_ERSPAN)
		return erspan_open(packet, layer, flags & GRE_SEQUENCE);
	if (type == GRE_ERSPAN_3)
		return erspan_3_open(packet, layer, inside);
	if (!take_ethertype(type, inside))
		return TUNNEL_NONE;
	return open_tunnel(packet, TUNNEL_GRE, key);
}

/* ---- Over UDP ---------------------------------------------------------------------------------
 */

/* Flags: the VNI is valid, and, with a group policy (a draft that Linux has), that it is there. */
static enum tunnel_step vxlan_open(struct packet *packet, struct layer *layer,
                                   struct tunnel_inside *inside)
{
	struct reader *r = &layer->r;
	if (reader_left(r) < VXLAN_LEN)
		return lack(layer, VXLAN_LEN);
	uint32_t flags = reader_be32(r);
	uint32_t id = reader_be32(r);
	bool is_plain = flags == 0x08000000;
	bool has_group = flags >> 24 == 0x88 && !(flags & 0x00b70000);
	if ((!is_plain && !has_group) || (id & 0xff))
		return TUNNEL_NONE;
	inside->is_ethernet = true;
	return open_tunnel(packet, TUNNEL_VXLAN, id >> 8);
}

static enum tunnel_step geneve_open(struct packet *packet, struct layer *layer,
                                    struct tunnel_inside *inside)
{
	struct reader *r = &layer->r;
	if (reader_left(r) < GENEVE_LEN)
		return lack(layer, GENEVE_LEN);
	uint8_t version_len = reader_u8(r);
	uint8_t flags = reader_u8(r);
	uint16_t type = reader_be16(r);
	uint32_t id = reader_be32(r);
	if (version_len >> 6 || (flags & 0x3f) || (id & 0xff) || !take_ethertype(type, inside))
		return TUNNEL_NONE;
	size_t options_len = (version_len & 0x3f) * 4u;
	if (reader_left(r) < options_len)
		return lack(layer, options_len);
	reader_skip(r, options_len);
	return open_tunnel(packet, TUNNEL_GENEVE, id >> 8);
}

/* 2001::/32, or fe80::/10 as router solicitations have it. */
static bool is_teredo_address(struct bytes addr)
{
	struct reader r = reader_of(addr);
	uint32_t prefix = reader_be32(&r);
	return prefix == 0x20010000 || prefix >> 22 == 0xfe80 >> 6;
}

/* Before the IPv6 packet may stand an authentication and an origin, in this order. */
static void skip_teredo_indications(struct reader *r)
{
	struct reader ahead = *r;
	if (reader_be16(&ahead) == 0x0001) {
		size_t id_len = reader_u8(&ahead);
		size_t value_len = reader_u8(&ahead);
		reader_skip(&ahead, id_len + value_len + 9); /* nonce, confirmation */
		if (ahead.is_short)
			return;
		*r = ahead;
	}
	ahead = *r;
	if (reader_be16(&ahead) == 0x0000) {
		reader_skip(&ahead, 6);
		if (!ahead.is_short)
			*r = ahead;
	}
}

static enum tunnel_step teredo_open(struct packet *packet, struct layer *layer,
                                    struct tunnel_inside *inside)
{
	skip_teredo_indications(&layer->r);
	struct reader r = layer->r;
	uint8_t version = reader_peek(&r) >> 4;
	reader_skip(&r, 4);
	size_t len = reader_be16(&r);
	reader_skip(&r, 2);
	struct bytes src = reader_take(&r, 16);
	struct bytes dst = reader_take(&r, 16);
	/* Cut before it can be told: most likely not Teredo, whose clients are few. */
	if (r.is_short || version != 6 || IPV6_LEN + len != layer_left_wire(layer))
		return TUNNEL_NONE;
	if (!is_teredo_address(src) && !is_teredo_address(dst))
		return TUNNEL_NONE;
	inside->version = 6;
	return open_tunnel(packet, TUNNEL_TEREDO, 0);
}

enum tunnel_step tunnel_open(struct packet *packet, struct layer *layer,
                             struct tunnel_inside *inside)
{
	*layer = (struct layer){
		.r = reader_of(packet->payload),
		.end_wire = packet->payload_len_wire,
	};
	switch (packet->transport) {
	case PROTOCOL_IPV4:
		inside->version = 4;
		return open_tunnel(packet, TUNNEL_IPIP, 0);
	case PROTOCOL_IPV6:
		inside->version = 6;
		return open_tunnel(packet, TUNNEL_6IN4, 0);
	case PROTOCOL_GRE:
		return gre_open(packet, layer, inside);
	default:
		break;
	}
	switch (packet->dst_port) {
	case PORT_VXLAN:
	case PORT_VXLAN_LINUX:
		return vxlan_open(packet, layer, inside);
	case PORT_GENEVE:
		return geneve_open(packet, layer, inside);
	default:
		return teredo_open(packet, layer, inside);
	}
}
