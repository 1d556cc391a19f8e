/* Sums in the order of numpy.dot (OpenBLAS' kernels for AVX-512), as scipy.integrate has them: to
 * the last bit on any machine, when real is double. An error estimate is a sum that cancels: near
 * round-off the last bit decides the length of SciPy's steps, so it must be the same here. Slopes
 * are added four at a time, then two, then one; for a state of two or three numbers two at a time;
 * the last n % 4 numbers of larger states one after the other. */
#include "ode_pass.h"
#include "ode_sums.h"

FM_INLINE double at(const fm_ode_pass *p, int j, size_t i) {
    return (double)p->k[j][i];
}

FM_INLINE void weigh_fours(const fm_ode_pass *p, size_t first, size_t len, double *restrict sum) {
    const double *w = p->w;
    int j = 0;
    for (size_t i = 0; i < len; i++) sum[i] = 0;
    for (; j + 4 <= p->m; j += 4) {
        for (size_t i = first; i < first + len; i++)
            sum[i - first] +=
                fma(at(p, j + 3, i), w[j + 3], fma(at(p, j + 2, i), w[j + 2], fma(at(p, j, i), w[j], at(p, j + 1, i) * w[j + 1])));
    }
    if (j + 2 <= p->m) {
        for (size_t i = first; i < first + len; i++) sum[i - first] += fma(at(p, j, i), w[j], at(p, j + 1, i) * w[j + 1]);
        j += 2;
    }
    for (size_t i = first; j < p->m && i < first + len; i++) sum[i - first] += at(p, j, i) * w[j];
}

FM_INLINE double weigh_one(const fm_ode_pass *p, size_t i) {
    int j = 0, by_twos = p->n == 2 || p->n == 3 ? p->m & ~3 : 0;
    double sum = 0;
    for (; j < by_twos; j += 2) sum += fma(at(p, j, i), p->w[j], at(p, j + 1, i) * p->w[j + 1]);
    for (; j < p->m; j++) sum = fma(at(p, j, i), p->w[j], sum);
    return sum;
}

FM_INLINE void weigh(const fm_ode_pass *p, size_t first, size_t len, double *restrict sum) {
    size_t fours = p->n & ~(size_t)3, whole = first + len <= fours ? len : fours - first;
    weigh_fours(p, first, whole, sum);
    for (size_t i = whole; i < len; i++) sum[i] = weigh_one(p, first + i);
}

FM_INLINE double squares(size_t n, const double *x) {
    double sum = 0;
    if (n >= 16) return fm_ode_lanes_of_squares(n, x);
    for (size_t i = 0; i < n; i++) sum = fma(x[i], x[i], sum);
    return sum;
}

FM_CLONES static void sum_tile(void *context, size_t first, size_t last) {
    fm_ode_sum_range(context, first, last, weigh);
}

FM_CLONES static void error_tile(void *context, size_t first, size_t last) {
    fm_ode_error_range(context, first, last, weigh, squares);
}

const fm_ode_sum_order fm_ode_scipy_order = {.sum = sum_tile, .error = error_tile};
