/*
 * One flow to one assessment, in the order a person would ask: did anything answer, which rules
 * do the headers fit, what do those rules say of the content, and if none fits, which comes
 * nearest.
 *
 * Everything that is guessed only ever takes certainty away: a guessed opener never makes
 * wrong-direction, an inference never makes a violation.
 */
#include "priv.h"

#include <string.h>

/* ---- Content: one rule's protocol and security against the facts ---------------------------- */

static bool is_recognised(const struct facts *facts)
{
	return facts && facts->protocol != PROTOCOL_UNKNOWN &&
	       facts->protocol_evidence >= EVIDENCE_INFERRED;
}

static bool wants_tls(const struct rule *rule)
{
	return rule->security == SECURITY_TLS || rule->security == SECURITY_MTLS ||
	       rule->family == FAMILY_HTTPS || rule->family == FAMILY_PSOM;
}

static void unjudged(struct content *out, enum reason reason)
{
	out->outcome = OUTCOME_UNJUDGED;
	out->reason = reason;
}

static enum reason doubt_of(const struct facts *facts, enum reason otherwise)
{
	return facts && facts->doubt != DOUBT_NONE ? (enum reason)facts->doubt : otherwise;
}

/*
 * Data that nobody recognises, seen from the opener's first byte, cannot be a protocol whose
 * opening is unmistakable. Of datagrams nothing tells which was the first.
 */
static void judge_unrecognised(struct content *out, const struct rule *rule,
                               const struct flow *flow, const struct facts *facts, unsigned src)
{
	bool has_payload = flow->has_payload[0] || flow->has_payload[1];

	if (!has_payload) {
		unjudged(out, (enum reason)DOUBT_NO_PAYLOAD);
		return;
	}
	bool is_whole = facts && facts->is_settled && facts->is_unrecognised && !facts->has_gap &&
	                flow->has_payload[src] && facts->from_start[src] && !flow->is_cut &&
	                !flow->is_early;
	if (!is_whole || (rule->family == FAMILY_ANY && !wants_tls(rule)) ||
	    (!family_is_unmistakable(rule->family) && !wants_tls(rule))) {
		unjudged(out, doubt_of(facts, (enum reason)DOUBT_UNRECOGNISED));
		return;
	}
	out->evidence = EVIDENCE_CONTRADICTED;
	out->outcome = rule->family == FAMILY_ANY ? OUTCOME_WRONG_SECURITY : OUTCOME_WRONG_PROTOCOL;
}

/* The same inside TLS. PSOM is unmistakable by its envelope alone: nobody knows its own opening. */
static bool is_refuted_inside(const struct rule *rule, const struct facts *facts)
{
	return facts->is_inside_unrecognised && family_is_unmistakable(rule->family) &&
	       rule->family != FAMILY_PSOM;
}

static void judge_protocol(struct content *out, const struct rule *rule, const struct flow *flow,
                           const struct facts *facts, unsigned src)
{
	out->outcome = OUTCOME_KEPT;
	out->evidence = EVIDENCE_HEADERS;
	if (rule->family == FAMILY_ANY && !wants_tls(rule))
		return;
	if (!is_recognised(facts)) {
		judge_unrecognised(out, rule, flow, facts, src);
		return;
	}
	if (rule->family == FAMILY_ANY)
		return;
	enum protocol protocol = (enum protocol)facts->protocol;
	bool over_tcp = flow->transport == TRANSPORT_TCP;
	if (protocol == PROTOCOL_TLS) {
		bool is_refuted =
		        family_excludes_tls(rule->family) || is_refuted_inside(rule, facts);
		out->evidence = is_refuted ? EVIDENCE_CONTRADICTED : EVIDENCE_CONSISTENT;
	} else if (family_has(rule->family, protocol, over_tcp, facts->is_inside_tls)) {
		out->evidence = (enum evidence)facts->protocol_evidence;
		if (rule->family == FAMILY_RTP && !facts->has_media)
			out->evidence = MIN(out->evidence, EVIDENCE_CONSISTENT);
	} else if (rule->family == FAMILY_HTTPS && protocol == PROTOCOL_HTTP) {
		out->evidence =
		        (enum evidence)facts->protocol_evidence; /* right protocol, no envelope */
	} else {
		out->evidence = EVIDENCE_CONTRADICTED;
	}
	if (out->evidence == EVIDENCE_CONTRADICTED)
		out->outcome = OUTCOME_WRONG_PROTOCOL;
}

