/* Nearest rows, by distance. Blocks of pairs are first estimated by a matrix product; a pair whose
 * estimate cannot decide is measured again in double from the rows themselves. So the results are
 * those of measuring every pair, whatever the kernel of the product. Rows should be finite: one
 * that is not is nobody's neighbour. Memory is a few blocks, however many rows there are. */
#ifndef FM_NEIGHBOURS_H
#define FM_NEIGHBOURS_H

#include "distance.h"

/* For each row of a its k nearest rows of b, the nearest first; of equally near ones those with the
 * lower index. index, squared: [n, k]; indices from 0, squared distances. `apart`: a is b, and no
 * row is its own neighbour. There must be k rows to find. False with `err`: no memory. */
bool fm_nearest(const fm_samples *s, size_t k, bool apart, size_t *index, double *squared, fm_error *err);

/* How many pairs (i, j) have a squared distance of at most limit[j], counted for each row of a in
 * of_a [n] and for each row of b in of_b [m]. False as above. */
bool fm_within(const fm_samples *s, const double *limit, size_t *of_a, size_t *of_b, fm_error *err);

#endif
