#include "app/run.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "app/sandbox.h"
#include "pcaudit/crypto.h"
#include "pcaudit/sink.h"

#define DEFAULT_MAX_MEMORY (UINT64_C(2) << 30)
#define MAX_KEY_FILE       ((size_t)256 << 20)

void run_options_init(struct run_options *options)
{
	*options = (struct run_options){ .since_ns = INT64_MIN,
		                         .until_ns = INT64_MAX,
		                         .max_memory_bytes = DEFAULT_MAX_MEMORY };
	options->ledger.fail_on = SEVERITY_WARNING;
}

void run_options_deinit(struct run_options *options)
{
	for (size_t i = 0; i < options->n_inputs; i++)
		free(options->inputs[i].path);
	free(options->inputs);
	options->inputs = NULL;
	options->n_inputs = 0;
}

/* Left out, but not in silence. */
static void say_left_out(const char *command, const char *path, const char *why, const char *other)
{
	fprintf(stderr, "pcaudit %s: %s: left out, %s%s\n", command, path, why, other);
}

/* The input that reads the same file, or NULL. */
static const struct run_input *find_same(const struct run_options *options,
                                         const struct sink_identity *identity)
{
	for (size_t i = 0; i < options->n_inputs; i++)
		if (sink_is_same_file(&options->inputs[i].identity, identity))
			return &options->inputs[i];
	return NULL;
}

/*
 * 0 or an exit code after saying what is wrong. A file that has been named before, by this name or
 * another, is left out: its packets would count twice. What is no file can be read only once.
 */
static int append_input(struct run_options *options, const char *command, const char *path,
                        const char *folder)
{
	struct run_input input = { .identity = sink_identify(path), .folder = folder };
	const struct run_input *same = find_same(options, &input.identity);

	if (same && (!input.identity.is_regular ||
	             (strcmp(path, "-") == 0 && strcmp(same->path, "-") == 0)))
		return app_fail(APP_USAGE, command, "%s can be read only once",
		                strcmp(path, "-") == 0 ? "standard input" : path);
	if (same) {
		say_left_out(command, path, "the same file as ", same->path);
		return 0;
	}
	struct run_input *grown =
	        realloc(options->inputs, (options->n_inputs + 1) * sizeof(*grown));
	if (grown)
		options->inputs = grown;
	input.path = strdup(path);
	if (!grown || !input.path) {
		free(input.path);
		return app_fail(APP_CANNOT, command, "%s", strerror(ENOMEM));
	}
	grown[options->n_inputs++] = input;
	return 0;
}

/*
 * What lies in a folder and can be read. Whether it is a capture is seen when it is read, which may
 * be in another process. 0, -1 if there is nothing, or an exit code.
 */
static int add_files(struct run_options *options, const char *command, const char *folder,
                     char *const *files, size_t n)
{
	int r = -1;

	for (size_t i = 0; i < n && r <= 0; i++) {
		if (sink_is_folder(files[i]))
			say_left_out(command, files[i], "a folder: name it to have it read", "");
		else if (!sink_identify(files[i]).is_regular)
			say_left_out(command, files[i], "not a file", "");
		else
			r = append_input(options, command, files[i], folder);
	}
	return r;
}

static int no_capture_in(const char *command, const char *folder)
{
	return app_fail(APP_CANNOT, command, "%s: the folder holds no capture", folder);
}

int run_add_input(struct run_options *options, const char *command, const char *path)
{
	char **files = NULL;
	struct err err = { "" };
	size_t n = 0;

	if (strcmp(path, "-") == 0 || !sink_is_folder(path))
		return append_input(options, command, path, NULL);
	if (sink_list_folder(&files, &n, path, &err) < 0)
		return app_fail(APP_CANNOT, command, "%s", err.text);
	int r = add_files(options, command, path, files, n);
	sink_free_paths(files, n);
	return r < 0 ? no_capture_in(command, path) : r;
}

/* 1, 0, or an exit code > 1 after saying what is wrong. */
static int is_capture(const struct run_options *options, const char *command, const char *path)
{
	struct err err = { "" };
	int fd = sink_open_input(options->client, path, &err);

	if (fd < 0)
		return app_fail(APP_CANNOT, command, "%s", err.text);
	int r = source_probe(fd);
	return r < 0 ? app_fail(APP_CANNOT, command, "%s: %s", path, strerror(-r)) : r;
}

