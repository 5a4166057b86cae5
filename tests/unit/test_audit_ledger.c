/*
 * Assessments to findings and to a verdict: which flows are alike, what a finding counts, accepted
 * and expired entries, resumed sessions, and that the order in which flows close changes nothing.
 */
#include "audit_hand.h"

#define NETWORK "site: S\npacks: [lync-server-2013]\nnetworks: [10.0.0.0/8]\n"
#define ROLES                                                                                      \
	"roles: {front-end-server: [10.0.2.20, 10.0.2.21], cms-master: [10.0.2.20],\n"             \
	"  mediation-server: [10.0.2.40], pstn-gateway: [10.0.3.5], edge-internal: [10.0.1.10],\n" \
	"  access-edge-external: [203.0.113.10], client-internal: [10.0.9.0/24]}\n"
#define SITE NETWORK "features: [pstn-tls, pstn-tcp, enterprise-voice, sip-federation]\n" ROLES

static struct bench bench;

static void open_site(const char *more)
{
	char site[4096];

	snprintf(site, sizeof(site), "%s%s", SITE, more);
	bench_open(&bench, PACK_FIRST, NULL, site);
}

static void close_bench(void)
{
	bench_close(&bench);
}

TestSuite(ledger, .fini = close_bench);

/* ---- Alike flows are one finding ------------------------------------------------------------- */

Test(ledger, twenty_thousand_attempts_are_one_line)
{
	open_site("");
	for (unsigned i = 0; i < 20000; i++) {
		char line[120];
		snprintf(line, sizeof(line),
		         "10.0.9.%u:%u > 10.0.2.20:5061 tcp silent refused at=%u", 1 + i % 200,
		         1024 + i % 60000, i / 10);
		bench_put(&bench, line);
	}
	bench_report(&bench);
	const struct finding *f = bench_finding(&bench, "refused", "fe-sip-client");
	cr_assert_eq(f->flows, 20000);
	cr_assert_eq(f->key.port, 5061);
	cr_assert_eq(f->initiators, 200);
	cr_assert_not(f->initiators_at_least);
	cr_assert_eq(f->n_examples, 3);
	cr_assert_eq(f->first_ns, HAND_START);
	cr_assert_eq(f->last_ns, HAND_START + (1999 + 10) * HAND_SECOND);
	cr_assert_eq(f->n_ports, 1);
	cr_assert_eq(f->severity, SEVERITY_ERROR);
	cr_assert_eq(bench.report->flows[VERDICT_BLOCKED], 20000);
}

Test(ledger, port_is_in_the_key_only_with_a_rule)
{
	open_site("");
	/* Undocumented: any ports, one finding. */
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:22 tcp ssh");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:23 tcp ssh");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:24 tcp ssh");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:3389 tcp rdp");
	/* A wrong port: the ports that were contacted do not split it. */
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:6001 tcp sip");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:6002 tcp sip");
	bench_report(&bench);
	const struct finding *f = bench_finding(&bench, "undocumented", "-");
	cr_assert_eq(f->flows, 4);
	cr_assert_eq(f->key.port, 0);
	cr_assert_eq(f->n_ports, 2);
	cr_assert_eq(f->ports[0].first, 22);
	cr_assert_eq(f->ports[0].last, 24);
	cr_assert_eq(f->ports[1].first, 3389);
	cr_assert_eq(f->ports[1].last, 3389);
	f = bench_finding(&bench, "wrong-port", "*");
	cr_assert_eq(f->flows, 2);
	cr_assert_eq(f->ports[0].first, 6001);
	cr_assert_eq(f->ports[0].last, 6002);
}

Test(ledger, what_splits_findings)
{
	open_site("");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:22 tcp ssh");
	bench_put(&bench, "10.0.9.22:4000 > 10.0.2.20:22 tcp ssh"); /* alike */
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:22 udp ssh"); /* transport */
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.21:22 tcp ssh"); /* the responder's site line */
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.20:22 tcp ssh");  /* the opener's role */
	bench_put(&bench,
	          "10.0.99.9:4000 > 10.0.2.20:22 tcp ssh"); /* an inside host without a role */
	bench_put(&bench, "10.0.98.9:4000 > 10.0.2.20:22 tcp ssh"); /* alike */
	bench_put(&bench,
	          "198.51.100.9:4000 > 10.0.2.20:22 tcp ssh"); /* one outside is not alike */
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:22 tcp silent refused");
	bench_report(&bench);
	cr_assert_eq(bench_count(&bench, "undocumented", "-"), 6);
	cr_assert_eq(bench_count(&bench, "refused", "-"), 1);
	for (size_t i = 0; i < bench.report->n_findings; i++) {
		const struct finding *f = bench.report->findings[i];
		cr_assert_eq(strlen(f->id), 16);
		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(f->id, bench.report->findings[j]->id);
	}
}

