#include "covariance.h"
#include "pool.h"
#include "threads.h"

#include <string.h>

enum { ROWS = 8, COLUMNS = 64 }; /* of the covariance; of the mean */

typedef struct moments {
    size_t n, d;
    const real *x;
    double *mean, *covariance;
} moments;

static FM_CLONES void mean_columns(void *context, size_t first, size_t last) {
    const moments *m = context;
    double *restrict mean = m->mean;
    for (size_t j = first; j < last; j++) mean[j] = 0;
    for (size_t i = 0; i < m->n; i++) {
        const real *restrict x = m->x + i * m->d;
        for (size_t j = first; j < last; j++) mean[j] += (double)x[j];
    }
    for (size_t j = first; j < last; j++) mean[j] /= (double)m->n;
}

FM_INLINE void add_product(size_t n, double e, const double *restrict x, double *restrict to) {
    for (size_t k = 0; k < n; k++) to[k] += e * x[k];
}

/* Rows first..last - 1 of the covariance, up to the diagonal. */
static FM_CLONES void covariance_rows(void *context, size_t first, size_t last) {
    const moments *m = context;
    const double *restrict mean = m->mean;
    double centred[FM_COVARIANCE_MOST];
    for (size_t i = 0; i < m->n; i++) {
        const real *restrict x = m->x + i * m->d;
        for (size_t k = 0; k < last; k++) centred[k] = (double)x[k] - mean[k];
        for (size_t j = first; j < last; j++) add_product(j + 1, centred[j], centred, m->covariance + j * m->d);
    }
    for (size_t j = first; j < last; j++) {
        for (size_t k = 0; k <= j; k++) m->covariance[j * m->d + k] /= (double)(m->n - 1);
    }
}

void fm_covariance(size_t n, size_t d, const real *x, double *mean, double *covariance) {
    moments m = {n, d, x, mean, covariance};
    fm_parallel(d, COLUMNS, mean_columns, &m);
    memset(covariance, 0, d * d * sizeof *covariance);
    fm_parallel(d, ROWS, covariance_rows, &m);
    for (size_t j = 0; j < d; j++) {
        for (size_t k = 0; k < j; k++) covariance[k * d + j] = covariance[j * d + k];
    }
}

/* ---- the Frechet distance ---- */

typedef struct product {
    size_t d;
    const double *a, *b;
    double *c;
} product;

static FM_CLONES void product_rows(void *context, size_t first, size_t last) {
    const product *p = context;
    size_t d = p->d;
    for (size_t i = first; i < last; i++) {
        double *restrict c = p->c + i * d;
        for (size_t j = 0; j < d; j++) c[j] = 0;
        for (size_t k = 0; k < d; k++) {
            const double *restrict b = p->b + k * d, x = p->a[i * d + k];
            for (size_t j = 0; j < d; j++) c[j] += x * b[j];
        }
    }
}

/* c = a b */
static void multiply(size_t d, const double *a, const double *b, double *c) {
    product p = {d, a, b, c};
    fm_parallel(d, ROWS, product_rows, &p);
}

/* root = V sqrt(values) V^T of a symmetric matrix that is not negative; `a` is overwritten. */
static void matrix_root(size_t d, double *a, double *values, double *vectors, double *root) {
    fm_eigen_symmetric(d, a, values, vectors);
    for (size_t i = 0; i < d; i++) {
        for (size_t k = 0; k < d; k++) a[k * d + i] = vectors[i * d + k] * sqrt(fmax(values[k], 0));
    }
    multiply(d, vectors, a, root);
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
    multiply(d, root, b, other);
    multiply(d, other, root, work);
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
