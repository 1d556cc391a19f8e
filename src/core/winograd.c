/* A block of tiles is transformed channels side by side, so that all vectors are full and tiles of
 * any picture are rows of the same matrix products. Of the two transforms of a tile, the one down
 * its lines is done before a line's numbers are turned into columns, the other after. */
#include "winograd.h"

#include "gemm_kernels.h"
#include "threads.h"

enum { LANES = FM_PANEL / 2, TILES = 64, CHANNELS = 512 / sizeof(real), ROOM = 16384 / sizeof(real), GAP = LANES };
typedef real vec __attribute__((vector_size(LANES * sizeof(real))));

static size_t up(size_t n, size_t to) {
    return (n + to - 1) / to * to;
}

/* ---- tiles ---- */

/* Tiles of all pictures, `down` x `across` in each, in blocks of at most deep x wide. Lines of
 * tiles are counted over all pictures. */
typedef struct tiling {
    size_t lines, down, across, deep, wide, blocks;
} tiling;

typedef struct block {
    size_t line, lines, x, across; /* tiles */
} block;

static tiling tiling_of(size_t pictures, size_t h, size_t w, size_t most) {
    tiling t = {.down = (h + 1) / 2, .across = (w + 1) / 2};
    t.lines = pictures * t.down;
    t.wide = fm_blocks(t.across, fm_blocks(t.across, most));
    t.deep = most / t.wide;
    t.blocks = fm_blocks(t.lines, t.deep) * fm_blocks(t.across, t.wide);
    return t;
}

static block block_of(const tiling *t, size_t i) {
    size_t columns = fm_blocks(t->across, t->wide);
    block b = {.line = i / columns * t->deep, .x = i % columns * t->wide};
    b.lines = fm_least(t->deep, t->lines - b.line);
    b.across = fm_least(t->wide, t->across - b.x);
    return b;
}

/* ---- transforms of what is read ---- */

/* Pictures whose tiles begin at (2 y - start, 2 x - start). Tiles of inputs have 4 x 4 numbers, and
 * become B' d B; those of a gradient have 2 x 2, and become A d A'. */
typedef struct side {
    const real *numbers;
    size_t channels, h, w, start;
    bool inputs;
} side;

/* Line f of a transformed tile is line a + line b, or a - b. */
typedef struct pair {
    int a, b; /* -1: none */
    bool minus;
} pair;
static const pair lines_of_inputs[4] = {{0, 2, true}, {1, 2, false}, {2, 1, true}, {1, 3, true}};
static const pair lines_of_gradients[4] = {{0, -1, false}, {0, 1, false}, {0, 1, true}, {-1, 1, true}};

/* Numbers of a line of a block, and those of a channel in all lines, up to whole vectors. */
static size_t span_of(const side *s, const block *b) {
    return 2 * b->across + (s->inputs ? 2 : 0);
}

static size_t length_of(const side *s, const block *b) {
    return up(b->lines * span_of(s, b), LANES);
}

enum { LENGTH = 4 * TILES }; /* the most of length_of */

/* rows [LANES, length] = line f of all tiles, of `some` channels from c. What lies beside the
 * pictures is 0 in the rows already. */
