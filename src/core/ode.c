#include "ode.h"

#include "ode_event.h"

/* ---- one step ---- */

static bool evaluate_stage(fm_ode *s, double c, double h, double t_new, real *dx) {
    return fm_ode_evaluate(s, fm_ode_no_later(&s->plan, s->at.t + c * h, t_new), dx); /* c = 1: SciPy's t + h, too, not t_new */
}

/* Tries the step to t_new: the new state goes to x_old, and with `close` its slope to k[m]. */
static bool try_step(fm_ode *s, double t_new, bool close) {
    const fm_tableau *m = s->plan.tableau;
    double h = t_new - s->at.t;
    if (!fm_ode_first_slope(s)) return false;
    s->rows_known = 0;
    for (int i = 1; i < m->stages; i++) {
        if (!fm_ode_put_sum(s, s->x, h, i, m->a[i], s->k, NULL, s->point)) return false;
        if (!evaluate_stage(s, m->c[i], h, t_new, s->k[i])) return false;
    }
    if (!fm_ode_put_sum(s, s->x, h, m->stages, m->b, s->k, s->x_old, s->point)) return false;
    s->point_is_x = true; /* if it is accepted */
    return !close || evaluate_stage(s, 1, h, t_new, s->k[m->stages]);
}

static void swap_states(fm_ode *s) {
    double *x = s->x;
    s->x = s->x_old;
    s->x_old = x;
}

/* The try from t_old to at.t was accepted. */
static void accept(fm_ode *s, double t_old, double error, int rows_known) {
    swap_states(s);
    s->t_old = t_old;
    s->h = s->at.t - t_old;
    s->error_step = error;
    s->rows_known = rows_known;
    s->first_known = false;
}

/* No evaluations are left to look for events or states within the last step: the solve ends before
 * it. */
static void take_back(fm_ode *s) {
    swap_states(s);
    s->at.t = s->t_old;
    s->at.accepted--;
    s->at.error_sum -= s->error_step;
    s->point_is_x = false;
}

/* Handles the results of the last step: events, the states at the times that it passed, and the
 * call of the observer. */
static fm_ode_status report(fm_ode *s) {
    double end = s->at.t;
    fm_ode_status found = s->n_events ? fm_ode_find_events(s, &end) : FM_ODE_FINISHED;
    if (found == FM_ODE_MAX_NFE && s->at.accepted) take_back(s);
    if (found != FM_ODE_FINISHED && found != FM_ODE_EVENT) return found;
    for (; s->n_saved < s->n_times && fm_ode_direction(&s->plan) * (s->times[s->n_saved] - end) <= 0; s->n_saved++) {
        fm_ode_status status = fm_ode_at(s, s->times[s->n_saved], s->states + s->n_saved * s->n);
        if (status == FM_ODE_MAX_NFE) take_back(s);
        if (status != FM_ODE_FINISHED) return status;
    }
    if (end != s->at.t) { /* an event ended the step early */
        fm_ode_status status = fm_ode_interpolate(s, end, s->x, NULL);
        if (status != FM_ODE_FINISHED) return status;
        s->at.t = end;
    }
    return !s->observer || s->observer(s->context, s) ? found : FM_ODE_FIELD_FAILED;
}

/* ---- fixed steps ---- */

static bool step_own_way(fm_ode *s, double t_new) {
    static const double one[] = {1};
    if (!s->point_is_x && !fm_ode_show(s, s->point)) return false;
    s->point_is_x = false;
    if (!s->stepper(s->context, s->at.t, t_new - s->at.t, s->point, s->k[0])) return false;
    s->finite = fm_ode_widen(s->n, s->k[0], s->x_old);
    return !s->summed || s->summed(s->context, NULL, 1, 1, one, s->k, s->x_old, NULL);
}

static bool try_fixed(fm_ode *s, double t_new) {
    if (!s->plan.tableau) return step_own_way(s, t_new);
    if (fm_ode_adams_is_next(s) ? !fm_ode_try_adams(s, t_new) : !try_step(s, t_new, false)) return false;
    if (s->plan.tableau->history) fm_ode_remember(s, s->at.t);
    return true;
}

/* Evaluations that the next fixed step needs; a step function only knows them afterwards. */
static int evaluations(const fm_ode *s) {
    if (!s->plan.tableau) return 0;
    if (fm_ode_adams_is_next(s)) return 1;
    return s->plan.tableau->stages - (s->rows_known > s->plan.tableau->stages);
}

static fm_ode_status run_fixed(fm_ode *s) {
    const fm_tableau *m = s->plan.tableau;
    for (size_t i = 0; i < s->steps; i++) {
        double t_new = s->grid ? s->grid[i + 1] : fm_ode_uniform(s->plan.t0, s->plan.t1, s->steps, i + 1);
        if (t_new == s->at.t && m && m->history) continue; /* it adds no point to the history */
        if (s->at.nfe + evaluations(s) > s->plan.max_nfe) return FM_ODE_MAX_NFE;
        if (!try_fixed(s, t_new)) return s->spent ? FM_ODE_MAX_NFE : FM_ODE_FIELD_FAILED;
        double t_old = s->at.t;
        s->at.t = t_new;
        s->at.accepted++;
        accept(s, t_old, 0, m && !m->history ? m->stages : 0);
        if (!s->finite) return FM_ODE_NOT_FINITE;
        fm_ode_status status = report(s);
        if (status != FM_ODE_FINISHED) return status;
    }
    return FM_ODE_FINISHED;
}

