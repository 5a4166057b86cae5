/*
 * Decode: one frame to one packet. Link layers, VLAN tags, IPv4 and IPv6 with extension headers,
 * fragments (joined, bounded), TCP, UDP, and ICMP errors with the flow they quote. It knows no
 * flow and keeps no state but fragments.
 *
 * Tunnels are opened, and the packet is the innermost; what carried it is told in tunnels[] and
 * is no packet of its own. Where a tunnel over IP turns out to hold nothing that can be read (its
 * port or protocol was used for something else), the packet that seemed to carry it is the packet.
 * Where there is no such packet (MPLS, PPPoE, 802.1ah) the frame is UNSUPPORTED.
 *
 * Odd frames are data, not errors: SHORT (cut by the capture), INVALID (a header lies) and
 * UNSUPPORTED (we do not know it) are told apart, because only one of them is the network's
 * fault. Checksums are not checked: offload makes them wrong in honest captures.
 *
 * A packet carries a digest of what no hop changes, and of where it was seen: so that one seen twice
 * is known (doubles.h). Fragments are asked here, before they are kept; packets by the flow table.
 */
#ifndef PCAUDIT_DECODE_H
#define PCAUDIT_DECODE_H

#include "pcaudit/base/addr.h"
#include "pcaudit/base/hash.h"
#include "pcaudit/capture.h"

/* Each frame ends in exactly one of these. */
enum decode_status {
	DECODE_OK,            /* packet is filled and belongs to a flow (or quotes one) */
	DECODE_FRAGMENT_HELD, /* kept until its datagram is whole, or until given up */
	DECODE_DUPLICATE,     /* a fragment seen a moment ago, at this place or another */
	DECODE_OTHER,         /* whole, but not IP (ARP, LLDP), or IP housekeeping without a flow (IGMP,
	                         neighbour discovery, router advertisement) */
	DECODE_SHORT,         /* cut by the snaplen before the ports (TCP: before its flags) */
	DECODE_INVALID,       /* a length, version or header contradicts itself */
	DECODE_UNSUPPORTED,   /* link type, encapsulation or extension not known here */
	N_DECODE_STATUSES
};

const char *decode_status_word(enum decode_status status);

#define PACKET_MAX_VLANS   4
#define PACKET_MAX_TUNNELS 8 /* a frame with more is DECODE_UNSUPPORTED */

enum tcp_flags { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_PSH = 0x08, TCP_ACK = 0x10 };

/* The addresses and ports an ICMP error quotes: the packet that could not be delivered. */
struct packet_quote {
	struct addr src, dst;
	uint16_t src_port, dst_port;
	uint8_t transport; /* 0: no quote */
};

/* What can carry a packet inside another. */
enum tunnel_kind {
	TUNNEL_MPLS,     /* RFC 3032; with Ethernet inside RFC 4448. A stack of labels is one tunnel */
	TUNNEL_PPPOE,    /* RFC 2516 */
	TUNNEL_PBB,      /* IEEE 802.1ah */
	TUNNEL_GRE,      /* RFC 2784, RFC 2890; NVGRE, RFC 7637 */
	TUNNEL_ERSPAN_1, /* draft-foschiano-erspan */
	TUNNEL_ERSPAN_2,
	TUNNEL_ERSPAN_3,
	TUNNEL_VXLAN,    /* RFC 7348 */
	TUNNEL_GENEVE,   /* RFC 8926 */
	TUNNEL_IPIP,     /* RFC 2003, and IPv4 in IPv6, RFC 2473 */
	TUNNEL_6IN4,     /* RFC 4213, and IPv6 in IPv6 */
	TUNNEL_TEREDO,   /* RFC 4380 */
	N_TUNNEL_KINDS
};
/* mpls pppoe 802.1ah gre erspan-1 erspan-2 erspan-3 vxlan geneve ip-in-ip 6in4 teredo */
const char *tunnel_kind_word(enum tunnel_kind kind);

/* One tunnel. Those below IP have no addresses of their own: both are ::, transport is 0. */
struct packet_tunnel {
	uint8_t kind;                /* enum tunnel_kind */
	uint8_t transport;           /* of the packet that carries: IP protocol number */
	uint16_t src_port, dst_port; /* 0 where its transport has none */
	uint32_t id; /* bottom label, session, I-SID, key, ERSPAN session, VNI; 0: none */
	struct addr src, dst;
};

/*
 * What makes two sights of a packet alike. head is of the IP header's fields that hops leave as they
 * are (version, ID, flags, length, protocol, addresses, flow label), and of the first 40 bytes
 * behind it and its extensions; body of the rest. Left out are what hops and network cards change:
 * TTL, traffic class, options, extension headers, the checksums of IP, TCP and UDP. Values depend on
 * the key of the run, so they are for comparing only. A head of 0 is no digest: nothing is its double.
 */
struct packet_digest {
	uint64_t head, body;
	uint32_t place;    /* where it was seen: interface, MAC addresses, VLANs, tunnels, TTL */
	uint16_t captured; /* bytes in body: less than sent if the capture cut it */
};

/* What decode noted on the way, until it makes the digest of it. Nobody else reads it. */
struct packet_ip {
	uint64_t fields[2];
	uint64_t place;
	struct bytes payload; /* what was captured behind the IP header and its extensions */
	uint8_t checksum_at;  /* in the payload; 0: none that is left out */
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
	uint16_t vlans[PACKET_MAX_VLANS]; /* outermost first, 12-bit ids; those inside tunnels behind
	                                     those outside */
	uint8_t n_tunnels;
	struct packet_tunnel tunnels[PACKET_MAX_TUNNELS]; /* outermost first; the first n_tunnels are
	                                                     filled */
	uint8_t tcp_flags;
	uint32_t tcp_seq, tcp_ack;
	struct bytes payload;      /* what was captured of the transport payload */
	uint32_t payload_len_wire; /* what the headers say was sent; more than payload.len if cut */
	uint32_t ip_len;           /* length of the IP packet by its header (a joined datagram: of all,
	                              with one header) */
	bool is_joined;            /* made of fragments, or came in a tunnel that was */
	bool is_disputed;          /* made of fragments that contradicted each other: the first
	                              copy of each byte was kept */
	uint8_t icmp_type, icmp_code; /* when transport is ICMP or ICMPv6 */
	struct packet_quote quote;    /* transport not 0: an ICMP error; account it to the quoted flow */
	struct packet_digest digest;
	struct packet_ip ip; /* decode's own */
};

struct decode_options {
	size_t fragment_budget_bytes; /* 0: 8 MiB; never less than one largest datagram takes */
	int64_t fragment_timeout_ns;  /* 0: 30 s of packet time (RFC 791, RFC 8200 say 15 to 60) */
	const struct hash_key *digest_key; /* NULL: built in. A secret, or a sender could make a
	                                      packet that passes for the double of another */
	bool separate_vlans; /* fragments are joined, and doubled, only within one outermost VLAN */
};

/* Where fragments went, for the report. */
struct decode_counters {
	uint64_t fragments_joined_datagrams; /* datagrams made whole */
	/* Fragments whose datagram never became whole: timed out, over budget, or (while reading: still)
	   waiting. Fragments leave this count when they are joined. */
	uint64_t fragments_given_up;
	uint64_t fragments_overlapping;      /* fragments whose bytes contradicted earlier ones; the first copy was kept */
	uint64_t doubles_forgotten;          /* fragments that could not be remembered for 50 ms */
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
/* False: every frame of it is DECODE_UNSUPPORTED. */
bool decode_reads_link_type(uint16_t link_type);

#endif
