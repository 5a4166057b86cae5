/*
 * Names in certificates against the names of the site, by RFC 6125: wildcards, letters' case, the
 * common name, several names for one address, aliases and virtual servers; and when nothing is
 * said, because nothing is named or not all was seen.
 */
#include "audit_hand.h"

#include "audit/priv.h"

static const struct fact_def server_subject = { .name = "tls.server_cert.subject",
	                                        .type = FACT_TEXT };
static const struct fact_def server_names = { .name = "tls.server_cert.names",
	                                      .type = FACT_TEXT,
	                                      .is_list = true };
static const struct fact_def server_last = { .name = "tls.server_cert.key_bits",
	                                     .type = FACT_NUMBER };
static const struct fact_def client_names = { .name = "tls.client_cert.names",
	                                      .type = FACT_TEXT,
	                                      .is_list = true };
static const struct fact_def client_last = { .name = "tls.client_cert.key_bits",
	                                     .type = FACT_NUMBER };

static void add(struct facts *facts, const struct fact_def *def, const char *text)
{
	cr_assert_eq(facts_add(facts, def, 1, 2048, bytes_from_text(text)), 0);
}

/* A server's certificate with this common name (NULL: none) and these names, comma between. */
static struct facts *certificate(const char *subject, const char *names)
{
	struct facts *facts = facts_new();
	char text[1024], *rest = text, *name;

	snprintf(text, sizeof(text), "%s", names);
	if (subject)
		add(facts, &server_subject, subject);
	while ((name = strsep(&rest, ",")))
		if (*name)
			add(facts, &server_names, name);
	add(facts, &server_last, "");
	return facts;
}

static struct site *site_of(const char *text)
{
	struct site *site = NULL;
	struct err err = { 0 };

	cr_assert_eq(site_load(&site, "site.yaml", bytes_from_text(text), &err), RULES_OK, "%s",
	             err.text);
	return site;
}

/* ---- One name against one host --------------------------------------------------------------- */

static bool is_presented(const char *presented, const char *host)
{
	return name_is_presented(bytes_from_text(presented), host);
}

Test(names, one_against_one)
{
	cr_assert(is_presented("fe01.contoso.example", "fe01.contoso.example"));
	cr_assert(is_presented("FE01.Contoso.EXAMPLE", "fe01.contoso.example"));
	cr_assert(is_presented("fe01.contoso.example.", "fe01.contoso.example"));
	cr_assert(is_presented("fe01.contoso.example", "fe01.contoso.example."));
	cr_assert_not(is_presented("fe01.contoso.example", "fe02.contoso.example"));
	cr_assert_not(is_presented("fe01.contoso.example", "contoso.example"));
	cr_assert_not(is_presented("contoso.example", "fe01.contoso.example"));
	cr_assert_not(is_presented("fe01.contoso.exampl", "fe01.contoso.example"));
	cr_assert_not(is_presented("", "fe01.contoso.example"));
	cr_assert_not(is_presented("", ""));
	cr_assert_not(is_presented(".", "."));
}

Test(names, a_wildcard_is_one_whole_label)
{
	cr_assert(is_presented("*.contoso.example", "fe01.contoso.example"));
	cr_assert(is_presented("*.CONTOSO.example", "fe01.contoso.example"));
	cr_assert_not(is_presented("*.contoso.example", "contoso.example"));
	cr_assert_not(is_presented("*.contoso.example", "a.fe01.contoso.example"));
	cr_assert_not(is_presented("*.contoso.example", ".contoso.example"));
	cr_assert_not(is_presented("*.contoso.example", "fe01.fabrikam.example"));
	cr_assert_not(is_presented("fe*.contoso.example", "fe01.contoso.example"));
	cr_assert_not(is_presented("fe01.*.example", "fe01.contoso.example"));
	cr_assert_not(is_presented("*", "fe01"));
	cr_assert_not(is_presented("*.", "fe01."));
}

/* ---- What a certificate holds ---------------------------------------------------------------- */

static unsigned n_names(const char *subject, const char *names)
{
	struct facts *facts = certificate(subject, names);
	struct certificate read;

	certificate_read(&read, facts, true);
	unsigned n = read.n_names;
	cr_assert(read.is_seen);
	cr_assert_not(read.is_cut);
	facts_free(facts);
	return n;
}

