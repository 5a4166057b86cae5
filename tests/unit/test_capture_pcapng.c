#include "test_capture_files.h"

#define SECOND NS_PER_SECOND

#define BE16(n) (uint8_t)((n) >> 8), (uint8_t)(n)
#define SECTION_BE                                                                                 \
	BE32(0x0a0d0d0a), BE32(28), BE32(0x1a2b3c4d), BE16(1), BE16(0), BE32(-1), BE32(-1), BE32(28)
#define OPTION_LE(code, len) LE16(code), LE16(len)
#define PACKET_AT(interface, high, low)                                                            \
	LE32(6), LE32(36), LE32(interface), LE32(high), LE32(low), LE32(4), LE32(4), 1, 2, 3, 4,   \
	        LE32(36)
/* An interface with one option of one byte. */
#define INTERFACE_WITH(code, value)                                                                \
	LE32(1), LE32(28), LE16(1), LE16(0), LE32(65535), OPTION_LE(code, 1), value, 0, 0, 0,      \
	        LE32(28)

static const struct input_info *info_of(struct source *source)
{
	return source_get_input(source, 0);
}

static void expect_damaged(const void *file, size_t len, const char *text)
{
	_cleanup_(source_freep) struct source *source = good_source(file, len, NULL);
	struct frame frame;
	while (source_next(source, &frame) == 0)
		;
	cr_expect_not(info_of(source)->is_truncated);
	cr_assert_not_null(info_of(source)->error, "%s", text);
	cr_expect_str_eq(info_of(source)->error, text);
}
#define EXPECT_DAMAGED(text, ...)                                                                  \
	expect_damaged((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), \
	               text)

Test(pcapng, big_endian_section_behind_a_little_endian_one)
{
	static const uint8_t file[] = { SECTION_LE, INTERFACE_LE(113),
		                        PACKET4_LE(0, 1, 4, 1, 2, 3, 4), SECTION_BE,
		                        /* Ethernet, nanoseconds. */
		                        BE32(1), BE32(32), BE16(1), BE16(0), BE32(96), BE16(9),
		                        BE16(1), 9, 0, 0, 0, BE16(0), BE16(0), BE32(32),
		                        /* Second 5 and 7 ns: 0x1_2a05f207. */
		                        BE32(6), BE32(36), BE32(0), BE32(1), BE32(0x2a05f207),
		                        BE32(3), BE32(60), 'a', 'b', 'c', 0, BE32(36) };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_frame(source, 1, 1, 1000);
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.number, 2);
	cr_expect_eq(frame.time_ns, 5 * SECOND + 7);
	cr_expect_eq(frame.link_type, 1);
	cr_expect_eq(frame.interface, 1);
	cr_expect_eq(frame.len_wire, 60);
	cr_expect(bytes_equal(frame.data, BYTES_LITERAL("abc")));
	expect_end(source);
	cr_assert_eq(info_of(source)->n_interfaces, 2);
	cr_expect_eq(info_of(source)->interfaces[1].snaplen, 96);
	cr_expect_null(info_of(source)->error);
}

