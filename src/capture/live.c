/*
 * Interfaces as one stream. A span port often comes as two taps, one for each direction: their
 * rings are handed over in blocks and at other moments, so the earliest frame that lies here need
 * not be the earliest there is. It is held until every other ring has shown a later one, or is
 * known to have nothing that old.
 */
#include "capture/live_port.h"

#include <errno.h>
#include <string.h>

#include "capture/priv.h"

/* A block is handed over PORT_RETIRE_MS after its first frame; twice that, and as much again for
   the scheduler. */
#define HOLD_NS    (3 * PORT_RETIRE_MS * INT64_C(1000000))
#define NS_PER_MS  INT64_C(1000000)
#define MAX_OTHERS 8

struct lane {
	struct port *port;
	struct input_info info;
	struct input_interface interface;
	uint64_t dropped_ring;
	struct frame head;
	bool has_head;
};

struct live {
	struct filter *filter; /* NULL: none */
	struct lane *lanes;
	size_t n_lanes;
	struct lane *given;    /* whose head was handed out and must go */
	int64_t held_until_ns; /* when the frame that is held will be due; 0: none is */
	int64_t now_ns;
	bool is_hurried;
};

static int lane_open(struct lane *lane, const char *name, struct filter *filter,
                     const struct live_options *options, struct err *err)
{
	char why[512];
	int r = port_open(&lane->port, name, options, err);

	if (r)
		return r;
	lane->interface.link_type = port_get_link_type(lane->port);
	lane->interface.snaplen = options->snaplen;
	lane->interface.has_statistics = true;
	lane->info.format = "live";
	lane->info.link_type = lane->interface.link_type;
	lane->info.link_types = &lane->info.link_type;
	lane->info.n_link_types = 1;
	lane->info.interfaces = &lane->interface;
	lane->info.n_interfaces = 1;
	lane->info.name = strdup(name);
	if (!lane->info.name)
		return -ENOMEM;
	lane->interface.name = bytes_from_text(lane->info.name);
	if (filter && filter_prepare(filter, lane->info.link_type, why, sizeof(why))) {
		err_set(err, "filter: %s", why);
		return LIVE_E_INVALID;
	}
	return 0;
}

static bool is_named_twice(const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], names[n]) == 0)
			return true;
	return false;
}

int live_open(struct live **out, const char *const *names, size_t n_names, const char *filter_bpf,
              const struct live_options *options, struct err *err)
{
	_cleanup_(live_freep) struct live *live = calloc(1, sizeof(*live));
	int r = 0;

	if (!live)
		return -ENOMEM;
	if (n_names == 0 || n_names > LIVE_MAX_INTERFACES) {
		err_set(err, "%zu interfaces: 1 to %d are expected", n_names, LIVE_MAX_INTERFACES);
		return LIVE_E_INVALID;
	}
	live->lanes = calloc(n_names, sizeof(*live->lanes));
	if (!live->lanes || (filter_bpf && filter_new(&live->filter, filter_bpf) < 0))
		return -ENOMEM;
	for (size_t i = 0; i < n_names && r == 0; i++) {
		if (is_named_twice(names, i)) {
			err_set(err, "%s: the interface is named twice", names[i]);
			return LIVE_E_INVALID;
		}
		r = lane_open(&live->lanes[live->n_lanes++], names[i], live->filter, options, err);
	}
	if (r)
		return r;
	*out = live;
	live = NULL;
	return 0;
}

int live_start(struct live *live)
{
	int r = 0;

	for (size_t i = 0; i < live->n_lanes && r == 0; i++)
		r = port_start(live->lanes[i].port);
	return r;
}

struct live *live_free(struct live *live)
{
	if (!live)
		return NULL;
	for (size_t i = 0; i < live->n_lanes; i++) {
		port_free(live->lanes[i].port);
		free((char *)live->lanes[i].info.name);
	}
	filter_free(live->filter);
	free(live->lanes);
	free(live);
	return NULL;
}

/* The next frame of a lane that passes the filter. */
static bool lane_fill(struct live *live, struct lane *lane)
{
	while (!lane->has_head && port_peek(lane->port, &lane->head)) {
		lane->info.error = NULL;
		lane->head.file = (uint32_t)(lane - live->lanes) + 1;
		lane->head.link_type = lane->info.link_type;
		lane->head.interface = 0;
		lane->has_head = !live->filter || filter_passes(live->filter, &lane->head);
		if (!lane->has_head)
			port_pop(lane->port);
	}
	return lane->has_head;
}

