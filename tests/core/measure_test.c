/* Distances between samples, covariances, the Frechet distance and principal components, against
 * values found by hand. */
#include "covariance.h"
#include "pair_means.h"
#include "pairing.h"
#include "pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_near(double found, double wanted, double within) { /* cmocka compares floats */
    if (!(fabs(found - wanted) <= within)) print_error("found %.17g, expected %.17g\n", found, wanted);
    assert_true(fabs(found - wanted) <= within);
}

static const real square[] = {0, 0, 2, 0, 0, 2, 2, 2}; /* its corners, [4, 2] */

static double mean_distance(const fm_samples *s) {
    double mean;
    fm_error err;
    assert_true(fm_mean_distance(s, &mean, &err));
    return mean;
}

static double mean_gaussian(const fm_samples *s, double sigma, bool apart) {
    double mean;
    fm_error err;
    assert_true(fm_mean_gaussian(s, 1, &sigma, apart, &mean, &err));
    return mean;
}

static double mean_cubic(const fm_samples *s, bool apart) {
    double mean;
    fm_error err;
    assert_true(fm_mean_cubic(s, apart, &mean, &err));
    return mean;
}

static void distances_of_pairs(void **unused) {
    (void)unused;
    const real a[] = {0, 3}, b[] = {4, 0, -1};
    fm_samples s = {2, 3, 1, a, b};
    double costs[6];
    fm_pair_costs(&s, false, costs);
    const double wanted[] = {16, 0, 1, 1, 9, 16};
    for (int i = 0; i < 6; i++) assert_near(costs[i], wanted[i], 0);
    fm_pair_costs(&s, true, costs);
    for (int i = 0; i < 6; i++) assert_near(costs[i], sqrt(wanted[i]), 0);
    assert_near(mean_distance(&s), (4 + 0 + 1 + 1 + 3 + 4) / 6.0, 1e-15);
}

static void kernels(void **unused) {
    (void)unused;
    const real x[] = {0, 1, 3};
    fm_samples s = {3, 3, 1, x, x};
    double near = exp(-0.5), far = exp(-4.5), middle = exp(-2);
    assert_near(mean_gaussian(&s, 1, false), (3 + 2 * (near + far + middle)) / 9, 1e-15);
    assert_near(mean_gaussian(&s, 1, true), (near + far + middle) / 3, 1e-15);
    assert_near(mean_cubic(&s, true), (1 + 1 + 64) / 3.0, 1e-13); /* (a b + 1)^3 of 0 1, 0 3, 1 3 */
}

static void cost_of_a_matching(void **unused) {
    (void)unused;
    const real a[] = {0, 0, 3, 4}, b[] = {3, 3, 0, 1};
    const size_t crossed[] = {1, 0};
    fm_samples s = {2, 2, 2, a, b};
    assert_near(fm_matched_cost(&s, false, crossed), 1, 1e-15);
    assert_near(fm_matched_cost(&s, true, crossed), 1, 1e-15);
    const size_t straight[] = {0, 1};
    assert_near(fm_matched_cost(&s, false, straight), (18 + 18) / 2.0, 1e-13);
    size_t best[2];
    fm_error err;
    assert_true(fm_match(&s, false, best, &err));
    assert_int_equal(best[0], 1);
    assert_int_equal(best[1], 0);
}

static void sliced_is_the_distance_of_what_is_sorted(void **unused) {
    (void)unused;
    const real b[] = {3, 0, 1, 0, 3, 2, 1, 2};         /* the square, moved by 1, its rows in another order */
    const real directions[] = {1, 0, 0.6, 0, 1, -0.8}; /* [2, 3]: along x, along y, between */
    fm_samples s = {4, 4, 2, square, b};
    fm_error err;
    double squared = -1;
    assert_true(fm_sliced(&s, 1, (const real[]){1, 0}, &squared, &err));
    assert_near(squared, 1, 1e-15);
    assert_true(fm_sliced(&s, 1, (const real[]){0, 1}, &squared, &err));
    assert_near(squared, 0, 1e-15);
    assert_true(fm_sliced(&s, 3, directions, &squared, &err));
    assert_near(squared, (1 + 0 + 0.36) / 3, 1e-14);
}

static void covariance_of_a_square(void **unused) {
    (void)unused;
    double mean[2], covariance[4];
    fm_covariance(4, 2, square, mean, covariance);
    const double wanted[] = {4 / 3.0, 0, 0, 4 / 3.0};
    for (int i = 0; i < 2; i++) assert_near(mean[i], 1, 0);
    for (int i = 0; i < 4; i++) assert_near(covariance[i], wanted[i], 1e-15);
    const real line[] = {1, 2, 2, 4, 3, 6};
    fm_covariance(3, 2, line, mean, covariance);
    const double of_line[] = {1, 2, 2, 4};
    for (int i = 0; i < 4; i++) assert_near(covariance[i], of_line[i], 1e-15);
}

