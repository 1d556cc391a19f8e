#include "fill.h"

void fm_fill(fm_tensor *t, real v) {
    real *p = fm_data(t);
    for (size_t i = 0; i < t->count; i++) p[i] = v;
}

void fm_fill_eye(fm_tensor *t) {
    size_t n = t->shape[0];
    fm_fill(t, 0);
    for (size_t i = 0; i < n; i++) fm_data(t)[i * n + i] = 1;
}

double fm_steps_count(double first, double last, double step) {
    return floor((last - first) / step + 1e-9) + 1; /* an end that only rounding misses counts */
}

void fm_fill_steps(fm_tensor *t, double first, double step) {
    for (size_t i = 0; i < t->count; i++) fm_data(t)[i] = (real)(first + (double)i * step);
}

void fm_fill_between(fm_tensor *t, double first, double last) {
    size_t n = t->count;
    for (size_t i = 0; i < n; i++) fm_data(t)[i] = (real)(first + (last - first) * (double)i / (double)(n > 1 ? n - 1 : 1));
    if (n > 1) fm_data(t)[n - 1] = (real)last;
}

/* A block being written. From axis `end` on it is contiguous, `inner` numbers. */
typedef struct block {
    const fm_span *spans;
    const real *from; /* moves on; NULL: `value` everywhere */
    real value;
    int end;
    size_t inner, stride[FM_MAX_RANK];
} block;

static void fill_axis(block *b, int axis, real *to) {
    if (axis == b->end) {
        for (size_t i = 0; i < b->inner; i++) to[i] = b->from ? b->from[i] : b->value;
        if (b->from) b->from += b->inner;
        return;
    }
    const fm_span *span = &b->spans[axis];
    ptrdiff_t step = (ptrdiff_t)span->step * (ptrdiff_t)b->stride[axis];
    to += span->first * b->stride[axis];
    if (axis + 1 == b->end && b->inner == 1) {
        for (size_t k = 0; k < span->count; k++) to[(ptrdiff_t)k * step] = b->from ? *b->from++ : b->value;
        return;
    }
    for (size_t k = 0; k < span->count; k++) fill_axis(b, axis + 1, to + (ptrdiff_t)k * step);
}

void fm_fill_block(fm_tensor *t, const fm_span *spans, const real *from, real v) {
    block b = {.spans = spans, .from = from, .value = v, .end = t->rank, .inner = 1};
    for (; b.end && spans[b.end - 1].step == 1 && spans[b.end - 1].count == t->shape[b.end - 1]; b.end--) b.inner *= t->shape[b.end - 1];
    size_t stride = 1;
    for (int axis = t->rank - 1; axis >= 0; axis--) {
        b.stride[axis] = stride;
        stride *= t->shape[axis];
    }
    if (t->count) fill_axis(&b, 0, fm_data(t));
}
