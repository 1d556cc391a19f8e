#include "gzip.h"

#include "bytes.h"

#include <limits.h>
#define ZLIB_CONST /* next_in points to const */
#include <zlib.h>

enum { RATIO = 1032, GZIP_WINDOW = 15 + 16 }; /* deflate's best; zlib's code for a gzip wrapper with a window of 2^15 */

bool fm_gzip_is(const uint8_t *bytes, size_t size) {
    return size >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

size_t fm_gzip_most(size_t size) {
    return size > SIZE_MAX / RATIO ? SIZE_MAX : size * RATIO;
}

static bool another_member(const uint8_t *bytes, size_t size, size_t *used) {
    size_t at = *used;
    while (at < size && bytes[at] == 0) at++; /* a tape's block is filled up with zeros */
    if (at < size && !fm_gzip_is(bytes + at, size - at)) return false;
    *used = at;
    return at < size;
}

/* Inflates until `room` bytes are there or the content ends, which is that of all members one after
 * the other (RFC 1952, section 2.2); zlib counts in unsigned int, so large buffers go in parts. */
static int inflate_into(z_stream *z, const uint8_t *bytes, size_t size, uint8_t *to, size_t room, size_t *got, size_t *used) {
    int status = Z_OK;
    *got = *used = 0;
    while (status == Z_OK) {
        size_t in = size - *used, out = room - *got;
        unsigned in_part = in > UINT_MAX ? UINT_MAX : (unsigned)in, out_part = out > UINT_MAX ? UINT_MAX : (unsigned)out;
        z->next_in = bytes + *used;
        z->avail_in = in_part;
        z->next_out = to + *got;
        z->avail_out = out_part;
        status = inflate(z, Z_NO_FLUSH);
        *used += in_part - z->avail_in;
        *got += out_part - z->avail_out;
        if (status == Z_STREAM_END && another_member(bytes, size, used)) status = inflateReset(z);
    }
    return status;
}

static bool run(const uint8_t *bytes, size_t size, uint8_t *to, size_t room, size_t *got, bool *ended, fm_error *err) {
    z_stream z = {0};
    size_t used;
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK) return fm_fail(err, "gzip: no memory to inflate");
    int status = inflate_into(&z, bytes, size, to, room, got, &used);
    const char *message = z.msg;
    *ended = status == Z_STREAM_END;
    inflateEnd(&z);
    if (status != Z_STREAM_END && status != Z_BUF_ERROR) return fm_fail_at(err, "gzip", used, "%s", message ? message : "bad data");
    if (status == Z_BUF_ERROR && *got < room) return fm_fail_at(err, "gzip", used, "the file ends too early");
    if (*ended && used < size) return fm_fail_at(err, "gzip", used, "%zu bytes after the end of the content (expected 0)", size - used);
    return true;
}

bool fm_gzip_head(const uint8_t *bytes, size_t size, uint8_t *to, size_t *room, fm_error *err) {
    bool ended = false;
    size_t got = 0;
    if (!run(bytes, size, to, *room, &got, &ended, err)) return false;
    *room = got;
    return true;
}

bool fm_gzip_all(const uint8_t *bytes, size_t size, uint8_t *to, size_t room, fm_error *err) {
    bool ended = false;
    size_t got = 0;
    if (!run(bytes, size, to, room, &got, &ended, err)) return false;
    if (got < room) return fm_fail(err, "gzip: the content is too short (expected %zu bytes, found %zu)", room, got);
    return ended || fm_fail(err, "gzip: the content is too long (expected %zu bytes, found more)", room);
}
