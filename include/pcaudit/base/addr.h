/*
 * IP addresses and prefixes. An address is always 16 bytes; IPv4 is kept as ::ffff:0:0/96
 * (RFC 4291 section 2.5.5.2), so that the two ways to write an IPv4 host are one host.
 */
#ifndef PCAUDIT_BASE_ADDR_H
#define PCAUDIT_BASE_ADDR_H

#include "pcaudit/base/bytes.h"

struct addr {
	uint8_t bytes[16];
};

/* An address with the number of leading bits that count, 0 to 128 (IPv4 /24 is 120). */
struct prefix {
	struct addr addr;
	uint8_t len_bits;
};

#define ADDR_TEXT_SIZE   46 /* longest text and its NUL */
#define PREFIX_TEXT_SIZE 50

/* From the 4 or 16 bytes of a header; any other length gives the unspecified address. */
struct addr addr_from_wire(struct bytes wire);
/* host is in host byte order: addr_from_ipv4(0x0a000001) is 10.0.0.1. */
struct addr addr_from_ipv4(uint32_t host);
bool addr_is_ipv4(const struct addr *a);
/* 0.0.0.0 or ::. */
bool addr_is_unspecified(const struct addr *a);
/* 255.255.255.255, or 224.0.0.0/4, or ff00::/8. A directed broadcast cannot be told without a mask. */
bool addr_is_multicast(const struct addr *a);
/* 127.0.0.0/8 or ::1. */
bool addr_is_loopback(const struct addr *a);

static inline int addr_compare(const struct addr *a, const struct addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static inline bool addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_compare(a, b) == 0;
}

/*
 * Reads one address, or one prefix ("10.0.0.0/8", "2001:db8::/32", a bare address is a prefix of
 * one host). False if the text is anything else, has a length beyond the family, or has host bits
 * set below the prefix length.
 */
bool addr_parse(struct addr *out, const char *text);
bool prefix_parse(struct prefix *out, const char *text);

/* Writes canonical text (RFC 5952; IPv4 dotted) and returns buffer. */
const char *addr_format(const struct addr *a, char buffer[ADDR_TEXT_SIZE]);
const char *prefix_format(const struct prefix *p, char buffer[PREFIX_TEXT_SIZE]);

bool prefix_holds(const struct prefix *p, const struct addr *a);
/* Orders by address, then by length. */
int prefix_compare(const struct prefix *a, const struct prefix *b);
/* True if every address of b is in a. */
bool prefix_covers(const struct prefix *a, const struct prefix *b);

#endif
