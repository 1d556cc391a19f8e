/* OpenBLAS. The library must run on one thread: with more threads the results have other bits, and
 * it starts its threads as soon as it is loaded. So no program is linked to it: it is loaded after
 * the environment is set to one thread. */
#ifndef FM_BLAS_H
#define FM_BLAS_H

#include "error.h"
#include "real.h"

/* Its product, with the arguments of fm_gemm (gemm.h). */
void fm_blas_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta, real *c,
                  size_t ldc);
/* C [m, n] = A B^T in double, whatever real is. A is [m, k], B is [n, k], both without gaps. */
void fm_gemm_wide(size_t m, size_t n, size_t k, const double *a, const double *b, double *c, size_t ldc);

bool fm_blas_fits(size_t size);
const char *fm_blas_core(void); /* the kernel family chosen for this machine, e.g. "SkylakeX" */
const char *fm_blas_version(void);
/* Call it before anything else here; more than once is fine. Loads OpenBLAS and reserves the
 * memory it works in. False when there is not enough memory: OpenBLAS itself would wait for it for
 * ever. */
bool fm_blas_start(fm_error *err);

#endif
