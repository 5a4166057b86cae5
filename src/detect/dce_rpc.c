/*
 * DCE/RPC, connection-oriented (C706 chapter 12, [MS-RPCE]), and so DCOM: which interfaces are
 * bound, and where the endpoint mapper (C706 appendix O) sends its askers. Both byte orders; only
 * the beginning of each PDU is kept, so a bind with a long Kerberos token is read without its
 * token. RPC over HTTP version 1 ("ncacn_http/1.0" from the server) is the same after its greeting.
 *
 * A conversation is recognised by its bind or the answer to it: in the middle of one, a PDU header
 * is too little to go by. Requests and their arguments are not read. Two kinds of answers are, as
 * far as they are not sealed: ept_map's, in NDR and in NDR64, only when it is whole; and those of
 * DCOM's activation and object resolver ([MS-DCOM] 3.1.2.5), which name the port of an object in
 * their string bindings (2.2.19.3). Of these answers no structure is followed: a binding is a text
 * that cannot be mistaken, "10.0.2.20[49155]" behind the number that stands for TCP.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"
#include "parts.h"

#define HEADER_LEN   16
#define MAX_PDUS     256 /* of both sides */
#define MAX_CONTEXTS 32
#define MAX_TOWERS   16
#define MAX_TOWER    512
#define N_CALLS      4 /* ept_map calls that may wait for their answers */
#define EPT_MAP      3
#define MAX_BINDINGS 16 /* read from one answer */
#define MAX_BINDING  80 /* characters of one */
#define TOWER_TCP    0x0007
#define UUID_SIZE    37
#define GREETING     BYTES_LITERAL("ncacn_http/1.0")

enum { FACT_INTERFACE, FACT_PORTS };

static const struct fact_def facts[] = {
	[FACT_INTERFACE] = { "dce_rpc.interface", FACT_TEXT,
	                     "interfaces bound, by name or else by UUID", true },
	[FACT_PORTS] = { "dce_rpc.ports", FACT_NUMBER,
	                 "TCP ports that the endpoint mapper or DCOM gave out", true },
	{ 0 },
};

#define EPM_NAME "EPM"
static const struct {
	const char *uuid, *name;
} interfaces[] = {
	{ "e1af8308-5d1f-11c9-91a4-08002b14a0fa", EPM_NAME },
	{ "99fcfec4-5260-101b-bbcb-00aa0021347a", "IOXIDResolver" },
	{ "000001a0-0000-0000-c000-000000000046", "ISystemActivator" },
	{ "4d9f4ab8-7d1c-11cf-861e-0020af6e7c57", "IActivation" },
	{ "00000131-0000-0000-c000-000000000046", "IRemUnknown" },
	{ "00000143-0000-0000-c000-000000000046", "IRemUnknown2" },
	{ "afa8bd80-7d8a-11c9-bef4-08002b102989", "MGMT" },
	{ "f309ad18-d86a-11d0-a075-00c04fb68820", "IWbemLevel1Login" },
	{ "d4781cd6-e5d3-44df-ad94-930efe48a887", "IWbemLoginClientID" },
	{ "9556dc99-828c-11cf-a37e-00aa003240c7", "IWbemServices" },
	{ "12345778-1234-abcd-ef00-0123456789ab", "LSARPC" },
	{ "12345778-1234-abcd-ef00-0123456789ac", "SAMR" },
	{ "12345678-1234-abcd-ef00-01234567cffb", "NETLOGON" },
	{ "e3514235-4b06-11d1-ab04-00c04fc2dcd2", "DRSUAPI" },
	{ "367abb81-9844-35f1-ad32-98f038001003", "SVCCTL" },
	{ "338cd001-2244-31f1-aaaa-900038001003", "WINREG" },
	{ "4b324fc8-1670-01d3-1278-5a47bf6ee188", "SRVSVC" },
	{ "6bffd098-a112-3610-9833-46c3f87e345a", "WKSSVC" },
	{ "1ff70682-0a51-30e8-076d-740be8cee98b", "ATSVC" },
	{ "86d35949-83c9-4044-b424-db363231fd0c", "ITaskSchedulerService" },
	{ "82273fdc-e32a-18c3-3f78-827929dc23ea", "EVENTLOG" },
	{ "f6beaff7-1e19-4fbb-9f8f-b89e2018337c", "EVENTLOG6" },
};

