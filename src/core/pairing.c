#include "pairing.h"

#include "assignment.h"
#include "pool.h"
#include "threads.h"

enum { LEAF = 8 }; /* rows that are left in any order */

/* ---- rows in an order that keeps neighbours together ---- */

static double side_of(const real *x, size_t d, const size_t *order, size_t n, size_t k) {
    real low = x[order[0] * d + k], high = low;
    for (size_t i = 1; i < n; i++) {
        real e = x[order[i] * d + k];
        low = e < low ? e : low;
        high = e > high ? e : high;
    }
    return (double)high - (double)low;
}

/* Puts the m smallest of n rows by coordinate k in front: Hoare 1961. A NaN stops both walks, so
 * they stay within the rows. */
static void split(const real *x, size_t d, size_t *order, size_t n, size_t m, size_t k) {
    size_t low = 0, high = n - 1;
    while (low < high) {
        real pivot = x[order[low + (high - low) / 2] * d + k];
        size_t i = low, j = high;
        for (;;) {
            while (x[order[i] * d + k] < pivot) i++;
            while (x[order[j] * d + k] > pivot) j--;
            if (i >= j) break;
            size_t other = order[i];
            order[i++] = order[j];
            order[j--] = other;
        }
        if (m <= j) high = j;
        else low = j + 1;
    }
}

/* Halves along the longest side, again and again: the leaves of a k-d tree. */
static void sort_near(const real *x, size_t d, size_t *order, size_t n) {
    while (n > LEAF) {
        size_t longest = 0, half = n / 2 / LEAF * LEAF;
        double length = -1;
        for (size_t k = 0; k < d; k++) {
            double side = side_of(x, d, order, n, k);
            if (side > length) {
                length = side;
                longest = k;
            }
        }
        if (half == 0) half = LEAF;
        split(x, d, order, n, half, longest);
        sort_near(x, d, order, half);
        order += half;
        n -= half;
    }
}

/* ---- costs ---- */

typedef struct matching {
    const fm_samples *s;
    size_t *order_a, *order_b, *column; /* [n]: the rows as they are sorted, and the matching of those */
    double *cost;                       /* [n, n], of the sorted rows */
    double *a, *b;                      /* the sorted samples in columns, [d, n] */
    size_t bytes;
} matching;

/* False with `err`: no memory. */
static bool begin(matching *m, const fm_samples *s, fm_error *err) {
    size_t n = s->n, words = 0, most = SIZE_MAX / sizeof(double) / 4;
    _Static_assert(sizeof(size_t) == sizeof(double), "one block holds both");
    if (n && (n > most / n || n > most / s->d)) return fm_fail(err, "assignment: %zu rows are too many", n);
    words = n * n + 2 * n * s->d + 3 * n;
    *m = (matching){.s = s, .bytes = words * sizeof(double)};
    m->cost = fm_pool_take(m->bytes);
    if (!m->cost) return fm_fail(err, "out of memory: no room for the costs of %zu by %zu pairs", n, n);
    m->a = m->cost + n * n;
    m->b = m->a + n * s->d;
    m->order_a = (size_t *)(void *)(m->b + n * s->d);
    m->order_b = m->order_a + n;
    m->column = m->order_b + n;
    for (size_t i = 0; i < n; i++) m->order_a[i] = m->order_b[i] = i;
    sort_near(s->a, s->d, m->order_a, n);
    sort_near(s->b, s->d, m->order_b, n);
    for (size_t k = 0; k < s->d; k++) {
        for (size_t i = 0; i < n; i++) {
            m->a[k * n + i] = (double)s->a[m->order_a[i] * s->d + k];
            m->b[k * n + i] = (double)s->b[m->order_b[i] * s->d + k];
        }
    }
    return true;
}

static bool end(matching *m, size_t *column, fm_error *err) {
    bool done = fm_assignment(m->s->n, m->cost, m->column, err);
    for (size_t i = 0; i < m->s->n && done; i++) column[m->order_a[i]] = m->order_b[m->column[i]];
    fm_pool_give(m->cost, m->bytes);
    return done;
}

