#include "ode_state.h"

/* ---- memory ---- */

static int rows_of(const fm_tableau *m) {
    if (!m) return 1;
    if (m->history) return m->stages + m->history;
    return m->rows > m->stages ? m->rows : m->stages + 1;
}

bool fm_ode_open(fm_ode *s, const real *x0, fm_error *err) {
    if (s->n > SIZE_MAX / 1024 / sizeof(double)) return fm_fail(err, "ode: %zu numbers are too many", s->n);
    size_t state = fm_ode_padded(s->n * sizeof(double)), slope = fm_ode_padded(s->n * sizeof(real));
    size_t partials = fm_ode_padded(fm_ode_partials(s->n) * sizeof(double));
    int rows = rows_of(s->plan.tableau);
    s->memory = fm_storage_new((2 * state + partials + (size_t)rows * slope) / sizeof(real), err);
    if (!s->memory) return false;
    char *at = (char *)s->memory->data;
    double **arrays[] = {&s->x, &s->x_old, &s->partial};
    for (int i = 0; i < 3; i++, at += state) *arrays[i] = (double *)(void *)at;
    at += partials - state;
    for (int j = 0; j < rows; j++, at += slope) s->k[j] = (real *)(void *)at;
    s->finite = fm_ode_widen(s->n, x0, s->x);
    s->at.t = s->t_old = s->plan.t0;
    return true;
}

void fm_ode_close(fm_ode *s) {
    fm_storage_release(s->memory);
    s->memory = NULL;
}

/* ---- sums and slopes ---- */

bool fm_ode_show(fm_ode *s, real *to) {
    fm_ode_round(s->n, s->x, to);
    return !s->summed || s->summed(s->context, s->x, 0, 0, NULL, NULL, NULL, to);
}

static bool evaluate_at_x(fm_ode *s, real *dx) {
    return (s->point_is_x || fm_ode_show(s, s->point)) && fm_ode_evaluate(s, s->at.t, dx);
}

bool fm_ode_first_slope(fm_ode *s) {
    if (s->first_known) return true;
    int m = s->plan.tableau->stages;
    if (s->rows_known > m) {
        real *k = s->k[0];
        s->k[0] = s->k[m];
        s->k[m] = k;
    } else if (!evaluate_at_x(s, s->k[0])) {
        return false;
    }
    s->first_known = true;
    return true;
}

/* ---- dense output ---- */

static fm_ode_status dense_rows(fm_ode *s) {
    const fm_tableau *m = s->plan.tableau;
    if (s->rows_known < m->rows && s->at.nfe + m->rows - s->rows_known > s->plan.max_nfe) return FM_ODE_MAX_NFE;
    for (int i = s->rows_known; i < m->rows; i++) {
        if (i == m->stages) {
            if (!evaluate_at_x(s, s->k[i])) return FM_ODE_FIELD_FAILED;
        } else {
            double t = fm_ode_no_later(&s->plan, s->t_old + m->c[i] * s->h, s->at.t);
            if (!fm_ode_put_sum(s, s->x_old, s->h, i, m->a[i], s->k, NULL, s->point)) return FM_ODE_FIELD_FAILED;
            if (!fm_ode_evaluate(s, t, s->k[i])) return FM_ODE_FIELD_FAILED;
        }
        s->rows_known = i + 1;
    }
    return FM_ODE_FINISHED;
}

fm_ode_status fm_ode_interpolate(fm_ode *s, double t, double *state, real *to) {
    fm_ode_status status = dense_rows(s);
    if (status != FM_ODE_FINISHED) return status;
    const fm_tableau *m = s->plan.tableau;
    double w[FM_ODE_ROWS], theta = (t - s->t_old) / s->h;
    for (int j = 0; j < m->rows; j++) {
        w[j] = 0;
        for (int d = m->degree; d-- > 0;) w[j] = (w[j] + m->dense[j][d]) * theta;
    }
    return fm_ode_put_sum(s, s->x_old, s->h, m->rows, w, s->k, state, to) ? FM_ODE_FINISHED : FM_ODE_FIELD_FAILED;
}

static bool interpolates(const fm_ode *s) {
    return s->plan.tableau && !s->plan.tableau->history && s->n;
}

fm_ode_status fm_ode_at(fm_ode *s, double t, real *to) {
    if (to == s->point) s->point_is_x = false;
    if (t != s->at.t && interpolates(s)) return fm_ode_interpolate(s, t, NULL, to);
    return fm_ode_show(s, to) ? FM_ODE_FINISHED : FM_ODE_FIELD_FAILED;
}
