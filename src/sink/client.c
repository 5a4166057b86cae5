/*
 * The asking side: a sealed process gets what it may have from its broker, by unix(7) messages that
 * carry descriptors (SCM_RIGHTS).
 */
#include "broker.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int sink_client_new(struct sink_client **out, int fd)
{
	struct sink_client *client = calloc(1, sizeof(*client));

	if (!client)
		return -ENOMEM;
	client->fd = fd;
	*out = client;
	return 0;
}

struct sink_client *sink_client_free(struct sink_client *client)
{
	if (client)
		close(client->fd);
	free(client);
	return NULL;
}

static int send_request(const struct sink_client *client, enum broker_verb verb, const char *path)
{
	struct broker_request request = { .verb = (uint8_t)verb };
	size_t len = strlen(path);

	if (len >= sizeof(request.path))
		return -ENAMETOOLONG;
	memcpy(request.path, path, len + 1);
	struct iovec part = { .iov_base = &request,
		              .iov_len = offsetof(struct broker_request, path) + len + 1 };
	const struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	while (sendmsg(client->fd, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* The descriptor a message carries; -1: none. */
static int descriptor_of(struct msghdr *message)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

int client_ask(struct sink_client *client, enum broker_verb verb, const char *path)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct broker_reply reply;
	struct iovec part = { .iov_base = &reply, .iov_len = sizeof(reply) };
	struct msghdr message = { .msg_iov = &part,
		                  .msg_iovlen = 1,
		                  .msg_control = &control,
		                  .msg_controllen = sizeof(control) };
	ssize_t n;
	int r = send_request(client, verb, path);

	if (r < 0)
		return r;
	while ((n = recvmsg(client->fd, &message, MSG_CMSG_CLOEXEC)) < 0)
		if (errno != EINTR)
			return -errno;
	int fd = n > 0 ? descriptor_of(&message) : -1;
	if (n == sizeof(reply) && reply.error == 0 && (fd >= 0 || verb == BROKER_FINISH))
		return fd >= 0 ? fd : 0;
	if (fd >= 0)
		close(fd);
	return n == sizeof(reply) && reply.error > 0 ? -reply.error
	                                             : -EPIPE; /* the broker is gone */
}
