#include "app/main_run.h"

int main(int argc, char **argv)
{
	return main_run(argc, argv);
}