Test(ledger, initiators_are_exact_to_1024)
{
	open_site("");
	for (unsigned i = 0; i < 1024; i++) {
		char line[120];
		snprintf(line, sizeof(line), "198.51.%u.%u:4000 > 10.0.2.20:22 tcp ssh", i / 256,
		         i % 256);
		bench_put(&bench, line);
		bench_put(&bench, line);
	}
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp sip");
	bench_report(&bench);
	const struct finding *f = bench_finding(&bench, "undocumented", "-");
	cr_assert_eq(f->initiators, 1024);
	cr_assert_not(f->initiators_at_least);
	cr_assert_eq(f->flows, 2048);
	bench_close(&bench);
	open_site("");
	for (unsigned i = 0; i < 3000; i++) {
		char line[120];
		snprintf(line, sizeof(line), "198.51.%u.%u:4000 > 10.0.2.20:22 tcp ssh", i / 256,
		         i % 256);
		bench_put(&bench, line);
	}
	bench_report(&bench);
	f = bench_finding(&bench, "undocumented", "-");
	cr_assert_eq(f->initiators, 1024);
	cr_assert(f->initiators_at_least);
}

Test(ledger, earliest_flows_are_the_examples)
{
	static const unsigned order[] = { 7, 3, 9, 1, 8, 2, 6, 4, 5 };

	open_site("");
	bench.options.n_examples = 4;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		char line[120];
		snprintf(line, sizeof(line), "10.0.9.21:4000 > 10.0.2.20:22 tcp ssh n=%u at=%u",
		         order[i], order[i]);
		bench_put(&bench, line);
	}
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:22 tcp ssh file=2 n=1 at=99");
	bench_report(&bench);
	const struct finding *f = bench_finding(&bench, "undocumented", "-");
	cr_assert_eq(f->n_examples, 4);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(f->examples[i]->flow.number, i + 1);
	cr_assert_not_null(f->examples[0]->flow.facts, "examples keep their facts");
}

Test(ledger, ids_are_stable)
{
	char first[17];

	open_site("");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp sip");
	bench_report(&bench);
	strcpy(first, bench_finding(&bench, "wrong-security", "fe-sip-client")->id);
	bench_close(&bench);
	/* Another capture, other clients, other findings beside it. */
	open_site("");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:6001 tcp sip");
	bench_put(&bench, "10.0.9.77:5000 > 10.0.2.20:5061 tcp sip at=500");
	bench_put(&bench, "10.0.9.78:5000 > 10.0.2.20:5061 tcp sip at=600");
	bench_report(&bench);
	cr_assert_str_eq(bench_finding(&bench, "wrong-security", "fe-sip-client")->id, first);
	for (const char *c = first; *c; c++)
		cr_assert(strchr("0123456789abcdef", *c));
}

Test(ledger, findings_are_sorted_by_severity_rule_and_time)
{
	open_site("accept: [{kind: wrong-port, why: known}]\n");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip");  /* note */
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:6001 tcp sip");  /* accepted error */
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:22 tcp ssh");   /* error without a rule */
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5071 tcp sip"); /* warning: feature off */
	bench_put(&bench, "10.0.2.21:4000 > 10.0.2.20:5061 tcp sip"); /* error */
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp sip"); /* error of an earlier rule */
	const struct report *report = bench_report(&bench);
	cr_assert_str_eq(bench_rule_id(&bench, report->findings[0]->key.rule), "fe-sip-client");
	cr_assert_str_eq(bench_rule_id(&bench, report->findings[1]->key.rule), "fe-sip-server");
	cr_assert_str_eq(bench_rule_id(&bench, report->findings[2]->key.rule), "-");
	cr_assert_eq(report->findings[3]->severity, SEVERITY_WARNING);
	cr_assert_not_null(report->findings[report->n_findings - 1]->key.accepted,
	                   "accepted ones come last");
	for (size_t i = 1; i + 1 < report->n_findings; i++)
		cr_assert_leq(report->findings[i]->severity, report->findings[i - 1]->severity);
}

/* ---- What a site accepts --------------------------------------------------------------------- */

static void assert_accepted(const char *accept, const char *line, bool is_accepted)
{
	char text[512];

	snprintf(text, sizeof(text), "accept:\n  - %s\n", accept);
	open_site(text);
	bench_put(&bench, line);
	const struct report *report = bench_report(&bench);
	const struct finding *f = NULL;
	for (size_t i = 0; i < report->n_findings; i++)
		if (report->findings[i]->flows)
			f = report->findings[i];
	cr_assert_not_null(f);
	cr_assert_eq(f->key.accepted != NULL, is_accepted, "%s for %s", accept, line);
	cr_assert_eq(report->findings_accepted, is_accepted, "%s for %s", accept, line);
	cr_assert_eq(bench_note(&bench, NOTE_CODE_ACCEPT_UNUSED) == NULL, is_accepted, "%s for %s",
	             accept, line);
	bench_close(&bench);
}

