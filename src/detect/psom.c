/*
 * PSOM ([MS-PSOM]), the web conferencing protocol, which is only ever spoken inside TLS; so only
 * what keys have opened is looked at. The specification publishes the roles and that a connection
 * is made of typed records and channel messages; that a connection begins with a record of type 37
 * that opens channel 0, and the other types, rest on one secondary description of it, and on no
 * capture: none is public. Hence no more than five bytes are asked of the opening side and one of
 * the other, and what is found is consistent with PSOM, never confirmed.
 *
 *	opening record  37 | channel 00 00 00 00
 *	other records   00 close, 04 set channel, 06 break, 16 message
 *
 * Whatever has a beginning that cannot be mistaken (SIP, HTTP, XMPP) is asked before.
 */
#include "pcaudit/base/reader.h"
#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"
#include "pcaudit/reassembler.h"
#include "parts.h"

#define OPENING BYTES_LITERAL("\x37\x00\x00\x00\x00")

static bool is_record(uint8_t type)
{
	static const uint8_t types[] = { 0x00, 0x04, 0x06, 0x16, 0x37 };
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i] == type)
			return true;
	return false;
}

static enum detect_step probe(const struct detect_view *view)
{
	struct bytes opening = OPENING;
	if (!view->is_decrypted)
		return DETECT_NOT_MINE;
	enum detect_step step = DETECT_NOT_MINE;
	for (unsigned side = 0; side < 2; side++) {
		struct bytes first = view->first[side], other = view->first[!side];
		bool is_other_silent = other.len == 0 && !view->is_full[!side];
		if (other.len && !is_record(byte_at(other, 0)))
			continue;
		if (bytes_starts_with(first, opening) && !is_other_silent)
			return DETECT_MINE;
		if (bytes_starts_with(opening, bytes_take(first, opening.len)))
			step = DETECT_MORE;
	}
	return step;
}

/* Both sides may open channels; the one seen first is the client's. */
static enum detect_step on_data(struct stream *stream, unsigned side, struct bytes bytes,
                                uint64_t offset, _unused_ unsigned flags)
{
	if (offset || !bytes_starts_with(bytes, BYTES_LITERAL("\x37")))
		return DETECT_MORE;
	stream_state_protocol(stream, PROTOCOL_PSOM, EVIDENCE_CONSISTENT);
	stream_state_opener(stream, side);
	return DETECT_DONE;
}

const struct detector detector_psom = {
	.name = "psom",
	.help = "PSOM web conferencing, inside TLS that keys have opened",
	.on_tcp = true,
	.probe = probe,
	.on_data = on_data,
};
