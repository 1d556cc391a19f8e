#include "ode_rows.h"

#include <string.h>

static size_t padded(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

bool fm_ode_rows_open(fm_ode_rows *s, const real *x0, fm_error *err) {
    size_t n = s->rows * s->width, doubles = padded(n * sizeof(double)), reals = padded(n * sizeof(real));
    size_t records = padded(s->rows * sizeof(fm_ode_row));
    int slopes = s->tableau->stages + 1;
    size_t bytes = 6 * doubles + 2 * records + (size_t)slopes * reals;
    s->memory = fm_storage_new((bytes + sizeof(real) - 1) / sizeof(real), err);
    if (!s->memory) return false;
    char *at = (char *)s->memory->data;
    double **arrays[] = {&s->x, &s->y, &s->y_new, &s->each, &s->error, &s->error3};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++, at += doubles) *arrays[i] = (double *)(void *)at;
    for (int j = 0; j < slopes; j++, at += reals) s->k[j] = (real *)(void *)at;
    s->row = (fm_ode_row *)(void *)at;
    s->now = (fm_ode_row *)(void *)(at + records);
    for (size_t i = 0; i < n; i++) s->x[i] = s->y[i] = (double)x0[i];
    for (size_t r = 0; r < s->rows; r++) s->now[r] = (fm_ode_row){.id = r, .t = s->t0, .status = FM_ODE_MAX_NFE};
    memcpy(s->row, s->now, s->rows * sizeof *s->row);
    s->direction = s->t1 < s->t0 ? -1 : 1;
    return true;
}

void fm_ode_rows_close(fm_ode_rows *s) {
    fm_storage_release(s->memory);
    s->memory = NULL;
}

static bool beyond(const fm_ode_rows *s, double t, double end) {
    return s->direction * (t - end) > 0;
}

static bool evaluate(fm_ode_rows *s, real *dx) {
    s->nfe++;
    s->evaluations += (int64_t)s->active;
    for (size_t r = 0; r < s->active; r++) s->now[r].nfe++;
    return s->field(s->context, s->active, dx);
}

static size_t numbers(const fm_ode_rows *s) {
    return s->active * s->width;
}

static void set_each(fm_ode_rows *s, size_t r, double h) {
    for (size_t i = 0; i < s->width; i++) s->each[r * s->width + i] = h;
}

/* Of one row of `error`: sums of squares, as it is and in units of the tolerance at y or `other`. */
static fm_ode_squares row_squares(const fm_ode_rows *s, const double *error, const double *other, size_t r) {
    fm_ode_squares sum = {0, 0};
    for (size_t i = r * s->width; i < (r + 1) * s->width; i++) {
        double scaled = error[i] / (s->atol + s->rtol * fmax(fabs(s->y[i]), fabs(other[i])));
        sum.plain += error[i] * error[i];
        sum.scaled += scaled * scaled;
    }
    return sum;
}

static double rms(const fm_ode_rows *s, double sum) {
    return sqrt(sum / (double)s->width);
}

/* ---- rows leave ---- */

/* Every row that is done goes to its place in x, the others close ranks, in order. */
static void compact(fm_ode_rows *s) {
    size_t to = 0, w = s->width;
    for (size_t r = 0; r < s->active; r++) {
        fm_ode_row *row = &s->now[r];
        if (row->status != FM_ODE_MAX_NFE) { /* MAX_NFE: still running */
            s->row[row->id] = *row;
            memcpy(s->x + row->id * w, s->y + r * w, w * sizeof(double));
        } else {
            if (to != r) {
                s->now[to] = *row;
                memcpy(s->y + to * w, s->y + r * w, w * sizeof(double));
                memcpy(s->k[0] + to * w, s->k[0] + r * w, w * sizeof(real));
            }
            to++;
        }
    }
    s->active = to;
}

static void leave(fm_ode_row *row, fm_ode_status status, fm_ode_why why) {
    row->status = status;
    row->why = why;
}

/* ---- the first step ---- */

static double start_norm(const fm_ode_rows *s, const double *of, size_t r) {
    return rms(s, row_squares(s, of, s->y, r).scaled);
}

