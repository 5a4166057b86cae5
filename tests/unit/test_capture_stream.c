#include "test_capture_files.h"

#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define SECOND    NS_PER_SECOND
#define N_RECORDS 4000u /* the file is larger than the window */
#define FILE_MAX  (4u << 20)

/* A file being written. */
struct out {
	uint8_t *bytes;
	size_t len;
};

static void put(struct out *out, const void *bytes, size_t len)
{
	cr_assert_leq(out->len + len, FILE_MAX);
	memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
}

static void put32(struct out *out, uint32_t n, bool is_big)
{
	const uint8_t little[] = { LE32(n) }, big[] = { BE32(n) };
	put(out, is_big ? big : little, 4);
}

static void put16(struct out *out, uint16_t n, bool is_big)
{
	const uint8_t little[] = { LE16(n) }, big[] = { (uint8_t)(n >> 8), (uint8_t)n };
	put(out, is_big ? big : little, 2);
}

/* Record i: its length, its time in microseconds, its bytes. */
static uint32_t len_of(unsigned i)
{
	return i * 7 % 1500;
}

static uint64_t us_of(unsigned i)
{
	return UINT64_C(1700000000000000) + i * UINT64_C(10037);
}

static uint8_t byte_of(unsigned i, uint32_t at)
{
	return (uint8_t)(i * 31 + at * at / 16);
}

static void put_data(struct out *out, unsigned i)
{
	uint8_t data[1500];
	for (uint32_t at = 0; at < len_of(i); at++)
		data[at] = byte_of(i, at);
	put(out, data, len_of(i));
}

static void write_pcap(struct out *out, bool is_big, bool is_nano)
{
	put32(out, is_nano ? MAGIC_NS : MAGIC_US, is_big);
	put16(out, 2, is_big);
	put16(out, 4, is_big);
	put32(out, 0, is_big);
	put32(out, 0, is_big);
	put32(out, 65535, is_big);
	put32(out, 1, is_big);
	for (unsigned i = 0; i < N_RECORDS; i++) {
		put32(out, (uint32_t)(us_of(i) / 1000000), is_big);
		put32(out, (uint32_t)(us_of(i) % 1000000) * (is_nano ? 1000 : 1), is_big);
		put32(out, len_of(i), is_big);
		put32(out, len_of(i) + i % 3, is_big);
		put_data(out, i);
	}
}

static void write_pcapng(struct out *out, bool is_big, bool is_nano)
{
	static const uint8_t zeros[4] = { 0 }, nano[] = { 9, 0, 0, 0 };
	put32(out, 0x0a0d0d0a, is_big);
	put32(out, 28, is_big);
	put32(out, 0x1a2b3c4d, is_big);
	put16(out, 1, is_big);
	put16(out, 0, is_big);
	put32(out, UINT32_MAX, is_big);
	put32(out, UINT32_MAX, is_big);
	put32(out, 28, is_big);
	put32(out, 1, is_big);
	put32(out, is_nano ? 28 : 20, is_big);
	put16(out, 1, is_big);
	put16(out, 0, is_big);
	put32(out, 0, is_big);
	if (is_nano) {
		put16(out, 9, is_big);
		put16(out, 1, is_big);
		put(out, nano, 4);
	}
	put32(out, is_nano ? 28 : 20, is_big);
	for (unsigned i = 0; i < N_RECORDS; i++) {
		uint64_t units = us_of(i) * (is_nano ? 1000 : 1);
		uint32_t padding = (4 - len_of(i) % 4) % 4, len = 32 + len_of(i) + padding;
		put32(out, 6, is_big);
		put32(out, len, is_big);
		put32(out, 0, is_big);
		put32(out, (uint32_t)(units >> 32), is_big);
		put32(out, (uint32_t)units, is_big);
		put32(out, len_of(i), is_big);
		put32(out, len_of(i) + i % 3, is_big);
		put_data(out, i);
		put(out, zeros, padding);
		put32(out, len, is_big);
	}
}

