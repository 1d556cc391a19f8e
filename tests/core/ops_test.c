/* Every op against finite differences, in double: a sample per row, and a failure for a row without
 * one. Then what shape() refuses, and values that no gradient shows. */
#include "tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_IN = 4, MAX_GIVEN = 4 };

/* An input is a letter and sizes: "n5,7" normal numbers, "p5,7" over 0.3, "m5,7" zeros and ones,
 * "i9:2,3" indices in 1..9; "" is an absent optional input, "n" a number of rank 0. */
typedef struct sample {
    const char *op;
    const char *in[MAX_IN];
    struct {
        const char *name;
        double value;
    } given[MAX_GIVEN];
    int n_list;
    int64_t list[FM_MAX_RANK];
} sample;

/* Rows of samples: of inputs alone, and of one input with options. */
#define INPUTS(name, ...) ((sample){.op = name, .in = {__VA_ARGS__}})
#define GIVEN(name, input, ...) ((sample){.op = name, .in = {input}, .given = {__VA_ARGS__}})
#define ELEMENTWISE(name) INPUTS(name, "n5,7")
#define SLOPE(number) ((sample){.op = "slope", .in = {"n5,7", "n5,7"}, .given = {{"act", number}}})
#define POSITIVE(name) INPUTS(name, "p5,7")
#define PAIRS(name)                                                                                                                        \
    INPUTS(name, "n5,7", "p5,7"), INPUTS(name, "n5,7", "p7"), INPUTS(name, "n5,1", "p5,7"), INPUTS(name, "n5,1,7", "p3,1"),                \
        INPUTS(name, "n", "p5,7"), INPUTS(name, "n2,3,1,5", "p3,4,1")
#define REDUCTIONS(name)                                                                                                                   \
    INPUTS(name, "n5,7"), GIVEN(name, "n5,7", {"axis", 0}), GIVEN(name, "n5,7", {"axis", 1}, {"keep", 1}),                                 \
        GIVEN(name, "n3,4,5", {"axis", -2}), GIVEN(name, "n2,150", {"axis", 1}), GIVEN(name, "n150,3", {"axis", 0}),                       \
        GIVEN(name, "n2,70,150", {"axis", 1})
#define ALONG(name)                                                                                                                        \
    INPUTS(name, "n5,7"), GIVEN(name, "n5,7", {"axis", 0}), GIVEN(name, "n3,4,5", {"axis", 1}), GIVEN(name, "n2,40", {"axis", -1})

