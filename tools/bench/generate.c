/*
 * Makes a capture of any size out of the small ones in pcaps/.
 *
 * templates.tsv names conversations by capture and first packet, and says what the audit makes of
 * each: compliant, broken, or foreign (re-addressed to hosts without a role). Each flow written is
 * one of them with other addresses, ports and times, and with valid checksums. Addresses keep
 * their roles, so verdicts stay: a server becomes one of its clones in the site file written
 * beside the capture, a client or a host without a role any address of a wide prefix. Openers'
 * ports are dealt out so that a 5-tuple between servers does not come twice.
 *
 * Flows start evenly over --span and run at their own pace, so they interleave. Memory is that of
 * the conversations under way. The same arguments give the same bytes.
 *
 * Payload is not changed: certificates and session ids repeat more than they would in life, and
 * addresses inside SIP, SDP and STUN are those of the lab. Only IPv4 without fragments.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcaudit/base/util.h"
#include "pcaudit/rules.h"

#define MAX_PACKETS 512 /* of one template */
#define ETHER_LEN   14
#define FIRST_PORT  32768u
#define N_PORTS     28000u
#define MEDIA_PORT  49152u
#define N_MEDIA     8348u /* even: shifting keeps RTP even and RTCP odd */

enum class { COMPLIANT, BROKEN, FOREIGN, N_CLASSES };
static const char *const class_words[N_CLASSES] = { "compliant", "broken", "foreign" };

/* One IPv4 packet of a template, checksums of its payload worked out once. */
struct piece {
	int64_t at_ns; /* after the template's first packet */
	uint8_t side;
	uint16_t len, head_len;
	uint32_t payload_sum; /* of everything behind the ports but the checksum */
	uint8_t *bytes;
};

/* What becomes of an address of the template. */
enum place { FIXED, SERVER, CLIENT, PHONE, INSIDE, OUTSIDE };
struct end {
	uint32_t addr;
	uint16_t port;
	enum place place;
	unsigned server; /* its number, for SERVER */
};

struct template
{
	char capture[64];
	unsigned long number; /* of its first packet, as Wireshark counts */
	enum class class;
	double weight, tilted;
	uint8_t transport;
	struct end ends[2]; /* 0 sent the first packet */
	struct piece *pieces;
	size_t n;
};

struct server {
	uint32_t addr;
	bool is_inside;
};

struct bench {
	const char *pcaps, *templates_file, *site_file, *out;
	uint64_t flows, packets, seed;
	double shares[N_CLASSES], span;
	unsigned clones;
	bool is_open;
	struct site *site;
	struct template *templates;
	size_t n_templates;
	struct server *servers;
	size_t n_servers;
	double tilt_sum[N_CLASSES];
};

/* A flow under way. */
struct active {
	int64_t start_ns, next_ns;
	uint64_t number;
	const struct template *template;
	size_t at;
	uint32_t addr[2];
	uint16_t port[2];
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "generate: %s: %s\n", what, why);
	exit(2);
}

static void *must(void *p)
{
	if (!p)
		fail("memory", strerror(ENOMEM));
	return p;
}

/* splitmix64: the same numbers on every machine. */
static uint64_t mixed(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static double unit(uint64_t x)
{
	return (double)(mixed(x) >> 11) * 0x1.0p-53;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, (uint16_t)(value >> 16));
	put16(p + 2, (uint16_t)value);
}

static uint32_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
	for (; len > 1; p += 2, len -= 2)
		sum += get16(p);
	return len ? sum + (uint32_t)(p[0] << 8) : sum;
}

