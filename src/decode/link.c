/*
 * Link layers: from the first byte of a frame to the first byte of its IP header.
 *
 * Ethernet II and IEEE 802.3 with LLC/SNAP (RFC 1042), VLAN tags of IEEE 802.1Q and 802.1ad and
 * the two older values for the outer tag, Linux cooked captures (LINKTYPE_LINUX_SLL and SLL2), raw
 * IP, and the BSD loopback header, whose address family is in the byte order and with the numbers
 * of the machine that captured.
 *
 * What stands between Ethernet and IP and can be opened (MPLS, PPPoE, 802.1ah) is in shim.c. What
 * cannot (MACsec, VN-Tag, ...) is unsupported, not "other", since flows may hide in it.
 */
#include "decode/priv.h"

/* More tags than this is no network we know; only PACKET_MAX_VLANS of them are kept. */
#define MAX_TAGS 8

#define ETHERTYPE_MIN 0x0600 /* below: a length */
#define ETHER_LEN_MAX 1500

/* LINKTYPE_ values, and the two that libpcap has for raw IP on some systems. */
enum link_type {
	LINK_NULL = 0,
	LINK_RAW = 12,
	LINK_RAW_OPENBSD = 14,
	LINK_RAW_FILE = 101,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276,
};

enum { SLL_PROTOCOL_802_2 = 0x0004, ARPHRD_NETLINK = 824 };

bool link_is_vlan_tag(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200;
}

/* Ends every road that leads to an EtherType other than a VLAN tag. */
static enum decode_status take_ethertype(uint16_t type, uint8_t *version)
{
	switch (type) {
	case ETHERTYPE_IPV4:
		*version = 4;
		return DECODE_OK;
	case ETHERTYPE_IPV6:
		*version = 6;
		return DECODE_OK;
	case 0x6558: /* transparent Ethernet bridging */
	case 0x8870: /* jumbo frame with LLC */
	case 0x88e5: /* MACsec */
	case 0x8926: /* VN-Tag */
	case 0x894f: /* network service header */
		return DECODE_UNSUPPORTED;
	default:
		return link_is_vlan_tag(type) ? DECODE_UNSUPPORTED : DECODE_OTHER;
	}
}

/* LLC: only SNAP carries IP (RFC 1042); 0000f8 is the bridge-tunnel OUI of IEEE 802.1H. */
static enum decode_status llc_read(struct layer *layer, uint8_t *version)
{
	enum decode_status status = layer_need(layer, 3);
	if (status != DECODE_OK)
		return status;
	if (reader_be24(&layer->r) != 0xaaaa03)
		return DECODE_OTHER;
	status = layer_need(layer, 5);
	if (status != DECODE_OK)
		return status;
	uint32_t oui = reader_be24(&layer->r);
	uint16_t type = reader_be16(&layer->r);
	return oui == 0x000000 || oui == 0x0000f8 ? take_ethertype(type, version) : DECODE_OTHER;
}

/* An IEEE 802.3 frame says its length, without padding. */
static enum decode_status ether_length_read(struct layer *layer, uint16_t len, uint8_t *version)
{
	if (len > ETHER_LEN_MAX || len > layer_left_wire(layer))
		return DECODE_INVALID;
	layer->end_wire = layer->r.at + len;
	layer->r.bytes.len = MIN(layer->r.bytes.len, layer->end_wire);
	return llc_read(layer, version);
}

static enum decode_status tags_read(struct layer *layer, struct packet *packet, uint16_t *type)
{
	for (unsigned n_tags = 0; link_is_vlan_tag(*type); n_tags++) {
		if (n_tags == MAX_TAGS)
			return DECODE_UNSUPPORTED;
		enum decode_status status = layer_need(layer, 4);
		if (status != DECODE_OK)
			return status;
		uint16_t control = reader_be16(&layer->r);
		*type = reader_be16(&layer->r);
		if (packet->n_vlans < PACKET_MAX_VLANS)
			packet->vlans[packet->n_vlans++] = control & 0x0fff;
	}
	return DECODE_OK;
}

/*
 * From behind an EtherType on: VLAN tags and shims, then what they carry. Ends, since each shim is
 * one more tunnel, of which there may be PACKET_MAX_TUNNELS.
 */
static enum decode_status ether_payload_read(struct layer *layer, uint16_t type,
                                             struct packet *packet, uint8_t *version)
{
	for (;;) {
		if (__builtin_expect(type == ETHERTYPE_IPV4, 1)) {
			*version = 4;
			return DECODE_OK;
		}
		enum decode_status status = tags_read(layer, packet, &type);
		if (status != DECODE_OK)
			return status;
		if (type < ETHERTYPE_MIN)
			return ether_length_read(layer, type, version);
		if (!shim_is_known(type))
			return take_ethertype(type, version);
		status = shim_open(layer, packet, &type);
		if (status != DECODE_OK)
			return status;
	}
}

