/*
 * Clear SIP (RFC 3261) over TCP and UDP, with the methods Microsoft added ([MS-SIPRE]: SERVICE,
 * BENOTIFY, NEGOTIATE). A message is believed when its first line is whole and headers that only
 * SIP has follow; HTTP, RTSP, SSDP, ICAP and MSRP share the shape of the first line but never both.
 *
 * On TCP the stream is followed to its end, framed by Content-Length: calls come long after the
 * first message, and what their SDP bodies announce as media is worth a note. After a hole, or in
 * a capture that began later, reading starts again at the next line that can only begin a message.
 * Not done: authentication, dialogs, MIME structure (SDP within multipart bodies is found by its
 * own lines). Requests go both ways, so a request does not tell who opened the flow. Facts hold no
 * body, and of a URI only its domain, unless identities are asked for.
 */
#include <ctype.h>

#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"
#include "parts.h"

#define FIRST_LINE_MAX 2048
/* Too short for a SIP message, or for anything else that shares its ports: a keep-alive. */
#define KEEP_ALIVE_MAX   11
#define FACT_ADDRESS_MAX 256
#define MAX_PORTS        8 /* pairs of ports that one m= line may announce */
#define DISCARD          9 /* RFC 6544: the port of a candidate that will only connect */

enum {
	FACT_METHODS,
	FACT_STATUS_CODES,
	FACT_USER_AGENT,
	FACT_SERVER,
	FACT_MICROSOFT,
	FACT_MEDIA,
	FACT_SRTP,
	FACT_AUTH,
	FACT_FROM,
	FACT_TO,
};

static const struct fact_def facts[] = {
	[FACT_METHODS] = { "sip.methods", FACT_TEXT, "methods of the requests seen", true },
	[FACT_STATUS_CODES] = { "sip.status_codes", FACT_NUMBER, "codes of the responses seen",
	                        true },
	[FACT_USER_AGENT] = { "sip.user_agent", FACT_TEXT,
	                      "first User-Agent seen, from either side", false },
	[FACT_SERVER] = { "sip.server", FACT_TEXT, "first Server header seen, from either side",
	                  false },
	[FACT_MICROSOFT] = { "sip.microsoft", FACT_BOOL,
	                     "a header, method or media kind of Lync and its relatives was seen",
	                     false },
	[FACT_MEDIA] = { "sip.media", FACT_TEXT, "kinds of media the SDP bodies announce", true },
	[FACT_SRTP] = { "sip.srtp", FACT_BOOL, "an SDP body gives keys for SRTP (a=crypto)",
	                false },
	[FACT_AUTH] = { "sip.auth", FACT_TEXT,
	                "authentication schemes asked for or used, such as NTLM or TLS-DSK", true },
	[FACT_FROM] = { "sip.from", FACT_TEXT,
	                "domains of From headers; whole addresses with --identities", true },
	[FACT_TO] = { "sip.to", FACT_TEXT,
	              "domains of To headers; whole addresses with --identities", true },
	{ 0 },
};

/* ---- How a message looks ----------------------------------------------------------------- */

static const char *const methods[] = {
	"INVITE",  "ACK",    "BYE",     "CANCEL",    "OPTIONS",   "REGISTER",
	"PRACK",   "UPDATE", "INFO",    "SUBSCRIBE", "NOTIFY",    "PUBLISH",
	"MESSAGE", "REFER",  "SERVICE", "BENOTIFY",  "NEGOTIATE",
};
static const char *const schemes[] = { "sip:", "sips:", "tel:" };

/* A first line: of a request (method) or of a response (code). */
struct start {
	struct bytes method;
	uint32_t code;
	bool is_sure; /* known method and scheme, or a response: one SIP header is hint enough */
};

static bool is_token(struct bytes text)
{
	struct reader r = reader_of(text);
	if (text.len == 0 || text.len > 32 || !isupper(byte_at(text, 0)))
		return false;
	while (reader_left(&r)) {
		uint8_t c = reader_u8(&r);
		if (!isalnum(c) && (c == 0 || !strchr("-.!%*_+`'~", c)))
			return false;
	}
	return true;
}

static bool is_known_method(struct bytes method)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (bytes_equal(method, bytes_from_text(methods[i])))
			return true;
	return false;
}

static bool has_known_scheme(struct bytes uri)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (bytes_starts_with_nocase(uri, bytes_from_text(schemes[i])))
			return true;
	return false;
}

