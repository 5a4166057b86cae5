/*
 * Opening the records of one TLS connection with secrets the user gave: TLS 1.0 to 1.2 (RFC 5246,
 * RFC 7627 extended master secret, RFC 7366 encrypt-then-MAC; AES-CBC, 3DES-CBC, AES-GCM,
 * ChaCha20-Poly1305) and TLS 1.3 (RFC 8446, its three common suites).
 *
 * Up to TLS 1.2 the master secret comes from the key log, or the premaster secret from the
 * ClientKeyExchange by an RSA key; the key block follows from it. In TLS 1.3 each side has a secret
 * for the handshake and one for the data behind its Finished; a KeyUpdate makes the next from the
 * last. Before the keys of the handshake may stand records of early data, which are passed over.
 *
 * What does not open is never guessed at: one failure stops both sides. Master secrets are kept for
 * the sessions they belong to, so that a resumed one is opened by what opened the first. A second
 * handshake up to TLS 1.2 (renegotiation) is sealed by the first one's keys: its own wait until
 * each side changes to them.
 */
#include <errno.h>

#include "detect/tls_parts.h"

#define MAX_OPENED     (256 << 10) /* bytes of records per connection */
#define MAX_TRANSCRIPT (64 << 10)  /* bytes of the handshake per side, up to the key exchange */
#define MAX_PASSED     16
#define MAX_MAC        48

/* What a suite seals with. */
struct suite {
	uint16_t number;
	uint8_t cipher; /* enum cipher */
	uint8_t mac;    /* enum hash, of CBC */
	uint8_t prf;    /* enum hash, of TLS 1.2 and 1.3 */
	bool is_rsa;    /* the key exchange an RSA key opens */
};

/* What records are sealed with. */
struct seal {
	const struct suite *suite; /* NULL: not known */
	uint8_t key[CIPHER_MAX_KEY];
	uint8_t mac_key[MAX_MAC];
	uint8_t iv[CIPHER_BLOCK];
	bool has_encrypt_then_mac;
};

/* One direction. */
struct sealed_side {
	struct seal now;                /* its suite is set: in use */
	struct seal next;               /* up to TLS 1.2: from the next ChangeCipherSpec on */
	uint8_t secret[TLS_SECRET_MAX]; /* TLS 1.3: of the present keys */
	uint64_t sequence;
	bool is_trying;  /* what does not open may have been sealed by earlier keys */
	bool is_traffic; /* TLS 1.3: the keys are those behind the Finished */
	uint8_t n_passed;
	uint8_t header[5];
	uint8_t *record; /* of room for TLS_RECORD_MAX, made when first needed */
	size_t len;
	uint8_t *transcript; /* for the extended master secret; only with RSA keys */
	size_t transcript_len, transcript_size;
	size_t hello_len; /* client: of its first flight, before the server's */
};

struct tls_decrypt {
	const struct keys *keys;
	struct tls_masters *masters;
	struct sealed_side side[2]; /* 0 server, 1 client */
	const struct suite *suite;  /* of the handshake under way, as the next four */
	uint8_t client_random[32], server_random[32];
	uint8_t master[TLS_SECRET_MAX];
	bool has_master;
	uint16_t offered_version, version;
	bool has_client_random, has_extended_master, has_encrypt_then_mac;
	bool is_stopped;
	bool has_transcript_end;
	bool is_sealed; /* a side has changed to keys, known or not */
	bool has_opened, has_passed;
	const char *refused; /* why nothing, or no more, was opened */
	size_t opened;       /* bytes */
	uint8_t *plain;
};

