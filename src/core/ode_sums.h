/* The passes over the numbers of a solver. A state is kept in double and shown to the field as
 * `real`, so that rounding errors do not add up over the steps; slopes are `real`. Results do not
 * depend on the number of threads. */
#ifndef FM_ODE_SUMS_H
#define FM_ODE_SUMS_H

#include "ode_tableau.h"

/* In which order slopes and squares are added. */
typedef struct fm_ode_sum_order fm_ode_sum_order; /* ode_pass.h */
extern const fm_ode_sum_order fm_ode_plain_order; /* from the first slope to the last */
extern const fm_ode_sum_order fm_ode_scipy_order; /* SciPy's, to the last bit when real is double */

/* x + h (w[0] k[0] + ... + w[m - 1] k[m - 1]), to `state` and, rounded, to `point`; either may be
 * NULL. x and state may be one. False when a number of the state is not finite. */
bool fm_ode_sum(const fm_ode_sum_order *order, size_t n, const double *x, double h, int m, const double *w, real *const *k, double *state,
                real *point);

/* Sums over i of e^2 and of (e / (atol + rtol max(|x[i]|, |y[i]|)))^2, where e = h (w[0] k[0][i] +
 * ...). `partial` has fm_ode_partials(n) numbers. */
typedef struct fm_ode_squares {
    double plain, scaled;
} fm_ode_squares;
fm_ode_squares fm_ode_error(const fm_ode_sum_order *order, size_t n, const double *x, const double *y, double atol, double rtol, double h,
                            int m, const double *w, real *const *k, double *partial);
size_t fm_ode_partials(size_t n);
/* The same sums for numbers e that are there, one after the other: for a row. */
static inline fm_ode_squares fm_ode_squares_of(size_t n, const double *e, const double *x, const double *y, double atol, double rtol) {
    fm_ode_squares sum = {0, 0};
    for (size_t i = 0; i < n; i++) {
        double a = fabs(x[i]), b = fabs(y[i]), scaled = e[i] / (atol + rtol * (a > b ? a : b));
        sum.plain += e[i] * e[i];
        sum.scaled += scaled * scaled;
    }
    return sum;
}
/* The sum of (factor x[i] / (atol + rtol |x[i]|))^2, one after the other: for a row; or of all
 * numbers, with `partial` as above. */
double fm_ode_squares_in_units(size_t n, double factor, const double *x, double atol, double rtol);
double fm_ode_all_squares_in_units(size_t n, double factor, const double *x, double atol, double rtol, double *partial);

/* With a step of its own for every number, each[i]: the sum as above, and the error e itself. The
 * result for a number depends neither on its position nor on the others. */
void fm_ode_sum_each(size_t n, const double *x, const double *each, int m, const double *w, real *const *k, double *state, real *point);
void fm_ode_error_each(size_t n, const double *each, int m, const double *w, real *const *k, double *error);

void fm_ode_round(size_t n, const double *x, real *point);
bool fm_ode_widen(size_t n, const real *x, double *state); /* false when one is not finite; all are written */
bool fm_ode_finite_slope(size_t n, const real *k);         /* of a row */
bool fm_ode_all_finite_slope(size_t n, const real *k);

/* Bytes of a block, so that the next one starts on a cache line. */
static inline size_t fm_ode_padded(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

#endif
