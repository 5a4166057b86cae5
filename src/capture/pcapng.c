/*
 * pcapng (draft-ietf-opsawg-pcapng): sections of blocks, each section in its own byte order and
 * with its own interfaces, each interface with its own link type and resolution of time.
 *
 * Read are section headers, interfaces, packets in their three forms, interface statistics and
 * decryption secrets; every other block is gone over by its length, so that unknown ones cost
 * nothing. Both lengths of a block must agree. A packet is numbered where Wireshark numbers it:
 * only packet blocks count.
 *
 * What is held is bounded: interfaces by number, their texts and the secrets by their sum. A
 * simple packet block has no time; it is given that of the packet before it. Statistics are sums
 * since the capture began, so the last block of an interface stands; without one, the counts of
 * lost packets that packet blocks carry are added up.
 *
 * Not here: names of addresses, which who wrote the file chose and which therefore give no host a
 * role; custom blocks; the length a section header may state (a block's own length is enough).
 */
#include "capture/priv.h"

#include <errno.h>

#include "pcaudit/base/arena.h"

#define BLOCK_HEAD_LEN  8                    /* type, length */
#define BLOCK_LEN_MIN   12                   /* and the length again */
#define BLOCK_LEN_MAX   ((uint32_t)16 << 20) /* of a block that is read; libpcap's bound */
#define SECTION_LEN_MIN 28
#define MAX_INTERFACES  65536u
#define NAMES_BUDGET    ((size_t)4 << 20)
#define SECRETS_BUDGET  ((size_t)32 << 20)
#define MAX_SECRETS     4096u

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_OLD_PACKET = 2,
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECRETS = 10,
	BLOCK_SECTION = 0x0a0d0d0a, /* the same in both byte orders */
};

enum option_code {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	INTERFACE_NAME = 2,
	INTERFACE_DESCRIPTION = 3,
	INTERFACE_RESOLUTION = 9,
	INTERFACE_FILTER = 11,
	INTERFACE_FCS_LEN = 13,
	INTERFACE_OFFSET = 14,
	STATISTICS_RECEIVED = 4,
	STATISTICS_DROPPED = 5,
	STATISTICS_DROPPED_SYSTEM = 7,
	PACKET_DROPPED = 4,
};

/* What reading packets needs of an interface; the rest is in its input_interface. */
struct ng_interface {
	uint16_t link_type;
	uint8_t fcs_len;
	bool is_binary;   /* the unit is 2^-exponent seconds, else 10^-exponent */
	uint8_t exponent; /* 0 to 127 */
	uint64_t units; /* decimal: nanoseconds in a unit, or, from 10^-10 on, units in a nanosecond
	                 */
	uint32_t snaplen; /* 0: none */
	int64_t offset_s;
};

struct pcapng {
	bool is_big_endian;
	uint32_t section_start; /* index of the section's first interface */
	uint32_t n_interfaces;  /* of all sections */
	size_t room;
	struct ng_interface *interfaces;
	int64_t last_ns; /* of the last packet that had a time */
	struct arena names, secret_bytes;
	struct source_secret *secrets;
	size_t n_secrets;
};

/* One option; data is a view. */
struct option {
	uint16_t code;
	struct bytes data;
};

static inline uint32_t read32(const struct pcapng *ng, struct reader *r)
{
	return ng->is_big_endian ? reader_be32(r) : reader_le32(r);
}

static inline uint16_t read16(const struct pcapng *ng, struct reader *r)
{
	return ng->is_big_endian ? reader_be16(r) : reader_le16(r);
}

static uint64_t read64(const struct pcapng *ng, struct reader *r)
{
	return ng->is_big_endian ? reader_be64(r) : reader_le64(r);
}

/* Padding to four bytes; the last may be missing at the end of a body, where nothing follows. */
static void skip_padding(struct reader *r, size_t len)
{
	size_t padding = (4 - len % 4) % 4;
	reader_skip(r, MIN(padding, reader_left(r)));
}

/* False at the end of the options; r is short then if they end in the middle of one. */
static bool next_option(const struct pcapng *ng, struct file *file, struct reader *r,
                        struct option *option)
{
	if (reader_left(r) == 0)
		return false;
	option->code = read16(ng, r);
	uint16_t len = read16(ng, r);
	option->data = reader_take(r, len);
	if (r->is_short || option->code == OPTION_END)
		return false;
	skip_padding(r, len);
	file->info.comments += option->code == OPTION_COMMENT;
	return true;
}

/* ---- Time -------------------------------------------------------------------------------------
 */

