/*
 * Flows written by hand, one line of text each, and a bench that holds them against a pack and a
 * site without a capture:
 *
 *	"10.0.9.21:50123 > 10.0.2.20:5061 tcp tls"
 *	"10.0.2.21:50123 > 10.0.2.20:5061 tcp session=7 resumed at=90"
 *	"10.0.9.21:50123 > 10.0.2.20:5061 tcp silent unanswered"
 *
 * Left the end that opened, right the other one; an IPv6 address stands in brackets. Then the
 * transport, then words in any order: what the bytes were (hand_contents below), how the opener is
 * known, what became of the flow, and name=number. A TCP flow is opened by its SYN and
 * established unless a word says otherwise, UDP flows have packets both ways and an opener that is
 * the protocol's. What a flow is said to be is written into the fields that flow_state() reads.
 */
#ifndef TEST_AUDIT_HAND_H
#define TEST_AUDIT_HAND_H

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcaudit/audit.h"

#define HAND_SECOND INT64_C(1000000000)
/* Thursday 2026-01-01 00:00:00 UTC. */
#define HAND_START   (INT64_C(1767225600) * HAND_SECOND)
#define HAND_TCP_SYN 0x02
#define HAND_TCP_RST 0x04
#define HAND_TCP_ACK 0x10

#define PACK_FIRST  "rules/lync-server-2013.yaml"
#define PACK_SECOND "rules/lync-server-2013-companions.yaml"

/* ---- Contents: a word for what the bytes of a flow were ------------------------------------- */

struct hand_content {
	const char *word;
	struct facts facts;
};

#define HAND_CLEAR(name)                                                                           \
	{                                                                                          \
		.protocol = PROTOCOL_##name, .protocol_evidence = EVIDENCE_CONFIRMED,              \
		.security = SECURITY_NONE, .security_evidence = EVIDENCE_CONFIRMED,                \
		.is_settled = true, .has_app_data = true, .opener_side = -1                        \
	}
#define HAND_TLS(auth, ...)                                                                        \
	{                                                                                          \
		.protocol = PROTOCOL_TLS, .protocol_evidence = EVIDENCE_CONFIRMED,                 \
		.security = SECURITY_TLS, .security_evidence = EVIDENCE_CONFIRMED,                 \
		.client_auth = CLIENT_AUTH_##auth, .is_handshake_done = true,                      \
		.has_app_data = true, .is_settled = true, .tls_version = 0x0303,                   \
		.opener_side = -1, __VA_ARGS__                                                     \
	}
