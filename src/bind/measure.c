/* core.measure: what metrics and couplings are made of. The metrics themselves are lua/fm/metrics. */
#include "assignment.h"
#include "bind.h"
#include "distance.h"
#include "eigen.h"
#include "tape.h"

#include <stdlib.h>
#include <string.h>

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
    double *wide = scratch(L, cost->count * sizeof *wide);
    for (size_t i = 0; i < cost->count; i++) wide[i] = (double)fm_data(cost)[i];
    fm_error err;
    if (!fm_assignment(n, wide, column, &err)) bind_raise(L, &err);
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
    double sum = 0;
    for (size_t i = 0; i < s.n; i++) {
        double e = 0;
        for (size_t k = 0; k < s.d; k++) {
            double x = (double)s.a[i * s.d + k] - (double)s.b[column[i] * s.d + k];
            e += x * x;
        }
        sum += root ? sqrt(e) : e;
    }
    lua_pushnumber(L, sum / (double)s.n);
    return 1;
}

static int measure_mean_distance(lua_State *L) {
    fm_samples s = check_samples(L);
    lua_pushnumber(L, fm_mean_distance(&s));
    return 1;
}

static int measure_mean_kernel(lua_State *L) { /* mean_kernel(a, b, sigma, apart) */
    fm_samples s = check_samples(L);
    bool apart = lua_toboolean(L, 4);
    if (apart && s.m < 2) bind_error(L, "metric: an unbiased mean needs at least 2 samples");
    lua_pushnumber(L, fm_mean_kernel(&s, bind_check_number(L, 3), apart));
    return 1;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void project(const real *x, size_t n, size_t d, const fm_tensor *directions, size_t k, double *to) {
    size_t count = directions->shape[1];
    for (size_t i = 0; i < n; i++) {
        to[i] = 0;
        for (size_t j = 0; j < d; j++) to[i] += (double)x[i * d + j] * (double)fm_data(directions)[j * count + k];
    }
    qsort(to, n, sizeof *to, ascending);
}

static int measure_sliced(lua_State *L) { /* sliced(a, b, directions [D, k]) -> mean over directions and ranks of squared differences */
    fm_samples s = check_samples(L);
    const fm_tensor *directions = bind_check_tensor(L, 3);
    char text[FM_SHAPE_TEXT];
    check_as_many(L, "sliced", &s);
    if (directions->rank != 2 || directions->shape[0] != s.d || !directions->shape[1])
        bind_error(L, "sliced: directions are %s: expected [%zu, k]", fm_shape_text(directions, text), s.d);
    double *a = scratch(L, s.n * sizeof *a), *b = scratch(L, s.n * sizeof *b), total = 0;
    for (size_t k = 0; k < directions->shape[1]; k++) {
        project(s.a, s.n, s.d, directions, k, a);
        project(s.b, s.n, s.d, directions, k, b);
        double sum = 0;
        for (size_t i = 0; i < s.n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
        total += sum / (double)s.n;
    }
    lua_pushnumber(L, total / (double)directions->shape[1]);
    return 1;
}

/* ---- covariances ---- */

static void moments(size_t n, size_t d, const real *x, double *mean, double *covariance) {
    for (size_t j = 0; j < d; j++) {
        mean[j] = 0;
        for (size_t i = 0; i < n; i++) mean[j] += (double)x[i * d + j];
        mean[j] /= (double)n;
    }
    memset(covariance, 0, d * d * sizeof *covariance);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < d; j++) {
            double e = (double)x[i * d + j] - mean[j];
            for (size_t k = 0; k <= j; k++) covariance[j * d + k] += e * ((double)x[i * d + k] - mean[k]);
        }
    }
    for (size_t j = 0; j < d; j++) {
        for (size_t k = 0; k <= j; k++) covariance[k * d + j] = covariance[j * d + k] /= (double)(n - 1);
    }
}

/* root = V sqrt(values) V^T of a symmetric matrix that is not negative; `a` is overwritten. */
static void matrix_root(size_t d, double *a, double *values, double *vectors, double *root) {
    fm_eigen_symmetric(d, a, values, vectors);
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j < d; j++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++) sum += vectors[i * d + k] * sqrt(fmax(values[k], 0)) * vectors[j * d + k];
            root[i * d + j] = sum;
        }
    }
}