static struct out new_out(void)
{
	struct out out = { .bytes = malloc(FILE_MAX) };
	cr_assert_not_null(out.bytes);
	return out;
}

static struct out form(unsigned n)
{
	struct out out = new_out();
	(n & 4 ? write_pcapng : write_pcap)(&out, n & 1, n & 2);
	return out;
}

/* ---- Packing, by the libraries themselves --------------------------------------------------- */

static struct out pack_gzip(struct bytes in)
{
	struct out out = new_out();
	z_stream z = { .next_in = (z_const Bytef *)in.data, .avail_in = (uInt)in.len };
	cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = out.bytes;
	z.avail_out = FILE_MAX;
	cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	out.len = z.total_out;
	deflateEnd(&z);
	return out;
}

static struct out pack_zstd(struct bytes in)
{
	struct out out = new_out();
	out.len = ZSTD_compress(out.bytes, FILE_MAX, in.data, in.len, 3);
	cr_assert_not(ZSTD_isError(out.len));
	return out;
}

static struct out pack_lz4(struct bytes in)
{
	struct out out = new_out();
	const LZ4F_preferences_t preferences = {
		.frameInfo = { .contentChecksumFlag = LZ4F_contentChecksumEnabled },
	};
	out.len = LZ4F_compressFrame(out.bytes, FILE_MAX, in.data, in.len, &preferences);
	cr_assert_not(LZ4F_isError(out.len));
	return out;
}

static struct out pack_xz(struct bytes in)
{
	struct out out = new_out();
	cr_assert_eq(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, in.data, in.len, out.bytes,
	                                     &out.len, FILE_MAX),
	             LZMA_OK);
	return out;
}

static const struct {
	const char *word;
	struct out (*pack)(struct bytes in);
} packers[] = {
	{ "gzip", pack_gzip },
	{ "zstd", pack_zstd },
	{ "lz4", pack_lz4 },
	{ "xz", pack_xz },
};

/* ---- Reading --------------------------------------------------------------------------------- */

/* How many of the records are there, one by one as they were written. */
static unsigned count_good(struct source *source)
{
	struct frame frame;
	unsigned i = 0;
	for (; source_next(source, &frame) == 0; i++) {
		cr_assert_lt(i, N_RECORDS);
		cr_assert_eq(frame.number, i + 1);
		cr_assert_eq(frame.time_ns, (int64_t)us_of(i) * 1000);
		cr_assert_eq(frame.link_type, 1);
		cr_assert_eq(frame.data.len, len_of(i));
		cr_assert_eq(frame.len_wire, len_of(i) + i % 3);
		uint32_t wrong = 0;
		for (uint32_t at = 0; at < len_of(i); at++)
			wrong += frame.data.data[at] != byte_of(i, at);
		cr_assert_eq(wrong, 0);
	}
	return i;
}

static void expect_all(struct bytes file, const char *packing)
{
	_cleanup_(source_freep) struct source *source = good_source(file.data, file.len, NULL);
	const struct input_info *info = source_get_input(source, 0);
	cr_expect_eq(count_good(source), N_RECORDS);
	cr_expect_null(info->error, "%s", info->error);
	cr_expect_not(info->is_truncated);
	cr_expect_eq(info->size_bytes, file.len);
	if (packing)
		cr_expect_str_eq(info->packing, packing);
	else
		cr_expect_null(info->packing);
}

/* The same frames as pcap and pcapng, in both byte orders and both resolutions, packed or not. */
Test(stream, the_form_does_not_matter)
{
	for (unsigned n = 0; n < 8; n++) {
		struct out plain = form(n);
		expect_all(BYTES(plain.bytes, plain.len), NULL);
		for (size_t p = 0; p < ARRAY_SIZE(packers); p++) {
			struct out packed = packers[p].pack(BYTES(plain.bytes, plain.len));
			expect_all(BYTES(packed.bytes, packed.len), packers[p].word);
			free(packed.bytes);
		}
		free(plain.bytes);
	}
}

