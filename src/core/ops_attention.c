/* Products of many small matrices: bmm and attention. */
#include "gemm.h"
#include "op.h"
#include "row_max.h"
#include "sums.h"
#include "tangent.h"
#include "threads.h"
#include "vmath.h"

#include <string.h>

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

/* Slices of a tile, when one takes `work` multiplications: about 10 us, with what a call of the
 * library costs. */
static size_t slices_of(size_t work) {
    enum { TILE = 1 << 18, CALL = 1 << 12 };
    return 1 + TILE / (work + CALL);
}

typedef struct bmm_pass {
    size_t m, n, k;
    const real *a, *b, *dy;
    real *to; /* the result, or a gradient */
    real beta;
} bmm_pass;

/* The slices a tile of which goes through `work`. */
static void bmm_slices(const fm_call *c, bmm_pass *pass, void (*work)(void *, size_t, size_t)) {
    const fm_tensor *a = c->in[0], *b = c->in[1];
    pass->m = a->shape[1], pass->k = a->shape[2], pass->n = b->shape[2];
    pass->a = fm_data(a), pass->b = fm_data(b);
    fm_parallel(a->shape[0], slices_of(pass->m * pass->k * pass->n), work, pass);
}

static void bmm_some(void *context, size_t first, size_t last) {
    const bmm_pass *p = context;
    size_t m = p->m, n = p->n, k = p->k;
    for (size_t s = first; s < last; s++) fm_gemm(false, false, m, n, k, p->a + s * m * k, k, p->b + s * k * n, n, 0, p->to + s * m * n, n);
}

static void bmm_some_da(void *context, size_t first, size_t last) {
    const bmm_pass *p = context;
    size_t m = p->m, n = p->n, k = p->k;
    for (size_t s = first; s < last; s++) {
        fm_gemm(false, true, m, k, n, p->dy + s * m * n, n, p->b + s * k * n, n, p->beta, p->to + s * m * k, k);
    }
}

static void bmm_some_db(void *context, size_t first, size_t last) {
    const bmm_pass *p = context;
    size_t m = p->m, n = p->n, k = p->k;
    for (size_t s = first; s < last; s++) {
        fm_gemm(true, false, k, n, m, p->a + s * m * k, k, p->dy + s * m * n, n, p->beta, p->to + s * k * n, n);
    }
}

static void bmm_forward(const fm_call *c) {
    bmm_pass pass = {.to = fm_data(c->out)};
    bmm_slices(c, &pass, bmm_some);
}

static void bmm_backward(const fm_call *c) { /* one input after the other: they may be views of the same numbers */
    bool fresh;
    bmm_pass pass = {.dy = fm_grad_get(c->out), .to = fm_grad_write(c->in[0], &fresh), .beta = fresh ? 0 : 1};
    if (pass.to) bmm_slices(c, &pass, bmm_some_da);
    pass.to = fm_grad_write(c->in[1], &fresh);
    pass.beta = fresh ? 0 : 1;
    if (pass.to) bmm_slices(c, &pass, bmm_some_db);
}

/* ---- attention{causal}: softmax(q k^T / sqrt d) v; q [.., L, D], k [.., S, D], v [.., S, E] ->
 * [.., L, E]. causal: query i sees keys 1..i only ---- */

/* Rows of weights that a tile holds at a time, on its stack; a longer row lies in the call's
 * scratch, and then one thread takes all. */
enum { WEIGHTS = (1 << 18) / sizeof(real) };

static size_t row_room(size_t keys) {
    return keys > WEIGHTS ? keys : 0;
}

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
    c->scratch_count = row_room(k->shape[rank - 2]);
    return fm_check_product(c, q, err) && fm_check_product(c, k, err) && fm_check_product(c, v, err);
}

/* The first of the rows has weights for its first `seen` numbers, the next for one more when
 * `causal`; those that it does not see become 0. */
FM_CLONES static void softmax_rows(size_t rows, size_t width, size_t seen, bool causal, real scale, real *restrict row) {
    for (size_t r = 0; r < rows; r++, row += width) {
        size_t n = seen < width ? seen : width;
        real top = fm_row_max(n, row) * scale;
        for (size_t i = 0; i < n; i++) row[i] = v_exp_inner(row[i] * scale - top);
        FM_ROW_SUM(n, row[i], sum);
        real k = (real)(1 / sum);
        for (size_t i = 0; i < n; i++) row[i] *= k;
        for (size_t i = n; i < width; i++) row[i] = 0;
        seen += causal;
    }
}

