/*
 * The tunnels that flows came in, each distinct stack of them kept once.
 *
 * A flow is its innermost addresses; what carried it is told beside it and is no flow of its own.
 * A record of a flow has room for a number only, so the stacks are here: those of the first packet
 * of each flow, as that packet was sent. The other direction mostly comes in a mirrored one, which
 * is not kept. Many flows share a tunnel, but VXLAN and GENEVE hash the flow into their source
 * port, so there may be one stack for each flow; the room is bounded, and what finds none is
 * counted and told by the kind of its innermost tunnel alone.
 *
 * Looked up when a flow opens, not for each packet. An open-addressing index of numbers over
 * entries that never move.
 */
#include "priv.h"

#include <errno.h>

#include "pcaudit/base/arena.h"

#define FIELDS_LEN (2 + 2 * 2 + 4 + 2 * 16) /* of a tunnel, without the padding of its struct */
#define FIRST_ROOM 64u

struct entry {
	uint32_t tag; /* of its hash */
	uint8_t n;
	struct packet_tunnel list[];
};

struct flow_tunnels {
	struct hash_key key;
	size_t max_bytes;
	struct arena bytes;     /* of the entries */
	struct entry **entries; /* entries[0] has number N_TUNNEL_KINDS + 1 */
	uint32_t *slots;        /* 2 * room: index in entries + 1; 0: empty */
	uint32_t n, room;       /* room is a power of two */
	uint64_t dropped;
};

static const struct hash_key built_in_key = { UINT64_C(0x3c6ef372fe94f82b),
	                                      UINT64_C(0xa54ff53a5f1d36f1) };

int flow_tunnels_new(struct flow_tunnels **out, const struct hash_key *hash_key, size_t max_bytes)
{
	struct flow_tunnels *tunnels = calloc(1, sizeof(*tunnels));

	if (!tunnels)
		return -ENOMEM;
	tunnels->key = hash_key ? *hash_key : built_in_key;
	tunnels->max_bytes = max_bytes;
	arena_init(&tunnels->bytes, max_bytes);
	*out = tunnels;
	return 0;
}

struct flow_tunnels *flow_tunnels_free(struct flow_tunnels *tunnels)
{
	if (!tunnels)
		return NULL;
	arena_deinit(&tunnels->bytes);
	free(tunnels->entries);
	free(tunnels->slots);
	free(tunnels);
	return NULL;
}

static uint32_t tag_of(const struct flow_tunnels *tunnels, const struct packet *packet)
{
	uint8_t fields[PACKET_MAX_TUNNELS * FIELDS_LEN], *at = fields;

	for (unsigned i = 0; i < packet->n_tunnels; i++) {
		const struct packet_tunnel *tunnel = &packet->tunnels[i];
		*at++ = tunnel->kind;
		*at++ = tunnel->transport;
		at = mempcpy(at, &tunnel->src_port, sizeof(tunnel->src_port));
		at = mempcpy(at, &tunnel->dst_port, sizeof(tunnel->dst_port));
		at = mempcpy(at, &tunnel->id, sizeof(tunnel->id));
		at = mempcpy(at, tunnel->src.bytes, sizeof(tunnel->src.bytes));
		at = mempcpy(at, tunnel->dst.bytes, sizeof(tunnel->dst.bytes));
	}
	return (uint32_t)hash_bytes(&tunnels->key, BYTES(fields, (size_t)(at - fields)));
}

static bool is_same(const struct entry *entry, const struct packet *packet)
{
	if (entry->n != packet->n_tunnels)
		return false;
	for (unsigned i = 0; i < entry->n; i++) {
		const struct packet_tunnel *a = &entry->list[i], *b = &packet->tunnels[i];
		if (a->kind != b->kind || a->transport != b->transport || a->id != b->id ||
		    a->src_port != b->src_port || a->dst_port != b->dst_port ||
		    !addr_equal(&a->src, &b->src) || !addr_equal(&a->dst, &b->dst))
			return false;
	}
	return true;
}

/* The slot of the packet's stack, or the empty one where it belongs. */
static uint32_t *find_slot(const struct flow_tunnels *tunnels, uint32_t tag,
                           const struct packet *packet)
{
	uint32_t mask = 2 * tunnels->room - 1;

	for (uint32_t at = tag & mask;; at = (at + 1) & mask) { /* at most half are taken */
		uint32_t *slot = &tunnels->slots[at];
		if (!*slot)
			return slot;
		const struct entry *entry = tunnels->entries[*slot - 1];
		if (entry->tag == tag && is_same(entry, packet))
			return slot;
	}
}

