/* The gradients of broadcast inputs: sums over the axes along which an input stays. */
#include "broadcast.h"
#include "sums.h"
#include "threads.h"
#include "walk.h"

#include <string.h>

/* A long sum is split into constant parts, at most PARTIALS numbers in all, which are added in
 * order. When an input has MANY sums, each is one part. */
enum { PARTIALS = 32768, MANY = 64 };

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t parts_of(size_t n, size_t part) {
    return n / part + (n % part != 0);
}

static void add_sums(real *into, size_t n, const double *acc) {
    for (size_t i = 0; i < n; i++) into[i] += (real)acc[i];
}

/* into[j] += the sum of partial[p n + j] over the parts p. */
static void add_parts(real *into, size_t parts, size_t n, double *partial) {
    for (size_t p = 1; p < parts; p++) {
        for (size_t j = 0; j < n; j++) partial[j] += partial[p * n + j];
    }
    add_sums(into, n, partial);
}

/* ---- both at once, when all is one block: equal shapes, a number, a row, a column ---- */

enum { FEW = 16, WIDE = 64, NEAR = 8192 };

typedef struct both {
    fm_block all;
    const fm_gradient *const *g;
    real *into[2];
    bool fresh[2];   /* the gradient holds nothing yet: each tile clears its piece */
    size_t part;     /* rows, or numbers of the only row, of a tile */
    double *partial; /* of each tile, the sums of the input that has one row or number; NULL: neither */
} both;

static fm_block rows_of(const fm_block *all, size_t first, size_t rows) {
    fm_block k = *all;
    k.rows = rows;
    k.a.at += first * k.a.row, k.b.at += first * k.b.row, k.y += first * k.row, k.dy += first * k.row;
    return k;
}

/* Both gradients of a block, of which `into` are the places, a few rows at a time, for the cache.
 * The terms of an input that has one row are added to acc. */
static void add_pair(const both *p, const fm_block *block, real *const into[2], double *acc) {
    size_t near = block->n * FM_STRIP < NEAR ? FM_STRIP : larger(8, NEAR / block->n / 8 * 8);
    for (size_t r = 0; r < block->rows; r += near) {
        fm_block k = rows_of(block, r, smaller(near, block->rows - r));
        for (int i = 0; i < 2; i++) {
            fm_side own = i ? k.b : k.a;
            if (!into[i]) continue;
            real *to = into[i] + r * own.row;
            if (p->fresh[i]) memset(to, 0, k.rows * own.row * sizeof *to);
            if (own.step && own.row) {
                p->g[i]->each(&k, own.row, to);
            } else if (own.step) {
                p->g[i]->columns(&k, acc);
            } else {
                double sum[FM_STRIP];
                memset(sum, 0, k.rows * sizeof *sum);
                p->g[i]->rows(&k, 1, sum);
                add_sums(to, k.rows, sum);
            }
        }
    }
}

/* Short rows of one input, several side by side as one; the only row of the other is repeated.
 * Returns how many were done: 0 when the rows are no such rows. */
static size_t add_wide(const both *p, fm_block k, real *const into[2], double *acc) {
    fm_side *one = k.a.row ? &k.b : &k.a, *full = k.a.row ? &k.a : &k.b;
    if (one->row || !full->step || k.n > FEW || k.rows < WIDE) return 0;
    size_t n = k.n, rows = WIDE / n, wide = rows * n, done = k.rows / rows * rows;
    real repeated[WIDE];
    for (size_t i = 0; i < wide; i++) repeated[i] = one->at[i % n];
    one->at = repeated;
    full->row = k.row = k.n = wide;
    k.rows /= rows;
    add_pair(p, &k, into, acc);
    for (size_t i = n; i < wide; i++) acc[i % n] += acc[i];
    return done;
}

static void rows_tile(void *context, size_t first, size_t last) {
    const both *p = context;
    double acc[FM_STRIP];
    memset(acc, 0, larger(p->all.n, WIDE) * sizeof *acc);
    for (size_t r = first, done; r < last; r += done) {
        fm_block k = rows_of(&p->all, r, last - r);
        real *into[2] = {NULL};
        for (int i = 0; i < 2; i++) {
            if (p->into[i]) into[i] = p->into[i] + r * (i ? k.b.row : k.a.row);
        }
        done = r == first ? add_wide(p, k, into, acc) : 0;
        if (done) continue;
        add_pair(p, &k, into, acc);
        done = k.rows;
    }
    if (p->partial) memcpy(p->partial + first / p->part * p->all.n, acc, p->all.n * sizeof *acc);
}

