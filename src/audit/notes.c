/*
 * What one flow says about others: SDP announces media at a place, the endpoint mapper names a
 * place as RPC. A note never names a protocol against what the bytes say: it makes more certain
 * what they leave open. Datagrams shaped like media and too few to prove it are media if one end
 * was announced, and media proven in one direction alone are confirmed. A stream to a named port
 * whose opening was not seen is RPC, inferred: an opening that was seen and not recognised is
 * none, since RPC's is unmistakable.
 *
 * A note holds for a day, as long as an expired flow may go on (design of the flow table): calls
 * are held and taken up again, and the port may belong to something else tomorrow. It holds for
 * flows with a packet at or after it that began within a day of it, before or behind. So of each
 * place and day only the first and the last note are kept, which answers that exactly, in whatever
 * order notes and flows come.
 *
 * NAT aliases of the site are one host here too. Whether TCP or UDP was meant is not asked.
 */
#include "priv.h"

#include <errno.h>
#include <string.h>

#include "pcaudit/base/hash.h"

#define LIFETIME_NS INT64_C(86400000000000)

struct said {
	int64_t time_ns;
	uint64_t flow, packet;
	uint32_t file;
};

struct place {
	struct addr addr;
	struct said first, last;
	int64_t day; /* time / LIFETIME_NS */
	uint16_t port;
	uint8_t kind;
	bool is_used;
};

/* ---- The table ------------------------------------------------------------------------------ */

/* The address a host goes by, of those that the site says are its. */
static struct addr canonical(const struct site *site, const struct addr *addr)
{
	for (size_t i = 0; site && i < site->n_nats; i++)
		if (addr_equal(&site->nats[i].public_addr, addr))
			return site->nats[i].private_addr;
	return *addr;
}

static int64_t day_of(int64_t time_ns)
{
	return time_ns / LIFETIME_NS - (time_ns % LIFETIME_NS < 0);
}

static struct place *slot_of(struct place *slots, size_t size, const struct place *key)
{
	static const struct hash_key hash_key = { UINT64_C(0x70636175646974),
		                                  UINT64_C(0x706c61636573) };
	uint8_t text[16 + 2 + 1 + 8];

	memcpy(text, key->addr.bytes, 16);
	memcpy(text + 16, &key->port, 2);
	text[18] = key->kind;
	memcpy(text + 19, &key->day, 8);
	size_t at = hash_bytes(&hash_key, BYTES(text, sizeof(text))) & (size - 1);
	while (slots[at].is_used &&
	       (slots[at].day != key->day || slots[at].port != key->port ||
	        slots[at].kind != key->kind || !addr_equal(&slots[at].addr, &key->addr)))
		at = (at + 1) & (size - 1);
	return &slots[at];
}

static int grow(struct places *places)
{
	size_t size = places->size ? places->size * 2 : 64;
	struct place *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < places->size; i++)
		if (places->slots[i].is_used)
			*slot_of(slots, size, &places->slots[i]) = places->slots[i];
	free(places->slots);
	places->slots = slots;
	places->size = size;
	return 0;
}

void places_init(struct places *places, size_t max)
{
	*places = (struct places){ .max = max };
}

void places_deinit(struct places *places)
{
	free(places->slots);
	places->slots = NULL;
}

/* In the order of time; of notes at one time, in that of the files. */
static bool is_before(const struct said *a, const struct said *b)
{
	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns;
	return a->file != b->file ? a->file < b->file : a->packet < b->packet;
}

int places_add(struct places *places, const struct site *site, const struct note *note)
{
	struct said said = { .time_ns = note->time_ns,
		             .file = note->file,
		             .flow = note->flow,
		             .packet = note->packet };
	struct place place = { .addr = canonical(site, &note->addr),
		               .port = note->port,
		               .kind = (uint8_t)note->kind,
		               .day = day_of(note->time_ns),
		               .first = said,
		               .last = said,
		               .is_used = true };

	if (places->n * 2 >= places->size && grow(places) < 0)
		return -ENOMEM;
	struct place *slot = slot_of(places->slots, places->size, &place);
	if (!slot->is_used && places->n >= places->max) {
		places->n_dropped++;
	} else if (!slot->is_used) {
		*slot = place;
		places->n++;
	} else {
		if (is_before(&said, &slot->first))
			slot->first = said;
		if (is_before(&slot->last, &said))
			slot->last = said;
	}
	return 0;
}

/* Of what was kept, the nearest before the flow's first packet, else the first behind it. */
static void choose(const struct said **best, const struct said *said, const struct flow *flow)
{
	bool is_early = said->time_ns <= flow->first_ns;
	/* As unsigned numbers, which any two times are no further apart than can be told. */
	uint64_t distance = is_early ? (uint64_t)flow->first_ns - (uint64_t)said->time_ns
	                             : (uint64_t)said->time_ns - (uint64_t)flow->first_ns;
	if (distance > (uint64_t)LIFETIME_NS || said->time_ns > flow->last_ns)
		return;
	bool was_early = *best && (*best)->time_ns <= flow->first_ns;
	if (!*best || (is_early != was_early ? is_early
	               : is_early            ? is_before(*best, said)
	                                     : is_before(said, *best)))
		*best = said;
}

/* What was said of this end, that holds for the flow; NULL: nothing. */
static const struct said *find(const struct places *places, const struct site *site,
                               enum note_kind kind, const struct flow *flow, unsigned side)
{
	struct place key = { .addr = canonical(site, &flow->addr[side]),
		             .port = flow->port[side],
		             .kind = (uint8_t)kind };
	const struct said *best = NULL;
	int64_t day = day_of(flow->first_ns);

