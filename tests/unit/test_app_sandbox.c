/*
 * Each refusal is tried from inside. A test enters the sandbox in a child, since nobody leaves it,
 * and the child tells by a pipe what it could not do.
 */
#include "app/sandbox.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1 /* a sanitizer opens files and traces itself when the process ends */
#else
#define IS_SANITIZED 0
#endif

#define NOT_SANITIZED()                                                                            \
	do {                                                                                       \
		if (IS_SANITIZED)                                                                  \
			cr_skip_test("skipped: a sanitizer cannot live in the sandbox");           \
	} while (0)

typedef int (*attempt_fn)(void);

static int held_socket = -1; /* made before the sandbox is entered */

/* Runs the attempt in a sealed child: 0 if it succeeded, else its errno; 1000 + for others. */
static int attempt(attempt_fn run)
{
	int pair[2], result = 2000;

	cr_assert_eq(pipe(pair), 0);
	pid_t child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		struct sandbox sandbox;
		const struct sandbox_options options = { .broker_fd = -1 };
		int r = sandbox_enter(&sandbox, &options);
		result = r ? 1000 - r : run() < 0 ? errno : 0;
		ssize_t n = write(pair[1], &result, sizeof(result));
		_exit(n == sizeof(result) ? 0 : 1);
	}
	close(pair[1]);
	ssize_t n = read(pair[0], &result, sizeof(result));
	close(pair[0]);
	cr_assert_eq(waitpid(child, NULL, 0), child);
	return n == sizeof(result) ? result : 3000;
}

static int try_open(void)
{
	return (int)syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}

static int try_old_open(void)
{
#ifdef SYS_open
	return (int)syscall(SYS_open, "/etc/passwd", O_RDONLY, 0);
#else
	return try_open();
#endif
}

static int try_openat2(void)
{
	uint64_t how[3] = { O_RDONLY, 0, 0 };

	return (int)syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof(how));
}

static int try_create(void)
{
	return (int)syscall(SYS_openat, AT_FDCWD, "/var/tmp/pcaudit-sandbox", O_WRONLY | O_CREAT,
	                    0600);
}

static int try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int try_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static int try_connect(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		                        .sin_port = htons(9),
		                        .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return connect(held_socket, (const struct sockaddr *)&to, sizeof(to));
}

static int try_bind(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET };

	return bind(held_socket, (const struct sockaddr *)&at, sizeof(at));
}

static int try_send(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		                        .sin_port = htons(9),
		                        .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return (int)sendto(held_socket, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to));
}

static int try_send_message(void)
{
	char text[] = "x";
	struct iovec part = { .iov_base = text, .iov_len = 1 };
	const struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	return (int)sendmsg(held_socket, &message, 0);
}

static int try_exec(void)
{
	char *const none[] = { NULL };

	return execve("/bin/true", none, none);
}

static int try_ptrace(void)
{
	return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int try_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child;
}

static int try_kill(void)
{
	return kill(getppid(), 0);
}

static int try_executable_memory(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
	                -1, 0);

	return at == MAP_FAILED ? -1 : 0;
}

static int try_to_make_memory_executable(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? 0 : mprotect(at, 4096, PROT_READ | PROT_EXEC);
}

static int try_setuid(void)
{
	return (int)syscall(SYS_setuid, 0);
}

static int try_unlink(void)
{
	return (int)syscall(SYS_unlinkat, AT_FDCWD, "/var/tmp/pcaudit-no-such-file", 0);
}

static int try_bpf(void)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

Test(sandbox, refuses)
{
	static const struct {
		const char *what;
		attempt_fn run;
	} tries[] = {
		{ "openat", try_open },
		{ "open", try_old_open },
		{ "openat2", try_openat2 },
		{ "creating a file", try_create },
		{ "unlinkat", try_unlink },
		{ "socket", try_socket },
		{ "packet socket", try_packet_socket },
		{ "connect", try_connect },
		{ "bind", try_bind },
		{ "sendto", try_send },
		{ "sendmsg", try_send_message },
		{ "execve", try_exec },
		{ "ptrace", try_ptrace },
		{ "fork", try_fork },
		{ "kill", try_kill },
		{ "executable memory", try_executable_memory },
		{ "mprotect to executable", try_to_make_memory_executable },
		{ "setuid", try_setuid },
		{ "bpf", try_bpf },
	};

	NOT_SANITIZED();
	held_socket = socket(AF_INET, SOCK_DGRAM, 0);
	cr_assert_geq(held_socket, 0);
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		int result = attempt(tries[i].run);
		cr_expect_eq(result, EPERM, "%s: %d (%s)", tries[i].what, result, strerror(result));
	}
}

