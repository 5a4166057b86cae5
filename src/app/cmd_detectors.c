/*
 * pcaudit detectors: what recognises protocols, in the order in which it is asked.
 */
#include "app/catalogue.h"
#include "pcaudit/report.h"

const struct command command_detectors;

static int cmd_detectors(int argc, char **argv)
{
	return catalogue_run(&command_detectors, report_detectors, argc, argv);
}

const struct command command_detectors = {
	.name = "detectors",
	.help = "list the detectors in the order in which they are asked",
	.usage = "[-f text|json]",
	.run = cmd_detectors,
};
