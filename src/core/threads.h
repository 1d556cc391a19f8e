/* Work in constant tiles: the number of threads decides which thread computes a tile, but not how
 * the work is divided, so the results do not depend on it. With one thread (the default) this is a
 * plain loop. Workers start at the first job that has two tiles; between jobs they spin for some
 * tens of microseconds, then sleep. */
#ifndef FM_THREADS_H
#define FM_THREADS_H

#include "error.h"

#include <stddef.h>

/* Numbers that one thread takes at a time: FM_TILE in a pass that computes with them, as exp does;
 * FM_LIGHT in one that does next to nothing, as a copy or a sum of two. Such a pass takes a
 * microsecond or two for FM_TILE numbers that lie in the cache, and longer to fetch them from
 * another core. */
enum { FM_TILE = 16384, FM_LIGHT = 4 * FM_TILE };

/* Rows of `row` numbers that make a tile. */
static inline size_t fm_tile_rows(size_t row) {
    size_t rows = FM_TILE / (row ? row : 1);
    return rows > 1 ? rows : 1;
}

/* The same for a light pass. A row takes as long as some numbers, however short it is. */
static inline size_t fm_light_rows(size_t row) {
    enum { ROW = FM_LIGHT / FM_TILE };
    size_t rows = FM_LIGHT / (row > ROW ? row : ROW);
    return rows > 1 ? rows : 1;
}

enum { FM_MOST_THREADS = 256 };

/* 1..256 threads in all; fewer work when the system does not start as many. False with `err`
 * filled. */
bool fm_set_threads(int n, fm_error *err);
int fm_threads(void);
/* Calls ready(threads) before workers start; when it says no, the calling thread works alone. */
void fm_before_workers(bool (*ready)(int threads));

/* Calls work(context, first, last) for the ranges [0, tile), [tile, 2 tile) ... of 0..count, each
 * once, in any order. The work must not allocate, fail or call this function. Only
 * one thread, the main one, may call it. */
void fm_parallel(size_t count, size_t tile, void (*work)(void *context, size_t first, size_t last), void *context);

#endif
