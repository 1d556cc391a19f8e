#include "ode_sums.h"

#include "threads.h"

enum { BLOCK = 256, LANES = 8 }; /* a block of sums stays in the first cache; lanes are summed apart, whatever the vector width */

typedef struct pass {
    const double *x, *y, *each;
    double h, atol, rtol;
    int m;
    double w[FM_ODE_ROWS];
    const real *k[FM_ODE_ROWS];
    size_t stride; /* of k[0], a matrix that holds all rows; 0: it does not */
    double *state;
    real *point;
    double *partial;
} pass;

/* Rows without weight are left out: half of them, in many methods. */
static void pass_rows(pass *p, int m, const double *w, real *const *k) {
    p->m = 0;
    for (int j = 0; j < m; j++) {
        if (w[j] == 0) continue;
        p->w[p->m] = w[j];
        p->k[p->m++] = k[j];
    }
}

FM_INLINE void weigh(const pass *p, size_t first, size_t len, double *restrict sum) {
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

FM_INLINE double lanes_of_squares(size_t n, const double *x) {
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++) lane[l] += x[i + l] * x[i + l];
    }
    for (; i < n; i++) lane[i % LANES] += x[i] * x[i];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

#ifdef FM_DOUBLE
/* The same in the order of numpy.dot (OpenBLAS' kernels for AVX-512), to the last bit on any machine. An error estimate is a sum that
 * cancels: where it comes near round-off, that bit steers SciPy's steps, and ours with it. Slopes are taken by fours, then two, then one;
 * a state of two or three numbers by twos; the last n % 4 numbers of others one after the other. */
FM_INLINE void weigh_fours(const pass *p, size_t first, size_t len, double *restrict sum) {
    size_t n = p->stride;
    const double *k = p->k[0] + first, *w = p->w, *stop = w + p->m;
    for (size_t i = 0; i < len; i++) sum[i] = 0;
    for (; w + 4 <= stop; w += 4, k += 4 * n) {
        for (size_t i = 0; i < len; i++) sum[i] += fma(k[i + 3 * n], w[3], fma(k[i + 2 * n], w[2], fma(k[i], w[0], k[i + n] * w[1])));
    }
    if (w + 2 <= stop) {
        for (size_t i = 0; i < len; i++) sum[i] += fma(k[i], w[0], k[i + n] * w[1]);
        w += 2, k += 2 * n;
    }
    for (size_t i = 0; w < stop && i < len; i++) sum[i] += k[i] * w[0];
}

FM_INLINE double weigh_one(const pass *p, size_t i) {
    size_t n = p->stride;
    const double *k = p->k[0] + i, *w = p->w;
    int j = 0, by_twos = n == 2 || n == 3 ? p->m & ~3 : 0;
    double sum = 0;
    for (; j < by_twos; j += 2) sum += fma(k[(size_t)j * n], w[j], k[(size_t)(j + 1) * n] * w[j + 1]);
    for (; j < p->m; j++) sum = fma(k[(size_t)j * n], w[j], sum);
    return sum;
}

FM_INLINE void weigh_matrix(const pass *p, size_t first, size_t len, double *sum) {
    size_t fours = p->stride & ~(size_t)3, whole = first + len <= fours ? len : fours - first;
    weigh_fours(p, first, whole, sum);
    for (size_t i = whole; i < len; i++) sum[i] = weigh_one(p, first + i);
}

/* The rows are those of a matrix as SciPy has it: without gaps, in order. */
static void pass_matrix(pass *p, size_t n, int m, const double *w, real *const *k) {
    bool matrix = true;
    for (int j = 1; matrix && j < m; j++) matrix = k[j] == k[0] + (size_t)j * n;
    if (!matrix) {
        pass_rows(p, m, w, k);
        return;
    }
    p->stride = n;
    p->m = m;
    p->k[0] = k[0];
    for (int j = 0; j < m; j++) p->w[j] = w[j];
}

FM_INLINE double sum_of_squares(size_t n, const double *x) {
    double sum = 0;
    if (n >= 16) return lanes_of_squares(n, x);
    for (size_t i = 0; i < n; i++) sum = fma(x[i], x[i], sum);
    return sum;
}
#else
FM_INLINE void weigh_matrix(const pass *p, size_t first, size_t len, double *sum) {
    weigh(p, first, len, sum);
}

static void pass_matrix(pass *p, size_t n, int m, const double *w, real *const *k) {
    (void)n;
    pass_rows(p, m, w, k);
}

FM_INLINE double sum_of_squares(size_t n, const double *x) {
    return lanes_of_squares(n, x);
}
#endif

