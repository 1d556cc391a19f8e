/* Losses: one number from a prediction and a target. */
#include "parts.h"
#include "row_max.h"
#include "sums.h"
#include "tangent.h"
#include "vmath.h"

static const char *const reduce_names[] = {"mean", "sum", NULL};

static bool pair_shape(fm_call *c, fm_error *err) {
    if (!fm_same_shape(c->in[0], c->in[1])) {
        char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
        return fm_call_fail(c, err, "prediction is %s, target is %s: they must have the same shape", fm_shape_text(c->in[0], a),
                            fm_shape_text(c->in[1], b));
    }
    c->rank = 0;
    c->scratch_count = fm_parts_room(c->in[0]->count, FM_TILE);
    return true;
}

/* What each term counts: 1, or 1/n for a mean. */
static double weight(const fm_call *c, int option) {
    return c->opt[option].integer ? 1 : 1 / (double)c->in[0]->count;
}

/* A prediction and a target, and what their gradients need. */
typedef struct pair {
    const real *p, *q;
    double delta;
    real k;
    real *dp, *dq;
    bool fresh_p, fresh_q;
} pair;

static pair pair_of(const fm_call *c) {
    return (pair){.p = fm_data(c->in[0]), .q = fm_data(c->in[1])};
}

static void pair_sum(const fm_call *c, int option, fm_part_fn part, const pair *all) {
    fm_data(c->out)[0] = (real)(fm_sum_parts(c, c->in[0]->count, FM_TILE, part, all) * weight(c, option));
}

static void pair_gradients(const fm_call *c, void (*tile)(void *, size_t, size_t), pair *all) {
    all->dp = fm_grad_write(c->in[0], &all->fresh_p);
    all->dq = fm_grad_write(c->in[1], &all->fresh_q);
    fm_parallel(c->in[0]->count, FM_TILE, tile, all);
}

/* ---- mse{reduce} ---- */

FM_CLONES static double squares(size_t n, const real *restrict p, const real *restrict q) {
    FM_SQUARES_SUM(n, p[i] - q[i], sum);
    return sum;
}

static double mse_part(const void *context, size_t first, size_t last) {
    const pair *a = context;
    return squares(last - first, a->p + first, a->q + first);
}

static void mse_forward(const fm_call *c) {
    pair all = pair_of(c);
    pair_sum(c, 0, mse_part, &all);
}

FM_CLONES static void mse_grad(size_t n, real k, const real *restrict p, const real *restrict q, real *restrict d, bool fresh) {
    if (fresh) {
        for (size_t i = 0; i < n; i++) d[i] = k * (p[i] - q[i]);
    } else {
        for (size_t i = 0; i < n; i++) d[i] += k * (p[i] - q[i]);
    }
}

static void mse_tile(void *context, size_t first, size_t last) {
    const pair *a = context;
    const real *p = a->p + first, *q = a->q + first;
    if (a->dp) mse_grad(last - first, a->k, p, q, a->dp + first, a->fresh_p);
    if (a->dq) mse_grad(last - first, a->k, q, p, a->dq + first, a->fresh_q);
}

static void mse_backward(const fm_call *c) {
    pair all = pair_of(c);
    all.k = (real)(2 * weight(c, 0) * (double)fm_grad_get(c->out)[0]);
    pair_gradients(c, mse_tile, &all);
}

/* ---- huber{delta, reduce}: e^2 / 2 up to delta, then a straight line ---- */

static bool huber_shape(fm_call *c, fm_error *err) {
    if (!(c->opt[0].number > 0)) return fm_call_fail(c, err, "delta is %g: it must be over 0", c->opt[0].number);
    return pair_shape(c, err);
}

FM_INLINE double huber_term(real p, real q, double delta) {
    double e = fabs((double)p - (double)q);
    return e <= delta ? e * e / 2 : delta * (e - delta / 2);
}

FM_CLONES static double hubers(size_t n, const real *restrict p, const real *restrict q, double delta) {
    FM_ROW_SUM(n, huber_term(p[i], q[i], delta), sum);
    return sum;
}

static double huber_part(const void *context, size_t first, size_t last) {
    const pair *a = context;
    return hubers(last - first, a->p + first, a->q + first, a->delta);
}

