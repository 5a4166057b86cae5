/*
 * What the program is made of, printed from the tables it runs on, so that it cannot be out of
 * date: protocol families with their protocols, the facts that detectors state, the detectors, the
 * formats.
 */
#include "report/priv.h"

static const char *fact_type_word(enum fact_type type)
{
	static const char *const words[] = {
		[FACT_BOOL] = "bool", [FACT_NUMBER] = "number", [FACT_TEXT] = "text"
	};

	return words[type];
}

/* Over TCP, and inside TLS, a family may hold more: said as its own word. */
static bool family_holds(enum family family, enum protocol protocol, bool over_tcp, bool inside_tls)
{
	return protocol != PROTOCOL_UNKNOWN && protocol != PROTOCOL_OTHER && family != FAMILY_ANY &&
	       family_has(family, protocol, over_tcp, inside_tls);
}

static const char *condition_of(enum family family, enum protocol protocol)
{
	if (family_holds(family, protocol, false, false))
		return "";
	if (family_holds(family, protocol, true, false))
		return " over tcp";
	return family_holds(family, protocol, false, true) ? " inside tls" : NULL;
}

/* ---- Facts ----------------------------------------------------------------------------------- */

static struct json_object *fact_list(struct values *values, const struct fact_def *facts)
{
	struct json_object *list = values_array(values);

	for (; facts && facts->name; facts++) {
		struct json_object *object = values_object(values);
		values_put_text(values, object, "name", facts->name);
		values_put_text(values, object, "type", fact_type_word(facts->type));
		values_put_bool(values, object, "list", facts->is_list);
		values_put_text(values, object, "help", facts->help);
		values_append(values, list, object);
	}
	return list;
}

static struct json_object *family_list(struct values *values)
{
	struct json_object *list = values_array(values);

	for (unsigned f = 0; f < N_FAMILIES; f++) {
		struct json_object *object = values_object(values),
		                   *protocols = values_array(values);
		values_put_text(values, object, "name", family_word((enum family)f));
		values_put_text(values, object, "help", family_help((enum family)f));
		values_put(values, object, "protocols", protocols);
		for (unsigned p = 0; p < N_PROTOCOLS; p++)
			if (condition_of((enum family)f, (enum protocol)p))
				values_append(values, protocols,
				              values_text(values, protocol_word((enum protocol)p)));
		values_append(values, list, object);
	}
	return list;
}

static struct json_object *detector_list(struct values *values, bool with_facts)
{
	struct json_object *list = values_array(values);

	for (size_t i = 0; i < n_detectors; i++) {
		const struct detector *detector = detectors[i];
		struct json_object *object = values_object(values),
		                   *transports = values_array(values);
		values_put_text(values, object, "name", detector->name);
		values_put_text(values, object, "help", detector->help);
		values_put(values, object, "transports", transports);
		if (detector->on_tcp)
			values_append(values, transports, values_text(values, "tcp"));
		if (detector->on_udp)
			values_append(values, transports, values_text(values, "udp"));
		if (with_facts)
			values_put(values, object, "facts", fact_list(values, detector->facts));
		values_append(values, list, object);
	}
	return list;
}

static int print_json(FILE *out, struct values *values, struct json_object *object)
{
	values_print(values, out, object, JSON_MEMBERS, 0);
	fputc('\n', out);
	json_object_put(object);
	return report_finish(out, values->is_failed);
}

static int facts_json(FILE *out)
{
	struct values values = { 0 };
	struct json_object *object = values_object(&values);

	values_put(&values, object, "families", family_list(&values));
	values_put(&values, object, "facts", fact_list(&values, shared_facts));
	values_put(&values, object, "detectors", detector_list(&values, true));
	return print_json(out, &values, object);
}

static void put_entry(struct lines *lines, const char *name, unsigned width, const char *text)
{
	char lead[128];

	snprintf(lead, sizeof(lead), "  %-*s  ", (int)width, name);
	lines_put(lines, INK_PLAIN, lead, width + 4, text);
}

