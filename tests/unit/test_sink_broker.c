/* Both sides in one test: the broker in a child, as it is in life, the client here. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pcaudit/sink.h"

struct scene {
	char folder[64], file[128], other[128], output[128], pack[160];
	struct sink_client *client;
	pid_t broker;
};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

static void scene_init(struct scene *s)
{
	int ends[2];

	snprintf(s->folder, sizeof(s->folder), "%s/pcaudit-broker-XXXXXX", P_tmpdir);
	cr_assert_not_null(mkdtemp(s->folder));
	snprintf(s->file, sizeof(s->file), "%s/file", s->folder);
	snprintf(s->other, sizeof(s->other), "%s/other", s->folder);
	snprintf(s->output, sizeof(s->output), "%s/output", s->folder);
	snprintf(s->pack, sizeof(s->pack), "%s/packs", s->folder);
	cr_assert_eq(mkdir(s->pack, 0700), 0);
	strcat(s->pack, "/one.yaml");
	write_file(s->file, "a file");
	write_file(s->other, "another");
	write_file(s->pack, "a pack");
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	s->broker = fork();
	cr_assert_geq(s->broker, 0);
	if (s->broker == 0) {
		struct broker *broker;
		char packs[160];
		close(ends[1]);
		snprintf(packs, sizeof(packs), "%s/packs", s->folder);
		int r = broker_new(&broker, ends[0]) || broker_allow_file(broker, s->file) ||
		        broker_allow_folder(broker, packs) ||
		        broker_allow_output(broker, s->output);
		r = r ? r : broker_run(broker, -1);
		broker_free(broker);
		_exit(r ? 1 : 0);
	}
	close(ends[0]);
	cr_assert_eq(sink_client_new(&s->client, ends[1]), 0);
}

/* The broker ends by itself when its client is gone. */
static void scene_deinit(struct scene *s)
{
	char command[128];
	int status;

	sink_client_free(s->client);
	cr_assert_eq(waitpid(s->broker, &status, 0), s->broker);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	snprintf(command, sizeof(command), "rm -r %s", s->folder);
	cr_assert_eq(system(command), 0);
}

static void expect_text(struct scene *s, const char *path, const char *expected)
{
	struct bytes text = { 0 };
	struct err err = { "" };

	cr_assert_eq(sink_read_file(s->client, &text, path, 1000, &err), 0, "%s", err.text);
	cr_expect(bytes_equal(text, bytes_from_text(expected)));
	free((void *)text.data);
}

static void expect_refused(struct scene *s, const char *path, int error)
{
	struct bytes text = { 0 };
	struct err err = { "" };

	cr_expect_eq(sink_read_file(s->client, &text, path, 1000, &err), error, "%s: %s", path,
	             err.text);
}

Test(broker, opens_what_was_allowed)
{
	struct scene s;

	scene_init(&s);
	expect_text(&s, s.file, "a file");
	expect_text(&s, s.pack, "a pack");
	expect_text(&s, s.file, "a file");
	scene_deinit(&s);
}

Test(broker, refuses_everything_else)
{
	struct scene s;
	char path[256], *big;

	scene_init(&s);
	expect_refused(&s, s.other, -EPERM);
	expect_refused(&s, s.output, -EPERM);
	expect_refused(&s, "/etc/passwd", -EPERM);
	expect_refused(&s, "", -EPERM);
	snprintf(path, sizeof(path), "%s/../file", s.pack);
	expect_refused(&s, path, -EPERM);
	snprintf(path, sizeof(path), "%s/packs/../other", s.folder);
	expect_refused(&s, path, -EPERM);
	snprintf(path, sizeof(path), "%s/packs/.hidden", s.folder);
	expect_refused(&s, path, -EPERM);
	snprintf(path, sizeof(path), "%s/packs/two.yaml", s.folder);
	expect_refused(&s, path, -ENOENT);
	expect_refused(&s, "/usr/share/zoneinfo/../../../etc/passwd", -EPERM);
	expect_refused(&s, "/usr/share/zoneinfo/", -EPERM);
	expect_refused(&s, "/usr/share/zoneinfo/No/Such/Zone", -ENOENT);
	big = calloc(1, 5000);
	memset(big, 'x', 4999);
	expect_refused(&s, big, -ENAMETOOLONG);
	free(big);
	scene_deinit(&s);
}

