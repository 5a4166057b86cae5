/* src/detect/ssrp.c: SQL Browser's answers decide, its requests wait for them. */
#include "detect_hex.h"

#define LIST_TEXT                                                                                  \
	"ServerName;SQL01;InstanceName;RTC;IsClustered;No;Version;11.0.2100.60;tcp;49172;"         \
	"np;\\\\SQL01\\pipe\\MSSQL$RTC\\sql\\query;;"
/* 05, the length of the text in little endian, the text. */
static void feed_list(struct feed *feed, unsigned side, const char *text, int off_by)
{
	uint8_t data[2048] = { 0x05 };
	size_t len = strlen(text);
	data[1] = (uint8_t)(len + (size_t)off_by);
	data[2] = (uint8_t)((len + (size_t)off_by) >> 8);
	memcpy(data + 3, text, len);
	feed_udp(feed, side, data, 3 + len);
}

Test(detect_ssrp, requests_and_lists)
{
	static const char *const requests[] = { "02", "03", "04 'RTC' 00" };
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		struct feed feed;
		feed_open_udp(&feed);
		feed_hex(&feed, 0, requests[i]);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
		feed_list(&feed, 1, LIST_TEXT, 0);
		feed_finish(&feed);
		const struct facts *facts = feed.flow.facts;
		cr_assert_eq(facts->protocol, PROTOCOL_SSRP, "%s", requests[i]);
		cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
		cr_assert_eq(facts->security, SECURITY_NONE);
		cr_assert_eq(facts->opener_side, 0);
		cr_assert(feed_has_text(&feed, "ssrp.instance", "SQL01;RTC;49172"));
		feed_close(&feed);
	}
}

Test(detect_ssrp, several_instances_and_none_with_tcp)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_list(&feed, 1,
	          "ServerName;A;InstanceName;X;IsClustered;No;Version;1.0;tcp;1433;;"
	          "ServerName;A;InstanceName;Y;IsClustered;Yes;Version;1.0;;",
	          0);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SSRP,
	             "an answer to a broadcast comes alone");
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(feed.flow.facts->opener_side, 0, "the answer's sender is the responder");
	cr_assert(feed_has_text(&feed, "ssrp.instance", "A;X;1433"));
	cr_assert(feed_has_text(&feed, "ssrp.instance", "A;Y;"));
	feed_close(&feed);
}

Test(detect_ssrp, dedicated_administrator_connection)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, "0f01 'RTC' 00");
	feed_hex(&feed, 1, "05 0600 01 9a05");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SSRP);
	cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(feed_number(&feed, "ssrp.dac_port"), 1434);
	feed_close(&feed);
	/* Six bytes prove nothing without the request. */
	feed_open_udp(&feed);
	feed_hex(&feed, 1, "05 0600 01 9a05");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_close(&feed);
}

Test(detect_ssrp, request_alone)
{
	static const struct {
		const char *request;
		enum protocol protocol;
	} cases[] = {
		{ "02", PROTOCOL_UNKNOWN },
		{ "03", PROTOCOL_UNKNOWN },
		{ "04 'RTC' 00", PROTOCOL_SSRP },
		{ "0f01 'RTC' 00", PROTOCOL_SSRP },
		{ "04 'RTC'", PROTOCOL_UNKNOWN },
		{ "04 00", PROTOCOL_UNKNOWN },
		{ "04 'R' 00 'C' 00", PROTOCOL_UNKNOWN },
		{ "04 'R;C' 00", PROTOCOL_UNKNOWN },
		{ "04 '12345678901234567890123456789012' 00", PROTOCOL_SSRP },
		{ "04 '123456789012345678901234567890123' 00", PROTOCOL_UNKNOWN },
		{ "0f02 'RTC' 00", PROTOCOL_UNKNOWN },
		{ "0202", PROTOCOL_UNKNOWN },
		{ "06 'RTC' 00", PROTOCOL_UNKNOWN },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct feed feed;
		feed_open_udp(&feed);
		feed_hex(&feed, 0, cases[i].request);
		cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN, "an answer may come");
		feed_finish(&feed);
		cr_assert_eq(feed.flow.facts->protocol, cases[i].protocol, "case %zu", i);
		if (cases[i].protocol == PROTOCOL_SSRP) {
			cr_assert_eq(feed.flow.facts->protocol_evidence, EVIDENCE_CONSISTENT);
			cr_assert_eq(feed.flow.facts->opener_side, 0);
		}
		feed_close(&feed);
	}
}

Test(detect_ssrp, answers_that_are_none)
{
	struct feed feed;
	feed_open_udp(&feed);
	feed_hex(&feed, 0, "03");
	feed_list(&feed, 1, LIST_TEXT, 1);
	feed_list(&feed, 1, LIST_TEXT, -1);
	feed_list(&feed, 1, "serverName;A;InstanceName;X;;", 0);
	feed_hex(&feed, 1, "05 0600 02 9a05");
	feed_hex(&feed, 1, "05 06");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_UNKNOWN);
	feed_close(&feed);
}

/* A hostile list: no end of fields, no end of instances. */
Test(detect_ssrp, bounded)
{
	char text[2000] = "ServerName;A;";
	for (size_t len = strlen(text); len + 2 < sizeof(text); len += 2)
		strcpy(text + len, len % 3 ? "x;" : ";;");
	struct feed feed;
	feed_open_udp(&feed);
	feed_list(&feed, 1, text, 0);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_SSRP);
	feed_close(&feed);
}

Test(detect_ssrp, noise_is_not_named)
{
	cr_assert_eq(count_named_noise(1434, 4000, -1), 0);
	cr_assert_eq(count_named_noise(4, 1000, 0x04), 0);
	cr_assert_eq(count_named_noise(5, 1000, 0x05), 0);
}
