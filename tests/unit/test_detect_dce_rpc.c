/*
 * DCE/RPC: PDUs after C706 chapter 12 and the endpoint mapper's answer after its appendix O and L,
 * byte by byte, in both byte orders and both transfer syntaxes.
 */
#include "detect_sweep.h"

extern const struct detector detector_dce_rpc;

/* version, type, flags first and last, byte order, length, no authentication, call */
#define PDU(type, len, call)                                                                       \
	"\5\0" type "\3"                                                                           \
	"\x10\0\0\0" len "\0\0" call "\0\0\0"
#define EPM                                                                                        \
	"\x08\x83\xaf\xe1\x1f\x5d\xc9\x11\x91\xa4\x08\x00\x2b\x14\xa0\xfa"                         \
	"\3\0\0\0"
#define OXID                                                                                       \
	"\xc4\xfe\xfc\x99\x60\x52\x1b\x10\xbb\xcb\x00\xaa\x00\x21\x34\x7a"                         \
	"\0\0\0\0"
#define UNKNOWN                                                                                    \
	"\x78\x56\x34\x12\x34\x12\xcd\xab\x00\x01\x02\x03\x04\x05\x06\x07"                         \
	"\1\0\0\0"
#define NDR                                                                                        \
	"\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60"                         \
	"\2\0\0\0"
#define SIZES "\xd0\x16\xd0\x16\0\0\0\0"

/* 16 + 12 + 2 * 44 */
#define BIND                                                                                       \
	PDU("\x0b", "\x74\0", "\1")                                                                \
	SIZES "\2\0\0\0"                                                                           \
	      "\0\0\1\0" EPM NDR "\1\0\1\0" UNKNOWN NDR
#define BIND_ACK                                                                                   \
	PDU("\x0c", "\x3c\0", "\1")                                                                \
	SIZES "\4\0"                                                                               \
	      "135\0"                                                                              \
	      "\0\0"                                                                               \
	      "\1\0\0\0"                                                                           \
	      "\0\0\0\0" NDR
#define BIND_NAK PDU("\x0d", "\x15\0", "\1") "\0\0\1\5\0"
/* allocation hint, context 0, operation 3, and a stub that is not read */
#define ASK                                                                                        \
	PDU("\0", "\x20\0", "\2")                                                                  \
	"\4\0\0\0"                                                                                 \
	"\0\0"                                                                                     \
	"\3\0"                                                                                     \
	"stubstub"

/* Five floors, 75 bytes: interface, syntax, connections, TCP port, IP address. */
#define TOWER(port, addr)                                                                          \
	"\5\0"                                                                                     \
	"\x13\0\x0d"                                                                               \
	"\xc4\xfe\xfc\x99\x60\x52\x1b\x10\xbb\xcb\x00\xaa\x00\x21\x34\x7a"                         \
	"\0\0"                                                                                     \
	"\2\0\0\0"                                                                                 \
	"\x13\0\x0d"                                                                               \
	"\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60"                         \
	"\2\0"                                                                                     \
	"\2\0\0\0"                                                                                 \
	"\1\0\x0b"                                                                                 \
	"\2\0\0\0"                                                                                 \
	"\1\0\7"                                                                                   \
	"\2\0" port "\1\0\x09"                                                                     \
	"\4\0" addr
#define HANDLE "01234567890123456789"
/* 8 + 20 + 4 + 12 + 4 + (8 + 75 + 1) + 4 = 136, with its header 152 */
#define TELL                                                                                       \
	PDU("\2", "\x98\0", "\2")                                                                  \
	"\x80\0\0\0"                                                                               \
	"\0\0\0\0" HANDLE "\1\0\0\0"                                                               \
	"\4\0\0\0"                                                                                 \
	"\0\0\0\0"                                                                                 \
	"\1\0\0\0"                                                                                 \
	"\3\0\0\0"                                                                                 \
	"\x4b\0\0\0"                                                                               \
	"\x4b\0\0\0" TOWER("\xc3\x50", "\x0a\0\2\x15") "\0"                                        \
	                                               "\0\0\0\0"
