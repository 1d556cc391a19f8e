/* Activation functions. Each is written once, as its value, its slope and the slope of that; the
 * macro makes the loops, which vectorize. */
#include "activation.h"
#include "each.h"
#include "slope.h"
#include "vmath.h"

#define SELU_SCALE ((real)FM_SELU_SCALE)
#define SELU_ALPHA ((real)FM_SELU_ALPHA)
#define LEAKY R(0.01)
#define GELU_K ((real)FM_GELU_K)
#define GELU_C ((real)FM_GELU_C)

/* FORMULAS set y, its slope d and the slope c of that from x. */
#define ACTIVATION(name, TILE, FORMULAS)                                                                                                   \
    FM_CLONES static void name##_apply(size_t n, const real *restrict in, real *restrict out) {                                            \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = in[i], y, d, c;                                                                                                       \
            FORMULAS;                                                                                                                      \
            (void)d, (void)c;                                                                                                              \
            out[i] = y;                                                                                                                    \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_backward(size_t n, const real *restrict in, const real *restrict dy, real *restrict dx) {                 \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = in[i], y, d, c;                                                                                                       \
            FORMULAS;                                                                                                                      \
            (void)y, (void)c;                                                                                                              \
            dx[i] += dy[i] * d;                                                                                                            \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_with_slope(size_t n, real *restrict io, real *restrict slope) {                                           \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = io[i], y, d, c;                                                                                                       \
            FORMULAS;                                                                                                                      \
            (void)c;                                                                                                                       \
            io[i] = y;                                                                                                                     \
            slope[i] = d;                                                                                                                  \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_value(size_t n, real *io) {                                                                               \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = io[i], y, d, c;                                                                                                       \
            FORMULAS;                                                                                                                      \
            (void)d, (void)c;                                                                                                              \
            io[i] = y;                                                                                                                     \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_times_slope(size_t n, const real *restrict in, const real *restrict v, real *restrict out) {              \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = in[i], y, d, c;                                                                                                       \
            FORMULAS;                                                                                                                      \
            (void)y, (void)c;                                                                                                              \
            out[i] = d * v[i];                                                                                                             \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_times_slope_backward(size_t n, const real *restrict in, const real *restrict v, const real *restrict dy,  \
                                                      real *restrict dx, real *restrict dv) {                                              \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = in[i], y, d, c;                                                                                                       \
            FORMULAS;                                                                                                                      \
            (void)y, (void)c;                                                                                                              \
            dx[i] += dy[i] * v[i] * c;                                                                                                     \
            dv[i] += dy[i] * d;                                                                                                            \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_in_place(size_t n, real *y, real *slope) {                                                                          \
        if (slope) name##_with_slope(n, y, slope);                                                                                         \
        else name##_value(n, y);                                                                                                           \
    }                                                                                                                                      \
    static void name##_values(const fm_call *c, size_t n, const real *x, real *y) {                                                        \
        (void)c;                                                                                                                           \
        name##_apply(n, x, y);                                                                                                             \
    }                                                                                                                                      \
    static void name##_slopes(const fm_call *c, size_t n, const real *x, const real *y, const real *dy, real *dx) {                        \
        (void)c, (void)y;                                                                                                                  \
        name##_backward(n, x, dy, dx);                                                                                                     \
    }                                                                                                                                      \
    static void name##_op_forward(const fm_call *c) {                                                                                      \
        fm_forward_each(c, TILE, name##_values);                                                                                           \
    }                                                                                                                                      \
    static void name##_op_backward(const fm_call *c) {                                                                                     \
        fm_backward_each(c, TILE, name##_slopes);                                                                                          \
    }

/* A NaN is neither over nor under 0: it stays one, in value and slope. */
ACTIVATION(tanh, FM_TILE, {
    y = v_tanh(x, &d);
    c = -2 * y * d;
})
ACTIVATION(sigmoid, FM_TILE, {
    real rest;
    y = v_sigmoid(x, &rest);
    d = y * rest;
    c = d * (rest - y);
})
ACTIVATION(relu, FM_LIGHT, {
    y = x > 0 ? x : (x <= 0 ? 0 : x);
    d = x > 0 ? 1 : (x <= 0 ? 0 : x);
    c = x == x ? 0 : x;
})
ACTIVATION(silu, FM_TILE, {
    real rest;
    real g = v_sigmoid(x, &rest);
    y = x * g;
    d = g * (1 + x * (1 - g)); /* 1 - g cancels only where x times it is small beside 1 */
    c = g * rest * (2 + x * (rest - g));
})
ACTIVATION(gelu, FM_TILE, {
    real density;
    real below = v_normal(x, &density);
    y = x * below;
    d = below + x * density;
    c = density * (2 - x * x);
})
ACTIVATION(gelu_tanh, FM_TILE, { /* (1 + tanh u) / 2 is sigmoid(2 u) */
                                 real rest;
                                 real z = x > 32 ? 32 : (x < -32 ? -32 : x); /* beyond it the sigmoid is 0 or 1, and cubes may overflow */
                                 real g = v_sigmoid(2 * GELU_K * (z + GELU_C * z * z * z), &rest);
                                 real u1 = GELU_K * (1 + 3 * GELU_C * z * z); /* the slopes of u */
                                 real u2 = 6 * GELU_K * GELU_C * z;
                                 y = x * g;
                                 d = g * (1 + 2 * GELU_K * rest * z * (1 + 3 * GELU_C * z * z));
                                 c = g * rest * (2 * (2 * u1 + z * u2) + 4 * z * u1 * u1 * (rest - g));
})
ACTIVATION(selu, FM_TILE, {
    real e;
    real m = v_expm1_below(x > 0 ? 0 : x, &e);
    y = x > 0 ? SELU_SCALE * x : SELU_SCALE * SELU_ALPHA * m;
    d = x > 0 ? SELU_SCALE : SELU_SCALE * SELU_ALPHA * e;
    c = x > 0 ? 0 : SELU_SCALE * SELU_ALPHA * e;
})
ACTIVATION(elu, FM_TILE, {
    real e;
    real m = v_expm1_below(x > 0 ? 0 : x, &e);
    y = x > 0 ? x : m;
    d = x > 0 ? 1 : e;
    c = x > 0 ? 0 : e;
})
ACTIVATION(softplus, FM_TILE, {
    real rest;
    y = (x > 0 ? x : 0) + v_log1p_unit(v_exp(-r_fabs(x)));
    d = v_sigmoid(x, &rest);
    c = d * rest;
})
ACTIVATION(leaky_relu, FM_LIGHT, {
    y = x > 0 ? x : LEAKY * x;
    d = x > 0 ? 1 : (x <= 0 ? LEAKY : x);
    c = x == x ? 0 : x;
})
ACTIVATION(log_sigmoid, FM_TILE, {
    y = (x < 0 ? x : 0) - v_log1p_unit(v_exp(-r_fabs(x)));
    real g = v_sigmoid(x, &d);
    c = -g * d;
})

#define ACT(name) #name, name##_apply, name##_backward, name##_in_place, name##_times_slope, name##_times_slope_backward
const fm_activation fm_activations[] = {
    {"none", NULL, NULL, NULL, NULL, NULL},
    {ACT(tanh)},
    {ACT(sigmoid)},
    {ACT(relu)},
    {ACT(silu)},
    {ACT(gelu)},
    {ACT(gelu_tanh)},
    {ACT(selu)},
    {ACT(elu)},
    {ACT(softplus)},
    {ACT(leaky_relu)},
    {ACT(log_sigmoid)},
};
const char *const fm_activation_names[] = {"none", "tanh", "sigmoid",  "relu",       "silu",        "gelu", "gelu_tanh",
                                           "selu", "elu",  "softplus", "leaky_relu", "log_sigmoid", NULL};

/* d f(x) = f'(x) dx */
static fm_tensor *activation_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return fm_times_slope(r, c->op->name, c->in[0], d[0]);
}

#define OP(name) #name, "t", NULL, fm_shape_same, name##_op_forward, name##_op_backward, activation_tangent
const fm_op activation_ops[] = {
    {OP(tanh)}, {OP(sigmoid)}, {OP(relu)},     {OP(silu)},       {OP(gelu)},        {OP(gelu_tanh)},
    {OP(selu)}, {OP(elu)},     {OP(softplus)}, {OP(leaky_relu)}, {OP(log_sigmoid)}, {0},
};
