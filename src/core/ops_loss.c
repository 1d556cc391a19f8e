/* Losses: one number from a prediction and a target. */
#include "op.h"
#include "sums.h"
#include "vmath.h"

static const char *const reduce_names[] = {"mean", "sum", NULL};

static bool pair_shape(fm_call *c, fm_error *err) {
    if (!fm_same_shape(c->in[0], c->in[1])) {
        char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
        return fm_call_fail(c, err, "prediction is %s, target is %s: they must have the same shape", fm_shape_text(c->in[0], a),
                            fm_shape_text(c->in[1], b));
    }
    c->rank = 0;
    return true;
}

/* What each term counts: 1, or 1/n for a mean. */
static double weight(const fm_call *c, int option) {
    return c->opt[option].integer ? 1 : 1 / (double)c->in[0]->count;
}

/* ---- mse{reduce} ---- */

FM_CLONES static double squares(size_t n, const real *restrict p, const real *restrict q) {
    FM_SQUARES_SUM(n, p[i] - q[i], sum);
    return sum;
}

static void mse_forward(const fm_call *c) {
    double sum = squares(c->in[0]->count, fm_data(c->in[0]), fm_data(c->in[1]));
    fm_data(c->out)[0] = (real)(sum * weight(c, 0));
}

FM_CLONES static void mse_grad(size_t n, real k, const real *restrict p, const real *restrict q, real *restrict d, bool fresh) {
    if (fresh) {
        for (size_t i = 0; i < n; i++) d[i] = k * (p[i] - q[i]);
    } else {
        for (size_t i = 0; i < n; i++) d[i] += k * (p[i] - q[i]);
    }
}

static void mse_backward(const fm_call *c) {
    real k = (real)(2 * weight(c, 0) * (double)fm_grad_get(c->out)[0]);
    const real *p = fm_data(c->in[0]), *q = fm_data(c->in[1]);
    size_t n = c->in[0]->count;
    bool fresh;
    real *dp = fm_grad_write(c->in[0], &fresh);
    if (dp) mse_grad(n, k, p, q, dp, fresh);
    real *dq = fm_grad_write(c->in[1], &fresh);
    if (dq) mse_grad(n, k, q, p, dq, fresh);
}

/* ---- huber{delta, reduce}: e^2 / 2 up to delta, then a straight line ---- */

static bool huber_shape(fm_call *c, fm_error *err) {
    if (!(c->opt[0].number > 0)) return fm_call_fail(c, err, "delta is %g: it must be over 0", c->opt[0].number);
    return pair_shape(c, err);
}

static void huber_forward(const fm_call *c) {
    const real *p = fm_data(c->in[0]), *q = fm_data(c->in[1]);
    double sum = 0, delta = c->opt[0].number;
    for (size_t i = 0, n = c->in[0]->count; i < n; i++) {
        double e = fabs((double)p[i] - (double)q[i]);
        sum += e <= delta ? e * e / 2 : delta * (e - delta / 2);
    }
    fm_data(c->out)[0] = (real)(sum * weight(c, 1));
}

static void huber_backward(const fm_call *c) {
    const real *p = fm_data(c->in[0]), *q = fm_data(c->in[1]);
    real k = (real)(weight(c, 1) * (double)fm_grad_get(c->out)[0]), delta = (real)c->opt[0].number;
    real *dp = fm_grad_add(c->in[0]), *dq = fm_grad_add(c->in[1]);
    for (size_t i = 0, n = c->in[0]->count; i < n; i++) {
        real e = p[i] - q[i], g = k * (e > delta ? delta : e < -delta ? -delta : e);
        if (dp) dp[i] += g;
        if (dq) dq[i] -= g;
    }
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
    c->saved_count = x->count; /* the probabilities */
    return true;
}

static void cross_entropy_forward(const fm_call *c) {
    size_t rows = c->in[0]->shape[0], n = c->in[0]->shape[1];
    const real *x = fm_data(c->in[0]), *label = fm_data(c->in[1]);
    double total = 0;
    for (size_t r = 0; r < rows; r++, x += n) {
        real top = x[0];
        double sum = 0;
        for (size_t j = 1; j < n; j++) top = x[j] > top ? x[j] : top;
        for (size_t j = 0; j < n; j++) {
            real e = v_exp(x[j] - top);
            if (c->saved) c->saved[r * n + j] = e;
            sum += (double)e;
        }
        for (size_t j = 0; c->saved && j < n; j++) c->saved[r * n + j] /= (real)sum;
        total += log(sum) + (double)top - (double)x[(size_t)label[r] - 1];
    }
    fm_data(c->out)[0] = (real)(c->opt[0].integer ? total : total / (double)rows);
}

static void cross_entropy_backward(const fm_call *c) {
    size_t rows = c->in[0]->shape[0], n = c->in[0]->shape[1];
    const real *label = fm_data(c->in[1]);
    real *dx = fm_grad_add(c->in[0]), g = fm_grad_get(c->out)[0] / (c->opt[0].integer ? 1 : (real)rows);
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < n; j++) dx[r * n + j] += g * c->saved[r * n + j];
        dx[r * n + (size_t)label[r] - 1] -= g;
    }
}

static const fm_option mse_options[] = {{"reduce", FM_CHOICE, false, 0, reduce_names}, {0}};
static const fm_option huber_options[] = {{"delta", FM_NUMBER, false, 1, NULL}, {"reduce", FM_CHOICE, false, 0, reduce_names}, {0}};

const fm_op loss_ops[] = {
    {"mse", "tt", mse_options, pair_shape, mse_forward, mse_backward},
    {"huber", "tt", huber_options, huber_shape, huber_forward, huber_backward},
    {"cross_entropy", "tn", mse_options, cross_entropy_shape, cross_entropy_forward, cross_entropy_backward},
    {0},
};
