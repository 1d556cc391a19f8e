/* The plan is u_i K_ij v_j, where K = exp((f_i + g_j - c_ij) / reg). One iteration passes once over
 * K: it gives each row its sum 1/n by u, and adds the row to the sums of the columns, which v then
 * makes 1/m. When u or v grows too large or too small, f and g take them up, and K is made anew
 * (Schmitzer 2019, section 3.1). When even that is not enough, the iteration works on f and g, as
 * the first one does. */
#include "sinkhorn.h"

#include "exp_negative.h"
#include "pool.h"
#include "threads.h"

#define LARGEST 1e100 /* of u and v, and its inverse the least: their product with K stays a number */

#define LEAST_REG 1e-14 /* of the largest cost */

enum { PARTS = 32 }; /* of the rows, whose sums of columns are then added in order */

typedef struct scaling {
    size_t n, m;
    double reg;
    double *c, *k;      /* [n, m] */
    double *f, *g;      /* [n], [m] */
    double *u, *v;      /* [n], [m] */
    double *next, *sum; /* [n], [m] */
    size_t part, parts; /* rows of a part, and how many parts there are */
    double *part_sum;   /* [parts, m] */
    double part_error[PARTS];
} scaling;

/* Calls work(s, first, last) for tiles of the rows, or of the columns; these come by whole cache
 * lines. */
static void for_rows(scaling *s, void (*work)(void *s, size_t first, size_t last)) {
    fm_parallel(s->n, fm_tile_rows(s->m), work, s);
}

static void for_columns(scaling *s, void (*work)(void *s, size_t first, size_t last)) {
    fm_parallel(s->m, (fm_tile_rows(s->n) + 7) / 8 * 8, work, s);
}

/* ---- with logarithms ---- */

static FM_CLONES double soft_row(size_t m, const double *restrict c, const double *restrict g, double reg) {
    double top = -INFINITY, sum = 0;
    for (size_t j = 0; j < m; j++) top = g[j] - c[j] > top ? g[j] - c[j] : top;
    double part[8] = {0};
    size_t j = 0;
    for (; j + 8 <= m; j += 8) {
        for (size_t l = 0; l < 8; l++) part[l] += fm_exp_negative((g[j + l] - c[j + l] - top) / reg);
    }
    for (; j < m; j++) sum += fm_exp_negative((g[j] - c[j] - top) / reg);
    for (size_t l = 0; l < 8; l++) sum += part[l];
    return top + reg * log(sum);
}

static void soft_rows(void *context, size_t first, size_t last) {
    const scaling *s = context;
    for (size_t i = first; i < last; i++) s->f[i] = -s->reg * log((double)s->n) - soft_row(s->m, s->c + i * s->m, s->g, s->reg);
}

static FM_CLONES void soft_columns(void *context, size_t first, size_t last) {
    const scaling *s = context;
    double *restrict top = s->g, *restrict sum = s->sum, reg = s->reg;
    for (size_t j = first; j < last; j++) {
        top[j] = -INFINITY;
        sum[j] = 0;
    }
    for (size_t i = 0; i < s->n; i++) {
        const double *c = s->c + i * s->m, f = s->f[i];
        for (size_t j = first; j < last; j++) top[j] = f - c[j] > top[j] ? f - c[j] : top[j];
    }
    for (size_t i = 0; i < s->n; i++) {
        const double *restrict c = s->c + i * s->m, f = s->f[i];
        for (size_t j = first; j < last; j++) sum[j] += fm_exp_negative((f - c[j] - top[j]) / reg);
    }
    for (size_t j = first; j < last; j++) top[j] = -reg * log((double)s->m) - (top[j] + reg * log(sum[j]));
}

/* f and g after one iteration from g. */
static void log_iteration(scaling *s) {
    for_rows(s, soft_rows);
    for_columns(s, soft_columns);
}

/* ---- without ---- */

