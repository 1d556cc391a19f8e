/* The float versions of vmath.h over their whole range, beside libm in double. (The core that tests
 * link with computes in double; this file uses the header alone.) */
#undef FM_DOUBLE
#include "vmath.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* |found - right| in units of the last place of a float near `right`. */
static double places(float found, double right) {
    int exponent;
    frexp(right, &exponent);
    double unit = ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
    return fabs((double)found - right) / unit;
}

static void raise_to(double *most, double now) {
    if (now > *most) *most = now;
}

static double below(double x) {
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

static void the_normal_distribution_is_right_in_its_tails(void **state) {
    (void)state;
    double p = 0, density = 0, gelu = 0, slope = 0, sum = 0, n = 0;
    for (int64_t i = -12900000; i <= 12900000; i += 7) {
        float x = (float)i * 1e-6f, d, found = v_normal(x, &d);
        double exact = (double)x, right = below(exact), right_density = exp(-0.5 * exact * exact) * 0.39894228040143267794;
        assert_true(isfinite(found) && isfinite(d));
        raise_to(&p, places(found, right));
        raise_to(&density, places(d, right_density));
        raise_to(&gelu, places(x * found, exact * right));
        raise_to(&slope, fabs((double)(found + x * d) - (right + exact * right_density)));
        sum += places(found, right), n++;
    }
    print_message("P %.2f (mean %.2f), density %.2f, gelu %.2f units in the last place; slope of gelu %.2g\n", p, sum / n, density, gelu,
                  slope);
    assert_true(p < 4.5 && sum / n < 0.7 && density < 2.2 && gelu < 5 && slope < 2e-7);
}

static void beyond_its_tails_it_is_0_or_1(void **state) {
    (void)state;
    const float far[] = {12.95f, 13.5f, 100, 1e19f, FLT_MAX, INFINITY};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        float d;
        assert_true(v_normal(far[i], &d) == 1 && d == 0);
        assert_true(v_normal(-far[i], &d) == 0 && d == 0);
    }
    float d, at_0 = v_normal(0, &d);
    assert_true(fabsf(at_0 - 0.5f) < 1e-7f && fabsf(v_normal(-0.0f, &d) - at_0) < 1e-7f);
    assert_true(v_normal(-12.9f, &d) > FLT_MIN && d > FLT_MIN);
}

static void sin_and_cos_are_right_near_their_roots_too(void **state) {
    (void)state;
    double most = 0;
    for (int64_t i = -1000000; i <= 1000000; i++) {
        const float points[] = {(float)i, (float)i * 1e-5f, (float)((double)i * 0.5 * 1.5707963267948966)};
        for (size_t k = 0; k < 3; k++) {
            float x = points[k];
            raise_to(&most, places(v_sin(x), sin((double)x)));
            raise_to(&most, places(v_cos(x), cos((double)x)));
        }
    }
    print_message("sin and cos %.2f units in the last place\n", most);
    assert_true(most < 1.6);
}

/* Calls `check` for floats of every size and both signs. */
static void for_many(void (*check)(float x)) {
    for (uint32_t bits = 0; bits < 0x7f800000; bits += 997) {
        check(v_from_bits((int32_t)bits));
        check(-v_from_bits((int32_t)bits));
    }
}

static struct { double exp, inner, log, tanh, tanh_slope, sigmoid, of_minus, expm1, exp_below; } worst;

static void exponentials_of(float x) {
    double exact = (double)x;
    float e;
    if (exact > -103.9 && exact < 88.72) raise_to(&worst.exp, places(v_exp(x), exp(exact)));
    if (exact > -87.3 && exact < 88.3) raise_to(&worst.inner, places(v_exp_inner(x), exp(exact)));
    if (!(exact <= 0)) return;
    raise_to(&worst.expm1, places(v_expm1_below(x, &e), expm1(exact)));
    if (exact > -87.3) raise_to(&worst.exp_below, places(e, exp(exact)));
}

static void exponentials_are_right(void **state) {
    (void)state;
    for_many(exponentials_of);
    print_message("exp %.2f and %.2f, expm1 %.2f with exp %.2f units in the last place\n", worst.exp, worst.inner, worst.expm1,
                  worst.exp_below);
    assert_true(worst.exp < 1.1 && worst.inner < 1.1 && worst.expm1 < 0.9 && worst.exp_below < 1.1);
    assert_true(v_exp(-INFINITY) == 0 && v_exp(INFINITY) == INFINITY && isnan(v_exp(NAN)));
    assert_true(v_exp_inner(-INFINITY) == 0 && v_exp_inner(-88) == 0 && v_exp_inner(INFINITY) == INFINITY && isnan(v_exp_inner(NAN)));
    float e;
    assert_true(v_expm1_below(-INFINITY, &e) == -1 && e == 0 && isnan(v_expm1_below(NAN, &e)) && isnan(e));
    assert_true(v_expm1_below(-0.0f, &e) == 0 && e == 1);
}

