/* Passes over the numbers of an op with one input, in tiles. */
#ifndef FM_EACH_H
#define FM_EACH_H

#include "op.h"
#include "threads.h"

typedef void (*fm_values_fn)(const fm_call *c, size_t n, const real *x, real *y);
typedef void (*fm_slopes_fn)(const fm_call *c, size_t n, const real *x, const real *y, const real *dy, real *dx); /* dx += dy f'(x) */

/* For an op's shape(): the result is shaped as the input. */
bool fm_shape_same(fm_call *c, fm_error *err);
/* `tile`: FM_TILE or FM_LIGHT. */
void fm_forward_each(const fm_call *c, size_t tile, fm_values_fn values);
void fm_backward_each(const fm_call *c, size_t tile, fm_slopes_fn slopes);

#endif
