/* src/detect/dhcp.c: DHCP by header, cookie and message type. */
#include "detect_hex.h"

/* A BOOTP header: op, hardware, then 232 bytes up to the cookie, and options. */
static void feed_dhcp(struct feed *feed, unsigned side, const char *start, const char *options)
{
	uint8_t data[2048] = { 0 };
	hex_to_bytes(start, data);
	memcpy(data + 236, "\x63\x82\x53\x63", 4);
	size_t len = 240 + hex_to_bytes(options, data + 240);
	feed_udp(feed, side, data, len);
}

static void feed_open_dhcp(struct feed *feed)
{
	feed_open_udp(feed);
	feed->flow.port[0] = 68;
	feed->flow.port[1] = 67;
}

Test(detect_dhcp, discover_to_ack)
{
	struct feed feed;
	feed_open_dhcp(&feed);
	feed_dhcp(&feed, 0, "01010600", "00 350101 3c0c 'MS-UC-Client' ff");
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DHCP);
	cr_assert_eq(feed.flow.facts->opener_side, 0);
	feed_dhcp(&feed, 1, "02010600", "350102 ff");
	feed_dhcp(&feed, 0, "01010600", "3c05 'other' 350103 ff");
	feed_dhcp(&feed, 1, "02010600", "350105 ff");
	feed_finish(&feed);
	const struct facts *facts = feed.flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_DHCP);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert_eq(facts->opener_side, 0);
	cr_assert(feed_has_text(&feed, "dhcp.vendor_class", "MS-UC-Client"));
	cr_assert_not(feed_has_text(&feed, "dhcp.vendor_class", "other"));
	const char *const seen[] = { "discover", "offer", "request", "ack" };
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		cr_assert(feed_has_text(&feed, "dhcp.message", seen[i]), "%s", seen[i]);
	feed_close(&feed);
}

Test(detect_dhcp, every_type_and_who_opened)
{
	static const struct {
		const char *start, *options, *word;
		int opener;
	} cases[] = {
		{ "01010600", "350101", "discover", 0 }, { "02010600", "350102", "offer", 1 },
		{ "01010600", "350103", "request", 0 },  { "01010600", "350104", "decline", 0 },
		{ "02010600", "350105", "ack", 1 },      { "02010600", "350106", "nak", 1 },
		{ "01010600", "350107", "release", 0 },  { "01010600", "350108", "inform", 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct feed feed;
		feed_open_dhcp(&feed);
		feed_dhcp(&feed, 0, cases[i].start, cases[i].options);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DHCP, "%s", cases[i].word);
		cr_assert_eq(feed.flow.facts->opener_side, cases[i].opener, "%s", cases[i].word);
		cr_assert(feed_has_text(&feed, "dhcp.message", cases[i].word));
		feed_close(&feed);
	}
}

Test(detect_dhcp, that_is_none)
{
	static const struct {
		const char *start, *options;
	} cases[] = {
		{ "03010600", "350101" },      /* op */
		{ "01020600", "350101" },      /* hardware type */
		{ "01010800", "350101" },      /* hardware address length */
		{ "01010600", "350100" },      /* no such type */
		{ "01010600", "350109" },      /* no such type */
		{ "01010600", "350102" },      /* an offer from a client */
		{ "02010600", "350101" },      /* a discover from a server */
		{ "01010600", "35020101" },    /* length of the option */
		{ "01010600", "ff 350101" },   /* behind the end */
		{ "01010600", "3c09 350101" }, /* in another option, which is cut */
		{ "01010600", "" },            /* plain BOOTP */
		{ "01010600", "35" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct feed feed;
		feed_open_dhcp(&feed);
		feed_dhcp(&feed, 0, cases[i].start, cases[i].options);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN, "case %zu", i);
		feed_close(&feed);
	}
	uint8_t zeros[300] = { 1, 1, 6 };
	struct feed feed;
	feed_open_dhcp(&feed);
	feed_udp(&feed, 0, zeros, sizeof(zeros));
	feed_udp(&feed, 0, zeros, 239);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN, "no cookie");
	feed_close(&feed);
}

Test(detect_dhcp, noise_is_not_named)
{
	cr_assert_eq(count_named_noise(67, 4000, -1), 0);
	cr_assert_eq(count_named_noise(68, 1000, 0x01), 0);
}

/* Option 120 (RFC 3361): two names, or two addresses. */
Test(detect_dhcp, sip_servers)
{
	struct feed feed;
	feed_open_dhcp(&feed);
	feed_dhcp(&feed, 0, "01010600", "350108 3c0c 'MS-UC-Client' 3702 782b ff");
	cr_assert_eq(feed_number(&feed, "dhcp.lync"), 1);
	feed_dhcp(&feed, 1, "02010600",
	          "350105 7827 00 04'pool'07'contoso'07'example'00 04'sip2'07'contoso'01'x'00 ff");
	feed_dhcp(&feed, 1, "02010600", "350105 7809 01 0a000214 0a000215 ff");
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "dhcp.sip_servers", "pool.contoso.example"));
	cr_assert(feed_has_text(&feed, "dhcp.sip_servers", "sip2.contoso.x"));
	cr_assert(feed_has_text(&feed, "dhcp.sip_servers", "10.0.2.20"));
	cr_assert(feed_has_text(&feed, "dhcp.sip_servers", "10.0.2.21"));
	feed_close(&feed);
}

Test(detect_dhcp, sip_servers_that_are_none)
{
	static const char *const options[] = {
		"350105 7800 ff",                  /* nothing */
		"350105 7806 02 0a000214 00 ff",   /* an encoding that does not exist */
		"350105 7804 01 0a0002 ff",        /* half an address */
		"350105 7806 00 05'pool' ff",      /* a label that breaks off */
		"350105 7806 00 04'pool' ff",      /* no end */
		"350105 7807 00 04'po'0102 00 ff", /* not printable */
		"350105 7802 00 00 ff",            /* the root */
	};
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		struct feed feed;
		feed_open_dhcp(&feed);
		feed_dhcp(&feed, 1, "02010600", options[i]);
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DHCP);
		cr_assert_eq(feed_number(&feed, "dhcp.sip_servers"), -1, "%zu", i);
		cr_assert_eq(feed_number(&feed, "dhcp.lync"), -1, "%zu", i);
		feed_close(&feed);
	}
}

/* Option 43 as administrators set it up for phones of Lync: identifier, scheme, host, port, path.
 */
Test(detect_dhcp, where_phones_get_certificates)
{
	struct feed feed;
	feed_open_dhcp(&feed);
	feed_dhcp(&feed, 1, "02010600",
	          "350105 2b37 010c'MS-UC-Client' 0205'https' 030c'pool.example' 0403'443' "
	          "050d'/CertProv.svc' ff");
	feed_finish(&feed);
	cr_assert_eq(feed_number(&feed, "dhcp.lync"), 1);
	cr_assert(feed_has_text(&feed, "dhcp.certificates_from",
	                        "https://pool.example:443/CertProv.svc"));
	feed_close(&feed);
	/* The same option of another vendor. */
	feed_open_dhcp(&feed);
	feed_dhcp(&feed, 1, "02010600", "350105 2b10 0106'Others' 0306'a.b.cd' ff");
	feed_finish(&feed);
	cr_assert_eq(feed_number(&feed, "dhcp.lync"), -1);
	cr_assert_eq(feed_number(&feed, "dhcp.certificates_from"), -1);
	feed_close(&feed);
}