static const struct suite suites[] = {
	{ 0x002f, CIPHER_AES_128_CBC, HASH_SHA1, HASH_SHA256, true },
	{ 0x0035, CIPHER_AES_256_CBC, HASH_SHA1, HASH_SHA256, true },
	{ 0x003c, CIPHER_AES_128_CBC, HASH_SHA256, HASH_SHA256, true },
	{ 0x003d, CIPHER_AES_256_CBC, HASH_SHA256, HASH_SHA256, true },
	{ 0x009c, CIPHER_AES_128_GCM, 0, HASH_SHA256, true },
	{ 0x009d, CIPHER_AES_256_GCM, 0, HASH_SHA384, true },
	{ 0x000a, CIPHER_3DES_CBC, HASH_SHA1, HASH_SHA256, true },
	{ 0x0013, CIPHER_3DES_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0x0016, CIPHER_3DES_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0xc008, CIPHER_3DES_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0xc012, CIPHER_3DES_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0x0032, CIPHER_AES_128_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0x0033, CIPHER_AES_128_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0x0038, CIPHER_AES_256_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0x0039, CIPHER_AES_256_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0x0040, CIPHER_AES_128_CBC, HASH_SHA256, HASH_SHA256, false },
	{ 0x0067, CIPHER_AES_128_CBC, HASH_SHA256, HASH_SHA256, false },
	{ 0x006a, CIPHER_AES_256_CBC, HASH_SHA256, HASH_SHA256, false },
	{ 0x006b, CIPHER_AES_256_CBC, HASH_SHA256, HASH_SHA256, false },
	{ 0x009e, CIPHER_AES_128_GCM, 0, HASH_SHA256, false },
	{ 0x009f, CIPHER_AES_256_GCM, 0, HASH_SHA384, false },
	{ 0x00a2, CIPHER_AES_128_GCM, 0, HASH_SHA256, false },
	{ 0x00a3, CIPHER_AES_256_GCM, 0, HASH_SHA384, false },
	{ 0xc009, CIPHER_AES_128_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0xc00a, CIPHER_AES_256_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0xc013, CIPHER_AES_128_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0xc014, CIPHER_AES_256_CBC, HASH_SHA1, HASH_SHA256, false },
	{ 0xc023, CIPHER_AES_128_CBC, HASH_SHA256, HASH_SHA256, false },
	{ 0xc024, CIPHER_AES_256_CBC, HASH_SHA384, HASH_SHA384, false },
	{ 0xc027, CIPHER_AES_128_CBC, HASH_SHA256, HASH_SHA256, false },
	{ 0xc028, CIPHER_AES_256_CBC, HASH_SHA384, HASH_SHA384, false },
	{ 0xc02b, CIPHER_AES_128_GCM, 0, HASH_SHA256, false },
	{ 0xc02c, CIPHER_AES_256_GCM, 0, HASH_SHA384, false },
	{ 0xc02f, CIPHER_AES_128_GCM, 0, HASH_SHA256, false },
	{ 0xc030, CIPHER_AES_256_GCM, 0, HASH_SHA384, false },
	{ 0xcca8, CIPHER_CHACHA20_POLY1305, 0, HASH_SHA256, false },
	{ 0xcca9, CIPHER_CHACHA20_POLY1305, 0, HASH_SHA256, false },
	{ 0xccaa, CIPHER_CHACHA20_POLY1305, 0, HASH_SHA256, false },
	{ 0x1301, CIPHER_AES_128_GCM, 0, HASH_SHA256, false },
	{ 0x1302, CIPHER_AES_256_GCM, 0, HASH_SHA384, false },
	{ 0x1303, CIPHER_CHACHA20_POLY1305, 0, HASH_SHA256, false },
};

static const struct suite *find_suite(uint16_t number, uint16_t version)
{
	bool is_13 = version == 0x0304;
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		if (suites[i].number == number && is_13 == (number >> 8 == 0x13))
			return &suites[i];
	return NULL;
}

static bool is_cbc(const struct suite *suite)
{
	return suite->cipher <= CIPHER_3DES_CBC;
}

static bool is_13(const struct tls_decrypt *d)
{
	return d->version == 0x0304;
}

/* ---- Made, freed ---------------------------------------------------------------------------- */

struct tls_decrypt *tls_decrypt_new(const struct keys *keys, struct tls_masters *masters)
{
	struct tls_decrypt *d = calloc(1, sizeof(*d));
	if (d) {
		d->keys = keys;
		d->masters = masters;
	}
	return d;
}

static void drop_transcript(struct sealed_side *s)
{
	free(s->transcript);
	s->transcript = NULL;
	s->transcript_len = s->transcript_size = 0;
}