FM_CLONES static void lay_lines(const side *s, const tiling *t, const block *b, size_t f, size_t c, size_t some, real *restrict rows) {
    static const real nothing[2 * TILES + 2];
    pair l = (s->inputs ? lines_of_inputs : lines_of_gradients)[f];
    size_t span = span_of(s, b), length = length_of(s, b), area = s->h * s->w, begin = 2 * b->x;
    size_t low = s->start > begin ? s->start - begin : 0, high = fm_least(span, s->w + s->start - begin), count = high - low;
    for (size_t r = 0; r < b->lines; r++) {
        size_t line = b->line + r, y = line % t->down * 2;
        const real *first = s->numbers + (line / t->down * s->channels + c) * area + begin + low - s->start;
        size_t ya = y + (size_t)l.a - s->start, yb = y + (size_t)l.b - s->start; /* above the picture: huge */
        bool has_a = l.a >= 0 && ya < s->h, has_b = l.b >= 0 && yb < s->h;
        const real *a = has_a ? first + ya * s->w : nothing, *d = has_b ? first + yb * s->w : nothing;
        size_t step_a = has_a ? area : 0, step_b = has_b ? area : 0;
        real *to = rows + r * span + low;
#define PLUS(n)                                                                                                                            \
    for (size_t i = 0; i < some; i++) {                                                                                                    \
        for (size_t x = 0; x < (n); x++) to[i * length + x] = a[i * step_a + x] + d[i * step_b + x];                                       \
    }
#define MINUS(n)                                                                                                                           \
    for (size_t i = 0; i < some; i++) {                                                                                                    \
        for (size_t x = 0; x < (n); x++) to[i * length + x] = a[i * step_a + x] - d[i * step_b + x];                                       \
    }
        if (l.minus) FM_WITH_COUNT(count, MINUS);
        else FM_WITH_COUNT(count, PLUS);
    }
}

/* to [columns, rows] = from [rows, columns], turned. The rows are a multiple of LANES. */
static void turn(size_t rows, size_t columns, const real *from, real *to) {
    const fm_gemm_kernels *kernels = fm_gemm_kernels_here();
    size_t v = kernels ? kernels->vector : 1;
    for (size_t i = 0; i < rows; i += v) {
        if (kernels) kernels->turn(columns, from + i * columns, columns, to + i, rows);
        else
            for (size_t x = 0; x < columns; x++) to[x * rows + i] = from[i * columns + x];
    }
}

/* The other transform: number x of line f of tile i goes to `to` + x plane + i step. */
FM_CLONES static void along_lines(const side *s, const block *b, const real *turned, real *to, size_t plane, size_t step) {
    size_t span = span_of(s, b);
    for (size_t r = 0; r < b->lines; r++) {
        const vec *d = (const vec *)turned + r * span;
        for (size_t x = 0; x < b->across; x++, d += 2, to += step) {
            vec *v0 = (vec *)to, *v1 = (vec *)(to + plane), *v2 = (vec *)(to + 2 * plane), *v3 = (vec *)(to + 3 * plane);
            if (s->inputs) *v0 = d[0] - d[2], *v1 = d[1] + d[2], *v2 = d[2] - d[1], *v3 = d[1] - d[3];
            else *v0 = d[0], *v1 = d[0] + d[1], *v2 = d[0] - d[1], *v3 = -d[1];
        }
    }
}

/* What is transformed: for numbers x of lines first.. of tiles, planes of [tiles, step], channels
 * side by side, as whole vectors. `columns`: channels of one step, after which comes the next
 * `more` on. */
typedef struct planes {
    real *to;
    size_t plane, step, columns, more;
} planes;

static void transform(const side *s, const tiling *t, const block *b, size_t f, size_t lines, size_t c, size_t channels, const planes *p) {
    _Alignas(64) real rows[LANES * LENGTH], turned[LENGTH * LANES];
    size_t length = length_of(s, b);
    memset(rows, 0, LANES * length * sizeof *rows);
    for (size_t i = 0; i < channels; i += LANES) {
        for (size_t l = 0; l < lines; l++) {
            lay_lines(s, t, b, f + l, c + i, fm_least(LANES, channels - i), rows);
            turn(LANES, length, rows, turned);
            along_lines(s, b, turned, p->to + i / p->columns * p->more + i % p->columns + 4 * l * p->plane, p->plane, p->step);
        }
    }
}

/* ---- results ---- */

