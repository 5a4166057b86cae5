/*
 * SSRP, the SQL Server Resolution Protocol ([MC-SQLR] 2.2), as SQL Server Browser speaks it.
 *
 *	request  02 | 03 | 04 name 00 | 0f 01 name 00
 *	answer   05 size(LE) "ServerName;...;InstanceName;...;...;tcp;1433;;"
 *	         05 size(LE) 01 port(LE)      to 0f: port of the dedicated administrator connection
 *
 * The list of instances decides alone, since it also comes as an answer to a broadcast, on
 * another 5-tuple than the request. Requests wait for it: a single byte 02 or 03 proves nothing;
 * one with a name is believed at the end of a flow that held nothing else, but only as consistent.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"

#define MAX_NAME      32
#define MAX_MESSAGES  32
#define MAX_INSTANCES 32
#define MAX_FIELDS    64 /* key and value pairs of one instance */

enum ssrp_kind {
	SSRP_NONE,
	SSRP_REQUEST_SHORT,
	SSRP_REQUEST,
	SSRP_REQUEST_DAC,
	SSRP_LIST,
	SSRP_DAC
};

struct ssrp_state {
	uint16_t n_messages;
	bool is_confirmed;
	bool has_dac_request[2];
};

enum { FACT_INSTANCE, FACT_DAC_PORT };

static const struct fact_def facts[] = {
	[FACT_INSTANCE] = { .name = "ssrp.instance",
	                    .type = FACT_TEXT,
	                    .help = "server;instance;TCP port of each instance in an answer",
	                    .is_list = true },
	[FACT_DAC_PORT] = { .name = "ssrp.dac_port",
	                    .type = FACT_NUMBER,
	                    .help = "port of the dedicated administrator connection" },
	{ 0 },
};

/* ---- One message --------------------------------------------------------------------------- */

/* A name of 1 to 32 bytes and the NUL that ends the datagram; code pages allow bytes above 7e. */
static bool is_name(struct bytes bytes)
{
	if (bytes.len < 2 || bytes.len > MAX_NAME + 1)
		return false;
	struct reader r = reader_of(bytes);
	while (reader_left(&r) > 1) {
		uint8_t c = reader_u8(&r);
		if (c < 0x20 || c == 0x7f || c == ';')
			return false;
	}
	return reader_u8(&r) == 0;
}

static enum ssrp_kind kind_of_answer(struct reader *r, size_t len_wire)
{
	uint16_t size = reader_le16(r);
	/* [MC-SQLR] 2.2.6: here the size counts the whole message, always 6. */
	if (len_wire == 6 && size == 6)
		return reader_u8(r) == 1 && reader_le16(r) && !r->is_short ? SSRP_DAC : SSRP_NONE;
	if (r->is_short || size + 3U != len_wire)
		return SSRP_NONE;
	return bytes_starts_with(reader_rest(r), BYTES_LITERAL("ServerName;")) ? SSRP_LIST
	                                                                       : SSRP_NONE;
}

static enum ssrp_kind kind_of(struct bytes bytes, size_t len_wire)
{
	struct reader r = reader_of(bytes);
	switch (reader_u8(&r)) {
	case 0x02:
	case 0x03:
		return len_wire == 1 && !r.is_short ? SSRP_REQUEST_SHORT : SSRP_NONE;
	case 0x04:
		return bytes.len == len_wire && is_name(reader_rest(&r)) ? SSRP_REQUEST : SSRP_NONE;
	case 0x05:
		return kind_of_answer(&r, len_wire);
	case 0x0f:
		return bytes.len == len_wire && reader_u8(&r) == 1 && is_name(reader_rest(&r))
		               ? SSRP_REQUEST_DAC
		               : SSRP_NONE;
	default:
		return SSRP_NONE;
	}
}

/* ---- Whose flow is it? --------------------------------------------------------------------- */

