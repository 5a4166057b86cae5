/*
 * A run in two processes: what the arguments name is what the broker may open, and nothing else.
 */
#include <string.h>

#include "app/run.h"
#include "app/seal.h"

struct inside {
	struct run_options *options;
	const char *command;
	run_fn run;
	void *context;
};

/* "no-new-privs, seccomp; without landlock (the kernel has no Landlock)" */
static void describe(const struct sandbox *sandbox, char *buffer, size_t size)
{
	size_t at = 0;

	buffer[0] = '\0';
	for (unsigned i = 0; i < N_SANDBOX_LAYERS; i++)
		if (sandbox->has[i] && at < size)
			at += (size_t)snprintf(buffer + at, size - at, "%s%s", at ? ", " : "",
			                       sandbox_layer_word((enum sandbox_layer)i));
	for (unsigned i = 0; i < N_SANDBOX_LAYERS; i++)
		if (!sandbox->has[i] && at < size)
			at += (size_t)snprintf(
			        buffer + at, size - at, "%swithout %s (%s)", at ? "; " : "",
			        sandbox_layer_word((enum sandbox_layer)i), sandbox->why_not[i]);
}

static int go_on(const struct inside *inside)
{
	int r = run_drop_strangers(inside->options, inside->command);

	return r ? r : inside->run(inside->context);
}

static int run_inside(void *context, struct sink_client *client, const struct sandbox *sandbox)
{
	struct inside *inside = context;

	inside->options->client = client;
	describe(sandbox, inside->options->sandbox, sizeof(inside->options->sandbox));
	return go_on(inside);
}

static int allow_files(struct broker *broker, const char *const *paths, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = broker_allow_file(broker, paths[i]);
	return r;
}

static int allow_all(struct broker *broker, const struct run_options *options,
                     const char *const *outputs, size_t n_outputs)
{
	const char *folders[APP_PACK_FOLDERS];
	size_t n_folders = app_pack_folders(folders);
	int r = 0;

	for (size_t i = 0; i < options->n_inputs && r == 0; i++)
		r = broker_allow_file(broker, options->inputs[i].path);
	if (r == 0)
		r = allow_files(broker, options->packs, options->n_packs);
	if (r == 0)
		r = allow_files(broker, options->key_logs, options->n_key_logs);
	if (r == 0)
		r = allow_files(broker, options->rsa_keys, options->n_rsa_keys);
	if (r == 0 && options->site_file)
		r = broker_allow_file(broker, options->site_file);
	for (size_t i = 0; i < n_folders && r == 0; i++)
		r = broker_allow_folder(broker, folders[i]);
	for (size_t i = 0; i < n_outputs && r == 0; i++)
		r = broker_allow_output(broker, outputs[i]);
	return r;
}

int run_sealed(struct run_options *options, const char *command, const char *const *outputs,
               size_t n_outputs, run_fn run, void *context)
{
	struct inside inside = {
		.options = options, .command = command, .run = run, .context = context
	};
	struct seal seal;

	if (options->is_unsealed)
		return go_on(&inside);
	int r = seal_init(&seal);
	if (r == 0)
		r = allow_all(seal.broker, options, outputs, n_outputs);
	r = r < 0 ? app_fail(APP_CANNOT, command, "%s", strerror(-r))
	          : seal_run(&seal, command, run_inside, &inside);
	seal_deinit(&seal);
	return r;
}
