#include "distance.h"

static double squared(size_t d, const real *restrict a, const real *restrict b) {
    double sum = 0;
    for (size_t k = 0; k < d; k++) {
        double e = (double)a[k] - (double)b[k];
        sum += e * e;
    }
    return sum;
}

static double dot(size_t d, const real *restrict a, const real *restrict b) {
    double sum = 0;
    for (size_t k = 0; k < d; k++) sum += (double)a[k] * (double)b[k];
    return sum;
}

void fm_pair_costs(const fm_samples *s, bool root, double *out) {
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = 0; j < s->m; j++) {
            double e = squared(s->d, s->a + i * s->d, s->b + j * s->d);
            out[i * s->m + j] = root ? sqrt(e) : e;
        }
    }
}

double fm_mean_distance(const fm_samples *s) {
    double total = 0;
    for (size_t i = 0; i < s->n; i++) {
        double row = 0; /* two levels of sums: their rounding stays small */
        for (size_t j = 0; j < s->m; j++) row += sqrt(squared(s->d, s->a + i * s->d, s->b + j * s->d));
        total += row;
    }
    return total / ((double)s->n * (double)s->m);
}

double fm_mean_kernel(const fm_samples *s, double sigma, bool apart) {
    double total = 0, k = sigma > 0 ? -1 / (2 * sigma * sigma) : 0;
    for (size_t i = 0; i < s->n; i++) {
        double row = 0;
        for (size_t j = 0; j < s->m; j++) {
            if (apart && i == j) continue;
            const real *a = s->a + i * s->d, *b = s->b + j * s->d;
            double p = sigma > 0 ? 0 : dot(s->d, a, b) / (double)s->d + 1;
            row += sigma > 0 ? exp(k * squared(s->d, a, b)) : p * p * p;
        }
        total += row;
    }
    return total / ((double)s->n * ((double)s->m - (apart ? 1 : 0)));
}