/* One unit of each resolution: 10^-0 to 10^-12 and 2^-1 to 2^-127 seconds. */
Test(pcapng, resolutions)
{
	static const struct {
		uint8_t resolution;
		uint32_t high, low;
		int64_t ns;
	} rows[] = {
		{ 0, 0, 1700000000, 1700000000 * SECOND },
		{ 3, 0, 1, 1000000 },
		{ 6, 0, 1, 1000 },
		{ 9, 0, 1, 1 },
		{ 12, 0, 123456, 123 },
		{ 28, 0xffffffff, 0xffffffff, 1 },
		{ 29, 0xffffffff, 0xffffffff, 0 },
		{ 127, 0xffffffff, 0xffffffff, 0 },
		{ 0x80, 0, 5, 5 * SECOND },
		{ 0x81, 0, 3, SECOND + SECOND / 2 },
		{ 0xa0, 7, 0x80000000, 7 * SECOND + SECOND / 2 },
		{ 0xbf, 0xc0000000, 0, SECOND + SECOND / 2 }, /* 2^-63 */
		{ 0xc0, 0x80000000, 0, SECOND / 2 },          /* 2^-64 */
		{ 0xff, 0xffffffff, 0xffffffff, 0 },
		{ 0, 0xffffffff, 0xffffffff, INT64_MAX },
		{ 9, 0x80000000, 0, INT64_MAX },
		{ 0x80, 0x80000000, 0, INT64_MAX },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const uint8_t file[] = { SECTION_LE, INTERFACE_WITH(9, rows[i].resolution),
			                 PACKET_AT(0, rows[i].high, rows[i].low) };
		_cleanup_(source_freep) struct source *source =
		        good_source(file, sizeof(file), NULL);
		struct frame frame;
		cr_assert_eq(source_next(source, &frame), 0);
		cr_expect_eq(frame.time_ns, rows[i].ns, "%zu: %lld", i, (long long)frame.time_ns);
	}
}

#define INTERFACE_AT(low, high)                                                                    \
	LE32(1), LE32(32), LE16(1), LE16(0), LE32(0), OPTION_LE(14, 8), LE32(low), LE32(high),     \
	        LE32(32)

Test(pcapng, offset_of_time)
{
	static const uint8_t file[] = {
		SECTION_LE,         INTERFACE_AT(1700000000, 0), INTERFACE_AT(-10, -1),
		PACKET_AT(0, 0, 5), PACKET_AT(1, 0, 3000000),    INTERFACE_AT(0, 0x7fffffff),
		PACKET_AT(2, 0, 0), INTERFACE_AT(0, 0x80000000), PACKET_AT(3, 0, 0)
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_frame(source, 1, 1, 1700000000 * SECOND + 5000);
	expect_frame(source, 1, 2, -7 * SECOND);
	expect_frame(source, 1, 3, INT64_MAX);
	expect_frame(source, 1, 4, INT64_MIN);
	expect_end(source);
}

/* Name, comment, and a check sequence of four bytes. */
Test(pcapng, interface_options)
{
	static const uint8_t file[] = { SECTION_LE, LE32(1), LE32(52), LE16(1), LE16(0), LE32(0),
		                        /* */
		                        OPTION_LE(2, 5), 'e', 't', 'h', '0', '1', 0, 0, 0,
		                        OPTION_LE(1, 2), 'h', 'i', 0, 0, OPTION_LE(13, 1), 4, 0, 0,
		                        0, OPTION_LE(0, 0), LE32(52),
		                        PACKET4_LE(0, 1, 8, 1, 2, 3, 4) };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.len_wire, 4);
	cr_expect_eq(frame.data.len, 4);
	cr_expect(bytes_equal(info_of(source)->interfaces[0].name, BYTES_LITERAL("eth01")));
	cr_expect_eq(info_of(source)->comments, 1);
}

