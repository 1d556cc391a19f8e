/* Normalizations. Each works on rows, contiguous groups of numbers that share a mean and a scale;
 * forward leaves these two per row for backward. With z = (x - mean) rstd and g = dy weight: dx =
 * rstd (g - mean(g) - z mean(g z)). */
#include "activation.h"
#include "parts.h"
#include "sums.h"
#include "tangent.h"

#include <string.h>

/* ---- rows ---- */

/* stat[0] = mean, stat[1] = 1 / sqrt(variance + eps) */
FM_CLONES static void row_moments(size_t n, const real *restrict x, double eps, real *restrict stat) {
    FM_ROW_SUM(n, (double)x[i], sum);
    double centre = sum / (double)n;
    real mean = (real)centre;
    FM_SQUARES_SUM(n, x[i] - mean, squares);
    double off = (double)mean - centre; /* what rounding the mean adds to each difference */
    double variance = squares / (double)n - off * off;
    stat[0] = mean;
    stat[1] = (real)(1 / sqrt((variance < 0 ? 0 : variance) + eps));
}

/* The same with the mean taken as 0. */
FM_CLONES static void row_scale(size_t n, const real *restrict x, double eps, real *restrict stat) {
    FM_SQUARES_SUM(n, x[i], squares);
    stat[0] = 0;
    stat[1] = (real)(1 / sqrt(squares / (double)n + eps));
}

/* y = z weight + bias, where weight and bias may be NULL */
FM_CLONES static void normalize_row(size_t n, const real *restrict x, const real *restrict stat, const real *restrict weight,
                                    const real *restrict bias, real *restrict y) {
    real mean = stat[0], rstd = stat[1];
    if (weight && bias) {
        for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd * weight[i] + bias[i];
    } else if (weight) {
        for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd * weight[i];
    } else {
        for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd + (bias ? bias[i] : 0);
    }
}

/* dweight[j] += the sum of dy z over column j of rows that are `n` apart, dbias[j] that of dy;
 * either may be NULL. */
FM_CLONES static void affine_back_columns(size_t rows, size_t n, const real *restrict x, const real *restrict stat, const real *restrict dy,
                                          double *restrict dweight, double *restrict dbias) {
    if (dweight) FM_COLUMN_SUMS(rows, n, dy[r * n + j] * ((x[r * n + j] - stat[2 * r]) * stat[2 * r + 1]), dweight);
    if (dbias) FM_COLUMN_SUMS(rows, n, dy[r * n + j], dbias);
}

/* dx = rstd (g - mean(g) - z mean(g z)), where g is dy, or dy weight; without mean(g) unless
 * `centred`. */
#define NORMAL_BACK(G)                                                                                                                     \
    do {                                                                                                                                   \
        FM_ROW_SUM(n, G, sum);                                                                                                             \
        FM_ROW_SUM(n, (G) * ((x[i] - mean) * rstd), product);                                                                              \
        real a = centred ? (real)(sum / (double)n) : 0, b = (real)(product / (double)n);                                                   \
        if (fresh) {                                                                                                                       \
            for (size_t i = 0; i < n; i++) dx[i] = rstd * ((G)-a - (x[i] - mean) * rstd * b);                                              \
        } else {                                                                                                                           \
            for (size_t i = 0; i < n; i++) dx[i] += rstd * ((G)-a - (x[i] - mean) * rstd * b);                                             \
        }                                                                                                                                  \
    } while (0)

FM_CLONES static void normal_back_row(size_t n, const real *restrict x, const real *restrict stat, const real *restrict dy,
                                      const real *restrict weight, bool centred, bool fresh, real *restrict dx) {
    real mean = stat[0], rstd = stat[1];
    if (weight) NORMAL_BACK(dy[i] * weight[i]);
    else NORMAL_BACK(dy[i]);
}

/* ---- what all share ---- */

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

static const real *numbers(const fm_tensor *t) {
    return t ? fm_data(t) : NULL;
}