static FM_CLONES void kernel_rows(void *context, size_t first, size_t last) {
    const scaling *s = context;
    double reg = s->reg;
    for (size_t i = first; i < last; i++) {
        const double *restrict c = s->c + i * s->m, *restrict g = s->g, f = s->f[i];
        double *restrict k = s->k + i * s->m;
        for (size_t j = 0; j < s->m; j++) k[j] = fm_exp_negative((f + g[j] - c[j]) / reg);
        s->u[i] = 1;
    }
}

static void make_kernel(scaling *s) {
    for_rows(s, kernel_rows);
    for (size_t j = 0; j < s->m; j++) s->v[j] = 1;
}

FM_INLINE double dot(size_t m, const double *restrict k, const double *restrict v) {
    double part[16] = {0}, sum = 0;
    size_t j = 0;
    for (; j + 16 <= m; j += 16) {
        for (size_t l = 0; l < 16; l++) part[l] += k[j + l] * v[j + l];
    }
    for (; j < m; j++) sum += k[j] * v[j];
    for (size_t l = 0; l < 16; l++) sum += part[l];
    return sum;
}

static FM_CLONES void pass_rows(void *context, size_t first, size_t last) {
    scaling *s = context;
    size_t part = first / s->part;
    double error = 0, share = 1 / (double)s->n, *restrict to = s->part_sum + part * s->m;
    for (size_t j = 0; j < s->m; j++) to[j] = 0;
    for (size_t i = first; i < last; i++) {
        const double *restrict k = s->k + i * s->m;
        double row = dot(s->m, k, s->v), off = fabs(s->u[i] * row - share), u = share / row;
        error = off > error ? off : error;
        s->next[i] = u;
        for (size_t j = 0; j < s->m; j++) to[j] += u * k[j];
    }
    s->part_error[part] = error;
}

static FM_CLONES void add_parts(void *context, size_t first, size_t last) {
    const scaling *s = context;
    double *restrict sum = s->sum;
    for (size_t j = first; j < last; j++) sum[j] = s->part_sum[j];
    for (size_t p = 1; p < s->parts; p++) {
        const double *restrict more = s->part_sum + p * s->m;
        for (size_t j = first; j < last; j++) sum[j] += more[j];
    }
}

/* next: the u of the coming iteration; sum: what the columns then sum to. Returns how far the rows
 * of the plan as it is are from 1/n. */
static double pass(scaling *s) {
    double error = 0;
    fm_parallel(s->n, s->part, pass_rows, s);
    fm_parallel(s->m, FM_TILE / PARTS, add_parts, s);
    for (size_t p = 0; p < s->parts; p++) error = s->part_error[p] > error ? s->part_error[p] : error;
    return error;
}

static bool within(size_t n, const double *x) {
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] <= LARGEST && x[i] >= 1 / LARGEST)) return false;
    }
    return true;
}

/* f and g take up u and v. */
static void take_up(scaling *s) {
    for (size_t i = 0; i < s->n; i++) s->f[i] += s->reg * log(s->u[i]);
    for (size_t j = 0; j < s->m; j++) s->g[j] += s->reg * log(s->v[j]);
}

static void iterate(scaling *s, fm_sinkhorn *o) {
    log_iteration(s);
    make_kernel(s);
    o->used = 1;
    for (;;) {
        o->error = pass(s);
        if (o->error <= o->tolerance || o->used >= o->iterations) return;
        o->used++;
        for (size_t j = 0; j < s->m; j++) s->sum[j] = 1 / ((double)s->m * s->sum[j]);
        if (within(s->n, s->next) && within(s->m, s->sum)) {
            double *other = s->u;
            s->u = s->next;
            s->next = other;
            other = s->v;
            s->v = s->sum;
            s->sum = other;
            continue;
        }
        take_up(s);
        log_iteration(s);
        make_kernel(s);
    }
}

