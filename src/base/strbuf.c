#include "pcaudit/base/strbuf.h"

#include <stdarg.h>

void strbuf_deinit(struct strbuf *buf)
{
	free(buf->text);
	*buf = STRBUF_INIT;
}

void strbuf_clear(struct strbuf *buf)
{
	buf->len = 0;
	if (buf->text)
		buf->text[0] = '\0';
}

static bool reserve(struct strbuf *buf, size_t more)
{
	if (buf->is_failed || more > SIZE_MAX / 4)
		return false;
	if (buf->size - buf->len > more)
		return true;
	size_t size = MAX(buf->size * 2, buf->len + more + 64);
	char *text = realloc(buf->text, size);
	if (!text) {
		buf->is_failed = true;
		return false;
	}
	buf->text = text;
	buf->size = size;
	return true;
}

void strbuf_add_bytes(struct strbuf *buf, struct bytes bytes)
{
	if (!reserve(buf, bytes.len + 1))
		return;
	if (bytes.len)
		memcpy(buf->text + buf->len, bytes.data, bytes.len);
	buf->len += bytes.len;
	buf->text[buf->len] = '\0';
}

void strbuf_add(struct strbuf *buf, const char *text)
{
	strbuf_add_bytes(buf, bytes_from_text(text));
}

void strbuf_add_format(struct strbuf *buf, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		buf->is_failed = true;
	else if (reserve(buf, (size_t)len + 1)) {
		vsnprintf(buf->text + buf->len, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

const char *strbuf_text(const struct strbuf *buf)
{
	return buf->text ? buf->text : "";
}

/* Length of the well-formed UTF-8 sequence at the start of b (RFC 3629 section 4), or 0. */
static size_t utf8_length(struct bytes b)
{
	uint8_t lead = b.data[0];
	size_t len = lead < 0x80                    ? 1
	             : lead >= 0xc2 && lead <= 0xdf ? 2
	             : (lead & 0xf0) == 0xe0        ? 3
	             : lead >= 0xf0 && lead <= 0xf4 ? 4
	                                            : 0;

	if (len == 0 || len > b.len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((b.data[i] & 0xc0) != 0x80)
			return 0;
	if ((lead == 0xe0 && b.data[1] < 0xa0) || (lead == 0xed && b.data[1] > 0x9f) ||
	    (lead == 0xf0 && b.data[1] < 0x90) || (lead == 0xf4 && b.data[1] > 0x8f))
		return 0;
	return len;
}

/* C1 controls and the bidirectional overrides would let a capture rewrite a terminal's line. */
static bool is_hidden(struct bytes sequence)
{
	const uint8_t *c = sequence.data;
	if (sequence.len == 1)
		return c[0] < 0x20 || c[0] == 0x7f || c[0] == '\\';
	if (sequence.len == 2)
		return c[0] == 0xc2 && c[1] < 0xa0;
	return sequence.len == 3 && c[0] == 0xe2 &&
	       ((c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae) ||
	        (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
}

void strbuf_add_wire_text(struct strbuf *buf, struct bytes bytes, size_t max_bytes)
{
	struct bytes left = bytes_take(bytes, max_bytes);

	while (left.len) {
		size_t len = utf8_length(left);
		if (len && !is_hidden(bytes_take(left, len)))
			strbuf_add_bytes(buf, bytes_take(left, len));
		else
			for (size_t i = 0; i < (len ? len : 1); i++)
				strbuf_add_format(buf, "\\x%02x", left.data[i]);
		left = bytes_skip(left, len ? len : 1);
	}
	if (bytes.len > max_bytes)
		strbuf_add(buf, "...");
}