void tls_decrypt_stop(struct tls_decrypt *d)
{
	for (unsigned i = 0; i < 2; i++) {
		struct sealed_side *s = &d->side[i];
		drop_transcript(s);
		free(s->record);
		wipe(s, sizeof(*s));
	}
	wipe(d->master, sizeof(d->master));
	d->has_master = false;
	if (d->plain)
		wipe(d->plain, TLS_RECORD_MAX);
	free(d->plain);
	d->plain = NULL;
	d->is_stopped = true;
}

struct tls_decrypt *tls_decrypt_free(struct tls_decrypt *d)
{
	if (!d)
		return NULL;
	tls_decrypt_stop(d);
	free(d);
	return NULL;
}

size_t tls_decrypt_cost(const struct tls_decrypt *d)
{
	if (!d)
		return 0;
	size_t cost = sizeof(*d) + (d->plain ? TLS_RECORD_MAX : 0);
	for (unsigned i = 0; i < 2; i++)
		cost += d->side[i].transcript_size + (d->side[i].record ? TLS_RECORD_MAX : 0);
	return cost;
}

/* ---- Secrets -------------------------------------------------------------------------------- */

/* Messages in clear are wanted for the extended master secret, which only an RSA key asks for. */
void tls_decrypt_transcript(struct tls_decrypt *d, bool is_client, struct bytes bytes)
{
	struct sealed_side *s = &d->side[is_client];
	if (d->is_stopped || d->has_transcript_end || !keys_have_rsa(d->keys) ||
	    s->transcript_len + bytes.len > MAX_TRANSCRIPT || bytes.len == 0)
		return;
	if (s->transcript_len + bytes.len > s->transcript_size) {
		size_t size = MAX(s->transcript_size * 2, (size_t)1024);
		while (size < s->transcript_len + bytes.len)
			size *= 2;
		uint8_t *grown = realloc(s->transcript, size);
		if (!grown)
			return; /* the keys will not fit, and that is said then */
		s->transcript = grown;
		s->transcript_size = size;
	}
	memcpy(s->transcript + s->transcript_len, bytes.data, bytes.len);
	s->transcript_len += bytes.len;
}

void tls_decrypt_restart(struct tls_decrypt *d)
{
	d->suite = NULL;
	d->has_client_random = d->has_transcript_end = false;
	d->has_extended_master = d->has_encrypt_then_mac = false;
	wipe(d->master, sizeof(d->master));
	d->has_master = false;
	for (unsigned i = 0; i < 2; i++) {
		drop_transcript(&d->side[i]);
		wipe(&d->side[i].next, sizeof(d->side[i].next));
	}
}

void tls_decrypt_client_hello(struct tls_decrypt *d, struct bytes body)
{
	struct reader r = reader_of(body);
	uint16_t version = reader_be16(&r);
	struct bytes random = reader_take(&r, 32);
	if (d->has_client_random || random.len != 32)
		return;
	d->offered_version = version;
	d->has_client_random = true;
	memcpy(d->client_random, random.data, 32);
	d->side[1].hello_len = d->side[1].transcript_len;
}

/* Key and initialisation vector of TLS 1.3 from a side's secret. */
static void use_secret(struct tls_decrypt *d, struct sealed_side *s, struct bytes secret)
{
	enum hash hash = (enum hash)d->suite->prf;
	s->sequence = 0;
	s->now.suite = NULL;
	if (secret.len != hash_size(hash))
		return;
	memcpy(s->secret, secret.data, secret.len);
	if (hkdf_expand_label(hash, secret, "key", s->now.key,
	                      cipher_key_size((enum cipher)d->suite->cipher)) &&
	    hkdf_expand_label(hash, secret, "iv", s->now.iv, CIPHER_NONCE))
		s->now.suite = d->suite;
}

static struct bytes traffic_secret(const struct tls_decrypt *d, bool is_client)
{
	return keys_find_secret(d->keys, d->client_random,
	                        is_client ? LABEL_CLIENT_TRAFFIC : LABEL_SERVER_TRAFFIC);
}

