#include "broadcast.h"

#include "sums.h"
#include "threads.h"
#include "walk.h"

#include <string.h>

bool fm_broadcast_shape(fm_call *c, const fm_tensor *a, const fm_tensor *b, fm_error *err) {
    int rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 1; i <= rank; i++) { /* i-th axis from the end */
        size_t na = i <= a->rank ? a->shape[a->rank - i] : 1, nb = i <= b->rank ? b->shape[b->rank - i] : 1;
        if (na != nb && na != 1 && nb != 1) {
            char ta[FM_SHAPE_TEXT], tb[FM_SHAPE_TEXT];
            return fm_call_fail(c, err, "shapes %s and %s do not fit: axis %d has %zu and %zu", fm_shape_text(a, ta), fm_shape_text(b, tb),
                                rank - i + 1, na, nb);
        }
        c->shape[rank - i] = na == 1 ? nb : na;
    }
    c->rank = rank;
    return true;
}

bool fm_broadcast(fm_call *c, fm_error *err) {
    if (fm_same_shape(c->in[0], c->in[1])) return fm_shape_like(c, c->in[0]);
    return fm_broadcast_shape(c, c->in[0], c->in[1], err);
}

/* ---- values ---- */

typedef struct values {
    fm_block_fn compute;
    const real *in[FM_MAX_WALKED];
    real *y;
    fm_walk w;
} values;

/* The numbers first .. last - 1 of the output: whole rows, or a part of one. */
static void values_tile(void *context, size_t first, size_t last) {
    const values *v = context;
    const fm_walk *w = &v->w;
    int axis = w->rank - 1;
    size_t n = w->shape[axis], j = first % n;
    fm_place p = {0};
    fm_walk_seek(w, 0, axis, first / n, &p);
    while (first < last) {
        fm_side in[FM_MAX_WALKED];
        for (int k = 0; k < w->n_in; k++) {
            size_t step = w->stride[k][axis];
            in[k] = (fm_side){v->in[k] + p.at[k] + j * step, step, axis ? w->stride[k][axis - 1] : 0};
        }
        bool part = j || last - first < n;
        size_t rows = part ? 1 : fm_walk_run(w, 0, axis, &p, (last - first) / n);
        size_t length = !part ? n : last - first < n - j ? last - first : n - j;
        v->compute(rows, length, in, v->y + first);
        fm_walk_advance(w, 0, axis, rows, &p);
        first += rows * length;
        j = 0;
    }
}

/* Numbers of an output with rows of n that make a tile: whole rows, unless they are long. */
static size_t tile_of(size_t n) {
    return n < FM_LIGHT ? fm_light_rows(n) * n : FM_LIGHT;
}

void fm_broadcast_forward(const fm_call *c, fm_block_fn compute) {
    values v = {.compute = compute, .y = fm_data(c->out)};
    for (int i = 0; i < c->n_in; i++) {
        v.in[i] = fm_data(c->in[i]);
        fm_walk_add(&v.w, c->out, c->in[i]);
    }
    fm_walk_merge(&v.w, c->out);
    size_t n = v.w.shape[v.w.rank - 1];
    fm_parallel(c->out->count, tile_of(n), values_tile, &v);
}
