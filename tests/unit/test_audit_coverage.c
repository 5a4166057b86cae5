/*
 * What the capture showed of each rule, and when a flow that is not there is called missing: every
 * status, and every reason that hides.
 */
#include "audit_hand.h"

#define SITE_HEAD                                                                                  \
	"site: S\npacks: [lync-server-2013]\nnetworks: [10.0.0.0/8]\n"                             \
	"vantages: {outer: {sees: [outside-perimeter]}, inner: {sees: [inside-inside, "            \
	"perimeter-inside]}}\n"
#define SITE_ROLES                                                                                 \
	"roles: {front-end-server: [10.0.2.20, 10.0.2.21], cms-master: [10.0.2.22],\n"             \
	"  mediation-server: [10.0.2.40], pstn-gateway: [10.0.3.5], edge-internal: [10.0.1.10],\n" \
	"  access-edge-external: [203.0.113.10], federated-partner: [192.0.2.10], director: "      \
	"[10.0.2.30],\n"                                                                           \
	"  client-internal: [10.0.9.0/24]}\n"
#define SITE_FEATURES                                                                              \
	"features: [pstn-tls, pstn-tcp, enterprise-voice, sip-federation, xmpp-federation, "       \
	"cms-master]\n"

/* One packet each of every host above, in flows that break no rule and keep none. */
static const char *const everyone[] = {
	"10.0.9.21:400 > 10.0.99.9:80 tcp http",
	"10.0.2.20:4000 > 10.0.2.21:5999 tcp silent unproven",
	"10.0.2.22:4000 > 10.0.2.40:1 tcp silent unproven",
	"10.0.3.5:4000 > 10.0.2.40:1 tcp silent unproven",
	"10.0.1.10:4000 > 10.0.2.30:1 tcp silent unproven",
	"192.0.2.10:4000 > 203.0.113.10:1 tcp silent unproven",
};

static struct bench bench;

static void open_site(const char *more)
{
	char site[2048];

	snprintf(site, sizeof(site), "%s%s%s%s", SITE_HEAD, SITE_FEATURES, SITE_ROLES, more);
	bench_open(&bench, PACK_FIRST, NULL, site);
}

static void put_everyone(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(everyone); i++)
		bench_put(&bench, everyone[i]);
}

static void close_site(void)
{
	bench_close(&bench);
}

TestSuite(coverage, .fini = close_site);

Test(coverage, observed)
{
	open_site("");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip at=10");
	bench_put(&bench, "10.0.3.5:4001 > 10.0.2.40:5068 tcp sip at=5");
	bench_report(&bench);
	assert_coverage(&bench, "med-gw-tcp-in", "observed");
	const struct coverage_row *row = bench_coverage(&bench, "med-gw-tcp-in");
	cr_assert_eq(row->flows, 2);
	cr_assert_eq(row->first_ns, HAND_START + 5 * HAND_SECOND);
	cr_assert_eq(row->last_ns, HAND_START + 20 * HAND_SECOND);
	cr_assert_eq(bench.report->rules_by_coverage[COVERAGE_OBSERVED], 1);
}

Test(coverage, every_kept_rule_is_observed)
{
	char *site = hand_read("rules/contoso.yaml");
	bench_open(&bench, PACK_FIRST, NULL, site);
	free(site);
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.5:443 tcp tls");
	bench_report(&bench);
	assert_coverage(&bench, "lb-fe-https", "observed");
	assert_coverage(&bench, "fe-web-https", "observed");
}

Test(coverage, best_evidence_possible_without_keys)
{
	open_site("");
	bench_report(&bench);
	cr_assert_eq(bench_coverage(&bench, "fe-sip-server")->best, EVIDENCE_CONSISTENT);
	cr_assert_eq(bench_coverage(&bench, "fe-web-https")->best, EVIDENCE_CONSISTENT);
	cr_assert_eq(bench_coverage(&bench, "cms-replication")->best, EVIDENCE_CONFIRMED);
	cr_assert_eq(bench_coverage(&bench, "fe-cac")->best, EVIDENCE_HEADERS);
	/* Any protocol inside TLS: TLS is all that is asked for, and it is read in clear. */
	cr_assert_eq(bench_coverage(&bench, "pchat-wcf")->best, EVIDENCE_CONFIRMED);
	cr_assert_eq(bench_coverage(&bench, "fe-response-group-8404")->best, EVIDENCE_CONFIRMED);
}

/* What is called possible must hold what is seen. */
Test(coverage, no_flow_is_surer_than_possible)
{
	open_site("allow: [{from: any, to: any, ports: 7000, security: tls, why: w}]\n");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:7000 tcp tls");
	const struct report *report = bench_report(&bench);
	cr_assert_eq(report->compliant_by_evidence[EVIDENCE_CONFIRMED], 1);
	cr_assert_eq(bench_coverage(&bench, "allow-1")->best, EVIDENCE_CONFIRMED);
}

