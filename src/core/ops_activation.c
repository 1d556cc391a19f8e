/* Activation functions. Each is written once, as its value and its slope; the macro makes the loops, which vectorize. */
#include "activation.h"
#include "op.h"
#include "threads.h"
#include "vmath.h"

#define SELU_SCALE R(1.0507009873554804934193349852946) /* Klambauer et al. 2017, section 2 */
#define SELU_ALPHA R(1.6732632423543772848170429916717)
#define LEAKY R(0.01)
#define SQRT_HALF R(0.70710678118654752440)
#define INV_SQRT_2PI R(0.39894228040143267794)
#define GELU_K R(0.79788456080286535588) /* sqrt(2 / pi), Hendrycks and Gimpel 2016 */
#define GELU_C R(0.044715)

/* VALUE_AND_SLOPE sets y and d from x. */
#define ACTIVATION(name, VALUE_AND_SLOPE)                                                                                                  \
    FM_CLONES static void name##_apply(size_t n, const real *restrict in, real *restrict out) {                                            \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = in[i], y, d;                                                                                                          \
            VALUE_AND_SLOPE;                                                                                                               \
            (void)d;                                                                                                                       \
            out[i] = y;                                                                                                                    \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_backward(size_t n, const real *restrict in, const real *restrict dy, real *restrict dx) {                 \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = in[i], y, d;                                                                                                          \
            VALUE_AND_SLOPE;                                                                                                               \
            (void)y;                                                                                                                       \
            dx[i] += dy[i] * d;                                                                                                            \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_with_slope(size_t n, real *restrict io, real *restrict slope) {                                           \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = io[i], y, d;                                                                                                          \
            VALUE_AND_SLOPE;                                                                                                               \
            io[i] = y;                                                                                                                     \
            slope[i] = d;                                                                                                                  \
        }                                                                                                                                  \
    }                                                                                                                                      \
    FM_CLONES static void name##_value(size_t n, real *io) {                                                                               \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = io[i], y, d;                                                                                                          \
            VALUE_AND_SLOPE;                                                                                                               \
            (void)d;                                                                                                                       \
            io[i] = y;                                                                                                                     \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_in_place(size_t n, real *y, real *slope) {                                                                          \
        if (slope) name##_with_slope(n, y, slope);                                                                                         \
        else name##_value(n, y);                                                                                                           \
    }                                                                                                                                      \
    static void name##_op_forward(const fm_call *c) {                                                                                      \
        forward_tiles(c, name##_apply);                                                                                                    \
    }                                                                                                                                      \
    static void name##_op_backward(const fm_call *c) {                                                                                     \
        name##_backward(c->out->count, fm_data(c->in[0]), fm_grad_get(c->out), fm_grad_add(c->in[0]));                                     \
    }

typedef struct tiles {
    void (*apply)(size_t, const real *, real *);
    const real *x;
    real *y;
} tiles;

static void one_tile(void *context, size_t first, size_t last) {
    tiles *t = context;
    t->apply(last - first, t->x + first, t->y + first);
}

static void forward_tiles(const fm_call *c, void (*apply)(size_t, const real *, real *)) {
    tiles t = {apply, fm_data(c->in[0]), fm_data(c->out)};
    fm_parallel(c->out->count, FM_TILE, one_tile, &t);
}

ACTIVATION(tanh, {
    y = v_tanh(x);
    d = 1 - y * y;
})
ACTIVATION(sigmoid, {
    y = v_sigmoid(x);
    d = y * (1 - y);
})
ACTIVATION(relu, {
    y = x > 0 ? x : (x <= 0 ? 0 : x); /* a NaN stays one */
    d = x > 0 ? 1 : 0;
})
ACTIVATION(silu, {
    real g = v_sigmoid(x);
    y = x * g;
    d = g + y * (1 - g);
})
ACTIVATION(gelu, {
    real half = R(0.5) * (1 + r_erf(x * SQRT_HALF));
    y = x * half;
    d = half + x * INV_SQRT_2PI * v_exp(R(-0.5) * x * x);
})
ACTIVATION(gelu_tanh, {
    real th = v_tanh(GELU_K * (x + GELU_C * x * x * x));
    y = R(0.5) * x * (1 + th);
    d = R(0.5) * (1 + th) + R(0.5) * x * (1 - th * th) * GELU_K * (1 + 3 * GELU_C * x * x);
})
ACTIVATION(selu, {
    real e = SELU_SCALE * SELU_ALPHA * v_expm1_below(x > 0 ? 0 : x);
    y = x > 0 ? SELU_SCALE * x : e;
    d = x > 0 ? SELU_SCALE : e + SELU_SCALE * SELU_ALPHA;
})
ACTIVATION(elu, {
    real e = v_expm1_below(x > 0 ? 0 : x);
    y = x > 0 ? x : e;
    d = x > 0 ? 1 : e + 1;
})
ACTIVATION(softplus, {
    y = (x > 0 ? x : 0) + v_log1p_unit(v_exp(-r_fabs(x)));
    d = v_sigmoid(x);
})
ACTIVATION(leaky_relu, {
    y = x > 0 ? x : LEAKY * x;
    d = x > 0 ? 1 : LEAKY;
})
ACTIVATION(log_sigmoid, {
    y = (x < 0 ? x : 0) - v_log1p_unit(v_exp(-r_fabs(x)));
    d = v_sigmoid(-x);
})

static bool same_shape(fm_call *c, fm_error *err) {
    (void)err;
    return fm_shape_like(c, c->in[0]);
}

#define ACT(name)                                                                                                                          \
    { #name, name##_apply, name##_backward, name##_in_place }
const fm_activation fm_activations[] = {
    {"none", NULL, NULL, NULL},
    ACT(tanh),
    ACT(sigmoid),
    ACT(relu),
    ACT(silu),
    ACT(gelu),
    ACT(gelu_tanh),
    ACT(selu),
    ACT(elu),
    ACT(softplus),
    ACT(leaky_relu),
    ACT(log_sigmoid),
};
const char *const fm_activation_names[] = {"none", "tanh", "sigmoid",  "relu",       "silu",        "gelu", "gelu_tanh",
                                           "selu", "elu",  "softplus", "leaky_relu", "log_sigmoid", NULL};

#define OP(name)                                                                                                                           \
    { #name, "t", NULL, same_shape, name##_op_forward, name##_op_backward }
const fm_op activation_ops[] = {
    OP(tanh), OP(sigmoid), OP(relu),     OP(silu),       OP(gelu),        OP(gelu_tanh),
    OP(selu), OP(elu),     OP(softplus), OP(leaky_relu), OP(log_sigmoid), {0},
};
