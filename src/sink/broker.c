/*
 * The answering side: the process that opens for one that may not. It opens what it was told before
 * the other was sealed, and nothing else, whatever it is asked: the files and outputs that the user
 * named, files directly in folders of packs, and time zones.
 *
 * It hands descriptors of inputs on without reading them. Outputs come back through a pipe each and
 * are put into their place as sink_file does it.
 */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_OUTPUTS  16
#define ZONES        "/usr/share/zoneinfo/"
#define COPIED_BYTES 65536

enum allowance_kind { ALLOW_FILE, ALLOW_FOLDER, ALLOW_OUTPUT };

struct allowance {
	enum allowance_kind kind;
	char *path;
};

struct output {
	char *path;
	FILE *stream; /* NULL: free */
	char *temporary;
	int pipe;  /* -1: closed by the other side */
	int error; /* of the first write that failed */
};

struct broker {
	int fd;
	struct allowance *allowed;
	size_t n_allowed;
	struct output outputs[MAX_OUTPUTS];
};

int broker_new(struct broker **out, int fd)
{
	struct broker *broker = calloc(1, sizeof(*broker));

	if (!broker)
		return -ENOMEM;
	broker->fd = fd;
	*out = broker;
	return 0;
}

static void give_up(struct output *output)
{
	if (!output->stream)
		return;
	if (output->pipe >= 0)
		close(output->pipe);
	fclose(output->stream);
	if (output->temporary)
		unlink(output->temporary);
	free(output->temporary);
	free(output->path);
	*output = (struct output){ .pipe = -1 };
}

struct broker *broker_free(struct broker *broker)
{
	if (!broker)
		return NULL;
	for (size_t i = 0; i < MAX_OUTPUTS; i++)
		give_up(&broker->outputs[i]);
	for (size_t i = 0; i < broker->n_allowed; i++)
		free(broker->allowed[i].path);
	free(broker->allowed);
	close(broker->fd);
	free(broker);
	return NULL;
}

/* ---- What may be asked for ------------------------------------------------------------------ */

static int allow(struct broker *broker, enum allowance_kind kind, const char *path)
{
	struct allowance *grown =
	        realloc(broker->allowed, (broker->n_allowed + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	broker->allowed = grown;
	grown[broker->n_allowed] = (struct allowance){ .kind = kind, .path = strdup(path) };
	if (!grown[broker->n_allowed].path)
		return -ENOMEM;
	broker->n_allowed++;
	return 0;
}

int broker_allow_file(struct broker *broker, const char *path)
{
	return allow(broker, ALLOW_FILE, path);
}

int broker_allow_folder(struct broker *broker, const char *path)
{
	return allow(broker, ALLOW_FOLDER, path);
}

int broker_allow_output(struct broker *broker, const char *path)
{
	return allow(broker, ALLOW_OUTPUT, path);
}

/* path is folder, a slash and a name. */
static bool is_directly_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (strncmp(path, folder, len) != 0 || path[len] != '/')
		return false;
	const char *name = path + len + 1;
	return name[0] && name[0] != '.' && !strchr(name, '/');
}

/* A name without dots cannot lead out of the folder. */
static bool is_zone(const char *path)
{
	return strncmp(path, ZONES, strlen(ZONES)) == 0 && !strchr(path, '.') &&
	       path[strlen(ZONES)] && path[strlen(ZONES)] != '/';
}

static bool is_allowed(const struct broker *broker, enum broker_verb verb, const char *path)
{
	if (verb == BROKER_READ && is_zone(path))
		return true;
	for (size_t i = 0; i < broker->n_allowed; i++) {
		const struct allowance *a = &broker->allowed[i];
		bool is_output = a->kind == ALLOW_OUTPUT;
		if (is_output == (verb == BROKER_READ))
			continue;
		if (a->kind == ALLOW_FOLDER ? is_directly_in(path, a->path)
		                            : strcmp(path, a->path) == 0)
			return true;
	}
	return false;
}

/* ---- Outputs -------------------------------------------------------------------------------- */

static struct output *find_output(struct broker *broker, const char *path)
{
	for (size_t i = 0; i < MAX_OUTPUTS; i++)
		if (broker->outputs[i].stream && strcmp(broker->outputs[i].path, path) == 0)
			return &broker->outputs[i];
	return NULL;
}

/* The end of a pipe to write to, or -errno. */
static int create_output(struct broker *broker, const char *path)
{
	struct output *output = NULL;
	int ends[2];

	if (find_output(broker, path))
		return -EBUSY;
	for (size_t i = 0; i < MAX_OUTPUTS && !output; i++)
		if (!broker->outputs[i].stream)
			output = &broker->outputs[i];
	if (!output)
		return -EMFILE;
	struct output made = { .path = strdup(path) };
	int r = made.path ? file_create(&made.stream, &made.temporary, path) : -ENOMEM;
	if (r < 0) {
		free(made.path);
		return r;
	}
	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
		r = -errno;
		made.pipe = -1;
		give_up(&made);
		return r;
	}
	made.pipe = ends[0];
	*output = made;
	return ends[1];
}