/* What a person wrote or chose, as it stands in the file; a NUL at the end is not part of it. */
Test(pcapng, interface_texts)
{
	static const uint8_t file[] = {
		SECTION_LE,
		LE32(1),
		LE32(20 + 8 + 8 + 16 + 4),
		LE16(1),
		LE16(0),
		LE32(96),
		OPTION_LE(2, 4),
		'f',
		'e',
		'1',
		0,
		OPTION_LE(3, 2),
		'D',
		'B',
		0,
		0,
		OPTION_LE(11, 10),
		0,
		't',
		'c',
		'p',
		' ',
		'p',
		'o',
		'r',
		't',
		's',
		0,
		0,
		OPTION_LE(0, 0),
		LE32(20 + 8 + 8 + 16 + 4),
		/* A filter as instructions, which no person reads; one that is empty. */
		LE32(1),
		LE32(20 + 8),
		LE16(1),
		LE16(0),
		LE32(0),
		OPTION_LE(11, 3),
		1,
		9,
		9,
		0,
		LE32(20 + 8),
		LE32(1),
		LE32(20 + 8),
		LE16(1),
		LE16(0),
		LE32(0),
		OPTION_LE(11, 1),
		0,
		0,
		0,
		0,
		LE32(20 + 8),
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_end(source);
	const struct input_info *info = info_of(source);
	cr_assert_eq(info->n_interfaces, 3);
	cr_expect(bytes_equal(info->interfaces[0].name, BYTES_LITERAL("fe1")));
	cr_expect(bytes_equal(info->interfaces[0].description, BYTES_LITERAL("DB")));
	cr_expect(bytes_equal(info->interfaces[0].filter, BYTES_LITERAL("tcp ports")));
	cr_expect(info->interfaces[0].is_filtered);
	cr_expect_eq(info->interfaces[0].snaplen, 96);
	cr_expect_eq(info->interfaces[1].filter.len, 0);
	cr_expect(info->interfaces[1].is_filtered);
	cr_expect_not(info->interfaces[2].is_filtered);
}

/* No time, no interface, no captured length: all three have to be known from elsewhere. */
Test(pcapng, simple_packets)
{
	static const uint8_t file[] = {
		SECTION_LE,
		/* Snaplen 6. */
		LE32(1),
		LE32(20),
		LE16(1),
		LE16(0),
		LE32(6),
		LE32(20),
		PACKET4_LE(0, 9, 4, 1, 2, 3, 4),
		LE32(3),
		LE32(24),
		LE32(60),
		'a',
		'b',
		'c',
		'd',
		'e',
		'f',
		0,
		0,
		LE32(24),
		LE32(3),
		LE32(20),
		LE32(3),
		'g',
		'h',
		'i',
		0,
		LE32(20),
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	struct frame frame;
	expect_frame(source, 1, 1, 9000);
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.time_ns, 9000);
	cr_expect_eq(frame.number, 2);
	cr_expect_eq(frame.len_wire, 60);
	cr_expect(bytes_equal(frame.data, BYTES_LITERAL("abcdef")));
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.len_wire, 3);
	cr_expect(bytes_equal(frame.data, BYTES_LITERAL("ghi")));
	expect_end(source);
}

#define OLD_PACKET(interface, drops, low)                                                          \
	LE32(2), LE32(36), LE16(interface), LE16(drops), LE32(0), LE32(low), LE32(4), LE32(4), 1,  \
	        2, 3, 4, LE32(36)

