/*
 * An RSA private key in PEM (PKCS #1 or PKCS #8), to read the premaster secret of RSA key exchange
 * (RFC 5246 7.4.7.1). The key is the user's own file. One that is protected by a passphrase is
 * refused with a reason: an auditor runs unattended, and nothing here ever asks a terminal.
 */
#include "pcaudit/crypto.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "pcaudit/base/util.h"

struct rsa_key {
	EVP_PKEY *pkey;
};

static void pkey_ctx_freep(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

/* OpenSSL asks for a passphrase: remember that it did, and give none. */
static int refuse_passphrase(char *buffer _unused_, int size _unused_, int is_writing _unused_,
                             void *asked)
{
	*(bool *)asked = true;
	return -1;
}

int rsa_key_new(struct rsa_key **out, struct bytes pem, const char **why)
{
	bool is_asked = false;
	struct rsa_key *key = calloc(1, sizeof(*key));
	BIO *bio = pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
	if (!key || !bio) {
		free(key);
		BIO_free(bio);
		return -ENOMEM;
	}
	key->pkey = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &is_asked);
	BIO_free(bio);
	ERR_clear_error();
	if (key->pkey && EVP_PKEY_is_a(key->pkey, "RSA")) {
		*out = key;
		return 0;
	}
	if (is_asked)
		*why = "the private key is protected by a passphrase";
	else
		*why = key->pkey ? "the private key is not an RSA key"
		                 : "no private key in PEM (BEGIN PRIVATE KEY) was found";
	rsa_key_free(key);
	return CRYPTO_E_INVALID;
}

struct rsa_key *rsa_key_free(struct rsa_key *key)
{
	if (key)
		EVP_PKEY_free(key->pkey); /* OpenSSL wipes its numbers */
	free(key);
	return NULL;
}

bool rsa_key_decrypt(const struct rsa_key *key, struct bytes sealed, uint8_t *out, size_t out_len)
{
	uint8_t plain[2048];
	size_t len = sizeof(plain);
	_cleanup_(pkey_ctx_freep) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
	bool is_open = context && EVP_PKEY_get_size(key->pkey) <= (int)sizeof(plain) &&
	               EVP_PKEY_decrypt_init(context) == 1 &&
	               EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	               EVP_PKEY_decrypt(context, plain, &len, sealed.data, sealed.len) == 1 &&
	               len == out_len;
	if (is_open)
		memcpy(out, plain, out_len);
	wipe(plain, sizeof(plain));
	ERR_clear_error();
	return is_open;
}
