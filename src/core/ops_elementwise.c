/* Functions of one number. */
#include "each.h"
#include "tangent.h"
#include "vmath.h"

/* Y is the value at x; D the slope at x, where y is known too. P and Q are the two options. Each
 * goes by its own tile. */
#define UNARY(name, VALUE_TILE, Y, SLOPE_TILE, D)                                                                                          \
    FM_CLONES static void name##_apply(const fm_call *c, size_t n, const real *restrict in, real *restrict out) {                          \
        real P = (real)c->opt[0].number, Q = (real)c->opt[1].number;                                                                       \
        (void)P, (void)Q;                                                                                                                  \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = in[i];                                                                                                                \
            out[i] = (Y);                                                                                                                  \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_forward(const fm_call *c) {                                                                                         \
        fm_forward_each(c, VALUE_TILE, name##_apply);                                                                                      \
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
        fm_backward_each(c, SLOPE_TILE, name##_slopes);                                                                                    \
    }

UNARY(neg, FM_LIGHT, -x, FM_LIGHT, -1)
UNARY(exp, FM_TILE, v_exp(x), FM_LIGHT, y)
UNARY(log, FM_TILE, v_log(x), FM_LIGHT, 1 / x)
UNARY(sqrt, FM_LIGHT, r_sqrt(x), FM_LIGHT, R(0.5) / y)
UNARY(rsqrt, FM_LIGHT, 1 / r_sqrt(x), FM_LIGHT, R(-0.5) * y / x)
UNARY(reciprocal, FM_LIGHT, 1 / x, FM_LIGHT, -y *y)

/* sin and cos: the vectorized ones, then libm for what is far from 0 or not finite. */
#define WAVE(name, VALUE, SLOPE, EXACT_VALUE, EXACT_SLOPE)                                                                                 \
    FM_CLONES static bool name##_near(size_t n, const real *restrict in, real *restrict out) {                                             \
        int far = 0;                                                                                                                       \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            far |= !(r_fabs(in[i]) <= V_FAR);                                                                                              \
            out[i] = VALUE(in[i]);                                                                                                         \
        }                                                                                                                                  \
        return far;                                                                                                                        \
    }                                                                                                                                      \
    static void name##_apply(const fm_call *c, size_t n, const real *in, real *out) {                                                      \
        (void)c;                                                                                                                           \
        if (!name##_near(n, in, out)) return;                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            if (!(r_fabs(in[i]) <= V_FAR)) out[i] = EXACT_VALUE(in[i]);                                                                    \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_forward(const fm_call *c) {                                                                                         \
        fm_forward_each(c, FM_TILE, name##_apply);                                                                                         \
    }                                                                                                                                      \
    FM_CLONES static bool name##_near_slopes(size_t n, const real *restrict in, const real *restrict dy, real *restrict dx) {              \
        int far = 0;                                                                                                                       \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            bool near = r_fabs(in[i]) <= V_FAR;                                                                                            \
            real d = dy[i] * SLOPE(in[i]);                                                                                                 \
            far |= !near;                                                                                                                  \
            dx[i] += near ? d : 0;                                                                                                         \
        }                                                                                                                                  \
        return far;                                                                                                                        \
    }                                                                                                                                      \
    static void name##_slopes(const fm_call *c, size_t n, const real *in, const real *out, const real *dy, real *dx) {                     \
        (void)c, (void)out;                                                                                                                \
        if (!name##_near_slopes(n, in, dy, dx)) return;                                                                                    \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            if (!(r_fabs(in[i]) <= V_FAR)) dx[i] += dy[i] * EXACT_SLOPE(in[i]);                                                            \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_backward(const fm_call *c) {                                                                                        \
        fm_backward_each(c, FM_TILE, name##_slopes);                                                                                       \
    }

WAVE(sin, v_sin, v_cos, r_sin, r_cos)
WAVE(cos, v_cos, -v_sin, r_cos, -r_sin)

UNARY(square, FM_LIGHT, x *x, FM_LIGHT, 2 * x)
UNARY(abs, FM_LIGHT, r_fabs(x), FM_LIGHT, x > 0 ? 1 : (x < 0 ? -1 : x)) /* 0 and NaN are their own slopes */
UNARY(clamp, FM_LIGHT, x < P ? P : (x > Q ? Q : x), FM_LIGHT, x >= P && x <= Q ? 1 : (x == x ? 0 : x))

/* y = x^p, as C's pow. Whole p up to 3, the common ones, are products. */
FM_CLONES static void power(size_t n, const real *restrict in, double p, real *restrict out) {
    bool whole = p == floor(p), odd = whole && fmod(p, 2) != 0;
    real at_0 = p > 0 ? 0 : INFINITY, at_infinity = p > 0 ? INFINITY : 0;
    if (p == 0 || p == 1 || p == 2 || p == 3) {
        for (size_t i = 0; i < n; i++) {
            real x = in[i], x2 = x * x;
            out[i] = p == 0 ? 1 : p == 1 ? x : p == 2 ? x2 : x2 * x;
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        real x = in[i], a = r_fabs(x);
        real y = v_pow(a, p);
        y = a == 0 ? at_0 : a > FM_REAL_MAX ? at_infinity : y;
        y = x < 0 && x >= -FM_REAL_MAX && !whole ? (real)NAN : y;
        y = odd && signbit(x) ? -y : y;
        out[i] = a >= 0 ? y : x; /* a NaN stays one */
    }
}

static void pow_apply(const fm_call *c, size_t n, const real *in, real *out) {
    power(n, in, c->opt[0].number, out);
}

static void pow_forward(const fm_call *c) {
    fm_forward_each(c, FM_TILE, pow_apply);
}

FM_CLONES static void add_products(size_t n, real p, const real *restrict power, const real *restrict dy, real *restrict dx) {
    for (size_t i = 0; i < n; i++) dx[i] += dy[i] * (p * power[i]);
}

static void pow_slopes(const fm_call *c, size_t n, const real *in, const real *out, const real *dy, real *dx) {
    enum { FEW = 512 };
    real lower[FEW];
    double p = c->opt[0].number;
    (void)out;
    if (p == 0) return;
    for (size_t i = 0, m; i < n; i += m) {
        m = n - i < FEW ? n - i : FEW;
        power(m, in + i, p - 1, lower);
        add_products(m, (real)p, lower, dy + i, dx + i);
    }
}

static void pow_backward(const fm_call *c) {
    fm_backward_each(c, FM_TILE, pow_slopes);
}

static bool clamp_shape(fm_call *c, fm_error *err) {
    double low = c->opt[0].number, high = c->opt[1].number;
    if (low > high) return fm_call_fail(c, err, "min %g is over max %g", low, high);
    return fm_shape_like(c, c->in[0]);
}

/* ---- tangents ---- */

static fm_tensor *exp_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return fm_multiply(r, d[0], c->out);
}

static fm_tensor *log_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return fm_rule_two(r, "div", d[0], c->in[0]);
}

