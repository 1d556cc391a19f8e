/* Ops that move numbers without changing them. reshape and slice of leading rows are views. */
#include "op.h"
#include "tangent.h"
#include "threads.h"

#include <string.h>

/* ---- reshape{shape}: one size may be -1 ---- */

static bool reshape_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0];
    size_t known = 1;
    int open = -1;
    c->rank = c->n_list;
    for (int i = 0; i < c->n_list; i++) {
        int64_t size = c->list[i];
        if (size < -1) return fm_call_fail(c, err, "size %lld is negative", (long long)size);
        if (size == -1 && open >= 0) return fm_call_fail(c, err, "only one size may be -1");
        if (size == -1) open = i;
        else if (size && known > SIZE_MAX / (size_t)size) return fm_call_fail(c, err, "the shape is too large");
        else known *= (size_t)size;
        c->shape[i] = size == -1 ? 1 : (size_t)size;
    }
    if (open >= 0 && known) c->shape[open] = x->count / known;
    size_t count = open >= 0 ? known * c->shape[open] : known;
    if (count != x->count) {
        char text[FM_SHAPE_TEXT], want[FM_SHAPE_TEXT];
        fm_tensor target = {.rank = c->rank};
        memcpy(target.shape, c->shape, sizeof target.shape);
        return fm_call_fail(c, err, "%s has %zu numbers, %s wants %zu", fm_shape_text(x, text), x->count, fm_shape_text(&target, want),
                            count);
    }
    c->view_of = c->in[0];
    return true;
}

/* A few numbers cost less than a call of memcpy. */
static inline void copy_numbers(size_t n, const real *from, real *to) {
    if (n < 8) {
        for (size_t i = 0; i < n; i++) to[i] = from[i];
    } else {
        memcpy(to, from, n * sizeof *to);
    }
}

/* ---- permute{axes}, transpose{axes}: a copy in another order ---- */

static bool permute_checked(fm_call *c, const int64_t *axes, fm_error *err) {
    const fm_tensor *x = c->in[0];
    bool seen[FM_MAX_RANK] = {false};
    for (int i = 0; i < x->rank; i++) {
        int64_t a = axes[i];
        if (seen[a]) return fm_call_fail(c, err, "axis %lld is given twice", (long long)a + 1);
        seen[a] = true;
        c->shape[i] = x->shape[a];
    }
    c->rank = x->rank;
    memcpy(c->list, axes, (size_t)x->rank * sizeof *axes);
    c->n_list = x->rank;
    return true;
}

static bool axis_in_range(fm_call *c, int64_t *axis, fm_error *err) {
    int rank = c->in[0]->rank;
    if (*axis < -rank || *axis >= rank) {
        return fm_call_fail(c, err, "axis %lld is out of range for a tensor of rank %d", (long long)(*axis < 0 ? *axis : *axis + 1), rank);
    }
    if (*axis < 0) *axis += rank;
    return true;
}

static bool permute_shape(fm_call *c, fm_error *err) {
    if (c->n_list != c->in[0]->rank) return fm_call_fail(c, err, "expected %d axes, found %d", c->in[0]->rank, c->n_list);
    for (int i = 0; i < c->n_list; i++) {
        if (!axis_in_range(c, &c->list[i], err)) return false;
    }
    int64_t axes[FM_MAX_RANK];
    memcpy(axes, c->list, sizeof axes);
    return permute_checked(c, axes, err);
}

static bool transpose_shape(fm_call *c, fm_error *err) {
    int rank = c->in[0]->rank;
    if (c->n_list == 0) { /* the last two */
        if (rank < 2) return fm_call_fail(c, err, "a tensor of rank %d has no two axes", rank);
        c->list[0] = rank - 2;
        c->list[1] = rank - 1;
    } else if (c->n_list != 2) {
        return fm_call_fail(c, err, "expected 2 axes, found %d", c->n_list);
    }
    if (!axis_in_range(c, &c->list[0], err) || !axis_in_range(c, &c->list[1], err)) return false;
    int64_t axes[FM_MAX_RANK];
    for (int i = 0; i < rank; i++) axes[i] = i;
    int64_t first = axes[c->list[0]];
    axes[c->list[0]] = axes[c->list[1]];
    axes[c->list[1]] = first;
    return permute_checked(c, axes, err);
}