/* What the client showed of itself; a resumed session shows what its first handshake did. */
static enum client_auth client_auth_of(const struct judge_context *context,
                                       const struct facts *facts)
{
	if (facts->client_auth == CLIENT_AUTH_RESUMED && context->session)
		return (enum client_auth)context->session->client_auth;
	return (enum client_auth)facts->client_auth;
}

static void judge_mtls(struct content *out, const struct judge_context *context,
                       const struct facts *facts)
{
	switch (client_auth_of(context, facts)) {
	case CLIENT_AUTH_GIVEN:
		/* What a session inherits was not read in this flow. */
		out->security_evidence =
		        context->session ? EVIDENCE_CONSISTENT : EVIDENCE_CONFIRMED;
		return;
	case CLIENT_AUTH_GIVEN_ONE_SIDE:
		out->security_evidence = EVIDENCE_CONSISTENT;
		return;
	case CLIENT_AUTH_INFERRED_GIVEN:
		out->security_evidence = EVIDENCE_INFERRED;
		return;
	case CLIENT_AUTH_NOT_ASKED:
	case CLIENT_AUTH_EMPTY:
		if (facts->doubt == DOUBT_RENEGOTIATED) {
			/* A second handshake, out of sight, may have asked for what the first did
			 * not. */
			unjudged(out, (enum reason)DOUBT_RENEGOTIATED);
		} else if (facts->is_handshake_done || context->session) {
			out->security_evidence = EVIDENCE_CONTRADICTED;
			out->outcome = OUTCOME_WRONG_SECURITY;
		} else {
			unjudged(out, (enum reason)DOUBT_HANDSHAKE_CUT);
		}
		return;
	case CLIENT_AUTH_INFERRED_ABSENT:
		out->security_evidence = EVIDENCE_INFERRED;
		out->notes |= 1u << NOTE_CODE_CERTIFICATE_NOT_VISIBLE;
		unjudged(out, (enum reason)DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE);
		return;
	case CLIENT_AUTH_RESUMED:
		unjudged(out, (enum reason)DOUBT_SESSION_RESUMED);
		return;
	case CLIENT_AUTH_UNKNOWN:
		break;
	}
	unjudged(out, doubt_of(facts, (enum reason)DOUBT_HANDSHAKE_CUT));
}

static void judge_tls(struct content *out, const struct judge_context *context,
                      const struct rule *rule, const struct facts *facts)
{
	bool is_tls = facts->security == SECURITY_TLS || facts->security == SECURITY_MTLS;

	if (!is_tls && facts->security == SECURITY_NONE) {
		out->security_evidence = EVIDENCE_CONTRADICTED;
		out->outcome = OUTCOME_WRONG_SECURITY;
		return;
	}
	if (!is_tls) {
		unjudged(out, doubt_of(facts, (enum reason)DOUBT_UNRECOGNISED));
		return;
	}
	/* What is inferred is the client's certificate; that it is TLS was read in clear. */
	bool is_envelope_enough =
	        rule->security == SECURITY_TLS && facts->security_evidence == EVIDENCE_INFERRED;
	if (rule->security != SECURITY_UNKNOWN)
		out->security_evidence = (enum evidence)(
		        is_envelope_enough ? facts->protocol_evidence : facts->security_evidence);
	if (rule->security == SECURITY_MTLS)
		judge_mtls(out, context, facts);
	else if (!facts->is_handshake_done && facts->doubt == DOUBT_HANDSHAKE_CUT)
		unjudged(out, (enum reason)DOUBT_HANDSHAKE_CUT);
}

/* Seen from one side alone, a handshake may have been refused by the other. */
static bool may_be_refused(const struct flow *flow, const struct facts *facts)
{
	return flow->has_payload[0] != flow->has_payload[1] && !facts->has_app_data;
}

/* Where the table prints no protection both are kept, and worth a note. */
static void note_unasked(struct content *out, const struct rule *rule, const struct facts *facts)
{
	bool is_tls = facts->security == SECURITY_TLS || facts->security == SECURITY_MTLS;
	bool is_talk = facts->protocol == PROTOCOL_SIP || facts->protocol == PROTOCOL_XMPP_SERVER;

	if (rule->security == SECURITY_NONE)
		out->security_evidence = (enum evidence)facts->security_evidence;
	if (rule->security == SECURITY_NONE && is_tls)
		out->notes |= 1u << NOTE_CODE_TLS_UNASKED;
	if (rule->security == SECURITY_UNKNOWN && facts->security == SECURITY_NONE && is_talk)
		out->notes |= 1u << NOTE_CODE_CLEAR_TEXT;
}

