#include "test_capture_files.h"

#include <errno.h>
#include <fcntl.h>

#define SECOND NS_PER_SECOND

static const uint8_t odd[] = { PCAP_LE(MAGIC_US, 1),
	                       RECORD_LE(1, 0, 1, 1),
	                       'a',
	                       RECORD_LE(3, 0, 1, 1),
	                       'b',
	                       RECORD_LE(5, 0, 1, 1),
	                       'c' };
static const uint8_t even[] = { PCAP_BE(MAGIC_NS, 113),
	                        RECORD_BE(2, 0, 1, 1),
	                        'd',
	                        RECORD_BE(4, 0, 1, 1),
	                        'e',
	                        RECORD_BE(5, 0, 1, 1),
	                        'f',
	                        RECORD_BE(5, 0, 1, 1),
	                        'g' };
static const uint8_t back[] = { PCAP_LE(MAGIC_US, 1),
	                        RECORD_LE(4, 0, 1, 1),
	                        'h',
	                        RECORD_LE(1, 0, 1, 1),
	                        'i',
	                        RECORD_LE(6, 0, 1, 1),
	                        'j' };
static const uint8_t empty[] = { PCAP_LE(MAGIC_US, 1) };

#define INPUT(array, text)                                                                         \
	{                                                                                          \
		.fd = memory_file(array, sizeof(array)), .name = text                              \
	}

static void expect_data(struct source *source, uint32_t file, uint64_t number, uint16_t link_type,
                        char data)
{
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.file, file);
	cr_expect_eq(frame.number, number);
	cr_expect_eq(frame.link_type, link_type);
	cr_assert_eq(frame.data.len, 1);
	cr_expect_eq(frame.data.data[0], data, "%c instead of %c", frame.data.data[0], data);
}

Test(source, merges_in_time_order)
{
	const struct source_input inputs[] = { INPUT(odd, "odd"), INPUT(even, "even"),
		                               INPUT(back, "back"), INPUT(empty, "empty") };
	_cleanup_(source_freep) struct source *source = NULL;
	cr_assert_eq(source_new(&source, inputs, 4, NULL, NULL), 0);
	expect_data(source, 1, 1, 1, 'a');   /* 1 s */
	expect_data(source, 2, 1, 113, 'd'); /* 2 s */
	expect_data(source, 1, 2, 1, 'b');   /* 3 s */
	expect_data(source, 2, 2, 113, 'e'); /* 4 s */
	expect_data(source, 3, 1, 1, 'h');   /* 4 s: by input */
	expect_data(source, 3, 2, 1, 'i');   /* 1 s: back in time, in its own order */
	expect_data(source, 1, 3, 1, 'c');   /* 5 s */
	expect_data(source, 2, 3, 113, 'f'); /* 5 s: by input, then by number */
	expect_data(source, 2, 4, 113, 'g');
	expect_data(source, 3, 3, 1, 'j'); /* 6 s */
	expect_end(source);

	static const char *const names[] = { "odd", "even", "back", "empty" };
	static const uint64_t packets[] = { 3, 4, 3, 0 };
	cr_assert_eq(source_input_count(source), 4);
	for (size_t i = 0; i < 4; i++) {
		cr_expect_str_eq(source_get_input(source, i)->name, names[i]);
		cr_expect_eq(source_get_input(source, i)->packets, packets[i]);
		cr_expect_null(source_get_input(source, i)->error);
	}
	cr_expect_eq(source_get_input(source, 2)->first_ns, 1 * SECOND);
}

/* Many inputs, so that the heap has some depth: input i has the times i, i + 37, i + 74. */
Test(source, merges_many)
{
	struct source_input inputs[37];
	for (uint32_t i = 0; i < 37; i++) {
		uint32_t first = (i * 11) % 37; /* each once, in no order */
		uint8_t file[] = { PCAP_LE(MAGIC_US, 1),  RECORD_LE(first, 0, 1, 1),
			           (uint8_t)first,        RECORD_LE(first + 37, 0, 1, 1),
			           (uint8_t)(first + 37), RECORD_LE(first + 74, 0, 1, 1),
			           (uint8_t)(first + 74) };
		inputs[i] =
		        (struct source_input){ .fd = memory_file(file, sizeof(file)), .name = "x" };
	}
	_cleanup_(source_freep) struct source *source = NULL;
	cr_assert_eq(source_new(&source, inputs, 37, NULL, NULL), 0);
	for (int64_t i = 0; i < 111; i++) {
		struct frame frame;
		cr_assert_eq(source_next(source, &frame), 0);
		cr_assert_eq(frame.time_ns, i * SECOND);
		cr_assert_eq(frame.data.data[0], i);
	}
	expect_end(source);
}

/* A cut input ends there; the others go on. */
Test(source, one_input_is_cut)
{
	const struct source_input inputs[] = {
		{ .fd = memory_file(odd, sizeof(odd) - 20), .name = "cut" },
		INPUT(even, "whole"),
	};
	_cleanup_(source_freep) struct source *source = NULL;
	cr_assert_eq(source_new(&source, inputs, 2, NULL, NULL), 0);
	expect_data(source, 1, 1, 1, 'a');
	for (uint64_t i = 1; i <= 4; i++)
		expect_data(source, 2, i, 113, "defg"[i - 1]);
	expect_end(source);
	cr_expect(source_get_input(source, 0)->is_truncated);
	cr_expect_eq(source_get_input(source, 0)->packets, 1);
	cr_expect_not(source_get_input(source, 1)->is_truncated);
}

/* The descriptors are taken, also those of inputs that come after the bad one. */
Test(source, descriptors_are_closed_when_one_is_bad)
{
	struct source_input inputs[] = { INPUT(odd, "good"),
		                         { .fd = memory_file("nonsense", 8), .name = "bad" },
		                         INPUT(even, "unread") };
	struct source *source = NULL;
	struct err err = { 0 };
	cr_expect_eq(source_new(&source, inputs, 3, NULL, &err), SOURCE_E_INVALID);
	cr_expect_null(source);
	cr_expect_not_null(strstr(err.text, "bad: "), "%s", err.text);
	for (size_t i = 0; i < 3; i++) {
		errno = 0;
		cr_expect_eq(fcntl(inputs[i].fd, F_GETFD), -1);
		cr_expect_eq(errno, EBADF);
	}
}

Test(source, descriptors_are_closed_at_the_end)
{
	struct source_input inputs[] = { INPUT(odd, "odd"), INPUT(even, "even") };
	struct source *source = NULL;
	cr_assert_eq(source_new(&source, inputs, 2, NULL, NULL), 0);
	source = source_free(source);
	cr_expect_null(source);
	for (size_t i = 0; i < 2; i++)
		cr_expect_eq(fcntl(inputs[i].fd, F_GETFD), -1);
}

Test(source, filter_is_compiled_for_each_link_type)
{
	const struct source_input inputs[] = { INPUT(odd, "odd"), INPUT(even, "even") };
	_cleanup_(source_freep) struct source *source = NULL;
	cr_assert_eq(source_new(&source, inputs, 2, "greater 1", NULL), 0);
	for (int i = 0; i < 7; i++) {
		struct frame frame;
		cr_assert_eq(source_next(source, &frame), 0);
	}
	expect_end(source);
}

Test(source, without_inputs)
{
	_cleanup_(source_freep) struct source *source = NULL;
	cr_assert_eq(source_new(&source, NULL, 0, NULL, NULL), 0);
	cr_expect_eq(source_input_count(source), 0);
	expect_end(source);
	cr_expect_null(source_free(NULL));
}
