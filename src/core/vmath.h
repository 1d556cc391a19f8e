/* Elementary functions as branch-free C, so that a loop over them vectorizes inside an FM_CLONES
 * function. Float versions are within 1.5 units in the last place of the result, v_sigmoid 2.5 (and
 * 0 where the result is subnormal), v_sincos 8e-8 absolute (the reductions and polynomials are
 * those of the Cephes library's float functions, S. Moshier); fmrun64 uses libm. No function reads
 * errno, rounding mode or MXCSR. */
#ifndef FM_VMATH_H
#define FM_VMATH_H

#include "real.h"

#include <string.h>

#define V_FAR R(1e6) /* v_sin and v_cos take no |x| beyond it */

#ifdef FM_DOUBLE

FM_INLINE double v_exp(double x) {
    return exp(x);
}
FM_INLINE double v_log(double x) {
    return log(x);
}
FM_INLINE void v_sincos(double x, double *s, double *c) {
    *s = sin(x);
    *c = cos(x);
}
FM_INLINE double v_sin(double x) {
    return sin(x);
}
FM_INLINE double v_cos(double x) {
    return cos(x);
}
FM_INLINE double v_pow(double x, double p) { /* 0 < x < infinity */
    return pow(x, p);
}

#else

FM_INLINE float v_from_bits(int32_t i) {
    float f;
    memcpy(&f, &i, sizeof f);
    return f;
}
FM_INLINE int32_t v_to_bits(float f) {
    int32_t i;
    memcpy(&i, &f, sizeof i);
    return i;
}

/* Differences and powers that wrap around where there is no result (a NaN, say); never
 * undefined. */
FM_INLINE int32_t v_sub(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a - (uint32_t)b);
}
FM_INLINE float v_power_of_two(int32_t n) {
    return v_from_bits((int32_t)(((uint32_t)n + 127u) << 23));
}

/* e^r for |r| <= ln 2 / 2. */
FM_INLINE float v_exp_near(float r) {
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return (p * r * r + r) + 1.0f;
}

/* exp x = 2^n e^r, |r| <= ln 2 / 2. The scaling is done in two factors, so that results near the
 * ends of the range are right. */
FM_INLINE float v_exp(float x) {
    float y = x < -104.0f ? -104.0f : x;
    y = y > 89.0f ? 89.0f : y;
    float shifted = y * 1.44269504088896341f + 12582912.0f; /* 1.5 * 2^23: the sum's low bits are the nearest integer */
    float n = shifted - 12582912.0f;
    int32_t k = v_sub(v_to_bits(shifted), 0x4B400000);
    float p = v_exp_near((y - n * 0.693359375f) + n * 2.12194440e-4f);
    int32_t half = k >> 1;
    return p * v_power_of_two(half) * v_power_of_two(v_sub(k, half));
}

FM_INLINE float v_log(float x) {
    float big = x < FLT_MIN ? x * 8388608.0f : x; /* subnormal numbers, scaled by 2^23 */
    int32_t bits = v_to_bits(big);
    int32_t e = v_sub(bits, 0x3F3504F3) >> 23; /* so that the mantissa lies in sqrt(1/2) .. sqrt 2 */
    float m = v_from_bits(v_sub(bits, e * 8388608)) - 1.0f;
    float n = (float)e - (x < FLT_MIN ? 23.0f : 0.0f), z = m * m;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    float y = m * z * p + n * -2.12194440e-4f - 0.5f * z + m + n * 0.693359375f;
    y = x > FLT_MAX ? x : y;
    y = x == 0 ? -INFINITY : y;
    return x >= 0 ? y : NAN;
}

/* For |x| < 8192; beyond it the reduction loses digits (callers with larger arguments use libm). */
FM_INLINE void v_sincos(float x, float *s, float *c) {
    float shifted = x * 0.636619772367581343f + 12582912.0f;
    float n = shifted - 12582912.0f;
    int32_t q = v_sub(v_to_bits(shifted), 0x4B400000);
    float r = ((x - n * 1.5703125f) - n * 4.837512969970703125e-4f) - n * 7.549789948768648e-8f;
    float z = r * r;
    float sn = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r;
    float cs = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1.0f;
    float a = (q & 1) ? cs : sn, b = (q & 1) ? sn : cs;
    *s = (q & 2) ? -a : a;
    *c = (v_sub(q, -1) & 2) ? -b : b;
}

/* x = q pi / 2 + r, |r| <= pi / 4, for |x| <= V_FAR; reduced in double, so that r keeps its digits
 * (pi / 2 in two parts, of which q times the first is exact). Then sin or cos of r. */
FM_INLINE float v_wave(float x, int32_t quarter) {
    double shifted = (double)x * 0.63661977236758134308 + 0x1.8p52, n = shifted - 0x1.8p52;
    float r = (float)(((double)x - n * 0x1.921fb544p+0) - n * 0x1.0b4611a626331p-34);
    int64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    int32_t q = (int32_t)(uint32_t)(uint64_t)bits + quarter;
    float z = r * r;
    float sn = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r;
    float cs = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1.0f;
    float y = (q & 1) ? cs : sn;
    return (q & 2) ? -y : y;
}
FM_INLINE float v_sin(float x) {
    return v_wave(x, 0);
}
FM_INLINE float v_cos(float x) {
    return v_wave(x, 1);
}

/* x^p for 0 < x < infinity, computed in double: x = 2^e m, log m by its series in (m - 1) / (m + 1)
 * to an error of 5e-11, then e^r by its own to 2e-10. */
