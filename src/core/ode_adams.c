#include "ode_adams.h"

#include <string.h>

/* Adams-Bashforth: w[j] = the integral over the step of the polynomial that is 1 at the j-th of
 * the last points and 0 at the others; s[j] are those points in units of the step, from its start.
 * Hairer, Norsett, Wanner I, III.1 and III.5. */
static void adams_weights(int p, const double *s, double *w) {
    for (int j = 0; j < p; j++) {
        double c[FM_ODE_HISTORY + 1] = {1}; /* coefficients of the polynomial, so far */
        for (int i = 0; i < p; i++) {
            if (i == j) continue;
            for (int d = p; d >= 0; d--) c[d] = ((d ? c[d - 1] : 0) - s[i] * c[d]) / (s[j] - s[i]);
        }
        w[j] = 0;
        for (int d = 0; d < p; d++) w[j] += c[d] / (d + 1);
    }
}

/* The row of k with the slope j points ago. */
static int row_of_past(const fm_ode *s, int j) {
    return j ? s->plan.tableau->stages + j : 0;
}

bool fm_ode_try_adams(fm_ode *s, double t_new) {
    int p = s->plan.tableau->history;
    double at[FM_ODE_HISTORY], w[FM_ODE_HISTORY], h = t_new - s->at.t;
    real *k[FM_ODE_HISTORY];
    if (!fm_ode_first_slope(s)) return false;
    for (int j = 0; j < p; j++) {
        at[j] = j ? (s->past[j - 1] - s->at.t) / h : 0;
        k[j] = s->k[row_of_past(s, j)];
    }
    adams_weights(p, at, w);
    s->point_is_x = true; /* fixed steps are accepted */
    return fm_ode_put_sum(s, s->x, h, p, w, k, s->x_old, s->point);
}

void fm_ode_remember(fm_ode *s, double t) {
    real *k = s->k[row_of_past(s, s->plan.tableau->history - 1)];
    for (int j = s->plan.tableau->history - 1; j > 0; j--) {
        s->k[row_of_past(s, j)] = s->k[row_of_past(s, j - 1)];
        s->past[j] = s->past[j - 1];
    }
    s->past[0] = t;
    s->k[0] = k;
}

static int most_past(const fm_ode *s) {
    return s->plan.tableau && s->plan.tableau->history ? s->plan.tableau->history - 1 : 0;
}

int fm_ode_n_past(const fm_ode *s) {
    int most = most_past(s);
    return s->at.accepted < most ? (int)s->at.accepted : most;
}

real *fm_ode_past(fm_ode *s, int j) {
    return s->k[row_of_past(s, j + 1)];
}

void fm_ode_resume(fm_ode *s, const double *x, int known, const double *past) {
    memcpy(s->x, x, s->n * sizeof *x);
    if (known) memcpy(s->past, past, (size_t)known * sizeof *past);
    s->at.accepted = known;
}
