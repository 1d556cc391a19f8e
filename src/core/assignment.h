/* The cheapest one-to-one assignment of rows to columns: Jonker and Volgenant 1987 (column
 * reduction, reduction transfer, augmenting row reduction, then shortest augmenting paths). Exact;
 * O(n^3) at worst, far less on distances. */
#ifndef FM_ASSIGNMENT_H
#define FM_ASSIGNMENT_H

#include "distance.h"
#include "error.h"

/* cost is [n, n], finite; column[i] becomes the 0-based column of row i. False with `err` filled: a
 * cost that is not finite, or no memory. */
bool fm_assignment(size_t n, const double *cost, size_t *column, fm_error *err);
/* The same between samples of one size (s->n == s->m): column[i] becomes the row of b that goes
 * with row i of a, by least sum of squared distances, or of distances when `root`. */
bool fm_match(const fm_samples *s, bool root, size_t *column, fm_error *err);

#endif
