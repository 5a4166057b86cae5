/*
 * Text forms: IPv4 dotted decimal and IPv6 by inet_pton/inet_ntop, which glibc's manual ties to
 * RFC 5952 but for the mapped range; an address inside ::ffff:0:0/96 is always written dotted.
 */
#include "pcaudit/base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

struct addr addr_from_wire(struct bytes wire)
{
	struct addr out = { { 0 } };

	if (wire.len == 16) {
		memcpy(out.bytes, wire.data, 16);
	} else if (wire.len == 4) {
		memcpy(out.bytes, mapped, 12);
		memcpy(out.bytes + 12, wire.data, 4);
	}
	return out;
}

struct addr addr_from_ipv4(uint32_t host)
{
	uint8_t wire[4] = { (uint8_t)(host >> 24), (uint8_t)(host >> 16), (uint8_t)(host >> 8),
		            (uint8_t)host };
	return addr_from_wire(BYTES(wire, 4));
}

bool addr_is_ipv4(const struct addr *a)
{
	return memcmp(a->bytes, mapped, 12) == 0;
}

bool addr_is_unspecified(const struct addr *a)
{
	static const uint8_t zero[16];
	if (addr_is_ipv4(a))
		return memcmp(a->bytes + 12, zero, 4) == 0;
	return memcmp(a->bytes, zero, 16) == 0;
}

bool addr_is_multicast(const struct addr *a)
{
	static const uint8_t broadcast[4] = { 255, 255, 255, 255 };
	if (addr_is_ipv4(a))
		return (a->bytes[12] & 0xf0) == 0xe0 || memcmp(a->bytes + 12, broadcast, 4) == 0;
	return a->bytes[0] == 0xff;
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };
	return addr_is_ipv4(a) ? a->bytes[12] == 127 : memcmp(a->bytes, one, 16) == 0;
}

bool addr_parse(struct addr *out, const char *text)
{
	uint8_t wire[16];

	if (inet_pton(AF_INET, text, wire) == 1)
		*out = addr_from_wire(BYTES(wire, 4));
	else if (inet_pton(AF_INET6, text, wire) == 1)
		*out = addr_from_wire(BYTES(wire, 16));
	else
		return false;
	return true;
}

static bool bit_of(const struct addr *a, unsigned bit)
{
	return a->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

static bool has_host_bits(const struct prefix *p)
{
	for (unsigned bit = p->len_bits; bit < 128; bit++)
		if (bit_of(&p->addr, bit))
			return true;
	return false;
}

/* "0" to "128", nothing else: no sign, no blank, no leading zero. */
static bool parse_length(unsigned *out, const char *text)
{
	unsigned value = 0;
	size_t len = strlen(text);

	if (len == 0 || len > 3 || (len > 1 && text[0] == '0'))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned)(*text - '0');
	}
	*out = value;
	return true;
}

bool prefix_parse(struct prefix *out, const char *text)
{
	char host[ADDR_TEXT_SIZE];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (!addr_parse(&out->addr, host))
		return false;
	/* The family of the text counts, not of the address: ::ffff:0:0/96 is written as IPv6. */
	bool is_dotted = !strchr(host, ':');
	unsigned max = is_dotted ? 32 : 128, bits = max;
	if (slash && (!parse_length(&bits, slash + 1) || bits > max))
		return false;
	out->len_bits = (uint8_t)(is_dotted ? bits + 96 : bits);
	return !has_host_bits(out);
}

const char *addr_format(const struct addr *a, char buffer[ADDR_TEXT_SIZE])
{
	if (addr_is_ipv4(a))
		inet_ntop(AF_INET, a->bytes + 12, buffer, ADDR_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, a->bytes, buffer, ADDR_TEXT_SIZE);
	return buffer;
}

const char *prefix_format(const struct prefix *p, char buffer[PREFIX_TEXT_SIZE])
{
	char host[ADDR_TEXT_SIZE];
	bool is_v4 = addr_is_ipv4(&p->addr) && p->len_bits >= 96;
	unsigned bits = is_v4 ? p->len_bits - 96u : p->len_bits;

	addr_format(&p->addr, host);
	if (p->len_bits == 128)
		snprintf(buffer, PREFIX_TEXT_SIZE, "%s", host);
	else
		snprintf(buffer, PREFIX_TEXT_SIZE, "%s/%u", host, bits);
	return buffer;
}

bool prefix_holds(const struct prefix *p, const struct addr *a)
{
	unsigned whole = p->len_bits / 8, rest = p->len_bits % 8;

	if (memcmp(p->addr.bytes, a->bytes, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));
	return ((p->addr.bytes[whole] ^ a->bytes[whole]) & mask) == 0;
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int order = addr_compare(&a->addr, &b->addr);
	return order ? order : (int)a->len_bits - (int)b->len_bits;
}

bool prefix_covers(const struct prefix *a, const struct prefix *b)
{
	return a->len_bits <= b->len_bits && prefix_holds(a, &b->addr);
}
