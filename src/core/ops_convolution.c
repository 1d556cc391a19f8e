/* Convolutions of pictures [N, C, H, W], as matrix products with patches laid out as columns. Both
 * convolutions join pictures and grids: a grid has one cell for each place of the kernel over a
 * picture. conv2d takes pictures to grids, conv_transpose2d takes grids to pictures, and each is
 * the other's gradient. Columns are laid out in blocks that a tile holds on its stack. */
#include "blas.h"
#include "gemm.h"
#include "gemm_kernels.h"
#include "op.h"
#include "patches.h"
#include "sums.h"
#include "tangent.h"
#include "threads.h"
#include "winograd.h"

#include <string.h>

/* ---- passes: N pictures, N grids of m channels, a weight [m, entries] ---- */

typedef struct pass {
    fm_patches p;
    size_t pictures, m;
    const real *weight, *bias, *from; /* from: the pictures, or the grids, that are read */
    real *to;                         /* what is written */
    bool fresh;                       /* it has no value yet */
    bool back;                        /* `to` is pictures; only products need to know */
    size_t group;                     /* pictures of a unit */
    /* the gradient of a weight, which `to` is */
    const real *grids;
    size_t runs; /* runs of cells that are summed apart */
    real *sums;
    real *room; /* of fm_winograd */
} pass;

/* `count` in equal parts, of at most `most`: the size of one. */
static size_t even(size_t count, size_t most) {
    return count > most ? fm_blocks(count, fm_blocks(count, most)) : count;
}

/* Units of a tile when one takes `work` multiplications: about 10 us. */
static size_t units_of(size_t work) {
    enum { TILE = 1 << 19, UNIT = 1 << 13 };
    return 1 + TILE / (work + UNIT);
}

enum { ENTRIES = 1024 / sizeof(real) }; /* entries of a block: a panel of them fits the first cache */

/* To cells side by side in every channel, which are n apart. */
FM_CLONES static void add_bias(const real *bias, size_t channels, size_t n, size_t cells, real *restrict to) {
    for (size_t c = 0; c < channels; c++) {
        real b = bias[c], *restrict row = to + c * n;
#define ADD_TO_ROW(count)                                                                                                                  \
    for (size_t x = 0; x < (count); x++) row[x] += b;
        FM_WITH_COUNT(cells, ADD_TO_ROW);
    }
}

/* One panel of cells of all grids, from pictures. */
static void to_grids(void *context, size_t first, size_t last) {
    const pass *s = context;
    size_t k = fm_patch_size(&s->p), n = fm_grid_size(&s->p), most = even(k, ENTRIES), cells = s->pictures * n;
    fm_segment list[FM_PANEL];
    _Alignas(64) real columns[ENTRIES * FM_PANEL], rows[ENTRIES * FM_PANEL];
    for (size_t i = first; i < last; i++) {
        size_t at = i * FM_PANEL, end = fm_least(at + FM_PANEL, cells), some = fm_segments_of(&s->p, at, end, list);
        bool whole = end - at == FM_PANEL && at / n == (end - 1) / n; /* all in one grid */
        real *to = s->to + at / n * s->m * n + at % n;
        for (size_t k0 = 0; k0 < k; k0 += most) {
            size_t k1 = fm_least(k0 + most, k);
            bool add = k0 || !s->fresh;
            fm_to_columns(&s->p, s->from, s->pictures * s->p.channels * s->p.h * s->p.w, k0, k1, list, some, FM_PANEL, columns);
            for (size_t r = 0, step = whole ? s->m : ENTRIES; r < s->m; r += step) {
                size_t m = fm_least(step, s->m - r);
                const real *weight = s->weight + r * k + k0;
                if (whole) {
                    fm_gemm_panel(false, m, k1 - k0, weight, k, columns, add, to, n);
                    continue;
                }
                fm_gemm_panel(false, m, k1 - k0, weight, k, columns, false, rows, FM_PANEL);
                for (size_t j = 0; j < some; j++) {
                    real *part = s->to + (list[j].picture * s->m + r) * n + list[j].cell;
                    for (size_t c = 0; c < m; c++) {
                        const real *row = rows + c * FM_PANEL + list[j].at;
                        for (size_t x = 0; x < list[j].count; x++) part[c * n + x] = row[x] + (add ? part[c * n + x] : 0);
                    }
                }
            }
        }
        if (s->bias && whole) add_bias(s->bias, s->m, n, FM_PANEL, to);
        for (size_t j = 0; s->bias && !whole && j < some; j++)
            add_bias(s->bias, s->m, n, list[j].count, s->to + list[j].picture * s->m * n + list[j].cell);
    }
}

