/*
 * IPv4 (RFC 791) and IPv6 (RFC 8200) headers with what stands between them and the transport:
 * options, extension headers, the fragment header, and the authentication header (RFC 4302),
 * which hides nothing.
 *
 * Lengths: what follows the IP packet in the frame (Ethernet padding) is cut off here. A packet
 * longer than its frame is a lie, unless the snaplen cut the frame: then its own length is the
 * better witness. A length of 0 is what a host sees of a packet its network card will cut up
 * (segmentation offload), and means "as long as the frame".
 *
 * Not here: tunnels (tunnel.c), jumbograms (RFC 2675), checksums.
 */
#include "decode/priv.h"

#define IPV4_HEADER_LEN   20
#define IPV6_HEADER_LEN   40
#define MAX_EXTENSIONS    8 /* RFC 8200 names five, one of which may come twice */
#define MORE_FRAGMENTS_V4 0x2000
#define FLOW_LABEL        0x000fffff

enum {
	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_DESTINATION = 60,
	NEXT_MOBILITY = 135,
	NEXT_HIP = 139,
	NEXT_SHIM6 = 140,
};

static void take_addr4(struct addr *addr, struct reader *r)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	memcpy(addr->bytes, mapped, sizeof(mapped));
	struct bytes wire = reader_take(r, 4);
	if (wire.data)
		memcpy(addr->bytes + 12, wire.data, 4);
}

static void take_addr6(struct addr *addr, struct reader *r)
{
	struct bytes wire = reader_take(r, 16);
	if (wire.data)
		memcpy(addr->bytes, wire.data, 16);
}

/* Ends the layer where the IP packet of that length, begun at start, ends. */
static enum decode_status bound(struct layer *layer, size_t start, uint32_t len)
{
	size_t end = start + len;
	if (end > layer->end_wire && layer->r.bytes.len == layer->end_wire)
		return DECODE_INVALID;
	layer->end_wire = end;
	layer->r.bytes.len = MIN(layer->r.bytes.len, end);
	return DECODE_OK;
}

/* Skips the rest of a header of which done bytes have been read. */
static enum decode_status skip_rest(struct layer *layer, size_t len, size_t done)
{
	enum decode_status status = layer_need(layer, len - done);
	if (status == DECODE_OK)
		reader_skip(&layer->r, len - done);
	return status;
}

/* Authentication header: its length is in words of four bytes, less two. */
static enum decode_status skip_ah(struct layer *layer, uint8_t *next)
{
	enum decode_status status = layer_need(layer, 12);
	if (status != DECODE_OK)
		return status;
	*next = reader_u8(&layer->r);
	size_t len = ((size_t)reader_u8(&layer->r) + 2) * 4;
	return len < 12 ? DECODE_INVALID : skip_rest(layer, len, 2);
}

/* Hop-by-hop, routing, destination options: length in words of eight bytes, less one. */
static enum decode_status skip_options(struct layer *layer, uint8_t *next)
{
	enum decode_status status = layer_need(layer, 8);
	if (status != DECODE_OK)
		return status;
	*next = reader_u8(&layer->r);
	size_t len = ((size_t)reader_u8(&layer->r) + 1) * 8;
	return skip_rest(layer, len, 2);
}

/* An atomic fragment (RFC 6946) is whole; so is, for its ports, the first fragment of a quote. */
static enum decode_status read_fragment(struct ip *ip, struct layer *layer, uint8_t *next)
{
	enum decode_status status = layer_need(layer, 8);
	if (status != DECODE_OK)
		return status;
	*next = reader_u8(&layer->r);
	reader_skip(&layer->r, 1);
	uint16_t place = reader_be16(&layer->r);
	ip->fragment_id = reader_be32(&layer->r);
	ip->fragment_at = place & 0xfff8;
	ip->has_more = place & 1;
	ip->is_fragment = ip->fragment_at || (ip->has_more && !layer->is_quote);
	return DECODE_OK;
}

/* What an authentication header guards, if it is nothing we read, stays its own affair. */
static uint8_t transport_behind_ah(uint8_t next)
{
	switch (next) {
	case TRANSPORT_TCP:
	case TRANSPORT_UDP:
	case TRANSPORT_SCTP:
	case TRANSPORT_ICMP:
	case TRANSPORT_ICMPV6:
	case TRANSPORT_ESP:
		return next;
	default:
		return TRANSPORT_AH;
	}
}

/* IPv4 knows one extension header. */
static enum decode_status read_ah_v4(struct ip *ip, struct layer *layer)
{
	uint8_t next = 0;
	enum decode_status status = skip_ah(layer, &next);
	ip->transport = transport_behind_ah(next);
	return status;
}

