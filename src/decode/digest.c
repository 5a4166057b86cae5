/*
 * The digest of a packet: what stays the same from one place of the network to the next, and a
 * number for the place.
 *
 * Taken in are the fields that RFC 791, RFC 8200 and RFC 6437 let no hop change. Left out are the
 * traffic class, which any hop may mark anew (RFC 2474, RFC 3168), and options and extension
 * headers, some of which are made to be changed on the way. The checksum of TCP and UDP is left out
 * because a copy taken inside the sender shows it before the network card filled it in; two packets
 * that differ in nothing else have the same content.
 *
 * A datagram that was joined has the digest of one that never was in pieces, so that a copy from
 * before the router that cut it up is known.
 *
 * The digest is keyed: who could make two packets of one digest could hide one behind the other.
 */
#include "decode/priv.h"

#define HEAD_LEN     40 /* of what is behind the IP header */
#define TCP_CHECKSUM 16
#define UDP_CHECKSUM 6

/* All whole words: hashed as bytes, of IPv4 without the last two. */
struct digest_head {
	uint64_t fields[2];
	uint64_t low[2]; /* lower halves of the addresses */
	uint8_t bytes[HEAD_LEN];
	uint64_t high[2];
};
_Static_assert(sizeof(struct digest_head) == 6 * 8 + HEAD_LEN, "has no holes");

/* In the fields' spare bits: how much of bytes there is; and the outermost VLAN + 1, where VLANs
 * are kept apart. */
#define SHIFT_VERSION  60
#define SHIFT_CAPTURED 20
#define SHIFT_VLAN     50

void digest_place_bytes(struct packet *packet, struct bytes bytes)
{
	uint64_t words[3] = { 0 };

	if (bytes.len == 0)
		return;
	memcpy(words, bytes.data, MIN(bytes.len, sizeof(words)));
	for (size_t i = 0; i < (bytes.len + 7) / 8; i++)
		digest_place(packet, words[i]);
}

/* Where the transport keeps its checksum; 0: nowhere that is left out. */
static uint8_t checksum_at(const struct ip *ip)
{
	if (ip->is_fragment && ip->fragment_at)
		return 0;
	switch (ip->transport) {
	case TRANSPORT_TCP:
		return TCP_CHECKSUM;
	case TRANSPORT_UDP:
		return UDP_CHECKSUM;
	default:
		return 0;
	}
}

void digest_note_ip(struct packet *packet, const struct ip *ip, const struct layer *layer)
{
	bool is_fragment6 = ip->is_fragment && ip->version == 6;
	uint32_t place = is_fragment6 ? ip->fragment_at | ip->has_more : 0;

	packet->ip.fields[0] = (uint64_t)ip->version << SHIFT_VERSION |
	                       (uint64_t)ip->transport << 48 | (uint64_t)place << 32 | ip->constant;
	packet->ip.fields[1] = (uint64_t)ip->len << 32;
	if (ip->version == 4 || is_fragment6)
		packet->ip.fields[1] |= ip->fragment_id;
	packet->ip.checksum_at = checksum_at(ip);
	packet->ip.payload = bytes_skip(layer->r.bytes, layer->r.at);
}

static inline void take_addr(const struct addr *addr, uint64_t *low, uint64_t *high)
{
	memcpy(high, addr->bytes, sizeof(*high));
	memcpy(low, addr->bytes + sizeof(*high), sizeof(*low));
}

static void finish_place(struct packet *packet)
{
	struct packet_ip *ip = &packet->ip;

	for (unsigned i = 0; i < packet->n_vlans; i++)
		digest_place(packet, packet->vlans[i] + UINT64_C(1));
	for (unsigned i = 0; i < packet->n_tunnels; i++) {
		const struct packet_tunnel *tunnel = &packet->tunnels[i];
		digest_place(packet, (uint64_t)tunnel->kind << 32 | tunnel->id);
		digest_place_bytes(packet, BYTES(tunnel->src.bytes, sizeof(tunnel->src.bytes)));
		digest_place_bytes(packet, BYTES(tunnel->dst.bytes, sizeof(tunnel->dst.bytes)));
	}
	digest_place(packet, packet->ttl);
	packet->digest.place = (uint32_t)(ip->place ^ ip->place >> 32);
}

void digest_finish(struct packet *packet, const struct hash_wide_key *key, bool with_vlan)
{
	const struct packet_ip *ip = &packet->ip;
	struct bytes first = bytes_take(ip->payload, HEAD_LEN);
	struct bytes rest = bytes_skip(ip->payload, HEAD_LEN);
	uint64_t vlan = with_vlan && packet->n_vlans ? packet->vlans[0] + UINT64_C(1) : 0;
	struct digest_head head;

	head.fields[0] = ip->fields[0] | (uint64_t)first.len << SHIFT_CAPTURED;
	head.fields[1] = ip->fields[1] | vlan << SHIFT_VLAN;
	take_addr(&packet->src, &head.low[0], &head.high[0]);
	take_addr(&packet->dst, &head.low[1], &head.high[1]);
	if (__builtin_expect(first.len == HEAD_LEN, 1)) {
		memcpy(head.bytes, first.data, HEAD_LEN);
	} else {
		memset(head.bytes, 0, HEAD_LEN);
		if (first.len)
			memcpy(head.bytes, first.data, first.len);
	}
	if (ip->checksum_at)
		memset(head.bytes + ip->checksum_at, 0, 2);
	size_t len = ip->fields[0] >> SHIFT_VERSION == 4 ? offsetof(struct digest_head, high)
	                                                 : sizeof(head);
	packet->digest.head = hash_wide(key, BYTES((const uint8_t *)&head, len));
	packet->digest.body = rest.len ? hash_wide(key, rest) : 0;
	packet->digest.captured = (uint16_t)MIN(rest.len, (size_t)UINT16_MAX);
	finish_place(packet);
}
