/*
 * Digests, by OpenSSL's EVP. MD5 and SHA-1 serve only as names that other tools also use (JA3,
 * community id); nothing here is trusted because of them. A machine whose OpenSSL refuses an
 * algorithm (MD5 under FIPS) gets zeros, never a failure.
 */
#include "pcaudit/crypto.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

static void digest(const EVP_MD *md, struct bytes bytes, uint8_t *out, size_t out_len)
{
	unsigned len = 0;
	uint8_t buffer[EVP_MAX_MD_SIZE] = { 0 };
	if (!EVP_Digest(bytes.data, bytes.len, buffer, &len, md, NULL))
		len = 0;
	memset(out, 0, out_len);
	memcpy(out, buffer, len < out_len ? len : out_len);
}

void crypto_warm_up(void)
{
	uint8_t ignored[32];

	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
	                            OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS,
	                    NULL);
	sha256(BYTES(NULL, 0), ignored); /* the default provider */
}

void sha256(struct bytes bytes, uint8_t out[32])
{
	digest(EVP_sha256(), bytes, out, 32);
}

void sha1(struct bytes bytes, uint8_t out[20])
{
	digest(EVP_sha1(), bytes, out, 20);
}

void md5(struct bytes bytes, uint8_t out[16])
{
	digest(EVP_md5(), bytes, out, 16);
}

struct sha256_stream {
	EVP_MD_CTX *context;
};

int sha256_stream_new(struct sha256_stream **out)
{
	struct sha256_stream *stream = calloc(1, sizeof(*stream));
	if (!stream)
		return -ENOMEM;
	stream->context = EVP_MD_CTX_new();
	if (!stream->context || !EVP_DigestInit_ex(stream->context, EVP_sha256(), NULL)) {
		EVP_MD_CTX_free(stream->context);
		free(stream);
		return -ENOMEM;
	}
	*out = stream;
	return 0;
}

void sha256_stream_add(struct sha256_stream *stream, struct bytes bytes)
{
	if (bytes.len)
		EVP_DigestUpdate(stream->context, bytes.data, bytes.len);
}

void sha256_stream_finish(struct sha256_stream *stream, uint8_t out[32])
{
	unsigned len = 0;
	EVP_DigestFinal_ex(stream->context, out, &len);
	EVP_MD_CTX_free(stream->context);
	free(stream);
}
