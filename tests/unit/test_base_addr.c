#include <criterion/criterion.h>

#include "pcaudit/base/addr.h"

static const char *again(const char *text)
{
	static char buffer[ADDR_TEXT_SIZE];
	struct addr a;
	return addr_parse(&a, text) ? addr_format(&a, buffer) : "refused";
}

static const char *prefix_again(const char *text)
{
	static char buffer[PREFIX_TEXT_SIZE];
	struct prefix p;
	return prefix_parse(&p, text) ? prefix_format(&p, buffer) : "refused";
}

Test(base_addr, texts)
{
	cr_assert_str_eq(again("10.0.2.20"), "10.0.2.20");
	cr_assert_str_eq(again("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
	cr_assert_str_eq(again("::ffff:10.0.2.20"), "10.0.2.20");
	cr_assert_str_eq(again("::"), "::");
	cr_assert_str_eq(again("10.0.2"), "refused");
	cr_assert_str_eq(again("10.0.2.256"), "refused");
	cr_assert_str_eq(again("10.0.2.20 "), "refused");
	cr_assert_str_eq(again(""), "refused");
	cr_assert_str_eq(again("fe80::1%eth0"), "refused");
}

Test(base_addr, prefixes)
{
	cr_assert_str_eq(prefix_again("10.0.0.0/8"), "10.0.0.0/8");
	cr_assert_str_eq(prefix_again("10.0.2.20"), "10.0.2.20");
	cr_assert_str_eq(prefix_again("10.0.2.20/32"), "10.0.2.20");
	cr_assert_str_eq(prefix_again("0.0.0.0/0"), "0.0.0.0/0");
	cr_assert_str_eq(prefix_again("2001:db8::/32"), "2001:db8::/32");
	cr_assert_str_eq(prefix_again("::/0"), "::/0");
	cr_assert_str_eq(prefix_again("10.0.2.20/24"), "refused",
	                 "host bits are a slip of the hand");
	cr_assert_str_eq(prefix_again("10.0.0.0/33"), "refused");
	cr_assert_str_eq(prefix_again("2001:db8::/129"), "refused");
	cr_assert_str_eq(prefix_again("10.0.0.0/"), "refused");
	cr_assert_str_eq(prefix_again("10.0.0.0/08"), "refused");
	cr_assert_str_eq(prefix_again("10.0.0.0/-1"), "refused");
	cr_assert_str_eq(prefix_again("/8"), "refused");
}

Test(base_addr, holds)
{
	struct prefix p, q;
	struct addr a;

	cr_assert(prefix_parse(&p, "10.0.8.0/21"));
	cr_assert(addr_parse(&a, "10.0.15.255") && prefix_holds(&p, &a));
	cr_assert(addr_parse(&a, "10.0.16.0") && !prefix_holds(&p, &a));
	cr_assert(addr_parse(&a, "10.0.7.255") && !prefix_holds(&p, &a));
	cr_assert(prefix_parse(&q, "10.0.9.0/24") && prefix_covers(&p, &q) &&
	          !prefix_covers(&q, &p));
	cr_assert(prefix_parse(&p, "0.0.0.0/0") && prefix_holds(&p, &a));
	cr_assert(addr_parse(&a, "2001:db8::1") && !prefix_holds(&p, &a),
	          "0.0.0.0/0 is every IPv4 address only");
	cr_assert(prefix_parse(&p, "::/0") && prefix_holds(&p, &a));
}

Test(base_addr, kinds)
{
	struct addr a;

	cr_assert(addr_parse(&a, "255.255.255.255") && addr_is_multicast(&a));
	cr_assert(addr_parse(&a, "224.0.0.251") && addr_is_multicast(&a));
	cr_assert(addr_parse(&a, "240.0.0.1") && !addr_is_multicast(&a));
	cr_assert(addr_parse(&a, "ff02::1") && addr_is_multicast(&a));
	cr_assert(addr_parse(&a, "fe80::1") && !addr_is_multicast(&a));
	cr_assert(addr_parse(&a, "0.0.0.0") && addr_is_unspecified(&a));
	cr_assert(addr_parse(&a, "::") && addr_is_unspecified(&a));
	cr_assert(addr_parse(&a, "127.0.0.1") && addr_is_loopback(&a) && !addr_is_unspecified(&a));
	cr_assert(addr_parse(&a, "::1") && addr_is_loopback(&a));
	a = addr_from_ipv4(0x0a000214);
	cr_assert(addr_is_ipv4(&a));
	a = addr_from_wire(BYTES((const uint8_t *)"abc", 3));
	cr_assert(addr_is_unspecified(&a), "a length no header has");
}