Test(names, the_common_name_counts_where_no_other_is_dns)
{
	cr_assert_eq(n_names("fe01.contoso.example", "fe02.contoso.example,10.0.2.20"), 2);
	cr_assert_eq(n_names("fe01.contoso.example", ""), 1);
	cr_assert_eq(n_names("fe01.contoso.example", "10.0.2.20"), 2);
	cr_assert_eq(n_names("fe01.contoso.example", "2001:db8::20"), 2);
	cr_assert_eq(n_names("fe01.contoso.example", "kettle"), 2);
	cr_assert_eq(n_names(NULL, ""), 0);
}

Test(names, a_certificate_of_which_something_may_be_missing)
{
	struct facts *facts = certificate("cn.example", "");
	struct certificate read;
	char name[32], lengthy[CERT_NAME_SIZE];

	for (unsigned i = 0; i < CERT_MAX_NAMES; i++) {
		certificate_read(&read, facts, true);
		cr_assert_not(read.is_cut);
		snprintf(name, sizeof(name), "n%u.example", i);
		add(facts, &server_names, name);
	}
	certificate_read(&read, facts, true);
	cr_assert(read.is_cut, "the detector keeps no more than that");
	_cleanup_(site_freep) struct site *site =
	        site_of("site: S\nhosts: {10.0.2.20: fe01.contoso.example}\n");
	struct addr addr = hand_addr("10.0.2.20");
	cr_assert_not(certificate_is_foreign(site, facts, true, &addr), "its name may be cut off");
	cr_assert_eq(read.n_names, CERT_MAX_NAMES);
	facts_free(facts);
	memset(lengthy, 'a', sizeof(lengthy) - 1);
	lengthy[sizeof(lengthy) - 1] = '\0';
	facts = certificate(NULL, lengthy);
	certificate_read(&read, facts, true);
	cr_assert(read.is_cut);
	facts_free(facts);
	/* Facts of a flow are bounded: its certificate may have come after the last one. */
	facts = facts_new();
	add(facts, &server_names, "fe01.contoso.example");
	certificate_read(&read, facts, true);
	cr_assert_not(read.is_seen);
	certificate_read(&read, facts, false);
	cr_assert_eq(read.n_names, 0, "the other side's");
	facts_free(facts);
}

/* ---- Against the site ------------------------------------------------------------------------ */

#define HEAD "site: S\n"

static bool is_foreign(const char *site_text, const char *subject, const char *names,
                       const char *addr_text)
{
	_cleanup_(site_freep) struct site *site = site_of(site_text);
	struct facts *facts = certificate(subject, names);
	struct addr addr = hand_addr(addr_text);
	bool is = certificate_is_foreign(site, facts, true, &addr);

	cr_assert_not(certificate_is_foreign(site, facts, false, &addr), "no client's was seen");
	cr_assert_not(certificate_is_foreign(NULL, facts, true, &addr), "no site");
	facts_free(facts);
	return is;
}

Test(names, of_the_site)
{
	static const char one[] = HEAD "hosts: {10.0.2.20: fe01.contoso.example}\n";
	static const char two[] =
	        HEAD "hosts: {10.0.2.20: [fe01.contoso.example, pool01.contoso.example]}\n";

	cr_assert_not(is_foreign(one, NULL, "fe01.contoso.example", "10.0.2.20"));
	cr_assert_not(is_foreign(one, NULL, "a.example,FE01.contoso.example", "10.0.2.20"));
	cr_assert_not(is_foreign(one, "fe01.contoso.example", "", "10.0.2.20"));
	cr_assert(is_foreign(one, NULL, "pool01.contoso.example", "10.0.2.20"));
	cr_assert(is_foreign(one, "fe01.contoso.example", "pool01.contoso.example", "10.0.2.20"),
	          "a common name beside a DNS name does not count");
	cr_assert(is_foreign(one, NULL, "", "10.0.2.20"), "a certificate without any name");
	cr_assert_not(is_foreign(two, NULL, "pool01.contoso.example", "10.0.2.20"));
	cr_assert_not(is_foreign(two, NULL, "*.contoso.example", "10.0.2.20"));
	cr_assert(is_foreign(two, NULL, "fe02.contoso.example", "10.0.2.20"));
	/* A certificate for the address itself. */
	cr_assert_not(is_foreign(one, NULL, "10.0.2.20", "10.0.2.20"));
	cr_assert(is_foreign(one, NULL, "10.0.2.21", "10.0.2.20"));
}