	for (key.day = day - 1; places->size && key.day <= day + 1; key.day++) {
		const struct place *slot = slot_of(places->slots, places->size, &key);
		if (!slot->is_used)
			continue;
		choose(&best, &slot->first, flow);
		choose(&best, &slot->last, flow);
	}
	return best;
}

/* ---- The join ------------------------------------------------------------------------------- */

static bool is_recognised(const struct facts *facts)
{
	return facts->protocol != PROTOCOL_UNKNOWN && facts->protocol_evidence >= EVIDENCE_INFERRED;
}

/* It goes on after a pause: what it was before says more than a note. */
static bool is_remembered(const struct flow *flow)
{
	return flow->is_continued && flow->memory.protocol != PROTOCOL_UNKNOWN;
}

/* Our own detector saw one direction of media, or its shape. */
static bool may_be_media(const struct flow *flow)
{
	const struct facts *facts = flow->facts;

	if (!is_recognised(facts))
		return facts->maybe_media && flow->transport == TRANSPORT_UDP &&
		       !is_remembered(flow);
	return (facts->protocol == PROTOCOL_RTP || facts->protocol == PROTOCOL_RTCP) &&
	       facts->protocol_evidence == EVIDENCE_CONSISTENT && facts->detector <= n_detectors;
}

/* Data flowed, and no end's first bytes are there to be looked at. */
static bool may_be_rpc(const struct flow *flow)
{
	const struct facts *facts = flow->facts;
	bool is_hidden = facts->has_gap || flow->is_cut || facts->doubt == DOUBT_NO_ROOM;

	if (flow->transport != TRANSPORT_TCP || is_recognised(facts) || is_remembered(flow) ||
	    (!flow->has_payload[0] && !flow->has_payload[1]))
		return false;
	for (unsigned side = 0; side < 2 && !is_hidden; side++)
		if (flow->has_payload[side] && facts->from_start[side])
			return false;
	return true;
}

bool places_may_tell(const struct flow *flow)
{
	return flow->facts && flow->expect && (may_be_media(flow) || may_be_rpc(flow));
}

/* The fact names the flow that said it; the packet too, if it is in this flow's file. */
static int state(struct flow *flow, const struct fact_def *def, const struct said *said)
{
	uint64_t packet = said->file == flow->file ? said->packet : 0;
	char id[48];

	snprintf(id, sizeof(id), "%u:%llu", said->file, (unsigned long long)said->flow);
	return facts_add(flow->facts, def, packet, 0, bytes_from_text(id));
}

static void become_media(struct facts *facts, const struct said *said, const struct flow *flow)
{
	if (is_recognised(facts)) {
		facts->protocol_evidence = EVIDENCE_CONFIRMED;
		if (facts->security == SECURITY_NONE)
			facts->security_evidence = EVIDENCE_CONFIRMED;
		return;
	}
	facts->protocol = PROTOCOL_RTP;
	facts->protocol_evidence = EVIDENCE_CONSISTENT;
	facts->protocol_packet = said->file == flow->file ? said->packet : 0;
	facts->security = SECURITY_NONE;
	facts->security_evidence = EVIDENCE_CONSISTENT;
	facts->detector = detect_number("rtp");
	facts->doubt = DOUBT_NONE;
	facts->has_media = true;
	facts->maybe_media = false;
	facts->is_unrecognised = false;
}

static int join_media(const struct places *places, const struct site *site, struct flow *flow)
{
	const struct said *said = NULL;

	for (unsigned side = 0; side < 2; side++) {
		const struct said *other = find(places, site, NOTE_MEDIA, flow, side);
		if (other)
			choose(&said, other, flow);
	}
	if (!said)
		return 0;
	become_media(flow->facts, said, flow);
	return state(flow, &fact_media_announced, said) < 0 ? -ENOMEM : PLACES_JOINED;
}

/* Nothing of it was read: the doubt stays, and of protection nothing is known. */
static void become_rpc(struct flow *flow, const struct said *said, unsigned named)
{
	struct facts *facts = flow->facts;

	facts->protocol = PROTOCOL_DCE_RPC;
	facts->protocol_evidence = EVIDENCE_INFERRED;
	facts->protocol_packet = said->file == flow->file ? said->packet : 0;
	facts->detector = detect_number("dce_rpc");
	facts->is_unrecognised = false;
	if (flow->opener_how == OPENER_FIRST_PACKET)
		flow->opener = (uint8_t)!named;
}

static int join_rpc(const struct places *places, const struct site *site, struct flow *flow)
{
	bool is_opener_known =
	        flow->opener_how == OPENER_SYN || flow->opener_how == OPENER_PROTOCOL;
	unsigned named = !flow->opener;
	const struct said *said = find(places, site, NOTE_RPC, flow, named);

	if (!said && !is_opener_known)
		said = find(places, site, NOTE_RPC, flow, named = flow->opener);
	if (!said)
		return 0;
	become_rpc(flow, said, named);
	return state(flow, &fact_rpc_named, said) < 0 ? -ENOMEM : PLACES_JOINED;
}

int places_join(const struct places *places, const struct site *site, struct flow *flow,
                struct unjoined *before)
{
	*before = (struct unjoined){ .facts = *flow->facts,
		                     .opener = flow->opener,
		                     .opener_how = flow->opener_how };
	if (may_be_media(flow))
		return join_media(places, site, flow);
	return may_be_rpc(flow) ? join_rpc(places, site, flow) : 0;
}

void places_part(struct flow *flow, const struct unjoined *before)
{
	struct fact *list = flow->facts->list;

	*flow->facts = before->facts;
	flow->facts->list = list;
	flow->opener = before->opener;
	flow->opener_how = before->opener_how;
}
