/*
 * What one packet changes in its flow: counters, times, TCP's flags and numbers, and who opened
 * it. RFC 9293 for TCP, RFC 792 and RFC 4443 for the errors that say a packet was not delivered.
 *
 * Captures are not always in order, so nothing here relies on it: a SYN that comes after data
 * still corrects the opener, and no time goes back. A segment with RST is believed in its RST
 * alone, since its numbers are often zero or invented; it is not checked against the window, so
 * a forged RST makes a flow look closed (it then idles out early, nothing else).
 */
#include "priv.h"

static bool is_syn(const struct packet *packet)
{
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

bool flow_is_reopened_by(const struct flow *flow, unsigned side, const struct packet *packet)
{
	if (flow->transport != TRANSPORT_TCP || !is_syn(packet) || !flow_is_tcp_closed(flow))
		return false;
	/* Captured out of order: it was there before what closed the flow. */
	if (packet->time_ns < flow->first_ns &&
	    elapsed_ns(packet->time_ns, flow->first_ns) < NS_PER_SECOND)
		return false;
	if (flow->tcp_seen[side] & TCP_SYN)
		return packet->tcp_seq != flow->tcp_isn[side];
	/* Its SYN was not captured, or is this one, late: then its number comes before the data's.
	 */
	return !(flow->own.bits[side] & FLOW_SEQ_KNOWN) ||
	       (int32_t)(packet->tcp_seq - flow->tcp_next[side]) >= 0;
}

/* A SYN or SYN-ACK tells the opener beyond doubt; the first one seen does. */
static void account_opening(struct flow *flow, unsigned side, const struct packet *packet,
                            bool was_seen, int64_t side_last_ns)
{
	bool is_answer = packet->tcp_flags & TCP_ACK;
	bool is_first = !(flow->tcp_seen[side] & TCP_SYN);

	if (!was_seen) {
		flow->opener = is_answer ? !side : side;
		flow->opener_how = OPENER_SYN;
	}
	if (!is_answer && side == flow->opener) {
		bool is_copy = !is_first && packet->tcp_seq == flow->tcp_isn[side] &&
		               elapsed_ns(side_last_ns, packet->time_ns) < FLOW_DUPLICATE_NS;
		if (!is_copy && flow->syn_count < UINT16_MAX)
			flow->syn_count++;
		if (!is_copy && !is_first && flow->tcp_seen[!side] & TCP_SYN)
			flow->own.bits[side] |= FLOW_SYN_AGAIN;
	}
	if (!is_first && packet->tcp_seq != flow->tcp_isn[side])
		flow_loss_restart(flow, side);
	flow->tcp_isn[side] = packet->tcp_seq;
}

static void account_tcp(struct flow *flow, unsigned side, const struct packet *packet,
                        int64_t side_last_ns)
{
	uint8_t flags = packet->tcp_flags;
	bool opening_was_seen = (flow->tcp_seen[0] | flow->tcp_seen[1]) & TCP_SYN;
	uint32_t len = packet->payload_len_wire;

	if (flags & TCP_RST) {
		flow->tcp_seen[side] |= TCP_RST;
		flow->saw_rst[side] = true;
		return;
	}
	if (flags & TCP_SYN)
		account_opening(flow, side, packet, opening_was_seen, side_last_ns);
	if (flags & TCP_FIN)
		flow->saw_fin[side] = true;
	flow->tcp_seen[side] |= flags;
	flow_loss_segment(flow, side, packet->tcp_seq,
	                  len + !!(flags & TCP_SYN) + !!(flags & TCP_FIN));
	if (flags & TCP_ACK)
		flow_loss_acked(flow, !side, packet->tcp_ack);
}

void flow_account(struct flow *flow, unsigned side, const struct packet *packet)
{
	int64_t side_last_ns = flow->side_last_ns[side];
	bool is_first = flow->packets[0] + flow->packets[1] == 0;

	/* Idle lists are in order to the second, so most packets need not move their flow. */
	if (packet->time_ns / NS_PER_SECOND > flow->last_ns / NS_PER_SECOND)
		flow->own.is_stale = true;
	if (is_first || packet->time_ns > flow->last_ns)
		flow->last_ns = packet->time_ns;
	if (flow->packets[side] == 0 || packet->time_ns > side_last_ns)
		flow->side_last_ns[side] = packet->time_ns;
	flow->packets[side]++;
	flow->bytes[side] += packet->ip_len;
	if (packet->payload_len_wire > 0)
		flow->has_payload[side] = true;
	if (packet->payload.len < packet->payload_len_wire)
		flow->is_cut = true;
	if (flow->transport == TRANSPORT_TCP)
		account_tcp(flow, side, packet, side_last_ns);
}

/* True if the error says that the quoted packet never arrived; too-big and redirects do not. */
static bool icmp_rejects(const struct packet *packet)
{
	uint8_t type = packet->icmp_type;

	if (packet->transport == TRANSPORT_ICMPV6)
		return type == 1 || type == 3 || type == 4;
	return (type == 3 && packet->icmp_code != 4) || type == 11 || type == 12;
}

void flow_account_icmp(struct flow *flow, const struct packet *packet)
{
	bool rejects = icmp_rejects(packet);

	if (flow->is_icmp_rejected && !rejects)
		return;
	flow->icmp_type = packet->icmp_type;
	flow->icmp_code = packet->icmp_code;
	flow->is_icmp6 = packet->transport == TRANSPORT_ICMPV6;
	flow->is_icmp_rejected = rejects;
}
