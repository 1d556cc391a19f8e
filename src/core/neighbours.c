#include "neighbours.h"

#include "blas.h"
#include "gemm.h"
#include "pool.h"
#include "sums.h"
#include "threads.h"

#include <string.h>

enum { ROWS = 64, SIDE = 256, LEAST_SIDE = 8, NUMBERS = 1 << 20 }; /* rows of a tile, of a block of b, and numbers */
enum { TILES = 64, LEAST_TILES = 8 };                              /* of a block of a */

/* A block of rows of a against a block of rows of b; tiles of the rows of a are worked on at once.
 * The rows are taken less the mean of b: a common offset would cost the estimates their digits. */
typedef struct block {
    const fm_samples *s;
    size_t most_rows, side;     /* of a block of a, of b */
    size_t i, j, rows, columns; /* pairs (i .. i + rows, j .. j + columns) */
    real *centre, *a, *b;
    double *aa, *bb;     /* |a_r|^2, |b_c|^2 */
    double share, least; /* an estimate is off by at most share (|a|^2 + |b|^2) + least */
    void *room;
    size_t bytes;
} block;

/* Does what is wanted with rows first..last - 1 of a block; product[r - first, c] = a_r . b_c. */
typedef void visit(void *to, const block *p, size_t first, size_t last, const real *product);

typedef struct looking {
    const block *p;
    visit *look;
    void *to;
} looking;

static void sum_columns(const fm_samples *s, double *sums) {
    memset(sums, 0, s->d * sizeof *sums);
    for (size_t j = 0; j < s->m; j++) {
        for (size_t k = 0; k < s->d; k++) sums[k] += (double)s->b[j * s->d + k];
    }
}

static bool open_block(block *p, const fm_samples *s, fm_error *err) {
    if (!fm_blas_fits(s->d)) return fm_fail(err, "rows of %zu numbers are too long", s->d);
    size_t side = NUMBERS / s->d, tiles = NUMBERS / (ROWS * s->d), needed = (s->n + ROWS - 1) / ROWS;
    side = side < LEAST_SIDE ? LEAST_SIDE : side > SIDE ? SIDE : side;
    tiles = tiles < LEAST_TILES ? LEAST_TILES : tiles > TILES ? TILES : tiles;
    tiles = tiles < needed ? tiles : needed;
    size_t rows = tiles * ROWS, doubles = rows + side + s->d, reals = s->d + (rows + side) * s->d;
    *p = (block){.s = s, .most_rows = rows, .side = side, .bytes = doubles * sizeof(double) + reals * sizeof(real)};
    p->room = fm_pool_take(p->bytes);
    if (!p->room) return fm_fail(err, "out of memory: no room for blocks of %zu rows", rows);
    p->aa = p->room;
    p->bb = p->aa + rows;
    double *sums = p->bb + side;
    p->centre = (real *)(sums + s->d);
    p->a = p->centre + s->d;
    p->b = p->a + rows * s->d;
    sum_columns(s, sums);
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

static void take_tile_of_a(void *context, size_t first, size_t last) {
    const block *p = context;
    size_t d = p->s->d;
    take_rows(last - first, d, p->s->a + (p->i + first) * d, p->centre, p->a + first * d, p->aa + first);
}

static void take_tile_of_b(void *context, size_t first, size_t last) {
    const block *p = context;
    size_t d = p->s->d;
    take_rows(last - first, d, p->s->b + (p->j + first) * d, p->centre, p->b + first * d, p->bb + first);
}

static void look_at_tile(void *context, size_t first, size_t last) {
    const looking *l = context;
    const block *p = l->p;
    size_t d = p->s->d;
    real product[ROWS * SIDE];
    fm_gemm(false, true, last - first, p->columns, d, p->a + first * d, d, p->b, d, 0, product, p->columns);
    l->look(l->to, p, first, last, product);
}

static bool each_block(const fm_samples *s, visit *look, void *to, fm_error *err) {
    block p = {0};
    if (!open_block(&p, s, err)) return false;
    looking l = {&p, look, to};
    for (p.i = 0; p.i < s->n; p.i += p.rows) {
        p.rows = s->n - p.i < p.most_rows ? s->n - p.i : p.most_rows;
        fm_parallel(p.rows, fm_tile_rows(s->d), take_tile_of_a, &p);
        for (p.j = 0; p.j < s->m; p.j += p.columns) {
            p.columns = s->m - p.j < p.side ? s->m - p.j : p.side;
            fm_parallel(p.columns, fm_tile_rows(s->d), take_tile_of_b, &p);
            fm_parallel(p.rows, ROWS, look_at_tile, &l);
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

static void look_for_nearest(void *to, const block *p, size_t first, size_t last, const real *product) {
    const nearest *w = to;
    for (size_t r = first; r < last; r++, product += p->columns) {
        size_t i = p->i + r, *index = w->index + i * w->k;
        double *squared = w->squared + i * w->k, worst = squared[w->k - 1];
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

static void count_within(void *to, const block *p, size_t first, size_t last, const real *product) {
    const within *w = to;
    size_t of_b[SIDE] = {0};
    for (size_t r = first; r < last; r++, product += p->columns) {
        for (size_t c = 0; c < p->columns; c++) {
            double sum = p->aa[r] + p->bb[c], e = sum - 2 * (double)product[c], off = sum * p->share + p->least;
            double limit = w->limit[p->j + c];
            if (e - off > limit) continue;
            if (!(e + off <= limit) && !(measured(p, r, c) <= limit)) continue;
            w->of_a[p->i + r]++;
            of_b[c]++;
        }
    }
    for (size_t c = 0; c < p->columns; c++) { /* whole numbers: the order does not matter */
        if (of_b[c]) __atomic_fetch_add(&w->of_b[p->j + c], of_b[c], __ATOMIC_RELAXED);
    }
}

bool fm_within(const fm_samples *s, const double *limit, size_t *of_a, size_t *of_b, fm_error *err) {
    memset(of_a, 0, s->n * sizeof *of_a);
    memset(of_b, 0, s->m * sizeof *of_b);
    within w = {limit, of_a, of_b};
    return each_block(s, count_within, &w, err);
}