/* Backward takes the rows in constant parts. Each has its own sums for the gradients of weight and
 * bias, 2 n doubles in the scratch; they are added in the order of the parts. */
enum { MOST_PARTS = 32 };

static size_t part_rows(size_t rows, size_t row) {
    size_t tile = fm_tile_rows(row), least = (rows + MOST_PARTS - 1) / MOST_PARTS;
    return least > tile ? least : tile;
}

static size_t parts(size_t rows, size_t row) {
    return (rows + part_rows(rows, row) - 1) / part_rows(rows, row);
}

/* Even, so that doubles may follow. */
static size_t stats_count(size_t rows) {
    return 2 * rows;
}

static size_t sums_room(const fm_call *c, size_t rows, size_t row, size_t n) {
    return optional(c, 1) || optional(c, 2) ? fm_room_for_doubles(2 * n * parts(rows, row)) : 0;
}

typedef struct back {
    const fm_call *c;
    const real *x, *stat, *dy, *weight, *bias;
    real *dz;           /* dy where it goes through an activation first, else NULL */
    size_t n, per_part; /* numbers of weight and bias, or of a row of theirs; rows of a part */
    size_t each;        /* rows of x for each row of weight and bias; 0: they are one row, for all */
    real *dx, *dw, *db;
    bool fresh; /* dx means nothing yet */
    double *sums;
} back;

static back back_of(const fm_call *c, size_t n, size_t rows, size_t row) {
    fm_tensor *weight = optional(c, 1), *bias = optional(c, 2);
    back b = {.c = c,
              .x = fm_data(c->in[0]),
              .stat = c->saved,
              .dy = fm_grad_get(c->out),
              .weight = numbers(weight),
              .bias = numbers(bias),
              .n = n};
    b.per_part = part_rows(rows, row);
    b.dx = fm_grad_write(c->in[0], &b.fresh);
    b.dw = weight ? fm_grad_add(weight) : NULL;
    b.db = bias ? fm_grad_add(bias) : NULL;
    b.sums = b.dw || b.db ? fm_scratch_doubles(c) : NULL;
    return b;
}

/* The cleared sums of the part that begins with row `first`: n for the weight, then n for the
 * bias. */
static double *sums_of_part(const back *b, size_t first) {
    double *sums = b->sums + first / b->per_part * 2 * b->n;
    memset(sums, 0, 2 * b->n * sizeof *sums);
    return sums;
}

static void add_parts(size_t n, size_t count, const double *sums, real *grad) {
    for (size_t j = 0; grad && j < n; j++) {
        double sum = 0;
        for (size_t p = 0; p < count; p++) sum += sums[p * 2 * n + j];
        grad[j] += (real)sum;
    }
}

static void run_back(back *b, size_t rows, void (*part)(void *, size_t, size_t)) {
    fm_parallel(rows, b->per_part, part, b);
    if (b->each) return; /* each part had its own rows of weight and bias */
    size_t count = (rows + b->per_part - 1) / b->per_part;
    add_parts(b->n, count, b->sums, b->dw);
    add_parts(b->n, count, b->sums ? b->sums + b->n : NULL, b->db);
}

/* ---- layer_norm{eps}, rms_norm{eps}: over the last axis; weight and bias [n], or a row of n for
 * each of the first axes of x, as [B, 1, n] for x [B, L, n] ---- */

/* Rows of x that share a row of weight and bias; 0: all do. */
static size_t rows_each(const fm_call *c) {
    const fm_tensor *x = c->in[0], *t = optional(c, 1) ? optional(c, 1) : optional(c, 2);
    return t && t->rank > 1 && t->count && fm_rows(t) > 1 ? fm_rows(x) / fm_rows(t) : 0;
}

/* x's shape, with ones from some axis on, and n. */
static bool has_rows(const fm_tensor *t, const fm_tensor *x) {
    int i = 0, last = x->rank - 1;
    if (t->rank != x->rank || t->shape[last] != x->shape[last]) return false;
    while (i < last && t->shape[i] == x->shape[i]) i++;
    while (i < last && t->shape[i] == 1) i++;
    return i == last;
}