/* Losses that packets carry, old and new; 0xffff is "not known". */
Test(pcapng, losses_told_by_packets)
{
	static const uint8_t file[] = {
		SECTION_LE, INTERFACE_LE(1), OLD_PACKET(0, 3, 1), OLD_PACKET(0, 0xffff, 2),
		/* An enhanced packet with four options: comment, drop count twice of wrong length,
		   then right. */
		LE32(6), LE32(36 + 8 + 8 + 12 + 4), LE32(0), LE32(0), LE32(3), LE32(4), LE32(4), 1,
		2, 3, 4, OPTION_LE(1, 3), 'a', 'b', 'c', 0, OPTION_LE(4, 4), LE32(9),
		OPTION_LE(4, 8), LE32(2), LE32(0), OPTION_LE(0, 0), LE32(36 + 8 + 8 + 12 + 4)
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_frame(source, 1, 1, 1000);
	expect_frame(source, 1, 2, 2000);
	expect_frame(source, 1, 3, 3000);
	expect_end(source);
	cr_expect_not(info_of(source)->interfaces[0].has_statistics);
	cr_expect_eq(info_of(source)->interfaces[0].dropped_interface, 5);
	cr_expect_eq(info_of(source)->dropped_interface, 5);
	cr_expect_eq(info_of(source)->dropped_kernel, 0);
	cr_expect_eq(info_of(source)->comments, 1);
	cr_expect_eq(info_of(source)->packets, 3);
}

#define STATISTICS(interface, received, dropped, kernel)                                           \
	LE32(5), LE32(64), LE32(interface), LE32(0), LE32(0), OPTION_LE(4, 8), LE32(received),     \
	        LE32(0), OPTION_LE(5, 8), LE32(dropped), LE32(0), OPTION_LE(7, 8), LE32(kernel),   \
	        LE32(0), OPTION_LE(0, 0), LE32(64)

/* Sums since the capture began: the last block of an interface stands. */
Test(pcapng, statistics)
{
	static const uint8_t file[] = {
		SECTION_LE,          INTERFACE_LE(1),          INTERFACE_LE(1),
		OLD_PACKET(0, 3, 1), STATISTICS(0, 100, 4, 1), STATISTICS(1, 50, 6, 2),
		OLD_PACKET(0, 2, 2), STATISTICS(0, 200, 7, 1)
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_frame(source, 1, 1, 1000);
	expect_frame(source, 1, 2, 2000);
	expect_end(source);
	const struct input_info *info = info_of(source);
	cr_assert_eq(info->n_interfaces, 2);
	cr_expect(info->interfaces[0].has_statistics);
	cr_expect_eq(info->interfaces[0].received, 200);
	cr_expect_eq(info->interfaces[0].dropped_interface, 7);
	cr_expect_eq(info->interfaces[1].received, 50);
	cr_expect_eq(info->dropped_interface, 13);
	cr_expect_eq(info->dropped_kernel, 3);
}

Test(pcapng, secrets)
{
	static const uint8_t file[] = { SECTION_LE, INTERFACE_LE(1), LE32(10), LE32(28),
		                        LE32(0x544c534b), LE32(6), 'S', 'E', 'C', 'R', 'E', 'T', 0,
		                        0, LE32(28),
		                        /* A key of WireGuard, and a block without content. */
		                        LE32(10), LE32(24), LE32(0x57474b4c), LE32(2), 'k', 'k', 0,
		                        0, LE32(24), LE32(10), LE32(20), LE32(0x544c534b), LE32(0),
		                        LE32(20) };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_end(source);
	cr_expect_eq(info_of(source)->secrets, 2);
	cr_expect_eq(info_of(source)->secrets_dropped, 1);
	const struct source_secret *secret = source_get_secret(source, 0, 0);
	cr_assert_not_null(secret);
	cr_expect_eq(secret->type, SECRET_TLS_KEY_LOG);
	cr_expect(bytes_equal(secret->data, BYTES_LITERAL("SECRET")));
	cr_assert_not_null(source_get_secret(source, 0, 1));
	cr_expect_eq(source_get_secret(source, 0, 1)->type, 0x57474b4c);
	cr_expect_null(source_get_secret(source, 0, 2));
}

Test(pcapng, classic_pcap_has_no_secrets)
{
	static const uint8_t file[] = { PCAP_LE(MAGIC_US, 1) };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	cr_expect_null(source_get_secret(source, 0, 0));
}

/* A block we do not read may be longer than any window. */
Test(pcapng, long_unknown_block)
{
	static const uint8_t head[] = { SECTION_LE, INTERFACE_LE(1), LE32(0x0bad), LE32(3000000) };
	static const uint8_t tail[] = { LE32(3000000), PACKET_AT(0, 0, 1) };
	uint8_t *file = calloc(1, 48 + 3000000 + 36);
	cr_assert_not_null(file);
	memcpy(file, head, sizeof(head));
	memcpy(file + 48 + 3000000 - 4, tail, sizeof(tail));
	_cleanup_(source_freep) struct source *source = good_source(file, 48 + 3000000 + 36, NULL);
	expect_frame(source, 1, 1, 1000);
	expect_end(source);
	cr_expect_null(info_of(source)->error);
	_cleanup_(source_freep) struct source *cut = good_source(file, 2000000, NULL);
	expect_end(cut);
	cr_expect(info_of(cut)->is_truncated);
	file[48 + 3000000 - 4]++;
	_cleanup_(source_freep) struct source *damaged = good_source(file, 48 + 3000000, NULL);
	expect_end(damaged);
	cr_expect_not(info_of(damaged)->is_truncated);
	cr_expect_not_null(info_of(damaged)->error);
	free(file);
}

Test(pcapng, damage)
{
	EXPECT_DAMAGED("damaged after packet 0: the next packet names an interface that was not "
	               "described",
	               SECTION_LE, PACKET_AT(0, 0, 1));
	EXPECT_DAMAGED("damaged after packet 0: the next packet names an interface that was not "
	               "described",
	               SECTION_LE, LE32(3), LE32(16), LE32(0), LE32(16));
	/* The interfaces of a section end with it. */
	EXPECT_DAMAGED("damaged after packet 1: the next packet names an interface that was not "
	               "described",
	               SECTION_LE, INTERFACE_LE(1), PACKET_AT(0, 0, 1), SECTION_LE,
	               PACKET_AT(0, 0, 2));
	EXPECT_DAMAGED("damaged after packet 0: statistics of an interface that was not described",
	               SECTION_LE, STATISTICS(0, 1, 1, 1));
	EXPECT_DAMAGED("damaged after packet 0: the next packet is longer than its block",
	               SECTION_LE, INTERFACE_LE(1), LE32(6), LE32(36), LE32(0), LE32(0), LE32(1),
	               LE32(5), LE32(5), 1, 2, 3, 4, LE32(36));
	EXPECT_DAMAGED("damaged after packet 0: the next packet is longer than its block",
	               SECTION_LE, INTERFACE_LE(1), LE32(3), LE32(16), LE32(1), LE32(16));
	EXPECT_DAMAGED("damaged after packet 0: the next packet is longer than its block",
	               SECTION_LE, INTERFACE_LE(1), LE32(3), LE32(12), LE32(12));
	EXPECT_DAMAGED("damaged after packet 0: the two lengths of a block differ", SECTION_LE,
	               LE32(1), LE32(20), LE16(1), LE16(0), LE32(0), LE32(24));
	EXPECT_DAMAGED("damaged after packet 0: a block says it is 8 bytes long", SECTION_LE,
	               LE32(0x0bad), LE32(8));
	EXPECT_DAMAGED("damaged after packet 0: a block says it is 21 bytes long", SECTION_LE,
	               LE32(1), LE32(21));
	EXPECT_DAMAGED("damaged after packet 0: a block says it is 16777220 bytes long, more than "
	               "16777216",
	               SECTION_LE, LE32(6), LE32(16777220));
	EXPECT_DAMAGED("damaged after packet 0: an interface block contradicts its length",
	               SECTION_LE, LE32(1), LE32(16), LE32(1), LE32(16));
	EXPECT_DAMAGED("damaged after packet 0: an interface block contradicts its length",
	               SECTION_LE, LE32(1), LE32(24), LE32(1), LE32(0), OPTION_LE(2, 5), LE32(24));
	EXPECT_DAMAGED("damaged after packet 0: an interface block contradicts its length",
	               SECTION_LE, LE32(1), LE32(28), LE32(1), LE32(0), OPTION_LE(9, 2), LE32(0),
	               LE32(28));
	EXPECT_DAMAGED("damaged after packet 0: a secrets block contradicts its length", SECTION_LE,
	               LE32(10), LE32(20), LE32(1), LE32(1), LE32(20));
	EXPECT_DAMAGED("damaged after packet 0: a section header without a byte order", SECTION_LE,
	               LE32(0x0a0d0d0a), LE32(28), LE32(0x1a2b3c4e), LE32(0), LE32(0), LE32(0),
	               LE32(28));
	EXPECT_DAMAGED("damaged after packet 0: pcapng version 2.0 is not known", SECTION_LE,
	               LE32(0x0a0d0d0a), LE32(28), LE32(0x1a2b3c4d), LE16(2), LE16(0), LE32(-1),
	               LE32(-1), LE32(28));
}

/* What is wrong with a packet's options is not the packet's fault. */
Test(pcapng, bad_options_of_a_packet)
{
	static const uint8_t file[] = {
		SECTION_LE, INTERFACE_LE(1), LE32(6), LE32(40), LE32(0), LE32(0),
		LE32(1),    LE32(4),         LE32(4), 1,        2,       3,
		4,          OPTION_LE(1, 9), LE32(40)
	};
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), NULL);
	expect_frame(source, 1, 1, 1000);
	expect_end(source);
	cr_expect_null(info_of(source)->error);
	cr_expect_eq(info_of(source)->comments, 0);
}

