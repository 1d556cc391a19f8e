#include "ode_control.h"

const char *const fm_ode_controller_names[] = {"scipy", "pi", "torchdiffeq", NULL};
const char *const fm_ode_status_names[] = {"finished", "max_nfe", "step_too_small", "event", "field_failed", "not_finite", NULL};

/* ---- the rules ---- */

static const double safety = 0.9, most = 10, least = 0.2;

bool fm_ode_accepts(fm_ode_controller c, double error) {
    return c == FM_ODE_TORCHDIFFEQ ? error <= 1 : error < 1;
}

/* err^(-0.7/k) before^(0.4/k); an error near 0 is noise, and must not decide the next step. */
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

double fm_ode_both_errors(double h, double sum_e, double sum_e3, size_t n) {
    double e = sqrt(sum_e), e3 = sqrt(sum_e3); /* and squared again: SciPy's rounding */
    return e == 0 && e3 == 0 ? 0 : fabs(h) * (e * e) / sqrt((e * e + 0.01 * (e3 * e3)) * (double)n);
}

/* ---- steps ---- */

static double interval(const fm_ode_plan *p) {
    return fabs(p->t1 - p->t0);
}

static int error_power(const fm_ode_plan *p) {
    return p->tableau->error_order + 1;
}

double fm_ode_probe_step(const fm_ode_plan *p, double d0, double d1) {
    return fmin(d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1, interval(p));
}

double fm_ode_first_step(const fm_ode_plan *p, double h0, double d1, double d2) {
    double steepest = d2 > d1 ? d2 : d1;
    double h1 = d1 <= 1e-15 && d2 <= 1e-15 ? fmax(1e-6, h0 * 1e-3) : pow(0.01 / steepest, 1.0 / error_power(p));
    return fmin(fmin(100 * h0, h1), fmin(interval(p), p->max_step));
}

static double between(double size, double low, double high) {
    return size > high ? high : size < low ? low : size;
}

bool fm_ode_next_try(const fm_ode_plan *p, fm_ode_progress *at) {
    double direction = fm_ode_direction(p), spacing = 10 * fabs(nextafter(at->t, direction * INFINITY) - at->t);
    if (!at->had_rejection) at->size = between(at->size, spacing > p->min_step ? spacing : p->min_step, p->max_step);
    if (at->size < spacing) {
        at->why = isfinite(at->error) ? FM_ODE_BELOW_SPACING : FM_ODE_FIELD_NOT_FINITE;
        return false;
    }
    at->t_new = fm_ode_no_later(p, at->t + at->size * direction, p->t1);
    return true;
}

bool fm_ode_judge(const fm_ode_plan *p, fm_ode_progress *at, double error, double absolute) {
    double size = fabs(at->t_new - at->t);
    bool shortest = size <= p->min_step || at->size <= p->min_step; /* rounding may make a step of min_step longer, the end shorter */
    bool good = fm_ode_accepts(p->controller, error), forced = !good && shortest && isfinite(error);
    at->error = error;
    at->size = size * fm_ode_step_factor(p->controller, error, at->error_before, error_power(p), at->had_rejection);
    at->had_rejection = !good && !forced;
    if (at->had_rejection) {
        at->rejected++;
        if (isfinite(error)) at->size = fmax(at->size, p->min_step);
        return false;
    }
    at->forced += forced;
    at->error_before = error;
    at->error_sum += absolute;
    at->t = at->t_new;
    at->accepted++;
    return true;
}
