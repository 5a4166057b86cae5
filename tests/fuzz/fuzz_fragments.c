/*
 * Fragments against a model so simple that it cannot be wrong: one array of bytes for each
 * datagram, where the first copy of a byte stays. A piece just like one of the same time is a
 * double.
 *
 * Each eight bytes of input are one fragment: flags (bit 0 IPv6, bits 1 and 2 its id, bit 3 more
 * to come, bit 4 cut by the snaplen behind 8 bytes), offset in units of eight (16 bits), length
 * (16 bits, of which 11 count), fill byte, time since the one before (16 bits, in 10 ms).
 */
#include <stdlib.h>

#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/decode.h"

#define LINKTYPE_RAW 101
#define N_DATAGRAMS  8
#define MAX_PIECES   256
#define PROTOCOL     253 /* for experiments: all of the datagram is payload */
#define CUT_LEN      8u
#define TIMEOUT_NS   (30 * NS_PER_SECOND)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct piece {
	bool is_ipv6, has_more, is_cut;
	unsigned datagram;
	uint32_t start, len;
	uint8_t fill;
	int64_t time_ns;
};

enum byte_state { BYTE_MISSING, BYTE_THERE, BYTE_CUT };

struct model {
	bool is_open;
	int64_t first_ns;
	uint32_t n_fragments, end, total;
	uint8_t state[65536];
	uint8_t bytes[65536];
};