static enum decode_status ethernet_read(struct layer *layer, struct packet *packet,
                                        uint8_t *version)
{
	enum decode_status status = layer_need(layer, 14);
	if (status != DECODE_OK)
		return status;
	reader_skip(&layer->r, 12);
	uint16_t type = reader_be16(&layer->r);
	return ether_payload_read(layer, type, packet, version);
}

/* Cooked protocol numbers are EtherTypes, except that small ones are Linux's own. */
static enum decode_status cooked_payload_read(struct layer *layer, uint16_t hardware, uint16_t type,
                                              struct packet *packet, uint8_t *version)
{
	if (hardware == ARPHRD_NETLINK)
		return DECODE_OTHER;
	if (type == SLL_PROTOCOL_802_2)
		return llc_read(layer, version);
	if (type < ETHERTYPE_MIN)
		return DECODE_OTHER;
	return ether_payload_read(layer, type, packet, version);
}

static enum decode_status cooked_v1_read(struct layer *layer, struct packet *packet,
                                         uint8_t *version)
{
	enum decode_status status = layer_need(layer, 16);
	if (status != DECODE_OK)
		return status;
	reader_skip(&layer->r, 2); /* packet type */
	uint16_t hardware = reader_be16(&layer->r);
	reader_skip(&layer->r, 10); /* address length, address */
	uint16_t type = reader_be16(&layer->r);
	return cooked_payload_read(layer, hardware, type, packet, version);
}

static enum decode_status cooked_v2_read(struct layer *layer, struct packet *packet,
                                         uint8_t *version)
{
	enum decode_status status = layer_need(layer, 20);
	if (status != DECODE_OK)
		return status;
	uint16_t type = reader_be16(&layer->r);
	reader_skip(&layer->r, 6); /* reserved, interface index */
	uint16_t hardware = reader_be16(&layer->r);
	reader_skip(&layer->r, 10); /* packet type, address length, address */
	return cooked_payload_read(layer, hardware, type, packet, version);
}

static enum decode_status bsd_read(struct layer *layer, bool is_network_order, uint8_t *version)
{
	enum decode_status status = layer_need(layer, 4);
	if (status != DECODE_OK)
		return status;
	uint32_t family = reader_be32(&layer->r);
	/* Families are below 65536, so the half that is zero tells the byte order. */
	if (!is_network_order && family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		*version = 4;
		return DECODE_OK;
	case 10: /* Linux */
	case 23: /* Windows */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		*version = 6;
		return DECODE_OK;
	default:
		return DECODE_OTHER;
	}
}

enum decode_status link_read(struct layer *layer, uint16_t link_type, struct packet *packet,
                             uint8_t *version)
{
	*version = 0;
	switch (link_type) {
	case LINK_ETHERNET:
		return ethernet_read(layer, packet, version);
	case LINK_SLL:
		return cooked_v1_read(layer, packet, version);
	case LINK_SLL2:
		return cooked_v2_read(layer, packet, version);
	case LINK_NULL:
		return bsd_read(layer, false, version);
	case LINK_LOOP:
		return bsd_read(layer, true, version);
	case LINK_RAW:
	case LINK_RAW_OPENBSD:
	case LINK_RAW_FILE:
		return DECODE_OK;
	case LINK_IPV4:
		*version = 4;
		return DECODE_OK;
	case LINK_IPV6:
		*version = 6;
		return DECODE_OK;
	default:
		return DECODE_UNSUPPORTED;
	}
}

const char *decode_link_type_word(uint16_t link_type, char buffer[24])
{
	static const struct {
		uint16_t link_type;
		const char *word;
	} words[] = {
		{ LINK_NULL, "bsd-null" },       { LINK_ETHERNET, "ethernet" },
		{ LINK_RAW, "raw-ip" },          { LINK_RAW_OPENBSD, "raw-ip" },
		{ LINK_RAW_FILE, "raw-ip" },     { LINK_LOOP, "bsd-loop" },
		{ LINK_SLL, "linux-cooked-v1" }, { LINK_IPV4, "raw-ipv4" },
		{ LINK_IPV6, "raw-ipv6" },       { LINK_SLL2, "linux-cooked-v2" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].link_type == link_type)
			return words[i].word;
	snprintf(buffer, 24, "link type %u", link_type);
	return buffer;
}