static uint16_t folded(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* ---- The site ------------------------------------------------------------------------------ */

static struct bytes slurp(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t size = 0, len = 0;
	uint8_t *data = NULL;

	if (!file)
		fail(path, strerror(errno));
	do {
		data = must(realloc(data, size += 65536));
		len += fread(data + len, 1, size - len, file);
	} while (len == size);
	fclose(file);
	return BYTES(data, len);
}

static bool is_host(const struct prefix *prefix)
{
	return prefix->len_bits == 128 && addr_is_ipv4(&prefix->addr);
}

static uint32_t ipv4_of(const struct addr *addr)
{
	return get32(addr->bytes + 12);
}

static int server_of(const struct bench *b, uint32_t addr)
{
	for (size_t i = 0; i < b->n_servers; i++)
		if (b->servers[i].addr == addr)
			return (int)i;
	return -1;
}

static void load_site(struct bench *b)
{
	struct bytes text = slurp(b->site_file);
	struct err err = { "" };

	if (site_load(&b->site, b->site_file, text, &err))
		fail(b->site_file, err.text);
	free((void *)text.data);
	b->servers = must(calloc(b->site->n_addresses + 1, sizeof(*b->servers)));
	for (size_t i = 0; i < b->site->n_addresses; i++) {
		const struct prefix *prefix = &b->site->addresses[i].prefix;
		uint32_t addr = ipv4_of(&prefix->addr);
		if (!is_host(prefix) || server_of(b, addr) >= 0)
			continue;
		struct server *server = &b->servers[b->n_servers++];
		server->addr = addr;
		for (size_t n = 0; n < b->site->n_networks; n++)
			server->is_inside |= prefix_holds(&b->site->networks[n], &prefix->addr);
	}
}

/* Inside 10.16.0.0/12, outside 198.18.0.0/16 (RFC 2544). */
static uint32_t clone_of(const struct bench *b, unsigned server, unsigned clone)
{
	uint32_t base = b->servers[server].is_inside ? 0x0a100000 : 0xc6120000;
	return base + server * 256 + 1 + clone;
}

static void print_clones(FILE *out, const struct bench *b, uint32_t addr)
{
	int server = server_of(b, addr);

	for (unsigned i = 0; i < b->clones; i++) {
		uint32_t clone = clone_of(b, (unsigned)server, i);
		fprintf(out, "    - %u.%u.%u.%u\n", clone >> 24, clone >> 16 & 255,
		        clone >> 8 & 255, clone & 255);
	}
}

static bool is_role_done(const struct site *site, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(site->addresses[i].role, site->addresses[at].role) == 0)
			return true;
	return false;
}

static void print_role(FILE *out, const struct bench *b, const char *role)
{
	char text[PREFIX_TEXT_SIZE];

	fprintf(out, "  %s:\n", role);
	if (strcmp(role, "client-internal") == 0)
		fprintf(out, "    - 10.128.0.0/9\n");
	if (strcmp(role, "phone") == 0)
		fprintf(out, "    - 10.32.0.0/12\n");
	for (size_t i = 0; i < b->site->n_addresses; i++) {
		const struct site_address *address = &b->site->addresses[i];
		if (strcmp(address->role, role) != 0)
			continue;
		if (is_host(&address->prefix))
			print_clones(out, b, ipv4_of(&address->prefix.addr));
		else
			fprintf(out, "    - %s\n", prefix_format(&address->prefix, text));
	}
}

/* A VIP without clones of its own plays its role; its members are the clones of the members. */
static void print_vips(FILE *out, const struct bench *b)
{
	if (b->site->n_vips)
		fprintf(out, "vips:\n");
	for (size_t i = 0; i < b->site->n_vips; i++) {
		const struct site_vip *vip = &b->site->vips[i];
		int server = server_of(b, ipv4_of(&vip->vip));
		for (unsigned c = 0; server >= 0 && c < b->clones; c++) {
			uint32_t clone = clone_of(b, (unsigned)server, c);
			fprintf(out, "  %u.%u.%u.%u:\n    members:\n", clone >> 24,
			        clone >> 16 & 255, clone >> 8 & 255, clone & 255);
			for (size_t m = 0; m < vip->n_members; m++)
				if (server_of(b, ipv4_of(&vip->members[m])) >= 0)
					print_clones(out, b, ipv4_of(&vip->members[m]));
		}
	}
}

