/*
 * TCP segments to one stream (RFC 9293 section 3.10.7.4, seen from beside the wire).
 *
 * Offsets are 64 bits and count from the first byte; a sequence number is placed relative to the
 * next byte to deliver, so a stream may be longer than 4 GiB. What is next is lent at once. What
 * is beyond a hole is copied into a piece; pieces are sorted and never overlap. A segment that
 * overlaps pieces is cut at them, since the first copy of a byte wins; one that covers whole pieces
 * takes them in, their bytes first. So each push adds one piece at most (a second one if it lands
 * inside a stretch that was not captured), and costs no more than its own length and the number of
 * pieces, however the segments are cut.
 *
 * Memory that cannot be had is treated like a segment that was not captured.
 */
#include "pcaudit/reassembler.h"

#include "pcaudit/base/util.h"

#define WINDOW_MAX ((int64_t)1 << 30)

void reassembler_init(struct reassembler *r, size_t max_held_bytes)
{
	memset(r, 0, sizeof(*r));
	r->max_held_bytes = max_held_bytes;
}

void reassembler_reset(struct reassembler *r, size_t max_held_bytes)
{
	uint8_t *past = r->past;
	uint32_t past_size = r->past_size;

	for (unsigned i = 0; i < r->n_held; i++)
		free(r->held[i].data);
	free(r->popped);
	reassembler_init(r, max_held_bytes);
	r->past = past;
	r->past_size = past_size;
}

void reassembler_deinit(struct reassembler *r)
{
	reassembler_reset(r, 0);
	free(r->past);
	r->past = NULL;
	r->past_size = 0;
}

static void release_popped(struct reassembler *r)
{
	free(r->popped);
	r->popped = NULL;
}

void reassembler_start(struct reassembler *r, uint32_t syn_seq)
{
	if (r->is_started)
		return;
	r->is_started = true;
	r->is_from_start = true;
	r->base_seq = syn_seq + 1;
}

/* Where seq is in the direction; negative if before its first byte. Starts the direction. */
static int64_t offset_of(struct reassembler *r, uint32_t seq)
{
	if (!r->is_started) {
		r->is_started = true;
		r->base_seq = seq;
	}
	uint32_t next_seq = r->base_seq + (uint32_t)r->next;
	return (int64_t)r->next + (int32_t)(seq - next_seq);
}

/* The end of what is known without a hole: bytes before it are delivered, or about to be. */
static uint64_t edge(const struct reassembler *r)
{
	return r->next + r->ready.len;
}

static uint64_t piece_end(const struct reassembler_piece *piece)
{
	return piece->offset + piece->len;
}

static void remove_pieces(struct reassembler *r, unsigned at, unsigned n)
{
	memmove(&r->held[at], &r->held[at + n], (r->n_held - at - n) * sizeof(r->held[0]));
	r->n_held -= n;
}

static void insert_piece(struct reassembler *r, unsigned at, struct reassembler_piece piece)
{
	memmove(&r->held[at + 1], &r->held[at], (r->n_held - at) * sizeof(r->held[0]));
	r->held[at] = piece;
	r->n_held++;
	if (piece.data)
		r->held_bytes += piece.len;
}

/* Counts the bytes of a later copy (at offset) that differ from the piece. */
static void compare(struct reassembler *r, const struct reassembler_piece *piece, uint64_t offset,
                    struct bytes bytes)
{
	uint64_t start = MAX(offset, piece->offset);
	uint64_t end = MIN(offset + bytes.len, piece_end(piece));

	for (uint64_t at = start; at < end; at++)
		if (bytes.data[at - offset] != piece->data[at - piece->offset])
			r->conflicts++;
}

/* ---- What was delivered ---------------------------------------------------------------------- */

/* Room for what is remembered and len bytes more, as far as the bound allows. */
static bool past_grow(struct reassembler *r, size_t len)
{
	size_t kept = (size_t)(r->next - r->past_start), size = r->past_size ? r->past_size : 2048;

	while (size < REASSEMBLER_PAST && size < kept + len)
		size *= 2;
	if (size == r->past_size)
		return true;
	uint8_t *past = malloc(size);
	if (!past)
		return false;
	for (uint64_t at = r->past_start; at < r->next;) {
		size_t from = at & (r->past_size - 1), to = at & (size - 1);
		size_t run = MIN(MIN(r->past_size - from, size - to), (size_t)(r->next - at));
		memcpy(past + to, r->past + from, run);
		at += run;
	}
	free(r->past);
	r->past = past;
	r->past_size = (uint32_t)size;
	return true;
}

