/*
 * What the detectors of media paths share. STUN, MS-TURN and RTP meet on one 5-tuple (RFC 7983)
 * and inside one another: a relay's Data attribute holds STUN or RTP, RFC 4571 frames hold both.
 * So each wire format is read in one place (STUN in stun.c, RTP in rtp.c) and used by all three.
 */
#ifndef PCAUDIT_DETECT_STUN_H
#define PCAUDIT_DETECT_STUN_H

#include "detect/parts.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"

/* ---- STUN messages (stun.c) ---------------------------------------------------------------- */

#define STUN_HEADER 20

enum stun_attribute_type {
	STUN_MAPPED_ADDRESS = 0x0001,
	STUN_ERROR_CODE = 0x0009,
	STUN_DATA = 0x0013,
	STUN_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_PRIORITY = 0x0024,
	STUN_USE_CANDIDATE = 0x0025,
	STUN_SOFTWARE = 0x8022,
	STUN_FINGERPRINT = 0x8028,
	STUN_ICE_CONTROLLED = 0x8029,
	STUN_ICE_CONTROLLING = 0x802a,
	STUN_MS_APP_ID = 0x8037,
	STUN_MS_SEQUENCE_NUMBER = 0x8050,
	STUN_MS_CANDIDATE_IDENTIFIER = 0x8054,
	STUN_MS_SERVICE_QUALITY = 0x8055,
	STUN_MS_IMPLEMENTATION_VERSION = 0x8070,
};

/* The header, read; views into the datagram. */
struct stun_message {
	uint16_t type;
	uint16_t len_body;       /* as the header states it */
	bool has_cookie;         /* RFC 5389 */
	struct bytes id;         /* 16 bytes: before RFC 5389 all of them were the transaction id */
	struct bytes attributes; /* fewer than len_body if the capture cut them */
};

struct stun_attribute {
	uint16_t type;
	struct bytes value; /* cut like the message */
};

/* A header whose length field ends exactly at len_wire; nothing is said of type and attributes. */
bool stun_read(struct stun_message *out, struct bytes bytes, size_t len_wire);
/* The next attribute; is_padded is false for MS-TURN. False at the end or where the capture ends.
 */
bool stun_next_attribute(struct reader *r, bool is_padded, struct stun_attribute *out);
/* The wire length of the attribute last read by r: the capture may have cut what it has of it. */
static inline size_t stun_length_of(const struct stun_message *message, const struct reader *r,
                                    const struct stun_attribute *attribute)
{
	size_t cut = reader_left(r) ? 0 : message->len_body - message->attributes.len;
	return attribute->value.len + cut;
}
/* RFC 5389: cookie, a known method and class, attributes that end where the message ends. */
bool stun_is_message(struct bytes bytes, size_t len_wire);
/* 401 of an ERROR-CODE value; 0 if it is none. */
unsigned stun_error_code(struct bytes value);

/* ---- RTP and RTCP (rtp.c) ------------------------------------------------------------------ */

#define RTP_SOURCES    4
#define RTP_CONSISTENT 3 /* packets of one source and direction: fewer prove nothing */

/* One SSRC of one direction. */
struct rtp_source {
	uint32_t ssrc; /* 0: free */
	uint32_t timestamp;
	uint16_t seq;
	uint16_t n_consistent;
	bool is_counted;           /* in n_ssrcs */
	uint64_t payload_types[2]; /* bit set */
};

struct rtcp_source {
	uint32_t ssrc;
	uint32_t index; /* SRTCP */
};

/* What was seen of RTP so far, both directions; all zero at the beginning. */
struct rtp_watch {
	struct rtp_source sources[2][RTP_SOURCES];
	struct rtcp_source rtcp[2];
	uint8_t next_source[2]; /* slot to give up when all are taken */
	bool is_rtp[2];         /* RTP_CONSISTENT packets of one source were seen from this side */
	bool is_rtcp[2];        /* RTCP that cannot be chance */
	bool has_ice;           /* STUN on the same 5-tuple: set by the caller */
	bool has_extension, is_microsoft, has_high_ssrc, has_dtmf, has_x_data;
	uint16_t n_ssrcs;          /* consistent ones */
	uint16_t n_leaps;          /* packets that did not go on where their source was */
	uint32_t n_packets;        /* that look like RTP or RTCP */
	uint64_t payload_types[2]; /* of consistent sources */
	uint64_t stated_types[2];  /* those that are facts already */
};

/* Could one packet alone be RTP, RTCP or SRTCP? A plausible shape, no proof. */
bool rtp_is_plausible(struct bytes bytes, size_t len_wire);
/* Adds one packet. False if it has the shape of neither. */
bool rtp_watch_add(struct rtp_watch *watch, unsigned side, struct bytes bytes, size_t len_wire);
static inline bool rtp_watch_has_rtp(const struct rtp_watch *watch)
{
	return watch->is_rtp[0] || watch->is_rtp[1];
}
static inline bool rtp_watch_has_rtcp(const struct rtp_watch *watch)
{
	return watch->is_rtcp[0] || watch->is_rtcp[1];
}
/* States protocol, evidence and facts that became known since the last call. */
void rtp_watch_state(struct rtp_watch *watch, struct stream *stream);
/* States what only the end tells: how many sources there were. */
void rtp_watch_end(const struct rtp_watch *watch, struct stream *stream);

/* ---- What a relay carries (stun.c) --------------------------------------------------------- */

/* Nested datagrams of a TURN or MS-TURN flow. */
struct relay {
	struct rtp_watch watch;
	uint32_t n_seen;
	bool has_kind; /* one was stated */
	bool has_unknown;
};

#define RELAY_KINDS "stun, turn, dtls, rtp, rtcp, unknown"
/*
 * Looks at one nested datagram and states def ("stun", "rtp", ...) when its kind is proven. A relay
 * may carry another one's messages ("turn"), and those a datagram: at most RELAY_DEPTH of them.
 */
#define RELAY_DEPTH 4
void relay_add(struct relay *relay, struct stream *stream, const struct fact_def *def,
               unsigned side, struct bytes bytes, size_t len_wire);
/* The flow ends: says "unknown" if something was carried that is none of these, or not proven. */
void relay_end(const struct relay *relay, struct stream *stream, const struct fact_def *def);

#endif