/* 8 + 20 + 4 + 3 * 8 + 2 * 8 + 2 * (8 + 4 + 75 + 1) + 4 = 252, with its header 268 */
#define TELL_WIDE                                                                                  \
	PDU("\2", "\x0c\1", "\2")                                                                  \
	"\x80\0\0\0"                                                                               \
	"\0\0\0\0" HANDLE "\2\0\0\0"                                                               \
	"\4\0\0\0\0\0\0\0"                                                                         \
	"\0\0\0\0\0\0\0\0"                                                                         \
	"\2\0\0\0\0\0\0\0"                                                                         \
	"\3\0\0\0\0\0\0\0"                                                                         \
	"\4\0\0\0\0\0\0\0"                                                                         \
	"\x4b\0\0\0\0\0\0\0"                                                                       \
	"\x4b\0\0\0" TOWER("\xc3\x50", "\x0a\0\2\x15") "\0"                                        \
	                                               "\x4b\0\0\0\0\0\0\0"                        \
	                                               "\x4b\0\0\0" TOWER("\xc3\x51",              \
	                                                                  "\0\0\0\0") "\0"         \
	                                                                              "\0\0\0\0"

static void check_mapper(struct feed *feed)
{
	const struct facts *facts = feed->flow.facts;
	struct note note;
	struct addr addr = addr_from_ipv4(0x0a000215);
	cr_assert_eq(facts->protocol, PROTOCOL_DCE_RPC);
	cr_assert_eq(facts->protocol_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->security, SECURITY_NONE);
	cr_assert_eq(facts->security_evidence, EVIDENCE_CONFIRMED);
	cr_assert_eq(facts->opener_side, 0);
	cr_assert_not(facts->is_refused);
	cr_assert(feed_has_text(feed, "dce_rpc.interface", "EPM"));
	cr_assert(feed_has_text(feed, "dce_rpc.interface", "12345678-1234-abcd-0001-020304050607"));
	cr_assert_eq(take_notes(feed, &note), 1);
	cr_assert_eq(note.kind, NOTE_RPC);
	cr_assert(addr_equal(&note.addr, &addr));
	cr_assert_eq(note.port, 50000);
}

Test(detect_dce_rpc, mapper_cut_everywhere)
{
	cr_assert_eq(sizeof(BIND) - 1, 0x74);
	cr_assert_eq(sizeof(BIND_ACK) - 1, 0x3c);
	cr_assert_eq(sizeof(TOWER("12", "1234")) - 1, 75);
	cr_assert_eq(sizeof(TELL) - 1, 0x98);
	static const struct turn turns[] = { TURN(0, BIND), TURN(1, BIND_ACK), TURN(0, ASK),
		                             TURN(1, TELL) };
	sweep_cuts(turns, 4, check_mapper);
}

static unsigned notes_of(const void *answer, size_t len, struct note *note)
{
	static const struct turn turns[] = { TURN(0, BIND), TURN(1, BIND_ACK), TURN(0, ASK) };
	struct feed feed;
	feed_open_tcp(&feed);
	feed_turns(&feed, turns, 3, SIZE_MAX, 0);
	feed_tcp(&feed, 1, answer, len);
	unsigned n = take_notes(&feed, note);
	feed_finish(&feed);
	feed_close(&feed);
	return n;
}

Test(detect_dce_rpc, towers_in_ndr64_and_the_mappers_own_address)
{
	struct note note;
	struct addr server;
	cr_assert_eq(sizeof(TELL_WIDE) - 1, 0x10c);
	cr_assert_eq(notes_of(TELL_WIDE, 0x10c, &note), 2);
	cr_assert_eq(note.port, 50001);
	cr_assert(addr_parse(&server, "10.0.2.20"));
	cr_assert(addr_equal(&note.addr, &server), "0.0.0.0 means the mapper");
}

