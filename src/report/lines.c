/*
 * Text for a terminal: lines no wider than asked, words not broken unless one alone is too wide,
 * colours only where they were asked for, and nothing from a capture or a file name that could
 * move a cursor. Columns are counted as code points: East Asian wide characters count as one.
 */
#include "report/priv.h"

#include <sys/ioctl.h>

static const char *const ink_codes[] = {
	[INK_PLAIN] = "",        [INK_ERROR] = "\033[1;31m", [INK_WARNING] = "\033[33m",
	[INK_INFO] = "\033[36m", [INK_GOOD] = "\033[1;32m",  [INK_TITLE] = "\033[1m",
	[INK_DIM] = "\033[2m",
};

/* Of the terminal that out is; 0: it is none, or does not tell. */
static unsigned columns_of(FILE *out)
{
	struct winsize size;
	int fd = fileno(out);

	return fd >= 0 && isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void lines_init(struct lines *lines, FILE *out, const struct report_options *options)
{
	unsigned asked = options->columns ? options->columns : columns_of(out);
	unsigned width = asked ? asked : LINES_MAX_WIDTH;

	*lines = (struct lines){ .out = out, .is_coloured = options->is_coloured };
	lines->width = MAX(LINES_MIN_WIDTH, MIN(width, LINES_MAX_WIDTH));
}

enum ink ink_of_severity(enum severity severity)
{
	return severity == SEVERITY_ERROR     ? INK_ERROR
	       : severity == SEVERITY_WARNING ? INK_WARNING
	                                      : INK_INFO;
}

void lines_add_safe(struct strbuf *out, const char *text)
{
	/* A backslash is no danger here, and paths have them. */
	for (;;) {
		size_t len = strcspn(text, "\\");
		strbuf_add_wire_text(out, BYTES((const uint8_t *)text, len), len);
		if (!text[len])
			return;
		strbuf_add(out, "\\");
		text += len + 1;
	}
}

size_t lines_columns(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Bytes of the first `columns` code points of text, at most len. */
static size_t bytes_of_columns(const char *text, size_t len, size_t columns)
{
	size_t i = 0;

	for (size_t n = 0; i < len; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80 && n++ == columns)
			break;
	return i;
}

/* ---- Breaking -------------------------------------------------------------------------------- */

struct pen {
	struct lines *lines;
	unsigned indent;
	size_t column;      /* of the next character */
	bool is_line_empty; /* nothing but the lead or the indent stands on it */
};

static void new_line(struct pen *pen)
{
	fprintf(pen->lines->out, "\n%*s", (int)pen->indent, "");
	pen->column = pen->indent;
	pen->is_line_empty = true;
}

static void put_word(struct pen *pen, const char *word, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0; i < len; i++)
		columns += ((unsigned char)word[i] & 0xc0) != 0x80;
	if (!pen->is_line_empty && pen->column + 1 + columns > pen->lines->width)
		new_line(pen);
	if (!pen->is_line_empty) {
		fputc(' ', pen->lines->out);
		pen->column++;
	}
	/* A word wider than a line is cut where the line ends. */
	while (pen->column + columns > pen->lines->width) {
		size_t room = pen->lines->width > pen->column ? pen->lines->width - pen->column : 0;
		size_t part = bytes_of_columns(word, len, room);
		fwrite(word, 1, part, pen->lines->out);
		word += part;
		len -= part;
		columns -= room;
		new_line(pen);
	}
	fwrite(word, 1, len, pen->lines->out);
	pen->column += columns;
	pen->is_line_empty = false;
}

static void put_words(struct pen *pen, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, " ");
		if (len)
			put_word(pen, text, len);
		text += len + strspn(text + len, " ");
	}
}

static void ink(struct lines *lines, enum ink colour, bool is_on)
{
	if (lines->is_coloured && colour != INK_PLAIN)
		fputs(is_on ? ink_codes[colour] : "\033[0m", lines->out);
}

void lines_put(struct lines *lines, enum ink colour, const char *lead, unsigned indent,
               const char *text)
{
	struct pen pen = { .lines = lines,
		           .indent = MIN(indent, lines->width / 2),
		           .is_line_empty = true };
	struct strbuf safe = STRBUF_INIT;

	ink(lines, colour, true);
	fputs(lead, lines->out);
	ink(lines, colour, false);
	pen.column = lines_columns(lead);
	lines_add_safe(&safe, text);
	lines->is_failed |= safe.is_failed;
	put_words(&pen, strbuf_text(&safe));
	fputc('\n', lines->out);
	strbuf_deinit(&safe);
}

void lines_put_all(struct lines *lines, enum ink colour, unsigned indent, const char *text)
{
	char lead[LINES_MAX_WIDTH + 1];

	ink(lines, colour, true);
	snprintf(lead, sizeof(lead), "%*s", (int)MIN(indent, lines->width / 2), "");
	lines_put(lines, INK_PLAIN, lead, indent, text);
	ink(lines, colour, false);
}

void lines_blank(struct lines *lines)
{
	fputc('\n', lines->out);
}

/* ---- Fitting a line
 * ------------------------------------------------------------------------------- */

void lines_add_sentences(struct strbuf *out, const char *text, size_t columns)
{
	size_t taken = 0, len = strlen(text);

	while (taken < len) {
		const char *stop = strstr(text + taken, ". ");
		size_t end = stop ? (size_t)(stop - text) + 1 : len, n = 0;
		for (size_t i = 0; i < end; i++)
			n += ((unsigned char)text[i] & 0xc0) != 0x80;
		if (taken && n > columns)
			break;
		taken = end;
		if (stop)
			taken++;
	}
	while (taken && text[taken - 1] == ' ')
		taken--;
	strbuf_add_bytes(out, BYTES((const uint8_t *)text, taken));
}

void lines_add_cut(struct strbuf *out, const char *text, size_t columns)
{
	size_t len = strlen(text);

	if (lines_columns(text) <= columns || columns < 4) {
		strbuf_add(out, text);
		return;
	}
	size_t end = bytes_of_columns(text, len, columns - 3), word = end;
	while (word > end / 2 && text[word] != ' ')
		word--;
	if (text[word] == ' ')
		end = word;
	while (end && (text[end - 1] == ' ' || text[end - 1] == ','))
		end--;
	strbuf_add_bytes(out, BYTES((const uint8_t *)text, end));
	strbuf_add(out, "...");
}
