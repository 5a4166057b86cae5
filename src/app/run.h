/* What `audit` and `explain` share: options of a run, its parts, from captures to a report. */
#ifndef PCAUDIT_APP_RUN_H
#define PCAUDIT_APP_RUN_H

#include "app/app.h"
#include "app/pipeline.h"
#include "pcaudit/sink.h"

#define RUN_MAX_PACKS     32
#define RUN_MAX_KEY_FILES 64

/* One capture that was named, or found in a folder. */
struct run_input {
	char *path;
	struct sink_identity identity;
	const char *folder; /* it was found in; one that cannot be opened does not end the run.
	                       NULL: named itself */
};

struct run_options {
	const char *site_file;
	const char *packs[RUN_MAX_PACKS];
	size_t n_packs;
	const char *key_logs[RUN_MAX_KEY_FILES], *rsa_keys[RUN_MAX_KEY_FILES];
	size_t n_key_logs, n_rsa_keys;
	char vantage[256]; /* names joined by "+"; empty: none */
	const char *filter;
	int64_t since_ns, until_ns;
	bool is_hashing, separate_vlans, identities, is_local_time;
	size_t max_memory_bytes;
	struct ledger_options ledger;
	bool is_unsealed;           /* --no-sandbox */
	struct sink_client *client; /* who opens, in a sealed process; NULL: the run itself */
	char sandbox[256];          /* which layers the sealed process has, and lacks; "": none */
	struct run_input *inputs;   /* files, folders already opened up */
	size_t n_inputs;
};

/* Options that every command which reads captures has, declared once: rows for its table ... */
enum run_option {
	RUN_SITE = 100,
	RUN_PACK,
	RUN_FILTER,
	RUN_LOCAL,
	RUN_IDENTITIES,
	RUN_SEPARATE,
	RUN_MEMORY,
	RUN_KEYLOG,
	RUN_RSA_KEY,
	RUN_NO_SANDBOX,
};
#define RUN_OPTION_ROWS                                                                                 \
	{ RUN_SITE, 's', "site", "SITE", false, "the site file: which address plays which role" },      \
	        { RUN_PACK,                                                                             \
		  'p',                                                                                  \
		  "pack",                                                                               \
		  "PACK",                                                                               \
		  false,                                                                                \
		  "a pack's name or file; repeatable (default: the site's, else "                       \
		  "lync-server-2013)" },                                                                \
	        { RUN_FILTER, 'F',   "filter",                                                          \
		  "BPF",      false, "only packets this libpcap filter lets through" },                 \
	        { RUN_LOCAL, 0, "local-time", NULL, false, "local time in text" },                      \
	        { RUN_IDENTITIES, 0,     "identities",                                                  \
		  NULL,           false, "facts may hold the user part of addresses" },                 \
	        { RUN_SEPARATE, 0,     "separate-vlans",                                                \
		  NULL,         false, "the same 5-tuple in two VLANs is two flows" },                  \
	        { RUN_MEMORY, 0,     "max-memory",                                                      \
		  "SIZE",     false, "cap for flows and first bytes, as 512M or 2G" },                  \
	        { RUN_KEYLOG, 0,     "keylog",                                                          \
		  "FILE",     false, "a key log (SSLKEYLOGFILE) to look inside TLS with; repeatable" }, \
	        { RUN_RSA_KEY,                                                                          \
		  0,                                                                                    \
		  "rsa-key",                                                                            \
		  "FILE",                                                                               \
		  false,                                                                                \
		  "an RSA private key in PEM, for TLS with RSA key exchange; repeatable" },             \
	{                                                                                               \
		RUN_NO_SANDBOX, 0, "no-sandbox", NULL, false,                                           \
		        "read captures in the process that opens them (for debuggers)"                  \
	}
/* ... and what they do. 0, or an exit code after saying what is wrong. */
int run_take_option(struct run_options *options, const char *command, int id, const char *value);

void run_options_init(struct run_options *options);
void run_options_deinit(struct run_options *options);
/* NAME, or NAME=FILE for a capture taken there. 0 or an exit code after saying what is wrong. */
int run_add_vantage(struct run_options *options, const char *command, const char *text);
/* A file of secrets to look inside TLS with. 0 or an exit code after saying what is wrong. */
int run_add_key_log(struct run_options *options, const char *command, const char *path);
int run_add_rsa_key(struct run_options *options, const char *command, const char *path);
/* A capture, a folder of them, or "-". 0 or an exit code after saying what is wrong. */
int run_add_input(struct run_options *options, const char *command, const char *path);

/*
 * Leaves out what was found in folders and is no capture, and says so; to be called where captures
 * may be read. 0 or an exit code after saying what is wrong.
 */
int run_drop_strangers(struct run_options *options, const char *command);

struct run {
	struct app_table table;
	struct pipeline pipeline;
	struct keys *keys; /* NULL: none were given */
	uint8_t (*input_sha256)[32];
	const struct input_info **inputs;
};

/*
 * Loads, opens and makes everything, and reads the captures to the end. 0, or an exit code after
 * saying what is wrong. The report is borrowed until run_deinit(), which is due in any case.
 */
int run_to_report(struct run *run, const struct run_options *options, const char *command,
                  const struct report **out);
void run_deinit(struct run *run);

/*
 * Calls run(context) where nothing can be opened but what options name, and outputs (paths) be
 * written; see app/seal.h. An exit code.
 */
typedef int (*run_fn)(void *context);
int run_sealed(struct run_options *options, const char *command, const char *const *outputs,
               size_t n_outputs, run_fn run, void *context);

/* Option values; each says what is wrong and returns APP_USAGE. */
int run_parse_time(const char *command, const char *option, const char *text, int64_t *out);
int run_parse_number(const char *command, const char *option, const char *text, unsigned min,
                     unsigned max, unsigned *out);
int run_parse_size(const char *command, const char *option, const char *text, size_t *out);
void run_print_options(FILE *out, const struct app_option *options, size_t n);

#endif
