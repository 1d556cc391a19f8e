/* core.measure: the functions that metrics and couplings are built from. The metrics are in
 * lua/fm/metrics. */
#include "bind.h"
#include "covariance.h"
#include "neighbours.h"
#include "pair_means.h"
#include "pairing.h"
#include "semidiscrete.h"
#include "sinkhorn.h"

/* Two samples [n, D], [m, D] at arguments 1 and 2. */
static fm_samples check_samples(lua_State *L) {
    const fm_tensor *a = bind_check_tensor(L, 1), *b = bind_check_tensor(L, 2);
    char p[FM_SHAPE_TEXT], q[FM_SHAPE_TEXT];
    if (a->rank != 2 || b->rank != 2 || a->shape[1] != b->shape[1] || !a->count || !b->count)
        bind_error(L, "metric: samples are %s and %s: expected [n, D] and [m, D]", fm_shape_text(a, p), fm_shape_text(b, q));
    return (fm_samples){a->shape[0], b->shape[0], a->shape[1], fm_data(a), fm_data(b)};
}

static void check_as_many(lua_State *L, const char *who, const fm_samples *s) {
    if (s->n != s->m) bind_error(L, "%s: samples are [%zu, %zu] and [%zu, %zu]: expected as many of each", who, s->n, s->d, s->m, s->d);
}

/* Scratch that Lua frees, also when an error is raised. */
static void *scratch(lua_State *L, size_t bytes) {
    return lua_newuserdatauv(L, bytes ? bytes : 1, 0);
}

static int push_columns(lua_State *L, size_t n, const size_t *column) {
    fm_tensor *t = bind_push_result(L, 1, &n);
    for (size_t i = 0; i < n; i++) fm_data(t)[i] = (real)(column[i] + 1);
    return 1;
}

static int measure_assignment(lua_State *L) { /* assignment(cost [n, n]) -> 1-based columns [n] */
    const fm_tensor *cost = bind_check_tensor(L, 1);
    char text[FM_SHAPE_TEXT];
    if (cost->rank != 2 || cost->shape[0] != cost->shape[1])
        bind_error(L, "assignment: cost is %s: expected [n, n]", fm_shape_text(cost, text));
    size_t n = cost->shape[0], *column = scratch(L, n * sizeof *column);
    fm_error err;
    if (!fm_match_costs(n, fm_data(cost), column, &err)) bind_raise(L, &err);
    return push_columns(L, n, column);
}

/* For each row of a its row of b in the exact transport between samples of one size. */
static size_t *transport(lua_State *L, const fm_samples *s, bool root) {
    check_as_many(L, "transport", s);
    fm_error err;
    size_t *column = scratch(L, s->n * sizeof *column);
    if (!fm_match(s, root, column, &err)) bind_raise(L, &err);
    return column;
}

static int measure_pairing(lua_State *L) { /* pairing(a, b) -> for each row of a its row of b, 1-based, by least squared distance */
    fm_samples s = check_samples(L);
    size_t *column = transport(L, &s, false);
    return push_columns(L, s.n, column);
}

static int measure_transport(lua_State *L) { /* transport(a, b, power) -> mean over pairs of distance^power, power 1 or 2 */
    fm_samples s = check_samples(L);
    bool root = bind_check_integer(L, 3, "transport: power", 1, 2) == 1;
    const size_t *column = transport(L, &s, root);
    lua_pushnumber(L, fm_matched_cost(&s, root, column));
    return 1;
}

static int push_mean(lua_State *L, bool done, double mean, const fm_error *err) {
    if (!done) bind_raise(L, err);
    lua_pushnumber(L, mean);
    return 1;
}

static int measure_mean_distance(lua_State *L) { /* mean_distance(a, b): over all pairs */
    fm_samples s = check_samples(L);
    double mean;
    fm_error err;
    bool done = fm_mean_distance(&s, &mean, &err);
    return push_mean(L, done, mean, &err);
}