static bool check_rows(const fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0], *weight = optional(c, 1), *bias = optional(c, 2), *t = weight ? weight : bias;
    if (!t || t->rank == 1 || !has_rows(t, x)) return check_affine(c, fm_last(x), err);
    if (!bias || fm_same_shape(t, bias)) return true;
    char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
    return fm_call_fail(c, err, "weight is %s, bias is %s: expected one shape", fm_shape_text(t, a), fm_shape_text(bias, b));
}

/* Rows of a part on the way back: whole ones of those that share. */
static size_t rows_of_part(const fm_call *c) {
    size_t each = rows_each(c), some = part_rows(fm_rows(c->in[0]), fm_last(c->in[0]));
    return each ? (some + each - 1) / each * each : some;
}

static bool last_axis_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0];
    if (x->rank == 0) return fm_call_fail(c, err, "a number without axes cannot be normalized");
    if (!check_eps(c, 0, err) || !check_rows(c, err)) return false;
    c->saved_count = stats_count(fm_rows(x));
    c->scratch_count = sums_room(c, fm_rows(x), fm_last(x), fm_last(x));
    return fm_shape_like(c, x);
}

typedef void (*stat_fn)(size_t n, const real *x, double eps, real *stat);

typedef struct last_axis {
    const fm_call *c;
    size_t n, each;
    stat_fn measure;
} last_axis;

static void last_axis_tile(void *context, size_t first, size_t last) {
    const last_axis *a = context;
    const fm_call *c = a->c;
    const real *x = fm_data(c->in[0]), *weight = numbers(optional(c, 1)), *bias = numbers(optional(c, 2));
    real own[2];
    for (size_t r = first; r < last; r++) {
        real *stat = c->saved ? c->saved + 2 * r : own;
        size_t at = a->each ? r / a->each * a->n : 0;
        a->measure(a->n, x + r * a->n, c->opt[0].number, stat);
        normalize_row(a->n, x + r * a->n, stat, weight ? weight + at : NULL, bias ? bias + at : NULL, fm_data(c->out) + r * a->n);
    }
}

static void last_axis_forward(const fm_call *c, stat_fn measure) {
    last_axis a = {c, fm_last(c->in[0]), rows_each(c), measure};
    fm_parallel(fm_rows(c->in[0]), fm_tile_rows(a.n), last_axis_tile, &a);
}

/* A few rows at a time, so that the sums of weight and bias find them in the cache. */
static void rows_back(const back *b, bool centred, size_t first, size_t last, const real *weight, double *sums) {
    enum { ROWS = 8 };
    size_t n = b->n;
    for (size_t r = first, some; r < last; r += some) {
        some = last - r < ROWS ? last - r : ROWS;
        for (size_t i = r; b->dx && i < r + some; i++) {
            normal_back_row(n, b->x + i * n, b->stat + 2 * i, b->dy + i * n, weight, centred, b->fresh, b->dx + i * n);
        }
        if (sums) affine_back_columns(some, n, b->x + r * n, b->stat + 2 * r, b->dy + r * n, b->dw ? sums : NULL, b->db ? sums + n : NULL);
    }
}

static void last_axis_back(const back *b, bool centred, size_t first, size_t last) {
    size_t n = b->n, each = b->each ? b->each : last - first;
    for (size_t r = first; r < last; r += each) {
        size_t at = b->each ? r / each * n : 0;
        double *sums = b->sums ? sums_of_part(b, first) : NULL;
        rows_back(b, centred, r, r + each, b->weight ? b->weight + at : NULL, sums);
        if (!sums || !b->each) continue;
        add_parts(n, 1, sums, b->dw ? b->dw + at : NULL);
        add_parts(n, 1, sums + n, b->db ? b->db + at : NULL);
    }
}

static void centred_part(void *context, size_t first, size_t last) {
    last_axis_back(context, true, first, last);
}

