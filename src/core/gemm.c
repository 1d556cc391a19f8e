#include "gemm.h"

#include "blas.h"
#include "gemm_kernels.h"
#include "sums.h"
#include "threads.h"

#include <string.h>

/* ---- thin products and long sums ---- */

/* C = a b + beta C of a column a and a row b: so thin that the library's packing would cost more
 * than it saves. */
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

/* Computes the few products for which a plain loop is better; returns false for the others. */
static bool try_plain(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta,
                      real *c, size_t ldc) {
    if (!m || !n) return true;
    if (!k) {
        for (size_t i = 0; i < m; i++) {
            for (size_t j = 0; j < n; j++) c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
        }
        return true;
    }
    if (k == 1 && (!tb || ldb == 1)) {
        rank_one(m, n, a, ta ? 1 : lda, b, beta, c, ldc);
        return true;
    }
    if (k >= LONG && m == 1 && (!ta || lda == 1)) {
        (tb ? long_rows : long_columns)(n, k, b, ldb, a, beta, c, 1);
        return true;
    }
    if (k >= LONG && n == 1 && (tb || ldb == 1)) {
        (ta ? long_columns : long_rows)(m, k, a, lda, b, beta, c, ldc);
        return true;
    }
    return false;
}

/* ---- tiles ---- */

/* A panel of B, packed, is DEEP numbers deep and two vectors wide: with the rows of A it works on,
 * it fits the second cache. A tile has up to TALL rows: fewer would pay for the packing. */
enum { DEEP = 512, TALL = 256, LOW = 128 };
enum { TILE_WORK = 1 << 20, STORE = 16 }; /* multiplications that are worth a tile, and that cost as much as storing a number */
enum { NEAR = 65536 / sizeof(real) };

typedef struct product {
    bool ta, tb;
    size_t m, n, k, lda, ldb, ldc;
    const real *a, *b, *row; /* row: added to each of C, which beta 0 does not read; or NULL */
    real beta, *c;
    const fm_gemm_kernels *kernels; /* NULL: OpenBLAS */
    size_t tall, wide, across;      /* rows and columns of a tile, and tiles side by side */
    const fm_gemm_more *more;
} product;

/* Columns j .. j + columns - 1 of rows first .. first + k - 1 of B, filled up with zeros to whole
 * vectors. */
static void pack(const product *p, size_t first, size_t k, size_t j, size_t columns, real *to) {
    size_t v = p->kernels->vector, step = columns > v ? 2 * v : v;
    if (!p->tb && columns == step) {
        (step > v ? p->kernels->copy_two : p->kernels->copy)(k, p->b + first * p->ldb + j, p->ldb, to);
        return;
    }
    for (size_t at = 0; at < step; at += v, j += v) {
        size_t left = columns - at;
        if (p->tb && left >= v) {
            p->kernels->turn(k, p->b + j * p->ldb + first, p->ldb, to + at, step);
            continue;
        }
        for (size_t i = 0; i < k; i++) {
            real *row = to + i * step + at;
            for (size_t l = 0; l < v; l++)
                row[l] = l >= left ? 0 : p->tb ? p->b[(j + l) * p->ldb + first + i] : p->b[(first + i) * p->ldb + j + l];
        }
    }
}

/* C [rows, columns] = A B + D; without D when that is NULL. B's rows are whole vectors, `step`
 * apart, of which one or two have columns. The rows of C are shared out evenly among blocks. */
static void multiply(const product *p, const real *a, size_t lda, size_t rows, size_t k, const real *b, size_t step, const real *d,
                     size_t ldd, real *c, size_t columns) {
    size_t v = p->kernels->vector, whole = columns > v ? 2 * v : v, blocks = (rows + p->kernels->rows - 1) / p->kernels->rows;
    size_t next = p->ta ? 1 : lda;
    fm_gemm_block *const *block = p->kernels->block[p->ta][whole > v];
    _Alignas(64) real cut[FM_GEMM_MOST_ROWS * FM_PANEL];
    for (size_t left = rows, some; blocks; blocks--, left -= some, a += some * next, d = d ? d + some * ldd : NULL, c += some * p->ldc) {
        some = left / blocks;
        if (columns == whole) {
            block[some](k, a, lda, b, step, d, ldd, c, p->ldc);
            continue;
        }
        block[some](k, a, lda, b, step, NULL, 0, cut, whole);
        for (size_t r = 0; r < some; r++) {
            for (size_t l = 0; l < columns; l++) c[r * p->ldc + l] = d ? d[r * ldd + l] + cut[r * whole + l] : cut[r * whole + l];
        }
    }
}

