/* The inner loops of our own matrix product. A number of the result is one chain of fused
 * multiply-adds in the order of k, so its bits depend neither on the size of the vectors nor on
 * how the result is cut into tiles. */
#ifndef FM_GEMM_KERNELS_H
#define FM_GEMM_KERNELS_H

#include "real.h"

enum { FM_GEMM_MOST_ROWS = 14 };

/* C [rows, columns] = A B + D; without D when that is NULL. D may be C. B is [k, columns], its rows
 * whole vectors; `ld`: from one row to the next in memory. */
typedef void fm_gemm_block(size_t k, const real *a, size_t lda, const real *b, size_t ldb, const real *d, size_t ldd, real *c, size_t ldc);
/* Packs k rows of B's columns as they lie: of one vector, or two. */
typedef void fm_gemm_copy(size_t k, const real *b, size_t ldb, real *to);
/* Packs one vector of rows of B as columns, `step` numbers apart. */
typedef void fm_gemm_turn(size_t k, const real *b, size_t ldb, real *to, size_t step);

typedef struct fm_gemm_kernels {
    size_t rows, vector;                               /* a block has 1..rows rows, and one or two vectors of columns */
    fm_gemm_block *block[2][2][FM_GEMM_MOST_ROWS + 1]; /* [A is turned][two vectors][rows] */
    fm_gemm_copy *copy, *copy_two;
    fm_gemm_turn *turn;
} fm_gemm_kernels;

/* Those for this processor; NULL when it has no fused multiply-add that we know. */
const fm_gemm_kernels *fm_gemm_kernels_here(void);

#endif