/*
 * Whether what was missing may be what the snaplen cut off: of a flow seen from its SYN nothing else
 * hides the beginning.
 */
static bool is_for_snaplen(const struct flow *flow, enum reason reason)
{
	switch ((enum doubt)reason) {
	case DOUBT_NO_PAYLOAD:
	case DOUBT_UNRECOGNISED:
	case DOUBT_HANDSHAKE_CUT:
	case DOUBT_GAP:
		return flow->is_cut;
	case DOUBT_MIDSTREAM:
		return flow->is_cut && flow->opener_how == OPENER_SYN;
	default:
		return false;
	}
}

/* Whether the rule says anything of what is in the bytes. */
static bool reads(const struct rule *rule)
{
	return rule->family != FAMILY_ANY || wants_tls(rule);
}

void content_judge(struct content *out, const struct ruleset_rule *rule,
                   const struct judge_context *context, const struct flow *flow,
                   const struct facts *facts, unsigned src)
{
	*out = (struct content){ .security_evidence = EVIDENCE_HEADERS };
	judge_protocol(out, rule->rule, flow, facts, src);
	if (out->outcome == OUTCOME_KEPT && facts && wants_tls(rule->rule))
		judge_tls(out, context, rule->rule, facts);
	else if (out->outcome == OUTCOME_KEPT && facts)
		note_unasked(out, rule->rule, facts);
	if (out->outcome != OUTCOME_UNJUDGED && facts && facts->is_disputed && reads(rule->rule))
		unjudged(out, (enum reason)DOUBT_CONFLICT);
	if (out->outcome == OUTCOME_KEPT && facts && wants_tls(rule->rule) &&
	    may_be_refused(flow, facts))
		unjudged(out, (enum reason)DOUBT_HANDSHAKE_CUT);
	if (out->outcome == OUTCOME_UNJUDGED && is_for_snaplen(flow, out->reason))
		out->reason = (enum reason)DOUBT_SNAPLEN;
	if (!facts)
		return;
	/* A rule that prints no protection states nothing that bytes could confirm. */
	if (rule->rule->security == SECURITY_UNKNOWN && out->outcome == OUTCOME_KEPT)
		out->security_evidence = EVIDENCE_HEADERS;
}

enum evidence content_best(const struct rule *rule)
{
	if (rule->family == FAMILY_ANY && !wants_tls(rule))
		return EVIDENCE_HEADERS;
	if (wants_tls(rule) && rule->family != FAMILY_ANY)
		return EVIDENCE_CONSISTENT; /* the envelope; the inside needs keys */
	return EVIDENCE_CONFIRMED;
}

/* ---- Rules that fit ------------------------------------------------------------------------- */

static void add_fit(struct fits *fits, uint16_t rule)
{
	for (unsigned i = 0; i < fits->n; i++)
		if (fits->rules[i] == rule)
			return;
	if (fits->n < MAX_FITS)
		fits->rules[fits->n++] = rule;
}

/* If a rule fits by a single port, ranges are not tried. */
static void drop_ranges(struct fits *fits, const struct ruleset *ruleset, const struct headers *h)
{
	unsigned kept = 0;
	bool has_single = false;

	for (unsigned i = 0; i < fits->n; i++)
		has_single |= match_single_port(ruleset->rules[fits->rules[i]].rule, h) != 0;
	for (unsigned i = 0; i < fits->n; i++)
		if (!has_single || match_single_port(ruleset->rules[fits->rules[i]].rule, h))
			fits->rules[kept++] = fits->rules[i];
	fits->n = kept;
}

/*
 * Without a site, a range of thousands of ports says nothing. With one, a media range of UDP ports
 * is also where ordinary requests come from: it counts only for what looks like media, or like
 * nothing known (ambiguities.md A52).
 */