/* The chain from ip->transport on; start is where the IP header begins, if that is known. */
static enum decode_status read_chain(struct ip *ip, struct layer *layer, size_t start,
                                     bool is_joined)
{
	uint8_t next = ip->transport;
	bool has_ah = false;
	for (unsigned n = 0; n <= MAX_EXTENSIONS; n++) {
		enum decode_status status;
		switch (next) {
		case NEXT_HOP_BY_HOP:
			/* Only ever the first (RFC 8200 section 4.1). */
			status = n || is_joined ? DECODE_INVALID : skip_options(layer, &next);
			break;
		case NEXT_ROUTING:
		case NEXT_DESTINATION:
			status = skip_options(layer, &next);
			break;
		case TRANSPORT_AH:
			has_ah = true;
			status = skip_ah(layer, &next);
			break;
		case NEXT_FRAGMENT:
			ip->head_len = (uint32_t)(layer->r.at - start);
			status = is_joined ? DECODE_INVALID : read_fragment(ip, layer, &next);
			break;
		case NEXT_MOBILITY:
		case NEXT_HIP:
		case NEXT_SHIM6:
			return DECODE_UNSUPPORTED;
		default:
			ip->transport = has_ah ? transport_behind_ah(next) : next;
			return DECODE_OK;
		}
		if (status != DECODE_OK)
			return status;
		if (ip->is_fragment && !is_joined) {
			ip->transport = next;
			return DECODE_OK;
		}
	}
	return DECODE_UNSUPPORTED;
}

static enum decode_status ipv4_read(struct ip *ip, struct layer *layer)
{
	enum decode_status status = layer_need(layer, IPV4_HEADER_LEN);
	if (status != DECODE_OK)
		return status;
	struct reader *r = &layer->r;
	size_t start = r->at;
	ip->head_len = (reader_u8(r) & 0x0f) * 4u;
	reader_skip(r, 1);
	ip->len = reader_be16(r);
	ip->fragment_id = reader_be16(r);
	uint16_t place = reader_be16(r);
	ip->ttl = reader_u8(r);
	ip->transport = reader_u8(r);
	reader_skip(r, 2);
	take_addr4(ip->src, r);
	take_addr4(ip->dst, r);

	ip->is_len_from_frame = ip->len == 0;
	if (ip->is_len_from_frame)
		ip->len = (uint32_t)(layer->end_wire - start);
	if (ip->head_len < IPV4_HEADER_LEN)
		return DECODE_INVALID;
	if (!layer->is_quote) {
		status = ip->len < ip->head_len ? DECODE_INVALID : bound(layer, start, ip->len);
		if (status != DECODE_OK)
			return status;
	}
	status = skip_rest(layer, ip->head_len, IPV4_HEADER_LEN);
	if (status != DECODE_OK)
		return status;
	ip->constant = place;
	ip->fragment_at = (place & 0x1fffu) * 8;
	ip->has_more = place & MORE_FRAGMENTS_V4;
	ip->is_fragment = ip->fragment_at || (ip->has_more && !layer->is_quote);
	if (ip->transport == TRANSPORT_AH && !ip->is_fragment)
		return read_ah_v4(ip, layer);
	return DECODE_OK;
}

static enum decode_status ipv6_read(struct ip *ip, struct layer *layer)
{
	enum decode_status status = layer_need(layer, IPV6_HEADER_LEN);
	if (status != DECODE_OK)
		return status;
	struct reader *r = &layer->r;
	size_t start = r->at;
	ip->constant = reader_be32(r) & FLOW_LABEL;
	uint32_t payload_len = reader_be16(r);
	ip->transport = reader_u8(r);
	ip->ttl = reader_u8(r);
	take_addr6(ip->src, r);
	take_addr6(ip->dst, r);

	ip->len = IPV6_HEADER_LEN + payload_len;
	ip->is_len_from_frame = payload_len == 0;
	ip->is_fragment = false;
	if (!layer->is_quote) {
		if (ip->is_len_from_frame && ip->transport == NEXT_HOP_BY_HOP)
			return DECODE_UNSUPPORTED; /* a jumbogram: the length is in an option */
		if (ip->is_len_from_frame)
			ip->len = (uint32_t)(layer->end_wire - start);
		status = bound(layer, start, ip->len);
		if (status != DECODE_OK)
			return status;
	}
	return read_chain(ip, layer, start, false);
}

enum decode_status ip_read(struct ip *ip, struct layer *layer, uint8_t version)
{
	enum decode_status status = layer_need(layer, 1);
	if (status != DECODE_OK)
		return status;
	ip->version = reader_peek(&layer->r) >> 4;
	if (version && ip->version != version)
		return DECODE_INVALID;
	if (ip->version == 4)
		return ipv4_read(ip, layer);
	if (ip->version == 6)
		return ipv6_read(ip, layer);
	return DECODE_INVALID;
}

enum decode_status ip_read_joined(struct ip *ip, struct layer *layer)
{
	if (ip->version == 6)
		return read_chain(ip, layer, 0, true);
	return ip->transport == TRANSPORT_AH ? read_ah_v4(ip, layer) : DECODE_OK;
}
