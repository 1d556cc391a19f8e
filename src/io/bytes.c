#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t fm_utf8(const uint8_t *p, size_t size) {
    if (size == 0) return 0;
    if (p[0] < 0x80) return 1;
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || size < n) return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0;
    }
    /* overlong forms, surrogates, and what lies beyond U+10FFFF */
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F)) return 0;
    if ((p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F)) return 0;
    return n;
}

bool fm_utf8_all(const void *text, size_t size) {
    const uint8_t *p = text;
    for (size_t i = 0, n; i < size; i += n) {
        n = fm_utf8(p + i, size - i);
        if (!n) return false;
    }
    return true;
}

uint32_t fm_code_point(const uint8_t *p, size_t bytes) {
    static const uint8_t first[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = p[0] & first[bytes];
    for (size_t i = 1; i < bytes; i++) code = code << 6 | (p[i] & 0x3F);
    return code;
}

size_t fm_unprintable(const uint8_t *p, size_t size) {
    static const uint32_t ranges[][2] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0x61C, 0x61C},   {0x200E, 0x200F},   {0x2028, 0x202E},
        {0x2066, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
    };
    if (size == 0 || (p[0] >= 0x20 && p[0] < 0x7F)) return 0;
    size_t bytes = fm_utf8(p, size);
    if (!bytes) return 1;
    uint32_t code = fm_code_point(p, bytes);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (code >= ranges[i][0] && code <= ranges[i][1]) return bytes;
    }
    return 0;
}

size_t fm_escape(const uint8_t *p, size_t bytes, char to[FM_ESCAPE]) {
    const char *known = "\aa\bb\tt\nn\vv\ff\rr";
    for (; bytes == 1 && *known; known += 2) {
        if (p[0] == (uint8_t)known[0]) return (size_t)snprintf(to, FM_ESCAPE, "\\%c", known[1]);
    }
    if (bytes == 1) return (size_t)snprintf(to, FM_ESCAPE, "\\x%02x", p[0]);
    return (size_t)snprintf(to, FM_ESCAPE, "\\u{%x}", (unsigned)fm_code_point(p, bytes));
}

size_t fm_base64(const uint8_t *bytes, size_t size, char *to) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16;
        if (i + 1 < size) three |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < size) three |= bytes[i + 2];
        for (size_t k = 0; k < 4; k++) *to++ = i + k > size ? '=' : digits[three >> (18 - 6 * k) & 63];
    }
    return FM_BASE64(size);
}

bool fm_fail_at(fm_error *err, const char *format, size_t byte, const char *problem, ...) {
    char text[sizeof err->text];
    va_list args;
    va_start(args, problem);
    vsnprintf(text, sizeof text, problem, args);
    va_end(args);
    return fm_fail(err, "%s: byte %zu: %s", format, byte, text);
}

const char *fm_quote(const void *text, size_t size, char out[FM_QUOTE_TEXT]) {
    const uint8_t *p = text;
    size_t cut = size > FM_QUOTE_BYTES ? FM_QUOTE_BYTES : size, n = 0;
    out[n++] = '"';
    for (size_t i = 0; i < cut;) {
        size_t length = fm_utf8(p + i, cut - i);
        if (fm_unprintable(p + i, cut - i) || p[i] == '"' || p[i] == '\\') {
            n += (size_t)snprintf(out + n, FM_QUOTE_TEXT - n, "\\x%02x", p[i]);
            i++;
            continue;
        }
        memcpy(out + n, p + i, length);
        n += length;
        i += length;
    }
    snprintf(out + n, FM_QUOTE_TEXT - n, cut < size ? "\"..." : "\"");
    return out;
}

bool fm_fail_in(fm_error *err, const char *path) {
    enum { LONGEST = 200 };
    char shown[LONGEST + 4], text[sizeof err->text];
    size_t size = strlen(path), from = size > LONGEST ? size - LONGEST : 0, n = 0; /* the end of a path says more than its start */
    if (from) n += (size_t)snprintf(shown, sizeof shown, "...");
    for (size_t i = from; i < size; i++) shown[n++] = (uint8_t)path[i] < 0x20 || path[i] == 0x7F ? '?' : path[i];
    shown[n] = 0;
    memcpy(text, err->text, sizeof text);
    return fm_fail(err, "%s: %.*s", shown, (int)(sizeof text - sizeof shown), text);
}

const char *fm_sniff(const uint8_t *bytes, size_t size) {
    static const struct {
        const char *start;
        size_t size;
        const char *says;
    } known[] = {
        {"\x1f\x8b", 2, "is a gzip file; decompress it first"},
        {"PK\x03\x04", 4, "is a zip file; unpack it first"},
        {"PK\x05\x06", 4, "is a zip file; unpack it first"},
        {"\x80\x02", 2, "is a Python pickle; not supported, it can run code"},
        {"\x80\x03", 2, "is a Python pickle; not supported, it can run code"},
        {"\x80\x04", 2, "is a Python pickle; not supported, it can run code"},
        {"\x80\x05", 2, "is a Python pickle; not supported, it can run code"},
        {"BZh", 3, "is a bzip2 file; decompress it first"},
        {"\xfd"
         "7zXZ",
         5, "is an xz file; decompress it first"},
        {"\x28\xb5\x2f\xfd", 4, "is a zstd file; decompress it first"},
        {"\x89PNG", 4, "is a PNG file"},
        {"\x8aMNG", 4, "is an MNG file"},
        {"\xff\xd8\xff", 3, "is a JPEG file"},
        {"GIF8", 4, "is a GIF file"},
        {"\x93NUMPY", 6, "is an NPY file"},
        {"\x89HDF", 4, "is an HDF5 file"},
        {"<!DOCTYPE", 9, "looks like a web page"},
        {"<!doctype", 9, "looks like a web page"},
        {"<html", 5, "looks like a web page"},
        {"<HTML", 5, "looks like a web page"},
        {"\xef\xbb\xbf", 3, "starts with a byte order mark; save it as UTF-8 without one"},
        {"\xff\xfe", 2, "is UTF-16; convert it to UTF-8"},
        {"\xfe\xff", 2, "is UTF-16; convert it to UTF-8"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (size >= known[i].size && !memcmp(bytes, known[i].start, known[i].size)) return known[i].says;
    }
    if (size >= 12 && !memcmp(bytes, "RIFF", 4) && !memcmp(bytes + 8, "WEBP", 4)) return "is a WebP file";
    if (size >= 262 && !memcmp(bytes + 257, "ustar", 5)) return "is a tar archive; unpack it first";
    return NULL;
}
