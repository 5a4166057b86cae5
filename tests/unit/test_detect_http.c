/* HTTP: messages after RFC 9112 cut at every byte, CONNECT (RFC 9110 section 9.3.6), and
 * look-alikes. */
#include "detect_sweep.h"

extern const struct detector detector_http;

#define REQUEST                                                                                    \
	"GET /Autodiscover/AutodiscoverService.svc/root?user=alice HTTP/1.1\r\n"                   \
	"Host: lyncdiscover.contoso.example\r\nUser-Agent: OCPhone/4.0 (by "                       \
	"alice@contoso.example)\r\n"                                                               \
	"Cookie: secret\r\n\r\n"
#define ANSWER "HTTP/1.1 200 OK\r\nServer: Microsoft-IIS/8.0\r\nContent-Length: 5\r\n\r\nhello"
/* Claimed by another detector: shows where the inner stream begins. */
#define INNER "SSH-2.0-Inner\r\n"
#define OTHER "SSH-2.0-Other\r\n"

static void check_exchange(struct feed *feed)
{
	const struct facts *facts = feed->flow.facts;
	cr_assert_eq(facts->protocol, PROTOCOL_HTTP);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert_eq(facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_assert_str_eq(detect_name(facts), "http");
	cr_assert_eq(facts->opener_side, 0);
	cr_assert(feed_has_text(feed, "http.method", "GET"));
	cr_assert(feed_has_text(feed, "http.path", "/Autodiscover/AutodiscoverService.svc/root"));
	cr_assert(feed_has_text(feed, "http.host", "lyncdiscover.contoso.example"));
	cr_assert(feed_has_text(feed, "http.user_agent", "OCPhone/4.0 (by"));
	cr_assert(feed_has_text(feed, "http.server", "Microsoft-IIS/8.0"));
	cr_assert_eq(feed_number(feed, "http.status"), 200);
	for (const struct fact *fact = facts->list; fact; fact = fact->next)
		cr_assert(bytes_find(fact->text, BYTES_LITERAL("alice")) < 0 &&
		          bytes_find(fact->text, BYTES_LITERAL("secret")) < 0);
}

Test(detect_http, exchange_cut_everywhere)
{
	static const struct turn turns[] = { TURN(0, REQUEST), TURN(1, ANSWER) };
	sweep_cuts(turns, 2, check_exchange);
}

static void check_interim(struct feed *feed)
{
	cr_assert_eq(feed->flow.facts->protocol, PROTOCOL_HTTP);
	unsigned n = 0;
	for (const struct fact *fact = feed->flow.facts->list; fact; fact = fact->next)
		if (strcmp(fact->def->name, "http.status") == 0)
			cr_assert_eq(fact->number, n++ ? 201 : 100);
	cr_assert_eq(n, 2);
	cr_assert(feed_has_text(feed, "http.path", "/x"));
}

Test(detect_http, an_interim_answer_is_followed_by_the_answer)
{
	static const struct turn turns[] = {
		TURN(0, "\r\nPOST http://user:word@h.example/x?q#f HTTP/1.1\r\nExpect: "
		        "100-continue\r\n\r\n"),
		TURN(1, "HTTP/1.1 100 Continue\r\n\r\n"), TURN(0, "body"),
		TURN(1, "HTTP/1.1 201\r\n\r\nHTTP/1.1 500 of another\r\n\r\n")
	};
	sweep_cuts(turns, 4, check_interim);
}

Test(detect_http, after_the_first_answer_it_is_settled)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, REQUEST);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_HTTP);
	cr_assert_not(feed.flow.facts->is_settled);
	FEED_TCP(&feed, 1, ANSWER);
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
}

