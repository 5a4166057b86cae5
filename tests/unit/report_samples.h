/*
 * A report written by hand: a small table (three roles, two rules of one document), a site, one
 * capture, one violation with its flow, one accepted finding, one host that was never seen.
 * Addresses: 10.0.9.21 is a client, 10.0.2.20 the Front End.
 */
#ifndef TEST_REPORT_SAMPLES_H
#define TEST_REPORT_SAMPLES_H

#include <criterion/criterion.h>

#include "report/priv.h"

/* 2026-03-01 10:00:00 UTC, by `date -u -d ... +%s`. */
#define SAMPLE_START (INT64_C(1772359200) * NS_PER_SECOND)

struct sample {
	struct role role_list[3];
	struct ruleset_role roles[3];
	struct document document;
	struct cite cites[2];
	struct port_range port;
	const char *from[1], *to[1];
	struct rule rules[2];
	struct pack pack;
	const struct pack *packs[1];
	struct ruleset_rule ready[2];
	struct site_host host;
	const char *host_names[1];
	struct site_address entries[2];
	struct site_accept accept;
	struct site_vantage vantage;
	struct site site;
	struct ruleset ruleset;
	struct scope *scope;
	struct facts *facts;
	struct flow_record record;
	struct flow_record *examples[1], *records[1];
	struct port_range ports[2];
	struct finding violation, accepted, unseen;
	struct finding *findings[3];
	struct coverage_row coverage[2];
	struct out_of_scope_row foreign[1];
	uint16_t link_types[2];
	struct input_info input;
	const struct input_info *inputs[1];
	struct report report;
	struct report_options options;
};

static inline void sample_rules(struct sample *s)
{
	s->role_list[0] =
	        (struct role){ .id = "client-internal", .kind = ROLE_CLIENT, .zone = ZONE_INSIDE };
	s->role_list[1] =
	        (struct role){ .id = "front-end-server", .kind = ROLE_SERVER, .zone = ZONE_INSIDE };
	s->role_list[2] =
	        (struct role){ .id = "director", .kind = ROLE_SERVER, .zone = ZONE_INSIDE };
	for (unsigned i = 0; i < 3; i++)
		s->roles[i] = (struct ruleset_role){ .role = &s->role_list[i], .is_given = true };
	s->document = (struct document){ .id = "ports-internal",
		                         .title = "Ports, internal",
		                         .address = "https://docs.example/1" };
	s->cites[0] = (struct cite){ .document = "ports-internal", .table = 1, .row = 3 };
	s->cites[1] = (struct cite){ .document = "ports-internal", .where = "first note" };
	s->port = (struct port_range){ 5061, 5061 };
	s->from[0] = "client-internal";
	s->to[0] = "front-end-server";
	for (unsigned i = 0; i < 2; i++)
		s->rules[i] = (struct rule){
			.id = i ? "fe-web" : "fe-sip",
			.title = i ? "Web" : "Client to Front End, SIP",
			.from = { .form = END_ROLES, .roles = s->from, .n_roles = 1 },
			.to = { .form = END_ROLES, .roles = s->to, .n_roles = 1 },
			.tcp = true,
			.ports = &s->port,
			.n_ports = 1,
			.family = FAMILY_SIP,
			.security = SECURITY_TLS,
			.need = NEED_REQUIRED,
			.cites = s->cites,
			.n_cites = i ? 1 : 2,
		};
	s->pack = (struct pack){ .id = "sample",
		                 .version = "1.2",
		                 .product = "Sample",
		                 .documents = &s->document,
		                 .n_documents = 1,
		                 .rules = s->rules,
		                 .n_rules = 2 };
	s->packs[0] = &s->pack;
	for (unsigned i = 0; i < 2; i++) {
		s->ready[i] = (struct ruleset_rule){ .rule = &s->rules[i],
			                             .pack = &s->pack,
			                             .is_declared = true };
		role_set_add(&s->ready[i].from.roles, 0);
		role_set_add(&s->ready[i].to.roles, 1);
	}
}

