#include "path.h"

FM_CLONES static void one_row(size_t n, const real *restrict x0, const real *restrict x1, real a, real s, real da, real ds,
                              real *restrict xt, real *restrict u) {
    for (size_t j = 0; j < n; j++) {
        xt[j] = s * x0[j] + a * x1[j];
        u[j] = da * x1[j] + ds * x0[j];
    }
}

void fm_path_sample(size_t rows, size_t columns, const real *x0, const real *x1, fm_coefficient a, fm_coefficient s, fm_coefficient da,
                    fm_coefficient ds, real *xt, real *u) {
    for (size_t r = 0; r < rows; r++) {
        size_t at = r * columns;
        one_row(columns, x0 + at, x1 + at, a.p[r * a.step], s.p[r * s.step], da.p[r * da.step], ds.p[r * ds.step], xt + at, u + at);
    }
}
