/* What `facts`, `detectors` and `formats` share: one option, one list to standard output. */
#ifndef PCAUDIT_APP_CATALOGUE_H
#define PCAUDIT_APP_CATALOGUE_H

#include "app/app.h"

/* Parses -f text|json and prints; returns the exit code. In cmd_facts.c. */
int catalogue_run(const struct command *command, int (*print)(FILE *out, bool is_json), int argc,
                  char **argv);

#endif
