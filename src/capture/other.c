/*
 * What libpcap reads and pcap.c and pcapng.c do not: pcap before version 2.4, the variants that
 * other programs wrote, and whatever a later libpcap adds. libpcap takes a stdio stream, so the
 * window is given to it as one; this costs a copy, which such files are rare enough for.
 */
#include "capture/priv.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio_ext.h>

#define START_LEN 24

static ssize_t window_read(void *cookie, char *buffer, size_t size)
{
	struct block *block = cookie;
	if (!block->left.len && !block_has(block, 1))
		return 0;
	size_t n = MIN(size, block->left.len);
	memcpy(buffer, block->left.data, n);
	block_take(block, n);
	return (ssize_t)n;
}

static int other_open(void **state, struct file *file, struct err *err)
{
	block_has(&file->block,
	          START_LEN); /* so that what follows tells "cut" from "not a capture" */
	if (!file->block.left.len && stream_get_state(file->block.stream) > STREAM_ENDED)
		return file_headless(file, "", err);
	const cookie_io_functions_t functions = { .read = window_read };
	_cleanup_(fclosep) FILE *stream = fopencookie(&file->block, "r", functions);
	if (!stream)
		return -ENOMEM;
	__fsetlocking(stream, FSETLOCKING_BYCALLER); /* one reader */
	char text[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap =
	        pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!pcap) {
		err_set(err, "%s: not a capture that can be read: %s", file->info.name, text);
		return SOURCE_E_INVALID;
	}
	stream = NULL; /* closed by pcap_close() */
	const struct input_interface listed = {
		.link_type = (uint16_t)pcap_datalink(pcap),
		.snaplen = (uint32_t)pcap_snapshot(pcap),
	};
	if (file_add_interface(file, &listed) < 0) {
		pcap_close(pcap);
		return -ENOMEM;
	}
	*state = pcap;
	return 0;
}

static int other_next(void *state, struct file *file, struct frame *frame)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int r = pcap_next_ex(state, &header, &data);
	if (r == PCAP_ERROR_BREAK)
		return file_end(file, true);
	if (r != 1 && feof(pcap_file(state)))
		return file_end(file, false);
	if (r != 1)
		return file_damaged(file, "%s", pcap_geterr(state));
	frame->data = BYTES(data, header->caplen);
	/* Classic pcap has 32 bits without a sign, which libpcap gives back with one. */
	frame->time_ns = file_time((uint32_t)header->ts.tv_sec, (int64_t)header->ts.tv_usec);
	frame->link_type = file->info.link_type;
	frame->interface = 0;
	frame->len_wire = header->len;
	file->number++;
	return 0;
}

static void other_free(void *state)
{
	pcap_close(state);
}

const struct format format_other = {
	.word = "pcap",
	.open = other_open,
	.next = other_next,
	.free = other_free,
};
