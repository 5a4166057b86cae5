/*
 * A ruleset for people and for programs: what `pcaudit rules` prints. Nothing here loads or
 * decides; everything is read from a finished ruleset.
 */
#ifndef PCAUDIT_APP_RULES_VIEW_H
#define PCAUDIT_APP_RULES_VIEW_H

#include "app/app.h"
#include "app/run.h"
#include <json-c/json.h>

#include "pcaudit/base/strbuf.h"
#include "pcaudit/rules.h"

struct view {
	FILE *out;
	unsigned width; /* columns of the terminal; 0: not a terminal, nothing is shortened */
	bool may_colour;
};

enum view_style { VIEW_PLAIN, VIEW_BOLD, VIEW_DIM };

struct view view_of(FILE *out);
void view_style(const struct view *view, enum view_style style);
/* Columns that text takes: CJK characters take two. */
unsigned view_width_of(const char *text);
/* Prints text from column indent on, broken at blanks; the first line begins where the cursor is.
 */
void view_wrapped(const struct view *view, unsigned indent, const char *text);

/* Text of the parts of a rule, added to buf. Packs are data of strangers: control characters are
 * escaped. */
void rule_add_end(struct strbuf *buf, const struct rule_end *end);
void rule_add_transport(struct strbuf *buf, const struct rule *rule);
void rule_add_ports(struct strbuf *buf, const struct port_range *ports, size_t n);
void rule_add_features(struct strbuf *buf, const struct rule *rule);
/* "15m", "7d", ... */
void rule_add_duration(struct strbuf *buf, int64_t ns);
void rule_add_expect(struct strbuf *buf, const struct expect_window *expect);
const char *port_end_word(enum port_end end);
const struct document *rule_document(const struct ruleset_rule *rule, const char *id);

/* What `rules` and `site` are asked on the command line. */
enum view_option { VIEW_SITE = 1, VIEW_PACK, VIEW_FORMAT, VIEW_HELP };
struct view_args {
	const char *packs[RUN_MAX_PACKS];
	size_t n_packs;
	const char *site;
	bool is_json;
	const char *operands[2];
	size_t n_operands;
};
/* options use the ids of enum view_option. 0, -1 after help, or an exit code after saying why. */
int view_args_parse(struct view_args *args, const struct command *command,
                    const struct app_option *options, size_t n_options, int argc, char **argv);

void rules_view_list(const struct view *view, const struct ruleset *ruleset);
void rules_view_show(const struct view *view, const struct ruleset *ruleset,
                     const struct ruleset_rule *rule);
void rules_view_matrix(const struct view *view, const struct ruleset *ruleset);

/* Yours to json_object_put(); NULL without memory. */
struct json_object *rule_to_json(const struct ruleset *ruleset, const struct ruleset_rule *rule);
struct json_object *rules_to_json(const struct ruleset *ruleset);
struct json_object *matrix_to_json(const struct ruleset *ruleset);
/* Prints indented, with a newline; 0 or -errno. */
int json_print(FILE *out, struct json_object *object);

#endif
