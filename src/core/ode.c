#include "ode.h"

#include <string.h>

const char *const fm_ode_status_names[] = {"finished", "max_nfe", "step_too_small", "event", "field_failed", "not_finite", NULL};

/* ---- tableaus ---- */

static bool last_stage_is_new_point(const fm_tableau *m) {
    int last = m->stages - 1;
    if (last < 1 || m->c[last] != 1 || m->b[last] != 0) return false;
    for (int j = 0; j < last; j++) {
        if (m->a[last][j] != m->b[j]) return false;
    }
    return true;
}

/* Through x, the first slope and the new point: needs no further slope. */
static void quadratic(fm_tableau *m) {
    m->degree = 2;
    m->rows = m->stages;
    for (int j = 0; j < m->stages; j++) m->dense[j][1] = m->b[j];
    m->dense[0][0] = 1;
    m->dense[0][1] -= 1;
}

/* Hermite's, through both points and both slopes. */
static void cubic(fm_tableau *m) {
    m->degree = 3;
    m->rows = m->stages + 1;
    for (int j = 0; j < m->stages; j++) {
        m->dense[j][1] = 3 * m->b[j];
        m->dense[j][2] = -2 * m->b[j];
    }
    m->dense[0][0] += 1;
    m->dense[0][1] -= 2;
    m->dense[0][2] += 1;
    m->dense[m->stages][1] = -1;
    m->dense[m->stages][2] = 1;
}

static bool adds_up(double sum, double to) {
    return fabs(sum - to) <= 1e-12 * (1 + fabs(to));
}

bool fm_tableau_complete(fm_tableau *m, fm_error *err) {
    double sum_b = 0, sum_e = 0;
    if (m->stages < 1 || m->stages >= FM_ODE_ROWS) return fm_fail(err, "%d stages, expected 1..%d", m->stages, FM_ODE_ROWS - 1);
    for (int i = 0; i < m->stages; i++) {
        double sum = 0;
        for (int j = 0; j < FM_ODE_ROWS; j++) {
            if (j >= i && m->a[i][j] != 0) return fm_fail(err, "stage %d uses stage %d: only explicit methods run", i + 1, j + 1);
            sum += m->a[i][j];
        }
        if (!adds_up(sum, m->c[i])) return fm_fail(err, "row %d of a adds up to %.15g, c[%d] is %.15g", i + 1, sum, i + 1, m->c[i]);
        sum_b += m->b[i];
    }
    if (!adds_up(sum_b, 1)) return fm_fail(err, "b adds up to %.15g, not 1", sum_b);
    for (int j = 0; j < FM_ODE_ROWS; j++) sum_e += m->e[j];
    if (!adds_up(sum_e, 0)) return fm_fail(err, "e adds up to %.15g, not 0", sum_e);
    if (last_stage_is_new_point(m)) m->stages--;
    if (m->history < 0 || m->history > FM_ODE_HISTORY) return fm_fail(err, "history is %d, expected 0..%d", m->history, FM_ODE_HISTORY);
    if (m->stages + m->history > FM_ODE_ROWS)
        return fm_fail(err, "%d stages and a history of %d are over the limit %d", m->stages, m->history, FM_ODE_ROWS);
    if (m->history && (m->error_order || m->degree)) return fm_fail(err, "with history there is no e and no dense");
    for (int j = m->stages + 1; j < FM_ODE_ROWS; j++) {
        if (m->e[j] != 0) return fm_fail(err, "e[%d] belongs to no slope: the new point is number %d", j + 1, m->stages + 1);
    }
    m->closes |= m->e[m->stages] != 0 || m->e3[m->stages] != 0;
    for (int j = 0; m->degree && j < FM_ODE_ROWS; j++) {
        double sum = 0;
        for (int d = 0; d < FM_ODE_DEGREE; d++) sum += m->dense[j][d];
        if (!adds_up(sum, m->b[j])) return fm_fail(err, "row %d of dense adds up to %.15g, not to b", j + 1, sum);
    }
    if (m->degree == 0 && m->order <= 2) quadratic(m);
    else if (m->degree == 0) cubic(m);
    return true;
}

