#include "distance.h"

#include "finite.h"
#include "pool.h"
#include "sums.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

FM_CLONES double fm_squared_distance(size_t d, const real *restrict a, const real *restrict b) {
    FM_ROW_SUM(d, ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]), sum);
    return sum;
}

/* ---- a number that is not finite ---- */

typedef struct search {
    const real *x;
    atomic_size_t first; /* of those that were found */
} search;

FM_ALL_FINITE(is_finite, real)

FM_CLONES static bool all_finite(size_t n, const real *x) {
    return is_finite(n, x);
}

static void search_tile(void *context, size_t first, size_t last) {
    search *s = context;
    if (all_finite(last - first, s->x + first)) return;
    size_t i = first, known = atomic_load_explicit(&s->first, memory_order_relaxed);
    while (isfinite(s->x[i])) i++;
    while (i < known && !atomic_compare_exchange_weak_explicit(&s->first, &known, i, memory_order_relaxed, memory_order_relaxed)) {
    }
}

size_t fm_first_not_finite(size_t n, size_t d, const real *x) {
    search s = {.x = x, .first = n * d};
    fm_parallel(n * d, FM_LIGHT, search_tile, &s);
    size_t first = atomic_load_explicit(&s.first, memory_order_relaxed);
    return first < n * d ? first / d : n;
}

/* ---- costs ---- */

typedef struct costs {
    const fm_samples *s;
    bool root;
    double *out;
    real *squares;
} costs;

static void cost_rows(void *context, size_t first, size_t last) {
    const costs *c = context;
    const fm_samples *s = c->s;
    for (size_t i = first; i < last; i++) {
        for (size_t j = 0; j < s->m; j++) {
            double e = fm_squared_distance(s->d, s->a + i * s->d, s->b + j * s->d);
            if (c->squares) c->squares[i * s->m + j] = (real)e;
            else c->out[i * s->m + j] = c->root ? sqrt(e) : e;
        }
    }
}

static void fill_costs(costs *c) {
    fm_parallel(c->s->n, fm_tile_rows(c->s->m * (c->s->d / 8 + 4)), cost_rows, c);
}

void fm_pair_costs(const fm_samples *s, bool root, double *out) {
    costs c = {.s = s, .root = root, .out = out};
    fill_costs(&c);
}

void fm_pair_squares(const fm_samples *s, real *out) {
    costs c = {.s = s, .squares = out};
    fill_costs(&c);
}

double fm_matched_cost(const fm_samples *s, bool root, const size_t *column) {
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        double e = fm_squared_distance(s->d, s->a + i * s->d, s->b + column[i] * s->d);
        sum += root ? sqrt(e) : e;
    }
    return sum / (double)s->n;
}

/* ---- sliced ---- */

enum { SLOTS = 16, LEAST_SLOTS = 2, KEYS = 1 << 21 }; /* directions at a time, and keys in them */
enum { DIGIT = 11, VALUES = 1 << DIGIT, DIGITS = 6, SHORT = 512 };

/* As unsigned numbers the keys are in the order of the doubles; -0 has the key of 0. */
static uint64_t key_of(double x) {
    uint64_t bits;
    x += 0;
    memcpy(&bits, &x, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static double of_key(uint64_t key) {
    double x;
    uint64_t bits = key >> 63 ? key & ~((uint64_t)1 << 63) : ~key;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* By digits, from the last to the first; the result is in `key`, since there are six. */
static void sort_keys(size_t n, uint64_t *key, uint64_t *room) {
    if (n < SHORT) {
        qsort(key, n, sizeof *key, ascending);
        return;
    }
    size_t start[DIGITS][VALUES] = {{0}};
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < DIGITS; k++) start[k][key[i] >> (k * DIGIT) & (VALUES - 1)]++;
    }
    for (int k = 0; k < DIGITS; k++) {
        size_t sum = 0;
        for (size_t v = 0; v < VALUES; v++) {
            size_t count = start[k][v];
            start[k][v] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++) room[start[k][key[i] >> (k * DIGIT) & (VALUES - 1)]++] = key[i];
        uint64_t *other = key;
        key = room;
        room = other;
    }
}

/* A slot has one direction: the keys of both samples along it, and as much room to sort them. */
typedef struct slices {
    const fm_samples *s;
    const real *directions; /* of slot 0 on: the entries of one are `count` apart */
    size_t count;
    uint64_t *keys; /* [slots, 2, 2, n] */
    double sum[SLOTS];
} slices;

/* Slices 2 k and 2 k + 1 are of a and b in slot k. */
static void sort_slices(void *context, size_t first, size_t last) {
    const slices *w = context;
    size_t n = w->s->n, d = w->s->d;
    for (size_t t = first; t < last; t++) {
        const real *x = t % 2 ? w->s->b : w->s->a, *direction = w->directions + t / 2;
        uint64_t *key = w->keys + 2 * t * n;
        for (size_t i = 0; i < n; i++) {
            double along = 0;
            for (size_t j = 0; j < d; j++) along += (double)x[i * d + j] * (double)direction[j * w->count];
            key[i] = key_of(along);
        }
        sort_keys(n, key, key + n);
    }
}

static void compare_slices(void *context, size_t first, size_t last) {
    slices *w = context;
    size_t n = w->s->n;
    for (size_t k = first; k < last; k++) {
        const uint64_t *a = w->keys + 4 * k * n, *b = a + 2 * n;
        double sum = 0;
        for (size_t i = 0; i < n; i++) sum += (of_key(a[i]) - of_key(b[i])) * (of_key(a[i]) - of_key(b[i]));
        w->sum[k] = sum;
    }
}

bool fm_sliced(const fm_samples *s, size_t count, const real *directions, double *squared, fm_error *err) {
    size_t n = s->n, slots = KEYS / (4 * n);
    slots = slots < LEAST_SLOTS ? LEAST_SLOTS : slots > SLOTS ? SLOTS : slots;
    if (slots > count) slots = count;
    slices w = {.s = s, .count = count};
    w.keys = fm_pool_take(4 * slots * n * sizeof *w.keys);
    double total = 0;
    if (!w.keys) return fm_fail(err, "out of memory: no room for projections of %zu rows", n);
    for (size_t from = 0; from < count; from += slots) {
        size_t here = count - from < slots ? count - from : slots, small = n < SHORT ? SLOTS : 1;
        w.directions = directions + from;
        fm_parallel(2 * here, small == 1 ? 1 : 2 * small, sort_slices, &w);
        fm_parallel(here, small, compare_slices, &w);
        for (size_t k = 0; k < here; k++) total += w.sum[k] / (double)n;
    }
    fm_pool_give(w.keys, 4 * slots * n * sizeof *w.keys);
    *squared = total / (double)count;
    return true;
}