static bool read_status_line(struct bytes line, struct start *start)
{
	struct bytes rest = bytes_skip(line, strlen("SIP/2.0 "));
	struct bytes code = bytes_take(rest, 3);
	if (!bytes_starts_with(line, BYTES_LITERAL("SIP/2.0 ")) || code.len < 3 ||
	    !bytes_to_number(code, 699, &start->code) || start->code < 100)
		return false;
	start->is_sure = true;
	return rest.len == 3 || byte_at(rest, 3) == ' ';
}

/* A first line without its CRLF. is_cut: only its head was kept, so that its end cannot be asked.
 */
static bool read_start(struct bytes line, bool is_cut, struct start *start)
{
	*start = (struct start){ 0 };
	if (bytes_starts_with(line, BYTES_LITERAL("SIP/2.0 ")))
		return read_status_line(line, start);
	start->method = bytes_until(line, ' ');
	struct bytes rest = bytes_skip(line, start->method.len + 1);
	struct bytes uri = bytes_until(rest, ' ');
	if (!is_token(start->method) || uri.len == 0)
		return false;
	start->is_sure = is_known_method(start->method) && has_known_scheme(uri);
	if (is_cut)
		return start->is_sure;
	return bytes_until(uri, ':').len < uri.len &&
	       bytes_equal(bytes_skip(rest, uri.len), BYTES_LITERAL(" SIP/2.0"));
}

/* Could these bytes, which hold no whole line, still become a first line? */
static bool may_become_start(struct bytes bytes)
{
	struct bytes version = BYTES_LITERAL("SIP/2.0 ");
	if (bytes_starts_with(version, bytes_take(bytes, version.len)))
		return true;
	struct bytes method = bytes_until(bytes, ' ');
	if (bytes_starts_with(bytes, version) || !is_token(method) || bytes.len > FIRST_LINE_MAX)
		return false;
	struct bytes uri = bytes_until(bytes_skip(bytes, method.len + 1), '\r');
	return uri.len <= 64 || bytes_until(uri, ':').len <= 64;
}

static struct bytes skip_empty_lines(struct bytes bytes)
{
	while (byte_at(bytes, 0) == '\r' || byte_at(bytes, 0) == '\n')
		bytes = bytes_skip(bytes, 1);
	return bytes;
}

enum header {
	HEADER_OTHER,
	HEADER_VIA,
	HEADER_FROM,
	HEADER_TO,
	HEADER_CALL_ID,
	HEADER_CSEQ,
	HEADER_LENGTH,
	HEADER_TYPE,
	HEADER_USER_AGENT,
	HEADER_SERVER,
	HEADER_AUTH,
};

static const struct {
	const char *name;
	enum header header;
} header_names[] = {
	{ "Via", HEADER_VIA },
	{ "v", HEADER_VIA },
	{ "From", HEADER_FROM },
	{ "f", HEADER_FROM },
	{ "To", HEADER_TO },
	{ "t", HEADER_TO },
	{ "Call-ID", HEADER_CALL_ID },
	{ "i", HEADER_CALL_ID },
	{ "CSeq", HEADER_CSEQ },
	{ "Content-Length", HEADER_LENGTH },
	{ "l", HEADER_LENGTH },
	{ "Content-Type", HEADER_TYPE },
	{ "c", HEADER_TYPE },
	{ "User-Agent", HEADER_USER_AGENT },
	{ "Server", HEADER_SERVER },
	{ "WWW-Authenticate", HEADER_AUTH },
	{ "Authorization", HEADER_AUTH },
	{ "Proxy-Authenticate", HEADER_AUTH },
	{ "Proxy-Authorization", HEADER_AUTH },
};

static enum header header_of(struct bytes name)
{
	for (size_t i = 0; i < ARRAY_SIZE(header_names); i++)
		if (bytes_equal_nocase(name, bytes_from_text(header_names[i].name)))
			return header_names[i].header;
	return HEADER_OTHER;
}

/* Only a SIP message has these; From and To are in mail too, so an unknown method needs two. */
static bool is_hint(enum header header)
{
	return header >= HEADER_VIA && header <= HEADER_CSEQ;
}

enum look { LOOK_MORE, LOOK_NO, LOOK_YES };

