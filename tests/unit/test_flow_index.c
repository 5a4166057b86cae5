#include "test_flow_packets.h"

static bool has(const struct flow_index *index, uint32_t tag, uint32_t record)
{
	uint32_t at = 0, found;

	while ((found = flow_index_next(index, tag, &at)))
		if (found == record)
			return true;
	return false;
}

Test(flow_index, empty_index_has_nothing)
{
	struct flow_index index = { 0 };
	uint32_t at = 0;

	cr_assert_eq(flow_index_next(&index, 5, &at), 0);
	flow_index_remove(&index, 5, 1);
	flow_index_clear(&index);
	flow_index_deinit(&index);
}

Test(flow_index, equal_tags_are_all_found)
{
	struct flow_index index = { 0 };

	for (uint32_t record = 1; record <= 10; record++)
		cr_assert_eq(flow_index_add(&index, 0xabcdef, record), 0);
	for (uint32_t record = 1; record <= 10; record++)
		cr_assert(has(&index, 0xabcdef, record));
	cr_assert_not(has(&index, 0xabcdee, 1));
	flow_index_deinit(&index);
}

/* Tags that crowd at the end of the slots and wrap around, removed in every order. */
Test(flow_index, removal_keeps_what_is_left_reachable)
{
	for (unsigned first = 0; first < 8; first++) {
		struct flow_index index = { 0 };
		for (uint32_t i = 0; i < 8; i++)
			cr_assert_eq(flow_index_add(&index, 13 + i / 3, i + 1), 0);
		for (unsigned n = 0; n < 8; n++) {
			uint32_t gone = (first * 3 + n * 5) % 8;
			flow_index_remove(&index, 13 + gone / 3, gone + 1);
			for (unsigned m = 0; m < 8; m++) {
				uint32_t i = (first * 3 + m * 5) % 8;
				cr_assert_eq(has(&index, 13 + i / 3, i + 1), m > n);
			}
		}
		cr_assert_eq(index.n, 0);
		flow_index_deinit(&index);
	}
}

/* Random adding and removing, held against a plain array. */
Test(flow_index, agrees_with_an_array)
{
	enum { N = 3000 };
	struct flow_index index = { 0 };
	static bool is_in[N];
	uint32_t random = 12345;

	for (unsigned step = 0; step < 40000; step++) {
		random = random * 1664525 + 1013904223;
		uint32_t record = (random >> 8) % N, tag = record * 2654435761U % 500;
		if (is_in[record])
			flow_index_remove(&index, tag, record + 1);
		else
			cr_assert_eq(flow_index_add(&index, tag, record + 1), 0);
		is_in[record] = !is_in[record];
	}
	uint32_t n = 0;
	for (uint32_t record = 0; record < N; record++) {
		n += is_in[record];
		cr_assert_eq(has(&index, record * 2654435761U % 500, record + 1), is_in[record]);
	}
	cr_assert_eq(index.n, n);
	cr_assert_leq(index.n, index.size / 4 * 3);
	flow_index_deinit(&index);
}

Test(flow_index, removing_what_is_not_there_changes_nothing)
{
	struct flow_index index = { 0 };

	cr_assert_eq(flow_index_add(&index, 1, 1), 0);
	flow_index_remove(&index, 1, 2);
	flow_index_remove(&index, 2, 1);
	cr_assert(has(&index, 1, 1));
	cr_assert_eq(index.n, 1);
	flow_index_deinit(&index);
}
