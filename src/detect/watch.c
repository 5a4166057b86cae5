/*
 * Bytes that come twice with other content, and what that does to what was read.
 *
 * The first copy wins here, but the receiver may have read another: an insertion sends a copy that
 * dies on the way (a low TTL, a bad checksum) and then the one that arrives. So a flow whose bytes
 * were read twice in two ways is said to be disputed, no evidence of it is better than consistent,
 * and no rule about its content is judged.
 *
 * It is a matter of the bytes that were read, until their receiver acknowledges them. Most flows
 * are settled sooner, so a TCP flow is watched for a while after that.
 */
#include "detect/priv.h"

void watch_weaken(struct facts *facts)
{
	facts->is_disputed = true;
	facts->protocol_evidence = (uint8_t)MIN(facts->protocol_evidence, EVIDENCE_CONSISTENT);
	facts->security_evidence = (uint8_t)MIN(facts->security_evidence, EVIDENCE_CONSISTENT);
	if (facts->doubt == DOUBT_NONE)
		facts->doubt = DOUBT_CONFLICT;
}

/* States it, once per flow. */
static void state(struct stream *stream, const struct fact_def *def, uint64_t packet)
{
	struct facts *facts = stream->facts;

	if (facts_find(facts, def->name))
		return;
	facts_add(facts, def, packet, 1, BYTES(NULL, 0));
	if (!facts->is_disputed)
		stream->detect->counters.conflicts++;
	facts->is_disputed = true;
	if (facts->is_settled)
		watch_weaken(facts);
}

void watch_state(struct stream *stream, const struct packet *packet)
{
	if (stream->sides && (stream->sides[0].conflicts || stream->sides[1].conflicts))
		state(stream, &fact_tcp_conflict, packet->number);
	if (packet->is_disputed)
		state(stream, &fact_fragments_overlap, packet->number);
}

bool watch_is_worthwhile(const struct stream *stream)
{
	return stream->sides && (reassembler_is_disputable(&stream->sides[0]) ||
	                         reassembler_is_disputable(&stream->sides[1]));
}

void watch_compare(struct stream *stream, unsigned side, const struct packet *packet)
{
	uint32_t seq = packet->tcp_seq + !!(packet->tcp_flags & TCP_SYN);

	if (packet->tcp_flags & TCP_RST)
		return;
	reassembler_compare(&stream->sides[side], seq, packet->payload);
	if (packet->tcp_flags & TCP_ACK)
		reassembler_push_ack(&stream->sides[!side], packet->tcp_ack);
	if (stream->sides[side].conflicts)
		state(stream, &fact_tcp_conflict, packet->number);
}
