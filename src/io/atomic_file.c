#include "atomic_file.h"

#include "bytes.h"
#include "storage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 1 << 16, TEMPORARY = 64 };

/* "PATH: cannot VERB: what the system says"; returns false. */
static bool fail_system(fm_error *err, const char *path, const char *verb, int number) {
    fm_fail(err, "cannot %s: %s", verb, strerror(number));
    return fm_fail_in(err, path);
}

/* ---- reading ---- */

static size_t size_limit(void) {
    if (fm_memory_limit()) return fm_memory_limit();
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (size_t)pages * (size_t)page : (size_t)1 << 32;
}

/* Reads until `size` bytes or the end; false with errno set. */
static bool read_fully(int fd, uint8_t *to, size_t size, size_t *got) {
    *got = 0;
    while (*got < size) {
        ssize_t n = read(fd, to + *got, size - *got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        if (n == 0) break;
        *got += (size_t)n;
    }
    return true;
}

/* The descriptor's size when it is of a regular file of at most `most` bytes. */
static bool check_open(int fd, const char *path, uint64_t most, size_t *size, fm_error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return fail_system(err, path, "read", errno);
    if (!S_ISREG(st.st_mode)) {
        fm_fail(err, S_ISDIR(st.st_mode) ? "is a folder" : "is not a regular file");
        return fm_fail_in(err, path);
    }
    *size = (size_t)st.st_size;
    if (most > size_limit()) most = size_limit();
    if (*size <= most) return true;
    fm_fail(err, "is %zu bytes long, over the limit of %llu", *size, (unsigned long long)most);
    return fm_fail_in(err, path);
}

int fm_file_open(const char *path, uint64_t most, size_t *size, fm_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* opening a pipe that nobody writes must not wait */
    if (fd < 0) {
        fail_system(err, path, "read", errno);
        return -1;
    }
    if (check_open(fd, path, most, size, err)) return fd;
    close(fd);
    return -1;
}

static bool read_open(int fd, const char *path, size_t size, fm_file *file, fm_error *err) {
    size_t got, more;
    file->bytes = malloc(size + 1); /* never 0 bytes, and room to see whether it grew */
    if (!file->bytes) return fail_system(err, path, "read", ENOMEM);
    if (!read_fully(fd, file->bytes, size, &got) || !read_fully(fd, file->bytes + got, 1, &more)) {
        return fail_system(err, path, "read", errno);
    }
    file->size = got;
    if (got == size && more == 0) return true;
    fm_fail(err, "%s while it was read", got < size ? "became shorter" : "grew");
    return fm_fail_in(err, path);
}

bool fm_file_read(const char *path, fm_file *file, fm_error *err) {
    return fm_file_read_at_most(path, UINT64_MAX, file, err);
}

bool fm_file_read_at_most(const char *path, uint64_t most, fm_file *file, fm_error *err) {
    *file = (fm_file){NULL, 0};
    size_t size;
    int fd = fm_file_open(path, most, &size, err);
    if (fd < 0) return false;
    bool ok = read_open(fd, path, size, file, err);
    close(fd);
    if (!ok) fm_file_release(file);
    return ok;
}

void fm_file_release(fm_file *file) {
    free(file->bytes);
    *file = (fm_file){NULL, 0};
}

/* ---- writing ---- */

struct fm_writer {
    int fd, folder;
    char *path;       /* the target, links resolved */
    const char *base; /* its last part */
    char temporary[TEMPORARY];
    size_t used;
    uint8_t buffer[BUFFER];
};

static bool write_fully(int fd, const uint8_t *bytes, size_t size) {
    while (size) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* Some file systems cannot sync a folder, and say so: nothing more can be done there. */
static bool sync_folder(int fd) {
    return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
}

/* A descriptor of the folder that `path` lies in; -1 with errno set. */
static int open_parent(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    char folder[PATH_MAX];
    if (n >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, path, n);
    folder[n] = 0;
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The path with links resolved, so that a link is kept; malloc'd. Refuses devices and folders. */
static char *resolve_target(const char *path, fm_error *err) {
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) {
        fm_fail(err, "cannot write: %s", S_ISDIR(st.st_mode) ? "is a folder" : "is not a regular file");
        fm_fail_in(err, path);
        return NULL;
    }
    char *target = there ? realpath(path, NULL) : strdup(path);
    if (!target) fail_system(err, path, "write", errno);
    return target;
}

/* A name in the folder that is not taken: the kernel makes sure of that. */
static int open_temporary(int folder, char name[TEMPORARY]) {
    enum { TRIES = 1000 };
    for (int i = 0; i < TRIES; i++) {
        snprintf(name, TEMPORARY, ".fm-%ld-%d.tmp", (long)getpid(), i);
        int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

static void writer_free(fm_writer *w) {
    if (w->fd >= 0) close(w->fd);
    if (w->folder >= 0) close(w->folder);
    free(w->path);
    free(w);
}

fm_writer *fm_writer_open(const char *path, fm_error *err) {
    fm_writer *w = malloc(sizeof *w);
    if (!w) {
        fail_system(err, path, "write", ENOMEM);
        return NULL;
    }
    w->fd = w->folder = -1;
    w->used = 0;
    w->path = resolve_target(path, err);
    if (!w->path) {
        writer_free(w);
        return NULL;
    }
    const char *slash = strrchr(w->path, '/');
    w->base = slash ? slash + 1 : w->path;
    w->folder = open_parent(w->path);
    w->fd = w->folder < 0 ? -1 : open_temporary(w->folder, w->temporary);
    if (w->fd < 0) {
        fail_system(err, path, "write", errno);
        writer_free(w);
        return NULL;
    }
    return w;
}

static bool writer_flush(fm_writer *w, fm_error *err) {
    if (!write_fully(w->fd, w->buffer, w->used)) return fail_system(err, w->path, "write", errno);
    w->used = 0;
    return true;
}

bool fm_writer_put(fm_writer *w, const void *bytes, size_t size, fm_error *err) {
    if (w->used + size > BUFFER && !writer_flush(w, err)) return false;
    if (size > BUFFER) return write_fully(w->fd, bytes, size) || fail_system(err, w->path, "write", errno);
    if (size) memcpy(w->buffer + w->used, bytes, size);
    w->used += size;
    return true;
}

static bool writer_finish(fm_writer *w, fm_error *err) {
    if (!writer_flush(w, err)) return false;
    if (fsync(w->fd) != 0) return fail_system(err, w->path, "write", errno);
    int fd = w->fd;
    w->fd = -1;
    if (close(fd) != 0) return fail_system(err, w->path, "write", errno);
    if (renameat(w->folder, w->temporary, w->folder, w->base) != 0) return fail_system(err, w->path, "write", errno);
    w->temporary[0] = 0; /* it has its name now: nothing to clear away */
    return sync_folder(w->folder) || fail_system(err, w->path, "sync the folder of", errno);
}

bool fm_writer_close(fm_writer *w, fm_error *err) {
    bool ok = writer_finish(w, err);
    fm_writer_abandon(w);
    return ok;
}

void fm_writer_abandon(fm_writer *w) {
    if (!w) return;
    if (w->temporary[0]) unlinkat(w->folder, w->temporary, 0);
    writer_free(w);
}

bool fm_file_write(const char *path, const void *bytes, size_t size, fm_error *err) {
    fm_writer *w = fm_writer_open(path, err);
    if (!w) return false;
    if (fm_writer_put(w, bytes, size, err)) return fm_writer_close(w, err);
    fm_writer_abandon(w);
    return false;
}

bool fm_file_append(const char *path, const void *bytes, size_t size, fm_error *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) return fail_system(err, path, "append", errno);
    bool ok = write_fully(fd, bytes, size);
    int number = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        number = errno;
    }
    return ok || fail_system(err, path, "append", number);
}

bool fm_file_sync(const char *path, fm_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return fail_system(err, path, "sync", errno);
    bool ok = sync_folder(fd);
    int number = errno;
    close(fd);
    return ok || fail_system(err, path, "sync", number);
}

static bool cut_open(int fd, const char *path, uint64_t size, fm_error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return fail_system(err, path, "cut", errno);
    if ((uint64_t)st.st_size < size) {
        fm_fail(err, "holds %lld bytes, expected at least %llu", (long long)st.st_size, (unsigned long long)size);
        return fm_fail_in(err, path);
    }
    if ((uint64_t)st.st_size == size) return true;
    return (ftruncate(fd, (off_t)size) == 0 && fsync(fd) == 0) || fail_system(err, path, "cut", errno);
}

bool fm_file_cut(const char *path, uint64_t size, fm_error *err) {
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return fail_system(err, path, "cut", errno);
    bool ok = cut_open(fd, path, size, err);
    if (close(fd) != 0 && ok) return fail_system(err, path, "cut", errno);
    return ok;
}

/* ---- folders ---- */

bool fm_folder_has_room(const char *path, uint64_t size, fm_error *err) {
    char name[TEMPORARY];
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = folder < 0 ? -1 : open_temporary(folder, name);
    int number = fd < 0 ? errno : 0;
    if (fd >= 0) {
        if (size) number = posix_fallocate(fd, 0, (off_t)size);
        if (unlinkat(folder, name, 0) != 0 && !number) number = errno;
        close(fd);
    }
    if (folder >= 0) close(folder);
    return number == 0 || fail_system(err, path, "write", number);
}

bool fm_folder_new(const char *path, bool *exists, fm_error *err) {
    *exists = false;
    if (mkdir(path, 0777) != 0) {
        *exists = errno == EEXIST;
        return fail_system(err, path, "make the folder", errno);
    }
    int parent = open_parent(path);
    bool ok = parent >= 0 && sync_folder(parent);
    int number = errno;
    if (parent >= 0) close(parent);
    return ok || fail_system(err, path, "sync the folder of", number);
}
