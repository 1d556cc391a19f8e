#include "fill.h"

#include "threads.h"

#include <string.h>

typedef struct pattern {
    real *to, value;
    const real *from;
    double first, last, step;
    size_t count;
} pattern;

static void fill_tile(void *context, size_t first, size_t last) {
    const pattern *p = context;
    real *to = p->to, value = p->value;
    for (size_t i = first; i < last; i++) to[i] = value;
}

static void fill(size_t n, real *to, real v) {
    pattern p = {.to = to, .value = v};
    fm_parallel(n, FM_LIGHT, fill_tile, &p);
}

void fm_fill(fm_tensor *t, real v) {
    fill(t->count, fm_data(t), v);
}

void fm_fill_eye(fm_tensor *t) {
    size_t n = t->shape[0];
    fm_fill(t, 0);
    for (size_t i = 0; i < n; i++) fm_data(t)[i * n + i] = 1;
}

static void copy_tile(void *context, size_t first, size_t last) {
    const pattern *p = context;
    memcpy(p->to + first, p->from + first, (last - first) * sizeof(real));
}

void fm_copy(size_t n, const real *from, real *to) {
    pattern p = {.from = from, .to = to};
    fm_parallel(n, FM_LIGHT, copy_tile, &p);
}

double fm_steps_count(double first, double last, double step) {
    return floor((last - first) / step + 1e-9) + 1; /* an end that only rounding misses counts */
}

FM_CLONES static void steps_tile(void *context, size_t first, size_t last) {
    const pattern *p = context;
    real *to = p->to;
    double start = p->first, step = p->step;
    for (size_t i = first; i < last; i++) to[i] = (real)(start + (double)i * step);
}

void fm_fill_steps(fm_tensor *t, double first, double step) {
    pattern p = {.to = fm_data(t), .first = first, .step = step};
    fm_parallel(t->count, FM_LIGHT, steps_tile, &p);
}

FM_CLONES static void between_tile(void *context, size_t first, size_t last) {
    const pattern *p = context;
    real *to = p->to;
    double start = p->first, end = p->last, most = (double)(p->count > 1 ? p->count - 1 : 1);
    for (size_t i = first; i < last; i++) to[i] = (real)(start + (end - start) * (double)i / most);
}

void fm_fill_between(fm_tensor *t, double first, double last) {
    pattern p = {.to = fm_data(t), .first = first, .last = last, .count = t->count};
    fm_parallel(t->count, FM_LIGHT, between_tile, &p);
    if (t->count > 1) fm_data(t)[t->count - 1] = (real)last;
}

/* ---- blocks ---- */

/* A block being written. From axis `end` on it is contiguous, `inner` numbers. */
typedef struct block {
    const fm_span *spans;
    const real *from; /* moves on; NULL: `value` everywhere */
    real value;
    int end;
    size_t inner, stride[FM_MAX_RANK];
} block;

static void fill_axis(block *b, int axis, real *to);

/* Entries first..last - 1 of an axis whose entry 0 begins at `to`. */
static void fill_entries(block *b, int axis, size_t first, size_t last, real *to) {
    ptrdiff_t step = (ptrdiff_t)b->spans[axis].step * (ptrdiff_t)b->stride[axis];
    if (axis + 1 == b->end && b->inner == 1) {
        for (size_t k = first; k < last; k++) to[(ptrdiff_t)k * step] = b->from ? *b->from++ : b->value;
        return;
    }
    for (size_t k = first; k < last; k++) fill_axis(b, axis + 1, to + (ptrdiff_t)k * step);
}

static void fill_axis(block *b, int axis, real *to) {
    if (axis == b->end) {
        for (size_t i = 0; i < b->inner; i++) to[i] = b->from ? b->from[i] : b->value;
        if (b->from) b->from += b->inner;
        return;
    }
    const fm_span *span = &b->spans[axis];
    fill_entries(b, axis, 0, span->count, to + span->first * b->stride[axis]);
}

typedef struct outer_axis { /* the first axis of a block with several entries */
    const block *b;
    int axis;
    real *to;
    size_t numbers; /* of an entry, as they are read */
} outer_axis;

static void entries_tile(void *context, size_t first, size_t last) {
    const outer_axis *o = context;
    block b = *o->b;
    if (b.from) b.from += first * o->numbers;
    fill_entries(&b, o->axis, first, last, o->to);
}

void fm_fill_block(fm_tensor *t, const fm_span *spans, const real *from, real v) {
    block b = {.spans = spans, .from = from, .value = v, .end = t->rank, .inner = 1};
    for (; b.end && spans[b.end - 1].step == 1 && spans[b.end - 1].count == t->shape[b.end - 1]; b.end--) b.inner *= t->shape[b.end - 1];
    size_t stride = 1;
    for (int axis = t->rank - 1; axis >= 0; axis--) {
        b.stride[axis] = stride;
        stride *= t->shape[axis];
    }
    if (!t->count) return;
    outer_axis o = {.b = &b, .to = fm_data(t), .numbers = b.inner};
    for (; o.axis < b.end && spans[o.axis].count == 1; o.axis++) o.to += spans[o.axis].first * b.stride[o.axis];
    if (o.axis == b.end) {
        if (from) fm_copy(b.inner, from, o.to);
        else fill(b.inner, o.to, v);
        return;
    }
    o.to += spans[o.axis].first * b.stride[o.axis];
    for (int axis = o.axis + 1; axis < b.end; axis++) o.numbers *= spans[axis].count;
    fm_parallel(spans[o.axis].count, 4 * fm_tile_rows(o.numbers), entries_tile, &o);
}