static bool is_telling(const struct ruleset *ruleset, unsigned rule, const struct headers *h,
                       const struct facts *facts)
{
	const struct rule *r = ruleset->rules[rule].rule;

	if (rule_port_width(r) <= WIDE_RANGE_PORTS)
		return true;
	if (!ruleset->site)
		return false;
	return h->transport != TRANSPORT_UDP || !is_recognised(facts) ||
	       family_has(r->family, (enum protocol)facts->protocol, false, false);
}

void find_fits(struct fits *fits, const struct scope *scope, const struct headers *h,
               const struct facts *facts)
{
	const struct ruleset *ruleset = scope_get_ruleset(scope);
	const uint16_t ports[] = { h->dst_port, h->src_port, h->dst_port_mapped };

	fits->n = 0;
	for (size_t p = 0; p < ARRAY_SIZE(ports); p++) {
		size_t n;
		const uint16_t *rules = port_index_get(scope_get_port_index(scope), ports[p], &n);
		for (size_t i = 0; i < n; i++)
			if (match_fits(rules[i], h) && is_telling(ruleset, rules[i], h, facts))
				add_fit(fits, rules[i]);
	}
	drop_ranges(fits, ruleset, h);
}

/* ---- Rules that nearly fit ------------------------------------------------------------------ */

/*
 * How near a rule is that differs in this condition; lower is nearer, 0 is not near. Another port
 * counts only when the protocol is recognised, and comes last when the protection differs too.
 */
static unsigned nearness(enum condition condition, const struct assessment *a,
                         const struct judge_context *context, const struct ruleset_rule *rule,
                         const struct flow *flow, const struct facts *facts)
{
	struct content content;

	if (condition != CONDITION_PORT)
		return condition;
	if (rule->rule->family == FAMILY_ANY || !is_recognised(facts))
		return 0;
	content_judge(&content, rule, context, flow, facts, a->src);
	if (content.outcome == OUTCOME_WRONG_PROTOCOL)
		return 0;
	return content.outcome == OUTCOME_WRONG_SECURITY ? N_CONDITIONS : condition;
}

/* Which single condition, if any, keeps this rule from fitting. */
static enum condition near_by(unsigned index, const struct headers *h, bool may_reverse)
{
	unsigned failed = match_failures(index, h, false);

	if (may_reverse && failed) {
		struct headers swapped = headers_swapped(h);
		/* The port stays where it was contacted: at the responder. */
		swapped.src_port = h->src_port;
		swapped.dst_port = swapped.dst_port_mapped = h->dst_port;
		if (match_failures(index, &swapped, false) == 0)
			return CONDITION_DIRECTION;
	}
	for (enum condition c = CONDITION_TRANSPORT; c <= CONDITION_DESTINATION; c++)
		if (failed == 1u << c)
			return c;
	return CONDITION_NONE;
}

static enum kind kind_of_condition(enum condition condition)
{
	static const enum kind kinds[N_CONDITIONS] = {
		[CONDITION_NONE] = KIND_UNDOCUMENTED,
		[CONDITION_DIRECTION] = KIND_WRONG_DIRECTION,
		[CONDITION_TRANSPORT] = KIND_WRONG_TRANSPORT,
		[CONDITION_PORT] = KIND_WRONG_PORT,
		[CONDITION_SOURCE] = KIND_WRONG_SOURCE,
		[CONDITION_DESTINATION] = KIND_WRONG_DESTINATION,
		[CONDITION_PROTOCOL] = KIND_WRONG_PROTOCOL,
		[CONDITION_SECURITY] = KIND_WRONG_SECURITY,
	};
	return kinds[condition];
}

/* An end that fits only the Any the document prints, where its note narrows it (A17). */
static int find_printed_any(const struct ruleset *ruleset, const struct headers *h)
{
	for (unsigned i = 0; i < ruleset->n_rules; i++) {
		const struct rule *rule = ruleset->rules[i].rule;
		if ((rule->from.printed == END_ANY || rule->to.printed == END_ANY) &&
		    match_failures(i, h, true) == 0)
			return (int)i;
	}
	return -1;
}

