#include "ode_rows.h"

#include "threads.h"

#include <string.h>

/* ---- memory ---- */

bool fm_ode_rows_open(fm_ode_rows *s, const real *x0, fm_error *err) {
    size_t n = s->rows * s->width, doubles = fm_ode_padded(n * sizeof(double)), reals = fm_ode_padded(n * sizeof(real));
    size_t records = fm_ode_padded(s->rows * sizeof(fm_ode_row));
    int slopes = s->plan.tableau->stages + 1;
    size_t bytes = 6 * doubles + 2 * records + (size_t)slopes * reals;
    s->memory = fm_storage_new((bytes + sizeof(real) - 1) / sizeof(real), err);
    if (!s->memory) return false;
    char *at = (char *)s->memory->data;
    double **arrays[] = {&s->x, &s->y, &s->y_new, &s->each, &s->error, &s->error3};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++, at += doubles) *arrays[i] = (double *)(void *)at;
    for (int j = 0; j < slopes; j++, at += reals) s->k[j] = (real *)(void *)at;
    s->row = (fm_ode_row *)(void *)at;
    s->now = (fm_ode_row *)(void *)(at + records);
    s->finite = fm_ode_widen(n, x0, s->x);
    fm_ode_widen(n, x0, s->y);
    for (size_t r = 0; r < s->rows; r++) s->now[r] = (fm_ode_row){.id = r, .at.t = s->plan.t0, .status = FM_ODE_MAX_NFE};
    memcpy(s->row, s->now, s->rows * sizeof *s->row);
    return true;
}

void fm_ode_rows_close(fm_ode_rows *s) {
    fm_storage_release(s->memory);
    s->memory = NULL;
}

/* ---- rows leave ---- */

/* Copies every row that is done to its place in x, and moves the others together, in order. */
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

static void too_small(fm_ode_row *row, fm_ode_why why) {
    row->status = FM_ODE_STEP_TOO_SMALL;
    row->at.why = why;
}

/* ---- sums and slopes ---- */

static size_t numbers(const fm_ode_rows *s) {
    return s->active * s->width;
}

/* Calls work(s, first, last) for tiles of the active rows. It touches its own rows alone. */
static void for_rows(fm_ode_rows *s, void (*work)(void *s, size_t first, size_t last)) {
    fm_parallel(s->active, fm_tile_rows(64 + 4 * s->width), work, s);
}

static void set_each(fm_ode_rows *s, size_t r, double h) {
    for (size_t i = 0; i < s->width; i++) s->each[r * s->width + i] = h;
}

static void set_each_1(void *context, size_t first, size_t last) {
    for (size_t r = first; r < last; r++) set_each(context, r, 1);
}

static bool evaluate(fm_ode_rows *s, real *dx) {
    s->nfe++;
    s->evaluations += (int64_t)s->active;
    for (size_t r = 0; r < s->active; r++) s->now[r].at.nfe++;
    return s->field(s->context, s->active, dx);
}

static bool evaluate_stage(fm_ode_rows *s, double c, real *dx) {
    for (size_t r = 0; r < s->active; r++) {
        const fm_ode_progress *at = &s->now[r].at;
        double t = c == 1 ? at->t_new : at->t + c * (at->t_new - at->t);
        s->clock[r] = (real)fm_ode_no_later(&s->plan, t, at->t_new);
    }
    return evaluate(s, dx);
}

/* ---- norms ---- */

static double rms(const fm_ode_rows *s, double sum) {
    return sqrt(sum / (double)s->width);
}

static double start_norm(const fm_ode_rows *s, size_t r) {
    size_t first = r * s->width;
    return rms(s, fm_ode_squares_of(s->width, s->error + first, s->y + first, s->y + first, s->plan.atol, s->plan.rtol).scaled);
}

static double in_units(const fm_ode_rows *s, double factor, size_t r) {
    return fm_ode_squares_in_units(s->width, factor, s->y + r * s->width, s->plan.atol, s->plan.rtol);
}

