/* Whether all numbers of an array are finite, in a form that vectorizes. */
#ifndef FM_FINITE_H
#define FM_FINITE_H

#include "real.h"

/* Defines `name`(n, x). 0 * x is 0 for a finite x and NaN for any other. Several lanes: each
 * addition waits for the one before it in its lane. */
#define FM_ALL_FINITE(name, type)                                                                                                          \
    FM_INLINE bool name(size_t n, const type *x) {                                                                                         \
        enum { LANES = 32 };                                                                                                               \
        type lane[LANES] = {0}, sum = 0;                                                                                                   \
        size_t i = 0;                                                                                                                      \
        for (; i + LANES <= n; i += LANES) {                                                                                               \
            for (size_t l = 0; l < LANES; l++) lane[l] += 0 * x[i + l];                                                                    \
        }                                                                                                                                  \
        for (; i < n; i++) sum += 0 * x[i];                                                                                                \
        for (size_t l = 0; l < LANES; l++) sum += lane[l];                                                                                 \
        return sum == 0;                                                                                                                   \
    }

#endif
