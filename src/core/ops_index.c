/* Ops that pick entries by 1-based indices kept as numbers. The gradients of equal indices are
 * added up, however many there are. */
#include "op.h"
#include "sums.h"

#include <string.h>

/* An index, 0-based; checked by shape(). (Processors turn floats into signed numbers.) */
static inline size_t zero_based(real index) {
    return (size_t)((int64_t)index - 1);
}

static inline size_t picked(const fm_tensor *index, size_t i) {
    return zero_based(fm_data(index)[i]);
}

/* ---- gradients: row i of dy is added to entry index[i] of dx, `outer` times over. A row has `n`
 * numbers. With `lanes` over 1 it has one, index is [count, lanes], and dy[i, l] is added to
 * dx[index[i, l], l] ---- */

typedef struct scatter {
    size_t outer, entries, count, lanes, n;
    const real *index, *dy;
    size_t index_step; /* from one of `outer` to the next */
    real *dx;
} scatter;

enum {
    FEW = 64,    /* rows that may be added to one float */
    SMALL = 8192 /* numbers of dx that may be doubles on the stack meanwhile */
};

/* Numbers of a list, in the bytes of a real. */
#ifdef FM_DOUBLE
typedef uint64_t list_number;
#else
typedef uint32_t list_number;
#endif

static bool is_small(const scatter *s) {
    return s->n && s->entries <= SMALL / (s->lanes > 1 ? 1 : s->n) && s->entries <= 4 * s->count;
}

/* Numbers that backward keeps in c->saved: the first row of each entry, and the next row after each
 * row. */
static size_t lists_count(const scatter *s) {
    bool lists = s->count > FEW && s->n && !is_small(s) && s->count * s->lanes < UINT32_MAX;
    return lists ? (s->entries + s->count) * s->lanes : 0;
}

/* to += from; by eights, since rows are often short. */
FM_INLINE void add_row(size_t n, const real *restrict from, double *restrict to) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (size_t k = 0; k < 8; k++) to[i + k] += (double)from[i + k];
    }
    for (; i < n; i++) to[i] += (double)from[i];
}

/* `n` and `lanes` are those of s. When one is the constant 1, the compiler drops its loop. */
FM_INLINE void add_plain_rows(const scatter *s, size_t n, size_t lanes) {
    const real *from = s->dy, *index = s->index;
    real *dx = s->dx;
    for (size_t o = 0; o < s->outer; o++, index += s->index_step, dx += s->entries * lanes * n) {
        for (size_t i = 0, at = 0; i < s->count; i++) {
            for (size_t l = 0; l < lanes; l++, at++, from += n) {
                real *restrict to = dx + (zero_based(index[at]) * lanes + l) * n;
                for (size_t k = 0; k < n; k++) to[k] += from[k];
            }
        }
    }
}

static void add_plain(const scatter *s) {
    if (s->lanes > 1) add_plain_rows(s, 1, s->lanes);
    else if (s->n > 1) add_plain_rows(s, s->n, 1);
    else add_plain_rows(s, 1, 1);
}

/* Some lanes at a time, of which all entries fit the stack. */
FM_INLINE void add_small_rows(const scatter *s, size_t n, size_t lanes) {
    double acc[SMALL];
    size_t strip = lanes > 1 ? SMALL / s->entries : 1;
    for (size_t j = 0, part; j < lanes; j += part) {
        part = lanes - j < strip ? lanes - j : strip;
        size_t row = part * n;
        memset(acc, 0, s->entries * row * sizeof *acc);
        for (size_t i = 0; i < s->count; i++) {
            const real *from = s->dy + (i * lanes + j) * n;
            for (size_t l = 0; l < part; l++, from += n) add_row(n, from, acc + zero_based(s->index[i * lanes + j + l]) * row + l * n);
        }
        for (size_t e = 0; e < s->entries; e++) {
            real *to = s->dx + (e * lanes + j) * n;
            for (size_t k = 0; k < row; k++) to[k] += (real)acc[e * row + k];
        }
    }
}

FM_CLONES static void add_small(const scatter *s) {
    if (s->lanes > 1) add_small_rows(s, 1, s->lanes);
    else if (s->n > 1) add_small_rows(s, s->n, 1);
    else add_small_rows(s, 1, 1);
}

/* Rows in a list count from 1; 0 ends it. Entries without rows are skipped, so a large table costs
 * nothing. */
