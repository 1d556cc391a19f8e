/* Products of many small matrices: bmm and attention. */
#include "blas.h"
#include "op.h"
#include "sums.h"
#include "vmath.h"

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
    return fm_check_product(c, a, err) && fm_check_product(c, b, err);
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
    return fm_check_product(c, q, err) && fm_check_product(c, k, err) && fm_check_product(c, v, err);
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

const fm_op attention_ops[] = {
    {"bmm", "tt", NULL, bmm_shape, bmm_forward, bmm_backward},
    {"attention", "ttt", NULL, attention_shape, attention_forward, attention_backward},
    {0},
};