static void write_site(const struct bench *b)
{
	char path[4096], text[PREFIX_TEXT_SIZE];
	const struct site *site = b->site;

	snprintf(path, sizeof(path), "%s.site.yaml", b->out);
	FILE *out = fopen(path, "w");
	if (!out)
		fail(path, strerror(errno));
	fprintf(out, "# Written by tools/bench/generate.c beside the capture it belongs to.\nsite: "
	             "bench\n");
	fprintf(out, "packs:\n");
	for (size_t i = 0; i < site->n_packs; i++)
		fprintf(out, "  - %s\n", site->packs[i]);
	fprintf(out, "networks:\n");
	for (size_t i = 0; i < site->n_networks; i++)
		fprintf(out, "  - %s\n", prefix_format(&site->networks[i], text));
	fprintf(out, "features:\n");
	for (size_t i = 0; i < site->n_features; i++)
		fprintf(out, "  - %s\n", site->features[i]);
	if (site->n_options)
		fprintf(out, "options:\n");
	for (size_t i = 0; i < site->n_options; i++)
		fprintf(out, "  %s: %s\n", site->options[i].name, site->options[i].value);
	fprintf(out, "roles:\n");
	for (size_t i = 0; i < site->n_addresses; i++)
		if (!is_role_done(site, i))
			print_role(out, b, site->addresses[i].role);
	print_vips(out, b);
	if (fclose(out))
		fail(path, strerror(errno));
}

/* ---- Templates ----------------------------------------------------------------------------- */

static void read_templates(struct bench *b)
{
	FILE *file = fopen(b->templates_file, "r");
	char line[256], word[16];

	if (!file)
		fail(b->templates_file, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		struct template t = { .weight = 1 };
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (sscanf(line, "%63s %lu %15s %lf", t.capture, &t.number, word, &t.weight) != 4)
			fail(b->templates_file, line);
		while (t.class < N_CLASSES && strcmp(class_words[t.class], word) != 0)
			t.class ++;
		if (t.class == N_CLASSES)
			fail(b->templates_file, line);
		b->templates = must(realloc(b->templates, (b->n_templates + 1) * sizeof(t)));
		b->templates[b->n_templates++] = t;
	}
	fclose(file);
}

/* Where the IPv4 header begins; 0: this is not IPv4. */
static size_t ipv4_at(int link_type, const uint8_t *p, size_t len)
{
	size_t at = link_type == DLT_EN10MB ? 12 : link_type == DLT_LINUX_SLL ? 14 : 0;

	if (link_type == DLT_LINUX_SLL2)
		return len >= 20 && get16(p) == 0x0800 ? 20 : 0;
	if (at == 0 || len < at + 2)
		return 0;
	if (link_type == DLT_EN10MB && get16(p + at) == 0x8100 && len >= at + 6)
		at += 4;
	return get16(p + at) == 0x0800 ? at + 2 : 0;
}

/* A whole IPv4 packet of TCP or UDP that is no fragment: its length and that of its headers. */
static bool is_usable(const uint8_t *ip, size_t left, size_t *len, size_t *head_len)
{
	if (left < 20 || ip[0] >> 4 != 4)
		return false;
	size_t ip_head = (ip[0] & 15u) * 4u, transport_head = ip[9] == TRANSPORT_TCP ? 20 : 8;
	*len = get16(ip + 2);
	*head_len = ip_head + transport_head;
	return (ip[9] == TRANSPORT_TCP || ip[9] == TRANSPORT_UDP) && !(get16(ip + 6) & 0x3fff) &&
	       ip_head >= 20 && *len <= left && *len >= *head_len && *len <= 1 << 15;
}

static void add_piece(struct template *t, const uint8_t *ip, size_t len, int64_t time_ns)
{
	static int64_t first_ns;
	size_t ip_head = (ip[0] & 15u) * 4u, check = ip_head + (ip[9] == TRANSPORT_TCP ? 16 : 6);
	struct piece piece = { .len = (uint16_t)len, .head_len = (uint16_t)ip_head };

	if (t->n == 0) {
		first_ns = time_ns;
		t->transport = ip[9];
		t->ends[0] = (struct end){ .addr = get32(ip + 12), .port = get16(ip + ip_head) };
		t->ends[1] =
		        (struct end){ .addr = get32(ip + 16), .port = get16(ip + ip_head + 2) };
	}
	if (t->n == MAX_PACKETS)
		fail(t->capture, "a template has too many packets");
	piece.at_ns = MAX(time_ns - first_ns, INT64_C(0));
	piece.side = get32(ip + 12) != t->ends[0].addr || get16(ip + ip_head) != t->ends[0].port;
	piece.bytes = must(malloc(len));
	memcpy(piece.bytes, ip, len);
	put16(piece.bytes + 10, 0);
	put16(piece.bytes + check, 0);
	piece.payload_sum = sum16(piece.bytes + ip_head + 4, len - ip_head - 4, 0);
	t->pieces = must(realloc(t->pieces, (t->n + 1) * sizeof(piece)));
	t->pieces[t->n++] = piece;
}

