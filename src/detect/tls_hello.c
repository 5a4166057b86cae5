/*
 * The ClientHello (RFC 8446 4.1.2, RFC 5246 7.4.1.2; DTLS: RFC 6347 4.2.1 adds a cookie) and the
 * two fingerprints that security people compare clients by. JA3 is the MD5 of version, suites,
 * extensions, groups and point formats in decimal; JA4 counts and sorts, so that clients which
 * shuffle their extensions keep one fingerprint. GREASE is left out of both.
 */
#include "detect/tls_parts.h"

#include "pcaudit/base/strbuf.h"

enum extension {
	EXT_SERVER_NAME = 0,
	EXT_SUPPORTED_GROUPS = 10,
	EXT_POINT_FORMATS = 11,
	EXT_SIGNATURE_ALGORITHMS = 13,
	EXT_USE_SRTP = 14,
	EXT_ALPN = 16,
	EXT_SESSION_TICKET = 35,
	EXT_PRE_SHARED_KEY = 41,
	EXT_EARLY_DATA = 42,
	EXT_SUPPORTED_VERSIONS = 43,
};

bool is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

bool alpn_next(struct reader *list, struct bytes *name)
{
	if (reader_left(list) == 0)
		return false;
	*name = reader_take(list, reader_u8(list));
	return !list->is_short && name->len > 0;
}

bool psk_next(struct reader *list, struct bytes *identity)
{
	if (reader_left(list) == 0)
		return false;
	*identity = reader_take(list, reader_be16(list));
	reader_be32(list);
	return !list->is_short && identity->len > 0;
}

/* server_name: a list of type, 16-bit length, name; only host_name (0) exists. */
static struct bytes read_sni(struct bytes body)
{
	struct reader r = reader_of(body);
	reader_be16(&r);
	uint8_t type = reader_u8(&r);
	struct bytes name = reader_take(&r, reader_be16(&r));
	return type == 0 ? name : BYTES(NULL, 0);
}

/* The highest version offered. DTLS counts downwards. */
static uint16_t read_versions(struct bytes body, bool is_dtls)
{
	struct reader r = reader_of(body);
	struct reader list = reader_of(reader_take(&r, reader_u8(&r)));
	uint16_t best = 0;
	while (reader_left(&list) >= 2) {
		uint16_t version = reader_be16(&list);
		if (is_grease(version) || !tls_version_name(version) ||
		    (version >> 8 == 0xfe) != is_dtls)
			continue;
		if (best == 0 || (is_dtls ? version < best : version > best))
			best = version;
	}
	return best;
}

static struct bytes read_list16(struct bytes body)
{
	struct reader r = reader_of(body);
	return reader_take(&r, reader_be16(&r));
}

static void read_extension(struct client_hello *hello, uint16_t type, struct bytes body)
{
	struct reader r = reader_of(body);
	uint16_t best;
	switch (type) {
	case EXT_SERVER_NAME:
		hello->has_sni = true;
		hello->sni = read_sni(body);
		break;
	case EXT_SUPPORTED_GROUPS:
		hello->groups = read_list16(body);
		break;
	case EXT_POINT_FORMATS:
		hello->point_formats = reader_take(&r, reader_u8(&r));
		break;
	case EXT_SIGNATURE_ALGORITHMS:
		hello->signature_algorithms = read_list16(body);
		break;
	case EXT_USE_SRTP:
		hello->has_srtp = true;
		break;
	case EXT_ALPN:
		hello->alpn = read_list16(body);
		break;
	case EXT_SESSION_TICKET:
		hello->has_ticket = true;
		hello->ticket = body;
		break;
	case EXT_PRE_SHARED_KEY:
		hello->offers_psk = true;
		hello->psk = read_list16(body);
		break;
	case EXT_EARLY_DATA:
		hello->offers_early_data = true;
		break;
	case EXT_SUPPORTED_VERSIONS:
		best = read_versions(body, hello->is_dtls);
		if (best)
			hello->max_version = best;
		break;
	default:
		break;
	}
}

