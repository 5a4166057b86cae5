/*
 * What a finding says to a person: why, what was expected and observed, and which change would
 * make it compliant. Written from the finding's key and its first example, in plain sentences.
 */
#include "priv.h"

#include <errno.h>
#include <string.h>

#include "pcaudit/base/strbuf.h"

/* RFC 792 and RFC 4443: the types and codes that quote a packet. */
static const struct {
	bool is_icmp6;
	uint8_t type;
	int code;
	const char *text;
} icmp_texts[] = {
	{ false, 3, 0, "network unreachable" },
	{ false, 3, 1, "host unreachable" },
	{ false, 3, 2, "protocol unreachable" },
	{ false, 3, 3, "port unreachable" },
	{ false, 3, 4, "fragmentation needed" },
	{ false, 3, 5, "source route failed" },
	{ false, 3, 9, "network administratively prohibited" },
	{ false, 3, 10, "host administratively prohibited" },
	{ false, 3, 13, "communication administratively prohibited" },
	{ false, 3, -1, "destination unreachable" },
	{ false, 4, -1, "source quench" },
	{ false, 5, -1, "redirect" },
	{ false, 11, -1, "time exceeded" },
	{ false, 12, -1, "parameter problem" },
	{ true, 1, 0, "no route to destination" },
	{ true, 1, 1, "communication administratively prohibited" },
	{ true, 1, 3, "address unreachable" },
	{ true, 1, 4, "port unreachable" },
	{ true, 1, 5, "source address failed policy" },
	{ true, 1, 6, "reject route to destination" },
	{ true, 1, -1, "destination unreachable" },
	{ true, 2, -1, "packet too big" },
	{ true, 3, -1, "time exceeded" },
	{ true, 4, -1, "parameter problem" },
};

static void icmp_text(const struct flow *flow, struct strbuf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(icmp_texts); i++)
		if (icmp_texts[i].is_icmp6 == flow->is_icmp6 &&
		    icmp_texts[i].type == flow->icmp_type &&
		    (icmp_texts[i].code < 0 || icmp_texts[i].code == flow->icmp_code)) {
			strbuf_add_format(out, "%s (type %u, code %u)", icmp_texts[i].text,
			                  flow->icmp_type, flow->icmp_code);
			return;
		}
	strbuf_add_format(out, "type %u, code %u", flow->icmp_type, flow->icmp_code);
}

struct texts {
	struct strbuf why, remedy, expected, observed;
};

/* What the sentences are about. */
struct subject {
	const struct finding *finding;
	const struct flow_record *example; /* NULL for findings without flows */
	const struct facts *facts;         /* of the example, or NULL */
	const struct rule *rule;           /* NULL: none */
	char rule_ports[96], rule_transport[16], rule_from[256], rule_to[256];
	char src[64], dst[64]; /* roles of the example's ends */
	char src_addr[ADDR_TEXT_SIZE], dst_addr[ADDR_TEXT_SIZE];
	char transport[8];
	unsigned port;
};

static void subject_of(struct subject *s, const struct finding *finding,
                       const struct ledger *ledger)
{
	char word[4];

	*s = (struct subject){ .finding = finding };
	if (finding->key.rule >= 0) {
		s->rule = ledger->ruleset->rules[finding->key.rule].rule;
		rule_ports_text(s->rule, s->rule_ports, sizeof(s->rule_ports));
		rule_transport_text(s->rule, s->rule_transport, sizeof(s->rule_transport));
		rule_end_text(&s->rule->from, s->rule_from, sizeof(s->rule_from));
		rule_end_text(&s->rule->to, s->rule_to, sizeof(s->rule_to));
	}
	if (!finding->n_examples)
		return;
	s->example = finding->examples[0];
	s->facts = s->example->flow.facts;
	unsigned src = s->example->assessment.src;
	party_roles_text(ledger->scope, &s->example->parties[src], s->src, sizeof(s->src));
	party_roles_text(ledger->scope, &s->example->parties[!src], s->dst, sizeof(s->dst));
	addr_format(&s->example->flow.addr[src], s->src_addr);
	addr_format(&s->example->flow.addr[!src], s->dst_addr);
	snprintf(s->transport, sizeof(s->transport), "%s",
	         transport_word(s->example->flow.transport, word));
	s->port = s->example->flow.port[!src];
}

static const char *protocol_text(const struct subject *s)
{
	if (!s->facts || s->facts->protocol == PROTOCOL_UNKNOWN)
		return "data that no detector recognises";
	if (s->facts->is_inside_unrecognised)
		return "data inside TLS that no detector recognises";
	return s->facts->other_name ? s->facts->other_name
	                            : protocol_word((enum protocol)s->facts->protocol);
}

