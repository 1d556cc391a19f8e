/* Entropic transport between two samples with equal weights: the plan P that makes sum P c + reg
 * sum P log P least, c = |a - b|^2, by Sinkhorn's iteration. Cuturi 2013. */
#ifndef FM_SINKHORN_H
#define FM_SINKHORN_H

#include "distance.h"
#include "error.h"

typedef struct fm_sinkhorn {
    double reg; /* > 0 */
    size_t iterations;
    double tolerance; /* it ends once no row's sum is further than this from 1/n; the columns' sums are then exact */
    /* what came of it: */
    size_t used;
    double error, cost; /* that distance, and sum P c */
} fm_sinkhorn;

/* plan is [n, m]. However small reg is, no number is lost: an iteration that would leave the range
 * of numbers is done with logarithms. False with `err`: a distance that is not finite, a reg
 * below 1e-14 of the largest, or no memory. */
bool fm_sinkhorn_plan(const fm_samples *s, fm_sinkhorn *o, real *plan, fm_error *err);

/* For each column j of plan [n, m] a row, drawn by its share of the column: the first at which the
 * sum from above is over u[j] times the whole, 0 <= u < 1. 0-based. */
void fm_draw_rows(size_t n, size_t m, const real *plan, const real *u, size_t *row);

#endif
