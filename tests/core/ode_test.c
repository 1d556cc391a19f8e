/* The engine against scipy.integrate.solve_ivp (tests/golden/ode.safetensors: RK45 and RK23;
 * DOP853's long tableau is a Lua file and is checked from there), against closed forms, and when
 * the field or the tolerance is bad. */
#include "ode.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const fm_tableau euler_form = {.stages = 1, .order = 1, .b = {1}};
static const fm_tableau rk4_form = {
    .stages = 4, .order = 4, .c = {0, 0.5, 0.5, 1}, .a = {{0}, {0.5}, {0, 0.5}, {0, 0, 1}}, .b = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6}};
static const fm_tableau rk23_form = {.stages = 3,
                                     .order = 3,
                                     .error_order = 2,
                                     .c = {0, 0.5, 0.75},
                                     .a = {{0}, {0.5}, {0, 0.75}},
                                     .b = {2.0 / 9, 1.0 / 3, 4.0 / 9},
                                     .e = {5.0 / 72, -1.0 / 12, -1.0 / 9, 1.0 / 8},
                                     .degree = 3,
                                     .rows = 4,
                                     .dense = {{1, -4.0 / 3, 5.0 / 9}, {0, 1, -2.0 / 3}, {0, 4.0 / 3, -8.0 / 9}, {0, -1, 1}}};