/* The same answer, changed at one place, so that it cannot be believed. */
Test(detect_dce_rpc, towers_that_do_not_add_up_leave_no_note)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *what;
	} rows[] = {
		{ 3, 1, "not the last fragment" },
		{ 10, 8, "protected" },
		{ 12, 9, "of no call" },
		{ 8, 0x90, "longer than it says" },
		{ 44, 2, "more towers than in the array" },
		{ 48, 0, "array longer than its bound" },
		{ 52, 1, "array with an offset" },
		{ 56, 2, "another count" },
		{ 64, 0x4a, "two lengths of one tower" },
		{ 60, 0, "null pointer" },
		{ 72, 4, "four floors" },
		{ 76, 0x0e, "no interface" },
		{ 126, 0x0a, "no connections" },
		{ 133, 0x08, "UDP" },
		{ 140, 0x10, "no IP" },
		{ 141, 0x03, "three bytes of address" },
		{ 148, 1, "status" },
	};
	struct note note;
	uint8_t answer[] = TELL;
	cr_assert_eq(notes_of(answer, sizeof(answer) - 1, &note), 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t changed[sizeof(answer)];
		memcpy(changed, answer, sizeof(answer));
		cr_assert_neq(changed[rows[i].at], rows[i].value);
		changed[rows[i].at] = rows[i].value;
		cr_assert_eq(notes_of(changed, sizeof(changed) - 1, &note), 0, "%s", rows[i].what);
	}
	/* Every shorter length of the PDU: nothing but silence. */
	for (unsigned len = 0; len < 0x98; len++) {
		answer[8] = (uint8_t)len;
		cr_assert_eq(notes_of(answer, sizeof(answer) - 1, &note), 0);
	}
}

Test(detect_dce_rpc, a_call_is_answered_once)
{
	static const struct turn turns[] = { TURN(0, BIND), TURN(1, BIND_ACK), TURN(0, ASK),
		                             TURN(1, TELL TELL) };
	struct feed feed;
	struct note note;
	feed_open_tcp(&feed);
	feed_turns(&feed, turns, 4, SIZE_MAX, 0);
	cr_assert_eq(take_notes(&feed, &note), 1);
	feed_finish(&feed);
	feed_close(&feed);
}

Test(detect_dce_rpc, no_port_no_note)
{
	struct note note;
	uint8_t answer[] = TELL;
	answer[136] = answer[137] = 0;
	cr_assert_eq(notes_of(answer, sizeof(answer) - 1, &note), 0);
}

Test(detect_dce_rpc, an_answer_to_another_operation_is_not_read)
{
	static const struct turn turns[] = { TURN(0, BIND),
		                             TURN(1, BIND_ACK),
		                             TURN(0, PDU("\0", "\x20\0", "\2") "\4\0\0\0"
		                                                               "\0\0"
		                                                               "\2\0"
		                                                               "stubstub"),
		                             TURN(1, TELL),
		                             TURN(0, PDU("\0", "\x20\0", "\2") "\4\0\0\0"
		                                                               "\1\0"
		                                                               "\3\0"
		                                                               "stubstub"),
		                             TURN(1, TELL) };
	struct feed feed;
	struct note note;
	feed_open_tcp(&feed);
	feed_turns(&feed, turns, 6, SIZE_MAX, 0);
	cr_assert_eq(take_notes(&feed, &note), 0);
	feed_finish(&feed);
	feed_close(&feed);
}

static void check_big(struct feed *feed)
{
	cr_assert_eq(feed->flow.facts->protocol, PROTOCOL_DCE_RPC);
	cr_assert(feed_has_text(feed, "dce_rpc.interface", "IOXIDResolver"));
}

Test(detect_dce_rpc, big_endian_cut_everywhere)
{
	static const struct turn turns[] = { TURN(
		0, "\5\0\x0b\3"
		   "\0\0\0\0"
		   "\0\x48"
		   "\0\0"
		   "\0\0\0\1" SIZES "\1\0\0\0"
		   "\0\0\1\0"
		   "\x99\xfc\xfe\xc4\x52\x60\x10\x1b\xbb\xcb\x00\xaa\x00\x21\x34\x7a"
		   "\0\0\0\0" NDR) };
	sweep_cuts(turns, 1, check_big);
}