typedef struct results {
    side from;
    tiling t;
    size_t made, h, w;  /* channels and sides of what is written */
    const real *weight; /* [made, read, 3, 3], or [read, made, 3, 3] with `back` */
    bool back, fresh;   /* back: the kernels are turned */
    real *kernels;      /* transformed: for each panel, [16][read, FM_PANEL] */
    const real *bias;
    real *to;
} results;

/* Panels of one read channel: G g G', of FM_PANEL made ones. */
FM_CLONES static void transform_kernels(void *context, size_t first, size_t last) {
    const results *s = context;
    size_t read = s->from.channels;
    for (size_t i = first; i < last; i++) {
        size_t c = i % read, m0 = i / read * FM_PANEL, some = fm_least(FM_PANEL, s->made - m0);
        real g[9][FM_PANEL] = {{0}}, part[4][3][FM_PANEL];
        for (size_t m = 0; m < some; m++) {
            const real *from = s->weight + (s->back ? c * s->made + m0 + m : (m0 + m) * read + c) * 9;
            for (size_t e = 0; e < 9; e++) g[e][m] = from[s->back ? 8 - e : e];
        }
        for (size_t x = 0; x < 3; x++) {
            for (size_t m = 0; m < FM_PANEL; m++) {
                real outer = (g[x][m] + g[6 + x][m]) / 2, middle = g[3 + x][m] / 2;
                part[0][x][m] = g[x][m], part[1][x][m] = outer + middle, part[2][x][m] = outer - middle, part[3][x][m] = g[6 + x][m];
            }
        }
        for (size_t f = 0; f < 4; f++) {
            real *to = s->kernels + ((i / read * 16 + 4 * f) * read + c) * FM_PANEL;
            size_t plane = read * FM_PANEL;
            for (size_t m = 0; m < FM_PANEL; m++) {
                real outer = (part[f][0][m] + part[f][2][m]) / 2, middle = part[f][1][m] / 2;
                to[m] = part[f][0][m], to[plane + m] = outer + middle, to[2 * plane + m] = outer - middle,
                to[3 * plane + m] = part[f][2][m];
            }
        }
    }
}

/* A' m A of each tile: its numbers, cell by cell in the lines of the block, LANES channels each. */
FM_CLONES static void untransform(const results *s, const block *b, size_t columns, const real *products, size_t plane, real *cells) {
    vec *to = (vec *)cells;
    for (size_t r = 0; r < b->lines; r++) {
        size_t lines = fm_least(2, s->h - (b->line + r) % s->t.down * 2);
        for (size_t x = 0; x < b->across; x++, products += FM_PANEL) {
            vec m0[4], m1[4];
#pragma GCC unroll 4
            for (size_t f = 0; f < 4; f++) {
                const real *from = products + f * plane;
                vec one = *(const vec *)(from + 4 * plane), two = *(const vec *)(from + 8 * plane);
                m0[f] = *(const vec *)from + one + two;
                m1[f] = one - two - *(const vec *)(from + 12 * plane);
            }
            bool both = 2 * x + 1 < columns;
            to[2 * x] = m0[0] + m0[1] + m0[2];
            if (both) to[2 * x + 1] = m0[1] - m0[2] - m0[3];
            if (lines < 2) continue;
            to[columns + 2 * x] = m1[0] + m1[1] + m1[2];
            if (both) to[columns + 2 * x + 1] = m1[1] - m1[2] - m1[3];
        }
        to += lines * columns;
    }
}

enum { CELLS = 4 * TILES };