/* Those whose answers hold string bindings of objects. */
static const char *const binding_givers[] = { "IOXIDResolver", "ISystemActivator", "IActivation" };

/* ---- PDUs -------------------------------------------------------------------------------- */

enum pdu {
	PDU_REQUEST = 0,
	PDU_RESPONSE = 2,
	PDU_BIND = 11,
	PDU_BIND_ACK = 12,
	PDU_BIND_NAK = 13,
	PDU_ALTER = 14,
	PDU_ALTER_RESPONSE = 15,
	PDU_LAST = 19
};
enum { FLAG_FIRST = 1, FLAG_LAST = 2 };

struct header {
	uint8_t type, flags;
	bool is_big; /* integers of the PDU are big endian */
	uint16_t len, auth_len;
	uint32_t call;
};

static uint16_t get16(struct reader *r, bool is_big)
{
	return is_big ? reader_be16(r) : reader_le16(r);
}

static uint32_t get32(struct reader *r, bool is_big)
{
	return is_big ? reader_be32(r) : reader_le32(r);
}

/* False if these cannot be the first bytes of a PDU. With is_short set, what is there may be. */
static bool read_header(struct reader *r, struct header *header)
{
	*header = (struct header){ 0 };
	uint8_t version = reader_u8(r), minor = reader_u8(r);
	header->type = reader_u8(r);
	header->flags = reader_u8(r);
	uint8_t integers = reader_u8(r);
	uint32_t floats = reader_be24(r);
	header->is_big = integers == 0;
	header->len = get16(r, header->is_big);
	header->auth_len = get16(r, header->is_big);
	header->call = get32(r, header->is_big);
	/* What is not there reads as zero, which each of these allows. */
	return version == 5 && minor <= 1 && header->type <= PDU_LAST &&
	       (integers == 0x10 || integers == 0) && floats == 0 &&
	       (r->is_short || (header->len >= HEADER_LEN && header->auth_len < header->len));
}

/* A UUID as text, its first three parts in the PDU's byte order. */
static void read_uuid(struct reader *r, bool is_big, char text[UUID_SIZE])
{
	uint32_t a = get32(r, is_big);
	unsigned b = get16(r, is_big), c = get16(r, is_big), d = reader_be16(r), e = reader_be16(r);
	uint32_t f = reader_be32(r);
	snprintf(text, UUID_SIZE, "%08x-%04x-%04x-%04x-%04x%08x", a, b, c, d, e, f);
}

/* ---- How it looks ---------------------------------------------------------------------------- */

/* At least one context with at least one transfer syntax, as far as it is there. */
static bool is_bind_body(struct reader *r)
{
	reader_skip(r, 8);
	uint8_t n_contexts = reader_u8(r);
	uint32_t reserved = reader_be24(r);
	reader_skip(r, 2);
	uint8_t n_syntaxes = reader_u8(r), zero = reader_u8(r);
	return r->is_short || (n_contexts && !reserved && n_syntaxes && !zero);
}

/* What a conversation begins with. */
static bool is_negotiation(uint8_t type)
{
	return type >= PDU_BIND && type <= PDU_ALTER_RESPONSE;
}

static enum detect_step probe_side(struct bytes first)
{
	struct reader r = reader_of(first);
	struct header header;
	if (bytes_starts_with(GREETING, bytes_take(first, GREETING.len)))
		return first.len < GREETING.len ? DETECT_MORE : DETECT_MINE;
	if (!read_header(&r, &header))
		return DETECT_NOT_MINE;
	if (r.is_short)
		return first.len < 3 || is_negotiation(header.type) ? DETECT_MORE : DETECT_NOT_MINE;
	switch (header.type) {
	case PDU_BIND:
	case PDU_ALTER:
		if (header.len < HEADER_LEN + 56 || !(header.flags & FLAG_FIRST) ||
		    !is_bind_body(&r))
			return DETECT_NOT_MINE;
		return r.is_short ? DETECT_MORE : DETECT_MINE;
	case PDU_BIND_ACK:
	case PDU_ALTER_RESPONSE:
		return header.len >= HEADER_LEN + 10 ? DETECT_MINE : DETECT_NOT_MINE;
	case PDU_BIND_NAK:
		return header.len >= HEADER_LEN + 2 ? DETECT_MINE : DETECT_NOT_MINE;
	default:
		return DETECT_NOT_MINE;
	}
}

static enum detect_step probe(const struct detect_view *view)
{
	return parts_join(view, probe_side(view->first[0]), probe_side(view->first[1]));
}

