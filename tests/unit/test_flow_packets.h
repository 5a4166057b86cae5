/*
 * Packets written by hand, for the tests of the flow layer: client 10.0.0.1 and server 10.0.0.2
 * unless said otherwise, times in milliseconds.
 */
#ifndef TEST_FLOW_PACKETS_H
#define TEST_FLOW_PACKETS_H

#include <criterion/criterion.h>

#include "flow/priv.h"

#define CLIENT 0
#define SERVER 1
#define MS(n)  ((int64_t)(n)*NS_PER_MS)
#define S(n)   ((int64_t)(n)*NS_PER_SECOND)

/* Bytes to point payloads at; what they are does not matter here. */
static const uint8_t some_bytes[65536];

static inline struct packet packet_from(unsigned side, uint8_t transport, uint16_t client_port,
                                        uint16_t server_port, int64_t time_ns)
{
	struct packet p = {
		.file = 1,
		.time_ns = time_ns,
		.transport = transport,
		.src = addr_from_ipv4(0x0a000001 + side),
		.dst = addr_from_ipv4(0x0a000002 - side),
		.src_port = side == CLIENT ? client_port : server_port,
		.dst_port = side == CLIENT ? server_port : client_port,
		.ip_len = 40,
	};
	return p;
}

static inline struct packet with_payload(struct packet p, uint32_t len)
{
	p.payload = BYTES(some_bytes, len);
	p.payload_len_wire = len;
	p.ip_len += len;
	return p;
}

static inline struct packet udp(unsigned side, uint32_t len, int64_t time_ns)
{
	return with_payload(packet_from(side, TRANSPORT_UDP, 40000, 5060, time_ns), len);
}

static inline struct packet tcp(unsigned side, uint8_t flags, uint32_t seq, uint32_t ack,
                                uint32_t len, int64_t time_ns)
{
	struct packet p = with_payload(packet_from(side, TRANSPORT_TCP, 40000, 5061, time_ns), len);
	p.tcp_flags = flags;
	p.tcp_seq = seq;
	p.tcp_ack = ack;
	return p;
}

/* An ICMP error that 10.0.0.254 sends, quoting this packet. */
static inline struct packet icmp_about(const struct packet *quoted, uint8_t type, uint8_t code,
                                       int64_t time_ns)
{
	struct packet p = packet_from(CLIENT, TRANSPORT_ICMP, 0, 0, time_ns);

	p.src = addr_from_ipv4(0x0a0000fe);
	p.dst = quoted->src;
	p.icmp_type = type;
	p.icmp_code = code;
	p.quote = (struct packet_quote){ .src = quoted->src,
		                         .dst = quoted->dst,
		                         .src_port = quoted->src_port,
		                         .dst_port = quoted->dst_port,
		                         .transport = quoted->transport };
	return p;
}

/* A flow as the table opens it, for what needs no table. */
static inline struct flow flow_from(const struct packet *p)
{
	return (struct flow){ .addr = { p->src, p->dst },
		              .port = { p->src_port, p->dst_port },
		              .transport = p->transport,
		              .opener_how = OPENER_FIRST_PACKET,
		              .vlan = FLOW_NO_VLAN,
		              .vlan_inner = FLOW_NO_VLAN,
		              .first_ns = p->time_ns };
}

/* Accounts packets that begin with one from the side that is side 0. */
static inline struct flow flow_of(const struct packet *packets, size_t n)
{
	struct flow flow = flow_from(&packets[0]);

	for (size_t i = 0; i < n; i++)
		flow_account(&flow, !addr_equal(&packets[i].src, &flow.addr[0]), &packets[i]);
	return flow;
}
#define FLOW_OF(...)                                                                               \
	flow_of((const struct packet[]){ __VA_ARGS__ },                                            \
	        ARRAY_SIZE(((const struct packet[]){ __VA_ARGS__ })))

#endif