/* After a whole first message: does the next one start right, as far as it is there? */
static enum look look_at_next(struct bytes bytes, uint32_t body_len)
{
	struct bytes line, next = skip_empty_lines(bytes_skip(bytes, body_len));
	struct reader r = reader_of(next);
	struct start start;
	if (!reader_line(&r, &line))
		return may_become_start(next) ? LOOK_YES : LOOK_NO;
	return read_start(line, false, &start) ? LOOK_YES : LOOK_NO;
}

/* The headers that follow the first line, up to the empty line or the end of what is there. */
static enum look look_at_headers(struct reader *r, unsigned needed, bool is_framed)
{
	unsigned hints = 0;
	uint32_t body_len = 0;
	bool has_length = false;
	struct bytes line, name, value;
	while (reader_line(r, &line)) {
		if (line.len == 0) {
			if ((unsigned)__builtin_popcount(hints) < needed)
				return LOOK_NO;
			return is_framed && has_length ? look_at_next(reader_rest(r), body_len)
			                               : LOOK_YES;
		}
		if (byte_at(line, 0) == ' ' || byte_at(line, 0) == '\t')
			continue;
		if (!line_split_header(line, &name, &value))
			return LOOK_NO;
		enum header header = header_of(name);
		if (is_hint(header))
			hints |= 1U << header;
		if (header == HEADER_LENGTH)
			has_length = bytes_to_number(value, UINT32_MAX, &body_len);
	}
	return (unsigned)__builtin_popcount(hints) >= needed ? LOOK_YES : LOOK_MORE;
}

static enum look look_at_message(struct bytes bytes, bool is_framed)
{
	struct start start;
	struct bytes line;
	bytes = skip_empty_lines(bytes);
	struct reader r = reader_of(bytes);
	if (!reader_line(&r, &line) || line.len > FIRST_LINE_MAX)
		return may_become_start(bytes) ? LOOK_MORE : LOOK_NO;
	/* The line ends in CRLF, so it is two bytes shorter than what was read. */
	if (r.at != line.len + 2 || !read_start(line, false, &start))
		return LOOK_NO;
	return look_at_headers(&r, start.is_sure ? 1 : 2, is_framed);
}

/*
 * A side whose beginning was not captured: a message may start after an empty line. One is not
 * enough, since a log or a body of another protocol may quote one: it must be framed by
 * Content-Length and followed by the next.
 */
static enum look look_midstream(struct bytes bytes, bool is_full)
{
	enum look look = look_at_message(bytes, true);
	struct bytes rest = bytes_take(bytes, DETECT_FIRST_BYTES);
	if (look != LOOK_NO)
		return look;
	for (unsigned n = 0; n < 64; n++) {
		ptrdiff_t at = bytes_find(rest, BYTES_LITERAL("\r\n\r\n"));
		if (at < 0)
			break;
		rest = skip_empty_lines(bytes_skip(rest, (size_t)at));
		if (look_at_message(rest, true) != LOOK_YES)
			continue;
		ptrdiff_t end = bytes_find(rest, BYTES_LITERAL("\r\n\r\n"));
		struct bytes after = end < 0 ? BYTES(NULL, 0) : bytes_skip(rest, (size_t)end);
		if (bytes_find(after, BYTES_LITERAL("SIP/2.0")) >= 0)
			return LOOK_YES;
	}
	/* Wait for more only in what looks like text. */
	struct reader r = reader_of(bytes_take(bytes, 64));
	while (reader_left(&r)) {
		uint8_t c = reader_u8(&r);
		if (c < ' ' && c != '\r' && c != '\n' && c != '\t')
			return LOOK_NO;
	}
	return is_full ? LOOK_NO : LOOK_MORE;
}

static enum detect_step probe_stream(const struct detect_view *view)
{
	bool is_no = false, is_yes = false;
	for (unsigned side = 0; side < 2; side++) {
		struct bytes first = view->first[side];
		enum look look = LOOK_MORE;
		if (first.len && view->from_start[side])
			look = look_at_message(first, true);
		else if (first.len)
			look = look_midstream(first, view->is_full[side]);
		is_yes |= look == LOOK_YES;
		/* A side seen from its first byte that speaks something else settles it. */
		is_no |= look == LOOK_NO;
	}
	if (is_yes)
		return is_no && view->from_start[0] && view->from_start[1] ? DETECT_NOT_MINE
		                                                           : DETECT_MINE;
	return is_no ? DETECT_NOT_MINE : DETECT_MORE;
}

