/* Error control for every row of a batch by itself: each has its own time and step, and leaves the
 * batch when it is done, so that the cost and the result of a row do not depend on the other rows.
 * It is used like an fm_ode. */
#ifndef FM_ODE_ROWS_H
#define FM_ODE_ROWS_H

#include "ode_control.h"
#include "ode_sums.h"
#include "storage.h"

typedef struct fm_ode_row {
    size_t id; /* its number in x0 */
    fm_ode_status status;
    fm_ode_progress at;
} fm_ode_row;

/* dx = slopes of the first `rows` rows of point at the times of clock. */
typedef bool (*fm_ode_rows_field)(void *context, size_t rows, real *dx);

typedef struct fm_ode_rows {
    /* What to do */
    fm_ode_plan plan; /* max_nfe: calls, and so evaluations of any one row */
    fm_ode_rows_field field;
    void *context;
    size_t rows, width;
    real *point; /* [rows, width], the caller's */
    real *clock; /* [rows] */

    /* What came out */
    double *x;           /* [rows, width] */
    bool finite;         /* whether all numbers of x0 are */
    fm_ode_row *row;     /* [rows], by id */
    int64_t nfe;         /* calls */
    int64_t evaluations; /* of rows */

    /* Between steps: the first `active` of these are in the batch */
    size_t active;
    fm_ode_row *now;
    double *y, *y_new, *each, *error, *error3;
    real *k[FM_ODE_ROWS];
    fm_storage *memory;
} fm_ode_rows;

bool fm_ode_rows_open(fm_ode_rows *s, const real *x0, fm_error *err);
/* FINISHED when every row is; else the status of the worst: STEP_TOO_SMALL, MAX_NFE, FIELD_FAILED,
 * NOT_FINITE. */
fm_ode_status fm_ode_rows_run(fm_ode_rows *s);
void fm_ode_rows_close(fm_ode_rows *s);

#endif
