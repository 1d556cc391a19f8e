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
        cmocka_unit_test(the_normal_distribution_is_right_in_its_tails),
        cmocka_unit_test(beyond_its_tails_it_is_0_or_1),
        cmocka_unit_test(sin_and_cos_are_right_near_their_roots_too),
        cmocka_unit_test(a_power_is_right_for_all_floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
