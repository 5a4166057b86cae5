/*
 * The sights of the last moment: a ring in order of arrival, and buckets into it by digest.
 *
 * A sight's number is its place in order; a number below doubles->first is gone, so nothing is ever
 * unlinked: a bucket's chain ends at the first number that is gone. Chains lead from newer to older
 * sights, by distances of 16 bits, which the ring is too small to exceed.
 *
 * Sights leave from the front when there is no room, if they are out of the window of both the
 * last packet's time and the one's before: a single packet with a time far off makes nothing be
 * forgotten. So the room is as small as it can be, and a slow capture costs no cache.
 */
#include "pcaudit/doubles.h"

#include <errno.h>
#include <stdlib.h>

#include "pcaudit/base/util.h"

void doubles_init(struct doubles *doubles, size_t max_size)
{
	*doubles = (struct doubles){ .max_size = DOUBLES_MIN,
		                     .first = 1,
		                     .end = 1,
		                     .now_ns = INT64_MIN,
		                     .before_ns = INT64_MIN };
	while (doubles->max_size < DOUBLES_MAX && doubles->max_size <= max_size / 2)
		doubles->max_size *= 2;
}

void doubles_deinit(struct doubles *doubles)
{
	free(doubles->sights);
	free(doubles->buckets);
	*doubles = (struct doubles){ 0 };
}

size_t doubles_memory(const struct doubles *doubles)
{
	return doubles->size * (sizeof(doubles->sights[0]) + 2 * sizeof(doubles->buckets[0]));
}

static inline struct double_sight *sight_at(const struct doubles *doubles, uint32_t number)
{
	return &doubles->sights[number & (doubles->size - 1)];
}

static inline uint32_t *bucket_of(const struct doubles *doubles, uint64_t head)
{
	return &doubles->buckets[head & (2 * doubles->size - 1)];
}

/* Numbers may wrap; what is compared is how far they are from the end. */
static inline bool is_there(const struct doubles *doubles, uint32_t number)
{
	uint32_t age = doubles->end - number;
	return age - 1 < doubles->end - doubles->first;
}

static void link_sight(struct doubles *doubles, uint32_t number)
{
	struct double_sight *sight = sight_at(doubles, number);
	uint32_t *bucket = bucket_of(doubles, sight->head);

	sight->back = is_there(doubles, *bucket) ? (uint16_t)(number - *bucket) : 0;
	*bucket = number;
}

static int resize(struct doubles *doubles, uint32_t size)
{
	struct doubles bigger = *doubles;

	bigger.size = size;
	bigger.sights = calloc(size, sizeof(bigger.sights[0]));
	bigger.buckets = calloc(2 * (size_t)size, sizeof(bigger.buckets[0]));
	if (!bigger.sights || !bigger.buckets) {
		free(bigger.sights);
		free(bigger.buckets);
		return -ENOMEM;
	}
	bigger.end = doubles->first;
	for (uint32_t number = doubles->first; number != doubles->end; number++) {
		*sight_at(&bigger, number) = *sight_at(doubles, number);
		link_sight(&bigger, number);
		bigger.end++;
	}
	free(doubles->sights);
	free(doubles->buckets);
	*doubles = bigger;
	return 0;
}

int doubles_reserve(struct doubles *doubles)
{
	return doubles->size == doubles->max_size ? 0 : resize(doubles, doubles->max_size);
}

/* How far apart, never overflowing. */
static inline uint64_t distance_ns(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static bool is_past(const struct doubles *doubles, const struct double_sight *sight)
{
	return distance_ns(sight->time_ns, doubles->now_ns) > (uint64_t)DOUBLES_ELSEWHERE_NS &&
	       distance_ns(sight->time_ns, doubles->before_ns) > (uint64_t)DOUBLES_ELSEWHERE_NS;
}

/* Sees to it that there is room for one more. */
static int make_room(struct doubles *doubles)
{
	if (doubles->end - doubles->first < doubles->size)
		return 0;
	while (doubles->first != doubles->end &&
	       is_past(doubles, sight_at(doubles, doubles->first)))
		doubles->first++;
	if (doubles->end - doubles->first < doubles->size)
		return 0;
	if (doubles->size < doubles->max_size) {
		int r = resize(doubles, doubles->size
		                                ? doubles->size * 2
		                                : MIN((uint32_t)DOUBLES_FIRST, doubles->max_size));
		if (r == 0 || doubles->size == 0)
			return r;
	}
	doubles->first++;
	doubles->forgotten++;
	return 0;
}

/* Where one of them was cut shorter than the other, what can be compared is the head. */
static inline bool has_equal_body(const struct double_sight *sight,
                                  const struct packet_digest *digest)
{
	return sight->body == digest->body || sight->captured != digest->captured;
}

static bool is_double(const struct doubles *doubles, const struct packet_digest *digest,
                      int64_t time_ns)
{
	uint32_t number = *bucket_of(doubles, digest->head);

	for (unsigned n_alike = 0; n_alike < DOUBLES_MAX_ALIKE && is_there(doubles, number);) {
		const struct double_sight *sight = sight_at(doubles, number);
		if (sight->head == digest->head) {
			int64_t limit = sight->place == digest->place ? DOUBLES_SAME_NS
			                                              : DOUBLES_ELSEWHERE_NS;
			if (has_equal_body(sight, digest) &&
			    distance_ns(sight->time_ns, time_ns) <= (uint64_t)limit)
				return true;
			n_alike++;
		}
		if (sight->back == 0)
			break;
		number -= sight->back;
	}
	return false;
}

int doubles_see(struct doubles *doubles, const struct packet_digest *digest, int64_t time_ns)
{
	bool found = doubles->size && is_double(doubles, digest, time_ns);
	doubles->before_ns = doubles->now_ns;
	doubles->now_ns = time_ns;
	int r = make_room(doubles);
	if (r < 0)
		return r;
	*sight_at(doubles, doubles->end) = (struct double_sight){
		.head = digest->head,
		.body = digest->body,
		.time_ns = time_ns,
		.place = digest->place,
		.captured = digest->captured,
	};
	/* The number counts as there from now on, so that its bucket leads to it. */
	link_sight(doubles, doubles->end);
	doubles->end++;
	return found;
}
