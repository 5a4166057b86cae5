/*
 * Decode: one frame to one packet. Link layers, VLAN tags, IPv4 and IPv6 with extension headers,
 * fragments (joined, bounded), TCP, UDP, and ICMP errors with the flow they quote. It knows no
 * flow and keeps no state but fragments.
 *
 * Odd frames are data, not errors: SHORT (cut by the capture), INVALID (a header lies) and
 * UNSUPPORTED (we do not know it) are told apart, because only one of them is the network's
 * fault. Checksums are not checked: offload makes them wrong in honest captures.
 */
#ifndef PCAUDIT_DECODE_H
#define PCAUDIT_DECODE_H

#include "pcaudit/base/addr.h"
#include "pcaudit/capture.h"

/* Each frame ends in exactly one of these. */
enum decode_status {
	DECODE_OK,            /* packet is filled and belongs to a flow (or quotes one) */
	DECODE_FRAGMENT_HELD, /* kept until its datagram is whole, or until given up */
	DECODE_OTHER,         /* whole, but not IP (ARP, LLDP), or IP housekeeping without a flow (IGMP,
	                         neighbour discovery, router advertisement) */
	DECODE_SHORT,         /* cut by the snaplen before the ports (TCP: before its flags) */
	DECODE_INVALID,       /* a length, version or header contradicts itself */
	DECODE_UNSUPPORTED,   /* link type, encapsulation or extension not known here */
	N_DECODE_STATUSES
};

const char *decode_status_word(enum decode_status status);

#define PACKET_MAX_VLANS 4

enum tcp_flags { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_PSH = 0x08, TCP_ACK = 0x10 };

/* The addresses and ports an ICMP error quotes: the packet that could not be delivered. */
struct packet_quote {
	struct addr src, dst;
	uint16_t src_port, dst_port;
	uint8_t transport; /* 0: no quote */
};

/*
 * One packet. payload is a view into the frame, or into the decoder's buffer for a joined
 * datagram; it dies at the next decode_frame().
 */
struct packet {
	uint32_t file;
	uint64_t number;
	int64_t time_ns;
	struct addr src, dst;
	uint16_t src_port, dst_port; /* 0 where the transport has none. ICMP echo: both 0 */
	uint8_t transport;           /* IP protocol number after extension headers */
	uint8_t ttl;
	uint8_t n_vlans;
	uint16_t vlans[PACKET_MAX_VLANS]; /* outermost first, 12-bit ids */
	uint8_t tcp_flags;
	uint32_t tcp_seq, tcp_ack;
	struct bytes payload;      /* what was captured of the transport payload */
	uint32_t payload_len_wire; /* what the headers say was sent; more than payload.len if cut */
	uint32_t ip_len;           /* length of the IP packet by its header (a joined datagram: of all,
	                              with one header) */
	bool is_joined;            /* made of fragments */
	uint8_t icmp_type, icmp_code; /* when transport is ICMP or ICMPv6 */
	struct packet_quote quote;    /* transport not 0: an ICMP error; account it to the quoted flow */
};

struct decode_options {
	size_t fragment_budget_bytes; /* 0: 8 MiB; never less than one largest datagram takes */
	int64_t fragment_timeout_ns;  /* 0: 30 s of packet time (RFC 791, RFC 8200 say 15 to 60) */
};

/* Where fragments went, for the report. */
struct decode_counters {
	uint64_t fragments_joined_datagrams; /* datagrams made whole */
	/* Fragments whose datagram never became whole: timed out, over budget, or (while reading: still)
	   waiting. Fragments leave this count when they are joined. */
	uint64_t fragments_given_up;
	uint64_t fragments_overlapping;      /* fragments whose bytes contradicted earlier ones; the first copy was kept */
};

struct decode;

int decode_new(struct decode **out, const struct decode_options *options); /* options may be NULL */
struct decode *decode_free(struct decode *decode);
DEFINE_CLEANUP(struct decode, decode_free)

/* Never fails and never allocates; packet is only meaningful for DECODE_OK. */
enum decode_status decode_frame(struct decode *decode, const struct frame *frame, struct packet *packet);

const struct decode_counters *decode_get_counters(const struct decode *decode);
/* "ethernet", "linux-cooked-v2", ... or "link type N" in buffer; for reports. */
const char *decode_link_type_word(uint16_t link_type, char buffer[24]);

#endif
