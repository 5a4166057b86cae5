/*
 * The words of this layer, each declared once: kinds and zones of roles, needs, severities, and
 * the kinds of finding that a site's accept and severity entries may name. The last are the
 * audit's words too; they are repeated here because rules stand below audit.
 */
#include "priv.h"

const char *role_kind_word(enum role_kind kind)
{
	static const char *const words[] = {
		[ROLE_SERVER] = "server",
		[ROLE_CLIENT] = "client",
		[ROLE_PARTNER] = "partner",
	};
	return (unsigned)kind < ARRAY_SIZE(words) ? words[kind] : "unknown";
}

const char *zone_word(enum zone zone)
{
	static const char *const words[] = {
		[ZONE_OUTSIDE] = "outside",
		[ZONE_PERIMETER] = "perimeter",
		[ZONE_INSIDE] = "inside",
	};
	return (unsigned)zone < ARRAY_SIZE(words) ? words[zone] : "unknown";
}

const char *need_word(enum need need)
{
	static const char *const words[] = {
		[NEED_REQUIRED] = "required",
		[NEED_CONDITIONAL] = "conditional",
		[NEED_OPTIONAL] = "optional",
	};
	return (unsigned)need < ARRAY_SIZE(words) ? words[need] : "unknown";
}

const char *severity_word(enum severity severity)
{
	static const char *const words[] = {
		[SEVERITY_INFO] = "info",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_ERROR] = "error",
		[SEVERITY_UNSET] = "unset",
	};
	return (unsigned)severity < ARRAY_SIZE(words) ? words[severity] : "unknown";
}

const char *const *rules_finding_kinds(size_t *n)
{
	static const char *const words[] = {
		"undocumented",      "wrong-source",    "wrong-destination",
		"wrong-direction",   "wrong-transport", "wrong-port",
		"wrong-protocol",    "wrong-security",  "feature-off",
		"unanswered",        "refused",         "rejected",
		"handshake-refused", "missing",         "note",
	};
	*n = ARRAY_SIZE(words);
	return words;
}