static bool is_keep_alive(struct bytes bytes)
{
	struct reader r = reader_of(bytes);
	while (reader_left(&r)) {
		uint8_t c = reader_u8(&r);
		if (c != '\r' && c != '\n' && c != 0)
			return bytes.len <= KEEP_ALIVE_MAX;
	}
	return true;
}

static enum look look_at_datagram(const struct datagram *datagram)
{
	struct bytes bytes = datagram->bytes;
	enum look look = look_at_message(bytes, false);
	if (look != LOOK_YES && is_keep_alive(bytes))
		return LOOK_MORE;
	/* A datagram is a whole message, unless the capture cut it. */
	return look == LOOK_MORE && datagram->len_wire <= bytes.len ? LOOK_NO : look;
}

static enum detect_step probe(const struct detect_view *view)
{
	if (view->transport == TRANSPORT_TCP)
		return probe_stream(view);
	enum detect_step step = DETECT_MORE;
	for (size_t i = 0; i < view->n_datagrams; i++) {
		enum look look = look_at_datagram(&view->datagrams[i]);
		if (look == LOOK_YES)
			return DETECT_MINE;
		if (look == LOOK_NO)
			step = DETECT_NOT_MINE;
	}
	return step;
}

/* ---- Reading on ------------------------------------------------------------------------------ */

enum phase { PHASE_START, PHASE_HEADERS, PHASE_BODY };

/*
 * What an SDP body has announced so far (RFC 4566): c= before the first m= is for all of them. What
 * stands after an m= line is that media's own, up to the next.
 */
struct sdp {
	struct addr session, own, rtcp;
	bool has_session, has_own, has_rtcp;
	bool is_in_media, is_rtp;
	bool is_one_port;   /* a=rtcp-mux: RTCP comes with the media */
	uint8_t n_ports;    /* "49170/2": as many pairs of ports */
	uint16_t port;      /* of the last m= line; 0: none, or media refused */
	uint16_t rtcp_port; /* of a=rtcp; 0: the next one after port (RFC 3605) */
};

struct side {
	uint8_t phase;
	bool is_lost; /* the last message did not end where the next begins */
	bool has_length;
	bool is_sdp; /* the body may hold SDP */
	uint32_t body_left;
	struct sdp sdp;
	struct line line;
};

struct sip {
	struct side sides[2];
	struct seen methods, kinds, codes, places, auth, from, to;
	uint32_t first_final; /* first final answer that is no challenge */
	bool has_success;
	bool is_stated, has_message, has_user_agent, has_server, is_microsoft, has_srtp;
};

_Static_assert(sizeof(struct sip) <= 4096, "see struct detector");

static void state_microsoft(struct stream *stream, struct sip *sip)
{
	if (!sip->is_microsoft)
		stream_fact_bool(stream, &facts[FACT_MICROSOFT], true);
	sip->is_microsoft = true;
}

static void state_microsoft_if(struct stream *stream, struct sip *sip, struct bytes text,
                               const char *const *words, size_t n_words)
{
	for (size_t i = 0; i < n_words && !sip->is_microsoft; i++)
		if (bytes_find(text, bytes_from_text(words[i])) >= 0)
			state_microsoft(stream, sip);
}

static void take_code(struct stream *stream, struct sip *sip, uint32_t code, struct bytes text)
{
	if (seen_add(&sip->codes, text))
		stream_fact_number(stream, &facts[FACT_STATUS_CODES], code);
	if (code >= 200 && code < 300)
		sip->has_success = true;
	if (code >= 200 && code != 401 && code != 407 && !sip->first_final)
		sip->first_final = code;
}

static void take_method(struct stream *stream, struct sip *sip, struct bytes method)
{
	static const char *const own[] = { "SERVICE", "BENOTIFY", "NEGOTIATE" };
	if (!seen_add(&sip->methods, method))
		return;
	stream_fact_text(stream, &facts[FACT_METHODS], method);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (bytes_equal(method, bytes_from_text(own[i])))
			state_microsoft(stream, sip);
}

