/*
 * What tls.c and dtls.c share: names of numbers, the ClientHello, and its fingerprints.
 */
#ifndef PCAUDIT_DETECT_TLS_PARTS_H
#define PCAUDIT_DETECT_TLS_PARTS_H

#include "detect/priv.h"
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"

#define TLS_RECORD_MAX (16384 + 2048)

enum record_type { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23 };

enum message_type {
	HELLO_REQUEST = 0,
	HELLO_VERIFY_REQUEST = 3, /* DTLS */
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	NEW_SESSION_TICKET = 4,
	CERTIFICATE = 11,
	CERTIFICATE_REQUEST = 13,
	SERVER_HELLO_DONE = 14,
	CERTIFICATE_VERIFY = 15,
	CLIENT_KEY_EXCHANGE = 16,
	FINISHED = 20,
	KEY_UPDATE = 24,
};

/* ---- tls_names.c --------------------------------------------------------------------------- */

/* As the IANA registry prints it; NULL if the number has no name. */
const char *tls_suite_name(uint16_t suite);
/* No encryption, no authentication of the server, export, RC4, DES, 3DES, or MD5 as MAC. */
bool tls_suite_is_weak(uint16_t suite);
/* Never NULL. */
const char *tls_alert_name(uint8_t alert);
/* "TLS 1.2"; NULL if it is no version. */
const char *tls_version_name(uint16_t version);

/* ---- tls_probe.c --------------------------------------------------------------------------- */

/* May a record's header say this? (RFC 8446 5.1, and what older peers send) */
bool tls_is_record(uint8_t type, uint16_t version, uint16_t len);
enum detect_step tls_probe(const struct detect_view *view);

/* ---- tls_keys.c: the secrets of detect.h, as the decryption asks for them -------------------- */

#define TLS_SECRET_MAX 48

enum tls_label {
	LABEL_MASTER, /* up to TLS 1.2; the others are of TLS 1.3 */
	LABEL_CLIENT_HANDSHAKE,
	LABEL_SERVER_HANDSHAKE,
	LABEL_CLIENT_TRAFFIC,
	LABEL_SERVER_TRAFFIC,
	N_TLS_LABELS
};

/* A view into the keys; empty if there is none. */
struct bytes keys_find_secret(const struct keys *keys, const uint8_t client_random[32],
                              enum tls_label label);
bool keys_have_rsa(const struct keys *keys);
/* There is any secret at all. */
bool keys_are_given(const struct keys *keys);
/* Tries every RSA key on the premaster secret of a client that offered this version. */
bool keys_open_premaster(const struct keys *keys, struct bytes sealed, uint16_t version,
                         uint8_t premaster[TLS_SECRET_MAX]);

/*
 * ---- tls_masters.c: master secrets of sessions that may be resumed ------------------------------
 *
 * Some thousand, the oldest giving way; wiped when they go.
 */
struct tls_masters;
struct tls_masters *tls_masters_new(void);
struct tls_masters *tls_masters_free(struct tls_masters *masters);
void tls_masters_put(struct tls_masters *masters, const uint8_t session[32],
                     const uint8_t master[TLS_SECRET_MAX]);
/* NULL if it is not known. Valid until the next put. */
const uint8_t *tls_masters_get(const struct tls_masters *masters, const uint8_t session[32]);

/* ---- tls_decrypt.c: one connection's records, opened with those keys ------------------------- */

/*
 * Sides are told apart by who is the client, not by the flow's sides. Told of the handshake as it
 * goes by, it finds and derives keys by itself. Owned by the stream (stream_decrypt()).
 */
struct tls_decrypt;

/* Both are borrowed; masters may be NULL. */
struct tls_decrypt *tls_decrypt_new(const struct keys *keys, struct tls_masters *masters);
/* Wipes what it knows. */
struct tls_decrypt *tls_decrypt_free(struct tls_decrypt *d);
/* Memory held, in bytes. */
size_t tls_decrypt_cost(const struct tls_decrypt *d);

/* Handshake messages up to TLS 1.2 as they were before sealing, header and body, in any pieces. */
void tls_decrypt_transcript(struct tls_decrypt *d, bool is_client, struct bytes bytes);
/* Up to TLS 1.2: a further handshake begins; the keys in use stay until they are changed. */
void tls_decrypt_restart(struct tls_decrypt *d);
void tls_decrypt_client_hello(struct tls_decrypt *d, struct bytes body);
void tls_decrypt_server_hello(struct tls_decrypt *d, struct bytes body, uint16_t version,
                              uint16_t suite);