/* A copy of [a, b] as [b, a], a square at a time. */
enum { SQUARE = 16 };

/* A whole square by way of a small one, so that each cache line of either side is touched once:
 * rows that are a power of two apart would fight for their places in the cache. */
FM_INLINE void turn_square(const real *restrict from, size_t in, real *restrict to, size_t out, bool add) {
    real square[SQUARE][SQUARE];
    for (size_t i = 0; i < SQUARE; i++) {
        for (size_t j = 0; j < SQUARE; j++) square[i][j] = from[i * in + j];
    }
    for (size_t j = 0; j < SQUARE; j++) {
        real row[SQUARE];
        for (size_t i = 0; i < SQUARE; i++) row[i] = square[i][j];
        for (size_t i = 0; i < SQUARE; i++) to[j * out + i] = add ? to[j * out + i] + row[i] : row[i];
    }
}

static void turn_part(size_t rows, size_t columns, const real *restrict from, size_t in, real *restrict to, size_t out, bool add) {
    for (size_t j = 0; j < columns; j++) {
        for (size_t i = 0; i < rows; i++) to[j * out + i] = add ? to[j * out + i] + from[i * in + j] : from[i * in + j];
    }
}

/* Rows of from are `in` apart, those of to `out`; to is set, or added to. */
FM_CLONES static void turn(size_t a, size_t b, const real *restrict from, size_t in, real *restrict to, size_t out, bool add) {
    for (size_t i = 0; i < a; i += SQUARE) {
        for (size_t j = 0; j < b; j += SQUARE) {
            const real *x = from + i * in + j;
            real *y = to + j * out + i;
            size_t rows = a - i < SQUARE ? a - i : SQUARE, columns = b - j < SQUARE ? b - j : SQUARE;
            if (rows < SQUARE || columns < SQUARE) turn_part(rows, columns, x, in, y, out, add);
            else if (add) turn_square(x, in, y, out, true);
            else turn_square(x, in, y, out, false);
        }
    }
}

/* A permutation whose axes that stay together are one. On the way back the result's gradient is the
 * input, and axes are permuted the other way. */
typedef struct moves {
    int rank;
    size_t shape[FM_MAX_RANK], stride[FM_MAX_RANK]; /* of what is written, and how far that moves what is read */
    const real *from;
    real *to;
    bool add;
} moves;

/* axes[i] is the axis of `from`, which has `shape`, that becomes axis i of `to`. */
static moves moves_of(int rank, const size_t *shape, const int64_t *axes, const real *from, real *to, bool add) {
    moves m = {.from = from, .to = to, .add = add};
    size_t stride[FM_MAX_RANK], s = 1;
    for (int i = rank - 1; i >= 0; i--) {
        stride[i] = s;
        s *= shape[i];
    }
    for (int i = 0; i < rank; i++) {
        size_t size = shape[axes[i]], step = stride[axes[i]];
        if (size == 1) continue;
        if (m.rank && m.stride[m.rank - 1] == size * step) { /* goes on where the axis before it ends */
            m.shape[m.rank - 1] *= size;
            m.stride[m.rank - 1] = step;
            continue;
        }
        m.shape[m.rank] = size;
        m.stride[m.rank++] = step;
    }
    while (m.rank < 2) { /* a row, at least */
        for (int i = m.rank; i > 0; i--) m.shape[i] = m.shape[i - 1], m.stride[i] = m.stride[i - 1];
        m.shape[0] = 1;
        m.stride[0] = 0;
        m.rank++;
        if (m.rank == 1) m.stride[0] = 1;
    }
    return m;
}

