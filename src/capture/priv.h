/*
 * What the files of capture share. A descriptor passes up through
 *
 *	stream.c   bytes, unpacked if they are packed (unpack.c and unpack_*.c)
 *	block.c    a window over these bytes
 *	pcap.c, pcapng.c, other.c   a format: records out of the window
 *	input.c    one input: chooses the format, numbers, filters and counts its records
 *	order.c    its records in the order of their times
 *	source.c   all inputs in time order
 */
#ifndef PCAUDIT_CAPTURE_PRIV_H
#define PCAUDIT_CAPTURE_PRIV_H

#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/capture.h"

/* ---- Unpacking ---------------------------------------------------------------------------- */

enum unpack_step {
	UNPACK_MORE,    /* went on: wants more input, or more room */
	UNPACK_END,     /* this member is whole; what is left of the input is behind it */
	UNPACK_DAMAGED, /* *why says what is wrong */
	UNPACK_NO_MEMORY,
};

/* One way to pack files. Stateless; its state is made by new(). */
struct unpacker {
	const char *word;   /* "gzip" */
	struct bytes magic; /* how a member begins */
	bool has_skippable; /* a member may also be a skippable frame (RFC 8878 section 3.1.2) */
	void *(*new)(void); /* NULL: no memory */
	/* Moves *in behind what was used; *n_out is how many bytes of out were written. */
	enum unpack_step (*run)(void *state, struct bytes *in, uint8_t *out, size_t size,
	                        size_t *n_out, const char **why);
	bool (*restart)(void *state); /* for the next member; false: no memory */
	void (*free)(void *state);
	const char *library;          /* that unpacks: "zlib" */
	const char *(*version)(void); /* of it, as it says itself */
};

extern const struct unpacker unpacker_gzip;
extern const struct unpacker unpacker_zstd;
extern const struct unpacker unpacker_lz4;
extern const struct unpacker unpacker_xz;

/* By how a file begins; NULL if it is not packed in a way we know. */
const struct unpacker *unpacker_find(struct bytes start);
bool unpack_is_skippable(struct bytes start);

/* ---- Bytes -------------------------------------------------------------------------------- */

enum stream_state {
	STREAM_GOES_ON,
	STREAM_ENDED,   /* whole */
	STREAM_CUT,     /* the packed data stops in the middle */
	STREAM_DAMAGED, /* the packed data contradicts itself */
	STREAM_FAILED,  /* could not be read, or there is no memory */
};

struct stream;

/* Takes fd, also on failure. The first bytes are read here. 0 or -errno, also of that read. */
int stream_new(struct stream **out, int fd);
struct stream *stream_free(struct stream *stream);
DEFINE_CLEANUP(struct stream, stream_free)

/* At least one byte and at most size; 0: it is over, and stream_get_state() says how. */
size_t stream_read(struct stream *stream, uint8_t *buffer, size_t size);
enum stream_state stream_get_state(const struct stream *stream);
/* What is wrong, for all states behind STREAM_ENDED. */
const char *stream_get_why(const struct stream *stream);
const struct unpacker *stream_get_unpacker(const struct stream *stream); /* NULL: not packed */
void stream_fail(struct stream *stream, int error); /* for want of memory above */

/* ---- The window --------------------------------------------------------------------------- */

#define BLOCK_SIZE_MAX ((size_t)1 << 20)
#define BLOCK_SIZE_MIN ((size_t)1 << 16)

/* left is what has been read and not taken; a view of it dies at the next block_has(). */
struct block {
	struct stream *stream; /* borrowed */
	uint8_t *buffer;
	size_t size;
	struct bytes left;
};

int block_init(struct block *block, struct stream *stream, size_t size);
void block_deinit(struct block *block);
/* Reads on until left is len bytes; false: the stream is over before. */
bool block_fill(struct block *block, size_t len);
/* Goes over len bytes, however many; false: the stream is over before. */
bool block_skip(struct block *block, uint64_t len);

static inline bool block_has(struct block *block, size_t len)
{
	return __builtin_expect(block->left.len >= len, 1) || block_fill(block, len);
}

static inline void block_take(struct block *block, size_t len)
{
	block->left = bytes_skip(block->left, len);
}

