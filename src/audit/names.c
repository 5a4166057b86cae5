/*
 * The names in a certificate against the names the site gives its hosts (RFC 6125 section 6). A
 * capture shows no trust anchors and no reference identity; the inventory of hosts is the
 * strongest passive check there is. Only single addresses with a name count, a prefix's name is
 * that of a crowd, and only what reads like a DNS name can stand in a certificate.
 *
 * A host is also what its NAT alias is called, a virtual server what its members are called, and a
 * member what the virtual server is called: any name of any of them will do. The common name is
 * asked where the certificate holds no DNS name (6.4.4). A wildcard is the whole leftmost label
 * (6.4.3); other forms are compared as they stand.
 *
 * What was seen of a certificate may be cut: the detector keeps so many names and so much of each.
 * Then nothing is said.
 */
#include "priv.h"

#include <string.h>

/* Two labels or more, and not an address: the last one has a letter. */
static bool is_dns_name(struct bytes name)
{
	bool has_dot = false, ends_in_letters = false;

	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool is_digit = c >= '0' && c <= '9';
		bool is_inner_dot = c == '.' && i > 0 && i + 1 < name.len;
		if (!is_letter && !is_digit && c != '-' && c != '_' && c != '.' && c != '*')
			return false;
		has_dot |= is_inner_dot;
		ends_in_letters = is_letter || (ends_in_letters && !is_inner_dot);
	}
	return has_dot && ends_in_letters;
}

static struct bytes without_last_dot(struct bytes name)
{
	return name.len && name.data[name.len - 1] == '.' ? bytes_take(name, name.len - 1) : name;
}

bool name_is_presented(struct bytes presented, const char *host)
{
	struct bytes name = without_last_dot(bytes_from_text(host));

	presented = without_last_dot(presented);
	if (bytes_starts_with(presented, BYTES_LITERAL("*."))) {
		ptrdiff_t dot = bytes_find(name, BYTES_LITERAL("."));
		if (dot <= 0)
			return false;
		presented = bytes_skip(presented, 1);
		name = bytes_skip(name, (size_t)dot);
	}
	return presented.len && bytes_equal_nocase(presented, name);
}

/* ---- What the certificate holds ------------------------------------------------------------- */

static bool is_fact(const struct fact *fact, const char *name)
{
	return strcmp(fact->def->name, name) == 0;
}

/* Alternative names, or the common name where none of them is one of DNS. */
void certificate_read(struct certificate *out, const struct facts *facts, bool of_server)
{
	const char *names = of_server ? "tls.server_cert.names" : "tls.client_cert.names";
	const char *subject = of_server ? "tls.server_cert.subject" : "tls.client_cert.subject";
	/* Stated of every certificate, after its names. */
	const char *last = of_server ? "tls.server_cert.key_bits" : "tls.client_cert.key_bits";
	struct bytes common_name = BYTES(NULL, 0);
	bool has_dns_name = false;

	*out = (struct certificate){ 0 };
	for (const struct fact *fact = facts->list; fact; fact = fact->next) {
		bool is_name = is_fact(fact, names), is_subject = is_fact(fact, subject);
		out->is_seen |= is_fact(fact, last);
		out->is_cut |= (is_name || is_subject) && fact->text.len >= CERT_NAME_SIZE - 1;
		if (is_subject)
			common_name = fact->text;
		if (!is_name || out->n_names == CERT_MAX_NAMES)
			continue;
		has_dns_name |= is_dns_name(fact->text);
		out->names[out->n_names++] = fact->text;
	}
	out->is_cut |= out->n_names == CERT_MAX_NAMES;
	if (!has_dns_name && common_name.len && !out->is_cut)
		out->names[out->n_names++] = common_name;
}

static bool presents(const struct certificate *certificate, const char *name)
{
	for (unsigned i = 0; i < certificate->n_names; i++)
		if (name_is_presented(certificate->names[i], name))
			return true;
	return false;
}

/* ---- What the site says --------------------------------------------------------------------- */

static bool is_same_host(const struct site *site, const struct addr *a, const struct addr *b)
{
	if (addr_equal(a, b))
		return true;
	for (size_t i = 0; i < site->n_nats; i++) {
		const struct site_nat *nat = &site->nats[i];
		if ((addr_equal(&nat->public_addr, a) && addr_equal(&nat->private_addr, b)) ||
		    (addr_equal(&nat->public_addr, b) && addr_equal(&nat->private_addr, a)))
			return true;
	}
	return false;
}

static bool is_member(const struct site *site, const struct site_vip *vip, const struct addr *addr)
{
	for (size_t i = 0; i < vip->n_members; i++)
		if (is_same_host(site, &vip->members[i], addr))
			return true;
	return false;
}

/* One stands before the other: what answers at one may present the other's name. */
static bool is_before(const struct site *site, const struct addr *a, const struct addr *b)
{
	for (size_t i = 0; i < site->n_vips; i++) {
		const struct site_vip *vip = &site->vips[i];
		if ((is_same_host(site, &vip->vip, a) && is_member(site, vip, b)) ||
		    (is_same_host(site, &vip->vip, b) && is_member(site, vip, a)))
			return true;
	}
	return false;
}

static bool has_dns_name(const struct site_host *host)
{
	for (size_t i = 0; i < host->n_names; i++)
		if (is_dns_name(bytes_from_text(host->names[i])))
			return true;
	return false;
}

static bool presents_any(const struct certificate *certificate, const struct site_host *host)
{
	for (size_t i = 0; i < host->n_names; i++)
		if (presents(certificate, host->names[i]))
			return true;
	return false;
}

static bool presents_address(const struct certificate *certificate, const struct site *site,
                             const struct addr *addr)
{
	char text[ADDR_TEXT_SIZE];

	if (presents(certificate, addr_format(addr, text)))
		return true;
	for (size_t i = 0; i < site->n_nats; i++)
		if (is_same_host(site, &site->nats[i].public_addr, addr) &&
		    (presents(certificate, addr_format(&site->nats[i].public_addr, text)) ||
		     presents(certificate, addr_format(&site->nats[i].private_addr, text))))
			return true;
	return false;
}

/* A single address: the name of a prefix is that of a crowd. */
static bool is_of_one(const struct site_host *host)
{
	return host->prefix.len_bits == 128;
}

const struct site_host *names_of(const struct site *site, const struct addr *addr)
{
	for (size_t i = 0; i < site->n_hosts; i++)
		if (is_of_one(&site->hosts[i]) && has_dns_name(&site->hosts[i]) &&
		    is_same_host(site, &site->hosts[i].prefix.addr, addr))
			return &site->hosts[i];
	return NULL;
}

bool certificate_is_foreign(const struct site *site, const struct facts *facts, bool of_server,
                            const struct addr *addr)
{
	struct certificate certificate;

	if (!site || !site->n_hosts || !facts->list)
		return false;
	certificate_read(&certificate, facts, of_server);
	if (!certificate.is_seen || certificate.is_cut || !names_of(site, addr) ||
	    presents_address(&certificate, site, addr))
		return false;
	for (size_t i = 0; i < site->n_hosts; i++) {
		const struct site_host *host = &site->hosts[i];
		if (is_of_one(host) && presents_any(&certificate, host) &&
		    (is_same_host(site, &host->prefix.addr, addr) ||
		     is_before(site, &host->prefix.addr, addr)))
			return false;
	}
	return true;
}
