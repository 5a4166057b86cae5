#include "test_flow_packets.h"

#include <malloc.h>

#ifdef __SANITIZE_ADDRESS__
#define SEES_MALLOC 0 /* the sanitizer's malloc does not count */
#else
#define SEES_MALLOC 1
#endif

static struct flow_table *new_table(const struct flow_table_options *options)
{
	struct flow_table *table;

	cr_assert_eq(flow_table_new(&table, options), 0);
	return table;
}

/* One update that must find or open a flow. */
static struct flow *update(struct flow_table *table, struct packet p, unsigned expected_events)
{
	struct flow *flow;
	unsigned side, events;

	cr_assert_eq(flow_table_update(table, &p, &flow, &side, &events), 0);
	cr_assert_not_null(flow);
	cr_assert_eq(events, expected_events, "events %x", events);
	return flow;
}

static struct packet numbered(struct packet p, uint32_t file, uint64_t number)
{
	p.file = file;
	p.number = number;
	return p;
}

/* The i-th of many flows: its own client address. */
static struct packet ith(uint32_t i, uint8_t transport, int64_t time_ns)
{
	struct packet p = packet_from(CLIENT, transport, 40000, 5060, time_ns);

	p.src = addr_from_ipv4(0x0b000000 + i);
	p.number = i + 1;
	return p;
}

static unsigned drain(struct flow_table *table, int64_t now_ns)
{
	unsigned events, n = 0;

	while (flow_table_next(table, now_ns, &events))
		n++;
	return n;
}

#define OPENED FLOW_OPENED

Test(flow_table, both_directions_are_one_flow)
{
	struct flow_table *table = new_table(NULL);
	struct packet there = numbered(udp(CLIENT, 10, S(1)), 2, 17), back = udp(SERVER, 20, S(2));
	struct flow *flow, *same;
	unsigned side = 9, events;

	there.n_vlans = 2;
	there.vlans[0] = 7;
	there.vlans[1] = 8;
	flow = update(table, there, OPENED);
	cr_assert_eq(flow_table_update(table, &back, &same, &side, &events), 0);
	cr_assert_eq(same, flow);
	cr_assert_eq(side, 1);
	cr_assert_eq(events, 0);
	cr_assert_eq(flow->file, 2);
	cr_assert_eq(flow->number, 17);
	cr_assert_eq(flow->vlan, 7);
	cr_assert_eq(flow->vlan_inner, 8);
	cr_assert_eq(flow->first_ns, S(1));
	cr_assert_eq(flow->last_ns, S(2));
	cr_assert_eq(flow->opener_how, OPENER_FIRST_PACKET);
	cr_assert_eq(flow->bytes[1], 60);
	cr_assert_eq(flow_table_find(table, &back), flow);
	cr_assert_eq(flow_table_get_counters(table)->flows, 1);
	flow_table_free(table);
}

Test(flow_table, what_differs_is_another_flow)
{
	struct flow_table *table = new_table(NULL);
	struct packet p = udp(CLIENT, 1, 0);

	update(table, p, OPENED);
	p.src_port++;
	update(table, p, OPENED);
	p.transport = TRANSPORT_TCP;
	update(table, p, OPENED);
	p.dst = addr_from_ipv4(1);
	cr_assert_null(flow_table_find(table, &p));
	update(table, p, OPENED);
	cr_assert(addr_parse(&p.dst, "2001:db8::1"));
	update(table, p, OPENED);
	update(table, p, 0);
	cr_assert_eq(flow_table_get_counters(table)->flows, 5);
	flow_table_free(table);
}

Test(flow_table, vlans_are_an_attribute_or_part_of_the_key)
{
	struct flow_table *joined = new_table(NULL);
	struct flow_table *apart =
	        new_table(&(struct flow_table_options){ .separate_vlans = true });
	struct packet p = udp(CLIENT, 1, 0);

	p.n_vlans = 1;
	p.vlans[0] = 10;
	update(joined, p, OPENED);
	update(apart, p, OPENED);
	p.vlans[0] = 20;
	update(joined, p, 0);
	update(apart, p, OPENED);
	flow_table_free(joined);
	flow_table_free(apart);
}

