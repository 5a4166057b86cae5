#include "test_flow_packets.h"

#define A 0xc0000201 /* 192.0.2.1 */
#define B 0xc0000202

static struct packet_tunnel tunnel(enum tunnel_kind kind, uint32_t id, uint16_t src_port)
{
	return (struct packet_tunnel){ .kind = (uint8_t)kind,
		                       .transport = 17,
		                       .src_port = src_port,
		                       .dst_port = 4789,
		                       .id = id,
		                       .src = addr_from_ipv4(A),
		                       .dst = addr_from_ipv4(B) };
}

static struct packet in_one(struct packet_tunnel outer)
{
	struct packet p = udp(CLIENT, 10, S(1));

	p.n_tunnels = 1;
	p.tunnels[0] = outer;
	return p;
}

static struct flow_tunnels *new_tunnels(size_t max_bytes)
{
	struct flow_tunnels *tunnels;

	cr_assert_eq(flow_tunnels_new(&tunnels, NULL, max_bytes), 0);
	return tunnels;
}

Test(flow_tunnels, none)
{
	_cleanup_(flow_tunnels_freep) struct flow_tunnels *tunnels = new_tunnels(1 << 20);
	struct packet p = udp(CLIENT, 10, S(1));

	cr_assert_eq(flow_tunnels_put(tunnels, &p), 0);
	cr_assert_eq(flow_tunnels_get(tunnels, 0).n, 0);
	cr_assert_eq(flow_tunnels_get_dropped(tunnels), 0);
	cr_assert_null(flow_tunnels_free(NULL));
}

/* A difference in any field, or in how many there are, is another stack. */
Test(flow_tunnels, each_field_counts)
{
	_cleanup_(flow_tunnels_freep) struct flow_tunnels *tunnels = new_tunnels(1 << 20);
	struct packet packets[9];
	uint32_t numbers[9];

	for (int i = 0; i < 9; i++)
		packets[i] = in_one(tunnel(TUNNEL_VXLAN, 5001, 50000));
	packets[1].tunnels[0].kind = TUNNEL_GENEVE;
	packets[2].tunnels[0].transport = 47;
	packets[3].tunnels[0].src_port = 50001;
	packets[4].tunnels[0].dst_port = 8472;
	packets[5].tunnels[0].id = 5002;
	packets[6].tunnels[0].src = addr_from_ipv4(B);
	packets[7].tunnels[0].dst = addr_from_ipv4(A);
	packets[8].n_tunnels = 2;
	packets[8].tunnels[1] = packets[8].tunnels[0];
	for (int i = 0; i < 9; i++)
		numbers[i] = flow_tunnels_put(tunnels, &packets[i]);
	for (int i = 0; i < 9; i++) {
		cr_expect_eq(flow_tunnels_put(tunnels, &packets[i]), numbers[i], "%d", i);
		for (int j = 0; j < i; j++)
			cr_expect_neq(numbers[i], numbers[j], "%d and %d", i, j);
	}
	struct flow_tunnel_stack stack = flow_tunnels_get(tunnels, numbers[8]);
	cr_assert_eq(stack.n, 2);
	cr_expect_not(stack.is_kind_only);
	stack = flow_tunnels_get(tunnels, numbers[3]);
	cr_assert_eq(stack.n, 1);
	cr_expect_eq(stack.list[0].kind, TUNNEL_VXLAN);
	cr_expect_eq(stack.list[0].id, 5001);
	cr_expect_eq(stack.list[0].transport, 17);
	cr_expect_eq(stack.list[0].src_port, 50001);
	cr_expect_eq(stack.list[0].dst_port, 4789);
	const struct addr a = addr_from_ipv4(A), b = addr_from_ipv4(B);
	cr_expect(addr_equal(&stack.list[0].src, &a));
	cr_expect(addr_equal(&stack.list[0].dst, &b));
}

/* What was given out stays where it is while the index grows. */
Test(flow_tunnels, many)
{
	_cleanup_(flow_tunnels_freep) struct flow_tunnels *tunnels = new_tunnels(1 << 23);
	enum { N = 20000 };
	static uint32_t numbers[N];

	struct packet p = in_one(tunnel(TUNNEL_VXLAN, 0, 50000));
	numbers[0] = flow_tunnels_put(tunnels, &p);
	const struct packet_tunnel *first = flow_tunnels_get(tunnels, numbers[0]).list;
	for (uint32_t i = 1; i < N; i++) {
		p.tunnels[0].id = i;
		numbers[i] = flow_tunnels_put(tunnels, &p);
	}
	for (uint32_t i = 0; i < N; i++) {
		struct flow_tunnel_stack stack = flow_tunnels_get(tunnels, numbers[i]);
		cr_assert_not(stack.is_kind_only);
		cr_assert_eq(stack.list[0].id, i);
	}
	cr_assert_eq(flow_tunnels_get(tunnels, numbers[0]).list, first);
	cr_assert_eq(flow_tunnels_get_dropped(tunnels), 0);
}

/* Over the bound: what was kept stays, what is new is its innermost kind, and is counted. */
Test(flow_tunnels, bound)
{
	_cleanup_(flow_tunnels_freep) struct flow_tunnels *tunnels = new_tunnels(16 * 1024);
	struct packet p = in_one(tunnel(TUNNEL_MPLS, 0, 0));
	uint32_t first = 0, kept = 0;

	p.n_tunnels = 2;
	p.tunnels[1] = tunnel(TUNNEL_VXLAN, 0, 50000);
	for (uint32_t i = 0; i < 1000; i++) {
		p.tunnels[1].id = i;
		uint32_t number = flow_tunnels_put(tunnels, &p);
		struct flow_tunnel_stack stack = flow_tunnels_get(tunnels, number);
		first = i ? first : number;
		kept += !stack.is_kind_only;
		if (!stack.is_kind_only)
			continue;
		cr_assert_eq(stack.n, 1);
		cr_assert_eq(stack.list[0].kind, TUNNEL_VXLAN);
		cr_assert_eq(stack.list[0].transport, 0);
	}
	/* 2 tunnels of 44 bytes and 16 of index each */
	cr_assert_lt(kept, 16 * 1024 / (2 * 44 + 16));
	cr_assert_gt(kept, 32);
	cr_assert_eq(flow_tunnels_get_dropped(tunnels), 1000 - kept);
	p.tunnels[1].id = 0;
	cr_assert_eq(flow_tunnels_put(tunnels, &p), first);
	cr_assert_eq(flow_tunnels_get(tunnels, first).n, 2);
}

Test(flow_tunnels, without_any_room_kinds_are_told)
{
	_cleanup_(flow_tunnels_freep) struct flow_tunnels *tunnels = new_tunnels(1);

	for (int kind = 0; kind < N_TUNNEL_KINDS; kind++) {
		struct packet p = in_one(tunnel((enum tunnel_kind)kind, 7, 8));
		uint32_t number = flow_tunnels_put(tunnels, &p);
		struct flow_tunnel_stack stack = flow_tunnels_get(tunnels, number);
		cr_expect(stack.is_kind_only);
		cr_assert_eq(stack.n, 1);
		cr_expect_eq(stack.list[0].kind, kind);
		cr_expect_eq(flow_tunnels_put(NULL, &p), number);
		cr_expect_eq(flow_tunnels_get(NULL, number).list[0].kind, kind);
	}
	cr_expect_eq(flow_tunnels_get_dropped(tunnels), N_TUNNEL_KINDS);
	cr_expect_eq(flow_tunnels_get_dropped(NULL), 0);
}
