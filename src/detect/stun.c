/*
 * STUN and TURN: RFC 5389/8489 with its cookie, RFC 3489 without, TURN (RFC 8656, 6062), and the
 * attributes of Microsoft's ICE ([MS-ICE2] 2.2.2). Over UDP; over TCP bare or in the frames of
 * RFC 4571, where media follows in the same frames and is told here too.
 *
 * With the cookie one message proves the protocol. Without it (RFC 3489) nothing is constant, so
 * only the three Binding types count, and only as a request with its answer. Requests go both
 * ways between ICE peers and do not tell who opened the flow; an Allocate does, and any answer.
 * FINGERPRINT never refutes: old Microsoft clients computed it with one wrong table entry.
 * Message integrity is not checked, user names are never read.
 */
#include "stun.h"

#define COOKIE        UINT32_C(0x2112a442)
#define CLASS_BITS    0x0110
#define CLASS_ANSWER  0x0100 /* success 0100, error 0110 */
#define MAX_PENDING   8
#define MAX_CHECKSUMS 8    /* FINGERPRINTs computed per flow, until one is right */
#define MAX_MESSAGES  1024 /* then nothing new is to be learnt */
#define MAX_MEDIA     256  /* the same, of packets relayed or framed */

/* Methods and classes of RFC 8489, 8656 and 6062; all but Binding are TURN's. */
enum stun_type {
	BINDING = 0x0001,
	BINDING_INDICATION = 0x0011,
	BINDING_ANSWER = 0x0101,
	BINDING_ERROR = 0x0111,
	ALLOCATE = 0x0003,
	SEND_INDICATION = 0x0016,
	DATA_INDICATION = 0x0017,
	CONNECTION_ATTEMPT = 0x001c,
};

enum framing { FRAMING_UNTOLD, FRAMING_BARE, FRAMING_RFC4571 };

struct stun_state {
	struct record records[2]; /* TCP */
	uint8_t framing[2];       /* enum framing */
	struct rtp_watch media;   /* TCP: what else the frames of RFC 4571 hold */
	struct relay relay;
	struct {
		uint8_t id[16];
		uint8_t side; /* + 1; 0: free */
	} pending[MAX_PENDING];
	uint8_t next_pending;
	uint8_t n_checksums;
	uint16_t n_messages;
	bool is_turn, has_request, is_answered, is_fingerprint_right;
};

_Static_assert(sizeof(struct stun_state) <= 4096, "see struct detector");

enum {
	FACT_ANSWERED,
	FACT_ERROR,
	FACT_SOFTWARE,
	FACT_MAPPED,
	FACT_FINGERPRINT,
	FACT_ICE,
	FACT_MICROSOFT,
	FACT_MICROSOFT_VERSION,
	FACT_RELAYED
};

static const struct fact_def facts[] = {
	[FACT_ANSWERED] = { .name = "stun.answered",
	                    .type = FACT_BOOL,
	                    .help = "a request was seen with its answer; false: requests without "
	                            "any" },
	[FACT_ERROR] = { .name = "stun.error",
	                 .type = FACT_NUMBER,
	                 .help = "error codes of answers, such as 401",
	                 .is_list = true },
	[FACT_SOFTWARE] = { .name = "stun.software",
	                    .type = FACT_TEXT,
	                    .help = "the first SOFTWARE attribute" },
	[FACT_MAPPED] = { .name = "stun.xor_mapped",
	                  .type = FACT_BOOL,
	                  .help = "an answer held an XOR-MAPPED-ADDRESS" },
	[FACT_FINGERPRINT] = { .name = "stun.fingerprint",
	                       .type = FACT_BOOL,
	                       .help = "a FINGERPRINT was seen and is right" },
	[FACT_ICE] = { .name = "stun.ice",
	               .type = FACT_BOOL,
	               .help = "a check of ICE: it has a priority or a role" },
	[FACT_MICROSOFT] = { .name = "stun.microsoft",
	                     .type = FACT_BOOL,
	                     .help = "attributes that only Microsoft's ICE sends were seen" },
	[FACT_MICROSOFT_VERSION] = { .name = "stun.microsoft_version",
	                             .type = FACT_NUMBER,
	                             .help = "its version, of the first message that had one" },
	[FACT_RELAYED] = { .name = "turn.relayed",
	                   .type = FACT_TEXT,
	                   .help = "what the relay carries: " RELAY_KINDS,
	                   .is_list = true },
	{ 0 },
};

