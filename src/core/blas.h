/* The matrix product of OpenBLAS, with checked arguments. The library must run on one thread: with
 * more threads the results have other bits, and it starts its threads as soon as it is loaded. So
 * no program is linked to it: it is loaded after the environment is set to one thread. */
#ifndef FM_BLAS_H
#define FM_BLAS_H

#include "error.h"
#include "real.h"

/* C[m, n] = A B + beta C. A is [m, k], or [k, m] when `ta`; B is [k, n], or [n, k] when `tb`;
 * lda.. are row lengths in memory. With beta 0, C is written without being read. Every size must
 * fit an int (fm_blas_fits). */
void fm_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta, real *c,
             size_t ldc);

/* C [m, n] = A B^T in double, whatever real is. A is [m, k], B is [n, k], both without gaps. */
void fm_gemm_wide(size_t m, size_t n, size_t k, const double *a, const double *b, double *c, size_t ldc);

/* fm_gemm for sums too long for floats: in constant blocks of k. C's rows have no gaps; `room`
 * holds fm_gemm_room(m, n, k) numbers, 0 when the sums are not long; with NULL it is fm_gemm. */
size_t fm_gemm_room(size_t m, size_t n, size_t k);
void fm_gemm_long(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta, real *c,
                  real *room);
/* y += x; what rounding takes from y is added to `rest`, for the end of a long sum. */
void fm_carry_add(size_t n, const real *x, real *y, real *rest);

bool fm_blas_fits(size_t size);
const char *fm_blas_core(void); /* the kernel family chosen for this machine, e.g. "SkylakeX" */
const char *fm_blas_version(void);
/* Call it before anything else here; more than once is fine. Loads OpenBLAS and reserves the
 * memory it works in. False when there is not enough memory: OpenBLAS itself would wait for it for
 * ever. */
bool fm_blas_start(fm_error *err);

#endif