/* Channels m.. of the block's results, [channel, all] cells, to their places. */
FM_CLONES static void write_cells(const results *s, const block *b, size_t columns, size_t m, size_t all, const real *cells) {
    size_t channels = fm_least(LANES, s->made - m);
    for (size_t r = 0, next; r < b->lines; r = next) {
        size_t line = b->line + r, y = line % s->t.down * 2, lines = fm_least(2, s->h - y);
        for (next = r + 1; columns == s->w && next < b->lines && (b->line + next) % s->t.down; next++) {
            lines += fm_least(2, s->h - y - lines);
        }
        for (size_t k = 0; k < lines; k += columns == s->w ? lines : 1, cells += columns) {
            size_t count = columns == s->w ? lines * columns : columns;
            real *to = s->to + ((line / s->t.down * s->made + m) * s->h + y + k) * s->w + 2 * b->x;
            for (size_t i = 0; i < channels; i++) {
                const real *restrict from = cells + i * all;
                real *restrict row = to + i * s->h * s->w, bias = s->bias ? s->bias[m + i] : 0;
                if (s->fresh) {
                    for (size_t x = 0; x < count; x++) row[x] = from[x] + bias;
                } else {
                    for (size_t x = 0; x < count; x++) row[x] += from[x];
                }
            }
            if (columns == s->w) cells += (lines - 1) * columns;
        }
    }
}

static void result_blocks(void *context, size_t first, size_t last) {
    const results *s = context;
    size_t read = s->from.channels, step = up(read, LANES);
    _Alignas(64) real inputs[16 * (ROOM + GAP)], products[16 * (TILES * FM_PANEL + GAP)], cells[CELLS * LANES], turned[LANES * CELLS];
    for (size_t i = first; i < last; i++) {
        block b = block_of(&s->t, i);
        size_t tiles = b.lines * b.across, columns = fm_least(2 * b.across, s->w - 2 * b.x), lines = 0;
        for (size_t r = 0; r < b.lines; r++) lines += fm_least(2, s->h - (b.line + r) % s->t.down * 2);
        size_t all = up(lines * columns, LANES), plane = tiles * FM_PANEL + GAP;
        planes p = {.to = inputs, .plane = tiles * step + GAP, .step = step, .columns = step};
        transform(&s->from, &s->t, &b, 0, 4, 0, read, &p);
        for (size_t m = 0; m < s->made; m += FM_PANEL) {
            for (size_t f = 0; f < 16; f++) {
                fm_gemm_panel(false, tiles, read, inputs + f * p.plane, step, s->kernels + (m / FM_PANEL * 16 + f) * read * FM_PANEL, false,
                              products + f * plane, FM_PANEL);
            }
            for (size_t at = m; at < fm_least(m + FM_PANEL, s->made); at += LANES) {
                untransform(s, &b, columns, products + (at - m), plane, cells);
                turn(all, LANES, cells, turned);
                write_cells(s, &b, columns, at, all, turned);
            }
        }
    }
}

static void run(results *s, size_t pictures) {
    s->t = tiling_of(pictures, s->h, s->w, fm_least(TILES, ROOM / up(s->from.channels, LANES)));
    fm_parallel(fm_blocks(s->made, FM_PANEL) * s->from.channels, 64, transform_kernels, s);
    fm_parallel(s->t.blocks, 1, result_blocks, s);
}

static real *aligned(real *room) {
    return (real *)(((uintptr_t)room + 63) / 64 * 64);
}

void fm_winograd_to_grids(const fm_winograd *g, const real *weight, const real *bias, const real *pictures, bool fresh, real *grids,
                          real *room) {
    const fm_patches *p = &g->p;
    results s = {.from = {pictures, p->channels, p->h, p->w, p->padding, true},
                 .made = g->m,
                 .h = p->oh,
                 .w = p->ow,
                 .weight = weight,
                 .fresh = fresh,
                 .kernels = aligned(room),
                 .bias = bias,
                 .to = grids};
    run(&s, g->pictures);
}

void fm_winograd_to_pictures(const fm_winograd *g, const real *weight, const real *bias, const real *grids, bool fresh, real *pictures,
                             real *room) {
    const fm_patches *p = &g->p;
    results s = {.from = {grids, g->m, p->oh, p->ow, 2 - p->padding, true},
                 .made = p->channels,
                 .h = p->h,
                 .w = p->w,
                 .weight = weight,
                 .back = true,
                 .fresh = fresh,
                 .kernels = aligned(room),
                 .bias = bias,
                 .to = pictures};
    run(&s, g->pictures);
}