Test(detect_http, methods_versions_and_targets)
{
	static const char *const good[] = { "HEAD / HTTP/1.0\r\n",
		                            "PUT /a HTTP/1.1\r\n",
		                            "DELETE /a HTTP/1.1\r\n",
		                            "OPTIONS * HTTP/1.1\r\n",
		                            "TRACE / HTTP/1.1\r\n",
		                            "PATCH / HTTP/1.1\r\n",
		                            "PROPFIND / HTTP/1.1\r\n",
		                            "RPC_IN_DATA /rpc/rpcproxy.dll?fe01:6001 HTTP/1.1\r\n",
		                            "RPC_OUT_DATA /rpc HTTP/1.1\r\n",
		                            "CONNECT h.example:443 HTTP/1.1\r\n",
		                            "HTTP/1.0 404 Not Found\r\n",
		                            "HTTP/1.1 200\r\n",
		                            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" };
	static const char *const bad[] = { "GET /\r\n",
		                           "GET / HTTP/1.1 \r\n",
		                           "GET  / HTTP/1.1\r\n",
		                           "GET / HTTP/2.0\r\n",
		                           "get / HTTP/1.1\r\n",
		                           "GET / HTTP/1.1\n",
		                           "GETS / HTTP/1.1\r\n",
		                           "OPTIONS rtsp://h RTSP/1.0\r\n",
		                           "GET / ICAP/1.0\r\n",
		                           "NOTIFY * HTTP/1.1\r\n",
		                           "OPTIONS sip:a SIP/2.0\r\n",
		                           "HTTP/1.1 20\r\n",
		                           "HTTP/1.1 2000 OK\r\n",
		                           "HTTP/1.1 099 OK\r\n",
		                           "HTTP/3.0 200 OK\r\n",
		                           "ICY 200 OK\r\n",
		                           "GET /\1 HTTP/1.1\r\n",
		                           "PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n",
		                           "PRI * HTTP/2.0\r\nx" };
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		cr_assert_str_eq(detector_of(&(struct turn){ 0, good[i], strlen(good[i]) }, 1),
		                 "http", "%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_assert_str_neq(detector_of(&(struct turn){ 0, bad[i], strlen(bad[i]) }, 1),
		                  "http", "%s", bad[i]);
}

Test(detect_http, a_first_line_has_an_end)
{
	static uint8_t line[9000];
	memset(line, 'a', sizeof(line));
	memcpy(line, "GET /", 5);
	const struct turn open[] = { TURN_OF(0, line) };
	cr_assert_str_neq(detector_of(open, 1), "http");
	memcpy(line + 7000, " HTTP/1.1\r\n\r\n", 13);
	const struct turn whole[] = { { 0, line, 7013 } };
	cr_assert_str_eq(detector_of(whole, 1), "http");
}

Test(detect_http, a_server_that_speaks_something_else_settles_it)
{
	static const struct turn turns[] = { TURN(1, "220 mail.example ESMTP\r\n"),
		                             TURN(0, REQUEST) };
	cr_assert_str_neq(detector_of(turns, 2), "http");
}

Test(detect_http, an_answer_alone_names_the_responder)
{
	struct feed feed;
	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, ANSWER);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_HTTP);
	cr_assert_eq(feed.flow.facts->opener_side, 1);
	cr_assert_eq(feed.flow.opener, 1);
	feed_close(&feed);
}

Test(detect_http, upgrade_is_noted)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0,
	         "GET /chat HTTP/1.1\r\nHost: alice@h.example\r\nUpgrade: websocket\r\n\r\n");
	FEED_TCP(&feed, 1, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
	cr_assert(feed.flow.facts->is_settled);
	cr_assert(feed_has_text(&feed, "http.upgrade", "websocket"));
	cr_assert_null(facts_find(feed.flow.facts, "http.host"), "a host has no user");
	feed_close(&feed);
}

/* ---- CONNECT ----------------------------------------------------------------------------- */

static void check_inner(struct feed *feed)
{
	cr_assert(feed_has_text(feed, "http.method", "CONNECT"));
	cr_assert_null(facts_find(feed->flow.facts, "http.path"));
	cr_assert(feed_has_text(feed, "ssh.software", "Inner"));
	cr_assert(feed_has_text(feed, "ssh.software", "Other"));
	cr_assert_eq(feed->flow.facts->protocol, PROTOCOL_SSH);
	cr_assert_not(feed->flow.facts->is_starttls);
}

Test(detect_http, what_follows_a_granted_connect_is_an_inner_stream)
{
	static const struct turn turns[] = {
		TURN(0, "CONNECT h.example:443 HTTP/1.1\r\nHost: h.example:443\r\n\r\n"),
		TURN(1, "HTTP/1.1 200 Connection established\r\nVia: p\r\n\r\n"), TURN(0, INNER),
		TURN(1, OTHER)
	};
	sweep_cuts(turns, 4, check_inner);
}

Test(detect_http, a_proxy_may_want_a_password_first)
{
	static const struct turn turns[] = {
		TURN(0, "CONNECT h.example:443 HTTP/1.1\r\n\r\n"),
		TURN(1, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: "
		        "6\r\n\r\nsorry\n"),
		TURN(0, "CONNECT h.example:443 HTTP/1.1\r\nProxy-Authorization: Basic "
		        "c2VjcmV0\r\n\r\n"),
		TURN(1, "HTTP/1.1 200 OK\r\n\r\n"),
		TURN(0, INNER),
		TURN(1, OTHER)
	};
	sweep_cuts(turns, 6, check_inner);
}

Test(detect_http, a_refused_connect_opens_nothing)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, "CONNECT h.example:443 HTTP/1.1\r\n\r\n");
	FEED_TCP(&feed, 1, "HTTP/1.1 403 Forbidden\r\n\r\n" OTHER);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_HTTP);
	cr_assert_eq(feed_number(&feed, "http.status"), 403);
	feed_close(&feed);
}

Test(detect_http, a_hole_ends_it_with_what_is_known)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, REQUEST);
	feed_tcp_skip(&feed, 1, 100);
	FEED_TCP(&feed, 1, ANSWER);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_HTTP);
	cr_assert_eq(feed_number(&feed, "http.status"), -1);
	feed_close(&feed);
}

Test(detect_http, both_sides_asking_is_no_exchange)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, REQUEST);
	FEED_TCP(&feed, 1, "PUT /y HTTP/1.1\r\n\r\n");
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->opener_side, 0);
	cr_assert_not(feed_has_text(&feed, "http.method", "PUT"));
	feed_close(&feed);
}

