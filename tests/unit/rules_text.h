/*
 * Loads packs and sites from literals and gives the message, "" if there was none. Shared by the
 * tests of src/rules.
 */
#ifndef TESTS_RULES_TEXT_H
#define TESTS_RULES_TEXT_H

#include <criterion/criterion.h>

#include "pcaudit/rules.h"

/* Lines 1 to 11; a rule then stands in line 12. */
#define PACK_HEAD                                                                                  \
	"pack: p\n"                                                                                \
	"version: \"1\"\n"                                                                         \
	"product: P\n"                                                                             \
	"documents: [{id: doc, title: D, address: a, empty: [{table: 1, row: 9}]}]\n"
#define PACK_ROLES                                                                                 \
	"roles:\n"                                                                                 \
	"- {id: front-end-server, kind: server, zone: inside}\n"                                   \
	"- {id: client, kind: client, zone: inside, default: true}\n"                              \
	"- {id: edge, kind: server, zone: perimeter}\n"                                            \
	"- {id: all, includes: [front-end-server, edge]}\n"
#define PACK_FEATURES                                                                              \
	"features: [{id: core, always: true}, {id: pic}, {id: lb, option: mode, value: dns}]\n"
#define PACK_START PACK_HEAD PACK_ROLES PACK_FEATURES "rules:\n"

static inline const char *pack_error(struct err *err, const char *text)
{
	_cleanup_(pack_freep) struct pack *pack = NULL;
	*err = (struct err){ 0 };
	int r = pack_load(&pack, "p.yaml", bytes_from_text(text), err);
	cr_assert(r == RULES_OK || r == RULES_E_INVALID);
	cr_assert_eq(r == RULES_OK, pack != NULL);
	cr_assert_eq(r == RULES_OK, err->text[0] == '\0');
	return err->text;
}

static inline const char *site_error(struct err *err, const char *text)
{
	_cleanup_(site_freep) struct site *site = NULL;
	*err = (struct err){ 0 };
	int r = site_load(&site, "s.yaml", bytes_from_text(text), err);
	cr_assert(r == RULES_OK || r == RULES_E_INVALID);
	cr_assert_eq(r == RULES_OK, site != NULL);
	cr_assert_eq(r == RULES_OK, err->text[0] == '\0');
	return err->text;
}

static inline struct pack *load_pack(const char *file, const char *text)
{
	struct pack *pack = NULL;
	struct err err = { 0 };
	int r = pack_load(&pack, file, bytes_from_text(text), &err);
	cr_assert_eq(r, RULES_OK, "%s", err.text);
	return pack;
}

static inline struct site *load_site(const char *text)
{
	struct site *site = NULL;
	struct err err = { 0 };
	int r = site_load(&site, "s.yaml", bytes_from_text(text), &err);
	cr_assert_eq(r, RULES_OK, "%s", err.text);
	return site;
}

struct text_case {
	const char *text;
	const char *message; /* "": loads */
};

#endif
