/* Ops on pictures [N, C, H, W]. Convolutions are matrix products with patches laid out as columns,
 * one picture at a time: conv2d multiplies the patches of its input, conv_transpose2d adds its
 * products up as patches of its output. */
#include "blas.h"
#include "gemm.h"
#include "op.h"
#include "sums.h"

#include <string.h>

/* ---- patches ---- */

/* A picture [channels, h, w], and the grid [oh, ow] of kh x kw patches over it. */
typedef struct patches {
    size_t channels, h, w, kh, kw, stride, padding, oh, ow;
} patches;

static size_t patch_size(const patches *p) {
    return p->channels * p->kh * p->kw;
}

static size_t grid_size(const patches *p) {
    return p->oh * p->ow;
}

/* A 1 x 1 kernel that touches every number: the picture is its own column matrix. */
static bool is_plain(const patches *p) {
    return p->kh == 1 && p->kw == 1 && p->stride == 1 && p->padding == 0;
}

/* The grid columns (or rows) first..end-1 whose entry k of a patch lies inside the picture. */
static void inside(size_t grid, size_t size, size_t k, size_t stride, size_t padding, size_t *first, size_t *end) {
    *first = k >= padding ? 0 : (padding - k + stride - 1) / stride;
    *end = size + padding > k ? (size + padding - k - 1) / stride + 1 : 0;
    if (*end > grid) *end = grid;
    if (*first > *end) *first = *end;
}

/* col [channels kh kw, oh ow] = the patches of the picture, with zeros outside it. */
static void to_columns(const patches *p, const real *picture, real *col) {
    for (size_t row = 0; row < patch_size(p); row++) {
        size_t kx = row % p->kw, ky = row / p->kw % p->kh, x0, x1, y0, y1;
        const real *plane = picture + row / (p->kw * p->kh) * p->h * p->w;
        inside(p->ow, p->w, kx, p->stride, p->padding, &x0, &x1);
        inside(p->oh, p->h, ky, p->stride, p->padding, &y0, &y1);
        for (size_t y = 0; y < p->oh; y++, col += p->ow) {
            if (y < y0 || y >= y1 || x0 == x1) {
                memset(col, 0, p->ow * sizeof *col);
                continue;
            }
            const real *line = plane + (y * p->stride + ky - p->padding) * p->w + (x0 * p->stride + kx - p->padding);
            for (size_t x = 0; x < x0; x++) col[x] = 0;
            if (p->stride == 1) {
                memcpy(col + x0, line, (x1 - x0) * sizeof *col);
            } else {
                for (size_t x = x0; x < x1; x++) col[x] = line[(x - x0) * p->stride];
            }
            for (size_t x = x1; x < p->ow; x++) col[x] = 0;
        }
    }
}

/* picture += the columns, each number at the place it has in its patch. */
static void add_columns(const patches *p, const real *col, real *picture) {
    for (size_t row = 0; row < patch_size(p); row++) {
        size_t kx = row % p->kw, ky = row / p->kw % p->kh, x0, x1, y0, y1;
        real *plane = picture + row / (p->kw * p->kh) * p->h * p->w;
        inside(p->ow, p->w, kx, p->stride, p->padding, &x0, &x1);
        inside(p->oh, p->h, ky, p->stride, p->padding, &y0, &y1);
        for (size_t y = y0; x0 < x1 && y < y1; y++) {
            const real *from = col + (row * p->oh + y) * p->ow;
            real *line = plane + (y * p->stride + ky - p->padding) * p->w + (x0 * p->stride + kx - p->padding);
            for (size_t x = x0; x < x1; x++) line[(x - x0) * p->stride] += from[x];
        }
    }
}

/* ---- what both convolutions check ---- */

static const fm_tensor *bias_of(const fm_call *c) {
    return c->n_in > 2 ? c->in[2] : NULL;
}

