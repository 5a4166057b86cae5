/* What `audit` and `explain` share: options of a run, its parts, from captures to a report. */
#ifndef PCAUDIT_APP_RUN_H
#define PCAUDIT_APP_RUN_H

#include "app/app.h"
#include "app/pipeline.h"

#define RUN_MAX_PACKS 32
#define RUN_MAX_KEY_FILES 64

struct run_options {
	const char *site_file;
	const char *packs[RUN_MAX_PACKS];
	size_t n_packs;
	const char *key_logs[RUN_MAX_KEY_FILES], *rsa_keys[RUN_MAX_KEY_FILES];
	size_t n_key_logs, n_rsa_keys;
	char vantage[256]; /* names joined by "+"; empty: none */
	const char *filter;
	int64_t since_ns, until_ns;
	bool is_hashing, separate_vlans, identities;
	size_t max_memory_bytes;
	struct ledger_options ledger;
	char **inputs; /* files, folders already opened up */
	size_t n_inputs;
};

void run_options_init(struct run_options *options);
void run_options_deinit(struct run_options *options);
/* NAME, or NAME=FILE for a capture taken there. 0 or an exit code after saying what is wrong. */
int run_add_vantage(struct run_options *options, const char *command, const char *text);
/* A file of secrets to look inside TLS with. 0 or an exit code after saying what is wrong. */
int run_add_key_log(struct run_options *options, const char *command, const char *path);
int run_add_rsa_key(struct run_options *options, const char *command, const char *path);
/* A capture, a folder of them, or "-". 0 or an exit code after saying what is wrong. */
int run_add_input(struct run_options *options, const char *command, const char *path);

struct run {
	struct app_table table;
	struct pipeline pipeline;
	struct keys *keys; /* NULL: none were given */
	uint8_t (*input_sha256)[32];
	const struct input_info **inputs;
};

/* Loads, opens and makes everything. 0, or an exit code with err filled. run_deinit() in any case. */
int run_new(struct run *run, const struct run_options *options, struct err *err);
/* Reads the captures to the end. The report is borrowed until run_deinit(). */
int run_to_report(struct run *run, const struct report **out, struct err *err);
void run_deinit(struct run *run);

/* Option values; each says what is wrong and returns APP_USAGE. */
int run_parse_time(const char *command, const char *option, const char *text, int64_t *out);
int run_parse_number(const char *command, const char *option, const char *text, unsigned min, unsigned max, unsigned *out);
int run_parse_size(const char *command, const char *option, const char *text, size_t *out);
void run_print_options(FILE *out, const struct app_option *options, size_t n);

#endif
