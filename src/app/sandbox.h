/*
 * The sandbox: a process that reads hostile bytes gives up whatever it does not need. Entered once,
 * after everything is open; there is no way out. sandbox.c is for Linux, sandbox_none.c for the
 * rest, where every layer is missing and said to be.
 */
#ifndef PCAUDIT_APP_SANDBOX_H
#define PCAUDIT_APP_SANDBOX_H

#include "pcaudit/base/util.h"

/* In the order of the report. */
enum sandbox_layer {
	SANDBOX_NO_NEW_PRIVS,    /* no program run from here gains privileges (prctl(2)) */
	SANDBOX_NO_CAPABILITIES, /* capabilities(7): none, in no set */
	SANDBOX_OTHER_USER,      /* not root, and not the user who started it if that was root */
	SANDBOX_LANDLOCK,        /* landlock(7): no file or folder can be reached by path */
	SANDBOX_SECCOMP, /* seccomp(2): system calls beyond reading, writing and memory fail */
	N_SANDBOX_LAYERS
};
/* "no-new-privs", "no-capabilities", "other-user", "landlock", "seccomp" */
const char *sandbox_layer_word(enum sandbox_layer layer);

struct sandbox {
	bool has[N_SANDBOX_LAYERS];
	const char *why_not[N_SANDBOX_LAYERS]; /* constant text, where it has not */
};

struct sandbox_options {
	int broker_fd; /* the one descriptor on which messages may be sent; -1: none */
};

/*
 * Gives up in this order: memory dumps, user and groups (when root), capabilities, life without the
 * parent, paths, system calls. Descriptors that are open stay so. Threads may still be made. A layer that the kernel
 * lacks is noted in *out; one that it has and refuses is an error. 0 or -errno.
 *
 * What a sealed process tries all the same fails with EPERM (landlock: EACCES), it is not killed: a
 * library that asks for more than it needs goes on.
 */
int sandbox_enter(struct sandbox *out, const struct sandbox_options *options);
/* The first of these alone, for a process that holds keys. 0 or -errno. */
int sandbox_forbid_dumps(void);

#endif