static const char *security_text(const struct subject *s)
{
	if (!s->facts)
		return "unknown protection";
	switch ((enum security)s->facts->security) {
	case SECURITY_NONE:
		return "no protection";
	case SECURITY_TLS:
		return s->facts->client_auth == CLIENT_AUTH_EMPTY
		               ? "TLS, the client answered without a certificate"
		               : "TLS without a client certificate";
	case SECURITY_MTLS:
		return "MTLS";
	default:
		return "unknown protection";
	}
}

static const char *wanted_security(const struct rule *rule)
{
	return rule->security == SECURITY_MTLS ? "TLS with a client certificate (MTLS)" : "TLS";
}

/* The line of a site that would allow just this. */
static void add_allow_hint(struct texts *t, const struct subject *s)
{
	strbuf_add_format(
	        &t->remedy,
	        "If it is meant to be, add to the site: allow: - {from: %s, to: %s, transport: %s",
	        s->src_addr, s->dst_addr, s->transport);
	if (s->port)
		strbuf_add_format(&t->remedy, ", ports: %u", s->port);
	strbuf_add(&t->remedy, ", why: ...}. Otherwise stop it.");
}

static void write_field(struct texts *t, const struct subject *s)
{
	switch (s->finding->field) {
	case CONDITION_DIRECTION:
		strbuf_add_format(&t->expected, "opened by %s", s->rule_from);
		strbuf_add_format(&t->observed, "opened by %s (%s)", s->src, s->src_addr);
		break;
	case CONDITION_TRANSPORT:
		strbuf_add(&t->expected, s->rule_transport);
		strbuf_add(&t->observed, s->transport);
		break;
	case CONDITION_PORT:
		strbuf_add(&t->expected, s->rule_ports);
		strbuf_add_format(&t->observed, "%u", s->port);
		break;
	case CONDITION_SOURCE:
		strbuf_add(&t->expected, s->rule_from);
		strbuf_add_format(&t->observed, "%s (%s)", s->src, s->src_addr);
		break;
	case CONDITION_DESTINATION:
		strbuf_add(&t->expected, s->rule_to);
		strbuf_add_format(&t->observed, "%s (%s)", s->dst, s->dst_addr);
		break;
	case CONDITION_PROTOCOL:
		strbuf_add(&t->expected, family_word(s->rule->family));
		strbuf_add(&t->observed, protocol_text(s));
		break;
	case CONDITION_SECURITY:
		strbuf_add(&t->expected, wanted_security(s->rule));
		strbuf_add(&t->observed, security_text(s));
		break;
	default:
		break;
	}
}

