/* Plans, draws from them, choices of sites and matchings of random samples, of all sizes: what
 * holds for each. Mostly for the sanitizers. */
#include "blas.h"
#include "pairing.h"
#include "semidiscrete.h"
#include "sinkhorn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROWS = 70, DIMENSIONS = 12, ROUNDS = 200 };
static real a[ROWS * DIMENSIONS], b[ROWS * DIMENSIONS], plan[ROWS * ROWS], other[ROWS * ROWS];
static size_t row[ROWS];
static uint64_t state = 1;

static double uniform(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) / 9007199254740992.0;
}

static size_t size_to(size_t most) {
    return 1 + (size_t)(uniform() * (double)most);
}

static fm_samples draw(size_t n, size_t m, size_t d) {
    for (size_t i = 0; i < n * d; i++) a[i] = (real)(uniform() * 4 - 2);
    for (size_t i = 0; i < m * d; i++) b[i] = (real)(uniform() * 4 - 2);
    return (fm_samples){n, m, d, a, b};
}

static void plans_have_their_columns(void **unused) {
    (void)unused;
    fm_error err;
    for (int round = 0; round < ROUNDS; round++) {
        fm_samples s = draw(size_to(ROWS), size_to(ROWS), size_to(DIMENSIONS));
        fm_sinkhorn o = {.reg = pow(10, -(double)(round % 12)), .iterations = size_to(60), .tolerance = 1e-9};
        assert_true(fm_sinkhorn_plan(&s, &o, plan, &err));
        double off = 0;
        for (size_t j = 0; j < s.m; j++) {
            double sum = 0;
            for (size_t i = 0; i < s.n; i++) sum += (double)plan[i * s.m + j];
            off = fmax(off, fabs(sum - 1 / (double)s.m));
            other[j] = (real)uniform();
        }
        assert_true(off < 1e-6 && o.error >= 0 && o.used <= o.iterations && o.cost >= 0);
        fm_draw_rows(s.n, s.m, plan, other, row);
        for (size_t j = 0; j < s.m; j++) assert_true(row[j] < s.n && plan[row[j] * s.m + j] > 0);
    }
}

static void sites_are_the_best(void **unused) {
    (void)unused;
    fm_error err;
    for (int round = 0; round < ROUNDS; round++) {
        fm_samples s = draw(size_to(ROWS), size_to(ROWS), size_to(DIMENSIONS));
        for (size_t j = 0; j < s.m; j++) other[j] = (real)uniform();
        const fm_sites sites = {s.m, s.d, b, other};
        assert_true(fm_choose_sites(&sites, s.n, a, row, &err));
        for (size_t i = 0; i < s.n; i++) {
            double best = -INFINITY, chosen = 0;
            for (size_t j = 0; j < s.m; j++) {
                double score = (double)other[j];
                for (size_t k = 0; k < s.d; k++) score += 2 * (double)a[i * s.d + k] * (double)b[j * s.d + k];
                best = fmax(best, score);
                if (j == row[i]) chosen = score;
            }
            assert_true(row[i] < s.m && chosen > best - 1e-4);
        }
    }
}

static void matchings_are_permutations(void **unused) {
    (void)unused;
    fm_error err;
    for (int round = 0; round < ROUNDS; round++) {
        size_t n = size_to(ROWS);
        fm_samples s = draw(n, n, size_to(DIMENSIONS));
        for (size_t i = 0; i < n * s.d && round % 2; i++) a[i] = (real)floor((double)a[i]); /* equal rows */
        for (size_t i = 0; i < n * n; i++) other[i] = (real)(round % 3 ? uniform() : floor(uniform() * 2));
        double weight;
        assert_true(fm_condition_weight(&s, other, uniform(), &weight, &err) && weight >= 0);
        for (int kind = 0; kind < 3; kind++) {
            bool taken[ROWS] = {false};
            assert_true(kind < 2 ? fm_match(&s, kind == 1, row, &err) : fm_match_conditions(&s, other, weight, row, &err));
            for (size_t i = 0; i < n; i++) {
                assert_true(row[i] < n && !taken[row[i]]);
                taken[row[i]] = true;
            }
        }
        a[size_to(n * s.d) - 1] = NAN;
        assert_false(fm_match(&s, false, row, &err));
        fm_sinkhorn o = {.reg = 1, .iterations = 3};
        assert_false(fm_sinkhorn_plan(&s, &o, plan, &err));
    }
}

int main(void) {
    fm_error err;
    if (!fm_blas_start(&err)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_have_their_columns),
        cmocka_unit_test(sites_are_the_best),
        cmocka_unit_test(matchings_are_permutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
