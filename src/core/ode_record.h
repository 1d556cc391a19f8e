/* A solve on a tape. The engine moves numbers between rows of its own: states, slopes, the point.
 * For each row the tape has a tensor, so that the records of the field are connected, and every
 * sum becomes one record. The engine computes the numbers; the backward pass needs the weights
 * alone. */
#ifndef FM_ODE_RECORD_H
#define FM_ODE_RECORD_H

#include "ode_sums.h"
#include "tape.h"

enum { FM_ODE_RECORDED = FM_ODE_ROWS + 3 }; /* slopes, two states, the point */

typedef struct fm_ode_record {
    int rank; /* of a state */
    size_t shape[FM_MAX_RANK];
    int n;
    const void *row[FM_ODE_RECORDED];
    fm_tensor *tensor[FM_ODE_RECORDED];
} fm_ode_record;

/* The row's tensor is t from now on; retains it. */
void fm_ode_record_set(fm_ode_record *r, const void *row, fm_tensor *t);
fm_tensor *fm_ode_recorded(const fm_ode_record *r, const void *row); /* borrowed; NULL when the row has none */
/* A tensor on the current tape for the numbers of x + h (w[0] k[0] + ...). One holder, the caller;
 * NULL with `err` filled. */
fm_tensor *fm_ode_record_sum(const fm_ode_record *r, const real *numbers, const double *x, double h, int m, const double *w, real *const *k,
                             fm_error *err);
void fm_ode_record_close(fm_ode_record *r); /* once or more */

#endif
