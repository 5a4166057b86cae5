/* Facts written by hand, and the words of their enums. */
#include <criterion/criterion.h>

#include "pcaudit/base/util.h"
#include "pcaudit/detect.h"

static const struct fact_def colour = { "x.colour", FACT_TEXT, "a colour", true };
static const struct fact_def size = { "x.size", FACT_NUMBER, "a size", false };

Test(detect_facts, are_kept_in_the_order_stated)
{
	_cleanup_(facts_freep) struct facts *facts = facts_new();
	cr_assert_eq(facts->opener_side, -1);
	cr_assert_eq(facts->protocol, PROTOCOL_UNKNOWN);
	char text[] = "red";
	cr_assert_eq(facts_add(facts, &colour, 7, 0, bytes_from_text(text)), 0);
	cr_assert_eq(facts_add(facts, &size, 8, -5, BYTES(NULL, 0)), 0);
	cr_assert_eq(facts_add(facts, &colour, 9, 0, BYTES_LITERAL("a\0b")), 0);
	text[0] = 'X'; /* the fact owns a copy */
	const struct fact *fact = facts->list;
	cr_assert(bytes_equal(fact->text, BYTES_LITERAL("red")));
	cr_assert_eq(fact->packet, 7);
	cr_assert_eq(fact->next->number, -5);
	cr_assert(bytes_equal(fact->next->next->text, BYTES_LITERAL("a\0b")));
	cr_assert_null(fact->next->next->next);
	cr_assert_eq(facts_find(facts, "x.colour"), fact);
	cr_assert_eq(facts_find(facts, "x.size"), fact->next);
	cr_assert_null(facts_find(facts, "x.shape"));
}

Test(detect_facts, long_text_is_cut_at_256_bytes)
{
	_cleanup_(facts_freep) struct facts *facts = facts_new();
	char text[300];
	memset(text, 'a', sizeof(text));
	cr_assert_eq(facts_add(facts, &colour, 1, 0, BYTES((uint8_t *)text, sizeof(text))), 0);
	cr_assert_eq(facts->list->text.len, 256);
}

Test(detect_facts, every_word_is_there_and_its_own)
{
	const char *doubts[N_DOUBTS];
	for (int i = 0; i < N_DOUBTS; i++) {
		doubts[i] = doubt_word((enum doubt)i);
		cr_assert_not_null(doubts[i]);
		for (int j = 0; j < i; j++)
			cr_assert_str_neq(doubts[i], doubts[j]);
	}
	cr_assert_str_eq(doubt_word(DOUBT_CLIENT_CERTIFICATE_NOT_VISIBLE),
	                 "client-certificate-not-visible");
	cr_assert_str_eq(doubt_word(DOUBT_SESSION_RESUMED), "session-resumed");
	cr_assert_str_eq(doubt_word(DOUBT_NO_ROOM), "no-room");
	for (int i = 0; i <= CLIENT_AUTH_RESUMED; i++)
		for (int j = 0; j < i; j++)
			cr_assert_str_neq(client_auth_word((enum client_auth)i),
			                  client_auth_word((enum client_auth)j));
	cr_assert_str_eq(client_auth_word(CLIENT_AUTH_NOT_ASKED), "not-asked");
}

Test(detect_facts, the_detector_has_a_name)
{
	struct facts facts = { .detector = 0 };
	cr_assert_str_eq(detect_name(&facts), "none");
	cr_assert_str_eq(detect_name(NULL), "none");
	facts.detector = 1;
	cr_assert_str_eq(detect_name(&facts), detectors[0]->name);
	facts.detector = (uint8_t)n_detectors;
	cr_assert_str_eq(detect_name(&facts), detectors[n_detectors - 1]->name);
	facts.detector = (uint8_t)(n_detectors + 1);
	cr_assert_str_eq(detect_name(&facts), "ndpi");
}

static void check_unique(const struct fact_def *def, const char *detector)
{
	for (size_t i = 0; i < n_detectors; i++)
		for (const struct fact_def *other = detectors[i]->facts; other && other->name;
		     other++)
			cr_assert(other == def || strcmp(other->name, def->name) != 0,
			          "%s of %s is declared twice", def->name, detector);
}

/* What `pcaudit facts` prints must be whole: names with a prefix, help, each name once. */
Test(detect_facts, every_declaration_is_whole)
{
	for (size_t i = 0; i < n_detectors; i++) {
		const struct detector *detector = detectors[i];
		cr_assert(detector->name[0] && detector->help[0]);
		cr_assert(detector->on_tcp || detector->on_udp, "%s", detector->name);
		cr_assert_leq(detector->state_size, 4096, "%s", detector->name);
		for (const struct fact_def *def = detector->facts; def && def->name; def++) {
			cr_assert(def->help && def->help[0], "%s", def->name);
			cr_assert(strchr(def->name, '.'), "%s has no prefix", def->name);
			check_unique(def, detector->name);
		}
	}
	size_t n = 0;
	for (const struct fact_def *def = shared_facts; def->name; def++, n++)
		cr_assert(def->help && def->help[0]);
	cr_assert_gt(n, 5);
}

Test(detect_facts, nothing_is_freed_twice)
{
	cr_assert_null(facts_free(NULL));
}
