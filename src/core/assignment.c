#include "assignment.h"

#include "pool.h"
#include "real.h"

enum { SWEEPS = 2 };
#define NONE SIZE_MAX

typedef struct problem {
    size_t n;
    const double *cost;
    size_t *column, *row; /* of each row, of each column; NONE while free */
    double *price;        /* of each column: v in the paper */
    size_t *free_rows, n_free;
    double *distance;         /* of the columns in the list: how far the search went for each */
    size_t *list, *from;      /* columns in the order of the search; the row before each column on its path */
    double *key, *open_price; /* see search */
} problem;

static double cost_at(const problem *p, size_t i, size_t j) {
    return p->cost[i * p->n + j];
}

/* Each column takes its cheapest row, if that is still free. used[i]: how many columns wanted row
 * i. */
static void reduce_columns(problem *p, size_t *used) {
    size_t *best = p->list;
    for (size_t j = 0; j < p->n; j++) {
        p->price[j] = cost_at(p, 0, j);
        best[j] = 0;
    }
    for (size_t i = 1; i < p->n; i++) {
        for (size_t j = 0; j < p->n; j++) {
            if (cost_at(p, i, j) < p->price[j]) {
                p->price[j] = cost_at(p, i, j);
                best[j] = i;
            }
        }
    }
    for (size_t j = p->n; j-- > 0;) {
        if (used[best[j]]++ == 0) {
            p->column[best[j]] = j;
            p->row[j] = best[j];
        }
    }
}

/* A row that one column alone wanted gives that column its advantage over the next best. */
static void transfer_reduction(problem *p, const size_t *used) {
    for (size_t i = 0; i < p->n; i++) {
        if (used[i] == 0) p->free_rows[p->n_free++] = i;
        if (used[i] != 1) continue;
        size_t own = p->column[i];
        double least = INFINITY;
        for (size_t j = 0; j < p->n; j++) {
            double h = cost_at(p, i, j) - p->price[j];
            if (j != own && h < least) least = h;
        }
        if (p->n > 1) p->price[own] -= least;
    }
}

/* Free rows bid for their best column and may push out the row that holds it. The number of bids is
 * bounded, since rounding could let two rows push each other out for ever. The paths that follow do
 * the rest. */
static void bid(problem *p) {
    size_t before = p->n_free, k = 0, bids = 0;
    p->n_free = 0;
    while (k < before) {
        size_t i = p->free_rows[k++], first = NONE, second = NONE;
        double least = INFINITY, next = INFINITY;
        for (size_t j = 0; j < p->n; j++) {
            double h = cost_at(p, i, j) - p->price[j];
            if (h >= next) continue;
            if (h >= least) {
                next = h;
                second = j;
            } else {
                next = least;
                second = first;
                least = h;
                first = j;
            }
        }
        size_t held = p->row[first];
        bool better = least < next;
        if (better && second != NONE) p->price[first] -= next - least;
        else if (held != NONE && second != NONE) {
            first = second;
            held = p->row[first];
        }
        p->column[i] = first;
        p->row[first] = i;
        if (held == NONE) continue;
        p->column[held] = NONE;
        if (better && bids++ < 3 * p->n) p->free_rows[--k] = held;
        else p->free_rows[p->n_free++] = held;
    }
}

typedef double lanes __attribute__((vector_size(64), aligned(8)));
typedef int64_t marks __attribute__((vector_size(64), aligned(8)));
enum { LANES = 8 };

typedef struct search { /* of one augmenting path; a column that was reached has key INFINITY and price -INFINITY: it never wins again */
    double *key, *price;
    size_t *from; /* the row before each column on its path */
    double least; /* the smallest key, and its column */
    size_t nearest;
} search;

/* From row i, whose own column is `base` away, to every column; finds the nearest of all. The hot
 * loop: all columns, no branch. */
static FM_CLONES void relax(search *s, size_t n, const double *cost, double base, size_t i) {
    const marks step = {0, 1, 2, 3, 4, 5, 6, 7}, row = step * 0 + (int64_t)i;
    lanes least = (lanes){0} + INFINITY;
    marks nearest = step;
    size_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        lanes key = *(lanes *)(s->key + j), h = *(const lanes *)(cost + j) - *(lanes *)(s->price + j) - base;
        marks *from = (marks *)(void *)(s->from + j), less = h < key;
        *from = (less & row) | (~less & *from);
        key = (lanes)((less & (marks)h) | (~less & (marks)key));
        *(lanes *)(s->key + j) = key;
        less = key < least;
        nearest = (less & (step + (int64_t)j)) | (~less & nearest);
        least = (lanes)((less & (marks)key) | (~less & (marks)least));
    }
    s->least = INFINITY;
    for (int k = 0; k < LANES; k++) {
        if (least[k] < s->least) {
            s->least = least[k];
            s->nearest = (size_t)nearest[k];
        }
    }
    for (; j < n; j++) {
        double h = cost[j] - s->price[j] - base;
        if (h < s->key[j]) {
            s->key[j] = h;
            s->from[j] = i;
        }
        if (s->key[j] < s->least) {
            s->least = s->key[j];
            s->nearest = j;
        }
    }
}

