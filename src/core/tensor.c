#include "tensor.h"

#include "level.h"
#include "pool.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(int rank, const size_t *shape, char text[FM_SHAPE_TEXT]) {
    size_t n = (size_t)snprintf(text, FM_SHAPE_TEXT, "[");
    for (int i = 0; i < rank; i++) n += (size_t)snprintf(text + n, FM_SHAPE_TEXT - n, "%s%zu", i ? ", " : "", shape[i]);
    snprintf(text + n, FM_SHAPE_TEXT - n, "]");
    return text;
}

const char *fm_shape_text(const fm_tensor *t, char text[FM_SHAPE_TEXT]) {
    return text_of(t->rank, t->shape, text);
}

bool fm_shape_count(int rank, const size_t *shape, size_t *count, fm_error *err) {
    if (rank > FM_MAX_RANK) return fm_fail(err, "rank %d is over the limit %d", rank, FM_MAX_RANK);
    char text[FM_SHAPE_TEXT];
    size_t n = 1, limit = PTRDIFF_MAX / sizeof(real);
    bool empty = false;
    for (int i = 0; i < rank; i++) {
        if (!shape[i]) empty = true;
        else if (shape[i] > limit / n)
            return fm_fail(err, "a tensor %s: more numbers than this machine can address", text_of(rank, shape, text));
        else n *= shape[i];
    }
    *count = empty ? 0 : n;
    return true;
}

bool fm_same_shape(const fm_tensor *a, const fm_tensor *b) {
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++) {
        if (a->shape[i] != b->shape[i]) return false;
    }
    return true;
}

/* A tensor without numbers yet. */
static fm_tensor *tensor_box(int rank, const size_t *shape, fm_error *err) {
    size_t count = 0;
    if (!fm_shape_count(rank, shape, &count, err)) return NULL;
    fm_tensor *t = fm_pool_take(sizeof *t);
    if (!t) {
        fm_fail(err, "out of memory: no room for a tensor of %zu numbers", count);
        return NULL;
    }
    *t = (fm_tensor){.holders = 1, .rank = rank, .count = count};
    for (int i = 0; i < rank; i++) t->shape[i] = shape[i];
    return t;
}

fm_tensor *fm_tensor_new(int rank, const size_t *shape, fm_error *err) {
    fm_tensor *t = tensor_box(rank, shape, err);
    if (!t) return NULL;
    t->storage = fm_storage_new(t->count, err);
    if (!t->storage) {
        fm_pool_give(t, sizeof *t);
        return NULL;
    }
    return t;
}

/* The view carries part of every tangent of `of`. */
static bool tangents_view(fm_tensor *view, fm_tensor *of, size_t first, fm_error *err) {
    for (const fm_tangent *d = of->tangents; d; d = d->next) {
        if (!fm_level_at_work(d->level)) continue;
        fm_tensor *along = fm_tensor_view(d->along, first, view->rank, view->shape, err);
        bool ok = along && fm_tangent_set(view, d->level, along, err);
        fm_tensor_release(along);
        if (!ok) return false;
    }
    return true;
}

fm_tensor *fm_tensor_view(fm_tensor *of, size_t first, int rank, const size_t *shape, fm_error *err) {
    fm_tensor *t = tensor_box(rank, shape, err);
    if (!t) return NULL;
    t->storage = fm_storage_retain(of->storage);
    t->offset = of->offset + first;
    t->base = fm_tensor_retain(fm_base(of));
    if (!of->tangents || tangents_view(t, of, first, err)) return t;
    fm_tensor_release(t);
    return NULL;
}

fm_tensor *fm_tensor_of(fm_storage *s, size_t offset, int rank, const size_t *shape, fm_error *err) {
    fm_tensor *t = tensor_box(rank, shape, err);
    if (!t) return NULL;
    t->storage = fm_storage_retain(s);
    t->offset = offset;
    return t;
}

fm_tensor *fm_tensor_detach(fm_tensor *of, fm_error *err) {
    fm_tensor *t = tensor_box(of->rank, of->shape, err);
    if (!t) return NULL;
    t->storage = fm_storage_retain(of->storage);
    t->offset = of->offset;
    t->storage->kept = true;
    return t;
}

fm_tensor *fm_tensor_clone(const fm_tensor *of, fm_error *err) {
    fm_tensor *t = fm_tensor_new(of->rank, of->shape, err);
    if (t) memcpy(fm_data(t), fm_data(of), of->count * sizeof(real));
    return t;
}

