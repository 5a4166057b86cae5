/* The first bytes of a flow: order, bounds, cost. */
#include <criterion/criterion.h>

#include "detect/priv.h"
#include "pcaudit/base/util.h"

static void keep_deinitp(struct keep *keep)
{
	keep_deinit(keep);
}

Test(detect_keep, remembers_order_and_packets)
{
	_cleanup_(keep_deinitp) struct keep keep = { 0 };
	cr_assert_eq(keep_add(&keep, 0, BYTES_LITERAL("ab"), false, 3, 30), 0);
	cr_assert_eq(keep_add(&keep, 1, BYTES_LITERAL("XY"), false, 4, 40), 0);
	cr_assert_eq(keep_add(&keep, 0, BYTES_LITERAL("cd"), true, 5, 50), 0);
	cr_assert(bytes_equal(keep_get(&keep, 0), BYTES_LITERAL("abcd")));
	cr_assert(bytes_equal(keep_get(&keep, 1), BYTES_LITERAL("XY")));
	cr_assert_eq(keep.n_runs, 3);
	cr_assert_eq(keep.runs[1].side, 1);
	cr_assert_eq(keep.runs[1].number, 4);
	cr_assert_eq(keep.runs[1].time_ns, 40);
	cr_assert_eq(keep.runs[2].len, 2);
	cr_assert(keep.runs[2].is_end);
	cr_assert_not(keep.runs[0].is_end);
	cr_assert_geq(keep_cost(&keep), 6);
}

Test(detect_keep, bytes_of_one_packet_are_one_run)
{
	_cleanup_(keep_deinitp) struct keep keep = { 0 };
	keep_add(&keep, 0, BYTES_LITERAL("ab"), false, 3, 30);
	keep_add(&keep, 0, BYTES_LITERAL("cd"), false, 3, 30);
	cr_assert_eq(keep.n_runs, 1);
	cr_assert_eq(keep.runs[0].len, 4);
}

Test(detect_keep, stops_at_the_bound)
{
	static uint8_t many[DETECT_FIRST_BYTES + 5];
	_cleanup_(keep_deinitp) struct keep keep = { 0 };
	keep_add(&keep, 1, BYTES_LITERAL("x"), false, 1, 1);
	cr_assert_eq(keep_add(&keep, 1, BYTES(many, sizeof(many)), false, 2, 2), 0);
	cr_assert_eq(keep.len[1], DETECT_FIRST_BYTES);
	cr_assert_eq(keep_add(&keep, 1, BYTES_LITERAL("x"), false, 3, 3), 0);
	cr_assert_eq(keep.len[1], DETECT_FIRST_BYTES);
	cr_assert_eq(keep.n_runs, 2);
}

Test(detect_keep, runs_are_bounded_and_lose_no_byte)
{
	_cleanup_(keep_deinitp) struct keep keep = { 0 };
	for (unsigned i = 0; i < 2000; i++)
		keep_add(&keep, i & 1, BYTES_LITERAL("x"), false, i, i);
	cr_assert_leq(keep.n_runs, KEEP_MAX_RUNS + 1);
	uint32_t len[2] = { 0, 0 };
	for (unsigned i = 0; i < keep.n_runs; i++)
		len[keep.runs[i].side] += keep.runs[i].len;
	cr_assert_eq(len[0], 1000);
	cr_assert_eq(len[1], 1000);
	/* The other side speaks for the first time when all runs are taken. */
	_cleanup_(keep_deinitp) struct keep late = { 0 };
	for (unsigned i = 0; i < KEEP_MAX_RUNS; i++)
		keep_add(&late, 0, BYTES_LITERAL("x"), false, i, i);
	keep_add(&late, 1, BYTES_LITERAL("y"), false, 999, 999);
	cr_assert_eq(late.runs[late.n_runs - 1].side, 1);
}

Test(detect_keep, datagrams_are_copied_and_bounded)
{
	_cleanup_(keep_deinitp) struct keep keep = { 0 };
	uint8_t bytes[] = "hello";
	struct datagram datagram = {
		.bytes = BYTES(bytes, 5), .len_wire = 9, .number = 3, .side = 1
	};
	for (unsigned i = 0; i < DETECT_FIRST_DATAGRAMS; i++)
		cr_assert(keep_add_datagram(&keep, &datagram));
	cr_assert_not(keep_add_datagram(&keep, &datagram));
	bytes[0] = 'X';
	cr_assert(bytes_equal(keep.datagrams[0].bytes, BYTES_LITERAL("hello")));
	cr_assert_eq(keep.datagrams[15].len_wire, 9);
	cr_assert_eq(keep.datagrams[15].side, 1);
}

Test(detect_keep, datagrams_are_bounded_by_bytes_too)
{
	static uint8_t big[40000];
	_cleanup_(keep_deinitp) struct keep keep = { 0 };
	struct datagram datagram = { .bytes = BYTES(big, sizeof(big)), .len_wire = sizeof(big) };
	cr_assert(keep_add_datagram(&keep, &datagram));
	cr_assert_not(keep_add_datagram(&keep, &datagram));
}