/* The client may send records sealed by keys that are in no key log we use. */
void tls_decrypt_expect_early_data(struct tls_decrypt *d);
void tls_decrypt_key_exchange(struct tls_decrypt *d, struct bytes body);
/* Up to TLS 1.2: the server resumes this session; and later handshakes may resume that one. */
void tls_decrypt_resume(struct tls_decrypt *d, const uint8_t session[32]);
void tls_decrypt_remember(struct tls_decrypt *d, const uint8_t session[32]);
/* Up to TLS 1.2: what this side sends from now on is sealed. */
void tls_decrypt_change_cipher(struct tls_decrypt *d, bool is_client);
/* TLS 1.3, from messages that were opened: this side's next keys. */
void tls_decrypt_finished(struct tls_decrypt *d, bool is_client);
void tls_decrypt_key_update(struct tls_decrypt *d, bool is_client);

/* There are keys for what this side sends from here on. */
bool tls_decrypt_is_open(const struct tls_decrypt *d, bool is_client);
/* Records were opened and none before them was passed over. */
bool tls_decrypt_is_whole(const struct tls_decrypt *d);
/*
 * A word: opened, no-secret, record-did-not-verify, or (version-, suite-, compression-,
 * extension-)not-supported. NULL: no keys were given, or there was nothing to open.
 */
const char *tls_decrypt_outcome(const struct tls_decrypt *d);
/* Nothing more is to be opened, on both sides; what was learnt stays. */
void tls_decrypt_stop(struct tls_decrypt *d);

/* A record of an open side: its header, its body in pieces, then open. */
void tls_decrypt_begin(struct tls_decrypt *d, bool is_client, const uint8_t header[5]);
void tls_decrypt_add(struct tls_decrypt *d, bool is_client, struct bytes bytes);

enum tls_opened {
	TLS_OPENED, /* *type and *plain; valid until the next record of either side */
	TLS_PASSED, /* sealed by keys that we were not given, before those that we were */
	TLS_FAILED, /* the keys do not fit, or the record was changed: everything is stopped */
	TLS_ENOUGH, /* as much as is ever opened of a flow: everything is stopped */
};
enum tls_opened tls_decrypt_open(struct tls_decrypt *d, bool is_client, uint8_t *type,
                                 struct bytes *plain);

/* ---- tls.c ---------------------------------------------------------------------------------- */

/*
 * States what a certificate says, by eight facts that stand one after the other: subject, names,
 * issuer, not_before, not_after, sha256, key_bits, self_signed.
 */
#define TLS_CERTIFICATE_FACTS 8
void tls_state_certificate(struct stream *stream, const struct fact_def *first,
                           const struct cert_info *cert);

/* ---- tls_hello.c --------------------------------------------------------------------------- */

#define JA3_SIZE 33 /* 32 hex digits and NUL */
#define JA4_SIZE 37 /* 10 + 1 + 12 + 1 + 12 and NUL */

/* A ClientHello; views into its bytes. */
struct client_hello {
	uint16_t version;     /* legacy_version */
	uint16_t max_version; /* the highest it offers, supported_versions included */
	bool is_dtls;
	bool has_sni, has_ticket; /* the extension is there, perhaps empty */
	bool has_srtp;            /* RFC 5764 */
	bool offers_psk, offers_early_data;
	struct bytes session_id;
	struct bytes suites;     /* 16 bits each */
	struct bytes extensions; /* the whole block, without its length */
	struct bytes sni;        /* host_name */
	struct bytes alpn;       /* list of 8-bit length and name */
	struct bytes ticket;     /* RFC 5077; empty if none */
	struct bytes psk;        /* identities of RFC 8446 4.2.11; psk_next() walks them */
	struct bytes groups, point_formats, signature_algorithms;
};

/* The body of a handshake message of type 1. False if it is not one, or not whole. */
bool client_hello_parse(struct client_hello *hello, struct bytes body, bool is_dtls);
/* Walks 8-bit length, name. False at the end of the list. */
bool alpn_next(struct reader *list, struct bytes *name);
/* Walks 16-bit length, identity, 32-bit age. False at the end of the list. */
bool psk_next(struct reader *list, struct bytes *identity);
/* True for the reserved values of RFC 8701, which stand for nothing. */
bool is_grease(uint16_t value);
/*
 * Fingerprints of the client's software: MD5 of what it offers in the order it offers it (JA3), and
 * the readable one that sorts (JA4, by its public description). False without memory.
 */
bool client_hello_ja3(const struct client_hello *hello, char ja3[JA3_SIZE]);
bool client_hello_ja4(const struct client_hello *hello, char ja4[JA4_SIZE]);

#endif