/* The next extension of the block. False at its end. */
static bool extension_next(struct reader *r, uint16_t *type, struct bytes *body)
{
	if (reader_left(r) == 0)
		return false;
	*type = reader_be16(r);
	*body = reader_take(r, reader_be16(r));
	return !r->is_short;
}

bool client_hello_parse(struct client_hello *hello, struct bytes body, bool is_dtls)
{
	struct reader r = reader_of(body);
	*hello = (struct client_hello){ .is_dtls = is_dtls };
	hello->version = hello->max_version = reader_be16(&r);
	reader_skip(&r, 32);
	hello->session_id = reader_take(&r, reader_u8(&r));
	if (is_dtls)
		reader_skip(&r, reader_u8(&r)); /* cookie */
	hello->suites = reader_take(&r, reader_be16(&r));
	reader_skip(&r, reader_u8(&r)); /* compression methods */
	if (r.is_short || hello->suites.len < 2 || hello->suites.len % 2)
		return false;
	if (reader_left(&r) == 0)
		return true; /* before extensions were invented */
	hello->extensions = reader_take(&r, reader_be16(&r));
	if (r.is_short)
		return false;
	struct reader list = reader_of(hello->extensions);
	uint16_t type;
	struct bytes extension;
	while (extension_next(&list, &type, &extension))
		read_extension(hello, type, extension);
	return !list.is_short;
}

/* ---- JA3 ----------------------------------------------------------------------------------- */

static void add_decimal(struct strbuf *buf, unsigned value, bool *is_first)
{
	char text[12], *at = text + sizeof(text);
	do {
		*--at = (char)('0' + value % 10);
	} while (value /= 10);
	if (!*is_first)
		*--at = '-';
	strbuf_add_bytes(buf, BYTES((const uint8_t *)at, (size_t)(text + sizeof(text) - at)));
	*is_first = false;
}

static void add_list16(struct strbuf *buf, struct bytes list)
{
	struct reader r = reader_of(list);
	bool is_first = true;
	strbuf_add(buf, ",");
	while (reader_left(&r) >= 2) {
		uint16_t value = reader_be16(&r);
		if (!is_grease(value))
			add_decimal(buf, value, &is_first);
	}
}

static void hex(char *out, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = 0;
}

bool client_hello_ja3(const struct client_hello *hello, char ja3[JA3_SIZE])
{
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	strbuf_add_format(&buf, "%u", hello->version);
	add_list16(&buf, hello->suites);

	struct reader r = reader_of(hello->extensions);
	uint16_t type;
	struct bytes body;
	bool is_first = true;
	strbuf_add(&buf, ",");
	while (extension_next(&r, &type, &body))
		if (!is_grease(type))
			add_decimal(&buf, type, &is_first);
	add_list16(&buf, hello->groups);

	struct reader formats = reader_of(hello->point_formats);
	is_first = true;
	strbuf_add(&buf, ",");
	while (reader_left(&formats))
		add_decimal(&buf, reader_u8(&formats), &is_first);
	if (buf.is_failed)
		return false;
	uint8_t digest[16];
	md5(bytes_from_text(strbuf_text(&buf)), digest);
	hex(ja3, digest, sizeof(digest));
	return true;
}

/* ---- JA4 ----------------------------------------------------------------------------------- */

static int compare_u16(const void *a, const void *b)
{
	uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
	return (x > y) - (x < y);
}

static void add_hex_list(struct strbuf *buf, const uint16_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const uint8_t wire[2] = { (uint8_t)(values[i] >> 8), (uint8_t)values[i] };
		char text[6] = ",";
		hex(text + 1, wire, 2);
		strbuf_add_bytes(buf, BYTES((const uint8_t *)text + !i, 5 - (size_t)!i));
	}
}