static void write_violation(struct texts *t, const struct subject *s)
{
	const char *expected = strbuf_text(&t->expected), *observed = strbuf_text(&t->observed);

	switch ((enum kind)s->finding->key.kind) {
	case KIND_UNDOCUMENTED:
		strbuf_add_format(&t->why, "No row of the table lets %s open %s", s->src,
		                  s->transport);
		if (s->port)
			strbuf_add_format(&t->why, " port %u", s->port);
		strbuf_add_format(&t->why, " on %s, and none comes near (%s was seen).", s->dst,
		                  protocol_text(s));
		add_allow_hint(t, s);
		break;
	case KIND_FEATURE_OFF:
		strbuf_add_format(
		        &t->why,
		        "The flow keeps rule %s, but the site does not declare its feature.",
		        s->rule->id);
		strbuf_add_format(
		        &t->remedy,
		        "Add %s to the site's features, or switch the feature off where it runs.",
		        s->rule->n_features ? s->rule->features[0] : "it");
		strbuf_add(&t->expected, "feature declared");
		strbuf_add(&t->observed, "feature not declared");
		break;
	case KIND_WRONG_PROTOCOL:
		strbuf_add_format(&t->why, "Rule %s wants %s on %s %s; what was seen is %s.",
		                  s->rule->id, expected, s->rule_transport, s->rule_ports,
		                  observed);
		strbuf_add_format(&t->remedy,
		                  "Find out what listens on port %u of %s and move it, or change "
		                  "the rule's port in the site (rules: %s: {ports: ...}).",
		                  s->port, s->dst_addr, s->rule->id);
		break;
	case KIND_WRONG_SECURITY:
		strbuf_add_format(&t->why, "Rule %s wants %s; what was seen is %s.", s->rule->id,
		                  expected, observed);
		strbuf_add_format(&t->remedy,
		                  "Require %s on port %u of %s, or record the exception in the "
		                  "site (accept: - {rule: %s, kind: wrong-security, why: ...}).",
		                  expected, s->port, s->dst_addr, s->rule->id);
		break;
	case KIND_WRONG_PORT:
		strbuf_add_format(
		        &t->why, "%s from %s to %s is documented on port %s (rule %s), not on %s.",
		        protocol_text(s), s->src, s->dst, expected, s->rule->id, observed);
		strbuf_add_format(
		        &t->remedy,
		        "Move it to port %s, or tell the site its port (rules: %s: {ports: %s}).",
		        expected, s->rule->id, observed);
		break;
	case KIND_WRONG_DIRECTION:
		strbuf_add_format(&t->why, "Rule %s is %s, but it was %s.", s->rule->id, expected,
		                  observed);
		add_allow_hint(t, s);
		break;
	case KIND_WRONG_TRANSPORT:
		strbuf_add_format(&t->why, "Rule %s prints %s on port %s; the flow uses %s.",
		                  s->rule->id, expected, s->rule_ports, observed);
		add_allow_hint(t, s);
		break;
	case KIND_WRONG_SOURCE:
	case KIND_WRONG_DESTINATION:
		strbuf_add_format(&t->why, "Rule %s names %s as %s; here it is %s.", s->rule->id,
		                  expected, condition_word(s->finding->field), observed);
		if (s->finding->is_printed_any)
			strbuf_add(&t->why, " The row prints Any, its note narrows it.");
		strbuf_add_format(
		        &t->remedy,
		        "If %s plays that role, give it the address in the site's roles. ",
		        s->finding->key.kind == KIND_WRONG_SOURCE ? s->src_addr : s->dst_addr);
		add_allow_hint(t, s);
		break;
	default:
		break;
	}
}

static void write_blocked(struct texts *t, const struct subject *s)
{
	const struct flow *flow = &s->example->flow;

	strbuf_add_format(&t->why, "%s tried %s", s->src, s->transport);
	if (s->port)
		strbuf_add_format(&t->why, " port %u", s->port);
	strbuf_add_format(&t->why, " on %s", s->dst);
	switch ((enum kind)s->finding->key.kind) {
	case KIND_UNANSWERED:
		strbuf_add(&t->why, " and got no answer.");
		strbuf_add(&t->observed, "no answer");
		break;
	case KIND_REFUSED:
		strbuf_add(&t->why, " and was refused with a reset.");
		strbuf_add(&t->observed, "RST");
		break;
	case KIND_REJECTED:
		icmp_text(flow, &t->observed);
		strbuf_add_format(&t->why, " and was rejected: ICMP %s.",
		                  strbuf_text(&t->observed));
		break;
	default:
		strbuf_add(&t->observed,
		           s->facts && s->facts->refusal ? s->facts->refusal : "refusal");
		strbuf_add_format(&t->why, " and the handshake was refused: %s.",
		                  strbuf_text(&t->observed));
		break;
	}
	if (!s->rule) {
		strbuf_add(&t->why, " No row of the table asks for it.");
		strbuf_add(&t->remedy, "Nothing to do on the path: find out who tries, and why.");
		return;
	}
	strbuf_add(&t->expected, "a working flow");
	strbuf_add_format(&t->why, " Rule %s says that it should work.", s->rule->id);
	strbuf_add_format(&t->remedy,
	                  "Check that %s listens on port %u and that nothing between stops it.",
	                  s->dst_addr, s->port);
}

static void write_missing(struct texts *t, const struct subject *s, const struct ledger *ledger)
{
	const struct finding_key *key = &s->finding->key;
	char prefix[PREFIX_TEXT_SIZE];

	if (!s->rule) {
		prefix_format(&key->entry->prefix, prefix);
		strbuf_add_format(&t->why,
		                  "The site names %s as %s; not one packet of it was captured.",
		                  prefix, key->entry->role);
		strbuf_add_format(
		        &t->remedy,
		        "Check that the capture point sees %s, or take line %d out of the site.",
		        prefix, key->entry->line);
		strbuf_add_format(&t->expected, "packets of %s", prefix);
		strbuf_add(&t->observed, "none");
		return;
	}
	const struct coverage_row *row = &ledger->report.coverage[key->rule];
	strbuf_add_format(&t->expected, "%s to %s, %s %s", s->rule_from, s->rule_to,
	                  s->rule_transport, s->rule_ports);
	strbuf_add(&t->observed, row->reason[0] ? row->reason : "none");
	strbuf_add_format(&t->why, "Rule %s expects %s; both ends were seen, the flow was not",
	                  s->rule->id, strbuf_text(&t->expected));
	if (row->reason[0])
		strbuf_add_format(&t->why, " (%s)", row->reason);
	strbuf_add(&t->why, ".");
	strbuf_add_format(&t->remedy,
	                  "Check that the service runs and is used; if it need not be, say so in "
	                  "the site (rules: %s: {expect: false}).",
	                  s->rule->id);
}

