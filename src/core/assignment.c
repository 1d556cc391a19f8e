#include "assignment.h"

#include "pool.h"
#include "real.h"

/* Prices only fall, so cost - price only grows: its minimum over a group of columns, once seen,
 * stays a lower bound. A search knows a way to a free column from its first row on, and passes over
 * groups that cannot beat it. */
#define NONE SIZE_MAX
#define DONE SIZE_MAX
#define MOST_COST 1e300 /* sums of costs along a path stay finite */
enum { GROUP = 8, STRIDE = 2, SMALL = 64, SWEEPS = 2 };

typedef struct problem {
    size_t n, groups;
    const double *cost;
    double *bound;        /* [n, groups]: cost - price is no less in this row and group */
    size_t *column, *row; /* of each row, of each column; NONE while free */
    double *price;        /* of each column: v in the paper */
    size_t *free_rows, n_free;
    /* of one search: */
    double *key;    /* of each column: the length of the shortest way to it so far; INFINITY: none */
    size_t *from;   /* the row before it */
    size_t *heap;   /* the columns to go on from, as a heap with the nearest first */
    size_t *place;  /* of each column: where it lies in the heap; DONE after it left */
    size_t *found;  /* the columns with a key */
    size_t *passed; /* the columns that left the heap, in order */
    size_t n_heap, n_found, n_passed;
    double least_free; /* the shortest way to a free column so far, and that column */
    size_t nearest;
} problem;

static double cost_at(const problem *p, size_t i, size_t j) {
    return p->cost[i * p->n + j];
}

static size_t end_of(const problem *p, size_t first) {
    return first + GROUP < p->n ? first + GROUP : p->n;
}

static void assign(problem *p, size_t i, size_t j) {
    p->column[i] = j;
    p->row[j] = i;
}

/* ---- bids ---- */

typedef struct offer { /* the best and the second best column of a row, price taken off */
    size_t first, second;
    double least, next;
} offer;

/* The minimum of cost - price over `width` columns. */
FM_INLINE double least_of(size_t width, const double *cost, const double *price) {
    double least = INFINITY;
    for (size_t k = 0; k < width; k++) {
        double h = cost[k] - price[k];
        least = h < least ? h : least;
    }
    return least;
}

static FM_CLONES void best_two(const problem *p, size_t i, offer *o) {
    const double *cost = p->cost + i * p->n, *price = p->price;
    double *bound = p->bound + i * p->groups;
    *o = (offer){NONE, NONE, INFINITY, INFINITY};
    for (size_t g = 0; g < p->groups; g++) {
        if (bound[g] >= o->next) continue;
        size_t first = g * GROUP, end = end_of(p, first);
        bound[g] = end - first == GROUP ? least_of(GROUP, cost + first, price + first) : least_of(end - first, cost + first, price + first);
        if (bound[g] >= o->next) continue;
        for (size_t j = first; j < end; j++) {
            double h = cost[j] - price[j];
            if (h >= o->next) continue;
            if (h >= o->least) {
                o->next = h;
                o->second = j;
            } else {
                o->next = o->least;
                o->second = o->first;
                o->least = h;
                o->first = j;
            }
        }
    }
}

/* Free rows bid for their best column and may push out the row that holds it. The number of bids is
 * bounded, since rounding could let two rows push each other out for ever. The paths that follow do
 * the rest. */
static void bid(problem *p) {
    size_t before = p->n_free, k = 0, bids = 0;
    p->n_free = 0;
    while (k < before) {
        size_t i = p->free_rows[k++];
        offer o;
        best_two(p, i, &o);
        size_t held = p->row[o.first];
        bool better = o.least < o.next;
        if (better && o.second != NONE) p->price[o.first] -= o.next - o.least;
        else if (held != NONE && o.second != NONE) {
            o.first = o.second;
            held = p->row[o.first];
        }
        assign(p, i, o.first);
        if (held == NONE) continue;
        p->column[held] = NONE;
        if (better && bids++ < 3 * p->n) p->free_rows[--k] = held;
        else p->free_rows[p->n_free++] = held;
    }
}