/* The first 12 hex digits of the text's SHA-256; zeros for nothing. */
static void hash12(char out[13], const struct strbuf *buf)
{
	uint8_t digest[32] = { 0 };
	if (buf->len)
		sha256(bytes_from_text(strbuf_text(buf)), digest);
	hex(out, digest, 6);
}

static const char *ja4_version(uint16_t version)
{
	switch (version) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	case 0x0002:
		return "s2";
	case 0xfeff:
		return "d1";
	case 0xfefd:
		return "d2";
	case 0xfefc:
		return "d3";
	default:
		return "00";
	}
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* First and last character of the first ALPN name; of its hexadecimal form if it is not text. */
static void ja4_alpn(const struct client_hello *hello, char out[3])
{
	static const char digits[] = "0123456789abcdef";
	struct reader list = reader_of(hello->alpn);
	struct bytes name;
	memcpy(out, "00", 3);
	if (!alpn_next(&list, &name))
		return;
	uint8_t first = name.data[0], last = name.data[name.len - 1];
	bool is_text = is_alphanumeric(first) && is_alphanumeric(last);
	out[0] = is_text ? (char)first : digits[first >> 4];
	out[1] = is_text ? (char)last : digits[last & 15];
}

/* Values of a list of 16-bit numbers that are not GREASE; room for all of them is in out. */
static size_t collect16(uint16_t *out, struct bytes list)
{
	struct reader r = reader_of(list);
	size_t n = 0;
	while (reader_left(&r) >= 2) {
		uint16_t value = reader_be16(&r);
		if (!is_grease(value))
			out[n++] = value;
	}
	return n;
}

/* Sorted types without server name and ALPN into out; their number, with these two, is returned. */
static size_t collect_extensions(uint16_t *out, size_t *n_out, struct bytes block)
{
	struct reader r = reader_of(block);
	size_t n = 0, n_all = 0;
	uint16_t type;
	struct bytes body;
	while (extension_next(&r, &type, &body)) {
		if (is_grease(type))
			continue;
		n_all++;
		if (type != EXT_SERVER_NAME && type != EXT_ALPN)
			out[n++] = type;
	}
	qsort(out, n, sizeof(*out), compare_u16);
	*n_out = n;
	return n_all;
}

bool client_hello_ja4(const struct client_hello *hello, char ja4[JA4_SIZE])
{
	_cleanup_(strbuf_deinit) struct strbuf suites_text = STRBUF_INIT, rest_text = STRBUF_INIT;
	size_t most = hello->suites.len + hello->extensions.len + hello->signature_algorithms.len;
	_cleanup_(freep) uint16_t *values = calloc(most / 2 + 1, sizeof(*values));
	if (!values)
		return false;
	size_t n_suites = collect16(values, hello->suites);
	qsort(values, n_suites, sizeof(*values), compare_u16);
	add_hex_list(&suites_text, values, n_suites);

	size_t n;
	size_t n_extensions = collect_extensions(values, &n, hello->extensions);
	add_hex_list(&rest_text, values, n);
	n = collect16(values, hello->signature_algorithms);
	if (n && rest_text.len)
		strbuf_add(&rest_text, "_");
	if (rest_text.len)
		add_hex_list(&rest_text, values, n);
	if (suites_text.is_failed || rest_text.is_failed)
		return false;

	char suites_hash[13], rest_hash[13], alpn[3];
	hash12(suites_hash, &suites_text);
	hash12(rest_hash, &rest_text);
	ja4_alpn(hello, alpn);
	snprintf(ja4, JA4_SIZE, "%c%s%c%02zu%02zu%s_%s_%s", hello->is_dtls ? 'd' : 't',
	         ja4_version(hello->max_version), hello->has_sni ? 'd' : 'i',
	         MIN(n_suites, (size_t)99), MIN(n_extensions, (size_t)99), alpn, suites_hash,
	         rest_hash);
	return true;
}
