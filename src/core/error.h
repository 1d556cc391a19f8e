/* What went wrong, in one line a person can act on. The caller owns it. Nothing allocates, exits or
 * jumps. */
#ifndef FM_ERROR_H
#define FM_ERROR_H

#include <stdbool.h>

typedef struct fm_error {
    char text[512];
} fm_error;

/* Writes the message (cut at the size of the field) and returns false, so that a check reads
 * `return fm_fail(err, ...)`. */
bool fm_fail(fm_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
