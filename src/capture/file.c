/*
 * What every format says of its file in the same words: where reading stopped and why, which
 * interfaces there are, times that fit.
 *
 * "Cut off" is a file that ends in the middle of something; "damaged" is one that contradicts
 * itself. The difference matters to a person: the first is a copy to fetch again.
 */
#include "capture/priv.h"

#include <errno.h>
#include <stdarg.h>

#define NS_PER_SECOND_MAX (INT64_MAX / NS_PER_SECOND)

static int note(struct file *file, const char *what, const char *why)
{
	snprintf(file->error, sizeof(file->error), "%s after packet %llu: %s", what,
	         (unsigned long long)file->number, why);
	file->info.error = file->error;
	return SOURCE_E_END;
}

int file_end(struct file *file, bool is_between)
{
	const struct stream *stream = file->block.stream;
	switch (stream_get_state(stream)) {
	case STREAM_CUT:
		file->info.is_truncated = true;
		return note(file, "cut off", stream_get_why(stream));
	case STREAM_DAMAGED:
		return note(file, "damaged", stream_get_why(stream));
	case STREAM_FAILED:
		return note(file, "cannot be read", stream_get_why(stream));
	default:
		break;
	}
	if (is_between)
		return SOURCE_E_END;
	file->info.is_truncated = true;
	return note(file, "cut off", "the file ends inside a record");
}

int file_damaged(struct file *file, const char *format, ...)
{
	char why[256];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return note(file, "damaged", why);
}

void file_unfiltered(struct file *file, uint16_t link_type, const char *why)
{
	char text[320];
	snprintf(text, sizeof(text), "the filter does not suit link type %u: %s", link_type, why);
	note(file, "not read", text);
}

int file_headless(struct file *file, const char *format_word, struct err *err)
{
	const struct stream *stream = file->block.stream;
	enum stream_state state = stream_get_state(stream);
	file->info.is_truncated = state <= STREAM_ENDED || state == STREAM_CUT;
	if (state > STREAM_ENDED)
		err_set(err, "%s: %s", file->info.name, stream_get_why(stream));
	else
		err_set(err, "%s: the file ends inside its %s header", file->info.name,
		        format_word);
	return SOURCE_E_INVALID;
}

/* Lists a link type if it is new. */
static int add_link_type(struct file *file, uint16_t link_type)
{
	uint8_t *seen = &file->seen_link_types[link_type / 8];
	uint8_t bit = (uint8_t)(1u << link_type % 8);
	if (*seen & bit)
		return 0;
	size_t n = file->info.n_link_types;
	if ((n & (n - 1)) == 0) { /* full at each power of two */
		uint16_t *grown =
		        realloc(file->link_types, (n ? 2 * n : 1) * sizeof(*file->link_types));
		if (!grown)
			return -ENOMEM;
		file->link_types = grown;
		file->info.link_types = grown;
	}
	file->link_types[file->info.n_link_types++] = link_type;
	*seen |= bit;
	return 0;
}

int file_add_interface(struct file *file, const struct input_interface *interface)
{
	struct input_info *info = &file->info;
	if (info->n_interfaces == file->room) {
		size_t room = file->room ? 2 * file->room : 1;
		struct input_interface *grown = realloc(info->interfaces, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		info->interfaces = grown;
		file->room = room;
	}
	int r = add_link_type(file, interface->link_type);
	if (r < 0)
		return r;
	if (!info->n_interfaces)
		info->link_type = interface->link_type;
	info->interfaces[info->n_interfaces++] = *interface;
	return 0;
}

void file_trim_fcs(struct frame *frame, uint32_t fcs_len)
{
	if (!fcs_len)
		return;
	size_t len = MAX(frame->len_wire, frame->data.len);
	len -= MIN(len, fcs_len);
	frame->len_wire = (uint32_t)len;
	frame->data = bytes_take(frame->data, len);
}

int64_t file_time(int64_t seconds, int64_t ns)
{
	int64_t time;
	if (seconds > NS_PER_SECOND_MAX)
		return INT64_MAX;
	if (seconds < -NS_PER_SECOND_MAX)
		return INT64_MIN;
	if (__builtin_add_overflow(seconds * NS_PER_SECOND, ns, &time))
		return INT64_MAX; /* ns is never below 0 */
	return time;
}

uint32_t file_record_max(uint16_t link_type)
{
	switch (link_type) {
	case 189: /* USB with Linux headers */
	case 220: /* the same, padded */
	case 231: /* D-Bus */
	case 249: /* USBPcap */
	case 279: /* EBHSCR */
		return UINT32_C(128) << 20;
	default:
		return UINT32_C(256) << 10;
	}
}
