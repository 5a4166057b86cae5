/*
 * A growing text buffer. Failing to grow is remembered in is_failed and checked once, at the end.
 */
#ifndef PCAUDIT_BASE_STRBUF_H
#define PCAUDIT_BASE_STRBUF_H

#include "pcaudit/base/bytes.h"
#include "pcaudit/base/util.h"

struct strbuf {
	char *text; /* always NUL-terminated once something was added; NULL before */
	size_t len;
	size_t size;
	bool is_failed;
};

#define STRBUF_INIT ((struct strbuf){ 0 })

void strbuf_deinit(struct strbuf *buf);
void strbuf_clear(struct strbuf *buf); /* empties it, keeps its memory */
void strbuf_add(struct strbuf *buf, const char *text);
void strbuf_add_bytes(struct strbuf *buf, struct bytes bytes);
void strbuf_add_format(struct strbuf *buf, const char *format, ...) _printf_(2, 3);
/* The text, "" if empty. Borrowed. */
const char *strbuf_text(const struct strbuf *buf);

/*
 * Wire bytes as printable UTF-8: valid UTF-8 stays, control characters, quotes' trouble and
 * invalid bytes become \xNN. At most max_bytes of the input are shown, then "...".
 */
void strbuf_add_wire_text(struct strbuf *buf, struct bytes bytes, size_t max_bytes);

#endif