static void plain_part(void *context, size_t first, size_t last) {
    last_axis_back(context, false, first, last);
}

/* Whether gradients overlap, because inputs are views of the same numbers: a part must not set, or
 * add to, what another adds to. */
static bool overlap(const real *a, size_t a_count, const real *b, size_t b_count) {
    return a && b && a < b + b_count && b < a + a_count;
}

static void rows_alone(back *b, size_t rows) {
    size_t count = rows * b->n, own = rows / b->each * b->n;
    if (!overlap(b->dx, count, b->dw, own) && !overlap(b->dx, count, b->db, own) && !overlap(b->dw, own, b->db, own)) return;
    if (b->dx && b->fresh) memset(b->dx, 0, count * sizeof *b->dx);
    b->fresh = false;
    b->per_part = rows;
}

static void last_axis_backward(const fm_call *c, void (*part)(void *, size_t, size_t)) {
    size_t rows = fm_rows(c->in[0]), n = fm_last(c->in[0]);
    back b = back_of(c, n, rows, n);
    b.each = rows_each(c);
    b.per_part = rows_of_part(c);
    if (b.each) rows_alone(&b, rows);
    run_back(&b, rows, part);
}

static void layer_norm_forward(const fm_call *c) {
    last_axis_forward(c, row_moments);
}

static void layer_norm_backward(const fm_call *c) {
    last_axis_backward(c, centred_part);
}

static void rms_norm_forward(const fm_call *c) {
    last_axis_forward(c, row_scale);
}

static void rms_norm_backward(const fm_call *c) {
    last_axis_backward(c, plain_part);
}

/* ---- group_norm{groups, eps, act}: act(norm), x [N, C, ...], weight, bias [C]; a row: channels of
 * one group ---- */

typedef struct groups {
    size_t rows, channels, area; /* samples x groups; channels of a group; numbers of a channel */
    size_t per_sample;
} groups;

static groups groups_of(const fm_call *c) {
    const fm_tensor *x = c->in[0];
    size_t n = (size_t)c->opt[0].integer;
    return (groups){x->shape[0] * n, x->shape[1] / n, fm_along(x, 1).inner, n};
}

static const fm_activation *act_of(const fm_call *c) {
    return &fm_activations[c->opt[2].integer];
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
    c->saved_count = x->count ? stats_count(g.rows) : 0;
    c->scratch_count = x->count ? sums_room(c, g.rows, g.channels * g.area, x->shape[1]) : 0;
    return fm_shape_like(c, x);
}

FM_CLONES static void scale_channel(size_t n, const real *restrict x, const real *restrict stat, real w, real b, real *restrict y) {
    real mean = stat[0], rstd = stat[1];
    for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd * w + b;
}

static void group_norm_tile(void *context, size_t first, size_t last) {
    const fm_call *c = context;
    groups g = groups_of(c);
    const real *weight = numbers(optional(c, 1)), *bias = numbers(optional(c, 2));
    size_t row = g.channels * g.area;
    real own[2];
    for (size_t r = first; r < last; r++) {
        const real *x = fm_data(c->in[0]) + r * row;
        real *stat = c->saved ? c->saved + 2 * r : own, *y = fm_data(c->out) + r * row;
        row_moments(row, x, c->opt[1].number, stat);
        for (size_t k = 0, channel = r % g.per_sample * g.channels; k < g.channels; k++, channel++) {
            scale_channel(g.area, x + k * g.area, stat, weight ? weight[channel] : 1, bias ? bias[channel] : 0, y + k * g.area);
        }
        if (act_of(c)->in_place) act_of(c)->in_place(row, y, NULL);
    }
}

static void group_norm_forward(const fm_call *c) {
    groups g = groups_of(c);
    fm_parallel(g.rows, fm_tile_rows(g.channels * g.area), group_norm_tile, (void *)c);
}

FM_CLONES static void multiply(size_t n, const real *restrict by, real *restrict to) {
    for (size_t i = 0; i < n; i++) to[i] *= by[i];
}

