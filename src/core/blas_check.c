#include "blas_check.h"

#include "blas.h"
#include "gemm.h"

#include <stdlib.h>
#include <string.h>

/* The inputs are whole numbers, so small that every sum is exact in `real`, in any order: a right
 * product has the same bits as the plain loops. Where a matrix has gaps between its rows they hold
 * NaN, which must reach no result, and around C every number must stay. */

typedef struct shape {
    size_t m, n, k;
} shape;

enum { ROOM = 1 << 20, GAP = 3, MARK = 77 };

typedef struct bench {
    fm_multiplier which;
    real *a, *b, *c, *want, *row;
    double *wide_a, *wide_b, *wide_c;
    uint32_t state;
    size_t checked;
} bench;

/* Kernels work on blocks of 4 to 64 rows and columns, and on what is left of them. */
static const size_t edges[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  11, 12, 13, 15, 16, 17, 19, 20,  21,  23,  24,  25,  27,
                               31, 32, 33, 35, 39, 40, 41, 47, 48, 49, 63, 64, 65, 95, 96, 97, 127, 128, 129, 191, 192, 193};
enum { EDGES = sizeof edges / sizeof *edges };

/* Longer than the parts that a product is cut into: 128 to 1,024 in each direction. */
static const shape large[] = {
    {257, 33, 65},  {383, 17, 49},  {385, 31, 95},  {447, 9, 129},  {449, 47, 33},  {513, 24, 64},   {641, 13, 97},   {769, 5, 129},
    {1025, 8, 65},  {33, 257, 65},  {17, 383, 49},  {31, 385, 95},  {9, 447, 129},  {47, 449, 33},   {24, 513, 64},   {13, 641, 97},
    {5, 769, 129},  {8, 1025, 65},  {33, 65, 257},  {17, 49, 383},  {31, 95, 385},  {9, 129, 447},   {47, 33, 449},   {24, 64, 513},
    {13, 97, 641},  {5, 129, 769},  {8, 65, 1025},  {16, 16, 4095}, {7, 33, 4097},  {65, 3, 2049},   {3, 65, 2049},   {1, 64, 8193},
    {64, 1, 8193},  {2, 48, 8193},  {48, 2, 8193},  {1, 1, 8193},   {256, 256, 66}, {256, 256, 256}, {101, 100, 100}, {100, 100, 100},
    {99, 100, 101}, {130, 258, 66}, {258, 130, 66}, {65, 130, 385}, {193, 193, 97},
};
enum { LARGE = sizeof large / sizeof *large };

static uint32_t next(bench *t) { /* Marsaglia, Xorshift RNGs, 2003 */
    t->state ^= t->state << 13;
    t->state ^= t->state >> 17;
    return t->state ^= t->state << 5;
}

/* The largest number for which k products and what beta adds fit the digits of a float. */
static uint32_t largest(size_t k) {
    uint32_t top = 1;
    while (top < 1024 && 4 * (size_t)(top + 1) * (top + 1) * (k + 1) < 1 << 24) top++;
    return top;
}

static void fill(bench *t, real *x, size_t rows, size_t columns, size_t gap, uint32_t top) {
    for (size_t i = 0; i < rows; i++, x += columns + gap) {
        for (size_t j = 0; j < columns; j++) x[j] = (real)(int32_t)(next(t) % (2 * top + 1)) - (real)top;
        for (size_t j = 0; j < gap; j++) x[columns + j] = (real)NAN;
    }
}

/* want += A B by plain loops; a row of B is gathered first when B is stored by columns. */
FM_CLONES static void add_row(size_t n, real times, const real *restrict row, real *restrict out) {
    for (size_t j = 0; j < n; j++) out[j] += times * row[j];
}

static void plain(bench *t, bool ta, bool tb, shape s, size_t lda, size_t ldb, size_t ldc) {
    for (size_t p = 0; p < s.k; p++) {
        const real *row = t->b + p * ldb;
        if (tb) {
            for (size_t j = 0; j < s.n; j++) t->row[j] = t->b[j * ldb + p];
            row = t->row;
        }
        for (size_t i = 0; i < s.m; i++) add_row(s.n, ta ? t->a[p * lda + i] : t->a[i * lda + p], row, t->want + i * ldc);
    }
}

static bool wrong(fm_error *err, shape s, const char *how, const char *type, size_t i, size_t j, double found, double wanted) {
    return fm_fail(err, "the %s product [%zu, %zu] x [%zu, %zu]%s gives %.9g at row %zu, column %zu, where plain loops give %.9g", type,
                   s.m, s.k, s.k, s.n, how, found, i + 1, j + 1, wanted);
}

