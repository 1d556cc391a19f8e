/* Flat parameters: a list of parameters laid side by side in one storage, their gradients in
 * another, so that an optimizer is one pass over flat p, g and its own flat state. Parameters whose
 * numbers others share (views, a second optimizer) stay where they are: a pass then runs over a few
 * ranges instead of one.
 *
 * A parameter without a gradient since the last clearing is left alone, as in PyTorch. */
#ifndef FM_FLAT_H
#define FM_FLAT_H

#include "tensor.h"

typedef struct fm_flat {
    size_t n, total;    /* parameters, numbers */
    fm_tensor **params; /* retained */
    size_t *at;         /* where each begins in a flat vector */
    double *sums;       /* of parts of the flat vector, for fm_flat_norm */
    bool *filled;       /* which have zeros as their gradient because fm_flat_gradient was asked for it */
} fm_flat;

/* False with `err` filled: nothing happened. The same parameter twice is an error. */
bool fm_flat_open(fm_flat *f, size_t n, fm_tensor **params, fm_error *err);
void fm_flat_close(fm_flat *f);

typedef enum fm_flat_part { FM_FLAT_GRADIENTS, FM_FLAT_NUMBERS } fm_flat_part;
/* The largest absolute value of all gradients, or of all numbers; infinite or NaN when one is.
 * *which: the first parameter that has one, or f->n. */
real fm_flat_largest(const fm_flat *f, fm_flat_part part, size_t *which);
double fm_flat_norm(const fm_flat *f); /* of all gradients together; not finite only when one of them is not */
void fm_flat_clear(const fm_flat *f);  /* gradients become unset: costs nothing */

/* All gradients side by side as one tensor [total] that shares their bytes, with zeros for
 * parameters that have none. They are brought together when another flat vector has them. NULL with
 * `err` filled: nothing happened. */
fm_tensor *fm_flat_gradient(const fm_flat *f, fm_error *err);
/* Where these zeros have not been overwritten, the parameter has no gradient again. */
void fm_flat_settle(const fm_flat *f);

/* A gradient on its way to other processes: total + n numbers, scaled, and then a 1 for each
 * parameter that has one. Such sums are added number by number, and become the gradient: a
 * parameter whose last number is 0 has none. */
static inline size_t fm_flat_packed(const fm_flat *f) {
    return f->total + f->n;
}
void fm_flat_pack(const fm_flat *f, double scale, real *to);
void fm_flat_add(const fm_flat *f, double scale, real *sum); /* as pack and join */
void fm_flat_unpack(const fm_flat *f, const real *from);
void fm_flat_join(size_t n, real *sum, const real *more); /* sum += more */

typedef struct fm_adam {
    double lr, beta1, beta2, eps, weight_decay;
    bool decoupled; /* AdamW: Loshchilov and Hutter 2019; else weight_decay is added to the gradient */
    uint64_t step;  /* 1 for the first */
    double scale;   /* of the gradient: 1, or less when clipped */
} fm_adam;
/* Kingma and Ba 2015; m and v have f->total numbers, zero before the first step. */
void fm_flat_adam(const fm_flat *f, const fm_adam *a, real *m, real *v);

typedef struct fm_sgd {
    double lr, momentum, weight_decay;
    bool nesterov;
    double scale;
} fm_sgd;
void fm_flat_sgd(const fm_flat *f, const fm_sgd *s, real *velocity); /* velocity: zero before the first step; NULL without momentum */

void fm_flat_ema(const fm_flat *f, double decay, real *average); /* average = decay average + (1 - decay) p */
void fm_flat_swap(const fm_flat *f, real *other);                /* exchanges the parameters with another flat vector */
void fm_flat_read(const fm_flat *f, real *to);

#endif
