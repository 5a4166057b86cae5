/* The words of judgement, each with the sentence a person reads. */
#include "pcaudit/audit.h"

#include "pcaudit/base/util.h"

static const char *const verdict_words[N_VERDICTS] = {
	[VERDICT_OUT_OF_SCOPE] = "out-of-scope", [VERDICT_COMPLIANT] = "compliant",
	[VERDICT_UNJUDGED] = "unjudged",         [VERDICT_BLOCKED] = "blocked",
	[VERDICT_VIOLATION] = "violation",
};

static const char *const kind_words[N_KINDS] = {
	[KIND_NONE] = "none",
	[KIND_WRONG_DIRECTION] = "wrong-direction",
	[KIND_WRONG_TRANSPORT] = "wrong-transport",
	[KIND_WRONG_PORT] = "wrong-port",
	[KIND_WRONG_SOURCE] = "wrong-source",
	[KIND_WRONG_DESTINATION] = "wrong-destination",
	[KIND_WRONG_PROTOCOL] = "wrong-protocol",
	[KIND_WRONG_SECURITY] = "wrong-security",
	[KIND_FEATURE_OFF] = "feature-off",
	[KIND_UNDOCUMENTED] = "undocumented",
	[KIND_UNANSWERED] = "unanswered",
	[KIND_REFUSED] = "refused",
	[KIND_REJECTED] = "rejected",
	[KIND_HANDSHAKE_REFUSED] = "handshake-refused",
	[KIND_MISSING] = "missing",
	[KIND_NOTE] = "note",
};

static const char *const condition_words[N_CONDITIONS] = {
	[CONDITION_NONE] = "none",           [CONDITION_DIRECTION] = "direction",
	[CONDITION_TRANSPORT] = "transport", [CONDITION_PORT] = "port",
	[CONDITION_SOURCE] = "source",       [CONDITION_DESTINATION] = "destination",
	[CONDITION_PROTOCOL] = "protocol",   [CONDITION_SECURITY] = "security",
};

static const struct {
	const char *word, *sentence;
} notes[N_NOTE_CODES] = {
	[NOTE_CODE_CLEAR_TEXT] = { "clear-text", "the content is in clear; the table prints no "
	                                         "protection, so this is allowed" },
	[NOTE_CODE_TLS_UNASKED] = { "tls-not-asked", "TLS is used where the table prints none" },
	[NOTE_CODE_OLD_TLS] = { "old-tls", "the TLS version is below 1.2" },
	[NOTE_CODE_WEAK_SUITE] = { "weak-suite", "the TLS cipher suite is weak" },
	[NOTE_CODE_CERTIFICATE_NOT_VISIBLE] = { "client-certificate-not-visible",
	                                        "TLS 1.3 hides the client certificate, and the "
	                                        "sizes speak against one" },
	[NOTE_CODE_CERTIFICATE_NAME] = { "certificate-name",
	                                 "the server's certificate holds none of the names that "
	                                 "the site gives its address" },
	[NOTE_CODE_CLIENT_CERTIFICATE_NAME] = { "client-certificate-name",
	                                        "the client's certificate holds none of the names "
	                                        "that the site gives its address" },
	[NOTE_CODE_ACCEPT_UNUSED] = { "accept-unused",
	                              "an accept entry of the site matched nothing" },
	[NOTE_CODE_ACCEPT_EXPIRED] = { "accept-expired",
	                               "an accept entry of the site has run out" },
	[NOTE_CODE_ALLOW_UNUSED] = { "allow-unused", "an allow entry of the site matched nothing" },
	[NOTE_CODE_ALLOW_EXPIRED] = { "allow-expired", "an allow entry of the site has run out" },
};

static const struct {
	const char *word, *sentence;
} reasons[N_REASONS - N_DOUBTS] = {
	[REASON_NO_SITE -
	 N_DOUBTS] = { "no-site", "without a site file source and destination were not audited" },
	[REASON_NO_ANSWER_YET - N_DOUBTS] = { "no-answer-yet",
	                                      "it was tried and no answer was seen, but not for "
	                                      "long enough to say that none came" },
	[REASON_EVICTED - N_DOUBTS] = { "evicted", "the flow table had no room to follow it" },
};

static const char *const doubt_sentences[N_DOUBTS] = {
	[DOUBT_NONE] = "",
	[DOUBT_NO_PAYLOAD] = "no data was exchanged",
	[DOUBT_UNRECOGNISED] = "no detector recognises the data",
	[DOUBT_MIDSTREAM] = "it began before the capture",
	[DOUBT_HANDSHAKE_CUT] = "the handshake is cut off before it says what is needed",
	[DOUBT_GAP] = "packets are missing where they were needed",
	[DOUBT_SNAPLEN] = "the capture cut the packets short",
	[DOUBT_SESSION_RESUMED] =
	        "the TLS session was resumed and its first handshake is not in the capture",
	[DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE] = "TLS 1.3 encrypts the client certificate",
	[DOUBT_NO_ROOM] = "there was no memory to keep its first bytes",
	[DOUBT_RENEGOTIATED] = "the TLS session was renegotiated out of sight",
	[DOUBT_CONFLICT] = "bytes came twice with other content, and either may have been read",
};

static const char *const coverage_words[N_COVERAGE_STATUSES] = {
	[COVERAGE_OBSERVED] = "observed",
	[COVERAGE_ATTEMPTED] = "attempted",
	[COVERAGE_MISSING] = "missing",
	[COVERAGE_UNJUDGED] = "unjudged",
	[COVERAGE_NOT_EXPECTED] = "not-expected",
	[COVERAGE_NOT_OBSERVABLE] = "not-observable",
	[COVERAGE_NOT_APPLICABLE] = "not-applicable",
};

static const char *const report_verdict_words[] = {
	[REPORT_PASS] = "pass",
	[REPORT_FAIL] = "fail",
	[REPORT_UNJUDGED] = "unjudged",
};

const char *verdict_word(enum verdict verdict)
{
	return verdict_words[verdict];
}

const char *kind_word(enum kind kind)
{
	return kind_words[kind];
}

bool kind_is_violation(enum kind kind)
{
	return kind >= KIND_WRONG_DIRECTION && kind <= KIND_UNDOCUMENTED;
}

bool kind_is_blocked(enum kind kind)
{
	return kind >= KIND_UNANSWERED && kind <= KIND_HANDSHAKE_REFUSED;
}

const char *condition_word(enum condition condition)
{
	return condition_words[condition];
}

const char *note_word(enum note_code note)
{
	return notes[note].word;
}

const char *note_sentence(enum note_code note)
{
	return notes[note].sentence;
}

const char *reason_word(enum reason reason)
{
	if ((unsigned)reason < N_DOUBTS)
		return doubt_word((enum doubt)reason);
	return reasons[reason - N_DOUBTS].word;
}

const char *reason_sentence(enum reason reason)
{
	if ((unsigned)reason < N_DOUBTS)
		return doubt_sentences[reason];
	return reasons[reason - N_DOUBTS].sentence;
}

const char *coverage_word(enum coverage_status status)
{
	return coverage_words[status];
}

const char *report_verdict_word(enum report_verdict verdict)
{
	return report_verdict_words[verdict];
}
