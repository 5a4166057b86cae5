/*
 * The secrets a user gives: key logs in the format of NSS (SSLKEYLOGFILE, also what a pcapng
 * Decryption Secrets Block of type TLSK holds), and RSA private keys.
 *
 *	CLIENT_RANDOM <client random, 64 digits> <master secret, 96 digits>     up to TLS 1.2
 *	CLIENT_HANDSHAKE_TRAFFIC_SECRET <client random> <secret, 64 or 96>      TLS 1.3, and three
 *more
 *
 * Found again by client random and label in an open-addressing table. A key log is also written by
 * strangers (a capture may carry one), so the table's hash has a key of its own per run, which
 * changes no answer. Blank lines and comments are skipped, labels without use here counted.
 */
#include <errno.h>
#include <sys/random.h>

#include "detect/tls_parts.h"
#include "pcaudit/base/hash.h"

#define MAX_SECRETS  (UINT32_C(1) << 20)
#define MAX_RSA_KEYS 16

struct secret {
	uint8_t client_random[32];
	uint8_t value[TLS_SECRET_MAX];
	uint8_t len; /* 0: a free place */
	uint8_t label;
};

struct keys {
	struct hash_key hash;
	struct secret *secrets; /* size of them, a power of two */
	size_t n, size;
	struct rsa_key *rsa[MAX_RSA_KEYS];
	size_t n_rsa;
};