static void judge_unfitting(struct assessment *out, const struct judge_context *context,
                            const struct headers *h, const struct flow *flow,
                            const struct facts *facts)
{
	const struct ruleset *ruleset = scope_get_ruleset(context->scope);
	bool may_reverse = out->opener_how == OPENER_SYN || out->opener_how == OPENER_PROTOCOL;
	unsigned best = 0;

	out->verdict = VERDICT_VIOLATION;
	out->rule = find_printed_any(ruleset, h);
	if (out->rule >= 0) {
		bool is_source =
		        match_failures((unsigned)out->rule, h, false) & 1u << CONDITION_SOURCE;
		out->kind = is_source ? KIND_WRONG_SOURCE : KIND_WRONG_DESTINATION;
		out->field = is_source ? CONDITION_SOURCE : CONDITION_DESTINATION;
		out->is_printed_any = true;
		return;
	}
	for (unsigned i = 0; i < ruleset->n_rules; i++) {
		const struct ruleset_rule *rule = &ruleset->rules[i];
		if (rule_port_width(rule->rule) > WIDE_RANGE_PORTS || rule->rule->n_ports == 0)
			continue;
		enum condition c = near_by(i, h, may_reverse);
		unsigned near = nearness(c, out, context, rule, flow, facts);
		if (near == 0)
			continue;
		if (best == 0 || near < best ||
		    (near == best && rule_is_more_specific(ruleset, i, (unsigned)out->rule))) {
			best = near;
			out->field = c;
			out->rule = (int)i;
		}
	}
	out->kind = kind_of_condition(out->field);
	out->evidence = facts ? (enum evidence)facts->protocol_evidence : EVIDENCE_NONE;
	out->security_evidence = facts ? (enum evidence)facts->security_evidence : EVIDENCE_NONE;
}

/*
 * A connection whose opening was not captured, on ports of which no rule speaks: the end seen first
 * may have opened it or not. What is wrong must be wrong either way, and the same; and which rule
 * is near is not to be told while its protocol is not.
 */
static void judge_unfitting_guess(struct assessment *out, const struct judge_context *context,
                                  const struct headers *h, const struct flow *flow,
                                  const struct facts *facts)
{
	struct headers swapped = headers_swapped(h);
	struct assessment other = *out;

	judge_unfitting(out, context, h, flow, facts);
	other.src = !out->src;
	judge_unfitting(&other, context, &swapped, flow, facts);
	if (is_recognised(facts) && out->kind == other.kind && out->rule == other.rule)
		return;
	out->verdict = VERDICT_UNJUDGED;
	out->kind = KIND_NONE;
	out->field = CONDITION_NONE;
	out->rule = -1;
	out->is_printed_any = false;
	out->reason = (enum reason)DOUBT_MIDSTREAM;
}

/* ---- The rules that fit, asked -------------------------------------------------------------- */

/* Best first. Of two rules with the same outcome the more specific is named. */
enum rank { RANK_KEPT, RANK_UNJUDGED, RANK_FEATURE_OFF, RANK_WRONG_SECURITY, RANK_WRONG_PROTOCOL };

static enum rank rank_of(const struct content *content, const struct ruleset_rule *rule)
{
	switch (content->outcome) {
	case OUTCOME_KEPT:
		return rule->is_declared ? RANK_KEPT : RANK_FEATURE_OFF;
	case OUTCOME_UNJUDGED:
		return RANK_UNJUDGED;
	case OUTCOME_WRONG_SECURITY:
		return RANK_WRONG_SECURITY;
	case OUTCOME_WRONG_PROTOCOL:
		break;
	}
	return RANK_WRONG_PROTOCOL;
}

static void take(struct assessment *out, enum rank rank, unsigned rule,
                 const struct content *content)
{
	out->rule = (int)rule;
	out->evidence = content->evidence;
	out->security_evidence = content->security_evidence;
	out->notes = content->notes;
	out->reason = REASON_NONE;
	out->kind = KIND_NONE;
	out->field = CONDITION_NONE;
	switch (rank) {
	case RANK_KEPT:
		out->verdict = VERDICT_COMPLIANT;
		break;
	case RANK_UNJUDGED:
		out->verdict = VERDICT_UNJUDGED;
		out->reason = content->reason;
		break;
	case RANK_FEATURE_OFF:
		out->verdict = VERDICT_VIOLATION;
		out->kind = KIND_FEATURE_OFF;
		break;
	case RANK_WRONG_SECURITY:
	case RANK_WRONG_PROTOCOL:
		out->verdict = VERDICT_VIOLATION;
		out->kind = rank == RANK_WRONG_SECURITY ? KIND_WRONG_SECURITY : KIND_WRONG_PROTOCOL;
		out->field = rank == RANK_WRONG_SECURITY ? CONDITION_SECURITY : CONDITION_PROTOCOL;
		break;
	}
}

