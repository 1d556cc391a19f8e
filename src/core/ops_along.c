/* Passes along an axis that keep its size: softmax, log_softmax, cumsum. A tensor is seen as
 * [outer, size, inner]. Rows (inner 1) are taken some at a time; else a strip of columns of one
 * [size, inner]. */
#include "op.h"
#include "row_max.h"
#include "sums.h"
#include "tangent.h"
#include "threads.h"
#include "vmath.h"

#include <string.h>

/* ---- what all share ---- */

static fm_axis_view view_of(const fm_call *c) {
    return fm_along(c->in[0], (int)c->opt[0].integer);
}

/* The result has the shape of x; the axis is the last one when not given. */
static bool along_shape(fm_call *c, fm_error *err) {
    int axis;
    if (!fm_check_axis(c, 0, c->in[0]->rank, c->in[0]->rank - 1, &axis, err)) return false;
    c->opt[0].integer = axis;
    return fm_shape_like(c, c->in[0]);
}

/* One pass: over rows, or over strips of columns. */
typedef struct pass {
    fm_axis_view v;
    size_t width, strips;       /* columns of a strip, strips of one [size, inner] */
    size_t (*tile)(size_t row); /* fm_tile_rows or fm_light_rows */
    void (*rows)(size_t rows, size_t n, const real *x, const real *y, real *to, bool fresh);
    void (*columns)(size_t size, size_t stride, size_t n, const real *x, const real *y, real *to, bool fresh);
    const real *x, *y;
    real *to;
    bool fresh;
} pass;

static void rows_tile(void *context, size_t first, size_t last) {
    const pass *p = context;
    size_t at = first * p->v.size;
    p->rows(last - first, p->v.size, p->x + at, p->y + at, p->to + at, p->fresh);
}

static void columns_tile(void *context, size_t first, size_t last) {
    const pass *p = context;
    for (size_t u = first; u < last; u++) {
        size_t j = u % p->strips * p->width, at = u / p->strips * p->v.size * p->v.inner + j;
        size_t n = p->v.inner - j < p->width ? p->v.inner - j : p->width;
        p->columns(p->v.size, p->v.inner, n, p->x + at, p->y + at, p->to + at, p->fresh);
    }
}

/* Strips are narrow where the axis is long, down to a few cache lines. A light pass over few
 * numbers is not split: a processor fetches ahead what another writes, beyond its own strip. */
static void run(pass *p) {
    size_t n = p->tile(p->v.size) / 64 * 64;
    if (p->v.inner == 1) {
        fm_parallel(p->v.outer, p->tile(p->v.size), rows_tile, p);
        return;
    }
    p->width = n < 64 ? 64 : n > FM_STRIP ? FM_STRIP : n;
    if (p->width > p->v.inner) p->width = p->v.inner;
    p->strips = (p->v.inner + p->width - 1) / p->width;
    size_t units = p->v.outer * p->strips, tile = p->tile(p->v.size * p->width);
    if (p->tile == fm_light_rows && p->v.outer * p->v.size * p->v.inner <= 2 * FM_LIGHT && units > tile) tile = units;
    fm_parallel(units, tile, columns_tile, p);
}

static void run_forward(const fm_call *c, pass p) {
    p.v = view_of(c);
    p.x = p.y = fm_data(c->in[0]);
    p.to = fm_data(c->out);
    run(&p);
}

static void run_backward(const fm_call *c, pass p) {
    p.v = view_of(c);
    p.x = fm_grad_get(c->out);
    p.y = fm_data(c->out);
    p.to = fm_grad_write(c->in[0], &p.fresh);
    run(&p);
}

/* ---- softmax, log_softmax ---- */

enum { SOME = 2048 }; /* numbers of short rows that are worked on together */

static size_t some_rows(size_t n) {
    return n < SOME ? SOME / n : 1;
}

/* y = exp(x - the largest of the row). A loop over many short rows has one remainder, not one a
 * row. (A NaN in a row makes all of it NaN: by its sum.) */
FM_INLINE void exp_rows(size_t rows, size_t n, const real *restrict x, real *restrict top, real *restrict y) {
    for (size_t r = 0; r < rows; r++) {
        top[r] = fm_row_max(n, x + r * n);
        for (size_t i = 0; i < n; i++) y[r * n + i] = x[r * n + i] - top[r];
    }
    for (size_t i = 0; i < rows * n; i++) y[i] = v_exp_inner(y[i]);
}

