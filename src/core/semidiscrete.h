/* Transport from points that are drawn to a data set of equal weights: each point x goes to the y_j
 * with the largest potential_j - |x - y_j|^2. */
#ifndef FM_SEMIDISCRETE_H
#define FM_SEMIDISCRETE_H

#include "error.h"
#include "real.h"

typedef struct fm_sites {
    size_t n, d;
    const real *y;     /* [n, d]; near 0, for the sake of rounding */
    const real *shift; /* [n]: potential - |y|^2 */
} fm_sites;

/* index[i], 0-based, becomes the j with the largest shift_j + 2 x_i . y_j, the first among equals;
 * x is [rows, d], n >= 1. False with `err`: no memory. */
bool fm_choose_sites(const fm_sites *s, size_t rows, const real *x, size_t *index, fm_error *err);

#endif
