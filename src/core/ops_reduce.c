/* Reductions along one axis or over all numbers, and the passes along an axis that keep its size. A
 * tensor is seen as [outer, size, inner]. Sums run in double and in an order that depends on the
 * shape alone. */
#include "op.h"
#include "sums.h"
#include "vmath.h"

#include <string.h>

enum { STRIP = 128, LANES = 32 };

/* ---- shapes ---- */

/* The axis option comes first; afterwards it is 0-based, or FM_NO_AXIS for all numbers. */
static fm_axis_view reduced_view(const fm_call *c) {
    const fm_tensor *x = c->in[0];
    int64_t axis = c->opt[0].integer;
    return axis == FM_NO_AXIS ? (fm_axis_view){1, x->count, 1} : fm_along(x, (int)axis);
}

static bool reduce_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0];
    int axis;
    if (!fm_check_axis(c, 0, x->rank, -1, &axis, err)) return false;
    c->opt[0].integer = axis < 0 ? FM_NO_AXIS : axis;
    bool keep = c->opt[1].integer != 0;
    c->rank = 0;
    for (int i = 0; i < x->rank; i++) {
        bool gone = axis < 0 || i == axis;
        if (!gone || keep) c->shape[c->rank++] = gone ? 1 : x->shape[i];
    }
    return true;
}

static bool at_least(const fm_call *c, size_t least, fm_error *err) {
    char text[FM_SHAPE_TEXT];
    size_t size = reduced_view(c).size;
    if (size >= least) return true;
    return fm_call_fail(c, err, "input is %s: expected at least %zu numbers to reduce, found %zu", fm_shape_text(c->in[0], text), least,
                        size);
}

static bool reduce_some_shape(fm_call *c, fm_error *err) {
    return reduce_shape(c, err) && at_least(c, 1, err);
}

static size_t result_count(const fm_call *c) {
    fm_axis_view v = reduced_view(c);
    return v.outer * v.inner;
}

/* The result has the shape of x; the axis is the last one when not given. */
static bool along_shape(fm_call *c, fm_error *err) {
    int axis;
    if (!fm_check_axis(c, 0, c->in[0]->rank, c->in[0]->rank - 1, &axis, err)) return false;
    c->opt[0].integer = axis;
    return fm_shape_like(c, c->in[0]);
}

/* ---- for each [outer, inner] the sum over the axis of a term in v, the number, and p, one a sum
 * ---- */

typedef struct sum_kernels {
    /* acc[j] += the terms of column j of [rows, n], rows `stride` apart */
    void (*columns)(size_t rows, size_t stride, size_t n, const real *x, const real *p, double *acc);
    /* acc[o] = the terms of row o of [outer, n], for short rows */
    void (*rows)(size_t outer, size_t n, const real *x, const real *p, double *acc);
} sum_kernels;

