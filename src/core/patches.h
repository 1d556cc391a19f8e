/* Pictures seen by a convolution: patches, of the size of the kernel, laid out as columns of a
 * matrix. */
#ifndef FM_PATCHES_H
#define FM_PATCHES_H

#include "gemm.h"

#include <string.h>

static inline size_t fm_blocks(size_t count, size_t of) {
    return (count + of - 1) / of;
}

static inline size_t fm_least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Pictures [channels, h, w], and a grid [oh, ow] of kh x kw patches over each. */
typedef struct fm_patches {
    size_t channels, h, w, kh, kw, stride, padding, oh, ow;
} fm_patches;

static inline size_t fm_patch_size(const fm_patches *p) {
    return p->channels * p->kh * p->kw;
}

static inline size_t fm_grid_size(const fm_patches *p) {
    return p->oh * p->ow;
}

/* Cells of one line of one grid that lie side by side. Their patches begin at (y, x) of a picture,
 * `from` in all pictures, which padding may put outside it. */
typedef struct fm_segment {
    ptrdiff_t y, x, from;
    size_t count, at;     /* cells; the column of the first */
    size_t reach;         /* columns of a picture from the first cell's to the last one's */
    size_t picture, cell; /* of the grid */
} fm_segment;

/* The segments of cells first..end-1, counted over all pictures; returns how many. */
size_t fm_segments_of(const fm_patches *p, size_t first, size_t end, fm_segment *list);

/* columns [k1 - k0, wide] = entries k0..k1-1 of the patches of the segments, with zeros outside the
 * `size` numbers of the pictures; columns past the last segment are zero too. */
void fm_to_columns(const fm_patches *p, const real *pictures, size_t size, size_t k0, size_t k1, const fm_segment *list, size_t n,
                   size_t wide, real *columns);

/* pictures += the columns, each number at the place it has in its patch. Only numbers first..end-1
 * of the pictures are touched. Changes the columns. */
void fm_add_columns(const fm_patches *p, real *restrict columns, size_t k0, size_t k1, const fm_segment *list, size_t n, ptrdiff_t first,
                    ptrdiff_t end, real *restrict pictures);

/* ---- short loops over cells ---- */

/* Does LOOP, a loop to n, with the counts that are frequent as constants. */
#define FM_WITH_COUNT(count, LOOP)                                                                                                         \
    do {                                                                                                                                   \
        if ((count) == FM_PANEL) LOOP(FM_PANEL)                                                                                            \
        else if ((count) == FM_PANEL / 2) LOOP(FM_PANEL / 2)                                                                               \
        else if ((count) == FM_PANEL / 4) LOOP(FM_PANEL / 4)                                                                               \
        else LOOP(count)                                                                                                                   \
    } while (0)

/* Whole vectors, the last of which may overlap the one before: of a plain loop the compiler would
 * make a call. */
FM_INLINE void fm_copy_cells(size_t n, const real *restrict from, real *restrict to) {
    enum { LONG = 32 / sizeof(real), SHORT = 16 / sizeof(real) };
    size_t vector = n >= LONG ? LONG : n >= SHORT ? SHORT : 1;
    for (size_t x = 0; x < n; x += vector) {
        size_t at = x + vector <= n ? x : n - vector;
        if (n >= LONG) memcpy(to + at, from + at, LONG * sizeof(real));
        else if (n >= SHORT) memcpy(to + at, from + at, SHORT * sizeof(real));
        else to[at] = from[at];
    }
}

#endif