Test(ledger, accept)
{
	const char *gateway = "10.0.3.5:4000 > 10.0.2.40:5067 tcp sip",
	           *server = "10.0.2.21:4000 > 10.0.2.20:5061 tcp sip";

	assert_accepted("{rule: med-gw-tls-in, why: w}", gateway, true);
	assert_accepted("{rule: med-gw-tcp-in, kind: wrong-security, why: w}", gateway, false);
	assert_accepted("{kind: wrong-security, why: w}", gateway, true);
	assert_accepted("{kind: wrong-protocol, why: w}", gateway, false);
	assert_accepted("{rule: med-gw-tls-in, kind: wrong-security, from: 10.0.3.5, why: w}",
	                gateway, true);
	assert_accepted("{rule: med-gw-tls-in, kind: wrong-security, from: 10.0.3.6, why: w}",
	                gateway, false);
	assert_accepted("{from: pstn-gateway, why: w}", gateway, true);
	assert_accepted("{from: 10.0.3.0/24, to: mediation-server, why: w}", gateway, true);
	assert_accepted("{to: 10.0.2.40, why: w}", gateway, true);
	assert_accepted("{to: 10.0.2.41, why: w}", gateway, false);
	assert_accepted("{from: mediation-server, why: w}", gateway, false);
	/* A printed rule stands for its facets. */
	assert_accepted("{rule: fe-sip, why: w}", server, true);
	assert_accepted("{rule: fe-sip-server, why: w}", server, true);
	assert_accepted("{rule: fe-sip-client, kind: wrong-security, why: w}", server, false);
	/* The last day it holds is the day of the flow. */
	assert_accepted("{rule: fe-sip, why: w, until: 2026-01-01}", server, true);
}

Test(ledger, accepted_findings_stay_and_do_not_count)
{
	open_site("accept: [{rule: med-gw-tls-in, why: old gateway}]\n");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5067 tcp sip");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip");
	const struct report *report = bench_report(&bench);
	cr_assert_str_eq(
	        bench_finding(&bench, "wrong-security", "med-gw-tls-in")->key.accepted->why,
	        "old gateway");
	cr_assert_eq(report->findings_accepted, 1);
	cr_assert_eq(report->findings_by_severity[SEVERITY_ERROR], 0);
	cr_assert_eq(report->findings_by_kind[KIND_WRONG_SECURITY], 1);
}

Test(ledger, accept_splits_findings)
{
	open_site("accept: [{rule: fe-sip, from: 10.0.9.21, why: lab}]\n");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp sip");
	bench_put(&bench, "10.0.9.22:4000 > 10.0.2.20:5061 tcp sip");
	const struct report *report = bench_report(&bench);
	cr_assert_eq(bench_count(&bench, "wrong-security", "fe-sip-client"), 2);
	cr_assert_eq(report->findings_accepted, 1);
	cr_assert_eq(report->findings_by_severity[SEVERITY_ERROR], 1);
}

Test(ledger, entries_that_ran_out_or_matched_nothing_are_notes)
{
	open_site("accept: [{rule: fe-sip, why: gone, until: 2025-12-31}, {rule: med-sip, why: "
	          "idle}]\n"
	          "allow: [{from: any, to: any, ports: 1433, why: gone, until: 2025-12-31},\n"
	          "  {from: any, to: any, ports: 1434, why: idle}, {from: any, to: any, ports: "
	          "1435, why: used}]\n");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp sip");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:1433 tcp tds");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:1435 tcp tds");
	bench_report(&bench);
	cr_assert_null(bench_finding(&bench, "wrong-security", "fe-sip-client")->key.accepted);
	cr_assert_eq(bench_finding(&bench, "undocumented", "-")->flows, 1);
	cr_assert_not_null(bench_note(&bench, NOTE_CODE_ACCEPT_EXPIRED));
	cr_assert_not_null(bench_note(&bench, NOTE_CODE_ACCEPT_UNUSED));
	cr_assert_not_null(bench_note(&bench, NOTE_CODE_ALLOW_EXPIRED));
	cr_assert_not_null(bench_note(&bench, NOTE_CODE_ALLOW_UNUSED));
	cr_assert_eq(bench_note(&bench, NOTE_CODE_ALLOW_UNUSED)->severity, SEVERITY_INFO);
}

/* ---- Severity by the site's word ------------------------------------------------------------- */

Test(ledger, severity_by_kind_and_by_rule)
{
	open_site("severity: {wrong-security: warning, undocumented: info, note: error}\n"
	          "rules: {med-gw-tls-in: {severity: info}}\n");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp sip");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5067 tcp sip");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:22 tcp ssh");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip");
	bench_report(&bench);
	cr_assert_eq(bench_finding(&bench, "wrong-security", "fe-sip-client")->severity,
	             SEVERITY_WARNING);
	cr_assert_eq(bench_finding(&bench, "wrong-security", "med-gw-tls-in")->severity,
	             SEVERITY_INFO);
	cr_assert_eq(bench_finding(&bench, "undocumented", "-")->severity, SEVERITY_INFO);
	cr_assert_eq(bench_note(&bench, NOTE_CODE_CLEAR_TEXT)->severity, SEVERITY_ERROR);
}

Test(ledger, notes_and_their_severity)
{
	open_site("");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp tls10");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp tls-weak");
	bench_put(&bench, "10.0.2.21:4000 > 10.0.2.20:5061 tcp tls13-absent");
	bench_put(&bench, "10.0.2.21:4000 > 10.0.2.20:80 tcp tls");
	bench_report(&bench);
	cr_assert_eq(bench_note(&bench, NOTE_CODE_CLEAR_TEXT)->severity, SEVERITY_INFO);
	cr_assert_eq(bench_note(&bench, NOTE_CODE_OLD_TLS)->severity, SEVERITY_WARNING);
	cr_assert_eq(bench_note(&bench, NOTE_CODE_WEAK_SUITE)->severity, SEVERITY_WARNING);
	cr_assert_eq(bench_note(&bench, NOTE_CODE_CERTIFICATE_NOT_VISIBLE)->severity,
	             SEVERITY_WARNING);
	cr_assert_eq(bench.report->unjudged_by_reason[DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE], 1);
}

