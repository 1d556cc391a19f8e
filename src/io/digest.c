#include "digest.h"

#include "atomic_file.h"
#include "bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static void print(XXH64_hash_t hash, char text[FM_DIGEST_TEXT]) {
    snprintf(text, FM_DIGEST_TEXT, "%016llx", (unsigned long long)hash);
}

void fm_digest(const void *bytes, size_t size, char text[FM_DIGEST_TEXT]) {
    print(XXH3_64bits(bytes, size), text);
}

static bool digest_open(int fd, size_t size, char text[FM_DIGEST_TEXT]) {
    uint8_t part[1 << 15];
    XXH3_state_t *state = XXH3_createState();
    if (!state) {
        errno = ENOMEM;
        return false;
    }
    XXH3_64bits_reset(state);
    ssize_t n = 1;
    while (size && n != 0) {
        n = read(fd, part, size < sizeof part ? size : sizeof part);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        XXH3_64bits_update(state, part, (size_t)n);
        size -= (size_t)n;
    }
    print(XXH3_64bits_digest(state), text);
    XXH3_freeState(state);
    return n >= 0;
}

bool fm_digest_file(const char *path, uint64_t most, char text[FM_DIGEST_TEXT], fm_error *err) {
    size_t size;
    int fd = fm_file_open(path, most, &size, err);
    if (fd < 0) return false;
    bool ok = digest_open(fd, size, text);
    int number = errno;
    close(fd);
    if (ok) return true;
    fm_fail(err, "cannot read: %s", strerror(number));
    return fm_fail_in(err, path);
}
