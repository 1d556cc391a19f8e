/* Products with a panel: a matrix of FM_PANEL columns in one piece, which the first cache holds.
 * The library packs both its matrices again in every call; who lays out panels himself, as
 * convolutions do, saves that. */
#ifndef FM_PANEL_H
#define FM_PANEL_H

#include "real.h"

enum { FM_PANEL = 128 / sizeof(real) };

/* C [m, FM_PANEL] = A B, or += A B when `add`. A's number (r, i) is a[r down + i across]; B is
 * [k, FM_PANEL] without gaps; rows of C are `ldc` apart. Sums go from i = 0 to k - 1, one by one,
 * with fused multiplications where the processor has them. */
void fm_panel_product(size_t m, size_t k, const real *a, size_t down, size_t across, const real *b, bool add, real *c, size_t ldc);

#endif
