/* A point and a velocity of a probability path between pairs, in one pass (Lipman et al. 2023,
 * section 4):  xt = a(t) x1 + s(t) x0,  u = a'(t) x1 + s'(t) x0;  t = 0 is the source x0, t = 1 the
 * data x1. */
#ifndef FM_PATH_H
#define FM_PATH_H

#include "real.h"

/* A coefficient for each row: p[row * step], step 0 for the same number everywhere. */
typedef struct fm_coefficient {
    const real *p;
    size_t step;
} fm_coefficient;

/* All of x0, x1, xt, u are [rows, columns]. */
void fm_path_sample(size_t rows, size_t columns, const real *x0, const real *x1, fm_coefficient a, fm_coefficient s, fm_coefficient da,
                    fm_coefficient ds, real *xt, real *u);

#endif
