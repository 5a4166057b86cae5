/*
 * The words that packs, facts, judgements and reports share, each declared once in words.c with
 * its text: protocols, the families a rule may name, security, evidence, transports.
 */
#ifndef PCAUDIT_BASE_WORDS_H
#define PCAUDIT_BASE_WORDS_H

#include "pcaudit/base/bytes.h"

/* What a detector may call a flow. PROTOCOL_OTHER: a name only nDPI has, kept as text in the facts. */
enum protocol {
	PROTOCOL_UNKNOWN,
	PROTOCOL_SIP,
	PROTOCOL_PSOM,
	PROTOCOL_STUN,
	PROTOCOL_TURN,
	PROTOCOL_MSTURN,
	PROTOCOL_RTP,
	PROTOCOL_RTCP,
	PROTOCOL_XMPP_SERVER,
	PROTOCOL_XMPP_CLIENT,
	PROTOCOL_HTTP,
	PROTOCOL_TLS,
	PROTOCOL_DTLS,
	PROTOCOL_DCE_RPC,
	PROTOCOL_SMB,
	PROTOCOL_SSRP,
	PROTOCOL_TDS,
	PROTOCOL_DHCP,
	PROTOCOL_DNS,
	PROTOCOL_SSH,
	PROTOCOL_RDP,
	PROTOCOL_FILE_TRANSFER,
	PROTOCOL_OTHER,
	N_PROTOCOLS
};

/* What a rule's "protocol:" may say (design: a family of protocols). */
enum family {
	FAMILY_ANY,
	FAMILY_SIP,
	FAMILY_XMPP,
	FAMILY_STUN,
	FAMILY_RTP,
	FAMILY_HTTPS,
	FAMILY_HTTP,
	FAMILY_PSOM,
	FAMILY_DCE_RPC,
	FAMILY_SMB,
	FAMILY_SSRP,
	FAMILY_TDS,
	FAMILY_DHCP,
	FAMILY_DNS,
	FAMILY_FILE_TRANSFER,
	FAMILY_APP_SHARING,
	N_FAMILIES
};

/* A set of families, one bit each: UINT32_C(1) << family. 0 is the empty set. */
typedef uint32_t family_set;

enum security {
	SECURITY_UNKNOWN, /* of a flow: not seen. Of a rule ("unspecified"): kept by anything */
	SECURITY_NONE,
	SECURITY_TLS,
	SECURITY_MTLS,
	N_SECURITIES
};

/* How sure protocol and security are, weakest first. */
enum evidence {
	EVIDENCE_NONE,
	EVIDENCE_CONTRADICTED,
	EVIDENCE_HEADERS,
	EVIDENCE_INFERRED,
	EVIDENCE_CONSISTENT,
	EVIDENCE_CONFIRMED,
	N_EVIDENCES
};

/* IANA protocol numbers that have a word. */
enum transport {
	TRANSPORT_ICMP = 1,
	TRANSPORT_TCP = 6,
	TRANSPORT_UDP = 17,
	TRANSPORT_ESP = 50,
	TRANSPORT_AH = 51,
	TRANSPORT_ICMPV6 = 58,
	TRANSPORT_SCTP = 132,
};

/* Lower-case words as in packs and reports. All return constant strings, never NULL. */
const char *protocol_word(enum protocol protocol);
const char *family_word(enum family family);
const char *family_help(enum family family); /* one sentence for `pcaudit facts` */
const char *security_word(enum security security);      /* mtls tls none unknown */
const char *security_rule_word(enum security security); /* mtls tls none unspecified */
const char *evidence_word(enum evidence evidence);
/* "tcp", ..., or the number in buffer. */
const char *transport_word(uint8_t ip_protocol, char buffer[4]);

/* The reverse; false if text is not such a word. transport_parse also takes 0 to 255. */
bool family_parse(enum family *out, const char *text);
bool security_rule_parse(enum security *out, const char *text);
bool transport_parse(uint8_t *out, const char *text);

/* Words for near-miss hints: NULL-free array and its length. */
const char *const *family_words(size_t *n);
const char *const *security_rule_words(size_t *n);

/*
 * Does a flow of this protocol belong to the family? over_tcp and inside_tls tell the two cases
 * design.md section 3 distinguishes: app-sharing is rtp only over TCP, and https is http only
 * inside TLS. TLS whose inside was not seen belongs to none here; the judge knows when the
 * envelope is enough.
 */
bool family_has(enum family family, enum protocol protocol, bool over_tcp, bool inside_tls);

/*
 * True if the family's own first bytes cannot be mistaken (SIP, HTTP, XMPP, STUN, SMB, DCE/RPC,
 * and what is opened by TLS): unrecognised data seen from its first byte contradicts such a rule.
 */
bool family_is_unmistakable(enum family family);
/* True if a TLS envelope contradicts the family: stun, rtp, smb, dhcp, dce-rpc, ssrp. */
bool family_excludes_tls(enum family family);
/* True if a request of this protocol expects an answer, so that none means "unanswered" (UDP). */
bool protocol_expects_answer(enum protocol protocol);
/* True for protocols that are broadcast by nature: DHCP, SSRP. */
bool protocol_is_broadcast(enum protocol protocol);

#endif
