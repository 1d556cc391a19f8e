/* Ops on pictures [N, C, H, W], plane by plane: pooling and upsampling. */
#include "op.h"
#include "tangent.h"
#include "threads.h"

#include <string.h>

/* ---- avg_pool2d{size}: means of size x size squares; what is left over at the ends is dropped
 * ---- */

static bool avg_pool2d_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0];
    char text[FM_SHAPE_TEXT];
    int64_t size = c->opt[0].integer;
    if (x->rank != 4) return fm_call_fail(c, err, "input is %s: expected [N, C, H, W]", fm_shape_text(x, text));
    if (size < 1 || (size_t)size > x->shape[2] || (size_t)size > x->shape[3]) {
        return fm_call_fail(c, err, "input is %s: no square of size %lld fits", fm_shape_text(x, text), (long long)size);
    }
    fm_shape_like(c, x);
    c->shape[2] /= (size_t)size;
    c->shape[3] /= (size_t)size;
    return true;
}

typedef struct planes {
    size_t scale, h, w, oh, ow; /* sides of the larger planes, h and w, and of the smaller ones */
    const real *from;
    real *to;
    bool fresh; /* `to` has no value yet */
} planes;

/* Rows of the smaller planes, by tiles; each meets `scale` rows of the larger. */
static void each_row(planes *s, const fm_tensor *small, const fm_tensor *large, size_t scale, void (*work)(void *, size_t, size_t)) {
    s->scale = scale;
    s->oh = small->shape[2], s->ow = small->shape[3];
    s->h = large->shape[2], s->w = large->shape[3];
    size_t rows = small->count / s->ow;
    fm_parallel(rows, fm_tile_rows(s->w * scale), work, s);
}

/* Where the rows of the larger plane begin that row `row` of the smaller one meets. */
static size_t large_row(const planes *s, size_t row) {
    return (row / s->oh * s->h + row % s->oh * s->scale) * s->w;
}

/* The means of squares. */
static void mean_rows(void *context, size_t first, size_t last) {
    const planes *s = context;
    size_t scale = s->scale, w = s->w;
    double k = 1 / ((double)scale * (double)scale);
    for (size_t row = first; row < last; row++) {
        const real *x = s->from + large_row(s, row);
        real *y = s->to + row * s->ow;
        for (size_t j = 0; j < s->ow; j++) {
            double sum = 0;
            for (size_t i = 0; i < scale; i++) {
                for (size_t l = 0; l < scale; l++) sum += (double)x[i * w + j * scale + l];
            }
            y[j] = (real)(sum * k);
        }
    }
}

static void avg_pool2d_forward(const fm_call *c) {
    planes s = {.from = fm_data(c->in[0]), .to = fm_data(c->out)};
    each_row(&s, c->out, c->in[0], (size_t)c->opt[0].integer, mean_rows);
}

static void mean_rows_back(void *context, size_t first, size_t last) {
    const planes *s = context;
    size_t scale = s->scale, w = s->w;
    real k = 1 / (real)(scale * scale);
    for (size_t row = first; row < last; row++) {
        const real *dy = s->from + row * s->ow;
        real *to = s->to + large_row(s, row);
        for (size_t i = 0; i < scale; i++, to += w) {
            for (size_t j = 0; j < s->ow; j++) {
                real share = dy[j] * k;
                for (size_t l = 0; l < scale; l++) to[j * scale + l] = share + (s->fresh ? 0 : to[j * scale + l]);
            }
        }
    }
}

static void avg_pool2d_backward(const fm_call *c) {
    size_t scale = (size_t)c->opt[0].integer;
    planes s = {.from = fm_grad_get(c->out)};
    bool covered = c->shape[2] * scale == c->in[0]->shape[2] && c->shape[3] * scale == c->in[0]->shape[3];
    s.to = covered ? fm_grad_write(c->in[0], &s.fresh) : fm_grad_add(c->in[0]);
    each_row(&s, c->out, c->in[0], scale, mean_rows_back);
}

/* ---- upsample_nearest2d{scale}: each number becomes a square of scale x scale ---- */

static bool upsample_nearest2d_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0];
    int64_t scale = c->opt[0].integer;
    char text[FM_SHAPE_TEXT];
    if (x->rank != 4) return fm_call_fail(c, err, "input is %s: expected [N, C, H, W]", fm_shape_text(x, text));
    if (scale < 1 || scale > INT32_MAX) return fm_call_fail(c, err, "scale is %lld: expected 1 to %d", (long long)scale, INT32_MAX);
    fm_shape_like(c, x);
    for (int i = 2; i < 4; i++) {
        if (x->shape[i] > SIZE_MAX / (size_t)scale) return fm_call_fail(c, err, "the picture would be too large");
        c->shape[i] *= (size_t)scale;
    }
    return true;
}

static void repeat_rows(void *context, size_t first, size_t last) {
    const planes *s = context;
    size_t scale = s->scale;
    for (size_t row = first; row < last; row++) {
        const real *x = s->from + row * s->ow;
        real *y = s->to + row * scale * s->w;
        for (size_t j = 0; j < s->ow; j++) {
            for (size_t i = 0; i < scale; i++) y[j * scale + i] = x[j];
        }
        for (size_t i = 1; i < scale; i++) memcpy(y + i * s->w, y, s->w * sizeof *y);
    }
}

static void upsample_nearest2d_forward(const fm_call *c) {
    planes s = {.from = fm_data(c->in[0]), .to = fm_data(c->out)};
    each_row(&s, c->in[0], c->out, (size_t)c->opt[0].integer, repeat_rows);
}

static void repeat_rows_back(void *context, size_t first, size_t last) {
    const planes *s = context;
    size_t scale = s->scale;
    for (size_t row = first; row < last; row++) {
        const real *dy = s->from + row * scale * s->w;
        real *dx = s->to + row * s->ow;
        for (size_t j = 0; j < s->ow; j++) {
            double sum = 0;
            for (size_t i = 0; i < scale; i++) {
                for (size_t l = 0; l < scale; l++) sum += (double)dy[i * s->w + j * scale + l];
            }
            dx[j] = (real)sum + (s->fresh ? 0 : dx[j]);
        }
    }
}

static void upsample_nearest2d_backward(const fm_call *c) {
    planes s = {.from = fm_grad_get(c->out)};
    s.to = fm_grad_write(c->in[0], &s.fresh);
    each_row(&s, c->in[0], c->out, (size_t)c->opt[0].integer, repeat_rows_back);
}

static const fm_option pool_options[] = {{"size", FM_INTEGER, true, 1, NULL}, {0}};
static const fm_option upsample_options[] = {{"scale", FM_INTEGER, true, 1, NULL}, {0}};

const fm_op image_ops[] = {
    {"avg_pool2d", "t", pool_options, avg_pool2d_shape, avg_pool2d_forward, avg_pool2d_backward, fm_tangent_linear},
    {"upsample_nearest2d", "t", upsample_options, upsample_nearest2d_shape, upsample_nearest2d_forward, upsample_nearest2d_backward,
     fm_tangent_linear},
    {0},
};