static void copy_row(size_t n, const real *restrict from, size_t step, real *restrict to, bool add) {
    if (add) {
        for (size_t i = 0; i < n; i++) to[i] += from[i * step];
    } else if (step == 1) {
        copy_numbers(n, from, to);
    } else {
        for (size_t i = 0; i < n; i++) to[i] = from[i * step];
    }
}

/* Rows of what is written: its last axis. */
static void move_rows(void *context, size_t first, size_t last) {
    const moves *m = context;
    int axes = m->rank - 1;
    size_t n = m->shape[axes], step = m->stride[axes], index[FM_MAX_RANK], at = 0;
    for (size_t i = (size_t)axes, rest = first; i-- > 0; rest /= m->shape[i]) {
        index[i] = rest % m->shape[i];
        at += index[i] * m->stride[i];
    }
    for (size_t r = first; r < last; r++) {
        copy_row(n, m->from + at, step, m->to + r * n, m->add);
        for (int i = axes - 1; i >= 0; i--) {
            at += m->stride[i];
            if (++index[i] < m->shape[i]) break;
            at -= m->stride[i] * m->shape[i];
            index[i] = 0;
        }
    }
}

/* Where the last axis of what is written moves what is read by more than 1, another axis moves it
 * by 1: with that one, squares. Units are strips of that axis, for each place of the other axes. */
typedef struct turns {
    moves m;
    int fast;                  /* that axis */
    size_t width, strips, out; /* rows of a strip, strips; from one row of `fast` to the next in what is written */
} turns;

static void turn_strips(void *context, size_t first, size_t last) {
    const turns *t = context;
    const moves *m = &t->m;
    size_t n = m->shape[m->rank - 1], size = m->shape[t->fast];
    for (size_t u = first; u < last; u++) {
        size_t j = u % t->strips * t->width, rest = u / t->strips, from = j, to = j * t->out, stride = 1;
        for (int i = m->rank - 2; i >= 0; i--) { /* a place of the axes but these two */
            stride *= m->shape[i + 1];
            if (i == t->fast) continue;
            from += rest % m->shape[i] * m->stride[i];
            to += rest % m->shape[i] * stride;
            rest /= m->shape[i];
        }
        size_t width = size - j < t->width ? size - j : t->width;
        turn(n, width, m->from + from, m->stride[m->rank - 1], m->to + to, t->out, m->add);
    }
}

static void move(moves m, size_t count) {
    size_t n = m.shape[m.rank - 1];
    if (!count) return;
    turns t = {.m = m, .fast = m.rank - 1, .out = 1};
    while (t.fast > 0 && m.stride[t.fast] != 1) t.out *= m.shape[t.fast--];
    if (t.fast == m.rank - 1 || m.stride[t.fast] != 1 || n < SQUARE || m.shape[t.fast] < SQUARE) {
        fm_parallel(count / n, fm_light_rows(n), move_rows, &m);
        return;
    }
    size_t wide = fm_tile_rows(n) / SQUARE * SQUARE;
    t.width = wide ? wide : SQUARE;
    if (t.width > m.shape[t.fast]) t.width = m.shape[t.fast];
    t.strips = (m.shape[t.fast] + t.width - 1) / t.width;
    fm_parallel(count / n / m.shape[t.fast] * t.strips, fm_tile_rows(n * t.width), turn_strips, &t);
}

static void permute_forward(const fm_call *c) {
    const fm_tensor *x = c->in[0];
    move(moves_of(x->rank, x->shape, c->list, fm_data(x), fm_data(c->out), false), x->count);
}

static void permute_backward(const fm_call *c) {
    const fm_tensor *y = c->out;
    int64_t back[FM_MAX_RANK];
    bool fresh;
    real *dx = fm_grad_write(c->in[0], &fresh);
    for (int i = 0; i < y->rank; i++) back[c->list[i]] = i;
    move(moves_of(y->rank, y->shape, back, fm_grad_get(y), dx, !fresh), y->count);
}

/* ---- cat{axis} ---- */

