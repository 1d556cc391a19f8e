#include "ode_sums.h"

#include "ode_pass.h"

/* ---- the plain order ---- */

FM_INLINE void weigh(const fm_ode_pass *p, size_t first, size_t len, double *restrict sum) {
    if (!p->m) {
        for (size_t i = 0; i < len; i++) sum[i] = 0;
        return;
    }
    const real *k = p->k[0] + first;
    double w = p->w[0];
    for (size_t i = 0; i < len; i++) sum[i] = w * (double)k[i];
    for (int j = 1; j < p->m; j++) {
        k = p->k[j] + first;
        w = p->w[j];
        for (size_t i = 0; i < len; i++) sum[i] += w * (double)k[i];
    }
}

FM_CLONES static void sum_tile(void *context, size_t first, size_t last) {
    fm_ode_sum_range(context, first, last, weigh);
}

FM_CLONES static void error_tile(void *context, size_t first, size_t last) {
    fm_ode_error_range(context, first, last, weigh, fm_ode_lanes_of_squares);
}

const fm_ode_sum_order fm_ode_plain_order = {.skips = true, .sum = sum_tile, .error = error_tile};

/* ---- one step for all numbers ---- */

/* The slopes that have a weight. */
typedef struct weighted {
    double w[FM_ODE_ROWS];
    real *k[FM_ODE_ROWS];
} weighted;

static void set_weighted(fm_ode_pass *p, weighted *to, int m, const double *w, real *const *k) {
    p->m = 0;
    p->w = to->w;
    p->k = to->k;
    for (int j = 0; j < m; j++) {
        if (w[j] == 0) continue;
        to->w[p->m] = w[j];
        to->k[p->m++] = k[j];
    }
}

bool fm_ode_sum(const fm_ode_sum_order *order, size_t n, const double *x, double h, int m, const double *w, real *const *k, double *state,
                real *point) {
    weighted some;
    atomic_bool odd = false;
    fm_ode_pass p = {.x = x, .h = h, .n = n, .m = m, .w = w, .k = k, .state = state, .point = point, .odd = state ? &odd : NULL};
    if (order->skips) set_weighted(&p, &some, m, w, k);
    fm_parallel(n, FM_TILE, order->sum, &p);
    return !atomic_load_explicit(&odd, memory_order_relaxed);
}

size_t fm_ode_partials(size_t n) {
    return 2 * (n / FM_TILE + 1);
}

fm_ode_squares fm_ode_error(const fm_ode_sum_order *order, size_t n, const double *x, const double *y, double atol, double rtol, double h,
                            int m, const double *w, real *const *k, double *partial) {
    weighted some;
    fm_ode_pass p = {.x = x, .y = y, .h = h, .atol = atol, .rtol = rtol, .n = n, .m = m, .w = w, .k = k, .partial = partial};
    fm_ode_squares sum = {0, 0};
    if (order->skips) set_weighted(&p, &some, m, w, k);
    fm_parallel(n, FM_TILE, order->error, &p);
    for (size_t i = 0; i * FM_TILE < n; i++) {
        sum.plain += partial[2 * i];
        sum.scaled += partial[2 * i + 1];
    }
    return sum;
}

static void units_tile(void *context, size_t first, size_t last) {
    const fm_ode_pass *p = context;
    p->partial[first / FM_TILE] = fm_ode_squares_in_units(last - first, p->h, p->x + first, p->atol, p->rtol);
}

double fm_ode_all_squares_in_units(size_t n, double factor, const double *x, double atol, double rtol, double *partial) {
    fm_ode_pass p = {.x = x, .h = factor, .atol = atol, .rtol = rtol, .partial = partial};
    double sum = 0;
    fm_parallel(n, FM_TILE, units_tile, &p);
    for (size_t i = 0; i * FM_TILE < n; i++) sum += partial[i];
    return sum;
}

