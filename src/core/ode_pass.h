/* The passes of fm_ode_sum and fm_ode_error over a range of numbers. Each order of adding includes
 * these bodies, which are compiled with its own two functions. */
#ifndef FM_ODE_PASS_H
#define FM_ODE_PASS_H

#include "finite.h"
#include "real.h"
#include "threads.h"

#include <stdatomic.h>

typedef struct fm_ode_pass {
    const double *x, *y, *each; /* as in ode_sums.h */
    double h, atol, rtol;
    size_t n; /* numbers of a row */
    int m;
    const double *w;
    real *const *k;
    double *state;
    real *point;
    double *partial;
    atomic_bool *odd; /* or NULL; becomes true when a number of `state` is not finite */
} fm_ode_pass;

typedef struct fm_ode_sum_order {
    bool skips; /* slopes without weight are not in the pass: half of them, in many methods */
    void (*sum)(void *pass, size_t first, size_t last);
    void (*error)(void *pass, size_t first, size_t last);
} fm_ode_sum_order;

enum { FM_ODE_BLOCK = 256 }; /* sums that stay in the first cache */

/* sum[i] = w[0] k[0][first + i] + ..., with m terms, for i < len */
typedef void (*fm_ode_weigh)(const fm_ode_pass *p, size_t first, size_t len, double *restrict sum);
typedef double (*fm_ode_add_squares)(size_t n, const double *x);

FM_INLINE size_t fm_ode_block(size_t at, size_t last) {
    return last - at < FM_ODE_BLOCK ? last - at : FM_ODE_BLOCK;
}

FM_ALL_FINITE(fm_ode_range_is_finite, double)

FM_INLINE void fm_ode_sum_range(const fm_ode_pass *p, size_t first, size_t last, fm_ode_weigh weigh) {
    double sum[FM_ODE_BLOCK], h = p->h;
    for (size_t at = first; at < last; at += FM_ODE_BLOCK) {
        size_t len = fm_ode_block(at, last);
        weigh(p, at, len, sum);
        const double *x = p->x + at;
        for (size_t i = 0; i < len; i++) sum[i] = x[i] + h * sum[i];
        for (size_t i = 0; p->state && i < len; i++) p->state[at + i] = sum[i];
        for (size_t i = 0; p->point && i < len; i++) p->point[at + i] = (real)sum[i];
        if (p->odd && !fm_ode_range_is_finite(len, sum)) atomic_store_explicit(p->odd, true, memory_order_relaxed);
    }
}

FM_INLINE void fm_ode_error_range(const fm_ode_pass *p, size_t first, size_t last, fm_ode_weigh weigh, fm_ode_add_squares squares) {
    double sum[FM_ODE_BLOCK], plain = 0, scaled = 0, h = p->h, atol = p->atol, rtol = p->rtol;
    for (size_t at = first; at < last; at += FM_ODE_BLOCK) {
        size_t len = fm_ode_block(at, last);
        weigh(p, at, len, sum);
        const double *x = p->x + at, *y = p->y + at;
        for (size_t i = 0; i < len; i++) sum[i] *= h;
        plain += squares(len, sum);
        for (size_t i = 0; i < len; i++) {
            double a = fabs(x[i]), b = fabs(y[i]), larger = a > b ? a : b;
            sum[i] /= atol + larger * rtol;
        }
        scaled += squares(len, sum);
    }
    p->partial[2 * (first / FM_TILE)] = plain;
    p->partial[2 * (first / FM_TILE) + 1] = scaled;
}

/* Each lane has a sum of its own, so the result does not depend on the vector width. */
FM_INLINE double fm_ode_lanes_of_squares(size_t n, const double *x) {
    enum { LANES = 8 };
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++) lane[l] += x[i + l] * x[i + l];
    }
    for (; i < n; i++) lane[i % LANES] += x[i] * x[i];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

#endif
