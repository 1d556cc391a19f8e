/* Ops that pick entries by 1-based indices kept as numbers. Equal indices add their gradients up, however many there are. */
#include "op.h"
#include "sums.h"

#include <string.h>

/* Entry i of an index tensor, 0-based; checked by shape(). */
static inline size_t picked(const fm_tensor *index, size_t i) {
    return (size_t)fm_data(index)[i] - 1;
}

/* ---- gradients: row i of dy is added to entry index[i] of dx ----
 * A row has `n` numbers. With `lanes` over 1 it has one, index is [count, lanes], and dy[i, l] is added to dx[index[i, l], l]. */

typedef struct scatter {
    size_t entries, count, lanes, n;
    const real *index, *dy;
    real *dx;
} scatter;

enum {
    FEW = 16,    /* rows that may be added to one float */
    SMALL = 2048 /* numbers of dx that may be doubles on the stack meanwhile */
};

/* Numbers of a list, in the bytes of a real. */
#ifdef FM_DOUBLE
typedef uint64_t list_number;
#else
typedef uint32_t list_number;
#endif

static inline size_t place_of(const scatter *s, size_t i, size_t lane) {
    return ((size_t)s->index[i * s->lanes + lane] - 1) * s->lanes + lane;
}

static bool is_small(const scatter *s) {
    return s->entries * s->lanes <= SMALL / s->n && s->entries <= 4 * s->count;
}

/* Numbers that backward keeps in c->saved: the first row of each entry, and for each row the next of the same entry. */
static size_t lists_count(const scatter *s) {
    bool lists = s->count > FEW && s->n && !is_small(s) && s->count * s->lanes < UINT32_MAX;
    return lists ? (s->entries + s->count) * s->lanes : 0;
}

static void add_plain(const scatter *s) {
    for (size_t i = 0; i < s->count; i++) {
        for (size_t l = 0; l < s->lanes; l++) {
            real *to = s->dx + place_of(s, i, l) * s->n;
            const real *from = s->dy + (i * s->lanes + l) * s->n;
            for (size_t k = 0; k < s->n; k++) to[k] += from[k];
        }
    }
}

static void add_small(const scatter *s) {
    double acc[SMALL];
    size_t all = s->entries * s->lanes * s->n;
    memset(acc, 0, all * sizeof *acc);
    for (size_t i = 0; i < s->count; i++) {
        for (size_t l = 0; l < s->lanes; l++) {
            double *to = acc + place_of(s, i, l) * s->n;
            const real *from = s->dy + (i * s->lanes + l) * s->n;
            for (size_t k = 0; k < s->n; k++) to[k] += (double)from[k];
        }
    }
    for (size_t k = 0; k < all; k++) s->dx[k] += (real)acc[k];
}

enum { NO_ROW = 0 }; /* rows in lists count from 1 */

/* to += the sum of the rows of a list */
FM_CLONES static void add_list(const scatter *s, list_number row, const list_number *restrict next, real *restrict to) {
    double acc[FM_STRIP];
    for (size_t j = 0, part; j < s->n; j += part) {
        part = s->n - j < FM_STRIP ? s->n - j : FM_STRIP;
        for (size_t k = 0; k < part; k++) acc[k] = 0;
        for (list_number i = row; i != NO_ROW; i = next[i - 1]) {
            const real *restrict from = s->dy + (i - 1) * s->n + j;
            for (size_t k = 0; k < part; k++) acc[k] += (double)from[k];
        }
        for (size_t k = 0; k < part; k++) to[j + k] += (real)acc[k];
    }
}

/* Only entries that have rows are looked at: a large table costs nothing. */
static void add_lists(const scatter *s, real *room) {
    list_number *first = (list_number *)(void *)room, *next = first + s->entries * s->lanes;
    for (size_t i = 0; i < s->count; i++) {
        for (size_t l = 0; l < s->lanes; l++) first[place_of(s, i, l)] = NO_ROW;
    }
    for (size_t i = s->count; i-- > 0;) { /* from the end: a list is in order */
        for (size_t l = 0; l < s->lanes; l++) {
            size_t place = place_of(s, i, l), row = i * s->lanes + l;
            next[row] = first[place];
            first[place] = (list_number)(row + 1);
        }
    }
    for (size_t i = 0; i < s->count; i++) {
        for (size_t l = 0; l < s->lanes; l++) {
            size_t place = place_of(s, i, l);
            if (first[place] != NO_ROW) add_list(s, first[place], next, s->dx + place * s->n);
            first[place] = NO_ROW;
        }
    }
}

static void scatter_add(const scatter *s, real *room) {
    if (lists_count(s)) add_lists(s, room);
    else if (s->count > FEW && s->n && is_small(s)) add_small(s);
    else add_plain(s);
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
    scatter s = {x->shape[axis], index->count, 1, fm_along(x, axis).inner, NULL, NULL, NULL};
    c->saved_count = lists_count(&s);
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
    scatter s = {v.size, c->in[1]->count, 1, v.inner, fm_data(c->in[1]), fm_grad_get(c->out), fm_grad_add(c->in[0])};
    for (size_t o = 0; o < v.outer; o++, s.dx += v.size * v.inner, s.dy += s.count * v.inner) scatter_add(&s, c->saved);
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
    fm_axis_view v = fm_along(x, axis);
    scatter s = {v.size, index->shape[axis], v.inner, 1, NULL, NULL, NULL};
    c->saved_count = lists_count(&s);
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
    scatter s = {v.size, w.size, v.inner, 1, fm_data(c->in[1]), fm_grad_get(c->out), fm_grad_add(c->in[0])};
    for (size_t o = 0; o < w.outer; o++) {
        scatter_add(&s, c->saved);
        s.index += w.size * w.inner, s.dy += w.size * w.inner, s.dx += v.size * v.inner;
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
    scatter s = {table->shape[0], index->count, 1, table->shape[1], NULL, NULL, NULL};
    c->saved_count = lists_count(&s);
    return true;
}

static void embedding_forward(const fm_call *c) {
    size_t n = c->in[0]->shape[1];
    for (size_t i = 0; i < c->in[1]->count; i++) copy_row(n, fm_data(c->in[0]) + picked(c->in[1], i) * n, fm_data(c->out) + i * n);
}

static void embedding_backward(const fm_call *c) {
    const fm_tensor *table = c->in[0], *index = c->in[1];
    scatter s = {table->shape[0], index->count, 1, table->shape[1], fm_data(index), fm_grad_get(c->out), fm_grad_add(c->in[0])};
    scatter_add(&s, c->saved);
}

static const fm_option select_options[] = {{"axis", FM_AXIS, false, 0, NULL}, {0}};
static const fm_option gather_options[] = {{"axis", FM_AXIS, true, 0, NULL}, {0}};

const fm_op index_ops[] = {
    {"index_select", "tn", select_options, index_select_shape, index_select_forward, index_select_backward},
    {"gather", "tn", gather_options, gather_shape, gather_forward, gather_backward},
    {"embedding", "tn", NULL, embedding_shape, embedding_forward, embedding_backward},
    {0},
};
