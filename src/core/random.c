#include "random.h"

#include "pool.h"
#include "threads.h"
#include "vmath.h"

#include <Random123/philox.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { CHUNK = 256 }; /* numbers made at a time: a part of the definition of a stream */

static bool clock_new(fm_rng *r, fm_error *err) {
    r->clock = fm_pool_take(sizeof *r->clock);
    if (!r->clock) return fm_fail(err, "out of memory: no room for a random stream");
    *r->clock = (fm_rng_clock){.holders = 1};
    r->own_clock = true;
    return true;
}

bool fm_rng_open(fm_rng *r, uint64_t seed, const char *name, size_t name_length, fm_error *err) {
    *r = (fm_rng){.key = XXH3_64bits_withSeed(name, name_length, seed)};
    return clock_new(r, err);
}

static void clock_release(fm_rng_clock *clock) {
    if (clock && --clock->holders == 0) fm_pool_give(clock, sizeof *clock);
}

void fm_rng_child(fm_rng *child, const fm_rng *of, const char *name, size_t name_length) {
    *child = (fm_rng){.key = XXH3_64bits_withSeed(name, name_length, of->key), .clock = of->clock};
    child->clock->holders++;
}

void fm_rng_close(fm_rng *r) {
    clock_release(r->clock);
    r->clock = NULL;
}

bool fm_rng_at(fm_rng *r, uint64_t step, fm_error *err) {
    if (!r->own_clock) {
        fm_rng_clock *shared = r->clock;
        if (!clock_new(r, err)) {
            r->clock = shared;
            return false;
        }
        clock_release(shared);
    }
    r->clock->step = step;
    r->seen = step;
    r->calls = 0;
    return true;
}

/* ---- passes over the shares of a batch ---- */

static struct {
    uint64_t last, batch; /* batches so far; the one whose passes are made, or 0 */
    uint32_t pass;
    uint64_t first, rows;
} passes;

void fm_passes_begin(void) {
    passes.batch = ++passes.last;
    passes.pass = 1;
    passes.rows = 0;
}

void fm_passes_next(void) {
    passes.pass++;
    passes.rows = 0;
}

void fm_passes_rows(uint64_t first, uint64_t count) {
    passes.first = first;
    passes.rows = count;
}

void fm_passes_end(void) {
    passes.batch = 0;
    passes.rows = 0;
}

uint64_t fm_passes_place(void) {
    return passes.batch ? (passes.batch & 0x7fffffff) << 32 | passes.pass : 0;
}

uint64_t fm_passes_first(uint64_t rows, uint64_t width) {
    return rows == passes.rows ? passes.first * width : 0;
}

/* Counts from the beginning in a new step, and as in the first pass in a new pass. */
static void keep_up(fm_rng *r) {
    if (r->clock->step != r->seen) {
        r->seen = r->clock->step;
        r->calls = 0;
    }
    if (!passes.batch) return;
    if (r->batch != passes.batch) r->mark = r->calls;
    else if (r->pass != passes.pass) r->calls = r->mark;
    r->batch = passes.batch;
    r->pass = passes.pass;
}

uint32_t fm_rng_calls(fm_rng *r) {
    keep_up(r);
    return r->calls;
}

void fm_rng_pass_over(fm_rng *r, uint32_t calls) {
    keep_up(r);
    r->calls = calls;
}

/* ---- draws ---- */

/* What one draw needs to know; a copy, so that tiles may be made in any order. */
typedef struct draw {
    uint64_t key, step;
    uint32_t call;
    uint64_t first; /* number of to[0] */
    real low, high;
    real *to;
} draw;

static draw next_draw(fm_rng *r) {
    keep_up(r);
    return (draw){.key = r->key, .step = r->seen, .call = r->calls++};
}

/* Philox of all counters of a chunk side by side, which vectorizes: the library's, which takes one
 * after the other, needs five times as long. */
FM_CLONES static void words(const draw *d, size_t chunk, uint32_t *restrict out) {
    enum { SIDE = CHUNK / 4, ROUNDS = 10 };
    uint32_t c0[SIDE], c1[SIDE], c2[SIDE], c3[SIDE], k0 = (uint32_t)d->key, k1 = (uint32_t)(d->key >> 32);
    for (uint32_t i = 0; i < SIDE; i++) {
        c0[i] = (uint32_t)chunk * SIDE + i;
        c1[i] = d->call;
        c2[i] = (uint32_t)d->step;
        c3[i] = (uint32_t)(d->step >> 32);
    }
    for (int round = 0; round < ROUNDS; round++, k0 += PHILOX_W32_0, k1 += PHILOX_W32_1) {
        for (size_t i = 0; i < SIDE; i++) {
            uint64_t a = (uint64_t)PHILOX_M4x32_0 * c0[i], b = (uint64_t)PHILOX_M4x32_1 * c2[i];
            c0[i] = (uint32_t)(b >> 32) ^ c1[i] ^ k0;
            c1[i] = (uint32_t)b;
            c2[i] = (uint32_t)(a >> 32) ^ c3[i] ^ k1;
            c3[i] = (uint32_t)a;
        }
    }
    for (size_t i = 0; i < SIDE; i++) {
        out[4 * i] = c0[i];
        out[4 * i + 1] = c1[i];
        out[4 * i + 2] = c2[i];
        out[4 * i + 3] = c3[i];
    }
}

