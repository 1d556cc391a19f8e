#include "pair_means.h"

#include "blas.h"
#include "exp_negative.h"
#include "pool.h"
#include "sums.h"
#include "threads.h"

#include <stdatomic.h>
#include <string.h>

enum { SIDE = 128, LEAST_SIDE = 8, NUMBERS = 1 << 21 }; /* rows in a block, and numbers */
enum { SHORT = 24 };                                    /* rows up to this length need no matrix product */
enum { BATCH = 256, SLOTS = 16, LEAST_SLOTS = 4 };      /* blocks at a time; of long rows those that have room */

/* Adds up what is wanted of a row of pairs, which it may overwrite. */
typedef double row_sum(const void *how, size_t n, double *pair);

/* Blocks of rows of a against blocks of rows of b: each is a tile, and its sum has a place. */
typedef struct pairs {
    const fm_samples *s;
    bool dots;  /* a block holds products a . b, else squared distances */
    bool apart; /* without pairs (i, i) */
    row_sum *sum;
    const void *how;
    size_t side, batch;
    double *centre, *slots;      /* of long rows: their mean; room for the rows of as many blocks as a batch has */
    atomic_uint taken;           /* a bit for each slot that a tile has at the moment ... */
    double squares[SLOTS][SIDE]; /* |a|^2 of the rows that lie there ... */
    size_t held[SLOTS];          /* ... and the number of the first; SIZE_MAX: none */
    size_t bytes;
    size_t i[BATCH], j[BATCH], n; /* the first rows of the blocks of a batch */
    double total[BATCH];
} pairs;

/* A block, |b|^2 of its columns, and what it holds. */
typedef struct block {
    size_t i, j, rows, columns; /* pairs (i .. i + rows, j .. j + columns) */
    double bb[SIDE], pair[SIDE * SIDE];
} block;

static bool is_short(const pairs *p) {
    return p->s->d <= SHORT;
}