int keys_new(struct keys **out)
{
	struct keys *keys = calloc(1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	if (getrandom(&keys->hash, sizeof(keys->hash), 0) != (ssize_t)sizeof(keys->hash))
		keys->hash = (struct hash_key){ UINT64_C(0x6b657973), UINT64_C(0x746c73) };
	*out = keys;
	return 0;
}

static void free_secrets(struct secret *secrets, size_t size)
{
	wipe(secrets, size * sizeof(*secrets));
	free(secrets);
}

struct keys *keys_free(struct keys *keys)
{
	if (!keys)
		return NULL;
	free_secrets(keys->secrets, keys->size);
	for (size_t i = 0; i < keys->n_rsa; i++)
		rsa_key_free(keys->rsa[i]);
	free(keys);
	return NULL;
}

void keys_wipe(struct bytes text)
{
	wipe((void *)text.data, text.len);
}

/* The place of this secret, or the free one where it belongs. The table is never full. */
static struct secret *find(const struct keys *keys, struct bytes client_random,
                           enum tls_label label)
{
	size_t at = (size_t)hash_bytes(&keys->hash, client_random) + label;
	for (;; at++) {
		struct secret *secret = &keys->secrets[at & (keys->size - 1)];
		if (!secret->len || (secret->label == label &&
		                     bytes_equal(BYTES(secret->client_random, 32), client_random)))
			return secret;
	}
}

/* At most three of four places are taken. 0 or -ENOMEM. */
static int grow(struct keys *keys)
{
	if (keys->size && keys->n < keys->size / 4 * 3)
		return 0;
	struct secret *old = keys->secrets;
	size_t old_size = keys->size, size = old_size ? old_size * 2 : 64;
	struct secret *secrets = calloc(size, sizeof(*secrets));
	if (!secrets)
		return -ENOMEM;
	keys->secrets = secrets;
	keys->size = size;
	for (size_t i = 0; i < old_size; i++)
		if (old[i].len)
			*find(keys, BYTES(old[i].client_random, 32), (enum tls_label)old[i].label) =
			        old[i];
	free_secrets(old, old_size);
	return 0;
}

struct bytes keys_find_secret(const struct keys *keys, const uint8_t client_random[32],
                              enum tls_label label)
{
	if (keys->n == 0)
		return BYTES(NULL, 0);
	const struct secret *secret = find(keys, BYTES(client_random, 32), label);
	return BYTES(secret->len ? secret->value : NULL, secret->len);
}

bool keys_have_rsa(const struct keys *keys)
{
	return keys->n_rsa > 0;
}

bool keys_are_given(const struct keys *keys)
{
	return keys->n > 0 || keys->n_rsa > 0;
}

bool keys_open_premaster(const struct keys *keys, struct bytes sealed, uint16_t version,
                         uint8_t premaster[TLS_SECRET_MAX])
{
	for (size_t i = 0; i < keys->n_rsa; i++) {
		if (!rsa_key_decrypt(keys->rsa[i], sealed, premaster, TLS_SECRET_MAX))
			continue;
		/* It begins with the version the client offered; another key gives noise. */
		if (premaster[0] == version >> 8 && premaster[1] == (version & 0xff))
			return true;
	}
	wipe(premaster, TLS_SECRET_MAX);
	return false;
}

/* ---- Reading a key log --------------------------------------------------------------------- */

/* The next word of a line; empty at its end. */
static struct bytes take_word(struct bytes *line)
{
	size_t n = 0;
	*line = bytes_trim(*line);
	while (n < line->len && line->data[n] != ' ' && line->data[n] != '\t')
		n++;
	struct bytes word = bytes_take(*line, n);
	*line = bytes_skip(*line, n);
	return word;
}

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes at most max bytes. How many; 0 if text is no hexadecimal or too long. */
static size_t from_hex(struct bytes text, uint8_t *out, size_t max)
{
	if (text.len % 2 || text.len / 2 > max)
		return 0;
	for (size_t i = 0; i < text.len / 2; i++) {
		int high = digit(text.data[2 * i]), low = digit(text.data[2 * i + 1]);
		if (high < 0 || low < 0)
			return 0;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return text.len / 2;
}

static bool is_label_word(struct bytes word)
{
	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = word.data[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return word.len > 0;
}

static int label_of(struct bytes word)
{
	static const char *const words[N_TLS_LABELS] = {
		[LABEL_MASTER] = "CLIENT_RANDOM",
		[LABEL_CLIENT_HANDSHAKE] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
		[LABEL_SERVER_HANDSHAKE] = "SERVER_HANDSHAKE_TRAFFIC_SECRET",
		[LABEL_CLIENT_TRAFFIC] = "CLIENT_TRAFFIC_SECRET_0",
		[LABEL_SERVER_TRAFFIC] = "SERVER_TRAFFIC_SECRET_0",
	};
	for (int i = 0; i < N_TLS_LABELS; i++)
		if (bytes_equal(word, bytes_from_text(words[i])))
			return i;
	return -1;
}

/* What is wrong with a line of a label that we use; NULL if it was read. */
static const char *read_secret(struct secret *secret, struct bytes line)
{
	if (from_hex(take_word(&line), secret->client_random, 32) != 32)
		return "the client random is 64 hexadecimal digits";
	size_t len = from_hex(take_word(&line), secret->value, sizeof(secret->value));
	if (secret->label == LABEL_MASTER && len != TLS_SECRET_MAX)
		return "the master secret is 96 hexadecimal digits";
	if (len != 32 && len != 48)
		return "the secret is 64 or 96 hexadecimal digits";
	if (bytes_trim(line).len)
		return "a label, a client random and a secret are expected, and nothing behind "
		       "them";
	secret->len = (uint8_t)len;
	return NULL;
}

static int add_secret(struct keys *keys, const struct secret *secret, struct keylog_result *result)
{
	if (keys->n >= MAX_SECRETS) {
		result->n_no_room++;
		return 0;
	}
	int r = grow(keys);
	if (r < 0)
		return r;
	struct secret *place =
	        find(keys, BYTES(secret->client_random, 32), (enum tls_label)secret->label);
	keys->n += place->len == 0;
	*place = *secret;
	result->n_secrets++;
	return 0;
}

static int add_line(struct keys *keys, struct bytes line, size_t number,
                    struct keylog_result *result)
{
	struct secret secret = { 0 };
	line = bytes_trim(line);
	if (line.len == 0 || line.data[0] == '#')
		return 0;
	struct bytes word = take_word(&line);
	int label = label_of(word), r = 0;
	if (label < 0 && is_label_word(word)) {
		result->n_ignored++;
		return 0;
	}
	secret.label = (uint8_t)MAX(label, 0);
	const char *why = label < 0 ? "a line begins with a label, as CLIENT_RANDOM"
	                            : read_secret(&secret, line);
	if (!why) {
		r = add_secret(keys, &secret, result);
	} else {
		if (result->n_malformed < KEYLOG_MAX_NAMED) {
			result->malformed[result->n_malformed].line = number;
			result->malformed[result->n_malformed].why = why;
		}
		result->n_malformed++;
	}
	wipe(&secret, sizeof(secret));
	return r;
}

int keys_add_keylog(struct keys *keys, struct bytes text, struct keylog_result *result)
{
	struct keylog_result own;
	struct reader r = reader_of(text);
	struct bytes line;
	if (!result)
		result = &own;
	*result = (struct keylog_result){ 0 };
	for (size_t number = 1; reader_left(&r); number++) {
		if (!reader_line(&r, &line))
			line = reader_rest(&r); /* the last one need not end */
		int failed = add_line(keys, line, number, result);
		if (failed < 0)
			return failed;
	}
	return 0;
}

int keys_add_rsa(struct keys *keys, struct bytes pem, const char **why)
{
	if (keys->n_rsa == MAX_RSA_KEYS) {
		*why = "more than 16 RSA keys";
		return KEYS_E_INVALID;
	}
	int r = rsa_key_new(&keys->rsa[keys->n_rsa], pem, why);
	if (r == 0)
		keys->n_rsa++;
	return r;
}
