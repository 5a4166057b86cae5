/* Records of one input that are a little out of place, and those that are more than that. */
#include "test_capture_files.h"

#define MS       (NS_PER_SECOND / 1000)
#define BASE_SEC 1000

/* A pcap file with nanoseconds, record by record; each holds its number, and padding. */
struct tape {
	uint8_t *bytes;
	size_t len, size;
	uint32_t n;
};

static void tape_bytes(struct tape *tape, const void *bytes, size_t len)
{
	if (tape->len + len > tape->size) {
		tape->size = 2 * (tape->len + len);
		tape->bytes = realloc(tape->bytes, tape->size);
		cr_assert_not_null(tape->bytes);
	}
	memcpy(tape->bytes + tape->len, bytes, len);
	tape->len += len;
}

static void tape_add(struct tape *tape, int64_t time_ns, uint32_t len)
{
	static const uint8_t padding[4096];
	const uint8_t file[] = { PCAP_LE(MAGIC_NS, 1) };
	uint32_t fraction = (uint32_t)(time_ns % NS_PER_SECOND);
	uint32_t seconds = BASE_SEC + (uint32_t)(time_ns / NS_PER_SECOND);
	const uint8_t head[] = { RECORD_LE(seconds, fraction, len, len) };

	if (tape->n == 0)
		tape_bytes(tape, file, sizeof(file));
	tape->n++;
	tape_bytes(tape, head, sizeof(head));
	tape_bytes(tape, &tape->n, sizeof(tape->n));
	tape_bytes(tape, padding, len - sizeof(tape->n));
}

static struct source *tape_play(struct tape *tape)
{
	struct source *source = good_source(tape->bytes, tape->len, NULL);
	free(tape->bytes);
	return source;
}

/* The next frame is this record, whole. */
static void expect_record(struct source *source, uint32_t number, int64_t time_ns)
{
	struct frame frame;
	uint32_t content;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_assert_eq(frame.number, number, "%llu instead of %u", (unsigned long long)frame.number,
	             number);
	cr_assert_eq(frame.time_ns, BASE_SEC * NS_PER_SECOND + time_ns);
	memcpy(&content, frame.data.data, sizeof(content));
	cr_assert_eq(content, number, "what was copied is another record");
}

Test(order, less_than_the_span_is_put_in_order)
{
	struct tape tape = { 0 };
	tape_add(&tape, 50 * MS, 60);
	tape_add(&tape, 149 * MS, 60);
	tape_add(&tape, 50 * MS, 1500); /* 99 ms back; as late as the first, after it by number */
	tape_add(&tape, 100 * MS, 60);
	tape_add(&tape, 400 * MS, 60);
	_cleanup_(source_freep) struct source *source = tape_play(&tape);
	expect_record(source, 1, 50 * MS);
	expect_record(source, 3, 50 * MS);
	expect_record(source, 4, 100 * MS);
	expect_record(source, 2, 149 * MS);
	expect_record(source, 5, 400 * MS);
	expect_end(source);
	cr_expect_eq(source_get_input(source, 0)->packets, 5);
	cr_expect_eq(source_get_input(source, 0)->last_ns, BASE_SEC * NS_PER_SECOND + 400 * MS);
}

/* A clock that was set: nothing changes places across it, before and behind are put in order. */
Test(order, more_than_the_span_stays)
{
	struct tape tape = { 0 };
	tape_add(&tape, 520 * MS, 60);
	tape_add(&tape, 500 * MS, 60);
	tape_add(&tape, 420 * MS, 60); /* 100 ms back */
	tape_add(&tape, 410 * MS, 60);
	tape_add(&tape, 415 * MS, 60);
	_cleanup_(source_freep) struct source *source = tape_play(&tape);
	expect_record(source, 2, 500 * MS);
	expect_record(source, 1, 520 * MS);
	expect_record(source, 4, 410 * MS);
	expect_record(source, 5, 415 * MS);
	expect_record(source, 3, 420 * MS);
	expect_end(source);
}

/* Backwards throughout, a millisecond each: the sum is far more than the span. */
Test(order, small_steps_back)
{
	struct tape tape = { 0 };
	for (int i = 0; i < 300; i++)
		tape_add(&tape, (300 - i) * MS, 60);
	_cleanup_(source_freep) struct source *source = tape_play(&tape);
	unsigned n = 0;
	bool seen[301] = { false };
	struct frame frame;
	while (source_next(source, &frame) == 0) {
		cr_assert_not(seen[frame.number]);
		seen[frame.number] = true;
		n++;
	}
	cr_assert_eq(n, 300, "every record once");
}

/*
 * After 1 MiB in order records are not copied any more; so the first one out of place stays where
 * it is, and those after it are put in order again.
 */
Test(order, calm_captures_are_passed_on_as_they_are)
{
	struct tape tape = { 0 };
	for (int i = 0; i < 1200; i++)
		tape_add(&tape, i * MS, 1000);
	tape_add(&tape, 1190 * MS, 60); /* 1201: out of place, too late to do something about it */
	tape_add(&tape, 1210 * MS, 60);
	tape_add(&tape, 1205 * MS, 60);
	_cleanup_(source_freep) struct source *source = tape_play(&tape);
	for (uint32_t i = 0; i < 1200; i++)
		expect_record(source, i + 1, i * MS);
	expect_record(source, 1201, 1190 * MS);
	expect_record(source, 1203, 1205 * MS);
	expect_record(source, 1202, 1210 * MS);
	expect_end(source);
}

/* 20 MiB within 20 ms: more than may wait, so the last one cannot come first; all come once. */
Test(order, what_waits_is_bounded)
{
	struct tape tape = { 0 };
	for (int i = 0; i < 5120; i++)
		tape_add(&tape, 20 * MS - (i % 2) * MS, 4096);
	tape_add(&tape, 0, 60);
	_cleanup_(source_freep) struct source *source = tape_play(&tape);
	_cleanup_(freep) bool *seen = calloc(5122, sizeof(bool));
	struct frame frame;
	unsigned n = 0, last_at = 0;
	while (source_next(source, &frame) == 0) {
		cr_assert_not(seen[frame.number]);
		seen[frame.number] = true;
		n++;
		if (frame.number == 5121)
			last_at = n;
	}
	cr_assert_eq(n, 5121);
	cr_assert_gt(last_at, 500, "it was the %uth", last_at);
	cr_assert_lt(last_at, 5121, "16 MiB were still waiting");
}

/* Each input is put in order by itself, then all are merged. */
Test(order, several_inputs)
{
	struct tape a = { 0 }, b = { 0 };
	tape_add(&a, 30 * MS, 60);
	tape_add(&a, 10 * MS, 60);
	tape_add(&b, 40 * MS, 60);
	tape_add(&b, 20 * MS, 60);
	const struct source_input inputs[] = { { .fd = memory_file(a.bytes, a.len), .name = "a" },
		                               { .fd = memory_file(b.bytes, b.len), .name = "b" } };
	free(a.bytes);
	free(b.bytes);
	_cleanup_(source_freep) struct source *source = NULL;
	cr_assert_eq(source_new(&source, inputs, 2, NULL, NULL), 0);
	expect_frame(source, 1, 2, BASE_SEC * NS_PER_SECOND + 10 * MS);
	expect_frame(source, 2, 2, BASE_SEC * NS_PER_SECOND + 20 * MS);
	expect_frame(source, 1, 1, BASE_SEC * NS_PER_SECOND + 30 * MS);
	expect_frame(source, 2, 1, BASE_SEC * NS_PER_SECOND + 40 * MS);
	expect_end(source);
}