/* Ranks, stride and padding, the channel axis of the weight, and the bias. */
static bool check_convolution(const fm_call *c, int weight_in, int weight_out, fm_error *err) {
    const fm_tensor *x = c->in[0], *w = c->in[1], *b = bias_of(c);
    char tx[FM_SHAPE_TEXT], tw[FM_SHAPE_TEXT];
    const char *want = weight_in ? "[O, C, kh, kw]" : "[C, O, kh, kw]";
    if (x->rank != 4) return fm_call_fail(c, err, "input is %s: expected [N, C, H, W]", fm_shape_text(x, tx));
    if (w->rank != 4 || w->count == 0) return fm_call_fail(c, err, "weight is %s: expected %s", fm_shape_text(w, tw), want);
    if (w->shape[weight_in] != x->shape[1]) {
        return fm_call_fail(c, err, "input is %s, weight is %s: expected %s with C = %zu", fm_shape_text(x, tx), fm_shape_text(w, tw), want,
                            x->shape[1]);
    }
    if (b && (b->rank != 1 || b->shape[0] != w->shape[weight_out])) {
        return fm_call_fail(c, err, "weight is %s, bias is %s: expected [%zu]", fm_shape_text(w, tw), fm_shape_text(b, tx),
                            w->shape[weight_out]);
    }
    int64_t stride = c->opt[0].integer, padding = c->opt[1].integer;
    if (stride < 1 || stride > INT32_MAX) return fm_call_fail(c, err, "stride is %lld: expected 1 to %d", (long long)stride, INT32_MAX);
    if (padding < 0 || padding > INT32_MAX) return fm_call_fail(c, err, "padding is %lld: expected 0 to %d", (long long)padding, INT32_MAX);
    return true;
}

/* The weight's gradient is a sum over pictures. With MANY of them or more, parts of SOME are added
 * with their rounding errors. */
enum { MANY = 64, SOME = 8 };

static size_t weight_room(const fm_call *c) {
    return c->in[0]->shape[0] > MANY ? 2 * c->in[1]->count : 0;
}

/* Where the share of picture i goes: straight to dw, or to a part that weight_done adds to it. */
static real *weight_part(const fm_call *c, size_t i, real *dw) {
    size_t n = c->in[1]->count;
    if (!dw || !weight_room(c)) return dw;
    if (i == 0) memset(c->saved + n, 0, n * sizeof *dw);
    if (i % SOME == 0) memset(c->saved, 0, n * sizeof *dw);
    return c->saved;
}

static void weight_done(const fm_call *c, size_t i, real *dw) {
    size_t n = c->in[1]->count, pictures = c->in[0]->shape[0];
    if (!dw || !weight_room(c)) return;
    real *rest = c->saved + n;
    if ((i + 1) % SOME == 0 || i + 1 == pictures) fm_carry_add(n, c->saved, dw, rest);
    for (size_t k = 0; i + 1 == pictures && k < n; k++) dw[k] += rest[k];
}

/* The column matrix must exist in memory, and its sides in BLAS. */
static bool check_columns(fm_call *c, const patches *p, fm_error *err) {
    size_t sides[5] = {p->channels, p->kh, p->kw, p->oh, p->ow}, count;
    if (!fm_shape_count(5, sides, &count, err)) return false;
    const fm_tensor *w = c->in[1];
    if (!fm_blas_fits(patch_size(p)) || !fm_blas_fits(grid_size(p)) || !fm_blas_fits(w->shape[0]) || !fm_blas_fits(w->shape[1])) {
        return fm_call_fail(c, err, "a picture makes %zu patches of %zu numbers: over the limit of BLAS", grid_size(p), patch_size(p));
    }
    c->scratch_count = count;
    c->saved_count = weight_room(c);
    return true;
}

static void add_bias(const fm_call *c, size_t area) {
    const fm_tensor *b = bias_of(c);
    if (!b) return;
    real *y = fm_data(c->out);
    for (size_t i = 0; i < c->out->shape[0] * b->shape[0]; i++, y += area) {
        real v = fm_data(b)[i % b->shape[0]];
        for (size_t k = 0; k < area; k++) y[k] += v;
    }
}

