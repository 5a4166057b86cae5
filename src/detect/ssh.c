/*
 * SSH (RFC 4253 section 4.2) by its identification strings, which either side may send first. The
 * strings are all that is in clear. SSH brings its own protection, which is neither TLS nor none,
 * so the security slot is left alone. A server's greeting before its string is read past once the
 * client has shown that this is SSH.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"
#include "parts.h"

#define BANNER_MAX   255  /* with its CRLF */
#define GREETING_MAX 4096 /* bytes of lines before a banner */

enum { FACT_SOFTWARE };

static const struct fact_def facts[] = {
	[FACT_SOFTWARE] = { "ssh.software", FACT_TEXT,
	                    "software versions, as the banners name them", true },
	{ 0 },
};

static const char *const versions[] = { "SSH-2.0-", "SSH-1.99-", "SSH-1.5-" };

/* The software version of a whole banner without its line end; empty if it is none. */
static struct bytes software_of(struct bytes line)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		if (bytes_starts_with(line, bytes_from_text(versions[i])) &&
		    line.len < BANNER_MAX && bytes_are_printable(line))
			return bytes_until(bytes_skip(line, strlen(versions[i])), ' ');
	return BYTES(NULL, 0);
}

/* MINE: a banner. MORE: the beginning of one, or of anything. NOT_MINE: text before one, if this is
 * SSH. */
static enum detect_step probe_side(struct bytes first)
{
	struct bytes line;
	struct reader r = reader_of(first);
	if (reader_line(&r, &line))
		return software_of(line).len ? DETECT_MINE : DETECT_NOT_MINE;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct bytes version = bytes_from_text(versions[i]);
		if (bytes_starts_with(version, bytes_take(first, version.len)))
			return first.len <= BANNER_MAX ? DETECT_MORE : DETECT_NOT_MINE;
	}
	return DETECT_NOT_MINE;
}

/* One banner is enough: the other side may be greeting. A side that greets waits for the other's.
 */
static enum detect_step probe(const struct detect_view *view)
{
	enum detect_step steps[2] = { probe_side(view->first[0]), probe_side(view->first[1]) };
	if (steps[0] == DETECT_MINE || steps[1] == DETECT_MINE)
		return DETECT_MINE;
	for (unsigned side = 0; side < 2; side++) {
		struct bytes greeting = bytes_take(view->first[side], 64);
		bool is_text = bytes_are_printable(bytes_until(bytes_until(greeting, '\n'), '\r'));
		if (steps[side] == DETECT_NOT_MINE &&
		    (steps[!side] == DETECT_NOT_MINE || !is_text ||
		     view->first[side].len > GREETING_MAX))
			return DETECT_NOT_MINE;
	}
	return DETECT_MORE;
}

struct ssh {
	struct line lines[2];
	bool is_done[2];
};

static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                uint64_t offset, unsigned flags)
{
	struct ssh *ssh = stream_state(stream);
	struct bytes line;
	while (!ssh->is_done[side] && line_take(&ssh->lines[side], &bytes, &line)) {
		struct bytes software = software_of(line);
		if (software.len == 0)
			continue;
		ssh->is_done[side] = true;
		stream_state_protocol(stream, PROTOCOL_SSH, EVIDENCE_CONFIRMED);
		stream_fact_text(stream, &facts[FACT_SOFTWARE], software);
	}
	if (flags & STREAM_GAP || offset > GREETING_MAX)
		ssh->is_done[side] = true;
	return ssh->is_done[0] && ssh->is_done[1] ? DETECT_DONE : DETECT_MORE;
}

const struct detector detector_ssh = {
	.name = "ssh",
	.help = "SSH, by its banners",
	.facts = facts,
	.on_tcp = true,
	.state_size = sizeof(struct ssh),
	.probe = probe,
	.on_data = on_data,
};
