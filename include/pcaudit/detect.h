/*
 * Detect: the bytes of a flow to named facts. It knows no rule and never reads another flow; what
 * one flow says about another leaves as a keyed note, which audit joins.
 *
 * How a flow is classified. TCP: each direction is put in order (reassembler.h) and its first
 * bytes are kept; every detector's probe() is shown the first bytes of both directions whenever
 * they grow, in the order of the list in src/detect/meson.build, until one says MINE. UDP: the same
 * with the first datagrams. The detector that said MINE is bound: it gets everything from the
 * first byte on through on_data() until it says DONE. When all have said NOT_MINE, or the kept
 * bytes reach their bound, or the flow ends, the kept bytes are shown once to nDPI (ndpi.c), and
 * the flow is settled: from then on its packets cost nothing here. Ports are never looked at.
 */
#ifndef PCAUDIT_DETECT_H
#define PCAUDIT_DETECT_H

#include "pcaudit/base/words.h"
#include "pcaudit/flow.h"
#include "pcaudit/reassembler.h"

/* ---- Facts: what a flow was ---------------------------------------------------------------- */

enum fact_type { FACT_BOOL, FACT_NUMBER, FACT_TEXT };

/* A fact's declaration: from it come `pcaudit facts`, the manual's list and the JSON field. */
struct fact_def {
	const char *name; /* "xmpp.starttls": own facts carry the detector's name */
	enum fact_type type;
	const char *help; /* one sentence */
	bool is_list;     /* may be stated more than once: an array in JSON */
};

/* One stated fact. `packet` is the number of the packet that stated it, in the flow's own file. */
struct fact {
	struct fact *next;
	const struct fact_def *def;
	uint64_t packet;
	int64_t number;    /* FACT_BOOL 0 or 1, FACT_NUMBER */
	struct bytes text; /* FACT_TEXT: wire bytes, owned by the facts; escape on output */
};

/* How much of client authentication a TLS handshake showed (protocols.md 2). */
enum client_auth {
	CLIENT_AUTH_UNKNOWN,      /* handshake not seen, cut, or encrypted beyond sight */
	CLIENT_AUTH_NOT_ASKED,    /* readable: no CertificateRequest */
	CLIENT_AUTH_EMPTY,        /* asked; the client's Certificate was empty */
	CLIENT_AUTH_GIVEN,        /* asked; Certificate and CertificateVerify seen */
	CLIENT_AUTH_GIVEN_ONE_SIDE, /* client side alone seen: Certificate and CertificateVerify */
	CLIENT_AUTH_INFERRED_GIVEN, /* TLS 1.3: first protected record of the client too long for a Finished */
	CLIENT_AUTH_INFERRED_ABSENT, /* TLS 1.3: a lone Finished, or an empty Certificate */
	CLIENT_AUTH_RESUMED,      /* resumed session: what the first handshake showed counts */
};
const char *client_auth_word(enum client_auth auth);

/* Why protocol or security is not better known; also reasons of judgements. */
enum doubt {
	DOUBT_NONE,
	DOUBT_NO_PAYLOAD,
	DOUBT_UNRECOGNISED,          /* data seen, no detector knows it */
	DOUBT_MIDSTREAM,             /* the beginning was not captured */
	DOUBT_HANDSHAKE_CUT,         /* the TLS handshake ends before it says what is needed */
	DOUBT_GAP,                   /* bytes are missing where they were needed */
	DOUBT_SNAPLEN,               /* payload cut by the capture */
	DOUBT_SESSION_RESUMED,
	DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE, /* TLS 1.3 */
	DOUBT_NO_ROOM,               /* the first bytes were given up for want of memory */
	DOUBT_RENEGOTIATED,
	DOUBT_CONFLICT,              /* what was read came twice, with other content */
	N_DOUBTS
};
const char *doubt_word(enum doubt doubt); /* "client-certificate-not-visible" */

/*
 * What is known of a flow's content. The fixed slots are what rules are held against; everything
 * else is in the list. protocol is the innermost recognised one: TLS whose inside was not seen is
 * PROTOCOL_TLS with security TLS or MTLS.
 */
