#include "flat.h"

#include "pool.h"
#include "sums.h"
#include "threads.h"

#include <string.h>

/* ---- layout ---- */

/* Moves the numbers of parameters that are not shared into one storage, and binds all gradients to
 * another. */
static bool lay_out(fm_flat *f, fm_error *err) {
    fm_storage *data = fm_storage_new(f->total, err);
    if (!data) return false;
    fm_storage *grad = fm_storage_new(f->total, err);
    if (!grad) {
        fm_storage_release(data);
        return false;
    }
    for (size_t i = 0; i < f->n; i++) {
        fm_tensor *p = f->params[i];
        if (p->storage->holders == 1 && p->storage->pins == 0) {
            memcpy(data->data + f->at[i], fm_data(p), p->count * sizeof(real));
            fm_storage_release(p->storage);
            p->storage = fm_storage_retain(data);
            p->offset = f->at[i];
        }
        if (!p->grad || p->grad->holders == 1) {
            const real *old = fm_grad_get(p);
            if (old) memcpy(grad->data + f->at[i], old, p->count * sizeof(real));
            fm_storage_release(p->grad);
            p->grad = fm_storage_retain(grad);
            p->grad_offset = f->at[i];
        }
    }
    fm_storage_release(data); /* held by the parameters; gone at once if none moved */
    fm_storage_release(grad);
    return true;
}

bool fm_flat_open(fm_flat *f, size_t n, fm_tensor **params, fm_error *err) {
    *f = (fm_flat){.n = n};
    for (size_t i = 0; i < n; i++) {
        if (params[i]->base || !params[i]->needs_grad || params[i]->scope)
            return fm_fail(err, "entry %zu of the list is not a parameter", i + 1);
        for (size_t k = 0; k < i; k++) {
            if (params[k] == params[i]) return fm_fail(err, "entries %zu and %zu of the list are the same parameter", k + 1, i + 1);
        }
    }
    f->params = fm_pool_take(n * sizeof *f->params);
    f->at = fm_pool_take(n * sizeof *f->at);
    f->filled = fm_pool_take(n * sizeof *f->filled);
    if (!f->params || !f->at || !f->filled) {
        fm_pool_give(f->params, n * sizeof *f->params);
        fm_pool_give(f->at, n * sizeof *f->at);
        fm_pool_give(f->filled, n * sizeof *f->filled);
        *f = (fm_flat){0};
        return fm_fail(err, "out of memory: no room for %zu parameters", n);
    }
    for (size_t i = 0; i < n; i++) {
        f->params[i] = fm_tensor_retain(params[i]);
        f->at[i] = f->total;
        f->filled[i] = false;
        f->total += params[i]->count;
    }
    if (lay_out(f, err)) return true;
    fm_flat_close(f);
    return false;
}

void fm_flat_close(fm_flat *f) {
    if (!f->params) return;
    for (size_t i = 0; i < f->n; i++) fm_tensor_release(f->params[i]);
    fm_pool_give(f->params, f->n * sizeof *f->params);
    fm_pool_give(f->at, f->n * sizeof *f->at);
    fm_pool_give(f->filled, f->n * sizeof *f->filled);
    *f = (fm_flat){0};
}

/* ---- ranges: neighbours in memory make one ---- */

typedef struct range {
    real *p;
    const real *g;
    size_t at, count;
} range;

/* The range that begins at parameter *i, which moves on; count 0 at the end. Ranges without a
 * gradient have g == NULL. */
static range next_range(const fm_flat *f, size_t *i) {
    range r = {0};
    for (; *i < f->n; (*i)++) {
        fm_tensor *t = f->params[*i];
        if (!t->count) continue;
        real *p = fm_data(t);
        const real *g = fm_grad_get(t);
        if (!r.count) r = (range){p, g, f->at[*i], 0};
        bool joins = p == r.p + r.count && (r.g ? g == r.g + r.count : !g);
        if (!joins) break;
        r.count += t->count;
    }
    return r;
}

/* A write that tapes must know of: backward over older records is refused. */
static void mark_written(const fm_flat *f) {
    uint64_t now = fm_clock_next();
    for (size_t i = 0; i < f->n; i++) f->params[i]->storage->written = now;
}

/* ---- largest, norm, clear ---- */

#ifdef FM_DOUBLE
typedef uint64_t real_bits;
#else
typedef uint32_t real_bits;
#endif

FM_INLINE real_bits larger(real_bits max, real x) {
    const real_bits sign = (real_bits)1 << (8 * sizeof(real) - 1);
    real_bits bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= ~sign;
    return bits > max ? bits : max;
}

/* The largest of max and all |x|; as bits without the sign numbers are in order, infinity above
 * them and NaN above infinity. Four places are read in turn: memory is faster in several
 * streams. */