static fm_tensor *sqrt_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return fm_rule_two(r, "div", fm_scale(r, 0.5, d[0]), c->out);
}

static fm_tensor *rsqrt_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* -y^3 dx / 2 */
    return fm_multiply(r, fm_scale(r, -0.5, d[0]), fm_multiply(r, fm_rule_one(r, "square", c->out), c->out));
}

static fm_tensor *reciprocal_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return fm_multiply(r, fm_rule_one(r, "neg", d[0]), fm_rule_one(r, "square", c->out));
}

static fm_tensor *sin_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return fm_multiply(r, d[0], fm_rule_one(r, "cos", c->in[0]));
}

static fm_tensor *cos_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return fm_multiply(r, fm_rule_one(r, "neg", d[0]), fm_rule_one(r, "sin", c->in[0]));
}

static fm_tensor *square_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return fm_multiply(r, fm_scale(r, 2, d[0]), c->in[0]);
}

static fm_tensor *abs_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* the slope at 0 is 0 */
    fm_tensor *zero = fm_rule_number(r, 0), *x = c->in[0];
    return fm_multiply(r, d[0], fm_subtract(r, fm_rule_two(r, "gt", x, zero), fm_rule_two(r, "lt", x, zero)));
}

static fm_tensor *pow_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    fm_call lower = *c;
    double p = c->opt[0].number;
    lower.opt[0].number = p - 1;
    return p == 0 ? NULL : fm_multiply(r, fm_scale(r, p, d[0]), fm_rule_again(r, &lower, 1, c->in));
}

static fm_tensor *clamp_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* the limits belong to the inside */
    fm_tensor *low = fm_rule_number(r, c->opt[0].number), *high = fm_rule_number(r, c->opt[1].number), *x = c->in[0];
    return fm_multiply(r, d[0], fm_multiply(r, fm_rule_two(r, "ge", x, low), fm_rule_two(r, "le", x, high)));
}

static const fm_option pow_options[] = {{"exponent", FM_NUMBER, true, 0, NULL}, {0}};
static const fm_option clamp_options[] = {{"min", FM_NUMBER, false, -INFINITY, NULL}, {"max", FM_NUMBER, false, INFINITY, NULL}, {0}};

const fm_op elementwise_ops[] = {
    /* name     inputs options   checks         computes          differentiates */
    {"neg", "t", NULL, fm_shape_same, neg_forward, neg_backward, fm_tangent_linear},
    {"exp", "t", NULL, fm_shape_same, exp_forward, exp_backward, exp_tangent},
    {"log", "t", NULL, fm_shape_same, log_forward, log_backward, log_tangent},
    {"sqrt", "t", NULL, fm_shape_same, sqrt_forward, sqrt_backward, sqrt_tangent},
    {"rsqrt", "t", NULL, fm_shape_same, rsqrt_forward, rsqrt_backward, rsqrt_tangent},
    {"reciprocal", "t", NULL, fm_shape_same, reciprocal_forward, reciprocal_backward, reciprocal_tangent},
    {"sin", "t", NULL, fm_shape_same, sin_forward, sin_backward, sin_tangent},
    {"cos", "t", NULL, fm_shape_same, cos_forward, cos_backward, cos_tangent},
    {"square", "t", NULL, fm_shape_same, square_forward, square_backward, square_tangent},
    {"abs", "t", NULL, fm_shape_same, abs_forward, abs_backward, abs_tangent},
    {"pow", "t", pow_options, fm_shape_same, pow_forward, pow_backward, pow_tangent},
    {"clamp", "t", clamp_options, clamp_shape, clamp_forward, clamp_backward, clamp_tangent},
    {0},
};
