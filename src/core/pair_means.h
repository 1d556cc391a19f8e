/* Means over all pairs of rows (i, j) of two samples, in double. Of a sample against itself half of
 * the pairs are computed. Memory is a few blocks, however many rows there are. */
#ifndef FM_PAIR_MEANS_H
#define FM_PAIR_MEANS_H

#include "distance.h"

/* |a - b|. False with `err`: no memory. */
bool fm_mean_distance(const fm_samples *s, double *mean, fm_error *err);
/* The sum over `count` widths of exp(-|a - b|^2 / 2 sigma^2). `apart` leaves out pairs (i, i): the
 * unbiased mean of one sample against itself. False as above. */
bool fm_mean_gaussian(const fm_samples *s, size_t count, const double *sigma, bool apart, double *mean, fm_error *err);
/* (a . b / d + 1)^3. */
bool fm_mean_cubic(const fm_samples *s, bool apart, double *mean, fm_error *err);

#endif
