/* Ops that pick entries by 1-based indices kept as numbers. The gradients of equal indices are
 * added up, however many there are. */
#include "parts.h"
#include "sums.h"
#include "tangent.h"

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
    bool fresh; /* dx holds nothing yet; only a small table is written without being read */
} scatter;

enum {
    FEW = 64,     /* rows that may be added to one float */
    SMALL = 8192, /* numbers of dx that may be doubles on the stack meanwhile */
    PLACES = 1024 /* indices that are turned into whole numbers together */
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

/* A small table to which many rows are added: constant parts of the rows have their own doubles,
 * which are added in the order of the parts. */
static size_t small_parts(const scatter *s) {
    enum { MOST = 16, WORTH = 4 };
    if (s->count <= FEW || !is_small(s) || s->outer > 1 || s->lanes > 1) return 1;
    size_t parts = s->count / (WORTH * s->entries), tiles = s->count / fm_tile_rows(s->n);
    parts = parts < tiles ? parts : tiles;
    return parts < 1 ? 1 : parts > MOST ? MOST : parts;
}

/* What shape() asks for. */
static void ask_for_room(fm_call *c, const scatter *s) {
    c->saved_count = lists_count(s);
    if (small_parts(s) > 1) c->scratch_count = fm_room_for_doubles(small_parts(s) * s->entries * s->n);
}

/* Columns of dy: numbers of a row, or lanes. They are independent of each other. */
static size_t columns_of(const scatter *s) {
    return s->lanes > 1 ? s->lanes : s->n;
}

/* to += from; by eights, since rows are often short. */
FM_INLINE void add_row(size_t n, const real *restrict from, double *restrict to) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (size_t k = 0; k < 8; k++) to[i + k] += (double)from[i + k];
    }
    for (; i < n; i++) to[i] += (double)from[i];
}

/* ---- a few rows: one after the other ---- */

/* Columns j .. j + width - 1. A constant n of 1 lets the compiler drop the loop. */
FM_INLINE void add_plain_rows(const scatter *s, size_t n, size_t j, size_t width) {
    for (size_t i = 0; i < s->count; i++) {
        real *restrict to = s->dx + zero_based(s->index[i]) * n + j;
        const real *restrict from = s->dy + i * n + j;
        for (size_t k = 0; k < width; k++) to[k] += from[k];
    }
}

static void add_plain_lanes(const scatter *s, size_t j, size_t width) {
    for (size_t i = 0; i < s->count; i++) {
        for (size_t at = i * s->lanes + j, l = j; l < j + width; l++, at++) s->dx[zero_based(s->index[at]) * s->lanes + l] += s->dy[at];
    }
}

static void add_plain(const scatter *s, size_t j, size_t width) {
    if (s->lanes > 1) add_plain_lanes(s, j, width);
    else if (s->n > 1) add_plain_rows(s, s->n, j, width);
    else add_plain_rows(s, 1, 0, 1);
}

/* ---- a small table: its numbers as doubles ---- */

/* acc[entries, n] += rows first .. last - 1 */
FM_INLINE void sum_rows(const scatter *s, size_t n, size_t first, size_t last, double *restrict acc) {
    for (size_t i = first; i < last; i++) add_row(n, s->dy + i * n, acc + zero_based(s->index[i]) * n);
}

/* places[i] = an index, 0-based; entries are fewer than 2^31 */
FM_CLONES static void to_places(size_t n, const real *restrict index, int32_t *restrict places) {
    for (size_t i = 0; i < n; i++) places[i] = (int32_t)index[i] - 1;
}

/* The same for rows of one number. */
static void sum_numbers(const scatter *s, size_t first, size_t last, double *restrict acc) {
    int32_t places[PLACES];
    for (size_t at = first, n; at < last; at += n) {
        n = last - at < PLACES ? last - at : PLACES;
        to_places(n, s->index + at, places);
        for (size_t i = 0; i < n; i++) acc[places[i]] += (double)s->dy[at + i];
    }
}

FM_CLONES static void sum_some_rows(const scatter *s, size_t first, size_t last, double *restrict acc) {
    memset(acc, 0, s->entries * s->n * sizeof *acc);
    if (s->n > 1) sum_rows(s, s->n, first, last, acc);
    else sum_numbers(s, first, last, acc);
}

/* dx (+)= acc */
FM_CLONES static void put_sums(size_t n, const double *restrict acc, real *restrict dx, bool fresh) {
    if (fresh) {
        for (size_t i = 0; i < n; i++) dx[i] = (real)acc[i];
    } else {
        for (size_t i = 0; i < n; i++) dx[i] += (real)acc[i];
    }
}

