/*
 * Joining fragments (RFC 791 section 3.2, RFC 8200 section 4.5), within a budget that is set aside
 * at the start.
 *
 * A waiting datagram is a row of pages, taken from a pool as its bytes come, each with one bit for
 * every eight bytes, the unit in which both protocols cut. So a fragment costs time in proportion
 * to its own length, whatever was sent before, and many tiny fragments share a page. Where two
 * fragments claim the same bytes the first copy is kept (RFC 5722 would drop the datagram; an
 * auditor wants to see what was said), and the contradiction is counted.
 *
 * The clock is packet time. Who waits longest goes first, by time or for room. A fragment whose
 * datagram is whole already begins a new one, which never becomes whole: on a span port that shows
 * every packet twice, the copies are joined once more or counted as given up.
 */
#include "decode/priv.h"

#include <errno.h>

#include "pcaudit/base/hash.h"

#define UNIT               8u
#define DATAGRAM_MAX       65535u
#define PAGE_SIZE          2048u
#define UNITS_PER_PAGE     (PAGE_SIZE / UNIT)
#define PAGES_PER_DATAGRAM 32u
#define MIN_PAGES          PAGES_PER_DATAGRAM /* room for one datagram of any size */
#define IPV6_HEADER_LEN    40u

struct page {
	struct page *next_free;
	uint64_t has[UNITS_PER_PAGE / 64]; /* one bit per unit */
	uint8_t data[PAGE_SIZE];
};

/* Hashed and compared as bytes: no padding. RFC 8200 leaves the protocol out of the key. */
struct key {
	struct addr src, dst;
	uint32_t id;
	uint32_t scope;     /* of tunnels: two customers may use the same addresses */
	uint16_t transport; /* 0 in IPv6 */
	uint16_t version;
};

struct datagram {
	struct key key;
	struct datagram *next_in_bucket; /* or next free */
	struct datagram *older, *newer;
	int64_t first_ns; /* when its first fragment came */
	uint32_t n_fragments;
	uint32_t n_units;       /* that have come */
	uint32_t end;           /* of what has come */
	uint32_t total;         /* length of the data; 0: the last fragment has not come */
	uint32_t uncaptured_at; /* first byte that came but was cut by the snaplen */
	uint32_t head_len;      /* of the fragment at offset 0; 0: has not come */
	uint8_t transport;      /* of the fragment at offset 0 */
	bool is_disputed;       /* some fragment contradicted it */
	struct page *pages[PAGES_PER_DATAGRAM];
};

struct fragments {
	int64_t timeout_ns;
	struct decode_counters *counters; /* borrowed */
	struct page *pages;
	struct datagram *datagrams;
	struct datagram **buckets;
	size_t n_slots; /* of pages and of datagrams */
	size_t bucket_mask;
	size_t n_pages_touched; /* from here on the pool was never used */
	size_t n_datagrams_touched;
	struct page *free_pages;
	struct datagram *free_datagrams;
	struct datagram *oldest, *newest;
	struct hash_key hash_key;
	unsigned turn; /* which of the two was filled last */
	uint8_t joined[2][PAGES_PER_DATAGRAM * PAGE_SIZE];
};

int fragments_new(struct fragments **out, size_t budget_bytes, int64_t timeout_ns,
                  struct decode_counters *counters)
{
	const size_t slot = sizeof(struct page) + sizeof(struct datagram) + 2 * sizeof(void *);
	struct fragments *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->timeout_ns = timeout_ns;
	f->counters = counters;
	f->hash_key = (struct hash_key){ .k0 = 0x6672616772656164, .k1 = 0x6a6f696e66697273 };
	f->n_slots = MAX(budget_bytes / slot, MIN_PAGES);
	size_t n_buckets = 1;
	while (n_buckets < f->n_slots)
		n_buckets *= 2;
	f->bucket_mask = n_buckets - 1;
	/* Never touched before they are needed, so the budget costs address space, not memory. */
	f->pages = calloc(f->n_slots, sizeof(*f->pages));
	f->datagrams = calloc(f->n_slots, sizeof(*f->datagrams));
	f->buckets = calloc(n_buckets, sizeof(struct datagram *));
	if (!f->pages || !f->datagrams || !f->buckets) {
		fragments_free(f);
		return -ENOMEM;
	}
	*out = f;
	return 0;
}