/* A first line. In a stream whose framing is lost, only one that can be nothing else. */
static void take_start(struct stream *stream, struct sip *sip, unsigned side_number,
                       struct bytes line)
{
	struct side *side = &sip->sides[side_number];
	struct start start;
	if (line.len == 0)
		return;
	if (!read_start(line, line.len == LINE_HEAD_MAX, &start) ||
	    (side->is_lost && !start.is_sure)) {
		side->is_lost = true;
		return;
	}
	side->is_lost = side->has_length = side->is_sdp = false;
	side->body_left = 0;
	side->phase = PHASE_HEADERS;
	if (start.code)
		take_code(stream, sip, start.code,
		          bytes_take(bytes_skip(line, strlen("SIP/2.0 ")), 3));
	else
		take_method(stream, sip, start.method);
	/* On TCP one connection serves both ends; a lone datagram exchange has an asker. */
	if (!sip->has_message && start.code && stream_datagram(stream))
		stream_state_opener(stream, !side_number);
	sip->has_message = true;
}

static void take_product(struct stream *stream, struct sip *sip, enum header header,
                         struct bytes value)
{
	static const char *const agents[] = { "UCCAPI/", "RTCC/" };
	bool *has = header == HEADER_SERVER ? &sip->has_server : &sip->has_user_agent;
	if (header == HEADER_SERVER && bytes_starts_with(value, BYTES_LITERAL("RTC/")))
		state_microsoft(stream, sip);
	state_microsoft_if(stream, sip, bytes_take(value, 64), agents, ARRAY_SIZE(agents));
	if (!stream_wants_identities(stream))
		value = bytes_before_address(value);
	if (*has || value.len == 0)
		return;
	*has = true;
	stream_fact_text(stream, &facts[header == HEADER_SERVER ? FACT_SERVER : FACT_USER_AGENT],
	                 value);
}

static void take_type(struct stream *stream, struct sip *sip, struct side *side, struct bytes value)
{
	static const char *const types[] = { "application/ms-", "application/msrtc-",
		                             "application/cccp+xml" };
	side->is_sdp = bytes_starts_with_nocase(value, BYTES_LITERAL("application/sdp")) ||
	               bytes_starts_with_nocase(value, BYTES_LITERAL("multipart/"));
	state_microsoft_if(stream, sip, value, types, ARRAY_SIZE(types));
}

/* The scheme is stated, what stands behind it never is. */
static void take_auth(struct stream *stream, struct sip *sip, struct bytes value)
{
	static const char *const own[] = { "NTLM", "Kerberos", "TLS-DSK" };
	struct bytes scheme = bytes_until(value, ' ');
	if (!is_token(scheme) || !seen_add(&sip->auth, scheme))
		return;
	stream_fact_text(stream, &facts[FACT_AUTH], scheme);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (bytes_equal_nocase(scheme, bytes_from_text(own[i])))
			state_microsoft(stream, sip);
}

/* The URI of a From or To: in angle brackets behind a name, which may be quoted, or bare. */
static struct bytes uri_of(struct bytes value)
{
	if (byte_at(value, 0) == '"')
		value = bytes_skip(value, 2 + bytes_until(bytes_skip(value, 1), '"').len);
	struct bytes before = bytes_until(value, '<');
	if (before.len < value.len)
		value = bytes_until(bytes_skip(value, before.len + 1), '>');
	return bytes_trim(bytes_until(bytes_until(value, ';'), '?'));
}

/* "sip:alice:secret@b.example:5060": b.example, or alice@b.example if identities are asked for. */
static void take_address(struct stream *stream, struct sip *sip, enum header header,
                         struct bytes value)
{
	struct bytes uri = uri_of(value);
	struct bytes address = bytes_skip(uri, bytes_until(uri, ':').len + 1);
	struct bytes user = bytes_until(address, '@');
	bool has_user = user.len < address.len;
	struct bytes host = has_user ? bytes_skip(address, user.len + 1) : address;
	bool is_bracketed = byte_at(host, 0) == '[';
	host = is_bracketed ? bytes_take(host, bytes_until(host, ']').len + 1)
	                    : bytes_until(host, ':');
	char text[FACT_ADDRESS_MAX];
	if (!has_known_scheme(uri) || bytes_starts_with_nocase(uri, BYTES_LITERAL("tel:")) ||
	    host.len == 0 || host.len > FACT_ADDRESS_MAX / 2 || !bytes_are_printable(host))
		return;
	user = bytes_take(bytes_until(user, ':'), FACT_ADDRESS_MAX / 2 - 1);
	struct bytes told = host;
	if (user.len && has_user && stream_wants_identities(stream) && bytes_are_printable(user)) {
		memcpy(text, user.data, user.len);
		text[user.len] = '@';
		memcpy(text + user.len + 1, host.data, host.len);
		told = BYTES((const uint8_t *)text, user.len + 1 + host.len);
	}
	if (seen_add(header == HEADER_FROM ? &sip->from : &sip->to, told))
		stream_fact_text(stream, &facts[header == HEADER_FROM ? FACT_FROM : FACT_TO], told);
}