static bool is_of_template(const struct template *t, const uint8_t *ip)
{
	size_t ip_head = (ip[0] & 15u) * 4u;
	uint32_t src = get32(ip + 12), dst = get32(ip + 16);
	uint16_t src_port = get16(ip + ip_head), dst_port = get16(ip + ip_head + 2);
	const struct end *a = &t->ends[0], *z = &t->ends[1];

	return ip[9] == t->transport &&
	       ((src == a->addr && src_port == a->port && dst == z->addr && dst_port == z->port) ||
	        (src == z->addr && src_port == z->port && dst == a->addr && dst_port == a->port));
}

static void load_template(const struct bench *b, struct template *t)
{
	char path[4096], why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const uint8_t *data;

	snprintf(path, sizeof(path), "%s/%s", b->pcaps, t->capture);
	pcap_t *pcap =
	        pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!pcap)
		fail(path, why);
	for (unsigned long number = 1; pcap_next_ex(pcap, &header, &data) == 1; number++) {
		size_t at = ipv4_at(pcap_datalink(pcap), data, header->caplen), len, head_len;
		if (number < t->number || !at ||
		    !is_usable(data + at, header->caplen - at, &len, &head_len))
			continue;
		if (number == t->number || (t->n && is_of_template(t, data + at)))
			add_piece(t, data + at, len,
			          header->ts.tv_sec * INT64_C(1000000000) + header->ts.tv_usec);
	}
	pcap_close(pcap);
	if (t->n == 0)
		fail(path, "the first packet of a template is not there, or not IPv4 TCP or UDP");
}

static bool holds(const struct site *site, const char *role, uint32_t addr)
{
	struct addr a = addr_from_ipv4(addr);

	for (size_t i = 0; i < site->n_addresses; i++)
		if (strcmp(site->addresses[i].role, role) == 0 &&
		    prefix_holds(&site->addresses[i].prefix, &a))
			return true;
	return false;
}

static void place_end(const struct bench *b, const struct template *t, struct end *end)
{
	int server = server_of(b, end->addr);

	if (end->addr == 0 || end->addr >> 28 >= 14)
		fail(t->capture, "a template with a group's address cannot be varied");
	end->place = end->addr >> 24 == 10 ? INSIDE : OUTSIDE;
	if (t->class == FOREIGN) {
		end->place = INSIDE;
	} else if (server >= 0) {
		end->place = SERVER;
		end->server = (unsigned)server;
	} else if (holds(b->site, "client-internal", end->addr)) {
		end->place = CLIENT;
	} else if (holds(b->site, "phone", end->addr)) {
		end->place = PHONE;
	}
}

/* Mean packets of a flow if each template's weight is tilted by its length. */
static double tilt(struct bench *b, double by)
{
	double mean = 0;

	for (unsigned c = 0; c < N_CLASSES; c++) {
		double sum = 0, packets = 0;
		for (size_t i = 0; i < b->n_templates; i++) {
			struct template *t = &b->templates[i];
			if (t->class != c)
				continue;
			t->tilted = t->weight * exp(by * (double)t->n);
			sum += t->tilted;
			packets += t->tilted * (double)t->n;
		}
		b->tilt_sum[c] = sum;
		if (b->shares[c] > 0)
			mean += b->shares[c] * packets / sum;
	}
	return mean;
}

/* Longer or shorter templates more often, until the packets asked for come out. */
static void aim_at_packets(struct bench *b)
{
	double low = -2, high = 0.5, wanted = (double)b->packets / (double)b->flows;

	tilt(b, 0);
	for (unsigned i = 0; b->packets && i < 60; i++) {
		double middle = (low + high) / 2;
		*(tilt(b, middle) < wanted ? &low : &high) = middle;
	}
}

static void load_templates(struct bench *b)
{
	bool has[N_CLASSES] = { false };

	read_templates(b);
	for (size_t i = 0; i < b->n_templates; i++) {
		struct template *t = &b->templates[i];
		load_template(b, t);
		place_end(b, t, &t->ends[0]);
		place_end(b, t, &t->ends[1]);
		has[t->class] = true;
	}
	for (unsigned c = 0; c < N_CLASSES; c++)
		if (b->shares[c] > 0 && !has[c])
			fail(b->templates_file, class_words[c]);
	aim_at_packets(b);
}

