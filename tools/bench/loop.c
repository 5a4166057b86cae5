/*
 * The yardstick: libpcap reads a file and nothing is done with the packets. What takes twice as
 * long as this spends as much on the packets as libpcap spends on reading them.
 */
#include <pcap/pcap.h>
#include <stdio.h>

static void count(u_char *counter, const struct pcap_pkthdr *header, const u_char *data)
{
	unsigned long long *counters = (void *)counter;

	(void)data;
	counters[0]++;
	counters[1] += header->caplen;
}

int main(int argc, char **argv)
{
	unsigned long long counters[2] = { 0, 0 };
	char why[PCAP_ERRBUF_SIZE];

	if (argc != 2) {
		fprintf(stderr, "usage: loop CAPTURE\n");
		return 2;
	}
	pcap_t *pcap = pcap_open_offline(argv[1], why);
	if (!pcap) {
		fprintf(stderr, "loop: %s: %s\n", argv[1], why);
		return 3;
	}
	int r = pcap_loop(pcap, -1, count, (u_char *)counters);
	if (r < 0)
		fprintf(stderr, "loop: %s: %s\n", argv[1], pcap_geterr(pcap));
	pcap_close(pcap);
	printf("%llu packets, %llu bytes\n", counters[0], counters[1]);
	return r < 0 ? 3 : 0;
}
