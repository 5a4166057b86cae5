/*
 * The ClientHello and its fingerprints. The JA4 example is the one of the public description: 15
 * suites, 16 extensions, h2.
 */
#include "detect_hex.h"

#include "detect/tls_parts.h"

#define RANDOM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static bool parse(struct client_hello *hello, const char *hex, bool is_dtls, uint8_t *data)
{
	return client_hello_parse(hello, BYTES(data, hex_to_bytes(hex, data)), is_dtls);
}

/* GREASE first, and in suites, extensions, versions and groups. */
static const char browser[] =
        "0303" RANDOM "00"
        "0020 0a0a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"
        "0100"
        "008b"
        "1a1a 0000"
        "0000 0009 0007 00 0004 'host'"
        "0017 0000"
        "ff01 0001 00"
        "000a 0006 0004 2a2a 001d"
        "000b 0002 01 00"
        "0023 0000"
        "0010 000e 000c 02 'h2' 08 'http/1.1'"
        "0005 0005 01 0000 0000"
        "000d 0012 0010 0403 0804 0401 0503 0805 0501 0806 0601"
        "0012 0000"
        "0033 0002 0000"
        "002d 0002 01 01"
        "002b 0007 06 3a3a 0304 0303"
        "001b 0003 02 0002"
        "4469 0002 0000"
        "0015 0000";

Test(detect_tls_hello, fields_of_a_browsers_hello)
{
	uint8_t data[2048];
	struct client_hello hello;
	cr_assert(parse(&hello, browser, false, data));
	cr_assert_eq(hello.version, 0x0303);
	cr_assert_eq(hello.max_version, 0x0304);
	cr_assert(bytes_equal(hello.sni, BYTES_LITERAL("host")));
	cr_assert(hello.has_sni && hello.has_ticket);
	cr_assert_eq(hello.ticket.len, 0);
	cr_assert_not(hello.offers_psk);
	struct reader list = reader_of(hello.alpn);
	struct bytes name;
	cr_assert(alpn_next(&list, &name) && bytes_equal(name, BYTES_LITERAL("h2")));
	cr_assert(alpn_next(&list, &name) && bytes_equal(name, BYTES_LITERAL("http/1.1")));
	cr_assert_not(alpn_next(&list, &name));
}

