/*
 * The file transfer of Office Communicator and Lync between clients, which its invitation calls
 * MSN_SECURE_FTP. No published specification describes its bytes; what is read here is what public
 * clients that speak it send. The receiver connects, and both name the protocol before anything
 * else, which no other messenger does with this name (theirs is MSNFTP), so the first line of one
 * side is proof.
 *
 *	receiver  VER MSN_SECURE_FTP | USR name cookie | TFR | BYE 16777989 (done) or CCL
 *	sender    VER MSN_SECURE_FTP | FIL size | chunks | MAC digest
 *	chunk     00 | length 16 (little endian) | that many bytes;   01 instead: cancelled
 *
 * The file itself is encrypted by its own means and is skipped, so the security slot says none and
 * nothing of the file is stated but its size. The cookie is a password and is never stated. Of a
 * file of more bytes than a detector is shown, the end is not seen.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"
#include "parts.h"

#define OPENING      BYTES_LITERAL("VER MSN_SECURE_FTP\r\n")
#define CHUNK_HEADER 3

enum { FACT_SIZE, FACT_FINISHED, FACT_CANCELLED, FACT_RECEIVER };

static const struct fact_def facts[] = {
	[FACT_SIZE] = { "file_transfer.size", FACT_NUMBER, "size of the file, as its sender says",
	                false },
	[FACT_FINISHED] = { "file_transfer.finished", FACT_BOOL,
	                    "the receiver said that it has the file", false },
	[FACT_CANCELLED] = { "file_transfer.cancelled", FACT_BOOL, "either side gave up", false },
	[FACT_RECEIVER] = { "file_transfer.receiver", FACT_TEXT,
	                    "domain of the receiver's address; the whole with --identities",
	                    false },
	{ 0 },
};

/* ---- How it looks ---------------------------------------------------------------------------- */

static enum detect_step probe_side(struct bytes first)
{
	struct bytes opening = OPENING;
	if (bytes_starts_with(first, opening))
		return DETECT_MINE;
	return bytes_starts_with(opening, first) ? DETECT_MORE : DETECT_NOT_MINE;
}

static enum detect_step probe(const struct detect_view *view)
{
	return parts_join(view, probe_side(view->first[0]), probe_side(view->first[1]));
}

/* ---- Reading on ------------------------------------------------------------------------------ */

struct side {
	struct line line;
	uint8_t header[CHUNK_HEADER]; /* of a chunk, in the making */
	uint8_t len_header;
	uint16_t chunk_left;
	bool is_in_file; /* chunks come, not lines */
	uint64_t file_left;
};

struct file_transfer {
	struct side sides[2];
	bool is_stated, is_over;
};

static void end(struct stream *stream, struct file_transfer *transfer, unsigned fact)
{
	stream_fact_bool(stream, &facts[fact], true);
	transfer->is_over = true;
}

/* "USR alice@contoso.example 1234" */
static void take_user(struct stream *stream, struct bytes rest)
{
	struct bytes name = bytes_until(rest, ' ');
	struct bytes user = bytes_until(name, '@');
	bool is_address = user.len < name.len && bytes_are_printable(name);
	if (is_address && stream_wants_identities(stream))
		stream_fact_text(stream, &facts[FACT_RECEIVER], name);
	else if (is_address)
		stream_fact_text(stream, &facts[FACT_RECEIVER], bytes_skip(name, user.len + 1));
}

/* FIL: what follows on this side is the file. */
static void take_size(struct stream *stream, struct side *side, struct bytes rest)
{
	uint32_t size;
	if (!bytes_to_number(bytes_trim(rest), UINT32_MAX, &size))
		return;
	stream_fact_number(stream, &facts[FACT_SIZE], size);
	side->file_left = size;
	side->is_in_file = size > 0;
}

static void take_bye(struct stream *stream, struct file_transfer *transfer, struct bytes rest)
{
	bool is_finished = bytes_equal(rest, BYTES_LITERAL("16777989"));
	if (is_finished || bytes_equal(rest, BYTES_LITERAL("2164261682")))
		end(stream, transfer, is_finished ? FACT_FINISHED : FACT_CANCELLED);
	transfer->is_over = true;
}

static void take_line(struct stream *stream, struct file_transfer *transfer, unsigned side,
                      struct bytes line)
{
	struct bytes word = bytes_until(line, ' ');
	struct bytes rest = bytes_skip(line, word.len + 1);
	bool is_receivers = true;
	if (!transfer->is_stated) {
		transfer->is_stated = true;
		stream_state_protocol(stream, PROTOCOL_FILE_TRANSFER, EVIDENCE_CONFIRMED);
		stream_state_security(stream, SECURITY_NONE, EVIDENCE_CONFIRMED);
	}
	if (bytes_equal(word, BYTES_LITERAL("VER")))
		return;
	if (bytes_equal(word, BYTES_LITERAL("USR"))) {
		take_user(stream, rest);
	} else if (bytes_equal(word, BYTES_LITERAL("BYE"))) {
		take_bye(stream, transfer, rest);
	} else if (bytes_equal(word, BYTES_LITERAL("CCL"))) {
		end(stream, transfer, FACT_CANCELLED);
	} else if (bytes_equal(word, BYTES_LITERAL("FIL"))) {
		is_receivers = false;
		take_size(stream, &transfer->sides[side], rest);
	} else if (!bytes_equal(word, BYTES_LITERAL("TFR"))) {
		transfer->is_over = true; /* MAC, or nothing we know */
		return;
	}
	stream_state_opener(stream, is_receivers ? side : !side);
}

/* A part of the file; takes it off *rest. */
static void take_chunk(struct stream *stream, struct file_transfer *transfer, struct side *side,
                       struct bytes *rest)
{
	if (side->chunk_left) {
		struct bytes part = bytes_take(*rest, side->chunk_left);
		*rest = bytes_skip(*rest, part.len);
		side->chunk_left -= (uint16_t)part.len;
		side->file_left -= MIN(side->file_left, (uint64_t)part.len);
		side->is_in_file = side->file_left > 0 || side->chunk_left > 0;
		return;
	}
	struct reader r = reader_of(*rest);
	side->header[side->len_header++] = reader_u8(&r);
	*rest = reader_rest(&r);
	if (side->header[0] == 1)
		end(stream, transfer, FACT_CANCELLED);
	else if (side->header[0] != 0)
		transfer->is_over = true;
	if (side->len_header < CHUNK_HEADER)
		return;
	side->len_header = 0;
	struct reader length = reader_of(BYTES(side->header + 1, CHUNK_HEADER - 1));
	side->chunk_left = reader_le16(&length);
}

static enum detect_step on_data(struct stream *stream, unsigned side_number, struct bytes bytes,
                                _unused_ uint64_t offset, unsigned flags)
{
	struct file_transfer *transfer = stream_state(stream);
	struct side *side = &transfer->sides[side_number];
	struct bytes line;
	if (flags & STREAM_GAP)
		return DETECT_DONE;
	while (bytes.len && !transfer->is_over) {
		if (side->is_in_file)
			take_chunk(stream, transfer, side, &bytes);
		else if (line_take(&side->line, &bytes, &line))
			take_line(stream, transfer, side_number, line);
	}
	return transfer->is_over ? DETECT_DONE : DETECT_MORE;
}

const struct detector detector_file_transfer = {
	.name = "file_transfer",
	.help = "file transfer between clients (MSN_SECURE_FTP)",
	.facts = facts,
	.on_tcp = true,
	.state_size = sizeof(struct file_transfer),
	.probe = probe,
	.on_data = on_data,
};
