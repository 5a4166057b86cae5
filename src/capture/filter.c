/*
 * The user's filter, compiled by libpcap for each link type that turns up: one text means other
 * offsets on Ethernet than on a cooked capture.
 *
 * It is run here on each record instead of being given to libpcap, since libpcap would skip
 * records without counting them, and the numbers would no longer be those Wireshark shows.
 */
#include "capture/priv.h"

#include <errno.h>
#include <pcap/pcap.h>

#define MAX_LINK_TYPES 64 /* in one file */
#define SNAPLEN        262144
#define LINKTYPE_RAW   101

struct program {
	uint16_t link_type;
	struct bpf_program bpf;
};

struct filter {
	char *text;
	size_t n_programs;
	size_t last; /* the program that ran last: most files need one */
	struct program programs[MAX_LINK_TYPES];
};

int filter_new(struct filter **out, const char *text)
{
	struct filter *filter = calloc(1, sizeof(*filter));
	if (filter)
		filter->text = strdup(text);
	if (!filter || !filter->text) {
		free(filter);
		return -ENOMEM;
	}
	*out = filter;
	return 0;
}

struct filter *filter_free(struct filter *filter)
{
	if (!filter)
		return NULL;
	for (size_t i = 0; i < filter->n_programs; i++)
		pcap_freecode(&filter->programs[i].bpf);
	free(filter->text);
	free(filter);
	return NULL;
}

static bool find(struct filter *filter, uint16_t link_type)
{
	for (size_t i = 0; i < filter->n_programs; i++) {
		if (filter->programs[i].link_type != link_type)
			continue;
		filter->last = i;
		return true;
	}
	return false;
}

int filter_prepare(struct filter *filter, uint16_t link_type, char *why, size_t why_size)
{
	if (find(filter, link_type))
		return 0;
	if (filter->n_programs == MAX_LINK_TYPES) {
		snprintf(why, why_size, "more than %d link types", MAX_LINK_TYPES);
		return SOURCE_E_FILTER;
	}
	/* The one number that differs between files and libpcap on Linux and matters here. */
	int dlt = link_type == LINKTYPE_RAW ? DLT_RAW : link_type;
	pcap_t *pcap = pcap_open_dead(dlt, SNAPLEN);
	struct program *program = &filter->programs[filter->n_programs];
	if (!pcap || pcap_compile(pcap, &program->bpf, filter->text, 1, PCAP_NETMASK_UNKNOWN)) {
		snprintf(why, why_size, "%s", pcap ? pcap_geterr(pcap) : strerror(ENOMEM));
		if (pcap)
			pcap_close(pcap);
		return SOURCE_E_FILTER;
	}
	pcap_close(pcap);
	program->link_type = link_type;
	filter->last = filter->n_programs++;
	return 0;
}

bool filter_passes(struct filter *filter, const struct frame *frame)
{
	const struct pcap_pkthdr header = { .caplen = (bpf_u_int32)frame->data.len,
		                            .len = frame->len_wire };
	if (filter->programs[filter->last].link_type != frame->link_type)
		find(filter, frame->link_type);
	return pcap_offline_filter(&filter->programs[filter->last].bpf, &header, frame->data.data);
}