static bool cat_shape(fm_call *c, fm_error *err) {
    const fm_tensor *first = c->in[0];
    int axis;
    if (first->rank == 0) return fm_call_fail(c, err, "a number without axes cannot be joined; reshape it to [1]");
    if (!fm_check_axis(c, 0, first->rank, 0, &axis, err)) return false;
    c->opt[0].integer = axis;
    fm_shape_like(c, first);
    for (int k = 1; k < c->n_in; k++) {
        const fm_tensor *t = c->in[k];
        bool same = t->rank == first->rank;
        for (int i = 0; same && i < t->rank; i++) same = i == axis || t->shape[i] == first->shape[i];
        if (!same) {
            char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
            return fm_call_fail(c, err, "tensor 1 is %s, tensor %d is %s: only axis %d may differ", fm_shape_text(first, a), k + 1,
                                fm_shape_text(t, b), axis + 1);
        }
        c->shape[axis] += t->shape[axis];
    }
    return true;
}

/* ---- stack{axis}: joins along a new axis, of which each tensor is one entry ---- */

static bool stack_shape(fm_call *c, fm_error *err) {
    const fm_tensor *first = c->in[0];
    char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
    int axis;
    if (first->rank == FM_MAX_RANK) return fm_call_fail(c, err, "tensors are %s: one axis too many", fm_shape_text(first, a));
    if (!fm_check_axis(c, 0, first->rank + 1, 0, &axis, err)) return false;
    for (int k = 1; k < c->n_in; k++) {
        if (fm_same_shape(first, c->in[k])) continue;
        return fm_call_fail(c, err, "tensor 1 is %s, tensor %d is %s: expected equal shapes", fm_shape_text(first, a), k + 1,
                            fm_shape_text(c->in[k], b));
    }
    c->opt[0].integer = axis;
    c->rank = first->rank + 1;
    for (int i = 0; i < c->rank; i++) c->shape[i] = i == axis ? (size_t)c->n_in : first->shape[i - (i > axis)];
    return true;
}

/* ---- what both do: every tensor fills the next part of each of the result's `outer` rows ---- */

/* One tensor, a block [rows, n], and the columns that it fills of rows that are `row` apart. */
typedef struct part {
    size_t n, row;
    const real *from;
    real *to;
    bool fresh;
} part;

/* Numbers first..last-1 of the block, which may begin and end within a row. */
static void join_tile(void *context, size_t first, size_t last) {
    const part *p = context;
    size_t r = first / p->n, end = (r + 1) * p->n;
    for (size_t at = first; at < last; at = end, end += p->n, r++) {
        copy_numbers((end < last ? end : last) - at, p->from + at, p->to + r * (p->row - p->n) + at);
    }
}

static void split_tile(void *context, size_t first, size_t last) {
    const part *p = context;
    size_t r = first / p->n, end = (r + 1) * p->n;
    for (size_t at = first; at < last; at = end, end += p->n, r++) {
        const real *restrict g = p->from + r * (p->row - p->n) + at;
        real *restrict dx = p->to + at;
        size_t n = (end < last ? end : last) - at;
        if (p->fresh) copy_numbers(n, g, dx);
        else {
            for (size_t i = 0; i < n; i++) dx[i] += g[i];
        }
    }
}

/* A row costs as much as SHORT numbers, however few it has. */
static size_t part_tile(size_t n) {
    enum { SHORT = 32 };
    return n < SHORT ? FM_LIGHT / SHORT * (n ? n : 1) : FM_LIGHT;
}

static void join_forward(const fm_call *c) {
    int axis = (int)c->opt[0].integer;
    fm_axis_view all = fm_along(c->out, axis);
    size_t row = all.size * all.inner, from = 0;
    bool leading = axis == c->out->rank - 1; /* of columns without a gradient */
    for (int k = 0; k < c->n_in; k++) {
        size_t n = c->in[k]->count / all.outer;
        part p = {n, row, fm_data(c->in[k]), fm_data(c->out) + from, false};
        fm_parallel(c->in[k]->count, part_tile(n), join_tile, &p);
        from += n;
        if (leading && !fm_needs_grad(c->in[k])) c->out->grad_first = from;
        else leading = false;
    }
    if (c->out->grad_first == row) c->out->grad_first = 0;
}