Test(detect_dce_rpc, a_long_token_does_not_hide_the_interfaces)
{
	uint8_t bind[4000] = PDU("\x0b", "\xa0\x0f", "\1") SIZES "\1\0\0\0"
	                                                         "\0\0\1\0" OXID NDR;
	const struct turn turns[] = { TURN_OF(0, bind), TURN(0, PDU("\x0e", "\x48\0", "\2") SIZES
		                                             "\1\0\0\0"
		                                             "\1\0\1\0" EPM NDR) };
	struct feed feed;
	bind[10] = 0x20; /* authentication length 0xe20 */
	bind[11] = 0x0e;
	for (size_t piece = 1; piece < 4000; piece = piece * 4 + 1) {
		feed_open_tcp(&feed);
		feed_tcp_split(&feed, 0, turns[0].data, turns[0].len, piece);
		feed_tcp_split(&feed, 0, turns[1].data, turns[1].len, piece);
		feed_finish(&feed);
		cr_assert(feed_has_text(&feed, "dce_rpc.interface", "IOXIDResolver"));
		cr_assert(feed_has_text(&feed, "dce_rpc.interface", "EPM"),
		          "the next PDU begins where it should");
		feed_close(&feed);
	}
}

Test(detect_dce_rpc, refused_bind)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, BIND);
	FEED_TCP(&feed, 1, BIND_NAK);
	feed_finish(&feed);
	cr_assert_str_eq(feed.flow.facts->refusal, "DCE/RPC bind refused");
	feed_close(&feed);
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, BIND);
	FEED_TCP(&feed, 1, BIND_ACK BIND_NAK);
	feed_finish(&feed);
	cr_assert_not(feed.flow.facts->is_refused, "something was accepted before");
	feed_close(&feed);
}

Test(detect_dce_rpc, an_answer_alone_names_the_responder)
{
	struct feed feed;
	feed_open_midstream(&feed);
	FEED_TCP(&feed, 0, BIND_ACK);
	feed_finish(&feed);
	cr_assert_eq(feed.flow.facts->protocol, PROTOCOL_DCE_RPC);
	cr_assert_eq(feed.flow.facts->opener_side, 1);
	feed_close(&feed);
}

static void check_greeting(struct feed *feed)
{
	cr_assert_eq(feed->flow.facts->protocol, PROTOCOL_DCE_RPC);
	cr_assert_eq(feed->flow.facts->opener_side, 0);
	cr_assert(feed_has_text(feed, "dce_rpc.interface", "EPM"));
}

Test(detect_dce_rpc, rpc_over_http_greets_first)
{
	static const struct turn turns[] = { TURN(1, "ncacn_http/1.0"), TURN(0, BIND),
		                             TURN(1, BIND_ACK) };
	sweep_cuts(turns, 3, check_greeting);
}

Test(detect_dce_rpc, what_is_not_dce_rpc)
{
	static const struct turn others[] = {
		TURN(0, "\4"
		        "\0\x0b\3\x10\0\0\0"
		        "\x48\0\0\0\1\0\0\0" SIZES "\1\0\0\0"
		        "\0\0\1\0"),
		TURN(0, "\5\2\x0b\3\x10\0\0\0"
		        "\x48\0\0\0\1\0\0\0" SIZES "\1\0\0\0"
		        "\0\0\1\0"),
		TURN(0, "\5\0\x0b\3\x11\0\0\0"
		        "\x48\0\0\0\1\0\0\0" SIZES "\1\0\0\0"
		        "\0\0\1\0"),
		TURN(0, "\5\0\x0b\3\x10\0\0\1"
		        "\x48\0\0\0\1\0\0\0" SIZES "\1\0\0\0"
		        "\0\0\1\0"),
		TURN(0, "\5\0\x0b\3\x10\0\0\0"
		        "\x20\0\0\0\1\0\0\0" SIZES "\1\0\0\0"
		        "\0\0\1\0"),
		TURN(0, "\5\0\x0b\2\x10\0\0\0"
		        "\x48\0\0\0\1\0\0\0" SIZES "\1\0\0\0"
		        "\0\0\1\0"),
		TURN(0, "\5\0\x0b\3\x10\0\0\0"
		        "\x48\0\0\0\1\0\0\0" SIZES "\0\0\0\0"
		        "\0\0\1\0"),
		TURN(0, "\5\0\x0b\3\x10\0\0\0"
		        "\x48\0\0\0\1\0\0\0" SIZES "\1\0\0\0"
		        "\0\0\0\0"),
		TURN(0, "\5\0\x0b\3\x10\0\0\0"
		        "\x48\0\x48\0\1\0\0\0" SIZES "\1\0\0\0"
		        "\0\0\1\0"),
		TURN(1, "\5\0\x0c\3\x10\0\0\0"
		        "\x14\0\0\0\1\0\0\0"),
		TURN(1, "\5\0\x0d\3\x10\0\0\0"
		        "\x11\0\0\0\1\0\0\0"),
		/* A request: in the middle of a conversation a header is too little. */
		TURN(0, ASK),
		/* SOCKS 5, which begins with 05 as well. */
		TURN(0, "\5\1\0"),
		TURN(1, "ncacn_http/2.0"),
	};
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct bytes bytes = BYTES(others[i].data, others[i].len);
		cr_assert_eq(probe_step(&detector_dce_rpc, bytes, true, BYTES(NULL, 0), true),
		             DETECT_NOT_MINE, "case %zu", i);
		cr_assert_str_neq(detector_of(&others[i], 1), "dce_rpc", "case %zu", i);
	}
	static const struct turn spoken[] = { TURN(1, "220 mail\r\n"), TURN(0, BIND) };
	cr_assert_str_neq(detector_of(spoken, 2), "dce_rpc");
}

