/*
 * From one secret to others: the PRF of TLS up to 1.2 (RFC 5246 5, RFC 2246 5), HKDF-Expand-Label
 * of TLS 1.3 (RFC 8446 7.1, RFC 5869), and the HMAC that both, and records sealed by CBC, rest on.
 * By OpenSSL's EVP. An OpenSSL that refuses an algorithm is a false, never a guess.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "pcaudit/base/util.h"
#include "pcaudit/crypto.h"

static void mac_ctx_freep(EVP_MAC_CTX **context)
{
	EVP_MAC_CTX_free(*context);
}

static void kdf_ctx_freep(EVP_KDF_CTX **context)
{
	EVP_KDF_CTX_free(*context);
}

static const char *hash_name(enum hash hash)
{
	static const char *const names[] = { "MD5-SHA1", "SHA1", "SHA256", "SHA384" };
	return names[hash];
}

static OSSL_PARAM text_param(const char *name, const char *text)
{
	return OSSL_PARAM_construct_utf8_string(name, (char *)text, 0);
}

static OSSL_PARAM bytes_param(const char *name, struct bytes bytes)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)bytes.data, bytes.len);
}

size_t hash_size(enum hash hash)
{
	static const uint8_t sizes[] = { 36, 20, 32, 48 };
	return sizes[hash];
}

bool hash_of(enum hash hash, struct bytes bytes, uint8_t *out)
{
	unsigned len = 0;
	EVP_MD *md = EVP_MD_fetch(NULL, hash_name(hash), NULL);
	bool is_made = md && EVP_Digest(bytes.data, bytes.len, out, &len, md, NULL) == 1;
	EVP_MD_free(md);
	ERR_clear_error();
	if (!is_made)
		memset(out, 0, hash_size(hash));
	return is_made;
}

bool hmac_of(enum hash hash, struct bytes key, struct bytes first, struct bytes second,
             uint8_t *out)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	_cleanup_(mac_ctx_freep) EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
	const OSSL_PARAM params[] = { text_param(OSSL_MAC_PARAM_DIGEST, hash_name(hash)),
		                      OSSL_PARAM_construct_end() };
	size_t len = 0;
	EVP_MAC_free(mac);
	bool is_made = context && EVP_MAC_init(context, key.data, key.len, params) == 1 &&
	               EVP_MAC_update(context, first.data, first.len) == 1 &&
	               (second.len == 0 || EVP_MAC_update(context, second.data, second.len) == 1) &&
	               EVP_MAC_final(context, out, &len, hash_size(hash)) == 1;
	ERR_clear_error();
	return is_made;
}

/* Runs one of OpenSSL's key derivations. */
static bool derive(const char *name, const OSSL_PARAM *params, uint8_t *out, size_t out_len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
	_cleanup_(kdf_ctx_freep) EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	EVP_KDF_free(kdf);
	bool is_made = context && EVP_KDF_derive(context, out, out_len, params) == 1;
	ERR_clear_error();
	return is_made;
}

bool tls_prf(enum hash hash, struct bytes secret, const char *label, struct bytes seed1,
             struct bytes seed2, uint8_t *out, size_t out_len)
{
	struct bytes name = bytes_from_text(label);
	uint8_t seed[256];
	if (name.len + seed1.len + seed2.len > sizeof(seed))
		return false;
	memcpy(seed, name.data, name.len);
	if (seed1.len)
		memcpy(seed + name.len, seed1.data, seed1.len);
	if (seed2.len)
		memcpy(seed + name.len + seed1.len, seed2.data, seed2.len);
	const OSSL_PARAM params[] = {
		text_param(OSSL_KDF_PARAM_DIGEST, hash_name(hash)),
		bytes_param(OSSL_KDF_PARAM_SECRET, secret),
		bytes_param(OSSL_KDF_PARAM_SEED, BYTES(seed, name.len + seed1.len + seed2.len)),
		OSSL_PARAM_construct_end(),
	};
	return derive("TLS1-PRF", params, out, out_len);
}

bool hkdf_expand_label(enum hash hash, struct bytes secret, const char *label, uint8_t *out,
                       size_t out_len)
{
	/* struct { uint16 length; opaque label<7..255>; opaque context<0..255>; } HkdfLabel */
	uint8_t info[64];
	int n = snprintf((char *)info + 3, sizeof(info) - 3, "tls13 %s", label);
	if (n < 0 || (size_t)n > sizeof(info) - 5 || out_len > UINT16_MAX)
		return false;
	info[0] = (uint8_t)(out_len >> 8);
	info[1] = (uint8_t)out_len;
	info[2] = (uint8_t)n;
	info[3 + n] = 0;
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	const OSSL_PARAM params[] = {
		text_param(OSSL_KDF_PARAM_DIGEST, hash_name(hash)),
		bytes_param(OSSL_KDF_PARAM_KEY, secret),
		bytes_param(OSSL_KDF_PARAM_INFO, BYTES(info, (size_t)n + 4)),
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_end(),
	};
	return derive("HKDF", params, out, out_len);
}
