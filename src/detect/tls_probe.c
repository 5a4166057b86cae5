/*
 * Is it TLS? A ClientHello or ServerHello, an SSLv2-style hello (RFC 5246 E.2), or, in a stream
 * joined in its middle, a chain of records, or nothing but records to its end. The 50-byte hello by
 * which Microsoft's relays open MS-TURN on port 443 has the form of a TLS 1.0 ClientHello and is
 * refused here, so that the order of the detectors does not matter to it.
 */
#include "detect/tls_parts.h"

#define CHAIN_RECORDS 3

bool tls_is_record(uint8_t type, uint16_t version, uint16_t len)
{
	return type >= CHANGE_CIPHER_SPEC && type <= APPLICATION_DATA + 1 && version >> 8 == 3 &&
	       (version & 0xff) <= 4 && len <= TLS_RECORD_MAX &&
	       (len > 0 || type == APPLICATION_DATA);
}

static enum detect_step probe_sslv2(struct bytes first, bool is_full)
{
	struct reader r = reader_of(first);
	uint8_t high = reader_u8(&r), low = reader_u8(&r), type = reader_u8(&r);
	uint16_t version = reader_be16(&r), suites = reader_be16(&r);
	uint16_t id = reader_be16(&r), challenge = reader_be16(&r);
	unsigned len = (high & 0x7fu) << 8 | low;
	if (!(high & 0x80) || (first.len >= 3 && type != CLIENT_HELLO))
		return DETECT_NOT_MINE;
	if (r.is_short)
		return is_full ? DETECT_NOT_MINE : DETECT_MORE;
	bool is_version = version == 2 || (version >= 0x300 && version <= 0x304);
	bool are_lengths = suites > 0 && suites % 3 == 0 && (id == 0 || (id >= 16 && id <= 32)) &&
	                   challenge >= 16 && challenge <= 32 &&
	                   len == 9u + suites + id + challenge;
	return is_version && are_lengths ? DETECT_MINE : DETECT_NOT_MINE;
}