static void product(size_t d, const double *a, const double *b, double *c) {
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j < d; j++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++) sum += a[i * d + k] * b[k * d + j];
            c[i * d + j] = sum;
        }
    }
}

enum { MAX_COVARIANCE = 1024 };

/* |m - m'|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2): the squared distance of Frechet 1957 between Gaussians; Dowson and Landau 1982. */
static int measure_frechet(lua_State *L) {
    fm_samples s = check_samples(L);
    size_t d = s.d, square = d * d;
    if (s.n < 2 || s.m < 2) bind_error(L, "frechet_distance: needs at least 2 samples of each");
    if (d > MAX_COVARIANCE) bind_error(L, "frechet_distance: %zu dimensions are over the limit of %d", d, MAX_COVARIANCE);
    double *m = scratch(L, (6 * square + 3 * d) * sizeof *m);
    double *a = m, *b = m + square, *work = m + 2 * square, *vectors = m + 3 * square, *root = m + 4 * square, *other = m + 5 * square;
    double *mean_a = m + 6 * square, *mean_b = mean_a + d, *values = mean_b + d, result = 0;
    moments(s.n, d, s.a, mean_a, a);
    moments(s.m, d, s.b, mean_b, b);
    memcpy(work, a, square * sizeof *a);
    matrix_root(d, work, values, vectors, root);
    product(d, root, b, other);
    product(d, other, root, work);
    fm_eigen_symmetric(d, work, values, vectors);
    for (size_t i = 0; i < d; i++) {
        result += (mean_a[i] - mean_b[i]) * (mean_a[i] - mean_b[i]) + a[i * d + i] + b[i * d + i] - 2 * sqrt(fmax(values[i], 0));
    }
    lua_pushnumber(L, result);
    return 1;
}

static int measure_components(lua_State *L) { /* components(x [n, D], k) -> mean [D], components [D, k], by falling variance */
    const fm_tensor *x = bind_check_tensor(L, 1);
    char text[FM_SHAPE_TEXT];
    if (x->rank != 2 || x->shape[0] < 2) bind_error(L, "pca: x is %s: expected [n, D] with at least 2 rows", fm_shape_text(x, text));
    size_t d = x->shape[1], k = (size_t)bind_check_integer(L, 2, "pca: k", 1, (lua_Integer)d), shape[2] = {d, k};
    if (d > MAX_COVARIANCE) bind_error(L, "pca: %zu dimensions are over the limit of %d", d, MAX_COVARIANCE);
    double *a = scratch(L, (2 * d * d + 2 * d) * sizeof *a), *vectors = a + d * d, *mean = vectors + d * d, *values = mean + d;
    moments(x->shape[0], d, fm_data(x), mean, a);
    fm_eigen_symmetric(d, a, values, vectors);
    real *to = fm_data(bind_push_result(L, 1, &d));
    for (size_t i = 0; i < d; i++) to[i] = (real)mean[i];
    to = fm_data(bind_push_result(L, 2, shape));
    for (size_t j = 0; j < k; j++) {
        size_t top = 0; /* the largest entry of each is positive: a sign that does not depend on rounding */
        for (size_t i = 1; i < d; i++) top = fabs(vectors[i * d + j]) > fabs(vectors[top * d + j]) ? i : top;
        for (size_t i = 0; i < d; i++) to[i * k + j] = (real)(vectors[top * d + j] < 0 ? -vectors[i * d + j] : vectors[i * d + j]);
    }
    return 2;
}

static const bind_function functions[] = {
    {"assignment", measure_assignment, 1},
    {"pairing", measure_pairing, 2},
    {"transport", measure_transport, 3},
    {"mean_distance", measure_mean_distance, 2},
    {"mean_kernel", measure_mean_kernel, 4},
    {"sliced", measure_sliced, 3},
    {"frechet", measure_frechet, 2},
    {"components", measure_components, 2},
    {NULL, NULL, 0},
};

void bind_measure(lua_State *L) {
    lua_newtable(L);
    bind_functions(L, NULL, functions);
    lua_setfield(L, -2, "measure");
}
