#include <criterion/criterion.h>
#include <errno.h>
#include <sys/stat.h>

#include "pcaudit/sink.h"

static void make_folder(char folder[64])
{
	snprintf(folder, 64, "%s/pcaudit-sink-XXXXXX", P_tmpdir);
	cr_assert_not_null(mkdtemp(folder));
}

static void in(char path[128], const char *folder, const char *name)
{
	snprintf(path, 128, "%s/%s", folder, name);
}

Test(sink_file, whole_or_not_there)
{
	char folder[64], path[128];
	struct sink_file *file;
	struct bytes text;
	struct err err = { "" };

	make_folder(folder);
	in(path, folder, "report.json");
	cr_assert_eq(sink_file_new(&file, path, &err), 0, "%s", err.text);
	fputs("{}\n", sink_file_get_stream(file));
	cr_assert_neq(access(path, F_OK), 0, "nothing is there before it is finished");
	cr_assert_eq(sink_file_finish(file, &err), 0);
	cr_assert_eq(sink_read_file(&text, path, 100, &err), 0);
	cr_assert(bytes_equal(text, BYTES_LITERAL("{}\n")));
	free((void *)text.data);

	cr_assert_eq(sink_file_new(&file, path, &err), 0);
	fputs("half", sink_file_get_stream(file));
	sink_file_free(file);
	cr_assert_eq(sink_read_file(&text, path, 100, &err), 0);
	cr_assert(bytes_equal(text, BYTES_LITERAL("{}\n")),
	          "a run given up leaves the former report");
	free((void *)text.data);
	unlink(path);
	cr_assert_eq(rmdir(folder), 0, "and nothing else");
}

Test(sink_file, full_device)
{
	struct sink_file *file;
	struct err err = { "" };

	cr_assert_eq(sink_file_new(&file, "/dev/full", &err), 0);
	fputs("x", sink_file_get_stream(file));
	cr_assert_eq(sink_file_finish(file, &err), -ENOSPC);
	cr_assert(strstr(err.text, "No space left"), "%s", err.text);
}

Test(sink_file, cannot_open)
{
	struct sink_file *file = NULL;
	struct bytes text;
	struct err err = { "" };

	cr_assert_eq(sink_file_new(&file, "/nonexistent/report", &err), -ENOENT);
	cr_assert_str_eq(err.text, "/nonexistent/report: No such file or directory");
	cr_assert_eq(sink_read_file(&text, "/nonexistent", 10, &err), -ENOENT);
	cr_assert_eq(sink_open_input("/nonexistent", &err), -ENOENT);
}

Test(sink_file, too_large)
{
	struct bytes text;
	struct err err = { "" };

	cr_assert_eq(sink_read_file(&text, "/dev/zero", 100000, &err), -EFBIG);
	cr_assert_str_eq(err.text, "/dev/zero: larger than 100000 bytes");
}

Test(sink_file, folders)
{
	char folder[64], path[128];
	static const char *const names[] = { "b.pcap", "a.pcap", ".hidden" };
	char **paths;
	size_t n;
	struct err err = { "" };

	make_folder(folder);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		in(path, folder, names[i]);
		fclose(fopen(path, "w"));
	}
	in(path, folder, "sub");
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_assert(sink_is_folder(folder));
	cr_assert(!sink_is_folder("/dev/null"));
	cr_assert_eq(sink_list_folder(&paths, &n, folder, &err), 0);
	cr_assert_eq(n, 2);
	cr_assert(strstr(paths[0], "/a.pcap") && strstr(paths[1], "/b.pcap"));
	sink_free_paths(paths, n);
	cr_assert_lt(sink_list_folder(&paths, &n, "/nonexistent", &err), 0);
}
