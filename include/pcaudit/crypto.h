/*
 * Crypto: digests and certificates by OpenSSL, behind plain C types.
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

#endif
