#include "eigen.h"

#include <float.h>
#include <math.h>

enum { MAX_SWEEPS = 60 };

/* One rotation in the plane of p and q that makes a[p][q] zero. Golub and Van Loan, section 8.5. */
static void rotate(size_t n, double *a, double *v, size_t p, size_t q) {
    double apq = a[p * n + q], theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
    double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
    for (size_t k = 0; k < n; k++) {
        double kp = a[k * n + p], kq = a[k * n + q];
        a[k * n + p] = c * kp - s * kq;
        a[k * n + q] = s * kp + c * kq;
    }
    for (size_t k = 0; k < n; k++) {
        double pk = a[p * n + k], qk = a[q * n + k];
        a[p * n + k] = c * pk - s * qk;
        a[q * n + k] = s * pk + c * qk;
    }
    a[p * n + q] = a[q * n + p] = 0; /* what rounding left there would keep the sweeps going */
    for (size_t k = 0; k < n; k++) { /* v holds the vectors in its rows until the end: neighbours in memory */
        double kp = v[p * n + k], kq = v[q * n + k];
        v[p * n + k] = c * kp - s * kq;
        v[q * n + k] = s * kp + c * kq;
    }
}

static void swap_rows(size_t n, double *v, size_t p, size_t q) {
    for (size_t k = 0; k < n; k++) {
        double kept = v[p * n + k];
        v[p * n + k] = v[q * n + k];
        v[q * n + k] = kept;
    }
}

void fm_eigen_symmetric(size_t n, double *a, double *values, double *vectors) {
    double size = 0;
    for (size_t i = 0; i < n * n; i++) {
        size += a[i] * a[i];
        vectors[i] = i % (n + 1) == 0;
    }
    for (int sweep = 0; sweep < MAX_SWEEPS; sweep++) {
        double off = 0;
        for (size_t p = 0; p < n; p++) {
            for (size_t q = p + 1; q < n; q++) off += a[p * n + q] * a[p * n + q];
        }
        if (off <= size * DBL_EPSILON * DBL_EPSILON) break;
        for (size_t p = 0; p < n; p++) {
            for (size_t q = p + 1; q < n; q++) {
                if (a[p * n + q] != 0) rotate(n, a, vectors, p, q);
            }
        }
    }
    for (size_t i = 0; i < n; i++) values[i] = a[i * n + i];
    for (size_t i = 0; i < n; i++) { /* by size: n is small */
        size_t top = i;
        for (size_t k = i + 1; k < n; k++) top = values[k] > values[top] ? k : top;
        double kept = values[i];
        values[i] = values[top];
        values[top] = kept;
        if (top != i) swap_rows(n, vectors, i, top);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            double kept = vectors[i * n + k];
            vectors[i * n + k] = vectors[k * n + i];
            vectors[k * n + i] = kept;
        }
    }
}
