/* The matrix product of OpenBLAS, with checked arguments. The library must run on one thread (main sets its environment). */
#ifndef FM_BLAS_H
#define FM_BLAS_H

#include "real.h"

/* C[m, n] = A B + beta C. A is [m, k], or [k, m] when `ta`; B is [k, n], or [n, k] when `tb`; lda.. are row lengths in memory.
 * beta 0 writes C whatever it holds. Every size must fit an int (fm_blas_fits). */
void fm_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta, real *c,
             size_t ldc);
bool fm_blas_fits(size_t size);
const char *fm_blas_core(void); /* the kernel family chosen for this machine, e.g. "SkylakeX" */
const char *fm_blas_version(void);
void fm_blas_warm_up(void); /* so that its first allocation does not happen under a limit */

#endif