/* ---- One message --------------------------------------------------------------------------- */

bool stun_read(struct stun_message *out, struct bytes bytes, size_t len_wire)
{
	struct reader r = reader_of(bytes);
	if (len_wire < STUN_HEADER || reader_peek(&r) & 0xc0)
		return false;
	uint16_t type = reader_be16(&r);
	uint16_t len_body = reader_be16(&r);
	struct bytes id = reader_take(&r, 16);
	if (r.is_short || len_body != len_wire - STUN_HEADER)
		return false;
	struct reader cookie = reader_of(id);
	*out = (struct stun_message){
		.type = type,
		.len_body = len_body,
		.has_cookie = reader_be32(&cookie) == COOKIE,
		.id = id,
		.attributes = bytes_take(reader_rest(&r), len_body),
	};
	return true;
}

bool stun_next_attribute(struct reader *r, bool is_padded, struct stun_attribute *out)
{
	uint16_t type = reader_be16(r);
	uint16_t len = reader_be16(r);
	if (r->is_short)
		return false;
	*out = (struct stun_attribute){ type, reader_take(r, MIN(len, reader_left(r))) };
	if (is_padded)
		reader_skip(r, MIN((4U - len % 4) % 4, reader_left(r)));
	return true;
}

/* Do the attributes end where the header says the message ends? is_known may be NULL. */
static bool attributes_fit(const struct stun_message *message, bool (*is_known)(uint16_t type))
{
	struct reader r = reader_of(message->attributes);
	bool is_cut = message->attributes.len < message->len_body;
	size_t left = message->len_body;
	while (left) {
		uint16_t type = reader_be16(&r);
		uint16_t len = reader_be16(&r);
		size_t size = 4 + (len + 3U) / 4 * 4;
		if (r.is_short)
			return is_cut && left >= 4;
		if (size > left || (is_known && !is_known(type)))
			return false;
		left -= size;
		reader_skip(&r, size - 4);
	}
	return true;
}

static bool is_known_type(uint16_t type)
{
	static const uint16_t known[] = {
		BINDING,
		BINDING_INDICATION,
		BINDING_ANSWER,
		BINDING_ERROR,
		ALLOCATE,
		0x0103,
		0x0113,
		0x0004,
		0x0104,
		0x0114, /* Refresh */
		SEND_INDICATION,
		DATA_INDICATION,
		0x0008,
		0x0108,
		0x0118, /* CreatePermission */
		0x0009,
		0x0109,
		0x0119, /* ChannelBind */
		0x000a,
		0x010a,
		0x011a, /* Connect */
		0x000b,
		0x010b,
		0x011b, /* ConnectionBind */
		CONNECTION_ATTEMPT,
	};
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i] == type)
			return true;
	return false;
}

bool stun_is_message(struct bytes bytes, size_t len_wire)
{
	struct stun_message message;
	return stun_read(&message, bytes, len_wire) && message.has_cookie &&
	       message.len_body % 4 == 0 && is_known_type(message.type) &&
	       attributes_fit(&message, NULL);
}

static bool is_classic_attribute(uint16_t type)
{
	return (type >= 0x0001 && type <= 0x000b) || (type >= 0x8020 && type <= 0x8022);
}

/* RFC 3489: the shape only. It proves nothing before request and answer have met. */
static bool is_classic(struct stun_message *message, struct bytes bytes, size_t len_wire)
{
	return stun_read(message, bytes, len_wire) && !message->has_cookie &&
	       (message->type == BINDING || message->type == BINDING_ANSWER ||
	        message->type == BINDING_ERROR) &&
	       attributes_fit(message, is_classic_attribute);
}

unsigned stun_error_code(struct bytes value)
{
	struct reader r = reader_of(value);
	reader_skip(&r, 2);
	unsigned hundreds = reader_u8(&r) & 7;
	unsigned rest = reader_u8(&r);
	return r.is_short || rest > 99 ? 0 : hundreds * 100 + rest;
}

