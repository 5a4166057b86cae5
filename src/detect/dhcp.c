/*
 * DHCP (RFC 2131, options of RFC 2132) on Ethernet: a BOOTP header, the magic cookie behind it, and
 * a message type that fits the header's direction. That is 6 constant bytes and more; one message
 * proves it. Lease contents are not looked at. What phones of Lync ask for and get is: they name
 * themselves in the vendor class (MS-UC-Client), and are told the SIP servers (option 120, RFC
 *3361) and, in the vendor's own options (43), where their certificates come from:
 *
 *	1 "MS-UC-Client", 2 scheme, 3 host, 4 port, 5 path; each a byte of length and text
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"
#include "parts.h"

#define MAX_MESSAGES  32 /* then nothing new is to be learnt */
#define MAX_SERVERS   16
#define LEN_ADDRESSES 224 /* from transaction id to the end of the file name */

enum option {
	PAD = 0,
	VENDOR_OPTIONS = 43,
	MESSAGE_TYPE = 53,
	VENDOR_CLASS = 60,
	SIP_SERVERS = 120,
	END = 255
};
enum { UC_IDENTIFIER = 1, UC_SCHEME, UC_HOST, UC_PORT, UC_PATH, N_UC };
#define UC_CLIENT BYTES_LITERAL("MS-UC-Client")
enum op { BOOTREQUEST = 1, BOOTREPLY = 2 };

struct dhcp_message {
	uint8_t op, type;
	struct bytes vendor_class, vendor_options, sip_servers; /* empty: none */
};

struct dhcp_state {
	uint16_t n_messages;
};

enum { FACT_MESSAGE, FACT_VENDOR_CLASS, FACT_LYNC, FACT_SIP_SERVERS, FACT_CERTIFICATES };

static const struct fact_def facts[] = {
	[FACT_MESSAGE] = { .name = "dhcp.message",
	                   .type = FACT_TEXT,
	                   .help = "types of the messages seen, such as discover or ack",
	                   .is_list = true },
	[FACT_VENDOR_CLASS] = { .name = "dhcp.vendor_class",
	                        .type = FACT_TEXT,
	                        .help = "option 60 of the first message that had one" },
	[FACT_LYNC] = { .name = "dhcp.lync",
	                .type = FACT_BOOL,
	                .help = "a phone of Lync asked, or was answered as one" },
	[FACT_SIP_SERVERS] = { .name = "dhcp.sip_servers",
	                       .type = FACT_TEXT,
	                       .help = "SIP servers given out, names or addresses",
	                       .is_list = true },
	[FACT_CERTIFICATES] = { .name = "dhcp.certificates_from",
	                        .type = FACT_TEXT,
	                        .help = "where phones of Lync are to fetch certificates" },
	{ 0 },
};

static const struct {
	const char *word;
	uint8_t op;
} types[] = {
	[1] = { "discover", BOOTREQUEST }, [2] = { "offer", BOOTREPLY },
	[3] = { "request", BOOTREQUEST },  [4] = { "decline", BOOTREQUEST },
	[5] = { "ack", BOOTREPLY },        [6] = { "nak", BOOTREPLY },
	[7] = { "release", BOOTREQUEST },  [8] = { "inform", BOOTREQUEST },
};

/* Up to END; options the capture cut are as good as absent. */
static void read_options(struct dhcp_message *out, struct reader *r)
{
	while (reader_left(r)) {
		uint8_t code = reader_u8(r);
		if (code == PAD)
			continue;
		if (code == END)
			return;
		struct bytes value = reader_take(r, reader_u8(r));
		if (r->is_short)
			return;
		struct reader v = reader_of(value);
		if (code == MESSAGE_TYPE && value.len == 1)
			out->type = reader_u8(&v);
		else if (code == VENDOR_CLASS)
			out->vendor_class = value;
		else if (code == VENDOR_OPTIONS)
			out->vendor_options = value;
		else if (code == SIP_SERVERS)
			out->sip_servers = value;
	}
}

static bool read_message(struct dhcp_message *out, struct bytes bytes)
{
	struct reader r = reader_of(bytes);
	*out = (struct dhcp_message){ .op = reader_u8(&r) };
	if (out->op != BOOTREQUEST && out->op != BOOTREPLY)
		return false;
	uint16_t hardware = reader_be16(&r); /* type 1, address length 6 */
	reader_skip(&r, 1);                  /* hops */
	reader_skip(&r, 4 + LEN_ADDRESSES + 4);
	if (hardware != 0x0106 || reader_be32(&r) != UINT32_C(0x63825363))
		return false;
	read_options(out, &r);
	return out->type >= 1 && out->type < ARRAY_SIZE(types) && types[out->type].op == out->op;
}

