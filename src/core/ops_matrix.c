/* Matrix products: matmul, and linear with its bias and activation in one pass. */
#include "activation.h"
#include "blas.h"
#include "gemm.h"
#include "op.h"
#include "sums.h"
#include "tangent.h"
#include "threads.h"

#include <string.h>

/* The gradient of a product: C (+)= A B, where the target may still be unset; long sums have
 * fm_gemm_room(m, n, k) numbers in `room`. */
static void product_into(fm_tensor *target, bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                         size_t ldb, real *room) {
    bool fresh;
    real *g = fm_grad_write(target, &fresh);
    if (g) fm_gemm_long(ta, tb, m, n, k, a, lda, b, ldb, fresh ? 0 : 1, g, room);
}

/* ---- matmul: [..., K] x [K, N] -> [..., N] ---- */

static bool matmul_shape(fm_call *c, fm_error *err) {
    const fm_tensor *a = c->in[0], *b = c->in[1];
    char ta[FM_SHAPE_TEXT], tb[FM_SHAPE_TEXT];
    if (a->rank < 1 || b->rank != 2 || fm_last(a) != b->shape[0]) {
        return fm_call_fail(c, err, "shapes %s and %s do not fit: expected [..., K] and [K, N]", fm_shape_text(a, ta),
                            fm_shape_text(b, tb));
    }
    fm_shape_like(c, a);
    c->shape[c->rank - 1] = b->shape[1];
    if (!fm_check_product(c, a, err) || !fm_check_product(c, b, err)) return false;
    c->saved_count = fm_gemm_room(b->shape[0], b->shape[1], fm_rows(a)); /* for the gradient of b */
    return true;
}

static void matmul_forward(const fm_call *c) {
    size_t m = fm_rows(c->in[0]), k = c->in[1]->shape[0], n = c->in[1]->shape[1];
    fm_gemm_parallel(false, false, m, n, k, fm_data(c->in[0]), k, fm_data(c->in[1]), n, 0, fm_data(c->out), n, NULL);
}

static void matmul_backward(const fm_call *c) {
    size_t m = fm_rows(c->in[0]), k = c->in[1]->shape[0], n = c->in[1]->shape[1];
    const real *dy = fm_grad_get(c->out);
    product_into(c->in[0], false, true, m, k, n, dy, n, fm_data(c->in[1]), n, NULL);
    product_into(c->in[1], true, false, k, n, m, fm_data(c->in[0]), k, dy, n, c->saved);
}

/* ---- linear: y = act(x w^T + b), x [..., I], w [O, I], b [O] -> [..., O] ---- */

static const fm_activation *act_of(const fm_call *c) {
    return &fm_activations[c->opt[0].integer];
}

/* Forward saves the slopes of act for backward. */
static size_t slopes_count(const fm_call *c) {
    return act_of(c)->apply ? fm_rows(c->in[0]) * c->in[1]->shape[0] : 0;
}

/* The rows that one thread takes through the slopes, and adds up for the bias. There are never more
 * than MOST_PARTS of them. */
enum { MOST_PARTS = 64 };

static size_t part_rows(size_t rows, size_t n) {
    size_t some = 2 * fm_tile_rows(n), least = (rows + MOST_PARTS - 1) / MOST_PARTS;
    return some > least ? some : least;
}

/* Numbers that hold the sums of all parts, which are doubles. */
static size_t sums_room(const fm_call *c) {
    size_t rows = fm_rows(c->in[0]), n = c->in[1]->shape[0], some = part_rows(rows, n);
    return c->n_in > 2 && c->in[2] ? ((rows + some - 1) / some * n + 1) * (sizeof(double) / sizeof(real)) : 0;
}

static bool linear_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0], *w = c->in[1], *b = c->n_in > 2 ? c->in[2] : NULL;
    char tx[FM_SHAPE_TEXT], tw[FM_SHAPE_TEXT];
    if (w->rank != 2) return fm_call_fail(c, err, "weight is %s: expected [outputs, inputs]", fm_shape_text(w, tw));
    if (x->rank < 1 || fm_last(x) != w->shape[1]) {
        return fm_call_fail(c, err, "weight is %s, input is %s: the weight wants %zu columns", fm_shape_text(w, tw), fm_shape_text(x, tx),
                            w->shape[1]);
    }
    if (b && (b->rank != 1 || b->shape[0] != w->shape[0])) {
        return fm_call_fail(c, err, "weight is %s, bias is %s: expected [%zu]", fm_shape_text(w, tw), fm_shape_text(b, tx), w->shape[0]);
    }
    fm_shape_like(c, x);
    c->shape[c->rank - 1] = w->shape[0];
    if (!fm_check_product(c, x, err) || !fm_check_product(c, w, err)) return false;
    c->saved_count = slopes_count(c) + fm_gemm_room(w->shape[0], w->shape[1], fm_rows(x)) + sums_room(c);
    return true;
}

/* A tile of y goes through the activation as soon as it is complete, while the cache holds it. */
static void activate(const void *call, size_t row, size_t rows, size_t column, size_t columns) {
    const fm_call *c = call;
    size_t n = c->in[1]->shape[0], at = row * n + column;
    if (columns == n) {
        columns *= rows;
        rows = 1;
    }
    for (size_t r = 0; r < rows; r++, at += n) act_of(c)->in_place(columns, fm_data(c->out) + at, c->saved ? c->saved + at : NULL);
}

static void linear_forward(const fm_call *c) {
    const fm_tensor *w = c->in[1], *b = c->n_in > 2 ? c->in[2] : NULL;
    size_t n_in = w->shape[1], n_out = w->shape[0];
    fm_gemm_more more = {.row = b ? fm_data(b) : NULL, .done = act_of(c)->in_place ? activate : NULL, .context = c};
    fm_gemm_parallel(false, true, fm_rows(c->in[0]), n_out, n_in, fm_data(c->in[0]), n_in, fm_data(w), n_in, 0, fm_data(c->out), n_out,
                     &more);
}