/* Remembers bytes that are delivered at r->next. What cannot be kept is forgotten. */
static void past_add(struct reassembler *r, struct bytes bytes)
{
	uint64_t end = r->next + bytes.len;

	r->past_start = MIN(MAX(r->past_start, r->settled), r->next);
	if (!past_grow(r, bytes.len)) {
		r->past_start = end;
		return;
	}
	uint64_t at = r->next, mask = r->past_size - 1;
	struct bytes rest = bytes;
	if (rest.len > r->past_size) {
		at += rest.len - r->past_size;
		rest = bytes_skip(rest, rest.len - r->past_size);
	}
	size_t first = MIN(rest.len, (size_t)(r->past_size - (at & mask)));
	memcpy(r->past + (at & mask), rest.data, first);
	memcpy(r->past, rest.data + first, rest.len - first);
	if (end - r->past_start > r->past_size)
		r->past_start = end - r->past_size;
}

/* Counts the bytes of a later copy, at offset, that differ from what was delivered. */
static void compare_past(struct reassembler *r, int64_t offset, struct bytes bytes)
{
	uint64_t from = MAX(r->past_start, r->settled);
	uint64_t end = MIN((uint64_t)(offset + (int64_t)bytes.len), r->next);

	if (bytes.len == 1 && !r->has_ack && end == r->next)
		return; /* a keep-alive */
	for (uint64_t at = offset > (int64_t)from ? (uint64_t)offset : from; at < end; at++)
		if (r->past[at & (r->past_size - 1)] != bytes.data[(int64_t)at - offset])
			r->conflicts++;
}

void reassembler_compare(struct reassembler *r, uint32_t seq, struct bytes payload)
{
	if (!r->is_started || payload.len == 0 || payload.len > (size_t)WINDOW_MAX)
		return;
	int64_t offset = offset_of(r, seq);
	if (offset < (int64_t)r->next && offset + (int64_t)payload.len > 0)
		compare_past(r, offset, payload);
}

void reassembler_push_ack(struct reassembler *r, uint32_t ack)
{
	r->has_ack = true;
	if (!r->is_started)
		return;
	/* What was acknowledged and not seen may yet come: it is settled when it was seen. */
	int64_t offset = MIN(offset_of(r, ack), (int64_t)r->next);
	if (offset > (int64_t)r->settled)
		r->settled = (uint64_t)offset;
}

bool reassembler_is_disputable(const struct reassembler *r)
{
	return MAX(r->past_start, r->settled) < r->next;
}

/* ---- What waits ------------------------------------------------------------------------------ */

/* Index of the first piece that ends after offset. */
static unsigned first_after(const struct reassembler *r, uint64_t offset)
{
	unsigned i = 0;

	while (i < r->n_held && piece_end(&r->held[i]) <= offset)
		i++;
	return i;
}

/* Makes uncaptured stretches give way to bytes from start to end; what is left of them stays. */
static void cut_stretches(struct reassembler *r, uint64_t start, uint64_t end)
{
	for (unsigned i = first_after(r, start); i < r->n_held && r->held[i].offset < end;) {
		struct reassembler_piece *piece = &r->held[i];
		struct reassembler_piece rest = { .offset = end };
		if (piece->data) {
			i++;
			continue;
		}
		if (piece_end(piece) > end)
			rest.len = (uint32_t)(piece_end(piece) - end);
		if (piece->offset < start) {
			piece->len = (uint32_t)(start - piece->offset);
			i++;
		} else {
			remove_pieces(r, i, 1);
		}
		/* Room for the bytes themselves comes first; a rest dropped is a plain hole. */
		if (rest.len > 0 && r->n_held + 1 < REASSEMBLER_MAX_HELD)
			insert_piece(r, i++, rest);
	}
}

