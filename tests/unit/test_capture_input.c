#include "test_capture_files.h"

#include <errno.h>
#include <fcntl.h>

#define SECOND NS_PER_SECOND

static const uint8_t two_records[] = {
	PCAP_LE(MAGIC_US, 1),
	RECORD_LE(1700000000, 250000, 3, 1500),
	'a',
	'b',
	'c',
	RECORD_LE(1700000001, 999999, 2, 2),
	'd',
	'e',
};

Test(input, classic_little_endian)
{
	_cleanup_(source_freep) struct source *source =
	        good_source(two_records, sizeof(two_records), NULL);
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.file, 1);
	cr_expect_eq(frame.number, 1);
	cr_expect_eq(frame.time_ns, INT64_C(1700000000250000000));
	cr_expect_eq(frame.link_type, 1);
	cr_expect(bytes_equal(frame.data, BYTES_LITERAL("abc")));
	cr_expect_eq(frame.len_wire, 1500);
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.number, 2);
	cr_expect_eq(frame.time_ns, INT64_C(1700000001999999000));
	cr_expect(bytes_equal(frame.data, BYTES_LITERAL("de")));
	expect_end(source);

	const struct input_info *info = source_get_input(source, 0);
	cr_expect_eq(source_input_count(source), 1);
	cr_expect_str_eq(info->name, "test");
	cr_expect_str_eq(info->format, "pcap");
	cr_expect_eq(info->size_bytes, 24 + 16 + 3 + 16 + 2);
	cr_expect_eq(info->link_type, 1);
	cr_expect_eq(info->packets, 2);
	cr_expect_eq(info->bytes, 5);
	cr_expect_eq(info->first_ns, INT64_C(1700000000250000000));
	cr_expect_eq(info->last_ns, INT64_C(1700000001999999000));
	cr_expect_not(info->is_truncated);
	cr_expect_null(info->error);
}

Test(input, classic_big_endian_nanoseconds)
{
	static const uint8_t file[] = { PCAP_BE(MAGIC_NS, 113), RECORD_BE(5, 123456789, 1, 1),
		                        'x' };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_frame(source, 1, 1, 5 * SECOND + 123456789);
	expect_end(source);
	cr_expect_str_eq(source_get_input(source, 0)->format, "pcap");
	cr_expect_eq(source_get_input(source, 0)->link_type, 113);
}

Test(input, classic_little_endian_nanoseconds)
{
	static const uint8_t file[] = { PCAP_LE(MAGIC_NS, 276), RECORD_LE(5, 7, 1, 1), 'x' };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_frame(source, 1, 1, 5 * SECOND + 7);
	cr_expect_eq(source_get_input(source, 0)->link_type, 276);
}

/* The seconds of classic pcap have no sign: this is 2040, not 1903. */
Test(input, after_2038)
{
	static const uint8_t file[] = { PCAP_LE(MAGIC_US, 1), RECORD_LE(2208988800, 0, 1, 1), 'x' };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_frame(source, 1, 1, 2208988800 * SECOND);
}

Test(input, pcapng)
{
	static const uint8_t file[] = {
		SECTION_LE,
		INTERFACE_LE(1),
		PACKET4_LE(0, 1500000, 60, 'a', 'b', 'c', 'd'),
		/* A block nobody knows is no packet. */
		LE32(0x0bad),
		LE32(16),
		LE32(0),
		LE32(16),
		PACKET4_LE(0, 1500001, 4, 'e', 'f', 'g', 'h'),
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.time_ns, 1500000000);
	cr_expect_eq(frame.len_wire, 60);
	cr_expect(bytes_equal(frame.data, BYTES_LITERAL("abcd")));
	expect_frame(source, 1, 2, 1500001000);
	expect_end(source);
	cr_expect_str_eq(source_get_input(source, 0)->format, "pcapng");
	cr_expect_eq(source_get_input(source, 0)->size_bytes, 28 + 20 + 36 + 16 + 36);
}

