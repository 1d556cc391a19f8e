#include "walk.h"

void fm_walk_add(fm_walk *w, const fm_tensor *out, const fm_tensor *t) {
    size_t stride = 1;
    int shift = out->rank - t->rank;
    for (int i = out->rank - 1; i >= 0; i--) {
        size_t size = i >= shift ? t->shape[i - shift] : 1;
        w->stride[w->n_in][i] = size == 1 ? 0 : stride;
        stride *= size;
    }
    w->n_in++;
}

void fm_walk_merge(fm_walk *w, const fm_tensor *out) {
    int to = -1;
    for (int i = 0; i < out->rank; i++) {
        if (out->shape[i] == 1) continue;
        bool merge = to >= 0;
        for (int k = 0; merge && k < w->n_in; k++) merge = w->stride[k][to] == w->stride[k][i] * out->shape[i];
        if (!merge) {
            to++;
            w->shape[to] = out->shape[i];
        } else {
            w->shape[to] *= out->shape[i];
        }
        for (int k = 0; k < w->n_in; k++) w->stride[k][to] = w->stride[k][i];
    }
    if (to < 0) {
        to = 0;
        w->shape[0] = 1;
        for (int k = 0; k < w->n_in; k++) w->stride[k][0] = 0;
    }
    w->rank = to + 1;
}

size_t fm_walk_count(const fm_walk *w, int from, int end) {
    size_t n = 1;
    for (int axis = from; axis < end; axis++) n *= w->shape[axis];
    return n;
}

void fm_walk_seek(const fm_walk *w, int from, int end, size_t number, fm_place *p) {
    for (int axis = end - 1; axis >= from; axis--) {
        p->index[axis] = number % w->shape[axis];
        number /= w->shape[axis];
        for (int k = 0; k < w->n_in; k++) p->at[k] += p->index[axis] * w->stride[k][axis];
    }
}

size_t fm_walk_run(const fm_walk *w, int from, int end, const fm_place *p, size_t most) {
    size_t left = end > from ? w->shape[end - 1] - p->index[end - 1] : 1;
    return left < most ? left : most;
}

void fm_walk_advance(const fm_walk *w, int from, int end, size_t run, fm_place *p) {
    for (int axis = end - 1; axis >= from; axis--) {
        for (int k = 0; k < w->n_in; k++) p->at[k] += run * w->stride[k][axis];
        p->index[axis] += run;
        if (p->index[axis] < w->shape[axis]) return;
        for (int k = 0; k < w->n_in; k++) p->at[k] -= w->stride[k][axis] * w->shape[axis];
        p->index[axis] = 0;
        run = 1;
    }
}
