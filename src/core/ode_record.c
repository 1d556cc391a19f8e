#include "ode_record.h"

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

FM_CLONES static void add_scaled(size_t n, real w, const real *restrict g, real *restrict into) {
    for (size_t i = 0; i < n; i++) into[i] += w * g[i];
}

FM_CLONES static void set_scaled(size_t n, real w, const real *restrict g, real *restrict into) {
    for (size_t i = 0; i < n; i++) into[i] = w * g[i];
}

/* out = sum of saved[i] in[i] */
static void sum_backward(const fm_call *c) {
    const real *g = fm_grad_get(c->out), *w = c->saved_storage->data;
    for (int i = 0; i < c->n_in; i++) {
        bool fresh;
        real *into = fm_grad_write(c->in[i], &fresh);
        if (into) (fresh ? set_scaled : add_scaled)(c->out->count, w[i], g, into);
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
    if (c->out->count) memcpy(fm_data(c->out), numbers, c->out->count * sizeof(real));
    if (fm_scope_own(c->out, err) && record(c, weight, err)) return c->out;
    fm_tensor_release(c->out);
    return NULL;
}
