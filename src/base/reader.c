#include "pcaudit/base/reader.h"

bool reader_line(struct reader *r, struct bytes *line)
{
	struct bytes rest = BYTES(r->bytes.data + r->at, reader_left(r));
	const uint8_t *lf = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
	if (!lf)
		return false;
	size_t len = (size_t)(lf - rest.data);
	r->at += len + 1;
	if (len && rest.data[len - 1] == '\r')
		len--;
	*line = BYTES(rest.data, len);
	return true;
}
