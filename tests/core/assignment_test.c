/* The assignment against all orders, against duality on larger problems, and what it must
 * refuse. */
#include "assignment.h"
#include "pairing.h"
#include "threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 300 };
static double cost[MOST * MOST];
static real given[MOST * MOST];
static size_t column[MOST];
static uint64_t state = 1;

static double uniform(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) / 9007199254740992.0;
}

static double total(size_t n) { /* also checks that no column is used twice */
    bool taken[MOST] = {false};
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(column[i] < n && !taken[column[i]]);
        taken[column[i]] = true;
        sum += cost[i * n + column[i]];
    }
    return sum;
}

static double best_order(size_t n, size_t row, unsigned taken) {
    double least = row == n ? 0 : INFINITY;
    for (size_t j = 0; j < n && row < n; j++) {
        if (!(taken >> j & 1)) least = fmin(least, cost[row * n + j] + best_order(n, row + 1, taken | 1u << j));
    }
    return least;
}

static void small_problems_match_all_orders(void **unused) {
    (void)unused;
    fm_error err;
    for (int round = 0; round < 400; round++) {
        size_t n = 1 + (size_t)round % 8;
        for (size_t i = 0; i < n * n; i++) cost[i] = round % 3 ? uniform() * 20 - 10 : floor(uniform() * 4); /* every third has ties */
        assert_true(fm_assignment(n, cost, column, &err));
        assert_float_equal(total(n), best_order(n, 0, 0), 1e-9);
    }
}

/* In an optimal assignment no cycle of rows gains by passing columns on: Bellman-Ford finds
 * none. */
static void assert_optimal(size_t n) {
    static double potential[MOST];
    for (size_t i = 0; i < n; i++) potential[i] = 0;
    bool changed = true;
    for (size_t sweep = 0; sweep <= n && changed; sweep++) {
        changed = false;
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < n; k++) {
                double through = potential[i] + cost[i * n + column[k]] - cost[i * n + column[i]];
                if (through < potential[k] - 1e-9) {
                    potential[k] = through;
                    changed = true;
                }
            }
        }
    }
    assert_false(changed);
}

static void large_problems_have_no_better_ring(void **unused) {
    (void)unused;
    fm_error err;
    const size_t sizes[] = {9, 16, 23, 64, 129, MOST}; /* the search takes 8 columns at a time: with and without a rest */
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = sizes[s];
        for (int ties = 0; ties < 2; ties++) {
            for (size_t i = 0; i < n * n; i++) cost[i] = ties ? floor(uniform() * 5) : uniform();
            assert_true(fm_assignment(n, cost, column, &err));
            double least = total(n);
            assert_optimal(n);
            for (size_t i = 0; i < n * n; i++) given[i] = (real)cost[i];
            for (size_t i = 0; i < n * n; i++) cost[i] = (double)given[i];
            assert_true(fm_match_costs(n, given, column, &err)); /* sorts rows and columns first */
            assert_float_equal(total(n), least, 1e-5);
            assert_optimal(n);
        }
    }
}

static void matches_samples(void **unused) {
    (void)unused;
    fm_error err;
    static real a[200 * 3], b[200 * 3];
    for (size_t i = 0; i < 600; i++) {
        a[i] = (real)uniform();
        b[i] = (real)(5 + 0.3 * uniform());
    }
    fm_samples s = {200, 200, 3, a, b};
    for (int root = 0; root < 2; root++) {
        assert_true(fm_match(&s, root, column, &err));
        fm_pair_costs(&s, root, cost);
        total(200);
        assert_optimal(200);
    }
}

/* Points on a line, where by W1 many matchings are the best and rounding makes them differ in the
 * last place; repeated points; points of a grid; a sample against itself. */
static void point_of(int kind, real shift, real *x) {
    double u = uniform(), v = uniform();
    if (kind == 1) v = 7 * u / 6;
    if (kind == 2) u = v = 0;
    if (kind == 3) u = v = floor(4 * u);
    if (kind == 4) u = floor(6 * u), v = floor(6 * v);
    x[0] = (real)u + shift;
    x[1] = (real)v;
}