#define HAND_UNKNOWN(...)                                                                          \
	{                                                                                          \
		.is_unrecognised = true, .is_settled = true, .doubt = DOUBT_UNRECOGNISED,          \
		.from_start = { true, true }, .opener_side = -1, __VA_ARGS__                       \
	}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const struct hand_content hand_contents[] = {
	{ "sip", HAND_CLEAR(SIP) },
	{ "psom", HAND_CLEAR(PSOM) },
	{ "stun", HAND_CLEAR(STUN) },
	{ "turn", HAND_CLEAR(TURN) },
	{ "msturn", HAND_CLEAR(MSTURN) },
	{ "xmpp", HAND_CLEAR(XMPP_SERVER) },
	{ "xmpp-client", HAND_CLEAR(XMPP_CLIENT) },
	{ "http", HAND_CLEAR(HTTP) },
	{ "dtls", HAND_CLEAR(DTLS) },
	{ "dce-rpc", HAND_CLEAR(DCE_RPC) },
	{ "smb", HAND_CLEAR(SMB) },
	{ "ssrp", HAND_CLEAR(SSRP) },
	{ "tds", HAND_CLEAR(TDS) },
	{ "dhcp", HAND_CLEAR(DHCP) },
	{ "dns", HAND_CLEAR(DNS) },
	{ "ssh", HAND_CLEAR(SSH) },
	{ "rdp", HAND_CLEAR(RDP) },
	{ "file", HAND_CLEAR(FILE_TRANSFER) },
	{ "rtp",
	  { .protocol = PROTOCOL_RTP,
	    .protocol_evidence = EVIDENCE_CONFIRMED,
	    .security = SECURITY_NONE,
	    .security_evidence = EVIDENCE_CONFIRMED,
	    .has_media = true,
	    .has_app_data = true,
	    .is_settled = true,
	    .opener_side = -1 } },
	{ "rtcp",
	  { .protocol = PROTOCOL_RTCP,
	    .protocol_evidence = EVIDENCE_CONFIRMED,
	    .security = SECURITY_NONE,
	    .security_evidence = EVIDENCE_CONFIRMED,
	    .has_media = true,
	    .has_app_data = true,
	    .is_settled = true,
	    .opener_side = -1 } },
	{ "rtp-one-side",
	  { .protocol = PROTOCOL_RTP,
	    .protocol_evidence = EVIDENCE_CONSISTENT,
	    .security = SECURITY_NONE,
	    .security_evidence = EVIDENCE_CONSISTENT,
	    .has_media = true,
	    .is_settled = true,
	    .opener_side = -1 } },
	/* TLS whose inside is not seen. */
	{ "tls", HAND_TLS(NOT_ASKED) },
	{ "tls-empty", HAND_TLS(EMPTY) },
	{ "mtls", HAND_TLS(GIVEN, .security = SECURITY_MTLS) },
	{ "mtls-one-side", HAND_TLS(GIVEN_ONE_SIDE, .security = SECURITY_MTLS) },
	{ "mtls-one-side-bare",
	  HAND_TLS(GIVEN_ONE_SIDE, .security = SECURITY_MTLS, .has_app_data = false) },
	{ "tls13-given", HAND_TLS(INFERRED_GIVEN, .security = SECURITY_MTLS,
	                          .security_evidence = EVIDENCE_INFERRED, .tls_version = 0x0304) },
	{ "tls13-absent", HAND_TLS(INFERRED_ABSENT, .tls_version = 0x0304,
	                           .doubt = DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE) },
	{ "resumed", HAND_TLS(RESUMED, .doubt = DOUBT_SESSION_RESUMED) },
	{ "tls-cut", HAND_TLS(UNKNOWN, .is_handshake_done = false, .has_app_data = false,
	                      .doubt = DOUBT_HANDSHAKE_CUT) },
	{ "tls-asked-cut", HAND_TLS(NOT_ASKED, .is_handshake_done = false, .has_app_data = false,
	                            .doubt = DOUBT_HANDSHAKE_CUT) },
	{ "tls-mid", HAND_TLS(UNKNOWN, .security = SECURITY_UNKNOWN, .is_handshake_done = false,
	                      .protocol_evidence = EVIDENCE_CONSISTENT,
	                      .security_evidence = EVIDENCE_NONE, .doubt = DOUBT_MIDSTREAM) },
	{ "tls-gap", HAND_TLS(UNKNOWN, .has_gap = true, .doubt = DOUBT_GAP) },
	{ "tls-server-side", HAND_TLS(UNKNOWN, .doubt = DOUBT_HANDSHAKE_CUT) },
	{ "tls-renegotiated", HAND_TLS(NOT_ASKED, .doubt = DOUBT_RENEGOTIATED) },
	{ "tls-empty-renegotiated", HAND_TLS(EMPTY, .doubt = DOUBT_RENEGOTIATED) },
	{ "ssl2", HAND_TLS(UNKNOWN, .tls_version = 0x0002, .is_weak_suite = true,
	                   .doubt = DOUBT_HANDSHAKE_CUT) },
	{ "ssl3", HAND_TLS(NOT_ASKED, .tls_version = 0x0300) },
	{ "tls-disputed", HAND_TLS(NOT_ASKED, .is_disputed = true, .doubt = DOUBT_CONFLICT) },
	{ "mtls-disputed", HAND_TLS(GIVEN, .is_disputed = true, .doubt = DOUBT_CONFLICT) },
	{ "tls10", HAND_TLS(NOT_ASKED, .tls_version = 0x0301) },
	{ "tls-weak", HAND_TLS(NOT_ASKED, .is_weak_suite = true, .tls_suite = 0x0005) },
	/* Read inside TLS, by STARTTLS or with keys. */
	{ "noise+tls", HAND_TLS(NOT_ASKED, .is_inside_unrecognised = true) },
	{ "sip+tls", HAND_TLS(NOT_ASKED, .protocol = PROTOCOL_SIP, .is_inside_tls = true) },
	{ "http+tls", HAND_TLS(NOT_ASKED, .protocol = PROTOCOL_HTTP, .is_inside_tls = true) },
	{ "http+mtls", HAND_TLS(GIVEN, .security = SECURITY_MTLS, .protocol = PROTOCOL_HTTP,
	                        .is_inside_tls = true) },
	{ "xmpp+tls", HAND_TLS(NOT_ASKED, .protocol = PROTOCOL_XMPP_SERVER, .is_starttls = true) },
	{ "xmpp+mtls", HAND_TLS(GIVEN, .security = SECURITY_MTLS, .protocol = PROTOCOL_XMPP_SERVER,
	                        .is_starttls = true) },
	/* Data that nobody knows. */
	{ "noise", HAND_UNKNOWN(.doubt = DOUBT_UNRECOGNISED) },
	{ "noise-late", HAND_UNKNOWN(.from_start = { false, false }, .doubt = DOUBT_MIDSTREAM) },
	{ "noise-gap", HAND_UNKNOWN(.has_gap = true, .doubt = DOUBT_GAP) },
	{ "noise-open", HAND_UNKNOWN(.is_settled = false, .is_unrecognised = false) },
	{ "noise-no-room", HAND_UNKNOWN(.is_unrecognised = false, .doubt = DOUBT_NO_ROOM) },
	{ "maybe-media", HAND_UNKNOWN(.maybe_media = true) },
	{ "guess-by-port", { .protocol = PROTOCOL_SIP, .is_settled = true, .opener_side = -1 } },
	{ "other-name",
	  { .protocol = PROTOCOL_OTHER,
	    .protocol_evidence = EVIDENCE_CONFIRMED,
	    .other_name = "bittorrent",
	    .is_settled = true,
	    .opener_side = -1 } },
	{ "silent", { .doubt = DOUBT_NO_PAYLOAD, .opener_side = -1 } },
};
#pragma GCC diagnostic pop