/* The error of a row's try in units of the tolerance; *absolute is that in units of the state. */
static double measure_error(const fm_ode_rows *s, size_t r, bool third, double *absolute) {
    const double *y = s->y + r * s->width, *y_new = s->y_new + r * s->width;
    fm_ode_squares e = fm_ode_squares_of(s->width, s->error + r * s->width, y, y_new, s->plan.atol, s->plan.rtol), e3;
    *absolute = rms(s, e.plain);
    if (!third) return rms(s, e.scaled);
    e3 = fm_ode_squares_of(s->width, s->error3 + r * s->width, y, y_new, s->plan.atol, s->plan.rtol);
    *absolute = fm_ode_both_errors(1, e.plain, e3.plain, s->width);
    return fm_ode_both_errors(1, e.scaled, e3.scaled, s->width);
}

/* ---- the first step ---- */

static void choose_probe_rows(void *context, size_t first, size_t last) {
    fm_ode_rows *s = context;
    for (size_t r = first; r < last; r++) {
        fm_ode_progress *at = &s->now[r].at;
        at->error = start_norm(s, r); /* kept here until the step is chosen */
        at->size = fm_ode_probe_step(&s->plan, rms(s, in_units(s, 1, r)), at->error);
    }
}

/* The length of each row's probe; a row whose first slope has no finite norm leaves. */
static void choose_probes(fm_ode_rows *s) {
    static const double one[] = {1};
    for_rows(s, set_each_1);
    fm_ode_error_each(numbers(s), s->each, 1, one, s->k, s->error);
    for_rows(s, choose_probe_rows);
    for (size_t r = 0; r < s->active; r++) {
        if (isfinite(s->now[r].at.error)) continue;
        bool finite = fm_ode_finite_slope(s->width, s->k[0] + r * s->width);
        too_small(&s->now[r], finite ? FM_ODE_NO_SCALE : FM_ODE_FIELD_NOT_FINITE);
    }
    compact(s);
}

static void choose_first_step_rows(void *context, size_t first, size_t last) {
    fm_ode_rows *s = context;
    for (size_t r = first; r < last; r++) {
        fm_ode_progress *at = &s->now[r].at;
        at->size = fm_ode_first_step(&s->plan, at->size, at->error, start_norm(s, r) / at->size);
        at->error = 0;
    }
}

static fm_ode_status choose_first_steps(fm_ode_rows *s) {
    static const double one[] = {1}, difference[] = {-1, 1};
    double direction = fm_ode_direction(&s->plan);
    choose_probes(s);
    if (!s->active) return s->row[0].at.why == FM_ODE_FIELD_NOT_FINITE ? FM_ODE_NOT_FINITE : FM_ODE_FINISHED;
    for (size_t r = 0; r < s->active; r++) {
        double h = s->now[r].at.size * direction;
        s->clock[r] = (real)fm_ode_no_later(&s->plan, s->plan.t0 + h, s->plan.t1);
        set_each(s, r, h);
    }
    fm_ode_sum_each(numbers(s), s->y, s->each, 1, one, s->k, NULL, s->point);
    if (!evaluate(s, s->k[1])) return FM_ODE_FIELD_FAILED;
    for_rows(s, set_each_1);
    fm_ode_error_each(numbers(s), s->each, 2, difference, s->k, s->error);
    for_rows(s, choose_first_step_rows);
    return FM_ODE_FINISHED;
}

static fm_ode_status begin(fm_ode_rows *s) {
    fm_ode_round(numbers(s), s->y, s->point);
    for (size_t r = 0; r < s->active; r++) s->clock[r] = (real)s->plan.t0;
    if (!evaluate(s, s->k[0])) return FM_ODE_FIELD_FAILED;
    if (!(s->plan.first_step > 0)) return choose_first_steps(s);
    for (size_t r = 0; r < s->active; r++) s->now[r].at.size = s->plan.first_step;
    return FM_ODE_FINISHED;
}