/* ---- Flows --------------------------------------------------------------------------------- */

static const struct template *choose(const struct bench *b, uint64_t number)
{
	double at = unit(b->seed ^ number * 2), share = 0;
	unsigned c = 0;

	for (; c < N_CLASSES - 1; c++) {
		share += b->shares[c];
		if (at < share)
			break;
	}
	while (b->shares[c] <= 0)
		c = (c + 1) % N_CLASSES;
	at = unit(b->seed ^ (number * 2 + 1)) * b->tilt_sum[c];
	const struct template *last = NULL;
	for (size_t i = 0; i < b->n_templates && at >= 0; i++) {
		if (b->templates[i].class != c)
			continue;
		last = &b->templates[i];
		at -= last->tilted;
	}
	return last;
}

/*
 * 28000 flows one after the other have different ports; where a port comes again, one of the two
 * servers is another clone. So clones^2 * 28000 flows pass before a 5-tuple may come again.
 */
static uint32_t address_of(const struct bench *b, const struct end *end, unsigned side,
                           uint64_t number)
{
	uint64_t epoch = number / N_PORTS, spread = mixed(number % N_PORTS + side);
	uint64_t any = mixed(b->seed + number * 2 + side);

	switch (end->place) {
	case SERVER:
		if (side)
			epoch /= b->clones;
		return clone_of(b, end->server, (unsigned)((epoch + spread) % b->clones));
	case CLIENT:
		return 0x0a800000 | (uint32_t)(any % 0x7ffffe + 1);
	case PHONE:
		return 0x0a200000 | (uint32_t)(any % 0xffffe + 1);
	case INSIDE:
		return (side ? 0x0a380000 : 0x0a300000) | (uint32_t)(any % 0x7fffe + 1);
	case OUTSIDE:
		return 0xc6130000 | (uint32_t)(any % 0xfffe + 1);
	case FIXED:
		break;
	}
	return end->addr;
}

static void vary_ports(struct active *a)
{
	const struct template *t = a->template;
	uint16_t first = t->ends[0].port, second = t->ends[1].port;

	a->port[0] = first;
	a->port[1] = second;
	if (t->transport == TRANSPORT_UDP && first >= MEDIA_PORT && second >= MEDIA_PORT) {
		uint32_t by = (uint32_t)(a->number * 2 % N_MEDIA);
		a->port[0] = (uint16_t)(MEDIA_PORT + (first - MEDIA_PORT + by) % N_MEDIA);
		a->port[1] = (uint16_t)(MEDIA_PORT + (second - MEDIA_PORT + by) % N_MEDIA);
	} else if (first != 68) {
		a->port[0] = (uint16_t)(FIRST_PORT + a->number % N_PORTS);
	}
}

static struct active begin(const struct bench *b, uint64_t number, int64_t start_ns)
{
	struct active a = { .start_ns = start_ns, .next_ns = start_ns, .number = number };

	a.template = choose(b, number);
	for (unsigned side = 0; side < 2; side++)
		a.addr[side] = address_of(b, &a.template->ends[side], side, number);
	vary_ports(&a);
	return a;
}

/* Hosts have MAC addresses made of their IP addresses; the first byte says "made locally". */
static void put_mac(uint8_t *p, uint32_t addr)
{
	put16(p, 0x0200);
	put32(p + 2, addr);
}

/* Without FIN and RST, and what comes behind them, the connection stays open. */
static bool is_left_out(const struct bench *b, const struct active *a, const struct piece *piece)
{
	return b->is_open && a->template->transport == TRANSPORT_TCP &&
	       piece->bytes[piece->head_len + 13] & 0x05;
}