/* u: the largest cost of each row, infinite where one is not finite. */
static FM_CLONES void largest_of_rows(void *context, size_t first, size_t last) {
    const scaling *s = context;
    for (size_t i = first; i < last; i++) {
        const double *restrict c = s->c + i * s->m;
        double top = 0;
        for (size_t j = 0; j < s->m; j++) {
            double e = c[j] <= DBL_MAX ? c[j] : INFINITY;
            top = e > top ? e : top;
        }
        s->u[i] = top;
    }
}

static bool check(scaling *s, fm_error *err) {
    double top = 0;
    for_rows(s, largest_of_rows);
    for (size_t i = 0; i < s->n; i++) top = s->u[i] > top ? s->u[i] : top;
    if (!isfinite(top)) return fm_fail(err, "transport_plan: x0 or x1 holds numbers that are not finite, or too large");
    if (s->reg >= top * LEAST_REG) return true;
    return fm_fail(err, "transport_plan: reg %g is lost in the rounding of squared distances up to %g: expected at least %g", s->reg, top,
                   top * LEAST_REG);
}

typedef struct writing {
    scaling *s;
    real *plan;
} writing;

static void write_rows(void *context, size_t first, size_t last) { /* next: sum P c of each row */
    const writing *w = context;
    const scaling *s = w->s;
    for (size_t i = first; i < last; i++) {
        double row = 0;
        for (size_t j = 0; j < s->m; j++) {
            double p = s->u[i] * s->k[i * s->m + j] * s->v[j];
            w->plan[i * s->m + j] = (real)p;
            row += p * s->c[i * s->m + j];
        }
        s->next[i] = row;
    }
}

static double write_plan(scaling *s, real *plan) { /* returns sum P c */
    double cost = 0;
    writing w = {s, plan};
    fm_parallel(s->n, fm_tile_rows(s->m), write_rows, &w);
    for (size_t i = 0; i < s->n; i++) cost += s->next[i];
    return cost;
}

bool fm_sinkhorn_plan(const fm_samples *s, fm_sinkhorn *o, real *plan, fm_error *err) {
    size_t n = s->n, m = s->m, most = SIZE_MAX / sizeof(double) / 4;
    if (n > most / m) return fm_fail(err, "transport_plan: %zu by %zu rows are too many", n, m);
    size_t part = fm_tile_rows(m) > (n + PARTS - 1) / PARTS ? fm_tile_rows(m) : (n + PARTS - 1) / PARTS, parts = (n + part - 1) / part;
    size_t bytes = (2 * n * m + 3 * (n + m) + parts * m) * sizeof(double);
    double *c = fm_pool_take(bytes);
    if (!c) return fm_fail(err, "out of memory: no room for a plan of %zu by %zu rows", n, m);
    scaling w = {.n = n, .m = m, .reg = o->reg, .c = c, .k = c + n * m, .f = c + 2 * n * m, .part = part, .parts = parts};
    w.u = w.f + n;
    w.next = w.u + n;
    w.g = w.next + n;
    w.v = w.g + m;
    w.sum = w.v + m;
    w.part_sum = w.sum + m;
    fm_pair_costs(s, false, c);
    for (size_t j = 0; j < m; j++) w.g[j] = 0;
    bool done = check(&w, err);
    if (done) {
        iterate(&w, o);
        o->cost = write_plan(&w, plan);
    }
    fm_pool_give(c, bytes);
    return done;
}

void fm_draw_rows(size_t n, size_t m, const real *plan, const real *u, size_t *row) {
    for (size_t j = 0; j < m; j++) {
        double whole = 0, sum = 0;
        for (size_t i = 0; i < n; i++) whole += (double)plan[i * m + j];
        row[j] = 0;
        for (size_t i = 0; i < n; i++) {
            double p = (double)plan[i * m + j];
            sum += p;
            if (p > 0) row[j] = i; /* rounding could let the sum miss the whole: then the last that has a share */
            if (sum > (double)u[j] * whole) break;
        }
    }
}
