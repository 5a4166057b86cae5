/*
 * The key of a flow: the 5-tuple, both directions alike. The two ends are put in order (any order
 * does, if both directions agree) and hashed once; the upper half of the hash chooses the shard,
 * the lower one the slot. Addresses whose first half is zero, as IPv4's are here, are hashed in a
 * shorter form; SipHash counts the length in, so that the two forms cannot be taken for each other.
 *
 * Every packet comes through here, so addresses are handled as words, not bytes. The order exists
 * for the hash only: which end is side 0 of a flow is decided by its first packet.
 */
#include "priv.h"

static struct flow_end end_of(const struct addr *addr, uint16_t port)
{
	struct flow_end end = { .port = port };

	memcpy(end.addr, addr->bytes, sizeof(end.addr));
	return end;
}

static bool end_is_after(const struct flow_end *a, const struct flow_end *b)
{
	if (a->addr[1] != b->addr[1])
		return a->addr[1] > b->addr[1];
	if (a->addr[0] != b->addr[0])
		return a->addr[0] > b->addr[0];
	return a->port > b->port;
}

static bool end_is(const struct flow_end *end, const struct addr *addr, uint16_t port)
{
	uint64_t words[2];

	memcpy(words, addr->bytes, sizeof(words));
	return end->port == port && end->addr[0] == words[0] && end->addr[1] == words[1];
}

static void key_finish(struct flow_key *k, const struct hash_key *key)
{
	k->is_swapped = end_is_after(&k->src, &k->dst);
	const struct flow_end *low = k->is_swapped ? &k->dst : &k->src;
	const struct flow_end *high = k->is_swapped ? &k->src : &k->dst;
	uint64_t form[5] = {
		(uint64_t)low->port << 48 | (uint64_t)high->port << 32 | (uint64_t)k->vlan << 8 |
		        k->transport,
		low->addr[1],
		high->addr[1],
		low->addr[0],
		high->addr[0],
	};
	size_t n = low->addr[0] || high->addr[0] ? 5 : 3;

	k->hash = hash_bytes(key, BYTES((const uint8_t *)form, n * sizeof(form[0])));
}

void flow_key_of_packet(struct flow_key *out, const struct hash_key *key, bool with_vlan,
                        const struct packet *packet)
{
	const struct packet_quote *quote = &packet->quote;

	out->vlan = with_vlan && packet->n_vlans > 0 ? packet->vlans[0] : FLOW_NO_VLAN;
	if (quote->transport) {
		out->src = end_of(&quote->src, quote->src_port);
		out->dst = end_of(&quote->dst, quote->dst_port);
		out->transport = quote->transport;
	} else {
		out->src = end_of(&packet->src, packet->src_port);
		out->dst = end_of(&packet->dst, packet->dst_port);
		out->transport = packet->transport;
	}
	key_finish(out, key);
}

void flow_key_of_flow(struct flow_key *out, const struct hash_key *key, bool with_vlan,
                      const struct flow *flow)
{
	out->vlan = with_vlan ? flow->vlan : FLOW_NO_VLAN;
	out->src = end_of(&flow->addr[0], flow->port[0]);
	out->dst = end_of(&flow->addr[1], flow->port[1]);
	out->transport = flow->transport;
	key_finish(out, key);
}

bool flow_key_matches(const struct flow_key *key, bool with_vlan, const struct flow *flow,
                      unsigned *side)
{
	if (key->transport != flow->transport || (with_vlan && key->vlan != flow->vlan))
		return false;
	for (unsigned s = 0; s < 2; s++)
		if (end_is(&key->src, &flow->addr[s], flow->port[s]) &&
		    end_is(&key->dst, &flow->addr[!s], flow->port[!s])) {
			*side = s;
			return true;
		}
	return false;
}
