/* Explicit Runge-Kutta methods for dx/dt = field(t, x): the method is data, the engine walks it
 * with fixed steps or under error control. Hairer, Norsett, Wanner, Solving Ordinary Differential
 * Equations I, chapter II.
 *
 * A solve is: fill the first part of an fm_ode (ode_state.h), fm_ode_open, fm_ode_run, read the
 * second part, fm_ode_close. It keeps no state elsewhere, so a field may solve inside itself, and
 * nothing is allocated between open and close. When the field leaves by a jump of its own,
 * fm_ode_close alone cleans up. */
#ifndef FM_ODE_H
#define FM_ODE_H

#include "ode_adams.h"
#include "ode_state.h"

fm_ode_status fm_ode_run(fm_ode *s);

/* The i-th of `steps` + 1 equal times; the ends are exact. */
static inline double fm_ode_uniform(double t0, double t1, size_t steps, size_t i) {
    return i == steps ? t1 : t0 + (double)i * (t1 - t0) / (double)steps;
}

#endif
