/* Normalizations. Each works on rows, contiguous groups of numbers that share a mean and a scale;
 * forward leaves these two per row for backward. With z = (x - mean) rstd and g = dy weight: dx =
 * rstd (g - mean(g) - z mean(g z)). */
#include "op.h"
#include "sums.h"

#include <string.h>

/* ---- rows ---- */

/* stat[0] = mean, stat[1] = 1 / sqrt(variance + eps) */
FM_CLONES static void row_moments(size_t n, const real *restrict x, double eps, real *restrict stat) {
    FM_ROW_SUM(n, (double)x[i], sum);
    double mean = sum / (double)n;
    FM_ROW_SUM(n, ((double)x[i] - mean) * ((double)x[i] - mean), squares);
    stat[0] = (real)mean;
    stat[1] = (real)(1 / sqrt(squares / (double)n + eps));
}

/* The same with the mean taken as 0. */
FM_CLONES static void row_scale(size_t n, const real *restrict x, double eps, real *restrict stat) {
    FM_ROW_SUM(n, (double)x[i] * (double)x[i], squares);
    stat[0] = 0;
    stat[1] = (real)(1 / sqrt(squares / (double)n + eps));
}

/* y = z weight + bias, where weight and bias may be NULL */
FM_CLONES static void normalize_row(size_t n, const real *restrict x, const real *restrict stat, const real *restrict weight,
                                    const real *restrict bias, real *restrict y) {
    real mean = stat[0], rstd = stat[1];
    for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd;
    if (weight) {
        for (size_t i = 0; i < n; i++) y[i] *= weight[i];
    }
    if (bias) {
        for (size_t i = 0; i < n; i++) y[i] += bias[i];
    }
}

/* dweight[j] += the sum of dy z over column j of rows that are `stride` apart, dbias[j] that of dy;
 * either may be NULL. */
FM_CLONES static void affine_back_columns(size_t rows, size_t stride, size_t n, const real *restrict x, const real *restrict stat,
                                          const real *restrict dy, double *restrict dweight, double *restrict dbias) {
    if (dweight) FM_COLUMN_SUMS(rows, n, dy[r * stride + j] * ((x[r * stride + j] - stat[2 * r]) * stat[2 * r + 1]), dweight);
    if (dbias) FM_COLUMN_SUMS(rows, n, dy[r * stride + j], dbias);
}

/* dx += rstd (g - mean(g) - z mean(g z)); without mean(g) unless `centred`. */
FM_CLONES static void normal_back_row(size_t n, const real *restrict x, const real *restrict stat, const real *restrict g, bool centred,
                                      real *restrict dx) {
    real mean = stat[0], rstd = stat[1];
    FM_ROW_SUM(n, (double)g[i], sum);
    FM_ROW_SUM(n, (double)g[i] * (double)((x[i] - mean) * rstd), product);
    real a = centred ? (real)(sum / (double)n) : 0, b = (real)(product / (double)n);
    for (size_t i = 0; i < n; i++) dx[i] += rstd * (g[i] - a - (x[i] - mean) * rstd * b);
}

FM_CLONES static void scaled_row(size_t n, const real *restrict dy, const real *restrict weight, real *restrict g) {
    for (size_t i = 0; i < n; i++) g[i] = dy[i] * weight[i];
}

/* ---- layer_norm{eps}, rms_norm{eps}: over the last axis ---- */

static fm_tensor *optional(const fm_call *c, int i) {
    return i < c->n_in ? c->in[i] : NULL;
}

static bool check_eps(const fm_call *c, int option, fm_error *err) {
    double eps = c->opt[option].number;
    return eps >= 0 || fm_call_fail(c, err, "eps is %g: it must not be negative", eps);
}

/* weight and bias, where given, are [n]. */
static bool check_affine(const fm_call *c, size_t n, fm_error *err) {
    static const char *const name[] = {"input", "weight", "bias"};
    for (int i = 1; i < 3; i++) {
        const fm_tensor *t = optional(c, i);
        if (t && (t->rank != 1 || t->shape[0] != n)) {
            char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
            return fm_call_fail(c, err, "input is %s, %s is %s: expected [%zu]", fm_shape_text(c->in[0], a), name[i], fm_shape_text(t, b),
                                n);
        }
    }
    return true;
}

static bool last_axis_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0];
    if (x->rank == 0) return fm_call_fail(c, err, "a number without axes cannot be normalized");
    if (!check_eps(c, 0, err) || !check_affine(c, fm_last(x), err)) return false;
    c->saved_count = 2 * fm_rows(x);
    c->scratch_count = fm_last(x);
    return fm_shape_like(c, x);
}

