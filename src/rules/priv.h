/*
 * What the files of this layer share: the tree a YAML text becomes, and the typed values that
 * pack.c and site.c read from it.
 *
 * Everything here stops at the first mistake: it returns RULES_E_INVALID with the message in
 * err, or -ENOMEM. Messages read "FILE:LINE: WHERE: what is wrong".
 */
#ifndef PCAUDIT_RULES_PRIV_H
#define PCAUDIT_RULES_PRIV_H

#include "pcaudit/rules.h"

/* ---- yaml.c ------------------------------------------------------------------------------- */

enum {
	YAML_MAX_DEPTH = 16,
	YAML_MAX_NODES = 200000,
	YAML_MAX_SCALAR_BYTES = 64 * 1024,
	YAML_MAX_FILE_BYTES = 8 * 1024 * 1024,
};

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };

/* Children of a list or a map are a chain; those of a map carry their key, those of a list and
 * keys themselves the key of what they stand in, so that a message can name it. */
struct node {
	enum node_type type;
	bool is_plain;    /* a scalar without quotes: may mean nothing, true or false */
	int line, column; /* from 1 */
	const char *text; /* of a scalar */
	const struct node *key;
	struct node *first, *last, *next;
	size_t n_children;
};

struct yaml {
	const char *file;
	struct bytes text;
	struct arena arena;
	struct node *root;
};

/* Reads one document. yaml must be deinitialised even when this fails. file and text are borrowed.
 */
int yaml_read(struct yaml *yaml, const char *file, struct bytes text, struct err *err);
void yaml_deinit(struct yaml *yaml);

/*
 * If an IPv6 address stands unquoted in that line of the text, writes " (an IPv6 address must be
 * quoted: ...)", else the empty string.
 */
enum { YAML_HINT_SIZE = 128 };
const char *yaml_ipv6_hint(struct bytes text, int line, char buffer[YAML_HINT_SIZE]);

/* ---- value.c ------------------------------------------------------------------------------ */

enum { VALUE_MAX_ID = 64, VALUE_MAX_PORTS = 64 };

struct input {
	const char *file;
	struct bytes text;
	struct arena *arena; /* where values are copied to */
	struct err *err;
	char where[128]; /* "rule \"fe-sip\"", "roles", or empty */
};

/* A key of a map. */
struct value_key {
	const char *name;
	bool is_required;
};

void input_where(struct input *in, const char *format, ...) _printf_(2, 3);
/* "FILE:LINE: WHERE: " and the text; always RULES_E_INVALID. */
int input_fail(struct input *in, int line, const char *format, ...) _printf_(3, 4);
/* The same for a name that is none of the candidates, with a near miss. */
int input_fail_name(struct input *in, int line, const char *what, const char *name,
                    const char *const *candidates, size_t n);
/* Zeroed memory for n objects, or NULL. */
void *input_alloc(struct input *in, size_t n, size_t size);

/* Text as it may stand in a message: at most 60 bytes, control characters as '?'. */
enum { VALUE_SHOWN_SIZE = 72 };
const char *value_shown(const char *text, char buffer[VALUE_SHOWN_SIZE]);

/* "KEY: expected EXPECTED, found ..." */
int value_fail(struct input *in, const struct node *node, const char *expected);
/* An empty value, ~ or null. */
bool value_is_nothing(const struct node *node);
int value_is(struct input *in, const struct node *node, enum node_type type);
/* A list with at least one element. */
int value_is_list(struct input *in, const struct node *node);
/* Checks the keys of a map and gives the value of each, in the order of keys; NULL if left out. */
int value_map(struct input *in, const struct node *node, const struct value_key *keys, size_t n,
              const struct node **values);

int value_text(struct input *in, const struct node *node, const char **out);
/* A list of text, in which "" is text too: a printed cell may be empty. */
int value_texts(struct input *in, const struct node *node, const char ***out, size_t *n);
/* Lower-case letters, digits and hyphens. */
int value_id(struct input *in, const struct node *node, const char **out);
/* No id may stand twice. */
int value_ids(struct input *in, const struct node *node, const char ***out, size_t *n);
int value_bool(struct input *in, const struct node *node, bool *out);
/* A whole number from 1 to 65535. */
int value_number(struct input *in, const struct node *node, uint16_t *out);
/* Index of the text in words. */
int value_word(struct input *in, const struct node *node, const char *const *words, size_t n,
               unsigned *out);
/* 5061, 50000-59999, a list of them; "any" too if allows_any. */
int value_ports(struct input *in, const struct node *node, bool allows_any, struct port_range **out,
                size_t *n);
int value_port(struct input *in, const struct node *node, uint16_t *out);
int value_addr(struct input *in, const struct node *node, struct addr *out);
int value_prefix(struct input *in, const struct node *node, struct prefix *out);
/* YYYY-MM-DD: the last nanosecond of that day, UTC. */
int value_until(struct input *in, const struct node *node, int64_t *out_ns);
/* 90s, 15m, 8h, 7d. */
int value_duration(struct input *in, const struct node *node, int64_t *out_ns);
/* "mon-fri 08-18", "sat,sun", "00-24". */
int value_hours(struct input *in, const struct node *node, struct expect_window *out);
/* An IANA zone name by its spelling; whether the zone exists is for whoever has the tables. */
int value_zone(struct input *in, const struct node *node, const char **out);
int value_family(struct input *in, const struct node *node, enum family *out);
int value_security(struct input *in, const struct node *node, enum security *out);

/* ---- rule.c ------------------------------------------------------------------------------- */

enum { RULES_MAX_RULES = 4096 };

/* Fails on a rule whose protocol and security cannot both be kept: no flow would ever be its. */
int rule_check_possible(struct input *in, const struct rule *rule);
/* Fails on an id that stands twice, and on a rule that is the same as an earlier one. */
int rule_check_unique(struct input *in, const struct rule *const *rules, size_t n);

#endif
