/* Fingerprints of texts and files: XXH3 of 64 bits, as 16 hexadecimal digits. For telling things apart, not for safety. */
#ifndef FM_DIGEST_H
#define FM_DIGEST_H

#include "error.h"

#include <stddef.h>

enum { FM_DIGEST_TEXT = 17 };
void fm_digest(const void *bytes, size_t size, char text[FM_DIGEST_TEXT]);
bool fm_digest_file(const char *path, char text[FM_DIGEST_TEXT], fm_error *err); /* any size: read in parts */

#endif