/* panel [rows, FM_PANEL] = channels row..row+rows-1 of the grids' cells in the segments. */
static void to_panel(const pass *s, const real *grids, size_t row, size_t rows, const fm_segment *list, size_t some, real *panel) {
    size_t n = fm_grid_size(&s->p), used = list[some - 1].at + list[some - 1].count;
    for (size_t r = 0; r < rows; r++, panel += FM_PANEL) {
        for (size_t j = 0; j < some; j++) {
            const real *from = grids + (list[j].picture * s->m + row + r) * n + list[j].cell;
            fm_copy_cells(list[j].count, from, panel + list[j].at);
        }
        for (size_t x = used; x < FM_PANEL; x++) panel[x] = 0;
    }
}

/* Pictures from grids: groups of pictures. */
static void to_pictures(void *context, size_t first, size_t last) {
    const pass *s = context;
    size_t k = fm_patch_size(&s->p), n = fm_grid_size(&s->p), area = s->p.h * s->p.w, most = even(k, ENTRIES), rows = even(s->m, ENTRIES),
           size = s->p.channels * area;
    fm_segment list[FM_PANEL];
    _Alignas(64) real columns[ENTRIES * FM_PANEL], panel[ENTRIES * FM_PANEL];
    for (size_t i = first; i < last; i++) {
        size_t from = i * s->group, to = fm_least(from + s->group, s->pictures);
        for (size_t j = from * s->p.channels; s->fresh && j < to * s->p.channels; j++) {
            real v = s->bias ? s->bias[j % s->p.channels] : 0;
            for (size_t x = 0; x < area; x++) s->to[j * area + x] = v;
        }
        for (size_t at = from * n; at < to * n; at += FM_PANEL) {
            size_t some = fm_segments_of(&s->p, at, fm_least(at + FM_PANEL, to * n), list);
            for (size_t row = 0; row < s->m; row += rows) {
                size_t m = fm_least(rows, s->m - row);
                to_panel(s, s->from, row, m, list, some, panel);
                for (size_t k0 = 0; k0 < k; k0 += most) {
                    size_t k1 = fm_least(k0 + most, k);
                    fm_gemm_panel(true, k1 - k0, m, s->weight + row * k + k0, k, panel, false, columns, FM_PANEL);
                    fm_add_columns(&s->p, columns, k0, k1, list, some, (ptrdiff_t)(from * size), (ptrdiff_t)(to * size), s->to);
                }
            }
        }
    }
}

/* ---- a kernel of one cell: pictures and grids are the matrices of a product ---- */

enum { CELLS = 8 * FM_PANEL };

static bool is_product(const fm_patches *p) {
    return p->kh == 1 && p->kw == 1 && p->stride == 1 && p->padding == 0 && fm_grid_size(p) >= FM_PANEL;
}

/* Unit i is some cells of a picture. */
static void products(void *context, size_t first, size_t last) {
    const pass *s = context;
    size_t n = fm_grid_size(&s->p), k = s->p.channels, across = fm_blocks(n, CELLS), read = s->back ? s->m : k, made = s->back ? k : s->m;
    for (size_t i = first; i < last; i++) {
        size_t picture = i / across, at = i % across * CELLS, cells = fm_least(CELLS, n - at);
        real *to = s->to + picture * made * n + at;
        fm_gemm(s->back, false, made, cells, read, s->weight, k, s->from + picture * read * n + at, n, s->fresh ? 0 : 1, to, n);
        if (s->bias) add_bias(s->bias, made, n, cells, to);
    }
}