/* mean_gaussian(a, b, sigmas, apart): the sum over the widths of means over all pairs. */
static int measure_mean_gaussian(lua_State *L) {
    fm_samples s = check_samples(L);
    bind_check_table(L, 3);
    bool apart = lua_toboolean(L, 4);
    size_t count = lua_rawlen(L, 3);
    double *sigma = scratch(L, count * sizeof *sigma), mean;
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 3, (lua_Integer)i + 1);
        sigma[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    fm_error err;
    bool done = fm_mean_gaussian(&s, count, sigma, apart, &mean, &err);
    return push_mean(L, done, mean, &err);
}

static int measure_mean_cubic(lua_State *L) { /* mean_cubic(a, b, apart) */
    fm_samples s = check_samples(L);
    double mean;
    fm_error err;
    bool done = fm_mean_cubic(&s, lua_toboolean(L, 3), &mean, &err);
    return push_mean(L, done, mean, &err);
}

static int measure_sliced(lua_State *L) { /* sliced(a, b, directions [D, k]) -> mean over directions and ranks of squared differences */
    fm_samples s = check_samples(L);
    const fm_tensor *directions = bind_check_tensor(L, 3);
    char text[FM_SHAPE_TEXT];
    check_as_many(L, "sliced", &s);
    if (directions->rank != 2 || directions->shape[0] != s.d || !directions->shape[1])
        bind_error(L, "sliced: directions are %s: expected [%zu, k]", fm_shape_text(directions, text), s.d);
    double squared;
    fm_error err;
    if (!fm_sliced(&s, directions->shape[1], fm_data(directions), &squared, &err)) bind_raise(L, &err);
    lua_pushnumber(L, squared);
    return 1;
}

/* ---- neighbours ---- */

static int measure_not_finite(lua_State *L) { /* not_finite(x [n, D]) -> the first row with a number that is not finite, or nil */
    const fm_tensor *x = bind_check_tensor(L, 1);
    size_t n = x->rank && x->count ? x->shape[0] : 0, row = n ? fm_first_not_finite(n, x->count / n, fm_data(x)) : 0;
    if (row == n) return 0;
    lua_pushinteger(L, (lua_Integer)row + 1);
    return 1;
}

static int measure_nearest(lua_State *L) { /* nearest(a, b) -> for each row of a its nearest row of b, 1-based [n], distance [n] */
    fm_samples s = check_samples(L);
    size_t *index = scratch(L, s.n * sizeof *index);
    double *squared = scratch(L, s.n * sizeof *squared);
    fm_error err;
    if (!fm_nearest(&s, 1, false, index, squared, &err)) bind_raise(L, &err);
    push_columns(L, s.n, index);
    real *distance = fm_data(bind_push_result(L, 1, &s.n));
    for (size_t i = 0; i < s.n; i++) distance[i] = (real)sqrt(squared[i]);
    return 2;
}

static size_t count_positive(size_t n, const size_t *count) {
    size_t positive = 0;
    for (size_t i = 0; i < n; i++) positive += count[i] > 0;
    return positive;
}

/* within(a, b, k) -> the share of rows of a that lie in a ball, the mean number of balls around
 * each, the share of balls that hold a row of a. The balls are around the rows of b; each reaches
 * to the k-th nearest other row of b. */
static int measure_within(lua_State *L) {
    fm_samples s = check_samples(L), own = {s.m, s.m, s.d, s.b, s.b};
    size_t k = (size_t)bind_check_integer(L, 3, "within: k", 1, (lua_Integer)s.m - 1), pairs = 0;
    size_t *index = scratch(L, s.m * k * sizeof *index), *of_a = scratch(L, (s.n + s.m) * sizeof *of_a), *of_b = of_a + s.n;
    double *squared = scratch(L, s.m * k * sizeof *squared);
    fm_error err;
    if (!fm_nearest(&own, k, true, index, squared, &err)) bind_raise(L, &err);
    for (size_t j = 0; j < s.m; j++) squared[j] = squared[j * k + k - 1];
    if (!fm_within(&s, squared, of_a, of_b, &err)) bind_raise(L, &err);
    for (size_t i = 0; i < s.n; i++) pairs += of_a[i];
    lua_pushnumber(L, (double)count_positive(s.n, of_a) / (double)s.n);
    lua_pushnumber(L, (double)pairs / (double)s.n);
    lua_pushnumber(L, (double)count_positive(s.m, of_b) / (double)s.m);
    return 3;
}

