#include "ode_record.h"

#include "fill.h"
#include "threads.h"

#include <string.h>

void fm_ode_record_set(fm_ode_record *r, const void *row, fm_tensor *t) {
    int i = 0;
    while (i < r->n && r->row[i] != row) i++;
    fm_tensor *before = i < r->n ? r->tensor[i] : NULL;
    r->row[i] = row;
    r->tensor[i] = fm_tensor_retain(t);
    r->n += i == r->n;
    fm_tensor_release(before);
}

fm_tensor *fm_ode_recorded(const fm_ode_record *r, const void *row) {
    for (int i = 0; i < r->n; i++) {
        if (r->row[i] == row) return r->tensor[i];
    }
    return NULL;
}

void fm_ode_record_close(fm_ode_record *r) {
    for (int i = 0; i < r->n; i++) fm_tensor_release(r->tensor[i]);
    r->n = 0;
}

typedef struct scaling {
    real w;
    const real *g;
    real *into;
} scaling;

FM_CLONES static void add_scaled(void *context, size_t first, size_t last) {
    const scaling *s = context;
    real w = s->w;
    const real *restrict g = s->g;
    real *restrict into = s->into;
    for (size_t i = first; i < last; i++) into[i] += w * g[i];
}

FM_CLONES static void set_scaled(void *context, size_t first, size_t last) {
    const scaling *s = context;
    real w = s->w;
    const real *restrict g = s->g;
    real *restrict into = s->into;
    for (size_t i = first; i < last; i++) into[i] = w * g[i];
}

/* out = sum of saved[i] in[i] */
static void sum_backward(const fm_call *c) {
    const real *w = c->saved_storage->data;
    for (int i = 0; i < c->n_in; i++) {
        bool fresh;
        scaling s = {w[i], fm_grad_get(c->out), fm_grad_write(c->in[i], &fresh)};
        if (s.into) fm_parallel(c->out->count, FM_TILE, fresh ? set_scaled : add_scaled, &s);
    }
}

static const fm_op sum_op = {.name = "ode.solve", .inputs = "*", .backward = sum_backward};

static bool record(fm_call *c, const real *w, fm_error *err) {
    c->saved_storage = fm_storage_new((size_t)c->n_in, err);
    if (!c->saved_storage) return false;
    memcpy(c->saved_storage->data, w, (size_t)c->n_in * sizeof *w);
    bool ok = fm_record_call(c, err);
    if (!c->out->needs_grad) fm_storage_release(c->saved_storage);
    return ok;
}

fm_tensor *fm_ode_record_sum(const fm_ode_record *r, const real *numbers, const double *x, double h, int m, const double *w, real *const *k,
                             fm_error *err) {
    fm_tensor *in[FM_ODE_ROWS + 1] = {fm_ode_recorded(r, x)};
    real weight[FM_ODE_ROWS + 1] = {1};
    fm_call frame, *c = fm_call_init(&frame, &sum_op);
    c->in = in;
    c->n_in = 1;
    for (int j = 0; j < m; j++) {
        if (w[j] == 0) continue;
        in[c->n_in] = fm_ode_recorded(r, k[j]);
        weight[c->n_in++] = (real)(h * w[j]);
    }
    c->out = fm_tensor_new(r->rank, r->shape, err);
    if (!c->out) return NULL;
    fm_copy(c->out->count, numbers, fm_data(c->out));
    fm_scope_own(c->out);
    if (record(c, weight, err)) return c->out;
    fm_tensor_release(c->out);
    return NULL;
}