static void huber_forward(const fm_call *c) {
    pair all = pair_of(c);
    all.delta = c->opt[0].number;
    pair_sum(c, 1, huber_part, &all);
}

FM_INLINE real within(real e, real delta) {
    return e > delta ? delta : e < -delta ? -delta : e;
}

FM_CLONES static void huber_grad(size_t n, real k, real delta, const real *restrict p, const real *restrict q, real *restrict d,
                                 bool fresh) {
    if (fresh) {
        for (size_t i = 0; i < n; i++) d[i] = k * within(p[i] - q[i], delta);
    } else {
        for (size_t i = 0; i < n; i++) d[i] += k * within(p[i] - q[i], delta);
    }
}

static void huber_tile(void *context, size_t first, size_t last) {
    const pair *a = context;
    const real *p = a->p + first, *q = a->q + first;
    if (a->dp) huber_grad(last - first, a->k, (real)a->delta, p, q, a->dp + first, a->fresh_p);
    if (a->dq) huber_grad(last - first, a->k, (real)a->delta, q, p, a->dq + first, a->fresh_q);
}

static void huber_backward(const fm_call *c) {
    pair all = pair_of(c);
    all.delta = c->opt[0].number;
    all.k = (real)(weight(c, 1) * (double)fm_grad_get(c->out)[0]);
    pair_gradients(c, huber_tile, &all);
}

/* ---- cross_entropy: logits [B, C], labels [B] in 1..C -> mean -log softmax at the label ---- */

static bool cross_entropy_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0], *label = c->in[1];
    char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
    if (x->rank != 2 || label->rank != 1 || label->shape[0] != x->shape[0] || x->count == 0) {
        return fm_call_fail(c, err, "logits are %s, labels are %s: expected [B, C] and [B]", fm_shape_text(x, a), fm_shape_text(label, b));
    }
    if (!fm_check_index(c, label, x->shape[1], err)) return false;
    c->rank = 0;
    c->saved_count = x->count + x->count % 2; /* the probabilities */
    c->scratch_count = fm_parts_room(x->shape[0], fm_tile_rows(x->shape[1]));
    return true;
}

enum { SOME = 2048 }; /* numbers of rows that are worked on together */

/* Of a few rows [rows, n]: e [rows, n] = exp(x - the largest of the row), which becomes the
 * probabilities if they are `wanted`; else it is scratch. `label` has the labels of these rows.
 * Returns the sum of the losses. */
FM_INLINE double some_losses(size_t rows, size_t n, const real *restrict x, const real *restrict label, bool wanted, real *restrict e) {
    double total = 0;
    real top[SOME];
    for (size_t r = 0; r < rows; r++) {
        top[r] = fm_row_max(n, x + r * n);
        for (size_t j = 0; j < n; j++) e[r * n + j] = x[r * n + j] - top[r];
    }
    for (size_t i = 0; i < rows * n; i++) e[i] = v_exp_inner(e[i]);
    for (size_t r = 0; r < rows; r++) {
        real *restrict row = e + r * n;
        FM_ROW_SUM(n, row[i], sum);
        real scale = (real)(1 / sum);
        for (size_t j = 0; wanted && j < n; j++) row[j] *= scale;
        total += log(sum) + (double)top[r] - (double)x[r * n + (size_t)label[r] - 1];
    }
    return total;
}

/* Rows of [rows, n]: their probabilities, unless `saved` is NULL. Returns the sum of their
 * losses. */
FM_CLONES static double row_losses(size_t rows, size_t n, const real *restrict x, const real *restrict label, real *restrict saved) {
    double total = 0;
    real e[SOME];
    size_t some = n < SOME ? SOME / n : 1;
    for (size_t r = 0, k; r < rows; r += k, x += k * n) {
        k = rows - r < some ? rows - r : some;
        if (saved || n <= SOME) {
            total += some_losses(k, n, x, label + r, saved != NULL, saved ? saved + r * n : e);
            continue;
        }
        real top = fm_row_max(n, x);
        FM_ROW_SUM(n, v_exp_inner(x[i] - top), sum);
        total += log(sum) + (double)top - (double)x[(size_t)label[r] - 1];
    }
    return total;
}

static double cross_entropy_part(const void *context, size_t first, size_t last) {
    const fm_call *c = context;
    size_t n = c->in[0]->shape[1];
    return row_losses(last - first, n, fm_data(c->in[0]) + first * n, fm_data(c->in[1]) + first, c->saved ? c->saved + first * n : NULL);
}

