/*
 * json-c behind a few functions that cannot be used wrongly: a value that could not be made is
 * remembered once, in struct values, instead of being asked for at every key; without that, json-c
 * would write null where memory ran out.
 *
 * Text is UTF-8 whatever came in. Keys come out in the order they were put, which json-c keeps.
 */
#include "report/priv.h"

#define PLAIN  (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
#define SPACED (JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)

/* ---- Making values --------------------------------------------------------------------------- */

static struct json_object *made(struct values *values, struct json_object *value)
{
	if (!value)
		values->is_failed = true;
	return value;
}

struct json_object *values_object(struct values *values)
{
	return made(values, json_object_new_object());
}

struct json_object *values_array(struct values *values)
{
	return made(values, json_object_new_array());
}

struct json_object *values_number(struct values *values, uint64_t number)
{
	return made(values, json_object_new_uint64(number));
}

static struct json_object *wire_text(struct values *values, struct bytes text)
{
	struct strbuf buf = STRBUF_INIT;

	strbuf_add_wire_text(&buf, text, text.len);
	values->is_failed |= buf.is_failed;
	struct json_object *value =
	        made(values, json_object_new_string_len(strbuf_text(&buf), (int)buf.len));
	strbuf_deinit(&buf);
	return value;
}

struct json_object *values_text(struct values *values, const char *text)
{
	struct strbuf buf = STRBUF_INIT;

	lines_add_safe(&buf, text);
	values->is_failed |= buf.is_failed;
	struct json_object *value =
	        made(values, json_object_new_string_len(strbuf_text(&buf), (int)buf.len));
	strbuf_deinit(&buf);
	return value;
}

/* ---- Putting them together ------------------------------------------------------------------- */

static void put_any(struct values *values, struct json_object *object, const char *key,
                    struct json_object *value)
{
	if (!object || json_object_object_add(object, key, value) != 0) {
		values->is_failed = true;
		json_object_put(value);
	}
}

void values_put(struct values *values, struct json_object *object, const char *key,
                struct json_object *value)
{
	put_any(values, object, key, made(values, value));
}

void values_append(struct values *values, struct json_object *array, struct json_object *value)
{
	if (!array || !made(values, value) || json_object_array_add(array, value) != 0) {
		values->is_failed = true;
		json_object_put(value);
	}
}

void values_put_null(struct values *values, struct json_object *object, const char *key)
{
	put_any(values, object, key, NULL);
}

void values_put_text(struct values *values, struct json_object *object, const char *key,
                     const char *text)
{
	if (text)
		values_put(values, object, key, values_text(values, text));
	else
		values_put_null(values, object, key);
}

void values_put_known(struct values *values, struct json_object *object, const char *key,
                      const char *text)
{
	if (text && *text)
		values_put_text(values, object, key, text);
}

void values_put_wire(struct values *values, struct json_object *object, const char *key,
                     struct bytes text)
{
	values_put(values, object, key, wire_text(values, text));
}

void values_put_number(struct values *values, struct json_object *object, const char *key,
                       uint64_t number)
{
	values_put(values, object, key, values_number(values, number));
}

void values_put_signed(struct values *values, struct json_object *object, const char *key,
                       int64_t number)
{
	values_put(values, object, key, json_object_new_int64(number));
}

void values_put_bool(struct values *values, struct json_object *object, const char *key, bool value)
{
	values_put(values, object, key, json_object_new_boolean(value));
}

void values_put_time(struct values *values, struct json_object *object, const char *key,
                     bool is_known, int64_t time_ns)
{
	char text[36];

	values_put_text(values, object, key, is_known ? report_time_text(time_ns, text) : NULL);
}

void values_put_digest(struct values *values, struct json_object *object, const char *key,
                       const uint8_t sha256[32])
{
	char text[65];

	for (unsigned i = 0; sha256 && i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", sha256[i]);
	values_put_text(values, object, key, sha256 ? text : NULL);
}

/* ---- Printing -------------------------------------------------------------------------------- */

static void print_one_line(struct values *values, FILE *out, struct json_object *object, int flags)
{
	size_t len = 0;
	const char *text = json_object_to_json_string_length(object, flags, &len);

	if (!text)
		values->is_failed = true;
	else
		fwrite(text, 1, len, out);
}

static bool is_list_of_objects(struct json_object *value)
{
	return json_object_is_type(value, json_type_array) && json_object_array_length(value) &&
	       json_object_is_type(json_object_array_get_idx(value, 0), json_type_object);
}

static void print_list(struct values *values, FILE *out, struct json_object *list, unsigned indent)
{
	size_t n = json_object_array_length(list);

	fputs("[\n", out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%*s", (int)indent + 2, "");
		print_one_line(values, out, json_object_array_get_idx(list, i), SPACED);
		fputs(i + 1 < n ? ",\n" : "\n", out);
	}
	fprintf(out, "%*s]", (int)indent, "");
}

static void print_members(struct values *values, FILE *out, struct json_object *object,
                          unsigned indent)
{
	bool is_first = true;

	fputs("{\n", out);
	/* Not json-c's foreach: it is no standard C. */
	struct json_object_iterator at = json_object_iter_begin(object);
	struct json_object_iterator end = json_object_iter_end(object);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *key = json_object_iter_peek_name(&at);
		struct json_object *value = json_object_iter_peek_value(&at);
		fprintf(out, "%s%*s\"%s\": ", is_first ? "" : ",\n", (int)indent + 2, "", key);
		if (is_list_of_objects(value))
			print_list(values, out, value, indent + 2);
		else
			print_one_line(values, out, value, SPACED);
		is_first = false;
	}
	fprintf(out, "\n%*s}", (int)indent, "");
}

void values_print(struct values *values, FILE *out, struct json_object *object,
                  enum json_layout layout, unsigned indent)
{
	if (layout == JSON_ONE_LINE)
		print_one_line(values, out, object, PLAIN);
	else if (layout == JSON_MEMBERS && is_list_of_objects(object))
		print_list(values, out, object, indent);
	else if (layout == JSON_MEMBERS && json_object_is_type(object, json_type_object))
		print_members(values, out, object, indent);
	else
		print_one_line(values, out, object, SPACED);
}

int values_put_line(struct values *values, FILE *out, struct json_object *object)
{
	size_t len = 0;
	const char *text =
	        values->is_failed ? NULL
	                          : json_object_to_json_string_length(object, PLAIN, &len);

	if (text) {
		fwrite(text, 1, len, out);
		fputc('\n', out);
	}
	json_object_put(object);
	return text ? 0 : -ENOMEM;
}