/* Packed in two members that meet in the middle of a record; zeros behind them are padding. */
Test(stream, members)
{
	struct out plain = form(0);
	size_t half = plain.len / 2 + 5;
	for (size_t p = 0; p < ARRAY_SIZE(packers); p++) {
		struct out a = packers[p].pack(BYTES(plain.bytes, half));
		struct out b = packers[p].pack(BYTES(plain.bytes + half, plain.len - half));
		put(&a, b.bytes, b.len);
		expect_all(BYTES(a.bytes, a.len), packers[p].word);
		put(&a, (const uint8_t[8]){ 0 }, 8);
		expect_all(BYTES(a.bytes, a.len), packers[p].word);
		put(&a, "x", 1);
		_cleanup_(source_freep) struct source *source = good_source(a.bytes, a.len, NULL);
		const struct input_info *info = source_get_input(source, 0);
		cr_expect_eq(count_good(source), N_RECORDS);
		cr_expect_not(info->is_truncated);
		cr_assert_not_null(info->error);
		cr_expect_not_null(strstr(info->error, "damaged after packet 4000: "));
		cr_expect_not_null(strstr(info->error, ": other data behind the packed data"));
		free(a.bytes);
		free(b.bytes);
	}
	free(plain.bytes);
}

Test(stream, skippable_frames)
{
	static const uint8_t skippable[] = { 0x5e, 0x2a, 0x4d, 0x18, LE32(3), 'a', 'b', 'c' };
	struct out plain = form(4);
	for (size_t p = 1; p <= 2; p++) {
		struct out packed = packers[p].pack(BYTES(plain.bytes, plain.len));
		put(&packed, skippable, sizeof(skippable));
		expect_all(BYTES(packed.bytes, packed.len), packers[p].word);
		free(packed.bytes);
	}
	struct out first = new_out(), packed = pack_zstd(BYTES(plain.bytes, plain.len));
	put(&first, skippable, sizeof(skippable));
	put(&first, packed.bytes, packed.len);
	expect_all(BYTES(first.bytes, first.len), "zstd");
	free(first.bytes);
	free(packed.bytes);
	free(plain.bytes);
}

/* What can be unpacked is handed out first; then the input is cut off, not damaged. */
Test(stream, packed_data_cut)
{
	struct out plain = form(0);
	for (size_t p = 0; p < ARRAY_SIZE(packers); p++) {
		struct out packed = packers[p].pack(BYTES(plain.bytes, plain.len));
		const size_t cuts[] = { packed.len - 1, packed.len / 2 };
		for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
			_cleanup_(source_freep) struct source *source = NULL;
			struct err err = { 0 };
			int r = source_of(&source, memory_file(packed.bytes, cuts[i]), NULL, &err);
			if (r == SOURCE_E_INVALID) { /* xz gives nothing of its first block */
				cr_expect_not_null(strstr(err.text, "the packed data is cut off"));
				continue;
			}
			cr_assert_eq(r, 0);
			unsigned n = count_good(source);
			const struct input_info *info = source_get_input(source, 0);
			cr_expect(info->is_truncated, "%s", packers[p].word);
			cr_assert_not_null(info->error);
			cr_expect_not_null(strstr(info->error, "cut off after packet "), "%s",
			                   info->error);
			if (i == 1)
				cr_expect_lt(n, N_RECORDS);
		}
		free(packed.bytes);
	}
	free(plain.bytes);
}

