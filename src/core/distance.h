/* Sums over all pairs of rows of two samples a [n, d] and b [m, d], in double and in a fixed order. */
#ifndef FM_DISTANCE_H
#define FM_DISTANCE_H

#include "real.h"

typedef struct fm_samples {
    size_t n, m, d;
    const real *a, *b;
} fm_samples;

/* out [n, m]: squared distances, or distances when `root`. */
void fm_pair_costs(const fm_samples *s, bool root, double *out);
/* Mean over pairs of |a - b|. */
double fm_mean_distance(const fm_samples *s);
/* Mean over pairs of exp(-|a - b|^2 / 2 sigma^2), or with sigma 0 of (a . b / d + 1)^3. `apart` leaves out pairs (i, i): the unbiased mean
 * of one sample against itself. */
double fm_mean_kernel(const fm_samples *s, double sigma, bool apart);

#endif
