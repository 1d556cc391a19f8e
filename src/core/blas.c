#define _GNU_SOURCE /* setenv, MAP_ANONYMOUS */
#include "blas.h"

#include "sums.h"

#include <assert.h>
#include <cblas.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- the library ---- */

#ifdef FM_DOUBLE
#define GEMM cblas_dgemm
#else
#define GEMM cblas_sgemm
#endif

static struct {
    __typeof__(GEMM) *gemm;
    __typeof__(cblas_dgemm) *dgemm;
    __typeof__(cblas_ssyrk) *syrk;
    __typeof__(openblas_set_num_threads) *set_num_threads;
    __typeof__(openblas_get_corename) *get_corename;
    __typeof__(openblas_get_config) *get_config;
} blas;

#define TEXT(x) #x
#define NAME(x) TEXT(x)

/* DEEPBIND: it looks for its 12,000 names in itself before it looks in the program and all its
 * libraries. A sanitizer forbids that. */
#if defined RTLD_DEEPBIND && !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
enum { HOW = RTLD_LAZY | RTLD_LOCAL | RTLD_DEEPBIND };
#else
enum { HOW = RTLD_LAZY | RTLD_LOCAL };
#endif

static bool load(fm_error *err) {
    static const struct {
        const char *name;
        void *to;
    } wanted[] = {
        {NAME(GEMM), &blas.gemm},
        {"cblas_dgemm", &blas.dgemm},
        {"cblas_ssyrk", &blas.syrk},
        {"openblas_set_num_threads", &blas.set_num_threads},
        {"openblas_get_corename", &blas.get_corename},
        {"openblas_get_config", &blas.get_config},
    };
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    setenv("OMP_NUM_THREADS", "1", 1);
    void *library = dlopen(FM_BLAS_NAME, HOW);
    if (!library) library = dlopen(FM_BLAS_FILE, HOW);
    if (!library) return fm_fail(err, "cannot load OpenBLAS: %s", dlerror());
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *symbol = dlsym(library, wanted[i].name);
        if (!symbol) return fm_fail(err, "%s: it has no %s: not OpenBLAS", FM_BLAS_NAME, wanted[i].name);
        memcpy(wanted[i].to, &symbol, sizeof symbol);
    }
    return true;
}

/* OpenBLAS maps 32 << 22 bytes at the first call that needs memory, and version 0.3.29 as many
 * again when it is loaded. If it does not get them, it tries again for ever. */
enum { ROOM = (128 << 20) + (1 << 16), LIBRARY = 44 << 20 };

static bool has_room(size_t bytes, fm_error *err) {
    void *probe = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        return fm_fail(err, "OpenBLAS needs %zu MiB of address space, and there are not so many left (see ulimit -v)", bytes >> 20);
    munmap(probe, bytes);
    return true;
}

bool fm_blas_start(fm_error *err) {
    static bool started;
    if (started) return true;
    if (!has_room(LIBRARY + ROOM, err) || !load(err)) return false;
    blas.set_num_threads(1); /* another library may have loaded it before */
    if (!has_room(ROOM, err)) return false;
    float a = 1, c = 0;
    blas.syrk(CblasRowMajor, CblasUpper, CblasNoTrans, 1, 1, 1, &a, 1, 0, &c, 1); /* takes the room; a small gemm may do without */
    started = true;
    return true;
}

/* For a program in C that did not start it. */
static void start_late(void) {
    fm_error err;
    bool started = fm_blas_start(&err);
    assert(started);
    (void)started;
}

const char *fm_blas_core(void) {
    return blas.get_corename();
}

const char *fm_blas_version(void) {
    static char version[32];
    const char *config = blas.get_config(); /* "OpenBLAS 0.3.21 NO_AFFINITY ..." */
    const char *blank = strchr(config, ' ');
    size_t n = blank ? strcspn(blank + 1, " ") : 0;
    if (!n || n >= sizeof version) return config;
    memcpy(version, blank + 1, n);
    version[n] = 0;
    return version;
}

/* ---- the product ---- */

bool fm_blas_fits(size_t size) {
    return size <= INT_MAX;
}

/* C = B's outer product or a scaled row: so thin that the library's packing would cost more than
 * it saves. */
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

/* ThreadSanitizer does not see into the library: it is told what a product reads and writes. */
#ifdef __SANITIZE_THREAD__
void __tsan_read_range(void *from, long bytes);
void __tsan_write_range(void *to, long bytes);

static void tell_product(bool ta, bool tb, size_t m, size_t n, size_t k, size_t size, const void *a, size_t lda, const void *b, size_t ldb,
                         void *c, size_t ldc) {
    size_t a_rows = ta ? k : m, b_rows = tb ? n : k;
    for (size_t i = 0; i < a_rows; i++) __tsan_read_range((char *)a + i * lda * size, (long)((ta ? m : k) * size));
    for (size_t i = 0; i < b_rows; i++) __tsan_read_range((char *)b + i * ldb * size, (long)((tb ? k : n) * size));
    for (size_t i = 0; i < m; i++) __tsan_write_range((char *)c + i * ldc * size, (long)(n * size));
}
#else
#define tell_product(...) (void)0
#endif

/* Sums of LONG terms or more are made of blocks. The library adds floats one by one (up to SMALL
 * multiplications), or in blocks of some hundred. On equal terms that is wrong by up to a
 * thousandth of a long sum, and by 4e-6 within our blocks. */
enum { LONG = 8192, SMALL = 1000000, BLOCK = 2048, SHORT_BLOCK = 512 };

static real plus(double sum, real beta, real y) {
    return (real)(beta == 0 ? sum : sum + (double)beta * (double)y);
}

/* The product of a vector v of k numbers with a matrix of n rows of k numbers, or k rows of n. */
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
    if (!blas.gemm) start_late();
    tell_product(ta, tb, m, n, k, sizeof *a, a, lda, b, ldb, c, ldc);
    blas.gemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, 1, a, (int)lda, b,
              (int)ldb, beta, c, (int)ldc);
}

void fm_gemm_wide(size_t m, size_t n, size_t k, const double *a, const double *b, double *c, size_t ldc) {
    if (!blas.dgemm) start_late();
    tell_product(false, true, m, n, k, sizeof *a, a, k, b, k, c, ldc);
    blas.dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)k, 1, a, (int)k, b, (int)k, 0, c, (int)ldc);
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