/* ---- Resumed sessions ------------------------------------------------------------------------ */

#define RESUMED "10.0.2.21:4000 > 10.0.2.20:5061 tcp session=7 resumed at=100"

static void assert_resumed(enum client_auth auth, int64_t at, const char *expected)
{
	open_site("");
	bench.options.keep = KEEP_FLOWS_IN_SCOPE;
	bench_put(&bench, RESUMED);
	if (auth != CLIENT_AUTH_UNKNOWN)
		bench_session(&bench, 7, auth, at);
	bench_session(&bench, 8, CLIENT_AUTH_GIVEN, 0); /* another session's */
	bench_report(&bench);
	char text[160];
	cr_assert_eq(bench.report->n_records, 1);
	bench_verdict_text(&bench, &bench.report->records[0]->assessment, text);
	cr_assert_str_eq(text, expected);
	bench_close(&bench);
}

Test(ledger, resumed_session_inherits_what_its_first_handshake_showed)
{
	assert_resumed(CLIENT_AUTH_GIVEN, 50, "compliant - fe-sip-server -");
	assert_resumed(CLIENT_AUTH_NOT_ASKED, 50,
	               "violation wrong-security fe-sip-server security");
	assert_resumed(CLIENT_AUTH_EMPTY, 50, "violation wrong-security fe-sip-server security");
	assert_resumed(CLIENT_AUTH_INFERRED_ABSENT, 50,
	               "unjudged client-certificate-not-visible fe-sip-server -");
	/* Not in this capture, or only after it. */
	assert_resumed(CLIENT_AUTH_UNKNOWN, 0, "unjudged session-resumed fe-sip-server -");
	assert_resumed(CLIENT_AUTH_GIVEN, 500, "unjudged session-resumed fe-sip-server -");
}

Test(ledger, session_seen_after_its_resumption_was_put)
{
	/* The note and the flow come in any order; the earlier of two handshakes counts. */
	for (int order = 0; order < 2; order++) {
		open_site("");
		bench.options.keep = KEEP_FLOWS_IN_SCOPE;
		bench_session(&bench, 7, order ? CLIENT_AUTH_GIVEN : CLIENT_AUTH_NOT_ASKED,
		              order ? 10 : 20);
		bench_put(&bench, RESUMED);
		bench_session(&bench, 7, order ? CLIENT_AUTH_NOT_ASKED : CLIENT_AUTH_GIVEN,
		              order ? 20 : 10);
		bench_report(&bench);
		const struct assessment *a = &bench.report->records[0]->assessment;
		cr_assert_eq(a->verdict, VERDICT_COMPLIANT);
		cr_assert_eq(a->security_evidence, EVIDENCE_CONSISTENT, "inherited, not read here");
		bench_close(&bench);
	}
}

/* Session `to` was handed out at `at` by a handshake that resumed session `from`. */
static void renew(struct bench *b, uint8_t from, uint8_t to, int64_t at)
{
	struct note note = { .kind = NOTE_SESSION,
		             .time_ns = HAND_START + at * HAND_SECOND,
		             .session = { to },
		             .session_from = { from },
		             .client_auth = CLIENT_AUTH_RESUMED,
		             .security = SECURITY_TLS,
		             .security_evidence = EVIDENCE_CONSISTENT };

	bench_start(b);
	cr_assert_eq(ledger_note(b->ledger, &note), 0);
}

static void assert_renewed(void (*steps)(struct bench *b), const char *expected)
{
	open_site("");
	bench.options.keep = KEEP_FLOWS_IN_SCOPE;
	bench_put(&bench, RESUMED);
	bench_put(&bench, "10.0.2.21:4001 > 10.0.2.20:5061 tcp session=7 resumed at=101");
	steps(&bench);
	bench_report(&bench);
	cr_assert_eq(bench.report->n_records, 2);
	for (size_t i = 0; i < 2; i++) {
		char text[160];
		bench_verdict_text(&bench, &bench.report->records[i]->assessment, text);
		cr_assert_str_eq(text, expected);
	}
	bench_close(&bench);
}

static void three_renewals(struct bench *b)
{
	renew(b, 5, 7, 90);
	renew(b, 3, 5, 60);
	bench_session(b, 3, CLIENT_AUTH_GIVEN, 30);
}

static void first_is_missing(struct bench *b)
{
	renew(b, 5, 7, 90);
	renew(b, 3, 5, 60);
}

static void first_is_later(struct bench *b)
{
	renew(b, 3, 7, 60);
	bench_session(b, 3, CLIENT_AUTH_GIVEN, 70);
}

static void circle(struct bench *b)
{
	renew(b, 5, 7, 90);
	renew(b, 7, 5, 90);
}