/* ---- Reading on ------------------------------------------------------------------------------ */

struct dce_rpc {
	struct record records[2];
	uint8_t greeting_left[2];
	bool is_begun[2];
	bool is_stated, is_accepted;
	unsigned n_pdus;
	uint32_t mapper_contexts;  /* bit per context id bound to the endpoint mapper */
	uint32_t binding_contexts; /* the same, to an interface that gives bindings */
	uint32_t calls[N_CALLS];   /* ept_map, waiting for an answer; 0: free */
	uint8_t next_call;
};

static void state_once(struct stream *stream, struct dce_rpc *rpc, unsigned opener)
{
	stream_state_opener(stream, opener);
	if (rpc->is_stated)
		return;
	rpc->is_stated = true;
	stream_state_protocol(stream, PROTOCOL_DCE_RPC, EVIDENCE_CONFIRMED);
	stream_state_security(stream, SECURITY_NONE, EVIDENCE_CONFIRMED);
}

static void state_interface(struct stream *stream, struct dce_rpc *rpc, unsigned context,
                            const char *uuid)
{
	const char *name = uuid;
	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++)
		if (strcmp(interfaces[i].uuid, uuid) == 0)
			name = interfaces[i].name;
	stream_fact_text(stream, &facts[FACT_INTERFACE], bytes_from_text(name));
	if (context < 32 && strcmp(name, EPM_NAME) == 0)
		rpc->mapper_contexts |= UINT32_C(1) << context;
	for (size_t i = 0; i < ARRAY_SIZE(binding_givers) && context < 32; i++)
		if (strcmp(name, binding_givers[i]) == 0)
			rpc->binding_contexts |= UINT32_C(1) << context;
}

static void take_bind(struct stream *stream, struct dce_rpc *rpc, struct reader *r, bool is_big)
{
	reader_skip(r, 8);
	uint8_t n_contexts = reader_u8(r);
	reader_skip(r, 3);
	for (unsigned i = 0; i < MIN(n_contexts, MAX_CONTEXTS); i++) {
		char uuid[UUID_SIZE];
		uint16_t context = get16(r, is_big);
		uint8_t n_syntaxes = reader_u8(r);
		reader_skip(r, 1);
		read_uuid(r, is_big, uuid);
		reader_skip(r, 4 + 20U * n_syntaxes);
		if (r->is_short)
			return;
		state_interface(stream, rpc, context, uuid);
	}
}

/* allocation hint, context, operation */
static void take_request(struct dce_rpc *rpc, const struct header *header, struct reader *r)
{
	reader_skip(r, 4);
	uint16_t context = get16(r, header->is_big);
	uint16_t operation = get16(r, header->is_big);
	if (r->is_short || operation != EPT_MAP || context >= 32 ||
	    !(rpc->mapper_contexts >> context & 1))
		return;
	rpc->calls[rpc->next_call] = header->call;
	rpc->next_call = (rpc->next_call + 1) % N_CALLS;
}

/* True if an ept_map call of this number waits; it does no longer. */
static bool answers_call(struct dce_rpc *rpc, uint32_t call)
{
	for (unsigned i = 0; i < N_CALLS; i++)
		if (call && rpc->calls[i] == call) {
			rpc->calls[i] = 0;
			return true;
		}
	return false;
}

/* ---- The endpoint mapper's answer -------------------------------------------------------- */

/* How NDR and NDR64 differ here: counts and pointers are 4 or 8 bytes, aligned to themselves. */
struct ndr {
	struct reader r;
	bool is_big, is_wide;
};

static uint32_t ndr_count(struct ndr *ndr)
{
	size_t size = ndr->is_wide ? 8 : 4;
	reader_skip(&ndr->r, -ndr->r.at & (size - 1));
	if (!ndr->is_wide)
		return get32(&ndr->r, ndr->is_big);
	uint64_t count = ndr->is_big ? reader_be64(&ndr->r) : reader_le64(&ndr->r);
	return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

/* One floor: what it is (lhs) and its value (rhs), each with its length, always little endian. */
static struct bytes read_floor(struct reader *r, uint8_t *protocol)
{
	struct reader lhs = reader_of(reader_take(r, reader_le16(r)));
	*protocol = reader_u8(&lhs);
	return reader_take(r, reader_le16(r));
}

/* Interface, transfer syntax, RPC with connections (0b), TCP (07), IP (09): C706 appendix L. */
static bool read_tower(struct bytes tower, uint16_t *port, struct addr *addr)
{
	static const uint8_t wanted[] = { 0x0d, 0x0d, 0x0b, 0x07, 0x09 };
	struct reader r = reader_of(tower);
	if (reader_le16(&r) != ARRAY_SIZE(wanted))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
		uint8_t protocol;
		struct bytes value = read_floor(&r, &protocol);
		struct reader v = reader_of(value);
		if (protocol != wanted[i])
			return false;
		if (protocol == 0x07)
			*port = reader_be16(&v);
		if (protocol == 0x09)
			*addr = addr_from_wire(value);
		if (v.is_short || (protocol == 0x09 && value.len != 4))
			return false;
	}
	return !r.is_short;
}

