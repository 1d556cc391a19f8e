#include "pair_means.h"

#include "blas.h"
#include "exp_negative.h"
#include "pool.h"
#include "sums.h"

#include <string.h>

enum { SIDE = 128, LEAST_SIDE = 8, NUMBERS = 1 << 21 }; /* rows in a block, and numbers */
enum { SHORT = 24 };                                    /* rows up to this length need no matrix product */

/* A block of rows of a against a block of rows of b. */
typedef struct block {
    const fm_samples *s;
    bool dots;                               /* it holds products a . b, else squared distances */
    bool apart;                              /* without pairs (i, i) */
    size_t side, i, j, rows, columns;        /* pairs (i .. i + rows, j .. j + columns) */
    double *centre, *a, *b, *aa, *bb, *pair; /* rows of a; rows of b, or its columns [d, side] of short rows; |a|^2, |b|^2; [side, side] */
    double *room;
    size_t bytes;
} block;

/* Adds up what is wanted of a row of pairs, which it may overwrite. */
typedef double row_sum(const void *how, size_t n, double *pair);

static bool open_block(block *p, const fm_samples *s, bool dots, bool apart, fm_error *err) {
    if (!fm_blas_fits(s->d)) return fm_fail(err, "rows of %zu numbers are too long", s->d);
    size_t side = NUMBERS / s->d;
    side = side < LEAST_SIDE ? LEAST_SIDE : side > SIDE ? SIDE : side;
    size_t count = s->d + 2 * side * s->d + 2 * side + side * side;
    *p = (block){.s = s, .dots = dots, .apart = apart, .side = side, .bytes = count * sizeof(double)};
    p->centre = p->room = fm_pool_take(p->bytes);
    if (!p->room) return fm_fail(err, "out of memory: no room for blocks of %zu rows", side);
    memset(p->room, 0, p->bytes);
    p->a = p->centre + s->d;
    p->b = p->a + side * s->d;
    p->aa = p->b + side * s->d;
    p->bb = p->aa + side;
    p->pair = p->bb + side;
    if (dots || s->d <= SHORT) return true;
    for (size_t j = 0; j < s->m; j++) { /* a common offset would cost |a|^2 + |b|^2 - 2 a . b its digits */
        for (size_t k = 0; k < s->d; k++) p->centre[k] += (double)s->b[j * s->d + k] / (double)s->m;
    }
    return true;
}

/* Rows of x less the centre, and their squares. */
FM_CLONES static void take_rows(size_t rows, size_t d, const real *restrict x, const double *restrict centre, double *restrict to,
                                double *restrict squares) {
    for (size_t r = 0; r < rows; r++, x += d, to += d) {
        for (size_t k = 0; k < d; k++) to[k] = (double)x[k] - centre[k];
        FM_ROW_SUM(d, to[i] * to[i], sum);
        squares[r] = sum;
    }
}

static void take_columns(size_t columns, size_t side, size_t d, const real *x, double *to) {
    for (size_t c = 0; c < columns; c++) {
        for (size_t k = 0; k < d; k++) to[k * side + c] = (double)x[c * d + k];
    }
}

/* pair [rows, side] of short rows; what lies behind the last column means nothing. */
FM_CLONES static void short_pairs(size_t rows, size_t side, size_t d, bool dots, const double *restrict a, const double *restrict b,
                                  double *restrict pair) {
    for (size_t r = 0; r < rows; r++, a += d, pair += side) {
        memset(pair, 0, side * sizeof *pair);
        for (size_t k = 0; k < d; k++) {
            const double x = a[k], *y = b + k * side;
            if (dots) {
                for (size_t c = 0; c < side; c++) pair[c] += x * y[c];
            } else {
                for (size_t c = 0; c < side; c++) pair[c] += (x - y[c]) * (x - y[c]);
            }
        }
    }
}

/* Squared distances from products. Where most of the digits cancel they are measured again. */
static void distances(const block *p) {
    const fm_samples *s = p->s;
    for (size_t r = 0; r < p->rows; r++) {
        double *pair = p->pair + r * p->side;
        for (size_t c = 0; c < p->columns; c++) {
            double sum = p->aa[r] + p->bb[c], e = sum - 2 * pair[c];
            pair[c] = e > 1e-3 * sum ? e : fm_squared_distance(s->d, s->a + (p->i + r) * s->d, s->b + (p->j + c) * s->d);
        }
    }
}

