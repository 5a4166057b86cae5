/*
 * Order independence: the same flows and notes, given to the ledger in any order, make the same
 * report. The report is compared as text that holds every field of every part of it.
 */
#include "audit_hand.h"
#include "pcaudit/base/strbuf.h"

#define N_ORDERS 50

#define SITE                                                                                       \
	"site: S\npacks: [lync-server-2013]\nnetworks: [10.0.0.0/8]\n"                             \
	"features: [pstn-tls, pstn-tcp, enterprise-voice, sip-federation, xmpp-federation, "       \
	"cms-master, audio]\n"                                                                     \
	"roles: {front-end-server: [10.0.2.20, 10.0.2.21], cms-master: [10.0.2.22],\n"             \
	"  mediation-server: [10.0.2.40], pstn-gateway: [10.0.3.5], edge-internal: [10.0.1.10],\n" \
	"  access-edge-external: [203.0.113.10], federated-partner: [192.0.2.10], director: "      \
	"[10.0.2.30]}\n"                                                                           \
	"accept: [{rule: fe-sip, from: 10.0.9.23, why: lab}, {rule: fe-sip, from: 10.0.9.24, "     \
	"why: lab},\n"                                                                             \
	"  {rule: med-sip, why: idle}, {kind: missing, why: known, until: 2025-01-01}]\n"          \
	"allow: [{from: any, to: 10.0.2.20, ports: 1433, why: sql}, {from: any, to: any, ports: "  \
	"1434, why: idle}]\n"                                                                      \
	"rules: {med-gw-tcp-in: {expect: {within: 15m}}, fe-sip-client: {expect: {within: "        \
	"10m}}}\n"

/* %u: the number of the flow, which makes addresses, ports and times differ. */
static const char *const shapes[] = {
	"10.0.9.%u:4000 > 10.0.2.20:5061 tcp tls at=%u n=%u",
	"10.0.9.%u:4000 > 10.0.2.20:5061 tcp sip at=%u n=%u",
	"10.0.9.%u:4000 > 10.0.2.20:5061 tcp tls10 at=%u n=%u",
	"10.0.9.%u:4000 > 10.0.2.21:5061 tcp silent refused at=%u n=%u",
	"10.0.9.%u:4000 > 10.0.2.21:5061 tcp silent unproven at=%u n=%u",
	"10.0.98.%u:4000 > 10.0.1.10:23456 tcp mtls at=%u n=%u",
	"198.51.100.%u:4000 > 10.0.1.10:23456 tcp mtls at=%u n=%u",
	"198.51.100.%u:4000 > 10.0.2.20:22 tcp ssh at=%u n=%u",
	"10.0.97.%u:4000 > 10.0.2.20:22 tcp ssh at=%u n=%u",
	"10.0.97.%u:4000 > 10.0.2.20:1433 tcp tds at=%u n=%u",
	"10.0.96.%u:4000 > 10.0.95.9:80 tcp http at=%u n=%u",
	"198.51.100.%u:4000 > 10.0.95.9:80 tcp http at=%u n=%u",
	"10.0.9.%u:4000 > 10.0.2.40:50000 udp rtp at=%u n=%u",
	"10.0.9.%u:4000 > 10.0.2.40:50000 udp noise at=%u n=%u",
	"10.0.9.%u:4000 > 10.0.2.40:50000 tcp noise-gap at=%u n=%u",
	"10.0.9.%u:4001 > 10.0.2.40:50000 udp maybe-media at=%u n=%u",
	"10.0.9.%u:4001 > 10.0.2.40:50001 udp rtp-one-side one-way at=%u n=%u",
	"10.0.9.%u:4001 > 10.0.2.20:1433 tcp noise-late midstream at=%u n=%u",
};
static const char *const singles[] = {
	"10.0.3.5:4000 > 10.0.2.40:5068 tcp sip at=10 n=901",
	"10.0.3.5:4001 > 10.0.2.40:5068 tcp sip at=3000 n=902",
	"10.0.3.5:4002 > 10.0.2.40:5067 tcp sip at=100 n=903",
	"10.0.2.40:4003 > 10.0.3.5:5068 tcp sip at=110 n=904",
	"10.0.2.21:4004 > 10.0.2.20:5061 tcp session=7 resumed at=500 n=905",
	"10.0.2.21:4005 > 10.0.2.20:5061 tcp session=8 resumed at=510 n=906",
	"10.0.2.21:4006 > 10.0.2.20:5061 tcp session=9 resumed at=520 n=907",
	"10.0.2.20:4007 > 10.0.2.40:5070 udp sip at=530 n=908",
	"10.0.2.22:4008 > 10.0.2.20:445 tcp smb at=540 n=909",
	"10.0.2.20:4009 > 10.0.2.40:445 tcp smb at=550 n=910",
	"203.0.113.10:4010 > 192.0.2.10:5061 tcp mtls refusal at=560 n=911",
	"192.0.2.10:4011 > 203.0.113.10:5065 tcp mtls at=570 n=912",
	"10.0.2.20:0 > 10.0.2.40:0 esp at=580 n=913",
	"10.0.9.21:4012 > 10.0.2.20:5061 tcp tls evicted at=590 n=914",
	"10.0.9.21:4013 > 10.0.2.20:5061 tcp noise evicted at=600 n=915",
	"10.0.2.21:4014 > 10.0.2.20:5061 tcp tls13-absent at=610 n=916",
	"10.0.2.21:4015 > 10.0.2.20:5061 tcp mtls at=620 n=917",
};