size_t fm_winograd_room(const fm_winograd *g) {
    size_t there = g->p.channels * up(g->m, FM_PANEL), back = g->m * up(g->p.channels, FM_PANEL);
    return LANES + 16 * (there > back ? there : back);
}

bool fm_winograd_suits(const fm_winograd *g) {
    const fm_patches *p = &g->p;
    size_t c = p->channels, m = g->m, tiles = fm_blocks(p->oh, 2) * fm_blocks(p->ow, 2);
    return p->kh == 3 && p->kw == 3 && p->stride == 1 && p->padding <= 2 && c >= LANES && m >= LANES && c <= ROOM / 8 && m <= ROOM / 8 &&
           tiles * 64 <= p->oh * p->ow * 27;
}

/* ---- the gradient of a weight: sums over all tiles ---- */

/* A block of tiles is one sum of floats; SOME are added, and then their sum, with its rounding
 * errors, to that of the run. The sums and errors of runs: [runs][2][16][channels, m]. */
enum { SOME = 8, MOST_RUNS = 4, RUN = 8 };

typedef struct weights {
    const fm_winograd *g;
    side from, gradient;
    tiling t;
    size_t runs, columns; /* columns: m, up to whole panels */
    real *sums, *to;
    bool fresh;
} weights;

/* Unit i is one line of transformed tiles, some channels and some columns, in one run of blocks. */
static void weight_blocks(void *context, size_t first, size_t last) {
    const weights *s = context;
    size_t channels = s->g->p.channels, across = fm_blocks(s->columns, CHANNELS), down = fm_blocks(channels, CHANNELS);
    size_t length = fm_blocks(s->t.blocks, s->runs), size = channels * s->columns;
    _Alignas(64) real inputs[4 * (TILES * CHANNELS + GAP)], gradients[4 * TILES * CHANNELS], part[4 * CHANNELS * CHANNELS];
    for (size_t i = first; i < last; i++) {
        size_t f = i % 4, m0 = i / 4 % across * CHANNELS, c0 = i / 4 / across % down * CHANNELS, run = i / 4 / across / down;
        size_t m = fm_least(CHANNELS, s->columns - m0), c = fm_least(CHANNELS, channels - c0), step = up(c, LANES);
        real *sum = s->sums + (run * 32 + 4 * f) * size + c0 * s->columns + m0, *rest = sum + 16 * size;
        for (size_t r = 0; r < 4 * c; r++) {
            memset(sum + r / c * size + r % c * s->columns, 0, m * sizeof *sum);
            memset(rest + r / c * size + r % c * s->columns, 0, m * sizeof *rest);
        }
        memset(gradients, 0, sizeof gradients); /* channels that m lacks */
        size_t end = fm_least((run + 1) * length, s->t.blocks);
        for (size_t at = run * length, since = 0; at < end; at++) {
            block b = block_of(&s->t, at);
            size_t tiles = b.lines * b.across;
            planes p = {.to = inputs, .plane = tiles * step + GAP, .step = step, .columns = step};
            planes q = {.to = gradients, .plane = tiles * FM_PANEL, .step = FM_PANEL, .columns = FM_PANEL, .more = 4 * tiles * FM_PANEL};
            transform(&s->from, &s->t, &b, f, 1, c0, c, &p);
            transform(&s->gradient, &s->t, &b, f, 1, m0, fm_least(m, s->g->m - m0), &q);
            for (size_t x = 0; x < 4; x++) {
                for (size_t j = 0; j < m; j += FM_PANEL) {
                    fm_gemm_panel(true, c, tiles, inputs + x * p.plane, step, gradients + j / FM_PANEL * q.more + x * q.plane, since > 0,
                                  part + x * c * m + j, m);
                }
            }
            if (++since < SOME && at + 1 < end) continue;
            since = 0;
            for (size_t r = 0; r < 4 * c; r++) {
                size_t to = r / c * size + r % c * s->columns;
                fm_carry_add(m, part + r * m, sum + to, rest + to);
            }
        }
    }
}

