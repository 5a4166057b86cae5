/*
 * Why a flow was judged as it was, for a person or a tool: its facts with the packets that stated
 * them, its verdict in words, and every rule that was held against it. Rules whose headers fit come
 * first, then those that differ in one condition, with both values side by side; the rest is
 * counted, unless all are asked for.
 */
#include "report/priv.h"

enum closeness { CLOSE_FITS, CLOSE_NEAR, CLOSE_FAR };

static enum closeness closeness_of(const struct trial *trial)
{
	return trial->n_failed == 0 ? CLOSE_FITS : trial->n_failed == 1 ? CLOSE_NEAR : CLOSE_FAR;
}

/* The judge joined what this flow alone does not tell (a session's first handshake). */
static bool is_kept(const struct explanation *e, const struct trial *trial)
{
	const struct assessment *a = &e->record->assessment;

	for (unsigned i = 0; i < a->n_kept; i++)
		if (a->kept[i] == trial->rule)
			return true;
	return closeness_of(trial) == CLOSE_FITS && trial->failed == CONDITION_NONE &&
	       !trial->is_unjudged;
}

static const char *outcome_word(const struct explanation *e, const struct trial *trial)
{
	if (is_kept(e, trial))
		return trial->is_declared ? "kept" : "feature-off";
	return trial->is_unjudged ? "unjudged" : "failed";
}

static size_t count_of(const struct explanation *e, enum closeness closeness)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_trials; i++)
		n += closeness_of(&e->trials[i]) == closeness;
	return n;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static struct json_object *trial_object(struct values *values, const struct explanation *e,
                                        const struct trial *trial)
{
	const struct rule *rule = report_rule(e->report, trial->rule);
	struct json_object *object = values_object(values);
	bool is_failed = !is_kept(e, trial) && trial->failed != CONDITION_NONE;

	values_put_text(values, object, "rule", rule ? rule->id : NULL);
	values_put_text(values, object, "outcome", outcome_word(e, trial));
	values_put_text(values, object, "failed", is_failed ? condition_word(trial->failed) : NULL);
	values_put_number(values, object, "failed_headers", trial->n_failed);
	values_put_text(values, object, "expected", is_failed ? trial->expected : NULL);
	values_put_text(values, object, "observed",
	                is_failed || (trial->is_unjudged && !is_kept(e, trial)) ? trial->observed
	                                                                        : NULL);
	values_put_bool(values, object, "declared", trial->is_declared);
	return object;
}

static struct json_object *stated_list(struct values *values, const struct facts *facts)
{
	struct json_object *list = values_array(values);

	for (const struct fact *fact = facts ? facts->list : NULL; fact; fact = fact->next) {
		struct json_object *object = values_object(values);
		values_put_number(values, object, "packet", fact->packet);
		values_put_text(values, object, "fact", fact->def->name);
		values_put(values, object, "value", json_fact_value(values, fact));
		values_append(values, list, object);
	}
	return list;
}

static struct json_object *explanation_object(struct values *values, const struct explanation *e)
{
	struct json_object *object = values_object(values), *rules = values_array(values);
	const struct assessment *a = &e->record->assessment;
	const struct facts *facts = e->record->flow.facts;

	values_put_text(values, object, "schema", "pcaudit.explanation/1");
	values_put(values, object, "flow", json_flow(values, e->report, e->record, NULL));
	values_put(values, object, "stated", stated_list(values, facts));
	if (facts && facts->protocol_packet)
		values_put_number(values, object, "protocol_packet", facts->protocol_packet);
	else
		values_put_null(values, object, "protocol_packet");
	if (facts && facts->security_packet)
		values_put_number(values, object, "security_packet", facts->security_packet);
	else
		values_put_null(values, object, "security_packet");
	values_put_text(values, object, "field",
	                a->field == CONDITION_NONE ? NULL : condition_word(a->field));
	values_put(values, object, "rules", rules);
	for (enum closeness c = CLOSE_FITS; c <= (e->with_all ? CLOSE_FAR : CLOSE_NEAR); c++)
		for (size_t i = 0; i < e->n_trials; i++)
			if (closeness_of(&e->trials[i]) == c)
				values_append(values, rules,
				              trial_object(values, e, &e->trials[i]));
	values_put_number(values, object, "rules_not_listed",
	                  e->with_all ? 0 : count_of(e, CLOSE_FAR));
	return object;
}

