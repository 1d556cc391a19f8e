/* Events: a sign change over a step, and its place by Brent's method on the step's interpolant. R.
 * Brent, Algorithms for Minimization without Derivatives (1973), chapter 4. */
#ifndef FM_ODE_EVENT_H
#define FM_ODE_EVENT_H

#include "ode_state.h"

/* The events of the last step (at the start: their first values). FM_ODE_EVENT when one ends the
 * solve, then *end is where; FM_ODE_FINISHED: go on. */
fm_ode_status fm_ode_find_events(fm_ode *s, double *end);

#endif
