/*
 * Files by path. An output file is written beside its place and renamed into it, so that a reader
 * never finds half a report and a failed run leaves the former one alone.
 */
#include "broker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "pcaudit/base/util.h"

#define FILES_BESIDE 64 /* that are open beside captures */

static int open_path(struct sink_client *client, const char *path)
{
	if (client)
		return client_ask(client, BROKER_READ, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sink_read_file(struct sink_client *client, struct bytes *out, const char *path,
                   size_t max_bytes, struct err *err)
{
	_cleanup_(closep) int fd = open_path(client, path);
	size_t len = 0, size = 65536;
	_cleanup_(freep) uint8_t *data = malloc(size);

	if (fd < 0) {
		err_set(err, "%s: %s", path, strerror(-fd));
		return fd;
	}
	if (!data)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, data + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int r = -errno;
			err_set(err, "%s: %s", path, strerror(-r));
			return r;
		}
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max_bytes) {
			err_set(err, "%s: larger than %zu bytes", path, max_bytes);
			return -EFBIG;
		}
		if (len == size) {
			uint8_t *grown = realloc(data, size * 2);
			if (!grown)
				return -ENOMEM;
			data = grown;
			size *= 2;
		}
	}
	*out = BYTES(data, len);
	data = NULL;
	return 0;
}

int sink_read_zone(struct sink_client *client, struct bytes *out, const char *name,
                   size_t max_bytes, struct err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	int r = sink_read_file(client, out, path, max_bytes, err);
	if (r == -ENOENT || r == -EISDIR)
		err_set(err, "there is no time zone \"%s\" on this machine (no %s; see tzdata)",
		        name, path);
	return r;
}

int sink_open_input(struct sink_client *client, const char *path, struct err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? dup(STDIN_FILENO) : open_path(client, path);

	if (fd < 0 && is_stdin)
		fd = -errno;
	if (fd < 0)
		err_set(err, "%s: %s", is_stdin ? "standard input" : path, strerror(-fd));
	return fd;
}

void sink_allow_files(size_t n)
{
	struct rlimit limit;
	rlim_t wanted = n + FILES_BESIDE;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = MIN(wanted, limit.rlim_max);
	setrlimit(RLIMIT_NOFILE, &limit); /* if not, opening says so */
}

struct sink_identity sink_identify(const char *path)
{
	struct stat st;
	int r = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st);

	if (r != 0)
		return (struct sink_identity){ 0 };
	return (struct sink_identity){ .device = st.st_dev,
		                       .inode = st.st_ino,
		                       .is_regular = S_ISREG(st.st_mode) };
}

bool sink_is_same_file(const struct sink_identity *a, const struct sink_identity *b)
{
	return (a->device || a->inode) && a->device == b->device && a->inode == b->inode;
}

/* The folder that a path lies in. */
static struct sink_identity identify_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_(freep) char *parent = slash == path ? strdup("/")
	                                : slash       ? strndup(path, (size_t)(slash - path))
	                                              : strdup(".");

	return parent ? sink_identify(parent) : (struct sink_identity){ 0 };
}

bool sink_is_same_output(const char *a, const char *b)
{
	bool is_stdout[2] = { strcmp(a, "-") == 0, strcmp(b, "-") == 0 };

	if (is_stdout[0] || is_stdout[1])
		return is_stdout[0] && is_stdout[1];
	struct sink_identity file[2] = { sink_identify(a), sink_identify(b) };
	if (sink_is_same_file(&file[0], &file[1]))
		return file[0].is_regular; /* a device or a pipe takes what comes */
	if (file[0].inode || file[1].inode)
		return false;
	struct sink_identity parent[2] = { identify_parent(a), identify_parent(b) };
	return sink_is_same_file(&parent[0], &parent[1]) && strcmp(basename(a), basename(b)) == 0;
}

bool sink_is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

