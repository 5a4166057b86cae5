/*
 * JSON values: text is always UTF-8, and what could not be made is not forgotten.
 */
#include "report_samples.h"

static char *one(void (*fill)(struct values *values, struct json_object *object))
{
	struct values values = { 0 };
	struct json_object *object = values_object(&values);

	fill(&values, object);
	cr_assert_not(values.is_failed);
	return sample_json(object);
}

static void fill_texts(struct values *v, struct json_object *o)
{
	values_put_text(v, o, "path", "C:\\x/y");
	values_put_text(v, o, "cells", "前端");
	values_put_text(v, o, "broken", "a\xff\xc3");
	values_put_text(v, o, "control", "a\x1b\n\"b");
	values_put_text(v, o, "none", NULL);
	values_put_wire(v, o, "wire", BYTES((const uint8_t *)"a\0\\\xe2\x80\xae", 6));
}

Test(report_json_values, texts)
{
	expect_text(one(fill_texts),
	            "{\"path\":\"C:\\\\x/y\",\"cells\":\"前端\",\"broken\":\"a\\\\xff\\\\xc3\","
	            "\"control\":\"a\\\\x1b\\\\x0a\\\"b\",\"none\":null,"
	            "\"wire\":\"a\\\\x00\\\\x5c\\\\xe2\\\\x80\\\\xae\"}");
}

static void fill_numbers(struct values *v, struct json_object *o)
{
	uint8_t digest[32] = { 0x01, 0xff };

	values_put_number(v, o, "most", UINT64_MAX);
	values_put_signed(v, o, "least", INT64_MIN);
	values_put_bool(v, o, "yes", true);
	values_put_time(v, o, "at", true, SAMPLE_START);
	values_put_time(v, o, "never", false, SAMPLE_START);
	values_put_digest(v, o, "sha256", digest);
	values_put_digest(v, o, "unhashed", NULL);
}

Test(report_json_values, numbers)
{
	expect_text(
	        one(fill_numbers),
	        "{\"most\":18446744073709551615,\"least\":-9223372036854775808,\"yes\":true,"
	        "\"at\":\"2026-03-01T10:00:00.000000000Z\",\"never\":null,"
	        "\"sha256\":\"01ff000000000000000000000000000000000000000000000000000000000000\","
	        "\"unhashed\":null}");
}

Test(report_json_values, a_value_that_could_not_be_made_is_a_failure)
{
	struct values values = { 0 };
	struct json_object *object = values_object(&values), *array = values_array(&values);

	values_put(&values, object, "x", NULL);
	cr_expect(values.is_failed);
	values.is_failed = false;
	values_append(&values, array, NULL);
	cr_expect(values.is_failed);
	values.is_failed = false;
	values_put_text(&values, NULL, "x", "y"); /* the object itself could not be made */
	cr_expect(values.is_failed);
	json_object_put(object);
	json_object_put(array);
}

Test(report_json_values, layouts)
{
	struct json_object *object = json_tokener_parse(
	        "{\"a\":1,\"b\":[1,2],\"c\":[{\"d\":1},{\"d\":2}],\"e\":{\"f\":null},\"g\":[]}");
	static const char *const wanted[] = {
		[JSON_ONE_LINE] = "{\"a\":1,\"b\":[1,2],\"c\":[{\"d\":1},{\"d\":2}],\"e\":{\"f\":"
		                  "null},\"g\":[]}",
		[JSON_SPACED] = "{ \"a\": 1, \"b\": [ 1, 2 ], \"c\": [ { \"d\": 1 }, { \"d\": 2 } "
		                "], \"e\": { \"f\": null }, \"g\": [ ] }",
		[JSON_MEMBERS] = "{\n    \"a\": 1,\n    \"b\": [ 1, 2 ],\n    \"c\": [\n      { "
		                 "\"d\": 1 },\n      { \"d\": 2 }\n    ],\n"
		                 "    \"e\": { \"f\": null },\n    \"g\": [ ]\n  }",
	};

	for (unsigned layout = 0; layout < ARRAY_SIZE(wanted); layout++) {
		struct values values = { 0 };
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);
		values_print(&values, out, object, (enum json_layout)layout, 2);
		fclose(out);
		cr_expect_not(values.is_failed);
		expect_text(text, wanted[layout]);
	}
	json_object_put(object);
}
