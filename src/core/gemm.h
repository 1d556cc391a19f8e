/* The matrix product. Large ones are ours, where the processor has kernels (gemm_kernels.h): each
 * number is one chain of fused multiply-adds in the order of k. Thin ones and other processors use
 * OpenBLAS, in tiles that depend on the shape alone. */
#ifndef FM_GEMM_H
#define FM_GEMM_H

#include "real.h"

/* C[m, n] = A B + beta C, beta 0 or 1. A is [m, k], or [k, m] when `ta`; B is [k, n], or [n, k]
 * when `tb`; lda.. are row lengths in memory. With beta 0, C is written without being read. Every
 * size must fit an int (fm_blas_fits). On the calling thread alone: work of fm_parallel may call
 * it. */
void fm_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta, real *c,
             size_t ldc);

/* The same on all threads, and what else is done to a tile of C while the cache holds it. */
typedef struct fm_gemm_more {
    const real *row; /* added to each row of C; beta must be 0. NULL: none */
    /* Called when rows x columns numbers of C are complete. NULL: not. */
    void (*done)(const void *context, size_t row, size_t rows, size_t column, size_t columns);
    const void *context;
} fm_gemm_more;
void fm_gemm_parallel(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta,
                      real *c, size_t ldc, const fm_gemm_more *more); /* NULL: nothing more */

/* fm_gemm for a B that is laid out for it already, as convolutions do: FM_PANEL columns without
 * gaps need no packing. C [m, FM_PANEL] = A B, or += with `add`; no size is 0. */
enum { FM_PANEL = 128 / sizeof(real) };
void fm_gemm_panel(bool ta, size_t m, size_t k, const real *a, size_t lda, const real *b, bool add, real *c, size_t ldc);

/* fm_gemm_parallel for sums too long for floats: in constant blocks of k. C's rows have no gaps;
 * `room` holds fm_gemm_room(m, n, k) numbers, 0 when the sums are not long; with NULL it is
 * fm_gemm_parallel. */
size_t fm_gemm_room(size_t m, size_t n, size_t k);
void fm_gemm_long(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta, real *c,
                  real *room);
/* y += x; what rounding takes from y is added to `rest`, for the end of a long sum. */
void fm_carry_add(size_t n, const real *x, real *y, real *rest);

#endif
