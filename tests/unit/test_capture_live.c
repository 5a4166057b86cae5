#include "pcaudit/live.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "live_veth.h"
#include "pcaudit/base/util.h"

#define MS INT64_C(1000000)

static const struct live_options no_options;

/* An Ethernet frame for local experiments (type 0x88b5) whose 15th byte is a mark. */
static size_t make_frame(uint8_t frame[static 1514], size_t len, uint8_t mark)
{
	static const uint8_t start[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };

	memset(frame, 0xee, len);
	memcpy(frame, start, sizeof(start));
	frame[14] = mark;
	return len;
}

static void send_mark(int fd, size_t len, uint8_t mark)
{
	uint8_t frame[1514];

	make_frame(frame, len, mark);
	cr_assert_eq(send(fd, frame, len, 0), (ssize_t)len);
}

static void open_live(struct live **live, const char *const *names, size_t n, const char *filter,
                      const struct live_options *options)
{
	struct err err = { "" };

	cr_assert_eq(live_open(live, names, n, filter, options, &err), 0, "%s", err.text);
	cr_assert_eq(live_start(*live), 0);
}

/* The next frame that is due within two seconds; -1: none. Its mark. */
static int next_mark(struct live *live, struct frame *frame)
{
	for (int64_t end_ns = time_now_ns() + 2000 * MS; time_now_ns() < end_ns;) {
		if (live_next(live, time_now_ns(), frame) == 0)
			return frame->data.data[frame->data.len > 14 ? 14 : 0];
		cr_assert_eq(live_wait(live, NULL, 0, 50), 0);
	}
	return -1;
}

Test(live, hands_over_what_was_sent)
{
	_cleanup_(live_freep) struct live *live = NULL;
	const char *const names[] = { "a0" };
	struct frame frame;
	uint8_t sent[1514];

	VETH_OR_SKIP(1);
	open_live(&live, names, 1, NULL, &no_options);
	int fd = veth_sender("b0");
	int64_t before_ns = time_now_ns();
	for (uint8_t i = 0; i < 20; i++)
		send_mark(fd, 60u + 70u * i, i);
	for (uint8_t i = 0; i < 20; i++) {
		cr_assert_eq(next_mark(live, &frame), i);
		size_t len = make_frame(sent, 60u + 70u * i, i);
		cr_assert_eq(frame.data.len, len);
		cr_expect_eq(memcmp(frame.data.data, sent, len), 0);
		cr_expect_eq(frame.len_wire, len);
		cr_expect_eq(frame.file, 1);
		cr_expect_eq(frame.number, i + 1u);
		cr_expect_eq(frame.link_type, 1);
		cr_expect(frame.time_ns >= before_ns && frame.time_ns <= time_now_ns());
	}
	cr_expect_eq(live_next(live, time_now_ns(), &frame), LIVE_E_IDLE);
	const struct input_info *info = live_get_input(live, 0);
	cr_expect_str_eq(info->name, "a0");
	cr_expect_str_eq(info->format, "live");
	cr_expect_eq(info->packets, 20);
	cr_expect_null(info->error);
}

Test(live, puts_tags_back)
{
	_cleanup_(live_freep) struct live *live = NULL;
	const char *const names[] = { "a0" };
	/* 802.1ad outside, 802.1Q inside: the kernel takes the outer one out. */
	uint8_t frame_bytes[64] = { 2, 0,    0,    0,    0,    1,    2,    0, 0, 0,    0,
		                    2, 0x88, 0xa8, 0x00, 0x64, 0x81, 0x00, 0, 7, 0x88, 0xb5 };
	struct frame frame;

	VETH_OR_SKIP(1);
	open_live(&live, names, 1, NULL, &no_options);
	int fd = veth_sender("b0");
	cr_assert_eq(send(fd, frame_bytes, sizeof(frame_bytes), 0), (ssize_t)sizeof(frame_bytes));
	frame_bytes[12] = 0x81; /* and a plain 802.1Q tag with a priority */
	frame_bytes[13] = 0;
	frame_bytes[14] = 0x60;
	cr_assert_eq(send(fd, frame_bytes, sizeof(frame_bytes), 0), (ssize_t)sizeof(frame_bytes));
	cr_assert_neq(next_mark(live, &frame), -1);
	cr_assert_eq(frame.data.len, sizeof(frame_bytes));
	cr_expect_eq(frame.len_wire, sizeof(frame_bytes));
	cr_expect_eq(frame.data.data[12], 0x88);
	cr_expect_eq(frame.data.data[13], 0xa8);
	cr_expect_eq(frame.data.data[15], 0x64);
	cr_expect_eq(frame.data.data[16], 0x81);
	cr_expect_eq(frame.data.data[19], 7);
	cr_assert_neq(next_mark(live, &frame), -1);
	cr_assert_eq(frame.data.len, sizeof(frame_bytes));
	cr_expect_eq(memcmp(frame.data.data, frame_bytes, sizeof(frame_bytes)), 0);
}

