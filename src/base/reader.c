#include "pcaudit/base/reader.h"

bool reader_line(struct reader *r, struct bytes *line)
{
	if (reader_left(r) == 0)
		return false;
	struct bytes rest = BYTES(r->bytes.data + r->at, reader_left(r));
	const uint8_t *lf = memchr(rest.data, '\n', rest.len);
	if (!lf)
		return false;
	size_t len = (size_t)(lf - rest.data);
	r->at += len + 1;
	if (len && rest.data[len - 1] == '\r')
		len--;
	*line = BYTES(rest.data, len);
	return true;
}
