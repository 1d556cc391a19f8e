#include "path.h"

#include "threads.h"

typedef struct pairs {
    size_t columns;
    const real *x0, *x1;
    fm_coefficient a, s, da, ds;
    real *xt, *u;
} pairs;

FM_INLINE void one_row(size_t n, const real *restrict x0, const real *restrict x1, real a, real s, real da, real ds, real *restrict xt,
                       real *restrict u) {
    for (size_t j = 0; j < n; j++) {
        xt[j] = s * x0[j] + a * x1[j];
        u[j] = da * x1[j] + ds * x0[j];
    }
}

/* Numbers first..last-1, which may begin and end within a row. */
FM_CLONES static void some_numbers(const pairs *p, size_t first, size_t last) {
    size_t r = first / p->columns, end = (r + 1) * p->columns;
    for (size_t at = first; at < last; at = end, end += p->columns, r++) {
        size_t n = (end < last ? end : last) - at;
        one_row(n, p->x0 + at, p->x1 + at, p->a.p[r * p->a.step], p->s.p[r * p->s.step], p->da.p[r * p->da.step], p->ds.p[r * p->ds.step],
                p->xt + at, p->u + at);
    }
}

static void tile(void *context, size_t first, size_t last) {
    some_numbers(context, first, last);
}

void fm_path_sample(size_t rows, size_t columns, const real *x0, const real *x1, fm_coefficient a, fm_coefficient s, fm_coefficient da,
                    fm_coefficient ds, real *xt, real *u) {
    pairs p = {columns, x0, x1, a, s, da, ds, xt, u};
    fm_parallel(rows * columns, FM_TILE, tile, &p);
}