FM_CLONES static double sum_of(size_t n, const real *x) {
    FM_ROW_SUM(n, x[i], sum);
    return sum;
}

static void bias_backward(const fm_call *c, size_t area) {
    fm_tensor *b = c->n_in > 2 ? c->in[2] : NULL;
    real *db = b ? fm_grad_add(b) : NULL;
    size_t pictures = c->out->shape[0], channels = c->out->shape[1];
    double acc[FM_STRIP];
    for (size_t j = 0, part; db && j < channels; j += part) { /* some channels of all pictures */
        part = channels - j < FM_STRIP ? channels - j : FM_STRIP;
        memset(acc, 0, part * sizeof *acc);
        const real *dy = fm_grad_get(c->out) + j * area;
        for (size_t i = 0; i < pictures; i++, dy += channels * area) {
            for (size_t k = 0; k < part; k++) acc[k] += sum_of(area, dy + k * area);
        }
        for (size_t k = 0; k < part; k++) db[j + k] += (real)acc[k];
    }
}

/* ---- conv2d{stride, padding}: x [N, C, H, W], w [O, C, kh, kw], b [O] -> [N, O, OH, OW] ---- */

static patches conv_patches(const fm_call *c) {
    const fm_tensor *x = c->in[0], *w = c->in[1];
    patches p = {x->shape[1], x->shape[2], x->shape[3], w->shape[2], w->shape[3], (size_t)c->opt[0].integer, (size_t)c->opt[1].integer,
                 c->shape[2], c->shape[3]};
    return p;
}

static bool conv2d_shape(fm_call *c, fm_error *err) {
    if (!check_convolution(c, 1, 0, err)) return false;
    const fm_tensor *x = c->in[0], *w = c->in[1];
    size_t stride = (size_t)c->opt[0].integer, padding = (size_t)c->opt[1].integer;
    fm_shape_like(c, x);
    c->shape[1] = w->shape[0];
    for (int i = 2; i < 4; i++) {
        size_t size = x->shape[i] + 2 * padding;
        if (size < w->shape[i]) {
            char tx[FM_SHAPE_TEXT], tw[FM_SHAPE_TEXT];
            return fm_call_fail(c, err, "input is %s, weight is %s: the kernel is larger than the picture with padding %zu",
                                fm_shape_text(x, tx), fm_shape_text(w, tw), padding);
        }
        c->shape[i] = (size - w->shape[i]) / stride + 1;
    }
    patches p = conv_patches(c);
    if (!check_columns(c, &p, err)) return false;
    if (is_plain(&p)) c->scratch_count = 0;
    return true;
}

static void conv2d_forward(const fm_call *c) {
    patches p = conv_patches(c);
    size_t k = patch_size(&p), n = grid_size(&p), outs = c->shape[1], in_size = p.channels * p.h * p.w;
    for (size_t i = 0; i < c->shape[0]; i++) {
        const real *picture = fm_data(c->in[0]) + i * in_size, *col = is_plain(&p) ? picture : c->scratch;
        if (!is_plain(&p)) to_columns(&p, picture, c->scratch);
        fm_gemm(false, false, outs, n, k, fm_data(c->in[1]), k, col, n, 0, fm_data(c->out) + i * outs * n, n);
    }
    add_bias(c, n);
}

static void conv2d_backward(const fm_call *c) {
    patches p = conv_patches(c);
    size_t k = patch_size(&p), n = grid_size(&p), outs = c->shape[1], in_size = p.channels * p.h * p.w;
    const real *dy = fm_grad_get(c->out);
    real *dx = fm_grad_add(c->in[0]), *dw = fm_grad_add(c->in[1]);
    for (size_t i = 0; i < c->shape[0]; i++, dy += outs * n) {
        const real *picture = fm_data(c->in[0]) + i * in_size;
        if (dw) {
            if (!is_plain(&p)) to_columns(&p, picture, c->scratch);
            fm_gemm(false, true, outs, k, n, dy, n, is_plain(&p) ? picture : c->scratch, n, 1, weight_part(c, i, dw), k);
            weight_done(c, i, dw);
        }
        if (!dx) continue;
        if (is_plain(&p)) {
            fm_gemm(true, false, k, n, outs, fm_data(c->in[1]), k, dy, n, 1, dx + i * in_size, n);
        } else {
            fm_gemm(true, false, k, n, outs, fm_data(c->in[1]), k, dy, n, 0, c->scratch, n);
            add_columns(&p, c->scratch, dx + i * in_size);
        }
    }
    bias_backward(c, n);
}

