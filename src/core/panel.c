#include "panel.h"

enum { ROWS = 6 };

/* A function for one kind of processor, whose vectors have BYTES: ROWS rows of the result and two
 * vectors of a row are summed in registers. The last rows are computed again to make ROWS. */
#define PANEL_PRODUCT(NAME, BYTES, ATTRIBUTES)                                                                                             \
    ATTRIBUTES static void NAME(size_t m, size_t k, const real *a, size_t down, size_t across, const real *b, bool add, real *c,           \
                                size_t ldc) {                                                                                              \
        typedef real vector __attribute__((vector_size(BYTES), aligned(sizeof(real)), may_alias));                                         \
        enum { LANES = BYTES / sizeof(real) };                                                                                             \
        for (size_t r = 0; r < m; r += ROWS) {                                                                                             \
            const real *row[ROWS];                                                                                                         \
            for (size_t j = 0; j < ROWS; j++) row[j] = a + (r + j < m ? r + j : m - 1) * down;                                             \
            for (size_t at = 0; at < FM_PANEL; at += 2 * LANES) {                                                                          \
                vector sum[ROWS][2] = {{{0}}};                                                                                             \
                const real *line = b + at;                                                                                                 \
                for (size_t i = 0; i < k; i++, line += FM_PANEL) {                                                                         \
                    vector left = *(const vector *)line, right = *(const vector *)(line + LANES);                                          \
                    _Pragma("GCC unroll 6") for (size_t j = 0; j < ROWS; j++) {                                                            \
                        real f = row[j][i * across];                                                                                       \
                        sum[j][0] += f * left;                                                                                             \
                        sum[j][1] += f * right;                                                                                            \
                    }                                                                                                                      \
                }                                                                                                                          \
                _Pragma("GCC unroll 6") for (size_t j = 0; j < ROWS; j++) {                                                                \
                    if (r + j >= m) continue;                                                                                              \
                    vector *to = (vector *)(c + (r + j) * ldc + at), *next = (vector *)(c + (r + j) * ldc + at + LANES);                   \
                    if (add) sum[j][0] += *to, sum[j][1] += *next;                                                                         \
                    *to = sum[j][0], *next = sum[j][1];                                                                                    \
                }                                                                                                                          \
            }                                                                                                                              \
        }                                                                                                                                  \
    }

PANEL_PRODUCT(plain_product, 16, )

#if defined __x86_64__ && defined __GNUC__ && !defined __clang__ && !defined __SANITIZE_ADDRESS__
PANEL_PRODUCT(product_v3, 32, __attribute__((target("arch=x86-64-v3"), optimize("fp-contract=fast"))))
PANEL_PRODUCT(product_v4, 64, __attribute__((target("arch=x86-64-v4"), optimize("fp-contract=fast"))))

void fm_panel_product(size_t m, size_t k, const real *a, size_t down, size_t across, const real *b, bool add, real *c, size_t ldc) {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) product_v4(m, k, a, down, across, b, add, c, ldc);
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) product_v3(m, k, a, down, across, b, add, c, ldc);
    else plain_product(m, k, a, down, across, b, add, c, ldc);
}
#else
void fm_panel_product(size_t m, size_t k, const real *a, size_t down, size_t across, const real *b, bool add, real *c, size_t ldc) {
    plain_product(m, k, a, down, across, b, add, c, ldc);
}
#endif
