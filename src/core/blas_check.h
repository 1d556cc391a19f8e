/* Are products right? OpenBLAS's kernels for a processor that is newer than the library have been
 * wrong before, on some shapes only. */
#ifndef FM_BLAS_CHECK_H
#define FM_BLAS_CHECK_H

#include "error.h"

#include <stddef.h>

typedef enum fm_multiplier { FM_OPENBLAS, FM_OWN } fm_multiplier; /* fm_blas_gemm and fm_gemm_wide, or fm_gemm_parallel */

/* Compares its products with plain loops on several hundred shapes, in about a tenth of a second;
 * `checked` gets their number. False with `err` filled: which product is wrong, and where; or no
 * memory. */
bool fm_blas_check(fm_multiplier which, size_t *checked, fm_error *err);

#endif