#define N_PER_SHAPE 12
#define N_FLOWS     (ARRAY_SIZE(shapes) * N_PER_SHAPE + ARRAY_SIZE(singles))
#define N_SESSIONS  4
#define N_PLACES    6
#define N_NOTES     (N_SESSIONS + N_PLACES)
#define N_ALL       (N_FLOWS + N_NOTES)

/* Several of one place: which of them is told must not depend on the order. */
static void put_place(struct bench *b, size_t i)
{
	static const struct {
		enum note_kind kind;
		const char *addr;
		uint16_t port;
		int64_t at;
	} places[N_PLACES] = {
		{ NOTE_MEDIA, "10.0.9.22", 4001, 900 },    { NOTE_MEDIA, "10.0.2.40", 50000, 1500 },
		{ NOTE_MEDIA, "10.0.2.40", 50000, 2500 },  { NOTE_MEDIA, "10.0.2.40", 50000, 2000 },
		{ NOTE_MEDIA, "10.0.2.40", 50001, -1000 }, { NOTE_RPC, "10.0.2.20", 1433, 1700 },
	};
	struct note note = hand_place(places[i].kind, places[i].addr, places[i].port, places[i].at);

	note.flow = 100 + i;
	bench_start(b);
	cr_assert_eq(ledger_note(b->ledger, &note), 0);
}

static void put(struct bench *b, size_t i)
{
	char line[160];

	if (i >= N_FLOWS + N_SESSIONS) {
		put_place(b, i - N_FLOWS - N_SESSIONS);
		return;
	}
	if (i >= N_FLOWS) {
		static const struct {
			uint8_t session;
			enum client_auth auth;
			int64_t at;
		} notes[N_SESSIONS] = {
			{ 7, CLIENT_AUTH_GIVEN, 100 },
			{ 7, CLIENT_AUTH_NOT_ASKED, 200 },
			{ 8, CLIENT_AUTH_EMPTY, 300 },
			{ 9, CLIENT_AUTH_GIVEN, 3000 },
		};
		bench_session(b, notes[i - N_FLOWS].session, notes[i - N_FLOWS].auth,
		              notes[i - N_FLOWS].at);
		return;
	}
	if (i < ARRAY_SIZE(singles)) {
		bench_put(b, singles[i]);
		return;
	}
	unsigned n = (unsigned)(i - ARRAY_SIZE(singles)) + 1;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(line, sizeof(line), shapes[n % ARRAY_SIZE(shapes)], 20 + n % 7, n * 17 % 3500, n);
#pragma GCC diagnostic pop
	bench_put(b, line);
}

static void add_assessment(struct strbuf *t, const struct bench *b, const struct assessment *a)
{
	char text[160];

	strbuf_add_format(t, "%s sev %d ev %d/%d notes %x src %u by %d state %d any %d kept",
	                  bench_verdict_text(b, a, text), a->severity, a->evidence,
	                  a->security_evidence, a->notes, a->src, a->opener_how, a->state,
	                  a->is_printed_any);
	for (unsigned i = 0; i < a->n_kept; i++)
		strbuf_add_format(t, " %u", a->kept[i]);
	strbuf_add(t, " tried");
	for (unsigned i = 0; i < a->n_tried; i++)
		strbuf_add_format(t, " %u", a->tried[i]);
	strbuf_add(t, "\n");
}

static void add_finding(struct strbuf *t, const struct bench *b, const struct finding *f)
{
	strbuf_add_format(t,
	                  "finding %s %s note %u rule %s sev %d field %d port %u tp %u accepted %s "
	                  "flows %llu %lld %lld by %u%s any %d\n",
	                  f->id, kind_word((enum kind)f->key.kind), f->key.note,
	                  bench_rule_id(b, f->key.rule), f->severity, f->field, f->key.port,
	                  f->key.transport, f->key.accepted ? f->key.accepted->why : "-",
	                  (unsigned long long)f->flows, (long long)f->first_ns,
	                  (long long)f->last_ns, f->initiators, f->initiators_at_least ? "+" : "",
	                  f->is_printed_any);
	strbuf_add_format(t, "  %s\n  %s\n  %s\n  %s\n ", f->why, f->remedy, f->expected,
	                  f->observed);
	for (size_t i = 0; i < f->n_ports; i++)
		strbuf_add_format(t, " %u-%u", f->ports[i].first, f->ports[i].last);
	for (size_t i = 0; i < f->n_examples; i++) {
		strbuf_add_format(t, "\n  %u:%llu ", f->examples[i]->flow.file,
		                  (unsigned long long)f->examples[i]->flow.number);
		add_assessment(t, b, &f->examples[i]->assessment);
	}
	strbuf_add(t, "\n");
}