struct fragments *fragments_free(struct fragments *fragments)
{
	if (!fragments)
		return NULL;
	free(fragments->pages);
	free(fragments->datagrams);
	free(fragments->buckets);
	free(fragments);
	return NULL;
}

static struct datagram **bucket_of(struct fragments *f, const struct key *key)
{
	uint64_t hash = hash_bytes(&f->hash_key, BYTES((const uint8_t *)key, sizeof(*key)));
	return &f->buckets[hash & f->bucket_mask];
}

static bool is_expired(const struct fragments *f, const struct datagram *d, int64_t time_ns)
{
	return time_ns > d->first_ns &&
	       (uint64_t)time_ns - (uint64_t)d->first_ns > (uint64_t)f->timeout_ns;
}

/* Returns a datagram and its pages to the pool. */
static void drop(struct fragments *f, struct datagram *d)
{
	for (size_t i = 0; i < PAGES_PER_DATAGRAM; i++) {
		struct page *page = d->pages[i];
		if (!page)
			continue;
		page->next_free = f->free_pages;
		f->free_pages = page;
	}
	struct datagram **link = bucket_of(f, &d->key);
	while (*link != d)
		link = &(*link)->next_in_bucket;
	*link = d->next_in_bucket;
	*(d->older ? &d->older->newer : &f->oldest) = d->newer;
	*(d->newer ? &d->newer->older : &f->newest) = d->older;
	d->next_in_bucket = f->free_datagrams;
	f->free_datagrams = d;
}

static struct datagram *find(struct fragments *f, const struct key *key, int64_t time_ns)
{
	struct datagram *d = *bucket_of(f, key);
	while (d && memcmp(&d->key, key, sizeof(*key)) != 0)
		d = d->next_in_bucket;
	if (!d || !is_expired(f, d, time_ns))
		return d;
	drop(f, d);
	return NULL;
}

static struct datagram *open_datagram(struct fragments *f, const struct key *key, int64_t time_ns)
{
	if (!f->free_datagrams && f->n_datagrams_touched == f->n_slots)
		drop(f, f->oldest);
	struct datagram *d = f->free_datagrams;
	if (d)
		f->free_datagrams = d->next_in_bucket;
	else
		d = &f->datagrams[f->n_datagrams_touched++];
	struct datagram **bucket = bucket_of(f, key);
	*d = (struct datagram){
		.key = *key,
		.next_in_bucket = *bucket,
		.older = f->newest,
		.first_ns = time_ns,
		.uncaptured_at = UINT32_MAX,
	};
	*bucket = d;
	*(f->newest ? &f->newest->newer : &f->oldest) = d;
	f->newest = d;
	return d;
}

/* The page of d for that unit; NULL if d itself had to make room. */
static struct page *get_page(struct fragments *f, struct datagram *d, uint32_t unit)
{
	struct page **place = &d->pages[unit / UNITS_PER_PAGE];
	if (*place)
		return *place;
	while (!f->free_pages && f->n_pages_touched == f->n_slots) {
		bool is_self = f->oldest == d;
		drop(f, f->oldest);
		if (is_self)
			return NULL;
	}
	struct page *page = f->free_pages;
	if (page)
		f->free_pages = page->next_free;
	else
		page = &f->pages[f->n_pages_touched++];
	memset(page->has, 0, sizeof(page->has));
	*place = page;
	return page;
}

/*
 * Keeps the units of a fragment that were not there. False if d was given up for want of room;
 * *contradicts is set if a unit that was there said something else.
 */
