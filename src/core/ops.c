/* The list of all ops and what their rows share. */
#include "blas.h"
#include "op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_OPS = 256 };

const fm_op *const *fm_op_all(void) {
    static const fm_op *all[MAX_OPS + 1];
    static const fm_op *const tables[] = {pair_ops,      elementwise_ops, activation_ops,  slope_ops, reduce_ops,
                                          along_ops,     order_ops,       shape_ops,       index_ops, matrix_ops,
                                          attention_ops, norm_ops,        convolution_ops, image_ops, loss_ops};
    if (all[0]) return all;
    size_t n = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const fm_op *op = tables[i]; op->name && n < MAX_OPS; op++) all[n++] = op;
    }
    return all;
}

const fm_op *fm_op_find(const char *name) {
    for (const fm_op *const *op = fm_op_all(); *op; op++) {
        if (!strcmp((*op)->name, name)) return *op;
    }
    return NULL;
}

bool fm_call_fail(const fm_call *c, fm_error *err, const char *format, ...) {
    char problem[448];
    va_list args;
    va_start(args, format);
    vsnprintf(problem, sizeof problem, format, args);
    va_end(args);
    return fm_fail(err, "%s: %s", c->op->name, problem);
}

bool fm_shape_like(fm_call *c, const fm_tensor *t) {
    c->rank = t->rank;
    memcpy(c->shape, t->shape, sizeof c->shape);
    return true;
}

/* Whether every number is whole and in 1..top. From `spaced` on, all are whole; below it, adding
 * and subtracting it rounds. */
FM_CLONES static bool all_within(size_t n, const real *restrict p, real top) {
    const real spaced = 1 / (real)FM_REAL_EPSILON;
    int bad = 0;
    for (size_t i = 0; i < n; i++) bad |= !(p[i] >= 1) | !(p[i] <= top) | ((p[i] < spaced) & ((p[i] + spaced) - spaced != p[i]));
    return !bad;
}

bool fm_check_index(const fm_call *c, const fm_tensor *index, size_t limit, fm_error *err) {
    const real *p = fm_data(index);
    real top = (real)limit;
    if ((double)top > (double)limit) top *= 1 - (real)FM_REAL_EPSILON / 2; /* in float, the limit itself may round up */
    if (all_within(index->count, p, top)) return true;
    for (size_t i = 0; i < index->count; i++) {
        if (!(p[i] >= 1 && (double)p[i] <= (double)limit)) {
            return fm_call_fail(c, err, "index %zu is %g: it must lie in 1..%zu", i + 1, isnan(p[i]) ? (double)NAN : (double)p[i], limit);
        }
        if (p[i] != (real)(size_t)p[i]) return fm_call_fail(c, err, "index %zu is %g: it must be a whole number", i + 1, (double)p[i]);
    }
    return true;
}

bool fm_check_axis(const fm_call *c, int option, int rank, int none, int *axis, fm_error *err) {
    int64_t a = c->opt[option].integer;
    if (a == FM_NO_AXIS) {
        *axis = none;
        return true;
    }
    if (a < 0) a += rank;
    if (a < 0 || a >= rank) {
        int64_t given = c->opt[option].integer;
        return fm_call_fail(c, err, "axis %lld is out of range for a tensor of rank %d", (long long)(given < 0 ? given : given + 1), rank);
    }
    *axis = (int)a;
    return true;
}

bool fm_check_product(const fm_call *c, const fm_tensor *t, fm_error *err) {
    for (int i = 0; i < t->rank; i++) {
        if (!fm_blas_fits(t->shape[i])) return fm_call_fail(c, err, "axis %d has %zu entries, over the limit of BLAS", i + 1, t->shape[i]);
    }
    if (!fm_blas_fits(fm_rows(t))) return fm_call_fail(c, err, "%zu rows are over the limit of BLAS", fm_rows(t));
    return true;
}
