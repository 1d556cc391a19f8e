/* For LD_PRELOAD: counts the calls by which a process changes files, and at one of them ends the
 * process, or lets the call fail.
 *   FM_FAULT_LOG=path       every such call is a line there: its name and file
 *   FM_FAULT_AT=n           at the n-th, from 1
 *   FM_FAULT=before | after | full | broken
 *                           SIGKILL before or after it; this call fails with ENOSPC; this and all
 *                           later ones with EIO
 *   FM_FAULT_RECORD=path    every such call that succeeded, with what is needed to do it again:
 *                           see recorded.lua
 *   FM_FAULT_SYNC=skip      fsync does nothing: for folders that are thrown away
 * Lines for stdout and stderr do not count. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int calls;

static int is_chosen(const char *fault) {
    const char *chosen = getenv("FM_FAULT");
    return chosen && !strcmp(chosen, fault);
}

static int at(void) {
    const char *at = getenv("FM_FAULT_AT");
    return at ? atoi(at) : 0;
}

/* The errno with which this call must fail, or 0. */
static int failure(void) {
    if (at() && calls == at() && is_chosen("full")) return ENOSPC;
    return at() && calls >= at() && is_chosen("broken") ? EIO : 0;
}

static const char *name_of(int fd, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    path[n < 0 ? 0 : n] = 0;
    return path;
}

/* A file's path from the root on; `path` may begin at an open folder, or at the current one. */
static const char *full_path(int folder, const char *path, char full[2 * PATH_MAX]) {
    char start[PATH_MAX];
    if (path[0] == '/') return path;
    if (folder != AT_FDCWD) name_of(folder, start);
    else if (!getcwd(start, sizeof start)) start[0] = 0;
    snprintf(full, 2 * PATH_MAX, "%s/%s", start, path);
    return full;
}

/* Records a call that succeeded: a line "CALL PID NUMBER SIZE PATH", then SIZE bytes and a line's
 * end. One write, so that the records of several processes do not mix. */
static void record(const char *call, long long number, const void *bytes, size_t size, const char *path) {
    const char *to = getenv("FM_FAULT_RECORD");
    if (!to) return;
    int number_before = errno;
    char line[2 * PATH_MAX + 128];
    int n = snprintf(line, sizeof line, "%s %ld %lld %zu %s\n", call, (long)getpid(), number, size, path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND, 0666);
    struct iovec parts[] = {{line, (size_t)n}, {(void *)bytes, size}, {"\n", 1}};
    syscall(SYS_writev, fd, parts, 3);
    syscall(SYS_close, fd);
    errno = number_before;
}

static void before(const char *call, const char *path) {
    calls++;
    const char *log = getenv("FM_FAULT_LOG");
    if (log) {
        char line[PATH_MAX + 64];
        int n = snprintf(line, sizeof line, "%s %s\n", call, path), fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0666);
        syscall(SYS_write, fd, line, (size_t)n);
        syscall(SYS_close, fd);
    }
    if (calls == at() && is_chosen("before")) kill(getpid(), SIGKILL);
}

static void after(void) {
    if (calls == at() && is_chosen("after")) kill(getpid(), SIGKILL);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WATCH(call, path, expression, recorded)   \
    before(call, path);                           \
    if (failure()) {                              \
        errno = failure();                        \
        return -1;                                \
    }                                             \
    __typeof__(expression) result = (expression); \
    if (result >= 0) recorded;                    \
    after();                                      \
    return result

ssize_t write(int fd, const void *bytes, size_t n) {
    char path[PATH_MAX];
    if (fd <= 2 || name_of(fd, path)[0] != '/') return NEXT(write)(fd, bytes, n);
    WATCH("write", path, NEXT(write)(fd, bytes, n), record("write", lseek(fd, 0, SEEK_CUR) - result, bytes, (size_t)result, path));
}

static int sync_or_skip(int fd) {
    const char *sync = getenv("FM_FAULT_SYNC");
    return sync && !strcmp(sync, "skip") ? 0 : NEXT(fsync)(fd);
}

int fsync(int fd) {
    char path[PATH_MAX];
    WATCH("fsync", name_of(fd, path), sync_or_skip(fd), record("fsync", 0, "", 0, path));
}

int ftruncate(int fd, off_t size) {
    char path[PATH_MAX];
    WATCH("ftruncate", name_of(fd, path), NEXT(ftruncate)(fd, size), record("ftruncate", size, "", 0, path));
}

int posix_fallocate(int fd, off_t from, off_t size) {
    char path[PATH_MAX];
    before("posix_fallocate", name_of(fd, path));
    int result = failure() ? failure() : NEXT(posix_fallocate)(fd, from, size); /* it tells by its result */
    if (result == 0) record("posix_fallocate", from + size, "", 0, path);
    after();
    return result;
}

static void record_rename(int from_folder, const char *from, int to_folder, const char *to) {
    char from_full[2 * PATH_MAX], to_full[2 * PATH_MAX];
    from = full_path(from_folder, from, from_full);
    record("renameat", 0, from, strlen(from), full_path(to_folder, to, to_full));
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    WATCH("renameat", to, NEXT(renameat)(from_folder, from, to_folder, to), record_rename(from_folder, from, to_folder, to));
}

int rename(const char *from, const char *to) {
    WATCH("rename", to, NEXT(rename)(from, to), record_rename(AT_FDCWD, from, AT_FDCWD, to));
}

int unlinkat(int folder, const char *path, int flags) {
    char full[2 * PATH_MAX];
    WATCH("unlinkat", path, NEXT(unlinkat)(folder, path, flags), record("remove", 0, "", 0, full_path(folder, path, full)));
}

int remove(const char *path) {
    char full[2 * PATH_MAX];
    WATCH("remove", path, NEXT(remove)(path), record("remove", 0, "", 0, full_path(AT_FDCWD, path, full)));
}

int rmdir(const char *path) {
    char full[2 * PATH_MAX];
    WATCH("rmdir", path, NEXT(rmdir)(path), record("remove", 0, "", 0, full_path(AT_FDCWD, path, full)));
}

int mkdir(const char *path, mode_t mode) {
    char full[2 * PATH_MAX];
    WATCH("mkdir", path, NEXT(mkdir)(path, mode), record("mkdir", 0, "", 0, full_path(AT_FDCWD, path, full)));
}

static int mode_of(int flags, va_list args) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, int) : 0;
}

/* Its number says whether the file was emptied. */
static void record_open(int folder, const char *path, int flags) {
    char full[2 * PATH_MAX];
    record("open", (flags & O_TRUNC) != 0, "", 0, full_path(folder, path, full));
}

int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    int mode = mode_of(flags, args);
    va_end(args);
    if (!(flags & (O_CREAT | O_TRUNC))) return NEXT(open)(path, flags, mode);
    WATCH("open", path, NEXT(open)(path, flags, mode), record_open(AT_FDCWD, path, flags));
}

int openat(int folder, const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    int mode = mode_of(flags, args);
    va_end(args);
    if (!(flags & (O_CREAT | O_TRUNC))) return NEXT(openat)(folder, path, flags, mode);
    WATCH("openat", path, NEXT(openat)(folder, path, flags, mode), record_open(folder, path, flags));
}