/* CRC-32 of FINGERPRINT; with the slip of the old Microsoft table (entry 5a) or without. */
static uint32_t checksum(struct bytes bytes, bool is_old_table)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t index = (uint8_t)(crc ^ bytes.data[i]);
		uint32_t entry = index;
		for (int bit = 0; bit < 8; bit++)
			entry = entry >> 1 ^ (entry & 1 ? UINT32_C(0xedb88320) : 0);
		if (is_old_table && index == 0x5a)
			entry = UINT32_C(0x08bbe8ea);
		crc = crc >> 8 ^ entry;
	}
	return ~crc;
}

static bool fingerprint_is_right(struct bytes message, struct bytes value)
{
	struct reader r = reader_of(value);
	uint32_t stated = reader_be32(&r) ^ UINT32_C(0x5354554e);
	if (r.is_short || message.len < STUN_HEADER + 8)
		return false;
	struct bytes before = bytes_take(message, message.len - 8);
	return checksum(before, false) == stated || checksum(before, true) == stated;
}

/* ---- What a relay carries ------------------------------------------------------------------ */

static bool is_dtls(struct bytes bytes)
{
	struct reader r = reader_of(bytes);
	uint8_t type = reader_u8(&r);
	uint16_t version = reader_be16(&r);
	return type >= 20 && type <= 63 && (version == 0xfeff || version == 0xfefd);
}

static void state_kind(struct relay *relay, struct stream *stream, const struct fact_def *def,
                       struct bytes kind)
{
	relay->has_kind = true;
	stream_fact_text(stream, def, kind);
}

/* Steps into a Send or Data indication. False, nothing changed, if it is none. */
static bool unwrap(struct bytes *bytes, size_t *len_wire)
{
	struct stun_message message;
	struct stun_attribute attribute;
	if (!stun_is_message(*bytes, *len_wire) || !stun_read(&message, *bytes, *len_wire) ||
	    (message.type != SEND_INDICATION && message.type != DATA_INDICATION))
		return false;
	struct reader r = reader_of(message.attributes);
	while (stun_next_attribute(&r, true, &attribute)) {
		if (attribute.type != STUN_DATA)
			continue;
		*len_wire = stun_length_of(&message, &r, &attribute);
		*bytes = attribute.value;
		return true;
	}
	return false;
}

void relay_add(struct relay *relay, struct stream *stream, const struct fact_def *def,
               unsigned side, struct bytes bytes, size_t len_wire)
{
	relay->n_seen++;
	for (unsigned depth = 1; depth < RELAY_DEPTH && unwrap(&bytes, &len_wire); depth++)
		state_kind(relay, stream, def, BYTES_LITERAL("turn"));
	if (stun_is_message(bytes, len_wire))
		state_kind(relay, stream, def, BYTES_LITERAL("stun"));
	else if (is_dtls(bytes))
		state_kind(relay, stream, def, BYTES_LITERAL("dtls"));
	else if (!rtp_watch_add(&relay->watch, side, bytes, len_wire))
		relay->has_unknown = true;
	if (rtp_watch_has_rtp(&relay->watch))
		state_kind(relay, stream, def, BYTES_LITERAL("rtp"));
	if (rtp_watch_has_rtcp(&relay->watch))
		state_kind(relay, stream, def, BYTES_LITERAL("rtcp"));
}

void relay_end(const struct relay *relay, struct stream *stream, const struct fact_def *def)
{
	if (relay->has_unknown || (relay->n_seen && !relay->has_kind))
		stream_fact_text(stream, def, BYTES_LITERAL("unknown"));
}

/* ---- Frames of a TCP direction ------------------------------------------------------------- */

static uint32_t length_rfc4571(struct bytes header)
{
	struct reader r = reader_of(header);
	return 2U + reader_be16(&r);
}

/* RFC 8489 6.2.2 and RFC 8656 12.5: messages and ChannelData need no further frame on TCP. */
static uint32_t length_bare(struct bytes header)
{
	struct reader r = reader_of(header);
	uint16_t first = reader_be16(&r);
	uint16_t len = reader_be16(&r);
	if (first >> 12 == 4)
		return 4 + (len + 3U) / 4 * 4;
	return first >> 14 ? 0 : STUN_HEADER + (uint32_t)len;
}