#define SUM_OF(name, TERM)                                                                                                                 \
    FM_CLONES static void name##_columns(size_t rows, size_t stride, size_t n, const real *restrict x, const real *restrict param,         \
                                         double *restrict acc) {                                                                           \
        for (size_t r = 0; r < rows; r++, x += stride) {                                                                                   \
            for (size_t j = 0; j < n; j++) {                                                                                               \
                real v = x[j], p = param[j];                                                                                               \
                (void)p;                                                                                                                   \
                acc[j] += TERM;                                                                                                            \
            }                                                                                                                              \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_rows(size_t outer, size_t n, const real *restrict x, const real *restrict param, double *restrict acc) {            \
        for (size_t o = 0; o < outer; o++, x += n) {                                                                                       \
            double sum = 0;                                                                                                                \
            real p = param[o];                                                                                                             \
            (void)p;                                                                                                                       \
            for (size_t i = 0; i < n; i++) {                                                                                               \
                real v = x[i];                                                                                                             \
                sum += TERM;                                                                                                               \
            }                                                                                                                              \
            acc[o] = sum;                                                                                                                  \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static const sum_kernels name = {name##_columns, name##_rows}

SUM_OF(sum_of_numbers, (double)v);
SUM_OF(sum_of_squares, (double)v *(double)v);
SUM_OF(sum_of_deviations, ((double)v - (double)p) * ((double)v - (double)p));
SUM_OF(sum_of_exponentials, (double)v_exp(v - p));

typedef double (*finish_fn)(double sum, double n, double p);

/* One strip of at most STRIP columns of [size, inner]. Columns narrower than LANES are summed as
 * several rows side by side. */
static void sum_strip(const sum_kernels *k, size_t size, size_t inner, size_t n, const real *x, const real *p, double *acc) {
    real param[STRIP];
    size_t side = n == inner && n < LANES && size >= LANES ? LANES / n : 1, wide = side * n, rows = size / side;
    for (size_t i = 0; i < wide; i++) {
        acc[i] = 0;
        param[i] = p ? p[i % n] : 0;
    }
    k->columns(rows, side * inner, wide, x, param, acc);
    k->columns(size - rows * side, inner, n, x + rows * side * inner, param, acc);
    for (size_t i = n; i < wide; i++) acc[i % n] += acc[i];
}

/* y[outer, inner] = finish(sum, n, p); p may be NULL for 0. */
static void sum_axis(fm_axis_view v, const sum_kernels *k, const real *x, const real *p, finish_fn finish, double n, real *y) {
    static const real none[STRIP];
    double acc[STRIP];
    if (v.inner == 1 && v.size < LANES) {
        for (size_t o = 0; o < v.outer; o += STRIP) {
            size_t rows = v.outer - o < STRIP ? v.outer - o : STRIP;
            k->rows(rows, v.size, x + o * v.size, p ? p + o : none, acc);
            for (size_t i = 0; i < rows; i++) y[o + i] = (real)finish(acc[i], n, p ? (double)p[o + i] : 0);
        }
        return;
    }
    for (size_t o = 0; o < v.outer; o++) {
        for (size_t j = 0; j < v.inner; j += STRIP) {
            size_t cols = v.inner - j < STRIP ? v.inner - j : STRIP, at = o * v.inner + j;
            sum_strip(k, v.size, v.inner, cols, x + o * v.size * v.inner + j, p ? p + at : NULL, acc);
            for (size_t i = 0; i < cols; i++) y[at + i] = (real)finish(acc[i], n, p ? (double)p[at + i] : 0);
        }
    }
}

static double finish_sum(double sum, double n, double p) {
    (void)n, (void)p;
    return sum;
}
static double finish_mean(double sum, double n, double p) {
    (void)p;
    return sum / n;
}
static double finish_norm(double sum, double n, double p) {
    (void)n, (void)p;
    return sqrt(sum);
}
static double finish_root_of_mean(double sum, double n, double p) {
    (void)p;
    return sqrt(sum / n);
}
static double finish_log(double sum, double n, double p) {
    (void)n;
    return log(sum) + p;
}

/* dx[o, i, j] (+)= k dy[o, j] */
FM_CLONES static void spread(size_t outer, size_t size, size_t inner, real k, const real *restrict dy, real *restrict dx, bool fresh) {
    for (size_t o = 0; o < outer; o++, dy += inner) {
        if (inner == 1) {
            real g = k * dy[0];
            if (fresh) {
                for (size_t i = 0; i < size; i++) dx[i] = g;
            } else {
                for (size_t i = 0; i < size; i++) dx[i] += g;
            }
            dx += size;
            continue;
        }
        for (size_t i = 0; i < size; i++, dx += inner) {
            if (fresh) {
                for (size_t j = 0; j < inner; j++) dx[j] = k * dy[j];
            } else {
                for (size_t j = 0; j < inner; j++) dx[j] += k * dy[j];
            }
        }
    }
}

static void spread_gradient(const fm_call *c, real k) {
    fm_axis_view v = reduced_view(c);
    bool fresh;
    real *dx = fm_grad_write(c->in[0], &fresh);
    spread(v.outer, v.size, v.inner, k, fm_grad_get(c->out), dx, fresh);
}

/* ---- sum, mean, norm ---- */

static void sum_forward(const fm_call *c) {
    sum_axis(reduced_view(c), &sum_of_numbers, fm_data(c->in[0]), NULL, finish_sum, 0, fm_data(c->out));
}

static void sum_backward(const fm_call *c) {
    spread_gradient(c, 1);
}

static void mean_forward(const fm_call *c) {
    fm_axis_view v = reduced_view(c);
    sum_axis(v, &sum_of_numbers, fm_data(c->in[0]), NULL, finish_mean, (double)v.size, fm_data(c->out));
}

static void mean_backward(const fm_call *c) {
    spread_gradient(c, (real)(1 / (double)reduced_view(c).size));
}

static void norm_forward(const fm_call *c) {
    sum_axis(reduced_view(c), &sum_of_squares, fm_data(c->in[0]), NULL, finish_norm, 0, fm_data(c->out));
}

/* dx += s[j] (x - p[j]) for the columns of [size, inner] */
FM_CLONES static void scaled_add(size_t size, size_t inner, const real *restrict x, const real *restrict s, const real *restrict p,
                                 real *restrict dx) {
    if (inner == 1) {
        for (size_t i = 0; i < size; i++) dx[i] += s[0] * (x[i] - p[0]);
        return;
    }
    for (size_t i = 0; i < size; i++, x += inner, dx += inner) {
        for (size_t j = 0; j < inner; j++) dx[j] += s[j] * (x[j] - p[j]);
    }
}

static void norm_backward(const fm_call *c) { /* dx = x / y; at the origin 0 is taken from the subgradients */
    fm_axis_view v = reduced_view(c);
    const real *dy = fm_grad_get(c->out), *y = fm_data(c->out);
    real *s = c->scratch, *zero = c->scratch + c->out->count, *dx = fm_grad_add(c->in[0]);
    for (size_t i = 0; i < c->out->count; i++) {
        s[i] = y[i] == 0 ? 0 : dy[i] / y[i];
        zero[i] = 0;
    }
    for (size_t o = 0; o < v.outer; o++) {
        size_t at = o * v.size * v.inner;
        scaled_add(v.size, v.inner, fm_data(c->in[0]) + at, s + o * v.inner, zero + o * v.inner, dx + at);
    }
}

static bool norm_shape(fm_call *c, fm_error *err) {
    if (!reduce_shape(c, err)) return false;
    c->scratch_count = 2 * result_count(c);
    return true;
}

/* ---- var{axis, keep, unbiased}: two passes, so that a large mean costs no digits ---- */

static double divisor(const fm_call *c) {
    return (double)reduced_view(c).size - (c->opt[2].integer ? 1 : 0);
}

static bool var_shape(fm_call *c, fm_error *err) {
    if (!reduce_shape(c, err) || !at_least(c, c->opt[2].integer ? 2 : 1, err)) return false;
    c->saved_count = c->scratch_count = result_count(c); /* the means; backward: the factors */
    return true;
}

static void deviations(const fm_call *c, finish_fn finish) {
    fm_axis_view v = reduced_view(c);
    const real *x = fm_data(c->in[0]);
    real *mean = c->saved ? c->saved : c->scratch;
    sum_axis(v, &sum_of_numbers, x, NULL, finish_mean, (double)v.size, mean);
    sum_axis(v, &sum_of_deviations, x, mean, finish, divisor(c), fm_data(c->out));
}

/* dx += scratch (x - mean); the mean's own share is 0: the deviations sum to nothing. */
static void add_deviations(const fm_call *c) {
    fm_axis_view v = reduced_view(c);
    real *dx = fm_grad_add(c->in[0]);
    for (size_t o = 0; o < v.outer; o++) {
        size_t at = o * v.size * v.inner;
        scaled_add(v.size, v.inner, fm_data(c->in[0]) + at, c->scratch + o * v.inner, c->saved + o * v.inner, dx + at);
    }
}

static void var_forward(const fm_call *c) {
    deviations(c, finish_mean);
}

static void var_backward(const fm_call *c) {
    const real *dy = fm_grad_get(c->out);
    real k = (real)(2 / divisor(c));
    for (size_t i = 0; i < c->out->count; i++) c->scratch[i] = k * dy[i];
    add_deviations(c);
}

/* ---- std{axis, keep, unbiased}: the root of var ----
 * Where all numbers are equal it has no slope: 0 is taken, as in PyTorch. */

static void std_forward(const fm_call *c) {
    deviations(c, finish_root_of_mean);
}

static void std_backward(const fm_call *c) {
    const real *dy = fm_grad_get(c->out), *y = fm_data(c->out);
    real k = (real)(1 / divisor(c));
    for (size_t i = 0; i < c->out->count; i++) c->scratch[i] = y[i] == 0 ? 0 : k * dy[i] / y[i];
    add_deviations(c);
}

/* ---- max, min: a NaN wins; the gradient goes to the first of equal entries ---- */

typedef struct extreme {
    void (*columns)(size_t rows, size_t stride, size_t n, const real *x, real *best); /* best[j] of column j, which it holds already */
    void (*rows)(size_t outer, size_t n, const real *x, real *best);                  /* best[o] of row o, for short rows */
} extreme;

#define EXTREME(name, BETTER)                                                                                                              \
    FM_CLONES static void name##_columns(size_t rows, size_t stride, size_t n, const real *restrict x, real *restrict best) {              \
        for (size_t r = 0; r < rows; r++, x += stride) {                                                                                   \
            for (size_t j = 0; j < n; j++) {                                                                                               \
                real v = x[j], b = best[j];                                                                                                \
                best[j] = v BETTER b || v != v ? v : b;                                                                                    \
            }                                                                                                                              \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_rows(size_t outer, size_t n, const real *restrict x, real *restrict best) {                                         \
        for (size_t o = 0; o < outer; o++, x += n) {                                                                                       \
            real b = x[0];                                                                                                                 \
            for (size_t i = 1; i < n; i++) b = x[i] BETTER b || x[i] != x[i] ? x[i] : b;                                                   \
            best[o] = b;                                                                                                                   \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static const extreme name = {name##_columns, name##_rows};
EXTREME(max, >)
EXTREME(min, <)

static void extreme_axis(fm_axis_view v, const extreme *k, const real *x, real *y) {
    if (v.inner == 1 && v.size < LANES) {
        k->rows(v.outer, v.size, x, y);
        return;
    }
    for (size_t o = 0; o < v.outer; o++, x += v.size * v.inner, y += v.inner) {
        size_t side = v.inner < LANES && v.size >= 2 * LANES ? LANES / v.inner : 1, rows = v.size / side, wide = side * v.inner;
        if (side == 1) {
            memcpy(y, x, v.inner * sizeof *y);
            k->columns(v.size - 1, v.inner, v.inner, x + v.inner, y);
            continue;
        }
        real best[LANES];
        memcpy(best, x, wide * sizeof *best);
        k->columns(rows - 1, wide, wide, x + wide, best);
        k->columns(v.size - rows * side, v.inner, v.inner, x + rows * wide, best);
        memcpy(y, best, v.inner * sizeof *y);
        k->columns(side - 1, v.inner, v.inner, best + v.inner, y);
    }
}

static void max_forward(const fm_call *c) {
    extreme_axis(reduced_view(c), &max, fm_data(c->in[0]), fm_data(c->out));
}

static void min_forward(const fm_call *c) {
    extreme_axis(reduced_view(c), &min, fm_data(c->in[0]), fm_data(c->out));
}

static void extreme_backward(const fm_call *c) {
    fm_axis_view v = reduced_view(c);
    const real *x = fm_data(c->in[0]), *y = fm_data(c->out), *dy = fm_grad_get(c->out);
    real *dx = fm_grad_add(c->in[0]);
    for (size_t o = 0; o < v.outer; o++) {
        for (size_t j = 0; j < v.inner; j++) {
            size_t at = o * v.size * v.inner + j, end = at + v.size * v.inner, r = o * v.inner + j;
            bool nan = y[r] != y[r];
            while (at < end && !(x[at] == y[r] || (nan && x[at] != x[at]))) at += v.inner;
            if (at < end) dx[at] += dy[r];
        }
    }
}

/* ---- logsumexp ---- */

static bool logsumexp_shape(fm_call *c, fm_error *err) {
    if (!reduce_some_shape(c, err)) return false;
    c->scratch_count = result_count(c);
    return true;
}

static void logsumexp_forward(const fm_call *c) {
    fm_axis_view v = reduced_view(c);
    real *top = c->scratch;
    extreme_axis(v, &max, fm_data(c->in[0]), top);
    for (size_t i = 0; i < c->out->count; i++) top[i] = r_fabs(top[i]) > FM_REAL_MAX ? 0 : top[i]; /* inf - inf is not a number */
    sum_axis(v, &sum_of_exponentials, fm_data(c->in[0]), top, finish_log, 0, fm_data(c->out));
}

FM_CLONES static void exp_spread(size_t size, size_t inner, const real *restrict x, const real *restrict y, const real *restrict dy,
                                 real *restrict dx) {
    if (inner == 1) {
        for (size_t i = 0; i < size; i++) dx[i] += dy[0] * v_exp(x[i] - y[0]);
        return;
    }
    for (size_t i = 0; i < size; i++, x += inner, dx += inner) {
        for (size_t j = 0; j < inner; j++) dx[j] += dy[j] * v_exp(x[j] - y[j]);
    }
}

static void logsumexp_backward(const fm_call *c) {
    fm_axis_view v = reduced_view(c);
    const real *y = fm_data(c->out), *dy = fm_grad_get(c->out);
    real *level = c->scratch, *dx = fm_grad_add(c->in[0]);
    for (size_t i = 0; i < c->out->count; i++) level[i] = y[i] < -FM_REAL_MAX ? 0 : y[i]; /* every entry -inf: all shares are 0 */
    for (size_t o = 0; o < v.outer; o++) {
        size_t at = o * v.size * v.inner;
        exp_spread(v.size, v.inner, fm_data(c->in[0]) + at, level + o * v.inner, dy + o * v.inner, dx + at);
    }
}

/* ---- cumsum ---- */

static void cumsum_forward(const fm_call *c) {
    fm_axis_view v = reduced_view(c);
    double acc[STRIP];
    for (size_t o = 0; v.inner == 1 && o < v.outer; o++) {
        const real *x = fm_data(c->in[0]) + o * v.size;
        real *y = fm_data(c->out) + o * v.size;
        double sum = 0;
        for (size_t i = 0; i < v.size; i++) y[i] = (real)(sum += (double)x[i]);
    }
    if (v.inner == 1) return;
    for (size_t o = 0; o < v.outer; o++) {
        for (size_t j = 0; j < v.inner; j += STRIP) {
            size_t n = v.inner - j < STRIP ? v.inner - j : STRIP, at = o * v.size * v.inner + j;
            const real *x = fm_data(c->in[0]) + at;
            real *y = fm_data(c->out) + at;
            memset(acc, 0, sizeof acc);
            for (size_t i = 0; i < v.size; i++) {
                for (size_t k = 0; k < n; k++) y[i * v.inner + k] = (real)(acc[k] += (double)x[i * v.inner + k]);
            }
        }
    }
}

static void cumsum_backward(const fm_call *c) { /* an entry counts in every sum from its own on: summed from the end */
    fm_axis_view v = reduced_view(c);
    double acc[STRIP];
    for (size_t o = 0; v.inner == 1 && o < v.outer; o++) {
        const real *dy = fm_grad_get(c->out) + o * v.size;
        real *dx = fm_grad_add(c->in[0]) + o * v.size;
        double sum = 0;
        for (size_t i = v.size; i-- > 0;) dx[i] += (real)(sum += (double)dy[i]);
    }
    if (v.inner == 1) return;
    for (size_t o = 0; o < v.outer; o++) {
        for (size_t j = 0; j < v.inner; j += STRIP) {
            size_t n = v.inner - j < STRIP ? v.inner - j : STRIP, at = o * v.size * v.inner + j;
            const real *dy = fm_grad_get(c->out) + at;
            real *dx = fm_grad_add(c->in[0]) + at;
            memset(acc, 0, sizeof acc);
            for (size_t i = v.size; i-- > 0;) {
                for (size_t k = 0; k < n; k++) dx[i * v.inner + k] += (real)(acc[k] += (double)dy[i * v.inner + k]);
            }
        }
    }
}

/* ---- softmax, log_softmax: along contiguous rows, or along columns of [size, inner] ---- */

FM_CLONES static void softmax_rows(size_t rows, size_t n, const real *restrict x, const real *restrict top, real *restrict y) {
    for (size_t r = 0; r < rows; r++, x += n, y += n) {
        for (size_t i = 0; i < n; i++) y[i] = v_exp(x[i] - top[r]);
        FM_ROW_SUM(n, (double)y[i], sum);
        real k = (real)(1 / sum);
        for (size_t i = 0; i < n; i++) y[i] *= k;
    }
}

FM_CLONES static void log_softmax_rows(size_t rows, size_t n, const real *restrict x, const real *restrict top, real *restrict y) {
    for (size_t r = 0; r < rows; r++, x += n, y += n) {
        for (size_t i = 0; i < n; i++) y[i] = v_exp(x[i] - top[r]);
        FM_ROW_SUM(n, (double)y[i], sum);
        real log_sum = (real)log(sum);
        for (size_t i = 0; i < n; i++) y[i] = (x[i] - top[r]) - log_sum;
    }
}

FM_CLONES static void softmax_columns(size_t size, size_t n, const real *restrict x, const real *restrict top, const real *restrict sum,
                                      real *restrict y) {
    for (size_t i = 0; i < size; i++, x += n, y += n) {
        for (size_t j = 0; j < n; j++) y[j] = v_exp(x[j] - top[j]) / sum[j];
    }
}

FM_CLONES static void log_softmax_columns(size_t size, size_t n, const real *restrict x, const real *restrict top,
                                          const real *restrict log_sum, real *restrict y) {
    for (size_t i = 0; i < size; i++, x += n, y += n) {
        for (size_t j = 0; j < n; j++) y[j] = (x[j] - top[j]) - log_sum[j];
    }
}

static bool softmax_shape(fm_call *c, fm_error *err) {
    if (!along_shape(c, err)) return false;
    c->scratch_count = 2 * result_count(c);
    return true;
}

static double finish_log_sum(double sum, double n, double p) {
    (void)n, (void)p;
    return log(sum);
}

static void softmax_forward(const fm_call *c) {
    fm_axis_view v = reduced_view(c);
    const real *x = fm_data(c->in[0]);
    real *y = fm_data(c->out), *top = c->scratch, *sum = top + v.outer * v.inner;
    extreme_axis(v, &max, x, top);
    if (v.inner == 1) {
        softmax_rows(v.outer, v.size, x, top, y);
        return;
    }
    sum_axis(v, &sum_of_exponentials, x, top, finish_sum, 0, sum);
    for (size_t o = 0; o < v.outer; o++) {
        size_t at = o * v.size * v.inner;
        softmax_columns(v.size, v.inner, x + at, top + o * v.inner, sum + o * v.inner, y + at);
    }
}

static void log_softmax_forward(const fm_call *c) {
    fm_axis_view v = reduced_view(c);
    const real *x = fm_data(c->in[0]);
    real *y = fm_data(c->out), *top = c->scratch, *log_sum = top + v.outer * v.inner;
    extreme_axis(v, &max, x, top);
    if (v.inner == 1) {
        log_softmax_rows(v.outer, v.size, x, top, y);
        return;
    }
    sum_axis(v, &sum_of_exponentials, x, top, finish_log_sum, 0, log_sum);
    for (size_t o = 0; o < v.outer; o++) {
        size_t at = o * v.size * v.inner;
        log_softmax_columns(v.size, v.inner, x + at, top + o * v.inner, log_sum + o * v.inner, y + at);
    }
}

/* With `total` the sum of TERM(i) along the axis: dx += GRAD(i). */
#define SOFTMAX_BACK(name, TERM, GRAD)                                                                                                     \
    FM_CLONES static void name##_rows(size_t rows, size_t n, const real *restrict y, const real *restrict dy, real *restrict dx) {         \
        for (size_t r = 0; r < rows; r++, y += n, dy += n, dx += n) {                                                                      \
            FM_ROW_SUM(n, TERM(i), sum);                                                                                                   \
            real total = (real)sum;                                                                                                        \
            for (size_t i = 0; i < n; i++) dx[i] += GRAD(i);                                                                               \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_strip(size_t size, size_t stride, size_t n, const real *restrict y, const real *restrict dy,              \
                                       real *restrict dx) {                                                                                \
        double sum[FM_STRIP];                                                                                                              \
        for (size_t j = 0; j < n; j++) sum[j] = 0;                                                                                         \
        FM_COLUMN_SUMS(size, n, TERM(r *stride + j), sum);                                                                                 \
        for (size_t r = 0; r < size; r++) {                                                                                                \
            for (size_t j = 0; j < n; j++) {                                                                                               \
                real total = (real)sum[j];                                                                                                 \
                dx[r * stride + j] += GRAD(r * stride + j);                                                                                \
            }                                                                                                                              \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name(const fm_call *c) {                                                                                                   \
        fm_axis_view v = reduced_view(c);                                                                                                  \
        const real *y = fm_data(c->out), *dy = fm_grad_get(c->out);                                                                        \
        real *dx = fm_grad_add(c->in[0]);                                                                                                  \
        if (v.inner == 1) name##_rows(v.outer, v.size, y, dy, dx);                                                                         \
        for (size_t o = 0; v.inner > 1 && o < v.outer; o++) {                                                                              \
            for (size_t j = 0; j < v.inner; j += FM_STRIP) {                                                                               \
                size_t n = v.inner - j < FM_STRIP ? v.inner - j : FM_STRIP, at = o * v.size * v.inner + j;                                 \
                name##_strip(v.size, v.inner, n, y + at, dy + at, dx + at);                                                                \
            }                                                                                                                              \
        }                                                                                                                                  \
    }
#define SOFTMAX_TERM(i) y[i] * dy[i]
#define SOFTMAX_GRAD(i) y[i] * (dy[i] - total)
#define LOG_SOFTMAX_TERM(i) dy[i]
#define LOG_SOFTMAX_GRAD(i) dy[i] - v_exp(y[i]) * total
SOFTMAX_BACK(softmax_backward, SOFTMAX_TERM, SOFTMAX_GRAD)
SOFTMAX_BACK(log_softmax_backward, LOG_SOFTMAX_TERM, LOG_SOFTMAX_GRAD)

static const fm_option reduce_options[] = {{"axis", FM_AXIS, false, 0, NULL}, {"keep", FM_FLAG, false, 0, NULL}, {0}};
static const fm_option var_options[] = {
    {"axis", FM_AXIS, false, 0, NULL}, {"keep", FM_FLAG, false, 0, NULL}, {"unbiased", FM_FLAG, false, 1, NULL}, {0}};
static const fm_option along_options[] = {{"axis", FM_AXIS, false, -1, NULL}, {0}};

const fm_op reduce_ops[] = {
    {"sum", "t", reduce_options, reduce_shape, sum_forward, sum_backward},
    {"mean", "t", reduce_options, reduce_some_shape, mean_forward, mean_backward},
    {"max", "t", reduce_options, reduce_some_shape, max_forward, extreme_backward},
    {"min", "t", reduce_options, reduce_some_shape, min_forward, extreme_backward},
    {"var", "t", var_options, var_shape, var_forward, var_backward},
    {"std", "t", var_options, var_shape, std_forward, std_backward},
    {"norm", "t", reduce_options, norm_shape, norm_forward, norm_backward},
    {"logsumexp", "t", reduce_options, logsumexp_shape, logsumexp_forward, logsumexp_backward},
    {"cumsum", "t", along_options, along_shape, cumsum_forward, cumsum_backward},
    {"softmax", "t", along_options, softmax_shape, softmax_forward, softmax_backward},
    {"log_softmax", "t", along_options, softmax_shape, log_softmax_forward, log_softmax_backward},
    {0},
};