static enum detect_step probe(const struct detect_view *view)
{
	for (size_t i = 0; i < view->n_datagrams; i++) {
		struct dhcp_message message;
		if (read_message(&message, view->datagrams[i].bytes))
			return DETECT_MINE;
	}
	return DETECT_NOT_MINE;
}

static void append(uint8_t *text, size_t size, size_t *len, struct bytes bytes)
{
	bytes = bytes_take(bytes, size - *len);
	if (bytes.len)
		memcpy(text + *len, bytes.data, bytes.len);
	*len += bytes.len;
}

/* Labels up to an empty one, with dots between. False at the end or where the labels break off. */
static bool state_name(struct stream *stream, struct reader *r)
{
	uint8_t text[256];
	size_t len = 0;
	for (uint8_t size = reader_u8(r); size; size = reader_u8(r)) {
		struct bytes label = reader_take(r, size);
		if (r->is_short || size > 63 || !bytes_are_printable(label))
			return false;
		if (len)
			append(text, sizeof(text), &len, BYTES_LITERAL("."));
		append(text, sizeof(text), &len, label);
	}
	if (r->is_short || len == 0)
		return false;
	stream_fact_text(stream, &facts[FACT_SIP_SERVERS], BYTES(text, len));
	return reader_left(r) > 0;
}

/* RFC 3361 section 3: encoding 0 is names, 1 is addresses. */
static void state_sip_servers(struct stream *stream, struct bytes value)
{
	struct reader r = reader_of(value);
	uint8_t encoding = reader_u8(&r);
	for (unsigned n = 0; encoding == 0 && n < MAX_SERVERS && state_name(stream, &r); n++)
		;
	for (unsigned n = 0; encoding == 1 && n < MAX_SERVERS && reader_left(&r) >= 4; n++) {
		char text[ADDR_TEXT_SIZE];
		struct addr addr = addr_from_wire(reader_take(&r, 4));
		stream_fact_text(stream, &facts[FACT_SIP_SERVERS],
		                 bytes_from_text(addr_format(&addr, text)));
	}
}

/* "https://pool.contoso.example:443/CertProv/CertProvisioningService.svc" */
static void state_vendor_options(struct stream *stream, struct bytes value)
{
	struct bytes parts[N_UC] = { 0 };
	struct reader r = reader_of(value);
	while (reader_left(&r)) {
		uint8_t code = reader_u8(&r);
		struct bytes part = code == PAD || code == END ? BYTES(NULL, 0)
		                                               : reader_take(&r, reader_u8(&r));
		if (code < N_UC && bytes_are_printable(part))
			parts[code] = part;
	}
	if (!bytes_equal(parts[UC_IDENTIFIER], UC_CLIENT))
		return;
	stream_fact_bool(stream, &facts[FACT_LYNC], true);
	uint8_t text[256];
	size_t len = 0;
	append(text, sizeof(text), &len, parts[UC_SCHEME]);
	append(text, sizeof(text), &len, BYTES_LITERAL("://"));
	append(text, sizeof(text), &len, parts[UC_HOST]);
	append(text, sizeof(text), &len, BYTES_LITERAL(":"));
	append(text, sizeof(text), &len, parts[UC_PORT]);
	append(text, sizeof(text), &len, parts[UC_PATH]);
	if (parts[UC_HOST].len)
		stream_fact_text(stream, &facts[FACT_CERTIFICATES], BYTES(text, len));
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                _unused_ uint64_t offset, _unused_ unsigned flags)
{
	struct dhcp_state *state = stream_state(stream);
	struct dhcp_message message;
	if (!read_message(&message, bytes))
		return DETECT_NOT_MINE;
	stream_state_protocol(stream, PROTOCOL_DHCP, EVIDENCE_CONFIRMED);
	stream_state_security(stream, SECURITY_NONE, EVIDENCE_CONFIRMED);
	stream_state_opener(stream, message.op == BOOTREQUEST ? side : !side);
	stream_fact_text(stream, &facts[FACT_MESSAGE], bytes_from_text(types[message.type].word));
	if (message.vendor_class.len)
		stream_fact_text(stream, &facts[FACT_VENDOR_CLASS], message.vendor_class);
	if (bytes_equal(message.vendor_class, UC_CLIENT))
		stream_fact_bool(stream, &facts[FACT_LYNC], true);
	state_sip_servers(stream, message.sip_servers);
	state_vendor_options(stream, message.vendor_options);
	return ++state->n_messages >= MAX_MESSAGES ? DETECT_DONE : DETECT_MORE;
}

const struct detector detector_dhcp = {
	.name = "dhcp",
	.help = "DHCP",
	.facts = facts,
	.on_udp = true,
	.state_size = sizeof(struct dhcp_state),
	.probe = probe,
	.on_data = on_data,
};