Test(live, merges_two_interfaces_by_time)
{
	_cleanup_(live_freep) struct live *live = NULL;
	const char *const names[] = { "a0", "a1" };
	struct frame frame;
	int64_t last_ns = 0;

	VETH_OR_SKIP(2);
	open_live(&live, names, 2, NULL, &no_options);
	const int fds[] = { veth_sender("b0"), veth_sender("b1") };
	for (uint8_t i = 0; i < 100; i++)
		send_mark(fds[i % 2], 100, i);
	for (uint8_t i = 0; i < 100; i++) {
		cr_assert_eq(next_mark(live, &frame), i);
		cr_expect_eq(frame.file, i % 2 + 1u);
		cr_expect_eq(frame.number, i / 2 + 1u);
		cr_expect_geq(frame.time_ns, last_ns);
		last_ns = frame.time_ns;
	}
}

Test(live, holds_a_frame_until_none_can_be_earlier)
{
	_cleanup_(live_freep) struct live *live = NULL;
	const char *const names[] = { "a0", "a1" };
	struct frame frame;

	VETH_OR_SKIP(2);
	open_live(&live, names, 2, NULL, &no_options);
	int64_t sent_ns = time_now_ns();
	send_mark(veth_sender("b0"), 100, 1);
	usleep(100000);
	cr_expect_eq(live_next(live, sent_ns, &frame), LIVE_E_IDLE);
	cr_expect_eq(live_next(live, sent_ns + 29 * MS, &frame), LIVE_E_IDLE);
	cr_assert_eq(live_next(live, sent_ns + 90 * MS, &frame), 0);
	cr_expect_eq(frame.data.data[14], 1);
	send_mark(veth_sender("b0"), 100, 2);
	usleep(100000);
	cr_expect_eq(live_next(live, sent_ns, &frame), LIVE_E_IDLE);
	live_hurry(live);
	cr_assert_eq(live_next(live, sent_ns, &frame), 0);
	cr_expect_eq(frame.data.data[14], 2);
}

/* A ring of 2 MiB, 20 000 frames of 1000 bytes: what it does not hold is counted, to the frame. */
Test(live, counts_what_the_ring_did_not_hold)
{
	_cleanup_(live_freep) struct live *live = NULL;
	const struct live_options options = { .ring_bytes = 1 };
	const char *const names[] = { "a0" };
	struct frame frame;
	uint64_t n = 0;

	VETH_OR_SKIP(1);
	open_live(&live, names, 1, NULL, &options);
	int fd = veth_sender("b0");
	for (unsigned i = 0; i < 20000; i++)
		send_mark(fd, 1000, (uint8_t)i);
	while (next_mark(live, &frame) != -1)
		n++;
	live_read_losses(live);
	cr_expect_gt(live_get_dropped_ring(live, 0), 10000);
	cr_expect_eq(n + live_get_dropped_ring(live, 0) + live_get_input(live, 0)->dropped_kernel,
	             20000);
	cr_expect_eq(live_get_input(live, 0)->interfaces[0].received, 20000);
	/* And it goes on. */
	send_mark(fd, 1000, 7);
	cr_expect_eq(next_mark(live, &frame), 7);
}

Test(live, filters_and_cuts)
{
	_cleanup_(live_freep) struct live *live = NULL;
	const struct live_options options = { .snaplen = 64 };
	const char *const names[] = { "a0" };
	struct frame frame;

	VETH_OR_SKIP(1);
	open_live(&live, names, 1, "ether[14] == 2", &options);
	int fd = veth_sender("b0");
	for (uint8_t i = 0; i < 4; i++)
		send_mark(fd, 500, i);
	cr_assert_eq(next_mark(live, &frame), 2);
	cr_expect_eq(frame.number, 1);
	cr_expect_eq(frame.data.len, 64);
	cr_expect_eq(frame.len_wire, 500);
	cr_expect_eq(live_next(live, time_now_ns() + 1000 * MS, &frame), LIVE_E_IDLE);
	cr_expect_eq(live_get_input(live, 0)->packets, 1);
}

