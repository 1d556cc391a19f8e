/* A solve in progress: its settings, its state, and the slopes of its last step. Also the
 * functions on them that the files of the engine share: sums, calls of the field, and the state at
 * a time within the last step. */
#ifndef FM_ODE_STATE_H
#define FM_ODE_STATE_H

#include "ode_control.h"
#include "ode_sums.h"
#include "storage.h"

enum { FM_ODE_EVENTS = 16 };

/* Something to find during the solve: where a function of (t, x) changes sign. */
typedef struct fm_ode_event {
    int direction; /* 1: from below, -1: from above, 0: both */
    int64_t last;  /* the solve ends when it has found this many; 0: it goes on */
    int64_t count;
    double value; /* at the last point */
} fm_ode_event;

struct fm_ode;
/* dx = slope at (t, x); false stops the solve. x is lent: it changes after the call, and writing it
 * does no harm. */
typedef bool (*fm_ode_field)(void *context, double t, const real *x, real *dx);
/* A method given as a function, for fixed steps: next = x after a step from t to t + h. */
typedef bool (*fm_ode_stepper)(void *context, double t, double h, const real *x, real *next);
/* value = event number `which` at (t, x), finite; false stops the solve. */
typedef bool (*fm_ode_event_value)(void *context, int which, double t, const real *x, double *value);
typedef bool (*fm_ode_event_found)(void *context, int which, double t, const real *x);
/* Called at the start and after every accepted step; false stops the solve with
 * FM_ODE_FIELD_FAILED. */
typedef bool (*fm_ode_observer)(void *context, struct fm_ode *s);
/* Called for every new state or row, x + h (w[0] k[0] + ...) with m terms; its numbers are in
 * `state`, in `row` (the point, a saved state) or in both. x is NULL where the state is k[0]
 * itself. For a caller that keeps more about a row than its numbers. False stops the solve. */
typedef bool (*fm_ode_summed)(void *context, const double *x, double h, int m, const double *w, real *const *k, const double *state,
                              const real *row);

typedef struct fm_ode {
    /* What to do */
    fm_ode_plan plan;                  /* without a tableau: a stepper of one's own */
    bool adaptive;                     /* error control by the plan */
    size_t steps;                      /* fixed: so many equal ones ... */
    const double *grid;                /* ... or steps + 1 times from t0 to t1 */
    const fm_ode_sum_order *sum_order; /* &fm_ode_plain_order or &fm_ode_scipy_order */
    fm_ode_field field;
    fm_ode_stepper stepper;
    fm_ode_observer observer; /* or NULL */
    fm_ode_summed summed;     /* or NULL */
    void *context;
    size_t n;
    real *point;         /* n numbers of the caller's: where field finds x */
    const double *times; /* n_times of them, from t0 towards t1: where to save the state ... */
    size_t n_times;
    real *states;         /* ... [n_times, n] */
    fm_ode_event *events; /* n_events, at most FM_ODE_EVENTS */
    int n_events;
    fm_ode_event_value event_value;
    fm_ode_event_found event_found;

    /* What came out */
    fm_ode_progress at; /* at.t is reached ... */
    double *x;          /* ... with this state */
    bool finite;        /* whether all numbers of the state that was computed last are */
    size_t n_saved;
    bool spent; /* a stepper that fails sets it when max_nfe is why */

    /* Between steps */
    double t_old, h;   /* the last step began at t_old, and was h long */
    double error_step; /* of the last step, its share of at.error_sum */
    double *x_old;     /* the state at t_old; during a try, where the new state grows */
    real *k[FM_ODE_ROWS];
    int rows_known; /* of the last step: rows k[0..rows_known-1] hold its slopes */
    bool first_known, point_is_x;
    double past[FM_ODE_HISTORY]; /* history: the times of the last slopes, which lie in the last rows of k */
    double *partial;
    fm_storage *memory;
} fm_ode;

/* Allocates, and copies x0 into s->x. False with `err` filled. */
bool fm_ode_open(fm_ode *s, const real *x0, fm_error *err);
void fm_ode_close(fm_ode *s); /* once or more */
/* The state at a time within the last step, to `to`; may call the field, for the rows of the
 * interpolant. FM_ODE_FINISHED, or why not. */
fm_ode_status fm_ode_at(fm_ode *s, double t, real *to);

/* ---- for the files of the engine: false when a callback stops the solve ---- */

/* x + h (w[0] k[0] + ...) with m terms, to `state` and, rounded, to `row`; either may be NULL. */
static inline bool fm_ode_put_sum(fm_ode *s, const double *x, double h, int m, const double *w, real *const *k, double *state, real *row) {
    s->finite = fm_ode_sum(s->sum_order, s->n, x, h, m, w, k, state, row);
    return !s->summed || s->summed(s->context, x, h, m, w, k, state, row);
}
bool fm_ode_show(fm_ode *s, real *to); /* the state of now as `real` */
/* at the point */
static inline bool fm_ode_evaluate(fm_ode *s, double t, real *dx) {
    s->point_is_x = false; /* the field may write where it reads */
    s->at.nfe++;
    return s->field(s->context, t, s->point, dx);
}
/* k[0] for the step from (t, x); the slope at the end of the last step serves, if it is known. */
bool fm_ode_first_slope(fm_ode *s);
/* The state at a time within the last step, from its rows. */
fm_ode_status fm_ode_interpolate(fm_ode *s, double t, double *state, real *to);

#endif