/* Without the secret of the handshake its records are passed over until one opens. */
static void start_13(struct tls_decrypt *d)
{
	d->is_sealed = true;
	for (unsigned i = 0; i < 2; i++) {
		struct sealed_side *s = &d->side[i];
		struct bytes secret =
		        keys_find_secret(d->keys, d->client_random,
		                         i ? LABEL_CLIENT_HANDSHAKE : LABEL_SERVER_HANDSHAKE);
		s->is_traffic = secret.len == 0;
		s->is_trying = s->is_traffic;
		use_secret(d, s, secret.len ? secret : traffic_secret(d, i));
	}
}

/* The key block of RFC 5246 6.3. */
static void use_master(struct tls_decrypt *d, struct bytes master)
{
	const struct suite *suite = d->suite;
	size_t mac = is_cbc(suite) ? hash_size((enum hash)suite->mac) : 0;
	size_t key = cipher_key_size((enum cipher)suite->cipher);
	size_t iv = suite->cipher == CIPHER_CHACHA20_POLY1305 ? 12 : 4;
	uint8_t block[2 * (MAX_MAC + CIPHER_MAX_KEY + CIPHER_BLOCK)];
	if (is_cbc(suite))
		iv = d->version == 0x0301 ? cipher_block_size((enum cipher)suite->cipher) : 0;
	enum hash prf = d->version == 0x0303 ? (enum hash)suite->prf : HASH_MD5_SHA1;
	size_t len = 2 * (mac + key + iv);
	if (!tls_prf(prf, master, "key expansion", BYTES(d->server_random, 32),
	             BYTES(d->client_random, 32), block, len))
		return;
	struct reader r = reader_of(BYTES(block, len));
	struct seal *const order[] = { &d->side[1].next, &d->side[0].next };
	for (unsigned i = 0; i < 2; i++)
		for (size_t n = 0; n < mac; n++)
			order[i]->mac_key[n] = reader_u8(&r);
	for (unsigned i = 0; i < 2; i++)
		for (size_t n = 0; n < key; n++)
			order[i]->key[n] = reader_u8(&r);
	for (unsigned i = 0; i < 2; i++)
		for (size_t n = 0; n < iv; n++)
			order[i]->iv[n] = reader_u8(&r);
	wipe(block, sizeof(block));
	for (unsigned i = 0; i < 2; i++) {
		order[i]->suite = suite;
		order[i]->has_encrypt_then_mac = d->has_encrypt_then_mac;
	}
	memcpy(d->master, master.data, sizeof(d->master));
	d->has_master = true;
}

void tls_decrypt_remember(struct tls_decrypt *d, const uint8_t session[32])
{
	if (d->has_master && d->masters)
		tls_masters_put(d->masters, session, d->master);
}

void tls_decrypt_resume(struct tls_decrypt *d, const uint8_t session[32])
{
	const uint8_t *master = d->masters ? tls_masters_get(d->masters, session) : NULL;
	if (master && !d->has_master && !d->is_stopped && d->suite && !is_13(d))
		use_master(d, BYTES(master, TLS_SECRET_MAX));
}

/* encrypt_then_mac and extended_master_secret, as the server agreed to them. */
static void read_extensions(struct tls_decrypt *d, struct reader r)
{
	while (reader_left(&r) >= 4) {
		uint16_t type = reader_be16(&r);
		reader_skip(&r, reader_be16(&r));
		if (r.is_short)
			return;
		d->has_encrypt_then_mac |= type == 22;
		d->has_extended_master |= type == 23;
		if (type == 4) /* truncated_hmac: nobody uses it, and it was taken back */
			d->refused = "extension-not-supported";
	}
}

/* Why what this hello agrees on is not opened; NULL if it is. */
static const char *find_refusal(const struct tls_decrypt *d, uint16_t version, uint8_t compression)
{
	if (version < 0x0301)
		return "version-not-supported";
	if (!d->suite)
		return "suite-not-supported";
	return compression ? "compression-not-supported" : NULL;
}