static inline void sample_site(struct sample *s)
{
	prefix_parse(&s->host.prefix, "10.0.2.20");
	s->host_names[0] = "fe01.example";
	s->host.names = s->host_names;
	s->host.n_names = 1;
	s->entries[0] = (struct site_address){ .role = "front-end-server", .line = 7 };
	prefix_parse(&s->entries[0].prefix, "10.0.2.20");
	s->entries[1] = (struct site_address){ .role = "director", .line = 8 };
	prefix_parse(&s->entries[1].prefix, "10.0.2.30");
	/* Last nanosecond of 2027-03-31. */
	s->accept = (struct site_accept){ .why = "old gateway",
		                          .owner = "voice",
		                          .until_ns = INT64_C(1806537600) * NS_PER_SECOND - 1 };
	s->vantage = (struct site_vantage){ .name = "core",
		                            .sees = 1 << (ZONE_PERIMETER * N_ZONES + ZONE_INSIDE) |
		                                    1 << (ZONE_INSIDE * N_ZONES + ZONE_PERIMETER) |
		                                    1 << (ZONE_INSIDE * N_ZONES + ZONE_INSIDE) };
	s->site = (struct site){ .name = "Contoso",
		                 .file = "site.yaml",
		                 .addresses = s->entries,
		                 .n_addresses = 2,
		                 .hosts = &s->host,
		                 .n_hosts = 1,
		                 .accepts = &s->accept,
		                 .n_accepts = 1,
		                 .vantages = &s->vantage,
		                 .n_vantages = 1 };
	s->site.sha256[0] = 0xab;
	s->ruleset = (struct ruleset){ .packs = s->packs,
		                       .n_packs = 1,
		                       .site = &s->site,
		                       .roles = s->roles,
		                       .n_roles = 3,
		                       .rules = s->ready,
		                       .n_rules = 2,
		                       .n_groups = 2 };
	cr_assert_eq(scope_new(&s->scope, &s->ruleset), 0);
}

static inline void sample_flow(struct sample *s)
{
	struct flow *flow = &s->record.flow;

	s->facts = facts_new();
	s->facts->protocol = PROTOCOL_TLS;
	s->facts->security = SECURITY_TLS;
	s->facts->protocol_evidence = s->facts->security_evidence = EVIDENCE_CONFIRMED;
	s->facts->protocol_packet = 20;
	*flow = (struct flow){ .port = { 5062, 40000 },
		               .vlan = 12,
		               .vlan_inner = 0xffff,
		               .transport = TRANSPORT_TCP,
		               .opener = 1,
		               .opener_how = OPENER_SYN,
		               .file = 1,
		               .number = 17,
		               .first_ns = SAMPLE_START + 123456789,
		               .last_ns = SAMPLE_START + 2 * NS_PER_SECOND,
		               .packets = { 8, 9 },
		               .bytes = { 800, 900 },
		               .facts = s->facts };
	addr_parse(&flow->addr[0], "10.0.2.20");
	addr_parse(&flow->addr[1], "10.0.9.21");
	s->record.assessment = (struct assessment){ .verdict = VERDICT_VIOLATION,
		                                    .kind = KIND_WRONG_PORT,
		                                    .field = CONDITION_PORT,
		                                    .rule = 0,
		                                    .severity = SEVERITY_ERROR,
		                                    .evidence = EVIDENCE_CONSISTENT,
		                                    .security_evidence = EVIDENCE_CONFIRMED,
		                                    .src = 1,
		                                    .opener_how = OPENER_SYN,
		                                    .state = FLOW_ESTABLISHED };
	for (unsigned side = 0; side < 2; side++) {
		struct party *party = &s->record.parties[side];
		party->addr = flow->addr[side];
		role_set_add(&party->given, side ? 0 : 1);
		party->playing = party->given;
	}
	s->examples[0] = s->records[0] = &s->record;
}