static void lane_count(struct lane *lane, struct frame *frame)
{
	struct input_info *info = &lane->info;

	if (info->packets == 0 || frame->time_ns < info->first_ns)
		info->first_ns = frame->time_ns;
	if (info->packets == 0 || frame->time_ns > info->last_ns)
		info->last_ns = frame->time_ns;
	frame->number = ++info->packets;
	lane->interface.packets++;
	info->bytes += frame->data.len;
}

int live_next(struct live *live, int64_t now_ns, struct frame *frame)
{
	struct lane *first = NULL;
	bool is_any_empty = false;

	if (live->given) {
		port_pop(live->given->port);
		live->given->has_head = false;
		live->given = NULL;
	}
	live->now_ns = now_ns;
	live->held_until_ns = 0;
	for (size_t i = 0; i < live->n_lanes; i++) {
		struct lane *lane = &live->lanes[i];
		if (!lane_fill(live, lane))
			is_any_empty = true;
		else if (!first || lane->head.time_ns < first->head.time_ns)
			first = lane;
	}
	if (!first)
		return LIVE_E_IDLE;
	if (is_any_empty && !live->is_hurried && first->head.time_ns > now_ns - HOLD_NS) {
		live->held_until_ns = MIN(first->head.time_ns, now_ns) + HOLD_NS;
		return LIVE_E_IDLE;
	}
	lane_count(first, &first->head);
	*frame = first->head;
	live->given = first;
	return 0;
}

void live_hurry(struct live *live)
{
	live->is_hurried = true;
}

int live_wait(struct live *live, struct pollfd *others, size_t n_others, int timeout_ms)
{
	struct pollfd fds[LIVE_MAX_INTERFACES + MAX_OTHERS];
	size_t n_ports = live->n_lanes;
	int n_ready = 0;

	if (n_others > MAX_OTHERS)
		return -EINVAL;
	if (live->held_until_ns) {
		int64_t held_ms = (live->held_until_ns - live->now_ns) / NS_PER_MS + 1;
		timeout_ms = timeout_ms < 0 ? (int)held_ms : MIN(timeout_ms, (int)held_ms);
	}
	for (size_t i = 0; i < n_ports; i++) {
		const struct lane *lane = &live->lanes[i];
		/* Of a lane whose frame is held nothing new is wanted. */
		fds[i] = (struct pollfd){ .fd = lane->has_head ? -1 : port_get_fd(lane->port),
			                  .events = POLLIN };
	}
	if (n_others)
		memcpy(fds + n_ports, others, n_others * sizeof(*others));
	if (poll(fds, (nfds_t)(n_ports + n_others), timeout_ms) < 0)
		return -errno;
	for (size_t i = 0; i < n_ports; i++)
		if (fds[i].revents & (POLLERR | POLLHUP | POLLNVAL))
			live->lanes[i].info.error = port_get_trouble(live->lanes[i].port);
	for (size_t i = 0; i < n_others; i++) {
		others[i].revents = fds[n_ports + i].revents;
		n_ready += others[i].revents != 0;
	}
	return n_ready;
}

size_t live_input_count(const struct live *live)
{
	return live->n_lanes;
}

const struct input_info *live_get_input(const struct live *live, size_t index)
{
	return &live->lanes[index].info;
}

uint64_t live_get_dropped_ring(const struct live *live, size_t index)
{
	return live->lanes[index].dropped_ring;
}

void live_read_losses(struct live *live)
{
	for (size_t i = 0; i < live->n_lanes; i++) {
		struct lane *lane = &live->lanes[i];
		struct port_losses losses = { 0 };
		port_read_losses(lane->port, &losses);
		lane->dropped_ring = losses.ring;
		lane->interface.dropped_kernel = lane->info.dropped_kernel = losses.kernel;
		lane->interface.dropped_interface = lane->info.dropped_interface = losses.interface;
		lane->interface.received =
		        lane->info.packets + losses.ring + losses.kernel + losses.interface;
	}
}

const char *live_method(void)
{
	return port_method();
}