static void judge_fitting(struct assessment *out, const struct judge_context *context,
                          const struct fits *fits, const struct flow *flow,
                          const struct facts *facts)
{
	const struct ruleset *ruleset = scope_get_ruleset(context->scope);
	enum rank best = RANK_WRONG_PROTOCOL + 1;

	for (unsigned i = 0; i < fits->n; i++) {
		const struct ruleset_rule *rule = &ruleset->rules[fits->rules[i]];
		struct content content;
		content_judge(&content, rule, context, flow, facts, out->src);
		enum rank rank = rank_of(&content, rule);
		if (rank == RANK_KEPT && out->n_kept < ASSESSMENT_MAX_KEPT)
			out->kept[out->n_kept++] = fits->rules[i];
		if (rank < best || (rank == best && rule_is_more_specific(ruleset, fits->rules[i],
		                                                          (unsigned)out->rule))) {
			best = rank;
			take(out, rank, fits->rules[i], &content);
		}
	}
}

/* ---- Notes on TLS where the rule wants it --------------------------------------------------- */

/*
 * Of a flow that was let through, whatever else is said of it: also one that breaks its rule was
 * carried by this version and suite. A certificate is compared even where the handshake was
 * refused, since its name may be why.
 */
static void note_tls(struct assessment *out, const struct ruleset *ruleset, const struct flow *flow,
                     const struct facts *facts)
{
	if (out->rule < 0 || !wants_tls(ruleset->rules[out->rule].rule) || !facts ||
	    (facts->security != SECURITY_TLS && facts->security != SECURITY_MTLS))
		return;
	if (out->verdict != VERDICT_BLOCKED && facts->tls_version && facts->tls_version < 0x0303)
		out->notes |= 1u << NOTE_CODE_OLD_TLS;
	if (out->verdict != VERDICT_BLOCKED && facts->is_weak_suite)
		out->notes |= 1u << NOTE_CODE_WEAK_SUITE;
	if (certificate_is_foreign(ruleset->site, facts, true, &flow->addr[!out->src]))
		out->notes |= 1u << NOTE_CODE_CERTIFICATE_NAME;
	if (certificate_is_foreign(ruleset->site, facts, false, &flow->addr[out->src]))
		out->notes |= 1u << NOTE_CODE_CLIENT_CERTIFICATE_NAME;
}

/* ---- State ---------------------------------------------------------------------------------- */

static int most_specific(const struct ruleset *ruleset, const struct fits *fits)
{
	int best = -1;

	for (unsigned i = 0; i < fits->n; i++) {
		bool is_better = best < 0 || (ruleset->rules[fits->rules[i]].is_declared &&
		                              !ruleset->rules[best].is_declared);
		bool is_equal = best >= 0 && ruleset->rules[fits->rules[i]].is_declared ==
		                                     ruleset->rules[best].is_declared;
		if (is_better ||
		    (is_equal && rule_is_more_specific(ruleset, fits->rules[i], (unsigned)best)))
			best = fits->rules[i];
	}
	return best;
}

/* A flow that nothing let work is blocked, whatever its bytes. True if it was. */
static bool judge_state(struct assessment *out, const struct facts *facts)
{
	switch (out->state) {
	case FLOW_UNANSWERED:
		out->kind = KIND_UNANSWERED;
		break;
	case FLOW_REFUSED:
		out->kind = KIND_REFUSED;
		break;
	case FLOW_REJECTED:
		out->kind = KIND_REJECTED;
		break;
	default:
		if (!facts || !facts->is_refused || facts->has_app_data)
			return false;
		out->kind = KIND_HANDSHAKE_REFUSED;
		out->evidence = (enum evidence)facts->protocol_evidence;
		out->security_evidence = (enum evidence)facts->security_evidence;
		break;
	}
	out->verdict = VERDICT_BLOCKED;
	return true;
}

static enum flow_state state_of(const struct flow *flow, const struct party parties[2],
                                const struct facts *facts, const struct judge_context *context,
                                unsigned src)
{
	struct flow seen = *flow;

	seen.opener = (uint8_t)src;
	enum protocol protocol = facts ? (enum protocol)facts->protocol : PROTOCOL_UNKNOWN;
	enum flow_state state = flow_state(&seen, protocol, context->now_ns);
	/* The answer to a broadcast comes on another 5-tuple. */
	bool is_broadcast = (parties[0].is_wildcard || parties[1].is_wildcard) &&
	                    protocol_is_broadcast(protocol);
	if (is_broadcast && (state == FLOW_UNANSWERED || state == FLOW_UNPROVEN))
		return FLOW_DATAGRAM;
	return state;
}