struct facts {
	uint8_t protocol;           /* enum protocol */
	uint8_t security;           /* enum security: NONE when the content was recognised in clear */
	uint8_t protocol_evidence;  /* enum evidence */
	uint8_t security_evidence;
	uint8_t doubt;              /* enum doubt, about protocol or security */
	uint8_t client_auth;        /* enum client_auth */
	uint8_t detector;           /* index in detectors[] + 1; 0: none; see detect_name() */
	bool is_settled;            /* nothing more will be learnt */
	bool is_unrecognised;       /* both directions' data seen or ended, and nobody knows it */
	bool from_start[2];         /* the first byte of that side was seen (side 0, 1 of the flow) */
	bool has_gap;               /* bytes missing within what was needed */
	bool is_disputed;           /* of the bytes that were read, some came again with other content,
				       and the receiver may have taken those: evidence is no better
				       than consistent */
	bool is_inside_tls;         /* protocol was read inside TLS (keys), security is the envelope's */
	bool is_inside_unrecognised; /* what was read inside TLS, from the opener's first byte on, nobody knows */
	bool is_starttls;           /* clear stream upgraded to TLS */
	bool is_weak_suite;         /* NULL, anonymous, export, RC4, DES, 3DES, MD5 */
	bool is_handshake_done;     /* TLS: both (visible) sides reached ChangeCipherSpec or protected data */
	bool has_app_data;          /* TLS: application data records were seen after the handshake */
	bool is_refused;            /* ended by a refusal before application data: refusal says which */
	bool has_media;             /* rtp family: RTP itself was seen, not STUN or DTLS alone */
	/*
	 * UDP that nobody has claimed: every datagram so far has the shape of RTP or RTCP, nothing
	 * speaks against it, and there are too few to prove it. Never together with a protocol.
	 */
	bool maybe_media;
	uint16_t tls_version;       /* 0x0303 TLS 1.2; 0: none */
	uint16_t tls_suite;
	int8_t opener_side;         /* side that sent what only an opener sends; -1: not told */
	uint64_t protocol_packet;   /* number of the packet that stated the protocol */
	uint64_t security_packet;
	const char *other_name;     /* PROTOCOL_OTHER: nDPI's own name in lower case; lives with the facts */
	const char *refusal;        /* "unknown_ca", "starttls failure", "SIP 403"; constant text */
	uint8_t session[32];        /* SHA-256 of server side, id or ticket: joins a resumed session to its first */
	bool has_session;
	uint64_t request_hash;      /* UDP, core's own: the opener's first request while unanswered */
	struct fact *list;          /* in the order stated */
	struct stream *watch;       /* core's own: settled, but what was read may still be disputed */
};

/* ---- Detectors ----------------------------------------------------------------------------- */

enum detect_step { DETECT_MORE, DETECT_MINE, DETECT_NOT_MINE, DETECT_DONE };

#define DETECT_FIRST_BYTES     16384 /* kept per TCP direction while unclassified, at most */
#define DETECT_FIRST_DATAGRAMS 16    /* kept per flow while unclassified, at most */

struct datagram {
	struct bytes bytes;
	uint32_t len_wire; /* more than bytes.len if the capture cut it */
	uint64_t number;   /* packet */
	int64_t time_ns;
	uint8_t side;
};

/* What a probe may look at. */
struct detect_view {
	uint8_t transport;
	uint16_t port[2];        /* UDP: of the two sides; only to exclude, never as a sign (rtp.c); 0: not told */
	struct bytes first[2];   /* TCP: first bytes of each side, in order, without a hole */
	bool from_start[2];      /* first[side] begins at the stream's first byte */
	bool is_full[2];         /* no more will be added to first[side]: bound reached, END, or a gap */
	bool is_decrypted;       /* TCP: what was sealed in TLS and keys have opened */
	const struct datagram *datagrams; /* UDP: the first ones, in order of capture */
	size_t n_datagrams;
};

struct stream; /* opaque to detectors but through the functions below */

