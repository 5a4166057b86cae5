/*
 * The one table of each vocabulary. Families and what belongs to them follow the product's
 * contract; app-sharing, psom and https have an envelope reading that the judge applies.
 */
#include "pcaudit/base/words.h"

#include <stdio.h>
#include <stdlib.h>

#include "pcaudit/base/util.h"

static const char *const protocol_words[N_PROTOCOLS] = {
	[PROTOCOL_UNKNOWN] = "unknown",
	[PROTOCOL_SIP] = "sip",
	[PROTOCOL_PSOM] = "psom",
	[PROTOCOL_STUN] = "stun",
	[PROTOCOL_TURN] = "turn",
	[PROTOCOL_MSTURN] = "msturn",
	[PROTOCOL_RTP] = "rtp",
	[PROTOCOL_RTCP] = "rtcp",
	[PROTOCOL_XMPP_SERVER] = "xmpp-server",
	[PROTOCOL_XMPP_CLIENT] = "xmpp-client",
	[PROTOCOL_HTTP] = "http",
	[PROTOCOL_TLS] = "tls",
	[PROTOCOL_DTLS] = "dtls",
	[PROTOCOL_DCE_RPC] = "dce-rpc",
	[PROTOCOL_SMB] = "smb",
	[PROTOCOL_SSRP] = "ssrp",
	[PROTOCOL_TDS] = "tds",
	[PROTOCOL_DHCP] = "dhcp",
	[PROTOCOL_DNS] = "dns",
	[PROTOCOL_SSH] = "ssh",
	[PROTOCOL_RDP] = "rdp",
	[PROTOCOL_FILE_TRANSFER] = "file-transfer",
	[PROTOCOL_OTHER] = "other",
};

#define BIT(protocol) (UINT32_C(1) << PROTOCOL_##protocol)

struct family_row {
	const char *word;
	const char *help;
	uint32_t protocols; /* by the clear bytes alone */
	bool unmistakable, excludes_tls;
};

static const struct family_row families[N_FAMILIES] = {
	[FAMILY_ANY] = { "any",
	                 "anything: only roles, transport, port and protection are held against "
	                 "the rule",
	                 0, false, false },
	[FAMILY_SIP] = { "sip", "SIP, in clear or inside TLS", BIT(SIP), true, false },
	[FAMILY_XMPP] = { "xmpp", "XMPP between servers, in clear, after STARTTLS or inside TLS",
	                  BIT(XMPP_SERVER), true, false },
	[FAMILY_STUN] = { "stun", "STUN, TURN and Microsoft's TURN",
	                  BIT(STUN) | BIT(TURN) | BIT(MSTURN), true, true },
	[FAMILY_RTP] = { "rtp", "RTP, SRTP and RTCP, with the STUN or DTLS of the same 5-tuple",
	                 BIT(RTP) | BIT(RTCP) | BIT(STUN) | BIT(DTLS), false, true },
	[FAMILY_HTTPS] = { "https", "HTTP inside TLS", 0, true, false },
	[FAMILY_HTTP] = { "http", "HTTP in clear", BIT(HTTP), true, false },
	[FAMILY_PSOM] = { "psom", "PSOM web conferencing, always inside TLS", BIT(PSOM), true,
	                  false },
	[FAMILY_DCE_RPC] = { "dce-rpc", "DCE/RPC and DCOM", BIT(DCE_RPC), true, true },
	[FAMILY_SMB] = { "smb", "SMB 1 to 3", BIT(SMB), true, true },
	[FAMILY_SSRP] = { "ssrp", "SQL Server Browser", BIT(SSRP), false, true },
	[FAMILY_TDS] = { "tds", "SQL Server (TDS)", BIT(TDS), false, false },
	[FAMILY_DHCP] = { "dhcp", "DHCP", BIT(DHCP), false, true },
	[FAMILY_DNS] = { "dns", "DNS", BIT(DNS), false, false },
	[FAMILY_FILE_TRANSFER] = { "file-transfer", "file transfer between clients, or inside TLS",
	                           BIT(FILE_TRANSFER), false, false },
	[FAMILY_APP_SHARING] = { "app-sharing", "application sharing: RTP over TCP, or TLS", 0,
	                         false, false },
};

static const char *const security_words[N_SECURITIES] = {
	[SECURITY_UNKNOWN] = "unknown",
	[SECURITY_NONE] = "none",
	[SECURITY_TLS] = "tls",
	[SECURITY_MTLS] = "mtls",
};

static const char *const security_rule_word_list[N_SECURITIES] = {
	[SECURITY_UNKNOWN] = "unspecified",
	[SECURITY_NONE] = "none",
	[SECURITY_TLS] = "tls",
	[SECURITY_MTLS] = "mtls",
};