static uint64_t power_of_ten(unsigned exponent)
{
	uint64_t power = 1;
	for (unsigned i = 0; i < exponent; i++)
		power *= 10;
	return power;
}

static void set_resolution(struct ng_interface *interface, uint8_t value)
{
	interface->is_binary = value & 0x80;
	interface->exponent = value & 0x7f;
	if (interface->is_binary)
		return;
	if (interface->exponent <= 9)
		interface->units = power_of_ten(9u - interface->exponent);
	else if (interface->exponent - 9 <= 19)
		interface->units = power_of_ten(interface->exponent - 9u);
	else
		interface->units = 0; /* finer than 64 bits of nanoseconds: all of it is 0 */
}

/* Seconds and the nanoseconds behind them, of a binary fraction. */
static int64_t time_binary(const struct ng_interface *interface, uint64_t units)
{
	unsigned n = interface->exponent;
	uint64_t seconds = n < 64 ? units >> n : 0;
	uint64_t fraction = n == 0 ? 0 : n < 64 ? units & ((UINT64_C(1) << n) - 1) : units;
	__extension__ unsigned __int128 ns = fraction;
	ns = n < 128 ? ns * (uint64_t)NS_PER_SECOND >> n : 0;
	if (seconds > INT64_MAX / 2)
		return INT64_MAX;
	return file_time((int64_t)seconds + interface->offset_s, (int64_t)ns);
}

static int64_t time_decimal(const struct ng_interface *interface, uint64_t units)
{
	uint64_t ns;
	if (interface->exponent > 9)
		ns = interface->units ? units / interface->units : 0;
	else if (__builtin_mul_overflow(units, interface->units, &ns))
		return INT64_MAX;
	if (__builtin_expect(interface->offset_s == 0, 1))
		return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
	return file_time((int64_t)(ns / NS_PER_SECOND) + interface->offset_s,
	                 (int64_t)(ns % NS_PER_SECOND));
}

/* ---- Blocks that are not packets ----------------------------------------------------------------
 */

/* body is from the byte-order magic on. 0, or SOURCE_E_END for damage. */
static int read_section(struct pcapng *ng, struct file *file, struct bytes body)
{
	struct reader r = reader_of(body);
	struct option option;
	reader_skip(&r, 4);
	uint16_t major = read16(ng, &r);
	uint16_t minor = read16(ng, &r);
	if (major != 1)
		return file_damaged(file, "pcapng version %u.%u is not known", major, minor);
	reader_skip(&r, 8); /* length of the section */
	while (next_option(ng, file, &r, &option))
		;
	ng->section_start = ng->n_interfaces;
	return 0;
}

/* A filter is a byte that says how it is written, 0 for libpcap's text, and the filter. */
static void read_filter(struct input_interface *listed, struct bytes data)
{
	listed->is_filtered = data.len > 1;
	if (data.len > 1 && data.data[0] == 0)
		listed->filter = bytes_skip(data, 1);
}

/* False if an option has a length that it cannot have. Texts are views yet. */
static bool read_interface_option(const struct pcapng *ng, const struct option *option,
                                  struct ng_interface *interface, struct input_interface *listed)
{
	struct reader r = reader_of(option->data);
	switch (option->code) {
	case INTERFACE_NAME:
		listed->name = option->data;
		return true;
	case INTERFACE_DESCRIPTION:
		listed->description = option->data;
		return true;
	case INTERFACE_FILTER:
		read_filter(listed, option->data);
		return true;
	case INTERFACE_RESOLUTION:
		set_resolution(interface, reader_u8(&r));
		return option->data.len == 1;
	case INTERFACE_FCS_LEN:
		interface->fcs_len = reader_u8(&r);
		return option->data.len == 1;
	case INTERFACE_OFFSET:
		interface->offset_s = (int64_t)read64(ng, &r);
		/* Beyond this no time fits into nanoseconds, and sums need no care below it. */
		interface->offset_s = MAX(interface->offset_s, INT64_MIN / 4);
		interface->offset_s = MIN(interface->offset_s, INT64_MAX / 4);
		return option->data.len == 8;
	default:
		return true;
	}
}

static bool make_room(struct pcapng *ng)
{
	if (ng->n_interfaces < ng->room)
		return true;
	size_t room = ng->room ? ng->room * 2 : 4;
	struct ng_interface *grown = realloc(ng->interfaces, room * sizeof(*grown));
	if (!grown)
		return false;
	ng->interfaces = grown;
	ng->room = room;
	return true;
}

