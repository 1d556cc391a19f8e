/* Reductions along one axis or over all numbers. A tensor is seen as [outer, size, inner]. Sums run
 * in double and in an order that depends on the shape alone. */
#include "parts.h"
#include "sums.h"
#include "tangents_reduce.h"
#include "vmath.h"

#include <string.h>

enum { LANES = 32, BESIDE = 64, MOST_PARTS = 32 };

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

/* ---- for each [outer, inner] the sum over the axis of a term in v, the number, and p, one a sum;
 * or the largest number, likewise ---- */

typedef struct reduction {
    /* acc[j] = column j of [rows, n], rows `stride` apart */
    void (*columns)(size_t rows, size_t stride, size_t n, const real *x, const real *p, double *acc);
    /* acc[o] = row o of [outer, n] */
    void (*rows)(size_t outer, size_t n, const real *x, const real *p, double *acc);
    /* acc[j] becomes the result of both acc[j] and more[j] */
    void (*join)(size_t n, const double *more, double *acc);
    size_t (*tile)(size_t row); /* fm_tile_rows or fm_light_rows */
} reduction;

static void add_up(size_t n, const double *more, double *acc) {
    for (size_t j = 0; j < n; j++) acc[j] += more[j];
}

#define SUM_OF(name, tile_rows, TERM)                                                                                                      \
    FM_INLINE double name##_term(real v, real p) {                                                                                         \
        (void)p;                                                                                                                           \
        return TERM;                                                                                                                       \
    }                                                                                                                                      \
    FM_CLONES static void name##_columns(size_t rows, size_t stride, size_t n, const real *restrict x, const real *restrict p,             \
                                         double *restrict acc) {                                                                           \
        for (size_t j = 0; j < n; j++) acc[j] = 0;                                                                                         \
        FM_COLUMN_SUMS(rows, n, name##_term(x[r * stride + j], p[j]), acc);                                                                \
    }                                                                                                                                      \
    FM_CLONES static void name##_long_rows(size_t outer, size_t n, const real *restrict x, const real *restrict p, double *restrict acc) { \
        for (size_t o = 0; o < outer; o++, x += n) {                                                                                       \
            FM_ROW_SUM(n, name##_term(x[i], p[o]), sum);                                                                                   \
            acc[o] = sum;                                                                                                                  \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_short_rows(size_t outer, size_t n, const real *restrict x, const real *restrict p,                        \
                                            double *restrict acc) {                                                                        \
        for (size_t o = 0; o < outer; o++, x += n) {                                                                                       \
            FM_SHORT_ROW_SUM(n, name##_term(x[i], p[o]), sum);                                                                             \
            acc[o] = sum;                                                                                                                  \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_rows(size_t outer, size_t n, const real *restrict x, const real *restrict p, double *restrict acc) {                \
        if (n > FM_SHORT_LEAST) {                                                                                                          \
            (n >= LANES ? name##_long_rows : name##_short_rows)(outer, n, x, p, acc);                                                      \
            return;                                                                                                                        \
        }                                                                                                                                  \
        for (size_t o = 0; o < outer; o++, x += n) {                                                                                       \
            double sum = 0;                                                                                                                \
            for (size_t i = 0; i < n; i++) sum += name##_term(x[i], p[o]);                                                                 \
            acc[o] = sum;                                                                                                                  \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static const reduction name = {name##_columns, name##_rows, add_up, tile_rows}

SUM_OF(sum_of_numbers, fm_light_rows, (double)v);
/* Up to eight numbers are added as they are; where that is not finite, all in double. */
FM_CLONES static void plain_long_rows(size_t outer, size_t n, const real *restrict x, double *restrict acc) {
    for (size_t o = 0; o < outer; o++, x += n) {
        FM_ROW_SUM(n, x[i], sum);
        acc[o] = sum;
    }
}

static void plain_rows(size_t outer, size_t n, const real *restrict x, const real *restrict unused, double *restrict acc) {
    if (n < LANES) {
        sum_of_numbers.rows(outer, n, x, unused, acc);
        return;
    }
    plain_long_rows(outer, n, x, acc);
    for (size_t o = 0; o < outer; o++) {
        if (!isfinite(acc[o])) sum_of_numbers.rows(1, n, x + o * n, unused, acc + o);
    }
}

FM_CLONES static void plain_columns(size_t rows, size_t stride, size_t n, const real *restrict x, const real *restrict unused,
                                    double *restrict acc) {
    double any = 0;
    for (size_t j = 0; j < n; j++) acc[j] = 0;
    FM_COLUMN_SUMS(rows, n, x[r * stride + j], acc);
    for (size_t j = 0; j < n; j++) any += acc[j] * 0;
    if (any != 0) sum_of_numbers.columns(rows, stride, n, x, unused, acc);
}

static const reduction plain_sum = {plain_columns, plain_rows, add_up, fm_light_rows};

SUM_OF(sum_of_squares, fm_light_rows, (double)v *(double)v);
SUM_OF(sum_of_deviations, fm_light_rows, ((double)v - (double)p) * ((double)v - (double)p));
SUM_OF(sum_of_exponentials, fm_tile_rows, (double)v_exp(v - p));

/* The largest or smallest number: a NaN wins. Long rows are searched without regard to a NaN, and
 * once more where there is one, or an infinity: their products with 0 are not 0. */
#define EXTREME(name, BETTER)                                                                                                              \
    FM_INLINE real name##_of(real v, real best) {                                                                                          \
        return v BETTER best || v != v ? v : best;                                                                                         \
    }                                                                                                                                      \
    FM_CLONES static void name##_columns(size_t rows, size_t stride, size_t n, const real *restrict x, const real *restrict unused,        \
                                         double *restrict acc) {                                                                           \
        real best[FM_STRIP];                                                                                                               \
        (void)unused;                                                                                                                      \
        for (size_t j = 0; j < n; j++) best[j] = x[j];                                                                                     \
        for (size_t r = 1; r < rows; r++) {                                                                                                \
            for (size_t j = 0; j < n; j++) best[j] = name##_of(x[r * stride + j], best[j]);                                                \
        }                                                                                                                                  \
        for (size_t j = 0; j < n; j++) acc[j] = (double)best[j];                                                                           \
    }                                                                                                                                      \
    FM_CLONES static bool name##_of_finite(size_t n, const real *restrict x, double *restrict result) {                                    \
        real best[BESIDE], zero[BESIDE];                                                                                                   \
        size_t i = BESIDE;                                                                                                                 \
        for (size_t l = 0; l < BESIDE; l++) best[l] = x[l], zero[l] = x[l] * 0;                                                            \
        for (; i + BESIDE <= n; i += BESIDE) {                                                                                             \
            for (size_t l = 0; l < BESIDE; l++) best[l] = x[i + l] BETTER best[l] ? x[i + l] : best[l];                                    \
            for (size_t l = 0; l < BESIDE; l++) zero[l] += x[i + l] * 0;                                                                   \
        }                                                                                                                                  \
        for (size_t l = 0; l < 32; l++) best[l] = best[l + 32] BETTER best[l] ? best[l + 32] : best[l], zero[l] += zero[l + 32];           \
        for (size_t l = 0; l < 16; l++) best[l] = best[l + 16] BETTER best[l] ? best[l + 16] : best[l], zero[l] += zero[l + 16];           \
        for (size_t l = 0; l < 8; l++) best[l] = best[l + 8] BETTER best[l] ? best[l + 8] : best[l], zero[l] += zero[l + 8];               \
        real top = best[0], all = zero[0];                                                                                                 \
        for (size_t l = 1; l < 8; l++) top = best[l] BETTER top ? best[l] : top, all += zero[l];                                           \
        for (; i < n; i++) top = x[i] BETTER top ? x[i] : top, all += x[i] * 0;                                                            \
        *result = (double)top;                                                                                                             \
        return all == 0;                                                                                                                   \
    }                                                                                                                                      \
    static void name##_rows(size_t outer, size_t n, const real *restrict x, const real *restrict unused, double *restrict acc) {           \
        (void)unused;                                                                                                                      \
        for (size_t o = 0; o < outer; o++, x += n) {                                                                                       \
            if (n >= BESIDE && name##_of_finite(n, x, acc + o)) continue;                                                                  \
            real top = x[0];                                                                                                               \
            for (size_t i = 1; i < n; i++) top = name##_of(x[i], top);                                                                     \
            acc[o] = (double)top;                                                                                                          \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_join(size_t n, const double *more, double *acc) {                                                                   \
        for (size_t j = 0; j < n; j++) acc[j] = (double)name##_of((real)more[j], (real)acc[j]);                                            \
    }                                                                                                                                      \
    static const reduction name = {name##_columns, name##_rows, name##_join, fm_light_rows}
EXTREME(max, >);
EXTREME(min, <);

/* From `count` sums the results y; p is what belongs to each, or NULL. */
typedef void (*finish_fn)(size_t count, const double *sum, double n, const real *p, real *y);

/* How the work is divided: strips of columns; and where these and the outer axis make few tiles,
 * constant parts of the reduced axis too, each with doubles in the scratch. */
typedef struct division {
    size_t width, strips, parts, rows; /* columns of a strip, strips, parts, rows of a part */
} division;

static division divide(fm_axis_view v) {
    division d = {.width = v.inner < FM_STRIP ? v.inner : FM_STRIP, .parts = 1, .rows = v.size};
    d.strips = d.width ? (v.inner + d.width - 1) / d.width : 0;
    size_t units = v.outer * d.strips, least = fm_tile_rows(d.width);
    if (units && units < MOST_PARTS && v.size > least) {
        d.parts = (v.size + least - 1) / least;
        if (d.parts > MOST_PARTS / units) d.parts = MOST_PARTS / units;
        d.rows = (v.size + d.parts - 1) / d.parts;
        d.parts = (v.size + d.rows - 1) / d.rows;
    }
    return d;
}

/* Numbers of scratch that the parts need. They come first. */
static size_t parts_room(const fm_call *c) {
    fm_axis_view v = reduced_view(c);
    division d = divide(v);
    return d.parts > 1 ? fm_room_for_doubles(v.outer * d.strips * d.parts * d.width) : 0;
}

/* The scratch behind the parts: `result_count` numbers, where shape() asked for them. */
static real *after_parts(const fm_call *c) {
    return c->scratch + parts_room(c);
}

static size_t result_count(const fm_call *c) {
    fm_axis_view v = reduced_view(c);
    return v.outer * v.inner;
}

/* The doubles of the parts lie behind what is saved. */
static size_t even(size_t n) {
    return n + n % 2;
}

typedef struct reduce {
    fm_axis_view v;
    division d;
    const reduction *k;
    const real *x, *p; /* p may be NULL for 0 */
    finish_fn finish;
    double n;
    real *y;
    double *parts;
} reduce;

static void finish_some(const reduce *a, size_t count, const double *acc, size_t at) {
    a->finish(count, acc, a->n, a->p ? a->p + at : NULL, a->y + at);
}

/* Some columns of [rows, inner]. A few narrow ones are taken as several rows side by side. */
static void reduce_columns(const reduction *k, size_t rows, size_t inner, size_t n, const real *x, const real *p, double *acc) {
    real param[FM_STRIP];
    double beside[LANES];
    bool narrow = n == inner && n < LANES && rows >= 2 * LANES;
    size_t side = narrow ? LANES / n : 1, wide = side * n, sets = rows / side;
    for (size_t i = 0; i < wide; i++) param[i] = p ? p[i % n] : 0;
    if (!narrow) {
        k->columns(rows, inner, n, x, param, acc);
        return;
    }
    k->columns(sets, wide, wide, x, param, beside);
    for (size_t i = 1; i < side; i++) k->join(n, beside + i * n, beside);
    memcpy(acc, beside, n * sizeof *acc);
    if (sets * side == rows) return;
    k->columns(rows - sets * side, inner, n, x + sets * wide, param, beside);
    k->join(n, beside, acc);
}

/* Rows of [outer, size], whole. */
static void rows_tile(void *context, size_t first, size_t last) {
    static const real none[FM_STRIP];
    const reduce *a = context;
    double acc[FM_STRIP];
    for (size_t o = first, some; o < last; o += some) {
        some = last - o < FM_STRIP ? last - o : FM_STRIP;
        a->k->rows(some, a->v.size, a->x + o * a->v.size, a->p ? a->p + o : none, acc);
        finish_some(a, some, acc, o);
    }
}

/* Units are numbered outer by outer, strip by strip, part by part. */
static void units_tile(void *context, size_t first, size_t last) {
    static const real none;
    const reduce *a = context;
    const division *d = &a->d;
    double own[FM_STRIP];
    for (size_t u = first; u < last; u++) {
        size_t part = u % d->parts, strip = u / d->parts % d->strips, o = u / d->parts / d->strips, j = strip * d->width,
               r = part * d->rows;
        size_t n = a->v.inner - j < d->width ? a->v.inner - j : d->width, rows = a->v.size - r < d->rows ? a->v.size - r : d->rows;
        const real *x = a->x + (o * a->v.size + r) * a->v.inner + j, *p = a->p ? a->p + o * a->v.inner + j : NULL;
        double *acc = d->parts > 1 ? a->parts + u * d->width : own;
        if (a->v.inner == 1) a->k->rows(1, rows, x, p ? p : &none, acc);
        else reduce_columns(a->k, rows, a->v.inner, n, x, p, acc);
        if (d->parts == 1) finish_some(a, n, acc, o * a->v.inner + j);
    }
}

static void join_parts(const reduce *a) {
    for (size_t u = 0; u < a->v.outer * a->d.strips; u++) {
        size_t j = u % a->d.strips * a->d.width, n = a->v.inner - j < a->d.width ? a->v.inner - j : a->d.width;
        double *acc = a->parts + u * a->d.parts * a->d.width;
        for (size_t part = 1; part < a->d.parts; part++) a->k->join(n, acc + part * a->d.width, acc);
        finish_some(a, n, acc, u / a->d.strips * a->v.inner + j);
    }
}

/* y[outer, inner] = finish(sum, n, p) */
static void reduce_axis(const fm_call *c, const reduction *k, const real *p, finish_fn finish, double n, real *y) {
    reduce a = {.v = reduced_view(c), .k = k, .x = fm_data(c->in[0]), .p = p, .finish = finish, .n = n, .y = y};
    a.d = divide(a.v);
    if (a.v.inner == 1 && a.d.parts == 1) {
        fm_parallel(a.v.outer, k->tile(a.v.size), rows_tile, &a);
        return;
    }
    if (a.d.parts > 1) a.parts = fm_scratch_doubles(c);
    fm_parallel(a.v.outer * a.d.strips * a.d.parts, k->tile(a.d.rows * a.d.width), units_tile, &a);
    if (a.d.parts > 1) join_parts(&a);
}

#define FINISH(name, RESULT)                                                                                                               \
    static void name(size_t count, const double *restrict sum, double n, const real *restrict p, real *restrict y) {                       \
        (void)n, (void)p;                                                                                                                  \
        for (size_t i = 0; i < count; i++) y[i] = (real)(RESULT);                                                                          \
    }
FINISH(finish_sum, sum[i])
FINISH(finish_mean, sum[i] / n)
FINISH(finish_norm, sqrt(sum[i]))
FINISH(finish_root_of_mean, sqrt(sum[i] / n))
FINISH(finish_log, log(sum[i]) + (double)p[i])

/* ---- on the way back every number gets a gradient from its own sum ---- */

typedef struct along {
    fm_axis_view v;
    const real *x, *s, *p; /* the numbers; two for each sum */
    real k, *dx;
    bool fresh;
} along;

/* dx[i] = TERM for the numbers first..last-1, which belong to sums j; added to what is there unless
 * that is fresh. The sums of narrow rows are repeated, so that several rows make a wide one. */
enum { NARROW = 16, WIDE = 64 };

#define SET_OR_ADD(from, stop, first_j, step_j, TERM)                                                                                      \
    if (a->fresh) {                                                                                                                        \
        for (size_t i = from, j = first_j; i < (stop); i++, j += step_j) dx[i] = TERM;                                                     \
    } else {                                                                                                                               \
        for (size_t i = from, j = first_j; i < (stop); i++, j += step_j) dx[i] += TERM;                                                    \
    }

#define EACH_ALONG(name, TERM)                                                                                                             \
    FM_INLINE void name##_narrow(const along *a, size_t first, size_t last) {                                                              \
        const real *restrict x = a->x;                                                                                                     \
        real k = a->k, *restrict dx = a->dx, s[WIDE], p[WIDE];                                                                             \
        size_t inner = a->v.inner, all = inner * a->v.size, wide = WIDE / inner * inner;                                                   \
        (void)x, (void)k, (void)p;                                                                                                         \
        for (size_t at = first; at < last;) {                                                                                              \
            size_t o = at / all, phase = at % inner, end = (o + 1) * all < last ? (o + 1) * all : last;                                    \
            for (size_t l = 0; l < wide; l++) {                                                                                            \
                s[l] = a->s[o * inner + (phase + l) % inner];                                                                              \
                p[l] = a->p ? a->p[o * inner + (phase + l) % inner] : 0;                                                                   \
            }                                                                                                                              \
            for (; at + wide <= end; at += wide) SET_OR_ADD(at, at + wide, 0, 1, TERM)                                                     \
            SET_OR_ADD(at, end, 0, 1, TERM)                                                                                                \
            at = end;                                                                                                                      \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_some(const along *a, size_t first, size_t last) {                                                         \
        const real *restrict x = a->x, *restrict s = a->s, *restrict p = a->p;                                                             \
        real k = a->k, *restrict dx = a->dx;                                                                                               \
        size_t inner = a->v.inner, row = inner == 1 ? a->v.size : inner, r = first / row, end = (r + 1) * row;                             \
        size_t o = inner == 1 ? r : r / a->v.size, in_o = inner == 1 ? 0 : r % a->v.size;                                                  \
        (void)x, (void)p, (void)k;                                                                                                         \
        if (inner > 1 && inner < NARROW) {                                                                                                 \
            name##_narrow(a, first, last);                                                                                                 \
            return;                                                                                                                        \
        }                                                                                                                                  \
        for (size_t at = first; at < last; at = end, end += row) {                                                                         \
            size_t stop = end < last ? end : last;                                                                                         \
            if (inner == 1) {                                                                                                              \
                SET_OR_ADD(at, stop, o, 0, TERM)                                                                                           \
                o++;                                                                                                                       \
            } else {                                                                                                                       \
                SET_OR_ADD(at, stop, o *inner + at - (end - row), 1, TERM)                                                                 \
                if (++in_o == a->v.size) in_o = 0, o++;                                                                                    \
            }                                                                                                                              \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name(void *context, size_t first, size_t last) {                                                                           \
        name##_some(context, first, last);                                                                                                 \
    }
EACH_ALONG(spread, k *s[j])
EACH_ALONG(spread_scaled, s[j] * x[i])
EACH_ALONG(spread_deviations, s[j] * (x[i] - p[j]))
EACH_ALONG(spread_shares, s[j] * v_exp(x[i] - p[j]))

/* s and p: see the terms above. */
static void back_along(const fm_call *c, size_t tile, void (*work)(void *, size_t, size_t), real k, const real *s, const real *p) {
    along a = {.v = reduced_view(c), .x = fm_data(c->in[0]), .s = s, .p = p, .k = k};
    a.dx = fm_grad_write(c->in[0], &a.fresh);
    fm_parallel(c->in[0]->count, tile, work, &a);
}

/* ---- sum, mean, norm ---- */

static bool sum_shape(fm_call *c, fm_error *err) {
    if (!reduce_shape(c, err)) return false;
    c->scratch_count = parts_room(c);
    return true;
}

static bool some_shape(fm_call *c, fm_error *err) {
    return sum_shape(c, err) && at_least(c, 1, err);
}

static void sum_forward(const fm_call *c) {
    reduce_axis(c, &plain_sum, NULL, finish_sum, 0, fm_data(c->out));
}

static void sum_backward(const fm_call *c) {
    back_along(c, FM_LIGHT, spread, 1, fm_grad_get(c->out), NULL);
}

static void mean_forward(const fm_call *c) {
    reduce_axis(c, &plain_sum, NULL, finish_mean, (double)reduced_view(c).size, fm_data(c->out));
}

static void mean_backward(const fm_call *c) {
    back_along(c, FM_LIGHT, spread, (real)(1 / (double)reduced_view(c).size), fm_grad_get(c->out), NULL);
}

/* With `result_count` numbers more behind the parts. */
static bool more_scratch_shape(fm_call *c, fm_error *err) {
    if (!reduce_shape(c, err)) return false;
    c->scratch_count = parts_room(c) + result_count(c);
    return true;
}

static void norm_forward(const fm_call *c) {
    reduce_axis(c, &sum_of_squares, NULL, finish_norm, 0, fm_data(c->out));
}

static void norm_backward(const fm_call *c) { /* dx = x / y; at the origin 0 is taken from the subgradients */
    const real *dy = fm_grad_get(c->out), *y = fm_data(c->out);
    real *s = after_parts(c);
    for (size_t i = 0; i < c->out->count; i++) s[i] = y[i] == 0 ? 0 : dy[i] / y[i];
    back_along(c, FM_LIGHT, spread_scaled, 1, s, NULL);
}

/* ---- var{axis, keep, unbiased}: two passes, so that a large mean costs no digits ---- */

static double divisor(const fm_call *c) {
    return (double)reduced_view(c).size - (c->opt[2].integer ? 1 : 0);
}

static bool var_shape(fm_call *c, fm_error *err) {
    if (!more_scratch_shape(c, err) || !at_least(c, c->opt[2].integer ? 2 : 1, err)) return false;
    c->saved_count = even(result_count(c)); /* the means; in the scratch of backward the factors */
    return true;
}

static void deviations(const fm_call *c, finish_fn finish) {
    real *mean = c->saved ? c->saved : after_parts(c);
    reduce_axis(c, &plain_sum, NULL, finish_mean, (double)reduced_view(c).size, mean);
    reduce_axis(c, &sum_of_deviations, mean, finish, divisor(c), fm_data(c->out));
}

static void var_forward(const fm_call *c) {
    deviations(c, finish_mean);
}

static void var_backward(const fm_call *c) { /* the mean's own share is 0: the deviations sum to nothing */
    const real *dy = fm_grad_get(c->out);
    real k = (real)(2 / divisor(c)), *s = after_parts(c);
    for (size_t i = 0; i < c->out->count; i++) s[i] = k * dy[i];
    back_along(c, FM_LIGHT, spread_deviations, 1, s, c->saved);
}

/* ---- std{axis, keep, unbiased}: the root of var ----
 * Where all numbers are equal it has no slope: 0 is taken, as in PyTorch. */

static void std_forward(const fm_call *c) {
    deviations(c, finish_root_of_mean);
}

static void std_backward(const fm_call *c) {
    const real *dy = fm_grad_get(c->out), *y = fm_data(c->out);
    real k = (real)(1 / divisor(c)), *s = after_parts(c);
    for (size_t i = 0; i < c->out->count; i++) s[i] = y[i] == 0 ? 0 : k * dy[i] / y[i];
    back_along(c, FM_LIGHT, spread_deviations, 1, s, c->saved);
}

/* ---- max, min: the gradient goes to the first of equal entries ---- */

static void max_forward(const fm_call *c) {
    reduce_axis(c, &max, NULL, finish_sum, 0, fm_data(c->out));
}

static void min_forward(const fm_call *c) {
    reduce_axis(c, &min, NULL, finish_sum, 0, fm_data(c->out));
}

typedef struct chosen {
    fm_axis_view v;
    size_t width, strips;
    const real *x, *y, *dy;
    real *dx;
} chosen;

/* The first row of each column where x is y: NaN where y is. */
FM_CLONES static void first_rows(size_t size, size_t stride, size_t n, const real *restrict x, const real *restrict y,
                                 uint32_t *restrict at) {
    for (size_t j = 0; j < n; j++) at[j] = (uint32_t)size;
    for (size_t r = size; r-- > 0;) {
        for (size_t j = 0; j < n; j++) {
            real v = x[r * stride + j];
            bool here = (v == y[j]) | ((v != v) & (y[j] != y[j]));
            at[j] = here ? (uint32_t)r : at[j];
        }
    }
}

/* The first number of a row that is y. Whole groups are looked through first. */
FM_CLONES static size_t first_of_row(size_t n, const real *restrict x, real y) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        int any = 0;
        for (size_t l = 0; l < LANES; l++) any |= (x[i + l] == y) | ((x[i + l] != x[i + l]) & (y != y));
        if (any) break;
    }
    while (i < n && !(x[i] == y || (y != y && x[i] != x[i]))) i++;
    return i;
}

static void chosen_rows(void *context, size_t first, size_t last) {
    const chosen *a = context;
    for (size_t o = first; o < last; o++) {
        size_t i = first_of_row(a->v.size, a->x + o * a->v.size, a->y[o]);
        if (i < a->v.size) a->dx[o * a->v.size + i] += a->dy[o];
    }
}

static void chosen_columns(void *context, size_t first, size_t last) {
    const chosen *a = context;
    uint32_t at[FM_STRIP];
    for (size_t u = first; u < last; u++) {
        size_t o = u / a->strips, j = u % a->strips * a->width, n = a->v.inner - j < a->width ? a->v.inner - j : a->width;
        size_t from = o * a->v.size * a->v.inner + j, of = o * a->v.inner + j;
        first_rows(a->v.size, a->v.inner, n, a->x + from, a->y + of, at);
        for (size_t k = 0; k < n; k++) {
            if (at[k] < a->v.size) a->dx[from + at[k] * a->v.inner + k] += a->dy[of + k];
        }
    }
}

static void extreme_backward(const fm_call *c) {
    chosen a = {.v = reduced_view(c), .x = fm_data(c->in[0]), .y = fm_data(c->out), .dy = fm_grad_get(c->out)};
    a.dx = fm_grad_add(c->in[0]);
    if (a.v.inner == 1) {
        fm_parallel(a.v.outer, fm_light_rows(a.v.size), chosen_rows, &a);
        return;
    }
    a.width = a.v.inner < 64 ? a.v.inner : 64;
    a.strips = (a.v.inner + a.width - 1) / a.width;
    fm_parallel(a.v.outer * a.strips, fm_light_rows(a.v.size * a.width), chosen_columns, &a);
}

/* ---- logsumexp ---- */

static bool logsumexp_shape(fm_call *c, fm_error *err) {
    return more_scratch_shape(c, err) && at_least(c, 1, err);
}

static void logsumexp_forward(const fm_call *c) {
    real *top = after_parts(c);
    reduce_axis(c, &max, NULL, finish_sum, 0, top);
    for (size_t i = 0; i < c->out->count; i++) top[i] = r_fabs(top[i]) > FM_REAL_MAX ? 0 : top[i]; /* inf - inf is not a number */
    reduce_axis(c, &sum_of_exponentials, top, finish_log, 0, fm_data(c->out));
}

static void logsumexp_backward(const fm_call *c) {
    const real *y = fm_data(c->out), *dy = fm_grad_get(c->out);
    real *level = after_parts(c);
    for (size_t i = 0; i < c->out->count; i++) level[i] = y[i] < -FM_REAL_MAX ? 0 : y[i]; /* every entry -inf: all shares are 0 */
    back_along(c, FM_TILE, spread_shares, 1, dy, level);
}

static const fm_option reduce_options[] = {{"axis", FM_AXIS, false, 0, NULL}, {"keep", FM_FLAG, false, 0, NULL}, {0}};
static const fm_option var_options[] = {
    {"axis", FM_AXIS, false, 0, NULL}, {"keep", FM_FLAG, false, 0, NULL}, {"unbiased", FM_FLAG, false, 1, NULL}, {0}};

const fm_op reduce_ops[] = {
    {"sum", "t", reduce_options, sum_shape, sum_forward, sum_backward, fm_tangent_linear},
    {"mean", "t", reduce_options, some_shape, mean_forward, mean_backward, fm_tangent_linear},
    {"max", "t", reduce_options, some_shape, max_forward, extreme_backward, fm_max_tangent},
    {"min", "t", reduce_options, some_shape, min_forward, extreme_backward, fm_min_tangent},
    {"var", "t", var_options, var_shape, var_forward, var_backward, fm_var_tangent},
    {"std", "t", var_options, var_shape, std_forward, std_backward, fm_std_tangent},
    {"norm", "t", reduce_options, more_scratch_shape, norm_forward, norm_backward, fm_norm_tangent},
    {"logsumexp", "t", reduce_options, logsumexp_shape, logsumexp_forward, logsumexp_backward, fm_logsumexp_tangent},
    {0},
};
