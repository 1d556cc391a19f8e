/* Elementwise arithmetic, with NumPy's broadcasting for two inputs, and functions of one number. */
#include "op.h"
#include "threads.h"
#include "vmath.h"

#include <string.h>

/* ---- two inputs ---- */

static bool broadcast_pair(fm_call *c, const fm_tensor *a, const fm_tensor *b, fm_error *err) {
    int rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 1; i <= rank; i++) { /* i-th axis from the end */
        size_t na = i <= a->rank ? a->shape[a->rank - i] : 1, nb = i <= b->rank ? b->shape[b->rank - i] : 1;
        if (na != nb && na != 1 && nb != 1) {
            char ta[FM_SHAPE_TEXT], tb[FM_SHAPE_TEXT];
            return fm_call_fail(c, err, "shapes %s and %s do not fit: axis %d has %zu and %zu", fm_shape_text(a, ta), fm_shape_text(b, tb),
                                rank - i + 1, na, nb);
        }
        c->shape[rank - i] = na == 1 ? nb : na;
    }
    c->rank = rank;
    return true;
}

static bool broadcast(fm_call *c, fm_error *err) {
    if (fm_same_shape(c->in[0], c->in[1])) return fm_shape_like(c, c->in[0]);
    return broadcast_pair(c, c->in[0], c->in[1], err);
}

/* A walk over an output in rows along which each of up to three inputs either advances by one or stays. */
enum { MAX_WALKED = 3 };
typedef struct walk {
    int rank, n_in;
    size_t shape[FM_MAX_RANK];
    size_t stride[MAX_WALKED][FM_MAX_RANK]; /* 0 on an axis of size 1 */
} walk;

static void walk_add(walk *w, const fm_tensor *out, const fm_tensor *t) {
    size_t stride = 1;
    int shift = out->rank - t->rank;
    for (int i = out->rank - 1; i >= 0; i--) {
        size_t size = i >= shift ? t->shape[i - shift] : 1;
        w->stride[w->n_in][i] = size == 1 ? 0 : stride;
        stride *= size;
    }
    w->n_in++;
}

/* Merges neighbouring axes along which every input moves alike, so that rows are as long as they can be. */
static void walk_merge(walk *w, const fm_tensor *out) {
    int to = -1;
    for (int i = 0; i < out->rank; i++) {
        if (out->shape[i] == 1) continue;
        bool merge = to >= 0;
        for (int k = 0; merge && k < w->n_in; k++) merge = w->stride[k][to] == w->stride[k][i] * out->shape[i];
        if (!merge) {
            to++;
            w->shape[to] = out->shape[i];
        } else {
            w->shape[to] *= out->shape[i];
        }
        for (int k = 0; k < w->n_in; k++) w->stride[k][to] = w->stride[k][i];
    }
    if (to < 0) {
        to = 0;
        w->shape[0] = 1;
        for (int k = 0; k < w->n_in; k++) w->stride[k][0] = 0;
    }
    w->rank = to + 1;
}

/* Calls row(context, n, at[], step[], out_at) for each row; at[k] is where input k starts, step[k] 0 or 1. */
typedef void (*row_fn)(void *context, size_t n, const size_t at[MAX_WALKED], const size_t step[MAX_WALKED], size_t out_at);

static void walk_rows(const walk *w, row_fn row, void *context) {
    int last = w->rank - 1;
    size_t index[FM_MAX_RANK] = {0}, at[MAX_WALKED] = {0}, step[MAX_WALKED] = {0}, n = w->shape[last], out_at = 0;
    for (int k = 0; k < w->n_in; k++) step[k] = w->stride[k][last];
    for (;;) {
        row(context, n, at, step, out_at);
        out_at += n;
        int axis = last - 1;
        for (; axis >= 0; axis--) {
            for (int k = 0; k < w->n_in; k++) at[k] += w->stride[k][axis];
            if (++index[axis] < w->shape[axis]) break;
            for (int k = 0; k < w->n_in; k++) at[k] -= w->stride[k][axis] * w->shape[axis];
            index[axis] = 0;
        }
        if (axis < 0) return;
    }
}

typedef struct pair_kernels {
    void (*forward)(size_t n, const real *a, size_t sa, const real *b, size_t sb, real *y);
    void (*grad_a)(size_t n, const real *a, size_t sa, const real *b, size_t sb, const real *dy, real *da);
    void (*grad_b)(size_t n, const real *a, size_t sa, const real *b, size_t sb, const real *dy, real *db);
} pair_kernels;

typedef struct pair_rows {
    const pair_kernels *kernels;
    const real *a, *b, *dy;
    real *y, *da, *db;
    size_t sa, sb;
} pair_rows;

