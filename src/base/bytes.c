#include "pcaudit/base/bytes.h"

ptrdiff_t bytes_find(struct bytes a, struct bytes needle)
{
	if (needle.len == 0)
		return 0;
	if (a.len < needle.len)
		return -1;
	const uint8_t *found = memmem(a.data, a.len, needle.data, needle.len);
	return found ? found - a.data : -1;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool bytes_starts_with_nocase(struct bytes a, struct bytes prefix)
{
	if (a.len < prefix.len)
		return false;
	for (size_t i = 0; i < prefix.len; i++)
		if (lower(a.data[i]) != lower(prefix.data[i]))
			return false;
	return true;
}

bool bytes_equal_nocase(struct bytes a, struct bytes b)
{
	return a.len == b.len && bytes_starts_with_nocase(a, b);
}

struct bytes bytes_trim(struct bytes a)
{
	while (a.len && (a.data[0] == ' ' || a.data[0] == '\t'))
		a = bytes_skip(a, 1);
	while (a.len && (a.data[a.len - 1] == ' ' || a.data[a.len - 1] == '\t'))
		a.len--;
	return a;
}
