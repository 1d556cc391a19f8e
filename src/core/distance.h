/* Distances between two samples a [n, d] and b [m, d], in double and in a fixed order. */
#ifndef FM_DISTANCE_H
#define FM_DISTANCE_H

#include "error.h"
#include "real.h"

typedef struct fm_samples {
    size_t n, m, d;
    const real *a, *b;
} fm_samples;

/* |a - b|^2 of two rows of d numbers; the same for (b, a). */
double fm_squared_distance(size_t d, const real *a, const real *b);
/* The first row of x [n, d] with a number that is not finite; n when there is none. */
size_t fm_first_not_finite(size_t n, size_t d, const real *x);
/* out [n, m]: squared distances, or distances when `root`. */
void fm_pair_costs(const fm_samples *s, bool root, double *out);
void fm_pair_squares(const fm_samples *s, real *out); /* the squared ones, rounded */
/* Mean over rows of |a - b|^2, or of |a - b| when `root`; row column[i] of b goes with row i of
 * a. */
double fm_matched_cost(const fm_samples *s, bool root, const size_t *column);
/* Samples of one size are projected onto each column of directions [d, count], count >= 1, and
 * sorted; the mean over directions and ranks of squared differences: the sliced Wasserstein
 * distance, squared (Bonneel et al. 2015). False with `err`: no memory. */
bool fm_sliced(const fm_samples *s, size_t count, const real *directions, double *squared, fm_error *err);

#endif