Test(detect_tls_hello, ja4_of_the_public_example)
{
	uint8_t data[2048];
	struct client_hello hello;
	char ja4[JA4_SIZE];
	cr_assert(parse(&hello, browser, false, data));
	cr_assert(client_hello_ja4(&hello, ja4));
	cr_assert_str_eq(ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

Test(detect_tls_hello, ja3_is_the_md5_of_the_decimal_lists)
{
	/* By md5sum of the text that the description asks for. */
	uint8_t data[2048];
	struct client_hello hello;
	char ja3[JA3_SIZE];
	cr_assert(parse(&hello, browser, false, data));
	cr_assert(client_hello_ja3(&hello, ja3));
	cr_assert_str_eq(ja3, "ddccd825dd16894c51af372253871ddf");
}

/*
 * What Wireshark printed for hellos of Firefox (two), Java, and OpenSSL (two): its decimal lists in
 * wire order, its signature algorithms, and the two fingerprints.
 */
static const struct printed {
	const char *suites, *extensions, *groups, *formats, *signatures, *alpn;
	const char *ja3, *ja4;
} printed[] = {
	{ "4865 4867 4866 49195 49199 52393 52392 49196 49200 49162 49161 49171 49172 156 157 47 "
	  "53",
	  "0 10 11 13 16 23 43 51 65281 45", "29 23 24", "0",
	  "1027 1283 2052 2053 2054 1025 1281 1537 515 513", "h2",
	  "5eda2dd403b75ed926fbcd88d75aafc7", "t13d1710h2_5b57614c22b0_1b18b669d02d" },
	{ "4865 4867 4866 49195 49199 52393 52392 49196 49200 49162 49171 49172 156 157 47 53",
	  "0 23 65281 10 11 35 16 5 34 18 51 43 13 45 28 27 65037", "4588 29 23 24 25 256 257", "0",
	  "1027 1283 1539 2052 2053 2054 1025 1281 1537 515 513", "h2",
	  "6447ab086255d194909d4013b1a89e87", "t13d1617h2_86a278354501_3cbfd9057e0d" },
	{ "4866 4865 49196 49195 49200 49199 49188 49187 49192 49191 49162 49161 49172 49171 157 "
	  "156 "
	  "61 60 53 47",
	  "0 5 43 13 35 10 11 16 51 49 23 65281 45", "29 23 24", "0",
	  "2052 2053 2054 1025 1281 513 1027 1283 515 514 1537 1539", "http/1.1",
	  "fae0e5d973c96ae1888b99538efa0363", "t13d2013h1_2b729b4bf6f3_e24568c0d440" },
	{ "4866 4867 4865 255", "0 11 10 35 22 23 13 43 45 51", "29 23 30 25 24", "0 1 2",
	  "1027 1283 1539 2055 2056 2057 2058 2059 2052 2053 2054 1025 1281 1537", NULL,
	  "a66e498c488aa0523759691248cdfb01", "t13d041000_16476d049b0b_78f1d400d464" },
	{ "4867", "0 11 10 35 22 23 13 43 45 51", "29 23 30 25 24 256 257 258 259 260", "0 1 2",
	  "1027 1283 1539 2055 2056 2074 2075 2076 2057 2058 2059 2052 2053 2054 1025 1281 1537",
	  NULL, "482d93134dde169bf71e5da09c7715a8", "t13d011000_58070c528ac8_3eb3b556ea2c" },
};

/* A hello in the making. */
struct made {
	uint8_t data[2048];
	size_t len;
};

static void put(struct made *made, unsigned value, unsigned width)
{
	while (width--)
		made->data[made->len++] = (uint8_t)(value >> 8 * width);
}

/* Room for the length of what follows, and that length. */
static size_t begin(struct made *made, unsigned width)
{
	put(made, 0, width);
	return made->len;
}

static void end(struct made *made, size_t start, unsigned width)
{
	size_t len = made->len - start;
	for (unsigned i = 0; i < width; i++)
		made->data[start - 1 - i] = (uint8_t)(len >> 8 * i);
}

static void put_list(struct made *made, const char *numbers, unsigned width, bool with_grease)
{
	if (with_grease)
		put(made, 0x4a4a, 2);
	for (char *at = NULL; *numbers; numbers = at)
		put(made, (unsigned)strtoul(numbers, &at, 10), width);
}

static void put_extension(struct made *made, const struct printed *p, unsigned type,
                          bool with_grease)
{
	put(made, type, 2);
	size_t body = begin(made, 2);
	size_t wide = type == 10 || type == 13 || type == 16 ? begin(made, 2) : 0;
	size_t narrow = type == 11 || type == 16 || type == 43 ? begin(made, 1) : 0;
	if (type == 10)
		put_list(made, p->groups, 2, with_grease);
	else if (type == 11)
		put_list(made, p->formats, 1, false);
	else if (type == 13)
		put_list(made, p->signatures, 2, false);
	else if (type == 43)
		put_list(made, "772 771", 2, with_grease);
	for (const char *c = type == 16 ? p->alpn : ""; *c; c++)
		put(made, (uint8_t)*c, 1);
	if (narrow)
		end(made, narrow, 1);
	if (wide)
		end(made, wide, 2);
	end(made, body, 2);
}

static void make(struct made *made, const struct printed *p, bool with_grease)
{
	made->len = 0;
	put(made, 0x0303, 2);
	for (unsigned i = 0; i < 33; i++) /* random, and no session id */
		put(made, 0, 1);
	size_t suites = begin(made, 2);
	put_list(made, p->suites, 2, with_grease);
	end(made, suites, 2);
	put(made, 0x0100, 2);
	size_t extensions = begin(made, 2);
	if (with_grease)
		put(made, 0x6a6a0000, 4);
	const char *types = p->extensions;
	for (char *at = NULL; *types; types = at)
		put_extension(made, p, (unsigned)strtoul(types, &at, 10), with_grease);
	if (with_grease)
		put(made, 0xfafa0000, 4);
	end(made, extensions, 2);
}

Test(detect_tls_hello, fingerprints_as_others_print_them)
{
	for (size_t i = 0; i < ARRAY_SIZE(printed) * 2; i++) {
		const struct printed *p = &printed[i / 2];
		struct client_hello hello;
		struct made made;
		char ja3[JA3_SIZE], ja4[JA4_SIZE];
		make(&made, p, i % 2);
		cr_assert(client_hello_parse(&hello, BYTES(made.data, made.len), false));
		cr_assert(client_hello_ja3(&hello, ja3) && client_hello_ja4(&hello, ja4));
		cr_expect_str_eq(ja3, p->ja3, "%s", p->ja4);
		cr_expect_str_eq(ja4, p->ja4);
	}
}

Test(detect_tls_hello, without_extensions)
{
	uint8_t data[2048];
	struct client_hello hello;
	char ja3[JA3_SIZE], ja4[JA4_SIZE];
	cr_assert(parse(&hello, "0301" RANDOM "04 aabbccdd 0002 002f 0100", false, data));
	cr_assert_eq(hello.max_version, 0x0301);
	cr_assert_eq(hello.session_id.len, 4);
	cr_assert(client_hello_ja3(&hello, ja3));
	cr_assert_str_eq(ja3, "b02be259814e870a469a20ce9b2a7900"); /* 769,47,,, */
	cr_assert(client_hello_ja4(&hello, ja4));
	cr_assert_str_eq(ja4, "t10i010000_ba72b8082249_000000000000");
}

Test(detect_tls_hello, ja4_alpn_that_is_not_text)
{
	uint8_t data[2048];
	struct client_hello hello;
	char ja4[JA4_SIZE];
	/* ab 63: the first byte is no letter, so the hexadecimal ab...63 gives a and 3. */
	cr_assert(parse(&hello, "0303" RANDOM "00 0002 002f 0100 0009 0010 0005 0003 02 ab63",
	                false, data));
	cr_assert(client_hello_ja4(&hello, ja4));
	cr_assert(strncmp(ja4, "t12i0101a3_", 11) == 0, "%s", ja4);
}

Test(detect_tls_hello, tickets_and_early_data)
{
	uint8_t data[2048];
	struct client_hello hello;
	cr_assert(parse(&hello,
	                "0303" RANDOM
	                "00 0002 1301 0100 0010 0023 0002 beef 002a 0000 0029 0002 0000",
	                false, data));
	cr_assert(bytes_equal(hello.ticket, BYTES_LITERAL("\xbe\xef")));
	cr_assert(hello.offers_psk && hello.offers_early_data);
}

Test(detect_tls_hello, dtls_has_a_cookie_and_counts_down)
{
	uint8_t data[2048];
	struct client_hello hello;
	char ja4[JA4_SIZE];
	cr_assert(parse(&hello,
	                "fefd" RANDOM
	                "00 03 aabbcc 0002 1301 0100 000b 002b 0007 06 0304 fefd fefc",
	                true, data));
	cr_assert_eq(hello.max_version, 0xfefc);
	cr_assert(client_hello_ja4(&hello, ja4));
	cr_assert(strncmp(ja4, "dd3i0101", 8) == 0, "%s", ja4);
}

Test(detect_tls_hello, what_is_not_whole_is_refused)
{
	uint8_t data[2048];
	size_t len = hex_to_bytes(browser, data);
	for (size_t n = 0; n < len; n++) {
		struct client_hello hello;
		_cleanup_(freep) uint8_t *exact = malloc(n ? n : 1);
		memcpy(exact, data, n);
		/* One cut is a whole hello too: just before the extensions. */
		bool is_whole = client_hello_parse(&hello, BYTES(exact, n), false);
		cr_assert_eq(is_whole, n == 2 + 32 + 1 + 2 + 32 + 2, "%zu bytes", n);
	}
	struct client_hello hello;
	cr_assert_not(parse(&hello, "0303" RANDOM "00 0000 0100", false, data));
	cr_assert_not(parse(&hello, "0303" RANDOM "00 0003 002f00 0100", false, data));
	/* An extension longer than its block. */
	cr_assert_not(parse(&hello, "0303" RANDOM "00 0002 002f 0100 0004 0000 0009", false, data));
}

Test(detect_tls_hello, grease)
{
	cr_assert(is_grease(0x0a0a) && is_grease(0xfafa) && is_grease(0x5a5a));
	cr_assert_not(is_grease(0x0a1a) || is_grease(0x0a0b) || is_grease(0x1301));
}
