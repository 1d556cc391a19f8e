#define _GNU_SOURCE /* setenv, MAP_ANONYMOUS */
#include "blas.h"

#include "threads.h"

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
    void *(*take_room)(int); /* NULL: not told by this version */
    void (*give_room)(void *);
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
    void *take = dlsym(library, "blas_memory_alloc"), *give = dlsym(library, "blas_memory_free");
    memcpy(&blas.take_room, &take, sizeof take);
    memcpy(&blas.give_room, &give, sizeof give);
    return true;
}

/* OpenBLAS maps 32 << 22 bytes at the first call that needs memory, and version 0.3.29 as many
 * again when it is loaded. If it does not get them, it tries again for ever. */
enum { ROOM = (128 << 20) + (1 << 16), LIBRARY = 44 << 20 };

static bool has_room(size_t bytes, fm_error *err) {
    void *probe = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        return fm_fail(err, "OpenBLAS needs %zu MiB of address space, and less than that is left (see ulimit -v)", bytes >> 20);
    munmap(probe, bytes);
    return true;
}

/* Every thread that multiplies needs such a room. They are taken before workers start. */
static bool has_room_for(int threads) {
    fm_error err;
    void *room[FM_MOST_THREADS];
    if (threads > 1 && (!blas.take_room || !blas.give_room)) return false;
    if (!has_room((size_t)threads * ROOM, &err)) return false;
    for (int i = 0; i < threads; i++) room[i] = blas.take_room(0);
    for (int i = 0; i < threads; i++) blas.give_room(room[i]);
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
    fm_before_workers(has_room_for);
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

void fm_blas_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta, real *c,
                  size_t ldc) {
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