/* The length of each row's probe; a row whose first slope has no measure leaves. */
static void choose_probes(fm_ode_rows *s) {
    static const double one[] = {1};
    for (size_t r = 0; r < s->active; r++) set_each(s, r, 1);
    fm_ode_error_each(numbers(s), s->each, 1, one, s->k, s->error);
    for (size_t r = 0; r < s->active; r++) {
        fm_ode_row *row = &s->now[r];
        row->error = start_norm(s, s->error, r); /* kept here until the step is chosen */
        row->size = fm_ode_probe_step(start_norm(s, s->y, r), row->error, fabs(s->t1 - s->t0));
        if (isfinite(row->error)) continue;
        bool finite = fm_ode_finite_slope(s->width, s->k[0] + r * s->width);
        leave(row, FM_ODE_STEP_TOO_SMALL, finite ? FM_ODE_NO_SCALE : FM_ODE_FIELD_NOT_FINITE);
    }
    compact(s);
}

static fm_ode_status choose_first_steps(fm_ode_rows *s) {
    static const double one[] = {1}, difference[] = {1, -1};
    choose_probes(s);
    if (!s->active) return s->row[0].why == FM_ODE_FIELD_NOT_FINITE ? FM_ODE_NOT_FINITE : FM_ODE_FINISHED;
    for (size_t r = 0; r < s->active; r++) {
        double t = s->t0 + s->now[r].size * s->direction;
        s->clock[r] = (real)(beyond(s, t, s->t1) ? s->t1 : t);
        set_each(s, r, s->now[r].size * s->direction);
    }
    fm_ode_sum_each(numbers(s), s->y, s->each, 1, one, s->k, NULL, s->point);
    if (!evaluate(s, s->k[1])) return FM_ODE_FIELD_FAILED;
    real *k[] = {s->k[1], s->k[0]};
    for (size_t r = 0; r < s->active; r++) set_each(s, r, 1);
    fm_ode_error_each(numbers(s), s->each, 2, difference, k, s->error);
    for (size_t r = 0; r < s->active; r++) {
        fm_ode_row *row = &s->now[r];
        double d2 = start_norm(s, s->error, r) / row->size,
               size = fm_ode_first_step(row->size, row->error, d2, s->tableau->error_order + 1);
        row->size = fmin(size, fmin(fabs(s->t1 - s->t0), s->max_step));
        row->error = 0;
    }
    return FM_ODE_FINISHED;
}

static fm_ode_status begin(fm_ode_rows *s) {
    fm_ode_round(numbers(s), s->y, s->point);
    for (size_t r = 0; r < s->active; r++) s->clock[r] = (real)s->t0;
    if (!evaluate(s, s->k[0])) return FM_ODE_FIELD_FAILED;
    if (!(s->first_step > 0)) return choose_first_steps(s);
    for (size_t r = 0; r < s->active; r++) s->now[r].size = s->first_step;
    return FM_ODE_FINISHED;
}

/* ---- steps ---- */

/* The next try of each row; rows that cannot make one leave. */
static void plan_steps(fm_ode_rows *s) {
    for (size_t r = 0; r < s->active; r++) {
        fm_ode_row *row = &s->now[r];
        double spacing = 10 * fabs(nextafter(row->t, s->direction * INFINITY) - row->t), low = fmax(spacing, s->min_step);
        if (!row->had_rejection) row->size = row->size > s->max_step ? s->max_step : fmax(row->size, low);
        if (row->size < spacing) leave(row, FM_ODE_STEP_TOO_SMALL, isfinite(row->error) ? FM_ODE_BELOW_SPACING : FM_ODE_FIELD_NOT_FINITE);
    }
    compact(s);
    for (size_t r = 0; r < s->active; r++) {
        fm_ode_row *row = &s->now[r];
        double t = row->t + row->size * s->direction;
        row->t_new = beyond(s, t, s->t1) ? s->t1 : t;
        set_each(s, r, row->t_new - row->t);
    }
}

static void set_clock(fm_ode_rows *s, double c) {
    for (size_t r = 0; r < s->active; r++) {
        const fm_ode_row *row = &s->now[r];
        double t = c == 1 ? row->t_new : row->t + c * (row->t_new - row->t);
        s->clock[r] = (real)(beyond(s, t, row->t_new) ? row->t_new : t);
    }
}

static bool try_steps(fm_ode_rows *s) {
    const fm_tableau *m = s->tableau;
    size_t n = numbers(s);
    if (!m->closes) { /* nobody left a slope: evaluate it, for rows that try again, too */
        fm_ode_round(n, s->y, s->point);
        set_clock(s, 0);
        if (!evaluate(s, s->k[0])) return false;
    }
    for (int i = 1; i < m->stages; i++) {
        fm_ode_sum_each(n, s->y, s->each, i, m->a[i], s->k, NULL, s->point);
        set_clock(s, m->c[i]);
        if (!evaluate(s, s->k[i])) return false;
    }
    fm_ode_sum_each(n, s->y, s->each, m->stages, m->b, s->k, s->y_new, s->point);
    set_clock(s, 1);
    return !m->closes || evaluate(s, s->k[m->stages]);
}

