#include "digest.h"

#include "bytes.h"

#include <errno.h>
#include <fcntl.h>
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

static bool digest_stream(FILE *f, char text[FM_DIGEST_TEXT]) {
    char part[1 << 15];
    XXH3_state_t *state = XXH3_createState();
    if (!state) {
        errno = ENOMEM;
        return false;
    }
    XXH3_64bits_reset(state);
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;) XXH3_64bits_update(state, part, n);
    print(XXH3_64bits_digest(state), text);
    XXH3_freeState(state);
    return !ferror(f);
}

bool fm_digest_file(const char *path, char text[FM_DIGEST_TEXT], fm_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "rb");
    bool ok = f && digest_stream(f, text);
    int number = errno;
    if (f) fclose(f);
    else if (fd >= 0) close(fd);
    if (ok) return true;
    fm_fail(err, "cannot read: %s", strerror(number));
    return fm_fail_in(err, path);
}
