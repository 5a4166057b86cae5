/*
 * Links of two ends: PPP (RFC 1661, RFC 1662) and Cisco's HDLC (RFC 1547 section 4.3.1), as the
 * LINKTYPE_ values PPP, PPP_HDLC, PPP_WITH_DIR and C_HDLC have them. Firewalls and routers capture
 * so on dial-up, LTE and serial interfaces.
 *
 * Address and control may be left out, and a protocol may be one byte, told by its odd first one
 * (RFC 1661 section 6.5). Bytes are as they were before framing: no flags, nothing escaped, no
 * check sequence. What sets a link up is other; what hides IP (compressed, in pieces, encrypted) is
 * unsupported.
 */
#include "decode/priv.h"

enum { PPP_ADDRESS = 0xff, PPP_CONTROL = 0x03, CISCO_UNICAST = 0x0f, CISCO_BROADCAST = 0x8f };

enum decode_status ppp_protocol_read(uint16_t protocol, uint16_t *type)
{
	switch (protocol) {
	case 0x0021:
		*type = ETHERTYPE_IPV4;
		return DECODE_OK;
	case 0x0057:
		*type = ETHERTYPE_IPV6;
		return DECODE_OK;
	case 0x0281:
		*type = 0x8847;
		return DECODE_OK;
	default:
		/* From 0x8000 on protocols set up the others; below, flows may be hidden
		   (compressed, encrypted, in pieces). */
		return protocol >= 0x8000 ? DECODE_OTHER : DECODE_UNSUPPORTED;
	}
}

static enum decode_status ppp_read(struct layer *layer, uint16_t *type)
{
	struct reader *r = &layer->r;
	enum decode_status status = layer_need(layer, 2);
	if (status != DECODE_OK)
		return status;
	if (reader_peek(r) == PPP_ADDRESS) {
		reader_skip(r, 1);
		if (reader_u8(r) != PPP_CONTROL)
			return DECODE_INVALID;
		status = layer_need(layer, 2);
		if (status != DECODE_OK)
			return status;
	}
	uint16_t protocol = reader_peek(r) & 1 ? reader_u8(r) : reader_be16(r);
	return ppp_protocol_read(protocol, type);
}

/* Address, control, and an EtherType. */
static enum decode_status cisco_read(struct layer *layer, uint16_t *type)
{
	enum decode_status status = layer_need(layer, 4);
	if (status != DECODE_OK)
		return status;
	uint8_t address = reader_u8(&layer->r);
	reader_skip(&layer->r, 1);
	*type = reader_be16(&layer->r);
	if (address != CISCO_UNICAST && address != CISCO_BROADCAST)
		return DECODE_INVALID;
	return *type < 0x0600 ? DECODE_OTHER : DECODE_OK;
}

enum decode_status serial_read(struct layer *layer, uint16_t link_type, uint16_t *type)
{
	enum decode_status status = layer_need(layer, 1);
	if (status != DECODE_OK)
		return status;
	if (link_type == LINK_PPP_WITH_DIR)
		reader_skip(&layer->r, 1); /* sent or received */
	uint8_t first = reader_peek(&layer->r);
	bool is_cisco = link_type == LINK_CISCO_HDLC ||
	                (link_type == LINK_PPP_HDLC &&
	                 (first == CISCO_UNICAST || first == CISCO_BROADCAST));
	return is_cisco ? cisco_read(layer, type) : ppp_read(layer, type);
}