static inline void sample_findings(struct sample *s)
{
	s->ports[0] = (struct port_range){ 5062, 5062 };
	s->ports[1] = (struct port_range){ 6000, 6010 };
	s->violation = (struct finding){
		.key = { .kind = KIND_WRONG_PORT,
		         .transport = TRANSPORT_TCP,
		         .rule = 0,
		         .entry = &s->entries[0] },
		.id = "0011223344556677",
		.severity = SEVERITY_ERROR,
		.flows = 20000,
		.first_ns = s->record.flow.first_ns,
		.last_ns = s->record.flow.last_ns,
		.examples = s->examples,
		.n_examples = 1,
		.ports = s->ports,
		.n_ports = 2,
		.initiators = 1024,
		.initiators_at_least = true,
		.why = (char *)"Wrong port. More of it.",
		.remedy = (char *)"Move it.",
		.expected = (char *)"5061",
		.observed = (char *)"5062",
		.field = CONDITION_PORT,
	};
	role_set_add(&s->violation.key.src_roles, 0);
	role_set_add(&s->violation.key.dst_roles, 1);
	s->unseen = (struct finding){
		.key = { .kind = KIND_MISSING, .rule = -1, .entry = &s->entries[1] },
		.id = "8899aabbccddeeff",
		.severity = SEVERITY_INFO,
		.why = (char *)"Never seen.",
		.remedy = (char *)"Look.",
		.expected = (char *)"packets of 10.0.2.30",
		.observed = (char *)"none",
	};
	role_set_add(&s->unseen.key.dst_roles, 2);
	s->accepted = s->violation;
	s->accepted.key.accepted = &s->accept;
	memcpy(s->accepted.id, "7766554433221100", 17);
	s->findings[0] = &s->violation;
	s->findings[1] = &s->unseen;
	s->findings[2] = &s->accepted;
}

static inline void sample_init(struct sample *s)
{
	*s = (struct sample){ 0 };
	sample_rules(s);
	sample_site(s);
	sample_flow(s);
	sample_findings(s);
	s->coverage[0] = (struct coverage_row){ .rule = 0,
		                                .status = COVERAGE_ATTEMPTED,
		                                .reason = "seen only broken",
		                                .best = EVIDENCE_CONSISTENT };
	s->coverage[1] = (struct coverage_row){ .rule = 1,
		                                .status = COVERAGE_OBSERVED,
		                                .best = EVIDENCE_CONFIRMED,
		                                .flows = 4,
		                                .first_ns = SAMPLE_START,
		                                .last_ns = SAMPLE_START + 1 };
	s->foreign[0] = (struct out_of_scope_row){ "inside", "outside", 5, 60, 7000 };
	s->input = (struct input_info){ .name = "a.pcap",
		                        .format = "pcap",
		                        .size_bytes = 4096,
		                        .link_type = 1,
		                        .link_types = s->link_types,
		                        .n_link_types = 2,
		                        .packets = 30,
		                        .bytes = 3000,
		                        .first_ns = SAMPLE_START,
		                        .last_ns = SAMPLE_START + 90 * NS_PER_SECOND };
	s->link_types[0] = 1;
	s->link_types[1] = 113;
	s->inputs[0] = &s->input;
	s->report = (struct report){
		.ruleset = &s->ruleset,
		.scope = s->scope,
		.vantage = &s->vantage,
		.capture = { .inputs = s->inputs,
		             .n_inputs = 1,
		             .received = 30,
		             .flows = 27,
		             .other = 3,
		             .tcp_payload_bytes = 2000,
		             .first_ns = SAMPLE_START,
		             .last_ns = SAMPLE_START + 90 * NS_PER_SECOND },
		.verdict = REPORT_FAIL,
		.verdict_why = "1 finding of severity warning or worse",
		.flows = { [VERDICT_COMPLIANT] = 9,
		           [VERDICT_VIOLATION] = 1,
		           [VERDICT_UNJUDGED] = 2,
		           [VERDICT_OUT_OF_SCOPE] = 5 },
		.compliant_by_evidence = { [EVIDENCE_CONFIRMED] = 3,
		                           [EVIDENCE_CONSISTENT] = 4,
		                           [EVIDENCE_HEADERS] = 2 },
		.unjudged_by_reason = { [DOUBT_NO_PAYLOAD] = 2 },
		.findings_by_kind = { [KIND_WRONG_PORT] = 2, [KIND_MISSING] = 1 },
		.findings_by_severity = { [SEVERITY_ERROR] = 1, [SEVERITY_INFO] = 1 },
		.findings_accepted = 1,
		.rules_by_coverage = { [COVERAGE_OBSERVED] = 1, [COVERAGE_ATTEMPTED] = 1 },
		.findings = s->findings,
		.n_findings = 3,
		.coverage = s->coverage,
		.n_coverage = 2,
		.out_of_scope = s->foreign,
		.n_out_of_scope = 1,
		.records = s->records,
		.n_records = 1,
	};
	s->options = (struct report_options){ .version = "0.1.0",
		                              .libpcap_version = "P",
		                              .ndpi_version = "N",
		                              .openssl_version = "O" };
}

