#include <criterion/criterion.h>

#include "pcaudit/base/err.h"

Test(base_err, texts)
{
	struct err err = { "" };

	err_set(&err, "%s:%d: ", "site.yaml", 12);
	err_add(&err, "unknown role \"%s\"", "x");
	cr_assert_str_eq(err.text, "site.yaml:12: unknown role \"x\"");
	err_set(NULL, "ignored");
	err_add(NULL, "ignored");
}

Test(base_err, too_long)
{
	struct err err = { "" };
	char text[2048];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, "%s", text);
	cr_assert_eq(strlen(err.text), sizeof(err.text) - 1);
	cr_assert_str_eq(err.text + sizeof(err.text) - 4, "...");
	err_add(&err, "more");
	cr_assert_eq(strlen(err.text), sizeof(err.text) - 1);
}

Test(base_err, near_miss)
{
	static const char *const roles[] = { "front-end-server", "director", "edge-internal",
		                             "sip" };
	const size_t n = sizeof(roles) / sizeof(roles[0]);

	cr_assert_str_eq(err_near_miss("front-end-sever", roles, n), "front-end-server");
	cr_assert_str_eq(err_near_miss("frnot-end-server", roles, n), "front-end-server");
	cr_assert_str_eq(err_near_miss("Director", roles, n), "director");
	cr_assert_str_eq(err_near_miss("sop", roles, n), "sip");
	cr_assert_null(err_near_miss("mediation-server", roles, n));
	cr_assert_null(err_near_miss("http", roles, n));
	cr_assert_null(err_near_miss("x", NULL, 0));
	char long_word[400];
	memset(long_word, 'a', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	cr_assert_null(err_near_miss(long_word, roles, n), "too long to be a slip of the hand");
}
