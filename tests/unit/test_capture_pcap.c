#include "test_capture_files.h"

#define SECOND NS_PER_SECOND

/* The link type's word: 0x24000001 is Ethernet with a check sequence of two 16-bit words. */
Test(pcap, frame_check_sequence_is_cut_off)
{
	static const uint8_t file[] = {
		PCAP_LE(MAGIC_US, 0x24000001),
		RECORD_LE(1, 0, 6, 6),
		'a',
		'b',
		1,
		2,
		3,
		4,
		RECORD_LE(2, 0, 5, 8),
		'a',
		'b',
		'c',
		'd',
		1,
		RECORD_LE(3, 0, 2, 2),
		1,
		2,
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.link_type, 1);
	cr_expect_eq(frame.len_wire, 2);
	cr_expect(bytes_equal(frame.data, BYTES_LITERAL("ab")));
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.len_wire, 4);
	cr_expect(bytes_equal(frame.data, BYTES_LITERAL("abcd")));
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.len_wire, 0);
	cr_expect_eq(frame.data.len, 0);
	expect_end(source);
}

/* Without the bit that says it is known, the length means nothing. */
Test(pcap, frame_check_sequence_of_unknown_length)
{
	static const uint8_t file[] = { PCAP_BE(MAGIC_NS, 0x20000071), RECORD_BE(1, 1, 2, 2), 1,
		                        2 };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.link_type, 113);
	cr_expect_eq(frame.data.len, 2);
}

/* The header's snaplen is no promise. */
Test(pcap, record_longer_than_the_snaplen)
{
	static const uint8_t file[] = {
		LE32(MAGIC_US),        LE16(2), LE16(4), LE32(0), LE32(0), LE32(2), LE32(1),
		RECORD_LE(1, 0, 4, 4), 'a',     'b',     'c',     'd'
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.data.len, 4);
	cr_expect_eq(source_get_input(source, 0)->interfaces[0].snaplen, 2);
	cr_expect_eq(source_get_input(source, 0)->interfaces[0].packets, 1);
}

/* A file of one record of that many bytes, each 0x5a. */
static struct source *source_of_record(uint32_t link_type, uint32_t len)
{
	uint8_t head[] = { PCAP_LE(MAGIC_US, link_type), RECORD_LE(1, 0, len, len) };
	size_t size = sizeof(head) + len;
	uint8_t *file = malloc(size);
	cr_assert_not_null(file);
	memcpy(file, head, sizeof(head));
	memset(file + sizeof(head), 0x5a, len);
	struct source *source = good_source(file, size, NULL);
	free(file);
	return source;
}

/* 262144 bytes are believed; of USB captures 128 MiB. */
Test(pcap, largest_record)
{
	struct frame frame;
	_cleanup_(source_freep) struct source *largest = source_of_record(1, 262144);
	cr_assert_eq(source_next(largest, &frame), 0);
	cr_expect_eq(frame.data.len, 262144);
	_cleanup_(source_freep) struct source *larger = source_of_record(1, 262145);
	expect_end(larger);
	cr_expect_str_eq(source_get_input(larger, 0)->error,
	                 "damaged after packet 0: the next record says it holds 262145 bytes, "
	                 "more than 262144");
	cr_expect_not(source_get_input(larger, 0)->is_truncated);
	/* Larger than the window, which has to grow. */
	_cleanup_(source_freep) struct source *usb = source_of_record(249, 3000000);
	cr_assert_eq(source_next(usb, &frame), 0);
	cr_expect_eq(frame.data.len, 3000000);
	cr_expect_eq(frame.data.data[0], 0x5a);
	cr_expect_eq(frame.data.data[2999999], 0x5a);
	expect_end(usb);
}

/* Version 2.3 has its two lengths the other way round; libpcap knows. */
Test(pcap, older_versions_go_to_libpcap)
{
	static const uint8_t file[] = {
		LE32(MAGIC_US), LE16(2), LE16(2),  LE32(0), LE32(0), LE32(65535), LE32(1),
		LE32(5),        LE32(7), LE32(60), LE32(2), 'a',     'b',
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.number, 1);
	cr_expect_eq(frame.time_ns, 5 * SECOND + 7000);
	cr_expect_eq(frame.len_wire, 60);
	cr_expect(bytes_equal(frame.data, BYTES_LITERAL("ab")));
	expect_end(source);
	cr_expect_str_eq(source_get_input(source, 0)->format, "pcap");
}

Test(pcap, versions_nobody_knows)
{
	static const uint8_t file[] = { LE32(MAGIC_US), LE16(3), LE16(0),     LE32(0),
		                        LE32(0),        LE32(0), LE32(65535), LE32(1) };
	struct source *source = NULL;
	struct err err = { 0 };
	cr_expect_eq(source_of(&source, memory_file(file, sizeof(file)), NULL, &err),
	             SOURCE_E_INVALID);
	cr_expect_not_null(strstr(err.text, "test: not a capture that can be read: "), "%s",
	                   err.text);
}

/* The variant of Alexey Kuznetsov's libpcap: eight more bytes in each record. */
static const uint8_t modified[] = {
	LE32(0xa1b2cd34),
	LE16(2),
	LE16(4),
	LE32(0),
	LE32(0),
	LE32(65535),
	LE32(1),
	LE32(5),
	LE32(7),
	LE32(2),
	LE32(9),
	LE32(3),
	LE16(0x800),
	0,
	0,
	'a',
	'b',
	LE32(6),
	LE32(8),
	LE32(2),
	LE32(9),
	LE32(3),
	LE16(1),
	0,
	0,
	'c',
	'd',
};

Test(pcap, modified_goes_to_libpcap)
{
	_cleanup_(source_freep) struct source *source =
	        good_source(modified, sizeof(modified), NULL);
	expect_frame(source, 1, 1, 5 * SECOND + 7000);
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.number, 2);
	cr_expect_eq(frame.len_wire, 9);
	cr_expect(bytes_equal(frame.data, BYTES_LITERAL("cd")));
	expect_end(source);
}

Test(pcap, modified_cut)
{
	_cleanup_(source_freep) struct source *source =
	        good_source(modified, sizeof(modified) - 1, NULL);
	expect_frame(source, 1, 1, 5 * SECOND + 7000);
	expect_end(source);
	cr_expect(source_get_input(source, 0)->is_truncated);
	cr_expect_str_eq(source_get_input(source, 0)->error,
	                 "cut off after packet 1: the file ends inside a record");
}