Test(detect_dce_rpc, it_comes_to_an_end)
{
	struct feed feed;
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, BIND);
	for (unsigned i = 0; i < 300; i++)
		FEED_TCP(&feed, 0, ASK);
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, BIND "this is no PDU at all");
	cr_assert(feed.flow.facts->is_settled);
	feed_close(&feed);
	feed_open_tcp(&feed);
	FEED_TCP(&feed, 0, BIND);
	feed_tcp_skip(&feed, 1, 10);
	FEED_TCP(&feed, 1, TELL);
	feed_finish(&feed);
	cr_assert(feed_has_text(&feed, "dce_rpc.interface", "EPM"));
	feed_close(&feed);
}

Test(detect_dce_rpc, noise_is_nothing)
{
	sweep_noise(FEED_FROM_SYN, "dce_rpc", "\5\0\x0b\3\x10", 5);
	sweep_noise(FEED_MIDSTREAM, "dce_rpc", "\5\0\x0c\3", 4);
}

Test(detect_dce_rpc, one_side_of_another_protocol_counts_from_its_first_byte)
{
	const struct bytes own = BYTES_LITERAL(BIND), other = BYTES_LITERAL("220 mail.example\r\n");
	cr_assert_eq(probe_step(&detector_dce_rpc, own, true, other, true), DETECT_NOT_MINE);
	cr_assert_eq(probe_step(&detector_dce_rpc, other, true, own, true), DETECT_NOT_MINE);
	cr_assert_eq(probe_step(&detector_dce_rpc, own, true, other, false), DETECT_MINE);
	cr_assert_eq(probe_step(&detector_dce_rpc, own, true, BYTES(NULL, 0), true), DETECT_MINE);
	cr_assert_eq(probe_step(&detector_dce_rpc, bytes_take(own, 3), true, BYTES(NULL, 0), true),
	             DETECT_MORE);
	cr_assert_eq(probe_step(&detector_dce_rpc, bytes_take(own, 3), true, other, true),
	             DETECT_NOT_MINE);
}

/* ---- DCOM -------------------------------------------------------------------------------- */

/* A UTF-16 text in little endian. */
#define U1(a)          a "\0"
#define U4(a, b, c, d) U1(a) U1(b) U1(c) U1(d)
/* A string binding of TCP: "10.0.2.20[49155]"; one by name, "FE1[49155]"; one of SMB. */
#define BY_ADDRESS                                                                                 \
	"\7\0" U4("1", "0", ".", "0") U4(".", "2", ".", "2") U4("0", "[", "4", "9")                \
	        U4("1", "5", "5", "]") "\0\0"
#define BY_NAME "\7\0" U4("F", "E", "1", "[") U4("4", "9", "1", "5") U1("5") U1("]") "\0\0"
#define BY_PIPE "\x0f\0" U4("F", "E", "1", "[") U4("\\", "p", "x", "]") "\0\0"
/* A bind to the object resolver, and one to something else. */
#define BIND_OXID                                                                                  \
	PDU("\x0b", "\x48\0", "\1")                                                                \
	SIZES "\1\0\0\0"                                                                           \
	      "\0\0\1\0" OXID NDR
