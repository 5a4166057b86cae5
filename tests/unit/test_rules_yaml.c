/* The tree: positions, bounds, and what is refused. */
#include "rules_text.h"

#include "pcaudit/base/strbuf.h"
#include "rules/priv.h"

static int read_text(struct yaml *yaml, const char *text, struct err *err)
{
	*err = (struct err){ 0 };
	return yaml_read(yaml, "s.yaml", bytes_from_text(text), err);
}

Test(rules_yaml, nodes_keep_line_and_column)
{
	_cleanup_(yaml_deinit) struct yaml yaml;
	struct err err;
	cr_assert_eq(read_text(&yaml, "a: 1\nb:\n  - x\n  - {c: 'no'}\n", &err), 0);
	const struct node *a = yaml.root->first, *b = a->next;
	cr_assert_eq(yaml.root->type, NODE_MAP);
	cr_assert_eq(yaml.root->n_children, 2);
	cr_assert_str_eq(a->key->text, "a");
	cr_assert_str_eq(a->text, "1");
	cr_assert(a->is_plain);
	cr_assert_eq(a->line, 1);
	cr_assert_eq(a->column, 4);
	cr_assert_eq(b->key->line, 2);
	cr_assert_eq(b->type, NODE_LIST);
	cr_assert_eq(b->first->line, 3);
	cr_assert_eq(b->first->column, 5);
	cr_assert_str_eq(b->first->key->text, "b");
	const struct node *c = b->first->next->first;
	cr_assert_str_eq(c->text, "no");
	cr_assert_not(c->is_plain);
	cr_assert_eq(c->line, 4);
	cr_assert_eq(c->column, 9);
}

Test(rules_yaml, reads_json)
{
	_cleanup_(yaml_deinit) struct yaml yaml;
	struct err err;
	cr_assert_eq(read_text(&yaml, "{\"a\":[1,2],\n \"b\" : {\"c\": true}}", &err), 0);
	cr_assert_eq(yaml.root->first->n_children, 2);
	cr_assert_str_eq(yaml.root->first->next->first->key->text, "c");
}

Test(rules_yaml, refuses_with_position)
{
	static const struct text_case cases[] = {
		{ "a: 1\nb: 2\na: 3\n", "s.yaml:3: key \"a\" stands twice, first in line 1" },
		{ "x: {b: 1, c: 2, b: 3}\n", "s.yaml:1: key \"b\" stands twice, first in line 1" },
		{ "a: 1\nb: *name\n", "s.yaml:2: aliases (*name) are not allowed" },
		{ "a: &name 1\n", "s.yaml:1: anchors (&name) are not allowed" },
		{ "a: &name [1]\n", "s.yaml:1: anchors (&name) are not allowed" },
		{ "\na: !!str 1\n", "s.yaml:2: tags (tag:yaml.org,2002:str) are not allowed" },
		{ "a: !mine {b: 1}\n", "s.yaml:1: tags (!mine) are not allowed" },
		{ "%TAG ! tag:x:\n---\na: 1\n", "s.yaml:1: tags (%TAG) are not allowed" },
		{ "a: 1\n---\nb: 1\n", "s.yaml:2: a second document; a file holds one" },
		{ "", "s.yaml:1: the file is empty" },
		{ "# only a comment\n", "s.yaml:1: the file is empty" },
		{ "a: \"x\\0y\"\n", "s.yaml:1: text with a NUL character" },
		{ "? [a]\n: b\n", "s.yaml:1: a key must be text, found a list" },
		{ "? {a: b}\n: b\n", "s.yaml:1: a key must be text, found a mapping" },
		{ "a: [1, 2\nb: 3\n",
		  "s.yaml:2: not YAML at column 2: did not find expected ',' or ']'" },
		{ "a:\n\tb: 1\n", "s.yaml:2: not YAML at column 1: found character that cannot "
		                  "start any token (indent with blanks, not tabs)" },
		{ "a: 1\nb: \xff\n", "s.yaml:2: not UTF-8 text: invalid leading UTF-8 octet" },
		{ "a: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n", "s.yaml:1: nested more than 16 deep" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(yaml_deinit) struct yaml yaml;
		struct err err;
		int r = read_text(&yaml, cases[i].text, &err);
		cr_expect_eq(r, RULES_E_INVALID, "%s", cases[i].text);
		cr_expect_str_eq(err.text, cases[i].message, "%s", err.text);
	}
}

Test(rules_yaml, sixteen_deep_is_enough)
{
	_cleanup_(yaml_deinit) struct yaml yaml;
	struct err err;
	cr_assert_eq(read_text(&yaml, "a: [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]\n", &err), 0);
}

Test(rules_yaml, hints_at_an_unquoted_ipv6_address)
{
	static const struct text_case cases[] = {
		{ "networks: [::1]\n",
		  "s.yaml:1: not YAML at column 12: did not find expected node content "
		  "(an IPv6 address must be quoted: \"::1\")" },
		{ "a: x\nb: [2001:db8::]\n",
		  "s.yaml:2: not YAML at column 14: found unexpected ':' "
		  "(an IPv6 address must be quoted: \"2001:db8::\")" },
		{ "b: 2001:db8::\n",
		  "s.yaml:1: not YAML at column 13: mapping values are not allowed in this context "
		  "(an IPv6 address must be quoted: \"2001:db8::\")" },
		{ "nat: {2001:db8::1: ::2}\n",
		  "s.yaml:1: not YAML at column 20: did not find expected node content "
		  "(an IPv6 address must be quoted: \"2001:db8::1\")" },
		{ "b: {'2001:db8::1': ::2}\n",
		  "s.yaml:1: not YAML at column 20: did not find expected node content "
		  "(an IPv6 address must be quoted: \"::2\")" },
		{ "b: {\"::1\": *}  # not ::2\n",
		  "s.yaml:1: not YAML at column 13: did not find expected alphabetic or numeric "
		  "character" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(yaml_deinit) struct yaml yaml;
		struct err err;
		read_text(&yaml, cases[i].text, &err);
		cr_expect_str_eq(err.text, cases[i].message, "%s", err.text);
	}
}

static int read_repeated(const char *head, const char *unit, size_t n, struct err *err)
{
	_cleanup_(yaml_deinit) struct yaml yaml;
	_cleanup_(strbuf_deinit) struct strbuf buf = STRBUF_INIT;
	strbuf_add(&buf, head);
	for (size_t i = 0; i < n; i++)
		strbuf_add(&buf, unit);
	return read_text(&yaml, strbuf_text(&buf), err);
}

Test(rules_yaml, is_bounded)
{
	struct err err;
	cr_assert_eq(read_repeated("", "- a\n", 199999, &err), 0);
	cr_assert_eq(read_repeated("", "- a\n", 200000, &err), RULES_E_INVALID);
	cr_assert_str_eq(err.text, "s.yaml:200000: more than 200000 values");
	cr_assert_eq(read_repeated("a: ", "x", 65536, &err), 0);
	cr_assert_eq(read_repeated("a: ", "x", 65537, &err), RULES_E_INVALID);
	cr_assert_str_eq(err.text, "s.yaml:1: text of more than 65536 bytes");
	cr_assert_eq(read_repeated("", "#2345678", 1024 * 1024 + 1, &err), RULES_E_INVALID);
	cr_assert_str_eq(err.text, "s.yaml:1: more than 8 MiB");
}