/* ---- error control: ode_control.h decides, on these norms ---- */

static double rms(const fm_ode *s, double sum) {
    return sqrt(sum) / sqrt((double)s->n);
}

static fm_ode_squares error_of(fm_ode *s, const double *y, double h, int m, const double *w) {
    return fm_ode_error(s->sum_order, s->n, s->x, y, s->plan.atol, s->plan.rtol, h, m, w, s->k, s->partial);
}

/* Norm of w.k in units of the tolerance at x. */
static double start_norm(fm_ode *s, int m, const double *w) {
    return rms(s, error_of(s, s->x, 1, m, w).scaled);
}

static fm_ode_status too_small(fm_ode *s, fm_ode_why why) {
    s->at.why = why;
    return FM_ODE_STEP_TOO_SMALL;
}

static fm_ode_status choose_first_step(fm_ode *s) {
    static const double first[] = {1}, difference[] = {-1, 1};
    const fm_ode_plan *p = &s->plan;
    double d0 = rms(s, fm_ode_all_squares_in_units(s->n, 1, s->x, p->atol, p->rtol, s->partial)), d1 = start_norm(s, 1, first);
    if (!isfinite(d1)) return fm_ode_all_finite_slope(s->n, s->k[0]) ? too_small(s, FM_ODE_NO_SCALE) : FM_ODE_NOT_FINITE;
    double h0 = fm_ode_probe_step(p, d0, d1), h = h0 * fm_ode_direction(p);
    if (!fm_ode_put_sum(s, s->x, h, 1, first, s->k, NULL, s->point)) return FM_ODE_FIELD_FAILED;
    if (!evaluate_stage(s, 1, h, p->t1, s->k[1])) return FM_ODE_FIELD_FAILED;
    s->at.size = fm_ode_first_step(p, h0, d1, start_norm(s, 2, difference) / h0);
    return FM_ODE_FINISHED;
}

/* Error of the try in units of the tolerance; *absolute is that in units of the state. RMS over all
 * components. */
static double measure_error(fm_ode *s, double h, double *absolute) {
    const fm_tableau *m = s->plan.tableau;
    bool third = fm_tableau_has_third(m);
    double unit = third ? 1 : h;      /* multiplied where SciPy does */
    int rows = m->stages + m->closes; /* row m has no numbers otherwise, and 0 * NaN is NaN */
    fm_ode_squares e = error_of(s, s->x_old, unit, rows, m->e), e3;
    *absolute = rms(s, e.plain);
    if (!third) return rms(s, e.scaled);
    e3 = error_of(s, s->x_old, unit, rows, m->e3);
    *absolute = fm_ode_both_errors(h, e.plain, e3.plain, s->n);
    return fm_ode_both_errors(h, e.scaled, e3.scaled, s->n);
}

/* The numbers that the field sees are farther apart than the tolerance. */
static bool below_round_off(const fm_ode *s) {
    return rms(s, fm_ode_all_squares_in_units(s->n, (double)FM_REAL_EPSILON, s->x, s->plan.atol, s->plan.rtol, s->partial)) > 1;
}

/* Tries until a step is accepted. */
static fm_ode_status adaptive_step(fm_ode *s) {
    const fm_tableau *m = s->plan.tableau;
    for (;;) {
        if (!fm_ode_next_try(&s->plan, &s->at)) return FM_ODE_STEP_TOO_SMALL;
        bool known = s->first_known || s->rows_known > m->stages;
        if (s->at.nfe + m->stages - known + m->closes > s->plan.max_nfe) return FM_ODE_MAX_NFE;
        if (!try_step(s, s->at.t_new, m->closes)) return FM_ODE_FIELD_FAILED;
        double t = s->at.t, absolute, error = measure_error(s, s->at.t_new - t, &absolute);
        if (fm_ode_judge(&s->plan, &s->at, error, absolute)) {
            accept(s, t, absolute, m->stages + m->closes);
            return FM_ODE_FINISHED;
        }
        s->point_is_x = false;
        if (below_round_off(s)) return too_small(s, FM_ODE_BELOW_ROUND_OFF);
    }
}

static fm_ode_status run_adaptive(fm_ode *s) {
    fm_ode_status status = FM_ODE_FINISHED;
    s->at.size = s->plan.first_step;
    if (s->at.nfe + (s->at.size > 0 ? 1 : 2) > s->plan.max_nfe) return FM_ODE_MAX_NFE;
    if (!fm_ode_first_slope(s)) return FM_ODE_FIELD_FAILED;
    if (!(s->at.size > 0)) status = choose_first_step(s);
    while (status == FM_ODE_FINISHED && s->at.t != s->plan.t1) {
        status = adaptive_step(s);
        if (status == FM_ODE_FINISHED) status = report(s);
    }
    return status;
}

fm_ode_status fm_ode_run(fm_ode *s) {
    if (!s->finite) return FM_ODE_NOT_FINITE;
    if (s->n == 0 || s->plan.t0 == s->plan.t1) s->at.t = s->plan.t1;
    fm_ode_status status = report(s);
    if (status != FM_ODE_FINISHED || s->at.t == s->plan.t1) return status;
    return s->adaptive ? run_adaptive(s) : run_fixed(s);
}
