/* Functions of one number. */
#include "each.h"
#include "vmath.h"

/* Y is the value at x; D the slope at x, where y is known too. P and Q are the two options. */
#define UNARY(name, Y, D)                                                                                                                  \
    FM_CLONES static void name##_apply(const fm_call *c, size_t n, const real *restrict in, real *restrict out) {                          \
        real P = (real)c->opt[0].number, Q = (real)c->opt[1].number;                                                                       \
        (void)P, (void)Q;                                                                                                                  \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = in[i];                                                                                                                \
            out[i] = (Y);                                                                                                                  \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_forward(const fm_call *c) {                                                                                         \
        fm_forward_each(c, name##_apply);                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_slopes(const fm_call *c, size_t n, const real *restrict in, const real *restrict out,                     \
                                        const real *restrict dy, real *restrict dx) {                                                      \
        real P = (real)c->opt[0].number, Q = (real)c->opt[1].number;                                                                       \
        (void)P, (void)Q;                                                                                                                  \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = in[i], y = out[i];                                                                                                    \
            (void)x, (void)y;                                                                                                              \
            dx[i] += dy[i] * (D);                                                                                                          \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_backward(const fm_call *c) {                                                                                        \
        fm_backward_each(c, name##_slopes);                                                                                                \
    }

UNARY(neg, -x, -1)
UNARY(exp, v_exp(x), y)
UNARY(log, v_log(x), 1 / x)
UNARY(sqrt, r_sqrt(x), R(0.5) / y)
UNARY(rsqrt, 1 / r_sqrt(x), R(-0.5) * y / x)
UNARY(reciprocal, 1 / x, -y *y)
UNARY(sin, r_sin(x), r_cos(x))
UNARY(cos, r_cos(x), -r_sin(x))
UNARY(square, x *x, 2 * x)
UNARY(abs, r_fabs(x), x > 0 ? 1 : (x < 0 ? -1 : x)) /* 0 and NaN are their own slopes */
UNARY(pow, r_pow(x, P), P == 0 ? 0 : P * r_pow(x, P - 1))
UNARY(clamp, x < P ? P : (x > Q ? Q : x), x >= P && x <= Q ? 1 : (x == x ? 0 : x))

static bool clamp_shape(fm_call *c, fm_error *err) {
    double low = c->opt[0].number, high = c->opt[1].number;
    if (low > high) return fm_call_fail(c, err, "min %g is over max %g", low, high);
    return fm_shape_like(c, c->in[0]);
}

static const fm_option pow_options[] = {{"exponent", FM_NUMBER, true, 0, NULL}, {0}};
static const fm_option clamp_options[] = {{"min", FM_NUMBER, false, -INFINITY, NULL}, {"max", FM_NUMBER, false, INFINITY, NULL}, {0}};

const fm_op elementwise_ops[] = {
    /* name     inputs options   checks         computes          differentiates */
    {"neg", "t", NULL, fm_shape_same, neg_forward, neg_backward},
    {"exp", "t", NULL, fm_shape_same, exp_forward, exp_backward},
    {"log", "t", NULL, fm_shape_same, log_forward, log_backward},
    {"sqrt", "t", NULL, fm_shape_same, sqrt_forward, sqrt_backward},
    {"rsqrt", "t", NULL, fm_shape_same, rsqrt_forward, rsqrt_backward},
    {"reciprocal", "t", NULL, fm_shape_same, reciprocal_forward, reciprocal_backward},
    {"sin", "t", NULL, fm_shape_same, sin_forward, sin_backward},
    {"cos", "t", NULL, fm_shape_same, cos_forward, cos_backward},
    {"square", "t", NULL, fm_shape_same, square_forward, square_backward},
    {"abs", "t", NULL, fm_shape_same, abs_forward, abs_backward},
    {"pow", "t", pow_options, fm_shape_same, pow_forward, pow_backward},
    {"clamp", "t", clamp_options, clamp_shape, clamp_forward, clamp_backward},
    {0},
};