static void degenerate_samples_have_no_better_ring(void **unused) {
    (void)unused;
    fm_error err;
    enum { N = 200 };
    static real a[N * 2], b[N * 2];
    for (int kind = 0; kind < 5; kind++) {
        for (int shift = 0; shift < 3; shift++) {
            for (size_t i = 0; i < N; i++) {
                point_of(kind == 2 ? 0 : kind, 0, a + 2 * i);
                point_of(kind, (real)(0.5 * shift * shift), b + 2 * i);
            }
            for (int same = 0; same < 2; same++) {
                fm_samples s = {N, N, 2, a, same ? a : b};
                for (int root = 0; root < 2; root++) {
                    assert_true(fm_match(&s, root, column, &err));
                    fm_pair_costs(&s, root, cost);
                    double least = total(N);
                    if (same) assert_float_equal(least, 0, 0);
                    assert_optimal(N);
                    for (size_t i = 0; i < N * N; i++) given[i] = (real)cost[i];
                    assert_true(fm_match_costs(N, given, column, &err));
                    assert_true(fabs(total(N) - least) <= fmax(least, 1) * 1e-4);
                }
            }
        }
    }
}

/* The matching does not change when all costs are scaled by a power of two, however large or
 * small. */
static void the_scale_of_costs_does_not_matter(void **unused) {
    (void)unused;
    fm_error err;
    enum { N = 130 };
    static size_t first[N];
    static double scaled[N * N];
    for (size_t i = 0; i < N * N; i++) cost[i] = uniform() - 0.5;
    assert_true(fm_assignment(N, cost, first, &err));
    const int powers[] = {-1000, -500, 1, 996};
    for (size_t k = 0; k < sizeof powers / sizeof *powers; k++) {
        for (size_t i = 0; i < N * N; i++) scaled[i] = ldexp(cost[i], powers[k]);
        assert_true(fm_assignment(N, scaled, column, &err));
        assert_memory_equal(column, first, sizeof first);
    }
}

static void threads_change_nothing(void **unused) {
    (void)unused;
    fm_error err;
    enum { N = 261 }; /* rows of 261 x 5 numbers: several tiles, and an uneven last one */
    static real a[N * 5], b[N * 5];
    static size_t first[N];
    for (size_t i = 0; i < N * 5; i++) {
        a[i] = (real)uniform();
        b[i] = (real)uniform();
    }
    fm_samples s = {N, N, 5, a, b};
    for (int root = 0; root < 2; root++) {
        assert_true(fm_match(&s, root, first, &err));
        fm_pair_costs(&s, root, cost);
        memcpy(column, first, sizeof first);
        assert_optimal(N);
        const int threads[] = {2, 3, 4, 8, 1};
        for (size_t k = 0; k < sizeof threads / sizeof *threads; k++) {
            assert_true(fm_set_threads(threads[k], &err));
            assert_true(fm_match(&s, root, column, &err));
            assert_memory_equal(column, first, sizeof first);
        }
    }
}

static void a_constant_cost_is_any_order(void **unused) {
    (void)unused;
    fm_error err;
    for (size_t i = 0; i < MOST * MOST; i++) cost[i] = 2;
    assert_true(fm_assignment(MOST, cost, column, &err));
    assert_float_equal(total(MOST), 2 * MOST, 1e-9);
    assert_true(fm_assignment(0, cost, column, &err));
}

static void costs_that_are_not_finite_are_refused(void **unused) {
    (void)unused;
    fm_error err;
    for (size_t i = 0; i < 9; i++) cost[i] = 1;
    cost[5] = NAN;
    assert_false(fm_assignment(3, cost, column, &err));
    assert_non_null(strstr(err.text, "row 2, column 3"));
    cost[5] = 2e300;
    assert_false(fm_assignment(3, cost, column, &err));
    assert_non_null(strstr(err.text, "over the limit"));
    cost[5] = -INFINITY;
    assert_false(fm_assignment(3, cost, column, &err));
    for (size_t i = 0; i < 9; i++) given[i] = (real)(9 - i);
    given[7] = NAN;
    assert_false(fm_match_costs(3, given, column, &err));
    assert_non_null(strstr(err.text, "row 3, column 2 is not finite"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_problems_match_all_orders),
        cmocka_unit_test(large_problems_have_no_better_ring),
        cmocka_unit_test(matches_samples),
        cmocka_unit_test(degenerate_samples_have_no_better_ring),
        cmocka_unit_test(the_scale_of_costs_does_not_matter),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_constant_cost_is_any_order),
        cmocka_unit_test(costs_that_are_not_finite_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