/* A part of the only row. An input moves along it, or is one number. */
static void row_tile(void *context, size_t first, size_t last) {
    const both *p = context;
    double sum = 0;
    for (size_t j = first, n; j < last; j += n) {
        fm_block k = p->all;
        n = k.n = smaller(NEAR / 4, last - j);
        k.a.at += j * k.a.step, k.b.at += j * k.b.step, k.y += j, k.dy += j;
        for (int i = 0; i < 2; i++) {
            if (!p->into[i]) continue;
            if (!(i ? k.b : k.a).step) {
                p->g[i]->rows(&k, 0, &sum);
                continue;
            }
            if (p->fresh[i]) memset(p->into[i] + j, 0, n * sizeof(real));
            p->g[i]->each(&k, 0, p->into[i] + j);
        }
    }
    if (p->partial) p->partial[first / p->part] = sum;
}

/* Whether input i of a block has one row, or is one number: all its terms are summed. */
static bool is_one(const both *p, int i) {
    fm_side own = i ? p->all.b : p->all.a;
    return p->all.rows == 1 ? !own.step : !own.row;
}

/* False when all is no block, a row of it has too many columns to sum, or both gradients lie in one
 * place in different ways. */
static bool add_both(const fm_call *c, const fm_gradient *const g[2]) {
    fm_walk w = {0};
    const fm_tensor *walked[] = {c->in[0], c->in[1], c->out};
    for (int i = 0; i < 3; i++) fm_walk_add(&w, c->out, walked[i]);
    fm_walk_merge(&w, c->out);
    int last = w.rank - 1;
    if (last > 1 || (last == 1 && w.shape[1] > FM_STRIP)) return false;
    bool apart = fm_base(c->in[0]) != fm_base(c->in[1]), alike = c->in[0]->offset == c->in[1]->offset && c->in[0]->count == c->in[1]->count;
    if (!apart && !alike) return false;
    size_t row[2] = {last ? w.stride[0][0] : 0, last ? w.stride[1][0] : 0}, n = w.shape[last], rows = last ? w.shape[0] : 1;
    fm_side a = {fm_data(c->in[0]), w.stride[0][last], row[0]}, b = {fm_data(c->in[1]), w.stride[1][last], row[1]};
    if (c->out->count == 1) a.step = b.step = 1; /* each has one number, its own */
    both p = {.all = {rows, n, n, a, b, fm_data(c->out), fm_grad_get(c->out)}, .g = g};
    double partial[PARTIALS];
    real *sums = NULL;
    for (int i = 0; i < 2; i++) {
        p.into[i] = is_one(&p, i) ? fm_grad_add(c->in[i]) : fm_grad_write(c->in[i], &p.fresh[i]);
        if (p.into[i] && is_one(&p, i)) sums = p.into[i], p.partial = partial;
    }
    size_t width = last ? n : 1, count = last ? rows : n;
    p.part = last ? larger(8, (sums ? fm_tile_rows(n) : fm_light_rows(n)) / 8 * 8) : sums ? FM_TILE : FM_LIGHT;
    if (sums) p.part = larger(p.part, (parts_of(count, PARTIALS / width) + 7) / 8 * 8);
    fm_parallel(count, p.part, last ? rows_tile : row_tile, &p);
    if (sums) add_parts(sums, parts_of(count, p.part), width, partial);
    return true;
}

/* ---- one input, of any shape ---- */

enum { WALK_A, WALK_B, WALK_OUT, WALK_INTO };

/* A walk whose axes are ordered: those along which `into` moves, from `kept` on those along which
 * it stays, and the last one, of either kind. So `into` has `own` rows (the axes before kept), and
 * each is the sum of `rows` rows of n numbers. The last two axes make the rows and columns of a
 * block. */
typedef struct sums {
    const fm_gradient *g;
    const real *a, *b, *y, *dy;
    real *into;
    bool fresh, columns; /* columns: `into` moves along the last axis */
    fm_walk w;
    int kept;
    size_t own, rows, n;
    /* the parts of one long sum, from `at` on: */
    fm_place at;
    size_t first, end, row_part, column_part, column_parts; /* columns first .. end - 1 */
    double *partial;
} sums;

