/* Matrix products: matmul, bmm, linear (with its bias and activation in one pass), attention. */
#include "activation.h"
#include "blas.h"
#include "op.h"
#include "sums.h"
#include "threads.h"
#include "vmath.h"

#include <string.h>

static bool fits(const fm_call *c, const fm_tensor *t, fm_error *err) {
    for (int i = 0; i < t->rank; i++) {
        if (!fm_blas_fits(t->shape[i])) return fm_call_fail(c, err, "axis %d has %zu entries, over the limit of BLAS", i + 1, t->shape[i]);
    }
    if (!fm_blas_fits(fm_rows(t))) return fm_call_fail(c, err, "%zu rows are over the limit of BLAS", fm_rows(t));
    return true;
}

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
    if (!fits(c, a, err) || !fits(c, b, err)) return false;
    c->saved_count = fm_gemm_room(b->shape[0], b->shape[1], fm_rows(a)); /* for the gradient of b */
    return true;
}

static void matmul_forward(const fm_call *c) {
    size_t m = fm_rows(c->in[0]), k = c->in[1]->shape[0], n = c->in[1]->shape[1];
    fm_gemm(false, false, m, n, k, fm_data(c->in[0]), k, fm_data(c->in[1]), n, 0, fm_data(c->out), n);
}

static void matmul_backward(const fm_call *c) {
    size_t m = fm_rows(c->in[0]), k = c->in[1]->shape[0], n = c->in[1]->shape[1];
    const real *dy = fm_grad_get(c->out);
    product_into(c->in[0], false, true, m, k, n, dy, n, fm_data(c->in[1]), n, NULL);
    product_into(c->in[1], true, false, k, n, m, fm_data(c->in[0]), k, dy, n, c->saved);
}

/* ---- bmm: [S, M, K] x [S, K, N] -> [S, M, N] ---- */

static bool bmm_shape(fm_call *c, fm_error *err) {
    const fm_tensor *a = c->in[0], *b = c->in[1];
    char ta[FM_SHAPE_TEXT], tb[FM_SHAPE_TEXT];
    if (a->rank != 3 || b->rank != 3 || a->shape[0] != b->shape[0] || a->shape[2] != b->shape[1]) {
        return fm_call_fail(c, err, "shapes %s and %s do not fit: expected [S, M, K] and [S, K, N]", fm_shape_text(a, ta),
                            fm_shape_text(b, tb));
    }
    fm_shape_like(c, a);
    c->shape[2] = b->shape[2];
    return fits(c, a, err) && fits(c, b, err);
}

static void bmm_forward(const fm_call *c) {
    const fm_tensor *a = c->in[0], *b = c->in[1];
    size_t m = a->shape[1], k = a->shape[2], n = b->shape[2];
    for (size_t s = 0; s < a->shape[0]; s++) {
        fm_gemm(false, false, m, n, k, fm_data(a) + s * m * k, k, fm_data(b) + s * k * n, n, 0, fm_data(c->out) + s * m * n, n);
    }
}

static void bmm_backward(const fm_call *c) {
    const fm_tensor *a = c->in[0], *b = c->in[1];
    size_t m = a->shape[1], k = a->shape[2], n = b->shape[2];
    const real *dy = fm_grad_get(c->out);
    bool fresh;
    real *da = fm_grad_write(c->in[0], &fresh);
    for (size_t s = 0; da && s < a->shape[0]; s++) {
        fm_gemm(false, true, m, k, n, dy + s * m * n, n, fm_data(b) + s * k * n, n, fresh ? 0 : 1, da + s * m * k, k);
    }
    real *db = fm_grad_write(c->in[1], &fresh);
    for (size_t s = 0; db && s < a->shape[0]; s++) {
        fm_gemm(true, false, k, n, m, fm_data(a) + s * m * k, k, dy + s * m * n, n, fresh ? 0 : 1, db + s * k * n, n);
    }
}

/* ---- linear: y = act(x w^T + b), x [..., I], w [O, I], b [O] -> [..., O] ---- */

static const fm_activation *act_of(const fm_call *c) {
    return &fm_activations[c->opt[0].integer];
}

/* Forward saves the slopes of act for backward. */
static size_t slopes_count(const fm_call *c) {
    return act_of(c)->apply ? fm_rows(c->in[0]) * c->in[1]->shape[0] : 0;
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
    if (!fits(c, x, err) || !fits(c, w, err)) return false;
    c->saved_count = slopes_count(c) + fm_gemm_room(w->shape[0], w->shape[1], fm_rows(x)); /* room for the weight's gradient */
    return true;
}

/* Rows that go through product and activation together, so that the activation finds them in the
 * cache. The size is constant. Only for many rows and a small weight: BLAS would pack a large one
 * again for every tile. */
