#include "ode_control.h"

#include <math.h>

static const double safety = 0.9, most = 10, least = 0.2;

bool fm_ode_accepts(fm_ode_controller c, double error) {
    return c == FM_ODE_TORCHDIFFEQ ? error <= 1 : error < 1;
}

/* Of h err^(-0.7/k) before^(0.4/k); an error near 0 is noise, and must not steer the step after it. */
static double pi_factor(double error, double before, int k) {
    double memory = before > 0 ? pow(fmax(before, 1e-4), 0.4 / k) : pow(error, -0.3 / k); /* the first step: the plain rule */
    return safety * pow(error, -0.7 / k) * memory;
}

double fm_ode_step_factor(fm_ode_controller c, double error, double before, int k, bool had_rejection) {
    double factor = safety * pow(error, -1.0 / k);
    if (!fm_ode_accepts(c, error)) return factor > least ? factor : least;
    if (error == 0) factor = most;
    else if (c == FM_ODE_PI) factor = fmax(least, pi_factor(error, before, k));
    if (c == FM_ODE_TORCHDIFFEQ) return fmin(most, error < 1 ? fmax(factor, 1) : factor);
    return fmin(had_rejection ? 1 : most, factor);
}

double fm_ode_probe_step(double d0, double d1, double interval) {
    return fmin(d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1, interval);
}

double fm_ode_first_step(double h0, double d1, double d2, int k) {
    double steepest = d2 > d1 ? d2 : d1;
    double h1 = d1 <= 1e-15 && d2 <= 1e-15 ? fmax(1e-6, h0 * 1e-3) : pow(0.01 / steepest, 1.0 / k);
    return fmin(100 * h0, h1);
}

double fm_ode_both_errors(double h, double sum_e, double sum_e3, size_t n) {
    double e = sqrt(sum_e), e3 = sqrt(sum_e3); /* and squared again: SciPy's rounding */
    return e == 0 && e3 == 0 ? 0 : fabs(h) * (e * e) / sqrt((e * e + 0.01 * (e3 * e3)) * (double)n);
}