/* dy of one channel of one sample becomes that of the norm. Its result was not kept: the slopes of
 * the activation come from x again. */
static void channel_through_act(const fm_activation *act, size_t n, const real *x, const real *stat, real w, real b, real *dy) {
    real z[FM_STRIP], slope[FM_STRIP];
    for (size_t i = 0, some; i < n; i += some) {
        some = n - i < FM_STRIP ? n - i : FM_STRIP;
        scale_channel(some, x + i, stat, w, b, z);
        act->in_place(some, z, slope);
        multiply(some, slope, dy + i);
    }
}

/* Over one channel of one sample: the sums of dy and of dy z. */
FM_CLONES static void channel_sums(size_t n, const real *restrict x, const real *restrict stat, const real *restrict dy, double out[2]) {
    real mean = stat[0], rstd = stat[1];
    FM_ROW_SUM(n, dy[i], sum);
    FM_ROW_SUM(n, dy[i] * ((x[i] - mean) * rstd), product);
    out[0] = sum;
    out[1] = product;
}

/* dx = rstd (dy w - a - z b), or added to it */
FM_CLONES static void channel_back(size_t n, const real *restrict x, const real *restrict stat, const real *restrict dy, real w, real a,
                                   real b, bool fresh, real *restrict dx) {
    real mean = stat[0], rstd = stat[1];
    if (fresh) {
        for (size_t i = 0; i < n; i++) dx[i] = rstd * (dy[i] * w - a - (x[i] - mean) * rstd * b);
    } else {
        for (size_t i = 0; i < n; i++) dx[i] += rstd * (dy[i] * w - a - (x[i] - mean) * rstd * b);
    }
}

static void group_norm_part(void *context, size_t first, size_t last) {
    const back *k = context;
    groups g = groups_of(k->c);
    size_t row = g.channels * g.area;
    double *sums = k->sums ? sums_of_part(k, first) : NULL;
    for (size_t r = first; r < last; r++) {
        size_t channel = r % g.per_sample * g.channels;
        const real *x = k->x + r * row, *dy = k->dy + r * row, *stat = k->stat + 2 * r, *weight = k->weight ? k->weight + channel : NULL;
        for (size_t i = 0; k->dz && i < g.channels; i++) {
            real w = weight ? weight[i] : 1, b = k->bias ? k->bias[channel + i] : 0;
            channel_through_act(act_of(k->c), g.area, x + i * g.area, stat, w, b, k->dz + r * row + i * g.area);
        }
        double sum = 0, product = 0, of_channel[2];
        for (size_t i = 0; i < g.channels; i++) {
            channel_sums(g.area, x + i * g.area, stat, dy + i * g.area, of_channel);
            sum += of_channel[0] * (weight ? (double)weight[i] : 1);
            product += of_channel[1] * (weight ? (double)weight[i] : 1);
            if (sums) sums[channel + i] += of_channel[1], sums[k->n + channel + i] += of_channel[0];
        }
        real a = (real)(sum / (double)row), b = (real)(product / (double)row);
        for (size_t i = 0; k->dx && i < g.channels; i++) {
            size_t at = i * g.area;
            channel_back(g.area, x + at, stat, dy + at, weight ? weight[i] : 1, a, b, k->fresh, k->dx + r * row + at);
        }
    }
}

static void group_norm_backward(const fm_call *c) {
    groups g = groups_of(c);
    back b = back_of(c, g.per_sample * g.channels, g.rows, g.channels * g.area);
    bool fresh;
    if (act_of(c)->in_place) b.dz = fm_grad_write(c->out, &fresh); /* ours to change: released when this returns */
    run_back(&b, g.rows, group_norm_part);
}

/* ---- tangents ---- */

typedef struct normal {
    fm_tensor *z, *dz;
} normal;

/* The rows of the last axis, less their mean when `centred`, over their root mean square; and the
 * tangent: dz = rstd (dx - mean dx - z mean (z dx)). */
