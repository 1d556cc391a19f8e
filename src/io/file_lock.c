#define _GNU_SOURCE /* F_OFD_SETLK */
#include "file_lock.h"

#include "bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct flock whole_file(void) {
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

static bool fail_system(fm_error *err, const char *path, int number) {
    fm_fail(err, "cannot lock: %s", strerror(number));
    return fm_fail_in(err, path);
}

static bool is_taken(int number) {
    return number == EAGAIN || number == EACCES;
}

/* 0, or the errno of the last try. */
static int try_lock(int fd, double patience) {
    static const struct timespec pause = {.tv_nsec = 5000000};
    for (double waited = 0;; waited += 0.005) {
        struct flock lock = whole_file();
        if (fcntl(fd, F_OFD_SETLK, &lock) == 0) return 0;
        int number = errno;
        if (!is_taken(number) || waited >= patience) return number;
        nanosleep(&pause, NULL);
    }
}

int fm_lock_take(const char *path, double patience, bool *taken, fm_error *err) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    int number = fd < 0 ? errno : try_lock(fd, patience);
    *taken = fd >= 0 && is_taken(number);
    if (fd >= 0 && !number) return fd;
    if (fd >= 0) close(fd);
    if (!*taken) fail_system(err, path, number);
    return -1;
}

void fm_lock_release(int fd) {
    close(fd);
}

bool fm_lock_held(const char *path, bool *held, fm_error *err) {
    *held = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR || fail_system(err, path, errno);
    struct flock lock = whole_file();
    bool ok = fcntl(fd, F_OFD_GETLK, &lock) == 0;
    int number = errno;
    close(fd);
    *held = ok && lock.l_type != F_UNLCK;
    return ok || fail_system(err, path, number);
}