/* ---- Formats ------------------------------------------------------------------------------ */

/* What an input lends to the format that reads it. */
struct file {
	struct block block;
	struct input_info info;
	uint64_t number; /* of the last record handed over; the format's next() counts */
	uint16_t *link_types;
	uint8_t seen_link_types[8192]; /* one bit each */
	size_t room;                   /* in info.interfaces */
	char error[1024];
};

/*
 * How one format is read. next() fills time, link type, interface, data and len_wire, and leaves
 * the rest to input.c; 0, or SOURCE_E_END whatever the reason, which then is in file->info.
 */
struct format {
	const char *word;
	/* 0; SOURCE_E_INVALID with err filled; FORMAT_E_STRANGER; or -errno. */
	int (*open)(void **state, struct file *file, struct err *err);
	int (*next)(void *state, struct file *file, struct frame *frame);
	const struct source_secret *(*get_secret)(const void *state,
	                                          size_t index); /* may be NULL */
	void (*free)(void *state);
};

enum { FORMAT_E_STRANGER = 100 }; /* not this format after all: nothing was taken */

extern const struct format format_pcap;
extern const struct format format_pcapng;
extern const struct format format_other; /* whatever else libpcap reads */

/*
 * Why reading stops early, and stop: each returns SOURCE_E_END. file_end() is for a stream that
 * is over: nothing to say if it ended whole and is_between records.
 */
int file_end(struct file *file, bool is_between);
int file_damaged(struct file *file, const char *format, ...) _printf_(2, 3);
void file_unfiltered(struct file *file, uint16_t link_type, const char *why);
/* What is wrong with a file that stops before its header is whole. SOURCE_E_INVALID. */
int file_headless(struct file *file, const char *format_word, struct err *err);
/* 0 or -errno. */
int file_add_interface(struct file *file, const struct input_interface *interface);
/* Takes a frame check sequence of that length off the end of a frame. */
void file_trim_fcs(struct frame *frame, uint32_t fcs_len);
/* Nanoseconds since 1970, at the nearest end of the range if that is outside it. */
int64_t file_time(int64_t seconds, int64_t ns);
/* The largest record believed for a link type: more is damage. */
uint32_t file_record_max(uint16_t link_type);

/* ---- Inputs ------------------------------------------------------------------------------- */

struct input;

/*
 * Takes given->fd, also on failure. 0; SOURCE_E_INVALID or SOURCE_E_FILTER with err filled; or
 * -errno. index counts from 1; window_size is how much is read at once. The first record is read.
 */
int input_new(struct input **out, const struct source_input *given, uint32_t index,
              const char *filter_bpf, size_t window_size, struct err *err);
struct input *input_free(struct input *input);
DEFINE_CLEANUP(struct input, input_free)

/* Fills frame with the next record that passes the filter. 0 or SOURCE_E_END, whatever the reason.
 */
int input_next(struct input *input, struct frame *frame);

const struct input_info *input_get_info(const struct input *input);
const struct source_secret *input_get_secret(const struct input *input, size_t index);

/* ---- Order -------------------------------------------------------------------------------- */

/* How far records of one input may be out of place to be put in order. */
#define ORDER_SPAN_NS (NS_PER_SECOND / 10)

struct order;

/* Borrows input. At most about max_held_bytes wait to be put in order. 0 or -errno. */
int order_new(struct order **out, struct input *input, size_t max_held_bytes);
struct order *order_free(struct order *order);
DEFINE_CLEANUP(struct order, order_free)

/* The next record by time; equal times by number. It dies at the next call. 0 or SOURCE_E_END. */
int order_next(struct order *order, struct frame *frame);

/* ---- Filters ------------------------------------------------------------------------------ */

/* One filter text, compiled for each link type it meets. */
struct filter;

int filter_new(struct filter **out, const char *text); /* 0 or -errno */
struct filter *filter_free(struct filter *filter);
/* 0, or SOURCE_E_FILTER with why filled. */
int filter_prepare(struct filter *filter, uint16_t link_type, char *why, size_t why_size);
/* Only for a link type that is prepared. */
bool filter_passes(struct filter *filter, const struct frame *frame);

#endif
