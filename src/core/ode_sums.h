/* The passes over the numbers of a solver. A state is kept in double and shown to the field as `real`, so that rounding does not
 * pile up over the steps; slopes are `real`. Results do not depend on the number of threads. */
#ifndef FM_ODE_SUMS_H
#define FM_ODE_SUMS_H

#include "real.h"

enum { FM_ODE_ROWS = 20 }; /* slopes of one step, at most */

/* x + h (w[0] k[0] + ... + w[m - 1] k[m - 1]), to `state` and, rounded, to `point`; either may be NULL. x and state may be one. */
void fm_ode_sum(size_t n, const double *x, double h, int m, const double *w, real *const *k, double *state, real *point);

/* Sum over i of (h (w[0] k[0][i] + ...) / (atol + rtol max(|x[i]|, |y[i]|)))^2. `partial` has fm_ode_partials(n) numbers. */
double fm_ode_error(size_t n, const double *x, const double *y, double atol, double rtol, double h, int m, const double *w, real *const *k,
                    double *partial);
size_t fm_ode_partials(size_t n);

/* The same two with a step of its own for every number, each[i]; the errors' squares go to square[i]. */
void fm_ode_sum_each(size_t n, const double *x, const double *each, int m, const double *w, real *const *k, double *state, real *point);
void fm_ode_error_each(size_t n, const double *x, const double *y, double atol, double rtol, const double *each, int m, const double *w,
                       real *const *k, double *square);

void fm_ode_round(size_t n, const double *x, real *point);
bool fm_ode_finite(size_t n, const double *x);

#endif
