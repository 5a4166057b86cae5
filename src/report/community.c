/*
 * Community ID version 1, seed 0: a name for a 5-tuple that other tools compute alike (Wireshark,
 * Zeek, Suricata, nDPI), so that a flow can be looked up there. After Corelight's
 * community-id-spec: SHA-1 over seed, the lower end's address, the higher end's, protocol, a zero
 * byte, and both ports in that order; in base64, behind "1:".
 *
 * ICMP counts type and counterpart as ports. A flow keeps no type; the conversations that make
 * flows are echoes (and IPv4 timestamps, which nobody sends), so the opener's is taken as the
 * echo request. Addresses are the innermost ones, as the spec leaves tunnels out.
 */
#include "report/priv.h"

#include "pcaudit/crypto.h"

static bool has_ports(uint8_t transport)
{
	return transport == TRANSPORT_TCP || transport == TRANSPORT_UDP ||
	       transport == TRANSPORT_SCTP || transport == TRANSPORT_ICMP ||
	       transport == TRANSPORT_ICMPV6;
}

/* The port of a side as the spec wants it. */
static uint16_t port_of(const struct flow *flow, unsigned side)
{
	bool is_opener = side == flow->opener;

	if (flow->transport == TRANSPORT_ICMP)
		return is_opener ? 8 : 0;
	if (flow->transport == TRANSPORT_ICMPV6)
		return is_opener ? 128 : 129;
	return flow->port[side];
}

/* The three bytes at a time, with padding. out has room for 4 * ceil(len / 3) and a NUL. */
static void base64(char *out, const uint8_t *data, size_t len)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t group = (uint32_t)data[i] << 16 |
		                 (uint32_t)(i + 1 < len ? data[i + 1] : 0) << 8 |
		                 (i + 2 < len ? data[i + 2] : 0);
		*out++ = digits[group >> 18];
		*out++ = digits[group >> 12 & 63];
		*out++ = i + 1 < len ? digits[group >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digits[group & 63] : '=';
	}
	*out = '\0';
}

const char *report_community_id(const struct flow *flow, char buffer[40])
{
	bool is_v4 = addr_is_ipv4(&flow->addr[0]) && addr_is_ipv4(&flow->addr[1]);
	size_t len_addr = is_v4 ? 4 : 16, n = 2; /* two zero bytes of seed */
	int order = addr_compare(&flow->addr[0], &flow->addr[1]);
	unsigned low = order ? order > 0 : port_of(flow, 0) > port_of(flow, 1);
	uint8_t text[2 + 16 + 16 + 2 + 4] = { 0 }, digest[20];

	for (unsigned i = 0; i < 2; i++, n += len_addr)
		memcpy(text + n, flow->addr[i ? !low : low].bytes + 16 - len_addr, len_addr);
	text[n++] = flow->transport;
	text[n++] = 0;
	for (unsigned i = 0; i < 2 && has_ports(flow->transport); i++) {
		uint16_t port = port_of(flow, i ? !low : low);
		text[n++] = (uint8_t)(port >> 8);
		text[n++] = (uint8_t)port;
	}
	sha1(BYTES(text, n), digest);
	memcpy(buffer, "1:", 2);
	base64(buffer + 2, digest, sizeof(digest));
	return buffer;
}