struct endpoints {
	struct {
		struct addr addr;
		uint16_t port;
	} at[MAX_TOWERS];
	unsigned n;
};

/* Handle (20 bytes), count, array of pointers, what they point to, status. All of it fits, or
 * nothing. */
static bool read_towers(struct ndr *ndr, struct endpoints *found)
{
	reader_skip(&ndr->r, 20);
	uint32_t n_towers = get32(&ndr->r, ndr->is_big);
	uint32_t max = ndr_count(ndr), offset = ndr_count(ndr), actual = ndr_count(ndr);
	uint32_t n_pointers = 0;
	if (n_towers != actual || offset != 0 || actual > max || actual > MAX_TOWERS)
		return false;
	for (uint32_t i = 0; i < actual; i++)
		n_pointers += ndr_count(ndr) != 0;
	for (uint32_t i = 0; i < n_pointers && !ndr->r.is_short; i++) {
		uint32_t max_len = ndr_count(ndr), len = get32(&ndr->r, ndr->is_big);
		if (len != max_len || len > MAX_TOWER)
			return false;
		struct bytes tower = reader_take(&ndr->r, len);
		if (read_tower(tower, &found->at[found->n].port, &found->at[found->n].addr))
			found->n++;
	}
	reader_skip(&ndr->r, -ndr->r.at & 3);
	uint32_t status = get32(&ndr->r, ndr->is_big);
	return !ndr->r.is_short && status == 0;
}

static void announce(struct stream *stream, unsigned side, struct addr addr, uint16_t port)
{
	struct note note = { .kind = NOTE_RPC, .addr = addr, .port = port };
	/* A mapper that does not know its own address means itself. */
	if (addr_is_unspecified(&note.addr))
		note.addr = stream_flow(stream)->addr[side];
	if (!port)
		return;
	stream_fact_number(stream, &facts[FACT_PORTS], port);
	stream_emit_note(stream, &note);
}

/* ---- String bindings of DCOM --------------------------------------------------------------- */

/*
 * Behind the tower: 16-bit characters up to a zero, "host[port]". False if they are none; the
 * reader then stands somewhere behind them.
 */
static bool read_binding(struct reader *r, char text[MAX_BINDING + 1])
{
	size_t len = 0;
	for (uint16_t c = reader_le16(r); c; c = reader_le16(r)) {
		if (c < ' ' || c > '~' || len == MAX_BINDING)
			return false;
		text[len++] = (char)c;
	}
	text[len] = '\0';
	return !r->is_short && len > 0 && text[len - 1] == ']';
}

/* A host by name is the answering server: whatever it calls itself, it speaks of its own objects.
 */
static void take_binding(struct stream *stream, unsigned side, char *text)
{
	struct addr addr = { 0 };
	uint32_t port;
	struct bytes whole = bytes_from_text(text);
	struct bytes host = bytes_until(whole, '[');
	struct bytes number = bytes_take(bytes_skip(whole, host.len + 1), whole.len - host.len - 2);
	if (host.len == 0 || host.len + 2 > whole.len ||
	    !bytes_to_number(number, UINT16_MAX, &port))
		return;
	text[host.len] = '\0';
	if (!addr_parse(&addr, text))
		addr = stream_flow(stream)->addr[side];
	announce(stream, side, addr, (uint16_t)port);
}

static void take_bindings(struct stream *stream, unsigned side, struct bytes stub)
{
	char text[MAX_BINDING + 1];
	unsigned n = 0;
	for (size_t at = 0; at + 2 < stub.len && n < MAX_BINDINGS; at++) {
		struct reader r = reader_of(bytes_skip(stub, at));
		if (reader_le16(&r) != TOWER_TCP || !read_binding(&r, text))
			continue;
		take_binding(stream, side, text);
		n++;
	}
}