/* Empty if the texts take too much room. Writers may end a text with a NUL, or not. */
static void keep_text(struct pcapng *ng, struct bytes *text)
{
	while (text->len && text->data[text->len - 1] == '\0')
		text->len--;
	if (text->len)
		*text = arena_dup(&ng->names, *text);
	if (!text->data)
		text->len = 0;
}

static int read_interface(struct pcapng *ng, struct file *file, struct bytes body)
{
	struct reader r = reader_of(body);
	struct ng_interface interface = { 0 };
	struct input_interface listed = { 0 };
	struct option option;
	interface.link_type = read16(ng, &r);
	reader_skip(&r, 2);
	interface.snaplen = read32(ng, &r);
	set_resolution(&interface, 6);
	bool is_good = !r.is_short;
	while (is_good && next_option(ng, file, &r, &option))
		is_good = read_interface_option(ng, &option, &interface, &listed);
	if (!is_good || r.is_short)
		return file_damaged(file, "an interface block contradicts its length");
	if (ng->n_interfaces == MAX_INTERFACES)
		return file_damaged(file, "more than %u interfaces", MAX_INTERFACES);
	keep_text(ng, &listed.name);
	keep_text(ng, &listed.description);
	keep_text(ng, &listed.filter);
	listed.link_type = interface.link_type;
	listed.snaplen = interface.snaplen;
	if (!make_room(ng) || file_add_interface(file, &listed) < 0) {
		stream_fail(file->block.stream, ENOMEM);
		return file_end(file, false);
	}
	ng->interfaces[ng->n_interfaces++] = interface;
	return 0;
}

static int read_statistics(struct pcapng *ng, struct file *file, struct bytes body)
{
	struct reader r = reader_of(body);
	uint32_t index = read32(ng, &r);
	struct option option;
	reader_skip(&r, 8); /* time */
	if (r.is_short || index >= ng->n_interfaces - ng->section_start)
		return file_damaged(file, "statistics of an interface that was not described");
	struct input_interface *listed = &file->info.interfaces[ng->section_start + index];
	listed->has_statistics = true;
	listed->received = listed->dropped_interface = listed->dropped_kernel = 0;
	while (next_option(ng, file, &r, &option)) {
		struct reader value = reader_of(option.data);
		if (option.data.len != 8)
			continue;
		if (option.code == STATISTICS_RECEIVED)
			listed->received = read64(ng, &value);
		else if (option.code == STATISTICS_DROPPED)
			listed->dropped_interface = read64(ng, &value);
		else if (option.code == STATISTICS_DROPPED_SYSTEM)
			listed->dropped_kernel = read64(ng, &value);
	}
	return 0;
}

/* Kept as they are, within the budget; what they mean is not known here. */
static int read_secrets(struct pcapng *ng, struct file *file, struct bytes body)
{
	struct reader r = reader_of(body);
	uint32_t type = read32(ng, &r);
	struct bytes data = reader_take(&r, read32(ng, &r));
	if (r.is_short)
		return file_damaged(file, "a secrets block contradicts its length");
	if (!ng->secrets)
		ng->secrets = calloc(MAX_SECRETS, sizeof(*ng->secrets));
	struct bytes kept = { 0 };
	if (ng->secrets && data.len && ng->n_secrets < MAX_SECRETS)
		kept = arena_dup(&ng->secret_bytes, data);
	if (kept.data) {
		ng->secrets[ng->n_secrets++] = (struct source_secret){ type, kept };
		file->info.secrets++;
	} else {
		file->info.secrets_dropped++;
	}
	return 0;
}

/* ---- Packets ------------------------------------------------------------------------------------
 */

/* Counts what a packet's options say; a fault in them is not the packet's. */
static uint64_t read_packet_options(const struct pcapng *ng, struct file *file, struct reader *r)
{
	struct option option;
	uint64_t dropped = 0;
	while (next_option(ng, file, r, &option)) {
		struct reader value = reader_of(option.data);
		if (option.code == PACKET_DROPPED && option.data.len == 8)
			dropped = read64(ng, &value);
	}
	return dropped;
}

static void note_dropped(struct file *file, uint32_t index, uint64_t dropped)
{
	struct input_interface *listed = &file->info.interfaces[index];
	if (dropped && !listed->has_statistics &&
	    __builtin_add_overflow(listed->dropped_interface, dropped, &listed->dropped_interface))
		listed->dropped_interface = UINT64_MAX;
}

