/*
 * Sink: where bytes come from and go to by path. The only folder that opens paths; what the bytes
 * mean is not known here.
 */
#ifndef PCAUDIT_SINK_H
#define PCAUDIT_SINK_H

#include "pcaudit/base/bytes.h"
#include "pcaudit/base/err.h"

/* ---- A process that may open nothing -------------------------------------------------------- */

/*
 * Who opens in place of the caller: the broker in another process. A client asks it. Functions below
 * that take a client open by themselves when that is NULL.
 */
struct sink_client;
/* fd is one end of a unix(7) socket pair of type SOCK_SEQPACKET, taken; the broker has the other. */
int sink_client_new(struct sink_client **out, int fd);
struct sink_client *sink_client_free(struct sink_client *client);
DEFINE_CLEANUP(struct sink_client, sink_client_free)

/*
 * Opens for its client what was allowed here before, and time zones; everything else fails with
 * EPERM. broker_allow_folder() allows files directly in it. An output that was not finished when the
 * broker is freed is given up.
 */
struct broker;
int broker_new(struct broker **out, int fd); /* fd is taken */
struct broker *broker_free(struct broker *broker);
DEFINE_CLEANUP(struct broker, broker_free)
int broker_allow_file(struct broker *broker, const char *path);
int broker_allow_folder(struct broker *broker, const char *path);
int broker_allow_output(struct broker *broker, const char *path);
/*
 * Answers until the other side is gone, or until other_fd (-1: none) can be read: BROKER_E_OTHER, to
 * be called again. 0, BROKER_E_OTHER or -errno.
 */
enum { BROKER_E_OTHER = 1 };
int broker_run(struct broker *broker, int other_fd);

/* ---- Inputs --------------------------------------------------------------------------------- */

/* Reads a whole file of at most max_bytes; *out is yours to free (data). 0 or -errno with err filled. */
int sink_read_file(struct sink_client *client, struct bytes *out, const char *path, size_t max_bytes, struct err *err);

/*
 * Reads the file of a time zone, "Europe/Berlin", as sink_read_file(). The name has no dots and does
 * not begin with a slash.
 */
int sink_read_zone(struct sink_client *client, struct bytes *out, const char *name, size_t max_bytes, struct err *err);

/* Opens a capture for reading; "-" is standard input. A descriptor, or -errno with err filled. */
int sink_open_input(struct sink_client *client, const char *path, struct err *err);

/* Sees to it that n files can be open at a time, as far as the system lets us. */
void sink_allow_files(size_t n);

/*
 * The paths in a folder, by name, whatever they name, but not hidden ones, nor those in folders
 * below it. *out is a NULL-ended array; free with sink_free_paths(). 0, or -errno with err filled.
 */
int sink_list_folder(char ***out, size_t *n, const char *folder, struct err *err);
void sink_free_paths(char **paths, size_t n);
/* True if path names a folder. */
bool sink_is_folder(const char *path);

/* Which file a path leads to: the same for all names of a file. */
struct sink_identity {
	uint64_t device, inode; /* both 0: there is no such file */
	bool is_regular;        /* else: a folder, a pipe, a device */
};
/* "-" is standard input. */
struct sink_identity sink_identify(const char *path);
bool sink_is_same_file(const struct sink_identity *a, const struct sink_identity *b);
/* True if writing to both leaves only the second: "-", or two names of one file that is there, or
   of one that will be. */
bool sink_is_same_output(const char *a, const char *b);

/* ---- Outputs -------------------------------------------------------------------------------- */

/*
 * An output that is whole or not there: written beside its path and renamed when finished.
 * "-" is standard output.
 */
struct sink_file;
int sink_file_new(struct sink_client *client, struct sink_file **out, const char *path, struct err *err);
FILE *sink_file_get_stream(struct sink_file *file);
/* Flushes, syncs, renames and frees; 0, or -errno with err filled and nothing left behind. */
int sink_file_finish(struct sink_file *file, struct err *err);
/* Gives it up: nothing is left behind. */
struct sink_file *sink_file_free(struct sink_file *file);
DEFINE_CLEANUP(struct sink_file, sink_file_free)

#endif