/* Copies bytes into a piece of their own, with the pieces from `at` on that they cover. */
static void take_in(struct reassembler *r, unsigned at, uint64_t offset, struct bytes bytes)
{
	unsigned n = 0;
	size_t covered = 0;

	while (at + n < r->n_held && r->held[at + n].offset < offset + bytes.len)
		covered += r->held[at + n++].len;
	if (covered == bytes.len || (n == 0 && r->n_held == REASSEMBLER_MAX_HELD))
		return;
	uint8_t *data = malloc(bytes.len);
	if (!data)
		return;
	memcpy(data, bytes.data, bytes.len);
	for (unsigned i = at; i < at + n; i++) {
		struct reassembler_piece *piece = &r->held[i];
		memcpy(data + (piece->offset - offset), piece->data, piece->len);
		free(piece->data);
		r->held_bytes -= piece->len;
	}
	remove_pieces(r, at, n);
	insert_piece(r, at,
	             (struct reassembler_piece){
	                     .offset = offset, .len = (uint32_t)bytes.len, .data = data });
}

/* Bytes that must wait. Those that a piece holds already are compared and left out. */
static void hold(struct reassembler *r, uint64_t offset, struct bytes bytes)
{
	cut_stretches(r, offset, offset + bytes.len);
	for (unsigned i = first_after(r, offset); i < r->n_held; i++) {
		if (r->held[i].offset >= offset + bytes.len)
			break;
		compare(r, &r->held[i], offset, bytes);
	}
	unsigned at = first_after(r, offset);
	if (at < r->n_held && r->held[at].offset <= offset) {
		bytes = bytes_skip(bytes, piece_end(&r->held[at]) - offset);
		offset = piece_end(&r->held[at]);
		at++;
	}
	uint64_t end = offset + bytes.len;
	unsigned last = at;
	while (last < r->n_held && piece_end(&r->held[last]) <= end)
		last++;
	if (last < r->n_held && r->held[last].offset < end)
		bytes = bytes_take(bytes, r->held[last].offset - offset);
	if (bytes.len > 0)
		take_in(r, at, offset, bytes);
}

void reassembler_push(struct reassembler *r, uint32_t seq, struct bytes payload)
{
	release_popped(r);
	r->ready = BYTES(NULL, 0);
	reassembler_compare(r, seq, payload);
	if (payload.len == 0 || payload.len > (size_t)WINDOW_MAX || r->is_ended)
		return;
	int64_t signed_offset = offset_of(r, seq);
	if (signed_offset - (int64_t)r->next >= WINDOW_MAX ||
	    signed_offset + (int64_t)payload.len <= (int64_t)r->next)
		return;
	if (signed_offset < (int64_t)r->next) {
		payload = bytes_skip(payload, (size_t)((int64_t)r->next - signed_offset));
		signed_offset = (int64_t)r->next;
	}
	uint64_t offset = (uint64_t)signed_offset;
	if (r->has_fin)
		payload = bytes_take(payload, r->fin_offset > offset ? r->fin_offset - offset : 0);
	if (payload.len == 0)
		return;
	if (offset > r->next) {
		hold(r, offset, payload);
		return;
	}
	cut_stretches(r, offset, offset + payload.len);
	size_t len = payload.len;
	if (r->n_held > 0 && r->held[0].offset < offset + len)
		len = (size_t)(r->held[0].offset - offset);
	if (len < payload.len)
		hold(r, offset + len, bytes_skip(payload, len));
	r->ready = bytes_take(payload, len);
	r->ready_offset = offset;
}

/* What is held from this offset on contradicts the FIN and will never be delivered. */
static void drop_from(struct reassembler *r, uint64_t offset)
{
	unsigned n = first_after(r, offset);

	for (unsigned i = n; i < r->n_held; i++) {
		struct reassembler_piece *piece = &r->held[i];
		uint32_t kept = piece->offset < offset ? (uint32_t)(offset - piece->offset) : 0;
		if (piece->data)
			r->held_bytes -= piece->len - kept;
		piece->len = kept;
		if (kept > 0)
			n = i + 1;
		else
			free(piece->data);
	}
	r->n_held = n;
}