/* An enhanced packet block, or the packet block it replaced. */
static int read_packet(struct pcapng *ng, struct file *file, struct bytes body, bool is_old,
                       struct frame *frame)
{
	struct reader r = reader_of(body);
	uint32_t index, dropped = 0;
	if (is_old) {
		index = read16(ng, &r);
		dropped = read16(ng, &r);
		dropped = dropped == 0xffff ? 0 : dropped; /* not known */
	} else {
		index = read32(ng, &r);
	}
	uint64_t units = (uint64_t)read32(ng, &r) << 32;
	units |= read32(ng, &r);
	uint32_t captured = read32(ng, &r);
	uint32_t len_wire = read32(ng, &r);
	frame->data = reader_take(&r, captured);
	if (r.is_short)
		return file_damaged(file, "the next packet is longer than its block");
	if (index >= ng->n_interfaces - ng->section_start)
		return file_damaged(file,
		                    "the next packet names an interface that was not described");
	index += ng->section_start;
	const struct ng_interface *interface = &ng->interfaces[index];
	ng->last_ns = interface->is_binary ? time_binary(interface, units)
	                                   : time_decimal(interface, units);
	frame->time_ns = ng->last_ns;
	frame->link_type = interface->link_type;
	frame->interface = index;
	frame->len_wire = len_wire;
	file_trim_fcs(frame, interface->fcs_len);
	skip_padding(&r, captured);
	if (__builtin_expect(reader_left(&r) || dropped, 0))
		note_dropped(file, index, dropped + read_packet_options(ng, file, &r));
	file->number++;
	return 0;
}

/* Without interface, time and captured length: the first interface, the last time, what fits. */
static int read_simple_packet(struct pcapng *ng, struct file *file, struct bytes body,
                              struct frame *frame)
{
	struct reader r = reader_of(body);
	uint32_t len_wire = read32(ng, &r);
	if (r.is_short)
		return file_damaged(file, "the next packet is longer than its block");
	if (ng->n_interfaces == ng->section_start)
		return file_damaged(file,
		                    "the next packet names an interface that was not described");
	const struct ng_interface *interface = &ng->interfaces[ng->section_start];
	uint32_t captured = len_wire;
	if (interface->snaplen)
		captured = MIN(captured, interface->snaplen);
	if (captured > reader_left(&r))
		return file_damaged(file, "the next packet is longer than its block");
	frame->data = reader_take(&r, captured);
	frame->time_ns = ng->last_ns;
	frame->link_type = interface->link_type;
	frame->interface = ng->section_start;
	frame->len_wire = len_wire;
	file_trim_fcs(frame, interface->fcs_len);
	file->number++;
	return 0;
}

/* ---- The walk -----------------------------------------------------------------------------------
 */

static bool is_read(uint32_t type)
{
	switch (type) {
	case BLOCK_INTERFACE:
	case BLOCK_OLD_PACKET:
	case BLOCK_SIMPLE_PACKET:
	case BLOCK_STATISTICS:
	case BLOCK_PACKET:
	case BLOCK_SECRETS:
	case BLOCK_SECTION:
		return true;
	default:
		return false;
	}
}

/* The byte order of the section that begins here. False: it has none, or is cut. */
static bool take_order(struct pcapng *ng, struct block *block)
{
	if (!block_has(block, SECTION_LEN_MIN))
		return false;
	struct bytes magic = bytes_take(bytes_skip(block->left, 8), 4);
	if (bytes_equal(magic, BYTES_LITERAL("\x1a\x2b\x3c\x4d")))
		ng->is_big_endian = true;
	else if (bytes_equal(magic, BYTES_LITERAL("\x4d\x3c\x2b\x1a")))
		ng->is_big_endian = false;
	else
		return false;
	return true;
}

/* Over a block of no interest; its second length is still looked at. */
static int skip_block(struct pcapng *ng, struct file *file, uint32_t len)
{
	if (!block_skip(&file->block, len - 4) || !block_has(&file->block, 4))
		return file_end(file, false);
	struct reader r = reader_of(bytes_take(file->block.left, 4));
	if (read32(ng, &r) != len)
		return file_damaged(file, "the two lengths of a block differ");
	block_take(&file->block, 4);
	return 0;
}

/* 0 for a block that is no packet, 1 for a packet in frame, SOURCE_E_END. */
static int read_body(struct pcapng *ng, struct file *file, uint32_t type, struct bytes body,
                     struct frame *frame)
{
	int r = SOURCE_E_END;
	switch (type) {
	case BLOCK_PACKET:
		r = read_packet(ng, file, body, false, frame);
		return r ? -1 : 1;
	case BLOCK_OLD_PACKET:
		r = read_packet(ng, file, body, true, frame);
		return r ? -1 : 1;
	case BLOCK_SIMPLE_PACKET:
		r = read_simple_packet(ng, file, body, frame);
		return r ? -1 : 1;
	case BLOCK_SECTION:
		r = read_section(ng, file, body);
		break;
	case BLOCK_INTERFACE:
		r = read_interface(ng, file, body);
		break;
	case BLOCK_STATISTICS:
		r = read_statistics(ng, file, body);
		break;
	case BLOCK_SECRETS:
		r = read_secrets(ng, file, body);
		break;
	}
	return r ? -1 : 0;
}