static size_t room_bytes(uint32_t room)
{
	return room * (sizeof(struct entry *) + 2 * sizeof(uint32_t));
}

/* Room for twice as many. False: not within the bound, or no memory. */
static bool grow(struct flow_tunnels *tunnels)
{
	uint32_t room = tunnels->room ? 2 * tunnels->room : FIRST_ROOM;

	if (!room || tunnels->bytes.used_bytes + room_bytes(room) > tunnels->max_bytes)
		return false;
	uint32_t *slots = calloc(2 * (size_t)room, sizeof(*slots));
	struct entry **entries = realloc(tunnels->entries, room * sizeof(struct entry *));
	if (entries)
		tunnels->entries = entries;
	if (!slots || !entries) {
		free(slots);
		return false;
	}
	free(tunnels->slots);
	tunnels->slots = slots;
	tunnels->room = room;
	for (uint32_t i = 0; i < tunnels->n; i++) {
		uint32_t at = entries[i]->tag & (2 * room - 1);
		while (slots[at])
			at = (at + 1) & (2 * room - 1);
		slots[at] = i + 1;
	}
	return true;
}

static struct entry *new_entry(struct flow_tunnels *tunnels, uint32_t tag,
                               const struct packet *packet)
{
	size_t list_bytes = packet->n_tunnels * sizeof(packet->tunnels[0]);
	size_t bytes = sizeof(struct entry) + list_bytes;

	if (tunnels->n == tunnels->room && !grow(tunnels))
		return NULL;
	if (tunnels->bytes.used_bytes + bytes + room_bytes(tunnels->room) > tunnels->max_bytes)
		return NULL;
	struct entry *entry = arena_alloc(&tunnels->bytes, bytes);
	if (!entry)
		return NULL;
	entry->tag = tag;
	entry->n = packet->n_tunnels;
	memcpy(entry->list, packet->tunnels, list_bytes);
	return entry;
}

/* Number 1 to N_TUNNEL_KINDS is a kind alone. */
static uint32_t number_of_kind(const struct packet *packet)
{
	return packet->tunnels[packet->n_tunnels - 1].kind + 1u;
}

uint32_t flow_tunnels_put(struct flow_tunnels *tunnels, const struct packet *packet)
{
	if (!packet->n_tunnels)
		return 0;
	if (!tunnels)
		return number_of_kind(packet);
	uint32_t tag = tag_of(tunnels, packet);
	uint32_t *slot = tunnels->room ? find_slot(tunnels, tag, packet) : NULL;
	if (slot && *slot)
		return *slot + N_TUNNEL_KINDS;
	struct entry *entry = new_entry(tunnels, tag, packet);
	if (!entry) {
		tunnels->dropped++;
		return number_of_kind(packet);
	}
	tunnels->entries[tunnels->n++] = entry;
	*find_slot(tunnels, tag, packet) = tunnels->n; /* again: it may have grown */
	return tunnels->n + N_TUNNEL_KINDS;
}

struct flow_tunnel_stack flow_tunnels_get(const struct flow_tunnels *tunnels, uint32_t number)
{
	static const struct packet_tunnel kinds[N_TUNNEL_KINDS] = {
		{ .kind = TUNNEL_MPLS },     { .kind = TUNNEL_PPPOE },
		{ .kind = TUNNEL_PBB },      { .kind = TUNNEL_GRE },
		{ .kind = TUNNEL_ERSPAN_1 }, { .kind = TUNNEL_ERSPAN_2 },
		{ .kind = TUNNEL_ERSPAN_3 }, { .kind = TUNNEL_VXLAN },
		{ .kind = TUNNEL_GENEVE },   { .kind = TUNNEL_IPIP },
		{ .kind = TUNNEL_6IN4 },     { .kind = TUNNEL_TEREDO },
	};

	if (number == 0)
		return (struct flow_tunnel_stack){ 0 };
	if (number <= N_TUNNEL_KINDS)
		return (struct flow_tunnel_stack){ .list = &kinds[number - 1],
			                           .n = 1,
			                           .is_kind_only = true };
	const struct entry *entry = tunnels->entries[number - N_TUNNEL_KINDS - 1];
	return (struct flow_tunnel_stack){ .list = entry->list, .n = entry->n };
}

uint64_t flow_tunnels_get_dropped(const struct flow_tunnels *tunnels)
{
	return tunnels ? tunnels->dropped : 0;
}
