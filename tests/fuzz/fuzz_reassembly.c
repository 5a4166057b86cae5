/*
 * The reassembler against a model that keeps one state per byte. Checked after each step: what is
 * delivered is the first copy of each byte, in order; nothing that is there is withheld; bytes are
 * passed over only where a hole was given up or never captured, and then GAP says so; conflicts are
 * counted exactly, also with what was delivered and not acknowledged; the bounds hold.
 *
 * Input: bound / 16 and a bit for "begins with a SYN"; 4 bytes of sequence number; then steps of
 * a kind, 2 bytes of offset and 1 of length.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/reassembler.h"

#define SPACE (1 << 12)
#define SIZE  (2 * SPACE)

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

enum state { UNKNOWN, STRETCH, DATA };

struct model {
	uint8_t state[SIZE], value[SIZE];
	size_t next, fin;
	size_t past, settled; /* delivered bytes are compared from both on */
	bool has_fin, is_ended, has_gap, is_started, was_crowded, has_ack;
	long base; /* position of offset 0 */
	uint64_t conflicts;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where a position is in the stream; the first step that can start it does. */
static long model_place(struct model *m, long position)
{
	if (!m->is_started) {
		m->is_started = true;
		m->base = position;
	}
	return position - m->base;
}

/* A later copy of what was delivered. */
static void model_compare(struct model *m, long at, const uint8_t *bytes, size_t len)
{
	size_t from = MAX(m->past, m->settled);

	if (len == 1 && !m->has_ack && at + 1 == (long)m->next)
		return;
	for (size_t i = 0; i < len; i++)
		if (at + (long)i >= (long)from && at + (long)i < (long)m->next)
			m->conflicts += m->value[at + (long)i] != bytes[i];
}

static void model_push(struct model *m, long at, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		long offset = at + (long)i;
		if (offset < (long)m->next || (m->has_fin && offset >= (long)m->fin))
			continue;
		if (m->state[offset] == DATA) {
			m->conflicts += m->value[offset] != bytes[i];
			continue;
		}
		m->state[offset] = DATA;
		m->value[offset] = bytes[i];
	}
}

static void model_stretch(struct model *m, long at, size_t len)
{
	for (long offset = MAX(at, (long)m->next); offset < at + (long)len; offset++)
		if (m->state[offset] == UNKNOWN && !(m->has_fin && offset >= (long)m->fin))
			m->state[offset] = STRETCH;
}

static void model_skip(struct model *m, uint64_t to, bool may_give_up)
{
	CHECK(to >= m->next && to < SIZE);
	for (; m->next < to; m->next++) {
		CHECK(m->state[m->next] != DATA);
		CHECK(m->state[m->next] == STRETCH || may_give_up);
		m->has_gap = true;
		m->past = to;
	}
}

static void check_chunk(struct model *m, const struct stream_chunk *chunk, bool may_give_up)
{
	CHECK(!m->is_ended);
	model_skip(m, chunk->offset, may_give_up);
	CHECK(!!(chunk->flags & STREAM_GAP) == m->has_gap);
	m->has_gap = false;
	for (size_t i = 0; i < chunk->bytes.len; i++, m->next++) {
		CHECK(m->state[m->next] == DATA);
		CHECK(m->value[m->next] == chunk->bytes.data[i]);
	}
	m->is_ended = m->has_fin && m->next == m->fin;
	CHECK(!!(chunk->flags & STREAM_END) == m->is_ended);
	CHECK(chunk->bytes.len > 0 || m->is_ended);
}

static void check_rest(struct model *m, const struct reassembler *r)
{
	size_t held = 0;
	uint64_t last = r->next;

	for (unsigned i = 0; i < r->n_held; i++) {
		CHECK(r->held[i].offset >= last && r->held[i].len > 0);
		last = r->held[i].offset + r->held[i].len;
		held += r->held[i].data ? r->held[i].len : 0;
	}
	CHECK(r->conflicts == m->conflicts);
	CHECK(r->is_ended == m->is_ended);
	CHECK(r->held_bytes == held);
	if (m->is_ended)
		return;
	CHECK(held <= r->max_held_bytes && r->n_held + 1 < REASSEMBLER_MAX_HELD);
	CHECK(m->state[m->next] != DATA);
	CHECK(m->state[m->next] != STRETCH || m->was_crowded);
	CHECK(!m->has_fin || m->next < m->fin);
	CHECK(!r->is_flushing || r->n_held == 0);
}

