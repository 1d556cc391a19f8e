#define _GNU_SOURCE /* F_OFD_SETLK */
#include "file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct flock whole_file(void) {
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

static bool fail_system(fm_error *err, const char *path, int number) {
    fm_fail(err, "cannot lock: %s", strerror(number));
    return fm_fail_in(err, path);
}

int fm_lock_take(const char *path, bool *taken, fm_error *err) {
    *taken = false;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    struct flock lock = whole_file();
    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0) return fd;
    int number = errno;
    if (fd >= 0) close(fd);
    *taken = fd >= 0 && (number == EAGAIN || number == EACCES);
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
