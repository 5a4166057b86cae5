/*
 * XMPP streams (RFC 6120), server to server or client to server, and their upgrade by STARTTLS.
 * The stream header is known by its namespaces, whatever prefix they are bound to, and the
 * content namespace tells the kind. After <proceed/> what follows on both sides is an inner
 * stream, which the TLS detector will claim; a stanza, authentication or dialback before that is
 * clear for good. Server dialback is XEP-0220.
 *
 * The scanner below cuts bytes into tags and the text between them. It is not an XML library, on
 * purpose: it must work on any split, with a fixed buffer and without a tree or entities to expand,
 * and it must say at which byte a tag ended, since TLS begins there. XMPP forbids comments,
 * processing instructions and document types, so their first byte ends the matter. At most 16 KiB
 * of each side are looked at. Of addresses only the domain is kept, unless identities are asked
 * for.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"
#include "parts.h"

#define TAG_MAX   1024
#define TEXT_MAX  32
#define DEPTH_MAX 32

#define NS_STREAMS  "http://etherx.jabber.org/streams"
#define NS_SERVER   "jabber:server"
#define NS_CLIENT   "jabber:client"
#define NS_DIALBACK "jabber:server:dialback"
#define NS_TLS      "urn:ietf:params:xml:ns:xmpp-tls"
#define NS_SASL     "urn:ietf:params:xml:ns:xmpp-sasl"

enum {
	FACT_KIND,
	FACT_TO,
	FACT_FROM,
	FACT_STARTTLS,
	FACT_STARTTLS_OFFERED,
	FACT_STARTTLS_REQUIRED,
	FACT_DIALBACK,
	FACT_SASL,
};

static const struct fact_def facts[] = {
	[FACT_KIND] = { "xmpp.kind", FACT_TEXT,
	                "server or client: what the opener of the stream is", false },
	[FACT_TO] = { "xmpp.to", FACT_TEXT,
	              "domain the opener of the stream asks for; with --identities the address",
	              false },
	[FACT_FROM] = { "xmpp.from", FACT_TEXT,
	                "domain the opener of the stream says it is of; with --identities the "
	                "address",
	                false },
	[FACT_STARTTLS] = { "xmpp.starttls", FACT_BOOL, "the stream was upgraded to TLS", false },
	[FACT_STARTTLS_OFFERED] = { "xmpp.starttls_offered", FACT_BOOL,
	                            "the answering side's clear features offer STARTTLS", false },
	[FACT_STARTTLS_REQUIRED] = { "xmpp.starttls_required", FACT_BOOL,
	                             "they say that nothing goes on without it", false },
	[FACT_DIALBACK] = { "xmpp.dialback", FACT_BOOL,
	                    "server dialback was declared or used in clear", false },
	[FACT_SASL] = { "xmpp.sasl", FACT_TEXT, "SASL mechanisms offered in clear", true },
	{ 0 },
};

/* ---- Tags -------------------------------------------------------------------------------- */

/* Cuts bytes into tags. Zeroed is ready. */
struct scanner {
	uint8_t tag[TAG_MAX];   /* without its angle brackets */
	uint8_t text[TEXT_MAX]; /* what stood before the tag, without white space */
	uint16_t tag_len;
	uint8_t text_len;
	uint8_t quote; /* the open quote of an attribute, or 0 */
	bool is_in_tag, is_told;
};

enum scan { SCAN_MORE, SCAN_TAG, SCAN_BAD };

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static enum scan scan_text_byte(struct scanner *s, uint8_t c)
{
	if (c == '<')
		s->is_in_tag = true;
	else if (c < ' ' && !is_space(c))
		return SCAN_BAD;
	else if (!is_space(c) && s->text_len < TEXT_MAX)
		s->text[s->text_len++] = c;
	return SCAN_MORE;
}

static enum scan scan_tag_byte(struct scanner *s, uint8_t c)
{
	if (c == '>' && !s->quote)
		return SCAN_TAG;
	if ((c < ' ' && !is_space(c)) || c == '<' || s->tag_len == TAG_MAX ||
	    (c == '!' && s->tag_len == 0))
		return SCAN_BAD;
	if (c == s->quote)
		s->quote = 0;
	else if (!s->quote && (c == '\'' || c == '"'))
		s->quote = c;
	s->tag[s->tag_len++] = c;
	return SCAN_MORE;
}