static void *add_one(void *number)
{
	(*(int *)number)++;
	return NULL;
}

static int use_what_is_left(void)
{
	char text[16];
	struct stat status;
	pthread_t thread;
	int number = 0, fd = STDIN_FILENO;

	for (size_t i = 0; i < 100; i++) {
		char *grown = malloc(i * 100000 + 1);
		if (!grown)
			return -1;
		grown[i] = 1;
		free(grown);
	}
	if (pthread_create(&thread, NULL, add_one, &number) != 0 || pthread_join(thread, NULL) != 0)
		return -1;
	if (fstat(fd, &status) < 0 || lseek(fd, 0, SEEK_SET) < 0 || read(fd, text, 4) != 4)
		return -1;
	return number == 1 && memcmp(text, "pcau", 4) == 0 ? 0 : -1;
}

Test(sandbox, leaves_what_is_needed)
{
	FILE *file = tmpfile();

	NOT_SANITIZED();
	cr_assert_not_null(file);
	cr_assert_gt(fputs("pcaudit", file), 0);
	fflush(file);
	cr_assert_geq(dup2(fileno(file), STDIN_FILENO), 0);
	cr_expect_eq(attempt(use_what_is_left), 0);
}

/* The process's own view of itself, read by its parent. */
static bool status_says(pid_t pid, const char *line)
{
	char path[64], text[4096];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file);
	size_t n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	return strstr(text, line) != NULL;
}

Test(sandbox, is_seen_from_outside)
{
	int pair[2], back[2];
	char byte;

	NOT_SANITIZED();
	bool is_root = geteuid() == 0;
	cr_assert_eq(pipe(pair), 0);
	cr_assert_eq(pipe(back), 0);
	pid_t child = fork();
	if (child == 0) {
		struct sandbox sandbox;
		const struct sandbox_options options = { .broker_fd = -1 };
		byte = sandbox_enter(&sandbox, &options) == 0 ? 'y' : 'n';
		for (unsigned i = 0; i < N_SANDBOX_LAYERS; i++)
			if (sandbox.has[i] == (sandbox.why_not[i] != NULL))
				byte = 'm';
		if (!sandbox.has[SANDBOX_SECCOMP] || !sandbox.has[SANDBOX_NO_CAPABILITIES] ||
		    !sandbox.has[SANDBOX_NO_NEW_PRIVS] || !sandbox.has[SANDBOX_OTHER_USER])
			byte = 'l';
		ssize_t n = write(pair[1], &byte, 1);
		n = read(back[0], &byte, 1);
		_exit(n == 1 ? 0 : 1);
	}
	cr_assert_eq(read(pair[0], &byte, 1), 1);
	cr_expect_eq(byte, 'y', "%c", byte);
	cr_expect(status_says(child, "NoNewPrivs:\t1\n"));
	cr_expect(status_says(child, "Seccomp:\t2\n"));
	cr_expect(status_says(child, "CapEff:\t0000000000000000\n"));
	cr_expect(status_says(child, "CapPrm:\t0000000000000000\n"));
	if (is_root) {
		cr_expect(status_says(child, "CapBnd:\t0000000000000000\n"));
		cr_expect_not(status_says(child, "Uid:\t0\t"));
		cr_expect_not(status_says(child, "Gid:\t0\t"));
	}
	cr_assert_eq(write(back[1], "x", 1), 1);
	cr_assert_eq(waitpid(child, NULL, 0), child);
}

/* A sealed process has one descriptor to speak on. */
Test(sandbox, messages_go_to_the_broker)
{
	int pair[2];
	char byte = 0;

	NOT_SANITIZED();
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid_t child = fork();
	if (child == 0) {
		struct sandbox sandbox;
		const struct sandbox_options options = { .broker_fd = pair[1] };
		char text[] = "b";
		struct iovec part = { .iov_base = text, .iov_len = 1 };
		const struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
		_exit(sandbox_enter(&sandbox, &options) == 0 && sendmsg(pair[1], &message, 0) == 1
		              ? 0
		              : 1);
	}
	cr_expect_eq(read(pair[0], &byte, 1), 1);
	cr_expect_eq(byte, 'b');
	cr_assert_eq(waitpid(child, NULL, 0), child);
}