/* ---- Scope ---------------------------------------------------------------------------------- */

static bool end_is_given(const struct ruleset_end *end, const struct party *party)
{
	return end->form != END_ROLES || party->is_wildcard ||
	       role_set_meets(&party->given, &end->roles);
}

/* In scope: an end is a server by the site's word, or a rule fits without the help of a default
 * role and its protocol was recognised. */
static bool in_scope(const struct assessment *out, const struct ruleset *ruleset,
                     const struct headers *h, const struct fits *fits, const struct facts *facts)
{
	if (!ruleset->site)
		return fits->n > 0;
	if (h->src->is_server || h->dst->is_server)
		return true;
	if (out->rule < 0 || out->verdict == VERDICT_UNJUDGED || out->kind == KIND_WRONG_PROTOCOL)
		return false;
	const struct ruleset_rule *rule = &ruleset->rules[out->rule];
	bool is_forward = end_is_given(&rule->from, h->src) && end_is_given(&rule->to, h->dst);
	bool is_backward = end_is_given(&rule->from, h->dst) && end_is_given(&rule->to, h->src);
	return fits->n > 0 && (is_forward || is_backward) && is_recognised(facts);
}

/* Without a site nothing is compliant: source and destination were not looked at. */
static void weaken_without_site(struct assessment *out)
{
	if (out->verdict != VERDICT_COMPLIANT && out->kind != KIND_FEATURE_OFF)
		return;
	out->verdict = VERDICT_UNJUDGED;
	out->kind = KIND_NONE;
	out->n_kept = 0;
	out->reason = REASON_NO_SITE;
}

/* A long connection that idled out and goes on: its opening is not in this flow, but what it was
 * is remembered. */
static bool is_remembered(const struct flow *flow, const struct facts *facts)
{
	return flow->is_continued && flow->memory.protocol != PROTOCOL_UNKNOWN &&
	       (!is_recognised(facts) || facts->doubt == DOUBT_MIDSTREAM);
}

bool judge_recall(struct facts *out, const struct flow *flow, const struct facts *facts)
{
	const struct flow_memory *memory = &flow->memory;

	if (!is_remembered(flow, facts))
		return false;
	*out = (struct facts){
		.protocol = memory->protocol,
		.security = memory->security,
		.protocol_evidence = memory->evidence,
		.security_evidence = memory->security_evidence,
		.is_handshake_done = true,
		.has_app_data = true,
		.opener_side = -1,
	};
	if (memory->security == SECURITY_MTLS)
		out->client_auth = CLIENT_AUTH_GIVEN;
	else
		out->doubt = DOUBT_MIDSTREAM;
	return true;
}

void judge_remember(struct flow *flow)
{
	const struct facts *facts = flow->facts;

	if (!facts || facts->protocol == PROTOCOL_UNKNOWN || is_remembered(flow, facts))
		return;
	flow->memory.protocol = facts->protocol;
	flow->memory.evidence = facts->protocol_evidence;
	flow->memory.security = facts->security;
	flow->memory.security_evidence = facts->security_evidence;
}