/* Reads on to the end of the next tag. What it returned before is gone. */
static enum scan scan_next(struct scanner *s, struct reader *r)
{
	if (s->is_told) {
		s->tag_len = 0;
		s->text_len = 0;
		s->is_in_tag = s->is_told = false;
	}
	while (reader_left(r)) {
		uint8_t c = reader_u8(r);
		enum scan scan = s->is_in_tag ? scan_tag_byte(s, c) : scan_text_byte(s, c);
		s->is_told = scan == SCAN_TAG;
		if (scan != SCAN_MORE)
			return scan;
	}
	return SCAN_MORE;
}

/* A tag taken apart; views into the scanner. */
struct tag {
	struct bytes prefix, name, attributes;
	bool is_close, is_empty, is_declaration;
};

static struct bytes skip_space(struct bytes bytes)
{
	while (is_space(byte_at(bytes, 0)))
		bytes = bytes_skip(bytes, 1);
	return bytes;
}

/* Up to white space or c. */
static struct bytes name_of(struct bytes bytes, uint8_t c)
{
	size_t n = 0;
	while (n < bytes.len && !is_space(byte_at(bytes, n)) && byte_at(bytes, n) != c)
		n++;
	return bytes_take(bytes, n);
}

static struct tag tag_of(const struct scanner *s)
{
	struct bytes rest = BYTES(s->tag, s->tag_len);
	struct tag tag = { .is_declaration = bytes_starts_with(rest, BYTES_LITERAL("?")) };
	tag.is_close = bytes_starts_with(rest, BYTES_LITERAL("/"));
	tag.is_empty = byte_at(rest, rest.len - 1) == '/';
	rest = bytes_skip(rest, tag.is_close || tag.is_declaration ? 1 : 0);
	struct bytes name = name_of(rest, '/');
	tag.attributes = bytes_skip(rest, name.len);
	tag.name = name;
	struct bytes prefix = bytes_until(name, ':');
	if (prefix.len < name.len) {
		tag.prefix = prefix;
		tag.name = bytes_skip(name, prefix.len + 1);
	}
	return tag;
}

/* Takes the next name='value' off *rest. */
static bool next_attribute(struct bytes *rest, struct bytes *name, struct bytes *value)
{
	struct bytes at = skip_space(*rest);
	*name = name_of(at, '=');
	at = skip_space(bytes_skip(at, name->len));
	if (name->len == 0 || !bytes_starts_with(at, BYTES_LITERAL("=")))
		return false;
	at = skip_space(bytes_skip(at, 1));
	uint8_t quote = byte_at(at, 0);
	if (quote != '\'' && quote != '"')
		return false;
	*value = bytes_until(bytes_skip(at, 1), quote);
	*rest = bytes_skip(at, value->len + 2);
	return true;
}

static bool get_attribute(const struct tag *tag, const char *wanted, struct bytes *value)
{
	struct bytes name, rest = tag->attributes;
	while (next_attribute(&rest, &name, value))
		if (bytes_equal(name, bytes_from_text(wanted)))
			return true;
	return false;
}

/* Does the tag bind a prefix, or the default namespace, to this one? *prefix says which. */
static bool binds(const struct tag *tag, const char *namespace, struct bytes *prefix)
{
	struct bytes name, value, rest = tag->attributes;
	while (next_attribute(&rest, &name, &value)) {
		if (!bytes_equal(value, bytes_from_text(namespace)))
			continue;
		*prefix = bytes_skip(name, strlen("xmlns:"));
		if (bytes_equal(name, BYTES_LITERAL("xmlns")) ||
		    bytes_starts_with(name, BYTES_LITERAL("xmlns:")))
			return true;
	}
	return false;
}

static bool is_element(const struct tag *tag, const char *name, const char *namespace)
{
	struct bytes prefix;
	return bytes_equal(tag->name, bytes_from_text(name)) && binds(tag, namespace, &prefix) &&
	       bytes_equal(prefix, tag->prefix);
}