static bool below_round_off(const fm_ode_rows *s, size_t r) {
    double sum = 0;
    for (size_t i = r * s->width; i < (r + 1) * s->width; i++) {
        double scaled = (double)FM_REAL_EPSILON * s->y[i] / (s->atol + fabs(s->y[i]) * s->rtol);
        sum += scaled * scaled;
    }
    return sum > (double)s->width;
}

static void accept(fm_ode_rows *s, size_t r, double absolute) {
    fm_ode_row *row = &s->now[r];
    const fm_tableau *m = s->tableau;
    row->accepted++;
    row->error_before = row->error;
    row->error_sum += absolute;
    row->t = row->t_new;
    memcpy(s->y + r * s->width, s->y_new + r * s->width, s->width * sizeof(double));
    if (m->closes) memcpy(s->k[0] + r * s->width, s->k[m->stages] + r * s->width, s->width * sizeof(real));
    if (row->t == s->t1) leave(row, FM_ODE_FINISHED, FM_ODE_NO_REASON);
}

static void judge(fm_ode_rows *s, size_t r, bool third) {
    fm_ode_row *row = &s->now[r];
    fm_ode_squares e = row_squares(s, s->error, s->y_new, r);
    double absolute = rms(s, e.plain), size = fabs(row->t_new - row->t);
    bool least = fmin(size, row->size) <= s->min_step; /* see ode.c */
    row->error = rms(s, e.scaled);
    if (third) {
        fm_ode_squares e3 = row_squares(s, s->error3, s->y_new, r);
        row->error = fm_ode_both_errors(1, e.scaled, e3.scaled, s->width);
        absolute = fm_ode_both_errors(1, e.plain, e3.plain, s->width);
    }
    bool good = fm_ode_accepts(s->controller, row->error), forced = !good && least && isfinite(row->error);
    row->size = size * fm_ode_step_factor(s->controller, row->error, row->error_before, s->tableau->error_order + 1, row->had_rejection);
    row->had_rejection = !good && !forced;
    if (!row->had_rejection) {
        row->forced += forced;
        accept(s, r, absolute);
        return;
    }
    row->rejected++;
    if (isfinite(row->error)) row->size = fmax(row->size, s->min_step);
    if (below_round_off(s, r)) leave(row, FM_ODE_STEP_TOO_SMALL, FM_ODE_BELOW_ROUND_OFF);
}

static fm_ode_status steps(fm_ode_rows *s) {
    const fm_tableau *m = s->tableau;
    bool third = fm_tableau_has_third(m);
    while (s->active) {
        plan_steps(s);
        if (!s->active) break;
        if (s->nfe + m->stages > s->max_nfe) return FM_ODE_MAX_NFE;
        if (!try_steps(s)) return FM_ODE_FIELD_FAILED;
        fm_ode_error_each(numbers(s), s->each, m->stages + 1, m->e, s->k, s->error);
        if (third) fm_ode_error_each(numbers(s), s->each, m->stages + 1, m->e3, s->k, s->error3);
        for (size_t r = 0; r < s->active; r++) judge(s, r, third);
        compact(s);
    }
    for (size_t r = 0; r < s->rows; r++) {
        if (s->row[r].status == FM_ODE_STEP_TOO_SMALL) return FM_ODE_STEP_TOO_SMALL;
    }
    return FM_ODE_FINISHED;
}

/* Rows that are still running show where they are. */
static void show_running(fm_ode_rows *s) {
    for (size_t r = 0; r < s->active; r++) {
        s->row[s->now[r].id] = s->now[r];
        memcpy(s->x + s->now[r].id * s->width, s->y + r * s->width, s->width * sizeof(double));
    }
}

fm_ode_status fm_ode_rows_run(fm_ode_rows *s) {
    if (!fm_ode_finite(s->rows * s->width, s->x)) return FM_ODE_NOT_FINITE;
    s->active = s->rows;
    if (s->rows == 0 || s->width == 0 || s->t0 == s->t1) {
        for (size_t r = 0; r < s->rows; r++) s->row[r].t = s->t1, s->row[r].status = FM_ODE_FINISHED;
        return FM_ODE_FINISHED;
    }
    if (s->nfe + (s->first_step > 0 ? 1 : 2) > s->max_nfe) return FM_ODE_MAX_NFE;
    fm_ode_status status = begin(s);
    if (status == FM_ODE_FINISHED) status = steps(s);
    show_running(s);
    return status;
}