static void add_small_lanes(const scatter *s, size_t j, size_t width) {
    double acc[SMALL];
    memset(acc, 0, s->entries * width * sizeof *acc);
    for (size_t i = 0; i < s->count; i++) {
        for (size_t l = 0, at = i * s->lanes + j; l < width; l++, at++) acc[zero_based(s->index[at]) * width + l] += (double)s->dy[at];
    }
    for (size_t e = 0; e < s->entries; e++) put_sums(width, acc + e * width, s->dx + e * s->lanes + j, s->fresh);
}

static void add_small(const scatter *s, size_t j, size_t width) {
    double acc[SMALL];
    if (s->lanes > 1) {
        add_small_lanes(s, j, width);
        return;
    }
    sum_some_rows(s, 0, s->count, acc);
    put_sums(s->entries * s->n, acc, s->dx, s->fresh);
}

typedef struct small_table {
    const scatter *s;
    size_t rows; /* of a part */
    double *acc;
} small_table;

static void small_part(void *context, size_t first, size_t last) {
    const small_table *t = context;
    sum_some_rows(t->s, first, last, t->acc + first / t->rows * t->s->entries * t->s->n);
}

static void add_small_parts(const scatter *s, size_t parts, double *acc) {
    size_t numbers = s->entries * s->n, rows = (s->count + parts - 1) / parts;
    small_table t = {s, rows, acc};
    fm_parallel(s->count, rows, small_part, &t);
    for (size_t i = 0; i < numbers; i++) {
        double sum = 0;
        for (size_t p = 0; p * rows < s->count; p++) sum += acc[p * numbers + i];
        s->dx[i] += (real)sum;
    }
}

/* ---- a large table: a list of its rows for each entry. Rows in a list count from 1; 0 ends it.
 * Entries without rows are skipped, so a large table costs nothing ---- */

typedef struct lists {
    const scatter *s;
    list_number *first, *next;
} lists;

/* Of lanes j .. j + width - 1. */
static void make_lists(void *context, size_t j, size_t end) {
    const lists *a = context;
    const scatter *s = a->s;
    for (size_t i = 0; i < s->count; i++) {
        for (size_t l = j; l < end; l++) a->first[zero_based(s->index[i * s->lanes + l]) * s->lanes + l] = 0;
    }
    for (size_t i = s->count; i-- > 0;) { /* from the end: a list is in order */
        for (size_t l = j; l < end; l++) {
            size_t place = zero_based(s->index[i * s->lanes + l]) * s->lanes + l, row = i * s->lanes + l;
            a->next[row] = a->first[place];
            a->first[place] = (list_number)(row + 1);
        }
    }
}

/* Entries whose first row is one of first_row .. last - 1. */
FM_CLONES static void add_listed(const lists *a, size_t first_row, size_t last) {
    const scatter *s = a->s;
    double acc[FM_STRIP];
    for (size_t row = first_row; row < last; row++) {
        size_t lane = s->lanes > 1 ? row % s->lanes : 0, place = zero_based(s->index[row]) * s->lanes + lane;
        if (a->first[place] != row + 1) continue;
        if (!a->next[row]) { /* the only one */
            for (size_t k = 0; k < s->n; k++) s->dx[place * s->n + k] += s->dy[row * s->n + k];
            continue;
        }
        for (size_t j = 0, part; j < s->n; j += part) {
            part = s->n - j < FM_STRIP ? s->n - j : FM_STRIP;
            for (size_t k = 0; k < part; k++) acc[k] = 0;
            for (size_t i = row + 1; i; i = a->next[i - 1]) add_row(part, s->dy + (i - 1) * s->n + j, acc);
            real *restrict to = s->dx + place * s->n + j;
            for (size_t k = 0; k < part; k++) to[k] += (real)acc[k];
        }
    }
}

static void lists_tile(void *context, size_t first, size_t last) {
    add_listed(context, first, last);
}

static void add_lists(const scatter *s, real *room) {
    enum { LINE = 64 };
    lists a = {s, (list_number *)(void *)room, (list_number *)(void *)room + s->entries * s->lanes};
    size_t lanes = fm_tile_rows(s->count) < LINE ? LINE : fm_tile_rows(s->count);
    fm_parallel(s->lanes, lanes, make_lists, &a);
    fm_parallel(s->count * s->lanes, s->n == 1 ? FM_LIGHT : fm_light_rows(s->n), lists_tile, &a);
}

/* ---- which of these ---- */

