/* The largest number of a row, in a form that vectorizes. */
#ifndef FM_ROW_MAX_H
#define FM_ROW_MAX_H

#include "real.h"

/* n >= 1. A NaN is passed over, unless it comes first. */
FM_INLINE real fm_row_max(size_t n, const real *restrict x) {
    enum { LANES = 64, FEW = 8 };
    size_t i = 1;
    real top = x[0];
    if (n >= LANES) {
        real best[LANES];
        for (size_t l = 0; l < LANES; l++) best[l] = x[l];
        for (i = LANES; i + LANES <= n; i += LANES) {
            for (size_t l = 0; l < LANES; l++) best[l] = x[i + l] > best[l] ? x[i + l] : best[l];
        }
        for (size_t l = 0; l < 32; l++) best[l] = best[l + 32] > best[l] ? best[l + 32] : best[l];
        for (size_t l = 0; l < 16; l++) best[l] = best[l + 16] > best[l] ? best[l + 16] : best[l];
        for (size_t l = 0; l < 8; l++) best[l] = best[l + 8] > best[l] ? best[l + 8] : best[l];
        for (size_t l = 0; l < 8; l++) top = best[l] > top ? best[l] : top;
    } else if (n >= FEW) { /* the last vector may overlap the one before */
        real best[FEW];
        for (size_t l = 0; l < FEW; l++) best[l] = x[l];
        for (i = FEW; i + FEW <= n; i += FEW) {
            for (size_t l = 0; l < FEW; l++) best[l] = x[i + l] > best[l] ? x[i + l] : best[l];
        }
        for (size_t l = 0; l < FEW; l++) best[l] = x[n - FEW + l] > best[l] ? x[n - FEW + l] : best[l];
        for (size_t l = 0; l < 4; l++) best[l] = best[l + 4] > best[l] ? best[l + 4] : best[l];
        for (size_t l = 0; l < 4; l++) top = best[l] > top ? best[l] : top;
        return top;
    }
    for (; i < n; i++) top = x[i] > top ? x[i] : top;
    return top;
}

#endif