/* The framing of a stream that begins so: the cookie stands at 4 or, behind a length, at 6. */
static enum framing framing_of(struct bytes start)
{
	struct reader bare = reader_of(bytes_skip(start, 4));
	struct reader framed = reader_of(bytes_skip(start, 6));
	if (reader_be32(&bare) == COOKIE)
		return FRAMING_BARE;
	return reader_be32(&framed) == COOKIE ? FRAMING_RFC4571 : FRAMING_UNTOLD;
}

#define FIRST_HEADER 10

static uint32_t length_first(struct bytes header)
{
	switch (framing_of(header)) {
	case FRAMING_BARE:
		return length_bare(header);
	case FRAMING_RFC4571:
		return length_rfc4571(header);
	default:
		return 0;
	}
}

static const struct {
	size_t header_len;
	record_length length_of;
} framings[] = {
	[FRAMING_UNTOLD] = { FIRST_HEADER, length_first },
	[FRAMING_BARE] = { 4, length_bare },
	[FRAMING_RFC4571] = { 2, length_rfc4571 },
};

/* ---- Whose flow is it? --------------------------------------------------------------------- */

/* A request of RFC 3489 and, from the other side, an answer with the same 16 bytes. */
static bool has_classic_pair(const struct detect_view *view, size_t answer_at)
{
	struct stun_message answer, request;
	const struct datagram *last = &view->datagrams[answer_at];
	if (!is_classic(&answer, last->bytes, last->len_wire) || answer.type == BINDING)
		return false;
	struct reader r = reader_of(answer.attributes);
	struct stun_attribute first;
	if (!stun_next_attribute(&r, true, &first))
		return false;
	for (size_t i = 0; i < answer_at; i++) {
		const struct datagram *d = &view->datagrams[i];
		if (d->side != last->side && is_classic(&request, d->bytes, d->len_wire) &&
		    request.type == BINDING && bytes_equal(request.id, answer.id))
			return true;
	}
	return false;
}

static enum detect_step probe_datagrams(const struct detect_view *view)
{
	bool may_be_classic = false;
	for (size_t i = 0; i < view->n_datagrams; i++) {
		const struct datagram *d = &view->datagrams[i];
		struct stun_message message;
		if (stun_is_message(d->bytes, d->len_wire) || has_classic_pair(view, i))
			return DETECT_MINE;
		may_be_classic = may_be_classic || is_classic(&message, d->bytes, d->len_wire);
	}
	return may_be_classic ? DETECT_MORE : DETECT_NOT_MINE;
}

static enum detect_step probe_side(const struct detect_view *view, unsigned side)
{
	struct bytes first = view->first[side];
	if (first.len < FIRST_HEADER)
		return view->is_full[side] ? DETECT_NOT_MINE : DETECT_MORE;
	enum framing framing = framing_of(first);
	if (framing == FRAMING_UNTOLD)
		return DETECT_NOT_MINE;
	size_t len = framings[framing].length_of(first);
	if (first.len < len && !view->is_full[side])
		return DETECT_MORE;
	size_t prefix = framing == FRAMING_RFC4571 ? 2 : 0;
	struct bytes message = bytes_skip(bytes_take(first, len), prefix);
	return stun_is_message(message, len - prefix) ? DETECT_MINE : DETECT_NOT_MINE;
}

static enum detect_step probe(const struct detect_view *view)
{
	if (view->transport == TRANSPORT_UDP)
		return probe_datagrams(view);
	enum detect_step sides[2] = { probe_side(view, 0), probe_side(view, 1) };
	if (sides[0] == DETECT_MINE || sides[1] == DETECT_MINE)
		return DETECT_MINE;
	return sides[0] == DETECT_MORE && sides[1] == DETECT_MORE ? DETECT_MORE : DETECT_NOT_MINE;
}

/* ---- Bound --------------------------------------------------------------------------------- */

static void state_opener(struct stream *stream, unsigned side)
{
	if (stream_facts(stream)->opener_side < 0)
		stream_state_opener(stream, side);
}

