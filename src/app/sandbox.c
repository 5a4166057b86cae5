/*
 * The sandbox on Linux. Each layer stands where another fails: without the right user and
 * capabilities a path is refused by the file system; without landlock(7) seccomp(2) refuses the
 * call; without seccomp there are still no capabilities.
 *
 * seccomp allows by list: what is not named fails with EPERM. open(2) and its kin, connect(2),
 * execve(2), ptrace(2), socket(2), kill(2) and bpf(2) are not named. Arguments count where they
 * tell harmless from not: memory is never executable, a new thread is no new process, and messages
 * go to one descriptor.
 */
#include "app/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534 /* where there is no user of our own */

static const char *const words[N_SANDBOX_LAYERS] = {
	[SANDBOX_NO_NEW_PRIVS] = "no-new-privs", [SANDBOX_NO_CAPABILITIES] = "no-capabilities",
	[SANDBOX_OTHER_USER] = "other-user",     [SANDBOX_LANDLOCK] = "landlock",
	[SANDBOX_SECCOMP] = "seccomp",
};

const char *sandbox_layer_word(enum sandbox_layer layer)
{
	return words[layer];
}

static void have(struct sandbox *out, enum sandbox_layer layer)
{
	out->has[layer] = true;
	out->why_not[layer] = NULL;
}

/* ---- Privileges ----------------------------------------------------------------------------- */

/* Keys and payload must not end in a core file, nor be read by another process of the user. */
int sandbox_forbid_dumps(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

static int change_user(struct sandbox *out)
{
	if (geteuid() != 0) {
		have(out, SANDBOX_OTHER_USER);
		return 0;
	}
	const struct passwd *own = getpwnam("pcaudit");
	int uid = own ? (int)own->pw_uid : NOBODY, gid = own ? (int)own->pw_gid : NOBODY;
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_change_id(uid, gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) != 0)
		return -EPERM;
	have(out, SANDBOX_OTHER_USER);
	return 0;
}

static int drop_capabilities(struct sandbox *out)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT) != 0)
		return -EPERM;
	have(out, SANDBOX_NO_CAPABILITIES);
	return 0;
}

/* ---- Landlock ------------------------------------------------------------------------------- */

/* Every right over files that version 1 knows, and of later ones what the headers name: handled,
   and none is granted. */
#define FILE_RIGHTS                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                              \
	 LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |                              \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |                              \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                              \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                            \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)

static int forbid_paths(struct sandbox *out)
{
	const struct landlock_ruleset_attr rules = { .handled_access_fs = FILE_RIGHTS };
	long version =
	        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 0) {
		out->why_not[SANDBOX_LANDLOCK] =
		        errno == EOPNOTSUPP ? "switched off when the kernel was started"
		                            : "the kernel has no Landlock";
		return 0;
	}
	long fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (fd < 0)
		return -errno;
	long r = syscall(SYS_landlock_restrict_self, fd, 0);
	int error = errno;
	close((int)fd);
	if (r < 0)
		return -error;
	have(out, SANDBOX_LANDLOCK);
	return 0;
}

/* ---- seccomp -------------------------------------------------------------------------------- */

/* Whatever their arguments, these reach nothing that is not already open. */
static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat), /* glibc's fstat() */
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(dup),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(getsockopt),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(getrusage),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static int allow(scmp_filter_ctx filter, int call)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
}

/* Memory that is not executable; a thread, not a process; signals to ourselves (abort()). */
static int allow_memory_and_threads(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	                         SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
		                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		                     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (r ==
	    0) /* its flags are in memory, where a filter cannot look: glibc then takes clone */
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		                     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	return r;
}

/* What a terminal is asked, and descriptors' own flags. */
static int allow_descriptors(scmp_filter_ctx filter)
{
	static const unsigned requests[] = { TCGETS, TIOCGWINSZ, FIONREAD };
	static const unsigned commands[] = { F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(requests) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		                     SCMP_A1(SCMP_CMP_EQ, requests[i]));
	for (size_t i = 0; i < ARRAY_SIZE(commands) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
		                     SCMP_A1(SCMP_CMP_EQ, commands[i]));
	return r;
}

static int allow_messages(scmp_filter_ctx filter, int fd)
{
	if (fd < 0)
		return 0;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1,
	                        SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
}

static int forbid_calls(struct sandbox *out, int broker_fd)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(allowed) && r == 0; i++)
		r = allow(filter, allowed[i]);
	if (r == 0)
		r = allow_memory_and_threads(filter);
	if (r == 0)
		r = allow_descriptors(filter);
	if (r == 0)
		r = allow_messages(filter, broker_fd);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	if (r == 0)
		have(out, SANDBOX_SECCOMP);
	return r;
}

/* A sanitizer opens files to say what is wrong, and traces its own process to find leaks. */
#if defined(__SANITIZE_ADDRESS__)
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

int sandbox_enter(struct sandbox *out, const struct sandbox_options *options)
{
	*out = (struct sandbox){ { false }, { NULL } };
	int r = sandbox_forbid_dumps();

	for (size_t i = 0; is_sanitized && i < N_SANDBOX_LAYERS; i++)
		out->why_not[i] = "built with a sanitizer";
	if (is_sanitized)
		return r;
	if (r == 0)
		r = change_user(out);
	if (r == 0)
		r = drop_capabilities(out);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (r == 0)
		have(out, SANDBOX_NO_NEW_PRIVS);
	if (r == 0) /* a change of user makes a process dumpable by its new one again */
		r = sandbox_forbid_dumps();
	if (r == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) /* and takes this back */
		r = -errno;
	if (r == 0)
		r = forbid_paths(out);
	if (r == 0 && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL) {
		out->why_not[SANDBOX_SECCOMP] = "the kernel has no seccomp";
		return 0;
	}
	return r == 0 ? forbid_calls(out, options->broker_fd) : r;
}