Test(coverage, attempted_is_the_blocked_finding)
{
	open_site("");
	put_everyone();
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp silent refused");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5067 tcp sip");
	bench_report(&bench);
	assert_coverage(&bench, "med-gw-tcp-in", "attempted: tried, and never worked");
	cr_assert_eq(bench_count(&bench, "missing", "med-gw-tcp-in"), 0);
	assert_coverage(&bench, "med-gw-tls-in", "attempted: seen only in flows that break it");
	cr_assert_eq(bench_count(&bench, "missing", "med-gw-tls-in"), 0);
}

Test(coverage, unjudged_flow)
{
	open_site("");
	put_everyone();
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp silent");
	bench_report(&bench);
	cr_assert_eq(bench_coverage(&bench, "med-gw-tcp-in")->status, COVERAGE_UNJUDGED);
	cr_assert_str_eq(bench_coverage(&bench, "med-gw-tcp-in")->reason,
	                 reason_sentence((enum reason)DOUBT_NO_PAYLOAD));
}

Test(coverage, missing_and_its_severity)
{
	open_site("rules: {med-gw-tls-in: {expect: true}, fe-psom: {expect: true}}\n");
	put_everyone();
	bench_report(&bench);
	assert_coverage(&bench, "med-gw-tcp-in", "missing");
	cr_assert_eq(bench_finding(&bench, "missing", "med-gw-tcp-in")->severity, SEVERITY_INFO);
	cr_assert_eq(bench_finding(&bench, "missing", "med-gw-tls-in")->severity, SEVERITY_ERROR);
	/* expect makes an undeclared rule expected too. */
	cr_assert_eq(bench_finding(&bench, "missing", "fe-psom")->severity, SEVERITY_ERROR);
	/* One finding for the facets of a printed row, and one for a pair. */
	assert_coverage(&bench, "fe-sip-client", "missing");
	assert_coverage(&bench, "fe-sip-server", "missing");
	cr_assert_eq(bench_finding(&bench, "missing", "fe-sip-client")->severity, SEVERITY_WARNING);
	cr_assert_eq(bench_count(&bench, "missing", "fe-sip-server"), 0);
	assert_coverage(&bench, "fed-sip-out", "missing");
	assert_coverage(&bench, "fed-sip-in", "missing");
	cr_assert_eq(bench_count(&bench, "missing", "fed-sip-out") +
	                     bench_count(&bench, "missing", "fed-sip-in"),
	             1);
	cr_assert_eq(bench.report->verdict, REPORT_FAIL);
}

Test(coverage, one_facet_or_direction_is_enough)
{
	open_site("");
	put_everyone();
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:5061 tcp tls");
	bench_put(&bench, "192.0.2.10:4000 > 203.0.113.10:5061 tcp mtls");
	bench_report(&bench);
	assert_coverage(
	        &bench, "fe-sip-server",
	        "not-expected: another facet of the same printed rule, or its pair, was seen");
	assert_coverage(
	        &bench, "fed-sip-out",
	        "not-expected: another facet of the same printed rule, or its pair, was seen");
	cr_assert_eq(bench_count(&bench, "missing", "fe-sip-server"), 0);
	cr_assert_eq(bench_count(&bench, "missing", "fed-sip-out"), 0);
}

Test(coverage, not_expected)
{
	open_site("allow: [{from: any, to: 10.0.2.20, ports: 22, why: w}]\nrules: {fe-web-https: "
	          "{expect: false}}\n");
	put_everyone();
	bench_report(&bench);
	assert_coverage(&bench, "allow-1", "not-expected: allowed by the site, not demanded");
	assert_coverage(&bench, "fe-web-https", "not-expected: the site does not expect it");
	cr_assert_eq(bench_count(&bench, "missing", "fe-web-https"), 0);
	/* xmpp-partner plays by default and has no address of its own. */
	assert_coverage(&bench, "xmpp-in",
	                "not-expected: the site gives no address to xmpp-partner");
	bench_close(&bench);

	bench_open(&bench, PACK_FIRST, NULL,
	           SITE_HEAD
	           "features: [web-components, im-conferencing, persistent-chat]\n" SITE_ROLES);
	put_everyone();
	bench_report(&bench);
	assert_coverage(&bench, "fe-web-http", "not-expected: optional");
	assert_coverage(&bench, "fe-im-conf", "not-expected: the documents state no source");
	assert_coverage(&bench, "pchat-sip", "not-expected: the documents state no source");
	/* lb-mode is left out: flows of either mode are in order, none is expected. */
	assert_coverage(&bench, "lb-fe-ext-http", "not-expected: the site leaves its option open");
}

