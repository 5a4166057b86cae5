/*
 * Transports: ports, TCP flags and numbers (RFC 9293), and what is payload. UDP (RFC 768), SCTP
 * (RFC 9260) as far as its ports; ICMP is in icmp.c. Protocols without ports are packets with
 * ports 0; IGMP and "no next header" belong to no flow.
 *
 * A packet cut behind its ports is still a packet: what the headers promise is payload_len_wire,
 * what was captured is payload. TCP is of use only with its flags, so there the cut must come
 * behind these.
 */
#include "decode/priv.h"

#define TCP_HEADER_LEN    20
#define TCP_LEN_TO_FLAGS  14
#define UDP_HEADER_LEN    8
#define UDP_LEN_TO_LENGTH 6
#define SCTP_HEADER_LEN   12
#define PORTS_LEN         4

enum { PROTOCOL_IGMP = 2, PROTOCOL_NO_NEXT_HEADER = 59 };

/* The payload begins at offset start, be it captured or not, and is len bytes on the wire. */
static void take_payload(struct packet *packet, const struct layer *layer, size_t start, size_t len)
{
	packet->payload = bytes_take(bytes_skip(layer->r.bytes, start), len);
	packet->payload_len_wire = (uint32_t)len;
}

static enum decode_status tcp_read(struct packet *packet, struct layer *layer)
{
	size_t len = layer_left_wire(layer);
	if (len < TCP_HEADER_LEN)
		return DECODE_INVALID;
	enum decode_status status = layer_need(layer, TCP_LEN_TO_FLAGS);
	if (status != DECODE_OK)
		return status;
	struct reader *r = &layer->r;
	size_t start = r->at;
	packet->src_port = reader_be16(r);
	packet->dst_port = reader_be16(r);
	packet->tcp_seq = reader_be32(r);
	packet->tcp_ack = reader_be32(r);
	uint16_t offset_flags = reader_be16(r);
	packet->tcp_flags = (uint8_t)offset_flags;
	size_t head_len = (offset_flags >> 12) * 4u;
	if (head_len < TCP_HEADER_LEN || head_len > len)
		return DECODE_INVALID;
	take_payload(packet, layer, start + head_len, len - head_len);
	return DECODE_OK;
}

static enum decode_status udp_read(struct packet *packet, struct layer *layer, const struct ip *ip)
{
	size_t left = layer_left_wire(layer);
	if (left < UDP_HEADER_LEN)
		return DECODE_INVALID;
	enum decode_status status = layer_need(layer, PORTS_LEN);
	if (status != DECODE_OK)
		return status;
	struct reader *r = &layer->r;
	size_t start = r->at;
	packet->src_port = reader_be16(r);
	packet->dst_port = reader_be16(r);
	size_t len = left;
	if (reader_left(r) >= UDP_LEN_TO_LENGTH - PORTS_LEN)
		len = reader_be16(r);
	if (len == 0 && ip->is_len_from_frame)
		return DECODE_UNSUPPORTED; /* as jumbograms have it */
	if (len < UDP_HEADER_LEN || len > left)
		return DECODE_INVALID;
	take_payload(packet, layer, start + UDP_HEADER_LEN, len - UDP_HEADER_LEN);
	return DECODE_OK;
}

static enum decode_status sctp_read(struct packet *packet, struct layer *layer)
{
	size_t len = layer_left_wire(layer);
	if (len < SCTP_HEADER_LEN)
		return DECODE_INVALID;
	enum decode_status status = layer_need(layer, PORTS_LEN);
	if (status != DECODE_OK)
		return status;
	size_t start = layer->r.at;
	packet->src_port = reader_be16(&layer->r);
	packet->dst_port = reader_be16(&layer->r);
	take_payload(packet, layer, start + SCTP_HEADER_LEN, len - SCTP_HEADER_LEN);
	return DECODE_OK;
}

enum decode_status transport_read(struct packet *packet, struct layer *layer, const struct ip *ip)
{
	packet->transport = ip->transport;
	packet->quote.transport = 0;
	if (ip->transport == TRANSPORT_TCP)
		return tcp_read(packet, layer);
	packet->tcp_flags = 0;
	packet->tcp_seq = packet->tcp_ack = 0;
	if (ip->transport == TRANSPORT_UDP)
		return udp_read(packet, layer, ip);
	if (ip->transport == TRANSPORT_SCTP)
		return sctp_read(packet, layer);
	packet->src_port = packet->dst_port = 0;
	if (ip->transport == TRANSPORT_ICMP || ip->transport == TRANSPORT_ICMPV6)
		return icmp_read(packet, layer, ip);
	if (ip->transport == PROTOCOL_IGMP || ip->transport == PROTOCOL_NO_NEXT_HEADER)
		return DECODE_OTHER;
	take_payload(packet, layer, layer->r.at, layer_left_wire(layer));
	return DECODE_OK;
}