/* A stream header of either kind; PROTOCOL_UNKNOWN if it is none. */
static enum protocol kind_of(const struct tag *tag)
{
	struct bytes prefix;
	if (tag->is_close || tag->is_empty || !is_element(tag, "stream", NS_STREAMS))
		return PROTOCOL_UNKNOWN;
	if (binds(tag, NS_SERVER, &prefix))
		return PROTOCOL_XMPP_SERVER;
	return binds(tag, NS_CLIENT, &prefix) ? PROTOCOL_XMPP_CLIENT : PROTOCOL_UNKNOWN;
}

static bool is_xml_declaration(const struct tag *tag)
{
	return tag->is_declaration && bytes_equal(tag->name, BYTES_LITERAL("xml"));
}

/* ---- How it looks ---------------------------------------------------------------------------- */

/* White space was left out, so before the first tag there is nothing or a byte order mark. */
static bool may_precede_stream(const struct scanner *s, bool is_whole)
{
	struct bytes mark = BYTES_LITERAL("\xef\xbb\xbf");
	struct bytes text = BYTES(s->text, s->text_len);
	return text.len == 0 || bytes_equal(text, mark) ||
	       (!is_whole && bytes_starts_with(mark, text));
}

static enum detect_step probe_side(struct bytes first)
{
	struct scanner scanner = { 0 };
	struct reader r = reader_of(first);
	for (unsigned n_tags = 0; n_tags < 2; n_tags++) {
		enum scan scan = scan_next(&scanner, &r);
		if (scan == SCAN_BAD ||
		    !may_precede_stream(&scanner, scan == SCAN_TAG || scanner.is_in_tag))
			return DETECT_NOT_MINE;
		if (scan == SCAN_MORE)
			return DETECT_MORE;
		struct tag tag = tag_of(&scanner);
		if (n_tags == 0 && is_xml_declaration(&tag))
			continue;
		return kind_of(&tag) == PROTOCOL_UNKNOWN ? DETECT_NOT_MINE : DETECT_MINE;
	}
	return DETECT_NOT_MINE;
}

static enum detect_step probe(const struct detect_view *view)
{
	return parts_join(view, probe_side(view->first[0]), probe_side(view->first[1]));
}

/* ---- Reading on ------------------------------------------------------------------------------ */

struct side {
	struct scanner scanner;
	uint64_t next;       /* offset of the next byte of this side */
	uint64_t tls_offset; /* byte after <starttls/> or <proceed/> and white space */
	uint8_t depth;       /* open elements; the stream itself is one */
	bool is_in_features, is_in_error;
	bool is_in_starttls;  /* of the features */
	bool is_tls_tag_open; /* <proceed> without its end yet */
	bool has_tls_offset;
};

struct xmpp {
	struct side sides[2];
	struct seen mechanisms;
	bool is_opener_known;
	uint8_t opener;
	bool has_features, is_offered;
	bool is_clear; /* content in clear: no upgrade will come */
	bool is_over;  /* nothing more to learn */
};

/* The domain of an address: without what stands before '@' and after '/'. */
static struct bytes domain_of(struct bytes address)
{
	struct bytes bare = bytes_until(address, '/');
	struct bytes user = bytes_until(bare, '@');
	return user.len < bare.len ? bytes_skip(bare, user.len + 1) : bare;
}

static void state_domain(struct stream *stream, const struct tag *tag, const char *attribute,
                         const struct fact_def *def)
{
	struct bytes value;
	if (!get_attribute(tag, attribute, &value) || !domain_of(value).len)
		return;
	bool is_whole = stream_wants_identities(stream);
	stream_fact_text(stream, def, is_whole ? bytes_until(value, '/') : domain_of(value));
}

static void state_opener(struct stream *stream, struct xmpp *xmpp, unsigned side)
{
	xmpp->opener = (uint8_t)side;
	stream_state_opener(stream, side);
}

/*
 * Only the header of an answer has an id (RFC 6120 section 4.7.3); there are servers that ask with
 * an empty one.
 */
