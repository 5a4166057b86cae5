#include "test_flow_packets.h"

static const struct hash_key key = { 1, 2 };

static struct flow_key key_of(const struct hash_key *hash_key, bool with_vlan,
                              const struct packet *packet)
{
	struct flow_key out;

	flow_key_of_packet(&out, hash_key, with_vlan, packet);
	return out;
}

Test(flow_key, both_directions_have_one_hash)
{
	struct packet there = udp(CLIENT, 1, 0), back = udp(SERVER, 1, 0);
	struct flow_key a = key_of(&key, false, &there);
	struct flow_key b = key_of(&key, false, &back);

	cr_assert_eq(a.hash, b.hash);
	cr_assert_not(a.is_swapped);
	cr_assert(b.is_swapped);
}

Test(flow_key, equal_addresses_are_ordered_by_port)
{
	struct packet there = udp(CLIENT, 1, 0), back = udp(SERVER, 1, 0);

	there.dst = there.src;
	back.src = back.dst = there.src;
	struct flow_key a = key_of(&key, false, &there);
	struct flow_key b = key_of(&key, false, &back);
	cr_assert_eq(a.hash, b.hash);
	cr_assert_neq(a.is_swapped, b.is_swapped);
}

Test(flow_key, every_field_counts)
{
	struct packet base = udp(CLIENT, 1, 0), other;
	uint64_t hash = key_of(&key, true, &base).hash;
	struct hash_key another = { 1, 3 };

	other = base, other.src = addr_from_ipv4(0x0a000003);
	cr_assert_neq(key_of(&key, true, &other).hash, hash);
	other = base, other.dst = addr_from_ipv4(0x0a000003);
	cr_assert_neq(key_of(&key, true, &other).hash, hash);
	other = base, other.src_port++;
	cr_assert_neq(key_of(&key, true, &other).hash, hash);
	other = base, other.dst_port++;
	cr_assert_neq(key_of(&key, true, &other).hash, hash);
	other = base, other.transport = TRANSPORT_TCP;
	cr_assert_neq(key_of(&key, true, &other).hash, hash);
	other = base, other.n_vlans = 1, other.vlans[0] = 7;
	cr_assert_neq(key_of(&key, true, &other).hash, hash);
	cr_assert_eq(key_of(&key, false, &other).hash, key_of(&key, false, &base).hash);
	cr_assert_neq(key_of(&another, true, &base).hash, hash);
}

/* The ports are swapped but not the addresses: another flow. */
Test(flow_key, crossed_ports_are_another_flow)
{
	struct packet a = udp(CLIENT, 1, 0), b = a;
	unsigned side;

	b.src_port = a.dst_port;
	b.dst_port = a.src_port;
	struct flow flow = flow_from(&a);
	struct flow_key k = key_of(&key, false, &b);
	cr_assert_neq(k.hash, key_of(&key, false, &a).hash);
	cr_assert_not(flow_key_matches(&k, false, &flow, &side));
}

Test(flow_key, ipv6_ends_are_hashed_in_full)
{
	struct packet a = udp(CLIENT, 1, 0), b;

	cr_assert(addr_parse(&a.src, "2001:db8::1"));
	b = a;
	cr_assert(addr_parse(&b.src, "2001:db9::1"));
	cr_assert_neq(key_of(&key, false, &a).hash, key_of(&key, false, &b).hash);
}

Test(flow_key, ipv6_ends_that_differ_in_their_first_half_only)
{
	struct packet there = udp(CLIENT, 1, 0), back;

	cr_assert(addr_parse(&there.src, "2001:db8::1"));
	cr_assert(addr_parse(&there.dst, "2001:db8:1::1"));
	back = there;
	back.src = there.dst;
	back.dst = there.src;
	back.src_port = there.dst_port;
	back.dst_port = there.src_port;
	struct flow_key a = key_of(&key, false, &there), b = key_of(&key, false, &back);
	cr_assert_eq(a.hash, b.hash);
	cr_assert_neq(a.is_swapped, b.is_swapped);
}

Test(flow_key, a_quote_has_the_key_of_what_it_quotes)
{
	struct packet there = udp(CLIENT, 1, 0), icmp = icmp_about(&there, 3, 3, 0);

	cr_assert_eq(key_of(&key, false, &icmp).hash, key_of(&key, false, &there).hash);
}

Test(flow_key, matches_says_which_side_sent)
{
	struct packet there = udp(CLIENT, 1, 0), back = udp(SERVER, 1, 0);
	struct flow flow = flow_from(&there);
	struct flow_key a = key_of(&key, false, &there);
	struct flow_key b = key_of(&key, false, &back);
	unsigned side = 9;

	cr_assert(flow_key_matches(&a, false, &flow, &side));
	cr_assert_eq(side, 0);
	cr_assert(flow_key_matches(&b, false, &flow, &side));
	cr_assert_eq(side, 1);
	flow.transport = TRANSPORT_TCP;
	cr_assert_not(flow_key_matches(&a, false, &flow, &side));
}

Test(flow_key, vlan_matters_only_if_asked)
{
	struct packet there = udp(CLIENT, 1, 0);
	unsigned side;

	there.n_vlans = 1;
	there.vlans[0] = 7;
	struct flow flow = flow_from(&there);
	struct flow_key with = key_of(&key, true, &there);
	cr_assert(flow_key_matches(&with, false, &flow, &side));
	cr_assert_not(flow_key_matches(&with, true, &flow, &side));
	flow.vlan = 7;
	cr_assert(flow_key_matches(&with, true, &flow, &side));
}
