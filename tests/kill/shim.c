/* For LD_PRELOAD: counts the calls by which a process changes files, and at one of them ends the
 * process, or lets the call fail.
 *   FM_FAULT_LOG=path       every such call is a line there: its name and file
 *   FM_FAULT_AT=n           at the n-th, from 1
 * FM_FAULT=before | after | full | broken SIGKILL before or after it; this call fails with ENOSPC;
 * this and all later ones with EIO Lines for stdout and stderr do not count. */
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
#define WATCH(call, path, expression)             \
    before(call, path);                           \
    if (failure()) {                              \
        errno = failure();                        \
        return -1;                                \
    }                                             \
    __typeof__(expression) result = (expression); \
    after();                                      \
    return result

ssize_t write(int fd, const void *bytes, size_t n) {
    char path[PATH_MAX];
    if (fd <= 2 || name_of(fd, path)[0] != '/') return NEXT(write)(fd, bytes, n);
    WATCH("write", path, NEXT(write)(fd, bytes, n));
}

int fsync(int fd) {
    char path[PATH_MAX];
    WATCH("fsync", name_of(fd, path), NEXT(fsync)(fd));
}

int ftruncate(int fd, off_t size) {
    char path[PATH_MAX];
    WATCH("ftruncate", name_of(fd, path), NEXT(ftruncate)(fd, size));
}

int posix_fallocate(int fd, off_t from, off_t size) {
    char path[PATH_MAX];
    before("posix_fallocate", name_of(fd, path));
    int result = failure() ? failure() : NEXT(posix_fallocate)(fd, from, size); /* it tells by its result */
    after();
    return result;
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    WATCH("renameat", to, NEXT(renameat)(from_folder, from, to_folder, to));
}

int unlinkat(int folder, const char *path, int flags) {
    WATCH("unlinkat", path, NEXT(unlinkat)(folder, path, flags));
}

int remove(const char *path) {
    WATCH("remove", path, NEXT(remove)(path));
}

int mkdir(const char *path, mode_t mode) {
    WATCH("mkdir", path, NEXT(mkdir)(path, mode));
}

static int mode_of(int flags, va_list args) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, int) : 0;
}

int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    int mode = mode_of(flags, args);
    va_end(args);
    if (!(flags & (O_CREAT | O_TRUNC))) return NEXT(open)(path, flags, mode);
    WATCH("open", path, NEXT(open)(path, flags, mode));
}

int openat(int folder, const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    int mode = mode_of(flags, args);
    va_end(args);
    if (!(flags & (O_CREAT | O_TRUNC))) return NEXT(openat)(folder, path, flags, mode);
    WATCH("openat", path, NEXT(openat)(folder, path, flags, mode));
}
