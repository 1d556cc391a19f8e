/* Explicit Runge-Kutta methods for dx/dt = field(t, x): the method is data, the engine walks it with fixed steps or under error
 * control. Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, chapter II.
 *
 * A solve is: fill the first part of an fm_ode, fm_ode_open, fm_ode_run, read the second part, fm_ode_close. It keeps no state
 * elsewhere, so a field may solve inside itself, and nothing is allocated between open and close. When the field leaves by a
 * jump of its own, fm_ode_close alone cleans up. */
#ifndef FM_ODE_H
#define FM_ODE_H

#include "ode_control.h"
#include "ode_sums.h"
#include "storage.h"

enum { FM_ODE_DEGREE = 8, FM_ODE_EVENTS = 16, FM_ODE_HISTORY = 4 };

typedef struct fm_tableau {
    int stages;      /* m: slopes k[0..m-1] that make a step */
    int order;       /* of the step */
    int error_order; /* of the error estimate, usually order - 1; 0: there is no estimate */
    /* Rows 0..m-1 are the stages, row m the slope at the new point (its a and c are implied), rows after it belong to the interpolant. */
    double c[FM_ODE_ROWS], a[FM_ODE_ROWS][FM_ODE_ROWS], b[FM_ODE_ROWS];
    double e[FM_ODE_ROWS];  /* weights of the error estimate */
    double e3[FM_ODE_ROWS]; /* a second estimate, of order 3, as in DOP853; all zero: none */
    bool closes; /* under error control every try ends with the slope at the new point: e reads it (then set by itself), and the next
                  * step begins with it */
    int history; /* p > 0: Adams and Bashforth's method through the last p slopes; the tableau makes the first p - 1 steps. Fixed steps,
                  * any spacing, and no interpolant */
    /* Within a step of length h, x(t + th h) = x(t) + h sum_j k[j] (dense[j][0] th + dense[j][1] th^2 + ...). */
    int degree; /* 0: none was given; see fm_tableau_complete */
    int rows;   /* rows that the interpolant reads */
    double dense[FM_ODE_ROWS][FM_ODE_DEGREE];
} fm_tableau;

/* Brings a tableau as textbooks print it (stages, order, c, a, b, perhaps e, extra rows, dense and `rows`) to the form above: a last
 * stage that equals the new point becomes row m, and without an interpolant it gets the quadratic one through x, k[0] and the new
 * point (order <= 2) or Hermite's cubic. False with `err` filled when a stage is not explicit or a row does not add up. */
bool fm_tableau_complete(fm_tableau *tableau, fm_error *err);

typedef enum fm_ode_status {
    FM_ODE_FINISHED,
    FM_ODE_MAX_NFE,        /* the next step would need more evaluations than are left */
    FM_ODE_STEP_TOO_SMALL, /* see `why` */
    FM_ODE_EVENT,
    FM_ODE_FIELD_FAILED, /* the callback said so */
    FM_ODE_NOT_FINITE    /* the state, or the first slope, has a number that is not finite */
} fm_ode_status;
extern const char *const fm_ode_status_names[]; /* "finished", "max_nfe", ... */

typedef enum { FM_ODE_NO_REASON, FM_ODE_FIELD_NOT_FINITE, FM_ODE_BELOW_ROUND_OFF, FM_ODE_BELOW_SPACING, FM_ODE_NO_SCALE } fm_ode_why;

/* Something to find on the way: where a function of (t, x) changes sign. */
typedef struct fm_ode_event {
    int direction; /* 1: from below, -1: from above, 0: both */
    int64_t last;  /* the solve ends at the so-manieth; 0: never */
    int64_t count;
    double value; /* at the last point */
} fm_ode_event;

struct fm_ode;
/* dx = slope at (t, x); false stops the solve. x is lent: it changes after the call, and writing it does no harm. */
typedef bool (*fm_ode_field)(void *context, double t, const real *x, real *dx);
/* A method of one's own, for fixed steps: next = x after a step from t to t + h. */
typedef bool (*fm_ode_stepper)(void *context, double t, double h, const real *x, real *next);
/* value = event number `which` at (t, x), finite; false stops the solve. */
typedef bool (*fm_ode_event_value)(void *context, int which, double t, const real *x, double *value);
typedef bool (*fm_ode_event_found)(void *context, int which, double t, const real *x);
/* Called at the start and after every accepted step; false stops the solve with FM_ODE_FIELD_FAILED. */
typedef bool (*fm_ode_observer)(void *context, struct fm_ode *s);
/* Told of every new state or row, x + h (w[0] k[0] + ...) with m terms; its numbers are in `state`, in `row` (the point, a saved state) or
 * in both. x is NULL where numbers are copied: of k[0]. For one who keeps more of a row than its numbers. False stops the solve. */