void judge_flow(struct assessment *out, const struct judge_context *context,
                const struct flow *flow, const struct facts *facts)
{
	struct facts recalled;
	const struct ruleset *ruleset = scope_get_ruleset(context->scope);
	struct party parties[2];
	struct headers headers;
	struct fits fits;

	*out = (struct assessment){ .rule = -1 };
	if (judge_recall(&recalled, flow, facts))
		facts = &recalled;
	scope_party(context->scope, &flow->addr[0], &parties[0]);
	scope_party(context->scope, &flow->addr[1], &parties[1]);
	out->src = match_opener(context->scope, flow, parties, &out->opener_how);
	out->state = state_of(flow, parties, facts, context, out->src);
	headers_of(&headers, context->scope, flow, parties, out->src);
	find_fits(&fits, context->scope, &headers, facts);
	for (; out->n_tried < MIN(fits.n, ASSESSMENT_MAX_KEPT); out->n_tried++)
		out->tried[out->n_tried] = fits.rules[out->n_tried];

	if (judge_state(out, facts)) {
		out->rule = most_specific(ruleset, &fits);
	} else if (out->state == FLOW_UNPROVEN) {
		out->verdict = VERDICT_UNJUDGED;
		out->reason = REASON_NO_ANSWER_YET;
		out->rule = most_specific(ruleset, &fits);
	} else if (fits.n) {
		judge_fitting(out, context, &fits, flow, facts);
	} else if (headers.src->is_server || headers.dst->is_server) { /* else it is out of scope */
		bool is_guess =
		        out->state == FLOW_MIDSTREAM && out->opener_how == OPENER_FIRST_PACKET;
		(is_guess ? judge_unfitting_guess : judge_unfitting)(out, context, &headers, flow,
		                                                     facts);
	}
	if (fits.n)
		note_tls(out, ruleset, flow, facts);
	/* What was proven before the eviction stays: a flood must not hide a violation. */
	bool is_proven =
	        out->verdict == VERDICT_COMPLIANT ||
	        (out->verdict == VERDICT_VIOLATION && (fits.n == 0 || is_recognised(facts)));
	if (context->is_evicted && !is_proven) {
		out->verdict = VERDICT_UNJUDGED;
		out->kind = KIND_NONE;
		out->field = CONDITION_NONE;
		out->reason = REASON_EVICTED;
	}
	if (!ruleset->site)
		weaken_without_site(out);
	if (!in_scope(out, ruleset, &headers, &fits, facts))
		*out = (struct assessment){ .rule = -1,
			                    .src = out->src,
			                    .opener_how = out->opener_how,
			                    .state = out->state };
	out->severity = severity_of(ruleset, out, flow->transport);
}

struct judgement judgement_of(const struct assessment *a)
{
	return (struct judgement){
		.rule = (uint16_t)(a->rule + 1),
		.verdict = (uint8_t)a->verdict,
		.kind = (uint8_t)a->kind,
		.reason = (uint8_t)a->reason,
		.field = (uint8_t)a->field,
		.severity = (uint8_t)a->severity,
		.evidence = (uint8_t)a->evidence,
	};
}

/* ---- Severity ------------------------------------------------------------------------------- */

enum severity severity_by_site(const struct ruleset *ruleset, int rule, enum kind kind,
                               enum severity otherwise)
{
	const struct site *site = ruleset->site;

	if (rule >= 0 && ruleset->rules[rule].severity != SEVERITY_UNSET)
		return ruleset->rules[rule].severity;
	for (size_t i = 0; site && i < site->n_severities; i++)
		if (strcmp(site->severities[i].kind, kind_word(kind)) == 0)
			return site->severities[i].severity;
	return otherwise;
}

static enum severity severity_of_blocked(const struct ruleset *ruleset, int rule)
{
	if (rule < 0 || !ruleset->rules[rule].is_declared)
		return SEVERITY_INFO; /* something stopped it, rightly */
	return ruleset->rules[rule].rule->need == NEED_REQUIRED ? SEVERITY_ERROR : SEVERITY_WARNING;
}

enum severity severity_of(const struct ruleset *ruleset, const struct assessment *a,
                          uint8_t transport)
{
	enum severity severity = SEVERITY_ERROR;

	if (a->verdict == VERDICT_BLOCKED)
		severity = severity_of_blocked(ruleset, a->rule);
	else if (a->verdict != VERDICT_VIOLATION)
		return SEVERITY_INFO;
	else if (a->kind == KIND_FEATURE_OFF || a->is_printed_any)
		severity = SEVERITY_WARNING;
	else if (a->kind == KIND_UNDOCUMENTED && transport != TRANSPORT_TCP &&
	         transport != TRANSPORT_UDP)
		severity = SEVERITY_WARNING; /* the documents speak of TCP and UDP only (A60) */
	return severity_by_site(ruleset, a->rule, a->kind, severity);
}

enum severity severity_of_note(const struct ruleset *ruleset, enum note_code note, int rule)
{
	bool is_warning = note == NOTE_CODE_OLD_TLS || note == NOTE_CODE_WEAK_SUITE ||
	                  note == NOTE_CODE_CERTIFICATE_NOT_VISIBLE;
	return severity_by_site(ruleset, rule, KIND_NOTE,
	                        is_warning ? SEVERITY_WARNING : SEVERITY_INFO);
}