/* Takes the mean off each column; returns the sum of squares of the rest. */
static double centre(size_t n, size_t d, double *x) {
    double sum = 0;
    for (size_t k = 0; k < d; k++, x += n) {
        double mean = 0;
        for (size_t i = 0; i < n; i++) mean += x[i] / (double)n;
        for (size_t i = 0; i < n; i++) {
            x[i] -= mean;
            sum += x[i] * x[i];
        }
    }
    return sum;
}

/* Moves b and scales it onto a. Of |a - b|^2 only the sum of -2 a.b depends on the matching, so the
 * best matching stays the same, and the first prices are nearer to the last. */
static void align(matching *m) {
    size_t count = m->s->n * m->s->d;
    double scale = sqrt(centre(m->s->n, m->s->d, m->a) / centre(m->s->n, m->s->d, m->b));
    if (!(scale > 1e-6 && scale < 1e6)) return; /* a sample of one point, or not finite */
    for (size_t i = 0; i < count; i++) m->b[i] *= scale;
}

/* Squared distances, or distances, of ROWS rows of a to WIDTH rows of b at a time: the sums stay in
 * the nearest cache. */
enum { ROWS = 4, WIDTH = 256 };

FM_INLINE void add_squares(size_t rows, size_t width, const double *a, const double *b, double (*sum)[WIDTH]) {
    for (size_t r = 0; r < rows; r++) {
        double x = a[r];
        for (size_t j = 0; j < width; j++) sum[r][j] += (x - b[j]) * (x - b[j]);
    }
}

/* What the costs are made of; rows of them are tiles. */
typedef struct pricing {
    matching *m;
    bool root;
    const real *c; /* distances of conditions, or NULL */
    double weight;
} pricing;

FM_INLINE void price_block(const pricing *p, size_t i, size_t first, size_t width, const double *sum) {
    const matching *m = p->m;
    size_t n = m->s->n;
    double *to = m->cost + i * n + first;
    for (size_t j = 0; j < width; j++) to[j] = p->root ? sqrt(sum[j]) : sum[j];
    for (size_t j = 0; p->c && j < width; j++) to[j] += p->weight * (double)p->c[m->order_b[first + j] * n + m->order_a[i]];
}

static FM_CLONES void price_rows(void *context, size_t first, size_t last) {
    const pricing *p = context;
    const matching *m = p->m;
    size_t n = m->s->n, d = m->s->d;
    for (size_t i = first; i < last; i += ROWS) {
        size_t rows = last - i < ROWS ? last - i : ROWS;
        for (size_t j = 0; j < n; j += WIDTH) {
            size_t width = n - j < WIDTH ? n - j : WIDTH;
            double sum[ROWS][WIDTH] = {{0}};
            for (size_t k = 0; k < d; k++) {
                if (rows == ROWS && width == WIDTH) add_squares(ROWS, WIDTH, m->a + k * n + i, m->b + k * n + j, sum);
                else add_squares(rows, width, m->a + k * n + i, m->b + k * n + j, sum);
            }
            for (size_t r = 0; r < rows; r++) price_block(p, i + r, j, width, sum[r]);
        }
    }
}

static void price(pricing *p) {
    size_t n = p->m->s->n;
    fm_parallel(n, (fm_tile_rows(n * (p->m->s->d / 4 + 1)) + ROWS - 1) / ROWS * ROWS, price_rows, p);
}

bool fm_match(const fm_samples *s, bool root, size_t *column, fm_error *err) {
    matching m;
    if (!begin(&m, s, err)) return false;
    if (!root) align(&m);
    price(&(pricing){.m = &m, .root = root});
    return end(&m, column, err);
}

/* ---- any costs ---- */

/* What a row costs in a few columns tells which rows are alike, and so with the columns. */
enum { LANDMARKS = 8 };

