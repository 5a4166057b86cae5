/*
 * Crypto: digests, certificates and what opens a TLS record, by OpenSSL, behind plain C types.
 */
#ifndef PCAUDIT_CRYPTO_H
#define PCAUDIT_CRYPTO_H

#include "pcaudit/base/bytes.h"

#define CERT_NAME_SIZE 128
#define CERT_MAX_NAMES 16

/* What pcaudit wants to know of one X.509 certificate. Text is UTF-8, cut to its size. */
struct cert_info {
	uint8_t sha256[32];
	char subject[CERT_NAME_SIZE]; /* common name, or the whole name where there is none */
	char issuer[CERT_NAME_SIZE];
	char names[CERT_MAX_NAMES][CERT_NAME_SIZE]; /* subjectAltName: dNSName, then iPAddress as text */
	unsigned n_names;
	int64_t not_before, not_after; /* seconds since 1970; 0 if unreadable */
	bool is_self_signed;           /* subject equals issuer */
	unsigned key_bits;
};

/* Makes OpenSSL read and open now what it otherwise would on first use. */
void crypto_warm_up(void);

void sha256(struct bytes bytes, uint8_t digest[32]);
void sha1(struct bytes bytes, uint8_t digest[20]);
/* Only as a name other tools use (JA3). Zeros where OpenSSL refuses MD5. */
void md5(struct bytes bytes, uint8_t digest[16]);

/* False if der is not a certificate OpenSSL can read. */
bool cert_parse(struct cert_info *out, struct bytes der);

/* An incremental SHA-256, for files. */
struct sha256_stream;
int sha256_stream_new(struct sha256_stream **out);
void sha256_stream_add(struct sha256_stream *stream, struct bytes bytes);
/* Writes the digest and frees the stream. */
void sha256_stream_finish(struct sha256_stream *stream, uint8_t digest[32]);

/* ---- Secrets (aead.c, kdf.c, rsa.c) --------------------------------------------------------- */

/* Overwrites memory that held a secret; never optimised away. */
void wipe(void *data, size_t len);

enum hash { HASH_MD5_SHA1, HASH_SHA1, HASH_SHA256, HASH_SHA384 };
#define HASH_MAX_SIZE 48
size_t hash_size(enum hash hash);
/* False, and zeros, where OpenSSL refuses the algorithm. Writes hash_size() bytes. */
bool hash_of(enum hash hash, struct bytes bytes, uint8_t *out);
/* HMAC over two parts, one after the other. Writes hash_size() bytes. */
bool hmac_of(enum hash hash, struct bytes key, struct bytes first, struct bytes second, uint8_t *out);
/* Compares in constant time. */
bool is_same_secret(struct bytes a, struct bytes b);
/*
 * The PRF of TLS up to 1.2 (RFC 5246 5; HASH_MD5_SHA1: RFC 2246 5) over label and two seeds of
 * together at most 256 bytes, and HKDF-Expand-Label of TLS 1.3 with an empty context
 * (RFC 8446 7.1).
 */
bool tls_prf(enum hash hash, struct bytes secret, const char *label, struct bytes seed1,
	     struct bytes seed2, uint8_t *out, size_t out_len);
bool hkdf_expand_label(enum hash hash, struct bytes secret, const char *label, uint8_t *out,
		       size_t out_len);

enum cipher {
	CIPHER_AES_128_CBC,
	CIPHER_AES_256_CBC,
	CIPHER_3DES_CBC,
	CIPHER_AES_128_GCM,
	CIPHER_AES_256_GCM,
	CIPHER_CHACHA20_POLY1305,
};
#define CIPHER_MAX_KEY 32
#define CIPHER_BLOCK   16 /* of CBC, at most: block and initialisation vector */
#define CIPHER_NONCE   12 /* of the others */
#define CIPHER_TAG     16
size_t cipher_key_size(enum cipher cipher);
/* Of CBC. */
size_t cipher_block_size(enum cipher cipher);
/*
 * Opens ciphertext and tag (sealed) into out, which has room for sealed.len bytes. False if the tag
 * does not fit: out is then wiped.
 */
bool aead_open(enum cipher cipher, const uint8_t *key, const uint8_t nonce[CIPHER_NONCE],
	       struct bytes aad, struct bytes sealed, uint8_t *out);
/* Whole blocks; the padding stays. False if they are not whole. */
bool cbc_open(enum cipher cipher, const uint8_t *key, const uint8_t iv[CIPHER_BLOCK],
	      struct bytes sealed, uint8_t *out);

/* An RSA private key. */
struct rsa_key;
/* 0; CRYPTO_E_INVALID with the reason in *why (constant text); -ENOMEM. */
enum { CRYPTO_E_INVALID = 1 };
int rsa_key_new(struct rsa_key **out, struct bytes pem, const char **why);
struct rsa_key *rsa_key_free(struct rsa_key *key);
/* PKCS #1 v1.5. True if out_len bytes came out. */
bool rsa_key_decrypt(const struct rsa_key *key, struct bytes sealed, uint8_t *out, size_t out_len);

#endif
