/*
 * The path of a packet, whole: start reading here.
 */
#include "app/pipeline.h"

#include <errno.h>

static int drain_notes(struct pipeline *p)
{
	struct note note;

	while (detect_next_note(p->detect, &note)) {
		int r = ledger_note(p->ledger, &note);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Closed flows: settle what they were, judge them, count the judgement. */
static int drain_flows(struct pipeline *p, int64_t now_ns, bool is_end)
{
	struct flow *flow;
	unsigned events;

	while ((flow = flow_table_next(p->table, now_ns, &events))) {
		bool is_evicted = events & FLOW_EVICTED;
		if (flow->expect)
			detect_finish(p->detect, flow);
		judge_remember(flow);
		p->summary.flows_evicted += is_evicted;
		int r = ledger_put(p->ledger, flow, now_ns, is_evicted, is_end);
		detect_forget(p->detect, flow);
		if (r == 0)
			r = drain_notes(p);
		if (r < 0)
			return r;
	}
	return 0;
}

static void count_status(struct capture_summary *summary, enum decode_status status)
{
	switch (status) {
	case DECODE_OK: /* counted where its flow is known */
		break;
	case DECODE_FRAGMENT_HELD:
		summary->fragments_held++;
		break;
	case DECODE_DUPLICATE:
		summary->duplicate++;
		break;
	case DECODE_OTHER:
		summary->other++;
		break;
	case DECODE_SHORT:
		summary->is_short++;
		break;
	case DECODE_INVALID:
		summary->invalid++;
		break;
	case DECODE_UNSUPPORTED:
	case N_DECODE_STATUSES:
		summary->unsupported++;
		break;
	}
}

/* TCP says where it begins; a datagram is the first of its flow only if one before would have
 * shown. */
static void note_early(const struct pipeline *p, struct flow *flow)
{
	uint64_t after_ns = (uint64_t)flow->first_ns - (uint64_t)p->summary.first_ns;

	flow->is_early =
	        flow->transport != TRANSPORT_TCP && after_ns <= (uint64_t)flow_idle_ns(flow);
}

static int account_packet(struct pipeline *p, const struct packet *packet)
{
	struct flow *flow;
	unsigned side, events;
	int r = flow_table_update(p->table, packet, &flow, &side, &events);

	if (r == FLOW_E_NO_ROOM) {
		p->summary.dropped_table++;
		return 0;
	}
	if (r == FLOW_E_DOUBLE) {
		p->summary.duplicate++;
		return 0;
	}
	if (r < 0)
		return r;
	if (!flow) { /* an ICMP error about a flow that was never seen */
		p->summary.other++;
		return 0;
	}
	p->summary.flows++;
	if (events & FLOW_ATTACHED_ICMP)
		return 0;
	if (events & FLOW_OPENED)
		note_early(p, flow);
	if (events & FLOW_OPENED)
		flow->expect = p->classify_all ? UINT32_MAX : scope_expect(p->scope, flow);
	if (flow->expect) {
		detect_packet(p->detect, flow, side, packet);
		return drain_notes(p);
	}
	return 0;
}

static void note_time(struct capture_summary *summary, int64_t time_ns)
{
	if (summary->received == 1 || time_ns < summary->first_ns)
		summary->first_ns = time_ns;
	if (summary->received == 1 || time_ns > summary->last_ns)
		summary->last_ns = time_ns;
}

/*
 * Secrets that stand in the file before the packets they open (pcapng's decryption secrets
 * blocks) are there when those packets come.
 */
static int take_secrets(struct pipeline *p, size_t input)
{
	uint64_t n = source_get_input(p->source, input)->secrets;

	for (uint64_t *taken = &p->secrets_taken[input]; *taken < n; (*taken)++) {
		const struct source_secret *secret = source_get_secret(p->source, input, *taken);
		if (secret->type == SECRET_TLS_KEY_LOG &&
		    keys_add_keylog(p->keys, secret->data, NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

int pipeline_finish(struct pipeline *p)
{
	flow_table_finish(p->table);
	int r = drain_flows(p, p->summary.last_ns, true);

	const struct flow_counters *flows = flow_table_get_counters(p->table);
	p->summary.lost_bytes = flows->lost_bytes;
	p->summary.tcp_payload_bytes = flows->tcp_payload_bytes;
	p->summary.no_room = detect_get_counters(p->detect)->no_room;
	p->summary.tunnels_no_room = flow_tunnels_get_dropped(p->tunnels);
	p->summary.tunnels = p->tunnels;
	p->summary.decode = *decode_get_counters(p->decode);
	p->summary.doubles_forgotten =
	        flows->doubles_forgotten + p->summary.decode.doubles_forgotten;
	return r;
}

int pipeline_take(struct pipeline *p, const struct frame *frame)
{
	struct packet packet;
	int r = 0;

	if (frame->time_ns < p->since_ns || frame->time_ns > p->until_ns)
		return 0;
	p->summary.received++;
	note_time(&p->summary, frame->time_ns);
	enum decode_status status = decode_frame(p->decode, frame, &packet);
	count_status(&p->summary, status);
	if (status == DECODE_OK)
		r = account_packet(p, &packet);
	if (r == 0)
		r = drain_flows(p, frame->time_ns, false);
	if (r == 0 && p->progress && (p->summary.received & 0xffff) == 0)
		p->progress(p->summary.received);
	return r;
}

int pipeline_run(struct pipeline *p)
{
	_cleanup_(freep) uint64_t *secrets_taken =
	        calloc(source_input_count(p->source), sizeof(uint64_t));
	struct frame frame;
	int r;

	if (!secrets_taken)
		return -ENOMEM;
	p->secrets_taken = secrets_taken;
	while ((r = source_next(p->source, &frame)) != SOURCE_E_END) {
		if (r == 0 && p->keys)
			r = take_secrets(p, frame.file - 1);
		if (r == 0)
			r = pipeline_take(p, &frame);
		if (r < 0)
			return r;
	}
	return pipeline_finish(p);
}

bool pipeline_is_balanced(const struct capture_summary *s)
{
	return s->received == s->flows + s->fragments_held + s->other + s->is_short + s->invalid +
	                              s->unsupported + s->duplicate + s->dropped_kernel +
	                              s->dropped_interface + s->dropped_ring + s->dropped_table;
}