static void write_piece(pcap_dumper_t *out, const struct active *a, const struct piece *piece)
{
	static uint8_t frame[ETHER_LEN + (1 << 15)];
	uint8_t *ip = frame + ETHER_LEN, *transport = ip + piece->head_len;
	unsigned src = piece->side, dst = !src;
	bool is_tcp = a->template->transport == TRANSPORT_TCP;
	size_t len = piece->len - piece->head_len;

	put_mac(frame, a->addr[dst]);
	put_mac(frame + 6, a->addr[src]);
	put16(frame + 12, 0x0800);
	memcpy(ip, piece->bytes, piece->len);
	put32(ip + 12, a->addr[src]);
	put32(ip + 16, a->addr[dst]);
	put16(ip + 10, (uint16_t)~folded(sum16(ip, piece->head_len, 0)));
	put16(transport, a->port[src]);
	put16(transport + 2, a->port[dst]);
	uint16_t check = (uint16_t)~folded((uint64_t)piece->payload_sum + a->port[0] + a->port[1] +
	                                   sum16(ip + 12, 8, 0) + a->template->transport + len);
	put16(transport + (is_tcp ? 16 : 6), check || is_tcp ? check : 0xffff);
	struct pcap_pkthdr header = { .caplen = ETHER_LEN + piece->len,
		                      .len = ETHER_LEN + piece->len };
	header.ts.tv_sec = a->next_ns / 1000000000;
	header.ts.tv_usec = a->next_ns % 1000000000 / 1000;
	pcap_dump((u_char *)out, &header, frame);
}

/* ---- Time ---------------------------------------------------------------------------------- */

struct heap {
	struct active *flows;
	size_t n, size;
};

static bool is_sooner(const struct active *a, const struct active *z)
{
	return a->next_ns != z->next_ns ? a->next_ns < z->next_ns : a->number < z->number;
}

static void sink(struct heap *heap)
{
	size_t at = 0;
	struct active moved = heap->flows[0];

	for (size_t child; (child = 2 * at + 1) < heap->n; at = child) {
		if (child + 1 < heap->n && is_sooner(&heap->flows[child + 1], &heap->flows[child]))
			child++;
		if (!is_sooner(&heap->flows[child], &moved))
			break;
		heap->flows[at] = heap->flows[child];
	}
	heap->flows[at] = moved;
}

static void push(struct heap *heap, struct active added)
{
	if (heap->n == heap->size) {
		heap->size = heap->size ? heap->size * 2 : 1024;
		heap->flows = must(realloc(heap->flows, heap->size * sizeof(*heap->flows)));
	}
	size_t at = heap->n++;
	for (; at > 0 && is_sooner(&added, &heap->flows[(at - 1) / 2]); at = (at - 1) / 2)
		heap->flows[at] = heap->flows[(at - 1) / 2];
	heap->flows[at] = added;
}

/* The packet of the flow that is due first. */
static uint64_t step(const struct bench *b, struct heap *heap, pcap_dumper_t *out)
{
	struct active *a = &heap->flows[0];
	const struct template *t = a->template;
	const struct piece *piece = &t->pieces[a->at++];
	bool is_written = !is_left_out(b, a, piece);

	if (is_written)
		write_piece(out, a, piece);
	else
		a->at = t->n;
	if (a->at < t->n)
		a->next_ns = MAX(a->start_ns + t->pieces[a->at].at_ns, a->next_ns);
	else
		heap->flows[0] = heap->flows[--heap->n];
	if (heap->n)
		sink(heap);
	return is_written;
}

static void generate(const struct bench *b)
{
	const int64_t begin_ns = INT64_C(1767225600) * 1000000000; /* 2026-01-01 */
	struct heap heap = { 0 };
	uint64_t flows[N_CLASSES] = { 0 }, packets = 0, number = 0;
	pcap_t *pcap = must(pcap_open_dead(DLT_EN10MB, 262144));
	pcap_dumper_t *out = pcap_dump_open(pcap, b->out);

	if (!out)
		fail(b->out, pcap_geterr(pcap));
	while (number < b->flows || heap.n) {
		int64_t start_ns =
		        begin_ns + (int64_t)((double)number * (b->span * 1e9 / (double)b->flows));
		if (number < b->flows && (heap.n == 0 || start_ns <= heap.flows[0].next_ns)) {
			struct active a = begin(b, number++, start_ns);
			flows[a.template->class]++;
			push(&heap, a);
		} else {
			packets += step(b, &heap, out);
		}
	}
	if (pcap_dump_flush(out) || ferror(pcap_dump_file(out)))
		fail(b->out, strerror(errno));
	pcap_dump_close(out);
	pcap_close(pcap);
	free(heap.flows);
	printf("{\"flows\": %llu, \"packets\": %llu, \"compliant\": %llu, \"broken\": %llu, "
	       "\"foreign\": %llu}\n",
	       (unsigned long long)b->flows, (unsigned long long)packets,
	       (unsigned long long)flows[COMPLIANT], (unsigned long long)flows[BROKEN],
	       (unsigned long long)flows[FOREIGN]);
}

