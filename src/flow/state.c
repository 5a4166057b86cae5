/*
 * What became of a flow, worked out from what the flow holds. Nothing here is stored: the same
 * flow asked at a later time may have another answer (a SYN becomes unanswered after 3 s).
 *
 * The rule behind it: "not answered" is proven by the opener, never by what the capture lacks. An
 * opener that repeats its SYN or falls silent has had no answer; one that goes on was answered,
 * even where the other direction was not captured.
 */
#include "priv.h"

const char *opener_word(enum opener opener)
{
	static const char *const words[] = {
		[OPENER_SYN] = "syn",
		[OPENER_PROTOCOL] = "protocol",
		[OPENER_PORT] = "port",
		[OPENER_FIRST_PACKET] = "first-packet",
	};
	return opener < ARRAY_SIZE(words) ? words[opener] : "first-packet";
}

const char *flow_state_word(enum flow_state state)
{
	static const char *const words[] = {
		[FLOW_ESTABLISHED] = "established", [FLOW_UNANSWERED] = "unanswered",
		[FLOW_REFUSED] = "refused",         [FLOW_REJECTED] = "rejected",
		[FLOW_MIDSTREAM] = "midstream",     [FLOW_DATAGRAM] = "datagram",
		[FLOW_UNPROVEN] = "unproven",
	};
	return state < ARRAY_SIZE(words) ? words[state] : "unproven";
}

void flow_set_opener(struct flow *flow, unsigned side, enum opener how)
{
	if (how >= flow->opener_how)
		return;
	flow->opener = side & 1;
	flow->opener_how = (uint8_t)how;
}

bool flow_is_tcp_closed(const struct flow *flow)
{
	return (flow->saw_fin[0] && flow->saw_fin[1]) || flow->saw_rst[0] || flow->saw_rst[1];
}

static bool opening_was_seen(const struct flow *flow)
{
	return (flow->tcp_seen[0] | flow->tcp_seen[1]) & TCP_SYN;
}

/* Either side did what it does only after the handshake. */
static bool tcp_went_on(const struct flow *flow)
{
	unsigned responder = !flow->opener;
	uint8_t seen = flow->tcp_seen[responder];

	return flow->tcp_seen[flow->opener] & TCP_ACK || (seen & TCP_ACK && !(seen & TCP_SYN)) ||
	       flow->has_payload[responder] || flow->saw_fin[responder];
}

static bool opener_is_silent(const struct flow *flow, int64_t now_ns)
{
	return elapsed_ns(flow->side_last_ns[flow->opener], now_ns) >= FLOW_SILENCE_NS;
}

/* A SYN-ACK was seen and neither side went on: did it reach the opener? */
static enum flow_state half_open_state(const struct flow *flow, int64_t now_ns)
{
	if (flow->saw_rst[flow->opener])
		return FLOW_ESTABLISHED; /* only one who had the answer resets it: a port scan */
	if (flow->own.bits[flow->opener] & FLOW_SYN_AGAIN &&
	    (flow->syn_count > 2 || opener_is_silent(flow, now_ns)))
		return FLOW_UNANSWERED;
	return FLOW_UNPROVEN;
}

static enum flow_state tcp_state(const struct flow *flow, int64_t now_ns)
{
	unsigned opener = flow->opener, responder = !opener;

	if (!opening_was_seen(flow))
		return flow->is_continued && flow->opener_how == OPENER_SYN ? FLOW_ESTABLISHED
		                                                            : FLOW_MIDSTREAM;
	if (tcp_went_on(flow))
		return FLOW_ESTABLISHED;
	if (flow->tcp_seen[responder] & ~TCP_RST)
		return half_open_state(flow, now_ns);
	if (flow->saw_rst[responder])
		return FLOW_REFUSED;
	if (flow->is_icmp_rejected)
		return FLOW_REJECTED;
	if (flow->saw_rst[opener])
		return FLOW_UNPROVEN; /* it resets something: what, was not captured */
	return flow->syn_count > 1 || opener_is_silent(flow, now_ns) ? FLOW_UNANSWERED
	                                                             : FLOW_UNPROVEN;
}

enum flow_state flow_state(const struct flow *flow, enum protocol protocol, int64_t now_ns)
{
	unsigned opener = flow->opener;

	if (flow->transport == TRANSPORT_TCP)
		return tcp_state(flow, now_ns);
	if (flow->packets[!opener] > 0)
		return FLOW_DATAGRAM;
	if (flow->is_icmp_rejected)
		return FLOW_REJECTED;
	/* Nobody answers from a group's address: silence there proves nothing. */
	if (flow->transport != TRANSPORT_UDP || !protocol_expects_answer(protocol) ||
	    addr_is_multicast(&flow->addr[!opener]))
		return FLOW_DATAGRAM;
	return flow->is_retry_proven || opener_is_silent(flow, now_ns) ? FLOW_UNANSWERED
	                                                               : FLOW_UNPROVEN;
}

static bool has_short_port(const struct flow *flow)
{
	static const uint16_t ports[] = { 53, 67, 68, 1434, 3478 };

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		if (flow->port[0] == ports[i] || flow->port[1] == ports[i])
			return true;
	return false;
}

int64_t flow_idle_ns(const struct flow *flow)
{
	if (flow->transport == TRANSPORT_UDP)
		return (has_short_port(flow) ? 30 : 60) * NS_PER_SECOND;
	if (flow->transport != TRANSPORT_TCP)
		return 60 * NS_PER_SECOND;
	if (flow_is_tcp_closed(flow))
		return 10 * NS_PER_SECOND;
	return (opening_was_seen(flow) && !tcp_went_on(flow) ? 60 : 7200) * NS_PER_SECOND;
}