typedef struct attention_pass {
    size_t groups, l, s, d, e;
    size_t rows; /* queries that are taken at a time */
    bool causal;
    real scale;
    const real *q, *k, *v, *dy;
    real *y, *saved, *scratch; /* scratch: NULL when a row fits a stack */
    real *dq, *dk, *dv;
    real beta_q, beta_k, beta_v;
} attention_pass;

static attention_pass pass_of(const fm_call *c) {
    const fm_tensor *q = c->in[0], *k = c->in[1];
    attention_pass z = {.groups = 1, .l = q->shape[q->rank - 2], .s = k->shape[q->rank - 2], .d = fm_last(q), .e = fm_last(c->in[2])};
    for (int i = 0; i < q->rank - 2; i++) z.groups *= q->shape[i];
    z.rows = z.s < WEIGHTS ? WEIGHTS / z.s : 1;
    if (z.rows > z.l) z.rows = z.l ? z.l : 1;
    z.scale = 1 / r_sqrt((real)z.d);
    z.q = fm_data(q), z.k = fm_data(k), z.v = fm_data(c->in[2]);
    z.causal = c->opt[0].integer;
    z.saved = c->saved;
    z.scratch = row_room(z.s) ? c->scratch : NULL;
    return z;
}

static size_t rows_at(const attention_pass *z, size_t row) {
    return z->l - row < z->rows ? z->l - row : z->rows;
}

/* Blocks of rows first..last-1, counted over all groups. */
static void attention_blocks(void *context, size_t first, size_t last) {
    const attention_pass *z = context;
    real few[WEIGHTS];
    size_t blocks = (z->l + z->rows - 1) / z->rows;
    for (size_t i = first; i < last; i++) {
        size_t g = i / blocks, row = i % blocks * z->rows, rows = rows_at(z, row), at = g * z->l + row;
        real *p = z->saved ? z->saved + at * z->s : z->scratch ? z->scratch : few;
        fm_gemm(false, true, rows, z->s, z->d, z->q + at * z->d, z->d, z->k + g * z->s * z->d, z->d, 0, p, z->s);
        softmax_rows(rows, z->s, z->causal ? row + 1 : z->s, z->causal, z->scale, p);
        fm_gemm(false, false, rows, z->e, z->s, p, z->s, z->v + g * z->s * z->e, z->e, 0, z->y + at * z->e, z->e);
    }
}

static void attention_forward(const fm_call *c) {
    attention_pass z = pass_of(c);
    z.y = fm_data(c->out);
    size_t count = z.groups * ((z.l + z.rows - 1) / z.rows);
    fm_parallel(count, z.scratch ? count + 1 : slices_of(z.rows * z.s * (z.d + z.e)), attention_blocks, &z);
}

/* dp -> dlogits = p (dp - sum(p dp)) scale, written over dp. */
FM_CLONES static void softmax_back_rows(size_t rows, size_t n, real scale, const real *restrict p, real *restrict dp) {
    for (size_t r = 0; r < rows; r++, p += n, dp += n) {
        FM_ROW_SUM(n, p[i] * dp[i], sum);
        real dot = (real)sum;
        for (size_t i = 0; i < n; i++) dp[i] = p[i] * (dp[i] - dot) * scale;
    }
}

static void attention_groups(void *context, size_t first, size_t last) {
    const attention_pass *z = context;
    real few[WEIGHTS], *dp = z->scratch ? z->scratch : few;
    for (size_t g = first; g < last; g++) {
        const real *p = z->saved + g * z->l * z->s, *dy = z->dy + g * z->l * z->e, *k = z->k + g * z->s * z->d, *v = z->v + g * z->s * z->e;
        if (z->dv) fm_gemm(true, false, z->s, z->e, z->l, p, z->s, dy, z->e, z->beta_v, z->dv + g * z->s * z->e, z->e);
        for (size_t row = 0; row < z->l && (z->dq || z->dk); row += z->rows) {
            size_t rows = rows_at(z, row), at = g * z->l + row;
            fm_gemm(false, true, rows, z->s, z->e, dy + row * z->e, z->e, v, z->e, 0, dp, z->s);
            softmax_back_rows(rows, z->s, z->scale, p + row * z->s, dp);
            if (z->dq) fm_gemm(false, false, rows, z->d, z->s, dp, z->s, k, z->d, z->beta_q, z->dq + at * z->d, z->d);
            real beta = row ? 1 : z->beta_k;
            if (z->dk) fm_gemm(true, false, z->s, z->d, rows, dp, z->s, z->q + at * z->d, z->d, beta, z->dk + g * z->s * z->d, z->d);
        }
    }
}