Test(pcapng, first_section_that_is_none)
{
	static const uint8_t no_order[] = { LE32(0x0a0d0d0a), LE32(28), LE32(1), LE32(1),
		                            LE32(-1),         LE32(-1), LE32(28) };
	static const uint8_t version_2[] = { LE32(0x0a0d0d0a), LE32(28), LE32(0x1a2b3c4d), LE32(2),
		                             LE32(-1),         LE32(-1), LE32(28) };
	const struct bytes files[] = { BYTES(no_order, sizeof(no_order)),
		                       BYTES(version_2, sizeof(version_2)), BYTES(no_order, 27) };
	static const char *const texts[] = {
		"test: not a pcapng file that can be read: damaged after packet 0: a section "
		"header "
		"without a byte order",
		"test: not a pcapng file that can be read: damaged after packet 0: pcapng version "
		"2.0 is not known",
		"test: the file ends inside its pcapng header",
	};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct source *source = NULL;
		struct err err = { 0 };
		cr_expect_eq(
		        source_of(&source, memory_file(files[i].data, files[i].len), NULL, &err),
		        SOURCE_E_INVALID);
		cr_expect_str_eq(err.text, texts[i]);
	}
}

Test(pcapng, section_alone)
{
	static const uint8_t file[] = { SECTION_BE };
	_cleanup_(source_freep) struct source *source = good_source(file, sizeof(file), "tcp");
	expect_end(source);
	cr_expect_null(info_of(source)->error);
	cr_expect_eq(info_of(source)->n_interfaces, 0);
	cr_expect_eq(info_of(source)->n_link_types, 0);
}