/* The 50-byte hello and 83-byte answer that open MS-TURN over TCP (protocol [MS-TURN] 2.1.1). */
static enum detect_step probe_pseudo(struct bytes first)
{
	const struct {
		struct bytes head;
		struct bytes tail;
		size_t tail_at;
	} shapes[] = {
		{ BYTES_LITERAL("\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x01"),
		  BYTES_LITERAL("\x00\x00\x02\x00\x18\x01\x00"), 43 },
		{ BYTES_LITERAL("\x16\x03\x01\x00\x4e\x02\x00\x00\x46\x03\x01"),
		  BYTES_LITERAL("\x00\x18\x00\x0e\x00\x00\x00"), 76 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		if (first.len < shapes[i].head.len && bytes_starts_with(shapes[i].head, first))
			return DETECT_MORE;
		if (!bytes_starts_with(first, shapes[i].head))
			continue;
		struct bytes tail =
		        bytes_take(bytes_skip(first, shapes[i].tail_at), shapes[i].tail.len);
		if (!bytes_starts_with(shapes[i].tail, tail))
			return DETECT_NOT_MINE;
		return tail.len == shapes[i].tail.len ? DETECT_MINE : DETECT_MORE;
	}
	return DETECT_NOT_MINE;
}

static enum detect_step probe_hello(struct bytes first, bool is_full)
{
	struct reader r = reader_of(first);
	uint8_t type = reader_u8(&r);
	uint16_t version = reader_be16(&r), len = reader_be16(&r);
	uint8_t message = reader_u8(&r);
	uint32_t message_len = reader_be24(&r);
	uint8_t major = reader_u8(&r), minor = reader_u8(&r);
	if (first.len && type != HANDSHAKE)
		return DETECT_NOT_MINE;
	if (first.len >= 3 && (version >> 8 != 3 || (version & 0xff) > 4))
		return DETECT_NOT_MINE;
	if (r.is_short)
		return is_full ? DETECT_NOT_MINE : DETECT_MORE;
	/* 2 + 32 + 1 + 2 + 2 + 2 for the least ClientHello there is, and a ServerHello is 38. */
	if (len < 4 || len > TLS_RECORD_MAX || message_len < 38 || major != 3 || minor > 4 ||
	    (message != CLIENT_HELLO && message != SERVER_HELLO))
		return DETECT_NOT_MINE;
	switch (probe_pseudo(first)) {
	case DETECT_MINE:
		return DETECT_NOT_MINE;
	case DETECT_MORE:
		return is_full ? DETECT_MINE : DETECT_MORE;
	default:
		return DETECT_MINE;
	}
}

/* How many record headers stand one after the other, all of one version, up to CHAIN_RECORDS. */
static unsigned count_chain(struct bytes bytes)
{
	struct reader r = reader_of(bytes);
	uint16_t first_version = 0;
	for (unsigned n = 0; n < CHAIN_RECORDS; n++) {
		uint8_t type = reader_u8(&r);
		uint16_t version = reader_be16(&r), len = reader_be16(&r);
		if (r.is_short || !tls_is_record(type, version, len) || len == 0 ||
		    type > APPLICATION_DATA || (n && version != first_version))
			return n;
		first_version = version;
		if (len > reader_left(&r))
			return n + 1;
		reader_skip(&r, len);
	}
	return CHAIN_RECORDS;
}

/* A stream joined in its middle: a chain of records somewhere in what is kept of a side. */
static bool has_chain(struct bytes first)
{
	for (; first.len >= 5; first = bytes_skip(first, 1))
		if (count_chain(first) >= CHAIN_RECORDS)
			return true;
	return false;
}

/* How many records of one version there are, if they reach from the first byte to the last. */
static unsigned count_whole(struct bytes bytes, uint16_t *one_version)
{
	struct reader r = reader_of(bytes);
	unsigned n = 0;
	for (; reader_left(&r); n++) {
		uint8_t type = reader_u8(&r);
		uint16_t version = reader_be16(&r), len = reader_be16(&r);
		reader_skip(&r, len);
		if (*one_version == 0)
			*one_version = version;
		if (r.is_short || !tls_is_record(type, version, len) || version != *one_version)
			return 0;
	}
	return n;
}

/* Two records are a chain if nothing else was ever said. */
static bool is_records_alone(const struct detect_view *view)
{
	uint16_t version = 0;
	unsigned n = 0;
	for (unsigned side = 0; side < 2; side++) {
		if (view->from_start[side] || !view->is_full[side])
			return false;
		unsigned n_side = count_whole(view->first[side], &version);
		if (n_side == 0 && view->first[side].len)
			return false;
		n += n_side;
	}
	return n >= 2;
}

static bool is_midstream(const struct detect_view *view)
{
	if (is_records_alone(view))
		return true;
	for (unsigned side = 0; side < 2; side++)
		if (view->first[side].len && !view->from_start[side] &&
		    has_chain(view->first[side]))
			return true;
	return !view->from_start[0] && !view->from_start[1] && count_chain(view->first[0]) >= 2 &&
	       count_chain(view->first[1]) >= 2;
}

enum detect_step tls_probe(const struct detect_view *view)
{
	bool is_open = false, is_chain_possible = false;
	for (unsigned side = 0; side < 2; side++) {
		struct bytes first = view->first[side];
		if (first.len == 0)
			continue;
		enum detect_step hello = probe_hello(first, view->is_full[side]);
		enum detect_step old = probe_sslv2(first, view->is_full[side]);
		if (hello == DETECT_MINE || old == DETECT_MINE)
			return DETECT_MINE;
		is_open |= hello == DETECT_MORE || old == DETECT_MORE;
		is_chain_possible |= !view->from_start[side] && !view->is_full[side];
		/* The pseudo hello of one side speaks for both. */
		if (probe_pseudo(first) == DETECT_MINE)
			return DETECT_NOT_MINE;
	}
	if (is_midstream(view))
		return DETECT_MINE;
	bool is_empty = view->first[0].len == 0 && view->first[1].len == 0;
	return is_open || is_empty || is_chain_possible ? DETECT_MORE : DETECT_NOT_MINE;
}