int run_drop_strangers(struct run_options *options, const char *command)
{
	size_t n_kept = 0;
	int r = 0;

	for (size_t i = 0; i < options->n_inputs; i++) {
		struct run_input *input = &options->inputs[i];
		int is_kept =
		        input->folder && r == 0 ? is_capture(options, command, input->path) : 1;
		if (is_kept > 1)
			r = is_kept;
		if (is_kept) {
			options->inputs[n_kept++] = *input;
			continue;
		}
		say_left_out(command, input->path, "not a capture", "");
		free(input->path);
		const char *folder = input->folder;
		bool is_last = i + 1 == options->n_inputs || input[1].folder != folder;
		bool has_kept = n_kept && options->inputs[n_kept - 1].folder == folder;
		if (is_last && !has_kept)
			r = no_capture_in(command, folder);
	}
	options->n_inputs = n_kept;
	return r;
}

int run_add_vantage(struct run_options *options, const char *command, const char *text)
{
	size_t len = strcspn(text, "="), at = strlen(options->vantage);

	if (len == 0 || memchr(text, '+', len))
		return app_fail(APP_USAGE, command, "--vantage %s: NAME or NAME=FILE is expected",
		                text);
	if (at + len + 2 > sizeof(options->vantage))
		return app_fail(APP_USAGE, command, "--vantage %s: too many vantages", text);
	snprintf(options->vantage + at, sizeof(options->vantage) - at, "%s%.*s", at ? "+" : "",
	         (int)len, text);
	return text[len] ? run_add_input(options, command, text + len + 1) : 0;
}

static int add_key_file(const char **files, size_t *n, const char *command, const char *option,
                        const char *path)
{
	if (*n == RUN_MAX_KEY_FILES)
		return app_fail(APP_USAGE, command, "more than %d %s", RUN_MAX_KEY_FILES, option);
	files[(*n)++] = path;
	return 0;
}

int run_add_key_log(struct run_options *options, const char *command, const char *path)
{
	return add_key_file(options->key_logs, &options->n_key_logs, command, "--keylog", path);
}

int run_add_rsa_key(struct run_options *options, const char *command, const char *path)
{
	return add_key_file(options->rsa_keys, &options->n_rsa_keys, command, "--rsa-key", path);
}

int run_take_option(struct run_options *options, const char *command, int id, const char *value)
{
	switch ((enum run_option)id) {
	case RUN_SITE:
		options->site_file = value;
		break;
	case RUN_PACK:
		if (options->n_packs == RUN_MAX_PACKS)
			return app_fail(APP_USAGE, command, "more than %d packs", RUN_MAX_PACKS);
		options->packs[options->n_packs++] = value;
		break;
	case RUN_FILTER:
		options->filter = value;
		break;
	case RUN_LOCAL:
		options->is_local_time = true;
		break;
	case RUN_IDENTITIES:
		options->identities = true;
		break;
	case RUN_SEPARATE:
		options->separate_vlans = true;
		break;
	case RUN_MEMORY:
		return run_parse_size(command, "--max-memory", value, &options->max_memory_bytes);
	case RUN_KEYLOG:
		return run_add_key_log(options, command, value);
	case RUN_RSA_KEY:
		return run_add_rsa_key(options, command, value);
	case RUN_NO_SANDBOX:
		options->is_unsealed = true;
		break;
	}
	return 0;
}

/* ---- Option values -------------------------------------------------------------------------- */

int run_parse_number(const char *command, const char *option, const char *text, unsigned min,
                     unsigned max, unsigned *out)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || value < min || value > max)
		return app_fail(APP_USAGE, command, "%s %s: a number from %u to %u is expected",
		                option, text, min, max);
	*out = (unsigned)value;
	return 0;
}

int run_parse_size(const char *command, const char *option, const char *text, size_t *out)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
	if (errno || text[0] < '0' || text[0] > '9' || (*end && (!shift || end[1])) || value == 0 ||
	    value > (SIZE_MAX >> shift))
		return app_fail(APP_USAGE, command, "%s %s: a size as 256M or 2G is expected",
		                option, text);
	*out = (size_t)value << shift;
	return 0;
}