struct detector {
	const char *name;  /* also the file's name and the line in meson.build */
	const char *help;  /* one sentence */
	const struct fact_def *facts; /* ends with a name of NULL; may be NULL */
	bool on_tcp, on_udp;
	size_t state_size; /* of the bound detector's state, zeroed, at most 4096 */
	/* MORE (cannot tell yet), MINE, NOT_MINE. Pure. Also shown flows that began before the capture. */
	enum detect_step (*probe)(const struct detect_view *view);
	/*
	 * In order, per side, until DONE. offset counts from the direction's first byte, or from
	 * the first byte of the inner stream; flags are STREAM_GAP and STREAM_END. The pieces are
	 * as the segments were cut: a detector keeps what it needs between calls in its state, or
	 * in stream_buffer_add(). UDP: one datagram per call, offset 0. For UDP, NOT_MINE means
	 * this datagram belongs to another protocol on the same 5-tuple (STUN, then RTP): the
	 * other detectors are then shown it. DONE settles the whole flow, so a detector whose
	 * protocol is only the prelude of another on the same ports (STUN, DTLS) says MORE. On TCP
	 * NOT_MINE is heeded during the first delivery (of what probe() saw): the next detector is
	 * asked; later it is the same as DONE.
	 */
	enum detect_step (*on_data)(struct stream *stream, unsigned side, struct bytes bytes,
				    uint64_t offset, unsigned flags);
	/* The flow ends or is given up; last chance to state facts. May be NULL. */
	void (*on_end)(struct stream *stream);
	/*
	 * UDP: nobody has claimed the datagrams seen so far, and probe() said MORE of them. The
	 * detector may say in the fixed slots what they could be. Called again whenever there is
	 * one more, and at the end of the flow. May be NULL.
	 */
	void (*on_unclaimed)(const struct detect_view *view, struct facts *facts);
};

/* All of them, in probing order; generated from src/detect/meson.build. */
extern const struct detector *const detectors[];
extern const size_t n_detectors;
/* Facts any detector may state through the fixed slots ("protocol", "security", ...). */
extern const struct fact_def shared_facts[];
/* Facts that the audit states when it joins notes. */
extern const struct fact_def fact_media_announced, fact_rpc_named;
/* Name of facts->detector: "tls", "ndpi", "none". */
const char *detect_name(const struct facts *facts);
/* What facts->detector is for the detector of this name; 0: there is none. */
uint8_t detect_number(const char *name);

/* For detectors, while bound. */
void *stream_state(struct stream *stream);
struct facts *stream_facts(struct stream *stream);
const struct flow *stream_flow(const struct stream *stream);
/* Number of the packet being delivered. */
uint64_t stream_packet(const struct stream *stream);
/* The datagram being delivered (UDP), with its wire length; NULL on TCP. */
const struct datagram *stream_datagram(const struct stream *stream);
void stream_state_protocol(struct stream *stream, enum protocol protocol, enum evidence evidence);
void stream_state_security(struct stream *stream, enum security security, enum evidence evidence);
void stream_state_opener(struct stream *stream, unsigned side); /* this side sent what only an opener sends */
void stream_state_doubt(struct stream *stream, enum doubt doubt);
void stream_state_refusal(struct stream *stream, const char *constant_text);
void stream_fact_bool(struct stream *stream, const struct fact_def *def, bool value);
void stream_fact_number(struct stream *stream, const struct fact_def *def, int64_t value);
/* Copied; at most 256 bytes are kept. */
void stream_fact_text(struct stream *stream, const struct fact_def *def, struct bytes text);
/*
 * Bytes gathered for a message that comes in pieces: one buffer per stream and slot (0 to
 * STREAM_BUFFERS - 1), freed with the stream, counted against the budget. Adds up to max bytes in
 * all and returns what is in it; what did not fit is dropped. The result is valid until the next call.
 */
#define STREAM_BUFFERS 2
struct bytes stream_buffer_add(struct stream *stream, unsigned slot, struct bytes bytes, size_t max);
struct bytes stream_buffer_get(const struct stream *stream, unsigned slot);
void stream_buffer_clear(struct stream *stream, unsigned slot);
/* True inside stream_open_inner(): what is read now came after a STARTTLS, a CONNECT ... */
bool stream_is_inner(const struct stream *stream);
/* True if facts may hold the user part of addresses (detect_options.identities). */
bool stream_wants_identities(const struct stream *stream);
/*
 * From here on the rest of this flow (each side from the given offset) belongs to an inner
 * stream: it is probed again by all detectors (STARTTLS, CONNECT). Depth at most 4. Facts of the
 * inner stream fill the same slots; security of the inner wins, protocol of the outer stays when the inner is
 * PROTOCOL_TLS. Offsets count as those of on_data() do. The detector is not called again, not
 * even its on_end(). TCP only. Returns false if the depth is reached.
 */
bool stream_open_inner(struct stream *stream, const uint64_t offset[2]);

/* ---- Notes: what one flow says about others ------------------------------------------------ */

enum note_kind {
	/*
	 * A handshake gave out this session, and showed this client_auth and security. A resumed one
	 * (CLIENT_AUTH_RESUMED) showed nothing: its new ticket stands for session_from.
	 */
	NOTE_SESSION,
	NOTE_MEDIA,   /* SDP announces media at addr:port */
	NOTE_RPC,     /* the endpoint mapper names addr:port as RPC */
};