static bool keep_units(struct fragments *f, struct datagram *d, uint32_t start, uint32_t end,
                       struct bytes data, bool *contradicts)
{
	for (uint32_t at = start; at < end; at += UNIT) {
		uint32_t unit = at / UNIT % UNITS_PER_PAGE;
		uint32_t len = MIN(UNIT, end - at);
		struct bytes bytes = bytes_take(bytes_skip(data, at - start), len);
		struct page *page = get_page(f, d, at / UNIT);
		if (!page)
			return false;
		uint8_t *kept = page->data + unit * UNIT;
		if (page->has[unit / 64] >> unit % 64 & 1) {
			if (at + bytes.len <= d->uncaptured_at &&
			    !bytes_equal(BYTES(kept, bytes.len), bytes))
				*contradicts = true;
			continue;
		}
		page->has[unit / 64] |= UINT64_C(1) << unit % 64;
		d->n_units++;
		if (bytes.len)
			memcpy(kept, bytes.data, bytes.len);
		if (bytes.len < len)
			d->uncaptured_at = MIN(d->uncaptured_at, at + (uint32_t)bytes.len);
	}
	return true;
}

/* Two ends, or bytes behind the end. */
static bool contradicts_end(const struct datagram *d, uint32_t end, bool has_more)
{
	if (d->total)
		return has_more ? end > d->total : end != d->total;
	return !has_more && end < d->end;
}

/* A length that no datagram can have, or a place where no fragment can be cut. */
static bool is_impossible(const struct ip *ip, size_t len)
{
	if (len == 0 || (ip->has_more && len % UNIT))
		return true;
	size_t end = ip->fragment_at + len;
	size_t head_len = ip->version == 6 ? ip->head_len - IPV6_HEADER_LEN : ip->head_len;
	return head_len + end > DATAGRAM_MAX;
}

static void join(struct fragments *f, struct datagram *d, struct ip *ip, struct layer *layer)
{
	size_t len = MIN(d->total, d->uncaptured_at);
	f->turn = !f->turn;
	uint8_t *joined = f->joined[f->turn];
	for (size_t at = 0; at < len; at += PAGE_SIZE)
		memcpy(joined + at, d->pages[at / PAGE_SIZE]->data, MIN(PAGE_SIZE, len - at));
	*layer = (struct layer){ .r = reader_of(BYTES(joined, len)), .end_wire = d->total };
	ip->transport = d->transport;
	ip->head_len = d->head_len;
	ip->len = d->head_len + d->total;
	ip->is_disputed = d->is_disputed;
	f->counters->fragments_joined_datagrams++;
	f->counters->fragments_given_up -= d->n_fragments;
	drop(f, d);
}

enum decode_status fragments_add(struct fragments *fragments, int64_t time_ns, uint32_t scope,
                                 struct ip *ip, struct layer *layer)
{
	while (fragments->oldest && is_expired(fragments, fragments->oldest, time_ns))
		drop(fragments, fragments->oldest);
	size_t len = layer_left_wire(layer);
	if (is_impossible(ip, len))
		return DECODE_INVALID;

	const struct key key = {
		.src = *ip->src,
		.dst = *ip->dst,
		.id = ip->fragment_id,
		.scope = scope,
		.transport = ip->version == 6 ? 0 : ip->transport,
		.version = ip->version,
	};
	struct datagram *d = find(fragments, &key, time_ns);
	if (!d)
		d = open_datagram(fragments, &key, time_ns);
	uint32_t start = ip->fragment_at, end = start + (uint32_t)len;
	d->n_fragments++;
	fragments->counters->fragments_given_up++; /* until joined */
	if (contradicts_end(d, end, ip->has_more)) {
		fragments->counters->fragments_overlapping++;
		d->is_disputed = true;
		return DECODE_FRAGMENT_HELD;
	}
	if (!ip->has_more)
		d->total = end;
	d->end = MAX(d->end, end);
	if (start == 0 && !d->head_len) {
		d->head_len = ip->head_len;
		d->transport = ip->transport;
	}
	bool contradicts = false;
	bool is_kept = keep_units(fragments, d, start, end, reader_rest(&layer->r), &contradicts);
	fragments->counters->fragments_overlapping += contradicts;
	if (!is_kept)
		return DECODE_FRAGMENT_HELD;
	d->is_disputed |= contradicts;
	if (!d->total || d->n_units < (d->total + UNIT - 1) / UNIT)
		return DECODE_FRAGMENT_HELD;
	join(fragments, d, ip, layer);
	return DECODE_OK;
}