/* ---- memory ---- */

static size_t padded(size_t n) { /* numbers of a row, so that the next one starts on a cache line */
    return (n + 15) / 16 * 16;
}

bool fm_ode_open(fm_ode *s, const real *x0, fm_error *err) {
    enum { PER_DOUBLE = sizeof(double) / sizeof(real) };
    int rows = 1;
    if (s->tableau) rows = s->tableau->rows > s->tableau->stages ? s->tableau->rows : s->tableau->stages + 1;
    if (s->tableau && s->tableau->history) rows = s->tableau->stages + s->tableau->history;
    size_t apart =
        s->n + (s->tableau && s->tableau->history); /* those of a history change places, and are never a matrix: see ode_sums.c */
    size_t row = padded(apart), partials = padded(fm_ode_partials(s->n));
    if (row > SIZE_MAX / 1024) return fm_fail(err, "ode: %zu numbers are too many", s->n);
    s->memory = fm_storage_new(PER_DOUBLE * (2 * row + partials) + (size_t)rows * row, err);
    if (!s->memory) return false;
    s->x = (double *)(void *)s->memory->data;
    s->x_old = s->x + row;
    s->partial = s->x_old + row;
    real *k = (real *)(void *)(s->partial + partials);
    for (int j = 0; j < rows; j++) s->k[j] = k + (size_t)j * apart;
    for (size_t i = 0; i < s->n; i++) s->x[i] = (double)x0[i];
    s->t = s->t_old = s->t0;
    s->direction = s->t1 < s->t0 ? -1 : 1;
    return true;
}

void fm_ode_close(fm_ode *s) {
    fm_storage_release(s->memory);
    s->memory = NULL;
}

/* ---- states and slopes ---- */

static bool put_sum(fm_ode *s, const double *x, double h, int m, const double *w, real **k, double *state, real *point) {
    fm_ode_sum(s->n, x, h, m, w, k, state, point);
    return !s->summed || s->summed(s->context, x, h, m, w, k, state, point);
}

/* `to` got the numbers of k[0]. */
static bool copied(fm_ode *s, real **k, const void *to) {
    static const double one[] = {1};
    return !s->summed || s->summed(s->context, NULL, 1, 1, one, k, to, NULL);
}

/* The state of now as `real`. */
static bool show(fm_ode *s, real *to) {
    fm_ode_round(s->n, s->x, to);
    return !s->summed || s->summed(s->context, s->x, 0, 0, NULL, NULL, NULL, to);
}

static bool evaluate(fm_ode *s, double t, real *dx) {
    s->point_is_x = false; /* the field may write where it reads */
    s->nfe++;
    return s->field(s->context, t, s->point, dx);
}

static bool evaluate_at_x(fm_ode *s, real *dx) {
    return (s->point_is_x || show(s, s->point)) && evaluate(s, s->t, dx);
}

/* k[0] for the step from (t, x); the slope at the end of the last step serves, if it is known. */
static bool first_slope(fm_ode *s) {
    if (s->first_known) return true;
    int m = s->tableau->stages;
    if (s->rows_known > m) {
        memcpy(s->k[0], s->k[m], s->n * sizeof(real)); /* the rows keep their places: see ode_sums.c */
        if (!copied(s, &s->k[m], s->k[0])) return false;
    } else if (!evaluate_at_x(s, s->k[0])) {
        return false;
    }
    s->first_known = true;
    return true;
}

/* Stage times never pass the end of the step, whatever the rounding. That of c = 1 is SciPy's t + h, which may miss the last bit of t_new.
 */
static double no_later(const fm_ode *s, double t, double end) {
    return s->direction * (t - end) > 0 ? end : t;
}

