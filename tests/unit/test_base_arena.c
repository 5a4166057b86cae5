#include <criterion/criterion.h>
#include <stdalign.h>

#include "pcaudit/base/arena.h"

Test(base_arena, zeroed_and_aligned)
{
	struct arena arena;

	arena_init(&arena, 0);
	for (size_t len = 1; len < 5000; len += 37) {
		uint8_t *p = arena_alloc(&arena, len);
		cr_assert_not_null(p);
		cr_assert_eq((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < len; i++)
			cr_assert_eq(p[i], 0);
		memset(p, 0xff, len);
	}
	arena_deinit(&arena);
}

Test(base_arena, budget)
{
	struct arena arena;

	arena_init(&arena, 64);
	cr_assert_not_null(arena_alloc(&arena, 48));
	cr_assert_null(arena_alloc(&arena, 32));
	cr_assert(arena.is_spent);
	cr_assert_not_null(arena_alloc(&arena, 16), "what still fits is still handed out");
	cr_assert_null(arena_alloc(&arena, 1));
	cr_assert_null(arena_alloc(&arena, SIZE_MAX - 3), "no wrap-around");
	arena_deinit(&arena);
}

Test(base_arena, copies)
{
	struct arena arena;

	arena_init(&arena, 0);
	cr_assert_str_eq(arena_strdup(&arena, "front-end-server"), "front-end-server");
	cr_assert_str_eq(arena_strndup(&arena, "front-end-server", 5), "front");
	struct bytes copy = arena_dup(&arena, BYTES_LITERAL("a\0b"));
	cr_assert(bytes_equal(copy, BYTES_LITERAL("a\0b")));
	cr_assert_not_null(arena_dup(&arena, BYTES(NULL, 0)).data, "empty is not a failure");
	arena_deinit(&arena);
}