double fm_ode_squares_in_units(size_t n, double factor, const double *x, double atol, double rtol) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double scaled = factor * x[i] / (atol + rtol * fabs(x[i]));
        sum += scaled * scaled;
    }
    return sum;
}

/* ---- a step for every number ---- */

FM_CLONES static void sum_each_tile(void *context, size_t first, size_t last) {
    const fm_ode_pass *p = context;
    double sum[FM_ODE_BLOCK];
    for (size_t at = first; at < last; at += FM_ODE_BLOCK) {
        size_t len = fm_ode_block(at, last);
        weigh(p, at, len, sum);
        const double *x = p->x + at, *h = p->each + at;
        for (size_t i = 0; i < len; i++) sum[i] = x[i] + h[i] * sum[i];
        for (size_t i = 0; p->state && i < len; i++) p->state[at + i] = sum[i];
        for (size_t i = 0; p->point && i < len; i++) p->point[at + i] = (real)sum[i];
    }
}

void fm_ode_sum_each(size_t n, const double *x, const double *each, int m, const double *w, real *const *k, double *state, real *point) {
    weighted some;
    fm_ode_pass p = {.x = x, .each = each, .state = state, .point = point};
    set_weighted(&p, &some, m, w, k);
    fm_parallel(n, FM_TILE, sum_each_tile, &p);
}

FM_CLONES static void error_each_tile(void *context, size_t first, size_t last) {
    const fm_ode_pass *p = context;
    for (size_t at = first; at < last; at += FM_ODE_BLOCK) {
        size_t len = fm_ode_block(at, last);
        double *sum = p->state + at;
        const double *h = p->each + at;
        weigh(p, at, len, sum);
        for (size_t i = 0; i < len; i++) sum[i] *= h[i];
    }
}

void fm_ode_error_each(size_t n, const double *each, int m, const double *w, real *const *k, double *error) {
    weighted some;
    fm_ode_pass p = {.each = each, .state = error};
    set_weighted(&p, &some, m, w, k);
    fm_parallel(n, FM_TILE, error_each_tile, &p);
}

/* ---- states ---- */

typedef struct conversion {
    const double *wide;
    double *to_wide;
    const real *from;
    real *to;
    atomic_bool odd; /* a number that is not finite was found */
} conversion;

FM_CLONES static void round_tile(void *context, size_t first, size_t last) {
    const conversion *c = context;
    const double *restrict x = c->wide;
    real *restrict point = c->to;
    for (size_t i = first; i < last; i++) point[i] = (real)x[i];
}

void fm_ode_round(size_t n, const double *x, real *point) {
    conversion c = {.wide = x, .to = point};
    fm_parallel(n, FM_LIGHT, round_tile, &c);
}

static void found_odd(conversion *c) {
    atomic_store_explicit(&c->odd, true, memory_order_relaxed);
}

static bool none_odd(conversion *c) {
    return !atomic_load_explicit(&c->odd, memory_order_relaxed);
}

FM_CLONES static void widen_tile(void *context, size_t first, size_t last) {
    conversion *c = context;
    const real *restrict x = c->from;
    double *restrict state = c->to_wide;
    for (size_t i = first; i < last; i++) state[i] = (double)x[i];
    if (!fm_ode_range_is_finite(last - first, state + first)) found_odd(c);
}

bool fm_ode_widen(size_t n, const real *x, double *state) {
    conversion c = {.from = x, .to_wide = state};
    fm_parallel(n, FM_LIGHT, widen_tile, &c);
    return none_odd(&c);
}

static void finite_slope_tile(void *context, size_t first, size_t last) {
    conversion *c = context;
    if (!fm_ode_finite_slope(last - first, c->from + first)) found_odd(c);
}

bool fm_ode_all_finite_slope(size_t n, const real *k) {
    conversion c = {.from = k};
    fm_parallel(n, FM_LIGHT, finite_slope_tile, &c);
    return none_odd(&c);
}

bool fm_ode_finite_slope(size_t n, const real *k) {
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(k[i])) return false;
    }
    return true;
}