static void join_backward(const fm_call *c) {
    int axis = (int)c->opt[0].integer;
    fm_axis_view all = fm_along(c->out, axis);
    size_t row = all.size * all.inner, from = 0;
    for (int k = 0; k < c->n_in; k++) {
        size_t n = c->in[k]->count / all.outer;
        part p = {.n = n, .row = row, .from = fm_grad_get(c->out) + from};
        p.to = fm_grad_write(c->in[k], &p.fresh);
        if (p.to) fm_parallel(c->in[k]->count, part_tile(n), split_tile, &p);
        from += n;
    }
}

/* ---- slice{axis, first, last, step}: entries first, first + step .. last ----
 * Both count from the end when they are negative. */

static bool slice_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0];
    int axis;
    if (x->rank == 0) return fm_call_fail(c, err, "a number without axes cannot be sliced");
    if (!fm_check_axis(c, 0, x->rank, 0, &axis, err)) return false;
    int64_t size = (int64_t)x->shape[axis], first = c->opt[1].integer, last = c->opt[2].integer, step = c->opt[3].integer;
    int64_t i = first < 0 ? first + size + 1 : first, j = last < 0 ? last + size + 1 : last;
    if (first == 0 || last == 0) return fm_call_fail(c, err, "there is no entry 0: entries count from 1");
    if (step == 0) return fm_call_fail(c, err, "step is 0");
    if (i < 1 || j < 1 || i > size || j > size || (step == 1 && i > j)) {
        return fm_call_fail(c, err, "entries %lld to %lld are not within 1..%lld of axis %d", (long long)first, (long long)last,
                            (long long)size, axis + 1);
    }
    if (step > 0 ? i > j : i < j) {
        return fm_call_fail(c, err, "the range from %lld to %lld in steps of %lld is empty", (long long)first, (long long)last,
                            (long long)step);
    }
    fm_shape_like(c, x);
    c->shape[axis] = (size_t)((j - i) / step + 1);
    if (c->shape[axis] == 1) c->opt[3].integer = step = 1; /* there is nothing to step over */
    c->opt[0].integer = axis;
    c->opt[1].integer = i - 1;
    fm_axis_view v = fm_along(x, axis);
    if (v.outer == 1 && step == 1) { /* contiguous */
        c->view_of = c->in[0];
        c->view_first = (size_t)(i - 1) * v.inner;
    }
    return true;
}

/* Entries of [outer, size, inner] of the result, and where they lie in x. */
typedef struct entries {
    size_t size, inner, from_row; /* entries of a row of the result; numbers of an entry; of a row of x */
    ptrdiff_t step;
    const real *from;
    real *to;
    bool fresh;
} entries;

static entries entries_of(const fm_call *c) {
    int axis = (int)c->opt[0].integer;
    fm_axis_view v = fm_along(c->in[0], axis);
    entries e = {.size = c->out->shape[axis], .inner = v.inner, .from_row = v.size * v.inner};
    e.step = (ptrdiff_t)c->opt[3].integer * (ptrdiff_t)v.inner;
    if (c->opt[3].integer == 1) { /* entries side by side are one */
        e.inner *= e.size;
        e.size = 1;
    }
    return e;
}

/* y[i] = x[i step], or x[i step] += y[i] */
FM_CLONES static void take_steps(size_t n, const real *restrict x, ptrdiff_t step, real *restrict y) {
    if (step == 2) {
        for (size_t i = 0; i < n; i++) y[i] = x[2 * i];
    } else {
        for (size_t i = 0; i < n; i++) y[i] = x[(ptrdiff_t)i * step];
    }
}

