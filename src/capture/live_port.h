/*
 * One interface. Two files hold these functions: live_packet.c for Linux, live_pcap.c for the rest;
 * the build takes one.
 */
#ifndef PCAUDIT_CAPTURE_LIVE_PORT_H
#define PCAUDIT_CAPTURE_LIVE_PORT_H

#include "pcaudit/live.h"

struct port;

/* Losses since port_open(). */
struct port_losses {
	uint64_t ring, kernel, interface;
};

/* How long a frame may lie in a ring before it is handed over. */
#define PORT_RETIRE_MS 10

/* Needs privileges. 0; LIVE_E_INVALID with err filled; or -errno. */
int port_open(struct port **out, const char *name, const struct live_options *options,
              struct err *err);
int port_start(struct port *port);
struct port *port_free(struct port *port);
/* True if there is a frame: the same one until port_pop(). Fills time, data and len_wire. */
bool port_peek(struct port *port, struct frame *frame);
void port_pop(struct port *port);
/* Readable when frames may be there. */
int port_get_fd(const struct port *port);
uint16_t port_get_link_type(const struct port *port);
/* After poll() said that something is wrong: what, in constant text; NULL: nothing. */
const char *port_get_trouble(struct port *port);
void port_read_losses(struct port *port, struct port_losses *out);
const char *port_method(void);

#endif
