/*
 * Capture: files (through libpcap) as one stream of frames in time order.
 *
 * Nothing here opens a path: file descriptors are handed down by app. Nothing here looks inside
 * a frame.
 */
#ifndef PCAUDIT_CAPTURE_H
#define PCAUDIT_CAPTURE_H

#include "pcaudit/base/bytes.h"
#include "pcaudit/base/err.h"

/* One captured frame. Owned by the source; dies at the next source_next() or source_free(). */
struct frame {
	uint32_t file;         /* index of the input, from 1 */
	uint64_t number;       /* place in that input, from 1, as Wireshark counts */
	int64_t time_ns;       /* since 1970, UTC */
	uint16_t link_type;    /* LINKTYPE_ value as DLT_ of libpcap */
	struct bytes data;     /* captured bytes */
	uint32_t len_wire;     /* bytes on the wire, at least data.len */
};

/* What is known of one input once it has been read. Strings live as long as the source. */
struct input_info {
	const char *name;      /* as the user gave it */
	const char *format;    /* "pcap", "pcapng" */
	uint64_t size_bytes;   /* of the file; 0 if it has none (standard input) */
	uint16_t link_type;
	uint64_t packets;
	uint64_t bytes;        /* captured */
	int64_t first_ns, last_ns; /* of packets; both 0 if packets is 0 */
	bool is_truncated;     /* ended inside a record or block */
	const char *error;     /* NULL, or why reading stopped early */
};

enum {
	SOURCE_OK = 0,
	SOURCE_E_END = 1,    /* no frame left */
	SOURCE_E_INVALID = 2, /* source_new: this is not a capture libpcap can open; err says why */
	SOURCE_E_FILTER = 3  /* source_new: filter_bpf does not compile; err says why */
};

struct source_input {
	int fd;            /* taken: closed by the source, also when source_new() fails */
	const char *name;  /* copied */
};

struct source;

/*
 * Opens every input and checks its header. filter_bpf may be NULL; it is compiled for each
 * input's link type. Frames that the filter drops are not counted anywhere.
 * 0; SOURCE_E_INVALID with err filled (which input, what was found); SOURCE_E_FILTER; or -errno.
 * The first frame of each input is read here already: on a pipe this waits for it.
 */
int source_new(struct source **out, const struct source_input *inputs, size_t n_inputs,
	       const char *filter_bpf, struct err *err);
struct source *source_free(struct source *source);
DEFINE_CLEANUP(struct source, source_free)

/*
 * Whether a file that begins so would be taken for a capture by source_new(), or be refused by the
 * name of its compression. 4 bytes of start are enough.
 */
bool source_is_capture(struct bytes start);

/*
 * The next frame of all inputs in time order; equal times by input, then by number. A time that
 * goes back inside one input does not reorder that input. A truncated or damaged input ends there,
 * says so in its input_info, and the others go on.
 * 0, SOURCE_E_END, or -errno.
 */
int source_next(struct source *source, struct frame *frame);

size_t source_input_count(const struct source *source);
/* Borrowed until source_free(); complete only after SOURCE_E_END. */
const struct input_info *source_get_input(const struct source *source, size_t index);

#endif
