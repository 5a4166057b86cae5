/*
 * Classic pcap, version 2.4 (draft-ietf-opsawg-pcap): one header, then records, in either byte
 * order, with microseconds or nanoseconds.
 *
 * Seconds have no sign: they last until 2106. The link type's word also says whether frames end
 * in a check sequence and how long that is; it is cut off, since nothing above could tell it from
 * payload. The header's snaplen is not believed: some writers leave it at 0 or below what they
 * wrote. A record longer than file_record_max() is damage, as it is for libpcap.
 *
 * Not here: versions before 2.4, whose lengths are swapped, and the variants that other programs
 * made of this format. libpcap knows them (other.c).
 */
#include "capture/priv.h"

#include <errno.h>

#define FILE_HEADER_LEN   24
#define RECORD_HEADER_LEN 16

#define LINK_TYPE_MASK 0x0000ffffu
#define FCS_IS_KNOWN   0x04000000u

struct pcap {
	bool is_big_endian;
	uint32_t fraction_ns; /* nanoseconds in one unit of a record's fraction */
	uint16_t link_type;
	uint32_t fcs_len;
	uint32_t record_max;
};

static const struct {
	struct bytes magic;
	bool is_big_endian;
	uint32_t fraction_ns;
} magics[] = {
	{ { (const uint8_t *)"\xd4\xc3\xb2\xa1", 4 }, false, 1000 },
	{ { (const uint8_t *)"\xa1\xb2\xc3\xd4", 4 }, true, 1000 },
	{ { (const uint8_t *)"\x4d\x3c\xb2\xa1", 4 }, false, 1 },
	{ { (const uint8_t *)"\xa1\xb2\x3c\x4d", 4 }, true, 1 },
};

static inline uint32_t read32(const struct pcap *pcap, struct reader *r)
{
	return pcap->is_big_endian ? reader_be32(r) : reader_le32(r);
}

static uint16_t read16(const struct pcap *pcap, struct reader *r)
{
	return pcap->is_big_endian ? reader_be16(r) : reader_le16(r);
}

static bool find_magic(struct pcap *pcap, struct bytes start)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		if (!bytes_starts_with(start, magics[i].magic))
			continue;
		pcap->is_big_endian = magics[i].is_big_endian;
		pcap->fraction_ns = magics[i].fraction_ns;
		return true;
	}
	return false;
}

static int pcap_open(void **state, struct file *file, struct err *err)
{
	struct pcap pcap = { 0 };
	bool is_whole = block_has(&file->block, FILE_HEADER_LEN);
	if (!find_magic(&pcap, file->block.left))
		return FORMAT_E_STRANGER;
	if (!is_whole)
		return file_headless(file, "pcap", err);
	struct reader r = reader_of(bytes_take(file->block.left, FILE_HEADER_LEN));
	reader_skip(&r, 4);
	uint16_t major = read16(&pcap, &r);
	uint16_t minor = read16(&pcap, &r);
	if (major != 2 || minor != 4)
		return FORMAT_E_STRANGER;
	reader_skip(&r, 8); /* time zone and accuracy, always 0 */
	uint32_t snaplen = read32(&pcap, &r);
	uint32_t link_type = read32(&pcap, &r);
	pcap.link_type = (uint16_t)(link_type & LINK_TYPE_MASK);
	if (link_type & FCS_IS_KNOWN)
		pcap.fcs_len = (link_type >> 28) * 2; /* in units of 16 bits */
	pcap.record_max = file_record_max(pcap.link_type);
	int r_add = file_add_interface(file, &(struct input_interface){
	                                             .link_type = pcap.link_type,
	                                             .snaplen = snaplen,
	                                     });
	if (r_add < 0)
		return r_add;
	struct pcap *out = malloc(sizeof(*out));
	if (!out)
		return -ENOMEM;
	*out = pcap;
	*state = out;
	block_take(&file->block, FILE_HEADER_LEN);
	return 0;
}

static int pcap_next(void *state, struct file *file, struct frame *frame)
{
	const struct pcap *pcap = state;
	struct block *block = &file->block;
	if (!block_has(block, RECORD_HEADER_LEN))
		return file_end(file, block->left.len == 0);
	struct reader r = reader_of(bytes_take(block->left, RECORD_HEADER_LEN));
	uint32_t seconds = read32(pcap, &r);
	uint32_t fraction = read32(pcap, &r);
	uint32_t captured = read32(pcap, &r);
	uint32_t len_wire = read32(pcap, &r);
	if (captured > pcap->record_max)
		return file_damaged(file, "the next record says it holds %u bytes, more than %u",
		                    captured, pcap->record_max);
	if (!block_has(block, RECORD_HEADER_LEN + captured))
		return file_end(file, false);
	frame->data = bytes_take(bytes_skip(block->left, RECORD_HEADER_LEN), captured);
	block_take(block, RECORD_HEADER_LEN + captured);
	frame->time_ns = seconds * NS_PER_SECOND + (int64_t)fraction * pcap->fraction_ns;
	frame->link_type = pcap->link_type;
	frame->interface = 0;
	frame->len_wire = len_wire;
	file_trim_fcs(frame, pcap->fcs_len);
	file->number++;
	return 0;
}

const struct format format_pcap = {
	.word = "pcap",
	.open = pcap_open,
	.next = pcap_next,
	.free = free,
};
