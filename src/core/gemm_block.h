/* The inner loops of a matrix product, for one kind of processor. gemm_kernels.c includes this file
 * once for each, after it has defined
 *   VECTOR   bytes of a vector register
 *   ROWS     rows of C that fit the registers: 2 ROWS sums, two vectors of B and one number of A
 *   MULTIPLY_ADD(x, y, z)  x * y + z of vectors, rounded once
 *   NAME(x)  x with the kind of processor behind it
 *   KIND     the name of the table at the end */
typedef real NAME(vec) __attribute__((vector_size(VECTOR)));
typedef real NAME(anywhere) __attribute__((vector_size(VECTOR), aligned(sizeof(real))));
typedef index_of_real NAME(lanes) __attribute__((vector_size(VECTOR)));
#define V ((size_t)VECTOR / sizeof(real))

/* C [rows, wide V] = A B + D; without D when that is NULL. Row i of A is at a + i a_row, its next
 * number a_step on. Rows of B are ldb apart, and whole vectors. Each number of A B is one chain of
 * multiply-adds along k, whatever the kind. */
FM_INLINE void NAME(block)(const int rows, const int wide, size_t k, const real *restrict a, size_t a_row, size_t a_step,
                           const real *restrict b, size_t ldb, const real *d, size_t ldd, real *c, size_t ldc) {
    NAME(vec) sum[ROWS][2];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = (NAME(vec)){0};
    for (size_t p = 0; p < k; p++, a += a_step, b += ldb) {
        NAME(vec) left = *(const NAME(anywhere) *)b, right = wide == 2 ? *(const NAME(anywhere) *)(b + V) : left;
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            real x = a[(size_t)i * a_row];
            NAME(vec) all = x - (NAME(vec)){0}; /* x in every lane */
            sum[i][0] = MULTIPLY_ADD(all, left, sum[i][0]);
            if (wide == 2) sum[i][1] = MULTIPLY_ADD(all, right, sum[i][1]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 2
        for (int w = 0; w < wide; w++) {
            NAME(anywhere) *to = (NAME(anywhere) *)(c + (size_t)i * ldc + (size_t)w * V);
            const NAME(anywhere) *more = (const NAME(anywhere) *)(d + (size_t)i * ldd + (size_t)w * V);
            *to = d ? *more + sum[i][w] : sum[i][w];
        }
    }
}

/* Rows of A as they lie (n), or columns (t). */
#define BLOCK(rows)                                                                                                                        \
    static void NAME(n##rows)(size_t k, const real *a, size_t lda, const real *b, size_t ldb, const real *d, size_t ldd, real *c,          \
                              size_t ldc) {                                                                                                \
        NAME(block)(rows, 2, k, a, lda, 1, b, ldb, d, ldd, c, ldc);                                                                        \
    }                                                                                                                                      \
    static void NAME(t##rows)(size_t k, const real *a, size_t lda, const real *b, size_t ldb, const real *d, size_t ldd, real *c,          \
                              size_t ldc) {                                                                                                \
        NAME(block)(rows, 2, k, a, 1, lda, b, ldb, d, ldd, c, ldc);                                                                        \
    }                                                                                                                                      \
    static void NAME(n_thin##rows)(size_t k, const real *a, size_t lda, const real *b, size_t ldb, const real *d, size_t ldd, real *c,     \
                                   size_t ldc) {                                                                                           \
        NAME(block)(rows, 1, k, a, lda, 1, b, ldb, d, ldd, c, ldc);                                                                        \
    }                                                                                                                                      \
    static void NAME(t_thin##rows)(size_t k, const real *a, size_t lda, const real *b, size_t ldb, const real *d, size_t ldd, real *c,     \
                                   size_t ldc) {                                                                                           \
        NAME(block)(rows, 1, k, a, 1, lda, b, ldb, d, ldd, c, ldc);                                                                        \
    }
BLOCK(1)
BLOCK(2)
BLOCK(3)
BLOCK(4)
BLOCK(5)
BLOCK(6)
#if ROWS == 14
BLOCK(7)
BLOCK(8)
BLOCK(9)
BLOCK(10)
BLOCK(11)
BLOCK(12)
BLOCK(13)
BLOCK(14)
#define LIST(way)                                                                                                                          \
    {                                                                                                                                      \
        NULL, NAME(way##1), NAME(way##2), NAME(way##3), NAME(way##4), NAME(way##5), NAME(way##6), NAME(way##7), NAME(way##8),              \
            NAME(way##9), NAME(way##10), NAME(way##11), NAME(way##12), NAME(way##13), NAME(way##14)                                        \
    }
#else
#define LIST(way)                                                                                                                          \
    { NULL, NAME(way##1), NAME(way##2), NAME(way##3), NAME(way##4), NAME(way##5), NAME(way##6) }
#endif

/* to[k, wide V] = columns of B as they lie. */
FM_INLINE void NAME(copy_some)(const int wide, size_t k, const real *restrict b, size_t ldb, real *restrict to) {
    for (size_t p = 0; p < k; p++, b += ldb, to += (size_t)wide * V) {
        __builtin_prefetch(b + AHEAD * ldb);
        *(NAME(vec) *)to = *(const NAME(anywhere) *)b;
        if (wide == 1) continue;
        __builtin_prefetch(b + AHEAD * ldb + V);
        *(NAME(vec) *)(to + V) = *(const NAME(anywhere) *)(b + V);
    }
}
static void NAME(copy)(size_t k, const real *b, size_t ldb, real *to) {
    NAME(copy_some)(1, k, b, ldb, to);
}
static void NAME(copy_two)(size_t k, const real *b, size_t ldb, real *to) {
    NAME(copy_some)(2, k, b, ldb, to);
}

/* The lanes that stay, and those that change places, when the halves of 2 D lanes are swapped
 * between two vectors. */
#define SWAP(D)                                                                                                                            \
    if (D < V) {                                                                                                                           \
        NAME(lanes) low, high;                                                                                                             \
        for (size_t l = 0; l < V; l++) {                                                                                                   \
            low[l] = (index_of_real)(l & D ? l - D + V : l);                                                                               \
            high[l] = (index_of_real)(l & D ? l + V : l + D);                                                                              \
        }                                                                                                                                  \
        _Pragma("GCC unroll 16") for (size_t i = 0; i < V; i++) {                                                                          \
            if (i & D) continue;                                                                                                           \
            NAME(vec) one = row[i], other = row[i + D];                                                                                    \
            row[i] = __builtin_shuffle(one, other, low);                                                                                   \
            row[i + D] = __builtin_shuffle(one, other, high);                                                                              \
        }                                                                                                                                  \
    }

/* to[k, step] = V rows of B, turned. */
static void NAME(turn)(size_t k, const real *restrict b, size_t ldb, real *restrict to, size_t step) {
    size_t p = 0;
    for (; p + V <= k; p += V, to += V * step) {
        NAME(vec) row[V];
#pragma GCC unroll 16
        for (size_t i = 0; i < V; i++) {
            __builtin_prefetch(b + i * ldb + p + 4 * V);
            row[i] = *(const NAME(anywhere) *)(b + i * ldb + p);
        }
        SWAP(8)
        SWAP(4)
        SWAP(2)
        SWAP(1)
#pragma GCC unroll 16
        for (size_t i = 0; i < V; i++) *(NAME(vec) *)(to + i * step) = row[i];
    }
    for (; p < k; p++, to += step) {
        for (size_t i = 0; i < V; i++) to[i] = b[i * ldb + p];
    }
}

static const fm_gemm_kernels KIND = {.rows = ROWS,
                                     .vector = V,
                                     .block = {{LIST(n_thin), LIST(n)}, {LIST(t_thin), LIST(t)}},
                                     .copy = NAME(copy),
                                     .copy_two = NAME(copy_two),
                                     .turn = NAME(turn)};

#undef VECTOR
#undef ROWS
#undef MULTIPLY_ADD
#undef NAME
#undef KIND
#undef V
#undef BLOCK
#undef LIST
#undef SWAP
