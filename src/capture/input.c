/*
 * One capture file, read by libpcap.
 *
 * libpcap does not say which format it found and cannot put bytes back into a pipe, so the first
 * four bytes are read here and handed on through a stdio stream of our own. Times are asked for
 * in nanoseconds. The filter is run here on each record instead of being given to libpcap, since
 * libpcap would skip records without counting them and the numbers would no longer be those
 * Wireshark shows.
 *
 * Not here: decompression, and pcapng files whose interfaces differ in link type, which libpcap
 * 1.10 refuses at the second interface; that ends the input with libpcap's words.
 */
#include "capture/priv.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio_ext.h>
#include <sys/stat.h>

#define MAGIC_SIZE         4
#define STREAM_BUFFER_SIZE (64 * 1024)
#define NS_PER_SECOND_MAX  (INT64_MAX / NS_PER_SECOND)

/* A descriptor whose first bytes have been read already. */
struct stream {
	int fd;
	uint8_t magic[MAGIC_SIZE];
	size_t magic_len, magic_at;
};

struct input {
	struct input_info info;
	struct stream stream;
	pcap_t *pcap;
	struct bpf_program filter; /* bf_insns is NULL if there is none */
	uint32_t index;
	uint64_t number; /* of the last record read, passed or not */
	bool is_classic; /* pcap, not pcapng */
	bool is_ended;
	char *name;
	char *stream_buffer; /* stdio's; outlives the stream */
	char error[PCAP_ERRBUF_SIZE + 64];
};

/* How a file begins that libpcap cannot open, and what to call it. */
static const struct {
	struct bytes magic;
	const char *what;
} strangers[] = {
	{ { (const uint8_t *)"\x1f\x8b", 2 }, "compressed by gzip" },
	{ { (const uint8_t *)"\x28\xb5\x2f\xfd", 4 }, "compressed by zstd" },
	{ { (const uint8_t *)"\x04\x22\x4d\x18", 4 }, "compressed by lz4" },
	{ { (const uint8_t *)"\xfd\x37\x7a\x58", 4 }, "compressed by xz" },
	{ { (const uint8_t *)"BZh", 3 }, "compressed by bzip2" },
	{ { (const uint8_t *)"PK\x03\x04", 4 }, "a zip archive" },
};

/* pcap in both byte orders (plain, nanoseconds, the variants libpcap reads), and pcapng. */
static const struct bytes magics[] = {
	{ (const uint8_t *)"\xa1\xb2\xc3\xd4", 4 }, { (const uint8_t *)"\xd4\xc3\xb2\xa1", 4 },
	{ (const uint8_t *)"\xa1\xb2\x3c\x4d", 4 }, { (const uint8_t *)"\x4d\x3c\xb2\xa1", 4 },
	{ (const uint8_t *)"\xa1\xb2\xcd\x34", 4 }, { (const uint8_t *)"\x34\xcd\xb2\xa1", 4 },
	{ (const uint8_t *)"\xa1\xe2\xcb\x12", 4 }, { (const uint8_t *)"\x12\xcb\xe2\xa1", 4 },
	{ (const uint8_t *)"\x0a\x0d\x0d\x0a", 4 },
};

bool source_is_capture(struct bytes start)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (bytes_starts_with(start, magics[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++)
		if (bytes_starts_with(start, strangers[i].magic))
			return true;
	return false;
}

static ssize_t read_again(int fd, void *buffer, size_t size)
{
	ssize_t n;
	do {
		n = read(fd, buffer, size);
	} while (n < 0 && errno == EINTR);
	return n;
}

static ssize_t stream_read(void *cookie, char *buffer, size_t size)
{
	struct stream *stream = cookie;
	size_t kept = MIN(size, stream->magic_len - stream->magic_at);
	if (!kept)
		return read_again(stream->fd, buffer, size);
	memcpy(buffer, stream->magic + stream->magic_at, kept);
	stream->magic_at += kept;
	return (ssize_t)kept;
}

static int stream_close(void *cookie)
{
	struct stream *stream = cookie;
	int fd = stream->fd;
	stream->fd = -1;
	return close(fd);
}

/* Reads the magic number. 0, or -errno of the read. */
static int stream_peek(struct stream *stream)
{
	while (stream->magic_len < MAGIC_SIZE) {
		ssize_t n = read_again(stream->fd, stream->magic + stream->magic_len,
		                       MAGIC_SIZE - stream->magic_len);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		stream->magic_len += (size_t)n;
	}
	return 0;
}

/* 0, or SOURCE_E_INVALID for what is known not to be a capture. libpcap judges the rest. */
static int check_magic(const struct input *input, struct err *err)
{
	struct bytes magic = BYTES(input->stream.magic, input->stream.magic_len);
	if (!magic.len) {
		err_set(err, "%s: the file is empty", input->name);
		return SOURCE_E_INVALID;
	}
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		if (!bytes_starts_with(magic, strangers[i].magic))
			continue;
		err_set(err, "%s: found a file %s, expected pcap or pcapng: unpack it first",
		        input->name, strangers[i].what);
		return SOURCE_E_INVALID;
	}
	return 0;
}

