/*
 * Where there is no sandbox: said, layer by layer, in the report.
 */
#include "app/sandbox.h"

const char *sandbox_layer_word(enum sandbox_layer layer)
{
	static const char *const words[N_SANDBOX_LAYERS] = {
		"no-new-privs", "no-capabilities", "other-user", "landlock", "seccomp",
	};

	return words[layer];
}

int sandbox_forbid_dumps(void)
{
	return 0;
}

int sandbox_enter(struct sandbox *out, const struct sandbox_options *options)
{
	(void)options;
	*out = (struct sandbox){ { false }, { NULL } };
	for (size_t i = 0; i < N_SANDBOX_LAYERS; i++)
		out->why_not[i] = "only on Linux";
	return 0;
}
