/* A lock on a file, held by an open description: it ends when the process does, however that ends,
 * and reaches no child that execs. Advisory, exclusive, of the whole file; on a shared folder as
 * far as its file system knows locks. */
#ifndef FM_FILE_LOCK_H
#define FM_FILE_LOCK_H

#include "error.h"

/* Makes the file when there is none. Tries for so many seconds: a process that was killed holds its
 * locks until it is gone. Returns a descriptor to fm_lock_release; -1 with *taken when somebody
 * else (or this process, by another descriptor) holds the lock, and otherwise with `err` filled. */
int fm_lock_take(const char *path, double patience, bool *taken, fm_error *err);
void fm_lock_release(int fd);
/* *held says whether anybody holds it; asking disturbs nobody. No file: nobody. False with `err`
 * filled when it cannot be known. */
bool fm_lock_held(const char *path, bool *held, fm_error *err);

#endif