/* Each link type has its own program; 105 is 802.11, which knows no "vlan". */
Test(pcapng, filter_of_several_link_types)
{
#define IPV4_UDP                                                                                   \
	0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 1, 0, 53, 0, 8, 0, 0
	static const uint8_t file[] = { SECTION_LE, INTERFACE_LE(101), INTERFACE_LE(228),
		                        /* */
		                        LE32(6), LE32(60), LE32(0), LE32(0), LE32(1), LE32(28),
		                        LE32(28), IPV4_UDP, LE32(60), LE32(6), LE32(60), LE32(1),
		                        LE32(0), LE32(2), LE32(28), LE32(28), IPV4_UDP, LE32(60),
		                        PACKET_AT(0, 0, 3), INTERFACE_LE(65000),
		                        PACKET_AT(2, 0, 4) };
	_cleanup_(source_freep) struct source *source =
	        good_source(file, sizeof(file), "udp port 53");
	expect_frame(source, 1, 1, 1000);
	expect_frame(source, 1, 2, 2000);
	expect_end(source);
	cr_assert_not_null(info_of(source)->error);
	cr_expect_not_null(strstr(info_of(source)->error,
	                          "not read after packet 3: the filter does not suit link type "
	                          "65000: "),
	                   "%s", info_of(source)->error);
	cr_expect_eq(info_of(source)->packets, 2);
}
