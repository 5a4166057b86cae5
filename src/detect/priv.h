/*
 * What the files of detect share: the state of a flow while it is being classified, the first
 * bytes kept of it, and the second opinion of nDPI.
 */
#ifndef PCAUDIT_DETECT_PRIV_H
#define PCAUDIT_DETECT_PRIV_H

#include "pcaudit/crypto.h"
#include "pcaudit/detect.h"

#define STREAM_MAX_DEPTH 4
#define STREAM_MAX_BOUND 4     /* detectors that share one UDP 5-tuple */
#define STREAM_MAX_FACTS 96    /* stated per flow */
#define STREAM_MAX_NOTES 2048  /* emitted per flow: a SIP trunk announces two and more per call */
#define STREAM_MAX_HELD  65536 /* bytes that may wait behind a hole, per direction */
#define STREAM_MAX_BYTES                                                                           \
	(4 << 20)             /* shown to a bound detector of a TCP flow, then it must be enough */
#define STREAM_MAX_GRAMS 4096 /* the same in datagrams */
#define STREAM_MAX_WATCH 64   /* packets that a settled flow is watched for a later copy, at most */
#define KEEP_MAX_RUNS    256
#define FACT_TEXT_MAX    256

/* ---- keep.c: the first bytes of a flow, as they came -------------------------------------- */

/* A stretch of one side's bytes, as it was delivered: so that a replay keeps order and packets. */
struct keep_run {
	uint64_t number; /* packet that brought it */
	int64_t time_ns;
	uint32_t len;
	uint8_t side;
	bool is_end; /* the side ended here */
};

struct keep {
	uint8_t *bytes[2]; /* TCP */
	uint32_t len[2], size[2];
	uint64_t start[2]; /* offset of bytes[side] in its direction */
	struct keep_run *runs;
	unsigned n_runs, max_runs;
	struct datagram *datagrams; /* UDP: DETECT_FIRST_DATAGRAMS of them; each owns its bytes */
	unsigned n_datagrams;
	size_t datagram_bytes;
};

void keep_deinit(struct keep *keep);
/* Appends to a side; what is beyond DETECT_FIRST_BYTES is dropped. 0 or -ENOMEM. */
int keep_add(struct keep *keep, unsigned side, struct bytes bytes, bool is_end, uint64_t number,
             int64_t time_ns);
/* Copies the datagram. False if there is no room for it, by number or by bytes, or no memory. */
bool keep_add_datagram(struct keep *keep, const struct datagram *datagram);
/* Memory held, in bytes. */
size_t keep_cost(const struct keep *keep);
struct bytes keep_get(const struct keep *keep, unsigned side);

/* ---- ndpi.c: what is it, if it is nothing we know ----------------------------------------- */

struct label_giver;

struct label {
	enum protocol protocol; /* PROTOCOL_UNKNOWN: no answer that counts */
	char name[64];          /* nDPI's own word, in lower case; "" without an answer */
};

int label_giver_new(struct label_giver **out);
struct label_giver *label_giver_free(struct label_giver *giver);
DEFINE_CLEANUP(struct label_giver, label_giver_free)
/* One question: the kept first bytes, in order, side 0 being `opener`. */
void label_giver_ask(struct label_giver *giver, const struct flow *flow, const struct keep *keep,
                     const bool from_start[2], struct label *label);
/* The version of the nDPI in use, for reports. */
const char *detect_ndpi_version(void);

/* ---- certificates.c ----------------------------------------------------------------------- */

struct certificates;
struct certificates *certificates_new(void); /* NULL: no memory */
struct certificates *certificates_free(struct certificates *cache);
/* NULL if der is no certificate; else valid until the next call. */
const struct cert_info *certificates_get(struct certificates *cache, struct bytes der);

/* ---- facts.c ------------------------------------------------------------------------------ */

extern const struct fact_def fact_ndpi_label, fact_tcp_conflict, fact_fragments_overlap;

/* ---- core.c and stream.c ------------------------------------------------------------------ */

struct bound {
	const struct detector *detector;
	void *state;
	uint8_t index; /* in detectors[] */
};

struct stream_buffer {
	uint8_t *data;
	size_t len, size;
};

