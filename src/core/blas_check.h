/* Are the library's products right? Its kernels for a processor that is newer than the library have
 * been wrong before, on some shapes only. */
#ifndef FM_BLAS_CHECK_H
#define FM_BLAS_CHECK_H

#include "error.h"

#include <stddef.h>

/* Compares fm_gemm and fm_gemm_wide with plain loops on several hundred shapes, in some tens of
 * milliseconds; `checked` gets their number. False with `err` filled: which product is wrong, and
 * where; or no memory. */
bool fm_blas_check(size_t *checked, fm_error *err);

#endif
