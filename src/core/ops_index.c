/* Ops that pick entries by 1-based indices kept as numbers. Equal indices add their gradients up, in order. */
#include "op.h"

#include <string.h>

/* Entry i of an index tensor, 0-based; checked by shape(). */
static inline size_t picked(const fm_tensor *index, size_t i) {
    return (size_t)fm_data(index)[i] - 1;
}

/* ---- index_select{axis}: x along the axis at index [K]; rows by default ---- */

static bool index_select_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0], *index = c->in[1];
    char text[FM_SHAPE_TEXT];
    int axis;
    if (x->rank == 0) return fm_call_fail(c, err, "a number without axes has no entries to select");
    if (index->rank != 1) return fm_call_fail(c, err, "index is %s: expected one axis", fm_shape_text(index, text));
    if (!fm_check_axis(c, 0, x->rank, 0, &axis, err) || !fm_check_index(c, index, x->shape[axis], err)) return false;
    c->opt[0].integer = axis;
    fm_shape_like(c, x);
    c->shape[axis] = index->count;
    return true;
}

/* A few numbers cost less than a call of memcpy. */
static inline void copy_row(size_t n, const real *from, real *to) {
    if (n < 8) {
        for (size_t i = 0; i < n; i++) to[i] = from[i];
    } else {
        memcpy(to, from, n * sizeof *to);
    }
}

static inline void add_row(size_t n, const real *restrict from, real *restrict to) {
    for (size_t i = 0; i < n; i++) to[i] += from[i];
}

static void index_select_forward(const fm_call *c) {
    fm_axis_view v = fm_along(c->in[0], (int)c->opt[0].integer);
    const real *x = fm_data(c->in[0]);
    real *y = fm_data(c->out);
    for (size_t o = 0; o < v.outer; o++, x += v.size * v.inner) {
        for (size_t i = 0; i < c->in[1]->count; i++, y += v.inner) copy_row(v.inner, x + picked(c->in[1], i) * v.inner, y);
    }
}

static void index_select_backward(const fm_call *c) {
    fm_axis_view v = fm_along(c->in[0], (int)c->opt[0].integer);
    const real *dy = fm_grad_get(c->out);
    real *dx = fm_grad_add(c->in[0]);
    for (size_t o = 0; o < v.outer; o++, dx += v.size * v.inner) {
        for (size_t i = 0; i < c->in[1]->count; i++, dy += v.inner) add_row(v.inner, dy, dx + picked(c->in[1], i) * v.inner);
    }
}

/* ---- gather{axis}: y[.., i, ..] = x[.., index[.., i, ..], ..]; index differs from x along the axis only ---- */

static bool gather_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0], *index = c->in[1];
    int axis;
    if (x->rank == 0) return fm_call_fail(c, err, "a number without axes has no entries to gather");
    if (!fm_check_axis(c, 0, x->rank, 0, &axis, err)) return false;
    bool fits = index->rank == x->rank;
    for (int i = 0; fits && i < x->rank; i++) fits = i == axis || index->shape[i] == x->shape[i];
    if (!fits) {
        char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
        return fm_call_fail(c, err, "input is %s, index is %s: only axis %d may differ", fm_shape_text(x, a), fm_shape_text(index, b),
                            axis + 1);
    }
    if (!fm_check_index(c, index, x->shape[axis], err)) return false;
    c->opt[0].integer = axis;
    return fm_shape_like(c, index);
}

static void gather_forward(const fm_call *c) {
    fm_axis_view v = fm_along(c->in[0], (int)c->opt[0].integer), w = fm_along(c->in[1], (int)c->opt[0].integer);
    const real *x = fm_data(c->in[0]);
    real *y = fm_data(c->out);
    for (size_t o = 0, at = 0; o < w.outer; o++, x += v.size * v.inner) {
        for (size_t i = 0; i < w.size; i++) {
            for (size_t j = 0; j < w.inner; j++, at++) y[at] = x[picked(c->in[1], at) * v.inner + j];
        }
    }
}

static void gather_backward(const fm_call *c) {
    fm_axis_view v = fm_along(c->in[0], (int)c->opt[0].integer), w = fm_along(c->in[1], (int)c->opt[0].integer);
    const real *dy = fm_grad_get(c->out);
    real *dx = fm_grad_add(c->in[0]);
    for (size_t o = 0, at = 0; o < w.outer; o++, dx += v.size * v.inner) {
        for (size_t i = 0; i < w.size; i++) {
            for (size_t j = 0; j < w.inner; j++, at++) dx[picked(c->in[1], at) * v.inner + j] += dy[at];
        }
    }
}

/* ---- embedding: table [N, D], index [...] -> [..., D] ---- */

static bool embedding_shape(fm_call *c, fm_error *err) {
    const fm_tensor *table = c->in[0], *index = c->in[1];
    char text[FM_SHAPE_TEXT];
    if (table->rank != 2) return fm_call_fail(c, err, "table is %s: expected [entries, dimension]", fm_shape_text(table, text));
    if (index->rank == FM_MAX_RANK) return fm_call_fail(c, err, "index is %s: one axis too many", fm_shape_text(index, text));
    if (!fm_check_index(c, index, table->shape[0], err)) return false;
    fm_shape_like(c, index);
    c->shape[c->rank++] = table->shape[1];
    return true;
}

static void embedding_forward(const fm_call *c) {
    size_t n = c->in[0]->shape[1];
    for (size_t i = 0; i < c->in[1]->count; i++) copy_row(n, fm_data(c->in[0]) + picked(c->in[1], i) * n, fm_data(c->out) + i * n);
}

static void embedding_backward(const fm_call *c) {
    size_t n = c->in[0]->shape[1];
    const real *dy = fm_grad_get(c->out);
    real *dx = fm_grad_add(c->in[0]);
    for (size_t i = 0; i < c->in[1]->count; i++) add_row(n, dy + i * n, dx + picked(c->in[1], i) * n);
}

static const fm_option select_options[] = {{"axis", FM_AXIS, false, 0, NULL}, {0}};
static const fm_option gather_options[] = {{"axis", FM_AXIS, true, 0, NULL}, {0}};

const fm_op index_ops[] = {
    {"index_select", "tn", select_options, index_select_shape, index_select_forward, index_select_backward},
    {"gather", "tn", gather_options, gather_shape, gather_forward, gather_backward},
    {"embedding", "tn", NULL, embedding_shape, embedding_forward, embedding_backward},
    {0},
};