static void run_products(pass *s) {
    size_t n = fm_grid_size(&s->p);
    fm_parallel(s->pictures * fm_blocks(n, CELLS), units_of(s->m * s->p.channels * fm_least(CELLS, n)), products, s);
}

/* ---- the gradient of a weight: sums over the cells of all grids ---- */

/* A chunk of cells is one sum of floats; SOME chunks are added, and then their sum, with its
 * rounding errors, to that of the run. The sums and errors of runs lie in the call:
 * [runs][2][k, m]. */
enum { CHUNK = 128, SOME = 8, RUN = 2048, MOST_RUNS = 16, SUMS = 1 << 19, CHANNELS = 4 * FM_PANEL };

static size_t runs_of(const pass *s) {
    size_t room = 1 + SUMS / (s->m * fm_patch_size(&s->p));
    return fm_least(fm_blocks(s->pictures * fm_grid_size(&s->p), RUN), fm_least(room, MOST_RUNS));
}

/* panel [cells, FM_PANEL] = the cells of the segments in channels row..row+rows-1, channels side by
 * side. */
FM_CLONES static void to_side_by_side(const pass *s, size_t row, size_t rows, const fm_segment *list, size_t some, real *panel) {
    const fm_gemm_kernels *kernels = fm_gemm_kernels_here();
    size_t n = fm_grid_size(&s->p), v = kernels ? kernels->vector : 1, turned = kernels ? rows / v * v : 0;
    for (size_t j = 0; j < some; j++) {
        const real *from = s->grids + (list[j].picture * s->m + row) * n + list[j].cell;
        real *to = panel + list[j].at * FM_PANEL;
        for (size_t r = 0; r < turned; r += v) kernels->turn(list[j].count, from + r * n, n, to + r, FM_PANEL);
        for (size_t x = 0; turned < FM_PANEL && x < list[j].count; x++, to += FM_PANEL) {
            for (size_t r = turned; r < rows; r++) to[r] = from[r * n + x];
            for (size_t r = rows; r < FM_PANEL; r++) to[r] = 0;
        }
    }
}

/* panel [rows, CHUNK] = the same cells, channel by channel. */
static void to_rows(const pass *s, size_t row, size_t rows, const fm_segment *list, size_t some, real *panel) {
    size_t n = fm_grid_size(&s->p);
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < some; j++) {
            fm_copy_cells(list[j].count, s->grids + (list[j].picture * s->m + row + r) * n + list[j].cell, panel + r * CHUNK + list[j].at);
        }
    }
}

/* Unit i is some entries and channels, in one run of cells. */
static void weight_blocks(void *context, size_t first, size_t last) {
    const pass *s = context;
    size_t k = fm_patch_size(&s->p), most = even(k, ENTRIES), across = fm_blocks(k, most), down = fm_blocks(s->m, CHANNELS);
    size_t cells = s->pictures * fm_grid_size(&s->p);
    fm_segment list[CHUNK];
    _Alignas(64) real columns[ENTRIES * CHUNK], panel[CHUNK * FM_PANEL], part[ENTRIES * CHANNELS];
    for (size_t i = first; i < last; i++) {
        size_t run = i / (across * down), row = i / across % down * CHANNELS, rows = fm_least(CHANNELS, s->m - row);
        size_t k0 = i % across * most, k1 = fm_least(k0 + most, k), length = fm_blocks(cells, s->runs);
        real *sum = s->sums + 2 * run * s->m * k + k0 * s->m + row, *rest = sum + s->m * k;
        for (size_t e = 0; e < k1 - k0; e++) {
            memset(sum + e * s->m, 0, rows * sizeof *sum);
            memset(rest + e * s->m, 0, rows * sizeof *rest);
        }
        size_t end = fm_least((run + 1) * length, cells);
        for (size_t at = run * length, since = 0, next; at < end; at = next) {
            next = fm_least(at + CHUNK, end);
            size_t some = fm_segments_of(&s->p, at, next, list);
            fm_to_columns(&s->p, s->from, s->pictures * s->p.channels * s->p.h * s->p.w, k0, k1, list, some, next - at, columns);
            if (rows < FM_PANEL / 2) { /* a panel would be mostly empty */
                to_rows(s, row, rows, list, some, panel);
                fm_gemm(false, true, k1 - k0, rows, next - at, columns, next - at, panel, CHUNK, since ? 1 : 0, part, CHANNELS);
            }
            for (size_t r = 0; rows >= FM_PANEL / 2 && r < rows; r += FM_PANEL) {
                to_side_by_side(s, row + r, fm_least(FM_PANEL, rows - r), list, some, panel);
                if (rows - r > FM_PANEL / 2)
                    fm_gemm_panel(false, k1 - k0, next - at, columns, next - at, panel, since > 0, part + r, CHANNELS);
                else
                    fm_gemm(false, false, k1 - k0, FM_PANEL / 2, next - at, columns, next - at, panel, FM_PANEL, since ? 1 : 0, part + r,
                            CHANNELS);
            }
            if (++since < SOME && next < end) continue;
            since = 0;
            for (size_t e = 0; e < k1 - k0; e++) fm_carry_add(rows, part + e * CHANNELS, sum + e * s->m, rest + e * s->m);
        }
    }
}

