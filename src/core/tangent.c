#include "tangent.h"

#include "level.h"
#include "pool.h"

#include <string.h>

/* ---- rules ---- */

bool fm_call_follows(const fm_call *c) {
    for (int i = 0; i < c->n_in; i++) {
        if (c->in[i] && c->in[i]->tangents && fm_differentiable(c, i) && fm_follows(c->in[i])) return true;
    }
    return false;
}

/* The tangent of out for one level, retained; NULL when it is zero or has failed. */
static fm_tensor *by_rule(const fm_call *c, fm_tensor *const *d, fm_error *err, bool *ok) {
    fm_rule r = {.err = err};
    fm_tensor *along = c->op->tangent(&r, c, d);
    along = r.failed || !along ? NULL : fm_broadcast_to(&r, along, c->out);
    if (r.failed) along = NULL;
    if (along) fm_tensor_retain(along);
    for (int i = r.n_made; i-- > 0;) fm_tensor_release(r.made[i]);
    *ok = !r.failed;
    return along;
}

static bool run_level(uint64_t level, const fm_call *c, fm_tensor **d, fm_error *err) {
    bool any = false;
    for (int i = 0; i < c->n_in; i++) {
        d[i] = fm_differentiable(c, i) ? fm_tangent_get(c->in[i], level) : NULL;
        any = any || d[i];
    }
    if (!any) return true;
    if (!c->op->tangent) return fm_fail(err, "%s has no tangent rule: fm.jvp cannot go through it", c->op->name);
    uint64_t before = fm_level_limit(fm_level_inside(level));
    bool ok = true;
    fm_tensor *along = by_rule(c, d, err, &ok);
    fm_level_limit(before);
    if (!along) return ok;
    ok = fm_tangent_set(c->out, level, along, err);
    fm_tensor_release(along);
    return ok;
}

bool fm_tangents_run(fm_call *c, fm_tensor *out, fm_error *err) {
    if (!out->count) return true; /* no number, no tangent: rules may divide by sizes */
    fm_tensor *few[FM_FEW_INPUTS], **d = few;
    size_t bytes = (size_t)c->n_in * sizeof *d;
    if (c->n_in > FM_FEW_INPUTS && !(d = fm_pool_take(bytes))) return fm_fail(err, "out of memory: no room for tangents");
    c->out = out;
    uint64_t levels[FM_MOST_LEVELS];
    int n = fm_levels(levels);
    bool ok = true;
    for (int i = 0; ok && i < n; i++) ok = run_level(levels[i], c, d, err); /* newer ones read what `out` carries of older ones */
    if (d != few) fm_pool_give(d, bytes);
    return ok;
}

static fm_tensor *made(fm_rule *r, fm_tensor *t) {
    if (t && r->n_made < FM_RULE_MOST) return r->made[r->n_made++] = t;
    if (t) fm_fail(r->err, "jvp: the rule of an op takes more than %d steps", FM_RULE_MOST);
    fm_tensor_release(t);
    r->failed = true;
    return NULL;
}

fm_tensor *fm_rule_run(fm_rule *r, fm_call *c) {
    return r->failed ? NULL : made(r, fm_run(c, r->err));
}

fm_tensor *fm_rule_again(fm_rule *r, const fm_call *given, int n, fm_tensor *const *in) {
    fm_call frame = *given, *c = &frame;
    if (r->failed) return NULL;
    c->n_in = n;
    c->in = n <= FM_FEW_INPUTS ? c->few : (fm_tensor **)(uintptr_t)in;
    if (c->in == c->few) memcpy(c->few, in, (size_t)n * sizeof *in);
    c->out = NULL;
    return fm_rule_run(r, c);
}

static fm_call *call_of(fm_call *frame, const char *op, fm_tensor *a, fm_tensor *b) {
    fm_call *c = fm_call_init(frame, fm_op_find(op));
    c->few[c->n_in++] = a;
    if (b) c->few[c->n_in++] = b;
    return c;
}

fm_tensor *fm_rule_one(fm_rule *r, const char *op, fm_tensor *a) {
    fm_call frame;
    return a && !r->failed ? fm_rule_run(r, call_of(&frame, op, a, NULL)) : NULL;
}