/* ---- shortest augmenting paths: Dijkstra over columns ---- */

static void put(problem *p, size_t k, size_t j) {
    p->heap[k] = j;
    p->place[j] = k;
}

static void rise(problem *p, size_t k, size_t j) {
    while (k > 0 && p->key[p->heap[(k - 1) / 2]] > p->key[j]) {
        put(p, k, p->heap[(k - 1) / 2]);
        k = (k - 1) / 2;
    }
    put(p, k, j);
}

static size_t pop(problem *p) {
    size_t top = p->heap[0], j = p->heap[--p->n_heap], k = 0;
    for (;;) {
        size_t child = 2 * k + 1;
        if (child + 1 < p->n_heap && p->key[p->heap[child + 1]] < p->key[p->heap[child]]) child++;
        if (child >= p->n_heap || p->key[p->heap[child]] >= p->key[j]) break;
        put(p, k, p->heap[child]);
        k = child;
    }
    if (p->n_heap) put(p, k, j);
    p->place[top] = DONE;
    return top;
}

/* A way of length h leads through row i to column j. */
static void reach(problem *p, size_t i, size_t j, double h) {
    if (p->place[j] == DONE) return;
    bool fresh = p->key[j] == INFINITY;
    if (fresh) p->found[p->n_found++] = j;
    p->key[j] = h;
    p->from[j] = i;
    if (p->row[j] == NONE) {
        p->least_free = h;
        p->nearest = j;
    } else rise(p, fresh ? p->n_heap++ : p->place[j], j);
}

/* From row i, whose own column is `base` away, to the columns that are nearer than any free one. */
static FM_CLONES void relax(problem *p, size_t i, double base) {
    const double *cost = p->cost + i * p->n, *price = p->price, *key = p->key;
    double *bound = p->bound + i * p->groups;
    for (size_t g = 0; g < p->groups; g++) {
        if (bound[g] - base >= p->least_free) continue;
        size_t first = g * GROUP, end = end_of(p, first);
        bound[g] = end - first == GROUP ? least_of(GROUP, cost + first, price + first) : least_of(end - first, cost + first, price + first);
        if (bound[g] - base >= p->least_free) continue;
        for (size_t j = first; j < end; j++) {
            double h = cost[j] - price[j] - base;
            if (h < key[j] && h < p->least_free) reach(p, i, j, h);
        }
    }
}

static void augment(problem *p, size_t start) {
    p->n_heap = p->n_found = p->n_passed = 0;
    p->least_free = INFINITY;
    relax(p, start, 0);
    while (p->n_heap && p->key[p->heap[0]] < p->least_free) {
        size_t j = pop(p), i = p->row[j];
        p->passed[p->n_passed++] = j;
        relax(p, i, cost_at(p, i, j) - p->price[j] - p->key[j]);
    }
    for (size_t k = 0; k < p->n_passed; k++) p->price[p->passed[k]] += p->key[p->passed[k]] - p->least_free;
    size_t end = p->nearest, i;
    do { /* reverses the path */
        i = p->from[end];
        size_t next = p->column[i];
        assign(p, i, end);
        end = next;
    } while (i != start);
    for (size_t k = 0; k < p->n_found; k++) {
        p->key[p->found[k]] = INFINITY;
        p->place[p->found[k]] = 0;
    }
}

/* ---- prices to begin with ---- */

/* Each column takes its cheapest row, if that is still free. used[i]: how many columns wanted row
 * i. */