static void cross_entropy_forward(const fm_call *c) {
    size_t rows = c->in[0]->shape[0];
    double total = fm_sum_parts(c, rows, fm_tile_rows(c->in[0]->shape[1]), cross_entropy_part, c);
    fm_data(c->out)[0] = (real)(c->opt[0].integer ? total : total / (double)rows);
}

typedef struct entropy_back {
    size_t n;
    const real *saved, *label;
    real g, *dx;
    bool fresh;
} entropy_back;

FM_CLONES static void row_gradients(const entropy_back *b, size_t first, size_t last) {
    size_t n = b->n;
    real g = b->g, *restrict dx = b->dx;
    const real *restrict saved = b->saved;
    if (b->fresh) {
        for (size_t i = first * n; i < last * n; i++) dx[i] = g * saved[i];
    } else {
        for (size_t i = first * n; i < last * n; i++) dx[i] += g * saved[i];
    }
    for (size_t r = first; r < last; r++) dx[r * n + (size_t)b->label[r] - 1] -= g;
}

static void cross_entropy_tile(void *context, size_t first, size_t last) {
    row_gradients(context, first, last);
}

static void cross_entropy_backward(const fm_call *c) {
    size_t rows = c->in[0]->shape[0], n = c->in[0]->shape[1];
    entropy_back b = {.n = n, .saved = c->saved, .label = fm_data(c->in[1])};
    b.g = fm_grad_get(c->out)[0] / (c->opt[0].integer ? 1 : (real)rows);
    b.dx = fm_grad_write(c->in[0], &b.fresh);
    fm_parallel(rows, fm_tile_rows(n), cross_entropy_tile, &b);
}

/* ---- tangents ---- */

static fm_tensor *total(fm_rule *r, const fm_call *c, int option, fm_tensor *terms) {
    return fm_rule_sum(r, c->opt[option].integer ? "sum" : "mean", terms, FM_NO_AXIS, false);
}

static fm_tensor *mse_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* 2 (p - q) (dp - dq) */
    fm_tensor *error = fm_subtract(r, c->in[0], c->in[1]);
    return fm_scale(r, 2, total(r, c, 0, fm_multiply(r, error, fm_subtract(r, d[0], d[1]))));
}

static fm_tensor *huber_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    fm_call frame, *clamp = fm_call_init(&frame, fm_op_find("clamp"));
    clamp->few[clamp->n_in++] = fm_subtract(r, c->in[0], c->in[1]);
    clamp->opt[0].number = -c->opt[0].number;
    clamp->opt[1].number = c->opt[0].number;
    if (!clamp->few[0]) return NULL;
    return total(r, c, 1, fm_multiply(r, fm_rule_run(r, clamp), fm_subtract(r, d[0], d[1])));
}

static fm_tensor *cross_entropy_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* sum softmax dx, less dx at the label */
    fm_call frame, *gather = fm_call_init(&frame, fm_op_find("gather"));
    size_t column[] = {c->in[1]->count, 1};
    gather->few[gather->n_in++] = d[0];
    gather->few[gather->n_in++] = fm_rule_shaped(r, c->in[1], 2, column);
    gather->opt[0].integer = 1;
    if (!gather->few[1]) return NULL;
    fm_tensor *mean = fm_rule_sum(r, "sum", fm_multiply(r, fm_rule_one(r, "softmax", c->in[0]), d[0]), 1, true);
    return total(r, c, 0, fm_subtract(r, mean, fm_rule_run(r, gather)));
}

static const fm_option mse_options[] = {{"reduce", FM_CHOICE, false, 0, reduce_names}, {0}};
static const fm_option huber_options[] = {{"delta", FM_NUMBER, false, 1, NULL}, {"reduce", FM_CHOICE, false, 0, reduce_names}, {0}};

const fm_op loss_ops[] = {
    {"mse", "tt", mse_options, pair_shape, mse_forward, mse_backward, mse_tangent},
    {"huber", "tt", huber_options, huber_shape, huber_forward, huber_backward, huber_tangent},
    {"cross_entropy", "tn", mse_options, cross_entropy_shape, cross_entropy_forward, cross_entropy_backward, cross_entropy_tangent},
    {0},
};