static void match_transaction(struct stun_state *state, struct stream *stream, unsigned side,
                              const struct stun_message *message)
{
	unsigned class = message->type & CLASS_BITS;
	if (class == 0) {
		unsigned i = state->next_pending++ % MAX_PENDING;
		memcpy(state->pending[i].id, message->id.data, sizeof(state->pending[i].id));
		state->pending[i].side = (uint8_t)(side + 1);
		state->has_request = true;
		if (message->type == ALLOCATE)
			state_opener(stream, side);
	} else if (class & CLASS_ANSWER) {
		state_opener(stream, !side);
		for (unsigned i = 0; i < MAX_PENDING && !state->is_answered; i++) {
			if (state->pending[i].side != !side + 1 ||
			    !bytes_equal(BYTES(state->pending[i].id, 16), message->id))
				continue;
			state->is_answered = true;
			stream_fact_bool(stream, &facts[FACT_ANSWERED], true);
		}
	}
}

static void check_fingerprint(struct stun_state *state, struct stream *stream, struct bytes message,
                              struct bytes value)
{
	if (state->is_fingerprint_right || state->n_checksums >= MAX_CHECKSUMS)
		return;
	state->n_checksums++;
	state->is_fingerprint_right = fingerprint_is_right(message, value);
	if (state->is_fingerprint_right)
		stream_fact_bool(stream, &facts[FACT_FINGERPRINT], true);
}

/* len_data is the attribute's length on the wire. */
static void see_attribute(struct stun_state *state, struct stream *stream, unsigned side,
                          struct bytes message, const struct stun_attribute *attribute,
                          size_t len_data)
{
	switch (attribute->type) {
	case STUN_ERROR_CODE:
		if (stun_error_code(attribute->value))
			stream_fact_number(stream, &facts[FACT_ERROR],
			                   stun_error_code(attribute->value));
		break;
	case STUN_SOFTWARE:
		stream_fact_text(stream, &facts[FACT_SOFTWARE], attribute->value);
		break;
	case STUN_XOR_MAPPED_ADDRESS:
		stream_fact_bool(stream, &facts[FACT_MAPPED], true);
		break;
	case STUN_PRIORITY:
	case STUN_USE_CANDIDATE:
	case STUN_ICE_CONTROLLED:
	case STUN_ICE_CONTROLLING:
		stream_fact_bool(stream, &facts[FACT_ICE], true);
		break;
	case STUN_MS_IMPLEMENTATION_VERSION:
		if (attribute->value.len == 4)
			stream_fact_number(
			        stream, &facts[FACT_MICROSOFT_VERSION],
			        reader_be32(&(struct reader){ .bytes = attribute->value }));
		/* fall through */
	case STUN_MS_APP_ID:
	case STUN_MS_SEQUENCE_NUMBER:
	case STUN_MS_CANDIDATE_IDENTIFIER:
	case STUN_MS_SERVICE_QUALITY:
		stream_fact_bool(stream, &facts[FACT_MICROSOFT], true);
		break;
	case STUN_FINGERPRINT:
		check_fingerprint(state, stream, message, attribute->value);
		break;
	case STUN_DATA:
		relay_add(&state->relay, stream, &facts[FACT_RELAYED], side, attribute->value,
		          len_data);
		break;
	}
}

static void see_message(struct stun_state *state, struct stream *stream, unsigned side,
                        struct bytes bytes, const struct stun_message *message)
{
	bool is_turn = (message->type & ~CLASS_BITS) != BINDING;
	if (state->n_messages == 0 || (is_turn && !state->is_turn)) {
		stream_state_protocol(stream, is_turn ? PROTOCOL_TURN : PROTOCOL_STUN,
		                      EVIDENCE_CONFIRMED);
		stream_state_security(stream, SECURITY_NONE, EVIDENCE_CONFIRMED);
	}
	state->n_messages++;
	state->is_turn = state->is_turn || is_turn;
	match_transaction(state, stream, side, message);
	struct reader r = reader_of(message->attributes);
	struct stun_attribute attribute;
	while (stun_next_attribute(&r, true, &attribute)) {
		see_attribute(state, stream, side, bytes, &attribute,
		              stun_length_of(message, &r, &attribute));
	}
}