FM_CLONES static real_bits largest_bits(size_t n, const real *restrict x, real_bits max) {
    size_t quarter = n / 4;
    const real *restrict x1 = x + quarter, *restrict x2 = x1 + quarter, *restrict x3 = x2 + quarter;
    real_bits m0 = max, m1 = 0, m2 = 0, m3 = 0;
    for (size_t i = 0; i < quarter; i++) {
        m0 = larger(m0, x[i]);
        m1 = larger(m1, x1[i]);
        m2 = larger(m2, x2[i]);
        m3 = larger(m3, x3[i]);
    }
    for (size_t i = 4 * quarter; i < n; i++) m0 = larger(m0, x[i]);
    m0 = m1 > m0 ? m1 : m0;
    m2 = m3 > m2 ? m3 : m2;
    return m2 > m0 ? m2 : m0;
}

static const real *numbers_of(const fm_flat *f, size_t i, fm_flat_part part) {
    return part == FM_FLAT_GRADIENTS ? fm_grad_get(f->params[i]) : fm_data(f->params[i]);
}

real fm_flat_largest(const fm_flat *f, fm_flat_part part, size_t *which) {
    real_bits max = 0;
    *which = f->n;
    for (size_t i = 0; i < f->n; i++) {
        const real *x = numbers_of(f, i, part);
        if (x) max = largest_bits(f->params[i]->count, x, max);
        real so_far;
        memcpy(&so_far, &max, sizeof so_far);
        if (*which == f->n && !isfinite(so_far)) *which = i;
    }
    real value;
    memcpy(&value, &max, sizeof value);
    return value;
}

FM_CLONES static double sum_of_squares(size_t n, const real *restrict g) {
    FM_SQUARES_SUM(n, g[i], sum);
    return sum;
}

/* For gradients whose squares are too large for a number. */
static double scaled_norm(const fm_flat *f, double largest) {
    double total = 0;
    for (size_t i = 0; i < f->n; i++) {
        const real *g = fm_grad_get(f->params[i]);
        for (size_t k = 0; g && k < f->params[i]->count; k++) total += (g[k] / largest) * (g[k] / largest);
    }
    return largest * sqrt(total);
}

double fm_flat_norm(const fm_flat *f) {
    double total = 0;
    for (size_t i = 0; i < f->n; i++) {
        const real *g = fm_grad_get(f->params[i]);
        if (g) total += sum_of_squares(f->params[i]->count, g);
    }
    if (isfinite(total)) return sqrt(total);
    size_t which;
    double largest = (double)fm_flat_largest(f, FM_FLAT_GRADIENTS, &which);
    return isfinite(largest) ? scaled_norm(f, largest) : largest;
}

void fm_flat_clear(const fm_flat *f) {
    for (size_t i = 0; i < f->n; i++) {
        fm_grad_clear(f->params[i]);
        f->filled[i] = false;
    }
}

/* ---- the gradient as one vector ---- */

static bool lie_side_by_side(const fm_flat *f) {
    const fm_tensor *first = f->params[0];
    for (size_t i = 0; i < f->n; i++) {
        const fm_tensor *p = f->params[i];
        if (!p->grad || p->grad != first->grad || p->grad_offset != first->grad_offset + f->at[i]) return false;
    }
    return true;
}

static bool bring_together(const fm_flat *f, fm_error *err) {
    fm_storage *grad = fm_storage_new(f->total, err);
    if (!grad) return false;
    for (size_t i = 0; i < f->n; i++) {
        fm_tensor *p = f->params[i];
        const real *old = fm_grad_get(p);
        if (old) memcpy(grad->data + f->at[i], old, p->count * sizeof(real));
        fm_storage_release(p->grad);
        p->grad = fm_storage_retain(grad);
        p->grad_offset = f->at[i];
    }
    fm_storage_release(grad);
    return true;
}

fm_tensor *fm_flat_gradient(const fm_flat *f, fm_error *err) {
    if (!lie_side_by_side(f) && !bring_together(f, err)) return NULL;
    fm_tensor *gradient = fm_tensor_of(f->params[0]->grad, f->params[0]->grad_offset, 1, &f->total, err);
    if (!gradient) return NULL;
    for (size_t i = 0; i < f->n; i++) {
        if (f->params[i]->grad_state == FM_GRAD_SET) continue;
        fm_grad_add(f->params[i]);
        f->filled[i] = true;
    }
    return gradient;
}

static bool all_zero(size_t n, const real *x) {
    for (size_t i = 0; i < n; i++) {
        if (x[i] != 0) return false;
    }
    return true;
}

void fm_flat_settle(const fm_flat *f) {
    for (size_t i = 0; i < f->n; i++) {
        const real *g = f->filled[i] ? fm_grad_get(f->params[i]) : NULL;
        if (g && all_zero(f->params[i]->count, g)) fm_grad_clear(f->params[i]);
        f->filled[i] = false;
    }
}

