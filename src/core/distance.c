#include "distance.h"
#include "pool.h"
#include "sums.h"

#include <stdlib.h>

FM_CLONES double fm_squared_distance(size_t d, const real *restrict a, const real *restrict b) {
    FM_ROW_SUM(d, ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]), sum);
    return sum;
}

size_t fm_first_not_finite(size_t n, size_t d, const real *x) {
    for (size_t i = 0; i < n * d; i++) {
        if (!isfinite(x[i])) return i / d;
    }
    return n;
}

void fm_pair_costs(const fm_samples *s, bool root, double *out) {
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = 0; j < s->m; j++) {
            double e = fm_squared_distance(s->d, s->a + i * s->d, s->b + j * s->d);
            out[i * s->m + j] = root ? sqrt(e) : e;
        }
    }
}

double fm_matched_cost(const fm_samples *s, bool root, const size_t *column) {
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        double e = fm_squared_distance(s->d, s->a + i * s->d, s->b + column[i] * s->d);
        sum += root ? sqrt(e) : e;
    }
    return sum / (double)s->n;
}

/* ---- sliced ---- */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The numbers of x [n, d] along a direction, whose entries are `stride` apart; sorted. */
static void project(size_t n, size_t d, const real *x, const real *direction, size_t stride, double *to) {
    for (size_t i = 0; i < n; i++) {
        to[i] = 0;
        for (size_t j = 0; j < d; j++) to[i] += (double)x[i * d + j] * (double)direction[j * stride];
    }
    qsort(to, n, sizeof *to, ascending);
}

bool fm_sliced(const fm_samples *s, size_t count, const real *directions, double *squared, fm_error *err) {
    size_t n = s->n, bytes = 2 * n * sizeof(double);
    double *a = fm_pool_take(bytes), *b = a + n, total = 0;
    if (!a) return fm_fail(err, "out of memory: no room for projections of %zu rows", n);
    for (size_t k = 0; k < count; k++) {
        project(n, s->d, s->a, directions + k, count, a);
        project(n, s->d, s->b, directions + k, count, b);
        double sum = 0;
        for (size_t i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
        total += sum / (double)n;
    }
    fm_pool_give(a, bytes);
    *squared = total / (double)count;
    return true;
}
