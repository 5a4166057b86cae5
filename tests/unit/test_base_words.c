#include <criterion/criterion.h>

#include "pcaudit/base/words.h"

/* The families as the contract prints them. */
Test(base_words, families)
{
	cr_assert(family_has(FAMILY_SIP, PROTOCOL_SIP, true, false));
	cr_assert(!family_has(FAMILY_SIP, PROTOCOL_HTTP, true, false));
	cr_assert(family_has(FAMILY_XMPP, PROTOCOL_XMPP_SERVER, true, false));
	cr_assert(!family_has(FAMILY_XMPP, PROTOCOL_XMPP_CLIENT, true, false));
	cr_assert(family_has(FAMILY_STUN, PROTOCOL_STUN, false, false));
	cr_assert(family_has(FAMILY_STUN, PROTOCOL_TURN, true, false));
	cr_assert(family_has(FAMILY_STUN, PROTOCOL_MSTURN, true, false));
	cr_assert(!family_has(FAMILY_STUN, PROTOCOL_RTP, false, false));
	cr_assert(family_has(FAMILY_RTP, PROTOCOL_RTP, false, false));
	cr_assert(family_has(FAMILY_RTP, PROTOCOL_RTCP, false, false));
	cr_assert(family_has(FAMILY_RTP, PROTOCOL_STUN, false, false));
	cr_assert(family_has(FAMILY_RTP, PROTOCOL_DTLS, false, false));
	cr_assert(!family_has(FAMILY_RTP, PROTOCOL_TURN, false, false));
	cr_assert(family_has(FAMILY_HTTPS, PROTOCOL_HTTP, true, true));
	cr_assert(!family_has(FAMILY_HTTPS, PROTOCOL_HTTP, true, false));
	cr_assert(family_has(FAMILY_HTTP, PROTOCOL_HTTP, true, false));
	cr_assert(family_has(FAMILY_APP_SHARING, PROTOCOL_RTP, true, false));
	cr_assert(!family_has(FAMILY_APP_SHARING, PROTOCOL_RTP, false, false));
	cr_assert(family_has(FAMILY_ANY, PROTOCOL_OTHER, true, false));
	cr_assert(!family_has(FAMILY_TDS, PROTOCOL_UNKNOWN, true, false));
}

Test(base_words, tls_contradicts)
{
	static const enum family contradicted[] = { FAMILY_STUN, FAMILY_RTP,     FAMILY_SMB,
		                                    FAMILY_DHCP, FAMILY_DCE_RPC, FAMILY_SSRP };
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(contradicted) / sizeof(contradicted[0]); i++)
		cr_expect(family_excludes_tls(contradicted[i]), "%s", family_word(contradicted[i]));
	for (unsigned f = 0; f < N_FAMILIES; f++)
		n += family_excludes_tls((enum family)f);
	cr_assert_eq(n, 6);
}

/* Every word reads back as what it was written from, and no two share one. */
Test(base_words, round_trip)
{
	size_t n;
	const char *const *words = family_words(&n);

	cr_assert_eq(n, N_FAMILIES);
	for (unsigned f = 0; f < N_FAMILIES; f++) {
		enum family back;
		cr_expect(family_parse(&back, family_word((enum family)f)) &&
		          back == (enum family)f);
		cr_expect_str_eq(words[f], family_word((enum family)f));
		cr_expect_neq(family_help((enum family)f)[0], '\0');
	}
	for (unsigned s = 0; s < N_SECURITIES; s++) {
		enum security back;
		cr_expect(security_rule_parse(&back, security_rule_word((enum security)s)) &&
		          back == (enum security)s);
	}
	for (unsigned a = 0; a < N_PROTOCOLS; a++)
		for (unsigned b = 0; b < a; b++)
			cr_expect_str_neq(protocol_word((enum protocol)a),
			                  protocol_word((enum protocol)b));
	cr_assert_str_eq(security_word(SECURITY_UNKNOWN), "unknown");
	cr_assert_str_eq(security_rule_word(SECURITY_UNKNOWN), "unspecified");
}

Test(base_words, transports)
{
	char buffer[4];
	uint8_t number;

	cr_assert_str_eq(transport_word(6, buffer), "tcp");
	cr_assert_str_eq(transport_word(50, buffer), "esp");
	cr_assert_str_eq(transport_word(255, buffer), "255");
	cr_assert(transport_parse(&number, "icmpv6") && number == 58);
	cr_assert(transport_parse(&number, "47") && number == 47);
	cr_assert(!transport_parse(&number, "256"));
	cr_assert(!transport_parse(&number, "-1"));
	cr_assert(!transport_parse(&number, "tcp "));
	cr_assert(!transport_parse(&number, ""));
}
