/* Adams-Bashforth methods: fixed steps that use the slopes at the last points. */
#ifndef FM_ODE_ADAMS_H
#define FM_ODE_ADAMS_H

#include "ode_state.h"

/* Whether enough slopes are known; the tableau makes the steps until then. */
static inline bool fm_ode_adams_is_next(const fm_ode *s) {
    int history = s->plan.tableau->history;
    return history && s->at.accepted >= history - 1;
}
/* Tries the step to t_new: the new state goes to x_old. False when a callback stops the solve. */
bool fm_ode_try_adams(fm_ode *s, double t_new);
/* k[0], the slope at time t, becomes the newest of the past slopes, in the memory of the oldest
 * one. */
void fm_ode_remember(fm_ode *s, double t);

/* Before the run: to begin in the middle of another solve, at its state x, after `known` steps of a
 * method with history, whose slopes at the times past[0], past[1], ... (the newest first) are in
 * fm_ode_past. */
void fm_ode_resume(fm_ode *s, const double *x, int known, const double *past);
real *fm_ode_past(fm_ode *s, int j); /* n numbers, j from 0 */
int fm_ode_n_past(const fm_ode *s);  /* how many are known */

#endif