enum { LINEAR_TILE = 512, SMALL_WEIGHT = 1 << 17 };

static void linear_rows(void *context, size_t first, size_t last) {
    const fm_call *c = *(const fm_call *const *)context;
    const fm_tensor *w = c->in[1], *b = c->n_in > 2 ? c->in[2] : NULL;
    size_t n_in = w->shape[1], n_out = w->shape[0], rows = last - first;
    real *y = fm_data(c->out) + first * n_out;
    for (size_t r = 0; b && r < rows; r++) memcpy(y + r * n_out, fm_data(b), n_out * sizeof(real)); /* the product is added to the bias */
    fm_gemm(false, true, rows, n_out, n_in, fm_data(c->in[0]) + first * n_in, n_in, fm_data(w), n_in, b ? 1 : 0, y, n_out);
    if (act_of(c)->in_place) act_of(c)->in_place(rows * n_out, y, c->saved ? c->saved + first * n_out : NULL);
}

static void linear_forward(const fm_call *c) {
    size_t rows = fm_rows(c->in[0]), tile = rows ? rows : 1;
    if (rows >= 2 * LINEAR_TILE && c->in[1]->count <= SMALL_WEIGHT) tile = LINEAR_TILE;
    const fm_call *call = c;
    fm_parallel(rows, tile, linear_rows, &call);
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

/* Both for all rows of [rows, n]. Rows of few numbers are taken several side by side. */
static void slopes_and_bias(size_t rows, size_t n, const real *slope, real *dy, real *db) {
    enum { WIDE = 64 };
    double acc[FM_STRIP];
    for (size_t j = 0, part; j < n; j += part) {
        part = n - j < FM_STRIP ? n - j : FM_STRIP;
        size_t side = n < WIDE / 2 && rows >= WIDE ? WIDE / n : 1, wide = side * part, whole = rows / side, at = whole * wide;
        memset(acc, 0, wide * sizeof *acc);
        if (side == 1) {
            through_act(rows, n, part, slope ? slope + j : NULL, dy + j, db ? acc : NULL);
        } else {
            through_act(whole, wide, wide, slope, dy, db ? acc : NULL);
            through_act(rows - whole * side, n, n, slope ? slope + at : NULL, dy + at, db ? acc : NULL);
        }
        for (size_t i = 0; db && i < part; i++) {
            double sum = acc[i];
            for (size_t k = i + part; k < wide; k += part) sum += acc[k];
            db[j + i] += (real)sum;
        }
    }
}

static void linear_backward(const fm_call *c) {
    fm_tensor *x = c->in[0], *w = c->in[1], *b = c->n_in > 2 ? c->in[2] : NULL;
    size_t rows = fm_rows(x), n_in = w->shape[1], n_out = w->shape[0];
    bool fresh = false;
    real *dz = fm_grad_write(c->out, &fresh); /* ours to change: released when this returns */
    real *db = b ? fm_grad_add(b) : NULL;
    const real *slope = slopes_count(c) ? c->saved : NULL;
    if (slope || db) slopes_and_bias(rows, n_out, slope, dz, db);
    product_into(w, true, false, n_out, n_in, rows, dz, n_out, fm_data(x), n_in, c->saved + slopes_count(c));
    real *dx = fm_grad_write(x, &fresh);
    if (!dx) return;
    size_t from = x->grad_first < n_in ? x->grad_first : 0; /* columns that want no gradient are left out */
    fm_gemm(false, false, rows, n_in - from, n_out, dz, n_out, fm_data(w) + from, n_in, fresh ? 0 : 1, dx + from, n_in);
}

/* ---- attention: softmax(q k^T / sqrt d) v; q [.., L, D], k [.., S, D], v [.., S, E] -> [.., L, E]
 * ---- */

static bool attention_shape(fm_call *c, fm_error *err) {
    const fm_tensor *q = c->in[0], *k = c->in[1], *v = c->in[2];
    char tq[FM_SHAPE_TEXT], tk[FM_SHAPE_TEXT], tv[FM_SHAPE_TEXT];
    int rank = q->rank;
    bool ok = rank >= 2 && k->rank == rank && v->rank == rank && fm_last(q) == fm_last(k) && k->shape[rank - 2] == v->shape[rank - 2];
    for (int i = 0; ok && i < rank - 2; i++) ok = q->shape[i] == k->shape[i] && q->shape[i] == v->shape[i];
    if (!ok) {
        return fm_call_fail(c, err, "shapes %s, %s and %s do not fit: expected [..., L, D], [..., S, D] and [..., S, E]",
                            fm_shape_text(q, tq), fm_shape_text(k, tk), fm_shape_text(v, tv));
    }
    if (k->shape[rank - 2] == 0) return fm_call_fail(c, err, "there is nothing to attend to: keys are %s", fm_shape_text(k, tk));
    fm_shape_like(c, q);
    c->shape[rank - 1] = fm_last(v);
    c->saved_count = fm_rows(q) * k->shape[rank - 2]; /* the attention weights */
    c->scratch_count = q->shape[rank - 2] * k->shape[rank - 2];
    return fits(c, q, err) && fits(c, k, err) && fits(c, v, err);
}

FM_CLONES static void softmax_rows(size_t rows, size_t n, real scale, real *restrict row) {
    for (size_t r = 0; r < rows; r++, row += n) {
        real top = -INFINITY;
        for (size_t i = 0; i < n; i++) top = row[i] * scale > top ? row[i] * scale : top;
        for (size_t i = 0; i < n; i++) row[i] = v_exp(row[i] * scale - top);
        FM_ROW_SUM(n, row[i], sum);
        real k = (real)(1 / sum);
        for (size_t i = 0; i < n; i++) row[i] *= k;
    }
}

typedef struct attention_sizes {
    size_t groups, l, s, d, e;
    real scale;
} attention_sizes;

static attention_sizes sizes_of(const fm_call *c) {
    const fm_tensor *q = c->in[0], *k = c->in[1];
    attention_sizes z = {1, q->shape[q->rank - 2], k->shape[q->rank - 2], fm_last(q), fm_last(c->in[2]), 1 / r_sqrt((real)fm_last(q))};
    for (int i = 0; i < q->rank - 2; i++) z.groups *= q->shape[i];
    return z;
}

static void attention_weights(const attention_sizes *z, const real *q, const real *k, real *p) {
    fm_gemm(false, true, z->l, z->s, z->d, q, z->d, k, z->d, 0, p, z->s);
    softmax_rows(z->l, z->s, z->scale, p);
}

static void attention_forward(const fm_call *c) {
    attention_sizes z = sizes_of(c);
    const real *q = fm_data(c->in[0]), *k = fm_data(c->in[1]), *v = fm_data(c->in[2]);
    for (size_t g = 0; g < z.groups; g++) {
        real *p = c->saved ? c->saved + g * z.l * z.s : c->scratch;
        attention_weights(&z, q + g * z.l * z.d, k + g * z.s * z.d, p);
        fm_gemm(false, false, z.l, z.e, z.s, p, z.s, v + g * z.s * z.e, z.e, 0, fm_data(c->out) + g * z.l * z.e, z.e);
    }
}

/* dp -> dlogits = p (dp - sum(p dp)) scale, written over dp. */
static void softmax_back_rows(size_t rows, size_t n, real scale, const real *restrict p, real *restrict dp) {
    for (size_t r = 0; r < rows; r++, p += n, dp += n) {
        FM_ROW_SUM(n, p[i] * dp[i], sum);
        real dot = (real)sum;
        for (size_t i = 0; i < n; i++) dp[i] = p[i] * (dp[i] - dot) * scale;
    }
}

static void attention_backward(const fm_call *c) {
    attention_sizes z = sizes_of(c);
    const real *q = fm_data(c->in[0]), *k = fm_data(c->in[1]), *v = fm_data(c->in[2]), *dy = fm_grad_get(c->out);
    real *dq = fm_grad_add(c->in[0]), *dk = fm_grad_add(c->in[1]), *dv = fm_grad_add(c->in[2]);
    real *dp = c->scratch;
    for (size_t g = 0; g < z.groups; g++) {
        const real *p = c->saved + g * z.l * z.s, *dyg = dy + g * z.l * z.e;
        if (dv) fm_gemm(true, false, z.s, z.e, z.l, p, z.s, dyg, z.e, 1, dv + g * z.s * z.e, z.e);
        if (!dq && !dk) continue;
        fm_gemm(false, true, z.l, z.s, z.e, dyg, z.e, v + g * z.s * z.e, z.e, 0, dp, z.s);
        softmax_back_rows(z.l, z.s, z.scale, p, dp);
        if (dq) fm_gemm(false, false, z.l, z.d, z.s, dp, z.s, k + g * z.s * z.d, z.d, 1, dq + g * z.l * z.d, z.d);
        if (dk) fm_gemm(true, false, z.s, z.d, z.l, dp, z.s, q + g * z.l * z.d, z.d, 1, dk + g * z.s * z.d, z.d);
    }
}

static const fm_option linear_options[] = {{"act", FM_CHOICE, false, 0, fm_activation_names}, {0}};

const fm_op matrix_ops[] = {
    {"matmul", "tt", NULL, matmul_shape, matmul_forward, matmul_backward},
    {"bmm", "tt", NULL, bmm_shape, bmm_forward, bmm_backward},
    {"linear", "ttT", linear_options, linear_shape, linear_forward, linear_backward},
    {"attention", "ttt", NULL, attention_shape, attention_forward, attention_backward},
    {0},
};