static double stage_time(const fm_ode *s, double t, double c, double h, double t_new) {
    return no_later(s, t + c * h, t_new);
}

/* Tries the step to t_new: the new state goes to x_old, and with `close` the slope there to k[m]. */
static bool try_step(fm_ode *s, double t_new, bool close) {
    const fm_tableau *m = s->tableau;
    double h = t_new - s->t;
    if (!first_slope(s)) return false;
    s->rows_known = 0;
    for (int i = 1; i < m->stages; i++) {
        if (!put_sum(s, s->x, h, i, m->a[i], s->k, NULL, s->point)) return false;
        if (!evaluate(s, stage_time(s, s->t, m->c[i], h, t_new), s->k[i])) return false;
    }
    if (!put_sum(s, s->x, h, m->stages, m->b, s->k, s->x_old, s->point)) return false;
    s->point_is_x = true; /* if it is accepted */
    return !close || evaluate(s, stage_time(s, s->t, 1, h, t_new), s->k[m->stages]);
}

static void accept(fm_ode *s, double t_new, int rows_known) {
    double *x = s->x;
    s->x = s->x_old;
    s->x_old = x;
    s->t_old = s->t;
    s->t = t_new;
    s->h = t_new - s->t_old;
    s->rows_known = rows_known;
    s->first_known = false;
    s->accepted++;
}

/* ---- dense output ---- */

static fm_ode_status dense_rows(fm_ode *s) {
    const fm_tableau *m = s->tableau;
    if (s->rows_known < m->rows && s->nfe + m->rows - s->rows_known > s->max_nfe) return FM_ODE_MAX_NFE;
    for (int i = s->rows_known; i < m->rows; i++) {
        if (i == m->stages) {
            if (!evaluate_at_x(s, s->k[i])) return FM_ODE_FIELD_FAILED;
        } else {
            if (!put_sum(s, s->x_old, s->h, i, m->a[i], s->k, NULL, s->point)) return FM_ODE_FIELD_FAILED;
            if (!evaluate(s, stage_time(s, s->t_old, m->c[i], s->h, s->t), s->k[i])) return FM_ODE_FIELD_FAILED;
        }
        s->rows_known = i + 1;
    }
    return FM_ODE_FINISHED;
}

static fm_ode_status interpolate(fm_ode *s, double t, double *state, real *to) {
    fm_ode_status status = dense_rows(s);
    if (status != FM_ODE_FINISHED) return status;
    const fm_tableau *m = s->tableau;
    double w[FM_ODE_ROWS], theta = (t - s->t_old) / s->h;
    for (int j = 0; j < m->rows; j++) {
        w[j] = 0;
        for (int d = m->degree; d-- > 0;) w[j] = (w[j] + m->dense[j][d]) * theta;
    }
    return put_sum(s, s->x_old, s->h, m->rows, w, s->k, state, to) ? FM_ODE_FINISHED : FM_ODE_FIELD_FAILED;
}

static bool interpolates(const fm_ode *s) {
    return s->tableau && !s->tableau->history && s->n;
}

fm_ode_status fm_ode_at(fm_ode *s, double t, real *to) {
    if (to == s->point) s->point_is_x = false;
    if (t != s->t && interpolates(s)) return interpolate(s, t, NULL, to);
    return show(s, to) ? FM_ODE_FINISHED : FM_ODE_FIELD_FAILED;
}

/* What the last step brought stays unknown, as there are no evaluations left to look for its events or for states within it: the solve
 * ends before it. */
static void take_back(fm_ode *s) {
    double *x = s->x;
    s->x = s->x_old;
    s->x_old = x;
    s->t = s->t_old;
    s->accepted--;
    s->error_sum -= s->error_step;
    s->point_is_x = false;
}