int report_explain_json(FILE *out, const struct explanation *e,
                        const struct report_options *options _unused_)
{
	struct values values = { 0 };
	struct json_object *object = explanation_object(&values, e);

	values_print(&values, out, object, JSON_MEMBERS, 0);
	fputc('\n', out);
	json_object_put(object);
	return report_finish(out, values.is_failed);
}

/* ---- Text: the flow -------------------------------------------------------------------------- */

#define LABEL_WIDTH 12

static void put_row(struct lines *lines, const char *label, const struct strbuf *text)
{
	char lead[LABEL_WIDTH + 1];

	snprintf(lead, sizeof(lead), "%-*s", text->len ? LABEL_WIDTH : 0, label);
	lines->is_failed |= text->is_failed;
	lines_put(lines, INK_TITLE, lead, LABEL_WIDTH, strbuf_text(text));
}

static void put_end(struct lines *lines, const struct explanation *e, const char *label,
                    unsigned side)
{
	const struct flow_record *record = e->record;
	const struct party *party = &record->parties[side];
	struct strbuf text = STRBUF_INIT;
	char addr[ADDR_TEXT_SIZE], roles[512];

	party_roles_text(e->report->scope, party, roles, sizeof(roles));
	strbuf_add(&text, addr_format(&record->flow.addr[side], addr));
	if (flow_has_ports(&record->flow))
		strbuf_add_format(&text, " port %u", record->flow.port[side]);
	strbuf_add_format(&text, ", %s", roles);
	if (party->host)
		strbuf_add_format(&text, " (%s)", party->host);
	put_row(lines, label, &text);
	strbuf_deinit(&text);
}

static void add_amount(struct strbuf *text, const struct flow *flow, unsigned side)
{
	strbuf_add_format(
	        text, "%llu packet%s (%llu bytes)", (unsigned long long)flow->packets[side],
	        flow->packets[side] == 1 ? "" : "s", (unsigned long long)flow->bytes[side]);
}

static void put_course(struct lines *lines, const struct explanation *e,
                       const struct report_options *options)
{
	const struct flow *flow = &e->record->flow;
	const struct assessment *a = &e->record->assessment;
	char first[TIME_PERSON_SIZE], span[TIME_SPAN_SIZE], transport[4];
	struct strbuf text = STRBUF_INIT;

	strbuf_add_format(&text, "%s, %s; opener known by %s",
	                  transport_word(flow->transport, transport), flow_state_word(a->state),
	                  opener_word(a->opener_how));
	put_row(lines, "Transport", &text);
	strbuf_clear(&text);
	if (tunnels_add_text(&text, e->report, flow))
		put_row(lines, "Inside", &text);
	strbuf_clear(&text);
	strbuf_add_format(&text, "%s, for %s; ",
	                  time_person_text(flow->first_ns, options->is_local_time, first),
	                  time_span_text(flow->last_ns - flow->first_ns, span));
	add_amount(&text, flow, a->src);
	strbuf_add(&text, " there, ");
	add_amount(&text, flow, !a->src);
	strbuf_add(&text, " back");
	put_row(lines, "Seen", &text);
	strbuf_deinit(&text);
}

static void add_packet(struct strbuf *text, uint64_t packet)
{
	if (packet)
		strbuf_add_format(text, ", packet %llu", (unsigned long long)packet);
}

static void put_content(struct lines *lines, const struct explanation *e)
{
	const struct facts *facts = e->record->flow.facts;
	const struct assessment *a = &e->record->assessment;
	struct strbuf text = STRBUF_INIT;

	strbuf_add_format(&text, "%s (evidence %s, by %s", flow_protocol(e->record),
	                  evidence_word(a->evidence), detect_name(facts));
	add_packet(&text, facts ? facts->protocol_packet : 0);
	strbuf_add(&text, ")");
	put_row(lines, "Protocol", &text);
	strbuf_clear(&text);
	strbuf_add_format(&text, "%s (evidence %s", flow_security(e->record),
	                  evidence_word(a->security_evidence));
	add_packet(&text, facts ? facts->security_packet : 0);
	strbuf_add(&text, ")");
	put_row(lines, "Protection", &text);
	strbuf_deinit(&text);
}