/* dz = dy slope, in place, since nobody reads dy again; acc[j], unless it is NULL, += the sum of
 * column j of dz. Rows are `stride` apart. FM_COLUMN_SUMS would walk eight rows at once: a tenth
 * slower here, where each number is also written. */
FM_CLONES static void through_act(size_t rows, size_t stride, size_t n, const real *restrict slope, real *restrict dy,
                                  double *restrict acc) {
    enum { SOME = 8 }; /* rows whose floats are added up as they are */
    real part[FM_STRIP];
    for (size_t first = 0, last; first < rows; first = last) {
        last = rows - first < SOME ? rows : first + SOME;
        if (acc) memset(part, 0, n * sizeof *part);
        for (size_t r = first; r < last; r++) {
            real *restrict row = dy + r * stride;
            const real *restrict times = slope + r * stride;
            if (!acc) {
                for (size_t j = 0; j < n; j++) row[j] *= times[j];
            } else if (slope) {
                for (size_t j = 0; j < n; j++) part[j] += row[j] *= times[j];
            } else {
                for (size_t j = 0; j < n; j++) part[j] += row[j];
            }
        }
        for (size_t j = 0; acc && j < n; j++) acc[j] += (double)part[j];
    }
}

/* Both for all rows of [rows, n]; the sums go to total, unless it is NULL. Rows of few numbers are
 * taken several side by side. */
static void slopes_and_sums(size_t rows, size_t n, const real *slope, real *dy, double *total) {
    enum { WIDE = 64 };
    double acc[FM_STRIP];
    for (size_t j = 0, part; j < n; j += part) {
        part = n - j < FM_STRIP ? n - j : FM_STRIP;
        size_t side = n < WIDE / 2 && rows >= WIDE ? WIDE / n : 1, wide = side * part, whole = rows / side, at = whole * wide;
        memset(acc, 0, wide * sizeof *acc);
        if (side == 1) {
            through_act(rows, n, part, slope ? slope + j : NULL, dy + j, total ? acc : NULL);
        } else {
            through_act(whole, wide, wide, slope, dy, total ? acc : NULL);
            through_act(rows - whole * side, n, n, slope ? slope + at : NULL, dy + at, total ? acc : NULL);
        }
        for (size_t i = 0; total && i < part; i++) {
            double sum = acc[i];
            for (size_t k = i + part; k < wide; k += part) sum += acc[k];
            total[j + i] = sum;
        }
    }
}

typedef struct parts {
    size_t n, rows;
    const real *slope;
    real *dy;
    double *sums; /* [parts, n]; NULL: there is no bias */
} parts;

static void one_part(void *context, size_t first, size_t last) {
    const parts *p = context;
    size_t at = first * p->n;
    slopes_and_sums(last - first, p->n, p->slope ? p->slope + at : NULL, p->dy + at, p->sums ? p->sums + first / p->rows * p->n : NULL);
}

/* `room` holds sums_room numbers. */
static void slopes_and_bias(size_t rows, size_t n, const real *slope, real *dy, real *db, real *room) {
    uintptr_t at = ((uintptr_t)room + sizeof(double) - 1) / sizeof(double) * sizeof(double);
    parts p = {.n = n, .rows = part_rows(rows, n), .slope = slope, .dy = dy, .sums = db ? (double *)at : NULL};
    fm_parallel(rows, p.rows, one_part, &p);
    for (size_t j = 0; db && rows && j < n; j++) {
        double sum = p.sums[j];
        for (size_t r = p.rows, i = j + n; r < rows; r += p.rows, i += n) sum += p.sums[i];
        db[j] += (real)sum;
    }
}

static void linear_backward(const fm_call *c) {
    fm_tensor *x = c->in[0], *w = c->in[1], *b = c->n_in > 2 ? c->in[2] : NULL;
    size_t rows = fm_rows(x), n_in = w->shape[1], n_out = w->shape[0];
    bool fresh = false;
    real *dz = fm_grad_write(c->out, &fresh); /* ours to change: released when this returns */
    real *db = b ? fm_grad_add(b) : NULL;
    const real *slope = slopes_count(c) ? c->saved : NULL;
    real *room = c->saved + slopes_count(c), *sums = room + fm_gemm_room(n_out, n_in, rows);
    if (slope || db) slopes_and_bias(rows, n_out, slope, dz, db, sums);
    product_into(w, true, false, n_out, n_in, rows, dz, n_out, fm_data(x), n_in, room);
    real *dx = fm_grad_write(x, &fresh);
    if (!dx) return;
    size_t from = x->grad_first < n_in ? x->grad_first : 0; /* columns that want no gradient are left out */
    fm_gemm_parallel(false, false, rows, n_in - from, n_out, dz, n_out, fm_data(w) + from, n_in, fresh ? 0 : 1, dx + from, n_in, NULL);
}

static fm_tensor *linear_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* act is a step of its own: see fm_run */
    return fm_add(r, fm_tangent_bilinear(r, c, d), c->n_in > 2 ? d[2] : NULL);
}

static const fm_option linear_options[] = {{"act", FM_CHOICE, false, 0, fm_activation_names}, {0}};

const fm_op matrix_ops[] = {
    {"matmul", "tt", NULL, matmul_shape, matmul_forward, matmul_backward, fm_tangent_bilinear},
    {"linear", "ttT", linear_options, linear_shape, linear_forward, linear_backward, linear_tangent},
    {0},
};