static void take_header(struct stream *stream, struct sip *sip, struct side *side,
                        struct bytes line)
{
	static const char *const words[] = { ";epid=",         ";ms-opaque=", "proxy=replace",
		                             "gruu-10",        "adhoclist",   "msrtc-event-",
		                             "com.microsoft.", "ms-sender",   "ms-early-media",
		                             "TLS-DSK" };
	struct bytes name, value;
	if (!line_split_header(line, &name, &value))
		return;
	enum header header = header_of(name);
	if (header == HEADER_FROM || header == HEADER_TO)
		take_address(stream, sip, header, value);
	if (is_hint(header) && !sip->is_stated) {
		sip->is_stated = true;
		stream_state_protocol(stream, PROTOCOL_SIP, EVIDENCE_CONFIRMED);
		stream_state_security(stream, SECURITY_NONE, EVIDENCE_CONFIRMED);
	}
	if (header == HEADER_LENGTH)
		side->has_length = bytes_to_number(value, UINT32_MAX, &side->body_left);
	else if (header == HEADER_TYPE)
		take_type(stream, sip, side, value);
	else if (header == HEADER_USER_AGENT || header == HEADER_SERVER)
		take_product(stream, sip, header, value);
	else if (header == HEADER_AUTH)
		take_auth(stream, sip, value);
	else if (bytes_starts_with_nocase(name, BYTES_LITERAL("ms-")))
		state_microsoft(stream, sip);
	else
		state_microsoft_if(stream, sip, value, words, ARRAY_SIZE(words));
}

/* ---- Announced media --------------------------------------------------------------------- */

/* True if this place was not announced lately; sessions are refreshed many times with the same. */
static bool is_new_place(struct sip *sip, const struct note *note)
{
	uint8_t place[sizeof(note->addr.bytes) + sizeof(note->port)];
	memcpy(place, note->addr.bytes, sizeof(note->addr.bytes));
	memcpy(place + sizeof(note->addr.bytes), &note->port, sizeof(note->port));
	if (sip->places.n == SEEN_MAX)
		sip->places.n = 0;
	return seen_add(&sip->places, BYTES(place, sizeof(place)));
}

static void announce_place(struct stream *stream, struct sip *sip, const struct addr *addr,
                           uint32_t port)
{
	struct note note = { .kind = NOTE_MEDIA, .addr = *addr, .port = (uint16_t)port };
	if (port && port != DISCARD && port <= UINT16_MAX && !addr_is_unspecified(addr) &&
	    is_new_place(sip, &note))
		stream_emit_note(stream, &note);
}

/* The m= line before is complete: say where its media will be, and the RTCP that goes with it. */
static void announce(struct stream *stream, struct sip *sip, struct sdp *sdp)
{
	const struct addr *addr = sdp->has_own ? &sdp->own : &sdp->session;
	bool is_placed = sdp->port && sdp->port != DISCARD && (sdp->has_own || sdp->has_session);
	bool is_rtcp_next = sdp->is_rtp && !sdp->is_one_port && !sdp->rtcp_port;
	for (unsigned i = 0; is_placed && i < sdp->n_ports; i++) {
		announce_place(stream, sip, addr, sdp->port + 2 * i);
		if (is_rtcp_next)
			announce_place(stream, sip, addr, sdp->port + 2 * i + 1);
	}
	if (is_placed && sdp->rtcp_port)
		announce_place(stream, sip, sdp->has_rtcp ? &sdp->rtcp : addr, sdp->rtcp_port);
	*sdp = (struct sdp){ .session = sdp->session, .has_session = sdp->has_session };
}

static bool read_addr(struct bytes host, struct addr *addr)
{
	char text[ADDR_TEXT_SIZE];
	if (host.len == 0 || host.len >= sizeof(text) || !bytes_are_printable(host))
		return false;
	memcpy(text, host.data, host.len);
	text[host.len] = 0;
	return addr_parse(addr, text);
}

/* "IN IP4 192.0.2.1/127": network type, address type, address with an optional TTL. */
static bool read_connection(struct bytes value, struct addr *addr)
{
	if (!bytes_starts_with(value, BYTES_LITERAL("IN IP4 ")) &&
	    !bytes_starts_with(value, BYTES_LITERAL("IN IP6 ")))
		return false;
	return read_addr(bytes_until(bytes_trim(bytes_skip(value, strlen("IN IP4 "))), '/'), addr);
}