static void reduce_columns(problem *p, size_t *used) {
    size_t *best = p->from;
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
        if (used[best[j]]++ == 0) assign(p, best[j], j);
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

typedef bool first_prices(problem *p, fm_error *err); /* also rows to begin with; the others are free */
static bool solve(size_t n, const double *cost, first_prices *first, size_t *column, double *price, fm_error *err);

static FM_CLONES void lower(size_t n, const double *restrict cost, double u, double *restrict price) {
    for (size_t j = 0; j < n; j++) {
        double h = cost[j] - u;
        price[j] = h < price[j] ? h : price[j];
    }
}

static bool column_prices(problem *p, fm_error *err) {
    (void)err;
    reduce_columns(p, p->place);
    transfer_reduction(p, p->place);
    return true;
}

/* Prices from the problem of every STRIDE-th row and column. */
static bool sample_prices(problem *p, fm_error *err) {
    if (p->n < SMALL) return column_prices(p, err);
    size_t m = p->n / STRIDE, bytes = (m * m + 2 * m) * sizeof(double);
    double *cost = fm_pool_take(bytes), *price = cost + m * m;
    size_t *column = (size_t *)(void *)(price + m);
    if (!cost) return fm_fail(err, "out of memory: no room for an assignment of %zu rows", p->n);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < m; j++) cost[i * m + j] = cost_at(p, i * STRIDE, j * STRIDE);
    }
    bool done = solve(m, cost, sample_prices, column, price, err);
    for (size_t j = 0; j < p->n; j++) p->price[j] = INFINITY;
    for (size_t i = 0; i < m && done; i++) lower(p->n, p->cost + i * STRIDE * p->n, cost[i * m + column[i]] - price[column[i]], p->price);
    for (size_t i = 0; i < p->n; i++) p->free_rows[i] = i;
    p->n_free = p->n;
    fm_pool_give(cost, bytes);
    return done;
}

static bool solve(size_t n, const double *cost, first_prices *first, size_t *column, double *price, fm_error *err) {
    size_t groups = (n + GROUP - 1) / GROUP, words = (8 + groups) * n * sizeof(size_t); /* size_t and double are of one size here */
    _Static_assert(sizeof(size_t) == sizeof(double), "one block holds both");
    size_t *block = fm_pool_take(words);
    if (!block) return fm_fail(err, "out of memory: no room for an assignment of %zu rows", n);
    problem p = {.n = n, .groups = groups, .cost = cost, .column = column, .price = price, .row = block, .free_rows = block + n};
    p.from = block + 2 * n;
    p.heap = block + 3 * n;
    p.place = block + 4 * n;
    p.found = block + 5 * n;
    p.passed = block + 6 * n;
    p.key = (double *)(void *)(block + 7 * n);
    p.bound = (double *)(void *)(block + 8 * n);
    for (size_t i = 0; i < n; i++) {
        p.column[i] = p.row[i] = NONE;
        p.place[i] = 0;
    }
    bool done = first(&p, err);
    for (size_t i = 0; i < n * groups; i++) p.bound[i] = -INFINITY;
    for (int sweep = 0; done && sweep < SWEEPS && n > 1; sweep++) bid(&p);
    for (size_t j = 0; j < n; j++) {
        p.key[j] = INFINITY;
        p.place[j] = 0;
    }
    for (size_t k = 0; done && k < p.n_free; k++) augment(&p, p.free_rows[k]);
    fm_pool_give(block, words);
    return done;
}

static bool check(size_t n, const double *cost, fm_error *err) {
    for (size_t i = 0; i < n * n; i++) {
        if (fabs(cost[i]) <= MOST_COST) continue;
        const char *why = isfinite(cost[i]) ? "over the limit of 1e300" : "not finite";
        return fm_fail(err, "assignment: the cost of row %zu, column %zu is %s", i / n + 1, i % n + 1, why);
    }
    return true;
}

static bool assignment(size_t n, const double *cost, first_prices *first, size_t *column, fm_error *err) {
    if (n == 0) return true;
    if (!check(n, cost, err)) return false;
    double *price = fm_pool_take(n * sizeof *price);
    if (!price) return fm_fail(err, "out of memory: no room for an assignment of %zu rows", n);
    bool done = solve(n, cost, first, column, price, err);
    fm_pool_give(price, n * sizeof *price);
    return done;
}

bool fm_assignment(size_t n, const double *cost, size_t *column, fm_error *err) {
    return assignment(n, cost, column_prices, column, err);
}

bool fm_assignment_sorted(size_t n, const double *cost, size_t *column, fm_error *err) {
    return assignment(n, cost, sample_prices, column, err);
}
