/*
 * HTTP/1.0 and 1.1 in clear (RFC 9112) and the preface of HTTP/2 (RFC 9113 section 3.4). The first
 * request and the first answer say all that is asked: after them the flow is settled, and bodies
 * are never read. CONNECT that was granted opens an inner stream after the empty lines on both
 * sides. RPC_IN_DATA and RPC_OUT_DATA are the methods of RPC over HTTP ([MS-RPCH]). The path is
 * kept without its query, and nothing of an authority but the host.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"
#include "parts.h"

#define FIRST_LINE_MAX 8192
#define PREFACE        BYTES_LITERAL("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

enum {
	FACT_METHOD,
	FACT_HOST,
	FACT_PATH,
	FACT_USER_AGENT,
	FACT_STATUS,
	FACT_SERVER,
	FACT_UPGRADE,
	FACT_LYNC,
};

static const struct fact_def facts[] = {
	[FACT_METHOD] = { "http.method", FACT_TEXT, "methods of the first requests", true },
	[FACT_HOST] = { "http.host", FACT_TEXT, "Host of the first request", false },
	[FACT_PATH] = { "http.path", FACT_TEXT, "path of the first request, without its query",
	                false },
	[FACT_USER_AGENT] = { "http.user_agent", FACT_TEXT, "User-Agent of the first request",
	                      false },
	[FACT_STATUS] = { "http.status", FACT_NUMBER, "status codes of the first answers", true },
	[FACT_SERVER] = { "http.server", FACT_TEXT, "Server of the first answer", false },
	[FACT_UPGRADE] = { "http.upgrade", FACT_TEXT,
	                   "protocol the first request asks to change to", false },
	[FACT_LYNC] = { "http.lync", FACT_TEXT,
	                "web service of Lync whose path the first request names", false },
	{ 0 },
};

/* ---- How it looks ---------------------------------------------------------------------------- */

static const char *const methods[] = {
	"GET",   "HEAD",   "POST",        "PUT",          "DELETE",    "OPTIONS", "CONNECT",
	"TRACE", "PATCH",  "PROPFIND",    "PROPPATCH",    "MKCOL",     "COPY",    "MOVE",
	"LOCK",  "UNLOCK", "RPC_IN_DATA", "RPC_OUT_DATA", "BITS_POST", "REPORT",  "SEARCH",
};

struct start {
	struct bytes method, target; /* of a request */
	uint32_t status;             /* of a response; else 0 */
	bool is_preface;
};

static bool is_method(struct bytes word)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (bytes_equal(word, bytes_from_text(methods[i])))
			return true;
	return false;
}

static bool is_version(struct bytes word)
{
	return bytes_equal(word, BYTES_LITERAL("HTTP/1.1")) ||
	       bytes_equal(word, BYTES_LITERAL("HTTP/1.0"));
}

static bool read_status_line(struct bytes line, struct start *start)
{
	struct bytes rest = bytes_skip(line, strlen("HTTP/1.1 "));
	struct bytes code = bytes_take(rest, 3);
	return code.len == 3 && bytes_to_number(code, 999, &start->status) &&
	       start->status >= 100 && (rest.len == 3 || byte_at(rest, 3) == ' ');
}

/*
 * A first line without its CRLF. is_cut: only its head was kept, so the version that ends a
 * request is out of sight; the probe has seen it.
 */
static bool read_start(struct bytes line, bool is_cut, struct start *start)
{
	*start = (struct start){ .is_preface = bytes_equal(line, BYTES_LITERAL("PRI * HTTP/2.0")) };
	if (start->is_preface)
		return true;
	struct bytes first = bytes_until(line, ' ');
	struct bytes rest = bytes_skip(line, first.len + 1);
	if (is_version(first))
		return read_status_line(line, start);
	start->method = first;
	start->target = bytes_until(rest, ' ');
	return is_method(first) && start->target.len && bytes_are_printable(start->target) &&
	       (is_cut || is_version(bytes_skip(rest, start->target.len + 1)));
}

/* Could these bytes, which hold no whole line, still become a first line? */
static bool may_become_start(struct bytes bytes)
{
	struct bytes word = bytes_until(bytes, ' ');
	struct bytes preface = PREFACE;
	if (bytes_starts_with(preface, bytes_take(bytes, preface.len)))
		return true;
	if (word.len < bytes.len)
		return is_version(word) || (is_method(word) && bytes.len <= FIRST_LINE_MAX);
	if (bytes_starts_with(BYTES_LITERAL("HTTP/1.1"), word) ||
	    bytes_starts_with(BYTES_LITERAL("HTTP/1.0"), word))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (bytes_starts_with(bytes_from_text(methods[i]), word))
			return true;
	return false;
}

enum look { LOOK_MORE, LOOK_NO, LOOK_REQUEST, LOOK_RESPONSE };

