/*
 * One input: what format it has, its records one by one, filtered and counted.
 *
 * How a file begins decides the format; each is asked in turn, and libpcap, asked last, judges
 * what nobody claims. The first record is read when the input is opened, since only a record says
 * which link type a filter must suit.
 */
#include "capture/priv.h"

#include <errno.h>
#include <sys/stat.h>

#define LINKTYPE_ETHERNET 1

struct input {
	struct file file;
	struct stream *stream;
	const struct format *format;
	void *state; /* the format's */
	struct filter *filter;
	uint32_t index;
	uint16_t filter_link_type; /* the filter is prepared for; of frames to come most likely */
	bool has_first;            /* first was read and not handed out */
	bool is_ended;
	struct frame first;
	char *name;
};

/* How a file begins that nobody here can open, and what to call it. */
static const struct {
	struct bytes magic;
	const char *what;
} strangers[] = {
	{ { (const uint8_t *)"BZh", 3 }, "compressed by bzip2" },
	{ { (const uint8_t *)"PK\x03\x04", 4 }, "a zip archive" },
};

/* pcap in both byte orders (plain, nanoseconds, the variants libpcap reads), and pcapng. */
static const struct bytes magics[] = {
	{ (const uint8_t *)"\xa1\xb2\xc3\xd4", 4 },
	{ (const uint8_t *)"\xd4\xc3\xb2\xa1", 4 },
	{ (const uint8_t *)"\xa1\xb2\x3c\x4d", 4 },
	{ (const uint8_t *)"\x4d\x3c\xb2\xa1", 4 },
	{ (const uint8_t *)"\xa1\xb2\xcd\x34", 4 },
	{ (const uint8_t *)"\x34\xcd\xb2\xa1", 4 },
	{ (const uint8_t *)"\xa1\xe2\xcb\x12", 4 },
	{ (const uint8_t *)"\x12\xcb\xe2\xa1", 4 },
	{ (const uint8_t *)"\x0a\x0d\x0d\x0a", 4 },
	{ (const uint8_t *)"\xfd\x37\x7a\x58", 4 }, /* xz */
};

bool source_is_capture(struct bytes start)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (bytes_starts_with(start, magics[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++)
		if (bytes_starts_with(start, strangers[i].magic))
			return true;
	return unpacker_find(start) != NULL;
}

/* Whether a capture that was cut after so few bytes would look like this. */
static bool begins_a_capture(struct bytes start)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (bytes_equal(bytes_take(magics[i], start.len), start))
			return true;
	return false;
}

int source_probe(int fd)
{
	_cleanup_(stream_freep) struct stream *stream = NULL;
	struct block block;
	int r = stream_new(&stream, fd);
	if (r < 0)
		return r;
	r = block_init(&block, stream, BLOCK_SIZE_MIN);
	if (r < 0)
		return r;
	bool may_be;
	if (block_has(&block, 4))
		may_be = source_is_capture(bytes_take(block.left, 4));
	else if (stream_get_state(stream) == STREAM_ENDED && block.left.len)
		may_be = begins_a_capture(block.left);
	else
		may_be = true;
	block_deinit(&block);
	return may_be;
}

/* 0, or SOURCE_E_INVALID for what is known not to be a capture. libpcap judges the rest. */
static int check_start(struct input *input, struct err *err)
{
	const struct unpacker *unpacker = stream_get_unpacker(input->stream);
	struct block *block = &input->file.block;
	input->file.info.packing = unpacker ? unpacker->word : NULL;
	if (!block_has(block, 1)) {
		if (stream_get_state(input->stream) > STREAM_ENDED)
			return file_headless(&input->file, "", err);
		input->file.info.is_truncated = true;
		err_set(err, "%s: the file is empty%s", input->name, unpacker ? " inside" : "");
		return SOURCE_E_INVALID;
	}
	block_has(block, 4);
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		if (!bytes_starts_with(block->left, strangers[i].magic))
			continue;
		err_set(err, "%s: found a file %s, expected pcap or pcapng: unpack it first",
		        input->name, strangers[i].what);
		return SOURCE_E_INVALID;
	}
	return 0;
}

static int open_format(struct input *input, struct err *err)
{
	static const struct format *const formats[] = { &format_pcap, &format_pcapng,
		                                        &format_other };
	int r = FORMAT_E_STRANGER;
	for (size_t i = 0; i < ARRAY_SIZE(formats) && r == FORMAT_E_STRANGER; i++) {
		r = formats[i]->open(&input->state, &input->file, err);
		if (r == 0)
			input->format = formats[i];
	}
	if (r == 0)
		input->file.info.format = input->format->word;
	return r;
}

static void sum_dropped(struct input_info *info)
{
	info->dropped_interface = info->dropped_kernel = 0;
	for (size_t i = 0; i < info->n_interfaces; i++) {
		const struct input_interface *from = &info->interfaces[i];
		if (__builtin_add_overflow(info->dropped_interface, from->dropped_interface,
		                           &info->dropped_interface))
			info->dropped_interface = UINT64_MAX;
		if (__builtin_add_overflow(info->dropped_kernel, from->dropped_kernel,
		                           &info->dropped_kernel))
			info->dropped_kernel = UINT64_MAX;
	}
}

static int end(struct input *input)
{
	if (!input->is_ended)
		sum_dropped(&input->file.info);
	input->is_ended = true;
	return SOURCE_E_END;
}