/* Two hundred years after what nanoseconds can say. */
Test(input, time_out_of_range_is_held_at_the_end)
{
	static const uint8_t file[] = {
		SECTION_LE, INTERFACE_LE(1), LE32(6), LE32(36), LE32(0), LE32(0x7fffffff),
		LE32(0),    LE32(4),         LE32(4), 1,        2,       3,
		4,          LE32(36),
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_frame(source, 1, 1, INT64_MAX);
}

/* Each frame has the link type of its own interface. */
Test(input, pcapng_with_two_link_types)
{
	static const uint8_t file[] = {
		SECTION_LE,
		INTERFACE_LE(1),
		PACKET4_LE(0, 1, 4, 1, 2, 3, 4),
		INTERFACE_LE(113),
		PACKET4_LE(1, 2, 4, 1, 2, 3, 4),
		PACKET4_LE(0, 3, 4, 1, 2, 3, 4),
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	static const uint16_t link_types[] = { 1, 113, 1 };
	static const uint32_t interfaces[] = { 0, 1, 0 };
	for (size_t i = 0; i < 3; i++) {
		struct frame frame;
		cr_assert_eq(source_next(source, &frame), 0);
		cr_expect_eq(frame.link_type, link_types[i]);
		cr_expect_eq(frame.interface, interfaces[i]);
		cr_expect_eq(frame.number, i + 1);
	}
	expect_end(source);
	const struct input_info *info = source_get_input(source, 0);
	cr_expect_null(info->error);
	cr_expect_eq(info->link_type, 1);
	cr_assert_eq(info->n_link_types, 2);
	cr_expect_eq(info->link_types[0], 1);
	cr_expect_eq(info->link_types[1], 113);
	cr_assert_eq(info->n_interfaces, 2);
	cr_expect_eq(info->interfaces[0].packets, 2);
	cr_expect_eq(info->interfaces[1].packets, 1);
}

/* Cut at each byte: between records nothing is wrong, inside one it is cut off. */
Test(input, classic_cut_at_every_byte)
{
	for (size_t len = 24; len < sizeof(two_records); len++) {
		_cleanup_(source_freep) struct source *source = good_source(two_records, len, NULL);
		struct frame frame;
		uint64_t n = 0;
		while (source_next(source, &frame) == 0)
			n++;
		const struct input_info *info = source_get_input(source, 0);
		bool is_whole = len == 24 || len == 24 + 19;
		cr_expect_eq(n, len < 24 + 19 ? 0 : 1, "%zu", len);
		cr_expect_eq(info->packets, n);
		cr_expect_eq(info->is_truncated, !is_whole, "%zu", len);
		cr_expect_eq(info->error == NULL, is_whole, "%zu", len);
		if (info->error)
			cr_expect_not_null(strstr(info->error, n ? "cut off after packet 1: "
			                                         : "cut off after packet 0: "),
			                   "%s", info->error);
	}
}

Test(input, pcapng_cut_at_every_byte)
{
	static const uint8_t file[] = { SECTION_LE, INTERFACE_LE(1),
		                        PACKET4_LE(0, 1, 4, 1, 2, 3, 4),
		                        PACKET4_LE(0, 2, 4, 1, 2, 3, 4) };
	for (size_t len = 48; len < sizeof(file); len++) {
		_cleanup_(source_freep) struct source *source = good_source(file, len, NULL);
		struct frame frame;
		uint64_t n = 0;
		while (source_next(source, &frame) == 0)
			n++;
		bool is_whole = len == 48 || len == 48 + 36;
		cr_expect_eq(n, len < 48 + 36 ? 0 : 1, "%zu", len);
		cr_expect_eq(source_get_input(source, 0)->is_truncated, !is_whole, "%zu", len);
	}
}

Test(input, header_cut_at_every_byte_is_no_capture)
{
	for (size_t len = 0; len < 24; len++) {
		struct source *source = NULL;
		struct err err = { 0 };
		cr_expect_eq(source_of(&source, memory_file(two_records, len), NULL, &err),
		             SOURCE_E_INVALID);
		cr_expect_null(source);
		cr_expect_not_null(strstr(err.text, "test: "), "%s", err.text);
	}
}

Test(input, damaged_record)
{
	static const uint8_t file[] = { PCAP_LE(MAGIC_US, 1),
		                        RECORD_LE(1, 0, 1, 1),
		                        'a',
		                        RECORD_LE(2, 0, 0xfffffff0, 1),
		                        'b',
		                        RECORD_LE(3, 0, 1, 1),
		                        'c' };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_frame(source, 1, 1, SECOND);
	expect_end(source);
	cr_expect_not(source_get_input(source, 0)->is_truncated);
	cr_assert_not_null(source_get_input(source, 0)->error);
	cr_expect_not_null(strstr(source_get_input(source, 0)->error, "damaged after packet 1: "));
}

Test(input, original_length_below_captured)
{
	static const uint8_t file[] = { PCAP_LE(MAGIC_US, 1), RECORD_LE(1, 0, 3, 0), 'a', 'b',
		                        'c' };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.len_wire, 3);
}

Test(input, no_packets)
{
	static const uint8_t file[] = { PCAP_LE(MAGIC_US, 1) };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_end(source);
	cr_expect_eq(source_get_input(source, 0)->packets, 0);
	cr_expect_eq(source_get_input(source, 0)->first_ns, 0);
	cr_expect_eq(source_get_input(source, 0)->last_ns, 0);
	cr_expect_null(source_get_input(source, 0)->error);
}

/* Times that go back: first and last are the earliest and the latest, not the first read. */
Test(input, times_going_back)
{
	static const uint8_t file[] = { PCAP_LE(MAGIC_US, 1),
		                        RECORD_LE(5, 0, 1, 1),
		                        'a',
		                        RECORD_LE(3, 0, 1, 1),
		                        'b',
		                        RECORD_LE(4, 0, 1, 1),
		                        'c' };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_frame(source, 1, 1, 5 * SECOND);
	expect_frame(source, 1, 2, 3 * SECOND);
	expect_frame(source, 1, 3, 4 * SECOND);
	expect_end(source);
	cr_expect_eq(source_get_input(source, 0)->first_ns, 3 * SECOND);
	cr_expect_eq(source_get_input(source, 0)->last_ns, 5 * SECOND);
}

Test(input, pipe)
{
	_cleanup_(source_freep) struct source *source = NULL;
	struct err err = { 0 };
	cr_assert_eq(source_of(&source, pipe_file(two_records, sizeof(two_records)), NULL, &err),
	             0);
	expect_frame(source, 1, 1, INT64_C(1700000000250000000));
	expect_frame(source, 1, 2, INT64_C(1700000001999999000));
	expect_end(source);
	cr_expect_eq(source_get_input(source, 0)->size_bytes, 0);
}

/* An empty UDP packet to port 5060, an ARP frame, a UDP packet to port 53. */
#define UDP_FRAME(port)                                                                            \
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192,   \
	        0, 2, 1, 192, 0, 2, 2, 0x9c, 0x40, (uint8_t)((port) >> 8), (uint8_t)(port), 0, 8,  \
	        0, 0
#define ARP_FRAME 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1

static const uint8_t mixed[] = {
	PCAP_LE(MAGIC_US, 1),    RECORD_LE(1, 0, 16, 16), ARP_FRAME,
	RECORD_LE(2, 0, 42, 42), UDP_FRAME(5060),         RECORD_LE(3, 0, 42, 42),
	UDP_FRAME(53),           RECORD_LE(4, 0, 42, 42), UDP_FRAME(5060),
};

/* What the filter drops is counted in the numbers, as Wireshark shows them, and nowhere else. */
Test(input, filter_keeps_the_numbers)
{
	_cleanup_(source_freep) struct source *source =
	        good_source(mixed, sizeof(mixed), "udp port 5060");
	expect_frame(source, 1, 2, 2 * SECOND);
	expect_frame(source, 1, 4, 4 * SECOND);
	expect_end(source);
	const struct input_info *info = source_get_input(source, 0);
	cr_expect_eq(info->packets, 2);
	cr_expect_eq(info->bytes, 84);
	cr_expect_eq(info->first_ns, 2 * SECOND);
	cr_expect_eq(info->last_ns, 4 * SECOND);
}

Test(input, filter_that_drops_all)
{
	_cleanup_(source_freep) struct source *source = good_source(mixed, sizeof(mixed), "port 1");
	expect_end(source);
	cr_expect_eq(source_get_input(source, 0)->packets, 0);
	cr_expect_null(source_get_input(source, 0)->error);
}

Test(input, filter_that_does_not_compile)
{
	struct source *source = NULL;
	struct err err = { 0 };
	cr_expect_eq(source_of(&source, memory_file(mixed, sizeof(mixed)), "port port", &err),
	             SOURCE_E_FILTER);
	cr_expect_null(source);
	cr_expect_not_null(strstr(err.text, "filter \"port port\" for test: "), "%s", err.text);
}

Test(input, strangers_are_named)
{
	const struct {
		struct bytes bytes;
		const char *text;
	} rows[] = {
		{ BYTES_LITERAL(""), "test: the file is empty" },
		{ BYTES_LITERAL("\x1f\x8b\x08\x00"), "gzip: the packed data is cut off" },
		{ BYTES_LITERAL("\x28\xb5\x2f\xfd"), "zstd: the packed data is cut off" },
		{ BYTES_LITERAL("\x04\x22\x4d\x18"), "lz4: the packed data is cut off" },
		{ BYTES_LITERAL("\xfd"
		                "7zXZ\0"),
		  "xz: the packed data is cut off" },
		{ BYTES_LITERAL("BZh9"), "bzip2" },
		{ BYTES_LITERAL("PK\x03\x04"), "zip" },
		{ BYTES_LITERAL("hello, world: certainly no capture"), "not a capture" },
		{ BYTES_LITERAL("x"), "not a capture" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct source *source = NULL;
		struct err err = { 0 };
		cr_expect_eq(source_of(&source, memory_file(rows[i].bytes.data, rows[i].bytes.len),
		                       NULL, &err),
		             SOURCE_E_INVALID);
		cr_expect_not_null(strstr(err.text, rows[i].text), "%s", err.text);
		cr_expect_not_null(strstr(err.text, "test: "), "%s", err.text);
	}
}

/* Each as it is and inside gzip (stored blocks, RFC 1951). */
Test(input, probe)
{
	static const struct {
		struct bytes bytes;
		int wanted;
	} rows[] = {
		{ { (const uint8_t *)"\xd4\xc3\xb2\xa1 and so on", 14 }, 1 },
		{ { (const uint8_t *)"\x0a\x0d\x0d\x0a", 4 }, 1 },
		{ { (const uint8_t *)"\x0a\x0d", 2 }, 1 },
		{ { (const uint8_t *)"", 0 }, 1 },
		{ { (const uint8_t *)"x", 1 }, 0 },
		{ { (const uint8_t *)"hello, world", 12 }, 0 },
		{ { (const uint8_t *)"BZh9", 4 }, 1 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t len = (uint8_t)rows[i].bytes.len;
		uint8_t packed[64] = { 0x1f, 0x8b,          8,   0, 0, 0, 0, 0, 0, 3, 1, len,
			               0,    (uint8_t)~len, 0xff };
		memcpy(packed + 15, rows[i].bytes.data, len);
		cr_expect_eq(source_probe(memory_file(rows[i].bytes.data, len)), rows[i].wanted,
		             "%zu", i);
		/* The check sum is cut off: what there is was unpacked before that. */
		cr_expect_eq(source_probe(memory_file(packed, 15u + len)),
		             len < 4 ? 1 : rows[i].wanted, "%zu packed", i);
	}
	cr_expect_lt(source_probe(open("/", O_RDONLY)), 0);
}

/* Of several, each found in a folder: those that cannot be opened say why and end nothing. */
Test(input, failing_is_an_error_of_the_input)
{
	static const uint8_t good[] = { PCAP_LE(MAGIC_US, 1), RECORD_LE(7, 0, 1, 1), 9 };
	const struct source_input inputs[] = {
		{ .fd = memory_file("BZh9", 4), .name = "a", .may_fail = true },
		{ .fd = memory_file(good, sizeof(good)), .name = "b", .may_fail = true },
		{ .fd = memory_file(good, 10), .name = "c", .may_fail = true },
		{ .fd = memory_file("", 0), .name = "d", .may_fail = true },
	};
	_cleanup_(source_freep) struct source *source = NULL;
	struct err err = { 0 };
	struct frame frame;
	cr_assert_eq(source_new(&source, inputs, 4, NULL, &err), 0);
	cr_expect_str_eq(err.text, "");
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.file, 2);
	cr_assert_eq(source_next(source, &frame), SOURCE_E_END);
	cr_assert_eq(source_input_count(source), 4);
	const struct input_info *info = source_get_input(source, 0);
	cr_expect_str_eq(
	        info->error,
	        "found a file compressed by bzip2, expected pcap or pcapng: unpack it first");
	cr_expect_null(info->format);
	cr_expect_not(info->is_truncated);
	cr_expect_null(source_get_input(source, 1)->error);
	info = source_get_input(source, 2);
	cr_expect_str_eq(info->error, "the file ends inside its pcap header");
	cr_expect(info->is_truncated);
	cr_expect(source_get_input(source, 3)->is_truncated);
	cr_expect_null(source_get_secret(source, 0, 0));
}

Test(input, unreadable)
{
	struct source *source = NULL;
	struct err err = { 0 };
	cr_expect_eq(source_of(&source, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), NULL, &err),
	             SOURCE_E_INVALID);
	cr_expect_str_eq(err.text, "test: Is a directory");
}