Test(coverage, not_applicable)
{
	open_site("");
	put_everyone();
	bench_report(&bench);
	assert_coverage(&bench, "fe-call-park",
	                "not-applicable: the site does not declare feature call-park");
	assert_coverage(&bench, "pic-sip-in",
	                "not-applicable: the site does not declare feature pic");
}

Test(coverage, not_observable_without_packets_of_an_end)
{
	open_site("");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.40:1 tcp silent unproven");
	bench_report(&bench);
	assert_coverage(&bench, "med-gw-tcp-in", "not-observable: no packet of pstn-gateway");
	assert_coverage(&bench, "fe-sip-client", "not-observable: no packet of front-end-server");
	cr_assert_eq(bench_count(&bench, "missing", "fe-sip-client"), 0);
}

Test(coverage, two_hosts_are_needed)
{
	open_site("");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:1 tcp silent unproven");
	bench_report(&bench);
	/* Both ends are front-end-server; only one of the two was seen. */
	assert_coverage(&bench, "fe-focus-server",
	                "not-observable: packets of only one host that plays its ends");
	bench_close(&bench);
	bench_open(&bench, PACK_FIRST, NULL,
	           "site: S\npacks: [lync-server-2013]\nnetworks: [10.0.0.0/8]\nroles: "
	           "{front-end-server: [10.0.2.20]}\n");
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:1 tcp silent unproven");
	bench_report(&bench);
	assert_coverage(&bench, "fe-focus-server", "not-observable: both its ends are one host");
}

Test(coverage, vantage_says_what_can_pass)
{
	open_site("");
	bench.options.vantage = "outer";
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:1 tcp silent unproven");
	bench_report(&bench);
	assert_coverage(&bench, "fe-sip-client", "not-observable: vantage outer does not see it");
	/* Seen from there without a single packet of either end. */
	assert_coverage(&bench, "fed-sip-out", "missing");
	cr_assert_str_eq(bench.report->vantage->name, "outer");
	bench_close(&bench);
	open_site("");
	bench.options.vantage = "inner";
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:1 tcp silent unproven");
	bench_report(&bench);
	assert_coverage(&bench, "fed-sip-out", "not-observable: vantage inner does not see it");
	assert_coverage(&bench, "fe-sip-client", "missing");
	assert_coverage(&bench, "xmpp-internal", "missing");
}

Test(coverage, several_vantages_see_what_any_of_them_does)
{
	open_site("");
	bench.options.vantage = "outer+inner";
	bench_put(&bench, "10.0.9.21:4000 > 10.0.2.20:1 tcp silent unproven");
	bench_report(&bench);
	assert_coverage(&bench, "fed-sip-out", "missing");
	assert_coverage(&bench, "fe-sip-client", "missing");
	cr_assert_str_eq(bench.report->vantage->name, "outer+inner");
}

/* ---- Loss ------------------------------------------------------------------------------------ */

static void assert_hidden(void (*change)(struct capture_summary *), const char *expected)
{
	open_site("");
	put_everyone();
	change(&bench.capture);
	bench_report(&bench);
	assert_coverage(&bench, "med-gw-tcp-in", expected);
	cr_assert_eq(bench_count(&bench, "missing", "*") > 0, strcmp(expected, "missing") == 0);
	bench_close(&bench);
}

static void truncated(struct capture_summary *c)
{
	c->is_truncated = true;
}
static void evicted(struct capture_summary *c)
{
	c->flows_evicted = 1;
}
static void filtered(struct capture_summary *c)
{
	c->is_filtered = true;
}
static void windowed(struct capture_summary *c)
{
	c->is_windowed = true;
}
/* 0.1 % of what was sent is still borne, more is not. */
static void lost_little(struct capture_summary *c)
{
	c->tcp_payload_bytes = 999000;
	c->lost_bytes = 1000;
}
static void lost_much(struct capture_summary *c)
{
	c->tcp_payload_bytes = 999000;
	c->lost_bytes = 1002;
}
static void dropped_little(struct capture_summary *c)
{
	c->received = 10000; /* dropped ones included */
	c->dropped_interface = 10;
}
static void dropped_kernel(struct capture_summary *c)
{
	c->received = 10000; /* dropped ones included */
	c->dropped_kernel = 11;
}
static void dropped_ring(struct capture_summary *c)
{
	c->received = 10000; /* dropped ones included */
	c->dropped_ring = 11;
}
static void dropped_table(struct capture_summary *c)
{
	c->received = 10000; /* dropped ones included */
	c->dropped_table = 11;
}