typedef struct strips {
    scatter s;
    size_t width, strips; /* columns of a strip; strips of one of `outer` */
    bool small;
} strips;

static void strips_tile(void *context, size_t first, size_t last) {
    const strips *a = context;
    size_t columns = columns_of(&a->s);
    for (size_t u = first; u < last; u++) {
        size_t o = u / a->strips, j = u % a->strips * a->width, width = columns - j < a->width ? columns - j : a->width;
        scatter s = a->s;
        s.index += o * s.index_step;
        s.dy += o * s.count * s.lanes * s.n;
        s.dx += o * s.entries * s.lanes * s.n;
        (a->small ? add_small : add_plain)(&s, j, width);
    }
}

/* A row of a small table is not cut: its index is read once. */
static void add_strips(scatter s, bool small) {
    enum { LINE = 64 };
    strips a = {.s = s, .small = small};
    size_t columns = columns_of(&s), width = fm_tile_rows(s.count) / LINE * LINE;
    a.width = width < LINE ? LINE : width;
    if (small) a.width = s.lanes == 1 ? columns : a.width > SMALL / s.entries ? SMALL / s.entries : a.width;
    if (a.width > columns) a.width = columns;
    a.strips = (columns + a.width - 1) / a.width;
    fm_parallel(s.outer * a.strips, fm_tile_rows(s.count * a.width), strips_tile, &a);
}