/* ---- Conversations ------------------------------------------------------------------------- */

/* allocation hint, context, cancel count, reserved, then the answer itself */
static void take_response(struct stream *stream, struct dce_rpc *rpc, unsigned side,
                          const struct header *header, struct reader *r)
{
	reader_skip(r, 4);
	uint16_t context = get16(r, header->is_big);
	reader_skip(r, 2);
	struct bytes stub = reader_rest(r);
	if (!r->is_short && context < 32 && rpc->binding_contexts >> context & 1 && !header->is_big)
		take_bindings(stream, side, stub);
	if (r->is_short || header->auth_len || stub.len + HEADER_LEN + 8 != header->len ||
	    (header->flags & (FLAG_FIRST | FLAG_LAST)) != (FLAG_FIRST | FLAG_LAST) ||
	    !answers_call(rpc, header->call))
		return;
	struct endpoints found = { 0 };
	struct ndr narrow = { .r = reader_of(stub), .is_big = header->is_big };
	struct ndr wide = { .r = reader_of(stub), .is_big = header->is_big, .is_wide = true };
	if (!read_towers(&narrow, &found)) {
		found.n = 0;
		if (!read_towers(&wide, &found))
			return;
	}
	for (unsigned i = 0; i < found.n; i++)
		announce(stream, side, found.at[i].addr, found.at[i].port);
}

static void take_pdu(struct stream *stream, struct dce_rpc *rpc, unsigned side, struct bytes pdu)
{
	struct reader r = reader_of(pdu);
	struct header header;
	if (!read_header(&r, &header))
		return;
	switch (header.type) {
	case PDU_BIND:
	case PDU_ALTER:
		state_once(stream, rpc, side);
		take_bind(stream, rpc, &r, header.is_big);
		break;
	case PDU_BIND_ACK:
	case PDU_ALTER_RESPONSE:
		state_once(stream, rpc, !side);
		rpc->is_accepted = true;
		break;
	case PDU_BIND_NAK:
		state_once(stream, rpc, !side);
		if (!rpc->is_accepted)
			stream_state_refusal(stream, "DCE/RPC bind refused");
		break;
	case PDU_REQUEST:
		take_request(rpc, &header, &r);
		break;
	case PDU_RESPONSE:
		take_response(stream, rpc, side, &header, &r);
		break;
	}
}

static uint32_t record_len(struct bytes bytes)
{
	struct reader r = reader_of(bytes);
	struct header header;
	return read_header(&r, &header) ? header.len : 0;
}

/* Takes the greeting of RPC over HTTP off the beginning of a side. */
static void skip_greeting(struct stream *stream, struct dce_rpc *rpc, unsigned side,
                          struct bytes *bytes)
{
	if (!rpc->is_begun[side] && bytes_starts_with(*bytes, BYTES_LITERAL("n"))) {
		rpc->greeting_left[side] = (uint8_t)GREETING.len;
		state_once(stream, rpc, !side);
	}
	rpc->is_begun[side] |= bytes->len > 0;
	size_t skipped = MIN(rpc->greeting_left[side], bytes->len);
	rpc->greeting_left[side] -= (uint8_t)skipped;
	*bytes = bytes_skip(*bytes, skipped);
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                _unused_ uint64_t offset, unsigned flags)
{
	struct dce_rpc *rpc = stream_state(stream);
	struct bytes pdu;
	if (flags & STREAM_GAP)
		return DETECT_DONE;
	skip_greeting(stream, rpc, side, &bytes);
	while (bytes.len) {
		enum record_step step =
		        record_take(&rpc->records[side], &bytes, HEADER_LEN, record_len, &pdu);
		if (step == RECORD_BAD)
			return DETECT_DONE;
		if (step == RECORD_READY)
			take_pdu(stream, rpc, side, pdu);
		rpc->n_pdus += step == RECORD_READY;
		if (rpc->n_pdus >= MAX_PDUS)
			return DETECT_DONE;
	}
	return DETECT_MORE;
}

const struct detector detector_dce_rpc = {
	.name = "dce_rpc",
	.help = "DCE/RPC and DCOM: interfaces bound, endpoints given out",
	.facts = facts,
	.on_tcp = true,
	.state_size = sizeof(struct dce_rpc),
	.probe = probe,
	.on_data = on_data,
};
