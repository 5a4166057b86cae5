#include "test_flow_packets.h"

static const struct hash_key key = { 1, 2 };

/* A UDP flow of its own client port, last seen at this time. */
static struct flow flow_at(uint16_t client_port, int64_t last_ns)
{
	struct packet p = packet_from(CLIENT, TRANSPORT_UDP, client_port, 5060, last_ns);
	return flow_of(&p, 1);
}

static struct flow_key key_of(const struct flow *flow)
{
	struct flow_key out;

	flow_key_of_flow(&out, &key, false, flow);
	return out;
}

static void put(struct flow_memories *memories, const struct flow *flow)
{
	struct flow_key k = key_of(flow);
	flow_memories_put(memories, &k, flow);
}

static struct flow take(struct flow_memories *memories, uint16_t client_port, int64_t first_ns)
{
	struct flow flow = flow_at(client_port, first_ns);
	struct flow_key k = key_of(&flow);
	flow_memories_take(memories, &k, &flow);
	return flow;
}

Test(flow_memory, opener_and_words_are_carried_on_once)
{
	struct flow_memories memories;
	struct flow old = flow_at(40000, S(100));

	flow_memories_init(&memories, 65536);
	old.opener = 1;
	old.opener_how = OPENER_PROTOCOL;
	old.memory = (struct flow_memory){ .rule = 7,
		                           .protocol = PROTOCOL_SIP,
		                           .security = SECURITY_MTLS };
	put(&memories, &old);
	struct flow new = take(&memories, 40000, S(200));
	cr_assert(new.is_continued);
	cr_assert_eq(new.opener, 1);
	cr_assert_eq(new.opener_how, OPENER_PROTOCOL);
	cr_assert_eq(new.memory.rule, 7);
	cr_assert_eq(new.memory.protocol, PROTOCOL_SIP);
	cr_assert_eq(new.memory.security, SECURITY_MTLS);
	new = take(&memories, 40000, S(200));
	cr_assert_not(new.is_continued);
	new = take(&memories, 40001, S(200));
	cr_assert_not(new.is_continued);
	flow_memories_deinit(&memories);
}

Test(flow_memory, the_opener_stays_who_it_was_when_the_other_side_goes_on)
{
	struct flow_memories memories;
	struct flow old = flow_at(40000, S(100));
	struct packet back = packet_from(SERVER, TRANSPORT_UDP, 40000, 5060, S(200));
	struct flow new = flow_of(&back, 1);
	struct flow_key k = key_of(&new);

	flow_memories_init(&memories, 65536);
	old.opener_how = OPENER_SYN;
	put(&memories, &old);
	flow_memories_take(&memories, &k, &new);
	cr_assert(new.is_continued);
	cr_assert_eq(new.opener, 1); /* the client, which is side 1 of the new flow */
	cr_assert_eq(new.opener_how, OPENER_SYN);
	flow_memories_deinit(&memories);
}

Test(flow_memory, lasts_24_hours)
{
	struct flow_memories memories;
	struct flow old = flow_at(40000, S(100));

	flow_memories_init(&memories, 65536);
	put(&memories, &old);
	cr_assert(take(&memories, 40000, S(100 + 86400)).is_continued);
	put(&memories, &old);
	cr_assert_not(take(&memories, 40000, S(100 + 86400) + 1).is_continued);
	flow_memories_deinit(&memories);
}

Test(flow_memory, without_room_nothing_is_remembered)
{
	struct flow_memories memories;
	struct flow old = flow_at(40000, S(100));

	flow_memories_init(&memories, 95);
	put(&memories, &old);
	cr_assert_not(take(&memories, 40000, S(101)).is_continued);
	flow_memories_deinit(&memories);
}

Test(flow_memory, grows_to_its_bound_and_then_replaces)
{
	struct flow_memories memories;
	unsigned n_kept = 0, n_said = 0;

	/* Room for 16 sets of 4. Every eighth flow says something. */
	flow_memories_init(&memories, 16 * 4 * sizeof(struct flow_past));
	for (uint16_t i = 0; i < 400; i++) {
		struct flow old = flow_at(1000 + i, S(i));
		old.memory.protocol = i % 8 == 0 ? PROTOCOL_SIP : 0;
		put(&memories, &old);
	}
	cr_assert_eq(memories.n_sets, 16);
	for (uint16_t i = 0; i < 400; i++) {
		bool is_kept = take(&memories, 1000 + i, S(400)).is_continued;
		n_kept += is_kept;
		n_said += is_kept && i % 8 == 0;
	}
	cr_assert_eq(n_kept, 64);
	cr_assert_geq(n_said, 30); /* of 50; 8 would be chance */
	flow_memories_deinit(&memories);
}

Test(flow_memory, of_those_that_say_as_little_the_oldest_goes)
{
	static const unsigned times[] = { 5, 1, 3, 2, 4 };
	struct flow_memories memories;

	flow_memories_init(&memories, 4 * sizeof(struct flow_past));
	for (unsigned i = 0; i < ARRAY_SIZE(times); i++) {
		struct flow old = flow_at((uint16_t)(1000 + times[i]), S(times[i]));
		put(&memories, &old);
	}
	for (unsigned i = 1; i <= 5; i++)
		cr_assert_eq(take(&memories, (uint16_t)(1000 + i), S(9)).is_continued, i != 1);
	flow_memories_deinit(&memories);
}

Test(flow_memory, what_is_older_than_a_day_makes_room_without_growing)
{
	struct flow_memories memories;

	flow_memories_init(&memories, 65536);
	for (unsigned i = 0; i < 1000; i++) {
		struct flow old = flow_at((uint16_t)(1000 + i), (int64_t)i * S(90000));
		put(&memories, &old);
	}
	cr_assert_eq(memories.n_sets, 4);
	flow_memories_deinit(&memories);
}

Test(flow_memory, what_leaves_something)
{
	struct flow flow = FLOW_OF(udp(CLIENT, 1, 0));
	cr_assert(flow_leaves_memory(&flow));
	flow = FLOW_OF(tcp(CLIENT, TCP_ACK, 1, 1, 1, 0));
	cr_assert(flow_leaves_memory(&flow));
	flow = FLOW_OF(tcp(CLIENT, TCP_SYN, 1, 0, 0, 0), tcp(CLIENT, TCP_ACK, 2, 1, 0, 0));
	cr_assert(flow_leaves_memory(&flow));
	flow = FLOW_OF(tcp(CLIENT, TCP_SYN, 1, 0, 0, 0));
	cr_assert_not(flow_leaves_memory(&flow));
	flow = FLOW_OF(tcp(CLIENT, TCP_ACK, 1, 1, 1, 0), tcp(CLIENT, TCP_RST, 2, 1, 0, 0));
	cr_assert_not(flow_leaves_memory(&flow));
}

Test(flow_memory, a_syn_continues_nothing)
{
	struct packet syn = tcp(CLIENT, TCP_SYN, 1, 0, 0, 0),
	              ack = tcp(CLIENT, TCP_ACK, 1, 1, 1, 0);
	struct packet datagram = udp(CLIENT, 1, 0);

	cr_assert_not(flow_may_continue(&syn));
	cr_assert(flow_may_continue(&ack));
	cr_assert(flow_may_continue(&datagram));
}
