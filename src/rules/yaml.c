/*
 * YAML text to a small tree in which every node knows its line and column.
 *
 * Packs and sites are written by people, so the parser's events are used and not a binding to C
 * structs: only events carry marks, and without marks there is no message a person can act on.
 * The tree is bounded (depth, nodes, scalar, file), since a site file may come from anywhere.
 *
 * Of YAML 1.1 and 1.2 this takes mappings, lists and scalars of one document. Anchors, aliases
 * and tags are refused: what a rule says must stand where the rule stands. All scalars are text;
 * what they mean is decided by value.c, so "no", "08" and "1:30" have no surprises. JSON is read
 * as far as it is YAML.
 */
#include <errno.h>
#include <stdarg.h>
#include <yaml.h>

#include "priv.h"

enum { YAML_ARENA_BYTES = 96 * 1024 * 1024 };

struct builder {
	struct yaml *yaml;
	struct err *err;
	struct node *stack[YAML_MAX_DEPTH];
	int depth;
	size_t n_nodes;
	struct node *key; /* read, and waiting for its value */
	bool has_document;
};

static int fail(struct builder *b, size_t line, const char *format, ...) _printf_(3, 4);

static int fail(struct builder *b, size_t line, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	err_set(b->err, "%s:%zu: %s", b->yaml->file, line, text);
	return RULES_E_INVALID;
}

static struct bytes line_of(struct bytes text, int line)
{
	for (int i = 1; i < line; i++) {
		ptrdiff_t at = bytes_find(text, BYTES_LITERAL("\n"));
		if (at < 0)
			return BYTES(NULL, 0);
		text = bytes_skip(text, (size_t)at + 1);
	}
	ptrdiff_t end = bytes_find(text, BYTES_LITERAL("\n"));
	return end < 0 ? text : bytes_take(text, (size_t)end);
}

/* True if the token, possibly with the colon of a key behind it, is an IPv6 address or prefix. */
static bool is_ipv6(struct bytes token, char out[PREFIX_TEXT_SIZE])
{
	struct prefix prefix;
	for (size_t cut = 0; cut < 2; cut++) {
		struct bytes part = bytes_take(token, token.len > cut ? token.len - cut : 0);
		if (part.len < 2 || part.len >= PREFIX_TEXT_SIZE ||
		    memchr(part.data, ':', part.len) == NULL)
			return false;
		memcpy(out, part.data, part.len);
		out[part.len] = '\0';
		if (prefix_parse(&prefix, out))
			return true;
	}
	return false;
}

const char *yaml_ipv6_hint(struct bytes text, int line, char buffer[YAML_HINT_SIZE])
{
	static const char letters[] = "0123456789abcdefABCDEF:./";
	char found[PREFIX_TEXT_SIZE];
	struct bytes rest = bytes_take(line_of(text, line), 4096);
	uint8_t quote = 0;
	buffer[0] = '\0';
	while (rest.len > 0) {
		uint8_t c = rest.data[0];
		size_t n = 0;
		while (n < rest.len && rest.data[n] && strchr(letters, rest.data[n]))
			n++;
		if (!quote && is_ipv6(bytes_take(rest, n), found)) {
			snprintf(buffer, YAML_HINT_SIZE,
			         " (an IPv6 address must be quoted: \"%s\")", found);
			break;
		}
		if (c == quote)
			quote = 0;
		else if (!quote && (c == '"' || c == '\''))
			quote = c;
		else if (!quote && c == '#')
			break;
		rest = bytes_skip(rest, n ? n : 1);
	}
	return buffer;
}

/* True if a tab stands in the indentation. */
static bool is_tab_indented(struct bytes line)
{
	while (bytes_starts_with(line, BYTES_LITERAL(" ")))
		line = bytes_skip(line, 1);
	return bytes_starts_with(line, BYTES_LITERAL("\t"));
}

/* The reader's own errors have an offset and no mark. */
static size_t line_at(struct bytes text, size_t offset)
{
	struct bytes before = bytes_take(text, offset);
	size_t line = 1;
	for (size_t i = 0; i < before.len; i++)
		line += before.data[i] == '\n';
	return line;
}

static int fail_parser(struct builder *b, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		return fail(b, line_at(b->yaml->text, parser->problem_offset), "not UTF-8 text: %s",
		            parser->problem);
	size_t line = parser->problem_mark.line + 1;
	char hint[YAML_HINT_SIZE];
	bool has_tab = is_tab_indented(line_of(b->yaml->text, (int)line));
	return fail(b, line, "not YAML at column %zu: %s%s%s", parser->problem_mark.column + 1,
	            parser->problem, has_tab ? " (indent with blanks, not tabs)" : "",
	            yaml_ipv6_hint(b->yaml->text, (int)line, hint));
}

static int compare_keys(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a;
	const struct node *y = *(const struct node *const *)b;
	int order = strcmp(x->key->text, y->key->text);
	if (order != 0)
		return order;
	if (x->key->line != y->key->line)
		return x->key->line < y->key->line ? -1 : 1;
	return (x->key->column > y->key->column) - (x->key->column < y->key->column);
}