Test(coverage, what_hides_a_missing_flow)
{
	assert_hidden(truncated, "unjudged: the capture is truncated");
	assert_hidden(evicted, "unjudged: flows were evicted for want of memory");
	assert_hidden(filtered, "unjudged: a filter left packets out");
	assert_hidden(windowed, "unjudged: a time window left packets out");
	assert_hidden(lost_little, "missing");
	assert_hidden(lost_much, "unjudged: too many packets are missing from the capture");
	assert_hidden(dropped_little, "missing");
	assert_hidden(dropped_kernel, "unjudged: too many packets were dropped while capturing");
	assert_hidden(dropped_ring, "unjudged: too many packets were dropped while capturing");
	assert_hidden(dropped_table, "unjudged: too many packets were dropped while capturing");
}

Test(coverage, loss_share_is_an_option)
{
	open_site("");
	bench.options.loss_share = 0.5;
	put_everyone();
	lost_much(&bench.capture);
	bench_report(&bench);
	assert_coverage(&bench, "med-gw-tcp-in", "missing");
}

/* ---- Hosts ----------------------------------------------------------------------------------- */

Test(coverage, silent_server_is_one_finding_about_the_host)
{
	open_site("nat: {203.0.113.10: 172.16.0.10}\nhosts: {10.0.2.30: dir01.example}\n");
	for (size_t i = 0; i < ARRAY_SIZE(everyone) - 1; i++)
		if (!strstr(everyone[i], "10.0.2.30") && !strstr(everyone[i], "10.0.2.22"))
			bench_put(&bench, everyone[i]);
	/* The Access Edge under its other address. */
	bench_put(&bench, "192.0.2.10:4000 > 172.16.0.10:1 tcp silent unproven");
	bench_report(&bench);
	size_t hosts = 0;
	for (size_t i = 0; i < bench.report->n_findings; i++) {
		const struct finding *f = bench.report->findings[i];
		if (f->key.kind != KIND_MISSING || f->key.rule >= 0)
			continue;
		hosts++;
		cr_assert_not_null(f->key.entry);
		cr_assert_eq(f->severity, SEVERITY_INFO);
		cr_assert(strcmp(f->key.entry->role, "director") == 0 ||
		                  strcmp(f->key.entry->role, "cms-master") == 0 ||
		                  strcmp(f->key.entry->role, "edge-internal") == 0,
		          "%s", f->key.entry->role);
	}
	cr_assert_eq(hosts,
	             3); /* not the gateway nor the partner, which are not ours, nor the clients */
}

/* ---- Windows --------------------------------------------------------------------------------- */

Test(coverage, window_of_expect)
{
	open_site("rules: {med-gw-tcp-in: {expect: {within: 15m}}}\n");
	for (int i = 0; i < 4; i++) { /* an hour: four windows */
		char line[120];
		snprintf(line, sizeof(line), "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip at=%d",
		         i * 900 + 5);
		bench_put(&bench, line);
	}
	bench_report(&bench);
	assert_coverage(&bench, "med-gw-tcp-in", "observed");
	bench_close(&bench);

	open_site("rules: {med-gw-tcp-in: {expect: {within: 15m}}}\n");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip at=5");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip at=2000");
	bench_report(&bench);
	assert_coverage(&bench, "med-gw-tcp-in", "missing: 2 of 4 windows hold no flow of it");
	cr_assert_eq(bench_finding(&bench, "missing", "med-gw-tcp-in")->severity, SEVERITY_ERROR);
	bench_close(&bench);

	/* A long connection is there all the time. */
	open_site("rules: {med-gw-tcp-in: {expect: {within: 15m}}}\n");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip at=5 lasts=3500");
	bench_report(&bench);
	assert_coverage(&bench, "med-gw-tcp-in", "observed");
	bench_close(&bench);

	open_site("rules: {med-gw-tcp-in: {expect: {within: 15m}}}\n");
	bench.capture.is_filtered = true;
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip at=5");
	bench_report(&bench);
	assert_coverage(&bench, "med-gw-tcp-in", "unjudged: a filter left packets out");
	bench_close(&bench);

	open_site("rules: {med-gw-tcp-in: {expect: {within: 7d}}}\n");
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5068 tcp sip at=5");
	bench_report(&bench);
	assert_coverage(&bench, "med-gw-tcp-in",
	                "unjudged: the capture holds no whole window in which it is expected");
}

Test(coverage, without_a_site_nothing_is_expected)
{
	bench_open(&bench, PACK_FIRST, NULL, NULL);
	bench_put(&bench, "10.0.3.5:4000 > 10.0.2.40:5067 tcp tls");
	bench_report(&bench);
	cr_assert_eq(bench_coverage(&bench, "med-gw-tls-in")->status, COVERAGE_UNJUDGED);
	assert_coverage(&bench, "med-gw-tcp-in",
	                "not-expected: without a site file no flow is expected");
	cr_assert_eq(bench_count(&bench, "missing", "*"), 0);
}
