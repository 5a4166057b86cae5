/*
 * Live: network interfaces as one stream of frames in time order. On Linux AF_PACKET with one
 * TPACKET_V3 ring per interface (packet(7), packet_mmap in the kernel's documentation), elsewhere
 * libpcap. The frames and what is said of the inputs are those of capture.h, so whatever reads
 * files reads interfaces.
 *
 * Two steps, since only the first needs privileges: live_open() in a process that has them,
 * live_start() in one that need not. Nothing is ever sent on an interface. Nothing here asks for
 * the time: the caller says what time it is.
 */
#ifndef PCAUDIT_LIVE_H
#define PCAUDIT_LIVE_H

#include <poll.h>

#include "pcaudit/capture.h"

#define LIVE_MAX_INTERFACES 32

struct live_options {
	size_t ring_bytes;     /* of each interface, rounded up to whole MiB; 0: 64 MiB */
	uint32_t snaplen;      /* bytes kept of a frame; 0: all */
	bool is_unpromiscuous; /* only frames that the interface would take in anyway */
};

struct live;

enum {
	LIVE_OK = 0,
	LIVE_E_IDLE = 1,    /* no frame is due; live_wait() */
	LIVE_E_INVALID = 2, /* live_open(): err says what is wrong with which interface, or the filter */
};

/*
 * Opens every interface and begins to capture into its ring. filter_bpf may be NULL; it is run on
 * the whole frame, with the tag that the kernel takes out put back, so that one text means the
 * same on a file and on a wire. Frames that it drops are counted nowhere.
 * 0; LIVE_E_INVALID with err filled; or -errno.
 */
int live_open(struct live **out, const char *const *names, size_t n_names, const char *filter_bpf,
	      const struct live_options *options, struct err *err);
/* Maps the rings. To be called once, before live_next(). 0 or -errno. */
int live_start(struct live *live);
struct live *live_free(struct live *live);
DEFINE_CLEANUP(struct live, live_free)

/*
 * The next frame of all interfaces in time order; it lives until the next call. With several
 * interfaces a frame is held until nothing earlier can still come from another one, which is after
 * 30 ms: rings are handed over in blocks. now_ns is the time of day, by the clock that stamps
 * packets (CLOCK_REALTIME). 0 or LIVE_E_IDLE.
 */
int live_next(struct live *live, int64_t now_ns, struct frame *frame);

/* Everything that has arrived is due, held or not: before the last frames are taken. */
void live_hurry(struct live *live);

/*
 * Waits until a frame may be due, one of the caller's descriptors is ready, or timeout_ms has
 * passed. The number of the caller's descriptors that are ready, or -errno (-EINTR too).
 */
int live_wait(struct live *live, struct pollfd *others, size_t n_others, int timeout_ms);

size_t live_input_count(const struct live *live);
/*
 * What is known of one interface: name, link type, packets, bytes, first and last time; format is
 * "live", error says why none come ("interface is down"), until some do. What was lost, as of the
 * last live_read_losses(), by cause: dropped_interface by the network card, dropped_kernel before
 * the ring, and dropped_ring by live_get_dropped_ring().
 */
const struct input_info *live_get_input(const struct live *live, size_t index);
/* Frames for which there was no room in the ring. */
uint64_t live_get_dropped_ring(const struct live *live, size_t index);
/* Asks the kernel what was lost. */
void live_read_losses(struct live *live);

/* "AF_PACKET TPACKET_V3" or libpcap's own version. */
const char *live_method(void);

#endif