/* Reports and threads rest on it: a shard is the same in every run and for both directions. */
/* The innermost 5-tuple is the flow; the tunnel its first packet came in is told, no part of the key. */
Test(flow_table, a_tunnel_is_an_attribute)
{
	_cleanup_(flow_tunnels_freep) struct flow_tunnels *tunnels = NULL;
	struct packet p = udp(CLIENT, 10, S(1));

	cr_assert_eq(flow_tunnels_new(&tunnels, NULL, 1 << 16), 0);
	_cleanup_(flow_table_freep) struct flow_table *table =
	        new_table(&(struct flow_table_options){ .tunnels = tunnels });
	p.n_tunnels = 2;
	p.tunnels[0].kind = TUNNEL_GRE;
	p.tunnels[1].kind = TUNNEL_VXLAN;
	p.tunnels[1].id = 5001;
	struct flow *flow = update(table, p, FLOW_OPENED);
	cr_assert_eq(update(table, udp(SERVER, 10, S(2)), 0), flow, "the answer came without a tunnel");
	struct flow_tunnel_stack stack = flow_tunnels_get(tunnels, flow->tunnels);
	cr_assert_eq(stack.n, 2);
	cr_assert_eq(stack.list[0].kind, TUNNEL_GRE);
	cr_assert_eq(stack.list[1].kind, TUNNEL_VXLAN);
	cr_assert_eq(stack.list[1].id, 5001);
	cr_assert_eq(update(table, ith(1, TRANSPORT_UDP, S(3)), FLOW_OPENED)->tunnels, 0);
}

Test(flow_table, shards_are_stable_and_even)
{
	struct flow_table *table = new_table(NULL), *other = new_table(NULL);
	struct hash_key key = { 1, 2 };
	struct flow_table *keyed = new_table(&(struct flow_table_options){ .hash_key = &key });
	unsigned n[FLOW_SHARDS] = { 0 }, moved = 0;

	for (uint32_t i = 0; i < 64000; i++) {
		struct packet p = ith(i, TRANSPORT_TCP, 0), back = p;
		back.src = p.dst;
		back.dst = p.src;
		back.src_port = p.dst_port;
		back.dst_port = p.src_port;
		struct packet icmp = icmp_about(&p, 3, 1, 0);
		unsigned shard = flow_table_shard_of(table, &p);
		cr_assert_lt(shard, FLOW_SHARDS);
		cr_assert_eq(flow_table_shard_of(table, &back), shard);
		cr_assert_eq(flow_table_shard_of(other, &p), shard);
		cr_assert_eq(flow_table_shard_of(table, &icmp), shard);
		moved += flow_table_shard_of(keyed, &p) != shard;
		n[shard]++;
	}
	for (unsigned i = 0; i < FLOW_SHARDS; i++)
		cr_assert(n[i] > 800 && n[i] < 1200, "shard %u: %u", i, n[i]);
	cr_assert_gt(moved, 60000);
	flow_table_free(table);
	flow_table_free(other);
	flow_table_free(keyed);
}

Test(flow_table, an_expired_flow_is_closed_by_its_next_packet)
{
	struct flow_table *table = new_table(NULL);
	unsigned events;

	struct flow *first = update(table, numbered(udp(CLIENT, 1, S(0)), 1, 1), OPENED);
	cr_assert_eq(update(table, udp(CLIENT, 1, S(60)), 0), first);
	struct flow *second = update(table, numbered(udp(SERVER, 1, S(120) + 1), 1, 9), OPENED);
	cr_assert_neq(second, first);
	cr_assert_eq(flow_table_next(table, S(120), &events), first);
	cr_assert_eq(events, FLOW_CLOSED);
	cr_assert_eq(first->packets[0], 2);
	cr_assert_null(flow_table_next(table, S(120), &events));
	cr_assert_eq(second->number, 9);
	cr_assert_eq(second->packets[0], 1); /* the server is its side 0 */
	cr_assert_eq(second->packets[1], 0);
	flow_table_free(table);
}

Test(flow_table, time_going_back_closes_nothing)
{
	struct flow_table *table = new_table(NULL);

	struct flow *flow = update(table, udp(CLIENT, 1, S(1000000)), OPENED);
	cr_assert_eq(update(table, udp(CLIENT, 1, 0), 0), flow);
	cr_assert_eq(drain(table, 0), 0);
	cr_assert_eq(drain(table, INT64_MIN), 0);
	cr_assert_eq(update(table, udp(CLIENT, 1, S(1000060)), 0), flow);
	flow_table_free(table);
}