Test(detect_http, noise_is_nothing)
{
	sweep_noise(FEED_FROM_SYN, "http", "GET /", 5);
	sweep_noise(FEED_MIDSTREAM, "http", "HTTP/1.1 ", 9);
}

Test(detect_http, one_side_of_another_protocol_counts_from_its_first_byte)
{
	const struct bytes own = BYTES_LITERAL(REQUEST),
	                   other = BYTES_LITERAL("220 mail.example\r\n");
	cr_assert_eq(probe_step(&detector_http, own, true, other, true), DETECT_NOT_MINE);
	cr_assert_eq(probe_step(&detector_http, other, true, own, true), DETECT_NOT_MINE);
	cr_assert_eq(probe_step(&detector_http, own, true, other, false), DETECT_MINE);
	cr_assert_eq(probe_step(&detector_http, own, true, BYTES(NULL, 0), true), DETECT_MINE);
	cr_assert_eq(probe_step(&detector_http, bytes_take(own, 3), true, BYTES(NULL, 0), true),
	             DETECT_MORE);
	cr_assert_eq(probe_step(&detector_http, bytes_take(own, 3), true, other, true),
	             DETECT_NOT_MINE);
}

Test(detect_http, a_first_line_that_is_too_long_is_not_waited_for)
{
	static uint8_t line[8200];
	memset(line, 'a', sizeof(line));
	memcpy(line, "GET /", 5);
	cr_assert_eq(probe_step(&detector_http, BYTES(line, 8192), true, BYTES(NULL, 0), true),
	             DETECT_MORE);
	cr_assert_eq(probe_step(&detector_http, BYTES(line, 8193), true, BYTES(NULL, 0), true),
	             DETECT_NOT_MINE);
}

/* What a product string says of its owner; a user and password in Host stay out all the same. */
Test(detect_http, identities_when_asked_for)
{
	struct feed feed;
	feed_open(&feed, FEED_FROM_SYN,
	          &(struct detect_options){ .without_ndpi = true, .identities = true });
	FEED_TCP(&feed, 0,
	         "GET / HTTP/1.1\r\nHost: alice:word@h.example\r\n"
	         "User-Agent: Phone/1 (alice@b.example)\r\nAuthorization: Basic YWxpY2U=\r\n\r\n");
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "http.user_agent", "Phone/1 (alice@b.example)"));
	cr_assert_null(facts_find(feed.flow.facts, "http.host"));
	for (const struct fact *fact = feed.flow.facts->list; fact; fact = fact->next)
		cr_assert(bytes_find(fact->text, BYTES_LITERAL("word")) < 0 &&
		          bytes_find(fact->text, BYTES_LITERAL("YWxpY2U")) < 0);
	feed_close(&feed);
}

Test(detect_http, services_of_lync)
{
	static const struct {
		const char *path, *service;
	} all[] = {
		{ "/Autodiscover/AutodiscoverService.svc/root", "autodiscover" },
		{ "/groupexpansion/service.svc", "group-expansion" },
		{ "/WebTicket/WebTicketService.svc", "web-ticket" },
		{ "/CertProv/CertProvisioningService.svc", "certificate-provisioning" },
		{ "/abs/handler/F-0.lsabs", "address-book" },
		{ "/ucwa/v1/applications", "ucwa" },
		{ "/Mcx/McxService.svc", "mobility" },
		{ "/RequestHandler/ucdevice.upx", "device-update" },
		{ "/index.html", NULL },
		{ "/x/ucwa/", NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct feed feed;
		char text[128];
		int len = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n\r\n", all[i].path);
		feed_open_tcp(&feed);
		feed_tcp(&feed, 0, text, (size_t)len);
		feed_finish(&feed);
		cr_assert(feed_has_text(&feed, "http.path", all[i].path));
		if (all[i].service)
			cr_assert(feed_has_text(&feed, "http.lync", all[i].service), "%s", text);
		else
			cr_assert_null(facts_find(feed.flow.facts, "http.lync"), "%s", text);
		feed_close(&feed);
	}
}

Test(detect_http, paths_do_not_name_people)
{
	static const char *const paths[][2] = {
		{ "/ucwa/v1/people/alice@b.example/photo", "/ucwa/v1/people/" },
		{ "/ucwa/v1/people/sip%3Aalice%40b.example", "/ucwa/v1/people/" },
		{ "/a%40b/c@d", "/" },
		{ "/a@b/c%40d", "/" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		for (unsigned identities = 0; identities < 2; identities++) {
			struct feed feed;
			char text[128];
			int len = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n\r\n",
			                   paths[i][0]);
			feed_open(&feed, FEED_FROM_SYN,
			          &(struct detect_options){ .without_ndpi = true,
			                                    .identities = identities });
			feed_tcp(&feed, 0, text, (size_t)len);
			feed_finish(&feed);
			cr_assert(feed_has_text(&feed, "http.path", paths[i][!identities]));
			feed_close(&feed);
		}
}