static void logarithm_of(float x) {
    if (x > 0) raise_to(&worst.log, places(v_log(x), log((double)x)));
}

static void the_logarithm_is_right(void **state) {
    (void)state;
    for_many(logarithm_of);
    print_message("log %.2f units in the last place\n", worst.log);
    assert_true(worst.log < 0.9);
    assert_true(v_log(0) == -INFINITY && v_log(INFINITY) == INFINITY && isnan(v_log(-1)) && isnan(v_log(NAN)) && v_log(1) == 0);
}

static void curves_of(float x) {
    double exact = (double)x, slope = 1 / (cosh(exact) * cosh(exact));
    float s, m;
    raise_to(&worst.tanh, places(v_tanh(x, &s), tanh(exact)));
    if (slope > 1e-37) raise_to(&worst.tanh_slope, places(s, slope));
    s = v_sigmoid(x, &m);
    if (exact > -87.3) raise_to(&worst.sigmoid, places(s, 1 / (1 + exp(-exact))));
    if (fabs(exact) < 87.3) raise_to(&worst.of_minus, places(m, 1 / (1 + exp(exact))));
}

static void tanh_and_sigmoid_are_right(void **state) {
    (void)state;
    for_many(curves_of);
    print_message("tanh %.2f, its slope %.2f, sigmoid %.2f, of -x %.2f units in the last place\n", worst.tanh, worst.tanh_slope,
                  worst.sigmoid, worst.of_minus);
    assert_true(worst.tanh < 2.2 && worst.tanh_slope < 4.1 && worst.sigmoid < 2.4 && worst.of_minus < 2.8);
    float s;
    assert_true(v_tanh(INFINITY, &s) == 1 && s == 0 && v_tanh(-INFINITY, &s) == -1 && s == 0 && isnan(v_tanh(NAN, &s)));
    assert_true(v_tanh(0, &s) == 0 && s == 1 && signbit(v_tanh(-0.0f, &s)) && s == 1);
    assert_true(v_sigmoid(INFINITY, &s) == 1 && s == 0 && v_sigmoid(-INFINITY, &s) == 0 && s == 1 && isnan(v_sigmoid(NAN, &s)));
}

/* For drawn normals. */
static void sin_and_cos_together_are_right(void **state) {
    (void)state;
    double farthest = 0;
    for (int i = -800000; i <= 800000; i++) {
        float x = (float)i * 0.01f, s, c;
        v_sincos(x, &s, &c);
        raise_to(&farthest, fabs((double)s - sin((double)x)));
        raise_to(&farthest, fabs((double)c - cos((double)x)));
    }
    print_message("sin and cos %.2g\n", farthest);
    assert_true(farthest < 1e-7);
}

static void a_power_is_right_for_all_floats(void **state) {
    (void)state;
    double most = 0;
    const double powers[] = {2.5, -2.5, 0.1, -0.1, 1.0 / 3, 0.5, -0.5, -1, -3, 4, 7, 20, 1e-8, 1e8, 1e300};
    for (uint32_t bits = 1; bits < 0x7f800000; bits += 9973) {
        float x = v_from_bits((int32_t)bits);
        for (size_t k = 0; k < sizeof powers / sizeof *powers; k++) {
            double right = pow((double)x, powers[k]);
            float found = v_pow(x, powers[k]);
            if (right > (double)FLT_MAX || right < 0x1p-149)
                assert_true(fabs((double)found - (right > 1 ? INFINITY : right)) <= 0x1p-149 || isinf(found));
            else raise_to(&most, places(found, right));
        }
    }
    print_message("pow %.3f units in the last place\n", most);
    assert_true(most < 0.52 && v_pow(1, 1e300) == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponentials_are_right),
        cmocka_unit_test(the_logarithm_is_right),
        cmocka_unit_test(tanh_and_sigmoid_are_right),
        cmocka_unit_test(sin_and_cos_together_are_right),
        cmocka_unit_test(the_normal_distribution_is_right_in_its_tails),
        cmocka_unit_test(beyond_its_tails_it_is_0_or_1),
        cmocka_unit_test(sin_and_cos_are_right_near_their_roots_too),
        cmocka_unit_test(a_power_is_right_for_all_floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
