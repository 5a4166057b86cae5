/*
 * Interfaces of a test's own: a network namespace with veth pairs a0-b0, a1-b1. What is sent on a b
 * arrives on its a. The test's process leaves the machine's network and never comes back, which is
 * all right, as Criterion gives every test a process.
 */
#ifndef PCAUDIT_TESTS_LIVE_VETH_H
#define PCAUDIT_TESTS_LIVE_VETH_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline bool veth_make(unsigned n_pairs)
{
	char command[256];

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		return false;
	/* The counters under /sys are those of the namespace it was mounted in. */
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
		return false;
	/* An interface that comes up would speak of itself (neighbour discovery). */
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY);
	if (fd >= 0) {
		ssize_t ignored = write(fd, "1", 1);
		(void)ignored;
		close(fd);
	}
	for (unsigned i = 0; i < n_pairs; i++) {
		snprintf(command, sizeof(command),
		         "ip link add a%u type veth peer name b%u 2>/dev/null && "
		         "ip link set a%u arp off up && ip link set b%u arp off up",
		         i, i, i, i);
		if (system(command) != 0)
			return false;
	}
	return true;
}

/* Says loudly what a machine lacks; the test then counts as skipped, not as passed. */
#define VETH_OR_SKIP(n_pairs)                                                                      \
	do {                                                                                       \
		if (!veth_make(n_pairs))                                                           \
			cr_skip_test("skipped: no veth (network namespaces need root)");           \
	} while (0)

/* A socket that sends whole frames on an interface. */
static inline int veth_sender(const char *interface)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
		                       .sll_ifindex = (int)if_nametoindex(interface) };

	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline int64_t time_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