static const sample samples[] = {
    PAIRS("add"),
    PAIRS("sub"),
    PAIRS("mul"),
    PAIRS("div"),
    PAIRS("maximum"),
    PAIRS("minimum"),
    PAIRS("atan2"),
    ELEMENTWISE("neg"),
    ELEMENTWISE("exp"),
    ELEMENTWISE("sin"),
    ELEMENTWISE("cos"),
    ELEMENTWISE("square"),
    ELEMENTWISE("abs"),
    POSITIVE("log"),
    POSITIVE("sqrt"),
    POSITIVE("rsqrt"),
    POSITIVE("reciprocal"),
    {"pow", {"p5,7"}, {{"exponent", 2.5}}, 0, {0}},
    {"pow", {"n5,7"}, {{"exponent", 3}}, 0, {0}},
    {"clamp", {"n5,7"}, {{"min", -0.5}, {"max", 0.8}}, 0, {0}},
    {"clamp", {"n5,7"}, {{"min", 0.1}}, 0, {0}},
    PAIRS("lt"),
    PAIRS("le"),
    PAIRS("gt"),
    PAIRS("ge"),
    PAIRS("eq"),
    PAIRS("ne"),
    {"where", {"m5,7", "n5,7", "n5,7"}, {{0}}, 0, {0}},
    {"where", {"m5,1", "n7", "n"}, {{0}}, 0, {0}},
    ELEMENTWISE("tanh"),
    ELEMENTWISE("sigmoid"),
    ELEMENTWISE("relu"),
    ELEMENTWISE("silu"),
    ELEMENTWISE("gelu"),
    ELEMENTWISE("gelu_tanh"),
    ELEMENTWISE("selu"),
    ELEMENTWISE("elu"),
    ELEMENTWISE("softplus"),
    ELEMENTWISE("leaky_relu"),
    ELEMENTWISE("log_sigmoid"),
    SLOPE(0),
    SLOPE(1),
    SLOPE(2),
    SLOPE(3),
    SLOPE(4),
    SLOPE(5),
    SLOPE(6),
    SLOPE(7),
    SLOPE(8),
    SLOPE(9),
    SLOPE(10),
    REDUCTIONS("sum"),
    REDUCTIONS("mean"),
    REDUCTIONS("max"),
    REDUCTIONS("min"),
    REDUCTIONS("var"),
    REDUCTIONS("std"),
    REDUCTIONS("norm"),
    REDUCTIONS("logsumexp"),
    REDUCTIONS("argmax"),
    REDUCTIONS("argmin"),
    ALONG("argsort"),
    {"argsort", {"n3,150"}, {{"descending", 1}}, 0, {0}},
    {"var", {"n5,7"}, {{"axis", 1}, {"unbiased", 0}}, 0, {0}},
    {"std", {"n5,7"}, {{"axis", 1}, {"unbiased", 0}}, 0, {0}},
    {"sum", {"n"}, {{0}}, 0, {0}},
    {"sum", {"n3,0"}, {{"axis", 1}}, 0, {0}},
    ALONG("cumsum"),
    ALONG("softmax"),
    ALONG("log_softmax"),
    {"cumsum", {"n3,150"}, {{"axis", 0}}, 0, {0}},
    {"reshape", {"n6,4"}, {{0}}, 3, {2, -1, 3}},
    {"permute", {"n3,4,5"}, {{0}}, 3, {2, 0, -2}},
    {"transpose", {"n3,4,5"}, {{0}}, 0, {0}},
    {"transpose", {"n3,4,5"}, {{0}}, 2, {0, 2}},
    {"cat", {"n5,7", "n5,3", "n5,9"}, {{"axis", 1}}, 0, {0}},
    {"cat", {"n5,7", "n2,7"}, {{0}}, 0, {0}},
    {"cat", {"n2,3,4", "n2,1,4", "n2,2,4"}, {{"axis", -2}}, 0, {0}},
    {"stack", {"n5,7", "n5,7", "n5,7"}, {{0}}, 0, {0}},
    {"stack", {"n5,7", "n5,7"}, {{"axis", 1}}, 0, {0}},
    {"stack", {"n2,3,4", "n2,3,4"}, {{"axis", -1}}, 0, {0}},
    {"stack", {"n", "n", "n"}, {{0}}, 0, {0}},
    {"slice", {"n5,7"}, {{"axis", 1}, {"first", 2}, {"last", -3}}, 0, {0}},
    {"slice", {"n5,7"}, {{"axis", 1}, {"first", 2}, {"last", -1}, {"step", 2}}, 0, {0}},
    {"slice", {"n5,7,2"}, {{"axis", 1}, {"first", -1}, {"last", 1}, {"step", -3}}, 0, {0}},
    {"slice", {"n5,7"}, {{"axis", 0}, {"first", 5}, {"last", 2}, {"step", -1}}, 0, {0}},
    {"slice", {"n5,7"}, {{"axis", 0}, {"first", 2}, {"last", 4}}, 0, {0}},
    {"index_select", {"n5,7", "i5:4"}, {{0}}, 0, {0}},
    {"index_select", {"n5,12", "i5:9"}, {{"axis", 0}}, 0, {0}},
    {"index_select", {"n3,5,2", "i5:4"}, {{"axis", 1}}, 0, {0}},
    {"gather", {"n5,7", "i7:5,3"}, {{"axis", 1}}, 0, {0}},
    {"gather", {"n3,4,5", "i4:3,6,5"}, {{"axis", 1}}, 0, {0}},
    {"embedding", {"n9,7", "i9:2,3"}, {{0}}, 0, {0}},
    {"embedding", {"n9,12", "i9:4"}, {{0}}, 0, {0}},
    {"one_hot", {"i9:2,3"}, {{"n", 9}}, 0, {0}},
    {"matmul", {"n5,7", "n7,6"}, {{0}}, 0, {0}},
    {"matmul", {"n2,5,1", "n1,6"}, {{0}}, 0, {0}},
    {"bmm", {"n3,5,7", "n3,7,6"}, {{0}}, 0, {0}},
    {"linear", {"n5,7", "n6,7", "n6"}, {{0}}, 0, {0}},
    {"linear", {"n2,5,7", "n6,7", ""}, {{"act", 4}}, 0, {0}},
    {"linear", {"n5,7", "n6,7", "n6"}, {{"act", 1}}, 0, {0}},
    {"linear", {"n5,7", "n6,7", "n6"}, {{"act", 5}}, 0, {0}},
    {"attention", {"n2,3,4,5", "n2,3,6,5", "n2,3,6,8"}, {{0}}, 0, {0}},
    {"layer_norm", {"n5,7", "n7", "n7"}, {{0}}, 0, {0}},
    {"layer_norm", {"n2,3,40"}, {{"eps", 0.1}}, 0, {0}},
    {"layer_norm", {"n5,7", "", "n7"}, {{0}}, 0, {0}},
    {"rms_norm", {"n5,7", "n7"}, {{0}}, 0, {0}},
    {"rms_norm", {"n2,3,40"}, {{"eps", 0.1}}, 0, {0}},
    {"group_norm", {"n2,6,4,5", "n6", "n6"}, {{"groups", 2}}, 0, {0}},
    {"group_norm", {"n3,4"}, {{"groups", 1}, {"eps", 0.1}}, 0, {0}},
    {"conv2d", {"n2,4,6,5", "n3,4,3,3", "n3"}, {{"padding", 1}}, 0, {0}},
    {"conv2d", {"n2,2,9,8", "n3,2,2,3"}, {{"stride", 3}, {"padding", 2}}, 0, {0}},
    {"conv2d", {"n2,4,3,5", "n3,4,1,1", "n3"}, {{0}}, 0, {0}},
    {"conv2d", {"n1,1,2,2", "n1,1,3,3"}, {{"padding", 4}}, 0, {0}},
    {"conv_transpose2d", {"n2,4,3,5", "n4,3,4,4", "n3"}, {{"stride", 2}, {"padding", 1}}, 0, {0}},
    {"conv_transpose2d", {"n2,2,3,2", "n2,3,2,1", ""}, {{"stride", 3}}, 0, {0}},
    {"avg_pool2d", {"n2,3,6,5"}, {{"size", 2}}, 0, {0}},
    {"upsample_nearest2d", {"n2,3,3,2"}, {{"scale", 3}}, 0, {0}},
    {"mse", {"n5,7", "n5,7"}, {{0}}, 0, {0}},
    {"mse", {"n5,7", "n5,7"}, {{"reduce", 1}}, 0, {0}},
    {"huber", {"n5,7", "n5,7"}, {{"delta", 0.7}}, 0, {0}},
    {"cross_entropy", {"n5,7", "i7:5"}, {{0}}, 0, {0}},
    {"cross_entropy", {"n5,7", "i7:5"}, {{"reduce", 1}}, 0, {0}},
};
enum { N_SAMPLES = sizeof samples / sizeof *samples };