/* A flow while it is being classified. */
struct stream {
	struct detect *detect;
	struct flow *flow;
	struct facts *facts; /* flow->facts */
	struct stream *older, *newer;
	struct reassembler *sides; /* two; TCP only */
	struct keep keep;          /* while no detector is bound; UDP: datagrams nobody claimed */
	uint64_t base[2];          /* direction offset at which the present layer begins */
	uint64_t expected[2];      /* offset, within the layer, of the next byte to hand over */
	uint64_t probe_at[2];      /* probing waits until this many bytes are kept */
	bool from_start[2];        /* of the present layer */
	bool is_full[2];
	bool has_ended[2];
	uint64_t refused; /* TCP: bit per detector that has said NOT_MINE to this layer */
	struct bound bound[STREAM_MAX_BOUND];
	unsigned n_bound;
	const struct bound *current; /* whose callback runs */
	struct stream_buffer buffers[STREAM_BUFFERS];
	uint64_t handed; /* bytes (TCP) or datagrams (UDP) shown to bound detectors */
	uint64_t packet; /* being delivered */
	int64_t packet_ns;
	const struct datagram *datagram;
	uint64_t inner_offset[2];
	struct tls_decrypt *decrypt; /* of the bound TLS detector, if keys were given; or NULL */
	struct stream *inner;        /* what it has opened, classified by itself; or NULL */
	uint64_t fed[2];             /* as an inner one: bytes handed in */
	bool is_decrypted;           /* is an inner one, with facts of its own */
	uint8_t depth;
	uint8_t n_facts;
	uint16_t n_notes;
	bool wants_inner;  /* the detector called stream_open_inner() */
	bool is_replaying; /* the first delivery to a detector that was just bound */
	bool is_disowned;  /* which turned out not to be its own */
	bool is_over;      /* settle at the end of this packet */
	bool is_watching;  /* settled: what was read is compared with later copies, nothing else */
	uint8_t n_watched; /* packets since then */
	bool has_data[2];
	size_t cost; /* what detect->cost holds of it */
};

/* As stream_fact_text(), in place of what the fact said before. */
void stream_fact_text_again(struct stream *stream, const struct fact_def *def, struct bytes text);

/* Through the cache of certificates.c. NULL if der is no certificate. */
const struct cert_info *stream_certificate(struct stream *stream, struct bytes der);

/*
 * What opens the records of the TLS connection being read; NULL without keys. It lives as long as
 * the detector is bound.
 */
struct tls_decrypt *stream_decrypt(struct stream *stream);
/*
 * Bytes that were sealed in this stream: they are classified as a stream of their own, whose
 * protocol replaces that of this one and whose facts join it. False when it wants no more. Bytes
 * need live only during the call.
 */
bool stream_feed_inner(struct stream *stream, unsigned side, struct bytes bytes);
/* States what an inner stream has found. is_last: its list too. */
void stream_adopt_facts(struct stream *stream, const struct stream *inner, bool is_last);

/* ---- watch.c: bytes that come twice with other content --------------------------------------- */

/* What the packet just read brought, if it contradicts something that was read. */
void watch_state(struct stream *stream, const struct packet *packet);
/* The settled facts of a disputed flow. */
void watch_weaken(struct facts *facts);
/* Whether something that was read is not acknowledged yet. */
bool watch_is_worthwhile(const struct stream *stream);
/* Compares a later TCP packet with what was read. */
void watch_compare(struct stream *stream, unsigned side, const struct packet *packet);

struct detect {
	struct detect_options options;
	struct detect_counters counters;
	struct stream *oldest, *newest; /* every stream there is, by age */
	struct stream *spare;           /* a few freed ones, linked by `older` */
	unsigned n_spare;
	size_t cost; /* of all streams, in bytes */
	struct note *notes;
	size_t first_note, n_notes, max_notes; /* a queue in notes[] */
	struct label_giver *label_giver;       /* NULL until first asked */
	bool is_label_giver_missing;           /* it could not be made; do not try again */
	struct certificates *certificates;     /* NULL until first asked */
	struct tls_masters *masters;           /* NULL until a key was given */
};

#endif
