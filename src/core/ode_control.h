/* How a step of an adaptive solve is judged, and how long the next one is: three controllers for one error norm, the RMS over all
 * components in units of the tolerance.
 *
 * SCIPY        scipy.integrate's RK45, RK23 and DOP853: h 0.9 err^(-1/k), within 0.2 and 10, no growth after a rejection.
 * PI           h 0.9 err^(-0.7/k) before^(0.4/k), where `before` is the error of the step before: fewer rejections where the field's
 *              stiffness limits the step. Gustafsson (1991), ACM TOMS 17; Hairer, Wanner II, IV.2.
 * TORCHDIFFEQ  torchdiffeq's adaptive methods: a step with err = 1 is accepted, and an accepted step never shrinks the next one. */
#ifndef FM_ODE_CONTROL_H
#define FM_ODE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

typedef enum fm_ode_controller { FM_ODE_SCIPY, FM_ODE_PI, FM_ODE_TORCHDIFFEQ } fm_ode_controller;

/* k is the order of the error estimate plus one. An error that is not a number is no good step, and asks for a fifth of it. */
bool fm_ode_accepts(fm_ode_controller c, double error);
/* The next step over this one. `before`: the error of the last accepted step, or 0 when there is none. */
double fm_ode_step_factor(fm_ode_controller c, double error, double before, int k, bool had_rejection);

/* The first step, from the norms d0 of x, d1 of the first slope, and d2 of its change over a probe of length h0, per h0. Hairer,
 * Norsett, Wanner I, II.4; the interval is a further limit, so that the probe stays inside. */
double fm_ode_probe_step(double d0, double d1, double interval);
double fm_ode_first_step(double h0, double d1, double d2, int k); /* not yet limited by interval and max_step */

/* DOP853's norm, of the sums of squares of its two estimates for a step of 1. Hairer, Norsett, Wanner I, II.10. */
double fm_ode_both_errors(double h, double sum_e, double sum_e3, size_t n);

#endif
