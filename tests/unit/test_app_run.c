/* Values of options: numbers, sizes, times; what is taken, and that nothing else is. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "app/run.h"

static const struct {
	const char *text;
	int64_t ns;
} times[] = {
	{ "0", 0 },
	{ "1", INT64_C(1000000000) },
	{ "1772359200", INT64_C(1772359200000000000) },
	{ "1772359200.5", INT64_C(1772359200500000000) },
	{ "1772359200.000000001", INT64_C(1772359200000000001) },
	{ "1772359200.0000000019",
	  INT64_C(1772359200000000001) }, /* what is below a nanosecond is dropped */
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1969-12-31T23:59:59Z", INT64_C(-1000000000) },
	{ "2026-03-01T10:00:00Z",
	  INT64_C(1772359200000000000) }, /* date -ud 2026-03-01T10:00:00Z +%s */
	{ "2026-03-01T10:00:00", INT64_C(1772359200000000000) },
	{ "2026-03-01T10:00:00.25Z", INT64_C(1772359200250000000) },
	{ "2024-02-29T00:00:00Z", INT64_C(1709164800000000000) },
	{ "2262-04-11T00:00:00Z", INT64_C(9223286400000000000) },
};

Test(app_run, times)
{
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		int64_t ns = 7;
		cr_expect_eq(run_parse_time("audit", "--since", times[i].text, &ns), 0, "%s",
		             times[i].text);
		cr_expect_eq(ns, times[i].ns, "%s: %lld", times[i].text, (long long)ns);
	}
}

static const char *const no_times[] = {
	"",
	" ",
	"yesterday",
	"-1",
	"+1",
	"10:00",
	"2026-03-01",
	"2026-03-01 10:00:00",
	"2026-03-01T10:00",
	"2026-13-01T10:00:00Z",
	"2026-03-01T10:00:00+01:00",
	"2026-03-01T10:00:00ZZ",
	"1772359200s",
	"1e9",
	"0x10",
	"99999999999999999999",
	"9223372036", /* 2262-04-11 and 47 minutes: does not fit */
	"0001-01-01T00:00:00Z",
	"9999-12-31T23:59:59Z",
};

Test(app_run, no_times, .init = cr_redirect_stderr)
{
	for (size_t i = 0; i < ARRAY_SIZE(no_times); i++) {
		int64_t ns = 7;
		cr_expect_eq(run_parse_time("audit", "--since", no_times[i], &ns), APP_USAGE, "%s",
		             no_times[i]);
		cr_expect_eq(ns, 7, "%s", no_times[i]);
	}
}

Test(app_run, time_message, .init = cr_redirect_stderr)
{
	int64_t ns;
	run_parse_time("audit", "--until", "noon", &ns);
	fflush(stderr);
	cr_assert_stderr_eq_str(
	        "pcaudit audit: --until noon: a UTC time as 2026-03-01T10:00:00Z or seconds "
	        "since 1970 is expected\n");
}

Test(app_run, numbers)
{
	unsigned n = 7;
	cr_expect_eq(run_parse_number("audit", "--examples", "1", 1, 1000, &n), 0);
	cr_expect_eq(n, 1);
	cr_expect_eq(run_parse_number("audit", "--examples", "1000", 1, 1000, &n), 0);
	cr_expect_eq(n, 1000);
	cr_expect_eq(run_parse_number("audit", "--examples", "0010", 1, 1000, &n), 0);
	cr_expect_eq(n, 10);
}

Test(app_run, no_numbers, .init = cr_redirect_stderr)
{
	static const char *const texts[] = { "",     "0",   "1001",       "-1",
		                             "+5",   " 5",  "5 ",         "5x",
		                             "five", "0x5", "4294967297", "99999999999999999999" };
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		unsigned n = 7;
		cr_expect_eq(run_parse_number("audit", "--examples", texts[i], 1, 1000, &n),
		             APP_USAGE, "%s", texts[i]);
		cr_expect_eq(n, 7, "%s", texts[i]);
	}
}

Test(app_run, sizes)
{
	static const struct {
		const char *text;
		size_t bytes;
	} sizes[] = {
		{ "1", 1 },
		{ "1000", 1000 },
		{ "1K", 1024 },
		{ "256M", 268435456 },
		{ "2G", 2147483648u },
		{ "17179869183G", SIZE_MAX - 1073741823u },
	};
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t bytes = 7;
		cr_expect_eq(run_parse_size("audit", "--max-memory", sizes[i].text, &bytes), 0,
		             "%s", sizes[i].text);
		cr_expect_eq(bytes, sizes[i].bytes, "%s", sizes[i].text);
	}
}

Test(app_run, no_sizes, .init = cr_redirect_stderr)
{
	static const char *const texts[] = { "",
		                             "0",
		                             "0G",
		                             "-1",
		                             "+1",
		                             "M",
		                             "1k",
		                             "1MB",
		                             "1T",
		                             "1.5G",
		                             "1 G",
		                             "17179869184G",
		                             "99999999999999999999" };
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		size_t bytes = 7;
		cr_expect_eq(run_parse_size("audit", "--max-memory", texts[i], &bytes), APP_USAGE,
		             "%s", texts[i]);
		cr_expect_eq(bytes, 7, "%s", texts[i]);
	}
}

Test(app_run, help_lines, .init = cr_redirect_stdout)
{
	static const struct app_option options[] = {
		{ 1, 's', "site", "SITE", false, "the site" },
		{ 2, 0, "flows", "all", true, "list flows" },
		{ 3, 0, "hash", NULL, false, "digests" },
	};
	run_print_options(stdout, options, ARRAY_SIZE(options));
	fflush(stdout);
	cr_assert_stdout_eq_str("\n"
	                        "  -s, --site SITE            the site\n"
	                        "      --flows[=all]          list flows\n"
	                        "      --hash                 digests\n");
}
