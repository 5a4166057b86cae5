/*
 * Any bytes as a site file, joined with a small pack when they load: no crash, no leak, and an
 * error always has its text.
 */
#include "pcaudit/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char pack_text[] =
        "pack: p\nversion: '1'\nproduct: P\n"
        "documents: [{id: d, title: D, address: a}]\n"
        "roles:\n"
        "- {id: fe, kind: server, zone: inside}\n"
        "- {id: client, kind: client, zone: inside, default: true}\n"
        "- {id: all, includes: [fe, client]}\n"
        "features: [{id: f}, {id: lb-dns, option: lb-mode, value: dns}]\n"
        "rules:\n"
        "- {id: sip-client, facet-of: sip, title: T, from: [client], to: [fe], transport: tcp,\n"
        "   ports: 5061, protocol: sip, security: tls, need: conditional, feature: f,\n"
        "   cites: [{document: d, table: 1, row: 1}]}\n"
        "- {id: sip-server, facet-of: sip, title: T, from: [all], to: [fe], transport: tcp,\n"
        "   ports: 5061, protocol: sip, security: mtls, need: conditional, feature: lb-dns,\n"
        "   cites: [{document: d, table: 1, row: 2}]}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(pack_freep) struct pack *pack = NULL;
	_cleanup_(site_freep) struct site *site = NULL;
	_cleanup_(ruleset_freep) struct ruleset *ruleset = NULL;
	struct err err = { 0 };
	if (pack_load(&pack, "pack.yaml", bytes_from_text(pack_text), &err))
		abort();
	int r = site_load(&site, "fuzz.yaml", BYTES(data, size), &err);
	if (r > 0 && !err.text[0])
		abort();
	if (r)
		return 0;
	const struct pack *const one[] = { pack };
	r = ruleset_new(&ruleset, one, 1, site, &err);
	if (r > 0 && !err.text[0])
		abort();
	return 0;
}
