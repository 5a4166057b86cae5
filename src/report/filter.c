/*
 * A Wireshark display filter that selects a finding's examples: the person who reads the finding
 * pastes it and sees the packets, with the ICMP errors that quote them.
 *
 * ip.addr and tcp.port match either end, which is enough while both ends differ. Where they do not
 * (5061 to 5061, a host to itself) each direction is written out, or a port alone would bring in
 * its neighbours. A 5-tuple that was used again is bounded by the time it began; an earlier use
 * cannot be told from a later one by addresses.
 */
#include "report/priv.h"

static void add_directed(struct strbuf *out, const struct flow *flow, const char *ip,
                         const char *l4, unsigned src)
{
	char from[ADDR_TEXT_SIZE], to[ADDR_TEXT_SIZE];

	strbuf_add_format(out, "%s.src == %s && %s.dst == %s", ip,
	                  addr_format(&flow->addr[src], from), ip,
	                  addr_format(&flow->addr[!src], to));
	if (l4)
		strbuf_add_format(out, " && %s.srcport == %u && %s.dstport == %u", l4,
		                  flow->port[src], l4, flow->port[!src]);
}

static void add_portless(struct strbuf *out, const struct flow *flow, bool is_v4)
{
	if (flow->transport == TRANSPORT_ICMP)
		strbuf_add(out, " && icmp.type in {0, 8, 13, 14}");
	else if (flow->transport == TRANSPORT_ICMPV6)
		strbuf_add(out, " && icmpv6.type in {128, 129}");
	else if (is_v4)
		strbuf_add_format(out, " && ip.proto == %u", flow->transport);
	else if (flow->transport == TRANSPORT_ESP || flow->transport == TRANSPORT_AH)
		strbuf_add(out, flow->transport == TRANSPORT_ESP ? " && esp" : " && ah");
	else
		strbuf_add_format(out, " && ipv6.nxt == %u", flow->transport);
}

static const char *ports_word(uint8_t transport)
{
	return transport == TRANSPORT_TCP    ? "tcp"
	       : transport == TRANSPORT_UDP  ? "udp"
	       : transport == TRANSPORT_SCTP ? "sctp"
	                                     : NULL;
}

static void add_flow(struct strbuf *out, const struct flow *flow)
{
	bool is_v4 = addr_is_ipv4(&flow->addr[0]) && addr_is_ipv4(&flow->addr[1]);
	const char *ip = is_v4 ? "ip" : "ipv6", *l4 = ports_word(flow->transport);
	bool is_one_host = addr_equal(&flow->addr[0], &flow->addr[1]);
	char a[ADDR_TEXT_SIZE], b[ADDR_TEXT_SIZE];
	unsigned first = flow->opener;

	if (l4 && (is_one_host || flow->port[0] == flow->port[1])) {
		strbuf_add(out, "((");
		add_directed(out, flow, ip, l4, first);
		strbuf_add(out, ") || (");
		add_directed(out, flow, ip, l4, !first);
		strbuf_add(out, "))");
	} else {
		strbuf_add_format(out, "%s.addr == %s && %s.addr == %s", ip,
		                  addr_format(&flow->addr[first], a), ip,
		                  addr_format(&flow->addr[!first], b));
		if (l4)
			strbuf_add_format(out, " && %s.port == %u && %s.port == %u", l4,
			                  flow->port[first], l4, flow->port[!first]);
		else
			add_portless(out, flow, is_v4);
	}
	if (flow->is_continued)
		strbuf_add_format(out, " && frame.time_epoch >= %lld.%09lld",
		                  (long long)(flow->first_ns / NS_PER_SECOND),
		                  (long long)(flow->first_ns % NS_PER_SECOND));
}

void filter_of_finding(struct strbuf *out, const struct finding *finding)
{
	for (size_t i = 0; i < finding->n_examples; i++) {
		strbuf_add(out, i ? " || (" : "(");
		add_flow(out, &finding->examples[i]->flow);
		strbuf_add(out, ")");
	}
}
