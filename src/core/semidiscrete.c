#include "semidiscrete.h"

#include "gemm.h"
#include "pool.h"
#include "threads.h"

#include <string.h>

enum { ROWS = 64, BLOCK = 256, FEW = 8 }; /* with few dimensions a loop is faster than a matrix product */

typedef struct choice {
    const fm_sites *s;
    const real *x;       /* twice the points, [rows, d] */
    const real *columns; /* y as [d, n], with few dimensions */
    size_t *index;
} choice;

static FM_CLONES void add_products(size_t width, real x, const real *restrict y, real *restrict to) {
    for (size_t j = 0; j < width; j++) to[j] += x * y[j];
}

enum { LANES = 16 };
static FM_CLONES real largest_of(size_t width, const real *restrict x) {
    real top[LANES], largest = -INFINITY;
    for (size_t l = 0; l < LANES; l++) top[l] = -INFINITY;
    size_t j = 0;
    for (; j + LANES <= width; j += LANES) {
        for (size_t l = 0; l < LANES; l++) top[l] = x[j + l] > top[l] ? x[j + l] : top[l];
    }
    for (; j < width; j++) largest = x[j] > largest ? x[j] : largest;
    for (size_t l = 0; l < LANES; l++) largest = top[l] > largest ? top[l] : largest;
    return largest;
}

/* score [rows, BLOCK]: of the sites from `from` on. */
static void score_block(const choice *c, size_t first, size_t rows, size_t from, size_t width, real *score) {
    const fm_sites *s = c->s;
    for (size_t i = 0; i < rows; i++) memcpy(score + i * BLOCK, s->shift + from, width * sizeof *score);
    if (!c->columns) {
        fm_gemm(false, true, rows, width, s->d, c->x + first * s->d, s->d, s->y + from * s->d, s->d, 1, score, BLOCK);
        return;
    }
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < s->d; k++)
            add_products(width, c->x[(first + i) * s->d + k], c->columns + k * s->n + from, score + i * BLOCK);
    }
}

static void choose_rows(void *context, size_t first, size_t last) {
    const choice *c = context;
    real score[ROWS * BLOCK], best[ROWS];
    for (size_t i = 0; i < last - first; i++) {
        best[i] = -INFINITY;
        c->index[first + i] = 0;
    }
    for (size_t from = 0; from < c->s->n; from += BLOCK) {
        size_t width = c->s->n - from < BLOCK ? c->s->n - from : BLOCK;
        score_block(c, first, last - first, from, width, score);
        for (size_t i = 0; i < last - first; i++) {
            const real *row = score + i * BLOCK;
            real largest = largest_of(width, row);
            if (!(largest > best[i])) continue;
            size_t j = 0;
            while (row[j] != largest) j++;
            best[i] = largest;
            c->index[first + i] = from + j;
        }
    }
}

bool fm_choose_sites(const fm_sites *s, size_t rows, const real *x, size_t *index, fm_error *err) {
    size_t columns = s->d <= FEW ? s->n * s->d : 0, bytes = (rows * s->d + columns) * sizeof(real);
    real *twice = fm_pool_take(bytes ? bytes : 1), *y = twice + rows * s->d;
    if (!twice) return fm_fail(err, "out of memory: no room for %zu points of %zu dimensions", rows + s->n, s->d);
    for (size_t i = 0; i < rows * s->d; i++) twice[i] = 2 * x[i];
    for (size_t j = 0; j < s->n && columns; j++) {
        for (size_t k = 0; k < s->d; k++) y[k * s->n + j] = s->y[j * s->d + k];
    }
    choice c = {.s = s, .x = twice, .columns = columns ? y : NULL, .index = index};
    fm_parallel(rows, ROWS, choose_rows, &c);
    fm_pool_give(twice, bytes ? bytes : 1);
    return true;
}
