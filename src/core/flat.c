#include "flat.h"

#include "pool.h"
#include "sums.h"
#include "threads.h"

#include <stdatomic.h>
#include <string.h>

/* ---- layout ---- */

/* Moves the gradient of parameter i to its place in a storage for all. */
static void move_gradient(const fm_flat *f, size_t i, fm_storage *grad) {
    fm_tensor *p = f->params[i];
    const real *old = fm_grad_get(p);
    if (old) memcpy(grad->data + f->at[i], old, p->count * sizeof(real));
    fm_storage_release(p->grad);
    p->grad = fm_storage_retain(grad);
    p->grad_offset = f->at[i];
}

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
        if (!p->grad || p->grad->holders == 1) move_gradient(f, i, grad);
    }
    fm_storage_release(data); /* held by the parameters; gone at once if none moved */
    fm_storage_release(grad);
    return true;
}

enum { SUMMED = 8 * FM_TILE }; /* numbers whose squares have a sum of their own */

static size_t sums_of(const fm_flat *f) {
    return f->total / SUMMED + 1;
}

static void give_back(fm_flat *f) {
    fm_pool_give(f->params, f->n * sizeof *f->params);
    fm_pool_give(f->at, f->n * sizeof *f->at);
    fm_pool_give(f->filled, f->n * sizeof *f->filled);
    fm_pool_give(f->sums, sums_of(f) * sizeof *f->sums);
    *f = (fm_flat){0};
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
    for (size_t i = 0; i < n; i++) f->total += params[i]->count;
    f->sums = fm_pool_take(sums_of(f) * sizeof *f->sums);
    if (!f->params || !f->at || !f->filled || !f->sums) {
        give_back(f);
        return fm_fail(err, "out of memory: no room for %zu parameters", n);
    }
    for (size_t i = 0, at = 0; i < n; i++) {
        f->params[i] = fm_tensor_retain(params[i]);
        f->at[i] = at;
        f->filled[i] = false;
        at += params[i]->count;
    }
    if (lay_out(f, err)) return true;
    fm_flat_close(f);
    return false;
}

void fm_flat_close(fm_flat *f) {
    if (!f->params) return;
    for (size_t i = 0; i < f->n; i++) fm_tensor_release(f->params[i]);
    give_back(f);
}

/* ---- passes: in tiles of the flat vector, whatever the storages are ---- */

/* Does something with `count` numbers of parameter i, from number `from` on. */
typedef void pass_part(void *pass, size_t i, size_t from, size_t count);

typedef struct walk {
    const fm_flat *f;
    pass_part *part;
    void *pass;
} walk;

/* The parameter that holds the flat number `at`. */
static size_t param_at(const fm_flat *f, size_t at) {
    size_t low = 0, high = f->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (f->at[middle] <= at) low = middle;
        else high = middle;
    }
    return low;
}

static void walk_tile(void *context, size_t first, size_t last) {
    const walk *w = context;
    const fm_flat *f = w->f;
    for (size_t i = param_at(f, first), at = first; at < last; i++) {
        size_t from = at - f->at[i], rest = f->params[i]->count - from, count = rest < last - at ? rest : last - at;
        if (count) w->part(w->pass, i, from, count);
        at += count;
    }
}

