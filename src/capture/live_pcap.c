/*
 * An interface where there is no AF_PACKET: libpcap's own way to the kernel (BPF on the BSDs and
 * macOS). One frame at a time; it stays where libpcap has it until the next is asked for.
 */
#include "capture/live_port.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>

#define DEFAULT_RING_BYTES ((size_t)64 << 20)
#define MAX_RING_BYTES     ((size_t)1 << 30)
#define MAX_SNAPLEN        262144
#define LINKTYPE_RAW       101

struct port {
	pcap_t *pcap;
	struct pcap_pkthdr *header;
	const uint8_t *data;
	bool has_frame;
};

static int activate(struct port *port, const char *name, const struct live_options *options,
                    struct err *err)
{
	size_t ring = options->ring_bytes ? options->ring_bytes : DEFAULT_RING_BYTES;
	char why[PCAP_ERRBUF_SIZE] = "";

	pcap_set_snaplen(port->pcap,
	                 options->snaplen ? (int)MIN(options->snaplen, MAX_SNAPLEN) : MAX_SNAPLEN);
	pcap_set_promisc(port->pcap, !options->is_unpromiscuous);
	pcap_set_timeout(port->pcap, PORT_RETIRE_MS);
	pcap_set_buffer_size(port->pcap, (int)MIN(ring, MAX_RING_BYTES));
	pcap_set_tstamp_precision(port->pcap, PCAP_TSTAMP_PRECISION_NANO);
	int r = pcap_activate(port->pcap);
	if (r < 0) {
		err_set(err, "%s: %s (%s)", name, pcap_statustostr(r), pcap_geterr(port->pcap));
		return LIVE_E_INVALID;
	}
	if (pcap_setnonblock(port->pcap, 1, why) < 0) {
		err_set(err, "%s: %s", name, why);
		return LIVE_E_INVALID;
	}
	return 0;
}

int port_open(struct port **out, const char *name, const struct live_options *options,
              struct err *err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct port *port = calloc(1, sizeof(*port));

	if (!port)
		return -ENOMEM;
	port->pcap = pcap_create(name, why);
	if (!port->pcap)
		err_set(err, "%s: %s", name, why);
	int r = port->pcap ? activate(port, name, options, err) : LIVE_E_INVALID;
	if (r) {
		port_free(port);
		return r;
	}
	*out = port;
	return 0;
}

int port_start(struct port *port)
{
	(void)port; /* pcap_activate() has done it */
	return 0;
}

struct port *port_free(struct port *port)
{
	if (!port)
		return NULL;
	if (port->pcap)
		pcap_close(port->pcap);
	free(port);
	return NULL;
}

bool port_peek(struct port *port, struct frame *frame)
{
	if (!port->has_frame)
		port->has_frame = pcap_next_ex(port->pcap, &port->header, &port->data) == 1;
	if (!port->has_frame)
		return false;
	int64_t fraction = port->header->ts.tv_usec;
	if (pcap_get_tstamp_precision(port->pcap) != PCAP_TSTAMP_PRECISION_NANO)
		fraction *= 1000;
	*frame =
	        (struct frame){ .time_ns = (int64_t)port->header->ts.tv_sec * 1000000000 + fraction,
		                .data = BYTES(port->data, port->header->caplen),
		                .len_wire = MAX(port->header->len, port->header->caplen) };
	return true;
}

void port_pop(struct port *port)
{
	port->has_frame = false;
}

int port_get_fd(const struct port *port)
{
	return pcap_get_selectable_fd(port->pcap);
}

uint16_t port_get_link_type(const struct port *port)
{
	int dlt = pcap_datalink(port->pcap);

	return dlt == DLT_RAW ? LINKTYPE_RAW : (uint16_t)dlt;
}

const char *port_get_trouble(struct port *port)
{
	(void)port;
	return "interface failed or is down";
}

void port_read_losses(struct port *port, struct port_losses *out)
{
	struct pcap_stat stats;

	*out = (struct port_losses){ 0 };
	if (pcap_stats(port->pcap, &stats) == 0) {
		out->ring = stats.ps_drop;
		out->interface = stats.ps_ifdrop;
	}
}

const char *port_method(void)
{
	return pcap_lib_version();
}