/* ---- Adam ---- */

typedef struct adam_pass {
    real *p, *m, *v;
    const real *g;
    real b1, b2, c1, c2, eps, l2, keep, scale; /* p = keep p - c1 m / (sqrt(v) c2 + eps) */
} adam_pass;

FM_CLONES static void adam_tile(void *context, size_t first, size_t last) {
    const adam_pass *a = context;
    real *restrict p = a->p, *restrict m = a->m, *restrict v = a->v;
    const real *restrict g = a->g;
    real b1 = a->b1, b2 = a->b2, c1 = a->c1, c2 = a->c2, eps = a->eps, l2 = a->l2, keep = a->keep, scale = a->scale;
    for (size_t i = first; i < last; i++) {
        real d = scale * g[i] + l2 * p[i];
        real mi = b1 * m[i] + (1 - b1) * d;
        real vi = b2 * v[i] + (1 - b2) * d * d;
        m[i] = mi;
        v[i] = vi;
        p[i] = keep * p[i] - c1 * mi / (r_sqrt(vi) * c2 + eps);
    }
}

void fm_flat_adam(const fm_flat *f, const fm_adam *a, real *m, real *v) {
    double t = (double)a->step;
    adam_pass pass = {.b1 = (real)a->beta1,
                      .b2 = (real)a->beta2,
                      .c1 = (real)(a->lr / (1 - pow(a->beta1, t))),
                      .c2 = (real)(1 / sqrt(1 - pow(a->beta2, t))),
                      .eps = (real)a->eps,
                      .l2 = a->decoupled ? 0 : (real)a->weight_decay,
                      .keep = a->decoupled ? (real)(1 - a->lr * a->weight_decay) : 1,
                      .scale = (real)a->scale};
    for (size_t i = 0; i < f->n;) {
        range r = next_range(f, &i);
        if (!r.g) continue;
        pass.p = r.p;
        pass.g = r.g;
        pass.m = m + r.at;
        pass.v = v + r.at;
        fm_parallel(r.count, FM_TILE, adam_tile, &pass);
    }
    mark_written(f);
}

/* ---- SGD ---- */

typedef struct sgd_pass {
    real *p, *velocity;
    const real *g;
    real lr, momentum, l2, scale;
    bool nesterov;
} sgd_pass;

FM_CLONES static void sgd_tile(void *context, size_t first, size_t last) {
    const sgd_pass *s = context;
    real *restrict p = s->p, *restrict velocity = s->velocity;
    const real *restrict g = s->g;
    real lr = s->lr, momentum = s->momentum;
    for (size_t i = first; i < last; i++) {
        real d = s->scale * g[i] + s->l2 * p[i];
        if (velocity) {
            real u = momentum * velocity[i] + d;
            velocity[i] = u;
            d = s->nesterov ? d + momentum * u : u;
        }
        p[i] -= lr * d;
    }
}

void fm_flat_sgd(const fm_flat *f, const fm_sgd *s, real *velocity) {
    sgd_pass pass = {
        .lr = (real)s->lr, .momentum = (real)s->momentum, .l2 = (real)s->weight_decay, .scale = (real)s->scale, .nesterov = s->nesterov};
    for (size_t i = 0; i < f->n;) {
        range r = next_range(f, &i);
        if (!r.g) continue;
        pass.p = r.p;
        pass.g = r.g;
        pass.velocity = velocity ? velocity + r.at : NULL;
        fm_parallel(r.count, FM_TILE, sgd_tile, &pass);
    }
    mark_written(f);
}

/* ---- averages ---- */

FM_CLONES static void ema_range(size_t n, real keep, const real *restrict p, real *restrict e) {
    for (size_t i = 0; i < n; i++) e[i] = keep * e[i] + (1 - keep) * p[i];
}

void fm_flat_ema(const fm_flat *f, double decay, real *average) {
    for (size_t i = 0; i < f->n; i++) ema_range(f->params[i]->count, (real)decay, fm_data(f->params[i]), average + f->at[i]);
}

void fm_flat_swap(const fm_flat *f, real *other) {
    for (size_t i = 0; i < f->n; i++) {
        real *p = fm_data(f->params[i]), *q = other + f->at[i];
        for (size_t k = 0; k < f->params[i]->count; k++) {
            real kept = p[k];
            p[k] = q[k];
            q[k] = kept;
        }
    }
    mark_written(f);
}

void fm_flat_read(const fm_flat *f, real *to) {
    for (size_t i = 0; i < f->n; i++) memcpy(to + f->at[i], fm_data(f->params[i]), f->params[i]->count * sizeof(real));
}
