/* An op is one row: its name, its inputs, its options, three functions, and its tangent's rule. The
 * binding, the gradient check, the benchmark and the documentation test all read the rows, so an op
 * is written in one place.
 *
 * A call is a frame: filled by the caller, completed by shape(), computed by forward(). When a tape
 * records, it keeps a copy of the frame as its record, and backward() gets that with c->out's
 * gradient known. */
#ifndef FM_OP_H
#define FM_OP_H

#include "tensor.h"

enum { FM_MAX_OPTIONS = 4, FM_FEW_INPUTS = 4 };

#define FM_NO_AXIS INT64_MIN /* an axis that was not given */

typedef enum fm_option_kind {
    FM_NUMBER,  /* a finite number */
    FM_INTEGER, /* a whole number */
    FM_AXIS,    /* 0-based here, 1-based or negative in Lua; FM_NO_AXIS when optional and absent */
    FM_FLAG,    /* 0 or 1 */
    FM_CHOICE,  /* index of a name in `choices` */
    FM_AXES,    /* c->list, 0-based axes */
    FM_SIZES,   /* c->list, sizes, one may be -1 */
    FM_INDEX    /* a 1-based row number, negative from the end, kept as given: shape() knows the size */
} fm_option_kind;

typedef struct fm_option {
    const char *name;
    fm_option_kind kind;
    bool required;
    double fallback;            /* used when absent (FM_AXIS: absent is FM_NO_AXIS unless `fallback` is negative) */
    const char *const *choices; /* FM_CHOICE: names, NULL at the end */
} fm_option;

typedef union fm_value {
    double number;
    int64_t integer; /* every kind but FM_NUMBER */
} fm_value;

struct fm_op;
typedef struct fm_rule fm_rule; /* a tangent's computation under way */

typedef struct fm_call {
    const struct fm_op *op;
    int n_in;
    fm_tensor **in; /* NULL for an absent optional input; borrowed while running, retained once recorded */
    fm_tensor *few[FM_FEW_INPUTS];
    fm_value opt[FM_MAX_OPTIONS];
    int n_list;
    int64_t list[FM_MAX_RANK];
    /* shape() fills these */
    int rank;
    size_t shape[FM_MAX_RANK];
    size_t saved_count;   /* numbers that forward leaves for backward */
    size_t scratch_count; /* numbers that forward and backward may use; contents do not last between them */
    fm_tensor *view_of;   /* the result is a view: no forward, and the gradient is shared */
    size_t view_first;
    /* fm_run fills these */
    fm_tensor *out;
    real *saved; /* NULL when nothing records: forward must do without */
    real *scratch;
    fm_storage *saved_storage;
    uint64_t time; /* fm_clock when it was recorded */
    void *custom;  /* a backward function that lives above (see fm_record_custom) */
} fm_call;

typedef struct fm_op {
    const char *name;
    const char *inputs;       /* one letter each: t tensor, n tensor without a gradient (indices, conditions), T optional tensor;
                               * or "*" alone: one or more tensors */
    const fm_option *options; /* ends with a NULL name; NULL: none */
    bool (*shape)(fm_call *c, fm_error *err); /* checks everything; the only function of the three that may fail */
    void (*forward)(const fm_call *c);
    void (*backward)(const fm_call *c); /* adds to the inputs' gradients; NULL: no gradient (or a view) */
    /* The derivative of the result along d[i], the tangents of the inputs: see tangent.h. NULL:
     * fm.jvp cannot go through it. */
    fm_tensor *(*tangent)(fm_rule *r, const fm_call *c, fm_tensor *const *d);
} fm_op;

/* All rows, in the order of the files, NULL at the end. */
const fm_op *const *fm_op_all(void);
const fm_op *fm_op_find(const char *name); /* NULL when there is none */

/* Begins a call: options at their fallbacks, c->in == c->few, c->n_in == 0. The frame is the
 * caller's, who may run other code while filling it (finalizers run ops). Returns c. */
fm_call *fm_call_init(fm_call *c, const fm_op *op);
/* Checks, allocates, computes and, when a tape records and an input wants a gradient, keeps the
 * frame. The result has one holder, the caller; inside a scope the scope holds it too and its bytes
 * go back when the scope closes. NULL with `err` filled: nothing happened. */
fm_tensor *fm_run(fm_call *c, fm_error *err);

/* Whether the result has a derivative for input i. A custom op has no row, and one for all. */
static inline bool fm_differentiable(const fm_call *c, int i) {
    const char *inputs = c->op ? c->op->inputs : "*";
    return inputs[0] == '*' || inputs[i] != 'n';
}

/* Helpers for shape() */
bool fm_shape_like(fm_call *c, const fm_tensor *t); /* the result is shaped as t; returns true */
/* "NAME: PROBLEM" with the op's name in front; returns false */
bool fm_call_fail(const fm_call *c, fm_error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Checks that every number of `index` is whole and in 1..limit. */
bool fm_check_index(const fm_call *c, const fm_tensor *index, size_t limit, fm_error *err);
/* Checks that the sides of t fit a product of matrices. */
bool fm_check_product(const fm_call *c, const fm_tensor *t, fm_error *err);
/* Axis option number `option`, 0-based, in range for a tensor of `rank`; `none` when absent. */
bool fm_check_axis(const fm_call *c, int option, int rank, int none, int *axis, fm_error *err);

/* A tensor seen along one axis: [outer, size, inner]. */
typedef struct fm_axis_view {
    size_t outer, size, inner;
} fm_axis_view;
static inline fm_axis_view fm_along(const fm_tensor *t, int axis) {
    fm_axis_view v = {1, t->rank ? t->shape[axis] : 1, 1};
    for (int i = 0; i < axis; i++) v.outer *= t->shape[i];
    for (int i = axis + 1; i < t->rank; i++) v.inner *= t->shape[i];
    return v;
}

/* The tables; each ops_*.c ends with one, closed by a row without a name. */
extern const fm_op pair_ops[], elementwise_ops[], activation_ops[], slope_ops[], reduce_ops[], along_ops[], order_ops[], shape_ops[],
    index_ops[], matrix_ops[], attention_ops[], norm_ops[], convolution_ops[], image_ops[], loss_ops[];

#endif