Test(live, an_interface_that_goes_down_and_comes_back)
{
	_cleanup_(live_freep) struct live *live = NULL;
	const char *const names[] = { "a0" };
	struct frame frame;

	VETH_OR_SKIP(1);
	open_live(&live, names, 1, NULL, &no_options);
	cr_assert_eq(system("ip link set a0 down"), 0);
	cr_assert_eq(live_wait(live, NULL, 0, 1000), 0);
	cr_assert_not_null(live_get_input(live, 0)->error);
	cr_expect_str_eq(live_get_input(live, 0)->error, "interface is down");
	cr_assert_eq(system("ip link set a0 up"), 0);
	usleep(50000);
	send_mark(veth_sender("b0"), 100, 9);
	cr_expect_eq(next_mark(live, &frame), 9);
	cr_expect_null(live_get_input(live, 0)->error);
}

static unsigned long sent_by(const char *interface)
{
	char path[128], text[32] = "";

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/tx_packets", interface);
	int fd = open(path, O_RDONLY);
	cr_assert_geq(fd, 0);
	cr_assert_gt(read(fd, text, sizeof(text) - 1), 0);
	close(fd);
	return strtoul(text, NULL, 10);
}

Test(live, sends_nothing)
{
	const char *const names[] = { "a0" };
	struct frame frame;

	VETH_OR_SKIP(1);
	unsigned long before = sent_by("a0");
	for (unsigned i = 0; i < 3; i++) {
		_cleanup_(live_freep) struct live *live = NULL;
		open_live(&live, names, 1, "arp or icmp6 or not ip", &no_options);
		send_mark(veth_sender("b0"), 100, 5);
		cr_expect_eq(next_mark(live, &frame), 5);
		live_read_losses(live);
	}
	cr_expect_eq(sent_by("a0"), before);
	cr_expect_gt(sent_by("b0"), 2, "the counter counts nothing");
}

Test(live, waits_for_the_callers_descriptors)
{
	_cleanup_(live_freep) struct live *live = NULL;
	const char *const names[] = { "a0" };
	int pair[2];

	VETH_OR_SKIP(1);
	open_live(&live, names, 1, NULL, &no_options);
	cr_assert_eq(pipe(pair), 0);
	struct pollfd other = { .fd = pair[0], .events = POLLIN };
	cr_expect_eq(live_wait(live, &other, 1, 10), 0);
	cr_assert_eq(write(pair[1], "x", 1), 1);
	cr_expect_eq(live_wait(live, &other, 1, 1000), 1);
	cr_expect_eq(other.revents, POLLIN);
}

static void expect_refused(const char *const *names, size_t n, const char *filter,
                           const char *expected)
{
	struct live *live = NULL;
	struct err err = { "" };

	cr_expect_eq(live_open(&live, names, n, filter, &no_options, &err), LIVE_E_INVALID);
	cr_expect_null(live);
	cr_expect_not_null(strstr(err.text, expected), "\"%s\" is not in \"%s\"", expected,
	                   err.text);
}

Test(live, refuses_what_cannot_be)
{
	const char *const near[] = { "b00" };
	const char *const twice[] = { "a0", "a0" };
	const char *const far[] = { "an-interface-of-a-very-long-name" };

	VETH_OR_SKIP(1);
	expect_refused(near, 1, NULL, "b00: there is no such interface (did you mean \"b0\"?)");
	expect_refused(far, 1, NULL, "there is no such interface");
	expect_refused(twice, 2, NULL, "a0: the interface is named twice");
	expect_refused(twice, 0, NULL, "0 interfaces: 1 to 32 are expected");
	expect_refused(twice, 1, "tcp prot 5061", "filter: ");
}

Test(live, says_what_is_not_permitted)
{
	const char *const names[] = { "a0" };

	VETH_OR_SKIP(1);
	cr_assert_eq(setgid(65534), 0);
	cr_assert_eq(setuid(65534), 0);
	expect_refused(names, 1, NULL,
	               "a0: capturing is not permitted: run as root, or give the program "
	               "CAP_NET_RAW");
}

Test(live, names_its_method)
{
	cr_expect_str_eq(live_method(), "AF_PACKET TPACKET_V3");
}