/* ---- One line to a flow --------------------------------------------------------------------- */

struct hand_flow {
	struct flow flow; /* facts is set: free with facts_free(), or give it to the ledger */
	int64_t now_ns;   /* time of judging */
	bool is_evicted, is_open_end;
	struct facts facts_before; /* a copy, for judging without giving them away */
};

static inline struct addr hand_addr(const char *text)
{
	struct addr addr;

	cr_assert(addr_parse(&addr, text), "no address: %s", text);
	return addr;
}

static inline void hand_end(struct addr *addr, uint16_t *port, char *text, const char *line)
{
	char *colon = strrchr(text, ':'), *start = text;

	cr_assert_not_null(colon, "no port in: %s", line);
	*colon = '\0';
	if (*start == '[') {
		start++;
		colon[-1] = '\0';
	}
	*addr = hand_addr(start);
	*port = (uint16_t)atoi(colon + 1);
}

static inline bool hand_take_content(struct hand_flow *hand, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(hand_contents); i++)
		if (strcmp(hand_contents[i].word, word) == 0) {
			uint8_t session[32];
			bool has_session = hand->flow.facts->has_session;
			memcpy(session, hand->flow.facts->session, 32);
			*hand->flow.facts = hand_contents[i].facts;
			hand->flow.facts->has_session = has_session;
			memcpy(hand->flow.facts->session, session, 32);
			hand->flow.has_payload[0] = hand->flow.has_payload[1] =
			        strcmp(word, "silent") != 0;
			return true;
		}
	return false;
}

static inline bool hand_take_opener(struct flow *flow, const char *word)
{
	for (unsigned how = 0; how <= OPENER_FIRST_PACKET; how++)
		if (strcmp(opener_word((enum opener)how), word) == 0) {
			flow->opener_how = (uint8_t)how;
			return true;
		}
	return false;
}