static const fm_tableau rk45_form = {
    .stages = 7, /* as printed: the last stage is the new point */
    .order = 5,
    .error_order = 4,
    .c = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1},
    .a = {{0},
          {1.0 / 5},
          {3.0 / 40, 9.0 / 40},
          {44.0 / 45, -56.0 / 15, 32.0 / 9},
          {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
          {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
          {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}},
    .b = {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
    .e = {-71.0 / 57600, 0, 71.0 / 16695, -71.0 / 1920, 17253.0 / 339200, -22.0 / 525, 1.0 / 40},
    .degree = 4,
    .rows = 7,
    .dense = {{1, -8048581381.0 / 2820520608, 8663915743.0 / 2820520608, -12715105075.0 / 11282082432},
              {0},
              {0, 131558114200.0 / 32700410799, -68118460800.0 / 10900136933, 87487479700.0 / 32700410799},
              {0, -1754552775.0 / 470086768, 14199869525.0 / 1410260304, -10690763975.0 / 1880347072},
              {0, 127303824393.0 / 49829197408, -318862633887.0 / 49829197408, 701980252875.0 / 199316789632},
              {0, -282668133.0 / 205662961, 2019193451.0 / 616988883, -1453857185.0 / 822651844},
              {0, 40617522.0 / 29380423, -110615467.0 / 29380423, 69997945.0 / 29380423}}};

static fm_tableau complete(const fm_tableau *form) {
    fm_tableau m = *form;
    fm_error err;
    assert_true(fm_tableau_complete(&m, &err));
    return m;
}

/* ---- problems ---- */

typedef struct trial {
    const char *problem;
    double lowest, highest; /* times that the field saw */
    long calls, fail_at;
    double *t, *x; /* every accepted point */
    size_t points;
    size_t n; /* numbers of "many", else 0 */
} trial;

static bool field(void *context, double t, const real *x, real *dx) {
    trial *p = context;
    const char *is = p->problem;
    p->lowest = fmin(p->lowest, t);
    p->highest = fmax(p->highest, t);
    if (++p->calls == p->fail_at) return false;
    if (p->n) {
        for (size_t i = 0; i < p->n; i++) dx[i] = -0.5 * x[i];
    } else if (strstr(is, "decay")) {
        for (int i = 0; i < (strcmp(is, "decay") ? 2 : 3); i++) dx[i] = -0.5 * x[i];
    } else if (!strcmp(is, "lotka_volterra")) {
        dx[0] = 1.5 * x[0] - x[0] * x[1];
        dx[1] = x[0] * x[1] - 3 * x[1];
    } else if (!strcmp(is, "harmonic")) {
        dx[0] = x[1];
        dx[1] = -x[0];
    } else if (!strcmp(is, "van_der_pol_mu1")) {
        dx[0] = x[1];
        dx[1] = (1 - x[0] * x[0]) * x[1] - x[0];
    } else if (!strcmp(is, "time_cos")) {
        dx[0] = x[0] * cos(t);
    } else if (!strcmp(is, "nan_late")) {
        dx[0] = t > 0.5 ? NAN : 1;
    } else if (!strcmp(is, "blow_up")) {
        dx[0] = x[0] * x[0];
    } else {
        fail_msg("no problem %s", is);
    }
    return true;
}

static bool keep_point(void *context, fm_ode *s) {
    trial *p = context;
    if (p->t) p->t[p->points] = s->at.t;
    if (p->x) memcpy(p->x + p->points * s->n, s->x, s->n * sizeof(double));
    p->points++;
    return true;
}

static trial trial_of(const char *problem) {
    return (trial){.problem = problem, .lowest = INFINITY, .highest = -INFINITY};
}

static fm_ode solve_of(const fm_tableau *m, trial *p, real *point, size_t n, double t0, double t1) {
    return (fm_ode){.plan = {.tableau = m, .t0 = t0, .t1 = t1, .rtol = 1e-3, .atol = 1e-6, .max_step = INFINITY, .max_nfe = INT64_MAX},
                    .sum_order = &fm_ode_scipy_order,
                    .field = field,
                    .context = p,
                    .point = point,
                    .n = n,
                    .steps = 1};
}

/* ---- golden values ---- */

typedef struct golden {
    char *bytes;
    cJSON *header, *cases;
    const char *data;
} golden;

static int open_golden(void **state) {
    static golden g;
    FILE *f = fopen("tests/golden/ode.safetensors", "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    size_t size = (size_t)ftell(f);
    rewind(f);
    g.bytes = malloc(size);
    assert_int_equal(fread(g.bytes, 1, size, f), size);
    fclose(f);
    uint64_t length;
    memcpy(&length, g.bytes, 8);
    g.header = cJSON_ParseWithLength(g.bytes + 8, length);
    g.data = g.bytes + 8 + length;
    g.cases = cJSON_Parse(cJSON_GetObjectItem(cJSON_GetObjectItem(g.header, "__metadata__"), "cases")->valuestring);
    *state = &g;
    return 0;
}

static int close_golden(void **state) {
    golden *g = *state;
    cJSON_Delete(g->cases);
    cJSON_Delete(g->header);
    free(g->bytes);
    return 0;
}

static double number(const cJSON *c, const char *key) {
    return cJSON_GetObjectItem(c, key)->valuedouble;
}

static const char *text(const cJSON *c, const char *key) {
    return cJSON_GetObjectItem(c, key)->valuestring;
}

static const double *tensor(const golden *g, const cJSON *c, const char *key, size_t *rows) {
    const cJSON *entry = cJSON_GetObjectItem(g->header, text(c, key));
    *rows = (size_t)cJSON_GetArrayItem(cJSON_GetObjectItem(entry, "shape"), 0)->valueint;
    size_t first = (size_t)cJSON_GetArrayItem(cJSON_GetObjectItem(entry, "data_offsets"), 0)->valuedouble;
    return (const double *)(const void *)(g->data + first);
}

/* Relative to the largest number of the case: near a zero crossing a number has no digits of its
 * own. */
static void assert_close(const char *name, const char *what, size_t count, const double *found, const double *expected, double tolerance) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(expected[i]));
    for (size_t i = 0; i < count; i++) {
        if (fabs(found[i] - expected[i]) <= tolerance * largest) continue;
        fail_msg("%s: %s[%zu] is %.17g, expected %.17g", name, what, i, found[i], expected[i]);
    }
}

static void check_case(const golden *g, const cJSON *c, const fm_tableau *m) {
    const char *name = text(c, "name");
    size_t n, points, evals;
    const double *y0 = tensor(g, c, "y0", &n), *t = tensor(g, c, "t", &points), *y = tensor(g, c, "y", &points);
    const double *t_eval = tensor(g, c, "t_eval", &evals), *y_eval = tensor(g, c, "y_eval", &evals);
    const cJSON *span = cJSON_GetObjectItem(c, "span");
    double *steps_t = malloc((points + 8) * sizeof(double)), *steps_x = malloc((points + 8) * n * sizeof(double));
    real point[4], states[7 * 4];
    trial p = trial_of(text(c, "problem"));
    fm_ode s = solve_of(m, &p, point, n, cJSON_GetArrayItem(span, 0)->valuedouble, cJSON_GetArrayItem(span, 1)->valuedouble);
    s.adaptive = true;
    s.plan.rtol = number(c, "rtol");
    s.plan.atol = number(c, "atol");
    s.times = t_eval;
    s.n_times = evals;
    s.states = states;
    s.observer = keep_point;
    p.t = steps_t;
    p.x = steps_x;
    fm_error err;
    assert_true(fm_ode_open(&s, y0, &err));
    s.plan.max_nfe = (int64_t)number(c, "nfev"); /* and not one more */
    assert_int_equal(fm_ode_run(&s), FM_ODE_FINISHED);
    assert_int_equal(s.at.nfe, (int64_t)number(c, "nfev"));
    assert_int_equal(s.at.accepted, (int64_t)number(c, "steps"));
    assert_int_equal(p.points, points);
    assert_int_equal(s.n_saved, evals);
    /* Here scipy itself moves by 1e-9 when its field is perturbed by one unit in the last place:
     * steps are rejected near round-off. */
    double tolerance = !strcmp(name, "van_der_pol_mu1.RK45.1e-06") ? 1e-7 : 1e-9;
    assert_close(name, "t", points, steps_t, t, tolerance);
    assert_close(name, "y", points * n, steps_x, y, tolerance);
    assert_close(name, "y_eval", evals * n, states, y_eval, tolerance);
    double low = fmin(s.plan.t0, s.plan.t1), high = fmax(s.plan.t0, s.plan.t1);
    assert_true(p.lowest >= low && p.highest <= high);
    fm_ode_close(&s);
    free(steps_t);
    free(steps_x);
}

static void matches_scipy(void **state) {
    const golden *g = *state;
    fm_tableau rk45 = complete(&rk45_form), rk23 = complete(&rk23_form);
    int checked = 0;
    const cJSON *c;
    cJSON_ArrayForEach(c, g->cases) {
        const char *method = text(c, "method");
        const fm_tableau *m = !strcmp(method, "RK45") ? &rk45 : !strcmp(method, "RK23") ? &rk23 : NULL;
        if (m) check_case(g, c, m), checked++;
    }
    assert_int_equal(checked, 24);
}

/* ---- closed forms ---- */

static double decay_error(const fm_tableau *m, size_t steps) {
    trial p = trial_of("time_cos");
    real point[1], x0[1] = {1};
    fm_error err;
    fm_ode s = solve_of(m, &p, point, 1, 0, 2);
    s.steps = steps;
    assert_true(fm_ode_open(&s, x0, &err));
    assert_int_equal(fm_ode_run(&s), FM_ODE_FINISHED);
    assert_true(s.at.t == 2 && s.at.accepted == (int64_t)steps);
    assert_true(p.lowest >= 0 && p.highest <= 2);
    double e = fabs(s.x[0] - exp(sin(2.0)));
    fm_ode_close(&s);
    return e;
}

static void fixed_steps_have_their_order(void **state) {
    (void)state;
    const fm_tableau *forms[] = {&euler_form, &rk4_form, &rk23_form, &rk45_form};
    for (int i = 0; i < 4; i++) {
        fm_tableau m = complete(forms[i]);
        double slope = log2(decay_error(&m, 64) / decay_error(&m, 128));
        if (fabs(slope - m.order) > 0.15) fail_msg("order %d, measured %.3f", m.order, slope);
    }
}

static void fixed_steps_count_and_save(void **state) {
    (void)state;
    fm_tableau rk45 = complete(&rk45_form), rk4 = complete(&rk4_form);
    double grid[] = {0, 0.1, 0.15, 0.7, 2}, times[] = {0, 0.15, 1, 2};
    real point[1], x0[1] = {1}, states[4];
    for (int fsal = 0; fsal < 2; fsal++) {
        trial p = trial_of("time_cos");
        fm_ode s = solve_of(fsal ? &rk45 : &rk4, &p, point, 1, 0, 2);
        s.steps = 4;
        s.grid = grid;
        fm_error err;
        assert_true(fm_ode_open(&s, x0, &err));
        assert_int_equal(fm_ode_run(&s), FM_ODE_FINISHED);
        assert_int_equal(s.at.nfe, fsal ? 24 : 16);
        fm_ode_close(&s);
        s = solve_of(fsal ? &rk45 : &rk4, &p, point, 1, 0, 2);
        s.steps = 64;
        s.times = times;
        s.n_times = 4;
        s.states = states;
        assert_true(fm_ode_open(&s, x0, &err));
        assert_int_equal(fm_ode_run(&s), FM_ODE_FINISHED);
        for (int i = 0; i < 4; i++) assert_true(fabs(states[i] - exp(sin(times[i]))) < 1e-6);
        fm_ode_close(&s);
    }
}

/* ---- trouble ---- */

static fm_ode_status adaptive(const char *problem, double t1, int64_t max_nfe, long fail_at, fm_ode *out) {
    fm_tableau m = complete(&rk45_form);
    trial p = trial_of(problem);
    p.fail_at = fail_at;
    real point[1], x0[1] = {1};
    fm_error err;
    *out = solve_of(&m, &p, point, 1, 0, t1);
    out->adaptive = true;
    out->plan.max_nfe = max_nfe;
    assert_true(fm_ode_open(out, x0, &err));
    fm_ode_status status = fm_ode_run(out);
    assert_int_equal(out->at.nfe, p.calls);
    return status;
}

static void budgets_are_exact(void **state) {
    (void)state;
    fm_ode s;
    for (int64_t budget = 0; budget < 60; budget++) {
        fm_ode_status status = adaptive("time_cos", 20, budget, 0, &s);
        assert_int_equal(status, FM_ODE_MAX_NFE);
        assert_true(s.at.nfe <= budget && s.at.nfe > budget - 6 - (budget < 8 ? 2 : 0));
        assert_true(isfinite(s.x[0]) && s.at.t >= 0 && s.at.t < 20);
        fm_ode_close(&s);
    }
}

/* 37 equal numbers, more than the sums take at a time, have the error of one. */
static void many_numbers_have_the_error_of_one(void **state) {
    (void)state;
    enum { MANY = 37 };
    fm_tableau m = complete(&rk45_form);
    long calls[2];
    for (int several = 0; several < 2; several++) {
        const fm_ode_sum_order *orders[] = {&fm_ode_scipy_order, &fm_ode_plain_order};
        for (int k = 0; k < 2; k++) {
            trial p = trial_of("many");
            p.n = several ? MANY : 1;
            real point[MANY], x0[MANY];
            for (size_t i = 0; i < p.n; i++) x0[i] = 1;
            fm_error err;
            fm_ode s = solve_of(&m, &p, point, p.n, 0, 3);
            s.sum_order = orders[k];
            s.adaptive = true;
            assert_true(fm_ode_open(&s, x0, &err));
            assert_int_equal(fm_ode_run(&s), FM_ODE_FINISHED);
            for (size_t i = 0; i < p.n; i++) assert_true(fabs(s.x[i] - s.x[0]) < 1e-12 && fabs(s.x[i] - exp(-1.5)) < 5e-4);
            if (several) assert_int_equal(p.calls, calls[k]);
            calls[k] = p.calls;
            fm_ode_close(&s);
        }
    }
}

static void trouble_is_a_status(void **state) {
    (void)state;
    fm_ode s;
    size_t before = fm_live_bytes();
    assert_int_equal(adaptive("nan_late", 1, INT64_MAX, 0, &s), FM_ODE_STEP_TOO_SMALL);
    assert_int_equal(s.at.why, FM_ODE_FIELD_NOT_FINITE);
    assert_true(s.at.t > 0.499 && s.at.t <= 0.5 && fabs(s.x[0] - 1 - s.at.t) < 1e-9);
    fm_ode_close(&s);
    assert_int_equal(adaptive("blow_up", 2, 100000, 0, &s), FM_ODE_STEP_TOO_SMALL);
    fm_ode_close(&s);
    for (long at = 1; at < 12; at++) {
        assert_int_equal(adaptive("time_cos", 20, INT64_MAX, at, &s), FM_ODE_FIELD_FAILED);
        fm_ode_close(&s);
        fm_ode_close(&s);
    }
    assert_int_equal(fm_live_bytes(), before);
}

/* What an observer takes along after `after` steps, to begin there again. */
typedef struct border {
    trial problem;
    int64_t after;
    int known;
    double t, x[2];
    real slopes[FM_ODE_HISTORY][2];
} border;

static bool field_of_border(void *context, double t, const real *x, real *dx) {
    return field(&((border *)context)->problem, t, x, dx);
}

static bool take_border(void *context, fm_ode *s) {
    border *b = context;
    if (s->at.accepted != b->after) return true;
    b->known = fm_ode_n_past(s);
    b->t = s->at.t;
    memcpy(b->x, s->x, sizeof b->x);
    for (int j = 0; j < b->known; j++) memcpy(b->slopes[j], fm_ode_past(s, j), sizeof b->slopes[j]);
    return true;
}

static void a_solve_goes_on_from_its_middle_to_the_same_bits(void **state) {
    (void)state;
    enum { STEPS = 10 };
    const real x0[] = {10, 5};
    for (int history = 0; history <= 4; history += 2) {
        for (int64_t after = 0; after < STEPS; after++) {
            fm_tableau m = rk4_form;
            m.history = history;
            fm_error err;
            assert_true(fm_tableau_complete(&m, &err));
            border b = {.problem = trial_of("lotka_volterra"), .after = after};
            real point[2];
            fm_ode s = solve_of(&m, NULL, point, 2, 0, 1);
            s.steps = STEPS, s.context = &b, s.field = field_of_border, s.observer = take_border;
            assert_true(fm_ode_open(&s, x0, &err));
            assert_int_equal(fm_ode_run(&s), FM_ODE_FINISHED);
            double end[2], grid[STEPS + 1], past[FM_ODE_HISTORY];
            memcpy(end, s.x, sizeof end);
            fm_ode_close(&s);
            for (int i = 0; i <= STEPS; i++) grid[i] = fm_ode_uniform(0, 1, STEPS, (size_t)i);
            for (int j = 0; j < b.known; j++) past[j] = grid[after - 1 - j];
            assert_int_equal(b.known, history ? (after < history - 1 ? after : history - 1) : 0);
            fm_ode again = solve_of(&m, NULL, point, 2, b.t, 1);
            again.steps = (size_t)(STEPS - after), again.grid = grid + after, again.context = &b, again.field = field_of_border;
            assert_true(fm_ode_open(&again, x0, &err));
            fm_ode_resume(&again, b.x, b.known, past);
            for (int j = 0; j < b.known; j++) memcpy(fm_ode_past(&again, j), b.slopes[j], sizeof b.slopes[j]);
            assert_int_equal(fm_ode_run(&again), FM_ODE_FINISHED);
            assert_memory_equal(end, again.x, sizeof end);
            fm_ode_close(&again);
        }
    }
}

static void controllers_follow_their_rules(void **state) {
    (void)state;
    const fm_ode_controller all[] = {FM_ODE_SCIPY, FM_ODE_PI, FM_ODE_TORCHDIFFEQ};
    for (int i = 0; i < 3; i++) {
        fm_ode_controller c = all[i];
        assert_true(fm_ode_step_factor(c, 0, 0, 5, false) == 10 && fm_ode_step_factor(c, 1e-30, 0, 5, false) == 10);
        assert_true(fm_ode_step_factor(c, 1e9, 0, 5, false) == 0.2 && fm_ode_step_factor(c, NAN, 0.5, 5, false) == 0.2);
        assert_true(fabs(fm_ode_step_factor(c, 2, 0.5, 5, true) - 0.9 * pow(2, -0.2)) < 1e-15); /* after a rejection all agree */
        assert_false(fm_ode_accepts(c, 1.0001) || fm_ode_accepts(c, NAN) || fm_ode_accepts(c, INFINITY));
    }
    assert_true(fm_ode_accepts(FM_ODE_TORCHDIFFEQ, 1) && !fm_ode_accepts(FM_ODE_SCIPY, 1));
    assert_true(fabs(fm_ode_step_factor(FM_ODE_SCIPY, 0.9, 0, 5, false) - 0.9 * pow(0.9, -0.2)) < 1e-15); /* may shrink */
    assert_true(fm_ode_step_factor(FM_ODE_SCIPY, 0.01, 0, 5, true) == 1);
    assert_true(fm_ode_step_factor(FM_ODE_TORCHDIFFEQ, 0.9, 0, 5, false) == 1 &&
                fm_ode_step_factor(FM_ODE_TORCHDIFFEQ, 1, 0, 5, false) == 0.9);
    double with_memory = 0.9 * pow(0.5, -0.7 / 5) * pow(0.2, 0.4 / 5);
    assert_true(fabs(fm_ode_step_factor(FM_ODE_PI, 0.5, 0.2, 5, false) - with_memory) < 1e-15);
    assert_true(fabs(fm_ode_step_factor(FM_ODE_PI, 0.5, 0, 5, false) - fm_ode_step_factor(FM_ODE_SCIPY, 0.5, 0, 5, false)) < 1e-15);
}

/* numpy.dot adds four slopes as d y + (c x + (a u + b v)), each but the last with one rounding. */
static void slopes_are_added_in_the_order_that_the_plan_names(void **state) {
    (void)state;
    enum { N = 64, M = 5 };
    const double w[M] = {0.1, 0.7, -0.3, 1.0 / 3, 0.9}, x[N] = {0};
    real rows[M][N], *k[M];
    double plain[N], scipy[N];
    for (int j = 0; j < M; j++) {
        k[j] = rows[M - 1 - j]; /* wherever the rows lie */
        for (int i = 0; i < N; i++) k[j][i] = sin(1.0 + 5 * i + j);
    }
    int differ = 0;
    fm_ode_sum(&fm_ode_plain_order, N, x, 1, M, w, k, plain, NULL);
    fm_ode_sum(&fm_ode_scipy_order, N, x, 1, M, w, k, scipy, NULL);
    for (int i = 0; i < N; i++) {
        assert_true(plain[i] == (((w[0] * k[0][i] + w[1] * k[1][i]) + w[2] * k[2][i]) + w[3] * k[3][i]) + w[4] * k[4][i]);
        assert_true(scipy[i] == fma(k[3][i], w[3], fma(k[2][i], w[2], fma(k[0][i], w[0], k[1][i] * w[1]))) + k[4][i] * w[4]);
        differ += plain[i] != scipy[i];
    }
    assert_true(differ > 0);
}

static void broken_tableaus_are_refused(void **state) {
    (void)state;
    fm_error err;
    fm_tableau m = rk4_form;
    m.c[1] = 0.4;
    assert_false(fm_tableau_complete(&m, &err));
    m = rk4_form;
    m.b[0] = 1;
    assert_false(fm_tableau_complete(&m, &err));
    m = rk4_form;
    m.a[1][0] = 0;
    m.a[1][2] = 0.5;
    assert_false(fm_tableau_complete(&m, &err));
    assert_non_null(strstr(err.text, "stage 2 uses stage 3"));
    m = rk23_form;
    m.e[0] = 0;
    assert_false(fm_tableau_complete(&m, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(matches_scipy, open_golden, close_golden),
        cmocka_unit_test(fixed_steps_have_their_order),
        cmocka_unit_test(fixed_steps_count_and_save),
        cmocka_unit_test(budgets_are_exact),
        cmocka_unit_test(many_numbers_have_the_error_of_one),
        cmocka_unit_test(trouble_is_a_status),
        cmocka_unit_test(a_solve_goes_on_from_its_middle_to_the_same_bits),
        cmocka_unit_test(controllers_follow_their_rules),
        cmocka_unit_test(slopes_are_added_in_the_order_that_the_plan_names),
        cmocka_unit_test(broken_tableaus_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