static normal normal_of(fm_rule *r, fm_tensor *x, fm_tensor *dx, double eps, bool centred) {
    if (centred) x = fm_subtract(r, x, fm_rule_sum(r, "mean", x, -1, true));
    if (centred) dx = fm_subtract(r, dx, fm_rule_sum(r, "mean", dx, -1, true));
    fm_tensor *rstd = fm_rule_one(r, "rsqrt", fm_shift(r, eps, fm_rule_sum(r, "mean", fm_rule_one(r, "square", x), -1, true)));
    normal n = {.z = fm_multiply(r, x, rstd)};
    fm_tensor *along = fm_multiply(r, n.z, fm_rule_sum(r, "mean", fm_multiply(r, n.z, dx), -1, true));
    n.dz = fm_multiply(r, rstd, fm_subtract(r, dx, along));
    return n;
}

/* d (z weight + bias), each along the last axis or, for channels, shaped by `shape`. */
static fm_tensor *affine_tangent(fm_rule *r, const fm_call *c, normal n, fm_tensor *const *d, int rank, const size_t *shape) {
    fm_tensor *weight = optional(c, 1), *dw = c->n_in > 1 ? d[1] : NULL, *db = c->n_in > 2 ? d[2] : NULL;
    fm_tensor *dy = weight ? fm_multiply(r, n.dz, fm_rule_shaped(r, weight, rank, shape)) : n.dz;
    dy = fm_add(r, dy, fm_multiply(r, n.z, fm_rule_shaped(r, dw, rank, shape)));
    return fm_add(r, dy, fm_rule_shaped(r, db, rank, shape));
}

static fm_tensor *last_axis_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d, bool centred) {
    const fm_tensor *t = optional(c, 1) ? optional(c, 1) : optional(c, 2);
    size_t last = fm_last(c->in[0]);
    return affine_tangent(r, c, normal_of(r, c->in[0], d[0], c->opt[0].number, centred), d, t ? t->rank : 1, t ? t->shape : &last);
}

static fm_tensor *layer_norm_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return last_axis_tangent(r, c, d, true);
}

static fm_tensor *rms_norm_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return last_axis_tangent(r, c, d, false);
}

static fm_tensor *group_norm_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* act is a step of its own: see fm_run */
    fm_tensor *x = c->in[0];
    size_t n_groups = (size_t)c->opt[0].integer, rows[] = {x->shape[0], n_groups, x->count / (x->shape[0] * n_groups)};
    size_t channels[FM_MAX_RANK] = {x->shape[1]};
    for (int i = 1; i < x->rank - 1; i++) channels[i] = 1;
    normal n = normal_of(r, fm_rule_shaped(r, x, 3, rows), fm_rule_shaped(r, d[0], 3, rows), c->opt[1].number, true);
    n.z = fm_rule_shaped(r, n.z, x->rank, x->shape);
    n.dz = fm_rule_shaped(r, n.dz, x->rank, x->shape);
    return affine_tangent(r, c, n, d, x->rank - 1, channels);
}

static const fm_option layer_norm_options[] = {{"eps", FM_NUMBER, false, 1e-5, NULL}, {0}};
static const fm_option rms_norm_options[] = {{"eps", FM_NUMBER, false, 1e-6, NULL}, {0}};
static const fm_option group_norm_options[] = {
    {"groups", FM_INTEGER, true, 1, NULL}, {"eps", FM_NUMBER, false, 1e-5, NULL}, {"act", FM_CHOICE, false, 0, fm_activation_names}, {0}};

const fm_op norm_ops[] = {
    {"layer_norm", "tTT", layer_norm_options, last_axis_shape, layer_norm_forward, layer_norm_backward, layer_norm_tangent},
    {"rms_norm", "tT", rms_norm_options, last_axis_shape, rms_norm_forward, rms_norm_backward, rms_norm_tangent},
    {"group_norm", "tTT", group_norm_options, group_norm_shape, group_norm_forward, group_norm_backward, group_norm_tangent},
    {0},
};
