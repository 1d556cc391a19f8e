/* Bytes from files: reading numbers from them, recognizing formats, and naming them in errors.
 * Nothing in a file is trusted, cast or printed as it is. */
#ifndef FM_BYTES_H
#define FM_BYTES_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

/* A number of `n` <= 8 bytes, at any address. */
static inline uint64_t fm_load_little(const uint8_t *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) v |= (uint64_t)p[i] << (8 * i);
    return v;
}
static inline uint64_t fm_load_big(const uint8_t *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) v = v << 8 | p[i];
    return v;
}

/* Bytes (1..4) of the well-formed UTF-8 character at p, or 0. */
size_t fm_utf8(const uint8_t *p, size_t size);

uint32_t fm_code_point(const uint8_t *p, size_t bytes); /* of that character */
bool fm_utf8_all(const void *text, size_t size);        /* all of it is well-formed */

/* Bytes of the character at p when a terminal must not get it as it is, else 0: control characters
 * (C0, DEL, C1), what changes the direction of writing, separators of lines, tags, and a byte that
 * is not UTF-8. */
size_t fm_unprintable(const uint8_t *p, size_t size);
/* That character as text: \n, \x1b, \u{202e}. Returns the length, at most FM_ESCAPE. */
enum { FM_ESCAPE = 12 };
size_t fm_escape(const uint8_t *p, size_t bytes, char to[FM_ESCAPE]);

/* Bytes as text in base64 (RFC 4648). Returns its length, FM_BASE64(size). */
#define FM_BASE64(size) (((size) + 2) / 3 * 4)
size_t fm_base64(const uint8_t *bytes, size_t size, char *to);

/* Fills err with "FORMAT: byte N: PROBLEM"; returns false. */
bool fm_fail_at(fm_error *err, const char *format, size_t byte, const char *problem, ...) __attribute__((format(printf, 4, 5)));
/* Puts "PATH: " before the message in err; returns false. */
bool fm_fail_in(fm_error *err, const char *path);

enum { FM_QUOTE_BYTES = 64, FM_QUOTE_TEXT = 4 * FM_QUOTE_BYTES + 8 };
/* Text from a file in quotes, made printable and cut at 64 bytes; returns `out`. */
const char *fm_quote(const void *text, size_t size, char out[FM_QUOTE_TEXT]);

/* What an unexpected file seems to be ("is a gzip file; decompress it first"), or NULL. */
const char *fm_sniff(const uint8_t *bytes, size_t size);

#endif