/* ---- inputs ---- */

static uint64_t seed = 1;

static double uniform(void) { /* a linear congruential generator; the high bits are good enough here */
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static fm_tensor *input(const char *text) {
    if (!text || !*text) return NULL;
    char kind = *text++, *end = NULL;
    double limit = 0;
    size_t shape[FM_MAX_RANK];
    int rank = 0;
    if (kind == 'i') {
        limit = strtod(text, &end);
        text = end + 1;
    }
    while (*text) {
        shape[rank++] = strtoul(text, &end, 10);
        text = *end == ',' ? end + 1 : end;
    }
    fm_error err;
    fm_tensor *t = fm_tensor_new(rank, shape, &err);
    assert_non_null(t);
    for (size_t i = 0; i < t->count; i++) {
        double u = uniform(), normal = sqrt(-2 * log(u)) * cos(6.283185307179586 * uniform());
        fm_data(t)[i] = kind == 'n' ? normal : kind == 'p' ? 0.3 + u : kind == 'm' ? (u < 0.5) : 1 + floor(u * limit);
    }
    return t;
}

static int n_inputs(const sample *s) {
    int n = 0;
    while (n < MAX_IN && s->in[n]) n++;
    return n;
}

static fm_tensor *run_with(const sample *s, fm_tensor **in, fm_error *err) {
    const fm_op *op = fm_op_find(s->op);
    assert_non_null(op);
    fm_call frame, *c = fm_call_init(&frame, op);
    c->n_in = n_inputs(s);
    memcpy(c->few, in, (size_t)c->n_in * sizeof *in);
    for (int g = 0; g < MAX_GIVEN && s->given[g].name; g++) {
        int k = 0;
        while (op->options[k].name && strcmp(op->options[k].name, s->given[g].name) != 0) k++;
        assert_non_null(op->options[k].name);
        if (op->options[k].kind == FM_NUMBER) c->opt[k].number = s->given[g].value;
        else c->opt[k].integer = (int64_t)s->given[g].value;
    }
    c->n_list = s->n_list;
    memcpy(c->list, s->list, sizeof s->list);
    return fm_run(c, err);
}

/* ---- gradients ---- */

static bool differentiable(const sample *s, int i) {
    const char *spec = fm_op_find(s->op)->inputs;
    return *s->in[i] && (*spec == '*' || spec[i] != 'n');
}

static void describe(const sample *s) {
    print_error("%s(", s->op);
    for (int i = 0; i < n_inputs(s); i++) print_error("%s%s", i ? " " : "", s->in[i]);
    for (int g = 0; g < MAX_GIVEN && s->given[g].name; g++) print_error(" %s=%g", s->given[g].name, s->given[g].value);
    print_error("): ");
}

/* sum(weights * op(inputs)), nothing recorded */
static double weighted(const sample *s, fm_tensor **in, const double *weights) {
    fm_error err;
    fm_tensor *y = run_with(s, in, &err);
    double sum = 0;
    assert_non_null(y);
    for (size_t k = 0; k < y->count; k++) sum += weights[k] * fm_data(y)[k];
    fm_tensor_release(y);
    return sum;
}

/* Result and gradients with `wanted` telling which inputs are parameters; backward `times` times. A
 * view has no record of its own, so the result passes through neg. */
static void back(const sample *s, fm_tensor **in, unsigned wanted, int times, double *weights, const double *plain, size_t n_plain) {
    fm_error err;
    for (int i = 0; i < n_inputs(s); i++) {
        if (in[i]) in[i]->needs_grad = wanted >> i & 1;
    }
    fm_scope *scope = fm_scope_open(true, NULL, &err);
    fm_tensor *y = run_with(s, in, &err);
    assert_non_null(y);
    for (size_t k = 0; plain && k < n_plain; k++) assert_true(fm_data(y)[k] == plain[k]); /* recording changes no bit */
    fm_call frame, *c = fm_call_init(&frame, fm_op_find("neg"));
    c->few[c->n_in++] = y;
    fm_tensor *z = fm_run(c, &err), *g = fm_tensor_clone(z, &err);
    for (size_t k = 0; k < g->count; k++) fm_data(g)[k] = -weights[k];
    for (int t = 0; t < times; t++) {
        if (!fm_backward(z, g, &err)) print_error("%s\n", err.text), fail();
    }
    fm_tensor_release(g);
    fm_tensor_release(z);
    fm_tensor_release(y);
    fm_scope_close(scope);
}

/* One parameter at a time: the others ask for nothing, and the gradient is the same as before. */
static int alone_is_the_same(const sample *s, fm_tensor **in, unsigned all, double *weights) {
    int bad = 0;
    for (int i = 0; i < n_inputs(s); i++) {
        if (!(all >> i & 1)) continue;
        for (int times = 2; times > 0; times--) { /* all of them, then this one; the first gradient is the reference */
            for (int j = 0; j < n_inputs(s); j++) {
                if (in[j] && times == 2) fm_grad_clear(in[j]);
            }
            back(s, in, times == 2 ? all : 1u << i, 1, weights, NULL, 0);
            if (times == 2 && fm_grad_get(in[i])) {
                for (size_t k = 0; k < in[i]->count; k++) fm_grad_add(in[i])[k] *= -1;
            }
        }
        const double *rest = fm_grad_get(in[i]);
        for (size_t k = 0; rest && k < in[i]->count; k++) bad += !(fabs(rest[k]) < 1e-12);
    }
    return bad;
}

static int check_sample(const sample *s) {
    const double h = 1e-5, tolerance = 2e-8;
    fm_tensor *in[MAX_IN];
    fm_error err;
    int bad = 0;
    unsigned all = 0;
    for (int i = 0; i < n_inputs(s); i++) {
        in[i] = input(s->in[i]);
        if (differentiable(s, i)) all |= 1u << i;
    }
    fm_tensor *y = run_with(s, in, &err);
    if (!y) {
        describe(s);
        print_error("%s\n", err.text);
        fail();
    }
    double *weights = malloc((y->count + 1) * sizeof *weights);
    for (size_t k = 0; k < y->count; k++) weights[k] = uniform() - 0.5;
    if (all) back(s, in, all, 2, weights, fm_data(y), y->count);
    for (int i = 0; i < n_inputs(s); i++) {
        const double *g = in[i] ? fm_grad_get(in[i]) : NULL;
        for (size_t k = 0; in[i] && (all >> i & 1) && k < in[i]->count; k++) {
            double *x = &fm_data(in[i])[k], kept = *x;
            *x = kept + h;
            double up = weighted(s, in, weights);
            *x = kept - h;
            double down = weighted(s, in, weights);
            *x = kept;
            double want = (up - down) / (2 * h), found = g ? g[k] / 2 : 0;
            if (!(fabs(want - found) <= tolerance * fmax(1, fabs(want)))) {
                describe(s);
                print_error("input %d entry %zu: finite differences %.12g, backward %.12g\n", i + 1, k + 1, want, found);
                bad++;
            }
            if (in[i]->count > 400) k += 16; /* large ones are for the blocks and strips: a part of them will do */
        }
    }
    bad += alone_is_the_same(s, in, all, weights);
    if (bad) {
        describe(s);
        print_error("%d bad entries\n", bad);
    }
    free(weights);
    fm_tensor_release(y);
    for (int i = 0; i < n_inputs(s); i++) fm_tensor_release(in[i]);
    return bad;
}

static void gradients_match_finite_differences(void **state) {
    (void)state;
    int bad = 0;
    size_t before = fm_live_bytes();
    for (int i = 0; i < N_SAMPLES; i++) {
        seed = 7u + (uint64_t)i;
        bad += check_sample(&samples[i]);
    }
    assert_int_equal(bad, 0);
    assert_int_equal(fm_live_bytes(), before);
}

static void every_op_has_a_sample(void **state) {
    (void)state;
    for (const fm_op *const *op = fm_op_all(); *op; op++) {
        int n = 0;
        for (int i = 0; i < N_SAMPLES; i++) n += !strcmp(samples[i].op, (*op)->name);
        if (!n) print_error("%s has no sample\n", (*op)->name);
        assert_true(n > 0);
    }
}

/* ---- what is refused ---- */

static const struct {
    sample call;
    const char *says;
} refused[] = {
    {{"add", {"n2,3", "n2,4"}, {{0}}, 0, {0}}, "shapes [2, 3] and [2, 4] do not fit"},
    {{"sum", {"n2,3"}, {{"axis", 2}}, 0, {0}}, "axis 3 is out of range for a tensor of rank 2"},
    {{"sum", {"n2,3"}, {{"axis", -3}}, 0, {0}}, "axis -3 is out of range"},
    {{"mean", {"n3,0"}, {{"axis", 1}}, 0, {0}}, "expected at least 1 numbers"},
    {{"max", {"n0"}, {{0}}, 0, {0}}, "input is [0]: expected at least 1 numbers to reduce, found 0"},
    {{"min", {"n3,0"}, {{"axis", 1}}, 0, {0}}, "expected at least 1"},
    {{"logsumexp", {"n3,0"}, {{"axis", 1}}, 0, {0}}, "expected at least 1"},
    {{"var", {"n3,1"}, {{"axis", 1}}, 0, {0}}, "expected at least 2"},
    {{"softmax", {"n"}, {{0}}, 0, {0}}, "out of range for a tensor of rank 0"},
    {{"cumsum", {"n3"}, {{"axis", 1}}, 0, {0}}, "axis 2 is out of range"},
    {{"reshape", {"n6"}, {{0}}, 2, {4, 2}}, "[6] has 6 numbers, [4, 2] wants 8"},
    {{"permute", {"n2,3"}, {{0}}, 2, {0, 0}}, "axis 1 is given twice"},
    {{"transpose", {"n2"}, {{0}}, 0, {0}}, "has no two axes"},
    {{"cat", {"n2,3", "n3,3"}, {{"axis", 1}}, 0, {0}}, "tensor 1 is [2, 3], tensor 2 is [3, 3]: only axis 2 may differ"},
    {{"slice", {"n5"}, {{"axis", 0}, {"first", 0}}, 0, {0}}, "count from 1"},
    {{"slice", {"n5"}, {{"axis", 0}, {"first", 4}, {"last", 6}}, 0, {0}}, "not within 1..5"},
    {{"slice", {"n5"}, {{"axis", 0}, {"first", 4}, {"last", 2}, {"step", 2}}, 0, {0}}, "the range from 4 to 2 in steps of 2 is empty"},
    {{"slice", {"n5"}, {{"axis", 0}, {"first", 4}, {"last", -7}, {"step", -1}}, 0, {0}}, "not within 1..5"},
    {{"slice", {"n5"}, {{"axis", 0}, {"step", 0}}, 0, {0}}, "step is 0"},
    {{"stack", {"n2,3", "n3,2"}, {{0}}, 0, {0}}, "tensor 1 is [2, 3], tensor 2 is [3, 2]: expected equal shapes"},
    {{"stack", {"n2,3", "n2,3"}, {{"axis", 3}}, 0, {0}}, "axis 4 is out of range for a tensor of rank 3"},
    {{"stack", {"n1,1,1,1,1,1,1,1"}, {{0}}, 0, {0}}, "one axis too many"},
    {{"std", {"n3,1"}, {{"axis", 1}}, 0, {0}}, "expected at least 2"},
    {{"argmax", {"n3,0"}, {{"axis", 1}}, 0, {0}}, "input is [3, 0]: there is no number to choose"},
    {{"argmin", {"n2"}, {{"axis", 1}}, 0, {0}}, "axis 2 is out of range"},
    {{"argsort", {"n"}, {{0}}, 0, {0}}, "cannot be sorted"},
    {{"one_hot", {"i5:4"}, {{"n", 0}}, 0, {0}}, "n is 0: expected at least 1"},
    {{"one_hot", {"n3"}, {{"n", 4}}, 0, {0}}, "it must"},
    {{"lt", {"n2,3", "n2,4"}, {{0}}, 0, {0}}, "shapes [2, 3] and [2, 4] do not fit"},
    {{"clamp", {"n2"}, {{"min", 2}, {"max", 1}}, 0, {0}}, "min 2 is over max 1"},
    {{"index_select", {"n5,2", "n3,2"}, {{0}}, 0, {0}}, "index is [3, 2]: expected one axis"},
    {{"index_select", {"n5,2", "p3"}, {{0}}, 0, {0}}, "it must"},
    {{"index_select", {"n0,2", "i9:3"}, {{0}}, 0, {0}}, "it must lie in 1..0"},
    {{"gather", {"n5,2", "i5:4,2"}, {{"axis", 1}}, 0, {0}}, "input is [5, 2], index is [4, 2]: only axis 2 may differ"},
    {{"gather", {"n5,2", "i5:5"}, {{"axis", 1}}, 0, {0}}, "only axis 2 may differ"},
    {{"embedding", {"n5", "i5:5"}, {{0}}, 0, {0}}, "table is [5]: expected [entries, dimension]"},
    {{"matmul", {"n2,3", "n2,3"}, {{0}}, 0, {0}}, "expected [..., K] and [K, N]"},
    {{"bmm", {"n2,3,4", "n3,4,5"}, {{0}}, 0, {0}}, "expected [S, M, K] and [S, K, N]"},
    {{"linear", {"n2,3", "n4,5"}, {{0}}, 0, {0}}, "weight is [4, 5], input is [2, 3]: the weight wants 5 columns"},
    {{"attention", {"n2,3", "n4,3", "n5,3"}, {{0}}, 0, {0}}, "expected [..., L, D], [..., S, D] and [..., S, E]"},
    {{"layer_norm", {"n2,3", "n2"}, {{0}}, 0, {0}}, "input is [2, 3], weight is [2]: expected [3]"},
    {{"layer_norm", {"n2,3", "n3", "n2"}, {{0}}, 0, {0}}, "bias is [2]: expected [3]"},
    {{"layer_norm", {"n2,3"}, {{"eps", -1}}, 0, {0}}, "eps is -1"},
    {{"rms_norm", {"n"}, {{0}}, 0, {0}}, "without axes"},
    {{"group_norm", {"n2,6,4"}, {{"groups", 4}}, 0, {0}}, "its 6 channels do not make 4 groups"},
    {{"group_norm", {"n2,6,4"}, {{"groups", 0}}, 0, {0}}, "do not make 0 groups"},
    {{"group_norm", {"n6"}, {{"groups", 2}}, 0, {0}}, "input is [6]: expected [N, C, ...]"},
    {{"conv2d", {"n4,6,5", "n3,4,3,3"}, {{0}}, 0, {0}}, "input is [4, 6, 5]: expected [N, C, H, W]"},
    {{"conv2d", {"n2,4,6,5", "n3,5,3,3"}, {{0}}, 0, {0}}, "expected [O, C, kh, kw] with C = 4"},
    {{"conv2d", {"n2,4,6,5", "n3,4,3,3", "n4"}, {{0}}, 0, {0}}, "bias is [4]: expected [3]"},
    {{"conv2d", {"n2,4,6,5", "n3,4,3,3"}, {{"stride", 0}}, 0, {0}}, "stride is 0"},
    {{"conv2d", {"n2,4,6,5", "n3,4,3,3"}, {{"padding", -1}}, 0, {0}}, "padding is -1"},
    {{"conv2d", {"n2,4,6,5", "n3,4,3,3"}, {{"padding", 2e9}}, 0, {0}}, "address"},
    {{"conv2d", {"n2,4,2,5", "n3,4,3,3"}, {{0}}, 0, {0}}, "the kernel is larger than the picture"},
    {{"conv_transpose2d", {"n2,4,6,5", "n3,4,3,3"}, {{0}}, 0, {0}}, "expected [C, O, kh, kw] with C = 4"},
    {{"conv_transpose2d", {"n2,4,1,1", "n4,3,2,2"}, {{"padding", 1}}, 0, {0}}, "nothing is left with padding 1"},
    {{"avg_pool2d", {"n2,3,6,4"}, {{"size", 5}}, 0, {0}}, "no square of size 5 fits"},
    {{"avg_pool2d", {"n2,3,6,4"}, {{"size", 0}}, 0, {0}}, "no square of size 0 fits"},
    {{"upsample_nearest2d", {"n2,3"}, {{"scale", 2}}, 0, {0}}, "expected [N, C, H, W]"},
    {{"upsample_nearest2d", {"n2,3,4,4"}, {{"scale", -2}}, 0, {0}}, "scale is -2"},
    {{"mse", {"n2,3", "n3,2"}, {{0}}, 0, {0}}, "prediction is [2, 3], target is [3, 2]"},
    {{"huber", {"n2", "n2"}, {{"delta", 0}}, 0, {0}}, "delta is 0"},
    {{"cross_entropy", {"n2,3", "i4:3"}, {{0}}, 0, {0}}, "expected [B, C] and [B]"},
};

static void bad_shapes_are_refused_with_a_message(void **state) {
    (void)state;
    size_t before = fm_live_bytes();
    for (size_t r = 0; r < sizeof refused / sizeof *refused; r++) {
        const sample *s = &refused[r].call;
        fm_tensor *in[MAX_IN];
        for (int i = 0; i < n_inputs(s); i++) in[i] = input(s->in[i]);
        fm_error err = {""};
        fm_tensor *y = run_with(s, in, &err);
        size_t name = strlen(s->op);
        bool named = (!strncmp(err.text, s->op, name) && err.text[name] == ':') || strstr(refused[r].says, "address");
        if (y || !named || !strstr(err.text, refused[r].says)) {
            describe(s);
            print_error("said \"%s\", expected \"%s\"\n", y ? "nothing" : err.text, refused[r].says);
            fail();
        }
        for (int i = 0; i < n_inputs(s); i++) fm_tensor_release(in[i]);
    }
    assert_int_equal(fm_live_bytes(), before);
}

/* ---- values ---- */

static fm_tensor *numbers(int rank, const size_t *shape, const double *values) {
    fm_error err;
    fm_tensor *t = fm_tensor_new(rank, shape, &err);
    assert_non_null(t);
    memcpy(fm_data(t), values, t->count * sizeof *values);
    return t;
}

static double reduced(const char *op, size_t n, const double *values) {
    fm_tensor *in[MAX_IN] = {numbers(1, &n, values)};
    sample s = {.op = op, .in = {"n"}};
    fm_error err;
    fm_tensor *y = run_with(&s, in, &err);
    assert_non_null(y);
    double v = fm_data(y)[0];
    fm_tensor_release(y);
    fm_tensor_release(in[0]);
    return v;
}

static void reductions_of_special_numbers(void **state) {
    (void)state;
    double low[] = {-INFINITY, -INFINITY}, high[] = {1, INFINITY}, nan_last[] = {1, 2, NAN}, big[] = {1000, 1000}, large[] = {3e200, 4e200};
    assert_true(reduced("logsumexp", 2, low) == -INFINITY);
    assert_true(reduced("logsumexp", 2, high) == INFINITY);
    assert_true(fabs(reduced("logsumexp", 2, big) - (1000 + log(2))) < 1e-12);
    assert_true(isnan(reduced("max", 3, nan_last)) && isnan(reduced("min", 3, nan_last)));
    assert_true(isinf(reduced("norm", 2, large))); /* the squares overflow, as in PyTorch */
    double many[1000];
    for (int i = 0; i < 1000; i++) many[i] = i == 777 ? (double)NAN : i;
    assert_true(isnan(reduced("max", 1000, many)));
    many[777] = 5000;
    assert_true(reduced("max", 1000, many) == 5000 && reduced("min", 1000, many) == 0);
}

static void the_variance_divides_by_one_less_unless_told(void **state) {
    (void)state;
    double values[] = {1, 2, 3, 4};
    assert_true(fabs(reduced("var", 4, values) - 5.0 / 3) < 1e-15);
    size_t n = 4;
    fm_tensor *in[MAX_IN] = {numbers(1, &n, values)};
    sample s = {.op = "var", .in = {"n"}, .given = {{"unbiased", 0}}};
    fm_error err;
    fm_tensor *y = run_with(&s, in, &err);
    assert_true(y && fabs(fm_data(y)[0] - 1.25) < 1e-15);
    fm_tensor_release(y);
    fm_tensor_release(in[0]);
}

static void a_tie_gives_its_gradient_to_the_first(void **state) {
    (void)state;
    size_t shape[] = {2, 3};
    double values[] = {1, 4, 4, 2, 2, 2}, one[] = {1, 1}, want[] = {0, 1, 0, 1, 0, 0};
    fm_tensor *in[MAX_IN] = {numbers(2, shape, values)};
    sample s = {.op = "max", .in = {"n"}, .given = {{"axis", 1}}};
    double weights[2];
    memcpy(weights, one, sizeof one);
    back(&s, in, 1, 1, weights, NULL, 0);
    const double *g = fm_grad_get(in[0]);
    for (int i = 0; i < 6; i++) assert_true(g[i] == want[i]);
    fm_tensor_release(in[0]);
}

static void an_index_must_be_a_whole_number_in_range(void **state) {
    (void)state;
    size_t shape[] = {3, 2}, n = 1;
    double values[] = {1, 2, 3, 4, 5, 6}, bad[] = {0, 4, -1, 1.5, NAN, INFINITY};
    fm_tensor *table = numbers(2, shape, values);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fm_tensor *in[MAX_IN] = {table, numbers(1, &n, &bad[i])};
        sample s = {.op = "index_select", .in = {"n", "i"}};
        fm_error err = {""};
        assert_null(run_with(&s, in, &err));
        assert_non_null(strstr(err.text, "index_select: index 1 is"));
        fm_tensor_release(in[1]);
    }
    fm_tensor_release(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_has_a_sample),
        cmocka_unit_test(gradients_match_finite_differences),
        cmocka_unit_test(bad_shapes_are_refused_with_a_message),
        cmocka_unit_test(reductions_of_special_numbers),
        cmocka_unit_test(the_variance_divides_by_one_less_unless_told),
        cmocka_unit_test(a_tie_gives_its_gradient_to_the_first),
        cmocka_unit_test(an_index_must_be_a_whole_number_in_range),
    };
    return cmocka_run_group_tests_name("ops", tests, NULL, NULL);
}