static void forward_row(void *context, size_t n, const size_t *at, const size_t *step, size_t out_at) {
    pair_rows *p = context;
    p->kernels->forward(n, p->a + at[0], step[0], p->b + at[1], step[1], p->y + out_at);
}

static void backward_row(void *context, size_t n, const size_t *at, const size_t *step, size_t out_at) {
    pair_rows *p = context;
    const real *a = p->a + at[0], *b = p->b + at[1], *dy = p->dy + out_at;
    if (p->da) p->kernels->grad_a(n, a, step[0], b, step[1], dy, p->da + at[0]);
    if (p->db) p->kernels->grad_b(n, a, step[0], b, step[1], dy, p->db + at[1]);
}

static void forward_tile(void *context, size_t first, size_t last) {
    pair_rows *p = context;
    p->kernels->forward(last - first, p->a + first * p->sa, p->sa, p->b + first * p->sb, p->sb, p->y + first);
}

static void pair_walk(const fm_call *c, pair_rows *p, bool backward) {
    walk w = {0};
    walk_add(&w, c->out, c->in[0]);
    walk_add(&w, c->out, c->in[1]);
    walk_merge(&w, c->out);
    if (!backward && w.rank == 1) {
        p->sa = w.stride[0][0];
        p->sb = w.stride[1][0];
        fm_parallel(w.shape[0], FM_TILE, forward_tile, p);
    } else {
        walk_rows(&w, backward ? backward_row : forward_row, p);
    }
}

static void pair_forward(const fm_call *c, const pair_kernels *kernels) {
    pair_rows p = {.kernels = kernels, .a = fm_data(c->in[0]), .b = fm_data(c->in[1]), .y = fm_data(c->out)};
    pair_walk(c, &p, false);
}

static void pair_backward(const fm_call *c, const pair_kernels *kernels) {
    pair_rows p = {.kernels = kernels, .a = fm_data(c->in[0]), .b = fm_data(c->in[1]), .dy = fm_grad_get(c->out)};
    p.da = fm_grad_add(c->in[0]);
    p.db = fm_grad_add(c->in[1]);
    if (c->out->count) pair_walk(c, &p, true);
}

/* The sum of a row's terms into one number, in 8 lanes: the same order whatever the machine. */
#define SUM_ROW(n, TERM, into)                                                                                                             \
    do {                                                                                                                                   \
        real lane[8] = {0}, rest = 0;                                                                                                      \
        size_t i0 = 0;                                                                                                                     \
        for (; i0 + 8 <= n; i0 += 8) {                                                                                                     \
            for (size_t l = 0; l < 8; l++) {                                                                                               \
                size_t i = i0 + l;                                                                                                         \
                lane[l] += TERM;                                                                                                           \
            }                                                                                                                              \
        }                                                                                                                                  \
        for (size_t i = i0; i < n; i++) rest += TERM;                                                                                      \
        *(into) += ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7])) + rest;                       \
    } while (0)

/* F, DA and DB are expressions of A and B (the two numbers). */
#define PAIR_GRAD(fn, D, own, into)                                                                                                        \
    FM_CLONES static void fn(size_t n, const real *restrict a, size_t sa, const real *restrict b, size_t sb, const real *restrict dy,      \
                             real *restrict into) {                                                                                        \
        (void)a, (void)b;                                                                                                                  \
        if (sa && sb) {                                                                                                                    \
            for (size_t i = 0; i < n; i++) into[i] += dy[i] * (D(a[i], b[i]));                                                             \
        } else if (own) {                                                                                                                  \
            for (size_t i = 0; i < n; i++) into[i] += dy[i] * (D(a[i * sa], b[i * sb]));                                                   \
        } else {                                                                                                                           \
            SUM_ROW(n, dy[i] * (D(a[i * sa], b[i * sb])), into);                                                                           \
        }                                                                                                                                  \
    }