Test(ledger, renewed_tickets_lead_back_to_the_first_handshake)
{
	assert_renewed(three_renewals, "compliant - fe-sip-server -");
	assert_renewed(first_is_missing, "unjudged session-resumed fe-sip-server -");
	assert_renewed(first_is_later, "unjudged session-resumed fe-sip-server -");
	assert_renewed(circle, "unjudged session-resumed fe-sip-server -");
}

/* ---- What others say of a place -------------------------------------------------------------- */

#define MEDIA "10.0.9.21:40000 > 10.0.2.40:50000 udp maybe-media"
#define RPC   "10.0.2.21:53790 > 10.0.2.20:49200 tcp noise-late midstream"

/* Verdict, kind or reason, rule and field of the only flow, then its evidence. */
static void assert_record(const char *expected, enum evidence evidence, const char *fact)
{
	char text[160];

	cr_assert_eq(bench.report->n_records, 1);
	const struct flow_record *record = bench.report->records[0];
	bench_verdict_text(&bench, &record->assessment, text);
	cr_assert_str_eq(text, expected);
	cr_assert_eq(record->assessment.evidence, evidence, "%s", expected);
	if (fact)
		cr_assert_not_null(facts_find(record->flow.facts, fact));
	else
		cr_assert_null(record->flow.facts->list);
}

Test(ledger, announced_media_keep_the_rule)
{
	/* Without the announcement, with it before and behind the flow. */
	for (int order = 0; order < 3; order++) {
		bench_open(&bench, PACK_FIRST, NULL, NETWORK "features: [audio]\n" ROLES);
		bench.options.keep = KEEP_FLOWS_IN_SCOPE;
		if (order == 1)
			bench_place(&bench, NOTE_MEDIA, "10.0.9.21", 40000, -5);
		bench_put(&bench, MEDIA);
		if (order == 2)
			bench_place(&bench, NOTE_MEDIA, "10.0.9.21", 40000, -5);
		bench_report(&bench);
		if (order)
			assert_record("compliant - audio-media -", EVIDENCE_CONSISTENT,
			              "media.announced");
		else
			assert_record("unjudged unrecognised audio-media -", EVIDENCE_HEADERS,
			              NULL);
		cr_assert_eq(bench.report->records[0]->flow.facts->protocol,
		             order ? PROTOCOL_RTP : PROTOCOL_UNKNOWN);
		bench_close(&bench);
	}
	bench_open(&bench, PACK_FIRST, NULL, NETWORK "features: [audio]\n" ROLES);
	bench.options.keep = KEEP_FLOWS_IN_SCOPE;
	bench_place(&bench, NOTE_MEDIA, "10.0.2.40", 50000, 0);
	bench_put(&bench, "10.0.9.21:40000 > 10.0.2.40:50000 udp rtp-one-side one-way");
	bench_report(&bench);
	assert_record("compliant - audio-media -", EVIDENCE_CONFIRMED, "media.announced");
}

Test(ledger, a_note_makes_no_violation)
{
	/* The feature is off: as media it would be one. */
	open_site("");
	bench.options.keep = KEEP_FLOWS_IN_SCOPE;
	bench_place(&bench, NOTE_MEDIA, "10.0.2.40", 50000, 0);
	bench_put(&bench, MEDIA);
	bench_report(&bench);
	assert_record("unjudged unrecognised audio-media -", EVIDENCE_HEADERS, "media.announced");
	cr_assert_eq(bench.report->records[0]->flow.facts->protocol, PROTOCOL_UNKNOWN);
	bench_close(&bench);
	/* A range of media: RPC would break it. */
	open_site("");
	bench.options.keep = KEEP_FLOWS_IN_SCOPE;
	bench_place(&bench, NOTE_RPC, "10.0.2.20", 49200, 0);
	bench_put(&bench, RPC);
	bench_report(&bench);
	assert_record("unjudged midstream fe-app-sharing-media -", EVIDENCE_HEADERS, "rpc.named");
	bench_close(&bench);
	/* One that was there before stays what it was. */
	open_site("");
	bench.options.keep = KEEP_FLOWS_IN_SCOPE;
	bench_place(&bench, NOTE_RPC, "10.0.2.20", 1500, 0);
	bench_put(&bench, "10.0.2.21:53790 > 10.0.2.20:1500 tcp noise-late");
	bench_report(&bench);
	assert_record("violation undocumented - -", EVIDENCE_NONE, "rpc.named");
}

Test(ledger, a_named_port_keeps_a_rule_by_inference)
{
	static const char allow[] = "allow: [{from: front-end-server, to: front-end-server, "
	                            "transport: tcp, ports: 49152-65535, protocol: dce-rpc, why: "
	                            "dynamic RPC}]\n";

	open_site(allow);
	bench.options.keep = KEEP_FLOWS_IN_SCOPE;
	bench_put(&bench, RPC);
	bench_place(&bench, NOTE_RPC, "10.0.2.20", 49200, 3);
	bench_report(&bench);
	assert_record("compliant - allow-1 -", EVIDENCE_INFERRED, "rpc.named");
	cr_assert_eq(bench.report->compliant_by_evidence[EVIDENCE_INFERRED], 1);
	bench_close(&bench);
	open_site(allow);
	bench.options.keep = KEEP_FLOWS_IN_SCOPE;
	bench_put(&bench, RPC);
	bench_report(&bench);
	assert_record("unjudged midstream allow-1 -", EVIDENCE_HEADERS, NULL);
}