static void take_header(struct stream *stream, struct xmpp *xmpp, unsigned side,
                        const struct tag *tag)
{
	enum protocol kind = kind_of(tag);
	struct bytes value;
	if (kind == PROTOCOL_UNKNOWN) {
		xmpp->is_over = true;
		return;
	}
	xmpp->sides[side].depth = 1;
	bool is_answer = get_attribute(tag, "id", &value) && value.len;
	if (!xmpp->is_opener_known) {
		xmpp->is_opener_known = true;
		state_opener(stream, xmpp, is_answer ? !side : side);
		stream_state_protocol(stream, kind, EVIDENCE_CONFIRMED);
		stream_fact_text(stream, &facts[FACT_KIND],
		                 kind == PROTOCOL_XMPP_SERVER ? BYTES_LITERAL("server")
		                                              : BYTES_LITERAL("client"));
	}
	state_domain(stream, tag, side == xmpp->opener ? "to" : "from", &facts[FACT_TO]);
	state_domain(stream, tag, side == xmpp->opener ? "from" : "to", &facts[FACT_FROM]);
	if (binds(tag, NS_DIALBACK, &value))
		stream_fact_bool(stream, &facts[FACT_DIALBACK], true);
}

static void take_clear_content(struct stream *stream, struct xmpp *xmpp)
{
	if (xmpp->is_clear)
		return;
	xmpp->is_clear = true;
	stream_state_security(stream, SECURITY_NONE, EVIDENCE_CONFIRMED);
	stream_fact_bool(stream, &facts[FACT_STARTTLS], false);
}

static bool is_one_of(struct bytes name, const char *const *words, size_t n_words)
{
	for (size_t i = 0; i < n_words; i++)
		if (bytes_equal(name, bytes_from_text(words[i])))
			return true;
	return false;
}

/* What stands directly in the stream: features, negotiation, errors, stanzas. */
static void take_child(struct stream *stream, struct xmpp *xmpp, unsigned side_number,
                       const struct tag *tag)
{
	static const char *const stanzas[] = { "message", "presence", "iq" };
	static const char *const dialback[] = { "result", "verify" };
	struct side *side = &xmpp->sides[side_number];
	bool is_opener = side_number == xmpp->opener;
	if (bytes_equal(tag->name, BYTES_LITERAL("features"))) {
		/* Stronger than the id: only the answering side has features to offer. */
		side->is_in_features = true;
		state_opener(stream, xmpp, !side_number);
	} else if (bytes_equal(tag->name, BYTES_LITERAL("error"))) {
		side->is_in_error = true;
	} else if (is_element(tag, is_opener ? "starttls" : "proceed", NS_TLS)) {
		side->is_tls_tag_open = true;
	} else if (!is_opener && is_element(tag, "failure", NS_TLS)) {
		stream_state_refusal(stream, "starttls failure");
	} else if (is_element(tag, "auth", NS_SASL)) {
		take_clear_content(stream, xmpp);
	} else if (tag->prefix.len && is_one_of(tag->name, dialback, ARRAY_SIZE(dialback))) {
		stream_fact_bool(stream, &facts[FACT_DIALBACK], true);
		take_clear_content(stream, xmpp);
	} else if (is_one_of(tag->name, stanzas, ARRAY_SIZE(stanzas))) {
		take_clear_content(stream, xmpp);
		xmpp->is_over = true;
	}
}

/* The conditions of RFC 6120 section 4.9.3 that turn a peer away before it has said anything. */
static const struct {
	const char *condition, *refusal;
} refusals[] = {
	{ "bad-format", "stream error: bad-format" },
	{ "bad-namespace-prefix", "stream error: bad-namespace-prefix" },
	{ "conflict", "stream error: conflict" },
	{ "connection-timeout", "stream error: connection-timeout" },
	{ "host-gone", "stream error: host-gone" },
	{ "host-unknown", "stream error: host-unknown" },
	{ "improper-addressing", "stream error: improper-addressing" },
	{ "internal-server-error", "stream error: internal-server-error" },
	{ "invalid-from", "stream error: invalid-from" },
	{ "invalid-namespace", "stream error: invalid-namespace" },
	{ "invalid-xml", "stream error: invalid-xml" },
	{ "not-authorized", "stream error: not-authorized" },
	{ "not-well-formed", "stream error: not-well-formed" },
	{ "policy-violation", "stream error: policy-violation" },
	{ "remote-connection-failed", "stream error: remote-connection-failed" },
	{ "reset", "stream error: reset" },
	{ "resource-constraint", "stream error: resource-constraint" },
	{ "restricted-xml", "stream error: restricted-xml" },
	{ "see-other-host", "stream error: see-other-host" },
	{ "system-shutdown", "stream error: system-shutdown" },
	{ "undefined-condition", "stream error: undefined-condition" },
	{ "unsupported-encoding", "stream error: unsupported-encoding" },
	{ "unsupported-feature", "stream error: unsupported-feature" },
	{ "unsupported-stanza-type", "stream error: unsupported-stanza-type" },
	{ "unsupported-version", "stream error: unsupported-version" },
};