/* Many flows, then silence: the sweep hands them out a few per update and all on a tick. */
Test(flow_table, the_sweep_is_bounded_per_update)
{
	struct flow_table *table = new_table(NULL);
	unsigned swept = 0, most = 0;

	for (uint32_t i = 0; i < 3000; i++) {
		update(table, ith(i, TRANSPORT_UDP, S(1)), OPENED);
		cr_assert_eq(drain(table, S(1)), 0);
	}
	for (uint32_t i = 3000; i < 5000; i++) {
		update(table, ith(i, TRANSPORT_UDP, S(100)), OPENED);
		unsigned n = drain(table, S(100));
		most = MAX(most, n);
		swept += n;
	}
	cr_assert_eq(most, 4);
	cr_assert_geq(swept, 2900); /* every shard had about 31 updates for its 47 */
	/* Without a packet: by the time of the call before. */
	cr_assert_eq(drain(table, S(100)), 0);
	cr_assert_eq(drain(table, S(161)), 3000 - swept);
	cr_assert_eq(drain(table, S(162)), 2000);
	cr_assert_eq(drain(table, S(163)), 0);
	flow_table_free(table);
}

/* One damaged time must not close what is alive. */
Test(flow_table, a_packet_far_ahead_sweeps_nothing)
{
	struct flow_table *table = new_table(NULL);

	for (uint32_t i = 0; i < 1000; i++)
		update(table, ith(i, TRANSPORT_UDP, S(1)), OPENED);
	cr_assert_eq(drain(table, S(1)), 0);
	update(table, ith(5000, TRANSPORT_UDP, S(100000)), OPENED);
	cr_assert_eq(drain(table, S(100000)), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		update(table, ith(i, TRANSPORT_UDP, S(3)), 0);
		cr_assert_eq(drain(table, S(3)), 0);
	}
	flow_table_free(table);
}

Test(flow_table, a_time_far_ahead_without_a_packet_sweeps_nothing)
{
	struct flow_table *table = new_table(NULL);
	struct flow *flow = update(table, udp(CLIENT, 1, S(1)), OPENED);

	cr_assert_eq(drain(table, S(1)), 0);
	cr_assert_eq(drain(table, S(2)), 0);
	cr_assert_eq(drain(table, S(100000)), 0);
	cr_assert_eq(drain(table, S(3)), 0);
	cr_assert_eq(update(table, udp(CLIENT, 1, S(4)), 0), flow);
	flow_table_free(table);
}

/* More than one call may sweep come out in several. */
Test(flow_table, a_tick_is_bounded_too)
{
	struct flow_table *table = new_table(NULL);

	for (uint32_t i = 0; i < 10000; i++)
		update(table, ith(i, TRANSPORT_UDP, S(1)), OPENED);
	cr_assert_eq(drain(table, S(1)), 0);
	cr_assert_eq(drain(table, S(100)), 0);
	cr_assert_eq(drain(table, S(100)), 4096);
	cr_assert_eq(drain(table, S(100)), 4096);
	cr_assert_eq(drain(table, S(100)), 1808);
	cr_assert_eq(drain(table, S(100)), 0);
	flow_table_free(table);
}

Test(flow_table, a_port_used_again_is_a_new_flow)
{
	struct flow_table *table = new_table(NULL);
	unsigned events;

	struct flow *first = update(table, tcp(CLIENT, TCP_SYN, 100, 0, 0, 0), OPENED);
	update(table, tcp(SERVER, TCP_RST | TCP_ACK, 0, 101, 0, MS(1)), 0);
	update(table, tcp(CLIENT, TCP_SYN, 100, 0, 0, MS(500)), 0);
	struct flow *second = update(table, tcp(CLIENT, TCP_SYN, 777, 0, 0, S(1)), OPENED);
	cr_assert_neq(first, second);
	cr_assert_not(second->is_continued);
	cr_assert_eq(flow_table_next(table, S(1), &events), first);
	cr_assert_eq(first->syn_count, 2);
	cr_assert_eq(flow_state(first, PROTOCOL_UNKNOWN, S(1)), FLOW_REFUSED);
	cr_assert_null(flow_table_next(table, S(1), &events));
	flow_table_free(table);
}