static void drain(struct model *m, struct reassembler *r)
{
	struct stream_chunk chunk;

	for (;;) {
		m->was_crowded |= r->n_held > REASSEMBLER_MAX_HELD - 8;
		bool may_give_up =
		        r->is_flushing || r->held_bytes > r->max_held_bytes || m->was_crowded;
		bool is_chunk = reassembler_pop(r, &chunk);
		if (!is_chunk) {
			model_skip(m, r->next, may_give_up);
			break;
		}
		check_chunk(m, &chunk, may_give_up);
	}
	check_rest(m, r);
}

static void push(struct model *m, struct reassembler *r, uint32_t seq, long position, size_t len,
                 uint8_t salt)
{
	_cleanup_(freep) uint8_t *payload = malloc(len ? len : 1);

	CHECK(payload);
	for (size_t i = 0; i < len; i++)
		payload[i] = (uint8_t)((position + (long)i) * 7 + ((i & 3) == 0 ? salt : 0));
	reassembler_push(r, seq, BYTES(payload, len));
	if (len > 0 && m->is_started)
		model_compare(m, position - m->base, payload, len);
	if (len > 0 && !m->is_ended)
		model_push(m, model_place(m, position), payload, len);
	drain(m, r);
}

static void fin(struct model *m, struct reassembler *r, uint32_t seq, long position)
{
	reassembler_push_fin(r, seq);
	if (!m->has_fin && !m->is_ended && model_place(m, position) >= (long)m->next) {
		m->has_fin = true;
		m->fin = (size_t)(position - m->base);
		memset(m->state + m->fin, UNKNOWN, SIZE - m->fin);
	}
}

static void step(struct model *m, struct reassembler *r, uint32_t base_seq, struct reader *in)
{
	uint8_t kind = reader_u8(in);
	long position = reader_be16(in) % SPACE;
	size_t len = reader_u8(in);
	uint32_t seq = base_seq + (uint32_t)position;

	if (in->is_short)
		return;
	if (kind < 0xc0) {
		push(m, r, seq, position, len, kind & 3);
		return;
	}
	if (kind < 0xd0) {
		fin(m, r, seq, position);
	} else if (kind < 0xf0) {
		reassembler_push_hole(r, seq, (uint32_t)len);
		if (len > 0 && !m->is_ended)
			model_stretch(m, model_place(m, position), len);
	} else if (kind < 0xf4) {
		reassembler_flush(r);
	} else if (kind < 0xfa) {
		reassembler_push_ack(r, seq);
		m->has_ack = true;
		if (m->is_started && position - m->base > (long)m->settled)
			m->settled = MIN((size_t)(position - m->base), m->next);
	} else {
		reassembler_start(r, seq - 1);
		model_place(m, position);
	}
	drain(m, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(BYTES(data, size));
	uint8_t setting = reader_u8(&in);
	uint32_t base_seq = reader_be32(&in);
	_cleanup_(freep) struct model *m = calloc(1, sizeof(*m));
	struct reassembler r;

	CHECK(m);
	reassembler_init(&r, (size_t)(setting & 0x7f) * 16);
	if (setting & 0x80) {
		reassembler_start(&r, base_seq - 1);
		model_place(m, 0);
	}
	for (unsigned i = 0; i < 2000 && reader_left(&in) > 0; i++)
		step(m, &r, base_seq, &in);
	reassembler_flush(&r);
	drain(m, &r);
	CHECK(m->is_ended == m->has_fin);
	reassembler_deinit(&r);
	return 0;
}