/* Among equals a free column ends the search at once. */
static void prefer_free(const problem *p, search *s) {
    for (size_t j = 0; j < p->n; j++) {
        if (p->row[j] == NONE && s->key[j] <= s->least) {
            s->nearest = j;
            return;
        }
    }
}

/* Dijkstra over columns from a free row to the nearest free column; then reverses the path. */
static void augment(problem *p, size_t start) {
    search s = {.key = p->key, .price = p->open_price, .from = p->from};
    size_t reached = 0, i = start;
    double base = 0;
    for (size_t j = 0; j < p->n; j++) {
        s.key[j] = INFINITY;
        s.price[j] = p->price[j];
    }
    for (;;) {
        double before = s.least;
        relax(&s, p->n, p->cost + i * p->n, base, i);
        if (reached && s.least <= before) prefer_free(p, &s);
        size_t j = s.nearest;
        if (p->row[j] == NONE) break;
        p->list[reached] = j;
        p->distance[reached++] = s.least;
        s.key[j] = INFINITY;
        s.price[j] = -INFINITY;
        i = p->row[j];
        base = cost_at(p, i, j) - p->price[j] - s.least;
    }
    for (size_t k = 0; k < reached; k++) p->price[p->list[k]] += p->distance[k] - s.least;
    size_t end = s.nearest;
    do {
        i = s.from[end];
        size_t next = p->column[i];
        p->row[end] = i;
        p->column[i] = end;
        end = next;
    } while (i != start);
}

bool fm_assignment(size_t n, const double *cost, size_t *column, fm_error *err) {
    if (n == 0) return true;
    for (size_t i = 0; i < n * n; i++) {
        if (!isfinite(cost[i])) return fm_fail(err, "assignment: the cost of row %zu, column %zu is not finite", i / n + 1, i % n + 1);
    }
    size_t words = 9 * n * sizeof(size_t); /* size_t and double are of one size here */
    _Static_assert(sizeof(size_t) == sizeof(double), "one block holds both");
    size_t *block = fm_pool_take(words);
    if (!block) return fm_fail(err, "out of memory: no room for an assignment of %zu rows", n);
    problem p = {
        .n = n, .cost = cost, .column = column, .row = block, .free_rows = block + n, .from = block + 2 * n, .list = block + 3 * n};
    size_t *used = block + 4 * n;
    p.price = (double *)(void *)(block + 5 * n);
    p.distance = (double *)(void *)(block + 6 * n);
    p.key = (double *)(void *)(block + 7 * n);
    p.open_price = (double *)(void *)(block + 8 * n);
    for (size_t i = 0; i < n; i++) {
        p.column[i] = p.row[i] = NONE;
        used[i] = 0;
    }
    reduce_columns(&p, used);
    transfer_reduction(&p, used);
    for (int sweep = 0; sweep < SWEEPS && n > 1; sweep++) bid(&p);
    for (size_t k = 0; k < p.n_free; k++) augment(&p, p.free_rows[k]);
    fm_pool_give(block, words);
    return true;
}

/* The mean of each column into `mean`; returns the root mean square of the rows' distances from
 * it. */
static double centre(size_t n, size_t d, const real *x, double *mean) {
    double sum = 0;
    for (size_t k = 0; k < d; k++) mean[k] = 0;
    for (size_t i = 0; i < n * d; i++) mean[i % d] += (double)x[i] / (double)n;
    for (size_t i = 0; i < n * d; i++) sum += ((double)x[i] - mean[i % d]) * ((double)x[i] - mean[i % d]);
    return sqrt(sum / (double)n);
}

/* Squared distances after b was moved and scaled onto a. Of |a - b|^2 only the sum of -2 a.b
 * depends on the matching, so the best matching stays the same, and the first prices are nearer to
 * the last. */
static bool aligned_costs(const fm_samples *s, double *cost, fm_error *err) {
    size_t d = s->d, bytes = 2 * d * sizeof(double);
    double *mean_a = fm_pool_take(bytes), *mean_b = mean_a + d;
    if (!mean_a) return fm_fail(err, "out of memory: no room for means of %zu columns", d);
    double size_a = centre(s->n, d, s->a, mean_a), size_b = centre(s->m, d, s->b, mean_b), scale = size_a / size_b;
    if (!(scale > 1e-6 && scale < 1e6)) scale = 1; /* a sample of one point, or not finite */
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = 0; j < s->m; j++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++) {
                double e = ((double)s->a[i * d + k] - mean_a[k]) - ((double)s->b[j * d + k] - mean_b[k]) * scale;
                sum += e * e;
            }
            cost[i * s->m + j] = sum;
        }
    }
    fm_pool_give(mean_a, bytes);
    return true;
}

bool fm_match(const fm_samples *s, bool root, size_t *column, fm_error *err) {
    if (s->n && s->n > SIZE_MAX / s->n / sizeof(double)) return fm_fail(err, "assignment: %zu rows are too many", s->n);
    size_t bytes = s->n * s->n * sizeof(double);
    double *cost = fm_pool_take(bytes);
    if (!cost) return fm_fail(err, "out of memory: no room for the costs of %zu by %zu pairs", s->n, s->n);
    if (root) fm_pair_costs(s, root, cost);
    bool done = (root || aligned_costs(s, cost, err)) && fm_assignment(s->n, cost, column, err);
    fm_pool_give(cost, bytes);
    return done;
}
