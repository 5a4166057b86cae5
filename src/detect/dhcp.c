/*
 * DHCP (RFC 2131, options of RFC 2132) on Ethernet: a BOOTP header, the magic cookie behind it, and
 * a message type that fits the header's direction. That is 6 constant bytes and more; one message
 * proves it. Lease contents are not looked at; the vendor class is, since phones name themselves
 * there (MS-UC-Client).
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"

#define MAX_MESSAGES  32  /* then nothing new is to be learnt */
#define LEN_ADDRESSES 224 /* from transaction id to the end of the file name */

enum option { PAD = 0, MESSAGE_TYPE = 53, VENDOR_CLASS = 60, END = 255 };
enum op { BOOTREQUEST = 1, BOOTREPLY = 2 };

struct dhcp_message {
	uint8_t op, type;
	struct bytes vendor_class; /* empty: none */
};

struct dhcp_state {
	uint16_t n_messages;
};

enum { FACT_MESSAGE, FACT_VENDOR_CLASS };

static const struct fact_def facts[] = {
	[FACT_MESSAGE] = { .name = "dhcp.message",
	                   .type = FACT_TEXT,
	                   .help = "types of the messages seen, such as discover or ack",
	                   .is_list = true },
	[FACT_VENDOR_CLASS] = { .name = "dhcp.vendor_class",
	                        .type = FACT_TEXT,
	                        .help = "option 60 of the first message that had one" },
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