/* What the table would have noted of a flow that ended so. Side 0 opened it. */
static inline bool hand_take_state(struct hand_flow *hand, const char *word)
{
	struct flow *flow = &hand->flow;
	bool tcp = flow->transport == TRANSPORT_TCP;

	if (strcmp(word, "established") == 0 || strcmp(word, "datagram") == 0)
		return true;
	if (strcmp(word, "midstream") == 0) {
		flow->tcp_seen[0] = flow->tcp_seen[1] = HAND_TCP_ACK;
		flow->syn_count = 0;
		flow->opener_how = OPENER_FIRST_PACKET;
		return true;
	}
	if (strcmp(word, "one-way") == 0) { /* nobody answers (UDP: and nobody need), or unseen */
		flow->packets[1] = flow->bytes[1] = 0;
		flow->has_payload[1] = false;
		return true;
	}
	if (strcmp(word, "unanswered") != 0 && strcmp(word, "refused") != 0 &&
	    strcmp(word, "rejected") != 0 && strcmp(word, "unproven") != 0)
		return false;
	flow->packets[1] = flow->bytes[1] = 0;
	flow->has_payload[1] = false;
	if (tcp) {
		flow->tcp_seen[0] = HAND_TCP_SYN;
		flow->tcp_seen[1] = 0;
		flow->has_payload[0] = false;
	}
	if (strcmp(word, "unanswered") == 0) {
		flow->syn_count = tcp ? 3 : 0;
		flow->is_retry_proven = !tcp;
	} else if (strcmp(word, "refused") == 0) {
		flow->tcp_seen[1] = HAND_TCP_RST;
		flow->saw_rst[1] = true;
		flow->packets[1] = 1;
	} else if (strcmp(word, "rejected") == 0) {
		flow->is_icmp_rejected = true;
		flow->icmp_type = 3;
		flow->icmp_code = 13;
	} else {
		hand->now_ns = flow->last_ns + HAND_SECOND;
	}
	return true;
}

static inline bool hand_take_number(struct hand_flow *hand, const char *word)
{
	struct flow *flow = &hand->flow;
	const char *equal = strchr(word, '=');

	if (!equal)
		return false;
	int64_t value = strtoll(equal + 1, NULL, 0);
	if (strncmp(word, "at=", 3) == 0) {
		int64_t shift = HAND_START + value * HAND_SECOND - flow->first_ns;
		flow->first_ns += shift;
		flow->last_ns += shift;
		flow->side_last_ns[0] += shift;
		flow->side_last_ns[1] += shift;
		hand->now_ns += shift;
	} else if (strncmp(word, "lasts=", 6) == 0) {
		flow->last_ns = flow->first_ns + value * HAND_SECOND;
		flow->side_last_ns[0] = flow->side_last_ns[1] = flow->last_ns;
		hand->now_ns = flow->last_ns + 10 * HAND_SECOND;
	} else if (strncmp(word, "n=", 2) == 0) {
		flow->number = (uint64_t)value;
	} else if (strncmp(word, "file=", 5) == 0) {
		flow->file = (uint32_t)value;
	} else if (strncmp(word, "version=", 8) == 0) {
		flow->facts->tls_version = (uint16_t)value;
	} else if (strncmp(word, "session=", 8) == 0) {
		flow->facts->session[0] = (uint8_t)value;
		flow->facts->has_session = true;
	} else {
		return false;
	}
	return true;
}

/* server-cert=NAME and client-cert=NAME: the handshake showed a certificate of that one name. */
static inline bool hand_take_certificate(struct facts *facts, const char *word)
{
	static const struct fact_def defs[2][2] = {
		{ { .name = "tls.server_cert.names", .type = FACT_TEXT, .is_list = true },
		  { .name = "tls.server_cert.key_bits", .type = FACT_NUMBER } },
		{ { .name = "tls.client_cert.names", .type = FACT_TEXT, .is_list = true },
		  { .name = "tls.client_cert.key_bits", .type = FACT_NUMBER } },
	};
	bool is_client = strncmp(word, "client-cert=", 12) == 0;

	if (!is_client && strncmp(word, "server-cert=", 12) != 0)
		return false;
	cr_assert_eq(facts_add(facts, &defs[is_client][0], 4, 0, bytes_from_text(word + 12)), 0);
	cr_assert_eq(facts_add(facts, &defs[is_client][1], 4, 2048, BYTES(NULL, 0)), 0);
	return true;
}

