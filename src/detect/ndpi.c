/*
 * nDPI, the second opinion: what is this flow, if none of our detectors knows it? The only file
 * that sees nDPI's headers; versions 4.2 to 5 differ in almost every call, and differ only here.
 *
 * nDPI never sees the capture's packets. It is asked once per flow, with the kept first bytes in
 * order, cut into whole segments behind headers of our making (and a TCP handshake, if we saw the
 * beginning), in a fresh flow. The ports are neutral and the addresses private and never used
 * twice: so there is nothing to guess from but the bytes, and no cache keyed by address can carry
 * a label from one flow to another. Only confidence DPI counts, and of a two-part label the
 * application. Where our own detector has looked at the first byte and said no, nDPI's yes does not
 * count: its tests for those are weaker (design: RTP in one packet, TLS for the pseudo hello).
 */
#include "detect/priv.h"

#include <ctype.h>
#include <errno.h>
#include <ndpi_api.h>

#define NDPI_VERSION_NUMBER (NDPI_MAJOR * 100 + NDPI_MINOR)
#if NDPI_VERSION_NUMBER < 402
#error "nDPI 4.2 or newer is needed"
#endif

#define SEGMENT_MAX   1460
#define HEADERS_MAX   40
#define PORT_OPENER   40001
#define PORT_ANSWERER 40000

struct label_giver {
	struct ndpi_detection_module_struct *module;
	struct ndpi_flow_struct *flow; /* reused: zeroed before each question */
	size_t flow_size;
	uint32_t n_questions;
	uint8_t packet[HEADERS_MAX + UINT16_MAX];
};

/* ---- The calls that differ by version ------------------------------------------------------ */

struct label_pair {
	uint16_t master, app;
};

static struct ndpi_detection_module_struct *module_new(void)
{
#if NDPI_VERSION_NUMBER >= 410
	struct ndpi_detection_module_struct *module = ndpi_init_detection_module(NULL);
#else
	struct ndpi_detection_module_struct *module = ndpi_init_detection_module(ndpi_no_prefs);
#endif
	if (!module)
		return NULL;
#if NDPI_MAJOR < 5
	NDPI_PROTOCOL_BITMASK all;
	NDPI_BITMASK_SET_ALL(all);
	ndpi_set_protocol_detection_bitmask2(module, &all);
#endif
	ndpi_finalize_initialization(module);
	return module;
}

static void show(struct label_giver *giver, size_t len, uint64_t time_ms)
{
#if NDPI_VERSION_NUMBER >= 406
	ndpi_detection_process_packet(giver->module, giver->flow, giver->packet, (u_int16_t)len,
	                              time_ms, NULL);
#else
	ndpi_detection_process_packet(giver->module, giver->flow, giver->packet, (u_int16_t)len,
	                              time_ms);
#endif
}

static struct label_pair last_word(struct label_giver *giver)
{
#if NDPI_MAJOR >= 5
	ndpi_detection_giveup(giver->module, giver->flow);
	return (struct label_pair){ ndpi_get_flow_masterprotocol(giver->module, giver->flow),
		                    ndpi_get_flow_appprotocol(giver->module, giver->flow) };
#elif NDPI_VERSION_NUMBER >= 410
	u_int8_t is_guessed = 0;
	ndpi_protocol p = ndpi_detection_giveup(giver->module, giver->flow, &is_guessed);
	return (struct label_pair){ p.proto.master_protocol, p.proto.app_protocol };
#else
	u_int8_t is_guessed = 0;
	ndpi_protocol p = ndpi_detection_giveup(giver->module, giver->flow, 0, &is_guessed);
	return (struct label_pair){ p.master_protocol, p.app_protocol };
#endif
}

const char *detect_ndpi_version(void)
{
	return ndpi_revision();
}

/* ---- The packets of a question ------------------------------------------------------------- */

struct question {
	struct label_giver *giver;
	uint32_t addr[2]; /* of the flow's sides */
	uint16_t port[2];
	uint32_t seq[2];
	uint64_t time_ms;
	bool is_tcp;
};

static size_t put_be16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
	return 2;
}

static size_t put_be32(uint8_t *to, uint32_t value)
{
	put_be16(to, (uint16_t)(value >> 16));
	put_be16(to + 2, (uint16_t)value);
	return 4;
}

