#include "assignment.h"

#include "pool.h"
#include "real.h"

/* Prices only fall, so cost - price only grows: its minimum over a group of columns, once seen,
 * stays a lower bound. A search knows a way to a free column from its first row on, and passes over
 * groups that cannot beat it. */
#define NONE SIZE_MAX
#define DONE SIZE_MAX
enum { GROUP = 8, STRIDE = 2, SMALL = 64, SWEEPS = 2, BUNCH = 16 };

typedef struct problem {
    size_t n, groups;
    const double *cost; /* of row i and column j: cost[i * row_step + j * step] */
    size_t row_step, step;
    double unit;          /* a power of two, by which bounds are scaled to the range of float */
    float *bound;         /* [n, groups]: unit (cost - price) is no less in this row and group */
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
    double rounding; /* ways that differ by less are of one length */
} problem;

static double cost_at(const problem *p, size_t i, size_t j) {
    return p->cost[i * p->row_step + j * p->step];
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

FM_INLINE double lesser(double a, double b) {
    return a < b ? a : b;
}

/* The minimum of cost - price over a whole group. */
FM_INLINE double least_of_group(size_t step, const double *cost, const double *price) {
    double h[GROUP];
    for (size_t k = 0; k < GROUP; k++) h[k] = cost[k * step] - price[k];
    for (size_t k = 0; k < GROUP / 2; k++) h[k] = lesser(h[k], h[k + GROUP / 2]);
    return lesser(lesser(h[0], h[2]), lesser(h[1], h[3]));
}

/* Looks a group of a row up: its minimum, after which the bound is tight again. */
FM_INLINE double least_of(const problem *p, size_t step, const double *cost, size_t g, float *bound) {
    size_t first = g * GROUP, end = end_of(p, first);
    double least = INFINITY;
    if (end - first == GROUP) least = least_of_group(step, cost + first * step, p->price + first);
    else {
        for (size_t j = first; j < end; j++) least = lesser(least, cost[j * step] - p->price[j]);
    }
    double scaled = least * p->unit;
    bound[g] = (float)(scaled - (fabs(scaled) * 0x1p-22 + 0x1p-120)); /* no more, after the rounding to float */
    return least;
}

/* A float that no bound reaches that could be below `limit`. */
FM_INLINE float bound_of(const problem *p, double limit) {
    double scaled = limit * p->unit;
    return (float)(scaled + (fabs(scaled) * 0x1p-22 + 0x1p-120));
}

/* Whether no bound of the bunch is below the limit. */
FM_INLINE bool none_below(const float *bound, float limit) {
    int any = 0;
    for (size_t k = 0; k < BUNCH; k++) any |= bound[k] < limit;
    return !any;
}

FM_INLINE void find_two(const problem *p, size_t step, size_t i, offer *o) {
    const double *cost = p->cost + i * p->row_step, *price = p->price;
    float *bound = p->bound + i * p->groups, limit = INFINITY;
    *o = (offer){NONE, NONE, INFINITY, INFINITY};
    for (size_t g = 0; g < p->groups; g++) {
        if (g % BUNCH == 0 && g + BUNCH <= p->groups && none_below(bound + g, limit)) {
            g += BUNCH - 1;
            continue;
        }
        if (bound[g] >= limit || least_of(p, step, cost, g, bound) >= o->next) continue;
        for (size_t j = g * GROUP, end = end_of(p, j); j < end; j++) {
            double h = cost[j * step] - price[j];
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
        limit = bound_of(p, o->next);
    }
}

static FM_CLONES void best_two(const problem *p, size_t i, offer *o) {
    if (p->step == 1) find_two(p, 1, i, o);
    else find_two(p, STRIDE, i, o);
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
        p->rounding = (fabs(cost_at(p, i, j)) + fabs(p->price[j])) * 0x1p-50;
    } else rise(p, fresh ? p->n_heap++ : p->place[j], j);
}

/* From row i, whose own column is `base` away, to the columns that are nearer than any free one. */
FM_INLINE void reach_from(problem *p, size_t step, size_t i, double base) {
    const double *cost = p->cost + i * p->row_step, *price = p->price, *key = p->key;
    float *bound = p->bound + i * p->groups, limit = bound_of(p, p->least_free + base);
    for (size_t g = 0; g < p->groups; g++) {
        if (g % BUNCH == 0 && g + BUNCH <= p->groups && none_below(bound + g, limit)) {
            g += BUNCH - 1;
            continue;
        }
        if (bound[g] >= limit || least_of(p, step, cost, g, bound) - base >= p->least_free) continue;
        for (size_t j = g * GROUP, end = end_of(p, j); j < end; j++) {
            double h = cost[j * step] - price[j] - base;
            if (h < key[j] && h < p->least_free) reach(p, i, j, h);
        }
        limit = bound_of(p, p->least_free + base);
    }
}

static FM_CLONES void relax(problem *p, size_t i, double base) {
    if (p->step == 1) reach_from(p, 1, i, base);
    else reach_from(p, STRIDE, i, base);
}

static void augment(problem *p, size_t start) {
    p->n_heap = p->n_found = p->n_passed = 0;
    p->least_free = INFINITY;
    p->rounding = 0;
    relax(p, start, 0);
    while (p->n_heap && p->key[p->heap[0]] < p->least_free - p->rounding) {
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

static bool solve(problem *p, fm_error *err);

static void column_prices(problem *p) {
    reduce_columns(p, p->place);
    transfer_reduction(p, p->place);
}

FM_INLINE void lower_by(size_t n, size_t step, const double *restrict cost, double u, double *restrict price) {
    for (size_t j = 0; j < n; j++) price[j] = lesser(cost[j * step] - u, price[j]);
}

/* No column costs more than the cost of a row less the row's part u. */
static FM_CLONES void lower(const problem *p, size_t i, double u) {
    const double *cost = p->cost + i * p->row_step;
    if (p->step == 1) lower_by(p->n, 1, cost, u, p->price);
    else lower_by(p->n, STRIDE, cost, u, p->price);
}

/* Prices from the problem of every STRIDE-th row and column. Every other level reads its costs
 * where the level above has them. */
static bool sample_prices(problem *p, fm_error *err) {
    size_t m = p->n / STRIDE, words = (p->step > 1 ? m * m : 0) + 2 * m;
    double *block = fm_pool_take(words * sizeof(double)), *own = block + 2 * m;
    if (!block) return fm_fail(err, "out of memory: no room for an assignment of %zu rows", p->n);
    problem sample = {.n = m, .cost = p->cost, .row_step = p->row_step * STRIDE, .step = STRIDE, .unit = p->unit};
    sample.price = block;
    sample.column = (size_t *)(void *)(block + m);
    if (p->step > 1) {
        for (size_t i = 0; i < m; i++) {
            for (size_t j = 0; j < m; j++) own[i * m + j] = cost_at(p, i * STRIDE, j * STRIDE);
        }
        sample.cost = own;
        sample.row_step = m;
        sample.step = 1;
    }
    bool done = solve(&sample, err);
    for (size_t j = 0; j < p->n; j++) p->price[j] = INFINITY;
    for (size_t i = 0; i < m && done; i++) lower(p, i * STRIDE, cost_at(&sample, i, sample.column[i]) - sample.price[sample.column[i]]);
    for (size_t i = 0; i < p->n; i++) p->free_rows[i] = i;
    p->n_free = p->n;
    fm_pool_give(block, words * sizeof(double));
    return done;
}

static bool first_prices(problem *p, fm_error *err) {
    if (p->n >= SMALL) return sample_prices(p, err);
    column_prices(p);
    return true;
}

static bool solve(problem *p, fm_error *err) {
    _Static_assert(sizeof(size_t) == sizeof(double), "one block holds both");
    size_t n = p->n, groups = (n + GROUP - 1) / GROUP, bytes = 8 * n * sizeof(size_t) + n * groups * sizeof(float);
    size_t *block = fm_pool_take(bytes);
    if (!block) return fm_fail(err, "out of memory: no room for an assignment of %zu rows", n);
    p->groups = groups;
    p->row = block;
    p->free_rows = block + n;
    p->from = block + 2 * n;
    p->heap = block + 3 * n;
    p->place = block + 4 * n;
    p->found = block + 5 * n;
    p->passed = block + 6 * n;
    p->key = (double *)(void *)(block + 7 * n);
    p->bound = (float *)(void *)(block + 8 * n);
    for (size_t i = 0; i < n; i++) {
        p->column[i] = p->row[i] = NONE;
        p->place[i] = 0;
    }
    bool done = first_prices(p, err);
    for (size_t i = 0; i < n * groups; i++) p->bound[i] = -INFINITY;
    for (int sweep = 0; done && sweep < SWEEPS && n > 1; sweep++) bid(p);
    for (size_t j = 0; j < n; j++) {
        p->key[j] = INFINITY;
        p->place[j] = 0;
    }
    for (size_t k = 0; done && k < p->n_free; k++) augment(p, p->free_rows[k]);
    fm_pool_give(block, bytes);
    return done;
}

/* The largest size of `count` costs; INFINITY when one is not finite or too large. */
static FM_CLONES double largest(size_t count, const double *cost) {
    double lane[BUNCH] = {0}, most = 0;
    int wrong = 0;
    size_t i = 0;
    for (; i + BUNCH <= count; i += BUNCH) {
        for (size_t k = 0; k < BUNCH; k++) {
            double size = fabs(cost[i + k]);
            wrong |= !(size <= FM_MOST_COST);
            lane[k] = size > lane[k] ? size : lane[k];
        }
    }
    for (; i < count; i++) {
        wrong |= !(fabs(cost[i]) <= FM_MOST_COST);
        lane[0] = fmax(fabs(cost[i]), lane[0]);
    }
    for (size_t k = 0; k < BUNCH; k++) most = fmax(lane[k], most);
    return wrong ? INFINITY : most;
}

bool fm_refuse_cost(size_t n, size_t i, double cost, fm_error *err) {
    const char *why = isfinite(cost) ? "over the limit of 1e300" : "not finite";
    return fm_fail(err, "assignment: the cost of row %zu, column %zu is %s", i / n + 1, i % n + 1, why);
}

bool fm_assignment(size_t n, const double *cost, size_t *column, fm_error *err) {
    if (n == 0) return true;
    double most = largest(n * n, cost);
    if (most == INFINITY) {
        size_t i = 0;
        while (fabs(cost[i]) <= FM_MOST_COST) i++;
        return fm_refuse_cost(n, i, cost[i], err);
    }
    double *price = fm_pool_take(n * sizeof *price);
    if (!price) return fm_fail(err, "out of memory: no room for an assignment of %zu rows", n);
    problem p = {.n = n, .cost = cost, .row_step = n, .step = 1, .column = column, .price = price};
    int size = most > 0 ? ilogb(most) : 0; /* 2^80 for the largest cost: floats hold what is smaller by 2^200, and prices larger by 2^40 */
    p.unit = ldexp(1, size > -900 ? 80 - size : 980);
    bool done = solve(&p, err);
    fm_pool_give(price, n * sizeof *price);
    return done;
}
