/* gzip files whose content has a known size: a small file cannot claim memory that it cannot
 * fill. */
#ifndef FM_GZIP_H
#define FM_GZIP_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

bool fm_gzip_is(const uint8_t *bytes, size_t size);
/* The first *room bytes of the content, or all when it is shorter; *room becomes their number.
 * False with "gzip: byte N: problem". */
bool fm_gzip_head(const uint8_t *bytes, size_t size, uint8_t *to, size_t *room, fm_error *err);
/* The content, which must be exactly `room` bytes, checksum included. */
bool fm_gzip_all(const uint8_t *bytes, size_t size, uint8_t *to, size_t room, fm_error *err);
/* The most bytes that a gzip file of `size` bytes can hold. */
size_t fm_gzip_most(size_t size);

#endif
