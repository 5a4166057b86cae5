/*
 * The bytes of an input: those of its descriptor, or what they unpack to.
 *
 * How a file begins tells how it is packed, not its name. Packed files may be several members one
 * behind the other (pigz, bgzip, cat a.gz b.gz, zstd --adapt); they are one stream. Zeros behind
 * the last member are padding, as tapes and xz have it; anything else there is damage. Memory is
 * what the unpacker's own window takes and one buffer, whatever the data unpacks to: a bomb costs
 * time.
 *
 * Nothing here is thrown away because of damage: bytes unpacked before it are handed on first.
 */
#include "capture/priv.h"

#include <errno.h>

#define START_SIZE  6 /* the longest magic number */
#define PACKED_SIZE ((size_t)128 * 1024)

struct stream {
	int fd;
	enum stream_state state;
	const struct unpacker *unpacker; /* NULL: not packed */
	void *unpacking;
	bool is_in_member;
	bool is_fd_ended;
	int error;
	struct bytes start; /* read already; of a plain stream handed on first */
	struct bytes left;  /* packed, in buffer */
	uint8_t start_bytes[START_SIZE];
	uint8_t *buffer;
	char why[160];
};

static ssize_t read_again(int fd, void *buffer, size_t size)
{
	ssize_t n;
	do {
		n = read(fd, buffer, size);
	} while (n < 0 && errno == EINTR);
	return n;
}

static int read_start(struct stream *stream)
{
	size_t len = 0;
	while (len < START_SIZE) {
		ssize_t n = read_again(stream->fd, stream->start_bytes + len, START_SIZE - len);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	stream->start = BYTES(stream->start_bytes, len);
	stream->unpacker = unpacker_find(stream->start);
	return 0;
}

static int prepare_unpacking(struct stream *stream)
{
	stream->buffer = malloc(PACKED_SIZE);
	stream->unpacking = stream->unpacker->new ();
	if (!stream->buffer || !stream->unpacking)
		return -ENOMEM;
	memcpy(stream->buffer, stream->start_bytes, stream->start.len);
	stream->left = BYTES(stream->buffer, stream->start.len);
	stream->start = BYTES(NULL, 0);
	stream->is_in_member = true;
	return 0;
}

int stream_new(struct stream **out, int fd)
{
	_cleanup_(stream_freep) struct stream *stream = calloc(1, sizeof(*stream));
	if (!stream) {
		close(fd);
		return -ENOMEM;
	}
	stream->fd = fd;
	int r = read_start(stream);
	if (r == 0 && stream->unpacker)
		r = prepare_unpacking(stream);
	if (r < 0)
		return r;
	*out = stream;
	stream = NULL;
	return 0;
}

struct stream *stream_free(struct stream *stream)
{
	if (!stream)
		return NULL;
	if (stream->unpacking)
		stream->unpacker->free(stream->unpacking);
	free(stream->buffer);
	close(stream->fd);
	free(stream);
	return NULL;
}

/* 0, so that a reader can end with it. */
static size_t stop(struct stream *stream, enum stream_state state, const char *why)
{
	stream->state = state;
	if (stream->unpacker && state != STREAM_FAILED)
		snprintf(stream->why, sizeof(stream->why), "%s: %s", stream->unpacker->word, why);
	else
		snprintf(stream->why, sizeof(stream->why), "%s", why);
	return 0;
}

void stream_fail(struct stream *stream, int error)
{
	stop(stream, STREAM_FAILED, strerror(error));
}

static size_t read_plain(struct stream *stream, uint8_t *buffer, size_t size)
{
	if (stream->start.len) {
		size_t n = MIN(size, stream->start.len);
		memcpy(buffer, stream->start.data, n);
		stream->start = bytes_skip(stream->start, n);
		return n;
	}
	ssize_t n = read_again(stream->fd, buffer, size);
	if (n < 0)
		stream_fail(stream, errno);
	else if (n == 0)
		stream->state = STREAM_ENDED;
	return n > 0 ? (size_t)n : 0;
}

/* Adds packed bytes to those that are left, which lie at any place of the buffer. */
static void read_packed(struct stream *stream)
{
	memmove(stream->buffer, stream->left.data ? stream->left.data : stream->buffer,
	        stream->left.len);
	ssize_t n = read_again(stream->fd, stream->buffer + stream->left.len,
	                       PACKED_SIZE - stream->left.len);
	if (n < 0)
		stream->error = errno;
	if (n <= 0)
		stream->is_fd_ended = true;
	stream->left = BYTES(stream->buffer, stream->left.len + (n > 0 ? (size_t)n : 0));
}

/* Behind a member: its successor, padding, or the end. False: the stream is over. */
static bool begin_member(struct stream *stream)
{
	const struct unpacker *unpacker = stream->unpacker;
	while (!stream->is_fd_ended && stream->left.len < START_SIZE)
		read_packed(stream);
	if (stream->left.len && stream->left.data[0] == 0) { /* padding, byte by byte: rare */
		stream->left = bytes_skip(stream->left, 1);
		return true;
	}
	if (!stream->left.len) {
		if (stream->error)
			stream_fail(stream, stream->error);
		else
			stream->state = STREAM_ENDED;
		return false;
	}
	bool is_member = bytes_starts_with(stream->left, unpacker->magic) ||
	                 (unpacker->has_skippable && unpack_is_skippable(stream->left));
	if (!is_member) {
		stop(stream, STREAM_DAMAGED, "other data behind the packed data");
		return false;
	}
	if (!unpacker->restart(stream->unpacking)) {
		stream_fail(stream, ENOMEM);
		return false;
	}
	stream->is_in_member = true;
	return true;
}

static size_t read_unpacked(struct stream *stream, uint8_t *buffer, size_t size)
{
	for (;;) {
		size_t n = 0, n_left = stream->left.len;
		const char *why = "";
		if (!stream->is_in_member) {
			if (!begin_member(stream))
				return 0;
			continue;
		}
		enum unpack_step step = stream->unpacker->run(stream->unpacking, &stream->left,
		                                              buffer, size, &n, &why);
		if (step == UNPACK_END)
			stream->is_in_member = false;
		else if (step == UNPACK_DAMAGED)
			stop(stream, STREAM_DAMAGED, why);
		else if (step == UNPACK_NO_MEMORY)
			stream_fail(stream, ENOMEM);
		if (n || stream->state != STREAM_GOES_ON)
			return n;
		if (step == UNPACK_END || stream->left.len < n_left)
			continue; /* went on without a byte to show for it */
		if (stream->is_fd_ended) {
			if (stream->error)
				stream_fail(stream, stream->error);
			else
				stop(stream, STREAM_CUT, "the packed data is cut off");
			return 0;
		}
		if (stream->left.len == PACKED_SIZE)
			return stop(stream, STREAM_DAMAGED, "the packed data leads nowhere");
		read_packed(stream);
	}
}

size_t stream_read(struct stream *stream, uint8_t *buffer, size_t size)
{
	if (stream->state != STREAM_GOES_ON)
		return 0;
	return stream->unpacker ? read_unpacked(stream, buffer, size)
	                        : read_plain(stream, buffer, size);
}

enum stream_state stream_get_state(const struct stream *stream)
{
	return stream->state;
}

const char *stream_get_why(const struct stream *stream)
{
	return stream->why;
}

const struct unpacker *stream_get_unpacker(const struct stream *stream)
{
	return stream->unpacker;
}