#define PAIR(name, F, DA, DB)                                                                                                              \
    FM_CLONES static void name##_rows(size_t n, const real *restrict a, size_t sa, const real *restrict b, size_t sb, real *restrict y) {  \
        if (sa && sb) {                                                                                                                    \
            for (size_t i = 0; i < n; i++) y[i] = F(a[i], b[i]);                                                                           \
        } else if (sa) {                                                                                                                   \
            for (size_t i = 0; i < n; i++) y[i] = F(a[i], b[0]);                                                                           \
        } else {                                                                                                                           \
            for (size_t i = 0; i < n; i++) y[i] = F(a[0], b[i * sb]);                                                                      \
        }                                                                                                                                  \
    }                                                                                                                                      \
    PAIR_GRAD(name##_grad_a, DA, sa, da)                                                                                                   \
    PAIR_GRAD(name##_grad_b, DB, sb, db)                                                                                                   \
    static const pair_kernels name##_kernels = {name##_rows, name##_grad_a, name##_grad_b};                                                \
    static void name##_forward(const fm_call *c) {                                                                                         \
        pair_forward(c, &name##_kernels);                                                                                                  \
    }                                                                                                                                      \
    static void name##_backward(const fm_call *c) {                                                                                        \
        pair_backward(c, &name##_kernels);                                                                                                 \
    }

#define F_ADD(A, B) (A) + (B)
#define F_SUB(A, B) (A) - (B)
#define F_MUL(A, B) (A) * (B)
#define F_DIV(A, B) (A) / (B)
#define F_MAX(A, B) ((A) >= (B) || (A) != (A) ? (A) : (B)) /* a NaN wins */
#define F_MIN(A, B) ((A) <= (B) || (A) != (A) ? (A) : (B))
#define D_ONE(A, B) R(1.0)
#define D_MINUS(A, B) R(-1.0)
#define D_FIRST(A, B) (A)
#define D_SECOND(A, B) (B)
#define D_DIV_A(A, B) 1 / (B)
#define D_DIV_B(A, B) -(A) / ((B) * (B))
#define D_LARGER(A, B) ((A) > (B) ? R(1.0) : (A) == (B) ? R(0.5) : R(0.0)) /* equal numbers share the gradient, as in PyTorch */
#define D_SMALLER(A, B) ((A) < (B) ? R(1.0) : (A) == (B) ? R(0.5) : R(0.0))

PAIR(add, F_ADD, D_ONE, D_ONE)
PAIR(sub, F_SUB, D_ONE, D_MINUS)
PAIR(mul, F_MUL, D_SECOND, D_FIRST)
PAIR(div, F_DIV, D_DIV_A, D_DIV_B)
PAIR(maximum, F_MAX, D_LARGER, D_SMALLER)
PAIR(minimum, F_MIN, D_SMALLER, D_LARGER)

/* ---- where(condition, a, b): a where the condition is not 0 ---- */

typedef struct where_rows {
    const real *cond, *a, *b, *dy;
    real *y, *da, *db;
} where_rows;

static bool where_shape(fm_call *c, fm_error *err) {
    if (!broadcast_pair(c, c->in[1], c->in[2], err)) return false;
    fm_tensor ab = {.rank = c->rank};
    memcpy(ab.shape, c->shape, sizeof ab.shape);
    return broadcast_pair(c, c->in[0], &ab, err);
}

static void where_row(void *context, size_t n, const size_t *at, const size_t *step, size_t out_at) {
    where_rows *w = context;
    const real *cond = w->cond + at[0];
    if (w->y) {
        for (size_t i = 0; i < n; i++) {
            w->y[out_at + i] = cond[i * step[0]] != 0 ? w->a[at[1] + i * step[1]] : w->b[at[2] + i * step[2]];
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        bool first = cond[i * step[0]] != 0;
        real g = w->dy[out_at + i];
        if (first && w->da) w->da[at[1] + i * step[1]] += g;
        if (!first && w->db) w->db[at[2] + i * step[2]] += g;
    }
}

static void where_walk(const fm_call *c, where_rows *rows) {
    walk w = {0};
    for (int i = 0; i < 3; i++) walk_add(&w, c->out, c->in[i]);
    walk_merge(&w, c->out);
    walk_rows(&w, where_row, rows);
}

static void where_forward(const fm_call *c) {
    where_rows rows = {fm_data(c->in[0]), fm_data(c->in[1]), fm_data(c->in[2]), NULL, fm_data(c->out), NULL, NULL};
    where_walk(c, &rows);
}

static void where_backward(const fm_call *c) {
    where_rows rows = {fm_data(c->in[0]), NULL, NULL, fm_grad_get(c->out), NULL, fm_grad_add(c->in[1]), fm_grad_add(c->in[2])};
    if (c->out->count) where_walk(c, &rows);
}

/* ---- one input ---- */

static bool same_shape(fm_call *c, fm_error *err) {
    (void)err;
    return fm_shape_like(c, c->in[0]);
}

typedef struct tiles {
    const fm_call *c;
    void (*apply)(const fm_call *c, size_t n, const real *x, real *y);
} tiles;

static void one_tile(void *context, size_t first, size_t last) {
    tiles *t = context;
    t->apply(t->c, last - first, fm_data(t->c->in[0]) + first, fm_data(t->c->out) + first);
}

static void forward_tiles(const fm_call *c, void (*apply)(const fm_call *, size_t, const real *, real *)) {
    tiles t = {c, apply};
    fm_parallel(c->out->count, FM_TILE, one_tile, &t);
}

/* Y is the value at x; D the slope at x, where y is known too. P and Q are the two options. */
#define UNARY(name, Y, D)                                                                                                                  \
    FM_CLONES static void name##_apply(const fm_call *c, size_t n, const real *restrict in, real *restrict out) {                          \
        real P = (real)c->opt[0].number, Q = (real)c->opt[1].number;                                                                       \
        (void)P, (void)Q;                                                                                                                  \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = in[i];                                                                                                                \
            out[i] = (Y);                                                                                                                  \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_forward(const fm_call *c) {                                                                                         \
        forward_tiles(c, name##_apply);                                                                                                    \
    }                                                                                                                                      \
    FM_CLONES static void name##_slopes(const fm_call *c, const real *restrict in, const real *restrict out, const real *restrict dy,      \
                                        real *restrict dx) {                                                                               \
        real P = (real)c->opt[0].number, Q = (real)c->opt[1].number;                                                                       \
        (void)P, (void)Q;                                                                                                                  \
        for (size_t i = 0, n = c->out->count; i < n; i++) {                                                                                \
            real x = in[i], y = out[i];                                                                                                    \
            (void)x, (void)y;                                                                                                              \
            dx[i] += dy[i] * (D);                                                                                                          \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_backward(const fm_call *c) {                                                                                        \
        name##_slopes(c, fm_data(c->in[0]), fm_data(c->out), fm_grad_get(c->out), fm_grad_add(c->in[0]));                                  \
    }

UNARY(neg, -x, -1)
UNARY(exp, v_exp(x), y)
UNARY(log, v_log(x), 1 / x)
UNARY(sqrt, r_sqrt(x), R(0.5) / y)
UNARY(rsqrt, 1 / r_sqrt(x), R(-0.5) * y / x)
UNARY(reciprocal, 1 / x, -y *y)
UNARY(sin, r_sin(x), r_cos(x))
UNARY(cos, r_cos(x), -r_sin(x))
UNARY(square, x *x, 2 * x)
UNARY(abs, r_fabs(x), x > 0 ? 1 : (x < 0 ? -1 : 0))
UNARY(pow, r_pow(x, P), P == 0 ? 0 : P * r_pow(x, P - 1))
UNARY(clamp, x < P ? P : (x > Q ? Q : x), x >= P && x <= Q ? 1 : 0)

static bool clamp_shape(fm_call *c, fm_error *err) {
    double low = c->opt[0].number, high = c->opt[1].number;
    if (low > high) return fm_call_fail(c, err, "min %g is over max %g", low, high);
    return fm_shape_like(c, c->in[0]);
}

static const fm_option pow_options[] = {{"exponent", FM_NUMBER, true, 0, NULL}, {0}};
static const fm_option clamp_options[] = {{"min", FM_NUMBER, false, -INFINITY, NULL}, {"max", FM_NUMBER, false, INFINITY, NULL}, {0}};

const fm_op elementwise_ops[] = {
    /* name     inputs options   checks         computes          differentiates */
    {"add", "tt", NULL, broadcast, add_forward, add_backward},
    {"sub", "tt", NULL, broadcast, sub_forward, sub_backward},
    {"mul", "tt", NULL, broadcast, mul_forward, mul_backward},
    {"div", "tt", NULL, broadcast, div_forward, div_backward},
    {"maximum", "tt", NULL, broadcast, maximum_forward, maximum_backward},
    {"minimum", "tt", NULL, broadcast, minimum_forward, minimum_backward},
    {"neg", "t", NULL, same_shape, neg_forward, neg_backward},
    {"exp", "t", NULL, same_shape, exp_forward, exp_backward},
    {"log", "t", NULL, same_shape, log_forward, log_backward},
    {"sqrt", "t", NULL, same_shape, sqrt_forward, sqrt_backward},
    {"rsqrt", "t", NULL, same_shape, rsqrt_forward, rsqrt_backward},
    {"reciprocal", "t", NULL, same_shape, reciprocal_forward, reciprocal_backward},
    {"sin", "t", NULL, same_shape, sin_forward, sin_backward},
    {"cos", "t", NULL, same_shape, cos_forward, cos_backward},
    {"square", "t", NULL, same_shape, square_forward, square_backward},
    {"abs", "t", NULL, same_shape, abs_forward, abs_backward},
    {"pow", "t", pow_options, same_shape, pow_forward, pow_backward},
    {"clamp", "t", clamp_options, clamp_shape, clamp_forward, clamp_backward},
    {"where", "ntt", NULL, where_shape, where_forward, where_backward},
    {0},
};