/* ---- steps: ode_control.h decides, on these norms ---- */

static void set_lengths(void *context, size_t first, size_t last) {
    fm_ode_rows *s = context;
    for (size_t r = first; r < last; r++) set_each(s, r, s->now[r].at.t_new - s->now[r].at.t);
}

/* The next try of each row; rows that cannot make one leave. */
static void plan_steps(fm_ode_rows *s) {
    for (size_t r = 0; r < s->active; r++) {
        fm_ode_row *row = &s->now[r];
        if (!fm_ode_next_try(&s->plan, &row->at)) row->status = FM_ODE_STEP_TOO_SMALL;
    }
    compact(s);
    for_rows(s, set_lengths);
}

static bool try_steps(fm_ode_rows *s) {
    const fm_tableau *m = s->plan.tableau;
    size_t n = numbers(s);
    if (!m->closes) { /* no try computed this slope: evaluate it, also for rows that try again */
        fm_ode_round(n, s->y, s->point);
        if (!evaluate_stage(s, 0, s->k[0])) return false;
    }
    for (int i = 1; i < m->stages; i++) {
        fm_ode_sum_each(n, s->y, s->each, i, m->a[i], s->k, NULL, s->point);
        if (!evaluate_stage(s, m->c[i], s->k[i])) return false;
    }
    fm_ode_sum_each(n, s->y, s->each, m->stages, m->b, s->k, s->y_new, s->point);
    return !m->closes || evaluate_stage(s, 1, s->k[m->stages]);
}

static void judge(fm_ode_rows *s, size_t r, bool third) {
    const fm_tableau *m = s->plan.tableau;
    fm_ode_row *row = &s->now[r];
    size_t first = r * s->width;
    double absolute, error = measure_error(s, r, third, &absolute);
    if (!fm_ode_judge(&s->plan, &row->at, error, absolute)) {
        /* the numbers that the field sees are farther apart than the tolerance */
        if (in_units(s, (double)FM_REAL_EPSILON, r) > (double)s->width) too_small(row, FM_ODE_BELOW_ROUND_OFF);
        return;
    }
    memcpy(s->y + first, s->y_new + first, s->width * sizeof(double));
    if (m->closes) memcpy(s->k[0] + first, s->k[m->stages] + first, s->width * sizeof(real));
    if (row->at.t == s->plan.t1) row->status = FM_ODE_FINISHED;
}

static void judge_rows(void *context, size_t first, size_t last) {
    fm_ode_rows *s = context;
    bool third = fm_tableau_has_third(s->plan.tableau);
    for (size_t r = first; r < last; r++) judge(s, r, third);
}

static fm_ode_status steps(fm_ode_rows *s) {
    const fm_tableau *m = s->plan.tableau;
    bool third = fm_tableau_has_third(m);
    while (s->active) {
        plan_steps(s);
        if (!s->active) break;
        if (s->nfe + m->stages > s->plan.max_nfe) return FM_ODE_MAX_NFE;
        if (!try_steps(s)) return FM_ODE_FIELD_FAILED;
        fm_ode_error_each(numbers(s), s->each, m->stages + 1, m->e, s->k, s->error);
        if (third) fm_ode_error_each(numbers(s), s->each, m->stages + 1, m->e3, s->k, s->error3);
        for_rows(s, judge_rows);
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
    if (!s->finite) return FM_ODE_NOT_FINITE;
    s->active = s->rows;
    if (s->rows == 0 || s->width == 0 || s->plan.t0 == s->plan.t1) {
        for (size_t r = 0; r < s->rows; r++) s->row[r].at.t = s->plan.t1, s->row[r].status = FM_ODE_FINISHED;
        return FM_ODE_FINISHED;
    }
    if (s->nfe + (s->plan.first_step > 0 ? 1 : 2) > s->plan.max_nfe) return FM_ODE_MAX_NFE;
    fm_ode_status status = begin(s);
    if (status == FM_ODE_FINISHED) status = steps(s);
    show_running(s);
    return status;
}
