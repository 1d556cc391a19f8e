/* Files as wholes. A write goes to a temporary file in the same folder, is synced, and then takes
 * the name in one step, so a reader or a crash sees the old file or the new one, never a part. */
#ifndef FM_ATOMIC_FILE_H
#define FM_ATOMIC_FILE_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct fm_file {
    uint8_t *bytes; /* malloc */
    size_t size;
} fm_file;

/* Reads a regular file into memory of its own; no mapping, which would fault when the file shrinks.
 * False with "PATH: problem": missing, not a regular file, larger than the memory limit (or this
 * machine's memory), changed while it was read. */
bool fm_file_read(const char *path, fm_file *file, fm_error *err);
/* The same of a file that may have at most `most` bytes: for a path that was read from a file. */
bool fm_file_read_at_most(const char *path, uint64_t most, fm_file *file, fm_error *err);
/* A descriptor of such a file, to read it in parts; -1 with `err` filled. No more than *size may be
 * read: a file of /proc may go on. */
int fm_file_open(const char *path, uint64_t most, size_t *size, fm_error *err);
void fm_file_release(fm_file *file); /* twice is fine */

/* Writing by parts. Until fm_writer_close says true, the old file is as it was. A symbolic link
 * stays: what it points to is written. */
typedef struct fm_writer fm_writer;
fm_writer *fm_writer_open(const char *path, fm_error *err);
bool fm_writer_put(fm_writer *w, const void *bytes, size_t size, fm_error *err);
bool fm_writer_close(fm_writer *w, fm_error *err); /* syncs and renames; the writer is gone either way */
void fm_writer_abandon(fm_writer *w);              /* the temporary file goes; NULL is fine */

bool fm_file_write(const char *path, const void *bytes, size_t size, fm_error *err);
/* Adds to the end (one write(2), if the system takes it whole); makes the file when there is
 * none. */
bool fm_file_append(const char *path, const void *bytes, size_t size, fm_error *err);
bool fm_file_sync(const char *path, fm_error *err);
/* Cuts a file at `size` bytes and syncs it. False also when it is shorter than that, and stays as
 * it is. */
bool fm_file_cut(const char *path, uint64_t size, fm_error *err);

/* Makes a folder that was not there, and syncs its parent. *exists: it failed because the name is
 * taken. */
bool fm_folder_new(const char *path, bool *exists, fm_error *err);
/* Whether the disk has room for `size` bytes more below this folder: a file takes them and gives
 * them back. */
bool fm_folder_has_room(const char *path, uint64_t size, fm_error *err);

#endif