#define BIND_UNKNOWN                                                                               \
	PDU("\x0b", "\x48\0", "\1")                                                                \
	SIZES "\1\0\0\0"                                                                           \
	      "\0\0\1\0" UNKNOWN NDR
/* 16 + 8 + 6 + 36 + 26 + 20 = 112: counts, the bindings, and the end of the array */
#define RESOLVED                                                                                   \
	PDU("\2", "\x6e\0", "\2")                                                                  \
	"\x38\0\0\0"                                                                               \
	"\0\0\0\0"                                                                                 \
	"abcdef" BY_ADDRESS BY_PIPE BY_NAME

static void check_resolved(struct feed *feed)
{
	struct note note;
	struct addr named = addr_from_ipv4(0x0a000214), server = feed->flow.addr[1];
	cr_assert(feed_has_text(feed, "dce_rpc.interface", "IOXIDResolver"));
	cr_assert_eq(feed_number(feed, "dce_rpc.ports"), 49155);
	cr_assert(detect_next_note(feed->detect, &note));
	cr_assert_eq(note.kind, NOTE_RPC);
	cr_assert(addr_equal(&note.addr, &named));
	cr_assert_eq(note.port, 49155);
	cr_assert(detect_next_note(feed->detect, &note), "a name is the server itself");
	cr_assert(addr_equal(&note.addr, &server));
	cr_assert_eq(note.port, 49155);
	cr_assert_not(detect_next_note(feed->detect, &note));
}

Test(detect_dce_rpc, bindings_of_objects_cut_everywhere)
{
	cr_assert_eq(sizeof(BIND_OXID) - 1, 0x48);
	cr_assert_eq(sizeof(RESOLVED) - 1, 0x6e);
	static const struct turn turns[] = { TURN(0, BIND_OXID), TURN(1, BIND_ACK), TURN(0, ASK),
		                             TURN(1, RESOLVED) };
	sweep_cuts(turns, ARRAY_SIZE(turns), check_resolved);
}

static unsigned notes_of_answer(const struct turn *bind, const struct turn *answer)
{
	struct feed feed;
	struct note note;
	const struct turn turns[] = { *bind, TURN(1, BIND_ACK), TURN(0, ASK), *answer };
	feed_open_tcp(&feed);
	feed_turns(&feed, turns, 4, SIZE_MAX, 0);
	feed_finish(&feed);
	unsigned n = take_notes(&feed, &note);
	feed_close(&feed);
	return n;
}

Test(detect_dce_rpc, what_binds_nothing)
{
	static const struct turn oxid = TURN(0, BIND_OXID), other = TURN(0, BIND_UNKNOWN);
	static const struct turn resolved = TURN(1, RESOLVED);
	/* No port; a port too large; no end; a text that never ends. */
	static const struct turn bad[] = {
		TURN(1, PDU("\2", "\x24\0", "\2") "\0\0\0\0\0\0\0\0"
		                                  "\7\0" U4("F", "E", "1", "[") "\0\0"),
		TURN(1, PDU("\2", "\x2c\0", "\2") "\0\0\0\0\0\0\0\0"
		                                  "\7\0" U4("a", "[", "7", "0")
		                                          U4("0", "0", "0", "]") "\0\0"),
		TURN(1,
		     PDU("\2", "\x28\0", "\2") "\0\0\0\0\0\0\0\0"
		                               "\7\0" U4("a", "[", "7", "0") U1("0") U1("]") "x"
		                                                                             "x"),
		TURN(1, PDU("\2", "\x24\0", "\2") "\0\0\0\0\0\0\0\0"
		                                  "\7\0" U4("a", "[", "7", "]") "\1\1"),
		TURN(1, PDU("\2", "\x22\0", "\2") "\0\0\0\0\0\0\0\0"
		                                  "\7\0" U1("[") U1("7") U1("]") "\0\0"),
	};
	cr_assert_eq(notes_of_answer(&oxid, &resolved), 2);
	cr_assert_eq(notes_of_answer(&other, &resolved), 0, "another interface's answer");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_assert_eq(notes_of_answer(&oxid, &bad[i]), 0, "%zu", i);
}