void reassembler_push_fin(struct reassembler *r, uint32_t seq)
{
	release_popped(r);
	if (r->has_fin || r->is_ended)
		return;
	int64_t offset = offset_of(r, seq);
	if (offset < (int64_t)edge(r) || offset - (int64_t)r->next >= WINDOW_MAX)
		return;
	r->has_fin = true;
	r->fin_offset = (uint64_t)offset;
	drop_from(r, r->fin_offset);
}

void reassembler_push_hole(struct reassembler *r, uint32_t seq, uint32_t len_bytes)
{
	release_popped(r);
	if (len_bytes == 0 || len_bytes > WINDOW_MAX || r->is_ended)
		return;
	int64_t offset = offset_of(r, seq);
	int64_t end = offset + len_bytes;
	if (r->has_fin)
		end = MIN(end, (int64_t)r->fin_offset);
	if (offset - (int64_t)r->next >= WINDOW_MAX || end <= (int64_t)edge(r))
		return;
	uint64_t start = MAX((uint64_t)MAX(offset, 0), edge(r));
	/* Only between the pieces: what some segment brought is there. */
	unsigned i = first_after(r, start);
	while (start < (uint64_t)end && r->n_held + 1 < REASSEMBLER_MAX_HELD) {
		uint64_t until = (uint64_t)end;
		if (i < r->n_held)
			until = MIN(until, r->held[i].offset);
		if (until > start)
			insert_piece(r, i++,
			             (struct reassembler_piece){
			                     .offset = start, .len = (uint32_t)(until - start) });
		if (i == r->n_held)
			return;
		start = piece_end(&r->held[i++]);
	}
}

void reassembler_flush(struct reassembler *r)
{
	release_popped(r);
	r->is_flushing = true;
}

static void give_up_to(struct reassembler *r, uint64_t offset)
{
	if (offset == r->next)
		return;
	r->next = r->past_start = offset;
	r->is_after_gap = true;
	r->gaps++;
}

/* Full: the last slots are for the segment to come and for the rest of a stretch it lands in. */
static bool must_give_up(const struct reassembler *r)
{
	return r->is_flushing || r->held_bytes > r->max_held_bytes ||
	       r->n_held + 1 >= REASSEMBLER_MAX_HELD;
}

/* The bytes at r->next go out; the last ones before the FIN carry END. */
static bool deliver(struct reassembler *r, struct bytes bytes, struct stream_chunk *chunk)
{
	*chunk = (struct stream_chunk){ .bytes = bytes,
		                        .offset = r->next,
		                        .flags = r->is_after_gap ? STREAM_GAP : 0 };
	r->is_after_gap = false;
	if (bytes.len)
		past_add(r, bytes);
	r->next += bytes.len;
	if (r->has_fin && r->next == r->fin_offset) {
		r->is_ended = true;
		chunk->flags |= STREAM_END;
	}
	return true;
}

/* Passes the first piece if it may be: a stretch is given up, bytes are delivered. */
static bool pop_piece(struct reassembler *r, struct stream_chunk *chunk)
{
	struct reassembler_piece piece = r->held[0];

	give_up_to(r, piece.offset);
	remove_pieces(r, 0, 1);
	if (!piece.data) {
		give_up_to(r, piece_end(&piece));
		return false;
	}
	r->held_bytes -= piece.len;
	r->popped = piece.data;
	return deliver(r, BYTES(piece.data, piece.len), chunk);
}

bool reassembler_pop(struct reassembler *r, struct stream_chunk *chunk)
{
	release_popped(r);
	if (r->is_ended)
		return false;
	if (r->ready.len > 0) {
		struct bytes bytes = r->ready;
		r->ready = BYTES(NULL, 0);
		return deliver(r, bytes, chunk);
	}
	while (r->n_held > 0) {
		if (r->held[0].offset > r->next && !must_give_up(r))
			break;
		if (pop_piece(r, chunk))
			return true;
	}
	if (r->has_fin && r->is_flushing)
		give_up_to(r, r->fin_offset);
	if (!r->has_fin || r->next != r->fin_offset)
		return false;
	return deliver(r, BYTES(NULL, 0), chunk);
}