static const char *const evidence_words[N_EVIDENCES] = {
	[EVIDENCE_NONE] = "none",
	[EVIDENCE_CONTRADICTED] = "contradicted",
	[EVIDENCE_HEADERS] = "headers",
	[EVIDENCE_INFERRED] = "inferred",
	[EVIDENCE_CONSISTENT] = "consistent",
	[EVIDENCE_CONFIRMED] = "confirmed",
};

static const struct {
	uint8_t number;
	const char *word;
} transports[] = {
	{ TRANSPORT_ICMP, "icmp" }, { TRANSPORT_TCP, "tcp" }, { TRANSPORT_UDP, "udp" },
	{ TRANSPORT_ESP, "esp" },   { TRANSPORT_AH, "ah" },   { TRANSPORT_ICMPV6, "icmpv6" },
	{ TRANSPORT_SCTP, "sctp" },
};

const char *protocol_word(enum protocol protocol)
{
	return (unsigned)protocol < N_PROTOCOLS ? protocol_words[protocol] : "unknown";
}

const char *family_word(enum family family)
{
	return (unsigned)family < N_FAMILIES ? families[family].word : "any";
}

const char *family_help(enum family family)
{
	return (unsigned)family < N_FAMILIES ? families[family].help : "";
}

const char *security_word(enum security security)
{
	return (unsigned)security < N_SECURITIES ? security_words[security] : "unknown";
}

const char *security_rule_word(enum security security)
{
	return (unsigned)security < N_SECURITIES ? security_rule_word_list[security]
	                                         : "unspecified";
}

const char *evidence_word(enum evidence evidence)
{
	return (unsigned)evidence < N_EVIDENCES ? evidence_words[evidence] : "none";
}

const char *transport_word(uint8_t ip_protocol, char buffer[4])
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		if (transports[i].number == ip_protocol)
			return transports[i].word;
	snprintf(buffer, 4, "%u", (unsigned)ip_protocol);
	return buffer;
}

bool transport_parse(uint8_t *out, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		if (strcmp(transports[i].word, text) == 0) {
			*out = transports[i].number;
			return true;
		}
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || number > 255)
		return false;
	*out = (uint8_t)number;
	return true;
}

bool family_parse(enum family *out, const char *text)
{
	for (unsigned i = 0; i < N_FAMILIES; i++)
		if (strcmp(families[i].word, text) == 0) {
			*out = (enum family)i;
			return true;
		}
	return false;
}

bool security_rule_parse(enum security *out, const char *text)
{
	for (unsigned i = 0; i < N_SECURITIES; i++)
		if (strcmp(security_rule_word_list[i], text) == 0) {
			*out = (enum security)i;
			return true;
		}
	return false;
}

const char *const *family_words(size_t *n)
{
	static const char *const words[N_FAMILIES] = {
		"any",     "sip", "xmpp", "stun", "rtp",  "https", "http",          "psom",
		"dce-rpc", "smb", "ssrp", "tds",  "dhcp", "dns",   "file-transfer", "app-sharing",
	};
	*n = N_FAMILIES;
	return words;
}

const char *const *security_rule_words(size_t *n)
{
	*n = N_SECURITIES;
	return security_rule_word_list;
}

bool family_has(enum family family, enum protocol protocol, bool over_tcp, bool inside_tls)
{
	if ((unsigned)family >= N_FAMILIES)
		return false;
	switch (family) {
	case FAMILY_ANY:
		return true;
	case FAMILY_HTTPS:
		return protocol == PROTOCOL_HTTP && inside_tls;
	case FAMILY_APP_SHARING:
		return over_tcp && (families[FAMILY_RTP].protocols >> protocol & 1);
	default:
		return families[family].protocols >> protocol & 1;
	}
}

bool family_is_unmistakable(enum family family)
{
	return (unsigned)family < N_FAMILIES && families[family].unmistakable;
}

bool family_excludes_tls(enum family family)
{
	return (unsigned)family < N_FAMILIES && families[family].excludes_tls;
}

bool protocol_expects_answer(enum protocol protocol)
{
	const uint32_t answered = BIT(STUN) | BIT(TURN) | BIT(MSTURN) | BIT(SIP) | BIT(DTLS) |
	                          BIT(DNS) | BIT(DHCP) | BIT(SSRP) | BIT(DCE_RPC) | BIT(SMB) |
	                          BIT(TDS);
	return answered >> protocol & 1;
}

bool protocol_is_broadcast(enum protocol protocol)
{
	return protocol == PROTOCOL_DHCP || protocol == PROTOCOL_SSRP;
}