/* Sorted, because comparing each key with each other is quadratic in a hostile file. */
static int check_duplicate_keys(struct builder *b, const struct node *map)
{
	char shown[VALUE_SHOWN_SIZE];
	if (map->n_children < 2)
		return 0;
	_cleanup_(freep) const struct node **sorted = calloc(map->n_children, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	size_t n = 0;
	for (const struct node *child = map->first; child; child = child->next)
		sorted[n++] = child;
	qsort(sorted, n, sizeof(*sorted), compare_keys);
	for (size_t i = 1; i < n; i++) {
		const struct node *key = sorted[i]->key;
		if (strcmp(sorted[i - 1]->key->text, key->text) == 0)
			return fail(b, (size_t)key->line,
			            "key \"%s\" stands twice, first in line %d",
			            value_shown(key->text, shown), sorted[i - 1]->key->line);
	}
	return 0;
}

static int new_node(struct builder *b, struct node **out, enum node_type type,
                    const yaml_event_t *event)
{
	size_t line = event->start_mark.line + 1;
	if (++b->n_nodes > YAML_MAX_NODES)
		return fail(b, line, "more than %d values", YAML_MAX_NODES);
	struct node *node = arena_alloc(&b->yaml->arena, sizeof(*node));
	if (!node)
		return -ENOMEM;
	node->type = type;
	node->line = (int)line;
	node->column = (int)event->start_mark.column + 1;
	*out = node;
	return 0;
}

/* Puts a finished scalar, or a list or map just begun, where it belongs. */
static int attach(struct builder *b, struct node *node)
{
	if (b->depth == 0) {
		b->yaml->root = node;
		return 0;
	}
	struct node *top = b->stack[b->depth - 1];
	if (top->type == NODE_MAP && !b->key) {
		char hint[YAML_HINT_SIZE];
		if (node->type != NODE_SCALAR)
			return fail(b, (size_t)node->line, "a key must be text, found a %s%s",
			            node->type == NODE_LIST ? "list" : "mapping",
			            yaml_ipv6_hint(b->yaml->text, node->line, hint));
		node->key = top->key;
		b->key = node;
		return 0;
	}
	node->key = top->type == NODE_MAP ? b->key : top->key;
	b->key = NULL;
	if (top->last)
		top->last->next = node;
	else
		top->first = node;
	top->last = node;
	top->n_children++;
	return 0;
}

static int check_plain(struct builder *b, const yaml_event_t *event, const yaml_char_t *anchor,
                       const yaml_char_t *tag)
{
	size_t line = event->start_mark.line + 1;
	if (anchor)
		return fail(b, line, "anchors (&%.40s) are not allowed", (const char *)anchor);
	if (tag)
		return fail(b, line, "tags (%.40s) are not allowed", (const char *)tag);
	return 0;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
	size_t line = event->start_mark.line + 1;
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	int r = check_plain(b, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (r)
		return r;
	if (len > YAML_MAX_SCALAR_BYTES)
		return fail(b, line, "text of more than %d bytes", YAML_MAX_SCALAR_BYTES);
	if (memchr(text, '\0', len))
		return fail(b, line, "text with a NUL character");
	struct node *node = NULL;
	r = new_node(b, &node, NODE_SCALAR, event);
	if (r)
		return r;
	node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_strndup(&b->yaml->arena, text, len);
	return node->text ? attach(b, node) : -ENOMEM;
}

static int on_start(struct builder *b, const yaml_event_t *event, enum node_type type)
{
	bool is_list = type == NODE_LIST;
	int r = check_plain(
	        b, event,
	        is_list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor,
	        is_list ? event->data.sequence_start.tag : event->data.mapping_start.tag);
	if (r)
		return r;
	if (b->depth == YAML_MAX_DEPTH)
		return fail(b, event->start_mark.line + 1, "nested more than %d deep",
		            YAML_MAX_DEPTH);
	struct node *node = NULL;
	r = new_node(b, &node, type, event);
	if (r == 0)
		r = attach(b, node);
	if (r == 0)
		b->stack[b->depth++] = node;
	return r;
}

static int on_end(struct builder *b)
{
	const struct node *top = b->stack[--b->depth];
	return top->type == NODE_MAP ? check_duplicate_keys(b, top) : 0;
}

static int on_document(struct builder *b, const yaml_event_t *event)
{
	if (b->has_document)
		return fail(b, event->start_mark.line + 1, "a second document; a file holds one");
	if (event->data.document_start.tag_directives.start !=
	    event->data.document_start.tag_directives.end)
		return fail(b, event->start_mark.line + 1, "tags (%%TAG) are not allowed");
	b->has_document = true;
	return 0;
}

static int on_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(b, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(b, event, NODE_LIST);
	case YAML_MAPPING_START_EVENT:
		return on_start(b, event, NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(b);
	case YAML_ALIAS_EVENT:
		return fail(b, event->start_mark.line + 1, "aliases (*%.40s) are not allowed",
		            (const char *)event->data.alias.anchor);
	default:
		return 0;
	}
}

static int parse(struct builder *b, yaml_parser_t *parser)
{
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event))
			return fail_parser(b, parser);
		int r = on_event(b, &event);
		bool is_end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
		if (r || is_end)
			return r;
	}
}

int yaml_read(struct yaml *yaml, const char *file, struct bytes text, struct err *err)
{
	struct builder b = { .yaml = yaml, .err = err };
	yaml_parser_t parser;

	*yaml = (struct yaml){ .file = file, .text = text };
	arena_init(&yaml->arena, YAML_ARENA_BYTES);
	if (text.len > YAML_MAX_FILE_BYTES)
		return fail(&b, 1, "more than %d MiB", YAML_MAX_FILE_BYTES >> 20);
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, text.data ? text.data : (const uint8_t *)"",
	                             text.len);
	int r = parse(&b, &parser);
	yaml_parser_delete(&parser);
	if (r == 0 && !yaml->root)
		return fail(&b, 1, "the file is empty");
	return r;
}

void yaml_deinit(struct yaml *yaml)
{
	arena_deinit(&yaml->arena);
	*yaml = (struct yaml){ 0 };
}

const char *rules_library_version(char buffer[64])
{
	snprintf(buffer, 64, "libyaml %s", yaml_get_version_string());
	return buffer;
}
