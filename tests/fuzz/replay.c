/*
 * Runs a fuzz target over the files of the folders named, so that seeds and found crashes are
 * tests with any compiler. A folder that does not exist is skipped; no file at all is a failure.
 */
#include <dirent.h>
#include <string.h>

#include "pcaudit/base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	_cleanup_(fclosep) FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return 1;
	}
	_cleanup_(freep) uint8_t *data = malloc(1 << 20);
	if (!data)
		return 1;
	size_t len = fread(data, 1, 1 << 20, file);
	/* Exactly len bytes on the heap, so that a sanitizer sees a read past the end. */
	_cleanup_(freep) uint8_t *exact = malloc(len ? len : 1);
	if (!exact)
		return 1;
	memcpy(exact, data, len);
	return LLVMFuzzerTestOneInput(exact, len);
}

static int replay_folder(const char *folder, int *n_files)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return 0;
	int failed = 0;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		if (entry->d_name[0] == '.')
			continue;
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		failed |= replay_file(path);
		(*n_files)++;
	}
	closedir(dir);
	return failed;
}

int main(int argc, char **argv)
{
	int n_files = 0, failed = 0;
	for (int i = 1; i < argc; i++)
		failed |= replay_folder(argv[i], &n_files);
	printf("%d inputs replayed\n", n_files);
	return failed || n_files == 0;
}