Test(broker, puts_an_output_in_its_place)
{
	struct scene s;
	struct sink_file *file;
	struct err err = { "" };
	struct stat status;

	scene_init(&s);
	cr_assert_eq(sink_file_new(s.client, &file, s.output, &err), 0, "%s", err.text);
	for (unsigned i = 0; i < 100000; i++) /* more than a pipe holds */
		fputs("line\n", sink_file_get_stream(file));
	cr_expect_neq(stat(s.output, &status), 0, "nothing is there before it is finished");
	cr_assert_eq(sink_file_finish(file, &err), 0, "%s", err.text);
	cr_assert_eq(stat(s.output, &status), 0);
	cr_expect_eq(status.st_size, 500000);
	/* One that is not finished leaves the former one. */
	cr_assert_eq(sink_file_new(s.client, &file, s.output, &err), 0);
	fputs("half", sink_file_get_stream(file));
	sink_file_free(file);
	scene_deinit(&s);
}

Test(broker, an_output_given_up_leaves_nothing)
{
	struct scene s;
	struct sink_file *file;
	struct err err = { "" };

	scene_init(&s);
	cr_assert_eq(sink_file_new(s.client, &file, s.output, &err), 0);
	fputs("half", sink_file_get_stream(file));
	sink_file_free(file);
	sink_client_free(s.client);
	cr_assert_eq(waitpid(s.broker, NULL, 0), s.broker);
	cr_expect_neq(access(s.output, F_OK), 0);
	unlink(s.file);
	unlink(s.other);
	unlink(s.pack);
	snprintf(s.pack, sizeof(s.pack), "%s/packs", s.folder);
	cr_expect_eq(rmdir(s.pack), 0);
	cr_expect_eq(rmdir(s.folder), 0, "and no temporary file either");
}

Test(broker, refuses_outputs_that_were_not_named)
{
	struct scene s;
	struct sink_file *file = NULL, *again = NULL;
	struct err err = { "" };

	scene_init(&s);
	cr_expect_eq(sink_file_new(s.client, &file, s.file, &err), -EPERM);
	cr_expect_not_null(strstr(err.text, "Operation not permitted"), "%s", err.text);
	cr_assert_eq(sink_file_new(s.client, &file, s.output, &err), 0);
	cr_expect_eq(sink_file_new(s.client, &again, s.output, &err), -EBUSY);
	sink_file_free(file);
	expect_text(&s, s.file, "a file");
	scene_deinit(&s);
}

/* What a broken client may send. */
Test(broker, survives_nonsense)
{
	static const char *const messages[] = { "", "\1", "\2x", "\377\377\377", "\0/etc/passwd" };
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	pid_t child = fork();
	if (child == 0) {
		struct broker *broker;
		close(ends[1]);
		int r = broker_new(&broker, ends[0]) || broker_run(broker, -1);
		broker_free(broker);
		_exit(r ? 1 : 0);
	}
	close(ends[0]);
	for (size_t i = 1; i < ARRAY_SIZE(messages); i++) {
		int32_t reply = 0;
		size_t len = i == 4 ? 13 : strlen(messages[i]);
		cr_assert_eq(send(ends[1], messages[i], len, 0), (ssize_t)len);
		cr_assert_eq(recv(ends[1], &reply, sizeof(reply), 0), (ssize_t)sizeof(reply));
		cr_expect(reply == EINVAL || reply == EPERM, "%zu: %d", i, reply);
	}
	close(ends[1]);
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