void tls_decrypt_server_hello(struct tls_decrypt *d, struct bytes body, uint16_t version,
                              uint16_t suite)
{
	struct reader r = reader_of(body);
	reader_be16(&r);
	struct bytes random = reader_take(&r, 32);
	reader_skip(&r, reader_u8(&r));
	reader_be16(&r);
	uint8_t compression = reader_u8(&r);
	if (r.is_short || !d->has_client_random || d->suite || d->is_stopped)
		return;
	d->suite = find_suite(suite, version);
	d->refused = find_refusal(d, version, compression);
	d->version = version;
	memcpy(d->server_random, random.data, 32);
	reader_be16(&r);
	read_extensions(d, r);
	if (d->refused) {
		d->suite = NULL;
		return;
	}
	if (is_13(d)) {
		start_13(d);
		return;
	}
	struct bytes master = keys_find_secret(d->keys, d->client_random, LABEL_MASTER);
	if (master.len)
		use_master(d, master);
}

/* The hash of both sides' messages up to the key exchange (RFC 7627 3). */
static bool session_hash(const struct tls_decrypt *d, enum hash hash, uint8_t out[HASH_MAX_SIZE])
{
	const struct sealed_side *client = &d->side[1], *server = &d->side[0];
	size_t len = client->transcript_len + server->transcript_len;
	struct bytes hello =
	        bytes_take(BYTES(client->transcript, client->transcript_len), client->hello_len);
	struct bytes rest =
	        bytes_skip(BYTES(client->transcript, client->transcript_len), client->hello_len);
	_cleanup_(freep) uint8_t *all = malloc(len + 1);
	if (!all || !hello.len || !server->transcript_len || !rest.len)
		return false;
	memcpy(all, hello.data, hello.len);
	memcpy(all + hello.len, server->transcript, server->transcript_len);
	memcpy(all + hello.len + server->transcript_len, rest.data, rest.len);
	return hash_of(hash, BYTES(all, len), out);
}

static bool master_of(const struct tls_decrypt *d, struct bytes premaster, uint8_t *master)
{
	enum hash prf = d->version == 0x0303 ? (enum hash)d->suite->prf : HASH_MD5_SHA1;
	uint8_t digest[HASH_MAX_SIZE];
	if (!d->has_extended_master)
		return tls_prf(prf, premaster, "master secret", BYTES(d->client_random, 32),
		               BYTES(d->server_random, 32), master, TLS_SECRET_MAX);
	return session_hash(d, prf, digest) &&
	       tls_prf(prf, premaster, "extended master secret", BYTES(digest, hash_size(prf)),
	               BYTES(NULL, 0), master, TLS_SECRET_MAX);
}

void tls_decrypt_key_exchange(struct tls_decrypt *d, struct bytes body)
{
	struct reader r = reader_of(body);
	struct bytes sealed = reader_take(&r, reader_be16(&r));
	uint8_t premaster[TLS_SECRET_MAX], master[TLS_SECRET_MAX];
	if (d->has_transcript_end)
		return;
	d->has_transcript_end = true;
	if (d->suite && d->suite->is_rsa && !d->has_master && sealed.len && !d->is_stopped &&
	    keys_open_premaster(d->keys, sealed, d->offered_version, premaster)) {
		if (master_of(d, BYTES(premaster, sizeof(premaster)), master))
			use_master(d, BYTES(master, sizeof(master)));
		wipe(premaster, sizeof(premaster));
		wipe(master, sizeof(master));
	}
	drop_transcript(&d->side[0]);
	drop_transcript(&d->side[1]);
}

void tls_decrypt_change_cipher(struct tls_decrypt *d, bool is_client)
{
	struct sealed_side *s = &d->side[is_client];
	if (d->is_stopped || is_13(d))
		return;
	d->is_sealed = true;
	s->now = s->next;
	s->sequence = 0;
	wipe(&s->next, sizeof(s->next));
}

void tls_decrypt_finished(struct tls_decrypt *d, bool is_client)
{
	struct sealed_side *s = &d->side[is_client];
	if (d->is_stopped || !d->suite || !is_13(d) || s->is_traffic)
		return;
	s->is_traffic = true;
	use_secret(d, s, traffic_secret(d, is_client));
}