/* The names the site gives the end, and those the certificate holds. */
static void write_names(struct texts *t, const struct subject *s, const struct site *site,
                        bool of_server)
{
	unsigned src = s->example->assessment.src;
	const struct site_host *host =
	        names_of(site, &s->example->flow.addr[of_server ? !src : src]);
	const char *addr = of_server ? s->dst_addr : s->src_addr;
	struct certificate certificate;

	certificate_read(&certificate, s->facts, of_server);
	for (size_t n = 0; n < host->n_names; n++)
		strbuf_add_format(&t->expected, "%s%s", n ? ", " : "", host->names[n]);
	for (unsigned n = 0; n < certificate.n_names; n++) {
		strbuf_add(&t->observed, n ? ", " : "");
		strbuf_add_wire_text(&t->observed, certificate.names[n], CERT_NAME_SIZE);
	}
	if (!certificate.n_names)
		strbuf_add(&t->observed, "no name");
	strbuf_add_format(
	        &t->remedy,
	        "If this is the certificate of %s, give the address a name that stands in "
	        "it (hosts: {%s: [...]}); otherwise find out who presents it.",
	        addr, addr);
}

static void write_note(struct texts *t, const struct subject *s, const struct site *site)
{
	enum note_code note = (enum note_code)(s->finding->key.note - 1);
	bool is_server_name = note == NOTE_CODE_CERTIFICATE_NAME;

	strbuf_add_format(&t->why, "%s%s%s", s->rule ? "Rule " : "", s->rule ? s->rule->id : "",
	                  s->rule ? ": " : "");
	strbuf_add_format(&t->why, "%s.", note_sentence(note));
	if (s->finding->key.host)
		strbuf_add_format(&t->why, " (%s)", s->finding->key.host);
	if (note == NOTE_CODE_OLD_TLS && s->facts)
		strbuf_add_format(&t->observed, "TLS version 0x%04x", s->facts->tls_version);
	else if (note == NOTE_CODE_WEAK_SUITE && s->facts)
		strbuf_add_format(&t->observed, "cipher suite 0x%04x", s->facts->tls_suite);
	if (is_server_name || note == NOTE_CODE_CLIENT_CERTIFICATE_NAME)
		write_names(t, s, site, is_server_name);
	else if (note == NOTE_CODE_OLD_TLS || note == NOTE_CODE_WEAK_SUITE)
		strbuf_add(&t->remedy, "Switch the old versions and suites off on both ends.");
	else if (note >= NOTE_CODE_ACCEPT_UNUSED)
		strbuf_add(&t->remedy, "Take the entry out of the site, or correct it.");
	else if (note == NOTE_CODE_CERTIFICATE_NOT_VISIBLE)
		strbuf_add(&t->remedy,
		           "Check on the server whether it asks its peer for a certificate.");
}

int finding_write(struct finding *finding, const struct ledger *ledger)
{
	struct texts t = { STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT };
	enum kind kind = (enum kind)finding->key.kind;
	struct subject s;

	subject_of(&s, finding, ledger);
	if (kind_is_violation(kind)) {
		write_field(&t, &s);
		write_violation(&t, &s);
	} else if (kind_is_blocked(kind)) {
		write_blocked(&t, &s);
	} else if (kind == KIND_MISSING) {
		write_missing(&t, &s, ledger);
	} else {
		write_note(&t, &s, ledger->ruleset->site);
	}
	/* An empty text is "", never NULL, so that outputs need not ask. */
	strbuf_add(&t.why, "");
	strbuf_add(&t.remedy, "");
	strbuf_add(&t.expected, "");
	strbuf_add(&t.observed, "");
	finding->why = t.why.text;
	finding->remedy = t.remedy.text;
	finding->expected = t.expected.text;
	finding->observed = t.observed.text;
	bool is_failed = t.why.is_failed || t.remedy.is_failed || t.expected.is_failed ||
	                 t.observed.is_failed;
	return is_failed ? -ENOMEM : 0;
}