static void add_slots(struct strbuf *text, const struct facts *facts)
{
	if (facts->doubt != DOUBT_NONE)
		strbuf_add_format(text, "doubt %s, ", doubt_word((enum doubt)facts->doubt));
	if (facts->client_auth != CLIENT_AUTH_UNKNOWN)
		strbuf_add_format(text, "client_auth %s, ",
		                  client_auth_word((enum client_auth)facts->client_auth));
	if (facts->refusal)
		strbuf_add_format(text, "refusal %s, ", facts->refusal);
	strbuf_add(text, facts->is_starttls ? "starttls, " : "");
	strbuf_add(text, facts->is_weak_suite ? "weak_suite, " : "");
	strbuf_add(text, facts->has_gap ? "gap, " : "");
	strbuf_add(text, facts->has_media ? "media, " : "");
	strbuf_add(text, facts->maybe_media ? "maybe_media, " : "");
}

static void add_fact(struct strbuf *text, const struct fact *fact)
{
	switch (fact->def->type) {
	case FACT_BOOL:
		strbuf_add(text, fact->number ? "true" : "false");
		break;
	case FACT_NUMBER:
		strbuf_add_format(text, "%lld", (long long)fact->number);
		break;
	case FACT_TEXT:
		strbuf_add_wire_text(text, fact->text, fact->text.len);
		break;
	}
}

static void put_facts(struct lines *lines, const struct facts *facts)
{
	struct strbuf text = STRBUF_INIT;

	if (!facts)
		return;
	add_slots(&text, facts);
	if (text.len)
		text.text[text.len -= 2] = '\0'; /* the last comma */
	else
		strbuf_add(&text, facts->list ? "" : "none");
	put_row(lines, "Facts", &text);
	for (const struct fact *fact = facts->list; fact; fact = fact->next) {
		char lead[64];
		strbuf_clear(&text);
		snprintf(lead, sizeof(lead), "  packet %-6llu %-24s ",
		         (unsigned long long)fact->packet, fact->def->name);
		add_fact(&text, fact);
		lines->is_failed |= text.is_failed;
		lines_put(lines, INK_PLAIN, lead, (unsigned)strlen(lead), strbuf_text(&text));
	}
	strbuf_deinit(&text);
}

/* ---- Text: the verdict ----------------------------------------------------------------------- */

static void add_verdict(struct strbuf *text, const struct assessment *a, const struct rule *rule)
{
	const char *id = rule ? rule->id : "";

	switch (a->verdict) {
	case VERDICT_COMPLIANT:
		strbuf_add_format(text, "compliant: it keeps rule %s", id);
		break;
	case VERDICT_VIOLATION:
		strbuf_add_format(text, "violation, %s (%s)", kind_word(a->kind),
		                  severity_word(a->severity));
		if (rule && a->field >= CONDITION_DIRECTION && a->field <= CONDITION_DESTINATION)
			strbuf_add_format(text,
			                  ": no rule fits; the nearest, %s, differs in its %s", id,
			                  condition_word(a->field));
		else if (rule && a->field != CONDITION_NONE)
			strbuf_add_format(text, ": it has the headers of rule %s, but not its %s",
			                  id, condition_word(a->field));
		else if (rule)
			strbuf_add_format(
			        text, ": it keeps rule %s, whose feature the site does not declare",
			        id);
		else
			strbuf_add(text, ": no rule documents it, and none comes near");
		break;
	case VERDICT_BLOCKED:
		strbuf_add_format(text, "blocked, %s (%s)", kind_word(a->kind),
		                  severity_word(a->severity));
		if (rule)
			strbuf_add_format(text, ": rule %s says that it should work", id);
		else
			strbuf_add(text, ": no rule asks for it");
		break;
	case VERDICT_UNJUDGED:
		strbuf_add_format(text, "unjudged, %s: %s", reason_word(a->reason),
		                  reason_sentence(a->reason));
		if (rule)
			strbuf_add_format(text, " (rule %s)", id);
		break;
	case VERDICT_OUT_OF_SCOPE:
	case N_VERDICTS:
		strbuf_add(text, "out of scope: the site names neither end as a server, and no "
		                 "rule is kept");
		break;
	}
}

