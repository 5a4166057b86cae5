/*
 * An interface on Linux: a packet socket with a TPACKET_V3 ring, which the kernel fills block by
 * block and we read without a copy (packet(7); Documentation/networking/packet_mmap.rst).
 *
 * Each block belongs to the kernel or to us; it goes back when the frame after its last one is
 * asked for. The kernel takes the outermost VLAN tag out of a frame and tells it beside: it is put
 * back into the four bytes that PACKET_RESERVE keeps free before each frame, since whoever reads
 * frames expects them as they were on the wire.
 *
 * The socket never sends. The structures in the ring are the kernel's, not the wire's; only their
 * payload is handed on, as bytes.
 */
#include "capture/live_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_BYTES        ((size_t)1 << 20)
#define DEFAULT_RING_BYTES ((size_t)64 << 20)
#define MAX_RING_BYTES     ((size_t)4 << 30)
#define FRAME_BYTES        2048u /* only sizes the kernel's own count; V3 frames are as long as needed */
#define TAG_BYTES          4u
#define MAC_BYTES          12u /* before the tag */
#define LINKTYPE_ETHERNET  1
#define LINKTYPE_RAW       101

/* Counters of the card and the kernel, as files: descriptors stay readable without privileges. */
enum statistic { STATISTIC_MISSED, STATISTIC_FIFO, STATISTIC_DROPPED, N_STATISTICS };
static const char *const statistic_files[N_STATISTICS] = {
	[STATISTIC_MISSED] = "rx_missed_errors",
	[STATISTIC_FIFO] = "rx_fifo_errors",
	[STATISTIC_DROPPED] = "rx_dropped",
};

struct port {
	int fd;
	uint16_t link_type;
	bool is_loopback;
	uint8_t *ring;
	size_t n_blocks, at;       /* at: the block being read */
	struct tpacket3_hdr *next; /* in it; NULL: the block has not been opened */
	uint32_t n_left;           /* frames of it, with `next` */
	uint64_t dropped_ring;
	int statistic_fds[N_STATISTICS];
	uint64_t statistic_start[N_STATISTICS];
};

/* ---- Opening -------------------------------------------------------------------------------- */

static int fail(struct err *err, const char *name, const char *what, int error)
{
	if (error == EPERM || error == EACCES)
		err_set(err,
		        "%s: capturing is not permitted: run as root, or give the program "
		        "CAP_NET_RAW",
		        name);
	else
		err_set(err, "%s: %s: %s", name, what, strerror(error));
	return LIVE_E_INVALID;
}

static int unknown_interface(struct err *err, const char *name)
{
	struct if_nameindex *all = if_nameindex();
	const char *names[256];
	size_t n = 0;

	for (; all && all[n].if_index && n < ARRAY_SIZE(names); n++)
		names[n] = all[n].if_name;
	const char *near = err_near_miss(name, names, n);
	err_set(err, "%s: there is no such interface", name);
	if (near)
		err_add(err, " (did you mean \"%s\"?)", near);
	if_freenameindex(all);
	return LIVE_E_INVALID;
}

static int find_link_type(struct port *port, const char *name, struct err *err)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(port->fd, SIOCGIFHWADDR, &request) < 0)
		return fail(err, name, "its kind cannot be read", errno);
	switch (request.ifr_hwaddr.sa_family) {
	case ARPHRD_LOOPBACK:
		port->is_loopback = true;
		port->link_type = LINKTYPE_ETHERNET;
		return 0;
	case ARPHRD_ETHER:
		port->link_type = LINKTYPE_ETHERNET;
		return 0;
	case ARPHRD_NONE: /* tun */
	case ARPHRD_PPP:
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
		port->link_type = LINKTYPE_RAW;
		return 0;
	default:
		err_set(err, "%s: neither Ethernet nor bare IP (hardware type %u)", name,
		        (unsigned)request.ifr_hwaddr.sa_family);
		return LIVE_E_INVALID;
	}
}

static int make_ring(struct port *port, const char *name, const struct live_options *options,
                     struct err *err)
{
	size_t bytes = options->ring_bytes ? options->ring_bytes : DEFAULT_RING_BYTES;
	int version = TPACKET_V3;
	unsigned reserve = TAG_BYTES;