static int open_pcap(struct input *input, struct err *err)
{
	const cookie_io_functions_t functions = { .read = stream_read, .close = stream_close };
	_cleanup_(fclosep) FILE *file = fopencookie(&input->stream, "r", functions);
	if (!file)
		return -ENOMEM;
	setvbuf(file, input->stream_buffer, _IOFBF, STREAM_BUFFER_SIZE);
	__fsetlocking(file,
	              FSETLOCKING_BYCALLER); /* two locks a record otherwise, and one reader */

	char text[PCAP_ERRBUF_SIZE] = "";
	input->pcap =
	        pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!input->pcap) {
		err_set(err, "%s: not a capture that can be read: %s", input->name, text);
		return SOURCE_E_INVALID;
	}
	file = NULL; /* closed by pcap_close() */
	input->info.link_type = (uint16_t)pcap_datalink(input->pcap);
	return 0;
}

static int compile_filter(struct input *input, const char *filter_bpf, struct err *err)
{
	if (!filter_bpf)
		return 0;
	if (pcap_compile(input->pcap, &input->filter, filter_bpf, 1, PCAP_NETMASK_UNKNOWN) == 0)
		return 0;
	err_set(err, "filter \"%s\" for %s: %s", filter_bpf, input->name, pcap_geterr(input->pcap));
	return SOURCE_E_FILTER;
}

static int input_open(struct input *input, const struct source_input *given, const char *filter_bpf,
                      struct err *err)
{
	input->name = strdup(given->name);
	input->stream_buffer = malloc(STREAM_BUFFER_SIZE);
	if (!input->name || !input->stream_buffer)
		return -ENOMEM;
	input->info.name = input->name;

	struct stat st;
	if (fstat(input->stream.fd, &st) == 0 && S_ISREG(st.st_mode))
		input->info.size_bytes = (uint64_t)st.st_size;
	int r = stream_peek(&input->stream);
	if (r < 0) {
		err_set(err, "%s: %s", input->name, strerror(-r));
		return SOURCE_E_INVALID;
	}
	input->is_classic = !bytes_equal(BYTES(input->stream.magic, input->stream.magic_len),
	                                 BYTES_LITERAL("\x0a\x0d\x0d\x0a"));
	input->info.format = input->is_classic ? "pcap" : "pcapng";
	r = check_magic(input, err);
	if (r == 0)
		r = open_pcap(input, err);
	if (r == 0)
		r = compile_filter(input, filter_bpf, err);
	return r;
}

int input_new(struct input **out, const struct source_input *given, uint32_t index,
              const char *filter_bpf, struct err *err)
{
	_cleanup_(input_freep) struct input *input = calloc(1, sizeof(*input));
	if (!input) {
		close(given->fd);
		return -ENOMEM;
	}
	input->stream.fd = given->fd;
	input->index = index;
	int r = input_open(input, given, filter_bpf, err);
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
	pcap_freecode(&input->filter);
	if (input->pcap)
		pcap_close(input->pcap);
	if (input->stream.fd >= 0)
		close(input->stream.fd);
	free(input->stream_buffer);
	free(input->name);
	free(input);
	return NULL;
}

/*
 * Nanoseconds since 1970, at the nearest end of the range if the file says more. Classic pcap has
 * 32 bits without a sign, which libpcap gives back with one: 2038 would become 1901.
 */
static int64_t time_of(const struct input *input, const struct pcap_pkthdr *header)
{
	int64_t seconds = header->ts.tv_sec;
	if (input->is_classic)
		seconds = (uint32_t)seconds;
	if (seconds >= NS_PER_SECOND_MAX)
		return INT64_MAX;
	if (seconds <= -NS_PER_SECOND_MAX)
		return INT64_MIN;
	int64_t ns;
	if (__builtin_add_overflow(seconds * NS_PER_SECOND, (int64_t)header->ts.tv_usec, &ns))
		return seconds < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

/* A record that stops at the end of the file was cut; anything else libpcap dislikes is damage. */
static void note_error(struct input *input)
{
	FILE *file = pcap_file(input->pcap);
	input->info.is_truncated = feof(file) && !ferror(file);
	snprintf(input->error, sizeof(input->error), "%s after packet %llu: %s",
	         input->info.is_truncated ? "cut off" : "damaged",
	         (unsigned long long)input->number, pcap_geterr(input->pcap));
	input->info.error = input->error;
}

static void account(struct input_info *info, const struct frame *frame)
{
	if (!info->packets++)
		info->first_ns = info->last_ns = frame->time_ns;
	info->first_ns = MIN(info->first_ns, frame->time_ns);
	info->last_ns = MAX(info->last_ns, frame->time_ns);
	info->bytes += frame->data.len;
}

int input_next(struct input *input, struct frame *frame)
{
	while (!input->is_ended) {
		struct pcap_pkthdr *header;
		const u_char *data;
		int r = pcap_next_ex(input->pcap, &header, &data);
		if (r != 1) {
			input->is_ended = true;
			if (r != PCAP_ERROR_BREAK)
				note_error(input);
			break;
		}
		input->number++;
		/* Some writers leave the original length at 0, or let it be cut with the data. */
		header->len = MAX(header->len, header->caplen);
		if (input->filter.bf_insns && !pcap_offline_filter(&input->filter, header, data))
			continue;
		*frame = (struct frame){
			.file = input->index,
			.number = input->number,
			.time_ns = time_of(input, header),
			.link_type = input->info.link_type,
			.data = BYTES(data, header->caplen),
			.len_wire = header->len,
		};
		account(&input->info, frame);
		return 0;
	}
	return SOURCE_E_END;
}

const struct input_info *input_get_info(const struct input *input)
{
	return &input->info;
}