/* One block: 0 no packet, 1 a packet, -1 the end. */
static int read_block(struct pcapng *ng, struct file *file, struct frame *frame)
{
	struct block *block = &file->block;
	if (!block_has(block, BLOCK_HEAD_LEN)) {
		file_end(file, block->left.len == 0);
		return -1;
	}
	struct reader r = reader_of(bytes_take(block->left, BLOCK_HEAD_LEN));
	uint32_t type = read32(ng, &r);
	if (__builtin_expect(type == BLOCK_SECTION, 0) && !take_order(ng, block)) {
		if (block->left.len < SECTION_LEN_MIN)
			file_end(file, false);
		else
			file_damaged(file, "a section header without a byte order");
		return -1;
	}
	uint32_t len = read32(ng, &r);
	if (len < (type == BLOCK_SECTION ? SECTION_LEN_MIN : BLOCK_LEN_MIN) || len % 4) {
		file_damaged(file, "a block says it is %u bytes long", len);
		return -1;
	}
	if (!is_read(type))
		return skip_block(ng, file, len) ? -1 : 0;
	if (len > BLOCK_LEN_MAX) {
		file_damaged(file, "a block says it is %u bytes long, more than %u", len,
		             BLOCK_LEN_MAX);
		return -1;
	}
	if (!block_has(block, len)) {
		file_end(file, false);
		return -1;
	}
	struct bytes whole = bytes_take(block->left, len);
	struct reader last = reader_of(bytes_skip(whole, len - 4));
	if (read32(ng, &last) != len) {
		file_damaged(file, "the two lengths of a block differ");
		return -1;
	}
	block_take(block, len);
	struct bytes body = bytes_take(bytes_skip(whole, BLOCK_HEAD_LEN), len - BLOCK_LEN_MIN);
	return read_body(ng, file, type, body, frame);
}

static int pcapng_next(void *state, struct file *file, struct frame *frame)
{
	int r;
	do {
		r = read_block(state, file, frame);
	} while (r == 0);
	return r == 1 ? 0 : SOURCE_E_END;
}

static const struct source_secret *pcapng_get_secret(const void *state, size_t index)
{
	const struct pcapng *ng = state;
	return index < ng->n_secrets ? &ng->secrets[index] : NULL;
}

static void pcapng_free(void *state)
{
	struct pcapng *ng = state;
	arena_deinit(&ng->names);
	for (size_t i = 0; i < ng->n_secrets; i++)
		explicit_bzero((void *)ng->secrets[i].data.data, ng->secrets[i].data.len);
	arena_deinit(&ng->secret_bytes);
	free(ng->secrets);
	free(ng->interfaces);
	free(ng);
}

/* The first section header: what is wrong with it makes the file no capture. */
static int open_section(struct pcapng *ng, struct file *file, struct err *err)
{
	struct frame frame;
	bool is_whole = block_has(&file->block, SECTION_LEN_MIN);
	if (!bytes_starts_with(file->block.left, BYTES_LITERAL("\x0a\x0d\x0d\x0a")))
		return FORMAT_E_STRANGER;
	if (!is_whole)
		return file_headless(file, "pcapng", err);
	if (read_block(ng, file, &frame) == 0)
		return 0;
	err_set(err, "%s: not a pcapng file that can be read: %s", file->info.name,
	        file->info.error);
	return SOURCE_E_INVALID;
}

static int pcapng_open(void **state, struct file *file, struct err *err)
{
	struct pcapng *ng = calloc(1, sizeof(*ng));
	if (!ng)
		return -ENOMEM;
	arena_init(&ng->names, NAMES_BUDGET);
	arena_init(&ng->secret_bytes, SECRETS_BUDGET);
	int r = open_section(ng, file, err);
	if (r != 0) {
		pcapng_free(ng);
		return r;
	}
	*state = ng;
	return 0;
}

const struct format format_pcapng = {
	.word = "pcapng",
	.open = pcapng_open,
	.next = pcapng_next,
	.get_secret = pcapng_get_secret,
	.free = pcapng_free,
};
