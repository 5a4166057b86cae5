/*
 * A capture file of any kind, packed or not: the input is its bytes. Numbers grow where times are
 * equal, lengths fit, the totals are those of the frames, every frame can be read to its end. The
 * file is read alone, merged with itself through a filter, and as one found in a folder: what no
 * one could open is then an input with an error, and what is no capture cannot be opened.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pcaudit/base/util.h"
#include "pcaudit/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static int file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	check(fd >= 0);
	check(write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void read_all(struct source *source)
{
	uint64_t packets[2] = { 0 }, bytes[2] = { 0 }, number[2] = { 0 };
	int64_t time_ns[2] = { INT64_MIN, INT64_MIN };
	struct frame frame;
	int r;
	while ((r = source_next(source, &frame)) == 0) {
		size_t i = frame.file - 1;
		check(i < source_input_count(source));
		check(frame.time_ns != time_ns[i] || frame.number > number[i]);
		check(frame.number > 0 && frame.len_wire >= frame.data.len);
		number[i] = frame.number;
		time_ns[i] = frame.time_ns;
		unsigned sum = 0;
		for (size_t at = 0; at < frame.data.len; at++)
			sum += frame.data.data[at];
		check(sum <= frame.data.len * 255);
		packets[i]++;
		bytes[i] += frame.data.len;
	}
	check(r == SOURCE_E_END);
	for (size_t i = 0; i < source_input_count(source); i++) {
		const struct input_info *info = source_get_input(source, i);
		check(info->packets == packets[i] && info->bytes == bytes[i]);
		check(info->first_ns <= info->last_ns);
		check(!info->is_truncated || info->error);
	}
}

/* What unpacks can say which library it is. */
static void check_libraries(void)
{
	char text[64];
	size_t n = 0;

	while (source_library_version(n, text)) {
		check(strchr(text, ' ') != NULL);
		n++;
	}
	check(n == 4);
}

static void read_found(const uint8_t *data, size_t size, bool can_be_opened)
{
	const struct source_input input = { .fd = file_of(data, size),
		                            .name = "fuzz",
		                            .may_fail = true };
	struct source *source = NULL;
	struct err err = { 0 };
	int is_capture = source_probe(file_of(data, size));
	check(is_capture == 0 || is_capture == 1);
	check(is_capture || !can_be_opened);
	check(source_new(&source, &input, 1, NULL, &err) == 0 && err.text[0] == '\0');
	const struct input_info *info = source_get_input(source, 0);
	check((info->format != NULL) == can_be_opened);
	check(can_be_opened || (info->error && info->error[0]));
	check(can_be_opened || !source_get_secret(source, 0, 0));
	read_all(source);
	source_free(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_libraries();
	static const char *const filters[] = { NULL, "ip or ip6 or vlan" };
	for (size_t n = 1; n <= 2; n++) {
		struct source_input inputs[2];
		struct source *source = NULL;
		struct err err = { 0 };
		for (size_t i = 0; i < n; i++)
			inputs[i] =
			        (struct source_input){ .fd = file_of(data, size), .name = "fuzz" };
		int r = source_new(&source, inputs, n, filters[n - 1], &err);
		check(r >= 0 && (r == 0) == (err.text[0] == '\0'));
		if (r == 0)
			read_all(source);
		source_free(source);
		if (n == 1)
			read_found(data, size, r == 0);
	}
	return 0;
}
