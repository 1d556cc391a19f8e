/* slope{act}: f'(x) v, the derivative of an activation f at x along v. Tangents are made of it. */
#include "slope.h"

#include "activation.h"
#include "each.h"
#include "sums.h"
#include "vmath.h"

#include <string.h>

static const fm_option slope_options[] = {{"act", FM_CHOICE, true, 0, fm_activation_names + 1}, {0}}; /* none is no choice */

static const fm_activation *act_of(const fm_call *c) {
    return &fm_activations[1 + c->opt[0].integer]; /* the first is none */
}

static bool slope_shape(fm_call *c, fm_error *err) {
    char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
    if (!fm_same_shape(c->in[0], c->in[1])) {
        return fm_call_fail(c, err, "x is %s, v is %s: expected the same shape", fm_shape_text(c->in[0], a), fm_shape_text(c->in[1], b));
    }
    return fm_shape_like(c, c->in[0]);
}

static void forward_tile(void *context, size_t first, size_t last) {
    const fm_call *c = context;
    act_of(c)->times_slope(last - first, fm_data(c->in[0]) + first, fm_data(c->in[1]) + first, fm_data(c->out) + first);
}

static void slope_forward(const fm_call *c) {
    fm_parallel(c->out->count, FM_TILE, forward_tile, (void *)(uintptr_t)c);
}

typedef struct back {
    const fm_call *c;
    const real *dy;
    real *dx, *dv; /* NULL: not wanted */
} back;

static void backward_tile(void *context, size_t first, size_t last) {
    const back *b = context;
    real spare[FM_STRIP];
    for (size_t i = first, n; i < last; i += n) {
        n = last - i < FM_STRIP ? last - i : FM_STRIP;
        if (!b->dx || !b->dv) memset(spare, 0, n * sizeof *spare);
        act_of(b->c)->times_slope_backward(n, fm_data(b->c->in[0]) + i, fm_data(b->c->in[1]) + i, b->dy + i, b->dx ? b->dx + i : spare,
                                           b->dv ? b->dv + i : spare);
    }
}

static void slope_backward(const fm_call *c) {
    real *dx = fm_grad_add(c->in[0]), *dv = fm_grad_add(c->in[1]);
    bool overlap = dx && dv && dx < dv + c->out->count && dv < dx + c->out->count; /* views of the same: one after the other */
    back both = {c, fm_grad_get(c->out), dx, overlap ? NULL : dv}, second = {c, both.dy, NULL, dv};
    fm_parallel(c->out->count, FM_TILE, backward_tile, &both);
    if (overlap) fm_parallel(c->out->count, FM_TILE, backward_tile, &second);
}

/* ---- the second derivative f''(x), made of ops, so that it can be differentiated again ---- */

static fm_tensor *one_minus(fm_rule *r, fm_tensor *a) { /* 1 - a */
    return fm_shift(r, 1, fm_scale(r, -1, a));
}

static fm_tensor *tanh_curve(fm_rule *r, fm_tensor *x) { /* -2 y (1 - y^2) */
    fm_tensor *y = fm_rule_one(r, "tanh", x);
    return fm_scale(r, -2, fm_multiply(r, y, one_minus(r, fm_rule_one(r, "square", y))));
}

static fm_tensor *hill(fm_rule *r, fm_tensor *x) { /* s (1 - s), s = sigmoid(x) */
    return fm_multiply(r, fm_rule_one(r, "sigmoid", x), fm_rule_one(r, "sigmoid", fm_scale(r, -1, x)));
}

static fm_tensor *slant(fm_rule *r, fm_tensor *x) { /* 1 - 2 s */
    return one_minus(r, fm_scale(r, 2, fm_rule_one(r, "sigmoid", x)));
}

static fm_tensor *sigmoid_curve(fm_rule *r, fm_tensor *x) {
    return fm_multiply(r, hill(r, x), slant(r, x));
}

static fm_tensor *silu_curve(fm_rule *r, fm_tensor *x) { /* s (1 - s) (2 + x (1 - 2 s)) */
    return fm_multiply(r, hill(r, x), fm_shift(r, 2, fm_multiply(r, x, slant(r, x))));
}

