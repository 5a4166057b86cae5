/*
 * Link layers: from the first byte of a frame to the first byte of its IP header.
 *
 * Ethernet II and IEEE 802.3 with LLC/SNAP (RFC 1042), VLAN tags of IEEE 802.1Q and 802.1ad and
 * the two older values for the outer tag, Linux cooked captures (LINKTYPE_LINUX_SLL and SLL2), raw
 * IP, the BSD loopback header, whose address family is in the byte order and with the numbers of
 * the machine that captured, PPP and its like (serial.c), PPPoE without Ethernet, and Linux netfilter
 * logs (LINKTYPE_NFLOG): attributes in the byte order of the machine, one of them the IP packet.
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
	LINK_PPPOE = 51,
	LINK_RAW_FILE = 101,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_NFLOG = 239,
	LINK_SLL2 = 276,
};

enum { SLL_PROTOCOL_802_2 = 0x0004, ARPHRD_NETLINK = 824 };

enum { NFLOG_PAYLOAD = 9 }; /* an attribute, NFULA_PAYLOAD */
#define NFLOG_ATTRIBUTE_LEN 4u /* length, which counts itself, and type */
/* The rule that logs may have the packet cut, without a word of it: as if by a snaplen. */
#define NFLOG_CUT UINT16_MAX

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
	digest_place_macs(packet, reader_take(&layer->r, 12));
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
	digest_place_bytes(packet, reader_take(&layer->r, 2)); /* packet type: in, out, ... */
	uint16_t hardware = reader_be16(&layer->r);
	digest_place_bytes(packet, reader_take(&layer->r, 10)); /* address length, address */
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
	digest_place_bytes(packet, reader_take(&layer->r, 6)); /* reserved, interface index */
	uint16_t hardware = reader_be16(&layer->r);
	/* Packet type, address length, address. */
	digest_place_bytes(packet, reader_take(&layer->r, 10));
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

/* One attribute of a netfilter log; attribute types are small, which tells the byte order. */
static bool attribute_read(struct layer *layer, uint16_t *len, uint16_t *type)
{
	uint16_t big_len = reader_be16(&layer->r);
	uint16_t big_type = reader_be16(&layer->r);
	bool is_little = big_type > 0xff;
	*len = is_little ? __builtin_bswap16(big_len) : big_len;
	*type = is_little ? __builtin_bswap16(big_type) : big_type;
	return *len >= NFLOG_ATTRIBUTE_LEN;
}

static enum decode_status nflog_version(uint8_t family, uint8_t *version)
{
	switch (family) {
	case 2: /* AF_INET */
		*version = 4;
		return DECODE_OK;
	case 10: /* AF_INET6 */
		*version = 6;
		return DECODE_OK;
	case 3: /* NFPROTO_ARP */
		return DECODE_OTHER;
	default: /* a bridge's, whose packet may be anything */
		return DECODE_UNSUPPORTED;
	}
}

static enum decode_status nflog_read(struct layer *layer, uint8_t *version)
{
	enum decode_status status = layer_need(layer, 4);
	if (status != DECODE_OK)
		return status;
	uint8_t family = reader_u8(&layer->r);
	uint8_t nflog_version_number = reader_u8(&layer->r);
	reader_skip(&layer->r, 2); /* group */
	if (nflog_version_number != 0)
		return DECODE_UNSUPPORTED;
	for (;;) { /* each turn takes four bytes at least */
		uint16_t len, type;
		status = layer_need(layer, NFLOG_ATTRIBUTE_LEN);
		if (status != DECODE_OK)
			return status;
		if (!attribute_read(layer, &len, &type))
			return DECODE_INVALID;
		len -= NFLOG_ATTRIBUTE_LEN;
		if (len > layer_left_wire(layer))
			return DECODE_INVALID;
		if (type == NFLOG_PAYLOAD) {
			layer->end_wire = layer->r.at + len;
			layer->r.bytes.len = MIN(layer->r.bytes.len, layer->end_wire);
			layer->end_wire += NFLOG_CUT;
			return nflog_version(family, version);
		}
		size_t padded = MIN((len + 3u) / 4 * 4, layer_left_wire(layer));
		status = layer_need(layer, padded);
		if (status != DECODE_OK)
			return status;
		reader_skip(&layer->r, padded);
	}
}

static enum decode_status serial_link_read(struct layer *layer, uint16_t link_type,
                                           struct packet *packet, uint8_t *version)
{
	uint16_t type;
	enum decode_status status = serial_read(layer, link_type, &type);
	return status == DECODE_OK ? ether_payload_read(layer, type, packet, version) : status;
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
	case LINK_PPP:
	case LINK_PPP_HDLC:
	case LINK_PPP_WITH_DIR:
	case LINK_CISCO_HDLC:
		return serial_link_read(layer, link_type, packet, version);
	case LINK_PPPOE:
		return ether_payload_read(layer, 0x8864, packet, version);
	case LINK_NFLOG:
		return nflog_read(layer, version);
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

static const struct {
	uint16_t link_type;
	bool is_read; /* else only its name is known */
	const char *word;
} links[] = {
	{ LINK_NULL, true, "bsd-null" },
	{ LINK_ETHERNET, true, "ethernet" },
	{ LINK_PPP, true, "ppp" },
	{ LINK_RAW, true, "raw-ip" },
	{ LINK_RAW_OPENBSD, true, "raw-ip" },
	{ LINK_PPP_HDLC, true, "ppp-hdlc" },
	{ LINK_PPPOE, true, "pppoe" },
	{ LINK_RAW_FILE, true, "raw-ip" },
	{ LINK_CISCO_HDLC, true, "cisco-hdlc" },
	{ LINK_LOOP, true, "bsd-loop" },
	{ LINK_SLL, true, "linux-cooked-v1" },
	{ LINK_PPP_WITH_DIR, true, "ppp-with-direction" },
	{ LINK_IPV4, true, "raw-ipv4" },
	{ LINK_IPV6, true, "raw-ipv6" },
	{ LINK_NFLOG, true, "nflog" },
	{ LINK_SLL2, true, "linux-cooked-v2" },
	{ 105, false, "802.11" },
	{ 117, false, "pflog" },
	{ 119, false, "802.11-prism" },
	{ 127, false, "802.11-radiotap" },
	{ 163, false, "802.11-avs" },
	{ 189, false, "usb-linux" },
	{ 192, false, "ppi" },
	{ 220, false, "usb-linux" },
	{ 249, false, "usbpcap" },
};

const char *decode_link_type_word(uint16_t link_type, char buffer[24])
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (links[i].link_type == link_type)
			return links[i].word;
	snprintf(buffer, 24, "link type %u", link_type);
	return buffer;
}

bool decode_reads_link_type(uint16_t link_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (links[i].link_type == link_type)
			return links[i].is_read;
	return false;
}
