/* Elementary functions as branch-free C, so that a loop over them vectorizes inside an FM_CLONES
 * function. Float versions are within 1.6 units in the last place of the result; v_sigmoid 2.8 and
 * v_tanh 2.2, its slope 4.1; v_sincos 1e-7 absolute (the polynomials are those of the Cephes
 * library's float functions, S. Moshier). v_sigmoid is 0 where the result is subnormal. fmrun64
 * uses libm. No function reads errno, rounding mode or MXCSR. */
#ifndef FM_VMATH_H
#define FM_VMATH_H

#include "real.h"

#include <string.h>

#define V_FAR R(1e6) /* v_sin and v_cos take no |x| beyond it */

#ifdef FM_DOUBLE

FM_INLINE double v_exp(double x) {
    return exp(x);
}
FM_INLINE double v_exp_inner(double x) {
    return exp(x);
}
FM_INLINE double v_expm1_below(double x, double *exp_x) {
    *exp_x = exp(x);
    return expm1(x);
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

/* a b + c, rounded once. On a processor without the instruction gcc calls fmaf, here by the name of
 * ours (fma.h): glibc's takes fifty times as long. */
#if defined(__GNUC__) && !defined(__clang__)
float fmaf(float, float, float) __asm__("fm_fma");
#endif
FM_INLINE float v_fma(float a, float b, float c) {
    return __builtin_fmaf(a, b, c);
}

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

/* x = n log 2 + r, |r| <= log 2 / 2. */
typedef struct v_reduced {
    float r;
    int32_t n;
} v_reduced;
FM_INLINE v_reduced v_reduce_exp(float x) {
    float shifted = v_fma(x, 1.44269504088896341f, 12582912.0f); /* 1.5 * 2^23: the sum's low bits are the nearest integer */
    float n = shifted - 12582912.0f;
    return (v_reduced){v_fma(n, 2.12194440e-4f, v_fma(n, -0.693359375f, x)), v_sub(v_to_bits(shifted), 0x4B400000)};
}

/* e^r - 1 for |r| <= log 2 / 2. */
FM_INLINE float v_expm1_near(float r) {
    float p = 1.9875691500e-4f;
    p = v_fma(p, r, 1.3981999507e-3f);
    p = v_fma(p, r, 8.3334519073e-3f);
    p = v_fma(p, r, 4.1665795894e-2f);
    p = v_fma(p, r, 1.6666665459e-1f);
    p = v_fma(p, r, 5.0000001201e-1f);
    return v_fma(p, r * r, r);
}

/* The scaling is done in two factors, so that results near the ends of the range are right. */
FM_INLINE float v_exp(float x) {
    float y = x < -104.0f ? -104.0f : x;
    v_reduced e = v_reduce_exp(y > 89.0f ? 89.0f : y);
    int32_t half = e.n >> 1;
    return (v_expm1_near(e.r) + 1.0f) * v_power_of_two(half) * v_power_of_two(v_sub(e.n, half));
}

/* e^x scaled in one factor: 0 where e^x is subnormal, and infinite from 88.4 on. */
FM_INLINE float v_exp_inner(float x) {
    float y = x < -88.0f ? -88.0f : x;
    v_reduced e = v_reduce_exp(y > 89.0f ? 89.0f : y);
    return (v_expm1_near(e.r) + 1.0f) * v_power_of_two(e.n);
}

/* e^x - 1 and e^x for x <= 0, without losing digits of a small x or of a large one; e^x is 0 where
 * it is subnormal. */
FM_INLINE float v_expm1_below(float x, float *exp_x) {
    v_reduced e = v_reduce_exp(x < -88.0f ? -88.0f : x);
    float p = v_expm1_near(e.r), scale = v_power_of_two(e.n);
    *exp_x = v_fma(scale, p, scale);
    return v_fma(scale, p, scale - 1.0f);
}

FM_INLINE float v_log(float x) {
    float scale = x < FLT_MIN ? 8388608.0f : 1.0f; /* 2^23 for subnormal numbers */
    int32_t bits = v_to_bits(x * scale);
    int32_t e = v_sub(bits, 0x3F3504F3) >> 23; /* so that the mantissa lies in sqrt(1/2) .. sqrt 2 */
    float m = v_from_bits(v_sub(bits, e * 8388608)) - 1.0f;
    float n = (float)e - (x < FLT_MIN ? 23.0f : 0.0f), z = m * m;
    float p = 7.0376836292e-2f;
    p = v_fma(p, m, -1.1514610310e-1f);
    p = v_fma(p, m, 1.1676998740e-1f);
    p = v_fma(p, m, -1.2420140846e-1f);
    p = v_fma(p, m, 1.4249322787e-1f);
    p = v_fma(p, m, -1.6668057665e-1f);
    p = v_fma(p, m, 2.0000714765e-1f);
    p = v_fma(p, m, -2.4999993993e-1f);
    p = v_fma(p, m, 3.3333331174e-1f);
    float rest = v_fma(m * z, p, v_fma(n, -2.12194440e-4f, -0.5f * z));
    float y = v_fma(n, 0.693359375f, rest + m);
    y = x > FLT_MAX ? x : y;
    y = x == 0 ? -INFINITY : y;
    return x >= 0 ? y : NAN;
}

/* x = q pi / 2 + r, |r| <= pi / 4, for |x| <= V_FAR. pi / 2 is in three parts: x less q times the
 * first is exact, so r keeps its digits near the roots too. */
typedef struct v_turned {
    float r;
    int32_t q;
} v_turned;
FM_INLINE v_turned v_turn(float x) {
    float shifted = v_fma(x, 0.636619772367581343f, 12582912.0f), q = shifted - 12582912.0f;
    float r = v_fma(q, 0x1.ee59dap-50f, v_fma(q, 0x1.777a5cp-25f, v_fma(q, -0x1.921fb6p+0f, x)));
    return (v_turned){r, v_sub(v_to_bits(shifted), 0x4B400000)};
}

/* sin and cos of r. */
FM_INLINE float v_sin_near(float r, float z) {
    return v_fma(v_fma(v_fma(-1.9515295891e-4f, z, 8.3321608736e-3f), z, -1.6666654611e-1f), z * r, r);
}
FM_INLINE float v_cos_near(float z) {
    float p = v_fma(v_fma(2.443315711809948e-5f, z, -1.388731625493765e-3f), z, 4.166664568298827e-2f);
    return v_fma(p, z * z, v_fma(-0.5f, z, 1.0f));
}

FM_INLINE void v_sincos(float x, float *s, float *c) {
    v_turned t = v_turn(x);
    float z = t.r * t.r, sn = v_sin_near(t.r, z), cs = v_cos_near(z);
    float a = (t.q & 1) ? cs : sn, b = (t.q & 1) ? sn : cs;
    *s = (t.q & 2) ? -a : a;
    *c = (v_sub(t.q, -1) & 2) ? -b : b;
}
FM_INLINE float v_sin(float x) {
    float s, c;
    v_sincos(x, &s, &c);
    return s;
}
FM_INLINE float v_cos(float x) {
    float s, c;
    v_sincos(x, &s, &c);
    return c;
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
    real e = v_exp_inner(-x), y = 1 / (1 + e);
    *of_minus = x < 0 ? 1 - y : e * y;
    return y;
}

/* tanh x, and its slope 1 - tanh^2 x without its cancellation: both from e = exp(-2|x|). */
FM_INLINE real v_tanh(real x, real *slope) {
    real e, less = v_expm1_below(-2 * r_fabs(x), &e), y = -less / (1 + e);
    *slope = e * (1 + y) * (1 + y);
    return x < 0 ? -y : y;
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
    /* e = exp(-a^2 / 2), a = |x|: what rounding takes from a^2 is added to the exponent reduced. */
    float a = r_fabs(x) > 13.0f ? 13.0f : r_fabs(x), square = a * a;
    v_reduced reduced = v_reduce_exp(-0.5f * square);
    float e = (v_expm1_near(v_fma(-0.5f, v_fma(a, a, -square), reduced.r)) + 1.0f) * v_power_of_two(reduced.n);
    e = r_fabs(x) > 12.9f ? 0.0f : e;
    /* e / P(X < -a) = 2 / erfcx(a / sqrt 2) is sqrt(2 pi) a + over / under, with an error of 6e-8
     * of it: a least-squares fit on 0..13 whose weights were raised where the error was large
     * (Lawson 1961), until it was even. All terms are positive, so no digits cancel. */
    float over = 0.0284302756f, under = 0.0113527514f;
    over = v_fma(over, a, 0.254596263f);
    over = v_fma(over, a, 0.990618527f);
    over = v_fma(over, a, 1.99999988f);
    under = v_fma(under, a, 0.101185597f);
    under = v_fma(under, a, 0.423694611f);
    under = v_fma(under, a, 0.950736403f);
    under = v_fma(under, a, 1.0f);
    float below = e * (under / v_fma(2.50662827f * a, under, over));
    *density = scale * e;
    return x < 0 ? below : 1.0f - below;
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
