/*
 * A capture file of any kind, packed or not: the input is its bytes. Numbers grow, lengths fit,
 * the totals are those of the frames, every frame can be read to its end. The file is read alone,
 * and merged with itself through a filter.
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
	struct frame frame;
	int r;
	while ((r = source_next(source, &frame)) == 0) {
		size_t i = frame.file - 1;
		check(i < source_input_count(source));
		check(frame.number > number[i] && frame.len_wire >= frame.data.len);
		number[i] = frame.number;
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_libraries();
	static const char *const filters[] = { NULL, "ip or ip6 or vlan" };
	for (size_t n = 1; n <= 2; n++) {
		struct source_input inputs[2];
		struct source *source = NULL;
		struct err err = { 0 };
		for (size_t i = 0; i < n; i++)
			inputs[i] = (struct source_input){ .fd = file_of(data, size),
				                           .name = "fuzz" };
		int r = source_new(&source, inputs, n, filters[n - 1], &err);
		check(r >= 0 && (r == 0) == (err.text[0] == '\0'));
		if (r == 0)
			read_all(source);
		source_free(source);
	}
	return 0;
}
