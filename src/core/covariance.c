#include "covariance.h"
#include "eigen.h"
#include "pool.h"

#include <string.h>

void fm_covariance(size_t n, size_t d, const real *x, double *mean, double *covariance) {
    for (size_t j = 0; j < d; j++) {
        mean[j] = 0;
        for (size_t i = 0; i < n; i++) mean[j] += (double)x[i * d + j];
        mean[j] /= (double)n;
    }
    memset(covariance, 0, d * d * sizeof *covariance);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < d; j++) {
            double e = (double)x[i * d + j] - mean[j];
            for (size_t k = 0; k <= j; k++) covariance[j * d + k] += e * ((double)x[i * d + k] - mean[k]);
        }
    }
    for (size_t j = 0; j < d; j++) {
        for (size_t k = 0; k <= j; k++) covariance[k * d + j] = covariance[j * d + k] /= (double)(n - 1);
    }
}

/* ---- the Frechet distance ---- */

/* root = V sqrt(values) V^T of a symmetric matrix that is not negative; `a` is overwritten. */
static void matrix_root(size_t d, double *a, double *values, double *vectors, double *root) {
    fm_eigen_symmetric(d, a, values, vectors);
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j < d; j++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++) sum += vectors[i * d + k] * sqrt(fmax(values[k], 0)) * vectors[j * d + k];
            root[i * d + j] = sum;
        }
    }
}

static void product(size_t d, const double *a, const double *b, double *c) {
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j < d; j++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++) sum += a[i * d + k] * b[k * d + j];
            c[i * d + j] = sum;
        }
    }
}

bool fm_frechet(const fm_samples *s, double *squared, fm_error *err) {
    size_t d = s->d, square = d * d, bytes = (6 * square + 3 * d) * sizeof(double);
    double *block = fm_pool_take(bytes);
    if (!block) return fm_fail(err, "out of memory: no room for covariances of %zu dimensions", d);
    double *a = block, *b = a + square, *work = b + square, *vectors = work + square, *root = vectors + square, *other = root + square;
    double *mean_a = other + square, *mean_b = mean_a + d, *values = mean_b + d, result = 0;
    fm_covariance(s->n, d, s->a, mean_a, a);
    fm_covariance(s->m, d, s->b, mean_b, b);
    memcpy(work, a, square * sizeof *a);
    matrix_root(d, work, values, vectors, root);
    product(d, root, b, other);
    product(d, other, root, work);
    fm_eigen_symmetric(d, work, values, vectors);
    for (size_t i = 0; i < d; i++) {
        result += (mean_a[i] - mean_b[i]) * (mean_a[i] - mean_b[i]) + a[i * d + i] + b[i * d + i] - 2 * sqrt(fmax(values[i], 0));
    }
    fm_pool_give(block, bytes);
    *squared = result;
    return true;
}

/* ---- principal components ---- */

bool fm_components(size_t n, size_t d, const real *x, size_t k, real *mean, real *components, fm_error *err) {
    size_t bytes = (2 * d * d + 2 * d) * sizeof(double);
    double *a = fm_pool_take(bytes), *vectors = a + d * d, *middle = vectors + d * d, *values = middle + d;
    if (!a) return fm_fail(err, "out of memory: no room for a covariance of %zu dimensions", d);
    fm_covariance(n, d, x, middle, a);
    fm_eigen_symmetric(d, a, values, vectors);
    for (size_t i = 0; i < d; i++) mean[i] = (real)middle[i];
    for (size_t j = 0; j < k; j++) {
        size_t top = 0; /* its sign does not depend on rounding */
        for (size_t i = 1; i < d; i++) top = fabs(vectors[i * d + j]) > fabs(vectors[top * d + j]) ? i : top;
        for (size_t i = 0; i < d; i++) components[i * k + j] = (real)(vectors[top * d + j] < 0 ? -vectors[i * d + j] : vectors[i * d + j]);
    }
    fm_pool_give(a, bytes);
    return true;
}