static void take_error(struct stream *stream, const struct xmpp *xmpp, const struct tag *tag)
{
	if (xmpp->is_clear)
		return; /* something was said before: that is no refusal */
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (bytes_equal(tag->name, bytes_from_text(refusals[i].condition)))
			stream_state_refusal(stream, refusals[i].refusal);
}

static void take_open(struct stream *stream, struct xmpp *xmpp, unsigned side_number,
                      const struct tag *tag)
{
	struct side *side = &xmpp->sides[side_number];
	if (side->depth == 0 || kind_of(tag) != PROTOCOL_UNKNOWN) {
		take_header(stream, xmpp, side_number, tag);
		return;
	}
	if (side->depth == 1)
		take_child(stream, xmpp, side_number, tag);
	else if (side->is_in_features && is_element(tag, "starttls", NS_TLS))
		xmpp->is_offered = side->is_in_starttls = true;
	else if (side->is_in_starttls && bytes_equal(tag->name, BYTES_LITERAL("required")))
		stream_fact_bool(stream, &facts[FACT_STARTTLS_REQUIRED], true);
	else if (side->is_in_error && side->depth == 2)
		take_error(stream, xmpp, tag);
	side->depth++;
	xmpp->is_over |= side->depth == DEPTH_MAX;
}

/* An element of the stream is complete, with the byte before this offset. */
static void end_child(struct stream *stream, struct xmpp *xmpp, unsigned side_number,
                      uint64_t offset)
{
	struct side *side = &xmpp->sides[side_number];
	if (side->is_in_features && side_number != xmpp->opener && !xmpp->has_features) {
		xmpp->has_features = true;
		stream_fact_bool(stream, &facts[FACT_STARTTLS_OFFERED], xmpp->is_offered);
	}
	if (side->is_tls_tag_open) {
		side->has_tls_offset = true;
		side->tls_offset = offset;
	}
	if (side->is_in_error)
		xmpp->is_over = true;
	side->is_in_features = side->is_in_error = side->is_tls_tag_open = false;
}

/* Said goodbye in clear: there was all the stream will ever hold, unless it was turned away. */
static void end_stream(struct stream *stream, struct xmpp *xmpp)
{
	if (!stream_facts(stream)->is_refused)
		take_clear_content(stream, xmpp);
	xmpp->is_over = true;
}

static void take_close(struct stream *stream, struct xmpp *xmpp, unsigned side_number,
                       const struct tag *tag, uint64_t offset)
{
	struct side *side = &xmpp->sides[side_number];
	if (side->depth == 0) {
		xmpp->is_over = true;
		return;
	}
	struct bytes mechanism = BYTES(side->scanner.text, side->scanner.text_len);
	if (side->is_in_features && bytes_equal(tag->name, BYTES_LITERAL("mechanism")) &&
	    mechanism.len && mechanism.len < TEXT_MAX && bytes_are_printable(mechanism) &&
	    seen_add(&xmpp->mechanisms, mechanism))
		stream_fact_text(stream, &facts[FACT_SASL], mechanism);
	if (side->depth == 3)
		side->is_in_starttls = false; /* what ends is a feature */
	if (--side->depth == 1)
		end_child(stream, xmpp, side_number, offset);
	else if (side->depth == 0)
		end_stream(stream, xmpp);
}

static void take_tag(struct stream *stream, struct xmpp *xmpp, unsigned side_number,
                     uint64_t offset)
{
	struct tag tag = tag_of(&xmpp->sides[side_number].scanner);
	if (tag.is_declaration) {
		xmpp->is_over |= !is_xml_declaration(&tag);
		return;
	}
	if (!tag.is_close)
		take_open(stream, xmpp, side_number, &tag);
	/* A header that ends itself has been refused by kind_of(). */
	if ((tag.is_close || tag.is_empty) && !xmpp->is_over)
		take_close(stream, xmpp, side_number, &tag, offset);
}