fm_tensor *fm_tensor_retain(fm_tensor *t) {
    t->holders++;
    return t;
}

static void tangents_release(fm_tensor *t) {
    for (fm_tangent *d = t->tangents, *next; d; d = next) {
        next = d->next;
        fm_tensor_release(d->along);
        fm_pool_give(d, sizeof *d);
    }
    t->tangents = NULL;
}

void fm_tensor_release(fm_tensor *t) {
    while (t && --t->holders == 0) {
        fm_tensor *base = t->base; /* a view holds its base: a loop, not a recursion */
        if (t->scope) fm_tensor_leave(t);
        if (t->tangents) tangents_release(t);
        fm_storage_release(t->storage);
        fm_storage_release(t->grad);
        fm_pool_give(t, sizeof *t);
        t = base;
    }
}

bool fm_grad_reserve(fm_tensor *t, fm_error *err) {
    t = fm_base(t);
    if (t->grad) return true;
    t->grad = fm_storage_new(t->count, err);
    t->grad_offset = 0;
    t->grad_state = FM_GRAD_UNSET;
    return t->grad != NULL;
}

real *fm_grad_add(fm_tensor *t) {
    if (!fm_needs_grad(t)) return NULL;
    fm_tensor *base = fm_base(t);
    real *g = base->grad->data + base->grad_offset;
    if (base->grad_state == FM_GRAD_UNSET) memset(g, 0, base->count * sizeof(real));
    base->grad_state = FM_GRAD_SET;
    return g + (t->offset - base->offset);
}

real *fm_grad_write(fm_tensor *t, bool *fresh) {
    *fresh = false;
    if (!fm_needs_grad(t)) return NULL;
    fm_tensor *base = fm_base(t);
    if (base->count != t->count) return fm_grad_add(t); /* part of its base: the rest must become zero */
    *fresh = base->grad_state == FM_GRAD_UNSET;
    base->grad_state = FM_GRAD_SET;
    return base->grad->data + base->grad_offset;
}

void fm_grad_sum(fm_tensor *t, const real *more) {
    bool fresh;
    real *g = fm_grad_write(t, &fresh);
    if (fresh) {
        memcpy(g, more, t->count * sizeof *g);
        return;
    }
    for (size_t i = 0; i < t->count; i++) g[i] += more[i];
}

const real *fm_grad_get(const fm_tensor *t) {
    const fm_tensor *base = t->base ? t->base : t;
    if (!base->grad || base->grad_state == FM_GRAD_UNSET) return NULL;
    return base->grad->data + base->grad_offset + (t->offset - base->offset);
}

void fm_grad_clear(fm_tensor *t) {
    fm_base(t)->grad_state = FM_GRAD_UNSET;
}

void fm_grad_release(fm_tensor *t) {
    t = fm_base(t);
    t->grad_state = FM_GRAD_UNSET;
    if (!t->grad || t->grad->count != t->count) return;
    fm_storage_release(t->grad);
    t->grad = NULL;
}

/* ---- tangents ---- */

bool fm_tangent_set(fm_tensor *t, uint64_t level, fm_tensor *along, fm_error *err) {
    fm_tangent **at = &t->tangents;
    while (*at && (*at)->level < level) at = &(*at)->next;
    fm_tangent *new = fm_pool_take(sizeof *new);
    if (!new) return fm_fail(err, "out of memory: no room for a tangent");
    *new = (fm_tangent){level, fm_tensor_retain(along), *at};
    *at = new;
    return true;
}

fm_tensor *fm_tangent_get(const fm_tensor *t, uint64_t level) {
    const fm_tangent *d = t ? t->tangents : NULL;
    while (d && d->level != level) d = d->next;
    return d ? d->along : NULL;
}

void fm_tangent_drop(fm_tensor *t, uint64_t level) {
    fm_tangent **at = &t->tangents, *d;
    while (*at && (*at)->level != level) at = &(*at)->next;
    if (!(d = *at)) return;
    *at = d->next;
    fm_tensor_release(d->along);
    fm_pool_give(d, sizeof *d);
}

bool fm_follows(const fm_tensor *t) {
    for (const fm_tangent *d = t ? t->tangents : NULL; d; d = d->next) {
        if (fm_level_at_work(d->level)) return true;
    }
    return false;
}

bool fm_tangents_share(fm_tensor *to, const fm_tensor *from, fm_error *err) {
    for (const fm_tangent *d = from->tangents; d; d = d->next) {
        if (fm_level_at_work(d->level) && !fm_tangent_set(to, d->level, d->along, err)) return false;
    }
    return true;
}