static bool same(const bench *t, shape s, const char *how, size_t ldc, fm_error *err) {
    for (size_t i = 0; i <= s.m; i++) {
        for (size_t j = 0; j < ldc; j++) {
            real found = t->c[i * ldc + j], wanted = t->want[i * ldc + j];
            if (found == wanted) continue;
            if (i == s.m || j >= s.n)
                return fm_fail(err, "the product [%zu, %zu] x [%zu, %zu]%s writes beside its result", s.m, s.k, s.k, s.n, how);
            return wrong(err, s, how, FM_REAL_NAME, i, j, (double)found, (double)wanted);
        }
    }
    return true;
}

static bool check(bench *t, shape s, unsigned variant, fm_error *err) {
    static const char *const ways[] = {"", " of the first transposed", " of the second transposed", " of both transposed"};
    bool ta = variant & 1, tb = variant & 2, adds = variant & 4;
    size_t gap = variant & 8 ? GAP : 0, lda = (ta ? s.m : s.k) + gap, ldb = (tb ? s.k : s.n) + gap, ldc = s.n + gap;
    uint32_t top = largest(s.k);
    fill(t, t->a, ta ? s.k : s.m, lda - gap, gap, top);
    fill(t, t->b, tb ? s.n : s.k, ldb - gap, gap, top);
    for (size_t i = 0; i < (s.m + 1) * ldc; i++) {
        bool inside = i / ldc < s.m && i % ldc < s.n;
        t->want[i] = inside && !adds ? 0 : (real)MARK;
        t->c[i] = inside && !adds ? (real)NAN : (real)MARK; /* with beta 0 nobody may read it */
    }
    plain(t, ta, tb, s, lda, ldb, ldc);
    real beta = adds ? 1 : 0;
    if (t->which == FM_OWN) {
        fm_gemm_parallel(ta, tb, s.m, s.n, s.k, t->a, lda, t->b, ldb, beta, t->c, ldc, NULL);
    } else {
        fm_blas_gemm(ta, tb, s.m, s.n, s.k, t->a, lda, t->b, ldb, beta, t->c, ldc);
    }
    t->checked++;
    return same(t, s, ways[variant & 3], ldc, err);
}

/* The product in double that some metrics use, whatever real is. */
static bool check_wide(bench *t, shape s, fm_error *err) {
    if (t->which == FM_OWN) return true;
    uint32_t top = largest(s.k);
    fill(t, t->a, s.m, s.k, 0, top);
    fill(t, t->b, s.n, s.k, 0, top);
    for (size_t i = 0; i < s.m * s.k; i++) t->wide_a[i] = (double)t->a[i];
    for (size_t i = 0; i < s.n * s.k; i++) t->wide_b[i] = (double)t->b[i];
    memset(t->want, 0, s.m * s.n * sizeof *t->want);
    plain(t, false, true, s, s.k, s.k, s.n);
    fm_gemm_wide(s.m, s.n, s.k, t->wide_a, t->wide_b, t->wide_c, s.n);
    t->checked++;
    for (size_t i = 0; i < s.m * s.n; i++) {
        if (t->wide_c[i] != (double)t->want[i])
            return wrong(err, s, " of the second transposed", "double", i / s.n, i % s.n, t->wide_c[i], (double)t->want[i]);
    }
    return true;
}

static bool check_all(bench *t, fm_error *err) {
    for (unsigned i = 0; i < 12 * EDGES; i++) { /* every edge meets many others in every place */
        shape s = {edges[i % EDGES], edges[(i * 7 + i / EDGES) % EDGES], edges[(i * 19 + i / EDGES * 5 + 3) % EDGES]};
        if (!check(t, s, i * 5 + i / 16, err) || (i % 4 == 0 && !check_wide(t, s, err))) return false;
    }
    for (unsigned i = 0; i < LARGE; i++) {
        for (unsigned way = 0; way < 4; way++) {
            if (!check(t, large[i], way + 4 * (i + way), err)) return false;
        }
        if (!check_wide(t, large[i], err)) return false;
    }
    return true;
}

bool fm_blas_check(fm_multiplier which, size_t *checked, fm_error *err) {
    bench t = {.which = which, .state = 2463534242u};
    real *numbers = malloc(5 * (size_t)ROOM * sizeof *numbers);
    double *wide = malloc(3 * (size_t)ROOM * sizeof *wide);
    bool well = numbers && wide;
    if (!well) fm_fail(err, "no memory to check the products");
    if (well) {
        t.a = numbers;
        t.b = t.a + ROOM;
        t.c = t.b + ROOM;
        t.want = t.c + ROOM;
        t.row = t.want + ROOM;
        t.wide_a = wide;
        t.wide_b = wide + ROOM;
        t.wide_c = t.wide_b + ROOM;
        well = check_all(&t, err);
    }
    *checked = t.checked;
    free(numbers);
    free(wide);
    return well;
}