/* softmax of rows, or its logarithm. */
FM_INLINE void softmax_of_rows(bool logarithm, size_t rows, size_t n, const real *restrict x, real *restrict y) {
    real top[SOME];
    for (size_t r = 0, k; r < rows; r += k, x += k * n, y += k * n) {
        k = rows - r < some_rows(n) ? rows - r : some_rows(n);
        exp_rows(k, n, x, top, y);
        for (size_t s = 0; s < k; s++) {
            real *restrict row = y + s * n;
            FM_ROW_SUM(n, row[i], sum);
            real scale = (real)(1 / sum), log_sum = logarithm ? (real)log(sum) : 0;
            for (size_t i = 0; i < n; i++) row[i] = logarithm ? (x[s * n + i] - top[s]) - log_sum : row[i] * scale;
        }
    }
}

FM_CLONES static void softmax_rows(size_t rows, size_t n, const real *restrict x, const real *unused, real *restrict y, bool fresh) {
    (void)unused, (void)fresh;
    softmax_of_rows(false, rows, n, x, y);
}

FM_CLONES static void log_softmax_rows(size_t rows, size_t n, const real *restrict x, const real *unused, real *restrict y, bool fresh) {
    (void)unused, (void)fresh;
    softmax_of_rows(true, rows, n, x, y);
}

/* top[j] = the largest of column j, and sum[j] += exp(x - top[j]) over it. */
FM_INLINE void column_sums(size_t size, size_t stride, size_t n, const real *restrict x, real *restrict y, real *restrict top,
                           double *restrict sum) {
    for (size_t j = 0; j < n; j++) {
        top[j] = x[j];
        sum[j] = 0;
    }
    for (size_t r = 1; r < size; r++) {
        for (size_t j = 0; j < n; j++) top[j] = x[r * stride + j] > top[j] ? x[r * stride + j] : top[j];
    }
    for (size_t r = 0; r < size; r++) {
        for (size_t j = 0; j < n; j++) y[r * stride + j] = v_exp_inner(x[r * stride + j] - top[j]);
    }
    FM_COLUMN_SUMS(size, n, y[r * stride + j], sum);
}

FM_CLONES static void softmax_columns(size_t size, size_t stride, size_t n, const real *restrict x, const real *unused, real *restrict y,
                                      bool fresh) {
    (void)unused, (void)fresh;
    real top[FM_STRIP];
    double sum[FM_STRIP];
    column_sums(size, stride, n, x, y, top, sum);
    for (size_t j = 0; j < n; j++) top[j] = (real)(1 / sum[j]);
    for (size_t r = 0; r < size; r++) {
        for (size_t j = 0; j < n; j++) y[r * stride + j] *= top[j];
    }
}

FM_CLONES static void log_softmax_columns(size_t size, size_t stride, size_t n, const real *restrict x, const real *unused,
                                          real *restrict y, bool fresh) {
    (void)unused, (void)fresh;
    real top[FM_STRIP], log_sum[FM_STRIP];
    double sum[FM_STRIP];
    column_sums(size, stride, n, x, y, top, sum);
    for (size_t j = 0; j < n; j++) log_sum[j] = (real)log(sum[j]);
    for (size_t r = 0; r < size; r++) {
        for (size_t j = 0; j < n; j++) y[r * stride + j] = (x[r * stride + j] - top[j]) - log_sum[j];
    }
}

static void softmax_forward(const fm_call *c) {
    run_forward(c, (pass){.tile = fm_tile_rows, .rows = softmax_rows, .columns = softmax_columns});
}

static void log_softmax_forward(const fm_call *c) {
    run_forward(c, (pass){.tile = fm_tile_rows, .rows = log_softmax_rows, .columns = log_softmax_columns});
}

/* With `total` the sum of TERM(i) along the axis: dx = GRAD(i), added to what is there unless that
 * is fresh. */