Test(ledger, what_waits_is_bounded)
{
	bench_open(&bench, PACK_FIRST, NULL, NETWORK "features: [audio]\n" ROLES);
	bench.options.max_waiting = 2;
	bench_place(&bench, NOTE_MEDIA, "10.0.9.24", 40000, -5);
	bench_put(&bench, "10.0.9.21:40000 > 10.0.2.40:50000 udp maybe-media");
	bench_put(&bench, "10.0.9.22:40000 > 10.0.2.40:50000 udp maybe-media");
	/* No room: judged by what was said by now. */
	bench_put(&bench, "10.0.9.23:40000 > 10.0.2.40:50000 udp maybe-media");
	bench_put(&bench, "10.0.9.24:40000 > 10.0.2.40:50000 udp maybe-media");
	bench_place(&bench, NOTE_MEDIA, "10.0.9.22", 40000, -5);
	bench_place(&bench, NOTE_MEDIA, "10.0.9.23", 40000, -5);
	bench_report(&bench);
	cr_assert_eq(bench.report->flows_not_waited, 2);
	cr_assert_eq(bench.report->flows[VERDICT_COMPLIANT], 2);
	cr_assert_eq(bench.report->flows[VERDICT_UNJUDGED], 2);
	cr_assert_eq(bench.report->notes_dropped, 0);
}

/* What a record tells of its session is its own: the table of sessions grows under it. */
Test(ledger, records_outlive_the_table_of_sessions)
{
	open_site("");
	bench.options.max_waiting = 1;
	bench.options.keep = KEEP_FLOWS_IN_SCOPE;
	bench_session(&bench, 7, CLIENT_AUTH_GIVEN, 50);
	bench_put(&bench, RESUMED " n=1");
	bench_put(&bench, RESUMED " n=2");
	for (unsigned i = 8; i < 250; i++)
		bench_session(&bench, (uint8_t)i, CLIENT_AUTH_EMPTY, 50);
	bench_report(&bench);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_not_null(bench.report->records[i]->session);
		cr_assert_eq(bench.report->records[i]->session->client_auth, CLIENT_AUTH_GIVEN);
		cr_assert_eq(bench.report->records[i]->assessment.verdict, VERDICT_COMPLIANT);
	}
}

Test(ledger, notes_are_bounded)
{
	open_site("");
	bench.options.max_notes = 3;
	bench.options.keep = KEEP_FLOWS_IN_SCOPE;
	for (uint8_t i = 1; i <= 5; i++) {
		bench_session(&bench, i, CLIENT_AUTH_GIVEN, 50);
		bench_place(&bench, NOTE_MEDIA, "10.0.9.21", i, 50);
	}
	bench_session(&bench, 3, CLIENT_AUTH_GIVEN, 40);
	bench_put(&bench, "10.0.2.21:4000 > 10.0.2.20:5061 tcp session=3 resumed at=45");
	bench_put(&bench, "10.0.2.21:4001 > 10.0.2.20:5061 tcp session=4 resumed at=100");
	bench_report(&bench);
	cr_assert_eq(bench.report->notes_dropped, 4);
	cr_assert_eq(bench.report->flows_not_waited, 0);
	cr_assert_eq(bench.report->flows[VERDICT_COMPLIANT], 1);
	cr_assert_eq(bench.report->unjudged_by_reason[DOUBT_SESSION_RESUMED], 1);
}

/* ---- Totals and lists ------------------------------------------------------------------------ */

Test(ledger, counts)
{
	open_site("");
	bench.options.keep = KEEP_ALL_FLOWS;
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp tls n=5");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip n=4");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp silent n=3");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:22 tcp ssh n=2");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.99.9:80 tcp http n=1");
	bench_put(&bench, "10.0.9.21:4001 > 10.0.99.9:80 tcp http n=7");
	bench_put(&bench, "198.51.100.1:4001 > 10.0.99.9:80 tcp http n=8");
	const struct report *report = bench_report(&bench);
	cr_assert_eq(report->flows[VERDICT_COMPLIANT], 2);
	cr_assert_eq(report->flows[VERDICT_UNJUDGED], 1);
	cr_assert_eq(report->flows[VERDICT_VIOLATION], 1);
	cr_assert_eq(report->flows[VERDICT_OUT_OF_SCOPE], 3);
	cr_assert_eq(report->compliant_by_evidence[EVIDENCE_CONSISTENT], 1);
	cr_assert_eq(report->compliant_by_evidence[EVIDENCE_CONFIRMED], 1);
	cr_assert_eq(report->unjudged_by_reason[DOUBT_NO_PAYLOAD], 1);
	cr_assert_eq(report->n_records, 7);
	for (size_t i = 1; i < report->n_records; i++)
		cr_assert_lt(report->records[i - 1]->flow.number, report->records[i]->flow.number);
	cr_assert_eq(report->n_out_of_scope, 2);
	cr_assert_str_eq(report->out_of_scope[0].src, "client-internal");
	cr_assert_str_eq(report->out_of_scope[0].dst, "inside");
	cr_assert_eq(report->out_of_scope[0].flows, 2);
	cr_assert_eq(report->out_of_scope[0].packets, 36);
	cr_assert_eq(report->out_of_scope[0].bytes, 3600);
	cr_assert_str_eq(report->out_of_scope[1].src, "outside");
}