	port->n_blocks = (MIN(bytes, MAX_RING_BYTES) + BLOCK_BYTES - 1) / BLOCK_BYTES;
	port->n_blocks = MAX(port->n_blocks, (size_t)2);
	struct tpacket_req3 request = {
		.tp_block_size = (unsigned)BLOCK_BYTES,
		.tp_block_nr = (unsigned)port->n_blocks,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = (unsigned)(port->n_blocks * (BLOCK_BYTES / FRAME_BYTES)),
		.tp_retire_blk_tov = PORT_RETIRE_MS,
	};
	if (setsockopt(port->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(port->fd, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof(reserve)) < 0)
		return fail(err, name, "the kernel has no TPACKET_V3", errno);
	if (setsockopt(port->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) < 0)
		return fail(err, name, "no memory for the ring", errno);
	return 0;
}

/* The shortest filter: keeps so many bytes of every frame. */
static int cut_frames(struct port *port, const char *name, uint32_t snaplen, struct err *err)
{
	struct sock_filter keep = BPF_STMT(BPF_RET | BPF_K, snaplen);
	struct sock_fprog program = { .len = 1, .filter = &keep };

	if (snaplen &&
	    setsockopt(port->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return fail(err, name, "the snaplen cannot be set", errno);
	return 0;
}

static int bind_to(struct port *port, const char *name, const struct live_options *options,
                   struct err *err)
{
	unsigned index = if_nametoindex(name);
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
		                       .sll_protocol = htons(ETH_P_ALL),
		                       .sll_ifindex = (int)index };
	struct packet_mreq all = { .mr_ifindex = (int)index, .mr_type = PACKET_MR_PROMISC };

	if (bind(port->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(err, name, "cannot be listened to", errno);
	if (!options->is_unpromiscuous && !port->is_loopback &&
	    setsockopt(port->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) < 0)
		return fail(err, name, "cannot be made promiscuous", errno);
	return 0;
}

static bool read_statistic(int fd, uint64_t *out)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	*out = strtoull(text, NULL, 10);
	return true;
}

/* What a kernel does not tell is not counted: a container may hide these files. */
static void open_statistics(struct port *port, const char *name)
{
	char path[96 + IF_NAMESIZE];

	for (size_t i = 0; i < N_STATISTICS; i++) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", name,
		         statistic_files[i]);
		port->statistic_fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (port->statistic_fds[i] >= 0)
			read_statistic(port->statistic_fds[i], &port->statistic_start[i]);
	}
}

int port_open(struct port **out, const char *name, const struct live_options *options,
              struct err *err)
{
	if (strlen(name) >= IF_NAMESIZE || if_nametoindex(name) == 0)
		return unknown_interface(err, name);
	struct port *port = calloc(1, sizeof(*port));
	if (!port)
		return -ENOMEM;
	for (size_t i = 0; i < N_STATISTICS; i++)
		port->statistic_fds[i] = -1;
	/* No protocol yet: nothing comes in before the ring and the filter are there. */
	port->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int r = port->fd < 0 ? fail(err, name, "no packet socket", errno)
	                     : find_link_type(port, name, err);
	if (r == 0)
		r = make_ring(port, name, options, err);
	if (r == 0)
		r = cut_frames(port, name, options->snaplen, err);
	if (r == 0)
		open_statistics(port, name);
	if (r == 0)
		r = bind_to(port, name, options, err);
	if (r) {
		port_free(port);
		return r;
	}
	*out = port;
	return 0;
}

int port_start(struct port *port)
{
	void *ring = mmap(NULL, port->n_blocks * BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
	                  port->fd, 0);

	if (ring == MAP_FAILED)
		return -errno;
	port->ring = ring;
	return 0;
}

struct port *port_free(struct port *port)
{
	if (!port)
		return NULL;
	if (port->ring)
		munmap(port->ring, port->n_blocks * BLOCK_BYTES);
	for (size_t i = 0; i < N_STATISTICS; i++)
		if (port->statistic_fds[i] >= 0)
			close(port->statistic_fds[i]);
	if (port->fd >= 0)
		close(port->fd);
	free(port);
	return NULL;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static struct tpacket_block_desc *block_at(const struct port *port)
{
	return (struct tpacket_block_desc *)(void *)(port->ring + port->at * BLOCK_BYTES);
}

static void give_block_back(struct port *port)
{
	atomic_thread_fence(memory_order_release);
	block_at(port)->hdr.bh1.block_status = TP_STATUS_KERNEL;
	port->at = (port->at + 1) % port->n_blocks;
	port->next = NULL;
}

/* Opens the block at hand, if the kernel is done with it and there is something in it. */
static bool open_block(struct port *port)
{
	struct tpacket_block_desc *block = block_at(port);

	if (!(*(volatile uint32_t *)&block->hdr.bh1.block_status & TP_STATUS_USER))
		return false;
	atomic_thread_fence(memory_order_acquire);
	port->n_left = block->hdr.bh1.num_pkts;
	port->next = (struct tpacket3_hdr *)(void *)((uint8_t *)block +
	                                             block->hdr.bh1.offset_to_first_pkt);
	return true;
}

static void step(struct port *port)
{
	port->n_left--;
	port->next =
	        (struct tpacket3_hdr *)(void *)((uint8_t *)port->next + port->next->tp_next_offset);
}

/* Loopback hands over each frame twice, going out and coming in. */
static bool is_unwanted(const struct port *port)
{
	const struct sockaddr_ll *address =
	        (const struct sockaddr_ll *)(const void *)((const uint8_t *)port->next +
	                                                   TPACKET_ALIGN(sizeof(*port->next)));

	return port->is_loopback && address->sll_pkttype == PACKET_OUTGOING;
}

/* Puts the tag back where it was: behind the two MAC addresses, which move forward for it. */
static uint8_t *put_tag_back(const struct tpacket3_hdr *header, uint8_t *data)
{
	uint16_t type = header->tp_status & TP_STATUS_VLAN_TPID_VALID ? header->hv1.tp_vlan_tpid
	                                                              : ETHERTYPE_VLAN;
	uint16_t id = (uint16_t)header->hv1.tp_vlan_tci;
	const uint8_t tag[TAG_BYTES] = { (uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(id >> 8),
		                         (uint8_t)id };

	memmove(data - TAG_BYTES, data, MAC_BYTES);
	memcpy(data - TAG_BYTES + MAC_BYTES, tag, TAG_BYTES);
	return data - TAG_BYTES;
}

static void fill(const struct port *port, struct frame *frame)
{
	struct tpacket3_hdr *header = port->next;
	uint8_t *data = (uint8_t *)header + header->tp_mac;
	size_t len = header->tp_snaplen;

	*frame = (struct frame){ .time_ns = (int64_t)header->tp_sec * 1000000000 + header->tp_nsec,
		                 .len_wire = header->tp_len };
	if ((header->tp_status & TP_STATUS_VLAN_VALID) && len >= MAC_BYTES &&
	    port->link_type == LINKTYPE_ETHERNET) {
		data = put_tag_back(header, data);
		len += TAG_BYTES;
		frame->len_wire += TAG_BYTES;
		header->tp_status &= ~(uint32_t)TP_STATUS_VLAN_VALID;
		header->tp_mac = (uint16_t)(header->tp_mac - TAG_BYTES);
		header->tp_snaplen += TAG_BYTES;
		header->tp_len += TAG_BYTES;
	}
	frame->data = BYTES(data, len);
}

bool port_peek(struct port *port, struct frame *frame)
{
	for (;;) {
		if (!port->next && !open_block(port))
			return false;
		while (port->n_left && is_unwanted(port))
			step(port);
		if (port->n_left)
			break;
		give_block_back(port);
	}
	fill(port, frame);
	return true;
}

void port_pop(struct port *port)
{
	step(port);
	if (port->n_left == 0)
		give_block_back(port);
}

int port_get_fd(const struct port *port)
{
	return port->fd;
}

uint16_t port_get_link_type(const struct port *port)
{
	return port->link_type;
}

const char *port_get_trouble(struct port *port)
{
	int error = 0;
	socklen_t size = sizeof(error);

	/* Reading the error also clears it, so that poll() waits again. */
	if (getsockopt(port->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return "its socket is gone";
	return error == ENETDOWN ? "interface is down" : error ? "interface failed" : NULL;
}

/* ---- Losses --------------------------------------------------------------------------------- */

void port_read_losses(struct port *port, struct port_losses *out)
{
	struct tpacket_stats_v3 stats;
	socklen_t size = sizeof(stats);
	uint64_t grown[N_STATISTICS] = { 0 };

	/* The kernel counts from the last time it was asked. */
	if (getsockopt(port->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
		port->dropped_ring += stats.tp_drops;
	for (size_t i = 0; i < N_STATISTICS; i++) {
		uint64_t now;
		if (port->statistic_fds[i] >= 0 && read_statistic(port->statistic_fds[i], &now) &&
		    now > port->statistic_start[i])
			grown[i] = now - port->statistic_start[i];
	}
	out->ring = port->dropped_ring;
	out->kernel = grown[STATISTIC_DROPPED];
	out->interface = grown[STATISTIC_MISSED] + grown[STATISTIC_FIFO];
}

const char *port_method(void)
{
	return "AF_PACKET TPACKET_V3";
}