static void scatter_add(const fm_call *c, scatter s) {
    bool few = s.count <= FEW, parts = !few && small_parts(&s) > 1, small = !few && !parts && is_small(&s);
    s.dx = small ? fm_grad_write(c->in[0], &s.fresh) : fm_grad_add(c->in[0]);
    if (!s.n) return;
    if (parts) {
        add_small_parts(&s, small_parts(&s), fm_scratch_doubles(c));
        return;
    }
    if (few || !lists_count(&s)) {
        add_strips(s, small);
        return;
    }
    for (size_t o = 0; o < s.outer; o++) {
        add_lists(&s, c->saved);
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
    fm_axis_view v = fm_along(x, axis);
    ask_for_room(c, &(scatter){.outer = v.outer, .entries = v.size, .count = index->count, .lanes = 1, .n = v.inner});
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

/* Rows of [outer, count] and what they are copied from. */
typedef struct picks {
    fm_axis_view from;
    size_t count;
    const real *x, *index;
    real *y;
} picks;

static void picks_tile(void *context, size_t first, size_t last) {
    const picks *p = context;
    size_t n = p->from.inner, i = first % p->count;
    const real *x = p->x + first / p->count * p->from.size * n;
    for (size_t r = first; r < last; r++) {
        copy_row(n, x + zero_based(p->index[i]) * n, p->y + r * n);
        if (++i == p->count) i = 0, x += p->from.size * n;
    }
}

/* y[i] = x[places[i]] */
FM_CLONES static void take(size_t n, const real *restrict x, const int32_t *restrict places, real *restrict y) {
    for (size_t i = 0; i < n; i++) y[i] = x[places[i]];
}

/* The same for rows of one number: units are PLACES of one of `outer`, the same places of all after
 * each other. */
static void pick_numbers_tile(void *context, size_t first, size_t last) {
    const picks *p = context;
    int32_t places[PLACES] = {0};
    for (size_t u = first; u < last; u++) {
        size_t o = u % p->from.outer, j = u / p->from.outer * PLACES, n = p->count - j < PLACES ? p->count - j : PLACES;
        if (u == first || o == 0) to_places(n, p->index + j, places);
        take(n, p->x + o * p->from.size, places, p->y + o * p->count + j);
    }
}

static void pick_rows(const fm_call *c, fm_axis_view from) {
    picks p = {from, c->in[1]->count, fm_data(c->in[0]), fm_data(c->in[1]), fm_data(c->out)};
    if (from.inner == 1 && from.size < INT32_MAX) {
        size_t width = p.count < PLACES ? p.count : PLACES;
        fm_parallel((p.count + PLACES - 1) / PLACES * from.outer, fm_tile_rows(width), pick_numbers_tile, &p);
        return;
    }
    fm_parallel(from.outer * p.count, fm_light_rows(from.inner), picks_tile, &p);
}

static void index_select_forward(const fm_call *c) {
    pick_rows(c, fm_along(c->in[0], (int)c->opt[0].integer));
}

static void index_select_backward(const fm_call *c) {
    fm_axis_view v = fm_along(c->in[0], (int)c->opt[0].integer);
    const fm_tensor *index = c->in[1];
    scatter s = {v.outer, v.size, index->count, 1, v.inner, fm_data(index), fm_grad_get(c->out), 0, NULL, false};
    scatter_add(c, s);
}

/* ---- gather{axis}: y[.., i, ..] = x[.., index[.., i, ..], ..]; index may differ from x in the
 * size of this axis ---- */

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
    ask_for_room(c, &(scatter){.outer = v.outer, .entries = v.size, .count = index->shape[axis], .lanes = v.inner, .n = 1});
    return fm_shape_like(c, index);
}

/* y[i] = x[index[i]]; entries of x are fewer than 2^31. */
FM_CLONES static void gather_row(size_t n, const real *restrict x, const real *restrict index, real *restrict y) {
    for (size_t i = 0; i < n; i++) y[i] = x[(int32_t)index[i] - 1];
}

/* Numbers first..last-1 of rows that are gathered along. */
static void gather_along_tile(void *context, size_t first, size_t last) {
    const picks *p = context;
    size_t o = first / p->count, end = (o + 1) * p->count;
    for (size_t at = first; at < last; at = end, end += p->count, o++) {
        gather_row((end < last ? end : last) - at, p->x + o * p->from.size, p->index + at, p->y + at);
    }
}

static void gather_tile(void *context, size_t first, size_t last) {
    const picks *p = context;
    size_t n = p->from.inner, i = first % p->count;
    const real *x = p->x + first / p->count * p->from.size * n;
    for (size_t r = first; r < last; r++) {
        for (size_t j = 0; j < n; j++) p->y[r * n + j] = x[zero_based(p->index[r * n + j]) * n + j];
        if (++i == p->count) i = 0, x += p->from.size * n;
    }
}

static void gather_forward(const fm_call *c) {
    int axis = (int)c->opt[0].integer;
    picks p = {fm_along(c->in[0], axis), c->in[1]->shape[axis], fm_data(c->in[0]), fm_data(c->in[1]), fm_data(c->out)};
    bool along = p.from.inner == 1 && p.from.size < INT32_MAX;
    fm_parallel(p.from.outer * p.count, along ? FM_LIGHT : fm_light_rows(p.from.inner), along ? gather_along_tile : gather_tile, &p);
}

static void gather_backward(const fm_call *c) {
    fm_axis_view v = fm_along(c->in[0], (int)c->opt[0].integer), w = fm_along(c->in[1], (int)c->opt[0].integer);
    size_t slab = w.size * w.inner;
    scatter s = {w.outer, v.size, w.size, v.inner, 1, fm_data(c->in[1]), fm_grad_get(c->out), slab, NULL, false};
    scatter_add(c, s);
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
    ask_for_room(c, &(scatter){.outer = 1, .entries = table->shape[0], .count = index->count, .lanes = 1, .n = table->shape[1]});
    return true;
}

static void embedding_forward(const fm_call *c) {
    pick_rows(c, fm_along(c->in[0], 0));
}

static void embedding_backward(const fm_call *c) {
    const fm_tensor *table = c->in[0], *index = c->in[1];
    scatter s = {1, table->shape[0], index->count, 1, table->shape[1], fm_data(index), fm_grad_get(c->out), 0, NULL, false};
    scatter_add(c, s);
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

static void one_hot_tile(void *context, size_t first, size_t last) {
    const fm_call *c = context;
    size_t n = (size_t)c->opt[0].integer;
    real *y = fm_data(c->out);
    memset(y + first * n, 0, (last - first) * n * sizeof *y);
    for (size_t i = first; i < last; i++) y[i * n + picked(c->in[0], i)] = 1;
}

static void one_hot_forward(const fm_call *c) {
    fm_parallel(c->in[0]->count, fm_light_rows((size_t)c->opt[0].integer), one_hot_tile, (void *)c);
}

static const fm_option one_hot_options[] = {{"n", FM_INTEGER, true, 0, NULL}, {0}};
static const fm_option select_options[] = {{"axis", FM_AXIS, false, 0, NULL}, {0}};
static const fm_option gather_options[] = {{"axis", FM_AXIS, true, 0, NULL}, {0}};

const fm_op index_ops[] = {
    {"index_select", "tn", select_options, index_select_shape, index_select_forward, index_select_backward, fm_tangent_linear},
    {"gather", "tn", gather_options, gather_shape, gather_forward, gather_backward, fm_tangent_linear},
    {"embedding", "tn", NULL, embedding_shape, embedding_forward, embedding_backward, fm_tangent_linear},
    {"one_hot", "n", one_hot_options, one_hot_shape, one_hot_forward, NULL, NULL},
    {0},
};
