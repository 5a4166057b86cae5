/*
 * pcaudit formats: what a report can be written as.
 */
#include "app/catalogue.h"
#include "pcaudit/report.h"

const struct command command_formats;

static int cmd_formats(int argc, char **argv)
{
	return catalogue_run(&command_formats, report_formats_list, argc, argv);
}

const struct command command_formats = {
	.name = "formats",
	.help = "list the report's formats",
	.usage = "[-f text|json]",
	.run = cmd_formats,
};