static void frechet_between_gaussians(void **unused) {
    (void)unused;
    const real b[] = {5, 1, 11, 1, 5, 7, 11, 7}; /* the square times 3, about (8, 4): its covariance is 9 times as large */
    fm_samples same = {4, 4, 2, square, square}, s = {4, 4, 2, square, b};
    fm_error err;
    double squared = -1;
    assert_true(fm_frechet(&same, &squared, &err));
    assert_near(squared, 0, 1e-14);
    assert_true(fm_frechet(&s, &squared, &err));
    assert_near(squared, 49 + 9 + 2 * (4 / 3.0) * (3 - 1) * (3 - 1), 1e-12); /* (sigma - sigma')^2 along each axis */
    const real line[] = {0, 0, 1, 1, 2, 2, 3, 3}; /* a covariance of rank 1, and one that does not commute with the next */
    const real other[] = {0, 0, 4, 0, 0, 1, 4, 1};
    fm_samples flat = {4, 4, 2, line, other};
    double cov_a = 5 / 3.0, x = 16 / 3.0,
           y = 1 / 3.0; /* A = cov_a [1 1; 1 1], B = diag(x, y): tr (A^1/2 B A^1/2)^1/2 = (cov_a (x + y))^1/2 */
    assert_true(fm_frechet(&flat, &squared, &err));
    assert_near(squared, 0.25 + 1 + 2 * cov_a + x + y - 2 * sqrt(cov_a * (x + y)), 1e-7); /* a root of a rounded 0 */
}

static void components_by_falling_variance(void **unused) {
    (void)unused;
    const real x[] = {-3, -4, 3, 4, 0.8, -0.6, -0.8, 0.6}; /* along (0.6, 0.8) by 5, across it by 1 */
    real mean[2], components[4];
    fm_error err;
    assert_true(fm_components(4, 2, x, 2, mean, components, &err));
    const real wanted[] = {0.6, 0.8, 0.8, -0.6}; /* columns; the largest entry of each is positive */
    for (int i = 0; i < 4; i++) assert_near(components[i], wanted[i], 1e-14);
    for (int i = 0; i < 2; i++) assert_near(mean[i], 0, 1e-15);
    assert_true(fm_components(4, 2, x, 1, mean, components, &err));
    assert_near(components[0], 0.6, 1e-14);
    assert_near(components[1], 0.8, 1e-14);
}

static void a_matrix_that_is_not_finite_has_no_eigenvalues(void **unused) {
    (void)unused;
    enum { N = 5 };
    const double odd[] = {NAN, INFINITY, -INFINITY};
    for (size_t k = 0; k < 3 * N; k++) {
        double a[N * N] = {0}, values[N], vectors[N * N];
        for (size_t i = 0; i < N; i++) a[i * N + i] = 1;
        a[k / 3 * N + k / 3] = odd[k % 3];
        fm_eigen_symmetric(N, a, values, vectors);
        for (size_t i = 0; i < N; i++) assert_true(isnan(values[i]));
        for (size_t i = 0; i < N * N; i++) assert_true(isnan(vectors[i]));
    }
}

#ifndef __SANITIZE_ADDRESS__ /* there the pool hands every block to the system, and leaks are seen */
static void scratch_comes_back(void **unused) {
    (void)unused;
    fm_samples s = {4, 4, 2, square, square};
    fm_error err;
    double squared;
    size_t before = 0;
    for (int i = 0; i < 3; i++) {
        if (i == 1) before = fm_pool_mallocs();
        real mean[2], components[4];
        assert_true(fm_frechet(&s, &squared, &err) && fm_sliced(&s, 1, square, &squared, &err));
        assert_true(fm_components(4, 2, square, 2, mean, components, &err));
    }
    assert_int_equal(fm_pool_mallocs(), before);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_of_pairs),
        cmocka_unit_test(kernels),
        cmocka_unit_test(cost_of_a_matching),
        cmocka_unit_test(sliced_is_the_distance_of_what_is_sorted),
        cmocka_unit_test(covariance_of_a_square),
        cmocka_unit_test(frechet_between_gaussians),
        cmocka_unit_test(components_by_falling_variance),
        cmocka_unit_test(a_matrix_that_is_not_finite_has_no_eigenvalues),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(scratch_comes_back),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
