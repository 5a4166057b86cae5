/*
 * Capture files written by hand for the tests of capture: classic pcap in both byte orders
 * (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), as descriptors of memory.
 */
#ifndef TEST_CAPTURE_FILES_H
#define TEST_CAPTURE_FILES_H

#include <criterion/criterion.h>
#include <sys/mman.h>

#include "pcaudit/base/util.h"
#include "pcaudit/capture.h"

#define LE16(n) (uint8_t)(n), (uint8_t)((n) >> 8)
#define LE32(n)                                                                                    \
	(uint8_t)(n), (uint8_t)((uint32_t)(n) >> 8), (uint8_t)((uint32_t)(n) >> 16),               \
	        (uint8_t)((uint32_t)(n) >> 24)
#define BE32(n)                                                                                    \
	(uint8_t)((uint32_t)(n) >> 24), (uint8_t)((uint32_t)(n) >> 16),                            \
	        (uint8_t)((uint32_t)(n) >> 8), (uint8_t)(n)

#define MAGIC_US 0xa1b2c3d4
#define MAGIC_NS 0xa1b23c4d

#define PCAP_LE(magic, link_type)                                                                  \
	LE32(magic), LE16(2), LE16(4), LE32(0), LE32(0), LE32(65535), LE32(link_type)
#define PCAP_BE(magic, link_type)                                                                  \
	BE32(magic), 0, 2, 0, 4, BE32(0), BE32(0), BE32(65535), BE32(link_type)
#define RECORD_LE(seconds, fraction, captured, len)                                                \
	LE32(seconds), LE32(fraction), LE32(captured), LE32(len)
#define RECORD_BE(seconds, fraction, captured, len)                                                \
	BE32(seconds), BE32(fraction), BE32(captured), BE32(len)

#define SECTION_LE                                                                                 \
	LE32(0x0a0d0d0a), LE32(28), LE32(0x1a2b3c4d), LE16(1), LE16(0), LE32(-1), LE32(-1), LE32(28)
#define INTERFACE_LE(link_type) LE32(1), LE32(20), LE16(link_type), LE16(0), LE32(65535), LE32(20)
/* An enhanced packet block of four bytes; time in microseconds, below 2^32. */
#define PACKET4_LE(interface, us, len, a, b, c, d)                                                 \
	LE32(6), LE32(36), LE32(interface), LE32(0), LE32(us), LE32(4), LE32(len), a, b, c, d,     \
	        LE32(36)

_unused_ static int memory_file(const void *data, size_t len)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, data, len), (ssize_t)len);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* The bytes through a pipe, which cannot be read twice. */
_unused_ static int pipe_file(const void *data, size_t len)
{
	int fds[2];
	cr_assert_eq(pipe(fds), 0);
	cr_assert_eq(write(fds[1], data, len), (ssize_t)len);
	close(fds[1]);
	return fds[0];
}

/* A source of one input called "test". */
_unused_ static int source_of(struct source **out, int fd, const char *filter, struct err *err)
{
	const struct source_input input = { .fd = fd, .name = "test" };
	return source_new(out, &input, 1, filter, err);
}

_unused_ static struct source *good_source(const void *data, size_t len, const char *filter)
{
	struct source *source = NULL;
	struct err err = { 0 };
	int r = source_of(&source, memory_file(data, len), filter, &err);
	cr_assert_eq(r, 0, "%d %s", r, err.text);
	return source;
}

/* Reads the next frame and checks its place. */
_unused_ static void expect_frame(struct source *source, uint32_t file, uint64_t number,
                                  int64_t time_ns)
{
	struct frame frame;
	cr_assert_eq(source_next(source, &frame), 0);
	cr_expect_eq(frame.file, file);
	cr_expect_eq(frame.number, number);
	cr_expect_eq(frame.time_ns, time_ns, "%lld", (long long)frame.time_ns);
}

_unused_ static void expect_end(struct source *source)
{
	struct frame frame;
	cr_expect_eq(source_next(source, &frame), SOURCE_E_END);
	cr_expect_eq(source_next(source, &frame), SOURCE_E_END);
}

#endif