static void add_report(struct strbuf *t, const struct bench *b)
{
	const struct report *r = b->report;

	strbuf_add_format(t, "%s: %s\n", report_verdict_word(r->verdict), r->verdict_why);
	for (int i = 0; i < N_VERDICTS; i++)
		strbuf_add_format(t, "%llu ", (unsigned long long)r->flows[i]);
	for (int i = 0; i < N_EVIDENCES; i++)
		strbuf_add_format(t, "%llu ", (unsigned long long)r->compliant_by_evidence[i]);
	for (int i = 0; i < N_REASONS; i++)
		strbuf_add_format(t, "%llu ", (unsigned long long)r->unjudged_by_reason[i]);
	for (int i = 0; i < N_KINDS; i++)
		strbuf_add_format(t, "%llu ", (unsigned long long)r->findings_by_kind[i]);
	for (int i = 0; i < 3; i++)
		strbuf_add_format(t, "%llu ", (unsigned long long)r->findings_by_severity[i]);
	for (int i = 0; i < N_COVERAGE_STATUSES; i++)
		strbuf_add_format(t, "%llu ", (unsigned long long)r->rules_by_coverage[i]);
	strbuf_add_format(t, "%llu\n", (unsigned long long)r->findings_accepted);
	for (size_t i = 0; i < r->n_findings; i++)
		add_finding(t, b, r->findings[i]);
	for (size_t i = 0; i < r->n_coverage; i++)
		strbuf_add_format(t, "%s %s %s best %d flows %llu %lld %lld\n",
		                  bench_rule_id(b, r->coverage[i].rule),
		                  coverage_word(r->coverage[i].status), r->coverage[i].reason,
		                  r->coverage[i].best, (unsigned long long)r->coverage[i].flows,
		                  (long long)r->coverage[i].first_ns,
		                  (long long)r->coverage[i].last_ns);
	for (size_t i = 0; i < r->n_out_of_scope; i++)
		strbuf_add_format(t, "%s > %s %llu %llu %llu\n", r->out_of_scope[i].src,
		                  r->out_of_scope[i].dst,
		                  (unsigned long long)r->out_of_scope[i].flows,
		                  (unsigned long long)r->out_of_scope[i].packets,
		                  (unsigned long long)r->out_of_scope[i].bytes);
	for (size_t i = 0; i < r->n_records; i++) {
		strbuf_add_format(t, "%u:%llu ", r->records[i]->flow.file,
		                  (unsigned long long)r->records[i]->flow.number);
		add_assessment(t, b, &r->records[i]->assessment);
		for (const struct fact *fact = r->records[i]->flow.facts->list; fact;
		     fact = fact->next)
			strbuf_add_format(t, "  %s %s\n", fact->def->name,
			                  (const char *)fact->text.data);
	}
}

/* A generator of its own, so that the orders are the same on every machine. */
static uint32_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

/* The report as text, with everything put in this order; free it. */
static char *report_of(const size_t order[N_ALL])
{
	struct strbuf text = STRBUF_INIT;
	struct bench b;

	bench_open(&b, PACK_FIRST, NULL, SITE);
	b.options.keep = KEEP_ALL_FLOWS;
	for (size_t i = 0; i < N_ALL; i++)
		put(&b, order[i]);
	bench_report(&b);
	add_report(&text, &b);
	cr_assert_not(text.is_failed);
	bench_close(&b);
	return text.text;
}

Test(order, any_order_makes_the_same_report)
{
	static size_t order[N_ALL];
	uint64_t state = 2013;

	for (size_t i = 0; i < N_ALL; i++)
		order[i] = i;
	char *first = report_of(order);
	cr_assert_not_null(strstr(first, "wrong-direction"));
	cr_assert_not_null(strstr(first, "handshake-refused"));
	cr_assert_not_null(strstr(first, "session-resumed"));
	cr_assert_not_null(strstr(first, "windows hold no flow"));
	cr_assert_not_null(strstr(first, "media.announced 1:100"));
	cr_assert_not_null(strstr(first, "media.announced 1:102"));
	cr_assert_not_null(strstr(first, "rpc.named 1:105"));
	for (int round = 0; round < N_ORDERS; round++) {
		for (size_t i = N_ALL - 1; i > 0; i--) {
			size_t j = next_random(&state) % (i + 1), kept = order[i];
			order[i] = order[j];
			order[j] = kept;
		}
		char *again = report_of(order);
		size_t at = 0;
		while (first[at] && first[at] == again[at])
			at++;
		cr_assert(first[at] == again[at], "order %d differs at: %.200s\ninstead of: %.200s",
		          round, again + (at > 100 ? at - 100 : 0),
		          first + (at > 100 ? at - 100 : 0));
		free(again);
	}
	free(first);
}