/* The fraction after the seconds, to nanoseconds; *text is moved past it. */
static int64_t parse_fraction(const char **text)
{
	int64_t ns = 0, unit = NS_PER_SECOND / 10;

	if (**text != '.')
		return 0;
	for ((*text)++; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
		ns += (**text - '0') * unit;
	return ns;
}

int run_parse_time(const char *command, const char *option, const char *text, int64_t *out)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t seconds, fraction;

	if (end) {
		seconds = timegm(&tm);
	} else {
		char *number_end;
		errno = 0;
		seconds = strtoll(text, &number_end, 10);
		end = errno || number_end == text || text[0] < '0' || text[0] > '9' ? NULL
		                                                                    : number_end;
	}
	if (end) {
		fraction = parse_fraction(&end);
		if (*end == 'Z')
			end++;
	}
	const int64_t most =
	        INT64_MAX / NS_PER_SECOND - 1; /* before 1678 and after 2262 do not fit */
	if (!end || *end || seconds > most || seconds < -most)
		return app_fail(APP_USAGE, command,
		                "%s %s: a UTC time as 2026-03-01T10:00:00Z or seconds since 1970 "
		                "is expected",
		                option, text);
	*out = seconds * NS_PER_SECOND + fraction;
	return 0;
}

void run_print_options(FILE *out, const struct app_option *options, size_t n)
{
	fputc('\n', out);
	for (size_t i = 0; i < n; i++) {
		char text[64], letter[8] = "    ";
		if (options[i].letter)
			snprintf(letter, sizeof(letter), "-%c, ", options[i].letter);
		const char *form = !options[i].value              ? "%s--%s"
		                   : options[i].is_value_optional ? "%s--%s[=%s]"
		                                                  : "%s--%s %s";
		snprintf(text, sizeof(text), form, letter, options[i].name, options[i].value);
		fprintf(out, "  %-26s %s\n", text, options[i].help);
	}
}

/* ---- Parts ---------------------------------------------------------------------------------- */

static int check_vantage(const struct run *run, const char *name, size_t len, struct err *err)
{
	const struct site *site = run->table.site;
	const char *names[64];
	char word[64];
	size_t n = 0;

	snprintf(word, sizeof(word), "%.*s", (int)MIN(len, sizeof(word) - 1), name);
	for (size_t i = 0; site && i < site->n_vantages && n < ARRAY_SIZE(names); i++) {
		if (strcmp(site->vantages[i].name, word) == 0)
			return 0;
		names[n++] = site->vantages[i].name;
	}
	const char *near = err_near_miss(word, names, n);
	err_set(err,
	        site ? "the site has no vantage \"%s\"" : "vantage \"%s\" needs a site file (-s)",
	        word);
	if (near)
		err_add(err, " (did you mean \"%s\"?)", near);
	return APP_USAGE;
}

static int check_vantages(const struct run *run, const char *names, struct err *err)
{
	int r = 0;

	for (size_t len; *names && r == 0; names += len + (names[len] == '+')) {
		len = strcspn(names, "+");
		r = check_vantage(run, names, len, err);
	}
	return r;
}

static int hash_input(struct sink_client *client, const struct run_input *input, uint8_t digest[32],
                      struct err *err)
{
	const char *path = input->path;
	bool is_stdin = strcmp(path, "-") == 0;

	if (is_stdin || (input->identity.inode && !input->identity.is_regular)) {
		err_set(err, "--hash: %s can be read only once",
		        is_stdin ? "standard input" : path);
		return APP_USAGE;
	}
	_cleanup_(closep) int fd = sink_open_input(client, path, err);
	_cleanup_(freep) uint8_t *buffer = malloc(1 << 20);
	struct sha256_stream *stream = NULL;
	ssize_t n = 0;
	if (fd < 0)
		return APP_CANNOT;
	if (!buffer || sha256_stream_new(&stream) < 0)
		return APP_CANNOT;
	while ((n = read(fd, buffer, 1 << 20)) > 0)
		sha256_stream_add(stream, BYTES(buffer, (size_t)n));
	sha256_stream_finish(stream, digest);
	if (n < 0)
		err_set(err, "%s: %s", path, strerror(errno));
	return n < 0 ? APP_CANNOT : 0;
}

static int hash_inputs(struct run *run, const struct run_options *options, struct err *err)
{
	int r = 0;

	if (!options->is_hashing)
		return 0;
	run->input_sha256 = calloc(options->n_inputs, sizeof(*run->input_sha256));
	if (!run->input_sha256)
		return APP_CANNOT;
	for (size_t i = 0; i < options->n_inputs && r == 0; i++)
		r = hash_input(options->client, &options->inputs[i], run->input_sha256[i], err);
	return r;
}