static fm_tensor *density(fm_rule *r, fm_tensor *x) { /* of the normal distribution */
    return fm_scale(r, 0.39894228040143267794, fm_rule_one(r, "exp", fm_scale(r, -0.5, fm_rule_one(r, "square", x))));
}

static fm_tensor *gelu_curve(fm_rule *r, fm_tensor *x) { /* density (2 - x^2) */
    return fm_multiply(r, density(r, x), fm_shift(r, 2, fm_scale(r, -1, fm_rule_one(r, "square", x))));
}

/* f = x g, g = sigmoid(2 u), u = k (x + c x^3), h = g (1 - g): f'' = 2 g' + x g'', g' = 2 u' h,
 * g'' = 2 u'' h + 4 u'^2 h (1 - 2 g) */
static fm_tensor *gelu_tanh_curve(fm_rule *r, fm_tensor *x) {
    const double k = FM_GELU_K, c = FM_GELU_C;
    fm_tensor *square = fm_rule_one(r, "square", x);
    fm_tensor *u = fm_scale(r, 2 * k, fm_multiply(r, x, fm_shift(r, 1, fm_scale(r, c, square))));
    fm_tensor *u1 = fm_scale(r, k, fm_shift(r, 1, fm_scale(r, 3 * c, square))), *u2 = fm_scale(r, 6 * k * c, x);
    fm_tensor *first = fm_scale(r, 2, fm_add(r, fm_scale(r, 2, u1), fm_multiply(r, x, u2)));
    fm_tensor *second = fm_scale(r, 4, fm_multiply(r, x, fm_multiply(r, fm_rule_one(r, "square", u1), slant(r, u))));
    return fm_multiply(r, hill(r, u), fm_add(r, first, second));
}

static fm_tensor *elu_curve(fm_rule *r, fm_tensor *x) { /* e^x up to 0, then 0 */
    fm_tensor *below = fm_rule_two(r, "le", x, fm_rule_number(r, 0));
    return fm_multiply(r, below, fm_rule_one(r, "exp", fm_multiply(r, below, x)));
}

static fm_tensor *selu_curve(fm_rule *r, fm_tensor *x) {
    return fm_scale(r, FM_SELU_SCALE * FM_SELU_ALPHA, elu_curve(r, x));
}

static fm_tensor *log_sigmoid_curve(fm_rule *r, fm_tensor *x) {
    return fm_scale(r, -1, hill(r, x));
}

static fm_tensor *no_curve(fm_rule *r, fm_tensor *x) {
    (void)r, (void)x;
    return NULL;
}

/* In the order of fm_activations, without the first. */
static fm_tensor *(*const curves[])(fm_rule *r, fm_tensor *x) = {
    tanh_curve, sigmoid_curve, no_curve, silu_curve, gelu_curve, gelu_tanh_curve, selu_curve, elu_curve, hill, no_curve, log_sigmoid_curve,
};

/* d (f'(x) v) = f'(x) dv + f''(x) v dx */
static fm_tensor *slope_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    fm_tensor *in[] = {c->in[0], d[1]}, *straight = d[1] ? fm_rule_again(r, c, 2, in) : NULL;
    fm_tensor *bend = d[0] ? curves[c->opt[0].integer](r, c->in[0]) : NULL;
    return fm_add(r, straight, fm_multiply(r, bend, fm_multiply(r, c->in[1], d[0])));
}

fm_tensor *fm_times_slope(fm_rule *r, const char *act, fm_tensor *x, fm_tensor *v) {
    fm_call frame, *c = fm_call_init(&frame, slope_ops);
    if (!x || !v) return NULL;
    for (const char *const *name = slope_options[0].choices; *name && strcmp(*name, act) != 0; name++) c->opt[0].integer++;
    c->few[c->n_in++] = x;
    c->few[c->n_in++] = v;
    return fm_rule_run(r, c);
}

const fm_op slope_ops[] = {
    {"slope", "tt", slope_options, slope_shape, slope_forward, slope_backward, slope_tangent},
    {0},
};