/* Each kind of packing checks itself: a changed byte near the end is damage. */
Test(stream, packed_data_damaged)
{
	struct out plain = form(2);
	static const size_t from_end[] = { 6, 0, 2, 20 };
	for (size_t p = 0; p < ARRAY_SIZE(packers); p++) {
		if (!from_end[p])
			continue; /* ZSTD_compress() adds no checksum */
		struct out packed = packers[p].pack(BYTES(plain.bytes, plain.len));
		packed.bytes[packed.len - from_end[p]] ^= 0xff;
		_cleanup_(source_freep) struct source *source =
		        good_source(packed.bytes, packed.len, NULL);
		count_good(source);
		const struct input_info *info = source_get_input(source, 0);
		cr_expect_not(info->is_truncated);
		cr_assert_not_null(info->error, "%s", packers[p].word);
		cr_expect_not_null(strstr(info->error, "damaged after packet "), "%s", info->error);
		cr_expect_not_null(strstr(info->error, packers[p].word), "%s", info->error);
		free(packed.bytes);
	}
	free(plain.bytes);
}

Test(stream, damaged_from_the_start)
{
	const struct {
		struct bytes bytes;
		const char *text;
	} rows[] = {
		{ BYTES_LITERAL("\x1f\x8b\x07\x00????????????"), "test: gzip: " },
		{ BYTES_LITERAL("\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
		  "test: zstd: " },
		{ BYTES_LITERAL("\x04\x22\x4d\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
		  "test: lz4: " },
		{ BYTES_LITERAL("\xfd\x37\x7a\x58\x5a\x00\x01\x02\x03\x04\x05\x06\x07"),
		  "test: xz: " },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct source *source = NULL;
		struct err err = { 0 };
		cr_expect_eq(source_of(&source, memory_file(rows[i].bytes.data, rows[i].bytes.len),
		                       NULL, &err),
		             SOURCE_E_INVALID);
		cr_expect_eq(strncmp(err.text, rows[i].text, strlen(rows[i].text)), 0, "%s",
		             err.text);
	}
}

Test(stream, empty_inside)
{
	for (size_t p = 0; p < ARRAY_SIZE(packers); p++) {
		struct out packed = packers[p].pack(BYTES((const uint8_t *)"", 0));
		struct source *source = NULL;
		struct err err = { 0 };
		cr_expect_eq(source_of(&source, memory_file(packed.bytes, packed.len), NULL, &err),
		             SOURCE_E_INVALID);
		cr_expect_str_eq(err.text, "test: the file is empty inside");
		free(packed.bytes);
	}
}

/* Through a pipe, as standard input is. */
Test(stream, packed_pipe)
{
	static const uint8_t file[] = { PCAP_LE(MAGIC_US, 1), RECORD_LE(1, 0, 1, 1), 'a' };
	for (size_t p = 0; p < ARRAY_SIZE(packers); p++) {
		struct out packed = packers[p].pack(BYTES(file, sizeof(file)));
		_cleanup_(source_freep) struct source *source = NULL;
		struct err err = { 0 };
		cr_assert_eq(source_of(&source, pipe_file(packed.bytes, packed.len), NULL, &err),
		             0);
		expect_frame(source, 1, 1, SECOND);
		expect_end(source);
		cr_expect_null(source_get_input(source, 0)->error);
		cr_expect_eq(source_get_input(source, 0)->size_bytes, 0);
		free(packed.bytes);
	}
}

Test(stream, starts_that_are_captures)
{
	static const char *const starts[] = { "\xa1\xb2\xc3\xd4",
		                              "\x0a\x0d\x0d\x0a",
		                              "\x1f\x8b\x08\x08",
		                              "\x28\xb5\x2f\xfd",
		                              "\x04\x22\x4d\x18",
		                              "\x50\x2a\x4d\x18",
		                              "\xfd"
		                              "7zX",
		                              "BZh9",
		                              "PK\x03\x04" };
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		cr_expect(source_is_capture(bytes_from_text(starts[i])), "%zu", i);
	cr_expect_not(source_is_capture(BYTES_LITERAL("text")));
	cr_expect_not(source_is_capture(BYTES_LITERAL("\xa1\xb2")));
}
