#include "assignment.h"

#include "pool.h"

enum { SWEEPS = 2 };
#define NONE SIZE_MAX

typedef struct problem {
    size_t n;
    const real *cost;
    size_t *column, *row; /* of each row, of each column; NONE while free */
    double *price;        /* of each column: v in the paper */
    size_t *free_rows, n_free;
    double *open, *closed; /* of the search: the distance to each column not passed yet; 0, or infinite once passed */
    double *distance;      /* of each column passed */
    size_t *from, *list;   /* the row before each column on its path; the columns passed */
} problem;

static double cost_at(const problem *p, size_t i, size_t j) {
    return (double)p->cost[i * p->n + j];
}

/* Each column takes its cheapest row, if that row is still free. used[i] counts the columns that wanted row i. */
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

/* Free rows bid for their best column and may push out who holds it. The number of bids is bounded: rounding could let two rows push each
 * other out for ever, and the paths that follow finish whatever is left. */
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

/* Paths through row i, whose own column lies at `reached`: shorter ways to the columns that are still open. */
FM_CLONES static void relax(size_t n, const real *restrict cost, const double *restrict price, const double *restrict closed,
                            double reached, size_t i, double *restrict open, size_t *restrict from) {
    for (size_t j = 0; j < n; j++) {
        double h = (double)cost[j] - price[j] - reached + closed[j];
        bool nearer = h < open[j];
        open[j] = nearer ? h : open[j];
        from[j] = nearer ? i : from[j];
    }
}

FM_CLONES static double least_of(size_t n, const double *restrict x) {
    enum { LANES = 8 };
    double lane[LANES], least = INFINITY;
    for (size_t l = 0; l < LANES; l++) lane[l] = INFINITY;
    size_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        for (size_t l = 0; l < LANES; l++) lane[l] = x[j + l] < lane[l] ? x[j + l] : lane[l];
    }
    for (size_t l = 0; l < LANES; l++) least = lane[l] < least ? lane[l] : least;
    for (; j < n; j++) least = x[j] < least ? x[j] : least;
    return least;
}

/* Dijkstra over columns from a free row to the nearest free column; then the path is turned over. A column is open until the search has
 * passed it: then open[j] and closed[j] are infinite, so that the loops over all columns need no question. */
static void augment(problem *p, size_t start) {
    size_t n = p->n, passed = 0, end = NONE, i = start;
    double least = 0, reached = 0;
    for (size_t j = 0; j < n; j++) {
        p->open[j] = INFINITY;
        p->closed[j] = 0;
    }
    for (;;) {
        relax(n, p->cost + i * n, p->price, p->closed, reached, i, p->open, p->from);
        least = least_of(n, p->open);
        for (end = 0; p->open[end] != least; end++) {
        }
        if (p->row[end] == NONE) break;
        p->list[passed++] = end;
        p->distance[end] = least;
        p->open[end] = p->closed[end] = INFINITY;
        i = p->row[end];
        reached = cost_at(p, i, end) - p->price[end] - least;
    }
    for (size_t k = 0; k < passed; k++) p->price[p->list[k]] += p->distance[p->list[k]] - least;
    for (i = NONE; i != start;) {
        i = p->from[end];
        size_t next = p->column[i];
        p->row[end] = i;
        p->column[i] = end;
        end = next;
    }
}

bool fm_assignment(size_t n, const real *cost, size_t *column, fm_error *err) {
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
    p.open = (double *)(void *)(block + 7 * n);
    p.closed = (double *)(void *)(block + 8 * n);
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