Test(flow_table, a_closed_flow_idles_out_after_ten_seconds)
{
	struct flow_table *table = new_table(NULL);

	update(table, tcp(CLIENT, TCP_FIN | TCP_ACK, 100, 1, 0, 0), OPENED);
	update(table, tcp(SERVER, TCP_FIN | TCP_ACK, 1, 101, 0, 0), 0);
	update(table, tcp(CLIENT, TCP_ACK, 101, 2, 0, S(10)), 0);
	struct flow *next = update(table, tcp(CLIENT, TCP_ACK, 101, 2, 0, S(20) + 1), OPENED);
	cr_assert_not(next->is_continued);
	flow_table_free(table);
}

Test(flow_table, a_silent_connection_is_continued)
{
	struct flow_table *table = new_table(NULL);

	struct flow *old = update(table, tcp(CLIENT, TCP_SYN, 100, 0, 0, 0), OPENED);
	update(table, tcp(SERVER, TCP_SYN | TCP_ACK, 500, 101, 0, 0), 0);
	update(table, tcp(CLIENT, TCP_ACK, 101, 501, 0, 0), 0);
	old->memory.protocol = PROTOCOL_SIP;
	/* The server goes on after three hours: its packet closes the old flow. */
	struct flow *flow = update(table, tcp(SERVER, TCP_ACK, 501, 101, 9, S(3 * 3600)), OPENED);
	cr_assert(flow->is_continued);
	cr_assert_eq(flow->opener, 1);
	cr_assert_eq(flow->opener_how, OPENER_SYN);
	cr_assert_eq(flow->memory.protocol, PROTOCOL_SIP);
	cr_assert_eq(flow_state(flow, PROTOCOL_SIP, S(3 * 3600)), FLOW_ESTABLISHED);
	cr_assert_eq(flow_table_get_counters(table)->continued, 1);
	flow_table_free(table);
}

Test(flow_table, what_is_learnt_at_the_close_reaches_the_successor)
{
	struct flow_table *table = new_table(NULL);
	unsigned events;

	update(table, udp(CLIENT, 1, 0), OPENED);
	struct flow *next = update(table, udp(CLIENT, 1, S(100)), OPENED);
	struct flow *old = flow_table_next(table, S(100), &events);
	cr_assert_not_null(old);
	old->memory.protocol = PROTOCOL_RTP;
	cr_assert_null(flow_table_next(table, S(100), &events));
	cr_assert_eq(next->memory.protocol, PROTOCOL_RTP);
	flow_table_free(table);
}

Test(flow_table, a_swept_flow_is_continued_too)
{
	struct flow_table *table = new_table(NULL);
	unsigned events;

	update(table, udp(SERVER, 1, 0), OPENED);
	cr_assert_eq(drain(table, 0), 0);
	cr_assert_eq(drain(table, S(61)), 0);
	struct flow *old = flow_table_next(table, S(62), &events);
	cr_assert_not_null(old);
	flow_set_opener(old, 1, OPENER_PROTOCOL);
	cr_assert_null(flow_table_next(table, S(61), &events));
	struct flow *flow = update(table, udp(CLIENT, 1, S(3600)), OPENED);
	cr_assert(flow->is_continued);
	cr_assert_eq(flow->opener, 0); /* the client now is side 0 */
	cr_assert_eq(flow->opener_how, OPENER_PROTOCOL);
	flow_table_free(table);
}

Test(flow_table, what_ended_or_is_too_old_is_not_continued)
{
	struct flow_table *table = new_table(NULL);

	update(table, tcp(CLIENT, TCP_ACK, 100, 500, 5, 0), OPENED);
	update(table, tcp(CLIENT, TCP_RST, 105, 500, 0, 0), 0);
	cr_assert_not(
	        update(table, tcp(CLIENT, TCP_ACK, 100, 500, 5, S(60)), OPENED)->is_continued);
	update(table, udp(CLIENT, 1, 0), OPENED);
	cr_assert_not(update(table, udp(CLIENT, 1, S(86400) + 1), OPENED)->is_continued);
	update(table, tcp(CLIENT, TCP_ACK, 100, 500, 5, S(86400)), OPENED);
	drain(table, S(86400));
	cr_assert_not(update(table, tcp(CLIENT, TCP_SYN, 9, 0, 0, S(99999)), OPENED)->is_continued);
	flow_table_free(table);
}