/* ---- conv_transpose2d{stride, padding}: x [N, C, H, W], w [C, O, kh, kw], b [O] -> [N, O, OH, OW]
 * Patches lie over the output; their grid is the input ---- */

static patches transpose_patches(const fm_call *c) {
    const fm_tensor *x = c->in[0], *w = c->in[1];
    patches p = {w->shape[1], c->shape[2], c->shape[3], w->shape[2], w->shape[3], (size_t)c->opt[0].integer, (size_t)c->opt[1].integer,
                 x->shape[2], x->shape[3]};
    return p;
}

static bool conv_transpose2d_shape(fm_call *c, fm_error *err) {
    if (!check_convolution(c, 0, 1, err)) return false;
    const fm_tensor *x = c->in[0], *w = c->in[1];
    size_t stride = (size_t)c->opt[0].integer, padding = (size_t)c->opt[1].integer;
    fm_shape_like(c, x);
    c->shape[1] = w->shape[1];
    for (int i = 2; i < 4; i++) {
        char tx[FM_SHAPE_TEXT], tw[FM_SHAPE_TEXT];
        if (!fm_blas_fits(x->shape[i]) || !fm_blas_fits(w->shape[i])) {
            return fm_call_fail(c, err, "input is %s, weight is %s: over the limit of BLAS", fm_shape_text(x, tx), fm_shape_text(w, tw));
        }
        size_t size = x->shape[i] ? (x->shape[i] - 1) * stride + w->shape[i] : 0;
        if (size <= 2 * padding) {
            return fm_call_fail(c, err, "input is %s, weight is %s: nothing is left with padding %zu", fm_shape_text(x, tx),
                                fm_shape_text(w, tw), padding);
        }
        c->shape[i] = size - 2 * padding;
    }
    patches p = transpose_patches(c);
    return check_columns(c, &p, err);
}

static void conv_transpose2d_forward(const fm_call *c) {
    patches p = transpose_patches(c);
    size_t k = patch_size(&p), n = grid_size(&p), ins = c->in[1]->shape[0], area = p.h * p.w, out_size = p.channels * area;
    const real *x = fm_data(c->in[0]);
    real *y = fm_data(c->out);
    memset(y, 0, c->out->count * sizeof *y);
    for (size_t i = 0; i < c->shape[0]; i++, x += ins * n, y += out_size) {
        fm_gemm(true, false, k, n, ins, fm_data(c->in[1]), k, x, n, 0, c->scratch, n);
        add_columns(&p, c->scratch, y);
    }
    add_bias(c, area);
}

static void conv_transpose2d_backward(const fm_call *c) {
    patches p = transpose_patches(c);
    size_t k = patch_size(&p), n = grid_size(&p), ins = c->in[1]->shape[0], area = p.h * p.w, out_size = p.channels * area;
    const real *x = fm_data(c->in[0]), *dy = fm_grad_get(c->out);
    real *dx = fm_grad_add(c->in[0]), *dw = fm_grad_add(c->in[1]);
    for (size_t i = 0; (dx || dw) && i < c->shape[0]; i++) {
        to_columns(&p, dy + i * out_size, c->scratch);
        if (dx) fm_gemm(false, false, ins, n, k, fm_data(c->in[1]), k, c->scratch, n, 1, dx + i * ins * n, n);
        if (dw) fm_gemm(false, true, ins, k, n, x + i * ins * n, n, c->scratch, n, 1, weight_part(c, i, dw), k);
        weight_done(c, i, dw);
    }
    bias_backward(c, area);
}

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