/* ---- Arguments ----------------------------------------------------------------------------- */

static const char usage[] =
        "usage: generate --flows N [options] OUTPUT\n"
        "Writes OUTPUT (pcap), OUTPUT.site.yaml, and a line of JSON saying what is in it.\n\n"
        "  --packets N        about so many: prefers long or short templates (default: as they "
        "come)\n"
        "  --compliant SHARE  parts of the mix, any numbers (default 70, 10 and 20)\n"
        "  --broken SHARE\n"
        "  --foreign SHARE\n"
        "  --span SECONDS     from the first flow's start to the last one's (default: 1000 flows a "
        "second)\n"
        "  --open             leave connections open: no FIN, no RST\n"
        "  --servers N        clones of each server, at most 250 (default 8)\n"
        "  --seed N\n"
        "  --root FOLDER      the project, for pcaps/, rules/contoso.yaml, "
        "tools/bench/templates.tsv (default .)\n";

static const struct option long_options[] = {
	{ "flows", 1, NULL, 'f' },  { "packets", 1, NULL, 'p' }, { "compliant", 1, NULL, '0' },
	{ "broken", 1, NULL, '1' }, { "foreign", 1, NULL, '2' }, { "span", 1, NULL, 's' },
	{ "open", 0, NULL, 'o' },   { "servers", 1, NULL, 'n' }, { "seed", 1, NULL, 'x' },
	{ "root", 1, NULL, 'r' },   { "help", 0, NULL, 'h' },    { NULL, 0, NULL, 0 },
};

static double number_of(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0) || value > 1e15)
		fail(text, "a number is expected");
	return value;
}

static const char *joined(const char *root, const char *path)
{
	size_t size = strlen(root) + strlen(path) + 2;
	char *out = must(malloc(size));

	snprintf(out, size, "%s/%s", root, path);
	return out;
}

static void take_option(struct bench *b, int letter, const char **root)
{
	switch (letter) {
	case 'f':
		b->flows = (uint64_t)number_of(optarg);
		break;
	case 'p':
		b->packets = (uint64_t)number_of(optarg);
		break;
	case '0':
	case '1':
	case '2':
		b->shares[letter - '0'] = number_of(optarg);
		break;
	case 's':
		b->span = number_of(optarg);
		break;
	case 'o':
		b->is_open = true;
		break;
	case 'n':
		b->clones = (unsigned)number_of(optarg);
		break;
	case 'x':
		b->seed = mixed((uint64_t)number_of(optarg));
		break;
	case 'r':
		*root = optarg;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

static void take_arguments(struct bench *b, int argc, char **argv)
{
	const char *root = ".";
	double sum = 0;

	for (int letter; (letter = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
		take_option(b, letter, &root);
	for (unsigned c = 0; c < N_CLASSES; c++)
		sum += b->shares[c];
	if (argc - optind != 1 || !b->flows || !(sum > 0) || !b->clones || b->clones > 250) {
		fputs(usage, stderr);
		exit(2);
	}
	for (unsigned c = 0; c < N_CLASSES; c++)
		b->shares[c] /= sum;
	if (!(b->span > 0))
		b->span = (double)b->flows / 1000;
	b->out = argv[optind];
	b->pcaps = joined(root, "pcaps");
	b->site_file = joined(root, "rules/contoso.yaml");
	b->templates_file = joined(root, "tools/bench/templates.tsv");
}

int main(int argc, char **argv)
{
	struct bench b = { .clones = 8, .shares = { 70, 10, 20 } };

	take_arguments(&b, argc, argv);
	load_site(&b);
	load_templates(&b);
	write_site(&b);
	generate(&b);
	for (size_t i = 0; i < b.n_templates; i++) {
		for (size_t p = 0; p < b.templates[i].n; p++)
			free(b.templates[i].pieces[p].bytes);
		free(b.templates[i].pieces);
	}
	free(b.templates);
	free(b.servers);
	site_free(b.site);
	free((void *)b.pcaps);
	free((void *)b.site_file);
	free((void *)b.templates_file);
	return 0;
}