/* What the last step brought: events, the states at the times it has passed, and the word to whoever watches. */
static fm_ode_status report(fm_ode *s) {
    double end = s->t;
    fm_ode_status found = s->n_events ? fm_ode_find_events(s, &end) : FM_ODE_FINISHED;
    if (found == FM_ODE_MAX_NFE && s->accepted) take_back(s);
    if (found != FM_ODE_FINISHED && found != FM_ODE_EVENT) return found;
    for (; s->n_saved < s->n_times && s->direction * (s->times[s->n_saved] - end) <= 0; s->n_saved++) {
        fm_ode_status status = fm_ode_at(s, s->times[s->n_saved], s->states + s->n_saved * s->n);
        if (status == FM_ODE_MAX_NFE) take_back(s);
        if (status != FM_ODE_FINISHED) return status;
    }
    if (end != s->t) { /* an event ended the step early */
        fm_ode_status status = interpolate(s, end, s->x, NULL);
        if (status != FM_ODE_FINISHED) return status;
        s->t = end;
    }
    return !s->observer || s->observer(s->context, s) ? found : FM_ODE_FIELD_FAILED;
}

/* ---- fixed steps ---- */

static bool step_own_way(fm_ode *s, double t_new) {
    if (!s->point_is_x && !show(s, s->point)) return false;
    s->point_is_x = false;
    if (!s->stepper(s->context, s->t, t_new - s->t, s->point, s->k[0])) return false;
    for (size_t i = 0; i < s->n; i++) s->x_old[i] = (double)s->k[0][i];
    return copied(s, s->k, s->x_old);
}

/* Adams and Bashforth: w[j] = the integral over the step of the polynomial that is 1 at the j-th of the last points and 0 at the
 * others; s[j] are those points in units of the step, from its start. Hairer, Norsett, Wanner I, III.1 and III.5. */
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
    return j ? s->tableau->stages + j : 0;
}

static bool try_adams(fm_ode *s, double t_new) {
    int p = s->tableau->history;
    double at[FM_ODE_HISTORY], w[FM_ODE_HISTORY], h = t_new - s->t;
    real *k[FM_ODE_HISTORY];
    if (!first_slope(s)) return false;
    for (int j = 0; j < p; j++) {
        at[j] = j ? (s->past[j - 1] - s->t) / h : 0;
        k[j] = s->k[row_of_past(s, j)];
    }
    adams_weights(p, at, w);
    s->point_is_x = true;
    return put_sum(s, s->x, h, p, w, k, s->x_old, s->point);
}

/* k[0] becomes the newest of the past slopes; the oldest gives its memory. */
static void remember(fm_ode *s, double t) {
    real *k = s->k[row_of_past(s, s->tableau->history - 1)];
    for (int j = s->tableau->history - 1; j > 0; j--) {
        s->k[row_of_past(s, j)] = s->k[row_of_past(s, j - 1)];
        s->past[j] = s->past[j - 1];
    }
    s->past[0] = t;
    s->k[0] = k;
}

static bool fixed_step(fm_ode *s, double t_new) {
    if (!s->tableau) return step_own_way(s, t_new);
    bool adams = s->tableau->history && s->accepted >= s->tableau->history - 1;
    if (adams ? !try_adams(s, t_new) : !try_step(s, t_new, false)) return false;
    if (s->tableau->history) remember(s, s->t);
    return true;
}

int fm_ode_n_past(const fm_ode *s) {
    int most = s->tableau && s->tableau->history ? s->tableau->history - 1 : 0;
    return s->accepted < most ? (int)s->accepted : most;
}

real *fm_ode_past(fm_ode *s, int j) {
    return s->k[row_of_past(s, j + 1)];
}

void fm_ode_resume(fm_ode *s, const double *x, int known, const double *past) {
    memcpy(s->x, x, s->n * sizeof *x);
    if (known) memcpy(s->past, past, (size_t)known * sizeof *past);
    s->accepted = known;
}