/* k rows of numbers that lie as close together as a copy of some of them would. */
static bool is_near(size_t k, size_t ld) {
    return k * ld <= NEAR;
}

/* Rows i .. and columns j .. of C. Columns of A are gathered first when they lie far apart: another
 * thread may have written them. */
static void own_tile(const product *p, size_t i, size_t rows, size_t j, size_t columns) {
    _Alignas(64) real packed[DEEP * FM_PANEL], gathered[DEEP * LOW];
    size_t v = p->kernels->vector;
    for (size_t first = 0, k; first < p->k; first += k) {
        k = p->k - first < DEEP ? p->k - first : DEEP;
        bool gathers = p->ta && !is_near(k, p->lda);
        const real *a = p->a + (p->ta ? first * p->lda + i : i * p->lda + first);
        for (size_t r = 0; gathers && r < k; r++) memcpy(gathered + r * rows, a + r * p->lda, rows * sizeof(real));
        for (size_t at = 0, some; at < columns; at += some) {
            some = columns - at < 2 * v ? columns - at : 2 * v;
            size_t step = some > v ? 2 * v : v;
            bool packs = p->tb || some < step || !is_near(k, p->ldb);
            if (packs) pack(p, first, k, j + at, some, packed);
            real *c = p->c + i * p->ldc + j + at;
            const real *d = first || p->beta != 0 ? c : p->row ? p->row + j + at : NULL;
            multiply(p, gathers ? gathered : a, gathers ? rows : p->lda, rows, k, packs ? packed : p->b + first * p->ldb + j + at,
                     packs ? step : p->ldb, d, d == c ? p->ldc : 0, c, some);
        }
    }
}

/* Rows i .. and columns j .. of C. */
static void compute(const product *p, size_t i, size_t rows, size_t j, size_t columns) {
    if (p->kernels) {
        own_tile(p, i, rows, j, columns);
        return;
    }
    const real *a = p->a + (p->ta ? i : i * p->lda), *b = p->b + (p->tb ? j * p->ldb : j);
    real *c = p->c + i * p->ldc + j, beta = p->row ? 1 : p->beta;
    for (size_t r = 0; p->row && r < rows; r++) memcpy(c + r * p->ldc, p->row + j, columns * sizeof(real));
    if (try_plain(p->ta, p->tb, rows, columns, p->k, a, p->lda, b, p->ldb, beta, c, p->ldc)) return;
    fm_blas_gemm(p->ta, p->tb, rows, columns, p->k, a, p->lda, b, p->ldb, beta, c, p->ldc);
}

static void one_tile(const product *p, size_t tile) {
    size_t i = tile / p->across * p->tall, j = tile % p->across * p->wide;
    size_t rows = p->m - i < p->tall ? p->m - i : p->tall, columns = p->n - j < p->wide ? p->n - j : p->wide;
    compute(p, i, rows, j, columns);
    if (p->more && p->more->done) p->more->done(p->more->context, i, rows, j, columns);
}

static void some_tiles(void *context, size_t first, size_t end) {
    for (size_t tile = first; tile < end; tile++) one_tile(context, tile);
}

/* OpenBLAS packs too, and does it well for thin matrices. */
enum { FEW_ROWS = 8, FEW_TERMS = 8 };

static const fm_gemm_kernels *kernels_for(size_t m, size_t n, size_t k) {
    const fm_gemm_kernels *here = fm_gemm_kernels_here();
    return here && m >= FEW_ROWS && n >= here->vector && k >= FEW_TERMS ? here : NULL;
}

