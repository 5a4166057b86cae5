/*
 * One small option parser for all subcommands: getopt_long keeps its state in globals and cannot
 * tell "-f FORMAT -o FILE" pairs in order of operands, which several outputs need.
 */
#include "app/app.h"

#include <string.h>

void app_args_init(struct app_args *args, int argc, char **argv, const struct app_option *options,
                   size_t n_options)
{
	*args = (struct app_args){
		.argc = argc, .at = 1, .argv = argv, .options = options, .n_options = n_options
	};
}

static int complain(const struct app_args *args, const char *format, const char *option,
                    const char *near)
{
	fprintf(stderr, "pcaudit %s: ", args->argv[0]);
	fprintf(stderr, format, option);
	if (near)
		fprintf(stderr, " (did you mean --%s?)", near);
	fputc('\n', stderr);
	return -2;
}

static int next_long(struct app_args *args, const char *text, const char **value)
{
	const char *names[64];
	size_t len = strcspn(text, "=");

	for (size_t i = 0; i < args->n_options; i++) {
		const struct app_option *option = &args->options[i];
		names[i] = option->name;
		if (strlen(option->name) != len || strncmp(option->name, text, len) != 0)
			continue;
		*value = text[len] == '=' ? text + len + 1 : NULL;
		if (*value && !option->value)
			return complain(args, "--%s takes no value", option->name, NULL);
		if (!*value && option->value && !option->is_value_optional) {
			if (args->at >= args->argc)
				return complain(args, "--%s needs a value", option->name, NULL);
			*value = args->argv[args->at++];
		}
		return option->id;
	}
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)MIN(len, sizeof(name) - 1), text);
	return complain(args, "no option --%s", name, err_near_miss(name, names, args->n_options));
}

static int next_short(struct app_args *args, const char **value)
{
	char letter[2] = { *args->letters++, '\0' };

	for (size_t i = 0; i < args->n_options; i++) {
		const struct app_option *option = &args->options[i];
		if (option->letter != letter[0])
			continue;
		*value = NULL;
		if (!option->value || option->is_value_optional)
			return option->id;
		if (*args->letters)
			*value = args->letters;
		else if (args->at < args->argc)
			*value = args->argv[args->at++];
		else
			return complain(args, "-%s needs a value", letter, NULL);
		args->letters = NULL;
		return option->id;
	}
	return complain(args, "no option -%s", letter, NULL);
}

int app_args_next(struct app_args *args, const char **value)
{
	*value = NULL;
	if (args->letters && *args->letters)
		return next_short(args, value);
	args->letters = NULL;
	if (args->at >= args->argc)
		return -1;
	char *text = args->argv[args->at++];
	if (args->only_operands || text[0] != '-' || text[1] == '\0') {
		*value = text;
		return 0;
	}
	if (strcmp(text, "--") == 0) {
		args->only_operands = true;
		return app_args_next(args, value);
	}
	if (text[1] == '-')
		return next_long(args, text + 2, value);
	args->letters = text + 1;
	return next_short(args, value);
}
