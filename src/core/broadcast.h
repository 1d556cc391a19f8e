/* Ops of inputs that are broadcast to the output, by NumPy's rules: what computes values and
 * gradients over blocks of rows, in tiles. ops_pair.c writes the loops. */
#ifndef FM_BROADCAST_H
#define FM_BROADCAST_H

#include "op.h"

/* One input along rows of the output: how far it moves per number of a row (0 or 1), and per
 * row. */
typedef struct fm_side {
    const real *at;
    size_t step, row;
} fm_side;

/* Rows of the output, `row` numbers apart, and what belongs to them. */
typedef struct fm_block {
    size_t rows, n, row;
    fm_side a, b;
    const real *y, *dy;
} fm_block;

/* y[r n + i] from the inputs at the same place; `rows` rows of n numbers. */
typedef void (*fm_block_fn)(size_t rows, size_t n, const fm_side *in, real *y);

/* How the gradient of an input is summed. A term is computed from an output, its gradient and the
 * two inputs. */
typedef struct fm_gradient {
    void (*each)(const fm_block *k, size_t into_row, real *into); /* into[r, i] += the term */
    void (*rows)(const fm_block *k, size_t step, double *acc);    /* acc[r step] += the terms of row r */
    void (*columns)(const fm_block *k, double *acc);              /* acc[j] += the terms of column j */
} fm_gradient;

/* The output's shape from two inputs; false with `err` filled when they do not fit. */
bool fm_broadcast_shape(fm_call *c, const fm_tensor *a, const fm_tensor *b, fm_error *err);
/* For an op's shape(), with two inputs. */
bool fm_broadcast(fm_call *c, fm_error *err);

/* The values of an op with two or three inputs. */
void fm_broadcast_forward(const fm_call *c, fm_block_fn values);
/* The gradients of both inputs, where they want one. */
void fm_broadcast_backward(const fm_call *c, const fm_gradient *a, const fm_gradient *b);
/* The gradient of `target` alone; its terms are computed from the numbers of a and b at the same
 * place. */
void fm_broadcast_gradient(const fm_call *c, fm_tensor *target, const fm_tensor *a, const fm_tensor *b, const fm_gradient *g);

#endif
