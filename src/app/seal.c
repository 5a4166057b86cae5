/*
 * Two processes where one would do, because captures, packs and sites may be made to break whoever
 * reads them: the reader can open, send and run nothing, and the one that can has not read a byte.
 */
#include "app/seal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "pcaudit/crypto.h"

int seal_init(struct seal *seal)
{
	int ends[2];

	*seal = (struct seal){ .inside = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	int r = broker_new(&seal->broker, ends[0]);
	if (r < 0) {
		close(ends[0]);
		close(ends[1]);
		return r;
	}
	seal->inside = ends[1];
	return 0;
}

void seal_deinit(struct seal *seal)
{
	if (seal->inside >= 0)
		close(seal->inside);
	broker_free(seal->broker);
	*seal = (struct seal){ .inside = -1 };
}

/* What libraries open on first use, they open now. */
static void warm_up(void)
{
	crypto_warm_up();
	tzset();
}

static int run_inside(struct seal *seal, const char *command, seal_fn run, void *context)
{
	const struct sandbox_options options = { .broker_fd = seal->inside };
	struct sink_client *client = NULL;
	struct sandbox sandbox;

	warm_up();
	int r = sink_client_new(&client, seal->inside);
	if (r == 0)
		r = sandbox_enter(&sandbox, &options);
	int code = r < 0 ? app_fail(APP_CANNOT, command, "the sandbox cannot be entered: %s",
	                            strerror(-r))
	                 : run(context, client, &sandbox);
	sink_client_free(client);
	seal->inside = -1;
	return code;
}

static int code_of(const char *command, int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return app_fail(APP_CANNOT, command,
	                "the process that read the captures was ended by signal %d (%s); there is "
	                "no report",
	                WTERMSIG(status), strsignal(WTERMSIG(status)));
}

/* Who is told to stop hands it on: the one that reads stops, and what it leaves is cleaned up here.
   A terminal has told both. */
static void hand_on(int signals, pid_t child)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) == sizeof(info) && info.ssi_code != SI_KERNEL)
		kill(child, (int)info.ssi_signo);
}

/* Answers the sealed process until it ends. */
static int serve(struct seal *seal, const char *command, pid_t child, int signals)
{
	int status, r;

	close(seal->inside);
	seal->inside = -1;
	while ((r = broker_run(seal->broker, signals)) == BROKER_E_OTHER)
		hand_on(signals, child);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return app_fail(APP_CANNOT, command, "wait: %s", strerror(errno));
	int code = code_of(command, status);
	if (r < 0 && code < APP_USAGE)
		return app_fail(APP_CANNOT, command, "broker: %s", strerror(-r));
	return code;
}

int seal_run(struct seal *seal, const char *command, seal_fn run, void *context)
{
	sigset_t stops, before;

	sigemptyset(&stops);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGHUP);
	_cleanup_(closep) int signals = signalfd(-1, &stops, SFD_CLOEXEC);
	if (signals < 0)
		return app_fail(APP_CANNOT, command, "signalfd: %s", strerror(errno));
	sigprocmask(SIG_BLOCK, &stops, &before);
	fflush(NULL); /* or both would write what is buffered */
	pid_t child = fork();
	int code;
	if (child < 0)
		code = app_fail(APP_CANNOT, command, "fork: %s", strerror(errno));
	else if (child > 0)
		code = serve(seal, command, child, signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (child)
		return code;
	seal->broker = broker_free(seal->broker);
	return run_inside(seal, command, run, context);
}
