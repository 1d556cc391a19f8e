/* Fills a tensor with numbers that follow a rule, or copies numbers; large ones on all threads. */
#ifndef FM_FILL_H
#define FM_FILL_H

#include "tensor.h"

void fm_copy(size_t n, const real *from, real *to); /* the two do not overlap */
void fm_fill(fm_tensor *t, real v);
void fm_fill_eye(fm_tensor *t); /* [n, n]: 1 on the diagonal, 0 elsewhere */
/* first, first + step, ... as many as t has; fm_steps_count tells how many there are up to
 * `last` (a whole number, 0 or less for none). */
void fm_fill_steps(fm_tensor *t, double first, double step);
double fm_steps_count(double first, double last, double step);
/* Evenly spaced, from `first` to `last` exactly; a tensor of one number holds `first`. */
void fm_fill_between(fm_tensor *t, double first, double last);

/* Some entries of an axis: `count` of them from `first` (0-based), `step` apart, which may be
 * negative. */
typedef struct fm_span {
    size_t first, count;
    int64_t step;
} fm_span;
/* Writes the block that the spans, one for each axis, select: the numbers from `from` on in
 * order, or `v` everywhere when it is NULL. */
void fm_fill_block(fm_tensor *t, const fm_span *spans, const real *from, real v);

#endif