/* The gradient (+)= G' (the sums of all runs) G, for channels first..last-1. */
FM_CLONES static void weight_sums(void *context, size_t first, size_t last) {
    const weights *s = context;
    size_t channels = s->g->p.channels, size = channels * s->columns;
    for (size_t c = first; c < last; c++) {
        for (size_t m0 = 0; m0 < s->g->m; m0 += FM_PANEL) {
            real all[16][FM_PANEL], part[3][4][FM_PANEL], g[9][FM_PANEL];
            for (size_t f = 0; f < 16; f++) {
                real *sum = all[f], rest[FM_PANEL] = {0};
                memset(sum, 0, sizeof all[f]);
                for (size_t run = 0; run < s->runs; run++) {
                    const real *from = s->sums + (run * 32 + f) * size + c * s->columns + m0;
                    for (size_t m = 0; m < FM_PANEL; m++) {
                        real x = from[m], total = sum[m] + x, added = total - sum[m];
                        rest[m] += (sum[m] - (total - added)) + (x - added) + from[16 * size + m];
                        sum[m] = total;
                    }
                }
                for (size_t m = 0; m < FM_PANEL; m++) sum[m] += rest[m];
            }
            for (size_t f = 0; f < 4; f++) {
                for (size_t m = 0; m < FM_PANEL; m++) {
                    real plus = (all[4 + f][m] + all[8 + f][m]) / 2, minus = (all[4 + f][m] - all[8 + f][m]) / 2;
                    part[0][f][m] = all[f][m] + plus, part[1][f][m] = minus, part[2][f][m] = plus + all[12 + f][m];
                }
            }
            for (size_t y = 0; y < 3; y++) {
                for (size_t m = 0; m < FM_PANEL; m++) {
                    real plus = (part[y][1][m] + part[y][2][m]) / 2, minus = (part[y][1][m] - part[y][2][m]) / 2;
                    g[3 * y][m] = part[y][0][m] + plus, g[3 * y + 1][m] = minus, g[3 * y + 2][m] = plus + part[y][3][m];
                }
            }
            for (size_t m = 0; m < fm_least(FM_PANEL, s->g->m - m0); m++) {
                real *to = s->to + ((m0 + m) * channels + c) * 9;
                for (size_t e = 0; e < 9; e++) to[e] = s->fresh ? g[e][m] : to[e] + g[e][m];
            }
        }
    }
}

static weights weights_of(const fm_winograd *g) {
    weights s = {.g = g, .columns = up(g->m, FM_PANEL), .t = tiling_of(g->pictures, g->p.oh, g->p.ow, TILES)};
    s.runs = fm_least(fm_blocks(s.t.blocks, RUN), MOST_RUNS);
    return s;
}

size_t fm_winograd_weight_room(const fm_winograd *g) {
    weights s = weights_of(g);
    return s.runs * 32 * g->p.channels * s.columns;
}

void fm_winograd_to_weight(const fm_winograd *g, const real *pictures, const real *grids, bool fresh, real *gradient, real *room) {
    const fm_patches *p = &g->p;
    weights s = weights_of(g);
    s.from = (side){pictures, p->channels, p->h, p->w, p->padding, true};
    s.gradient = (side){grids, g->m, p->oh, p->ow, 0, false};
    s.sums = room, s.to = gradient, s.fresh = fresh;
    size_t units = fm_blocks(s.columns, CHANNELS) * fm_blocks(p->channels, CHANNELS) * 4 * s.runs;
    fm_parallel(units, 1, weight_blocks, &s);
    fm_parallel(p->channels, 8, weight_sums, &s);
}
