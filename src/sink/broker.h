/* What an client and its broker say to each other: one message each way, a descriptor beside. */
#ifndef PCAUDIT_SINK_BROKER_H
#define PCAUDIT_SINK_BROKER_H

#include "pcaudit/sink.h"

#define BROKER_MAX_PATH 4096

enum broker_verb {
	BROKER_READ,   /* path to a descriptor that can be read */
	BROKER_CREATE, /* an output, to a pipe that leads to it */
	BROKER_FINISH, /* the output is whole: close its pipe first */
};

struct broker_request {
	uint8_t verb;
	char path[BROKER_MAX_PATH]; /* ends with NUL; only so much is sent */
};

struct broker_reply {
	int32_t error; /* errno; 0: done */
};

struct sink_client {
	int fd;
};

/* Asks. The descriptor that came with the reply, 0 if none was due, or -errno. */
int client_ask(struct sink_client *client, enum broker_verb verb, const char *path);

/* What sink_file_new() and its like do without an client. */
int file_create(FILE **stream, char **temporary, const char *path);
int file_finish(FILE *stream, const char *temporary, const char *path);

#endif