static inline bool hand_take_word(struct hand_flow *hand, const char *word)
{
	struct flow *flow = &hand->flow;

	if (hand_take_certificate(flow->facts, word))
		return true;
	if (strcmp(word, "refusal") == 0) { /* a fatal alert before any application data */
		flow->facts->is_refused = true;
		flow->facts->has_app_data = false;
		flow->facts->refusal = "unknown_ca";
	} else if (strcmp(word, "late-refusal") == 0) {
		flow->facts->is_refused = true;
		flow->facts->refusal = "internal_error";
	} else if (strcmp(word, "cut") == 0) {
		flow->is_cut = true;
	} else if (strcmp(word, "early") == 0) { /* near the capture's beginning */
		flow->is_early = true;
	} else if (strcmp(word, "evicted") == 0) {
		hand->is_evicted = true;
	} else if (strcmp(word, "open-end") == 0) {
		hand->is_open_end = true;
	} else if (strcmp(word, "no-media") == 0) {
		flow->facts->has_media = false;
	} else if (strcmp(word, "continued-mtls") == 0 || strcmp(word, "continued-tls") == 0) {
		bool mtls = strcmp(word, "continued-mtls") == 0;
		flow->is_continued = true;
		flow->memory =
		        (struct flow_memory){ .protocol = PROTOCOL_TLS,
			                      .security = mtls ? SECURITY_MTLS : SECURITY_TLS,
			                      .evidence = EVIDENCE_CONFIRMED,
			                      .security_evidence = EVIDENCE_CONFIRMED };
	} else if (strcmp(word, "swapped") ==
	           0) { /* the first packet seen came from the right end */
		struct addr addr = flow->addr[0];
		uint16_t port = flow->port[0];
		flow->addr[0] = flow->addr[1];
		flow->port[0] = flow->port[1];
		flow->addr[1] = addr;
		flow->port[1] = port;
	} else {
		return false;
	}
	return true;
}