static int open_inputs(struct run *run, const struct run_options *options, struct err *err)
{
	size_t n = options->n_inputs, n_open = 0;
	_cleanup_(freep) struct source_input *inputs = calloc(n, sizeof(*inputs));

	if (!inputs)
		return APP_CANNOT;
	sink_allow_files(n);
	for (; n_open < n; n_open++) {
		const struct run_input *input = &options->inputs[n_open];
		inputs[n_open] = (struct source_input){ .fd = sink_open_input(options->client,
			                                                      input->path, err),
			                                .name = input->path,
			                                .may_fail = input->folder != NULL };
		if (inputs[n_open].fd < 0)
			break;
	}
	if (n_open < n) {
		for (size_t i = 0; i < n_open; i++)
			close(inputs[i].fd);
		return APP_CANNOT;
	}
	int r = source_new(&run->pipeline.source, inputs, n, options->filter, err);
	if (r == SOURCE_E_FILTER)
		return APP_USAGE;
	return r ? APP_CANNOT : 0;
}

/* ---- Keys ----------------------------------------------------------------------------------- */

static void keys_text_freep(struct bytes *text)
{
	keys_wipe(*text);
	free((void *)text->data);
}

/* Malformed lines do not end a run: a log that is still being written ends in half a line. */
static int load_key_log(struct sink_client *client, struct keys *keys, const char *path,
                        struct err *err)
{
	_cleanup_(keys_text_freep) struct bytes text = { 0 };
	struct keylog_result result;

	if (sink_read_file(client, &text, path, MAX_KEY_FILE, err) < 0)
		return APP_CANNOT;
	if (keys_add_keylog(keys, text, &result) < 0)
		return APP_CANNOT;
	for (size_t i = 0; i < MIN(result.n_malformed, (size_t)KEYLOG_MAX_NAMED); i++)
		fprintf(stderr, "pcaudit: %s:%zu: %s; the line is left out\n", path,
		        result.malformed[i].line, result.malformed[i].why);
	if (result.n_malformed > KEYLOG_MAX_NAMED)
		fprintf(stderr, "pcaudit: %s: %zu malformed lines in all are left out\n", path,
		        result.n_malformed);
	if (result.n_no_room)
		fprintf(stderr, "pcaudit: %s: too many secrets, %zu are left out\n", path,
		        result.n_no_room);
	if (result.n_secrets || result.n_no_room)
		return 0;
	err_set(err,
	        "%s: no secret of a TLS connection in it; a key log as SSLKEYLOGFILE writes it is "
	        "expected",
	        path);
	return APP_USAGE;
}

static int load_rsa_key(struct sink_client *client, struct keys *keys, const char *path,
                        struct err *err)
{
	_cleanup_(keys_text_freep) struct bytes text = { 0 };
	const char *why = NULL;

	if (sink_read_file(client, &text, path, 1 << 20, err) < 0)
		return APP_CANNOT;
	int r = keys_add_rsa(keys, text, &why);
	if (r == KEYS_E_INVALID)
		err_set(err, "%s: %s", path, why);
	return r == KEYS_E_INVALID ? APP_USAGE : r ? APP_CANNOT : 0;
}

static int load_keys(struct run *run, const struct run_options *options, struct err *err)
{
	int r = 0;

	/* A sealed process has done so already, and may not ask again. */
	if (options->n_key_logs + options->n_rsa_keys && !options->client &&
	    sandbox_forbid_dumps() < 0) {
		err_set(err, "memory dumps cannot be turned off, and keys must not end in one");
		return APP_CANNOT;
	}
	if (keys_new(&run->keys) < 0)
		return APP_CANNOT;
	for (size_t i = 0; i < options->n_key_logs && r == 0; i++)
		r = load_key_log(options->client, run->keys, options->key_logs[i], err);
	for (size_t i = 0; i < options->n_rsa_keys && r == 0; i++)
		r = load_rsa_key(options->client, run->keys, options->rsa_keys[i], err);
	return r;
}