static void fill(block *p) {
    size_t d = p->s->d;
    const real *b = p->s->b + p->j * d;
    if (d <= SHORT) {
        take_columns(p->columns, p->side, d, b, p->b);
        short_pairs(p->rows, p->side, d, p->dots, p->a, p->b, p->pair);
        return;
    }
    take_rows(p->columns, d, b, p->centre, p->b, p->bb);
    fm_gemm_wide(p->rows, p->columns, d, p->a, p->b, p->pair, p->side);
    if (!p->dots) distances(p);
}

/* The sum of a block; a pair (i, i) that is left out becomes one whose term is 0. */
static double sum_of(const block *p, row_sum *sum, const void *how) {
    double total = 0, nothing = p->dots ? -(double)p->s->d : INFINITY;
    for (size_t r = 0; r < p->rows; r++) {
        if (p->apart && p->i + r >= p->j && p->i + r < p->j + p->columns) p->pair[r * p->side + p->i + r - p->j] = nothing;
        total += sum(how, p->columns, p->pair + r * p->side);
    }
    return total;
}

static bool mean_of(const fm_samples *s, bool dots, bool apart, row_sum *sum, const void *how, double *mean, fm_error *err) {
    block p = {0};
    if (!open_block(&p, s, dots, apart, err)) return false;
    bool same = s->a == s->b && s->n == s->m;
    double total = 0;
    for (p.i = 0; p.i < s->n; p.i += p.rows) {
        p.rows = s->n - p.i < p.side ? s->n - p.i : p.side;
        take_rows(p.rows, s->d, s->a + p.i * s->d, p.centre, p.a, p.aa);
        for (p.j = same ? p.i : 0; p.j < s->m; p.j += p.columns) {
            p.columns = s->m - p.j < p.side ? s->m - p.j : p.side;
            fill(&p);
            total += sum_of(&p, sum, how) * (same && p.j > p.i ? 2 : 1);
        }
    }
    fm_pool_give(p.room, p.bytes);
    *mean = total / ((double)s->n * ((double)s->m - (apart ? 1 : 0)));
    return true;
}

/* ---- what is summed ---- */

FM_CLONES static double sum_roots(const void *how, size_t n, double *pair) {
    (void)how;
    for (size_t i = 0; i < n; i++) pair[i] = sqrt(pair[i]);
    FM_ROW_SUM(n, pair[i], sum);
    return sum;
}

FM_CLONES static double sum_cubes(const void *how, size_t n, double *pair) {
    double d = *(const double *)how;
    for (size_t i = 0; i < n; i++) {
        double e = pair[i] / d + 1;
        pair[i] = e * e * e;
    }
    FM_ROW_SUM(n, pair[i], sum);
    return sum;
}

typedef struct widths {
    size_t count;
    const double *sigma;
} widths;

FM_CLONES static double sum_gaussians(const void *how, size_t n, double *pair) {
    const widths *w = how;
    double total = 0, term[SIDE];
    for (size_t s = 0; s < w->count; s++) {
        double k = -1 / (2 * w->sigma[s] * w->sigma[s]);
        for (size_t i = 0; i < n; i++) term[i] = fm_exp_negative(k * pair[i]);
        FM_ROW_SUM(n, term[i], sum);
        total += sum;
    }
    return total;
}

bool fm_mean_distance(const fm_samples *s, double *mean, fm_error *err) {
    return mean_of(s, false, false, sum_roots, NULL, mean, err);
}

bool fm_mean_gaussian(const fm_samples *s, size_t count, const double *sigma, bool apart, double *mean, fm_error *err) {
    widths w = {count, sigma};
    return mean_of(s, false, apart, sum_gaussians, &w, mean, err);
}

bool fm_mean_cubic(const fm_samples *s, bool apart, double *mean, fm_error *err) {
    double d = (double)s->d;
    return mean_of(s, true, apart, sum_cubes, &d, mean, err);
}
