/*
 * Certificates made with the openssl command (req -x509, and x509 -req -CA by a lab authority), as
 * hexadecimal text. What is expected of them is what `openssl x509 -noout -text` prints.
 */
#include <criterion/criterion.h>

#include "pcaudit/base/util.h"
#include "pcaudit/crypto.h"

/* Subject O=Contoso, OU=Voice without a common name; alternative names of four kinds. */
static const char odd[] =
        "308201b93082015fa0030201020214064d76c3f11996737312d5dcbd5319918aada6c8300a06082a8648ce3d"
        "0403023011310f300d06035504030c064c6162204341301e170d3236313132313032313130325a170d333631"
        "3131383032313130325a30223110300e060355040a0c07436f6e746f736f310e300c060355040b0c05566f69"
        "63653059301306072a8648ce3d020106082a8648ce3d030107034200042b46278a1baeebfdda1fd1a4540e39"
        "4cbd328fcc19d041b0c63b72e97990217836de9ca7bc67e8d4bd2781a2677bc3f9ff648a2aa50e1dac4e0ae6"
        "1a55b9c7a0a38183308180303e0603551d11043730358209612e6578616d706c65871020010db80000000000"
        "000000000000018209622e6578616d706c65810b7840792e6578616d706c65301d0603551d0e04160414e62e"
        "1292df827aed6e03d9d7731ec01f81147144301f0603551d2304183016801408841b81e4054848904b680af2"
        "e48ec1cab43950300a06082a8648ce3d0403020348003045022100c33ce902e4e9e5ac60a070a86f8c058fb7"
        "37c7f013ddde72f5747f5a704e1416022052a4329c8c5a7d9601a7483dce6141d0bb371bf24f771be4d26c7d"
        "8990d116ca";

/* Self-signed, common name stranger.example, no extensions. */
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

/* Self-signed, its common name is 64 times the letter u umlaut: 128 bytes of UTF-8. */
static const char umlauts[] =
        "3082027330820219a0030201020214292612c4a1c6e97d6be482ca56efa76f72593216300a06082a8648ce3d"
        "04030230818e31818b30818806035504030c8180c3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bc"
        "c3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bc"
        "c3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bc"
        "c3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bc301e170d3236313132313032313134335a170d333631313138303231"
        "3134335a30818e31818b30818806035504030c8180c3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3"
        "bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3"
        "bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3"
        "bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bc3059301306072a8648ce3d020106082a8648ce3d03010703420004"
        "b0a533d51dd1e6f4c44fd4e8ea8e4afc3a6552c6f2f04f94a2f88f7b07639eaf1c89039fcf03489cad63360c"
        "97a6c4382b3b736f73752d0e04ff3c84493c9cf2a3533051301d0603551d0e041604148cfa48d94635ba67f2"
        "6abcdcf1db645cac92b87d301f0603551d230418301680148cfa48d94635ba67f26abcdcf1db645cac92b87d"
        "300f0603551d130101ff040530030101ff300a06082a8648ce3d04030203480030450220658728c3160d8346"
        "ef5ff218cdbac7e9254f9055e21b4ada61662326f19cee230221009f5df7732247fa49cb2859b54e57dd7267"
        "361ccff3241e1ae2647dcd44559dce";

static size_t to_bytes(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;
	for (size_t i = 0; i < n; i++) {
		unsigned byte;
		cr_assert_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return n;
}

static bool parse(struct cert_info *info, const char *hex)
{
	uint8_t der[1024];
	return cert_parse(info, BYTES(der, to_bytes(hex, der)));
}

Test(crypto_cert, names_and_times)
{
	struct cert_info info;
	cr_assert(parse(&info, odd));
	cr_assert_str_eq(info.subject, "OU=Voice,O=Contoso");
	cr_assert_str_eq(info.issuer, "Lab CA");
	cr_assert_eq(info.n_names, 3); /* names of hosts, then addresses; a mailbox is neither */
	cr_assert_str_eq(info.names[0], "a.example");
	cr_assert_str_eq(info.names[1], "b.example");
	cr_assert_str_eq(info.names[2], "2001:db8::1");
	cr_assert_eq(info.not_before, 1795227062);
	cr_assert_eq(info.not_after, 2110587062);
	cr_assert_eq(info.key_bits, 256);
	cr_assert_not(info.is_self_signed);
	static const uint8_t digest[] = { 0xe8, 0xb6, 0xce, 0xc2, 0x5b, 0x17, 0x36, 0xd4 };
	cr_assert_arr_eq(info.sha256, digest, sizeof(digest));
}

Test(crypto_cert, self_signed)
{
	struct cert_info info;
	cr_assert(parse(&info, stranger));
	cr_assert(info.is_self_signed);
	cr_assert_str_eq(info.subject, "stranger.example");
	cr_assert_str_eq(info.issuer, "stranger.example");
	cr_assert_eq(info.n_names, 0);
}

Test(crypto_cert, a_long_name_is_cut_between_letters)
{
	struct cert_info info;
	cr_assert(parse(&info, umlauts));
	cr_assert_eq(strlen(info.subject), 126); /* 127 would split the last one */
	cr_assert_str_eq(info.subject + 124, "\xc3\xbc");
}

Test(crypto_cert, a_nul_does_not_shorten_a_name)
{
	uint8_t der[1024];
	struct cert_info info;
	struct bytes bytes = BYTES(der, to_bytes(stranger, der));
	ptrdiff_t at;
	while ((at = bytes_find(bytes, BYTES_LITERAL("stranger."))) >= 0)
		der[at + 8] = '\0';
	cr_assert(cert_parse(&info, bytes));
	cr_assert_str_eq(info.subject, "stranger?example");
}

Test(crypto_cert, what_is_no_certificate)
{
	struct cert_info info;
	uint8_t der[1024];
	cr_assert_not(cert_parse(&info, BYTES(NULL, 0)));
	cr_assert_not(cert_parse(&info, BYTES_LITERAL("0123456789")));
	size_t n = to_bytes(stranger, der);
	for (size_t cut = 1; cut < n; cut++) {
		uint8_t *exact = malloc(n - cut);
		memcpy(exact, der, n - cut);
		cr_assert_not(cert_parse(&info, BYTES(exact, n - cut)), "without the last %zu",
		              cut);
		free(exact);
	}
	cr_assert_eq(info.n_names, 0);
}