#define SOFTMAX_BACK(name, tile_rows, TERM, GRAD)                                                                                          \
    FM_INLINE double name##_total(size_t n, const real *restrict dy, const real *restrict y) {                                             \
        (void)y;                                                                                                                           \
        if (n >= 2 * FM_SHORT_LEAST && n < FM_SHORT_END) {                                                                                 \
            FM_SHORT_ROW_SUM(n, TERM(i), few);                                                                                             \
            return few;                                                                                                                    \
        }                                                                                                                                  \
        FM_ROW_SUM(n, TERM(i), sum);                                                                                                       \
        return sum;                                                                                                                        \
    }                                                                                                                                      \
    FM_CLONES static void name##_rows(size_t rows, size_t n, const real *restrict dy, const real *restrict y, real *restrict dx,           \
                                      bool fresh) {                                                                                        \
        for (size_t r = 0; r < rows; r++, y += n, dy += n, dx += n) {                                                                      \
            real total = (real)name##_total(n, dy, y);                                                                                     \
            if (fresh) {                                                                                                                   \
                for (size_t i = 0; i < n; i++) dx[i] = GRAD(i);                                                                            \
            } else {                                                                                                                       \
                for (size_t i = 0; i < n; i++) dx[i] += GRAD(i);                                                                           \
            }                                                                                                                              \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_columns(size_t size, size_t stride, size_t n, const real *restrict dy, const real *restrict y,            \
                                         real *restrict dx, bool fresh) {                                                                  \
        double sum[FM_STRIP];                                                                                                              \
        real totals[FM_STRIP];                                                                                                             \
        for (size_t j = 0; j < n; j++) sum[j] = 0;                                                                                         \
        FM_COLUMN_SUMS(size, n, TERM(r *stride + j), sum);                                                                                 \
        for (size_t j = 0; j < n; j++) totals[j] = (real)sum[j];                                                                           \
        for (size_t r = 0; r < size; r++) {                                                                                                \
            for (size_t j = 0; fresh && j < n; j++) dx[r * stride + j] = 0;                                                                \
            for (size_t j = 0; j < n; j++) {                                                                                               \
                real total = totals[j];                                                                                                    \
                dx[r * stride + j] += GRAD(r * stride + j);                                                                                \
            }                                                                                                                              \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name(const fm_call *c) {                                                                                                   \
        run_backward(c, (pass){.tile = tile_rows, .rows = name##_rows, .columns = name##_columns});                                        \
    }
#define SOFTMAX_TERM(i) y[i] * dy[i]
#define SOFTMAX_GRAD(i) y[i] * (dy[i] - total)
#define LOG_SOFTMAX_TERM(i) dy[i]
#define LOG_SOFTMAX_GRAD(i) dy[i] - v_exp_inner(y[i]) * total
SOFTMAX_BACK(softmax_backward, fm_light_rows, SOFTMAX_TERM, SOFTMAX_GRAD)
SOFTMAX_BACK(log_softmax_backward, fm_tile_rows, LOG_SOFTMAX_TERM, LOG_SOFTMAX_GRAD)

/* ---- cumsum: in double. Four sums run side by side, since each waits for its last step. A long
 * row is cut into pieces that begin with the sum before them ---- */

enum { PIECE = 4096, SIDE = 4 };

typedef struct cumsum {
    size_t n, length, pieces; /* numbers of a row; of a piece; pieces of a row */
    const real *x;
    real *y;
    double *before; /* of each piece; NULL: 0 */
    bool back, fresh;
} cumsum;

/* Up to four pieces of equal length; `sum` has what comes before each. */
FM_INLINE void forward_pieces(size_t k, size_t n, const real *const x[SIDE], real *const y[SIDE], double sum[SIDE]) {
    for (size_t i = 0; i < n; i++) {
        for (size_t s = 0; s < k; s++) y[s][i] = (real)(sum[s] += (double)x[s][i]);
    }
}

FM_INLINE void backward_pieces(size_t k, size_t n, const real *const x[SIDE], real *const y[SIDE], double sum[SIDE], bool fresh) {
    for (size_t i = n; i-- > 0;) {
        for (size_t s = 0; s < k; s++) {
            real v = (real)(sum[s] += (double)x[s][i]);
            y[s][i] = fresh ? v : y[s][i] + v;
        }
    }
}

static void cumsum_pieces(const cumsum *a, size_t k, size_t n, const real *const x[SIDE], real *const y[SIDE], double sum[SIDE]) {
    if (a->back && k == SIDE) backward_pieces(SIDE, n, x, y, sum, a->fresh);
    else if (a->back) backward_pieces(k, n, x, y, sum, a->fresh);
    else if (k == SIDE) forward_pieces(SIDE, n, x, y, sum);
    else forward_pieces(k, n, x, y, sum);
}

/* Pieces first..last-1. Those of one call of cumsum_pieces have one length. */
static void cumsum_tile(void *context, size_t first, size_t last) {
    const cumsum *a = context;
    for (size_t p = first, k; p < last; p += k) {
        const real *x[SIDE];
        real *y[SIDE];
        double sum[SIDE];
        size_t n = 0;
        for (k = 0; k < SIDE && p + k < last; k++) {
            size_t i = (p + k) % a->pieces * a->length, at = (p + k) / a->pieces * a->n + i,
                   here = a->n - i < a->length ? a->n - i : a->length;
            if (k && here != n) break;
            n = here;
            x[k] = a->x + at;
            y[k] = a->y + at;
            sum[k] = a->before ? a->before[p + k] : 0;
        }
        cumsum_pieces(a, k, n, x, y, sum);
    }
}

FM_CLONES static double numbers_sum(size_t n, const real *restrict x) {
    FM_ROW_SUM(n, (double)x[i], sum);
    return sum;
}

static void piece_sums(void *context, size_t first, size_t last) {
    const cumsum *a = context;
    for (size_t p = first; p < last; p++) {
        size_t i = p % a->pieces * a->length, n = a->n - i < a->length ? a->n - i : a->length;
        a->before[p] = numbers_sum(n, a->x + p / a->pieces * a->n + i);
    }
}

/* From the sums of the pieces, what comes before each in its row: from the other side when going
 * back. */
static void sums_before(const cumsum *a, size_t rows) {
    for (size_t r = 0; r < rows; r++) {
        double sum = 0;
        for (size_t i = 0; i < a->pieces; i++) {
            double *p = &a->before[r * a->pieces + (a->back ? a->pieces - 1 - i : i)], own = *p;
            *p = sum;
            sum += own;
        }
    }
}

/* Many rows need no pieces. */
static size_t pieces_of(fm_axis_view v) {
    return v.inner == 1 && v.outer < 32 && v.size > FM_TILE ? (v.size + PIECE - 1) / PIECE : 1;
}

static bool cumsum_shape(fm_call *c, fm_error *err) {
    if (!along_shape(c, err)) return false;
    fm_axis_view v = view_of(c);
    if (pieces_of(v) > 1) c->scratch_count = v.outer * pieces_of(v) * (sizeof(double) / sizeof(real));
    return true;
}

static void cumsum_rows(const fm_call *c, cumsum a) {
    fm_axis_view v = view_of(c);
    a.n = v.size;
    a.pieces = pieces_of(v);
    a.length = a.pieces > 1 ? PIECE : v.size;
    if (a.pieces > 1) {
        a.before = (double *)(void *)c->scratch;
        fm_parallel(v.outer * a.pieces, FM_TILE / PIECE, piece_sums, &a);
        sums_before(&a, v.outer);
    }
    fm_parallel(v.outer * a.pieces, a.pieces > 1 ? FM_TILE / PIECE : fm_tile_rows(v.size), cumsum_tile, &a);
}

FM_CLONES static void cumsum_columns(size_t size, size_t stride, size_t n, const real *restrict x, const real *unused, real *restrict y,
                                     bool fresh) {
    double sum[FM_STRIP];
    (void)unused, (void)fresh;
    for (size_t j = 0; j < n; j++) sum[j] = 0;
    for (size_t r = 0; r < size; r++) {
        for (size_t j = 0; j < n; j++) y[r * stride + j] = (real)(sum[j] += (double)x[r * stride + j]);
    }
}

FM_CLONES static void cumsum_columns_back(size_t size, size_t stride, size_t n, const real *restrict dy, const real *unused,
                                          real *restrict dx, bool fresh) {
    double sum[FM_STRIP];
    (void)unused;
    for (size_t j = 0; j < n; j++) sum[j] = 0;
    for (size_t r = size; r-- > 0;) {
        for (size_t j = 0; fresh && j < n; j++) dx[r * stride + j] = 0;
        for (size_t j = 0; j < n; j++) dx[r * stride + j] += (real)(sum[j] += (double)dy[r * stride + j]);
    }
}

static void cumsum_forward(const fm_call *c) {
    if (view_of(c).inner == 1) cumsum_rows(c, (cumsum){.x = fm_data(c->in[0]), .y = fm_data(c->out)});
    else run_forward(c, (pass){.tile = fm_tile_rows, .columns = cumsum_columns});
}

static void cumsum_backward(const fm_call *c) { /* an entry counts in every sum from its own on: summed from the end */
    if (view_of(c).inner > 1) {
        run_backward(c, (pass){.tile = fm_tile_rows, .columns = cumsum_columns_back});
        return;
    }
    cumsum a = {.x = fm_grad_get(c->out), .back = true};
    a.y = fm_grad_write(c->in[0], &a.fresh);
    cumsum_rows(c, a);
}

static fm_tensor *softmax_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* y (dx - sum y dx) */
    fm_tensor *dot = fm_rule_sum(r, "sum", fm_multiply(r, c->out, d[0]), c->opt[0].integer, true);
    return fm_multiply(r, c->out, fm_subtract(r, d[0], dot));
}

static fm_tensor *log_softmax_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* dx - sum e^y dx */
    fm_tensor *shares = fm_rule_one(r, "exp", c->out);
    return fm_subtract(r, d[0], fm_rule_sum(r, "sum", fm_multiply(r, shares, d[0]), c->opt[0].integer, true));
}

static const fm_option along_options[] = {{"axis", FM_AXIS, false, -1, NULL}, {0}};

const fm_op along_ops[] = {
    {"cumsum", "t", along_options, cumsum_shape, cumsum_forward, cumsum_backward, fm_tangent_linear},
    {"softmax", "t", along_options, along_shape, softmax_forward, softmax_backward, softmax_tangent},
    {"log_softmax", "t", along_options, along_shape, log_softmax_forward, log_softmax_backward, log_softmax_tangent},
    {0},
};
