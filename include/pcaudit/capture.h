/*
 * Capture: files as one stream of frames in time order.
 *
 * pcap and pcapng are read by our own bounded readers, what else libpcap knows by libpcap; packed
 * by gzip, zstd, lz4 or xz, they are unpacked on the way. Nothing here opens a path: file
 * descriptors are handed down by app. Nothing here looks inside a frame.
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
	uint16_t link_type;    /* LINKTYPE_ value, of this frame's interface */
	struct bytes data;     /* captured bytes, without a frame check sequence the file speaks of */
	uint32_t len_wire;     /* bytes on the wire, at least data.len */
	uint32_t interface;    /* index into interfaces[] of its input_info */
};

/* One interface of one input. pcap has one, without a name; pcapng any number. */
struct input_interface {
	struct bytes name;     /* as the file has it, not text that can be trusted; often empty */
	struct bytes description; /* the same */
	struct bytes filter;      /* what it was captured with, if the file says; the same */
	bool is_filtered;         /* the file says that it was captured with a filter, kept or not */
	uint16_t link_type;
	uint32_t snaplen;      /* as the file says; 0: none, or not known */
	uint64_t packets;      /* frames handed out */
	bool has_statistics;   /* the file says what follows; else only packets may have counted losses */
	uint64_t received;     /* by the interface itself, captured or not; 0 if the file does not say */
	uint64_t dropped_interface; /* for want of room in the interface or the capture's buffer */
	uint64_t dropped_kernel;    /* by the operating system */
};

/* Secrets that a pcapng file carries to decrypt its packets. */
struct source_secret {
	uint32_t type;         /* SECRET_TLS_KEY_LOG, ... */
	struct bytes data;     /* lives as long as the source */
};

#define SECRET_TLS_KEY_LOG UINT32_C(0x544c534b)

/* What is known of one input once it has been read. Strings live as long as the source. */
struct input_info {
	const char *name;      /* as the user gave it */
	const char *format;    /* "pcap", "pcapng"; NULL: could not be opened, error says why */
	const char *packing;   /* "gzip", "zstd", "lz4", "xz"; NULL: not packed */
	uint64_t size_bytes;   /* of the file; 0 if it has none (standard input) */
	uint16_t link_type;    /* of the first interface; all of them are in link_types */
	const uint16_t *link_types; /* each once, in order of first mention */
	size_t n_link_types;
	struct input_interface *interfaces; /* in the order of the file, all sections */
	size_t n_interfaces;
	uint64_t comments;     /* of sections, interfaces, packets and statistics */
	uint64_t secrets;      /* kept: source_get_secret() */
	uint64_t secrets_dropped; /* more than is kept */
	/* What the file says was lost before it was written: sums over the interfaces, no part of
	   packets. They count frames nobody handed out. */
	uint64_t dropped_interface, dropped_kernel;
	uint64_t packets;      /* frames handed out by source_next() */
	uint64_t bytes;        /* captured */
	int64_t first_ns, last_ns; /* of packets; both 0 if packets is 0 */
	bool is_truncated;     /* ended inside a record or block */
	const char *error;     /* NULL, or why reading stopped early */
};

enum {
	SOURCE_OK = 0,
	SOURCE_E_END = 1,    /* no frame left */
	SOURCE_E_INVALID = 2, /* source_new: this is not a capture we can open; err says why */
	SOURCE_E_FILTER = 3  /* source_new: filter_bpf does not compile; err says why */
};

struct source_input {
	int fd;            /* taken: closed by the source, also when source_new() fails */
	const char *name;  /* copied */
	bool may_fail;     /* if it is no capture that can be opened, it is an input with an error and
			      without packets, and the others go on */
};

struct source;

/*
 * Opens every input and checks its header. filter_bpf may be NULL; it is compiled for each link
 * type that turns up; an input ends with an error at a frame for whose link type it does not
 * compile. Frames that the filter drops are not counted anywhere.
 * 0; SOURCE_E_INVALID with err filled (which input, what was found); SOURCE_E_FILTER; or -errno.
 * The first frame of each input is read here already: on a pipe this waits for it.
 */
int source_new(struct source **out, const struct source_input *inputs, size_t n_inputs,
	       const char *filter_bpf, struct err *err);
struct source *source_free(struct source *source);
DEFINE_CLEANUP(struct source, source_free)

/*
 * Whether a file that begins so would be taken for a capture, packed or not, by source_new(), or
 * be refused by the name of its packing. 4 bytes of start are enough.
 */
bool source_is_capture(struct bytes start);

/*
 * Asks the same of a whole file, and looks inside if it is packed. Takes fd. 1: it would be taken
 * for a capture, or cannot be told because it is empty, cut or damaged; 0: it is none; -errno.
 */
int source_probe(int fd);

/*
 * The next frame of all inputs in time order; equal times by input, then by number. Inside one
 * input, what is less than 100 ms out of place is put in order, as far as memory for it goes; only
 * after 1 MiB in order the first one out of place is not. A time that goes back further does not
 * reorder that input. A truncated or damaged input ends there, says so in its input_info, and the
 * others go on.
 * 0, SOURCE_E_END, or -errno.
 */
int source_next(struct source *source, struct frame *frame);

size_t source_input_count(const struct source *source);
/* Borrowed until source_free(); complete only after SOURCE_E_END. */
const struct input_info *source_get_input(const struct source *source, size_t index);
/* The secrets of one input as far as it was read, from 0 on; NULL behind the last. */
const struct source_secret *source_get_secret(const struct source *source, size_t input,
					      size_t index);

/* The libraries that read captures: "zlib 1.2.13", ... by index; NULL behind the last. */
const char *source_library_version(size_t index, char buffer[64]);

#endif
