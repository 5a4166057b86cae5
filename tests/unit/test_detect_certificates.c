#include <criterion/criterion.h>
#include <string.h>

#include "detect/priv.h"

/* Self-signed, common name stranger.example (openssl req -x509). Its last bytes are the signature,
   which nobody here checks: other bytes there make other certificates. */
static const char stranger[] =
        "3082018c30820131a00302010202140a346bc8b5de0701a5ac3d5586ba86e2df22775f300a06082a8648ce3d"
        "040302301b3119301706035504030c10737472616e6765722e6578616d706c65301e170d3236313132313031"
        "353533345a170d3336313131383031353533345a301b3119301706035504030c10737472616e6765722e6578"
        "616d706c653059301306072a8648ce3d020106082a8648ce3d03010703420004b7b7b094e1f848f2c8c27f69"
        "8f24383a5d306d059f2b0451a090a025140fc7b84f4712fc63eaa2faefbf48ed206beeb95575434c3749d9dd"
        "b804fd75a7ced913a3533051301d0603551d0e04160414fd7faef24b8346ec2207f55d8652ec4b225457b230"
        "1f0603551d23041830168014fd7faef24b8346ec2207f55d8652ec4b225457b2300f0603551d130101ff0405"
        "30030101ff300a06082a8648ce3d040302034900304602210096dbb2d8b602433ffbbac04478d6d7dfb5ca4f"
        "dd9b149a70298bb0d1fef798c7022100e494a5ebb8bac37d6d40f2edd1f6f6f25450e0c74c6ede28ba7e4879"
        "c895cf0a";

#define LEN ((sizeof(stranger) - 1) / 2)

/* The certificate whose signature ends in a number. */
static struct bytes certificate(uint8_t der[static LEN], unsigned number)
{
	for (size_t i = 0; i < LEN; i++) {
		unsigned byte;
		cr_assert_eq(sscanf(stranger + 2 * i, "%2x", &byte), 1);
		der[i] = (uint8_t)byte;
	}
	der[LEN - 1] ^= (uint8_t)number;
	der[LEN - 2] ^= (uint8_t)(number >> 8);
	return BYTES(der, LEN);
}

Test(certificates, one_is_parsed_once)
{
	struct certificates *cache = certificates_new();
	uint8_t first[LEN], again[LEN], other[LEN], digest[32];

	const struct cert_info *info = certificates_get(cache, certificate(first, 0));
	cr_assert_not_null(info);
	cr_expect_str_eq(info->subject, "stranger.example");
	cr_expect_eq(certificates_get(cache, certificate(again, 0)), info);
	const struct cert_info *two = certificates_get(cache, certificate(other, 1));
	cr_assert_not_null(two);
	sha256(BYTES(other, LEN), digest);
	cr_expect_arr_eq(two->sha256, digest, 32);
	sha256(BYTES(first, LEN), digest);
	cr_expect_arr_eq(certificates_get(cache, certificate(again, 0))->sha256, digest, 32);
	certificates_free(cache);
}

/* A cut or a longer one with the same beginning and another end is another certificate. */
Test(certificates, what_is_no_certificate_is_none_each_time)
{
	struct certificates *cache = certificates_new();
	uint8_t der[LEN];
	struct bytes whole = certificate(der, 0);

	for (unsigned i = 0; i < 3; i++) {
		cr_expect_null(certificates_get(cache, BYTES(der, LEN - 1)));
		cr_expect_null(certificates_get(cache, BYTES(der, 5)));
		cr_expect_null(certificates_get(cache, BYTES(der, 0)));
		cr_expect_not_null(certificates_get(cache, whole));
	}
	certificates_free(cache);
}

Test(certificates, many_push_each_other_out_and_stay_right)
{
	struct certificates *cache = certificates_new();
	uint8_t der[LEN], digest[32];

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 2000; i++) {
			struct bytes bytes = certificate(der, i);
			const struct cert_info *info = certificates_get(cache, bytes);
			cr_assert_not_null(info);
			sha256(bytes, digest);
			cr_assert_arr_eq(info->sha256, digest, 32);
		}
	}
	certificates_free(cache);
}

/* Longer than is kept: parsed each time, with the same answer. */
Test(certificates, a_huge_one_is_not_kept)
{
	static uint8_t der[LEN + 60000];
	struct certificates *cache = certificates_new();
	struct bytes bytes = certificate(der, 0);

	bytes.len =
	        sizeof(der); /* the certificate ends where it says; what follows it is not read */
	for (unsigned i = 0; i < 2; i++) {
		const struct cert_info *info = certificates_get(cache, bytes);
		cr_assert_not_null(info);
		cr_expect_str_eq(info->subject, "stranger.example");
	}
	certificates_free(cache);
}