enum { STACKS = 8 }; /* tiles above each other that are enough for some threads */

static size_t tallest(const product *p) {
    return p->kernels && p->ta ? LOW : TALL;
}

/* The sizes of tiles depend on the shape of the product alone. Rows are cut first: the next layer
 * reads them by rows too. */
static void cut(product *p) {
    size_t step = p->kernels ? 2 * p->kernels->vector : 64, m = p->m, n = p->n, k = p->k ? p->k : 1;
    size_t tall = tallest(p), stacks = (m + tall - 1) / tall;
    size_t all = m * n * k;
    bool halves = p->kernels && all >= TILE_WORK && all < 2 * TILE_WORK && m >= LOW / 2;
    if (stacks == 1 && halves) stacks = 2;
    if (stacks == 1 && all >= 2 * TILE_WORK && m >= 2 * LOW) stacks = m / LOW;
    p->tall = (m + stacks - 1) / stacks;
    size_t work = p->tall * k * step;
    p->wide = halves ? n : work >= TILE_WORK ? step : (TILE_WORK + work - 1) / work * step;
    bool finishes = p->more && p->more->done && stacks >= STACKS; /* an activation likes longer rows */
    if ((p->ta || finishes) && p->wide < 4 * step) p->wide = 4 * step;
    if (p->wide > n || n - p->wide < step / 2) p->wide = n;
    p->across = (n + p->wide - 1) / p->wide;
}

void fm_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta, real *c,
             size_t ldc) {
    product p = {.ta = ta, .tb = tb, .m = m, .n = n, .k = k, .a = a, .lda = lda, .b = b, .ldb = ldb, .beta = beta, .c = c, .ldc = ldc};
    p.kernels = kernels_for(m, n, k);
    size_t tall = p.kernels ? tallest(&p) : m;
    for (size_t i = 0; i < m; i += tall) compute(&p, i, m - i < tall ? m - i : tall, 0, n);
}

void fm_gemm_parallel(bool ta, bool tb, size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb, real beta,
                      real *c, size_t ldc, const fm_gemm_more *more) {
    product p = {
        .ta = ta, .tb = tb, .m = m, .n = n, .k = k, .a = a, .lda = lda, .b = b, .ldb = ldb, .beta = beta, .c = c, .ldc = ldc, .more = more};
    if (!m || !n) return;
    p.kernels = kernels_for(m, n, k);
    if (more) p.row = more->row;
    cut(&p);
    size_t tiles = (m + p.tall - 1) / p.tall * p.across;
    fm_parallel(tiles, m * n * (k + STORE) < TILE_WORK ? tiles : 1, some_tiles, &p);
}

void fm_gemm_panel(bool ta, size_t m, size_t k, const real *a, size_t lda, const real *b, bool add, real *c, size_t ldc) {
    product p = {.ta = ta, .ldc = ldc, .kernels = fm_gemm_kernels_here()};
    if (!p.kernels) {
        fm_blas_gemm(ta, false, m, FM_PANEL, k, a, lda, b, FM_PANEL, add, c, ldc);
        return;
    }
    size_t two = 2 * p.kernels->vector;
    for (size_t at = 0; at < FM_PANEL; at += two) multiply(&p, a, lda, m, k, b + at, FM_PANEL, add ? c + at : NULL, ldc, c + at, two);
}

/* ---- long sums of matrices ---- */

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
    fm_gemm_parallel(ta, tb, m, n, first, a, lda, b, ldb, beta, c, n, NULL);
    if (first == k) return;
    real *part = room, *rest = room + m * n;
    memset(rest, 0, m * n * sizeof *rest);
    for (size_t at = first, some; at < k; at += some) {
        some = k - at < block ? k - at : block;
        fm_gemm_parallel(ta, tb, m, n, some, a + (ta ? at * lda : at), lda, b + (tb ? at : at * ldb), ldb, 0, part, n, NULL);
        fm_carry_add(m * n, part, c, rest);
    }
    for (size_t i = 0; i < m * n; i++) c[i] += rest[i];
}
