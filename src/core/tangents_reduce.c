#include "tangents_reduce.h"

/* A sum or mean as the op reduces: along its axis, or over all. */
static fm_tensor *reduced(fm_rule *r, const char *op, const fm_call *c, fm_tensor *t) {
    return fm_rule_sum(r, op, t, c->opt[0].integer, c->opt[1].integer != 0);
}

/* The result as if `keep` were set. */
static fm_tensor *kept(fm_rule *r, const fm_call *c, fm_tensor *y) {
    const fm_tensor *x = c->in[0];
    int64_t axis = c->opt[0].integer;
    size_t shape[FM_MAX_RANK];
    if (axis != FM_NO_AXIS && axis < 0) axis += x->rank;
    for (int i = 0; i < x->rank; i++) shape[i] = axis == FM_NO_AXIS || i == axis ? 1 : x->shape[i];
    return fm_rule_shaped(r, y, x->rank, shape);
}

/* The tangent at the first of equal entries, to which the gradient goes, too. */
static fm_tensor *chosen(fm_rule *r, const fm_call *c, fm_tensor *d, const char *arg) {
    fm_tensor *x = c->in[0];
    bool all = c->opt[0].integer == FM_NO_AXIS;
    int64_t axis = all ? 0 : c->opt[0].integer;
    if (all) x = fm_rule_shaped(r, x, 1, &x->count);
    if (all) d = fm_rule_shaped(r, d, 1, &d->count);
    if (!x || !d) return NULL;
    fm_call frame, *gather = fm_call_init(&frame, fm_op_find("gather"));
    gather->few[gather->n_in++] = d;
    gather->few[gather->n_in++] = fm_rule_sum(r, arg, x, axis, true);
    gather->opt[0].integer = axis;
    if (!gather->few[1]) return NULL;
    return fm_rule_shaped(r, fm_rule_run(r, gather), c->out->rank, c->out->shape);
}

fm_tensor *fm_max_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return chosen(r, c, d[0], "argmax");
}

fm_tensor *fm_min_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return chosen(r, c, d[0], "argmin");
}

fm_tensor *fm_var_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* 2 sum (x - mean) dx / n, or n - 1 */
    const fm_tensor *x = c->in[0];
    double n = (double)x->count / (double)c->out->count;
    fm_tensor *centred = fm_subtract(r, c->in[0], fm_rule_sum(r, "mean", c->in[0], c->opt[0].integer, c->opt[0].integer != FM_NO_AXIS));
    return fm_scale(r, 2 / (n - (c->opt[2].integer ? 1 : 0)), reduced(r, "sum", c, fm_multiply(r, centred, d[0])));
}

/* Divided by the result, or by 1 where that is 0: what is divided is 0 there, too. */
static fm_tensor *over_result(fm_rule *r, const fm_call *c, fm_tensor *t) {
    fm_tensor *none = fm_rule_two(r, "eq", c->out, fm_rule_number(r, 0));
    return fm_rule_two(r, "div", t, fm_add(r, c->out, none));
}

fm_tensor *fm_std_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return over_result(r, c, fm_scale(r, 0.5, fm_var_tangent(r, c, d)));
}

fm_tensor *fm_norm_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return over_result(r, c, reduced(r, "sum", c, fm_multiply(r, c->in[0], d[0])));
}

fm_tensor *fm_logsumexp_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* sum softmax dx */
    fm_call frame, *level = fm_call_init(&frame, fm_op_find("where"));               /* where every entry is -inf, all shares are 0 */
    level->few[level->n_in++] = fm_rule_two(r, "ge", c->out, fm_rule_number(r, -FM_REAL_MAX));
    level->few[level->n_in++] = c->out;
    level->few[level->n_in++] = fm_rule_number(r, 0);
    if (r->failed) return NULL;
    fm_tensor *shares = fm_rule_one(r, "exp", fm_subtract(r, c->in[0], kept(r, c, fm_rule_run(r, level))));
    return reduced(r, "sum", c, fm_multiply(r, shares, d[0]));
}
