/* The cheapest one-to-one assignment of rows to columns: Jonker and Volgenant 1987, whose shortest
 * augmenting paths begin with the prices of the problem of every second row and column, solved in
 * the same way. A row keeps lower bounds for groups of neighbouring columns, so a search reads few
 * of its costs. It is fast when rows that follow each other cost nearly the same, and columns too.
 * Exact to rounding: paths whose lengths differ by a few units in the last place count as equal.
 * O(n^3) at worst; for points in the plane about O(n^2.3). Beside the costs it needs 0.16 n^2
 * numbers. */
#ifndef FM_ASSIGNMENT_H
#define FM_ASSIGNMENT_H

#include "error.h"

#include <stddef.h>

#define FM_MOST_COST 1e300 /* larger costs are refused, so that sums along a path stay finite */

/* cost is [n, n], finite; column[i] becomes the 0-based column of row i. False with `err` filled: a
 * cost that is not finite, or no memory. */
bool fm_assignment(size_t n, const double *cost, size_t *column, fm_error *err);
/* Says in `err` why number i of [n, n] costs is refused: it is not finite, or too large. Returns
 * false. */
bool fm_refuse_cost(size_t n, size_t i, double cost, fm_error *err);

#endif