/* Rows first..last-1 of the gradient (+)= the sums of all runs. */
static void weight_sums(void *context, size_t first, size_t last) {
    const pass *s = context;
    size_t k = fm_patch_size(&s->p), count = s->m * k;
    for (size_t r = first; r < last; r++) {
        for (size_t e = 0; e < k; e++) {
            real sum = s->fresh ? 0 : s->to[r * k + e], rest = 0;
            for (size_t run = 0; run < s->runs; run++) {
                real x = s->sums[2 * run * count + e * s->m + r], total = sum + x, added = total - sum;
                rest += (sum - (total - added)) + (x - added) + s->sums[(2 * run + 1) * count + e * s->m + r];
                sum = total;
            }
            s->to[r * k + e] = sum + rest;
        }
    }
}

/* ---- starting passes ---- */

/* A pass between pictures with the patches p and grids with as many channels as the weight has
 * rows. */
static pass pass_of(const fm_call *c, const fm_patches *p) {
    const fm_tensor *w = c->in[1];
    pass s = {.p = *p, .pictures = c->in[0]->shape[0], .m = w->shape[0], .weight = fm_data(w), .room = c->scratch};
    return s;
}

static fm_winograd winograd_of(const pass *s) {
    return (fm_winograd){s->p, s->pictures, s->m};
}

static void run_to_grids(pass s, const real *pictures, const real *bias, real *grids, bool fresh) {
    fm_winograd g = winograd_of(&s);
    if (fm_winograd_suits(&g)) {
        fm_winograd_to_grids(&g, s.weight, bias, pictures, fresh, grids, s.room);
        return;
    }
    s.from = pictures, s.bias = bias, s.to = grids, s.fresh = fresh;
    if (is_product(&s.p)) {
        run_products(&s);
        return;
    }
    fm_parallel(fm_blocks(s.pictures * fm_grid_size(&s.p), FM_PANEL), units_of(s.m * fm_patch_size(&s.p) * FM_PANEL), to_grids, &s);
}

static void run_to_pictures(pass s, const real *grids, const real *bias, real *pictures, bool fresh) {
    fm_winograd g = winograd_of(&s);
    if (fm_winograd_suits(&g)) {
        fm_winograd_to_pictures(&g, s.weight, bias, grids, fresh, pictures, s.room);
        return;
    }
    size_t n = fm_grid_size(&s.p);
    s.from = grids, s.bias = bias, s.to = pictures, s.fresh = fresh, s.back = true;
    if (is_product(&s.p)) {
        run_products(&s);
        return;
    }
    s.group = n < FM_PANEL ? FM_PANEL / n : 1;
    fm_parallel(fm_blocks(s.pictures, s.group), units_of(s.m * fm_patch_size(&s.p) * n * s.group), to_pictures, &s);
}