Test(flow_table, icmp_errors_go_to_the_flow_they_quote)
{
	struct flow_table *table = new_table(NULL);
	struct packet sent = udp(CLIENT, 10, S(1)), back = udp(SERVER, 10, S(1));
	struct packet icmp = icmp_about(&sent, 3, 3, S(1)),
	              about_back = icmp_about(&back, 3, 1, S(1));
	struct flow *flow = update(table, sent, OPENED), *found;
	unsigned side = 9, events;

	cr_assert_eq(flow_table_update(table, &icmp, &found, &side, &events), 0);
	cr_assert_eq(found, flow);
	cr_assert_eq(events, FLOW_ATTACHED_ICMP);
	cr_assert_eq(side, 0); /* who sent what is quoted */
	cr_assert_eq(flow->packets[0] + flow->packets[1], 1);
	cr_assert_eq(flow->icmp_type, 3);
	cr_assert_eq(flow->icmp_code, 3);
	cr_assert_eq(flow_table_update(table, &about_back, &found, &side, &events), 0);
	cr_assert_eq(side, 1);
	cr_assert_eq(flow->icmp_code, 1);
	cr_assert_eq(flow_table_get_counters(table)->icmp_unmatched, 0);
	flow_table_free(table);
}

Test(flow_table, icmp_errors_about_nothing_known_are_counted)
{
	struct flow_table *table = new_table(NULL);
	struct packet sent = udp(CLIENT, 10, S(1)), icmp = icmp_about(&sent, 3, 3, S(1));
	struct flow *found;
	unsigned side, events;

	cr_assert_eq(flow_table_update(table, &icmp, &found, &side, &events), 0);
	cr_assert_null(found);
	cr_assert_eq(events, 0);
	update(table, sent, OPENED);
	icmp.time_ns = S(99); /* the flow is over, even if not swept yet */
	cr_assert_eq(flow_table_update(table, &icmp, &found, &side, &events), 0);
	cr_assert_null(found);
	cr_assert_eq(flow_table_get_counters(table)->icmp_unmatched, 2);
	cr_assert_eq(flow_table_get_counters(table)->flows, 1);
	flow_table_free(table);
}

Test(flow_table, flows_left_come_out_in_order_of_their_first_packet)
{
	enum { N = 5000 };
	struct flow_table *table = new_table(NULL);
	uint64_t last = 0, n = 0;
	struct flow *flow;
	unsigned events;

	for (uint32_t i = 0; i < N; i++)
		update(table, numbered(ith(i, TRANSPORT_UDP, 0), 1 + i % 2, 1 + i / 2), OPENED);
	flow_table_finish(table);
	while ((flow = flow_table_next(table, 0, &events))) {
		uint64_t order = ((uint64_t)flow->file << 32) + flow->number;
		cr_assert_eq(events, FLOW_CLOSED);
		cr_assert_gt(order, last);
		last = order;
		n++;
	}
	cr_assert_eq(n, N);
	cr_assert_null(flow_table_find(table, &(struct packet){ .transport = 6 }));
	/* And it can go on. */
	update(table, ith(1, TRANSPORT_UDP, 0), OPENED);
	flow_table_free(table);
}

Test(flow_table, counters_of_loss_and_payload)
{
	struct flow_table *table = new_table(NULL);

	update(table, tcp(CLIENT, TCP_SYN, 100, 0, 0, 0), OPENED);
	update(table, tcp(SERVER, TCP_SYN | TCP_ACK, 500, 101, 0, 0), 0);
	update(table, tcp(CLIENT, TCP_ACK, 131, 501, 20, 0), 0);
	update(table, tcp(SERVER, TCP_ACK, 501, 151, 0, 0), 0);
	flow_table_finish(table);
	cr_assert_eq(drain(table, 0), 1);
	cr_assert_eq(flow_table_get_counters(table)->lost_bytes, 30);
	cr_assert_eq(flow_table_get_counters(table)->tcp_payload_bytes, 20);
	flow_table_free(table);
}