static enum look look_at_side(struct bytes first)
{
	struct bytes line;
	struct start start;
	/* RFC 9112 section 2.2: an empty line before a request is forgiven. */
	if (bytes_starts_with(BYTES_LITERAL("\r\n"), bytes_take(first, 2))) {
		if (first.len <= 2)
			return LOOK_MORE;
		first = bytes_skip(first, 2);
	}
	struct reader r = reader_of(first);
	if (!reader_line(&r, &line) || line.len > FIRST_LINE_MAX)
		return may_become_start(first) ? LOOK_MORE : LOOK_NO;
	if (r.at != line.len + 2 || !read_start(line, false, &start))
		return LOOK_NO;
	if (!start.is_preface)
		return start.status ? LOOK_RESPONSE : LOOK_REQUEST;
	if (bytes_starts_with(first, PREFACE))
		return LOOK_REQUEST;
	return may_become_start(first) ? LOOK_MORE : LOOK_NO;
}

static enum detect_step probe(const struct detect_view *view)
{
	enum look looks[2] = { look_at_side(view->first[0]), look_at_side(view->first[1]) };
	bool is_mine = looks[0] > LOOK_NO || looks[1] > LOOK_NO;
	for (unsigned side = 0; side < 2; side++)
		if (looks[side] == LOOK_NO && (!is_mine || view->from_start[side]))
			return DETECT_NOT_MINE;
	return is_mine ? DETECT_MINE : DETECT_MORE;
}

/* ---- Reading on ------------------------------------------------------------------------------ */

enum phase { PHASE_START, PHASE_HEADERS, PHASE_BODY, PHASE_END };

struct side {
	struct line line;
	uint64_t end;       /* offset after the empty line that ended the last headers */
	uint32_t body_left; /* Content-Length: only of an answer that refused CONNECT */
	uint32_t status;
	uint8_t phase;
	bool has_length;
};

struct http {
	struct side sides[2];
	bool is_stated;
	uint8_t opener;
	bool is_connect;
	bool is_granted; /* CONNECT was answered by 2xx */
	bool is_over;
};

static void state_once(struct stream *stream, struct http *http, unsigned opener)
{
	if (http->is_stated)
		return;
	http->is_stated = true;
	http->opener = (uint8_t)opener;
	stream_state_protocol(stream, PROTOCOL_HTTP, EVIDENCE_CONFIRMED);
	stream_state_security(stream, SECURITY_NONE, EVIDENCE_CONFIRMED);
	stream_state_opener(stream, opener);
}

/* The path of "/path?query", "http://host/path?query"; an authority or "*" has none. */
static struct bytes path_of(struct bytes target)
{
	ptrdiff_t authority = bytes_find(bytes_until(target, '?'), BYTES_LITERAL("://"));
	if (authority >= 0) {
		target = bytes_skip(target, (size_t)authority + 3);
		target = bytes_skip(target, bytes_until(target, '/').len);
	}
	if (!bytes_starts_with(target, BYTES_LITERAL("/")))
		return BYTES(NULL, 0);
	return bytes_until(bytes_until(target, '?'), '#');
}

/* Paths may name people ("/people/alice@contoso.example"): up to the segment that does. */
static struct bytes path_before_address(struct bytes path)
{
	ptrdiff_t plain = bytes_find(path, BYTES_LITERAL("@"));
	ptrdiff_t quoted = bytes_find(path, BYTES_LITERAL("%40"));
	if (plain < 0 && quoted < 0)
		return path;
	size_t end = (size_t)(plain < 0 || (quoted >= 0 && quoted < plain) ? quoted : plain);
	while (end > 0 && byte_at(path, end - 1) != '/')
		end--;
	return bytes_take(path, end);
}

/* Where the web services of Lync Server stand, on its own port or behind the reverse proxy's. */
static const struct {
	const char *path, *service;
} services[] = {
	{ "/Autodiscover/AutodiscoverService.svc", "autodiscover" },
	{ "/GroupExpansion/", "group-expansion" },
	{ "/WebTicket/", "web-ticket" },
	{ "/CertProv/", "certificate-provisioning" },
	{ "/abs/", "address-book" },
	{ "/ucwa/", "ucwa" },
	{ "/Mcx/", "mobility" },
	{ "/RequestHandler/", "device-update" },
};

static void state_service(struct stream *stream, struct bytes path)
{
	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (bytes_starts_with_nocase(path, bytes_from_text(services[i].path)))
			stream_fact_text(stream, &facts[FACT_LYNC],
			                 bytes_from_text(services[i].service));
}

