/* The cheapest one-to-one assignment of rows to columns: Jonker and Volgenant 1987 (column
 * reduction, reduction transfer, augmenting row reduction, then shortest augmenting paths). Exact;
 * O(n^3) at worst. */
#ifndef FM_ASSIGNMENT_H
#define FM_ASSIGNMENT_H

#include "error.h"

#include <stddef.h>

/* cost is [n, n], finite; column[i] becomes the 0-based column of row i. False with `err` filled: a
 * cost that is not finite, or no memory. */
bool fm_assignment(size_t n, const double *cost, size_t *column, fm_error *err);
/* The same, fast when rows that follow each other cost nearly the same, and columns too: it begins
 * with the prices of the problem of every second row and column. */
bool fm_assignment_sorted(size_t n, const double *cost, size_t *column, fm_error *err);

#endif
