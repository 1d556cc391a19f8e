#include "blas.h"

#include <cblas.h>
#include <limits.h>
#include <string.h>

bool fm_blas_fits(size_t size) {
    return size <= INT_MAX;
}

/* C = B's outer product or a scaled row: too thin for the library to earn its packing. */
static void rank_one(size_t m, size_t n, const real *a, size_t stride, const real *b, real beta, real *c, size_t ldc) {
    for (size_t i = 0; i < m; i++) {
        real s = a[i * stride], *row = c + i * ldc;
        if (beta == 0) {
            for (size_t j = 0; j < n; j++) row[j] = s * b[j];
        } else {
            for (size_t j = 0; j < n; j++) row[j] = beta * row[j] + s * b[j];
        }
    }
}

void fm_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta, real *c,
             size_t ldc) {
    if (!m || !n) return;
    if (!k) {
        for (size_t i = 0; i < m; i++) {
            for (size_t j = 0; j < n; j++) c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
        }
        return;
    }
    if (k == 1 && (!tb || ldb == 1)) {
        rank_one(m, n, a, ta ? 1 : lda, b, beta, c, ldc);
        return;
    }
#ifdef FM_DOUBLE
    cblas_dgemm
#else
    cblas_sgemm
#endif
        (CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, 1, a, (int)lda, b, (int)ldb,
         beta, c, (int)ldc);
}

const char *fm_blas_core(void) {
    return openblas_get_corename();
}

const char *fm_blas_version(void) {
    static char version[32];
    const char *config = openblas_get_config(); /* "OpenBLAS 0.3.21 NO_AFFINITY ..." */
    const char *blank = strchr(config, ' ');
    size_t n = blank ? strcspn(blank + 1, " ") : 0;
    if (!n || n >= sizeof version) return config;
    memcpy(version, blank + 1, n);
    version[n] = 0;
    return version;
}

void fm_blas_warm_up(void) {
    static real a[64 * 64], c[64 * 64];
    fm_gemm(false, false, 64, 64, 64, a, 64, a, 64, 0, c, 64);
}