/* ---- covariances ---- */

static void check_dimensions(lua_State *L, const char *who, size_t d) {
    if (d > FM_COVARIANCE_MOST) bind_error(L, "%s: %zu dimensions are over the limit of %d", who, d, FM_COVARIANCE_MOST);
}

static int measure_frechet(lua_State *L) { /* frechet(a, b) -> the squared distance between Gaussians of their means and covariances */
    fm_samples s = check_samples(L);
    if (s.n < 2 || s.m < 2) bind_error(L, "frechet_distance: needs at least 2 samples of each");
    check_dimensions(L, "frechet_distance", s.d);
    double squared;
    fm_error err;
    if (!fm_frechet(&s, &squared, &err)) bind_raise(L, &err);
    lua_pushnumber(L, squared);
    return 1;
}

static int measure_components(lua_State *L) { /* components(x [n, D], k) -> mean [D], components [D, k], by falling variance */
    const fm_tensor *x = bind_check_tensor(L, 1);
    char text[FM_SHAPE_TEXT];
    if (x->rank != 2 || x->shape[0] < 2) bind_error(L, "pca: x is %s: expected [n, D] with at least 2 rows", fm_shape_text(x, text));
    size_t d = x->shape[1], k = (size_t)bind_check_integer(L, 2, "pca: k", 1, (lua_Integer)d), shape[2] = {d, k};
    check_dimensions(L, "pca", d);
    real *mean = fm_data(bind_push_result(L, 1, &d)), *components = fm_data(bind_push_result(L, 2, shape));
    fm_error err;
    if (!fm_components(x->shape[0], d, fm_data(x), k, mean, components, &err)) bind_raise(L, &err);
    return 2;
}

/* ---- what couplings need ---- */

static const fm_tensor *check_conditions(lua_State *L, const fm_samples *s) { /* [n, n] at argument 3 */
    const fm_tensor *c = bind_check_tensor(L, 3);
    char text[FM_SHAPE_TEXT];
    check_as_many(L, "conditional_ot", s);
    if (c->rank != 2 || c->shape[0] != s->n || c->shape[1] != s->n)
        bind_error(L, "conditional_ot: distances of conditions are %s: expected [%zu, %zu]", fm_shape_text(c, text), s->n, s->n);
    for (size_t i = 0; i < c->count; i++) {
        if (!(fm_data(c)[i] >= 0 && fm_data(c)[i] <= FM_REAL_MAX))
            bind_error(L, "conditional_ot: the distance of conditions %zu and %zu is %g: expected a finite number >= 0", i / s->n + 1,
                       i % s->n + 1, (double)fm_data(c)[i]);
    }
    return c;
}

/* conditional_pairing(x1, x0, c, weight) -> for each row of x1 its row of x0, 1-based, by least
 * |x0_i - x1_j|^2 + weight c_ij */
static int measure_conditional_pairing(lua_State *L) {
    fm_samples s = check_samples(L);
    const fm_tensor *c = check_conditions(L, &s);
    double weight = bind_check_number(L, 4);
    size_t *column = scratch(L, s.n * sizeof *column);
    fm_error err;
    if (!fm_match_conditions(&s, fm_data(c), weight, column, &err)) bind_raise(L, &err);
    return push_columns(L, s.n, column);
}

static int measure_condition_weight(lua_State *L) { /* condition_weight(x1, x0, c, ratio) -> weight: see pairing.h */
    fm_samples s = check_samples(L);
    const fm_tensor *c = check_conditions(L, &s);
    double weight;
    fm_error err;
    if (!fm_condition_weight(&s, fm_data(c), bind_check_number(L, 4), &weight, &err)) bind_raise(L, &err);
    lua_pushnumber(L, weight);
    return 1;
}

static int measure_pair_costs(lua_State *L) { /* pair_costs(a [n, D], b [m, D]) -> squared distances [n, m] */
    fm_samples s = check_samples(L);
    size_t shape[2] = {s.n, s.m};
    fm_pair_squares(&s, fm_data(bind_push_result(L, 2, shape)));
    return 1;
}