/* Takes the next word off *rest. */
static struct bytes next_word(struct bytes *rest)
{
	struct bytes text = bytes_trim(*rest);
	struct bytes word = bytes_until(text, ' ');
	*rest = bytes_skip(text, word.len);
	return word;
}

/*
 * An ICE candidate (RFC 5245 15.1): foundation, component, transport, priority, address, port. The
 * older form that Office Communicator speaks has a password before the transport. Names are not
 * resolved.
 */
static void take_candidate(struct stream *stream, struct sip *sip, struct bytes value)
{
	struct addr addr;
	uint32_t port;
	next_word(&value);
	next_word(&value);
	for (unsigned i = 0; i < 2; i++) {
		struct bytes transport = next_word(&value);
		if (!bytes_starts_with_nocase(transport, BYTES_LITERAL("UDP")) &&
		    !bytes_starts_with_nocase(transport, BYTES_LITERAL("TCP")))
			continue;
		next_word(&value);
		if (read_addr(next_word(&value), &addr) &&
		    bytes_to_number(next_word(&value), UINT16_MAX, &port))
			announce_place(stream, sip, &addr, port);
		return;
	}
}

/* "53020" or "53020 IN IP4 192.0.2.1" (RFC 3605). */
static void take_rtcp(struct sdp *sdp, struct bytes value)
{
	struct bytes rest = value;
	uint32_t port;
	if (!bytes_to_number(next_word(&rest), UINT16_MAX, &port))
		return;
	sdp->rtcp_port = (uint16_t)port;
	sdp->has_rtcp = read_connection(bytes_trim(rest), &sdp->rtcp);
}

/* a= of a media that was not refused. */
static void take_media_attribute(struct stream *stream, struct sip *sip, struct sdp *sdp,
                                 struct bytes value)
{
	struct bytes name = bytes_until(value, ':');
	struct bytes rest = bytes_skip(value, name.len + 1);
	if (bytes_equal(name, BYTES_LITERAL("candidate")))
		take_candidate(stream, sip, rest);
	else if (bytes_equal(name, BYTES_LITERAL("rtcp")))
		take_rtcp(sdp, rest);
	else if (bytes_equal(name, BYTES_LITERAL("rtcp-mux")))
		sdp->is_one_port = true;
	else if (bytes_equal(name, BYTES_LITERAL("crypto")) && !sip->has_srtp) {
		sip->has_srtp = true;
		stream_fact_bool(stream, &facts[FACT_SRTP], true);
	}
}

/* "audio 49170/2 RTP/AVP 0": kind, port with an optional count, protocol, the rest. */
static void take_media(struct stream *stream, struct sip *sip, struct sdp *sdp, struct bytes value)
{
	struct bytes rest = value, kind = next_word(&rest), ports = next_word(&rest);
	struct bytes first = bytes_until(ports, '/');
	uint32_t port, n_ports = 1;
	announce(stream, sip, sdp);
	sdp->is_in_media = true;
	if (kind.len == 0 || kind.len > 32 || !bytes_are_printable(kind) ||
	    !bytes_to_number(first, UINT16_MAX, &port))
		return;
	if (!bytes_to_number(bytes_skip(ports, first.len + 1), MAX_PORTS, &n_ports))
		n_ports = 1;
	sdp->port = (uint16_t)port;
	sdp->n_ports = (uint8_t)n_ports;
	sdp->is_rtp = bytes_find(bytes_until(bytes_trim(rest), ' '), BYTES_LITERAL("RTP/")) >= 0;
	if (seen_add(&sip->kinds, kind))
		stream_fact_text(stream, &facts[FACT_MEDIA], kind);
	if (bytes_equal(kind, BYTES_LITERAL("applicationsharing")))
		state_microsoft(stream, sip);
}

