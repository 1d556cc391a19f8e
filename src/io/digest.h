/* Fingerprints of texts and files: XXH3 of 64 bits, as 16 hexadecimal digits. For telling things
 * apart, not for safety. */
#ifndef FM_DIGEST_H
#define FM_DIGEST_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

enum { FM_DIGEST_TEXT = 17 };
void fm_digest(const void *bytes, size_t size, char text[FM_DIGEST_TEXT]);
/* Of a regular file of at most `most` bytes, read in parts; else false with "PATH: problem". */
bool fm_digest_file(const char *path, uint64_t most, char text[FM_DIGEST_TEXT], fm_error *err);

#endif