static void run_to_weight(pass s, const real *pictures, const real *grids, real *sums, real *gradient, bool fresh) {
    fm_winograd g = winograd_of(&s);
    if (fm_winograd_suits(&g)) {
        fm_winograd_to_weight(&g, pictures, grids, fresh, gradient, sums);
        return;
    }
    size_t k = fm_patch_size(&s.p), across = fm_blocks(k, even(k, ENTRIES)), down = fm_blocks(s.m, CHANNELS);
    s.from = pictures, s.grids = grids, s.to = gradient, s.fresh = fresh, s.sums = sums;
    s.runs = runs_of(&s);
    size_t work = even(k, ENTRIES) * fm_least(s.m, CHANNELS) * (s.runs ? s.pictures * fm_grid_size(&s.p) / s.runs : 0);
    fm_parallel(s.runs * across * down, units_of(work), weight_blocks, &s);
    fm_parallel(s.m, fm_tile_rows(k * (2 * s.runs + 1)), weight_sums, &s);
}

/* ---- what both convolutions check ---- */

static fm_tensor *bias_of(const fm_call *c) {
    return c->n_in > 2 ? c->in[2] : NULL;
}

/* Ranks, stride and padding, the channel axis of the weight, and the bias. */
static bool check_convolution(const fm_call *c, int weight_in, int weight_out, fm_error *err) {
    const fm_tensor *x = c->in[0], *w = c->in[1], *b = bias_of(c);
    char tx[FM_SHAPE_TEXT], tw[FM_SHAPE_TEXT];
    const char *want = weight_in ? "[O, C, kh, kw]" : "[C, O, kh, kw]";
    if (x->rank != 4) return fm_call_fail(c, err, "input is %s: expected [N, C, H, W]", fm_shape_text(x, tx));
    if (w->rank != 4 || w->count == 0) return fm_call_fail(c, err, "weight is %s: expected %s, none of them 0", fm_shape_text(w, tw), want);
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

/* The column matrix of a picture must have sides that BLAS takes. */
static bool check_columns(fm_call *c, const fm_patches *p, fm_error *err) {
    size_t sides[5] = {p->channels, p->kh, p->kw, p->oh, p->ow}, count;
    if (!fm_shape_count(5, sides, &count, err)) return false;
    const fm_tensor *w = c->in[1];
    if (!fm_blas_fits(fm_patch_size(p)) || !fm_blas_fits(fm_grid_size(p)) || !fm_blas_fits(w->shape[0]) || !fm_blas_fits(w->shape[1])) {
        return fm_call_fail(c, err, "a picture makes %zu patches of %zu numbers: over the limit of BLAS", fm_grid_size(p),
                            fm_patch_size(p));
    }
    pass s = {.p = *p, .pictures = c->in[0]->shape[0], .m = w->shape[0]};
    fm_winograd g = winograd_of(&s);
    bool suits = fm_winograd_suits(&g);
    if (suits) c->scratch_count = fm_winograd_room(&g);
    if (fm_needs_grad(w)) c->saved_count = suits ? fm_winograd_weight_room(&g) : 2 * runs_of(&s) * s.m * fm_patch_size(p);
    return true;
}

FM_CLONES static double sum_of(size_t n, const real *x) {
    FM_ROW_SUM(n, x[i], sum);
    return sum;
}

typedef struct bias_pass {
    size_t pictures, channels, area;
    const real *dy;
    real *db;
} bias_pass;

/* The sums of channels first..last-1 over all pictures. */
static void bias_channels(void *context, size_t first, size_t last) {
    const bias_pass *s = context;
    double acc[FM_STRIP];
    for (size_t j = first, part; j < last; j += part) {
        part = fm_least(last - j, FM_STRIP);
        memset(acc, 0, part * sizeof *acc);
        const real *dy = s->dy + j * s->area;
        for (size_t i = 0; i < s->pictures; i++, dy += s->channels * s->area) {
            for (size_t k = 0; k < part; k++) acc[k] += sum_of(s->area, dy + k * s->area);
        }
        for (size_t k = 0; k < part; k++) s->db[j + k] += (real)acc[k];
    }
}

static void bias_backward(const fm_call *c) {
    fm_tensor *b = bias_of(c);
    bias_pass s = {c->out->shape[0], c->out->shape[1], c->out->shape[2] * c->out->shape[3], fm_grad_get(c->out), b ? fm_grad_add(b) : NULL};
    if (s.db) fm_parallel(s.channels, fm_tile_rows(s.pictures * s.area), bias_channels, &s);
}

static const real *bias_data(const fm_call *c) {
    return bias_of(c) ? fm_data(bias_of(c)) : NULL;
}

/* ---- conv2d{stride, padding}: x [N, C, H, W], w [O, C, kh, kw], b [O] -> [N, O, OH, OW] ---- */

static fm_patches conv_patches(const fm_call *c) {
    const fm_tensor *x = c->in[0], *w = c->in[1];
    fm_patches p = {x->shape[1], x->shape[2], x->shape[3], w->shape[2], w->shape[3], (size_t)c->opt[0].integer, (size_t)c->opt[1].integer,
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
    fm_patches p = conv_patches(c);
    return check_columns(c, &p, err);
}

static void conv2d_forward(const fm_call *c) {
    fm_patches p = conv_patches(c);
    run_to_grids(pass_of(c, &p), fm_data(c->in[0]), bias_data(c), fm_data(c->out), true);
}

static void conv2d_backward(const fm_call *c) {
    fm_patches p = conv_patches(c);
    pass s = pass_of(c, &p);
    const real *dy = fm_grad_get(c->out);
    bool fresh;
    real *dw = fm_grad_write(c->in[1], &fresh);
    if (dw) run_to_weight(s, fm_data(c->in[0]), dy, c->saved, dw, fresh);
    real *dx = fm_grad_write(c->in[0], &fresh);
    if (dx) run_to_pictures(s, dy, NULL, dx, fresh);
    bias_backward(c);
}

/* ---- conv_transpose2d{stride, padding}: x [N, C, H, W], w [C, O, kh, kw], b [O] -> [N, O, OH, OW]
 * Patches lie over the output; their grid is the input ---- */

static fm_patches transpose_patches(const fm_call *c) {
    const fm_tensor *x = c->in[0], *w = c->in[1];
    fm_patches p = {w->shape[1], c->shape[2], c->shape[3], w->shape[2], w->shape[3], (size_t)c->opt[0].integer, (size_t)c->opt[1].integer,
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
    fm_patches p = transpose_patches(c);
    return check_columns(c, &p, err);
}

static void conv_transpose2d_forward(const fm_call *c) {
    fm_patches p = transpose_patches(c);
    run_to_pictures(pass_of(c, &p), fm_data(c->in[0]), bias_data(c), fm_data(c->out), true);
}

static void conv_transpose2d_backward(const fm_call *c) {
    fm_patches p = transpose_patches(c);
    pass s = pass_of(c, &p);
    const real *dy = fm_grad_get(c->out);
    bool fresh;
    real *dw = fm_grad_write(c->in[1], &fresh);
    if (dw) run_to_weight(s, dy, fm_data(c->in[0]), c->saved, dw, fresh);
    real *dx = fm_grad_write(c->in[0], &fresh);
    if (dx) run_to_grids(s, dy, NULL, dx, fresh);
    bias_backward(c);
}

static fm_tensor *convolution_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    size_t channels[] = {c->out->shape[1], 1, 1};
    return fm_add(r, fm_tangent_bilinear(r, c, d), fm_rule_shaped(r, c->n_in > 2 ? d[2] : NULL, 3, channels));
}

static const fm_option convolution_options[] = {{"stride", FM_INTEGER, false, 1, NULL}, {"padding", FM_INTEGER, false, 0, NULL}, {0}};

const fm_op convolution_ops[] = {
    {"conv2d", "ttT", convolution_options, conv2d_shape, conv2d_forward, conv2d_backward, convolution_tangent},
    {"conv_transpose2d", "ttT", convolution_options, conv_transpose2d_shape, conv_transpose2d_forward, conv_transpose2d_backward,
     convolution_tangent},
    {0},
};
