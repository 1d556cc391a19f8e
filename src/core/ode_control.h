/* What the two engines share: ode.h, with one step size for the whole state, and ode_rows.h, with
 * one for every row of a batch. A plan says what to solve; a progress says how far the state, or
 * one row of it, has come. The functions here decide how long a step is and whether it is
 * accepted; an engine does the arithmetic.
 *
 * Three controllers for one error norm, the RMS over all components in units of the tolerance:
 * SCIPY        scipy.integrate's RK45, RK23 and DOP853: h 0.9 err^(-1/k), within 0.2 and 10, no
 *              growth after a rejection.
 * PI           h 0.9 err^(-0.7/k) before^(0.4/k), where `before` is the error of the step before:
 *              fewer rejections where the field's stiffness limits the step. Gustafsson (1991), ACM
 *              TOMS 17; Hairer, Wanner II, IV.2.
 * TORCHDIFFEQ  torchdiffeq's adaptive methods: a step with err = 1 is accepted, and an accepted
 *              step never shrinks the next one. */
#ifndef FM_ODE_CONTROL_H
#define FM_ODE_CONTROL_H

#include "ode_tableau.h"

typedef enum fm_ode_controller { FM_ODE_SCIPY, FM_ODE_PI, FM_ODE_TORCHDIFFEQ } fm_ode_controller;
extern const char *const fm_ode_controller_names[]; /* "scipy", "pi", "torchdiffeq", NULL */

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

typedef struct fm_ode_plan {
    const fm_tableau *tableau; /* NULL with a step function, which needs the times and max_nfe alone */
    double t0, t1;
    /* Error control; fixed steps read none of it */
    double rtol, atol;
    fm_ode_controller controller;
    double first_step; /* > 0, or 0: choose */
    double max_step;   /* > 0, may be INFINITY */
    double min_step;   /* a try of this length, or a shorter last one, is accepted with any finite error; 0: there is no such length */
    int64_t max_nfe;   /* evaluations, never one more */
} fm_ode_plan;

typedef struct fm_ode_progress {
    double t;     /* reached */
    double size;  /* > 0: of the step to try next */
    double t_new; /* where the try ends */
    int64_t nfe, accepted, rejected;
    int64_t forced;      /* accepted because of min_step */
    double error;        /* of the last try, in units of the tolerance */
    double error_before; /* of the last accepted step, in units of the tolerance; 0 before the first */
    double error_sum;    /* of all accepted steps, RMS over the components in units of the state: the
                          * error of the result, if the field neither grows nor damps errors */
    bool had_rejection;  /* since the last accepted step */
    fm_ode_why why;
} fm_ode_progress;

static inline double fm_ode_direction(const fm_ode_plan *p) {
    return p->t1 < p->t0 ? -1 : 1;
}

/* The earlier of two times, on the way from t0 to t1: rounding must not carry a time past the end
 * of its step. */
static inline double fm_ode_no_later(const fm_ode_plan *p, double t, double end) {
    return fm_ode_direction(p) * (t - end) > 0 ? end : t;
}

/* ---- steps ---- */

/* The first step, from the norms d0 of x, d1 of the first slope, and d2 of its change over a probe
 * of length h0, per h0. Hairer, Norsett, Wanner I, II.4; the interval is a further limit, so that
 * the probe stays inside. */
double fm_ode_probe_step(const fm_ode_plan *p, double d0, double d1);
double fm_ode_first_step(const fm_ode_plan *p, double h0, double d1, double d2);

/* Sets the end of the next try. False, with `why`, when the step is too small for that. */
bool fm_ode_next_try(const fm_ode_plan *p, fm_ode_progress *at);
/* Judges the try by its error in units of the tolerance, and sets the length of the next. True: it
 * is accepted, and t is where it ended. `absolute` is the error in units of the state. */
bool fm_ode_judge(const fm_ode_plan *p, fm_ode_progress *at, double error, double absolute);

/* ---- the rules ---- */

/* k is the order of the error estimate plus one. When the error is NaN, the step is rejected and
 * tried again with a fifth of its length. */
bool fm_ode_accepts(fm_ode_controller c, double error);
/* The next step over this one. `before`: the error of the last accepted step, or 0: none was. */
double fm_ode_step_factor(fm_ode_controller c, double error, double before, int k, bool had_rejection);

/* DOP853's norm, of the sums of squares of its two estimates for a step of 1. Hairer, Norsett,
 * Wanner I, II.10. */
double fm_ode_both_errors(double h, double sum_e, double sum_e3, size_t n);

#endif