/* IPv4 and TCP or UDP in front of the bytes; checksums stay 0, nDPI does not look at them. */
static void ask_packet(struct question *q, unsigned side, uint8_t tcp_flags, struct bytes bytes)
{
	uint8_t *packet = q->giver->packet;
	size_t headers = q->is_tcp ? 40 : 28;
	bytes = bytes_take(bytes, UINT16_MAX - headers);
	memset(packet, 0, headers);
	packet[0] = 0x45;
	put_be16(packet + 2, (uint16_t)(headers + bytes.len));
	packet[8] = 64;
	packet[9] = q->is_tcp ? TRANSPORT_TCP : TRANSPORT_UDP;
	put_be32(packet + 12, q->addr[side]);
	put_be32(packet + 16, q->addr[!side]);
	put_be16(packet + 20, q->port[side]);
	put_be16(packet + 22, q->port[!side]);
	if (q->is_tcp) {
		put_be32(packet + 24, q->seq[side]);
		put_be32(packet + 28, tcp_flags & TCP_ACK ? q->seq[!side] : 0);
		packet[32] = 5 << 4;
		packet[33] = tcp_flags;
		put_be16(packet + 34, 0xffff);
	} else {
		put_be16(packet + 24, (uint16_t)(8 + bytes.len));
	}
	if (bytes.len)
		memcpy(packet + headers, bytes.data, bytes.len);
	q->seq[side] += (uint32_t)bytes.len + (tcp_flags & TCP_SYN ? 1 : 0);
	show(q->giver, headers + bytes.len, q->time_ms++);
}

static void ask_handshake(struct question *q, unsigned opener)
{
	struct bytes nothing = BYTES(NULL, 0);
	ask_packet(q, opener, TCP_SYN, nothing);
	ask_packet(q, !opener, TCP_SYN | TCP_ACK, nothing);
	ask_packet(q, opener, TCP_ACK, nothing);
}

/* Bytes of one side that stood together, in full segments: however they were cut in the capture. */
static void ask_stretch(struct question *q, unsigned side, struct bytes bytes)
{
	for (; bytes.len; bytes = bytes_skip(bytes, SEGMENT_MAX))
		ask_packet(q, side, TCP_ACK | TCP_PSH, bytes_take(bytes, SEGMENT_MAX));
}

static void ask_stream(struct question *q, const struct keep *keep)
{
	size_t at[2] = { 0, 0 };
	for (unsigned i = 0; i < keep->n_runs;) {
		unsigned side = keep->runs[i].side;
		size_t len = 0;
		for (; i < keep->n_runs && keep->runs[i].side == side; i++)
			len += keep->runs[i].len;
		ask_stretch(q, side, bytes_take(bytes_skip(keep_get(keep, side), at[side]), len));
		at[side] += len;
	}
}

/* ---- The answer ---------------------------------------------------------------------------- */

/* nDPI's names for what we have a word for. */
static const struct {
	const char *name;
	enum protocol protocol;
} known_names[] = {
	{ "SMBv1", PROTOCOL_SMB },       { "SMBv23", PROTOCOL_SMB },
	{ "DCE_RPC", PROTOCOL_DCE_RPC }, { "DCERPC", PROTOCOL_DCE_RPC },
	{ "DNS", PROTOCOL_DNS },         { "SSH", PROTOCOL_SSH },
	{ "RDP", PROTOCOL_RDP },         { "MsSQL-TDS", PROTOCOL_TDS },
	{ "DTLS", PROTOCOL_DTLS },       { "DHCP", PROTOCOL_DHCP },
};

/* Protocols for which our own no, said at the first byte, is better than nDPI's yes. */
static const char *const overruled_names[] = { "STUN", "RTP",    "RTCP", "TLS",
	                                       "SIP",  "Jabber", "HTTP", "MsSQL-TDS" };

/*
 * Names that 4.2 gives to whatever has a certain bit, byte or word: never an answer. What
 * tools/accuracy showed it: DICOM and H.225 are "Cassandra", any JSON-RPC is "Mining", a byte twice
 * is "IMO", a counter at 2 or 5 is "sFlow", at others "Z39.50", DDS is "RX", a byte 4 or 5 is
 * "NOE".
 */
