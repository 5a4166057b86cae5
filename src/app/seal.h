/*
 * A command in two processes. The one that was started opens what its arguments name, as a broker
 * (pcaudit/sink.h), and waits; the other, sealed (sandbox.h), reads packs, sites and captures.
 */
#ifndef PCAUDIT_APP_SEAL_H
#define PCAUDIT_APP_SEAL_H

#include "app/sandbox.h"
#include "pcaudit/sink.h"

/* What the sealed process runs: an exit code. client is for everything it opens. */
typedef int (*seal_fn)(void *context, struct sink_client *client, const struct sandbox *sandbox);

struct seal {
	struct broker *broker; /* tell it what is allowed, then seal_run() */
	int inside;            /* the descriptor of the sealed side */
};

/* 0 or -errno. */
int seal_init(struct seal *seal);
void seal_deinit(struct seal *seal);
/*
 * Goes on as two processes. In the sealed one it returns what `run` returns; in the other, once
 * that one has ended, its exit code, or APP_CANNOT after saying why there is none. Either way the
 * caller cleans up and ends.
 */
int seal_run(struct seal *seal, const char *command, seal_fn run, void *context);

#endif