FM_CLONES static void sum_tile(void *context, size_t first, size_t last) {
    const pass *p = context;
    double sum[BLOCK], h = p->h;
    for (size_t at = first; at < last; at += BLOCK) {
        size_t len = last - at < BLOCK ? last - at : BLOCK;
        if (p->stride) weigh_matrix(p, at, len, sum);
        else weigh(p, at, len, sum);
        const double *x = p->x + at;
        for (size_t i = 0; i < len; i++) sum[i] = x[i] + h * sum[i];
        for (size_t i = 0; p->state && i < len; i++) p->state[at + i] = sum[i];
        for (size_t i = 0; p->point && i < len; i++) p->point[at + i] = (real)sum[i];
    }
}

void fm_ode_sum(size_t n, const double *x, double h, int m, const double *w, real *const *k, double *state, real *point) {
    pass p = {.x = x, .h = h, .state = state, .point = point};
    pass_matrix(&p, n, m, w, k);
    fm_parallel(n, FM_TILE, sum_tile, &p);
}

FM_CLONES static void error_tile(void *context, size_t first, size_t last) {
    const pass *p = context;
    double sum[BLOCK], plain = 0, scaled = 0, h = p->h, atol = p->atol, rtol = p->rtol;
    for (size_t at = first; at < last; at += BLOCK) {
        size_t len = last - at < BLOCK ? last - at : BLOCK;
        if (p->stride) weigh_matrix(p, at, len, sum);
        else weigh(p, at, len, sum);
        const double *x = p->x + at, *y = p->y + at;
        for (size_t i = 0; i < len; i++) sum[i] *= h;
        plain += sum_of_squares(len, sum);
        for (size_t i = 0; i < len; i++) {
            double a = fabs(x[i]), b = fabs(y[i]), larger = a > b ? a : b;
            sum[i] /= atol + larger * rtol;
        }
        scaled += sum_of_squares(len, sum);
    }
    p->partial[2 * (first / FM_TILE)] = plain;
    p->partial[2 * (first / FM_TILE) + 1] = scaled;
}

size_t fm_ode_partials(size_t n) {
    return 2 * (n / FM_TILE + 1);
}

fm_ode_squares fm_ode_error(size_t n, const double *x, const double *y, double atol, double rtol, double h, int m, const double *w,
                            real *const *k, double *partial) {
    pass p = {.x = x, .y = y, .h = h, .atol = atol, .rtol = rtol, .partial = partial};
    fm_ode_squares sum = {0, 0};
    pass_matrix(&p, n, m, w, k);
    fm_parallel(n, FM_TILE, error_tile, &p);
    for (size_t i = 0; i * FM_TILE < n; i++) {
        sum.plain += partial[2 * i];
        sum.scaled += partial[2 * i + 1];
    }
    return sum;
}

FM_CLONES static void sum_each_tile(void *context, size_t first, size_t last) {
    const pass *p = context;
    double sum[BLOCK];
    for (size_t at = first; at < last; at += BLOCK) {
        size_t len = last - at < BLOCK ? last - at : BLOCK;
        weigh(p, at, len, sum);
        const double *x = p->x + at, *h = p->each + at;
        for (size_t i = 0; i < len; i++) sum[i] = x[i] + h[i] * sum[i];
        for (size_t i = 0; p->state && i < len; i++) p->state[at + i] = sum[i];
        for (size_t i = 0; p->point && i < len; i++) p->point[at + i] = (real)sum[i];
    }
}

void fm_ode_sum_each(size_t n, const double *x, const double *each, int m, const double *w, real *const *k, double *state, real *point) {
    pass p = {.x = x, .each = each, .state = state, .point = point};
    pass_rows(&p, m, w, k);
    fm_parallel(n, FM_TILE, sum_each_tile, &p);
}

FM_CLONES static void error_each_tile(void *context, size_t first, size_t last) {
    const pass *p = context;
    for (size_t at = first; at < last; at += BLOCK) {
        size_t len = last - at < BLOCK ? last - at : BLOCK;
        double *sum = p->state + at;
        const double *h = p->each + at;
        weigh(p, at, len, sum);
        for (size_t i = 0; i < len; i++) sum[i] *= h[i];
    }
}

void fm_ode_error_each(size_t n, const double *each, int m, const double *w, real *const *k, double *error) {
    pass p = {.each = each, .state = error};
    pass_rows(&p, m, w, k);
    fm_parallel(n, FM_TILE, error_each_tile, &p);
}

FM_CLONES static void round_range(size_t n, const double *restrict x, real *restrict point) {
    for (size_t i = 0; i < n; i++) point[i] = (real)x[i];
}

void fm_ode_round(size_t n, const double *x, real *point) {
    round_range(n, x, point);
}

/* 0 * x is 0 for a finite x and NaN for any other. */
FM_CLONES static double zeros(size_t n, const double *x) {
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++) lane[l] += 0 * x[i + l];
    }
    for (; i < n; i++) lane[0] += 0 * x[i];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

bool fm_ode_finite(size_t n, const double *x) {
    return zeros(n, x) == 0;
}

bool fm_ode_finite_slope(size_t n, const real *k) {
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(k[i])) return false;
    }
    return true;
}