void tls_decrypt_key_update(struct tls_decrypt *d, bool is_client)
{
	struct sealed_side *s = &d->side[is_client];
	uint8_t next[HASH_MAX_SIZE];
	if (d->is_stopped || !d->suite || !is_13(d) || !s->is_traffic || !s->now.suite)
		return;
	enum hash hash = (enum hash)d->suite->prf;
	size_t len = hash_size(hash);
	if (hkdf_expand_label(hash, BYTES(s->secret, len), "traffic upd", next, len))
		use_secret(d, s, BYTES(next, len));
	wipe(next, sizeof(next));
}

bool tls_decrypt_is_open(const struct tls_decrypt *d, bool is_client)
{
	return d && !d->is_stopped && d->side[is_client].now.suite;
}

bool tls_decrypt_is_whole(const struct tls_decrypt *d)
{
	return d && d->has_opened && !d->has_passed;
}

const char *tls_decrypt_outcome(const struct tls_decrypt *d)
{
	if (!d || !keys_are_given(d->keys) || !d->is_sealed)
		return NULL;
	if (d->refused)
		return d->refused;
	if (d->has_opened)
		return "opened";
	bool has_keys = d->has_master || d->side[0].now.suite || d->side[1].now.suite;
	return has_keys ? NULL : "no-secret";
}

/* ---- Records -------------------------------------------------------------------------------- */

void tls_decrypt_begin(struct tls_decrypt *d, bool is_client, const uint8_t header[5])
{
	struct sealed_side *s = &d->side[is_client];
	memcpy(s->header, header, sizeof(s->header));
	s->len = 0;
}

void tls_decrypt_add(struct tls_decrypt *d, bool is_client, struct bytes bytes)
{
	struct sealed_side *s = &d->side[is_client];
	if (!s->record)
		s->record = malloc(TLS_RECORD_MAX);
	if (!s->record || bytes.len == 0)
		return;
	bytes = bytes_take(bytes, TLS_RECORD_MAX - s->len);
	memcpy(s->record + s->len, bytes.data, bytes.len);
	s->len += bytes.len;
}

static void put_be64(uint8_t *out, uint64_t value)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		out[i] = (uint8_t)value;
}

/* Sequence number, type, version and length, which MAC and tag cover. */
static void make_aad(const struct sealed_side *s, size_t len, uint8_t aad[13])
{
	put_be64(aad, s->sequence);
	memcpy(aad + 8, s->header, 3);
	aad[11] = (uint8_t)(len >> 8);
	aad[12] = (uint8_t)len;
}

/* The initialisation vector with the sequence number laid over its end. */
static void make_nonce(const struct sealed_side *s, uint8_t nonce[CIPHER_NONCE])
{
	uint8_t sequence[8];
	memcpy(nonce, s->now.iv, CIPHER_NONCE);
	put_be64(sequence, s->sequence);
	for (unsigned i = 0; i < 8; i++)
		nonce[4 + i] ^= sequence[i];
}

static bool open_13(struct tls_decrypt *d, const struct sealed_side *s, uint8_t *type,
                    struct bytes *plain)
{
	uint8_t nonce[CIPHER_NONCE];
	make_nonce(s, nonce);
	if (s->len < CIPHER_TAG + 1 ||
	    !aead_open((enum cipher)s->now.suite->cipher, s->now.key, nonce, BYTES(s->header, 5),
	               BYTES(s->record, s->len), d->plain))
		return false;
	size_t len = s->len - CIPHER_TAG;
	while (len > 0 && d->plain[len - 1] == 0)
		len--;
	if (len == 0)
		return false;
	*type = d->plain[len - 1];
	*plain = BYTES(d->plain, len - 1);
	return true;
}

static bool open_aead_12(struct tls_decrypt *d, const struct sealed_side *s, struct bytes *plain)
{
	uint8_t nonce[CIPHER_NONCE], aad[13];
	struct bytes sealed = BYTES(s->record, s->len);
	enum cipher cipher = (enum cipher)s->now.suite->cipher;
	if (cipher == CIPHER_CHACHA20_POLY1305) {
		make_nonce(s, nonce);
	} else {
		if (sealed.len < 8)
			return false;
		memcpy(nonce, s->now.iv, 4);
		memcpy(nonce + 4, sealed.data, 8);
		sealed = bytes_skip(sealed, 8);
	}
	if (sealed.len < CIPHER_TAG)
		return false;
	make_aad(s, sealed.len - CIPHER_TAG, aad);
	*plain = BYTES(d->plain, sealed.len - CIPHER_TAG);
	return aead_open(cipher, s->now.key, nonce, BYTES(aad, 13), sealed, d->plain);
}

