/*
 * Facts: the words of their enums, the list, and the declarations of what stands in the fixed
 * slots. A flow's facts are one small struct and a singly linked list in the order stated; a
 * fact and its text are one allocation, so that freeing is a walk.
 */
#include "detect/priv.h"

#include <errno.h>

static const char *const client_auth_words[] = {
	[CLIENT_AUTH_UNKNOWN] = "unknown",
	[CLIENT_AUTH_NOT_ASKED] = "not-asked",
	[CLIENT_AUTH_EMPTY] = "empty",
	[CLIENT_AUTH_GIVEN] = "given",
	[CLIENT_AUTH_GIVEN_ONE_SIDE] = "given-one-side-seen",
	[CLIENT_AUTH_INFERRED_GIVEN] = "inferred-given",
	[CLIENT_AUTH_INFERRED_ABSENT] = "inferred-absent",
	[CLIENT_AUTH_RESUMED] = "resumed",
};

const char *client_auth_word(enum client_auth auth)
{
	return (unsigned)auth < ARRAY_SIZE(client_auth_words) ? client_auth_words[auth] : "unknown";
}

static const char *const doubt_words[N_DOUBTS] = {
	[DOUBT_NONE] = "none",
	[DOUBT_NO_PAYLOAD] = "no-payload",
	[DOUBT_UNRECOGNISED] = "unrecognised",
	[DOUBT_MIDSTREAM] = "midstream",
	[DOUBT_HANDSHAKE_CUT] = "handshake-cut",
	[DOUBT_GAP] = "gap",
	[DOUBT_SNAPLEN] = "snaplen",
	[DOUBT_SESSION_RESUMED] = "session-resumed",
	[DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE] = "client-certificate-not-visible",
	[DOUBT_NO_ROOM] = "no-room",
	[DOUBT_RENEGOTIATED] = "renegotiated",
	[DOUBT_CONFLICT] = "conflict",
};

const char *doubt_word(enum doubt doubt)
{
	return (unsigned)doubt < N_DOUBTS ? doubt_words[doubt] : "none";
}

const struct fact_def fact_ndpi_label = {
	.name = "ndpi.label",
	.type = FACT_TEXT,
	.help = "what nDPI calls a flow that no detector here knows",
};

#define HELP_MEDIA_ANNOUNCED                                                                       \
	"the flow whose SDP announced media at one end, where that made this one more certain"
#define HELP_RPC_NAMED                                                                             \
	"the flow whose endpoint mapper named the responder's port as RPC, where no opening was "  \
	"seen"

const struct fact_def fact_media_announced = {
	.name = "media.announced",
	.type = FACT_TEXT,
	.help = HELP_MEDIA_ANNOUNCED,
};

const struct fact_def fact_rpc_named = {
	.name = "rpc.named",
	.type = FACT_TEXT,
	.help = HELP_RPC_NAMED,
};

const struct fact_def fact_tcp_conflict = {
	.name = "tcp.conflict",
	.type = FACT_BOOL,
	.help = "bytes that were read came again, before they were acknowledged, with other "
	        "content; the first copy was read",
};

const struct fact_def fact_fragments_overlap = {
	.name = "ip.fragments_overlap",
	.type = FACT_BOOL,
	.help = "fragments of a packet contradicted each other; the first copy was read",
};

const struct fact_def shared_facts[] = {
	{ .name = "protocol", .type = FACT_TEXT, .help = "the innermost protocol recognised" },
	{ .name = "security", .type = FACT_TEXT, .help = "mtls, tls, none or unknown" },
	{ .name = "doubt",
	  .type = FACT_TEXT,
	  .help = "why protocol or security is not better known" },
	{ .name = "client_auth",
	  .type = FACT_TEXT,
	  .help = "how much of client authentication the handshake showed" },
	{ .name = "detector", .type = FACT_TEXT, .help = "which detector named the protocol" },
	{ .name = "refusal",
	  .type = FACT_TEXT,
	  .help = "the refusal that ended the flow before any application data" },
	{ .name = "starttls", .type = FACT_BOOL, .help = "a clear stream was upgraded to TLS" },
	{ .name = "weak_suite",
	  .type = FACT_BOOL,
	  .help = "the suite has no or weak encryption, or no authentication of the server" },
	{ .name = "gap", .type = FACT_BOOL, .help = "bytes are missing where they were needed" },
	{ .name = "media", .type = FACT_BOOL, .help = "RTP itself was seen" },
	{ .name = "maybe_media",
	  .type = FACT_BOOL,
	  .help = "every datagram has the shape of RTP or RTCP, too few to prove it" },
	{ .name = "inside_unrecognised",
	  .type = FACT_BOOL,
	  .help = "what was read inside TLS is nothing that any detector knows" },
	{ .name = "ndpi.label",
	  .type = FACT_TEXT,
	  .help = "what nDPI calls a flow that no detector here knows" },
	{ .name = "media.announced", .type = FACT_TEXT, .help = HELP_MEDIA_ANNOUNCED },
	{ .name = "rpc.named", .type = FACT_TEXT, .help = HELP_RPC_NAMED },
	{ .name = "tcp.conflict",
	  .type = FACT_BOOL,
	  .help = "bytes that were read came again, before they were acknowledged, with other "
	          "content; the first copy was read" },
	{ .name = "ip.fragments_overlap",
	  .type = FACT_BOOL,
	  .help = "fragments of a packet contradicted each other; the first copy was read" },
	{ 0 },
};

const char *detect_name(const struct facts *facts)
{
	if (!facts || facts->detector == 0)
		return "none";
	if (facts->detector <= n_detectors)
		return detectors[facts->detector - 1]->name;
	return "ndpi";
}

uint8_t detect_number(const char *name)
{
	for (size_t i = 0; i < n_detectors; i++)
		if (strcmp(detectors[i]->name, name) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

struct facts *facts_new(void)
{
	struct facts *facts = calloc(1, sizeof(*facts));
	if (facts)
		facts->opener_side = -1;
	return facts;
}

struct facts *facts_free(struct facts *facts)
{
	if (!facts)
		return NULL;
	for (struct fact *fact = facts->list; fact;) {
		struct fact *next = fact->next;
		free(fact);
		fact = next;
	}
	free(facts);
	return NULL;
}

int facts_add(struct facts *facts, const struct fact_def *def, uint64_t packet, int64_t number,
              struct bytes text)
{
	text = bytes_take(text, FACT_TEXT_MAX);
	struct fact *fact = calloc(1, sizeof(*fact) + text.len + 1);
	if (!fact)
		return -ENOMEM;
	uint8_t *copy = (uint8_t *)(fact + 1);
	if (text.len)
		memcpy(copy, text.data, text.len);
	*fact = (struct fact){
		.def = def, .packet = packet, .number = number, .text = BYTES(copy, text.len)
	};
	struct fact **last = &facts->list;
	while (*last)
		last = &(*last)->next;
	*last = fact;
	return 0;
}

const struct fact *facts_find(const struct facts *facts, const char *name)
{
	for (const struct fact *fact = facts->list; fact; fact = fact->next)
		if (strcmp(fact->def->name, name) == 0)
			return fact;
	return NULL;
}
