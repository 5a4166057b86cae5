#include "app/main_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <json-c/json_c_version.h>
#include <openssl/crypto.h>
#include <pcap/pcap.h>

#include "app/app.h"
#include "config.h"
#include "pcaudit/capture.h"
#include "pcaudit/detect.h"
#include "pcaudit/rules.h"

int app_fail(int code, const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "pcaudit %s: ", command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

void app_usage(FILE *out, const struct command *command)
{
	fprintf(out, "usage: pcaudit %s %s\n\n%s\n", command->name, command->usage, command->help);
}

bool app_may_colour(FILE *out)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(fileno(out)) && !(no_color && *no_color);
}

static void print_help(FILE *out)
{
	fprintf(out, "usage: pcaudit COMMAND [OPTION]... [FILE]...\n\n"
	             "Holds captured traffic against a documented flow table: which flows keep it, "
	             "which break it,\n"
	             "which are missing, and which could not be judged.\n\n");
	for (size_t i = 0; i < app_n_commands; i++)
		fprintf(out, "  %-10s %s\n", app_commands[i]->name, app_commands[i]->help);
	fprintf(out,
	        "\n`pcaudit COMMAND --help` shows a command's options; `pcaudit --version` the "
	        "libraries in use.\n"
	        "Exit codes: 0 pass, 1 fail, 2 wrong use, 3 could not do the job, 4 unjudged.\n");
}

static int print_version(void)
{
	char text[64];

	printf("pcaudit %s\n%s\nnDPI %s\njson-c %s\n%s\n%s\n", PCAUDIT_VERSION, pcap_lib_version(),
	       detect_ndpi_version(), json_c_version(), OpenSSL_version(OPENSSL_VERSION),
	       rules_library_version(text));
	for (size_t i = 0; source_library_version(i, text); i++)
		puts(text);
	return APP_PASS;
}

static int run_words(int argc, char **argv)
{
	const char *names[64];

	if (argc < 2) {
		print_help(stderr);
		return APP_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return APP_PASS;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return print_version();
	for (size_t i = 0; i < app_n_commands; i++) {
		if (strcmp(argv[1], app_commands[i]->name) == 0)
			return app_commands[i]->run(argc - 1, argv + 1);
		names[i] = app_commands[i]->name;
	}
	const char *near = err_near_miss(argv[1], names, app_n_commands);
	fprintf(stderr, "pcaudit: no command \"%s\"", argv[1]);
	fprintf(stderr, near ? " (did you mean \"%s\"?)\n" : "; see pcaudit --help\n", near);
	return APP_USAGE;
}

/*
 * A closed standard descriptor would be given to the next file opened: a capture would be written
 * to, or a report end up in the wrong place. It is held the wrong way round, so that its use fails.
 */
static bool hold_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

int main_run(int argc, char **argv)
{
	if (!hold_standard_streams())
		return APP_CANNOT;
	/* A reader that goes away is an output error with its own exit code, not a signal. */
	signal(SIGPIPE, SIG_IGN);
	int code = run_words(argc, argv);
	/* Help, too, is an output; what a command could not write it has said itself. */
	if (code == APP_PASS && (fflush(stdout) != 0 || ferror(stdout))) {
		fprintf(stderr, "pcaudit: standard output: %s\n", strerror(errno ? errno : EIO));
		return APP_CANNOT;
	}
	return code;
}