typedef void (*stat_fn)(size_t n, const real *x, double eps, real *stat);

static void last_axis_forward(const fm_call *c, stat_fn measure) {
    size_t rows = fm_rows(c->in[0]), n = fm_last(c->in[0]);
    const fm_tensor *weight = optional(c, 1), *bias = optional(c, 2);
    const real *x = fm_data(c->in[0]);
    real *y = fm_data(c->out), own[2];
    for (size_t r = 0; r < rows; r++) {
        real *stat = c->saved ? c->saved + 2 * r : own;
        measure(n, x + r * n, c->opt[0].number, stat);
        normalize_row(n, x + r * n, stat, weight ? fm_data(weight) : NULL, bias ? fm_data(bias) : NULL, y + r * n);
    }
}

/* dx of some rows */
static void rows_back(const fm_call *c, size_t first, size_t end, bool centred, const real *dy, real *dx) {
    size_t n = fm_last(c->in[0]);
    const fm_tensor *weight = optional(c, 1);
    for (size_t r = first; r < end; r++) {
        const real *g = dy + r * n;
        if (weight) {
            scaled_row(n, dy + r * n, fm_data(weight), c->scratch);
            g = c->scratch;
        }
        normal_back_row(n, fm_data(c->in[0]) + r * n, c->saved + 2 * r, g, centred, dx + r * n);
    }
}

/* A few rows at a time, so that the sums of weight and bias find them in the cache. */
static void last_axis_backward(const fm_call *c, bool centred) {
    enum { ROWS = 4 };
    size_t rows = fm_rows(c->in[0]), n = fm_last(c->in[0]);
    fm_tensor *weight = optional(c, 1), *bias = optional(c, 2);
    const real *x = fm_data(c->in[0]), *dy = fm_grad_get(c->out);
    real *dx = fm_grad_add(c->in[0]), *dw = weight ? fm_grad_add(weight) : NULL, *db = bias ? fm_grad_add(bias) : NULL;
    double weights[FM_STRIP], biases[FM_STRIP];
    for (size_t j = 0, part; j < n && (j == 0 || dw || db); j += part) {
        part = n - j < FM_STRIP ? n - j : FM_STRIP;
        memset(weights, 0, part * sizeof *weights);
        memset(biases, 0, part * sizeof *biases);
        for (size_t r = 0; r < rows; r += ROWS) {
            size_t some = rows - r < ROWS ? rows - r : ROWS, at = r * n + j;
            if (dx && j == 0) rows_back(c, r, r + some, centred, dy, dx);
            if (dw || db) affine_back_columns(some, n, part, x + at, c->saved + 2 * r, dy + at, dw ? weights : NULL, db ? biases : NULL);
        }
        for (size_t i = 0; dw && i < part; i++) dw[j + i] += (real)weights[i];
        for (size_t i = 0; db && i < part; i++) db[j + i] += (real)biases[i];
    }
}

static void layer_norm_forward(const fm_call *c) {
    last_axis_forward(c, row_moments);
}

static void layer_norm_backward(const fm_call *c) {
    last_axis_backward(c, true);
}

static void rms_norm_forward(const fm_call *c) {
    last_axis_forward(c, row_scale);
}

static void rms_norm_backward(const fm_call *c) {
    last_axis_backward(c, false);
}

/* ---- group_norm{groups, eps}: x [N, C, ...], weight, bias [C]; a row: channels of one group
 * ---- */

typedef struct groups {
    size_t rows, channels, area; /* samples x groups; channels of a group; numbers of a channel */
    size_t per_sample;
} groups;

static groups groups_of(const fm_call *c) {
    const fm_tensor *x = c->in[0];
    size_t n = (size_t)c->opt[0].integer;
    return (groups){x->shape[0] * n, x->shape[1] / n, fm_along(x, 1).inner, n};
}

static bool group_norm_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0];
    char text[FM_SHAPE_TEXT];
    if (x->rank < 2) return fm_call_fail(c, err, "input is %s: expected [N, C, ...]", fm_shape_text(x, text));
    int64_t n = c->opt[0].integer;
    if (n < 1 || x->shape[1] % (size_t)n) {
        return fm_call_fail(c, err, "input is %s: its %zu channels do not make %lld groups", fm_shape_text(x, text), x->shape[1],
                            (long long)n);
    }
    if (!check_eps(c, 1, err) || !check_affine(c, x->shape[1], err)) return false;
    groups g = groups_of(c);
    c->saved_count = x->count ? 2 * g.rows : 0;
    c->scratch_count = g.channels * g.area;
    return fm_shape_like(c, x);
}

