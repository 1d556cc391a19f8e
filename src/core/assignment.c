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
    double *distance;    /* of the shortest path to each column */
    size_t *from, *list; /* the row before each column on its path; columns in the order of the search */
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
        if (better && bids++ < 10 * p->n) p->free_rows[--k] = held;
        else p->free_rows[p->n_free++] = held;
    }
}

/* Dijkstra over columns from a free row to the nearest free column; then the path is turned over. */
static void augment(problem *p, size_t start) {
    size_t n = p->n, low = 0, up = 0, ready = 0, end = NONE;
    double least = 0;
    for (size_t j = 0; j < n; j++) {
        p->distance[j] = cost_at(p, start, j) - p->price[j];
        p->from[j] = start;
        p->list[j] = j;
    }
    while (end == NONE) {
        if (up == low) { /* the next nearest columns: list[low..up) */
            ready = low;
            least = INFINITY;
            for (size_t k = up; k < n; k++) {
                double h = p->distance[p->list[k]];
                if (h > least) continue;
                if (h < least) up = low;
                least = h;
                size_t j = p->list[k];
                p->list[k] = p->list[up];
                p->list[up++] = j;
            }
            for (size_t k = low; k < up && end == NONE; k++) {
                if (p->row[p->list[k]] == NONE) end = p->list[k];
            }
        }
        if (end != NONE) break;
        size_t j1 = p->list[low++], i = p->row[j1];
        double h1 = cost_at(p, i, j1) - p->price[j1] - least;
        for (size_t k = up; k < n && end == NONE; k++) {
            size_t j = p->list[k];
            double h = cost_at(p, i, j) - p->price[j] - h1;
            if (h >= p->distance[j]) continue;
            p->distance[j] = h;
            p->from[j] = i;
            if (h > least) continue;
            if (p->row[j] == NONE) end = j;
            p->list[k] = p->list[up];
            p->list[up++] = j;
        }
    }
    for (size_t k = 0; k < ready; k++) p->price[p->list[k]] += p->distance[p->list[k]] - least;
    for (size_t i = NONE; i != start;) {
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
    size_t words = 7 * n * sizeof(size_t); /* size_t and double are of one size here */
    _Static_assert(sizeof(size_t) == sizeof(double), "one block holds both");
    size_t *block = fm_pool_take(words);
    if (!block) return fm_fail(err, "out of memory: no room for an assignment of %zu rows", n);
    problem p = {
        .n = n, .cost = cost, .column = column, .row = block, .free_rows = block + n, .from = block + 2 * n, .list = block + 3 * n};
    size_t *used = block + 4 * n;
    p.price = (double *)(void *)(block + 5 * n);
    p.distance = (double *)(void *)(block + 6 * n);
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
