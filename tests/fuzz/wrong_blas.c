/* An OpenBLAS whose products are wrong on some shapes: for the tests of the check that must find
 * them. It has the name of the real library, is found through LD_LIBRARY_PATH, loads the real one
 * and spoils its results as WRONG_BLAS says, with all kernels, or those that WRONG_BLAS_CORE
 * names. */
#define _GNU_SOURCE
#include <cblas.h>
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *real_one(const char *name) {
    static void *library;
    if (!library) library = dlopen(WRONG_BLAS_FILE, RTLD_LAZY | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, name) : NULL;
    if (!symbol) abort();
    return symbol;
}

static int is(const char *fault) {
    const char *wanted = getenv("WRONG_BLAS"), *core = getenv("WRONG_BLAS_CORE");
    return wanted && !strcmp(wanted, fault) && (!core || !strcmp(core, openblas_get_corename()));
}

/* Which number of C [m, n] to spoil, or -1 for none. */
static long spoiled(int ta, int tb, blasint m, blasint n, blasint k, blasint ldc) {
    long last = (long)(m - 1) * ldc + n - 1;
    if (is("tail")) return n % 16 == 1 && n > 16 ? last : -1;
    if (is("rows")) return m % 8 == 7 ? last - (n - 1) : -1;
    if (is("long")) return k > 1024 ? 0 : -1;
    if (is("transposed")) return ta && tb ? 0 : -1;
    if (is("one")) return m == 257 && ta && !tb ? last / 2 : -1;
    return -1;
}

#define PRODUCT(name, type)                                                                                                                \
    void name(const enum CBLAS_ORDER order, const enum CBLAS_TRANSPOSE ta, const enum CBLAS_TRANSPOSE tb, const blasint m,                 \
              const blasint n, const blasint k, const type alpha, const type *a, const blasint lda, const type *b, const blasint ldb,      \
              const type beta, type *c, const blasint ldc) {                                                                               \
        static __typeof__(name) *product;                                                                                                  \
        void *symbol = product ? NULL : real_one(#name);                                                                                   \
        if (symbol) memcpy(&product, &symbol, sizeof symbol);                                                                              \
        product(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);                                                              \
        long place = spoiled(ta == CblasTrans, tb == CblasTrans, m, n, k, ldc);                                                            \
        if (place >= 0) c[place] += 1;                                                                                                     \
        if (is("beside") && ldc > n) c[n] = 0;                                                                                             \
        if (is("nan") && m == 33) c[0] = (type)NAN;                                                                                        \
        if (is(#type)) c[0] += 1;                                                                                                          \
    }

PRODUCT(cblas_sgemm, float)
PRODUCT(cblas_dgemm, double)

/* What else fmrun asks for. */
#define FUNCTION(name, symbol_name)                                                                                                        \
    static __typeof__(symbol_name) *name;                                                                                                  \
    void *symbol = real_one(#symbol_name);                                                                                                 \
    memcpy(&name, &symbol, sizeof symbol)

void cblas_ssyrk(const enum CBLAS_ORDER order, const enum CBLAS_UPLO uplo, const enum CBLAS_TRANSPOSE trans, const blasint n,
                 const blasint k, const float alpha, const float *a, const blasint lda, const float beta, float *c, const blasint ldc) {
    FUNCTION(f, cblas_ssyrk);
    f(order, uplo, trans, n, k, alpha, a, lda, beta, c, ldc);
}

void openblas_set_num_threads(int n) {
    FUNCTION(f, openblas_set_num_threads);
    f(n);
}

char *openblas_get_corename(void) {
    FUNCTION(f, openblas_get_corename);
    return f();
}

char *openblas_get_config(void) {
    FUNCTION(f, openblas_get_config);
    return f();
}