/* The next record, passed by the filter or not. */
static int next_record(struct input *input, struct frame *frame)
{
	if (input->has_first) {
		input->has_first = false;
		*frame = input->first;
		return 0;
	}
	if (input->is_ended || input->format->next(input->state, &input->file, frame) != 0)
		return end(input);
	frame->file = input->index;
	frame->number = input->file.number;
	/* Some writers leave the original length at 0, or let it be cut with the data. */
	frame->len_wire = MAX(frame->len_wire, (uint32_t)frame->data.len);
	return 0;
}

/* Reads the first record; compiles the filter for it, or, without one, for the file. */
static int begin(struct input *input, const char *filter_bpf, struct err *err)
{
	input->has_first = next_record(input, &input->first) == 0;
	if (!filter_bpf)
		return 0;
	uint16_t link_type = input->has_first                ? input->first.link_type
	                     : input->file.info.n_interfaces ? input->file.info.link_type
	                                                     : LINKTYPE_ETHERNET;
	char why[256];
	int r = filter_new(&input->filter, filter_bpf);
	if (r == 0)
		r = filter_prepare(input->filter, link_type, why, sizeof(why));
	if (r == SOURCE_E_FILTER)
		err_set(err, "filter \"%s\" for %s: %s", filter_bpf, input->name, why);
	input->filter_link_type = link_type;
	return r;
}

static int input_open(struct input *input, const struct source_input *given, const char *filter_bpf,
                      size_t window_size, struct err *err)
{
	struct stat st;
	size_t size = window_size;
	struct input_info *info = &input->file.info;
	bool is_file = fstat(given->fd, &st) == 0 && S_ISREG(st.st_mode);
	int r = stream_new(&input->stream, given->fd);
	input->name = strdup(given->name);
	if (r == -ENOMEM || !input->name)
		return -ENOMEM;
	info->name = input->name;
	if (r < 0) {
		err_set(err, "%s: %s", input->name, strerror(-r));
		return SOURCE_E_INVALID;
	}
	if (is_file) {
		info->size_bytes = (uint64_t)st.st_size;
		/* A file smaller than the window needs no more than itself. */
		if (!stream_get_unpacker(input->stream))
			size = MIN(size, MAX((size_t)st.st_size + 1, BLOCK_SIZE_MIN));
	}
	r = block_init(&input->file.block, input->stream, size);
	if (r == 0)
		r = check_start(input, err);
	if (r == 0)
		r = open_format(input, err);
	if (r == 0)
		r = begin(input, filter_bpf, err);
	return r;
}

/* The input stays, to say so; err has begun with its name. */
static void keep_failed(struct input *input, struct err *err)
{
	size_t len = strlen(input->name);
	const char *why = err->text;
	if (strncmp(why, input->name, len) == 0 && strncmp(why + len, ": ", 2) == 0)
		why += len + 2;
	snprintf(input->file.error, sizeof(input->file.error), "%s", why);
	input->file.info.error = input->file.error;
	input->is_ended = true;
	err->text[0] = '\0';
}

int input_new(struct input **out, const struct source_input *given, uint32_t index,
              const char *filter_bpf, size_t window_size, struct err *err)
{
	_cleanup_(input_freep) struct input *input = calloc(1, sizeof(*input));
	if (!input) {
		close(given->fd);
		return -ENOMEM;
	}
	input->index = index;
	int r = input_open(input, given, filter_bpf, window_size, err);
	if (r == SOURCE_E_INVALID && given->may_fail) {
		keep_failed(input, err);
		r = 0;
	}
	if (r != 0)
		return r;
	*out = input;
	input = NULL;
	return 0;
}

struct input *input_free(struct input *input)
{
	if (!input)
		return NULL;
	if (input->format)
		input->format->free(input->state);
	block_deinit(&input->file.block);
	stream_free(input->stream);
	filter_free(input->filter);
	free(input->file.info.interfaces);
	free(input->file.link_types);
	free(input->name);
	free(input);
	return NULL;
}

/* 1: it passes; 0: it does not; -1: the filter does not suit its link type, and file says so. */
static int filter_frame(struct input *input, const struct frame *frame)
{
	char why[256];
	if (frame->link_type != input->filter_link_type) {
		if (filter_prepare(input->filter, frame->link_type, why, sizeof(why)) != 0) {
			input->file.number--; /* the packet that was read last is the one before */
			file_unfiltered(&input->file, frame->link_type, why);
			return -1;
		}
		input->filter_link_type = frame->link_type;
	}
	return filter_passes(input->filter, frame);
}

static void account(struct input_info *info, const struct frame *frame)
{
	if (!info->packets++)
		info->first_ns = info->last_ns = frame->time_ns;
	info->first_ns = MIN(info->first_ns, frame->time_ns);
	info->last_ns = MAX(info->last_ns, frame->time_ns);
	info->bytes += frame->data.len;
	info->interfaces[frame->interface].packets++;
}

int input_next(struct input *input, struct frame *frame)
{
	while (next_record(input, frame) == 0) {
		if (input->filter) {
			int r = filter_frame(input, frame);
			if (r < 0)
				return end(input);
			if (r == 0)
				continue;
		}
		account(&input->file.info, frame);
		return 0;
	}
	return SOURCE_E_END;
}

const struct input_info *input_get_info(const struct input *input)
{
	return &input->file.info;
}

const struct source_secret *input_get_secret(const struct input *input, size_t index)
{
	return input->format && input->format->get_secret ? input->format->get_secret(input->state, index) : NULL;
}