static void kept_first(sums *s) {
    fm_walk from = s->w, *w = &s->w;
    int to = 0;
    for (int stays = 0; stays < 2; stays++) {
        for (int i = 0; i + 1 < from.rank; i++) {
            if ((from.stride[WALK_INTO][i] == 0) != stays) continue;
            w->shape[to] = from.shape[i];
            for (int k = 0; k < from.n_in; k++) w->stride[k][to] = from.stride[k][i];
            to++;
        }
        if (!stays) s->kept = to;
    }
}

/* Two axes at least: the block's. */
static void make_block(sums *s) {
    fm_walk *w = &s->w;
    if (w->rank > 1) return;
    w->shape[1] = w->shape[0];
    w->shape[0] = 1;
    for (int k = 0; k < w->n_in; k++) {
        w->stride[k][1] = w->stride[k][0];
        w->stride[k][0] = 0;
    }
    w->rank = 2;
    s->kept = 1;
}

static fm_side side_at(const sums *s, int which, const real *base, const fm_place *p, size_t j) {
    const size_t *stride = s->w.stride[which] + s->w.rank - 1;
    return (fm_side){base + p->at[which] + j * stride[0], stride[0], stride[-1]};
}

/* `rows` rows of n columns at a place, from column j on. */
static fm_block block_at(const sums *s, const fm_place *p, size_t rows, size_t j, size_t n) {
    fm_side out = side_at(s, WALK_OUT, s->dy, p, j);
    return (fm_block){rows, n, out.row, side_at(s, WALK_A, s->a, p, j), side_at(s, WALK_B, s->b, p, j), s->y + (out.at - s->dy), out.at};
}

/* Numbers first .. last - 1 of an input that is as large as the output. */
static void each_tile(void *context, size_t first, size_t last) {
    const sums *s = context;
    fm_place p = {0};
    size_t j = first % s->n;
    fm_walk_seek(&s->w, 0, s->kept, first / s->n, &p);
    if (s->fresh) memset(s->into + first, 0, (last - first) * sizeof(real));
    while (first < last) {
        bool part = j || last - first < s->n;
        size_t rows = part ? 1 : fm_walk_run(&s->w, 0, s->kept, &p, (last - first) / s->n);
        size_t n = part ? smaller(last - first, s->n - j) : s->n;
        fm_block k = block_at(s, &p, rows, j, n);
        s->g->each(&k, s->n, s->into + first);
        fm_walk_advance(&s->w, 0, s->kept, rows, &p);
        first += rows * n;
        j = 0;
    }
}

/* Rows first .. last - 1 of `into`, each the sum of one row. */
static void row_sums_tile(void *context, size_t first, size_t last) {
    const sums *s = context;
    fm_place p = {0};
    fm_walk_seek(&s->w, 0, s->kept, first, &p);
    while (first < last) {
        double acc[FM_STRIP];
        size_t rows = fm_walk_run(&s->w, 0, s->kept, &p, smaller(FM_STRIP, last - first));
        memset(acc, 0, rows * sizeof *acc);
        fm_block k = block_at(s, &p, rows, 0, s->n);
        s->g->rows(&k, 1, acc);
        add_sums(s->into + first, rows, acc);
        fm_walk_advance(&s->w, 0, s->kept, rows, &p);
        first += rows;
    }
}

/* acc += the terms of n columns from j on, of rows first .. last - 1 of those that are summed. */
static void add_terms(const sums *s, fm_place p, size_t first, size_t last, size_t j, size_t n, double *acc) {
    int end = s->w.rank - 1;
    fm_walk_seek(&s->w, s->kept, end, first, &p);
    for (size_t rows; first < last; first += rows) {
        rows = fm_walk_run(&s->w, s->kept, end, &p, last - first);
        fm_block k = block_at(s, &p, rows, j, n);
        if (s->columns) s->g->columns(&k, acc);
        else s->g->rows(&k, 0, acc);
        fm_walk_advance(&s->w, s->kept, end, rows, &p);
    }
}