Test(ledger, lists_keep_what_was_asked_for)
{
	for (int keep = KEEP_NO_FLOWS; keep <= KEEP_ALL_FLOWS; keep++) {
		open_site("");
		bench.options.keep = keep == KEEP_NO_FLOWS    ? KEEP_NO_FLOWS
		                     : keep == KEEP_ALL_FLOWS ? KEEP_ALL_FLOWS
		                                              : KEEP_FLOWS_IN_SCOPE;
		bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp tls");
		bench_put(&bench, "10.0.9.21:4000 > 10.0.99.9:80 tcp http");
		cr_assert_eq(bench_report(&bench)->n_records, (size_t)keep);
		bench_close(&bench);
	}
}

Test(ledger, judgement_is_kept_in_the_flow)
{
	open_site("");
	struct hand_flow hand = hand_flow("10.0.9.21:4000 > 10.0.2.20:5061 tcp sip");
	bench_start(&bench);
	cr_assert_eq(ledger_put(bench.ledger, &hand.flow, hand.now_ns, false, false), 0);
	cr_assert_eq(hand.flow.judgement.rule, ruleset_find(bench.ruleset, "fe-sip-client") + 1);
	cr_assert_eq(hand.flow.judgement.verdict, VERDICT_VIOLATION);
	cr_assert_eq(hand.flow.judgement.kind, KIND_WRONG_SECURITY);
	cr_assert_eq(hand.flow.judgement.field, CONDITION_SECURITY);
	cr_assert_eq(hand.flow.judgement.severity, SEVERITY_ERROR);
	cr_assert_eq(hand.flow.judgement.evidence, EVIDENCE_CONFIRMED);
}

/* ---- The verdict ----------------------------------------------------------------------------- */

/* A site of one pair whose required rules can all be met. */
#define SMALL_PACK                                                                                 \
	"pack: lync-server-2013\nversion: \"1\"\nproduct: P\n"                                     \
	"documents: [{id: d, title: T, address: a}]\n"                                             \
	"roles: [{id: kettle, kind: server, zone: inside}, {id: guest, kind: client, zone: "       \
	"inside}]\n"                                                                               \
	"rules:\n- {id: order, title: t, from: [guest], to: [kettle], transport: tcp, ports: "     \
	"5061,\n"                                                                                  \
	"   protocol: sip, security: tls, need: required, cites: [{document: d, table: 1, row: "   \
	"1, cells: [x]}]}\n"                                                                       \
	"- {id: talk, title: t, from: [guest], to: [kettle], transport: tcp, ports: 5062,\n"       \
	"   protocol: sip, security: unspecified, need: optional, feature: chat,\n"                \
	"   cites: [{document: d, table: 1, row: 2, cells: [x]}]}\n"                               \
	"features: [{id: chat, title: t}]\n"
#define SMALL_SITE                                                                                 \
	"site: S\npacks: [lync-server-2013]\nnetworks: [10.0.0.0/8]\nfeatures: [chat]\n"           \
	"roles: {kettle: [10.0.0.1], guest: [10.0.9.0/24]}\n"
#define ORDER "10.0.9.1:4000 > 10.0.0.1:5061 tcp tls"

static enum report_verdict verdict_of(const char *more, const char *const *lines, size_t n,
                                      void (*change)(struct bench *))
{
	char site[1024];

	snprintf(site, sizeof(site), "%s%s", SMALL_SITE, more);
	bench_open_text(&bench, SMALL_PACK, site);
	if (change)
		change(&bench);
	for (size_t i = 0; i < n; i++)
		bench_put(&bench, lines[i]);
	enum report_verdict verdict = bench_report(&bench)->verdict;
	cr_assert_gt(strlen(bench.report->verdict_why), 0);
	bench_close(&bench);
	return verdict;
}

#define VERDICT(more, change, ...)                                                                 \
	verdict_of(more, (const char *const[]){ __VA_ARGS__ },                                     \
	           sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), change)

static void truncate_capture(struct bench *b)
{
	b->capture.is_truncated = true;
}

static void fail_on_error(struct bench *b)
{
	b->options.fail_on = SEVERITY_ERROR;
}

static void fail_on_info(struct bench *b)
{
	b->options.fail_on = SEVERITY_INFO;
}