/* Two gradients of numbers that overlap, because the inputs are views of the same. */
static bool overlap(const real *a, size_t a_count, const real *b, size_t b_count) {
    return a && b && a < b + b_count && b < a + a_count;
}

static void attention_backward(const fm_call *c) {
    attention_pass z = pass_of(c);
    const fm_tensor *q = c->in[0], *k = c->in[1], *v = c->in[2];
    bool fresh_q, fresh_k, fresh_v;
    z.dy = fm_grad_get(c->out);
    z.dq = fm_grad_write(c->in[0], &fresh_q), z.dk = fm_grad_write(c->in[1], &fresh_k), z.dv = fm_grad_write(c->in[2], &fresh_v);
    bool shared =
        overlap(z.dq, q->count, z.dk, k->count) || overlap(z.dq, q->count, z.dv, v->count) || overlap(z.dk, k->count, z.dv, v->count);
    if (shared && fresh_q) memset(z.dq, 0, q->count * sizeof *z.dq);
    if (shared && fresh_k) memset(z.dk, 0, k->count * sizeof *z.dk);
    if (shared && fresh_v) memset(z.dv, 0, v->count * sizeof *z.dv);
    z.beta_q = fresh_q && !shared ? 0 : 1, z.beta_k = fresh_k && !shared ? 0 : 1, z.beta_v = fresh_v && !shared ? 0 : 1;
    bool alone = shared || z.scratch; /* two tiles must not write to the same numbers */
    fm_parallel(z.groups, alone ? z.groups + 1 : slices_of(z.l * z.s * (2 * z.d + 2 * z.e)), attention_groups, &z);
}

/* ---- the tangent of attention: dy = P dv + dP v, dP = P (ds - sum P ds),
 * ds = (dq k^T + q dk^T) scale ---- */

static fm_tensor *flat_groups(fm_rule *r, fm_tensor *t, bool turned) { /* [..., L, D] -> [S, L, D], or [S, D, L] */
    if (!t) return NULL;
    size_t shape[3] = {1, t->shape[t->rank - 2], fm_last(t)};
    for (int i = 0; i < t->rank - 2; i++) shape[0] *= t->shape[i];
    t = fm_rule_shaped(r, t, 3, shape);
    return turned ? fm_rule_one(r, "transpose", t) : t;
}

/* 0 where row i may see column j <= i, else -inf: [L, S]. */
static fm_tensor *hidden_future(fm_rule *r, size_t l, size_t s) {
    size_t shape[2] = {l, s};
    fm_tensor *t = fm_rule_zeros(r, 2, shape);
    for (size_t i = 0; t && i < l; i++) {
        for (size_t j = i + 1; j < s; j++) fm_data(t)[i * s + j] = -INFINITY;
    }
    return t;
}

static fm_tensor *attention_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    fm_tensor *q = flat_groups(r, c->in[0], false), *k = flat_groups(r, c->in[1], true), *v = flat_groups(r, c->in[2], false);
    double scale = 1 / sqrt((double)fm_last(c->in[0]));
    fm_tensor *score = fm_scale(r, scale, fm_rule_two(r, "bmm", q, k));
    if (score && c->opt[0].integer) score = fm_add(r, score, hidden_future(r, score->shape[1], score->shape[2]));
    fm_tensor *p = fm_rule_one(r, "softmax", score), *dv = flat_groups(r, d[2], false);
    fm_tensor *ds = fm_add(r, fm_rule_two(r, "bmm", flat_groups(r, d[0], false), k), fm_rule_two(r, "bmm", q, flat_groups(r, d[1], true)));
    fm_tensor *pds = fm_multiply(r, p, fm_scale(r, scale, ds));
    fm_tensor *dp = fm_subtract(r, pds, fm_multiply(r, p, fm_rule_sum(r, "sum", pds, -1, true)));
    fm_tensor *dy = fm_add(r, fm_rule_two(r, "bmm", p, dv), fm_rule_two(r, "bmm", dp, v));
    return fm_rule_shaped(r, dy, c->out->rank, c->out->shape);
}

static const fm_option attention_options[] = {{"causal", FM_FLAG, false, 0, NULL}, {0}};

const fm_op attention_ops[] = {
    {"bmm", "tt", NULL, bmm_shape, bmm_forward, bmm_backward, fm_tangent_bilinear},
    {"attention", "ttt", attention_options, attention_shape, attention_forward, attention_backward, attention_tangent},
    {0},
};