/* Evaluations that the next fixed step needs; what a step function needs is only known afterwards. */
static int evaluations(const fm_ode *s) {
    if (!s->tableau) return 0;
    if (s->tableau->history && s->accepted >= s->tableau->history - 1) return 1;
    return s->tableau->stages - (s->rows_known > s->tableau->stages);
}

static fm_ode_status run_fixed(fm_ode *s) {
    for (size_t i = 0; i < s->steps; i++) {
        double t_new = s->grid ? s->grid[i + 1] : fm_ode_uniform(s->t0, s->t1, s->steps, i + 1);
        if (t_new == s->t && s->tableau && s->tableau->history) continue; /* it adds no point to the history */
        if (s->nfe + evaluations(s) > s->max_nfe) return FM_ODE_MAX_NFE;
        if (!fixed_step(s, t_new)) return s->spent ? FM_ODE_MAX_NFE : FM_ODE_FIELD_FAILED;
        accept(s, t_new, s->tableau && !s->tableau->history ? s->tableau->stages : 0);
        if (!fm_ode_finite(s->n, s->x)) return FM_ODE_NOT_FINITE;
        fm_ode_status status = report(s);
        if (status != FM_ODE_FINISHED) return status;
    }
    return FM_ODE_FINISHED;
}

/* ---- error control; see ode_control.h ---- */

bool fm_tableau_has_third(const fm_tableau *m) {
    for (int j = 0; j <= m->stages; j++) {
        if (m->e3[j] != 0) return true;
    }
    return false;
}

static double rms(const fm_ode *s, double sum) {
    return sqrt(sum) / sqrt((double)s->n);
}

/* Norm of x + h w.k - x in units of the tolerance at x. */
static double start_norm(fm_ode *s, int m, const double *w, real *const *k) {
    return rms(s, fm_ode_error(s->n, s->x, s->x, s->atol, s->rtol, 1, m, w, k, s->partial).scaled);
}

static fm_ode_status too_small(fm_ode *s, fm_ode_why why) {
    s->why = why;
    return FM_ODE_STEP_TOO_SMALL;
}

static fm_ode_status choose_first_step(fm_ode *s) {
    static const double one[] = {1}, difference[] = {1, -1};
    double interval = fabs(s->t1 - s->t0), d0 = 0;
    for (size_t i = 0; i < s->n; i++) {
        double scaled = s->x[i] / (s->atol + fabs(s->x[i]) * s->rtol);
        d0 += scaled * scaled;
    }
    double d1 = start_norm(s, 1, one, s->k);
    if (!isfinite(d1)) return fm_ode_finite_slope(s->n, s->k[0]) ? too_small(s, FM_ODE_NO_SCALE) : FM_ODE_NOT_FINITE;
    double h0 = fm_ode_probe_step(rms(s, d0), d1, interval);
    if (!put_sum(s, s->x, h0 * s->direction, 1, one, s->k, NULL, s->point)) return FM_ODE_FIELD_FAILED;
    if (!evaluate(s, no_later(s, s->t0 + h0 * s->direction, s->t1), s->k[1])) return FM_ODE_FIELD_FAILED;
    real *k[] = {s->k[1], s->k[0]};
    double d2 = start_norm(s, 2, difference, k) / h0;
    s->h_next = fmin(fm_ode_first_step(h0, d1, d2, s->tableau->error_order + 1), fmin(interval, s->max_step));
    return FM_ODE_FINISHED;
}

/* Error of the try in units of the tolerance, to s->error. Returns it in units of the state. RMS over all components. */
static double measure_error(fm_ode *s, double h) {
    const fm_tableau *m = s->tableau;
    bool third = fm_tableau_has_third(m);
    double unit = third ? 1 : h;      /* multiplied where SciPy does */
    int rows = m->stages + m->closes; /* row m has no numbers otherwise, and 0 * NaN is NaN */
    fm_ode_squares e = fm_ode_error(s->n, s->x, s->x_old, s->atol, s->rtol, unit, rows, m->e, s->k, s->partial), e3;
    s->error = rms(s, e.scaled);
    if (!third) return rms(s, e.plain);
    e3 = fm_ode_error(s->n, s->x, s->x_old, s->atol, s->rtol, unit, rows, m->e3, s->k, s->partial);
    s->error = fm_ode_both_errors(h, e.scaled, e3.scaled, s->n);
    return fm_ode_both_errors(h, e.plain, e3.plain, s->n);
}