/*
 * Both sides have agreed, or one has and the other was not captured: from here on it is TLS. The
 * asking side has to wait for <proceed/>, so all it sent until now is before its first TLS byte.
 */
static bool upgrade(struct stream *stream, struct xmpp *xmpp)
{
	const struct side *asking = &xmpp->sides[xmpp->opener],
	                  *answering = &xmpp->sides[!xmpp->opener];
	uint64_t offset[2];
	if (!answering->has_tls_offset)
		return false;
	offset[xmpp->opener] = asking->has_tls_offset ? asking->tls_offset : asking->next;
	offset[!xmpp->opener] = answering->tls_offset;
	stream_facts(stream)->is_starttls = true;
	stream_fact_bool(stream, &facts[FACT_STARTTLS], true);
	stream_open_inner(stream, offset);
	return true;
}

/*
 * Scans a side up to the agreement on TLS and no further: what follows is not XML. White space
 * after it still belongs to the clear stream. Returns true at a byte of TLS.
 */
static bool is_at_tls(struct side *side, struct reader *r)
{
	while (side->has_tls_offset && reader_left(r)) {
		if (!is_space(reader_peek(r)))
			return true;
		reader_skip(r, 1);
		side->tls_offset++;
	}
	return false;
}

static void take_bytes(struct stream *stream, struct xmpp *xmpp, unsigned side_number,
                       struct bytes bytes, uint64_t offset)
{
	struct side *side = &xmpp->sides[side_number];
	struct reader r = reader_of(bytes);
	while (reader_left(&r) && !xmpp->is_over && !is_at_tls(side, &r)) {
		enum scan scan = scan_next(&side->scanner, &r);
		if (scan == SCAN_BAD)
			xmpp->is_over = true;
		else if (scan == SCAN_TAG)
			take_tag(stream, xmpp, side_number, offset + r.at);
	}
	side->next = offset + bytes.len;
}

/*
 * The answering side was not captured, and the asking one goes on after <starttls/> with what is
 * not XML: it was told to proceed.
 */
static bool is_upgraded_unseen(struct xmpp *xmpp)
{
	struct side *asking = &xmpp->sides[xmpp->opener], *answering = &xmpp->sides[!xmpp->opener];
	if (!asking->has_tls_offset || asking->next <= asking->tls_offset || answering->next > 0)
		return false;
	answering->has_tls_offset = true;
	return true;
}

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                uint64_t offset, unsigned flags)
{
	struct xmpp *xmpp = stream_state(stream);
	if (flags & STREAM_GAP) {
		xmpp->is_over = true;
		return DETECT_DONE;
	}
	take_bytes(stream, xmpp, side, bytes, offset);
	if (xmpp->is_opener_known && !xmpp->is_over &&
	    (xmpp->sides[!xmpp->opener].has_tls_offset || is_upgraded_unseen(xmpp)) &&
	    upgrade(stream, xmpp))
		return DETECT_DONE;
	if (xmpp->sides[side].next >= DETECT_FIRST_BYTES)
		xmpp->is_over = true;
	return xmpp->is_over ? DETECT_DONE : DETECT_MORE;
}

/*
 * A side that answers without offering TLS will never speak it. Otherwise, neither upgraded nor
 * used in clear, the stream ended before its protection showed: the evidence is that of its
 * headers, so that the clear negotiation is not taken for clear content.
 */
static void on_end(struct stream *stream)
{
	struct xmpp *xmpp = stream_state(stream);
	if (!xmpp->is_opener_known)
		return;
	if (xmpp->has_features && !xmpp->is_offered)
		take_clear_content(stream, xmpp);
	if (xmpp->is_clear)
		return;
	stream_state_security(stream, SECURITY_UNKNOWN, EVIDENCE_HEADERS);
	if (!stream_facts(stream)->is_refused)
		stream_state_doubt(stream,
		                   stream_facts(stream)->has_gap ? DOUBT_GAP : DOUBT_HANDSHAKE_CUT);
}

const struct detector detector_xmpp = {
	.name = "xmpp",
	.help = "XMPP streams, clear or upgraded by STARTTLS",
	.facts = facts,
	.on_tcp = true,
	.state_size = sizeof(struct xmpp),
	.probe = probe,
	.on_data = on_data,
	.on_end = on_end,
};