FM_INLINE float v_pow(float x, double p) {
    double wide = (double)x, m, exponent;
    uint64_t bits;
    memcpy(&bits, &wide, sizeof bits);
    uint64_t above = (bits >> 52) | 0x4330000000000000, mantissa = (bits & 0x000fffffffffffff) | 0x3ff0000000000000;
    memcpy(&m, &mantissa, sizeof m);
    memcpy(&exponent, &above, sizeof exponent); /* 2^52 + the biased exponent */
    bool large = m > 1.41421356237309504880;
    m = large ? 0.5 * m : m;
    exponent = exponent - (0x1p52 + 1023) + (large ? 1.0 : 0.0);
    double s = (m - 1) / (m + 1), z = s * s, l = 1.0 / 11;
    l = l * z + 1.0 / 9;
    l = l * z + 1.0 / 7;
    l = l * z + 1.0 / 5;
    l = l * z + 1.0 / 3;
    l = l * z + 1.0;
    double t = p * (exponent + 2.88539008177792681472 * s * l); /* p log2 x; the factor is 2 / log 2 */
    t = t < -1000 ? -1000 : t;
    t = t > 1000 ? 1000 : t;
    double shifted = t + 0x1.8p52, r = (t - (shifted - 0x1.8p52)) * 0.69314718055994530942, e = 1.0 / 40320;
    e = e * r + 1.0 / 5040;
    e = e * r + 1.0 / 720;
    e = e * r + 1.0 / 120;
    e = e * r + 1.0 / 24;
    e = e * r + 1.0 / 6;
    e = e * r + 0.5;
    e = e * r + 1;
    e = e * r + 1;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return (float)(e * scale);
}

#endif

/* The sigmoid of x, and of -x: its slope is their product, without the cancellation in 1 -
 * sigmoid. */
FM_INLINE real v_sigmoid(real x, real *of_minus) {
    real e = v_exp(-x), y = 1 / (1 + e);
    *of_minus = x < 0 ? 1 - y : e * y;
    return y;
}

/* tanh x, and its slope 1 - tanh^2 x without its cancellation: both from the sigmoid of -2|x|. */
FM_INLINE real v_tanh(real x, real *slope) {
    real a = r_fabs(x), q = 1 / (v_exp(2 * a) + 1);
    real far = 1 - 2 * q;
    far = x < 0 ? -far : far;
    *slope = 4 * q * (1 - q);
#ifdef FM_DOUBLE
    return a < 0.625 ? tanh(x) : far;
#else
    float z = x * x;
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    float near = p * z * x + x;
    return a < 0.625f ? near : far;
#endif
}

/* The normal distribution: P(X < x), and its density, accurate in the tails too. In float P is
 * right to 0.7 units in the last place in the mean and 4.3 at most, the density to 2.1; both are 0
 * beyond 12.9 on the left, where P is about to become subnormal, and the density on the right
 * too. */
FM_INLINE real v_normal(real x, real *density) {
    const real scale = R(0.39894228040143267794); /* 1 / sqrt(2 pi) */
#ifdef FM_DOUBLE
    *density = scale * exp(-0.5 * x * x);
    return 0.5 * erfc(-0.70710678118654752440 * x);
#else
    /* e = exp(-a^2 / 2), a = |x|: a is split into a head of 12 bits, whose square is exact, and the
     * rest, and the exponent y + u is reduced as in v_exp. */
    float a = r_fabs(x) > 13.0f ? 13.0f : r_fabs(x);
    float head = v_from_bits(v_to_bits(a) & ~0xFFF), y = -0.5f * head * head, u = -0.5f * (a - head) * (a + head);
    float shifted = (y + u) * 1.44269504088896341f + 12582912.0f, n = shifted - 12582912.0f;
    float p = v_exp_near((y - n * 0.693359375f) + n * 2.12194440e-4f + u);
    float e = p * v_power_of_two(v_sub(v_to_bits(shifted), 0x4B400000));
    e = r_fabs(x) > 12.9f ? 0.0f : e;
    /* e / P(X < -a) = 2 / erfcx(a / sqrt 2) is sqrt(2 pi) a + over / under, with an error of 6e-8
     * of it: a least-squares fit on 0..13 whose weights were raised where the error was large
     * (Lawson 1961), until it was even. All terms are positive, so no digits cancel. */
    float over = 0.0284302756f, under = 0.0113527514f;
    over = over * a + 0.254596263f;
    over = over * a + 0.990618527f;
    over = over * a + 1.99999988f;
    under = under * a + 0.101185597f;
    under = under * a + 0.423694611f;
    under = under * a + 0.950736403f;
    under = under * a + 1.0f;
    float below = e * (under / (2.50662827f * a * under + over));
    *density = scale * e;
    return x < 0 ? below : 1.0f - below;
#endif
}

/* exp x - 1 for x <= 0, without losing digits of a small x, and exp x, without losing those of a
 * large x. */
FM_INLINE real v_expm1_below(real x, real *exp_x) {
    real e = v_exp(x), far = e - 1;
    *exp_x = e;
#ifdef FM_DOUBLE
    return x > -0.35 ? expm1(x) : far;
#else
    float p = 1.0f / 5040.0f;
    p = p * x + 1.0f / 720.0f;
    p = p * x + 1.0f / 120.0f;
    p = p * x + 1.0f / 24.0f;
    p = p * x + 1.0f / 6.0f;
    p = p * x + 0.5f;
    p = p * x * x + x;
    return x > -0.35f ? p : far;
#endif
}

/* log(1 + e) for 0 <= e <= 1, by the correction of the rounded sum. */
FM_INLINE real v_log1p_unit(real e) {
#ifdef FM_DOUBLE
    return log1p(e);
#else
    float u = 1.0f + e;
    return v_log(u) + (e - (u - 1.0f)) / u;
#endif
}

#endif
