/* Which row of one sample goes with which row of another: the cheapest one-to-one matching. Rows
 * that lie near each other are put next to each other first, which the assignment is fast on. */
#ifndef FM_PAIRING_H
#define FM_PAIRING_H

#include "distance.h"
#include "error.h"

/* For samples of one size (s->n == s->m): column[i] becomes the row of b that goes with row i of a,
 * by least sum of squared distances, or of distances when `root`. False with `err` filled: a
 * distance that is not finite, or no memory. This holds for all functions here. */
bool fm_match(const fm_samples *s, bool root, size_t *column, fm_error *err);

/* The cheapest matching of rows and columns for any costs [n, n]. */
bool fm_match_costs(size_t n, const real *cost, size_t *column, fm_error *err);

/* The same by least sum of M + weight C, where M is the squared distance; c [n, n] has C of row i
 * of b (x0) and row j of a (x1) at [i, j]. */
bool fm_match_conditions(const fm_samples *s, const real *c, double weight, size_t *column, fm_error *err);
/* The weight at which the share of all pairs (i, j) with M_ij + weight C_ij <= M_jj falls to
 * `ratio`: the k-th largest of the limits (M_jj - M_ij) / C_ij, i ~= j, C_ij > 0, where k is ratio
 * n^2, rounded, less n and the pairs with C_ij = 0 that count at every weight; the largest when k
 * < 1, 0 when fewer than k limits are positive. Cheng and Schwing 2025. */
bool fm_condition_weight(const fm_samples *s, const real *c, double ratio, double *weight, fm_error *err);

#endif