typedef bool (*fm_ode_summed)(void *context, const double *x, double h, int m, const double *w, real *const *k, const double *state,
                              const real *row);

typedef struct fm_ode {
    /* What to do */
    const fm_tableau *tableau; /* NULL with a stepper of one's own */
    fm_ode_field field;
    fm_ode_stepper stepper;
    fm_ode_observer observer; /* or NULL */
    fm_ode_summed summed;     /* or NULL */
    void *context;
    size_t n;
    real *point; /* n numbers of the caller's: where field finds x */
    double t0, t1;
    bool adaptive;
    size_t steps;       /* fixed: so many equal ones ... */
    const double *grid; /* ... or steps + 1 times from t0 to t1 */
    double rtol, atol;
    fm_ode_controller controller;
    double first_step;   /* > 0, or 0: choose */
    double max_step;     /* > 0, may be INFINITY */
    double min_step;     /* a try of this length, or a shorter last one, is accepted whatever its error, if that is finite; 0: none is */
    int64_t max_nfe;     /* evaluations, never one more */
    const double *times; /* n_times of them, from t0 towards t1: where to save the state ... */
    size_t n_times;
    real *states;         /* ... [n_times, n] */
    fm_ode_event *events; /* n_events, at most FM_ODE_EVENTS */
    int n_events;
    fm_ode_event_value event_value;
    fm_ode_event_found event_found;

    /* What came out */
    double t;  /* reached */
    double *x; /* the state there */
    int64_t nfe, accepted, rejected;
    int64_t forced;      /* accepted for min_step's sake */
    double error_before; /* error estimate of the last accepted step, in units of the tolerance; 0 before the first */
    double error_sum;    /* of all accepted steps, RMS over the components in units of the state: what the steps left behind, where the
                          * field itself neither magnifies nor forgets it */
    size_t n_saved;
    fm_ode_why why;
    bool spent; /* a stepper that fails sets it when max_nfe is why */

    /* Between steps */
    double error;      /* of the last try, in units of the tolerance */
    double error_step; /* of the last accepted step, its share of error_sum */
    double t_old, h;   /* the last step went from t_old to t */
    double *x_old;     /* the state at t_old; during a try, where the new state grows */
    real *k[FM_ODE_ROWS];
    double h_next;  /* step to try next, > 0 */
    int rows_known; /* of the last step: rows k[0..rows_known-1] hold its slopes */
    bool first_known, point_is_x;
    double past[FM_ODE_HISTORY]; /* history: the times of the last slopes, which lie in the last rows of k */
    double direction;
    double *partial;
    fm_storage *memory;
} fm_ode;

/* Allocates, and copies x0 into s->x. False with `err` filled. */
bool fm_ode_open(fm_ode *s, const real *x0, fm_error *err);
/* Before the run: to begin in the middle of another solve, at its state x, after `known` steps of a method with history, whose slopes at
 * the times past[0], past[1], ... (the newest first) are in fm_ode_past. */
void fm_ode_resume(fm_ode *s, const double *x, int known, const double *past);
real *fm_ode_past(fm_ode *s, int j); /* n numbers, j from 0 */
int fm_ode_n_past(const fm_ode *s);  /* how many are known */
fm_ode_status fm_ode_run(fm_ode *s);
/* The state at a time within the last step, to `to`; may call the field, for the rows of the interpolant. FM_ODE_FINISHED, or why not. */
fm_ode_status fm_ode_at(fm_ode *s, double t, real *to);
void fm_ode_close(fm_ode *s); /* once or more */
/* Part of fm_ode_run: the events of the last step (at the start: their first values). FM_ODE_EVENT when one ends the solve, then
 * *end is where; FM_ODE_FINISHED: go on. */
fm_ode_status fm_ode_find_events(fm_ode *s, double *end);
bool fm_tableau_has_third(const fm_tableau *m); /* e3 is there */

/* The i-th of `steps` + 1 equal times; the ends are exact. */
static inline double fm_ode_uniform(double t0, double t1, size_t steps, size_t i) {
    return i == steps ? t1 : t0 + (double)i * (t1 - t0) / (double)steps;
}

#endif