/* Rows first .. last - 1 of `into`, each the sum of some rows. */
static void whole_sums_tile(void *context, size_t first, size_t last) {
    const sums *s = context;
    fm_place p = {0};
    fm_walk_seek(&s->w, 0, s->kept, first, &p);
    for (; first < last; first++) {
        for (size_t j = 0, n; j < s->n; j += n) {
            double acc[FM_STRIP];
            n = s->columns ? smaller(FM_STRIP, s->n - j) : s->n;
            memset(acc, 0, (s->columns ? n : 1) * sizeof *acc);
            add_terms(s, p, 0, s->rows, j, n, acc);
            add_sums(s->into + p.at[WALK_INTO] + (s->columns ? j : 0), s->columns ? n : 1, acc);
        }
        fm_walk_advance(&s->w, 0, s->kept, 1, &p);
    }
}

static void parts_tile(void *context, size_t first, size_t last) {
    const sums *s = context;
    for (; first < last; first++) {
        size_t row = first / s->column_parts * s->row_part, column = s->first + first % s->column_parts * s->column_part;
        size_t n = smaller(s->column_part, s->end - column), width = s->columns ? n : 1;
        double *acc = s->columns ? s->partial + row / s->row_part * (s->end - s->first) + (column - s->first) : s->partial + first;
        memset(acc, 0, width * sizeof *acc);
        add_terms(s, s->at, row, smaller(s->rows, row + s->row_part), column, n, acc);
    }
}

/* One row of `into`, the sum of many numbers: the parts lie side by side where each column has a
 * sum, else one after the other. */
static void add_long_sum(sums *s) {
    double partial[PARTIALS];
    s->partial = partial;
    for (s->first = 0; s->first < s->n; s->first = s->end) {
        s->end = s->columns ? smaller(s->n, s->first + PARTIALS) : s->n;
        size_t n = s->end - s->first;
        s->column_part = s->columns ? smaller(FM_STRIP, n) : larger(smaller(FM_TILE, n), parts_of(n, PARTIALS));
        s->column_parts = parts_of(n, s->column_part);
        s->row_part = larger(FM_TILE / s->column_part, parts_of(s->rows, PARTIALS / (s->columns ? n : s->column_parts)));
        size_t row_parts = parts_of(s->rows, s->row_part);
        fm_parallel(row_parts * s->column_parts, 1, parts_tile, s);
        real *into = s->into + s->at.at[WALK_INTO];
        if (s->columns) add_parts(into + s->first, row_parts, n, partial);
        else add_parts(into, row_parts * s->column_parts, 1, partial);
    }
}

void fm_broadcast_gradient(const fm_call *c, fm_tensor *target, const fm_tensor *a, const fm_tensor *b, const fm_gradient *g) {
    if (!fm_needs_grad(target)) return;
    sums s = {.g = g, .a = fm_data(a), .b = fm_data(b), .y = fm_data(c->out), .dy = fm_grad_get(c->out)};
    const fm_tensor *walked[] = {[WALK_A] = a, [WALK_B] = b, [WALK_OUT] = c->out, [WALK_INTO] = target};
    for (int i = 0; i < FM_MAX_WALKED; i++) fm_walk_add(&s.w, c->out, walked[i]);
    fm_walk_merge(&s.w, c->out);
    kept_first(&s);
    make_block(&s);
    int last = s.w.rank - 1;
    s.columns = s.w.stride[WALK_INTO][last] != 0;
    s.own = fm_walk_count(&s.w, 0, s.kept), s.rows = fm_walk_count(&s.w, s.kept, last), s.n = s.w.shape[last];
    size_t terms = s.rows * s.n;
    if (s.kept == last && s.columns) {
        s.into = fm_grad_write(target, &s.fresh);
        fm_parallel(c->out->count, s.n < FM_LIGHT ? fm_light_rows(s.n) * s.n : FM_LIGHT, each_tile, &s);
        return;
    }
    s.into = fm_grad_add(target);
    if (s.own >= MANY || terms <= FM_TILE) {
        fm_parallel(s.own, fm_light_rows(terms), s.kept == last ? row_sums_tile : whole_sums_tile, &s);
        return;
    }
    for (size_t i = 0; i < s.own; i++) {
        add_long_sum(&s);
        fm_walk_advance(&s.w, 0, s.kept, 1, &s.at);
    }
}

void fm_broadcast_backward(const fm_call *c, const fm_gradient *a, const fm_gradient *b) {
    if (add_both(c, (const fm_gradient *const[]){a, b})) return;
    fm_broadcast_gradient(c, c->in[0], c->in[0], c->in[1], a);
    fm_broadcast_gradient(c, c->in[1], c->in[0], c->in[1], b);
}
