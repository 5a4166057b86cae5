/* Must be reported by a sanitizer; see tests/red/meson.build. */
#include <criterion/criterion.h>

static volatile int g_sink;

Test(red, shift)
{
	volatile int bits = 32;
	g_sink = 1 << bits;
}