/* Every tenth flow is in scope; three times as many flows as there is room for. */
Test(flow_table, at_its_cap_flows_out_of_scope_go_first)
{
	enum { CAP = 4 << 20, N = 40000 };
	struct flow_table *table =
	        new_table(&(struct flow_table_options){ .max_memory_bytes = CAP });
	unsigned events, evicted = 0, evicted_in_scope = 0;
	int64_t last_evicted[FLOW_SHARDS] = { 0 };
	struct flow *flow;

	for (uint32_t i = 0; i < N; i++) {
		/* TCP without a SYN stays for two hours: nothing expires here. */
		flow = update(table, ith(i, TRANSPORT_TCP, MS(100) * i), OPENED);
		flow->expect = i % 10 == 0;
		while ((flow = flow_table_next(table, MS(100) * i, &events))) {
			struct packet p = ith((uint32_t)flow->number - 1, TRANSPORT_TCP, 0);
			unsigned shard = flow_table_shard_of(table, &p);
			cr_assert_eq(events, FLOW_CLOSED | FLOW_EVICTED);
			cr_assert_geq(flow->last_ns / NS_PER_SECOND,
			              last_evicted[shard] / NS_PER_SECOND);
			last_evicted[shard] = flow->last_ns;
			evicted++;
			evicted_in_scope += flow->expect != 0;
		}
		cr_assert_leq(flow_table_get_memory(table), CAP);
	}
	cr_assert_gt(evicted, N / 2);
	cr_assert_eq(evicted_in_scope, 0);
	cr_assert_eq(flow_table_get_counters(table)->evicted, evicted);
	cr_assert_eq(flow_table_get_counters(table)->flows, N);
	flow_table_finish(table);
	cr_assert_eq(drain(table, 0), N - evicted);
	flow_table_free(table);
}

Test(flow_table, flows_in_scope_are_evicted_when_there_are_no_others)
{
	struct flow_table *table = new_table(&(struct flow_table_options){ .max_memory_bytes = 1 });
	unsigned events, evicted = 0;

	for (uint32_t i = 0; i < 5000; i++) {
		update(table, ith(i, TRANSPORT_TCP, S(i)), OPENED)->expect = 1;
		while (flow_table_next(table, S(i), &events))
			evicted += events == (FLOW_CLOSED | FLOW_EVICTED);
		cr_assert_leq(flow_table_get_memory(table), FLOW_MIN_MEMORY);
	}
	cr_assert_gt(evicted, 4000);
	flow_table_free(table);
}

Test(flow_table, idle_flows_go_before_any_eviction)
{
	struct flow_table *table = new_table(&(struct flow_table_options){ .max_memory_bytes = 1 });
	unsigned events, evicted = 0, closed = 0;

	/* UDP a minute apart: there is always one that is over. */
	for (uint32_t i = 0; i < 5000; i++) {
		update(table, ith(i, TRANSPORT_UDP, S(61) * i), OPENED);
		while (flow_table_next(table, S(61) * i, &events)) {
			evicted += !!(events & FLOW_EVICTED);
			closed++;
		}
	}
	cr_assert_eq(evicted, 0);
	cr_assert_gt(closed, 4500);
	flow_table_free(table);
}

Test(flow_table, a_caller_that_never_drains_runs_out_of_room)
{
	struct flow_table *table = new_table(&(struct flow_table_options){ .max_memory_bytes = 1 });
	struct flow *flow;
	unsigned side, events, no_room = 0;

	for (uint32_t i = 0; i < 5000; i++) {
		struct packet p = ith(i, TRANSPORT_TCP, S(1));
		int r = flow_table_update(table, &p, &flow, &side, &events);
		cr_assert(r == 0 || r == FLOW_E_NO_ROOM);
		cr_assert_eq(r == 0, flow != NULL);
		no_room += r == FLOW_E_NO_ROOM;
	}
	cr_assert_gt(no_room, 3000);
	flow_table_finish(table);
	cr_assert_eq(drain(table, S(1)), 5000 - no_room);
	flow_table_free(table);
}