static bool check(size_t n, const real *cost, fm_error *err) {
    for (size_t i = 0; i < n * n; i++) {
        if (!(fabs((double)cost[i]) <= FM_MOST_COST)) return fm_refuse_cost(n, i, (double)cost[i], err);
    }
    return true;
}

bool fm_match_costs(size_t n, const real *cost, size_t *column, fm_error *err) {
    _Static_assert(sizeof(size_t) == sizeof(double) && sizeof(real) <= sizeof(double), "one block holds all");
    size_t d = n < LANDMARKS ? n : LANDMARKS, bytes = (n * n + (2 * d + 3) * n) * sizeof(double);
    if (!check(n, cost, err)) return false;
    double *wide = fm_pool_take(bytes);
    if (!wide) return fm_fail(err, "out of memory: no room for the costs of %zu by %zu pairs", n, n);
    real *rows = (real *)(void *)(wide + n * n), *columns = rows + n * d;
    size_t *order = (size_t *)(void *)(wide + n * n + 2 * n * d), *order_b = order + n, *sorted = order + 2 * n;
    for (size_t i = 0; i < n; i++) {
        order[i] = order_b[i] = i;
        for (size_t k = 0; k < d; k++) {
            size_t landmark = (2 * k + 1) * n / (2 * d);
            rows[i * d + k] = cost[i * n + landmark];
            columns[i * d + k] = cost[landmark * n + i];
        }
    }
    sort_near(rows, d, order, n);
    sort_near(columns, d, order_b, n);
    for (size_t i = 0; i < n; i++) {
        const real *from = cost + order[i] * n;
        for (size_t j = 0; j < n; j++) wide[i * n + j] = (double)from[order_b[j]];
    }
    bool done = fm_assignment(n, wide, sorted, err);
    for (size_t i = 0; i < n && done; i++) column[order[i]] = order_b[sorted[i]];
    fm_pool_give(wide, bytes);
    return done;
}

/* ---- with conditions ---- */

bool fm_match_conditions(const fm_samples *s, const real *c, double weight, size_t *column, fm_error *err) {
    matching m;
    if (!begin(&m, s, err)) return false;
    price(&(pricing){.m = &m, .c = c, .weight = weight});
    return end(&m, column, err);
}

/* The k-th largest of n numbers, k >= 1; they are put into another order. */
static double largest(double *x, size_t n, size_t k) {
    size_t low = 0, high = n - 1, at = k - 1;
    while (low < high) {
        double pivot = x[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (x[i] > pivot) i++;
            while (x[j] < pivot) j--;
            if (i >= j) break;
            double other = x[i];
            x[i++] = x[j];
            x[j--] = other;
        }
        if (at <= j) high = j;
        else low = j + 1;
    }
    return x[at];
}

bool fm_condition_weight(const fm_samples *s, const real *c, double ratio, double *weight, fm_error *err) {
    size_t n = s->n, always = 0, count = 0, bytes = (n * n + n) * sizeof(double);
    double *limit = fm_pool_take(bytes), *own = limit + n * n;
    if (!limit) return fm_fail(err, "out of memory: no room for the limits of %zu by %zu pairs", n, n);
    const fm_samples pairs = {n, n, s->d, s->b, s->a};
    fm_pair_costs(&pairs, false, limit);
    for (size_t j = 0; j < n; j++) own[j] = limit[j * n + j];
    for (size_t i = 0; i < n; i++) { /* what is read lies at or behind what is written */
        for (size_t j = 0; j < n; j++) {
            double gain = own[j] - limit[i * n + j], distance = (double)c[i * n + j];
            if (i == j) continue;
            if (distance > 0) limit[count++] = gain / distance;
            else always += gain >= 0;
        }
    }
    double wanted = floor(ratio * (double)n * (double)n + 0.5) - (double)n - (double)always;
    size_t k = wanted < 1 ? 1 : (size_t)wanted;
    double w = k <= count ? largest(limit, count, k) : 0;
    *weight = w > 0 ? w : 0;
    fm_pool_give(limit, bytes);
    return true;
}
