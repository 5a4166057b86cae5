/*
 * ICMP (RFC 792) and ICMPv6 (RFC 4443). An error quotes the packet it is about; the quote names
 * the flow that could not be served, so it is read like a packet, except that its lengths promise
 * what was sent and not what is here. Eight bytes behind its IP header are enough (RFC 792).
 *
 * Echo and timestamp are conversations of their own, without ports. Everything else (router and
 * neighbour discovery, MLD, ...) keeps the network running and belongs to no flow; so does an
 * error about a later fragment or about other ICMP, or whose quote ends too early: it names no
 * flow.
 */
#include "decode/priv.h"

#define ICMP_HEADER_LEN  8
#define ICMP_LEN_TO_CODE 2
#define QUOTE_MIN_PORTS  4

/* What a message of that type means to flows. */
enum icmp_kind { ICMP_HOUSEKEEPING, ICMP_CONVERSATION, ICMP_ERROR };

static enum icmp_kind kind_v4(uint8_t type)
{
	switch (type) {
	case 3:  /* destination unreachable */
	case 4:  /* source quench */
	case 5:  /* redirect */
	case 11: /* time exceeded */
	case 12: /* parameter problem */
		return ICMP_ERROR;
	case 0:  /* echo reply */
	case 8:  /* echo */
	case 13: /* timestamp */
	case 14: /* timestamp reply */
		return ICMP_CONVERSATION;
	default:
		return ICMP_HOUSEKEEPING;
	}
}

static enum icmp_kind kind_v6(uint8_t type)
{
	if (type >= 1 && type <= 4) /* unreachable, too big, time exceeded, parameter problem */
		return ICMP_ERROR;
	return type == 128 || type == 129 ? ICMP_CONVERSATION : ICMP_HOUSEKEEPING;
}

static enum icmp_kind kind_of(uint8_t transport, uint8_t type)
{
	return transport == TRANSPORT_ICMP ? kind_v4(type) : kind_v6(type);
}

/* The quoted transport: ports if it has them. */
static enum decode_status quoted_transport_read(struct packet_quote *quote, struct layer *layer,
                                                uint8_t transport)
{
	enum decode_status status;
	quote->src_port = quote->dst_port = 0;
	switch (transport) {
	case TRANSPORT_TCP:
	case TRANSPORT_UDP:
	case TRANSPORT_SCTP:
		status = layer_need(layer, QUOTE_MIN_PORTS);
		if (status != DECODE_OK)
			return status;
		quote->src_port = reader_be16(&layer->r);
		quote->dst_port = reader_be16(&layer->r);
		break;
	case TRANSPORT_ICMP:
	case TRANSPORT_ICMPV6:
		status = layer_need(layer, 1);
		if (status != DECODE_OK)
			return status;
		if (kind_of(transport, reader_u8(&layer->r)) != ICMP_CONVERSATION)
			return DECODE_OTHER;
		break;
	case 0: /* would read as "no quote" */
		return DECODE_OTHER;
	default:
		break;
	}
	quote->transport = transport;
	return DECODE_OK;
}

static enum decode_status quote_read(struct packet_quote *quote, struct layer *layer,
                                     uint8_t version)
{
	struct ip ip = { .src = &quote->src, .dst = &quote->dst };
	layer->is_quote = true;
	enum decode_status status = ip_read(&ip, layer, version);
	if (status != DECODE_OK)
		return status;
	if (ip.is_fragment)
		return DECODE_OTHER;
	return quoted_transport_read(quote, layer, ip.transport);
}

enum decode_status icmp_read(struct packet *packet, struct layer *layer, const struct ip *ip)
{
	size_t len = layer_left_wire(layer);
	if (len < ICMP_HEADER_LEN)
		return DECODE_INVALID;
	enum decode_status status = layer_need(layer, ICMP_LEN_TO_CODE);
	if (status != DECODE_OK)
		return status;
	struct reader *r = &layer->r;
	size_t start = r->at;
	packet->icmp_type = reader_u8(r);
	packet->icmp_code = reader_u8(r);
	packet->payload = bytes_skip(r->bytes, start + ICMP_HEADER_LEN);
	packet->payload_len_wire = (uint32_t)(len - ICMP_HEADER_LEN);
	switch (kind_of(ip->transport, packet->icmp_type)) {
	case ICMP_ERROR:
		status = layer_need(layer, ICMP_HEADER_LEN - ICMP_LEN_TO_CODE);
		if (status != DECODE_OK)
			return status;
		reader_skip(r, ICMP_HEADER_LEN - ICMP_LEN_TO_CODE);
		return quote_read(&packet->quote, layer, ip->transport == TRANSPORT_ICMP ? 4 : 6);
	case ICMP_CONVERSATION:
		return DECODE_OK;
	default:
		return DECODE_OTHER;
	}
}