Test(flow_table, an_evicted_flow_may_be_continued)
{
	struct flow_table *table = new_table(&(struct flow_table_options){ .max_memory_bytes = 1 });
	unsigned events, continued = 0;
	struct flow *flow;

	for (uint32_t i = 0; i < 3000; i++) {
		struct packet p = ith(i % 1500, TRANSPORT_TCP, S(i));
		p.tcp_flags = TCP_ACK;
		flow = update(table, p, OPENED);
		continued += flow->is_continued;
		while ((flow = flow_table_next(table, S(i), &events)))
			flow->memory.protocol = PROTOCOL_SIP;
	}
	cr_assert_gt(continued, 0);
	cr_assert_eq(flow_table_get_counters(table)->continued, continued);
	flow_table_free(table);
}

Test(flow_table, two_hundred_thousand_flows_cost_256_bytes_each_and_their_index)
{
	enum { N = 200000 };
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	struct flow_table *table = new_table(NULL);

	for (uint32_t i = 0; i < N; i++)
		update(table, ith(i, TRANSPORT_TCP, i), OPENED);
	size_t counted = flow_table_get_memory(table);
	size_t used = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	/* 8 bytes a slot, between 4/3 and 8/3 slots a flow, and a block of 64 not full per shard.
	 */
	size_t most = N * (256 + 8 * 8 / 3 + 1) + FLOW_SHARDS * 64 * 256 + 64 * 1024;
	cr_assert_leq(counted, most, "%zu", counted);
	if (SEES_MALLOC)
		cr_assert_leq(used, most + most / 100, "%zu", used);
	for (uint32_t i = 0; i < N; i += 97)
		update(table, ith(i, TRANSPORT_TCP, N), 0);
	flow_table_free(table);
}

/* What happens to a flow does not depend on how shards are spread over tables (threads). */
Test(flow_table, splitting_the_shards_over_tables_changes_nothing)
{
	enum { N = 60000, PARTS = 3 };
	struct flow_table_options options = { .max_memory_bytes = 1 << 20 };
	uint64_t digest[2] = { 0 }, evicted[2] = { 0 };

	for (unsigned run = 0; run < 2; run++) {
		unsigned parts = run ? PARTS : 1;
		struct flow_table *tables[PARTS];
		uint32_t random = 1;
		for (unsigned t = 0; t < parts; t++)
			tables[t] = new_table(&options);
		for (uint32_t i = 0; i < N + parts; i++) {
			random = random * 1664525 + 1013904223;
			struct packet p =
			        ith((random >> 8) % 9000, random & 64 ? 6 : 17, MS(20) * i);
			struct flow_table *table =
			        tables[flow_table_shard_of(tables[0], &p) % parts];
			struct flow *flow;
			unsigned side, events;
			p.number = i + 1;
			if (i < N) {
				cr_assert_eq(flow_table_update(table, &p, &flow, &side, &events),
				             0);
				flow->expect |= events & FLOW_OPENED && i % 5 == 0;
			} else {
				table = tables[i - N];
				flow_table_finish(table);
			}
			while ((flow = flow_table_next(table, p.time_ns, &events)))
				digest[run] += flow->number * 31 * (flow->packets[0] + 7 * events) *
				               (uint64_t)(flow->last_ns + 1) *
				               (flow->is_continued + 3);
		}
		for (unsigned t = 0; t < parts; t++) {
			evicted[run] += flow_table_get_counters(tables[t])->evicted;
			flow_table_free(tables[t]);
		}
	}
	cr_assert_gt(evicted[0], 0);
	cr_assert_eq(evicted[0], evicted[1]);
	cr_assert_eq(digest[0], digest[1]);
}

/* ---- Seen twice ----------------------------------------------------------------------------- */

static struct packet digested(struct packet p, uint64_t head, uint32_t place)
{
	p.digest = (struct packet_digest){ .head = head, .place = place };
	return p;
}

static int update_result(struct flow_table *table, struct packet p)
{
	struct flow *flow = NULL;
	unsigned side, events;
	int r = flow_table_update(table, &p, &flow, &side, &events);

	cr_assert_eq(r == 0, flow != NULL);
	return r;
}

