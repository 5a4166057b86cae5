/*
 * Opening what TLS sealed: AES-GCM (RFC 5288), ChaCha20-Poly1305 (RFC 7905) and AES and 3DES
 * in CBC (RFC 5246 6.2.3.2), by OpenSSL's EVP. One call opens one record; nothing is kept between
 * calls, so there is no context that could outlive its key. Nonces, padding and MACs of CBC are the
 * caller's, since they are TLS's business and not the cipher's.
 */
#include "pcaudit/crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "pcaudit/base/util.h"

static void cipher_ctx_freep(EVP_CIPHER_CTX **context)
{
	EVP_CIPHER_CTX_free(*context);
}

void wipe(void *data, size_t len)
{
	if (data && len)
		OPENSSL_cleanse(data, len);
}

bool is_same_secret(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

size_t cipher_key_size(enum cipher cipher)
{
	if (cipher == CIPHER_3DES_CBC)
		return 24;
	return cipher == CIPHER_AES_128_CBC || cipher == CIPHER_AES_128_GCM ? 16 : 32;
}

size_t cipher_block_size(enum cipher cipher)
{
	return cipher == CIPHER_3DES_CBC ? 8 : 16;
}

static const EVP_CIPHER *evp_of(enum cipher cipher)
{
	switch (cipher) {
	case CIPHER_AES_128_CBC:
		return EVP_aes_128_cbc();
	case CIPHER_AES_256_CBC:
		return EVP_aes_256_cbc();
	case CIPHER_3DES_CBC:
		return EVP_des_ede3_cbc();
	case CIPHER_AES_128_GCM:
		return EVP_aes_128_gcm();
	case CIPHER_AES_256_GCM:
		return EVP_aes_256_gcm();
	case CIPHER_CHACHA20_POLY1305:
		return EVP_chacha20_poly1305();
	}
	return NULL;
}

static bool open_with_tag(EVP_CIPHER_CTX *context, struct bytes aad, struct bytes sealed,
                          const uint8_t *tag, uint8_t *out)
{
	uint8_t copy[CIPHER_TAG];
	int n = 0;
	memcpy(copy, tag, sizeof(copy));
	if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CIPHER_TAG, copy) != 1 ||
	    EVP_DecryptUpdate(context, NULL, &n, aad.data, (int)aad.len) != 1)
		return false;
	if (sealed.len && EVP_DecryptUpdate(context, out, &n, sealed.data, (int)sealed.len) != 1)
		return false;
	uint8_t none[CIPHER_BLOCK];
	return EVP_DecryptFinal_ex(context, none, &n) == 1;
}

bool aead_open(enum cipher cipher, const uint8_t *key, const uint8_t nonce[CIPHER_NONCE],
               struct bytes aad, struct bytes sealed, uint8_t *out)
{
	if (sealed.len < CIPHER_TAG || sealed.len > INT32_MAX)
		return false;
	_cleanup_(cipher_ctx_freep) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	struct bytes body = bytes_take(sealed, sealed.len - CIPHER_TAG);
	struct bytes tag = bytes_skip(sealed, body.len);
	bool is_open = context &&
	               EVP_DecryptInit_ex(context, evp_of(cipher), NULL, key, nonce) == 1 &&
	               open_with_tag(context, aad, body, tag.data, out);
	if (!is_open)
		wipe(out, body.len);
	ERR_clear_error();
	return is_open;
}

bool cbc_open(enum cipher cipher, const uint8_t *key, const uint8_t iv[CIPHER_BLOCK],
              struct bytes sealed, uint8_t *out)
{
	if (sealed.len == 0 || sealed.len % cipher_block_size(cipher) || sealed.len > INT32_MAX)
		return false;
	_cleanup_(cipher_ctx_freep) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int n = 0;
	bool is_open = context && EVP_DecryptInit_ex(context, evp_of(cipher), NULL, key, iv) == 1 &&
	               EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
	               EVP_DecryptUpdate(context, out, &n, sealed.data, (int)sealed.len) == 1 &&
	               (size_t)n == sealed.len;
	ERR_clear_error();
	return is_open;
}