/* One message, or one ChannelData of a relay. False if it is neither. */
static bool see_datagram(struct stun_state *state, struct stream *stream, unsigned side,
                         struct bytes bytes, size_t len_wire)
{
	struct stun_message message;
	struct reader r = reader_of(bytes);
	uint8_t first = reader_peek(&r);
	if (first >> 4 == 4) {
		reader_skip(&r, 2);
		uint16_t len = reader_be16(&r);
		if (r.is_short || !state->is_turn || len + 4U > len_wire)
			return false;
		relay_add(&state->relay, stream, &facts[FACT_RELAYED], side,
		          bytes_take(reader_rest(&r), len), len);
		return true;
	}
	if (!is_classic(&message, bytes, len_wire) &&
	    (!stun_read(&message, bytes, len_wire) || !message.has_cookie))
		return false;
	see_message(state, stream, side, bytes, &message);
	return true;
}

static bool is_enough(const struct stun_state *state)
{
	return state->n_messages >= MAX_MESSAGES || state->relay.n_seen >= MAX_MEDIA ||
	       state->media.n_packets >= MAX_MEDIA;
}

static void on_end(struct stream *stream)
{
	struct stun_state *state = stream_state(stream);
	/* Answers behind the header of multiplexed TURN are seen by the msturn detector. */
	bool is_told = stream_facts(stream)->protocol != PROTOCOL_MSTURN;
	if (state->has_request && !state->is_answered && is_told)
		stream_fact_bool(stream, &facts[FACT_ANSWERED], false);
	relay_end(&state->relay, stream, &facts[FACT_RELAYED]);
	if (rtp_watch_has_rtp(&state->media))
		rtp_watch_end(&state->media, stream);
}

static enum detect_step done(struct stream *stream)
{
	on_end(stream);
	return DETECT_DONE;
}

/* A frame of RFC 4571 holds what a datagram would: STUN, or the media it made way for. */
static void see_frame(struct stun_state *state, struct stream *stream, unsigned side,
                      struct bytes frame, size_t len_wire)
{
	size_t prefix = state->framing[side] == FRAMING_RFC4571 ? 2 : 0;
	frame = bytes_skip(frame, prefix);
	len_wire -= prefix;
	if (see_datagram(state, stream, side, frame, len_wire) || prefix == 0)
		return;
	state->media.has_ice = true;
	if (rtp_watch_add(&state->media, side, frame, len_wire))
		rtp_watch_state(&state->media, stream);
}

/* Both sides frame alike, so a side that has not begun follows the other. */
static void adopt_framing(struct stun_state *state, unsigned side)
{
	if (!state->framing[side] && state->records[side].len == 0)
		state->framing[side] = state->framing[!side];
}

static enum detect_step on_bytes(struct stun_state *state, struct stream *stream, unsigned side,
                                 struct bytes rest)
{
	struct record *record = &state->records[side];
	enum record_step step;
	struct bytes frame;
	adopt_framing(state, side);
	do {
		unsigned framing = state->framing[side];
		step = record_take(record, &rest, framings[framing].header_len,
		                   framings[framing].length_of, &frame);
		if (step != RECORD_READY)
			break;
		if (framing == FRAMING_UNTOLD)
			state->framing[side] = (uint8_t)framing_of(frame);
		see_frame(state, stream, side, frame, record->total);
	} while (!is_enough(state));
	return step == RECORD_MORE ? DETECT_MORE : done(stream);
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                _unused_ uint64_t offset, unsigned flags)
{
	struct stun_state *state = stream_state(stream);
	const struct datagram *datagram = stream_datagram(stream);
	if (!datagram)
		return flags & STREAM_GAP ? done(stream) : on_bytes(state, stream, side, bytes);
	if (see_datagram(state, stream, side, bytes, datagram->len_wire))
		return is_enough(state) ? done(stream) : DETECT_MORE;
	return DETECT_NOT_MINE;
}

const struct detector detector_stun = {
	.name = "stun",
	.help = "STUN and TURN, and Microsoft's ICE",
	.facts = facts,
	.on_tcp = true,
	.on_udp = true,
	.state_size = sizeof(struct stun_state),
	.probe = probe,
	.on_data = on_data,
	.on_end = on_end,
};
