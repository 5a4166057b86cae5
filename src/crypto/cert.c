/*
 * One X.509 certificate (RFC 5280), read by OpenSSL: who it names, who signed it, how long it
 * holds. Nothing is verified: a capture shows no trust anchors, and an auditor wants to see the
 * certificate that was sent, good or bad.
 */
#include "pcaudit/crypto.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "pcaudit/base/addr.h"
#include "pcaudit/base/util.h"

static void x509_freep(X509 **x509)
{
	X509_free(*x509);
}

/* Cut at a character's border, so that what is left is still UTF-8. */
static void copy_text(char out[CERT_NAME_SIZE], struct bytes text)
{
	size_t len = text.len;
	if (len > CERT_NAME_SIZE - 1) {
		len = CERT_NAME_SIZE - 1;
		while (len > 0 && (text.data[len] & 0xc0) == 0x80)
			len--;
	}
	/* A NUL inside a name is an old trick to make it read shorter than it is. */
	for (size_t i = 0; i < len; i++)
		out[i] = text.data[i] ? (char)text.data[i] : '?';
	out[len] = '\0';
}

static void copy_string(char out[CERT_NAME_SIZE], const ASN1_STRING *string)
{
	unsigned char *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, string);
	if (len < 0)
		return;
	copy_text(out, BYTES(utf8, (size_t)len));
	OPENSSL_free(utf8);
}

static void copy_name(char out[CERT_NAME_SIZE], X509_NAME *name)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	if (at >= 0) {
		copy_string(out, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
		if (out[0])
			return;
	}
	BIO *bio = BIO_new(BIO_s_mem());
	if (!bio)
		return;
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
		char *text = NULL;
		long len = BIO_get_mem_data(bio, &text);
		copy_text(out, BYTES((const uint8_t *)text, len > 0 ? (size_t)len : 0));
	}
	BIO_free(bio);
}

static int64_t to_seconds(const ASN1_TIME *time)
{
	struct tm tm = { 0 };
	if (!time || !ASN1_TIME_to_tm(time, &tm))
		return 0;
	return timegm(&tm);
}

static void add_name(struct cert_info *out, const GENERAL_NAME *name, int type)
{
	if (name->type != type || out->n_names >= CERT_MAX_NAMES)
		return;
	char *text = out->names[out->n_names];
	if (type == GEN_DNS) {
		copy_string(text, name->d.dNSName);
	} else {
		const ASN1_OCTET_STRING *ip = name->d.iPAddress;
		struct bytes wire =
		        BYTES(ASN1_STRING_get0_data(ip), (size_t)ASN1_STRING_length(ip));
		struct addr addr = addr_from_wire(wire);
		char buffer[ADDR_TEXT_SIZE];
		if (wire.len == 4 || wire.len == 16)
			copy_text(text, bytes_from_text(addr_format(&addr, buffer)));
	}
	if (text[0])
		out->n_names++;
}

static void add_names(struct cert_info *out, X509 *x509)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	if (!names)
		return;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		add_name(out, sk_GENERAL_NAME_value(names, i), GEN_DNS);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		add_name(out, sk_GENERAL_NAME_value(names, i), GEN_IPADD);
	GENERAL_NAMES_free(names);
}

bool cert_parse(struct cert_info *out, struct bytes der)
{
	*out = (struct cert_info){ 0 };
	const unsigned char *at = der.data;
	_cleanup_(x509_freep) X509 *x509 =
	        der.len <= INT32_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
	if (!x509) {
		ERR_clear_error();
		return false;
	}
	sha256(der, out->sha256);
	copy_name(out->subject, X509_get_subject_name(x509));
	copy_name(out->issuer, X509_get_issuer_name(x509));
	add_names(out, x509);
	out->not_before = to_seconds(X509_get0_notBefore(x509));
	out->not_after = to_seconds(X509_get0_notAfter(x509));
	out->is_self_signed =
	        X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
	EVP_PKEY *key = X509_get0_pubkey(x509);
	out->key_bits = key ? (unsigned)MAX(EVP_PKEY_get_bits(key), 0) : 0;
	ERR_clear_error();
	return true;
}