static void add_steps(size_t n, const real *restrict y, ptrdiff_t step, real *restrict x) {
    for (size_t i = 0; i < n; i++) x[(ptrdiff_t)i * step] += y[i];
}

/* Entries i .. i + n - 1 of one row. */
typedef struct some_entries {
    size_t n;
    ptrdiff_t in_x; /* where the first lies */
} some_entries;

static some_entries entries_at(const entries *e, size_t r, size_t last) {
    size_t i = r % e->size, n = e->size - i < last - r ? e->size - i : last - r;
    return (some_entries){n, (ptrdiff_t)(r / e->size * e->from_row) + (ptrdiff_t)i * e->step};
}

static void slice_tile(void *context, size_t first, size_t last) {
    const entries *e = context;
    for (size_t r = first; r < last;) {
        some_entries s = entries_at(e, r, last);
        const real *x = e->from + s.in_x;
        if (e->inner == 1) take_steps(s.n, x, e->step, e->to + r);
        for (size_t i = 0; e->inner > 1 && i < s.n; i++) copy_numbers(e->inner, x + (ptrdiff_t)i * e->step, e->to + (r + i) * e->inner);
        r += s.n;
    }
}

static void slice_back_tile(void *context, size_t first, size_t last) {
    const entries *e = context;
    for (size_t r = first; r < last;) {
        some_entries s = entries_at(e, r, last);
        if (e->inner == 1) add_steps(s.n, e->from + r, e->step, e->to + s.in_x);
        for (size_t i = 0; e->inner > 1 && i < s.n; i++) {
            const real *restrict dy = e->from + (r + i) * e->inner;
            real *restrict dx = e->to + s.in_x + (ptrdiff_t)i * e->step;
            for (size_t k = 0; k < e->inner; k++) dx[k] += dy[k];
        }
        r += s.n;
    }
}

static void slice_forward(const fm_call *c) {
    entries e = entries_of(c);
    e.from = fm_data(c->in[0]) + (size_t)c->opt[1].integer * fm_along(c->in[0], (int)c->opt[0].integer).inner;
    e.to = fm_data(c->out);
    fm_parallel(c->out->count / e.inner, fm_light_rows(e.inner), slice_tile, &e);
}

static void slice_backward(const fm_call *c) {
    entries e = entries_of(c);
    e.from = fm_grad_get(c->out);
    e.to = fm_grad_add(c->in[0]) + (size_t)c->opt[1].integer * fm_along(c->in[0], (int)c->opt[0].integer).inner;
    fm_parallel(c->out->count / e.inner, fm_light_rows(e.inner), slice_back_tile, &e);
}

static const fm_option reshape_options[] = {{"shape", FM_SIZES, true, 0, NULL}, {0}};
static const fm_option permute_options[] = {{"axes", FM_AXES, true, 0, NULL}, {0}};
static const fm_option transpose_options[] = {{"axes", FM_AXES, false, 0, NULL}, {0}};
static const fm_option cat_options[] = {{"axis", FM_AXIS, false, 0, NULL}, {0}};
static const fm_option slice_options[] = {{"axis", FM_AXIS, true, 0, NULL},
                                          {"first", FM_INDEX, false, 1, NULL},
                                          {"last", FM_INDEX, false, -1, NULL},
                                          {"step", FM_INTEGER, false, 1, NULL},
                                          {0}};

const fm_op shape_ops[] = {
    {"reshape", "t", reshape_options, reshape_shape, NULL, NULL, NULL},
    {"permute", "t", permute_options, permute_shape, permute_forward, permute_backward, fm_tangent_linear},
    {"transpose", "t", transpose_options, transpose_shape, permute_forward, permute_backward, fm_tangent_linear},
    {"cat", "*", cat_options, cat_shape, join_forward, join_backward, fm_tangent_linear},
    {"stack", "*", cat_options, stack_shape, join_forward, join_backward, fm_tangent_linear},
    {"slice", "t", slice_options, slice_shape, slice_forward, slice_backward, fm_tangent_linear},
    {0},
};