static inline void sample_deinit(struct sample *s)
{
	scope_free(s->scope);
	facts_free(s->facts);
}

/* What a format writes; free() it. */
static inline char *sample_write(const struct sample *s, const char *format)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	cr_assert_not_null(out);
	cr_assert_eq(report_write(out, report_format_find(format), &s->report, &s->options), 0);
	fclose(out);
	return text;
}

/* What writing to a full device gives. */
static inline int sample_write_full(const struct sample *s, const char *format)
{
	FILE *out = fopen("/dev/full", "w");

	cr_assert_not_null(out);
	int r = report_write(out, report_format_find(format), &s->report, &s->options);
	fclose(out);
	return r;
}

/* An object in one line; takes it. free() the text. */
static inline char *sample_json(struct json_object *object)
{
	struct values values = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	values_print(&values, out, object, JSON_ONE_LINE, 0);
	fclose(out);
	json_object_put(object);
	cr_assert_not(values.is_failed);
	return text;
}

static inline void expect_text(char *got, const char *wanted)
{
	cr_expect_str_eq(got, wanted);
	free(got);
}

/* Every text of the list occurs, each after the one before. */
static inline void expect_order(const char *text, const char *const *wanted)
{
	const char *at = text;

	for (; *wanted; wanted++) {
		const char *found = strstr(at, *wanted);
		cr_assert_not_null(found, "\"%s\" is missing or too early in:\n%s", *wanted, text);
		at = found + strlen(*wanted);
	}
}

/* Text of lines from the first on, without LF, in line; false at the end. */
static inline bool next_line(const char **text, char *line, size_t size)
{
	size_t len = strcspn(*text, "\n");

	if (!**text)
		return false;
	snprintf(line, size, "%.*s", (int)len, *text);
	*text += len + ((*text)[len] == '\n');
	return true;
}

/* ---- Events ---------------------------------------------------------------------------------- */

static inline struct report_event sample_finding_event(const struct sample *s)
{
	return (struct report_event){ .type = REPORT_EVENT_FINDING, .time_ns = s->violation.first_ns,
		                      .report = &s->report, .finding = &s->violation };
}

static inline struct report_event sample_flow_event(const struct sample *s)
{
	return (struct report_event){ .type = REPORT_EVENT_FLOW, .time_ns = s->record.flow.last_ns,
		                      .report = &s->report, .flow = &s->record };
}

/* What a format says of one event; free() it. */
static inline char *sample_event(const struct sample *s, const char *format,
                                 struct report_event event)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	cr_assert_not_null(out);
	cr_assert_eq(report_format_find(format)->put_event(out, &event, &s->options), 0);
	fclose(out);
	return text;
}

static inline void expect_in_event(const struct sample *s, const char *format,
                                   struct report_event event, const char *wanted)
{
	char *line = sample_event(s, format, event);

	cr_expect_not_null(strstr(line, wanted), "\"%s\" is missing in:\n%s", wanted, line);
	cr_expect_eq(strcspn(line, "\n") + 1, strlen(line), "one line: %s", line);
	free(line);
}

/* The whole sample with its flow, seen by sensor s1, in a format of lines; NULL: any line. */
static inline void expect_lines(const char *format, const char *const *wanted, size_t n)
{
	struct sample s;
	char line[8192];

	sample_init(&s);
	s.options.flows = REPORT_ALL_FLOWS;
	s.options.sensor = "s1";
	char *text = sample_write(&s, format);
	const char *at = text;
	for (size_t i = 0; i < n; i++) {
		cr_assert(next_line(&at, line, sizeof(line)));
		if (wanted[i])
			cr_expect_str_eq(line, wanted[i]);
	}
	cr_expect_not(next_line(&at, line, sizeof(line)));
	free(text);
	sample_deinit(&s);
}

#endif