static void put_family(struct lines *lines, enum family family)
{
	struct strbuf text = STRBUF_INIT;
	bool is_first = true;

	strbuf_add(&text, family_help(family));
	for (unsigned p = 0; p < N_PROTOCOLS; p++) {
		const char *condition = condition_of(family, (enum protocol)p);
		if (!condition)
			continue;
		strbuf_add_format(&text, "%s %s%s", is_first ? ":" : ",",
		                  protocol_word((enum protocol)p), condition);
		is_first = false;
	}
	lines->is_failed |= text.is_failed;
	put_entry(lines, family_word(family), 14, strbuf_text(&text));
	strbuf_deinit(&text);
}

static void put_facts(struct lines *lines, const struct fact_def *facts)
{
	for (; facts && facts->name; facts++) {
		char name[64];
		snprintf(name, sizeof(name), "%-26s %s%s", facts->name, fact_type_word(facts->type),
		         facts->is_list ? " list" : "");
		put_entry(lines, name, 38, facts->help);
	}
}

static int facts_text(FILE *out)
{
	struct report_options options = { 0 };
	struct lines lines;

	lines_init(&lines, out, &options);
	lines_put(&lines, INK_TITLE, "Families: what a rule's protocol may be, and what keeps it",
	          0, "");
	for (unsigned f = 0; f < N_FAMILIES; f++)
		put_family(&lines, (enum family)f);
	lines_blank(&lines);
	lines_put(&lines, INK_TITLE, "Facts of any detector", 0, "");
	put_facts(&lines, shared_facts);
	for (size_t i = 0; i < n_detectors; i++) {
		if (!detectors[i]->facts || !detectors[i]->facts->name)
			continue;
		lines_blank(&lines);
		lines_put(&lines, INK_TITLE, detectors[i]->name, 2, ": ");
		put_facts(&lines, detectors[i]->facts);
	}
	return report_finish(out, lines.is_failed);
}

int report_facts(FILE *out, bool is_json)
{
	return is_json ? facts_json(out) : facts_text(out);
}

/* ---- Detectors and formats ------------------------------------------------------------------- */

int report_detectors(FILE *out, bool is_json)
{
	struct report_options options = { 0 };
	struct values values = { 0 };
	struct lines lines;

	if (is_json) {
		struct json_object *object = values_object(&values);
		values_put(&values, object, "detectors", detector_list(&values, false));
		return print_json(out, &values, object);
	}
	lines_init(&lines, out, &options);
	for (size_t i = 0; i < n_detectors; i++) {
		const struct detector *detector = detectors[i];
		char name[64];
		snprintf(name, sizeof(name), "%-10s %s", detector->name,
		         detector->on_tcp && detector->on_udp ? "tcp udp"
		         : detector->on_tcp                   ? "tcp"
		                                              : "udp");
		put_entry(&lines, name, 18, detector->help);
	}
	put_entry(&lines, "ndpi       tcp udp", 18,
	          "asked last, about flows that none of the above knows");
	return report_finish(out, lines.is_failed);
}

int report_formats_list(FILE *out, bool is_json)
{
	struct report_options options = { 0 };
	struct values values = { 0 };
	struct lines lines;

	if (is_json) {
		struct json_object *object = values_object(&values), *list = values_array(&values);
		values_put(&values, object, "formats", list);
		for (size_t i = 0; i < report_n_formats; i++) {
			struct json_object *format = values_object(&values);
			values_put_text(&values, format, "name", report_formats[i]->name);
			values_put_text(&values, format, "help", report_formats[i]->help);
			values_append(&values, list, format);
		}
		return print_json(out, &values, object);
	}
	lines_init(&lines, out, &options);
	for (size_t i = 0; i < report_n_formats; i++)
		put_entry(&lines, report_formats[i]->name, 8, report_formats[i]->help);
	return report_finish(out, lines.is_failed);
}