void sink_free_paths(char **paths, size_t n)
{
	for (size_t i = 0; paths && i < n; i++)
		free(paths[i]);
	free(paths);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_path(char ***paths, size_t *n, char *path)
{
	char **grown = realloc(*paths, (*n + 2) * sizeof(*grown));

	if (!path || !grown) {
		free(path);
		if (grown)
			*paths = grown;
		return -ENOMEM;
	}
	*paths = grown;
	grown[(*n)++] = path;
	grown[*n] = NULL;
	return 0;
}

static char *join(const char *folder, const char *name)
{
	size_t len = strlen(folder);
	const char *slash = len && folder[len - 1] == '/' ? "" : "/";
	char *path = NULL;

	return asprintf(&path, "%s%s%s", folder, slash, name) < 0 ? NULL : path;
}

int sink_list_folder(char ***out, size_t *n, const char *folder, struct err *err)
{
	DIR *dir = opendir(folder);
	char **paths = NULL;
	int r = 0;

	*n = 0;
	if (!dir) {
		r = -errno;
		err_set(err, "%s: %s", folder, strerror(-r));
		return r;
	}
	for (struct dirent *entry = readdir(dir); entry && r == 0; entry = readdir(dir)) {
		if (entry->d_name[0] != '.')
			r = add_path(&paths, n, join(folder, entry->d_name));
	}
	closedir(dir);
	if (r < 0) {
		sink_free_paths(paths, *n);
		return r;
	}
	if (*n)
		qsort(paths, *n, sizeof(*paths), compare_texts);
	*out = paths;
	return 0;
}

/* ---- Outputs -------------------------------------------------------------------------------- */

int file_create(FILE **stream, char **temporary, const char *path)
{
	struct stat st;
	int fd = -1;

	*temporary = NULL;
	/* A device or a pipe cannot be renamed over; it is written directly. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
	} else if (asprintf(temporary, "%s.XXXXXX", path) < 0) {
		*temporary = NULL;
		return -ENOMEM;
	} else {
		fd = mkostemp(*temporary, O_CLOEXEC);
	}
	*stream = fd < 0 ? NULL : fdopen(fd, "w");
	if (*stream) {
		mode_t mask = umask(0);
		umask(mask);
		if (*temporary)
			fchmod(fd, 0666 & ~mask);
		return 0;
	}
	int r = -errno;
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && *temporary)
		unlink(*temporary);
	free(*temporary);
	*temporary = NULL;
	return r;
}

int file_finish(FILE *stream, const char *temporary, const char *path)
{
	int r = fflush(stream) != 0 || ferror(stream) ? -(errno ? errno : EIO) : 0;

	if (r == 0 && temporary && fsync(fileno(stream)) != 0)
		r = -errno;
	if (fclose(stream) != 0 && r == 0)
		r = -errno;
	if (r == 0 && temporary && rename(temporary, path) != 0)
		r = -errno;
	if (r < 0 && temporary)
		unlink(temporary);
	return r;
}

struct sink_file {
	struct sink_client *client; /* NULL: the file is ours */
	FILE *stream;
	char *path; /* NULL: standard output */
	char *temporary;
};

/* Standard output is open in every process: nobody needs to be asked for it. */
static int open_stream(struct sink_file *file)
{
	if (file->path && !file->client)
		return file_create(&file->stream, &file->temporary, file->path);
	int fd = file->path ? client_ask(file->client, BROKER_CREATE, file->path)
	                    : dup(STDOUT_FILENO);
	if (fd < 0)
		return file->path ? fd : -errno;
	file->stream = fdopen(fd, "w");
	if (file->stream)
		return 0;
	int r = -errno;
	close(fd);
	return r;
}

int sink_file_new(struct sink_client *client, struct sink_file **out, const char *path,
                  struct err *err)
{
	_cleanup_(sink_file_freep) struct sink_file *file = calloc(1, sizeof(*file));
	bool is_stdout = strcmp(path, "-") == 0;

	if (!file)
		return -ENOMEM;
	file->client = client;
	if (!is_stdout && !(file->path = strdup(path)))
		return -ENOMEM;
	int r = open_stream(file);
	if (r < 0) {
		err_set(err, "%s: %s", is_stdout ? "standard output" : path, strerror(-r));
		return r;
	}
	*out = file;
	file = NULL;
	return 0;
}

FILE *sink_file_get_stream(struct sink_file *file)
{
	return file->stream;
}

struct sink_file *sink_file_free(struct sink_file *file)
{
	if (!file)
		return NULL;
	if (file->stream)
		fclose(file->stream);
	if (file->stream && file->temporary)
		unlink(file->temporary);
	free(file->temporary);
	free(file->path);
	free(file);
	return NULL;
}

/* A broker's output is whole when its pipe is closed and it was told so. */
static int finish_asked(struct sink_file *file)
{
	int r = fclose(file->stream) != 0 ? -errno : 0;

	return r < 0 ? r : client_ask(file->client, BROKER_FINISH, file->path);
}

int sink_file_finish(struct sink_file *file, struct err *err)
{
	int r = file->client && file->path ? finish_asked(file)
	                                   : file_finish(file->stream, file->temporary, file->path);

	file->stream = NULL;
	if (r < 0)
		err_set(err, "%s: %s", file->path ? file->path : "standard output", strerror(-r));
	sink_file_free(file);
	return r;
}