static void group_norm_forward(const fm_call *c) {
    groups g = groups_of(c);
    const fm_tensor *weight = optional(c, 1), *bias = optional(c, 2);
    const real *x = fm_data(c->in[0]);
    real *y = fm_data(c->out), own[2];
    for (size_t r = 0; r < g.rows; r++) {
        real *stat = c->saved ? c->saved + 2 * r : own;
        row_moments(g.channels * g.area, x, c->opt[1].number, stat);
        for (size_t k = 0; k < g.channels; k++, x += g.area, y += g.area) {
            size_t channel = r % g.per_sample * g.channels + k;
            real w = weight ? fm_data(weight)[channel] : 1, b = bias ? fm_data(bias)[channel] : 0;
            for (size_t i = 0; i < g.area; i++) y[i] = (x[i] - stat[0]) * stat[1] * w + b;
        }
    }
}

/* The sums over one channel of one sample are added to *dweight and *dbias. */
FM_CLONES static void channel_back(size_t n, const real *restrict x, const real *restrict stat, const real *restrict dy, double *dweight,
                                   double *dbias) {
    real mean = stat[0], rstd = stat[1];
    FM_ROW_SUM(n, dy[i], sum);
    FM_ROW_SUM(n, dy[i] * ((x[i] - mean) * rstd), product);
    *dweight += product;
    *dbias += sum;
}

/* dx of a group of one sample. */
static void group_back(const fm_call *c, size_t r, const real *dy, real *dx) {
    groups g = groups_of(c);
    const fm_tensor *weight = optional(c, 1);
    size_t row = g.channels * g.area, first = r % g.per_sample * g.channels;
    for (size_t k = 0, at = 0; k < g.channels; k++) {
        real w = weight ? fm_data(weight)[first + k] : 1;
        for (size_t i = 0; i < g.area; i++, at++) c->scratch[at] = dy[r * row + at] * w;
    }
    normal_back_row(row, fm_data(c->in[0]) + r * row, c->saved + 2 * r, c->scratch, true, dx + r * row);
}

static void group_norm_backward(const fm_call *c) {
    groups g = groups_of(c);
    fm_tensor *weight = optional(c, 1), *bias = optional(c, 2);
    const real *x = fm_data(c->in[0]), *dy = fm_grad_get(c->out);
    real *dx = fm_grad_add(c->in[0]), *dw = weight ? fm_grad_add(weight) : NULL, *db = bias ? fm_grad_add(bias) : NULL;
    size_t all = g.per_sample * g.channels;
    double weights[FM_STRIP], biases[FM_STRIP];
    for (size_t j = 0, part; j < all && (j == 0 || dw || db); j += part) { /* some channels of all samples */
        part = all - j < FM_STRIP ? all - j : FM_STRIP;
        memset(weights, 0, part * sizeof *weights);
        memset(biases, 0, part * sizeof *biases);
        for (size_t r = 0; r < g.rows; r++) {
            for (size_t k = 0; k < g.channels && (dw || db); k++) {
                size_t channel = r % g.per_sample * g.channels + k, at = (r * g.channels + k) * g.area;
                if (channel < j || channel >= j + part) continue;
                channel_back(g.area, x + at, c->saved + 2 * r, dy + at, &weights[channel - j], &biases[channel - j]);
            }
            if (dx && j == 0) group_back(c, r, dy, dx);
        }
        for (size_t i = 0; dw && i < part; i++) dw[j + i] += (real)weights[i];
        for (size_t i = 0; db && i < part; i++) db[j + i] += (real)biases[i];
    }
}

static const fm_option layer_norm_options[] = {{"eps", FM_NUMBER, false, 1e-5, NULL}, {0}};
static const fm_option rms_norm_options[] = {{"eps", FM_NUMBER, false, 1e-6, NULL}, {0}};
static const fm_option group_norm_options[] = {{"groups", FM_INTEGER, true, 1, NULL}, {"eps", FM_NUMBER, false, 1e-5, NULL}, {0}};

const fm_op norm_ops[] = {
    {"layer_norm", "tTT", layer_norm_options, last_axis_shape, layer_norm_forward, layer_norm_backward},
    {"rms_norm", "tT", rms_norm_options, last_axis_shape, rms_norm_forward, rms_norm_backward},
    {"group_norm", "tTT", group_norm_options, group_norm_shape, group_norm_forward, group_norm_backward},
    {0},
};