static void take_request(struct stream *stream, struct http *http, unsigned side,
                         const struct start *start)
{
	state_once(stream, http, side);
	if (start->is_preface) {
		http->is_over = true;
		return;
	}
	http->is_connect = bytes_equal(start->method, BYTES_LITERAL("CONNECT"));
	stream_fact_text(stream, &facts[FACT_METHOD], start->method);
	struct bytes path = path_of(start->target);
	if (http->is_connect || path.len == 0)
		return;
	state_service(stream, path);
	if (!stream_wants_identities(stream))
		path = path_before_address(path);
	stream_fact_text(stream, &facts[FACT_PATH], path);
}

static void take_start(struct stream *stream, struct http *http, unsigned side_number,
                       struct bytes line)
{
	struct side *side = &http->sides[side_number];
	struct start start;
	if (line.len == 0)
		return;
	if (!read_start(line, line.len == LINE_HEAD_MAX, &start) ||
	    (http->is_stated && (side_number == http->opener) != (start.status == 0))) {
		side->phase = PHASE_END;
		return;
	}
	side->phase = PHASE_HEADERS;
	side->status = start.status;
	side->has_length = false;
	side->body_left = 0;
	if (!start.status) {
		take_request(stream, http, side_number, &start);
		return;
	}
	state_once(stream, http, !side_number);
	stream_fact_number(stream, &facts[FACT_STATUS], start.status);
}

static void take_header(struct stream *stream, struct side *side, struct bytes line)
{
	struct bytes name, value;
	if (!line_split_header(line, &name, &value))
		return;
	bool is_whole = stream_wants_identities(stream);
	struct bytes product = is_whole ? value : bytes_before_address(value);
	if (side->status && bytes_equal_nocase(name, BYTES_LITERAL("Content-Length")))
		side->has_length = bytes_to_number(value, UINT32_MAX, &side->body_left);
	else if (side->status && bytes_equal_nocase(name, BYTES_LITERAL("Server")) && product.len)
		stream_fact_text(stream, &facts[FACT_SERVER], product);
	else if (side->status)
		return;
	else if (bytes_equal_nocase(name, BYTES_LITERAL("Host")) && value.len &&
	         bytes_until(value, '@').len == value.len)
		stream_fact_text(stream, &facts[FACT_HOST], value);
	else if (bytes_equal_nocase(name, BYTES_LITERAL("User-Agent")) && product.len)
		stream_fact_text(stream, &facts[FACT_USER_AGENT], product);
	else if (bytes_equal_nocase(name, BYTES_LITERAL("Upgrade")) && value.len)
		stream_fact_text(stream, &facts[FACT_UPGRADE], value);
}

/*
 * A proxy that wants a name and password first (407) is asked again on the same connection, so
 * both sides start anew after its answer; without a length there is no telling where.
 */
static void end_refused_connect(struct http *http, struct side *answer)
{
	http->sides[http->opener].phase = PHASE_START;
	answer->phase = answer->body_left ? PHASE_BODY : PHASE_START;
	http->is_over = !answer->has_length;
}

static void end_headers(struct http *http, struct side *side, uint64_t offset)
{
	side->end = offset;
	side->phase = PHASE_END;
	if (!side->status)
		return;
	if (side->status < 200 && side->status != 101)
		side->phase = PHASE_START; /* interim: the answer is still to come */
	else if (!http->is_connect)
		http->is_over = true;
	else if (side->status < 300)
		http->is_granted = true;
	else
		end_refused_connect(http, side);
}

static void take_bytes(struct stream *stream, struct http *http, unsigned side_number,
                       struct bytes bytes, uint64_t offset)
{
	struct side *side = &http->sides[side_number];
	struct bytes line, rest = bytes;
	while (rest.len && side->phase != PHASE_END && !http->is_over) {
		if (side->phase == PHASE_BODY) {
			size_t skipped = MIN(side->body_left, rest.len);
			rest = bytes_skip(rest, skipped);
			side->body_left -= (uint32_t)skipped;
			if (!side->body_left)
				side->phase = PHASE_START;
		} else if (!line_take(&side->line, &rest, &line)) {
			return;
		} else if (side->phase == PHASE_START) {
			take_start(stream, http, side_number, line);
		} else if (line.len) {
			take_header(stream, side, line);
		} else {
			end_headers(http, side, offset + bytes.len - rest.len);
		}
	}
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                uint64_t offset, unsigned flags)
{
	struct http *http = stream_state(stream);
	if (flags & STREAM_GAP)
		return DETECT_DONE;
	take_bytes(stream, http, side, bytes, offset);
	if (http->is_granted && !http->is_over) {
		const uint64_t inner[2] = { http->sides[0].end, http->sides[1].end };
		stream_open_inner(stream, inner);
		return DETECT_DONE;
	}
	return http->is_over ? DETECT_DONE : DETECT_MORE;
}

const struct detector detector_http = {
	.name = "http",
	.help = "HTTP in clear: the first request and its answer",
	.facts = facts,
	.on_tcp = true,
	.state_size = sizeof(struct http),
	.probe = probe,
	.on_data = on_data,
};