static enum detect_step probe(const struct detect_view *view)
{
	bool is_named = false;
	bool has_dac_request[2] = { false, false };
	for (size_t i = 0; i < view->n_datagrams; i++) {
		const struct datagram *d = &view->datagrams[i];
		enum ssrp_kind kind = kind_of(d->bytes, d->len_wire);
		if (kind == SSRP_LIST || (kind == SSRP_DAC && has_dac_request[!d->side]))
			return DETECT_MINE;
		if (kind == SSRP_NONE || kind == SSRP_DAC)
			return DETECT_NOT_MINE;
		has_dac_request[d->side] |= kind == SSRP_REQUEST_DAC;
		is_named = is_named || kind != SSRP_REQUEST_SHORT;
	}
	if (view->n_datagrams == 0 || !view->is_full[0] || !view->is_full[1])
		return DETECT_MORE;
	return is_named ? DETECT_MINE : DETECT_NOT_MINE;
}

/* ---- Bound --------------------------------------------------------------------------------- */

static struct bytes next_field(struct reader *r)
{
	size_t start = r->at;
	while (reader_left(r) && reader_peek(r) != ';')
		reader_skip(r, 1);
	struct bytes field = bytes_take(bytes_skip(r->bytes, start), r->at - start);
	if (reader_left(r))
		reader_skip(r, 1);
	return field;
}

static void append(uint8_t *text, size_t size, size_t *len, struct bytes bytes)
{
	bytes = bytes_take(bytes, size - *len);
	if (bytes.len)
		memcpy(text + *len, bytes.data, bytes.len);
	*len += bytes.len;
}

/* One instance: pairs up to an empty key. False at the end of the list. */
static bool state_instance(struct stream *stream, struct reader *r)
{
	struct bytes server = { 0 }, instance = { 0 }, port = { 0 };
	for (unsigned n = 0; n < MAX_FIELDS; n++) {
		struct bytes key = next_field(r);
		if (key.len == 0)
			break;
		struct bytes value = next_field(r);
		if (bytes_equal(key, BYTES_LITERAL("ServerName")))
			server = value;
		else if (bytes_equal(key, BYTES_LITERAL("InstanceName")))
			instance = value;
		else if (bytes_equal(key, BYTES_LITERAL("tcp")))
			port = value;
	}
	if (server.len == 0)
		return false;
	uint8_t text[256];
	size_t len = 0;
	append(text, sizeof(text), &len, server);
	append(text, sizeof(text), &len, BYTES_LITERAL(";"));
	append(text, sizeof(text), &len, instance);
	append(text, sizeof(text), &len, BYTES_LITERAL(";"));
	append(text, sizeof(text), &len, port);
	stream_fact_text(stream, &facts[FACT_INSTANCE], BYTES(text, len));
	return reader_left(r) > 0;
}

static void see_answer(struct stream *stream, enum ssrp_kind kind, struct bytes bytes)
{
	struct reader r = reader_of(bytes_skip(bytes, kind == SSRP_LIST ? 3 : 4));
	if (kind == SSRP_DAC) {
		stream_fact_number(stream, &facts[FACT_DAC_PORT], reader_le16(&r));
		return;
	}
	for (unsigned n = 0; n < MAX_INSTANCES && state_instance(stream, &r); n++)
		;
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                _unused_ uint64_t offset, _unused_ unsigned flags)
{
	struct ssrp_state *state = stream_state(stream);
	enum ssrp_kind kind = kind_of(bytes, stream_datagram(stream)->len_wire);
	bool is_answer = kind == SSRP_LIST || (kind == SSRP_DAC && state->has_dac_request[!side]);
	if (kind == SSRP_NONE || (kind == SSRP_DAC && !is_answer))
		return DETECT_NOT_MINE;
	state->has_dac_request[side] |= kind == SSRP_REQUEST_DAC;
	state->is_confirmed = state->is_confirmed || is_answer;
	enum evidence evidence = state->is_confirmed ? EVIDENCE_CONFIRMED : EVIDENCE_CONSISTENT;
	stream_state_protocol(stream, PROTOCOL_SSRP, evidence);
	stream_state_security(stream, SECURITY_NONE, evidence);
	stream_state_opener(stream, is_answer ? !side : side);
	if (is_answer)
		see_answer(stream, kind, bytes);
	return ++state->n_messages >= MAX_MESSAGES ? DETECT_DONE : DETECT_MORE;
}

const struct detector detector_ssrp = {
	.name = "ssrp",
	.help = "SQL Server Resolution Protocol (SQL Browser)",
	.facts = facts,
	.on_udp = true,
	.state_size = sizeof(struct ssrp_state),
	.probe = probe,
	.on_data = on_data,
};