/* Moves what the pipe holds, and closes it when the other side has. False when it holds nothing. */
static bool copy_some(struct output *output)
{
	char bytes[COPIED_BYTES];
	ssize_t n = read(output->pipe, bytes, sizeof(bytes));

	if (n < 0)
		return errno == EINTR;
	if (n == 0) {
		close(output->pipe);
		output->pipe = -1;
		return false;
	}
	/* After an error too it is read: the writer must not wait for ever. */
	if (!output->error && fwrite(bytes, 1, (size_t)n, output->stream) != (size_t)n)
		output->error = errno ? errno : EIO;
	return true;
}

static int finish_output(struct broker *broker, const char *path)
{
	struct output *output = find_output(broker, path);

	if (!output)
		return -ENOENT;
	while (output->pipe >= 0 && copy_some(output))
		;
	if (output->pipe >= 0) /* it was to be closed before */
		return -EBUSY;
	if (output->error) {
		int error = output->error;
		give_up(output);
		return -error;
	}
	int r = file_finish(output->stream, output->temporary, path);
	free(output->temporary);
	free(output->path);
	*output = (struct output){ .pipe = -1 };
	return r;
}

/* ---- Requests ------------------------------------------------------------------------------- */

static int send_reply(const struct broker *broker, int error, int fd)
{
	struct broker_reply reply = { .error = error };
	struct iovec part = { .iov_base = &reply, .iov_len = sizeof(reply) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	while (sendmsg(broker->fd, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* A descriptor to send, -1 for none; *error is set. */
static int answer(struct broker *broker, const struct broker_request *request, int *error)
{
	int r = -EPERM;

	if (is_allowed(broker, (enum broker_verb)request->verb, request->path)) {
		switch ((enum broker_verb)request->verb) {
		case BROKER_READ:
			r = open(request->path, O_RDONLY | O_CLOEXEC);
			r = r < 0 ? -errno : r;
			break;
		case BROKER_CREATE:
			r = create_output(broker, request->path);
			break;
		case BROKER_FINISH:
			r = finish_output(broker, request->path);
			break;
		}
	}
	*error = r < 0 ? -r : 0;
	return r < 0 || request->verb == BROKER_FINISH ? -1 : r;
}

/* True if there was a request; false when the other side is gone. */
static int serve_request(struct broker *broker)
{
	struct broker_request request;
	ssize_t n = recv(broker->fd, &request, sizeof(request), 0);
	const ssize_t least = offsetof(struct broker_request, path) + 1;
	int error;

	if (n < 0)
		return errno == EINTR ? true : -errno;
	if (n == 0)
		return false;
	if (n < least || request.path[n - least] != '\0')
		return send_reply(broker, EINVAL, -1) < 0 ? -EPIPE : true;
	int fd = answer(broker, &request, &error);
	int r = send_reply(broker, error, fd);
	if (fd >= 0)
		close(fd);
	return r < 0 ? r : true;
}

int broker_run(struct broker *broker, int other_fd)
{
	for (;;) {
		struct pollfd fds[2 + MAX_OUTPUTS] = { { .fd = broker->fd, .events = POLLIN },
			                               { .fd = other_fd, .events = POLLIN } };
		for (size_t i = 0; i < MAX_OUTPUTS; i++) {
			const struct output *output = &broker->outputs[i];
			fds[2 + i] = (struct pollfd){ .fd = output->stream ? output->pipe : -1,
				                      .events = POLLIN };
		}
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; i < MAX_OUTPUTS; i++)
			if (fds[2 + i].revents)
				copy_some(&broker->outputs[i]);
		if (fds[1].revents)
			return BROKER_E_OTHER;
		if (!fds[0].revents)
			continue;
		int r = serve_request(broker);
		if (r <= 0)
			return r;
	}
}