struct harness {
	struct decode *decode;
	uint64_t joined, given_up;
	struct model models[N_DATAGRAMS];
	struct piece now[MAX_PIECES]; /* of the time of the last one */
	unsigned n_now;
	uint8_t frame[48 + 2048];
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static struct piece read_piece(struct reader *r, int64_t *time_ns)
{
	uint8_t flags = reader_u8(r);
	struct piece piece = { .is_ipv6 = flags & 1, .has_more = flags & 8, .is_cut = flags & 16 };
	piece.datagram = flags & 7;
	piece.start = (reader_be16(r) & 0x1fffu) * 8;
	piece.len = reader_be16(r) & 0x7ff;
	piece.is_cut &= piece.len > CUT_LEN;
	piece.fill = reader_u8(r) & (piece.len ? 0xff : 0);
	*time_ns += reader_be16(r) * 10 * NS_PER_MS;
	piece.time_ns = *time_ns;
	return piece;
}

/* Writes the packet into the harness and returns its length. */
static size_t write_packet(struct harness *h, const struct piece *piece)
{
	uint8_t head4[20] = { 0x45, [8] = 64, PROTOCOL, [12] = 10, 0, 0, 1, 10, 0, 0, 2 };
	uint8_t head6[48] = { 0x60, [6] = 44, 64, [8] = 0x20, [24] = 0x20, [40] = PROTOCOL };
	size_t head_len = piece->is_ipv6 ? sizeof(head6) : sizeof(head4);
	size_t len = head_len + piece->len;
	if (piece->is_ipv6) {
		uint32_t place = piece->start | piece->has_more;
		head6[4] = (uint8_t)((len - 40) >> 8);
		head6[5] = (uint8_t)(len - 40);
		head6[42] = (uint8_t)(place >> 8);
		head6[43] = (uint8_t)place;
		head6[47] = (uint8_t)piece->datagram;
		memcpy(h->frame, head6, sizeof(head6));
	} else {
		uint32_t place = piece->start / 8 | (piece->has_more ? 0x2000 : 0);
		head4[2] = (uint8_t)(len >> 8);
		head4[3] = (uint8_t)len;
		head4[5] = (uint8_t)piece->datagram;
		head4[6] = (uint8_t)(place >> 8);
		head4[7] = (uint8_t)place;
		memcpy(h->frame, head4, sizeof(head4));
	}
	memset(h->frame + head_len, piece->fill, piece->len);
	return len;
}

static bool is_impossible(const struct piece *piece)
{
	uint32_t head_len = piece->is_ipv6 ? 0 : 20;
	return !piece->len || (piece->has_more && piece->len % 8) ||
	       head_len + piece->start + piece->len > 65535;
}

/* Notes the piece. */
static bool model_is_double(struct harness *h, const struct piece *piece)
{
	if (h->n_now && h->now[0].time_ns != piece->time_ns)
		h->n_now = 0;
	for (unsigned i = 0; i < h->n_now; i++) {
		const struct piece *other = &h->now[i];
		if (other->datagram == piece->datagram && other->has_more == piece->has_more &&
		    other->start == piece->start && other->len == piece->len &&
		    other->is_cut == piece->is_cut && other->fill == piece->fill)
			return true;
	}
	h->now[h->n_now++] = *piece;
	return false;
}

/* The status that the piece must end in. */
static enum decode_status model_add(struct harness *h, struct model *model,
                                    const struct piece *piece)
{
	if (!model->is_open) {
		memset(model, 0, sizeof(*model));
		model->is_open = true;
		model->first_ns = piece->time_ns;
	}
	model->n_fragments++;
	h->given_up++;
	uint32_t end = piece->start + piece->len;
	bool is_other_end = model->total
	                            ? (piece->has_more ? end > model->total : end != model->total)
	                            : (!piece->has_more && end < model->end);
	if (is_other_end)
		return DECODE_FRAGMENT_HELD;
	if (!piece->has_more)
		model->total = end;
	model->end = MAX(model->end, end);
	for (uint32_t at = piece->start; at < end; at++) {
		if (model->state[at] != BYTE_MISSING)
			continue;
		model->state[at] =
		        piece->is_cut && at - piece->start >= CUT_LEN ? BYTE_CUT : BYTE_THERE;
		model->bytes[at] = piece->fill;
	}
	if (!model->total || memchr(model->state, BYTE_MISSING, model->total))
		return DECODE_FRAGMENT_HELD;
	h->joined++;
	h->given_up -= model->n_fragments;
	return DECODE_OK;
}

static void check_joined(const struct model *model, const struct packet *packet, uint32_t head_len)
{
	uint32_t len = 0;
	while (len < model->total && model->state[len] == BYTE_THERE)
		len++;
	check(packet->is_joined && packet->transport == PROTOCOL);
	check(packet->ip_len == head_len + model->total);
	check(packet->payload_len_wire == model->total);
	check(packet->payload.len == len);
	check(!len || memcmp(packet->payload.data, model->bytes, len) == 0);
}

static void run_piece(struct harness *h, const struct piece *piece)
{
	size_t len = write_packet(h, piece);
	size_t cut = piece->is_cut && piece->len > CUT_LEN ? piece->len - CUT_LEN : 0;
	const struct frame frame = {
		.file = 1,
		.number = 1,
		.time_ns = piece->time_ns,
		.link_type = LINKTYPE_RAW,
		.data = BYTES(h->frame, len - cut),
		.len_wire = (uint32_t)len,
	};
	struct packet packet;
	enum decode_status status = decode_frame(h->decode, &frame, &packet);
	if (!piece->start && !piece->has_more) {
		check(status == DECODE_OK && !packet.is_joined);
		return;
	}
	if (model_is_double(h, piece)) {
		check(status == DECODE_DUPLICATE);
		return;
	}
	for (unsigned i = 0; i < N_DATAGRAMS; i++)
		if (h->models[i].is_open && piece->time_ns - h->models[i].first_ns > TIMEOUT_NS)
			h->models[i].is_open = false;
	if (is_impossible(piece)) {
		check(status == DECODE_INVALID);
		return;
	}
	struct model *model = &h->models[piece->datagram];
	check(status == model_add(h, model, piece));
	if (status == DECODE_OK) {
		check_joined(model, &packet, piece->is_ipv6 ? 40 : 20);
		model->is_open = false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Room for all datagrams at their largest: the model gives up nothing for want of room. */
	const struct decode_options options = { .fragment_budget_bytes = 1 << 20 };
	struct reader r = reader_of(BYTES(data, size));
	struct harness *h = calloc(1, sizeof(*h));
	if (!h || decode_new(&h->decode, &options) < 0) {
		free(h);
		return 0;
	}
	int64_t time_ns = 0;
	for (unsigned i = 0; i < MAX_PIECES && reader_left(&r) >= 8; i++) {
		struct piece piece = read_piece(&r, &time_ns);
		run_piece(h, &piece);
		check(decode_get_counters(h->decode)->fragments_joined_datagrams == h->joined);
		check(decode_get_counters(h->decode)->fragments_given_up == h->given_up);
	}
	decode_free(h->decode);
	free(h);
	return 0;
}
