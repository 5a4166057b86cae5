/* Must be reported by a sanitizer; see tests/red/meson.build. */
#include <stdlib.h>
#include <criterion/criterion.h>

static volatile int g_sink;

Test(red, overread)
{
	volatile size_t at = 8;
	char *bytes = calloc(1, 8);
	cr_assert(bytes != NULL);
	g_sink = bytes[at];
	free(bytes);
}