/* transport_plan(x0, x1, reg, iterations, tolerance) -> plan [n, m], iterations, error, cost */
static int measure_transport_plan(lua_State *L) {
    fm_samples s = check_samples(L);
    fm_sinkhorn o = {.reg = bind_check_number(L, 3), .tolerance = bind_check_number(L, 5)};
    o.iterations = (size_t)bind_check_integer(L, 4, "transport_plan: iterations", 1, LUA_MAXINTEGER);
    if (!(o.reg > 0)) bind_error(L, "transport_plan: reg is %g: expected a number > 0", o.reg);
    size_t shape[2] = {s.n, s.m};
    fm_tensor *plan = bind_push_result(L, 2, shape);
    fm_error err;
    if (!fm_sinkhorn_plan(&s, &o, fm_data(plan), &err)) bind_raise(L, &err);
    lua_pushinteger(L, (lua_Integer)o.used);
    lua_pushnumber(L, o.error);
    lua_pushnumber(L, o.cost);
    return 4;
}

static int measure_draw_rows(lua_State *L) { /* draw_rows(plan [n, m], u [m]) -> for each column a row by its share, 1-based */
    const fm_tensor *plan = bind_check_tensor(L, 1), *u = bind_check_tensor(L, 2);
    char p[FM_SHAPE_TEXT], q[FM_SHAPE_TEXT];
    if (plan->rank != 2 || u->rank != 1 || u->count != plan->shape[1])
        bind_error(L, "draw_rows: plan is %s, u is %s: expected [n, m] and [m]", fm_shape_text(plan, p), fm_shape_text(u, q));
    size_t *row = scratch(L, u->count * sizeof *row);
    fm_draw_rows(plan->shape[0], plan->shape[1], fm_data(plan), fm_data(u), row);
    return push_columns(L, u->count, row);
}

/* choose_sites(x [B, D], y [N, D], shift [N]) -> for each x the y with the largest shift + 2 x . y,
 * 1-based; and how often each was chosen [N] */
static int measure_choose_sites(lua_State *L) {
    fm_samples s = check_samples(L);
    const fm_tensor *shift = bind_check_tensor(L, 3);
    if (shift->count != s.m) bind_error(L, "choose_sites: %zu shifts for %zu points", shift->count, s.m);
    size_t *index = scratch(L, s.n * sizeof *index);
    const fm_sites sites = {.n = s.m, .d = s.d, .y = s.b, .shift = fm_data(shift)};
    fm_error err;
    if (!fm_choose_sites(&sites, s.n, s.a, index, &err)) bind_raise(L, &err);
    push_columns(L, s.n, index);
    real *counts = fm_data(bind_push_result(L, 1, &s.m));
    for (size_t j = 0; j < s.m; j++) counts[j] = 0;
    for (size_t i = 0; i < s.n; i++) counts[index[i]]++;
    return 2;
}

static const bind_function functions[] = {
    {"assignment", measure_assignment, 1},
    {"pairing", measure_pairing, 2},
    {"transport", measure_transport, 3},
    {"mean_distance", measure_mean_distance, 2},
    {"mean_gaussian", measure_mean_gaussian, 4},
    {"mean_cubic", measure_mean_cubic, 3},
    {"sliced", measure_sliced, 3},
    {"not_finite", measure_not_finite, 1},
    {"nearest", measure_nearest, 2},
    {"within", measure_within, 3},
    {"frechet", measure_frechet, 2},
    {"components", measure_components, 2},
    {"conditional_pairing", measure_conditional_pairing, 4},
    {"condition_weight", measure_condition_weight, 4},
    {"pair_costs", measure_pair_costs, 2},
    {"transport_plan", measure_transport_plan, 5},
    {"draw_rows", measure_draw_rows, 2},
    {"choose_sites", measure_choose_sites, 3},
    {NULL, NULL, 0},
};

void bind_measure(lua_State *L) {
    lua_newtable(L);
    bind_functions(L, NULL, functions);
    lua_setfield(L, -2, "measure");
}
