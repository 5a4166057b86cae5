#include "test_flow_packets.h"

static struct flow *open_at(struct flow_shard *shard, uint32_t file, uint64_t number,
                            int64_t last_ns, family_set expect)
{
	struct packet p = udp(CLIENT, 1, last_ns);
	struct flow *flow;

	cr_assert_eq(flow_shard_take(shard, &flow), 0);
	struct flow_own own = flow->own;
	*flow = flow_of(&p, 1);
	flow->own = own;
	flow->file = file;
	flow->number = number;
	flow->expect = expect;
	flow_shard_file(shard, flow);
	return flow;
}

Test(flow_shard, records_are_handed_out_once_and_used_again)
{
	struct flow_shard shard;
	struct flow *first, *second, *again;

	flow_shard_init(&shard, SIZE_MAX);
	cr_assert_eq(flow_shard_take(&shard, &first), 0);
	cr_assert_eq(flow_shard_take(&shard, &second), 0);
	cr_assert_neq(first, second);
	cr_assert_eq(flow_shard_get(&shard, second->own.record), second);
	first->packets[0] = 7;
	flow_shard_give(&shard, first);
	cr_assert_eq(flow_shard_take(&shard, &again), 0);
	cr_assert_eq(again, first);
	cr_assert_eq(again->packets[0], 0);
	flow_shard_deinit(&shard);
}

Test(flow_shard, records_do_not_move_while_it_grows)
{
	enum { N = 1000 };
	struct flow_shard shard;
	static struct flow *flows[N];

	flow_shard_init(&shard, SIZE_MAX);
	for (unsigned i = 0; i < N; i++) {
		cr_assert_eq(flow_shard_take(&shard, &flows[i]), 0);
		flows[i]->number = i;
	}
	for (unsigned i = 0; i < N; i++) {
		cr_assert_eq(flows[i]->number, i);
		cr_assert_eq(flow_shard_get(&shard, flows[i]->own.record), flows[i]);
	}
	flow_shard_deinit(&shard);
}

Test(flow_shard, a_cap_bounds_all_memory)
{
	struct flow_shard shard;
	struct flow *flow;
	uint32_t n = 0;

	flow_shard_init(&shard, 100000);
	while (flow_shard_take(&shard, &flow) == 0) {
		cr_assert_eq(flow_index_add(&shard.index, n * 2654435761U, flow->own.record), 0);
		struct flow old = flow_of(
		        &(struct packet){ .transport = TRANSPORT_UDP, .src_port = (uint16_t)n }, 1);
		struct flow_key key;
		flow_key_of_flow(&key, &(struct hash_key){ 1, 2 }, false, &old);
		flow_memories_put(&shard.memories, &key, &old);
		n++;
	}
	cr_assert_eq(flow_shard_take(&shard, &flow), FLOW_E_NO_ROOM);
	cr_assert_leq(flow_shard_memory(&shard), 100000);
	cr_assert_geq(n, 100000 / 320);
	flow_shard_deinit(&shard);
}

Test(flow_shard, the_longest_silent_flow_out_of_scope_is_spared_first)
{
	struct flow_shard shard;

	flow_shard_init(&shard, SIZE_MAX);
	cr_assert_null(flow_shard_spare(&shard));
	struct flow *in_old = open_at(&shard, 1, 1, S(10), 1);
	struct flow *in_new = open_at(&shard, 1, 2, S(20), 1);
	struct flow *out_old = open_at(&shard, 1, 3, S(30), 0);
	struct flow *out_new = open_at(&shard, 1, 4, S(40), 0);
	struct flow *expected[] = { out_old, out_new, in_old, in_new };
	for (unsigned i = 0; i < ARRAY_SIZE(expected); i++) {
		cr_assert_eq(flow_shard_spare(&shard), expected[i]);
		flow_shard_unfile(&shard, expected[i]);
	}
	flow_shard_deinit(&shard);
}

Test(flow_shard, a_flow_heard_of_goes_to_the_end)
{
	struct flow_shard shard;
	struct packet p = udp(CLIENT, 1, S(50));

	flow_shard_init(&shard, SIZE_MAX);
	struct flow *first = open_at(&shard, 1, 1, S(10), 0);
	struct flow *second = open_at(&shard, 1, 2, S(20), 0);
	flow_account(first, 0, &p);
	flow_shard_file(&shard, first);
	cr_assert_eq(flow_shard_spare(&shard), second);
	flow_shard_deinit(&shard);
}

Test(flow_shard, the_oldest_of_all_classes_is_spared)
{
	struct flow_shard shard;
	struct packet syn = tcp(CLIENT, TCP_SYN, 1, 0, 0, S(5));

	flow_shard_init(&shard, SIZE_MAX);
	open_at(&shard, 1, 1, S(10), 0);
	struct flow *half_open = open_at(&shard, 1, 2, S(20), 0);
	struct flow_own own = half_open->own;
	flow_shard_unfile(&shard, half_open);
	own.list = FLOW_LIST_NONE;
	*half_open = flow_of(&syn, 1);
	half_open->own = own;
	half_open->tcp_seen[0] |= TCP_ACK; /* established: another list than UDP's */
	flow_shard_file(&shard, half_open);
	cr_assert_eq(flow_shard_spare(&shard), half_open);
	flow_shard_deinit(&shard);
}

Test(flow_shard, expired_means_idle_for_longer_than_its_time)
{
	struct flow_shard shard;

	flow_shard_init(&shard, SIZE_MAX);
	struct flow *flow = open_at(&shard, 1, 1, S(10), 1);
	cr_assert_null(flow_shard_expired(&shard, S(70)));
	cr_assert_null(flow_shard_expired(&shard, S(5)));
	cr_assert_null(flow_shard_expired(&shard, INT64_MIN));
	cr_assert_eq(flow_shard_expired(&shard, S(70) + 1), flow);
	flow_shard_deinit(&shard);
}

Test(flow_shard, a_flow_from_the_future_does_not_hide_the_others)
{
	struct flow_shard shard;

	flow_shard_init(&shard, SIZE_MAX);
	open_at(&shard, 1, 1, INT64_MAX, 0);
	struct flow *flow = open_at(&shard, 1, 2, S(10), 0);
	cr_assert_eq(flow_shard_expired(&shard, S(100)), flow);
	flow_shard_deinit(&shard);
}

Test(flow_shard, finish_queues_by_first_packet)
{
	enum { N = 777 };
	struct flow_shard shard;
	uint64_t last = 0;
	uint32_t last_file = 0;

	flow_shard_init(&shard, SIZE_MAX);
	for (unsigned i = 0; i < N; i++)
		open_at(&shard, 1 + i % 3, 1 + i * 7919 % N, S(i), i & 1);
	flow_shard_finish(&shard);
	for (unsigned i = 0; i < N; i++) {
		struct flow *flow = flow_shard_unqueue(&shard);
		cr_assert_not_null(flow);
		cr_assert(flow->file > last_file ||
		          (flow->file == last_file && flow->number > last));
		last_file = flow->file;
		last = flow->number;
	}
	cr_assert_null(flow_shard_unqueue(&shard));
	cr_assert_null(flow_shard_spare(&shard));
	flow_shard_deinit(&shard);
}