static const char *const worthless_names[] = { "SkypeCall", "Skype_Teams", "Skype_TeamsCall",
	                                       "NetBIOS",   "Cassandra",   "IMO",
	                                       "Mining",    "RX",          "sFlow",
	                                       "Z39.50",    "NOE" };

static bool is_among(const char *name, const char *const *names, size_t n_names)
{
	for (size_t i = 0; i < n_names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void set_label(struct label *label, const char *name)
{
	size_t i = 0;
	for (; name[i] && i < sizeof(label->name) - 1; i++)
		label->name[i] = (char)tolower((unsigned char)name[i]);
	label->name[i] = '\0';
	label->protocol = PROTOCOL_OTHER;
	for (i = 0; i < ARRAY_SIZE(known_names); i++)
		if (strcmp(name, known_names[i].name) == 0)
			label->protocol = known_names[i].protocol;
}

static void weigh(struct label_giver *giver, bool is_from_start, struct label *label)
{
	struct label_pair pair = last_word(giver);
	if (giver->flow->confidence != NDPI_CONFIDENCE_DPI)
		return;
	uint16_t id = pair.app != NDPI_PROTOCOL_UNKNOWN ? pair.app : pair.master;
	if (id == NDPI_PROTOCOL_UNKNOWN)
		return;
	const char *name = ndpi_get_proto_name(giver->module, id);
	const char *master = ndpi_get_proto_name(giver->module, pair.master);
	if (!name || !master || is_among(name, worthless_names, ARRAY_SIZE(worthless_names)))
		return;
	if (is_from_start && (is_among(name, overruled_names, ARRAY_SIZE(overruled_names)) ||
	                      is_among(master, overruled_names, ARRAY_SIZE(overruled_names))))
		return;
	set_label(label, name);
}

void label_giver_ask(struct label_giver *giver, const struct flow *flow, const struct keep *keep,
                     const bool from_start[2], struct label *label)
{
	*label = (struct label){ .protocol = PROTOCOL_UNKNOWN };
	memset(giver->flow, 0, giver->flow_size);
	uint32_t n = giver->n_questions++;
	unsigned opener = flow->opener;
	struct question q = {
		.giver = giver,
		.seq = { 1000, 2000 },
		.time_ms = 1,
		.is_tcp = flow->transport == TRANSPORT_TCP,
	};
	/* Two addresses of 10.0.0.0/8 of which neither, nor their sum or difference, comes again
	 * soon. */
	q.addr[opener] = UINT32_C(0x0a000000) | (n & 0xffffff);
	q.addr[!opener] = UINT32_C(0x0a000000) | ((n * UINT32_C(2654435761) >> 8) ^ 0x800000);
	q.port[opener] = PORT_OPENER;
	q.port[!opener] = PORT_ANSWERER;
	bool is_from_start =
	        (from_start[0] || keep->len[0] == 0) && (from_start[1] || keep->len[1] == 0);
	if (q.is_tcp && is_from_start)
		ask_handshake(&q, opener);
	if (q.is_tcp)
		ask_stream(&q, keep);
	else
		for (unsigned i = 0; i < keep->n_datagrams; i++)
			ask_packet(&q, keep->datagrams[i].side, 0, keep->datagrams[i].bytes);
	weigh(giver, is_from_start, label);
	ndpi_free_flow_data(giver->flow);
}

int label_giver_new(struct label_giver **out)
{
	_cleanup_(label_giver_freep) struct label_giver *giver = calloc(1, sizeof(*giver));
	if (!giver)
		return -ENOMEM;
	giver->flow_size = ndpi_detection_get_sizeof_ndpi_flow_struct();
	giver->flow = calloc(1, giver->flow_size);
	giver->module = module_new();
	if (!giver->flow || !giver->module)
		return -ENOMEM;
	*out = giver;
	giver = NULL;
	return 0;
}

struct label_giver *label_giver_free(struct label_giver *giver)
{
	if (!giver)
		return NULL;
	if (giver->module)
		ndpi_exit_detection_module(giver->module);
	free(giver->flow);
	free(giver);
	return NULL;
}
