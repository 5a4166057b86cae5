/*
 * A pcapng file, as one input alone and as one of three. What must hold whatever the bytes are:
 * numbers add up to those of 1, 2, 3; each frame names an interface that is listed and has its link
 * type; the sums of the interfaces are those of the input; every view can be read to its end.
 */
#include <stdlib.h>
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

static unsigned touch(struct bytes bytes)
{
	unsigned sum = 0;
	for (size_t i = 0; i < bytes.len; i++)
		sum += bytes.data[i];
	return sum;
}

/* What was handed out of one input. */
struct tally {
	uint64_t packets, sum;
};

static void check_frame(const struct source *source, const struct frame *frame, struct tally *tally)
{
	const struct input_info *info = source_get_input(source, frame->file - 1);
	tally->packets++;
	tally->sum += frame->number;
	check(frame->interface < info->n_interfaces);
	check(info->interfaces[frame->interface].link_type == frame->link_type);
	check(frame->len_wire >= frame->data.len);
	check(touch(frame->data) <= frame->data.len * 255);
}

static void check_end(const struct source *source, size_t input, const struct tally *tally)
{
	const struct input_info *info = source_get_input(source, input);
	uint64_t sum = 0, packets = tally->packets;
	check(tally->sum == packets * (packets + 1) / 2);
	for (size_t i = 0; i < info->n_interfaces; i++) {
		sum += info->interfaces[i].packets;
		check(touch(info->interfaces[i].name) <= UINT32_MAX);
		check(info->interfaces[i].dropped_interface <= info->dropped_interface);
		check(info->interfaces[i].dropped_kernel <= info->dropped_kernel);
	}
	check(sum == packets && info->packets == packets);
	check(info->n_link_types <= info->n_interfaces);
	check(!info->is_truncated || info->error);
	for (size_t i = 0; i < info->secrets; i++)
		check(touch(source_get_secret(source, input, i)->data) <= UINT32_MAX);
	check(!source_get_secret(source, input, info->secrets));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t n = 1; n <= 3; n += 2) {
		struct source_input inputs[3];
		struct source *source = NULL;
		struct err err = { 0 };
		struct tally tallies[3] = { 0 };
		struct frame frame;
		for (size_t i = 0; i < n; i++)
			inputs[i] = (struct source_input){ .fd = file_of(data, size),
				                           .name = "fuzz" };
		int r = source_new(&source, inputs, n, NULL, &err);
		check(r >= 0 && (r == 0) == (err.text[0] == '\0'));
		while (r == 0 && source_next(source, &frame) == 0)
			check_frame(source, &frame, &tallies[frame.file - 1]);
		for (size_t i = 0; r == 0 && i < n; i++)
			check_end(source, i, &tallies[i]);
		source_free(source);
	}
	return 0;
}
