#include "blas.h"

#include "sums.h"

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

/* Sums of LONG terms or more are made of blocks: the library adds floats up one by one, or in blocks of some hundred one by one, which costs
 * equal terms 4e-6 of their sum within our blocks, and up to a thousandth in one go. Its way for products of up to SMALL multiplications is
 * the former. */
enum { LONG = 8192, SMALL = 1000000, BLOCK = 2048, SHORT_BLOCK = 512 };

static real plus(double sum, real beta, real y) {
    return (real)(beta == 0 ? sum : sum + (double)beta * (double)y);
}

/* The product of a vector v of k numbers with a matrix of n rows of k numbers, or of k rows of n numbers. */
FM_CLONES static void long_rows(size_t n, size_t k, const real *restrict m, size_t ld, const real *restrict v, real beta, real *restrict y,
                                size_t step) {
    for (size_t j = 0; j < n; j++, m += ld) {
        FM_ROW_SUM(k, m[i] * v[i], sum);
        y[j * step] = plus(sum, beta, y[j * step]);
    }
}

FM_CLONES static void long_columns(size_t n, size_t k, const real *restrict m, size_t ld, const real *restrict v, real beta,
                                   real *restrict y, size_t step) {
    double acc[FM_STRIP];
    for (size_t at = 0, part; at < n; at += part) {
        part = n - at < FM_STRIP ? n - at : FM_STRIP;
        memset(acc, 0, part * sizeof *acc);
        FM_COLUMN_SUMS(k, part, m[r * ld + at + j] * v[r], acc);
        for (size_t j = 0; j < part; j++) y[(at + j) * step] = plus(acc[j], beta, y[(at + j) * step]);
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
    if (k >= LONG && m == 1 && (!ta || lda == 1)) {
        (tb ? long_rows : long_columns)(n, k, b, ldb, a, beta, c, 1);
        return;
    }
    if (k >= LONG && n == 1 && (tb || ldb == 1)) {
        (ta ? long_columns : long_rows)(m, k, a, lda, b, beta, c, ldc);
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

size_t fm_gemm_room(size_t m, size_t n, size_t k) {
    return k < LONG || m < 2 || n < 2 ? 0 : 2 * m * n;
}

FM_CLONES void fm_carry_add(size_t n, const real *restrict x, real *restrict y, real *restrict rest) {
    for (size_t i = 0; i < n; i++) {
        real sum = y[i] + x[i], added = sum - y[i];
        rest[i] += (y[i] - (sum - added)) + (x[i] - added);
        y[i] = sum;
    }
}

void fm_gemm_long(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta, real *c,
                  real *room) {
    size_t block = m * n <= SMALL / BLOCK ? SHORT_BLOCK : BLOCK, first = room && fm_gemm_room(m, n, k) ? block : k;
    fm_gemm(ta, tb, m, n, first, a, lda, b, ldb, beta, c, n);
    if (first == k) return;
    real *part = room, *rest = room + m * n;
    memset(rest, 0, m * n * sizeof *rest);
    for (size_t at = first, some; at < k; at += some) {
        some = k - at < block ? k - at : block;
        fm_gemm(ta, tb, m, n, some, a + (ta ? at * lda : at), lda, b + (tb ? at : at * ldb), ldb, 0, part, n);
        fm_carry_add(m * n, part, c, rest);
    }
    for (size_t i = 0; i < m * n; i++) c[i] += rest[i];
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
