/* fm_fma beside libm's fmaf. */
#include "fma.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t word = 1;

static uint32_t next_bits(void) {
    word = word * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(word >> 32);
}

/* A float of any size, or one whose exponent is `middle` +- 8, with all digits or few. */
static float next_float(int kind, uint32_t middle) {
    uint32_t bits = next_bits(), exponent = middle - 8 + next_bits() % 16;
    if (kind) bits = (bits & 0x807fffff) | exponent << 23;
    if (next_bits() % 2) bits &= 0xfffff000;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void check(float a, float b, float c) {
    float found = fm_fma(a, b, c), right = fmaf(a, b, c);
    if (isnan(right)) assert_true(isnan(found));
    else assert_true(found == right && signbit(found) == signbit(right));
}

static void it_is_rounded_once(void **state) {
    (void)state;
    for (int i = 0; i < 1000000; i++) {
        check(next_float(0, 0), next_float(0, 0), next_float(0, 0));
        check(next_float(1, 127), next_float(1, 127), next_float(1, 127));
        check(next_float(1, 127), next_float(1, 127), next_float(1, 103)); /* a sum that decides between two floats */
        check(next_float(1, 64), next_float(1, 64), next_float(1, 9));     /* subnormal */
        float a = next_float(1, 127), b = next_float(1, 127);
        check(a, b, -(a * b)); /* nothing is left but what rounding took */
    }
}

static void what_is_no_number_stays_so(void **state) {
    (void)state;
    const float some[] = {0, -0.0f, 1, -1, 0x1p-149f, 0x1.fffffep127f, INFINITY, -INFINITY, NAN};
    enum { N = sizeof some / sizeof *some };
    for (size_t i = 0; i < N * N * N; i++) check(some[i % N], some[i / N % N], some[i / N / N]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_rounded_once),
        cmocka_unit_test(what_is_no_number_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