fm_tensor *fm_rule_two(fm_rule *r, const char *op, fm_tensor *a, fm_tensor *b) {
    fm_call frame;
    return a && b && !r->failed ? fm_rule_run(r, call_of(&frame, op, a, b)) : NULL;
}

fm_tensor *fm_rule_sum(fm_rule *r, const char *op, fm_tensor *a, int64_t axis, bool keep) {
    fm_call frame, *c = &frame;
    if (!a || r->failed) return NULL;
    call_of(c, op, a, NULL);
    c->opt[0].integer = axis;
    c->opt[1].integer = keep;
    return fm_rule_run(r, c);
}

fm_tensor *fm_rule_shaped(fm_rule *r, fm_tensor *a, int rank, const size_t *shape) {
    fm_call frame, *c = &frame;
    if (!a || r->failed) return NULL;
    call_of(c, "reshape", a, NULL);
    c->n_list = rank;
    for (int i = 0; i < rank; i++) c->list[i] = (int64_t)shape[i];
    return fm_rule_run(r, c);
}

fm_tensor *fm_rule_number(fm_rule *r, double number) {
    fm_tensor *t = r->failed ? NULL : made(r, fm_tensor_new(0, NULL, r->err));
    if (t) fm_data(t)[0] = (real)number;
    return t;
}

fm_tensor *fm_rule_zeros(fm_rule *r, int rank, const size_t *shape) {
    fm_tensor *t = r->failed ? NULL : made(r, fm_tensor_new(rank, shape, r->err));
    if (t) memset(fm_data(t), 0, t->count * sizeof(real));
    return t;
}

fm_tensor *fm_add(fm_rule *r, fm_tensor *a, fm_tensor *b) {
    return !a ? b : !b ? a : fm_rule_two(r, "add", a, b);
}

fm_tensor *fm_subtract(fm_rule *r, fm_tensor *a, fm_tensor *b) {
    return !b ? a : !a ? fm_rule_one(r, "neg", b) : fm_rule_two(r, "sub", a, b);
}

fm_tensor *fm_multiply(fm_rule *r, fm_tensor *a, fm_tensor *b) {
    return fm_rule_two(r, "mul", a, b);
}

fm_tensor *fm_scale(fm_rule *r, double by, fm_tensor *a) {
    return a ? fm_multiply(r, a, fm_rule_number(r, by)) : NULL;
}

fm_tensor *fm_shift(fm_rule *r, double by, fm_tensor *a) {
    return fm_rule_two(r, "add", a, fm_rule_number(r, by));
}

fm_tensor *fm_broadcast_to(fm_rule *r, fm_tensor *a, const fm_tensor *like) {
    if (!a || r->failed || fm_same_shape(a, like)) return a;
    fm_tensor *zeros = fm_rule_zeros(r, like->rank, like->shape);
    return zeros ? fm_add(r, a, zeros) : NULL;
}

/* ---- rules of many ops ---- */

fm_tensor *fm_tangent_linear(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    fm_tensor *few[FM_FEW_INPUTS], **in = few, *along = NULL;
    size_t bytes = (size_t)c->n_in * sizeof *in;
    if (c->n_in > FM_FEW_INPUTS && !(in = fm_pool_take(bytes))) {
        r->failed = !fm_fail(r->err, "out of memory: no room for tangents");
        return NULL;
    }
    for (int i = 0; i < c->n_in; i++)
        in[i] = !fm_differentiable(c, i) ? c->in[i] : d[i] ? d[i] : fm_rule_zeros(r, c->in[i]->rank, c->in[i]->shape);
    if (!r->failed) along = fm_rule_again(r, c, c->n_in, in);
    if (in != few) fm_pool_give(in, bytes);
    return along;
}

fm_tensor *fm_tangent_bilinear(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    fm_tensor *first[] = {d[0], c->in[1]}, *second[] = {c->in[0], d[1]};
    fm_tensor *a = d[0] ? fm_rule_again(r, c, 2, first) : NULL;
    return fm_add(r, a, d[1] ? fm_rule_again(r, c, 2, second) : NULL);
}
