/*
 * The way to an interface where there is no AF_PACKET, tried here all the same: this test is linked
 * with live_pcap.c before the library, so its functions are the ones that are called.
 */
#include "pcaudit/live.h"

#include "live_veth.h"
#include "pcaudit/base/util.h"

Test(live_pcap, hands_over_what_was_sent)
{
	_cleanup_(live_freep) struct live *live = NULL;
	const struct live_options options = { .snaplen = 1000 };
	const char *const names[] = { "a0" };
	struct err err = { "" };
	struct frame frame;
	uint8_t bytes[1200] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 5, 0x88, 0xb5 };
	uint64_t n = 0;

	VETH_OR_SKIP(1);
	cr_assert_eq(live_open(&live, names, 1, "vlan 5", &options, &err), 0, "%s", err.text);
	cr_assert_eq(live_start(live), 0);
	int fd = veth_sender("b0");
	int64_t before_ns = time_now_ns();
	for (size_t i = 0; i < 10; i++)
		cr_assert_eq(send(fd, bytes, 100 * (i + 1), 0), (ssize_t)(100 * (i + 1)));
	while (n < 10 && time_now_ns() < before_ns + 2000000000) {
		if (live_next(live, time_now_ns(), &frame) != 0) {
			cr_assert_eq(live_wait(live, NULL, 0, 50), 0);
			continue;
		}
		n++;
		cr_expect_eq(frame.number, n);
		cr_expect_eq(frame.len_wire, 100 * n);
		cr_expect_eq(frame.data.len, 100 * n);
		cr_expect_eq(memcmp(frame.data.data, bytes, frame.data.len), 0);
		cr_expect(frame.time_ns >= before_ns && frame.time_ns <= time_now_ns());
	}
	cr_expect_eq(n, 10);
	live_read_losses(live);
	cr_expect_eq(live_get_dropped_ring(live, 0), 0);
}

Test(live_pcap, refuses_what_cannot_be)
{
	const char *const names[] = { "b7" };
	struct live *live = NULL;
	struct err err = { "" };
	const struct live_options options = { 0 };

	VETH_OR_SKIP(1);
	cr_expect_eq(live_open(&live, names, 1, NULL, &options, &err), LIVE_E_INVALID);
	cr_expect_eq(strncmp(err.text, "b7: ", 4), 0, "%s", err.text);
}

Test(live_pcap, names_its_method)
{
	cr_expect_eq(strncmp(live_method(), "libpcap version ", 16), 0);
}