static bool is_mac_right(const struct sealed_side *s, struct bytes covered, struct bytes mac)
{
	uint8_t aad[13], right[HASH_MAX_SIZE];
	enum hash hash = (enum hash)s->now.suite->mac;
	make_aad(s, covered.len, aad);
	return hmac_of(hash, BYTES(s->now.mac_key, hash_size(hash)), BYTES(aad, 13), covered,
	               right) &&
	       is_same_secret(BYTES(right, hash_size(hash)), mac);
}

/* Length without the padding; false if it is none. */
static bool strip_padding(const uint8_t *plain, size_t *len)
{
	size_t padding = *len ? plain[*len - 1] + 1u : 1;
	if (padding > *len)
		return false;
	for (size_t i = *len - padding; i < *len; i++)
		if (plain[i] != padding - 1)
			return false;
	*len -= padding;
	return true;
}

static bool open_cbc(struct tls_decrypt *d, struct sealed_side *s, struct bytes *plain)
{
	size_t mac_len = hash_size((enum hash)s->now.suite->mac);
	struct bytes sealed = BYTES(s->record, s->len);
	uint8_t iv[CIPHER_BLOCK];
	enum cipher cipher = (enum cipher)s->now.suite->cipher;
	size_t block = cipher_block_size(cipher);
	if (sealed.len < mac_len + block)
		return false;
	if (s->now.has_encrypt_then_mac) {
		struct bytes mac = bytes_skip(sealed, sealed.len - mac_len);
		sealed = bytes_take(sealed, sealed.len - mac_len);
		if (!is_mac_right(s, sealed, mac))
			return false;
	}
	memcpy(iv, s->now.iv, block);
	if (d->version > 0x0301) {
		memcpy(iv, sealed.data, block);
		sealed = bytes_skip(sealed, block);
	}
	size_t len = sealed.len;
	if (!cbc_open(cipher, s->now.key, iv, sealed, d->plain))
		return false;
	/* TLS 1.0: the last block begins the next record. */
	memcpy(s->now.iv, bytes_skip(sealed, len - block).data, block);
	if (!strip_padding(d->plain, &len))
		return false;
	if (s->now.has_encrypt_then_mac) {
		*plain = BYTES(d->plain, len);
		return true;
	}
	if (len < mac_len)
		return false;
	*plain = BYTES(d->plain, len - mac_len);
	return is_mac_right(s, *plain, BYTES(d->plain + len - mac_len, mac_len));
}

static bool open_record(struct tls_decrypt *d, struct sealed_side *s, uint8_t *type,
                        struct bytes *plain)
{
	if (is_13(d))
		return open_13(d, s, type, plain);
	*type = s->header[0];
	return is_cbc(s->now.suite) ? open_cbc(d, s, plain) : open_aead_12(d, s, plain);
}

enum tls_opened tls_decrypt_open(struct tls_decrypt *d, bool is_client, uint8_t *type,
                                 struct bytes *plain)
{
	struct sealed_side *s = &d->side[is_client];
	if (!d->plain)
		d->plain = malloc(TLS_RECORD_MAX);
	d->opened += s->len;
	if (!d->plain || !s->record || d->opened > MAX_OPENED) {
		tls_decrypt_stop(d);
		return TLS_ENOUGH;
	}
	if (open_record(d, s, type, plain)) {
		s->sequence++;
		s->is_trying = false;
		d->has_opened = true;
		return TLS_OPENED;
	}
	d->has_passed = true;
	if (s->is_trying && ++s->n_passed <= MAX_PASSED)
		return TLS_PASSED;
	d->refused = "record-did-not-verify";
	tls_decrypt_stop(d);
	return TLS_FAILED;
}

/* Early data is sealed by keys of its own. */
void tls_decrypt_expect_early_data(struct tls_decrypt *d)
{
	d->side[1].is_trying = true;
}
