/* Names of numbers, spot-checked against the IANA registries. */
#include <criterion/criterion.h>

#include "detect/tls_parts.h"

Test(detect_tls_names, suites)
{
	cr_assert_str_eq(tls_suite_name(0x0000), "TLS_NULL_WITH_NULL_NULL");
	cr_assert_str_eq(tls_suite_name(0x002f), "TLS_RSA_WITH_AES_128_CBC_SHA");
	cr_assert_str_eq(tls_suite_name(0x009c), "TLS_RSA_WITH_AES_128_GCM_SHA256");
	cr_assert_str_eq(tls_suite_name(0x1301), "TLS_AES_128_GCM_SHA256");
	cr_assert_str_eq(tls_suite_name(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	cr_assert_str_eq(tls_suite_name(0xcca8), "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");
	cr_assert_null(tls_suite_name(0xffff));
	cr_assert_null(tls_suite_name(0x0a0a));
}

Test(detect_tls_names, every_suite_is_found)
{
	/* The search is by halves: an entry out of order would hide others. */
	unsigned n = 0;
	for (unsigned suite = 0; suite <= 0xffff; suite++)
		n += tls_suite_name((uint16_t)suite) != NULL;
	cr_assert_gt(n, 350);
}

Test(detect_tls_names, weak_suites)
{
	static const uint16_t weak[] = {
		0x0000, /* nothing */
		0x0002, /* NULL with SHA */
		0x0003, /* export, RC4 with 40 bits */
		0x0004, /* RC4 with MD5 */
		0x0005, /* RC4 with SHA */
		0x0009, /* DES */
		0x000a, /* 3DES */
		0x0018, /* anonymous, RC4: the pseudo hello's */
		0x0034, /* anonymous, AES */
		0x003b, /* NULL with SHA-256 */
		0xc010, /* ECDHE, NULL */
		0xc012, /* ECDHE, 3DES */
		0xc018, /* ECDH anonymous, AES */
	};
	static const uint16_t good[] = { 0x002f, 0x0035, 0x009c, 0xc02f,
		                         0xc030, 0x1301, 0x1303, 0xc013 };
	for (size_t i = 0; i < ARRAY_SIZE(weak); i++)
		cr_assert(tls_suite_is_weak(weak[i]), "%04x", weak[i]);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		cr_assert_not(tls_suite_is_weak(good[i]), "%04x", good[i]);
	cr_assert_not(tls_suite_is_weak(0xfafa));
}

Test(detect_tls_names, alerts_and_versions)
{
	cr_assert_str_eq(tls_alert_name(0), "close_notify");
	cr_assert_str_eq(tls_alert_name(40), "handshake_failure");
	cr_assert_str_eq(tls_alert_name(48), "unknown_ca");
	cr_assert_str_eq(tls_alert_name(116), "certificate_required");
	cr_assert_str_eq(tls_alert_name(255), "unassigned alert");
	cr_assert_str_eq(tls_version_name(0x0300), "SSL 3.0");
	cr_assert_str_eq(tls_version_name(0x0301), "TLS 1.0");
	cr_assert_str_eq(tls_version_name(0x0304), "TLS 1.3");
	cr_assert_str_eq(tls_version_name(0xfefd), "DTLS 1.2");
	cr_assert_null(tls_version_name(0x7f1c));
}
