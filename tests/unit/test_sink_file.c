#include <criterion/criterion.h>
#include <errno.h>
#include <sys/resource.h>
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
	cr_assert_eq(sink_file_new(NULL, &file, path, &err), 0, "%s", err.text);
	fputs("{}\n", sink_file_get_stream(file));
	cr_assert_neq(access(path, F_OK), 0, "nothing is there before it is finished");
	cr_assert_eq(sink_file_finish(file, &err), 0);
	cr_assert_eq(sink_read_file(NULL, &text, path, 100, &err), 0);
	cr_assert(bytes_equal(text, BYTES_LITERAL("{}\n")));
	free((void *)text.data);

	cr_assert_eq(sink_file_new(NULL, &file, path, &err), 0);
	fputs("half", sink_file_get_stream(file));
	sink_file_free(file);
	cr_assert_eq(sink_read_file(NULL, &text, path, 100, &err), 0);
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

	cr_assert_eq(sink_file_new(NULL, &file, "/dev/full", &err), 0);
	fputs("x", sink_file_get_stream(file));
	cr_assert_eq(sink_file_finish(file, &err), -ENOSPC);
	cr_assert(strstr(err.text, "No space left"), "%s", err.text);
}

Test(sink_file, cannot_open)
{
	struct sink_file *file = NULL;
	struct bytes text;
	struct err err = { "" };

	cr_assert_eq(sink_file_new(NULL, &file, "/nonexistent/report", &err), -ENOENT);
	cr_assert_str_eq(err.text, "/nonexistent/report: No such file or directory");
	cr_assert_eq(sink_read_file(NULL, &text, "/nonexistent", 10, &err), -ENOENT);
	cr_assert_eq(sink_open_input(NULL, "/nonexistent", &err), -ENOENT);
}

Test(sink_file, too_large)
{
	struct bytes text;
	struct err err = { "" };

	cr_assert_eq(sink_read_file(NULL, &text, "/dev/zero", 100000, &err), -EFBIG);
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
	/* Whatever it is: who asked says what becomes of it. */
	cr_assert_eq(n, 3);
	cr_assert(strstr(paths[0], "/a.pcap") && strstr(paths[1], "/b.pcap"));
	cr_assert(strstr(paths[2], "/sub"));
	sink_free_paths(paths, n);
	cr_assert_lt(sink_list_folder(&paths, &n, "/nonexistent", &err), 0);
}

Test(sink_file, identity)
{
	char folder[64], path[128], other[128], beside[128];
	struct sink_identity none = sink_identify("/nonexistent"), a, b;

	make_folder(folder);
	in(path, folder, "a");
	in(other, folder, "link");
	in(beside, folder, "b");
	fclose(fopen(path, "w"));
	fclose(fopen(beside, "w"));
	cr_assert_eq(symlink(path, other), 0);
	a = sink_identify(path);
	b = sink_identify(other);
	cr_expect(sink_is_same_file(&a, &b));
	cr_expect(a.is_regular);
	b = sink_identify(beside);
	cr_expect_not(sink_is_same_file(&a, &b));
	cr_expect_not(sink_is_same_file(&a, &none));
	cr_expect_not(sink_is_same_file(&none, &none), "what is not there is not one file");
	cr_expect_not(sink_identify(folder).is_regular);
	cr_expect_not(sink_identify("/dev/null").is_regular);
}

/* Files that are there, by any name; files that are not there yet, by folder and name. */
Test(sink_file, same_output)
{
	char folder[64], path[128], other[128], absent[128], same_absent[160];

	make_folder(folder);
	in(path, folder, "a");
	in(other, folder, "link");
	in(absent, folder, "new");
	fclose(fopen(path, "w"));
	cr_assert_eq(link(path, other), 0);
	snprintf(same_absent, sizeof(same_absent), "%s/./new", folder);
	cr_expect(sink_is_same_output("-", "-"));
	cr_expect_not(sink_is_same_output("-", path));
	cr_expect_not(sink_is_same_output(path, "-"));
	cr_expect(sink_is_same_output(path, other));
	cr_expect_not(sink_is_same_output(path, absent));
	cr_expect(sink_is_same_output(absent, same_absent));
	cr_expect(sink_is_same_output("new", "./new"));
	cr_expect_not(sink_is_same_output("new", "newer"));
	cr_expect(sink_is_same_output("/new-at-the-root", "//new-at-the-root"));
	cr_expect_not(sink_is_same_output("/dev/null", "/dev/null"));
	cr_expect_not(sink_is_same_output("/nonexistent/a/x", "/nonexistent/b/x"));
}

Test(sink_file, many_files_may_be_open)
{
	struct rlimit limit = { .rlim_cur = 80 };
	struct rlimit former;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &former), 0);
	limit.rlim_max = former.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	sink_allow_files(10);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_expect_eq(limit.rlim_cur, 80);
	sink_allow_files(100);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_expect_eq(limit.rlim_cur, 164);
	sink_allow_files(SIZE_MAX / 2);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_expect_eq(limit.rlim_cur, former.rlim_max);
}
