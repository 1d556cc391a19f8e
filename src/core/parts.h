/* Long sums on several threads. A sum is cut into constant parts; each part is a double in the
 * call's scratch, and the parts are added in their order, so that the result does not depend on the
 * number of threads. */
#ifndef FM_PARTS_H
#define FM_PARTS_H

#include "op.h"
#include "threads.h"

/* Numbers of scratch that hold n doubles. */
static inline size_t fm_room_for_doubles(size_t n) {
    return n * (sizeof(double) / sizeof(real));
}

/* The scratch of a call as doubles; c->saved_count must be even. */
static inline double *fm_scratch_doubles(const fm_call *c) {
    return (double *)(void *)c->scratch;
}

/* The sum of terms 0..n-1, `tile` in a part: part(context, first, last) sums some. */
typedef double (*fm_part_fn)(const void *context, size_t first, size_t last);
typedef struct fm_parts {
    fm_part_fn part;
    const void *context;
    size_t tile;
    double *sums;
} fm_parts;

/* Numbers of scratch for the parts of a sum over n terms, `tile` in each. */
static inline size_t fm_parts_room(size_t n, size_t tile) {
    return n <= tile ? 0 : fm_room_for_doubles((n + tile - 1) / tile);
}

static inline void fm_one_part(void *context, size_t first, size_t last) {
    fm_parts *p = context;
    p->sums[first / p->tile] = p->part(p->context, first, last);
}

static inline double fm_sum_parts(const fm_call *c, size_t n, size_t tile, fm_part_fn part, const void *context) {
    double sum = 0;
    if (n <= tile) return part(context, 0, n);
    fm_parts p = {part, context, tile, fm_scratch_doubles(c)};
    fm_parallel(n, tile, fm_one_part, &p);
    for (size_t i = 0; i < (n + tile - 1) / tile; i++) sum += p.sums[i];
    return sum;
}

#endif
