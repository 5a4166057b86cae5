/* Options in any order, long and short, and what a person reads when one is wrong. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "app/app.h"

enum { SITE = 1, FORMAT, FLOWS, HASH, HELP };

static const struct app_option options[] = {
	{ SITE, 's', "site", "SITE", false, "" }, { FORMAT, 'f', "format", "FORMAT", false, "" },
	{ FLOWS, 0, "flows", "all", true, "" },   { HASH, 'H', "hash", NULL, false, "" },
	{ HELP, 'h', "help", NULL, false, "" },
};

#define MAX_WORDS 16

struct walk {
	struct app_args args;
	char *argv[MAX_WORDS];
	const char *value;
};

/* words: "audit", ..., NULL */
static void start(struct walk *walk, const char *const *words)
{
	int argc = 0;

	for (; words[argc]; argc++)
		walk->argv[argc] = (char *)words[argc];
	app_args_init(&walk->args, argc, walk->argv, options, ARRAY_SIZE(options));
}

#define START(walk, ...) start(walk, (const char *const[]){ "audit", __VA_ARGS__, NULL })

static int next(struct walk *walk)
{
	return app_args_next(&walk->args, &walk->value);
}

static void expect(struct walk *walk, int id, const char *value)
{
	cr_assert_eq(next(walk), id);
	if (value)
		cr_assert_str_eq(walk->value, value);
	else
		cr_assert_null(walk->value);
}

Test(app_args, no_words)
{
	struct walk walk;
	start(&walk, (const char *const[]){ "audit", NULL });
	expect(&walk, -1, NULL);
	expect(&walk, -1, NULL);
}

Test(app_args, operands_between_options)
{
	struct walk walk;
	START(&walk, "a.pcap", "--site", "s.yaml", "b.pcap");
	expect(&walk, 0, "a.pcap");
	expect(&walk, SITE, "s.yaml");
	expect(&walk, 0, "b.pcap");
	expect(&walk, -1, NULL);
}

Test(app_args, long_forms)
{
	struct walk walk;
	START(&walk, "--site=s.yaml", "--site=", "--hash", "--format", "-");
	expect(&walk, SITE, "s.yaml");
	expect(&walk, SITE, "");
	expect(&walk, HASH, NULL);
	expect(&walk, FORMAT, "-");
	expect(&walk, -1, NULL);
}

Test(app_args, optional_value_only_behind_an_equals_sign)
{
	struct walk walk;
	START(&walk, "--flows", "all", "--flows=all");
	expect(&walk, FLOWS, NULL);
	expect(&walk, 0, "all");
	expect(&walk, FLOWS, "all");
	expect(&walk, -1, NULL);
}

Test(app_args, short_forms)
{
	struct walk walk;
	START(&walk, "-s", "s.yaml", "-fjson", "-H", "-Hh", "-Hsx.yaml", "-Hf", "text");
	expect(&walk, SITE, "s.yaml");
	expect(&walk, FORMAT, "json");
	expect(&walk, HASH, NULL);
	expect(&walk, HASH, NULL);
	expect(&walk, HELP, NULL);
	expect(&walk, HASH, NULL);
	expect(&walk, SITE, "x.yaml");
	expect(&walk, HASH, NULL);
	expect(&walk, FORMAT, "text");
	expect(&walk, -1, NULL);
}

Test(app_args, a_value_may_look_like_an_option)
{
	struct walk walk;
	START(&walk, "-s", "--hash", "--site", "-h");
	expect(&walk, SITE, "--hash");
	expect(&walk, SITE, "-h");
	expect(&walk, -1, NULL);
}

Test(app_args, a_dash_is_an_operand)
{
	struct walk walk;
	START(&walk, "-", "-H");
	expect(&walk, 0, "-");
	expect(&walk, HASH, NULL);
	expect(&walk, -1, NULL);
}

Test(app_args, two_dashes_end_the_options)
{
	struct walk walk;
	START(&walk, "-H", "--", "-H", "--", "--site");
	expect(&walk, HASH, NULL);
	expect(&walk, 0, "-H");
	expect(&walk, 0, "--");
	expect(&walk, 0, "--site");
	expect(&walk, -1, NULL);
}

Test(app_args, two_dashes_at_the_end)
{
	struct walk walk;
	START(&walk, "--");
	expect(&walk, -1, NULL);
}

/* Each wrong command line with the whole message. */
static const struct {
	const char *words[4];
	int n_right;
	const char *message;
} wrong[] = {
	{ { "--sitee" }, 0, "pcaudit audit: no option --sitee (did you mean --site?)\n" },
	{ { "--flow" }, 0, "pcaudit audit: no option --flow (did you mean --flows?)\n" },
	{ { "--siet=x" }, 0, "pcaudit audit: no option --siet (did you mean --site?)\n" },
	{ { "--"
	    "quiet" },
	  0,
	  "pcaudit audit: no option --quiet\n" },
	{ { "-x" }, 0, "pcaudit audit: no option -x\n" },
	{ { "-Hx" }, 1, "pcaudit audit: no option -x\n" },
	{ { "--site" }, 0, "pcaudit audit: --site needs a value\n" },
	{ { "-H", "-s" }, 1, "pcaudit audit: -s needs a value\n" },
	{ { "--hash=yes" }, 0, "pcaudit audit: --hash takes no value\n" },
	{ { "--hash=" }, 0, "pcaudit audit: --hash takes no value\n" },
	/* A prefix is not an option: what a later version adds must not change a script's meaning.
	 */
	{ { "--for", "json" }, 0, "pcaudit audit: no option --for\n" },
};

Test(app_args, wrong, .init = cr_redirect_stderr)
{
	char messages[2048] = "";

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct walk walk;
		START(&walk, wrong[i].words[0], wrong[i].words[1], wrong[i].words[2]);
		for (int n = 0; n < wrong[i].n_right; n++)
			cr_assert_gt(next(&walk), 0, "%s", wrong[i].message);
		cr_assert_eq(next(&walk), -2, "%s", wrong[i].message);
		strcat(messages, wrong[i].message);
	}
	fflush(stderr);
	cr_assert_stderr_eq_str(messages);
}

Test(app_args, a_very_long_word, .init = cr_redirect_stderr)
{
	char word[4096];
	struct walk walk;

	memset(word, 'x', sizeof(word));
	word[0] = word[1] = '-';
	word[sizeof(word) - 1] = '\0';
	START(&walk, word);
	cr_assert_eq(next(&walk), -2);
}