static bool open_pairs(pairs *p, const fm_samples *s, fm_error *err) {
    if (!fm_blas_fits(s->d)) return fm_fail(err, "rows of %zu numbers are too long", s->d);
    size_t side = NUMBERS / s->d;
    p->s = s;
    p->side = side < LEAST_SIDE ? LEAST_SIDE : side > SIDE ? SIDE : side;
    p->batch = BATCH;
    if (is_short(p)) return true;
    size_t slots = 2 * NUMBERS / (p->side * s->d);
    p->batch = slots < LEAST_SLOTS ? LEAST_SLOTS : slots > SLOTS ? SLOTS : slots;
    p->bytes = (s->d + p->batch * 2 * p->side * s->d) * sizeof *p->centre;
    p->centre = fm_pool_take(p->bytes);
    if (!p->centre) return fm_fail(err, "out of memory: no room for blocks of %zu rows", p->side);
    p->slots = p->centre + s->d;
    for (size_t slot = 0; slot < SLOTS; slot++) p->held[slot] = SIZE_MAX;
    memset(p->centre, 0, s->d * sizeof *p->centre);
    for (size_t j = 0; j < s->m && !p->dots; j++) { /* a common offset would cost |a|^2 + |b|^2 - 2 a . b its digits */
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
static void distances(const fm_samples *s, block *b, const double *aa) {
    for (size_t r = 0; r < b->rows; r++) {
        double *pair = b->pair + r * SIDE;
        for (size_t c = 0; c < b->columns; c++) {
            double sum = aa[r] + b->bb[c], e = sum - 2 * pair[c];
            pair[c] = e > 1e-3 * sum ? e : fm_squared_distance(s->d, s->a + (b->i + r) * s->d, s->b + (b->j + c) * s->d);
        }
    }
}

/* The sum of a block; a pair (i, i) that is left out becomes one whose term is 0. */
static double sum_of(const pairs *p, block *b) {
    double total = 0, nothing = p->dots ? -(double)p->s->d : INFINITY;
    for (size_t r = 0; r < b->rows; r++) {
        double *pair = b->pair + r * SIDE;
        if (p->apart && b->i + r >= b->j && b->i + r < b->j + b->columns) pair[b->i + r - b->j] = nothing;
        total += p->sum(p->how, b->columns, pair);
    }
    return total;
}

/* The two ways to get what a block holds. */
static void fill_short(const pairs *p, block *b) {
    static const double nowhere[SHORT] = {0};
    double rows[SIDE * SHORT], columns[SIDE * SHORT], squares[SIDE];
    size_t d = p->s->d;
    memset(columns, 0, d * SIDE * sizeof *columns);
    take_rows(b->rows, d, p->s->a + b->i * d, nowhere, rows, squares);
    take_columns(b->columns, SIDE, d, p->s->b + b->j * d, columns);
    short_pairs(b->rows, SIDE, d, p->dots, rows, columns, b->pair);
}

/* The lowest slot that is free: with few threads a few slots stay in the cache. A batch has no more
 * tiles than slots. */
static size_t take_slot(pairs *p) {
    unsigned taken = atomic_load_explicit(&p->taken, memory_order_relaxed), slot;
    do {
        for (slot = 0; taken >> slot & 1; slot++) {
        }
    } while (!atomic_compare_exchange_weak_explicit(&p->taken, &taken, taken | 1u << slot, memory_order_acquire, memory_order_relaxed));
    return slot;
}

static void fill_long(pairs *p, block *b) {
    size_t d = p->s->d, slot = take_slot(p), room = p->side * d;
    double *rows = p->slots + 2 * slot * room, *columns = rows + room, *squares = p->squares[slot];
    if (p->held[slot] != b->i) take_rows(b->rows, d, p->s->a + b->i * d, p->centre, rows, squares);
    p->held[slot] = b->i;
    take_rows(b->columns, d, p->s->b + b->j * d, p->centre, columns, b->bb);
    fm_gemm_wide(b->rows, b->columns, d, rows, columns, b->pair, SIDE);
    if (!p->dots) distances(p->s, b, squares);
    atomic_fetch_and_explicit(&p->taken, ~(1u << slot), memory_order_release);
}

static void sum_blocks(void *context, size_t first, size_t last) {
    pairs *p = context;
    block b;
    for (size_t t = first; t < last; t++) {
        b.i = p->i[t];
        b.j = p->j[t];
        b.rows = p->s->n - b.i < p->side ? p->s->n - b.i : p->side;
        b.columns = p->s->m - b.j < p->side ? p->s->m - b.j : p->side;
        if (is_short(p)) fill_short(p, &b);
        else fill_long(p, &b);
        p->total[t] = sum_of(p, &b);
    }
}

/* Adds the blocks of the batch to the total, in their order; those beside the diagonal of a
 * symmetric mean count twice. */
static double sum_batch(pairs *p, bool same, double total) {
    fm_parallel(p->n, 1, sum_blocks, p);
    for (size_t t = 0; t < p->n; t++) total += p->total[t] * (same && p->j[t] > p->i[t] ? 2 : 1);
    p->n = 0;
    return total;
}

static bool mean_of(const fm_samples *s, pairs *p, double *mean, fm_error *err) {
    if (!open_pairs(p, s, err)) return false;
    bool same = s->a == s->b && s->n == s->m;
    double total = 0;
    for (size_t i = 0; i < s->n; i += p->side) {
        for (size_t j = same ? i : 0; j < s->m; j += p->side) {
            p->i[p->n] = i;
            p->j[p->n++] = j;
            if (p->n == p->batch) total = sum_batch(p, same, total);
        }
    }
    total = sum_batch(p, same, total);
    fm_pool_give(p->centre, p->bytes);
    *mean = total / ((double)s->n * ((double)s->m - (p->apart ? 1 : 0)));
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
    pairs p = {.sum = sum_roots};
    return mean_of(s, &p, mean, err);
}

bool fm_mean_gaussian(const fm_samples *s, size_t count, const double *sigma, bool apart, double *mean, fm_error *err) {
    widths w = {count, sigma};
    pairs p = {.apart = apart, .sum = sum_gaussians, .how = &w};
    return mean_of(s, &p, mean, err);
}

bool fm_mean_cubic(const fm_samples *s, bool apart, double *mean, fm_error *err) {
    double d = (double)s->d;
    pairs p = {.dots = true, .apart = apart, .sum = sum_cubes, .how = &d};
    return mean_of(s, &p, mean, err);
}