static void put_verdict(struct lines *lines, const struct explanation *e)
{
	const struct assessment *a = &e->record->assessment;
	struct strbuf text = STRBUF_INIT;

	add_verdict(&text, a, report_rule(e->report, a->rule));
	put_row(lines, "Verdict", &text);
	for (unsigned note = 0; note < N_NOTE_CODES; note++)
		if (a->notes >> note & 1) {
			strbuf_clear(&text);
			strbuf_add_format(&text, "%s: %s", note_word((enum note_code)note),
			                  note_sentence((enum note_code)note));
			put_row(lines, "Note", &text);
		}
	strbuf_deinit(&text);
}

/* ---- Text: the rules ------------------------------------------------------------------------- */

static void put_trial(struct lines *lines, const struct explanation *e, const struct trial *trial)
{
	const struct rule *rule = report_rule(e->report, trial->rule);
	struct strbuf text = STRBUF_INIT;
	char lead[64];

	snprintf(lead, sizeof(lead), "  %-24s ", rule ? rule->id : "?");
	if (is_kept(e, trial))
		strbuf_add(&text, trial->is_declared
		                          ? "kept"
		                          : "kept, but the site does not declare its feature");
	else if (trial->is_unjudged)
		strbuf_add_format(&text, "could not be judged: %s", trial->observed);
	else
		strbuf_add_format(&text, "%s: expected %s, observed %s",
		                  condition_word(trial->failed), trial->expected, trial->observed);
	if (trial->n_failed > 1)
		strbuf_add_format(&text, " (and %u more)", trial->n_failed - 1);
	lines->is_failed |= text.is_failed;
	lines_put(lines, is_kept(e, trial) ? INK_GOOD : INK_PLAIN, lead, (unsigned)strlen(lead),
	          strbuf_text(&text));
	strbuf_deinit(&text);
}

static void put_trials(struct lines *lines, const struct explanation *e, enum closeness closeness,
                       const char *title)
{
	size_t n = count_of(e, closeness);

	if (n == 0 && closeness != CLOSE_FITS)
		return;
	lines_blank(lines);
	lines_put(lines, INK_TITLE, n ? title : "Rules whose headers fit: none", 0, "");
	for (size_t i = 0; i < e->n_trials; i++)
		if (closeness_of(&e->trials[i]) == closeness)
			put_trial(lines, e, &e->trials[i]);
}

static void put_rest(struct lines *lines, const struct explanation *e)
{
	size_t n = count_of(e, CLOSE_FAR);
	struct strbuf text = STRBUF_INIT;

	if (n == 0)
		return;
	lines_blank(lines);
	strbuf_add_format(&text,
	                  "%zu more rule%s in two or more header conditions; --all lists them.", n,
	                  n == 1 ? " differs" : "s differ");
	lines->is_failed |= text.is_failed;
	lines_put(lines, INK_PLAIN, "", 0, strbuf_text(&text));
	strbuf_deinit(&text);
}

int report_explain_text(FILE *out, const struct explanation *e,
                        const struct report_options *options)
{
	const struct flow *flow = &e->record->flow;
	unsigned src = e->record->assessment.src;
	struct strbuf id = STRBUF_INIT;
	struct lines lines;

	lines_init(&lines, out, options);
	strbuf_add_format(&id, "%u:%llu", flow->file, (unsigned long long)flow->number);
	put_row(&lines, "Flow", &id);
	strbuf_deinit(&id);
	put_end(&lines, e, "From", src);
	put_end(&lines, e, "To", !src);
	put_course(&lines, e, options);
	put_content(&lines, e);
	put_facts(&lines, flow->facts);
	put_verdict(&lines, e);
	put_trials(&lines, e, CLOSE_FITS, "Rules whose headers fit:");
	put_trials(&lines, e, CLOSE_NEAR, "Rules that differ in one header condition:");
	if (e->with_all)
		put_trials(&lines, e, CLOSE_FAR, "Rules that differ in more:");
	else
		put_rest(&lines, e);
	return report_finish(out, lines.is_failed);
}