static int make(struct run *run, const struct run_options *options, struct err *err)
{
	struct pipeline *p = &run->pipeline;

	*run = (struct run){ .pipeline = { .since_ns = options->since_ns,
		                           .until_ns = options->until_ns } };
	int r = app_table_load(options->client, &run->table, options->packs, options->n_packs,
	                       options->site_file, err);
	if (r == 0)
		r = check_vantages(run, options->vantage, err);
	if (r == 0)
		r = load_keys(run, options, err);
	if (r == 0)
		r = hash_inputs(run, options, err);
	if (r == 0)
		r = open_inputs(run, options, err);
	if (r)
		return r;
	size_t sixteenth = options->max_memory_bytes / 16;
	if (flow_tunnels_new(&p->tunnels, NULL, sixteenth) < 0)
		return APP_CANNOT;
	struct flow_table_options table = { .tunnels = p->tunnels,
		                            .max_memory_bytes = MAX(11 * sixteenth, 1u),
		                            .separate_vlans = options->separate_vlans };
	struct detect_options detect = { .first_bytes_budget = options->max_memory_bytes / 4,
		                         .identities = options->identities,
		                         .keys = run->keys };
	struct ledger_options ledger = options->ledger;
	ledger.vantage = options->vantage[0] ? options->vantage : NULL;
	p->scope = run->table.scope;
	p->keys = run->keys;
	p->classify_all = options->ledger.keep == KEEP_ALL_FLOWS;
	/* A key that no sender knows; the report does not depend on it. */
	struct hash_key digest_key;
	const struct decode_options decode = { .digest_key = &digest_key,
		                               .separate_vlans = options->separate_vlans };
	if (getrandom(&digest_key, sizeof(digest_key), 0) != sizeof(digest_key))
		return APP_CANNOT;
	if (decode_new(&p->decode, &decode) < 0 || flow_table_new(&p->table, &table) < 0 ||
	    detect_new(&p->detect, &detect) < 0 || ledger_new(&p->ledger, p->scope, &ledger) < 0)
		return APP_CANNOT;
	p->summary.is_filtered = options->filter != NULL;
	p->summary.is_windowed = options->since_ns != INT64_MIN || options->until_ns != INT64_MAX;
	return 0;
}

/* What a filter left out while capturing is as little there to be seen as by -F. */
static bool is_filtered_at_capture(const struct input_info *input)
{
	bool is_filtered = false;

	for (size_t i = 0; i < input->n_interfaces; i++)
		is_filtered |= input->interfaces[i].is_filtered;
	return is_filtered;
}

static int read_all(struct run *run, const struct report **out, struct err *err)
{
	struct pipeline *p = &run->pipeline;
	struct capture_summary *summary = &p->summary;
	int r = pipeline_run(p);

	if (r < 0) {
		err_set(err, "%s", strerror(-r));
		return APP_CANNOT;
	}
	summary->n_inputs = source_input_count(p->source);
	run->inputs = calloc(summary->n_inputs, sizeof(*run->inputs));
	if (!run->inputs)
		return APP_CANNOT;
	for (size_t i = 0; i < summary->n_inputs; i++) {
		run->inputs[i] = source_get_input(p->source, i);
		summary->is_filtered |= is_filtered_at_capture(run->inputs[i]);
		summary->is_truncated |= run->inputs[i]->is_truncated || run->inputs[i]->error;
		/* Lost before the file was written: received by its interface, by us never. */
		summary->dropped_interface += run->inputs[i]->dropped_interface;
		summary->dropped_kernel += run->inputs[i]->dropped_kernel;
	}
	summary->received += summary->dropped_interface + summary->dropped_kernel;
	summary->inputs = run->inputs;
	summary->input_sha256 = (const uint8_t(*)[32])run->input_sha256;
	return ledger_report(p->ledger, summary, out) < 0 ? APP_CANNOT : 0;
}

int run_to_report(struct run *run, const struct run_options *options, const char *command,
                  const struct report **out)
{
	struct err err = { "" };

	int r = make(run, options, &err);
	if (r == 0)
		r = read_all(run, out, &err);
	return r ? app_fail(r, command, "%s", err.text[0] ? err.text : strerror(ENOMEM)) : 0;
}

void run_deinit(struct run *run)
{
	ledger_free(run->pipeline.ledger);
	detect_free(run->pipeline.detect);
	keys_free(run->keys);
	flow_table_free(run->pipeline.table);
	flow_tunnels_free(run->pipeline.tunnels);
	decode_free(run->pipeline.decode);
	source_free(run->pipeline.source);
	free(run->input_sha256);
	free(run->inputs);
	app_table_deinit(&run->table);
}