Test(names, nothing_to_hold_it_against)
{
	static const char names[] = "other.example";

	cr_assert_not(is_foreign(HEAD, NULL, names, "10.0.2.20"));
	cr_assert_not(is_foreign(HEAD "hosts: {10.0.2.21: fe02.contoso.example}\n", NULL, names,
	                         "10.0.2.20"));
	/* A prefix's name is that of many, a word is no DNS name, an address is none. */
	cr_assert_not(is_foreign(HEAD "hosts: {10.0.2.0/24: servers.contoso.example}\n", NULL,
	                         names, "10.0.2.20"));
	cr_assert_not(is_foreign(HEAD "hosts: {10.0.2.20/30: servers.contoso.example}\n", NULL,
	                         names, "10.0.2.20"));
	cr_assert_not(
	        is_foreign(HEAD "hosts: {10.0.2.20: First Front End}\n", NULL, names, "10.0.2.20"));
	cr_assert_not(is_foreign(HEAD "hosts: {10.0.2.20: fe01}\n", NULL, names, "10.0.2.20"));
	cr_assert_not(is_foreign(HEAD "hosts: {10.0.2.20: 10.0.2.20}\n", NULL, names, "10.0.2.20"));
	cr_assert(is_foreign(HEAD "hosts: {10.0.2.20: [fe01, fe01.contoso.example]}\n", NULL, names,
	                     "10.0.2.20"));
}

Test(names, one_host_by_two_addresses)
{
	static const char site[] = HEAD "hosts: {203.0.113.10: sip.contoso.example}\n"
	                                "nat: {203.0.113.10: 172.16.0.10}\n";

	cr_assert_not(is_foreign(site, NULL, "sip.contoso.example", "172.16.0.10"));
	cr_assert(is_foreign(site, NULL, "webconf.contoso.example", "172.16.0.10"));
	cr_assert(is_foreign(site, NULL, "webconf.contoso.example", "203.0.113.10"));
	cr_assert_not(is_foreign(site, NULL, "203.0.113.10", "172.16.0.10"));
	cr_assert_not(is_foreign(site, NULL, "172.16.0.10", "203.0.113.10"));
}

Test(names, virtual_servers)
{
	static const char site[] = HEAD "hosts:\n"
	                                "  10.0.2.5: pool.contoso.example\n"
	                                "  10.0.2.20: fe01.contoso.example\n"
	                                "  10.0.2.21: fe02.contoso.example\n"
	                                "vips: {10.0.2.5: {members: [10.0.2.20, 10.0.2.21]}}\n";

	cr_assert_not(is_foreign(site, NULL, "pool.contoso.example", "10.0.2.20"));
	cr_assert_not(is_foreign(site, NULL, "fe02.contoso.example", "10.0.2.5"));
	cr_assert_not(is_foreign(site, NULL, "pool.contoso.example", "10.0.2.5"));
	cr_assert(is_foreign(site, NULL, "fe02.contoso.example", "10.0.2.20"),
	          "one member does not answer for another");
	/* A member without an entry of its own is not compared. */
	cr_assert_not(is_foreign(HEAD "hosts: {10.0.2.5: pool.contoso.example}\n"
	                              "vips: {10.0.2.5: {members: [10.0.2.20]}}\n",
	                         NULL, "fe01.contoso.example", "10.0.2.20"));
}

Test(names, of_the_client)
{
	_cleanup_(site_freep) struct site *site =
	        site_of(HEAD "hosts: {10.0.2.21: fe02.contoso.example}\n");
	struct facts *facts = facts_new();
	struct addr addr = hand_addr("10.0.2.21");

	add(facts, &client_names, "edge01.contoso.example");
	cr_assert_not(certificate_is_foreign(site, facts, false, &addr), "not all was seen");
	add(facts, &client_last, "");
	cr_assert(certificate_is_foreign(site, facts, false, &addr));
	cr_assert_not(certificate_is_foreign(site, facts, true, &addr));
	add(facts, &client_names, "fe02.contoso.example");
	cr_assert_not(certificate_is_foreign(site, facts, false, &addr));
	facts_free(facts);
}