static void avg_pool2d_forward(const fm_call *c) {
    size_t s = (size_t)c->opt[0].integer, oh = c->shape[2], ow = c->shape[3], h = c->in[0]->shape[2], w = c->in[0]->shape[3];
    real *y = fm_data(c->out);
    double k = 1 / ((double)s * (double)s);
    for (size_t row = 0; row < c->out->count / ow; row++, y += ow) {
        const real *x = fm_data(c->in[0]) + (row / oh * h + row % oh * s) * w;
        for (size_t j = 0; j < ow; j++) {
            double sum = 0;
            for (size_t i = 0; i < s; i++) {
                for (size_t l = 0; l < s; l++) sum += (double)x[i * w + j * s + l];
            }
            y[j] = (real)(sum * k);
        }
    }
}

static void avg_pool2d_backward(const fm_call *c) {
    size_t s = (size_t)c->opt[0].integer, oh = c->shape[2], ow = c->shape[3], h = c->in[0]->shape[2], w = c->in[0]->shape[3];
    const real *dy = fm_grad_get(c->out);
    real *dx = fm_grad_add(c->in[0]), k = 1 / (real)(s * s);
    for (size_t row = 0; row < c->out->count / ow; row++, dy += ow) {
        real *to = dx + (row / oh * h + row % oh * s) * w;
        for (size_t j = 0; j < ow; j++) {
            for (size_t i = 0; i < s; i++) {
                for (size_t l = 0; l < s; l++) to[i * w + j * s + l] += dy[j] * k;
            }
        }
    }
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

static void upsample_nearest2d_forward(const fm_call *c) {
    size_t s = (size_t)c->opt[0].integer, w = c->in[0]->shape[3], ow = c->shape[3];
    const real *x = fm_data(c->in[0]);
    real *y = fm_data(c->out);
    for (size_t row = 0; row < c->in[0]->count / w; row++, x += w, y += s * ow) {
        for (size_t j = 0; j < w; j++) {
            for (size_t i = 0; i < s; i++) y[j * s + i] = x[j];
        }
        for (size_t i = 1; i < s; i++) memcpy(y + i * ow, y, ow * sizeof *y);
    }
}

static void upsample_nearest2d_backward(const fm_call *c) {
    size_t s = (size_t)c->opt[0].integer, w = c->in[0]->shape[3], ow = c->shape[3];
    const real *dy = fm_grad_get(c->out);
    real *dx = fm_grad_add(c->in[0]);
    for (size_t line = 0; line < c->in[0]->count / w; line++, dx += w, dy += s * ow) {
        for (size_t j = 0; j < w; j++) {
            double sum = 0;
            for (size_t i = 0; i < s; i++) {
                for (size_t l = 0; l < s; l++) sum += (double)dy[i * ow + j * s + l];
            }
            dx[j] += (real)sum;
        }
    }
}

static const fm_option convolution_options[] = {{"stride", FM_INTEGER, false, 1, NULL}, {"padding", FM_INTEGER, false, 0, NULL}, {0}};
static const fm_option pool_options[] = {{"size", FM_INTEGER, true, 1, NULL}, {0}};
static const fm_option upsample_options[] = {{"scale", FM_INTEGER, true, 1, NULL}, {0}};

const fm_op image_ops[] = {
    {"conv2d", "ttT", convolution_options, conv2d_shape, conv2d_forward, conv2d_backward},
    {"conv_transpose2d", "ttT", convolution_options, conv_transpose2d_shape, conv_transpose2d_forward, conv_transpose2d_backward},
    {"avg_pool2d", "t", pool_options, avg_pool2d_shape, avg_pool2d_forward, avg_pool2d_backward},
    {"upsample_nearest2d", "t", upsample_options, upsample_nearest2d_shape, upsample_nearest2d_forward, upsample_nearest2d_backward},
    {0},
};