/* The numbers that the field sees are farther apart than the tolerance. */
static bool below_round_off(const fm_ode *s) {
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        double scaled = (double)FM_REAL_EPSILON * s->x[i] / (s->atol + fabs(s->x[i]) * s->rtol);
        sum += scaled * scaled;
    }
    return rms(s, sum) > 1;
}

static double between(double size, double low, double high) {
    return size > high ? high : size < low ? low : size;
}

static void accept_try(fm_ode *s, double t_new, double absolute) {
    s->error_before = s->error;
    s->error_sum += s->error_step = absolute;
    accept(s, t_new, s->tableau->stages + s->tableau->closes);
}

static fm_ode_status adaptive_step(fm_ode *s) {
    const fm_tableau *m = s->tableau;
    double spacing = 10 * fabs(nextafter(s->t, s->direction * INFINITY) - s->t);
    double size = between(s->h_next, fmax(spacing, s->min_step), s->max_step);
    bool had_rejection = false;
    for (;;) {
        if (size < spacing) return too_small(s, isfinite(s->error) ? FM_ODE_BELOW_SPACING : FM_ODE_FIELD_NOT_FINITE);
        double t_new = s->t + size * s->direction;
        if (s->direction * (t_new - s->t1) > 0) t_new = s->t1;
        double h = t_new - s->t;
        bool least = fmin(size, fabs(h)) <= s->min_step; /* rounding may make a step of min_step longer, the end shorter */
        size = fabs(h);
        bool known = s->first_known || s->rows_known > m->stages;
        if (s->nfe + m->stages - known + m->closes > s->max_nfe) return FM_ODE_MAX_NFE;
        if (!try_step(s, t_new, m->closes)) return FM_ODE_FIELD_FAILED;
        double absolute = measure_error(s, h);
        bool good = fm_ode_accepts(s->controller, s->error), forced = !good && least && isfinite(s->error);
        double factor = fm_ode_step_factor(s->controller, s->error, s->error_before, m->error_order + 1, had_rejection);
        if (good || forced) {
            s->h_next = size * factor;
            s->forced += forced;
            accept_try(s, t_new, absolute);
            return FM_ODE_FINISHED;
        }
        s->rejected++;
        s->point_is_x = false;
        had_rejection = true;
        if (below_round_off(s)) return too_small(s, FM_ODE_BELOW_ROUND_OFF);
        size = isfinite(s->error) ? fmax(size * factor, s->min_step) : size * factor;
    }
}

static fm_ode_status run_adaptive(fm_ode *s) {
    fm_ode_status status = FM_ODE_FINISHED;
    if (s->nfe + (s->first_step > 0 ? 1 : 2) > s->max_nfe) return FM_ODE_MAX_NFE;
    if (!first_slope(s)) return FM_ODE_FIELD_FAILED;
    s->h_next = s->first_step;
    if (!(s->first_step > 0)) status = choose_first_step(s);
    while (status == FM_ODE_FINISHED && s->t != s->t1) {
        status = adaptive_step(s);
        if (status == FM_ODE_FINISHED) status = report(s);
    }
    return status;
}

fm_ode_status fm_ode_run(fm_ode *s) {
    if (!fm_ode_finite(s->n, s->x)) return FM_ODE_NOT_FINITE;
    if (s->n == 0 || s->t0 == s->t1) s->t = s->t1;
    fm_ode_status status = report(s);
    if (status != FM_ODE_FINISHED || s->t == s->t1) return status;
    return s->adaptive ? run_adaptive(s) : run_fixed(s);
}