static void take_sdp_line(struct stream *stream, struct sip *sip, struct sdp *sdp,
                          struct bytes line)
{
	static const char *const attributes[] = { "a=x-ssrc-range", "a=cryptoscale" };
	struct bytes value = bytes_skip(line, 2);
	if (bytes_starts_with(line, BYTES_LITERAL("v="))) {
		announce(stream, sip, sdp);
		*sdp = (struct sdp){ 0 };
	} else if (bytes_starts_with(line, BYTES_LITERAL("m="))) {
		take_media(stream, sip, sdp, value);
	} else if (bytes_starts_with(line, BYTES_LITERAL("c="))) {
		if (sdp->is_in_media)
			sdp->has_own = read_connection(value, &sdp->own);
		else
			sdp->has_session = read_connection(value, &sdp->session);
	} else if (bytes_starts_with(line, BYTES_LITERAL("a="))) {
		state_microsoft_if(stream, sip, bytes_take(line, 16), attributes,
		                   ARRAY_SIZE(attributes));
		if (sdp->is_in_media && sdp->port)
			take_media_attribute(stream, sip, sdp, value);
	}
}

static void end_body(struct stream *stream, struct sip *sip, struct side *side)
{
	struct bytes last = line_rest(&side->line);
	if (last.len && side->is_sdp)
		take_sdp_line(stream, sip, &side->sdp, last);
	announce(stream, sip, &side->sdp);
	side->phase = PHASE_START;
}

/* The part of the body that is in *rest; takes it off. */
static void take_body(struct stream *stream, struct sip *sip, struct side *side, struct bytes *rest)
{
	struct bytes line, body = bytes_take(*rest, side->body_left);
	*rest = bytes_skip(*rest, body.len);
	side->body_left -= (uint32_t)body.len;
	while (side->is_sdp && body.len)
		if (line_take(&side->line, &body, &line))
			take_sdp_line(stream, sip, &side->sdp, line);
	if (!side->body_left)
		end_body(stream, sip, side);
}

static void end_headers(struct side *side, struct bytes rest, bool is_datagram)
{
	/* The end of a datagram ends its message; a stream without Content-Length has no body. */
	if (is_datagram && (!side->has_length || side->body_left > rest.len))
		side->body_left = (uint32_t)rest.len;
	else if (!side->has_length)
		side->body_left = 0;
	side->sdp = (struct sdp){ 0 };
	side->phase = side->body_left ? PHASE_BODY : PHASE_START;
}

static void take_bytes(struct stream *stream, struct sip *sip, unsigned side_number,
                       struct bytes bytes)
{
	struct side *side = &sip->sides[side_number];
	struct bytes line;
	while (bytes.len) {
		if (side->phase == PHASE_BODY)
			take_body(stream, sip, side, &bytes);
		else if (!line_take(&side->line, &bytes, &line))
			return;
		else if (side->phase == PHASE_START)
			take_start(stream, sip, side_number, line);
		else if (line.len)
			take_header(stream, sip, side, line);
		else
			end_headers(side, bytes, stream_datagram(stream) != NULL);
	}
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                _unused_ uint64_t offset, unsigned flags)
{
	struct sip *sip = stream_state(stream);
	const struct datagram *datagram = stream_datagram(stream);
	if (datagram) {
		if (look_at_datagram(datagram) == LOOK_NO)
			return DETECT_NOT_MINE;
		memset(&sip->sides[side], 0, sizeof(sip->sides[side]));
	} else if (flags & STREAM_GAP) {
		memset(&sip->sides[side], 0, sizeof(sip->sides[side]));
		sip->sides[side].is_lost = true;
	}
	take_bytes(stream, sip, side, bytes);
	return DETECT_MORE;
}

/*
 * The flow is over and no request ever had success. The first final answer that is not a
 * challenge names a refusal, if it is one of those by which a server turns its peer away; others
 * (486, 404) are about the callee.
 */
static void on_end(struct stream *stream)
{
	const struct sip *sip = stream_state(stream);
	const struct facts *known = stream_facts(stream);
	bool is_whole = stream_flow(stream)->transport != TRANSPORT_TCP ||
	                (known->from_start[0] && known->from_start[1]);
	if (sip->has_success || !is_whole)
		return;
	if (sip->first_final == 403)
		stream_state_refusal(stream, "SIP 403 Forbidden");
	else if (sip->first_final == 503)
		stream_state_refusal(stream, "SIP 503 Service Unavailable");
	else if (sip->first_final == 603)
		stream_state_refusal(stream, "SIP 603 Decline");
}

const struct detector detector_sip = {
	.name = "sip",
	.help = "SIP in clear, over TCP or UDP, and the media it announces",
	.facts = facts,
	.on_tcp = true,
	.on_udp = true,
	.state_size = sizeof(struct sip),
	.probe = probe,
	.on_data = on_data,
	.on_end = on_end,
};