Test(ledger, verdict)
{
	cr_assert_eq(VERDICT("", NULL, ORDER), REPORT_PASS);
	cr_assert_eq(VERDICT("", NULL, ORDER, "10.0.9.1:4000 > 10.0.0.1:22 tcp ssh"), REPORT_FAIL);
	/* A required rule that is missing is a warning, one that could not be judged says nothing.
	 */
	cr_assert_eq(VERDICT("", NULL, "10.0.9.1:4000 > 10.0.0.1:5062 tcp sip"), REPORT_FAIL);
	cr_assert_eq(VERDICT("", fail_on_error, "10.0.9.1:4000 > 10.0.0.1:5062 tcp sip"),
	             REPORT_UNJUDGED);
	cr_assert_eq(VERDICT("", NULL, "10.0.9.1:4000 > 10.0.0.1:5062 tcp sip",
	                     "10.0.9.1:4000 > 10.0.0.1:5061 tcp silent"),
	             REPORT_UNJUDGED);
	/* No rule observed: nothing to pass. */
	cr_assert_eq(VERDICT("", NULL, "10.0.9.1:4000 > 10.0.0.1:5061 tcp silent"),
	             REPORT_UNJUDGED);
	cr_assert_eq(VERDICT("", NULL, "10.0.9.1:400 > 10.0.99.1:500 tcp http"), REPORT_UNJUDGED);
	/* An unjudged flow beside an observed rule does not take the pass away. */
	cr_assert_eq(VERDICT("", NULL, ORDER, "10.0.9.1:4000 > 10.0.0.1:5062 tcp silent"),
	             REPORT_PASS);
	/* --fail-on */
	cr_assert_eq(VERDICT("", NULL, ORDER, "10.0.9.1:4000 > 10.0.0.1:5062 tcp sip"),
	             REPORT_PASS);
	cr_assert_eq(VERDICT("", fail_on_info, ORDER, "10.0.9.1:4000 > 10.0.0.1:5062 tcp sip"),
	             REPORT_FAIL);
	cr_assert_eq(VERDICT("", fail_on_error, ORDER, "10.0.9.1:4000 > 10.0.0.1:5061 tcp tls10"),
	             REPORT_PASS);
	cr_assert_eq(VERDICT("", NULL, ORDER, "10.0.9.1:4000 > 10.0.0.1:5061 tcp tls10"),
	             REPORT_FAIL);
	/* Accepted findings do not count. */
	cr_assert_eq(VERDICT("accept: [{kind: undocumented, why: w}]\n", NULL, ORDER,
	                     "10.0.9.1:4000 > 10.0.0.1:22 tcp ssh"),
	             REPORT_PASS);
	/* A truncated file never says pass, and still says fail. */
	cr_assert_eq(VERDICT("", truncate_capture, ORDER), REPORT_UNJUDGED);
	cr_assert_eq(VERDICT("", truncate_capture, ORDER, "10.0.9.1:4000 > 10.0.0.1:22 tcp ssh"),
	             REPORT_FAIL);
	/* A rule with expect must be there too. */
	cr_assert_eq(VERDICT("rules: {talk: {expect: true}}\n", NULL, ORDER), REPORT_FAIL);
	cr_assert_eq(VERDICT("rules: {talk: {expect: true}}\n", NULL, ORDER,
	                     "10.0.9.1:4000 > 10.0.0.1:5062 tcp silent"),
	             REPORT_UNJUDGED);
	cr_assert_eq(VERDICT("rules: {order: {expect: false}}\n", NULL,
	                     "10.0.9.1:4000 > 10.0.0.1:5062 tcp sip"),
	             REPORT_PASS);
}

/* Anybody's DHCP broadcast keeps client-dhcp; a capture of another network must not pass by it. */
Test(ledger, broadcasts_alone_do_not_pass)
{
	static const char site[] =
	        NETWORK "features: [dhcp-discovery]\n"
	                "roles: {dhcp-server: [10.0.8.2], client-internal: [10.0.9.0/24]}\n";

	bench_open(&bench, PACK_FIRST, NULL, site);
	bench_put(&bench, "0.0.0.0:68 > 255.255.255.255:67 udp dhcp one-way");
	const struct report *report = bench_report(&bench);
	cr_assert_eq(report->flows[VERDICT_COMPLIANT], 1);
	cr_assert_eq(report->verdict, REPORT_UNJUDGED);
	cr_assert_str_eq(report->verdict_why,
	                 "only broadcasts keep the table: no host that the site "
	                 "names was seen to keep it");
	bench_close(&bench);
	bench_open(&bench, PACK_FIRST, NULL, site);
	bench_put(&bench, "0.0.0.0:68 > 255.255.255.255:67 udp dhcp one-way");
	bench_put(&bench, "10.0.9.7:68 > 10.0.8.2:67 udp dhcp");
	cr_assert_eq(bench_report(&bench)->verdict, REPORT_PASS);
}

Test(ledger, no_site_is_unjudged_at_best)
{
	bench_open(&bench, PACK_FIRST, NULL, NULL);
	bench_put(&bench, "10.0.9.1:4000 > 10.0.0.1:8057 tcp tls");
	cr_assert_eq(bench_report(&bench)->verdict, REPORT_UNJUDGED);
	bench_close(&bench);
	bench_open(&bench, PACK_FIRST, NULL, NULL);
	bench_put(&bench, "10.0.9.1:4000 > 10.0.0.1:5086 tcp tls");
	cr_assert_eq(bench_report(&bench)->verdict, REPORT_FAIL);
	cr_assert_eq(bench_count(&bench, "missing", "*"), 0);
}
