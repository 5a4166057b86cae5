/* Must be reported by a sanitizer; see tests/red/meson.build. */
#include <stdlib.h>
#include <criterion/criterion.h>

static volatile int g_sink;

Test(red, leak)
{
	char *lost = malloc(32);
	cr_assert(lost != NULL);
	lost[0] = 1;
	g_sink = lost[0];
	lost = NULL;
}