static void for_all(const fm_flat *f, size_t tile, pass_part *part, void *pass) {
    walk w = {f, part, pass};
    fm_parallel(f->total, tile, walk_tile, &w);
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

typedef struct largest_pass {
    const fm_flat *f;
    fm_flat_part part;
    _Atomic real_bits max;
} largest_pass;

static const real *numbers_of(const fm_flat *f, size_t i, fm_flat_part part) {
    return part == FM_FLAT_GRADIENTS ? fm_grad_get(f->params[i]) : fm_data(f->params[i]);
}

static void largest_part(void *pass, size_t i, size_t from, size_t count) {
    largest_pass *l = pass;
    const real *x = numbers_of(l->f, i, l->part);
    if (!x) return;
    real_bits here = largest_bits(count, x + from, 0), max = atomic_load_explicit(&l->max, memory_order_relaxed);
    while (here > max && !atomic_compare_exchange_weak_explicit(&l->max, &max, here, memory_order_relaxed, memory_order_relaxed)) {
    }
}

static real value_of(real_bits bits) {
    real value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

real fm_flat_largest(const fm_flat *f, fm_flat_part part, size_t *which) {
    largest_pass l = {.f = f, .part = part};
    for_all(f, FM_LIGHT, largest_part, &l);
    real largest = value_of(atomic_load_explicit(&l.max, memory_order_relaxed));
    *which = isfinite(largest) ? f->n : 0;
    for (; *which < f->n; (*which)++) {
        const real *x = numbers_of(f, *which, part);
        if (x && !isfinite(value_of(largest_bits(f->params[*which]->count, x, 0)))) break;
    }
    return largest;
}

FM_CLONES static double sum_of_squares(size_t n, const real *restrict g) {
    FM_SQUARES_SUM(n, g[i], sum);
    return sum;
}

static void squares_part(void *pass, size_t i, size_t from, size_t count) {
    const fm_flat *f = pass;
    const real *g = fm_grad_get(f->params[i]);
    if (g) f->sums[(f->at[i] + from) / SUMMED] += sum_of_squares(count, g + from);
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
    for (size_t t = 0; t < sums_of(f); t++) f->sums[t] = 0;
    for_all(f, SUMMED, squares_part, (void *)f);
    for (size_t t = 0; t < sums_of(f); t++) total += f->sums[t];
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
    for (size_t i = 0; i < f->n; i++) move_gradient(f, i, grad);
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

typedef struct zero_test {
    const real *x;
    atomic_bool other; /* a number that is not 0 was found */
} zero_test;

static void zero_tile(void *context, size_t first, size_t last) {
    zero_test *t = context;
    if (atomic_load_explicit(&t->other, memory_order_relaxed)) return;
    for (size_t i = first; i < last; i++) {
        if (t->x[i] == 0) continue;
        atomic_store_explicit(&t->other, true, memory_order_relaxed);
        return;
    }
}

static bool all_zero(size_t n, const real *x) {
    zero_test t = {.x = x};
    fm_parallel(n, FM_LIGHT, zero_tile, &t);
    return !atomic_load_explicit(&t.other, memory_order_relaxed);
}

void fm_flat_settle(const fm_flat *f) {
    for (size_t i = 0; i < f->n; i++) {
        const real *g = f->filled[i] ? fm_grad_get(f->params[i]) : NULL;
        if (g && all_zero(f->params[i]->count, g)) fm_grad_clear(f->params[i]);
        f->filled[i] = false;
    }
}

/* ---- the gradient as a part of a sum ---- */

typedef struct packing {
    real *to;
    const real *from;
    real scale;
} packing;

FM_CLONES static void scale_tile(void *context, size_t first, size_t last) {
    const packing *p = context;
    real *restrict to = p->to, scale = p->scale;
    const real *restrict from = p->from;
    for (size_t i = first; i < last; i++) to[i] = scale * from[i];
}

FM_CLONES static void join_tile(void *context, size_t first, size_t last) {
    const packing *p = context;
    real *restrict to = p->to;
    const real *restrict from = p->from;
    for (size_t i = first; i < last; i++) to[i] += from[i];
}

void fm_flat_pack(const fm_flat *f, double scale, real *to) {
    for (size_t i = 0; i < f->n; i++) {
        const real *g = fm_grad_get(f->params[i]);
        packing p = {.to = to + f->at[i], .from = g, .scale = (real)scale};
        if (g) fm_parallel(f->params[i]->count, FM_LIGHT, scale_tile, &p);
        else memset(p.to, 0, f->params[i]->count * sizeof(real));
        to[f->total + i] = g ? 1 : 0;
    }
}

FM_CLONES static void add_tile(void *context, size_t first, size_t last) {
    const packing *p = context;
    real *restrict to = p->to, scale = p->scale;
    const real *restrict from = p->from;
    for (size_t i = first; i < last; i++) to[i] += scale * from[i];
}

void fm_flat_add(const fm_flat *f, double scale, real *sum) {
    for (size_t i = 0; i < f->n; i++) {
        const real *g = fm_grad_get(f->params[i]);
        packing p = {.to = sum + f->at[i], .from = g, .scale = (real)scale};
        if (g) fm_parallel(f->params[i]->count, FM_LIGHT, add_tile, &p);
        for (size_t k = 0; !g && k < f->params[i]->count; k++) p.to[k] += 0; /* -0 becomes 0, as it does in join */
        sum[f->total + i] += g ? 1 : 0;
    }
}

void fm_flat_unpack(const fm_flat *f, const real *from) {
    fm_flat_clear(f);
    for (size_t i = 0; i < f->n; i++) {
        bool fresh;
        real *g = from[f->total + i] != 0 ? fm_grad_write(f->params[i], &fresh) : NULL;
        if (g) memcpy(g, from + f->at[i], f->params[i]->count * sizeof(real));
    }
}

void fm_flat_join(size_t n, real *sum, const real *more) {
    packing p = {.to = sum, .from = more};
    fm_parallel(n, FM_LIGHT, join_tile, &p);
}

/* ---- Adam ---- */

typedef struct adam_pass {
    const fm_flat *f;
    real *m, *v;
    real b1, b2, c1, c2, eps, l2, keep, scale; /* p = keep p - c1 m / (sqrt(v) c2 + eps) */
} adam_pass;

FM_CLONES static void adam_range(const adam_pass *a, size_t n, const real *restrict g, real *restrict p, real *restrict m,
                                 real *restrict v) {
    real b1 = a->b1, b2 = a->b2, c1 = a->c1, c2 = a->c2, eps = a->eps, l2 = a->l2, keep = a->keep, scale = a->scale;
    for (size_t i = 0; i < n; i++) {
        real d = scale * g[i] + l2 * p[i];
        real mi = b1 * m[i] + (1 - b1) * d;
        real vi = b2 * v[i] + (1 - b2) * d * d;
        m[i] = mi;
        v[i] = vi;
        p[i] = keep * p[i] - c1 * mi / (r_sqrt(vi) * c2 + eps);
    }
}

static void adam_part(void *pass, size_t i, size_t from, size_t count) {
    const adam_pass *a = pass;
    const real *g = fm_grad_get(a->f->params[i]);
    size_t at = a->f->at[i] + from;
    if (g) adam_range(a, count, g + from, fm_data(a->f->params[i]) + from, a->m + at, a->v + at);
}

void fm_flat_adam(const fm_flat *f, const fm_adam *a, real *m, real *v) {
    double t = (double)a->step;
    adam_pass pass = {.f = f,
                      .m = m,
                      .v = v,
                      .b1 = (real)a->beta1,
                      .b2 = (real)a->beta2,
                      .c1 = (real)(a->lr / (1 - pow(a->beta1, t))),
                      .c2 = (real)(1 / sqrt(1 - pow(a->beta2, t))),
                      .eps = (real)a->eps,
                      .l2 = a->decoupled ? 0 : (real)a->weight_decay,
                      .keep = a->decoupled ? (real)(1 - a->lr * a->weight_decay) : 1,
                      .scale = (real)a->scale};
    for_all(f, FM_TILE, adam_part, &pass);
    mark_written(f);
}

/* ---- SGD ---- */

typedef struct sgd_pass {
    const fm_flat *f;
    real *velocity;
    real lr, momentum, l2, scale;
    bool nesterov;
} sgd_pass;

FM_CLONES static void sgd_range(const sgd_pass *s, size_t n, const real *restrict g, real *restrict p, real *restrict velocity) {
    real lr = s->lr, momentum = s->momentum, scale = s->scale, l2 = s->l2;
    bool nesterov = s->nesterov;
    for (size_t i = 0; i < n; i++) {
        real d = scale * g[i] + l2 * p[i];
        if (velocity) {
            real u = momentum * velocity[i] + d;
            velocity[i] = u;
            d = nesterov ? d + momentum * u : u;
        }
        p[i] -= lr * d;
    }
}

static void sgd_part(void *pass, size_t i, size_t from, size_t count) {
    const sgd_pass *s = pass;
    const real *g = fm_grad_get(s->f->params[i]);
    if (g) sgd_range(s, count, g + from, fm_data(s->f->params[i]) + from, s->velocity ? s->velocity + s->f->at[i] + from : NULL);
}

void fm_flat_sgd(const fm_flat *f, const fm_sgd *s, real *velocity) {
    sgd_pass pass = {.f = f,
                     .velocity = velocity,
                     .lr = (real)s->lr,
                     .momentum = (real)s->momentum,
                     .l2 = (real)s->weight_decay,
                     .scale = (real)s->scale,
                     .nesterov = s->nesterov};
    for_all(f, FM_TILE, sgd_part, &pass);
    mark_written(f);
}

/* ---- averages ---- */

typedef struct flat_pair { /* the parameters, and another flat vector */
    const fm_flat *f;
    real *other, keep;
} flat_pair;

FM_CLONES static void ema_range(size_t n, real keep, const real *restrict p, real *restrict e) {
    for (size_t i = 0; i < n; i++) e[i] = keep * e[i] + (1 - keep) * p[i];
}

static void ema_part(void *pass, size_t i, size_t from, size_t count) {
    const flat_pair *w = pass;
    ema_range(count, w->keep, fm_data(w->f->params[i]) + from, w->other + w->f->at[i] + from);
}

void fm_flat_ema(const fm_flat *f, double decay, real *average) {
    flat_pair w = {f, average, (real)decay};
    for_all(f, FM_LIGHT, ema_part, &w);
}

static void swap_part(void *pass, size_t i, size_t from, size_t count) {
    const flat_pair *w = pass;
    real *restrict p = fm_data(w->f->params[i]) + from, *restrict q = w->other + w->f->at[i] + from;
    for (size_t k = 0; k < count; k++) {
        real kept = p[k];
        p[k] = q[k];
        q[k] = kept;
    }
}

void fm_flat_swap(const fm_flat *f, real *other) {
    flat_pair w = {.f = f, .other = other};
    for_all(f, FM_LIGHT, swap_part, &w);
    mark_written(f);
}

static void read_part(void *pass, size_t i, size_t from, size_t count) {
    const flat_pair *w = pass;
    memcpy(w->other + w->f->at[i] + from, fm_data(w->f->params[i]) + from, count * sizeof(real));
}

void fm_flat_read(const fm_flat *f, real *to) {
    flat_pair w = {.f = f, .other = to};
    for_all(f, FM_LIGHT, read_part, &w);
}
