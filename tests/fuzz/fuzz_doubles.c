/*
 * Doubles against a list that is searched from its end. Checked after each packet: what is found is
 * what the list says; nothing is forgotten but what is past or for want of room; the memory stays
 * within its bound.
 *
 * Input: the bound (1 byte, a power of two from 8 on); then packets of 4 bytes: what it is (4 bits
 * of head, 2 of body, 2 of the length cut), where it was seen (4 bits) and how time goes on (4 bits
 * of unit and sign, 8 of count). A packet whose first byte is 0xff is a burst of others, of no use.
 */
#include <stdlib.h>

#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/doubles.h"

#define MAX_PACKETS 2000
#define MAX_SIGHTS  (2 * MAX_PACKETS)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sight {
	struct packet_digest digest;
	int64_t time_ns;
};

struct model {
	struct sight sights[MAX_SIGHTS];
	size_t first, end, size, bound;
	int64_t now_ns, before_ns;
	uint64_t forgotten;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool is_within(int64_t a, int64_t b, int64_t limit)
{
	__int128_t apart = (__int128_t)a - b;
	return apart <= limit && -apart <= limit;
}

static bool model_find(const struct model *m, const struct packet_digest *digest, int64_t time_ns)
{
	unsigned n = 0;

	for (size_t i = m->end; i > m->first && n < DOUBLES_MAX_ALIKE; i--) {
		const struct sight *s = &m->sights[i - 1];
		if (s->digest.head != digest->head)
			continue;
		n++;
		if (s->digest.captured == digest->captured && s->digest.body != digest->body)
			continue;
		bool is_here = s->digest.place == digest->place;
		if (is_within(s->time_ns, time_ns, (is_here ? 1 : 50) * NS_PER_MS))
			return true;
	}
	return false;
}

/* What is past goes; else there is more room, up to the bound; else the oldest goes. */
static void model_make_room(struct model *m)
{
	while (m->first < m->end &&
	       !is_within(m->sights[m->first].time_ns, m->now_ns, 50 * NS_PER_MS) &&
	       !is_within(m->sights[m->first].time_ns, m->before_ns, 50 * NS_PER_MS))
		m->first++;
	if (m->end - m->first < m->size)
		return;
	if (m->size < m->bound) {
		m->size = m->size ? m->size * 2 : MIN((size_t)DOUBLES_FIRST, m->bound);
		return;
	}
	m->first++;
	m->forgotten++;
}

static void model_note(struct model *m, const struct packet_digest *digest, int64_t time_ns)
{
	m->before_ns = m->now_ns;
	m->now_ns = time_ns;
	if (m->end - m->first == m->size)
		model_make_room(m);
	m->sights[m->end++] = (struct sight){ *digest, time_ns };
}

static void see(struct doubles *doubles, struct model *m, const struct packet_digest *digest,
                int64_t time_ns)
{
	if (m->end == MAX_SIGHTS)
		return;
	bool is_double = model_find(m, digest, time_ns);
	model_note(m, digest, time_ns);
	int r = doubles_see(doubles, digest, time_ns);
	check(r == (is_double ? 1 : 0));
	check(doubles->forgotten == m->forgotten);
	check(doubles->end - doubles->first == m->end - m->first);
	check(doubles_memory(doubles) == m->size * DOUBLES_SIGHT_BYTES);
}

static int64_t step_ns(uint8_t kind, uint8_t count)
{
	static const int64_t units[] = { 0,
		                         1000,
		                         NS_PER_MS / 10,
		                         NS_PER_MS,
		                         5 * NS_PER_MS,
		                         NS_PER_SECOND,
		                         3600 * NS_PER_SECOND,
		                         INT64_C(1) << 54 };
	int64_t ns = units[kind & 7] * count;

	return kind & 8 ? -ns : ns;
}

static int64_t plus(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return b > 0 ? INT64_MAX : INT64_MIN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(BYTES(data, size));
	struct doubles doubles;
	_cleanup_(freep) struct model *m = calloc(1, sizeof(*m));
	int64_t time_ns = 0;

	check(m);
	m->now_ns = m->before_ns = INT64_MIN;
	m->bound = (size_t)DOUBLES_MIN << (reader_u8(&in) & 7);
	doubles_init(&doubles, m->bound);
	for (unsigned i = 0; i < MAX_PACKETS && reader_left(&in) >= 4; i++) {
		uint8_t what = reader_u8(&in);
		uint8_t place = reader_u8(&in);
		uint8_t kind = reader_u8(&in);
		time_ns = plus(time_ns, step_ns(kind, reader_u8(&in)));
		struct packet_digest digest = {
			.head = what >> 4,
			.body = what >> 2 & 3,
			.captured = what & 3,
			.place = place & 15,
		};
		for (unsigned n = 0; what == 0xff && n < place; n++)
			see(&doubles, m, &(struct packet_digest){ .head = 1000 + i * 256 + n },
			    time_ns);
		see(&doubles, m, &digest, time_ns);
	}
	doubles_deinit(&doubles);
	return 0;
}