struct note {
	enum note_kind kind;
	int64_t time_ns;
	uint8_t session[32];
	uint8_t session_from[32]; /* the session that was resumed; zeros: a full handshake */
	struct addr addr;
	uint16_t port;
	uint8_t client_auth, security, security_evidence;
	/* Filled by stream_emit_note(): who said it. */
	uint32_t file;   /* the flow's id */
	uint64_t flow;
	uint64_t packet; /* number of the packet, in its own file */
};
void stream_emit_note(struct stream *stream, const struct note *note);

/* ---- Keys: secrets that the user gives, to look inside TLS ---------------------------------- */

/*
 * Nothing of what is in here is ever printed, stated as a fact or kept longer than the struct, which
 * wipes it. Keys may be added while flows are read; a flow finds those that are there when its
 * ServerHello comes.
 */
struct keys;
int keys_new(struct keys **out);
struct keys *keys_free(struct keys *keys);
DEFINE_CLEANUP(struct keys, keys_free)

/* What was in a key log; the first malformed lines by number, with what is wrong (constant text). */
#define KEYLOG_MAX_NAMED 8
struct keylog_result {
	size_t n_secrets;
	size_t n_ignored;   /* labels that are of no use here */
	size_t n_malformed;
	size_t n_no_room;   /* secrets beyond what is kept */
	struct {
		size_t line;
		const char *why;
	} malformed[KEYLOG_MAX_NAMED];
};
/* Adds an NSS key log (SSLKEYLOGFILE). result may be NULL. 0 or -ENOMEM. */
int keys_add_keylog(struct keys *keys, struct bytes text, struct keylog_result *result);
/* Adds an RSA private key in PEM. 0; KEYS_E_INVALID with the reason in *why (constant text); -ENOMEM. */
enum { KEYS_E_INVALID = 1 };
int keys_add_rsa(struct keys *keys, struct bytes pem, const char **why);
/* Overwrites what a key file's text left behind. */
void keys_wipe(struct bytes text);

/* ---- Driving it ---------------------------------------------------------------------------- */

struct detect_options {
	size_t first_bytes_budget; /* all kept first bytes together; 0: 64 MiB */
	bool without_ndpi;         /* tests: only our own detectors */
	bool identities;           /* facts may hold the user part of addresses; credentials never */
	const struct keys *keys;   /* to look inside TLS; borrowed until detect_free(); may be NULL */
};

struct detect_counters {
	uint64_t no_room;       /* flows whose first bytes were given up for want of room */
	uint64_t asked_ndpi;    /* flows shown to nDPI */
	uint64_t conflicts;     /* flows whose bytes came twice with other content */
};

struct detect;
int detect_new(struct detect **out, const struct detect_options *options); /* options may be NULL */
struct detect *detect_free(struct detect *detect);
DEFINE_CLEANUP(struct detect, detect_free)

/*
 * Shows one packet of a flow in scope (flow->expect != 0). Fills flow->facts, corrects
 * flow->opener when the content tells it, frees flow->stream when settled. Returns true when
 * the fixed slots changed (the flow should be judged again).
 */
bool detect_packet(struct detect *detect, struct flow *flow, unsigned side, const struct packet *packet);
/* The flow is closed, evicted, or the capture ended: settle it now. */
void detect_finish(struct detect *detect, struct flow *flow);
/* Frees flow->facts and flow->stream. */
void detect_forget(struct detect *detect, struct flow *flow);
/* Moves the facts out of the flow; free with facts_free(). NULL if it has none. */
struct facts *detect_take_facts(struct flow *flow);
struct facts *facts_free(struct facts *facts);
DEFINE_CLEANUP(struct facts, facts_free)
/* The next note emitted, oldest first; false when there is none. */
bool detect_next_note(struct detect *detect, struct note *note);
const struct detect_counters *detect_get_counters(const struct detect *detect);

/* The nDPI library in use, as it names itself. */
const char *detect_ndpi_version(void);

/* For tests and for flows written by hand. */
struct facts *facts_new(void);
int facts_add(struct facts *facts, const struct fact_def *def, uint64_t packet, int64_t number, struct bytes text);
/* The first fact of that name, or NULL. */
const struct fact *facts_find(const struct facts *facts, const char *name);

#endif