#ifdef FM_DOUBLE
#define UNIT(w) (0x1p-32 * (double)(w))
#define UNIT_OPEN(w) (((double)(w) + 1) * 0x1p-32) /* never 0 */
#else
#define UNIT(w) ((float)((w) >> 8) * 0x1p-24f)
#define UNIT_OPEN(w) ((w) >> 8 ? (float)(((w) >> 8) + 1) * 0x1p-24f : (float)((w) + 1) * 0x1p-32f) /* the tail has finer steps */
#endif
#define TWO_PI R(6.283185307179586476925)

FM_CLONES static void box_muller(const uint32_t *restrict w, real *restrict to) {
    for (size_t i = 0; i < CHUNK / 2; i++) {
        real radius = r_sqrt(-2 * v_log(UNIT_OPEN(w[i]))), s, c;
        v_sincos(TWO_PI * UNIT(w[i + CHUNK / 2]), &s, &c);
        to[i] = radius * c;
        to[i + CHUNK / 2] = radius * s;
    }
}

FM_CLONES static void scale_words(const uint32_t *restrict w, real low, real width, real *restrict to) {
    for (size_t i = 0; i < CHUNK; i++) to[i] = low + width * UNIT(w[i]);
}

/* Calls make for each chunk that overlaps to[first] .. to[last - 1]; a whole chunk is written to
 * its place directly, part of one is copied. */
static void each_chunk(const draw *d, size_t first, size_t last, void (*make)(const draw *, const uint32_t *, real *)) {
    uint32_t w[CHUNK];
    real cut[CHUNK];
    for (size_t i = first, count; i < last; i += count) {
        size_t skip = (d->first + i) % CHUNK;
        count = CHUNK - skip < last - i ? CHUNK - skip : last - i;
        words(d, (d->first + i) / CHUNK, w);
        make(d, w, count == CHUNK ? d->to + i : cut);
        if (count < CHUNK) memcpy(d->to + i, cut + skip, count * sizeof(real));
    }
}

static void make_normal(const draw *d, const uint32_t *w, real *to) {
    (void)d;
    box_muller(w, to);
}

static void make_uniform(const draw *d, const uint32_t *w, real *to) {
    real width = d->high - d->low;
    if (isfinite(width)) {
        scale_words(w, d->low, width, to);
    } else {
        for (size_t i = 0; i < CHUNK; i++) to[i] = d->low * (1 - UNIT(w[i])) + d->high * UNIT(w[i]);
    }
    for (size_t i = 0; i < CHUNK; i++) to[i] = to[i] < d->high || d->high <= d->low ? to[i] : d->low; /* rounding may reach the end */
}

static void normal_tile(void *context, size_t first, size_t last) {
    each_chunk(context, first, last, make_normal);
}

static void uniform_tile(void *context, size_t first, size_t last) {
    each_chunk(context, first, last, make_uniform);
}

void fm_rng_normal(fm_rng *r, uint64_t first, size_t n, real *to) {
    draw d = next_draw(r);
    d.first = first;
    d.to = to;
    fm_parallel(n, FM_TILE, normal_tile, &d);
}

void fm_rng_uniform(fm_rng *r, uint64_t first, size_t n, real low, real high, real *to) {
    draw d = next_draw(r);
    d.first = first;
    d.low = low;
    d.high = high;
    d.to = to;
    fm_parallel(n, FM_TILE, uniform_tile, &d);
}

/* 64 bits at position i of a draw, kept a chunk at a time. */
typedef struct word_source {
    draw d;
    size_t chunk;
    bool any;
    uint32_t w[CHUNK];
} word_source;

static uint64_t word_at(word_source *s, size_t i) {
    size_t chunk = i / (CHUNK / 2);
    if (!s->any || chunk != s->chunk) words(&s->d, chunk, s->w);
    s->any = true;
    s->chunk = chunk;
    size_t k = i % (CHUNK / 2);
    return (uint64_t)s->w[2 * k] << 32 | s->w[2 * k + 1];
}

/* 0..range-1; the bias of taking the high half of a 128-bit product is range / 2^64. */
static uint64_t below(uint64_t word, uint64_t range) {
    return (uint64_t)(((unsigned __int128)word * range) >> 64);
}

typedef struct integers {
    draw d;
    int64_t low;
    uint64_t range;
} integers;

static void integers_tile(void *context, size_t first, size_t last) {
    const integers *w = context;
    word_source s = {.d = w->d};
    int64_t low = w->low;
    uint64_t range = w->range, from = w->d.first;
    real *to = w->d.to;
    for (size_t i = first; i < last; i++) to[i] = (real)(low + (int64_t)below(word_at(&s, from + i), range));
}

void fm_rng_integers(fm_rng *r, uint64_t first, size_t n, int64_t low, int64_t high, real *to) {
    integers w = {.d = next_draw(r), .low = low, .range = (uint64_t)(high - low) + 1};
    w.d.first = first;
    w.d.to = to;
    fm_parallel(n, FM_TILE, integers_tile, &w);
}

void fm_rng_permutation(fm_rng *r, size_t n, real *to) {
    word_source s = {.d = next_draw(r)};
    for (size_t i = 0; i < n; i++) to[i] = (real)(i + 1);
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)below(word_at(&s, n - i), i);
        real kept = to[i - 1];
        to[i - 1] = to[j];
        to[j] = kept;
    }
}

double fm_rng_number(fm_rng *r) {
    word_source s = {.d = next_draw(r)};
    return (double)(word_at(&s, 0) >> 11) * 0x1p-53;
}