Test(flow_table, a_double_changes_nothing)
{
	struct flow_table *table = new_table(NULL);
	struct packet p = digested(udp(CLIENT, 10, MS(100)), 77, 1);
	struct flow *flow = update(table, p, OPENED);
	struct flow before = *flow;

	p.ttl--;
	p.n_vlans = 1;
	p.time_ns += MS(30);
	p.digest.place = 2;
	cr_expect_eq(update_result(table, p), FLOW_E_DOUBLE);
	cr_expect_eq(memcmp(&before, flow, offsetof(struct flow, own)), 0);
	cr_expect_eq(flow->packets[CLIENT], 1);
	cr_expect_eq(flow->last_ns, MS(100));
	cr_expect_eq(flow_table_get_counters(table)->doubles, 1);
	cr_expect_eq(flow_table_get_counters(table)->doubles_forgotten, 0);
	/* What is none counts. */
	p.digest.head = 78;
	cr_expect_eq(update_result(table, p), 0);
	cr_expect_eq(flow->packets[CLIENT], 2);
	flow_table_free(table);
}

/* A SYN seen at two points is one attempt; the same one a second later is another. */
Test(flow_table, a_doubled_syn_is_one_attempt)
{
	struct flow_table *table = new_table(NULL);
	struct packet p = digested(tcp(CLIENT, TCP_SYN, 100, 0, 0, 0), 5, 1);
	struct flow *flow = update(table, p, OPENED);

	p.digest.place = 2;
	p.time_ns = MS(45); /* beyond what a repeated SYN of one place would need */
	cr_expect_eq(update_result(table, p), FLOW_E_DOUBLE);
	cr_expect_eq(flow->syn_count, 1);
	p.digest.head = 6; /* another IP ID */
	p.time_ns = S(1);
	cr_expect_eq(update_result(table, p), 0);
	cr_expect_eq(flow->syn_count, 2);
	flow_table_free(table);
}

/* An ICMP error is attached once. */
Test(flow_table, doubled_icmp_error)
{
	struct flow_table *table = new_table(NULL);
	struct packet p = digested(udp(CLIENT, 1, 0), 1, 1);
	struct packet error = digested(packet_from(SERVER, TRANSPORT_ICMP, 0, 0, MS(1)), 2, 1);

	update(table, p, OPENED);
	error.icmp_type = 3;
	error.icmp_code = 3;
	error.quote = (struct packet_quote){ p.src, p.dst, p.src_port, p.dst_port, TRANSPORT_UDP };
	update(table, error, FLOW_ATTACHED_ICMP);
	error.digest.place = 2;
	cr_expect_eq(update_result(table, error), FLOW_E_DOUBLE);
	/* One about a flow nobody knows is unmatched once too. */
	error.quote.src_port++;
	error.digest.head = 3;
	struct flow *flow;
	unsigned side, events;
	cr_expect_eq(flow_table_update(table, &error, &flow, &side, &events), 0);
	cr_expect_null(flow);
	cr_expect_eq(flow_table_update(table, &error, &flow, &side, &events), FLOW_E_DOUBLE);
	cr_expect_eq(flow_table_get_counters(table)->icmp_unmatched, 1);
	flow_table_free(table);
}

/* More packets in a moment than the table remembers: counted, and still bounded. */
Test(flow_table, doubles_forgotten_are_counted)
{
	struct flow_table *table =
	        new_table(&(struct flow_table_options){ .max_memory_bytes = FLOW_MIN_MEMORY });
	struct packet p = udp(CLIENT, 1, 0);

	for (uint64_t i = 1; i <= 1000; i++)
		cr_assert_eq(update_result(table, digested(p, i * UINT64_C(0x9e3779b97f4a7c15), 1)),
		             0);
	cr_expect_eq(flow_table_get_counters(table)->doubles_forgotten, 1000 - DOUBLES_MIN);
	cr_expect_leq(flow_table_get_memory(table), FLOW_MIN_MEMORY);
	flow_table_free(table);
}

/* The clock of the sweep is that of packets that count. */
Test(flow_table, a_double_closes_nothing)
{
	struct flow_table *table = new_table(NULL);
	struct packet p = digested(udp(CLIENT, 1, 0), 1, 1);

	update(table, p, OPENED);
	cr_expect_eq(drain(table, 0), 0);
	for (unsigned i = 0; i < 3; i++) {
		cr_expect_eq(update_result(table, p), FLOW_E_DOUBLE);
		cr_expect_eq(drain(table, S(1000)), 0);
	}
	flow_table_free(table);
}
