/* A lock on a whole file, advisory and exclusive. An open file description holds it: it ends with
 * the process, however that ends, and programs that the process executes do not inherit it. On a
 * shared folder it works as far as the file system supports locks. */
#ifndef FM_FILE_LOCK_H
#define FM_FILE_LOCK_H

#include "error.h"

/* Makes the file when there is none. Tries for this many seconds: a process that was killed holds
 * its locks until it is gone. Returns a descriptor to fm_lock_release; -1 with *taken when
 * somebody else (or this process, by another descriptor) holds the lock, and otherwise with `err`
 * filled. */
int fm_lock_take(const char *path, double patience, bool *taken, fm_error *err);
void fm_lock_release(int fd);
/* *held tells whether anybody holds it; asking does not disturb the holder. Without a file nobody
 * does. False with `err` filled when it cannot be known. */
bool fm_lock_held(const char *path, bool *held, fm_error *err);

#endif