static inline struct hand_flow hand_flow(const char *line)
{
	struct hand_flow hand = { .now_ns = HAND_START + 20 * HAND_SECOND };
	struct flow *flow = &hand.flow;
	char text[256], left[80], right[80], transport[16];
	int used = 0;

	*flow = (struct flow){ .vlan = 0xffff,
		               .vlan_inner = 0xffff,
		               .file = 1,
		               .number = 1,
		               .first_ns = HAND_START,
		               .last_ns = HAND_START + 10 * HAND_SECOND,
		               .side_last_ns = { HAND_START + 10 * HAND_SECOND,
		                                 HAND_START + 10 * HAND_SECOND },
		               .packets = { 10, 8 },
		               .bytes = { 1000, 800 },
		               .has_payload = { true, true },
		               .expect = UINT32_MAX };
	cr_assert_lt(strlen(line), sizeof(text));
	cr_assert_eq(sscanf(line, "%79s > %79s %15s%n", left, right, transport, &used), 3,
	             "not a flow: %s", line);
	hand_end(&flow->addr[0], &flow->port[0], left, line);
	hand_end(&flow->addr[1], &flow->port[1], right, line);
	cr_assert(transport_parse(&flow->transport, transport), "no transport: %s", line);
	flow->facts = facts_new();
	cr_assert_not_null(flow->facts);
	flow->opener_how = OPENER_PROTOCOL;
	if (flow->transport == TRANSPORT_TCP) {
		flow->opener_how = OPENER_SYN;
		flow->tcp_seen[0] = flow->tcp_seen[1] = HAND_TCP_SYN | HAND_TCP_ACK;
		flow->syn_count = 1;
	}
	snprintf(text, sizeof(text), "%s", line + used);
	char *save = NULL;
	for (char *word = strtok_r(text, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
		cr_assert(hand_take_content(&hand, word) || hand_take_opener(flow, word) ||
		                  hand_take_state(&hand, word) || hand_take_number(&hand, word) ||
		                  hand_take_word(&hand, word),
		          "what is \"%s\" in: %s", word, line);
	return hand;
}

/* ---- The bench ------------------------------------------------------------------------------ */

struct bench {
	struct pack *packs[2];
	size_t n_packs;
	struct site *site;
	struct ruleset *ruleset;
	struct scope *scope;
	struct ledger *ledger;
	struct ledger_options options;
	struct capture_summary capture;
	const struct report *report;
	uint64_t number; /* of the next flow put */
};

/* The whole text of a file; free it. */
static inline char *hand_read(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	size_t size = 0, used = 0;

	cr_assert_not_null(file, "cannot open %s", path);
	do {
		size += 65536;
		text = realloc(text, size + 1);
		cr_assert_not_null(text);
		used += fread(text + used, 1, size - used, file);
	} while (used == size);
	fclose(file);
	text[used] = '\0';
	return text;
}

static inline struct pack *hand_pack_text(const char *name, const char *text)
{
	struct pack *pack = NULL;
	struct err err = { 0 };

	cr_assert_eq(pack_load(&pack, name, bytes_from_text(text), &err), RULES_OK, "%s", err.text);
	return pack;
}

static inline void bench_join(struct bench *b, const char *site_text)
{
	struct err err = { 0 };

	if (site_text)
		cr_assert_eq(site_load(&b->site, "site.yaml", bytes_from_text(site_text), &err),
		             RULES_OK, "%s", err.text);
	cr_assert_eq(ruleset_new(&b->ruleset, (const struct pack *const *)b->packs, b->n_packs,
	                         b->site, &err),
	             0, "%s", err.text);
	cr_assert_eq(scope_new(&b->scope, b->ruleset), 0);
	b->options = (struct ledger_options){ .fail_on = SEVERITY_WARNING };
	b->capture = (struct capture_summary){ .received = 1000,
		                               .flows = 1000,
		                               .tcp_payload_bytes = 1000000,
		                               .first_ns = HAND_START,
		                               .last_ns = HAND_START + 3600 * HAND_SECOND };
	b->number = 1;
}

/* With a pack and a site written in the test. site_text NULL: no site. */
static inline void bench_open_text(struct bench *b, const char *pack_text, const char *site_text)
{
	*b = (struct bench){ 0 };
	b->packs[b->n_packs++] = hand_pack_text("pack.yaml", pack_text);
	bench_join(b, site_text);
}

/* With packs of rules/. */
static inline void bench_open(struct bench *b, const char *first, const char *second,
                              const char *site_text)
{
	const char *const files[] = { first, second };

	*b = (struct bench){ 0 };
	for (size_t i = 0; i < 2 && files[i]; i++) {
		char *text = hand_read(files[i]);
		b->packs[b->n_packs++] = hand_pack_text(files[i], text);
		free(text);
	}
	bench_join(b, site_text);
}

static inline void bench_close(struct bench *b)
{
	ledger_free(b->ledger);
	scope_free(b->scope);
	ruleset_free(b->ruleset);
	site_free(b->site);
	for (size_t i = 0; i < b->n_packs; i++)
		pack_free(b->packs[i]);
	*b = (struct bench){ 0 };
}

static inline struct assessment bench_judge(struct bench *b, const char *line)
{
	struct hand_flow hand = hand_flow(line);
	struct assessment assessment;
	struct judge_context context = { .scope = b->scope,
		                         .now_ns = hand.now_ns,
		                         .is_evicted = hand.is_evicted };

	judge_flow(&assessment, &context, &hand.flow, hand.flow.facts);
	facts_free(hand.flow.facts);
	return assessment;
}

static inline const char *bench_rule_id(const struct bench *b, int rule)
{
	return rule < 0 ? "-" : b->ruleset->rules[rule].rule->id;
}

/* "violation wrong-port fed-sip-in port": verdict, kind or reason, rule, field; "-" for none. */
static inline const char *bench_verdict_text(const struct bench *b, const struct assessment *a,
                                             char text[160])
{
	snprintf(text, 160, "%s %s %s %s", verdict_word(a->verdict),
	         a->kind != KIND_NONE             ? kind_word(a->kind)
	         : a->verdict == VERDICT_UNJUDGED ? reason_word(a->reason)
	                                          : "-",
	         bench_rule_id(b, a->rule), a->field ? condition_word(a->field) : "-");
	return text;
}

#define assert_judged(b, line, expected)                                                           \
	do {                                                                                       \
		char text_[160];                                                                   \
		struct assessment a_ = bench_judge(b, line);                                       \
		cr_assert_str_eq(bench_verdict_text(b, &a_, text_), expected,                      \
		                 "%s\n  expected: %s\n  got:      %s", line, expected, text_);     \
	} while (0)

static inline void bench_start(struct bench *b)
{
	if (!b->ledger)
		cr_assert_eq(ledger_new(&b->ledger, b->scope, &b->options), 0);
}

/* Puts a flow into the ledger; its id is 1:N, N counting up unless the line says n=. */
static inline void bench_put(struct bench *b, const char *line)
{
	struct hand_flow hand = hand_flow(line);

	bench_start(b);
	if (!strstr(line, "n="))
		hand.flow.number = b->number++;
	cr_assert_eq(
	        ledger_put(b->ledger, &hand.flow, hand.now_ns, hand.is_evicted, hand.is_open_end),
	        0);
	cr_assert_null(hand.flow.facts, "the ledger takes the facts");
}

/* A full handshake of this session showed this, so many seconds after the start. */
static inline void bench_session(struct bench *b, uint8_t session, enum client_auth auth,
                                 int64_t at_seconds)
{
	struct note note = { .kind = NOTE_SESSION,
		             .time_ns = HAND_START + at_seconds * HAND_SECOND,
		             .session = { session },
		             .client_auth = (uint8_t)auth,
		             .security = auth == CLIENT_AUTH_GIVEN ? SECURITY_MTLS : SECURITY_TLS,
		             .security_evidence = EVIDENCE_CONFIRMED };

	bench_start(b);
	cr_assert_eq(ledger_note(b->ledger, &note), 0);
}

/* Packet 9 of flow 1:7 says this of a place, so many seconds after the start. */
static inline struct note hand_place(enum note_kind kind, const char *addr, uint16_t port,
                                     int64_t at_seconds)
{
	return (struct note){ .kind = kind,
		              .time_ns = HAND_START + at_seconds * HAND_SECOND,
		              .addr = hand_addr(addr),
		              .port = port,
		              .file = 1,
		              .flow = 7,
		              .packet = 9 };
}

static inline void bench_place(struct bench *b, enum note_kind kind, const char *addr,
                               uint16_t port, int64_t at_seconds)
{
	struct note note = hand_place(kind, addr, port, at_seconds);

	bench_start(b);
	cr_assert_eq(ledger_note(b->ledger, &note), 0);
}

static inline const struct report *bench_report(struct bench *b)
{
	bench_start(b);
	cr_assert_eq(ledger_report(b->ledger, &b->capture, &b->report), 0);
	return b->report;
}

/* How many findings of this kind ("note" too) and rule ("-": none, "*": any) there are. */
static inline size_t bench_count(const struct bench *b, const char *kind, const char *rule)
{
	size_t n = 0;

	for (size_t i = 0; i < b->report->n_findings; i++) {
		const struct finding_key *key = &b->report->findings[i]->key;
		n += strcmp(kind_word((enum kind)key->kind), kind) == 0 &&
		     (strcmp(rule, "*") == 0 || strcmp(bench_rule_id(b, key->rule), rule) == 0);
	}
	return n;
}

/* The only one of them. */
static inline const struct finding *bench_finding(const struct bench *b, const char *kind,
                                                  const char *rule)
{
	const struct finding *found = NULL;

	cr_assert_eq(bench_count(b, kind, rule), 1, "%zu findings %s of %s",
	             bench_count(b, kind, rule), kind, rule);
	for (size_t i = 0; i < b->report->n_findings; i++) {
		const struct finding_key *key = &b->report->findings[i]->key;
		if (strcmp(kind_word((enum kind)key->kind), kind) == 0 &&
		    (strcmp(rule, "*") == 0 || strcmp(bench_rule_id(b, key->rule), rule) == 0))
			found = b->report->findings[i];
	}
	return found;
}

/* The only finding that is this note. */
static inline const struct finding *bench_note(const struct bench *b, enum note_code note)
{
	const struct finding *found = NULL;

	for (size_t i = 0; i < b->report->n_findings; i++) {
		const struct finding_key *key = &b->report->findings[i]->key;
		if (key->kind != KIND_NOTE || key->note != note + 1)
			continue;
		cr_assert_null(found, "note %s stands twice", note_word(note));
		found = b->report->findings[i];
	}
	return found;
}

static inline const struct coverage_row *bench_coverage(const struct bench *b, const char *rule)
{
	int index = ruleset_find(b->ruleset, rule);

	cr_assert_geq(index, 0, "no rule %s", rule);
	return &b->report->coverage[index];
}

/* "missing", or "unjudged: the capture is truncated". */
#define assert_coverage(b, rule, expected)                                                         \
	do {                                                                                       \
		const struct coverage_row *row_ = bench_coverage(b, rule);                         \
		char text_[200];                                                                   \
		snprintf(text_, sizeof(text_), "%s%s%s", coverage_word(row_->status),              \
		         row_->reason[0] ? ": " : "", row_->reason);                               \
		cr_assert_str_eq(text_, expected, "%s is %s", rule, text_);                        \
	} while (0)

#endif
