#include "neighbours.h"

#include "blas.h"
#include "gemm.h"
#include "pool.h"
#include "sums.h"

#include <string.h>

enum { SIDE = 256, LEAST_SIDE = 8, NUMBERS = 1 << 20 }; /* rows in a block, and numbers */

/* A block of rows of a against a block of rows of b. The rows are taken less the mean of b: a
 * common offset would cost the estimates their digits. */
typedef struct block {
    const fm_samples *s;
    size_t side, i, j, rows, columns; /* pairs (i .. i + rows, j .. j + columns) */
    real *centre, *a, *b, *product;   /* product[r, c] = a_r . b_c */
    double *aa, *bb;                  /* |a_r|^2, |b_c|^2 */
    double share, least;              /* an estimate is off by at most share (|a|^2 + |b|^2) + least */
    void *room;
    size_t bytes;
} block;

/* Does what is wanted with one block whose product is there. */
typedef void visit(void *to, const block *p);

static bool open_block(block *p, const fm_samples *s, fm_error *err) {
    if (!fm_blas_fits(s->d)) return fm_fail(err, "rows of %zu numbers are too long", s->d);
    size_t side = NUMBERS / s->d;
    side = side < LEAST_SIDE ? LEAST_SIDE : side > SIDE ? SIDE : side;
    size_t doubles = 2 * side + s->d, reals = s->d + 2 * side * s->d + side * side;
    *p = (block){.s = s, .side = side, .bytes = doubles * sizeof(double) + reals * sizeof(real)};
    p->room = fm_pool_take(p->bytes);
    if (!p->room) return fm_fail(err, "out of memory: no room for blocks of %zu rows", side);
    p->aa = p->room;
    p->bb = p->aa + side;
    double *sums = p->bb + side;
    p->centre = (real *)(sums + s->d);
    p->a = p->centre + s->d;
    p->b = p->a + side * s->d;
    p->product = p->b + side * s->d;
    memset(sums, 0, s->d * sizeof *sums);
    for (size_t j = 0; j < s->m; j++) {
        for (size_t k = 0; k < s->d; k++) sums[k] += (double)s->b[j * s->d + k];
    }
    for (size_t k = 0; k < s->d; k++) p->centre[k] = (real)(sums[k] / (double)s->m);
    /* The rounding of d products and their sum is at most d EPSILON / 2 of |a|^2 + |b|^2; twice
     * that, and some for the other operations. */
    p->share = ((double)s->d + 16) * (double)FM_REAL_EPSILON;
    p->least = ((double)s->d + 16) * (sizeof(real) == sizeof(float) ? (double)FLT_MIN : DBL_MIN);
    return true;
}

/* Where a product could overflow, |a|^2 is NaN: no estimate decides there. */
FM_CLONES static void take_rows(size_t rows, size_t d, const real *restrict x, const real *restrict centre, real *restrict to,
                                double *restrict squares) {
    for (size_t r = 0; r < rows; r++, x += d, to += d) {
        for (size_t k = 0; k < d; k++) to[k] = x[k] - centre[k];
        FM_ROW_SUM(d, (double)to[i] * (double)to[i], sum);
        squares[r] = sum < FM_REAL_MAX / 4 ? sum : (double)NAN;
    }
}

static bool each_block(const fm_samples *s, visit *look, void *to, fm_error *err) {
    block p = {0};
    if (!open_block(&p, s, err)) return false;
    size_t d = s->d;
    for (p.i = 0; p.i < s->n; p.i += p.rows) {
        p.rows = s->n - p.i < p.side ? s->n - p.i : p.side;
        take_rows(p.rows, d, s->a + p.i * d, p.centre, p.a, p.aa);
        for (p.j = 0; p.j < s->m; p.j += p.columns) {
            p.columns = s->m - p.j < p.side ? s->m - p.j : p.side;
            take_rows(p.columns, d, s->b + p.j * d, p.centre, p.b, p.bb);
            fm_gemm(false, true, p.rows, p.columns, d, p.a, d, p.b, d, 0, p.product, p.columns);
            look(to, &p);
        }
    }
    fm_pool_give(p.room, p.bytes);
    return true;
}

static double measured(const block *p, size_t r, size_t c) {
    const fm_samples *s = p->s;
    return fm_squared_distance(s->d, s->a + (p->i + r) * s->d, s->b + (p->j + c) * s->d);
}

/* ---- the k nearest ---- */

typedef struct nearest {
    size_t k, *index;
    double *squared;
    bool apart;
} nearest;

static void insert(size_t k, size_t *index, double *squared, size_t j, double e) {
    size_t at = k - 1;
    for (; at > 0 && squared[at - 1] > e; at--) {
        squared[at] = squared[at - 1];
        index[at] = index[at - 1];
    }
    squared[at] = e;
    index[at] = j;
}

static void look_for_nearest(void *to, const block *p) {
    const nearest *w = to;
    for (size_t r = 0; r < p->rows; r++) {
        size_t i = p->i + r, *index = w->index + i * w->k;
        double *squared = w->squared + i * w->k, worst = squared[w->k - 1];
        const real *product = p->product + r * p->columns;
        double keep = 1 - p->share, most = worst - p->aa[r] * keep + p->least;
        for (size_t c = 0; c < p->columns; c++) {
            if (p->bb[c] * keep - 2 * (double)product[c] > most) continue; /* NaN is measured */
            if (w->apart && p->j + c == i) continue;
            double e = measured(p, r, c);
            if (!(e < worst)) continue;
            insert(w->k, index, squared, p->j + c, e);
            worst = squared[w->k - 1];
            most = worst - p->aa[r] * keep + p->least;
        }
    }
}

bool fm_nearest(const fm_samples *s, size_t k, bool apart, size_t *index, double *squared, fm_error *err) {
    for (size_t i = 0; i < s->n * k; i++) {
        index[i] = 0;
        squared[i] = INFINITY;
    }
    nearest w = {k, index, squared, apart};
    return each_block(s, look_for_nearest, &w, err);
}

/* ---- pairs within a limit ---- */

typedef struct within {
    const double *limit;
    size_t *of_a, *of_b;
} within;

static void count_within(void *to, const block *p) {
    const within *w = to;
    for (size_t r = 0; r < p->rows; r++) {
        const real *product = p->product + r * p->columns;
        for (size_t c = 0; c < p->columns; c++) {
            double sum = p->aa[r] + p->bb[c], e = sum - 2 * (double)product[c], off = sum * p->share + p->least;
            double limit = w->limit[p->j + c];
            if (e - off > limit) continue;
            if (!(e + off <= limit) && !(measured(p, r, c) <= limit)) continue;
            w->of_a[p->i + r]++;
            w->of_b[p->j + c]++;
        }
    }
}

bool fm_within(const fm_samples *s, const double *limit, size_t *of_a, size_t *of_b, fm_error *err) {
    memset(of_a, 0, s->n * sizeof *of_a);
    memset(of_b, 0, s->m * sizeof *of_b);
    within w = {limit, of_a, of_b};
    return each_block(s, count_within, &w, err);
}