FM_CLONES static void add_lists(const scatter *s, real *room) {
    list_number *restrict first = (list_number *)(void *)room, *restrict next = first + s->entries * s->lanes;
    double acc[FM_STRIP];
    for (size_t i = 0; i < s->count; i++) {
        for (size_t l = 0; l < s->lanes; l++) first[zero_based(s->index[i * s->lanes + l]) * s->lanes + l] = 0;
    }
    for (size_t i = s->count; i-- > 0;) { /* from the end: a list is in order */
        for (size_t l = 0; l < s->lanes; l++) {
            size_t place = zero_based(s->index[i * s->lanes + l]) * s->lanes + l, row = i * s->lanes + l;
            next[row] = first[place];
            first[place] = (list_number)(row + 1);
        }
    }
    for (size_t row = 0; row < s->count * s->lanes; row++) {
        size_t lane = s->lanes > 1 ? row % s->lanes : 0, place = zero_based(s->index[row]) * s->lanes + lane;
        if (first[place] != row + 1) continue;
        if (!next[row]) { /* the only one */
            for (size_t k = 0; k < s->n; k++) s->dx[place * s->n + k] += s->dy[row * s->n + k];
            continue;
        }
        for (size_t j = 0, part; j < s->n; j += part) {
            part = s->n - j < FM_STRIP ? s->n - j : FM_STRIP;
            for (size_t k = 0; k < part; k++) acc[k] = 0;
            for (size_t i = row + 1; i; i = next[i - 1]) {
                add_row(part, s->dy + (i - 1) * s->n + j, acc);
            }
            real *restrict to = s->dx + place * s->n + j;
            for (size_t k = 0; k < part; k++) to[k] += (real)acc[k];
        }
    }
}

static void scatter_add(scatter s, real *room) {
    if (s.count <= FEW || (!lists_count(&s) && !is_small(&s))) {
        add_plain(&s);
        return;
    }
    for (size_t o = 0; o < s.outer && s.n; o++) {
        if (lists_count(&s)) add_lists(&s, room);
        else add_small(&s);
        s.index += s.index_step;
        s.dy += s.count * s.lanes * s.n;
        s.dx += s.entries * s.lanes * s.n;
    }
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
    scatter s = {.entries = x->shape[axis], .count = index->count, .lanes = 1, .n = fm_along(x, axis).inner};
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
    const fm_tensor *index = c->in[1];
    scatter s = {v.outer, v.size, index->count, 1, v.inner, fm_data(index), fm_grad_get(c->out), 0, fm_grad_add(c->in[0])};
    scatter_add(s, c->saved);
}

/* ---- gather{axis}: y[.., i, ..] = x[.., index[.., i, ..], ..]; index differs from x on the axis
 * ---- */

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
    scatter s = {.entries = v.size, .count = index->shape[axis], .lanes = v.inner, .n = 1};
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
    size_t slab = w.size * w.inner;
    scatter s = {w.outer, v.size, w.size, v.inner, 1, fm_data(c->in[1]), fm_grad_get(c->out), slab, fm_grad_add(c->in[0])};
    scatter_add(s, c->saved);
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
    scatter s = {.entries = table->shape[0], .count = index->count, .lanes = 1, .n = table->shape[1]};
    c->saved_count = lists_count(&s);
    return true;
}

static void embedding_forward(const fm_call *c) {
    size_t n = c->in[0]->shape[1];
    for (size_t i = 0; i < c->in[1]->count; i++) copy_row(n, fm_data(c->in[0]) + picked(c->in[1], i) * n, fm_data(c->out) + i * n);
}

static void embedding_backward(const fm_call *c) {
    const fm_tensor *table = c->in[0], *index = c->in[1];
    scatter s = {1, table->shape[0], index->count, 1, table->shape[1], fm_data(index), fm_grad_get(c->out), 0, fm_grad_add(c->in[0])};
    scatter_add(s, c->saved);
}

/* ---- one_hot{n}: labels [...] in 1..n -> [..., n] ---- */

static bool one_hot_shape(fm_call *c, fm_error *err) {
    const fm_tensor *labels = c->in[0];
    char text[FM_SHAPE_TEXT];
    int64_t n = c->opt[0].integer;
    if (n < 1) return fm_call_fail(c, err, "n is %lld: expected at least 1", (long long)n);
    if (labels->rank == FM_MAX_RANK) return fm_call_fail(c, err, "labels are %s: one axis too many", fm_shape_text(labels, text));
    if (!fm_check_index(c, labels, (size_t)n, err)) return false;
    fm_shape_like(c, labels);
    c->shape[c->rank++] = (size_t)n;
    return true;
}

static void one_hot_forward(const fm_call *c) {
    size_t n = (size_t)c->opt[0].integer;
    real *y = fm_data(c->out);
    memset(y, 0, c->out->count * sizeof *y);
    for (size_t i = 0; i < c->in[0]->count; i++) y[i * n + picked(c->in[0], i)] = 1;
}

static const fm_option one_hot_options[] = {{"n", FM_INTEGER, true, 0, NULL}, {0}};
static const fm_option select_options[] = {{"axis", FM_AXIS, false, 0, NULL}, {0}};
static const fm_option gather_options[] = {{"axis", FM_AXIS, true, 0, NULL}, {0}};

const fm_op index_ops[] = {
    {"index_select", "tn", select_options, index_select_shape, index_select_forward, index_select_backward},
    {"gather", "tn", gather_options, gather_shape, gather_forward, gather_backward},
    {"embedding", "tn", NULL, embedding_shape, embedding_forward, embedding_backward},
    {"one_hot", "n", one_hot_options, one_hot_shape, one_hot_forward, NULL},
    {0},
};
